"""How it went, in words, as pictures and as numbers: pain, what was done, and the weeks."""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from itertools import dropwhile
from typing import Any, Final, NamedTuple

from django.utils import formats
from django.utils.dates import WEEKDAYS, WEEKDAYS_ABBR
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from rehab.library import translating
from rehab.programs.models import Decision
from rehab.sessions import adherence, charts, trends
from rehab.sessions.adherence import NotDue, Tally
from rehab.sessions.queries import ONE_DAY, Pain
from rehab.sessions.queries.looking_back import Change
from rehab.sessions.trends import Felt, Trend, Word
from rehab.sessions.wording import short_day

# Fewer answers are no line.
LINE: Final = 3
SHAPES: Final = {"before": "circle", "after": "square", "next_morning": "triangle"}
NAMES: Final = {
    "before": gettext_lazy("Before exercise"),
    "after": gettext_lazy("After exercise"),
    "next_morning": gettext_lazy("On the next morning"),
}
WORDS: Final = {
    Word.LESS: gettext_lazy("Less than two weeks ago"),
    Word.SAME: gettext_lazy("About the same as two weeks ago"),
    Word.MORE: gettext_lazy("More than two weeks ago"),
    Word.TOO_FEW: gettext_lazy("Too few answers to compare"),
}
ICONS: Final = {Word.LESS: "trending-down", Word.SAME: "equal", Word.MORE: "trending-up", Word.TOO_FEW: "minus"}


def day_names(days: Sequence[dt.date]) -> list[str]:
    return [formats.date_format(one, _("j M")) for one in days]


# --- Pain ------------------------------------------------------------------------------------------------------


class PainOfDay(NamedTuple):
    """The answers about one session's day; ``None`` where nobody answered."""

    before: int | None
    after: int | None
    next_morning: int | None

    @property
    def is_known(self) -> bool:
        return any(score is not None for score in self)


def day_of_pain(pain: Mapping[tuple[dt.date, str], Pain], day: dt.date) -> PainOfDay:
    def score(moment: str) -> int | None:
        answer = pain.get((day, moment))
        return None if answer is None else answer.score

    return PainOfDay(score("before"), score("after"), score("next_morning"))


def felt(pain: Mapping[tuple[dt.date, str], Pain]) -> dict[str, dict[dt.date, int]]:
    """The scores of each moment by the day on which they were felt: a morning is that of the day after the session."""
    found: dict[str, dict[dt.date, int]] = {moment: {} for moment in SHAPES}
    for (day, moment), answer in pain.items():
        found[moment][day + ONE_DAY if moment == "next_morning" else day] = answer.score
    return found


class PainChart(NamedTuple):
    """The picture, or none while there are too few answers for a line; and the same for those who hear it."""

    picture: charts.Picture | None
    words: str
    answers: int


def pain_chart(scores: Felt, days: Sequence[dt.date], names: Sequence[str], marks: Sequence["Marked"]) -> PainChart:
    """The three moments, one under the other, with the days on which the plan changed."""
    series = [
        charts.Series(str(NAMES[moment]), shape, [scores[moment].get(day) for day in days])
        for moment, shape in SHAPES.items()
    ]
    shown = [one for one in series if any(value is not None for value in one.values)]
    count = sum(value is not None for one in shown for value in one.values)
    words = " ".join([_("Pain, last %(days)s days.") % {"days": len(days)}, *map(_pain_words, shown)])
    if count < LINE:
        return PainChart(None, words, count)
    return PainChart(charts.pain(shown, names, changes=[one.places for one in marks]), words, count)


def _pain_words(series: charts.Series) -> str:
    answered = [value for value in series.values if value is not None]
    return ngettext(
        "%(name)s: %(count)s answer, %(last)s of 10.",
        "%(name)s: %(count)s answers, from %(first)s at first to %(last)s at last, highest %(highest)s of 10.",
        len(answered),
    ) % {
        "name": series.name,
        "count": len(answered),
        "first": answered[0],
        "last": answered[-1],
        "highest": max(answered),
    }


def trend_line(found: Trend) -> dict[str, Any]:
    """The word with its icon, and the numbers on which it rests."""
    line: dict[str, Any] = {"word": WORDS[found.word], "icon": ICONS[found.word], "is_more": found.word is Word.MORE}
    if found.now is None or found.then is None:
        why = _(
            "For that it needs three answers of the last seven days, and three of the seven days that ended two weeks ago."
        )
    else:
        why = _("%(moment)s: usually %(now)s of 10 in the last seven days, and %(then)s of 10 two weeks ago.") % {
            "moment": NAMES[found.moment],
            "now": formats.number_format(f"{found.now:g}"),
            "then": formats.number_format(f"{found.then:g}"),
        }
    return {**line, "why": why}


def trend_of(scores: Felt, *, today: dt.date) -> dict[str, Any]:
    return trend_line(trends.trend(scores, today=today))


# --- What changed ----------------------------------------------------------------------------------------------

CHANGES: Final = {
    Decision.Kind.ASSIGN: gettext_lazy("The program began on %(day)s"),
    Decision.Kind.ADD: gettext_lazy("%(exercise)s is new since %(day)s"),
    Decision.Kind.REMOVE: gettext_lazy("%(exercise)s left out since %(day)s"),
    Decision.Kind.CHANGE_DOSE: gettext_lazy("%(exercise)s changed on %(day)s"),
    Decision.Kind.PROGRESS: gettext_lazy("%(exercise)s: harder since %(day)s"),
    Decision.Kind.REGRESS: gettext_lazy("%(exercise)s: easier since %(day)s"),
    Decision.Kind.PHASE: gettext_lazy("Phase “%(phase)s” since %(day)s"),
    Decision.Kind.REDEFINE: gettext_lazy("Examined again, and the program looked through, on %(day)s"),
    Decision.Kind.LADDER_START: gettext_lazy("%(activity)s: practised since %(day)s"),
    Decision.Kind.LADDER_UP: gettext_lazy("%(activity)s: one rung up on %(day)s"),
    Decision.Kind.LADDER_DOWN: gettext_lazy("%(activity)s: one rung down on %(day)s"),
    Decision.Kind.LADDER_END: gettext_lazy("%(activity)s: no longer practised since %(day)s"),
    Decision.Kind.PAUSE: gettext_lazy("Paused on %(day)s"),
    Decision.Kind.RESUME: gettext_lazy("Went on on %(day)s"),
    Decision.Kind.END: gettext_lazy("The program ended on %(day)s"),
    Decision.Kind.DISCHARGE: gettext_lazy("Treatment ended and maintenance began on %(day)s"),
}
NEXT_PROGRAM: Final = gettext_lazy("A new program began on %(day)s")
UNDONE: Final = gettext_lazy("A change was taken back on %(day)s")


class Marked(NamedTuple):
    """The changes under one number of the picture, and the places of their days in it."""

    places: list[int]
    texts: list[str]


def marks(changes: Sequence[Change], days: Sequence[dt.date]) -> list[Marked]:
    """What changed within the days, as the picture numbers it; a hold changed nothing."""
    place_of = {day: place for place, day in enumerate(days)}
    begun = {change.day for change in changes if change.kind in (Decision.Kind.ASSIGN, Decision.Kind.DISCHARGE)}
    texts: dict[int, list[str]] = {}
    for change in changes:
        # Where the next program begins on the same day, the end of the last one is no news.
        if change.kind == Decision.Kind.END and change.day in begun:
            continue
        is_first = change is changes[0]
        if change.day in place_of and (text := _change_text(change, is_first=is_first)):
            here = texts.setdefault(place_of[change.day], [])
            if text not in here:
                here.append(text)
    return [
        Marked(group, [text for place in group for text in texts[place]])
        for group in charts.together(texts, days=len(days))
    ]


def _change_text(change: Change, *, is_first: bool) -> str:
    kind = Decision.Kind(change.kind)
    if kind not in CHANGES:
        return ""
    values = {
        "day": short_day(change.day),
        "exercise": translating.said(change.exercise) or _("An exercise"),
        "phase": translating.said(change.details.get("to_name", "")),
        "activity": change.details.get("activity", ""),
    }
    if "undoes" in change.details:
        return str(UNDONE % values)
    if kind is Decision.Kind.ASSIGN and not is_first:
        return str(NEXT_PROGRAM % values)
    return str(CHANGES[kind] % values)


# --- What was done ---------------------------------------------------------------------------------------------


def percent(tally: Tally) -> str:
    """“86 %”, or words where nothing was due."""
    return _("nothing due") if tally.ratio is None else f"{round(100 * tally.ratio)} %"


def done_words(tallies: Sequence[Tally]) -> str:
    """The picture of what was done, for those who hear it."""
    ratios = [tally.ratio for tally in tallies if tally.ratio is not None]
    full = sum(ratio >= 1 for ratio in ratios)
    return _("Done each day, last %(days)s days: all of it on %(full)s of %(due)s days with exercises.") % {
        "days": len(tallies),
        "full": full,
        "due": len(ratios),
    }


class WeekDay(NamedTuple):
    """One day of the strip of this week."""

    name: str
    letter: str
    state: str
    mark: str
    words: str


def week(
    days: Mapping[dt.date, Tally], *, monday: dt.date, today: dt.date, stopped: Collection[NotDue] = ()
) -> list[WeekDay]:
    """Monday to Sunday of the running week."""
    strip = []
    for number in range(7):
        day = monday + number * ONE_DAY
        name = str(WEEKDAYS[number])
        tally = days.get(day)
        ratio = None if tally is None else tally.ratio
        if day > today:
            state, mark, words = "none", "", _("still to come")
        elif day in stopped:
            state, mark, words = "none", "pause", _("exercises stopped")
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


class WeekMark(NamedTuple):
    """One full week of the row; ``share`` is for the table."""

    name: str
    state: str
    mark: str
    words: str
    share: str


def week_marks(weeks: Sequence[adherence.Week]) -> list[WeekMark]:
    """The full weeks since something was due; one in which nothing was due is a rest and counts for nothing."""
    marked = []
    for one in dropwhile(lambda week: not week.tally.prescribed, weeks):
        if one.tally.ratio is None:
            state, mark, words = "none", "minus", _("rest")
        elif one.is_kept:
            state, mark, words = "done", "check", _("kept")
        elif one.tally.performed:
            state, mark, words = "part", "contrast", _("in part")
        else:
            state, mark, words = "missed", "", _("nothing noted")
        name = formats.date_format(one.monday, _("j M"))
        marked.append(WeekMark(name, state, mark, words, percent(one.tally)))
    return marked
