"""Who delivers which row: leases, so that two workers never hold the same one and a dead worker holds none."""

import datetime as dt
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from rehab.nudges.models import Nudge

DELIVERY_BATCH: Final = 20
MOST_WAKE_UPS: Final = 4
LEASE: Final = dt.timedelta(seconds=settings.NUDGE_LEASE_SECONDS)


@dataclass(frozen=True, kw_only=True)
class Lease:
    """One claimed nudge; ``token`` is worth something only until somebody else claims the row."""

    id: UUID
    token: int


def claim(*, at: dt.datetime, limit: int = DELIVERY_BATCH) -> list[Lease]:
    """Take up to ``limit`` rows that are ready, each under a lease; two claims never hold the same row.

    Rows whose lease has run out come first, or a backlog would starve them; each says how often that has happened to it,
    for only then may its message go out twice.

    The rows are chosen in a MATERIALIZED expression: as a plain subquery PostgreSQL may run it once for every row that
    it compares, each run locks other rows, and far more than ``limit`` are taken.
    """
    skip = "FOR UPDATE SKIP LOCKED" if connection.vendor == "postgresql" else ""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH ready AS MATERIALIZED (
                SELECT id FROM nudges_nudge
                WHERE state IN ('planned', 'sending', 'retry') AND next_attempt_at <= %s
                ORDER BY CASE WHEN state = 'sending' THEN 0 ELSE 1 END, next_attempt_at, id LIMIT %s {skip})
            UPDATE nudges_nudge SET state = 'sending', attempts = attempts + 1, next_attempt_at = %s,
                leases_lost = leases_lost + CASE WHEN state = 'sending' THEN 1 ELSE 0 END
            WHERE id IN (SELECT id FROM ready)
            RETURNING id, attempts""",  # noqa: S608 (nothing from outside)
            [
                connection.ops.adapt_datetimefield_value(at),
                limit,
                connection.ops.adapt_datetimefield_value(at + LEASE),
            ],
        )
        return [Lease(id=key if isinstance(key, UUID) else UUID(key), token=token) for key, token in cursor.fetchall()]


def wake_ups(*, at: dt.datetime) -> int:
    """How many workers are worth waking now: one per batch that is ready, at most four."""
    ready = Nudge.objects.filter(state__in=Nudge.OPEN_STATES, next_attempt_at__lte=at)
    count = ready.order_by()[: DELIVERY_BATCH * MOST_WAKE_UPS].count()
    return -(-count // DELIVERY_BATCH)
