"""Progress, hold, regress; the easier or harder neighbour by one tap; and taking the last step back.

The addresses of the steps are those of the guidance, which weighs what the dog's answers say against them.
"""

import datetime as dt
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Protocol
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.access import Right, Role, access, signed_in
from rehab.library import translating
from rehab.programs.actions import NotAllowed, Proposal, outlook, undo_step
from rehab.programs.dose import Dose
from rehab.programs.forms import LATEST_VERSION, SUGGESTIONS, DecideForm
from rehab.programs.gate import Objection
from rehab.programs.models import Decision, Prescription
from rehab.programs.queries import standing_in_for
from rehab.programs.views.answering import Outcome, back_to, refusal, submit
from rehab.programs.views.loading import load_program
from rehab.programs.views.versions import about, conclude, is_over, wish
from rehab.programs.wording import change_text, dose_text

STEPS = (Decision.Kind.PROGRESS, Decision.Kind.HOLD, Decision.Kind.REGRESS)


class UndoForm(forms.Form):
    """The version of the plan that the person saw."""

    plan_version = forms.IntegerField(min_value=1, max_value=LATEST_VERSION)


# What takes the decision; called as ``rehab.programs.actions.decide``, which a higher app may wrap.
Take = Callable[..., Decision]


class Against(Protocol):
    """What else speaks against a step, or against the same step with the neighbouring exercise."""

    def __call__(self, *, swap: bool) -> Sequence[Objection]: ...


def right_of(kind: str) -> Right:
    """What a person needs to take the step.

    Raises:
        Http404: there is no such step.
    """
    if kind not in STEPS:
        raise Http404
    return Right.ADJUST if kind == Decision.Kind.PROGRESS else Right.HOLD


def step_answer(
    request: HttpRequest,
    prescription: Prescription,
    kind: str,
    *,
    take: Take,
    against: Against,
    roles: frozenset[Role],
    at: dt.datetime,
    start: Dose | None = None,
) -> HttpResponse:
    """Progress, hold or regress; ``?swap=1`` puts the neighbouring exercise in its place, the easier one at ``start``."""
    step = Decision.Kind(kind)
    form = DecideForm(
        request.POST if request.method == "POST" else None,
        suggestions=SUGGESTIONS[kind],
        initial={"plan_version": prescription.program.plan_version},
    )

    def act(form: DecideForm) -> None:
        take(
            kind=step,
            prescription=prescription,
            swap=form.cleaned_data["swap"],
            reason=form.cleaned_data["why"],
            plan_version=form.cleaned_data["plan_version"],
            by=signed_in(request),
            roles=roles,
            at=at,
        )
        messages.success(request, f"{step.label}: {translating.said(prescription.exercise.name)}")

    return _decided(
        request, prescription, step, form, submit(form, act), against=against, roles=roles, at=at, start=start
    )


def swap_answer(
    request: HttpRequest,
    prescription: Prescription,
    step: Decision.Kind,
    *,
    take: Take,
    against: Against,
    roles: frozenset[Role],
    at: dt.datetime,
    start: Dose | None = None,
) -> HttpResponse:
    """One tap to the neighbour; where a rule speaks against it, the page that says so and asks why."""
    up = step == Decision.Kind.PROGRESS
    sent = request.POST.copy()
    reason = _("Harder neighbour, chosen by hand") if up else _("Easier neighbour, chosen by hand")
    sent.update({"swap": "True", "reason": reason})
    form = DecideForm(sent, suggestions=SUGGESTIONS[step.value])
    proposed = _free_neighbour(prescription, step, against=against(swap=True), roles=roles, at=at, start=start)
    if proposed is None and not is_over(prescription, prescription.program):
        return redirect(_decide_address(step, prescription.pk) + "?swap=1")

    def act(form: DecideForm) -> None:
        take(
            kind=step,
            prescription=prescription,
            swap=True,
            reason=form.cleaned_data["why"],
            plan_version=form.cleaned_data["plan_version"],
            by=signed_in(request),
            roles=roles,
            at=at,
        )
        if proposed is not None:
            messages.success(
                request,
                _("%(new)s instead of %(old)s.")
                % {
                    "new": translating.said(proposed.exercise.name),
                    "old": translating.said(prescription.exercise.name),
                },
            )

    outcome = submit(form, act)
    if outcome.is_done:
        return back_to(request, prescription.program.patient, place="program")
    return _decided(request, prescription, step, form, outcome, against=against, roles=roles, at=at, start=start)


def _free_neighbour(
    prescription: Prescription,
    step: Decision.Kind,
    *,
    against: Sequence[Objection],
    roles: frozenset[Role],
    at: dt.datetime,
    start: Dose | None,
) -> Proposal | None:
    """What the tap would put in its place; nothing where a rule speaks against it, which takes a reason of one's own."""
    try:
        proposed, found = outlook(
            kind=step, prescription=prescription, roles=roles, at=at, swap=True, start=start, against=against
        )
    except NotAllowed:
        return None
    return None if found else proposed


@access(Right.HOLD)
@require_POST
def step_undo(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Take back one's own last step of today."""
    program = load_program(request, pk, right=Right.HOLD)
    form = UndoForm(request.POST)

    def undo(form: UndoForm) -> None:
        undo_step(
            program=program,
            plan_version=form.cleaned_data["plan_version"],
            by=signed_in(request),
            at=timezone.now(),
        )
        messages.success(request, _("Undone. The plan is as it was before."))

    outcome = submit(form, undo)
    if outcome.is_done:
        return back_to(request, program.patient, place="program")
    reasons = [str(objection) for objection in outcome.objections]
    if not reasons:
        reasons = [_("The plan was changed since. Look at it first.")]
    return refusal(request, program.patient, reasons, status=outcome.status)


def _decided(
    request: HttpRequest,
    prescription: Prescription,
    step: Decision.Kind,
    form: DecideForm,
    outcome: Outcome,
    *,
    against: Against,
    roles: frozenset[Role],
    at: dt.datetime,
    start: Dose | None = None,
) -> HttpResponse:
    """What became of a step: on to the dog, or the page of the step, at what stands in the plan now."""
    context = {
        **about(prescription, partial(_decide_address, step)),
        "kind": step.value,
        "label": step.label,
        "form": form,
    }
    if step == Decision.Kind.HOLD and not outcome.is_done:
        context |= _held(against(swap=False), roles=roles)
    elif not outcome.is_done:
        swap = bool(form.cleaned_data.get("swap")) if form.is_bound else "swap" in request.GET
        has_moved = outcome.is_stale or prescription.ended_by_id is not None
        now = (standing_in_for(prescription) if has_moved else None) or prescription
        context |= _outlook(now, step, against=against, roles=roles, at=at, swap=swap, start=start)
        form.initial["swap"] = context.get("swap", False)
    if outcome.is_stale:
        context["mine"] = wish(form, f"{step.label}: {translating.said(prescription.exercise.name)}")
    return conclude(request, "prescription_decide", context, form, outcome, program=prescription.program)


def _decide_address(step: Decision.Kind, pk: UUID) -> str:
    return reverse("guidance:prescription-decide", args=[pk, step.value])


def _held(against: Sequence[Objection], *, roles: frozenset[Role]) -> dict[str, Any]:
    """A hold changes nothing, and may still be less careful than what the answers ask for."""
    is_possible = all(one.vet_may for one in against) and (not against or Role.VET in roles)
    return {"warnings": against} if is_possible else {"blocked": against}


def _outlook(
    prescription: Prescription,
    kind: Decision.Kind,
    *,
    against: Against,
    roles: frozenset[Role],
    at: dt.datetime,
    swap: bool,
    start: Dose | None,
) -> dict[str, Any]:
    """From what to what, and what speaks against it; at the top of the range the harder one comes by itself.

    A change of the exercise that was asked for never becomes another step: the page says why it is not possible.
    """
    attempts = (False, True) if kind == Decision.Kind.PROGRESS and not swap else (swap,)
    refused: Sequence[Objection] = ()
    for swapped in attempts:
        try:
            proposed, warnings = outlook(
                kind=kind,
                prescription=prescription,
                roles=roles,
                at=at,
                swap=swapped,
                start=start,
                against=against(swap=swapped),
            )
        except NotAllowed as why:
            refused = refused or why.objections
            continue
        if not all(one.vet_may for one in warnings) or (warnings and Role.VET not in roles):
            refused = refused or warnings
            continue
        same = proposed.exercise.pk == prescription.exercise_id
        return {
            "proposed": proposed,
            "swap": swapped,
            "before": prescription.dose_text,
            "after": dose_text(proposed.dose),
            "difference": change_text(prescription.dosage, proposed.dose) if same else "",
            "warnings": warnings,
        }
    return {"blocked": refused, "swap": swap}
