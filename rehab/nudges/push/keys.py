"""With what we sign for the push services (VAPID, RFC 8292), so that nobody else can send to our subscribers."""

import base64
import datetime as dt
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, cast

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings
from py_vapid import Vapid02

# Push services refuse a token that lives for more than a day.
TOKEN_LIFE: Final = dt.timedelta(hours=12)


@dataclass(frozen=True, kw_only=True)
class Signer:
    """Our key, and whom a push service may write to about us."""

    vapid: Any  # Vapid02 ships no types
    subject: str
    public_key: str

    def headers(self, *, audience: str, at: dt.datetime) -> dict[str, str]:
        """The headers that say who sends; of one origin only, with claims of their own."""
        claims = {"aud": audience, "sub": self.subject, "exp": int((at + TOKEN_LIFE).timestamp())}
        return dict(self.vapid.sign(claims))


def signer() -> Signer | None:
    """Who signs here; nobody where no key is set, and then nothing goes to phones."""
    key, subject = settings.VAPID_PRIVATE_KEY, settings.VAPID_SUBJECT
    return _signer(key, subject) if key else None


def public_key() -> str:
    """What a browser needs to subscribe with us (base64url); empty where messages on phones are not set up."""
    found = signer()
    return found.public_key if found is not None else ""


@cache
def _signer(key: str, subject: str) -> Signer:
    vapid = cast(Any, Vapid02).from_raw(key.encode("ascii"))
    point = vapid.public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return Signer(vapid=vapid, subject=subject, public_key=base64.urlsafe_b64encode(point).rstrip(b"=").decode("ascii"))
