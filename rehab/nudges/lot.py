"""Chance that can be repeated: who is left out by lot on a day, and how far a person's messages are spread; no database.

Both come from one hash of the person and the day, so that a tick that runs twice, or in two places, decides the same. The
planner's statement computes the same hash.
"""

import datetime as dt
from hashlib import md5
from typing import Final
from uuid import UUID

SALT: Final = "steadyback-nudges-1"
# Sixteen steps: one hexadecimal digit of the hash.
STEPS: Final = 16
WORD: Final = 2**32


def threshold(percent: int) -> str:
    """The hash, as its first eight digits, below which a person is left out that day. Less than 100 percent."""
    return f"{WORD * percent // 100:08x}"


def digits(*, user_id: UUID, day: dt.date) -> str:
    return md5(f"{SALT}{user_id.hex}{day.isoformat()}".encode(), usedforsecurity=False).hexdigest()


def is_left_out(*, user_id: UUID, day: dt.date, percent: int) -> bool:
    """Whether the person is left out on the day, where one of so many percent is to be."""
    return digits(user_id=user_id, day=day)[:8] < threshold(percent)


def step(*, user_id: UUID, day: dt.date) -> int:
    """How many of the sixteen steps a message of the day is put off, so that not everybody's goes at once."""
    return int(digits(user_id=user_id, day=day)[8], 16)
