"""One thread per dog between its family and its clinic."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from accounts.models import Clinic, User
from rehab.patients.models import ClinicalQuerySet, Patient
from rehab.programs.models import Prescription
from rehab.sessions.models.commands import Command


class Message(models.Model):
    """What one person wrote about a dog; ``prescription`` is the exercise that it asks about, if it is about one.

    ``from_family`` is who the writer was to the dog at that moment.
    """

    command = models.OneToOneField(Command, models.CASCADE, primary_key=True, related_name="message")
    clinic = models.ForeignKey(Clinic, models.CASCADE, related_name="+", db_index=False)
    patient = models.ForeignKey(Patient, models.CASCADE, related_name="+", db_index=False)
    prescription = models.ForeignKey(
        Prescription, models.PROTECT, related_name="+", db_index=False, null=True, blank=True
    )
    text = models.CharField(max_length=2000)
    from_family = models.BooleanField()
    written_by = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    written_at = models.DateTimeField()
    received_at = models.DateTimeField()

    objects = ClinicalQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=~Q(text=""), name="a_message_says_something")]
        indexes: ClassVar = [
            models.Index(fields=["patient", "-received_at"], name="message_by_patient"),
            # Families are told of what the clinic wrote lately.
            models.Index(fields=["received_at"], condition=Q(from_family=False), name="message_of_clinic_by_time"),
        ]

    def __str__(self) -> str:
        return f"Message {self.pk}"


class MessagesRead(models.Model):
    """How far one person has read one dog's thread; what the other side wrote after that is unread."""

    user = models.ForeignKey(User, models.CASCADE, related_name="+", db_index=False)
    patient = models.ForeignKey(Patient, models.CASCADE, related_name="+")
    until = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "patient"], name="one_mark_per_reader_and_patient"),
        ]
        # The summaries pull "what has been read since".
        indexes: ClassVar = [models.Index(fields=["until"], name="messages_read_lately")]

    def __str__(self) -> str:
        return f"MessagesRead {self.pk}"
