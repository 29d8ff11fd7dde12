"""What a pose file says, and the picture at any moment of it.

A file has ``alt`` (what one sees and does, in words), ``poses`` (two or more) and, where they differ from the usual:

``view``     ``side``, ``above`` or ``ahead`` (along the length of the dog, from the front or behind)
``motion``   whether the picture moves from pose to pose and back; ``seconds`` for the whole way, ``loop`` to go round
``still``    ``ghost`` (the first pose pale behind the last) or ``panels`` (each pose in a picture of its own)
``mark``     parts of the dog that do the work
``place``    ``x``, ``y``, ``size``, ``left``, ``tilt``: where the dog stands
``things``   what stands around it in every pose; ``arrows`` what moves where
``held``     numbers of the pose that are the same in every pose

A pose has a ``base`` (or ``walk: 0`` to ``1``, the moment of a stride, with ``lift`` and ``length``), any numbers of the
view's ``Pose``, and may have ``place``, ``things`` and ``arrows`` of its own, and ``crop``: from which height to which a panel shows it. A thing is ``draw`` with ``at``, ``to``, ``w``,
``h``, ``like`` and the numbers ``size``, ``flip``, ``bend``, ``count``; ``behind`` puts it behind the dog or in front,
``slide`` lets it pass by [x, y] in ``times`` rounds. A point is [x, y] of the 240 × 180 picture or a place of the dog
(``nose``, or [nose, x, y] for beside it); ``each: [...]`` gives one value for each pose.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import fields, replace
from typing import Any, Final

from rehab.library.figure.geometry import Place
from rehab.library.figure.props import BEHIND, LIKES, SIZES, THINGS
from rehab.library.figure.scene import VIEWS, Prop, Scene, Shot, View

TOP_KEYS: Final = frozenset({
    "alt", "poses", "view", "motion", "seconds", "loop", "still", "mark", "place", "things", "arrows", "held",
})  # fmt: skip
POSE_KEYS: Final = frozenset({"base", "walk", "lift", "length", "crop", "place", "things", "arrows"})
THING_NUMBERS: Final = ("size", "flip", "bend", "count")
THING_KEYS: Final = frozenset({"draw", "at", "to", "w", "h", "like", "behind", "slide", "times", *THING_NUMBERS})
PLACE_KEYS: Final = frozenset(each.name for each in fields(Place))


class BadPose(Exception):
    """A pose file cannot be drawn; names the field and what is wrong with it."""

    def __init__(self, field: str, what: str) -> None:
        super().__init__(f"{field}: {what}")
        self.field = field
        self.what = what


def understood(data: Mapping[str, Any]) -> Scene:
    """Read a pose file.

    Raises:
        BadPose: a key or value that is not known; names it.
    """
    _known(data, TOP_KEYS, "")
    alt = data.get("alt")
    if not isinstance(alt, str) or not alt.strip():
        raise BadPose("alt", "must say in words what one sees")
    view = _choice(data.get("view", "side"), VIEWS, "view")
    poses = data.get("poses")
    if not isinstance(poses, list) or len(poses) < 2:
        raise BadPose("poses", "must be a list of two or more")
    mark = data.get("mark", [])
    if not isinstance(mark, list) or not set(mark) <= set(view.parts):
        raise BadPose("mark", f"must be a list of {', '.join(view.parts)}")
    place = _place(data.get("place", {}), Place(x=70, y=150), "place")
    held = data.get("held", {})
    if not isinstance(held, dict):
        raise BadPose("held", "must be a mapping")
    shots = tuple(_shot(row, view, place, held, f"poses[{number}]") for number, row in enumerate(poses))
    anchors = view.draw(shots[0].pose, place).anchors
    scene = Scene(
        alt=" ".join(alt.split()),
        view=view,
        motion=_yes_no(data.get("motion", True), "motion"),
        seconds=_more_than_0(data.get("seconds", 4), "seconds"),
        loop=_yes_no(data.get("loop", all(shot.walk is not None for shot in shots)), "loop"),
        panels=_choice(data.get("still", "ghost"), {"ghost": False, "panels": True}, "still"),
        mark=tuple(mark),
        shots=shots,
        props=_props(data, len(shots), anchors, ""),
    )
    return replace(
        scene,
        shots=tuple(
            replace(shot, props=_props(row, 1, anchors, f"poses[{number}]."))
            for number, (shot, row) in enumerate(zip(shots, poses, strict=True))
        ),
    )


def _shot(row: Any, view: View, usual: Place, held: Mapping[str, Any], where: str) -> Shot:
    if not isinstance(row, dict):
        raise BadPose(where, "must be a mapping")
    numbers = {each.name: getattr(view.pose(), each.name) for each in fields(view.pose)}
    _known(row, POSE_KEYS | numbers.keys(), f"{where}.")
    _known(held, numbers.keys() | {"base"}, "held.")
    start = next(iter(view.bases))
    pose = _choice(row.get("base", held.get("base", start)), view.bases, f"{where}.base")
    changes = {
        name: (_pair if isinstance(numbers[name], complex) else _number)(value, f"{where}.{name}")
        for name, value in {**held, **row}.items()
        if name in numbers
    }
    walk = row.get("walk")
    if walk is not None and view is not VIEWS["side"]:
        raise BadPose(f"{where}.walk", "only a dog seen from the side walks")
    step = (_number(row.get("lift", 9), f"{where}.lift"), _number(row.get("length", 44), f"{where}.length"))
    pose = replace(pose, **changes)
    walk = None if walk is None else _number(walk, f"{where}.walk")
    return Shot(
        pose=pose,
        walk=walk,
        step=step,
        place=_place(row.get("place", {}), usual, f"{where}.place"),
        crop=_pair(row.get("crop", [46, 162]), f"{where}.crop"),
        props=(),
    )


def _props(data: Mapping[str, Any], count: int, anchors: Mapping[str, complex], where: str) -> tuple[Prop, ...]:
    rows = [("things", number, row) for number, row in enumerate(_list(data.get("things", []), f"{where}things"))]
    rows += [
        ("arrows", number, {"draw": "arrow", **row} if isinstance(row, dict) else row)
        for number, row in enumerate(_list(data.get("arrows", []), f"{where}arrows"))
    ]
    return tuple(_prop(row, count, anchors, f"{where}{key}[{number}]") for key, number, row in rows)


def _prop(row: Any, count: int, anchors: Mapping[str, complex], where: str) -> Prop:
    if not isinstance(row, dict):
        raise BadPose(where, "must be a mapping")
    _known(row, THING_KEYS, f"{where}.")
    draw = row.get("draw")
    if draw not in THINGS:
        raise BadPose(f"{where}.draw", f"must be one of {', '.join(sorted(THINGS))}")
    w, h = SIZES.get(draw, (20.0, 20.0))

    def each(name: str, usual: Any, read: Callable[[Any, str], Any]) -> tuple[Any, ...]:
        value = row.get(name, usual)
        if isinstance(value, dict):
            values = value.get("each")
            if list(value) != ["each"] or not isinstance(values, list) or len(values) != count:
                raise BadPose(f"{where}.{name}", f"'each' must list one value for each of the {count} poses")
            return tuple(read(one, f"{where}.{name}") for one in values)
        return (read(value, f"{where}.{name}"),)

    def point(value: Any, field: str) -> Any:
        match value:
            case str() if value in anchors:
                return value, 0j
            case [str() as name, x, y] if name in anchors:
                return name, complex(_number(x, field), _number(y, field))
            case [x, y]:
                return complex(_number(x, field), _number(y, field))
        raise BadPose(field, f"must be [x, y] or a place of the dog: {', '.join(sorted(anchors))}")

    like = row.get("like", "")
    if like and like not in LIKES.get(draw, ()):
        raise BadPose(f"{where}.like", f"must be one of {', '.join(sorted(LIKES.get(draw, ())))}")
    if "at" not in row:
        raise BadPose(f"{where}.at", "is missing")
    each_number = {name: each(name, 0, _number) for name in THING_NUMBERS if name in row}
    slide = row.get("slide", [0, 0])
    return Prop(
        draw=draw,
        at=each("at", None, point),
        to=each("to", [0, 0], point),
        w=each("w", w, _number),
        h=each("h", h, _number),
        numbers=tuple(
            {name: values[min(number, len(values) - 1)] for name, values in each_number.items()}
            for number in range(count)
        ),
        like=like,
        behind=_yes_no(row.get("behind", draw in BEHIND), f"{where}.behind"),
        slide=_pair(slide, f"{where}.slide"),
        times=_number(row.get("times", 1), f"{where}.times"),
    )


def _known(row: Mapping[str, Any], keys: Collection[str], where: str) -> None:
    for key in row:
        if key not in keys:
            raise BadPose(f"{where}{key}", "is not a known key")


def _choice(value: Any, known: Mapping[str, Any], field: str) -> Any:
    if not isinstance(value, str) or value not in known:
        raise BadPose(field, f"must be one of {', '.join(known)}")
    return known[value]


def _yes_no(value: Any, field: str) -> bool:
    if not isinstance(value, bool):
        raise BadPose(field, "must be true or false")
    return value


def _number(value: Any, field: str) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not abs(value) < 10_000:
        raise BadPose(field, "must be a number")
    return float(value)


def _more_than_0(value: Any, field: str) -> float:
    number = _number(value, field)
    if number <= 0:
        raise BadPose(field, "must be more than 0")
    return number


def _pair(value: Any, field: str) -> complex:
    if not isinstance(value, list) or len(value) != 2:
        raise BadPose(field, "must be two numbers, [x, y]")
    return complex(_number(value[0], field), _number(value[1], field))


def _list(value: Any, field: str) -> list[Any]:
    if not isinstance(value, list):
        raise BadPose(field, "must be a list")
    return value


def _place(value: Any, usual: Place, field: str) -> Place:
    if not isinstance(value, dict):
        raise BadPose(field, "must be a mapping")
    _known(value, PLACE_KEYS, f"{field}.")
    numbers = {name: _number(one, f"{field}.{name}") for name, one in value.items() if name != "left"}
    return replace(usual, **numbers, left=_yes_no(value.get("left", usual.left), f"{field}.left"))
