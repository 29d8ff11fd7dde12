"""What is to be prescribed, and everything that speaks against it beside what the dog already has."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.utils.translation import gettext as _

from rehab.library.models import Exercise
from rehab.patients.decision_rows import Row
from rehab.patients.models import ProblemDefinition
from rehab.programs.dose import Dose
from rehab.programs.gate import Objection, dose_objections, objections

ANCHOR_LENGTH: Final = 80
NOTE_LENGTH: Final = 255


@dataclass(frozen=True, kw_only=True)
class Item:
    """One exercise to prescribe: its dose, its place in the family's day, and a note to them."""

    exercise: Exercise
    dose: Dose
    anchor: str = ""
    note: str = ""


def check_items(
    items: Sequence[Item],
    *,
    definition: ProblemDefinition,
    row: Row,
    profile: str,
    phase: str,
    on: dt.date,
    beside: Sequence[Exercise] = (),
) -> list[Objection]:
    """Everything that speaks against prescribing these items, beside what the dog already has."""
    if not items:
        return [Objection(rule="ITEMS", text=_("Choose at least one exercise."))]
    found = [
        objection
        for item in items
        for objection in (
            *objections(item.exercise, definition=definition, row=row, profile=profile, phase=phase, on=on),
            *dose_objections(item.exercise, item.dose),
            *_identity_objections(item, clinic_id=definition.clinic_id),
        )
    ]
    exercises = [*beside, *(item.exercise for item in items)]
    slugs = [exercise.slug for exercise in exercises]
    found += [
        Objection(rule="TWICE", text=_("It is already in the program."), about=exercise.name)
        for exercise in {item.exercise.slug: item.exercise for item in items}.values()
        if slugs.count(exercise.slug) > 1
    ]
    active = len([exercise for exercise in exercises if exercise.is_active and not exercise.clinic_only])
    most = row.limits.max_active_items
    if active > most:
        found.append(
            Objection(
                rule="MAX_ACTIVE",
                text=_("%(active)d active exercises; at most %(most)d for this kind of back pain.")
                % {"active": active, "most": most},
                vet_may=True,
            )
        )
    return found


def _identity_objections(item: Item, *, clinic_id: UUID) -> list[Objection]:
    exercise = item.exercise
    if exercise.clinic_id not in (None, clinic_id) or exercise.superseded_at is not None:
        return [Objection(rule="CONTENT", text=_("This version is no longer offered."), about=exercise.name)]
    found = []
    if len(item.anchor) > ANCHOR_LENGTH:
        found.append(Objection(rule="ANCHOR", text=_("The time of day is too long."), about=exercise.name))
    if len(item.note) > NOTE_LENGTH:
        found.append(Objection(rule="NOTE", text=_("The note is too long."), about=exercise.name))
    return found
