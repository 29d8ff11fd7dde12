"""A network that fails on command: an HTTP proxy between the browser and the web process.

The browser talks to ``chaos.base_url``; what goes through, what is cut and what is answered by somebody else is for the
test to say. It is the only way to lose an answer whose work has been done.
"""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

CALL_SECONDS: Final = 15
CHUNK: Final = 64 * 1024
PORTAL: Final = b"<!doctype html><title>Hotel wifi</title><h1>Hotel wifi</h1><p>Room number, please.</p>"
MODES: Final = frozenset({"pass", "hang", "slow", "cut", "lost answer", "portal", "portal 302", "500"})


@dataclass
class Exchange:
    """One request as it came; `fate` is what became of it, `status` what was answered (0 when nothing was)."""

    method: str
    target: str
    headers: dict[str, str]
    fate: str = "pass"
    status: int = 0

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]


Match = Callable[[Exchange], bool]


@dataclass
class Chaos:
    """The proxy, in a thread of its own; it starts as a network that works."""

    upstream: int
    port: int
    mode: str = "pass"
    match: Match = bool  # every exchange is true
    seconds: float = 0
    log: list[Exchange] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._server: asyncio.Server | None = None
        self._open: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self._changed = asyncio.Event()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.up()

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def up(self) -> None:
        """The server can be reached (again), and everything passes."""
        self.say("pass")
        self._call(self._listen())

    def down(self) -> None:
        """Connections are refused, and those that are open are cut."""
        self._call(self._refuse())

    def say(self, mode: str, match: Match = bool, *, seconds: float = 0) -> None:
        """What becomes of the requests that match; all others pass. What hangs now is cut."""
        assert mode in MODES, mode
        self.mode, self.match, self.seconds = mode, match, seconds
        self._call(self._let_go())

    def seen(self, path: str, method: str | None = None) -> list[Exchange]:
        """The requests whose path begins so."""
        return [one for one in list(self.log) if one.path.startswith(path) and method in (None, one.method)]

    def close(self) -> None:
        self.down()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(CALL_SECONDS)
        self._loop.close()

    # --- In the thread ------------------------------------------------------------------------------------------

    def _call(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(CALL_SECONDS)

    async def _listen(self) -> None:
        if self._server is None:
            self._server = await asyncio.start_server(
                self._talk, "127.0.0.1", self.port, limit=CHUNK, reuse_address=True
            )

    async def _refuse(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for task, writer in self._open.items():
            _abort(writer)
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _let_go(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open[task] = writer
        try:
            while await self._exchange(reader, writer):
                pass
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.CancelledError):
            pass  # the browser has gone, or the line was cut
        finally:
            del self._open[task]
            _abort(writer) if writer.transport.is_closing() else writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request and its answer; False when the connection is not to be used again."""
        head = await reader.readuntil(b"\r\n\r\n")
        method, target, headers = _parsed(head)
        exchange = Exchange(method, target, headers)
        if self.match(exchange):
            exchange.fate = self.mode
        self.log.append(exchange)
        length = int(headers.get("content-length", 0))
        match exchange.fate:
            case "cut" | "hang" as fate:
                if fate == "hang":
                    await self._changed.wait()
                _abort(writer)
                return False
            case "slow":
                await asyncio.sleep(self.seconds)
            case "portal" | "portal 302" | "500" as fate:
                await reader.readexactly(length)
                exchange.status, answer = _strangers_answer(fate, target, self.port)
                writer.write(answer)
                await writer.drain()
                return True
        return await self._forward(exchange, head, length, reader, writer)

    async def _forward(
        self, exchange: Exchange, head: bytes, length: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self.upstream, limit=CHUNK)
        try:
            # One connection upstream for each request: its end is the end of the answer.
            up_writer.write(_without_connection(head) + b"Connection: close\r\n\r\n")
            await _copy(reader, up_writer, length)
            answer = await up_reader.readuntil(b"\r\n\r\n")
            exchange.status = int(answer.split(b" ", 2)[1])
            if exchange.fate == "lost answer":
                await up_reader.read()  # the work is done by now, and nobody will hear of it
                _abort(writer)
                return False
            answer = _without_connection(answer)
            told = (b"\r\ncontent-length:", b"\r\ntransfer-encoding:")
            keep = exchange.status in (204, 304) or any(name in answer.lower() for name in told)
            writer.write(answer + (b"" if keep else b"Connection: close\r\n") + b"\r\n")
            await _copy(up_reader, writer)
            return keep
        finally:
            _abort(up_writer)


def _parsed(head: bytes) -> tuple[str, str, dict[str, str]]:
    first, *rest = head.decode("latin-1").rstrip("\r\n").split("\r\n")
    method, target, _ = first.split(" ", 2)
    pairs = (line.partition(":") for line in rest)
    return method, target, {name.strip().lower(): value.strip() for name, _, value in pairs}


def _without_connection(head: bytes) -> bytes:
    """The head without its end and without what is said about the connection itself."""
    hop = (b"connection:", b"keep-alive:", b"proxy-connection:")
    lines = head[: -len(b"\r\n\r\n")].split(b"\r\n")
    return b"".join(line + b"\r\n" for line in lines if not line.lower().startswith(hop))


def _strangers_answer(fate: str, target: str, port: int) -> tuple[int, bytes]:
    """What a hotel or a proxy in between says in our place; `X-Chaos` tells the tests that it was not the product."""
    if fate == "500":
        status, extra, body = b"500 Internal Server Error", b"", b"<h1>Something broke on the way</h1>"
    elif fate == "portal 302" and target != "/portal":
        status, extra, body = b"302 Found", b"Location: http://localhost:%d/portal\r\n" % port, b""
    else:
        status, extra, body = b"200 OK", b"", PORTAL
    head = b"HTTP/1.1 %b\r\n%bX-Chaos: yes\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n"
    return int(status[:3]), head % (status, extra, len(body)) + body


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, length: int | None = None) -> None:
    """Pass on so many bytes, or all until the end."""
    while length != 0:
        chunk = await reader.read(CHUNK if length is None else min(CHUNK, length))
        if not chunk:
            return
        writer.write(chunk)
        await writer.drain()
        length = None if length is None else length - len(chunk)


def _abort(writer: asyncio.StreamWriter) -> None:
    with suppress(OSError, RuntimeError):
        writer.transport.abort()
