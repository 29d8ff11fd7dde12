"""The problem definition: drafted by staff, saved as they go, read through once more, signed by a vet."""

import datetime as dt
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import Right, access, signed_in
from rehab.library import reading, translating
from rehab.patients import facts, wording
from rehab.patients.access import load, load_patient, may
from rehab.patients.actions import (
    CannotSave,
    DefinitionChanged,
    save_draft,
)
from rehab.patients.forms.definitions import DefinitionForm
from rehab.patients.models import Patient, ProblemDefinition
from rehab.patients.queries import newest_definition, starting_point, state_of, version_before
from rehab.patients.signing_rules import Answers, lacking_for_progress, objections, undecided, worth_a_look

# A button that opens one more row, and the field that the page then goes to.
MORE_ROWS = {"medicine": "id_medicine_{}_name", "activity": "id_activity_{}_text"}


@access(Right.DRAFT_DEFINITION)
@require_http_methods(["GET", "HEAD", "POST"])
def definition_draft(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The one draft of the dog; it may be saved with gaps."""
    user, at = signed_in(request), timezone.now()
    patient: Patient = load_patient(pk=pk, user=user, right=Right.DRAFT_DEFINITION)
    today = patient.today(at)
    if request.method != "POST":
        newest = newest_definition(patient)
        initial = DefinitionForm.initial_of(starting_point(newest))
        form = DefinitionForm(initial=initial, today=today, born_on=patient.born_on)
        return _draft_page(request, patient, form, newest)
    form = DefinitionForm(request.POST, today=today, born_on=patient.born_on)
    if not form.is_valid():
        # What was typed stays based on what was seen: the token goes back unchanged.
        return _draft_page(request, patient, form, newest_definition(patient), state=_seen(request), status=422)
    try:
        draft = save_draft(patient=patient, answers=form.answers, by=user, at=at, seen=_seen(request))
    except CannotSave as refused:
        form.refuse(refused.objections)
        return _draft_page(request, patient, form, newest_definition(patient), state=_seen(request), status=422)
    except DefinitionChanged:
        newest = newest_definition(patient)
        theirs = Answers.of(newest) if newest else Answers()
        conflict = {"newest": newest, "differences": facts.differences(form.answers, theirs)}
        return _draft_page(request, patient, form, newest, conflict=conflict, status=409)
    return _after_saving(request, draft)


def _after_saving(request: HttpRequest, draft: ProblemDefinition) -> HttpResponse:
    """On to what the pressed button asked for."""
    if "review" in request.POST:
        return redirect("patients:definition-detail", pk=draft.pk)
    page = reverse("patients:definition-draft", args=[draft.patient_id])
    for kind, field in MORE_ROWS.items():
        if f"more_{kind}" in request.POST:
            number = _number(request.POST[f"more_{kind}"])
            return redirect(f"{page}?{kind}={number}#{field.format(number)}")
    if "re_exam_in" in request.POST:
        return redirect(f"{page}#id_re_exam_due_on")
    messages.success(request, _("Draft saved."))
    return redirect(page)


@access(Right.DRAFT_DEFINITION)
@require_POST
def definition_autosave(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The draft while it is being written: answers what the page must change, and never the fields themselves."""
    user, at = signed_in(request), timezone.now()
    patient: Patient = load_patient(pk=pk, user=user, right=Right.DRAFT_DEFINITION)
    form = DefinitionForm(request.POST, today=patient.today(at), born_on=patient.born_on)
    if not form.is_valid():
        return _not_saved(request, patient, form)
    try:
        draft = save_draft(patient=patient, answers=form.answers, by=user, at=at, seen=_seen(request))
    except CannotSave as refused:
        form.refuse(refused.objections)
        return _not_saved(request, patient, form)
    except DefinitionChanged:
        theirs = {"patient": patient, "by_somebody": newest_definition(patient)}
        return render(request, "patients/_definition_state.html", theirs, status=409)
    saved = {"patient": patient, "draft": draft, "state": state_of(draft)}
    follows = _so_far(form.answers, patient, form.today)
    return render(request, "patients/_definition_saved.html", {**saved, **follows})


def _not_saved(request: HttpRequest, patient: Patient, form: DefinitionForm) -> HttpResponse:
    name, errors = next(iter(form.errors.items()))
    field = form[name] if name in form.fields else None
    context = {"patient": patient, "field": field, "why": errors[0], "others": len(form.errors) - 1}
    return render(request, "patients/_definition_state.html", context, status=422)


def _seen(request: HttpRequest) -> str:
    return request.POST.get("seen", "")


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 3 else 0


def _so_far(answers: Answers, patient: Patient, today: dt.date) -> dict[str, Any]:
    """What follows from the answers as they are: the row, what tightens it, what speaks for what, what is open."""
    return {
        "row": facts.picture(answers.row, today=today),
        "overlays": facts.tightenings(answers, today=today),
        "open_points": _open_points(answers, patient, today),
        "evidence": {question: facts.evidence(question, answers) for question in facts.QUESTIONS},
        "lasted": facts.lasted_text(answers, today=today),
        "undecided": _undecided(answers),
        "may_sign": may(Right.SIGN_DEFINITION, patient),
    }


def _undecided(answers: Answers) -> list[tuple[str, str]]:
    return [(point.field, wording.undecided_text(point)) for point in undecided(answers)]


def _open_points(answers: Answers, patient: Patient, today: dt.date) -> list[tuple[str, str]]:
    found = objections(answers, today=today, born_on=patient.born_on)
    return [(point.field, wording.objection_text(point)) for point in found]


def _draft_page(
    request: HttpRequest,
    patient: Patient,
    form: DefinitionForm,
    newest: ProblemDefinition | None,
    *,
    state: str | None = None,
    conflict: dict[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    draft = None if newest is None or newest.is_signed else newest
    answers = form.answers if form.is_bound else starting_point(newest)
    asked = request.POST if request.method == "POST" else request.GET
    context = {
        "patient": patient,
        "form": form,
        "draft": draft,
        "signed": newest if newest is not None and newest.is_signed else None,
        "version": draft.version if draft else (newest.version + 1 if newest else 1),
        "state": state_of(newest) if state is None else state,
        "conflict": conflict,
        "medicines_shown": form.rows_shown("medicine", asked=_asked(asked, "medicine")),
        "activities_shown": form.rows_shown("activity", asked=_asked(asked, "activity")),
        "activity_scores": wording.ACTIVITY_SCORES,
        "regions": wording.REGIONS,
        "pain_anchors": {score: translating.said(words) for score, words in reading.pain_anchors().items()},
        "warning_signs": reading.red_flags(urgency="emergency_now"),
        "is_unsaved": form.is_bound,
        **_so_far(answers, patient, form.today),
    }
    return render(request, "patients/definition_draft_page.html", context, status=status)


def _asked(asked: Any, kind: str) -> int:
    return _number(asked.get(f"more_{kind}", asked.get(kind, "")))


def _to_answer(answers: Answers, patient: Patient, today: dt.date) -> dict[str, Any]:
    """What a draft leaves open: for the row, for the signature, for any progress; and what is worth a second look."""
    return {
        "undecided": _undecided(answers),
        "open_points": _open_points(answers, patient, today),
        "lacking": [(point.field, wording.lacking_text(point)) for point in lacking_for_progress(answers)],
        "looks": [(point.field, wording.look_text(point)) for point in worth_a_look(answers)],
    }


@access(Right.SEE_RECORD)
@require_safe
def definition_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A draft as it would be signed, or a signed version as it stays."""
    definition = load(
        ProblemDefinition.objects.select_related("patient__clinic", "drafted_by", "signed_by"),
        pk=pk,
        user=signed_in(request),
        right=Right.SEE_RECORD,
    )
    return definition_page(request, definition)


def definition_page(
    request: HttpRequest, definition: ProblemDefinition, *, is_stale: bool = False, status: int = 200
) -> HttpResponse:
    """The definition to be read: what it says, what follows from it, and what it changes; loaded by ``access.load``."""
    patient, at = definition.patient, timezone.now()
    today = patient.today(at)
    answers = Answers.of(definition)
    versions = list(
        ProblemDefinition.objects.filter(patient=patient).newest_first().select_related("signed_by", "drafted_by")
    )
    signed = [version for version in versions if version.is_signed]
    later = [version for version in signed if version.version > definition.version]
    before = version_before(definition, signed)
    picture = facts.picture(answers.row, today=today)
    context = {
        "definition": definition,
        "patient": patient,
        "sections": facts.sections(definition, today=patient.today(definition.signed_at or at)),
        "row": picture,
        "overlays": facts.tightenings(answers, today=today),
        **(_to_answer(answers, patient, today) if not definition.is_signed else {}),
        "re_exam_is_late": definition.re_exam_due_on is not None
        and not definition.is_signed
        and definition.re_exam_due_on > picture.first_re_exam_on,
        "versions": versions,
        "is_current": definition.is_signed and not later,
        "superseded_by": later[-1] if later else None,
        "before": before,
        "changes": facts.changes(Answers.of(before), answers) if before else (),
        "may_sign": may(Right.SIGN_DEFINITION, definition),
        "state": state_of(definition),
        "is_stale": is_stale,
    }
    return render(request, "patients/definition_page.html", context, status=status)
