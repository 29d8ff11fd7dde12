"""Which nudges there are to be: for everybody who is due, in one statement for each half of the kinds."""

import datetime as dt
from collections.abc import Iterable
from typing import Any, Final

from django.conf import settings
from django.db import connection, transaction

from rehab.nudges import journal, lot
from rehab.nudges.heartbeat import beat
from rehab.nudges.kinds import KINDS, Kind, sql
from rehab.nudges.models import Heartbeat, Nudge

MOST_IN_A_WEEK: Final = 4
# After so many reminders in a row that nobody followed, they come every other day.
IGNORED: Final = 3
# A heartbeat that is so far ahead is that of a clock that was wrong: everybody is looked at again.
CLOCK_AHEAD: Final = dt.timedelta(minutes=10)
# Not put off where that could make it too late.
SPREAD_FROM_MINUTES: Final = 30

COLUMNS: Final = (
    *("id", "clinic_id", "patient_id", "user_id", "kind", "number", "subject_id", "local_day", "time_zone"),
    *("state", "reason", "planned_at", "next_attempt_at", "expires_at", "channel", "attempts", "leases_lost"),
    *("finished_at", "p_send"),
)


def plan(*, at: dt.datetime) -> int:
    """Write a row for each person and dog that is due at the instant, for each kind; returns how many rows are new.

    Looks at those whose minute has come since the last tick that went well, at most three hours back. May run any number of
    times and in several places at once: the unique keys let each row in only once. What is about safety is written first,
    and whatever else fails, it stays.
    """
    last = Heartbeat.objects.filter(pk=Heartbeat.Part.TICK).values_list("beat_at", flat=True).first()
    values = parameters(at, last=last)
    # Who is due now stays due for three hours: a tick that fails here is made up for by the next.
    written = _write(uncapped_statement(), values) + _write(capped_statement(), values)
    beat(Heartbeat.Part.TICK, at=at if last is None or last > at + CLOCK_AHEAD else max(at, last))
    journal.planned(written)
    return written


def parameters(at: dt.datetime, *, last: dt.datetime | None) -> dict[str, Any]:
    stored = connection.ops.adapt_datetimefield_value
    moment = f"{int(at.timestamp() * 1000):012x}"
    return {
        **sql.parameters(at, last=None if last is not None and last > at + CLOCK_AHEAD else last),
        "minute": stored(at.replace(second=0, microsecond=0)),
        # The first 48 bits of a UUIDv7 are its milliseconds.
        "moment": moment,
        "salt": lot.SALT,
        "left_out_below": lot.threshold(settings.NUDGE_WITHHELD_PERCENT),
        "p_send": 1 - settings.NUDGE_WITHHELD_PERCENT / 100,
        "spread_seconds": settings.NUDGE_SPREAD_SECONDS,
    }


def _write(statement: str, values: dict[str, Any]) -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # The rows wanted are few and scattered: as if on a spinning disk, it would rather read all dogs at each tick.
            cursor.execute("SELECT set_config('random_page_cost', '1.1', true)")
        cursor.execute(statement, values)
        return max(int(cursor.rowcount), 0)


def uncapped_statement() -> str:
    """News, what is about safety, and what goes to a clinic: each is sent, as soon as it may be."""
    kinds = [kind for kind in KINDS if not kind.is_one_a_day]
    return f"""
        {_insert()} {sql.expressions()}, candidate AS MATERIALIZED ({_candidates(kinds)})
        SELECT {sql.new_id()}, clinic_id, patient_id, user_id, kind, number, subject_id, day, zone, 'planned', '',
               %(at)s, %(at)s, {sql.later("%(minute)s", "minutes", "minutes")}, '', 0, 0, NULL, NULL
        FROM candidate WHERE minutes > 0
        ORDER BY user_id, patient_id, kind, subject_id ON CONFLICT DO NOTHING"""  # noqa: S608 (only constants)


def capped_statement() -> str:
    """What takes the place of the day: one of all that is due to a person, and a reason for each of the others.

    Who loses is written too, so that one can be told why, and the next tick need not look again. All rows come ordered by
    person and dog: two planners wait for each other, and never in a circle.
    """
    kinds = [kind for kind in KINDS if kind.is_one_a_day]
    takers, prompts = sql.quoted(kind.code for kind in kinds), sql.quoted(Nudge.PROMPTS)
    standing = sql.quoted(Nudge.MESSAGE_STATES)
    ignored = f"""
        {IGNORED} = (
            SELECT COUNT(*) FROM (
                SELECT n.followed FROM nudges_nudge n
                WHERE n.user_id = c.user_id AND n.kind = 'unfinished_day' AND n.state = 'sent'
                  AND n.followed IS NOT NULL AND n.local_day < c.day
                ORDER BY n.local_day DESC, n.id DESC LIMIT {IGNORED}) past
            WHERE NOT past.followed)
        AND EXISTS (
            SELECT 1 FROM nudges_nudge n
            WHERE n.user_id = c.user_id AND n.kind = 'unfinished_day' AND n.state = 'sent'
              AND n.local_day >= {sql.days_before("c.day", 1)} AND n.local_day < c.day)"""  # noqa: S608
    # A row of a later day is one from further east: it counts, or a traveller would get a fifth.
    recent = f"""
        {MOST_IN_A_WEEK} <= (
            SELECT COUNT(*) FROM nudges_nudge n
            WHERE n.user_id = c.user_id AND n.local_day >= {sql.days_before("c.day", 6)} AND n.kind IN ({prompts})
              AND n.state IN ({standing}))"""  # noqa: S608
    rest = "state = 'suppressed' OR state = 'withheld'"
    seconds = f"""
        CASE WHEN minutes < {SPREAD_FROM_MINUTES} THEN 0
             ELSE ({sql.position("substr(hash, 9, 1)", "'0123456789abcdef'")} - 1) * %(spread_seconds)s / {lot.STEPS - 1}
        END"""
    return f"""
        {_insert()} {sql.expressions()}, candidate AS MATERIALIZED ({_candidates(kinds)}),
        judged AS MATERIALIZED (
            SELECT c.*, {sql.digest("%(salt)s", "c.user_id", "c.day")} AS hash,
                   CASE WHEN message.kind = c.kind AND message.state IN ('planned', 'retry') THEN 'combined'
                        WHEN message.kind IS NOT NULL THEN 'one_a_day'
                        WHEN c.is_prompt = 1 AND {recent} THEN 'enough'
                        WHEN c.kind = 'unfinished_day' AND {ignored} THEN 'every_other_day'
                        ELSE '' END AS refusal
            FROM candidate c
            LEFT JOIN nudges_nudge message ON message.user_id = c.user_id AND message.local_day = c.day
                 AND message.kind IN ({takers}) AND message.state IN ({standing})
            WHERE c.minutes > 0),
        placed AS MATERIALIZED (
            SELECT j.*, row_number() OVER best AS place, first_value(j.kind) OVER best AS first_kind
            FROM judged j
            WINDOW best AS (
                PARTITION BY j.user_id, j.day
                ORDER BY CASE WHEN j.refusal = '' THEN 0 ELSE 1 END, j.rank, j.patient_id)),
        reasoned AS MATERIALIZED (
            SELECT t.*,
                   CASE WHEN t.refusal <> '' THEN t.refusal WHEN t.place = 1 THEN ''
                        WHEN t.kind = t.first_kind THEN 'combined' ELSE 'one_a_day' END AS reason,
                   t.is_by_lot = 1 AND t.refusal = '' AND t.place = 1 AS is_routine,
                   t.is_by_lot = 1 AND t.refusal = '' AND t.place = 1 AND COALESCE(chosen.measures, TRUE) AS is_by_chance
            FROM placed t LEFT JOIN nudges_clinicnudges chosen ON chosen.clinic_id = t.clinic_id),
        decided AS (
            SELECT w.*,
                   CASE WHEN w.reason <> '' THEN 'suppressed'
                        WHEN w.is_by_chance AND substr(w.hash, 1, 8){sql.BYTEWISE[connection.vendor]} < %(left_out_below)s THEN 'withheld'
                        ELSE 'planned' END AS state
            FROM reasoned w)
        SELECT {sql.new_id()}, clinic_id, patient_id, user_id, kind, number, subject_id, day, zone, state, reason,
               %(at)s, {sql.later("%(at)s", seconds, "seconds")}, {sql.later("%(minute)s", "minutes", "minutes")}, '', 0, 0,
               CASE WHEN {rest} THEN %(at)s END, CASE WHEN is_by_chance THEN %(p_send)s WHEN is_routine THEN 1 END
        FROM decided WHERE true
        ORDER BY user_id, patient_id, kind, subject_id ON CONFLICT DO NOTHING"""  # noqa: S608 (only constants)


def _insert() -> str:
    return f"INSERT INTO {Nudge._meta.db_table} ({', '.join(COLUMNS)})"


def _candidates(kinds: Iterable[Kind]) -> str:
    """What the kinds say is due, one below the other."""
    is_by_lot = settings.NUDGE_WITHHELD_PERCENT > 0
    patient, number, subject = "q.patient_id", "q.number", "q.subject_id"
    if connection.vendor == "postgresql":
        # A column that is NULL everywhere has no type of its own.
        patient, number, subject = "q.patient_id::uuid", "q.number::int", "q.subject_id::uuid"
    return " UNION ALL ".join(
        f"""
        SELECT '{kind.code.value}' AS kind, {kind.rank} AS rank, {int(kind.is_prompt)} AS is_prompt,
               {int(kind.is_by_lot and is_by_lot)} AS is_by_lot, q.user_id, {patient} AS patient_id, q.clinic_id, q.zone, q.day,
               q.minutes, {number} AS number, {subject} AS subject_id
        FROM ({kind.candidates()}) q"""  # noqa: S608 (only constants)
        for kind in kinds
    )
