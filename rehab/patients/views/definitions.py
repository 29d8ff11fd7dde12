"""The problem definition: drafted by staff, read through once more, signed by a vet."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import Right, access, signed_in
from rehab.library import reading
from rehab.patients import facts, wording
from rehab.patients.access import load, load_patient, may
from rehab.patients.actions import (
    AlreadySigned,
    CannotSign,
    DefinitionChanged,
    NotAVet,
    save_draft,
    sign_definition,
)
from rehab.patients.forms.definitions import DefinitionForm
from rehab.patients.models import Patient, ProblemDefinition
from rehab.patients.queries import newest_definition, starting_point, state_of
from rehab.patients.signing_rules import Answers, objections


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
    except DefinitionChanged:
        newest = newest_definition(patient)
        theirs = Answers.of(newest) if newest else Answers()
        conflict = {"newest": newest, "differences": facts.differences(form.answers, theirs)}
        return _draft_page(request, patient, form, newest, conflict=conflict, status=409)
    if "review" in request.POST:
        return redirect("patients:definition-detail", pk=draft.pk)
    messages.success(request, _("Draft saved."))
    return redirect("patients:definition-draft", pk=patient.pk)


def _seen(request: HttpRequest) -> str:
    return request.POST.get("seen", "")


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
    context = {
        "patient": patient,
        "form": form,
        "draft": draft,
        "signed": newest if newest is not None and newest.is_signed else None,
        "version": draft.version if draft else (newest.version + 1 if newest else 1),
        "state": state_of(newest) if state is None else state,
        "conflict": conflict,
        "suggested": facts.picture(Answers.of(draft).row, today=form.today) if draft else None,
        "regions": wording.REGIONS,
        "pain_anchors": reading.pain_anchors(),
        "warning_signs": reading.red_flags(urgency="emergency_now"),
    }
    return render(request, "patients/definition_draft_page.html", context, status=status)


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
    return _definition_page(request, definition)


@access(Right.SIGN_DEFINITION)
@require_POST
def definition_sign(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The vet's signature."""
    user, at = signed_in(request), timezone.now()
    definition = load(
        ProblemDefinition.objects.select_related("patient__clinic", "drafted_by", "signed_by"),
        pk=pk,
        user=user,
        right=Right.SIGN_DEFINITION,
    )
    try:
        sign_definition(definition=definition, by=user, at=at, seen=_seen(request))
    except NotAVet as error:
        raise PermissionDenied from error
    except CannotSign:
        return _definition_page(request, definition, status=422)
    except (AlreadySigned, DefinitionChanged):
        return _definition_page(request, definition, is_stale=True, status=409)
    messages.success(request, _("Signed. A program can be assigned now."))
    return redirect("patients:definition-detail", pk=definition.pk)


def _definition_page(
    request: HttpRequest, definition: ProblemDefinition, *, is_stale: bool = False, status: int = 200
) -> HttpResponse:
    patient = definition.patient
    today = patient.today(timezone.now())
    answers = Answers.of(definition)
    versions = list(
        ProblemDefinition.objects.filter(patient=patient).newest_first().select_related("signed_by", "drafted_by")
    )
    current = next((version for version in versions if version.is_signed), None)
    open_points = () if definition.is_signed else objections(answers, today=today, born_on=patient.born_on)
    picture = facts.picture(answers.row, today=today)
    context = {
        "definition": definition,
        "patient": patient,
        "sections": facts.sections(definition),
        "row": picture,
        "open_points": [(point.field, wording.objection_text(point)) for point in open_points],
        "re_exam_is_late": definition.re_exam_due_on is not None
        and not definition.is_signed
        and definition.re_exam_due_on > picture.first_re_exam_on,
        "versions": versions,
        "is_current": current is not None and current.pk == definition.pk,
        "replaces": current if current is not None and not definition.is_signed else None,
        "may_sign": may(Right.SIGN_DEFINITION, definition),
        "state": state_of(definition),
        "is_stale": is_stale,
    }
    return render(request, "patients/definition_page.html", context, status=status)
