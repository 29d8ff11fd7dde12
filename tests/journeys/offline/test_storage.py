"""A phone that loses its storage, has none left, or is an old one."""

from typing import Any

import pytest
from playwright.sync_api import expect

from rehab.patients.models import Patient
from tests.journeys.offline.conftest import NewOwnerPhone
from tests.journeys.offline.phone import Phone, performed, received

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

NO_DATABASE = """Object.defineProperty(self, "indexedDB", { value: { open() {
  throw new DOMException("denied", "SecurityError"); } } });"""
OLD_PHONE = """for (const [owner, name] of [[Navigator.prototype, "locks"], [Navigator.prototype, "setAppBadge"],
  [Navigator.prototype, "clearAppBadge"], [Navigator.prototype, "storage"], [Navigator.prototype, "vibrate"],
  [Navigator.prototype, "wakeLock"], [self, "SyncManager"], [self, "BroadcastChannel"], [self, "requestIdleCallback"]])
  delete owner[name];
delete ServiceWorkerRegistration.prototype.sync;"""


def test_lost_connection_to_the_database(phone: Phone, dog: Patient) -> None:
    """Scenario 22: a phone drops connections in the background; the next tick is saved all the same."""
    phone.page.evaluate("async () => { (await Outbox.open()).close(); }")
    phone.tick()
    phone.shows(done=1)
    phone.is_settled()
    assert performed(dog) == [(1, "done")]


@pytest.mark.slow_browser
def test_everything_is_cleared_under_an_open_page(phone: Phone, dog: Patient) -> None:
    """Scenario 22, the hard way: somebody clears the browser's storage; the next tick is saved and sent."""
    devtools = phone.context.new_cdp_session(phone.page)
    devtools.send(
        "Storage.clearDataForOrigin",
        {"origin": phone.chaos.base_url, "storageTypes": "indexeddb,cache_storage,service_workers,local_storage"},
    )
    phone.tick()
    phone.shows(done=1)
    phone.until(lambda: received(dog) == 1, "nothing arrived")
    assert performed(dog) == [(1, "done")]


@pytest.mark.slow_browser
def test_phone_is_full(phone: Phone, dog: Patient) -> None:
    """Scenario 24: with no room left, what cannot be kept is sent directly, or taken back and said so."""
    devtools = phone.context.new_cdp_session(phone.page)
    devtools.send("Storage.overrideQuotaForOrigin", {"origin": phone.chaos.base_url, "quotaSize": 1})
    phone.page.wait_for_timeout(32_000)  # Chromium looks at the quota twice a minute
    with_network(phone, dog)
    without_network(phone, dog)


@pytest.mark.slow_browser
def test_phone_that_may_not_store(new_owner_phone: NewOwnerPhone, dog: Patient) -> None:
    """Scenario 24: IndexedDB is denied; online a tick is sent, offline it is taken back and said so."""
    phone = new_owner_phone()
    phone.context.add_init_script(NO_DATABASE)
    phone.goto(phone.today)
    with_network(phone, dog)
    without_network(phone, dog)


def with_network(phone: Phone, dog: Patient) -> None:
    phone.tick(1)
    phone.shows(done=1)
    phone.until(lambda: received(dog) == 1, "nothing arrived")


def without_network(phone: Phone, dog: Patient) -> None:
    phone.chaos.down()
    phone.tick(2)
    expect(phone.page.get_by_text("could not be saved on this phone")).to_be_visible()
    phone.shows(done=1)
    phone.chaos.up()
    assert performed(dog) == [(1, "done")]


@pytest.mark.slow_browser
@pytest.mark.parametrize(
    ("what", "options", "script"),
    [
        ("workers are blocked", {"service_workers": "block"}, ""),
        ("nothing that is new", {}, OLD_PHONE),
    ],
)
def test_phone_without(
    new_owner_phone: NewOwnerPhone, dog: Patient, what: str, options: dict[str, Any], script: str
) -> None:
    """Scenario 24: without a worker, or without sync, locks, badge and channels, what is done arrives."""
    phone = new_owner_phone(**options)
    phone.context.add_init_script(script)
    phone.goto(phone.today)
    phone.tick(1)
    phone.is_settled()
    phone.chaos.down()
    phone.tick(2)
    phone.shows(done=2)
    phone.waits(pending=1)
    phone.chaos.up()
    phone.is_settled(seconds=60)
    assert sorted(performed(dog)) == [(1, "done"), (2, "done")]
