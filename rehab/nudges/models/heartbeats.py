"""When each part last ran."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _


class Heartbeat(models.Model):
    """When a part of the reminders last ran: how an installation tells that they work, whatever its broker."""

    class Part(models.TextChoices):
        TICK = "tick", _("planning")
        DELIVERY = "delivery", _("delivery")
        MEASURE = "measure", _("measuring the effect")
        HABIT = "habit", _("learning when a family exercises")

    part = models.CharField(max_length=16, choices=Part.choices, primary_key=True)
    beat_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(part__in=["tick", "delivery", "measure", "habit"]), name="heartbeat_part_is_known"
            ),
        ]

    def __str__(self) -> str:
        return f"Heartbeat {self.pk}"
