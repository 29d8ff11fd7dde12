"""A dog's program, and every decision that changed it."""

from __future__ import annotations

from typing import ClassVar, Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Clinic, User
from rehab.lib.ids import new_id
from rehab.library.models import Exercise, Phase, Protocol
from rehab.patients.models import ClinicalQuerySet, Patient, ProblemDefinition


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
        DISCHARGE = "discharge", _("Discharged to maintenance")

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
