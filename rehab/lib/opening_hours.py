"""When a clinic is open: its week in its own time zone, and how waiting for its people is counted.

A week is JSON such as ``{"0": [["08:00", "12:30"], ["14:00", "18:00"]], "5": [["09:00", "12:00"]]}``: Monday is 0, a day
that is not named is closed, midnight at the end of a day is ``24:00``. An empty week says nothing: nobody is then taken to
be away.
"""

from __future__ import annotations

import datetime as dt
import re
import zoneinfo
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

TIME: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)|24:00")
DAYS: Final = 7
# Longer than any holiday; a week that is open at all comes round before.
LONGEST_LOOK: Final = 400
ONE_DAY: Final = dt.timedelta(days=1)

Week = Mapping[int, tuple[tuple[int, int], ...]]


class BadHoursError(ValueError):
    """What was given is no week of opening hours."""


@dataclass(frozen=True, kw_only=True)
class OpeningHours:
    """The week of one clinic, in minutes of the day, and its IANA time zone."""

    week: Week
    time_zone: str

    @classmethod
    def of(cls, value: Any, *, time_zone: str) -> Self:
        """Read what is stored.

        Raises:
            BadHoursError
        """
        if not isinstance(value, Mapping):
            raise BadHoursError
        week = {_weekday(day): _periods(periods) for day, periods in value.items()}
        return cls(week={day: periods for day, periods in week.items() if periods}, time_zone=time_zone)

    @property
    def is_said(self) -> bool:
        """Whether the clinic has said when it is open."""
        return bool(self.week)

    def is_open(self, at: dt.datetime) -> bool:
        """Whether somebody is there at the instant; always, where nobody has said."""
        return not self.is_said or next(start <= at for start, end in self._openings(at) if end > at)

    def closes_at(self, at: dt.datetime) -> dt.datetime | None:
        """When the opening ends in which the instant lies; nothing while it is closed, or where it never closes."""
        start, end = next((period for period in self._openings(at) if period[1] > at), (at, at))
        return end if start <= at < end <= at + (DAYS + 1) * ONE_DAY else None

    def opens_at(self, at: dt.datetime) -> dt.datetime | None:
        """When the next opening begins after the instant; nothing where nobody has said."""
        return next((start for start, _end in self._openings(at) if start > at), None)

    def after(self, at: dt.datetime, wait: dt.timedelta) -> dt.datetime:
        """When so much time has passed of which the clinic was open."""
        if not self.is_said:
            return at + wait
        left, end = wait, at
        for start, end in self._openings(at):
            begins = max(start, at)
            if end <= begins:
                continue
            if end - begins >= left:
                return begins + left
            left -= end - begins
        return end

    def after_days(self, at: dt.datetime, days: int) -> dt.datetime:
        """The same time of the day so many opening days later, inside the hours of that day."""
        if not self.is_said:
            return at + days * ONE_DAY
        local = at.astimezone(zoneinfo.ZoneInfo(self.time_zone))
        day = local.date()
        while days:
            day += ONE_DAY
            days -= day.weekday() in self.week
        periods = self.week[day.weekday()]
        minute = min(max(local.hour * 60 + local.minute, periods[0][0]), periods[-1][1])
        return self._instant(day, minute)

    def _openings(self, at: dt.datetime) -> Iterator[tuple[dt.datetime, dt.datetime]]:
        """The openings from the day before the instant on, in order; what meets at midnight is one."""
        if not self.is_said:
            return
        first = at.astimezone(zoneinfo.ZoneInfo(self.time_zone)).date() - ONE_DAY
        pending: tuple[dt.datetime, dt.datetime] | None = None
        for number in range(LONGEST_LOOK):
            day = first + number * ONE_DAY
            for begins, ends in self.week.get(day.weekday(), ()):
                start, end = self._instant(day, begins), self._instant(day, ends)
                if pending is not None and start <= pending[1]:
                    pending = pending[0], end
                    continue
                if pending is not None:
                    yield pending
                pending = start, end
        if pending is not None:
            yield pending

    def _instant(self, day: dt.date, minute: int) -> dt.datetime:
        """The wall clock of the clinic as an instant; of an hour that comes twice the first."""
        if minute == 24 * 60:
            day, minute = day + ONE_DAY, 0
        local = dt.datetime.combine(day, dt.time(*divmod(minute, 60)), zoneinfo.ZoneInfo(self.time_zone))
        return local.astimezone(dt.UTC)


def _weekday(text: Any) -> int:
    if not isinstance(text, str) or text not in {str(day) for day in range(DAYS)}:
        raise BadHoursError
    return int(text)


def _periods(value: Any) -> tuple[tuple[int, int], ...]:
    if not isinstance(value, list):
        raise BadHoursError
    periods: list[tuple[int, int]] = []
    for period in value:
        if not isinstance(period, list) or len(period) != 2:
            raise BadHoursError
        begins, ends = _minute(period[0]), _minute(period[1])
        if begins >= ends or (periods and begins < periods[-1][1]):
            raise BadHoursError
        periods.append((begins, ends))
    return tuple(periods)


def _minute(text: Any) -> int:
    if not isinstance(text, str) or not TIME.fullmatch(text):
        raise BadHoursError
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)
