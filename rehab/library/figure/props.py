"""The words by which a pose file names the things around the dog, and what each looks like unless it says otherwise."""

from collections.abc import Callable
from typing import Final

from rehab.library.figure import around, held
from rehab.library.figure.drawn import Painted
from rehab.library.figure.hands import HANDS, cross, tick
from rehab.library.figure.things import Thing

Draw = Callable[[Thing], list[Painted]]
THINGS: Final[dict[str, Draw]] = {
    "arrow": held.arrow, "ball": around.ball, "basket": held.basket, "bed": around.bed, "boot": held.boot, "bowl": held.bowl, "block": around.block,
    "brush": held.brush, "calendar": around.calendar, "car": around.car, "clock": around.clock, "cloth": held.cloth, "cone": around.cone,
    "cross": lambda it: cross(it.at), "cup": held.cup, "cushion": around.cushion, "drops": held.drops, "eight": around.eight, "flake": held.flake,
    "frame": held.frame, "gate": around.gate, "grass": around.grass, "ground": around.ground, "hand": held.hand, "harness": held.harness,
    "lead": held.lead, "leg": held.leg, "lens": held.lens, "marks": around.marks, "mat": around.mat, "pack": held.pack, "patch": around.patch,
    "pill": held.pill, "plate": held.plate, "pole": around.pole, "puddle": held.puddle, "ramp": around.ramp, "roll": held.roll, "scales": around.scales,
    "sling": held.sling, "sofa": around.sofa, "stairs": around.stairs, "tank": around.tank, "tick": lambda it: tick(it.at), "treat": held.treat,
    "wall": around.wall, "waves": held.waves, "wedge": around.wedge, "wheel": held.wheel,
}  # fmt: skip
# What lies behind the dog unless a pose file says otherwise.
BEHIND: Final = frozenset({
    "bed", "block", "car", "ground", "marks", "mat", "patch", "grass", "wedge", "ramp", "sofa", "stairs", "scales", "wall",
    "pole", "cone", "eight", "cushion", "ball", "clock", "calendar",
})  # fmt: skip
LIKES: Final[dict[str, frozenset[str]]] = {
    "hand": frozenset(HANDS), "pack": frozenset({"warm", "cold"}), "bowl": frozenset({"food", "water"}),
    "clock": frozenset({"stopwatch"}), "patch": frozenset({"grass", "sand", "stone"}), "arrow": frozenset({"double"}),
}  # fmt: skip
SIZES: Final[dict[str, tuple[float, float]]] = {
    "ball": (30, 30), "bowl": (16, 12), "clock": (15, 0.25), "cloth": (12, 8), "cushion": (50, 14), "mat": (120, 6),
    "flake": (8, 0), "lens": (11, 0), "marks": (67, 4), "pack": (17, 7), "roll": (10, 0), "wheel": (13, 0),
    "sling": (20, 0), "harness": (1, 0), "stairs": (20, 14), "puddle": (20, 0), "leg": (12, 0), "patch": (67, 20),
    "lead": (0, 10),
}  # fmt: skip
