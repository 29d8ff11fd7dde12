"""What the family did and how the dog was: facts from commands, appended and never overwritten."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Clinic, User
from rehab.lib.ids import new_id
from rehab.patients.models import ClinicalQuerySet, Patient
from rehab.programs.models import LadderStep, Prescription


class Command(models.Model):
    """The receipt of one tap: made on the phone under a UUIDv7, applied once.

    ``done_at`` is the phone's clock (never later than the server's), ``received_at`` the server's; ``day`` is the dog's local
    day as the page showed it, and ``plan_version`` the plan that it showed. The same key with another
    ``body_hash`` (SHA-256 of the content) is refused.
    """

    class Kind(models.TextChoices):
        TICK = "tick", _("done")
        PARTIAL = "partial", _("done in part")
        SKIP = "skip", _("skipped")
        UNDO = "undo", _("taken back")
        PAIN = "pain", _("pain reported")
        EXPOSURE = "exposure", _("rung practised")

    id = models.UUIDField(primary_key=True, editable=False)
    clinic = models.ForeignKey(Clinic, models.CASCADE, related_name="+", db_index=False)
    patient = models.ForeignKey(Patient, models.CASCADE, related_name="+", db_index=False)
    kind = models.CharField(max_length=16, choices=Kind.choices)
    body_hash = models.CharField(max_length=64)
    issued_by = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    done_at = models.DateTimeField()
    received_at = models.DateTimeField()
    day = models.DateField()
    time_zone = models.CharField(max_length=64)
    plan_version = models.PositiveIntegerField(null=True, blank=True)

    objects = ClinicalQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(kind__in=["tick", "partial", "skip", "undo", "pain", "exposure"]),
                name="command_kind_is_known",
            ),
        ]
        indexes: ClassVar = [
            # The summaries pull "what has come in since": one index instead of a write on every tap.
            models.Index(fields=["received_at", "patient"], name="command_by_arrival"),
        ]

    def __str__(self) -> str:
        return f"Command {self.pk}"


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
    ``share`` is the part of the dose that was done, in percent.
    """

    class State(models.TextChoices):
        DONE = "done", _("done")
        PARTIAL = "partial", _("done in part")
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
    recorded_by = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    done_at = models.DateTimeField()

    objects = ClinicalQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state="done", share=100)
                | Q(state="partial", share__gte=1, share__lte=99)
                | Q(state__in=["skipped", "undone"], share=0),
                name="share_fits_the_state",
            ),
            models.CheckConstraint(
                condition=Q(state="skipped") & ~Q(skip_reason="") | ~Q(state="skipped") & Q(skip_reason=""),
                name="a_skip_has_a_reason_and_nothing_else_has",
            ),
            models.CheckConstraint(condition=Q(slot__gte=1, slot__lte=12), name="slot_is_1_to_12"),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["patient", "day", "prescription", "slot", "-done_at"],
                name="performed_by_patient_day_slot",
            ),
        ]

    def __str__(self) -> str:
        return f"PerformedExercise {self.pk}"


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
