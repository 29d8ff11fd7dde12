"""Changing one exercise of a program: adding it, removing it, or giving it another dose."""

import datetime as dt
from typing import Final

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from accounts.access import Role
from accounts.models import User
from rehab.library.models import Exercise
from rehab.programs.actions.ground import (
    gate_objections,
    ground_of,
    growth_objections,
    no_progress_text,
    refused_progress,
)
from rehab.programs.actions.items import Item, check_items
from rehab.programs.actions.refusals import enforce, given_reason, refuse
from rehab.programs.actions.writing import (
    claim,
    end_one,
    new_prescription,
    replace_prescription,
    write_decision,
)
from rehab.programs.dose import Dose, is_more_load
from rehab.programs.gate import Objection, role_allowed
from rehab.programs.models import Decision, Prescription, Program
from rehab.programs.wording import outside_text

ONE_DAY: Final = dt.timedelta(days=1)


@transaction.atomic
def add_exercise(
    *,
    program: Program,
    exercise: Exercise,
    dose: Dose,
    reason: str,
    plan_version: int,
    by: User,
    roles: frozenset[Role],
    at: dt.datetime,
    anchor: str = "",
    note: str = "",
) -> Prescription:
    """Add an exercise: care from today, what loads the dog from tomorrow.

    Raises:
        NotAllowed: the definition, the row, an overlay, the phase or the range speaks against it; or no reason.
        StalePlan: the program has changed or ended since.
    """
    version = claim(program, plan_version=plan_version)
    reason = given_reason(reason)
    ground = ground_of(program, at=at)
    if not role_allowed(ground.row.approver["assign"], roles):
        raise refuse(ground.row.id, _("Only a vet adds exercises for this kind of back pain."))
    starts_on = max(ground.today + ONE_DAY if exercise.load else ground.today, program.starts_on)
    here = Prescription.objects.filter(program=program).current()
    overruled = enforce(
        [
            *growth_objections(program, ground),
            *check_items(
                [Item(exercise=exercise, dose=dose, anchor=anchor, note=note)],
                definition=ground.definition,
                row=ground.row,
                profile=program.profile,
                phase=program.phase,
                on=starts_on,
                beside=[prescription.exercise for prescription in here.select_related("exercise")],
            ),
        ],
        roles=roles,
        reason=reason,
    )
    decision = write_decision(
        Decision.Kind.ADD,
        program=program,
        plan_version=version,
        reason=reason,
        rule_ids=[program.decision_row, *overruled],
        exercise=exercise,
        effective_on=starts_on,
        by=by,
        at=at,
    )
    last: int | None = here.aggregate(last=Max("position"))["last"]
    prescription = new_prescription(
        program=program,
        exercise=exercise,
        dose=dose,
        starts_on=starts_on,
        decision=decision,
        anchor=anchor,
        note=note,
        position=0 if last is None else last + 1,
    )
    prescription.save(force_insert=True)
    return prescription


@transaction.atomic
def remove_prescription(
    *, prescription: Prescription, reason: str, plan_version: int, by: User, at: dt.datetime
) -> Decision:
    """Take an exercise out of the program, from today.

    Raises:
        NotAllowed: no reason.
        StalePlan: the program has changed or ended since.
    """
    program = prescription.program
    version = claim(program, plan_version=plan_version)
    today = program.patient.today(at)
    decision = write_decision(
        Decision.Kind.REMOVE,
        program=program,
        plan_version=version,
        reason=given_reason(reason),
        rule_ids=[],
        exercise=prescription.exercise,
        effective_on=max(today, prescription.starts_on),
        by=by,
        at=at,
    )
    end_one(prescription, decision=decision, on=today)
    return decision


@transaction.atomic
def change_dose(
    *,
    prescription: Prescription,
    dose: Dose,
    reason: str,
    plan_version: int,
    by: User,
    roles: frozenset[Role],
    at: dt.datetime,
    anchor: str | None = None,
    note: str | None = None,
) -> Prescription:
    """Give the same exercise another dose, place in the day or note; less from today, more load from tomorrow.

    Raises:
        NotAllowed: nothing changes, the row or the range speaks against it, or no reason.
        StalePlan: the program has changed or ended since.
    """
    program, exercise = prescription.program, prescription.exercise
    version = claim(program, plan_version=plan_version)
    reason = given_reason(reason)
    old = Dose.from_json(prescription.dose)
    anchor = prescription.anchor if anchor is None else anchor
    note = prescription.note if note is None else note
    if (old, prescription.anchor, prescription.note) == (dose, anchor, note):
        raise refuse("SAME", _("Nothing was changed."))
    more = exercise.load > 0 and is_more_load(dose, old)
    ground = ground_of(program, at=at)
    found = _dose_change_objections(exercise, old=old, new=dose, more=more)
    if more:
        if not role_allowed(ground.row.approver["progress"], roles):
            raise refuse(ground.row.id, refused_progress(ground.row))
        found += growth_objections(program, ground)
        found += gate_objections(exercise, program, ground)
        if program.protocol is not None and program.protocol.progress_disabled:
            found.append(Objection(rule="NO_PROGRESS", text=no_progress_text(program), vet_may=True))
    overruled = enforce(found, roles=roles, reason=reason)
    return replace_prescription(
        prescription,
        kind=Decision.Kind.CHANGE_DOSE,
        version=version,
        exercise=exercise,
        dose=dose,
        anchor=anchor,
        note=note,
        reason=reason,
        rule_ids=[program.decision_row, *overruled],
        starts_on=ground.today + ONE_DAY if more else ground.today,
        by=by,
        at=at,
    )


def _dose_change_objections(exercise: Exercise, *, old: Dose, new: Dose, more: bool) -> list[Objection]:
    """What the change moves outside the range; a dose that is only more careful may go below it.

    Source: human_override. Care is different: washing less is not more careful, so its range binds both ways.
    """
    return [
        Objection(rule="RANGE", text=outside_text(outside), vet_may=True, about=exercise.name)
        for outside in new.within(exercise.dose_range)
        if getattr(old, outside.variable) != outside.value
        and (more or exercise.load == 0 or outside.value > outside.high)
    ]
