"""When a reminder is due, in the clock of the person who gets it; no database, no clock of its own.

Nothing is stored in UTC or as an offset: a person chooses a local time, and each instant is turned into every
zone's day and minute. So a day that changes its length moves nothing: an hour that does not exist is made up for
by the window, and an hour that comes twice has the same local day and therefore the same key.
"""

import datetime as dt
import zoneinfo
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

QUIET_FROM_MINUTE = 21 * 60
QUIET_UNTIL_MINUTE = 8 * 60
WINDOW_MINUTES = 180
# A new program is news for a day; whoever opens the list sees it anyway.
NEWS_HOURS = 24


@dataclass(frozen=True, kw_only=True)
class LocalClock:
    """What a clock on the wall shows in one time zone at one instant; ``minute`` counts from 0:00."""

    time_zone: str
    day: dt.date
    minute: int

    @property
    def is_quiet(self) -> bool:
        """Whether it is evening or night (21:00 to 8:00), when nobody is written to."""
        return self.minute >= QUIET_FROM_MINUTE or self.minute < QUIET_UNTIL_MINUTE


def clock(*, at: dt.datetime, time_zone: str) -> LocalClock:
    local = at.astimezone(_zone(time_zone))
    return LocalClock(time_zone=time_zone, day=local.date(), minute=local.hour * 60 + local.minute)


def clocks(*, at: dt.datetime, time_zones: Iterable[str]) -> list[LocalClock]:
    """The clocks of many zones at the same instant, in the order of the names."""
    return [clock(at=at, time_zone=name) for name in time_zones]


def planned_until(*, local: LocalClock, last: LocalClock | None) -> int:
    """Up to which minute of the local day (inclusive) it has been looked already who is due; −1 for none of it.

    ``last`` is the same zone's clock at the last tick. What was missed for longer than the window is too late to be made
    up for. On a day of its own the clock begins anew, also where it was put back over midnight or a day was left out.
    """
    done = last.minute if last is not None and last.day == local.day else -1
    return max(done, local.minute - WINDOW_MINUTES, -1)


def reminder_minute(chosen: int) -> int:
    """The minute of the local day at which a person is reminded who chose ``chosen``.

    A time in the quiet hours becomes 8:00 of the same day.
    """
    return chosen if QUIET_UNTIL_MINUTE <= chosen < QUIET_FROM_MINUTE else QUIET_UNTIL_MINUTE


def is_due(*, local: LocalClock, chosen: int) -> bool:
    """Whether a person who chose that minute may be reminded now: up to three hours after it, never in quiet hours.

    The three hours make up for a worker that stood still and for a local hour that was left out.
    """
    start = reminder_minute(chosen)
    return not local.is_quiet and start <= local.minute < start + WINDOW_MINUTES


def expires_at(*, local: LocalClock, chosen: int) -> dt.datetime:
    """The instant (UTC) from which that day's reminder is too late: after three hours, or when quiet begins."""
    minute = min(reminder_minute(chosen) + WINDOW_MINUTES, QUIET_FROM_MINUTE)
    wall = dt.datetime.combine(local.day, dt.time(minute // 60, minute % 60), _zone(local.time_zone))
    return wall.astimezone(dt.UTC)


@cache
def _zone(name: str) -> zoneinfo.ZoneInfo:
    return zoneinfo.ZoneInfo(name)
