"""Another dose, or one exercise more, beside what the rules suggest."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.access import Right, access
from rehab.guidance.changing import add, change, restraint
from rehab.guidance.queries.suggestions import in_brief
from rehab.patients.access import roles_of
from rehab.programs.views.changing import add_answer, change_answer
from rehab.programs.views.loading import load_prescription, load_program


@access(Right.ADJUST)
@require_http_methods(["GET", "HEAD", "POST"])
def exercise_add(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Choose an exercise of the library, then its dose and why."""
    program = load_program(request, pk)
    return add_answer(request, program, take=add, restrained=restraint(program.patient_id), at=timezone.now())


@access(Right.ADJUST)
@require_http_methods(["GET", "HEAD", "POST"])
def prescription_change(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Another dose, place in the family's day or note."""
    prescription = load_prescription(request, pk)
    suggested = in_brief(prescription, roles=roles_of(prescription))
    return change_answer(request, prescription, take=change, suggested=suggested)
