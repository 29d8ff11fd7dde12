"""What a phone tells of a message: that it was shown, that the person opened it."""

import datetime as dt
from typing import Literal
from uuid import UUID

from django.db.models.functions import Coalesce

from rehab.nudges.models import Nudge


def mark_seen(nudge_id: UUID, *, what: Literal["delivered", "opened"], at: dt.datetime) -> None:
    """Note once when a message was shown or opened; told again, the first time stays.

    What was opened had been shown, even where the phone could not say so before.
    """
    row = Nudge.objects.filter(pk=nudge_id)
    if what == "opened":
        row.filter(opened_at=None).update(opened_at=at, delivered_at=Coalesce("delivered_at", at))
    else:
        row.filter(delivered_at=None).update(delivered_at=at)
