"""The photos and clips of one dog as the clinic answers them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final, Self
from uuid import UUID

from django.db.models import BooleanField, Case, Q, Value, When
from django.utils.dateparse import parse_datetime

from accounts.models import User
from rehab.guidance import wording
from rehab.guidance.reviewing import may_change
from rehab.patients.models import Patient
from rehab.sessions.clip_wording import sentence
from rehab.sessions.models import Clip, ClipReview

PAGE: Final = 10


@dataclass(frozen=True, kw_only=True)
class Place:
    """A clip's place in the list; the next page begins behind it."""

    is_answered: bool
    created_at: dt.datetime
    pk: UUID

    @classmethod
    def read(cls, text: str) -> Self | None:
        """The place that an address names; none for what is no place."""
        try:
            answered, moment, key = text.split("_")
            created_at = parse_datetime(moment)
            if created_at is None or created_at.tzinfo is None or answered not in ("0", "1"):
                return None
            return cls(is_answered=answered == "1", created_at=created_at, pk=UUID(key))
        except ValueError:
            return None

    def __str__(self) -> str:
        moment = self.created_at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        return f"{int(self.is_answered)}_{moment}_{self.pk}"


@dataclass(frozen=True, kw_only=True)
class ClipLine:
    """One photo or clip, with its answer."""

    clip: Clip
    when: str
    wrong: str
    review: ClipReview | None
    reviewed_when: str
    can_answer: bool


@dataclass(frozen=True, kw_only=True)
class ClipPage:
    """One page of a dog's clips; ``after`` is where the next one begins."""

    lines: list[ClipLine]
    is_first: bool
    after: str


def clip_page(patient: Patient, *, user: User, after: Place | None, at: dt.datetime) -> ClipPage:
    """A page of the dog's clips, in one statement: without an answer first, and each time the newest first."""
    found = (
        Clip.objects.complete()
        .filter(patient=patient)
        .annotate(
            # What could not be read is nothing to answer.
            is_answered=Case(
                When(Q(review__isnull=False) | Q(media__state="failed"), then=Value(value=True)),
                default=Value(value=False),
                output_field=BooleanField(),
            )
        )
        .select_related("media", "review__reviewed_by", "sent_by", "prescription__exercise")
        .order_by("is_answered", "-created_at", "-pk")
    )
    if after is not None:
        older = Q(created_at__lt=after.created_at) | Q(created_at=after.created_at, pk__lt=after.pk)
        behind = Q(is_answered=after.is_answered) & older
        found = found.filter(behind if after.is_answered else behind | Q(is_answered=True))
    rows = list(found[: PAGE + 1])
    last = rows[PAGE - 1] if len(rows) > PAGE else None
    lines = [_line(clip, patient, user=user, at=at) for clip in rows[:PAGE]]
    place = Place(is_answered=last.is_answered, created_at=last.created_at, pk=last.pk) if last else None
    return ClipPage(lines=lines, is_first=after is None, after=str(place) if place else "")


def _line(clip: Clip, patient: Patient, *, user: User, at: dt.datetime) -> ClipLine:
    today = patient.today(at)
    clip.patient = patient
    review = getattr(clip, "review", None)
    if review is not None:
        review.clip = clip
    return ClipLine(
        clip=clip,
        when=wording.day_name(clip.day, today=today),
        wrong=sentence(clip.media.content_type) if clip.media and clip.is_unreadable else "",
        review=review,
        reviewed_when=wording.day_name(patient.today(review.reviewed_at), today=today) if review else "",
        can_answer=clip.is_prepared and (review is None or may_change(review, by=user, at=at)),
    )
