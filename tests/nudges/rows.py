"""Rows of the queue, as the planner writes them, made directly."""

import datetime as dt
from typing import Any

from accounts.models import User
from rehab.nudges.models import Nudge
from rehab.patients.models import Patient


def make_nudge(user: User, patient: Patient, at: dt.datetime, /, **fields: Any) -> Nudge:
    """A nudge about an unfinished day that is ready at the instant and makes sense for three hours."""
    return Nudge.objects.create(
        user=user,
        clinic=patient.clinic,
        **{
            "patient": patient,
            "kind": Nudge.Kind.UNFINISHED_DAY,
            "local_day": at.date(),
            "time_zone": "UTC",
            "planned_at": at,
            "next_attempt_at": at,
            "expires_at": at + dt.timedelta(hours=3),
            **fields,
        },
    )
