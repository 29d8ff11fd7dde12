"""Changing one exercise: add, another dose, remove.

The addresses of what may ask more of the dog are those of the guidance, which weighs what the answers say against it.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.access import Right, access, signed_in
from rehab.library import translating
from rehab.library.models import Category
from rehab.patients.access import roles_of
from rehab.programs.actions import remove_prescription
from rehab.programs.actions.ground import Ground, ground_of
from rehab.programs.forms import ANCHORS, SUGGESTIONS, AddForm, ChangeForm, ReasonForm
from rehab.programs.gate import Objection, role_allowed
from rehab.programs.models import Prescription, Program
from rehab.programs.queries import Candidate, candidates, current_prescriptions
from rehab.programs.views.answering import answer, submit
from rehab.programs.views.loading import load_prescription
from rehab.programs.views.versions import about, address, conclude, typed_dose, wish

# What takes the decision; called as the action of the programs, which a higher app may wrap.
Take = Callable[..., Prescription]


def add_answer(
    request: HttpRequest, program: Program, *, take: Take, restrained: Sequence[Objection], at: dt.datetime
) -> HttpResponse:
    """Choose an exercise of the library (``?exercise=<slug>``, ``?q=`` to search), then its dose and why.

    ``restrained`` is why nothing that loads the dog may come now.
    """
    ground = ground_of(program, at=at)
    library = _weighed_library(program, ground)
    context: dict[str, Any] = {
        "program": program,
        "patient": program.patient,
        "action": request.get_full_path(),
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
        others=_others(program),
        suggestions=SUGGESTIONS["add"],
        initial={"plan_version": program.plan_version},
    )

    def add(form: AddForm) -> None:
        take(
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
        messages.success(
            request, _("%(exercise)s was added.") % {"exercise": translating.said(candidate.exercise.name)}
        )

    outcome = submit(form, add)
    context |= {
        "candidate": candidate,
        "exercise": candidate.exercise,
        "restrained": restrained if candidate.exercise.load else (),
        "form": form,
        "anchors": ANCHORS,
        "mine": typed_dose(form, name=candidate.exercise.name) if outcome.is_stale else None,
    }
    return conclude(request, "exercise_add", context, form, outcome, program=program)


def change_answer(
    request: HttpRequest, prescription: Prescription, *, take: Take, suggested: Mapping[str, str] | None
) -> HttpResponse:
    """Another dose, place in the family's day or note, beside what is ``suggested`` now: the words, why, who decides."""
    form = ChangeForm(
        request.POST if request.method == "POST" else None,
        exercise=prescription.exercise,
        dose=prescription.dosage,
        anchor=prescription.anchor,
        note=prescription.note,
        others=_others(prescription.program, beside=prescription.exercise.slug),
        suggestions=SUGGESTIONS["change"],
        initial={"plan_version": prescription.program.plan_version},
    )

    def change(form: ChangeForm) -> None:
        changed = take(
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
        messages.success(request, f"{translating.said(changed.exercise.name)}: {changed.dose_text}")

    outcome = submit(form, change)
    context = {
        **about(prescription, partial(address, "guidance:prescription-change")),
        "form": form,
        "suggested": suggested,
        "anchors": ANCHORS,
        "mine": typed_dose(form, name=prescription.exercise.name) if outcome.is_stale else None,
    }
    return conclude(request, "prescription_change", context, form, outcome, program=prescription.program)


@access(Right.ADJUST)
@require_http_methods(["GET", "HEAD", "POST"])
def prescription_remove(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Take an exercise out of the program."""
    prescription = load_prescription(request, pk)
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
        messages.success(
            request, _("%(exercise)s was removed.") % {"exercise": translating.said(prescription.exercise.name)}
        )

    outcome = submit(form, remove)
    context = {
        **about(prescription, partial(address, "programs:prescription-remove")),
        "form": form,
        "mine": wish(form, _("Remove %(exercise)s") % {"exercise": translating.said(prescription.exercise.name)})
        if outcome.is_stale
        else None,
    }
    return conclude(request, "prescription_remove", context, form, outcome, program=prescription.program)


def _others(program: Program, *, beside: str = "") -> list[tuple[str, str]]:
    """Inside which exercises of the program another may be done."""
    return [
        (one.exercise.slug, translating.said(one.exercise.name))
        for one in current_prescriptions(program)
        if one.exercise.slug != beside and one.dosage.part_of is None and not one.is_one_off
    ]


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
