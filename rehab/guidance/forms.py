"""What a person may ask the list for, and what a vet says who releases a dog."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django import forms
from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from rehab.guidance import threshold_wording
from rehab.guidance.engine.values import THRESHOLDS, Profile
from rehab.guidance.thresholds import RANGES
from rehab.patients.forms.parts import date_input
from rehab.programs.forms import ReasonForm
from rehab.sessions.models import ClipReview


class Show(TextChoices):
    """Which dogs the list shows."""

    ALL = "", _("All")
    URGENT = "look", _("Needs a look")
    MINE = "mine", _("Mine")
    READY = "ready", _("Ready to progress")
    STOPPED = "stopped", _("Stopped")
    GONE = "gone", _("Died")


class SearchForm(forms.Form):
    """The words to look for in the names of dogs and owners, and which dogs to show."""

    q = forms.CharField(
        label=_("Dog or owner"), max_length=60, required=False, widget=forms.TextInput(attrs={"type": "search"})
    )
    show = forms.ChoiceField(choices=Show.choices, required=False)


class AcceptForm(forms.Form):
    """Which suggestion the person saw: the one that says exactly this."""

    seen = forms.CharField(max_length=64)


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

    def __init__(self, *args: Any, asks_episode: bool = False, **kwargs: Any) -> None:
        """``asks_episode``: the rules have opened a new episode, and the vet says whether it is one."""
        super().__init__(*args, **kwargs)
        if asks_episode:
            choices = {
                "new": _("A new episode: the problem must be defined anew before anything is assigned or grows."),
                "same": _("The same episode, or no back pain: the signed definition holds again."),
            }
            self.fields["episode"] = forms.ChoiceField(
                label=_("Has the pain come back?"),
                choices=list(choices.items()),
                widget=forms.RadioSelect,
                error_messages={"required": _("Say whether it is a new episode.")},
            )

    @property
    def is_same_episode(self) -> bool:
        """Whether the vet finds that what looked like a recurrence is none."""
        return self.cleaned_data.get("episode") == "same"


class ThresholdsForm(forms.Form):
    """A clinic's limits, one field for each profile and threshold, and why one of them becomes less careful."""

    reason = forms.CharField(
        label=_("Why is a limit made less careful?"),
        help_text=_(
            "Only needed if you make one less careful. The record keeps it with your name, and the clinic reads it below."
        ),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, *args: Any, now: Mapping[str, Profile], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for profile, numbers in now.items():
            for name in THRESHOLDS:
                low, high = RANGES[name]
                self.fields[f"{profile}-{name}"] = forms.IntegerField(
                    label=threshold_wording.label(name),
                    min_value=low,
                    max_value=high,
                    initial=getattr(numbers, name),
                    widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
                )

    @property
    def wanted(self) -> dict[str, dict[str, int]]:
        """What was typed, by profile and threshold."""
        found: dict[str, dict[str, int]] = {}
        for key, value in self.cleaned_data.items():
            profile, _dash, name = key.partition("-")
            if name:
                found.setdefault(profile, {})[name] = value
        return found


class ClearForm(forms.Form):
    """Why nothing more has to be done about a warning sign."""

    reason = forms.CharField(
        label=_("Why is it cleared?"),
        help_text=_("What you found and did. The record keeps it with your name."),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class AdverseEventForm(forms.Form):
    """What harm came to the dog."""

    text = forms.CharField(
        label=_("What happened to the dog?"),
        help_text=_("Harm during or after an exercise or a medicine. The record keeps it with your name."),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class DischargeForm(ReasonForm):
    """Why the dog is discharged; ``seen`` are the objections that the vet had before them, so that none is overruled unread."""

    seen = forms.CharField(required=False, max_length=2000, widget=forms.HiddenInput())


class SettleForm(forms.Form):
    """Why a checkpoint that was worse is no relapse, and which ones the person saw."""

    reason = forms.CharField(
        label=_("Why is it no relapse?"),
        help_text=_("What you found. Maintenance goes on as before; the record keeps it with your name."),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class FarewellForm(forms.Form):
    """The day on which a dog died, and one confirmation."""

    died_on = forms.DateField(
        label=_("When?"),
        error_messages={
            "required": _("Please choose the day, today or before."),
            "invalid": _("Please choose the day, today or before."),
        },
    )
    is_sure = forms.BooleanField(error_messages={"required": _("Please confirm it: everything stops by this.")})

    def __init__(self, *args: Any, dog: str, today: dt.date, born_on: dt.date | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        bounds = {"max": today.isoformat(), **({"min": born_on.isoformat()} if born_on else {})}
        self.fields["died_on"].widget = date_input(**bounds)
        self.fields["died_on"].initial = today
        self.fields["is_sure"].label = _("Yes, %(dog)s has died") % {"dog": dog}
