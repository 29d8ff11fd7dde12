"""E-mail against a real SMTP server that is willing, busy, unwilling or asleep."""

import datetime as dt
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest
import structlog
from pytest_django.fixtures import Settings
from structlog.testing import capture_logs

from accounts.models import User
from rehab.guidance.alerting.delivering import deliver_alerts
from rehab.guidance.models import AlertDelivery
from rehab.lib.channels import AWAY, KEY_HEADERS, SENT, EmailChannel, Message, Outcome, Reason, State
from rehab.nudges import journal
from rehab.nudges.actions import deliver_batch, plan
from rehab.nudges.models import ClinicNudges, Nudge, NudgePreference
from rehab.programs.models import Program
from tests.guidance.alerting.conftest import Raised, raised
from tests.journeys.stack import free_port
from tests.lib.provider import Answer, serving
from tests.lib.test_mail_providers import TAKEN, use
from tests.make import NOW
from tests.nudges.conftest import MailSink

__all__ = ["raised"]  # a fixture

RETRY = Outcome(state=State.RETRY, reason=Reason.NO_ANSWER)
REFUSED = Outcome(state=State.FAILED, reason=Reason.REFUSED)
NO_SUCH_ADDRESS = Outcome(state=State.FAILED, reason=Reason.ADDRESS_REFUSED)


def letter(to: str = "olga@example.test") -> Message:
    return Message(
        key="0" * 32,
        to=to,
        subject="Bruno: Two left",
        text="Two left.",
        html="<p>Two left.</p>",
        headers={"Message-ID": "<nudge-0@example.test>", "Auto-Submitted": "auto-generated"},
    )


def send(*messages: Message) -> list[Outcome]:
    with EmailChannel() as channel:
        return [channel.send(message) for message in messages]


def test_messages_of_a_batch_go_over_one_connection(mail_sink: MailSink) -> None:
    assert send(letter("a@example.test"), letter("b@example.test"), letter("c@example.test")) == [SENT] * 3
    assert (mail_sink.sessions, [message["To"] for message in mail_sink.messages]) == (
        1,
        ["a@example.test", "b@example.test", "c@example.test"],
    )


def test_message_without_an_id_of_its_own_carries_its_key(mail_sink: MailSink) -> None:
    bare = Message(key="0190c0de", to="olga@example.test", subject="s", text="t", html="<p>h</p>")
    assert send(bare, bare) == [SENT, SENT]
    assert [message["Message-ID"] for message in mail_sink.messages] == ["<0190c0de@localhost>"] * 2
    assert mail_sink.messages[0]["Resend-Idempotency-Key"] is None


def test_server_that_knows_keys_is_told_the_key(mail_sink: MailSink, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(KEY_HEADERS, "127.0.0.1", KEY_HEADERS["smtp.resend.com"])
    send(letter())
    assert mail_sink.messages[0]["Resend-Idempotency-Key"] == "0" * 32


def test_no_message_is_no_connection(mail_sink: MailSink) -> None:
    assert send() == []
    assert mail_sink.sessions == 0


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ("451 4.7.1 greylisted, come back", RETRY),
        ("450 mailbox busy", RETRY),
        ("452 4.2.2 over quota", RETRY),
        ("550 no such user", NO_SUCH_ADDRESS),
        ("550 5.1.1 no such user", NO_SUCH_ADDRESS),
        ("553 5.1.3 bad address syntax", NO_SUCH_ADDRESS),
        ("551 user not local", NO_SUCH_ADDRESS),
        ("550 5.7.1 rejected by policy", REFUSED),
        ("552 5.2.2 mailbox full", REFUSED),
        ("554 5.7.1 listed as a sender of spam", REFUSED),
    ],
)
def test_answer_about_an_address_decides_and_the_next_one_is_sent(
    mail_sink: MailSink, answer: str, outcome: Outcome
) -> None:
    mail_sink.refusals["olga@example.test"] = answer
    assert send(letter(), letter("next@example.test")) == [outcome, SENT]
    assert mail_sink.sessions == 1


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [("451 4.3.0 try later", RETRY), ("554 5.6.0 content refused", REFUSED), ("550 5.1.1 after all", REFUSED)],
)
def test_answer_about_a_message_never_speaks_about_the_address(
    mail_sink: MailSink, answer: str, outcome: Outcome
) -> None:
    mail_sink.data = answer
    assert send(letter()) == [outcome]


def test_server_that_closes_the_door_is_away(mail_sink: MailSink) -> None:
    mail_sink.refusals["olga@example.test"] = "421 4.3.2 shutting down"
    assert [outcome.channel_is_away for outcome in send(letter())] == [True]


def test_server_that_never_answers_is_given_up_after_the_time_out(mail_sink: MailSink, settings: Settings) -> None:
    settings.EMAIL_TIMEOUT = 0.3
    mail_sink.seconds = 1.0
    begun = time.monotonic()
    assert send(letter()) == [AWAY]
    assert time.monotonic() - begun < 1.0


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A server that takes the connection and then says nothing at all."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        accepted: list[socket.socket] = []

        def accept() -> None:
            try:
                accepted.append(server.accept()[0])
            except OSError:
                return

        thread = Thread(target=accept, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        for connection in accepted:
            connection.close()


def test_server_that_does_not_greet_is_given_up_after_the_time_out(
    mail_sink: MailSink, settings: Settings, silent_port: int
) -> None:
    settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = silent_port, 0.3
    assert send(letter()) == [AWAY]


def test_no_server_is_away(mail_sink: MailSink, settings: Settings) -> None:
    settings.EMAIL_PORT = free_port()
    assert send(letter()) == [AWAY]


def test_folder_that_cannot_be_written_is_away(settings: Settings, tmp_path: Path) -> None:
    """The embedded installation writes mail to files: a full disk must not end the batch."""
    (tmp_path / "mail").write_text("a file where the folder should be")
    settings.EMAIL_BACKEND = "rehab.lib.eml.EmailBackend"
    settings.EMAIL_FILE_PATH = str(tmp_path / "mail")
    assert send(letter()) == [AWAY]


def plan_and_deliver(program: Program, *, at: dt.datetime) -> None:
    """Nothing is left to the lot, and the last of what is spread out over the minutes has its turn."""
    ClinicNudges.objects.update_or_create(clinic=program.clinic, defaults={"measures": False})
    plan(at=at)
    deliver_batch(at=at + dt.timedelta(minutes=15))


@pytest.mark.parametrize(
    ("answer", "state", "reason"),
    [
        (None, "sent", ""),
        ("451 4.7.1 greylisted", "retry", "no_answer"),
        ("550 5.1.1 no such user", "failed", "address_refused"),
        ("550 5.7.1 policy", "failed", "refused"),
    ],
)
def test_row_says_what_the_real_server_said(
    program: Program,
    owner: User,
    evening: dt.datetime,
    mail_sink: MailSink,
    answer: str | None,
    state: str,
    reason: str,
) -> None:
    if answer is not None:
        mail_sink.refusals[owner.email] = answer
    plan_and_deliver(program, at=evening)
    nudge = Nudge.objects.get()
    assert (nudge.state, nudge.reason) == (state, reason)
    assert NudgePreference.objects.filter(bounced_at__isnull=False).exists() is (reason == "address_refused")
    assert len(mail_sink.raw) == (1 if answer is None else 0)


def test_sleeping_server_leaves_the_row_to_be_tried_again(
    program: Program, evening: dt.datetime, mail_sink: MailSink, settings: Settings
) -> None:
    settings.EMAIL_TIMEOUT = 0.3
    mail_sink.seconds = 1.0
    plan_and_deliver(program, at=evening)
    assert list(Nudge.objects.values_list("state", "reason")) == [("retry", "no_answer")]


@pytest.mark.parametrize(
    ("answer", "state", "reason"),
    [
        (Answer(body=TAKEN["resend"]), "sent", ""),
        (Answer(body="<html>Welcome to the hotel</html>"), "retry", "no_answer"),
        (Answer(status=429, body="{}"), "retry", "no_answer"),
        (Answer(status=500, body="{}"), "retry", "no_answer"),
        (Answer(status=422, body='{"message": "Missing `subject` field."}'), "failed", "refused"),
        (Answer(status=422, body='{"message": "Invalid `to` field."}'), "failed", "address_refused"),
    ],
)
def test_row_and_log_say_what_the_provider_said(
    program: Program, owner: User, evening: dt.datetime, settings: Settings, answer: Answer, state: str, reason: str
) -> None:
    with serving(answer) as provider, capture_logs() as logs:
        use(settings, "resend", provider.url)
        plan_and_deliver(program, at=evening)
    nudge = Nudge.objects.get()
    assert (nudge.state, nudge.reason, nudge.channel) == (state, reason, "email")
    assert NudgePreference.objects.filter(bounced_at__isnull=False).exists() is (reason == "address_refused")
    assert [asked.headers["Idempotency-Key"] for asked in provider.asked] == [nudge.pk.hex]
    told = {"nudge_id": str(nudge.pk), "kind": nudge.kind, "outcome": state, "reason": reason, "channel": "email"}
    assert [told.items() <= line.items() for line in logs if line["event"] == "nudge"] == [True]
    assert [line["rows"] for line in logs if line["event"] == "nudges planned"] == [1]
    for secret in (owner.email, owner.name, "Bruno"):
        assert secret not in str(logs)


@pytest.mark.parametrize(
    ("answer", "state", "outcome"),
    [
        (Answer(body=TAKEN["resend"]), "sent", ""),
        (Answer(status=503, body="{}"), "retry", "no_answer"),
        (Answer(status=422, body='{"message": "Invalid `to` field."}'), "failed", "address_refused"),
    ],
)
def test_alert_goes_through_the_provider_too(
    raised: Raised, settings: Settings, answer: Answer, state: str, outcome: str
) -> None:
    raised("RF01")
    with serving(answer) as provider:
        use(settings, "resend", provider.url)
        deliver_alerts(at=NOW)
    delivery = AlertDelivery.objects.earliest("pk")
    assert (delivery.state, delivery.outcome) == (state, outcome)
    assert [asked.headers["Idempotency-Key"] for asked in provider.asked] == [delivery.pk.hex]


def test_lines_of_a_channel_carry_the_nudge_that_it_sends() -> None:
    nudge = Nudge(kind="reply")
    with journal.about(nudge):
        bound = structlog.contextvars.get_contextvars()
    assert bound == {"nudge_id": str(nudge.pk), "kind": "reply"}
    assert structlog.contextvars.get_contextvars() == {}
