"""The day's page as a whole: which of the honest screens it is, which questions it asks, and where else one can go."""

from enum import StrEnum
from itertools import groupby

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from rehab.sessions.queries import ONE_DAY, DayView
from rehab.sessions.screen.addresses import day_url
from rehab.sessions.screen.parts import NOTHING, Printer
from rehab.sessions.wording import long_day, short_day


def pain_cards(printer: Printer, view: DayView) -> dict[str, SafeString]:
    """The questions of the day: the morning first when there was something yesterday, one open question at a time."""
    yesterday = view.day.day - ONE_DAY
    morning = view.pain.get((yesterday, "next_morning"))
    before = view.pain.get((view.day.day, "before"))
    after = view.pain.get((view.day.day, "after"))
    asks_morning = view.asks_morning and morning is None
    asks_session = bool(view.day.items) or before is not None or after is not None
    return {
        "morning": printer.pain("next_morning", morning) if view.asks_morning else NOTHING,
        "before": (
            printer.pain("before", before, folded=asks_morning or view.day.counts.done > 0) if asks_session else NOTHING
        ),
        "after": printer.pain("after", after, folded=view.day.counts.left > 0) if asks_session else NOTHING,
    }


def day_links(view: DayView) -> list[tuple[str, str, bool]]:
    """Today and the two days before that can still be completed, since the program began: address, words, is it shown."""
    if view.plan is None:
        return []
    words = {0: _("Today"), 1: _("Yesterday"), 2: short_day(view.today - 2 * ONE_DAY)}
    links = []
    for back in (2, 1, 0):
        day = view.today - back * ONE_DAY
        if day >= view.plan.starts_on:
            links.append((day_url(view.patient.pk, day, view.today), words[back], day == view.day.day))
    return links if len(links) > 1 else []


class ProgramState(StrEnum):
    """Which of the honest screens a day needs."""

    NONE = "none"
    NOT_STARTED = "not_started"
    ENDED = "ended"
    PAUSED = "paused"
    REST = "rest"
    DUE = "due"


def program_state(view: DayView) -> ProgramState:
    plan = view.plan
    if plan is None:
        return ProgramState.NONE
    if view.day.items:
        return ProgramState.DUE
    if plan.ended_at is not None:
        return ProgramState.ENDED
    if view.pause is not None and view.pause.effective_on <= view.day.day:
        return ProgramState.PAUSED
    return ProgramState.NOT_STARTED if plan.starts_on > view.day.day else ProgramState.REST


def pause(view: DayView) -> dict[str, str] | None:
    """Since when the program is paused, and who paused it; never why, which is the clinic's own note."""
    if view.pause is None:
        return None
    return {
        "since": long_day(view.pause.effective_on),
        "by": view.pause.decided_by.get_short_name(),
        "clinic": view.pause.clinic.name,
    }


def coming(view: DayView) -> list[str]:
    """“From Monday, 5 May: Sit to stand”, for today's page of a program that has begun."""
    later = view.day.coming
    if not later or view.day.day != view.today or view.plan is None or view.plan.starts_on > view.today:
        return []
    return [
        _("From %(day)s: %(names)s") % {"day": long_day(day), "names": ", ".join(one.name for one in items)}
        for day, items in groupby(later, key=lambda one: one.starts_on)
    ]
