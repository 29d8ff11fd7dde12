"""The days of a picture, and how they share its axis."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehab.guidance.charting.axis import MOST_DAYS, MOST_PERIODS, Axis, counts, medians, sums, usual

TODAY = dt.date(2026, 3, 18)
DAY = dt.timedelta(days=1)


def ago(days: int) -> dt.date:
    return TODAY - days * DAY


@pytest.mark.parametrize(
    ("first", "step", "count"),
    [
        (ago(0), 1, 14),
        (ago(27), 1, 28),
        (ago(119), 1, 120),
        (ago(120), 7, 18),
        (ago(730), 7, 105),
        (ago(909), 7, 130),
        (ago(910), 28, 33),
        (ago(9999), 28, 130),
    ],
)
def test_axis_shows_days_then_weeks_then_four_weeks(first: dt.date, step: int, count: int) -> None:
    axis = Axis.since(first, today=TODAY)
    assert (axis.step, axis.count) == (step, count)


@given(st.integers(0, 5000))
def test_axis_ends_today_and_stays_narrow_enough(days: int) -> None:
    axis = Axis.since(ago(days), today=TODAY)
    assert axis.last == TODAY
    assert axis.place(TODAY) == axis.count - 1
    assert axis.place(axis.first) == 0
    assert axis.place(axis.first - DAY) is None
    assert axis.place(TODAY + DAY) is None
    assert axis.start(0) == axis.first
    assert axis.days == (axis.until - axis.first).days
    assert axis.count <= max(MOST_DAYS, MOST_PERIODS)
    # Nothing that was asked for is left out, as far as there is room.
    assert axis.first <= ago(days) or axis.count == MOST_PERIODS


def test_what_lies_outside_is_nearest_to_an_end() -> None:
    axis = Axis.since(ago(27), today=TODAY)
    assert (axis.nearest(ago(99)), axis.nearest(TODAY + DAY)) == (0, 27)
    assert axis.reaches(ago(99), ago(27)) is False
    assert axis.reaches(ago(99), ago(26)) is True
    assert axis.reaches(TODAY, None) is True
    assert axis.reaches(TODAY + DAY, None) is False


def test_place_without_a_value_is_none_and_never_zero() -> None:
    axis = Axis.since(ago(13), today=TODAY)
    assert medians({ago(13): 4.0, ago(0): 0.0}, axis) == [4.0, *[None] * 12, 0.0]
    assert sums({ago(99): 4.0}, axis) == [None] * 14


def test_week_is_the_median_of_its_pain_and_the_sum_of_its_load() -> None:
    axis = Axis.since(ago(130), today=TODAY)
    values = {ago(6): 1.0, ago(5): 9.0, ago(0): 2.0, ago(7): 5.0}
    assert medians(values, axis)[-2:] == [5.0, 2.0]
    assert sums(values, axis)[-2:] == [5.0, 12.0]
    assert counts([ago(6), ago(6), ago(0), ago(7), ago(999)], axis)[-2:] == [1, 2]


def test_usual_is_the_median_of_seven_days() -> None:
    values = {ago(7): 10.0, ago(6): 1.0, ago(1): 3.0, ago(0): 2.0}
    assert usual(values, last=TODAY) == 2.0
    assert usual(values, last=ago(7)) == 10.0
    assert usual({}, last=TODAY) is None
