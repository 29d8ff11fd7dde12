"""The problem definition, as a vet is asked for it."""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from rehab.lib.plain_text import validate_one_line
from rehab.library import reading
from rehab.patients import wording
from rehab.patients.forms.parts import INVALID_CHOICE, INVALID_DATE, Choices, card, cards, date_input
from rehab.patients.models import ProblemDefinition
from rehab.patients.signing_rules import Answers, date_objections


def _whole(value: str) -> int:
    return int(value)


def _yes_no(value: str) -> bool:
    return value == "yes"


class DefinitionForm(forms.Form):
    """A problem definition in the order in which a vet thinks; everything may wait while it is a draft."""

    # What may stay empty for good; everything else is asked again at signing.
    FREE = ("cause_statement", "region")

    def __init__(self, *args: Any, today: dt.date, born_on: dt.date | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today, self.born_on = today, born_on
        self.fields["onset_on"].widget.attrs["max"] = today.isoformat()
        self.fields["re_exam_due_on"].widget.attrs["min"] = (today + dt.timedelta(days=1)).isoformat()
        for name, choices in _definition_choices():
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)  # noqa: S101 - all of them are
            field.choices = choices
        for name, field in self.fields.items():
            # A draft may leave it open, yet it is not optional: the label must not say so.
            field.may_wait = name not in self.FREE  # type: ignore[attr-defined]

    origin = forms.ChoiceField(
        label=gettext_lazy("Is the back itself the problem?"),
        required=False,
        widget=forms.RadioSelect,
        error_messages={"invalid_choice": INVALID_CHOICE},
    )
    mechanism = forms.ChoiceField(
        label=gettext_lazy("What kind of pain is it?"),
        required=False,
        widget=forms.RadioSelect,
        error_messages={"invalid_choice": INVALID_CHOICE},
    )
    limb_source_and_plan = forms.CharField(
        label=gettext_lazy("The limb, and its plan"),
        help_text=gettext_lazy("Which part overloads the back, how it is treated, and who follows it."),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    neuro_deficit = forms.TypedChoiceField(
        label=gettext_lazy("Is there a neurologic deficit?"),
        coerce=_yes_no,
        empty_value=None,
        required=False,
        widget=forms.RadioSelect,
        error_messages={"invalid_choice": INVALID_CHOICE},
    )
    neuro_grade = forms.TypedChoiceField(
        label=gettext_lazy("Neurologic grade"),
        help_text=gettext_lazy("Thoracolumbar scale, 0 to 5."),
        coerce=_whole,
        empty_value=None,
        required=False,
        widget=forms.RadioSelect,
        error_messages={"invalid_choice": INVALID_CHOICE},
    )
    deep_pain = forms.ChoiceField(
        label=gettext_lazy("Deep pain"),
        help_text=gettext_lazy(
            "Present only when the dog notices: looks, cries, tries to leave. Pulling the foot back alone is a reflex."
        ),
        required=False,
        widget=forms.RadioSelect(attrs={"class": "segmented"}),
        error_messages={"invalid_choice": INVALID_CHOICE},
    )
    bladder_plan = forms.CharField(
        label=gettext_lazy("Bladder plan"),
        help_text=gettext_lazy("Who empties it, how, and how often."),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    surgical_referral = forms.CharField(
        label=gettext_lazy("Surgery"),
        help_text=gettext_lazy("Done, declined or not indicated, and why."),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    cause = forms.ChoiceField(
        label=gettext_lazy("Cause"),
        required=False,
        widget=forms.RadioSelect,
        error_messages={"invalid_choice": INVALID_CHOICE},
    )
    cause_statement = forms.CharField(
        label=gettext_lazy("The true cause, in your words"),
        help_text=gettext_lazy("Needed before anything is progressed."),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    region = forms.CharField(
        label=gettext_lazy("Region"),
        max_length=60,
        required=False,
        validators=[validate_one_line],
        widget=forms.TextInput(attrs={"list": "regions", "autocomplete": "off"}),
    )
    onset_on = forms.DateField(
        label=gettext_lazy("Began on"),
        required=False,
        widget=date_input(),
        error_messages={"invalid": INVALID_DATE},
    )
    pain_at_rest = forms.TypedChoiceField(
        label=gettext_lazy("Pain at rest"),
        coerce=_whole,
        empty_value=None,
        required=False,
        widget=forms.RadioSelect(attrs={"class": "segmented scores"}),
        error_messages={"invalid_choice": gettext_lazy("Please choose a number from 0 to 10.")},
    )
    pain_control = forms.ChoiceField(
        label=gettext_lazy("Pain control"),
        required=False,
        widget=forms.RadioSelect(attrs={"class": "segmented"}),
        error_messages={"invalid_choice": INVALID_CHOICE},
    )
    pain_control_plan = forms.CharField(
        label=gettext_lazy("Medicine"),
        help_text=gettext_lazy("What, how much, how often, and until when."),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    activity_order = forms.ChoiceField(
        label=gettext_lazy("How much may the dog move?"),
        required=False,
        widget=forms.RadioSelect,
        error_messages={"invalid_choice": INVALID_CHOICE},
    )
    red_flags_checked = forms.BooleanField(
        label=gettext_lazy("I checked the warning signs today, and none of them is present."),
        required=False,
    )
    re_exam_due_on = forms.DateField(
        label=gettext_lazy("Re-examination on"),
        required=False,
        widget=date_input(),
        error_messages={"invalid": INVALID_DATE},
    )

    def clean(self) -> None:
        super().clean()
        if "onset_on" not in self.cleaned_data or "re_exam_due_on" not in self.cleaned_data:
            return
        dates = Answers(onset_on=self.cleaned_data["onset_on"], re_exam_due_on=self.cleaned_data["re_exam_due_on"])
        for objection in date_objections(dates, today=self.today, born_on=self.born_on):
            self.add_error(objection.field, wording.objection_text(objection))

    @property
    def answers(self) -> Answers:
        return Answers(**self.cleaned_data)

    @classmethod
    def initial_of(cls, answers: Answers) -> dict[str, Any]:
        """Answers as the widgets show them."""
        shown = answers.as_dict()
        if answers.neuro_deficit is not None:
            shown["neuro_deficit"] = "yes" if answers.neuro_deficit else "no"
        return shown


def _definition_choices() -> Iterable[tuple[str, Choices]]:
    yield "origin", cards(ProblemDefinition.Origin.choices, wording.ORIGIN_SUPPORT)
    mechanisms = {code: wording.mechanism_support(code) for code in ProblemDefinition.Mechanism.values}
    yield "mechanism", cards(ProblemDefinition.Mechanism.choices, mechanisms)
    yield (
        "neuro_deficit",
        [
            ("no", card(_("No"), wording.deficit_signs("signs_without_deficit"))),
            ("yes", card(_("Yes"), wording.deficit_signs("signs_with_deficit"))),
        ],
    )
    yield (
        "neuro_grade",
        [(row.grade, card(format_html("<b>{}</b> {}", row.grade, row.name), row.vet)) for row in reading.grades()],
    )
    yield "deep_pain", _capitalised(ProblemDefinition.DeepPain.choices)
    yield "cause", cards(ProblemDefinition.Cause.choices, wording.CAUSE_SUPPORT)
    yield "pain_at_rest", [(score, str(score)) for score in range(11)]
    yield (
        "pain_control",
        [
            (ProblemDefinition.PainControl.MEDICINE.value, _("Medicine")),
            (ProblemDefinition.PainControl.NONE_NEEDED.value, _("None needed")),
        ],
    )
    yield "activity_order", cards(ProblemDefinition.ActivityOrder.choices, wording.ACTIVITY_SUPPORT)


def _capitalised(choices: Iterable[tuple[str, Any]]) -> Choices:
    return [(code, str(label).capitalize()) for code, label in choices]
