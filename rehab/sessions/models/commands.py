"""The receipt of each thing a phone has said, and of what was refused."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Clinic, User
from rehab.patients.models import ClinicalQuerySet, Patient


class Command(models.Model):
    """The receipt of one tap: made on the phone under a UUIDv7, applied once.

    ``done_at`` is the phone's clock (never later than the server's), ``received_at`` the server's; ``stated_at`` is what
    the phone's clock said where it cannot be right. ``day`` is the dog's local day as the page showed it, and ``plan_version``
    the plan that it showed. ``device`` and ``sequence`` number what one person says on one phone without a gap, so that
    a missing number is an entry that never came. The same key with another ``body_hash`` (SHA-256 of the content) is
    refused.
    """

    class Kind(models.TextChoices):
        TICK = "tick", _("done")
        PARTIAL = "partial", _("done in part")
        STOP = "stop", _("stopped early")
        SKIP = "skip", _("skipped")
        UNDO = "undo", _("taken back")
        PAIN = "pain", _("pain reported")
        EXPOSURE = "exposure", _("rung practised")
        RESPONSE = "response", _("how the dog was")
        MEDICINE = "medicine", _("medicine")
        MEASURE = "measure", _("measured")
        REPORT = "report", _("warning signs checked")
        MESSAGE = "message", _("message")
        ACTIVITIES = "activities", _("activities of the dog’s own life")

    id = models.UUIDField(primary_key=True, editable=False)
    clinic = models.ForeignKey(Clinic, models.CASCADE, related_name="+", db_index=False)
    patient = models.ForeignKey(Patient, models.CASCADE, related_name="+", db_index=False)
    kind = models.CharField(max_length=16, choices=Kind.choices)
    body_hash = models.CharField(max_length=64)
    issued_by = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    done_at = models.DateTimeField()
    stated_at = models.DateTimeField(null=True, blank=True)
    received_at = models.DateTimeField()
    day = models.DateField()
    time_zone = models.CharField(max_length=64)
    plan_version = models.PositiveIntegerField(null=True, blank=True)
    device = models.UUIDField(null=True, blank=True)
    sequence = models.PositiveIntegerField(null=True, blank=True)

    objects = ClinicalQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(
                    kind__in=[
                        *("tick", "partial", "stop", "skip", "undo", "pain", "exposure", "response", "medicine"),
                        *("measure", "report", "message", "activities"),
                    ]
                ),
                name="command_kind_is_known",
            ),
            models.CheckConstraint(
                condition=Q(device=None, sequence=None) | Q(device__isnull=False, sequence__gte=1),
                name="command_is_numbered_by_its_device",
            ),
        ]
        indexes: ClassVar = [
            # The summaries pull "what has come in since" of all dogs, an open page that of its own.
            models.Index(fields=["received_at", "patient"], name="command_by_arrival"),
            models.Index(fields=["patient", "received_at"], name="command_by_patient"),
            # What is missing: which number comes before each of those that a person has sent lately.
            models.Index(fields=["issued_by", "device", "sequence"], name="command_by_device"),
            models.Index(
                fields=["issued_by", "received_at"], condition=Q(device__isnull=False), name="command_by_person"
            ),
        ]

    def __str__(self) -> str:
        return f"Command {self.pk}"


class RefusedCommand(models.Model):
    """That a numbered command arrived and was refused: its number is no gap. What it said stays on the phone."""

    id = models.UUIDField(primary_key=True, editable=False)
    issued_by = models.ForeignKey(User, models.CASCADE, related_name="+", db_index=False)
    device = models.UUIDField()
    sequence = models.PositiveIntegerField()
    code = models.CharField(max_length=32)
    received_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["issued_by", "device", "sequence"], name="refused_by_device"),
            # How many a person was refused within a day, and which may be forgotten.
            models.Index(fields=["received_at", "issued_by"], name="refused_by_arrival"),
        ]

    def __str__(self) -> str:
        return f"RefusedCommand {self.pk}"
