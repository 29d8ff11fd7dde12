"""Nudges as rows: the row is the queue and the record; a broker message only wakes a worker."""

from __future__ import annotations

from typing import ClassVar

from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Clinic, User
from rehab.lib.ids import new_id
from rehab.patients.models import ClinicalQuerySet, Patient


class NudgePreference(models.Model):
    """When and how one person wants to be reminded; a missing row means the defaults."""

    DEFAULT_MINUTE = 18 * 60

    user = models.OneToOneField(User, models.CASCADE, primary_key=True, related_name="nudge_preference")
    email_enabled = models.BooleanField(_("remind me by e-mail"), default=True)
    remind_minute = models.PositiveSmallIntegerField(
        _("remind me at"), default=DEFAULT_MINUTE, validators=[MaxValueValidator(1439)]
    )
    # A permanent refusal by the mail server; writing again would only hurt delivery to everybody else.
    bounced_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(remind_minute__lte=1439), name="remind_minute_is_within_a_day"),
        ]
        indexes: ClassVar = [models.Index(fields=["remind_minute"], name="preference_by_minute")]

    def __str__(self) -> str:
        return f"NudgePreference {self.pk}"


class Nudge(models.Model):
    """One reminder to one caregiver about one dog on one local day, and what became of it."""

    class Kind(models.TextChoices):
        UNFINISHED_DAY = "unfinished_day", _("unfinished day")
        # News, not a prompt: it does not count toward the one reminder a day.
        PLAN_CHANGED = "plan_changed", _("new program")

    class State(models.TextChoices):
        PLANNED = "planned", _("planned")
        SENDING = "sending", _("being sent")
        RETRY = "retry", _("will be tried again")
        SENT = "sent", _("sent")
        SUPPRESSED = "suppressed", _("not sent")
        EXPIRED = "expired", _("too late to send")
        FAILED = "failed", _("failed")

    class Reason(models.TextChoices):
        """Why a reminder was not sent, or not yet; each ends the sentence “Not sent: …”."""

        DONE = "done", _("nothing was left for that day")
        COMBINED = "combined", _("it was part of the reminder about another of your dogs")
        ONE_A_DAY = "one_a_day", _("there had been a reminder that day already")
        REMINDERS_OFF = "reminders_off", _("reminders were off")
        NOT_CARING = "not_caring", _("you no longer cared for this dog")
        PROGRAM_ENDED = "program_ended", _("the program had ended")
        STOPPED = "stopped", _("a warning sign had stopped the exercises")
        TOO_LATE = "too_late", _("it had become too late in the day")
        NO_ANSWER = "no_answer", _("the mail server did not take it in time")
        REFUSED = "refused", _("the mail server refused it")
        ADDRESS_REFUSED = "address_refused", _("the mail server says that your address does not exist")
        GAVE_UP = "gave_up", _("something went wrong on our side")

    OPEN_STATES = (State.PLANNED, State.SENDING, State.RETRY)
    # At most one reminder in these per person and day.
    MESSAGE_STATES = (*OPEN_STATES, State.SENT)

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    clinic = models.ForeignKey(Clinic, models.CASCADE, related_name="+", db_index=False)
    patient = models.ForeignKey(Patient, models.CASCADE, related_name="+", db_index=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="+", db_index=False)
    kind = models.CharField(max_length=16, choices=Kind.choices, default=Kind.UNFINISHED_DAY)
    local_day = models.DateField()
    time_zone = models.CharField(max_length=64)
    state = models.CharField(max_length=16, choices=State.choices, default=State.PLANNED)
    reason = models.CharField(max_length=16, choices=Reason.choices, blank=True)
    planned_at = models.DateTimeField()
    # While it is being sent: the end of the lease, after which another worker may take it.
    next_attempt_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    # Grows with each claim; so it also tells a worker that it has lost its lease.
    attempts = models.PositiveSmallIntegerField(default=0)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = ClinicalQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(kind__in=["unfinished_day", "plan_changed"]), name="nudge_kind_is_known"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["planned", "sending", "retry"], finished_at=None)
                | Q(state__in=["sent", "suppressed", "expired", "failed"], finished_at__isnull=False),
                name="nudge_is_finished_or_still_open",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["suppressed", "expired", "failed"]) | ~Q(reason=""),
                name="nudge_not_sent_has_a_reason",
            ),
            models.UniqueConstraint(
                fields=["user", "patient", "kind", "local_day"],
                name="one_nudge_per_person_dog_kind_and_day",
            ),
            models.UniqueConstraint(
                fields=["user", "local_day"],
                condition=Q(kind="unfinished_day", state__in=["planned", "sending", "retry", "sent"]),
                name="at_most_one_message_per_person_and_day",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["next_attempt_at"],
                condition=Q(state__in=["planned", "sending", "retry"]),
                name="nudge_to_deliver",
            ),
            models.Index(fields=["patient", "local_day"], name="nudge_by_patient_day"),
        ]

    def __str__(self) -> str:
        return f"Nudge {self.pk}"


class Heartbeat(models.Model):
    """When a part of the reminders last ran: how an installation tells that they work, whatever its broker."""

    class Part(models.TextChoices):
        TICK = "tick", _("planning")
        DELIVERY = "delivery", _("delivery")

    part = models.CharField(max_length=16, choices=Part.choices, primary_key=True)
    beat_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(part__in=["tick", "delivery"]), name="heartbeat_part_is_known"),
        ]

    def __str__(self) -> str:
        return f"Heartbeat {self.pk}"
