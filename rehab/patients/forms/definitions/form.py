"""The problem definition, as a vet is asked for it."""

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import Any

from django import forms
from django.forms.boundfield import BoundField, BoundWidget
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from rehab.lib.plain_text import validate_one_line
from rehab.library import reading
from rehab.patients import findings, wording
from rehab.patients.answers import Activity, Medicine, measures
from rehab.patients.forms.definitions.choices import definition_choices, signs
from rehab.patients.forms.definitions.rows import (
    ROWS_AT_FIRST,
    ROWS_MAX,
    medicine_fields,
    own_life_fields,
    rows,
)
from rehab.patients.forms.parts import (
    INVALID_CHOICE,
    INVALID_DATE,
    date_input,
    one_of,
    some_of,
    whole_number,
    yes_no,
)
from rehab.patients.models import ProblemDefinition
from rehab.patients.signing_rules import (
    MEASURES,
    NAMES,
    SCALES,
    Answers,
    Objection,
    date_objections,
    draft_objections,
)


class DefinitionForm(forms.Form):
    """A problem definition in the order in which a vet thinks; everything may wait while it is a draft."""

    # What may stay empty for good; everything else is asked again at signing.
    FREE = ("region", "surgery_on", "pain_control_plan", "body_condition")

    def __init__(self, *args: Any, today: dt.date, born_on: dt.date | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today, self.born_on = today, born_on
        for name in ("onset_on", "surgery_on", "pain_controlled_on"):
            self.fields[name].widget.attrs["max"] = today.isoformat()
        self.fields["re_exam_due_on"].widget.attrs["min"] = (today + dt.timedelta(days=1)).isoformat()
        for name, choices in definition_choices():
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)  # noqa: S101 - all of them are
            field.choices = choices
        repeated = {"pain_control_plan": medicine_fields(), "body_condition": own_life_fields()}
        in_order: dict[str, forms.Field] = {}
        for name, field in self.fields.items():
            in_order |= {**repeated.get(name, {}), name: field}
        self.fields = in_order
        for name, field in self.fields.items():
            # A draft may leave it open, yet it is not optional: the label must not say so.
            field.may_wait = name not in self.FREE  # type: ignore[attr-defined]

    signs = some_of(gettext_lazy("Signs"))
    findings = some_of(gettext_lazy("What else did you find?"))
    origin = one_of(gettext_lazy("Is the back itself the problem?"))
    mechanism = one_of(gettext_lazy("What kind of pain is it?"))
    patterns = some_of(gettext_lazy("How does the pain behave?"))
    cause = one_of(gettext_lazy("Cause"))
    leaf = one_of(gettext_lazy("Diagnosis"))
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
    onset_type = one_of(gettext_lazy("How it began"), look="segmented")
    surgery_on = forms.DateField(
        label=gettext_lazy("Surgery on"),
        required=False,
        widget=date_input(),
        error_messages={"invalid": INVALID_DATE},
    )
    neuro_deficit = forms.TypedChoiceField(
        label=gettext_lazy("Is there a neurologic deficit?"),
        coerce=yes_no,
        empty_value=None,
        required=False,
        widget=forms.RadioSelect,
        error_messages={"invalid_choice": INVALID_CHOICE},
    )
    neuro_grade = forms.TypedChoiceField(
        label=gettext_lazy("Neurologic grade"),
        coerce=int,
        empty_value=None,
        required=False,
        widget=forms.RadioSelect,
        error_messages={"invalid_choice": INVALID_CHOICE},
    )
    deep_pain = one_of(
        gettext_lazy("Deep pain"),
        look="segmented",
        help_text=gettext_lazy(
            "Present only when the dog notices: looks, cries, tries to leave. Pulling the foot back alone is a reflex."
        ),
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
    pain_at_rest = forms.TypedChoiceField(
        label=gettext_lazy("Pain at rest"),
        coerce=int,
        empty_value=None,
        required=False,
        widget=forms.RadioSelect(attrs={"class": "segmented scores"}),
        error_messages={"invalid_choice": gettext_lazy("Please choose a number from 0 to 10.")},
    )
    pain_control = one_of(gettext_lazy("Pain control"), look="segmented")
    pain_control_plan = forms.CharField(
        label=gettext_lazy("Anything else about it"),
        help_text=gettext_lazy("Until when, what to watch for, what else besides medicine."),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    pain_controlled_on = forms.DateField(
        label=gettext_lazy("Pain controlled since"),
        help_text=gettext_lazy("Leave it empty until it is. Nerve pain is progressed only after that day."),
        required=False,
        widget=date_input(),
        error_messages={"invalid": INVALID_DATE},
    )
    activity_order = one_of(gettext_lazy("How much may the dog move?"))
    limb_source_and_plan = forms.CharField(
        label=gettext_lazy("The limb, and its plan"),
        help_text=gettext_lazy("Which part overloads the back, how it is treated, and who follows it."),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    habits = some_of(gettext_lazy("Which of these does the dog do?"))
    body_condition = whole_number(
        gettext_lazy("Body condition"),
        lowest=SCALES["body_condition"][0],
        highest=SCALES["body_condition"][1],
        unit=gettext_lazy("of 9"),
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
    # A suggestion that is pressed: so many days from today, instead of a date.
    re_exam_in = forms.IntegerField(min_value=1, max_value=366, required=False, widget=forms.HiddenInput)

    def clean(self) -> None:
        super().clean()
        if self.cleaned_data.get("re_exam_in"):
            self.cleaned_data["re_exam_due_on"] = self.today + dt.timedelta(days=self.cleaned_data["re_exam_in"])
        answers, when = self.answers, {"today": self.today, "born_on": self.born_on}
        self.refuse((*draft_objections(answers, **when), *date_objections(answers, **when)))  # type: ignore[arg-type]

    def refuse(self, objections: Iterable[Objection]) -> None:
        """Say at each field why it cannot be; a field that has an error already keeps it."""
        for objection in objections:
            field = objection.field if objection.field in self.fields else None
            if field not in self.errors:
                self.add_error(field, wording.objection_text(objection))

    @property
    def answers(self) -> Answers:
        """What was typed; a field that is wrong counts as not answered."""
        said = self.cleaned_data
        measured = {metric: said.get(f"baseline_{metric}") for metric in MEASURES}
        lists: dict[str, Any] = {
            "signs": _in_order(said.get("signs", ()), signs()),
            "findings": (
                *_in_order(said.get("findings", ()), findings.CODES),
                *_in_order(said.get("patterns", ()), wording.MECHANISM_PATTERNS),
            ),
            "habits": _in_order(said.get("habits", ()), reading.habits()),
            "medicines": tuple(Medicine(**row) for row in self._filled("medicine")),
            "activities": tuple(Activity(**row) for row in self._filled("activity")),
            "baseline": measures({metric: value for metric, value in measured.items() if value is not None}),
        }
        return Answers(**{**{name: said[name] for name in NAMES if name in said}, **lists})

    def _filled(self, kind: str) -> Iterator[dict[str, Any]]:
        """The rows in which something was written; a gap in one may wait until the signature."""
        for row in rows(kind):
            said = {part: self.cleaned_data[name] for part, name in row.items() if name in self.cleaned_data}
            if any(value not in ("", None) for value in said.values()):
                yield said

    @classmethod
    def initial_of(cls, answers: Answers) -> dict[str, Any]:
        """Answers as the widgets show them."""
        shown = {name: value for name, value in answers.as_dict().items() if name in cls.base_fields}
        behaves = wording.MECHANISM_PATTERNS
        shown |= {name: list(shown[name]) for name in ("signs", "habits")}
        shown["findings"] = [code for code in answers.findings if code not in behaves]
        shown["patterns"] = [code for code in answers.findings if code in behaves]
        if answers.neuro_deficit is not None:
            shown["neuro_deficit"] = "yes" if answers.neuro_deficit else "no"
        for kind, values in (("medicine", answers.medicines), ("activity", answers.activities)):
            for row, value in zip(rows(kind), values, strict=False):
                shown |= {name: getattr(value, part) for part, name in row.items()}
        return shown | {f"baseline_{measure.metric}": measure.value for measure in answers.baseline}

    # --- how the page lays them out ---

    @property
    def sign_lists(self) -> list[tuple[str, list[BoundWidget]]]:
        """Both lists of document 001, each with its boxes."""
        boxes = _by_value(self["signs"])
        titles = {
            "signs_without_deficit": _("Without a neurologic deficit"),
            "signs_with_deficit": _("With a neurologic deficit"),
        }
        return [(titles[name], [boxes[code] for code in codes]) for name, codes in reading.signs().items()]

    @property
    def diagnoses(self) -> list[tuple[str, str, list[BoundWidget]]]:
        """The leaf diagnoses of each cause: its code, its name, its buttons."""
        buttons, names = _by_value(self["leaf"]), dict(ProblemDefinition.Cause.choices)
        return [(cause, str(names[cause]), [buttons[leaf] for leaf in of]) for cause, of in reading.leaves().items()]

    @property
    def no_diagnosis(self) -> BoundWidget:
        return _by_value(self["leaf"])[""]

    @property
    def medicines(self) -> list[dict[str, BoundField]]:
        return [{part: self[name] for part, name in row.items()} for row in rows("medicine")]

    @property
    def activities(self) -> list[dict[str, BoundField]]:
        return [{part: self[name] for part, name in row.items()} for row in rows("activity")]

    @property
    def baseline(self) -> list[BoundField]:
        return [self[f"baseline_{metric}"] for metric in MEASURES]

    def rows_shown(self, kind: str, *, asked: int = 0) -> int:
        """How many rows the page opens with: those that are filled, those that were asked for, or the first ones."""
        filled = [
            number for number, row in enumerate(rows(kind), 1) if any(self[name].value() for name in row.values())
        ]
        return min(max(ROWS_AT_FIRST[kind], asked, *filled), ROWS_MAX[kind])


def _in_order(chosen: Iterable[str], known: Iterable[str]) -> tuple[str, ...]:
    ticked = set(chosen)
    return tuple(code for code in known if code in ticked)


def _by_value(field: BoundField) -> dict[str, BoundWidget]:
    return {str(widget.data["value"]): widget for widget in field.subwidgets}
