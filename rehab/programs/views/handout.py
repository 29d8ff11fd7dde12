"""The program as a page to print."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.access import Right, access, signed_in
from rehab.library import reading, translating
from rehab.patients.access import load, may
from rehab.programs import handout
from rehab.programs.models import Program


@access(Right.SEE)
@require_safe
def program_handout(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The program for the kitchen table, the same for clinic and family; ``?ticks=1`` adds a week to tick."""
    program = load(
        Program.objects.select_related("patient", "clinic", "paused_by"),
        pk=pk,
        user=signed_in(request),
        right=Right.SEE,
    )
    is_staff = may(Right.SEE_RECORD, program)
    today = program.patient.today(timezone.now())
    context = {
        "layout": "base_staff.html" if is_staff else "base_owner.html",
        "is_staff": is_staff,
        "program": program,
        "patient": program.patient,
        "clinic": program.clinic,
        "today": today,
        "handout": handout.handout(program, today=today),
        "begins_later": program.starts_on > today,
        "has_ticks": request.GET.get("ticks") == "1",
        "code": handout.code_of(handout.page_of(program)),
        "what_to_do": translating.said(reading.urgencies()["emergency_now"].owner_text),
        "now": handout.warning_signs("emergency_now"),
        "same_day": handout.warning_signs("call_today"),
        "pain_anchors": {score: translating.said(words) for score, words in reading.pain_anchors().items()},
    }
    return render(request, "programs/handout_page.html", context)
