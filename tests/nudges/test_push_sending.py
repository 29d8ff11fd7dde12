"""What goes to a phone can be read there and nowhere else, and every answer of a push service has its meaning."""

import datetime as dt
import logging
import socket
import ssl
import threading
import time
from collections.abc import Iterator

import pytest
import requests
from pytest_django.fixtures import Settings

from accounts.models import User
from rehab.nudges.models import PushSubscription
from rehab.nudges.push import keys, sending
from rehab.nudges.push.connecting import NotPublic, open_session
from rehab.nudges.push.messages import MOST_BYTES, PushMessage
from rehab.nudges.push.sending import PushChannel, PushOutcome
from rehab.nudges.push.subscribing import phones_of
from tests.journeys.stack import free_port
from tests.make import NOW
from tests.nudges.push_service import PushService

HOUR = dt.timedelta(hours=1)
PAYLOAD = {"web_push": 8030, "notification": {"title": "Bruno’s day", "body": "Two left – ¿listo?", "tag": "t"}}


def message(**fields: object) -> PushMessage:
    return PushMessage(**{"topic": "a" * 32, "ttl": 4 * 3600, "urgency": "high", "payload": PAYLOAD, **fields})  # type: ignore[arg-type]


def send(
    user: User, sent: PushMessage | None = None, *, at: dt.datetime = NOW, life: dt.timedelta = HOUR
) -> PushOutcome:
    with PushChannel() as channel:
        return channel.send(sent or message(), phones_of([user.pk])[user.pk], at=at, until=at + life)


def outcome(user: User) -> tuple[str, str | None, bool, int]:
    found = send(user)
    return found.state.value, found.reason and found.reason.value, found.is_known, len(found.gone)


@pytest.fixture
def phone(push_service: PushService, owner: User) -> PushSubscription:
    return push_service.phone().of(owner)


def test_only_the_phone_reads_it_and_the_service_reads_who_sends(
    push_service: PushService, phone: PushSubscription, owner: User, settings: Settings
) -> None:
    settings.VAPID_SUBJECT = "mailto:rehab@example.org"
    found = send(owner)
    assert (found.state, found.taken, found.gone) == ("sent", (phone.pk,), ())
    assert push_service.words == [PAYLOAD]
    (push,) = push_service.pushes
    assert b"Bruno" not in push.body
    assert len(push.body) < len(message().encoded) + 110
    names = ("ttl", "urgency", "topic", "content-encoding")
    assert [push.headers[name] for name in names] == ["3600", "high", "a" * 32, "aes128gcm"]
    assert "cookie" not in push.headers
    expires_at = int((NOW + 12 * HOUR).timestamp())
    assert push.claims == {
        "aud": push_service.origin,
        "sub": "mailto:rehab@example.org",
        "exp": expires_at,
        "key": keys.public_key(),
    }


@pytest.mark.parametrize(("life", "ttl"), [(9 * HOUR, "14400"), (HOUR / 2, "1800"), (-HOUR, "0")])
def test_service_keeps_it_no_longer_than_it_makes_sense(
    push_service: PushService, phone: PushSubscription, owner: User, life: dt.timedelta, ttl: str
) -> None:
    send(owner, life=life)
    assert push_service.pushes[0].headers["ttl"] == ttl


def test_each_service_gets_a_token_of_its_own(owner: User, push_service: PushService, phone: PushSubscription) -> None:
    signer = keys.signer()
    assert signer is not None
    tokens = [
        signer.headers(audience=f"https://{host}", at=NOW) for host in ("fcm.googleapis.com", "web.push.apple.com")
    ]
    assert [list(token) for token in tokens] == [["Authorization"], ["Authorization"]]
    assert tokens[0] != tokens[1]


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("200", ("sent", None, True, 0)),
        ("201", ("sent", None, True, 0)),
        ("202", ("sent", None, True, 0)),
        ("204", ("sent", None, True, 0)),
        ("404", ("failed", "phone_gone", True, 1)),
        ("410", ("failed", "phone_gone", True, 1)),
        ("429", ("retry", "phone_away", True, 0)),
        ("500", ("retry", "phone_away", True, 0)),
        ("503", ("retry", "phone_away", True, 0)),
        ("599", ("retry", "phone_away", True, 0)),
        ("400", ("failed", "gave_up", True, 0)),
        ("401", ("failed", "gave_up", True, 0)),
        ("403", ("failed", "gave_up", True, 0)),
        ("413", ("failed", "gave_up", True, 0)),
        ("301", ("failed", "gave_up", True, 0)),
        ("302", ("failed", "gave_up", True, 0)),
        ("307", ("failed", "gave_up", True, 0)),
        ("308", ("failed", "gave_up", True, 0)),
        ("206", ("retry", "phone_away", False, 0)),
        ("799", ("retry", "phone_away", False, 0)),
        ("garbage", ("retry", "phone_away", False, 0)),
        ("cut", ("retry", "phone_away", False, 0)),
    ],
)
def test_each_answer_has_its_meaning(
    push_service: PushService,
    phone: PushSubscription,
    owner: User,
    caplog: pytest.LogCaptureFixture,
    mode: str,
    expected: tuple[str, str | None, bool, int],
) -> None:
    push_service.mode = mode
    push_service.body = b"" if mode == "204" else b"token=SECRET of somebody " * 400
    with caplog.at_level(logging.DEBUG, logger="rehab"):
        assert outcome(owner) == expected
    assert len(push_service.pushes) == 1  # a redirect is not followed, and nothing is asked twice
    # Neither what the service said nor where the phone is reached stands in the log.
    assert "SECRET" not in caplog.text
    assert "/push/phone" not in caplog.text
    assert caplog.text.count(str(phone.pk)) == (expected[0] != "sent")
    is_ours = expected[1] == "gave_up"
    assert [record.levelname for record in caplog.records if record.levelname == "ERROR"] == ["ERROR"] * is_ours


def test_service_that_does_not_answer_is_not_waited_for(
    push_service: PushService, phone: PushSubscription, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sending.TIMEOUT_SECONDS == 5
    monkeypatch.setattr(sending, "TIMEOUT_SECONDS", 0.3)
    push_service.mode = "slow"
    started = time.monotonic()
    assert outcome(owner) == ("retry", "phone_away", False, 0)
    assert time.monotonic() - started < 2


def test_service_that_is_not_there_took_nothing_for_certain(owner: User, settings: Settings) -> None:
    service = PushService(origin=f"http://127.0.0.1:{free_port()}")
    settings.PUSH_TEST_ORIGIN = service.origin
    service.phone().of(owner)
    assert outcome(owner) == ("retry", "phone_away", True, 0)


def test_service_that_is_away_is_not_asked_for_each_message(
    push_service: PushService, owner: User, caregiver: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "TIMEOUT_SECONDS", 0.3)
    people = [owner, caregiver]
    phones = [push_service.phone(user.email).of(user) for user in people]
    push_service.mode = "slow"
    with PushChannel() as channel:
        found = [channel.send(message(), [phone], at=NOW, until=NOW + HOUR) for phone in phones]
    assert [(each.state, each.is_known) for each in found] == [("retry", False), ("retry", True)]
    assert len(push_service.pushes) == 1


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120.0),
        (" 7 ", 7.0),
        ("Wed, 18 Mar 2026 17:05:00 GMT", 300.0),
        ("Wed, 18 Mar 2026 16:05:00 GMT", 0.0),
        ("Wed, 18 Mar 2026 17:05:00", 0.0),
        ("soon", 0.0),
        ("-5", 0.0),
        ("١٢", 0.0),
        ("9" * 400, 999999999.0),
        ("", 0.0),
    ],
)
def test_service_may_say_how_long_to_leave_it_alone(header: str, seconds: float) -> None:
    assert sending._read(429, header, at=NOW) == (sending.Answer.LATER, seconds)


@pytest.mark.parametrize(
    ("modes", "expected", "pushes"),
    [
        (("201", "201"), ("sent", None, True, 0), 2),
        (("201", "410"), ("sent", None, True, 1), 2),
        (("201", "slow"), ("sent", None, True, 0), 2),
        (("201", "429"), ("sent", None, True, 0), 2),
        (("410", "404"), ("failed", "phone_gone", True, 2), 2),
        (("410", "429"), ("retry", "phone_away", True, 1), 2),
        (("slow", "410"), ("retry", "phone_away", False, 0), 1),
        (("403", "410"), ("failed", "gave_up", True, 1), 2),
        (("403", "500"), ("retry", "phone_away", True, 0), 2),
        (("413", "201"), ("sent", None, True, 0), 2),
    ],
)
def test_person_with_two_phones(
    push_service: PushService,
    owner: User,
    monkeypatch: pytest.MonkeyPatch,
    modes: tuple[str, str],
    expected: tuple[str, str | None, bool, int],
    pushes: int,
) -> None:
    monkeypatch.setattr(sending, "TIMEOUT_SECONDS", 0.3)
    for place, mode in enumerate(modes):
        push_service.phone(f"phone{place}").of(owner, created_at=NOW - place * HOUR)
        push_service.modes[f"phone{place}"] = mode
    assert outcome(owner) == expected
    assert len(push_service.pushes) == pushes


def test_connection_serves_many_messages(push_service: PushService, owner: User) -> None:
    push_service.body = b"{}"
    for place in range(5):
        push_service.phone(f"phone{place}").of(owner)
    assert len(send(owner).taken) == 5
    assert push_service.connections == 1


def test_cookies_of_a_service_are_not_kept(push_service: PushService, owner: User) -> None:
    push_service.headers = {"Set-Cookie": "who=you; Path=/"}
    for place in range(2):
        push_service.phone(f"phone{place}").of(owner)
    send(owner)
    assert ["cookie" in push.headers for push in push_service.pushes] == [False, False]


def test_proxies_and_netrc_of_the_machine_are_not_asked(
    push_service: PushService, phone: PushSubscription, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    assert outcome(owner)[0] == "sent"


def test_message_that_is_too_long_is_not_sent(
    push_service: PushService, phone: PushSubscription, owner: User, caplog: pytest.LogCaptureFixture
) -> None:
    room = MOST_BYTES - len(message(payload={"text": ""}).encoded)
    assert send(owner, message(payload={"text": "x" * room})).state == "sent"
    found = send(owner, message(payload={"text": "x" * (room + 1)}))
    assert (found.state, found.reason) == ("failed", "gave_up")
    assert len(push_service.pushes) == 1
    assert "xxx" not in caplog.text


@pytest.mark.parametrize(
    "fields", [{"topic": ""}, {"topic": "a" * 33}, {"topic": "a/b"}, {"ttl": -1}, {"urgency": "now"}]
)
def test_message_that_no_service_would_take_is_none(fields: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"topic|life"):
        message(**fields)


def test_endpoint_is_looked_at_again_when_something_is_sent(
    push_service: PushService, phone: PushSubscription, owner: User, settings: Settings
) -> None:
    settings.PUSH_TEST_ORIGIN = ""
    assert outcome(owner) == ("failed", "gave_up", True, 0)
    assert push_service.pushes == []


def test_without_a_key_nothing_goes_to_phones(
    push_service: PushService, phone: PushSubscription, owner: User, settings: Settings
) -> None:
    settings.VAPID_PRIVATE_KEY = ""
    assert keys.public_key() == ""
    assert outcome(owner) == ("failed", "gave_up", True, 0)
    assert push_service.pushes == []


@pytest.mark.parametrize(("key", "auth"), [("", ""), ("AAAA", "AAAA"), ("!", "é"), ("B" * 87, "A" * 22)])
def test_row_with_keys_that_are_none_is_gone(push_service: PushService, owner: User, key: str, auth: str) -> None:
    push_service.phone("bad").of(owner)
    PushSubscription.objects.update(key=key, auth=auth)
    push_service.phone("good").of(owner)
    assert outcome(owner) == ("sent", None, True, 1)


def test_person_who_may_not_sign_in_any_more_has_no_phones(phone: PushSubscription, owner: User) -> None:
    assert phones_of([owner.pk]) == {owner.pk: [phone]}
    User.objects.update(is_active=False)
    assert phones_of([owner.pk]) == {}


# --- The connection itself --------------------------------------------------------------------------------------------


@pytest.fixture
def listener() -> Iterator[tuple[int, list[bytes]]]:
    """Something inside the network that anybody who connects to would reach."""
    got: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        stopped = threading.Event()

        def serve() -> None:
            while not stopped.is_set():
                try:
                    client, _ = server.accept()
                except TimeoutError:
                    continue
                with client:
                    got.append(b"connected")

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1], got
        stopped.set()
        thread.join()


def test_name_that_leads_into_the_network_is_not_connected_to(listener: tuple[int, list[bytes]]) -> None:
    """`localhost` is a name like any other, and leads to this machine."""
    port, got = listener
    with open_session() as session, pytest.raises(NotPublic):
        session.post(f"https://localhost:{port}/x", data=b"x", timeout=2)
    time.sleep(0.2)
    assert got == []


@pytest.mark.parametrize("address", ["http://127.0.0.1:{port}/x", "file:///etc/passwd"])
def test_nothing_but_https_is_spoken(listener: tuple[int, list[bytes]], address: str) -> None:
    port, got = listener
    with open_session() as session, pytest.raises(requests.exceptions.InvalidSchema):
        session.post(address.format(port=port), data=b"x", timeout=2)
    time.sleep(0.2)
    assert got == []


def test_name_that_does_not_exist_took_nothing(owner: User, push_service: PushService) -> None:
    row = push_service.phone().of(owner)
    row.endpoint = "https://no-such-host.push.apple.com/x"
    with PushChannel() as channel:
        found = channel.send(message(), [row], at=NOW, until=NOW + HOUR)
    assert (found.state, found.is_known) == ("retry", True)


def test_certificate_is_looked_at() -> None:
    with open_session() as session:
        assert session.verify is True
        assert ssl.create_default_context().verify_mode == ssl.CERT_REQUIRED
