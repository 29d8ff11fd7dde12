"""Doses, anchors and reasons as a person types them."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from rehab.lib.plain_text import validate_one_line
from rehab.library.models import Exercise
from rehab.programs.actions.items import ANCHOR_LENGTH, NOTE_LENGTH
from rehab.programs.actions.refusals import REASON_LENGTH
from rehab.programs.dose import CONDITION_LENGTH, DEFAULTS, LIMITS, Dose, InvalidDose, bounds
from rehab.programs.models import Decision
from rehab.programs.wording import NAMES, contradiction_text

# The largest number that the version's column holds on every database.
LATEST_VERSION: Final = 2_147_483_647

UNITS: Final = {
    "minutes": gettext_lazy("min"),
    "hold_seconds": gettext_lazy("s"),
    "height_cm": gettext_lazy("cm"),
    "interval_hours": gettext_lazy("h"),
    "recheck_days": gettext_lazy("days"),
}
# What few doses say, behind a fold.
MORE: Final = (
    "steps",
    "each_side",
    "part_of",
    "from_week",
    "ramp_by",
    "ramp_to",
    "when_time",
    "only_if",
    "recheck_days",
)
ANCHORS: Final = (
    gettext_lazy("After the morning walk"),
    gettext_lazy("While the kettle boils"),
    gettext_lazy("Before breakfast"),
    gettext_lazy("After lunch"),
    gettext_lazy("When you come home"),
    gettext_lazy("Before dinner"),
    gettext_lazy("While watching TV"),
    gettext_lazy("Before the last walk"),
)
SUGGESTIONS: Final = {
    "add": (
        gettext_lazy("The next step of the plan"),
        gettext_lazy("Missing for the goal of this phase"),
        gettext_lazy("The family asked for it"),
    ),
    "change": (
        gettext_lazy("Fits the family’s day better"),
        gettext_lazy("Adjusted after the examination"),
        gettext_lazy("The family was unsure how much"),
    ),
    "remove": (
        gettext_lazy("Goal reached"),
        gettext_lazy("Too much for the family’s day"),
        gettext_lazy("The dog does not tolerate it"),
    ),
    Decision.Kind.PROGRESS.value: (
        gettext_lazy("Several easy sessions in a row"),
        gettext_lazy("Pain steady, mornings as usual"),
        gettext_lazy("Clean technique on video"),
    ),
    Decision.Kind.HOLD.value: (
        gettext_lazy("Let it settle"),
        gettext_lazy("Technique first"),
        gettext_lazy("Medicine was changed"),
        gettext_lazy("Not enough sessions yet"),
    ),
    Decision.Kind.REGRESS.value: (
        gettext_lazy("More pain on the next morning"),
        gettext_lazy("Pain rose during the exercise"),
        gettext_lazy("Tired or poor technique"),
        gettext_lazy("After a break"),
    ),
}


def dose_variables(exercise: Exercise, dose: Dose) -> list[str]:
    """The numbers that a person can set: what the exercise's range limits or the dose already says."""
    if dose.one_off or dose.per_prescription:
        return []
    ranged = bounds(exercise.dose_range)
    # “Once a week” already says on how many days.
    said_otherwise = set() if dose.per_week is None else {"days_per_week"}
    return [
        name
        for name in LIMITS
        if name not in MORE and name not in said_otherwise and (name in ranged or getattr(dose, name) != DEFAULTS[name])
    ]


def more_variables(dose: Dose, *, has_others: bool) -> list[str]:
    """What else a dose of this kind can say; what it already says is always among it."""
    if dose.one_off:
        fitting = {"recheck_days", "from_week", "only_if"}
    elif dose.per_prescription:
        fitting = {"from_week", "only_if"}
    elif dose.duration_days is not None:
        fitting = {"from_week"}
    elif dose.interval_hours is not None:
        fitting = {"from_week", "only_if", "each_side"}
    else:
        fitting = {*MORE} - {"recheck_days"} - (set() if has_others else {"part_of"})
    return [name for name in MORE if name in fitting or getattr(dose, name) != DEFAULTS[name]]


def _number(name: str, *, dose: Dose, ranged: Mapping[str, tuple[int, int]]) -> forms.IntegerField:
    low, high = LIMITS[name]
    unit = UNITS.get(name)
    return forms.IntegerField(
        label=capfirst(NAMES[name]),
        initial=getattr(dose, name),
        min_value=low,
        max_value=high,
        required=getattr(dose, name) is not None,
        help_text=_("%(low)d to %(high)d") % {"low": ranged[name][0], "high": ranged[name][1]}
        if name in ranged
        else "",
        widget=forms.NumberInput(
            attrs={"inputmode": "numeric", **({"data-unit": unit} if unit else {})},
        ),
    )


def _further(
    name: str, *, dose: Dose, ranged: Mapping[str, tuple[int, int]], others: Sequence[tuple[str, str]]
) -> forms.Field:
    """The field behind the fold for one of ``MORE``."""
    label, initial = capfirst(NAMES[name]), getattr(dose, name)
    if name in ("each_side", "when_time"):
        return forms.BooleanField(label=label, initial=initial, required=False)
    if name == "only_if":
        return forms.CharField(
            label=label,
            initial=initial,
            required=False,
            max_length=CONDITION_LENGTH,
            validators=[validate_one_line],
            widget=forms.TextInput(attrs={"autocomplete": "off"}),
        )
    if name == "part_of":
        # An item that has left the program since is still what the dose says.
        gone = [(initial, initial)] if initial and initial not in dict(others) else []
        return forms.ChoiceField(
            label=label,
            initial=initial or "",
            required=False,
            choices=[("", _("an exercise of its own")), *others, *gone],
        )
    field = _number(name, dose=dose, ranged=ranged)
    field.required = False
    return field


class DoseForm(forms.Form):
    """The dose of one exercise, its place in the family’s day, and a note to the family.

    ``others`` are slug and name of the program's other items, inside which it may happen. What few doses say lies
    behind a fold; a page that does not show the fold leaves it as it was.
    """

    has_more = forms.BooleanField(required=False, initial=True, widget=forms.HiddenInput())

    def __init__(
        self,
        *args: Any,
        exercise: Exercise,
        dose: Dose,
        anchor: str = "",
        note: str = "",
        others: Sequence[tuple[str, str]] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.base = dose
        self.variables = dose_variables(exercise, dose)
        self.more = more_variables(dose, has_others=bool(others))
        ranged = bounds(exercise.dose_range)
        for name in self.variables:
            self.fields[name] = _number(name, dose=dose, ranged=ranged)
        if "steps" in self.more and "reps" in self.fields:
            # Steps may stand in for the repetitions; that one of them is there is looked at together.
            self.fields["reps"].required = False
        for name in self.more:
            field = _further(name, dose=dose, ranged=ranged, others=others)
            field.may_wait = True  # type: ignore[attr-defined] # read by the field's template: all of them are optional
            self.fields[name] = field
        self.fields["anchor"] = forms.CharField(
            label=_("When in the family’s day"),
            initial=anchor,
            required=False,
            max_length=ANCHOR_LENGTH,
            validators=[validate_one_line],
            widget=forms.TextInput(attrs={"list": "anchors", "autocomplete": "off", "placeholder": _("any time")}),
        )
        self.fields["note"] = forms.CharField(
            label=_("Note to the family"),
            initial=note,
            required=False,
            max_length=NOTE_LENGTH,
            validators=[validate_one_line],
            widget=forms.TextInput(attrs={"autocomplete": "off"}),
        )

    @property
    def dose_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.variables]

    @property
    def more_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.more]

    @property
    def more_is_open(self) -> bool:
        """Whether the fold shows something that nobody should miss."""
        return any(
            field.errors or (field.value() not in (None, "", False) and str(field.value()) != str(DEFAULTS[field.name]))
            for field in self.more_fields
        )

    @property
    def dose(self) -> Dose:
        """The dose as typed; only of a valid form."""
        return self._typed()

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if self.errors:
            return cleaned
        if self.base.reps is not None and cleaned.get("reps", 1) is None and not cleaned.get("steps"):
            self.add_error("reps", self.fields["reps"].error_messages["required"])
            return cleaned
        try:
            self._typed()
        except InvalidDose as invalid:
            self.add_error(invalid.field if invalid.field in self.fields else None, contradiction_text(invalid))
        return cleaned

    def _typed(self) -> Dose:
        names = [*self.variables, *(self.more if self.cleaned_data["has_more"] else ())]
        typed = {name: self.cleaned_data[name] for name in names}
        return replace(
            self.base,
            **{name: DEFAULTS[name] if value in (None, "") else value for name, value in typed.items()},
        )


class AssignForm(forms.Form):
    """When a program starts, why it departs from the rules if it does, and what the person had seen."""

    starts_on = forms.DateField(
        label=gettext_lazy("Starts on"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        help_text=gettext_lazy("Needed where the program departs from the rules; the history keeps it."),
        required=False,
        max_length=REASON_LENGTH,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    definition = forms.UUIDField(widget=forms.HiddenInput())
    seen_program = forms.UUIDField(required=False, widget=forms.HiddenInput())
    seen_version = forms.IntegerField(required=False, min_value=1, max_value=LATEST_VERSION, widget=forms.HiddenInput())

    def __init__(self, *args: Any, first_day: dt.date, last_day: dt.date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["starts_on"].widget.attrs |= {
            "min": first_day.isoformat(),
            "max": last_day.isoformat(),
        }


class _Suggestion(forms.ChoiceField):
    """Not optional, though own words may stand in for it; the form says so when both are missing."""

    def validate(self, value: Any) -> None:
        if value:
            super().validate(value)


class ReasonForm(forms.Form):
    """Why: a suggestion that takes one tap, own words, or both; and the version of the plan that was seen."""

    use_required_attribute = False

    suggestion = _Suggestion(
        label=gettext_lazy("Reason"),
        widget=forms.RadioSelect(attrs={"class": "segmented"}),
    )
    reason = forms.CharField(
        label=gettext_lazy("In your words"),
        required=False,
        max_length=REASON_LENGTH,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    plan_version = forms.IntegerField(min_value=1, max_value=LATEST_VERSION, widget=forms.HiddenInput())

    def __init__(self, *args: Any, suggestions: Sequence[Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["suggestion"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 (declared above)
        # The reason is stored as the person read it, so the words are the value.
        field.choices = [(str(text), str(text)) for text in suggestions]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        words = [cleaned.get("suggestion", ""), cleaned.get("reason", "")]
        cleaned["why"] = ". ".join(text.strip().rstrip(".") for text in words if text.strip())
        if not cleaned["why"] and not self.errors:
            self.add_error("suggestion", _("Choose a reason or write one; the history keeps it."))
        if len(cleaned["why"]) > REASON_LENGTH:
            self.add_error("reason", _("Keep the reason within %(n)d characters.") % {"n": REASON_LENGTH})
        return cleaned


class ChangeForm(DoseForm, ReasonForm):
    """Another dose, with the reason."""


class AddForm(ChangeForm):
    """A new exercise with its dose, and the reason."""


class DecideForm(ReasonForm):
    """Progress, hold or regress: the reason, and whether the neighbouring exercise takes its place."""

    swap = forms.BooleanField(required=False, widget=forms.HiddenInput())
