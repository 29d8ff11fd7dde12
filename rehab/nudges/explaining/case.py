"""One person's day under the glass: whose, which instants matter, and what each question needs once."""

import datetime as dt
from functools import cached_property
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Q

from accounts.models import Membership, User
from rehab.lib import time_zones
from rehab.nudges import schedule
from rehab.nudges.circumstances import DAY, Person, Said, minute_at, person_then
from rehab.nudges.kinds import Kind, sql
from rehab.nudges.models import Nudge, NudgePreference
from rehab.patients.models import CLINICAL_ROLES, Caregiver, Patient

Code: Final = Nudge.Kind
IN_THE_MORNING: Final = frozenset({Code.NEXT_MORNING, Code.CLINIC_WEEK})
# Kinds that come in the evening at the time that the person chose; the others come when there is something to tell.
IN_THE_EVENING: Final = frozenset(
    {Code.CHECKPOINT, Code.RE_EXAM, Code.WELCOME, Code.SILENCE, Code.UNFINISHED_DAY, Code.WEEK}
)


class Case:
    """One person's day; what it reads, it reads once."""

    def __init__(self, user: User, day: dt.date, at: dt.datetime) -> None:
        self.user, self.day, self.now = user, day, at
        self.is_zone_known = user.time_zone in time_zones.names()
        self.zone = user.time_zone if self.is_zone_known else "UTC"
        self.preference = NudgePreference.objects.filter(user=user).first() or NudgePreference(user=user)
        self.evening_at = minute_at(day, self.preference.remind_minute, time_zone=self.zone)
        self.morning_at = minute_at(day, self.preference.morning_minute, time_zone=self.zone)
        # News come at any waking hour: looked at from the day's last one, or from now.
        last = minute_at(day, schedule.QUIET_FROM_MINUTE - 1, time_zone=self.zone)
        self.news_at = min(last, at) if local_day_of(at, self.zone) >= day else last
        self.people: dict[dt.datetime, Person] = {}
        self.due: dict[tuple[Nudge.Kind, dt.datetime], set[UUID]] = {}

    @cached_property
    def rows(self) -> list[Nudge]:
        return list(
            Nudge.objects.filter(user=self.user, local_day=self.day)
            .select_related("patient", "clinic")
            .order_by("planned_at", "pk")
        )

    @cached_property
    def dogs(self) -> list[Patient]:
        """The dogs that the person cared for on the day, or has a row about."""
        until = self.news_at + DAY
        cared = Caregiver.objects.filter(user=self.user, started_at__lte=until)
        return list(
            Patient.objects.filter(
                Q(pk__in=cared.values("patient")) | Q(pk__in={row.patient_id for row in self.rows if row.patient_id})
            ).order_by("name", "pk")
        )

    @cached_property
    def clinics(self) -> list[Membership]:
        """Where the person worked with dogs, one a clinic."""
        rows = Membership.objects.filter(
            Q(ended_at=None) | Q(ended_at__gt=self.morning_at),
            user=self.user,
            role__in=CLINICAL_ROLES,
            started_at__lte=self.morning_at,
        ).select_related("clinic")
        return list({row.clinic_id: row for row in rows.order_by("clinic__name", "pk")}.values())

    def moment(self, kind: Nudge.Kind) -> dt.datetime:
        if kind in IN_THE_MORNING:
            return self.morning_at
        return self.evening_at if kind in IN_THE_EVENING else self.news_at

    def person(self, at: dt.datetime) -> Person:
        if at not in self.people:
            self.people[at] = person_then(self.user, at=at)
        return self.people[at]

    def clock(self, at: dt.datetime) -> str:
        return f"{at.astimezone(ZoneInfo(self.zone)):%H:%M}"

    def when(self, at: dt.datetime) -> str:
        local = at.astimezone(ZoneInfo(self.zone))
        return f"{local:%H:%M}" if local.date() == self.day else f"{local:%H:%M on %-d %B}"

    def by(self, said: Said) -> str:
        return f"{said.name} at {self.when(said.at)}"

    def is_candidate(self, kind: Kind, subject: UUID, moment: dt.datetime) -> bool:
        if (kind.code, moment) not in self.due:
            self.due[kind.code, moment] = candidates(kind, user=self.user, at=moment)
        return subject in self.due[kind.code, moment]

    def asked(self, kind: Kind, subject: UUID, moment: dt.datetime) -> str:
        if self.is_candidate(kind, subject, moment):
            return (
                f"By what is stored now it was due at {self.clock(moment)}, and nothing was planned: the planner did not run"
                f" in time, or what makes it due came in or was changed later."
            )
        return f"By what is stored now its own rule did not hold at {self.clock(moment)}; nothing more is known."


def candidates(kind: Kind, *, user: User, at: dt.datetime) -> set[UUID]:
    """The dogs (for a clinic's kind the clinics) for which the kind's own statement says that it was due for the person."""
    column = "clinic_id" if kind.code == Code.CLINIC_WEEK else "patient_id"
    key = str(user.pk) if connection.vendor == "postgresql" else user.pk.hex
    with connection.cursor() as cursor:
        cursor.execute(
            f"{sql.expressions()} SELECT q.{column} FROM ({kind.candidates()}) q WHERE q.user_id = %(user)s",  # noqa: S608
            {**sql.parameters(at), "user": key},
        )
        field = Patient._meta.pk
        return {field.to_python(row[0]) for row in cursor.fetchall()}


def today_of(user: User, *, at: dt.datetime) -> dt.date:
    """The person's day at the instant; by UTC where this machine does not know the zone."""
    return local_day_of(at, user.time_zone if user.time_zone in time_zones.names() else "UTC")


def local_day_of(at: dt.datetime, time_zone: str) -> dt.date:
    return at.astimezone(ZoneInfo(time_zone)).date()
