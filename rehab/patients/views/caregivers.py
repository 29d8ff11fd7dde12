"""Sharing a dog with the people who care for it at home."""

from uuid import UUID

from allauth.core import ratelimit
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import STAFF, Right, access, signed_in
from rehab.patients.access import load, load_patient, roles_of
from rehab.patients.actions import CaringEnded, end_caregiver, invite_caregiver
from rehab.patients.forms.caregivers import InviteForm
from rehab.patients.letters import join_link, send_invitation
from rehab.patients.models import Caregiver, CaregiverInvitation, Patient
from rehab.patients.wording import died_text


@access(Right.INVITE_CAREGIVER)
@require_http_methods(["GET", "HEAD", "POST"])
def caregiver_invite(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Who cares for the dog, and a form to invite one more."""
    user, at = signed_in(request), timezone.now()
    patient: Patient = load_patient(pk=pk, user=user, right=Right.INVITE_CAREGIVER)
    is_staff = works_here(patient)
    form = InviteForm(request.POST if request.method == "POST" else None, may_name_owner=is_staff)
    if form.is_valid() and not is_staff and not ratelimit.consume(request, action="invite", user=user):
        form.add_error(None, _("That were many invitations at once. Try again in an hour."))
    if form.is_valid() and patient.died_on is not None:
        form.add_error(None, died_text(patient))
    if request.method == "POST" and form.is_valid():
        email, relation = form.cleaned_data["email"], form.invited_as
        token = invite_caregiver(patient=patient, email=email, relation=relation, by=user, at=at)
        mailed = bool(email) and send_invitation(
            patient=patient, relation=relation, email=email, name="", token=token, by=user
        )
        return invitation_page(request, patient, email=email, token=token, mailed=mailed)
    open_invitations = CaregiverInvitation.objects.visible_to(user).filter(
        patient=patient,
        invitation__accepted_at=None,
        invitation__revoked_at=None,
        invitation__expires_at__gt=at,
    )
    context = {
        "form": form,
        "patient": patient,
        "layout": layout_for(patient),
        "is_staff": is_staff,
        "caregivers": Caregiver.objects.visible_to(user)
        .current()
        .filter(patient=patient)
        .select_related("user")
        .order_by("started_at", "pk"),
        "invitations": open_invitations.select_related("invitation").order_by("invitation__created_at", "pk"),
    }
    return render(request, "patients/caregiver_invite_page.html", context, status=422 if form.is_bound else 200)


@access(Right.INVITE_CAREGIVER)
@require_POST
def caregiver_end(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A person no longer cares for the dog."""
    user = signed_in(request)
    caregiver = load(
        Caregiver.objects.select_related("patient", "user"), pk=pk, user=user, right=Right.INVITE_CAREGIVER
    )
    if caregiver.relation == Caregiver.Relation.OWNER and not works_here(caregiver):
        raise PermissionDenied(_("Only the clinic can remove an owner."))
    try:
        end_caregiver(caregiver=caregiver, by=user, at=timezone.now())
    except CaringEnded:
        messages.info(request, _("That was done before."))
    else:
        messages.success(
            request,
            _("%(name)s no longer sees %(dog)s.")
            % {"name": caregiver.user.get_full_name(), "dog": caregiver.patient.name},
        )
    return redirect("patients:caregiver-invite", pk=caregiver.patient_id)


def works_here(row: Patient | Caregiver) -> bool:
    """Whether the person who loaded the row works on the dog, rather than living with it."""
    return not STAFF.isdisjoint(roles_of(row))


def layout_for(patient: Patient) -> str:
    """Owners and staff share this page, each in the frame they know."""
    return "base_staff.html" if works_here(patient) else "base_owner.html"


def invitation_page(
    request: HttpRequest,
    patient: Patient,
    *,
    email: str,
    token: str,
    mailed: bool,
    just_registered: bool = False,
) -> HttpResponse:
    """The link, shown this once: only its hash is kept."""
    context = {
        "patient": patient,
        "email": email,
        "link": join_link(token),
        "mailed": mailed,
        "just_registered": just_registered,
        "layout": "base_staff.html" if just_registered else layout_for(patient),
    }
    return render(request, "patients/invitation_page.html", context)
