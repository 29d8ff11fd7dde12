"""Which browsers of whom take messages: kept when a browser asks, gone when it, its person or its session goes."""

import datetime as dt
import hashlib
import secrets
from collections import defaultdict
from collections.abc import Collection
from typing import Final
from uuid import UUID

from django.contrib.sessions.backends.base import SessionBase
from django.db import transaction
from django.http import HttpRequest

from accounts.models import User, record
from rehab.nudges.models import NudgePreference, PushSubscription
from rehab.nudges.push.subscriptions import Subscription, endpoint_hash

MOST_PHONES: Final = 10
# A session keeps its own mark, for its key changes at each sign-in.
SESSION_MARK: Final = "push_session"


class CannotSubscribe(Exception):
    """Something about this person or another stands against it."""


class OtherAccount(CannotSubscribe):
    """This browser gets the messages of somebody else: its own people must not read them by taking it over."""


class TooManyPhones(CannotSubscribe):
    """Ten browsers of one person take messages already."""


def save(*, subscription: Subscription, session_hash: str, user: User, at: dt.datetime) -> bool:
    """Keep a browser that asked for messages; says whether it is new. Asking again only brings its keys up to date.

    Raises: OtherAccount, TooManyPhones.
    """
    digest = endpoint_hash(subscription.endpoint)
    values = {
        "key": subscription.key,
        "auth": subscription.auth,
        "session_hash": session_hash,
        "label": subscription.label,
    }
    with transaction.atomic():
        # One at a time for each person, so that they cannot count past ten together.
        list(NudgePreference.objects.select_for_update(no_key=True).filter(user=user).values_list("pk"))
        others = PushSubscription.objects.filter(user=user).exclude(endpoint_hash=digest).count()
        phone, is_new = PushSubscription.objects.get_or_create(
            endpoint_hash=digest,
            defaults={"user": user, "endpoint": subscription.endpoint, "created_at": at, **values},
        )
        if phone.user_id != user.pk:
            raise OtherAccount
        if not is_new:
            PushSubscription.objects.filter(pk=phone.pk).update(**values)
            return False
        if others >= MOST_PHONES:
            raise TooManyPhones
        record("nudges.phone_added", subject=phone, by=user, at=at, clinic_id=None)
    return True


def remove(*, endpoint: str, user: User, at: dt.datetime) -> bool:
    """Forget one of the person's own browsers; says whether there was one."""
    with transaction.atomic():
        phone = PushSubscription.objects.filter(user=user, endpoint_hash=endpoint_hash(endpoint)).first()
        if phone is None:
            return False
        record("nudges.phone_removed", subject=phone, by=user, at=at, clinic_id=None)
        phone.delete()
    return True


def forget(ids: Collection[UUID]) -> None:
    """Forget browsers whose push service says that they are gone."""
    PushSubscription.objects.filter(pk__in=ids).delete()


def mark_sent(ids: Collection[UUID], *, at: dt.datetime) -> None:
    """Note that these browsers took a message."""
    PushSubscription.objects.filter(pk__in=ids).update(last_sent_at=at)


def phones_of(user_ids: Collection[UUID]) -> dict[UUID, list[PushSubscription]]:
    """The browsers of each of these people, the newest first; nobody's who may not sign in any more."""
    phones: dict[UUID, list[PushSubscription]] = defaultdict(list)
    rows = PushSubscription.objects.filter(user__in=user_ids, user__is_active=True)
    for phone in rows.order_by("-created_at", "-pk"):
        phones[phone.user_id].append(phone)
    return dict(phones)


def session_hash(session: SessionBase) -> str:
    """What tells this session's subscriptions from others; made at the first need and kept in the session."""
    mark = session.get(SESSION_MARK)
    if not isinstance(mark, str):
        mark = session[SESSION_MARK] = secrets.token_urlsafe(16)
    return hashlib.sha256(mark.encode()).hexdigest()


def end_session(*, request: HttpRequest | None, **_signal: object) -> None:
    """Forget the browsers of a session that ends, whatever the browser itself does; Django calls it at each sign-out."""
    if request is None or SESSION_MARK not in request.session:
        return
    PushSubscription.objects.filter(session_hash=session_hash(request.session)).delete()
