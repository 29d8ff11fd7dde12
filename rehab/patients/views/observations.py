"""Recording measures of a dog, with what was measured last."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from accounts.access import Right, Role, access, signed_in
from rehab.patients.access import load_patient, roles_of
from rehab.patients.forms.observations import ObservationForm
from rehab.patients.measured import last_values
from rehab.patients.models import Patient
from rehab.patients.observing import record_observations


@access(Right.ADJUST)
@require_http_methods(["GET", "HEAD", "POST"])
def observation_create(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The measures of one day; what is left empty was not measured."""
    user, at = signed_in(request), timezone.now()
    patient: Patient = load_patient(pk=pk, user=user, right=Right.ADJUST)
    roles = roles_of(patient)
    form = ObservationForm(
        request.POST if request.method == "POST" else None,
        today=patient.today(at),
        born_on=patient.born_on,
        by_a_vet=Role.VET in roles,
    )
    if form.is_bound and form.is_valid():
        rows = record_observations(
            patient=patient,
            values=form.values,
            day=form.cleaned_data["day"],
            note=form.cleaned_data["note"],
            by=user,
            roles=roles,
            at=at,
        )
        messages.success(
            request,
            ngettext("%(n)d measure was recorded.", "%(n)d measures were recorded.", len(rows)) % {"n": len(rows)},
        )
        return redirect("patients:observation-create", pk=patient.pk)
    context = {"patient": patient, "form": form, "last": last_values(patient.pk)}
    return render(request, "patients/observation_create_page.html", context, status=422 if form.is_bound else 200)
