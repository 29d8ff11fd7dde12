"""The way to people's phones: encrypts a message for each of a person's browsers and hands it to their push services.

A push service never sees the words; what it answers says only whether it will try, not whether the phone showed anything.
"""

import datetime as dt
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from enum import StrEnum
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlsplit
from uuid import UUID

import requests
import urllib3
from django.conf import settings
from http_ece import ECEException
from pywebpush import WebPusher, WebPushException

from rehab.lib import channels
from rehab.nudges.models import Nudge, PushSubscription
from rehab.nudges.push import endpoints, keys
from rehab.nudges.push.connecting import NotPublic, open_session
from rehab.nudges.push.messages import MOST_BYTES, PushMessage

Reason = Nudge.Reason

# Without a limit a push service that never answers would hold a worker for ever.
TIMEOUT_SECONDS: Final = 5.0
# What an answer says is never looked at; read up to here, its connection serves the next message.
ANSWER_BYTES: Final = 4096

logger = logging.getLogger(__name__)


class Answer(StrEnum):
    """What became of one message at one browser's push service."""

    TAKEN = "taken"
    GONE = "gone"
    LATER = "later"
    UNREACHED = "unreached"
    NO_ANSWER = "no_answer"
    UNCLEAR = "unclear"
    REFUSED = "refused"
    MOVED = "moved"
    NOT_ALLOWED = "not_allowed"


# After these the same may go well later; after those of them that are not here, nobody knows whether it was taken.
NOT_TAKEN: Final = frozenset({Answer.LATER, Answer.UNREACHED})
AGAIN: Final = NOT_TAKEN | {Answer.NO_ANSWER, Answer.UNCLEAR}
# These are our fault or somebody's attempt, and never pass by themselves.
OURS: Final = frozenset({Answer.REFUSED, Answer.MOVED, Answer.NOT_ALLOWED})


@dataclass(frozen=True, kw_only=True)
class PushOutcome:
    """What became of a message at all of a person's browsers together.

    ``taken`` and ``gone`` are subscriptions; those that are gone take nothing any more. ``is_known`` where it was not sent:
    certainly nobody took it. ``wait_seconds`` is how long a push service asks to be left alone.
    """

    state: channels.State
    reason: Nudge.Reason | None = None
    is_known: bool = True
    taken: tuple[UUID, ...] = ()
    gone: tuple[UUID, ...] = ()
    wait_seconds: float = 0.0


class PushChannel:
    """Pushes over connections that are opened at the first message and kept for a batch."""

    def __init__(self) -> None:
        self._session: requests.Session | None = None
        # Services that did not answer are not asked again for each message of a batch.
        self._away: set[str] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            self._session.close()

    def send(
        self, message: PushMessage, phones: Sequence[PushSubscription], *, at: dt.datetime, until: dt.datetime
    ) -> PushOutcome:
        """Give the message to each of one person's browsers; it is sent when one of their services took it.

        ``until`` is when it makes no sense any more: no service keeps it longer. To be tried again only where none took it
        and not all are known to have failed.
        """
        if len(message.encoded) > MOST_BYTES:
            logger.error("push of %d bytes is more than a push service takes", len(message.encoded))
            return PushOutcome(state=channels.State.FAILED, reason=Reason.GAVE_UP)
        taken: list[UUID] = []
        gone: list[UUID] = []
        answers: set[Answer] = set()
        wait_seconds = 0.0
        for phone in phones:
            answer, seconds = self._give(message, phone, at=at, until=until)
            answers.add(answer)
            if answer is Answer.TAKEN:
                taken.append(phone.pk)
            elif answer is Answer.GONE:
                gone.append(phone.pk)
            wait_seconds = max(wait_seconds, seconds)
        if taken:
            return PushOutcome(state=channels.State.SENT, taken=tuple(taken), gone=tuple(gone))
        if answers & AGAIN:
            return PushOutcome(
                state=channels.State.RETRY,
                reason=Reason.PHONE_AWAY,
                is_known=not answers & (AGAIN - NOT_TAKEN),
                gone=tuple(gone),
                wait_seconds=wait_seconds,
            )
        reason = Reason.GAVE_UP if answers & OURS else Reason.PHONE_GONE
        return PushOutcome(state=channels.State.FAILED, reason=reason, gone=tuple(gone))

    def _give(
        self, message: PushMessage, phone: PushSubscription, *, at: dt.datetime, until: dt.datetime
    ) -> tuple[Answer, float]:
        test_origin = settings.PUSH_TEST_ORIGIN
        signer = keys.signer()
        if signer is None or endpoints.refusal(phone.endpoint, test_origin=test_origin) is not None:
            return _named(Answer.NOT_ALLOWED, phone), 0.0
        origin = endpoints.origin(phone.endpoint)
        if origin in self._away:
            return Answer.UNREACHED, 0.0
        try:
            body = _encrypted(message, phone)
        except (ValueError, IndexError, ECEException, WebPushException):
            # Nothing can be encrypted with its keys: a row that was never a phone of ours.
            return _named(Answer.GONE, phone), 0.0
        headers = {
            **signer.headers(audience=origin, at=at),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(max(0, min(message.ttl, int((until - at).total_seconds())))),
            "Urgency": message.urgency,
            "Topic": message.topic,
        }
        if self._session is None:
            self._session = open_session(test_origin=test_origin)
        try:
            with self._session.post(
                phone.endpoint,
                data=body,
                headers=headers,
                timeout=TIMEOUT_SECONDS,
                allow_redirects=False,
                stream=True,
            ) as response:
                answer, seconds = _read(response.status_code, response.headers.get("Retry-After", ""), at=at)
                if response.status_code == 503:
                    self._away.add(origin)
                _drain(response)
        except NotPublic:
            return _named(Answer.NOT_ALLOWED, phone), 0.0
        except requests.RequestException as error:
            # Its text is not logged: it holds the endpoint, with which others could try to reach this phone.
            self._away.add(origin)
            return _named(Answer.UNREACHED if _is_unconnected(error) else Answer.NO_ANSWER, phone), 0.0
        if answer is not Answer.TAKEN:
            _named(answer, phone, code=response.status_code)
        return answer, seconds


def _encrypted(message: PushMessage, phone: PushSubscription) -> bytes:
    pusher = WebPusher({"endpoint": phone.endpoint, "keys": {"p256dh": phone.key, "auth": phone.auth}})
    body: bytes = pusher.encode(message.encoded)["body"]
    return body


def _read(code: int, retry_after: str, *, at: dt.datetime) -> tuple[Answer, float]:
    """What an answer of a push service means (RFC 8030), and for how many seconds it asks to be left alone."""
    if code in (200, 201, 202, 204):
        return Answer.TAKEN, 0.0
    if code in (404, 410):
        return Answer.GONE, 0.0
    if code == 429 or 500 <= code < 600:
        return Answer.LATER, _seconds(retry_after, at=at)
    if 300 <= code < 400:
        return Answer.MOVED, 0.0
    return (Answer.REFUSED if 400 <= code < 500 else Answer.UNCLEAR), 0.0


def _seconds(retry_after: str, *, at: dt.datetime) -> float:
    """A Retry-After header, which is seconds or a date (RFC 9110), as seconds; 0 where it says nothing."""
    text = retry_after.strip()
    if text.isascii() and text.isdecimal():
        return float(text[:9])
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return 0.0
    return max(0.0, (date - at).total_seconds()) if date.tzinfo is not None else 0.0


def _is_unconnected(error: requests.RequestException) -> bool:
    """Whether there was no connection, so that nothing has left us."""
    cause = error.args[0] if error.args else None
    reason = getattr(cause, "reason", None)
    return isinstance(error, requests.ConnectTimeout | requests.exceptions.SSLError) or isinstance(
        reason, urllib3.exceptions.NewConnectionError
    )


def _drain(response: requests.Response) -> None:
    try:
        response.raw.read(ANSWER_BYTES)
    except (urllib3.exceptions.HTTPError, OSError):
        return  # the answer is known; only the connection is not worth keeping


def _named(answer: Answer, phone: PushSubscription, *, code: int | None = None) -> Answer:
    """Log what became of it: by the key of the row, for whoever has the endpoint or the words has too much."""
    level = logging.ERROR if answer in OURS else logging.WARNING if answer in AGAIN else logging.INFO
    host = urlsplit(phone.endpoint).hostname
    logger.log(level, "push to %s through %s: %s (%s)", phone.pk, host, answer, code or "no answer")
    return answer
