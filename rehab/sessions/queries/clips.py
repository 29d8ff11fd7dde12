"""Reads of photos and clips from home, each as one statement."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db.models import Count, Exists, Min, OuterRef, QuerySet

from accounts.models import AuditEvent
from rehab.lib.time_zones import local_day
from rehab.library.models import Media
from rehab.library.preparing import LEASE
from rehab.sessions.models import Clip

MOST_SHOWN: Final = 12
# A new day weighs up every dog anew: nothing older need be looked for.
ONE_DAY: Final = dt.timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class WaitingClips:
    """How many clips of a dog wait for an answer, and since which of its days."""

    total: int
    since: dt.date


def clips_of_exercise(patient_id: UUID, *, slug: str) -> list[Clip]:
    """The newest clips of an exercise, in whatever dose and version it was prescribed."""
    found = Clip.objects.complete().filter(patient=patient_id, prescription__exercise__slug=slug)
    return list(
        found.select_related("media", "review__reviewed_by", "sent_by").order_by("-created_at", "-pk")[:MOST_SHOWN]
    )


def filmed(patient_id: UUID) -> list[tuple[UUID, str]]:
    """The exercises of which there are photos or clips of the dog: a prescription of each, and its name."""
    rows = (
        Clip.objects.complete()
        .filter(patient=patient_id)
        .order_by("created_at", "pk")
        .values_list("prescription__exercise__slug", "prescription", "prescription__exercise__name")
    )
    return list({slug: (prescription, name) for slug, prescription, name in rows}.values())


def media_of_clip(*, patient_id: UUID, clip_id: UUID) -> Media | None:
    """What became of one clip of the dog; the caller has checked who asks."""
    return Media.objects.filter(clip=clip_id, clip__patient=patient_id).first()


def waiting_clips(patient_ids: Collection[UUID]) -> dict[UUID, WaitingClips]:
    """The dogs whose clips wait for an answer of the clinic, in one statement for any number of dogs."""
    rows = (
        Clip.objects.waiting()
        .filter(patient__in=patient_ids)
        .order_by()
        .values_list("patient", "patient__time_zone")
        .annotate(total=Count("pk"), first=Min("completed_at"))
    )
    return {
        patient: WaitingClips(total=total, since=local_day(at=first, time_zone=zone))
        for patient, zone, total, first in rows
    }


def unreadable_since(since: dt.datetime) -> QuerySet[Any]:
    """The clips of the last day of which it turned out after the instant that nobody can read them: they wait no longer.

    What is recorded is when an attempt began, so those that may have ended after the instant are among them.
    """
    refused = AuditEvent.objects.filter(subject_id=OuterRef("media"), kind="media.refused", at__gte=since - LEASE)
    return Clip.objects.filter(Exists(refused), completed_at__gte=since - ONE_DAY, media__state=Media.State.FAILED)
