"""The first and the third day of a household with a dog's first program."""

import datetime as dt

import pytest

from accounts.models import Clinic, User
from rehab.nudges.kinds.base import Reason, State
from rehab.nudges.kinds.welcome import KIND
from rehab.patients.models import Caregiver, Patient
from rehab.programs.models import Program
from tests import make
from tests.make import TODAY
from tests.nudges.families import statements
from tests.nudges.kinds.asking import (
    DAY,
    HOUR,
    asked,
    discharge,
    ended,
    looked,
    numbers,
    pause,
    plan,
    release,
    report,
    rows,
    said,
)


@pytest.fixture
def family(owner: User, caregiver: User) -> set[object]:
    """They have cared for the dog since long before the program."""
    Caregiver.objects.update(started_at=make.NOW - 90 * DAY)
    return {owner.pk, caregiver.pk}


@pytest.fixture
def fresh(patient: Patient, vet: User, family: set[object]) -> Program:
    """A first program that begins today."""
    return make.make_program(patient, vet, starts_on=TODAY)


@pytest.mark.parametrize(("day", "number"), [(-1, None), (0, 1), (1, None), (2, 3), (3, None), (10, None)])
def test_first_and_third_day(
    fresh: Program, family: set[object], evening: dt.datetime, day: int, number: int | None
) -> None:
    found = rows(KIND, evening + day * DAY)
    assert {row.user for row in found} == (family if number else set())
    assert {row.number for row in found} == ({number} if number else set())
    assert {(row.patient, row.minutes, row.subject) for row in found} <= {(fresh.patient_id, 180, None)}


@pytest.mark.parametrize(("hours", "days"), [(-10, 0), (0, 0), (7, 1), (20, 1), (55, 3)])
def test_days_count_from_the_first_of_the_family(
    patient: Patient, vet: User, owner: User, evening: dt.datetime, hours: int, days: int
) -> None:
    # The program waits for them since a week; they join at 18:00 and so many hours.
    make.make_program(patient, vet, starts_on=TODAY - 7 * DAY)
    Caregiver.objects.update(started_at=evening + hours * HOUR)
    first = evening + days * DAY + 2 * HOUR
    assert [numbers(KIND, first + n * DAY) for n in range(4)] == [{1}, set(), {3}, set()]


def test_who_joins_later_is_welcomed_by_the_household(
    patient: Patient, vet: User, owner: User, evening: dt.datetime
) -> None:
    make.make_program(patient, vet, starts_on=TODAY - 7 * DAY)
    Caregiver.objects.update(started_at=evening - 30 * DAY)
    make.care_for(patient, make.make_user(), "caregiver")
    assert rows(KIND, evening) == []


def test_days_are_the_dogs(patient: Patient, vet: User, owner: User, evening: dt.datetime) -> None:
    Patient.objects.filter(pk=patient.pk).update(time_zone="Pacific/Auckland")
    Caregiver.objects.update(started_at=make.NOW - 90 * DAY)
    make.make_program(patient, vet, starts_on=TODAY + DAY)
    # At 18:00 of the person it is tomorrow already where the dog lives.
    assert [(row.number, row.day) for row in rows(KIND, evening)] == [(1, TODAY)]


def test_finished_day_needs_no_word(fresh: Program, caregiver: User, evening: dt.datetime) -> None:
    two, one = fresh.prescriptions.order_by("position")
    plan(KIND, evening)
    make.make_tick(two, by=caregiver)
    make.make_tick(one, by=caregiver, state="skipped")
    assert [(dog.left, dog.minutes) for dog in looked(KIND, evening)] == [(1, 1)] * 2
    make.make_tick(two, by=caregiver, slot=2)
    assert ended(KIND, evening) == [(State.SUPPRESSED, Reason.DONE)] * 2
    assert asked(KIND, evening + 2 * DAY) != set()


def test_finished_day_is_not_planned(fresh: Program, caregiver: User, evening: dt.datetime) -> None:
    two, one = fresh.prescriptions.order_by("position")
    for prescription, slot in ((two, 1), (two, 2), (one, 1)):
        make.make_tick(prescription, by=caregiver, slot=slot)
    assert rows(KIND, evening) == []


def test_rest_day_is_a_rest_day(patient: Patient, vet: User, family: set[object], evening: dt.datetime) -> None:
    program = make.make_program(patient, vet, starts_on=TODAY, exercises=[])
    make.make_prescription(program, weekdays=127 & ~(1 << TODAY.weekday()))
    assert rows(KIND, evening) == []
    assert numbers(KIND, evening + 2 * DAY) == {3}


def test_second_program_welcomes_nobody(fresh: Program, vet: User, evening: dt.datetime) -> None:
    Program.objects.filter(pk=fresh.pk).update(ended_at=make.NOW, starts_on=TODAY - 30 * DAY)
    make.make_program(fresh.patient, vet, starts_on=TODAY)
    assert rows(KIND, evening) == []


def test_paused_stopped_discharged_ended(fresh: Program, patient: Patient, vet: User, evening: dt.datetime) -> None:
    plan(KIND, evening)
    at = evening + 2 * DAY
    stop = report(patient)
    assert rows(KIND, at) == []
    assert set(ended(KIND, evening)) == {(State.SUPPRESSED, Reason.STOPPED)}
    release(stop, by=vet)
    assert numbers(KIND, at) == {3}
    episode = discharge(fresh)
    assert rows(KIND, at) == []
    assert set(ended(KIND, evening)) == {(State.SUPPRESSED, Reason.DISCHARGED)}
    episode.delete()
    pause(fresh, by=vet)
    assert rows(KIND, at) == []
    assert set(ended(KIND, evening)) == {(State.SUPPRESSED, Reason.PAUSED)}
    Program.objects.update(ended_at=make.NOW)
    assert rows(KIND, at) == []
    assert set(ended(KIND, evening)) == {(State.SUPPRESSED, Reason.PROGRAM_ENDED)}


def test_dead_dog_and_former_caregiver(fresh: Program, patient: Patient, owner: User, evening: dt.datetime) -> None:
    Caregiver.objects.filter(relation="caregiver").update(ended_at=make.NOW)
    assert asked(KIND, evening) == {owner.pk}
    Patient.objects.filter(pk=patient.pk).update(died_on=TODAY)
    assert asked(KIND, evening) == set()


def test_words(fresh: Program, owner: User, evening: dt.datetime) -> None:
    plan(KIND, evening)
    words = said(KIND, evening)[0]
    assert words.title == "The first day with Bruno’s list"
    assert words.lines[0] == words.notice == "Three left, about one minute."
    assert "rest days" in words.encouragement
    assert words.values == {"left": "3", "minutes": "1"}
    plan(KIND, evening + 2 * DAY)
    assert {words.title for words in said(KIND, evening)} == {"The first day with Bruno’s list", "Bruno’s third day"}


def test_many_rows_take_as_many_statements_as_one(
    fresh: Program, clinic: Clinic, vet: User, owner: User, evening: dt.datetime
) -> None:
    plan(KIND, evening)
    assert statements(lambda: ended(KIND, evening)) == 4  # one of them reads the rows
    for n in range(6):
        dog = make.make_patient(clinic, vet, owner=make.make_user(), name=f"Dog {n}")
        make.make_program(dog, vet, starts_on=TODAY)
    plan(KIND, evening)
    assert statements(lambda: ended(KIND, evening)) == 4
    assert len(said(KIND, evening)) == 8
