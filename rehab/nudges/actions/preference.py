"""What a person chose about being reminded."""

import datetime as dt
from dataclasses import asdict, dataclass
from typing import Final
from uuid import UUID

from django.db import transaction

from accounts.models import User, record
from rehab.nudges import schedule
from rehab.nudges.models import NudgePreference


@dataclass(frozen=True, kw_only=True)
class Wish:
    """How a person wants to be reminded; minutes count from 0:00 of the local day.

    ``remind_minute`` counts where the person does not follow the habit; otherwise it stays as it was learned.
    """

    reminds: bool = True
    push_enabled: bool = True
    email_enabled: bool = True
    week_enabled: bool = True
    follows_habit: bool = True
    remind_minute: int = NudgePreference.DEFAULT_MINUTE
    morning_minute: int = NudgePreference.DEFAULT_MORNING_MINUTE


FIELDS: Final = tuple(Wish.__dataclass_fields__)


def wish_of(preference: NudgePreference) -> Wish:
    return Wish(**{name: getattr(preference, name) for name in FIELDS})


def set_preference(*, user: User, wish: Wish, by: User, at: dt.datetime) -> NudgePreference:
    """Store when, how and whether a person is reminded; a time in the quiet hours becomes 8:00.

    Asking for mail also forgets that the address was refused: the person may have mended it.
    """
    with transaction.atomic():
        preference = _locked(user)
        for name in FIELDS:
            setattr(preference, name, getattr(wish, name))
        preference.remind_minute = schedule.reminder_minute(wish.remind_minute)
        preference.morning_minute = schedule.reminder_minute(wish.morning_minute)
        if preference.email_enabled:
            preference.bounced_at = None
        preference.save(update_fields=[*FIELDS, "bounced_at"])
        record(
            "nudges.preference_set",
            subject=preference,
            by=by,
            at=at,
            clinic_id=None,
            **asdict(wish_of(preference)),
        )
    return preference


def stop_reminders(*, user: User, by: User, at: dt.datetime) -> None:
    """Switch e-mail reminders off; once they are off, again changes nothing."""
    _switch_off("email_enabled", "nudges.stopped", user=user, by=by, at=at)


def stop_all(*, user: User, by: User, at: dt.datetime) -> None:
    """Switch everything off but what is about safety, on every way; once it is off, again changes nothing."""
    _switch_off("reminds", "nudges.stopped_all", user=user, by=by, at=at)


def snooze(*, user: User, until: dt.datetime, by: User, at: dt.datetime) -> dt.datetime:
    """No reminders until the instant; returns until when. A longer break that runs already stays."""
    with transaction.atomic():
        preference = _locked(user)
        if preference.snoozed_until is not None and preference.snoozed_until >= until:
            return preference.snoozed_until
        preference.snoozed_until = until
        preference.save(update_fields=["snoozed_until"])
        record("nudges.snoozed", subject=preference, by=by, at=at, clinic_id=None, snoozed_until=until.isoformat())
    return until


def end_snooze(*, user: User, by: User, at: dt.datetime) -> None:
    """Reminders come again; without a break that still runs, nothing changes."""
    with transaction.atomic():
        preference = _locked(user)
        if preference.snoozed_until is None or preference.snoozed_until <= at:
            return
        preference.snoozed_until = None
        preference.save(update_fields=["snoozed_until"])
        record("nudges.snooze_ended", subject=preference, by=by, at=at, clinic_id=None)


def mark_bounced(user_id: UUID, *, at: dt.datetime) -> None:
    """Note that the mail server knows no such address, and write there no more."""
    NudgePreference.objects.update_or_create(user_id=user_id, defaults={"bounced_at": at})


def _switch_off(name: str, kind: str, *, user: User, by: User, at: dt.datetime) -> None:
    with transaction.atomic():
        preference = _locked(user)
        if not getattr(preference, name):
            return
        setattr(preference, name, False)
        preference.save(update_fields=[name])
        record(kind, subject=preference, by=by, at=at, clinic_id=None)


def _locked(user: User) -> NudgePreference:
    return NudgePreference.objects.select_for_update().get(user=user)
