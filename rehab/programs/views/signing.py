"""Signing a definition while a program runs: what it would change, and the signature that changes it."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.access import Right, access, signed_in
from rehab.patients.access import load, roles_of
from rehab.patients.actions import AlreadySigned, CannotSign, DefinitionChanged, HasDied, NotAVet
from rehab.patients.models import ProblemDefinition
from rehab.patients.views import definitions
from rehab.patients.wording import died_text
from rehab.programs.actions import effect_of, sign_and_adopt
from rehab.programs.queries import open_program
from rehab.programs.views.answering import answer, refusal


@access(Right.SIGN_DEFINITION)
@require_POST
def definition_sign(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The vet's signature; the program that runs follows it in the same moment."""
    definition = _load(request, pk, right=Right.SIGN_DEFINITION)
    try:
        signed, adopted = sign_and_adopt(
            definition=definition,
            by=signed_in(request),
            roles=roles_of(definition),
            at=timezone.now(),
            seen=request.POST.get("seen", ""),
        )
    except NotAVet as error:
        raise PermissionDenied from error
    except HasDied:
        return refusal(request, definition.patient, [died_text(definition.patient)], status=422)
    except CannotSign:
        return definitions.definition_page(request, definition, status=422)
    except (AlreadySigned, DefinitionChanged):
        return definitions.definition_page(request, definition, is_stale=True, status=409)
    if adopted is None:
        messages.success(request, _("Signed. A program can be assigned now."))
    elif ended := adopted.details["ended"]:
        names = ", ".join(one["exercise"] for one in ended)
        messages.success(request, _("Signed. The program follows it; ended today: %(names)s.") % {"names": names})
    else:
        messages.success(request, _("Signed. The program follows it and goes on as it was."))
    return redirect("patients:definition-detail", pk=signed.pk)


@access(Right.SEE_RECORD)
@require_safe
def definition_effect(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What this definition, signed or not yet, does to the program that runs."""
    definition = _load(request, pk, right=Right.SEE_RECORD)
    patient = definition.patient
    program = open_program(patient.pk)
    follows = program is not None and program.definition_id == definition.pk
    context = {
        "definition": definition,
        "patient": patient,
        "program": program,
        "follows": follows,
        "effect": None
        if program is None or follows
        else effect_of(definition=definition, program=program, on=patient.today(timezone.now())),
    }
    return answer(request, "definition_effect", context, status=200)


def _load(request: HttpRequest, pk: UUID, *, right: Right) -> ProblemDefinition:
    definition: ProblemDefinition = load(
        ProblemDefinition.objects.select_related("patient__clinic", "drafted_by", "signed_by"),
        pk=pk,
        user=signed_in(request),
        right=right,
    )
    return definition
