"""How soon a warning sign is on its way to a person: from the report in the records to the first attempt to deliver it.

A real worker on the installation's broker, a real mail server, and reports through the API one after the other, each of
which wakes the worker. As a program (``python -m tests.bench.alerts``) it sends them and prints the milliseconds.
"""

import json
import math
import statistics
import subprocess
import sys
import time
from typing import Any

from aiosmtpd.controller import Controller

from rehab.management.commands.up import programs
from tests.journeys.stack import ROOT, free_port

ALERTS = 200
GOAL_MS = 5000
PATIENCE_SECONDS = 90


class Sink:
    """A mail server that takes everything."""

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 (aiosmtpd's name)
        return "250 OK"


def measured(env: dict[str, str]) -> str:
    """Return a line of what was measured on an installation that is set up."""
    mail = Controller(Sink(), hostname="127.0.0.1", port=free_port())
    mail.start()
    env = {**env, "EMAIL_URL": f"smtp://127.0.0.1:{mail.port}"}
    [argv] = [one.argv for one in programs(port=0, web_processes=1, worker_processes=1) if one.name == "worker"]
    worker = subprocess.Popen(argv, cwd=ROOT, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        told = subprocess.run(
            [sys.executable, "-W", "ignore", "-m", "tests.bench.alerts"],
            cwd=ROOT,
            env=env,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        ).stdout
    finally:
        worker.terminate()
        worker.wait(30)
        mail.stop()
    taken = sorted(json.loads(told.splitlines()[-1]))
    return (
        f"A warning sign, from the clinic's records to the first attempt to deliver its mail: median {statistics.median(taken):.0f} ms, "
        f"p95 {taken[math.ceil(0.95 * len(taken)) - 1]:.0f} ms, of {len(taken)} alerts (goal {GOAL_MS:,} ms)."
    )


def main() -> None:
    import django

    django.setup()

    from django.test import Client
    from django.urls import reverse
    from django.utils import timezone

    from accounts.models import User
    from rehab.guidance.models import AlertDelivery
    from rehab.lib.ids import new_id
    from rehab.patients.models import Patient

    vet = User.objects.get(email="vet-1000@example.test")
    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(vet)

    def send(patient: Patient) -> None:
        now = timezone.now()
        command = {
            "id": str(new_id()),
            "kind": "report",
            "patient": str(patient.pk),
            "payload": {"answers": {}, "flags": ["RF01"]},
            "day": patient.today(now).isoformat(),
            "done_at": now.isoformat(),
            "time_zone": patient.time_zone,
        }
        answer = client.post(reverse("api:commands"), json.dumps([command]), content_type="application/json")
        assert answer.json()["answers"][0]["outcome"] == "applied", answer.content

    def tried(count: int) -> bool:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while AlertDelivery.objects.exclude(first_attempt_at=None).count() < count:
            if time.monotonic() > deadline:
                sys.exit(f"not every alert was tried within {PATIENCE_SECONDS} s")
            time.sleep(0.1)
        return True

    patients = list(Patient.objects.treated_by(vet).order_by("pk")[: ALERTS + 1])
    # The worker's own start is not measured.
    send(patients[0])
    tried(1)
    for patient in patients[1:]:
        send(patient)
    tried(ALERTS + 1)
    rows = AlertDelivery.objects.filter(alert__patient__in=patients[1:]).values_list(
        "first_attempt_at", "alert__report__received_at"
    )
    print(json.dumps([(tried_at - received_at).total_seconds() * 1000 for tried_at, received_at in rows if tried_at]))


if __name__ == "__main__":
    main()
