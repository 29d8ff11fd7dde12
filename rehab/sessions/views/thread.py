"""A dog's thread as its lines say it: who wrote what and when, what is new, and who has read it."""

import datetime as dt
import zoneinfo
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.models import User
from rehab.library import translating
from rehab.patients.models import Patient
from rehab.sessions.bundles import SHOWN_WITHIN, bundles
from rehab.sessions.models import Message
from rehab.sessions.queries.messages import EPOCH, Part, Place, Reader
from rehab.sessions.wording import long_day

# Shorter than this is the way from the phone to the server; longer, it waited for a network.
SENT_LATER: Final = dt.timedelta(minutes=2)


@dataclass(frozen=True, kw_only=True)
class Line:
    """One message. ``day`` is said above the first of each day, ``who`` and ``time`` above the first of each bundle."""

    id: str
    is_own: bool
    is_new: bool
    day_id: str
    day: str
    who: str
    time: str
    instant: str
    text: str
    about: str
    about_url: str
    sent: str
    read: str


@dataclass(frozen=True, kw_only=True)
class Teller:
    """Says the lines to one reader, in the dog's zone."""

    patient: Patient
    user: User
    is_family: bool
    readers: Sequence[Reader]

    @property
    def read_until(self) -> dt.datetime:
        """Up to when this person has read."""
        return next((one.until for one in self.readers if one.user == self.user.pk), EPOCH)

    def has_news(self, messages: Sequence[Message]) -> bool:
        """Whether the other side wrote something that this person has not opened yet."""
        return any(one.from_family != self.is_family and one.received_at > self.read_until for one in messages)

    def lines(self, part: Part, *, is_top: bool = True, marks_new: bool = True) -> list[Line]:
        """The lines of a part; with nothing above it, it says day and writer of its first one in any case."""
        before = None if is_top else part.before
        known = [*([] if before is None else [before]), *part.messages]
        first_of = {bundle[0].pk for bundle in bundles(known, within=SHOWN_WITHIN)}
        newest_read = self._newest_read(part.messages)
        new = next((one.pk for one in part.messages if marks_new and self.has_news([one])), None)
        lines = []
        for message in part.messages:
            day = self.day(message.received_at)
            is_first = message.pk in first_of
            is_other_writer = before is not None and before.written_by_id != message.written_by_id
            has_day = before is None or self.day(before.received_at) != day
            lines.append(
                self._line(
                    message,
                    day=day if has_day else None,
                    has_who=is_first or is_other_writer or has_day,
                    is_new=message.pk == new,
                    read=newest_read.get(message.pk, ""),
                )
            )
            before = message
        return lines

    def receipt(self, part: Part) -> tuple[str, str] | None:
        """The key of the newest message of one's own side that somebody of the other side has read, and by whom."""
        found = self._newest_read(part.messages)
        return next(((str(pk), words) for pk, words in found.items()), None)

    def day(self, at: dt.datetime) -> dt.date:
        """The dog's local day of the instant."""
        return self._local(at).date()

    def _line(self, message: Message, *, day: dt.date | None, has_who: bool, is_new: bool, read: str) -> Line:
        is_own = message.from_family == self.is_family
        about = message.prescription
        received = self._local(message.received_at)
        return Line(
            id=str(message.pk),
            is_own=is_own,
            is_new=is_new,
            day_id="" if day is None else day.isoformat(),
            day="" if day is None else long_day(day),
            who=self._who(message) if has_who else "",
            time=date_format(received, "H:i"),
            instant=received.isoformat(),
            text=message.text,
            about=translating.said(about.exercise.name) if about is not None else "",
            about_url=self._about_url(message),
            sent=self._sent(message, is_own=is_own),
            read=read,
        )

    def _who(self, message: Message) -> str:
        if message.written_by_id == self.user.pk:
            return _("You")
        return message.written_by.get_short_name() if message.from_family else message.written_by.get_full_name()

    def _about_url(self, message: Message) -> str:
        about = message.prescription
        if about is None:
            return ""
        if self.is_family:
            return reverse("sessions:exercise", args=[message.patient_id, about.pk])
        return reverse("library:exercise-detail", args=[about.exercise_id])

    def _sent(self, message: Message, *, is_own: bool) -> str:
        """When the server got it; and when it was written, where that was long before."""
        got, written = self._local(message.received_at), self._local(message.written_at)
        time = date_format(got, "H:i")
        if message.received_at - message.written_at < SENT_LATER:
            return _("Sent %(time)s") % {"time": time} if is_own else ""
        at = date_format(written, "H:i")
        if written.date() != got.date():
            at = _("%(day)s, %(time)s") % {"day": long_day(written.date()), "time": at}
        return _("Written %(written)s, sent %(time)s") % {"written": at, "time": time}

    def _newest_read(self, messages: Sequence[Message]) -> dict[object, str]:
        """Of the newest own message that was read: who opened it first, and when.

        Of older ones only the newest reading is known, which may have come later than the first.
        """
        others = [one for one in self.readers if one.is_family != self.is_family]
        for message in reversed(messages):
            if message.from_family != self.is_family:
                continue
            first = next((one for one in others if one.until >= message.received_at), None)
            if first is not None:
                return {message.pk: self._read_by(first, message)}
        return {}

    def _read_by(self, reader: Reader, message: Message) -> str:
        at, sent = self._local(reader.until), self._local(message.received_at)
        when = date_format(at, "H:i")
        if at.date() != sent.date():
            when = _("%(day)s, %(time)s") % {"day": long_day(at.date()), "time": when}
        return _("Read by %(name)s, %(when)s") % {"name": reader.name, "when": when}

    def _local(self, at: dt.datetime) -> dt.datetime:
        return at.astimezone(zoneinfo.ZoneInfo(self.patient.time_zone))


def place_of(part: Part) -> str:
    """Where earlier messages begin; empty where there are none."""
    if part.before is None:
        return ""
    first = part.messages[0]
    return str(Place(first.received_at, first.pk))
