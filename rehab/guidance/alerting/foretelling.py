"""What would happen to an alert that nobody takes over, from the moment it comes in to the end of the chain. Pure.

It walks the same functions that tell people in earnest, so what a clinic reads here is what it gets.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from rehab.guidance.alerting import chain
from rehab.guidance.alerting.chain import People, Place
from rehab.lib.opening_hours import OpeningHours


@dataclass(frozen=True, kw_only=True)
class Turn:
    """Somebody is told at an instant. ``place`` is empty at the end of the chain, where all vets are told again.

    ``is_family_asked``: from now on the family's page says that nobody has answered, and to call. ``is_nobody``: there is
    nobody to be told.
    """

    at: dt.datetime
    place: Place | None
    is_family_asked: bool = False
    is_nobody: bool = False


def foretell(
    urgency: str, own: Sequence[Place], people: People, *, at: dt.datetime, hours: OpeningHours
) -> tuple[list[Turn], dt.datetime]:
    """The turns of an alert that comes in at the instant, and when the last of them is told again for the first time."""
    places = own or chain.OF_THE_CONTENT[urgency]
    too_late = chain.answer_by(urgency, at=at, hours=hours)
    turns: list[Turn] = []
    level, is_through, is_asked = 0, False, False
    while not is_through:
        turn = chain.next_turn(urgency, own, people, after=level)
        level, is_through = turn.level, turn.is_through
        asks_now = not is_asked and chain.asks_family(urgency) and (is_through or at >= too_late)
        is_asked = is_asked or asks_now
        turns.append(
            Turn(
                at=at,
                place=None if is_through else places[level - 1],
                is_family_asked=asks_now,
                is_nobody=not turn.users,
            )
        )
        at = chain.answer_by(urgency, at=at, hours=hours, minutes=turn.minutes)
    return turns, at
