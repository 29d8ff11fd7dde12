"""All kinds of this folder through the planner: what it writes of their candidates, and in which order they go before."""

import datetime as dt

import pytest

from accounts.models import Clinic, User
from rehab.nudges import actions
from rehab.nudges.kinds import BY_CODE
from rehab.nudges.models import Nudge
from rehab.patients.models import Caregiver, Patient
from tests import make
from tests.make import TODAY
from tests.nudges.kinds.asking import DAY, HOUR, discharge, report
from tests.nudges.kinds.test_checkpoint import make_checkpoint
from tests.nudges.kinds.test_phase_reached import move

Kind = Nudge.Kind


def carried() -> set[tuple[str, str, int | None, bool]]:
    """Kind, dog, number and whether it has a subject, of what is to be sent."""
    found = Nudge.objects.filter(state__in=Nudge.OPEN_STATES)
    return {(one.kind, one.patient.name, one.number, one.subject_id is not None) for one in found}


def test_each_kind_is_written_by_the_planner(clinic: Clinic, vet: User, evening: dt.datetime) -> None:
    def family(name: str) -> Patient:
        dog = make.make_patient(clinic, vet, owner=make.make_user(), name=name)
        Caregiver.objects.filter(patient=dog).update(started_at=evening - 90 * DAY)
        return dog

    make.make_program(family("Welcome"), vet, starts_on=TODAY)
    silent = make.make_program(family("Silence"), vet)
    for one in silent.prescriptions.all():
        make.make_tick(one, TODAY - 2 * DAY)
    due = family("Exam")
    make.make_definition(due, vet, re_exam_due_on=TODAY + DAY)
    make_checkpoint(discharge(make.make_program(family("Checkpoint"), vet), on=TODAY - 90 * DAY), due_on=TODAY)
    phased = family("Phase")
    move(make.make_program(phased, vet, exercises=[]), vet)
    make.make_message(family("Reply"), vet, at=evening - HOUR)
    report(family("Call"), at=evening, told_to_call_at=evening)
    actions.plan(at=evening)
    assert carried() == {
        ("welcome", "Welcome", 1, False),
        ("plan_changed", "Welcome", None, False),
        ("silence", "Silence", 2, False),
        ("re_exam", "Exam", 1, True),
        ("checkpoint", "Checkpoint", 3, True),
        ("phase_reached", "Phase", None, True),
        ("reply", "Reply", None, False),
        ("call_clinic", "Call", None, True),
    }


def test_morning_is_written_by_the_planner(patient: Patient, vet: User, owner: User, now: dt.datetime) -> None:
    program = make.make_program(patient, vet)
    for one in program.prescriptions.all():
        make.make_tick(one, TODAY - DAY)
    actions.plan(at=now.replace(hour=8, minute=30))
    assert carried() == {("next_morning", "Bruno", None, False)}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (Kind.CHECKPOINT, Kind.RE_EXAM),
        (Kind.RE_EXAM, Kind.WELCOME),
        (Kind.WELCOME, Kind.SILENCE),
        (Kind.SILENCE, Kind.NEXT_MORNING),
    ],
)
def test_what_carries_the_day(first: Nudge.Kind, second: Nudge.Kind) -> None:
    assert BY_CODE[first].rank < BY_CODE[second].rank


@pytest.mark.parametrize("code", [Kind.PHASE_REACHED, Kind.REPLY, Kind.CALL_CLINIC])
def test_news_and_safety_take_nobodys_place(code: Nudge.Kind) -> None:
    kind = BY_CODE[code]
    assert {kind.is_prompt, kind.is_one_a_day, kind.is_by_lot} == {False}
    assert kind.is_safety is (code == Kind.CALL_CLINIC)
