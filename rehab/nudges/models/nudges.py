"""Nudges as rows: the row is the queue and the record; a broker message only wakes a worker."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Clinic, User
from rehab.lib.ids import new_id
from rehab.patients.models import ClinicalQuerySet, Patient


class Nudge(models.Model):
    """One message to one person about one dog on one local day, and what became of it.

    Without a dog it is about a clinic (the week's summary to its people). ``subject_id`` is the row that it is about, where
    there is one (a report, a checkpoint), ``number`` what its words count (the days of silence, the month of a checkpoint).

    ``attempts`` grows with each claim, so it is also the token of the lease; ``leases_lost`` counts the claims whose
    worker never came back: the only way in which a message can go out twice. ``channel`` is the way that is being tried, or
    by which it went. ``p_send`` is the probability with which it was to be sent, where that was left to chance, and
    ``followed`` whether somebody exercised the dog within a day of ``planned_at``, once that day is over.
    """

    class Kind(models.TextChoices):
        # Prompts ask for something; of these a person gets one a day at most.
        CHECKPOINT = "checkpoint", _("checkpoint")
        RE_EXAM = "re_exam", _("re-examination")
        WELCOME = "welcome", _("first days")
        SILENCE = "silence", _("silence")
        NEXT_MORNING = "next_morning", _("the morning after")
        UNFINISHED_DAY = "unfinished_day", _("unfinished day")
        # It asks for nothing, but takes the place of that day's prompt.
        WEEK = "week", _("the week")
        # News; who is online has seen it, and then it is not sent.
        PLAN_CHANGED = "plan_changed", _("new program")
        PHASE_REACHED = "phase_reached", _("new phase")
        REPLY = "reply", _("answer from the clinic")
        # About safety: never withheld, never snoozed, also at night.
        CALL_CLINIC = "call_clinic", _("call the clinic")
        # To the people of a clinic.
        CLINIC_WEEK = "clinic_week", _("the clinic’s week")

    class State(models.TextChoices):
        PLANNED = "planned", _("planned")
        SENDING = "sending", _("being sent")
        RETRY = "retry", _("will be tried again")
        SENT = "sent", _("sent")
        WITHHELD = "withheld", _("withheld to measure the effect")
        SUPPRESSED = "suppressed", _("not sent")
        EXPIRED = "expired", _("too late to send")
        FAILED = "failed", _("failed")

    class Channel(models.TextChoices):
        PUSH = "push", _("on the phone")
        EMAIL = "email", _("by e-mail")

    class Reason(models.TextChoices):
        """Why a message was not sent, or not yet; each ends the sentence “Not sent: …”."""

        DONE = "done", _("nothing was left for that day")
        ANSWERED = "answered", _("it had been answered")
        SEEN = "seen", _("you had seen it already")
        COMBINED = "combined", _("it was part of the reminder about another of your dogs")
        ONE_A_DAY = "one_a_day", _("there had been a reminder that day already")
        ENOUGH = "enough", _("there had been four reminders in seven days")
        EVERY_OTHER_DAY = "every_other_day", _("the last three had not helped, so we write every other day")
        REMINDERS_OFF = "reminders_off", _("reminders were off")
        SNOOZED = "snoozed", _("you had asked for a break")
        NO_WAY = "no_way", _("neither messages on a phone nor e-mails were on")
        NOT_CARING = "not_caring", _("you no longer cared for this dog")
        PROGRAM_ENDED = "program_ended", _("the program had ended")
        PAUSED = "paused", _("the program was paused")
        DISCHARGED = "discharged", _("the dog had been discharged")
        DIED = "died", _("the dog had died")
        STOPPED = "stopped", _("a warning sign had stopped the exercises")
        TOO_LATE = "too_late", _("it had become too late in the day")
        NO_ANSWER = "no_answer", _("the mail server did not take it in time")
        REFUSED = "refused", _("the mail server refused it")
        ADDRESS_REFUSED = "address_refused", _("the mail server says that your address does not exist")
        PHONE_AWAY = "phone_away", _("the phone’s message service did not take it in time")
        PHONE_GONE = "phone_gone", _("the phone does not take messages any more")
        GAVE_UP = "gave_up", _("something went wrong on our side")

    OPEN_STATES = (State.PLANNED, State.SENDING, State.RETRY)
    # At most one reminder in these per person and day; one that was withheld has had its turn.
    MESSAGE_STATES = (*OPEN_STATES, State.SENT, State.WITHHELD)
    PROMPTS = (
        Kind.CHECKPOINT,
        Kind.RE_EXAM,
        Kind.WELCOME,
        Kind.SILENCE,
        Kind.NEXT_MORNING,
        Kind.UNFINISHED_DAY,
    )

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    clinic = models.ForeignKey(Clinic, models.CASCADE, related_name="+", db_index=False)
    patient = models.ForeignKey(Patient, models.CASCADE, related_name="+", db_index=False, null=True, blank=True)
    user = models.ForeignKey(User, models.CASCADE, related_name="+", db_index=False)
    kind = models.CharField(max_length=16, choices=Kind.choices, default=Kind.UNFINISHED_DAY)
    number = models.PositiveSmallIntegerField(null=True, blank=True)
    subject_id = models.UUIDField(null=True, blank=True)
    local_day = models.DateField()
    time_zone = models.CharField(max_length=64)
    state = models.CharField(max_length=16, choices=State.choices, default=State.PLANNED)
    reason = models.CharField(max_length=16, choices=Reason.choices, blank=True)
    planned_at = models.DateTimeField()
    # While it is being sent: the end of the lease, after which another worker may take it.
    next_attempt_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    channel = models.CharField(max_length=8, choices=Channel.choices, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    leases_lost = models.PositiveSmallIntegerField(default=0)
    finished_at = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)
    opened_at = models.DateTimeField(null=True, blank=True)
    p_send = models.DecimalField(max_digits=3, decimal_places=2, null=True, blank=True)
    followed = models.BooleanField(null=True, blank=True)

    objects = ClinicalQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(
                    kind__in=[
                        *("checkpoint", "re_exam", "welcome", "silence", "next_morning", "unfinished_day", "week"),
                        *("plan_changed", "phase_reached", "reply", "call_clinic", "clinic_week"),
                    ]
                ),
                name="nudge_kind_is_known",
            ),
            models.CheckConstraint(
                condition=Q(kind="clinic_week", patient=None) | ~Q(kind="clinic_week") & Q(patient__isnull=False),
                name="nudge_is_about_a_dog_or_a_clinic",
            ),
            models.CheckConstraint(
                condition=Q(p_send=None) | Q(p_send__gt=0, p_send__lte=1), name="nudge_chance_is_a_probability"
            ),
            models.CheckConstraint(
                condition=~Q(state="withheld") | Q(p_send__isnull=False), name="nudge_is_withheld_by_lot_only"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["planned", "sending", "retry"], finished_at=None)
                | Q(state__in=["sent", "withheld", "suppressed", "expired", "failed"], finished_at__isnull=False),
                name="nudge_is_finished_or_still_open",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["suppressed", "expired", "failed"]) | ~Q(reason=""),
                name="nudge_not_sent_has_a_reason",
            ),
            models.UniqueConstraint(
                fields=["user", "patient", "kind", "local_day"],
                condition=~Q(kind="call_clinic"),
                name="one_nudge_per_person_dog_kind_and_day",
            ),
            # A second alarm on one day is told too.
            models.UniqueConstraint(
                fields=["user", "subject_id"],
                condition=Q(kind="call_clinic"),
                name="one_nudge_per_person_and_alarm",
            ),
            models.CheckConstraint(
                condition=~Q(kind="call_clinic") | Q(subject_id__isnull=False), name="an_alarm_says_which_it_is"
            ),
            models.UniqueConstraint(
                fields=["user", "local_day"],
                condition=Q(
                    kind__in=[
                        *("checkpoint", "re_exam", "welcome", "silence", "next_morning", "unfinished_day", "week"),
                    ],
                    state__in=["planned", "sending", "retry", "sent", "withheld"],
                ),
                name="at_most_one_message_per_person_and_day",
            ),
            models.UniqueConstraint(
                fields=["user", "clinic", "kind", "local_day"],
                condition=Q(patient=None),
                name="one_nudge_per_person_clinic_kind_and_day",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["next_attempt_at"],
                condition=Q(state__in=["planned", "sending", "retry"]),
                name="nudge_to_deliver",
            ),
            models.Index(fields=["patient", "local_day"], name="nudge_by_patient_day"),
            models.Index(fields=["finished_at"], name="nudge_by_end"),
            models.Index(
                fields=["planned_at"],
                condition=Q(p_send__isnull=False, followed=None),
                name="nudge_to_measure",
            ),
            models.Index(fields=["clinic", "planned_at"], condition=Q(p_send__isnull=False), name="nudge_by_lot"),
        ]

    def __str__(self) -> str:
        return f"Nudge {self.pk}"
