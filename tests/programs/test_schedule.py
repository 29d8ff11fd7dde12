import datetime as dt

import pytest

from rehab.programs.schedule import EVERY_DAY, first_day_of, weekdays_for


@pytest.mark.parametrize(
    ("days", "names"),
    [(1, "Sun"), (2, "Thu Sun"), (3, "Wed Fri Sun"), (4, "Tue Thu Sat Sun"), (7, "Mon Tue Wed Thu Fri Sat Sun")],
)
def test_weekdays_are_spread_over_the_week(days: int, names: str) -> None:
    week = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
    assert [name for bit, name in enumerate(week) if weekdays_for(days) >> bit & 1] == names.split()


def test_weekdays_are_as_many_as_asked_for() -> None:
    assert [weekdays_for(days).bit_count() for days in range(1, 8)] == [1, 2, 3, 4, 5, 6, 7]
    assert weekdays_for(7) == EVERY_DAY


@pytest.mark.parametrize("days", [0, 8, -1])
def test_weekdays_refuse_what_is_no_week(days: int) -> None:
    with pytest.raises(ValueError, match="days a week"):
        weekdays_for(days)


@pytest.mark.parametrize(("week", "day"), [(1, 4), (2, 11), (3, 18)])
def test_weeks_of_a_program_count_from_one(week: int, day: int) -> None:
    assert first_day_of(week, starts_on=dt.date(2026, 5, 4)) == dt.date(2026, 5, day)
