"""What the second looks of several kinds have in common: what holds for a dog now, and what its day has left."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db.models import Exists, OuterRef, Subquery

from rehab.nudges.kinds.base import Ending, Reason, State
from rehab.nudges.kinds.left import UnfinishedDog, unfinished_dogs
from rehab.nudges.models import Nudge
from rehab.patients.models import Patient
from rehab.programs.models import Episode, Program
from rehab.sessions.models import WarningReport

ONE_DAY: Final = dt.timedelta(days=1)
# The states of what has had its turn, or will have it, for SQL; what lost against a cap may come another day.
CARRIED: Final = ", ".join(f"'{state.value}'" for state in Nudge.MESSAGE_STATES)


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What holds for one dog now; ``program`` is its open one, ``is_in_maintenance`` since a discharge."""

    program: UUID | None
    is_paused: bool
    is_stopped: bool
    is_in_maintenance: bool


def standings(patient_ids: Collection[UUID]) -> dict[UUID, Standing]:
    """What holds for the dogs, by dog; one statement."""
    about = {"patient": OuterRef("pk")}
    program = Program.objects.open().filter(**about)
    newer = Episode.objects.standing().filter(patient=OuterRef("patient"), number__gt=OuterRef("number"))
    discharged = Episode.objects.standing().filter(
        ~Exists(newer), **about, discharged_on__isnull=False, reopened_at=None
    )
    rows = (
        Patient.objects.filter(pk__in=patient_ids)
        .annotate(
            program=Subquery(program.values("pk")[:1]),
            is_paused=Exists(program.filter(paused_by__isnull=False)),
            is_stopped=Exists(WarningReport.objects.filter(**about).stopping()),
            is_in_maintenance=Exists(discharged),
        )
        .order_by()
        .values_list("pk", "program", "is_paused", "is_stopped", "is_in_maintenance")
    )
    return {
        pk: Standing(program=program, is_paused=paused, is_stopped=stopped, is_in_maintenance=maintained)
        for pk, program, paused, stopped, maintained in rows
    }


def suppressed(reason: Nudge.Reason) -> Ending:
    return Ending(state=State.SUPPRESSED, reason=reason)


def ending(standing: Standing | None) -> Ending | None:
    """Why a prompt about the exercises makes no sense any more, whatever is left of the day; nothing where it does."""
    if standing is None or standing.program is None:
        return suppressed(Reason.PROGRAM_ENDED)
    if standing.is_in_maintenance:
        return suppressed(Reason.DISCHARGED)
    if standing.is_paused:
        return suppressed(Reason.PAUSED)
    return suppressed(Reason.STOPPED) if standing.is_stopped else None


def left_today(nudges: Sequence[Nudge], *, at: dt.datetime) -> dict[tuple[UUID, UUID], UnfinishedDog]:
    """What is left of the day, by person and dog; without those that have nothing left. Two statements."""
    found = unfinished_dogs(user_ids={nudge.user_id for nudge in nudges}, at=at)
    return {(user, dog.patient_id): dog for user, dogs in found.items() for dog in dogs}


def counted(dog: UnfinishedDog) -> dict[str, str]:
    """What a clinic's own text may name of a day, besides what every nudge knows."""
    return {"left": str(dog.left), "minutes": str(dog.minutes)}


def about(nudges: Sequence[Nudge]) -> dict[UUID, Patient]:
    """The dogs that the rows are about, loaded with them."""
    return {nudge.patient.pk: nudge.patient for nudge in nudges if nudge.patient is not None}


def name_of(nudge: Nudge) -> str:
    """The dog's name."""
    return nudge.patient.name if nudge.patient is not None else ""
