"""The product as it runs: gunicorn, worker and beat as processes of their own, on the test's database."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.db import connection

from rehab.management.commands.up import programs

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 40
STOP_SECONDS = 20


def free_port() -> int:
    """Return a port nobody listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def database_url() -> str:
    """Return the address of the database the tests are connected to, for another process."""
    settings: dict[str, Any] = connection.settings_dict
    name = str(settings["NAME"])
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    user, password = quote(settings["USER"], safe=""), quote(settings["PASSWORD"], safe="")
    credentials = f"{user}:{password}@" if password else f"{user}@" if user else ""
    host = settings["HOST"]
    port = f":{settings['PORT']}" if settings["PORT"] else ""
    options = {key: value for key, value in settings["OPTIONS"].items() if key == "host"}
    query = f"?host={quote(str(options['host']), safe='')}" if options else ""
    return f"postgres://{credentials}{quote(host, safe='')}{port}/{quote(name, safe='')}{query}"


class Stack:
    """Processes of one installation; each can be killed and started again by a test.

    `var` holds its files: the embedded broker, mail, static files, and one log per process; `root` is the release.
    """

    def __init__(self, *, var: Path, environment: Mapping[str, str] | None = None) -> None:
        self.var = var
        self.root = ROOT
        self.port = free_port()
        self.base_url = f"http://127.0.0.1:{self.port}"
        self.environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "rehab.settings",
            "STEADYBACK_MODE": "embedded",
            "STEADYBACK_ENV_FILE": os.devnull,
            "STEADYBACK_VAR": str(var),
            "DATABASE_URL": database_url(),
            "PORT": str(self.port),
            "LOG_LEVEL": "INFO",
            **(environment or {}),
        }
        self.commands = {
            program.name: list(program.argv)
            for program in programs(port=self.port, web_processes=1, worker_processes=2)
        }
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, *names: str) -> None:
        """Start some of web, worker and beat (all when none is named) and wait until they are of use."""
        names = names or tuple(self.commands)
        if "web" in names and not (self.var / "static-root").exists():
            self.manage("collectstatic", "--noinput", "--verbosity", "0")
        for name in names:
            with self.log_path(name).open("ab") as log:
                self.processes[name] = subprocess.Popen(
                    self.commands[name],
                    cwd=self.root,
                    env=self.environment,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
        if "web" in names:
            self._wait_for("web", self._web_answers)
        if "worker" in names:
            self._wait_for("worker", lambda: " ready." in self.log("worker"))

    def stop(self, *names: str) -> None:
        """End some processes (all when none is named) as a deployment would, and kill what does not end."""
        running = [self.processes.pop(name) for name in (names or tuple(self.processes)) if name in self.processes]
        for process in running:
            process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for process in running:
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=max(0.1, deadline - time.monotonic()))
        for process in running:
            _kill_group(process)

    def kill(self, name: str) -> None:
        """End one process and what it started at once, as a power cut would."""
        _kill_group(self.processes.pop(name))

    def manage(self, *arguments: str) -> str:
        """Run a management command in this installation; returns what it printed.

        Raises: AssertionError with its output when it failed.
        """
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=self.root,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    def log_path(self, name: str) -> Path:
        return self.var / f"{name}.log"

    def log(self, name: str) -> str:
        path = self.log_path(name)
        return path.read_text(errors="replace") if path.exists() else ""

    def logs(self, names: Iterable[str] = ("web", "worker", "beat")) -> str:
        """Return the end of each log, for a failed test's report."""
        return "\n".join(f"--- {name}\n{self.log(name)[-3000:]}" for name in names)

    def _wait_for(self, name: str, is_there: Any) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not is_there():
            assert self.processes[name].poll() is None, f"{name} ended at its start:\n{self.log(name)[-3000:]}"
            assert time.monotonic() < deadline, f"{name} did not start:\n{self.log(name)[-3000:]}"
            time.sleep(0.1)

    def _web_answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.base_url}/accounts/login/", timeout=2):  # noqa: S310 (our own http)
                return True
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, 9)
    process.wait()
