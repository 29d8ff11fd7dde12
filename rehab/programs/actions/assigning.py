"""Assigning a program from a signed definition, and ending one."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.access import Role
from accounts.models import User
from rehab.library.models import Phase, ProtocolPhase
from rehab.patients.decision_rows import Row
from rehab.patients.models import Patient, ProblemDefinition
from rehab.patients.queries import current_definition
from rehab.programs.actions.items import Item, check_items
from rehab.programs.actions.refusals import StalePlan, enforce, given_reason, refuse
from rehab.programs.actions.writing import claim, end_prescriptions, new_prescription, write_decision
from rehab.programs.gate import (
    Objection,
    profile_of,
    re_exam_objections,
    role_allowed,
    row_of,
    unmet_of_the_row,
)
from rehab.programs.models import Decision, Prescription, Program

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
    # The lock makes two vets who assign at once queue up; the second then sees the first one's program.
    patient = Patient.objects.select_for_update().get(pk=definition.patient_id)
    replaced = Program.objects.open().filter(patient=patient).first()
    if seen is not None and (seen.program_id, seen.plan_version) != (
        (replaced.pk, replaced.plan_version) if replaced else (None, None)
    ):
        raise StalePlan
    row = _row_to_assign_under(definition, patient=patient, roles=roles, on=patient.today(at))
    protocol = protocol_phase.protocol if protocol_phase else None
    phase = protocol_phase.code if protocol_phase else row.start_phase
    profile = profile_of(row, protocol_profile=protocol.profile if protocol else "")
    _check_start(starts_on, today=patient.today(at))
    overruled = enforce(
        [
            *_protocol_objections(protocol_phase, row=row, roles=roles, clinic_id=patient.clinic_id),
            *check_items(items, definition=definition, row=row, profile=profile, phase=phase, on=starts_on),
        ],
        roles=roles,
        reason=reason,
    )
    if replaced is not None:
        _end(
            replaced,
            plan_version=replaced.plan_version,
            reason=reason.strip() or _("Replaced by the next program."),
            on=starts_on,
            by=by,
            at=at,
        )
    program = Program.objects.create(
        clinic_id=patient.clinic_id,
        patient=patient,
        definition=definition,
        protocol=protocol,
        decision_row=row.id,
        profile=profile,
        phase=phase,
        phase_name=protocol_phase.name if protocol_phase else str(Phase(phase).label),
        phase_started_on=starts_on,
        starts_on=starts_on,
        created_by=by,
        created_at=at,
    )
    decision = write_decision(
        Decision.Kind.ASSIGN,
        program=program,
        plan_version=program.plan_version,
        reason=given_reason(reason) if reason.strip() else "",
        rule_ids=[row.id, *overruled],
        effective_on=starts_on,
        by=by,
        at=at,
    )
    Prescription.objects.bulk_create(
        new_prescription(
            program=program,
            exercise=item.exercise,
            dose=item.dose,
            starts_on=starts_on,
            decision=decision,
            anchor=item.anchor,
            note=item.note,
            position=position,
        )
        for position, item in enumerate(items)
    )
    return program


@transaction.atomic
def end_program(*, program: Program, reason: str, plan_version: int, by: User, at: dt.datetime) -> Decision:
    """End the program today; nothing is due from today on.

    Raises:
        NotAllowed: no reason was given.
        StalePlan: the program has changed or ended since.
    """
    return _end(
        program,
        plan_version=plan_version,
        reason=given_reason(reason),
        on=program.patient.today(at),
        by=by,
        at=at,
    )


def _end(program: Program, *, plan_version: int, reason: str, on: dt.date, by: User, at: dt.datetime) -> Decision:
    version = claim(program, plan_version=plan_version)
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
    end_prescriptions(Prescription.objects.filter(program=program), decision=decision, on=on)
    Program.objects.filter(pk=program.pk).update(ended_at=at)
    return decision


def _row_to_assign_under(
    definition: ProblemDefinition, *, patient: Patient, roles: frozenset[Role], on: dt.date
) -> Row:
    if not definition.is_signed:
        raise refuse("GATE_A", _("A vet must sign the problem definition first."))
    newest = current_definition(patient.pk)
    if newest is None or newest.pk != definition.pk:
        raise refuse("GATE_A", _("A newer problem definition has been signed. Start again from that one."))
    row = row_of(definition)
    if not role_allowed(row.approver["assign"], roles):
        raise refuse(row.id, _("Only a vet assigns a program for this kind of back pain."))
    enforce(
        [*re_exam_objections(definition, on=on), *unmet_of_the_row(definition, row)],
        roles=roles,
        reason="",
    )
    return row


def _check_start(starts_on: dt.date, *, today: dt.date) -> None:
    if not today <= starts_on <= today + dt.timedelta(days=LATEST_START_DAYS):
        raise refuse(
            "START",
            _("The program starts today or within the next %(days)d days.") % {"days": LATEST_START_DAYS},
        )


def _protocol_objections(
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
