"""What the reminders tell the log: keys and outcomes, never a name, an address or a word of a message."""

from contextlib import AbstractContextManager
from typing import Any

import structlog

from rehab.nudges.models import Nudge

log = structlog.get_logger(__name__)


def about(nudge: Nudge) -> AbstractContextManager[Any]:
    """Every line until its end carries the nudge, also those of the channels, which know of none."""
    return structlog.contextvars.bound_contextvars(nudge_id=str(nudge.pk), kind=str(nudge.kind))


def planned(rows: int) -> None:
    if rows:
        log.info("nudges planned", rows=rows)


def ended(nudge: Nudge, outcome: str, reason: str) -> None:
    """How an attempt, or a nudge, ended; a lost lease is said with it, for it may have been sent twice."""
    log.info(
        "nudge",
        nudge_id=str(nudge.pk),
        kind=str(nudge.kind),
        outcome=str(outcome),
        reason=str(reason),
        channel=str(nudge.channel),
        attempt=nudge.attempts,
        leases_lost=nudge.leases_lost,
    )
