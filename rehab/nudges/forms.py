"""When, how and whether somebody wants to be reminded."""

import datetime as dt
from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _

from rehab.nudges.actions import Wish

HABIT, CHOSEN = "habit", "chosen"
NOT_A_TIME: Final = _("Write a time between 00:00 and 23:59, such as 18:00.")


def _time_field(label: Any, *, example: Any, required: bool = True) -> forms.TimeField:
    field = forms.TimeField(
        label=label,
        required=required,
        input_formats=["%H:%M"],
        widget=forms.TimeInput(attrs={"type": "time", "step": "300", "class": "short"}, format="%H:%M"),
        error_messages={"required": example, "invalid": NOT_A_TIME},
    )
    # It is not optional where it matters, and says so when it is missing there.
    field.may_wait = True  # type: ignore[attr-defined]
    return field


class PreferenceForm(forms.Form):
    """Everything that a person can choose about reminders; how it is now comes from a ``Wish``."""

    reminds = forms.BooleanField(label=_("Remind me"), required=False)
    when = forms.ChoiceField(
        label=_("When"),
        choices=[
            (HABIT, _("When we usually do it, a little later")),
            (CHOSEN, _("At a time that I choose")),
        ],
        widget=forms.RadioSelect,
        error_messages={
            "required": _("Choose when the reminder is to come."),
            "invalid_choice": _("Choose when the reminder is to come."),
        },
    )
    remind_at = _time_field(_("At this time"), example=_("Choose a time, such as 18:00."), required=False)
    morning_at = _time_field(
        _("In the morning at"),
        example=_("Choose a time, such as 08:30."),
    )
    push_enabled = forms.BooleanField(label=_("On phones and browsers where I switch it on"), required=False)
    email_enabled = forms.BooleanField(label=_("By e-mail"), required=False)
    week_enabled = forms.BooleanField(label=_("A short summary each week"), required=False)

    def __init__(self, data: Any = None, *, now: Wish) -> None:
        super().__init__(
            data,
            initial={
                "reminds": now.reminds,
                "when": HABIT if now.follows_habit else CHOSEN,
                "remind_at": _as_time(now.remind_minute),
                "morning_at": _as_time(now.morning_minute),
                "push_enabled": now.push_enabled,
                "email_enabled": now.email_enabled,
                "week_enabled": now.week_enabled,
            },
        )
        self._now = now

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("when") == CHOSEN and cleaned.get("remind_at") is None and "remind_at" not in self.errors:
            field = self.fields["remind_at"]
            self.add_error("remind_at", forms.ValidationError(field.error_messages["required"], code="required"))
        return cleaned

    def wish(self) -> Wish:
        """What the person wants, of a valid form; who follows the habit keeps the minute that was learned."""
        said = self.cleaned_data
        follows_habit = said["when"] == HABIT
        return Wish(
            reminds=said["reminds"],
            push_enabled=said["push_enabled"],
            email_enabled=said["email_enabled"],
            week_enabled=said["week_enabled"],
            follows_habit=follows_habit,
            remind_minute=self._now.remind_minute if follows_habit else _as_minute(said["remind_at"]),
            morning_minute=_as_minute(said["morning_at"]),
        )


def _as_time(minute: int) -> dt.time:
    return dt.time(minute // 60, minute % 60)


def _as_minute(time: dt.time) -> int:
    return time.hour * 60 + time.minute
