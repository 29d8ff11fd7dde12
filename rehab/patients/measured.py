"""What was measured on a dog: a read for the form that records it."""

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from django.db.models import F, Window
from django.db.models.functions import DenseRank, RowNumber

from rehab.patients import measure_wording as wording
from rehab.patients.measures import MEASURES
from rehab.patients.models import Observation


@dataclass(frozen=True, kw_only=True)
class LastValue:
    """The value that holds for one measure, and the one of the day before it that had one."""

    label: str
    text: str
    before: str
    day: dt.date
    note: str
    by: str
    at: dt.datetime


def last_values(patient_id: UUID) -> list[LastValue]:
    """The newest value of each measure with who recorded it, newest day first; one query."""
    rows = (
        Observation.objects.filter(patient=patient_id)
        .annotate(
            place=Window(RowNumber(), partition_by=[F("metric"), F("day")], order_by=["-recorded_at", "-pk"]),
            ago=Window(DenseRank(), partition_by=[F("metric")], order_by=["-day"]),
        )
        .filter(place=1, ago__lte=2)
        .select_related("recorded_by")
        .order_by("metric", "-day")
    )
    found: dict[str, list[Observation]] = {}
    for row in rows:
        if row.metric in MEASURES:
            found.setdefault(row.metric, []).append(row)
    values = [_last_value(metric, ours) for metric, ours in found.items()]
    return sorted(values, key=lambda one: (-one.day.toordinal(), one.label))


def _last_value(metric: str, rows: list[Observation]) -> LastValue:
    newest = rows[0]
    return LastValue(
        label=wording.label(metric),
        text=wording.value_text(metric, newest.value),
        before=wording.value_text(metric, rows[1].value) if len(rows) > 1 else "",
        day=newest.day,
        note=newest.note,
        by=newest.recorded_by.get_full_name(),
        at=newest.recorded_at,
    )
