"""How hard the activities of the dog's own life are: the family says it in words, for itself and the clinic."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.access import Right, access, signed_in
from rehab.lib.ids import new_id
from rehab.lib.middleware import keep_for_offline
from rehab.patients.access import load_patient
from rehab.patients.scores import csom_course
from rehab.sessions.screen import activities as screen
from rehab.sessions.screen import parts
from rehab.sessions.screen.addresses import dog_url


@access(Right.LOG)
@keep_for_offline
@require_safe
def activities(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """Each activity of the signed definition, and how it went since; an honest word where none is named."""
    patient = load_patient(pk=patient_id, user=signed_in(request), right=Right.LOG)
    if patient.died_on is not None:
        return redirect("sessions:progress", patient.pk)
    today = patient.today(timezone.now())
    course = csom_course(patient)
    return render(
        request,
        "sessions/activities_page.html",
        {
            "patient": patient,
            "place": "progress",
            "day": today,
            "action": f"{dog_url(patient_id)}commands/",
            "fields": parts.fields(csrf=get_token(request), day=today, plan_version=None),
            "key": new_id(),
            "course": course,
            "questions": screen.questions(course, today=today) if course else [],
            "note": screen.answered_by(course, today=today) if course else "",
            "trend": screen.trend(course) if course else None,
        },
    )
