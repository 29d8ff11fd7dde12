"""The vet's list of dogs, and the page of one dog."""

from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.access import Right, Rule, access, signed_in
from rehab.guidance.forms import SearchForm, Show
from rehab.guidance.queries.patient_page import SPANS, patient_page
from rehab.guidance.queries.worklist import treating_clinics
from rehab.guidance.queries.worklist import worklist as find_dogs
from rehab.guidance.rows import Rows
from rehab.patients.access import load_patient, may


@access(Rule.STAFF)
@require_safe
def worklist(request: HttpRequest) -> HttpResponse:
    """The dogs of the person's clinics, those that need a look first."""
    user = signed_in(request)
    clinics = treating_clinics(user)
    if not clinics:
        raise PermissionDenied(_("Only vets and therapists of a clinic see its dogs."))
    form = SearchForm(request.GET or None)
    asked = form.cleaned_data if form.is_valid() else {"q": "", "show": Show.ALL}
    found = find_dogs(
        user=user,
        search=asked["q"],
        urgent_only=asked["show"] == Show.URGENT,
        page_number=request.GET.get("page"),
    )
    context = {
        "form": form,
        "asked": asked,
        "found": found,
        "rows": Rows(at=timezone.now()).html(found.dogs),
        "clinics": clinics,
        "place": "dogs",
    }
    return render(request, "guidance/worklist_page.html", context, status=422 if form.errors else 200)


@access(Right.SEE_RECORD)
@require_safe
def patient(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One dog: what is wrong, what was prescribed, what was done and how the dog answered."""
    dog = load_patient(pk=pk, user=signed_in(request), right=Right.SEE_RECORD)
    span = SPANS.get(request.GET.get("days", ""), min(SPANS.values()))
    return render(
        request,
        "guidance/patient_page.html",
        {
            "patient": dog,
            "page": patient_page(dog, at=timezone.now(), span=span),
            "may_sign": may(Right.SIGN_DEFINITION, dog),
            "place": "dogs",
        },
    )
