"""A new release while pages of the old one are open or stored."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from rehab.patients.models import Patient
from tests.journeys.offline.phone import Phone, performed

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

Deploy = Callable[[], None]
RULES = "() => [...document.styleSheets].reduce((sum, sheet) => sum + sheet.cssRules.length, 0)"


def look_for_news(phone: Phone) -> None:
    """What the browser does by itself with the next page, or when the app comes to the front."""
    phone.page.evaluate("async () => { await (await navigator.serviceWorker.getRegistration()).update(); }")


@pytest.mark.slow_browser
def test_new_version_while_a_note_is_half_typed(phone: Phone, deploy: Deploy) -> None:
    """Scenario 20: it asks, reloads once, and the draft is there."""
    phone.goto(f"/dogs/{phone.dog.pk}/messages/")
    text = "He slept well, and this morning he"
    phone.page.locator("form[data-draft] textarea").fill(text)
    deploy()
    loads: list[str] = []
    phone.page.on("load", lambda page: loads.append(page.url))
    look_for_news(phone)
    bar = phone.page.locator("[data-update]")
    expect(bar).to_be_visible()
    assert loads == []
    bar.locator("[data-reload]").click()
    phone.until(lambda: loads, "not reloaded")
    phone.page.wait_for_timeout(1_500)
    assert len(loads) == 1
    expect(phone.page.locator("form[data-draft] textarea")).to_have_value(text)
    expect(bar).to_have_count(0)


@pytest.mark.slow_browser
def test_page_stored_before_a_deploy_keeps_its_looks(phone: Phone, dog: Patient, deploy: Deploy) -> None:
    """Scenario 21: offline, with the new worker in charge, an old page has its style and its scripts."""
    old = f"/dogs/{dog.pk}/exercise/{phone.item.pk}/"
    phone.goto(old)
    rules = phone.page.evaluate(RULES)
    assert rules > 5
    before = phone.page.locator("link[rel=stylesheet]").first.get_attribute("href")
    deploy()
    phone.goto(phone.today)
    look_for_news(phone)
    with phone.page.expect_navigation():
        phone.page.locator("[data-update] [data-reload]").click()
    phone.until(lambda: sum(name.startswith("shell-") for name in phone.caches()) == 1, "two shells")
    expect(phone.page.locator("link[rel=stylesheet]").first).not_to_have_attribute("href", before or "")
    phone.chaos.down()
    phone.goto(old)
    assert phone.page.locator("link[rel=stylesheet]").first.get_attribute("href") == before
    assert phone.page.evaluate(RULES) == rules
    phone.goto(phone.today)
    phone.tick()
    phone.shows(done=1)
    phone.chaos.up()
    phone.is_settled()
    assert performed(dog) == [(1, "done")]


@pytest.mark.slow_browser
def test_database_of_a_newer_page_beside_an_old_tab(phone: Phone, dog: Patient) -> None:
    """Scenario 23: the upgrade is not held up, records are kept, and the old tab says to reload instead of losing one."""
    phone.chaos.down()
    phone.tick(1)
    phone.waits(pending=1)
    newer = phone.context.new_page()
    newer.goto(phone.chaos.base_url + phone.today)
    kept = newer.evaluate(
        """async () => {
          const database = await new Promise((resolve, reject) => {
            const asked = indexedDB.open("steadyback", 99);
            asked.onupgradeneeded = () => asked.result.createObjectStore("of-the-next-release");
            asked.onsuccess = () => resolve(asked.result);
            asked.onerror = () => reject(asked.error);
            asked.onblocked = () => reject(new Error("blocked"));
          });
          const count = database.transaction("outbox").objectStore("outbox").count();
          return new Promise((resolve) => { count.onsuccess = () => { database.close(); resolve(count.result); }; });
        }"""
    )
    assert kept == 1
    phone.tick(2)
    expect(phone.page.get_by_role("button", name="Show it")).to_be_visible()
    # Not kept, so not shown as done.
    phone.shows(done=1)
