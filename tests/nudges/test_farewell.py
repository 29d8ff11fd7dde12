"""Nobody is reminded of a dog that has died, or told anything of it; the person's other dogs go on."""

import datetime as dt
from email.message import EmailMessage

import pytest

from accounts.access import Role
from accounts.models import User
from rehab.guidance.farewell import say_farewell
from rehab.nudges.actions import deliver_batch, plan
from rehab.nudges.models import Nudge
from rehab.nudges.queries import due_reminders, unfinished_dogs, untold_news
from rehab.patients.models import Patient
from rehab.programs.models import Program
from tests import make
from tests.nudges.families import statements

MINUTE = dt.timedelta(minutes=1)


def say(patient: Patient, owner: User, at: dt.datetime) -> None:
    say_farewell(patient=patient, died_on=at.date(), by=owner, roles=frozenset({Role.OWNER}), at=at)


def died(patient: Patient, at: dt.datetime) -> None:
    """Only the day, as a planner may meet it in the moment in which it is said."""
    Patient.objects.filter(pk=patient.pk).update(died_on=at.date())


def test_nothing_is_planned(patient: Patient, program: Program, owner: User, evening: dt.datetime) -> None:
    assert bool(due_reminders(at=evening, limit=10)) is True
    died(patient, evening)
    assert due_reminders(at=evening, limit=10) == []
    assert unfinished_dogs(user_ids=[owner.pk], at=evening) == {}
    assert plan(at=evening) == 0


def test_no_news_of_a_program(patient: Patient, program: Program, owner: User, evening: dt.datetime) -> None:
    Program.objects.filter(pk=program.pk).update(created_at=evening - MINUTE)
    make.care_for(patient, make.make_user("sitter@example.test"), "caregiver")
    patient.caregivers.update(started_at=evening - 9 * MINUTE)
    assert len(untold_news(at=evening, limit=10)) == 2
    died(patient, evening)
    assert untold_news(at=evening, limit=10) == []


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
    patient.caregivers.update(started_at=evening - 9 * MINUTE)
    assert plan(at=evening) == 2
    (say(patient, owner, evening) if is_said else died(patient, evening))
    deliver_batch(at=evening + MINUTE)
    assert mailoutbox == []
    assert list(Nudge.objects.values_list("state", "reason").distinct()) == [("suppressed", "program_ended")]


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


def test_it_costs_no_further_statement(patient: Patient, program: Program, evening: dt.datetime) -> None:
    for work in (due_reminders, untold_news):
        assert statements(lambda work=work: work(at=evening, limit=10)) == 1  # type: ignore[misc]
