"""What a program prescribes: exercises at a dose, rungs of ladders, and what was shown or approved of them."""

from __future__ import annotations

import datetime as dt
from typing import ClassVar, Self

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Clinic, User
from rehab.lib.ids import new_id
from rehab.library.models import Exercise, Ladder, Phase
from rehab.patients.models import ClinicalQuerySet, Patient, ProblemDefinition
from rehab.programs.dose import Dose
from rehab.programs.models.programs import Decision, Program
from rehab.programs.wording import dose_text


class PrescriptionQuerySet(ClinicalQuerySet):
    def active_on(self, day: dt.date) -> Self:
        return self.filter(Q(ends_on=None) | Q(ends_on__gt=day), starts_on__lte=day)

    def overlapping(self, first: dt.date, until: dt.date) -> Self:
        """Prescriptions with at least one day in the half-open period."""
        return self.filter(Q(ends_on=None) | Q(ends_on__gt=first), starts_on__lt=until)

    def current(self) -> Self:
        """Prescriptions that no decision has ended."""
        return self.filter(ended_by=None)


class Prescription(models.Model):
    """One exercise at one dose over a half-open period (``starts_on`` in, ``ends_on`` out).

    Immutable but for its end (a database trigger refuses the rest): a change ends it and starts the next, so last
    month's chart never changes. ``weekdays`` (bit 0 = Monday) and ``times_per_day`` repeat what ``dose`` says,
    because a whole clinic's unfinished days are found in one statement.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    clinic = models.ForeignKey(Clinic, models.CASCADE, related_name="+", db_index=False)
    patient = models.ForeignKey(Patient, models.CASCADE, related_name="+", db_index=False)
    program = models.ForeignKey(Program, models.CASCADE, related_name="prescriptions")
    exercise = models.ForeignKey(Exercise, models.PROTECT, related_name="+")
    phase = models.CharField(max_length=2, choices=Phase.choices)
    dose = models.JSONField(default=dict)
    times_per_day = models.PositiveSmallIntegerField(default=1)
    weekdays = models.PositiveSmallIntegerField(default=127)
    is_one_off = models.BooleanField(default=False)
    anchor = models.CharField(_("when in the family's day"), max_length=80, blank=True)
    note = models.CharField(_("note to the family"), max_length=255, blank=True)
    # What it works on, as the prescriber sees it: "limb", "back" or the code of a movement habit; empty: not said.
    aim = models.CharField(_("aim"), max_length=32, blank=True)
    position = models.PositiveSmallIntegerField(default=0)
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True)
    started_by = models.ForeignKey(Decision, models.PROTECT, related_name="started")
    ended_by = models.ForeignKey(Decision, models.PROTECT, related_name="ended", null=True, blank=True)

    objects = PrescriptionQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(ends_on=None, ended_by=None)
                | Q(ends_on__isnull=False, ended_by__isnull=False, ends_on__gte=F("starts_on")),
                name="a_prescription_is_ended_by_a_decision",
            ),
            models.CheckConstraint(
                condition=Q(times_per_day__gte=1, times_per_day__lte=12),
                name="times_per_day_is_1_to_12",
            ),
            models.CheckConstraint(condition=Q(weekdays__lte=127), name="weekdays_are_seven_bits"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["patient", "starts_on"], name="prescription_by_patient_day"),
        ]

    def __str__(self) -> str:
        return f"Prescription {self.pk}"

    @property
    def dosage(self) -> Dose:
        return Dose.from_json(self.dose)

    @property
    def dose_text(self) -> str:
        """The dose in plain words."""
        return dose_text(self.dosage)

    @property
    def has_steps(self) -> bool:
        """Whether it can be progressed or regressed; care is only changed or removed."""
        return self.exercise.load > 0 and not self.is_one_off

    def is_due_on(self, day: dt.date) -> bool:
        """Whether the item counts on that day: inside its period, on one of its weekdays, and not a one-off."""
        return (
            not self.is_one_off
            and self.starts_on <= day
            and (self.ends_on is None or day < self.ends_on)
            and bool(self.weekdays >> day.weekday() & 1)
        )


class LadderStepQuerySet(ClinicalQuerySet):
    def current(self) -> Self:
        return self.filter(ended_by=None)


class LadderStep(models.Model):
    """One rung of a ladder in use over a half-open period, on the way to an activity that the owner named.

    Like a prescription it only ends: a move up or down ends it and starts the next.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    clinic = models.ForeignKey(Clinic, models.CASCADE, related_name="+", db_index=False)
    patient = models.ForeignKey(Patient, models.CASCADE, related_name="+", db_index=False)
    program = models.ForeignKey(Program, models.CASCADE, related_name="ladder_steps")
    ladder = models.ForeignKey(Ladder, models.PROTECT, related_name="+")
    activity = models.CharField(_("activity"), max_length=120)
    rung = models.PositiveSmallIntegerField()
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True)
    started_by = models.ForeignKey(Decision, models.PROTECT, related_name="started_steps")
    ended_by = models.ForeignKey(Decision, models.PROTECT, related_name="ended_steps", null=True, blank=True)

    objects = LadderStepQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(ends_on=None, ended_by=None)
                | Q(ends_on__isnull=False, ended_by__isnull=False, ends_on__gte=F("starts_on")),
                name="a_ladder_step_is_ended_by_a_decision",
            ),
            models.CheckConstraint(condition=Q(rung__gte=1), name="rungs_count_from_one"),
            models.UniqueConstraint(
                fields=["program", "ladder"], condition=Q(ended_by=None), name="one_current_rung_per_ladder"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["patient", "starts_on"], name="ladder_step_by_patient_day")]

    def __str__(self) -> str:
        return f"LadderStep {self.pk}"


class TeachBackQuerySet(ClinicalQuerySet):
    def standing(self) -> Self:
        return self.filter(withdrawn_at=None)


class TeachBack(models.Model):
    """Staff showed the family an exercise, or the family showed it back; an active item progresses only after both.

    Source: 03_decision.yaml, owner_teach_back_passed; 06_progression.yaml, H4.
    """

    class Kind(models.TextChoices):
        SHOWN = "shown", _("Shown")
        SHOWN_BACK = "shown_back", _("Shown back")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    clinic = models.ForeignKey(Clinic, models.CASCADE, related_name="+", db_index=False)
    patient = models.ForeignKey(Patient, models.CASCADE, related_name="+")
    exercise = models.ForeignKey(Exercise, models.PROTECT, related_name="+")
    kind = models.CharField(max_length=16, choices=Kind.choices)
    day = models.DateField()
    recorded_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()
    withdrawn_by = models.ForeignKey(User, models.PROTECT, related_name="+", null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    objects = TeachBackQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(kind__in=["shown", "shown_back"]), name="teach_back_kind_is_known"),
            models.CheckConstraint(
                condition=Q(withdrawn_at=None, withdrawn_by=None)
                | Q(withdrawn_at__isnull=False, withdrawn_by__isnull=False),
                name="a_withdrawal_has_its_person",
            ),
            models.UniqueConstraint(
                fields=["patient", "exercise", "kind"],
                condition=Q(withdrawn_at=None),
                name="one_standing_teach_back_per_exercise_and_kind",
            ),
        ]
        indexes: ClassVar = [
            # The rules pull "what has been shown back since", and what was taken back.
            models.Index(fields=["recorded_at"], name="teach_back_by_time"),
            models.Index(
                fields=["withdrawn_at"], condition=Q(withdrawn_at__isnull=False), name="teach_back_by_withdrawal"
            ),
        ]

    def __str__(self) -> str:
        return f"TeachBack {self.pk}"


class PreApprovalQuerySet(ClinicalQuerySet):
    def open(self) -> Self:
        return self.filter(ended_at=None)


class PreApproval(models.Model):
    """Up to which dose the steps of one exercise go by themselves, because a vet has approved them ahead.

    Only with musculoskeletal limits (06_progression.yaml, progress_approval). It is about the prescription as the vet saw
    it and what followed from it by itself; whatever else a person decided about the exercise since, has answered it.
    """

    # The key in a decision's details that names what it rests on.
    BY_ITSELF: ClassVar = "pre_approved"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    clinic = models.ForeignKey(Clinic, models.CASCADE, related_name="+", db_index=False)
    patient = models.ForeignKey(Patient, models.CASCADE, related_name="+")
    program = models.ForeignKey(Program, models.CASCADE, related_name="pre_approvals", db_index=False)
    exercise = models.ForeignKey(Exercise, models.PROTECT, related_name="+")
    up_to = models.JSONField(default=dict)
    approved_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    approved_at = models.DateTimeField()
    ended_by = models.ForeignKey(User, models.PROTECT, related_name="+", null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = PreApprovalQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(ended_at=None, ended_by=None) | Q(ended_at__isnull=False, ended_by__isnull=False),
                name="an_ended_pre_approval_has_its_person",
            ),
            models.UniqueConstraint(
                fields=["program", "exercise"], condition=Q(ended_at=None), name="one_open_pre_approval_per_exercise"
            ),
        ]

    def __str__(self) -> str:
        return f"PreApproval {self.pk}"

    @property
    def dosage(self) -> Dose:
        return Dose.from_json(self.up_to)

    @property
    def dose_text(self) -> str:
        """The dose in plain words."""
        return dose_text(self.dosage)

    def holds_for(self, prescription: Prescription, *, definition: ProblemDefinition) -> bool:
        """Whether the vet still means this: nobody has decided about the exercise or signed anything else since.

        The prescription must be loaded with the decision that started it.
        """
        started = prescription.started_by
        return (
            self.ended_at is None
            and self.program_id == prescription.program_id
            and self.exercise_id == prescription.exercise_id
            and definition.signed_at is not None
            and definition.signed_at <= self.approved_at
            and (started.decided_at <= self.approved_at or self.BY_ITSELF in started.details)
        )
