"""What the rows tell of the work behind the pages: when each part last ran, and what waits. No row is about a person."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Min

from rehab.guidance.models import AlertDelivery, AlertMark
from rehab.nudges.models import Heartbeat, Nudge


@dataclass(frozen=True, kw_only=True)
class Signs:
    """Ages and delays in seconds; a part that has never run has no age, and where nothing waits the delay is 0.

    ``raised_age``: since when nobody has looked for warning signs that need an alert; while somebody does, it stays below
    ten minutes.
    """

    ages: Mapping[str, float]
    nudge_delay: float
    alert_delay: float
    raised_age: float | None


def read(*, at: dt.datetime) -> Signs:
    """Four statements, each by an index or on a table of a few rows."""
    return Signs(
        ages={part: age(beat, at=at) for part, beat in Heartbeat.objects.values_list("part", "beat_at")},
        nudge_delay=_delay(
            Nudge.objects.filter(state__in=Nudge.OPEN_STATES, next_attempt_at__lte=at).aggregate(
                since=Min("next_attempt_at")
            )["since"],
            at=at,
        ),
        alert_delay=_delay(
            AlertDelivery.objects.filter(state__in=AlertDelivery.OPEN_STATES, next_attempt_at__lte=at).aggregate(
                since=Min("next_attempt_at")
            )["since"],
            at=at,
        ),
        raised_age=_mark_age(AlertMark.objects.values_list("seen_until", flat=True).first(), at=at),
    )


def age(then: dt.datetime, *, at: dt.datetime) -> float:
    return max((at - then).total_seconds(), 0.0)


def _delay(since: dt.datetime | None, *, at: dt.datetime) -> float:
    return 0.0 if since is None else age(since, at=at)


def _mark_age(mark: dt.datetime | None, *, at: dt.datetime) -> float | None:
    return None if mark is None else age(mark, at=at)
