"""Where things are in the family's pictures: plain geometry, in units of the drawing; templates draw it.

A picture is one or more bands, one above the other over the same days. A day without an answer is a gap, never a zero,
and no line crosses a gap that is longer than its band allows.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

# The labels are sized for a drawing of this width.
WIDTH: Final = 640
LEFT: Final = 48
RIGHT: Final = 632
TOP: Final = 14
BAND: Final = 200
# Three bands in one picture are lower, each under its name.
LOW_BAND: Final = 116
NAME: Final = 44
APART: Final = 18
BELOW: Final = 40
LABELS: Final = 4
PAIN_MOST: Final = 10
# Over more than three days without an answer nobody knows how it was.
PAIN_JOIN: Final = 3
# Nearer than this, the numbers of two marks would lie on each other.
MARK_ROOM: Final = 36
MARK_TOP: Final = 40
MANY: Final = 60
SCALE: Final = (1, 2, 3, 5, 10, 20, 30, 60, 120, 240, 300, 600, 1200)


class Bar(NamedTuple):
    x: int
    y: int
    width: int
    height: int


class Line(NamedTuple):
    y: int
    text: str


class Label(NamedTuple):
    x: int
    text: str
    anchor: str = "middle"


class Mark(NamedTuple):
    """A line down through all bands with the number under which the list tells what changed."""

    x: int
    number: int


class Band(NamedTuple):
    """One series: its name above it, lines with labels, and bars, or a line with dots of its own shape."""

    name: str
    name_y: int
    shape: str
    lines: list[Line]
    bars: list[Bar]
    path: str
    dots: str


class Picture(NamedTuple):
    """One chart; ``is_dense`` where the dots have to be small."""

    height: int
    bands: list[Band]
    marks: list[Mark]
    mark_top: int
    mark_end: int
    labels: list[Label]
    label_y: int
    is_dense: bool


class Series(NamedTuple):
    """One value a day or none, from the first day of the picture to its last; joined over ``join`` days at most."""

    name: str
    shape: str
    values: Sequence[float | None]
    join: int = PAIN_JOIN


def _step(days: int) -> float:
    return (RIGHT - LEFT) / max(days, 1)


def _middle(place: int, days: int) -> int:
    return round(LEFT + _step(days) * (place + 0.5))


def _labels(names: Sequence[str]) -> list[Label]:
    """A few of the days, counted from the last one, which is the one people look for."""
    count = len(names)
    gap = max(1, -(-count // LABELS))
    labels = []
    for place in range(count - 1, -1, -gap):
        x = _middle(place, count)
        # A word at the edge would be cut where the picture ends.
        labels.append(Label(RIGHT, names[place], "end") if x > RIGHT - MARK_ROOM else Label(x, names[place]))
    return [one for one in reversed(labels) if one.x > LEFT + MARK_ROOM // 2]


def together(places: Iterable[int], *, days: int) -> list[list[int]]:
    """The places of the days on which something changed, those together that share one mark for want of room."""
    found: list[list[int]] = []
    for place in sorted(set(places)):
        if found and _step(days) * (place - found[-1][0]) < MARK_ROOM:
            found[-1].append(place)
        else:
            found.append([place])
    return found


def _marks(groups: Sequence[Sequence[int]], days: int) -> list[Mark]:
    # At the beginning of its day: what is felt on it was already under the new plan.
    return [Mark(round(LEFT + _step(days) * group[0]), number) for number, group in enumerate(groups, start=1)]


def _dot(shape: str, x: int, y: int, *, is_dense: bool) -> str:
    """A line of no length, which its ends make round or square; a triangle has no such end."""
    if shape != "triangle":
        return f"M{x} {y}h0"
    return f"M{x - 4} {y + 3}l4-7 4 7z" if is_dense else f"M{x - 8} {y + 6}l8-14 8 14z"


def _traced(one: Series, *, low: float, high: float, top: int, tall: int) -> tuple[str, str]:
    path, dots = "", ""
    before: int | None = None
    days = len(one.values)
    for place, value in enumerate(one.values):
        if value is None:
            continue
        x, y = _middle(place, days), round(top + tall * (high - value) / (high - low))
        path += f"{'M' if before is None or place - before > one.join else 'L'}{x} {y}"
        dots += _dot(one.shape, x, y, is_dense=days > MANY)
        before = place
    return path, dots


def lines(
    series: Sequence[Series],
    names: Sequence[str],
    *,
    scale: Mapping[float, str],
    changes: Sequence[Sequence[int]] = (),
) -> Picture:
    """One band for each series, all on the same ``scale``: the values that have a line, with its label."""
    low, high = min(scale), max(scale)
    tall = BAND if len(series) == 1 else LOW_BAND
    end = TOP + (MARK_TOP - TOP if changes else 0)
    first_top = end
    bands = []
    for one in series:
        name_y = end + NAME - 22
        top = end + (NAME if one.name else 0)
        end = top + tall
        path, dots = _traced(one, low=low, high=high, top=top, tall=tall)
        grid = [Line(round(top + tall * (high - value) / (high - low)), text) for value, text in scale.items()]
        bands.append(Band(one.name, name_y, one.shape, grid, [], path, dots))
        end += APART
    end -= APART
    return Picture(
        height=end + BELOW,
        bands=bands,
        marks=_marks(changes, len(names)),
        mark_top=first_top - 4,
        mark_end=end,
        labels=_labels(names),
        label_y=end + BELOW - 8,
        is_dense=len(names) > MANY,
    )


def pain(series: Sequence[Series], names: Sequence[str], *, changes: Sequence[Sequence[int]] = ()) -> Picture:
    """The moments of pain, 0 to 10, with the days on which the plan changed."""
    return lines(series, names, scale={0: "0", 5: "5", PAIN_MOST: "10"}, changes=changes)


def scale_of(values: Sequence[float], *, from_zero: bool = True) -> dict[float, str]:
    """Round numbers around the values: from zero to the next of a fixed row, or close to them where zero says nothing."""
    if from_zero:
        most = next((one for one in SCALE if one >= max(values)), max(values))
        half = most / 2
        return {0: "0", most: f"{most:g}"} if most < 2 or half % 1 else {0: "0", half: f"{half:g}", most: f"{most:g}"}
    low, high = int(min(values)) - 1, int(max(values)) + 2
    return {max(low, 0): f"{max(low, 0)}", high: f"{high}"}


def done_bars(ratios: Sequence[float | None], names: Sequence[str]) -> Picture:
    """One bar a day, 0 to 1; nothing where nothing was due."""
    step, end = _step(len(ratios)), TOP + BAND
    bars = []
    for place, ratio in enumerate(ratios):
        if ratio is None:
            continue
        height = max(round(BAND * ratio), 3)
        bars.append(Bar(round(LEFT + step * (place + 0.18)), end - height, max(round(step * 0.64), 1), height))
    grid = [Line(round(end - BAND * part), text) for part, text in ((0, "0"), (0.5, "½"), (1, "1"))]
    band = Band("", 0, "", grid, bars, "", "")
    return Picture(end + BELOW, [band], [], TOP, end, _labels(names), end + BELOW - 8, is_dense=len(ratios) > MANY)
