"""What stands in the way of signing a problem definition. Pure: answers in, objections out.

Source: ``required_before_any_assignment`` (gate A), ``validation`` (V1–V6) and ``requires`` of the rows in
``03_decision.yaml`` of the clinical content.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any, Final, Self

from rehab.patients.decision_rows import Row, row_for

REQUIRED: Final = (
    "origin",
    "mechanism",
    "neuro_deficit",
    "neuro_grade",
    "cause",
    "onset_on",
    "pain_at_rest",
    "pain_control",
    "activity_order",
    "re_exam_due_on",
)
# A grade that names deep pain, and what the test must not have found then.
CONTRADICTING_DEEP_PAIN: Final = {4: "absent", 5: "present"}
# The next look belongs to this course of treatment; a date further away is a slip of the pen.
RE_EXAM_WITHIN_DAYS: Final = 366
OLDEST_DOG_DAYS: Final = 366 * 30


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What a problem definition says; empty, ``None`` or unchecked means not answered."""

    # In the order of the form, which is the order of everything that is listed.
    origin: str = ""
    mechanism: str = ""
    limb_source_and_plan: str = ""
    neuro_deficit: bool | None = None
    neuro_grade: int | None = None
    deep_pain: str = ""
    bladder_plan: str = ""
    surgical_referral: str = ""
    cause: str = ""
    cause_statement: str = ""
    region: str = ""
    onset_on: dt.date | None = None
    pain_at_rest: int | None = None
    pain_control: str = ""
    pain_control_plan: str = ""
    activity_order: str = ""
    red_flags_checked: bool = False
    re_exam_due_on: dt.date | None = None

    @classmethod
    def of(cls, definition: Any) -> Self:
        """The answers of anything that has them as attributes, such as a stored definition."""
        return cls(**{name: getattr(definition, name) for name in NAMES})

    def as_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in NAMES}

    def for_next_version(self) -> Self:
        """What still holds when a new version is begun; what must be looked at afresh is open again."""
        kept = {name: value for name, value in self.as_dict().items() if name not in LOOKED_AT_AFRESH}
        return type(self)(**kept)

    @property
    def row(self) -> Row:
        return row_for(
            origin=self.origin,
            mechanism=self.mechanism,
            neuro_deficit=self.neuro_deficit,
            neuro_grade=self.neuro_grade,
        )


NAMES: Final = tuple(field.name for field in fields(Answers))
LOOKED_AT_AFRESH: Final = ("pain_at_rest", "red_flags_checked", "re_exam_due_on")


@dataclass(frozen=True, kw_only=True)
class Objection:
    """One reason not to sign: the field to look at, and which rule says so."""

    field: str
    rule: str


def objections(answers: Answers, *, today: dt.date, born_on: dt.date | None = None) -> tuple[Objection, ...]:
    """Everything that stands in the way of signing, in the order of the form; empty when it may be signed.

    ``today`` is the dog's day. An axis that is undetermined may be signed: it leads to the most careful row.
    """
    found = [*_missing(answers), *_dates(answers, today, born_on), *_validation(answers), *_row(answers)]
    # One field, one sentence: the first rule that objects is the one to answer first.
    first = {objection.field: objection for objection in reversed(found)}
    return tuple(first[name] for name in NAMES if name in first)


def date_objections(answers: Answers, *, today: dt.date, born_on: dt.date | None) -> tuple[Objection, ...]:
    """The dates that cannot be right, in a draft too."""
    return tuple(_dates(answers, today, born_on))


def _missing(answers: Answers) -> Iterator[Objection]:
    for name in REQUIRED:
        value = getattr(answers, name)
        if value is None or value == "":
            yield Objection(field=name, rule="missing")
    if not answers.red_flags_checked:
        yield Objection(field="red_flags_checked", rule="missing")
    if answers.pain_control == "medicine" and not answers.pain_control_plan.strip():
        yield Objection(field="pain_control_plan", rule="missing")


def _dates(answers: Answers, today: dt.date, born_on: dt.date | None) -> Iterator[Objection]:
    onset, re_exam = answers.onset_on, answers.re_exam_due_on
    if onset is not None and onset > today:
        yield Objection(field="onset_on", rule="onset_in_the_future")
    elif onset is not None and onset < (born_on or today - dt.timedelta(days=OLDEST_DOG_DAYS)):
        yield Objection(field="onset_on", rule="onset_before_birth")
    if re_exam is not None and re_exam <= today:
        yield Objection(field="re_exam_due_on", rule="re_exam_not_in_the_future")
    elif re_exam is not None and re_exam > today + dt.timedelta(days=RE_EXAM_WITHIN_DAYS):
        yield Objection(field="re_exam_due_on", rule="re_exam_too_far")


def _validation(answers: Answers) -> Iterator[Objection]:
    grade, deficit = answers.neuro_grade, answers.neuro_deficit
    if grade is not None and deficit is not None and deficit != (grade >= 2):
        yield Objection(field="neuro_grade", rule="V1")
    if answers.mechanism == "musculoskeletal" and deficit:
        yield Objection(field="mechanism", rule="V2")
    if answers.origin == "secondary" and not answers.limb_source_and_plan.strip():
        yield Objection(field="limb_source_and_plan", rule="V3")
    if answers.cause == "soft_tissue" and deficit:
        yield Objection(field="cause", rule="V4")
    if grade is None:
        return
    driven_by_nerve = answers.cause in ("disc", "other_neuro") and grade >= 2
    if driven_by_nerve and answers.mechanism not in ("neurologic", "mixed"):
        yield Objection(field="mechanism", rule="V5")
    if grade >= 4:
        if answers.deep_pain in ("", "not_tested"):
            yield Objection(field="deep_pain", rule="V6")
        elif answers.deep_pain == CONTRADICTING_DEEP_PAIN.get(grade):
            yield Objection(field="deep_pain", rule="deep_pain_contradicts_grade")
        if not answers.bladder_plan.strip():
            yield Objection(field="bladder_plan", rule="V6")


def _row(answers: Answers) -> Iterator[Objection]:
    row = answers.row
    if row.requires_deep_pain and not answers.deep_pain:
        yield Objection(field="deep_pain", rule="row")
    if row.requires_bladder_plan and not answers.bladder_plan.strip():
        yield Objection(field="bladder_plan", rule="row")
    if row.requires_surgical_decision and not answers.surgical_referral.strip():
        yield Objection(field="surgical_referral", rule="row")
    if row.requires_limb_plan and not answers.limb_source_and_plan.strip():
        yield Objection(field="limb_source_and_plan", rule="V3")
