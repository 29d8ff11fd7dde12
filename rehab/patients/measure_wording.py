"""The measures in words: what is counted, in what unit, and what a number of a scale means."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from rehab.patients.measures import MEASURES, Measure

GROUPS: Final[Mapping[str, Any]] = {
    "function": gettext_lazy("What the dog can do"),
    "nerves": gettext_lazy("Nerves"),
    "care": gettext_lazy("Comfort and care"),
    "vet": gettext_lazy("Only a vet"),
}
LABELS: Final[Mapping[str, Any]] = {
    "standing_s": gettext_lazy("Standing without help"),
    "unaided_steps": gettext_lazy("Steps in a row without help"),
    "straight_sits": gettext_lazy("Straight sits"),
    "self_corrections": gettext_lazy("Balance corrections"),
    "pole_touches": gettext_lazy("Touches per pass over the poles"),
    "walk_min_total": gettext_lazy("Minutes on the lead in one day"),
    "falls": gettext_lazy("Falls or slips in one day"),
    "knuckling_level": gettext_lazy("Knuckling"),
    "toe_response": gettext_lazy("Answer to the toe squeeze"),
    "urination_normal": gettext_lazy("Urinates normally"),
    "pain_rest": gettext_lazy("Pain at rest"),
    "rest_breaks": gettext_lazy("Escapes or jumps during rest in one day"),
    "doses_given_pct": gettext_lazy("Medicine doses given"),
    "skin_ok": gettext_lazy("Skin is whole"),
    "weight_kg": gettext_lazy("Weight"),
    "limb_stable_signed": gettext_lazy("The limb is treated or stable"),
}
HELP: Final[Mapping[str, Any]] = {
    "standing_s": gettext_lazy("The best time of the day, up to 600."),
    "unaided_steps": gettext_lazy("0 to 10; 10 means ten or more."),
    "straight_sits": gettext_lazy("How many of 5."),
    "self_corrections": gettext_lazy("How many of 10 gentle pushes."),
    "pole_touches": gettext_lazy("0 to 20; an average may have one decimal."),
    "walk_min_total": gettext_lazy("0 to 240; only for a day that the family did not log."),
    "falls": gettext_lazy("With loss of balance."),
    "pain_rest": gettext_lazy("0 calm, 10 cannot settle."),
    "rest_breaks": gettext_lazy("0 to 50."),
    "doses_given_pct": gettext_lazy("Percent of what was prescribed for the day."),
    "weight_kg": gettext_lazy("0.5 to 120."),
    "limb_stable_signed": gettext_lazy("Your tick counts as your signature until a vet says otherwise."),
}
SCALES: Final[Mapping[str, tuple[Any, ...]]] = {
    "knuckling_level": (
        gettext_lazy("never"),
        gettext_lazy("sometimes"),
        gettext_lazy("often"),
        gettext_lazy("always"),
    ),
    "toe_response": (gettext_lazy("none"), gettext_lazy("weak"), gettext_lazy("clear")),
}


def label(metric: str) -> str:
    """The metric's name."""
    return str(LABELS[metric])


def value_text(metric: str, value: Decimal | float) -> str:
    """A value with its unit, or the word that stands for it."""
    measure = MEASURES[metric]
    if measure.kind == "yes_no":
        return _("yes") if value else _("no")
    if measure.kind == "scale" and value in range(int(measure.low), int(measure.high) + 1):
        return f"{int(value)}, {SCALES[metric][int(value)]}"
    number = number_format(f"{float(value):g}")
    if metric == "unaided_steps" and value >= measure.high:
        return _("10 or more")
    return f"{number} {measure.unit}".rstrip()


def refused_value(measure: Measure) -> str:
    """What to enter instead of a value that cannot be."""
    bounds = {"low": f"{measure.low:g}", "high": f"{measure.high:g}"}
    if measure.decimals:
        return _("Please enter a number from %(low)s to %(high)s.") % bounds
    return _("Please enter a whole number from %(low)s to %(high)s.") % bounds
