"""The numbers of one filled-in outcome form, never its text."""

import datetime as dt
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from rehab.lib.plain_text import validate_one_line
from rehab.library.instruments import TOTAL, Number, ScoreForm
from rehab.patients import score_wording as wording
from rehab.patients.forms.parts import INVALID_DATE, date_input
from rehab.patients.scoring import SOURCE_LENGTH, VERSION_LENGTH, accepts

# As it is written in any of the languages; nothing like 1e5 or NaN, nor 1,000, which means two things.
NUMBER: Final = re.compile(r"[-+]?\d{1,5}([.,]\d{1,2})?", re.ASCII)


class NumberField(forms.CharField):
    """A number with a point or a comma, within the form's own range."""

    def __init__(self, number: Number, **kwargs: Any) -> None:
        self.number = number
        super().__init__(
            widget=forms.TextInput(
                attrs={"inputmode": "decimal" if number.decimals else "numeric", "autocomplete": "off", "size": 8}
            ),
            **kwargs,
        )

    def clean(self, value: Any) -> Decimal | None:
        text = super().clean(value)
        if not text:
            return None
        if NUMBER.fullmatch(text) is None:
            raise ValidationError(_("Please enter a number."))
        found = Decimal(text.replace(",", "."))
        if not accepts(self.number, found):
            raise ValidationError(self._refusal())
        return found

    def _refusal(self) -> str:
        bounds = wording.bounds(self.number)
        if not bounds:
            return _("Please enter a number with at most %(n)s decimals.") % {"n": self.number.decimals}
        if self.number.decimals:
            return _("Please enter a number from %(range)s.") % {"range": bounds}
        return _("Please enter a whole number from %(range)s.") % {"range": bounds}


class ScoreEntryForm(forms.Form):
    """One field for each number of the chosen form. ``today`` and ``earliest`` bound the day."""

    day = forms.DateField(label=gettext_lazy("Filled in on"), error_messages={"invalid": INVALID_DATE})
    version = forms.CharField(
        label=gettext_lazy("Edition of the form"),
        help_text=gettext_lazy("As printed on it: year, language."),
        required=False,
        max_length=VERSION_LENGTH,
        validators=[validate_one_line],
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    source = forms.CharField(
        label=gettext_lazy("Where the filled-in form is kept"),
        required=False,
        max_length=SOURCE_LENGTH,
        validators=[validate_one_line],
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    use_required_attribute = False

    def __init__(self, *args: Any, form: ScoreForm, today: dt.date, earliest: dt.date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.form, self.today, self.earliest = form, today, earliest
        self.fields["day"].initial = today
        self.fields["day"].widget = date_input(max=today.isoformat(), min=earliest.isoformat())
        if form.form:
            # The length of the form is its edition.
            del self.fields["version"]
        for number in form.numbers:
            bounds = wording.bounds(number)
            self.fields[number.code] = NumberField(
                number,
                label=wording.label(number),
                help_text=bounds,
                required=number.code == TOTAL or not form.has_total,
            )
        self.order_fields([*(one.code for one in form.numbers), "day", "version", "source"])

    @property
    def numbers(self) -> list[forms.BoundField]:
        """The fields of the form's own numbers, in its order."""
        return [self[one.code] for one in self.form.numbers]

    @property
    def values(self) -> Mapping[str, Decimal]:
        """What was filled in; only of a valid form."""
        return {one.code: value for one in self.form.numbers if (value := self.cleaned_data.get(one.code)) is not None}

    def clean_day(self) -> dt.date:
        day: dt.date = self.cleaned_data["day"]
        if day > self.today:
            raise ValidationError(_("This day is still to come."))
        if day < self.earliest:
            raise ValidationError(_("This day is before the dog was born."))
        return day
