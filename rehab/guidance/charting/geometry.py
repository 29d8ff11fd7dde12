"""Where things are in the chart: bands over one axis, one under the other, with marks through all of them. Pure.

Units are those of the drawing; templates draw it. A place without a value is a gap: no line crosses it, and nothing is drawn
at zero. The labels, lines and marks are those of the family's pictures (``rehab.sessions.charts``).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from rehab.sessions.charts import Label, Line, Mark

LEFT: Final = 44
RIGHT_ROOM: Final = 14
TOP: Final = 12
# A row of numbers above the bands; a number that would lie on the one before goes into the second row.
NUMBER_ROW: Final = 15
NUMBER_ROOM: Final = 17
NAME: Final = 19
APART: Final = 12
BELOW: Final = 24
LABEL_ROOM: Final = 62
LETTER: Final = 7.2
BALANCE: Final = 20
# Marks that are nearer than this in the printed drawing share one number.
PRINTED: Final = 720
MARK_ROOM: Final = 18


class Curve(NamedTuple):
    """One value a place or none; ``at`` is where in its place a dot stands, ``join`` over how many places a line goes."""

    kind: str
    values: Sequence[float | None]
    at: float = 0.5
    join: int = 1


class Stretch(NamedTuple):
    """Something that lasted from one place to another, both in it."""

    first: int
    last: int
    kind: str
    text: str = ""


class Spot(NamedTuple):
    """Something that happened at a place."""

    place: int
    kind: str


class Row(NamedTuple):
    """What one band shows; ``scale`` are the values that have a line, with their labels, and empty for a strip.

    ``level`` is drawn as steps over the ``bars``; with ``is_open`` the last bar still grows.
    """

    key: str
    name: str
    tall: int
    scale: Mapping[float, str] = {}
    curves: Sequence[Curve] = ()
    bars: Sequence[float | None] = ()
    level: Sequence[float | None] = ()
    stretches: Sequence[Stretch] = ()
    spots: Sequence[Spot] = ()
    limit: tuple[float, str] | None = None
    is_open: bool = False

    @property
    def kinds(self) -> set[str]:
        """What lasts or happens in it, for the legend."""
        return {one.kind for one in self.stretches} | {one.kind for one in self.spots}


class Trace(NamedTuple):
    kind: str
    line: str
    dots: str


class Box(NamedTuple):
    """A stretch as a rectangle; its ``text`` only where it fits."""

    x: float
    width: float
    kind: str
    text: str


class Dot(NamedTuple):
    kind: str
    path: str


class Band(NamedTuple):
    key: str
    name: str
    name_y: int
    top: int
    tall: int
    lines: list[Line]
    traces: list[Trace]
    bars: str
    open_bar: str
    level: str
    boxes: list[Box]
    dots: list[Dot]
    limit: Line | None


class Number(NamedTuple):
    """The number above a mark."""

    x: int
    y: int
    text: str


class Sheet(NamedTuple):
    width: int
    height: int
    left: int
    right: int
    bands: list[Band]
    marks: list[Mark]
    numbers: list[Number]
    mark_top: int
    mark_end: int
    labels: list[Label]
    label_y: int

    @property
    def plot_width(self) -> int:
        return self.right - self.left


def together(places: Sequence[int], *, count: int) -> list[list[int]]:
    """The places of marks, those together that share one number for want of room."""
    step = (PRINTED - LEFT - RIGHT_ROOM) / max(count, 1)
    found: list[list[int]] = []
    for place in sorted(set(places)):
        if found and step * (place - found[-1][0]) < MARK_ROOM:
            found[-1].append(place)
        else:
            found.append([place])
    return found


def height_of(rows: Sequence[Row]) -> int:
    """How high a drawing of the rows is."""
    return TOP + 2 * NUMBER_ROW + sum(NAME + row.tall + APART for row in rows) + BELOW


def pages(rows: Sequence[Row], *, most: int) -> list[list[Row]]:
    """The rows on as few drawings as can be of which none is higher than ``most``, about equally high."""
    found = _pages(rows, most)
    while len(fuller := _pages(rows, most - BALANCE)) == len(found) and most > BALANCE:
        found, most = fuller, most - BALANCE
    return found


def _pages(rows: Sequence[Row], most: int) -> list[list[Row]]:
    found: list[list[Row]] = []
    for row in rows:
        if found and height_of([*found[-1], row]) <= most:
            found[-1].append(row)
        else:
            found.append([row])
    return found


def draw(rows: Sequence[Row], names: Sequence[str], *, width: int, marks: Sequence[Sequence[int]] = ()) -> Sheet:
    """The rows over places with these ``names``; ``marks`` are numbered from one."""
    plot = _Plot(width=width, count=len(names))
    top = TOP + (2 * NUMBER_ROW if marks else 0)
    mark_top, bands = top, []
    for row in rows:
        bands.append(plot.band(row, top=top + NAME))
        top += NAME + row.tall + APART
    end = top - APART
    drawn = [Mark(round(plot.x(group[0], 0)), number) for number, group in enumerate(marks, start=1)]
    return Sheet(
        width=width,
        height=end + BELOW,
        left=LEFT,
        right=width - RIGHT_ROOM,
        bands=bands,
        marks=drawn,
        numbers=_numbers(drawn),
        mark_top=mark_top,
        mark_end=end,
        labels=plot.labels(names),
        label_y=end + BELOW - 6,
    )


def _numbers(marks: Sequence[Mark]) -> list[Number]:
    """The numbers above the marks in two rows; one that fits into neither is left to the list beneath."""
    found = []
    ends = [-NUMBER_ROOM, -NUMBER_ROOM]
    for mark in marks:
        for row, end in enumerate(ends):
            if mark.x - end >= NUMBER_ROOM:
                ends[row] = mark.x
                found.append(Number(mark.x, TOP + NUMBER_ROW * (2 - row) - 4, str(mark.number)))
                break
    return found


@dataclass(frozen=True, kw_only=True)
class _Plot:
    width: int
    count: int

    @property
    def step(self) -> float:
        return (self.width - LEFT - RIGHT_ROOM) / max(self.count, 1)

    def x(self, place: int, at: float) -> float:
        return round(LEFT + self.step * (place + at), 1)

    def band(self, row: Row, *, top: int) -> Band:
        low, high = (min(row.scale), max(row.scale)) if row.scale else (0.0, 1.0)

        def y(value: float) -> float:
            return round(top + row.tall * (high - value) / (high - low), 1)

        floor = top + row.tall
        bars = [self._bar(place, value, y(value), floor) for place, value in enumerate(row.bars) if value is not None]
        is_open = row.is_open and bool(row.bars) and row.bars[-1] is not None
        return Band(
            key=row.key,
            name=self._fitting(row.name),
            name_y=top - 6,
            top=top,
            tall=row.tall,
            lines=[Line(round(y(value)), text) for value, text in row.scale.items()],
            traces=[
                self._trace(curve, [None if one is None else y(one) for one in curve.values]) for curve in row.curves
            ],
            bars="".join(bars[:-1] if is_open else bars),
            open_bar=bars[-1] if is_open else "",
            level=self._level([None if one is None else y(one) for one in row.level]),
            boxes=[self._box(one) for one in row.stretches],
            dots=[Dot(one.kind, _shape(one.kind, self.x(one.place, 0.5), top + row.tall / 2, 5)) for one in row.spots],
            limit=None if row.limit is None else Line(round(y(row.limit[0])), row.limit[1]),
        )

    def _fitting(self, name: str) -> str:
        """The name, cut where the drawing ends; the table has it whole."""
        most = int((self.width - LEFT) / LETTER)
        return name if len(name) <= most else f"{name[: most - 1].rstrip()}…"

    def _bar(self, place: int, value: float, top: float, floor: int) -> str:
        wide = round(max(1.0, min(24.0, self.step * 0.7)), 1)
        # Two units stay visible: due and not done must differ from nothing due.
        y = top if value else floor - 2
        return f"M{round(self.x(place, 0.5) - wide / 2, 1):g} {floor}V{min(y, floor - 2):g}h{wide:g}V{floor}z"

    def _level(self, ys: Sequence[float | None]) -> str:
        path, before = "", None
        for place, y in enumerate(ys):
            if y is not None:
                start = f"M{self.x(place, 0):g} {y:g}" if before is None else "" if before == y else f"V{y:g}"
                path += f"{start}H{self.x(place, 1):g}"
            before = y
        return path

    def _trace(self, curve: Curve, ys: Sequence[float | None]) -> Trace:
        line, dots = "", ""
        before: int | None = None
        radius = round(max(1.75, min(4.0, self.step / 4)), 2)
        for place, y in enumerate(ys):
            if y is None:
                continue
            x = self.x(place, curve.at)
            line += f"{'M' if before is None or place - before > curve.join else 'L'}{x:g} {y:g}"
            dots += _shape(curve.kind, x, y, radius)
            before = place
        return Trace(curve.kind, line, dots)

    def _box(self, one: Stretch) -> Box:
        x, end = self.x(one.first, 0), self.x(one.last, 1)
        width = round(max(end - x, 2), 1)
        return Box(x, width, one.kind, one.text if len(one.text) * LETTER + 6 <= width else "")

    def labels(self, names: Sequence[str]) -> list[Label]:
        """As many names as fit without touching, counted from the last one, which is the one people look for."""
        room = max(1, int((self.width - LEFT - RIGHT_ROOM) // LABEL_ROOM))
        gap = max(1, -(-len(names) // room))
        right = self.width - RIGHT_ROOM
        found = []
        for place in range(len(names) - 1, -1, -gap):
            x = round(self.x(place, 0.5))
            near_the_end = x > right - LABEL_ROOM // 2
            found.append(Label(right, names[place], "end") if near_the_end else Label(x, names[place]))
        return [one for one in reversed(found) if one.x > LABEL_ROOM // 2]


def _shape(kind: str, x: float, y: float, r: float) -> str:
    """A shape of its own for each kind, because paper has no colours."""
    if kind in ("next_morning", "medicine"):
        return f"M{x:.1f} {y - 1.2 * r:.1f}l{1.2 * r:.1f} {2.1 * r:.1f}h{-2.4 * r:.1f}z"
    if kind in ("after", "limb"):
        return f"M{x - r:.1f} {y - r:.1f}h{2 * r:.1f}v{2 * r:.1f}h{-2 * r:.1f}z"
    if kind == "missed":
        return f"M{x - r:.1f} {y - r:.1f}l{2 * r:.1f} {2 * r:.1f}m0 {-2 * r:.1f}l{-2 * r:.1f} {2 * r:.1f}"
    if kind.startswith(("checkpoint", "sign")):
        return f"M{x:.1f} {y - 1.3 * r:.1f}l{1.3 * r:.1f} {1.3 * r:.1f}-{1.3 * r:.1f} {1.3 * r:.1f}-{1.3 * r:.1f}-{1.3 * r:.1f}z"
    return f"M{x - r:.1f} {y:.1f}a{r:.1f} {r:.1f} 0 1 0 {2 * r:.1f} 0a{r:.1f} {r:.1f} 0 1 0 {-2 * r:.1f} 0z"
