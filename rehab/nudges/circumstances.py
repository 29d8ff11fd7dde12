"""What held for a person and for a dog at an instant that is over, as far as the rows still tell.

Decisions, releases, answers and choices carry their time, so they can be read as of then: what came in later, from a phone that
had no network, was not known then. What keeps no history is taken as it is now, and ``unsure`` names it.
"""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.db.models import Q

from accounts.models import AuditEvent, User
from rehab.lib import time_zones
from rehab.nudges import schedule
from rehab.nudges.models import NudgePreference, PushSubscription
from rehab.patients.models import Caregiver, Patient
from rehab.programs.models import Decision, Episode, Prescription, Program
from rehab.sessions.models import PainAnswer, PerformedExercise, WarningReport
from rehab.sessions.queries import first_name
from rehab.sessions.queries.holds import held_in

# What a choice may name in the record, with what holds for somebody who never chose.
DEFAULTS: Final = {
    "reminds": True,
    "push_enabled": True,
    "email_enabled": True,
    "week_enabled": True,
    "snoozed_until": None,
}
NAMES: Final = {
    "reminds": "whether reminders were on",
    "push_enabled": "whether messages on the phone were on",
    "email_enabled": "whether e-mails were on",
    "week_enabled": "whether the weekly summary was on",
    "snoozed_until": "whether there was a break",
}
DAY: Final = dt.timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Person:
    """One person's choices as of ``at``; ``unsure`` says which are only known as they are now."""

    user: User
    at: dt.datetime
    reminds: bool
    push_enabled: bool
    email_enabled: bool
    week_enabled: bool
    snoozed_until: dt.datetime | None
    is_bounced: bool
    phones: int
    unsure: tuple[str, ...]

    @property
    def has_phone(self) -> bool:
        return self.push_enabled and self.phones > 0

    @property
    def has_mail(self) -> bool:
        return self.email_enabled and not self.is_bounced


def person_then(user: User, *, at: dt.datetime) -> Person:
    """The person's choices at the instant, from the record of each change; four statements."""
    stored = NudgePreference.objects.filter(user=user).first() or NudgePreference(user=user)
    events = list(AuditEvent.objects.filter(subject_id=user.pk, kind__startswith="nudges.").order_by("at", "pk"))
    then, by_now = _replayed([event for event in events if event.at <= at]), _replayed(events)
    found: dict[str, Any] = {}
    unsure = []
    for name in DEFAULTS:
        now = getattr(stored, name)
        # The record leads to what is stored: then it also tells what held before.
        is_told = by_now[name] == now
        found[name] = then[name] if is_told else now
        if not is_told:
            unsure.append(NAMES[name])
    return Person(
        user=user,
        at=at,
        **found,
        is_bounced=stored.bounced_at is not None and stored.bounced_at <= at,
        phones=PushSubscription.objects.filter(user=user, created_at__lte=at).count(),
        unsure=tuple(unsure),
    )


def _replayed(events: Collection[AuditEvent]) -> dict[str, Any]:
    held: dict[str, Any] = dict(DEFAULTS)
    for event in events:
        match event.kind:
            case "nudges.preference_set":
                held.update({name: event.details[name] for name in DEFAULTS if name in event.details})
            case "nudges.stopped" | "nudges.unsubscribed" | "nudges.complained":
                held["email_enabled"] = False
            case "nudges.stopped_all":
                held["reminds"] = False
            case "nudges.snoozed":
                held["snoozed_until"] = dt.datetime.fromisoformat(event.details["snoozed_until"])
            case "nudges.snooze_ended":
                held["snoozed_until"] = None
    return held


def minute_at(day: dt.date, minute: int, *, time_zone: str) -> dt.datetime:
    """The instant at which a clock of the zone shows the minute of the day; of an hour that comes twice the first."""
    wall = dt.datetime.combine(day, dt.time(minute // 60, minute % 60), ZoneInfo(time_zone))
    return wall.astimezone(dt.UTC)


@dataclass(frozen=True, kw_only=True)
class Said:
    """Who said something last, and when."""

    name: str
    at: dt.datetime


class Dog:
    """One dog as of an instant, read as it is asked for; ``day`` is the dog's."""

    def __init__(self, patient: Patient, *, at: dt.datetime) -> None:
        self.patient, self.at = patient, at
        self.day = (
            patient.today(at) if patient.time_zone in time_zones.names() else schedule.clock(at=at, time_zone="UTC").day
        )

    @cached_property
    def household(self) -> list[Caregiver]:
        """Everybody who ever cared for the dog."""
        return list(Caregiver.objects.filter(patient=self.patient).order_by("started_at", "pk"))

    def caring(self, user: User) -> Caregiver | None:
        """The person's part in the dog's care then."""
        return next(
            (
                one
                for one in self.household
                if one.user_id == user.pk
                and one.started_at <= self.at
                and (one.ended_at is None or one.ended_at > self.at)
            ),
            None,
        )

    @cached_property
    def program(self) -> Program | None:
        return (
            Program.objects.filter(Q(ended_at=None) | Q(ended_at__gt=self.at), patient=self.patient)
            .filter(created_at__lte=self.at)
            .order_by("-created_at", "-pk")
            .first()
        )

    @cached_property
    def last_program(self) -> Program | None:
        return Program.objects.filter(patient=self.patient, created_at__lte=self.at).order_by("-created_at").first()

    @cached_property
    def pause(self) -> Decision | None:
        """The decision that had paused the program, if it was paused."""
        if self.program is None:
            return None
        turns = Decision.objects.filter(
            program=self.program, kind__in=[Decision.Kind.PAUSE, Decision.Kind.RESUME], decided_at__lte=self.at
        ).order_by("-decided_at", "-plan_version")
        last: Decision | None = turns.first()
        if last is None or last.kind != Decision.Kind.PAUSE:
            return None
        return last

    @cached_property
    def stop(self) -> WarningReport | None:
        """The warning sign that stopped all exercises then."""
        found: WarningReport | None = (
            WarningReport.objects.filter(
                Q(release=None) | Q(release__released_at__gt=self.at),
                patient=self.patient,
                stop__in=[WarningReport.Stop.ALL_ACTIVE, WarningReport.Stop.ALL],
                received_at__lte=self.at,
            )
            .order_by("received_at")
            .first()
        )
        return found

    @cached_property
    def discharged_on(self) -> dt.date | None:
        """Since when the dog was in maintenance then."""
        newest: Episode | None = (
            Episode.objects.filter(patient=self.patient, opened_at__lte=self.at)
            .filter(Q(withdrawn_at=None) | Q(withdrawn_at__gt=self.at))
            .order_by("-number")
            .first()
        )
        if newest is None or newest.discharged_on is None or newest.discharged_on > self.day:
            return None
        if newest.reopened_at is not None and newest.reopened_at <= self.at:
            return None
        return newest.discharged_on

    @cached_property
    def prescriptions(self) -> list[Prescription]:
        """All of the program then, with what ended since; without one-off items."""
        if self.program is None:
            return []
        return list(
            Prescription.objects.filter(program=self.program, is_one_off=False, started_by__decided_at__lte=self.at)
            .select_related("exercise")
            .order_by("position", "pk")
        )

    @cached_property
    def due(self) -> list[Prescription]:
        """What was planned for the day, without what one warning sign holds (as it is now)."""
        held = held_in([self.patient.pk]).get(self.patient.pk)
        slugs: Collection[str] = held.slugs if held is not None else ()
        return [one for one in self.prescriptions if one.is_due_on(self.day) and one.exercise.slug not in slugs]

    @cached_property
    def events(self) -> list[PerformedExercise]:
        """What was said about the day's exercises and had come in, in its order."""
        return list(
            PerformedExercise.objects.filter(patient=self.patient, day=self.day, command__received_at__lte=self.at)
            .select_related("recorded_by")
            .order_by("done_at", "pk")
        )

    @cached_property
    def late_events(self) -> int:
        """What was done before and came in only afterwards."""
        return PerformedExercise.objects.filter(
            patient=self.patient, day=self.day, done_at__lte=self.at, command__received_at__gt=self.at
        ).count()

    @cached_property
    def left(self) -> int:
        """How many times of the day had no answer yet."""
        answered = {
            (event.prescription_id, event.slot): event.state != PerformedExercise.State.UNDONE for event in self.events
        }
        return sum(
            not answered.get((one.pk, slot), False) for one in self.due for slot in range(1, one.times_per_day + 1)
        )

    @cached_property
    def last_answer(self) -> Said | None:
        """Who answered last for the day."""
        return _said(self.events[-1]) if self.events else None

    @cached_property
    def heard_on(self) -> dt.date | None:
        """The last day about which the household had said anything."""
        known = {"patient": self.patient, "command__received_at__lte": self.at}
        days: list[dt.date | None] = [
            PerformedExercise.objects.filter(**known).order_by("-day").values_list("day", flat=True).first(),
            PainAnswer.objects.filter(**known)
            .exclude(moment=PainAnswer.Moment.NEXT_MORNING)
            .order_by("-day")
            .values_list("day", flat=True)
            .first(),
        ]
        morning = (
            PainAnswer.objects.filter(**known, moment=PainAnswer.Moment.NEXT_MORNING)
            .order_by("-day")
            .values_list("day", flat=True)
            .first()
        )
        days.append(morning and morning + DAY)
        return max((day for day in days if day is not None), default=None)

    @cached_property
    def silent_days(self) -> int:
        """On how many days since then something was planned, the day itself with them."""
        first = self.heard_on + DAY if self.heard_on is not None else self.day - 49 * DAY
        days = (self.day - n * DAY for n in range(max(0, (self.day - first).days + 1)))
        return sum(any(one.is_due_on(day) for one in self.prescriptions) for day in days)

    @cached_property
    def worked_yesterday(self) -> bool:
        """Whether something was done on the day before, and not taken back."""
        events = PerformedExercise.objects.filter(
            patient=self.patient, day=self.day - DAY, command__received_at__lte=self.at
        ).order_by("done_at", "pk")
        last = {(event.prescription_id, event.slot): event.state for event in events}
        return bool({PerformedExercise.State.DONE, PerformedExercise.State.PARTIAL} & set(last.values()))

    @cached_property
    def morning_answer(self) -> Said | None:
        """Who said how the dog was on this morning."""
        found = (
            PainAnswer.objects.filter(
                patient=self.patient,
                day=self.day - DAY,
                moment=PainAnswer.Moment.NEXT_MORNING,
                command__received_at__lte=self.at,
            )
            .select_related("recorded_by")
            .order_by("done_at", "pk")
            .last()
        )
        return _said(found) if found is not None else None


def _said(row: PerformedExercise | PainAnswer) -> Said:
    return Said(name=first_name(row.recorded_by.name, row.recorded_by.email), at=row.done_at)
