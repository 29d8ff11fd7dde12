"""What a problem definition says, as plain values in the order of the form. Pure.

Stage by duration: ``stage_by_duration`` of 00_vocab.yaml; after surgery the days count from the surgery.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Final, Literal, Self

from rehab.library import reading
from rehab.patients.decision_rows import Row, row_of


@dataclass(frozen=True, kw_only=True)
class Medicine:
    """One medicine of the pain-control plan, as the family gives it."""

    name: str = ""
    dose: str = ""
    times: str = ""


@dataclass(frozen=True, kw_only=True)
class Activity:
    """One thing of this dog's own life, scored by its owner: 0 normal to 4 cannot (CSOM method)."""

    text: str = ""
    score: int | None = None


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One number of the examination, by its metric of 05_protocols.yaml."""

    metric: str
    value: float


@dataclass(frozen=True, kw_only=True)
class Duration:
    """How long it has lasted: the stage, the days, and what they count from."""

    stage: str
    days: int
    since: Literal["onset", "surgery"]


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What a problem definition says; empty, ``None`` or unchecked means not answered."""

    # In the order of the form, which is the order of everything that is listed.
    signs: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()
    origin: str = ""
    mechanism: str = ""
    cause: str = ""
    leaf: str = ""
    cause_statement: str = ""
    region: str = ""
    onset_on: dt.date | None = None
    onset_type: str = ""
    surgery_on: dt.date | None = None
    neuro_deficit: bool | None = None
    neuro_grade: int | None = None
    deep_pain: str = ""
    bladder_plan: str = ""
    surgical_referral: str = ""
    pain_at_rest: int | None = None
    pain_control: str = ""
    medicines: tuple[Medicine, ...] = ()
    pain_control_plan: str = ""
    pain_controlled_on: dt.date | None = None
    activity_order: str = ""
    limb_source_and_plan: str = ""
    habits: tuple[str, ...] = ()
    activities: tuple[Activity, ...] = ()
    baseline: tuple[Measure, ...] = ()
    body_condition: int | None = None
    red_flags_checked: bool = False
    re_exam_due_on: dt.date | None = None

    @classmethod
    def of(cls, definition: Any) -> Self:
        """The answers of a stored definition, whose lists are JSON."""
        stored = {name: getattr(definition, name) for name in NAMES}
        lists = {name: tuple(stored[name]) for name in ("signs", "findings", "habits")}
        return cls(
            **{
                **stored,
                **lists,
                "medicines": tuple(Medicine(**one) for one in stored["medicines"]),
                "activities": tuple(Activity(**one) for one in stored["activities"]),
                "baseline": measures(stored["baseline"]),
            }
        )

    def as_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in NAMES}

    def as_columns(self) -> dict[str, Any]:
        """The answers as the table stores them: lists and objects as JSON."""
        return {
            **self.as_dict(),
            "signs": list(self.signs),
            "findings": list(self.findings),
            "habits": list(self.habits),
            "medicines": [asdict(one) for one in self.medicines],
            "activities": [asdict(one) for one in self.activities],
            "baseline": {measure.metric: measure.value for measure in self.baseline},
        }

    def for_next_version(self) -> Self:
        """What still holds when a new version is begun; what must be looked at afresh is open again."""
        kept = {name: value for name, value in self.as_dict().items() if name not in LOOKED_AT_AFRESH}
        # The activities stay the same, so that their scores can be compared; the owner scores them again.
        kept["activities"] = tuple(replace(one, score=None) for one in self.activities)
        return type(self)(**kept)

    def lasted(self, today: dt.date) -> Duration | None:
        """The stage on that day; ``None`` without an onset or with one that is still to come."""
        begun = self.surgery_on or self.onset_on
        if begun is None or begun > today:
            return None
        days = (today - begun).days
        return Duration(stage=reading.stage_of(days).code, days=days, since="surgery" if self.surgery_on else "onset")

    @property
    def row(self) -> Row:
        return row_of(self)


NAMES: Final = tuple(field.name for field in fields(Answers))
LOOKED_AT_AFRESH: Final = ("pain_at_rest", "red_flags_checked", "re_exam_due_on")


def measures(numbers: Mapping[str, float]) -> tuple[Measure, ...]:
    """The numbers of an examination, always in the same order."""
    return tuple(Measure(metric=metric, value=value) for metric, value in sorted(numbers.items()))


def patterns() -> dict[str, tuple[str, ...]]:
    """How pain behaves when it has the mechanism: the codes that document 000 names for it."""
    return {row["code"]: tuple(row["pattern"]) for row in reading.vocabulary()["mechanism"] if "pattern" in row}
