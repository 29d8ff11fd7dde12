"""What the rules read of a problem definition and of an exercise, as plain values. Pure."""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Self

from rehab.patients.decision_rows import Row, row_of
from rehab.patients.findings import lifts


@dataclass(frozen=True, kw_only=True)
class Case:
    """What the overlays read of a definition; empty or ``None`` means not answered. ``open_stops`` are stop scopes."""

    origin: str = ""
    mechanism: str = ""
    neuro_deficit: bool | None = None
    neuro_grade: int | None = None
    cause: str = ""
    region: str = ""
    signs: frozenset[str] = frozenset()
    findings: frozenset[str] = frozenset()
    onset_on: dt.date | None = None
    surgery_on: dt.date | None = None
    activity_order: str = ""
    pain_at_rest: int | None = None
    has_pain_plan: bool = False
    body_condition: int | None = None
    re_exam_due_on: dt.date | None = None
    standing_s: float | None = None
    unaided_steps: float | None = None
    open_stops: frozenset[str] = frozenset()

    @classmethod
    def of(cls, definition: Any, *, open_stops: Collection[str] = ()) -> Self:
        """The case of anything that has the answers as attributes, such as a stored definition."""
        same = ("origin", "mechanism", "neuro_deficit", "neuro_grade", "cause", "region", "onset_on", "surgery_on")
        also = ("activity_order", "pain_at_rest", "body_condition", "re_exam_due_on")
        return cls(
            **{name: getattr(definition, name) for name in (*same, *also)},
            signs=frozenset(definition.signs),
            findings=frozenset(definition.findings),
            has_pain_plan=_has_pain_plan(definition),
            standing_s=definition.baseline.get("standing_s"),
            unaided_steps=definition.baseline.get("unaided_steps"),
            open_stops=frozenset(open_stops),
        )

    @property
    def row(self) -> Row:
        return row_of(self)

    @property
    def limb_is_stable(self) -> bool:
        return lifts(self.findings, "D5")

    @property
    def nerve_pain_is_possible(self) -> bool:
        return self.mechanism in ("neurologic", "mixed") or self.row.profile == "neuro"

    def days_of_healing(self, on: dt.date) -> int:
        """Days since the operation, where there was one, else since the onset; 0 when neither is known."""
        began = self.surgery_on or self.onset_on
        return (on - began).days if began else 0


def _has_pain_plan(definition: Any) -> bool:
    """Medicine that is written down; or none needed, which only a dog without pain at rest shows."""
    if definition.pain_control == "medicine":
        return bool(definition.pain_control_plan.strip() or definition.medicines)
    return bool(definition.pain_control == "none_needed" and definition.pain_at_rest == 0)


@dataclass(frozen=True, kw_only=True)
class ItemFacts:
    """What a rule must know of an exercise."""

    slug: str
    category: str
    load: int
    is_active: bool
    contraindications: frozenset[str] = frozenset()
