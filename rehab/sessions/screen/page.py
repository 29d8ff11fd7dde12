"""The day's page as a whole: which of the honest screens it is, which questions it asks, and where else one can go."""

import datetime as dt
import json
import zoneinfo
from enum import StrEnum
from itertools import groupby
from typing import Final
from uuid import UUID

from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from rehab.lib.blanks import Blank
from rehab.library import reading, translating
from rehab.sessions import check_wording
from rehab.sessions.commands import MOMENTS
from rehab.sessions.day import Item, Prescribed
from rehab.sessions.queries import ONE_DAY, Change, DayView
from rehab.sessions.queries.rows import Answered
from rehab.sessions.screen import checkpoints, practices
from rehab.sessions.screen.addresses import day_url, dog_url
from rehab.sessions.screen.parts import NOTHING, Printer
from rehab.sessions.warning_signs import goes_on
from rehab.sessions.wording import long_day, short_day

MARK: Final = Blank("sessions/_mark.html", "mark", "as_of")


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


def parts(printer: Printer, view: DayView, changes: list[Change] | None) -> SafeString:
    """The parts of the page that the changes are about, all of them where nobody knows the changes, and the new mark."""
    day = view.day
    optional = [] if view.stop else day.optional
    shown = [*still_counts(view, day.items), *optional, *still_counts(view, day.one_offs), *besides(view)]
    about = None if changes is None else {one.prescription for one in changes}
    printed = [printer.item(item, swapped=True) for item in shown if about is None or item.prescribed.id in about]
    moments = {"next_morning", "before", "after"} if changes is None else {one.moment for one in changes}
    for moment, asked in MOMENTS.items():
        answer = view.pain.get((day.day - asked * ONE_DAY, moment))
        if moment in moments and answer is not None:
            printed.append(printer.pain(moment, answer, swapped=True))
    steps = None if changes is None else {one.step for one in changes}
    printed += [
        practices.practice(printer, rung, swapped=True) for rung in view.rungs if steps is None or rung.step in steps
    ]
    if day.items and day.counts.left == 0 and (day.day, "after") not in view.pain:
        # The tap that ends the day opens its last question.
        printed.append(printer.pain("after", None, swapped=True))
    printed += [printer.summary_part(day), MARK.fill({"mark": view.dog.mark(day.day), "as_of": view.at.isoformat()})]
    return SafeString("".join(printed))


def keep(view: DayView) -> str:
    """The addresses that a phone keeps for the time without a network, as JSON."""
    dog = dog_url(view.patient.pk)
    exercises = [f"{dog}exercise/{one.id}/" for one in view.day.prescribed if one.is_active_on(view.day.day)]
    pages = ["today/", "check/", "messages/", "progress/", "help/", f"day/{view.today}/response/"]
    if activities_url(view):
        pages.append("activities/")
    if checkpoint_asked(view):
        pages.append("checkpoint/")
    return json.dumps([*(f"{dog}{page}" for page in pages), *exercises, reverse("sessions:outbox")])


def keep_of_the_gone(patient_id: UUID) -> str:
    """The same for a dog that has died: what stays to be looked at."""
    dog = dog_url(patient_id)
    return json.dumps([*(f"{dog}{page}" for page in ("today/", "messages/", "progress/")), reverse("sessions:outbox")])


def checkpoint_asked(view: DayView) -> dict[str, str] | None:
    """The look some months after a discharge, on today's page in its two weeks; a stop comes first."""
    month = view.dog.checkpoint_month
    if month is None or view.stop is not None or view.day.day != view.today or not view.dog.asks_checkpoint(view.today):
        return None
    name = view.patient.name
    return {"title": checkpoints.title(month, name=name), "url": f"{dog_url(view.patient.pk)}checkpoint/"}


def activities_url(view: DayView) -> str:
    """Where the family says how hard the dog's activities are, on today's page once it is time; a stop comes first."""
    asks = view.stop is None and view.day.day == view.today and view.dog.asks_activities(view.today)
    return f"{dog_url(view.patient.pk)}activities/" if asks else ""


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
    STOPPED = "stopped"


def program_state(view: DayView) -> ProgramState:
    plan = view.plan
    if view.stop is not None:
        return ProgramState.STOPPED
    if plan is None:
        return ProgramState.NONE
    if view.day.items or view.day.stopped:
        return ProgramState.DUE
    if plan.ended_at is not None:
        return ProgramState.ENDED
    if plan.pause is not None and plan.pause.effective_on <= view.day.day:
        return ProgramState.PAUSED
    return ProgramState.NOT_STARTED if plan.starts_on > view.day.day else ProgramState.REST


def stop(view: DayView, zone: zoneinfo.ZoneInfo) -> dict[str, object] | None:
    """What stops the exercises: what was seen, who said it and when, and since when the clinic's records have it."""
    if view.stop is None:
        return None
    signs = {flag.id: translating.said(flag.sign) for flag in reading.red_flags()}
    received = view.stop.received_at.astimezone(zone)
    is_emergency = view.stop.urgency == "emergency_now"
    urgency = reading.urgencies()[view.stop.urgency]
    return {
        "signs": [
            *(signs.get(flag, _("A sign that is no longer on this list")) for flag in view.stop.flags),
            *(check_wording.rule_text(rule) for rule in view.stop.rules),
        ],
        "is_emergency": is_emergency,
        "what_to_do": translating.said(urgency.owner_text),
        "by": view.stop.by,
        "seen": _day_and_time(view.stop.done_at.astimezone(zone)),
        "received": _day_and_time(received),
        "is_taken_over": view.stop.answered.taken_over_at is not None,
        "answered": _answered(view.stop.answered, zone, is_emergency=is_emergency),
        "hours": _hours(view, zone) if is_emergency else "",
    }


def held(view: DayView, zone: zoneinfo.ZoneInfo) -> dict[str, object] | None:
    """What a warning sign stops alone, while the other exercises go on: which, why, and since when the clinic has it.

    Under a stop of everything only what the stop would let go on is worth a word.
    """
    if view.held is None:
        return None
    shown = [one for one in view.day.stopped if view.stop is None or _goes_on(view.stop.stop, one)]
    if not shown and (view.stop is not None or not view.held.untold):
        return None
    signs = {flag.id: translating.said(flag.sign) for flag in reading.red_flags()}
    return {
        "signs": [signs[flag] for flag in view.held.flags if flag in signs],
        "advice": [str(check_wording.ADVICE[flag]) for flag in view.held.flags if flag in check_wording.ADVICE],
        "items": [
            {"id": one.id, "name": translating.said(one.name), "href": f"{dog_url(view.patient.pk)}exercise/{one.id}/"}
            for one in shown
        ],
        "is_untold": bool(view.held.untold),
        "received": _day_and_time(view.held.received_at.astimezone(zone)),
    }


def _goes_on(stop: str, one: Prescribed) -> bool:
    return goes_on(stop, category=one.category, mode=one.mode)


def _answered(answered: Answered, zone: zoneinfo.ZoneInfo, *, is_emergency: bool) -> str:
    """What the clinic has made of it, in one sentence that stays true on a phone without a network."""

    def when(at: dt.datetime) -> str:
        return _day_and_time(at.astimezone(zone))

    if answered.taken_over_at is not None:
        said = {"who": answered.by, "when": when(answered.taken_over_at)}
        return _("%(who)s has taken it over (%(when)s).") % said
    if answered.unanswered_since is not None:
        since = {"since": when(answered.unanswered_since)}
        if is_emergency:
            return _("Nobody at the clinic has answered since %(since)s. Call now, or go to a clinic.") % since
        return _("Nobody at the clinic has answered since %(since)s. Call them.") % since
    if answered.opened_at is not None:
        opened = {"when": when(answered.opened_at)}
        return _("Somebody at the clinic has opened it (%(when)s); nobody has taken it over yet: call.") % opened
    return _("Nobody has taken it over yet: call.")


def _hours(view: DayView, zone: zoneinfo.ZoneInfo) -> str:
    """When somebody is at the clinic, as far as it has said so; with times, because the page may be read later."""
    hours = view.stop.hours if view.stop else None
    if hours is None or not hours.is_said:
        return ""
    if not hours.is_open(view.at):
        opens_at = hours.opens_at(view.at)
        until = _day_and_time(opens_at.astimezone(zone)) if opens_at else ""
        return _("The clinic is closed until %(until)s: call the emergency clinic.") % {"until": until}
    closes_at = hours.closes_at(view.at)
    if closes_at is None:
        return ""
    until = _day_and_time(closes_at.astimezone(zone))
    return _("The clinic is open until %(until)s; after that call the emergency clinic.") % {"until": until}


def still_counts(view: DayView, items: list[Item]) -> list[Item]:
    """Of these items what is to be done: all of it, or what goes on while a warning sign stops the rest."""
    if view.stop is None:
        return items
    stop = view.stop.stop
    return [item for item in items if goes_on(stop, category=item.prescribed.category, mode=item.prescribed.mode)]


def besides(view: DayView) -> list[Item]:
    """What was done and has no other place on the page: outside the plan, or before a warning sign stopped it."""
    day = view.day
    if view.stop is None:
        return day.extras
    planned = [*day.items, *day.one_offs]
    goes_on_still = {item.prescribed.id for item in still_counts(view, planned)}
    rest = [item.answered for item in (*planned, *day.optional, *day.extras)]
    return [item for item in rest if item.slots and item.prescribed.id not in goes_on_still]


def _day_and_time(local: dt.datetime) -> str:
    return f"{short_day(local.date())}, {local.hour}:{local.minute:02}"


def pause(view: DayView) -> dict[str, str] | None:
    """Since when the program is paused, and who paused it; never why, which is the clinic's own note."""
    if view.plan is None or view.plan.pause is None:
        return None
    return {
        "since": long_day(view.plan.pause.effective_on),
        "by": view.plan.pause.by,
        "clinic": view.patient.clinic.name,
    }


def coming(view: DayView) -> list[str]:
    """“From Monday, 5 May: Sit to stand”, for today's page of a program that has begun."""
    later = view.day.coming
    if not later or view.day.day != view.today or view.plan is None or view.plan.starts_on > view.today:
        return []
    return [
        _("From %(day)s: %(names)s")
        % {"day": long_day(day), "names": ", ".join(translating.said(one.name) for one in items)}
        for day, items in groupby(later, key=lambda one: one.starts_on)
    ]
