"""Reading the fields of a decoded JSON object, strictly: what is not what it should be is refused by name."""

import datetime as dt
import re
import zoneinfo
from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Final
from uuid import UUID

from rehab.sessions.commands.values import RefusedError, Why

LONGEST_NAME: Final = 64
LONGEST_NOTE: Final = 500
UUID_TEXT: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
DAY_TEXT: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)

Raw = Mapping[str, object]


def required(raw: Raw, name: str) -> object:
    if name not in raw:
        raise RefusedError(Why.FIELD_MISSING, field=name)
    return raw[name]


def text(raw: Raw, name: str, *, longest: int = LONGEST_NAME) -> str:
    value = required(raw, name)
    if not isinstance(value, str):
        raise RefusedError(Why.FIELD_TYPE, field=name)
    if "\0" in value:
        raise RefusedError(Why.FIELD_NUL, field=name)
    if len(value) > longest:
        raise RefusedError(Why.FIELD_TOO_LONG, field=name, most=longest)
    try:
        value.encode()
    except UnicodeEncodeError:  # half of a surrogate pair: JSON can say it, a database cannot keep it
        raise RefusedError(Why.FIELD_TYPE, field=name) from None
    return value


def note(raw: Raw) -> str:
    """What was written beside the answer, without the space around it; empty where nothing was."""
    return "" if raw.get("note") is None else text(raw, "note", longest=LONGEST_NOTE).strip()


def uuid(raw: Raw, name: str) -> UUID:
    value = text(raw, name)
    if UUID_TEXT.fullmatch(value) is None:
        raise RefusedError(Why.FIELD_TYPE, field=name)
    return UUID(value)


def uuid_or_none(raw: Raw, name: str) -> UUID | None:
    return None if raw.get(name) is None else uuid(raw, name)


def whole(raw: Raw, name: str, *, least: int, most: int, why: Why) -> int:
    value = required(raw, name)
    if type(value) is not int:  # True is an int to Python, and nobody means it
        raise RefusedError(Why.FIELD_TYPE, field=name)
    if not least <= value <= most:
        raise RefusedError(why, least=least, most=most)
    return value


def yes_or_no(raw: Raw, name: str) -> bool:
    value = required(raw, name)
    if type(value) is not bool:
        raise RefusedError(Why.FIELD_TYPE, field=name)
    return value


def codes(raw: Raw, name: str, *, known: Collection[str], why: Why) -> tuple[str, ...]:
    """The known codes of a list, each once and in the order of ``known``, whatever the order of the taps."""
    said = required(raw, name)
    if not isinstance(said, list):
        raise RefusedError(Why.FIELD_TYPE, field=name)
    if not all(isinstance(code, str) and code in known for code in said):
        raise RefusedError(why)
    return tuple(code for code in known if code in said)


def day_of(value: str) -> dt.date | None:
    """The date in a text such as 2026-03-18, and in no other spelling."""
    if DAY_TEXT.fullmatch(value) is None:
        return None
    try:
        return dt.date.fromisoformat(value)
    except ValueError:
        return None


def day(raw: Raw, name: str) -> dt.date:
    found = day_of(text(raw, name))
    if found is None:
        raise RefusedError(Why.DAY_INVALID)
    return found


def instant(raw: Raw, name: str) -> dt.datetime | None:
    if required(raw, name) is None:
        return None
    value = text(raw, name)
    try:
        found = dt.datetime.fromisoformat(value)
        if found.tzinfo is None:
            raise RefusedError(Why.DONE_AT_INVALID)
        return found.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        raise RefusedError(Why.DONE_AT_INVALID) from None


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


def time_zone(raw: Raw) -> str | None:
    if raw.get("time_zone") is None:
        return None
    value = text(raw, "time_zone")
    # A phone may know a zone that this machine does not: the fact counts all the same, in the dog's zone.
    return value if value in _zones() else None
