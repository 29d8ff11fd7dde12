"""A pose file, understood, and the picture at any moment of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from rehab.library.figure import above, ahead, side
from rehab.library.figure.drawn import Drawn, between
from rehab.library.figure.geometry import Place, mix
from rehab.library.figure.props import THINGS
from rehab.library.figure.things import Thing

WIDTH: Final = 240
HEIGHT: Final = 180
AnyPose = side.Pose | above.Pose | ahead.Pose


@dataclass(frozen=True, kw_only=True)
class View:
    """One way of looking at the dog."""

    pose: type[Any]
    bases: Mapping[str, Any]
    parts: Sequence[str]
    draw: Callable[[Any, Place], Drawn]


VIEWS: Final = {
    "side": View(pose=side.Pose, bases=side.BASES, parts=side.PARTS, draw=side.draw),
    "above": View(pose=above.Pose, bases=above.BASES, parts=above.PARTS, draw=above.draw),
    "ahead": View(pose=ahead.Pose, bases=ahead.BASES, parts=ahead.PARTS, draw=ahead.draw),
}


@dataclass(frozen=True, kw_only=True)
class Prop:
    """A thing of a pose file: its values for each pose."""

    draw: str
    at: tuple[Any, ...]
    to: tuple[Any, ...]
    w: tuple[float, ...]
    h: tuple[float, ...]
    numbers: tuple[Mapping[str, float], ...]
    like: str
    behind: bool
    slide: complex
    times: float


@dataclass(frozen=True, kw_only=True)
class Shot:
    """One pose of a scene, with the place and the things of its own."""

    pose: Any
    walk: float | None
    step: tuple[float, float]
    place: Place
    crop: complex
    props: tuple[Prop, ...]


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A pose file, understood."""

    alt: str
    view: View
    motion: bool
    seconds: float
    loop: bool
    panels: bool
    mark: tuple[str, ...]
    shots: tuple[Shot, ...]
    props: tuple[Prop, ...]

    @property
    def walks(self) -> bool:
        return all(shot.walk is not None for shot in self.shots)


@dataclass(frozen=True, kw_only=True)
class Mark:
    """A path in the picture, how it is painted, and how far it passes by in how many rounds."""

    paint: str
    path: str
    slide: complex = 0j
    times: float = 1


@dataclass(frozen=True, kw_only=True)
class Moment:
    """Everything in the picture at one moment, in the order it is painted."""

    behind: tuple[Mark, ...]
    dog: Drawn
    marks: tuple[Mark, ...]
    front: tuple[Mark, ...]


def moment(scene: Scene, at: float) -> Moment:
    """The picture at this point of its poses: 0 is the first, 1 the second, 0.5 half way between."""
    count = len(scene.shots)
    first = int(at) % count if scene.loop else min(int(at), count - 1)
    second = (first + 1) % count if scene.loop else min(first + 1, count - 1)
    part = at - int(at)
    one, other = scene.shots[first], scene.shots[second]
    place = one.place
    if place != other.place:
        place = Place(
            **{
                name: _between(getattr(place, name), getattr(other.place, name), part)
                for name in ("x", "y", "size", "tilt")
            },
            left=place.left,
        )
    if one.walk is not None and other.walk is not None:
        lift, length = one.step
        pose = side.stride(
            (one.walk + _ahead(one.walk, other.walk) * part) % 1, lift=lift, length=length, start=one.pose
        )
    else:
        pose = between(one.pose, other.pose, part)
    dog = scene.view.draw(pose, place)
    behind: list[Mark] = []
    front: list[Mark] = []
    own = one.props if part == 0 else ()
    for prop in (*scene.props, *own):
        thing = _thing(prop, first, second, part, dog.anchors)
        (behind if prop.behind else front).extend(
            Mark(paint=paint, path=path, slide=prop.slide, times=prop.times) for paint, path in THINGS[prop.draw](thing)
        )
    return Moment(
        behind=tuple(behind),
        dog=dog,
        marks=tuple(Mark(paint="x" if part == "back" else "a", path=dog.parts[part]) for part in scene.mark),
        front=tuple(front),
    )


def _ahead(start: float, end: float) -> float:
    """How much of a stride lies between two of its moments, going forward."""
    return (end - start) % 1 or 1


def _between(start: float, end: float, part: float) -> float:
    return start + (end - start) * part


def _thing(prop: Prop, first: int, second: int, part: float, anchors: Mapping[str, complex]) -> Thing:
    def one(values: Sequence[Any], place: int) -> Any:
        return values[min(place, len(values) - 1)]

    def point(values: Sequence[Any]) -> complex:
        return mix(_point(one(values, first), anchors), _point(one(values, second), anchors), part)

    def size(values: Sequence[float]) -> float:
        return _between(one(values, first), one(values, second), part)

    start, end = one(prop.numbers, first), one(prop.numbers, second)
    return Thing(
        at=point(prop.at),
        to=point(prop.to),
        w=size(prop.w),
        h=size(prop.h),
        like=prop.like,
        numbers={name: _between(start[name], end[name], part) for name in start},
    )


def _point(value: Any, anchors: Mapping[str, complex]) -> complex:
    if isinstance(value, complex):
        return value
    name, beside = value
    return anchors[name] + complex(beside)
