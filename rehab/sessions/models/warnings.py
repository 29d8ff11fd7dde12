"""The check for warning signs: what the family saw, what it stops, and the vet's word that it is over."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Clinic, User
from rehab.patients.models import ClinicalQuerySet, Patient
from rehab.sessions.models.commands import Command


class WarningReportQuerySet(ClinicalQuerySet):
    def stopping(self) -> WarningReportQuerySet:
        """Those that stop the exercises now: with a hit that stops them, and not released by a vet."""
        return self.filter(
            ~Exists(Release.objects.filter(report=OuterRef("pk"))),
            stop__in=[WarningReport.Stop.ALL_ACTIVE, WarningReport.Stop.ALL],
        )


class WarningReport(models.Model):
    """One check for warning signs, with or without a hit.

    ``answers`` are those of the owner's screen (01_neuro.yaml), ``flags`` the ids of 02_redflags.yaml that were ticked or
    follow from the answers; ``urgency`` and ``stop`` are the gravest of them, empty without a hit. A later report
    without a hit clears nothing.
    """

    class Urgency(models.TextChoices):
        EMERGENCY = "emergency_now", _("call now")
        TODAY = "call_today", _("call today")
        REVIEW = "next_review", _("at the next check")

    class Stop(models.TextChoices):
        ALL = "all_active_and_passive", _("all exercises and handling")
        ALL_ACTIVE = "all_active", _("all active exercises")
        NAMED = "named_exercise", _("the exercise that provoked it")
        NONE = "none", _("nothing")

    command = models.OneToOneField(Command, models.CASCADE, primary_key=True, related_name="report")
    clinic = models.ForeignKey(Clinic, models.CASCADE, related_name="+", db_index=False)
    patient = models.ForeignKey(Patient, models.CASCADE, related_name="+", db_index=False)
    day = models.DateField()
    answers = models.JSONField(default=dict)
    flags = models.JSONField(default=list)
    urgency = models.CharField(max_length=16, choices=Urgency.choices, blank=True)
    stop = models.CharField(max_length=24, choices=Stop.choices, default=Stop.NONE)
    suspected_grade = models.PositiveSmallIntegerField(null=True, blank=True)
    recorded_by = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    done_at = models.DateTimeField()
    received_at = models.DateTimeField()

    objects = WarningReportQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(urgency__in=["", "emergency_now", "call_today", "next_review"]),
                name="urgency_is_known",
            ),
            models.CheckConstraint(
                condition=Q(stop="none")
                | Q(stop__in=["all_active_and_passive", "all_active", "named_exercise"]) & ~Q(urgency=""),
                name="what_stops_has_an_urgency",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["patient", "-received_at"], name="report_by_patient"),
            # Few reports stop anything, and every list asks which.
            models.Index(
                fields=["patient"],
                condition=Q(stop__in=["all_active_and_passive", "all_active"]),
                name="report_that_stops",
            ),
        ]

    def __str__(self) -> str:
        return f"WarningReport {self.pk}"


class Release(models.Model):
    """A vet's decision that what a report has stopped may go on, and why."""

    report = models.OneToOneField(WarningReport, models.CASCADE, primary_key=True, related_name="release")
    clinic = models.ForeignKey(Clinic, models.CASCADE, related_name="+", db_index=False)
    patient = models.ForeignKey(Patient, models.CASCADE, related_name="+", db_index=False)
    released_by = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    released_at = models.DateTimeField()
    reason = models.CharField(max_length=500)

    objects = ClinicalQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=~Q(reason=""), name="a_release_has_a_reason")]
        # The summaries pull "what has been released since".
        indexes: ClassVar = [models.Index(fields=["released_at"], name="release_by_time")]

    def __str__(self) -> str:
        return f"Release {self.pk}"
