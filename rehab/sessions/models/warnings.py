"""The check for warning signs: what the family saw, what it stops, and the vet's word that it is over."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Clinic, User
from rehab.lib.ids import new_id
from rehab.patients.models import ClinicalQuerySet, Patient
from rehab.sessions.models.commands import Command


class WarningReportQuerySet(ClinicalQuerySet):
    def stopping(self) -> WarningReportQuerySet:
        """Those that stop the exercises now: with a hit that stops them, and not released by a vet."""
        return self.filter(
            ~Exists(Release.objects.filter(report=OuterRef("pk"))),
            stop__in=[WarningReport.Stop.ALL_ACTIVE, WarningReport.Stop.ALL],
        )

    def unreleased(self) -> WarningReportQuerySet:
        """Those that stop anything now, all exercises or only the one that brought a sign on."""
        return self.filter(
            ~Exists(Release.objects.filter(report=OuterRef("pk"))),
            stop__in=[WarningReport.Stop.ALL_ACTIVE, WarningReport.Stop.ALL, WarningReport.Stop.NAMED],
        )


class WarningReport(models.Model):
    """One check for warning signs, with or without a hit; or what the rules found in the record, which nobody said.

    ``answers`` are those of the owner's screen (01_neuro.yaml), ``flags`` the ids of 02_redflags.yaml that were ticked or
    follow from the answers; ``urgency`` and ``stop`` are the gravest of them, empty without a hit. A later report
    without a hit clears nothing. Found by the rules, it has no command: ``rules`` are the ids of 06_progression.yaml that
    stop the dog, and ``numbers`` what each of them and each flag stands on. Said by a person, its key is its command's,
    and ``numbers`` may hold the ``exercise`` (its slug) of which the person says that it brought the sign on.

    What became of a hit is written by who raises the alarm (guidance), for the clinic and for the family: when somebody
    there has opened it first, who has taken it over and when, and when the family was told that nobody had answered.
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

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    command = models.OneToOneField(Command, models.CASCADE, related_name="report", null=True, blank=True)
    clinic = models.ForeignKey(Clinic, models.CASCADE, related_name="+", db_index=False)
    patient = models.ForeignKey(Patient, models.CASCADE, related_name="+", db_index=False)
    day = models.DateField()
    answers = models.JSONField(default=dict)
    flags = models.JSONField(default=list)
    urgency = models.CharField(max_length=16, choices=Urgency.choices, blank=True)
    stop = models.CharField(max_length=24, choices=Stop.choices, default=Stop.NONE)
    suspected_grade = models.PositiveSmallIntegerField(null=True, blank=True)
    rules = models.JSONField(default=list)
    numbers = models.JSONField(default=dict)
    recorded_by = models.ForeignKey(User, models.PROTECT, related_name="+", null=True, blank=True, db_index=False)
    done_at = models.DateTimeField()
    received_at = models.DateTimeField()
    seen_at = models.DateTimeField(null=True, blank=True)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.ForeignKey(User, models.PROTECT, related_name="+", null=True, blank=True, db_index=False)
    told_to_call_at = models.DateTimeField(null=True, blank=True)

    objects = WarningReportQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(command__isnull=False, recorded_by__isnull=False, rules=[])
                | Q(command=None, recorded_by=None),
                name="a_report_is_said_by_somebody_or_found",
            ),
            models.CheckConstraint(
                condition=Q(urgency__in=["", "emergency_now", "call_today", "next_review"]),
                name="urgency_is_known",
            ),
            models.CheckConstraint(
                condition=Q(stop="none")
                | Q(stop__in=["all_active_and_passive", "all_active", "named_exercise"]) & ~Q(urgency=""),
                name="what_stops_has_an_urgency",
            ),
            models.CheckConstraint(
                condition=Q(acknowledged_at=None, acknowledged_by=None)
                | Q(acknowledged_at__isnull=False, acknowledged_by__isnull=False),
                name="who_takes_a_report_over_is_named",
            ),
        ]
        indexes: ClassVar = [
            # What is asked and weighed next rests on the last ones, by when they were made.
            models.Index(fields=["patient", "-done_at", "-id"], name="report_by_patient"),
            # Few reports stop anything, and every list asks which.
            models.Index(
                fields=["patient"],
                condition=Q(stop__in=["all_active_and_passive", "all_active"]),
                name="report_that_stops",
            ),
            # An alert is raised of each hit: those that came in since are pulled.
            models.Index(fields=["received_at"], condition=~Q(urgency=""), name="report_with_a_hit_by_time"),
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
