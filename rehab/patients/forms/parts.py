"""What the forms share: a date, a choice that says what supports it, and words for a wrong answer."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.html import format_html
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy

from rehab.lib.plain_text import validate_one_line
from rehab.patients import wording
from rehab.patients.wording import Text

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

INVALID_DATE = gettext_lazy("Please enter a date, such as 2026-03-18.")
INVALID_NUMBER = gettext_lazy("Please enter a whole number from {lowest} to {highest}.")
INVALID_CHOICE = gettext_lazy("Please choose one of the answers shown.")
Choices = list[tuple[Any, Any]]


def date_input(**attrs: Any) -> forms.DateInput:
    return forms.DateInput(attrs={"type": "date", **attrs}, format="%Y-%m-%d")


def card(title: Text, note: Text) -> str:
    """A choice with a line that says what supports it."""
    return format_html("{} <small>{}</small>", title, wording.printed(str(note))) if note else str(title)


def cards(choices: Iterable[tuple[str, Any]], support: Mapping[str, Text]) -> Choices:
    return [(code, card(label, support[code])) for code, label in choices]


def one_of(label: "_StrPromise", *, look: str = "", help_text: "_StrPromise | str" = "") -> forms.ChoiceField:
    """One answer of several; the form fills in which."""
    return forms.ChoiceField(
        label=label,
        help_text=help_text,
        required=False,
        widget=forms.RadioSelect(attrs={"class": look} if look else None),
        error_messages={"invalid_choice": INVALID_CHOICE},
    )


def some_of(label: "_StrPromise") -> forms.MultipleChoiceField:
    """Any number of boxes; the form fills in which."""
    return forms.MultipleChoiceField(
        label=label,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": INVALID_CHOICE, "invalid_list": INVALID_CHOICE},
    )


def text_row(label: "_StrPromise | str", *, max_length: int) -> forms.CharField:
    """A short text in a row of several."""
    return forms.CharField(
        label=label,
        max_length=max_length,
        required=False,
        validators=[validate_one_line],
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


def whole_number(
    label: "_StrPromise | str", *, lowest: int, highest: int, unit: "_StrPromise | str"
) -> forms.IntegerField:
    """A number on a scale, with its unit."""
    sentence = format_lazy(INVALID_NUMBER, lowest=lowest, highest=highest)
    return forms.IntegerField(
        label=label,
        min_value=lowest,
        max_value=highest,
        required=False,
        widget=forms.NumberInput(attrs={"inputmode": "numeric", "data-unit": unit}),
        error_messages=dict.fromkeys(("min_value", "max_value", "invalid"), sentence),
    )


def yes_no(value: str) -> bool:
    return value == "yes"
