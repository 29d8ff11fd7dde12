"""Graded exposure back to what the owner named: attaching a ladder, one rung up or down, ending it."""

import datetime as dt
from collections.abc import Sequence
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.access import Role
from accounts.models import User
from rehab.library.models import Ladder
from rehab.patients.models import ProblemDefinition
from rehab.programs import ladders
from rehab.programs.actions.ground import (
    Ground,
    ground_of,
    no_progress_text,
    progress_objections,
    refused_progress,
)
from rehab.programs.actions.refusals import NotAllowed, StalePlan, enforce, given_reason, refuse
from rehab.programs.actions.writing import claim, end_ladder_steps, write_decision
from rehab.programs.gate import Objection, role_allowed
from rehab.programs.ladders import RungVerdict
from rehab.programs.models import Decision, LadderStep, Program
from rehab.programs.phase_wording import block_text, reason_text

ONE_DAY: Final = dt.timedelta(days=1)
ACTIVITY_LENGTH: Final = 120


def in_use(program: Program) -> list[str]:
    """The ladders that the dog is on."""
    return list(LadderStep.objects.filter(program=program).current().values_list("ladder__slug", flat=True))


def start_objections(
    ladder: Ladder, *, program: Program, ground: Ground, roles: frozenset[Role], moving: Sequence[str]
) -> list[Objection]:
    """What speaks against beginning this ladder now, beside the ``moving`` ones.

    Raises:
        NotAllowed: the person is no vet, or nobody may while the kind of back pain is undetermined.
    """
    if ground.row.forbids_progress:
        raise refuse(ground.row.id, refused_progress(ground.row))
    if Role.VET not in roles:
        raise refuse("RUNG_SIGNATURE", _("A vet begins a ladder: the first rung needs a vet’s signature."))
    found = _growth(program, ground)
    first = ladders.first_phase(ladder.slug)
    if program.phase < first:
        found.append(
            Objection(
                rule="RUNG_PHASE",
                text=_("This ladder begins in phase %(first)s; the program is in %(phase)s.")
                % {"first": first, "phase": program.phase},
                vet_may=True,
            )
        )
    definition = ground.definition
    found += [
        Objection(rule="RUNG_BLOCK", text=block_text(block), vet_may=True)
        for block in ladders.blocks(
            ladder.slug,
            neuro_grade=definition.neuro_grade,
            is_lumbosacral=definition.leaf == "lumbosacral_disc"
            or (program.protocol is not None and program.protocol.slug == "lumbosacral-conservative"),
            is_disc=definition.cause == ProblemDefinition.Cause.DISC,
            days_since_onset=(ground.today - definition.onset_on).days if definition.onset_on else None,
        )
    ]
    found += _order_objections(ladder, definition)
    if ladder.slug in moving:
        found.append(Objection(rule="RUNG_TWICE", text=_("The dog is on this ladder already.")))
    most = ladders.moving_max(program.profile)
    if len(moving) >= most:
        found.append(
            Objection(
                rule="RUNG_MOVING",
                text=_("Ladders in use: %(moving)d; at most %(most)d at a time.")
                % {"moving": len(moving), "most": most},
                vet_may=True,
            )
        )
    return found


@transaction.atomic
def start_ladder(
    *,
    program: Program,
    ladder: Ladder,
    activity: str,
    reason: str,
    plan_version: int,
    by: User,
    roles: frozenset[Role],
    at: dt.datetime,
) -> LadderStep:
    """Begin a ladder on its first rung, from tomorrow, on the way to something of the dog's own life.

    Raises:
        NotAllowed: the phase, the row, the definition or the ladders in use speak against it; or no reason or activity.
        StalePlan: the program has changed or ended since.
    """
    version = claim(program, plan_version=plan_version)
    reason, activity = given_reason(reason), activity.strip()
    if not activity or len(activity) > ACTIVITY_LENGTH:
        raise refuse(
            "ACTIVITY",
            _("Say in up to %(length)d characters what the ladder leads to.") % {"length": ACTIVITY_LENGTH},
        )
    if ladder.clinic_id not in (None, program.clinic_id) or ladder.superseded_at is not None or not ladder.rungs:
        raise refuse("CONTENT", _("This ladder is no longer offered."))
    ground = ground_of(program, at=at)
    overruled = enforce(
        start_objections(ladder, program=program, ground=ground, roles=roles, moving=in_use(program)),
        roles=roles,
        reason=reason,
    )
    day = max(ground.today + ONE_DAY, program.starts_on)
    decision = write_decision(
        Decision.Kind.LADDER_START,
        program=program,
        plan_version=version,
        reason=reason,
        rule_ids=[program.decision_row, *overruled],
        effective_on=day,
        by=by,
        at=at,
        details={"ladder": ladder.slug, "name": ladder.name, "activity": activity, "to": 1},
    )
    return _step(program, ladder, activity=activity, rung=1, on=day, decision=decision)


def up_objections(step: LadderStep, verdict: RungVerdict, ground: Ground, *, roles: frozenset[Role]) -> list[Objection]:
    """What speaks against one rung up.

    Raises:
        NotAllowed: it is the last rung, it has not begun, or nobody with these roles may.
    """
    program = step.program
    if step.rung >= len(step.ladder.rungs):
        raise refuse("RUNG_TOP", _("This is the last rung. End the ladder when it is reached."))
    if step.starts_on > ground.today:
        raise refuse("NOT_TRIED", _("This rung has not begun yet. Let the dog try it first."))
    if not role_allowed(ground.row.approver["progress"], roles):
        raise refuse(ground.row.id, refused_progress(ground.row))
    found = _growth(program, ground)
    if not verdict.is_passed:
        why = " ".join(reason_text(reason) for reason in verdict.reasons)
        found.append(Objection(rule="RUNG", text=_("The rung is not passed yet. %(why)s") % {"why": why}, vet_may=True))
    return found


@transaction.atomic
def move_rung(
    *,
    step: LadderStep,
    up: bool,
    verdict: RungVerdict,
    reason: str,
    plan_version: int,
    by: User,
    roles: frozenset[Role],
    at: dt.datetime,
) -> LadderStep:
    """One rung up, from tomorrow, or one down, from today. ``verdict`` is what ``ladders.standing`` says today.

    Raises:
        NotAllowed: up: the rung is not passed, or the row or the definition speaks against it; no such rung; no reason.
        StalePlan: the program or the rung has changed or ended since.
    """
    program = step.program
    version = claim(program, plan_version=plan_version)
    reason = given_reason(reason)
    ground = ground_of(program, at=at)
    overruled: list[str] = []
    if up:
        overruled = enforce(up_objections(step, verdict, ground, roles=roles), roles=roles, reason=reason)
    elif step.rung <= 1:
        raise first_rung()
    day = max(ground.today + ONE_DAY if up else ground.today, step.starts_on)
    rung = step.rung + 1 if up else step.rung - 1
    decision = write_decision(
        Decision.Kind.LADDER_UP if up else Decision.Kind.LADDER_DOWN,
        program=program,
        plan_version=version,
        reason=reason,
        rule_ids=[program.decision_row, *overruled],
        effective_on=day,
        by=by,
        at=at,
        details={**_about(step), "from": step.rung, "to": rung, "passed": up and verdict.is_passed},
    )
    _end(step, decision=decision, on=day)
    return _step(program, step.ladder, activity=step.activity, rung=rung, on=day, decision=decision)


@transaction.atomic
def end_ladder(
    *,
    step: LadderStep,
    verdict: RungVerdict,
    reason: str,
    plan_version: int,
    by: User,
    at: dt.datetime,
) -> Decision:
    """Take a ladder away, from today: it is reached, or it is not for this dog.

    Raises:
        NotAllowed: no reason was given.
        StalePlan: the program or the rung has changed or ended since.
    """
    program = step.program
    version = claim(program, plan_version=plan_version)
    today = program.patient.today(at)
    decision = write_decision(
        Decision.Kind.LADDER_END,
        program=program,
        plan_version=version,
        reason=given_reason(reason),
        rule_ids=[],
        effective_on=max(today, step.starts_on),
        by=by,
        at=at,
        details={**_about(step), "from": step.rung, "passed": verdict.is_passed},
    )
    _end(step, decision=decision, on=today)
    return decision


def first_rung() -> NotAllowed:
    """There is nothing below the first rung."""
    return refuse("RUNG_FIRST", _("This is the first rung. End the ladder to take it away."))


def _growth(program: Program, ground: Ground) -> list[Objection]:
    found = progress_objections(program, ground)
    if program.protocol is not None and program.protocol.progress_disabled:
        found.append(Objection(rule="NO_PROGRESS", text=no_progress_text(program), vet_may=True))
    return found


def _order_objections(ladder: Ladder, definition: ProblemDefinition) -> list[Objection]:
    order = definition.activity_order
    Order = ProblemDefinition.ActivityOrder  # noqa: N806 - a class
    if order in (Order.STRICT_REST, Order.ROOM_REST):
        return [Objection(rule="O5", text=_("Not while rest is ordered."), vet_may=order == Order.ROOM_REST)]
    if order == Order.LEASH_ONLY and ladder.slug in ladders.OFF_THE_LEAD:
        return [Objection(rule="ORDER", text=_("The signed order says: on the lead only."), vet_may=True)]
    return []


def _about(step: LadderStep) -> dict[str, str]:
    return {"ladder": step.ladder.slug, "name": step.ladder.name, "activity": step.activity}


def _end(step: LadderStep, *, decision: Decision, on: dt.date) -> None:
    if not end_ladder_steps(LadderStep.objects.filter(pk=step.pk), decision=decision, on=on):
        raise StalePlan


def _step(program: Program, ladder: Ladder, *, activity: str, rung: int, on: dt.date, decision: Decision) -> LadderStep:
    return LadderStep.objects.create(
        clinic_id=program.clinic_id,
        patient_id=program.patient_id,
        program=program,
        ladder=ladder,
        activity=activity,
        rung=rung,
        starts_on=on,
        started_by=decision,
    )
