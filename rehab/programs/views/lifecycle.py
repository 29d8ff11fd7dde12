"""Pausing a program, resuming it, ending it: each says first what it does, and asks why."""

from collections.abc import Callable, Sequence
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from accounts.access import Right, access, signed_in
from rehab.patients.access import roles_of
from rehab.programs.actions import (
    NotAllowed,
    end_program,
    pause_program,
    resume_program,
    resumption,
)
from rehab.programs.forms import ReasonForm
from rehab.programs.models import Program
from rehab.programs.queries import current_prescriptions
from rehab.programs.views.answering import submit
from rehab.programs.views.loading import load_program
from rehab.programs.views.versions import conclude, wish

PAUSE: Final = (
    gettext_lazy("The family is away"),
    gettext_lazy("The dog is ill or sore"),
    gettext_lazy("An operation is planned"),
    gettext_lazy("The family asked for a break"),
)
RESUME: Final = (
    gettext_lazy("The family is back"),
    gettext_lazy("The dog is well again"),
    gettext_lazy("Paused by mistake"),
)
END: Final = (
    gettext_lazy("Goals reached"),
    gettext_lazy("Goes on elsewhere"),
    gettext_lazy("The family does not want to go on"),
    gettext_lazy("The dog has died"),
)


@access(Right.HOLD)
@require_http_methods(["GET", "HEAD", "POST"])
def program_pause(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Let the whole program rest from today."""
    program = load_program(request, pk, right=Right.HOLD)
    form = _form(request, program, PAUSE)

    def pause(form: ReasonForm) -> None:
        pause_program(
            program=program,
            reason=form.cleaned_data["why"],
            plan_version=form.cleaned_data["plan_version"],
            by=signed_in(request),
            at=timezone.now(),
        )
        messages.success(request, _("Paused. Nothing is due until you resume it."))

    context = {"resting": list(current_prescriptions(program)), "is_paused": program.paused_by_id is not None}
    return _answer(request, "program_pause", context, form, pause, program=program, label=_("Pause the program"))


@access(Right.ADJUST)
@require_http_methods(["GET", "HEAD", "POST"])
def program_resume(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Start again what the pause ended, lower after a longer break."""
    program = load_program(request, pk)
    at, by, roles = timezone.now(), signed_in(request), roles_of(program)
    form = _form(request, program, RESUME)

    def resume(form: ReasonForm) -> None:
        resume_program(
            program=program,
            reason=form.cleaned_data["why"],
            plan_version=form.cleaned_data["plan_version"],
            by=by,
            roles=roles,
            at=at,
        )
        messages.success(request, _("Resumed. The family sees it at once."))

    context: dict[str, Any] = {"even_paused": True}
    try:
        context["plan"] = resumption(program=program, by=by, roles=roles, at=at)
    except NotAllowed as refused:
        context["blocked"] = refused.objections
    return _answer(request, "program_resume", context, form, resume, program=program, label=_("Resume the program"))


@access(Right.HOLD)
@require_http_methods(["GET", "HEAD", "POST"])
def program_end(request: HttpRequest, pk: UUID) -> HttpResponse:
    """End the program for good, today."""
    program = load_program(request, pk, right=Right.HOLD)
    form = _form(request, program, END)

    def end(form: ReasonForm) -> None:
        end_program(
            program=program,
            reason=form.cleaned_data["why"],
            plan_version=form.cleaned_data["plan_version"],
            by=signed_in(request),
            at=timezone.now(),
        )
        messages.success(request, _("The program has ended. Its history stays."))

    return _answer(
        request, "program_end", {"even_paused": True}, form, end, program=program, label=_("End the program")
    )


def _form(request: HttpRequest, program: Program, suggestions: Sequence[Any]) -> ReasonForm:
    return ReasonForm(
        request.POST if request.method == "POST" else None,
        suggestions=suggestions,
        initial={"plan_version": program.plan_version},
    )


def _answer(
    request: HttpRequest,
    name: str,
    about: dict[str, Any],
    form: ReasonForm,
    act: Callable[[ReasonForm], None],
    *,
    program: Program,
    label: str,
) -> HttpResponse:
    outcome = submit(form, act)
    context: dict[str, Any] = {
        "program": program,
        "patient": program.patient,
        "label": label,
        "form": form,
        "action": request.path,
        **about,
    }
    if outcome.is_stale:
        context["mine"] = wish(form, label)
    return conclude(request, name, context, form, outcome, program=program)
