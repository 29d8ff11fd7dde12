"""What the family saw on one day besides pain: the answer that holds for each question, and the measures."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.db.models import F, OuterRef, Q, Subquery

from rehab.library.models import ProtocolPhase
from rehab.patients.models import Observation, Patient, ProblemDefinition
from rehab.programs.models import Program
from rehab.sessions.models import ResponseAnswer
from rehab.sessions.queries.rows import first_name

QUESTIONS: Final = ("tired", "quality", "areas", "signs", "note")


class Answer(NamedTuple):
    """The last answer to one question, with who gave it and when."""

    value: Any
    by: str
    at: dt.datetime


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the dog's plan lets the page ask: its medicines, the criteria of its phase, and the version it stands at."""

    plan_version: int | None
    is_exercising: bool
    criteria: tuple[str, ...]
    medicines: list[dict[str, str]]


def asked_of(patient_id: UUID) -> Asked:
    """What the plan of the dog, already loaded for its reader, asks about; one query."""
    newest = (
        Program.objects.filter(patient=OuterRef("pk"))
        .order_by(F("ended_at").desc(nulls_first=True), "-created_at", "-pk")
        .annotate(
            criteria=Subquery(
                ProtocolPhase.objects.filter(protocol=OuterRef("protocol"), code=OuterRef("phase")).values(
                    "exit_criteria"
                )[:1]
            )
        )
    )
    open_one = newest.filter(ended_at=None)
    signed = ProblemDefinition.objects.filter(patient=OuterRef("pk")).signed().newest_first()
    version, criteria, program, medicines = (
        Patient.objects.filter(pk=patient_id)
        .values_list(
            Subquery(newest.values("plan_version")[:1]),
            Subquery(open_one.values("criteria")[:1]),
            Subquery(open_one.values("pk")[:1]),
            Subquery(signed.values("medicines")[:1]),
        )
        .get()
    )
    return Asked(
        plan_version=version,
        is_exercising=program is not None,
        criteria=tuple(criteria or ()),
        medicines=medicines or [],
    )


def responses(patient_id: UUID, day: dt.date) -> dict[str, Answer]:
    """The answer that holds for each question about the day; one query."""
    rows = (
        ResponseAnswer.objects.filter(patient=patient_id, day=day)
        .order_by("done_at", "pk")
        .values_list(*QUESTIONS, "done_at", "recorded_by__name", "recorded_by__email")
    )
    found: dict[str, Answer] = {}
    for *values, done_at, name, email in rows:
        for question, value in zip(QUESTIONS, values, strict=True):
            # An empty list is an answer (“none seen”), an empty note is none.
            if value is not None and value != "":
                found[question] = Answer(value, first_name(name, email), done_at)
    return found


class Measured(NamedTuple):
    """The value that holds for one measure on one day, with who took it and when."""

    day: dt.date
    value: Decimal
    by: str
    at: dt.datetime


def measured(patient_id: UUID, day: dt.date) -> tuple[Mapping[str, Measured], Measured | None]:
    """The measures of the day by metric, and the weight of the last day before it that has one; one query."""
    before = (
        Observation.objects.filter(patient=patient_id, metric="weight_kg", day__lt=day)
        .order_by("-day", "-recorded_at", "-pk")
        .values("pk")[:1]
    )
    rows = (
        Observation.objects.filter(Q(day=day) | Q(pk=Subquery(before)), patient=patient_id)
        .order_by("recorded_at", "pk")
        .values_list("metric", "day", "value", "recorded_by__name", "recorded_by__email", "recorded_at")
    )
    today: dict[str, Measured] = {}
    earlier: Measured | None = None
    for metric, on, value, name, email, at in rows:
        one = Measured(on, value, first_name(name, email), at)
        if on == day:
            today[metric] = one
        else:
            earlier = one
    return today, earlier
