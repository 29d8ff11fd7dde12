"""Moving a phase and climbing a ladder, as a person fills it in."""

from collections.abc import Sequence
from typing import Any, Final

from django import forms
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from rehab.lib.plain_text import validate_one_line
from rehab.library import translating
from rehab.library.models import Exercise, Ladder
from rehab.patients.wording import printed
from rehab.programs.actions.laddering import ACTIVITY_LENGTH
from rehab.programs.dose import Dose
from rehab.programs.forms import DoseForm, ReasonForm

CRITERIA_MET: Final = gettext_lazy("The criteria of the phase are met")
ON: Final = (
    CRITERIA_MET,
    gettext_lazy("Examined today, ready for more"),
    gettext_lazy("Stable for long enough"),
)
BACK: Final = (
    gettext_lazy("More pain"),
    gettext_lazy("Function is less than before"),
    gettext_lazy("Moved on too early"),
    gettext_lazy("After a break"),
)
START: Final = (
    gettext_lazy("The family wants this back"),
    gettext_lazy("The next step of the plan"),
)
RUNG_UP: Final = (
    gettext_lazy("Two good practices on different days"),
    gettext_lazy("Seen on video, safe"),
)
RUNG_DOWN: Final = (
    gettext_lazy("More pain"),
    gettext_lazy("Unsure or poor technique"),
    gettext_lazy("Moved up too early"),
)
RUNG_END: Final = (
    gettext_lazy("Goal reached"),
    gettext_lazy("Not for this dog now"),
    gettext_lazy("The family does not need it any more"),
)
OTHER: Final = "other"


class PhaseItemForm(DoseForm):
    """One exercise of the phase to come: whether it is part of it, and how much. What is not chosen is not looked at."""

    chosen = forms.BooleanField(required=False)

    use_required_attribute = False

    def __init__(self, *args: Any, exercise: Exercise, dose: Dose, **kwargs: Any) -> None:
        super().__init__(*args, exercise=exercise, dose=dose, **kwargs)
        # Where it stands in the family's day stays as it is; the dog's page changes that.
        for name in ("anchor", "note"):
            del self.fields[name]
        # Without the fold nothing else can stand in for the repetitions.
        if "reps" in self.fields:
            self.fields["reps"].required = dose.reps is not None

    def full_clean(self) -> None:
        super().full_clean()
        if self.is_bound and not self.cleaned_data.get("chosen"):
            self._errors = forms.utils.ErrorDict()

    @property
    def is_chosen(self) -> bool:
        return bool(self["chosen"].value())


class PhaseMoveForm(ReasonForm):
    """Why the program moves to another phase."""


class RungForm(ReasonForm):
    """Why the dog goes up, down, or leaves the ladder."""


class LadderStartForm(ReasonForm):
    """Which ladder leads to which activity, and why now."""

    ladder = forms.ChoiceField(
        label=gettext_lazy("Ladder"),
        widget=forms.RadioSelect,
        error_messages={
            "required": gettext_lazy("Choose a ladder."),
            "invalid_choice": gettext_lazy("Choose one of the ladders shown."),
        },
    )
    activity = forms.ChoiceField(
        label=gettext_lazy("What it leads to"),
        widget=forms.RadioSelect,
        error_messages={
            "required": gettext_lazy("Choose what the ladder leads to."),
            "invalid_choice": gettext_lazy("Choose one of the activities shown."),
        },
    )
    own_activity = forms.CharField(
        label=gettext_lazy("Something else, in the owner’s words"),
        required=False,
        max_length=ACTIVITY_LENGTH,
        validators=[validate_one_line],
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(
        self,
        *args: Any,
        ladders: Sequence[Ladder],
        suggested: Sequence[str],
        activities: Sequence[str],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.ladders = {str(ladder.pk): ladder for ladder in ladders}
        field, activity = self.fields["ladder"], self.fields["activity"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 (declared above)
        assert isinstance(activity, forms.ChoiceField)  # noqa: S101 (declared above)
        field.choices = [(pk, _ladder_card(one, one.slug in suggested)) for pk, one in self.ladders.items()]
        activity.choices = [*((text, text) for text in activities), (OTHER, _("Something else"))]
        if not activities:
            activity.initial = OTHER

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if cleaned.get("activity") == OTHER and not (cleaned.get("own_activity") or "").strip():
            self.add_error("own_activity", _("Write what the ladder leads to."))
        return cleaned

    @property
    def chosen_ladder(self) -> Ladder:
        """Only of a valid form."""
        return self.ladders[self.cleaned_data["ladder"]]

    @property
    def chosen_activity(self) -> str:
        """Only of a valid form."""
        typed: str = self.cleaned_data["activity"]
        return self.cleaned_data["own_activity"].strip() if typed == OTHER else typed


def _ladder_card(ladder: Ladder, is_suggested: bool) -> str:  # noqa: FBT001 - two values of one row
    words = [_("Meant for this phase.")] if is_suggested else []
    words += [printed(ladder.note)] if ladder.note else []
    return format_html("{} <small>{}</small>", translating.said(ladder.name), " ".join(words))
