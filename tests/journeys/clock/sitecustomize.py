"""Read by Python itself when a process of the product starts with this folder on its `PYTHONPATH`: its clock is ours.

The product has no hook for this and knows nothing of it. time_machine answers every question for the time of day; the
traveller put in its place adds what a file says to the real clock. The file is mapped into memory, so the clock of a
process that was forked later, and of every thread, is the same at the same instant, and nothing has to poll.
`time.monotonic` and the kernel's clock stay real: timeouts, gunicorn's heartbeat and Celery's sleeps run as ever.
"""

import datetime as dt
import mmap
import os
import struct
import sys
from pathlib import Path
from typing import Final

VARIABLE: Final = "TEST_CLOCK_FILE"
FORMAT: Final = struct.Struct("q")  # nanoseconds ahead of the real clock

if "pytest" not in sys.modules and VARIABLE in os.environ:
    # time_machine takes pytest along where it finds it; it has no business in a server.
    sys.modules["pytest"] = None  # type: ignore[assignment]
    import time_machine

    del sys.modules["pytest"]
else:
    import time_machine


class Ahead(time_machine.Traveller):
    """A clock that runs as the real one does, so much ahead of it as the file says."""

    def __init__(self, path: Path) -> None:
        super().__init__(0, None, tick=True)
        with path.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), FORMAT.size)

    def time_ns(self) -> int:
        now: int = time_machine.escape_hatch.time.time_ns() + FORMAT.unpack_from(self._memory)[0]
        return now

    def set_ahead(self, nanoseconds: int) -> None:
        """Move the clock of everybody who follows the file."""
        FORMAT.pack_into(self._memory, 0, nanoseconds)


def follow(path: Path) -> tuple[time_machine.travel, Ahead]:
    """Let this process go by the file from now on; what is returned first stops it."""
    journey = time_machine.travel(dt.timedelta())
    journey.start()
    time_machine.traveller_stack[-1] = ahead = Ahead(path)
    return journey, ahead


if VARIABLE in os.environ:
    follow(Path(os.environ[VARIABLE]))
