"""What was said about a dog over a time: pain, shares of each slot, and all of it for the progress page."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import (
    QuerySet,
    Window,
)
from django.db.models.functions import RowNumber

from rehab.programs.models import Prescription
from rehab.sessions.adherence import Period, Shares
from rehab.sessions.models import PerformedExercise
from rehab.sessions.queries.rows import PAIN, Pain, first_name


class SlotShare(NamedTuple):
    """The state that holds for one slot."""

    patient: UUID
    prescription: UUID
    day: dt.date
    slot: int
    state: str
    share: int
    skip_reason: str


def pain_answers(patient_id: UUID, first: dt.date, until: dt.date) -> dict[tuple[dt.date, str], Pain]:
    """The answer that holds for each session's day and moment in the half-open period."""
    return {
        (day, moment): Pain(pk, day, moment, score, done_at, first_name(name, email))  # the last one wins
        for pk, day, moment, score, done_at, name, email in PAIN.rows(patient=patient_id, first=first, until=until)
    }


def slot_shares(patient_ids: Iterable[UUID] | QuerySet[Any], first: dt.date, until: dt.date) -> list[SlotShare]:
    """The state that holds for each slot of many dogs in the half-open period, in one statement."""
    rows = (
        PerformedExercise.objects.filter(patient__in=patient_ids, day__gte=first, day__lt=until)
        .annotate(
            place=Window(
                RowNumber(),
                partition_by=["patient", "prescription", "day", "slot"],
                order_by=["-done_at", "-pk"],
            )
        )
        .filter(place=1)
        .values_list("patient_id", "prescription_id", "day", "slot", "state", "share", "skip_reason")
    )
    return [SlotShare(*row) for row in rows]


@dataclass(frozen=True, kw_only=True)
class History:
    """What the progress page counts: the prescriptions of a period, what was done of them, and the pain."""

    periods: list[Period]
    shares: Shares
    pain: dict[tuple[dt.date, str], Pain]


def history(patient_id: UUID, first: dt.date, until: dt.date) -> History:
    """The half-open period of one dog, already loaded for its reader."""
    periods = [
        Period(*row)
        for row in Prescription.objects.filter(patient=patient_id)
        .overlapping(first, until)
        .order_by("position", "pk")
        .values_list("pk", "exercise_id", "starts_on", "ends_on", "weekdays", "times_per_day", "is_one_off")
    ]
    return History(
        periods=periods,
        shares={(one.prescription, one.day, one.slot): one.share for one in slot_shares([patient_id], first, until)},
        pain=pain_answers(patient_id, first, until),
    )
