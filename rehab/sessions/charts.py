"""Where things are in the family's two small pictures: plain geometry, in units of the drawing; templates draw it.

A day without an answer is a gap, and a day on which nothing was due is a dash under the line, never a zero.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

# The labels are sized for a drawing of this width.
WIDTH: Final = 640
LEFT: Final = 44
TOP: Final = 14
BOTTOM: Final = 226
GAP: Final = 4
PAIN_MOST: Final = 10


class Bar(NamedTuple):
    x: float
    y: float
    width: float
    height: float


class Dot(NamedTuple):
    x: float
    y: float


class Label(NamedTuple):
    x: float
    text: str


class Line(NamedTuple):
    y: float
    text: str


class Picture(NamedTuple):
    """One chart: horizontal lines with labels, bars or a line with dots, and day labels below."""

    lines: list[Line]
    bars: list[Bar]
    path: str
    dots: list[Dot]
    labels: list[Label]


def _step(days: int) -> float:
    return (WIDTH - LEFT) / max(days, 1)


def _height(value: float, most: float) -> float:
    return round((BOTTOM - TOP) * value / most, 1)


def _labels(names: Sequence[str]) -> list[Label]:
    step = _step(len(names))
    # Counted from the last day, which is the one people look for.
    return [
        Label(round(LEFT + step * (place + 0.5), 1), name)
        for place, name in enumerate(names)
        if (len(names) - 1 - place) % GAP == 0
    ]


def done_bars(ratios: Sequence[float | None], names: Sequence[str]) -> Picture:
    """One bar a day, 0 to 1; nothing where nothing was due."""
    step = _step(len(ratios))
    bars = []
    for place, ratio in enumerate(ratios):
        if ratio is None:
            continue
        height = max(_height(ratio, 1), 3)
        bars.append(
            Bar(round(LEFT + step * (place + 0.18), 1), round(BOTTOM - height, 1), round(step * 0.64, 1), height)
        )
    lines = [Line(BOTTOM - _height(part, 1), text) for part, text in ((0, "0"), (0.5, "½"), (1, "1"))]
    return Picture(lines, bars, "", [], _labels(names))


def pain_line(scores: Sequence[int | None], names: Sequence[str]) -> Picture:
    """One dot a day, 0 to 10, joined where two days in a row have an answer."""
    step = _step(len(scores))
    dots, path, joined = [], "", False
    for place, score in enumerate(scores):
        if score is None:
            joined = False
            continue
        dot = Dot(round(LEFT + step * (place + 0.5), 1), round(BOTTOM - _height(score, PAIN_MOST), 1))
        dots.append(dot)
        path += f"{'L' if joined else 'M'}{dot.x} {dot.y}"
        joined = True
    lines = [Line(BOTTOM - _height(value, PAIN_MOST), str(value)) for value in (0, 5, 10)]
    return Picture(lines, [], path, dots, _labels(names))
