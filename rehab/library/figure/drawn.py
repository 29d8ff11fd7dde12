"""What every view of the dog has in common: paths in the order they are painted, and places to hold on to."""

from dataclasses import dataclass, fields
from typing import Any, TypeVar, cast

Pose = TypeVar("Pose")
# A path and how it is painted: one letter of the style sheet in ``rehab.library.pictures``.
Painted = tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A dog: ``far`` and ``body`` each have one outline around them all; ``edges`` and ``details`` lie on top."""

    far: list[str]
    body: list[str]
    edges: list[Painted]
    details: list[Painted]
    parts: dict[str, str]
    anchors: dict[str, complex]


def between(start: Pose, end: Pose, part: float) -> Pose:
    """The pose on the way from one to the other, number by number."""
    values = {
        each.name: getattr(start, each.name) + (getattr(end, each.name) - getattr(start, each.name)) * part
        for each in fields(cast(Any, start))
    }
    return type(start)(**values)
