"""What followed the reminders that were left to chance: whether somebody exercised the dogs within a day.

A *decision point* is a row with ``p_send``: the one that carries a person's reminder of that day, or that chance withheld.
It speaks for every dog that the reminder named: those of the rows of the same person and kind that were planned in the same
instant, which are its own and those that were combined into it. It is followed when somebody of the household of one of
these dogs exercised that dog within 24 hours of ``planned_at``, the instant of the lot, whatever became of the message:
sent, withheld, dropped at the last look, failed. So both arms are counted alike (intention to treat). What the clinic's
people noted does not count, nor does what was taken back since.
"""

import datetime as dt
from typing import Final

from django.db import connection, transaction

from accounts.models import Clinic, User, record
from rehab.nudges.heartbeat import beat
from rehab.nudges.models import ClinicNudges, Heartbeat

WINDOW: Final = dt.timedelta(hours=24)
# A phone without a network sends what was done when it finds one again. Half a day covers the night; and the reminder of
# the evening after the next, which waits longer when the last ones did not help, can already go by what is found.
SLACK: Final = dt.timedelta(hours=12)
MEASURE_BATCH: Final = 2000
# What is left after so many the next hour takes.
MOST_BATCHES: Final = 100

# The window's end and the days of a dog on which an exercise of the window can lie: the person's day may be one before or
# after the dog's, and the window reaches into the next. They are only there for the index.
DAY_LATER = {
    "postgresql": "point.planned_at + interval '24 hours'",
    "sqlite": "date(point.planned_at, '+1 day') || substr(point.planned_at, 11)",
}
DAYS = {
    "postgresql": "e.day BETWEEN point.local_day - 1 AND point.local_day + 2",
    "sqlite": "e.day BETWEEN date(point.local_day, '-1 day') AND date(point.local_day, '+2 days')",
}


def measure(*, at: dt.datetime, batch: int = MEASURE_BATCH) -> int:
    """Note of each decision point that is 36 hours old whether it was followed; returns how many were noted.

    One statement a batch, each for itself: interrupted or run twice at once it loses nothing and counts nothing twice.
    """
    noted = 0
    for _ in range(MOST_BATCHES):
        found = _note(until=at - WINDOW - SLACK, limit=batch)
        noted += found
        if found < batch:
            break
    beat(Heartbeat.Part.MEASURE, at=at)
    return noted


def _note(*, until: dt.datetime, limit: int) -> int:
    vendor = connection.vendor
    skip = "FOR UPDATE SKIP LOCKED" if vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH waiting AS MATERIALIZED (
                SELECT id FROM nudges_nudge
                WHERE p_send IS NOT NULL AND followed IS NULL AND planned_at <= %(until)s
                ORDER BY planned_at, id LIMIT %(limit)s {skip})
            UPDATE nudges_nudge AS point SET followed = EXISTS (
                SELECT 1 FROM nudges_nudge named
                JOIN rehab_sessions_performedexercise e ON e.patient_id = named.patient_id
                WHERE named.user_id = point.user_id AND named.local_day = point.local_day
                  AND named.kind = point.kind AND named.planned_at = point.planned_at
                  AND {DAYS[vendor]}
                  AND e.done_at >= point.planned_at AND e.done_at < {DAY_LATER[vendor]}
                  AND e.state NOT IN ('undone', 'skipped')
                  AND EXISTS (
                        SELECT 1 FROM patients_caregiver c
                        WHERE c.patient_id = e.patient_id AND c.user_id = e.recorded_by_id)
                  AND NOT EXISTS (
                        SELECT 1 FROM rehab_sessions_performedexercise later
                        WHERE later.patient_id = e.patient_id AND later.day = e.day
                          AND later.prescription_id = e.prescription_id AND later.slot = e.slot
                          AND later.state IN ('undone', 'skipped')
                          AND (later.done_at, later.command_id) > (e.done_at, e.command_id)))
            WHERE point.id IN (SELECT id FROM waiting) AND point.followed IS NULL
            RETURNING 1""",  # noqa: S608 (only constants)
            {"until": connection.ops.adapt_datetimefield_value(until), "limit": limit},
        )
        # SQLite counts no rows of a statement that begins with WITH.
        return len(cursor.fetchall())


def set_measures(*, clinic: Clinic, measures: bool, by: User, at: dt.datetime) -> bool:
    """Let chance withhold a fifth of the clinic's routine reminders from now on, or none; returns whether that is new."""
    with transaction.atomic():
        chosen, _ = ClinicNudges.objects.select_for_update().get_or_create(clinic=clinic)
        if chosen.measures == measures:
            return False
        chosen.measures = measures
        chosen.save(update_fields=["measures"])
        record("nudges.measures_set", subject=clinic, by=by, at=at, clinic_id=clinic.pk, measures=measures)
    return True
