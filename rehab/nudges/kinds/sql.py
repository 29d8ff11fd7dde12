"""What the statements of all kinds share: clocks, people whose minute has come, and conditions; one text for each.

A kind's candidates are a SELECT over these expressions; the planner writes them before it:

``zone(name, day, weekday, minute)``
    every time zone's clock now; weekday 0 is Monday.
``awake(name, day, weekday, minute, since)``
    the zones where it is not quiet; up to local minute ``since`` of this day (inclusive) earlier ticks have planned.
``evening(user_id, zone, day, weekday, minute, due_minute)``
    people whose time for reminders has come since then, and who can and want to be reached.
``morning(…)``
    the same with their time in the morning.
``held(id)``
    prescriptions that a warning sign stops alone.
``ago(n)``
    the numbers 1 to 14: days to look back.

Every zone's day and minute come from Python as JSON: one source of time zones for both databases, no conversion per row, and
a zone name that this machine does not know leaves out one person, not everybody.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable
from typing import Any, Final

from django.db import connection

from rehab.lib import time_zones
from rehab.nudges import schedule
from rehab.sessions.warning_signs import (
    BY_HEAT_OR_COLD,
    HEAT_AND_COLD,
    NO_EXERCISES,
    TOUCHES_THE_SKIN,
    signs_of_one_exercise,
)

DAYS_BACK: Final = 14

# Times of the day of prescription p of dog d that have an answer, as rehab.sessions.day counts them: the last
# event of a time is its state, by the phones' clocks and then by key; done, done in part and skipped are answers,
# "undone" takes one back. What was said about the prescription that p replaced today holds until p has events.
REPLACED: Final = """
    SELECT o.id FROM programs_prescription o
    WHERE o.patient_id = d.id AND o.exercise_id = p.exercise_id AND o.ends_on = dog.day AND p.starts_on = dog.day"""
ANSWERED: Final = f"""(
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
DUE: Final = """
    g.ended_at IS NULL AND NOT p.is_one_off AND p.starts_on <= dog.day
    AND (p.ends_on IS NULL OR p.ends_on > dog.day) AND ((p.weekdays >> dog.weekday) & 1) = 1
    AND p.id NOT IN (SELECT id FROM held)"""

# A warning sign has stopped the exercises of dog d and no vet has released them: WarningReportQuerySet.stopping.
STOPPED: Final = """EXISTS (
    SELECT 1 FROM rehab_sessions_warningreport w
    WHERE w.patient_id = d.id AND w.stop IN ('all_active_and_passive', 'all_active')
      AND NOT EXISTS (SELECT 1 FROM rehab_sessions_release r WHERE r.report_id = w.id))"""

# Program g rests until somebody resumes it.
PAUSED: Final = "(g.paused_by_id IS NOT NULL)"

# Dog d is in maintenance after its discharge: Episode.is_in_maintenance of the newest standing episode.
DISCHARGED: Final = """EXISTS (
    SELECT 1 FROM programs_episode bout
    WHERE bout.patient_id = d.id AND bout.withdrawn_at IS NULL AND bout.discharged_on IS NOT NULL
      AND bout.reopened_at IS NULL
      AND NOT EXISTS (
        SELECT 1 FROM programs_episode newer
        WHERE newer.patient_id = bout.patient_id AND newer.withdrawn_at IS NULL AND newer.number > bout.number))"""

# The person with preferences f wants to be reminded, now, and has a way on which that can reach them.
REACHABLE: Final = """(
    f.reminds AND (f.snoozed_until IS NULL OR f.snoozed_until <= %(at)s)
    AND (f.email_enabled AND f.bounced_at IS NULL
         OR f.push_enabled AND EXISTS (SELECT 1 FROM nudges_pushsubscription phone WHERE phone.user_id = f.user_id)))"""

# Each text of a list, and the exercise of which a family says that it brought a sign on.
TEXTS: Final = {"postgresql": "jsonb_array_elements_text", "sqlite": "json_each"}
NAMED: Final = {"postgresql": "w.numbers->>'exercise'", "sqlite": "json_extract(w.numbers, '$.exercise')"}

# Compared byte by byte, whatever the language of the database.
BYTEWISE: Final = {"postgresql": ' COLLATE "C"', "sqlite": ""}

CLOCKS: Final = {
    "postgresql": """
        SELECT z->>0 AS name, (z->>1)::date AS day, (z->>2)::int AS weekday, (z->>3)::int AS minute{more}
        FROM jsonb_array_elements({clocks}::jsonb) AS z""",
    "sqlite": """
        SELECT CAST(json_extract(value, '$[0]') AS TEXT) AS name, json_extract(value, '$[1]') AS day,
               json_extract(value, '$[2]') AS weekday, json_extract(value, '$[3]') AS minute{more}
        FROM json_each({clocks})""",
}
SINCE: Final = {"postgresql": ", (z->>4)::int AS since", "sqlite": ", json_extract(value, '$[4]') AS since"}

# People are found zone by zone through the index on zone and minute. LATERAL with an OFFSET (and CROSS JOIN on SQLite) leaves
# the database no other way: it cannot guess how few minutes lie between two ticks, and would read everybody.
PEOPLE: Final = {
    "postgresql": """
        SELECT f.user_id, me.name AS zone, me.day, me.weekday, me.minute, f.due_minute
        FROM awake me CROSS JOIN LATERAL (
            SELECT f.user_id, f.{column} AS due_minute FROM nudges_nudgepreference f
            WHERE f.time_zone = me.name AND f.{column} > me.since AND f.{column} <= me.minute AND {reachable}
              AND (SELECT u.is_active FROM accounts_user u WHERE u.id = f.user_id)
            OFFSET 0) f""",
    "sqlite": """
        SELECT f.user_id, me.name AS zone, me.day, me.weekday, me.minute, f.{column} AS due_minute
        FROM awake me CROSS JOIN nudges_nudgepreference f
        WHERE f.time_zone = me.name AND f.{column} > me.since AND f.{column} <= me.minute AND {reachable}
          AND (SELECT u.is_active FROM accounts_user u WHERE u.id = f.user_id)""",
}
# Ends a subquery whose conditions must be looked at before those around it, which cost more.
FENCE: Final = {"postgresql": "OFFSET 0", "sqlite": "LIMIT -1 OFFSET 0"}


def zones() -> str:
    return CLOCKS[connection.vendor].format(clocks="%(zones)s", more="")


def awake() -> str:
    return CLOCKS[connection.vendor].format(clocks="%(awake)s", more=SINCE[connection.vendor])


def people(column: str) -> str:
    """The people whose ``remind_minute`` or ``morning_minute`` has come since the last tick."""
    return PEOPLE[connection.vendor].format(column=column, reachable=REACHABLE)


def held() -> str:
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
          AND sign.value IN ({quoted(sorted(signs_of_one_exercise()))}) AND x.category NOT IN ({quoted(sorted(NO_EXERCISES))})
          AND CASE WHEN COALESCE({named}, '') <> '' THEN x.slug = {named}
                   WHEN sign.value = '{BY_HEAT_OR_COLD}' THEN x.category = '{HEAT_AND_COLD}'
                   ELSE EXISTS (
                        SELECT 1 FROM {texts}(x.contraindications) AS rule WHERE rule.value = '{TOUCHES_THE_SKIN}')
              END"""  # noqa: S608 (only constants)


def expressions() -> str:
    """All expressions, for a statement to begin with; what a statement does not use costs nothing."""
    numbers = ", ".join(f"({n})" for n in range(1, DAYS_BACK + 1))
    return f"""
        WITH zone AS MATERIALIZED ({zones()}),
        held AS MATERIALIZED ({held()}),
        awake AS MATERIALIZED ({awake()}),
        ago(n) AS MATERIALIZED (VALUES {numbers}),
        evening AS MATERIALIZED ({people("remind_minute")}),
        morning AS MATERIALIZED ({people("morning_minute")})"""


def parameters(at: dt.datetime, *, last: dt.datetime | None = None) -> dict[str, Any]:
    """The parameters of a statement over the expressions; ``last`` is when people were last planned for.

    Instants are adapted for the database: ``at``, ``ten_minutes_ago``, ``half_day_ago``, ``day_ago``, ``week_ago``.
    """
    stored = connection.ops.adapt_datetimefield_value
    names = sorted(time_zones.names())
    clocks = schedule.clocks(at=at, time_zones=names)
    before = schedule.clocks(at=last, time_zones=names) if last is not None else [None] * len(clocks)
    return {
        "at": stored(at),
        "ten_minutes_ago": stored(at - dt.timedelta(minutes=10)),
        "half_day_ago": stored(at - dt.timedelta(hours=12)),
        "day_ago": stored(at - dt.timedelta(hours=24)),
        "week_ago": stored(at - dt.timedelta(days=7)),
        "zones": _as_json(clocks),
        "awake": json.dumps(
            [
                [*_shown(clock), schedule.planned_until(local=clock, last=earlier)]
                for clock, earlier in zip(clocks, before, strict=True)
                if not clock.is_quiet
            ]
        ),
    }


def days_before(column: str, n: int | str) -> str:
    """The day ``n`` days before the one in the column; ``n`` is a number or an expression."""
    return f"({column} - ({n}))" if connection.vendor == "postgresql" else f"date({column}, -({n}) || ' days')"


def days_between(later: str, earlier: str) -> str:
    """How many days lie between two days."""
    if connection.vendor == "postgresql":
        return f"({later} - {earlier})"
    return f"CAST(julianday({later}) - julianday({earlier}) AS INTEGER)"


def minutes_left(me: str) -> str:
    """For how many minutes from now a message to a person of ``evening`` or ``morning`` is in time."""
    end = f"{me}.due_minute + {schedule.WINDOW_MINUTES}"
    return f"(CASE WHEN {end} < {schedule.QUIET_FROM_MINUTE} THEN {end} ELSE {schedule.QUIET_FROM_MINUTE} END - {me}.minute)"


def unplanned(kind: str, user: str, patient: str, day: str) -> str:
    """Whether there is no row of this kind for the person, dog and day yet."""
    return f"""NOT EXISTS (
        SELECT 1 FROM nudges_nudge n
        WHERE n.user_id = {user} AND n.patient_id = {patient} AND n.kind = '{kind}' AND n.local_day = {day})"""  # noqa: S608


def later(instant: str, number: str, unit: str) -> str:
    """The instant so many seconds or minutes later; SQLite drops fractions of a second."""
    if connection.vendor == "postgresql":
        return f"({instant} + ({number}) * interval '1 {unit.removesuffix('s')}')"
    return f"datetime({instant}, '+' || CAST({number} AS INTEGER) || ' {unit}')"


def new_id() -> str:
    """A fresh UUIDv7 for each row, as ``rehab.lib.ids`` makes them: ``%(moment)s`` is its time, the rest is random."""
    if connection.vendor == "postgresql":
        # Of a UUIDv4 the place of the version is put in anew; that of the variant is the same.
        return "(%(moment)s || '7' || substr(replace(gen_random_uuid()::text, '-', ''), 14))::uuid"
    return """(%(moment)s || '7' || substr(lower(hex(randomblob(2))), 1, 3)
               || substr('89ab', 1 + (random() & 3), 1) || substr(lower(hex(randomblob(8))), 1, 15))"""


def digest(salt: str, user: str, day: str) -> str:
    """``rehab.nudges.lot.digits`` of a person and a day."""
    if connection.vendor == "postgresql":
        return f"md5({salt} || replace({user}::text, '-', '') || {day}::text)"
    return f"MD5({salt} || {user} || {day})"


def position(text: str, among: str) -> str:
    """The place of the text in another, from 1."""
    return f"strpos({among}, {text})" if connection.vendor == "postgresql" else f"instr({among}, {text})"


def quoted(codes: Iterable[str]) -> str:
    """Codes of ours as a list of literals."""
    return ", ".join(f"'{code}'" for code in codes)


def _as_json(clocks: Iterable[schedule.LocalClock]) -> str:
    return json.dumps([_shown(clock) for clock in clocks])


def _shown(clock: schedule.LocalClock) -> list[Any]:
    return [clock.time_zone, clock.day.isoformat(), clock.day.weekday(), clock.minute]
