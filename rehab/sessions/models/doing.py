"""What the family did of what was prescribed."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Clinic, User
from rehab.lib.ids import new_id
from rehab.patients.models import ClinicalQuerySet, Patient
from rehab.programs.models import LadderStep, Prescription
from rehab.sessions.models.commands import Command


class ExerciseSession(models.Model):
    """One round of a dog's exercises on one of its days; the pain answers around it hang here.

    Performed exercises belong to it by its natural key (patient, day), so that a tick needs no second row.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    clinic = models.ForeignKey(Clinic, models.CASCADE, related_name="+", db_index=False)
    patient = models.ForeignKey(Patient, models.CASCADE, related_name="+", db_index=False)
    day = models.DateField()
    number = models.PositiveSmallIntegerField(default=1)

    objects = ClinicalQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["patient", "day", "number"], name="one_session_per_patient_day_and_number"),
        ]

    def __str__(self) -> str:
        return f"ExerciseSession {self.pk}"


class PerformedExercise(models.Model):
    """What was said about one prescription, one day and one of its times of the day (``slot``).

    Events: the state of a slot is the last event by (``done_at``, key), whatever the order of arrival.
    ``share`` is the part of the dose that was done, in percent; ``quality`` 3 clean, 2 small faults, 1 poor
    (06_progression.yaml). ``is_unplanned`` marks what was done on a day on which it was no longer, or not yet, prescribed.
    """

    class State(models.TextChoices):
        DONE = "done", _("done")
        PARTIAL = "partial", _("done in part")
        STOPPED = "stopped", _("stopped early")
        SKIPPED = "skipped", _("skipped")
        UNDONE = "undone", _("not done")

    class SkipReason(models.TextChoices):
        NO_TIME = "no_time", _("No time today")
        DOG_REFUSED = "dog_refused", _("The dog did not want to")
        PAIN = "pain", _("The dog seemed in pain")
        UNSURE_HOW = "unsure_how", _("I was not sure how")
        FORGOT = "forgot", _("I forgot")
        EQUIPMENT = "equipment", _("I did not have what it needs")
        OTHER = "other", _("Something else")

    command = models.OneToOneField(Command, models.CASCADE, primary_key=True, related_name="performed")
    clinic = models.ForeignKey(Clinic, models.CASCADE, related_name="+", db_index=False)
    patient = models.ForeignKey(Patient, models.CASCADE, related_name="+", db_index=False)
    prescription = models.ForeignKey(Prescription, models.PROTECT, related_name="performed", db_index=False)
    day = models.DateField()
    slot = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=8, choices=State.choices)
    share = models.PositiveSmallIntegerField()
    skip_reason = models.CharField(max_length=16, choices=SkipReason.choices, blank=True)
    # Codes of 04_exercises.yaml, stop_codes.
    stop_signs = models.JSONField(default=list)
    quality = models.PositiveSmallIntegerField(null=True, blank=True)
    note = models.CharField(max_length=500, blank=True)
    is_unplanned = models.BooleanField(default=False)
    recorded_by = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    done_at = models.DateTimeField()

    objects = ClinicalQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state="done", share=100)
                | Q(state="partial", share__gte=1, share__lte=99)
                | Q(state="stopped", share__lte=99)
                | Q(state__in=["skipped", "undone"], share=0),
                name="share_fits_the_state",
            ),
            models.CheckConstraint(
                condition=Q(state="skipped") & ~Q(skip_reason="") | ~Q(state="skipped") & Q(skip_reason=""),
                name="a_skip_has_a_reason_and_nothing_else_has",
            ),
            models.CheckConstraint(condition=Q(slot__gte=1, slot__lte=12), name="slot_is_1_to_12"),
            models.CheckConstraint(condition=Q(quality=None) | Q(quality__range=(1, 3)), name="quality_is_1_to_3"),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["patient", "day", "prescription", "slot", "-done_at"],
                name="performed_by_patient_day_slot",
            ),
        ]

    def __str__(self) -> str:
        return f"PerformedExercise {self.pk}"


class Exposure(models.Model):
    """One practice of a ladder's rung: how it went and the pain after it; the last one of a step and day counts."""

    command = models.OneToOneField(Command, models.CASCADE, primary_key=True, related_name="exposure")
    clinic = models.ForeignKey(Clinic, models.CASCADE, related_name="+", db_index=False)
    patient = models.ForeignKey(Patient, models.CASCADE, related_name="+", db_index=False)
    step = models.ForeignKey(LadderStep, models.PROTECT, related_name="exposures", db_index=False)
    day = models.DateField()
    done = models.BooleanField()
    pain_after = models.PositiveSmallIntegerField(null=True, blank=True)
    # Codes of 04_exercises.yaml, stop_codes.
    stop_signs = models.JSONField(default=list)
    is_unplanned = models.BooleanField(default=False)
    recorded_by = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    done_at = models.DateTimeField()

    objects = ClinicalQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(pain_after=None) | Q(pain_after__lte=10), name="pain_after_exposure_is_0_to_10"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["step", "day", "-done_at"], name="exposure_by_step_day")]

    def __str__(self) -> str:
        return f"Exposure {self.pk}"
