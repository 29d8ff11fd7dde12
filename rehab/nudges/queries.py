"""Whose dog's day is unfinished, for everybody in one statement; and what became of a person's reminders."""

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Q
from django.utils.text import get_text_list
from django.utils.translation import gettext

from accounts.models import User
from rehab.lib import time_zones
from rehab.nudges import schedule
from rehab.nudges.models import Nudge, NudgePreference
from rehab.programs.dose import Dose, InvalidDose
from rehab.programs.models import Prescription
from rehab.sessions.models import PerformedExercise
from rehab.sessions.queries import first_name
from rehab.sessions.warning_signs import (
    BY_HEAT_OR_COLD,
    HEAT_AND_COLD,
    NO_EXERCISES,
    TOUCHES_THE_SKIN,
    signs_of_one_exercise,
)
from rehab.sessions.wording import long_day

# Every zone's day and minute come from Python as JSON: one source of time zones for both databases, no
# conversion per row, and a zone name that this machine does not know leaves out one person, not everybody.
ZONES = {
    "postgresql": """
        SELECT z->>0 AS name, (z->>1)::date AS day, (z->>2)::int AS weekday, (z->>3)::int AS minute
        FROM jsonb_array_elements(%s::jsonb) AS z""",
    "sqlite": """
        SELECT CAST(json_extract(value, '$[0]') AS TEXT) AS name, json_extract(value, '$[1]') AS day,
               json_extract(value, '$[2]') AS weekday, json_extract(value, '$[3]') AS minute
        FROM json_each(%s)""",
}

# Times of the day of prescription p of dog d that have an answer, as rehab.sessions.day counts them: the last
# event of a time is its state, by the phones' clocks and then by key; done, done in part and skipped are answers,
# "undone" takes one back. What was said about the prescription that p replaced today holds until p has events.
REPLACED = """
    SELECT o.id FROM programs_prescription o
    WHERE o.patient_id = d.id AND o.exercise_id = p.exercise_id AND o.ends_on = dog.day AND p.starts_on = dog.day"""
ANSWERED = f"""(
    SELECT COUNT(DISTINCT e.slot) FROM rehab_sessions_performedexercise e
    WHERE e.patient_id = d.id AND e.day = dog.day AND e.slot <= p.times_per_day AND e.state <> 'undone'
      AND (e.prescription_id = p.id
           OR e.prescription_id IN ({REPLACED})
              AND NOT EXISTS (
                SELECT 1 FROM rehab_sessions_performedexercise own
                WHERE own.patient_id = d.id AND own.day = dog.day AND own.prescription_id = p.id
                  AND own.slot = e.slot))
      AND NOT EXISTS (
        SELECT 1 FROM rehab_sessions_performedexercise later
        WHERE later.patient_id = d.id AND later.day = dog.day AND later.slot = e.slot
          AND later.prescription_id = e.prescription_id
          AND (later.done_at, later.command_id) > (e.done_at, e.command_id)))"""  # noqa: S608 (only constants)

# What Prescription.is_due_on says, for many rows, without what is held; `dog` is the clock where the dog lives.
DUE = """
    g.ended_at IS NULL AND NOT p.is_one_off AND p.starts_on <= dog.day
    AND (p.ends_on IS NULL OR p.ends_on > dog.day) AND ((p.weekdays >> dog.weekday) & 1) = 1
    AND p.id NOT IN (SELECT id FROM held)"""

# A warning sign has stopped the exercises of dog d and no vet has released them: WarningReportQuerySet.stopping.
STOPPED = """EXISTS (
    SELECT 1 FROM rehab_sessions_warningreport w
    WHERE w.patient_id = d.id AND w.stop IN ('all_active_and_passive', 'all_active')
      AND NOT EXISTS (SELECT 1 FROM rehab_sessions_release r WHERE r.report_id = w.id))"""

# Each text of a list, and the exercise of which a family says that it brought a sign on.
TEXTS = {"postgresql": "jsonb_array_elements_text", "sqlite": "json_each"}
NAMED = {"postgresql": "w.numbers->>'exercise'", "sqlite": "json_extract(w.numbers, '$.exercise')"}

CHOSEN_MINUTE = f"COALESCE(f.remind_minute, {NudgePreference.DEFAULT_MINUTE})"
REMINDER_MINUTE = f"""
    CASE WHEN {CHOSEN_MINUTE} >= {schedule.QUIET_FROM_MINUTE} OR {CHOSEN_MINUTE} < {schedule.QUIET_UNTIL_MINUTE}
         THEN {schedule.QUIET_UNTIL_MINUTE} ELSE {CHOSEN_MINUTE} END"""


@dataclass(frozen=True, kw_only=True)
class DueReminder:
    """A caregiver to be reminded now about one dog; ``message`` is the state of that day's message, if any."""

    user_id: UUID
    patient_id: UUID
    clinic_id: UUID
    local: schedule.LocalClock
    remind_minute: int
    message: str | None


@dataclass(frozen=True, kw_only=True)
class UnfinishedDog:
    """What one dog has left today: how many times, and about how many minutes (0 where the doses do not tell)."""

    patient_id: UUID
    name: str
    left: int
    minutes: int


def due_reminders(*, at: dt.datetime, limit: int) -> list[DueReminder]:
    """Caregivers whose reminder is due at the instant and whose dog's day is unfinished.

    Those already written are left out. One statement, whatever their number; at most ``limit`` rows, a person's dogs
    next to each other.
    """
    clocks = schedule.clocks(at=at, time_zones=sorted(time_zones.names()))
    # Zones where it is quiet are left out here, because as a condition PostgreSQL misjudges it; and a cross join
    # keeps SQLite from going through everybody once per zone.
    awake = [local for local in clocks if not local.is_quiet]
    statement = f"""
        WITH zone AS MATERIALIZED ({ZONES[connection.vendor]}),
        held AS MATERIALIZED ({_held()}),
        awake AS MATERIALIZED ({ZONES[connection.vendor]}),
        person AS MATERIALIZED (
            SELECT u.id, me.name, me.day, {REMINDER_MINUTE} AS remind_minute
            FROM accounts_user u
            CROSS JOIN awake me
            LEFT JOIN nudges_nudgepreference f ON f.user_id = u.id
            WHERE u.time_zone = me.name AND u.is_active AND COALESCE(f.email_enabled, TRUE) AND f.bounced_at IS NULL
              AND {REMINDER_MINUTE} <= me.minute
              AND me.minute < {REMINDER_MINUTE} + {schedule.WINDOW_MINUTES})
        SELECT person.id, d.id, d.clinic_id, person.name, person.remind_minute, live.state
        FROM person
        JOIN patients_caregiver c ON c.user_id = person.id AND c.ended_at IS NULL
        JOIN patients_patient d ON d.id = c.patient_id AND d.died_on IS NULL
        JOIN zone dog ON dog.name = d.time_zone
        LEFT JOIN nudges_nudge live ON live.user_id = person.id AND live.local_day = person.day
             AND live.kind = 'unfinished_day' AND live.state IN ('planned', 'sending', 'retry', 'sent')
        WHERE NOT EXISTS (
                SELECT 1 FROM nudges_nudge n
                WHERE n.user_id = person.id AND n.patient_id = d.id AND n.kind = 'unfinished_day'
                  AND n.local_day = person.day)
          AND NOT {STOPPED}
          AND EXISTS (
                SELECT 1 FROM programs_program g JOIN programs_prescription p ON p.program_id = g.id
                WHERE g.patient_id = d.id AND {DUE} AND p.times_per_day > {ANSWERED})
        ORDER BY person.id, d.id LIMIT %s"""  # noqa: S608 (only constants of this module)
    by_name = {local.time_zone: local for local in awake}
    with connection.cursor() as cursor:
        cursor.execute(statement, [_as_json(clocks), _as_json(awake), limit])
        return [
            DueReminder(
                user_id=_uuid(user),
                patient_id=_uuid(patient),
                clinic_id=_uuid(clinic),
                local=by_name[zone],
                remind_minute=minute,
                message=message,
            )
            for user, patient, clinic, zone, minute, message in cursor.fetchall()
        ]


@dataclass(frozen=True, kw_only=True)
class News:
    """A caregiver who has not been told yet of the program that a dog was given at ``decided_at``."""

    user_id: UUID
    patient_id: UUID
    clinic_id: UUID
    local: schedule.LocalClock
    decided_at: dt.datetime


def untold_news(*, at: dt.datetime, limit: int) -> list[News]:
    """Caregivers to be told now of a program assigned in the last day, by somebody else than themselves.

    Who began to care for the dog later has seen it on joining.

    One statement, whatever their number; where it is quiet the news waits for the morning.
    """
    awake = [local for local in schedule.clocks(at=at, time_zones=sorted(time_zones.names())) if not local.is_quiet]
    since = at - dt.timedelta(hours=schedule.NEWS_HOURS)
    statement = f"""
        WITH awake AS MATERIALIZED ({ZONES[connection.vendor]})
        SELECT u.id, g.patient_id, g.clinic_id, u.time_zone, g.created_at
        FROM programs_program g
        JOIN patients_patient d ON d.id = g.patient_id AND d.died_on IS NULL
        JOIN patients_caregiver c ON c.patient_id = g.patient_id AND c.ended_at IS NULL
             AND c.started_at <= g.created_at
        JOIN accounts_user u ON u.id = c.user_id AND u.is_active AND u.id <> g.created_by_id
        JOIN awake me ON me.name = u.time_zone
        LEFT JOIN nudges_nudgepreference f ON f.user_id = u.id
        WHERE g.ended_at IS NULL AND g.created_at > %s AND g.created_at <= %s
          AND COALESCE(f.email_enabled, TRUE) AND f.bounced_at IS NULL
          AND NOT EXISTS (
                SELECT 1 FROM nudges_nudge n
                WHERE n.user_id = u.id AND n.patient_id = g.patient_id AND n.kind = 'plan_changed'
                  AND (n.planned_at >= g.created_at OR n.local_day = me.day))
        ORDER BY u.id, g.patient_id LIMIT %s"""  # noqa: S608 (only constants of this module)
    by_name = {local.time_zone: local for local in awake}
    stored = connection.ops.adapt_datetimefield_value
    with connection.cursor() as cursor:
        cursor.execute(statement, [_as_json(awake), stored(since), stored(at), limit])
        return [
            News(
                user_id=_uuid(user),
                patient_id=_uuid(patient),
                clinic_id=_uuid(clinic),
                local=by_name[zone],
                decided_at=_instant(decided_at),
            )
            for user, patient, clinic, zone, decided_at in cursor.fetchall()
        ]


def unfinished_dogs(*, user_ids: Collection[UUID], at: dt.datetime) -> dict[UUID, list[UnfinishedDog]]:
    """What the dogs of these people have left at the instant, by person; without people who have nothing left.

    Two statements, whatever the number of people.
    """
    if not user_ids:
        return {}
    statement = f"""
        WITH zone AS MATERIALIZED ({ZONES[connection.vendor]}),
        held AS MATERIALIZED ({_held()})
        SELECT c.user_id, d.id, d.name, p.id, p.times_per_day - {ANSWERED}
        FROM patients_caregiver c
        JOIN patients_patient d ON d.id = c.patient_id AND d.died_on IS NULL
        JOIN zone dog ON dog.name = d.time_zone
        JOIN programs_program g ON g.patient_id = d.id
        JOIN programs_prescription p ON p.program_id = g.id
        WHERE c.user_id IN ({", ".join(["%s"] * len(user_ids))}) AND c.ended_at IS NULL
          AND NOT {STOPPED} AND {DUE} AND p.times_per_day > {ANSWERED}
        ORDER BY c.user_id, d.name, d.id"""  # noqa: S608 (only constants and placeholders)
    clocks = schedule.clocks(at=at, time_zones=sorted(time_zones.names()))
    keys = [str(pk) if connection.vendor == "postgresql" else pk.hex for pk in user_ids]
    with connection.cursor() as cursor:
        cursor.execute(statement, [_as_json(clocks), *keys])
        rows = [
            (_uuid(user), _uuid(patient), str(name), _uuid(prescription), int(times))
            for user, patient, name, prescription, times in cursor.fetchall()
        ]
    doses = dict(Prescription.objects.filter(pk__in={row[3] for row in rows}).values_list("pk", "dose"))
    left: dict[tuple[UUID, UUID, str], int] = defaultdict(int)
    minutes: dict[tuple[UUID, UUID, str], float] = defaultdict(float)
    for user, patient, name, prescription, times in rows:
        left[user, patient, name] += times
        minutes[user, patient, name] += _minutes(doses[prescription]) * times
    dogs: dict[UUID, list[UnfinishedDog]] = defaultdict(list)
    for dog, times in left.items():
        user, patient, name = dog
        about = max(1, round(minutes[dog])) if minutes[dog] else 0
        dogs[user].append(UnfinishedDog(patient_id=patient, name=name, left=times, minutes=about))
    return dict(dogs)


def _held() -> str:
    """The prescriptions that a warning sign stops alone, as rehab.sessions.warning_signs.holds says.

    Few signs stand open at a time, and the hits among the reports have an index: so they are looked up once, not per row.
    """
    texts, named = TEXTS[connection.vendor], NAMED[connection.vendor]
    return f"""
        SELECT p.id FROM rehab_sessions_warningreport w
        CROSS JOIN {texts}(w.flags) AS sign
        JOIN programs_prescription p ON p.patient_id = w.patient_id
        JOIN library_exercise x ON x.id = p.exercise_id
        WHERE w.stop = 'named_exercise' AND NOT (w.urgency = '')
          AND NOT EXISTS (SELECT 1 FROM rehab_sessions_release r WHERE r.report_id = w.id)
          AND sign.value IN ({_quoted(signs_of_one_exercise())}) AND x.category NOT IN ({_quoted(NO_EXERCISES)})
          AND CASE WHEN COALESCE({named}, '') <> '' THEN x.slug = {named}
                   WHEN sign.value = '{BY_HEAT_OR_COLD}' THEN x.category = '{HEAT_AND_COLD}'
                   ELSE EXISTS (
                        SELECT 1 FROM {texts}(x.contraindications) AS rule WHERE rule.value = '{TOUCHES_THE_SKIN}')
              END"""  # noqa: S608 (only constants)


def _quoted(codes: Iterable[str]) -> str:
    return ", ".join(f"'{code}'" for code in sorted(codes))


def _minutes(dose: dict[str, Any]) -> float:
    # A dose that cannot be read must not keep everybody else in the batch from being reminded.
    try:
        return Dose.from_json(dose).minutes_per_time
    except InvalidDose:
        return 0.0


@dataclass(frozen=True, kw_only=True)
class PastNudge:
    """One line of a person's list of reminders; ``ended_time`` is what the person's clock showed."""

    id: UUID
    kind: str
    dogs: list[str]
    day: dt.date
    state: str
    reason: str
    ended_time: dt.time | None
    done_by: str
    done_by_self: bool

    @property
    def was_sent(self) -> bool:
        return self.state == Nudge.State.SENT

    @property
    def is_open(self) -> bool:
        return self.state in Nudge.OPEN_STATES

    @property
    def title(self) -> str:
        dogs = get_text_list(self.dogs, gettext("and"))
        if self.kind == Nudge.Kind.PLAN_CHANGED:
            return gettext("New program for %(dog)s") % {"dog": dogs}
        return dogs

    @property
    def day_text(self) -> str:
        return long_day(self.day)

    @property
    def reason_text(self) -> str:
        return str(Nudge.Reason(self.reason).label)


def past_nudges(*, user: User, limit: int = 10) -> list[PastNudge]:
    """The person's last reminders, newest first, about dogs the person may still see; three statements.

    A dog whose reminder was part of another's is named there and has no line of its own.
    """
    own = Nudge.objects.visible_to(user).filter(user=user).select_related("patient")
    is_part = Q(reason=Nudge.Reason.COMBINED)
    nudges = list(own.exclude(is_part).order_by("-local_day", "-planned_at", "-pk")[:limit])
    parts = own.filter(is_part, local_day__in={nudge.local_day for nudge in nudges}).order_by("patient__name", "pk")
    others: dict[dt.date, list[str]] = defaultdict(list)
    for part in parts:
        others[part.local_day].append(part.patient.name)
    helpers = _last_helpers(user=user, nudges=[n for n in nudges if n.reason == Nudge.Reason.DONE])
    lines = []
    for nudge in nudges:
        helper, name = helpers.get(nudge.pk, (None, ""))
        ended_at = nudge.finished_at and nudge.finished_at.astimezone(ZoneInfo(nudge.time_zone))
        lines.append(
            PastNudge(
                id=nudge.pk,
                kind=nudge.kind,
                dogs=[
                    nudge.patient.name,
                    *(others.pop(nudge.local_day, []) if nudge.kind == Nudge.Kind.UNFINISHED_DAY else []),
                ],
                day=nudge.local_day,
                state=nudge.state,
                reason=nudge.reason,
                ended_time=ended_at and ended_at.time(),
                done_by=name,
                done_by_self=helper == user.pk,
            )
        )
    return lines


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


def _as_json(clocks: Iterable[schedule.LocalClock]) -> str:
    return json.dumps([[c.time_zone, c.day.isoformat(), c.day.weekday(), c.minute] for c in clocks])


def _instant(value: Any) -> dt.datetime:
    """What the database says of an instant; SQLite says it without its zone, which is UTC."""
    at = value if isinstance(value, dt.datetime) else dt.datetime.fromisoformat(value)
    return at if at.tzinfo else at.replace(tzinfo=dt.UTC)


def _uuid(value: Any) -> UUID:
    return value if isinstance(value, UUID) else UUID(value)
