"""A problem definition and what follows from it, as a vet reads them."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Field
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from rehab.library import reading
from rehab.library.models import Category, Phase
from rehab.patients import wording
from rehab.patients.decision_rows import Row
from rehab.patients.models import ProblemDefinition
from rehab.patients.signing_rules import NAMES, Answers

QUESTIONS: Final = ("origin", "mechanism", "limb_source_and_plan")
NERVES: Final = ("neuro_deficit", "neuro_grade", "deep_pain", "bladder_plan", "surgical_referral")
PROBLEM: Final = ("cause", "cause_statement", "region", "onset_on")
CARE: Final = ("pain_at_rest", "pain_control", "pain_control_plan", "activity_order")
SAFETY: Final = ("red_flags_checked", "re_exam_due_on")
# Shown only when answered: they do not apply to every dog.
IF_ANSWERED: Final = (
    "limb_source_and_plan",
    "deep_pain",
    "bladder_plan",
    "surgical_referral",
    "cause_statement",
    "region",
    "pain_control_plan",
)


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One answer with its question; an empty text means that it is not answered."""

    name: str
    label: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Section:
    title: str
    facts: tuple[Fact, ...]


@dataclass(frozen=True, kw_only=True)
class Difference:
    """An answer on which two people disagree."""

    label: str
    yours: str
    theirs: str


@dataclass(frozen=True, kw_only=True)
class Gate:
    category: str
    condition: str


@dataclass(frozen=True, kw_only=True)
class RowPicture:
    """A decision row in words: what a plan may hold, and when somebody looks again."""

    id: str
    meaning: str
    profile: str
    start_phase: str
    allowed: tuple[str, ...]
    gated: tuple[Gate, ...]
    blocked: tuple[str, ...]
    probes: tuple[str, ...]
    notes: tuple[str, ...]
    max_active_items: int
    weekly_load_pct: int
    re_exam_days: tuple[int, ...]
    first_re_exam_on: dt.date


def sections(definition: ProblemDefinition) -> tuple[Section, ...]:
    """What the definition says, in the order of the form."""
    return tuple(
        Section(title=title, facts=tuple(_facts(definition, names)))
        for title, names in (
            (_("Two questions"), QUESTIONS),
            (_("Nerves"), NERVES),
            (_("The problem"), PROBLEM),
            (_("Pain and activity"), CARE),
            (_("Safety"), SAFETY),
        )
    )


def differences(yours: Answers, theirs: Answers) -> tuple[Difference, ...]:
    """The answers in which two versions differ, in words."""
    mine, other = ProblemDefinition(**yours.as_dict()), ProblemDefinition(**theirs.as_dict())
    return tuple(
        Difference(label=_label(name), yours=_text(mine, name), theirs=_text(other, name))
        for name in NAMES
        if getattr(mine, name) != getattr(other, name)
    )


def picture(row: Row, *, today: dt.date) -> RowPicture:
    """The row as it applies to a definition signed today."""
    exercises = {item["slug"]: item["name"] for item in reading.read(reading.EXERCISES)["exercises"]}
    return RowPicture(
        id=row.id,
        meaning=wording.printed(row.meaning),
        profile=str(wording.PROFILES[row.profile]),
        start_phase=f"{row.start_phase} {Phase(row.start_phase).label}",
        allowed=tuple(str(category.label) for category in Category if category in row.allow),
        gated=tuple(
            Gate(category=str(Category(category).label), condition=wording.printed(condition))
            for category, condition in row.gated.items()
        ),
        blocked=tuple(str(Category(category).label) for category in row.blocked),
        probes=tuple(exercises[slug] for slug in sorted(row.probe_allowed)),
        notes=tuple(capfirst(wording.printed(note)) for note in (row.extra_gate, row.rule) if note),
        max_active_items=row.limits.max_active_items,
        weekly_load_pct=row.limits.weekly_load_pct,
        re_exam_days=row.re_exam_days,
        first_re_exam_on=today + dt.timedelta(days=row.re_exam_days[0]),
    )


def _facts(definition: ProblemDefinition, names: tuple[str, ...]) -> Iterator[Fact]:
    for name in names:
        text = _text(definition, name)
        if text or name not in IF_ANSWERED:
            yield Fact(name=name, label=_label(name), text=text)


def _label(name: str) -> str:
    field = ProblemDefinition._meta.get_field(name)
    assert isinstance(field, Field)  # noqa: S101 - the answers are columns
    return capfirst(str(field.verbose_name))


def _text(definition: ProblemDefinition, name: str) -> str:
    value: Any = getattr(definition, name)
    if value is None or value == "":
        return ""
    if name == "neuro_grade":
        grade = reading.grades()[value]
        return f"{value} · {grade.name}"
    if name == "pain_at_rest":
        return _("%(score)s of 10") % {"score": value}
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, dt.date):
        return date_format(value)
    display = getattr(definition, f"get_{name}_display", None)
    return capfirst(str(display())) if display else str(value)
