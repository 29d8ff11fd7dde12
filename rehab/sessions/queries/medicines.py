"""What the family said about the medicine of one day, and the plan that it is about."""

import datetime as dt
from typing import Any, Final
from uuid import UUID

from django.db.models import OuterRef, QuerySet, Subquery, TextField
from django.db.models.functions import Cast

from rehab.lib.prepared import Prepared
from rehab.patients.models import ProblemDefinition
from rehab.sessions.medicines import Said
from rehab.sessions.models import MedicineAnswer
from rehab.sessions.queries.rows import first_name


def signed_medicines(patient: str) -> Subquery:
    """The medicines of the newest signed definition as JSON text, for ``rehab.sessions.medicines.planned``.

    ``patient`` is the outer query's name of the dog's key. A dog without a signed definition has none.
    """
    return Subquery(
        ProblemDefinition.objects.filter(patient=OuterRef(patient))
        .signed()
        .newest_first()
        .annotate(plan=Cast("medicines", TextField()))
        .values("plan")[:1]
    )


def medicine_answers(patient_id: UUID, day: dt.date) -> list[Said]:
    """All that was said about the doses of the day, in its order; one query."""
    return [
        Said(medicine, time, given, reason, done_at, first_name(name, email))
        for medicine, time, given, reason, done_at, name, email in ANSWERS.rows(patient=patient_id, day=day)
    ]


def _answers(patient: UUID, day: dt.date) -> QuerySet[Any, Any]:
    return (
        MedicineAnswer.objects.filter(patient=patient, day=day)
        .order_by("done_at", "pk")
        .values_list("medicine", "time", "given", "reason", "done_at", "recorded_by__name", "recorded_by__email")
    )


ANSWERS: Final = Prepared(_answers, patient=UUID("00000000-0000-7000-8000-000000000002"), day=dt.date(1901, 2, 3))
