"""What the dog stands on, in, or in front of."""

import math

from rehab.library.figure.drawn import Painted
from rehab.library.figure.geometry import circle, line, mix, smooth
from rehab.library.figure.hands import ray
from rehab.library.figure.things import Thing, box


def ground(it: Thing) -> list[Painted]:
    return [("g", line([it.at, it.to]))]


def marks(it: Thing) -> list[Painted]:
    """Little strokes under the ground line, so that one sees it pass."""
    step = it.w
    return [
        ("g", line([it.at + complex(step * place, 5), it.at + complex(step * place + 9, 5)]))
        for place in range(int(it.h))
    ]


def mat(it: Thing) -> list[Painted]:
    """A mat seen from the side: thin, with round ends."""
    return [("q", box(it.at, it.w, it.h, 3))]


def bed(it: Thing) -> list[Painted]:
    """A bed or mat seen from above."""
    inner = box(it.at + complex(5, 5), it.w - 10, it.h - 10, 9)
    return [("b", box(it.at, it.w, it.h, 14)), ("B", inner)]


def block(it: Thing) -> list[Painted]:
    return [("p", box(it.at, it.w, it.h, 3))]


def wedge(it: Thing) -> list[Painted]:
    """A slope from its low end to its high end, down to the ground ``h``."""
    return [("p", line([it.at, it.to, complex(it.to.real, it.h), complex(it.at.real, it.h)], closed=True))]


def grass(it: Thing) -> list[Painted]:
    return [("G", line([it.at, it.to, complex(it.to.real, it.h), complex(it.at.real, it.h)], closed=True))]


def patch(it: Thing) -> list[Painted]:
    """A stretch of other ground, from its upper left corner: grass, sand or paving."""
    at, w = it.at, it.w
    if it.like == "grass":
        blades = [at]
        for place in range(8):
            blades += [at + complex(w * (place + 0.3) / 8, -6), at + complex(w * (place + 1) / 8, 0)]
        return [("G", line([*blades, at + complex(w, it.h), at + complex(0, it.h)], closed=True))]
    if it.like == "sand":
        dots = [
            ("k1", circle(at + complex(w * part, 6 + 5 * (number % 2)), 1))
            for number, part in enumerate((0.12, 0.3, 0.47, 0.64, 0.85))
        ]
        return [("Y", box(at, w, it.h, 0.1)), *dots]
    joints = [("g", line([at + complex(w * part, 0), at + complex(w * part, it.h)])) for part in (0, 0.33, 0.67, 1)]
    return [("p", box(at, w, it.h, 0.1)), *joints]


def ramp(it: Thing) -> list[Painted]:
    return [("P", line([it.at, it.to])), ("V", line([it.at, it.to]))]


def sofa(it: Thing) -> list[Painted]:
    """A sofa seen from the front, its seat at the height of ``at``, ``h`` above the floor."""
    at, w, h = it.at, it.w, it.h
    return [
        ("u", box(at + complex(4, -34), w - 8, 44, 9)),
        ("u", box(at + complex(8, 0), w - 16, h - 6, 4)),
        ("u", box(at + complex(-6, -14), 17, h + 9, 7)),
        ("u", box(at + complex(w - 11, -14), 17, h + 9, 7)),
    ]


def car(it: Thing) -> list[Painted]:
    """The back of a car with an open boot, its floor at ``at``."""
    at = it.at
    return [
        ("u", line([at + complex(0, 0), at + complex(0, 22), at + complex(80, 22), at + complex(80, -52), at + complex(30, -52), at + complex(26, -50), at + complex(14, 0)], closed=True)),
        ("p", line([at + complex(3, 0), at + complex(60, 0), at + complex(60, -40), at + complex(34, -40), at + complex(17, 0)], closed=True)),
        ("K", line([at + complex(30, -51), at + complex(-2, -60)])),
        ("p", circle(at + complex(46, 26), 13)),
        ("q", circle(at + complex(46, 26), 5)),
    ]  # fmt: skip


def stairs(it: Thing) -> list[Painted]:
    """Steps that rise to the right from ``at``."""
    points = [it.at]
    for _ in range(int(it.numbers.get("count", 4))):
        points += [points[-1] - 1j * it.h, points[-1] - 1j * it.h + it.w]
    return [("p", line([*points, complex(points[-1].real, it.at.imag)], closed=True))]


def gate(it: Thing) -> list[Painted]:
    """A gate or the wall of a pen: bars between two rails, from its upper left corner."""
    count = max(2, round(it.w / 11))
    bars = [
        line([it.at + complex(it.w * place / count, 0), it.at + complex(it.w * place / count, it.h)])
        for place in range(count + 1)
    ]
    rails = [line([it.at, it.at + it.w]), line([it.at + 1j * it.h, it.at + complex(it.w, it.h)])]
    return [*(("Q", bar) for bar in bars), *(("K", rail) for rail in rails)]


def wall(it: Thing) -> list[Painted]:
    return [("b", box(it.at, it.w, it.h, 2))]


def pole(it: Thing) -> list[Painted]:
    """A pole lying across the way, seen a little from above; ``h`` is how high it is raised on blocks."""
    near, far = it.at + complex(-6, 7 - it.h), it.at + complex(8, -9 - it.h)
    blocks = [("p", box(foot + complex(-5, 0), 10, it.h + 2, 1.5)) for foot in (far, near)] if it.h else []
    return [
        *blocks,
        ("P", line([near, far])),
        ("W", line([near, far])),
        ("R", line([mix(near, far, 0.34), mix(near, far, 0.66)])),
    ]


def cone(it: Thing) -> list[Painted]:
    """A cone seen from above."""
    return [("warm", circle(it.at, 10)), ("p", circle(it.at, 6.5)), ("warm", circle(it.at, 3))]


def eight(it: Thing) -> list[Painted]:
    """The way round two cones."""
    turns = [2 * math.pi * part / 24 for part in range(24)]
    return [("E", smooth([it.at + complex(it.w * math.sin(turn), it.h * math.sin(2 * turn)) for turn in turns]))]


def tank(it: Thing) -> list[Painted]:
    """A tank of water from its upper left corner, the water ``h`` deep; with the belt it stands on."""
    bottom = it.to.imag
    return [
        ("t", line([complex(it.at.real, bottom - it.h), complex(it.to.real, bottom - it.h), it.to, complex(it.at.real, bottom)], closed=True)),
        ("T2", smooth([complex(it.at.real + (it.to.real - it.at.real) * part / 8, bottom - it.h + (1.6 if part % 2 else -1.6)) for part in range(9)], closed=False)),
        ("K", line([it.at, complex(it.at.real, bottom), it.to, complex(it.to.real, it.at.imag)])),
    ]  # fmt: skip


def ball(it: Thing) -> list[Painted]:
    return [
        ("u", circle(it.at, it.w, it.h)),
        ("k", smooth([it.at + complex(-it.w * 0.6, -it.h * 0.45), it.at + complex(0, -it.h * 0.7), it.at + complex(it.w * 0.6, -it.h * 0.45)], closed=False)),
    ]  # fmt: skip


def cushion(it: Thing) -> list[Painted]:
    """A soft cushion, from its upper left corner."""
    w, h, at = it.w, it.h, it.at
    return [
        ("u", smooth([at + complex(2, h * 0.3), at + complex(w * 0.2, 0), at + complex(w * 0.8, 0), at + complex(w - 2, h * 0.3), at + complex(w, h * 0.7), at + complex(w * 0.85, h), at + complex(w * 0.15, h), at + complex(0, h * 0.7)])),
    ]  # fmt: skip


def scales(it: Thing) -> list[Painted]:
    return [
        ("q", box(it.at, it.w, 9, 3)),
        ("K", line([it.at + complex(it.w - 8, 0), it.at + complex(it.w - 8, -46)])),
        ("p", box(it.at + complex(it.w - 24, -66), 32, 21, 4)),
        ("k2", line([it.at + complex(it.w - 8, -49), it.at + complex(it.w - 14, -60)])),
        ("k", smooth([it.at + complex(it.w - 20, -55), it.at + complex(it.w - 8, -62), it.at + complex(it.w + 4, -55)], closed=False)),
    ]  # fmt: skip


def clock(it: Thing) -> list[Painted]:
    """A clock or stopwatch with the part of a turn ``h`` shown."""
    r = it.w
    sweep = [it.at, *(ray(it.at, r * 0.74, 90 - 360 * it.h * part / 8) for part in range(9))]
    top = [("p", box(it.at + complex(-3.5, -r - 6), 7, 7, 1.5))] if it.like == "stopwatch" else []
    hand_line = line([it.at, ray(it.at, r * 0.74, 90 - 360 * it.h)])
    return [
        *top,
        ("p", circle(it.at, r)),
        ("A", line(sweep, closed=True)),
        ("k2", hand_line),
        ("n", circle(it.at, 1.8)),
    ]


def calendar(it: Thing) -> list[Painted]:
    at = it.at
    days = [
        ("ok1" if row * 4 + column < it.numbers.get("count", 5) else "k", circle(at + complex(8 + 9 * column, 18 + 9 * row), 2.4))
        for row in range(3)
        for column in range(4)
    ]  # fmt: skip
    return [("p", box(at, 43, 43, 4)), ("q", box(at, 43, 11, 4)), *days]
