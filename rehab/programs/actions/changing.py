"""Changing one exercise of a program: adding it, removing it, or giving it another dose."""

import datetime as dt
from collections.abc import Sequence
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
    load_objections,
    new_objections,
    no_progress_text,
    other_objections,
    pace_objections,
    progress_objections,
    recent_of,
    refused_progress,
)
from rehab.programs.actions.items import Item, check_items, details_of, half_rule_objections
from rehab.programs.actions.refusals import enforce, given_reason, refuse
from rehab.programs.actions.stepping import beside
from rehab.programs.actions.teaching import teach_objections
from rehab.programs.actions.writing import (
    check_holds_no_part,
    claim,
    end_one,
    new_prescription,
    replace_prescription,
    write_decision,
)
from rehab.programs.dose import Dose, is_more_load
from rehab.programs.gate import Objection, role_allowed
from rehab.programs.models import Decision, Prescription, Program
from rehab.programs.schedule import first_day_of
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
    aim: str = "",
    against: Sequence[Objection] = (),
) -> Prescription:
    """Add an exercise: care from today, what loads the dog from tomorrow. ``against`` is what else speaks against it.

    Raises:
        NotAllowed: the definition, the row, an overlay, the phase or the range speaks against it; or no reason.
        StalePlan: the program has changed or ended since.
    """
    version = claim(program, plan_version=plan_version)
    reason = given_reason(reason)
    ground = ground_of(program, at=at)
    if not role_allowed(ground.row.approver["assign"], roles):
        raise refuse(ground.row.id, _("Only a vet adds exercises for this kind of back pain."))
    starts_on = max(
        ground.today + ONE_DAY if exercise.load else ground.today,
        first_day_of(dose.from_week, starts_on=program.starts_on),
    )
    here = Prescription.objects.filter(program=program).current()
    prescribed = list(here.select_related("exercise").order_by("position", "pk"))
    new = Item(exercise=exercise, dose=dose, anchor=anchor, note=note, aim=aim)
    recent = recent_of(program.patient_id, on=starts_on)
    one_at_a_time = exercise.is_active and ground.row.limits.one_variable_at_a_time
    overruled = enforce(
        [
            *growth_objections(program, ground),
            *check_items(
                [new],
                definition=ground.definition,
                row=ground.row,
                profile=program.profile,
                phase=program.phase,
                on=starts_on,
                beside=[prescription.exercise for prescription in prescribed],
            ),
            *half_rule_objections(
                [*map(Item.of, prescribed), new], definition=ground.definition, row=ground.row, added=new
            ),
            *new_objections([exercise], row=ground.row, recent=recent, on=starts_on),
            *load_objections(exercise, dose, row=ground.row, recent=recent, on=starts_on),
            *(other_objections(exercise.slug, program, recent=recent, on=starts_on) if one_at_a_time else ()),
            *against,
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
        details=details_of(overruled),
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
        aim=aim,
        position=0 if last is None else last + 1,
    )
    prescription.save(force_insert=True)
    return prescription


@transaction.atomic
def remove_prescription(
    *, prescription: Prescription, reason: str, plan_version: int, by: User, at: dt.datetime
) -> Decision:
    """Take an exercise out of the program, from today.

    Stopping is always allowed; where what is left breaks the half rule of secondary pain, the decision says so.

    Raises:
        NotAllowed: no reason, or another exercise is done inside it.
        StalePlan: the program has changed or ended since.
    """
    program = prescription.program
    version = claim(program, plan_version=plan_version)
    check_holds_no_part(prescription)
    ground = ground_of(program, at=at)
    today = ground.today
    here = Prescription.objects.filter(program=program).current().exclude(pk=prescription.pk)
    left = [Item.of(one) for one in here.select_related("exercise").order_by("position", "pk")]
    short = half_rule_objections(left, definition=ground.definition, row=ground.row)
    decision = write_decision(
        Decision.Kind.REMOVE,
        program=program,
        plan_version=version,
        reason=given_reason(reason),
        rule_ids=[objection.rule for objection in short],
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
    against: Sequence[Objection] = (),
    follows: Sequence[str] = (),
) -> Prescription:
    """Give the same exercise another dose, place in the day or note; less from today, more load from tomorrow.

    ``against`` is what else speaks against it, ``follows`` the rules that suggested it.

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
    if dose.part_of is not None and dose.part_of != old.part_of:
        found += _host_objections(prescription, host=dose.part_of)
    starts_on = ground.today + ONE_DAY if more else ground.today
    if more:
        if not role_allowed(ground.row.approver["progress"], roles):
            raise refuse(ground.row.id, refused_progress(ground.row))
        found += progress_objections(program, ground)
        found += gate_objections(exercise, program, ground)
        found += teach_objections(exercise, program)
        recent = recent_of(program.patient_id, on=starts_on)
        found += load_objections(exercise, dose, row=ground.row, recent=recent, on=starts_on)
        found += pace_objections(prescription, dose, ground=ground, recent=recent, on=starts_on)
        if program.protocol is not None and program.protocol.progress_disabled:
            found.append(Objection(rule="NO_PROGRESS", text=no_progress_text(program), vet_may=True))
    overruled = enforce(beside(found, against), roles=roles, reason=reason)
    return replace_prescription(
        prescription,
        kind=Decision.Kind.CHANGE_DOSE,
        version=version,
        exercise=exercise,
        dose=dose,
        anchor=anchor,
        note=note,
        reason=reason,
        rule_ids=[program.decision_row, *follows, *overruled],
        starts_on=starts_on,
        by=by,
        at=at,
        details=details_of(overruled),
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


def _host_objections(prescription: Prescription, *, host: str) -> list[Objection]:
    """An exercise is done inside another of the same program, which stands by itself."""
    hosts = Prescription.objects.filter(program=prescription.program_id, exercise__slug=host).current()
    if host != prescription.exercise.slug and any(one.dosage.part_of is None for one in hosts):
        return []
    return [
        Objection(
            rule="PART",
            text=_("It is part of an exercise that is not in the program. Add that one, or give it a time of its own."),
            about=prescription.exercise.name,
        )
    ]
