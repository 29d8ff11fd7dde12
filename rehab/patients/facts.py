"""A problem definition and what follows from it, as a vet reads them."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Field
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from rehab.library import reading, translating
from rehab.library.models import Category, Phase
from rehab.patients import wording
from rehab.patients.case import Case
from rehab.patients.decision_rows import Row
from rehab.patients.models import ProblemDefinition
from rehab.patients.overlays import Overlay, overlays_of
from rehab.patients.signing_rules import NAMES, Answers

SIGNS: Final = ("signs", "findings")
QUESTIONS: Final = ("origin", "mechanism")
CAUSE: Final = ("cause", "leaf", "cause_statement")
COURSE: Final = ("region", "onset_on", "onset_type", "surgery_on")
NERVES: Final = ("neuro_deficit", "neuro_grade", "deep_pain", "bladder_plan", "surgical_referral")
PAIN: Final = ("pain_at_rest", "pain_control", "medicines", "pain_control_plan", "pain_controlled_on")
MOVEMENT: Final = ("activity_order", "limb_source_and_plan", "habits")
MEASURED_BY: Final = ("activities", "baseline", "body_condition")
SAFETY: Final = ("red_flags_checked", "re_exam_due_on")
# Shown only when answered: they do not apply to every dog, or they may wait.
IF_ANSWERED: Final = (
    *("findings", "leaf", "cause_statement", "region", "onset_type", "surgery_on", "deep_pain", "bladder_plan"),
    *("surgical_referral", "medicines", "pain_control_plan", "pain_controlled_on", "limb_source_and_plan", "habits"),
    *("signs", "activities", "baseline", "body_condition"),
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
class Change:
    """An answer that a new version changes."""

    label: str
    before: str
    after: str


@dataclass(frozen=True, kw_only=True)
class Gate:
    category: str
    condition: str


@dataclass(frozen=True, kw_only=True)
class Approval:
    """Who decides on one kind of step."""

    step: str
    who: str


@dataclass(frozen=True, kw_only=True)
class ReExam:
    """A day on which the row asks somebody to look again."""

    days: int
    on: dt.date


@dataclass(frozen=True, kw_only=True)
class Tightening:
    """An overlay in force, by its number and in one sentence."""

    id: str
    sentence: str


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What was ticked that speaks for one answer."""

    answer: str
    ticked: str


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
    hard_14d_pct: int
    new_exercises_per_week: int
    start_load_level_max: int
    one_variable_at_a_time: bool
    approvals: tuple[Approval, ...]
    re_exams: tuple[ReExam, ...]

    @property
    def re_exam_days(self) -> tuple[int, ...]:
        return tuple(re_exam.days for re_exam in self.re_exams)

    @property
    def first_re_exam_on(self) -> dt.date:
        return self.re_exams[0].on


def sections(definition: ProblemDefinition, *, today: dt.date) -> tuple[Section, ...]:
    """What the definition says, in the order of the form; a part that holds nothing is left out.

    ``today`` is the day whose stage is told: the signature's, or today's for a draft.
    """
    lasted = lasted_text(Answers.of(definition), today=today)
    stage = (Fact(name="stage", label=_("Stage"), text=lasted),) if lasted else ()
    behaves = "\n".join(_ticked(_patterns(definition.findings)))
    pain = (Fact(name="patterns", label=_("How the pain behaves"), text=behaves),) if behaves else ()
    beside = {COURSE: stage, QUESTIONS: pain}
    made = (
        Section(title=title, facts=(*_facts(definition, names), *beside.get(names, ())))
        for title, names in (
            (_("Signs"), SIGNS),
            (_("Two questions"), QUESTIONS),
            (_("Cause and diagnosis"), CAUSE),
            (_("Where and since when"), COURSE),
            (_("Nerves"), NERVES),
            (_("Pain"), PAIN),
            (_("Movement"), MOVEMENT),
            (_("What it is measured by"), MEASURED_BY),
            (_("Safety"), SAFETY),
        )
    )
    return tuple(section for section in made if section.facts)


def differences(yours: Answers, theirs: Answers) -> tuple[Difference, ...]:
    """The answers in which two versions differ, in words."""
    return tuple(
        Difference(label=label, yours=mine, theirs=other) for label, mine, other in _disagreements(yours, theirs)
    )


def changes(before: Answers, after: Answers) -> tuple[Change, ...]:
    """What a new version changes against the one before it."""
    return tuple(Change(label=label, before=old, after=new) for label, old, new in _disagreements(before, after))


def picture(row: Row, *, today: dt.date) -> RowPicture:
    """The row as it applies to a definition signed today."""
    exercises = {item["slug"]: item["name"] for item in reading.read(reading.EXERCISES)["exercises"]}
    steps = {"assign": _("Assigning"), "progress": _("Progressing"), "phase_change": _("Changing the phase")}
    return RowPicture(
        id=row.id,
        meaning=wording.row_meaning(row.id, row.meaning),
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
        hard_14d_pct=row.limits.hard_14d_pct,
        new_exercises_per_week=row.limits.new_exercises_per_week,
        start_load_level_max=row.limits.start_load_level_max,
        one_variable_at_a_time=row.limits.one_variable_at_a_time,
        approvals=tuple(
            Approval(step=step, who=wording.approver(row.approver[code]))
            for code, step in steps.items()
            if code in row.approver
        ),
        re_exams=tuple(ReExam(days=days, on=today + dt.timedelta(days=days)) for days in row.re_exam_days),
    )


def tightenings(answers: Answers, *, today: dt.date) -> tuple[Tightening, ...]:
    """The overlays that these answers put in force today; the warning signs that are open are not among them."""
    case = Case.of(ProblemDefinition(**answers.as_columns()))
    begun = answers.onset_on is not None
    # A re-examination that is overdue says nothing about a version that sets a new one.
    return tuple(
        Tightening(id=overlay.id, sentence=_sentence(overlay) if begun or overlay.id != "O3" else _until_begun())
        for overlay in overlays_of(case, on=today)
        if overlay.id != "O7"
    )


def evidence(question: str, answers: Answers) -> tuple[Evidence, ...]:
    """What is ticked that speaks for each answer to one of the two questions."""
    choices = {"origin": ProblemDefinition.Origin, "mechanism": ProblemDefinition.Mechanism}[question]
    ticked = {*answers.signs, *answers.findings, *answers.habits}
    found = (
        (label, [wording.finding_label(code) for code in wording.supports(question, str(value)) if code in ticked])
        for value, label in choices.choices
    )
    return tuple(Evidence(answer=str(label), ticked="; ".join(labels)) for label, labels in found if labels)


def lasted_text(answers: Answers, *, today: dt.date) -> str:
    """The stage with the days that make it, such as “Subacute: day 35 since the onset”; empty without an onset."""
    lasted = answers.lasted(today)
    if lasted is None:
        return ""
    words: Mapping[str, str] = {
        "onset": _("%(stage)s: day %(days)d since the onset"),
        "surgery": _("%(stage)s: day %(days)d since the surgery"),
    }
    return words[lasted.since] % {"stage": wording.STAGES[lasted.stage], "days": lasted.days}


def _until_begun() -> str:
    # Nobody knows yet whether these are the first three days; the limits hold until the date is given.
    return _("Until the day it began is given: the limits of the first three days.")


def _patterns(codes: list[str]) -> list[str]:
    return [code for code in codes if code in wording.MECHANISM_PATTERNS]


def _sentence(overlay: Overlay) -> str:
    values = {
        name: date_format(value) if isinstance(value, dt.date) else value for name, value in overlay.values.items()
    }
    told = _(overlay.sentence) % values if values else _(overlay.sentence)
    return f"{told} {_(overlay.caution)}" if overlay.caution else told


def _facts(definition: ProblemDefinition, names: tuple[str, ...]) -> Iterator[Fact]:
    for name in names:
        text = _findings(definition) if name == "findings" else _text(definition, name)
        if text or name not in IF_ANSWERED:
            yield Fact(name=name, label=_label(name), text=text)


def _findings(definition: ProblemDefinition) -> str:
    """The findings without the patterns of pain, which stand beside the two questions."""
    patterns = _patterns(definition.findings)
    return "\n".join(_ticked([code for code in definition.findings if code not in patterns]))


def _disagreements(first: Answers, second: Answers) -> Iterator[tuple[str, str, str]]:
    one, other = ProblemDefinition(**first.as_columns()), ProblemDefinition(**second.as_columns())
    for name in NAMES:
        if getattr(first, name) != getattr(second, name):
            yield _label(name), _text(one, name), _text(other, name)


def _label(name: str) -> str:
    field = ProblemDefinition._meta.get_field(name)
    assert isinstance(field, Field)  # noqa: S101 - the answers are columns
    return capfirst(str(field.verbose_name))


def _text(definition: ProblemDefinition, name: str) -> str:
    value: Any = getattr(definition, name)
    if value in (None, "", [], {}):
        return ""
    if name in LISTS:
        return "\n".join(LISTS[name](value))
    if name == "neuro_grade":
        grade = reading.grades()[value]
        return _("%(grade)s · %(name)s (thoracolumbar scale 0–5)") % {
            "grade": value,
            "name": translating.said(grade.name),
        }
    if name in OUT_OF:
        return _("%(score)s of %(most)s") % {"score": value, "most": OUT_OF[name]}
    if name == "leaf":
        return wording.leaf_label(value)
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, dt.date):
        return date_format(value)
    display = getattr(definition, f"get_{name}_display", None)
    return capfirst(str(display())) if display else str(value)


def _ticked(codes: list[str]) -> list[str]:
    return [wording.finding_label(code) for code in codes]


def _medicines(rows: list[dict[str, str]]) -> list[str]:
    return [", ".join(part for part in (row["name"], row["dose"], row["times"]) if part) for row in rows]


def _activities(rows: list[dict[str, Any]]) -> list[str]:
    return [_activity(row["text"] or "–", row["score"]) for row in rows]


def _activity(text: str, score: int | None) -> str:
    if score is None:
        return _("%(activity)s: not scored") % {"activity": text}
    return f"{text}: {score} · {wording.ACTIVITY_SCORES.get(score, '?')}"


def _measures(numbers: dict[str, float]) -> list[str]:
    known = ((name, unit, numbers[metric]) for metric, (name, unit) in wording.MEASURES.items() if metric in numbers)
    return [f"{name}: {value:g} {unit}" for name, unit, value in known]


LISTS: Final[Mapping[str, Callable[[Any], list[str]]]] = {
    "signs": _ticked,
    "findings": _ticked,
    "habits": _ticked,
    "medicines": _medicines,
    "activities": _activities,
    "baseline": _measures,
}
OUT_OF: Final = {"pain_at_rest": 10, "body_condition": 9}
