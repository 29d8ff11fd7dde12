"""Approving steps ahead: up to which dose one exercise of a musculoskeletal plan grows by itself."""

import datetime as dt

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.access import Right, Role, allowed
from accounts.models import User, record
from rehab.programs.actions.ground import ground_of, no_progress_text, refused_progress
from rehab.programs.actions.refusals import StalePlan, refuse
from rehab.programs.dose import Dose, bounds
from rehab.programs.limits import raised
from rehab.programs.models import PreApproval, Prescription, Program


@transaction.atomic
def pre_approve(
    *,
    prescription: Prescription,
    up_to: Dose,
    plan_version: int,
    by: User,
    roles: frozenset[Role],
    at: dt.datetime,
) -> PreApproval:
    """Let the exercise grow by itself up to a dose, one step at a time, for as long as the rules find all of it good.

    Raises:
        NotAllowed: no vet, no musculoskeletal limits, a row or protocol without progress, or a dose that is not more
            than now or lies outside the range.
        StalePlan: the program has changed or ended since.
    """
    # The version is not claimed, because the plan does not change; the lock keeps two of them apart.
    program = (
        Program.objects.open()
        .select_for_update(of=("self",), no_key=True)
        .select_related("protocol", "patient", "definition")
        .filter(pk=prescription.program_id, plan_version=plan_version)
        .first()
    )
    if program is None or not Prescription.objects.current().filter(pk=prescription.pk).exists():
        raise StalePlan
    if not allowed(Right.LOOSEN, roles):
        raise refuse("VET", _("Only a vet approves steps ahead."))
    ground, exercise = ground_of(program, at=at), prescription.exercise
    if {program.profile, ground.row.profile} != {Program.Profile.MSK.value}:
        raise refuse("PROFILE", _("Steps are taken automatically only under musculoskeletal limits."))
    if ground.row.forbids_progress:
        raise refuse(ground.row.id, refused_progress(ground.row))
    if program.protocol is not None and program.protocol.progress_disabled:
        raise refuse("NO_PROGRESS", no_progress_text(program))
    if not prescription.has_steps:
        raise refuse("CARE", _("Care has no steps. Change the dose, or remove it."))
    if not raised(up_to, prescription.dosage):
        raise refuse("SAME", _("Say up to which dose, more than it is now."))
    within = bounds(exercise.dose_range)
    if up_to.within(exercise.dose_range) or any(name not in within for name in raised(up_to, prescription.dosage)):
        raise refuse("RANGE", _("It must lie inside the range of the exercise."))
    end_pre_approvals(prescription, by=by, at=at)
    made: PreApproval = PreApproval.objects.create(
        clinic_id=program.clinic_id,
        patient_id=program.patient_id,
        program=program,
        exercise=exercise,
        up_to=up_to.to_json(),
        approved_by=by,
        approved_at=at,
    )
    record(
        "program.pre_approved",
        subject=made,
        by=by,
        at=at,
        clinic_id=program.clinic_id,
        program=str(program.pk),
        exercise=exercise.slug,
    )
    return made


@transaction.atomic
def end_pre_approvals(prescription: Prescription, *, by: User, at: dt.datetime) -> int:
    """From now on a person decides each step of the exercise again; answers how many approvals that ended."""
    found = list(
        PreApproval.objects.open()
        .filter(program=prescription.program_id, exercise__slug=prescription.exercise.slug)
        .select_for_update(of=("self",))
    )
    for one in found:
        one.ended_by, one.ended_at = by, at
        one.save(update_fields=["ended_by", "ended_at"])
        record(
            "program.pre_approval_ended",
            subject=one,
            by=by,
            at=at,
            clinic_id=one.clinic_id,
            program=str(one.program_id),
        )
    return len(found)
