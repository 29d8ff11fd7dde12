"""When and whether somebody wants to be reminded."""

import datetime as dt

from django import forms
from django.utils.translation import gettext_lazy as _


class PreferenceForm(forms.Form):
    """E-mail reminders on or off, and the local time of them."""

    email_enabled = forms.BooleanField(
        label=_("Remind me by e-mail"),
        required=False,
    )
    remind_at = forms.TimeField(
        label=_("At this time"),
        help_text=_("From 21:00 to 8:00 we stay quiet; a time in there means 8:00."),
        input_formats=["%H:%M"],
        widget=forms.TimeInput(attrs={"type": "time", "step": "300", "class": "short"}, format="%H:%M"),
        error_messages={
            "required": _("Choose a time, such as 18:00."),
            "invalid": _("Write a time between 00:00 and 23:59, such as 18:00."),
        },
    )

    @property
    def remind_minute(self) -> int:
        """The chosen minute of the local day, of a valid form."""
        chosen: dt.time = self.cleaned_data["remind_at"]
        return chosen.hour * 60 + chosen.minute
