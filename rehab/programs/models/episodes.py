"""How one bout of back pain follows another: episodes, discharge into maintenance, and the checkpoints after it."""

from __future__ import annotations

from typing import ClassVar, Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Clinic, User
from rehab.lib.ids import new_id
from rehab.patients.models import ClinicalQuerySet, Patient
from rehab.programs.models.programs import Decision


class EpisodeQuerySet(ClinicalQuerySet):
    def standing(self) -> Self:
        """Without those that a vet has taken back: the old one goes on as if they had never been opened."""
        return self.filter(withdrawn_at=None)

    def newest_first(self) -> Self:
        return self.order_by("-number")


class Episode(models.Model):
    """One bout of back pain, from its first program to the next bout; the newest is the one that goes on.

    A dog's programs, definitions and decisions of the time between one episode's opening and the next belong to it.
    ``numbers`` is what a recurrence stands on (RF31); ``measures`` what the dog was like at discharge (metric -> number,
    ``pain_before`` among them), with which every checkpoint is compared. Reopened: it has got worse in maintenance, and
    treatment goes on without waiting for thirty good days. Withdrawn: a vet found that it was no new bout, and why.
    """

    class Because(models.TextChoices):
        FIRST = "first", _("first episode")
        RECURRENCE = "recurrence", _("the pain came back after a good spell")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    clinic = models.ForeignKey(Clinic, models.CASCADE, related_name="+", db_index=False)
    patient = models.ForeignKey(Patient, models.CASCADE, related_name="episodes", db_index=False)
    number = models.PositiveSmallIntegerField()
    because = models.CharField(max_length=16, choices=Because.choices)
    numbers = models.JSONField(default=dict)
    opened_on = models.DateField()
    opened_at = models.DateTimeField()
    discharge = models.ForeignKey(Decision, models.PROTECT, related_name="+", null=True, blank=True)
    discharged_on = models.DateField(null=True, blank=True)
    measures = models.JSONField(default=dict)
    reopened_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_because = models.CharField(max_length=500, blank=True)

    objects = EpisodeQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["patient", "number"],
                condition=Q(withdrawn_at=None),
                name="one_standing_episode_per_patient_and_number",
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at=None, withdrawn_because="")
                | Q(withdrawn_at__isnull=False, number__gt=1) & ~Q(withdrawn_because=""),
                name="a_withdrawn_episode_says_why",
            ),
            models.CheckConstraint(condition=Q(number__gte=1), name="episodes_count_from_one"),
            models.CheckConstraint(condition=Q(because__in=["first", "recurrence"]), name="episode_has_its_because"),
            models.CheckConstraint(
                condition=Q(discharge=None, discharged_on=None, reopened_at=None)
                | Q(discharge__isnull=False, discharged_on__isnull=False),
                name="a_discharge_is_a_decision",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["patient", "number"], name="episode_by_patient")]

    def __str__(self) -> str:
        return f"Episode {self.pk}"

    @property
    def is_in_maintenance(self) -> bool:
        """Discharged, and not taken up again since."""
        return self.discharged_on is not None and self.reopened_at is None


class CheckpointQuerySet(ClinicalQuerySet):
    def waiting(self) -> Self:
        return self.filter(state=Checkpoint.State.WAITING)

    def worse(self) -> Self:
        """Those that a person must still look at."""
        return self.filter(state=Checkpoint.State.WORSE, settled_at=None)


class Checkpoint(models.Model):
    """A look at a discharged dog, so many months after its discharge (00_vocab.yaml, ``maintenance``).

    The family's answers of the days from ``due_on`` on are compared with the dog at discharge. ``numbers`` is what the
    outcome stands on; ``settled`` is a person's word about one that was worse.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("to come")
        GOOD = "good", _("as at discharge, or better")
        WORSE = "worse", _("worse than at discharge")
        MISSED = "missed", _("not answered")
        CANCELLED = "cancelled", _("no longer needed")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    clinic = models.ForeignKey(Clinic, models.CASCADE, related_name="+", db_index=False)
    patient = models.ForeignKey(Patient, models.CASCADE, related_name="+")
    episode = models.ForeignKey(Episode, models.CASCADE, related_name="checkpoints", db_index=False)
    month = models.PositiveSmallIntegerField()
    due_on = models.DateField()
    state = models.CharField(max_length=16, choices=State.choices, default=State.WAITING)
    numbers = models.JSONField(default=dict)
    weighed_at = models.DateTimeField(null=True, blank=True)
    settled_by = models.ForeignKey(User, models.PROTECT, related_name="+", null=True, blank=True, db_index=False)
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_because = models.CharField(_("reason"), max_length=500, blank=True)

    objects = CheckpointQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["episode", "month"], name="one_checkpoint_per_episode_and_month"),
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "good", "worse", "missed", "cancelled"]),
                name="checkpoint_state_is_known",
            ),
            models.CheckConstraint(
                condition=Q(settled_at=None, settled_by=None)
                | Q(state="worse", settled_at__isnull=False, settled_by__isnull=False),
                name="a_settled_checkpoint_has_its_person",
            ),
        ]
        indexes: ClassVar = [
            # Few of all dogs' checkpoints are due on one day.
            models.Index(fields=["due_on"], condition=Q(state="waiting"), name="checkpoint_to_come"),
        ]

    def __str__(self) -> str:
        return f"Checkpoint {self.pk}"
