"""Graded exposure: beginning a ladder, one rung up or down, ending it.

Where the dog stands on a rung follows from what the family logged, so ``guidance.views`` loads the rung and its verdict
and calls ``rung_answer``.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods
from django_htmx.http import HttpResponseClientRedirect

from accounts.access import Right, Role, access, signed_in
from rehab.library import translating
from rehab.library.models import Ladder
from rehab.patients.access import load_patient, roles_of
from rehab.patients.models import Patient
from rehab.programs.actions import NotAllowed
from rehab.programs.actions.ground import Ground, ground_of
from rehab.programs.actions.laddering import (
    end_ladder,
    first_rung,
    in_use,
    move_rung,
    start_ladder,
    start_objections,
    up_objections,
)
from rehab.programs.actions.phasing import phase_now, phases_of
from rehab.programs.gate import Objection
from rehab.programs.ladders import RungVerdict
from rehab.programs.models import Decision, LadderStep, Program
from rehab.programs.phase_forms import RUNG_DOWN, RUNG_END, RUNG_UP, START, LadderStartForm, RungForm
from rehab.programs.phase_wording import reason_text
from rehab.programs.queries import open_program
from rehab.programs.views.answering import answer, submit
from rehab.programs.views.phases import seen_anew

SUGGESTIONS: Final = {
    Decision.Kind.LADDER_UP: RUNG_UP,
    Decision.Kind.LADDER_DOWN: RUNG_DOWN,
    Decision.Kind.LADDER_END: RUNG_END,
}


@access(Right.ADJUST)
@require_http_methods(["GET", "HEAD", "POST"])
def ladder_start(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Choose a ladder, what it leads to, and why now."""
    patient: Patient = load_patient(pk=pk, user=signed_in(request), right=Right.ADJUST)
    program, at, roles = open_program(patient.pk), timezone.now(), roles_of(patient)
    if program is None:
        return redirect("guidance:patient", pk=patient.pk)
    ground = ground_of(program, at=at)
    now = phase_now(program, phases_of(program))
    offered, against = _offered(program, ground, roles=roles)
    form = LadderStartForm(
        request.POST if request.method == "POST" else None,
        ladders=offered,
        suggested=now.ladders if now is not None else (),
        activities=[one["text"] for one in ground.definition.activities],
        suggestions=START,
        initial={"plan_version": program.plan_version},
    )

    def start(form: LadderStartForm) -> None:
        step = start_ladder(
            program=program,
            ladder=form.chosen_ladder,
            activity=form.chosen_activity,
            reason=form.cleaned_data["why"],
            plan_version=form.cleaned_data["plan_version"],
            by=signed_in(request),
            roles=roles,
            at=at,
        )
        messages.success(
            request,
            _("%(ladder)s begins tomorrow, on its first rung.") % {"ladder": translating.said(step.ladder.name)},
        )

    outcome = submit(form, start)
    if outcome.is_done:
        return _to_the_ladders(request, patient)
    context: dict[str, Any] = {
        "patient": patient,
        "program": program,
        "form": form,
        "offered": offered,
        "against": against,
        "objections": outcome.objections,
        "is_vet": Role.VET in roles,
    }
    if outcome.is_stale:
        context |= seen_anew(form, program)
    return answer(request, "ladder_start", context, status=outcome.status)


def rung_answer(
    request: HttpRequest,
    step: LadderStep,
    verdict: RungVerdict,
    *,
    kind: Decision.Kind,
    roles: frozenset[Role],
    at: dt.datetime,
) -> HttpResponse:
    """One rung up, one down, or the end of the ladder: what it means, and why."""
    program, patient = step.program, step.program.patient
    form = RungForm(
        request.POST if request.method == "POST" else None,
        suggestions=SUGGESTIONS[kind],
        initial={"plan_version": program.plan_version},
    )

    def act(form: RungForm) -> None:
        words: dict[str, Any] = {
            "step": step,
            "verdict": verdict,
            "reason": form.cleaned_data["why"],
            "plan_version": form.cleaned_data["plan_version"],
            "by": signed_in(request),
            "at": at,
        }
        if kind == Decision.Kind.LADDER_END:
            end_ladder(**words)
        else:
            move_rung(**words, up=kind == Decision.Kind.LADDER_UP, roles=roles)
        messages.success(request, f"{translating.said(step.ladder.name)}: {kind.label}")

    outcome = submit(form, act)
    if outcome.is_done:
        return _to_the_ladders(request, patient)
    rungs = {rung["n"]: rung for rung in step.ladder.rungs}
    warnings, blocked = _outlook(step, verdict, kind, roles=roles, at=at)
    context: dict[str, Any] = {
        "patient": patient,
        "program": program,
        "step": step,
        "verdict": verdict,
        "reasons": [reason_text(reason) for reason in verdict.reasons],
        "kind": kind.value,
        "label": kind.label,
        "form": form,
        "here": rungs.get(step.rung),
        "there": rungs.get(step.rung + (1 if kind == Decision.Kind.LADDER_UP else -1)),
        "warnings": warnings,
        "blocked": blocked,
        "is_vet": Role.VET in roles,
        "objections": outcome.objections,
    }
    status = outcome.status
    if outcome.is_stale or not LadderStep.objects.current().filter(pk=step.pk).exists():
        status = 409
        context |= seen_anew(form, program)
        context["is_over"] = context["is_over"] or not LadderStep.objects.current().filter(pk=step.pk).exists()
    return answer(request, "ladder_decide", context, status=status)


@dataclass(frozen=True, kw_only=True)
class Against:
    """One thing that speaks against beginning, and the ladders that it is about; none where it is about all."""

    objection: Objection
    ladders: tuple[str, ...] = ()


def _offered(program: Program, ground: Ground, *, roles: frozenset[Role]) -> tuple[list[Ladder], list[Against]]:
    """The ladders that may begin now, beside those in use, and what speaks against each."""
    moving = in_use(program)
    rows = Ladder.objects.current().for_clinic(program.clinic).order_by(F("clinic").asc(nulls_first=True), "name", "pk")
    ladders = [one for slug, one in {one.slug: one for one in rows}.items() if slug not in moving]
    offered: list[Ladder] = []
    against: dict[Objection, list[str]] = {}
    for ladder in ladders:
        try:
            found = start_objections(ladder, program=program, ground=ground, roles=roles, moving=moving)
        except NotAllowed as refused:
            return [], [Against(objection=one) for one in refused.objections]
        if all(one.vet_may for one in found):
            offered.append(ladder)
        for objection in found:
            against.setdefault(objection, []).append(ladder.name)
    return offered, [
        Against(objection=objection, ladders=() if len(names) == len(ladders) else tuple(names))
        for objection, names in against.items()
    ]


def _outlook(
    step: LadderStep, verdict: RungVerdict, kind: Decision.Kind, *, roles: frozenset[Role], at: dt.datetime
) -> tuple[Sequence[Objection], Sequence[Objection]]:
    """What a vet may overrule, and what nobody may."""
    if kind == Decision.Kind.LADDER_DOWN and step.rung <= 1:
        return (), first_rung().objections
    if kind != Decision.Kind.LADDER_UP:
        return (), ()
    try:
        found = up_objections(step, verdict, ground_of(step.program, at=at), roles=roles)
    except NotAllowed as refused:
        return (), refused.objections
    return [one for one in found if one.vet_may], [one for one in found if not one.vet_may]


def _to_the_ladders(request: HttpRequest, patient: Patient) -> HttpResponse:
    address = reverse("guidance:ladders", args=[patient.pk])
    if getattr(request, "htmx", False):
        return HttpResponseClientRedirect(address)
    return redirect(address)
