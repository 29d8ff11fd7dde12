"""When the parts of the reminders last ran."""

import datetime as dt

from rehab.nudges.models import Heartbeat


def beat(part: Heartbeat.Part, *, at: dt.datetime) -> None:
    """Note that the part has just run; one statement."""
    Heartbeat.objects.bulk_create(
        [Heartbeat(part=part, beat_at=at)],
        update_conflicts=True,
        unique_fields=["part"],
        update_fields=["beat_at"],
    )
