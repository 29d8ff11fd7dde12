"""What today has left of each dog, for any number of people in two statements."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection

from rehab.nudges.kinds import sql
from rehab.programs.dose import Dose, InvalidDose
from rehab.programs.models import Prescription


@dataclass(frozen=True, kw_only=True)
class UnfinishedDog:
    """What one dog has left today: how many times, and about how many minutes (0 where the doses do not tell)."""

    patient_id: UUID
    name: str
    left: int
    minutes: int


def unfinished_dogs(*, user_ids: Collection[UUID], at: dt.datetime) -> dict[UUID, list[UnfinishedDog]]:
    """What the dogs of these people have left at the instant, by person; without people who have nothing left.

    Nothing is left of a dog whose program rests, whose exercises are stopped, or that has been discharged to maintenance.

    Two statements, whatever the number of people.
    """
    if not user_ids:
        return {}
    people = {f"user{n}": str(pk) if connection.vendor == "postgresql" else pk.hex for n, pk in enumerate(user_ids)}
    statement = f"""{sql.expressions()}
        SELECT c.user_id, d.id, d.name, p.id, p.times_per_day - {sql.ANSWERED}
        FROM patients_caregiver c
        JOIN patients_patient d ON d.id = c.patient_id AND d.died_on IS NULL
        JOIN zone dog ON dog.name = d.time_zone
        JOIN programs_program g ON g.patient_id = d.id
        JOIN programs_prescription p ON p.program_id = g.id
        WHERE c.user_id IN ({", ".join(f"%({name})s" for name in people)}) AND c.ended_at IS NULL
          AND NOT {sql.STOPPED} AND NOT {sql.PAUSED} AND NOT {sql.DISCHARGED}
          AND {sql.DUE} AND p.times_per_day > {sql.ANSWERED}
        ORDER BY c.user_id, d.name, d.id"""  # noqa: S608 (only constants and placeholders)
    with connection.cursor() as cursor:
        cursor.execute(statement, {**sql.parameters(at), **people})
        rows = [
            (_uuid(user), _uuid(patient), str(name), _uuid(prescription), int(times))
            for user, patient, name, prescription, times in cursor.fetchall()
        ]
    doses = dict(Prescription.objects.filter(pk__in={row[3] for row in rows}).values_list("pk", "dose"))
    left: dict[tuple[UUID, UUID, str], int] = defaultdict(int)
    minutes: dict[tuple[UUID, UUID, str], float] = defaultdict(float)
    for user, patient, name, prescription, times in rows:
        left[user, patient, name] += times
        minutes[user, patient, name] += _minutes(doses[prescription]) * times
    dogs: dict[UUID, list[UnfinishedDog]] = defaultdict(list)
    for dog, times in left.items():
        user, patient, name = dog
        about = max(1, round(minutes[dog])) if minutes[dog] else 0
        dogs[user].append(UnfinishedDog(patient_id=patient, name=name, left=times, minutes=about))
    return dict(dogs)


def _minutes(dose: dict[str, Any]) -> float:
    # A dose that cannot be read must not keep everybody else in the batch from being reminded.
    try:
        return Dose.from_json(dose).minutes_per_time
    except InvalidDose:
        return 0.0


def _uuid(value: Any) -> UUID:
    return value if isinstance(value, UUID) else UUID(value)
