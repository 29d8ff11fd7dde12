"""A task whose effect can be counted, for a real worker (`--include tests.journeys.effects`).

As a program it publishes: `python -m tests.journeys.effects <folder> <first> <count> <seconds each takes>`.
"""

import sys
import time
from pathlib import Path

from celery import shared_task


@shared_task(ignore_result=True, name="tests.leave_mark")
def leave_mark(*, folder: str, number: int, seconds: float) -> None:
    """Say that it has begun, take a while, then leave a file; a second run of the same number leaves a second file."""
    (Path(folder) / f"{number}.begun").touch()
    time.sleep(seconds)
    mark = Path(folder) / f"{number}.{time.time_ns()}"
    mark.touch(exist_ok=False)


def marks(folder: Path) -> list[int]:
    """Return the numbers of the tasks that ran, each as often as it ran."""
    return sorted(int(path.name.partition(".")[0]) for path in folder.iterdir() if path.suffix != ".begun")


def begun(folder: Path) -> list[int]:
    """Return the numbers of the tasks that a worker has taken up, whatever became of them."""
    return sorted(int(path.stem) for path in folder.glob("*.begun"))


def main(folder: str, first: str, count: str, seconds: str) -> None:
    import rehab.celery  # noqa: F401 (a program names its application)

    for number in range(int(first), int(first) + int(count)):
        leave_mark.delay(folder=folder, number=number, seconds=float(seconds))


if __name__ == "__main__":
    main(*sys.argv[1:])
