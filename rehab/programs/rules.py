"""What each rule is about, in a few words: for the badges of the history, where only its number was kept."""

from functools import lru_cache
from typing import Final

from django.utils.translation import gettext_lazy as _

from rehab.library import reading

# 03_decision.yaml (overlays, gates), 06_progression.yaml, and what the program's own limits are called.
MEANINGS: Final = {
    "O1": _("inflammation or infection first"),
    "O2": _("an open warning sign"),
    "O3": _("the first three days"),
    "O4": _("the first two weeks after surgery"),
    "O5": _("strict rest"),
    "O6": _("pain at rest too high for exercise"),
    "O7": _("re-examination overdue"),
    "O8": _("soft-tissue cause against the signs"),
    "O9": _("neck signs"),
    "O10": _("wound or broken skin"),
    "O11": _("overweight"),
    "O12": _("still growing, or pregnant"),
    "G7": _("restart lower after a break"),
    "H4": _("technique first: shown and shown back"),
    "GATE_A": _("what must be signed before a program"),
    "GATE_B": _("what must be known before progress"),
    "GRADES": _("neurologic grade"),
    "LOAD": _("load level of the phase"),
    "PHASE": _("earliest phase of the exercise"),
    "DAY": _("days since the onset"),
    "RANGE": _("range of the dose"),
    "MAX_ACTIVE": _("number of active exercises"),
    "START_LOAD": _("load level to start with"),
    "NEW": _("new exercises in a week"),
    "H6": _("one change at a time"),
    "H9": _("growth of load in a week or two"),
    "ONE_VARIABLE": _("one number of a dose at a time"),
    "RAMP": _("one planned step a week"),
    "AIM": _("what an exercise works on"),
    "UNLOCK": _("left to a vet by the phase"),
    "NO_PROGRESS": _("a protocol without progress"),
    "PART": _("done inside another exercise"),
    "CRITERIA": _("criteria of the phase"),
    "ORDER": _("on the lead only"),
    "RUNG": _("the rung is not passed yet"),
    "RUNG_BLOCK": _("a ladder that a vet unlocks"),
    "RUNG_MOVING": _("number of ladders at a time"),
    "RUNG_PHASE": _("earliest phase of the ladder"),
}


def meaning(rule: str) -> str:
    """What the rule is about; empty for one that nobody described."""
    return str(MEANINGS.get(rule, "")) or _of_the_content().get(rule, "")


@lru_cache(maxsize=1)
def _of_the_content() -> dict[str, str]:
    rows = {row["id"]: row["meaning"] for row in reading.decision()["rows"]}
    return {**reading.contraindications(), **rows}
