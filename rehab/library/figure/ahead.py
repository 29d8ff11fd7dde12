"""The dog seen along its length, from the front or from behind: for swaying, rolling and stepping sideways."""

from dataclasses import dataclass, replace
from typing import Final

from rehab.library.figure.drawn import Drawn
from rehab.library.figure.geometry import Place, mix, polar, smooth, strip

PARTS: Final = ("left_leg", "right_leg", "trunk")


@dataclass(frozen=True, kw_only=True)
class Pose:
    """How the dog holds itself; left and right are those of the picture.

    ``middle`` is the middle of the trunk and ``roll`` turns the whole dog about it, against the clock. ``left`` and
    ``right`` are the paws next to us and ``left_far`` and ``right_far`` those at the other end; when the dog is rolled
    they turn with it. ``far`` moves the far end of the trunk. ``face`` is 1 from the front and 0 from behind.
    """

    middle: complex = complex(0, 56)
    roll: float = 0
    left: complex = complex(-14, 0)
    right: complex = complex(14, 0)
    left_far: complex = complex(-9, 4)
    right_far: complex = complex(9, 4)
    far: complex = 0j
    head: complex = 0j
    nod: float = 0
    face: float = 0
    eye: float = 1


BASES: Final[dict[str, Pose]] = {
    "behind": Pose(),
    "front": Pose(face=1),
    "prone": replace(
        Pose(face=1), middle=complex(0, 23), left=complex(-19, 2), right=complex(19, 2), left_far=complex(-33, 2),
        right_far=complex(33, 2),
    ),
}  # fmt: skip

_TRUNK: Final = (
    complex(0, 23), complex(11, 21), complex(18.5, 11), complex(20.5, -3), complex(17, -16), complex(8, -22),
    complex(0, -23), complex(-8, -22), complex(-17, -16), complex(-20.5, -3), complex(-18.5, 11), complex(-11, 21),
)  # fmt: skip
_FACE: Final = (
    complex(0, 16), complex(8, 14.8), complex(13.5, 8), complex(13, -1), complex(8.5, -8), complex(7.5, -14),
    complex(0, -17.5), complex(-7.5, -14), complex(-8.5, -8), complex(-13, -1), complex(-13.5, 8), complex(-8, 14.8),
)  # fmt: skip
_EAR: Final = (
    complex(7, 14), complex(13, 14.5), complex(18, 8), complex(20, -2), complex(17, -10), complex(12.5, -7),
    complex(11, 1),
)  # fmt: skip
_NOSE: Final = (complex(-4.2, -6), complex(0, -4.8), complex(4.2, -6), complex(2.5, -9.4), complex(-2.5, -9.4))


def draw(pose: Pose, place: Place) -> Drawn:
    """Build the dog from its pose and put it into the picture."""
    turn = polar(1, pose.roll)

    def local(point: complex) -> complex:
        return pose.middle + (point - pose.middle) * turn

    def leg(paw: complex, side: int, width: float, shift: complex) -> list[complex]:
        root = pose.middle + shift + complex(side * 10.5, -4)
        foot = paw + complex(0, 3)
        bow = mix(root, foot, 0.5) + complex(side * 2.5, 0)
        ankle = mix(root, foot, 0.84) + complex(side * 0.6, 0)
        centre = [root, bow, ankle, foot]
        return [place(local(point)) for point in strip(centre, [10 * width, 7.4 * width, 4.7 * width, 5.6 * width])]

    def trunk(shift: complex, size: float) -> list[complex]:
        return [place(local(pose.middle + shift + point * size)) for point in _TRUNK]

    left, right = leg(pose.left, -1, 1, 0j), leg(pose.right, 1, 1, 0j)
    left_far, right_far = leg(pose.left_far, -1, 0.86, pose.far), leg(pose.right_far, 1, 0.86, pose.far)
    near = smooth(trunk(0j, 1))
    crown = pose.middle + pose.head + (complex(0, 25) if pose.face else complex(0, 30) + pose.far)

    def on_head(points: tuple[complex, ...]) -> list[complex]:
        return [place(local(crown + point * polar(1.06, pose.nod))) for point in points]

    face = smooth(on_head(_FACE))
    ears = [("r", smooth(on_head(_EAR))), ("r", smooth(on_head(tuple(-point.conjugate() for point in _EAR))))]
    tail = [complex(0, 9), complex(1, 18), complex(4, 27), complex(9, 34), complex(15, 38)]
    tail_path = smooth([place(local(pose.middle + point)) for point in strip(tail, [4.8, 4.4, 3.8, 3.0, 2.2])])
    lid = 2.1 * pose.eye + 0.3
    eyes = [
        ("i", smooth([*on_head((complex(x - 2, 3), complex(x, 3 + lid), complex(x + 2, 3), complex(x, 3 - lid)))]))
        for x in (-6, 6)
    ]
    muzzle = (complex(-5.5, -12), complex(-2.5, -13), complex(0, -10), complex(2.5, -13), complex(5.5, -12))
    legs = {"left_leg": smooth(left), "right_leg": smooth(right)}
    if pose.face:
        far, body = [smooth(left_far), smooth(right_far)], [*legs.values(), near, face]
        details = [*ears, *eyes, ("n", smooth(on_head(_NOSE))), ("m", smooth(on_head(muzzle), closed=False))]
    else:
        far = [smooth(left_far), smooth(right_far), face]
        body = [*legs.values(), near]
        details = [
            ("e", smooth([place(local(pose.middle + complex(0, point))) for point in (-4, -12, -20)], closed=False)),
            ("c", tail_path),
        ]
    behind_ears = [] if pose.face else ears
    return Drawn(
        far=far,
        body=body,
        edges=behind_ears,
        details=details,
        parts={**legs, "trunk": near},
        anchors={
            "middle": place(pose.middle),
            "left_side": place(local(pose.middle - 20)),
            "right_side": place(local(pose.middle + 20)),
            "top": place(local(pose.middle + 23j)),
            "bottom": place(local(pose.middle - 23j)),
            "nose": on_head((complex(0, -8),))[0],
            "left_paw": place(local(pose.left)),
            "right_paw": place(local(pose.right)),
        },
    )
