"""Who delivers which message: leases, so that two workers never hold the same one and a dead worker holds none."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Case, F, IntegerField, QuerySet, Value, When

from rehab.guidance.models import AlertDelivery
from rehab.sessions.models import WarningReport

BATCH: Final = 20
# Longer than the one message that may be under way when a batch ends; short, because an emergency waits.
LEASE: Final = dt.timedelta(seconds=120)

State, Urgency = AlertDelivery.State, WarningReport.Urgency


@dataclass(frozen=True, kw_only=True)
class Lease:
    """One claimed message; ``token`` is worth something only until somebody else claims the row."""

    id: UUID
    token: int


def claim(*, at: dt.datetime, limit: int = BATCH) -> list[Lease]:
    """Take up to ``limit`` messages that are ready, each for 120 seconds; the most urgent alerts first."""
    urgency = Case(
        When(alert__urgency=Urgency.EMERGENCY, then=Value(0)),
        When(alert__urgency=Urgency.TODAY, then=Value(1)),
        default=Value(2),
        output_field=IntegerField(),
    )
    with transaction.atomic():
        rows = list(
            ready(at=at)
            .select_for_update(skip_locked=True, no_key=True, of=("self",))
            .order_by(urgency, "next_attempt_at", "pk")
            .values_list("pk", "attempts")[:limit]
        )
        if rows:
            AlertDelivery.objects.filter(pk__in=[pk for pk, _ in rows]).update(
                state=State.SENDING, attempts=F("attempts") + 1, next_attempt_at=at + LEASE
            )
    return [Lease(id=pk, token=attempts + 1) for pk, attempts in rows]


def ready(*, at: dt.datetime) -> QuerySet[AlertDelivery]:
    """The messages that may be sent now: new ones, those to be tried again, and those whose worker has died."""
    found: QuerySet[AlertDelivery] = AlertDelivery.objects.filter(
        state__in=AlertDelivery.OPEN_STATES, next_attempt_at__lte=at
    )
    return found
