"""What the form asks several times over: medicines, activities, measures."""

from typing import TYPE_CHECKING, Final

from django import forms
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from rehab.patients import wording
from rehab.patients.forms.parts import text_row, whole_number
from rehab.patients.signing_rules import ACTIVITIES, ACTIVITY_SCORE_MAX, MEASURES, MEDICINES_MAX

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

# What is asked for each medicine, with the words beside it and how long the answer may be.
MEDICINE: Final[tuple[tuple[str, "_StrPromise", int], ...]] = (
    ("name", gettext_lazy("Medicine"), 80),
    ("dose", gettext_lazy("Dose"), 80),
    ("times", gettext_lazy("Times"), 80),
)
# How many empty rows a new definition begins with.
ROWS_AT_FIRST: Final = {"medicine": 1, "activity": ACTIVITIES[0]}
ROWS_MAX: Final = {"medicine": MEDICINES_MAX, "activity": ACTIVITIES[1]}


def rows(kind: str) -> list[dict[str, str]]:
    """The names of the fields in each row of medicines or activities."""
    parts = {"medicine": ("name", "dose", "times"), "activity": ("text", "score")}[kind]
    return [{part: f"{kind}_{number}_{part}" for part in parts} for number in range(1, ROWS_MAX[kind] + 1)]


def medicine_fields() -> dict[str, forms.Field]:
    return {
        row[part]: text_row(label, max_length=length) for row in rows("medicine") for part, label, length in MEDICINE
    }


def own_life_fields() -> dict[str, forms.Field]:
    made: dict[str, forms.Field] = {}
    for number, row in enumerate(rows("activity"), 1):
        made[row["text"]] = text_row(_("Activity %(number)d") % {"number": number}, max_length=120)
        made[row["score"]] = forms.TypedChoiceField(
            label=_("Activity %(number)d: how hard is it?") % {"number": number},
            choices=[
                (score, format_html('{}<span class="visually-hidden"> ({})</span>', score, words))
                for score, words in wording.ACTIVITY_SCORES.items()
            ],
            coerce=int,
            empty_value=None,
            required=False,
            widget=forms.RadioSelect(attrs={"class": "segmented scores"}),
            error_messages={
                "invalid_choice": _("Please choose a number from 0 to %(most)d.") % {"most": ACTIVITY_SCORE_MAX}
            },
        )
    for metric, (lowest, highest) in MEASURES.items():
        label, unit = wording.MEASURES[metric]
        made[f"baseline_{metric}"] = whole_number(str(label), lowest=lowest, highest=highest, unit=str(unit))
    return made
