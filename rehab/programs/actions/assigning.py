"""Assigning a program from a signed definition, and ending one."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.access import Role
from accounts.models import User
from rehab.library.models import ProtocolPhase
from rehab.patients.decision_rows import Row
from rehab.patients.models import Patient, ProblemDefinition
from rehab.patients.wording import died_text
from rehab.programs.actions.checkpoints import leave_maintenance
from rehab.programs.actions.episodes import begin_first_episode
from rehab.programs.actions.ground import load_objections, no_progress_text, recent_of
from rehab.programs.actions.items import Item, check_items, check_whole, details_of, unlock_objections
from rehab.programs.actions.refusals import StalePlan, enforce, given_reason, refuse
from rehab.programs.actions.writing import claim, end_everything, new_prescription, write_decision
from rehab.programs.gate import (
    Objection,
    gate_b,
    profile_of,
    re_exam_objections,
    role_allowed,
    row_of,
    unmet_of_the_row,
)
from rehab.programs.models import Decision, Prescription, Program
from rehab.programs.phase_names import phase_name
from rehab.programs.resetting import came_back_text, current_with_reset, reset_by
from rehab.programs.schedule import first_day_of

LATEST_START_DAYS: Final = 60


@dataclass(frozen=True, kw_only=True)
class Seen:
    """The open program that the person saw when they decided to replace it; ``None`` where there was none."""

    program_id: UUID | None
    plan_version: int | None


@transaction.atomic
def assign_program(
    *,
    definition: ProblemDefinition,
    protocol_phase: ProtocolPhase | None,
    items: Sequence[Item],
    starts_on: dt.date,
    by: User,
    roles: frozenset[Role],
    at: dt.datetime,
    reason: str = "",
    seen: Seen | None = None,
) -> Program:
    """Give the dog a program under its newest signed definition; the open one, if any, ends as this one begins.

    Without a protocol phase the items are the prescriber's own choice, at the phase in which the row starts.

    Raises:
        NotAllowed: the definition, the row, an overlay, the phase or a range speaks against it.
        StalePlan: the open program is not the one that was ``seen``, or not in that version.
    """
    patient, before = lock_for_program(definition.patient_id)
    replaced = before if before is not None and before.ended_at is None else None
    if seen is not None and (seen.program_id, seen.plan_version) != (
        (replaced.pk, replaced.plan_version) if replaced else (None, None)
    ):
        raise StalePlan
    row = row_to_assign_under(definition, patient=patient, roles=roles, on=patient.today(at))
    check_start(starts_on, today=patient.today(at), definition=definition)
    overruled = enforce(
        check_program(
            items,
            definition=definition,
            row=row,
            protocol_phase=protocol_phase,
            starts_on=starts_on,
            roles=roles,
            clinic_id=patient.clinic_id,
            before=before,
        ),
        roles=roles,
        reason=reason,
    )
    program, _decision = begin_program(
        Decision.Kind.ASSIGN,
        patient=patient,
        definition=definition,
        row=row,
        protocol_phase=protocol_phase,
        items=items,
        starts_on=starts_on,
        reason=given_reason(reason) if reason.strip() else "",
        overruled=overruled,
        replaced=replaced,
        by=by,
        at=at,
    )
    if before is not None:
        leave_maintenance(program, by=by, at=at)
    return program


def lock_for_program(patient_id: UUID) -> tuple[Patient, Program | None]:
    """The dog, and its open or last program, for this transaction alone.

    The lock makes two vets who assign at once queue up; the second then sees the first one's program.
    """
    patient = Patient.objects.select_for_update(no_key=True).get(pk=patient_id)
    return patient, program_before(patient.pk)


def begin_program(
    kind: Decision.Kind,
    *,
    patient: Patient,
    definition: ProblemDefinition,
    row: Row,
    protocol_phase: ProtocolPhase | None,
    items: Sequence[Item],
    starts_on: dt.date,
    reason: str,
    overruled: Sequence[str],
    replaced: Program | None,
    by: User,
    at: dt.datetime,
    profile: str = "",
    details: Mapping[str, Any] | None = None,
) -> tuple[Program, Decision]:
    """Begin the program that was checked, by a decision of that kind, and end the one that it replaces.

    ``profile`` is whose limits to work with, where that is not for the row and the protocol to say.

    Raises:
        StalePlan: the program to replace has changed or ended since it was read.
    """
    protocol = protocol_phase.protocol if protocol_phase else None
    phase = protocol_phase.code if protocol_phase else row.start_phase
    if replaced is not None:
        _end(
            replaced,
            plan_version=replaced.plan_version,
            reason=reason or _("Replaced by the next program."),
            on=starts_on,
            by=by,
            at=at,
        )
    begin_first_episode(patient, on=starts_on, at=at)
    program = Program.objects.create(
        clinic_id=patient.clinic_id,
        patient=patient,
        definition=definition,
        protocol=protocol,
        decision_row=row.id,
        profile=profile or profile_of(row, protocol_profile=protocol.profile if protocol else ""),
        phase=phase,
        phase_name=phase_name(phase, protocol_phase),
        phase_started_on=starts_on,
        starts_on=starts_on,
        created_by=by,
        created_at=at,
    )
    decision = write_decision(
        kind,
        program=program,
        plan_version=program.plan_version,
        reason=reason,
        rule_ids=[row.id, *overruled],
        effective_on=starts_on,
        by=by,
        at=at,
        details={**details_of(overruled), **(details or {})},
    )
    Prescription.objects.bulk_create(
        _prescription(item, program=program, decision=decision, position=position)
        for position, item in enumerate(items)
    )
    return program, decision


def check_program(
    items: Sequence[Item],
    *,
    definition: ProblemDefinition,
    row: Row,
    protocol_phase: ProtocolPhase | None,
    starts_on: dt.date,
    roles: frozenset[Role],
    clinic_id: UUID,
    before: Program | None,
) -> list[Objection]:
    """Everything that speaks against these items as the dog's program, but for the state of the definition itself.

    ``before`` is the program that the dog has, or had last: a later phase than its own is a move on.
    """
    phase = protocol_phase.code if protocol_phase else row.start_phase
    profile = profile_of(row, protocol_profile=protocol_phase.protocol.profile if protocol_phase else "")
    return [
        *protocol_objections(protocol_phase, row=row, roles=roles, clinic_id=clinic_id),
        *check_items(items, definition=definition, row=row, profile=profile, phase=phase, on=starts_on),
        *check_whole(items, definition=definition, row=row, on=starts_on),
        *unlock_objections(items, protocol_phase=protocol_phase),
        *_later_objections(items, definition=definition, row=row, phase=phase, roles=roles, before=before),
        *_growth_objections(items, row=row, before=before, on=starts_on),
    ]


def program_before(patient_id: UUID) -> Program | None:
    """The dog's open program, else the one that ended last."""
    programs = Program.objects.filter(patient=patient_id).select_related("protocol")
    return programs.order_by(F("ended_at").desc(nulls_first=True), "-created_at", "-pk").first()


def _later_objections(
    items: Sequence[Item],
    *,
    definition: ProblemDefinition,
    row: Row,
    phase: str,
    roles: frozenset[Role],
    before: Program | None,
) -> list[Objection]:
    """What a start beyond the row's own phase, or beyond the phase that the dog was in, has to answer.

    A first program at the row's phase answers nothing here, nor one at the phase of another row than before.
    """
    if before is None:
        return _load_to_start_with(items, row) if phase > row.start_phase else []
    starts_anew = row.id != before.decision_row and phase <= row.start_phase
    if phase <= before.phase or starts_anew:
        return []
    return [
        *moving_on_objections(definition=definition, row=row, roles=roles, before=before),
        *([] if row.forbids_progress else [_unweighed()]),
        *_load_to_start_with(items, row),
    ]


def moving_on_objections(
    *, definition: ProblemDefinition, row: Row, roles: frozenset[Role], before: Program
) -> list[Objection]:
    """The same that a move of the phase asks for, but for the criteria: the logs are only weighed there."""
    if row.forbids_progress:
        return [Objection(rule=row.id, text=_("Nobody moves on while the kind of back pain is undetermined."))]
    found = []
    if not role_allowed(row.approver["phase_change"], roles):
        text = _("Only a vet moves on to a later phase with this kind of back pain.")
        found.append(Objection(rule=row.id, text=text))
    found += gate_b(definition)
    if before.protocol is not None and before.protocol.progress_disabled:
        found.append(Objection(rule="NO_PROGRESS", text=no_progress_text(before), vet_may=True))
    return found


def _unweighed() -> Objection:
    text = _(
        "Moving on is for the phase page, which weighs the criteria; to assign a later phase here, a vet gives the reason."
    )
    return Objection(rule="CRITERIA", text=text, vet_may=True)


def _load_to_start_with(items: Sequence[Item], row: Row) -> list[Objection]:
    """Items above the load with which the row lets a program start (start_load_level_max)."""
    highest = row.limits.start_load_level_max
    return [
        Objection(
            rule="START_LOAD",
            text=_("Load level %(load)d; a program for this kind of back pain starts with up to %(highest)d.")
            % {"load": item.exercise.load, "highest": highest},
            vet_may=True,
            about=item.exercise.name,
        )
        for item in items
        if item.exercise.load > highest
    ]


def _growth_objections(items: Sequence[Item], *, row: Row, before: Program | None, on: dt.date) -> list[Objection]:
    """What the dog has already goes on in the next program at a dose within the row's limits of growth (H9)."""
    if before is None or before.ended_at is not None:
        return []
    recent = recent_of(before.patient_id, on=on)
    return [
        objection
        for item in items
        for objection in load_objections(item.exercise, item.dose, row=row, recent=recent, on=on)
    ]


def starts_of(item: Item, *, program_starts_on: dt.date) -> dt.date:
    """The day on which the item begins: with the program, or with the week of it that its dose names."""
    return first_day_of(item.dose.from_week, starts_on=program_starts_on)


def _prescription(item: Item, *, program: Program, decision: Decision, position: int) -> Prescription:
    """The prescription, not yet saved."""
    return new_prescription(
        program=program,
        exercise=item.exercise,
        dose=item.dose,
        starts_on=starts_of(item, program_starts_on=program.starts_on),
        decision=decision,
        anchor=item.anchor,
        note=item.note,
        aim=item.aim,
        position=position,
    )


@transaction.atomic
def end_program(
    *, program: Program, reason: str, plan_version: int, by: User, at: dt.datetime, on: dt.date | None = None
) -> Decision:
    """End the program today, or ``on`` an earlier day, also a paused one; nothing is due from that day on.

    Raises:
        NotAllowed: no reason was given.
        StalePlan: the program has changed or ended since.
    """
    return _end(
        program,
        plan_version=plan_version,
        reason=given_reason(reason),
        on=on or program.patient.today(at),
        by=by,
        at=at,
    )


def _end(program: Program, *, plan_version: int, reason: str, on: dt.date, by: User, at: dt.datetime) -> Decision:
    version = claim(program, plan_version=plan_version, even_paused=True)
    decision = write_decision(
        Decision.Kind.END,
        program=program,
        plan_version=version,
        reason=reason,
        rule_ids=[],
        effective_on=on,
        by=by,
        at=at,
    )
    end_everything(program, decision=decision, on=on)
    Program.objects.filter(pk=program.pk).update(ended_at=at)
    return decision


def row_to_assign_under(definition: ProblemDefinition, *, patient: Patient, roles: frozenset[Role], on: dt.date) -> Row:
    if patient.died_on is not None:
        raise refuse("DIED", died_text(patient))
    if not definition.is_signed:
        raise refuse("GATE_A", _("A vet must sign the problem definition first."))
    if definition.clinic_id != patient.clinic_id:
        raise refuse(
            "GATE_A", _("This problem definition is not of the dog’s clinic. Start again from the dog’s own one.")
        )
    newest = current_with_reset(patient.pk)
    if newest is None or newest.pk != definition.pk:
        raise refuse("GATE_A", _("A newer problem definition has been signed. Start again from that one."))
    if (came_back := reset_by(newest)) is not None:
        raise refuse("GATE_A", came_back_text(came_back))
    row = row_of(definition)
    if not role_allowed(row.approver["assign"], roles):
        raise refuse(row.id, _("Only a vet assigns a program for this kind of back pain."))
    enforce(
        [*re_exam_objections(definition, on=on), *unmet_of_the_row(definition, row)],
        roles=roles,
        reason="",
    )
    return row


def check_start(starts_on: dt.date, *, today: dt.date, definition: ProblemDefinition) -> None:
    if not today <= starts_on <= today + dt.timedelta(days=LATEST_START_DAYS):
        raise refuse(
            "START",
            _("The program starts today or within the next %(days)d days.") % {"days": LATEST_START_DAYS},
        )
    due = definition.re_exam_due_on
    if due is not None and starts_on > due:
        raise refuse(
            "O7",
            _("The re-examination is due on %(day)s. Start the program by then, or examine the dog first.")
            % {"day": date_format(due)},
        )


def protocol_objections(
    protocol_phase: ProtocolPhase | None, *, row: Row, roles: frozenset[Role], clinic_id: UUID
) -> list[Objection]:
    if protocol_phase is None:
        return []
    protocol = protocol_phase.protocol
    if protocol.clinic_id not in (None, clinic_id) or protocol.superseded_at is not None:
        return [Objection(rule="PROTOCOL", text=_("This protocol is no longer offered. Choose again."))]
    if row.id not in protocol.rows:
        return [
            Objection(
                rule=row.id,
                text=_("The protocol “%(protocol)s” is not for this kind of back pain.") % {"protocol": protocol.name},
            )
        ]
    if protocol_phase.code > row.start_phase and not role_allowed(row.approver["phase_change"], roles):
        return [
            Objection(
                rule=row.id,
                text=_("Only a vet starts later than phase %(phase)s.") % {"phase": row.start_phase},
            )
        ]
    return []
