"""A newly signed definition and the program that runs: what stays, what ends, and by which rules."""

import datetime as dt
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.access import Role
from accounts.models import User
from rehab.patients.actions import sign_definition
from rehab.patients.decision_rows import Row
from rehab.patients.models import ProblemDefinition
from rehab.programs.actions.ground import Ground
from rehab.programs.actions.refusals import refuse
from rehab.programs.actions.resuming import ladder_objections, part_objection, standing_overrules
from rehab.programs.actions.writing import claim, end_ladder_steps, end_prescriptions, write_decision
from rehab.programs.gate import Objection, objections, profile_of, row_of
from rehab.programs.models import Decision, LadderStep, Prescription, Program


@dataclass(frozen=True, kw_only=True)
class Fate:
    """What becomes of one exercise under the new definition; without an objection it stays."""

    prescription: Prescription
    objections: tuple[Objection, ...]

    @property
    def stays(self) -> bool:
        return not self.objections

    @property
    def is_final(self) -> bool:
        """Whether nobody may give it again; otherwise a vet may, with a reason."""
        return any(not objection.vet_may for objection in self.objections)


@dataclass(frozen=True, kw_only=True)
class LadderFate:
    """What becomes of one ladder."""

    step: LadderStep
    objections: tuple[Objection, ...]

    @property
    def stays(self) -> bool:
        return not self.objections


@dataclass(frozen=True, kw_only=True)
class Effect:
    """What a definition, signed or not yet, does to the program that runs."""

    program: Program
    definition: ProblemDefinition
    old_row: Row
    row: Row
    profile: str
    fates: list[Fate]
    ladders: list[LadderFate]
    keeps_protocol: bool

    @property
    def staying(self) -> list[Fate]:
        return [fate for fate in self.fates if fate.stays]

    @property
    def ending(self) -> list[Fate]:
        return [fate for fate in self.fates if not fate.stays]

    @property
    def active(self) -> int:
        """How many active exercises stay for the family."""
        exercises = [fate.prescription.exercise for fate in self.staying]
        return len([one for one in exercises if one.is_active and not one.clinic_only])

    @property
    def is_too_many(self) -> bool:
        return self.active > self.row.limits.max_active_items

    @property
    def is_another_row(self) -> bool:
        return self.row.id != self.program.decision_row

    @property
    def is_another_profile(self) -> bool:
        return self.profile != self.program.profile

    @property
    def profile_label(self) -> str:
        return str(Program.Profile(self.profile).label)

    @property
    def is_later_than_the_row_starts(self) -> bool:
        """Whether the program is further than where the new row would begin; nobody moves it by itself."""
        return self.is_another_row and self.program.phase > self.row.start_phase


def effect_of(*, definition: ProblemDefinition, program: Program, on: dt.date) -> Effect:
    """What the definition would do, or does, to the program on that day; three queries.

    ``program`` comes with its protocol and its definition.
    """
    row, old_row = row_of(definition), row_of(program.definition)
    protocol = program.protocol
    keeps_protocol = protocol is None or row.id in protocol.rows
    profile = profile_of(row, protocol_profile=protocol.profile if protocol and keeps_protocol else "")
    overruled = standing_overrules(program)
    then = Ground(definition=program.definition, row=old_row, today=on)
    now = Ground(definition=definition, row=row, today=on)
    fates = []
    for prescription in (
        Prescription.objects.filter(program=program).current().select_related("exercise").order_by("position", "pk")
    ):
        exercise = prescription.exercise
        before = objections(
            exercise, definition=program.definition, row=old_row, profile=program.profile, phase=program.phase, on=on
        )
        # A vet's reason holds on only against the rule that it was given for.
        settled = {one.rule for one in before if one.vet_may} & overruled[exercise.slug]
        after = objections(exercise, definition=definition, row=row, profile=profile, phase=program.phase, on=on)
        fates.append(
            Fate(
                prescription=prescription,
                objections=tuple(one for one in after if not one.vet_may or one.rule not in settled),
            )
        )
    return Effect(
        program=program,
        definition=definition,
        old_row=old_row,
        row=row,
        profile=profile,
        fates=_with_their_hosts(fates),
        ladders=[
            LadderFate(
                step=step,
                objections=_against(
                    ladder_objections(step, ground=now, profile=profile),
                    known=ladder_objections(step, ground=then, profile=program.profile),
                ),
            )
            for step in LadderStep.objects.filter(program=program).current().select_related("ladder").order_by("pk")
        ],
        keeps_protocol=keeps_protocol,
    )


@transaction.atomic
def sign_and_adopt(
    *,
    definition: ProblemDefinition,
    by: User,
    roles: frozenset[Role],
    at: dt.datetime,
    seen: str | None = None,
) -> tuple[ProblemDefinition, Decision | None]:
    """Sign the draft, and let the program that runs follow it in the same moment.

    Raises:
        NotAVet, AlreadySigned, DefinitionChanged, CannotSign: as ``sign_definition``; then nothing changed.
    """
    signed = sign_definition(definition=definition, by=by, at=at, seen=seen)
    program = Program.objects.open().filter(patient=signed.patient_id).first()
    if program is None:
        return signed, None
    return signed, adopt_definition(program=program, definition=signed, by=by, roles=roles, at=at)


@transaction.atomic
def adopt_definition(
    *, program: Program, definition: ProblemDefinition, by: User, roles: frozenset[Role], at: dt.datetime
) -> Decision:
    """Put the program under the newest signed definition: what the new row or an overlay blocks ends today.

    The rest stays as it is; nothing grows by it.

    Raises:
        NotAllowed: the person is no vet, or the definition is not signed or of another dog.
        StalePlan: the program has ended.
    """
    if Role.VET not in roles or not definition.is_signed or definition.patient_id != program.patient_id:
        raise refuse("GATE_A", _("Only a definition of this dog that a vet has signed can be followed."))
    program = (
        Program.objects.select_for_update(of=("self",), no_key=True)
        .select_related("patient", "protocol", "definition")
        .get(pk=program.pk)
    )
    version = claim(program, plan_version=program.plan_version, even_paused=True)
    today = program.patient.today(at)
    effect = effect_of(definition=definition, program=program, on=today)
    ending = effect.ending
    ladders = [one for one in effect.ladders if not one.stays]
    decision = write_decision(
        Decision.Kind.REDEFINE,
        program=program,
        plan_version=version,
        reason=_("Version %(version)d of the problem definition was signed.") % {"version": definition.version},
        rule_ids=[
            effect.row.id,
            *(objection.rule for fate in ending for objection in fate.objections),
            *(objection.rule for one in ladders for objection in one.objections),
        ],
        effective_on=today,
        by=by,
        at=at,
        details={
            "from_row": program.decision_row,
            "to_row": effect.row.id,
            "from_version": program.definition.version,
            "to_version": definition.version,
            "protocol_kept": effect.keeps_protocol,
            "ended": [
                {
                    "exercise": fate.prescription.exercise.name,
                    "rules": [objection.rule for objection in fate.objections],
                }
                for fate in ending
            ],
        },
    )
    end_prescriptions(
        Prescription.objects.filter(pk__in=[fate.prescription.pk for fate in ending]), decision=decision, on=today
    )
    end_ladder_steps(LadderStep.objects.filter(pk__in=[one.step.pk for one in ladders]), decision=decision, on=today)
    Program.objects.filter(pk=program.pk).update(
        definition=definition,
        decision_row=effect.row.id,
        profile=effect.profile,
        protocol=program.protocol if effect.keeps_protocol else None,
    )
    return decision


def _with_their_hosts(fates: list[Fate]) -> list[Fate]:
    """What is done inside another exercise ends with it."""
    staying = {fate.prescription.exercise.slug for fate in fates if fate.stays}
    return [
        fate
        if not fate.stays or not (host := fate.prescription.dosage.part_of) or host in staying
        else Fate(prescription=fate.prescription, objections=(part_objection(fate.prescription),))
        for fate in fates
    ]


def _against(found: list[Objection], *, known: list[Objection]) -> tuple[Objection, ...]:
    """What is final, and what a vet could overrule but the old definition did not say yet."""
    return tuple(one for one in found if not one.vet_may or one not in known)
