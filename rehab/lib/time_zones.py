"""Time zones by IANA name: validation, and the local day of an instant."""

import datetime as dt
import zoneinfo
from functools import lru_cache

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _


@lru_cache(maxsize=1)
def names() -> frozenset[str]:
    """Every IANA name that this machine knows."""
    return frozenset(zoneinfo.available_timezones() - {"localtime", "posixrules", "Factory"})


def validate_time_zone(value: str) -> None:
    """Refuse what is not an IANA name such as ``Europe/Madrid``; an offset is not a time zone."""
    if value not in names():
        raise ValidationError(
            _("“%(value)s” is not a time zone. Choose one such as Europe/Madrid."),
            code="time_zone",
            params={"value": value[:64]},
        )


def local_day(*, at: dt.datetime, time_zone: str) -> dt.date:
    """The calendar day that a person in the zone calls “today” at the instant."""
    return at.astimezone(zoneinfo.ZoneInfo(time_zone)).date()
