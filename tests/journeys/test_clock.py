"""The clock of the long journeys: everybody is at the same time, and what must stay real does."""

import datetime as dt
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.journeys.clock import travelling

# A process as the product's are: it has forked, and asks in a thread.
ASKED = """
import datetime, os, sys, threading, time
steady = time.monotonic()
reading, writing = os.pipe()
if os.fork():
    os.wait()
    print(os.read(reading, 1000).decode())
    sys.exit()

def answer():
    for _ in range(2):
        sys.stdin.readline()
        said = [datetime.datetime.now(datetime.UTC).timestamp(), time.time(), time.time_ns() / 1e9]
        os.write(1, f"{said} {datetime.date.today()} {time.monotonic() - steady < 60} {'pytest' in sys.modules}\\n".encode())
    os.write(writing, b"done")

thread = threading.Thread(target=answer)
thread.start()
thread.join()
os._exit(0)
"""


def test_forked_process_and_its_threads_are_at_the_time_of_the_test(tmp_path: Path) -> None:
    steady, real = time.monotonic(), dt.datetime.now(dt.UTC)
    with travelling(tmp_path / "clock") as clock:
        with subprocess.Popen(
            [sys.executable, "-c", ASKED],
            env={**os.environ, **clock.environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdin
            assert process.stdout
            for days in (30, 84):
                clock.move_to(real + dt.timedelta(days=days))
                process.stdin.write("\n")
                process.stdin.flush()
                times, said = process.stdout.readline().strip().removeprefix("[").split("] ")
                ahead = [float(one) - real.timestamp() for one in times.split(", ")]
                assert all(days * 86_400 <= one < days * 86_400 + 60 for one in ahead)
                assert said == f"{clock.now.date()} True False"
            # Not communicate: it does not know what readline has taken ahead.
            assert process.stdout.read().strip() == "done"
        assert process.returncode == 0
        with pytest.raises(ValueError, match="has been"):
            clock.move_to(real)
    assert dt.timedelta() <= dt.datetime.now(dt.UTC) - real < dt.timedelta(seconds=60)
    assert time.monotonic() - steady < 60
