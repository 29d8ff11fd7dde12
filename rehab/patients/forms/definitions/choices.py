"""The answers that the form offers, each with what supports it."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.utils.html import format_html
from django.utils.translation import gettext as _

from rehab.library import reading, translating
from rehab.patients import findings, wording
from rehab.patients.answers import patterns
from rehab.patients.forms.parts import Choices, card, cards
from rehab.patients.models import ProblemDefinition


def definition_choices() -> Iterator[tuple[str, Choices]]:
    yield "signs", [(code, wording.sign_label(code)) for code in signs()]
    yield "findings", [(finding.code, translating.said(finding.label)) for finding in findings.FINDINGS]
    yield "origin", cards(ProblemDefinition.Origin.choices, wording.ORIGIN_SUPPORT)
    mechanisms = {code: wording.mechanism_support(code) for code in ProblemDefinition.Mechanism.values}
    yield "mechanism", cards(ProblemDefinition.Mechanism.choices, mechanisms)
    yield "patterns", [(code, wording.finding_label(code)) for of in patterns().values() for code in of]
    yield "cause", cards(ProblemDefinition.Cause.choices, wording.CAUSE_SUPPORT)
    leaves = [leaf for of in reading.leaves().values() for leaf in of]
    yield "leaf", [("", _("Not said yet")), *((leaf, wording.leaf_label(leaf)) for leaf in leaves)]
    yield "onset_type", ProblemDefinition.OnsetType.choices
    yield (
        "neuro_deficit",
        [
            ("no", card(_("No"), _("Every foot is placed normally: grade 0 or 1"))),
            ("yes", card(_("Yes"), _("Grade 2 or more"))),
        ],
    )
    yield (
        "neuro_grade",
        [
            (row.grade, card(format_html("<b>{}</b> {}", row.grade, translating.said(row.name)), row.vet))
            for row in reading.grades()
        ],
    )
    yield "deep_pain", _capitalised(ProblemDefinition.DeepPain.choices)
    yield "pain_at_rest", [(score, str(score)) for score in range(11)]
    yield (
        "pain_control",
        [
            (ProblemDefinition.PainControl.MEDICINE.value, _("Medicine")),
            (ProblemDefinition.PainControl.NONE_NEEDED.value, _("None needed")),
        ],
    )
    yield "activity_order", cards(ProblemDefinition.ActivityOrder.choices, wording.ACTIVITY_SUPPORT)
    yield "habits", [(code, translating.said(habit.label)) for code, habit in reading.habits().items()]


def signs() -> list[str]:
    """Both lists of signs as one, in the order of the form."""
    return [code for codes in reading.signs().values() for code in codes]


def _capitalised(choices: Iterable[tuple[str, Any]]) -> Choices:
    return [(code, str(label).capitalize()) for code, label in choices]
