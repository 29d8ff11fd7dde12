"""Discharge: a decision of its own that ends treatment, begins the maintenance program and sets the checkpoints."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.access import Right, Role, allowed
from accounts.models import User
from rehab.library.models import Category, ProtocolPhase
from rehab.patients.decision_rows import Row
from rehab.patients.models import ProblemDefinition
from rehab.programs import maintenance
from rehab.programs.actions.assigning import (
    begin_program,
    check_start,
    lock_for_program,
    moving_on_objections,
    protocol_objections,
    row_to_assign_under,
)
from rehab.programs.actions.checkpoints import begin_maintenance, said_before
from rehab.programs.actions.episodes import begin_first_episode
from rehab.programs.actions.ground import Ground
from rehab.programs.actions.items import Item, check_items, check_whole, unlock_objections
from rehab.programs.actions.phasing import pace_of
from rehab.programs.actions.refusals import StalePlan, enforce, given_reason, refuse
from rehab.programs.gate import Objection, profile_of
from rehab.programs.models import Decision, Episode, Program

# What keeps a back steady. Source: 00_vocab.yaml, ``maintenance`` ("strength/stability items").
STRENGTH_AND_STABILITY: Final = frozenset({Category.BALANCE_STABILISATION.value, Category.CORE_STRENGTH.value})
ONE_DAY: Final = dt.timedelta(days=1)


@transaction.atomic
def discharge(
    *,
    program: Program,
    definition: ProblemDefinition,
    protocol_phase: ProtocolPhase,
    items: Sequence[Item],
    measures: Mapping[str, float],
    speaking: Sequence[Objection],
    reason: str,
    plan_version: int,
    by: User,
    roles: frozenset[Role],
    at: dt.datetime,
) -> Program:
    """End the program today and begin the maintenance program tomorrow; answers the latter.

    ``measures`` are what the dog is like now, with which every checkpoint is compared, its walks only as far as they go
    on; ``speaking`` is what the logs and the warning signs say against it, which only the layers above can read. A fixed
    number of statements.

    Raises:
        NotAllowed: a rule, a warning sign or an item speaks against it, or no reason was given.
        StalePlan: the program has changed or ended since it was seen.
    """
    if not allowed(Right.DISCHARGE, roles):
        raise refuse("VET", _("Only a vet discharges a dog into maintenance."))
    because = given_reason(reason)
    patient, before = lock_for_program(program.patient_id)
    if before is None or before.pk != program.pk or before.ended_at is not None or before.plan_version != plan_version:
        raise StalePlan
    if before.paused_by_id is not None:
        raise refuse("PAUSED", _("The program is paused. Resume it first; then it can be changed."))
    today = patient.today(at)
    starts_on = max(today + ONE_DAY, before.starts_on)
    row = row_to_assign_under(definition, patient=patient, roles=roles, on=today)
    check_start(starts_on, today=today, definition=definition)
    overruled = enforce(
        [
            *speaking,
            *check_discharge(
                items,
                definition=definition,
                row=row,
                protocol_phase=protocol_phase,
                starts_on=starts_on,
                roles=roles,
                before=before,
            ),
        ],
        roles=roles,
        reason=because,
    )
    measures = maintenance.as_prescribed(measures, _walks(items))
    begin_first_episode(patient, on=before.starts_on, at=at)
    episode = Episode.objects.standing().filter(patient=patient).newest_first().select_for_update()[0]
    if episode.because == Episode.Because.RECURRENCE and episode.opened_at > (definition.signed_at or at):
        # The pain came back in this very moment: the next episode is none to end before a vet has looked at it.
        raise StalePlan
    earlier = said_before(episode)
    details: dict[str, Any] = {"from": before.phase, "measures": dict(measures)}
    if earlier:
        details["checkpoints_before"] = earlier
    started, decision = begin_program(
        Decision.Kind.DISCHARGE,
        patient=patient,
        definition=definition,
        row=row,
        protocol_phase=protocol_phase,
        items=items,
        starts_on=starts_on,
        reason=because,
        overruled=overruled,
        replaced=before,
        by=by,
        at=at,
        profile=profile_in_maintenance(row, before),
        details=details,
    )
    begin_maintenance(episode, decision=decision, discharged_on=today, measures=measures)
    return started


def _walks(items: Sequence[Item]) -> list[tuple[float, int]]:
    """Minutes of one day and weekdays of each walk."""
    return [
        (item.dose.minutes_per_time * item.dose.times_per_day, item.dose.weekdays)
        for item in items
        if item.exercise.slug in maintenance.WALKS and item.dose.part_of not in maintenance.WALKS
    ]


def profile_in_maintenance(row: Row, before: Program) -> str:
    """Whose limits hold: those of before, or the row's where these are more careful (``profile: inherit``)."""
    return profile_of(row, protocol_profile=before.profile)


def check_discharge(
    items: Sequence[Item],
    *,
    definition: ProblemDefinition,
    row: Row,
    protocol_phase: ProtocolPhase,
    starts_on: dt.date,
    roles: frozenset[Role],
    before: Program,
) -> list[Objection]:
    """Everything that speaks against these items as the dog's maintenance, but for what was logged."""
    profile = profile_in_maintenance(row, before)
    return [
        *protocol_objections(protocol_phase, row=row, roles=roles, clinic_id=before.clinic_id),
        *moving_on_objections(definition=definition, row=row, roles=roles, before=before),
        *check_items(items, definition=definition, row=row, profile=profile, phase=protocol_phase.code, on=starts_on),
        *check_whole(items, definition=definition, row=row, on=starts_on),
        *unlock_objections(items, protocol_phase=protocol_phase),
        *pace_of(items, before, Ground(definition=definition, row=row, today=starts_on - ONE_DAY), on=starts_on),
        *_strength_objections(items),
    ]


def _strength_objections(items: Sequence[Item]) -> list[Objection]:
    """At least two items of strength or stability, on two days a week each (00_vocab.yaml, ``maintenance``)."""
    terms = maintenance.terms()
    kept = [
        item
        for item in items
        if item.exercise.category in STRENGTH_AND_STABILITY and item.dose.weekdays.bit_count() >= terms.least_days
    ]
    if len(kept) >= terms.items:
        return []
    text = ngettext(
        "%(n)d item of strength or stability on %(least)d to %(most)d days a week; maintenance keeps at least %(items)d.",
        "%(n)d items of strength or stability on %(least)d to %(most)d days a week; maintenance keeps at least %(items)d.",
        len(kept),
    ) % {"n": len(kept), "least": terms.least_days, "most": terms.most_days, "items": terms.items}
    return [Objection(rule="MAINTENANCE", text=text, vet_may=True)]
