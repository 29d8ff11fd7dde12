"""What is worn, held or used, and the hand that holds it."""

from rehab.library.figure import hands
from rehab.library.figure.drawn import Painted
from rehab.library.figure.geometry import circle, line, mix, smooth
from rehab.library.figure.things import Thing, box


def sling(it: Thing) -> list[Painted]:
    """A sling under the belly at ``at``, held at ``to``."""
    low, top, half = it.at, it.to, it.w / 2
    edge = [
        low + complex(-half, -3),
        low + complex(-half * 0.6, 3),
        low + complex(half * 0.6, 3),
        low + complex(half, -3),
    ]
    return [
        ("q", line([*edge, top + complex(3.5, 0), top + complex(-3.5, 0)], closed=True)),
        ("k", line([low + complex(0, -6), top + complex(0, 10)])),
    ]


def harness(it: Thing) -> list[Painted]:
    """Two straps round the chest, from the withers ``at`` to the breast ``to``."""
    down = it.to - it.at
    ahead = complex(-down.imag, down.real) / (abs(down) or 1) * (1 if it.w > 0 else -1)
    girth = [it.at - ahead * 4, mix(it.at, it.to, 0.5) - ahead * 11, it.to - ahead * 10]
    breast = [it.at - ahead * 4, mix(it.at, it.to, 0.34) + ahead * 6, mix(it.at, it.to, 0.6) + ahead * 14]
    return [
        ("S", smooth(girth, closed=False)),
        ("S", smooth(breast, closed=False)),
        ("q", circle(it.at - ahead * 4, 3)),
    ]


def lead(it: Thing) -> list[Painted]:
    sag = mix(it.at, it.to, 0.5) + 1j * it.h
    return [("L", smooth([it.at, sag, it.to], closed=False))]


def cloth(it: Thing) -> list[Painted]:
    at, w, h = it.at, it.w, it.h
    return [
        ("p", smooth([at + complex(-w, -h * 0.4), at + complex(-w * 0.3, -h), at + complex(w * 0.5, -h * 0.8), at + complex(w, -h * 0.1), at + complex(w * 0.6, h * 0.8), at + complex(-w * 0.4, h)])),
    ]  # fmt: skip


def roll(it: Thing) -> list[Painted]:
    """A rolled towel seen from its end."""
    r = it.w
    spiral = [hands.ray(it.at, r * (0.85 - 0.1 * step), 70 * step) for step in range(8)]
    return [("p", circle(it.at, r)), ("k", smooth(spiral, closed=False))]


def pack(it: Thing) -> list[Painted]:
    """A warm or cold pack on a towel, lying on what is under ``at``; ``to`` is where it leans."""
    along = (it.to - it.at) / (abs(it.to - it.at) or 1)
    across = along * 1j

    def on(w: float, h: float, sink: float) -> str:
        corners = [(-w, 0), (-w * 0.86, -h), (w * 0.86, -h), (w, 0), (w * 0.9, sink), (0, sink * 0.5), (-w * 0.9, sink)]
        return smooth([it.at + along * x + across * y for x, y in corners])

    return [("p", on(it.w + 5, it.h * 0.5, 5)), ("warm" if it.like == "warm" else "cold", on(it.w, it.h, 1))]


def waves(it: Thing) -> list[Painted]:
    """Warmth rising."""
    return [
        ("v", smooth([it.at + complex(x, 0), it.at + complex(x + 3, -5), it.at + complex(x, -10), it.at + complex(x + 3, -15)], closed=False))
        for x in (-11, 0, 11)
    ]  # fmt: skip


def flake(it: Thing) -> list[Painted]:
    return [("f6", line([hands.ray(it.at, it.w, turn), hands.ray(it.at, it.w, turn + 180)])) for turn in (30, 90, 150)]


def bowl(it: Thing) -> list[Painted]:
    at, w, h = it.at, it.w, it.h
    filling = {"food": "T", "water": "t"}.get(it.like, "T")
    return [
        (filling, circle(at + complex(0, -h), w * 0.82, h * 0.45)),
        ("q", line([at + complex(-w * 0.85, -h), at + complex(w * 0.85, -h), at + complex(w, 0), at + complex(-w, 0)], closed=True)),
    ]  # fmt: skip


def treat(it: Thing) -> list[Painted]:
    return [("T", circle(it.at, 3.6))]


def brush(it: Thing) -> list[Painted]:
    """A brush whose bristles touch ``at``, its back towards ``to``."""
    up = (it.to - it.at) / (abs(it.to - it.at) or 1)
    side = up * 1j
    bristles = [line([it.at + side * x, it.at + side * x + up * 6]) for x in (-9, -4.5, 0, 4.5, 9)]
    back = [it.at + side * x + up * y for x, y in ((-12, 6), (12, 6), (12, 11), (-12, 11))]
    return [*(("k", each) for each in bristles), ("q", line(back, closed=True))]


def pill(it: Thing) -> list[Painted]:
    return [("p", box(it.at + complex(-11, -5), 22, 10, 5)), ("warm", box(it.at + complex(-11, -5), 11, 10, 5))]


def cup(it: Thing) -> list[Painted]:
    at = it.at
    return [
        ("K", smooth([at + complex(16, -22), at + complex(25, -18), at + complex(24, -9), at + complex(14, -6)], closed=False)),
        ("p", line([at + complex(-17, -30), at + complex(17, -30), at + complex(13, 0), at + complex(-13, 0)], closed=True)),
        ("T1", line([at + complex(-15, -17), at + complex(15, -17), at + complex(13, -1.5), at + complex(-13, -1.5)], closed=True)),
        *(("k", line([at + complex(-16 + y * 0.1, -y), at + complex(-8, -y)])) for y in (9, 17, 24)),
    ]  # fmt: skip


def wheel(it: Thing) -> list[Painted]:
    spokes = [
        ("k", line([hands.ray(it.at, it.w - 2, turn), hands.ray(it.at, it.w - 2, turn + 180)]))
        for turn in (20, 80, 140)
    ]
    return [("N", circle(it.at, it.w)), *spokes, ("q", circle(it.at, 3))]


def frame(it: Thing) -> list[Painted]:
    """A tube, as of a cart or a stroller."""
    return [("K", line([it.at, it.to]))]


def basket(it: Thing) -> list[Painted]:
    """The body of a stroller, from its upper left corner."""
    at, w, h = it.at, it.w, it.h
    return [("q", smooth([at, at + complex(w * 0.5, 5), at + complex(w, -1), at + complex(w * 0.93, h * 0.7), at + complex(w * 0.75, h), at + complex(w * 0.25, h), at + complex(w * 0.06, h * 0.7)]))]  # fmt: skip


def boot(it: Thing) -> list[Painted]:
    """A boot over a paw."""
    at = it.at
    return [("q", smooth([at + complex(-5.6, -15), at + complex(4.6, -15), at + complex(5, -8), at + complex(12, -6), at + complex(13.5, 0), at + complex(9, 1.6), at + complex(-4, 1.6), at + complex(-6, -5)]))]  # fmt: skip


def lens(it: Thing) -> list[Painted]:
    """A magnifying glass; ``bend`` is where its handle points."""
    way = it.numbers.get("bend", -45)
    handle = line([hands.ray(it.at, it.w, way), hands.ray(it.at, it.w + 18, way)])
    return [("K", handle), ("t", circle(it.at, it.w)), ("K", circle(it.at, it.w))]


def drops(it: Thing) -> list[Painted]:
    return [
        ("t1", smooth([it.at + complex(x, y), it.at + complex(x + 2.6, y + 5), it.at + complex(x, y + 7.4), it.at + complex(x - 2.6, y + 5)]))
        for x, y in ((0, 0), (-6, 10), (4, 13))
    ]  # fmt: skip


def leg(it: Thing) -> list[Painted]:
    """A person's lower leg and shoe, from the knee ``at`` to the foot ``to``."""
    toe = it.to + complex(it.w, 0)
    return [
        ("s", line([it.at + complex(-15, 0), it.at + complex(15, 0), it.to + complex(10, -7), it.to + complex(-10, -7)], closed=True)),
        ("p", smooth([it.to + complex(-11, -9), it.to + complex(9, -9), toe + complex(1, -5), toe + complex(1, 0), it.to + complex(-2, 0.5), it.to + complex(-11, 0)])),
    ]  # fmt: skip


def plate(it: Thing) -> list[Painted]:
    """A lick mat with food."""
    dots = [("T", circle(it.at + complex(x, -3.4), 1.9)) for x in (-11, -4, 3, 10)]
    return [("warm", box(it.at + complex(-17, -3), 34, 5, 2)), *dots]


def puddle(it: Thing) -> list[Painted]:
    return [
        ("p", box(it.at + complex(-it.w, -2), it.w * 2, 5, 2)),
        ("gold", circle(it.at + complex(0, -1), it.w * 0.5, 2)),
    ]


def hand(it: Thing) -> list[Painted]:
    return hands.hand(it.at, it.to, it.like or "flat", it.numbers.get("size", 1), it.numbers.get("flip", 1))


def arrow(it: Thing) -> list[Painted]:
    return hands.arrow(it.at, it.to, it.numbers.get("bend", 0), double=it.like == "double")
