"""Reading settings from the environment, with every problem told at once."""

import base64
import os
import secrets
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

T = TypeVar("T")

SECRET_KEY_LENGTH = 50
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
TRUE = frozenset({"1", "true", "yes", "on"})
FALSE = frozenset({"", "0", "false", "no", "off"})


class Environment:
    """The variables a start depends on: each is read by name, and what is wrong is collected.

    A reader returns a harmless value after noting a problem, so that one failed start names
    everything there is to mend; `stop_if_wrong` then ends it.
    """

    def __init__(self, *, file: Path | None = None) -> None:
        if file is not None and file.is_file():
            environ.Env.read_env(file, overwrite=False)
        self.problems: list[str] = []

    def wrong(self, name: str, expected: str) -> None:
        """Note that a variable is missing or bad; the message must not repeat its value, which may be secret."""
        self.problems.append(f"{name}: {expected}")

    def given(self, name: str) -> bool:
        return bool(os.environ.get(name, "").strip())

    def text(self, name: str, *, expected: str, default: str | None = None) -> str:
        value = os.environ.get(name, "").strip()
        if not value.isprintable():
            self.wrong(name, f"must not contain line breaks or hidden characters; expected {expected}")
            return ""
        if value:
            return value
        if default is None:
            self.wrong(name, f"is missing; expected {expected}")
            return ""
        return default

    def choice(self, name: str, *, options: Collection[str], default: str) -> str:
        value = self.text(name, expected=" or ".join(options), default=default)
        if value not in options:
            self.wrong(name, f"expected {' or '.join(options)}")
            return default
        return value

    def flag(self, name: str) -> bool:
        value = os.environ.get(name, "").strip().lower()
        if value not in TRUE | FALSE:
            self.wrong(name, "expected 1 or 0")
        return value in TRUE

    def number(self, name: str, *, default: int, least: int, most: int) -> int:
        value = self.text(name, expected="a number", default=str(default))
        if not value.isascii() or not value.isdecimal() or not least <= int(value) <= most:
            self.wrong(name, f"expected a whole number from {least} to {most}")
            return default
        return int(value)

    def address(
        self,
        name: str,
        *,
        schemes: Collection[str],
        example: str,
        parse: Callable[[str], T],
        default: str | None = None,
    ) -> T | None:
        """Read a URL of one of the given schemes and turn it into settings.

        Returns None after a problem was noted.
        """
        expected = f"an address such as {example}"
        value = self.text(name, expected=expected, default=default)
        if not value:
            return None
        try:
            if urlsplit(value).scheme not in schemes:
                raise ValueError(value)
            return parse(value)
        except (ValueError, KeyError, TypeError, AttributeError, ImproperlyConfigured):
            self.wrong(name, f"expected {expected}")
            return None

    def stop_if_wrong(self, *, hint: str) -> None:
        """Raises: ImproperlyConfigured naming every variable that is missing or bad."""
        if self.problems:
            lines = "".join(f"\n  {problem}" for problem in self.problems)
            raise ImproperlyConfigured(f"Steadyback cannot start with these settings:{lines}\n{hint}")


def web_origin(value: str) -> str:
    """Return scheme and host of an address people open, without a trailing slash.

    Raises: ValueError when it has a path, a query, no host or a port that is none.
    """
    parts = urlsplit(server_address(value))
    if parts.path not in ("", "/") or parts.query or parts.fragment or parts.username:
        raise ValueError(value)
    return f"{parts.scheme}://{parts.netloc}"


def server_address(value: str) -> str:
    """Raises: ValueError when the address names no host or has a port that is none."""
    parts = urlsplit(value)
    if not parts.hostname or (parts.port is not None and parts.port == 0):
        raise ValueError(value)
    return value


def push_key(value: str) -> str:
    """Return a private key for push messages: 32 bytes in base64url, a number on the curve P-256 (FIPS 186-5).

    Raises: ValueError when it is none.
    """
    raw = base64.b64decode(value.rstrip("=") + "=" * (-len(value.rstrip("=")) % 4), altchars=b"-_", validate=True)
    if len(raw) != 32 or not 0 < int.from_bytes(raw, "big") < P256_ORDER:
        raise ValueError("not a private key of P-256")
    return value.rstrip("=")


def generated_secret(path: Path, *, make: Callable[[], str] = lambda: secrets.token_urlsafe(64)) -> str:
    """Return the secret kept in a file that only its owner can read, made at the first start.

    Web, worker and beat may start at the same moment: the file appears complete or not at all,
    and whoever comes second reads what the first one wrote.
    """
    if not path.exists():
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(make())
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text(encoding="ascii").strip()
