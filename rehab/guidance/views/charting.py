"""The patient chart, on the screen and on paper."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.access import Right, access, signed_in
from rehab.guidance.charting import wording
from rehab.guidance.charting.page import USUAL, chart_page
from rehab.patients.access import load_patient, roles_of
from rehab.patients.models import Patient
from rehab.sessions.views.responding import PAIRED, REGIONS, SIDES, standing_dog


@access(Right.SEE_RECORD)
@require_safe
def chart(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One dog's course on one axis, over ``?span=``; ``?print`` is the sheet for the referring vet."""
    user, at = signed_in(request), timezone.now()
    dog: Patient = load_patient(pk=pk, user=user, right=Right.SEE_RECORD)
    asked = request.GET.get("span", "")
    span = asked if asked in wording.SPANS else USUAL
    is_print = "print" in request.GET
    page = chart_page(dog, at=at, span=span, roles=roles_of(dog))
    context = {
        "layout": "base.html" if is_print else "base_staff.html",
        "is_print": is_print,
        "patient": dog,
        "clinic": dog.clinic,
        "page": page,
        "spans": wording.SPANS.items(),
        "printed_by": user.get_full_name(),
        "printed_at": at,
        "dog": standing_dog(),
        "weeks": [
            (week, [(side, week.shades(side, REGIONS, PAIRED)) for side, _title in SIDES]) for week in page.body.weeks
        ],
        "place": "dogs",
    }
    return render(request, "guidance/chart_page.html", context)
