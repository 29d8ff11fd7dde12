"""A real push service on this machine, with phones that read what they get, and that can be told how to behave."""

import base64
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

import http_ece
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from py_vapid import jwt

from accounts.models import User
from rehab.nudges.models import PushSubscription
from rehab.nudges.push.subscriptions import endpoint_hash
from tests.make import NOW


def base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


class Phone:
    """A browser that has subscribed: only it can read what is encrypted for it."""

    def __init__(self, service: "PushService", name: str) -> None:
        self.private_key = ec.generate_private_key(ec.SECP256R1())
        self.auth_secret = os.urandom(16)
        self.endpoint = f"{service.origin}/push/{name}"
        self.name = name

    @property
    def key(self) -> str:
        return base64url(self.private_key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))

    @property
    def auth(self) -> str:
        return base64url(self.auth_secret)

    @property
    def subscription(self) -> dict[str, Any]:
        """As the browser says it (PushSubscription.toJSON)."""
        return {
            "endpoint": self.endpoint,
            "expirationTime": None,
            "keys": {"p256dh": self.key, "auth": self.auth},
        }

    def read(self, body: bytes) -> dict[str, Any]:
        words: dict[str, Any] = json.loads(
            cast(Any, http_ece).decrypt(
                body, private_key=self.private_key, auth_secret=self.auth_secret, version="aes128gcm"
            )
        )
        return words

    def of(self, user: User, **fields: Any) -> PushSubscription:
        """The row of this phone."""
        return PushSubscription.objects.create(
            user=user,
            endpoint=self.endpoint,
            endpoint_hash=endpoint_hash(self.endpoint),
            key=self.key,
            auth=self.auth,
            **{"created_at": NOW, **fields},
        )


@dataclass
class Push:
    """One request that came in, whatever was answered."""

    phone: str
    headers: dict[str, str]
    body: bytes
    method: str = "POST"

    @property
    def claims(self) -> dict[str, Any]:
        """What the sender says of itself; raises when somebody else has signed it."""
        scheme, _, rest = self.headers["authorization"].partition(" ")
        parts = dict(part.split("=", 1) for part in rest.split(","))
        assert scheme == "vapid"
        claims: dict[str, Any] = cast(Any, jwt).decode(parts["t"], parts["k"])
        return {**claims, "key": parts["k"]}


@dataclass
class PushService:
    """Answers ``modes[phone]``, else ``mode``: a status, or slow, garbage, cut or redirect."""

    origin: str = ""
    mode: str = "201"
    modes: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    seconds: float = 3.0
    pushes: list[Push] = field(default_factory=list)
    phones: dict[str, Phone] = field(default_factory=dict)
    connections: int = 0
    on_push: Callable[[], None] = lambda: None

    def phone(self, name: str = "phone") -> Phone:
        return self.phones.setdefault(name, Phone(self, name))

    @property
    def words(self) -> list[dict[str, Any]]:
        """What the phones read, in the order in which it came."""
        return [self.phones[push.phone].read(push.body) for push in self.pushes]


@contextmanager
def running(port: int = 0) -> Iterator[PushService]:
    service = PushService()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            super().setup()
            service.connections += 1

        def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002 (http.server's name)

        def do_GET(self) -> None:
            service.pushes.append(Push(self.path, dict(self.headers), b"", method="GET"))
            self._answer(200)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            name = self.path.rpartition("/")[2]
            headers = {key.lower(): value for key, value in self.headers.items()}
            service.pushes.append(Push(name, headers, body))
            service.on_push()
            mode = service.modes.get(name, service.mode)
            if mode == "slow":
                time.sleep(service.seconds)
                self._answer(201)
            elif mode == "garbage":
                self.wfile.write(b"SSH-2.0-OpenSSH_9.2\r\n\x00\xff\r\n")
                self.close_connection = True
            elif mode == "cut":
                self.close_connection = True
            elif mode.startswith("30"):
                self._answer(int(mode), {"Location": f"{service.origin}/inside/{name}"})
            else:
                self._answer(int(mode))

        def _answer(self, code: int, headers: dict[str, str] | None = None) -> None:
            body = b"" if code == 204 else service.body
            try:
                self.send_response(code)
                for key, value in {**service.headers, **(headers or {}), "Content-Length": str(len(body))}.items():
                    self.send_header(key, value)
                self.end_headers()
                self.wfile.write(body)
            except OSError:
                self.close_connection = True  # whoever asked did not wait

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None: ...  # whoever asked has hung up

    server = Server(("127.0.0.1", port), Handler)
    service.origin = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
