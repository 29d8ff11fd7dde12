"""What the forms share: a date, a choice that says what supports it, and words for a wrong answer."""

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.utils.html import format_html
from django.utils.translation import gettext_lazy

from rehab.patients import wording
from rehab.patients.wording import Text

INVALID_DATE = gettext_lazy("Please enter a date, such as 2026-03-18.")
INVALID_CHOICE = gettext_lazy("Please choose one of the answers shown.")
Choices = list[tuple[Any, Any]]


def date_input(**attrs: Any) -> forms.DateInput:
    return forms.DateInput(attrs={"type": "date", **attrs}, format="%Y-%m-%d")


def card(title: Text, note: Text) -> str:
    """A choice with a line that says what supports it."""
    return format_html("{} <small>{}</small>", title, wording.printed(str(note))) if note else str(title)


def cards(choices: Iterable[tuple[str, Any]], support: Mapping[str, Text]) -> Choices:
    return [(code, card(label, support[code])) for code, label in choices]
