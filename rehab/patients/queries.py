"""Reads about one dog and what is wrong with it."""

import hashlib
import json
from collections.abc import Iterable
from typing import Final
from uuid import UUID

from rehab.patients.models import Patient, ProblemDefinition
from rehab.patients.signing_rules import Answers

DETAILS: Final = ("name", "breed", "sex", "born_on", "weight_kg", "time_zone")


def fingerprint_of(patient: Patient) -> str:
    """A token that changes whenever the dog's stored data change."""
    details = [str(getattr(patient, name)) for name in DETAILS]
    return hashlib.sha256(json.dumps(details).encode()).hexdigest()


def current_definition(patient_id: UUID) -> ProblemDefinition | None:
    """The newest signed definition: the one that decides what may be prescribed today."""
    return ProblemDefinition.objects.filter(patient=patient_id).signed().newest_first().first()


def newest_definition(patient: Patient) -> ProblemDefinition | None:
    """The newest version, signed or not: what the next save builds on."""
    return (
        ProblemDefinition.objects.filter(patient=patient)
        .newest_first()
        .select_related("drafted_by", "signed_by")
        .first()
    )


def starting_point(newest: ProblemDefinition | None) -> Answers:
    """What the form shows first: the draft, else what still holds of the last signed version."""
    if newest is None:
        return Answers()
    answers = Answers.of(newest)
    return answers.for_next_version() if newest.is_signed else answers


def state_of(newest: ProblemDefinition | None) -> str:
    """A token that changes whenever the dog's newest definition changes: drafted, saved or signed."""
    if newest is None:
        return "0"
    moment = newest.signed_at or newest.updated_at
    return f"{newest.version}-{'signed' if newest.is_signed else 'draft'}-{moment.isoformat()}"


def version_before(definition: ProblemDefinition, signed: Iterable[ProblemDefinition]) -> ProblemDefinition | None:
    """The signed version that this one takes or took the place of, among those of the dog."""
    earlier = (version for version in signed if version.version < definition.version)
    return max(earlier, key=lambda version: version.version, default=None)
