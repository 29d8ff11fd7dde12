"""What a person may ask the list for."""

from django import forms
from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


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
