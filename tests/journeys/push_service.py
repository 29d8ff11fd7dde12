"""A push service on this machine: RFC 8030 for the product, Mozilla's protocol for a browser that is connected."""

import asyncio
import base64
import json
import secrets
import threading
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass
class PushService:
    """One service in a thread of its own; `received` are the messages of the product, each with its headers."""

    port: int
    received: list[dict[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._browsers: dict[str, web.WebSocketResponse] = {}
        self._gone: set[str] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._runner = asyncio.run_coroutine_threadsafe(self._serve(), self._loop).result(10)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def browsers_address(self) -> str:
        return f"ws://127.0.0.1:{self.port}/"

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _serve(self) -> web.AppRunner:
        application = web.Application()
        application.add_routes([web.get("/", self._browser), web.post("/push/{channel}", self._product)])
        runner = web.AppRunner(application, shutdown_timeout=1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", self.port).start()
        return runner

    async def _browser(self, request: web.Request) -> web.WebSocketResponse:
        """What Firefox says to its push service, and is answered."""
        line = web.WebSocketResponse(protocols=("push-notification",))
        await line.prepare(request)
        async for message in line:
            said: dict[str, Any] = json.loads(message.data)
            answer = self._answer(said, line)
            if answer is not None:
                await line.send_json(answer)
        return line

    def _answer(self, said: dict[str, Any], line: web.WebSocketResponse) -> dict[str, Any] | None:
        kind, channel = said.get("messageType"), str(said.get("channelID", ""))
        if kind == "hello":
            return {
                "messageType": kind,
                "uaid": secrets.token_hex(16),
                "status": 200,
                "use_webpush": True,
                "broadcasts": {},
            }
        if kind == "register":
            self._browsers[channel] = line
            endpoint = f"{self.origin}/push/{channel}"
            return {"messageType": kind, "channelID": channel, "status": 200, "pushEndpoint": endpoint}
        if kind == "unregister":
            self._gone.add(channel)
            return {"messageType": kind, "channelID": channel, "status": 200}
        return None if said else {}  # an empty one asks whether we are still here

    async def _product(self, request: web.Request) -> web.Response:
        channel = request.match_info["channel"]
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.received.append(headers)
        line = self._browsers.get(channel)
        if channel in self._gone or line is None or line.closed:
            return web.Response(status=410)
        if "ttl" not in headers or not headers.get("authorization", "").startswith("vapid "):
            return web.Response(status=400)
        await line.send_json(
            {
                "messageType": "notification",
                "channelID": channel,
                "version": secrets.token_hex(8),
                "data": base64.urlsafe_b64encode(body).decode().rstrip("="),
                "headers": {"encoding": headers["content-encoding"]},
            }
        )
        return web.Response(status=201, headers={"Location": f"{self.origin}/message/{secrets.token_hex(4)}"})
