"""Progress, hold or regress of one exercise, decided by a person."""

import datetime as dt
from dataclasses import dataclass
from typing import Final

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from accounts.access import Role
from accounts.models import User
from rehab.library.models import Exercise
from rehab.programs.actions.ground import (
    Ground,
    gate_objections,
    ground_of,
    growth_objections,
    no_progress_text,
    refused_progress,
)
from rehab.programs.actions.refusals import StalePlan, enforce, given_reason, refuse
from rehab.programs.actions.writing import claim, replace_prescription, write_decision
from rehab.programs.dose import Dose, Step, low_end, step_down, step_up
from rehab.programs.gate import Objection, role_allowed
from rehab.programs.models import Decision, Prescription, Program

ONE_DAY: Final = dt.timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """What a progress or regress would change; ``step`` is there where only the dose moves."""

    exercise: Exercise
    dose: Dose
    step: Step | None


@transaction.atomic
def decide(
    *,
    kind: Decision.Kind,
    prescription: Prescription,
    reason: str,
    plan_version: int,
    by: User,
    roles: frozenset[Role],
    at: dt.datetime,
    swap: bool = False,
) -> Decision:
    """Progress, hold or regress one exercise by hand.

    Progress is one step inside the range, from tomorrow; at the top of the range it can ``swap`` to the
    harder neighbour. Regress is 20 % less or a swap to the easier neighbour, from today. A hold changes
    nothing and says so.

    Raises:
        NotAllowed: the row, an overlay or the end of the range speaks against it; or no reason was given.
        StalePlan: the program has changed or ended since.
    """
    program, exercise = prescription.program, prescription.exercise
    version = claim(program, plan_version=plan_version)
    reason = given_reason(reason)
    ground = ground_of(program, at=at)
    if kind == Decision.Kind.HOLD:
        _check_is_current(prescription)
        return write_decision(
            kind,
            program=program,
            plan_version=version,
            reason=reason,
            rule_ids=[program.decision_row],
            exercise=exercise,
            effective_on=ground.today,
            by=by,
            at=at,
        )
    proposed, found = _weigh(kind, prescription, ground, roles=roles, swap=swap)
    overruled = enforce(found, roles=roles, reason=reason)
    return replace_prescription(
        prescription,
        kind=kind,
        version=version,
        exercise=proposed.exercise,
        dose=proposed.dose,
        anchor=prescription.anchor,
        note="" if swap else prescription.note,
        reason=reason,
        rule_ids=[program.decision_row, *overruled],
        starts_on=ground.today + ONE_DAY if kind == Decision.Kind.PROGRESS else ground.today,
        by=by,
        at=at,
    ).started_by


def outlook(
    *,
    kind: Decision.Kind,
    prescription: Prescription,
    roles: frozenset[Role],
    at: dt.datetime,
    swap: bool = False,
) -> tuple[Proposal, list[Objection]]:
    """What the decision would change and what speaks against it, without changing anything.

    Raises:
        NotAllowed: there is no further step that way, or nobody with these roles may take it.
    """
    return _weigh(kind, prescription, ground_of(prescription.program, at=at), roles=roles, swap=swap)


def _weigh(
    kind: Decision.Kind, prescription: Prescription, ground: Ground, *, roles: frozenset[Role], swap: bool
) -> tuple[Proposal, list[Objection]]:
    found = []
    if kind == Decision.Kind.PROGRESS:
        found = _progress_objections(prescription, ground, roles=roles)
    proposed = _proposal(kind, prescription, swap=swap)
    if swap:
        found += _swap_objections(proposed.exercise, prescription.program, ground)
    return proposed, found


def _proposal(kind: Decision.Kind, prescription: Prescription, *, swap: bool) -> Proposal:
    exercise, dose = prescription.exercise, Dose.from_json(prescription.dose)
    up = kind == Decision.Kind.PROGRESS
    if exercise.load == 0 or dose.is_one_off:
        raise refuse("CARE", _("Care has no steps. Change the dose, or remove it."))
    step = step_up(dose, exercise.dose_range) if up else step_down(dose, dose_range=exercise.dose_range)
    if swap:
        if up and step is not None:
            raise refuse("RANGE", _("First to the top of this exercise, then to the harder one."))
        neighbour = _neighbour(exercise, prescription=prescription, up=up)
        if neighbour is None:
            raise refuse(
                "NEIGHBOUR",
                _("There is no harder exercise in the library.")
                if up
                else _("There is no easier exercise in the library."),
            )
        start = low_end(Dose.from_json(neighbour.dose), neighbour.dose_range)
        return Proposal(exercise=neighbour, dose=start, step=None)
    if step is None:
        raise refuse(
            "RANGE",
            _("The dose is at the top of its range.") if up else _("The dose is at the low end of its range."),
        )
    return Proposal(exercise=exercise, dose=step.dose, step=step)


def _progress_objections(prescription: Prescription, ground: Ground, *, roles: frozenset[Role]) -> list[Objection]:
    program = prescription.program
    if program.protocol is not None and program.protocol.progress_disabled:
        raise refuse("NO_PROGRESS", no_progress_text(program))
    if not role_allowed(ground.row.approver["progress"], roles):
        raise refuse(ground.row.id, refused_progress(ground.row))
    if prescription.starts_on > ground.today:
        raise refuse("NOT_TRIED", _("This dose has not started yet. Let the dog try it first."))
    return [
        *growth_objections(program, ground),
        *gate_objections(prescription.exercise, program, ground),
    ]


def _swap_objections(neighbour: Exercise, program: Program, ground: Ground) -> list[Objection]:
    found = gate_objections(neighbour, program, ground)
    current = Prescription.objects.filter(program=program).current()
    if current.filter(exercise__slug=neighbour.slug).exists():
        found.append(Objection(rule="TWICE", text=_("It is already in the program."), about=neighbour.name))
    return found


def _neighbour(exercise: Exercise, *, prescription: Prescription, up: bool) -> Exercise | None:
    """The next exercise up or down the library, the clinic's own before the built-in one."""
    slug = exercise.harder_slug if up else exercise.easier_slug
    if not slug:
        return None
    found: Exercise | None = (
        Exercise.objects.current()
        .for_clinic(prescription.clinic)
        .filter(slug=slug)
        .order_by(F("clinic").asc(nulls_last=True), "pk")
        .first()
    )
    return found


def _check_is_current(prescription: Prescription) -> None:
    if not Prescription.objects.current().filter(pk=prescription.pk).exists():
        raise StalePlan
