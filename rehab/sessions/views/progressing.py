"""How the dog is doing, for its family: over two weeks, over eight, or since the program began."""

import datetime as dt
from typing import Any, Final
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.access import Right, access, signed_in
from rehab.lib.middleware import keep_for_offline
from rehab.patients.access import load_patient
from rehab.patients.models import Patient
from rehab.patients.scores import csom_course
from rehab.sessions import adherence, charts, exposures, queries
from rehab.sessions.queries import ONE_DAY, Pain, looking_back
from rehab.sessions.queries.looking_back import Course
from rehab.sessions.screen import activities, climbing, measuring
from rehab.sessions.screen import progress as so_far

WEEKS: Final = 8
SHORT, LONG, ALL = "2", "8", "all"
# Half a year of dots is as much as a phone can show.
MOST_DAYS: Final = 180


@access(Right.SEE)
@keep_for_offline
@require_safe
def progress(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """Pain, what the dog can do, its ladders and its weeks, over ``?weeks=``."""
    user = signed_in(request)
    patient = load_patient(pk=patient_id, user=user, right=Right.SEE)
    today = patient.today(timezone.now())
    course = looking_back.course(patient.pk)
    chosen = request.GET.get("weeks", SHORT)
    chosen = chosen if chosen in (LONG, ALL) else SHORT
    days = _days(chosen, course, today=today)
    names = so_far.day_names(days)
    # The rungs and the trend look back further than a fortnight, and the first morning tells of the night before it.
    since = min(days[0], today - exposures.LOOK_BACK_DAYS * ONE_DAY) - ONE_DAY
    pain = queries.pain_answers(patient.pk, since, today + ONE_DAY)
    own_life = csom_course(patient)
    answer = render(
        request,
        "sessions/progress_page.html",
        {
            "patient": patient,
            "place": "progress",
            "periods": _periods(patient, chosen),
            "count": len(days),
            **_pain(pain, course, days, names, today=today),
            **_done(patient, days, names, today=today),
            "activities": activities.trend(own_life) if own_life else None,
            "measures": _measures(patient, course, days, names, system=user.units),
            "ladders": climbing.ladders(
                exposures.rungs(patient.pk, today, {key: one.score for key, one in pain.items()}),
                course.steps,
                name=patient.name,
                today=today,
            ),
        },
    )
    if chosen != SHORT:
        # The phone keeps the page that opens first; the longer ones are for when there is a network.
        answer.headers["Cache-Control"] = "no-store"
    return answer


def _days(chosen: str, course: Course, *, today: dt.date) -> list[dt.date]:
    """The days of the period, today the last."""
    count = int(SHORT) * adherence.DAYS_A_WEEK
    if chosen == LONG:
        count = WEEKS * adherence.DAYS_A_WEEK
    elif chosen == ALL and course.starts_on is not None:
        count = min(MOST_DAYS, max(count, (today - course.starts_on).days + 1))
    return [today - back * ONE_DAY for back in range(count - 1, -1, -1)]


def _periods(patient: Patient, chosen: str) -> list[tuple[str, str, bool]]:
    url = reverse("sessions:progress", args=[patient.pk])
    return [
        (url, _("2 weeks"), chosen == SHORT),
        (f"{url}?weeks={LONG}", _("8 weeks"), chosen == LONG),
        (f"{url}?weeks={ALL}", _("Since the start"), chosen == ALL),
    ]


def _pain(
    pain: dict[tuple[dt.date, str], Pain], course: Course, days: list[dt.date], names: list[str], *, today: dt.date
) -> dict[str, Any]:
    scores = so_far.felt(pain)
    marks = so_far.marks(course.changes, days)
    by_day = [(name, so_far.day_of_pain(pain, day)) for name, day in zip(names, days, strict=True)]
    return {
        "pain": so_far.pain_chart(scores, days, names, marks),
        "trend": so_far.trend_of(scores, today=today),
        "marks": marks,
        "pain_table": [(name, answers) for name, answers in reversed(by_day) if answers.is_known],
    }


def _done(patient: Patient, days: list[dt.date], names: list[str], *, today: dt.date) -> dict[str, Any]:
    monday = today - dt.timedelta(days=today.weekday())
    first, until = monday - dt.timedelta(weeks=WEEKS), today + ONE_DAY
    past = looking_back.history(patient.pk, first, until)
    tallies = past.by_day(first=first, until=until, today=today)
    weeks = adherence.weeks(tallies, today=today)
    kept, with_something_due = adherence.weeks_kept(weeks)
    # The bars of a longer time than the weeks would be hairs.
    shown = [tallies[day] for day in days] if days[0] >= first else []
    return {
        "week": so_far.week(tallies, monday=monday, today=today, stopped=past.stopped),
        "kept": kept,
        "weeks": with_something_due,
        "week_marks": so_far.week_marks(weeks),
        "has_done": any(one.prescribed for one in shown),
        "shows_done": bool(shown),
        "done_picture": charts.done_bars([one.ratio for one in shown], names),
        "done_words": so_far.done_words(shown),
        "done_table": [(name, so_far.percent(one)) for name, one in zip(reversed(names), reversed(shown), strict=True)]
        if shown
        else [],
    }


def _measures(
    patient: Patient, course: Course, days: list[dt.date], names: list[str], *, system: str
) -> list[measuring.MeasureChart]:
    signed_on = patient.today(course.baseline_at) if course.baseline_at else None
    values = measuring.with_baseline(looking_back.measured(patient.pk, days[0]), course.baseline, signed_on)
    return measuring.measure_charts(measuring.asked_for(course.criteria), values, days, names, system=system)
