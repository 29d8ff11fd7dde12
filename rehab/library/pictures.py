"""The picture of each exercise, drawn from its pose file. Pure: values in, SVG out.

What a pose file may say is written in ``rehab.library.figure.posefile``. A drawing stands alone: its own style sheet knows
the light and the dark scheme, it moves by SMIL, and nothing in it is fetched or runs.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final, Protocol

from rehab.library.figure.drawn import Drawn
from rehab.library.figure.geometry import number
from rehab.library.figure.posefile import BadPose, understood
from rehab.library.figure.scene import HEIGHT, WIDTH, Mark, Moment, Scene, moment
from rehab.library.reading import ContentError, Problem, read

FOLDER: Final = Path(__file__).parent / "poses"
CODE: Final = (Path(__file__), *sorted((Path(__file__).parent / "figure").glob("*.py")))

# How finely the way from one pose to the next is drawn, and how long a pose rests (1 is the way to the next).
STEPS: Final = 4
WALK_STEPS: Final = 8
REST: Final = 0.55

_LIGHT: Final = {
    "bg": "#e7f1ed", "l": "#1d4f4a", "c": "#f5dfbc", "z": "#d2b083", "r": "#bb8650", "a": "#d24a14", "s": "#ffc39a",
    "p": "#fcfbf7", "q": "#7fbbaf", "u": "#a9c6e6", "k": "#1d4f4a", "g": "#93b5ac", "d": "#c58a63", "e": "#a3b3dc",
    "b": "#d9d3e6", "B": "#efebf6", "t": "#7db9e3", "G": "#9cc58a", "Y": "#ead79f", "R": "#e2574c", "T": "#a2592a",
    "W": "#f6c14b", "v": "#ef7f58", "w": "#5aa9e6", "ok": "#2e8b57", "no": "#c8321f",
}  # fmt: skip
_DARK: Final = {
    "bg": "#1d2f2d", "l": "#0d1c1b", "c": "#e0c294", "z": "#a98b60", "r": "#91643a", "a": "#ff8b4d", "s": "#ffb387",
    "p": "#d5ddd8", "q": "#4f9085", "u": "#6a90b8", "k": "#a9cfc5", "g": "#5c827a", "d": "#b97f5a", "e": "#8594c4",
    "b": "#3a3f55", "B": "#474d66", "t": "#4f93c4", "G": "#5f8d55", "Y": "#a8965f", "R": "#d8564b", "T": "#7c431d",
    "W": "#d9a93f", "v": "#e07a55", "w": "#4c97d0", "ok": "#6fd39a", "no": "#ff7a66",
}  # fmt: skip
_BASE: Final = "svg{stroke-linecap:round;stroke-linejoin:round;fill:none}text{fill:var(--bg);font:700 13px system-ui,sans-serif;text-anchor:middle}"
# What each word of a path's class paints, in the order in which one overrides another.
_RULES: Final = (
    ("o O", "fill:var(--l);stroke:var(--l);stroke-width:4.8"),
    ("f", "fill:var(--c)"),
    ("F", "fill:var(--z)"),
    ("e m", "stroke:var(--l);stroke-width:1.9"),
    ("n", "fill:var(--l)"),
    ("i", "fill:var(--l);stroke:var(--l)"),
    ("r", "fill:var(--r)"),
    ("c", "fill:var(--c)"),
    ("a", "fill:var(--s);stroke:var(--a);stroke-width:6.2;paint-order:stroke"),
    ("x", "stroke:var(--a);stroke-width:5"),
    ("r c p q u b s d T Y G V warm cold gold T1", "stroke:var(--l);stroke-width:2.2"),
    ("p", "fill:var(--p)"),
    ("q", "fill:var(--q)"),
    ("u", "fill:var(--u)"),
    ("b", "fill:var(--b)"),
    ("B", "fill:var(--B)"),
    ("s", "fill:var(--e)"),
    ("d", "fill:var(--d)"),
    ("T T1", "fill:var(--T);stroke-width:1.6"),
    ("G", "fill:var(--G)"),
    ("Y", "fill:var(--Y)"),
    ("gold", "fill:var(--W)"),
    ("warm", "fill:var(--v)"),
    ("cold", "fill:var(--w)"),
    ("t", "fill:var(--t);fill-opacity:.45"),
    ("t1", "fill:var(--t)"),
    ("T2", "stroke:var(--t);stroke-width:3"),
    ("k k1", "stroke:var(--l);stroke-width:1.6"),
    ("k2", "stroke:var(--l);stroke-width:2.4"),
    ("K", "stroke:var(--k);stroke-width:3.2"),
    ("Q", "stroke:var(--g);stroke-width:2.6"),
    ("N", "stroke:var(--k);stroke-width:4"),
    ("g", "stroke:var(--g);stroke-width:2.4"),
    ("P", "stroke:var(--l);stroke-width:8"),
    ("W", "stroke:var(--W);stroke-width:5"),
    ("R", "stroke:var(--R);stroke-width:5;stroke-linecap:butt"),
    ("V", "stroke:var(--q);stroke-width:4"),
    ("E", "stroke:var(--g);stroke-width:2.4;stroke-dasharray:5 6"),
    ("S", "stroke:var(--q);stroke-width:5"),
    ("L", "stroke:var(--q);stroke-width:3.4"),
    ("A", "fill:var(--s)"),
    ("v", "stroke:var(--v);stroke-width:3"),
    ("f6", "stroke:var(--w);stroke-width:2.8"),
    ("ok1", "fill:var(--ok);stroke:var(--ok)"),
    ("ok", "stroke:var(--ok);stroke-width:5"),
    ("no", "stroke:var(--no);stroke-width:5"),
    ("h", "stroke:var(--bg);stroke-width:8.5"),
    ("j", "fill:var(--bg);stroke:var(--bg);stroke-width:4.5"),
    ("w", "stroke:var(--a);stroke-width:4.4"),
    ("y", "fill:var(--a);stroke:var(--a);stroke-width:1.5"),
    ("bg", "fill:var(--bg)"),
    ("ghost", "opacity:.38"),
    ("num", "fill:var(--k)"),
)


def _style(inside: str) -> str:
    """The rules and the colours, light and dark, that this very drawing uses."""
    painted = set(re.findall(r'class="(\w+)"', inside)) | {"bg"}
    rules = _BASE
    for words, paint in _RULES:
        if used := [word for word in words.split() if word in painted]:
            rules += f".{',.'.join(used)}{{{paint}}}"
    names = set(re.findall(r"var\(--(\w+)\)", rules))

    def colours(of: dict[str, str]) -> str:
        return ";".join(f"--{name}:{colour}" for name, colour in of.items() if name in names)

    return (
        f"<style>svg{{color-scheme:light dark;{colours(_LIGHT)}}}"
        f"@media(prefers-color-scheme:dark){{svg{{{colours(_DARK)}}}}}{rules}</style>"
    )


def has_picture(slug: str) -> bool:
    """Whether there is a pose file for this exercise."""
    return slug in slugs()


@lru_cache(maxsize=1)
def slugs() -> frozenset[str]:
    """The exercises that have a pose file."""
    return frozenset(path.stem for path in FOLDER.glob("*.yaml"))


@lru_cache(maxsize=128)
def scene(slug: str, *, folder: Path = FOLDER) -> Scene:
    """What the exercise's pose file says.

    Raises:
        ContentError: it cannot be read or drawn; names file, slug and field.
    """
    name = f"{slug}.yaml"
    try:
        return understood(read(name, folder=folder))
    except BadPose as bad:
        raise ContentError(Problem(file=f"poses/{name}", slug=slug, field=bad.field, what=bad.what)) from bad


def alternative(slug: str) -> str:
    """What one sees in the picture and does, in words."""
    return scene(slug).alt


@lru_cache(maxsize=128)
def version(slug: str) -> str:
    """A short name of this very drawing: it changes with the pose file and with the code that draws."""
    return hashlib.sha256(_code() + (FOLDER / f"{slug}.yaml").read_bytes()).hexdigest()[:10]


@lru_cache(maxsize=1)
def _code() -> bytes:
    return b"".join(hashlib.sha256(path.read_bytes()).digest() for path in CODE)


@lru_cache(maxsize=128)
def render(slug: str, *, moving: bool) -> str:
    """Draw the exercise as SVG; ``moving`` goes from pose to pose where motion is the point."""
    return drawn(scene(slug), moving=moving)


def drawn(it: Scene, *, moving: bool) -> str:
    """Draw a scene as SVG."""
    if moving and it.motion:
        inside = _moving(it)
    elif it.panels:
        inside = _panels(it)
    else:
        inside = _ghost(it)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}">{_style(inside)}'
        f'<rect class="bg" width="{WIDTH}" height="{HEIGHT}" rx="14"/>{inside}</svg>'
    )


Pick = Callable[[Moment], str]


class Write(Protocol):
    """Writes one path of the picture, as it is at one moment or as it moves."""

    def __call__(self, paint: str, pick: Pick, mark: Mark | None = None) -> str: ...


def _path(paint: str, path: str, inside: str = "") -> str:
    paint = f' class="{paint}"' if paint else ""
    return f'<path{paint} d="{path}">{inside}</path>' if inside else f'<path{paint} d="{path}"/>'


def _moving(it: Scene) -> str:
    stations, times = _way(it)
    moments = {at: moment(it, at) for at in dict.fromkeys(stations)}
    seconds = number(it.seconds)
    timing = f'dur="{seconds}s" repeatCount="indefinite"'
    keys = ";".join(number(time) if time in {0, 1} else f"{time:.3f}".lstrip("0") for time in times)

    def write(paint: str, pick: Pick, mark: Mark | None = None) -> str:
        paths = [pick(moments[at]) for at in stations]
        inside = ""
        if len(set(paths)) > 1:
            inside = f'<animate attributeName="d" {timing} keyTimes="{keys}" values="{";".join(paths)}"/>'
        if mark is not None and mark.slide:
            dx, dy = number(mark.slide.real), number(mark.slide.imag)
            inside += (
                f'<animateTransform attributeName="transform" type="translate" dur="{number(it.seconds * mark.times)}s"'
                f' repeatCount="indefinite" values="0 0;{dx} {dy}"/>'
            )
        return _path(paint, paths[0], inside)

    return _picture(next(iter(moments.values())), write, name="")


def _way(it: Scene) -> tuple[list[float], list[float]]:
    """The points between poses that are drawn, and when each is reached, from 0 to 1."""
    count = len(it.shots)
    if it.walks:
        round_ = [count * step / WALK_STEPS for step in range(WALK_STEPS + 1)]
        return [at % count for at in round_], [step / WALK_STEPS for step in range(WALK_STEPS + 1)]
    if it.loop:
        return [float(step % count) for step in range(count + 1)], [step / count for step in range(count + 1)]
    steps = STEPS if count == 2 else 2 * (count - 1)
    there = [(step / steps, (count - 1) * _eased(step / steps)) for step in range(steps + 1)]
    way = [(time * (count - 1), at) for time, at in there]
    length = float(count - 1)
    back = [(2 * length + 2 * REST - time, at) for time, at in reversed(way)]
    whole = [(0.0, 0.0), *((time + REST / 2, at) for time, at in way), *((time - REST / 2, at) for time, at in back)]
    total = 2 * length + 2 * REST
    whole.append((total, 0.0))
    return [at for _, at in whole], [round(time / total, 3) for time, _ in whole]


def _eased(part: float) -> float:
    return part * part * (3 - 2 * part)


def _written(of: Moment) -> Write:
    def write(paint: str, pick: Pick, mark: Mark | None = None) -> str:
        return _path(paint, pick(of))

    return write


def _ghost(it: Scene) -> str:
    count = len(it.shots)
    # A way round is best seen from two opposite points of it.
    pale, full = (count // 2, 0) if it.loop else (0, count - 1)
    first, now = moment(it, float(pale)), moment(it, float(full))
    if (first.dog.far, first.dog.body) == (now.dog.far, now.dog.body):
        # The dog keeps still and the hand moves: then the hand is what was elsewhere.
        moved = (mark for mark, later in zip(first.front, now.front, strict=True) if mark.path != later.path)
        over = "".join(_path(mark.paint, mark.path) for mark in moved)
        return _picture(now, _written(now), name="", over=f'<g class="ghost">{over}</g>')
    under = _dog(first.dog, _written(first), name="g", plain=True)
    return _picture(now, _written(now), name="", under=f'<g class="ghost">{under}</g>')


def _panels(it: Scene) -> str:
    count = len(it.shots)
    gap = 6
    high = (HEIGHT - gap * (count + 1)) / count
    pieces = []
    for place, shot in enumerate(it.shots):
        now = moment(it, float(place))
        show = f"0 {number(shot.crop.real)} {WIDTH} {number(shot.crop.imag - shot.crop.real)}"
        side = "xMin" if place % 2 == 0 else "xMax"
        top = gap + place * (high + gap)
        inside = _picture(now, _written(now), name=str(place))
        pieces.append(
            f'<svg x="8" y="{number(top)}" width="{WIDTH - 16}" height="{number(high)}"'
            f' viewBox="{show}" preserveAspectRatio="{side}YMid">{inside}</svg>'
        )
        across = WIDTH - 16 if place % 2 == 0 else 16
        middle = top + 14
        pieces.append(
            f'<circle class="num" cx="{across}" cy="{number(middle)}" r="9.5"/>'
            f'<text x="{across}" y="{number(middle + 4.7)}">{place + 1}</text>'
        )
    return "".join(pieces)


def _picker(key: str, place: int) -> Pick:
    """How to find one path of a moment again in another moment."""
    match key:
        case "far" | "body":
            return lambda of: str(getattr(of.dog, key)[place])
        case "edges" | "details":
            return lambda of: str(getattr(of.dog, key)[place][1])
        case _:
            return lambda of: str(getattr(of, key)[place].path)


def _picture(now: Moment, write: Write, *, name: str, under: str = "", over: str = "") -> str:
    """Paint the things behind, the dog, the marked parts and the things in front."""

    def every(key: str, marks: Iterable[Mark]) -> str:
        return "".join(write(mark.paint, _picker(key, place), mark) for place, mark in enumerate(marks))

    return (
        every("behind", now.behind)
        + under
        + _dog(now.dog, write, name=name, marked=now.marks)
        + over
        + every("front", now.front)
    )


def _dog(dog: Drawn, write: Write, *, name: str, marked: Sequence[Mark] = (), plain: bool = False) -> str:
    """Paint the dog: each group first with its outline, then without, so that one line goes round all of it.

    What is painted twice is written once: a marked leg points to the leg of the body.
    """
    uses: dict[str, str] = {}

    def group(key: str, paints: tuple[str, str]) -> str:
        label = f"{key[0]}{name}"
        paths = []
        for place, outline in enumerate(getattr(dog, key)):
            written = write("", _picker(key, place))
            if any(mark.path == outline for mark in marked):
                uses[outline] = f"{label}_{place}"
                written = written.replace("<path", f'<path id="{uses[outline]}"', 1)
            paths.append(written)
        return (
            f'<g class="{paints[0]}"><g id="{label}">{"".join(paths)}</g></g><use class="{paints[1]}" href="#{label}"/>'
        )

    def every(key: str) -> str:
        return "".join(write(paint, _picker(key, place)) for place, (paint, _) in enumerate(getattr(dog, key)))

    far, body = group("far", ("O", "F")), group("body", ("o", "f"))
    if plain:
        return far + body
    marks = [
        f'<use class="{mark.paint}" href="#{uses[mark.path]}"/>'
        if mark.path in uses
        else write(mark.paint, _picker("marks", place))
        for place, mark in enumerate(marked)
    ]
    return far + body + every("edges") + "".join(marks) + every("details")
