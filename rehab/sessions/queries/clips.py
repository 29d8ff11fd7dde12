"""Reads of photos and clips from home, each as one statement."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db.models import Count, Min

from rehab.lib.time_zones import local_day
from rehab.library.models import Media
from rehab.sessions.models import Clip

MOST_SHOWN: Final = 12


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
