"""Tick to mail through a real broker and a real worker, on the product's own settings."""

import datetime as dt
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from accounts.models import Clinic, User
from rehab.nudges import schedule
from rehab.nudges.models import Heartbeat, NudgePreference
from rehab.patients.models import Patient
from rehab.programs.models import Prescription
from tests import make
from tests.journeys.stack import ROOT, Stack
from tests.journeys.test_broker import leave_no_trace
from tests.nudges.conftest import MailSink
from tests.nudges.families import make_families
from tests.nudges.test_recovery import states, wait_until

pytestmark = [pytest.mark.broker, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def installation(mail_sink: MailSink, tmp_path: Path) -> Iterator[Stack]:
    prefix = f"{settings.CELERY_QUEUE_PREFIX}-{secrets.token_hex(3)}"
    stack = Stack(
        var=tmp_path,
        environment={
            "CELERY_QUEUE_PREFIX": prefix,
            "EMAIL_URL": f"smtp://127.0.0.1:{mail_sink.port}",
            "NUDGE_SPREAD_SECONDS": "0",
            "NUDGE_WITHHELD_PERCENT": "0",
        },
    )
    yield stack
    stack.stop()
    leave_no_trace(str(settings.CELERY_BROKER_URL), prefix)


def publish_tick(stack: Stack) -> None:
    """As beat does: by name."""
    command = "from rehab.celery import app; app.send_task('rehab.nudges.tasks.tick', ignore_result=True)"
    subprocess.run([sys.executable, "-c", command], cwd=ROOT, env=stack.environment, check=True, timeout=30)


def test_tick_becomes_mail(installation: Stack, mail_sink: MailSink, clinic: Clinic, vet: User) -> None:
    make_families(clinic, vet, 25, dogs=1)
    everybody_is_due()
    installation.start("worker")
    publish_tick(installation)
    wait_until(lambda: states() == {"sent": 25}, seconds=40)
    assert sorted(str(message["To"]) for message in mail_sink.messages) == sorted(
        f"family{n}@example.test" for n in range(25)
    )
    assert set(Heartbeat.objects.values_list("part", flat=True)) == {"tick", "delivery"}
    first = Heartbeat.objects.get(part="tick").beat_at
    publish_tick(installation)
    wait_until(lambda: Heartbeat.objects.get(part="tick").beat_at > first)
    assert (len(mail_sink.raw), states()) == (25, {"sent": 25})
    assert "ERROR" not in installation.log("worker")


def everybody_is_due() -> None:
    """Move everybody to a place where it is afternoon at this moment, and their wish to just now."""
    now = make.now()
    zone = next(
        name
        for name in (f"Etc/GMT{hours:+d}" for hours in range(-12, 13))
        if 14 * 60 <= schedule.clock(at=now, time_zone=name).minute < 15 * 60
    )
    minute = schedule.clock(at=now, time_zone=zone).minute
    User.objects.update(time_zone=zone)
    Patient.objects.update(time_zone=zone)
    # On a Sunday the week would take the reminder's place.
    NudgePreference.objects.update(remind_minute=minute, week_enabled=False)
    # A household that nobody has heard of for so long is left in peace.
    for item in Prescription.objects.filter(exercise__slug="stand-count"):
        make.make_tick(item, schedule.clock(at=now, time_zone=zone).day - dt.timedelta(days=1), done_at=now)
