"""Silence: two, four and seven days with something due on which nobody of the household was heard."""

import datetime as dt
from typing import Any

import pytest

from accounts.models import Clinic, User
from rehab.guidance import attention
from rehab.guidance.queries.facts import facts_of
from rehab.nudges.kinds.base import Reason, State
from rehab.nudges.kinds.silence import KIND
from rehab.patients.models import Caregiver, Patient
from rehab.programs.models import Program
from tests import make
from tests.make import TODAY
from tests.nudges.families import statements
from tests.nudges.kinds.asking import (
    DAY,
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

EVERY = {"sets": 1, "reps": 5, "per_day": 1, "days_per_week": 7}


@pytest.fixture
def daily(patient: Patient, vet: User, owner: User, caregiver: User) -> Program:
    """Something every day for three weeks, and Carl did it today."""
    program = make.make_program(patient, vet, exercises=[("stand-count", EVERY)])
    make.make_tick(program.prescriptions.get(), TODAY, by=caregiver)
    return program


def worklist(patient: Patient, at: dt.datetime) -> bool:
    """Whether the clinic's list says that the dog's family is silent."""
    today = at.date()
    facts = facts_of([patient.pk], first=today - 13 * DAY, until=today + DAY)[patient.pk]
    found = attention.reasons(facts.dog(today=today, days=facts.days(today=today)))
    return attention.Code.SILENT in {reason.code for reason in found}


def course(at: dt.datetime, days: int) -> dict[int, set[int | None]]:
    """The number that is found on each evening, by how many days later it is; without the evenings of nobody."""
    found = {day: numbers(KIND, at + day * DAY) for day in range(days)}
    return {day: number for day, number in found.items() if number}


def test_second_fourth_and_seventh_silent_day_and_then_nobody(
    daily: Program, owner: User, caregiver: User, evening: dt.datetime
) -> None:
    assert course(evening, 60) == {2: {2}, 4: {4}, 7: {7}}
    assert asked(KIND, evening + 2 * DAY) == {owner.pk, caregiver.pk}


def test_at_seven_the_worklist_knows(daily: Program, patient: Patient, evening: dt.datetime) -> None:
    assert [worklist(patient, evening + day * DAY) for day in (2, 3, 4, 7)] == [False, False, True, True]


def test_only_days_with_something_due_count(patient: Patient, vet: User, owner: User, evening: dt.datetime) -> None:
    program = make.make_program(patient, vet, exercises=[], starts_on=TODAY - 21 * DAY)
    make.make_prescription(program, weekdays=0b0010101)  # Monday, Wednesday, Friday; today is a Wednesday
    make.make_tick(program.prescriptions.get(), TODAY)
    assert course(evening, 40) == {5: {2}, 9: {4}, 16: {7}}


@pytest.mark.parametrize("weekdays", [0b0000100, 0b0100100])
def test_few_days_a_week_come_to_an_end_too(
    patient: Patient, vet: User, owner: User, evening: dt.datetime, weekdays: int
) -> None:
    program = make.make_program(patient, vet, exercises=[], starts_on=TODAY - 70 * DAY)
    make.make_prescription(program, weekdays=weekdays)
    make.make_tick(program.prescriptions.get(), TODAY)
    assert sorted(number for found in course(evening, 110).values() for number in found if number) == [2, 4, 7]


@pytest.mark.parametrize("state", ["done", "partial", "skipped", "undone"])
def test_word_of_anybody_begins_it_anew(daily: Program, caregiver: User, evening: dt.datetime, state: str) -> None:
    make.make_tick(daily.prescriptions.get(), TODAY + 3 * DAY, by=caregiver, state=state)
    assert course(evening + 3 * DAY, 9) == {2: {2}, 4: {4}, 7: {7}}


@pytest.mark.parametrize(("day", "moment", "heard"), [(3, "before", 3), (3, "after", 3), (2, "next_morning", 3)])
def test_word_about_pain_is_heard_on_the_day_on_which_it_was_felt(
    daily: Program, patient: Patient, caregiver: User, evening: dt.datetime, day: int, moment: str, heard: int
) -> None:
    make.make_pain(patient, TODAY + day * DAY, moment, by=caregiver)
    assert course(evening + heard * DAY, 9) == {2: {2}, 4: {4}, 7: {7}}


def test_new_program_is_not_silent_before_its_fourth_day(
    patient: Patient, vet: User, owner: User, evening: dt.datetime
) -> None:
    make.make_program(patient, vet, exercises=[("stand-count", EVERY)], starts_on=TODAY)
    assert course(evening, 12) == {3: {4}, 6: {7}}
    assert [worklist(patient, evening + day * DAY) for day in (2, 3)] == [False, True]


def test_word_of_today_silences_and_one_of_yesterday_too(
    daily: Program, patient: Patient, caregiver: User, evening: dt.datetime
) -> None:
    at = evening + 4 * DAY
    plan(KIND, at)
    assert [one.heard_on for one in looked(KIND, at)] == [TODAY, TODAY]
    late = make.make_tick(daily.prescriptions.get(), TODAY + 3 * DAY, by=caregiver)
    assert ended(KIND, at) == [(State.SUPPRESSED, Reason.ANSWERED)] * 2
    late.delete()
    make.make_pain(patient, TODAY + 3 * DAY, "next_morning")
    assert ended(KIND, at) == [(State.SUPPRESSED, Reason.ANSWERED)] * 2


def test_days_that_a_warning_sign_had_stopped_do_not_count(
    daily: Program, patient: Patient, vet: User, evening: dt.datetime
) -> None:
    stop = report(patient, at=evening + DAY)
    assert course(evening, 9) == {}
    release(stop, by=vet, at=evening + 3 * DAY)
    # The days from the first to the third are free; the fourth is the first that counts.
    assert course(evening, 12) == {5: {2}, 7: {4}, 10: {7}}
    plan(KIND, evening + 5 * DAY)
    assert [one.heard_on for one in looked(KIND, evening + 5 * DAY)] == [TODAY, TODAY]
    report(patient, at=evening + 5 * DAY)
    assert set(ended(KIND, evening + 5 * DAY)) == {(State.SUPPRESSED, Reason.STOPPED)}


def test_paused_days_do_not_count(daily: Program, vet: User, evening: dt.datetime) -> None:
    plan(KIND, evening + 2 * DAY)
    pause(daily, by=vet, at=evening + 2 * DAY)
    assert course(evening, 12) == {}
    assert set(ended(KIND, evening + 2 * DAY)) == {(State.SUPPRESSED, Reason.PAUSED)}
    make.make_prescription(daily, starts_on=TODAY + 6 * DAY)
    Program.objects.update(paused_by=None)
    # One silent day before the pause, and those after it.
    assert course(evening, 16) == {6: {2}, 8: {4}, 11: {7}}


def test_discharged_ended_dead_and_former(
    daily: Program, patient: Patient, owner: User, caregiver: User, evening: dt.datetime
) -> None:
    at = evening + 2 * DAY
    Caregiver.objects.filter(user=caregiver).update(ended_at=make.NOW)
    assert asked(KIND, at) == {owner.pk}
    plan(KIND, at)
    episode = discharge(daily)
    assert asked(KIND, at + 2 * DAY) == set()
    assert ended(KIND, at) == [(State.SUPPRESSED, Reason.DISCHARGED)]
    episode.delete()
    Program.objects.update(ended_at=make.NOW)
    assert asked(KIND, at + 2 * DAY) == set()
    assert ended(KIND, at) == [(State.SUPPRESSED, Reason.PROGRAM_ENDED)]
    Program.objects.update(ended_at=None)
    assert asked(KIND, at + 2 * DAY) == {owner.pk}
    Patient.objects.update(died_on=TODAY)
    assert asked(KIND, at + 2 * DAY) == set()


@pytest.mark.parametrize("zone", ["Asia/Kathmandu", "Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_days_are_the_dogs(daily: Program, evening: dt.datetime, zone: str) -> None:
    Patient.objects.update(time_zone=zone)
    User.objects.update(time_zone=zone)
    start = dt.datetime(2026, 3, 17, 12, tzinfo=dt.UTC)
    found: dict[dt.date, set[Any]] = {}
    for hour in range(24 * 9):
        for row in rows(KIND, start + hour * dt.timedelta(hours=1)):
            found.setdefault(row.day, set()).add(row.number)
    assert found == {TODAY + 2 * DAY: {2}, TODAY + 4 * DAY: {4}, TODAY + 7 * DAY: {7}}


def test_words_grow_no_louder(daily: Program, owner: User, evening: dt.datetime) -> None:
    for day in (2, 4, 7):
        plan(KIND, evening + day * DAY)
    words = {one.lines[2]: one for one in said(KIND, evening + 7 * DAY)}
    assert len(words) == 3
    assert {one.title for one in words.values()} == {"How are things with Bruno?"}
    assert {one.notice for one in words.values()} == {"A short round counts too."}
    assert {one.lines[:2] for one in words.values()} == {
        ("One left, about one minute.", "Nothing of Bruno’s list has been noted since Wednesday, 18 March.")
    }
    assert any("Lindenhof Veterinary Clinic sees it too" in line for line in words)


def test_nobody_was_ever_heard(patient: Patient, vet: User, owner: User, evening: dt.datetime) -> None:
    make.make_program(patient, vet, exercises=[("stand-count", EVERY)], starts_on=TODAY)
    plan(KIND, evening + 3 * DAY)
    (words,) = said(KIND, evening + 3 * DAY)
    assert words.lines[1] == "Nothing of Bruno’s list has been noted yet."


def test_many_rows_take_as_many_statements_as_one(
    daily: Program, clinic: Clinic, vet: User, owner: User, evening: dt.datetime
) -> None:
    at = evening + 4 * DAY
    plan(KIND, at)
    assert statements(lambda: ended(KIND, at)) == 8  # one of them reads the rows
    for n in range(6):
        dog = make.make_patient(clinic, vet, owner=make.make_user(), name=f"Dog {n}")
        program = make.make_program(dog, vet, exercises=[("stand-count", EVERY)])
        make.make_tick(program.prescriptions.get(), TODAY)
    plan(KIND, at)
    assert statements(lambda: ended(KIND, at)) == 8
    assert len(said(KIND, at)) == 8
