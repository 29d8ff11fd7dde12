"""How it went, in words and for the strip of the week."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from django.utils.dates import WEEKDAYS, WEEKDAYS_ABBR
from django.utils.translation import gettext as _

from rehab.sessions.adherence import Tally
from rehab.sessions.queries import ONE_DAY, Pain


class PainOfDay(NamedTuple):
    """The answers about one session's day; ``None`` where nobody answered."""

    before: int | None
    after: int | None
    next_morning: int | None

    @property
    def highest(self) -> int | None:
        return max((score for score in self if score is not None), default=None)


def day_of_pain(pain: Mapping[tuple[dt.date, str], Pain], day: dt.date) -> PainOfDay:
    def score(moment: str) -> int | None:
        answer = pain.get((day, moment))
        return None if answer is None else answer.score

    return PainOfDay(score("before"), score("after"), score("next_morning"))


def percent(tally: Tally) -> str:
    """“86 %”, or words where nothing was due."""
    return _("rest day") if tally.ratio is None else f"{round(100 * tally.ratio)} %"


def done_words(tallies: Sequence[Tally]) -> str:
    """The picture of what was done, for those who hear it."""
    ratios = [tally.ratio for tally in tallies if tally.ratio is not None]
    full = sum(ratio >= 1 for ratio in ratios)
    return _("Done each day, last 14 days: all of it on %(full)s of %(due)s days with exercises.") % {
        "full": full,
        "due": len(ratios),
    }


def pain_words(scores: Sequence[int | None]) -> str:
    """The picture of the pain, for those who hear it."""
    answered = [score for score in scores if score is not None]
    if not answered:
        return _("Pain, last 14 days: no answers.")
    return _("Pain, last 14 days: from %(first)s at first to %(last)s at last, highest %(highest)s of 10.") % {
        "first": answered[0],
        "last": answered[-1],
        "highest": max(answered),
    }


class WeekDay(NamedTuple):
    """One day of the strip of this week."""

    name: str
    letter: str
    state: str
    mark: str
    words: str


def week(days: Mapping[dt.date, Tally], *, monday: dt.date, today: dt.date) -> list[WeekDay]:
    """Monday to Sunday of the running week."""
    strip = []
    for number in range(7):
        day = monday + number * ONE_DAY
        name = str(WEEKDAYS[number])
        tally = days.get(day)
        ratio = None if tally is None else tally.ratio
        if day > today:
            state, mark, words = "none", "", _("still to come")
        elif ratio is None:
            state, mark, words = "none", "minus", _("nothing due")
        elif ratio >= 1:
            state, mark, words = "done", "check", _("all done")
        elif day == today:
            state, mark, words = "today", "circle-dot", _("today, still open")
        elif ratio > 0:
            state, mark, words = "part", "contrast", _("done in part")
        else:
            state, mark, words = "missed", "", _("nothing noted")
        strip.append(WeekDay(name, str(WEEKDAYS_ABBR[number])[:2], state, mark, words))
    return strip
