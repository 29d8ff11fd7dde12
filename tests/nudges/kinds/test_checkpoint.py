"""The look some months after a discharge: on its day, and once more while it is not all answered."""

import datetime as dt

import pytest

from accounts.models import Clinic, User
from rehab.nudges.kinds.base import Reason, State
from rehab.nudges.kinds.checkpoint import KIND
from rehab.nudges.models import Nudge
from rehab.patients.models import Caregiver, Patient
from rehab.programs import maintenance
from rehab.programs.models import Checkpoint, Episode, Program
from rehab.sessions.queries import day_view
from rehab.sessions.screen import checkpoints, page
from tests import make
from tests.make import TODAY
from tests.nudges.families import statements
from tests.nudges.kinds.asking import (
    DAY,
    asked,
    discharge,
    ended,
    looked,
    pause,
    plan,
    release,
    report,
    rows,
    said,
)


@pytest.fixture
def due(program: Program, owner: User) -> Checkpoint:
    """Three months after the discharge, due in two days."""
    return make_checkpoint(discharge(program, on=TODAY - 90 * DAY))


def make_checkpoint(episode: Episode, *, due_on: dt.date = TODAY + 2 * DAY, month: int = 3) -> Checkpoint:
    return Checkpoint.objects.create(
        clinic=episode.clinic, patient=episode.patient, episode=episode, month=month, due_on=due_on
    )


def answer(patient: Patient, by: User, day: dt.date, *, but: str = "") -> None:
    """All that is asked, without one thing."""
    for metric in checkpoints.open_questions(()):
        if metric == but:
            continue
        if metric == maintenance.PAIN:
            make.make_pain(patient, day, by=by)
        else:
            make.observe(patient, metric, 20, by, day)


def page_asks(patient: Patient, user: User, at: dt.datetime) -> bool:
    return page.checkpoint_asked(day_view(user=user, patient_id=patient.pk, day=None, at=at)) is not None


def test_first_day_and_five_days_later(due: Checkpoint, owner: User, caregiver: User, evening: dt.datetime) -> None:
    told = {day: plan(KIND, evening + day * DAY) for day in range(30)}
    assert {day: len(found) for day, found in told.items() if found} == {2: 2, 7: 2}
    assert {(one.user_id, one.number, one.subject_id) for found in told.values() for one in found} == {
        (owner.pk, 3, due.pk),
        (caregiver.pk, 3, due.pk),
    }


@pytest.mark.parametrize("day", [0, 1, 2, 9, 15, 16, 30])
def test_asked_within_the_days_in_which_the_page_asks(
    due: Checkpoint, patient: Patient, owner: User, evening: dt.datetime, day: int
) -> None:
    at = evening + day * DAY
    assert (asked(KIND, at) == {owner.pk}) is page_asks(patient, owner, at) is (2 <= day < 16)


def test_what_lost_against_a_cap_comes_the_next_day(due: Checkpoint, evening: dt.datetime) -> None:
    plan(KIND, evening + 2 * DAY, state=State.SUPPRESSED, reason=Reason.ENOUGH)
    told = [day for day in range(2, 30) if plan(KIND, evening + day * DAY)]
    assert told == [3, 8]


def test_answers_of_anybody_end_it(
    due: Checkpoint, patient: Patient, owner: User, caregiver: User, evening: dt.datetime
) -> None:
    at = evening + 3 * DAY
    answer(patient, caregiver, TODAY + DAY)
    plan(KIND, at)
    all_of_them = len(checkpoints.open_questions(()))
    # Before its first day nothing was an answer to it.
    assert [one.questions for one in looked(KIND, at)] == [all_of_them] * 2
    answer(patient, caregiver, TODAY + 2 * DAY, but=maintenance.PAIN)
    assert [one.questions for one in looked(KIND, at)] == [1, 1]
    assert asked(KIND, at + 6 * DAY) == {owner.pk, caregiver.pk}
    make.make_pain(patient, TODAY + 3 * DAY, "after", by=caregiver)
    assert [one.questions for one in looked(KIND, at)] == [1, 1]
    make.make_pain(patient, TODAY + 3 * DAY, by=caregiver)
    assert ended(KIND, at) == [(State.SUPPRESSED, Reason.ANSWERED)] * 2
    assert asked(KIND, at + 6 * DAY) == set()


@pytest.mark.parametrize("but", checkpoints.open_questions(()))
def test_one_open_question_is_asked(
    due: Checkpoint, patient: Patient, owner: User, evening: dt.datetime, but: str
) -> None:
    answer(patient, owner, due.due_on, but=but)
    assert asked(KIND, evening + 2 * DAY) == {owner.pk}


@pytest.mark.parametrize(
    ("state", "reason"),
    [("good", Reason.ANSWERED), ("worse", Reason.ANSWERED), ("missed", Reason.ANSWERED), ("cancelled", Reason.DONE)],
)
def test_weighed_or_cancelled(due: Checkpoint, evening: dt.datetime, state: str, reason: Nudge.Reason) -> None:
    at = evening + 2 * DAY
    plan(KIND, at)
    Checkpoint.objects.update(state=state)
    assert asked(KIND, at + 6 * DAY) == set()
    assert ended(KIND, at) == [(State.SUPPRESSED, reason)]


def test_too_late_once_its_days_are_over(due: Checkpoint, evening: dt.datetime) -> None:
    plan(KIND, evening + 15 * DAY)
    assert ended(KIND, evening + 15 * DAY) == []
    assert ended(KIND, evening + 16 * DAY) == [(State.EXPIRED, Reason.TOO_LATE)]


def test_newer_episode_is_what_counts(
    due: Checkpoint, patient: Patient, owner: User, evening: dt.datetime, now: dt.datetime
) -> None:
    newer = Episode.objects.create(
        clinic=patient.clinic,
        patient=patient,
        number=2,
        because="recurrence",
        opened_on=TODAY,
        opened_at=now,
    )
    assert asked(KIND, evening + 2 * DAY) == set()
    Episode.objects.filter(pk=newer.pk).update(withdrawn_at=now, withdrawn_because="The old one")
    assert asked(KIND, evening + 2 * DAY) == {owner.pk}


def test_stop_comes_first_as_on_the_page(
    due: Checkpoint, patient: Patient, vet: User, owner: User, evening: dt.datetime
) -> None:
    at = evening + 2 * DAY
    plan(KIND, at)
    stop = report(patient)
    assert not page_asks(patient, owner, at)
    assert ended(KIND, at) == [(State.SUPPRESSED, Reason.STOPPED)]
    assert asked(KIND, at + 6 * DAY) == set()
    release(stop, by=vet)
    assert asked(KIND, at + 6 * DAY) == {owner.pk}


def test_paused_dead_and_former(
    due: Checkpoint, program: Program, vet: User, owner: User, caregiver: User, evening: dt.datetime
) -> None:
    at = evening + 2 * DAY
    Caregiver.objects.filter(user=caregiver).update(ended_at=make.NOW)
    assert asked(KIND, at) == {owner.pk}
    plan(KIND, at)
    pause(program, by=vet)
    assert ended(KIND, at) == [(State.SUPPRESSED, Reason.PAUSED)]
    assert asked(KIND, at + 6 * DAY) == set()
    Program.objects.update(paused_by=None)
    Patient.objects.update(died_on=TODAY)
    assert asked(KIND, at + 6 * DAY) == set()


@pytest.mark.parametrize(("zone", "first"), [("Pacific/Auckland", 1), ("Pacific/Pago_Pago", 2)])
def test_days_are_the_dogs(due: Checkpoint, evening: dt.datetime, zone: str, first: int) -> None:
    Patient.objects.update(time_zone=zone)
    assert next(day for day in range(9) if rows(KIND, evening + day * DAY)) == first


def test_words(due: Checkpoint, patient: Patient, owner: User, evening: dt.datetime) -> None:
    plan(KIND, evening + 2 * DAY)
    (words,) = said(KIND, evening + 2 * DAY)
    assert words.title == "How is Bruno doing?"
    assert words.lines[0] == "3 months since discharge: how is Bruno?"
    assert words.notice == words.lines[1]
    assert words.encouragement == "Until Thursday, 2 April. Answer what you can; an answer can be changed."
    assert words.path == f"/dogs/{patient.pk}/checkpoint/"
    answer(patient, owner, due.due_on, but=maintenance.PAIN)
    (words,) = said(KIND, evening + 2 * DAY)
    assert words.notice == "One short question is open."


def test_many_rows_take_as_many_statements_as_one(
    due: Checkpoint, clinic: Clinic, vet: User, owner: User, evening: dt.datetime
) -> None:
    at = evening + 2 * DAY
    plan(KIND, at)
    assert statements(lambda: ended(KIND, at)) == 5  # one of them reads the rows
    for n in range(6):
        dog = make.make_patient(clinic, vet, owner=make.make_user(), name=f"Dog {n}")
        make_checkpoint(discharge(make.make_program(dog, vet), on=TODAY - 90 * DAY))
    plan(KIND, at)
    assert statements(lambda: ended(KIND, at)) == 5
    assert len(said(KIND, at)) == 7
