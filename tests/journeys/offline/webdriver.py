"""A browser of another family, spoken to by WebDriver: WebKitGTK, which is the nearest to an iPhone that runs here."""

import json
import os
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from tests.journeys.browsers import Webkit
from tests.journeys.stack import free_port

START_SECONDS: Final = 20
ELEMENT: Final = "element-6066-11e4-a52e-4f735466cecf"  # the name that the standard gives to a reference


class Driver:
    """One browser window. `do` is any command of the standard (https://www.w3.org/TR/webdriver2/)."""

    def __init__(self, webkit: Webkit, *, folder: Path) -> None:
        self._stack = ExitStack()
        self._port = free_port()
        screen = self._start([webkit.screen, "-displayfd", "1", "-screen", "0", "412x915x24"], stdout=subprocess.PIPE)
        assert screen.stdout is not None
        self._stack.callback(screen.stdout.close)
        display = f":{screen.stdout.readline().decode().strip()}"
        home = {name: str(folder) for name in ("HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR")}
        self._start([webkit.driver, f"--port={self._port}"], env={**os.environ, **home, "DISPLAY": display})
        options = {"binary": webkit.browser, "args": ["--automation"]}
        self._session = self._new_session({"alwaysMatch": {"webkitgtk:browserOptions": options}})

    def _start(self, command: list[str], **options: Any) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL, **options)
        self._stack.callback(process.wait)
        self._stack.callback(process.terminate)
        return process

    def _new_session(self, capabilities: dict[str, Any]) -> str:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                return str(self._ask("POST", "/session", {"capabilities": capabilities})["sessionId"])
            except OSError:
                assert time.monotonic() < deadline, "the driver did not start"
                time.sleep(0.1)

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self._port}{path}",
            data=None if body is None else json.dumps(body).encode(),
            method=method,
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 (our own http)
            return json.load(answer)["value"]

    def do(self, method: str, path: str, **body: Any) -> Any:
        """Raises: AssertionError with what the browser said, when it could not."""
        try:
            return self._ask(method, f"/session/{self._session}{path}", body if method == "POST" else None)
        except urllib.error.HTTPError as refusal:
            with refusal:
                said = refusal.read().decode(errors="replace")
            raise AssertionError(f"{path}: {said}") from None

    def goto(self, url: str) -> None:
        self.do("POST", "/url", url=url)

    def run(self, script: str, *arguments: Any) -> Any:
        """What an asynchronous function in the page returns: `run("async (name) => …", "x")`."""
        wrapped = (
            f"const done = arguments[arguments.length - 1]; ({script})(...[...arguments].slice(0, -1)).then(done);"
        )
        return self.do("POST", "/execute/async", script=wrapped, args=list(arguments))

    def count(self, selector: str) -> int:
        return len(self._find(selector))

    def text(self, selector: str) -> str:
        return str(self.do("GET", f"/element/{self._find(selector)[0]}/text"))

    def click(self, selector: str) -> None:
        # The bars at the edges would be in the way of a thumb that does not scroll.
        self.run("async (one) => document.querySelector(one).scrollIntoView({ block: 'center' })", selector)
        self.do("POST", f"/element/{self._find(selector)[0]}/click")

    def _find(self, selector: str) -> list[str]:
        found = self.do("POST", "/elements", using="css selector", value=selector)
        return [one[ELEMENT] for one in found]

    def close(self) -> None:
        try:
            self.do("DELETE", "")
        finally:
            self._stack.close()
