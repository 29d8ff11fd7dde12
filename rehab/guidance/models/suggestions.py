"""What the rules suggest, and what a person made of it."""

from __future__ import annotations

from typing import ClassVar, Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Clinic, User
from rehab.lib.ids import new_id
from rehab.library.models import Exercise
from rehab.patients.models import ClinicalQuerySet, Patient
from rehab.programs.models import Decision, Prescription, Program


class Verdict(models.TextChoices):
    """The four answers to a response, the most careful first (06_progression.yaml)."""

    RESTRAIN = "restrain", _("Restrain")
    REGRESS = "regress", _("Regress")
    HOLD = "hold", _("Hold")
    PROGRESS = "progress", _("Progress")


class Evaluation(models.Model):
    """What the rules said about one dog when they last looked. Derived: one row per dog, rebuilt from the facts.

    ``fired`` are the rules of the whole dog as ``[{"rule", "numbers"}]``, ``detected`` the warning signs that the record
    shows as ``[{"flag", "numbers"}]``, ``questions`` those of A1 to A4, ``actions`` codes of what else is asked for.
    ``broken`` are the rules that could not be evaluated: then a person must look, and nothing progresses.
    """

    patient = models.OneToOneField(Patient, models.CASCADE, primary_key=True, related_name="evaluation")
    clinic = models.ForeignKey(Clinic, models.CASCADE, related_name="+", db_index=False)
    evaluated_at = models.DateTimeField()
    verdict = models.CharField(max_length=8, choices=Verdict.choices)
    fired = models.JSONField(default=list)
    detected = models.JSONField(default=list)
    questions = models.JSONField(default=list)
    actions = models.JSONField(default=list)
    missing = models.JSONField(default=list)
    broken = models.JSONField(default=list)
    baseline = models.FloatField(null=True, blank=True)

    objects = ClinicalQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(verdict__in=["restrain", "regress", "hold", "progress"]), name="verdict_is_known"
            ),
        ]

    def __str__(self) -> str:
        return f"Evaluation {self.pk}"


class SuggestionQuerySet(ClinicalQuerySet):
    def open(self) -> Self:
        return self.filter(outcome="")


class Suggestion(models.Model):
    """What the rules suggest for one prescription, until a person decides or it no longer holds.

    ``fired``, ``unmet``, ``missing`` and ``numbers`` are those of ``rehab.guidance.engine``; ``step`` is the concrete change,
    ``{"slug", "dose", "variable", "before", "after", "percent", "is_swap", "re_enter"}``, empty where nothing changes. While
    it is open its numbers are those of the last evaluation; ``digest`` tells whether it is still the same suggestion.
    """

    class Approver(models.TextChoices):
        VET = "vet", _("a vet")
        STAFF = "vet_or_therapist", _("a vet or therapist")
        ALONE = "pre_approved", _("a vet has approved it ahead")
        NOBODY = "nobody", _("nobody")

    class Outcome(models.TextChoices):
        ACCEPTED = "accepted", _("accepted")
        MORE_CAREFUL = "more_careful", _("a more careful choice was made")
        LESS_CAREFUL = "less_careful", _("overruled by a vet")
        WITHDRAWN = "withdrawn", _("withdrawn")

    class Withdrawn(models.TextChoices):
        """Why a suggestion no longer holds."""

        OTHER_ANSWER = "other_answer", _("the answers since say otherwise")
        PLAN_CHANGED = "plan_changed", _("the plan has changed")
        DEFINITION_CHANGED = "definition_changed", _("the problem definition has changed")
        PAUSED = "paused", _("the program is paused")
        ENDED = "ended", _("the program has ended")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    clinic = models.ForeignKey(Clinic, models.CASCADE, related_name="+", db_index=False)
    patient = models.ForeignKey(Patient, models.CASCADE, related_name="suggestions", db_index=False)
    program = models.ForeignKey(Program, models.CASCADE, related_name="+", db_index=False)
    prescription = models.ForeignKey(Prescription, models.CASCADE, related_name="suggestions", db_index=False)
    exercise = models.ForeignKey(Exercise, models.PROTECT, related_name="+", db_index=False)
    verdict = models.CharField(max_length=8, choices=Verdict.choices)
    fired = models.JSONField(default=list)
    unmet = models.JSONField(default=list)
    missing = models.JSONField(default=list)
    broken = models.JSONField(default=list)
    numbers = models.JSONField(default=dict)
    step = models.JSONField(default=dict)
    approver = models.CharField(max_length=16, choices=Approver.choices)
    digest = models.CharField(max_length=64)
    plan_version = models.PositiveIntegerField()
    made_at = models.DateTimeField()
    evaluated_at = models.DateTimeField()
    outcome = models.CharField(max_length=16, choices=Outcome.choices, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(User, models.PROTECT, related_name="+", null=True, blank=True, db_index=False)
    withdrawn_because = models.CharField(max_length=24, choices=Withdrawn.choices, blank=True)
    decision = models.ForeignKey(Decision, models.PROTECT, related_name="suggestions", null=True, blank=True)

    objects = SuggestionQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(verdict__in=["restrain", "regress", "hold", "progress"]), name="suggested_verdict_is_known"
            ),
            models.CheckConstraint(
                condition=Q(approver__in=["vet", "vet_or_therapist", "pre_approved", "nobody"]),
                name="approver_is_known",
            ),
            models.CheckConstraint(
                condition=Q(outcome="", closed_at=None, closed_by=None, decision=None, withdrawn_because="")
                | Q(outcome="withdrawn", closed_at__isnull=False, decision=None) & ~Q(withdrawn_because="")
                | Q(outcome="accepted", closed_at__isnull=False, decision__isnull=False, withdrawn_because="")
                | Q(
                    outcome__in=["more_careful", "less_careful"],
                    closed_at__isnull=False,
                    closed_by__isnull=False,
                    decision__isnull=False,
                    withdrawn_because="",
                ),
                name="a_suggestion_is_open_or_says_how_it_ended",
            ),
            models.UniqueConstraint(
                fields=["prescription"], condition=Q(outcome=""), name="one_open_suggestion_per_prescription"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["patient", "-made_at"], name="suggestion_by_patient"),
            models.Index(fields=["clinic", "verdict"], condition=Q(outcome=""), name="open_suggestion_by_clinic"),
        ]

    def __str__(self) -> str:
        return f"Suggestion {self.pk}"
