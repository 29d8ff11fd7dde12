"""The parts that a day repeats, printed: items with their times of the day, pain questions, the day in a line."""

import datetime as dt
import zoneinfo
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final
from uuid import UUID

from django.template.loader import render_to_string
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from rehab.lib.blanks import Blank
from rehab.lib.ids import new_id
from rehab.library import translating
from rehab.patients.models import Patient
from rehab.programs.dose import Dose
from rehab.programs.wording import dose_text
from rehab.sessions.day import Counts, Day, Item, Prescribed, Slot, SlotState
from rehab.sessions.queries import Pain
from rehab.sessions.screen import words
from rehab.sessions.screen.addresses import dog_url
from rehab.sessions.screen.words import Reason
from rehab.sessions.wording import left_line, short_day

MOST_COUNTED_REPETITIONS: Final = 5

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
    *("partial", "number", "shares", "skips", "said", "links"),
    constants=lambda: {"reasons": Reason.choices},
)
PAIN: Final = Blank(
    "sessions/_pain_card.html",
    *("action", "fields", "moment", "command", "title", "help", "help_url"),
    *("answered", "word", "note", "error"),
    constants=lambda: {"pain_rows": words.pain_rows()},
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
    """Prints the parts of one dog's day; ``errors`` are sentences by prescription, by ladder's rung or by pain moment.

    ``fields`` are the hidden fields that all forms of the page share, ``matters_most`` the names that are offered to
    somebody who has no time for the rest.
    """

    def __init__(
        self,
        *,
        patient: Patient,
        day: dt.date,
        today: dt.date,
        fields: SafeString = NOTHING,
        errors: Mapping[UUID | str, str] | None = None,
        matters_most: Sequence[str] = (),
    ) -> None:
        self.patient = patient
        self.day = day
        self.is_today = day == today
        self.fields = fields
        self.errors = errors or {}
        self.matters_most = matters_most
        self.language = get_language()
        self.zone = zoneinfo.ZoneInfo(patient.time_zone)
        self._dog = dog_url(patient.pk)
        self.action = f"{self._dog}commands/"
        self.help = f"{self._dog}check/"

    def exercise_url(self, prescription: UUID) -> str:
        return f"{self._dog}exercise/{prescription}/"

    def who_and_when(self, by: str, done_at: dt.datetime) -> str:
        """“Ana 7:42”; with the date instead where it was said on another day."""
        local = done_at.astimezone(self.zone)
        said = f"{local.hour}:{local.minute:02}" if local.date() == self.day else short_day(local.date())
        return f"{by} {said}"

    def items(self, items: Iterable[Item]) -> SafeString:
        return SafeString("".join(self.item(item) for item in items))

    def item(self, item: Item, *, swapped: bool = False) -> SafeString:
        """One list item, in the page or ``swapped`` in."""
        one = item.prescribed
        left = item.open_slots
        says, said, links = self._says(item)
        values: dict[str, object] = {
            "action": self.action,
            "fields": self.fields,
            "item": one.id,
            # What is asked only once, or may be left out, is never “next”.
            "state": "done" if not left else "open" if one.weekdays and not one.is_one_off else "once",
            "href": self.exercise_url(one.id),
            "name": translating.said(one.name),
            "dose": self._dose(one),
            "anchor": translating.said(one.anchor),
            "note": translating.said(one.note),
            "slots": SafeString("".join(self._slot(item, slot) for slot in item.slots)),
            "said": said,
            "links": links,
        }
        if left:
            values |= {
                "partial": new_id(),
                "number": left[0].number,
                "shares": _shares(self.language, one.dose),
                "skips": SafeString(
                    "".join(
                        SKIP_SLOT.fill({"command": new_id(), "number": slot.number}, language=self.language)
                        for slot in left
                    )
                ),
            }
        return ITEM.fill(
            values,
            language=self.language,
            anchored=bool(one.anchor),
            noted=bool(one.note),
            left="several" if len(left) > 1 else "one" if left else "",
            says=says,
            swapped=swapped,
        )

    def _dose(self, one: Prescribed) -> SafeString:
        """How much and how often; then what its own rhythm means for this day, where it has one."""
        said = _dose_words(self.language, one.dose, translating.said(one.whole))
        more = ""
        if whole := one.dose.duration_days:
            number = (self.day - (one.since or one.starts_on)).days + 1
            text = words.DAY_OF_REST if number <= whole else words.REST_IS_OVER
            more = text % {"number": number, "whole": whole}
        elif one.dose.per_prescription:
            more = str(words.ONE_TICK)
        elif one.done_on is not None:
            more = words.NOTED_LAST % {"day": short_day(one.done_on)}
        return format_html("{}<br>{}", said, more) if more else said

    def _slot(self, item: Item, slot: Slot) -> SafeString:
        name, times = translating.said(item.prescribed.name), item.prescribed.times_per_day
        is_open = slot.state is SlotState.OPEN
        what = f"{name} {slot.number}/{times}" if times > 1 else name
        note = ""
        if slot.event is not None and not is_open:
            note = self.who_and_when(slot.event.by, slot.event.done_at)
            if slot.state in words.NOTES:
                note = words.NOTES[slot.state] % {"who": note}
        return SLOT.fill(
            {
                "action": self.action,
                "fields": self.fields,
                "item": item.prescribed.id,
                "state": slot.state.value,
                "command": new_id(),
                "kind": "tick" if is_open else "undo",
                "number": slot.number,
                "label": words.LABELS[slot.state] % {"what": what},
                "note": note,
            },
            language=self.language,
            mark="" if is_open and times > 1 else words.MARKS[slot.state],
            noted=bool(note),
        )

    def _says(self, item: Item) -> tuple[str, str, SafeString]:
        """What stands under the item: an error, or a word about what was said last of it, and where to go on."""
        if error := self.errors.get(item.prescribed.id):
            return "error", error, NOTHING
        told = [
            slot.event for slot in item.slots if slot.event and slot.state in (SlotState.SKIPPED, SlotState.STOPPED)
        ]
        if not told:
            return "", "", NOTHING
        last = max(told, key=lambda event: event.order)
        text, where = words.AFTER_SKIP[Reason(last.skip_reason)] if last.skip_reason else words.AFTER_STOP
        said = str(text)
        if last.skip_reason == Reason.NO_TIME and self.matters_most:
            said = f"{said} {words.MATTER_MOST % {'names': ', '.join(map(translating.said, self.matters_most))}}"
        addresses = {
            "check": f"{self._dog}check/",
            "exercise": self.exercise_url(item.prescribed.id),
            "ask": f"{self._dog}messages/?about={item.prescribed.id}#about-{item.prescribed.id}",
        }
        links = format_html_join(" ", '<a href="{}">{}</a>', ((addresses[place], link) for place, link in where))
        return "word", said, links

    def pain(self, moment: str, answer: Pain | None, *, folded: bool = False, swapped: bool = False) -> SafeString:
        """A question, or the answer to it with a way to change it, in the page or ``swapped`` in."""
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
            "answered": words.ANSWERED[moment] % {"score": answer.score},
            "word": words.pain_word(answer.score),
            "note": self.who_and_when(answer.by, answer.done_at),
        }
        return PAIN.fill(
            values,
            stage="answered",
            wrong=False,
            alarming=answer.score >= words.PAIN_TO_LOOK_AT,
            swapped=swapped,
        )

    def _question(self, moment: str) -> tuple[str, str]:
        title = words.QUESTIONS[moment, self.is_today] % {"name": self.patient.name}
        return title, str(words.HELPS[moment])

    def summary(self, day: Day) -> Summary:
        return _summary(self.language, day.counts, self.patient.name if day.counts.left == 0 and self.is_today else "")

    def summary_part(self, day: Day) -> SafeString:
        """The ring, the line and the end of the day, to be swapped in beside an item."""
        return _summary_part(self.language, self.summary(day))


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


@lru_cache(maxsize=4096)
def _dose_words(language: str | None, dose: Dose, whole: str) -> SafeString:
    """The dose; its condition on a line of its own. ``whole`` is the name of the item inside which it is done."""
    # The language is part of the key only.
    names = {dose.part_of: whole} if dose.part_of else None
    text = dose_text(replace(dose, only_if=""), names)
    text = text[:1].upper() + text[1:]
    if not dose.only_if:
        return format_html("{}", text)
    condition = words.ONLY_IF % {"condition": translating.said(dose.only_if)}
    return format_html("{}<br><strong>{}</strong>", text, condition)


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
        parts = [(share, str(text)) for share, text in words.QUARTERS]
    return SafeString("".join(SHARE.fill({"share": share, "label": label}) for share, label in parts))


def fields(*, csrf: str, day: dt.date, plan_version: int | str | None) -> SafeString:
    """The hidden fields that all forms of a page share."""
    return FIELDS.fill({"csrf": csrf, "day": day, "plan_version": "" if plan_version is None else plan_version})
