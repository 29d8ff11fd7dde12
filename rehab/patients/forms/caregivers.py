"""Whom to share the dog with."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from rehab.lib.plain_text import validate_one_line
from rehab.patients.forms.parts import INVALID_CHOICE, card
from rehab.patients.models import Caregiver


class InviteForm(forms.Form):
    """Whom to share the dog with; an owner shares it with caregivers, staff may also name the owner."""

    relation = forms.ChoiceField(
        label=gettext_lazy("As"),
        widget=forms.RadioSelect,
        error_messages={"invalid_choice": INVALID_CHOICE, "required": INVALID_CHOICE},
    )
    email = forms.EmailField(
        label=gettext_lazy("E-mail"),
        help_text=gettext_lazy(
            "With an address, we send the link there and only that person can use it. Without one, you get a link"
            " that works for whoever opens it first."
        ),
        max_length=254,
        required=False,
        validators=[validate_one_line],
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, may_name_owner: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.may_name_owner = may_name_owner
        if not may_name_owner:
            del self.fields["relation"]
            return
        field = self.fields["relation"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared above
        field.choices = [
            (
                Caregiver.Relation.OWNER.value,
                card(_("Owner"), _("Sees and logs everything, and may invite others")),
            ),
            (
                Caregiver.Relation.CAREGIVER.value,
                card(_("Caregiver"), _("Sees today’s exercises and logs them: partner, dog sitter")),
            ),
        ]

    @property
    def invited_as(self) -> str:
        """What the invited person will be; who may not name an owner is not asked."""
        return str(self.cleaned_data["relation"]) if self.may_name_owner else Caregiver.Relation.CAREGIVER.value
