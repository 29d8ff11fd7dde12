"""What a program can be made of: the protocols of the row, and the exercises weighed for the dog."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import F

from accounts.models import Clinic
from rehab.library import translating
from rehab.library.models import Exercise, Protocol, ProtocolPhase
from rehab.patients.decision_rows import Row
from rehab.patients.models import ProblemDefinition
from rehab.patients.wording import printed
from rehab.programs.actions.items import unlock_objection
from rehab.programs.dose import Dose, InvalidDose, starting_dose
from rehab.programs.gate import Objection, objections
from rehab.programs.models import (
    Prescription,
)
from rehab.programs.wording import dose_text


@dataclass(frozen=True, kw_only=True)
class ProtocolChoice:
    """A protocol that the row allows, with its phases, and whether it is meant for the signed cause."""

    protocol: Protocol
    phases: list[ProtocolPhase]
    fits_cause: bool

    @property
    def caution(self) -> str:
        """What to know before choosing it, for the prescriber."""
        return printed(translating.said(self.protocol.warning))


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
    """One exercise that a phase proposes for this dog, and what speaks against it.

    ``unlocks`` says that the phase itself leaves it to a vet; ``aim`` is the listed habit that it is to retrain.
    """

    exercise: Exercise
    dose: Dose
    target: Dose
    objections: list[Objection]
    condition: str = ""
    note: str = ""
    instead_of: str = ""
    is_proposed: bool = True
    unlocks: bool = False
    aim: str = ""

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
    last = _last_doses(definition.patient_id, on=on)
    found = []
    for entry in entries:
        exercise = library.get(entry["exercise"])
        condition = _open_condition(entry.get("condition", ""), definition)
        if exercise is None or condition is None:
            continue
        try:
            target = Dose.from_json({**exercise.dose, **entry.get("dose", {})})
        except InvalidDose:  # a clinic's own exercise was changed since, and its own protocol's dose no longer fits it
            continue
        instead_of = library.get(entry.get("replaces", ""))
        against = objections(exercise, definition=definition, row=row, profile=profile, phase=phase, on=on)
        unlocks = entry.get("unlock") == "vet"
        dose, gap_days = last.get(exercise.slug, (None, 0))
        found.append(
            Candidate(
                exercise=exercise,
                target=target,
                dose=starting_dose(target, exercise.dose_range, load=exercise.load, last=dose, gap_days=gap_days),
                objections=[unlock_objection(exercise), *against] if unlocks else against,
                condition=condition,
                note=entry.get("note", ""),
                instead_of=instead_of.name if instead_of else "",
                is_proposed=protocol_phase is not None,
                unlocks=unlocks,
                aim=entry.get("habit", "") if entry.get("habit") in definition.habits else "",
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


def _last_doses(patient_id: UUID, *, on: dt.date) -> dict[str, tuple[Dose, int]]:
    """The dose that the dog last had of each exercise, and how many days ago that ended; what never began is none."""
    rows = (
        Prescription.objects.filter(patient=patient_id)
        .exclude(ends_on__lte=F("starts_on"))
        .order_by("starts_on", "pk")
        .values_list("exercise__slug", "dose", "ends_on")
    )
    return {
        slug: (Dose.from_json(dose), 0 if ends_on is None else max(0, (on - ends_on).days))
        for slug, dose, ends_on in rows
    }
