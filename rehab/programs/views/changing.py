"""Changing one exercise: add, another dose, remove, progress, hold, regress."""

import datetime as dt
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.access import Right, Role, access, signed_in
from rehab.library.models import Category
from rehab.patients.access import load, roles_of
from rehab.programs.actions import (
    NotAllowed,
    add_exercise,
    change_dose,
    decide,
    outlook,
    remove_prescription,
)
from rehab.programs.actions.ground import Ground, ground_of
from rehab.programs.forms import ANCHORS, SUGGESTIONS, AddForm, ChangeForm, DecideForm, ReasonForm
from rehab.programs.gate import Objection, role_allowed
from rehab.programs.models import Decision, Prescription, Program
from rehab.programs.queries import Candidate, candidates, current_prescriptions, history
from rehab.programs.views.answering import Outcome, answer, back_to, retype, submit
from rehab.programs.wording import change_text, dose_text

STEPS = (Decision.Kind.PROGRESS, Decision.Kind.HOLD, Decision.Kind.REGRESS)


def _load_program(request: HttpRequest, pk: UUID) -> Program:
    program: Program = load(
        Program.objects.select_related("patient__clinic", "protocol", "definition"),
        pk=pk,
        user=signed_in(request),
        right=Right.ADJUST,
    )
    return program


def _load_prescription(request: HttpRequest, pk: UUID, *, right: Right = Right.ADJUST) -> Prescription:
    prescription: Prescription = load(
        Prescription.objects.select_related(
            "exercise", "clinic", "program__patient", "program__protocol", "program__definition"
        ),
        pk=pk,
        user=signed_in(request),
        right=right,
    )
    return prescription


@access(Right.ADJUST)
@require_http_methods(["GET", "HEAD", "POST"])
def exercise_add(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Choose an exercise of the library (``?exercise=<slug>``, ``?q=`` to search), then its dose and why."""
    program = _load_program(request, pk)
    at = timezone.now()
    ground = ground_of(program, at=at)
    library = _weighed_library(program, ground)
    context: dict[str, Any] = {
        "program": program,
        "patient": program.patient,
        "may_add": role_allowed(ground.row.approver["assign"], roles_of(program)),
    }
    slug = request.GET.get("exercise", "")
    if not slug:
        query = request.GET.get("q", "").strip()[:64]
        context |= {
            "query": query,
            "groups": _groups(library, query=query),
            "prescribed": {one.exercise.slug for one in current_prescriptions(program)},
        }
        return answer(request, "exercise_choice", context, status=422 if request.method == "POST" else 200)
    candidate = next((one for one in library if one.exercise.slug == slug), None)
    if candidate is None:
        raise Http404
    form = AddForm(
        request.POST if request.method == "POST" else None,
        exercise=candidate.exercise,
        dose=candidate.dose,
        suggestions=SUGGESTIONS["add"],
        initial={"plan_version": program.plan_version},
    )

    def add(form: AddForm) -> None:
        add_exercise(
            program=program,
            exercise=candidate.exercise,
            dose=form.dose,
            anchor=form.cleaned_data["anchor"],
            note=form.cleaned_data["note"],
            reason=form.cleaned_data["why"],
            plan_version=form.cleaned_data["plan_version"],
            by=signed_in(request),
            roles=roles_of(program),
            at=at,
        )
        messages.success(request, _("%(exercise)s was added.") % {"exercise": candidate.exercise.name})

    context |= {"candidate": candidate, "exercise": candidate.exercise, "form": form, "anchors": ANCHORS}
    return _conclude(request, "exercise_add", context, form, submit(form, add), program=program)


@access(Right.ADJUST)
@require_http_methods(["GET", "HEAD", "POST"])
def prescription_change(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Another dose, place in the family's day or note."""
    prescription = _load_prescription(request, pk)
    form = ChangeForm(
        request.POST if request.method == "POST" else None,
        exercise=prescription.exercise,
        dose=prescription.dosage,
        anchor=prescription.anchor,
        note=prescription.note,
        suggestions=SUGGESTIONS["change"],
        initial={"plan_version": prescription.program.plan_version},
    )

    def change(form: ChangeForm) -> None:
        changed = change_dose(
            prescription=prescription,
            dose=form.dose,
            anchor=form.cleaned_data["anchor"],
            note=form.cleaned_data["note"],
            reason=form.cleaned_data["why"],
            plan_version=form.cleaned_data["plan_version"],
            by=signed_in(request),
            roles=roles_of(prescription),
            at=timezone.now(),
        )
        messages.success(request, f"{changed.exercise.name}: {changed.dose_text}")

    context = {**_about(prescription), "form": form, "anchors": ANCHORS}
    return _conclude(request, "prescription_change", context, form, submit(form, change), program=prescription.program)


@access(Right.ADJUST)
@require_http_methods(["GET", "HEAD", "POST"])
def prescription_remove(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Take an exercise out of the program."""
    prescription = _load_prescription(request, pk)
    form = ReasonForm(
        request.POST if request.method == "POST" else None,
        suggestions=SUGGESTIONS["remove"],
        initial={"plan_version": prescription.program.plan_version},
    )

    def remove(form: ReasonForm) -> None:
        remove_prescription(
            prescription=prescription,
            reason=form.cleaned_data["why"],
            plan_version=form.cleaned_data["plan_version"],
            by=signed_in(request),
            at=timezone.now(),
        )
        messages.success(request, _("%(exercise)s was removed.") % {"exercise": prescription.exercise.name})

    return _conclude(
        request,
        "prescription_remove",
        {**_about(prescription), "form": form},
        form,
        submit(form, remove),
        program=prescription.program,
    )


@access(Right.HOLD)
@require_http_methods(["GET", "HEAD", "POST"])
def prescription_decide(request: HttpRequest, pk: UUID, kind: str) -> HttpResponse:
    """Progress, hold or regress; ``?swap=1`` puts the neighbouring exercise in its place."""
    if kind not in STEPS:
        raise Http404
    step = Decision.Kind(kind)
    right = Right.ADJUST if step == Decision.Kind.PROGRESS else Right.HOLD
    prescription = _load_prescription(request, pk, right=right)
    at, roles = timezone.now(), roles_of(prescription)
    form = DecideForm(
        request.POST if request.method == "POST" else None,
        suggestions=SUGGESTIONS[kind],
        initial={"plan_version": prescription.program.plan_version},
    )

    def act(form: DecideForm) -> None:
        decide(
            kind=step,
            prescription=prescription,
            swap=form.cleaned_data["swap"],
            reason=form.cleaned_data["why"],
            plan_version=form.cleaned_data["plan_version"],
            by=signed_in(request),
            roles=roles,
            at=at,
        )
        messages.success(request, f"{step.label}: {prescription.exercise.name}")

    outcome = submit(form, act)
    context = {**_about(prescription), "kind": kind, "label": step.label, "form": form}
    if step != Decision.Kind.HOLD and not outcome.is_done:
        swap = bool(form.cleaned_data.get("swap")) if form.is_bound else "swap" in request.GET
        context |= _outlook(prescription, step, roles=roles, at=at, swap=swap)
        form.initial["swap"] = context.get("swap", False)
    return _conclude(request, "prescription_decide", context, form, outcome, program=prescription.program)


def _outlook(
    prescription: Prescription, kind: Decision.Kind, *, roles: frozenset[Role], at: dt.datetime, swap: bool
) -> dict[str, Any]:
    """From what to what, and what speaks against it; at the top of the range the harder one comes by itself."""
    up = kind == Decision.Kind.PROGRESS
    attempts = (swap, not swap) if up else (swap,)
    refused: Sequence[Objection] = ()
    for swapped in attempts:
        try:
            proposed, warnings = outlook(kind=kind, prescription=prescription, roles=roles, at=at, swap=swapped)
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


def _about(prescription: Prescription) -> dict[str, Any]:
    return {
        "prescription": prescription,
        "exercise": prescription.exercise,
        "program": prescription.program,
        "patient": prescription.program.patient,
    }


def _weighed_library(program: Program, ground: Ground) -> list[Candidate]:
    return candidates(
        protocol_phase=None,
        definition=ground.definition,
        row=ground.row,
        profile=program.profile,
        phase=program.phase,
        clinic=program.patient.clinic,
        on=ground.today,
    )


def _groups(library: Sequence[Candidate], *, query: str) -> list[tuple[str, list[Candidate]]]:
    """The exercises by category, those that may be prescribed first."""
    wanted = [one for one in library if query.lower() in one.exercise.name.lower()]
    groups = [
        (
            str(category.label),
            sorted(
                (one for one in wanted if one.exercise.category == category),
                key=lambda one: (one.is_blocked, one.exercise.name),
            ),
        )
        for category in Category
    ]
    return [(label, found) for label, found in groups if found]


def _conclude(
    request: HttpRequest,
    name: str,
    context: dict[str, Any],
    form: ReasonForm,
    outcome: Outcome,
    *,
    program: Program,
) -> HttpResponse:
    if outcome.is_done:
        return back_to(request, context["patient"])
    context["objections"] = outcome.objections
    ended = _is_over(context.get("prescription"), program)
    status = outcome.status
    if outcome.is_stale or ended:
        status = 409
        context |= _what_changed(form, program) | {"is_stale": True, "is_over": ended}
    return answer(request, name, context, status=status)


def _is_over(prescription: Prescription | None, program: Program) -> bool:
    """Whether there is nothing left to change: the exercise or the whole program has ended."""
    if prescription is None:
        return program.ended_at is not None or not Program.objects.open().filter(pk=program.pk).exists()
    return not Prescription.objects.current().filter(pk=prescription.pk).exists()


def _what_changed(form: ReasonForm, program: Program) -> dict[str, Any]:
    """What was decided since the person looked, and the form as they left it but for the version."""
    seen = _version_seen(form)
    program.refresh_from_db(fields=["plan_version", "ended_at"])
    if form.is_bound:
        retype(form, plan_version=str(program.plan_version))
    newest = history(program)
    since = [one for one in newest if seen is not None and one.decision.plan_version > seen]
    return {"chapters": since or newest[:1]}


def _version_seen(form: ReasonForm) -> int | None:
    """The version that the person looked at; nothing when what was sent is none."""
    try:
        seen: int = form.fields["plan_version"].clean(form["plan_version"].value())
    except ValidationError:
        return None
    return seen
