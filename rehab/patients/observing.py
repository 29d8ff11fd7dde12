"""Recording what was measured on a dog. A correction is a newer row; nothing is changed or taken away."""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from django.db import transaction

from accounts.access import Role
from accounts.models import User, record
from rehab.patients.measures import MEASURES, is_recordable
from rehab.patients.models import Observation, Patient
from rehab.patients.signing_rules import OLDEST_DOG_DAYS

NOTE_LENGTH: Final = 255


class NotRecordable(Exception):
    """No such measure, or a value or day that cannot be; the form tells what to enter."""


class OnlyAVetSays(Exception):
    """A vet's tick, and the person is no vet."""


@transaction.atomic
def record_observations(
    *,
    patient: Patient,
    values: Mapping[str, Decimal],
    day: dt.date,
    note: str,
    by: User,
    roles: frozenset[Role],
    at: dt.datetime,
) -> list[Observation]:
    """Write one row for each measure of that day, and one audit event.

    Raises:
        NotRecordable: nothing was measured, a value is out of its bounds, or the day is to come or before the birth.
        OnlyAVetSays: one of the measures is a vet's tick, and nobody of ``roles`` is a vet.
    """
    by_a_vet = Role.VET in roles
    if not values or not set(values) <= set(MEASURES):
        raise NotRecordable(sorted(set(values) - set(MEASURES)))
    if not all(is_recordable(metric, by_a_vet=by_a_vet) for metric in values):
        raise OnlyAVetSays
    if not all(MEASURES[metric].accepts(value) for metric, value in values.items()) or len(note) > NOTE_LENGTH:
        raise NotRecordable
    today = patient.today(at)
    if not (patient.born_on or today - dt.timedelta(days=OLDEST_DOG_DAYS)) <= day <= today:
        raise NotRecordable(day)
    rows: list[Observation] = Observation.objects.bulk_create(
        Observation(
            clinic_id=patient.clinic_id,
            patient=patient,
            metric=metric,
            value=value,
            day=day,
            note=note,
            recorded_by=by,
            recorded_at=at,
        )
        for metric, value in values.items()
    )
    record(
        "patient.observed",
        subject=patient,
        by=by,
        at=at,
        clinic_id=patient.clinic_id,
        metrics=sorted(values),
        day=day.isoformat(),
    )
    return rows
