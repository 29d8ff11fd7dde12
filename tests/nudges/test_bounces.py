"""What a mail provider reports later: by its own words, over HTTP, true and forged."""

import datetime as dt
import hashlib
import hmac
import json
from base64 import b64encode
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings
from structlog.testing import capture_logs

from accounts.models import AuditEvent, User
from rehab.guidance.alerting.delivering import deliver_alerts
from rehab.guidance.models import AlertDelivery
from rehab.nudges.models import NudgePreference
from tests.guidance.alerting.conftest import MailSink, Raised, raised
from tests.make import NOW

__all__ = ["raised"]  # a fixture

URL = "/mail/events/"
SECRET = "reports:0123456789abcdef"
BASIC = f"Basic {b64encode(SECRET.encode()).decode()}"
SIGNING_KEY = "mailgun-signing-key"
KEY = "0190c0de000070008000000000000001"


def use(settings: Settings, provider: str) -> None:
    settings.MAIL_PROVIDER = provider
    settings.ANYMAIL = {"WEBHOOK_SECRET": SECRET, "MAILGUN_WEBHOOK_SIGNING_KEY": SIGNING_KEY}


def post(body: Any, *, secret: str | None = BASIC) -> tuple[int, bytes]:
    said = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {} if secret is None else {"Authorization": secret}
    answer = Client(enforce_csrf_checks=True).post(URL, said, content_type="application/json", headers=headers)
    return answer.status_code, answer.content


def resend(kind: str = "email.bounced", *, to: str = "owner@example.test", **bounce: str) -> dict[str, Any]:
    said = {"type": "Permanent", "message": "The recipient's email provider sent a hard bounce message."}
    data: dict[str, Any] = {"email_id": "e1", "to": [to], "headers": []}
    data["headers"] = [{"name": "X-Metadata", "value": json.dumps({"key": KEY})}]
    if kind == "email.bounced":
        data["bounce"] = {**said, **bounce}
    return {"type": kind, "created_at": "2026-03-18T18:05:00.000Z", "data": data}


def brevo(kind: str, **more: str) -> dict[str, Any]:
    told = {"event": kind, "email": "Owner@example.test", "ts_epoch": 1_774_000_000_000, "message-id": "<m1>"}
    return {**told, "X-Mailin-custom": json.dumps({"key": KEY}), **more}


def postmark(record: str, kind: str, **more: Any) -> dict[str, Any]:
    told = {"RecordType": record, "Type": kind, "ID": 42, "Email": "owner@example.test", "MessageID": "m1"}
    return {**told, "BouncedAt": "2026-03-18T18:05:00Z", "Metadata": {"key": KEY}, **more}


def mailgun(kind: str, *, severity: str = "permanent", message: str = "5.1.1 no such user") -> dict[str, Any]:
    token, timestamp = "t" * 50, "1774000000"
    signature = hmac.new(SIGNING_KEY.encode(), f"{timestamp}{token}".encode(), hashlib.sha256).hexdigest()
    data = {"event": kind, "severity": severity, "reason": "bounce", "recipient": "owner@example.test"}
    status = {"delivery-status": {"message": message, "code": 550}}
    more = {"timestamp": 1_774_000_000.5, "user-variables": {"key": KEY}, "message": {"headers": {"message-id": "m1"}}}
    return {
        "signature": {"token": token, "timestamp": timestamp, "signature": signature},
        "event-data": {**data, **status, **more},
    }


def state(user: User) -> tuple[bool, bool]:
    """Whether nobody writes there any more, and whether the person still wants mail."""
    preference = NudgePreference.objects.get(user=user)
    return preference.bounced_at is not None, preference.email_enabled


BOUNCED, OFF, NOTHING = (True, True), (False, False), (False, True)


@pytest.mark.parametrize(
    ("provider", "body", "expected"),
    [
        ("resend", resend(), BOUNCED),
        ("resend", resend(type="Transient"), NOTHING),
        ("resend", resend(message="Resend has suppressed sending to this address."), BOUNCED),
        ("resend", resend(message="Something else"), NOTHING),
        ("resend", resend("email.complained"), OFF),
        ("resend", resend("email.delivered"), NOTHING),
        ("resend", resend("email.delivery_delayed"), NOTHING),
        ("resend", resend("email.invented_tomorrow"), NOTHING),
        ("brevo", brevo("hard_bounce"), BOUNCED),
        ("brevo", brevo("invalid_email"), BOUNCED),
        ("brevo", brevo("soft_bounce"), NOTHING),
        ("brevo", brevo("blocked"), NOTHING),
        ("brevo", brevo("spam"), OFF),
        ("brevo", brevo("unsubscribe"), OFF),
        ("brevo", brevo("opened"), NOTHING),
        ("postmark", postmark("Bounce", "HardBounce"), BOUNCED),
        ("postmark", postmark("Bounce", "BadEmailAddress"), BOUNCED),
        ("postmark", postmark("Bounce", "SoftBounce"), NOTHING),
        ("postmark", postmark("Bounce", "Transient"), NOTHING),
        ("postmark", postmark("Bounce", "HardBounce", Details="smtp;552 5.2.2 mailbox full"), NOTHING),
        ("postmark", postmark("Bounce", "DMARCPolicy"), NOTHING),
        ("postmark", postmark("SpamComplaint", "SpamComplaint"), OFF),
        (
            "postmark",
            postmark(
                "SubscriptionChange",
                "",
                SuppressSending=True,
                SuppressionReason="ManualSuppression",
                Recipient="owner@example.test",
            ),
            OFF,
        ),
        ("mailgun", mailgun("failed"), BOUNCED),
        ("mailgun", mailgun("failed", severity="temporary"), NOTHING),
        ("mailgun", mailgun("failed", message="550 5.7.1 blocked by policy"), NOTHING),
        ("mailgun", mailgun("complained"), OFF),
        ("mailgun", mailgun("unsubscribed"), OFF),
        ("mailgun", mailgun("delivered"), NOTHING),
    ],
)
def test_report_in_each_providers_words(
    settings: Settings, owner: User, provider: str, body: dict[str, Any], expected: tuple[bool, bool]
) -> None:
    use(settings, provider)
    assert post(body) == (200, b"")
    assert state(owner) == expected
    events = AuditEvent.objects.filter(subject_id=owner.pk, kind__startswith="nudges.")
    assert events.count() == (0 if expected == NOTHING else 1)
    for event in events:
        assert (event.actor, event.clinic, event.details["provider"]) == (None, None, provider)
        assert event.details["message"] == KEY
        assert "example.test" not in json.dumps(event.details)


@pytest.mark.parametrize(
    ("provider", "body"),
    [
        ("resend", resend()),
        ("brevo", brevo("hard_bounce")),
        ("postmark", postmark("Bounce", "HardBounce")),
        ("mailgun", mailgun("failed")),
    ],
)
def test_report_that_is_told_again_changes_nothing_even_after_the_address_was_mended(
    settings: Settings, owner: User, provider: str, body: dict[str, Any]
) -> None:
    use(settings, provider)
    post(body)
    post(body)
    assert AuditEvent.objects.filter(kind="nudges.bounced").count() == 1
    NudgePreference.objects.update(bounced_at=None)
    assert post(body) == (200, b"")
    assert state(owner) == NOTHING
    assert AuditEvent.objects.filter(kind="nudges.bounced").count() == 1


def test_next_bounce_of_a_mended_address_counts(settings: Settings, owner: User) -> None:
    use(settings, "postmark")
    post(postmark("Bounce", "HardBounce"))
    NudgePreference.objects.update(bounced_at=None)
    post(postmark("Bounce", "HardBounce", ID=43))
    assert state(owner) == BOUNCED


def test_report_about_nobody_of_ours_changes_nothing(settings: Settings, owner: User) -> None:
    use(settings, "resend")
    for to in ("stranger@example.test", "", "x" * 5000, "owner@example.test\0"):
        assert post(resend(to=to)) == (200, b"")
    assert state(owner) == NOTHING
    assert not AuditEvent.objects.filter(kind__startswith="nudges.").exists()


@pytest.mark.parametrize("email", [None, 5, ["owner@example.test"], {}, "owner@example.test\0", "\ud800@example.test"])
def test_report_whose_address_is_no_text_is_about_nobody(settings: Settings, owner: User, email: Any) -> None:
    use(settings, "brevo")
    assert post(brevo("hard_bounce") | {"email": email}) == (200, b"")
    assert post(brevo("hard_bounce") | {"message-id": "\ud800", "ts_epoch": None})[0] in (200, 400)


def test_report_touches_only_the_person_of_the_address(settings: Settings, owner: User, vet: User) -> None:
    use(settings, "resend")
    post(resend())
    assert (state(owner), state(vet)) == (BOUNCED, NOTHING)


@pytest.mark.parametrize("provider", ["resend", "brevo", "postmark", "mailgun"])
@pytest.mark.parametrize("secret", [None, "", "Basic", "Basic !!!", "Basic eDp5", f"Bearer {SECRET}", "Basic w6k6w6k="])
def test_forged_report_is_refused_and_changes_nothing(
    settings: Settings, owner: User, provider: str, secret: str | None
) -> None:
    use(settings, provider)
    body = {
        "resend": resend(),
        "brevo": brevo("hard_bounce"),
        "postmark": postmark("Bounce", "HardBounce"),
        "mailgun": mailgun("failed"),
    }[provider]
    assert post(body, secret=secret) == (403, b"")
    assert state(owner) == NOTHING


@pytest.mark.parametrize(
    "broken", [{"signature": "0" * 64}, {"token": "other"}, {"timestamp": 1}, {"signature": None}, {"token": "é"}]
)
def test_mailguns_signature_is_looked_at_too(settings: Settings, owner: User, broken: dict[str, Any]) -> None:
    use(settings, "mailgun")
    body = mailgun("failed")
    body["signature"] |= broken
    assert post(body) == (403, b"")
    assert state(owner) == NOTHING


@pytest.mark.parametrize("garbage", [b"", b"{", b"5", b"null", b"[1]", b"\xff\xfe", b'{"type": 5}', b'"x"', b"[]"])
@pytest.mark.parametrize("provider", ["resend", "brevo", "postmark", "mailgun"])
def test_garbage_is_an_answer_and_no_traceback(
    settings: Settings, owner: User, provider: str, garbage: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    use(settings, provider)
    code, _said = post(garbage)
    assert code in (200, 400, 403)
    assert state(owner) == NOTHING
    assert [record for record in caplog.records if record.exc_info] == []


@pytest.mark.parametrize("provider", ["", "sendgrid"])
def test_without_a_provider_there_is_no_such_page(settings: Settings, owner: User, provider: str) -> None:
    settings.MAIL_PROVIDER = provider
    settings.ANYMAIL = {"WEBHOOK_SECRET": SECRET}
    assert post(resend())[0] == 404
    assert state(owner) == NOTHING


def test_without_a_secret_there_is_no_such_page(settings: Settings, owner: User) -> None:
    settings.MAIL_PROVIDER, settings.ANYMAIL = "resend", {"WEBHOOK_SECRET": ""}
    assert post(resend(), secret=None)[0] == 404
    assert state(owner) == NOTHING


def test_provider_may_look_whether_somebody_is_at_home(settings: Settings, client: Client, db: None) -> None:
    use(settings, "resend")
    assert (client.head(URL).status_code, client.get(URL).status_code) == (200, 405)


def test_log_names_the_message_and_nobody(settings: Settings, owner: User) -> None:
    use(settings, "resend")
    with capture_logs() as logs:
        post(resend())
        post(resend(to="stranger@example.test"))
        post(resend(), secret=None)
    assert [(line["event"], line.get("report"), line.get("outcome")) for line in logs] == [
        ("mail report", "bounced", "noted"),
        ("mail report", "bounced", "nobody"),
        ("mail report with a wrong secret", None, None),
    ]
    assert logs[0]["message"] == KEY
    assert "example.test" not in str(logs)


def test_alert_is_still_tried_at_an_address_that_bounced(
    settings: Settings, raised: Raised, vet: User, mail_sink: MailSink
) -> None:
    """Whether a vet can be reached is never decided by what became of a reminder; the alert says itself what happened."""
    use(settings, "resend")
    post(resend(to=vet.email))
    assert state(vet) == BOUNCED
    mail_sink.refusals[vet.email] = "550 5.1.1 no such user"
    alert = raised("RF01")
    deliver_alerts(at=NOW + dt.timedelta(seconds=1))
    assert list(AlertDelivery.objects.values_list("state", "outcome")) == [("failed", "address_refused")]
    assert list(alert.steps.filter(kind="not_reached").values_list("person", "text")) == [(vet.pk, "address_refused")]
