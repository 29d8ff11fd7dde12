"""What a browser sends when it asks for messages (PushSubscription.toJSON), read with suspicion."""

import base64
import binascii
import hashlib
import json
from dataclasses import dataclass
from typing import Any, Final

from rehab.nudges.push import endpoints

MOST_BYTES: Final = 4096
LABEL_LENGTH: Final = 80
AUTH_BYTES: Final = 16
KEY_BYTES: Final = 65
# The curve P-256 (FIPS 186-5): a point that is not on it would make every message to this phone fail.
P: Final = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
B: Final = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B


class NotASubscription(Exception):
    """It is none, or one that we do not send to; ``refusal`` says what is wrong with its address, where it is that."""

    def __init__(self, refusal: endpoints.Refusal | None = None) -> None:
        super().__init__(refusal or "not a subscription")
        self.refusal = refusal


@dataclass(frozen=True, kw_only=True)
class Subscription:
    """One browser that takes messages: where, and the two keys that only it can read with; both base64url."""

    endpoint: str
    key: str
    auth: str
    label: str = ""


def parse(body: bytes, *, test_origin: str = "") -> Subscription:
    """Read ``{endpoint, keys: {p256dh, auth}, label?}``; anything else in it is passed over.

    Raises: NotASubscription.
    """
    asked = _object(body)
    keys = asked.get("keys")
    label = asked.get("label", "")
    if not isinstance(keys, dict) or not isinstance(label, str):
        raise NotASubscription
    return Subscription(
        endpoint=_endpoint(asked, test_origin=test_origin),
        key=_point(keys.get("p256dh")),
        auth=_encoded(_decoded(keys.get("auth"), AUTH_BYTES)),
        label=" ".join("".join(c if c.isprintable() else " " for c in label).split())[:LABEL_LENGTH],
    )


def endpoint_of(body: bytes) -> str:
    """The endpoint that a browser names to be removed; what it says is only compared.

    Raises: NotASubscription.
    """
    endpoint = _object(body).get("endpoint")
    if not isinstance(endpoint, str):
        raise NotASubscription
    return endpoint


def endpoint_hash(endpoint: str) -> str:
    """The key under which an endpoint is kept."""
    return hashlib.sha256(endpoint.encode("utf-8", "surrogatepass")).hexdigest()


def _object(body: bytes) -> dict[str, Any]:
    if len(body) > MOST_BYTES:
        raise NotASubscription
    try:
        asked = json.loads(body)
    except (ValueError, RecursionError):
        raise NotASubscription from None
    if not isinstance(asked, dict):
        raise NotASubscription
    return asked


def _endpoint(asked: dict[str, Any], *, test_origin: str) -> str:
    endpoint = asked.get("endpoint")
    if not isinstance(endpoint, str):
        raise NotASubscription
    if (refusal := endpoints.refusal(endpoint, test_origin=test_origin)) is not None:
        raise NotASubscription(refusal)
    return endpoint


def _point(value: Any) -> str:
    raw = _decoded(value, KEY_BYTES)
    x, y = int.from_bytes(raw[1:33], "big"), int.from_bytes(raw[33:], "big")
    if raw[0] != 4 or x >= P or y >= P or (y * y - (x * x * x - 3 * x + B)) % P:
        raise NotASubscription
    return _encoded(raw)


def _decoded(value: Any, length: int) -> bytes:
    if not isinstance(value, str) or not value.isascii():
        raise NotASubscription
    plain = value.rstrip("=").replace("+", "-").replace("/", "_")
    try:
        raw = base64.b64decode(plain + "=" * (-len(plain) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise NotASubscription from None
    if len(raw) != length:
        raise NotASubscription
    return raw


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")
