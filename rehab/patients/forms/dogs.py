"""The dog's data."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.forms import time_zone_choices
from accounts.models import Clinic
from rehab.lib.ids import new_id
from rehab.lib.plain_text import validate_one_line
from rehab.patients.forms.parts import INVALID_CHOICE, INVALID_DATE, date_input
from rehab.patients.models import Patient
from rehab.patients.signing_rules import OLDEST_DOG_DAYS


class PatientForm(forms.ModelForm):  # type: ignore[type-arg] # not generic when it runs
    """The dog's data. ``today`` bounds the date of birth."""

    time_zone = forms.ChoiceField(
        label=gettext_lazy("Time zone of its home"),
        error_messages={"invalid_choice": gettext_lazy("Please choose a time zone from the list.")},
    )

    class Meta:
        model = Patient
        fields = ("name", "breed", "sex", "born_on", "weight_kg", "time_zone")
        widgets = {
            "name": forms.TextInput(attrs={"autocomplete": "off"}),
            "breed": forms.TextInput(attrs={"autocomplete": "off"}),
            "weight_kg": forms.NumberInput(
                attrs={"data-unit": "kg", "inputmode": "decimal", "min": "0.5", "max": "120"}
            ),
        }
        error_messages = {
            "name": {"required": gettext_lazy("Please enter the dog’s name.")},
            "sex": {"invalid_choice": INVALID_CHOICE},
            "born_on": {"invalid": INVALID_DATE},
            "weight_kg": dict.fromkeys(
                ("invalid", "min_value", "max_value", "max_digits", "max_decimal_places", "max_whole_digits"),
                gettext_lazy("Please enter the weight in kilograms, from 0.5 to 120, such as 9.4."),
            ),
        }

    def __init__(self, *args: Any, today: dt.date, time_zone: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["time_zone"] = time_zone
        self.today = today
        sex = self.fields["sex"]
        assert isinstance(sex, forms.TypedChoiceField)  # noqa: S101 - a field with choices
        sex.choices = [("", _("not known")), *Patient.Sex.choices]
        for name in ("name", "breed"):
            self.fields[name].validators.append(validate_one_line)
        self.fields["born_on"].widget = date_input(max=today.isoformat())
        zone = self.fields["time_zone"]
        assert isinstance(zone, forms.ChoiceField)  # noqa: S101 - declared above
        zone.choices = time_zone_choices(time_zone)

    def clean_born_on(self) -> dt.date | None:
        born_on: dt.date | None = self.cleaned_data["born_on"]
        if born_on is not None and born_on > self.today:
            raise ValidationError(_("The date of birth cannot lie in the future."))
        if born_on is not None and born_on < self.today - dt.timedelta(days=OLDEST_DOG_DAYS):
            raise ValidationError(_("No dog is that old. Please look at the year again."))
        return born_on

    @property
    def details(self) -> dict[str, Any]:
        """The dog's data as the actions take them."""
        return {name: self.cleaned_data[name] for name in self.Meta.fields}


class NewPatientForm(PatientForm):
    """A dog that is new to the clinic, with its owner if their address is known.

    The page brings the key that the dog will have, so that the same form sent twice is one dog.
    """

    key = forms.UUIDField(required=False, widget=forms.HiddenInput)
    clinic = forms.ChoiceField(
        label=gettext_lazy("Clinic"),
        widget=forms.RadioSelect(attrs={"class": "segmented"}),
        error_messages=dict.fromkeys(
            ("required", "invalid_choice"), gettext_lazy("Please choose one of your clinics.")
        ),
    )
    owner_email = forms.EmailField(
        label=gettext_lazy("Owner’s e-mail"),
        max_length=254,
        required=False,
        validators=[validate_one_line],
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    owner_name = forms.CharField(
        label=gettext_lazy("Owner’s name"),
        max_length=120,
        required=False,
        validators=[validate_one_line],
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, clinics: Sequence[Clinic], **kwargs: Any) -> None:
        super().__init__(*args, time_zone=clinics[0].time_zone, **kwargs)
        self.initial["key"] = new_id()
        self.clinics = clinics
        if len(clinics) == 1:
            del self.fields["clinic"]
            return
        field = self.fields["clinic"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared above
        field.choices = [(str(clinic.pk), clinic.name) for clinic in clinics]

    @property
    def details(self) -> dict[str, Any]:
        return {**super().details, "key": self.cleaned_data["key"]}

    @property
    def chosen_clinic(self) -> Clinic:
        """Where the dog is registered; who works in one clinic is not asked."""
        chosen = self.cleaned_data.get("clinic", str(self.clinics[0].pk))
        return next(clinic for clinic in self.clinics if str(clinic.pk) == chosen)
