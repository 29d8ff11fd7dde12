"""The page of a clinic's own limits."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.access import Right, Role, Rule, access, allowed, signed_in
from accounts.models import Clinic, Membership
from rehab.guidance import threshold_wording
from rehab.guidance.engine.values import THRESHOLDS, Profile
from rehab.guidance.forms import ThresholdsForm
from rehab.guidance.models import ThresholdChange
from rehab.guidance.thresholds import PROFILES, ThresholdError, profiles_of, set_thresholds

SHOWN_CHANGES = 30


@access(Rule.STAFF)
@require_http_methods(["GET", "HEAD", "POST"])
def thresholds(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The limits that the rules work with in one clinic, and who changed what."""
    user, at = signed_in(request), timezone.now()
    clinic = Clinic.objects.where(user, Membership.Role.VET, Membership.Role.THERAPIST).filter(pk=pk).first()
    if clinic is None:
        raise Http404
    roles = frozenset(
        Role(role)
        for role in Membership.objects.current().filter(user=user, clinic=clinic).values_list("role", flat=True)
    )
    form = ThresholdsForm(request.POST or None, now=profiles_of(clinic))
    if form.is_valid():
        try:
            changes = set_thresholds(
                clinic=clinic, wanted=form.wanted, reason=form.cleaned_data["reason"], by=user, roles=roles, at=at
            )
        except ThresholdError as error:
            form.add_error(None, threshold_wording.refusal(error))
        else:
            if changes:
                messages.success(request, _("Saved. The rules weigh every dog of the clinic by these limits."))
            else:
                messages.info(request, _("Nothing was changed."))
            return redirect("guidance:thresholds", pk=clinic.pk)
    content = {name: Profile.of(name) for name in PROFILES}
    context = {
        "clinic": clinic,
        "form": form,
        "may_loosen": allowed(Right.LOOSEN, roles),
        "rows": [
            {
                "label": threshold_wording.label(key),
                "note": threshold_wording.note(key),
                "cells": [(form[f"{name}-{key}"], getattr(content[name], key)) for name in PROFILES],
            }
            for key in THRESHOLDS
        ],
        "changes": [
            threshold_wording.change(one)
            for one in ThresholdChange.objects.filter(clinic=clinic)
            .select_related("changed_by")
            .order_by("-changed_at", "-pk")[:SHOWN_CHANGES]
        ],
    }
    return render(request, "guidance/thresholds_page.html", context, status=422 if form.errors else 200)
