"""A vet approves the steps of one exercise ahead, or takes that back."""

from dataclasses import replace
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.access import Right, access, signed_in
from rehab.library import translating
from rehab.patients.access import roles_of
from rehab.programs.actions import end_pre_approvals, pre_approve
from rehab.programs.actions.refusals import refuse
from rehab.programs.dose import LIMITS, step_up
from rehab.programs.forms import LATEST_VERSION
from rehab.programs.views.answering import back_to, refusal, submit
from rehab.programs.views.loading import load_prescription
from rehab.programs.wording import AMOUNTS


class AheadForm(forms.Form):
    """Up to which number the next steps may go, and the version of the plan that the vet saw."""

    most = forms.IntegerField(min_value=1, max_value=max(high for _low, high in LIMITS.values()))
    plan_version = forms.IntegerField(min_value=1, max_value=LATEST_VERSION)


@access(Right.LOOSEN)
@require_POST
def pre_approve_steps(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Up to which dose the steps of the exercise go by themselves."""
    prescription = load_prescription(request, pk, right=Right.LOOSEN)
    form = AheadForm(request.POST)

    def act(form: AheadForm) -> None:
        step = step_up(prescription.dosage, prescription.exercise.dose_range)
        if step is None:
            raise refuse("RANGE", _("The dose is at the top of its range."))
        most = form.cleaned_data["most"]
        pre_approve(
            prescription=prescription,
            up_to=replace(prescription.dosage, ramp_by=None, ramp_to=None, **{step.variable: most}),
            plan_version=form.cleaned_data["plan_version"],
            by=signed_in(request),
            roles=roles_of(prescription),
            at=timezone.now(),
        )
        messages.success(
            request,
            _("%(exercise)s may grow by itself, up to %(amount)s, while all of it is good.")
            % {"exercise": translating.said(prescription.exercise.name), "amount": AMOUNTS[step.variable](most)},
        )

    outcome = submit(form, act)
    if outcome.is_done:
        return back_to(request, prescription.program.patient, place="program")
    reasons = [str(objection) for objection in outcome.objections]
    reasons += [str(error) for errors in form.errors.values() for error in errors]
    if not reasons:
        reasons = [_("The plan was changed since. Look at it first.")]
    return refusal(request, prescription.program.patient, reasons, status=outcome.status)


@access(Right.HOLD)
@require_POST
def pre_approval_end(request: HttpRequest, pk: UUID) -> HttpResponse:
    """From now on a person decides each step again; more careful, so any of the staff may."""
    prescription = load_prescription(request, pk, right=Right.HOLD)
    end_pre_approvals(prescription, by=signed_in(request), at=timezone.now())
    messages.success(request, _("From now on a person decides each step."))
    return back_to(request, prescription.program.patient, place="program")
