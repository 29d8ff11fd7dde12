"""Reminders a second, to a real mail server, beside tasks a second that do nothing, by the same worker on the same broker.

As a program (``python -m tests.bench.delivering``) it works in the surroundings of one installation and prints the figures.
"""

import datetime as dt
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from tests.journeys.stack import ROOT, free_port
from tests.run import broker_answers

BROKERS: Final = {
    "embedded": "embedded://localhost",
    "redis": "redis://127.0.0.1:6379/9",
    "rabbitmq": "amqp://guest:guest@127.0.0.1:5672//",
}
REMINDERS, TASKS = 2_000, 2_000
PATIENCE_SECONDS = 120


def measured(env: dict[str, str]) -> str:
    """One line a broker that answers."""
    lines = []
    port = free_port()
    sink = subprocess.Popen([sys.executable, "-m", "tests.nudges.mail_server", str(port), os.devnull], cwd=ROOT)
    try:
        for name, url in BROKERS.items():
            if name != "embedded" and not broker_answers(url):
                lines.append(f"{name}: does not answer, not measured")
                continue
            here = {
                **env,
                "CELERY_BROKER_URL": url,
                "CELERY_QUEUE_PREFIX": f"bench-{os.getpid()}",
                "EMAIL_URL": f"smtp://127.0.0.1:{port}",
            }
            tasks, nudges = _rates(here)
            lines.append(
                f"{name}: {nudges:.0f} reminders a second by mail, {tasks:.0f} tasks a second that do nothing: "
                f"{nudges / tasks:.2f} x (goal 1)"
            )
    finally:
        sink.kill()
        sink.wait()
    return "\n".join(lines)


def _rates(env: dict[str, str]) -> tuple[float, float]:
    """Tasks a second, reminders a second."""
    with tempfile.TemporaryDirectory() as folder:
        first, last = Path(folder, "first"), Path(folder, "last")
        # All of them wait before the worker starts, so that publishing is not measured.
        _program(env, "tasks", str(first), str(last))
        worker = subprocess.Popen(
            [
                *(sys.executable, "-W", "ignore", "-m", "celery", "--quiet", "--app", "rehab", "worker"),
                *("--concurrency", "2", "--include", "tests.bench.noop", "--loglevel", "ERROR"),
                *("--without-gossip", "--without-mingle", "--without-heartbeat"),
            ],
            cwd=ROOT,
            env=env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            deadline = time.monotonic() + PATIENCE_SECONDS
            while not last.exists() or not last.read_text():
                if time.monotonic() > deadline:
                    sys.exit(f"the worker did not do {TASKS} tasks in {PATIENCE_SECONDS} s")
                time.sleep(0.05)
            tasks = TASKS / (float(last.read_text()) - float(first.read_text()))
            nudges = float(_program(env, "nudges").splitlines()[-1])
        finally:
            worker.terminate()
            worker.wait(60)
    return tasks, nudges


def _program(env: dict[str, str], *arguments: str) -> str:
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.bench.delivering", *arguments],
        cwd=ROOT,
        env=env,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout


def main() -> None:
    import django

    django.setup()

    from tests.bench.noop import mark, noop

    if sys.argv[1] == "tasks":
        mark.delay(sys.argv[2])
        for _ in range(TASKS):
            noop.delay()
        mark.delay(sys.argv[3])
    else:
        print(_nudges_a_second())


def _nudges_a_second() -> float:
    from django.utils import timezone

    from accounts.models import User
    from rehab.nudges.models import Nudge
    from rehab.nudges.tasks import deliver_batch
    from rehab.patients.models import Caregiver, Patient
    from tests import make
    from tests.nudges.families import make_families

    now = timezone.now()
    # Wherever it is about noon now: nobody is written to in the quiet hours.
    hours = 12 - now.hour
    zone = f"Etc/GMT{-hours:+d}" if hours else "Etc/GMT"
    if not User.objects.filter(email="family0@example.test").exists():
        clinic = make.make_clinic(name="Clinic of reminders")
        vet = make.join(make.make_user("vet-mail@example.test", "Dr. Vera Lind"), clinic, "vet")
        make_families(clinic, vet, REMINDERS, dogs=1)
    families = User.objects.filter(email__startswith="family", email__endswith="@example.test")
    User.objects.filter(pk__in=families.values("pk")).update(time_zone=zone)
    Patient.objects.filter(caregivers__user__in=families.values("pk")).update(time_zone=zone)
    Nudge.objects.all().delete()
    day = now.astimezone(dt.timezone(dt.timedelta(hours=hours))).date()
    Nudge.objects.bulk_create(
        Nudge(
            clinic_id=care.clinic_id,
            patient_id=care.patient_id,
            user_id=care.user_id,
            local_day=day,
            time_zone=zone,
            planned_at=now,
            next_attempt_at=now,
            expires_at=now + dt.timedelta(hours=3),
        )
        for care in Caregiver.objects.filter(user__in=families.values("pk"))
    )
    started = time.perf_counter()
    for _ in range(4):  # as many as a tick sends
        deliver_batch.delay()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while Nudge.objects.filter(state__in=Nudge.OPEN_STATES).exists():
        if time.monotonic() > deadline:
            sys.exit(f"{REMINDERS} reminders were not delivered in {PATIENCE_SECONDS} s")
        time.sleep(0.05)
    seconds = time.perf_counter() - started
    sent = Nudge.objects.filter(state=Nudge.State.SENT).count()
    if sent != REMINDERS:
        sys.exit(f"only {sent} of {REMINDERS} reminders were sent")
    return sent / seconds


if __name__ == "__main__":
    main()
