"""Which weekdays an item is due on, and from which day. Weekdays are seven bits, bit 0 = Monday."""

import datetime as dt
from typing import Final

EVERY_DAY: Final = 0b1111111


def weekdays_for(days_per_week: int) -> int:
    """Spread the days of a week so that rest days lie between them: 3 a week is Wednesday, Friday and Sunday.

    Strength work needs rest days between (clinical/06_progression.yaml, strength_days).

    Raises:
        ValueError: not 1 to 7 days.
    """
    if not 1 <= days_per_week <= 7:
        raise ValueError(f"{days_per_week} days a week")
    return sum(1 << day for day in range(7) if (day + 1) * days_per_week // 7 > day * days_per_week // 7)


def first_day_of(week: int, *, starts_on: dt.date) -> dt.date:
    """The day that a program's week begins, counted from 1 at the program's start."""
    return starts_on + dt.timedelta(days=7 * (week - 1))
