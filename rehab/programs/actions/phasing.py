"""Moving a program to another phase. A person decides; the criteria only say what the data show."""

import datetime as dt
from collections.abc import Sequence
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.access import Role
from accounts.models import User
from rehab.library.models import Phase, ProtocolPhase
from rehab.programs.actions.ground import (
    Ground,
    ground_of,
    load_objections,
    new_objections,
    no_progress_text,
    progress_objections,
    recent_of,
)
from rehab.programs.actions.items import Item, check_items, check_whole, details_of, unlock_objections
from rehab.programs.actions.refusals import enforce, given_reason, refuse
from rehab.programs.actions.writing import (
    claim,
    end_ladder_steps,
    end_prescriptions,
    new_prescription,
    write_decision,
)
from rehab.programs.criteria import SIGNATURE, Criterion, Reading, Series, Verdict, evaluate, parse
from rehab.programs.dose import is_more_load
from rehab.programs.gate import Objection, hold_objections, role_allowed
from rehab.programs.ladders import first_phase
from rehab.programs.models import Decision, LadderStep, Prescription, Program
from rehab.programs.phase_names import phase_name
from rehab.programs.phase_wording import unmet_text

ONE_DAY: Final = dt.timedelta(days=1)


def phases_of(program: Program) -> list[ProtocolPhase]:
    """The phases of the program's protocol in their order; none without a protocol."""
    if program.protocol_id is None:
        return []
    return list(ProtocolPhase.objects.filter(protocol=program.protocol_id).order_by("position", "pk"))


def phase_now(program: Program, phases: Sequence[ProtocolPhase]) -> ProtocolPhase | None:
    """Where the program stands among the phases of its protocol."""
    here = [phase for phase in phases if phase.code == program.phase]
    return next((phase for phase in here if phase.name == program.phase_name), here[0] if here else None)


def loosens(program: Program, *, phase: str, phases: Sequence[ProtocolPhase], to: ProtocolPhase | None = None) -> bool:
    """Whether the move allows the dog more; between two phases of the same code, whether it goes on."""
    if phase != program.phase or to is None:
        return phase > program.phase
    now = phase_now(program, phases)
    return now is None or to.position > now.position


def criteria_of_the_way(
    program: Program, *, to: ProtocolPhase, phases: Sequence[ProtocolPhase]
) -> list[tuple[str, Criterion]]:
    """What a move on asks for: the exits of the phases that are left behind, then the entry of the new one.

    On the way back only the entry is asked. A criterion that both name is asked once, as an exit.
    """
    now = phase_now(program, phases)
    left = [one for one in phases if now is not None and now.position <= one.position < to.position]
    texts: dict[str, str] = {}
    for one in left:
        texts |= {text: "exit" for text in one.exit_criteria if text not in texts}
    texts |= {text: "entry" for text in to.entry_criteria if text not in texts}
    return [(kind, parse(text)) for text, kind in texts.items()]


def signed_by(known: Series, *, roles: frozenset[Role], today: dt.date) -> Series:
    """What is known, with the signature of the person who moves; only a vet's is one."""
    return {**known, SIGNATURE: [Reading(today, float(Role.VET in roles))]}


@transaction.atomic
def move_phase(
    *,
    program: Program,
    protocol_phase: ProtocolPhase | None,
    items: Sequence[Item],
    known: Series,
    reason: str,
    plan_version: int,
    by: User,
    roles: frozenset[Role],
    at: dt.datetime,
    phase: str = "",
) -> Decision:
    """Go on to another phase, or back to one; ``items`` are all that the dog has then.

    What stays unchanged keeps its prescription; the rest ends and the new begins: from tomorrow on the way on, from today
    on the way back. A ladder that is too early for the new phase ends. ``known`` are the readings that the criteria look at; what is not in it counts as not met. A program
    without a protocol moves to any ``phase`` and has no criteria.

    Raises:
        NotAllowed: the row, the criteria or an item speaks against it, or no reason was given.
        StalePlan: the program has changed or ended since.
    """
    version = claim(program, plan_version=plan_version)
    reason = given_reason(reason)
    ground = ground_of(program, at=at)
    phases = phases_of(program)
    code = protocol_phase.code if protocol_phase is not None else phase
    _check_way(program, protocol_phase, code, phases)
    more = loosens(program, phase=code, phases=phases, to=protocol_phase)
    day = max(ground.today + ONE_DAY if more else ground.today, program.starts_on)
    here = list(
        Prescription.objects.filter(program=program).current().select_related("exercise").order_by("position", "pk")
    )
    unmet: list[Verdict] = []
    if more:
        unmet = unmet_criteria(program, to=protocol_phase, known=known, phases=phases, roles=roles, today=ground.today)
        found = [
            *loosening_objections(program, ground, roles=roles),
            *criteria_objections(unmet, today=ground.today),
            *item_objections(items, program, ground, phase=code, on=day),
            *unlock_objections(items, protocol_phase=protocol_phase),
            *pace_of(items, program, ground, on=day),
        ]
    else:
        found = careful_objections(items, here, program, ground, phase=code, on=day)
        fresh = new_or_more(items, here)
        found += unlock_objections(fresh, protocol_phase=protocol_phase)
        found += pace_of(fresh, program, ground, on=day)
    overruled = enforce(found, roles=roles, reason=reason)
    ending = ladders_that_end(program, phase=code)
    decision = write_decision(
        Decision.Kind.PHASE,
        program=program,
        plan_version=version,
        reason=reason,
        rule_ids=[program.decision_row, *overruled],
        effective_on=day,
        by=by,
        at=at,
        details={
            "from": program.phase,
            "from_name": program.phase_name,
            "to": code,
            "to_name": phase_name(code, protocol_phase),
            "unmet": [verdict.criterion.text for verdict in unmet],
            "ladders": [step.ladder.slug for step in ending],
            **details_of(overruled),
        },
    )
    end_ladder_steps(LadderStep.objects.filter(pk__in=[step.pk for step in ending]), decision=decision, on=day)
    _settle(program, items, here, decision=decision, to=protocol_phase, code=code, on=day)
    return decision


def ladders_that_end(program: Program, *, phase: str) -> list[LadderStep]:
    """The ladders in use that begin only in a later phase than the one to move to; they end with the move."""
    steps = LadderStep.objects.filter(program=program).current().select_related("ladder").order_by("starts_on", "pk")
    return [step for step in steps if first_phase(step.ladder.slug) > phase]


def unmet_criteria(
    program: Program,
    *,
    to: ProtocolPhase | None,
    known: Series,
    phases: Sequence[ProtocolPhase],
    roles: frozenset[Role],
    today: dt.date,
) -> list[Verdict]:
    """The criteria of the way that are not met or not known; a vet who moves signs by moving."""
    if to is None:
        return []
    series = signed_by(known, roles=roles, today=today)
    verdicts = [evaluate(one, series, today) for _kind, one in criteria_of_the_way(program, to=to, phases=phases)]
    return [verdict for verdict in verdicts if not verdict.is_met]


def criteria_objections(unmet: Sequence[Verdict], *, today: dt.date) -> list[Objection]:
    """Unmet criteria and missing data stand in the way alike; a vet may overrule them with a reason."""
    return [Objection(rule="CRITERIA", text=unmet_text(verdict, today=today), vet_may=True) for verdict in unmet]


def loosening_objections(program: Program, ground: Ground, *, roles: frozenset[Role]) -> list[Objection]:
    """What speaks against allowing the dog more, whatever the criteria say.

    Raises:
        NotAllowed: nobody with these roles may move the phase of this kind of back pain on.
    """
    if ground.row.forbids_progress:
        raise refuse(ground.row.id, _("Nobody moves on while the kind of back pain is undetermined."))
    if not role_allowed(ground.row.approver["phase_change"], roles):
        raise refuse(ground.row.id, _("Only a vet moves on to a later phase with this kind of back pain."))
    found = progress_objections(program, ground)
    if program.protocol is not None and program.protocol.progress_disabled:
        found.append(Objection(rule="NO_PROGRESS", text=no_progress_text(program), vet_may=True))
    return found


def item_objections(
    items: Sequence[Item], program: Program, ground: Ground, *, phase: str, on: dt.date
) -> list[Objection]:
    """What speaks against these items in the new phase."""
    return [
        *check_items(items, definition=ground.definition, row=ground.row, profile=program.profile, phase=phase, on=on),
        *check_whole(items, definition=ground.definition, row=ground.row, on=on),
    ]


def careful_objections(
    items: Sequence[Item],
    here: Sequence[Prescription],
    program: Program,
    ground: Ground,
    *,
    phase: str,
    on: dt.date,
) -> list[Objection]:
    """On the way back: what the dog has already may stay or become less; what is new or more is weighed like any other.

    What is left must make a whole: half of it for the limb in secondary pain, nothing inside what is gone. An open
    warning sign never keeps a dog from having less. Source: human_override of 06_progression.yaml.
    """
    whole: list[Objection] = []
    if any(item.exercise.is_active for item in items):
        held = hold_objections(ground.definition, on=on)
        checked = check_whole(items, definition=ground.definition, row=ground.row, on=on)
        whole = [objection for objection in checked if objection not in held]
    more = new_or_more(items, here)
    if items and not more:
        return whole
    rest = [item.exercise for item in items if item not in more]
    return [
        *check_items(
            more,
            definition=ground.definition,
            row=ground.row,
            profile=program.profile,
            phase=phase,
            on=on,
            beside=rest,
        ),
        *whole,
    ]


def new_or_more(items: Sequence[Item], here: Sequence[Prescription]) -> list[Item]:
    """The items that the dog does not have yet, or has less of."""
    had = {one.exercise.slug: one.dosage for one in here}
    return [
        item
        for item in items
        if item.exercise.slug not in had or (item.exercise.load and is_more_load(item.dose, had[item.exercise.slug]))
    ]


def pace_of(items: Sequence[Item], program: Program, ground: Ground, *, on: dt.date) -> list[Objection]:
    """New exercises and more load than the row allows in a week (NEW, H9)."""
    recent = recent_of(program.patient_id, on=on)
    return [
        *new_objections([item.exercise for item in items], row=ground.row, recent=recent, on=on),
        *(
            objection
            for item in items
            for objection in load_objections(item.exercise, item.dose, row=ground.row, recent=recent, on=on)
        ),
    ]


def _check_way(program: Program, to: ProtocolPhase | None, code: str, phases: Sequence[ProtocolPhase]) -> None:
    if phases and (to is None or to.pk not in {one.pk for one in phases}):
        raise refuse("PROTOCOL", _("This phase is not one of the program’s protocol."))
    if not phases and to is not None:
        raise refuse("PROTOCOL", _("This program follows no protocol. Choose a phase by itself."))
    if code not in Phase.values:
        raise refuse("PHASE", _("There is no such phase."))
    now = phase_now(program, phases)
    if (to is not None and now is not None and to.pk == now.pk) or (to is None and code == program.phase):
        raise refuse("PHASE", _("The program is in this phase already."))


def _settle(
    program: Program,
    items: Sequence[Item],
    here: Sequence[Prescription],
    *,
    decision: Decision,
    to: ProtocolPhase | None,
    code: str,
    on: dt.date,
) -> None:
    """End what does not stay, move the program, start what is new."""
    as_before = {one.pk: Item.of(one) for one in here}
    kept = {pk for pk, item in as_before.items() if item in items}
    ended = [one.pk for one in here if one.pk not in kept]
    end_prescriptions(Prescription.objects.filter(pk__in=ended), decision=decision, on=on)
    program.phase = code
    program.phase_name = phase_name(code, to)
    program.phase_started_on = on
    program.save(update_fields=["phase", "phase_name", "phase_started_on"])
    staying = [as_before[pk] for pk in kept]
    Prescription.objects.bulk_create(
        new_prescription(
            program=program,
            exercise=item.exercise,
            dose=item.dose,
            starts_on=on,
            decision=decision,
            anchor=item.anchor,
            note=item.note,
            position=position,
            aim=item.aim,
        )
        for position, item in enumerate(items)
        if item not in staying
    )
