"""Progress, hold or regress of one exercise, decided by a person."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

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
    load_objections,
    no_progress_text,
    pace_objections,
    progress_objections,
    recent_of,
    refused_progress,
)
from rehab.programs.actions.items import Item, details_of, half_rule_objections
from rehab.programs.actions.pre_approving import end_pre_approvals
from rehab.programs.actions.refusals import StalePlan, enforce, given_reason, refuse
from rehab.programs.actions.teaching import teach_objections
from rehab.programs.actions.writing import check_holds_no_part, claim, replace_prescription, write_decision
from rehab.programs.dose import Dose, Step, low_end, step_down, step_up
from rehab.programs.gate import Objection, role_allowed
from rehab.programs.models import Decision, PreApproval, Prescription, Program

ONE_DAY: Final = dt.timedelta(days=1)
# Source: 06_progression.yaml, step_rules, regress.
LOWER_PERCENT: Final = 20
INVERSE: Final = {
    Decision.Kind.PROGRESS: Decision.Kind.REGRESS,
    Decision.Kind.REGRESS: Decision.Kind.PROGRESS,
    Decision.Kind.CHANGE_DOSE: Decision.Kind.CHANGE_DOSE,
}


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """What a progress or regress would change; ``step`` is there where only the dose moves."""

    exercise: Exercise
    dose: Dose
    step: Step | None


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """Which step is asked for, see ``decide``."""

    swap: bool
    percent: int
    re_enter: bool
    start: Dose | None


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
    percent: int = LOWER_PERCENT,
    re_enter: bool = False,
    start: Dose | None = None,
    against: Sequence[Objection] = (),
    follows: Sequence[str] = (),
    details: Mapping[str, Any] | None = None,
) -> Decision:
    """Progress, hold or regress one exercise.

    Progress is one step inside the range, from tomorrow; at the top of the range it can ``swap`` to the
    harder neighbour. Regress is ``percent`` less, the low end of the range for a dog that starts again (``re_enter``),
    or a swap to the easier neighbour at the dose ``start`` (else at its low end), from today. A hold changes nothing and says so. ``against`` is what else speaks
    against it, ``follows`` the rules that suggested it. Whoever lowers or holds an exercise means that it waits: what
    a vet had approved ahead for it ends.

    Raises:
        NotAllowed: the row, an overlay or the end of the range speaks against it; or no reason was given.
        StalePlan: the program has changed or ended since.
    """
    program, exercise = prescription.program, prescription.exercise
    version = claim(program, plan_version=plan_version)
    reason = given_reason(reason)
    ground = ground_of(program, at=at)
    if kind != Decision.Kind.PROGRESS:
        end_pre_approvals(prescription, by=by, at=at)
    if kind == Decision.Kind.HOLD:
        _check_is_current(prescription)
        overruled = enforce(against, roles=roles, reason=reason)
        return write_decision(
            kind,
            program=program,
            plan_version=version,
            reason=reason,
            rule_ids=[program.decision_row, *follows, *overruled],
            exercise=exercise,
            effective_on=ground.today,
            by=by,
            at=at,
            details={**(details or {}), **details_of(overruled)},
        )
    asked = _Asked(swap=swap, percent=percent, re_enter=re_enter, start=start)
    proposed, found = _weigh(kind, prescription, ground, roles=roles, asked=asked)
    overruled = enforce(beside(found, against), roles=roles, reason=reason)
    return replace_prescription(
        prescription,
        kind=kind,
        version=version,
        exercise=proposed.exercise,
        dose=proposed.dose,
        anchor=prescription.anchor,
        note="" if swap else prescription.note,
        reason=reason,
        rule_ids=[program.decision_row, *follows, *overruled],
        starts_on=ground.today + ONE_DAY if kind == Decision.Kind.PROGRESS else ground.today,
        by=by,
        at=at,
        details={**(details or {}), **details_of(overruled)},
    ).started_by


def outlook(
    *,
    kind: Decision.Kind,
    prescription: Prescription,
    roles: frozenset[Role],
    at: dt.datetime,
    swap: bool = False,
    percent: int = LOWER_PERCENT,
    re_enter: bool = False,
    start: Dose | None = None,
    against: Sequence[Objection] = (),
) -> tuple[Proposal, list[Objection]]:
    """What the decision would change and what speaks against it, without changing anything.

    Raises:
        NotAllowed: there is no further step that way, or nobody with these roles may take it.
    """
    ground = ground_of(prescription.program, at=at)
    asked = _Asked(swap=swap, percent=percent, re_enter=re_enter, start=start)
    proposed, found = _weigh(kind, prescription, ground, roles=roles, asked=asked)
    return proposed, beside(found, against)


def beside(found: Sequence[Objection], against: Sequence[Objection]) -> list[Objection]:
    """All that speaks against a step; what one rule says is said once."""
    said = {one.rule for one in found}
    return [*found, *(one for one in against if one.rule not in said)]


def may_undo(decision: Decision, *, program: Program, by: User, at: dt.datetime) -> bool:
    """Whether the decision is a step that the person may still take back: of today, the last one, and their own.

    What went by itself, because a vet had approved it ahead, nobody decided today: any of the staff takes it back.
    """
    patient = program.patient
    return (
        decision.kind in INVERSE
        and "undoes" not in decision.details
        and (decision.decided_by_id == by.pk or PreApproval.BY_ITSELF in decision.details)
        and decision.plan_version == program.plan_version
        and program.ended_at is None
        and patient.today(decision.decided_at) == patient.today(at)
    )


@transaction.atomic
def undo_step(*, program: Program, plan_version: int, by: User, at: dt.datetime) -> Decision:
    """Take back one's own last step of today: what it ended starts again, by a decision of its own.

    Nothing is weighed anew, because the plan becomes what it was before.

    Raises:
        NotAllowed: the last decision is no such step, or another person's, or of another day.
        StalePlan: the program has changed or ended since.
    """
    version = claim(program, plan_version=plan_version)
    # Read after the claim, which nobody can overtake.
    last = Decision.objects.filter(program=program, plan_version=plan_version).first()
    program.plan_version = plan_version
    if last is None or not may_undo(last, program=program, by=by, at=at):
        raise refuse("UNDO", _("Only your own last step can be undone, on the same day."))
    before = Prescription.objects.select_related("exercise").get(ended_by=last)
    after = Prescription.objects.select_related("exercise", "program__patient").get(started_by=last)
    if PreApproval.BY_ITSELF in last.details:
        # It would go again tomorrow.
        end_pre_approvals(after, by=by, at=at)
    return replace_prescription(
        after,
        kind=INVERSE[Decision.Kind(last.kind)],
        version=version,
        exercise=before.exercise,
        dose=before.dosage,
        anchor=before.anchor,
        note=before.note,
        aim=before.aim,
        reason=_("Undone"),
        rule_ids=[program.decision_row],
        starts_on=program.patient.today(at),
        by=by,
        at=at,
        details={"undoes": plan_version},
    ).started_by


def _weigh(
    kind: Decision.Kind,
    prescription: Prescription,
    ground: Ground,
    *,
    roles: frozenset[Role],
    asked: _Asked,
) -> tuple[Proposal, list[Objection]]:
    swap = asked.swap
    found = []
    if kind == Decision.Kind.PROGRESS:
        found = _progress_objections(prescription, ground, roles=roles)
    proposed = _proposal(kind, prescription, asked)
    if kind == Decision.Kind.PROGRESS:
        found += _limit_objections(proposed, prescription, ground, swap=swap)
    if swap:
        check_holds_no_part(prescription)
        found += _top_objections(kind, prescription)
        found += _swap_objections(kind, proposed, prescription, ground)
    return proposed, found


def _proposal(kind: Decision.Kind, prescription: Prescription, asked: _Asked) -> Proposal:
    exercise, dose = prescription.exercise, Dose.from_json(prescription.dose)
    up = kind == Decision.Kind.PROGRESS
    if exercise.load == 0 or dose.is_one_off:
        raise refuse("CARE", _("Care has no steps. Change the dose, or remove it."))
    if asked.re_enter and not up and not asked.swap:
        # At the low end already it still starts again: the break is answered.
        return Proposal(exercise=exercise, dose=low_end(dose, exercise.dose_range), step=None)
    step = step_up(dose, exercise.dose_range) if up else step_down(dose, asked.percent, dose_range=exercise.dose_range)
    neighbour = _neighbour(exercise, prescription=prescription, up=up) if asked.swap or step is None else None
    if asked.swap:
        if neighbour is None:
            raise refuse(
                "NEIGHBOUR",
                _("There is no harder exercise in the library.")
                if up
                else _("There is no easier exercise in the library."),
            )
        if not up and (neighbour.load > exercise.load or (neighbour.is_active and not exercise.is_active)):
            raise refuse(
                "NEIGHBOUR",
                _("“%(exercise)s” is called easier in the library, but loads the dog more.")
                % {"exercise": neighbour.name},
            )
        start = None if up else asked.start
        start = start or low_end(Dose.from_json(neighbour.dose), neighbour.dose_range)
        return Proposal(exercise=neighbour, dose=start, step=None)
    if step is None and not up and neighbour is None:
        # With nothing easier to go to, less of the same is better than none of it, also below the range.
        step = step_down(dose, asked.percent)
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
        *progress_objections(program, ground),
        *gate_objections(prescription.exercise, program, ground),
        *teach_objections(prescription.exercise, program),
    ]


def _limit_objections(proposed: Proposal, prescription: Prescription, ground: Ground, *, swap: bool) -> list[Objection]:
    on = ground.today + ONE_DAY
    recent = recent_of(prescription.patient_id, on=on)
    return [
        *load_objections(
            proposed.exercise,
            proposed.dose,
            row=ground.row,
            recent=recent,
            on=on,
            instead_of=prescription.exercise.slug if swap else "",
        ),
        *pace_objections(
            prescription, prescription.dosage if swap else proposed.dose, ground=ground, recent=recent, on=on
        ),
    ]


def _top_objections(kind: Decision.Kind, prescription: Prescription) -> list[Objection]:
    exercise = prescription.exercise
    if kind != Decision.Kind.PROGRESS or step_up(prescription.dosage, exercise.dose_range) is None:
        return []
    return [
        Objection(
            rule="RANGE",
            text=_("First to the top of this exercise, then to the harder one."),
            vet_may=True,
            about=exercise.name,
        )
    ]


def _swap_objections(
    kind: Decision.Kind, proposed: Proposal, prescription: Prescription, ground: Ground
) -> list[Objection]:
    program, neighbour = prescription.program, proposed.exercise
    found = gate_objections(neighbour, program, ground)
    current = (
        Prescription.objects.filter(program=program).current().select_related("exercise").order_by("position", "pk")
    )
    others = [one for one in current if one.pk != prescription.pk]
    if any(one.exercise.slug == neighbour.slug for one in others):
        found.append(Objection(rule="TWICE", text=_("It is already in the program."), about=neighbour.name))
    if kind == Decision.Kind.PROGRESS:
        new = Item(exercise=neighbour, dose=proposed.dose)
        found += half_rule_objections(
            [*map(Item.of, others), new], definition=ground.definition, row=ground.row, added=new
        )
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
