"""Links that let one person join; what the person joins is the business of higher apps."""

import datetime as dt
import hashlib
import secrets

from django.db import transaction
from django.db.models import Q

from accounts.models import Clinic, Invitation, User, record

TOKEN_BYTES = 32
DAYS_OPEN = 14


class InvitationNotOpen(Exception):
    """Unknown, expired, withdrawn, used, or meant for another address: one answer for all."""


def token_hash(token: str) -> str:
    """What is stored of a token; it is random and long, so a plain SHA-256 cannot be guessed back."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


@transaction.atomic
def create_invitation(
    *, clinic: Clinic, email: str, by: User, at: dt.datetime, days: int = DAYS_OPEN
) -> tuple[Invitation, str]:
    """Open an invitation and return it with its token, which exists nowhere else.

    With an ``email`` only the person of that address can accept; without one, whoever holds the link.
    """
    token = secrets.token_urlsafe(TOKEN_BYTES)
    invitation = Invitation.objects.create(
        clinic=clinic,
        token_hash=token_hash(token),
        email=email.lower(),
        invited_by=by,
        created_at=at,
        expires_at=at + dt.timedelta(days=days),
    )
    record("invitation.created", subject=invitation, by=by, at=at, clinic_id=clinic.pk)
    return invitation, token


def find_open_invitation(*, token: str, at: dt.datetime) -> Invitation | None:
    """The invitation of a token, with its clinic, while it can still be accepted."""
    return Invitation.objects.open(at=at).filter(token_hash=token_hash(token)).select_related("clinic").first()


def is_for(invitation: Invitation, user: User) -> bool:
    """Whether the person is the invited one."""
    return invitation.email in {"", user.email}


@transaction.atomic
def consume_invitation(*, token: str, by: User, at: dt.datetime) -> Invitation:
    """Accept an invitation for the person; of many who try at once, one succeeds.

    Call it inside the transaction that gives the person what the invitation promised.

    Raises:
        InvitationNotOpen: it cannot be accepted by this person now.
    """
    invitation = Invitation.objects.filter(token_hash=token_hash(token))
    accepted = invitation.open(at=at).filter(Q(email="") | Q(email=by.email)).update(accepted_at=at, accepted_by=by)
    if not accepted:
        raise InvitationNotOpen
    row = invitation.select_related("clinic").get()
    record("invitation.accepted", subject=row, by=by, at=at, clinic_id=row.clinic_id)
    return row


@transaction.atomic
def revoke_invitation(*, invitation: Invitation, by: User, at: dt.datetime) -> None:
    """Withdraw an invitation that nobody has accepted.

    Raises:
        InvitationNotOpen: it was accepted, withdrawn or has expired.
    """
    if not Invitation.objects.open(at=at).filter(pk=invitation.pk).update(revoked_at=at):
        raise InvitationNotOpen
    record("invitation.revoked", subject=invitation, by=by, at=at, clinic_id=invitation.clinic_id)
