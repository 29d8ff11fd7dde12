"""How the evenings of the demo's eight weeks went, and whom chance left without a reminder: the same at every start."""

import random
from enum import Enum, auto
from typing import Final

from rehab.demo.stories import Story

# Nothing is left out so lately: what the rules say today comes from the stories alone.
SETTLED_DAYS: Final = 14
WITHHELD: Final = 0.20
# How likely a day is left out altogether, after an evening without a reminder and after one with it.
LEFT_OUT_ALONE, LEFT_OUT_REMINDED = 0.40, 0.18
LATE: Final = 0.12
# With this one the last days of the demo's owner show each thing that can become of a reminder.
LUCK: Final = 124


class Evening(Enum):
    """What was noted of a day: all of it, all but the last part, the last part after six, or nothing."""

    WHOLE = auto()
    SHORT = auto()
    LATE = auto()
    NOTHING = auto()


def is_withheld(email: str, days_ago: int) -> bool:
    """Whether chance leaves this person out on that day."""
    return _chance(email, days_ago).random() < WITHHELD


def evening(story: Story, days_ago: int) -> Evening:
    """What a family noted of that day; it leaves one out more often when nothing reminded it on the evening before."""
    chance = _chance(story.name, days_ago)
    left_out, short = chance.random(), chance.random()
    if not story.chapters or days_ago in (0, story.chapters[0].days_ago) or days_ago < story.well[0]:
        return Evening.WHOLE
    alone = is_withheld(story.owner[1], days_ago + 1)
    if days_ago > SETTLED_DAYS and left_out < (LEFT_OUT_ALONE if alone else LEFT_OUT_REMINDED):
        return Evening.NOTHING
    if short < LATE:
        return Evening.LATE
    return Evening.SHORT if short < 1.35 - story.adherence else Evening.WHOLE


def _chance(name: str, days_ago: int) -> random.Random:
    return random.Random(f"{name}, {days_ago} days ago, {LUCK}")  # noqa: S311 (nothing here is secret)
