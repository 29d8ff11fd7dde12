"""Assigning a program: choose a phase of a protocol, look through its items, assign."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
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
from rehab.library.models import Phase, ProtocolPhase
from rehab.patients.access import load_patient, roles_of
from rehab.patients.decision_rows import Row
from rehab.patients.models import Patient, ProblemDefinition
from rehab.patients.queries import current_definition
from rehab.patients.wording import printed
from rehab.programs.actions import Item, Seen, assign_program
from rehab.programs.actions.assigning import LATEST_START_DAYS
from rehab.programs.actions.refusals import StalePlan
from rehab.programs.forms import ANCHORS, AssignForm, ItemForm
from rehab.programs.gate import profile_of, re_exam_objections, role_allowed, row_of, unmet_of_the_row
from rehab.programs.models import Program
from rehab.programs.queries import (
    Candidate,
    ProtocolChoice,
    candidates,
    history,
    open_program,
    protocol_choices,
)
from rehab.programs.views.answering import answer, back_to, retype, submit

OWN_CHOICE: Final = "own"
ACTIVE_ITEMS_WARNING: Final = 4


@dataclass(frozen=True, kw_only=True)
class Line:
    """One candidate of the table with its form."""

    candidate: Candidate
    form: ItemForm

    @property
    def item(self) -> Item:
        """What was typed; only of a valid form."""
        return Item(
            exercise=self.candidate.exercise,
            dose=self.form.dose,
            anchor=self.form.cleaned_data["anchor"],
            note=self.form.cleaned_data["note"],
        )


@dataclass(frozen=True, kw_only=True)
class Totals:
    """What the chosen items come to on a day on which all are due."""

    items: int
    active: int
    minutes: int

    @property
    def is_many(self) -> bool:
        return self.active > ACTIVE_ITEMS_WARNING


@access(Right.ADJUST)
@require_http_methods(["GET", "HEAD", "POST"])
def program_assign(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Choose a phase with ``?phase=<id>`` (or ``own``), tick and dose its items, assign."""
    patient = load_patient(pk=pk, user=signed_in(request), right=Right.ADJUST)
    at = timezone.now()
    definition = current_definition(patient.pk)
    if definition is None:
        status = 422 if request.method == "POST" else 200
        return render(request, "programs/undefined_page.html", {"patient": patient}, status=status)
    row, today = row_of(definition), patient.today(at)
    roles = roles_of(patient)
    context: dict[str, Any] = {
        "patient": patient,
        "definition": definition,
        "row": row,
        "row_phase": Phase(row.start_phase),
        "current": open_program(patient.pk),
        "standing": [*re_exam_objections(definition, on=today), *unmet_of_the_row(definition, row)],
        "may_assign": role_allowed(row.approver["assign"], roles),
    }
    choices = protocol_choices(row=row, definition=definition, clinic=patient.clinic)
    asked = request.GET.get("phase", "")
    if not asked:
        return _picker(request, context, choices)
    phase = _chosen_phase(asked, choices)
    return _table(request, context, phase=phase, at=at)


def _picker(request: HttpRequest, context: dict[str, Any], choices: Sequence[ProtocolChoice]) -> HttpResponse:
    if request.method == "POST":
        context["missing_phase"] = True
    context |= {
        "fitting": [choice for choice in choices if choice.fits_cause],
        "others": [choice for choice in choices if not choice.fits_cause],
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


def _table(
    request: HttpRequest, context: dict[str, Any], *, phase: ProtocolPhase | None, at: dt.datetime
) -> HttpResponse:
    patient: Patient = context["patient"]
    row: Row = context["row"]
    definition: ProblemDefinition = context["definition"]
    current: Program | None = context["current"]
    today = patient.today(at)
    data = request.POST if request.method == "POST" else None
    form = AssignForm(
        data,
        initial={
            # What is under way today stays until tomorrow, so that today's ticks keep their place.
            "starts_on": today + dt.timedelta(days=1) if current else today,
            "definition": definition.pk,
            "seen_program": current.pk if current else None,
            "seen_version": current.plan_version if current else None,
        },
        first_day=today,
        last_day=today + dt.timedelta(days=LATEST_START_DAYS),
    )
    lines = _lines(
        candidates(
            protocol_phase=phase,
            definition=definition,
            row=row,
            profile=profile_of(row, protocol_profile=phase.protocol.profile if phase else ""),
            phase=phase.code if phase else row.start_phase,
            clinic=patient.clinic,
            on=today,
        ),
        data=data,
    )
    chosen = [line for line in lines if line.form.is_chosen]
    all_valid = data is not None and all([form.is_valid(), *(line.form.is_valid() for line in chosen)])
    context |= {
        "phase": phase,
        "caution": printed(phase.protocol.warning) if phase else "",
        "phase_code": Phase(phase.code if phase else row.start_phase),
        "form": form,
        "lines": [line for line in lines if phase or line.form.is_chosen or not line.candidate.is_blocked],
        # The whole library would bury what can be chosen under what cannot.
        "left_out": [line.candidate for line in lines if not phase and line.candidate.is_blocked],
        "anchors": ANCHORS,
        "totals": _totals(chosen, all_valid=all_valid or data is None, typed=data is not None),
        "faulty": [line for line in chosen if data is not None and not line.form.is_valid()],
    }
    if data is not None and "preview" in data:
        return answer(request, "program_assign", context, status=200 if all_valid else 422)

    def assign(form: AssignForm) -> None:
        if form.cleaned_data["definition"] != definition.pk:
            raise StalePlan
        program = assign_program(
            definition=definition,
            protocol_phase=phase,
            items=[line.item for line in chosen],
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

    outcome = submit(form, assign, is_valid=all_valid)
    if outcome.is_done:
        return back_to(request, patient)
    if outcome.is_stale:
        context |= _seen_anew(form, definition=definition, current=open_program(patient.pk))
    context["objections"] = outcome.objections
    return answer(request, "program_assign", context, status=outcome.status)


def _lines(found: Sequence[Candidate], *, data: QueryDict | None) -> list[Line]:
    return [
        Line(
            candidate=candidate,
            form=ItemForm(
                data,
                prefix=candidate.exercise.slug,
                exercise=candidate.exercise,
                dose=candidate.dose,
                note=candidate.note,
                initial={"chosen": candidate.is_ticked},
            ),
        )
        for candidate in found
    ]


def _totals(chosen: Sequence[Line], *, all_valid: bool, typed: bool) -> Totals | None:
    if not all_valid:
        return None
    doses = [line.form.dose if typed else line.candidate.dose for line in chosen]
    return Totals(
        items=len(chosen),
        active=len(
            [line for line in chosen if line.candidate.exercise.is_active and not line.candidate.exercise.clinic_only]
        ),
        minutes=round(sum(dose.minutes_per_day for dose in doses)),
    )


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
