"""How hard the activities of the dog's own life are, for its family: compared with the dog's own beginning alone."""

import datetime as dt
from typing import Any, NamedTuple

from django.utils import formats
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from rehab.patients import csom
from rehab.patients.wording import ACTIVITY_SCORES
from rehab.sessions import charts
from rehab.sessions.screen.progress import LINE
from rehab.sessions.wording import short_day


class Question(NamedTuple):
    """One activity with what can be said about it; ``said`` is today's own answer."""

    name: str
    text: str
    options: list[tuple[int, str]]
    said: int | None


def options() -> list[tuple[int, str]]:
    """0 to 4, in words."""
    return [(score, capfirst(str(words))) for score, words in ACTIVITY_SCORES.items()]


def questions(course: csom.Course, *, today: dt.date) -> list[Question]:
    """One for each activity, in the order of the definition. Nothing is chosen that the family has not said today."""
    last = course.last
    said = last.scores if last is not None and last.day == today and last.by else {}
    return [
        Question(f"activity_{number}", text, options(), said.get(text))
        for number, text in enumerate(course.words, start=1)
    ]


def answered_by(course: csom.Course, *, today: dt.date) -> str:
    """Who has answered today; empty where nobody has."""
    last = course.last
    if last is None or last.day != today or not last.by:
        return ""
    return _("Answered today by %(who)s") % {"who": last.by}


def trend(course: csom.Course) -> dict[str, Any]:
    """The sum now and at the beginning, each activity then and now, and a picture once there are enough points."""
    first, last = course.first, course.last
    if first is None:
        return {"first": "", "now": "", "change": "", "rows": [], "table": [], "picture": None, "words": ""}
    table = [(_full(one.day), _sum(one, course)) for one in reversed(course.points)]
    return {
        "first": _on(first, course),
        "now": _on(last, course) if last else "",
        "change": _change(last.total - first.total) if last else "",
        "rows": [(text, _word(first.scores[text]), _word(last.scores[text]) if last else "") for text in course.words],
        "table": table,
        "picture": _picture(course),
        "words": _words(course),
    }


def _word(score: int) -> str:
    return str(ACTIVITY_SCORES[score])


def _sum(one: csom.Scored, course: csom.Course) -> str:
    return _("%(sum)s of %(most)s") % {"sum": one.total, "most": course.most}


def _full(day: dt.date) -> str:
    return formats.date_format(day, _("j M Y"))


def _on(one: csom.Scored, course: csom.Course) -> str:
    return _("%(sum)s of %(most)s on %(day)s") % {"sum": one.total, "most": course.most, "day": short_day(one.day)}


def _change(difference: int) -> str:
    """What changed since the beginning; no word on how much is enough, because nobody has published one."""
    if not difference:
        return _("As hard as at the beginning, taken together.")
    if difference < 0:
        return ngettext(
            "%(n)s point easier than at the beginning, taken together.",
            "%(n)s points easier than at the beginning, taken together.",
            -difference,
        ) % {"n": -difference}
    return ngettext(
        "%(n)s point harder than at the beginning, taken together.",
        "%(n)s points harder than at the beginning, taken together.",
        difference,
    ) % {"n": difference}


def _picture(course: csom.Course) -> charts.Picture | None:
    if len(course.points) < LINE:
        return None
    series = charts.Series("", "circle", [float(one.total) for one in course.points])
    names = [formats.date_format(one.day, _("j M")) for one in course.points]
    return charts.lines([series], names, scale={0: "0", course.most: str(course.most)})


def _words(course: csom.Course) -> str:
    """The picture, for those who hear it."""
    points = "; ".join(_on(one, course) for one in course.points)
    return _("How hard the activities are, all together: %(points)s.") % {"points": points}
