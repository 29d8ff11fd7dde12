"""What was measured on one day: only what is filled in counts."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from rehab.lib.plain_text import validate_one_line
from rehab.patients import measure_wording as wording
from rehab.patients.forms.parts import INVALID_CHOICE, INVALID_DATE, date_input
from rehab.patients.measures import GROUPS, MEASURES, Measure
from rehab.patients.observing import NOTE_LENGTH
from rehab.patients.signing_rules import OLDEST_DOG_DAYS

NOT_MEASURED: Final = ("", "–")


@dataclass(frozen=True, kw_only=True)
class Group:
    """Some of the fields under one heading."""

    title: str
    fields: list[forms.BoundField]


class ObservationForm(forms.Form):
    """One field for each measure, and the day they are all of. ``today`` and ``born_on`` bound the day."""

    day = forms.DateField(label=gettext_lazy("Measured on"), error_messages={"invalid": INVALID_DATE})
    note = forms.CharField(
        label=gettext_lazy("Note"),
        required=False,
        max_length=NOTE_LENGTH,
        validators=[validate_one_line],
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    use_required_attribute = False

    def __init__(
        self, *args: Any, today: dt.date, born_on: dt.date | None = None, by_a_vet: bool, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.today, self.born_on, self.by_a_vet = today, born_on, by_a_vet
        self.fields["day"].initial = today
        self.fields["day"].widget = date_input(
            max=today.isoformat(), **({"min": born_on.isoformat()} if born_on else {})
        )
        for measure in MEASURES.values():
            field = _field(measure)
            # The heading says that a measure may be left out; sixteen times “optional” says less.
            field.may_wait = True  # type: ignore[attr-defined] # read by the field's template
            self.fields[measure.metric] = field

    @property
    def groups(self) -> Iterator[Group]:
        """The fields by heading, without those that are not this person's to fill in."""
        for name, measures in GROUPS.items():
            fields = [
                self[one.metric] for one in measures if self.by_a_vet or not one.vet_only or self[one.metric].errors
            ]
            if fields:
                yield Group(title=str(wording.GROUPS[name]), fields=fields)

    @property
    def values(self) -> dict[str, Decimal]:
        """What was filled in; only of a valid form."""
        return {
            metric: Decimal(value) for metric in MEASURES if (value := self.cleaned_data.get(metric)) not in (None, "")
        }

    def clean_day(self) -> dt.date:
        day: dt.date = self.cleaned_data["day"]
        if day > self.today:
            raise ValidationError(_("This day is still to come."))
        if day < (self.born_on or self.today - dt.timedelta(days=OLDEST_DOG_DAYS)):
            raise ValidationError(_("This day is before the dog was born."))
        return day

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        for metric, measure in MEASURES.items():
            value = cleaned.get(metric)
            if value in (None, ""):
                continue
            if measure.vet_only and not self.by_a_vet:
                self.add_error(metric, _("Only a vet says this. Ask a vet of the clinic."))
            elif not measure.accepts(Decimal(str(value))):
                self.add_error(metric, wording.refused_value(measure))
        if not self.errors and not self.values:
            raise ValidationError(_("Fill in at least one measure."))
        return cleaned


def _field(measure: Measure) -> forms.Field:
    metric = measure.metric
    words: dict[str, Any] = {
        "label": wording.LABELS[metric],
        "help_text": wording.HELP.get(metric, ""),
        "required": False,
    }
    if measure.kind == "number":
        return forms.DecimalField(
            error_messages={"invalid": gettext_lazy("Please enter a number.")},
            widget=forms.NumberInput(
                attrs={
                    "min": f"{measure.low:g}",
                    "max": f"{measure.high:g}",
                    "step": "any" if measure.decimals else "1",
                    "inputmode": "decimal" if measure.decimals else "numeric",
                    **({"data-unit": measure.unit} if measure.unit else {}),
                }
            ),
            **words,
        )
    choices: list[tuple[str, Any]] = (
        [("1", gettext_lazy("yes")), ("0", gettext_lazy("no"))]
        if measure.kind == "yes_no"
        else [(str(number), text) for number, text in enumerate(wording.SCALES[metric])]
    )
    return forms.ChoiceField(
        choices=[NOT_MEASURED, *choices], error_messages={"invalid_choice": INVALID_CHOICE}, **words
    )
