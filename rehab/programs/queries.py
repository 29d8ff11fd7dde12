"""What the program's pages show."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import F
from django.utils.translation import gettext as _

from accounts.models import Clinic
from rehab.library.models import Exercise, Protocol, ProtocolPhase
from rehab.patients.decision_rows import Row
from rehab.patients.models import ProblemDefinition
from rehab.patients.wording import printed
from rehab.programs.dose import Dose, starting_dose
from rehab.programs.gate import Objection, objections
from rehab.programs.models import Decision, Prescription, PrescriptionQuerySet, Program
from rehab.programs.wording import change_text, dose_text


def open_program(patient_id: UUID) -> Program | None:
    """The dog's open program, with its protocol."""
    program: Program | None = (
        Program.objects.open().filter(patient=patient_id).select_related("protocol", "patient", "clinic").first()
    )
    return program


def current_prescriptions(program: Program) -> PrescriptionQuerySet:
    """What no decision has ended, in the order of the page, with the exercises."""
    return Prescription.objects.filter(program=program).current().select_related("exercise").order_by("position", "pk")


# --- The story -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Change:
    """What a decision did to one exercise."""

    name: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Chapter:
    """One decision with what it changed."""

    decision: Decision
    changes: list[Change] = field(default_factory=list)


def history(program: Program) -> list[Chapter]:
    """The program's decisions, newest first, each with what it started, ended or changed; two queries."""
    decisions = (
        Decision.objects.filter(program=program)
        .select_related("decided_by", "exercise")
        .order_by("-plan_version", "-pk")
    )
    started: dict[UUID, list[Prescription]] = defaultdict(list)
    ended: dict[UUID, list[Prescription]] = defaultdict(list)
    for prescription in (
        Prescription.objects.filter(program=program).select_related("exercise").order_by("position", "pk")
    ):
        started[prescription.started_by_id].append(prescription)
        if prescription.ended_by_id is not None:
            ended[prescription.ended_by_id].append(prescription)
    return [
        Chapter(decision=decision, changes=_changes(decision, ended[decision.pk], started[decision.pk]))
        for decision in decisions
    ]


def _changes(decision: Decision, ended: Sequence[Prescription], started: Sequence[Prescription]) -> list[Change]:
    if decision.kind == Decision.Kind.END:
        return []
    if len(ended) == len(started) == 1:
        return [_replacement(ended[0], started[0])]
    if decision.kind == Decision.Kind.HOLD and decision.exercise is not None:
        return [Change(name=decision.exercise.name, text=_("stays as it is"))]
    return [
        *(Change(name=new.exercise.name, text=new.dose_text) for new in started),
        *(Change(name=old.exercise.name, text=old.dose_text) for old in ended),
    ]


def _replacement(old: Prescription, new: Prescription) -> Change:
    if old.exercise_id != new.exercise_id:
        return Change(name=f"{old.exercise.name} → {new.exercise.name}", text=new.dose_text)
    changed = [change_text(old.dosage, new.dosage)]
    if old.anchor != new.anchor:
        changed.append(new.anchor or _("no fixed time in the day"))
    if old.note != new.note:
        changed.append(_("new note: %(note)s") % {"note": new.note} if new.note else _("note removed"))
    return Change(name=new.exercise.name, text="; ".join(text for text in changed if text))


# --- Choosing a program ----------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class ProtocolChoice:
    """A protocol that the row allows, with its phases, and whether it is meant for the signed cause."""

    protocol: Protocol
    phases: list[ProtocolPhase]
    fits_cause: bool

    @property
    def caution(self) -> str:
        """What to know before choosing it, for the prescriber."""
        return printed(self.protocol.warning)


def protocol_choices(*, row: Row, definition: ProblemDefinition, clinic: Clinic) -> list[ProtocolChoice]:
    """The protocols for the dog's row; the ones for its cause first."""
    protocols = Protocol.objects.current().for_clinic(clinic).prefetch_related("phases").order_by("name", "pk")
    choices = [
        ProtocolChoice(
            protocol=protocol,
            phases=sorted(protocol.phases.all(), key=lambda phase: phase.position),
            fits_cause=protocol.cause in (definition.cause, "any"),
        )
        for protocol in protocols
        if row.id in protocol.rows
    ]
    return sorted(choices, key=lambda choice: (not choice.fits_cause, choice.protocol.cause == "any"))


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One exercise that a phase proposes for this dog, and what speaks against it."""

    exercise: Exercise
    dose: Dose
    target: Dose
    objections: list[Objection]
    condition: str = ""
    note: str = ""
    instead_of: str = ""
    is_proposed: bool = True

    @property
    def is_blocked(self) -> bool:
        return not all(objection.vet_may for objection in self.objections)

    @property
    def target_text(self) -> str:
        return dose_text(self.target)

    @property
    def starts_lower(self) -> bool:
        return self.dose != self.target

    @property
    def why(self) -> list[Objection]:
        """What to show: once something is out of the question, what a vet could overrule no longer matters."""
        final = [objection for objection in self.objections if not objection.vet_may]
        return final or self.objections

    @property
    def is_ticked(self) -> bool:
        return self.is_proposed and not self.objections and not self.condition


def candidates(
    *,
    protocol_phase: ProtocolPhase | None,
    definition: ProblemDefinition,
    row: Row,
    profile: str,
    phase: str,
    clinic: Clinic,
    on: dt.date,
) -> list[Candidate]:
    """The items of the phase, or without one the whole library, weighed for this dog.

    A condition such as “grade >= 3” that the definition answers is settled here: met, it is no condition any
    more; not met, the item is not for this dog.
    """
    library = _library(clinic)
    entries: Sequence[Mapping[str, Any]] = (
        _entries(protocol_phase)
        if protocol_phase is not None
        else [{"exercise": exercise.slug} for exercise in library.values()]
    )
    last = _last_doses(definition.patient_id)
    found = []
    for entry in entries:
        exercise = library.get(entry["exercise"])
        condition = _open_condition(entry.get("condition", ""), definition)
        if exercise is None or condition is None:
            continue
        target = Dose.from_json({**exercise.dose, **entry.get("dose", {})})
        instead_of = library.get(entry.get("replaces", ""))
        found.append(
            Candidate(
                exercise=exercise,
                target=target,
                dose=starting_dose(target, exercise.dose_range, load=exercise.load, last=last.get(exercise.slug)),
                objections=objections(exercise, definition=definition, row=row, profile=profile, phase=phase, on=on),
                condition=condition,
                note=entry.get("note", ""),
                instead_of=instead_of.name if instead_of else "",
                is_proposed=protocol_phase is not None,
            )
        )
    return found


def _library(clinic: Clinic) -> dict[str, Exercise]:
    """The current exercises by slug; the clinic's own wins over the built-in one."""
    exercises: Iterable[Exercise] = (
        Exercise.objects.current()
        .for_clinic(clinic)
        .order_by(F("clinic").asc(nulls_first=True), "category", "name", "pk")
    )
    return {exercise.slug: exercise for exercise in exercises}


def _entries(protocol_phase: ProtocolPhase) -> list[Mapping[str, Any]]:
    """The phase's items; where it refers to another protocol, that one's items of the same phase."""
    referred = [entry["ref_protocol"] for entry in protocol_phase.items if "ref_protocol" in entry]
    entries = [entry for entry in protocol_phase.items if "exercise" in entry]
    if not referred:
        return entries
    phases = ProtocolPhase.objects.filter(
        protocol__slug__in=referred,
        protocol__superseded_at=None,
        protocol__clinic=None,
        code=protocol_phase.code,
    ).order_by("protocol__slug", "position")
    return [*entries, *(entry for phase in phases for entry in phase.items if "exercise" in entry)]


def _open_condition(condition: str, definition: ProblemDefinition) -> str | None:
    """The condition that a person must still judge; empty when it is met, ``None`` when it is not."""
    if not condition.startswith("grade >= "):
        return condition
    least = condition.removeprefix("grade >= ")
    if not least.isdecimal() or definition.neuro_grade is None:
        return condition
    return "" if definition.neuro_grade >= int(least) else None


def _last_doses(patient_id: UUID) -> dict[str, Dose]:
    """The dose that the dog last had of each exercise."""
    rows = (
        Prescription.objects.filter(patient=patient_id)
        .order_by("starts_on", "pk")
        .values_list("exercise__slug", "dose")
    )
    return {slug: Dose.from_json(dose) for slug, dose in rows}
