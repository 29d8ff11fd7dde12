"""EMAIL_URL where it names a provider with a web API instead of a mail server."""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

# Those that need no package beside requests, and that django-anymail still looks after (no longer SendGrid).
PROVIDERS: Final = ("resend", "brevo", "postmark", "mailgun")
KEY_LENGTH: Final = 16  # every provider's keys are longer; "KEY" and "password" are none
WEBHOOK_LOGIN_EXPECTED: Final = "name:password, with a password of at least 16 random letters, digits, - and _"
_WEBHOOK_LOGIN: Final = re.compile(r"[A-Za-z0-9_-]+:[A-Za-z0-9_-]{16,}")
_KEYS: Final = {
    "resend": "RESEND_API_KEY",
    "brevo": "BREVO_API_KEY",
    "postmark": "POSTMARK_SERVER_TOKEN",
    "mailgun": "MAILGUN_API_KEY",
}


@dataclass(frozen=True, kw_only=True)
class Provider:
    """A mail provider: its Django backend, and what goes into the ANYMAIL setting."""

    name: str
    backend: str
    anymail: dict[str, str]


def mail_provider(url: str) -> Provider:
    """Read `resend://KEY@`, `brevo://KEY@`, `postmark://KEY@` or `mailgun://KEY:SIGNING-KEY@mg.example.org?region=eu`.

    Mailgun alone needs more than a key: the key with which it signs its reports, the domain that mail is sent from where
    that is not the sender's, and where in the world it keeps it (us, the default, or eu).

    Raises: ValueError when it is none of these, or says more than these.
    """
    parts = urlsplit(url)
    name = parts.scheme
    if name not in PROVIDERS or parts.path not in ("", "/") or parts.fragment or parts.port is not None:
        raise ValueError(name)
    anymail = {_KEYS[name]: _key(parts.username)}
    query = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
    if name == "mailgun":
        anymail["MAILGUN_WEBHOOK_SIGNING_KEY"] = _key(parts.password)
        if parts.hostname:
            anymail["MAILGUN_SENDER_DOMAIN"] = parts.hostname
        region = query.pop("region", "us")
        if region not in ("us", "eu"):
            raise ValueError(name)
        if region == "eu":
            anymail["MAILGUN_API_URL"] = "https://api.eu.mailgun.net/v3"
    elif parts.hostname or parts.password:
        raise ValueError(name)
    if query:
        raise ValueError(name)
    return Provider(name=name, backend=f"rehab.lib.mail_providers.{name.capitalize()}", anymail=anymail)


def is_webhook_login(value: str) -> bool:
    """Whether a provider can be given it as part of an address: `https://name:password@rehab.example.org/…`."""
    return _WEBHOOK_LOGIN.fullmatch(value) is not None


def _key(quoted: str | None) -> str:
    key = unquote(quoted or "")
    # It becomes part of a header.
    if len(key) < KEY_LENGTH or not key.isascii() or not key.isprintable() or " " in key:
        raise ValueError("key")
    return key
