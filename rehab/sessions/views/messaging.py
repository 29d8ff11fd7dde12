"""The thread between a dog's family and its clinic: its page, its news, and that it was read."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.access import FAMILY, Right, access, signed_in
from rehab.lib.ids import new_id
from rehab.lib.middleware import keep_for_offline
from rehab.patients.access import load_patient, roles_of
from rehab.patients.models import Patient
from rehab.sessions.commands.facts import LONGEST_MESSAGE
from rehab.sessions.marking import mark_read
from rehab.sessions.queries import messages as thread
from rehab.sessions.queries.messages import Part, Place, State
from rehab.sessions.screen import parts, phones
from rehab.sessions.views.thread import Teller, place_of


@access(Right.SEE)
@keep_for_offline
@require_safe
def messages(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """The newest messages, or those before a place (``?before=``), and what to write the next one in."""
    at = timezone.now()
    patient = load_patient(pk=patient_id, user=signed_in(request), right=Right.SEE)
    before = Place.read(request.GET.get("before", ""))
    teller, state = _opened(request, patient)
    part = thread.newest(patient_id, before=before)
    today = patient.today(at)
    calls = phones.calls(patient.clinic)
    answer = render(
        request,
        "sessions/messages_page.html",
        {
            "patient": patient,
            "base": "base_owner.html" if teller.is_family else "base_staff.html",
            "is_family": teller.is_family,
            "place": "messages" if teller.is_family else "dogs",
            "is_newest": before is None,
            "at": at,
            "call": next((one for one in calls if one.is_emergency), calls[0] if calls else None),
            "fields": parts.fields(csrf=get_token(request), day=today, plan_version=None),
            "key": new_id(),
            "longest": LONGEST_MESSAGE,
            "exercises": thread.to_ask_about(patient_id, today=today) if before is None else [],
            "about": request.GET.get("about", ""),
            **_context(teller, part, state),
        },
    )
    if not teller.is_family:
        # The phone of a family keeps its thread; a clinic's computer keeps nothing of a patient.
        answer.headers["Cache-Control"] = "no-store"
    return answer


@access(Right.SEE)
@require_safe
def messages_parts(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """What has come in ``?since=`` the page was printed, 204 when nothing has; or the messages ``?before=`` a place."""
    patient = load_patient(pk=patient_id, user=signed_in(request), right=Right.SEE, related=())
    teller, state = _opened(request, patient)
    if (before := Place.read(request.GET.get("before", ""))) is not None:
        part = thread.newest(patient_id, before=before)
        context = _context(teller, part, state, marks_new=False)
        if part.messages and teller.day(part.messages[-1].received_at) == teller.day(before.received_at):
            # The page has said this day above what was its first message.
            context["day_again"] = teller.day(before.received_at).isoformat()
        return render(request, "sessions/_messages_earlier.html", context)
    known = State.read(request.GET.get("since", ""))
    if known == state:
        return HttpResponse(status=204)
    news = thread.news(patient_id, since=known)
    if news is None:
        # The page begins anew with the newest messages, and leads to the earlier ones.
        return HttpResponse(status=204, headers={"HX-Refresh": "true"})
    context = _context(teller, news, state, is_top=known is None, marks_new=False)
    context["receipt"] = teller.receipt(thread.newest(patient_id))
    return render(request, "sessions/_messages_news.html", context)


@access(Right.SEE)
@require_POST
def messages_read(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """Note that the person has read what the page showed: the page says so by itself, or by a button."""
    user = signed_in(request)
    patient = load_patient(pk=patient_id, user=user, right=Right.SEE, related=())
    shown = State.read(request.POST.get("shown", ""))
    if shown is None:
        return HttpResponseBadRequest(_("This form says nothing. Reload the page and try again."))
    mark_read(patient=patient, by=user, is_family=_is_family(patient), shown=shown, at=timezone.now())
    if getattr(request, "htmx", False):
        return HttpResponse(status=204)
    return redirect("sessions:messages", patient_id)


def _is_family(patient: Patient) -> bool:
    """On which side the person who loaded the dog writes: at home first, as a message says it."""
    return not roles_of(patient).isdisjoint(FAMILY)


def _opened(request: HttpRequest, patient: Patient) -> tuple[Teller, State]:
    # Before the messages: what comes in between is told again, and not left out.
    readers = thread.readers(patient.pk)
    state = thread.state(patient.pk, readers)
    teller = Teller(patient=patient, user=signed_in(request), is_family=_is_family(patient), readers=readers)
    return teller, state


def _context(
    teller: Teller, part: Part, state: State, *, is_top: bool = True, marks_new: bool = True
) -> dict[str, Any]:
    return {
        "patient": teller.patient,
        "lines": teller.lines(part, is_top=is_top, marks_new=marks_new),
        "earlier": place_of(part),
        "state": state,
        "has_news": teller.has_news(part.messages),
    }
