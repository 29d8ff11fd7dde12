import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

HARNESS = """
import sys
from rehab.lib.supervisor import Patience, Program, Supervisor
programs = [Program(name=name, argv=[sys.executable, "-u", "-c", code]) for name, code in PROGRAMS]
supervisor = Supervisor(programs, say=lambda line: print(line, flush=True), patience=Patience(**PATIENCE))
sys.exit(supervisor.run(is_ready=lambda: True, when_ready=lambda: print("READY", flush=True)))
"""

POLITE = """
import os, signal, sys, time
def stop(number, frame):
    print("asked", signal.Signals(number).name)
    if number == signal.SIGTERM and LINGER:
        time.sleep(LINGER)
    print("bye"); sys.exit(0)
signal.signal(signal.SIGTERM, stop); signal.signal(signal.SIGQUIT, stop)
print("pid", os.getpid())
while True: time.sleep(0.05)
"""

STUBBORN = """
import os, signal, time
for number in (signal.SIGTERM, signal.SIGQUIT, signal.SIGINT): signal.signal(number, signal.SIG_IGN)
print("pid", os.getpid())
while True: time.sleep(0.05)
"""

PARENT = """
import subprocess, sys, time
grandchild = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print("grandchild", grandchild.pid)
while True: time.sleep(0.05)
"""


class Running:
    """A supervisor in a process of its own, as a terminal would start it."""

    def __init__(self, *programs: tuple[str, str], **patience: float) -> None:
        code = HARNESS.replace("PROGRAMS", repr(list(programs))).replace("PATIENCE", repr(patience))
        self.process = subprocess.Popen(
            [sys.executable, "-u", "-c", textwrap.dedent(code)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.lines: list[str] = []

    def read_until(self, text: str, *, times: int = 1) -> str:
        assert self.process.stdout is not None
        while sum(text in line for line in self.lines) < times:
            line = self.process.stdout.readline()
            assert line, f"ended before {text!r} was said: {self.lines}"
            self.lines.append(line.rstrip("\n"))
        return [line for line in self.lines if text in line][-1]

    def finish(self, *, timeout: float = 15) -> int:
        output, _ = self.process.communicate(timeout=timeout)
        self.lines += output.splitlines()
        return self.process.returncode


@pytest.fixture
def start() -> Iterator[type[Running]]:
    started: list[Running] = []

    class Kept(Running):
        def __init__(self, *programs: tuple[str, str], **patience: float) -> None:
            super().__init__(*programs, **patience)
            started.append(self)

    yield Kept
    for running in started:
        if running.process.poll() is None:
            running.process.kill()
        running.process.communicate()


def number_in(line: str) -> int:
    return int(line.rsplit(" ", 1)[1])


def wait_until_gone(pid: int, *, seconds: float = 5) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False


def test_supervisor_interrupted_lets_programs_finish(start: type[Running]) -> None:
    running = start(("web", POLITE.replace("LINGER", "0.5")), ("worker", POLITE.replace("LINGER", "0")))
    running.read_until("pid ", times=2)
    running.read_until("READY")

    running.process.send_signal(signal.SIGINT)

    assert running.finish() == 0
    assert sorted(line for line in running.lines if "asked" in line or "bye" in line) == [
        "web    | asked SIGTERM",
        "web    | bye",
        "worker | asked SIGTERM",
        "worker | bye",
    ]


def test_supervisor_interrupted_twice_asks_programs_to_drop_work(start: type[Running]) -> None:
    running = start(("worker", POLITE.replace("LINGER", "30")))
    running.read_until("pid ")
    running.process.send_signal(signal.SIGINT)
    running.read_until("asked SIGTERM")
    began = time.monotonic()

    running.process.send_signal(signal.SIGINT)

    assert running.finish() == 0
    assert time.monotonic() - began < 10
    assert "worker | asked SIGQUIT" in running.lines


def test_supervisor_kills_program_that_ignores_it_and_says_so(start: type[Running]) -> None:
    running = start(("web", STUBBORN), grace=0.5)
    pid = number_in(running.read_until("pid "))

    running.process.send_signal(signal.SIGTERM)

    assert running.finish() == 1
    assert "web | did not end within 0.5 s; killed" in running.lines
    assert wait_until_gone(pid)


def test_supervisor_restarts_killed_program_and_leaves_no_grandchild(start: type[Running]) -> None:
    running = start(("worker", PARENT), first_pause=0.1)
    grandchild = number_in(running.read_until("grandchild"))
    parent = int(Path(f"/proc/{grandchild}/stat").read_text().rsplit(")", 1)[1].split()[1])

    os.kill(parent, signal.SIGKILL)
    running.read_until("grandchild", times=2)

    assert "worker | ended with -9; starting again in 0.1 s" in running.lines
    assert wait_until_gone(grandchild)
    running.process.send_signal(signal.SIGTERM)
    assert running.finish() == 0


def test_supervisor_gives_up_on_program_that_keeps_failing(start: type[Running]) -> None:
    running = start(
        ("beat", "raise SystemExit(3)"), ("web", POLITE.replace("LINGER", "0")), first_pause=0.01, failures=3
    )

    assert running.finish() == 1
    assert "beat | keeps failing; stopping everything" in running.lines
    assert "web  | bye" in running.lines
    assert [line for line in running.lines if "starting again" in line] == [
        "beat | ended with 3; starting again in 0.01 s",
        "beat | ended with 3; starting again in 0.02 s",
        "beat | ended with 3; starting again in 0.04 s",
    ]


@pytest.mark.skipif(sys.platform != "linux", reason="only the Linux kernel tells a program that its starter died")
def test_programs_end_when_supervisor_is_killed(start: type[Running]) -> None:
    running = start(("web", POLITE.replace("LINGER", "0")))
    pid = number_in(running.read_until("pid "))

    running.process.kill()

    assert wait_until_gone(pid)
