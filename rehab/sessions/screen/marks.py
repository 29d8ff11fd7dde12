"""The mark of a printed page: what was known when it was made, to be told from what is known now."""

import datetime as dt
from typing import NamedTuple, Self


class Mark(NamedTuple):
    """The parts of ``DogOfDay.mark``; ``arrived_at`` is ``None`` where nothing had come in."""

    arrived_at: dt.datetime | None
    plan_version: str
    stopped_by: str

    @classmethod
    def of(cls, text: str) -> Self | None:
        """The mark in a text, or ``None`` where it is none of ours."""
        try:
            arrived, _number, plan_version, stopped_by, _unread = text.split("~")
            arrived_at = dt.datetime.fromisoformat(arrived) if arrived else None
        except ValueError:
            return None
        if arrived_at is not None and arrived_at.tzinfo is None:
            return None
        return cls(arrived_at, plan_version, stopped_by)
