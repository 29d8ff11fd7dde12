"""A person's messages, as the page lists them: what each was about, where it leads, and what became of it.

So every message can be read here, also one that found no way to the person's phone or mailbox.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.core.paginator import Page, Paginator
from django.db.models import Q
from django.urls import reverse
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from rehab.nudges.models import Nudge
from rehab.sessions.models import PerformedExercise
from rehab.sessions.queries import first_name
from rehab.sessions.screen import checkpoints
from rehab.sessions.wording import long_day

Kind, State, Reason, Channel = Nudge.Kind, Nudge.State, Nudge.Reason, Nudge.Channel

PER_PAGE: Final = 20

ABOUT: Final = {
    Kind.CHECKPOINT: gettext_lazy("%(dogs)s: how life is, some time after the treatment"),
    Kind.RE_EXAM: gettext_lazy("%(dogs)s: the re-examination"),
    Kind.WELCOME: gettext_lazy("%(dogs)s: the first days of the program"),
    Kind.SILENCE: gettext_lazy("%(dogs)s: nothing was noted for some days"),
    Kind.NEXT_MORNING: gettext_lazy("%(dogs)s: how it is on the morning after"),
    Kind.UNFINISHED_DAY: gettext_lazy("%(dogs)s: what was left of the day"),
    Kind.WEEK: gettext_lazy("The week with %(dogs)s"),
    Kind.PLAN_CHANGED: gettext_lazy("New program for %(dogs)s"),
    Kind.PHASE_REACHED: gettext_lazy("%(dogs)s: a new phase of the program"),
    Kind.REPLY: gettext_lazy("%(dogs)s: an answer from the clinic"),
    Kind.CALL_CLINIC: gettext_lazy("%(dogs)s: please call the clinic"),
    Kind.CLINIC_WEEK: gettext_lazy("%(clinic)s: the week"),
}
# The page that a message leads to, where it is not today's list.
PAGES: Final = {
    Kind.CHECKPOINT: "sessions:checkpoint",
    Kind.RE_EXAM: "sessions:help",
    Kind.WEEK: "sessions:progress",
    Kind.PHASE_REACHED: "sessions:progress",
    Kind.REPLY: "sessions:messages",
    Kind.CALL_CLINIC: "sessions:help",
}
WAYS: Final = {
    Channel.PUSH: gettext_lazy("Sent to the phone at %(time)s."),
    Channel.EMAIL: gettext_lazy("Sent by e-mail at %(time)s."),
}
# Of the staff's message these reasons say something else than of a dog's.
OF_THE_CLINIC: Final = {
    Reason.NOT_CARING: gettext_lazy("you no longer worked there"),
    Reason.PROGRAM_ENDED: gettext_lazy("no dog was in treatment"),
}


@dataclass(frozen=True, kw_only=True)
class PastNudge:
    """One line of the list; times are what the person's clock showed."""

    id: UUID
    kind: str
    number: int | None
    dogs: list[str]
    clinic: str
    url: str
    day: dt.date
    state: str
    reason: str
    channel: str
    ended_time: dt.time | None
    delivered_time: dt.time | None
    opened_time: dt.time | None
    done_by: str
    done_by_self: bool

    @property
    def icon(self) -> str:
        if self.state == State.SENT:
            return "bell" if self.channel == Channel.PUSH else "mail"
        if self.state in Nudge.OPEN_STATES:
            return "clock"
        if self.state == State.FAILED:
            return "triangle-alert"
        return "circle-check" if self.reason in (Reason.DONE, Reason.ANSWERED, Reason.SEEN) else "moon"

    @property
    def title(self) -> str:
        if self.kind == Kind.CHECKPOINT and self.number and len(self.dogs) == 1:
            return checkpoints.title(self.number, name=self.dogs[0])
        return str(ABOUT[Kind(self.kind)]) % {"dogs": get_text_list(self.dogs, _("and")), "clinic": self.clinic}

    @property
    def day_text(self) -> str:
        return long_day(self.day)

    @property
    def outcome(self) -> str:
        """What became of it, in whole sentences."""
        if self.state == State.SENT:
            way = WAYS.get(Channel(self.channel)) if self.channel else None
            time = _clock(self.ended_time)
            sent = str(way) % {"time": time} if way else _("Sent at %(time)s.") % {"time": time}
            return f"{sent} {self._seen}".rstrip()
        if self.state in Nudge.OPEN_STATES:
            return _("On its way.")
        if self.state == State.WITHHELD:
            return _("Not sent, drawn by lot: now and then we leave one out, to learn whether reminders help.")
        if self.done_by_self:
            return _("Not sent: you had already done it.")
        if self.done_by:
            return _("Not sent: %(name)s had already done it.") % {"name": self.done_by}
        reason = Reason(self.reason)
        why = OF_THE_CLINIC.get(reason, reason.label) if self.kind == Kind.CLINIC_WEEK else reason.label
        return _("Not sent: %(why)s.") % {"why": why}

    @property
    def _seen(self) -> str:
        if self.opened_time is not None:
            return _("Opened at %(time)s.") % {"time": _clock(self.opened_time)}
        if self.delivered_time is not None:
            return _("Shown at %(time)s.") % {"time": _clock(self.delivered_time)}
        return ""


def past_nudges(*, user: User, page_number: str | None = None) -> tuple[list[PastNudge], Page[Any]]:
    """One page of the person's messages, newest first, about dogs and clinics that the person may still see.

    A dog whose message was part of another's is named there and has no line of its own. Four statements.
    """
    own = Nudge.objects.visible_to(user).filter(user=user).select_related("patient", "clinic")
    is_part = Q(reason=Reason.COMBINED)
    page = Paginator(own.exclude(is_part).order_by("-local_day", "-planned_at", "-pk"), PER_PAGE).get_page(
        page_number or 1
    )
    nudges: list[Nudge] = list(page.object_list)
    others: dict[tuple[str, dt.date], list[str]] = defaultdict(list)
    for part in own.filter(is_part, local_day__in={nudge.local_day for nudge in nudges}).order_by(
        "patient__name", "pk"
    ):
        others[part.kind, part.local_day].append(part.patient.name)
    carriers: dict[tuple[str, dt.date], UUID] = {}
    for nudge in sorted(nudges, key=lambda one: one.state == State.SUPPRESSED):
        carriers.setdefault((nudge.kind, nudge.local_day), nudge.pk)
    helpers = _last_helpers(user=user, nudges=[n for n in nudges if n.reason == Reason.DONE and n.patient_id])
    lines = []
    for nudge in nudges:
        key = nudge.kind, nudge.local_day
        with_it = others[key] if carriers[key] == nudge.pk else []
        lines.append(_line(nudge, with_it, *helpers.get(nudge.pk, (None, "")), user=user))
    return lines, page


def _line(nudge: Nudge, with_it: Sequence[str], helper: UUID | None, name: str, *, user: User) -> PastNudge:
    dogs = [] if nudge.patient is None else [nudge.patient.name, *with_it]
    here = ZoneInfo(nudge.time_zone)
    return PastNudge(
        id=nudge.pk,
        kind=nudge.kind,
        number=nudge.number,
        dogs=dogs,
        clinic=nudge.clinic.name,
        url=_url(nudge, is_one=len(dogs) == 1),
        day=nudge.local_day,
        state=nudge.state,
        reason=nudge.reason,
        channel=nudge.channel,
        ended_time=_local(nudge.finished_at, here),
        delivered_time=_local(nudge.delivered_at, here),
        opened_time=_local(nudge.opened_at, here),
        done_by=name,
        done_by_self=helper == user.pk,
    )


def _url(nudge: Nudge, *, is_one: bool) -> str:
    """Where the message leads."""
    if nudge.patient_id is None:
        return reverse("guidance:worklist")
    if not is_one:
        return reverse("sessions:today-home")
    return reverse(PAGES.get(Kind(nudge.kind), "sessions:today"), args=[nudge.patient_id])


def _local(at: dt.datetime | None, zone: ZoneInfo) -> dt.time | None:
    return at.astimezone(zone).time() if at is not None else None


def _clock(time: dt.time | None) -> str:
    return f"{time:%H:%M}" if time is not None else ""


def _last_helpers(*, user: User, nudges: Sequence[Nudge]) -> dict[UUID, tuple[UUID | None, str]]:
    """Who (key and name) gave the last answer about the dog before each of these reminders was dropped."""
    if not nudges:
        return {}
    day = dt.timedelta(days=1)  # the dog's day may be the one before or after the person's
    answers = list(
        PerformedExercise.objects.visible_to(user)
        .filter(
            patient__in={nudge.patient_id for nudge in nudges},
            day__gte=min(nudge.local_day for nudge in nudges) - day,
            day__lte=max(nudge.local_day for nudge in nudges) + day,
        )
        .exclude(state=PerformedExercise.State.UNDONE)
        .order_by("done_at", "pk")
        .values_list("patient_id", "day", "done_at", "recorded_by", "recorded_by__name", "recorded_by__email")
    )
    return {
        nudge.pk: (helper, first_name(name, email))
        for nudge in nudges
        for patient, answered_on, done_at, helper, name, email in answers
        if patient == nudge.patient_id
        and abs(answered_on - nudge.local_day) <= day
        and (nudge.finished_at is None or done_at <= nudge.finished_at)
    }
