"""A dog whose exercises a warning sign has stopped has nothing to be reminded of, until a vet has released them."""

import datetime as dt
from email.message import EmailMessage

import pytest

from accounts.access import Role
from accounts.models import User
from rehab.guidance.releasing import release_stop
from rehab.nudges.actions import deliver_batch, plan
from rehab.nudges.kinds import unfinished_day
from rehab.nudges.kinds.left import unfinished_dogs
from rehab.nudges.models import Nudge
from rehab.patients.models import Patient
from rehab.programs.models import Program
from rehab.sessions.models import WarningReport
from tests import make
from tests.nudges.families import statements
from tests.nudges.kinds.asking import rows
from tests.sessions.reporting import report

pytestmark = pytest.mark.usefixtures("program")
MINUTE = dt.timedelta(minutes=1)


def release(patient: Patient, vet: User, at: dt.datetime) -> None:
    stops = WarningReport.objects.filter(patient=patient).values_list("pk", flat=True)
    release_stop(patient=patient, seen=list(stops), by=vet, roles=frozenset({Role.VET}), reason="Examined", at=at)


@pytest.mark.parametrize(("flag", "is_due"), [("RF01", False), ("RF16", False), ("RF18", True), ("RF29", True)])
def test_only_signs_that_stop_everything_silence_the_reminder(
    patient: Patient, owner: User, evening: dt.datetime, flag: str, is_due: bool
) -> None:
    report(patient, owner, flag, at=evening - MINUTE)
    assert bool(rows(unfinished_day.KIND, evening)) is is_due
    assert bool(unfinished_dogs(user_ids=[owner.pk], at=evening)) is is_due


def test_reminder_comes_again_after_the_release(patient: Patient, vet: User, owner: User, evening: dt.datetime) -> None:
    report(patient, owner, "RF01", at=evening - MINUTE)
    assert plan(at=evening) == 0
    release(patient, vet, evening)
    make.make_pain(patient)
    assert plan(at=evening + dt.timedelta(days=1)) == 1


def test_stop_between_planning_and_delivery_silences_the_message(
    patient: Patient, owner: User, evening: dt.datetime, mailoutbox: list[EmailMessage]
) -> None:
    assert plan(at=evening) == 1
    report(patient, owner, "RF01", at=evening + MINUTE)
    deliver_batch(at=evening + 2 * MINUTE)
    assert mailoutbox == []
    assert list(Nudge.objects.values_list("state", "reason")) == [("suppressed", "stopped")]


def test_other_dog_of_the_person_is_still_reminded_of(
    patient: Patient, program: Program, vet: User, owner: User, evening: dt.datetime, mailoutbox: list[EmailMessage]
) -> None:
    other = make.make_patient(patient.clinic, vet, owner=owner, name="Luna")
    make.make_program(other, vet)
    plan(at=evening)
    report(patient, owner, "RF01", at=evening + MINUTE)
    plan(at=evening + 2 * MINUTE)
    deliver_batch(at=evening + 2 * MINUTE)
    deliver_batch(at=evening + 4 * MINUTE)
    (letter,) = mailoutbox
    assert "Luna" in str(letter.subject) + str(letter.body)  # type: ignore[attr-defined]
    assert "Bruno" not in str(letter.subject) + str(letter.body)  # type: ignore[attr-defined]


def test_stops_cost_no_further_statement(patient: Patient, owner: User, evening: dt.datetime) -> None:
    before = statements(lambda: rows(unfinished_day.KIND, evening))
    report(patient, owner, "RF01", at=evening)
    assert statements(lambda: rows(unfinished_day.KIND, evening)) == before == 1
