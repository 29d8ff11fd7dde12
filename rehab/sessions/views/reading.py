"""What the family reads: how an exercise is done, and when to call."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from accounts.access import Right, access, signed_in
from rehab.lib.middleware import keep_for_offline
from rehab.library import reading, translating
from rehab.library.views.media import media_response
from rehab.patients.access import load_patient, may
from rehab.sessions import queries
from rehab.sessions.screen import phones


@access(Right.SEE)
@require_safe
def exercise_media(request: HttpRequest, patient_id: UUID, media_id: UUID) -> HttpResponseBase:
    """The clinic's photo or clip of an exercise that the dog has or had, to its family and its clinic."""
    patient = load_patient(pk=patient_id, user=signed_in(request), right=Right.SEE)
    media = queries.prescribed_media(patient_id=patient.pk, media_id=media_id)
    if media is None:
        raise Http404
    return media_response(request, media)


@access(Right.SEE)
@keep_for_offline
@require_safe
def help_page(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """Warning signs and phone numbers, on one screen that needs nothing else."""
    patient = load_patient(pk=patient_id, user=signed_in(request), right=Right.SEE)
    if patient.died_on is not None:
        return redirect("sessions:today", patient.pk)
    urgency = reading.urgencies()["emergency_now"]
    return render(
        request,
        "sessions/help_page.html",
        {
            "patient": patient,
            "place": "help",
            "calls": phones.calls(patient.clinic),
            "may_say_farewell": may(Right.SAY_FAREWELL, patient),
            "what_to_do": translating.said(urgency.owner_text),
            "now": reading.red_flags(urgency="emergency_now"),
            "today": reading.red_flags(urgency="call_today"),
        },
    )
