"""The day of a dog, today or one that can still be completed; and the choice between several dogs."""

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from typing import Final
from uuid import UUID

from django.conf import settings
from django.contrib.messages import get_messages
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from accounts.access import Right, Rule, access, allowed, signed_in
from rehab.lib.middleware import keep_for_offline
from rehab.lib.release import release
from rehab.sessions import queries
from rehab.sessions.queries.clips import filmed
from rehab.sessions.screen import addresses, page, parts, phones, practices
from rehab.sessions.screen.addresses import handout_url
from rehab.sessions.screen.marks import Mark
from rehab.sessions.screen.parts import NOTHING, Printer
from rehab.sessions.views.responding import medicine_card
from rehab.sessions.wording import long_day

LONGEST_LOOK_BACK: Final = dt.timedelta(days=3)


@access(Rule.SIGNED_IN)
@keep_for_offline
@require_safe
def today_home(request: HttpRequest) -> HttpResponse:
    """The only dog's day, the choice between several, or an honest word when there is none."""
    at = timezone.now()
    dogs = queries.dogs_today(user=signed_in(request), at=at)
    if len(dogs) == 1:
        return redirect("sessions:today", dogs[0].patient.pk)
    shown = [
        (
            reverse("sessions:today", args=[dog.patient.pk]),
            dog.patient.name,
            Printer(patient=dog.patient, day=dog.day.day, today=dog.day.day).summary(dog.day),
            long_day(dog.patient.died_on) if dog.patient.died_on else "",
        )
        # Those that there is something to do for come first.
        for dog in sorted(dogs, key=lambda dog: dog.patient.died_on is not None)
    ]
    return render(request, "sessions/today_home_page.html", {"dogs": shown})


@access(Right.LOG)
@keep_for_offline
@require_safe
def today(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    return _day_or_nothing_new(request, patient_id, None)


@access(Right.LOG)
@keep_for_offline
@require_safe
def day(request: HttpRequest, patient_id: UUID, day: dt.date) -> HttpResponse:
    """Yesterday or the day before, to be completed; today has an address of its own."""
    return _day_or_nothing_new(request, patient_id, day)


def _day_or_nothing_new(request: HttpRequest, patient_id: UUID, day: dt.date | None) -> HttpResponse:
    """The page of the day; nothing (304) for a phone that shows just that already."""
    at = timezone.now()
    user = signed_in(request)
    dog = queries.dog_of_day(user=user, patient_id=patient_id, at=at)
    local = dog.patient.today(at)
    if day == local:
        return redirect("sessions:today", patient_id)
    etag = _etag(request, dog, day or local, at=at)
    answer = get_conditional_response(request, etag=etag)
    if answer is None and dog.patient.died_on is not None:
        answer = _farewell(request, dog, at=at)
    elif answer is None:
        view = queries.day_view(user=user, patient_id=patient_id, day=day, at=at, dog=dog)
        answer = _render_day(request, view)
    # A word about the form before this page belongs to this answer alone.
    if not get_messages(request):
        answer.headers["ETag"] = etag
    return answer


def _etag(request: HttpRequest, dog: queries.DogOfDay, day: dt.date, *, at: dt.datetime) -> str:
    """A name for all that a day's page is printed from, weak because its forms get new keys each time."""
    clinic = [getattr(dog.patient.clinic, name) for name in ("name", "phone", "emergency_name", "emergency_phone")]
    # Whether somebody is at the clinic is said beside what stops the exercises.
    quarter = f"{at:%H}:{at.minute // 15}" if dog.stopped_by else ""
    shown = [
        dog.mark(day),
        dog.medicines,
        dog.asks_activities(dog.patient.today(at)),
        dog.asks_checkpoint(dog.patient.today(at)) and dog.checkpoint_month,
        dog.patient.name,
        dog.patient.time_zone,
        *clinic,
        quarter,
    ]
    # Who signs in anew has a new token, without which the forms of an old page are refused.
    reader = [
        str(signed_in(request).pk),
        sorted(dog.roles),
        get_language(),
        request.COOKIES.get(settings.CSRF_COOKIE_NAME),
        release(),
    ]
    return f'W/"{hashlib.sha256(json.dumps([*shown, *reader]).encode()).hexdigest()[:32]}"'


def day_page(
    request: HttpRequest,
    *,
    patient_id: UUID,
    day: dt.date | None,
    at: dt.datetime,
    errors: Mapping[UUID | str, str] | None = None,
    status: int = 200,
) -> HttpResponse:
    """The page of a day, ``None`` for the dog's today; with the sentences that answer a tap that was refused."""
    view = queries.day_view(user=signed_in(request), patient_id=patient_id, day=day, at=at)
    return _render_day(request, view, errors=errors, status=status)


def _render_day(
    request: HttpRequest,
    view: queries.DayView,
    *,
    errors: Mapping[UUID | str, str] | None = None,
    status: int = 200,
) -> HttpResponse:
    errors = errors or {}
    if view.patient.died_on is not None:
        return _farewell(request, view.dog, at=view.at, error=" ".join(errors.values()), status=status)
    plan = view.plan
    day = view.day
    printer = _printer(request, view, errors)
    said = {item.prescribed.id for item in (*day.items, *day.optional, *day.one_offs, *day.extras)}
    said |= {rung.step for rung in view.rungs}
    said_moments = {"next_morning", "before", "after"} if plan else set()
    stopped = view.stop is not None
    one_offs = page.still_counts(view, day.one_offs)
    return render(
        request,
        "sessions/day_page.html",
        {
            "patient": view.patient,
            "place": "today",
            "unread": view.dog.unread,
            "keep": page.keep(view),
            "as_of": view.at.isoformat(),
            "mark": view.dog.mark(day.day),
            "plan": view.dog.plan,
            "parts_url": addresses.parts_url(view.patient.pk, day.day, view.today),
            "response_url": addresses.response_url(view.patient.pk, day.day),
            "is_today": printer.is_today,
            "day": day.day.isoformat(),
            "date": long_day(day.day),
            "state": page.program_state(view),
            "starts": long_day(plan.starts_on) if plan else "",
            "help_url": printer.help,
            "pain": page.pain_cards(printer, view),
            "summary": printer.summary(day),
            "pause": page.pause(view),
            "stop": page.stop(view, printer.zone),
            "held": page.held(view, printer.zone),
            "calls": phones.calls(view.patient.clinic),
            "items": printer.items(page.still_counts(view, day.items)),
            "medicine": medicine_card(view.medicine, view.medicine_answers, printer=printer),
            "practices": practices.practices(printer, [] if stopped else view.rungs),
            "optional": NOTHING if stopped else printer.items(day.optional),
            "one_offs": printer.items(item for item in one_offs if item.prescribed.done_on is None),
            "again": printer.items(item for item in one_offs if item.prescribed.done_on is not None),
            "extras": printer.items(page.besides(view)),
            "activities_url": page.activities_url(view),
            "checkpoint": page.checkpoint_asked(view),
            "coming": page.coming(view),
            "days": page.day_links(view),
            "handout": handout_url(plan.program) if plan and not plan.ended_at and not plan.pause else "",
            # What belongs to nothing on the page is said above it.
            "error": " ".join(text for key, text in errors.items() if key not in said | said_moments),
        },
        status=status,
    )


def _farewell(
    request: HttpRequest, dog: queries.DogOfDay, *, at: dt.datetime, error: str = "", status: int = 200
) -> HttpResponse:
    """In place of the day of a dog that has died: nothing to do, nothing to answer, and all that was stays."""
    patient = dog.patient
    context = {
        "patient": patient,
        "place": "today",
        "unread": dog.unread,
        "keep": page.keep_of_the_gone(patient.pk),
        "as_of": at.isoformat(),
        "died_on": long_day(patient.died_on) if patient.died_on else "",
        "calls": [call for call in phones.calls(patient.clinic) if not call.is_emergency],
        "filmed": filmed(patient.pk),
        "may_take_back": allowed(Right.SAY_FAREWELL, dog.roles),
        "error": error,
    }
    return render(request, "sessions/farewell_page.html", context, status=status)


def _printer(request: HttpRequest, view: queries.DayView, errors: Mapping[UUID | str, str] | None = None) -> Printer:
    version = view.dog.plan_version
    return Printer(
        patient=view.patient,
        day=view.day.day,
        today=view.today,
        fields=parts.fields(csrf=get_token(request), day=view.day.day, plan_version=version),
        errors=errors,
        matters_most=view.day.matters_most,
    )


@access(Right.LOG)
@require_safe
def today_parts(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """What has changed on today's page; a page that was left open over midnight is to be loaded anew."""
    return _parts(request, patient_id, None)


@access(Right.LOG)
@require_safe
def day_parts(request: HttpRequest, patient_id: UUID, day: dt.date) -> HttpResponse:
    return _parts(request, patient_id, day)


def _parts(request: HttpRequest, patient_id: UUID, day: dt.date | None) -> HttpResponse:
    """What has changed on a day's page since it was printed (``since`` is its mark): each part out of band, or 204.

    Where more than parts has changed (the plan, the day, or whether the exercises are stopped) the page is to be loaded
    anew.
    """
    at = timezone.now()
    user = signed_in(request)
    dog = queries.dog_of_day(user=user, patient_id=patient_id, at=at)
    mark = dog.mark(day or dog.patient.today(at))
    since = request.GET.get("since", "")
    if since == mark:
        return HttpResponse(status=204)
    seen, now = Mark.of(since), Mark.of(mark)
    if seen is None or now is None or seen.page != now.page:
        return HttpResponse(status=204, headers={"Steadyback-Reload": "true"})
    view = queries.day_view(user=user, patient_id=patient_id, day=day, at=at, dog=dog)
    # A mark of long ago is nobody's: then everything is printed, in as many statements.
    is_recent = seen.arrived_at is not None and seen.arrived_at > at - LONGEST_LOOK_BACK
    changes = queries.changes(patient_id, seen.arrived_at) if seen.arrived_at and is_recent else None
    printer = _printer(request, view)
    body = page.parts(printer, view, changes)
    card = medicine_card(view.medicine, view.medicine_answers, printer=printer)
    if card["rows"] and (changes is None or any(one.kind == "medicine" for one in changes)):
        body += render_to_string("sessions/_medicine.html", {"medicine": card, "swapped": True})
    return HttpResponse(body)
