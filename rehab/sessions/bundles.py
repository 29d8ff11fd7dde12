"""Messages that belong together, because one side wrote them within minutes: shown, and counted, as one."""

import datetime as dt
from collections.abc import Iterable
from typing import Final, Protocol, TypeVar

# What is written in one breath stands under one name and time.
SHOWN_WITHIN: Final = dt.timedelta(minutes=10)
# Staff write down one thing after the other while they look at a dog; for the family that is one piece of news.
COUNTED_WITHIN: Final = dt.timedelta(minutes=15)


class Said(Protocol):
    """A message as far as this rule looks at it."""

    @property
    def from_family(self) -> bool: ...

    @property
    def received_at(self) -> dt.datetime: ...


M = TypeVar("M", bound=Said)


def bundles(messages: Iterable[M], *, within: dt.timedelta) -> list[list[M]]:
    """The messages, oldest first, in bundles.

    A message joins the one before it if the same side wrote both and at most ``within`` lies between them; a word of
    the other side in between begins a new bundle.
    """
    found: list[list[M]] = []
    for message in messages:
        last = found[-1][-1] if found else None
        if (
            last is not None
            and last.from_family == message.from_family
            and message.received_at - last.received_at <= within
        ):
            found[-1].append(message)
        else:
            found.append([message])
    return found
