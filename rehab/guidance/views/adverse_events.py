"""The page of a clinic's adverse events."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.access import Rule, access, signed_in
from accounts.models import Clinic, Membership
from rehab.guidance.queries.adverse_events import Asked
from rehab.guidance.queries.adverse_events import adverse_events as find_events
from rehab.guidance.settings_forms import AdverseEventsForm


@access(Rule.STAFF)
@require_safe
def adverse_events(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What harm came to the clinic's dogs, newest first."""
    user = signed_in(request)
    clinic = Clinic.objects.where(user, Membership.Role.VET, Membership.Role.THERAPIST).filter(pk=pk).first()
    if clinic is None:
        raise Http404
    form = AdverseEventsForm(request.GET)
    # A filter that cannot be read shows nothing: a log that looks complete and is not would be worse.
    asked = form.asked if form.is_valid() else None
    found = (
        None
        if asked is None
        else find_events(user=user, clinic=clinic, asked=asked, page_number=request.GET.get("page"))
    )
    context = {
        "clinic": clinic,
        "form": form,
        "found": found,
        "is_filtered": asked not in (None, Asked()),
        "place": "settings",
    }
    return render(request, "guidance/adverse_events_page.html", context, status=422 if form.errors else 200)
