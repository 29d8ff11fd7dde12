"""May this exercise be given to this dog now? The signed definition, its decision row and the overlays answer.

Sources: 03_decision.yaml (rows, overlays, load_level_by_phase_max), contraindication codes of 04_exercises.yaml,
human_override of 06_progression.yaml: a less careful choice needs a vet and a reason.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.access import Role
from rehab.library.models import Category, Exercise
from rehab.patients.decision_rows import Row, max_load, row_for
from rehab.patients.models import ProblemDefinition
from rehab.patients.wording import printed
from rehab.programs.dose import Dose
from rehab.programs.models import Program
from rehab.programs.wording import outside_text

ACUTE_DAYS: Final = 3
PAIN_AT_REST_MAX: Final = {"msk": 5, "neuro": 3}
WHILE_INFLAMED: Final = frozenset({Category.NURSING_CARE, Category.HOME_SAFETY, Category.ENRICHMENT})


@dataclass(frozen=True, kw_only=True)
class Objection:
    """Why something may not be prescribed: the rule, the sentence, and whether a vet may overrule it with a reason."""

    rule: str
    text: str
    vet_may: bool = False
    about: str = ""

    @property
    def is_clinical(self) -> bool:
        """Whether the rule is a row or an overlay of the clinical content, which vets know by its number."""
        return self.rule[1:].isdecimal()

    def __str__(self) -> str:
        return f"{self.about}: {self.text}" if self.about else self.text


def row_of(definition: ProblemDefinition) -> Row:
    """The decision row that the definition selects."""
    return row_for(
        origin=definition.origin,
        mechanism=definition.mechanism,
        neuro_deficit=definition.neuro_deficit,
        neuro_grade=definition.neuro_grade,
    )


def profile_of(row: Row, *, protocol_profile: str = "") -> str:
    """The limits to work with: the more careful of the row's and the protocol's."""
    neuro = Program.Profile.NEURO.value
    return neuro if neuro in (row.profile, protocol_profile) else Program.Profile.MSK.value


def unmet_of_the_row(definition: ProblemDefinition, row: Row) -> list[Objection]:
    """What the row asks of the definition before anything is prescribed, and is not there."""
    asked = (
        (
            row.requires_limb_plan and not definition.limb_source_and_plan,
            _("The definition must name the limb that is the source, and the plan for it."),
        ),
        (
            row.requires_surgical_decision and not definition.surgical_referral,
            _("The definition must say what was decided about surgery."),
        ),
        (
            row.requires_bladder_plan and not definition.bladder_plan,
            _("The definition must hold a plan for the bladder."),
        ),
        (
            row.requires_deep_pain and not definition.deep_pain,
            _("The definition must record deep pain."),
        ),
    )
    return [Objection(rule=row.id, text=text) for unmet, text in asked if unmet]


def objections(
    exercise: Exercise,
    *,
    definition: ProblemDefinition,
    row: Row,
    profile: str,
    phase: str,
    on: dt.date,
) -> list[Objection]:
    """Everything that speaks against the exercise for this dog in this phase on that day."""
    found = (
        *_of_the_row(exercise, row),
        *_of_the_definition(exercise, definition, profile, on),
        *_of_the_phase(exercise, definition, profile, phase, on),
    )
    return [replace(objection, about=exercise.name) for objection in found]


def _of_the_row(exercise: Exercise, row: Row) -> Iterator[Objection]:
    verdict = row.verdict(category=exercise.category, slug=exercise.slug)
    if verdict.status == "blocked":
        yield Objection(
            rule=row.id,
            text=_("Not for this kind of back pain (%(row)s).") % {"row": row.meaning},
        )
    elif verdict.status == "gated":
        yield Objection(
            rule=row.id,
            text=_("Only when a vet confirms: %(condition)s.") % {"condition": printed(verdict.why).rstrip(".")},
            vet_may=True,
        )


def _of_the_definition(
    exercise: Exercise, definition: ProblemDefinition, profile: str, on: dt.date
) -> Iterator[Objection]:
    contraindications = exercise.contraindications
    if definition.neuro_grade not in exercise.grades:
        yield Objection(
            rule="GRADES",
            text=_("Not for a dog of neurologic grade %(grade)s.") % {"grade": definition.neuro_grade},
        )
    if definition.cause == ProblemDefinition.Cause.INFLAMMATORY and exercise.category not in WHILE_INFLAMED:
        yield Objection(rule="O1", text=_("Inflammation or infection is treated first; until then only care at rest."))
    if _days_since_onset(definition, on) < ACUTE_DAYS and (exercise.load > 1 or "X_ACUTE3" in contraindications):
        yield Objection(rule="O3", text=_("Not in the first three days."))
    if definition.activity_order == ProblemDefinition.ActivityOrder.STRICT_REST and (
        "X_STRICT" in contraindications or exercise.load > 1 or exercise.category == Category.GAIT_ENDURANCE
    ):
        yield Objection(rule="O5", text=_("Not while strict rest is ordered."))
    limit = PAIN_AT_REST_MAX[profile]
    pain = definition.pain_at_rest
    if pain is not None and pain > limit and (exercise.is_active or "X_PAIN" in contraindications):
        yield Objection(
            rule="O6",
            text=_("Pain at rest is %(pain)d of 10; above %(limit)d no exercise until the pain is controlled.")
            % {"pain": pain, "limit": limit},
        )


def _of_the_phase(
    exercise: Exercise, definition: ProblemDefinition, profile: str, phase: str, on: dt.date
) -> Iterator[Objection]:
    highest = max_load(profile=profile, phase=phase)
    if exercise.load > highest:
        yield Objection(
            rule="LOAD",
            text=_("Load level %(load)d; phase %(phase)s allows up to %(highest)d.")
            % {"load": exercise.load, "phase": phase, "highest": highest},
            vet_may=True,
        )
    if exercise.earliest_phase > phase:
        yield Objection(
            rule="PHASE",
            text=_("Meant for phase %(earliest)s and later; this is %(phase)s.")
            % {"earliest": exercise.earliest_phase, "phase": phase},
            vet_may=True,
        )
    days = _days_since_onset(definition, on)
    if exercise.not_before_day is not None and days < exercise.not_before_day:
        yield Objection(
            rule="DAY",
            text=_("Not before day %(earliest)d; this is day %(day)d.")
            % {"earliest": exercise.not_before_day, "day": days},
            vet_may=True,
        )


def _days_since_onset(definition: ProblemDefinition, on: dt.date) -> int:
    return (on - definition.onset_on).days if definition.onset_on else 0


def dose_objections(exercise: Exercise, dose: Dose) -> list[Objection]:
    """What of the dose lies outside the exercise's range."""
    return [
        Objection(rule="RANGE", text=outside_text(outside), vet_may=True, about=exercise.name)
        for outside in dose.within(exercise.dose_range)
    ]


def re_exam_objections(definition: ProblemDefinition, *, on: dt.date) -> list[Objection]:
    """Nothing may be added once the re-examination is overdue (O7)."""
    due = definition.re_exam_due_on
    if due is None or due >= on:
        return []
    return [
        Objection(
            rule="O7",
            text=_("The re-examination was due on %(day)s. Examine the dog and sign a new problem definition first.")
            % {"day": date_format(due)},
        )
    ]


def role_allowed(rule: str, roles: frozenset[Role]) -> bool:
    """Whether somebody with these roles may do what a row reserves to ``rule`` (the words of 03_decision.yaml)."""
    if rule == "nobody":
        return False
    if Role.VET in roles:
        return True
    return Role.THERAPIST in roles and ("therapist" in rule or rule.startswith("auto-suggest"))
