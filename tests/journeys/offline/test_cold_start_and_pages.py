"""Pages without a network, with a bad one, and with somebody else's."""

import time
from typing import Final

import pytest
from playwright.sync_api import expect

from accounts.models import User
from rehab.patients.models import Caregiver, Patient
from tests import make
from tests.journeys.chaos import Exchange
from tests.journeys.offline.conftest import NewOwnerPhone
from tests.journeys.offline.phone import API, SESSION, Phone, performed, received

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WIFI: Final = "Hotel wifi"


def test_server_refused_at_cold_start(phone: Phone, dog: Patient) -> None:
    """Scenario 1: Today opens, a tick, a reload keeps it, and later there is one row."""
    phone.page.close()
    phone.chaos.down()
    phone.page = phone.context.new_page()
    phone.goto("/today/")
    expect(phone.page.locator("h1")).to_be_visible()
    phone.tick()
    phone.shows(done=1)
    phone.waits(pending=1)
    phone.page.reload()
    phone.shows(done=1)
    assert received(dog) == 0

    phone.chaos.up()
    phone.page.reload()
    phone.is_settled()
    phone.shows(done=1)
    assert performed(dog) == [(1, "done")]


@pytest.mark.slow_browser
def test_page_that_was_never_opened_says_that_it_needs_a_connection(phone: Phone) -> None:
    """Scenario 1, its other half: what is not stored is answered by the app and not by the browser."""
    phone.chaos.down()
    phone.goto("/accounts/settings/")
    expect(phone.page.locator("h1")).to_be_visible()
    phone.page.get_by_role("link", name="Today, Bruno").click()
    phone.shows(done=0)


@pytest.mark.slow_browser
def test_one_visit_is_enough(phone: Phone, dog: Patient) -> None:
    """Scenario 1, for the pages around Today: the exercise, the check, messages and progress open after one visit."""
    around = {f"/dogs/{dog.pk}/{place}/" for place in (f"exercise/{phone.item.pk}", "check", "messages", "progress")}
    phone.until(lambda: around <= phone.stored_pages(), lambda: f"not stored: {around - phone.stored_pages()}")
    phone.chaos.down()
    for path in sorted(around):
        phone.goto(path)
        expect(phone.page.locator("#outbox")).to_be_attached()
        assert phone.page.locator("h1").inner_text() != "No connection just now", path


@pytest.mark.slow_browser
def test_server_that_hangs(phone: Phone, dog: Patient) -> None:
    """Scenario 15: a page within 4 seconds, and a tick works."""
    phone.chaos.say("hang")
    began = time.monotonic()
    phone.goto(phone.today, wait_until="commit")
    expect(phone.page.locator("h1")).to_be_visible()
    assert time.monotonic() - began < 6  # 3 are its patience; a busy machine adds its own
    phone.tick()
    phone.shows(done=1)
    phone.waits(pending=1)
    assert received(dog) == 0
    phone.chaos.up()
    phone.is_settled(seconds=60)
    assert performed(dog) == [(1, "done")]


@pytest.mark.slow_browser
@pytest.mark.parametrize("mode", ["portal", "portal 302"])
def test_portal_is_neither_shown_nor_stored(phone: Phone, dog: Patient, mode: str) -> None:
    """Scenario 16: somebody else's page, on pages and on the API, never stands over ours, and the queue is untouched."""
    phone.chaos.down()
    phone.tick()
    phone.waits(pending=1)
    before = phone.stored_pages()
    phone.chaos.up()
    phone.chaos.say(mode)
    for path in (phone.today, "/today/"):
        phone.goto(path)
        phone.shows(done=1)
        expect(phone.page.get_by_text(WIFI)).to_have_count(0)
    assert phone.drain() == "retry"
    assert [one["state"] for one in phone.records()] == ["pending"]

    phone.chaos.up()
    phone.goto(phone.today)
    phone.shows(done=1)
    expect(phone.page.get_by_text(WIFI)).to_have_count(0)
    phone.is_settled()
    assert before <= phone.stored_pages()
    assert performed(dog) == [(1, "done")]
    stored = phone.page.evaluate(
        """async () => { const texts = [];
             for (const name of await caches.keys()) { const cache = await caches.open(name);
               for (const request of await cache.keys()) texts.push(await (await cache.match(request)).text()); }
             return texts.join(""); }"""
    )
    assert WIFI not in stored


def test_redirect_to_sign_in_is_neither_stored_nor_replayed(phone: Phone, dog: Patient) -> None:
    """Scenario 17: after the session has ended, each page is sign-in once, and the stored pages are gone with it."""
    phone.context.clear_cookies()
    phone.goto(phone.today)
    phone.page.wait_for_url("**/accounts/login/**")
    phone.until(lambda: not phone.stored_pages(), "pages of nobody are stored")
    # Signed in again, the address answers with the page and not with the redirect.
    phone.sign_in()
    phone.open()
    phone.shows(done=0)
    assert all("/login/" not in path for path in phone.stored_pages())
    phone.chaos.down()
    phone.goto(phone.today)
    phone.shows(done=0)


@pytest.mark.slow_browser
def test_htmx_click_with_a_dead_session_leads_to_sign_in(phone: Phone, new_owner_phone: NewOwnerPhone) -> None:
    """Scenario 18: the whole page goes to sign-in and comes back to where it was."""
    vet = new_owner_phone("vera@example.test")
    vet.goto("/library/?q=stand")
    vet.context.clear_cookies()
    with vet.page.expect_navigation(url="**/accounts/login/**"):
        vet.page.locator("#search-q").fill("weight")
    assert "next=/library/" in vet.page.url


@pytest.mark.slow_browser
def test_part_of_a_page_offline_leaves_the_old_one(new_owner_phone: NewOwnerPhone) -> None:
    """Scenario 19: the old content stays with a word about it, and a part is never served as a page."""
    vet = new_owner_phone("vera@example.test")
    vet.goto("/library/")
    before = vet.page.locator("#results").inner_text()
    vet.chaos.down()
    vet.page.locator("#search-q").fill("weight")
    expect(vet.page.locator("#messages [data-network]")).to_be_visible()
    assert vet.page.locator("#results").inner_text() == before
    vet.chaos.up()
    vet.page.locator("#messages [data-retry]").click()
    expect(vet.page.locator("#messages [data-network]")).to_have_count(0)
    expect(vet.page.locator("#results")).not_to_have_text(before)


@pytest.mark.slow_browser
def test_parts_of_today_are_never_stored(phone: Phone, dog: Patient) -> None:
    """Scenario 19, for the family: what refreshes Today is no page, online and offline."""
    phone.tick()
    phone.is_settled()
    phone.until(lambda: any("/parts/" in one.path for one in phone.chaos.log), "nothing was refreshed")
    assert not [path for path in phone.stored_pages() if "/parts/" in path or path.startswith("/api/")]


def only_the_api(exchange: Exchange) -> bool:
    return exchange.path in (API, SESSION)


AGED = """async (days) => {
  for (const name of await caches.keys()) {
    if (!name.startsWith("pages-")) continue;
    const pages = await caches.open(name);
    for (const request of await pages.keys()) {
      const copy = await pages.match(request);
      const headers = new Headers(copy.headers);
      headers.set("X-Stored-At", new Date(Date.now() - days * 86400000).toISOString());
      await pages.put(request, new Response(await copy.blob(), { headers }));
    }
  }
}"""


def test_pages_of_a_month_ago_are_not_shown(phone: Phone) -> None:
    phone.chaos.down()
    for days, is_shown in ((29, True), (31, False)):
        phone.page.evaluate(AGED, days)
        phone.goto(phone.today)
        expect(phone.page.locator("#today")).to_have_count(int(is_shown))


def test_dog_that_is_not_shared_any_more_leaves_no_page_behind(phone: Phone, dog: Patient) -> None:
    phone.until(lambda: f"/dogs/{dog.pk}/check/" in phone.stored_pages())
    phone.page.goto("about:blank")  # nothing asks meanwhile
    Caregiver.objects.filter(patient=dog).update(ended_at=make.now())
    phone.goto(f"/dogs/{dog.pk}/messages/")
    phone.until(
        lambda: not any(path.startswith("/dogs/") for path in phone.stored_pages()), lambda: str(phone.caches())
    )


def test_page_that_came_late_takes_the_place_of_the_stored_one(phone: Phone, dog: Patient) -> None:
    """A network that answers after the worker's patience: the stored page is shown, and then the new one."""
    vet = User.objects.get(email="vera@example.test")
    make.make_message(dog, vet, at=make.now())
    Patient.objects.filter(pk=dog.pk).update(name="Bruno II")
    phone.chaos.say("slow", lambda one: one.path == phone.today, seconds=5)
    phone.goto(phone.today)
    expect(phone.page.locator("h1")).to_have_text("Bruno")
    expect(phone.page.locator("h1")).to_have_text("Bruno II", timeout=15_000)


def test_sign_out_that_hangs_does_not_hold_up_the_app(phone: Phone) -> None:
    phone.page.evaluate("() => Outbox.meta.set('leaving', true)")
    phone.chaos.say("hang", lambda one: one.method == "POST" and one.path == "/accounts/logout/")
    began = time.monotonic()
    phone.goto(phone.today)
    expect(phone.page.locator("h1")).to_have_text("No connection just now")
    assert time.monotonic() - began < 10
