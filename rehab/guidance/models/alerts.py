"""Alerts: that somebody must look at a dog now, who was told by which way, and what became of it."""

from __future__ import annotations

from typing import ClassVar, Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Clinic, User
from rehab.lib.ids import new_id
from rehab.patients.models import ClinicalQuerySet, Patient
from rehab.sessions.models import WarningReport


class AlertQuerySet(ClinicalQuerySet):
    def open(self) -> Self:
        return self.filter(cleared_at=None)

    def unacknowledged(self) -> Self:
        return self.open().filter(report__acknowledged_at=None)


class Alert(models.Model):
    """One report with a hit, from the moment it came in until the role that the flag requires has cleared it.

    ``raised_at`` is when the installation had noticed it, ``level`` the place of the clinic's chain that was told last, 0
    for nobody yet, and ``escalate_at`` when the next place is told; empty once somebody has taken it over or cleared it. ``is_through``: the chain has come to its end.
    Who has opened it and who has taken it over stands on the report, where the family reads it.
    """

    report = models.OneToOneField(WarningReport, models.CASCADE, primary_key=True, related_name="alert")
    clinic = models.ForeignKey(Clinic, models.CASCADE, related_name="+", db_index=False)
    patient = models.ForeignKey(Patient, models.CASCADE, related_name="alerts", db_index=False)
    urgency = models.CharField(max_length=16, choices=WarningReport.Urgency.choices)
    raised_at = models.DateTimeField()
    level = models.PositiveSmallIntegerField(default=0)
    is_through = models.BooleanField(default=False)
    escalate_at = models.DateTimeField(null=True, blank=True)
    cleared_at = models.DateTimeField(null=True, blank=True)
    cleared_by = models.ForeignKey(User, models.PROTECT, related_name="+", null=True, blank=True, db_index=False)
    clear_reason = models.CharField(max_length=500, blank=True)

    objects = AlertQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(escalate_at=None) | Q(cleared_at=None), name="a_cleared_alert_tells_nobody_more"
            ),
            models.CheckConstraint(
                condition=Q(cleared_at=None, cleared_by=None, clear_reason="")
                | Q(cleared_at__isnull=False, cleared_by__isnull=False) & ~Q(clear_reason=""),
                name="a_cleared_alert_says_who_and_why",
            ),
            models.CheckConstraint(
                condition=Q(urgency__in=["emergency_now", "call_today", "next_review"]), name="alert_urgency_is_known"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["clinic", "raised_at"], condition=Q(cleared_at=None), name="open_alert_by_clinic"),
            models.Index(
                fields=["escalate_at"],
                condition=Q(escalate_at__isnull=False),
                name="alert_to_escalate",
            ),
            models.Index(fields=["patient", "-raised_at"], name="alert_by_patient"),
        ]

    def __str__(self) -> str:
        return f"Alert {self.pk}"


class AlertMark(models.Model):
    """Up to when every hit that came in has its alert; one row. Who raises holds it, so that two never raise the same."""

    ONLY = 1

    id = models.PositiveSmallIntegerField(primary_key=True, default=ONLY)
    seen_until = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=Q(id=1), name="there_is_one_alert_mark")]

    def __str__(self) -> str:
        return "AlertMark"


class AlertStep(models.Model):
    """What happened to an alert, in order: the log that is never rewritten.

    ``person`` is who was told, or who did it; empty for what happened by itself. ``text`` is what a person wrote, or for
    somebody who was not reached the outcome of the delivery.
    """

    class Kind(models.TextChoices):
        RAISED = "raised", _("raised")
        TOLD = "told", _("a person was told")
        NOT_REACHED = "not_reached", _("a person could not be reached")
        ESCALATED = "escalated", _("the next person is told")
        FAMILY_TOLD = "family_told", _("the family was asked to call")
        SEEN = "seen", _("seen")
        ACKNOWLEDGED = "acknowledged", _("taken over")
        CLEARED = "cleared", _("cleared")
        ADVERSE_EVENT = "adverse_event", _("adverse event noted")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    alert = models.ForeignKey(Alert, models.CASCADE, related_name="steps")
    clinic = models.ForeignKey(Clinic, models.CASCADE, related_name="+", db_index=False)
    patient = models.ForeignKey(Patient, models.CASCADE, related_name="+", db_index=False)
    kind = models.CharField(max_length=16, choices=Kind.choices)
    at = models.DateTimeField()
    person = models.ForeignKey(User, models.PROTECT, related_name="+", null=True, blank=True, db_index=False)
    level = models.PositiveSmallIntegerField(default=0)
    text = models.CharField(max_length=500, blank=True)

    objects = ClinicalQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(
                    kind__in=[
                        *("raised", "told", "not_reached", "escalated", "family_told", "seen", "acknowledged"),
                        *("cleared", "adverse_event"),
                    ]
                ),
                name="alert_step_is_known",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["alert", "at"], name="alert_step_in_order"),
            # The summaries pull "what has happened since".
            models.Index(fields=["at"], name="alert_step_by_time"),
        ]

    def __str__(self) -> str:
        return f"AlertStep {self.pk}"


class AlertDelivery(models.Model):
    """One message about an alert to one person by one way; the row is the queue, and it ends with what really happened.

    ``attempts`` grows with each claim, so it also tells a worker that it has lost its lease.
    """

    class Channel(models.TextChoices):
        EMAIL = "email", _("e-mail")

    class State(models.TextChoices):
        PLANNED = "planned", _("planned")
        SENDING = "sending", _("being sent")
        RETRY = "retry", _("will be tried again")
        SENT = "sent", _("sent")
        FAILED = "failed", _("failed")
        DROPPED = "dropped", _("not needed any more")

    class Outcome(models.TextChoices):
        """What the other end said, in one of our own words; never a person's data."""

        NO_ANSWER = "no_answer", _("the mail server does not answer")
        REFUSED = "refused", _("the mail server refused it")
        ADDRESS_REFUSED = "address_refused", _("the mail server says that the address does not exist")
        NO_ADDRESS = "no_address", _("there is no valid e-mail address")
        LEFT = "left", _("the person no longer works at the clinic")
        GAVE_UP = "gave_up", _("something went wrong on our side")
        NOBODY = "nobody", _("nobody at the clinic could be told")
        ANSWERED = "answered", _("somebody had taken it over")
        TOLD_AGAIN = "told_again", _("a newer message took its place")

    OPEN_STATES = (State.PLANNED, State.SENDING, State.RETRY)

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    alert = models.ForeignKey(Alert, models.CASCADE, related_name="deliveries", db_index=False)
    clinic = models.ForeignKey(Clinic, models.CASCADE, related_name="+", db_index=False)
    patient = models.ForeignKey(Patient, models.CASCADE, related_name="+", db_index=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="+", db_index=False)
    level = models.PositiveSmallIntegerField()
    channel = models.CharField(max_length=8, choices=Channel.choices, default=Channel.EMAIL)
    state = models.CharField(max_length=8, choices=State.choices, default=State.PLANNED)
    outcome = models.CharField(max_length=16, choices=Outcome.choices, blank=True)
    planned_at = models.DateTimeField()
    next_attempt_at = models.DateTimeField()
    first_attempt_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = ClinicalQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["alert", "user", "channel", "level"], name="one_delivery_per_alert_person_channel_and_level"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["planned", "sending", "retry"], finished_at=None)
                | Q(state__in=["sent", "failed", "dropped"], finished_at__isnull=False),
                name="alert_delivery_is_finished_or_still_open",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["next_attempt_at"],
                condition=Q(state__in=["planned", "sending", "retry"]),
                name="alert_to_deliver",
            ),
        ]

    def __str__(self) -> str:
        return f"AlertDelivery {self.pk}"


class EscalationStep(models.Model):
    """One place in a clinic's chain: who is told of an alert, and after how many minutes the next one is.

    The minutes count in an emergency and only tighten what the content says (15); less urgent signs wait as long as the
    content says. Without any row the content's own order holds (02_redflags.yaml, ``alert``): the assigned vet and the clinic's vets.
    """

    class Who(models.TextChoices):
        ASSIGNED_VET = "assigned_vet", _("the vet who signed the definition")
        THERAPISTS = "therapists", _("all therapists")
        VETS = "vets", _("all vets")
        PERSON = "person", _("one person")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    clinic = models.ForeignKey(Clinic, models.CASCADE, related_name="escalation", db_index=False)
    position = models.PositiveSmallIntegerField()
    who = models.CharField(max_length=16, choices=Who.choices)
    user = models.ForeignKey(User, models.CASCADE, related_name="+", null=True, blank=True)
    after_minutes = models.PositiveSmallIntegerField(default=15)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["clinic", "position"], name="one_escalation_step_per_place"),
            models.CheckConstraint(
                condition=Q(who="person", user__isnull=False)
                | Q(who__in=["assigned_vet", "therapists", "vets"], user=None),
                name="an_escalation_step_names_whom_it_tells",
            ),
        ]

    def __str__(self) -> str:
        return f"EscalationStep {self.pk}"
