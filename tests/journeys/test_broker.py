"""A real worker on the broker of this lane (CELERY_BROKER_URL; without it the embedded one)."""

import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from django.conf import settings
from kombu import Connection

from rehab.celery import app
from tests.journeys.effects import begun, marks
from tests.journeys.stack import ROOT, Stack

pytestmark = [pytest.mark.broker, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def installation(var: Path) -> Iterator[Stack]:
    prefix = f"{settings.CELERY_QUEUE_PREFIX}-{secrets.token_hex(3)}"
    stack = Stack(var=var, environment={"CELERY_QUEUE_PREFIX": prefix})
    stack.commands["worker"] += ["--include", "tests.journeys.effects"]
    yield stack
    stack.stop()
    leave_no_trace(str(settings.CELERY_BROKER_URL), prefix)


def leave_no_trace(broker: str, prefix: str) -> None:
    """Remove what a worker has declared on a server that others use too."""
    if broker.startswith("redis"):
        with redis.Redis.from_url(broker) as client:
            for key in client.scan_iter(f"{prefix}:*"):
                client.delete(key)
    elif broker.startswith("amqp"):
        with Connection(broker) as connection:
            channel: Any = connection.default_channel
            for part in ("default", "nudges"):
                channel.queue_delete(f"{prefix}-{part}")
            channel.exchange_delete(prefix)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "marks"
    path.mkdir()
    return path


def publisher(stack: Stack, folder: Path, *, first: int, count: int, seconds: float) -> subprocess.Popen[bytes]:
    arguments = [str(folder), str(first), str(count), str(seconds)]
    return subprocess.Popen(
        [sys.executable, "-m", "tests.journeys.effects", *arguments], cwd=ROOT, env=stack.environment
    )


def publish(stack: Stack, folder: Path, *, first: int, count: int, seconds: float = 0.0) -> None:
    assert publisher(stack, folder, first=first, count=count, seconds=seconds).wait(timeout=60) == 0


def wait_for(folder: Path, *, count: int, seconds: float = 40) -> None:
    deadline = time.monotonic() + seconds
    while len(marks(folder)) < count and time.monotonic() < deadline:
        time.sleep(0.1)


def wait_until_begun(folder: Path, *, count: int, seconds: float = 40) -> None:
    deadline = time.monotonic() + seconds
    while len(begun(folder)) < count:
        assert time.monotonic() < deadline, f"{len(begun(folder))} of {count} tasks had begun after {seconds} s"
        time.sleep(0.1)


def test_concurrent_publishers_lose_and_double_nothing(installation: Stack, folder: Path) -> None:
    installation.start("worker")
    writers = [publisher(installation, folder, first=index * 60, count=60, seconds=0.0) for index in range(3)]
    assert [writer.wait(timeout=60) for writer in writers] == [0, 0, 0]

    wait_for(folder, count=180)

    time.sleep(0.5)
    assert marks(folder) == list(range(180)), installation.log("worker")[-2000:]
    assert "Unrecoverable" not in installation.log("worker")


def test_stopped_worker_finishes_what_runs_and_leaves_the_rest_for_the_next(installation: Stack, folder: Path) -> None:
    installation.start("worker")
    publish(installation, folder, first=0, count=12, seconds=1.0)
    wait_until_begun(folder, count=2)

    installation.stop("worker")
    done_by_first = marks(folder)
    installation.start("worker")
    wait_for(folder, count=12)

    assert 2 <= len(done_by_first) < 12
    assert marks(folder) == list(range(12))


def test_killed_worker_is_followed_by_one_that_works(installation: Stack, folder: Path) -> None:
    installation.start("worker")
    publish(installation, folder, first=0, count=2, seconds=30.0)
    wait_until_begun(folder, count=2)

    installation.kill("worker")
    installation.start("worker")
    publish(installation, folder, first=100, count=4)
    wait_for(folder, count=4)

    assert marks(folder) == [100, 101, 102, 103]


def test_queues_of_the_worker_are_those_the_routes_name() -> None:
    routed = {route["queue"] for route in settings.CELERY_TASK_ROUTES.values()}

    consumed = set(app.amqp.queues)

    assert routed | {settings.CELERY_TASK_DEFAULT_QUEUE} == consumed
