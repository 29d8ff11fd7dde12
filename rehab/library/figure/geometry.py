"""Points, limbs and outlines of a drawing. A point is a complex number, so that turning is multiplying.

Figures are built with x forward and y up, feet on y = 0; a ``Place`` puts them into the picture, where y grows down.
"""

import cmath
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise


def polar(length: float, degrees: float) -> complex:
    """The point this far away in this direction; 0 is forward, 90 is up."""
    return cmath.rect(length, math.radians(degrees))


def bearing(vector: complex) -> float:
    """The direction of a vector in degrees."""
    return math.degrees(cmath.phase(vector))


def mix(start: complex, end: complex, part: float) -> complex:
    """The point at this part of the way."""
    return start + (end - start) * part


def reach(root: complex, target: complex, upper: float, lower: float, *, forward: bool) -> tuple[complex, complex]:
    """The middle joint and the end of a two-boned limb that reaches for a target.

    Hanging straight down, the joint bends towards +x when ``forward`` and away from it otherwise. A target out of reach
    is reached for with the limb almost straight.
    """
    way = target - root
    distance = min(max(abs(way), abs(upper - lower) + 0.5, 1), (upper + lower) * 0.995)
    direction = way / abs(way) if abs(way) else complex(0, -1)
    along = (upper**2 - lower**2 + distance**2) / (2 * distance)
    aside = math.sqrt(max(upper**2 - along**2, 0))
    across = direction * (1j if forward else -1j)
    return root + direction * along + across * aside, root + direction * distance


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a figure stands in the picture: its origin, its size, which way it looks, and how far the ground leans."""

    x: float = 0
    y: float = 0
    size: float = 1
    left: bool = False
    tilt: float = 0

    def __call__(self, point: complex) -> complex:
        turned = point * polar(self.size, self.tilt)
        return complex(self.x + (-turned.real if self.left else turned.real), self.y - turned.imag)


def strip(centre: Sequence[complex], radii: Sequence[float | tuple[float, float]]) -> list[complex]:
    """The outline of a limb along its centre line: up its left side, round the end, and back down its right side.

    A radius may be a pair (left, right), so that a chest can be deeper than a back is high.
    """
    left: list[complex] = []
    right: list[complex] = []
    sides = [radius if isinstance(radius, tuple) else (radius, radius) for radius in radii]
    last = len(centre) - 1
    for place, point in enumerate(centre):
        before = point - centre[place - 1] if place else centre[1] - point
        after = centre[place + 1] - point if place < last else before
        direction = before / (abs(before) or 1) + after / (abs(after) or 1)
        across = direction / (abs(direction) or 1) * 1j
        left.append(point + across * sides[place][0])
        right.append(point - across * sides[place][1])
    start, end = centre[0] - centre[1], centre[-1] - centre[-2]
    tip = centre[-1] + end / (abs(end) or 1) * min(sides[-1]) * 0.9
    root = centre[0] + start / (abs(start) or 1) * min(sides[0]) * 0.9
    return [*left, tip, *reversed(right), root]


def number(value: float) -> str:
    """A coordinate as short as it can be written at a tenth of a unit."""
    text = f"{value:.1f}".removesuffix(".0")
    return {"-0": "0"}.get(text, text).replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text


def _numbers(*values: float) -> str:
    text = ""
    for value in values:
        written = number(value)
        text += written if not text or _joins(text, written) else f" {written}"
    return text


def _joins(before: str, written: str) -> bool:
    """Whether a number can follow another without a space: its sign or its second point tells it apart."""
    return written.startswith("-") or (written.startswith(".") and "." in before.replace("-", " ").rsplit(" ", 1)[-1])


def _snapped(point: complex) -> complex:
    return complex(round(point.real, 1), round(point.imag, 1))


def smooth(points: Sequence[complex], *, closed: bool = True) -> str:
    """A soft path through the points, of the same commands for the same number of points so that it can move.

    Each point has handles of one length on both sides, so that every curve but the first needs only two points.
    """
    at = [_snapped(point) for point in points]
    count = len(at)
    handles: list[complex] = []
    for place in range(count):
        before = at[place] - at[place - 1] if place or closed else 0j
        after = at[(place + 1) % count] - at[place] if place < count - 1 or closed else 0j
        near, far = sorted((abs(before), abs(after)))
        slope = before + after
        length = min(0.36 * math.sqrt(near * far), 0.52 * near) if near else 0.36 * far
        handles.append(_snapped(slope / (abs(slope) or 1) * length))
    first = handles[0]
    pieces = [f"M{_numbers(at[0].real, at[0].imag)}c{_numbers(first.real, first.imag)}"]
    for place in range(count if closed else count - 1):
        step = at[(place + 1) % count] - at[place]
        into = step - handles[(place + 1) % count]
        curve = _numbers(into.real, into.imag, step.real, step.imag)
        if place == 1:
            pieces.append("s")
        pieces.append(curve if place == 1 or _joins(pieces[-1], curve) else f" {curve}")
    return "".join(pieces) + ("z" if closed else "")


def line(points: Sequence[complex], *, closed: bool = False) -> str:
    """A path of straight lines."""
    at = [_snapped(point) for point in points]
    steps = " ".join(_numbers((there - here).real, (there - here).imag) for here, there in pairwise(at))
    return f"M{_numbers(at[0].real, at[0].imag)}l{steps}" + ("z" if closed else "")


def circle(centre: complex, radius: float, high: float | None = None) -> str:
    """A circle, or an ellipse when it has another half height."""
    high = radius if high is None else high
    at = _snapped(centre - radius)
    half = _numbers(radius, high)
    there = number(2 * radius)
    return f"M{_numbers(at.real, at.imag)}a{half} 0 1 0 {there} 0a{half} 0 1 0-{there} 0z"
