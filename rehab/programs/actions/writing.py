"""Writing a decision: the version that makes it safe to send twice, the record, and the prescriptions it moves."""

import datetime as dt
from collections.abc import Sequence

from django.db.models import F, Value
from django.db.models.functions import Greatest

from accounts.models import User, record
from rehab.library.models import Exercise
from rehab.programs.actions.refusals import StalePlan
from rehab.programs.dose import Dose
from rehab.programs.models import Decision, Prescription, PrescriptionQuerySet, Program


def claim(program: Program, *, plan_version: int) -> int:
    """Take the next version of the plan, for this transaction alone; the row stays locked until it ends.

    Raises:
        StalePlan: the program has ended or has moved on from the version that the person saw.
    """
    taken = (
        Program.objects.open()
        .filter(pk=program.pk, plan_version=plan_version)
        .update(plan_version=F("plan_version") + 1)
    )
    if not taken:
        raise StalePlan
    return plan_version + 1


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
        position=position,
        starts_on=starts_on,
        started_by=decision,
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
) -> Prescription:
    """End the prescription and start the next in its place, by one decision."""
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
    )
    follower.save(force_insert=True)
    return follower
