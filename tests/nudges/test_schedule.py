"""The reminder's clock: local time, quiet hours, and days that are shorter or longer than others."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehab.lib import time_zones
from rehab.nudges import schedule

EVENING = 18 * 60
MINUTE = dt.timedelta(minutes=1)
DAY = dt.timedelta(days=1)


def local(text: str, *, time_zone: str = "UTC") -> schedule.LocalClock:
    return schedule.clock(at=dt.datetime.fromisoformat(text), time_zone=time_zone)


@pytest.mark.parametrize(
    ("at", "time_zone", "day", "minute"),
    [
        ("2026-03-18T17:00:00+00:00", "UTC", "2026-03-18", 1020),
        ("2026-03-18T17:00:59+00:00", "Europe/Madrid", "2026-03-18", 1080),
        ("2026-03-18T17:00:00+00:00", "Asia/Kolkata", "2026-03-18", 1350),
        ("2026-03-18T17:00:00+00:00", "Pacific/Kiritimati", "2026-03-19", 420),
        ("2026-03-18T09:30:00+00:00", "Pacific/Pago_Pago", "2026-03-17", 1350),
    ],
)
def test_clock_shows_the_day_and_minute_of_the_zone(at: str, time_zone: str, day: str, minute: int) -> None:
    shown = local(at, time_zone=time_zone)
    assert (shown.day.isoformat(), shown.minute) == (day, minute)


@pytest.mark.parametrize(
    ("time", "quiet"), [("07:59", True), ("08:00", False), ("20:59", False), ("21:00", True), ("00:00", True)]
)
def test_quiet_hours_are_from_21_to_8(time: str, quiet: bool) -> None:
    assert local(f"2026-03-18T{time}:30+00:00").is_quiet is quiet


@pytest.mark.parametrize(
    ("chosen", "reminded"), [(480, 480), (1080, 1080), (1259, 1259), (1260, 480), (1439, 480), (0, 480), (479, 480)]
)
def test_time_in_the_quiet_hours_becomes_8_o_clock(chosen: int, reminded: int) -> None:
    assert schedule.reminder_minute(chosen) == reminded


@pytest.mark.parametrize(
    ("time", "chosen", "due"),
    [
        ("17:59", EVENING, False),
        ("18:00", EVENING, True),
        ("20:59", EVENING, True),
        ("21:00", EVENING, False),
        ("11:59", 9 * 60, True),
        ("12:00", 9 * 60, False),
        ("20:59", 20 * 60 + 30, True),
        ("21:00", 20 * 60 + 30, False),
        ("08:00", 22 * 60, True),
        ("22:00", 22 * 60, False),
    ],
)
def test_reminder_is_due_for_three_hours_and_never_in_quiet_hours(time: str, chosen: int, due: bool) -> None:
    assert schedule.is_due(local=local(f"2026-03-18T{time}:00+00:00"), chosen=chosen) is due


@pytest.mark.parametrize(
    ("chosen", "time_zone", "expires"),
    [
        (9 * 60, "UTC", "2026-03-18T12:00:00+00:00"),
        (EVENING, "UTC", "2026-03-18T21:00:00+00:00"),
        (20 * 60 + 30, "UTC", "2026-03-18T21:00:00+00:00"),
        (EVENING, "Europe/Madrid", "2026-03-18T20:00:00+00:00"),
        (22 * 60, "Europe/Madrid", "2026-03-18T10:00:00+00:00"),
    ],
)
def test_reminder_expires_after_three_hours_or_when_quiet_begins(chosen: int, time_zone: str, expires: str) -> None:
    shown = schedule.LocalClock(time_zone=time_zone, day=dt.date(2026, 3, 18), minute=EVENING)
    assert schedule.expires_at(local=shown, chosen=chosen) == dt.datetime.fromisoformat(expires)


@given(
    zone=st.sampled_from(sorted(time_zones.names())),
    start=st.integers(0, 8 * 366 * 24 * 60),
    chosen=st.integers(0, 1439),
    step=st.integers(1, 45),
)
def test_each_full_local_day_gets_exactly_one_key_and_none_in_quiet_hours(
    zone: str, start: int, chosen: int, step: int
) -> None:
    """Ticks at any interval, over four days of any zone, daylight saving included."""
    # Between the chosen time and the beginning of quiet a tick must fall, or there is nothing to find.
    room = schedule.QUIET_FROM_MINUTE - schedule.reminder_minute(chosen)
    every = min(step, room) * MINUTE
    begin = dt.datetime(2024, 1, 1, tzinfo=dt.UTC) + start * MINUTE
    end = begin + 4 * DAY
    keys: list[dt.date] = []
    at = begin
    while at < end:
        shown = schedule.clock(at=at, time_zone=zone)
        if schedule.is_due(local=shown, chosen=chosen):
            assert not shown.is_quiet
            assert at < schedule.expires_at(local=shown, chosen=chosen)
            keys.append(shown.day)
        at += every
    first = begin.astimezone(ZoneInfo(zone)).date()
    full_days = {first + n * DAY for n in (1, 2)}
    assert full_days <= set(keys)
    assert set(keys) <= {first + n * DAY for n in range(6)}


@pytest.mark.parametrize(
    ("last", "now", "until"),
    [
        (None, "2026-03-18T18:00", EVENING - 180),
        ("2026-03-18T17:59", "2026-03-18T18:00", EVENING - 1),
        ("2026-03-18T18:00", "2026-03-18T18:00", EVENING),
        ("2026-03-18T12:00", "2026-03-18T18:00", EVENING - 180),
        ("2026-03-17T20:59", "2026-03-18T08:00", 300),
        ("2026-03-17T20:59", "2026-03-18T02:00", -1),
    ],
)
def test_tick_begins_after_the_last_one_at_most_three_hours_back(last: str | None, now: str, until: int) -> None:
    earlier = local(f"{last}+00:00") if last else None
    assert schedule.planned_until(local=local(f"{now}+00:00"), last=earlier) == until


@given(
    zone=st.sampled_from(sorted(time_zones.names())),
    start=st.integers(0, 8 * 366 * 24 * 60),
    steps=st.lists(st.integers(1, 175), min_size=40, max_size=80),
)
def test_ticks_leave_no_waking_minute_out(zone: str, start: int, steps: list[int]) -> None:
    """Whatever the clock does, each minute from 8:00 to the last tick before 21:00 falls to a tick within three hours of it."""
    at = dt.datetime(2024, 1, 1, tzinfo=dt.UTC) + start * MINUTE
    found: dict[dt.date, set[int]] = {}
    last_waking: dict[dt.date, int] = {}
    last: schedule.LocalClock | None = None
    for step in steps:
        shown = schedule.clock(at=at, time_zone=zone)
        if not shown.is_quiet:
            since = schedule.planned_until(local=shown, last=last)
            assert shown.minute - since <= schedule.WINDOW_MINUTES
            found.setdefault(shown.day, set()).update(range(since + 1, shown.minute + 1))
            last_waking[shown.day] = max(shown.minute, last_waking.get(shown.day, 0))
        at, last = at + step * MINUTE, shown
    for day in sorted(found)[1:]:
        assert set(range(schedule.QUIET_UNTIL_MINUTE, last_waking[day] + 1)) <= found[day]
