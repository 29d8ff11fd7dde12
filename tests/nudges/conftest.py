"""Families with an unfinished evening, and a real mail server that can be told how to behave."""

import asyncio
import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from pytest_django.fixtures import Settings

from rehab.programs.models import Program
from tests import make
from tests.journeys.stack import free_port
from tests.nudges.push_service import PushService, running


@pytest.fixture(autouse=True)
def _without_chance(settings: Settings) -> None:
    """Nobody is left out by lot and nothing is put off; the tests of chance switch it on."""
    settings.NUDGE_WITHHELD_PERCENT, settings.NUDGE_SPREAD_SECONDS = 0, 0


@pytest.fixture
def program(program: Program) -> Program:
    """Of a household that has long had it and said how the dog was yesterday: neither new nor silent."""
    program.patient.caregivers.update(started_at=program.created_at)
    make.make_pain(program.patient, make.TODAY - dt.timedelta(days=1))
    return program


@pytest.fixture
def evening(now: dt.datetime) -> dt.datetime:
    """18:00 where everybody lives who has not moved: the time of a reminder that nobody has changed."""
    return now.replace(hour=18, minute=0)


@pytest.fixture
def at_once(settings: Settings) -> None:
    """What is planned is ready at that instant and withheld from nobody, so that a test says when and to whom."""
    settings.NUDGE_SPREAD_SECONDS = settings.NUDGE_WITHHELD_PERCENT = 0


@dataclass
class MailSink:
    """A real SMTP server; ``refusals`` says what it answers to an address, ``data`` to a whole message."""

    port: int
    refusals: dict[str, str] = field(default_factory=dict)
    data: str = "250 OK"
    seconds: float = 0.0
    raw: list[bytes] = field(default_factory=list)
    sessions: int = 0

    @property
    def messages(self) -> list[EmailMessage]:
        return [message_from_bytes(raw, policy=default) for raw in self.raw]

    async def handle_EHLO(  # noqa: N802 (aiosmtpd's names)
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        self.sessions += 1
        session.host_name = hostname
        return responses

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        await asyncio.sleep(self.seconds)
        refusal = self.refusals.get(address)
        if refusal is None:
            envelope.rcpt_tos.append(address)
        return refusal or "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.data.startswith("2"):
            self.raw.append(envelope.original_content or b"")
        return self.data


@pytest.fixture
def mail_sink(settings: Settings) -> Iterator[MailSink]:
    """All mail of the test goes there, over SMTP."""
    sink = MailSink(port=free_port())
    controller = Controller(sink, hostname="127.0.0.1", port=sink.port)
    controller.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", sink.port, 5
    yield sink
    controller.stop()


@pytest.fixture
def push_service(settings: Settings) -> Iterator[PushService]:
    """A push service on this machine, which endpoints may lead to."""
    with running() as service:
        settings.PUSH_TEST_ORIGIN = service.origin
        yield service
