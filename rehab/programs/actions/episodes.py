"""When a bout of back pain begins: with the first program, or when the pain comes back after a good spell.

Source of the recurrence: 02_redflags.yaml, RF31 ("new episode, problem definition reset").
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef

from accounts.models import AuditEvent, User, record
from rehab.lib.ids import new_id
from rehab.patients.models import Patient, ProblemDefinition
from rehab.programs.models import Checkpoint, Episode

Because = Episode.Because


@dataclass(frozen=True, kw_only=True)
class Recurrence:
    """That the pain of one dog came back on a day; ``numbers`` are those of RF31."""

    clinic: UUID
    patient: UUID
    on: dt.date
    numbers: Mapping[str, Any]


def begin_first_episode(patient: Patient, *, on: dt.date, at: dt.datetime) -> None:
    """Open the first episode of a dog that has none; a program is never without one.

    The caller holds the dog's row, so that two first programs cannot open two.
    """
    if not Episode.objects.filter(patient=patient).exists():
        Episode.objects.create(
            clinic_id=patient.clinic_id,
            patient=patient,
            number=1,
            because=Because.FIRST,
            opened_on=on,
            opened_at=at,
        )


@transaction.atomic
def open_recurrences(found: Sequence[Recurrence], *, at: dt.datetime) -> int:
    """Open the next episode of each dog, and cancel what was to be looked at in the old one; return how many are new.

    A dog whose last recurrence no vet has answered with a new definition is in that one still. A fixed number of
    statements for any number of dogs.
    """
    if not found:
        return 0
    answered = ProblemDefinition.objects.signed().filter(
        patient=OuterRef("patient"), signed_at__gte=OuterRef("opened_at")
    )
    # The newest comes last, and wins.
    newest: dict[UUID, Any] = {
        one.patient_id: one
        for one in Episode.objects.standing()
        .filter(patient__in=[one.patient for one in found])
        .annotate(is_answered=Exists(answered))
        .order_by("number")
    }
    rows = []
    for one in found:
        last = newest.get(one.patient)
        if last is not None and last.because == Because.RECURRENCE and not last.is_answered:
            continue
        rows.append(
            Episode(
                id=new_id(),
                clinic_id=one.clinic,
                patient_id=one.patient,
                number=1 if last is None else last.number + 1,
                because=Because.RECURRENCE,
                numbers=dict(one.numbers),
                opened_on=one.on,
                opened_at=at,
            )
        )
    # Another worker may weigh the same dog in this moment: then its episode is the one.
    Episode.objects.bulk_create(rows, ignore_conflicts=True)
    opened = list(Episode.objects.filter(pk__in=[row.pk for row in rows]).order_by("pk"))
    Checkpoint.objects.waiting().filter(patient__in=[one.patient_id for one in opened]).update(
        state=Checkpoint.State.CANCELLED, weighed_at=at
    )
    AuditEvent.objects.bulk_create(
        AuditEvent(
            clinic_id=one.clinic_id,
            actor=None,
            at=at,
            kind="episode.opened",
            subject_type=Episode._meta.label_lower,
            subject_id=one.pk,
            details={"number": one.number, "patient": str(one.patient_id)},
        )
        for one in opened
    )
    return len(opened)


def unanswered_recurrence(patient_id: UUID) -> Episode | None:
    """The recurrence that no vet has answered with a new definition yet; one statement."""
    answered = ProblemDefinition.objects.signed().filter(
        patient=OuterRef("patient"), signed_at__gte=OuterRef("opened_at")
    )
    newest = Episode.objects.standing().filter(patient=patient_id).newest_first()
    found: Any = newest.annotate(is_answered=Exists(answered)).first()
    return None if found is None or found.because != Because.RECURRENCE or found.is_answered else found


@transaction.atomic
def take_back_recurrence(*, patient: Patient, reason: str, by: User, at: dt.datetime) -> Episode | None:
    """Take back the newest episode: it was the old one all the time, whose definition and checkpoints hold again.

    Nothing where there is none to take back, or a new definition has answered it. The caller holds the dog's row, and
    has checked that this is a vet.
    """
    episode = unanswered_recurrence(patient.pk)
    if episode is None or episode.number == 1:
        return None
    episode.withdrawn_at, episode.withdrawn_because = at, reason
    episode.save(update_fields=["withdrawn_at", "withdrawn_because"])
    Checkpoint.objects.filter(patient=patient, state=Checkpoint.State.CANCELLED, weighed_at=episode.opened_at).update(
        state=Checkpoint.State.WAITING, weighed_at=None
    )
    record("episode.taken_back", subject=episode, by=by, at=at, clinic_id=episode.clinic_id, number=episode.number)
    return episode
