"""Mail through a provider's web API, against a real HTTP server that is willing, busy, broken or asleep."""

import json
import time
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.mail import EmailMessage
from pytest_django import Settings
from structlog.testing import capture_logs

from rehab.lib import mail_providers
from rehab.lib.channels import AWAY, SENT, EmailChannel, Message, Outcome, Reason, State
from tests.journeys.stack import free_port
from tests.lib.provider import Answer, FakeProvider, serving

RETRY = Outcome(state=State.RETRY, reason=Reason.NO_ANSWER)
REFUSED = Outcome(state=State.FAILED, reason=Reason.REFUSED)
NO_SUCH_ADDRESS = Outcome(state=State.FAILED, reason=Reason.ADDRESS_REFUSED)
KEY = "0190c0de000070008000000000000001"
API_KEY = "re_0123456789abcdef"
TAKEN = {
    "resend": '{"id": "49a3999c-0ce1-4ea6-ab68-afcd6dc2e794"}',
    "brevo": '{"messageId": "<202601@smtp-relay.mailin.fr>"}',
    "postmark": '{"ErrorCode": 0, "Message": "OK", "MessageID": "b7bc2f4a", "To": "olga@example.test"}',
    "mailgun": '{"id": "<2026@mg.example.test>", "message": "Queued. Thank you."}',
}


def letter(to: str = "olga@example.test", **changed: Any) -> Message:
    values: dict[str, Any] = {"subject": "Bruno: Two left", "text": "Two left.", "html": "<p>Two left.</p>"}
    return Message(key=KEY, to=to, headers={"Auto-Submitted": "auto-generated"}, **{**values, **changed})


def send(*messages: Message) -> list[Outcome]:
    with EmailChannel() as channel:
        return [channel.send(message) for message in messages]


def use(settings: Settings, name: str, url: str) -> None:
    """What the settings make of EMAIL_URL, but for where the provider lives."""
    settings.EMAIL_BACKEND = f"rehab.lib.mail_providers.{name.capitalize()}"
    settings.MAIL_PROVIDER = name
    settings.ANYMAIL = {
        "RESEND_API_KEY": API_KEY,
        "BREVO_API_KEY": API_KEY,
        "POSTMARK_SERVER_TOKEN": API_KEY,
        "MAILGUN_API_KEY": API_KEY,
        "REQUESTS_TIMEOUT": 2,
        f"{name.upper()}_API_URL": url,
    }


@pytest.fixture(params=sorted(TAKEN))
def each(request: pytest.FixtureRequest, settings: Settings) -> Iterator[FakeProvider]:
    """Each provider in turn, as it is when all is well."""
    with serving(Answer(body=TAKEN[request.param])) as server:
        use(settings, request.param, server.url)
        yield server


@pytest.fixture
def resend(settings: Settings) -> Iterator[FakeProvider]:
    with serving(Answer(body=TAKEN["resend"])) as server:
        use(settings, "resend", server.url)
        yield server


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long the sender would have waited."""
    waited: list[float] = []
    monkeypatch.setattr(mail_providers._Provider, "pause", staticmethod(waited.append))
    return waited


def test_message_reaches_the_provider_whole(each: FakeProvider) -> None:
    assert send(letter()) == [SENT]
    [asked] = each.asked
    keys = (API_KEY, f"Bearer {API_KEY}", f"Basic {b64encode(f'api:{API_KEY}'.encode()).decode()}")
    assert any(value in keys for value in asked.headers.values())
    for told in ("olga@example.test", "Two left.", "Auto-Submitted", KEY):
        assert told in asked.body.replace("%40", "@").replace("+", " ")


def test_messages_of_a_batch_go_over_one_connection(each: FakeProvider) -> None:
    assert send(letter(), letter(), letter()) == [SENT] * 3
    assert (len(each.asked), len({asked.connection for asked in each.asked})) == (3, 1)


def test_no_message_asks_nothing(each: FakeProvider) -> None:
    assert send() == []
    assert each.asked == []


def test_resend_is_told_the_key_that_stays(resend: FakeProvider) -> None:
    send(letter(), letter())
    assert [asked.headers["Idempotency-Key"] for asked in resend.asked] == [KEY, KEY]
    assert resend.asked[0].json["headers"]["Message-ID"] == f"<{KEY}@localhost>"


def test_brevo_is_told_the_key_as_a_uuid_among_the_headers_of_the_mail(settings: Settings) -> None:
    with serving(Answer(body=TAKEN["brevo"])) as server:
        use(settings, "brevo", server.url)
        send(letter(), Message(key="not a uuid", to="a@example.test", subject="s", text="t", html="h"))
    keys = [asked.json["headers"]["idempotencyKey"] for asked in server.asked]
    assert keys == ["0190c0de-0000-7000-8000-000000000001", str(mail_providers._as_uuid("not a uuid"))]


@pytest.mark.parametrize("name", ["postmark", "mailgun"])
def test_where_there_is_no_such_key_the_message_can_be_found_by_it(settings: Settings, name: str) -> None:
    with serving(Answer(body=TAKEN[name])) as server:
        use(settings, name, server.url)
        send(letter())
    [asked] = server.asked
    told = asked.json["Metadata"]["key"] if name == "postmark" else asked.form["v:key"][0]
    assert told == KEY


def test_mail_without_a_key_is_sent_too(resend: FakeProvider) -> None:
    """Such as the code with which a person signs in."""
    assert EmailMessage("Code", "123456", None, ["olga@example.test"]).send() == 1
    assert "Idempotency-Key" not in resend.asked[0].headers


@pytest.mark.parametrize("status", [401, 402, 403, 404, 408, 429, 500, 502, 503, 504])
def test_provider_that_takes_no_mail_now_is_away_and_asked_once(each: FakeProvider, status: int) -> None:
    each.answer = Answer(status=status, body='{"message": "Try another day"}')
    assert send(letter()) == [AWAY]
    assert len(each.asked) == 1


def test_provider_that_never_answers_is_given_up_after_the_time_out(each: FakeProvider, settings: Settings) -> None:
    settings.ANYMAIL = {**settings.ANYMAIL, "REQUESTS_TIMEOUT": 0.2}
    each.answer = Answer(seconds=1.0)
    begun = time.monotonic()
    assert send(letter()) == [AWAY]
    assert time.monotonic() - begun < 1.0


@pytest.mark.parametrize("name", sorted(TAKEN))
def test_no_provider_at_all_is_away(settings: Settings, name: str) -> None:
    use(settings, name, f"http://127.0.0.1:{free_port()}/")
    assert send(letter()) == [AWAY]


@pytest.mark.parametrize(
    "garbage",
    [
        "",
        "OK",
        "<html>Welcome to the hotel</html>",
        "{}",
        "[]",
        "5",
        "null",
        '"OK"',
        "[1]",
        '{"id": null}',
        "\0",
        "{{{",
    ],
)
@pytest.mark.parametrize("status", [200, 201, 204, 302])
def test_answer_that_promises_nothing_is_no_success(each: FakeProvider, status: int, garbage: str) -> None:
    """A hotel's portal, a proxy, or a server that says 200 to everything: nobody was written to as far as we know."""
    each.answer = Answer(status=status, body="" if status == 204 else garbage)
    assert send(letter()) == [AWAY]
    assert len(each.asked) == 1


def test_redirect_is_not_followed_for_the_key_would_go_with_it(each: FakeProvider) -> None:
    with serving(Answer(body="{}")) as elsewhere:
        for status in (301, 302, 307, 308):
            each.answer = Answer(status=status, headers={"Location": elsewhere.url})
            assert send(letter()) == [AWAY]
    assert elsewhere.asked == []


@pytest.mark.parametrize(
    ("name", "status", "body", "outcome"),
    [
        (
            "resend",
            422,
            {
                "statusCode": 422,
                "name": "validation_error",
                "message": "Invalid `to` field. The email address needs to follow the `email@example.com` format.",
            },
            NO_SUCH_ADDRESS,
        ),
        ("brevo", 400, {"code": "invalid_parameter", "message": "email is not valid in to"}, NO_SUCH_ADDRESS),
        (
            "mailgun",
            400,
            {"message": "'to' parameter is not a valid address. please check documentation"},
            NO_SUCH_ADDRESS,
        ),
        (
            "postmark",
            422,
            {"ErrorCode": 300, "Message": "Error parsing 'To': Illegal email address 'olga@example.test'."},
            NO_SUCH_ADDRESS,
        ),
        (
            "postmark",
            422,
            {
                "ErrorCode": 406,
                "Message": "You tried to send to a recipient that has been marked as inactive. Found inactive addresses:"
                " olga@example.test. Inactive recipients are ones that have generated a hard bounce.",
            },
            NO_SUCH_ADDRESS,
        ),
        ("resend", 422, {"name": "validation_error", "message": "Missing `subject` field."}, REFUSED),
        ("brevo", 400, {"code": "missing_parameter", "message": "subject is missing"}, REFUSED),
        ("mailgun", 400, {"message": "message body is too large"}, REFUSED),
        ("postmark", 413, {"Message": "Payload too large"}, REFUSED),
        # About us, and so about everybody: not one person's message must be lost for it.
        ("resend", 422, {"name": "invalid_from_address", "message": "Invalid `from` field."}, AWAY),
        ("brevo", 400, {"code": "invalid_parameter", "message": "Sender rehab@example.org is not valid"}, AWAY),
        ("mailgun", 400, {"message": "'from' parameter is not a valid address."}, AWAY),
        ("postmark", 422, {"ErrorCode": 405, "Message": "Not allowed to send: you ran out of credits."}, AWAY),
        ("postmark", 422, {"ErrorCode": 400, "Message": "The 'From' address is not a Sender Signature."}, AWAY),
        # The words of a message changed between two attempts; the first one had arrived.
        ("resend", 409, {"name": "invalid_idempotent_request", "message": "used on a different payload"}, SENT),
        ("resend", 409, {"name": "concurrent_idempotent_requests", "message": "in progress"}, RETRY),
    ],
)
def test_answer_about_one_message_decides_and_the_next_one_is_sent(
    settings: Settings, name: str, status: int, body: dict[str, Any], outcome: Outcome
) -> None:
    with serving(Answer(body=TAKEN[name])) as server:
        use(settings, name, server.url)
        server.answers = [Answer(status=status, body=json.dumps(body))]
        assert send(letter(), letter()) == [outcome, SENT]


def test_asked_too_quickly_it_waits_once_and_is_then_away(resend: FakeProvider, pauses: list[float]) -> None:
    too_quick = Answer(status=429, body='{"name": "rate_limit_exceeded"}', headers={"Retry-After": "1"})
    resend.answers = [too_quick]
    assert send(letter(), letter()) == [SENT, SENT]
    assert (len(resend.asked), pauses) == (3, [1.0])
    resend.answer = too_quick
    assert send(letter()) == [AWAY]
    assert (len(resend.asked), pauses) == (5, [1.0, 1.0])


@pytest.mark.parametrize("value", ["3600", "-1", "soon", "Wed, 21 Oct 2026 07:28:00 GMT", "", "1e9", "nan"])
def test_longer_pause_is_for_a_later_batch(resend: FakeProvider, pauses: list[float], value: str) -> None:
    resend.answer = Answer(status=429, headers={"Retry-After": value})
    assert send(letter()) == [AWAY]
    assert (len(resend.asked), pauses) == (1, [])


@pytest.mark.parametrize("to", ["nobody", "a@", "a b@example.test, c@example.test,"])
def test_address_that_cannot_be_written_down_is_refused_without_asking(each: FakeProvider, to: str) -> None:
    assert send(letter(to)) == [NO_SUCH_ADDRESS]
    assert each.asked == []


def test_sender_that_cannot_be_written_down_speaks_about_nobody(each: FakeProvider, settings: Settings) -> None:
    settings.DEFAULT_FROM_EMAIL = "Steadyback"
    assert send(letter()) == [REFUSED]


def test_log_says_what_happened_and_names_nobody(each: FakeProvider) -> None:
    each.answer = Answer(status=422, body='{"message": "olga@example.test was bad", "ErrorCode": 1, "Message": "x"}')
    with capture_logs() as logs:
        assert send(letter()) == [REFUSED]
    [line] = logs
    assert (line["status"], line["error"], line["said"]) == (422, "AnymailRequestsAPIError", "SMTPDataError")
    assert "olga" not in str(line)
    assert API_KEY not in str(line)
