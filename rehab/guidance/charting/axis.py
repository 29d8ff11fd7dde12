"""The days of a picture and how they share its axis: a place for each day, for each week, or for four weeks. Pure.

A place without a value is ``None``, never zero. Periods of more than a day end today, so that the last one is whole.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Final, Self

ONE_DAY: Final = dt.timedelta(days=1)
# More days than this are hairs on paper, and so are more periods.
MOST_DAYS: Final = 120
MOST_PERIODS: Final = 130
WEEK: Final = 7
FOUR_WEEKS: Final = 28
# What the figures above the picture compare: the last seven days with the seven before.
LEAST_DAYS: Final = 14


@dataclass(frozen=True, kw_only=True)
class Axis:
    """``count`` places of ``step`` days each; ``first`` is the first day, ``last`` the last one (today)."""

    first: dt.date
    last: dt.date
    step: int
    count: int

    @classmethod
    def since(cls, first: dt.date, *, today: dt.date) -> Self:
        """From the day to today, in days, weeks or four weeks, whichever leaves the places wide enough."""
        days = max(LEAST_DAYS, (today - first).days + 1)
        step = 1 if days <= MOST_DAYS else WEEK if days <= WEEK * MOST_PERIODS else FOUR_WEEKS
        count = min(MOST_PERIODS, -(-days // step))
        return cls(first=today - (count * step - 1) * ONE_DAY, last=today, step=step, count=count)

    @property
    def until(self) -> dt.date:
        """The day after the last."""
        return self.last + ONE_DAY

    @property
    def days(self) -> int:
        return self.step * self.count

    def start(self, place: int) -> dt.date:
        return self.first + place * self.step * ONE_DAY

    def place(self, day: dt.date) -> int | None:
        """The place of the day; none outside the picture."""
        return (day - self.first).days // self.step if self.first <= day <= self.last else None

    def nearest(self, day: dt.date) -> int:
        """The place of the day, else the end of the picture that is nearer to it."""
        return (min(max(day, self.first), self.last) - self.first).days // self.step

    def reaches(self, first: dt.date, until: dt.date | None) -> bool:
        """Whether any day of the half-open period lies in the picture."""
        return first <= self.last and (until is None or until > self.first)


def grouped(values: Iterable[tuple[dt.date, float]], axis: Axis) -> list[list[float]]:
    """The values of each place, in the order in which they come."""
    found: list[list[float]] = [[] for _ in range(axis.count)]
    for day, value in values:
        place = axis.place(day)
        if place is not None:
            found[place].append(value)
    return found


def medians(values: Mapping[dt.date, float], axis: Axis) -> list[float | None]:
    """The value of each day; of longer places the median of the days that have one."""
    return [median(here) if here else None for here in grouped(values.items(), axis)]


def sums(values: Mapping[dt.date, float], axis: Axis) -> list[float | None]:
    """The sum of each place; a place in which no day has a value has none."""
    return [sum(here) if here else None for here in grouped(values.items(), axis)]


def counts(days: Iterable[dt.date], axis: Axis) -> list[int]:
    """How many of the days lie in each place."""
    return [len(here) for here in grouped(((day, 1.0) for day in set(days)), axis)]


def usual(values: Mapping[dt.date, float], *, last: dt.date, days: int = WEEK) -> float | None:
    """The median of the days that end with ``last``; none without an answer."""
    found = [value for day, value in values.items() if 0 <= (last - day).days < days]
    return median(found) if found else None
