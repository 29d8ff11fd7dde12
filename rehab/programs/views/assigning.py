"""Assigning a program: choose where to start, build the plan, see it as the family will, assign it."""

import datetime as dt
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.access import Right, access, signed_in
from rehab.library import translating
from rehab.library.models import Phase, ProtocolPhase
from rehab.patients.access import load_patient, roles_of
from rehab.patients.models import Patient, ProblemDefinition
from rehab.patients.wording import died_text, printed
from rehab.programs.actions import Seen, assign_program
from rehab.programs.actions.assigning import LATEST_START_DAYS
from rehab.programs.actions.refusals import StalePlan
from rehab.programs.builder.board import MOST_FOUND, Board, Setting
from rehab.programs.builder.order import Act, Order, Press
from rehab.programs.builder.preview import Preview, preview
from rehab.programs.builder.shelf import phase_goals, refused_protocols
from rehab.programs.builder.weighing import Weighed, weigh
from rehab.programs.forms import ANCHORS, AssignForm
from rehab.programs.gate import hold_objections, re_exam_objections, role_allowed, row_of, unmet_of_the_row
from rehab.programs.models import Program, TeachBack
from rehab.programs.queries import ProtocolChoice, history, open_program, protocol_choices
from rehab.programs.resetting import came_back_text, current_with_reset, reset_by
from rehab.programs.views.answering import Outcome, answer, back_to, refusal, retype, submit

OWN_CHOICE: Final = "own"
QUERY_LENGTH: Final = 64


@access(Right.ADJUST)
@require_http_methods(["GET", "HEAD", "POST"])
def program_assign(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Choose a phase with ``?phase=<id>`` (or ``own``), build the plan, assign; only “Assign” writes."""
    patient = load_patient(pk=pk, user=signed_in(request), right=Right.ADJUST)
    at = timezone.now()
    definition = current_with_reset(patient.pk)
    came_back = reset_by(definition)
    if patient.died_on is not None:
        return refusal(request, patient, [died_text(patient)], status=422 if request.method == "POST" else 200)
    if definition is None or came_back is not None:
        status = 422 if request.method == "POST" else 200
        why = came_back_text(came_back) if came_back is not None else ""
        return render(request, "programs/undefined_page.html", {"patient": patient, "why": why}, status=status)
    row, today = row_of(definition), patient.today(at)
    roles = roles_of(patient)
    context: dict[str, Any] = {
        "patient": patient,
        "definition": definition,
        "row": row,
        "row_phase": Phase(row.start_phase),
        "current": open_program(patient.pk),
        "standing": [
            *re_exam_objections(definition, on=today),
            *hold_objections(definition, on=today),
            *unmet_of_the_row(definition, row),
        ],
        "may_assign": role_allowed(row.approver["assign"], roles),
    }
    choices = protocol_choices(row=row, definition=definition, clinic=patient.clinic)
    asked = request.GET.get("phase", "")
    if not asked:
        return _picker(request, context, choices)
    return _builder(request, context, phase=_chosen_phase(asked, choices), at=at)


def _picker(request: HttpRequest, context: dict[str, Any], choices: Sequence[ProtocolChoice]) -> HttpResponse:
    if request.method == "POST":
        context["missing_phase"] = True
    goals = phase_goals()
    for choice in choices:
        for phase in choice.phases:
            phase.goal = goals[phase.code]  # type: ignore[attr-defined] # read by the template
    context |= {
        "fitting": [choice for choice in choices if choice.fits_cause],
        "others": [choice for choice in choices if not choice.fits_cause],
        "refused": refused_protocols(context["row"], clinic=context["patient"].clinic),
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "programs/protocol_choice_page.html", context, status=status)


def _chosen_phase(asked: str, choices: Sequence[ProtocolChoice]) -> ProtocolPhase | None:
    """The phase of that id among those the row allows; ``None`` for the prescriber's own choice."""
    if asked == OWN_CHOICE:
        return None
    for choice in choices:
        for phase in choice.phases:
            if str(phase.pk) == asked:
                phase.protocol = choice.protocol
                return phase
    raise Http404


def _builder(
    request: HttpRequest, context: dict[str, Any], *, phase: ProtocolPhase | None, at: dt.datetime
) -> HttpResponse:
    """The plan as it stands in the form, and what the button that was pressed asks for."""
    patient: Patient = context["patient"]
    data = request.POST if request.method == "POST" else None
    press = Press.typed(data) if data is not None else Press(act=Act.WEIGH)
    form = _assign_form(data, context, at=at)
    board = _board(data, context, press=press, form=form, phase=phase)
    context |= {
        "phase": phase,
        "phase_code": board.setting.phase,
        "caution": printed(translating.said(phase.protocol.warning)) if phase else "",
        "form": form,
        "board": board,
        "press": press,
        "anchors": ANCHORS,
        "said": _said(board, press),
    }
    if press.act == Act.SEARCH and _is_htmx(request):
        return render(request, "programs/_builder_found.html", context | _found(board, data))
    outcome = Outcome(status=200)
    if press.act == Act.ASSIGN:
        outcome = _assign(request, context, at=at)
        if outcome.is_done:
            return back_to(request, patient)
    elif press.act == Act.PREVIEW and not (board.items and board.is_valid and "starts_on" not in form.errors):
        outcome = Outcome(status=422)
    context |= {
        "objections": outcome.objections,
        # While somebody is still typing nothing is called wrong above the form; each field says it for itself.
        "shows_errors": outcome.status == 422,
        "preview": None if outcome.status == 422 else _preview(data, board, press),
        "weighed": _weighed(board, running=context["current"]),
    }
    if press.act == Act.WEIGH and _is_htmx(request) and data is not None:
        return render(request, "programs/_builder_weighed.html", context)
    return answer(request, "program_assign", context | _found(board, data), status=outcome.status)


def _is_htmx(request: HttpRequest) -> bool:
    return bool(getattr(request, "htmx", False))


def _assign_form(data: QueryDict | None, context: dict[str, Any], *, at: dt.datetime) -> AssignForm:
    current: Program | None = context["current"]
    today = context["patient"].today(at)
    form = AssignForm(
        data,
        initial={
            # What is under way today stays until tomorrow, so that today's ticks keep their place.
            "starts_on": today + dt.timedelta(days=1) if current else today,
            "definition": context["definition"].pk,
            "seen_program": current.pk if current else None,
            "seen_version": current.plan_version if current else None,
        },
        first_day=today,
        last_day=today + dt.timedelta(days=LATEST_START_DAYS),
    )
    _refuse_foreign_definition(form, context["definition"])
    return form


def _refuse_foreign_definition(form: AssignForm, definition: ProblemDefinition) -> None:
    """An older one of this dog means that the page is stale; one of another dog, that the form is not this dog's."""
    if not form.is_valid() or form.cleaned_data["definition"] == definition.pk:
        return
    sent = form.cleaned_data["definition"]
    if not ProblemDefinition.objects.signed().filter(pk=sent, patient=definition.patient_id).exists():
        form.add_error(None, _("This problem definition is not the dog’s. Open the page again from the dog."))


def _board(
    data: QueryDict | None,
    context: dict[str, Any],
    *,
    press: Press,
    form: AssignForm,
    phase: ProtocolPhase | None,
) -> Board:
    initial: dt.date = form.initial["starts_on"]
    typed = form.cleaned_data.get("starts_on", initial) if form.is_bound else initial
    setting = Setting(
        patient=context["patient"],
        definition=context["definition"],
        row=context["row"],
        protocol_phase=phase,
        roles=roles_of(context["patient"]),
        starts_on=typed if abs(typed - initial) <= dt.timedelta(days=LATEST_START_DAYS) else initial,
    )
    if data is None:
        return Board.laid(setting, order=None, data=None)
    order = Order.of(data.getlist("item"), data.getlist("aside"))
    return Board.laid(setting, order=order.after(press), data=data)


def _preview(data: QueryDict | None, board: Board, press: Press) -> Preview | None:
    is_shown = data is not None and "previewed" in data and press.act != Act.CLOSE
    if not (is_shown or press.act == Act.PREVIEW) or not board.items or not board.is_valid:
        return None
    return preview(board.items, starts_on=board.setting.starts_on)


def _weighed(board: Board, *, running: Program | None) -> Weighed:
    setting = board.setting
    shown_back = TeachBack.objects.standing().filter(patient=setting.patient, kind=TeachBack.Kind.SHOWN_BACK)
    return weigh(
        board.items,
        definition=setting.definition,
        phase=setting.phase,
        most_active=setting.row.limits.max_active_items,
        running=running,
        shown_back=set(shown_back.values_list("exercise__slug", flat=True)),
    )


def _said(board: Board, press: Press) -> str:
    """What the press did, for somebody who does not see the list change."""
    line = next((one for one in (*board.lines, *board.aside) if one.slug == press.slug), None)
    if line is None:
        return ""
    if line.slug not in board.order.plan:
        return _("%(exercise)s was taken out.") % {"exercise": translating.said(line.exercise.name)}
    return _("%(exercise)s: now number %(n)d of %(total)d.") % {
        "exercise": translating.said(line.exercise.name),
        "n": board.order.plan.index(line.slug) + 1,
        "total": len(board.order.plan),
    }


def _found(board: Board, data: QueryDict | None) -> dict[str, Any]:
    query = data.get("q", "").strip()[:QUERY_LENGTH] if data is not None else ""
    found = board.search(query)
    return {"query": query, "found": found[:MOST_FOUND], "more": max(0, len(found) - MOST_FOUND)}


def _assign(request: HttpRequest, context: dict[str, Any], *, at: dt.datetime) -> Outcome:
    patient: Patient = context["patient"]
    definition: ProblemDefinition = context["definition"]
    board: Board = context["board"]
    form: AssignForm = context["form"]

    def assign(form: AssignForm) -> None:
        if form.cleaned_data["definition"] != definition.pk or board.gone:
            raise StalePlan
        program = assign_program(
            definition=definition,
            protocol_phase=board.setting.protocol_phase,
            items=board.items,
            starts_on=form.cleaned_data["starts_on"],
            by=signed_in(request),
            roles=roles_of(patient),
            at=at,
            reason=form.cleaned_data["reason"],
            seen=Seen(
                program_id=form.cleaned_data["seen_program"],
                plan_version=form.cleaned_data["seen_version"],
            ),
        )
        messages.success(
            request,
            _("Assigned. %(dog)s starts on %(day)s.") % {"dog": patient.name, "day": date_format(program.starts_on)},
        )

    outcome = submit(form, assign, is_valid=form.is_valid() and board.is_valid)
    if outcome.is_stale:
        context |= _seen_anew(form, definition=definition, current=open_program(patient.pk))
    return outcome


def _seen_anew(form: AssignForm, *, definition: ProblemDefinition, current: Program | None) -> dict[str, Any]:
    """Let the person look at what changed and send the same form again."""
    retype(
        form,
        definition=str(definition.pk),
        seen_program=str(current.pk) if current else "",
        seen_version=str(current.plan_version) if current else "",
    )
    return {
        "is_stale": True,
        "current": current,
        "chapters": history(current)[:1] if current else [],
    }
