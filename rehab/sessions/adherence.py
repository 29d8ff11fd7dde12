"""Adherence: performed ÷ prescribed over a window, per prescription and in all.

Each item counts once a day on which it was due, however many times a day it is asked; its times of the day share that
one. Rest days, one-offs, days outside a prescription's period, days on which a warning sign had stopped the exercises,
or this one alone, and days that are still to come are not in the denominator, and nothing due is ``None``, never 0 %.
What counts as a kept week (four fifths) is rule H2 of 06_progression.yaml.
"""

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple
from uuid import UUID

KEPT: Final = 0.8
DAYS_A_WEEK: Final = 7


class Period(NamedTuple):
    """One prescription, as far as counting needs it; ``ends_on`` is out, bit 0 of ``weekdays`` is Monday."""

    prescription: UUID
    exercise: UUID
    starts_on: dt.date
    ends_on: dt.date | None
    weekdays: int
    times_per_day: int
    is_one_off: bool


# The share in percent that holds, by prescription, day and slot; skipped and taken back are 0, no answer is absent.
Shares = Mapping[tuple[UUID, dt.date, int], int]


# A day on which a warning sign had stopped the exercises; or an exercise, and a day on which one had stopped that alone.
NotDue = dt.date | tuple[UUID, dt.date]


class Tally(NamedTuple):
    """Items done (in parts of one) and items due."""

    performed: float
    prescribed: int

    @property
    def ratio(self) -> float | None:
        return self.performed / self.prescribed if self.prescribed else None


def due_days(period: Period, *, first: dt.date, until: dt.date, today: dt.date) -> Iterator[dt.date]:
    """The days of the half-open window on which the prescription was due, none after ``today``."""
    if period.is_one_off:
        return
    day = max(first, period.starts_on)
    end = min(until, today + dt.timedelta(days=1), period.ends_on or until)
    while day < end:
        if period.weekdays >> day.weekday() & 1:
            yield day
        day += dt.timedelta(days=1)


def is_stopped(period: Period, day: dt.date, stopped: Collection[NotDue]) -> bool:
    """Whether nothing of the prescription was to be done on the day."""
    return day in stopped or (period.exercise, day) in stopped


def _replaced(periods: Iterable[Period]) -> dict[UUID, UUID]:
    # What was done on the morning of a change belongs to the item that replaced it that day.
    periods = list(periods)
    ended = {(one.exercise, one.ends_on): one.prescription for one in periods if one.ends_on}
    return {
        one.prescription: ended[one.exercise, one.starts_on]
        for one in periods
        if (one.exercise, one.starts_on) in ended and ended[one.exercise, one.starts_on] != one.prescription
    }


def tallies(
    periods: Sequence[Period],
    shares: Shares,
    *,
    first: dt.date,
    until: dt.date,
    today: dt.date,
    stopped: Collection[NotDue] = (),
) -> dict[tuple[UUID, dt.date], float]:
    """How much of each item was done on each day on which it was due, 0 to 1, by prescription and day.

    What was ``stopped`` was not due: who did as the warning said has missed nothing.
    """
    replaced = _replaced(periods)
    found: dict[tuple[UUID, dt.date], float] = {}
    for period in periods:
        before = replaced.get(period.prescription)
        for day in due_days(period, first=first, until=until, today=today):
            if is_stopped(period, day, stopped):
                continue
            percent = 0
            for slot in range(1, period.times_per_day + 1):
                share = shares.get((period.prescription, day, slot))
                if share is None and before is not None and day == period.starts_on:
                    share = shares.get((before, day, slot))
                percent += share or 0
            found[period.prescription, day] = min(1.0, percent / (100 * period.times_per_day))
    return found


def _sum(parts: Iterable[float]) -> Tally:
    parts = list(parts)
    return Tally(sum(parts), len(parts))


def in_all(
    periods: Sequence[Period],
    shares: Shares,
    *,
    first: dt.date,
    until: dt.date,
    today: dt.date,
    stopped: Collection[NotDue] = (),
) -> Tally:
    """All items of the window together."""
    return _sum(tallies(periods, shares, first=first, until=until, today=today, stopped=stopped).values())


def by_prescription(
    periods: Sequence[Period],
    shares: Shares,
    *,
    first: dt.date,
    until: dt.date,
    today: dt.date,
    stopped: Collection[NotDue] = (),
) -> dict[UUID, Tally]:
    """Each prescription of its own."""
    parts: dict[UUID, list[float]] = {period.prescription: [] for period in periods}
    found = tallies(periods, shares, first=first, until=until, today=today, stopped=stopped)
    for (prescription, _), part in found.items():
        parts[prescription].append(part)
    return {prescription: _sum(found) for prescription, found in parts.items()}


def by_day(
    periods: Sequence[Period],
    shares: Shares,
    *,
    first: dt.date,
    until: dt.date,
    today: dt.date,
    stopped: Collection[NotDue] = (),
) -> dict[dt.date, Tally]:
    """Every day of the window, also those on which nothing was due."""
    parts: dict[dt.date, list[float]] = {
        first + dt.timedelta(days=number): [] for number in range((until - first).days)
    }
    found = tallies(periods, shares, first=first, until=until, today=today, stopped=stopped)
    for (_, day), part in found.items():
        parts[day].append(part)
    return {day: _sum(found) for day, found in parts.items()}


class Week(NamedTuple):
    """One full calendar week; where nothing was due it is neither kept nor missed."""

    monday: dt.date
    tally: Tally

    @property
    def is_kept(self) -> bool:
        # Parts of an item are fractions, and seven times 0.8 is a little less than 5.6.
        return self.tally.ratio is not None and self.tally.ratio > KEPT - 1e-9


def weeks(days: Mapping[dt.date, Tally], *, today: dt.date) -> list[Week]:
    """The full calendar weeks among the days, the oldest first; a week that still runs is left out."""
    found: dict[dt.date, list[Tally]] = {}
    for day, tally in days.items():
        found.setdefault(day - dt.timedelta(days=day.weekday()), []).append(tally)
    return [
        Week(monday, Tally(sum(one.performed for one in week), sum(one.prescribed for one in week)))
        for monday, week in sorted(found.items())
        if len(week) == DAYS_A_WEEK and monday + dt.timedelta(days=DAYS_A_WEEK) <= today
    ]


def weeks_kept(full: Sequence[Week]) -> tuple[int, int]:
    """How many full calendar weeks were kept, and how many had anything due."""
    return sum(week.is_kept for week in full), sum(week.tally.prescribed > 0 for week in full)
