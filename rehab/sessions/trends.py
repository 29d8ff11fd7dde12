"""Whether the pain has changed: one honest word from what the family answered, or none. Pure."""

import datetime as dt
from collections.abc import Mapping
from enum import StrEnum
from statistics import median
from typing import Final, NamedTuple

WEEK: Final = dt.timedelta(days=7)
APART: Final = dt.timedelta(days=14)
ANSWERS: Final = 3
STEP: Final = 1
# In the order in which they are tried: rest before exercise is what changes least from one day to the next.
MOMENTS: Final = ("before", "next_morning", "after")

# The pain by the day on which it was felt, for each moment of a session.
Felt = Mapping[str, Mapping[dt.date, int]]


class Word(StrEnum):
    LESS = "less"
    SAME = "same"
    MORE = "more"
    TOO_FEW = "too_few"


class Trend(NamedTuple):
    """The word, the moment of which it is said, and the medians of then and now; these three only if it was compared."""

    word: Word
    moment: str = ""
    then: float | None = None
    now: float | None = None


def usual(scores: Mapping[dt.date, int], *, ending: dt.date) -> float | None:
    """The median of the seven days that end with this one; ``None`` with fewer than three answers."""
    known = [score for day, score in scores.items() if ending - WEEK < day <= ending]
    return median(known) if len(known) >= ANSWERS else None


def trend(felt: Felt, *, today: dt.date) -> Trend:
    """What has become of the pain within two weeks.

    The rule: the median of the last seven days, today with them, is set against the median of the seven days that ended
    two weeks ago. Each of the two needs at least three answers, as the personal baseline does (06_progression.yaml);
    like is only set against like, so both are of the same moment: before exercise where that was answered often enough,
    else the next morning, else after it. A whole point less is “less”, a whole point more is “more”, anything between
    is “same”. Where no moment has its answers nothing is said, whatever the few answers look like.
    """
    for moment in MOMENTS:
        scores = felt.get(moment, {})
        now, then = usual(scores, ending=today), usual(scores, ending=today - APART)
        if now is None or then is None:
            continue
        word = Word.LESS if then - now >= STEP else Word.MORE if now - then >= STEP else Word.SAME
        return Trend(word, moment, then, now)
    return Trend(Word.TOO_FEW)
