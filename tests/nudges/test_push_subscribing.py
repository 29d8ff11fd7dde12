"""A browser asks for messages: who may, for whom, and when it ends."""

import datetime as dt
import json
from collections.abc import Callable
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st
from pytest_django.fixtures import Settings

from accounts.models import AuditEvent, User
from rehab.nudges.models import PushSubscription
from rehab.nudges.push.subscribing import MOST_PHONES, OtherAccount, TooManyPhones, remove, save
from rehab.nudges.push.subscriptions import MOST_BYTES, NotASubscription, Subscription, endpoint_of, parse
from tests import make
from tests.nudges.push_service import PushService, base64url

URL = "/nudges/push/"
ENDPOINT = "https://fcm.googleapis.com/fcm/send/phone"
# The generator of P-256: a point on it that everybody knows.
POINT = bytes.fromhex(
    "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
)
KEYS = {"p256dh": base64url(POINT), "auth": base64url(b"a" * 16)}
ASKED = {"endpoint": ENDPOINT, "keys": KEYS}
AsUser = Callable[[User], Client]


def post(client: Client, asked: Any = ASKED, **extra: Any) -> tuple[int, dict[str, Any]]:
    answer = client.post(URL, json.dumps(asked), content_type="application/json", **extra)
    return answer.status_code, answer.json()


def subscription(endpoint: str = ENDPOINT, **fields: str) -> Subscription:
    return Subscription(**{"endpoint": endpoint, "key": KEYS["p256dh"], "auth": KEYS["auth"], **fields})


def rows() -> list[tuple[str, str]]:
    return list(PushSubscription.objects.order_by("pk").values_list("user__email", "endpoint"))


def test_browser_of_a_person_is_kept_and_asking_again_brings_it_up_to_date(as_user: AsUser, owner: User) -> None:
    client = as_user(owner)
    assert post(client, {**ASKED, "label": "Chrome on Android"}) == (201, {})
    (first,) = PushSubscription.objects.all()
    assert (first.user, first.endpoint, first.key, first.auth, first.label) == (
        owner, ENDPOINT, KEYS["p256dh"], KEYS["auth"], "Chrome on Android",
    )  # fmt: skip
    new_keys = {**KEYS, "auth": base64url(b"b" * 16)}
    assert post(client, {**ASKED, "keys": new_keys, "expirationTime": None}) == (200, {})
    (second,) = PushSubscription.objects.all()
    assert (second.pk, second.auth, second.label) == (first.pk, new_keys["auth"], "")
    assert list(AuditEvent.objects.values_list("kind", "actor", "details")) == [("nudges.phone_added", owner.pk, {})]


def test_forgotten_when_it_asks(as_user: AsUser, owner: User) -> None:
    client = as_user(owner)
    post(client)
    for _ in range(2):  # again changes nothing
        answer = client.delete(URL, json.dumps({"endpoint": ENDPOINT}), content_type="application/json")
        assert (answer.status_code, answer.content, rows()) == (204, b"", [])
    assert sorted(AuditEvent.objects.values_list("kind", flat=True)) == ["nudges.phone_added", "nudges.phone_removed"]


def test_endpoint_of_another_account_is_not_taken_over_or_removed(
    as_user: AsUser, owner: User, caregiver: User
) -> None:
    post(as_user(owner))
    client = as_user(caregiver)
    assert post(client) == (409, {"detail": "This browser gets the messages of another account."})
    answer = client.delete(URL, json.dumps({"endpoint": ENDPOINT}), content_type="application/json")
    assert answer.status_code == 204
    assert rows() == [(owner.email, ENDPOINT)]


def test_at_most_ten_of_a_person(as_user: AsUser, owner: User, caregiver: User) -> None:
    client = as_user(owner)
    for place in range(MOST_PHONES):
        assert post(client, {**ASKED, "endpoint": f"{ENDPOINT}{place}"})[0] == 201
    status, said = post(client)
    assert (status, list(said)) == (409, ["detail"])
    assert post(client, {**ASKED, "endpoint": f"{ENDPOINT}3"})[0] == 200  # one of the ten
    assert post(as_user(caregiver))[0] == 201
    assert PushSubscription.objects.filter(user=owner).count() == MOST_PHONES


@pytest.mark.parametrize(
    "asked",
    [
        None, [], "text", 7, {}, {"endpoint": ENDPOINT}, {"keys": KEYS}, {**ASKED, "endpoint": 7}, {**ASKED, "keys": []},
        {**ASKED, "keys": {"auth": KEYS["auth"]}}, {**ASKED, "keys": {"p256dh": KEYS["p256dh"]}},
        {**ASKED, "keys": {**KEYS, "auth": base64url(b"a" * 15)}}, {**ASKED, "keys": {**KEYS, "auth": "é" * 22}},
        {**ASKED, "keys": {**KEYS, "auth": 7}}, {**ASKED, "keys": {**KEYS, "auth": KEYS["auth"] + "!"}},
        {**ASKED, "keys": {**KEYS, "p256dh": base64url(POINT[:-1])}},
        {**ASKED, "keys": {**KEYS, "p256dh": base64url(b"\x03" + POINT[1:])}},
        {**ASKED, "keys": {**KEYS, "p256dh": base64url(POINT[:-1] + b"\x00")}},
        {**ASKED, "keys": {**KEYS, "p256dh": base64url(b"\x04" + b"\xff" * 64)}},
        {**ASKED, "keys": {**KEYS, "p256dh": base64url(b"\x04" + bytes(64))}},
        {**ASKED, "label": 7}, {**ASKED, "label": "x" * MOST_BYTES},
    ],
)  # fmt: skip
def test_what_is_no_subscription_is_refused_in_words(as_user: AsUser, owner: User, asked: Any) -> None:
    assert post(as_user(owner), asked) == (422, {"detail": "This is not a subscription of a browser."})
    assert rows() == []


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://fcm.googleapis.com/x",
        "https://evil.example/x",
        "https://169.254.169.254/x",
        "http://127.0.0.1:8950/push/x",
        "https://permanently-removed.invalid/fcm/send/x",
        "https://fcm.googleapis.com/" + "a" * 1024,
    ],
)
def test_endpoint_that_is_none_of_a_browser_is_refused_in_words(as_user: AsUser, owner: User, endpoint: str) -> None:
    said = (422, {"detail": "We do not know the message service of this browser."})
    assert post(as_user(owner), {**ASKED, "endpoint": endpoint}) == said
    assert rows() == []


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 4000, b"{" + b" " * MOST_BYTES, b'{"endpoint": NaN}'])
def test_body_that_is_no_json_is_refused(as_user: AsUser, owner: User, body: bytes) -> None:
    client = as_user(owner)
    assert client.post(URL, body, content_type="application/json").status_code == 422
    assert client.delete(URL, body, content_type="application/json").status_code == 422


@given(st.recursive(st.none() | st.text(max_size=9) | st.integers(), lambda x: st.lists(x, max_size=3) | st.dictionaries(
    st.sampled_from(["endpoint", "keys", "p256dh", "auth", "label"]), x, max_size=5), max_leaves=12))  # fmt: skip
def test_whatever_comes_is_a_subscription_or_none(asked: Any) -> None:
    for read in (parse, endpoint_of):
        try:
            read(json.dumps(asked).encode())
        except NotASubscription:
            continue


def test_label_is_a_short_line_of_text() -> None:
    read = parse(json.dumps({**ASKED, "label": " Chrome\non\x00 Android\u202e " + "x" * 200}).encode())
    assert read.label.startswith("Chrome on Android xxx")
    assert len(read.label) == 80


def test_keys_are_kept_as_base64url_whatever_the_alphabet() -> None:
    standard = {**KEYS, "auth": "+/+/" * 5 + "+w=="}
    assert parse(json.dumps({**ASKED, "keys": standard}).encode()).auth == "-_-_" * 5 + "-w"


def test_service_for_tests_is_taken_where_it_is_set(as_user: AsUser, owner: User, push_service: PushService) -> None:
    phone = push_service.phone()
    assert post(as_user(owner), phone.subscription)[0] == 201
    assert rows() == [(owner.email, phone.endpoint)]


def test_visitor_is_not_asked(client: Client, db: None) -> None:
    answer = client.post(URL, json.dumps(ASKED), content_type="application/json")
    assert answer.status_code in (302, 401, 403)
    assert rows() == []


def test_page_of_another_site_cannot_ask(owner: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(owner)
    for method in (client.post, client.delete):
        assert method(URL, json.dumps(ASKED), content_type="application/json").status_code == 403
    assert rows() == []


@pytest.mark.parametrize("method", ["get", "put", "patch"])
def test_other_methods_are_not_allowed(as_user: AsUser, owner: User, method: str) -> None:
    assert getattr(as_user(owner), method)(URL).status_code == 405


def test_without_a_key_nobody_subscribes(as_user: AsUser, owner: User, settings: Settings) -> None:
    settings.VAPID_PRIVATE_KEY = ""
    assert post(as_user(owner)) == (422, {"detail": "Messages on phones are not set up here."})


# --- The end of a session -----------------------------------------------------------------------------------------------


def test_signing_out_ends_the_messages_of_this_browser_only(as_user: AsUser, owner: User, caregiver: User) -> None:
    here, elsewhere, other = as_user(owner), as_user(owner), as_user(caregiver)
    for client, name in ((here, "here"), (elsewhere, "elsewhere"), (other, "other")):
        assert post(client, {**ASKED, "endpoint": ENDPOINT + name})[0] == 201
    answer = here.post(reverse("account_logout"))
    assert answer.status_code == 302
    assert rows() == [(owner.email, f"{ENDPOINT}elsewhere"), (caregiver.email, f"{ENDPOINT}other")]


def test_signing_out_ends_them_after_the_key_of_the_session_has_changed(
    client: Client, owner: User, settings: Settings
) -> None:
    client.force_login(owner)
    assert post(client)[0] == 201
    session = client.session
    session.cycle_key()
    client.cookies[settings.SESSION_COOKIE_NAME] = str(session.session_key)
    client.logout()
    assert rows() == []


def test_browser_that_changes_its_session_belongs_to_the_last_one(as_user: AsUser, owner: User) -> None:
    first, second = as_user(owner), as_user(owner)
    assert (post(first)[0], post(second)[0]) == (201, 200)
    first.logout()
    assert len(rows()) == 1
    second.logout()
    assert rows() == []


def test_signing_out_without_messages_changes_nothing(as_user: AsUser, owner: User, caregiver: User) -> None:
    post(as_user(owner))
    as_user(caregiver).logout()
    Client().logout()
    assert len(rows()) == 1


# --- Two at once ----------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_people_who_ask_at_once_do_not_count_past_ten_or_share_a_phone(now: dt.datetime) -> None:
    anna, ben = make.make_user(name="Anna"), make.make_user(name="Ben")
    barrier = Barrier(4)
    refused: list[str] = []

    def ask(user: User, names: list[str]) -> None:
        barrier.wait()
        try:
            for name in names:
                try:
                    save(subscription=subscription(ENDPOINT + name), session_hash="", user=user, at=now)
                except (OtherAccount, TooManyPhones) as error:
                    refused.append(type(error).__name__)
        finally:
            connection.close()

    asked = [(anna, "abcdefgh"), (anna, "ijklmnop"), (anna, "abcdefgh"), (ben, "zyx")]
    threads = [Thread(target=ask, args=(user, list(names))) for user, names in asked]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert PushSubscription.objects.filter(user=anna).count() == MOST_PHONES
    assert PushSubscription.objects.filter(user=ben).count() == 3
    assert set(refused) == {"TooManyPhones"}


def test_phone_of_another_account_is_refused_and_changes_nothing(
    owner: User, caregiver: User, now: dt.datetime
) -> None:
    save(subscription=subscription(label="mine"), session_hash="a", user=owner, at=now)
    with pytest.raises(OtherAccount):
        save(subscription=subscription(label="yours"), session_hash="b", user=caregiver, at=now)
    assert remove(endpoint=ENDPOINT, user=caregiver, at=now) is False
    assert PushSubscription.objects.get().label == "mine"
    assert remove(endpoint=ENDPOINT, user=owner, at=now) is True
