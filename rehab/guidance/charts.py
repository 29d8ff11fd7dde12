"""Where things are in the pictures: plain geometry, in units of the drawing; templates draw it.

A day without an answer is a gap: no line crosses it and nothing is drawn at zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

PAIN_MAX: Final = 10
_LEFT: Final = 26
_RIGHT: Final = 42
_PAIN_TOP: Final = 16
_PAIN_BOTTOM: Final = 156
_DONE_TOP: Final = 178
_DONE_BOTTOM: Final = 226
_LABEL_Y: Final = 246
_HEIGHT: Final = 252
# The order of a day: the morning after the last session comes first.
_PLACES: Final = {"next_morning": 0.2, "before": 0.5, "after": 0.8}


@dataclass(frozen=True, kw_only=True)
class Spark:
    """A sparkline of one value a day: the lines, and the last value as a dot; y grows downwards from −10 to 0."""

    line: str
    last: str


@dataclass(frozen=True, kw_only=True)
class ChartDay:
    """One day as the picture shows it: pain felt on that day by moment, percent done, whether something was decided."""

    label: str
    percent: int | None = None
    next_morning: int | None = None
    before: int | None = None
    after: int | None = None
    is_open: bool = False
    is_decided: bool = False


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A horizontal line with its label at the side."""

    y: float
    text: str


@dataclass(frozen=True, kw_only=True)
class Bar:
    x: float
    y: float
    width: float
    height: float
    is_open: bool


@dataclass(frozen=True, kw_only=True)
class Trace:
    """One kind of pain answer: its lines and its dots, each a path."""

    moment: str
    line: str
    dots: str


@dataclass(frozen=True, kw_only=True)
class Label:
    x: float
    text: str


@dataclass(frozen=True, kw_only=True)
class Chart:
    width: int
    height: int
    left: float
    right: float
    left_label: float
    right_label: float
    pain_rules: tuple[Rule, ...]
    done_rules: tuple[Rule, ...]
    limit: Rule | None
    bars: tuple[Bar, ...]
    traces: tuple[Trace, ...]
    decisions: tuple[float, ...]
    decision_top: float
    decision_bottom: float
    labels: tuple[Label, ...]
    label_y: float


def spark(values: Sequence[int | None]) -> Spark:
    """The path of a series, one unit a day; steps are relative because equal steps compress well."""
    parts: list[str] = []
    before: int | None = None
    for x, value in enumerate(values):
        if value is not None:
            if before is None:
                alone = x + 1 == len(values) or values[x + 1] is None
                parts.append(f"M{x} {-value}{'h0' if alone else 'l'}")
            else:
                parts.append(f"1 {before - value} ")
        before = value
    last = next((x for x in range(len(values) - 1, -1, -1) if values[x] is not None), None)
    return Spark(
        line="".join(parts).replace(" -", "-").replace(" M", "M").strip(),
        last="" if last is None else f"M{last} {-(values[last] or 0)}h0".replace(" -", "-"),
    )


def draw(days: Sequence[ChartDay], *, width: int, limit: int | None = None, limit_text: str = "") -> Chart:
    """Pain (0–10) above, percent done below, on one line of days."""
    right = width - _RIGHT
    step = (right - _LEFT) / max(len(days), 1)
    radius = max(1.75, min(4.0, step / 6))
    bar = max(1.5, min(22.0, step * 0.6))
    return Chart(
        width=width,
        height=_HEIGHT,
        left=_LEFT,
        right=right,
        left_label=_LEFT - 6,
        right_label=right + 6,
        pain_rules=tuple(Rule(y=_pain_y(score), text=str(score)) for score in (0, 5, 10)),
        done_rules=tuple(Rule(y=_done_y(share), text=f"{share} %") for share in (0, 100)),
        limit=None if limit is None else Rule(y=_pain_y(limit), text=limit_text),
        bars=tuple(
            _bar(x=_LEFT + step * (index + 0.5) - bar / 2, width=bar, percent=day.percent, is_open=day.is_open)
            for index, day in enumerate(days)
            if day.percent is not None
        ),
        traces=tuple(
            _trace(moment, [getattr(day, moment) for day in days], step=step, radius=radius) for moment in _PLACES
        ),
        decisions=tuple(round(_LEFT + step * index, 1) for index, day in enumerate(days) if day.is_decided),
        decision_top=_PAIN_TOP - 10,
        decision_bottom=_DONE_BOTTOM,
        labels=_labels(days, step=step, width=width),
        label_y=_LABEL_Y,
    )


def _pain_y(score: int) -> float:
    return round(_PAIN_BOTTOM - (_PAIN_BOTTOM - _PAIN_TOP) * score / PAIN_MAX, 1)


def _done_y(percent: int) -> float:
    return round(_DONE_BOTTOM - (_DONE_BOTTOM - _DONE_TOP) * percent / 100, 1)


def _bar(*, x: float, width: float, percent: int, is_open: bool) -> Bar:
    # Two units stay visible at 0 %: due and not done must differ from nothing due.
    y = min(_done_y(percent), _DONE_BOTTOM - 2)
    return Bar(x=round(x, 1), y=y, width=round(width, 1), height=round(_DONE_BOTTOM - y, 1), is_open=is_open)


def _trace(moment: str, scores: Sequence[int | None], *, step: float, radius: float) -> Trace:
    line: list[str] = []
    dots: list[str] = []
    joined = False
    for index, score in enumerate(scores):
        if score is None:
            joined = False
            continue
        x = round(_LEFT + step * (index + _PLACES[moment]), 1)
        y = _pain_y(score)
        line.append(f"{'L' if joined else 'M'}{x} {y}")
        dots.append(_dot(moment, x, y, radius))
        joined = True
    return Trace(moment=moment, line="".join(line), dots="".join(dots))


def _dot(moment: str, x: float, y: float, r: float) -> str:
    """A shape of its own for each moment: triangle in the morning, circle before, square after."""
    if moment == "next_morning":
        return f"M{x:.1f} {y - 1.2 * r:.1f}l{1.2 * r:.1f} {2.1 * r:.1f}h{-2.4 * r:.1f}z"
    if moment == "after":
        return f"M{x - r:.1f} {y - r:.1f}h{2 * r:.1f}v{2 * r:.1f}h{-2 * r:.1f}z"
    return f"M{x - r:.1f} {y:.1f}a{r:.1f} {r:.1f} 0 1 0 {2 * r:.1f} 0a{r:.1f} {r:.1f} 0 1 0 {-2 * r:.1f} 0z"


def _labels(days: Sequence[ChartDay], *, step: float, width: int) -> tuple[Label, ...]:
    """As many day labels as fit without touching; the last day always has one."""
    room = max(1, int((width - _LEFT - _RIGHT) // 56))
    every = max(1, -(-len(days) // room))
    last = len(days) - 1
    return tuple(
        Label(x=round(_LEFT + step * (index + 0.5), 1), text=day.label)
        for index, day in enumerate(days)
        if (last - index) % every == 0
    )
