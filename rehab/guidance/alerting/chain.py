"""Who is told of an alert, in which order, and how long each is waited for. Source: 02_redflags.yaml, ``urgency_levels``.

An emergency waits for nobody's opening hours. Of the other signs only the time counts in which the clinic is open.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from rehab.lib.opening_hours import OpeningHours
from rehab.library import reading

EMERGENCY: Final = "emergency_now"
TODAY: Final = "call_today"
REVIEW: Final = "next_review"


class Who(StrEnum):
    """Whom a place of the chain tells; the values are those of a clinic's own chain."""

    ASSIGNED_VET = "assigned_vet"
    THERAPISTS = "therapists"
    VETS = "vets"
    PERSON = "person"


@dataclass(frozen=True, kw_only=True)
class Place:
    """One place of a chain: whom it tells, and after how many minutes the next one is told, where the clinic says so."""

    who: tuple[Who, ...]
    person: UUID | None = None
    minutes: int | None = None


@dataclass(frozen=True, kw_only=True)
class People:
    """Who treats one dog today: the vet who signed its newest definition, and the clinic's vets and therapists."""

    assigned_vet: UUID | None = None
    vets: tuple[UUID, ...] = ()
    therapists: tuple[UUID, ...] = ()

    def of(self, place: Place) -> tuple[UUID, ...]:
        """Whom the place means today; only people who still treat the clinic's dogs."""
        staff = {*self.vets, *self.therapists}
        named: list[UUID | None] = []
        for who in place.who:
            if who is Who.ASSIGNED_VET:
                named.append(self.assigned_vet)
            elif who is Who.PERSON:
                named.append(place.person)
            else:
                named += self.vets if who is Who.VETS else self.therapists
        return tuple(dict.fromkeys(one for one in named if one is not None and one in staff))


@dataclass(frozen=True, kw_only=True)
class Turn:
    """Who is told now. ``is_through``: the chain has come to its end, and all vets are told again and again."""

    level: int
    users: tuple[UUID, ...]
    minutes: int | None
    is_through: bool


OF_THE_CONTENT: Final[Mapping[str, tuple[Place, ...]]] = {
    EMERGENCY: (Place(who=(Who.ASSIGNED_VET, Who.VETS)), Place(who=(Who.VETS, Who.THERAPISTS))),
    TODAY: (Place(who=(Who.ASSIGNED_VET,)), Place(who=(Who.VETS,))),
    REVIEW: (Place(who=(Who.THERAPISTS,)), Place(who=(Who.VETS,))),
}


def next_turn(urgency: str, own: Sequence[Place], people: People, *, after: int) -> Turn:
    """Who comes after the place ``after`` (0: nobody was told yet) of the clinic's own chain, or the content's.

    A place that means nobody today is passed over.
    """
    places = own or OF_THE_CONTENT[urgency]
    for number in range(after, len(places)):
        if users := people.of(places[number]):
            return Turn(level=number + 1, users=users, minutes=places[number].minutes, is_through=False)
    users = people.vets or people.therapists
    return Turn(level=max(after, len(places)) + 1, users=users, minutes=None, is_through=True)


def answer_by(urgency: str, *, at: dt.datetime, hours: OpeningHours, minutes: int | None = None) -> dt.datetime:
    """Until when a person may take over what was told at the instant; a clinic's own minutes only tighten an emergency."""
    wait = _waits()[urgency]
    if urgency == EMERGENCY:
        own = wait if minutes is None else dt.timedelta(minutes=max(1, minutes))
        return at + min(wait, own)
    if urgency == TODAY:
        return hours.after(at, wait)
    return hours.after_days(at, wait.days)


def asks_family(urgency: str) -> bool:
    """Whether the family is to call where nobody answers; what waits for the next review waits on the clinic's list."""
    return urgency in (EMERGENCY, TODAY)


def gravest(urgencies: Collection[str]) -> str:
    """The most urgent of some."""
    return min(urgencies, key=(EMERGENCY, TODAY, REVIEW).index)


@lru_cache(maxsize=1)
def _waits() -> dict[str, dt.timedelta]:
    """How long the content waits for a person at each urgency."""
    levels: Mapping[str, Mapping[str, Any]] = reading.read(reading.RED_FLAGS)["urgency_levels"]
    return {
        EMERGENCY: dt.timedelta(minutes=levels[EMERGENCY]["human_ack_min"]),
        TODAY: dt.timedelta(hours=levels[TODAY]["human_ack_hours"]),
        REVIEW: dt.timedelta(days=levels[REVIEW]["human_ack_days"]),
    }
