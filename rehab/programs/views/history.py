"""A program as a story."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.access import Right, access, signed_in
from rehab.patients.access import load, may
from rehab.programs.models import Program
from rehab.programs.queries import current_prescriptions, programs_beside, story


@access(Right.SEE_RECORD)
@require_safe
def program_history(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The program, what is prescribed now, and every decision that led here, from the beginning."""
    program = load(
        Program.objects.select_related("patient", "protocol", "definition", "paused_by"),
        pk=pk,
        user=signed_in(request),
        right=Right.SEE_RECORD,
    )
    years = story(program)
    context = {
        "program": program,
        "patient": program.patient,
        "prescriptions": list(current_prescriptions(program)),
        "years": years,
        "newest": years[-1].chapters[-1] if years else None,
        "beside": programs_beside(program),
        "can_adjust": program.ended_at is None and may(Right.ADJUST, program),
    }
    return render(request, "programs/program_history_page.html", context)
