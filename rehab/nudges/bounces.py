"""What a mail provider reports later: that an address does not exist, that a mail was called spam, that somebody unsubscribed.

A mail server refuses a bad address at once; a provider takes every mail and tells hours later what became of it.
"""

import datetime as dt
import hashlib
import re
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

import structlog
from anymail.signals import AnymailTrackingEvent, EventType, RejectReason
from django.db import transaction

from accounts.models import AuditEvent, User, record
from rehab.nudges.models import NudgePreference

# Full, or against a policy: true of a good address too.
NOT_ABOUT_THE_ADDRESS: Final = re.compile(r"\b5\.(?:2\.2|7\.\d{1,3})\b")
# How each provider calls what may be mended by waiting; Anymail calls it bounced all the same.
SOFT: Final = frozenset({"soft_bounce", "SoftBounce", "Transient", "Temporary", "Undetermined"})

log = structlog.get_logger(__name__)


class Report(StrEnum):
    """What a report means for the person."""

    BOUNCED = "bounced"
    COMPLAINED = "complained"
    UNSUBSCRIBED = "unsubscribed"


class Outcome(StrEnum):
    """What became of a report."""

    NOTED = "noted"
    KNOWN = "known"
    NOBODY = "nobody"
    NOTHING = "nothing"


def report_of(event: AnymailTrackingEvent) -> Report | None:
    """What a provider's event means; nothing for a mail that arrived, was opened, or may still arrive."""
    if event.event_type == EventType.COMPLAINED:
        return Report.COMPLAINED
    if event.event_type == EventType.UNSUBSCRIBED:
        return Report.UNSUBSCRIBED
    hard = {
        EventType.BOUNCED: (RejectReason.BOUNCED, RejectReason.INVALID, RejectReason.BLOCKED),
        EventType.REJECTED: (RejectReason.BOUNCED, RejectReason.INVALID),
    }
    if event.reject_reason not in hard.get(event.event_type, ()) or _is_soft(event):
        return None
    return Report.BOUNCED


def note(event: AnymailTrackingEvent, *, provider: str, at: dt.datetime) -> Outcome:
    """Write down what a report means for the person of that address, once, however often it is told.

    After a bounce nobody writes there until the person asks for mail again; after a complaint, or where a person
    unsubscribed at the provider, mail is off. Alerts to the people of a clinic do not look at either: they are tried, and
    what becomes of them stands in the alert.
    """
    report, message = report_of(event), _message(event)
    outcome = Outcome.NOTHING if report is None else _note(report, event, provider=provider, message=message, at=at)
    log.info("mail report", provider=provider, report=report, outcome=outcome, message=message)
    return outcome


def _note(
    report: Report, event: AnymailTrackingEvent, *, provider: str, message: str | None, at: dt.datetime
) -> Outcome:
    address = str(event.recipient or "").strip().lower()
    # No database can look for what is no text.
    user = User.objects.filter(email=address).only("pk").first() if address.isprintable() else None
    if user is None:
        return Outcome.NOBODY
    kind, digest = f"nudges.{report}", _digest(report, event, provider=provider, user_id=user.pk)
    with transaction.atomic():
        preference = NudgePreference.objects.select_for_update().get(user=user)
        if AuditEvent.objects.filter(subject_id=user.pk, kind=kind, details__report=digest).exists():
            # Told again, perhaps days later: the person may have mended the address since.
            return Outcome.KNOWN
        if report == Report.BOUNCED:
            preference.bounced_at = at
        else:
            preference.email_enabled = False
        preference.save(update_fields=["bounced_at", "email_enabled"])
        record(
            kind, subject=preference, by=None, at=at, clinic_id=None, report=digest, provider=provider, message=message
        )
    return Outcome.NOTED


def _is_soft(event: AnymailTrackingEvent) -> bool:
    told: Any = event.esp_event
    if not hasattr(told, "get"):
        return False
    data = told.get("data")
    bounce = data.get("bounce") if isinstance(data, dict) else None
    kinds = (told.get("event"), told.get("Type"), bounce.get("type") if isinstance(bounce, dict) else None)
    answer = f"{event.mta_response or ''} {event.description or ''}"
    return any(kind in SOFT for kind in kinds) or NOT_ABOUT_THE_ADDRESS.search(answer) is not None


def _message(event: AnymailTrackingEvent) -> str | None:
    """The key that the channel gave the message: an id of ours, or nothing."""
    key = event.metadata.get("key") if isinstance(event.metadata, dict) else None
    try:
        return UUID(key).hex
    except (ValueError, TypeError, AttributeError):
        return None


def _digest(report: Report, event: AnymailTrackingEvent, *, provider: str, user_id: UUID) -> str:
    """The same for the same report; not every provider numbers its reports."""
    told = event.event_id or f"{event.message_id} {event.timestamp}"
    return hashlib.sha256(f"{provider} {report} {user_id} {told}".encode(errors="replace")).hexdigest()[:32]
