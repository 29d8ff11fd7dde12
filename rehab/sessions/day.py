"""One day of one dog as plain values: what is due, what was said about it, what is left.

The state of a time of the day (a slot) is the last event by (``done_at``, key), whatever the order of arrival.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Final, NamedTuple
from uuid import UUID

from rehab.programs.dose import Dose

OFFERED_WITHOUT_TIME: Final = 2


class SlotState(StrEnum):
    OPEN = "open"
    DONE = "done"
    PART = "part"
    STOPPED = "stopped"
    SKIPPED = "skipped"


STATES: Final = {
    "done": SlotState.DONE,
    "partial": SlotState.PART,
    "stopped": SlotState.STOPPED,
    "skipped": SlotState.SKIPPED,
    "undone": SlotState.OPEN,
}


class Event(NamedTuple):
    """What was said once about one slot; ``by`` is the first name of who said it."""

    id: UUID
    prescription: UUID
    slot: int
    state: str
    share: int
    skip_reason: str
    done_at: dt.datetime
    by: str

    @property
    def order(self) -> tuple[dt.datetime, UUID]:
        return self.done_at, self.id


class Prescribed(NamedTuple):
    """One prescription, as far as the family's day needs it.

    ``done_on`` is when a one-off was last done before this day, whichever decision it was under then; ``None`` while it
    is not, or no longer, done. ``said_at`` is when anything was said of it before this day. ``whole`` is the name of the
    item inside which it is done, and ``since`` when days of rest began, where that was under an earlier decision.
    """

    id: UUID
    exercise: UUID
    slug: str
    name: str
    dose: Dose
    times_per_day: int
    weekdays: int
    is_one_off: bool
    anchor: str
    note: str
    starts_on: dt.date
    ends_on: dt.date | None
    category: str = ""
    mode: str = ""
    done_on: dt.date | None = None
    said_at: dt.datetime | None = None
    whole: str = ""
    since: dt.date | None = None

    def is_active_on(self, day: dt.date) -> bool:
        return self.starts_on <= day and (self.ends_on is None or day < self.ends_on)

    def is_due_on(self, day: dt.date) -> bool:
        return not self.is_one_off and self.is_active_on(day) and bool(self.weekdays >> day.weekday() & 1)

    def is_asked_on(self, day: dt.date) -> bool:
        """Whether this one-off waits to be done, or to be looked at again."""
        if not self.is_active_on(day):
            return False
        again = self.dose.recheck_days
        return self.done_on is None or (again is not None and (day - self.done_on).days >= again)


class Slot(NamedTuple):
    number: int
    state: SlotState
    event: Event | None


class Item(NamedTuple):
    """A prescription on this day, with each of its times of the day."""

    prescribed: Prescribed
    slots: tuple[Slot, ...]

    @property
    def open_slots(self) -> list[Slot]:
        return [slot for slot in self.slots if slot.state is SlotState.OPEN]

    @property
    def is_answered(self) -> bool:
        """Whether anything that still holds was said about it."""
        return any(slot.state is not SlotState.OPEN for slot in self.slots)

    @property
    def answered(self) -> "Item":
        """Only what was said about it and holds: nothing more is asked."""
        return Item(self.prescribed, tuple(slot for slot in self.slots if slot.state is not SlotState.OPEN))


class Counts(NamedTuple):
    """The day in numbers: times done (also in part), skipped and left, of all that are due, and the minutes left.

    ``minutes_left`` is about, and 0 where the doses do not tell.
    """

    done: int
    skipped: int
    left: int
    total: int
    minutes_left: int


@dataclass(frozen=True)
class Day:
    """A dog's day: what counts (``items``), and beside it what counts nowhere.

    That is what may be done (``optional``), what is asked once (``one_offs``), what was done all the same (``extras``)
    and what begins later (``coming``). ``held`` are the slugs of exercises that a warning sign has stopped: nothing of
    them is to be done, so nothing is left of them (``stopped``).
    """

    day: dt.date
    prescribed: Sequence[Prescribed]
    events: Sequence[Event]
    held: frozenset[str] = frozenset()

    @cached_property
    def last(self) -> Mapping[tuple[UUID, int], Event]:
        """The event that holds, by prescription and slot."""
        last: dict[tuple[UUID, int], Event] = {}
        for event in self.events:
            key = event.prescription, event.slot
            if key not in last or last[key].order <= event.order:
                last[key] = event
        return last

    @cached_property
    def _replaced(self) -> Mapping[UUID, UUID]:
        """The prescription that each one due today replaced today.

        A change in the middle of the day ends one prescription and starts the next: what the family did in the
        morning stays done, or the dog would do it twice on the day on which somebody made it easier.
        """
        ended = {one.exercise: one.id for one in self.prescribed if one.ends_on == self.day}
        return {
            one.id: ended[one.exercise]
            for one in self.prescribed
            if one.exercise in ended and one.starts_on == self.day and self._has_place(one)
        }

    def _has_place(self, one: Prescribed) -> bool:
        """Whether the day shows it, answered or not; what waits for time or a condition is due on no weekday."""
        return one.is_due_on(self.day) or (one.is_active_on(self.day) and (not one.weekdays or one.is_one_off))

    def _item(self, one: Prescribed) -> Item:
        slots = []
        for number in range(1, one.times_per_day + 1):
            event = self.last.get((one.id, number))
            if event is None and one.id in self._replaced:
                event = self.last.get((self._replaced[one.id], number))
            slots.append(Slot(number, STATES[event.state] if event else SlotState.OPEN, event))
        return Item(one, tuple(slots))

    @cached_property
    def items(self) -> list[Item]:
        return [self._item(one) for one in self._free if one.is_due_on(self.day)]

    @cached_property
    def _free(self) -> Sequence[Prescribed]:
        return [one for one in self.prescribed if one.slug not in self.held] if self.held else self.prescribed

    @cached_property
    def stopped(self) -> list[Prescribed]:
        """What the day would show, had a warning sign not stopped it."""
        return [
            one
            for one in self.prescribed
            if one.slug in self.held and one.is_active_on(self.day) and (one.is_due_on(self.day) or not one.weekdays)
        ]

    @cached_property
    def one_offs(self) -> list[Item]:
        """Done once and then kept so: shown until the day on which it was done, and again when it is to be looked at."""
        return [self._item(one) for one in self._free if one.is_one_off and one.is_asked_on(self.day)]

    @cached_property
    def optional(self) -> list[Item]:
        """What may be done when there is time or a condition holds."""
        return [
            self._item(one)
            for one in self._free
            if not one.weekdays and not one.is_one_off and one.is_active_on(self.day)
        ]

    @cached_property
    def coming(self) -> list[Prescribed]:
        """What begins on a later day and is not done yet, the soonest first."""
        later = [one for one in self.prescribed if one.starts_on > self.day]
        if not later:
            return []
        now = {one.slug for one in self.prescribed if one.is_active_on(self.day)}
        planned = (one for one in later if one.slug not in now and (one.ends_on is None or one.ends_on > one.starts_on))
        return sorted(planned, key=lambda one: one.starts_on)

    @cached_property
    def extras(self) -> list[Item]:
        """Done on a day on which it was not due, before it began or after it had ended; it counts nowhere.

        Of what was replaced today only the times of the day that have no place in its successor.
        """
        shown = {item.prescribed.id for item in (*self.items, *self.optional, *self.one_offs)}
        places = {self._replaced[one.id]: one.times_per_day for one in self.prescribed if one.id in self._replaced}
        found = []
        for one in self.prescribed:
            item = self._item(one)
            if one.slug in self.held:
                item = item.answered
            if one.id in places:
                item = Item(one, tuple(slot for slot in item.answered.slots if slot.number > places[one.id]))
            if one.id not in shown and item.is_answered:
                found.append(item)
        return found

    def find(self, prescription: UUID) -> Item | None:
        return next(
            (self._item(one) for one in self.prescribed if one.id == prescription and one.starts_on <= self.day), None
        )

    @property
    def matters_most(self) -> list[str]:
        """What to offer somebody who has no time for the rest: the first open exercises in the clinic's own order.

        No source ranks exercises; the order of a program is the word of who wrote it.
        """
        return [item.prescribed.name for item in self.items if item.open_slots][:OFFERED_WITHOUT_TIME]

    @cached_property
    def counts(self) -> Counts:
        done = skipped = total = 0
        minutes = 0.0
        for item in self.items:
            for slot in item.slots:
                total += 1
                if slot.state is SlotState.SKIPPED:
                    skipped += 1
                elif slot.state is SlotState.OPEN:
                    minutes += item.prescribed.dose.minutes_per_time
                else:
                    done += 1
        return Counts(done, skipped, total - done - skipped, total, max(1, round(minutes)) if minutes else 0)
