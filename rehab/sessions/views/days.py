"""The day of a dog, today or one that can still be completed; and the choice between several dogs."""

import datetime as dt
from collections.abc import Mapping
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.access import Right, Rule, access, signed_in
from rehab.lib.middleware import keep_for_offline
from rehab.sessions import queries
from rehab.sessions.screen import page, parts, phones, practices
from rehab.sessions.screen.addresses import handout_url
from rehab.sessions.screen.parts import Printer
from rehab.sessions.wording import long_day


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
        )
        for dog in dogs
    ]
    return render(request, "sessions/today_home_page.html", {"dogs": shown})


@access(Right.LOG)
@keep_for_offline
@require_safe
def today(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    return day_page(request, patient_id=patient_id, day=None, at=timezone.now())


@access(Right.LOG)
@keep_for_offline
@require_safe
def day(request: HttpRequest, patient_id: UUID, day: dt.date) -> HttpResponse:
    """Yesterday or the day before, to be completed; today has an address of its own."""
    at = timezone.now()
    view = queries.day_view(user=signed_in(request), patient_id=patient_id, day=day, at=at)
    if day == view.today:
        return redirect("sessions:today", patient_id)
    return _render_day(request, view)


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
    plan = view.plan
    day = view.day
    printer = Printer(
        patient=view.patient,
        day=day.day,
        today=view.today,
        fields=parts.fields(csrf=get_token(request), day=day.day, plan_version=plan.plan_version if plan else None),
        errors=errors,
    )
    said = {item.prescribed.id for item in (*day.items, *day.optional, *day.one_offs, *day.extras)}
    said |= {rung.step for rung in view.rungs}
    said_moments = {"next_morning", "before", "after"} if plan else set()
    return render(
        request,
        "sessions/day_page.html",
        {
            "patient": view.patient,
            "place": "today",
            "is_today": printer.is_today,
            "date": long_day(day.day),
            "state": page.program_state(view),
            "starts": long_day(plan.starts_on) if plan else "",
            "help_url": printer.help,
            "pain": page.pain_cards(printer, view),
            "summary": printer.summary(day),
            "pause": page.pause(view),
            "calls": phones.calls(view.pause.clinic) if view.pause else [],
            "items": printer.items(day.items),
            "practices": practices.practices(printer, view.rungs),
            "optional": printer.items(day.optional),
            "one_offs": printer.items(item for item in day.one_offs if item.prescribed.done_on is None),
            "again": printer.items(item for item in day.one_offs if item.prescribed.done_on is not None),
            "extras": printer.items(day.extras),
            "coming": page.coming(view),
            "days": page.day_links(view),
            "handout": handout_url(plan.program) if plan and not plan.ended_at and not plan.paused_by else "",
            # What belongs to nothing on the page is said above it.
            "error": " ".join(text for key, text in errors.items() if key not in said | said_moments),
        },
        status=status,
    )
