"""The phone without a network in a browser of another family (`make test-engines`)."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from accounts.models import User
from rehab.patients.models import Patient
from rehab.programs.models import Prescription
from tests.journeys.browsers import find_webkit
from tests.journeys.chaos import Chaos
from tests.journeys.offline.phone import performed
from tests.journeys.offline.webdriver import Driver

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True)]

STORED = """async () => { const pages = [];
  for (const name of (await caches.keys()).filter((name) => name.startsWith("pages-")))
    for (const { url } of await (await caches.open(name)).keys()) pages.push(new URL(url).pathname);
  return pages; }"""
STATES = "async () => (await Outbox.tx('outbox', 'readonly', (all) => all.getAll())).map(({ state }) => state)"


@pytest.fixture
def driver(tmp_path: Path) -> Iterator[Driver]:
    webkit = find_webkit()
    assert webkit, "WebKitGTK is needed for tests marked engine: apt-get install webkit2gtk-driver xvfb"
    driver = Driver(webkit, folder=tmp_path)
    yield driver
    driver.close()


def until(is_so: Callable[[], object], what: str, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


def test_phone_without_a_network(dog: Patient, chaos: Chaos, driver: Driver) -> None:
    """Cold start without a server, a tick, an unknown page, the network again, and sign-out."""
    today = f"/dogs/{dog.pk}/today/"
    item = Prescription.objects.get(patient=dog, times_per_day=2)
    done = f"#item-{item.pk} .slot[data-state=done]"

    client = Client()
    client.force_login(User.objects.get(email="olga@example.test"))
    session = client.cookies[settings.SESSION_COOKIE_NAME]
    driver.goto(f"{chaos.base_url}/accounts/login/")
    driver.do("POST", "/cookie", cookie={"name": session.key, "value": session.value, "path": "/"})
    driver.goto(chaos.base_url + today)
    until(lambda: driver.run("async () => Boolean(navigator.serviceWorker.controller)"), "no worker")
    until(lambda: today in driver.run(STORED), "nothing is stored")

    chaos.down()
    driver.goto("about:blank")
    driver.goto(f"{chaos.base_url}/today/")
    until(lambda: driver.count("#outbox[data-state]") == 1, "its scripts do not run")
    driver.click(f"#tick-{item.pk}-1")
    until(lambda: driver.count(done) == 1, "not shown as done")
    until(lambda: driver.run(STATES) == ["pending"], "not kept")
    driver.goto(f"{chaos.base_url}/accounts/settings/")
    assert driver.text("h1") == "No connection just now"
    driver.goto(chaos.base_url + today)
    until(lambda: driver.count(done) == 1, "forgotten")

    chaos.up()
    driver.goto(chaos.base_url + today)
    until(lambda: driver.run(STATES) == ["sent"], "not sent")
    assert driver.count(done) == 1
    assert performed(dog) == [(1, "done")]

    driver.click("details[data-menu] > summary")
    driver.click("[data-sign-out] button")
    until(lambda: driver.count("input[name=email], input[name=login]") == 1, "not signed out")
    until(lambda: driver.run(STORED) == [], "pages are left")
