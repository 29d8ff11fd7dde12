"""An invitation opens once, for the one it is for, and only by a tap."""

import datetime as dt
import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from accounts.invitations import (
    InvitationNotOpen,
    consume_invitation,
    create_invitation,
    find_open_invitation,
    revoke_invitation,
)
from accounts.models import AuditEvent, Clinic, Invitation, User
from tests import make

Change = Callable[[Invitation], object]
LATER = make.NOW + dt.timedelta(hours=1)


def test_only_the_hash_of_a_long_token_is_stored(clinic: Clinic, vet: User) -> None:
    invitation, token = create_invitation(clinic=clinic, email="", by=vet, at=make.NOW)
    assert len(token) >= 43  # 256 bits
    assert invitation.token_hash == hashlib.sha256(token.encode()).hexdigest()
    stored = Invitation.objects.filter(pk=invitation.pk).values().get()
    assert token not in str(stored)
    assert token not in str(list(AuditEvent.objects.values()))


def test_accepting_notes_who_and_when(clinic: Clinic, vet: User, owner: User) -> None:
    invitation, token = create_invitation(clinic=clinic, email="OWNER@example.test", by=vet, at=make.NOW)
    accepted = consume_invitation(token=token, by=owner, at=LATER)
    assert (accepted.pk, accepted.accepted_by, accepted.accepted_at) == (invitation.pk, owner, LATER)
    events = AuditEvent.objects.filter(subject_id=invitation.pk).order_by("at")
    assert [(event.kind, event.actor) for event in events] == [
        ("invitation.created", vet),
        ("invitation.accepted", owner),
    ]


def expired(invitation: Invitation) -> object:
    return Invitation.objects.filter(pk=invitation.pk).update(expires_at=LATER)


def revoked(invitation: Invitation) -> object:
    return revoke_invitation(invitation=invitation, by=invitation.invited_by, at=make.NOW)


def used(invitation: Invitation) -> object:
    return Invitation.objects.filter(pk=invitation.pk).update(accepted_at=make.NOW, accepted_by=invitation.invited_by)


@pytest.mark.parametrize("change", [expired, revoked, used])
def test_closed_invitation_is_refused(clinic: Clinic, vet: User, owner: User, change: Change) -> None:
    invitation, token = create_invitation(clinic=clinic, email="", by=vet, at=make.NOW)
    change(invitation)
    before = Invitation.objects.filter(pk=invitation.pk).values().get()
    assert find_open_invitation(token=token, at=LATER) is None
    with pytest.raises(InvitationNotOpen):
        consume_invitation(token=token, by=owner, at=LATER)
    assert Invitation.objects.filter(pk=invitation.pk).values().get() == before


def test_invitation_of_another_address_is_refused(clinic: Clinic, vet: User, owner: User) -> None:
    _invitation, token = create_invitation(clinic=clinic, email="someone@example.test", by=vet, at=make.NOW)
    with pytest.raises(InvitationNotOpen):
        consume_invitation(token=token, by=owner, at=LATER)
    assert find_open_invitation(token=token, at=LATER) is not None


@pytest.mark.parametrize("token", ["", "x", "\x00", "é" * 500, "\ud800"])
def test_unknown_token_is_refused(owner: User, token: str) -> None:
    with pytest.raises(InvitationNotOpen):
        consume_invitation(token=token, by=owner, at=LATER)


def test_fourteen_days_are_the_default_and_the_last_instant_is_out(clinic: Clinic, vet: User) -> None:
    _invitation, token = create_invitation(clinic=clinic, email="", by=vet, at=make.NOW)
    end = make.NOW + dt.timedelta(days=14)
    assert find_open_invitation(token=token, at=end - dt.timedelta(seconds=1)) is not None
    assert find_open_invitation(token=token, at=end) is None


def test_accepted_invitation_cannot_be_revoked(clinic: Clinic, vet: User, owner: User) -> None:
    invitation, token = create_invitation(clinic=clinic, email="", by=vet, at=make.NOW)
    consume_invitation(token=token, by=owner, at=LATER)
    with pytest.raises(InvitationNotOpen):
        revoke_invitation(invitation=invitation, by=vet, at=LATER)


@pytest.mark.django_db(transaction=True)
def test_ten_at_once_accept_once(clinic: Clinic, vet: User) -> None:
    _invitation, token = create_invitation(clinic=clinic, email="", by=vet, at=make.NOW)
    people = [make.make_user() for _ in range(10)]
    together = Barrier(len(people))

    def accept(user: User) -> bool:
        try:
            together.wait(timeout=20)
            consume_invitation(token=token, by=user, at=LATER)
        except InvitationNotOpen:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(len(people)) as pool:
        outcomes = list(pool.map(accept, people))
    assert sorted(outcomes) == [False] * 9 + [True]
    assert AuditEvent.objects.filter(kind="invitation.accepted").count() == 1
    assert Invitation.objects.get().accepted_by == people[outcomes.index(True)]
