"""What followed: for every decision point alike, over all the dogs that the reminder named."""

import datetime as dt
from typing import Any

import pytest

from accounts.models import AuditEvent, Clinic, User
from rehab.nudges import actions
from rehab.nudges.models import ClinicNudges, Heartbeat, Nudge
from rehab.patients.models import Patient
from rehab.programs.models import Prescription, Program
from tests import make
from tests.nudges.families import statements

HOUR = dt.timedelta(hours=1)
OVER = 36 * HOUR
State, Reason = Nudge.State, Nudge.Reason


def point(patient: Patient, user: User, at: dt.datetime, **fields: Any) -> Nudge:
    """A decision point of that instant; sent unless the fields say something else."""
    values: dict[str, Any] = {"state": State.SENT, "p_send": "0.80", "finished_at": at, **fields}
    return Nudge.objects.create(
        clinic=patient.clinic,
        patient=patient,
        user=user,
        **{"local_day": at.date(), "time_zone": "UTC", "kind": Nudge.Kind.UNFINISHED_DAY, **values},
        planned_at=at,
        next_attempt_at=at,
        expires_at=at + 3 * HOUR,
    )


def followed(nudge: Nudge) -> bool | None:
    nudge.refresh_from_db()
    return nudge.followed


@pytest.fixture
def item(program: Program) -> Prescription:
    return first(program)


def first(program: Program) -> Prescription:
    found: Prescription = program.prescriptions.order_by("position")[0]
    return found


def test_exercise_within_a_day_follows(patient: Patient, owner: User, item: Prescription, evening: dt.datetime) -> None:
    nudge = point(patient, owner, evening)
    make.make_tick(item, evening.date(), by=owner, done_at=evening + HOUR)
    assert actions.measure(at=evening + OVER) == 1
    assert followed(nudge) is True


def test_nothing_follows(patient: Patient, owner: User, item: Prescription, evening: dt.datetime) -> None:
    nudge = point(patient, owner, evening)
    assert actions.measure(at=evening + OVER) == 1
    assert followed(nudge) is False


@pytest.mark.parametrize(
    ("after", "follows"),
    [
        (dt.timedelta(microseconds=-1), False),
        (dt.timedelta(0), True),
        (24 * HOUR - dt.timedelta(microseconds=1), True),
        (24 * HOUR, False),
    ],
)
@pytest.mark.parametrize("microsecond", [0, 250_000])
def test_window_is_a_day_to_the_microsecond(
    patient: Patient,
    owner: User,
    item: Prescription,
    evening: dt.datetime,
    after: dt.timedelta,
    follows: bool,
    microsecond: int,
) -> None:
    planned_at = evening.replace(microsecond=microsecond)
    nudge = point(patient, owner, planned_at)
    make.make_tick(item, (planned_at + after).date(), by=owner, done_at=planned_at + after)
    actions.measure(at=planned_at + OVER)
    assert followed(nudge) is follows


@pytest.mark.parametrize(
    ("state", "follows"), [("done", True), ("partial", True), ("skipped", False), ("undone", False)]
)
def test_only_exercise_counts(
    patient: Patient,
    owner: User,
    item: Prescription,
    evening: dt.datetime,
    state: str,
    follows: bool,
) -> None:
    nudge = point(patient, owner, evening)
    make.make_tick(item, evening.date(), by=owner, state=state, done_at=evening + HOUR)
    actions.measure(at=evening + OVER)
    assert followed(nudge) is follows


def test_what_was_taken_back_does_not_count(
    patient: Patient, owner: User, item: Prescription, evening: dt.datetime
) -> None:
    nudge = point(patient, owner, evening)
    make.make_tick(item, evening.date(), by=owner, done_at=evening + HOUR)
    make.make_tick(item, evening.date(), by=owner, state="undone", done_at=evening + 2 * HOUR)
    actions.measure(at=evening + OVER)
    assert followed(nudge) is False


def test_anybody_of_the_household_counts_and_the_clinic_does_not(
    patient: Patient, owner: User, caregiver: User, vet: User, item: Prescription, evening: dt.datetime
) -> None:
    mine, days_ago = point(patient, owner, evening), evening - 3 * dt.timedelta(days=1)
    make.make_tick(item, evening.date(), by=caregiver, done_at=evening + HOUR)
    at_the_clinic = point(patient, owner, days_ago)
    make.make_tick(item, days_ago.date(), by=vet, done_at=days_ago + HOUR)
    actions.measure(at=evening + OVER)
    assert (followed(mine), followed(at_the_clinic)) == (True, False)


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (State.SENT, ""),
        (State.WITHHELD, ""),
        (State.SUPPRESSED, Reason.DONE),
        (State.EXPIRED, Reason.TOO_LATE),
        (State.FAILED, Reason.REFUSED),
    ],
)
def test_both_arms_are_counted_alike(
    patient: Patient, owner: User, item: Prescription, evening: dt.datetime, state: str, reason: str
) -> None:
    """What became of the message says nothing about what chance decided."""
    nudge, before = (
        point(patient, owner, evening, state=state, reason=reason),
        point(patient, owner, evening - 5 * dt.timedelta(days=1), state=state, reason=reason),
    )
    make.make_tick(item, evening.date(), by=owner, done_at=evening + HOUR)
    actions.measure(at=evening + OVER)
    assert (followed(nudge), followed(before)) == (True, False)


def test_dog_that_the_reminder_named_too_counts(
    clinic: Clinic, vet: User, owner: User, patient: Patient, program: Program, evening: dt.datetime
) -> None:
    """One row carries the message for both dogs; a dog that came up later that day was not in it."""
    second, third = (make.make_patient(clinic, vet, owner=owner, name=name) for name in ("Nala", "Odin"))
    carried = point(patient, owner, evening, state=State.WITHHELD)
    point(second, owner, evening, state=State.SUPPRESSED, reason=Reason.COMBINED, p_send=None)
    items = {dog: first(make.make_program(dog, vet)) for dog in (second, third)}
    late = evening + HOUR
    Nudge.objects.create(
        clinic=clinic,
        patient=third,
        user=owner,
        local_day=evening.date(),
        time_zone="UTC",
        state=State.SUPPRESSED,
        reason=Reason.ONE_A_DAY,
        planned_at=late,
        next_attempt_at=late,
        expires_at=late,
        finished_at=late,
    )
    tick = make.make_tick(items[third], evening.date(), by=owner, done_at=evening + 2 * HOUR)
    assert actions.measure(at=evening + OVER) == 1
    assert followed(carried) is False
    Nudge.objects.filter(pk=carried.pk).update(followed=None)
    make.make_tick(items[second], evening.date(), by=owner, done_at=tick.done_at)
    actions.measure(at=evening + OVER)
    assert followed(carried) is True


def test_exercise_of_another_dog_does_not_count(
    clinic: Clinic, vet: User, owner: User, patient: Patient, program: Program, evening: dt.datetime
) -> None:
    nudge = point(patient, owner, evening)
    other = first(make.make_program(make.make_patient(clinic, vet, owner=owner, name="Nala"), vet))
    make.make_tick(other, evening.date(), by=owner, done_at=evening + HOUR)
    actions.measure(at=evening + OVER)
    assert followed(nudge) is False


def test_day_must_be_over_and_phones_have_half_a_day_more(
    patient: Patient, owner: User, item: Prescription, evening: dt.datetime
) -> None:
    nudge = point(patient, owner, evening)
    second = dt.timedelta(seconds=1)
    assert actions.measure(at=evening + OVER - second) == 0
    assert followed(nudge) is None
    # It was done in time, and the phone found a network only now.
    make.make_tick(item, evening.date(), by=owner, done_at=evening + HOUR)
    assert actions.measure(at=evening + OVER) == 1
    assert followed(nudge) is True


def test_what_was_noted_stays(patient: Patient, owner: User, item: Prescription, evening: dt.datetime) -> None:
    nudge = point(patient, owner, evening)
    actions.measure(at=evening + OVER)
    make.make_tick(item, evening.date(), by=owner, done_at=evening + HOUR)
    assert actions.measure(at=evening + 2 * OVER) == 0
    assert followed(nudge) is False


def test_rows_without_a_chance_are_left_alone(patient: Patient, owner: User, evening: dt.datetime) -> None:
    nudge = point(patient, owner, evening, p_send=None)
    assert actions.measure(at=evening + OVER) == 0
    assert followed(nudge) is None


@pytest.mark.parametrize(("dog_zone", "zone"), [("Pacific/Kiritimati", "Pacific/Pago_Pago"), ("UTC", "Asia/Kolkata")])
def test_days_of_dog_and_person_may_differ(
    patient: Patient, owner: User, item: Prescription, evening: dt.datetime, dog_zone: str, zone: str
) -> None:
    """The exercise counts by its instant; the calendars only find it."""
    for name, after in (("first", dt.timedelta(0)), ("last", 24 * HOUR - dt.timedelta(seconds=1))):
        planned_at = evening - 4 * dt.timedelta(days=1) if name == "last" else evening
        done_at = planned_at + after
        nudge = point(
            patient,
            owner,
            planned_at,
            time_zone=zone,
            local_day=planned_at.astimezone(dt.timezone(dt.timedelta(hours=-11))).date(),
        )
        dogs_day = done_at.astimezone(dt.timezone(dt.timedelta(hours=14))).date()
        make.make_tick(item, dogs_day, by=owner, done_at=done_at)
        actions.measure(at=planned_at + OVER)
        assert followed(nudge) is True, name


def test_batches_are_bounded_and_leave_nothing(patient: Patient, owner: User, evening: dt.datetime) -> None:
    for days in range(7):
        point(patient, owner, evening - dt.timedelta(days=days))
    taken: list[int] = []
    # Two full batches and one that is not full, and the heartbeat.
    assert statements(lambda: taken.append(actions.measure(at=evening + OVER, batch=3))) == 4
    assert taken == [7]
    assert not Nudge.objects.filter(followed=None).exists()
    assert statements(lambda: actions.measure(at=evening + OVER)) == 2


def test_measuring_beats(evening: dt.datetime, db: None) -> None:
    actions.measure(at=evening)
    assert Heartbeat.objects.get(part=Heartbeat.Part.MEASURE).beat_at == evening


def test_clinic_switches_measuring_with_its_event(clinic: Clinic, vet: User, now: dt.datetime) -> None:
    """A missing row means on: switching it on first changes nothing and leaves no event."""
    assert actions.set_measures(clinic=clinic, measures=True, by=vet, at=now) is False
    assert not AuditEvent.objects.filter(kind="nudges.measures_set").exists()
    assert actions.set_measures(clinic=clinic, measures=False, by=vet, at=now) is True
    assert ClinicNudges.objects.get(clinic=clinic).measures is False
    event = AuditEvent.objects.get(kind="nudges.measures_set")
    assert (event.clinic, event.actor, event.details) == (clinic, vet, {"measures": False})
