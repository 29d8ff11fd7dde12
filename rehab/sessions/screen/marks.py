"""The mark of a printed page: what was known when it was made, to be told from what is known now."""

import datetime as dt
from typing import NamedTuple, Self


class Mark(NamedTuple):
    """The parts of ``DogOfDay.mark``; ``arrived_at`` is ``None`` where nothing had come in."""

    arrived_at: dt.datetime | None
    plan: str
    stopped_by: str
    day: str

    @property
    def page(self) -> tuple[str, str, str]:
        """What the whole page hangs on, and not a part of it."""
        return self.plan, self.stopped_by, self.day

    @classmethod
    def of(cls, text: str) -> Self | None:
        """The mark in a text, or ``None`` where it is none of ours."""
        try:
            arrived, _number, plan, stopped_by, _unread, day = text.split("~")
            arrived_at = dt.datetime.fromisoformat(arrived).astimezone(dt.UTC) if arrived else None
        except (ValueError, OverflowError):
            return None
        return cls(arrived_at, plan, stopped_by, day)
