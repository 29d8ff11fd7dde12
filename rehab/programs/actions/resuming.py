"""Resuming a paused program: after a break the dog starts lower (G7 of 06_progression.yaml)."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.access import Role
from accounts.models import User
from rehab.library.models import Category, Exercise, Phase
from rehab.patients.models import ProblemDefinition
from rehab.programs import ladders
from rehab.programs.actions.ground import Ground, gate_objections, ground_of, refused_progress
from rehab.programs.actions.refusals import NotAllowed, given_reason, refuse
from rehab.programs.actions.writing import claim, new_prescription, write_decision
from rehab.programs.dose import Dose, low_end, step_down
from rehab.programs.gate import Objection, objections, re_exam_objections, role_allowed
from rehab.programs.models import Decision, LadderStep, Prescription, Program
from rehab.programs.phase_wording import block_text
from rehab.programs.wording import dose_text

ONE_DAY: Final = dt.timedelta(days=1)
LOWER_AFTER_DAYS: Final = 7
ENTRY_AFTER_DAYS: Final = 21
LESS_PERCENT: Final = 30
PART: Final = "PART"


@dataclass(frozen=True, kw_only=True)
class Return:
    """One exercise that a resume starts again: from when, at which dose, or why not."""

    prescription: Prescription
    dose: Dose
    starts_on: dt.date
    objections: tuple[Objection, ...] = ()

    @property
    def is_lower(self) -> bool:
        return self.dose != self.prescription.dosage

    @property
    def dose_text(self) -> str:
        return dose_text(self.dose)


@dataclass(frozen=True, kw_only=True)
class Rung:
    """One ladder that a resume takes up again, and at which rung, or why not."""

    step: LadderStep
    rung: int
    objections: tuple[Objection, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Resumption:
    """What resuming a paused program today comes to; ``is_undo`` where the person takes back their own pause."""

    gap_days: int
    is_undo: bool
    returns: list[Return]
    rungs: list[Rung]
    starts_on: dt.date

    @property
    def is_after_a_break(self) -> bool:
        return self.gap_days >= LOWER_AFTER_DAYS

    @property
    def needs_a_vet(self) -> bool:
        return self.gap_days >= ENTRY_AFTER_DAYS

    @property
    def climbing(self) -> list[Rung]:
        return [one for one in self.rungs if not one.objections]

    @property
    def why_not(self) -> list[tuple[str, list[str]]]:
        """What stays out, by name, with the rules that say so."""
        found = [(one.prescription.exercise.name, one.objections) for one in self.left_out]
        found += [(one.step.ladder.name, one.objections) for one in self.rungs if one.objections]
        return [(name, [objection.rule for objection in objections]) for name, objections in found]

    @property
    def objections(self) -> list[Objection]:
        """Everything that keeps something out."""
        return [
            *(objection for one in self.left_out for objection in one.objections),
            *(objection for one in self.rungs for objection in one.objections),
        ]

    @property
    def coming(self) -> list[Return]:
        return [one for one in self.returns if not one.objections]

    @property
    def left_out(self) -> list[Return]:
        return [one for one in self.returns if one.objections]


@transaction.atomic
def resume_program(
    *,
    program: Program,
    reason: str,
    plan_version: int,
    by: User,
    roles: frozenset[Role],
    at: dt.datetime,
) -> Decision:
    """Start again what the pause ended: care from today, what loads the dog from tomorrow.

    After a week's break the exercises restart at about 70 %, after three weeks only by a vet and at the low end
    (G7). What the rules forbid today stays out and is named. One's own pause of the same day is simply undone.

    Raises:
        NotAllowed: it is not paused, the row reserves it to others, the re-examination is overdue, or no reason.
        StalePlan: the program has changed or ended since.
    """
    version = claim(program, plan_version=plan_version, even_paused=True)
    # Read after the claim, which nobody can overtake: whoever resumed it first has taken the version.
    program = Program.objects.select_related("patient", "protocol", "definition", "paused_by").get(pk=program.pk)
    reason = given_reason(reason)
    plan = _weighed(program, seen_version=plan_version, by=by, roles=roles, at=at)
    coming = plan.coming
    rules = [program.decision_row]
    if any(one.is_lower for one in coming) or any(one.rung != one.step.rung for one in plan.climbing):
        rules.append("G7")
    rules += [objection.rule for objection in plan.objections]
    decision = write_decision(
        Decision.Kind.RESUME,
        program=program,
        plan_version=version,
        reason=reason,
        rule_ids=rules,
        effective_on=plan.starts_on,
        by=by,
        at=at,
        details={
            "gap_days": plan.gap_days,
            "left_out": [{"exercise": name, "rules": rules} for name, rules in plan.why_not],
        },
    )
    Prescription.objects.bulk_create(
        new_prescription(
            program=program,
            exercise=one.prescription.exercise,
            dose=one.dose,
            starts_on=one.starts_on,
            decision=decision,
            anchor=one.prescription.anchor,
            note=one.prescription.note,
            aim=one.prescription.aim,
            position=one.prescription.position,
        )
        for one in coming
    )
    LadderStep.objects.bulk_create(
        LadderStep(
            clinic_id=program.clinic_id,
            patient_id=program.patient_id,
            program=program,
            ladder_id=one.step.ladder_id,
            activity=one.step.activity,
            rung=one.rung,
            starts_on=plan.starts_on,
            started_by=decision,
        )
        for one in plan.climbing
    )
    Program.objects.filter(pk=program.pk).update(paused_by=None)
    return decision


def resumption(*, program: Program, by: User, roles: frozenset[Role], at: dt.datetime) -> Resumption:
    """What resuming would start, at which dose, and what would stay out, without changing anything.

    Raises:
        NotAllowed: it is not paused, the row reserves it to others, or the re-examination is overdue.
    """
    return _weighed(program, seen_version=program.plan_version, by=by, roles=roles, at=at)


def _weighed(program: Program, *, seen_version: int, by: User, roles: frozenset[Role], at: dt.datetime) -> Resumption:
    pause = program.paused_by
    if pause is None:
        raise refuse("NOT_PAUSED", _("The program is not paused."))
    ground = ground_of(program, at=at)
    # What was overruled under the definition of then is not overruled under another one.
    is_redefined = Decision.objects.filter(
        program=program, kind=Decision.Kind.REDEFINE, plan_version__gt=pause.plan_version
    ).exists()
    gap = (ground.today - pause.effective_on).days
    is_undo = gap <= 0 and pause.decided_by_id == by.pk and pause.plan_version == seen_version
    if not is_undo:
        _check_may_resume(program, ground, gap=gap, roles=roles)
    tomorrow = ground.today + ONE_DAY
    return Resumption(
        gap_days=gap,
        is_undo=is_undo,
        starts_on=ground.today if is_undo else tomorrow,
        returns=_with_their_hosts(
            [
                _returning(one, pause=pause, ground=ground, gap=gap, is_undo=is_undo, objections=found)
                for one, found in _weighed_items(program, pause, ground, is_undo=is_undo, is_redefined=is_redefined)
            ]
        ),
        rungs=[
            Rung(
                step=step,
                rung=_rung(step.rung, gap=gap),
                objections=tuple(
                    one
                    for one in ladder_objections(step, ground=ground, profile=program.profile)
                    if is_redefined or not one.vet_may
                ),
            )
            for step in LadderStep.objects.filter(ended_by=pause).select_related("ladder").order_by("starts_on", "pk")
        ],
    )


def _check_may_resume(program: Program, ground: Ground, *, gap: int, roles: frozenset[Role]) -> None:
    if not role_allowed(ground.row.approver["assign"], roles):
        raise refuse(ground.row.id, _("Only a vet resumes a program for this kind of back pain."))
    if gap >= ENTRY_AFTER_DAYS and Role.VET not in roles:
        raise refuse("G7", _("After a break of three weeks or more, a vet looks at the dog and resumes the program."))
    overdue = re_exam_objections(ground.definition, on=ground.today)
    if overdue:
        raise NotAllowed(overdue)


def _weighed_items(
    program: Program, pause: Decision, ground: Ground, *, is_undo: bool, is_redefined: bool
) -> list[tuple[Prescription, list[Objection]]]:
    """What the pause ended, each with what speaks against it today and nobody has overruled."""
    items = list(
        Prescription.objects.filter(ended_by=pause).select_related("exercise", "started_by").order_by("position", "pk")
    )
    if is_undo:
        return [(one, []) for one in items]
    overruled = standing_overrules(program)
    return [
        (
            one,
            [
                objection
                for objection in gate_objections(one.exercise, program, ground)
                if not objection.vet_may or is_redefined or objection.rule not in overruled[one.exercise.slug]
            ],
        )
        for one in items
    ]


def standing_overrules(program: Program) -> defaultdict[str, set[str]]:
    """The rules that the decisions of the program followed or overruled, by the slug of the exercise they started."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for slug, rules in Prescription.objects.filter(program=program).values_list(
        "exercise__slug", "started_by__rule_ids"
    ):
        found[slug].update(rules)
    return found


def _returning(
    prescription: Prescription,
    *,
    pause: Decision,
    ground: Ground,
    gap: int,
    is_undo: bool,
    objections: Sequence[Objection],
) -> Return:
    loads = prescription.exercise.load > 0
    first = ground.today + ONE_DAY if loads and not is_undo else ground.today
    # What had not begun when the pause came has lost nothing by it.
    had_begun = prescription.starts_on < pause.effective_on
    return Return(
        prescription=prescription,
        dose=restart_dose(prescription, gap_days=gap) if had_begun else prescription.dosage,
        starts_on=max(first, prescription.starts_on),
        objections=tuple(objections),
    )


def restart_dose(prescription: Prescription, *, gap_days: int) -> Dose:
    """The dose after a break: care as it was; exercise at about 70 % after a week, at the low end after three (G7)."""
    dose, dose_range = prescription.dosage, prescription.exercise.dose_range
    if not prescription.has_steps or gap_days < LOWER_AFTER_DAYS:
        return dose
    if gap_days >= ENTRY_AFTER_DAYS:
        return low_end(dose, dose_range)
    step = step_down(dose, LESS_PERCENT, dose_range=dose_range)
    return dose if step is None else step.dose


def ladder_objections(step: LadderStep, *, ground: Ground, profile: str) -> list[Objection]:
    """What of the definition keeps the dog off this ladder; climbing it is an active exercise."""
    definition, slug, found = ground.definition, step.ladder.slug, []
    order, Order = definition.activity_order, ProblemDefinition.ActivityOrder  # noqa: N806 - a class
    if ground.row.forbids_progress:
        found.append(Objection(rule=ground.row.id, text=refused_progress(ground.row)))
    if order in (Order.STRICT_REST, Order.ROOM_REST):
        found.append(Objection(rule="O5", text=_("Not while rest is ordered."), vet_may=order == Order.ROOM_REST))
    if order == Order.LEASH_ONLY and slug in ladders.OFF_THE_LEAD:
        found.append(Objection(rule="ORDER", text=_("The signed order says: on the lead only."), vet_may=True))
    found += [
        Objection(rule="RUNG_BLOCK", text=block_text(block), vet_may=True)
        for block in ladders.blocks(
            slug,
            neuro_grade=definition.neuro_grade,
            is_lumbosacral=definition.leaf == "lumbosacral_disc",
            is_disc=definition.cause == ProblemDefinition.Cause.DISC,
            days_since_onset=(ground.today - definition.onset_on).days if definition.onset_on else None,
        )
    ]
    climbing = Exercise(
        slug=slug,
        name=step.ladder.name,
        category=Category.GAIT_ENDURANCE,
        mode=Exercise.Mode.ACTIVE,
        load=1,
        grades=[definition.neuro_grade],
        earliest_phase=Phase.P0,
    )
    found += [
        one
        for one in objections(
            climbing, definition=definition, row=ground.row, profile=profile, phase=Phase.P0, on=ground.today
        )
        if one.is_clinical and one.rule != ground.row.id and one.rule not in {known.rule for known in found}
    ]
    return [replace(one, about=step.ladder.name) for one in found]


def _rung(rung: int, *, gap: int) -> int:
    if gap >= ENTRY_AFTER_DAYS:
        return 1
    return max(1, rung - 1) if gap >= LOWER_AFTER_DAYS else rung


def _with_their_hosts(returns: Iterable[Return]) -> list[Return]:
    """What is done inside another exercise stays out with it."""
    found = list(returns)
    coming = {one.prescription.exercise.slug for one in found if not one.objections}
    return [
        one
        if one.objections or not one.dose.part_of or one.dose.part_of in coming
        else replace(one, objections=(part_objection(one.prescription),))
        for one in found
    ]


def part_objection(prescription: Prescription) -> Objection:
    return Objection(
        rule=PART,
        text=_("It is done inside another exercise, which stays out."),
        about=prescription.exercise.name,
    )
