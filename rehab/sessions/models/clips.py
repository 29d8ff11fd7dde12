"""Photos and short clips that a family sends of an exercise, and what the clinic says to them."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Clinic, User
from rehab.library.models import Media
from rehab.patients.models import ClinicalQuerySet, Patient
from rehab.programs.models import Prescription


class ClipQuerySet(ClinicalQuerySet):
    def complete(self) -> ClipQuerySet:
        return self.filter(completed_at__isnull=False)

    def unfinished(self) -> ClipQuerySet:
        return self.filter(completed_at=None)

    def waiting(self) -> ClipQuerySet:
        """Those that the clinic has not answered yet; what could not be read waits for nobody."""
        return self.complete().filter(review=None).exclude(media__state=Media.State.FAILED)


class Clip(models.Model):
    """One photo or clip of an exercise, made on the phone under a UUIDv7 and sent in parts.

    ``size`` (bytes) and ``sha256`` are those of the whole file as the phone has it, ``received`` how many bytes are here.
    Once all are, ``media`` is what becomes of them; ``day`` is the dog's day on which it was made.
    """

    class Kind(models.TextChoices):
        PHOTO = "photo", _("photo")
        CLIP = "clip", _("clip")

    id = models.UUIDField(primary_key=True, editable=False)
    clinic = models.ForeignKey(Clinic, models.CASCADE, related_name="+", db_index=False)
    patient = models.ForeignKey(Patient, models.CASCADE, related_name="+", db_index=False)
    prescription = models.ForeignKey(Prescription, models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    received = models.PositiveIntegerField(default=0)
    media = models.OneToOneField(Media, models.PROTECT, related_name="clip", null=True, blank=True)
    sent_by = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    day = models.DateField()
    created_at = models.DateTimeField()
    completed_at = models.DateTimeField(null=True, blank=True)

    objects = ClipQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(kind__in=["photo", "clip"]), name="clip_kind_is_known"),
            models.CheckConstraint(
                condition=Q(size__gte=1, received__lte=F("size")), name="clip_receives_no_more_than_its_size"
            ),
            models.CheckConstraint(
                condition=Q(media=None, completed_at=None)
                | Q(media__isnull=False, completed_at__isnull=False, received=F("size")),
                name="clip_is_complete_once_it_is_all_there",
            ),
        ]
        indexes: ClassVar = [
            # The pages list a dog's clips newest first; the limit of a day counts them.
            models.Index(fields=["patient", "-created_at"], name="clip_by_patient"),
            # The summaries pull "what has come in since" of all dogs.
            models.Index(fields=["completed_at"], name="clip_by_arrival"),
            models.Index(fields=["created_at"], condition=Q(completed_at=None), name="clip_unfinished"),
        ]

    def __str__(self) -> str:
        return f"Clip {self.pk}"

    @property
    def is_prepared(self) -> bool:
        return self.media is not None and self.media.state == Media.State.READY

    @property
    def is_unreadable(self) -> bool:
        return self.media is not None and self.media.state == Media.State.FAILED


class ClipReview(models.Model):
    """What the clinic says to one clip: it is good, or what to change."""

    class Verdict(models.TextChoices):
        GOOD = "good", _("Good")
        CHANGE = "change", _("Change this")

    clip = models.OneToOneField(Clip, models.CASCADE, primary_key=True, related_name="review")
    clinic = models.ForeignKey(Clinic, models.CASCADE, related_name="+", db_index=False)
    patient = models.ForeignKey(Patient, models.CASCADE, related_name="+", db_index=False)
    verdict = models.CharField(max_length=8, choices=Verdict.choices)
    text = models.CharField(max_length=1000, blank=True)
    reviewed_by = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    reviewed_at = models.DateTimeField()

    objects = ClinicalQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(verdict="good") | Q(verdict="change") & ~Q(text=""), name="a_change_says_what_to_change"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["reviewed_at"], name="clip_review_by_moment"),
        ]

    def __str__(self) -> str:
        return f"ClipReview {self.pk}"
