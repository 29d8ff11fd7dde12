"""The one address to which the family's taps are posted: a page, or the part of it that changed."""

import datetime as dt
import re
from collections.abc import Iterator
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest, QueryDict
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.access import Right, access, signed_in
from accounts.models import User
from rehab.patients.access import load_patient, roles_of
from rehab.sessions import commands, queries
from rehab.sessions.actions import Answer, apply_commands, event_of
from rehab.sessions.commands import Command, ExposureFact, PainFact, Refusal, SlotFact, Why
from rehab.sessions.day import Event
from rehab.sessions.screen import addresses, parts, practices, words
from rehab.sessions.screen.parts import Printer
from rehab.sessions.views.days import day_page
from rehab.sessions.wording import sentence

WHOLE: Final = re.compile(r"-?[0-9]{1,4}", re.ASCII)
SAID: Final = {"yes": True, "no": False}


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


def _version(form: QueryDict) -> int | str | None:
    text = form.get("plan_version", "")
    return int(text) if WHOLE.fullmatch(text) else text or None


def _posted(form: QueryDict, patient_id: UUID) -> list[dict[str, Any]]:
    """The commands in a posted form: one, or one for each time of the day when all that is left is skipped."""
    kind = form.get("kind", "")
    numbers = ("slot", "share", "score", "pain_after")
    fields = commands.FACTS[kind][0] if kind in commands.FACTS else frozenset()
    slots = form.getlist("slot")
    version = _version(form)
    posted = []
    for place, command_id in enumerate(form.getlist("id")[: commands.MOST_SLOTS]):
        payload: dict[str, Any] = {name: form[name] for name in fields if name in form}
        if len(slots) > place:
            payload["slot"] = slots[place]
        if kind == "exposure":
            payload = _practice(form)
        payload |= {name: int(payload[name]) for name in numbers if WHOLE.fullmatch(payload.get(name) or "")}
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


def _practice(form: QueryDict) -> dict[str, Any]:
    """What the form about a ladder says: the scale is the same as everywhere, and a box that is not ticked is not sent."""
    done = form.get("done", "")
    return {
        "step": form.get("step", ""),
        "done": SAID.get(done, done),
        "pain_after": form.get("score"),
        "stop_signs": form.getlist("stop_signs"),
    }


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
    """The prescription, the ladder's rung or the pain moment that the answer is about; empty where nobody can tell."""
    if isinstance(one, Command):
        return _subject(one)
    form = request.POST
    if form.get("moment", "") in commands.MOMENTS:
        return form["moment"]
    named = form.get("step" if form.get("kind") == "exposure" else "prescription", "")
    return UUID(named) if commands.UUID_TEXT.fullmatch(named) else ""


def _subject(command: Command) -> UUID | str:
    match command.fact:
        case SlotFact(prescription=prescription):
            return prescription
        case ExposureFact(step=step):
            return step
        case PainFact(moment=moment):
            return moment


def _place(command: Command) -> str:
    """Where on the page the answer stands."""
    match command.fact:
        case SlotFact():
            kind = "item"
        case ExposureFact():
            kind = "practice"
        case PainFact():
            kind = "pain"
    return f"{kind}-{_subject(command)}"


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
        return day_page(request, patient_id=patient_id, day=shown, at=at, errors=errors, status=status)
    assert first is not None  # noqa: S101 - without a refusal there is a command
    messages.success(request, words.saved(first.kind))
    back = f"{addresses.day_url(patient_id, shown, local)}#{_place(first)}"
    return HttpResponse(status=303, headers={"Location": back})


def _answer_part(
    request: HttpRequest, *, patient_id: UUID, parsed: list[Command | Refusal], at: dt.datetime
) -> HttpResponse:
    first = parsed[0]
    about = _about(request, first)
    posted = commands.day_of(request.POST.get("day", ""))
    day = at.date() if posted is None else posted
    if isinstance(about, UUID) and request.POST.get("kind") == "exposure":
        return _answer_practice(request, patient_id=patient_id, parsed=parsed, step=about, day=day, at=at)
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


def _answer_practice(
    request: HttpRequest,
    *,
    patient_id: UUID,
    parsed: list[Command | Refusal],
    step: UUID,
    day: dt.date,
    at: dt.datetime,
) -> HttpResponse:
    """The ladder's card as it stands now: after a bad practice it is one rung back at once."""
    user = signed_in(request)
    patient = load_patient(pk=patient_id, user=user, right=Right.LOG)
    answers = apply_commands(patient=patient, roles=roles_of(patient), commands=parsed, by=user, at=at)
    errors, status = _errors(request, parsed, answers)
    local = patient.today(at)
    shown = day if commands.can_complete(day, today=local) else local
    rung = next((one for one in queries.day_rungs(patient_id, shown) if one.step == step), None)
    if rung is None:
        error = " ".join(errors.values()) or words.saved("exposure")
        return render(request, "sessions/_refused.html", {"error": error}, status=status)
    printer = Printer(
        patient=patient,
        day=shown,
        today=local,
        fields=parts.fields(csrf=get_token(request), day=shown, plan_version=_version(request.POST)),
        errors=errors,
    )
    return HttpResponse(practices.practice(printer, rung, swapped=True), status=status)


def _answer_item(
    request: HttpRequest,
    *,
    patient_id: UUID,
    parsed: list[Command | Refusal],
    prescription: UUID,
    day: dt.date,
    at: dt.datetime,
) -> HttpResponse:
    """Two inserts and one read for a tap: the read tells who may, what is planned and what was said already.

    An item that tells of other days costs that read, too.
    """
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
    if item is not None and item.prescribed.tells_of_other_days and day == known.day:
        # What the tick's one read does not bring: since when the dog rests, or when a one-off was done before.
        known = queries.read_day(patient_id, day)
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
