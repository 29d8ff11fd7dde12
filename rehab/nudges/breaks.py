"""How long a break from reminders lasts, by the clock of the person who asks for it; no database, no clock of its own."""

import datetime as dt
import zoneinfo
from typing import Final

# What a person can ask for, in days of their own: “only not today” ends at midnight.
DAYS: Final = {"today": 1, "week": 7}


def break_until(length: str, *, at: dt.datetime, time_zone: str) -> dt.datetime:
    """The instant (UTC) at which a break that begins at the instant is over: a midnight in the person's zone."""
    zone = zoneinfo.ZoneInfo(time_zone)
    last = at.astimezone(zone).date() + dt.timedelta(days=DAYS[length])
    return dt.datetime.combine(last, dt.time(), zone).astimezone(dt.UTC)
