"""Two thousand reminders while workers are killed, beats run twice and the broker forgets: nobody is forgotten.

Real workers and beats on the broker of this lane, a real mail server; counts are printed (``pytest -s``). What can go out
twice is the message that a killed worker had in its hands: after the server's “250 OK”, before the row says so. It has
the same Message-ID both times, and its row says that a lease was lost.
"""

import os
import random
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import redis
from django.conf import settings
from django.db import connection
from kombu import Connection

from accounts.models import Clinic, User
from rehab.nudges.models import Nudge
from tests.journeys.stack import ROOT, Stack, free_port
from tests.journeys.test_broker import leave_no_trace
from tests.nudges.families import make_families
from tests.nudges.test_recovery import wait_until
from tests.nudges.test_worker import everybody_is_due

pytestmark = [pytest.mark.broker, pytest.mark.django_db(transaction=True)]

FAMILIES = 2000
WORKERS, PROCESSES, BEATS = 2, 5, 2
CHAOS_SECONDS = 14
PATIENCE_SECONDS = 120
LEASE_SECONDS = 8


@pytest.fixture
def accepted(tmp_path: Path) -> Path:
    """What the mail server has accepted: one Message-ID a line."""
    return tmp_path / "accepted"


@pytest.fixture
def mail_port(accepted: Path) -> Iterator[int]:
    port = free_port()
    command = [sys.executable, "-m", "tests.nudges.mail_server", str(port), str(accepted)]
    server = subprocess.Popen(command, cwd=ROOT)
    wait_until(accepted.exists)
    yield port
    server.kill()
    server.wait()


@pytest.fixture
def installation(mail_port: int, tmp_path: Path) -> Iterator[Stack]:
    prefix = f"{settings.CELERY_QUEUE_PREFIX}-{secrets.token_hex(3)}"
    stack = Stack(
        var=tmp_path,
        environment={
            "CELERY_QUEUE_PREFIX": prefix,
            "EMAIL_URL": f"smtp://127.0.0.1:{mail_port}",
            "NUDGE_TICK_SECONDS": "1",
            # Two thousand dogs that nobody has weighed yet are another story.
            "SUMMARY_REFRESH_SECONDS": "3600",
            "NUDGE_LEASE_SECONDS": str(LEASE_SECONDS),
            "NUDGE_SPREAD_SECONDS": "0",
            "NUDGE_WITHHELD_PERCENT": "0",
        },
    )
    worker = [str(PROCESSES) if before == "--concurrency" else part for before, part in pairs(stack.commands["worker"])]
    for number in range(WORKERS):
        stack.commands[f"worker{number}"] = worker
    for number in range(BEATS):
        # Each beat keeps its own idea of when it last ran, as on two machines.
        stack.commands[f"beat{number}"] = [*stack.commands["beat"], "--schedule", str(tmp_path / f"beat{number}")]
    yield stack
    stack.stop()
    leave_no_trace(str(settings.CELERY_BROKER_URL), prefix)


def pairs(argv: list[str]) -> Iterator[tuple[str, str]]:
    return zip(["", *argv], argv, strict=False)


def children(pid: int) -> list[int]:
    """The pool's processes of a worker, where the system lists them."""
    with suppress(OSError):
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def forget_all_wake_ups(stack: Stack) -> None:
    """As a broker that restarts without what it had in memory."""
    broker, prefix = str(settings.CELERY_BROKER_URL), stack.environment["CELERY_QUEUE_PREFIX"]
    if broker.startswith("redis"):
        with redis.Redis.from_url(broker) as client:
            client.delete(*[f"{prefix}:{prefix}-{part}" for part in ("default", "nudges")])
            # Those who wait for a message are cut off, and must come back by themselves.
            for one in client.client_list(_type="normal"):
                if (
                    one["cmd"] in ("brpop", "blpop")
                    and int(one["db"]) == client.connection_pool.connection_kwargs["db"]
                ):
                    client.client_kill_filter(_id=one["id"])
    elif broker.startswith("amqp"):
        with Connection(broker) as link:
            channel: Any = link.default_channel
            for part in ("default", "nudges"):
                channel.queue_purge(f"{prefix}-{part}")
    else:
        for message in (stack.var / "queue").glob("*.msg"):
            message.unlink(missing_ok=True)


def open_rows() -> int:
    return Nudge.objects.filter(state__in=Nudge.OPEN_STATES).count()


def test_killed_workers_two_beats_and_a_forgetful_broker_forget_nobody(
    installation: Stack, accepted: Path, clinic: Clinic, vet: User
) -> None:
    dice = random.Random(20260322)  # noqa: S311 (which process dies next)
    make_families(clinic, vet, FAMILIES, dogs=1)
    everybody_is_due()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # two thousand families do not come within a second
    workers = [f"worker{number}" for number in range(WORKERS)]
    began = time.monotonic()
    installation.start(*workers, *(f"beat{number}" for number in range(BEATS)))

    killed = Counter[str]()
    while not accepted.stat().st_size and time.monotonic() - began < PATIENCE_SECONDS:
        time.sleep(0.1)
    chaos_until = time.monotonic() + CHAOS_SECONDS
    while time.monotonic() < chaos_until:
        time.sleep(dice.uniform(0.2, 0.7))
        name = dice.choice(workers)
        pool = children(installation.processes[name].pid)
        if pool and dice.random() < 0.8:
            with suppress(ProcessLookupError):
                os.kill(dice.choice(pool), signal.SIGKILL)
            killed["processes"] += 1
        elif killed["workers"] < 3:
            installation.kill(name)
            killed["workers"] += 1
            killed["processes"] += PROCESSES
            installation.start(name)
        if killed["broker"] < 2 and dice.random() < 0.2:
            forget_all_wake_ups(installation)
            killed["broker"] += 1
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (open_rows() or Nudge.objects.count() < FAMILIES) and time.monotonic() < deadline:
        time.sleep(0.2)
    took = time.monotonic() - began
    time.sleep(0.5)  # what is still in the line arrives

    states = Counter(Nudge.objects.values_list("state", flat=True))
    sent = Counter(accepted.read_text().split())
    twice = {key for key, times in sent.items() if times > 1}
    doubled = sum(sent.values()) - len(sent)
    lost_leases = {
        f"<nudge-{pk.hex}@localhost>" for pk in Nudge.objects.filter(leases_lost__gt=0).values_list("pk", flat=True)
    }
    print(  # noqa: T201 (the counts are what one wants to see)
        f"\n{FAMILIES} reminders in {took:.0f} s: {dict(states)}; killed {killed['processes']} processes in "
        f"{killed['workers']} whole workers and singly, {killed['broker']} times all wake-ups lost, {BEATS} beats; "
        f"leases lost {len(lost_leases)}, accepted twice {doubled}, never {FAMILIES - len(sent)}"
    )
    assert killed["processes"] > 0
    assert states == {"sent": FAMILIES}, installation.logs(workers)
    expected = {f"<nudge-{pk.hex}@localhost>" for pk in Nudge.objects.values_list("pk", flat=True)}
    assert set(sent) == expected  # nobody forgotten, and nobody without a row
    assert doubled <= killed["processes"]  # one message is in the hands of one process
    assert twice <= lost_leases  # and each of them is counted
    shutil.rmtree(installation.var / "queue", ignore_errors=True)
