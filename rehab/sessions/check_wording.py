"""What the check for warning signs says: the five questions of 01_neuro.yaml, their answers, and what to do about a sign."""

from collections.abc import Mapping
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

MOST_STEPS: Final = 10
# In the order of the content; an answer without words is a number.
WORDS: Final[Mapping[str, Mapping[str, Any]]] = {
    "unaided_steps": {},
    "knuckling": {
        "none": gettext_lazy("None"),
        "sometimes": gettext_lazy("Sometimes"),
        "often": gettext_lazy("Often"),
        "always": gettext_lazy("Always"),
    },
    "standing_s": {},
    "voluntary_move": {
        "both": gettext_lazy("Yes, both"),
        "one": gettext_lazy("Yes, one"),
        "no": gettext_lazy("No"),
    },
    "urination": {
        "normal": gettext_lazy("Normal stream"),
        "small": gettext_lazy("Small amounts or dribbling"),
        "none": gettext_lazy("None for 12 hours"),
        "leaks": gettext_lazy("Leaks by itself"),
    },
}
# The same questions for staff, in a word or two.
SHORT: Final = {
    "unaided_steps": gettext_lazy("Steps in a row"),
    "knuckling": gettext_lazy("Wobble or knuckling"),
    "standing_s": gettext_lazy("Stands"),
    "voluntary_move": gettext_lazy("Back legs try to step"),
    "urination": gettext_lazy("Urine"),
}
# What to know about a sign beside its words (02_redflags.yaml, detect; 01_neuro.yaml, deep_pain).
HINTS: Final = {
    "RF07": gettext_lazy(
        "Squeeze a toe of a back foot. Noticing means looking, turning or crying. A leg that only pulls back is a reflex."
    ),
    "RF12": gettext_lazy("If it gapes or bleeds heavily, call now."),
}
# What to do about a sign beside calling (02_redflags.yaml, detect).
ADVICE: Final = {
    "RF10": gettext_lazy("Give no further dose of the medicine until a vet has answered."),
    "RF12": gettext_lazy("If the wound gapes or bleeds heavily, call now."),
    "RF19": gettext_lazy("Put the collar on, so that it cannot be licked or chewed."),
}
# Why the rules stopped the exercises by themselves (06_progression.yaml, RESTRAIN).
RULES: Final = {
    "R2": gettext_lazy("Nerve function looks worse in what was measured"),
    "R3": gettext_lazy("The pain that was reported is at or above the safe limit"),
    "R4": gettext_lazy("Nerve pain must be controlled before any exercise"),
    "R5": gettext_lazy("A jump during the rest that was ordered, with new signs"),
    "R6": gettext_lazy("A vet must first confirm what kind of back pain this is"),
}


def rule_text(rule: str) -> str:
    """Why a rule stopped the exercises, in plain words."""
    return str(RULES.get(rule, _("A rule that is no longer in use")))


def questions(dog: str) -> dict[str, str]:
    """The questions as the family is asked them."""
    name = {"dog": dog}
    return {
        "unaided_steps": _("How many steps does %(dog)s take in a row without help or falling?") % name,
        "knuckling": _("Any wobble, crossing, nail scuffing or feet turning under?"),
        "standing_s": _("How many seconds does %(dog)s stand without being held?") % name,
        "voluntary_move": _("Hold the belly up. Do the back legs try to step?"),
        "urination": _("Does %(dog)s pass urine on purpose, in a normal stream?") % name,
    }


def answer_text(question: str, value: int | str) -> str:
    """One answer in words: “10 or more”, “20 seconds”, “Often”."""
    if question == "standing_s":
        return ngettext("%(n)s second", "%(n)s seconds", int(value)) % {"n": value}
    if question == "unaided_steps":
        return _("%(number)s or more") % {"number": value} if value == MOST_STEPS else str(value)
    return str(WORDS[question].get(str(value), value))
