"""The chain: whom each place means, and until when a person may answer."""

import datetime as dt
from uuid import UUID

import pytest

from rehab.guidance.alerting.chain import EMERGENCY, REVIEW, TODAY, People, Place, Who, answer_by, next_turn
from rehab.guidance.models import EscalationStep
from rehab.lib.opening_hours import OpeningHours

ANNA, BEN, CARA, DAN = (UUID(int=number) for number in range(1, 5))
PEOPLE = People(assigned_vet=BEN, vets=(ANNA, BEN), therapists=(CARA,))
ALWAYS = OpeningHours.of({}, time_zone="UTC")
WEEKDAYS = OpeningHours.of({str(day): [["08:00", "18:00"]] for day in range(5)}, time_zone="UTC")
FRIDAY_EVENING = dt.datetime(2026, 3, 20, 19, 0, tzinfo=dt.UTC)


def told(
    urgency: str, people: People = PEOPLE, own: tuple[Place, ...] = (), *, places: int = 3
) -> list[tuple[int, tuple[UUID, ...], bool]]:
    found, after = [], 0
    for _ in range(places):
        turn = next_turn(urgency, own, people, after=after)
        found.append((turn.level, turn.users, turn.is_through))
        after = turn.level
    return found


def test_words_are_those_of_the_clinics_own_chain() -> None:
    assert {one.value for one in Who} == set(EscalationStep.Who.values)


@pytest.mark.parametrize(
    ("urgency", "first", "second"),
    [
        (EMERGENCY, (BEN, ANNA), (ANNA, BEN, CARA)),
        (TODAY, (BEN,), (ANNA, BEN)),
        (REVIEW, (CARA,), (ANNA, BEN)),
    ],
)
def test_content_tells_two_places_and_then_all_vets_again(
    urgency: str, first: tuple[UUID, ...], second: tuple[UUID, ...]
) -> None:
    assert told(urgency, places=4) == [
        (1, first, False),
        (2, second, False),
        (3, (ANNA, BEN), True),
        (4, (ANNA, BEN), True),
    ]


def test_place_that_means_nobody_is_passed_over() -> None:
    assert told(TODAY, People(vets=(ANNA,)), places=1) == [(2, (ANNA,), False)]
    assert told(REVIEW, People(vets=(ANNA,)), places=1) == [(2, (ANNA,), False)]


def test_vet_who_signed_and_has_left_is_not_told() -> None:
    assert told(EMERGENCY, People(assigned_vet=DAN, vets=(ANNA,)), places=1) == [(1, (ANNA,), False)]


def test_clinic_without_vets_tells_its_therapists_and_an_empty_one_nobody() -> None:
    assert told(TODAY, People(therapists=(CARA,)), places=1) == [(3, (CARA,), True)]
    assert told(EMERGENCY, People(), places=2) == [(3, (), True), (4, (), True)]


def test_clinics_own_chain_comes_in_its_order() -> None:
    own = (
        Place(who=(Who.PERSON,), person=CARA, minutes=5),
        Place(who=(Who.PERSON,), person=DAN, minutes=5),  # no longer there
        Place(who=(Who.ASSIGNED_VET,), minutes=10),
    )
    assert told(EMERGENCY, own=own) == [(1, (CARA,), False), (3, (BEN,), False), (4, (ANNA, BEN), True)]


@pytest.mark.parametrize(
    ("urgency", "hours", "minutes", "expected"),
    [
        (EMERGENCY, WEEKDAYS, None, "2026-03-20T19:15"),  # nobody's hours
        (EMERGENCY, WEEKDAYS, 5, "2026-03-20T19:05"),
        (EMERGENCY, WEEKDAYS, 60, "2026-03-20T19:15"),  # own minutes only tighten
        (EMERGENCY, WEEKDAYS, 0, "2026-03-20T19:01"),  # and never go round at once
        (TODAY, ALWAYS, None, "2026-03-20T23:00"),
        (TODAY, WEEKDAYS, 5, "2026-03-23T12:00"),
        (REVIEW, ALWAYS, None, "2026-03-23T19:00"),
        (REVIEW, WEEKDAYS, None, "2026-03-25T18:00"),
    ],
)
def test_time_to_answer_is_the_contents(urgency: str, hours: OpeningHours, minutes: int | None, expected: str) -> None:
    until = answer_by(urgency, at=FRIDAY_EVENING, hours=hours, minutes=minutes)
    assert until == dt.datetime.fromisoformat(expected).replace(tzinfo=dt.UTC)
