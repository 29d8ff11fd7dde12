"""Writing a decision: the version that makes it safe to send twice, the record, and the prescriptions it moves."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import F, Value
from django.db.models.functions import Greatest
from django.utils.translation import gettext as _

from accounts.models import User, record
from rehab.library.models import Exercise
from rehab.programs.actions.refusals import StalePlan, refuse
from rehab.programs.dose import Dose
from rehab.programs.models import (
    Decision,
    LadderStep,
    LadderStepQuerySet,
    Prescription,
    PrescriptionQuerySet,
    Program,
)


def claim(program: Program, *, plan_version: int, even_paused: bool = False) -> int:
    """Take the next version of the plan, for this transaction alone; the row stays locked until it ends.

    Raises:
        NotAllowed: the program is paused, so nothing of it changes before somebody resumes it.
        StalePlan: the program has ended or has moved on from the version that the person saw.
    """
    as_seen = Program.objects.open().filter(pk=program.pk, plan_version=plan_version)
    claimable = as_seen if even_paused else as_seen.filter(paused_by=None)
    if claimable.update(plan_version=F("plan_version") + 1):
        return plan_version + 1
    if as_seen.exists():
        raise refuse("PAUSED", _("The program is paused. Resume it first; then it can be changed."))
    raise StalePlan


def write_decision(
    kind: Decision.Kind,
    *,
    program: Program,
    plan_version: int,
    reason: str,
    rule_ids: Sequence[str],
    effective_on: dt.date,
    by: User,
    at: dt.datetime,
    exercise: Exercise | None = None,
    details: Mapping[str, Any] | None = None,
) -> Decision:
    """Write the decision and its audit event; call it inside the transaction that claimed the version."""
    decision = Decision.objects.create(
        clinic_id=program.clinic_id,
        patient_id=program.patient_id,
        program=program,
        kind=kind,
        plan_version=plan_version,
        reason=reason,
        rule_ids=list(dict.fromkeys(rule_ids)),
        exercise=exercise,
        details=dict(details or {}),
        effective_on=effective_on,
        decided_by=by,
        decided_at=at,
    )
    record(
        f"program.{kind}",
        subject=decision,
        by=by,
        at=at,
        clinic_id=program.clinic_id,
        program=str(program.pk),
        plan_version=plan_version,
        rules=decision.rule_ids,
    )
    return decision


def end_prescriptions(prescriptions: PrescriptionQuerySet, *, decision: Decision, on: dt.date) -> int:
    """End what is still current, on that day or on the day it would have started; answers how many."""
    return prescriptions.current().update(ends_on=Greatest(F("starts_on"), Value(on)), ended_by=decision)


def end_ladder_steps(steps: LadderStepQuerySet, *, decision: Decision, on: dt.date) -> int:
    """The same for the rungs of ladders in use."""
    return steps.current().update(ends_on=Greatest(F("starts_on"), Value(on)), ended_by=decision)


def end_everything(program: Program, *, decision: Decision, on: dt.date) -> None:
    """End all that the program still prescribes: its exercises and its ladders."""
    end_prescriptions(Prescription.objects.filter(program=program), decision=decision, on=on)
    end_ladder_steps(LadderStep.objects.filter(program=program), decision=decision, on=on)


def new_prescription(
    *,
    program: Program,
    exercise: Exercise,
    dose: Dose,
    starts_on: dt.date,
    decision: Decision,
    anchor: str,
    note: str,
    position: int,
    aim: str = "",
) -> Prescription:
    """A prescription, not yet saved, with what its dose says repeated where whole clinics are searched."""
    return Prescription(
        clinic_id=program.clinic_id,
        patient_id=program.patient_id,
        program=program,
        exercise=exercise,
        phase=program.phase,
        dose=dose.to_json(),
        times_per_day=dose.times_per_day,
        weekdays=dose.weekdays,
        is_one_off=dose.is_one_off,
        anchor=anchor,
        note=note,
        aim=aim,
        position=position,
        starts_on=starts_on,
        started_by=decision,
    )


def check_holds_no_part(prescription: Prescription) -> None:
    """What is done inside this exercise would be left without it.

    Raises:
        NotAllowed: another exercise of the program is done inside this one.
    """
    part = (
        Prescription.objects.filter(program=prescription.program_id, dose__within=prescription.exercise.slug)
        .current()
        .select_related("exercise")
        .first()
    )
    if part is not None:
        raise refuse(
            "PART",
            _("“%(part)s” is done inside it. Change or remove that one first.") % {"part": part.exercise.name},
        )


def end_one(prescription: Prescription, *, decision: Decision, on: dt.date) -> None:
    if not end_prescriptions(Prescription.objects.filter(pk=prescription.pk), decision=decision, on=on):
        raise StalePlan


def replace_prescription(
    prescription: Prescription,
    *,
    kind: Decision.Kind,
    version: int,
    exercise: Exercise,
    dose: Dose,
    anchor: str,
    note: str,
    reason: str,
    rule_ids: list[str],
    starts_on: dt.date,
    by: User,
    at: dt.datetime,
    details: Mapping[str, Any] | None = None,
    aim: str | None = None,
) -> Prescription:
    """End the prescription and start the next in its place, by one decision.

    Without an ``aim`` the same exercise goes on working on the same; what was said of it says nothing of another one.
    """
    if aim is None:
        aim = prescription.aim if exercise.slug == prescription.exercise.slug else ""
    # One that starts tomorrow gives way tomorrow: what it replaced already ends then and cannot be changed.
    starts_on = max(starts_on, prescription.starts_on)
    decision = write_decision(
        kind,
        program=prescription.program,
        plan_version=version,
        reason=reason,
        rule_ids=rule_ids,
        exercise=exercise,
        effective_on=starts_on,
        by=by,
        at=at,
        details=details,
    )
    end_one(prescription, decision=decision, on=starts_on)
    follower = new_prescription(
        program=prescription.program,
        exercise=exercise,
        dose=dose,
        starts_on=starts_on,
        decision=decision,
        anchor=anchor,
        note=note,
        position=prescription.position,
        aim=aim,
    )
    follower.save(force_insert=True)
    return follower
