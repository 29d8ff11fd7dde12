"""A worker that is killed in the middle loses nothing: kill -9, a real mail server, a database of its own file."""

import datetime as dt
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import connection

from accounts.models import Clinic, User
from rehab.nudges.actions import deliver_batch, plan
from rehab.nudges.actions.claiming import LEASE
from rehab.nudges.models import Nudge
from tests.journeys.stack import ROOT, database_url
from tests.nudges.conftest import MailSink
from tests.nudges.families import make_families
from tests.nudges.push_service import PushService

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("at_once")]


def start_worker(*, at: dt.datetime, sink: MailSink, var: Path, push_origin: str = "") -> subprocess.Popen[bytes]:
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "rehab.settings",
        "STEADYBACK_MODE": "embedded",
        "STEADYBACK_ENV_FILE": os.devnull,
        "STEADYBACK_VAR": str(var),
        "DATABASE_URL": database_url(),
        "EMAIL_URL": f"smtp://127.0.0.1:{sink.port}",
        "PUSH_TEST_ORIGIN": push_origin,
    }
    return subprocess.Popen(
        [sys.executable, "-m", "tests.nudges.dying_worker", at.isoformat()], cwd=ROOT, env=environment
    )


def wait_until(is_so: Callable[[], bool], *, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def states() -> dict[str, int]:
    found = list(Nudge.objects.values_list("state", flat=True))
    return {state: found.count(state) for state in sorted(set(found))}


@pytest.mark.parametrize("accepted_before", [0, 2])
def test_killed_worker_is_followed_by_one_that_sends_the_rest(
    clinic: Clinic, vet: User, evening: dt.datetime, mail_sink: MailSink, tmp_path: Path, accepted_before: int
) -> None:
    make_families(clinic, vet, 5, dogs=1)
    plan(at=evening)
    # The server takes its time over each message, so that the kill falls between claim and finish.
    mail_sink.seconds = 1.0
    worker = start_worker(at=evening, sink=mail_sink, var=tmp_path)
    try:
        wait_until(lambda: mail_sink.sessions > 0 and len(mail_sink.raw) >= accepted_before)
    finally:
        worker.send_signal(signal.SIGKILL)
    assert worker.wait(timeout=10) == -signal.SIGKILL
    connection.close()

    mail_sink.seconds = 0.0
    time.sleep(0.5)  # what the dead worker still had in the line arrives
    held = states()["sending"]
    assert held >= 5 - accepted_before - 1
    deliver_batch(at=evening + LEASE - dt.timedelta(seconds=1))
    assert states().get("sending") == held  # the lease is respected
    deliver_batch(at=evening + LEASE)

    assert states() == {"sent": 5}
    keys = [str(message["Message-ID"]) for message in mail_sink.messages]
    expected = {f"<nudge-{nudge.pk.hex}@localhost>" for nudge in Nudge.objects.all()}
    assert set(keys) == expected
    # At most the one message that was under way came twice, and both times under the same key.
    assert len(keys) <= len(expected) + 1


@pytest.mark.parametrize("taken_before", [0, 2])
def test_killed_worker_shows_no_phone_a_message_twice(
    clinic: Clinic,
    vet: User,
    evening: dt.datetime,
    mail_sink: MailSink,
    push_service: PushService,
    tmp_path: Path,
    taken_before: int,
) -> None:
    make_families(clinic, vet, 5, dogs=1)
    plan(at=evening)
    for nudge in Nudge.objects.select_related("user"):
        push_service.phone(nudge.user.email).of(nudge.user)
    push_service.mode, push_service.seconds = "slow", 1.0
    worker = start_worker(at=evening, sink=mail_sink, var=tmp_path, push_origin=push_service.origin)
    try:
        # Killed while the push service has the last of these in its hands, and before its answer.
        wait_until(lambda: len(push_service.pushes) > taken_before)
    finally:
        worker.send_signal(signal.SIGKILL)
    assert worker.wait(timeout=10) == -signal.SIGKILL
    connection.close()

    push_service.mode = "201"
    before = len(push_service.pushes)
    held = states()["sending"]
    assert held == 5 - taken_before
    deliver_batch(at=evening + LEASE - dt.timedelta(seconds=1))
    assert len(push_service.pushes) == before  # the lease is respected
    deliver_batch(at=evening + LEASE)

    assert states() == {"sent": 5}
    assert set(Nudge.objects.values_list("channel", flat=True)) == {"push"}
    assert mail_sink.messages == []
    # Each phone got its own message, one of them twice: under one topic and tag, so that it shows once. And it is counted.
    shown: dict[str, set[str]] = {}
    for push, words in zip(push_service.pushes, push_service.words, strict=True):
        shown.setdefault(push.phone, set()).add(words["notification"]["tag"])
        assert push.headers["topic"] == words["notification"]["tag"]
    assert shown == {nudge.user.email: {nudge.pk.hex} for nudge in Nudge.objects.select_related("user")}
    assert len(push_service.pushes) == 5 + 1
    assert sum(Nudge.objects.values_list("leases_lost", flat=True)) == held
