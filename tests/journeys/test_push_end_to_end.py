"""A message all the way, in a browser with a push service of its own (`make test-engines`, where Firefox is installed).

Nothing stands in for anything: the switch subscribes, the worker process encrypts and sends, the push service passes it on,
Firefox decrypts it and wakes the service worker, and that shows it and tells the server.
"""

import datetime as dt
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from accounts.models import User
from rehab.nudges.models import Nudge, NudgePreference, PushSubscription
from rehab.patients.models import Patient
from tests import make
from tests.journeys.browsers import find_firefox
from tests.journeys.conftest import MailServer
from tests.journeys.firefox import Marionette
from tests.journeys.phone_messages import NOTICES
from tests.journeys.push_service import PushService
from tests.journeys.stack import Stack, free_port
from tests.journeys.test_main_loop import zone_where_it_is

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True)]

OLGA = "olga@example.test"


@pytest.fixture
def push_service() -> Iterator[PushService]:
    service = PushService(port=free_port())
    yield service
    service.close()


@pytest.fixture
def stack(
    transactional_db: None, push_service: PushService, mail_server: MailServer, tmp_path: Path
) -> Iterator[Stack]:
    """An installation that takes this machine's push service for one of the four."""
    environment = {
        "EMAIL_URL": mail_server.url,
        "SECRET_KEY": settings.SECRET_KEY,
        "PUSH_TEST_ORIGIN": push_service.origin,
        "NUDGE_TICK_SECONDS": "1",
    }
    stack = Stack(var=tmp_path / "var", environment=environment)
    stack.var.mkdir()
    stack.start()
    yield stack
    stack.stop()


@pytest.fixture
def dog(stack: Stack) -> Patient:
    """A dog with something left this afternoon, whose owner is not to be reminded by the planner."""
    clinic = make.make_clinic()
    vet = make.join(make.make_user("vera@example.test", "Dr. Vera Lind"), clinic, "vet")
    zone = zone_where_it_is(15)
    olga = make.make_user(OLGA, "Olga Ruiz", time_zone=zone)
    patient = make.make_patient(clinic, vet, owner=olga, time_zone=zone)
    today = patient.today(make.now())
    make.make_definition(patient, vet, re_exam_due_on=today + dt.timedelta(days=9))
    make.make_program(patient, vet, starts_on=today - dt.timedelta(days=3))
    NudgePreference.objects.update(remind_minute=20 * 60, morning_minute=20 * 60)
    return patient


@pytest.fixture
def firefox(push_service: PushService, tmp_path: Path) -> Iterator[Marionette]:
    found = find_firefox()
    assert found, "Firefox is needed for this test: apt-get install firefox-esr xvfb"
    folder = tmp_path / "profile"
    folder.mkdir()
    firefox = Marionette(found, folder=folder, push=push_service.browsers_address)
    yield firefox
    firefox.close()


def until(is_so: Callable[[], object], what: Callable[[], object], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, what()
        time.sleep(0.2)


def test_message_reaches_the_phone_and_the_phone_says_so(
    stack: Stack, dog: Patient, push_service: PushService, firefox: Marionette, mail_server: MailServer
) -> None:
    client = Client()
    client.force_login(User.objects.get(email=OLGA))
    session = client.cookies[settings.SESSION_COOKIE_NAME]
    firefox.goto(f"{stack.base_url}/accounts/login/")
    firefox.do("WebDriver:AddCookie", cookie={"name": session.key, "value": session.value, "path": "/"})
    firefox.goto(f"{stack.base_url}/nudges/")
    state = "async () => document.querySelector('push-switch').dataset.state"
    until(lambda: firefox.run(state) == "off", lambda: firefox.run(state))
    firefox.click("push-switch [role=switch]")
    until(lambda: firefox.run(state) == "on", lambda: firefox.run(state))
    assert PushSubscription.objects.get().endpoint.startswith(f"{push_service.origin}/push/")

    at = make.now()
    nudge = Nudge.objects.create(
        clinic=dog.clinic,
        patient=dog,
        user=User.objects.get(email=OLGA),
        local_day=dog.today(at),
        time_zone=dog.time_zone,
        planned_at=at,
        next_attempt_at=at,
        expires_at=at + dt.timedelta(hours=2),
    )

    def told() -> bool:
        nudge.refresh_from_db()
        return nudge.delivered_at is not None

    until(told, lambda: (nudge.state, nudge.reason, push_service.received, stack.log("worker")[-3000:]))
    assert (nudge.state, nudge.channel, nudge.attempts) == ("sent", "push", 1)
    [headers] = push_service.received
    assert 0 < int(headers["ttl"]) <= 2 * 3600
    assert headers["content-encoding"] == "aes128gcm"
    [notice] = firefox.run(NOTICES)
    assert notice["title"]
    assert dog.name not in notice["title"] or "IVDD" not in notice["body"]
    assert notice["data"]["seen"].startswith(f"{stack.base_url}/nudges/seen/")
    assert mail_server.received == []

    # Off is off for the push service too, whatever the server still holds.
    firefox.click("push-switch [role=switch]")
    until(lambda: firefox.run(state) == "off", lambda: firefox.run(state))
    until(lambda: not PushSubscription.objects.exists(), lambda: "the server still has it")
