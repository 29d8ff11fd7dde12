"""What the family's day says around its numbers."""

from typing import Final

from django.utils.text import capfirst
from django.utils.translation import gettext_lazy

from rehab.library import reading, translating
from rehab.sessions.day import SlotState
from rehab.sessions.models import PerformedExercise

# From here on an answer is shown with the way to the warning signs (06_progression.yaml, resting_restrain of msk).
PAIN_TO_LOOK_AT: Final = 6

MARKS: Final = {
    SlotState.OPEN: "check",
    SlotState.DONE: "check",
    SlotState.PART: "contrast",
    SlotState.STOPPED: "octagon-alert",
    SlotState.SKIPPED: "skip-forward",
}
QUARTERS: Final = (
    (25, gettext_lazy("A quarter")),
    (50, gettext_lazy("Half")),
    (75, gettext_lazy("Most of it")),
)
# {what} is the exercise, with “1/3” where it is asked several times a day.
LABELS: Final = {
    SlotState.OPEN: gettext_lazy("%(what)s: mark as done"),
    SlotState.DONE: gettext_lazy("%(what)s: done. Undo"),
    SlotState.PART: gettext_lazy("%(what)s: done in part. Undo"),
    SlotState.STOPPED: gettext_lazy("%(what)s: stopped early. Undo"),
    SlotState.SKIPPED: gettext_lazy("%(what)s: skipped. Undo"),
}
NOTES: Final = {
    SlotState.PART: gettext_lazy("Part, %(who)s"),
    SlotState.STOPPED: gettext_lazy("Stopped, %(who)s"),
    SlotState.SKIPPED: gettext_lazy("Skipped, %(who)s"),
}
# What stands under a dose with a rhythm of its own.
DAY_OF_REST: Final = gettext_lazy("Day %(number)s of %(whole)s")
REST_IS_OVER: Final = gettext_lazy(
    "Day %(number)s. The %(whole)s days are over: go on until the clinic has said what comes next."
)
ONE_TICK: Final = gettext_lazy("One tick for all doses of the day")
NOTED_LAST: Final = gettext_lazy("Noted last on %(day)s")
ONLY_IF: Final = gettext_lazy("Only if: %(condition)s")

QUESTIONS: Final = {
    ("before", True): gettext_lazy("How is %(name)s before the exercises?"),
    ("before", False): gettext_lazy("How was %(name)s before the exercises?"),
    ("after", True): gettext_lazy("How is %(name)s after the exercises?"),
    ("after", False): gettext_lazy("How was %(name)s after the exercises?"),
    ("next_morning", True): gettext_lazy("How is %(name)s this morning?"),
    ("next_morning", False): gettext_lazy("How was %(name)s that morning?"),
}
HELPS: Final = {
    "before": gettext_lazy("Look for a minute: getting up, walking, being touched."),
    "after": gettext_lazy("Within a quarter of an hour after the last one."),
    "next_morning": gettext_lazy("Before the first walk and before any medicine."),
}
ANSWERED: Final = {
    "before": gettext_lazy("Before: %(score)s of 10"),
    "after": gettext_lazy("After: %(score)s of 10"),
    "next_morning": gettext_lazy("In the morning: %(score)s of 10"),
}
Reason = PerformedExercise.SkipReason
# What is said to somebody who skipped, never as a reproach; then where to go on, each with its words.
AFTER_SKIP: Final = {
    Reason.PAIN: (
        gettext_lazy("Leave it for now. Look whether a warning sign fits."),
        (("check", gettext_lazy("Check the warning signs")),),
    ),
    Reason.UNSURE_HOW: (
        gettext_lazy("Look at the picture and the steps, or ask."),
        (("exercise", gettext_lazy("How it is done")), ("ask", gettext_lazy("Ask the clinic"))),
    ),
    Reason.EQUIPMENT: (
        gettext_lazy("Something from the household may do. If not, the clinic can choose another exercise."),
        (("exercise", gettext_lazy("What it needs")), ("ask", gettext_lazy("Tell the clinic"))),
    ),
    Reason.NO_TIME: (gettext_lazy("That happens. The next time counts just as much."), ()),
    Reason.FORGOT: (gettext_lazy("That happens. The next time counts just as much."), ()),
    Reason.DOG_REFUSED: (
        gettext_lazy("Dogs have such days. If it goes on, tell the clinic."),
        (("ask", gettext_lazy("Tell the clinic")),),
    ),
    Reason.OTHER: (gettext_lazy("Thank you for saying so."), ()),
}
AFTER_STOP: Final = (
    gettext_lazy("You stopped in time. Leave this exercise for today, and look whether a warning sign fits."),
    (("check", gettext_lazy("Check the warning signs")), ("ask", gettext_lazy("Tell the clinic"))),
)
MATTER_MOST: Final = gettext_lazy("If there are a few minutes later, these matter most: %(names)s.")


def pain_rows() -> list[dict[str, object]]:
    """The scale with a behaviour beside every second number (06_progression.yaml, pain_anchors)."""
    return [
        {"scores": [str(score - 1), str(score)] if score else ["0"], "word": capfirst(translating.said(word))}
        for score, word in sorted(reading.pain_anchors().items())
    ]


def pain_word(score: int) -> str:
    """The behaviour that stands beside the number on the scale."""
    return translating.said(reading.pain_anchors()[score + score % 2])


SAVED: Final = {
    "tick": gettext_lazy("Saved as done."),
    "partial": gettext_lazy("Saved as done in part."),
    "stop": gettext_lazy("Saved as stopped early."),
    "skip": gettext_lazy("Saved as skipped."),
    "undo": gettext_lazy("Taken back."),
    "pain": gettext_lazy("Your answer is saved."),
    "exposure": gettext_lazy("Your answer is saved."),
    "response": gettext_lazy("Your answer is saved."),
    "medicine": gettext_lazy("Your answer is saved."),
    "measure": gettext_lazy("Your measure is saved."),
    "report": gettext_lazy("Your answers are saved."),
    "message": gettext_lazy("Your message is sent."),
    "activities": gettext_lazy("Your answers are saved."),
}


def saved(kind: str) -> str:
    return str(SAVED[kind])
