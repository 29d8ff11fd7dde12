"""Ways to a person: each takes a message and says what became of it.

E-mail here, over SMTP or a provider's web API; web push has messages of its own. What a message is about, and when it is
tried again, is for its sender.
"""

import re
import smtplib
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parseaddr
from enum import StrEnum
from types import TracebackType
from typing import Final, Protocol, Self

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend

# "No such mailbox", without or with an enhanced status (RFC 5321, RFC 3463): 5.1.x is about the address, while
# the same 550 with 5.7.x is about policy and says nothing about the person.
ADDRESS_CODES: Final = frozenset({550, 551, 553})
# Servers that send a message only once under the same key, and the header in which they look for it.
KEY_HEADERS: Final[dict[str, str]] = {"smtp.resend.com": "Resend-Idempotency-Key"}
ENHANCED_STATUS = re.compile(rb"^\s*5\.(\d{1,3})\.\d{1,3}\b")


class State(StrEnum):
    """What became of a message: sent, to be tried again, or failed for good."""

    SENT = "sent"
    RETRY = "retry"
    FAILED = "failed"


class Reason(StrEnum):
    """Why it was not sent, or not yet."""

    NO_ANSWER = "no_answer"
    REFUSED = "refused"
    ADDRESS_REFUSED = "address_refused"


@dataclass(frozen=True, kw_only=True)
class Message:
    """One message to one person; ``key`` stays when it is sent again, so that the other end can tell.

    It becomes the Message-ID where the headers bring none, and the key by which a provider sends a message only once.
    """

    key: str
    to: str
    subject: str
    text: str
    html: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a message, and why where it was not sent.

    ``channel_is_away`` says that the next message would meet the same: there is no use in trying more now.
    """

    state: State
    reason: Reason | None = None
    channel_is_away: bool = False


SENT: Final = Outcome(state=State.SENT)
AWAY: Final = Outcome(state=State.RETRY, reason=Reason.NO_ANSWER, channel_is_away=True)


class Channel(Protocol):
    """A way to people that is opened once for many messages."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def send(self, message: Message) -> Outcome: ...


class EmailChannel:
    """Mail over one connection, opened at the first message; EMAIL_TIMEOUT bounds the wait for each answer.

    The backends of ``rehab.lib.mail_providers`` raise the errors of SMTP too.
    """

    def __init__(self) -> None:
        self._connection: BaseEmailBackend | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._connection is not None:
            try:
                self._connection.close()
            except (OSError, smtplib.SMTPException):
                self._connection = None  # what was accepted is accepted; a failed goodbye changes nothing

    def send(self, message: Message) -> Outcome:
        mail = EmailMultiAlternatives(
            subject=message.subject, body=message.text, to=[message.to], headers=_headers(message)
        )
        mail.attach_alternative(message.html, "text/html")
        mail.idempotency_key = message.key  # type: ignore[attr-defined] # read by rehab.lib.mail_providers
        mail.metadata = {"key": message.key}  # type: ignore[attr-defined] # by which the provider's log finds it
        try:
            if self._connection is None:
                fresh = get_connection()
                fresh.open()
                self._connection = fresh
            mail.connection = self._connection
            mail.send()
        except smtplib.SMTPRecipientsRefused as refused:
            code, text = next(iter(refused.recipients.values()))
            return _refusal(code, text, is_address=True)
        except smtplib.SMTPDataError as refused:
            return _refusal(refused.smtp_code, refused.smtp_error, is_address=False)
        except (smtplib.SMTPException, OSError):
            # No connection, a time-out, wrong credentials, a refused sender: nothing that this person can mend.
            return AWAY
        return SENT


def _headers(message: Message) -> dict[str, str]:
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]
    headers = {"Message-ID": f"<{message.key}@{domain}>", **message.headers}
    if key_header := KEY_HEADERS.get(getattr(settings, "EMAIL_HOST", "")):
        headers[key_header] = message.key
    return headers


def _refusal(code: int, text: bytes | str, *, is_address: bool) -> Outcome:
    if not 500 <= code < 600:
        return Outcome(state=State.RETRY, reason=Reason.NO_ANSWER, channel_is_away=code == 421)
    if is_address and code in ADDRESS_CODES:
        status = ENHANCED_STATUS.match(text if isinstance(text, bytes) else text.encode())
        if status is None or status[1] == b"1":
            return Outcome(state=State.FAILED, reason=Reason.ADDRESS_REFUSED)
    return Outcome(state=State.FAILED, reason=Reason.REFUSED)
