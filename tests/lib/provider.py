"""A mail provider's web API, spoken by a real HTTP server that can be told how to behave."""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs


@dataclass(frozen=True, kw_only=True)
class Answer:
    status: int = 200
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Asked:
    path: str
    headers: Mapping[str, str]
    body: str
    connection: tuple[str, int]

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def form(self) -> dict[str, list[str]]:
        return parse_qs(self.body)


class FakeProvider(ThreadingHTTPServer):
    """Gives the answers of ``answers`` one after the other, then ``answer`` again and again; keeps what it was asked."""

    daemon_threads = True

    def __init__(self, answer: Answer) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer = answer
        self.answers: list[Answer] = []
        self.asked: list[Asked] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        server = self.server
        assert isinstance(server, FakeProvider)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        server.asked.append(
            Asked(path=self.path, headers=dict(self.headers), body=body, connection=self.client_address[:2])
        )
        answer = server.answers.pop(0) if server.answers else server.answer
        time.sleep(answer.seconds)
        said = answer.body.encode()
        try:
            self.send_response(answer.status)
            for name, value in {"Content-Length": str(len(said)), **answer.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(said)
        except OSError:
            return  # who asked did not wait

    do_GET = do_POST  # noqa: N815 (the library's name)

    def log_message(self, *args: object) -> None:
        """Nothing on the terminal."""


@contextmanager
def serving(answer: Answer) -> Iterator[FakeProvider]:
    with FakeProvider(answer) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
