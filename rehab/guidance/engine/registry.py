"""A rule is one small function; the table under them says its id, the content's numbers it reads and where it is written."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from rehab.guidance.engine.values import Decision

SOURCE: Final = "06_progression.yaml"
Numbers = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule of the content.

    ``check`` looks at a dog, or at one of its exercises and the dog, and answers the numbers that it stands on, or
    ``None`` where it does not hold. ``thresholds`` are the names of the profile's numbers that it compares with.
    """

    id: str
    decision: Decision
    name: str
    thresholds: tuple[str, ...]
    source: str
    check: Callable[..., Numbers | None]


def rule(
    id_: str, decision: Decision, check: Callable[..., Numbers | None], *thresholds: str, source: str = SOURCE
) -> Rule:
    """The rule that a function checks; its name is that of the function."""
    return Rule(id=id_, decision=decision, name=check.__name__, thresholds=thresholds, source=source, check=check)
