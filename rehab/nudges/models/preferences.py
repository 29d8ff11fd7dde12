"""When and how people want to be reminded, and what a clinic chose about its reminders."""

from __future__ import annotations

from typing import ClassVar

from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Clinic, User
from rehab.lib.ids import new_id
from rehab.nudges.models.nudges import Nudge


class NudgePreference(models.Model):
    """When and how one person is reminded. A trigger of the database makes each person's row and keeps its zone.

    So one index says whose minute has come, in each zone, among any number of people. ``time_zone`` repeats the
    person's own; minutes count from 0:00 there and lie outside the quiet hours. While ``follows_habit``, ``remind_minute``
    moves with the time at which the person exercises the dog; a chosen time stays.
    """

    DEFAULT_MINUTE = 18 * 60
    DEFAULT_MORNING_MINUTE = 8 * 60 + 30

    user = models.OneToOneField(User, models.CASCADE, primary_key=True, related_name="nudge_preference")
    time_zone = models.CharField(max_length=64, default="UTC", db_default="UTC", editable=False)
    # Everything but what is about safety.
    reminds = models.BooleanField(_("remind me"), default=True, db_default=True)
    push_enabled = models.BooleanField(_("on this phone"), default=True, db_default=True)
    email_enabled = models.BooleanField(_("remind me by e-mail"), default=True, db_default=True)
    week_enabled = models.BooleanField(_("a summary each week"), default=True, db_default=True)
    follows_habit = models.BooleanField(_("when we usually do it"), default=True, db_default=True)
    remind_minute = models.PositiveSmallIntegerField(
        _("remind me at"),
        default=DEFAULT_MINUTE,
        db_default=DEFAULT_MINUTE,
        validators=[MaxValueValidator(1439)],
    )
    morning_minute = models.PositiveSmallIntegerField(
        _("in the morning at"),
        default=DEFAULT_MORNING_MINUTE,
        db_default=DEFAULT_MORNING_MINUTE,
        validators=[MaxValueValidator(1439)],
    )
    snoozed_until = models.DateTimeField(null=True, blank=True)
    # A permanent refusal by the mail server; writing again would only hurt delivery to everybody else.
    bounced_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(remind_minute__lte=1439), name="remind_minute_is_within_a_day"),
            models.CheckConstraint(condition=Q(morning_minute__lte=1439), name="morning_minute_is_within_a_day"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["time_zone", "remind_minute"], name="preference_by_zone_and_minute"),
            models.Index(fields=["time_zone", "morning_minute"], name="preference_by_zone_and_morning"),
        ]

    def __str__(self) -> str:
        return f"NudgePreference {self.pk}"


class ClinicNudges(models.Model):
    """What a clinic chose about the reminders to its families; a missing row means the defaults.

    ``measures``: a fifth of the routine reminders is withheld by lot, so that their effect can be told from chance.
    """

    clinic = models.OneToOneField(Clinic, models.CASCADE, primary_key=True, related_name="nudges")
    measures = models.BooleanField(_("measure whether reminders help"), default=True, db_default=True)

    def __str__(self) -> str:
        return f"ClinicNudges {self.pk}"


class NudgeText(models.Model):
    """A clinic's own words for one kind of nudge in one language, with placeholders such as ``{dog}``; no template code.

    A missing row means the words of the product. ``title`` may be empty: then only the text is the clinic's own.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    clinic = models.ForeignKey(Clinic, models.CASCADE, related_name="nudge_texts", db_index=False)
    kind = models.CharField(max_length=16, choices=Nudge.Kind.choices)
    language = models.CharField(max_length=8, choices=User.Language.choices)
    title = models.CharField(_("title"), max_length=80, blank=True)
    text = models.CharField(_("text"), max_length=400)
    changed_by = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    changed_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["clinic", "kind", "language"], name="one_text_per_clinic_kind_and_language"
            ),
            models.CheckConstraint(condition=~Q(text=""), name="a_clinics_text_says_something"),
        ]

    def __str__(self) -> str:
        return f"NudgeText {self.pk}"
