"""Mail through the web API of a provider, by django-anymail; what goes wrong is said in the words of SMTP.

So everything that sends mail knows one set of errors, whatever the way: a refused address, a refused message, a server
that is away. None of them carries the provider's own text, for that may name the person.
"""

import re
import smtplib
import time
from collections.abc import Callable, Sequence
from typing import Any, Final
from uuid import NAMESPACE_OID, UUID, uuid5

import structlog
from anymail.backends import brevo, mailgun, postmark, resend
from anymail.backends.base_requests import AnymailRequestsBackend
from anymail.exceptions import (
    AnymailInvalidAddress,
    AnymailRecipientsRefused,
    AnymailRequestsAPIError,
    AnymailSerializationError,
    AnymailUnsupportedFeature,
)
from anymail.utils import parse_single_address
from django.core.mail import EmailMessage
from requests import Response, Session

# What they say of an address that cannot be one: Resend's 422, Brevo's 400 and Mailgun's 400. Postmark has numbers, which
# Anymail reads.
BAD_ADDRESS: Final = re.compile(
    r"""invalid\s+[`'"]to[`'"]\s+field|not\ valid\ in\ to\b|[`'"]to[`'"]\s+parameter\ is\ not\ a\ valid\ address""",
    re.IGNORECASE | re.VERBOSE,
)
# About the installation and not the message: the sender is not confirmed, nothing is paid for. Everybody meets the same.
ABOUT_US: Final = re.compile(r"\b(?:from|sender|account|credits?|quota)\b", re.IGNORECASE)
ABOUT_THE_MESSAGE: Final = frozenset({400, 413, 422})
ACCEPTED: Final = frozenset({"sent", "queued"})
# Resend takes two messages a second where nothing else was agreed: so short a wait is not worth a later batch.
LONGEST_PAUSE_SECONDS: Final = 2.0

log = structlog.get_logger(__name__)


class PromisesNothing(Exception):
    """A success that does not say under which name the provider knows the message."""


class _Provider(AnymailRequestsBackend):
    """What all providers have in common. ``pause`` waits; ``email.idempotency_key`` stays when a message is sent again."""

    pause: Callable[[float], None] = staticmethod(time.sleep)

    def create_session(self) -> Session:
        session: Session = super().create_session()  # type: ignore[no-untyped-call]
        session.max_redirects = 0  # no provider redirects; what does is somebody else, who must not get the key
        return session

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Send one after the other over one session; returns how many the provider took.

        Raises: SMTPRecipientsRefused, SMTPDataError or SMTPServerDisconnected at the first that it did not.
        """
        for email in email_messages:
            self._send_one(email)
        return len(email_messages)

    def _send_one(self, email: EmailMessage, *, may_wait: bool = True) -> None:
        try:
            super().send_messages([email])  # type: ignore[no-untyped-call]
            if not _is_accepted(email):
                raise PromisesNothing
        except Exception as error:  # noqa: BLE001 (an answer may break its reader in any way; each becomes one of SMTP's)
            seconds = _pause_seconds(error)
            if may_wait and seconds is not None:
                self.pause(seconds)
                self._send_one(email, may_wait=False)
                return
            said = _in_smtp(error, email)
            log.warning(
                "mail provider did not take a message as it should",
                provider=self.esp_name,
                status=getattr(error, "status_code", None),
                error=_name(error),
                said=type(said).__name__ if said else "taken before",
            )
            if said is not None:
                raise said from None  # the provider's text may name the person


class Resend(_Provider, resend.EmailBackend):
    """Resend forgets a key after 24 hours."""

    def build_message_payload(self, message: EmailMessage, defaults: Any) -> Any:
        payload = super().build_message_payload(message, defaults)  # type: ignore[no-untyped-call]
        if key := getattr(message, "idempotency_key", ""):
            payload.headers["Idempotency-Key"] = key
        return payload


class Brevo(_Provider, brevo.EmailBackend):
    """Brevo wants the key as a UUID among the headers of the mail, and forgets it after 15 to 30 minutes."""

    def build_message_payload(self, message: EmailMessage, defaults: Any) -> Any:
        payload = super().build_message_payload(message, defaults)  # type: ignore[no-untyped-call]
        if key := getattr(message, "idempotency_key", ""):
            payload.data["headers"]["idempotencyKey"] = str(_as_uuid(key))
        return payload


class Postmark(_Provider, postmark.EmailBackend):
    """Postmark knows no such key: a message that was sent twice shows the same one in its metadata."""


class Mailgun(_Provider, mailgun.EmailBackend):
    """Mailgun knows no such key either."""


def _is_accepted(email: EmailMessage) -> bool:
    """Whether the provider said so, and under which name it knows the message; a 200 alone is no promise."""
    status = email.anymail_status  # type: ignore[attr-defined] # set by Anymail
    return bool(status.message_id) and bool(status.status) and status.status <= ACCEPTED


def _pause_seconds(error: Exception) -> float | None:
    """How long a provider that is asked too quickly wants us to wait, where that is not long."""
    if not isinstance(error, AnymailRequestsAPIError) or error.status_code != 429:
        return None
    seconds = _response(error).headers.get("Retry-After", "")
    return float(seconds) if seconds in ("0", "1", "2") else None


def _in_smtp(error: Exception, email: EmailMessage) -> smtplib.SMTPException | None:
    """What a mail server would have said in the place of the provider; nothing where the message was taken before."""
    match error:
        case AnymailRecipientsRefused():
            return _no_such_address(email)
        case AnymailInvalidAddress():
            return _no_such_address(email) if not _can_be_written_to(email.to[0]) else _refused()
        case AnymailUnsupportedFeature() | AnymailSerializationError():
            return _refused()
        case AnymailRequestsAPIError(status_code=int(status)) if status >= 400:
            return _of_answer(status, _response(error).text, email)
    # No connection, a time-out, an answer that nobody can read: whether the message was taken is not known.
    return smtplib.SMTPServerDisconnected("the provider does not answer")


def _response(error: AnymailRequestsAPIError) -> Response:
    response: Response = error.response  # type: ignore[has-type] # there is one where there is a status
    return response


def _of_answer(status: int, text: str, email: EmailMessage) -> smtplib.SMTPException | None:
    if status == 409 and "invalid_idempotent_request" in text:
        # The words have changed since, but a message with this key has gone out.
        return None
    if status == 409:
        return smtplib.SMTPDataError(451, b"4.3.0 the same message is under way")
    if status in ABOUT_THE_MESSAGE:
        if BAD_ADDRESS.search(text):
            return _no_such_address(email)
        if not ABOUT_US.search(text):
            return _refused()
    # Too many, too busy, a wrong key, nothing paid for: nothing that this person can mend.
    return smtplib.SMTPServerDisconnected("the provider takes no mail now")


def _refused() -> smtplib.SMTPException:
    return smtplib.SMTPDataError(554, b"5.6.0 message refused")


def _no_such_address(email: EmailMessage) -> smtplib.SMTPException:
    return smtplib.SMTPRecipientsRefused(dict.fromkeys(email.to, (550, b"5.1.1 no such address")))


def _can_be_written_to(address: str) -> bool:
    try:
        parse_single_address(address)  # type: ignore[no-untyped-call]
    except ValueError:
        return False
    return True


def _as_uuid(key: str) -> UUID:
    try:
        return UUID(key)
    except ValueError:
        return uuid5(NAMESPACE_OID, key)


def _name(error: Exception) -> str:
    """The first cause's class: “ReadTimeout” says more than “AnymailRequestsAPIError”."""
    return type(error.__cause__ or error).__name__
