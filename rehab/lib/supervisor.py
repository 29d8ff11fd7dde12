"""Keeps a few long-running programs alive together and ends them together."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import IO

TETHER = Path(__file__).with_name("tether.py")
POLL_SECONDS = 0.1


@dataclass(frozen=True, kw_only=True)
class Program:
    """A program to keep running; `argv[0]` is the path of its executable."""

    name: str
    argv: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long things may take, in seconds.

    `grace` is given to end by itself; a restart waits `first_pause`, doubled at each failure up to `longest_pause`;
    after `steady` seconds of running, earlier failures are forgotten; more than `failures` in a row and all is stopped.
    """

    grace: float = 25.0
    first_pause: float = 0.5
    longest_pause: float = 30.0
    steady: float = 60.0
    failures: int = 8


class Child:
    """One program and the process that runs it at the moment."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.process: subprocess.Popen[str] | None = None
        self.started_at = 0.0
        self.failures = 0
        self.restart_at: float | None = None

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def signal_group(self, number: int) -> None:
        """Send a signal to the process, and SIGKILL to everything it started as well."""
        if self.process is None:
            return
        with suppress(ProcessLookupError, PermissionError):
            if number == signal.SIGKILL:
                os.killpg(self.process.pid, number)
            elif self.running:
                self.process.send_signal(number)


class Supervisor:
    """Starts programs in sessions of their own, restarts what ends, and stops all when told to.

    A first SIGINT, SIGTERM or SIGHUP asks every program once, with SIGTERM, to finish what it is doing; a second asks
    with SIGQUIT to drop it; what still runs after the grace period is killed. Must run in the main thread.
    """

    def __init__(
        self,
        programs: Sequence[Program],
        *,
        environment: Mapping[str, str] | None = None,
        say: Callable[[str], None],
        patience: Patience | None = None,
    ) -> None:
        self.children = [Child(program) for program in programs]
        self.environment = dict(os.environ if environment is None else environment)
        self.say = say
        self.patience = patience or Patience()
        self.stops = 0
        self.answered = 0
        self.gave_up = False
        self._width = max(len(program.name) for program in programs)
        self._said = threading.Lock()

    def run(self, *, is_ready: Callable[[], bool] | None = None, when_ready: Callable[[], None] | None = None) -> int:
        """Run until told to stop; `when_ready` is called once, as soon as `is_ready` answers yes.

        Returns the exit code: 0 when all ended by themselves after a stop, 1 when one kept failing or had to be killed.
        """
        previous = {number: signal.signal(number, self._on_stop) for number in _STOPS}
        try:
            for child in self.children:
                self._start(child)
            waiting = is_ready is not None
            while not self.stops and not self.gave_up:
                if waiting and is_ready is not None and is_ready():
                    waiting = False
                    if when_ready is not None:
                        when_ready()
                self._restart_what_ended()
                time.sleep(POLL_SECONDS)
            return self._stop()
        finally:
            for child in self.children:
                child.signal_group(signal.SIGKILL)
            for number, handler in previous.items():
                signal.signal(number, handler)

    def _on_stop(self, number: int, frame: FrameType | None) -> None:
        # Only counts: the loop acts, so that nothing is printed or locked inside a signal handler.
        self.stops += 1

    def _start(self, child: Child) -> None:
        child.restart_at = None
        child.started_at = time.monotonic()
        child.process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(TETHER), str(os.getpid()), *child.program.argv],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=self.environment,
            start_new_session=True,  # a Ctrl-C reaches this process alone, which passes it on once
        )
        assert child.process.stdout is not None  # noqa: S101 (asked for two lines above)
        threading.Thread(target=self._pass_on, args=(child.program.name, child.process.stdout), daemon=True).start()

    def _pass_on(self, name: str, output: IO[str]) -> None:
        with output:
            for line in output:
                self._line(name, line.rstrip("\n"))

    def _line(self, name: str, text: str) -> None:
        with self._said:
            self.say(f"{name:<{self._width}} | {text}")

    def _restart_what_ended(self) -> None:
        now = time.monotonic()
        for child in self.children:
            if child.restart_at is not None:
                if now >= child.restart_at:
                    self._start(child)
            elif not child.running and child.process is not None:
                child.signal_group(signal.SIGKILL)  # what the ended process leaves would hold its port and its tasks
                steady = now - child.started_at > self.patience.steady
                child.failures = 1 if steady else child.failures + 1
                if child.failures > self.patience.failures:
                    self._line(child.program.name, "keeps failing; stopping everything")
                    self.gave_up = True
                    return
                pause = min(self.patience.longest_pause, self.patience.first_pause * 2 ** (child.failures - 1))
                child.restart_at = now + pause
                self._line(
                    child.program.name,
                    f"ended with {child.process.returncode}; starting again in {pause:g} s",
                )

    def _stop(self) -> int:
        deadline = time.monotonic() + self.patience.grace
        self._ask(signal.SIGTERM)
        self.answered = max(self.stops, 1)
        while any(child.running for child in self.children) and time.monotonic() < deadline:
            if self.stops > self.answered:
                self.answered = self.stops
                self._ask(signal.SIGQUIT)
            time.sleep(POLL_SECONDS)
        killed = [child for child in self.children if child.running]
        for child in killed:
            self._line(child.program.name, f"did not end within {self.patience.grace:g} s; killed")
        for child in self.children:
            child.signal_group(signal.SIGKILL)
            if child.process is not None:
                child.process.wait()
        return 1 if killed or self.gave_up else 0

    def _ask(self, number: signal.Signals) -> None:
        for child in self.children:
            child.signal_group(number)


def port_is_free(port: int, *, host: str = "127.0.0.1") -> bool:
    """Return whether a server could listen there now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


_STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
