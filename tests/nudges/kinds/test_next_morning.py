"""The morning after: asked where today's page asks, about exercises that were done, until anybody has answered."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from accounts.models import Clinic, User
from rehab.nudges.kinds.base import Reason, State
from rehab.nudges.kinds.next_morning import KIND
from rehab.nudges.models import NudgePreference
from rehab.patients.models import Caregiver, Patient
from rehab.programs.models import Episode, LadderStep, Program
from rehab.sessions.models import Exposure
from rehab.sessions.queries import day_view
from tests import make
from tests.make import TODAY
from tests.nudges.families import statements
from tests.nudges.kinds.asking import DAY, HOUR, asked, discharge, ended, pause, plan, release, report, rows, said

YESTERDAY = TODAY - DAY


@pytest.fixture
def morning(now: dt.datetime) -> dt.datetime:
    """8:30 where everybody lives who has not moved."""
    return now.replace(hour=8, minute=30)


def worked(program: Program, day: dt.date = YESTERDAY, **fields: object) -> None:
    make.make_tick(program.prescriptions.first(), day, **fields)  # type: ignore[arg-type]


def page_asks(patient: Patient, user: User, at: dt.datetime) -> bool:
    return day_view(user=user, patient_id=patient.pk, day=None, at=at).asks_morning


def test_household_that_worked_yesterday_is_asked(
    program: Program, owner: User, caregiver: User, stranger: User, morning: dt.datetime
) -> None:
    worked(program, by=owner)
    found = rows(KIND, morning)
    assert {row.user for row in found} == {owner.pk, caregiver.pk}
    assert {(row.patient, row.clinic, row.zone, row.day, row.minutes, row.number, row.subject) for row in found} == {
        (program.patient_id, program.clinic_id, "UTC", TODAY, 180, None, None)
    }


@pytest.mark.parametrize(
    ("day", "state", "is_asked"),
    [
        (YESTERDAY, "done", True),
        (YESTERDAY, "partial", True),
        (YESTERDAY, "skipped", False),
        (YESTERDAY, "undone", False),
        (YESTERDAY - DAY, "done", False),
        (TODAY, "done", False),
    ],
)
def test_asked_about_what_was_done_yesterday_only(
    program: Program, patient: Patient, owner: User, morning: dt.datetime, day: dt.date, state: str, is_asked: bool
) -> None:
    worked(program, day, state=state)
    assert asked(KIND, morning) == ({owner.pk} if is_asked else set())
    assert page_asks(patient, owner, morning) is is_asked


def test_what_was_taken_back_is_not_asked_about(program: Program, owner: User, morning: dt.datetime) -> None:
    worked(program, done_at=morning - 20 * HOUR)
    worked(program, state="undone", done_at=morning - 19 * HOUR)
    assert asked(KIND, morning) == set()
    worked(program, done_at=morning - 18 * HOUR)
    assert asked(KIND, morning) == {owner.pk}


@pytest.mark.parametrize(
    ("day", "moment", "is_asked"),
    [
        (YESTERDAY, "next_morning", False),
        (YESTERDAY, "after", True),
        (TODAY, "before", True),
        (YESTERDAY - DAY, "next_morning", True),
    ],
)
def test_answer_of_anybody_silences_everybody(
    program: Program,
    patient: Patient,
    owner: User,
    caregiver: User,
    morning: dt.datetime,
    day: dt.date,
    moment: str,
    is_asked: bool,
) -> None:
    worked(program)
    plan(KIND, morning)
    make.make_pain(patient, day, moment, by=caregiver)
    assert (ended(KIND, morning) == []) is is_asked
    assert set(ended(KIND, morning)) <= {(State.SUPPRESSED, Reason.ANSWERED)}
    assert asked(KIND, morning + DAY) == set()


def test_answer_before_the_planner_comes_leaves_nobody(
    program: Program, patient: Patient, owner: User, caregiver: User, morning: dt.datetime
) -> None:
    worked(program)
    make.make_pain(patient, YESTERDAY, "next_morning", by=caregiver)
    assert asked(KIND, morning) == set()


def practise(step: LadderStep, *, done: bool = True, day: dt.date = YESTERDAY, hour: int = 12) -> None:
    at = dt.datetime.combine(day, dt.time(hour), dt.UTC)
    Exposure.objects.create(
        command=make._command(step.patient, "exposure", day, step.patient.created_by, at),
        clinic=step.clinic,
        patient=step.patient,
        step=step,
        day=day,
        done=done,
        pain_after=2 if done else None,
        recorded_by=step.patient.created_by,
        done_at=at,
    )


def test_practice_of_a_rung_is_asked_about_as_on_the_page(
    program: Program, patient: Patient, owner: User, morning: dt.datetime
) -> None:
    step = make.make_step(program)
    practise(step, done=False)
    assert asked(KIND, morning) == set()
    assert not page_asks(patient, owner, morning)
    practise(step, hour=13)
    assert page_asks(patient, owner, morning)
    assert asked(KIND, morning) == {owner.pk}
    plan(KIND, morning)
    assert ended(KIND, morning) == []
    practise(step, done=False, hour=14)
    assert not page_asks(patient, owner, morning)
    assert ended(KIND, morning) == [(State.SUPPRESSED, Reason.DONE)]


@pytest.mark.parametrize(("ends_on", "is_asked"), [(YESTERDAY, False), (TODAY, True)])
def test_rung_that_has_ended_is_asked_about_on_its_last_morning(
    program: Program, patient: Patient, vet: User, owner: User, morning: dt.datetime, ends_on: dt.date, is_asked: bool
) -> None:
    step = make.make_step(program, ends_on=ends_on, ended_by=program.decisions.get())
    practise(step)
    assert asked(KIND, morning) == ({owner.pk} if is_asked else set())
    assert page_asks(patient, owner, morning) is is_asked


@pytest.mark.parametrize("hour", [7, 8, 9, 11, 12])
def test_asked_within_three_hours_of_the_morning_time(
    program: Program, owner: User, morning: dt.datetime, hour: int
) -> None:
    worked(program)
    at = morning.replace(hour=hour)
    minutes = {row.minutes for row in rows(KIND, at)}
    assert minutes == ({(8 + 3 - hour) * 60} if 8 <= hour < 11 else set())


def test_yesterday_is_the_dogs(program: Program, patient: Patient, owner: User, now: dt.datetime) -> None:
    # 8:30 in Auckland is the evening before in Madrid: there the day of the exercises is not over.
    User.objects.filter(pk=owner.pk).update(time_zone="Pacific/Auckland")
    Patient.objects.filter(pk=patient.pk).update(time_zone="Europe/Madrid")
    worked(program)
    in_auckland = dt.datetime(2026, 3, 18, 19, 30, tzinfo=dt.UTC)
    assert [(row.zone, row.day) for row in rows(KIND, in_auckland)] == [("Pacific/Auckland", TODAY + DAY)]
    assert rows(KIND, in_auckland + DAY) == []


@pytest.mark.parametrize("zone", ["Asia/Kathmandu", "Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_asked_in_the_morning_of_every_zone(program: Program, patient: Patient, owner: User, zone: str) -> None:
    User.objects.filter(pk=owner.pk).update(time_zone=zone)
    Patient.objects.filter(pk=patient.pk).update(time_zone=zone)
    worked(program)
    start = dt.datetime(2026, 3, 17, 0, tzinfo=dt.UTC)
    quarters = [start + n * HOUR / 4 for n in range(3 * 96)]
    times = [at.astimezone(ZoneInfo(zone)) for at in quarters if asked(KIND, at)]
    assert {at.date() for at in times} == {TODAY}
    assert (times[0].time(), times[-1].time()) == (dt.time(8, 30), dt.time(11, 15))


def test_paused_program_asks_nothing(program: Program, vet: User, owner: User, morning: dt.datetime) -> None:
    worked(program)
    plan(KIND, morning)
    pause(program, by=vet, at=morning)
    assert asked(KIND, morning) == set()
    assert ended(KIND, morning) == [(State.SUPPRESSED, Reason.PAUSED)]


def test_warning_sign_silences_until_its_release(
    program: Program, patient: Patient, vet: User, owner: User, morning: dt.datetime
) -> None:
    worked(program)
    stop = report(patient, at=morning)
    assert asked(KIND, morning) == set()
    release(stop, by=vet, at=morning)
    assert asked(KIND, morning) == {owner.pk}
    plan(KIND, morning)
    report(patient, at=morning)
    assert ended(KIND, morning) == [(State.SUPPRESSED, Reason.STOPPED)]


def test_discharged_dog_is_left_alone(
    program: Program, patient: Patient, owner: User, morning: dt.datetime, now: dt.datetime
) -> None:
    worked(program)
    plan(KIND, morning)
    episode = discharge(program, on=YESTERDAY)
    assert asked(KIND, morning) == set()
    assert ended(KIND, morning) == [(State.SUPPRESSED, Reason.DISCHARGED)]
    Episode.objects.filter(pk=episode.pk).update(reopened_at=now)
    assert ended(KIND, morning) == []


def test_ended_program_asks_nothing(program: Program, owner: User, morning: dt.datetime) -> None:
    worked(program)
    plan(KIND, morning)
    Program.objects.filter(pk=program.pk).update(ended_at=morning)
    assert asked(KIND, morning) == set()
    assert ended(KIND, morning) == [(State.SUPPRESSED, Reason.PROGRAM_ENDED)]


def test_dead_dog_and_former_caregiver_are_left_alone(
    program: Program, patient: Patient, owner: User, caregiver: User, morning: dt.datetime
) -> None:
    worked(program)
    Caregiver.objects.filter(user=caregiver).update(ended_at=make.NOW)
    assert asked(KIND, morning) == {owner.pk}
    Patient.objects.filter(pk=patient.pk).update(died_on=TODAY)
    assert asked(KIND, morning) == set()


def test_who_wants_no_reminders_is_left_alone(
    program: Program, owner: User, caregiver: User, morning: dt.datetime
) -> None:
    worked(program)
    NudgePreference.objects.filter(user=owner).update(reminds=False)
    assert asked(KIND, morning) == {caregiver.pk}
    User.objects.filter(pk=caregiver.pk).update(is_active=False)
    assert asked(KIND, morning) == set()


def test_asked_once_a_day(program: Program, owner: User, morning: dt.datetime) -> None:
    worked(program)
    plan(KIND, morning)
    assert asked(KIND, morning) == set()


def test_words_are_the_pages_own_question(program: Program, owner: User, morning: dt.datetime) -> None:
    worked(program)
    plan(KIND, morning)
    (words,) = said(KIND, morning)
    assert words.title == "How is Bruno this morning?"
    assert words.notice == "One question, a few seconds."
    assert words.path == f"/dogs/{program.patient_id}/today/#pain"


def test_many_rows_take_as_many_statements_as_one(
    program: Program, clinic: Clinic, vet: User, owner: User, morning: dt.datetime
) -> None:
    worked(program)
    plan(KIND, morning)
    assert statements(lambda: ended(KIND, morning)) == 5  # one of them reads the rows
    for n in range(6):
        dog = make.make_patient(clinic, vet, owner=make.make_user(), name=f"Dog {n}")
        worked(make.make_program(dog, vet))
    plan(KIND, morning)
    assert statements(lambda: ended(KIND, morning)) == 5
    assert len(said(KIND, morning)) == 7
