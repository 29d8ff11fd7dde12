"""Two people at one plan: what one of them wanted beside what stands there now, so that nothing is silently lost."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from rehab.programs.forms import ChangeForm, ReasonForm
from rehab.programs.models import Prescription, Program
from rehab.programs.queries import history, standing_in_for
from rehab.programs.views.answering import Outcome, answer, back_to, retype
from rehab.programs.wording import dose_text

# Where a form is sent when it is meant for the prescription of that key.
Address = Callable[[UUID], str]


def address(name: str, pk: UUID) -> str:
    return reverse(name, args=[pk])


def about(prescription: Prescription, address: Address) -> dict[str, Any]:
    return {
        "address": address,
        "action": address(prescription.pk),
        "prescription": prescription,
        "exercise": prescription.exercise,
        "program": prescription.program,
        "patient": prescription.program.patient,
    }


def wish(form: ReasonForm, text: str) -> dict[str, str]:
    """What the person wanted, to stand beside what is there now."""
    return {"text": text, "why": form.cleaned_data["why"]}


def typed_dose(form: ChangeForm, *, name: str) -> dict[str, str]:
    said = [dose_text(form.dose), form.cleaned_data["anchor"], form.cleaned_data["note"]]
    return wish(form, f"{name}: {', '.join(text for text in said if text)}")


def conclude(
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
    prescription: Prescription | None = context.get("prescription")
    status = outcome.status
    if outcome.is_stale or is_over(prescription, program):
        status = 409
        context |= {"is_stale": True} | _both_versions(form, program, prescription, address=context.get("address"))
        context["is_over"] |= program.paused_by_id is not None and not context.get("even_paused", False)
    return answer(request, name, context, status=status)


def is_over(prescription: Prescription | None, program: Program) -> bool:
    """Whether there is nothing left to change: the exercise or the whole program has ended."""
    if prescription is None:
        return program.ended_at is not None or not Program.objects.open().filter(pk=program.pk).exists()
    return not Prescription.objects.current().filter(pk=prescription.pk).exists()


def _both_versions(
    form: ReasonForm, program: Program, prescription: Prescription | None, *, address: Address | None
) -> dict[str, Any]:
    """What was decided since the person looked, and the form as they left it, aimed at what stands there now."""
    seen = _version_seen(form)
    program.refresh_from_db(fields=["plan_version", "ended_at", "paused_by"])
    if form.is_bound:
        retype(form, plan_version=str(program.plan_version))
    newest = history(program)
    since = [one for one in newest if seen is not None and one.decision.plan_version > seen]
    theirs = None if prescription is None else standing_in_for(prescription)
    return {
        "chapters": since or newest[:1],
        "theirs": theirs,
        "is_over": program.ended_at is not None or (prescription is not None and theirs is None),
        **({"action": address(theirs.pk)} if theirs is not None and address is not None else {}),
    }


def _version_seen(form: ReasonForm) -> int | None:
    """The version that the person looked at; nothing when what was sent is none."""
    try:
        seen: int = form.fields["plan_version"].clean(form["plan_version"].value())
    except ValidationError:
        return None
    return seen
