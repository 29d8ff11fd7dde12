"""Nobody is reminded of a dog that has died, or told anything of it; the person's other dogs go on."""

import datetime as dt
from email.message import EmailMessage

import pytest

from accounts.access import Role
from accounts.models import User
from rehab.guidance.farewell import say_farewell
from rehab.nudges.actions import deliver_batch, plan
from rehab.nudges.kinds import KINDS, plan_changed, unfinished_day
from rehab.nudges.kinds.base import Kind
from rehab.nudges.kinds.left import unfinished_dogs
from rehab.nudges.models import Nudge
from rehab.patients.models import Patient
from rehab.programs.models import Program
from tests import make
from tests.nudges.kinds.asking import rows

MINUTE = dt.timedelta(minutes=1)


def say(patient: Patient, owner: User, at: dt.datetime) -> None:
    say_farewell(patient=patient, died_on=at.date(), by=owner, roles=frozenset({Role.OWNER}), at=at)


def died(patient: Patient, at: dt.datetime) -> None:
    """Only the day, as a planner may meet it in the moment in which it is said."""
    Patient.objects.filter(pk=patient.pk).update(died_on=at.date())


def test_nothing_is_planned(patient: Patient, program: Program, owner: User, evening: dt.datetime) -> None:
    assert bool(rows(unfinished_day.KIND, evening)) is True
    died(patient, evening)
    assert rows(unfinished_day.KIND, evening) == []
    assert unfinished_dogs(user_ids=[owner.pk], at=evening) == {}
    assert plan(at=evening) == 0


def test_no_news_of_a_program(patient: Patient, program: Program, owner: User, evening: dt.datetime) -> None:
    Program.objects.filter(pk=program.pk).update(created_at=evening - MINUTE)
    make.care_for(patient, make.make_user("sitter@example.test"), "caregiver")
    patient.caregivers.update(started_at=evening - 9 * MINUTE)
    assert len(rows(plan_changed.KIND, evening)) == 2
    died(patient, evening)
    assert rows(plan_changed.KIND, evening) == []


@pytest.mark.parametrize("is_said", [True, False])
def test_what_was_planned_is_not_sent(
    patient: Patient,
    program: Program,
    owner: User,
    evening: dt.datetime,
    mailoutbox: list[EmailMessage],
    is_said: bool,
) -> None:
    Program.objects.filter(pk=program.pk).update(created_at=evening - MINUTE)
    assert plan(at=evening) == 2
    (say(patient, owner, evening) if is_said else died(patient, evening))
    deliver_batch(at=evening + MINUTE)
    assert mailoutbox == []
    assert list(Nudge.objects.values_list("state", "reason").distinct()) == [("suppressed", "died")]


def test_other_dog_of_the_person_is_still_reminded_of(
    patient: Patient, program: Program, vet: User, owner: User, evening: dt.datetime, mailoutbox: list[EmailMessage]
) -> None:
    other = make.make_patient(patient.clinic, vet, owner=owner, name="Luna")
    make.make_program(other, vet)
    plan(at=evening)
    say(patient, owner, evening + MINUTE)
    for minutes in (2, 4, 6):
        plan(at=evening + minutes * MINUTE)
        deliver_batch(at=evening + minutes * MINUTE)
    (letter,) = mailoutbox
    said = str(letter.subject) + str(letter.body)  # type: ignore[attr-defined]
    assert "Luna" in said
    assert "Bruno" not in said


@pytest.mark.parametrize(
    "kind", [kind for kind in KINDS if kind.code != "clinic_week"], ids=lambda kind: kind.code.value
)
def test_no_kind_speaks_of_it(
    patient: Patient, program: Program, owner: User, evening: dt.datetime, kind: Kind
) -> None:
    """Each kind's own tests show what it finds; here the dog is dead, and it finds nothing at any hour of the day."""
    died(patient, evening)
    for hour in range(0, 24, 3):
        assert rows(kind, evening + dt.timedelta(hours=hour)) == []
