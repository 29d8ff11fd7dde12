"""Performed ÷ prescribed: what counts, and what leaves the denominator."""

import datetime as dt
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehab.sessions.adherence import Period, Shares, Tally, by_day, by_prescription, in_all, weeks, weeks_kept

MONDAY = dt.date(2026, 3, 2)
TODAY = dt.date(2026, 3, 18)
EXERCISE = UUID(int=50)


def day(number: int) -> dt.date:
    return MONDAY + dt.timedelta(days=number)


def period(number: int = 1, **changes: Any) -> Period:
    return Period(
        **{
            "prescription": UUID(int=number),
            "exercise": UUID(int=100 + number),
            "starts_on": MONDAY,
            "ends_on": None,
            "weekdays": 127,
            "times_per_day": 1,
            "is_one_off": False,
            **changes,
        }
    )


def said(*answers: tuple[int, int, int, int]) -> Shares:
    """``(prescription, day, slot, percent)``"""
    return {(UUID(int=one), day(on), slot): share for one, on, slot, share in answers}


def total(periods: list[Period], shares: Shares, first: int = 0, until: int = 7) -> Tally:
    return in_all(periods, shares, first=day(first), until=day(until), today=TODAY)


def test_nothing_due_is_none_and_not_zero() -> None:
    assert total([], {}).ratio is None
    assert total([period(weekdays=0)], {}).ratio is None


def test_nothing_done_is_zero() -> None:
    assert total([period()], {}) == (0, 7)
    assert total([period()], {}).ratio == 0


def test_times_of_a_day_share_one_item() -> None:
    shares = said((1, 0, 1, 100), (1, 0, 2, 50), (1, 1, 1, 100), (1, 1, 2, 100))
    assert total([period(times_per_day=2)], shares, until=2) == (1.75, 2)


def test_skipped_counts_as_not_done_and_as_due() -> None:
    assert total([period()], said((1, 0, 1, 0)), until=1) == (0, 1)


@pytest.mark.parametrize(
    ("changes", "prescribed"),
    [
        ({"weekdays": 0b0010101}, 3),
        ({"starts_on": day(5)}, 2),
        ({"ends_on": day(3)}, 3),
        ({"starts_on": day(3), "ends_on": day(3)}, 0),
        ({"is_one_off": True}, 0),
        ({"starts_on": day(40)}, 0),
    ],
)
def test_days_that_are_not_due_leave_the_denominator(changes: dict[str, Any], prescribed: int) -> None:
    assert total([period(**changes)], {}).prescribed == prescribed


def test_days_to_come_leave_the_denominator() -> None:
    tally = in_all([period()], {}, first=TODAY, until=TODAY + dt.timedelta(days=7), today=TODAY)
    assert tally.prescribed == 1


def test_doing_it_on_a_rest_day_or_a_fourth_time_adds_nothing() -> None:
    rest = [period(weekdays=0b0000001)]
    assert total(rest, said((1, 0, 1, 100), (1, 1, 1, 100), (1, 0, 4, 100))) == (1, 1)


def test_morning_of_a_change_belongs_to_what_replaced_it() -> None:
    old = period(1, exercise=EXERCISE, ends_on=day(3))
    new = period(2, exercise=EXERCISE, starts_on=day(3))
    shares = said((1, 3, 1, 100))
    assert total([old, new], shares, first=3, until=4) == (1, 1)
    # What was said about the new one wins, and only on that day does the old one count.
    assert total([old, new], {**shares, **said((2, 3, 1, 0))}, first=3, until=4) == (0, 1)
    assert total([old, new], said((1, 4, 1, 100)), first=4, until=5) == (0, 1)


def test_by_prescription_and_by_day_add_up_to_all() -> None:
    periods = [period(1), period(2, weekdays=0b0000011, times_per_day=2)]
    shares = said((1, 0, 1, 100), (2, 0, 1, 100), (2, 1, 2, 100))
    window: dict[str, Any] = {"first": day(0), "until": day(7), "today": TODAY}
    each = by_prescription(periods, shares, **window)
    assert each == {UUID(int=1): (1, 7), UUID(int=2): (1, 2)}
    days = by_day(periods, shares, **window)
    assert [days[day(0)], days[day(1)], days[day(6)]] == [(1.5, 2), (0.5, 2), (0, 1)]
    assert in_all(periods, shares, **window) == (2, 9)


PERIODS = st.builds(
    lambda number, start, length, weekdays, times, one_off: period(
        number,
        starts_on=day(start),
        ends_on=None if length is None else day(start + length),
        weekdays=weekdays,
        times_per_day=times,
        is_one_off=one_off,
    ),
    st.integers(1, 4),
    st.integers(-5, 20),
    st.none() | st.integers(0, 20),
    st.integers(0, 127),
    st.integers(1, 4),
    st.booleans(),
)
SHARES = st.dictionaries(
    st.tuples(st.integers(1, 4).map(lambda number: UUID(int=number)), st.integers(-3, 25).map(day), st.integers(1, 5)),
    st.integers(0, 100),
    max_size=20,
)


@given(
    st.lists(PERIODS, max_size=4, unique_by=lambda one: one.prescription),
    SHARES,
    st.integers(-3, 15),
    st.integers(0, 14),
)
def test_ratio_is_none_or_between_nothing_and_all(
    periods: list[Period], shares: Shares, first: int, length: int
) -> None:
    window: dict[str, Any] = {"first": day(first), "until": day(first + length), "today": TODAY}
    tally = in_all(periods, shares, **window)
    assert (tally.ratio is None) is (tally.prescribed == 0)
    assert 0 <= tally.performed <= tally.prescribed
    assert tally.prescribed <= len(periods) * length
    days = by_day(periods, shares, **window)
    assert len(days) == length
    assert sum(one.prescribed for one in days.values()) == tally.prescribed
    assert sum(one.performed for one in days.values()) == pytest.approx(tally.performed)


@given(st.lists(PERIODS, max_size=4, unique_by=lambda one: one.prescription), SHARES)
def test_doing_more_never_lowers_adherence(periods: list[Period], shares: Shares) -> None:
    everything = dict.fromkeys(shares, 100)
    assert total(periods, everything).performed >= total(periods, shares).performed


def week(start: int, performed: float, prescribed: int = 1) -> dict[dt.date, Tally]:
    return {day(start + number): Tally(performed, prescribed) for number in range(7)}


def test_weeks_kept_are_full_weeks_of_four_fifths() -> None:
    today = day(23)
    days = {**week(0, 0.8), **week(7, 0.79), **week(14, 1.0), **week(21, 1.0)}
    assert weeks_kept(weeks(days, today=today)) == (2, 3)


def test_week_without_anything_due_is_not_counted() -> None:
    assert weeks_kept(weeks(week(0, 0, 0), today=day(30))) == (0, 0)


def test_week_that_was_only_partly_in_the_window_is_not_counted() -> None:
    days = dict(list(week(0, 1.0).items())[1:])
    assert weeks_kept(weeks(days, today=day(30))) == (0, 0)


def test_stopped_day_leaves_the_denominator_with_all_that_was_done_on_it() -> None:
    shares = said((1, 0, 1, 100), (1, 1, 1, 100))
    window = {"first": day(0), "until": day(7), "today": TODAY}
    assert in_all([period()], shares, **window, stopped={day(1), day(2)}) == Tally(1, 5)
    assert by_day([period()], shares, **window, stopped={day(1)})[day(1)] == Tally(0, 0)
    assert by_prescription([period()], shares, **window, stopped={day(number) for number in range(7)}) == {
        UUID(int=1): Tally(0, 0)
    }


def test_exercise_that_was_stopped_alone_leaves_the_denominator_of_those_days_and_the_others_stay() -> None:
    shares = said((1, 0, 1, 100), (1, 1, 1, 100), (2, 1, 1, 100))
    window = {"first": day(0), "until": day(7), "today": TODAY}
    both, stopped = [period(1), period(2)], {(UUID(int=101), day(1)), (UUID(int=101), day(2))}
    assert by_prescription(both, shares, **window, stopped=stopped) == {
        UUID(int=1): Tally(1, 5),
        UUID(int=2): Tally(1, 7),
    }
    assert by_day(both, shares, **window, stopped=stopped)[day(1)] == Tally(1, 1)


def test_weeks_are_in_order_and_a_rest_is_neither_kept_nor_missed() -> None:
    days = {day(number): Tally(0.8, 1) if number >= 7 else Tally(0, 0) for number in (*range(7, 14), *range(7))}
    first, second = weeks(days, today=TODAY)
    assert (first.monday, first.is_kept, first.tally.ratio) == (day(0), False, None)
    assert (second.monday, second.is_kept) == (day(7), True)
