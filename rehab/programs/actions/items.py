"""What is to be prescribed, and everything that speaks against it beside what the dog already has."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Self
from uuid import UUID

from django.utils.translation import gettext as _

from rehab.library import reading
from rehab.library.models import Exercise, ProtocolPhase
from rehab.patients.decision_rows import Row
from rehab.patients.models import ProblemDefinition
from rehab.programs.dose import Dose
from rehab.programs.gate import Objection, dose_objections, objections, program_objections
from rehab.programs.models import Prescription
from rehab.programs.shortfalls import BACK, LIMB, half_rule
from rehab.programs.totals import Line, misplaced
from rehab.programs.wording import half_rule_text, misplaced_text

ANCHOR_LENGTH: Final = 80
NOTE_LENGTH: Final = 255


@dataclass(frozen=True, kw_only=True)
class Item:
    """One exercise to prescribe: its dose, its place in the family's day, and a note to them.

    ``aim`` is what it works on: ``limb``, ``back``, or the code of a movement habit; empty where nobody said.
    """

    exercise: Exercise
    dose: Dose
    anchor: str = ""
    note: str = ""
    aim: str = ""

    @classmethod
    def of(cls, prescription: Prescription) -> Self:
        """What the dog has, as if it were to be prescribed again."""
        return cls(
            exercise=prescription.exercise,
            dose=prescription.dosage,
            anchor=prescription.anchor,
            note=prescription.note,
            aim=prescription.aim,
        )

    @property
    def line(self) -> Line:
        """The item as the sums and the rules of a whole program see it."""
        return Line(
            slug=self.exercise.slug,
            name=self.exercise.name,
            is_active=self.exercise.is_active,
            load=self.exercise.load,
            dose=self.dose,
            category=self.exercise.category,
            trains=self.exercise.trains,
            clinic_only=self.exercise.clinic_only,
            aim=self.aim,
        )


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
        for objection in check_item(item, definition=definition, row=row, profile=profile, phase=phase, on=on)
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


def check_item(
    item: Item, *, definition: ProblemDefinition, row: Row, profile: str, phase: str, on: dt.date
) -> list[Objection]:
    """Everything that speaks against this item, whatever stands beside it."""
    return [
        *objections(item.exercise, definition=definition, row=row, profile=profile, phase=phase, on=on),
        *dose_objections(item.exercise, item.dose),
        *_identity_objections(item, clinic_id=definition.clinic_id),
        *_aim_objections(item, definition=definition),
    ]


def _aim_objections(item: Item, *, definition: ProblemDefinition) -> list[Objection]:
    if item.aim in ("", LIMB, BACK, *definition.habits):
        return _contradiction(item)
    return [
        Objection(
            rule="AIM",
            text=_("Say that it works on the limb, on the back, or on a habit that the problem definition lists."),
            about=item.exercise.name,
        )
    ]


def _contradiction(item: Item) -> list[Objection]:
    """An aim that the library does not know of the exercise; else the half rule would ask nobody.

    Source: 10_targets.yaml, where the clinic's own vet says otherwise on the item itself.
    """
    if not item.exercise.is_active or item.aim in ("", BACK):
        return []
    targets = reading.targets()
    listed = targets["limb"] if item.aim == LIMB else targets["habits"].get(item.aim, ())
    if item.exercise.slug in listed:
        return []
    return [
        Objection(
            rule="AIM",
            text=_("The library does not list it for the limb. A vet who sees it otherwise gives the reason.")
            if item.aim == LIMB
            else _("The library does not list it for this habit. A vet who sees it otherwise gives the reason."),
            vet_may=True,
            about=item.exercise.name,
        )
    ]


def unlock_objections(items: Sequence[Item], *, protocol_phase: ProtocolPhase | None) -> list[Objection]:
    """What the phase itself holds closed until a vet unlocks it (``unlock: vet`` of 05_protocols.yaml)."""
    if protocol_phase is None:
        return []
    closed = {one.get("exercise") for one in protocol_phase.items if one.get("unlock") == "vet"}
    return [unlock_objection(item.exercise) for item in items if item.exercise.slug in closed]


def unlock_objection(exercise: Exercise) -> Objection:
    return Objection(
        rule="UNLOCK",
        text=_("Outside the phase; a vet unlocks it with a reason."),
        vet_may=True,
        about=exercise.name,
    )


def details_of(overruled: Sequence[str]) -> dict[str, Any]:
    """What a decision keeps of the rules that a vet overruled, which its list of rules mixes with those followed."""
    return {"overruled": list(overruled)} if overruled else {}


def check_whole(items: Sequence[Item], *, definition: ProblemDefinition, row: Row, on: dt.date) -> list[Objection]:
    """What speaks against a program of exactly these items, which no item shows by itself.

    Sources: row D5 of 03_decision.yaml (half of the active items, documents 000 and 002), and its overlays.
    """
    lines = [item.line for item in items]
    names = {line.slug: line.name for line in lines}
    return [
        *(Objection(rule="PART", text=misplaced_text(one, names), about=names[one.slug]) for one in misplaced(lines)),
        *half_rule_objections(items, definition=definition, row=row),
        *program_objections([item.exercise for item in items], definition=definition, row=row, on=on),
    ]


def half_rule_objections(
    items: Sequence[Item], *, definition: ProblemDefinition, row: Row, added: Item | None = None
) -> list[Objection]:
    """Secondary pain: half of the active items must work on the limb or a listed habit; nobody overrules it.

    Where one item is ``added`` to a program, it is refused only if it is itself one that does not.
    """
    if definition.origin != ProblemDefinition.Origin.SECONDARY:
        return []
    refusal = half_rule([item.line for item in items], habits=definition.habits, targets=reading.targets())
    if refusal is None or (added is not None and added.exercise.slug not in refusal.off_target):
        return []
    return [Objection(rule=row.id, text=half_rule_text(refusal))]


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
