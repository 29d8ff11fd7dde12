"""A clinic's own numbers for the rules."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Clinic, User
from rehab.lib.ids import new_id


class ThresholdChange(models.Model):
    """One number of a profile (06_progression.yaml) as a clinic sets it; the newest of a name holds.

    Tightening is free; loosening needs a vet and a reason, and shows on the chart. ``None`` puts the content's number
    back.
    """

    class Profile(models.TextChoices):
        MSK = "msk", _("musculoskeletal limits")
        NEURO = "neuro", _("neurologic limits")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    clinic = models.ForeignKey(Clinic, models.CASCADE, related_name="threshold_changes", db_index=False)
    profile = models.CharField(max_length=8, choices=Profile.choices)
    name = models.CharField(max_length=32)
    value = models.PositiveSmallIntegerField(null=True, blank=True)
    is_loosening = models.BooleanField()
    reason = models.CharField(max_length=500, blank=True)
    changed_by = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    changed_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(profile__in=["msk", "neuro"]), name="threshold_profile_is_known"),
            models.CheckConstraint(
                condition=Q(is_loosening=False) | ~Q(reason=""), name="loosening_a_threshold_has_a_reason"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["clinic", "profile", "name", "-changed_at"], name="threshold_by_clinic"),
            # The rules pull "which clinics have changed theirs since".
            models.Index(fields=["changed_at"], name="threshold_by_time"),
        ]

    def __str__(self) -> str:
        return f"ThresholdChange {self.pk}"
