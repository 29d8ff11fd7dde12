"""What is on record about many dogs, read in a fixed number of statements, whatever was logged."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.db.models import F, Max, Q

from rehab.guidance.queries.stops import stops_of
from rehab.library.models import Exercise
from rehab.patients.models import Observation, Patient, ProblemDefinition
from rehab.programs.models import PreApproval, Prescription, Program, TeachBack
from rehab.programs.resetting import with_resets
from rehab.sessions.adherence import NotDue
from rehab.sessions.models import (
    MedicineAnswer,
    PainAnswer,
    Release,
    ResponseAnswer,
    WarningReport,
)
from rehab.sessions.queries.looking_back import last_words, stopped_days

ONE_DAY: Final = dt.timedelta(days=1)
# A spell of thirty good days before pain that came back (RF31), and what came before it.
LOOK_BACK_DAYS: Final = 60
# Measures are taken at visits, weeks apart.
MEASURE_DAYS: Final = 182
MEDICINE_DAYS: Final = 4


class Said(NamedTuple):
    """The last word about one time of the day of one prescription."""

    prescription: UUID
    day: dt.date
    slot: int
    share: int
    quality: int | None
    stop_signs: list[str]
    done_at: dt.datetime


class Pain(NamedTuple):
    """One pain answer."""

    day: dt.date
    moment: str
    score: int
    done_at: dt.datetime


@dataclass(kw_only=True)
class Record:
    """What is on record about one dog; of each list the oldest comes first."""

    patient: Patient
    definitions: list[ProblemDefinition] = field(default_factory=list)
    program: Program | None = None
    prescriptions: list[Prescription] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)
    pain: list[Pain] = field(default_factory=list)
    responses: list[ResponseAnswer] = field(default_factory=list)
    medicine: list[MedicineAnswer] = field(default_factory=list)
    observations: list[Observation] = field(default_factory=list)
    reports: list[WarningReport] = field(default_factory=list)
    stops: list[WarningReport] = field(default_factory=list)
    stopped: set[NotDue] = field(default_factory=set)
    shown_back: set[str] = field(default_factory=set)
    approved_ahead: list[PreApproval] = field(default_factory=list)
    released_at: dt.datetime | None = None

    @property
    def definition(self) -> ProblemDefinition | None:
        """The newest signed one."""
        return self.definitions[-1] if self.definitions else None


def records_of(patients: Sequence[Patient], *, today: dt.date) -> dict[UUID, Record]:
    """The records of the dogs up to the day; fourteen statements."""
    found = {patient.pk: Record(patient=patient) for patient in patients}
    ids = list(found)
    first, until = today - LOOK_BACK_DAYS * ONE_DAY, today + 2 * ONE_DAY
    signed = with_resets(ProblemDefinition.objects.signed().filter(patient__in=ids))
    for definition in signed.order_by("patient", "version"):
        found[definition.patient_id].definitions.append(definition)
    for program in Program.objects.open().filter(patient__in=ids).select_related("protocol", "paused_by"):
        program.patient = found[program.patient_id].patient
        found[program.patient_id].program = program
    for prescription in (
        Prescription.objects.filter(patient__in=ids)
        .overlapping(first, until)
        .select_related("exercise", "started_by")
        .order_by("starts_on", "pk")
    ):
        found[prescription.patient_id].prescriptions.append(prescription)
    for patient, *row in _said(ids, first, until):
        found[patient].said.append(Said(*row))
    for patient, *row in (
        PainAnswer.objects.filter(patient__in=ids, day__gte=first, day__lt=until)
        .order_by("done_at", "pk")
        .values_list("patient_id", "day", "moment", "score", "done_at")
    ):
        found[patient].pain.append(Pain(*row))
    for model, name, since in (
        (ResponseAnswer, "responses", first),
        (MedicineAnswer, "medicine", today - MEDICINE_DAYS * ONE_DAY),
        (WarningReport, "reports", first),
    ):
        for row in model.objects.filter(patient__in=ids, day__gte=since).order_by("done_at", "pk"):
            getattr(found[row.patient_id], name).append(row)
    for observation in Observation.objects.filter(patient__in=ids, day__gte=today - MEASURE_DAYS * ONE_DAY).order_by(
        "recorded_at", "pk"
    ):
        found[observation.patient_id].observations.append(observation)
    for patient, stops in stops_of(ids).items():
        found[patient].stops = stops
    for patient, stopped in stopped_days(ids, first, until).items():
        found[patient].stopped = stopped
    for patient, slug in (
        TeachBack.objects.standing()
        .filter(patient__in=ids, kind=TeachBack.Kind.SHOWN_BACK)
        .values_list("patient_id", "exercise__slug")
    ):
        found[patient].shown_back.add(slug)
    for approval in PreApproval.objects.open().filter(patient__in=ids, program__ended_at=None).order_by("pk"):
        found[approval.patient_id].approved_ahead.append(approval)
    for patient, released_at in (
        Release.objects.filter(patient__in=ids).order_by().values_list("patient_id").annotate(Max("released_at"))
    ):
        found[patient].released_at = released_at
    return found


def _said(ids: Collection[UUID], first: dt.date, until: dt.date) -> Iterable[Any]:
    rows: Iterable[Any] = last_words(ids, first, until).values_list(
        *("patient_id", "prescription_id", "day", "slot", "share", "quality", "stop_signs", "done_at"),
    )
    return rows


def exercises_by_slug(slugs: Collection[str], *, clinics: Collection[UUID]) -> dict[tuple[UUID | None, str], Exercise]:
    """The current exercises of the names, built in (``None``) and of each clinic; one statement."""
    found = Exercise.objects.current().filter(Q(clinic=None) | Q(clinic__in=clinics), slug__in=slugs)
    return {(one.clinic_id, one.slug): one for one in found.order_by(F("clinic").asc(nulls_first=True), "pk")}
