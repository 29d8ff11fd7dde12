"""The dog seen from its right side: bones, and the outline around them.

A pose is a handful of numbers. Directions are degrees, 0 forward and 90 up; lengths are units of a picture that is 240
wide; points are x forward and y up from where the dog stands. A leg is given by where its paw rests; knee and elbow
follow from the length of the bones.
"""

import math
from dataclasses import dataclass, replace
from typing import Final

from rehab.library.figure.drawn import Drawn
from rehab.library.figure.geometry import Place, bearing, mix, polar, reach, smooth, strip

SPINE: Final = (23.0, 24.0, 22.0)
THIGH, SHIN, HOCK = 25.5, 25.0, 16.5
ARM, FOREARM, PASTERN = 22.0, 25.0, 9.0
HEAD_SIZE: Final = 1.14
LEGS: Final = ("near_hind", "far_hind", "near_fore", "far_fore")
PARTS: Final = (*LEGS, "head", "back", "tail")


@dataclass(frozen=True, kw_only=True)
class Pose:
    """How the dog holds itself.

    ``hip`` is where the hip joint is; ``pitch`` lifts the chest above it; ``arch`` humps the back (negative: hollows
    it). ``neck`` and ``head`` point where the nose would go. ``tail`` points where the tail starts and ``curl`` bends
    it. ``near_hind`` and the others are where the paws rest; ``hocks`` and ``wrists`` lean the feet (near, far): 0 is
    upright, more leans the joint above the foot further back. ``toes`` turn the paw from flat. ``eye`` is 0 when closed.
    ``slope`` is how steeply the ground rises under the paws.
    """

    hip: complex = 0j
    pitch: float = 0
    arch: float = 0
    neck: float = 48
    head: float = -12
    tail: float = 150
    curl: float = -14
    near_hind: complex = 0j
    far_hind: complex = 0j
    near_fore: complex = 0j
    far_fore: complex = 0j
    hocks: complex = 0j
    wrists: complex = 0j
    toes_hind: complex = 0j
    toes_fore: complex = 0j
    eye: float = 1
    slope: float = 0


STAND: Final = Pose(
    hip=complex(0, 59), pitch=1, near_hind=complex(-7, 0), far_hind=complex(3, 3), near_fore=complex(68, 0),
    far_fore=complex(77, 3), hocks=complex(8, 8), wrists=complex(2, 2),
)  # fmt: skip
BASES: Final[dict[str, Pose]] = {
    "stand": STAND,
    "sit": replace(
        STAND, hip=complex(4, 17), pitch=44, arch=13, neck=66, head=-8, tail=186, curl=-5, near_hind=complex(30, 0),
        far_hind=complex(37, 3), hocks=complex(70, 70), near_fore=complex(60, 0), far_fore=complex(68, 3),
        wrists=complex(-2, -2),
    ),
    "down": replace(
        STAND, hip=complex(0, 17), pitch=9, arch=5, neck=60, head=-6, tail=188, curl=-5, near_hind=complex(27, 0),
        far_hind=complex(34, 3), hocks=complex(80, 80), near_fore=complex(97, 0), far_fore=complex(105, 3),
        wrists=complex(84, 84),
    ),
    "bow": replace(
        STAND, hip=complex(0, 59), pitch=-22, arch=-5, neck=34, head=-6, tail=112, near_fore=complex(96, 0),
        far_fore=complex(104, 3), wrists=complex(84, 84), near_hind=complex(-12, 0), far_hind=complex(-4, 3),
    ),
    "lie": replace(
        STAND, hip=complex(0, 0), pitch=0, arch=3, neck=16, head=-8, tail=205, curl=10, near_hind=complex(4, -54),
        far_hind=complex(18, -50), near_fore=complex(72, -52), far_fore=complex(86, -47), hocks=complex(22, 22),
        wrists=complex(10, 10), eye=0,
    ),
}  # fmt: skip


def stride(phase: float, *, length: float = 44, lift: float = 9, start: Pose = STAND) -> Pose:
    """One moment of a walk, 0 to 1: left hind, left fore, right hind, right fore, each on the ground most of the time."""

    def paw(rest: complex, offset: float) -> tuple[complex, float, float]:
        at = (phase + offset) % 1
        if at < STANCE:
            part = at / STANCE
            return rest + length * (0.5 - part), 0, part
        part = (at - STANCE) / (1 - STANCE)
        # Lifted quickly and held, so that a foot clears a pole at any point of its way.
        high = lift * min(1, 4 * part, 4 * (1 - part))
        return rest + complex(length * (part - 0.5), high), part, 0

    near_hind, swing_nh, stance_nh = paw(start.near_hind, 0)
    far_hind, swing_fh, stance_fh = paw(start.far_hind, 0.5)
    near_fore, swing_nf, _ = paw(start.near_fore, 0.75)
    far_fore, swing_ff, _ = paw(start.far_fore, 0.25)

    def lean(swing: float, stance: float, flat: float) -> float:
        return flat + 26 * max(0.0, stance - 0.6) / 0.4 + (30 * (1 - swing) if swing else 0)

    return replace(
        start,
        near_hind=near_hind,
        far_hind=far_hind,
        near_fore=near_fore,
        far_fore=far_fore,
        hocks=complex(-lean(swing_nh, stance_nh, -8), -lean(swing_fh, stance_fh, -8)),
        wrists=complex(-45 * _hump(swing_nf), -45 * _hump(swing_ff)),
        toes_hind=complex(-34 * _hump(swing_nh), -34 * _hump(swing_fh)),
        toes_fore=complex(-48 * _hump(swing_nf), -48 * _hump(swing_ff)),
    )


STANCE: Final = 0.66


def _hump(part: float) -> float:
    return 4 * part * (1 - part)


def _joints(leg: str) -> tuple[tuple[int, str], ...]:
    return ((1, "knee"), (2, "hock")) if leg.endswith("hind") else ((1, "elbow"), (2, "wrist"))


@dataclass(frozen=True, kw_only=True)
class _Leg:
    outline: list[complex]
    joints: tuple[complex, ...]


def _foot(ankle: complex, paw: complex, toes: float) -> tuple[list[complex], list[float]]:
    """The paw in front of its last joint: flat on the ground when ``toes`` is 0."""
    return [paw + polar(2.6, 90 + toes), paw + polar(7.5, 14 + toes)], [4.0, 3.6]


def _hind(hip: complex, paw: complex, lean: float, toes: float, thick: float) -> _Leg:
    heel = paw + complex(0, 2.6)
    hock = heel + polar(HOCK, 90 + lean)
    stifle, hock = reach(hip, hock, THIGH, SHIN, forward=True)
    if abs(hock + polar(HOCK, lean - 90) - heel) > 0.5:
        heel = hock + polar(HOCK, bearing(heel - hock))
        paw = heel - complex(0, 2.6)
    foot, foot_radii = _foot(hock, paw, toes)
    centre = [hip, mix(hip, stifle, 0.55), stifle, mix(stifle, hock, 0.5), hock, mix(hock, heel, 0.55), *foot]
    radii = [14.5, 13.0, 8.6, 6.6, 4.4, 3.7, *foot_radii]
    return _Leg(outline=strip(centre, [radius * thick for radius in radii]), joints=(hip, stifle, hock, paw))


def _fore(shoulder: complex, paw: complex, lean: float, toes: float, thick: float) -> _Leg:
    heel = paw + complex(0, 2.6)
    wrist = heel + polar(PASTERN, 90 + lean)
    elbow, wrist = reach(shoulder, wrist, ARM, FOREARM, forward=False)
    if abs(wrist + polar(PASTERN, lean - 90) - heel) > 0.5:
        heel = wrist + polar(PASTERN, bearing(heel - wrist))
        paw = heel - complex(0, 2.6)
    foot, foot_radii = _foot(wrist, paw, toes)
    centre = [shoulder, mix(shoulder, elbow, 0.55), elbow, mix(elbow, wrist, 0.5), wrist, *foot]
    radii = [11.0, 9.5, 7.2, 5.4, 4.5, *foot_radii]
    return _Leg(outline=strip(centre, [radius * thick for radius in radii]), joints=(shoulder, elbow, wrist, paw))


_HEAD: Final = (
    complex(-9, 1), complex(-5, 10), complex(3, 12.6), complex(10, 10.5), complex(15, 6), complex(23, 4.6),
    complex(30, 4), complex(33, 0.5), complex(31, -4.6), complex(23, -7.4), complex(14, -8.6), complex(5, -10),
    complex(-4, -8.5),
)  # fmt: skip
_EAR: Final = (
    complex(2, 10), complex(-4, 10.5), complex(-9.5, 5), complex(-12, -4), complex(-10.5, -13), complex(-5.5, -14.5),
    complex(-1, -8), complex(2.2, 1),
)  # fmt: skip


def draw(pose: Pose, place: Place) -> Drawn:
    """Build the dog from its pose and put it into the picture."""
    pitch, hump = pose.pitch + pose.slope, pose.arch
    pelvis = pose.hip + polar(5, 90 + pitch)
    turns = (pitch + hump, pitch, pitch - hump)
    loin = pelvis + polar(SPINE[0], turns[0])
    ribs = loin + polar(SPINE[1], turns[1])
    withers = ribs + polar(SPINE[2], turns[2])
    chest_turn = turns[2]

    rump = pelvis - polar(11, turns[0] + 4)
    prow = withers + polar(11, chest_turn - 18)
    torso = strip(
        [rump, pelvis, loin, ribs, withers, prow],
        [(7.5, 9.5), (14, 14.5), (14.5, 14.5), (16, 20.5), (15.5, 20.5), (8, 9.5)],
    )
    shoulder = withers + polar(9, chest_turn - 78)
    neck_root = withers + polar(6, chest_turn + 42)
    atlas = neck_root + polar(27, pose.neck)
    neck = strip(
        [neck_root - polar(8, pose.neck + 8), mix(neck_root, atlas, 0.42), atlas], [(13.5, 15), (11, 11.5), 9.5]
    )

    def on_head(points: tuple[complex, ...], turn: float = 0, about: complex = 0j) -> list[complex]:
        skull = atlas + polar(3, pose.head)
        return [
            place(skull + polar(HEAD_SIZE, pose.head) * (about + (point - about) * polar(1, turn))) for point in points
        ]

    head = on_head(_HEAD)
    swing = -pose.head * 0.55
    tail_points = [rump + polar(1, turns[0])]
    for step in range(4):
        tail_points.append(tail_points[-1] + polar(10.5 - step, pose.tail + step * pose.curl))
    tail = strip(tail_points, [5.2, 4.4, 3.6, 3.0, 2.2])

    def on_ground(paw: complex) -> complex:
        return paw + 1j * math.tan(math.radians(pose.slope)) * paw.real

    legs = {
        "near_hind": _hind(pose.hip, on_ground(pose.near_hind), pose.hocks.real, pose.toes_hind.real, 1),
        "far_hind": _hind(pose.hip + 4, on_ground(pose.far_hind), pose.hocks.imag, pose.toes_hind.imag, 0.94),
        "near_fore": _fore(shoulder, on_ground(pose.near_fore), pose.wrists.real, pose.toes_fore.real, 1),
        "far_fore": _fore(shoulder + 4, on_ground(pose.far_fore), pose.wrists.imag, pose.toes_fore.imag, 0.94),
    }
    outline = {name: [place(point) for point in leg.outline] for name, leg in legs.items()}
    paths = {name: smooth(points) for name, points in outline.items()}
    neck_path, head_path = smooth([place(point) for point in neck]), smooth(head)
    torso_points = [place(point) for point in torso]
    tail_path = smooth([place(point) for point in tail])
    lid = 2.0 * pose.eye
    eye = (complex(6.6, 3.6), complex(9, 3.6 + lid), complex(11.4, 3.6), complex(9, 3.6 - lid * 0.9 - 0.5))
    # The near legs' own edges where they lie on the body.
    edges = [
        ("e", smooth(outline["near_hind"][0:4], closed=False)),
        ("e", smooth(outline["near_fore"][12:14], closed=False)),
    ]
    details = [
        ("n", smooth(on_head((complex(33.6, 4.2), complex(29.5, 4.6), complex(29.6, 1), complex(33.4, 0.2))))),
        (
            "m",
            smooth(on_head((complex(31, -3), complex(26, -3.6), complex(20, -3), complex(16.5, -0.6))), closed=False),
        ),
        ("i", smooth(on_head(eye))),
        ("r", smooth(on_head(_EAR, swing, complex(-1, 9)))),
    ]
    return Drawn(
        far=[paths["far_hind"], paths["far_fore"]],
        body=[tail_path, smooth(torso_points), neck_path, head_path, paths["near_hind"], paths["near_fore"]],
        edges=edges,
        details=details,
        parts={
            **paths,
            "head": head_path,
            "tail": tail_path,
            "back": smooth(torso_points[0:6], closed=False),
        },
        anchors={
            "nose": on_head((complex(34, 1),))[0],
            "chin": on_head((complex(22, -9),))[0],
            "brow": on_head((complex(4, 14),))[0],
            "hip": place(pose.hip),
            "rump": place(rump),
            "croup": place(pelvis + polar(14, turns[0] + 90)),
            "loin": place(loin + polar(14.5, pitch + 90)),
            "groin": place(loin + polar(14.5, pitch - 90)),
            "back": place(ribs + polar(16, pitch + 90)),
            "belly": place(ribs + polar(20.5, pitch - 90)),
            "withers": place(withers + polar(16, chest_turn + 90)),
            "chest": place(withers + polar(20, chest_turn - 90)),
            "prow": place(prow + polar(9, chest_turn)),
            "shoulder": place(shoulder),
            "tail_tip": place(tail_points[-1]),
            **{f"{name}_paw": place(leg.joints[3]) for name, leg in legs.items()},
            **{f"{name}_{joint}": place(leg.joints[at]) for name, leg in legs.items() for at, joint in _joints(name)},
        },
    )
