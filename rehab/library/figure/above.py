"""The dog seen from above: for bending sideways and for walking around things."""

from dataclasses import dataclass, replace
from typing import Final

from rehab.library.figure.drawn import Drawn
from rehab.library.figure.geometry import Place, circle, polar, smooth, strip

BONES: Final = (22.0, 22.0, 20.0)
PARTS: Final = ("head", "back")


@dataclass(frozen=True, kw_only=True)
class Pose:
    """How the dog holds itself: left is up when it looks forward.

    ``hip`` is the middle of the pelvis and ``heading`` where it points; ``bend`` curves the back and ``neck`` the neck
    to the left, in degrees from end to end; ``tail`` swings; ``step`` moves near fore and far hind feet forward.
    """

    hip: complex = 0j
    heading: float = 0
    bend: float = 0
    neck: float = 0
    head: float = 0
    tail: float = 0
    step: float = 0
    feet: float = 17


BASES: Final[dict[str, Pose]] = {"stand": Pose(), "curve": replace(Pose(), bend=30, neck=20)}

_HEAD: Final = (
    complex(-8, 0), complex(-6, 8), complex(2, 10.5), complex(9, 8), complex(15, 5.2), complex(23, 5), complex(27, 3),
    complex(28, 0), complex(27, -3), complex(23, -5), complex(15, -5.2), complex(9, -8), complex(2, -10.5),
    complex(-6, -8),
)  # fmt: skip
_EAR: Final = (
    complex(4, 7), complex(-2, 8), complex(-8, 11), complex(-11, 16), complex(-7, 18.5), complex(1, 16), complex(5, 11),
)  # fmt: skip


def draw(pose: Pose, place: Place) -> Drawn:
    """Build the dog from its pose and put it into the picture."""
    third = pose.bend / 3
    turns = (pose.heading + third, pose.heading + 2 * third, pose.heading + 3 * third)
    loin = pose.hip + polar(BONES[0], turns[0])
    ribs = loin + polar(BONES[1], turns[1])
    shoulders = ribs + polar(BONES[2], turns[2])
    first, second = turns[2] + pose.neck * 0.5, turns[2] + pose.neck
    throat = shoulders + polar(13, first)
    atlas = throat + polar(14, second)
    look = second + pose.head
    rump = pose.hip - polar(12, pose.heading)
    body = strip([rump, pose.hip, loin, ribs, shoulders, throat, atlas], [8.5, 14.5, 13.5, 17, 14.5, 10, 8.5])
    tail = [rump]
    for part in range(4):
        tail.append(tail[-1] + polar(9 - part, pose.heading + 180 + pose.tail * (part + 1) / 4))

    def on_head(points: tuple[complex, ...]) -> list[complex]:
        return [place(atlas + polar(1, look) * (point + 5)) for point in points]

    def foot(root: complex, turn: float, side: int, step: float) -> str:
        middle = root + polar(1, turn) * complex(step, side * pose.feet)
        return smooth([place(middle + polar(1, turn) * point) for point in _PAW])

    head = smooth(on_head(_HEAD))
    spine = [pose.hip, loin, ribs, shoulders]
    mirrored = tuple(point.conjugate() for point in _EAR)
    return Drawn(
        far=[
            foot(pose.hip, pose.heading, 1, 2 - pose.step),
            foot(pose.hip, pose.heading, -1, 2 + pose.step),
            foot(shoulders, turns[2], 1, 4 + pose.step),
            foot(shoulders, turns[2], -1, 4 - pose.step),
        ],
        body=[
            smooth([place(point) for point in strip(tail, [4.6, 4, 3.4, 2.8, 2])]),
            smooth([place(point) for point in body]),
            head,
        ],
        edges=[("e", smooth([place(point) for point in spine], closed=False))],
        details=[
            ("r", smooth(on_head(_EAR))),
            ("r", smooth(on_head(mirrored))),
            ("i", circle(on_head((complex(12, 5),))[0], 1.5 * place.size)),
            ("i", circle(on_head((complex(12, -5),))[0], 1.5 * place.size)),
            ("n", circle(on_head((complex(26.5, 0),))[0], 2.6 * place.size)),
        ],
        parts={"head": head, "back": smooth([place(point) for point in spine], closed=False)},
        anchors={
            "nose": on_head((complex(29, 0),))[0],
            "hip": place(pose.hip),
            "left_hip": place(pose.hip + polar(14, pose.heading + 90)),
            "right_hip": place(pose.hip + polar(14, pose.heading - 90)),
            "loin": place(loin),
            "back": place(ribs),
            "withers": place(shoulders),
            "tail_tip": place(tail[-1]),
        },
    )


_PAW: Final = (
    complex(-6, 0), complex(-3, 4.4), complex(4, 4.6), complex(7.5, 0), complex(4, -4.6), complex(-3, -4.4),
)  # fmt: skip
