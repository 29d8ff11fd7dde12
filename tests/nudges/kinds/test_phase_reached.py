"""A later phase within the last day, by somebody else's decision."""

import datetime as dt

import pytest

from accounts.models import Clinic, User
from rehab.nudges.kinds.base import Reason, State
from rehab.nudges.kinds.phase_reached import KIND
from rehab.nudges.models import NudgePreference
from rehab.patients.models import Caregiver, Patient
from rehab.programs.models import Decision, Program
from rehab.sessions.models import Command
from tests import make
from tests.make import TODAY
from tests.nudges.families import statements
from tests.nudges.kinds.asking import (
    DAY,
    HOUR,
    MINUTE,
    asked,
    decide,
    discharge,
    ended,
    pause,
    plan,
    report,
    rows,
    said,
)


def move(program: Program, by: User, *, to: str = "P3", at: dt.datetime = make.NOW) -> Decision:
    """What ``move_phase`` leaves behind: on the way on it holds from tomorrow."""
    on = at.date() + (DAY if to > program.phase else 0 * DAY)
    made = decide(program, "phase", by=by, at=at, details={"from": program.phase, "to": to}, effective_on=on)
    Program.objects.filter(pk=program.pk).update(phase=to, phase_name="Strengthen", plan_version=made.plan_version)
    program.refresh_from_db()
    return made


@pytest.fixture(autouse=True)
def _since_long(patient: Patient, owner: User, caregiver: User) -> None:
    Caregiver.objects.update(started_at=make.NOW - 90 * DAY)


def test_everybody_of_the_household_but_who_decided(
    program: Program, vet: User, owner: User, caregiver: User, now: dt.datetime
) -> None:
    made = move(program, vet)
    found = rows(KIND, now + 5 * MINUTE)
    assert {row.user for row in found} == {owner.pk, caregiver.pk}
    assert {(row.patient, row.day, row.minutes, row.number, row.subject) for row in found} == {
        (program.patient_id, TODAY, 24 * 60 - 5, None, made.pk)
    }
    make.care_for(program.patient, vet)
    Caregiver.objects.update(started_at=now - DAY)
    assert asked(KIND, now) == {owner.pk, caregiver.pk}


@pytest.mark.parametrize(("to", "is_told"), [("P1", False), ("P3", True), ("P4", True)])
def test_only_the_way_on(program: Program, vet: User, now: dt.datetime, to: str, is_told: bool) -> None:
    move(program, vet, to=to)
    assert bool(rows(KIND, now)) is is_told


@pytest.mark.parametrize(("hours", "is_told"), [(0, True), (2, True), (4, False), (14, False), (15, True), (24, False)])
def test_within_a_day_and_never_in_quiet_hours(
    program: Program, vet: User, now: dt.datetime, hours: int, is_told: bool
) -> None:
    move(program, vet)  # at 17:00
    assert bool(rows(KIND, now + hours * HOUR)) is is_told


def test_once(program: Program, vet: User, now: dt.datetime) -> None:
    move(program, vet)
    assert len(plan(KIND, now)) == 2
    assert rows(KIND, now) == rows(KIND, now + 20 * HOUR) == []


def test_way_back_takes_it_back(program: Program, vet: User, now: dt.datetime) -> None:
    move(program, vet)
    plan(KIND, now)
    move(program, vet, to="P2", at=now + MINUTE)
    assert rows(KIND, now + HOUR) == []
    assert set(ended(KIND, now + HOUR)) == {(State.SUPPRESSED, Reason.DONE)}


def test_who_joined_later_has_seen_it(
    program: Program, vet: User, owner: User, caregiver: User, now: dt.datetime
) -> None:
    Caregiver.objects.filter(user=caregiver).update(started_at=now + MINUTE)
    move(program, vet)
    assert asked(KIND, now + HOUR) == {owner.pk}


def test_who_has_noted_something_under_the_new_plan_has_seen_it(
    program: Program, vet: User, owner: User, caregiver: User, now: dt.datetime
) -> None:
    made = move(program, vet)
    plan(KIND, now)
    one = program.prescriptions.first()
    assert one is not None
    make.make_tick(one, by=caregiver, done_at=now + MINUTE)
    Command.objects.update(plan_version=made.plan_version - 1)
    assert ended(KIND, now + HOUR) == []
    Command.objects.update(plan_version=made.plan_version)
    assert ended(KIND, now + HOUR) == [(State.SUPPRESSED, Reason.SEEN)]


def test_paused_stopped_discharged_ended(program: Program, patient: Patient, vet: User, now: dt.datetime) -> None:
    move(program, vet)
    plan(KIND, now)
    at = now + HOUR
    stop = report(patient)
    assert set(ended(KIND, at)) == {(State.SUPPRESSED, Reason.STOPPED)}
    stop.delete()
    episode = discharge(program)
    assert set(ended(KIND, at)) == {(State.SUPPRESSED, Reason.DISCHARGED)}
    episode.delete()
    assert ended(KIND, at) == []
    pause(program, by=vet)
    assert set(ended(KIND, at)) == {(State.SUPPRESSED, Reason.PAUSED)}
    Program.objects.update(ended_at=now)
    assert set(ended(KIND, at)) == {(State.SUPPRESSED, Reason.PROGRAM_ENDED)}


@pytest.mark.parametrize("why", ["stopped", "discharged", "paused", "ended", "dead", "former", "off", "snoozed"])
def test_not_planned_for(
    program: Program, patient: Patient, vet: User, owner: User, caregiver: User, now: dt.datetime, why: str
) -> None:
    move(program, vet)
    assert asked(KIND, now) == {owner.pk, caregiver.pk}
    match why:
        case "stopped":
            report(patient)
        case "discharged":
            discharge(program)
        case "paused":
            pause(program, by=vet)
        case "ended":
            Program.objects.update(ended_at=now)
        case "dead":
            Patient.objects.update(died_on=TODAY)
        case "former":
            Caregiver.objects.update(ended_at=now)
        case "off":
            NudgePreference.objects.update(reminds=False)
        case "snoozed":
            NudgePreference.objects.update(snoozed_until=now + MINUTE)
    assert asked(KIND, now) == set()


def test_words_name_the_phase_below_and_not_above(program: Program, vet: User, now: dt.datetime) -> None:
    move(program, vet)
    plan(KIND, now)
    words = said(KIND, now)[0]
    assert words.title == "Bruno has come a step further"
    assert "Strengthen" not in words.title + words.notice
    assert words.lines[0] == "The next phase is called “Strengthen”."
    assert "from Thursday, 19 March on" in words.lines[2]
    assert said(KIND, now + DAY)[0].lines[2] == "The list is a little different from today on."


def test_many_rows_take_as_many_statements_as_one(
    program: Program, clinic: Clinic, vet: User, now: dt.datetime
) -> None:
    move(program, vet)
    plan(KIND, now)
    assert statements(lambda: ended(KIND, now)) == 4  # one of them reads the rows
    for n in range(6):
        dog = make.make_patient(clinic, vet, owner=make.make_user(), name=f"Dog {n}")
        move(make.make_program(dog, vet), vet)
    plan(KIND, now)
    assert statements(lambda: ended(KIND, now)) == 4
    assert len(said(KIND, now)) == 8
