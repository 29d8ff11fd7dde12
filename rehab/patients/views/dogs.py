"""Registering a dog and correcting its data."""

from copy import copy
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.access import Right, Rule, access, signed_in
from accounts.models import Clinic, User
from rehab.lib.time_zones import local_day
from rehab.patients.access import load_patient
from rehab.patients.actions import (
    AlreadyRegistered,
    PatientChanged,
    edit_patient,
    register_patient,
    register_patient_with_owner,
)
from rehab.patients.forms.dogs import NewPatientForm, PatientForm
from rehab.patients.letters import send_invitation
from rehab.patients.models import CLINICAL_ROLES, Caregiver, Patient
from rehab.patients.queries import fingerprint_of
from rehab.patients.views.caregivers import invitation_page


@access(Rule.STAFF)
@require_http_methods(["GET", "HEAD", "POST"])
def patient_create(request: HttpRequest) -> HttpResponse:
    """A new dog, and at once its owner if the address is known."""
    user = signed_in(request)
    clinics = list(Clinic.objects.where(user, *CLINICAL_ROLES).order_by("name", "pk"))
    if not clinics:
        raise PermissionDenied(_("Only vets and therapists register dogs."))
    today = local_day(at=timezone.now(), time_zone=clinics[0].time_zone)
    form = NewPatientForm(request.POST if request.method == "POST" else None, clinics=clinics, today=today)
    if request.method == "POST" and form.is_valid():
        try:
            return _register(request, form, user)
        except AlreadyRegistered:
            before = Patient.objects.filter(pk=form.cleaned_data["key"], created_by=user).visible_to(user).first()
            if before is not None:
                messages.info(request, _("%(dog)s is registered already.") % {"dog": before.name})
                return redirect("guidance:patient", pk=before.pk)
            form.add_error(None, _("This page was already used for another dog. Open it anew and try again."))
    return render(
        request,
        "patients/patient_create_page.html",
        {"form": form, "place": "new"},
        status=422 if form.is_bound else 200,
    )


def _register(request: HttpRequest, form: NewPatientForm, user: User) -> HttpResponse:
    at = timezone.now()
    email = form.cleaned_data["owner_email"]
    if not email:
        patient = register_patient(clinic=form.chosen_clinic, by=user, at=at, **form.details)
        messages.success(request, _("%(dog)s is registered.") % {"dog": patient.name})
        return redirect("patients:definition-draft", pk=patient.pk)
    patient, token = register_patient_with_owner(
        clinic=form.chosen_clinic, owner_email=email, by=user, at=at, **form.details
    )
    mailed = send_invitation(
        patient=patient,
        relation=Caregiver.Relation.OWNER,
        email=email,
        name=form.cleaned_data["owner_name"],
        token=token,
        by=user,
    )
    return invitation_page(request, patient, email=email, token=token, mailed=mailed, just_registered=True)


@access(Right.REGISTER)
@require_http_methods(["GET", "HEAD", "POST"])
def patient_edit(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The dog's data, to be corrected."""
    user, at = signed_in(request), timezone.now()
    patient: Patient = load_patient(pk=pk, user=user, right=Right.REGISTER)
    is_post = request.method == "POST"
    form = PatientForm(
        request.POST if is_post else None,
        # The form writes what was typed into its instance; the page must keep naming the dog as it is stored.
        instance=copy(patient),
        time_zone=patient.time_zone,
        today=patient.today(at),
    )
    seen = request.POST.get("seen", "") if is_post else fingerprint_of(patient)
    status = 422 if is_post else 200
    if is_post and form.is_valid():
        try:
            edit_patient(patient=patient, by=user, at=at, seen=seen, **form.details)
        except PatientChanged:
            seen, status = fingerprint_of(patient), 409
        else:
            messages.success(request, _("Saved."))
            return redirect("guidance:patient", pk=patient.pk)
    context = {"form": form, "patient": patient, "seen": seen, "is_stale": status == 409}
    return render(request, "patients/patient_edit_page.html", context, status=status)
