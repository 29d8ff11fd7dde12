"""Nobody has taken it over in time: the next place is told, and at the end the family."""

from __future__ import annotations

import datetime as dt
from typing import Final

from django.db import transaction

from rehab.guidance.alerting.telling import Telling, rosters
from rehab.guidance.models import Alert

BATCH: Final = 500


def escalate(*, at: dt.datetime) -> int:
    """Tell the next place of every alert whose time has run out; return how many there were.

    Several workers at once never take the same alert. After the end of the chain all vets are told again after each
    wait, until somebody takes it over.
    """
    count = 0
    while True:
        with transaction.atomic():
            alerts = list(
                Alert.objects.filter(escalate_at__lte=at, patient__died_on=None)
                .select_related("report", "clinic")
                .select_for_update(skip_locked=True, no_key=True, of=("self",))
                .order_by("escalate_at", "pk")[:BATCH]
            )
            if alerts:
                clinics, patients = {one.clinic_id for one in alerts}, {one.patient_id for one in alerts}
                telling = Telling(at=at, people=rosters(clinics=clinics, patients=patients))
                for alert in alerts:
                    telling.tell_next(alert, alert.report, alert.clinic)
                Alert.objects.bulk_update(alerts, ["level", "escalate_at", "is_through"])
                telling.write(alerts)
        count += len(alerts)
        if len(alerts) < BATCH:
            return count
