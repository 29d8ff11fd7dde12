"""A tick looks only at those whose minute has come since the last one that went well, and makes up for lost ones."""

import datetime as dt

import pytest
from django.db import DatabaseError
from pytest_django.fixtures import Settings

from accounts.models import User
from rehab.nudges.actions import plan
from rehab.nudges.kinds import sql
from rehab.nudges.models import Heartbeat, Nudge, NudgePreference
from rehab.programs.models import Program
from tests import make
from tests.nudges.families import another_dog

MINUTE = dt.timedelta(minutes=1)
HOUR = dt.timedelta(hours=1)


def last_tick() -> dt.datetime:
    return Heartbeat.objects.get(pk="tick").beat_at


@pytest.mark.parametrize(
    ("last", "minutes", "count"),
    [
        (-1, 0, 1),
        (-1, 1, 1),
        (-1, 179, 1),  # the worker stood still
        (-1, 180, 0),
        (-600, 179, 1),
        (0, 1, 0),  # looked at in the minute itself
        (-30, -1, 0),
    ],
)
def test_person_is_found_by_the_first_tick_of_the_minute_or_after_it(
    program: Program, evening: dt.datetime, last: int, minutes: int, count: int
) -> None:
    Heartbeat.objects.create(part="tick", beat_at=evening + last * MINUTE)
    assert plan(at=evening + minutes * MINUTE) == count
    assert last_tick() == evening + minutes * MINUTE


def test_seconds_make_no_gap(program: Program, evening: dt.datetime) -> None:
    plan(at=evening - dt.timedelta(microseconds=1))
    assert Nudge.objects.count() == 0
    plan(at=evening)
    assert Nudge.objects.count() == 1


def test_who_was_looked_at_is_not_looked_at_again(program: Program, owner: User, evening: dt.datetime) -> None:
    NudgePreference.objects.filter(user=owner).update(reminds=False)
    assert plan(at=evening) == 0
    NudgePreference.objects.filter(user=owner).update(reminds=True)
    assert plan(at=evening + MINUTE) == 0
    # Without knowing of the last tick, everybody of the last three hours.
    Heartbeat.objects.all().delete()
    assert plan(at=evening + 2 * MINUTE) == 1


def test_tick_that_fails_leaves_its_people_to_the_next(
    program: Program, evening: dt.datetime, settings: Settings
) -> None:
    plan(at=evening - MINUTE)
    # A probability that the database refuses.
    settings.NUDGE_WITHHELD_PERCENT = 150
    with pytest.raises(DatabaseError):
        plan(at=evening)
    assert (Nudge.objects.count(), last_tick()) == (0, evening - MINUTE)
    settings.NUDGE_WITHHELD_PERCENT = 0
    assert plan(at=evening + MINUTE) == 1


def test_clock_that_was_ahead_stops_nobody(program: Program, evening: dt.datetime) -> None:
    Heartbeat.objects.create(part="tick", beat_at=evening + 30 * 24 * HOUR)
    assert plan(at=evening + HOUR) == 1
    assert last_tick() == evening + HOUR


def test_ticks_in_the_wrong_order_find_the_same(program: Program, evening: dt.datetime) -> None:
    """Two that plan: the one that began first comes last."""
    assert plan(at=evening + MINUTE) == 1
    assert plan(at=evening) == 0
    assert last_tick() == evening + MINUTE


@pytest.mark.parametrize(
    ("zone", "last", "instant", "day"),
    [
        # 2:00 to 3:00 is left out; 9:00 there was missed by an hour's standstill.
        ("Europe/Madrid", "2026-03-28T23:00+00:00", "2026-03-29T07:00+00:00", "2026-03-29"),
        # 3:00 to 2:00 comes twice.
        ("Europe/Madrid", "2026-10-25T00:30+00:00", "2026-10-25T08:00+00:00", "2026-10-25"),
        # Samoa went over the date line and left out 30 December.
        ("Pacific/Apia", "2011-12-30T09:00+00:00", "2011-12-30T19:00+00:00", "2011-12-31"),
        ("Australia/Lord_Howe", "2026-04-04T12:00+00:00", "2026-04-04T22:30+00:00", "2026-04-05"),
    ],
)
def test_days_that_are_shorter_or_longer_are_planned(
    program: Program, owner: User, zone: str, last: str, instant: str, day: str
) -> None:
    User.objects.filter(pk=owner.pk).update(time_zone=zone)
    NudgePreference.objects.filter(user=owner).update(remind_minute=9 * 60)
    at = dt.datetime.fromisoformat(instant)
    make.make_pain(program.patient, at.date() - dt.timedelta(days=1))
    prescription = program.prescriptions.order_by("pk")[0]
    make.make_prescription(
        program,
        exercise=prescription.exercise,
        dose=prescription.dose,
        starts_on=at.date() - dt.timedelta(days=1),
    )
    Heartbeat.objects.create(part="tick", beat_at=dt.datetime.fromisoformat(last))
    plan(at=at)
    rows = Nudge.objects.filter(kind="unfinished_day")
    assert [(row.local_day.isoformat(), row.time_zone) for row in rows] == [(day, zone)]


def test_nobody_is_lost_who_travels_before_the_minute(program: Program, owner: User, evening: dt.datetime) -> None:
    """In Madrid it is 18:00 an hour before it is 18:00 in UTC, and in New York four hours after."""
    plan(at=evening - 2 * HOUR)
    User.objects.filter(pk=owner.pk).update(time_zone="America/New_York")
    assert plan(at=evening) == 0
    assert plan(at=evening + 3 * HOUR) == 0
    assert plan(at=evening + 4 * HOUR) == 1
    User.objects.filter(pk=owner.pk).update(time_zone="Pacific/Honolulu")
    plan(at=evening + 10 * HOUR)  # 18:00 again on the same day
    assert Nudge.objects.filter(state="planned").count() == 1


def test_person_found_twice_in_a_catch_up_gets_one_row_a_dog(
    program: Program, owner: User, evening: dt.datetime
) -> None:
    another_dog(program.clinic, program.created_by, owner)
    Heartbeat.objects.create(part="tick", beat_at=evening - MINUTE)
    plan(at=evening + 2 * HOUR)
    assert sorted(Nudge.objects.values_list("patient__name", "reason")) in (
        [("Bruno", ""), ("Luna", "combined")],
        [("Bruno", "combined"), ("Luna", "")],
    )


def test_parameters_name_only_zones_that_are_awake(evening: dt.datetime) -> None:
    parameters = sql.parameters(evening, last=evening - MINUTE)
    assert '["Europe/Madrid", "2026-03-18", 2, 1140, 1139]' in parameters["awake"]
    assert "Asia/Tokyo" not in parameters["awake"]
    assert '["Asia/Tokyo", "2026-03-19", 3, 180]' in parameters["zones"]
