"""The signed links of messages: whoever holds one may do the one thing that it says, without signing in.

None of them expires, for a link in an old mail must still stop the mails; and none holds anything about a person but a key
that means nothing outside.
"""

from typing import Final
from uuid import UUID

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.urls import reverse

from rehab.nudges.models import Nudge

# One salt for each thing that a link may do, so that none does another's. "~" needs no escaping in a path.
_STOP: Final = Signer(salt="rehab.nudges.unsubscribe", sep="~")
_SNOOZE: Final = Signer(salt="rehab.nudges.snooze", sep="~")
_SEEN: Final = Signer(salt="rehab.nudges.seen", sep="~")


def stop_token(user_id: UUID) -> str:
    """A token that switches the reminders of this one person off, or lets them rest, and nothing else."""
    return _STOP.sign(user_id.hex)


def user_id_of(token: str) -> UUID | None:
    """The person of a stop token; nothing if it was not made here."""
    return _id_of(_STOP, token)


def snooze_token(nudge_id: UUID) -> str:
    """A token that lets the reminders of the person of this one message rest, and nothing else."""
    return _SNOOZE.sign(nudge_id.hex)


def snoozed_nudge_id_of(token: str) -> UUID | None:
    """The message of a snooze token; nothing if it was not made here."""
    return _id_of(_SNOOZE, token)


def seen_token(nudge_id: UUID) -> str:
    """A token that tells of this one message that it was shown or opened, and nothing else."""
    return _SEEN.sign(nudge_id.hex)


def seen_nudge_id_of(token: str) -> UUID | None:
    """The message of a seen token; nothing if it was not made here."""
    return _id_of(_SEEN, token)


def stop_url(user_id: UUID) -> str:
    """The absolute address of the page that stops a person's e-mails; mail programs post to it by themselves (RFC 8058)."""
    return absolute(reverse("nudges:unsubscribe", args=[stop_token(user_id)]))


def snooze_url(nudge: Nudge) -> str:
    """The absolute address of the page that gives the person of a message a break."""
    return absolute(reverse("nudges:snooze", args=[snooze_token(nudge.pk)]))


def seen_url(nudge: Nudge) -> str:
    """The absolute address that a phone tells that it has shown a message, or that the person has opened it."""
    return absolute(reverse("nudges:seen", args=[seen_token(nudge.pk)]))


def absolute(path: str) -> str:
    """The absolute address of a path of this site."""
    return f"{settings.BASE_URL}{path}"


def _id_of(signer: Signer, token: str) -> UUID | None:
    try:
        return UUID(hex=signer.unsign(token))
    except (BadSignature, ValueError):
        return None
