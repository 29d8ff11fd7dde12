"""Answering a photo or clip from home: good, or what to change."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from accounts.access import Right, Role, allowed
from accounts.models import User, record
from rehab.sessions.models import Clip, ClipReview


class ReviewRefusedError(Exception):
    """Nothing was answered."""


class NotStaffError(ReviewRefusedError):
    """Only vets and therapists answer."""


class NotReadyError(ReviewRefusedError):
    """The file could not be read, so nobody has seen it."""


class NotPreparedError(ReviewRefusedError):
    """The file is still being prepared, so nobody has seen it yet."""


class AlreadyReviewedError(ReviewRefusedError):
    """Somebody has answered it meanwhile: ``review`` is what the family has read."""

    def __init__(self, review: ClipReview) -> None:
        super().__init__()
        self.review = review


def may_change(review: ClipReview, *, by: User, at: dt.datetime) -> bool:
    """Whether an answer can still be changed: by who gave it, on the dog's same day."""
    patient = review.clip.patient
    return review.reviewed_by_id == by.pk and patient.today(review.reviewed_at) == patient.today(at)


@transaction.atomic
def review_clip(
    *, clip: Clip, verdict: ClipReview.Verdict, text: str, by: User, roles: frozenset[Role], at: dt.datetime
) -> ClipReview:
    """Answer a photo or clip, once; who answered may change it on the same day, and the record keeps both.

    Raises:
        NotStaffError, NotReadyError, NotPreparedError, AlreadyReviewedError
    """
    if not allowed(Right.HOLD, roles):
        raise NotStaffError
    # Two at once: the second waits here, and finds below what the first has said.
    locked = Clip.objects.select_for_update().filter(pk=clip.pk)
    mine = Clip.objects.select_related("patient", "media").get(pk=locked.values_list("pk", flat=True).get())
    if mine.is_unreadable:
        raise NotReadyError
    if not mine.is_prepared:
        raise NotPreparedError
    before: ClipReview | None = (
        ClipReview.objects.select_related("clip__patient", "reviewed_by").filter(clip=mine).first()
    )
    if before is not None and (before.verdict, before.text, before.reviewed_by_id) == (verdict, text, by.pk):
        return before  # the same button, twice
    if before is not None and not may_change(before, by=by, at=at):
        raise AlreadyReviewedError(before)
    review: ClipReview
    review, _is_new = ClipReview.objects.update_or_create(
        clip=mine,
        defaults={
            "clinic_id": mine.clinic_id,
            "patient_id": mine.patient_id,
            "verdict": verdict,
            "text": text,
            "reviewed_by": by,
            "reviewed_at": at,
        },
    )
    instead = {"instead_of": {"verdict": before.verdict, "text": before.text}} if before else {}
    record("clip.reviewed", subject=mine, by=by, at=at, clinic_id=mine.clinic_id, verdict=str(verdict), **instead)
    return review
