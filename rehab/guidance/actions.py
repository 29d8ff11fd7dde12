"""Keeping the summaries of all dogs: pulled from what has come in, in batches."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Sequence
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db.models import Q, QuerySet

from rehab.guidance import attention
from rehab.guidance.maintaining import weigh_checkpoints
from rehab.guidance.models import AlertStep, PatientSummary, SummaryMark
from rehab.guidance.queries.facts import Facts, facts_of
from rehab.guidance.suggesting import evaluate
from rehab.lib.time_zones import local_day
from rehab.patients.models import Caregiver, Observation, Patient, ProblemDefinition
from rehab.programs.models import Decision, TeachBack
from rehab.sessions.models import Clip, ClipReview, Command, MessagesRead, Release
from rehab.sessions.queries.clips import unreadable_since

# Of each dog sixty days are weighed: a batch bounds the memory.
BATCH: Final = 100
# A row says when it was received, not when its transaction ended: a run looks back as far as a transaction may last.
OVERLAP: Final = dt.timedelta(seconds=60)


def refresh_summaries(*, at: dt.datetime, patient_ids: Collection[UUID] | None = None) -> int:
    """Rebuild the summaries of the dogs that need it, or of those named; return how many were rebuilt.

    A dog needs it when something came in about it since the last complete run, when a new day has begun where it
    lives, or when it has none yet. Running twice changes nothing but ``refreshed_at``; memory is that of one batch.
    """
    if patient_ids is not None:
        return _refresh_all(Patient.objects.filter(pk__in=patient_ids), at=at)
    count = _refresh_all(_waiting(at=at), at=at)
    if count:
        SummaryMark.objects.update_or_create(pk=SummaryMark.ONLY, defaults={"seen_until": at})
    return count


def _refresh_all(waiting: QuerySet[Patient], *, at: dt.datetime) -> int:
    """Rebuild those of them that live: of a dog that has died nothing is weighed."""
    count = 0
    waiting = waiting.filter(died_on=None)
    rest = waiting.order_by("pk")
    while True:
        batch = list(rest.only("pk", "clinic_id", "time_zone")[:BATCH])
        if batch:
            _refresh(batch, at=at)
        count += len(batch)
        if len(batch) < BATCH:
            return count
        rest = waiting.filter(pk__gt=batch[-1].pk).order_by("pk")


def _waiting(*, at: dt.datetime) -> QuerySet[Patient]:
    mark = SummaryMark.objects.filter(pk=SummaryMark.ONLY).first()
    if mark is None:
        return Patient.objects.all()
    since = mark.seen_until - OVERLAP
    ids = (
        Patient.objects.filter(summary=None)
        .order_by()
        .values("pk")
        .union(
            Patient.objects.filter(_new_day(at)).values("pk"),
            Command.objects.filter(received_at__gte=since).values("patient"),
            Release.objects.filter(released_at__gte=since).values("patient"),
            AlertStep.objects.filter(at__gte=since).values("patient"),
            Clip.objects.filter(completed_at__gte=since).values("patient"),
            unreadable_since(since).values("patient"),
            ClipReview.objects.filter(reviewed_at__gte=since).values("patient"),
            MessagesRead.objects.filter(until__gte=since).values("patient"),
            Decision.objects.filter(decided_at__gte=since).values("patient"),
            Observation.objects.filter(recorded_at__gte=since).values("patient"),
            TeachBack.objects.filter(Q(recorded_at__gte=since) | Q(withdrawn_at__gte=since)).values("patient"),
            ProblemDefinition.objects.filter(Q(updated_at__gte=since) | Q(signed_at__gte=since)).values("patient"),
            Patient.objects.filter(clinic__threshold_changes__changed_at__gte=since).order_by().values("pk"),
            Caregiver.objects.filter(Q(started_at__gte=since) | Q(ended_at__gte=since)).values("patient"),
        )
    )
    return Patient.objects.filter(pk__in=ids)


def _new_day(at: dt.datetime) -> Q:
    """Dogs whose summary is of another day than the one it is where they live."""
    zones_by_day: defaultdict[dt.date, list[str]] = defaultdict(list)
    for zone in Patient.objects.order_by().values_list("time_zone", flat=True).distinct():
        zones_by_day[local_day(at=at, time_zone=zone)].append(zone)
    condition = Q(pk=None)
    for day, zones in zones_by_day.items():
        condition |= Q(time_zone__in=zones) & ~Q(summary__as_of=day) & Q(summary__isnull=False)
    return condition


def _refresh(batch: Sequence[Patient], *, at: dt.datetime) -> None:
    today = {patient.pk: patient.today(at) for patient in batch}
    # First: what the rules stop is among the facts.
    evaluate(batch, at=at)
    weigh_checkpoints(batch, at=at)
    facts = facts_of(
        today,
        first=min(today.values()) - dt.timedelta(days=attention.WINDOW_DAYS - 1),
        until=max(today.values()) + dt.timedelta(days=1),
    )
    PatientSummary.objects.bulk_create(
        [_summary(patient, facts[patient.pk], today=today[patient.pk], at=at) for patient in batch],
        update_conflicts=True,
        unique_fields=["patient"],
        update_fields=_UPDATED,
    )


def _summary(patient: Patient, facts: Facts, *, today: dt.date, at: dt.datetime) -> PatientSummary:
    days = facts.days(today=today)
    found = attention.reasons(facts.dog(today=today, days=days))
    pain = attention.worst_by_day(facts.answers)
    last_pain_on = max((day for day in pain if day <= today), default=None)
    definition = facts.definition
    return PatientSummary(
        patient=patient,
        clinic_id=patient.clinic_id,
        as_of=today,
        refreshed_at=at,
        attention=attention.attention(found),
        reasons=[reason.to_json() for reason in found],
        origin=definition.origin if definition else "",
        mechanism=definition.mechanism if definition else "",
        cause=definition.cause if definition else "",
        neuro_grade=definition.neuro_grade if definition else None,
        phase=facts.program.phase if facts.program else "",
        phase_name=facts.program.phase_name if facts.program else "",
        due=sum(day.due for day in days),
        done=Decimal(str(round(sum(day.done for day in days), 2))),
        adherence_percent=attention.percent(days),
        adherence_series=[attention.percent([day]) for day in days],
        pain_series=[pain.get(day.day) for day in days],
        last_pain=None if last_pain_on is None else pain[last_pain_on],
        last_pain_on=last_pain_on,
        last_activity_on=max((day.day for day in days if day.is_heard), default=None),
    )


_UPDATED: Final = [field.name for field in PatientSummary._meta.concrete_fields if not field.primary_key]
