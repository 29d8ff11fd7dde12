"""Opening hours: what is read, when somebody is there, and how waiting is counted over nights and clock changes."""

import datetime as dt
from typing import Any

import pytest

from rehab.lib.opening_hours import BadHoursError, OpeningHours

MADRID = "Europe/Madrid"
WEEK = {str(day): [["08:00", "18:00"]] for day in range(5)}
SPLIT = {"0": [["08:00", "12:30"], ["14:00", "18:00"]]}
HOUR = dt.timedelta(hours=1)


def hours(week: Any = None, zone: str = "UTC") -> OpeningHours:
    return OpeningHours.of(WEEK if week is None else week, time_zone=zone)


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


@pytest.mark.parametrize(
    "value",
    [
        [],
        "8-18",
        None,
        {"7": [["08:00", "18:00"]]},
        {0: [["08:00", "18:00"]]},
        {"0": "08:00-18:00"},
        {"0": [["18:00", "08:00"]]},
        {"0": [["08:00", "08:00"]]},
        {"0": [["8:00", "18:00"]]},
        {"0": [["08:00", "25:00"]]},
        {"0": [["08:00"]]},
        {"0": [[8, 18]]},
        {"0": [["08:00", "12:00"], ["11:00", "18:00"]]},
    ],
)
def test_what_is_no_week_is_refused(value: Any) -> None:
    with pytest.raises(BadHoursError):
        OpeningHours.of(value, time_zone="UTC")


@pytest.mark.parametrize("value", [{}, {"0": []}])
def test_nothing_said_is_nobody_away(value: Any) -> None:
    week = hours(value)
    night = at("2026-03-22T03:00")
    assert (week.is_said, week.is_open(night), week.closes_at(night), week.opens_at(night)) == (False, True, None, None)
    assert week.after(night, 4 * HOUR) == night + 4 * HOUR
    assert week.after_days(night, 3) == night + dt.timedelta(days=3)


@pytest.mark.parametrize(
    ("moment", "is_open", "opens", "closes"),
    [
        ("2026-03-18T08:00", True, "2026-03-19T08:00", "2026-03-18T18:00"),
        ("2026-03-18T17:59", True, "2026-03-19T08:00", "2026-03-18T18:00"),
        ("2026-03-18T18:00", False, "2026-03-19T08:00", None),
        ("2026-03-20T19:00", False, "2026-03-23T08:00", None),
        ("2026-03-23T07:59", False, "2026-03-23T08:00", None),
    ],
)
def test_open_from_the_first_minute_to_before_the_last(
    moment: str, is_open: bool, opens: str, closes: str | None
) -> None:
    week = hours()
    assert week.is_open(at(moment)) is is_open
    assert week.opens_at(at(moment)) == at(opens)
    assert week.closes_at(at(moment)) == (at(closes) if closes else None)


@pytest.mark.parametrize(
    ("start", "wait", "end"),
    [
        ("2026-03-18T09:00", 4, "2026-03-18T13:00"),  # within a day
        ("2026-03-18T16:00", 4, "2026-03-19T10:00"),  # over a night
        ("2026-03-20T17:00", 4, "2026-03-23T11:00"),  # over a weekend
        ("2026-03-21T12:00", 4, "2026-03-23T12:00"),  # begun on a closed day
        ("2026-03-18T14:00", 4, "2026-03-18T18:00"),  # up to the last minute
    ],
)
def test_waiting_counts_only_while_it_is_open(start: str, wait: int, end: str) -> None:
    assert hours().after(at(start), wait * HOUR) == at(end)


def test_waiting_pauses_at_noon() -> None:
    assert hours(SPLIT).after(at("2026-03-23T10:30"), 4 * HOUR) == at("2026-03-23T16:00")


def test_waiting_lasts_weeks_where_it_is_open_for_an_hour_a_week() -> None:
    assert hours({"0": [["08:00", "09:00"]]}).after(at("2026-03-23T08:00"), 4 * HOUR) == at("2026-04-13T09:00")


def test_clinic_that_never_closes_waits_by_the_clock() -> None:
    week = hours({str(day): [["00:00", "24:00"]] for day in range(7)})
    night = at("2026-03-22T23:30")
    assert (week.is_open(night), week.closes_at(night)) == (True, None)
    assert week.after(night, 4 * HOUR) == night + 4 * HOUR


def test_night_that_is_open_past_midnight_is_one_opening() -> None:
    week = hours({"4": [["20:00", "24:00"]], "5": [["00:00", "06:00"]]})
    assert week.closes_at(at("2026-03-20T23:00")) == at("2026-03-21T06:00")
    assert week.after(at("2026-03-20T22:00"), 4 * HOUR) == at("2026-03-21T02:00")


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-03-18T09:30", "2026-03-23T09:30"),  # Wednesday: Thursday, Friday, Monday
        ("2026-03-21T12:00", "2026-03-25T12:00"),  # Saturday: Monday, Tuesday, Wednesday
        ("2026-03-18T22:00", "2026-03-23T18:00"),  # late in the evening: not later than the last minute
        ("2026-03-18T02:00", "2026-03-23T08:00"),
    ],
)
def test_days_are_opening_days(start: str, end: str) -> None:
    assert hours().after_days(at(start), 3) == at(end)


def test_hours_are_those_of_the_clinics_zone() -> None:
    week = hours(zone=MADRID)
    assert week.is_open(at("2026-01-15T07:00")) is True  # 8:00 in winter
    assert week.is_open(at("2026-07-15T16:00")) is False  # 18:00 in summer
    assert week.closes_at(at("2026-07-15T15:59")) == at("2026-07-15T16:00")


def test_opening_over_the_spring_change_is_an_hour_shorter() -> None:
    week = hours({"6": [["00:00", "06:00"]]}, zone=MADRID)  # Sunday 29 March 2026: 2:00 is 3:00
    assert week.after(at("2026-03-28T23:00"), 4 * HOUR) == at("2026-03-29T03:00")
    assert week.closes_at(at("2026-03-29T01:30")) == at("2026-03-29T04:00")


def test_opening_over_the_autumn_change_is_an_hour_longer() -> None:
    week = hours({"6": [["00:00", "06:00"]]}, zone=MADRID)  # Sunday 25 October 2026: 3:00 is 2:00
    assert week.after(at("2026-10-24T22:00"), 6 * HOUR) == at("2026-10-25T04:00")
    assert week.closes_at(at("2026-10-25T00:30")) == at("2026-10-25T05:00")


def test_opening_that_begins_in_the_missing_hour_is_still_one() -> None:
    week = hours({"6": [["02:30", "06:00"]]}, zone=MADRID)
    assert week.opens_at(at("2026-03-28T20:00")) == at("2026-03-29T01:30")
    assert week.is_open(at("2026-03-29T02:00")) is True
