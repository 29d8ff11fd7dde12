"""What was prescribed, and every decision that changed it."""

from __future__ import annotations

import datetime as dt
from typing import ClassVar, Self

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Clinic, User
from rehab.lib.ids import new_id
from rehab.library.models import Exercise, Ladder, Phase, Protocol
from rehab.patients.models import ClinicalQuerySet, Patient, ProblemDefinition
from rehab.programs.dose import Dose
from rehab.programs.wording import dose_text


class ProgramQuerySet(ClinicalQuerySet):
    def open(self) -> Self:
        return self.filter(ended_at=None)


class Program(models.Model):
    """A dog's program under one signed definition; it runs in phases and changes only by decisions.

    ``plan_version`` grows by one with each decision, so that a phone can say which plan it showed.
    """

    class Profile(models.TextChoices):
        MSK = "msk", _("musculoskeletal limits")
        NEURO = "neuro", _("neurologic limits")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    clinic = models.ForeignKey(Clinic, models.CASCADE, related_name="+")
    patient = models.ForeignKey(Patient, models.CASCADE, related_name="programs")
    definition = models.ForeignKey(ProblemDefinition, models.PROTECT, related_name="programs")
    protocol = models.ForeignKey(Protocol, models.PROTECT, related_name="+", null=True, blank=True)
    decision_row = models.CharField(max_length=4)
    profile = models.CharField(max_length=8, choices=Profile.choices)
    phase = models.CharField(max_length=2, choices=Phase.choices)
    phase_name = models.CharField(max_length=120)
    phase_started_on = models.DateField()
    starts_on = models.DateField()
    plan_version = models.PositiveIntegerField(default=1)
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    # The decision that paused it, until another resumes it; a pause ends every prescription and a resume starts them.
    paused_by = models.ForeignKey("Decision", models.PROTECT, related_name="+", null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = ProgramQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["patient"], condition=Q(ended_at=None), name="one_open_program_per_patient"
            ),
        ]
        indexes: ClassVar = [
            # Who is to hear of a new program.
            models.Index(fields=["created_at"], condition=Q(ended_at=None), name="open_program_by_time"),
        ]

    def __str__(self) -> str:
        return f"Program {self.pk}"


class Decision(models.Model):
    """Who decided what about a program, when and why; the history of a program is the list of its decisions."""

    class Kind(models.TextChoices):
        ASSIGN = "assign", _("Program assigned")
        ADD = "add", _("Exercise added")
        REMOVE = "remove", _("Exercise removed")
        CHANGE_DOSE = "change_dose", _("Dose changed")
        PROGRESS = "progress", _("Progress")
        HOLD = "hold", _("Hold")
        REGRESS = "regress", _("Regress")
        PHASE = "phase", _("Phase changed")
        REDEFINE = "redefine", _("New problem definition")
        LADDER_START = "ladder_start", _("Ladder begun")
        LADDER_UP = "ladder_up", _("One rung up")
        LADDER_DOWN = "ladder_down", _("One rung down")
        LADDER_END = "ladder_end", _("Ladder ended")
        PAUSE = "pause", _("Program paused")
        RESUME = "resume", _("Program resumed")
        END = "end", _("Program ended")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    clinic = models.ForeignKey(Clinic, models.CASCADE, related_name="+")
    patient = models.ForeignKey(Patient, models.CASCADE, related_name="decisions")
    program = models.ForeignKey(Program, models.CASCADE, related_name="decisions")
    kind = models.CharField(max_length=16, choices=Kind.choices)
    plan_version = models.PositiveIntegerField(help_text="The version that this decision made")
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    rule_ids = models.JSONField(default=list, help_text="Rules that it followed or overrode")
    # What it was about, when it was about one exercise: a hold changes no prescription and must still say which.
    exercise = models.ForeignKey(Exercise, models.PROTECT, related_name="+", null=True, blank=True)
    # What it moved, in plain values, where the prescriptions do not tell: {"from": "P1", "to": "P2"}.
    details = models.JSONField(default=dict)
    effective_on = models.DateField()
    decided_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    decided_at = models.DateTimeField()

    objects = ClinicalQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["program", "plan_version"], name="one_decision_per_plan_version"),
            models.CheckConstraint(
                condition=Q(kind="assign") | ~Q(reason=""),
                name="a_change_of_a_program_has_a_reason",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["decided_at"], name="decision_by_time"),
            models.Index(fields=["patient", "decided_at"], name="decision_by_patient_and_time"),
        ]

    def __str__(self) -> str:
        return f"Decision {self.pk}"


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

    def __str__(self) -> str:
        return f"TeachBack {self.pk}"
