"""A Firefox whose push service is this machine's, spoken to by its own protocol (Marionette)."""

import json
import os
import socket
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from tests.journeys.browsers import Firefox
from tests.journeys.stack import free_port

START_SECONDS: Final = 60
ANSWER_SECONDS: Final = 60


def preferences(*, marionette: int, push: str) -> dict[str, Any]:
    """What has to be another than usual: where the push service is, and nothing else that goes out."""
    return {
        "marionette.port": marionette,
        "dom.push.serverURL": push,
        "dom.push.testing.allowInsecureServerURL": True,
        # A Firefox that is driven by a test does not connect to its push service by itself.
        "dom.push.connection.enabled": True,
        "dom.push.alwaysConnect": True,
        "permissions.default.desktop-notification": 1,
        # There is no desktop that would show them; Firefox has windows of its own for that.
        "alerts.useSystemBackend": False,
        "network.connectivity-service.enabled": False,
        "network.captive-portal-service.enabled": False,
        "app.update.disabledForTesting": True,
        "browser.shell.checkDefaultBrowser": False,
        "datareporting.policy.dataSubmissionEnabled": False,
        "toolkit.telemetry.reportingpolicy.firstRun": False,
        "browser.startup.page": 0,
        "services.settings.server": "data:,#remote-settings-dummy/v1",
    }


class Marionette:
    """One window of it. `do` is any command of https://searchfox.org/mozilla-central/source/remote/marionette/driver.sys.mjs."""

    def __init__(self, firefox: Firefox, *, folder: Path, push: str) -> None:
        self._stack = ExitStack()
        self._number = 0
        port = free_port()
        chosen = preferences(marionette=port, push=push).items()
        lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in chosen]
        (folder / "user.js").write_text("\n".join(lines))
        screen = self._start([firefox.screen, "-displayfd", "1", "-screen", "0", "1280x900x24"], stdout=subprocess.PIPE)
        assert screen.stdout is not None
        self._stack.callback(screen.stdout.close)
        display = f":{screen.stdout.readline().decode().strip()}"
        environment = {**os.environ, "HOME": str(folder), "DISPLAY": display, "MOZ_DISABLE_CONTENT_SANDBOX": "1"}
        self._start([firefox.browser, "--marionette", "--no-remote", "--profile", str(folder)], env=environment)
        self._socket = self._connect(port)
        self._stack.callback(self._socket.close)
        self._read()  # who it is
        self.do("WebDriver:NewSession", capabilities={})
        self.do("WebDriver:SetTimeouts", script=ANSWER_SECONDS * 1000)

    def _start(self, command: list[str], **options: Any) -> subprocess.Popen[bytes]:
        options.setdefault("stdout", subprocess.DEVNULL)
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL, **options)
        self._stack.callback(process.wait)
        self._stack.callback(process.terminate)
        return process

    def _connect(self, port: int) -> socket.socket:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                return socket.create_connection(("127.0.0.1", port), timeout=ANSWER_SECONDS)
            except OSError:
                assert time.monotonic() < deadline, "Firefox did not start"
                time.sleep(0.2)

    def _read(self) -> Any:
        """One message: its length in digits, a colon, and JSON."""
        length = b""
        while not length.endswith(b":"):
            length += self._socket.recv(1)
        left, parts = int(length[:-1]), []
        while left:
            parts.append(self._socket.recv(left))
            left -= len(parts[-1])
        return json.loads(b"".join(parts))

    def do(self, command: str, **parameters: Any) -> Any:
        """Raises: AssertionError with what the browser said, when it could not."""
        self._number += 1
        message = json.dumps([0, self._number, command, parameters])
        self._socket.sendall(f"{len(message.encode())}:{message}".encode())
        _kind, _number, error, result = self._read()
        assert error is None, f"{command}: {error}"
        return result

    def goto(self, url: str) -> None:
        self.do("WebDriver:Navigate", url=url)

    def run(self, script: str, *arguments: Any) -> Any:
        """What an asynchronous function in the page returns: `run("async (name) => …", "x")`."""
        wrapped = (
            f"const done = arguments[arguments.length - 1]; ({script})(...[...arguments].slice(0, -1)).then(done);"
        )
        return self.do("WebDriver:ExecuteAsyncScript", script=wrapped, args=list(arguments))["value"]

    def click(self, selector: str) -> None:
        found = self.do("WebDriver:FindElement", using="css selector", value=selector)["value"]
        self.do("WebDriver:ElementClick", id=next(iter(found.values())))

    def close(self) -> None:
        self._stack.close()
