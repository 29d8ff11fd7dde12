"""Sunday evening's look back: what is counted, whom it reaches, and that it never blames and never overpraises."""

import datetime as dt
from collections.abc import Sequence
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Clinic, User
from rehab.nudges.actions import deliver_batch, plan
from rehab.nudges.kinds.base import Ending, Reason, State, Words
from rehab.nudges.kinds.week import KIND, Counted, counted
from rehab.nudges.models import Nudge, NudgePreference
from rehab.patients.models import Caregiver, Patient, ProblemDefinition
from rehab.programs.models import Checkpoint, Episode, Prescription, Program
from rehab.sessions.adherence import Period
from tests import make
from tests.nudges.conftest import MailSink
from tests.nudges.families import make_families, statements
from tests.nudges.kinds import asking

SUNDAY = dt.date(2026, 3, 22)
EVENING = dt.datetime(2026, 3, 22, 18, 5, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
WORKDAYS = 0b0011111


def item_of(program: Program) -> Prescription:
    first: Prescription = Prescription.objects.filter(program=program).order_by("position")[0]
    return first


@pytest.fixture
def five_days(patient: Patient, vet: User) -> Program:
    """A program of one exercise from Monday to Friday."""
    dose = {"sets": 1, "reps": 5, "per_day": 1, "days_per_week": 5}
    program = make.make_program(patient, vet, exercises=[("stand-count", dose)])
    # A prescription is immutable: it is replaced by one that is due on the workdays.
    program.prescriptions.all().delete()
    make.make_prescription(program, dose=dose, weekdays=WORKDAYS)
    return program


def do(program: Program, *days_back: int, by: User | None = None, state: str = "done") -> None:
    for back in days_back:
        make.make_tick(item_of(program), SUNDAY - back * DAY, by, state=state)


def said() -> Words:
    asking.plan(KIND, EVENING)
    [words] = asking.said(KIND, EVENING)
    return words


# --- Counting ---------------------------------------------------------------------------------------------------------


def period(weekdays: int = 127, *, starts: int = 20, ends: int | None = None, times: int = 1) -> Period:
    return Period(
        prescription=uuid4(),
        exercise=uuid4(),
        starts_on=SUNDAY - starts * DAY,
        ends_on=None if ends is None else SUNDAY - ends * DAY,
        weekdays=weekdays,
        times_per_day=times,
        is_one_off=False,
    )


def done_on(one: Period, *back: int, share: int = 100) -> dict[tuple[UUID, dt.date, int], int]:
    return {(one.prescription, SUNDAY - n * DAY, 1): share for n in back}


@pytest.mark.parametrize(
    ("back", "planned", "done"),
    [
        ([], 6, 0),
        ([1], 6, 1),
        ([1, 2, 3, 4, 5, 6], 6, 6),
        ([0], 7, 1),  # today counts as soon as something is done
        ([0, 1, 2, 3, 4, 5, 6], 7, 7),
        ([7, 8, 9], 6, 0),
    ],
)
def test_today_counts_once_something_is_done(back: Sequence[int], planned: int, done: int) -> None:
    one = period()
    assert counted([one], done_on(one, *back), today=SUNDAY) == Counted(planned=planned, done=done, rested=0)


def test_a_small_part_of_one_of_many_is_something() -> None:
    one = period(times=3)
    found = counted([one, period()], done_on(one, 2, share=1), today=SUNDAY)
    assert (found.planned, found.done) == (6, 1)


def test_rest_days_are_those_of_the_program() -> None:
    one = period(WORKDAYS)
    assert counted([one], done_on(one, 2, 3, 4, 5), today=SUNDAY) == Counted(planned=5, done=4, rested=2)


def test_more_than_planned_is_not_counted_and_a_rest_day_with_exercises_is_not_kept() -> None:
    one = period(WORKDAYS)
    assert counted([one], done_on(one, 1, 2, 3), today=SUNDAY) == Counted(planned=5, done=2, rested=0)


def test_days_before_the_program_and_after_it_are_no_rest_days() -> None:
    assert counted([period(WORKDAYS, starts=3)], {}, today=SUNDAY) == Counted(planned=2, done=0, rested=2)
    assert counted([period(WORKDAYS, ends=1)], {}, today=SUNDAY) == Counted(planned=5, done=0, rested=0)
    assert counted([], {}, today=SUNDAY) == Counted(planned=0, done=0, rested=0)


def test_what_a_warning_sign_had_stopped_was_not_planned_and_is_no_rest() -> None:
    one = period(WORKDAYS)
    stopped = {SUNDAY - n * DAY for n in (0, 1, 2, 3)}
    assert counted([one], {}, today=SUNDAY, stopped=stopped) == Counted(planned=3, done=0, rested=0)
    alone = {(one.exercise, SUNDAY - 2 * DAY)}
    assert counted([one], {}, today=SUNDAY, stopped=alone) == Counted(planned=4, done=0, rested=2)


@given(weekdays=st.integers(0, 127), back=st.sets(st.integers(0, 9)), starts=st.integers(0, 12))
def test_never_more_done_than_planned_and_never_more_than_seven_days(
    weekdays: int, back: set[int], starts: int
) -> None:
    one = period(weekdays, starts=starts)
    found = counted([one], done_on(one, *back), today=SUNDAY)
    assert 0 <= found.done <= found.planned
    assert found.planned + found.rested <= 7


# --- Whom it reaches --------------------------------------------------------------------------------------------------


def test_everybody_who_cares_for_the_dog_is_told_on_sunday_evening(
    program: Program, owner: User, caregiver: User
) -> None:
    assert asking.asked(KIND, EVENING) == {owner.pk, caregiver.pk}
    assert [asking.asked(KIND, EVENING + n * DAY) for n in range(-6, 0)] == [set()] * 6
    assert asking.asked(KIND, EVENING - 10 * asking.MINUTE) == set()


def test_sunday_is_that_of_the_person(program: Program, owner: User) -> None:
    User.objects.filter(pk=owner.pk).update(time_zone="Pacific/Auckland")
    assert asking.asked(KIND, EVENING) == set()
    assert asking.asked(KIND, dt.datetime(2026, 3, 22, 5, 30, tzinfo=dt.UTC)) == {owner.pk}


def test_who_switched_it_off_is_left_out(program: Program, owner: User) -> None:
    asking.plan(KIND, EVENING)
    NudgePreference.objects.filter(user=owner).update(week_enabled=False)
    assert asking.asked(KIND, EVENING) == set()
    assert asking.ended(KIND, EVENING) == [(State.SUPPRESSED, Reason.REMINDERS_OFF)]


def test_paused_stopped_ended_and_dead_are_left_out(program: Program, patient: Patient, owner: User, vet: User) -> None:
    asking.plan(KIND, EVENING)
    report = asking.report(patient, at=EVENING - DAY)
    assert asking.asked(KIND, EVENING) == set()
    assert asking.ended(KIND, EVENING) == [(State.SUPPRESSED, Reason.STOPPED)]
    report.delete()
    asking.pause(program, by=vet, at=EVENING - DAY)
    assert asking.asked(KIND, EVENING) == set()
    assert asking.ended(KIND, EVENING) == [(State.SUPPRESSED, Reason.PAUSED)]
    Program.objects.filter(pk=program.pk).update(ended_at=EVENING)
    assert asking.asked(KIND, EVENING) == set()
    assert asking.ended(KIND, EVENING) == [(State.SUPPRESSED, Reason.PROGRAM_ENDED)]


def test_dead_dog_and_ended_care_are_left_out(program: Program, patient: Patient, owner: User) -> None:
    assert asking.asked(KIND, EVENING) == {owner.pk}
    Patient.objects.update(died_on=SUNDAY)
    assert asking.asked(KIND, EVENING) == set()
    Patient.objects.update(died_on=None)
    Caregiver.objects.update(ended_at=EVENING)
    assert asking.asked(KIND, EVENING) == set()


def test_week_in_which_nothing_was_planned_has_no_summary(program: Program, five_days_off: None) -> None:
    assert asking.rows(KIND, EVENING) == []


@pytest.fixture
def five_days_off(program: Program, vet: User) -> None:
    """The whole program is due on Mondays, and it began on a Tuesday."""
    program.prescriptions.all().delete()
    make.make_prescription(program, weekdays=0b1, starts_on=SUNDAY - 5 * DAY)


def test_program_that_began_today_has_no_week_yet(patient: Patient, vet: User) -> None:
    make.make_program(patient, vet, starts_on=SUNDAY)
    assert asking.rows(KIND, EVENING) == []


def test_one_off_is_no_plan(program: Program) -> None:
    program.prescriptions.all().delete()
    make.make_prescription(program, is_one_off=True)
    assert asking.rows(KIND, EVENING) == []


def test_after_four_weeks_of_silence_there_is_no_summary(patient: Patient, vet: User, owner: User) -> None:
    program = make.make_program(patient, vet, starts_on=SUNDAY - 28 * DAY)
    assert asking.asked(KIND, EVENING) == set()
    do(program, 27)
    assert asking.asked(KIND, EVENING) == {owner.pk}


def test_in_maintenance_there_is_one(program: Program, patient: Patient, vet: User, owner: User) -> None:
    decision = asking.decide(program, "discharge", by=vet)
    Episode.objects.create(
        clinic=patient.clinic,
        patient=patient,
        number=1,
        because="first",
        opened_on=program.starts_on,
        opened_at=program.created_at,
        discharge=decision,
        discharged_on=make.TODAY,
    )
    asking.plan(KIND, EVENING)
    assert [one for one in asking.looked(KIND, EVENING) if isinstance(one, Ending)] == []
    assert Nudge.objects.get().user == owner


def test_week_that_was_stopped_throughout_is_not_sent(program: Program, patient: Patient, vet: User) -> None:
    report = asking.report(patient, at=EVENING - 10 * DAY)
    asking.release(report, by=vet, at=EVENING - asking.HOUR)
    asking.plan(KIND, EVENING)
    assert asking.ended(KIND, EVENING) == [(State.SUPPRESSED, Reason.STOPPED)]


def test_it_takes_the_days_place_and_no_reminder_follows(program: Program, owner: User, mail_sink: MailSink) -> None:
    do(program, 1, 2)
    plan(at=EVENING)
    plan(at=EVENING + 5 * asking.MINUTE)
    assert list(Nudge.objects.filter(state__in=Nudge.MESSAGE_STATES).values_list("kind", flat=True)) == ["week"]
    deliver_batch(at=EVENING + 30 * asking.MINUTE)
    [message] = mail_sink.messages
    assert message["Subject"] == "The week with Bruno"
    body = message.get_body(("plain",))
    assert body is not None
    assert "With Bruno something was done on 2 of 6 planned days." in " ".join(body.get_content().split())


# --- What it says -----------------------------------------------------------------------------------------------------


def test_it_says_what_was_done_rested_left_and_comes(program: Program, patient: Patient, owner: User) -> None:
    do(program, 0, 1, 2, 3)
    make.rewrite(ProblemDefinition.objects.all(), re_exam_due_on=SUNDAY + 5 * DAY)
    words = said()
    assert words.title == "The week with Bruno"
    assert words.lines == (
        "With Bruno something was done on 4 of 7 planned days.",
        "Bruno today: Two left, about one minute.",
        "Coming up: the re-examination of Bruno, due on Friday, 27 March.",
        "How Bruno felt from day to day is on the page “Progress”.",
    )
    assert (words.button, words.path) == ("Open today’s list", f"/dogs/{patient.pk}/today/")


def test_kept_rest_days_are_praised(five_days: Program, patient: Patient) -> None:
    do(five_days, 2, 3, 4, 5, 6)
    words = said()
    assert words.lines[0] == (
        "With Bruno something was done on all 5 planned days. You also kept the 2 rest days, and rest is part of the plan."
    )
    assert (words.button, words.path) == ("See how it went", f"/dogs/{patient.pk}/progress/")
    assert words.encouragement == ""


def test_more_than_planned_is_never_praised(five_days: Program) -> None:
    do(five_days, 0, 1, 2, 3, 4, 5, 6)
    assert said().lines[0] == "With Bruno something was done on all 5 planned days."


def test_week_without_a_note_is_not_blamed(program: Program) -> None:
    do(program, 10)
    words = said()
    assert words.lines[0] == (
        "Of Bruno nothing is noted for these days. What was done can still be added for today and the two days before."
    )
    assert "0 of" not in " ".join(words.lines)


@pytest.mark.parametrize("state", ["skipped", "undone"])
def test_what_was_skipped_is_not_done(program: Program, state: str) -> None:
    do(program, 1, 2, state=state)
    assert said().lines[0].startswith("Of Bruno nothing is noted")


def test_title_and_lock_screen_say_nothing_clinical(program: Program, patient: Patient) -> None:
    for back in range(3):
        make.make_pain(patient, SUNDAY - back * DAY, score=8)
    make.rewrite(ProblemDefinition.objects.all(), re_exam_due_on=SUNDAY + DAY)
    words = said()
    assert (words.title, words.notice) == ("The week with Bruno", "A short look back, and what comes next.")
    everything = " ".join([words.title, words.notice, words.encouragement, *words.lines])
    assert "8" not in everything.replace("18", "")
    assert "of 10" not in everything


@pytest.mark.parametrize(("in_days", "is_told"), [(-1, False), (0, True), (7, True), (8, False)])
def test_re_examination_is_told_in_the_week_in_which_it_is_due(program: Program, in_days: int, is_told: bool) -> None:
    make.rewrite(ProblemDefinition.objects.all(), re_exam_due_on=SUNDAY + in_days * DAY)
    lines = " ".join(said().lines)
    assert ("re-examination" in lines) is is_told
    assert ("goes on in the phase “Steady”" in lines) is not is_told


def test_checkpoint_of_the_week_is_told(program: Program, patient: Patient, vet: User) -> None:
    episode = Episode.objects.create(
        clinic=patient.clinic,
        patient=patient,
        number=1,
        because="first",
        opened_on=program.starts_on,
        opened_at=program.created_at,
    )
    Checkpoint.objects.create(clinic=patient.clinic, patient=patient, episode=episode, month=1, due_on=SUNDAY + 2 * DAY)
    assert "Coming up: a few questions about how Bruno is, from Tuesday, 24 March on." in said().lines


def test_two_dogs_are_one_message(program: Program, clinic: Clinic, vet: User, owner: User) -> None:
    other = make.make_program(make.make_patient(clinic, vet, owner=owner, name="Luna"), vet)
    do(program, 1)
    do(other, 1, 2)
    plan(at=EVENING)
    assert sorted(Nudge.objects.filter(kind="week").values_list("state", "reason")) == [
        ("planned", ""),
        ("suppressed", "combined"),
    ]
    nudge = Nudge.objects.select_related("user", "clinic", "patient").get(kind="week", state="planned")
    facts = KIND.facts([nudge], EVENING)[nudge.pk]
    words = KIND.say(nudge, facts)
    assert (words.title, words.path) == ("The week with Bruno and Luna", "/today/")
    assert [line for line in words.lines if "something was done" in line] == [
        "With Bruno something was done on 1 of 6 planned days.",
        "With Luna something was done on 2 of 6 planned days.",
    ]
    assert words.values["dog"] == "Bruno and Luna"


def test_dog_that_is_stopped_is_not_named_with_the_other(
    program: Program, clinic: Clinic, vet: User, owner: User
) -> None:
    luna = make.make_patient(clinic, vet, owner=owner, name="Luna")
    make.make_program(luna, vet)
    asking.report(luna, at=EVENING - DAY)
    assert said().title == "The week with Bruno"


def test_second_look_takes_as_many_statements_for_ten_people_as_for_two(clinic: Clinic, vet: User) -> None:
    make_families(clinic, vet, 10, dogs=1)
    asking.plan(KIND, EVENING)
    nudges = list(Nudge.objects.select_related("user", "patient", "clinic"))
    assert len(nudges) == 10
    two = statements(lambda: KIND.facts(nudges[:2], EVENING))
    assert statements(lambda: KIND.facts(nudges, EVENING)) == two
    assert two <= 10
