"""What a person may ask the list for, and what a vet says who releases a dog."""

from typing import Any

from django import forms
from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from rehab.sessions.models import ClipReview


class Show(TextChoices):
    """Which dogs the list shows."""

    ALL = "", _("All")
    URGENT = "look", _("Needs a look")


class SearchForm(forms.Form):
    """The words to look for in the names of dogs and owners, and which dogs to show."""

    q = forms.CharField(
        label=_("Dog or owner"), max_length=60, required=False, widget=forms.TextInput(attrs={"type": "search"})
    )
    show = forms.ChoiceField(choices=Show.choices, required=False)


class ClipAnswerForm(forms.Form):
    """What the clinic says to a photo or clip from home."""

    verdict = forms.ChoiceField(choices=ClipReview.Verdict.choices)
    text = forms.CharField(
        label=_("What should change?"),
        help_text=_("The family reads it beside the exercise, with your name."),
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("verdict") == ClipReview.Verdict.CHANGE and not data.get("text"):
            self.add_error("text", _("Say what the family should do differently."))
        return data


class ReleaseForm(forms.Form):
    """Why a vet lets the exercises go on."""

    reason = forms.CharField(
        label=_("Why may the exercises go on?"),
        help_text=_("What you found, and what is different from now on. The record keeps it with your name."),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
