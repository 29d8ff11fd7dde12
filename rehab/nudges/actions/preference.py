"""What a person chose about being reminded."""

import datetime as dt
from uuid import UUID

from django.db import transaction

from accounts.models import User, record
from rehab.nudges import schedule
from rehab.nudges.models import NudgePreference


def set_preference(
    *, user: User, email_enabled: bool, remind_minute: int, by: User, at: dt.datetime
) -> NudgePreference:
    """Store when and whether a person is reminded; a time in the quiet hours becomes 8:00.

    Asking for mail again also forgets that the address was refused: the person may have mended it.
    """
    remind_minute = schedule.reminder_minute(remind_minute)
    with transaction.atomic():
        preference, _ = NudgePreference.objects.select_for_update().get_or_create(user=user)
        preference.email_enabled = email_enabled
        preference.remind_minute = remind_minute
        if email_enabled:
            preference.bounced_at = None
        preference.save(update_fields=["email_enabled", "remind_minute", "bounced_at"])
        record(
            "nudges.preference_set",
            subject=preference,
            by=by,
            at=at,
            clinic_id=None,
            email_enabled=email_enabled,
            remind_minute=remind_minute,
        )
    return preference


def stop_reminders(*, user: User, by: User, at: dt.datetime) -> None:
    """Switch e-mail reminders off; once they are off, again changes nothing."""
    with transaction.atomic():
        preference, _ = NudgePreference.objects.select_for_update().get_or_create(user=user)
        if not preference.email_enabled:
            return
        preference.email_enabled = False
        preference.save(update_fields=["email_enabled"])
        record("nudges.stopped", subject=preference, by=by, at=at, clinic_id=None)


def mark_bounced(user_id: UUID, *, at: dt.datetime) -> None:
    """Note that the mail server knows no such address, and write there no more."""
    NudgePreference.objects.update_or_create(user_id=user_id, defaults={"bounced_at": at})
