"""Which reminders there are to be."""

import datetime as dt
import json
from collections.abc import Iterable, Sequence
from typing import Final

from django.db import connection

from rehab.nudges import schedule
from rehab.nudges.heartbeat import beat
from rehab.nudges.models import Heartbeat, Nudge
from rehab.nudges.queries import DueReminder, News, due_reminders, untold_news

State, Reason = Nudge.State, Nudge.Reason

PLAN_BATCH: Final = 5000


def plan(*, at: dt.datetime) -> int:
    """Write a row for each caregiver who is due a reminder or news at the instant; returns how many rows are new.

    May run any number of times and in several places at once: the unique keys let each row in only once.
    """
    written = 0
    while True:
        due = due_reminders(at=at, limit=PLAN_BATCH)
        new = _insert_new(_rows(due, at=at))
        written += new
        # Nothing new on a full page: another planner writes the same rows; what it leaves, the next tick finds.
        if len(due) < PLAN_BATCH or not new:
            break
    while True:
        news = untold_news(at=at, limit=PLAN_BATCH)
        new = _insert_new([_news_row(one, at=at) for one in news])
        written += new
        if len(news) < PLAN_BATCH or not new:
            break
    beat(Heartbeat.Part.TICK, at=at)
    return written


def _rows(due: Iterable[DueReminder], *, at: dt.datetime) -> list[Nudge]:
    """One message per person and day: the first dog's row carries it, and it names every dog unfinished then."""
    rows: list[Nudge] = []
    carried = set()
    for reminder in due:
        reason = ""
        if reminder.user_id in carried or reminder.message in (State.PLANNED, State.RETRY):
            reason = Reason.COMBINED
        elif reminder.message is not None:
            reason = Reason.ONE_A_DAY
        else:
            carried.add(reminder.user_id)
        rows.append(
            Nudge(
                clinic_id=reminder.clinic_id,
                patient_id=reminder.patient_id,
                user_id=reminder.user_id,
                local_day=reminder.local.day,
                time_zone=reminder.local.time_zone,
                state=State.SUPPRESSED if reason else State.PLANNED,
                reason=reason,
                planned_at=at,
                next_attempt_at=at,
                expires_at=schedule.expires_at(local=reminder.local, chosen=reminder.remind_minute),
                finished_at=at if reason else None,
            )
        )
    return rows


def _news_row(news: News, *, at: dt.datetime) -> Nudge:
    return Nudge(
        clinic_id=news.clinic_id,
        patient_id=news.patient_id,
        user_id=news.user_id,
        kind=Nudge.Kind.PLAN_CHANGED,
        local_day=news.local.day,
        time_zone=news.local.time_zone,
        planned_at=at,
        next_attempt_at=at,
        expires_at=news.decided_at + dt.timedelta(hours=schedule.NEWS_HOURS),
    )


def _insert_new(rows: Sequence[Nudge]) -> int:
    """Insert the rows whose keys are free, in one statement; returns how many those were.

    Not bulk_create: it cannot say how many rows were new, and on SQLite it takes a statement per 70 rows.
    """
    if not rows:
        return 0
    meta = Nudge._meta
    fields = meta.concrete_fields
    values = [[f.get_db_prep_save(getattr(row, f.attname), connection) for f in fields] for row in rows]
    if connection.vendor == "postgresql":
        columns = ", ".join(f"(row->>{n})::{f.db_type(connection)}" for n, f in enumerate(fields))
        source = "jsonb_array_elements(%s::jsonb) AS row"
    else:
        columns = ", ".join(f"json_extract(value, '$[{n}]')" for n in range(len(fields)))
        source = "json_each(%s)"
    names = ", ".join(str(f.column) for f in fields)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {meta.db_table} ({names}) "  # noqa: S608 (names of our model)
            f"SELECT {columns} FROM {source} WHERE true ON CONFLICT DO NOTHING",
            [json.dumps(values, default=str)],
        )
        return max(int(cursor.rowcount), 0)
