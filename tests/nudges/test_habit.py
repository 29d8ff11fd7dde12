"""Learning when a family exercises: the reminder follows, and never into the quiet hours."""

import datetime as dt
import statistics
from collections.abc import Sequence
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Clinic, User
from rehab.nudges.actions import learn_habits
from rehab.nudges.actions.habit import offsets
from rehab.nudges.models import Heartbeat, NudgePreference
from rehab.patients.models import Caregiver, Patient
from rehab.programs.models import Prescription, Program
from rehab.sessions.models import PerformedExercise
from tests import make
from tests.nudges.families import make_families, statements

TODAY = make.TODAY
NIGHT = dt.datetime(2026, 3, 19, 3, 30, tzinfo=dt.UTC)  # after Wednesday the 18th


@pytest.fixture
def item(program: Program) -> Prescription:
    first: Prescription = Prescription.objects.filter(program=program).order_by("position")[0]
    return first


def minute_of(user: User) -> int:
    return NudgePreference.objects.get(user=user).remind_minute


def do(
    item: Prescription,
    by: User,
    times: Sequence[str],
    *,
    until: dt.date = TODAY,
    zone: str = "UTC",
    state: str = "done",
) -> None:
    """One exercise a day at these times, the last on ``until``."""
    for back, time in enumerate(reversed(times)):
        day = until - dt.timedelta(days=back)
        at = dt.datetime.combine(day, dt.time.fromisoformat(time), ZoneInfo(zone))
        make.make_tick(item, day, by, done_at=at.astimezone(dt.UTC), state=state)


def test_reminder_comes_75_minutes_after_the_usual_time(item: Prescription, owner: User, caregiver: User) -> None:
    do(item, owner, ["17:00", "17:20", "16:58", "17:05", "17:10"])
    assert learn_habits(at=NIGHT) == 1
    assert minute_of(owner) == 18 * 60 + 20  # 17:05 + 75 minutes
    assert minute_of(caregiver) == NudgePreference.DEFAULT_MINUTE
    assert Heartbeat.objects.get(part="habit").beat_at == NIGHT


@pytest.mark.parametrize(
    ("times", "minute"),
    [
        (["12:00"] * 5, 13 * 60 + 15),
        (["12:02"] * 5, 13 * 60 + 15),
        (["12:03"] * 5, 13 * 60 + 20),
        (["12:00"] * 3 + ["13:00"] * 3, 13 * 60 + 45),  # an even number: between the two in the middle
        (["05:00"] * 5, 8 * 60),
        (["19:15"] * 5, 20 * 60 + 30),
        (["20:50"] * 5, 20 * 60 + 30),
        (["23:59"] * 5, 20 * 60 + 30),
        (["04:00"] * 5, 8 * 60),
        (["06:00"] * 7 + ["12:00"] * 10, 13 * 60 + 15),  # only the last ten count
        (["06:00"] * 4 + ["12:00"] * 6, 13 * 60 + 15),
    ],
)
def test_habit_is_the_median_of_the_last_ten_days(
    item: Prescription, owner: User, times: list[str], minute: int
) -> None:
    do(item, owner, times)
    learn_habits(at=NIGHT)
    assert minute_of(owner) == minute


def test_after_midnight_is_still_the_evening(item: Prescription, owner: User) -> None:
    do(item, owner, ["00:30"] * 5)
    learn_habits(at=NIGHT)
    assert minute_of(owner) == 20 * 60 + 30


def test_four_days_are_no_habit(item: Prescription, owner: User) -> None:
    do(item, owner, ["12:00"] * 4)
    make.make_tick(item, TODAY, owner, slot=2, done_at=dt.datetime(2026, 3, 18, 12, 5, tzinfo=dt.UTC))
    assert learn_habits(at=NIGHT) == 0
    assert minute_of(owner) == NudgePreference.DEFAULT_MINUTE


def test_what_is_older_than_thirty_days_is_forgotten(item: Prescription, owner: User) -> None:
    do(item, owner, ["12:00"] * 8, until=TODAY - dt.timedelta(days=26))
    learn_habits(at=NIGHT)
    assert minute_of(owner) == NudgePreference.DEFAULT_MINUTE


def test_of_two_rounds_a_day_the_last_one_counts(item: Prescription, owner: User) -> None:
    do(item, owner, ["07:30"] * 6)
    for back in range(6):
        day = TODAY - dt.timedelta(days=back)
        make.make_tick(item, day, owner, slot=2, done_at=dt.datetime.combine(day, dt.time(17), dt.UTC))
    learn_habits(at=NIGHT)
    assert minute_of(owner) == 18 * 60 + 15


def test_phone_that_sent_late_spoils_nothing(item: Prescription, owner: User) -> None:
    do(item, owner, ["12:00"] * 6)
    for tick in PerformedExercise.objects.select_related("command"):
        tick.command.received_at = NIGHT
        tick.command.save(update_fields=["received_at"])
    learn_habits(at=NIGHT)
    assert minute_of(owner) == 13 * 60 + 15


def test_what_is_added_on_a_later_day_tells_no_time(item: Prescription, owner: User) -> None:
    do(item, owner, ["12:00"] * 6)
    for back in range(6):  # each evening's round is noted on the next morning
        day = TODAY - dt.timedelta(days=back)
        noted = dt.datetime.combine(day + dt.timedelta(days=1), dt.time(10), dt.UTC)
        make.make_tick(item, day, owner, slot=2, done_at=min(noted, NIGHT))
    learn_habits(at=NIGHT)
    assert minute_of(owner) == 13 * 60 + 15


def test_what_was_taken_back_and_what_others_did_does_not_count(
    item: Prescription, owner: User, caregiver: User
) -> None:
    do(item, caregiver, ["12:00"] * 3)
    do(item, owner, ["09:00"] * 3, until=TODAY - dt.timedelta(days=3))
    do(item, owner, ["09:00"] * 3, until=TODAY - dt.timedelta(days=6), state="undone")
    assert learn_habits(at=NIGHT) == 0


def test_chosen_time_stays(item: Prescription, owner: User) -> None:
    NudgePreference.objects.filter(user=owner).update(follows_habit=False, remind_minute=600)
    do(item, owner, ["12:00"] * 6)
    assert learn_habits(at=NIGHT) == 0
    assert minute_of(owner) == 600


def test_who_no_longer_cares_for_the_dog_learns_nothing_from_it(item: Prescription, owner: User) -> None:
    do(item, owner, ["12:00"] * 6)
    Caregiver.objects.filter(user=owner).update(ended_at=NIGHT)
    assert learn_habits(at=NIGHT) == 0


def test_two_dogs_make_one_habit(item: Prescription, owner: User, clinic: Clinic, vet: User) -> None:
    other = make.make_program(make.make_patient(clinic, vet, owner=owner, name="Luna"), vet).prescriptions.first()
    assert other is not None
    do(item, owner, ["12:00"] * 3)
    do(other, owner, ["12:10"] * 3, until=TODAY - dt.timedelta(days=3))
    learn_habits(at=NIGHT)
    assert minute_of(owner) == 13 * 60 + 20


@pytest.mark.parametrize(
    ("zone", "night"),
    [
        ("Asia/Kathmandu", dt.datetime(2026, 3, 18, 21, 45, tzinfo=dt.UTC)),
        ("Pacific/Kiritimati", dt.datetime(2026, 3, 18, 13, 20, tzinfo=dt.UTC)),
        ("Pacific/Pago_Pago", dt.datetime(2026, 3, 19, 14, 20, tzinfo=dt.UTC)),
        ("America/St_Johns", dt.datetime(2026, 3, 19, 5, 45, tzinfo=dt.UTC)),
    ],
)
def test_everybody_is_moved_in_their_own_night_only(
    item: Prescription, owner: User, zone: str, night: dt.datetime
) -> None:
    User.objects.filter(pk=owner.pk).update(time_zone=zone)
    do(item, owner, ["17:05"] * 6, until=TODAY - dt.timedelta(days=1), zone=zone)
    hours = [night + dt.timedelta(hours=n) for n in range(-12, 12)]
    assert [learn_habits(at=hour) for hour in hours] == [int(hour == night) for hour in hours]
    assert minute_of(owner) == 18 * 60 + 20


@pytest.mark.parametrize(
    ("zone", "around"), [("Europe/Berlin", dt.date(2026, 3, 29)), ("America/New_York", dt.date(2026, 3, 8))]
)
def test_clock_that_is_moved_moves_no_habit(item: Prescription, owner: User, zone: str, around: dt.date) -> None:
    User.objects.filter(pk=owner.pk).update(time_zone=zone)
    until = around + dt.timedelta(days=3)
    do(item, owner, ["17:05"] * 10, until=until, zone=zone)
    night = dt.datetime.combine(until + dt.timedelta(days=1), dt.time(3, 30), ZoneInfo(zone))
    assert learn_habits(at=night.astimezone(dt.UTC)) == 1
    assert minute_of(owner) == 18 * 60 + 20


def test_running_again_moves_nobody(item: Prescription, owner: User) -> None:
    do(item, owner, ["12:00"] * 6)
    assert [learn_habits(at=NIGHT) for _ in range(2)] == [1, 0]


def test_person_whose_zone_this_machine_does_not_know_is_left_out(item: Prescription, owner: User) -> None:
    NudgePreference.objects.filter(user=owner).update(time_zone="Mars/Olympus")
    do(item, owner, ["12:00"] * 6)
    assert learn_habits(at=NIGHT) == 0


def test_batches_are_bounded_and_find_everybody(clinic: Clinic, vet: User) -> None:
    make_families(clinic, vet, 7, dogs=1)
    for patient in Patient.objects.all():
        item = patient.programs.get().prescriptions.order_by("pk").first()
        caregiver = Caregiver.objects.get(patient=patient)
        assert item is not None
        do(item, caregiver.user, ["12:00"] * 5)
    count: list[int] = []
    assert statements(lambda: count.append(learn_habits(at=NIGHT, batch=3))) <= 3 * 2 + 1
    assert count == [7]
    assert statements(lambda: learn_habits(at=NIGHT, batch=100)) == 3


def test_median_is_that_of_the_standard_library(item: Prescription, owner: User) -> None:
    minutes = [611, 1007, 733, 945, 822, 822, 1100, 480, 999]
    do(item, owner, [f"{minute // 60:02}:{minute % 60:02}" for minute in minutes])
    learn_habits(at=NIGHT)
    assert minute_of(owner) == 5 * round((statistics.median(minutes) + 75) / 5)


@given(
    zone=st.sampled_from(["Europe/Berlin", "America/New_York", "Africa/Casablanca", "Australia/Lord_Howe", "UTC"]),
    day=st.dates(dt.date(2025, 1, 1), dt.date(2027, 12, 1)),
    seconds=st.integers(0, 33 * 86400 - 1),
)
def test_offsets_are_those_of_the_zone_at_every_instant(zone: str, day: dt.date, seconds: int) -> None:
    first = dt.datetime.combine(day, dt.time(), dt.UTC)
    found = offsets([zone], first=first, until=first + dt.timedelta(days=33))
    assert all(one.ends == following.begins for one, following in pairwise(found))
    assert (found[0].begins, found[-1].ends) == (first.timestamp(), first.timestamp() + 33 * 86400)
    at = first + dt.timedelta(seconds=seconds)
    [here] = [one for one in found if one.begins <= at.timestamp() < one.ends]
    ahead = at.astimezone(ZoneInfo(zone)).utcoffset()
    assert ahead is not None
    assert here.seconds == ahead.total_seconds()
