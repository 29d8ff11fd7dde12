"""Joining a dog by invitation: the link, who the person is, and the tap that accepts.

Opening the link changes nothing, because mail scanners and previews open it too; and an invitation never signs
anybody in, the mailed code does.
"""

import datetime as dt

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import Rule, access, signed_in
from accounts.actions import get_or_create_person
from accounts.forms import JoinForm
from accounts.invitations import InvitationNotOpen, find_open_invitation, is_for
from accounts.models import Invitation, User
from accounts.sign_in import JOIN_TOKEN, may_send_code, send_code
from rehab.patients.actions import accept_invitation
from rehab.patients.models import CaregiverInvitation


@access(Rule.PUBLIC)
@require_safe
def join(request: HttpRequest, token: str) -> HttpResponse:
    """Take the token out of the address and into the session."""
    if find_open_invitation(token=token, at=timezone.now()) is None:
        request.session.pop(JOIN_TOKEN, None)
    else:
        request.session[JOIN_TOKEN] = token
    response = redirect("patients:join-confirm")
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


@access(Rule.PUBLIC)
@require_http_methods(["GET", "HEAD", "POST"])
def join_confirm(request: HttpRequest) -> HttpResponse:
    """Say who invites; ask a visitor who they are, and a person who has signed in to accept."""
    at = timezone.now()
    token = request.session.get(JOIN_TOKEN, "")
    invitation = find_open_invitation(token=token, at=at)
    if invitation is None:
        return _closed(request)
    if not request.user.is_authenticated:
        return _ask_who(request, invitation, at)
    user = signed_in(request)
    if not is_for(invitation, user):
        return _closed(request)
    if request.method == "POST":
        try:
            caregiver = accept_invitation(token=token, by=user, at=at)
        except InvitationNotOpen:
            return _closed(request)
        del request.session[JOIN_TOKEN]
        messages.success(request, _("%(dog)s is shared with you now.") % {"dog": caregiver.patient.name})
        return redirect("home")
    # Not read through visible_to: the dog becomes visible by accepting, and only the invited person comes here.
    joining = CaregiverInvitation.objects.select_related("patient").filter(invitation=invitation).first()
    if joining is None:
        return _closed(request)
    return render(request, "patients/join_page.html", {"invitation": invitation, "joining": joining})


def _closed(request: HttpRequest) -> HttpResponse:
    """The same answer to an unknown, used, withdrawn or expired invitation and to one for somebody else."""
    request.session.pop(JOIN_TOKEN, None)
    return render(request, "patients/join_closed_page.html", status=404)


def _ask_who(request: HttpRequest, invitation: Invitation, at: dt.datetime) -> HttpResponse:
    form = JoinForm(
        request.POST if request.method == "POST" else None,
        invited_email=invitation.email,
        clinic_time_zone=invitation.clinic.time_zone,
    )
    if form.is_valid():
        if may_send_code(request, email=form.address):
            user = get_or_create_person(
                email=form.address,
                name=form.cleaned_data["name"],
                time_zone=form.cleaned_data["time_zone"],
                language=_language(),
                by=None,
                at=at,
                clinic_id=invitation.clinic_id,
            )
            return send_code(request, user=user, then="patients:join-confirm")
        form.add_error(None, _("That was tried too often. Wait a minute, then ask for a new code."))
    return render(
        request,
        "patients/join_page.html",
        {"invitation": invitation, "form": form, "sent_to": _masked(invitation.email)},
        status=422 if form.is_bound else 200,
    )


def _language() -> str:
    spoken = (get_language() or "").split("-")[0]
    return spoken if spoken in User.Language.values else User.Language.ENGLISH


def _masked(email: str) -> str:
    # Enough for the invited person to know the mailbox, too little for anybody else.
    name, _at, host = email.partition("@")
    return f"{name[0]}•••@{host}" if host else ""
