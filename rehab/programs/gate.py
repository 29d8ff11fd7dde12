"""May this exercise be given to this dog now? The signed definition, its decision row and the overlays answer.

Sources: 03_decision.yaml (gates, rows, overlays, load_level_by_phase_max), contraindication codes of 04_exercises.yaml,
human_override of 06_progression.yaml: a less careful choice needs a vet and a reason.
"""

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.access import Role
from rehab.library import translating
from rehab.library.models import Exercise
from rehab.patients import decision_rows
from rehab.patients.answers import Answers
from rehab.patients.case import Case, ItemFacts
from rehab.patients.decision_rows import Row, Verdict, max_load
from rehab.patients.models import ProblemDefinition
from rehab.patients.overlays import overlays_of
from rehab.patients.signing_rules import lacking_for_progress
from rehab.patients.standing import Standing
from rehab.patients.wording import printed
from rehab.programs.dose import Dose
from rehab.programs.models import Program
from rehab.programs.wording import outside_text

# Gate B: how a signed definition that lacks something gets it.
LACKING: Final[Mapping[str, Promise]] = {
    "cause_statement": gettext_lazy("Sign a new version of the definition with the true cause in your words."),
    "activities": gettext_lazy(
        "Sign a new version of the definition with three to five activities that the family wants back."
    ),
    "baseline": gettext_lazy("Sign a new version of the definition with a baseline measure, such as seconds standing."),
    "limb_source_and_plan": gettext_lazy(
        "Sign a new version of the definition with the limb that is the source, and the plan for it."
    ),
    "pain_controlled_on": gettext_lazy(
        "Sign a new version of the definition with the day since when the pain is controlled."
    ),
}


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
    return decision_rows.row_of(definition)


def case_of(definition: ProblemDefinition, *, open_stops: Collection[str] = ()) -> Case:
    """What the rules read of the definition; ``open_stops`` are the stop scopes of warning signs that are open."""
    return Case.of(definition, open_stops=open_stops)


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
    case, item = case_of(definition), facts_of(exercise)
    standing = Standing.of(case, on=on, profile=profile, row=row)
    found = (
        *_of_the_row(standing.row_verdict(item), row),
        *_of_the_grade(exercise, definition),
        *_of_the_standing(standing, item),
        *_of_the_phase(exercise, case, profile, phase, on),
    )
    return [replace(objection, about=exercise.name) for objection in found]


def cautions(exercise: Exercise, *, definition: ProblemDefinition, row: Row, on: dt.date) -> list[str]:
    """What must be said beside the exercise when it is given."""
    standing = Standing.of(case_of(definition), on=on, row=row)
    return [_(caution) for caution in standing.cautions(facts_of(exercise))]


def facts_of(exercise: Exercise) -> ItemFacts:
    return ItemFacts(
        slug=exercise.slug,
        category=exercise.category,
        load=exercise.load,
        is_active=exercise.is_active,
        contraindications=frozenset(exercise.contraindications),
    )


def _of_the_row(verdict: Verdict, row: Row) -> Iterator[Objection]:
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


def _of_the_grade(exercise: Exercise, definition: ProblemDefinition) -> Iterator[Objection]:
    if definition.neuro_grade not in exercise.grades:
        yield Objection(
            rule="GRADES",
            text=_("Not for a dog of neurologic grade %(grade)s.") % {"grade": definition.neuro_grade},
        )


def _of_the_standing(standing: Standing, item: ItemFacts) -> Iterator[Objection]:
    for reason in standing.reasons(item):
        # O7 stops what is done on a day. What may be given is asked of today (re_exam_objections), not of the day on
        # which the item begins: by then the dog may have been examined.
        if reason.rule != "O7":
            vet_may = reason.status == "gated"
            yield Objection(rule=reason.rule, text=_said(reason.sentence, reason.values), vet_may=vet_may)


def _said(sentence: str, values: Mapping[str, Any]) -> str:
    return _(sentence) % {
        name: date_format(value)
        if isinstance(value, dt.date)
        else translating.said(value)
        if isinstance(value, str)
        else value
        for name, value in values.items()
    }


def _of_the_phase(exercise: Exercise, case: Case, profile: str, phase: str, on: dt.date) -> Iterator[Objection]:
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
    days = case.days_of_healing(on)
    if exercise.not_before_day is not None and days < exercise.not_before_day:
        yield Objection(
            rule="DAY",
            text=_("Not before day %(earliest)d; this is day %(day)d.")
            % {"earliest": exercise.not_before_day, "day": days},
            vet_may=True,
        )


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


def program_objections(
    exercises: Iterable[Exercise],
    *,
    definition: ProblemDefinition,
    row: Row,
    on: dt.date,
    beside: Iterable[Exercise] = (),
) -> list[Objection]:
    """What the overlays ask of the program as a whole: these exercises beside those that the dog already has.

    An overdue re-examination is asked for on its own, by ``re_exam_objections``.
    """
    slugs = {exercise.slug for exercise in (*beside, *exercises)}
    overlays = overlays_of(case_of(definition), on=on, profile=row.profile)
    return [
        *hold_objections(definition, on=on),
        *(
            Objection(rule=overlay.id, text=_said(overlay.sentence, overlay.values), vet_may=True)
            for overlay in overlays
            if overlay.mandatory - slugs
        ),
    ]


def hold_objections(definition: ProblemDefinition, *, on: dt.date) -> list[Objection]:
    """Why nothing may be assigned and nothing may grow: an open warning sign (O2), a cause that cannot be (O8)."""
    return [
        Objection(rule=overlay.id, text=_said(overlay.sentence, overlay.values))
        for overlay in overlays_of(case_of(definition), on=on)
        if overlay.id != "O7" and (overlay.no_assignment or overlay.no_progress)
    ]


def gate_b(definition: ProblemDefinition) -> list[Objection]:
    """What progress needs and the definition does not say (``lacking_for_progress``); nobody overrules it."""
    lacking = lacking_for_progress(Answers.of(definition))
    return [Objection(rule="GATE_B", text=str(LACKING[one.field])) for one in lacking]


def role_allowed(rule: str, roles: frozenset[Role]) -> bool:
    """Whether somebody with these roles may do what a row reserves to ``rule`` (the words of 03_decision.yaml)."""
    if rule == "nobody":
        return False
    if Role.VET in roles:
        return True
    return Role.THERAPIST in roles and ("therapist" in rule or rule.startswith("auto-suggest"))
