"""Releasing a dog whose exercises a warning sign has stopped: a vet's decision, with a reason."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from uuid import UUID

from django.db import transaction

from accounts.access import Right, Role, allowed
from accounts.models import User, record
from rehab.guidance.alerting.acknowledging import clear_released
from rehab.guidance.recurring import is_recurrence
from rehab.patients.models import Patient
from rehab.programs.actions.episodes import take_back_recurrence
from rehab.sessions.models import Release, WarningReport


class ReleaseRefusedError(Exception):
    """Nothing was released."""


class NotAVetError(ReleaseRefusedError):
    """Only a vet may say that the exercises go on."""


class NoReasonError(ReleaseRefusedError):
    """A release says why."""


class AlreadyReleasedError(ReleaseRefusedError):
    """Nothing stops this dog's exercises: somebody has released them meanwhile."""


class NewStopError(ReleaseRefusedError):
    """A check has come in that the vet has not seen, and it stops the exercises, too."""


@transaction.atomic
def release_stop(
    *,
    patient: Patient,
    seen: Collection[UUID],
    by: User,
    roles: frozenset[Role],
    reason: str,
    at: dt.datetime,
    is_same_episode: bool = False,
) -> list[Release]:
    """Let the exercises go on that the checks ``seen`` have stopped; a new check stops them anew.

    All that stops them, or nothing: a family that checked three times is released once, and a check that came in while
    the vet was looking is not released unread. Their alerts are cleared with the same reason.

    ``is_same_episode``: the vet finds that what looked like a recurrence (RF31) is none. Then the new episode is taken
    back with the same reason, and the old definition and its checkpoints hold again.

    Raises:
        NotAVetError, NoReasonError, AlreadyReleasedError, NewStopError
    """
    if not allowed(Right.LIFT_STOP, roles):
        raise NotAVetError
    if not (reason := reason.strip()):
        raise NoReasonError
    # Two vets at once: the second waits here, and finds below what the first has done.
    # Without its key: who takes an alert over writes rows about the dog, and waits for nothing that is held here.
    list(Patient.objects.select_for_update(no_key=True).filter(pk=patient.pk).values_list("pk"))
    stops = list(WarningReport.objects.filter(patient=patient).unreleased().order_by("done_at", "pk"))
    if not stops:
        raise AlreadyReleasedError
    if {stop.pk for stop in stops} - set(seen):
        raise NewStopError
    releases = Release.objects.bulk_create(
        Release(
            report=stop,
            clinic_id=stop.clinic_id,
            patient_id=stop.patient_id,
            released_by=by,
            released_at=at,
            reason=reason,
        )
        for stop in stops
    )
    clear_released(reports=[stop.pk for stop in stops], by=by, reason=reason, at=at)
    if is_same_episode and is_recurrence(stops):
        take_back_recurrence(patient=patient, reason=reason, by=by, at=at)
    record(
        "stop.released",
        subject=patient,
        by=by,
        at=at,
        clinic_id=patient.clinic_id,
        reports=[str(stop.pk) for stop in stops],
    )
    return releases
