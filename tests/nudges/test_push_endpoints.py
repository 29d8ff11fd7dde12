"""Where a browser may make us post to: the four push services, and nowhere inside a network."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehab.nudges.push.endpoints import DOMAINS, HOSTS, Refusal, is_public, origin, refusal

TEST = "http://127.0.0.1:8950"


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://fcm.googleapis.com/fcm/send/abc:APA91b-_",
        "https://fcm.googleapis.com:443/fcm/send/abc",
        "https://FCM.googleapis.com/fcm/send/abc",
        "https://updates.push.services.mozilla.com/wpush/v2/gAAA",
        "https://eu.push.services.mozilla.com/wpush/v2/gAAA",
        "https://web.push.apple.com/QGuQyavXutnMH",
        "https://wns2-par02p.notify.windows.com/w/?token=BQYAAAB%2b",
        "https://fcm.googleapis.com/" + "a" * (1024 - 27),
    ],
)
def test_endpoint_of_a_browser_is_taken(endpoint: str) -> None:
    assert refusal(endpoint) is None


@pytest.mark.parametrize(
    ("endpoint", "why"),
    [
        ("", Refusal.NOT_AN_ADDRESS),
        ("nothing", Refusal.NOT_HTTPS),
        ("http://fcm.googleapis.com/fcm/send/abc", Refusal.NOT_HTTPS),
        ("ftp://fcm.googleapis.com/x", Refusal.NOT_HTTPS),
        ("file:///etc/passwd", Refusal.NOT_HTTPS),
        ("//fcm.googleapis.com/x", Refusal.NOT_HTTPS),
        ("https://", Refusal.NOT_AN_ADDRESS),
        ("https:///x", Refusal.NOT_AN_ADDRESS),
        ("https://fcm.googleapis.com", Refusal.NOT_AN_ADDRESS),
        ("https://fcm.googleapis.com?x", Refusal.NOT_AN_ADDRESS),
        ("https://[::1/x", Refusal.NOT_AN_ADDRESS),
        ("https://[::1]/x", Refusal.NOT_AN_ADDRESS),
        ("https://fcm.googleapis.com:99999/x", Refusal.NOT_AN_ADDRESS),
        ("https://fcm.googleapis.com:x/x", Refusal.NOT_AN_ADDRESS),
        ("https://fcm.googleapis.com:/x", Refusal.OTHER_PORT),
        ("https://fcm.googleapis.com:80/x", Refusal.OTHER_PORT),
        ("https://fcm.googleapis.com:8443/x", Refusal.OTHER_PORT),
        ("https://user@fcm.googleapis.com/x", Refusal.USER_INFO),
        ("https://user:secret@fcm.googleapis.com/x", Refusal.USER_INFO),
        ("https://fcm.googleapis.com@evil.example/x", Refusal.USER_INFO),
        ("https://fcm.googleapis.com/x#part", Refusal.FRAGMENT),
        ("https://fcm.googleapis.com/x#", Refusal.FRAGMENT),
        ("https://evil.example/x", Refusal.UNKNOWN_SERVICE),
        ("https://127.0.0.1/x", Refusal.UNKNOWN_SERVICE),
        ("https://2130706433/x", Refusal.NOT_AN_ADDRESS),
        ("https://localhost/x", Refusal.NOT_AN_ADDRESS),
        ("https://169.254.169.254/latest/meta-data/", Refusal.UNKNOWN_SERVICE),
        ("https://permanently-removed.invalid/fcm/send/x", Refusal.UNKNOWN_SERVICE),
        ("https://fcm.googleapis.com.evil.example/x", Refusal.UNKNOWN_SERVICE),
        ("https://evilfcm.googleapis.com/x", Refusal.UNKNOWN_SERVICE),
        ("https://x.fcm.googleapis.com/x", Refusal.UNKNOWN_SERVICE),
        ("https://push.apple.com/x", Refusal.UNKNOWN_SERVICE),
        ("https://notpush.apple.com/x", Refusal.UNKNOWN_SERVICE),
        ("https://fcm.googleapis.com./x", Refusal.NOT_AN_ADDRESS),
        ("https://.push.apple.com/x", Refusal.NOT_AN_ADDRESS),
        ("https://-.push.apple.com/x", Refusal.NOT_AN_ADDRESS),
        ("https://evil.example\\.push.apple.com/x", Refusal.NOT_AN_ADDRESS),
        ("https://fcm.googleapis.com/\\evil.example", Refusal.NOT_AN_ADDRESS),
        ("https://fcm.googleapis.com/x y", Refusal.NOT_AN_ADDRESS),
        (" https://fcm.googleapis.com/x", Refusal.NOT_AN_ADDRESS),
        ("https://fcm.google\tapis.com/x", Refusal.NOT_AN_ADDRESS),
        ("https://fcm.googleapis.com/x\r\nHost: evil.example", Refusal.NOT_AN_ADDRESS),
        ("https://fcm.googleapis.com/\x00", Refusal.NOT_AN_ADDRESS),
        ("https://fcm.googleapis。com/x", Refusal.NOT_AN_ADDRESS),
        ("https://ｆcm.googleapis.com/x", Refusal.NOT_AN_ADDRESS),
        ("https://fcm.googleapis.com/" + "a" * (1024 - 26), Refusal.TOO_LONG),
        (f"{TEST}/push/x", Refusal.NOT_HTTPS),
    ],
)
def test_everything_else_is_refused_and_says_why(endpoint: str, why: Refusal) -> None:
    assert refusal(endpoint) is why


@pytest.mark.parametrize(
    ("endpoint", "why"),
    [
        (f"{TEST}/push/x", None),
        ("https://fcm.googleapis.com/x", None),
        (TEST, Refusal.NOT_HTTPS),
        ("http://127.0.0.1:89501/push/x", Refusal.NOT_AN_ADDRESS),
        ("http://127.0.0.1:8950@evil.example/", Refusal.USER_INFO),
        ("http://127.0.0.1:8951/push/x", Refusal.NOT_HTTPS),
        (f"{TEST}/push/x#y", Refusal.FRAGMENT),
    ],
)
def test_service_for_tests_is_one_origin_and_nothing_like_it(endpoint: str, why: Refusal | None) -> None:
    assert refusal(endpoint, test_origin=TEST) is why


@given(st.text(max_size=60), st.sampled_from(["https://", "https://fcm.googleapis.com", "http://", ""]))
def test_whatever_is_typed_has_an_answer_and_only_listed_hosts_are_taken(text: str, start: str) -> None:
    endpoint = start + text
    if refusal(endpoint) is None:
        host = origin(endpoint).removeprefix("https://")
        assert host in HOSTS or host.endswith(DOMAINS)
        assert origin(endpoint).startswith("https://")


@pytest.mark.parametrize(
    ("endpoint", "expected"),
    [
        ("https://fcm.googleapis.com/x", "https://fcm.googleapis.com"),
        ("https://FCM.googleapis.com:443/x", "https://fcm.googleapis.com"),
        (f"{TEST}/x", TEST),
    ],
)
def test_origin_is_whom_a_token_is_for(endpoint: str, expected: str) -> None:
    assert origin(endpoint) == expected


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("142.250.185.74", True),
        ("17.188.143.34", True),
        ("2a00:1450:4001:82b::200a", True),
        ("2620:149:208:4301::8", True),
        ("127.0.0.1", False),
        ("127.8.8.8", False),
        ("0.0.0.0", False),  # noqa: S104 (an address that must be refused)
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("100.127.255.254", False),
        ("192.0.2.1", False),
        ("192.88.99.1", False),
        ("198.18.0.1", False),
        ("224.0.0.1", False),
        ("240.0.0.1", False),
        ("255.255.255.255", False),
        ("::", False),
        ("::1", False),
        ("::ffff:10.0.0.1", False),
        ("::ffff:8.8.8.8", False),
        ("64:ff9b::a00:1", False),
        ("64:ff9b::808:808", False),
        ("64:ff9b:1::1", False),
        ("2001:db8::1", False),
        ("2001::a00:1", False),
        ("2002:a00:1::", False),
        ("fc00::1", False),
        ("fd12:3456::1", False),
        ("fe80::1", False),
        ("fe80::1%eth0", False),
        ("fec0::1", False),
        ("ff02::1", False),
        ("fcm.googleapis.com", False),
        ("", False),
        ("8.8.8.8 ", False),
        ("0127.0.0.1", False),
    ],
)
def test_only_addresses_on_the_internet_are_public(address: str, *, expected: bool) -> None:
    assert is_public(address) is expected
