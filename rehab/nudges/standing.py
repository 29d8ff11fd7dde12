"""How the queue stands: what waits, what ended in the last day, and when each part last ran."""

import datetime as dt
from dataclasses import dataclass

from django.db.models import Count, Min

from rehab.nudges.models import Heartbeat, Nudge

ONE_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Standing:
    """The figures, by name; ``oldest_due_seconds`` is how late the row is that waits longest, ``None`` when none is due."""

    oldest_due_seconds: float | None
    open: dict[str, int]
    ended: dict[str, int]
    beats: dict[str, dt.timedelta | None]


def standing(*, at: dt.datetime) -> Standing:
    """The queue's figures at the instant, in four statements, each on an index."""
    waiting = Nudge.objects.filter(state__in=Nudge.OPEN_STATES)
    # A row under its lease is not late before the lease has run out; then it is due again.
    oldest = waiting.filter(next_attempt_at__lte=at).aggregate(oldest=Min("next_attempt_at"))["oldest"]
    beats = dict(Heartbeat.objects.order_by().values_list("part", "beat_at"))
    ended = Nudge.objects.filter(finished_at__gt=at - ONE_DAY, finished_at__lte=at)
    return Standing(
        oldest_due_seconds=(at - oldest).total_seconds() if oldest is not None else None,
        open=dict.fromkeys(Nudge.OPEN_STATES, 0) | _counted(waiting),
        ended=_counted(ended),
        beats={part.value: at - beats[part] if part in beats else None for part in Heartbeat.Part},
    )


def _counted(rows) -> dict[str, int]:  # type: ignore[no-untyped-def]
    return dict(rows.order_by("state").values_list("state").annotate(Count("pk")))
