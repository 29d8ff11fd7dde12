"""The person in the picture: only ever an arm and a hand, and the marks that show what moves where."""

from typing import Final

from rehab.library.figure.drawn import Painted
from rehab.library.figure.geometry import line, mix, polar, smooth, strip

_FLAT: Final = (
    complex(-19, -5), complex(-9, -6.6), complex(3, -7), complex(12, -5.4), complex(15.5, -1.4), complex(13, 2.6),
    complex(3, 4.2), complex(-8, 6), complex(-19, 5),
)  # fmt: skip
_FLAT_THUMB: Final = (
    complex(-10, 3), complex(-3, 7), complex(4, 10), complex(7.6, 8.4), complex(5, 5), complex(-2, 1),
)  # fmt: skip
_PINCH: Final = (
    complex(-32, -5), complex(-22, -7), complex(-12, -8), complex(-4, -5), complex(1, -0.4), complex(-2, 1.6),
    complex(-9, -1.4), complex(-17, 4), complex(-32, 5),
)  # fmt: skip
_PINCH_THUMB: Final = (
    complex(-24, 3), complex(-15, 6.6), complex(-6, 5.4), complex(1, 1.6), complex(-0.6, -1), complex(-8, 1),
    complex(-17, -1),
)  # fmt: skip
_FIST: Final = (
    complex(-17, -5), complex(-8, -7.4), complex(2, -7.6), complex(8, -5), complex(9.4, 0), complex(8, 5),
    complex(2, 7.6), complex(-8, 6.6), complex(-17, 5),
)  # fmt: skip
_FIST_THUMB: Final = (
    complex(-8, 1), complex(-2, 4.6), complex(4, 5), complex(6.4, 2.4), complex(2, 0.4), complex(-5, -2),
)  # fmt: skip
HANDS: Final = {"flat": (_FLAT, _FLAT_THUMB), "pinch": (_PINCH, _PINCH_THUMB), "grip": (_FIST, _FIST_THUMB)}


def hand(at: complex, to: complex, like: str, size: float, flip: float) -> list[Painted]:
    """A hand at a point, its arm coming from another; ``flip`` -1 puts the thumb on the other side."""
    way = at - to
    ahead = way / (abs(way) or 1)
    fingers, thumb = HANDS[like]

    def on(points: tuple[complex, ...]) -> list[complex]:
        return [at + ahead * complex(point.real, point.imag * flip) * size for point in points]

    wrist = at + ahead * fingers[0].real * size
    cuff = mix(wrist, to, min(0.5, 9 * size / (abs(to - wrist) or 1)))
    arm = strip([mix(wrist, at, 0.1), cuff], [4.6 * size, 5.2 * size])
    sleeve = strip([cuff, mix(cuff, to, 0.5), to], [6.6 * size, 7.2 * size, 7.8 * size])
    return [("d", smooth(arm)), ("s", smooth(sleeve)), ("d", smooth(on(fingers))), ("d", smooth(on(thumb)))]


def arrow(at: complex, to: complex, bend: float, *, double: bool) -> list[Painted]:
    """An arrow from a point to another, bulging to its left by ``bend``; double-headed where both ways are meant."""
    way = to - at
    across = way / (abs(way) or 1) * -1j
    top = mix(at, to, 0.5) + across * bend
    curve = [mix(mix(at, top * 2 - mix(at, to, 0.5), t), mix(top * 2 - mix(at, to, 0.5), to, t), t) for t in _PARTS]
    heads = [(curve[-1], curve[-1] - curve[-3])]
    if double:
        heads.append((curve[0], curve[0] - curve[2]))
    shaft = [*curve]
    shaft[-1] -= _unit(heads[0][1]) * 5
    if double:
        shaft[0] -= _unit(heads[1][1]) * 5
    path = smooth(shaft, closed=False)
    tips = [
        line([tip, tip - _unit(aim) * 11 + _unit(aim) * 6.5j, tip - _unit(aim) * 11 - _unit(aim) * 6.5j], closed=True)
        for tip, aim in heads
    ]
    return [("h", path), *(("j", tip) for tip in tips), ("w", path), *(("y", tip) for tip in tips)]


_PARTS: Final = (0, 0.2, 0.4, 0.6, 0.8, 1)


def _unit(vector: complex) -> complex:
    return vector / (abs(vector) or 1)


def tick(at: complex) -> list[Painted]:
    """The sign for right."""
    return [
        ("ok", line([at - 6, at + complex(-1.5, 5), at + complex(7, -6)])),
    ]


def cross(at: complex) -> list[Painted]:
    """The sign for wrong."""
    return [
        ("no", line([at + complex(-6, -6), at + complex(6, 6)])),
        ("no", line([at + complex(6, -6), at + complex(-6, 6)])),
    ]


def ray(at: complex, length: float, degrees: float) -> complex:
    """A point from another in a direction of the picture."""
    return at + polar(length, degrees).conjugate()
