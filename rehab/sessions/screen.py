"""What the day's page prints: strings made once in Python, so that templates only place them (and stay fast)."""

import datetime as dt
import zoneinfo
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final, NamedTuple
from uuid import UUID

from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.dates import WEEKDAYS, WEEKDAYS_ABBR
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from accounts.models import Clinic
from rehab.lib.blanks import Blank
from rehab.lib.ids import new_id
from rehab.library import reading
from rehab.patients.models import Patient
from rehab.programs.dose import Dose
from rehab.programs.wording import dose_text
from rehab.sessions.adherence import Tally
from rehab.sessions.day import Counts, Day, Item, Slot, SlotState
from rehab.sessions.models import PerformedExercise
from rehab.sessions.queries import ONE_DAY, DayView, Pain
from rehab.sessions.wording import left_line, short_day

NOBODY: Final = UUID(int=0)
MOST_COUNTED_REPETITIONS: Final = 5
# From here on an answer is shown with the way to the warning signs (06_progression.yaml, resting_restrain of msk).
PAIN_TO_LOOK_AT: Final = 6

MARKS: Final = {
    SlotState.OPEN: "check",
    SlotState.DONE: "check",
    SlotState.PART: "contrast",
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
    SlotState.SKIPPED: gettext_lazy("%(what)s: skipped. Undo"),
}
NOTES: Final = {
    SlotState.PART: gettext_lazy("Part, %(who)s"),
    SlotState.SKIPPED: gettext_lazy("Skipped, %(who)s"),
}
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
# What is said to somebody who skipped, never as a reproach; then where to look, if anywhere.
AFTER_SKIP: Final = {
    Reason.PAIN: (
        gettext_lazy("Leave it for now. Look whether a warning sign fits."),
        "help",
        gettext_lazy("Warning signs"),
    ),
    Reason.UNSURE_HOW: (gettext_lazy("The steps are here, one by one."), "exercise", gettext_lazy("How it is done")),
    Reason.EQUIPMENT: (gettext_lazy("Something from the household may do."), "exercise", gettext_lazy("What it needs")),
    Reason.NO_TIME: (gettext_lazy("That happens. The next time counts just as much."), "", ""),
    Reason.FORGOT: (gettext_lazy("That happens. The next time counts just as much."), "", ""),
    Reason.DOG_REFUSED: (gettext_lazy("Dogs have such days. If it goes on, tell the clinic."), "", ""),
    Reason.OTHER: (gettext_lazy("Thank you for saying so."), "", ""),
}


def pain_rows() -> list[dict[str, object]]:
    """The scale with a behaviour beside every second number (06_progression.yaml, pain_anchors)."""
    return [
        {"scores": [str(score - 1), str(score)] if score else ["0"], "word": word[:1].upper() + word[1:]}
        for score, word in sorted(reading.pain_anchors().items())
    ]


def pain_word(score: int) -> str:
    """The behaviour that stands beside the number on the scale."""
    return reading.pain_anchors()[score + score % 2]


# The parts that a page repeats; every text of a family or a clinic goes through ``fill``, which escapes it.
FIELDS: Final = Blank("sessions/_command_fields.html", "csrf", "day", "plan_version")
SLOT: Final = Blank(
    "sessions/_slot.html",
    *("action", "fields", "item", "state", "command", "kind", "number", "label", "note"),
)
SHARE: Final = Blank("sessions/_share.html", "share", "label")
SKIP_SLOT: Final = Blank("sessions/_skip_slot.html", "command", "number")
ITEM: Final = Blank(
    "sessions/_item.html",
    *("action", "fields", "item", "state", "href", "name", "dose", "anchor", "note", "slots"),
    *("partial", "number", "shares", "skips", "said", "said_href", "said_link"),
    constants=lambda: {"reasons": Reason.choices},
)
PAIN: Final = Blank(
    "sessions/_pain_card.html",
    *("action", "fields", "moment", "command", "title", "help", "help_url"),
    *("answered", "word", "note", "error"),
    constants=lambda: {"pain_rows": pain_rows()},
)
NOTHING: Final = SafeString()


@dataclass(frozen=True, kw_only=True, slots=True)
class Summary:
    """The ring, the line under it, and the words for when nothing is left."""

    done: int
    total: int
    label: str
    line: str
    is_finished: bool
    ending: str


class Printer:
    """Prints the parts of one dog's day; ``errors`` are sentences by prescription or by pain moment.

    ``fields`` are the hidden fields that all forms of the page share.
    """

    def __init__(
        self,
        *,
        patient: Patient,
        day: dt.date,
        today: dt.date,
        fields: SafeString = NOTHING,
        errors: Mapping[UUID | str, str] | None = None,
    ) -> None:
        self.patient = patient
        self.day = day
        self.is_today = day == today
        self.fields = fields
        self.errors = errors or {}
        self.zone = zoneinfo.ZoneInfo(patient.time_zone)
        # Resolved once a process: resolving costs more than all the rest of an item.
        self._dog = _some_dogs_day().replace(str(NOBODY), str(patient.pk)).removesuffix("today/")
        self.action = f"{self._dog}commands/"
        self.help = f"{self._dog}help/"

    def exercise_url(self, prescription: UUID) -> str:
        return f"{self._dog}exercise/{prescription}/"

    def who_and_when(self, by: str, done_at: dt.datetime) -> str:
        """“Ana 7:42”; with the date instead where it was said on another day."""
        local = done_at.astimezone(self.zone)
        said = f"{local.hour}:{local.minute:02}" if local.date() == self.day else short_day(local.date())
        return f"{by} {said}"

    def items(self, items: Iterable[Item]) -> SafeString:
        return SafeString("".join(self.item(item) for item in items))

    def item(self, item: Item, *, focus: str = "") -> SafeString:
        """One list item; ``focus`` says where the reader goes on after a swap: ``name`` or ``slot-1``."""
        one = item.prescribed
        left = item.open_slots
        says, said, said_href, said_link = self._says(item)
        values: dict[str, object] = {
            "action": self.action,
            "fields": self.fields,
            "item": one.id,
            # What is asked only once is never “next”.
            "state": "done" if not left else "once" if one.is_one_off else "open",
            "href": self.exercise_url(one.id),
            "name": one.name,
            "dose": _dose_words(get_language(), one.dose),
            "anchor": one.anchor,
            "note": one.note,
            "slots": SafeString("".join(self._slot(item, slot, focus) for slot in item.slots)),
            "said": said,
            "said_href": said_href,
            "said_link": said_link,
        }
        if left:
            values |= {
                "partial": new_id(),
                "number": left[0].number,
                "shares": _shares(get_language(), one.dose),
                "skips": SafeString(
                    "".join(SKIP_SLOT.fill({"command": new_id(), "number": slot.number}) for slot in left)
                ),
            }
        return ITEM.fill(
            values,
            anchored=bool(one.anchor),
            noted=bool(one.note),
            left="several" if len(left) > 1 else "one" if left else "",
            says=says,
            focused=focus == "name" and says != "error",
        )

    def _slot(self, item: Item, slot: Slot, focus: str) -> SafeString:
        name, times = item.prescribed.name, len(item.slots)
        is_open = slot.state is SlotState.OPEN
        what = f"{name} {slot.number}/{times}" if times > 1 else name
        note = ""
        if slot.event is not None and not is_open:
            note = self.who_and_when(slot.event.by, slot.event.done_at)
            if slot.state in NOTES:
                note = NOTES[slot.state] % {"who": note}
        return SLOT.fill(
            {
                "action": self.action,
                "fields": self.fields,
                "item": item.prescribed.id,
                "state": slot.state.value,
                "command": new_id(),
                "kind": "tick" if is_open else "undo",
                "number": slot.number,
                "label": LABELS[slot.state] % {"what": what},
                "note": note,
            },
            mark="" if is_open and times > 1 else MARKS[slot.state],
            noted=bool(note),
            focused=focus == f"slot-{slot.number}" and item.prescribed.id not in self.errors,
        )

    def _says(self, item: Item) -> tuple[str, str, str, str]:
        """What stands under the item: an error, or a word about what was skipped last and where to look."""
        if error := self.errors.get(item.prescribed.id):
            return "error", error, "", ""
        skipped = [slot.event for slot in item.slots if slot.event and slot.state is SlotState.SKIPPED]
        if not skipped:
            return "", "", "", ""
        last = max(skipped, key=lambda event: event.order)
        text, where, link = AFTER_SKIP[Reason(last.skip_reason)]
        if not where:
            return "word", str(text), "", ""
        href = self.help if where == "help" else self.exercise_url(item.prescribed.id)
        return "link", str(text), href, str(link)

    def pain(self, moment: str, answer: Pain | None, *, folded: bool = False, swapped: str = "") -> SafeString:
        """A question, or the answer to it with a way to change it; ``swapped`` in as ``asked`` for or ``along`` with others."""
        title, help_text = self._question(moment)
        error = self.errors.get(moment, "")
        values: dict[str, object] = {
            "action": self.action,
            "fields": self.fields,
            "moment": moment,
            "command": new_id(),
            "title": title,
            "help": help_text,
            "help_url": self.help,
            "error": error,
        }
        if answer is None or error:
            shown = "folded" if folded and not error else "asked"
            return PAIN.fill(values, stage=shown, wrong=bool(error), alarming=False, swapped=swapped)
        values |= {
            "answered": ANSWERED[moment] % {"score": answer.score},
            "word": pain_word(answer.score),
            "note": self.who_and_when(answer.by, answer.done_at),
        }
        return PAIN.fill(
            values,
            stage="answered",
            wrong=False,
            alarming=answer.score >= PAIN_TO_LOOK_AT,
            swapped=swapped,
        )

    def _question(self, moment: str) -> tuple[str, str]:
        title = QUESTIONS[moment, self.is_today] % {"name": self.patient.name}
        return title, str(HELPS[moment])

    def summary(self, day: Day) -> Summary:
        return _summary(get_language(), day.counts, self.patient.name if day.counts.left == 0 and self.is_today else "")

    def summary_part(self, day: Day) -> SafeString:
        """The ring, the line and the end of the day, to be swapped in beside an item."""
        return _summary_part(get_language(), self.summary(day))


# Days in numbers repeat between dogs and days; the language is part of the key only.
@lru_cache(maxsize=4096)
def _summary(language: str | None, counts: Counts, name: str) -> Summary:
    finished = counts.total > 0 and counts.left == 0
    label = _("%(done)s of %(total)s done") % {"done": counts.done, "total": counts.total}
    if counts.skipped:
        skipped = ngettext("%(count)s skipped", "%(count)s skipped", counts.skipped) % {"count": counts.skipped}
        label = f"{label}, {skipped}"
    if finished and counts.skipped:
        ending = _("Nothing is left for this day. What you said about the rest helps the clinic.")
    elif name:
        ending = _("All of it is done. %(name)s can rest now.") % {"name": name}
    else:
        ending = _("All of it was done.")
    return Summary(
        done=counts.done,
        total=counts.total,
        label=label,
        line=left_line(left=counts.left, minutes=counts.minutes_left) if counts.left else "",
        is_finished=finished,
        ending=ending,
    )


@lru_cache(maxsize=4096)
def _summary_part(language: str | None, summary: Summary) -> SafeString:
    return render_to_string("sessions/_day_summary.html", {"summary": summary})


@lru_cache(maxsize=1)
def _some_dogs_day() -> str:
    return reverse("sessions:today", args=[NOBODY])


@lru_cache(maxsize=4096)
def _dose_words(language: str | None, dose: Dose) -> str:
    # The language is part of the key only.
    text = dose_text(dose)
    return text[:1].upper() + text[1:]


@lru_cache(maxsize=4096)
def _shares(language: str | None, dose: Dose) -> SafeString:
    """The parts that can be chosen: counted repetitions where they are few, else quarters."""
    whole = dose.reps or 0
    if dose.sets == 1 and 2 <= whole <= MOST_COUNTED_REPETITIONS:
        parts = [
            (round(100 * part / whole), _("%(part)s of %(whole)s") % {"part": part, "whole": whole})
            for part in range(1, whole)
        ]
    else:
        parts = [(share, str(text)) for share, text in QUARTERS]
    return SafeString("".join(SHARE.fill({"share": share, "label": label}) for share, label in parts))


def fields(*, csrf: str, day: dt.date, plan_version: int | str | None) -> SafeString:
    """The hidden fields that all forms of a page share."""
    return FIELDS.fill({"csrf": csrf, "day": day, "plan_version": "" if plan_version is None else plan_version})


def pain_cards(printer: Printer, view: DayView) -> dict[str, SafeString]:
    """The questions of the day: the morning first when there was something yesterday, one open question at a time."""
    yesterday = view.day.day - ONE_DAY
    morning = view.pain.get((yesterday, "next_morning"))
    before = view.pain.get((view.day.day, "before"))
    after = view.pain.get((view.day.day, "after"))
    asks_morning = view.asks_morning and morning is None
    asks_session = bool(view.day.items) or before is not None or after is not None
    return {
        "morning": printer.pain("next_morning", morning) if view.asks_morning else NOTHING,
        "before": (
            printer.pain("before", before, folded=asks_morning or view.day.counts.done > 0) if asks_session else NOTHING
        ),
        "after": printer.pain("after", after, folded=view.day.counts.left > 0) if asks_session else NOTHING,
    }


def day_links(view: DayView) -> list[tuple[str, str, bool]]:
    """Today and the two days before that can still be completed, since the program began: address, words, is it shown."""
    if view.plan is None:
        return []
    words = {0: _("Today"), 1: _("Yesterday"), 2: short_day(view.today - 2 * ONE_DAY)}
    links = []
    for back in (2, 1, 0):
        day = view.today - back * ONE_DAY
        if day >= view.plan.starts_on:
            links.append((day_url(view.patient.pk, day, view.today), words[back], day == view.day.day))
    return links if len(links) > 1 else []


def day_url(patient_id: UUID, day: dt.date, today: dt.date) -> str:
    some_dogs_today = _some_dogs_day().replace(str(NOBODY), str(patient_id))
    return some_dogs_today if day == today else f"{some_dogs_today.removesuffix('today/')}day/{day}/"


class ProgramState(StrEnum):
    """Which of the honest screens a day needs."""

    NONE = "none"
    NOT_STARTED = "not_started"
    ENDED = "ended"
    REST = "rest"
    DUE = "due"


def program_state(view: DayView) -> ProgramState:
    plan = view.plan
    if plan is None:
        return ProgramState.NONE
    if view.day.items:
        return ProgramState.DUE
    if plan.ended_at is not None:
        return ProgramState.ENDED
    return ProgramState.NOT_STARTED if plan.starts_on > view.day.day else ProgramState.REST


SAVED: Final = {
    "tick": gettext_lazy("Saved as done."),
    "partial": gettext_lazy("Saved as done in part."),
    "skip": gettext_lazy("Saved as skipped."),
    "undo": gettext_lazy("Taken back."),
    "pain": gettext_lazy("Your answer is saved."),
}


def saved(kind: str) -> str:
    return str(SAVED[kind])


class PainOfDay(NamedTuple):
    """The answers about one session's day; ``None`` where nobody answered."""

    before: int | None
    after: int | None
    next_morning: int | None

    @property
    def highest(self) -> int | None:
        return max((score for score in self if score is not None), default=None)


def day_of_pain(pain: Mapping[tuple[dt.date, str], Pain], day: dt.date) -> PainOfDay:
    def score(moment: str) -> int | None:
        answer = pain.get((day, moment))
        return None if answer is None else answer.score

    return PainOfDay(score("before"), score("after"), score("next_morning"))


def percent(tally: Tally) -> str:
    """“86 %”, or words where nothing was due."""
    return _("rest day") if tally.ratio is None else f"{round(100 * tally.ratio)} %"


def done_words(tallies: Sequence[Tally]) -> str:
    """The picture of what was done, for those who hear it."""
    ratios = [tally.ratio for tally in tallies if tally.ratio is not None]
    full = sum(ratio >= 1 for ratio in ratios)
    return _("Done each day, last 14 days: all of it on %(full)s of %(due)s days with exercises.") % {
        "full": full,
        "due": len(ratios),
    }


def pain_words(scores: Sequence[int | None]) -> str:
    """The picture of the pain, for those who hear it."""
    answered = [score for score in scores if score is not None]
    if not answered:
        return _("Pain, last 14 days: no answers.")
    return _("Pain, last 14 days: from %(first)s at first to %(last)s at last, highest %(highest)s of 10.") % {
        "first": answered[0],
        "last": answered[-1],
        "highest": max(answered),
    }


class WeekDay(NamedTuple):
    """One day of the strip of this week."""

    name: str
    letter: str
    state: str
    mark: str
    words: str


def week(days: Mapping[dt.date, Tally], *, monday: dt.date, today: dt.date) -> list[WeekDay]:
    """Monday to Sunday of the running week."""
    strip = []
    for number in range(7):
        day = monday + number * ONE_DAY
        name = str(WEEKDAYS[number])
        tally = days.get(day)
        ratio = None if tally is None else tally.ratio
        if day > today:
            state, mark, words = "none", "", _("still to come")
        elif ratio is None:
            state, mark, words = "none", "minus", _("nothing due")
        elif ratio >= 1:
            state, mark, words = "done", "check", _("all done")
        elif day == today:
            state, mark, words = "today", "circle-dot", _("today, still open")
        elif ratio > 0:
            state, mark, words = "part", "contrast", _("done in part")
        else:
            state, mark, words = "missed", "", _("nothing noted")
        strip.append(WeekDay(name, str(WEEKDAYS_ABBR[number])[:2], state, mark, words))
    return strip


class Call(NamedTuple):
    """One phone number to tap."""

    name: str
    number: str
    href: str
    is_emergency: bool


def calls(clinic: Clinic) -> list[Call]:
    """The clinic's and the emergency phone, as far as the clinic has stored them."""
    found = [
        Call(clinic.name, clinic.phone, f"tel:{_dial(clinic.phone)}", is_emergency=False),
        Call(
            clinic.emergency_name or _("Emergency clinic"),
            clinic.emergency_phone,
            f"tel:{_dial(clinic.emergency_phone)}",
            is_emergency=True,
        ),
    ]
    return [call for call in found if call.number]


def _dial(number: str) -> str:
    return "".join(sign for sign in number if sign.isdecimal() or sign in "+*#")
