"""How the dog was: pain, what else the family saw, and whether the medicine was given."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Clinic, User
from rehab.patients.models import ClinicalQuerySet, Patient
from rehab.sessions.models.commands import Command
from rehab.sessions.models.doing import ExerciseSession


class PainAnswer(models.Model):
    """Pain 0–10 before or after a session, or on the morning after it; the last answer of a moment counts."""

    class Moment(models.TextChoices):
        BEFORE = "before", _("before")
        AFTER = "after", _("after")
        NEXT_MORNING = "next_morning", _("next morning")

    command = models.OneToOneField(Command, models.CASCADE, primary_key=True, related_name="pain")
    clinic = models.ForeignKey(Clinic, models.CASCADE, related_name="+", db_index=False)
    patient = models.ForeignKey(Patient, models.CASCADE, related_name="+", db_index=False)
    session = models.ForeignKey(ExerciseSession, models.CASCADE, related_name="pain_answers")
    # The session's day, repeated: charts and lists read pain by patient and day without a join.
    day = models.DateField()
    moment = models.CharField(max_length=16, choices=Moment.choices)
    score = models.PositiveSmallIntegerField()
    recorded_by = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    done_at = models.DateTimeField()

    objects = ClinicalQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(score__lte=10), name="pain_is_0_to_10"),
            models.CheckConstraint(
                condition=Q(moment__in=["before", "after", "next_morning"]),
                name="pain_moment_is_known",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["patient", "day", "moment", "-done_at"], name="pain_by_patient_day"),
        ]

    def __str__(self) -> str:
        return f"PainAnswer {self.pk}"


class ResponseAnswer(models.Model):
    """What the family saw besides pain on one day; of each question, the last answer counts.

    ``quality`` 3 clean, 2 small faults, 1 poor; ``tired`` 0 fresh, 1 normally tired, 2 very tired, 3 still tired the next
    day (06_progression.yaml). ``areas`` and ``signs`` are codes; ``None`` means not answered, an empty list none seen.
    """

    command = models.OneToOneField(Command, models.CASCADE, primary_key=True, related_name="response")
    clinic = models.ForeignKey(Clinic, models.CASCADE, related_name="+", db_index=False)
    patient = models.ForeignKey(Patient, models.CASCADE, related_name="+", db_index=False)
    day = models.DateField()
    quality = models.PositiveSmallIntegerField(null=True, blank=True)
    tired = models.PositiveSmallIntegerField(null=True, blank=True)
    areas = models.JSONField(null=True, blank=True)
    signs = models.JSONField(null=True, blank=True)
    note = models.CharField(max_length=500, blank=True)
    recorded_by = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    done_at = models.DateTimeField()

    objects = ClinicalQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(quality=None) | Q(quality__range=(1, 3)), name="response_quality_is_1_to_3"
            ),
            models.CheckConstraint(condition=Q(tired=None) | Q(tired__lte=3), name="response_tired_is_0_to_3"),
        ]
        indexes: ClassVar = [models.Index(fields=["patient", "day", "-done_at"], name="response_by_patient_day")]

    def __str__(self) -> str:
        return f"ResponseAnswer {self.pk}"


class MedicineAnswer(models.Model):
    """Whether one dose of the signed pain-control plan was given on one day; the last answer of a dose counts.

    ``medicine`` and ``time`` are those of the plan as the page showed it; ``given`` is ``None`` once it was taken back.
    """

    class Reason(models.TextChoices):
        RAN_OUT = "ran_out", _("It ran out")
        REFUSED = "refused", _("The dog would not take it")
        VOMITED = "vomited", _("It came up again")
        FORGOT = "forgot", _("Forgotten")
        OTHER = "other", _("Something else")

    command = models.OneToOneField(Command, models.CASCADE, primary_key=True, related_name="medicine")
    clinic = models.ForeignKey(Clinic, models.CASCADE, related_name="+", db_index=False)
    patient = models.ForeignKey(Patient, models.CASCADE, related_name="+", db_index=False)
    day = models.DateField()
    medicine = models.CharField(max_length=120)
    time = models.CharField(max_length=5, blank=True)
    given = models.BooleanField(null=True, blank=True)
    reason = models.CharField(max_length=8, choices=Reason.choices, blank=True)
    recorded_by = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    done_at = models.DateTimeField()

    objects = ClinicalQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(reason="")
                | Q(given=False) & Q(reason__in=["ran_out", "refused", "vomited", "forgot", "other"]),
                name="only_a_missed_dose_has_a_reason",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["patient", "day", "-done_at"], name="medicine_by_patient_day")]

    def __str__(self) -> str:
        return f"MedicineAnswer {self.pk}"
