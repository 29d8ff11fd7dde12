"""The evidence that the rules weigh, for many dogs at once: a fixed number of statements for any number of dogs."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Mapping, Sequence
from uuid import UUID

from rehab.guidance.engine.values import Dog
from rehab.guidance.queries.evidence.building import dog_of
from rehab.guidance.queries.evidence.reading import exercises_by_slug, records_of
from rehab.patients.models import Patient

logger = logging.getLogger(__name__)

Thresholds = Mapping[UUID, Mapping[str, Mapping[str, int]]]


def evidence_of(patients: Sequence[Patient], *, at: dt.datetime, thresholds: Thresholds) -> dict[UUID, Dog]:
    """The dogs as the rules see them at the moment; ``thresholds`` are the clinics' own numbers, by clinic and profile.

    A dog whose record cannot be read is left out: it must not keep the rules from the others.
    """
    if not patients:
        return {}
    records = records_of(patients, today=max(patient.today(at) for patient in patients))
    slugs = {
        slug
        for record in records.values()
        for one in record.prescriptions
        if one.ended_by_id is None
        for slug in (one.exercise.easier_slug, one.exercise.harder_slug)
        if slug
    }
    exercises = exercises_by_slug(slugs, clinics={patient.clinic_id for patient in patients})
    found = {}
    for pk, record in records.items():
        try:
            own = thresholds.get(record.patient.clinic_id, {})
            found[pk] = dog_of(record, at=at, exercises=exercises, thresholds=own)
        except Exception as error:  # noqa: BLE001 - whatever it is, the other dogs must still be weighed
            # Only what kind of error: its words may quote the record.
            logger.error("the record of dog %s cannot be read: %s", pk, type(error).__name__)
    return found
