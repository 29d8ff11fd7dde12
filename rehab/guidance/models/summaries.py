"""One row per dog with what a clinic sorts and filters by."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from accounts.models import Clinic
from rehab.patients.models import ClinicalQuerySet, Patient


class PatientSummary(models.Model):
    """The fourteen days ending with ``as_of`` of one dog in one row, so that a clinic's list is cheap at any size.

    Derived: a task rebuilds it from the facts; nothing else reads clinical truth from here.
    ``pain_series`` (the worst answer felt on a day) and ``adherence_series`` (percent) have one value per day, oldest
    first, ``None`` for “no answer” or “nothing due”. ``due`` and ``done`` count items: of the days before today all
    that were due, of today only those that are done, because the day is not over.
    ``attention`` is 0 (nothing) to 100 (at once); ``reasons`` are the codes behind it with their numbers.
    """

    patient = models.OneToOneField(Patient, models.CASCADE, primary_key=True, related_name="summary")
    clinic = models.ForeignKey(Clinic, models.CASCADE, related_name="+", db_index=False)
    as_of = models.DateField()
    refreshed_at = models.DateTimeField()
    attention = models.PositiveSmallIntegerField(default=0)
    reasons = models.JSONField(default=list)
    # The newest signed definition in short; empty when no vet has signed one.
    origin = models.CharField(max_length=16, blank=True)
    mechanism = models.CharField(max_length=16, blank=True)
    cause = models.CharField(max_length=16, blank=True)
    neuro_grade = models.PositiveSmallIntegerField(null=True, blank=True)
    phase = models.CharField(max_length=2, blank=True)
    phase_name = models.CharField(max_length=120, blank=True)
    due = models.PositiveIntegerField(default=0)
    done = models.DecimalField(max_digits=8, decimal_places=2, default=0)
    adherence_percent = models.PositiveSmallIntegerField(null=True, blank=True)
    adherence_series = models.JSONField(default=list)
    pain_series = models.JSONField(default=list)
    last_pain = models.PositiveSmallIntegerField(null=True, blank=True)
    last_pain_on = models.DateField(null=True, blank=True)
    last_activity_on = models.DateField(null=True, blank=True)

    objects = ClinicalQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["clinic", "-attention", "patient"], name="summary_worst_first"),
            models.Index(fields=["as_of"], name="summary_by_day"),
        ]

    def __str__(self) -> str:
        return f"PatientSummary {self.pk}"


class SummaryMark(models.Model):
    """Up to when everything that came in is in the summaries; one row, written at the end of a complete refresh."""

    ONLY = 1

    id = models.PositiveSmallIntegerField(primary_key=True, default=ONLY)
    seen_until = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(id=1), name="there_is_one_summary_mark"),
        ]

    def __str__(self) -> str:
        return "SummaryMark"
