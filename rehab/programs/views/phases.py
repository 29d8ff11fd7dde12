"""The page on which a person moves the phase. What was logged comes from above: ``guidance.views`` loads and calls."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.access import Role, signed_in
from rehab.library import translating
from rehab.library.models import Category, Phase, ProtocolPhase
from rehab.patients.wording import printed
from rehab.programs.actions import NotAllowed
from rehab.programs.actions.ground import Ground, ground_of
from rehab.programs.actions.items import Item
from rehab.programs.actions.phasing import (
    ONE_DAY,
    criteria_objections,
    ladders_that_end,
    loosening_objections,
    loosens,
    move_phase,
    phase_now,
    phases_of,
    unmet_criteria,
)
from rehab.programs.criteria import Series
from rehab.programs.forms import ReasonForm
from rehab.programs.gate import Objection, objections
from rehab.programs.models import Prescription, Program
from rehab.programs.phase_forms import BACK, CRITERIA_MET, ON, PhaseItemForm, PhaseMoveForm
from rehab.programs.phase_wording import alternative_text
from rehab.programs.queries import Candidate, candidates, current_prescriptions, history
from rehab.programs.views.answering import answer, back_to, retype, submit


@dataclass(frozen=True, kw_only=True)
class Line:
    """One exercise of the table: what the dog has of it now, if anything, and the form."""

    candidate: Candidate
    form: PhaseItemForm
    had: Prescription | None = None

    @property
    def item(self) -> Item:
        """What was typed; only of a valid form. Its place in the family's day and its aim stay."""
        return Item(
            exercise=self.candidate.exercise,
            dose=self.form.dose,
            anchor=self.had.anchor if self.had else "",
            note=self.had.note if self.had else self.candidate.note,
            aim=self.had.aim if self.had else self.candidate.aim,
        )


@dataclass(frozen=True, kw_only=True)
class Way:
    """From which phase to which, and whether that allows the dog more."""

    code: str
    name: str
    phase: ProtocolPhase | None
    more: bool
    phases: Sequence[ProtocolPhase]


def move_answer(
    request: HttpRequest, program: Program, *, known: Series, roles: frozenset[Role], at: dt.datetime
) -> HttpResponse:
    """The phase to move to (``?to=<id or code>``, else the next one) with its items, and the decision."""
    patient, ground = program.patient, ground_of(program, at=at)
    way = _way(program, request.GET.get("to", ""))
    day = max(ground.today + ONE_DAY if way.more else ground.today, program.starts_on)
    data = request.POST if request.method == "POST" else None
    form = PhaseMoveForm(
        data,
        suggestions=_suggestions(program, way, known=known, roles=roles, today=ground.today),
        initial={"plan_version": program.plan_version},
    )
    lines = _lines(program, ground, way, data=data, on=day)
    chosen = [line for line in lines if line.form.is_chosen]
    all_valid = data is not None and all([form.is_valid(), *(line.form.is_valid() for line in chosen)])

    def move(form: PhaseMoveForm) -> None:
        move_phase(
            program=program,
            protocol_phase=way.phase,
            phase=way.code,
            items=[line.item for line in chosen],
            known=known,
            reason=form.cleaned_data["why"],
            plan_version=form.cleaned_data["plan_version"],
            by=signed_in(request),
            roles=roles,
            at=at,
        )
        messages.success(
            request,
            _("%(dog)s is in phase %(phase)s %(name)s from %(day)s.")
            % {"dog": patient.name, "phase": way.code, "name": way.name, "day": date_format(day)},
        )

    outcome = submit(form, move, is_valid=all_valid)
    if outcome.is_done:
        return back_to(request, patient)
    warnings, blocked = _outlook(program, ground, way, known=known, roles=roles)
    context: dict[str, Any] = {
        "program": program,
        "patient": patient,
        "way": way,
        "day": day,
        "form": form,
        "proposed": [line for line in lines if line.candidate.is_proposed],
        "others": [line for line in lines if not line.candidate.is_proposed],
        "faulty": [line for line in chosen if data is not None and not line.form.is_valid()],
        "ending": ladders_that_end(program, phase=way.code),
        "warnings": warnings,
        "blocked": blocked,
        "is_vet": Role.VET in roles,
        "caution": printed(translating.said(program.protocol.warning)) if program.protocol is not None else "",
        "objections": outcome.objections,
    }
    if outcome.is_stale:
        context |= seen_anew(form, program)
    return answer(request, "phase_move", context, status=outcome.status)


def seen_anew(form: ReasonForm, program: Program) -> dict[str, Any]:
    """What was decided since the person looked, and the form as they left it but for the version."""
    try:
        seen: int | None = form.fields["plan_version"].clean(form["plan_version"].value())
    except ValidationError:
        seen = None
    program.refresh_from_db(fields=["plan_version", "ended_at"])
    if form.is_bound:
        retype(form, plan_version=str(program.plan_version))
    newest = history(program)
    since = [one for one in newest if seen is not None and one.decision.plan_version > seen]
    return {"is_stale": True, "is_over": program.ended_at is not None, "chapters": since or newest[:1]}


def _way(program: Program, asked: str) -> Way:
    phases = phases_of(program)
    if not phases:
        codes = list(Phase)
        following = codes[codes.index(Phase(program.phase)) + 1 :]
        code = asked or (following[0].value if following else "")
        if code not in Phase.values or code == program.phase:
            raise Http404
        return Way(
            code=code,
            name=str(Phase(code).label),
            phase=None,
            more=loosens(program, phase=code, phases=phases),
            phases=phases,
        )
    now = phase_now(program, phases)
    if asked:
        to = next((one for one in phases if str(one.pk) == asked), None)
    else:
        to = next((one for one in phases if now is None or one.position > now.position), None)
    if to is None or (now is not None and to.pk == now.pk):
        raise Http404
    return Way(
        code=to.code,
        name=to.name,
        phase=to,
        more=loosens(program, phase=to.code, phases=phases, to=to),
        phases=phases,
    )


def _suggestions(program: Program, way: Way, *, known: Series, roles: frozenset[Role], today: dt.date) -> Sequence[Any]:
    """Reasons of one tap; the alternative exit that a phase names is one of them, and never what is not so."""
    if not way.more:
        return BACK
    unmet = unmet_criteria(program, to=way.phase, known=known, phases=way.phases, roles=roles, today=today)
    reasons = [one for one in ON if not unmet or one is not CRITERIA_MET]
    now = phase_now(program, way.phases)
    alternative = now.extra.get("exit_alt", "") if now is not None else ""
    # An arrow says what else to do; only what stands for the exit itself is a reason to move on.
    return [*reasons, alternative_text(alternative)] if alternative and "->" not in alternative else reasons


def _outlook(
    program: Program, ground: Ground, way: Way, *, known: Series, roles: frozenset[Role]
) -> tuple[list[Objection], Sequence[Objection]]:
    """What a vet may overrule, and what nobody may."""
    if not way.more:
        return [], ()
    unmet = unmet_criteria(program, to=way.phase, known=known, phases=way.phases, roles=roles, today=ground.today)
    against = criteria_objections(unmet, today=ground.today)
    try:
        against = [*loosening_objections(program, ground, roles=roles), *against]
    except NotAllowed as refused:
        return against, refused.objections
    final = [one for one in against if not one.vet_may]
    open_to_vets = [one for one in against if one.vet_may]
    return open_to_vets, final


def _lines(program: Program, ground: Ground, way: Way, *, data: QueryDict | None, on: dt.date) -> list[Line]:
    """The items of the phase, then what the dog has beside them."""
    here = {one.exercise.slug: one for one in current_prescriptions(program)}
    found = (
        candidates(
            protocol_phase=way.phase,
            definition=ground.definition,
            row=ground.row,
            profile=program.profile,
            phase=way.code,
            clinic=program.clinic,
            on=on,
        )
        if way.phase is not None
        else []
    )
    proposed = {one.exercise.slug for one in found}
    found += [_as_candidate(one, program, ground, way, on=on) for slug, one in here.items() if slug not in proposed]
    return [_line(one, here.get(one.exercise.slug), data=data, way=way) for one in found]


def _as_candidate(prescription: Prescription, program: Program, ground: Ground, way: Way, *, on: dt.date) -> Candidate:
    dose = prescription.dosage
    return Candidate(
        exercise=prescription.exercise,
        dose=dose,
        target=dose,
        objections=objections(
            prescription.exercise,
            definition=ground.definition,
            row=ground.row,
            profile=program.profile,
            phase=way.code,
            on=on,
        ),
        is_proposed=False,
    )


def _line(candidate: Candidate, had: Prescription | None, *, data: QueryDict | None, way: Way) -> Line:
    return Line(
        candidate=candidate,
        had=had,
        form=PhaseItemForm(
            data,
            prefix=candidate.exercise.slug,
            exercise=candidate.exercise,
            dose=candidate.dose,
            initial={"chosen": _is_ticked(candidate, way)},
        ),
    )


def _is_ticked(candidate: Candidate, way: Way) -> bool:
    """What the phase proposes is ticked; beside it only what a phase does not end: a safe home and the medicine."""
    if candidate.is_proposed:
        return candidate.is_ticked
    if candidate.is_blocked:
        return False
    if way.phase is None:
        return not candidate.objections
    is_rest = candidate.dose.duration_days is not None
    return candidate.dose.per_prescription or (candidate.exercise.category == Category.HOME_SAFETY and not is_rest)
