"""A re-examination that comes up, or was due yesterday: to owners, once each, and then it is the clinic's."""

import datetime as dt

import pytest

from accounts.models import Clinic, User
from rehab.nudges.kinds.base import Reason, State
from rehab.nudges.kinds.re_exam import KIND
from rehab.nudges.models import Nudge
from rehab.patients.models import Caregiver, Patient, ProblemDefinition
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
    report,
    rows,
    said,
)


@pytest.fixture
def signed(patient: Patient, vet: User, owner: User, caregiver: User) -> ProblemDefinition:
    """The dog is to be seen in five days."""
    definition = make.make_definition(patient, vet, re_exam_due_on=TODAY + 5 * DAY)
    make.make_program(patient, vet, definition)
    return definition


@pytest.mark.parametrize(
    ("day", "number"), [(0, None), (1, None), (2, 1), (3, 1), (4, 1), (5, 1), (6, 2), (7, None), (20, None)]
)
def test_owners_three_days_before_and_on_the_day_after(
    signed: ProblemDefinition, patient: Patient, owner: User, evening: dt.datetime, day: int, number: int | None
) -> None:
    found = [(row.user, row.patient, row.number, row.subject) for row in rows(KIND, evening + day * DAY)]
    assert found == ([(owner.pk, patient.pk, number, signed.pk)] if number else [])


def test_once_each(signed: ProblemDefinition, evening: dt.datetime) -> None:
    told = [[one.number for one in plan(KIND, evening + day * DAY)] for day in range(10)]
    assert told == [[], [], [1], [], [], [], [2], [], [], []]


def test_what_lost_against_a_cap_comes_another_day(signed: ProblemDefinition, evening: dt.datetime) -> None:
    plan(KIND, evening + 2 * DAY, state=State.SUPPRESSED, reason=Reason.ENOUGH)
    assert numbers(KIND, evening + 2 * DAY) == set()
    assert numbers(KIND, evening + 3 * DAY) == {1}


def test_new_definition_ends_it(
    signed: ProblemDefinition, patient: Patient, vet: User, owner: User, evening: dt.datetime
) -> None:
    at = evening + 3 * DAY
    plan(KIND, at)
    make.make_definition(patient, vet, signed=False, re_exam_due_on=TODAY + 40 * DAY)
    assert ended(KIND, at) == []
    make.rewrite(patient.definitions.get(signed_at=None), signed_by=vet, signed_at=make.NOW)
    assert ended(KIND, at) == [(State.SUPPRESSED, Reason.DONE)]
    assert asked(KIND, at) == set()
    assert asked(KIND, evening + 37 * DAY) == {owner.pk}


def test_words_of_yesterday_are_too_late(signed: ProblemDefinition, evening: dt.datetime) -> None:
    plan(KIND, evening + 5 * DAY)
    assert [one.days for one in looked(KIND, evening + 5 * DAY)] == [0]
    assert ended(KIND, evening + 6 * DAY) == [(State.EXPIRED, Reason.TOO_LATE)]


def test_stop_does_not_silence_it_but_pause_and_discharge_do(
    signed: ProblemDefinition, patient: Patient, vet: User, owner: User, evening: dt.datetime
) -> None:
    at, program = evening + 3 * DAY, Program.objects.get()
    plan(KIND, at)
    report(patient)
    assert ended(KIND, at) == []
    assert asked(KIND, at + 3 * DAY) == {owner.pk}
    pause(program, by=vet)
    assert ended(KIND, at) == [(State.SUPPRESSED, Reason.PAUSED)]
    assert asked(KIND, at + 3 * DAY) == set()
    Program.objects.update(paused_by=None)
    discharge(program)
    assert ended(KIND, at) == [(State.SUPPRESSED, Reason.DISCHARGED)]
    assert asked(KIND, at + 3 * DAY) == set()


def test_dead_dog_former_owner_and_no_program(
    signed: ProblemDefinition, patient: Patient, owner: User, evening: dt.datetime
) -> None:
    at = evening + 3 * DAY
    # The worklist asks for the re-examination also while there is no program.
    Program.objects.update(ended_at=make.NOW)
    assert asked(KIND, at) == {owner.pk}
    Patient.objects.update(died_on=TODAY)
    assert asked(KIND, at) == set()
    Patient.objects.update(died_on=None)
    Caregiver.objects.update(ended_at=make.NOW)
    assert asked(KIND, at) == set()


@pytest.mark.parametrize(("zone", "shift"), [("Pacific/Auckland", 1), ("Pacific/Pago_Pago", 0)])
def test_days_are_the_dogs(signed: ProblemDefinition, evening: dt.datetime, zone: str, shift: int) -> None:
    Patient.objects.update(time_zone=zone)
    assert [day for day in range(10) if numbers(KIND, evening + day * DAY) == {2}] == [6 - shift]


def test_words(signed: ProblemDefinition, evening: dt.datetime) -> None:
    plan(KIND, evening + 2 * DAY)
    (words,) = said(KIND, evening + 2 * DAY)
    assert words.title == "Bruno’s next visit"
    assert words.lines[0] == "Lindenhof Veterinary Clinic would like to see Bruno by Monday, 23 March."
    (words,) = said(KIND, evening + 5 * DAY)
    assert words.lines[0] == "Lindenhof Veterinary Clinic would like to see Bruno today."
    Nudge.objects.all().delete()
    plan(KIND, evening + 6 * DAY)
    (words,) = said(KIND, evening + 6 * DAY)
    assert words.lines == (
        "Lindenhof Veterinary Clinic wanted to see Bruno by Monday, 23 March.",
        "Until a vet has looked again, nothing is added to the program.",
    )


def test_many_rows_take_as_many_statements_as_one(
    signed: ProblemDefinition, clinic: Clinic, vet: User, evening: dt.datetime
) -> None:
    at = evening + 2 * DAY
    plan(KIND, at)
    assert statements(lambda: ended(KIND, at)) == 3  # one of them reads the rows
    for n in range(6):
        dog = make.make_patient(clinic, vet, owner=make.make_user(), name=f"Dog {n}")
        make.make_definition(dog, vet, re_exam_due_on=TODAY + 4 * DAY)
    plan(KIND, at)
    assert statements(lambda: ended(KIND, at)) == 3
    assert len(said(KIND, at)) == 7
