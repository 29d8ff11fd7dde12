"""What the forms of own content share: lines of text, a clinic, and the words of a refusal."""

from collections.abc import Sequence
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Clinic

INVALID_CHOICE: Final = gettext_lazy("Please choose one of the answers shown.")
LINES: Final = 30
LINE_LENGTH: Final = 400


class LinesField(forms.CharField):
    """A list of sentences, one a line."""

    def __init__(self, *, rows: int = 4, **kwargs: Any) -> None:
        super().__init__(widget=forms.Textarea(attrs={"rows": rows}), strip=False, **kwargs)

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        lines = [" ".join(line.split()) for line in text.splitlines()]
        lines = [line for line in lines if line]
        if len(lines) > LINES:
            raise ValidationError(_("Please write at most %(number)s lines.") % {"number": LINES})
        if any(len(line) > LINE_LENGTH for line in lines):
            raise ValidationError(_("One line is very long. Please make several of it."))
        if self.required and not lines:
            raise ValidationError(self.error_messages["required"], code="required")
        return lines

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(str(line) for line in value) if isinstance(value, list) else value


def clinic_field(clinics: Sequence[Clinic]) -> forms.ChoiceField:
    """Which of the person's clinics it is for."""
    return forms.ChoiceField(
        label=gettext_lazy("Clinic"),
        choices=[(str(clinic.pk), clinic.name) for clinic in clinics],
        widget=forms.RadioSelect(attrs={"class": "segmented"}),
        error_messages=dict.fromkeys(
            ("required", "invalid_choice"), gettext_lazy("Please choose one of your clinics.")
        ),
    )


def numbers_of(text: str) -> list[int]:
    """“7, 14, 28” as numbers.

    Raises:
        ValidationError: there is something else in it.
    """
    try:
        return [int(part) for part in text.replace(",", " ").split()]
    except ValueError as error:
        raise ValidationError(_("Please write whole numbers with commas, such as 7, 14, 28.")) from error
