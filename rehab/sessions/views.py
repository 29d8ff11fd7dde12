"""The family's pages, and the one address to which their taps are posted."""

import datetime as dt
import re
from collections.abc import Iterator
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest, QueryDict
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.access import Right, Rule, access, signed_in
from accounts.models import User
from rehab.lib.middleware import keep_for_offline
from rehab.library import reading
from rehab.patients.access import load_patient, roles_of
from rehab.programs.dose import Dose
from rehab.programs.wording import dose_text
from rehab.sessions import adherence, charts, commands, queries
from rehab.sessions.actions import Answer, apply_commands, event_of
from rehab.sessions.commands import Command, PainFact, Refusal, Why
from rehab.sessions.day import Event
from rehab.sessions.screen import addresses, page, parts, phones, words
from rehab.sessions.screen import progress as so_far
from rehab.sessions.screen.parts import Printer
from rehab.sessions.wording import long_day, sentence

WHOLE: Final = re.compile(r"-?[0-9]{1,4}", re.ASCII)
CHART_DAYS: Final = 14
WEEKS: Final = 8


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
    return _day_page(request, patient_id=patient_id, day=None, at=timezone.now())


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


@access(Right.LOG)
@require_POST
def command(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """Take one answer of the family; a form without JavaScript goes back to its page, htmx gets the part that changed."""
    at = timezone.now()
    raws = _posted(request.POST, patient_id)
    if not raws:
        load_patient(pk=patient_id, user=signed_in(request), right=Right.LOG)
        return HttpResponseBadRequest(_("This form says nothing. Reload the page and try again."))
    parsed = [commands.parse(raw) for raw in raws]
    if request.headers.get("HX-Request") == "true":
        try:
            return _answer_part(request, patient_id=patient_id, parsed=parsed, at=at)
        except Http404:
            return render(request, "sessions/_gone.html", status=404)
    return _answer_page(request, patient_id=patient_id, parsed=parsed, at=at)


@access(Right.SEE)
@keep_for_offline
@require_safe
def exercise(request: HttpRequest, patient_id: UUID, prescription_id: UUID) -> HttpResponse:
    """How one exercise is done, how much, and when to stop."""
    prescription = queries.visible_prescription(
        user=signed_in(request), patient_id=patient_id, prescription_id=prescription_id
    )
    signs = reading.stop_signs()
    return render(
        request,
        "sessions/exercise_page.html",
        {
            "patient": prescription.patient,
            "place": "today",
            "prescription": prescription,
            "exercise": prescription.exercise,
            "dose": dose_text(Dose.from_json(prescription.dose)),
            "stop_signs": [signs[code] for code in prescription.exercise.stop_signs if code in signs],
        },
    )


@access(Right.SEE)
@keep_for_offline
@require_safe
def progress(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """The last fourteen days: what was done, and how the dog was."""
    patient = load_patient(pk=patient_id, user=signed_in(request), right=Right.SEE)
    local = patient.today(timezone.now())
    until = local + queries.ONE_DAY
    monday = local - dt.timedelta(days=local.weekday())
    first = monday - dt.timedelta(weeks=WEEKS)
    past = queries.history(patient.pk, first, until)
    days = adherence.by_day(past.periods, past.shares, first=first, until=until, today=local)
    shown = [until - dt.timedelta(days=back) for back in range(CHART_DAYS, 0, -1)]
    names = [formats.date_format(one, _("j M")) for one in shown]
    pain = [so_far.day_of_pain(past.pain, one) for one in shown]
    kept, weeks = adherence.weeks_kept(days, today=local)
    return render(
        request,
        "sessions/progress_page.html",
        {
            "patient": patient,
            "place": "progress",
            "week": so_far.week(days, monday=monday, today=local),
            "kept": kept,
            "weeks": weeks,
            "done_picture": charts.done_bars([days[one].ratio for one in shown], names),
            "pain_picture": charts.pain_line([one.highest for one in pain], names),
            "has_done": any(days[one].prescribed for one in shown),
            "has_pain": any(one.highest is not None for one in pain),
            "done_words": so_far.done_words([days[one] for one in shown]),
            "pain_words": so_far.pain_words([one.highest for one in pain]),
            "table": [
                (name, so_far.percent(days[one]), answers)
                for name, one, answers in reversed(list(zip(names, shown, pain, strict=True)))
            ],
        },
    )


@access(Right.SEE)
@keep_for_offline
@require_safe
def help_page(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """Warning signs and phone numbers, on one screen that needs nothing else."""
    patient = load_patient(pk=patient_id, user=signed_in(request), right=Right.SEE)
    urgency = reading.urgencies()["emergency_now"]
    return render(
        request,
        "sessions/help_page.html",
        {
            "patient": patient,
            "place": "help",
            "calls": phones.calls(patient.clinic),
            "what_to_do": urgency.owner_text,
            "now": reading.red_flags(urgency="emergency_now"),
            "today": reading.red_flags(urgency="call_today"),
        },
    )


def _day_page(
    request: HttpRequest,
    *,
    patient_id: UUID,
    day: dt.date | None,
    at: dt.datetime,
    errors: dict[UUID | str, str] | None = None,
    status: int = 200,
) -> HttpResponse:
    view = queries.day_view(user=signed_in(request), patient_id=patient_id, day=day, at=at)
    return _render_day(request, view, errors=errors, status=status)


def _render_day(
    request: HttpRequest,
    view: queries.DayView,
    *,
    errors: dict[UUID | str, str] | None = None,
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
    said = {item.prescribed.id for item in (*day.items, *day.one_offs, *day.extras)}
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
            "items": printer.items(day.items),
            "one_offs": printer.items(day.one_offs),
            "extras": printer.items(day.extras),
            "days": page.day_links(view),
            # What belongs to nothing on the page is said above it.
            "error": " ".join(text for key, text in errors.items() if key not in said | said_moments),
        },
        status=status,
    )


def _version(form: QueryDict) -> int | str | None:
    text = form.get("plan_version", "")
    return int(text) if WHOLE.fullmatch(text) else text or None


def _posted(form: QueryDict, patient_id: UUID) -> list[dict[str, Any]]:
    """The commands in a posted form: one, or one for each time of the day when all that is left is skipped."""
    kind = form.get("kind", "")
    numbers = ("slot", "share", "score")
    fields = commands.FACTS[kind][0] if kind in commands.FACTS else frozenset()
    slots = form.getlist("slot")
    version = _version(form)
    posted = []
    for place, command_id in enumerate(form.getlist("id")[: commands.MOST_SLOTS]):
        payload: dict[str, Any] = {name: form[name] for name in fields if name in form}
        if len(slots) > place:
            payload["slot"] = slots[place]
        payload |= {name: int(payload[name]) for name in numbers if WHOLE.fullmatch(payload.get(name, ""))}
        posted.append(
            {
                "id": command_id,
                "kind": kind,
                "patient": str(patient_id),
                "payload": payload,
                "day": form.get("day", ""),
                # Empty without JavaScript: then the server's clock counts, and resending changes nothing.
                "done_at": form.get("done_at") or None,
                "time_zone": form.get("time_zone") or None,
                "plan_version": version,
            }
        )
    return posted


def _errors(
    request: HttpRequest, parsed: list[Command | Refusal], answers: list[Answer]
) -> tuple[dict[UUID | str, str], int]:
    """The sentences by what they are about, and the status: 409 for a key that is taken, else 422."""
    errors: dict[UUID | str, str] = {}
    status = 200
    for one, answer in zip(parsed, answers, strict=True):
        if answer.refusal is None:
            continue
        status = 409 if answer.refusal.why is Why.SAME_ID_OTHER_CONTENT or status == 409 else 422
        errors[_about(request, one)] = sentence(answer.refusal)
    return errors, status


def _about(request: HttpRequest, one: Command | Refusal) -> UUID | str:
    if isinstance(one, Command):
        return one.fact.moment if isinstance(one.fact, PainFact) else one.fact.prescription
    moment, prescription = request.POST.get("moment", ""), request.POST.get("prescription", "")
    if moment in commands.MOMENTS:
        return moment
    return UUID(prescription) if commands.UUID_TEXT.fullmatch(prescription) else ""


def _answer_page(
    request: HttpRequest, *, patient_id: UUID, parsed: list[Command | Refusal], at: dt.datetime
) -> HttpResponse:
    user = signed_in(request)
    patient = load_patient(pk=patient_id, user=user, right=Right.LOG)
    answers = apply_commands(patient=patient, roles=roles_of(patient), commands=parsed, by=user, at=at)
    local = patient.today(at)
    first = next((one for one in parsed if isinstance(one, Command)), None)
    shown = first.day if first is not None and commands.can_complete(first.day, today=local) else local
    errors, status = _errors(request, parsed, answers)
    if errors:
        return _day_page(request, patient_id=patient_id, day=shown, at=at, errors=errors, status=status)
    assert first is not None  # noqa: S101 - without a refusal there is a command
    messages.success(request, words.saved(first.kind))
    place = f"pain-{first.fact.moment}" if isinstance(first.fact, PainFact) else f"item-{first.fact.prescription}"
    back = f"{addresses.day_url(patient_id, shown, local)}#{place}"
    return HttpResponse(status=303, headers={"Location": back})


def _answer_part(
    request: HttpRequest, *, patient_id: UUID, parsed: list[Command | Refusal], at: dt.datetime
) -> HttpResponse:
    first = parsed[0]
    about = _about(request, first)
    posted = commands.day_of(request.POST.get("day", ""))
    day = at.date() if posted is None else posted
    if isinstance(about, UUID):
        return _answer_item(request, patient_id=patient_id, parsed=parsed, prescription=about, day=day, at=at)
    user = signed_in(request)
    patient = load_patient(pk=patient_id, user=user, right=Right.LOG)
    answers = apply_commands(patient=patient, roles=roles_of(patient), commands=parsed, by=user, at=at)
    errors, status = _errors(request, parsed, answers)
    if about not in commands.MOMENTS:
        return render(request, "sessions/_refused.html", {"error": " ".join(errors.values())}, status=status)
    local = patient.today(at)
    shown = day if commands.can_complete(day, today=local) else local
    session_day = shown - commands.MOMENTS[about] * queries.ONE_DAY
    held = queries.pain_answers(patient.pk, session_day, session_day + queries.ONE_DAY)
    printer = Printer(
        patient=patient,
        day=shown,
        today=local,
        fields=parts.fields(csrf=get_token(request), day=shown, plan_version=_version(request.POST)),
        errors=errors,
    )
    card = printer.pain(about, held.get((session_day, about)), swapped="asked")
    return HttpResponse(card, status=status)


def _answer_item(
    request: HttpRequest,
    *,
    patient_id: UUID,
    parsed: list[Command | Refusal],
    prescription: UUID,
    day: dt.date,
    at: dt.datetime,
) -> HttpResponse:
    """Two inserts and one read for a tap: the read tells who may, what is planned and what was said already."""
    user = signed_in(request)
    read = queries.logged(user=user, patient_id=patient_id, day=day)
    if read is None:
        patient = load_patient(pk=patient_id, user=user, right=Right.LOG)
        read = queries.Logged(
            patient=patient,
            roles=roles_of(patient),
            plan_version=None,
            day=queries.read_day(patient_id, day),
        )
    answers = apply_commands(patient=read.patient, roles=read.roles, commands=parsed, by=user, at=at, day=read.day)
    errors, status = _errors(request, parsed, answers)
    known = read.day.with_events(_events(parsed, answers, user, day))
    local = read.patient.today(at)
    if errors and (known.find(prescription) is None or not commands.can_complete(day, today=local)):
        # The day cannot be right: the item is shown as it is today, with the sentence.
        day, known = local, queries.read_day(patient_id, local)
    item = known.find(prescription)
    if item is None:
        context = {"prescription": prescription, "error": " ".join(errors.values())}
        return render(request, "sessions/_refused_item.html", context, status=status)
    printer = Printer(
        patient=read.patient,
        day=day,
        today=local,
        fields=parts.fields(csrf=get_token(request), day=day, plan_version=read.plan_version),
        errors=errors,
    )
    part = printer.item(item, swapped=True, focus=_pressed(request.POST)) + printer.summary_part(known)
    if known.counts.left == 0 and known.items and not errors:
        # Only the tap that ends the day pays for one more read: the day's last question opens with it.
        held = queries.pain_answers(patient_id, day, day + queries.ONE_DAY)
        part += printer.pain("after", held.get((day, "after")), swapped="along")
    return HttpResponse(part, status=status)


def _pressed(form: QueryDict) -> str:
    """Where the focus goes: to the button that was pressed, or to the name where that button is gone."""
    return f"slot-{form.get('slot')}" if form.get("kind") in ("tick", "undo") else "name"


def _events(parsed: list[Command | Refusal], answers: list[Answer], user: User, day: dt.date) -> Iterator[Event]:
    """What has just been said about the day, so that it need not be read again."""
    for one, answer in zip(parsed, answers, strict=True):
        if isinstance(one, Command) and answer.done_at is not None and one.day == day:
            event = event_of(one, done_at=answer.done_at, by=user)
            if event is not None:
                yield event
