"""What a person makes of the checkpoints after a discharge: treatment goes on, or it was no relapse."""

import datetime as dt
from collections.abc import Collection, Mapping
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from accounts.models import User, record
from rehab.patients.models import Patient
from rehab.programs import maintenance
from rehab.programs.actions.refusals import given_reason
from rehab.programs.models import Checkpoint, Decision, Episode, Program


class AlreadySettledError(Exception):
    """Somebody has settled the checkpoint meanwhile; nothing was written."""


def leave_maintenance(program: Program, *, by: User, at: dt.datetime) -> None:
    """What an assigned program means for a discharged dog: treatment goes on, and no checkpoint is waited for.

    A checkpoint that was worse is settled by it. The maintenance program itself, assigned anew, cancels nothing.
    """
    about = Checkpoint.objects.filter(patient=program.patient_id)
    about.worse().update(settled_by=by, settled_at=at, settled_because=_("A new program was assigned."))
    if program.protocol is not None and program.protocol.slug == maintenance.PROTOCOL:
        return
    about.waiting().update(state=Checkpoint.State.CANCELLED)
    discharged = Episode.objects.filter(patient=program.patient_id, discharged_on__isnull=False)
    discharged.filter(reopened_at=None).update(reopened_at=at)


def begin_maintenance(
    episode: Episode, *, decision: Decision, discharged_on: dt.date, measures: Mapping[str, float]
) -> None:
    """Keep on the episode what the dog is like, and set the days of the checkpoints; two statements.

    A dog that was discharged from the same episode before gets its checkpoints anew; what the earlier ones said is kept
    in the decision, by ``said_before``.
    """
    episode.discharge = decision
    episode.discharged_on = discharged_on
    episode.measures = dict(measures)
    episode.reopened_at = None
    episode.save(update_fields=["discharge", "discharged_on", "measures", "reopened_at"])
    Checkpoint.objects.bulk_create(
        (
            Checkpoint(
                clinic_id=episode.clinic_id,
                patient_id=episode.patient_id,
                episode=episode,
                month=month,
                due_on=due_on,
            )
            for month, due_on in maintenance.checkpoint_days(discharged_on).items()
        ),
        update_conflicts=True,
        unique_fields=["episode", "month"],
        update_fields=["due_on", "state", "numbers", "weighed_at", "settled_by", "settled_at", "settled_because"],
    )


def said_before(episode: Episode) -> list[dict[str, object]]:
    """What the checkpoints of an earlier discharge from the same episode said, as plain values; none of a first one."""
    return [
        {
            "month": one.month,
            "due_on": one.due_on.isoformat(),
            "state": one.state,
            "numbers": one.numbers,
            "settled_because": one.settled_because,
        }
        for one in Checkpoint.objects.filter(episode=episode).order_by("month")
    ]


@transaction.atomic
def settle_checkpoints(
    *, patient: Patient, seen: Collection[UUID], reason: str, by: User, at: dt.datetime
) -> list[Checkpoint]:
    """Say of worse checkpoints that they are no relapse: the episode is in maintenance again.

    One that has come in since the person looked stays open, and the episode with it.

    Raises:
        NotAllowed: no reason was given.
        AlreadySettledError: none of those seen is open any more.
    """
    because = given_reason(reason)
    open_ones = Checkpoint.objects.filter(patient=patient).worse().order_by("pk")
    found = list(open_ones.filter(pk__in=seen).select_for_update())
    if not found:
        raise AlreadySettledError
    Checkpoint.objects.filter(pk__in=[one.pk for one in found]).update(
        settled_by=by, settled_at=at, settled_because=because
    )
    Episode.objects.filter(
        ~Exists(Checkpoint.objects.worse().filter(episode=OuterRef("pk"))), pk__in={one.episode_id for one in found}
    ).update(reopened_at=None)
    for one in found:
        record("checkpoint.settled", subject=one, by=by, at=at, clinic_id=patient.clinic_id, month=one.month)
    return found
