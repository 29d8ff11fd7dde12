"""The one address to which the family's forms are posted where there is no JavaScript; phones use the API."""

import re
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.access import Right, access, signed_in
from rehab.patients.access import load_patient, roles_of
from rehab.sessions import commands
from rehab.sessions.actions import Answer, apply_commands
from rehab.sessions.commands import Command, Refusal, Why, fields
from rehab.sessions.commands.facts import ACTIVITIES, ANSWERS
from rehab.sessions.screen import addresses, words
from rehab.sessions.views.days import day_page
from rehab.sessions.wording import sentence

WHOLE: Final = re.compile(r"-?[0-9]{1,4}", re.ASCII)
SAID: Final = {"yes": True, "no": False, "null": None}
# How a form spells what JSON has types for; static/js/lib/commands.js reads forms the same way.
WHOLE_FIELDS: Final = (
    "slot",
    "share",
    "score",
    "pain_after",
    "quality",
    "tired",
    "unaided_steps",
    "standing_s",
    *ACTIVITIES,
)
LIST_FIELDS: Final = ("stop_signs", "areas", "signs", "flags")
YES_NO_FIELDS: Final = ("done", "given")
# The kinds whose forms stand on pages of their own; all others are refused on the day's page.
ELSEWHERE: Final = frozenset({"response", "measure", "report", "message", "activities"})


@access(Right.LOG)
@require_POST
def command(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """Take what a form says, once, and go back to its page; what is refused comes back with the reason and the text."""
    at = timezone.now()
    user = signed_in(request)
    patient = load_patient(pk=patient_id, user=user, right=Right.LOG)
    raws = _posted(request.POST, patient_id)
    if not raws:
        return HttpResponseBadRequest(_("This form says nothing. Reload the page and try again."))
    parsed = [commands.parse(raw) for raw in raws]
    answers = apply_commands(patient=patient, roles=roles_of(patient), commands=parsed, by=user, at=at)
    local = patient.today(at)
    first = next((one for one in parsed if isinstance(one, Command)), None)
    shown = first.day if first is not None and commands.can_complete(first.day, today=local) else local
    errors, status = _errors(request, parsed, answers)
    if errors and request.POST.get("kind") in ELSEWHERE:
        return _refused(request, patient_id, errors, status)
    if errors:
        return day_page(request, patient_id=patient_id, day=shown, at=at, errors=errors, status=status)
    assert first is not None  # noqa: S101 - without a refusal there is a command
    messages.success(request, words.saved(first.kind))
    return HttpResponse(status=303, headers={"Location": addresses.after(first, shown=shown, today=local)})


def _posted(form: QueryDict, patient_id: UUID) -> list[dict[str, Any]]:
    """The commands in a posted form: one, or one for each time of the day when all that is left is skipped."""
    kind = form.get("kind", "")
    slots = form.getlist("slot")
    version = form.get("plan_version", "")
    posted = []
    for place, command_id in enumerate(form.getlist("id")[: commands.MOST_SLOTS]):
        payload = _payload(form, kind)
        if len(slots) > place:
            payload["slot"] = int(slots[place]) if WHOLE.fullmatch(slots[place]) else slots[place]
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
                "plan_version": int(version) if WHOLE.fullmatch(version) else version or None,
            }
        )
    return posted


def _payload(form: QueryDict, kind: str) -> dict[str, Any]:
    known = commands.FACTS[kind][0] if kind in commands.FACTS else frozenset()
    # The scale is the same form everywhere; a ladder calls its answer the pain after the practice.
    renamed = {"score": "pain_after"} if kind == "exposure" else {}
    payload: dict[str, Any] = {}
    for name in form:
        field = renamed.get(name, name)
        if field in known and field not in LIST_FIELDS:
            payload[field] = _typed(name, form.get(name, ""))
    for name in LIST_FIELDS:
        # Boxes that are not ticked are not sent: the form says by a field of its own that they were asked.
        if name in known and (name in form or f"{name}_asked" in form or kind in ("exposure", "stop")):
            payload[name] = form.getlist(name)
    if "answers" in known:
        payload["answers"] = {name: _typed(name, said) for name in ANSWERS if (said := form.get(name))}
    return payload


def _typed(name: str, text: str) -> object:
    if name in WHOLE_FIELDS:
        return int(text) if WHOLE.fullmatch(text) else text or None
    if name in YES_NO_FIELDS:
        return SAID.get(text, text or None)
    return text if name in ("text", "note", "value", "time") else text or None


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
        errors[_about(request.POST, one)] = sentence(answer.refusal)
    return errors, status


def _about(form: QueryDict, one: Command | Refusal) -> UUID | str:
    """The prescription, the ladder's rung or the pain moment that the answer is about; empty where nobody can tell."""
    if isinstance(one, Command):
        return addresses.subject(one.fact)
    if (moment := form.get("moment", "")) in commands.MOMENTS:
        return moment
    named = form.get("step" if form.get("kind") == "exposure" else "prescription", "")
    return UUID(named) if fields.UUID_TEXT.fullmatch(named) else ""


def _refused(request: HttpRequest, patient_id: UUID, errors: dict[UUID | str, str], status: int) -> HttpResponse:
    """What was refused on a page of its own: the reason, and what was written, to be copied or sent again."""
    written = request.POST.get("text") or request.POST.get("note") or ""
    context = {"patient_id": patient_id, "error": " ".join(errors.values()), "written": written}
    return render(request, "sessions/refused_page.html", context, status=status)
