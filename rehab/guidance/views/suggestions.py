"""What a person does with a suggestion: take it, choose otherwise by hand, or ask for another look at the cause."""

import datetime as dt
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import Right, Role, access, signed_in
from rehab.guidance.deciding import SuggestionChanged, accept, against, choose, easier_start, open_suggestion
from rehab.guidance.forms import AcceptForm
from rehab.guidance.looking_again import NothingToAsk, look_again
from rehab.guidance.models import Suggestion
from rehab.guidance.queries.suggestions import offer_of
from rehab.guidance.queries.worklist import one_dog
from rehab.guidance.rows import Rows
from rehab.library import translating
from rehab.patients.access import load, load_patient, roles_of
from rehab.patients.actions import CannotSave, DefinitionChanged
from rehab.programs.actions import NotAllowed, StalePlan
from rehab.programs.gate import Objection
from rehab.programs.models import Decision, Prescription
from rehab.programs.views.answering import back_to, refusal
from rehab.programs.views.loading import load_prescription
from rehab.programs.views.stepping import Against, right_of, step_answer, swap_answer


@access(Right.HOLD)
@require_http_methods(["GET", "HEAD", "POST"])
def prescription_decide(request: HttpRequest, pk: UUID, kind: str) -> HttpResponse:
    """Progress, hold or regress by hand; ``?swap=1`` puts the neighbouring exercise in its place."""
    prescription = load_prescription(request, pk, right=right_of(kind))
    at, roles = timezone.now(), roles_of(prescription)
    suggestion = open_suggestion(prescription.pk)
    speaks = _against(suggestion, prescription, Decision.Kind(kind), at=at, roles=roles)
    start = easier_start(suggestion)
    return step_answer(request, prescription, kind, take=choose, against=speaks, roles=roles, at=at, start=start)


@access(Right.HOLD)
@require_POST
def prescription_easier(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One tap to the easier neighbour."""
    return _swap(request, pk, Decision.Kind.REGRESS)


@access(Right.ADJUST)
@require_POST
def prescription_harder(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One tap to the harder neighbour."""
    return _swap(request, pk, Decision.Kind.PROGRESS)


def _swap(request: HttpRequest, pk: UUID, kind: Decision.Kind) -> HttpResponse:
    prescription = load_prescription(request, pk, right=right_of(kind.value))
    at, roles = timezone.now(), roles_of(prescription)
    suggestion = open_suggestion(prescription.pk)
    speaks = _against(suggestion, prescription, kind, at=at, roles=roles)
    start = easier_start(suggestion)
    return swap_answer(request, prescription, kind, take=choose, against=speaks, roles=roles, at=at, start=start)


def _against(
    suggestion: Suggestion | None,
    prescription: Prescription,
    kind: Decision.Kind,
    *,
    roles: frozenset[Role],
    at: dt.datetime,
) -> Against:
    def speaks(*, swap: bool) -> list[Objection]:
        return against(suggestion, prescription, kind=kind, roles=roles, at=at, swap=swap)

    return speaks


@access(Right.HOLD)
@require_POST
def suggestion_accept(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Take a suggestion as it is, on the dog's page or in the list."""
    suggestion: Suggestion = load(
        Suggestion.objects.select_related("exercise", "patient"), pk=pk, user=signed_in(request), right=Right.HOLD
    )
    form = AcceptForm(request.POST)
    seen = form.cleaned_data["seen"] if form.is_valid() else ""
    status, said = 200, ""
    try:
        decision = accept(suggestion, seen=seen, by=signed_in(request), roles=roles_of(suggestion), at=timezone.now())
    except SuggestionChanged as changed:
        return _changed(request, suggestion, changed.now)
    except StalePlan:
        return _changed(request, suggestion, open_suggestion(suggestion.prescription_id))
    except NotAllowed as refused:
        status, said = 422, " ".join(refused.reasons)
        if not _is_of_the_list(request):
            return refusal(request, suggestion.patient, refused.reasons, status=status)
    else:
        label = Decision.Kind(decision.kind).label
        said = f"{label}: {translating.said(suggestion.exercise.name)}"
    if _is_of_the_list(request):
        return _row(request, suggestion, said, status=status)
    messages.success(request, said)
    return back_to(request, suggestion.patient, place="program")


def _is_of_the_list(request: HttpRequest) -> bool:
    """Whether the tap was in the list of dogs, where only the row of the dog changes."""
    return bool(getattr(request, "htmx", False)) and request.POST.get("from") == "list"


def _row(request: HttpRequest, suggestion: Suggestion, note: str, *, status: int) -> HttpResponse:
    dogs = one_dog(suggestion.patient_id, user=signed_in(request))
    as_vet = {suggestion.clinic_id} if Role.VET in roles_of(suggestion) else set()
    rows = Rows(at=timezone.now(), csrf=get_token(request), as_vet=as_vet)
    return HttpResponse("".join(rows.row(dog, note=note) for dog in dogs), status=status)


def _changed(request: HttpRequest, suggestion: Suggestion, now: Suggestion | None) -> HttpResponse:
    """Too late: what the person saw is not what is suggested now."""
    if _is_of_the_list(request):
        return _row(request, suggestion, _("Nothing was decided: the suggestion has changed. Look again."), status=409)
    if now is not None:
        now = Suggestion.objects.select_related("exercise", "prescription").get(pk=now.pk)
    context = {
        "patient": suggestion.patient,
        "old": suggestion,
        "offer": None if now is None else offer_of(now, roles=roles_of(suggestion)),
        "name": translating.said(suggestion.exercise.name),
        "place": "dogs",
    }
    return render(request, "guidance/suggestion_changed_page.html", context, status=409)


@access(Right.DRAFT_DEFINITION)
@require_POST
def cause_review(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Open a draft of the definition that quotes what speaks for another cause."""
    user, at = signed_in(request), timezone.now()
    dog = load_patient(pk=pk, user=user, right=Right.DRAFT_DEFINITION)
    try:
        look_again(patient=dog, by=user, at=at)
    except NothingToAsk:
        return refusal(request, dog, [_("The answers since then no longer ask for another look.")], status=409)
    except DefinitionChanged:
        return refusal(request, dog, [_("Somebody has saved the draft meanwhile. Look at it first.")], status=409)
    except CannotSave:
        messages.info(request, _("Some answers must be corrected first; what was seen is on the dog’s page."))
    else:
        messages.success(request, _("The draft quotes what was seen. Look again for the true cause."))
    return redirect("patients:definition-draft", pk=dog.pk)
