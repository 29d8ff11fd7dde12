"""Pages without a network, with a bad one, and with somebody else's."""

import re
import time
from collections.abc import Callable
from typing import Final

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from rehab.patients.models import Caregiver, Patient
from tests import make
from tests.journeys.chaos import Chaos, Exchange
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


def test_day_that_is_too_old_takes_no_other_page_with_it(phone: Phone, dog: Patient, expected: list[str]) -> None:
    """A tab left open for days asks for the day that it shows; Today must still be there when the network is gone."""
    expected += [r"/response/: 404"]
    phone.until(lambda: phone.today in phone.stored_pages())
    phone.goto(f"/dogs/{dog.pk}/day/2020-01-01/response/")
    phone.until(lambda: f"/dogs/{dog.pk}/check/" in phone.stored_pages())
    assert phone.today in phone.stored_pages()


def test_page_that_came_late_takes_the_place_of_the_stored_one(phone: Phone, dog: Patient) -> None:
    """A network that answers after the worker's patience: the stored page is shown, and then the new one."""
    vet = User.objects.get(email="vera@example.test")
    make.make_message(dog, vet, at=make.now())
    Patient.objects.filter(pk=dog.pk).update(name="Bruno II")
    phone.chaos.say("slow", lambda one: one.path == phone.today, seconds=5)
    phone.goto(phone.today)
    expect(phone.page.locator("h1")).to_have_text("Bruno")
    expect(phone.page.locator("h1")).to_have_text("Bruno II", timeout=15_000)


def post_plainly(phone: Phone) -> int:
    """Tap before the page's own script is there: the browser posts the form itself. Returns the status of what it shows."""
    with phone.page.expect_navigation() as shown:
        phone.page.evaluate(
            "(id) => HTMLFormElement.prototype.submit.call(document.getElementById(id).form)",
            f"tick-{phone.item.pk}-1",
        )
    return shown.value.status


def test_tap_before_the_script_says_that_it_was_not_kept(
    phone: Phone, dog: Patient, assert_accessible: Callable[[Page], None], expected: list[str]
) -> None:
    expected += [r"/commands/: 503"]
    phone.chaos.down()
    assert post_plainly(phone) == 503
    page = phone.page
    expect(page.get_by_role("heading", level=1)).to_have_text("Your last tap was not kept")
    expect(page.get_by_text("No connection just now")).to_have_count(0)
    assert_accessible(page)
    page.evaluate("() => dispatchEvent(new Event('online'))")
    page.wait_for_timeout(300)
    expect(page.get_by_role("heading", level=1)).to_have_text("Your last tap was not kept")
    page.get_by_role("link", name="Go back").click()
    phone.shows(done=0)
    phone.tick()
    phone.waits(pending=1)
    phone.chaos.up()
    phone.is_settled()
    assert performed(dog) == [(1, "done")]

    # With a network, the worker is not in its way.
    assert post_plainly(phone) == 200
    expect(page).to_have_url(re.compile(rf"{phone.today}#item-{phone.item.pk}$"))
    assert performed(dog) == [(1, "done"), (1, "undone")]


def test_strangers_page_is_not_stored_as_the_page_for_no_connection(
    new_owner_phone: NewOwnerPhone, chaos: Chaos
) -> None:
    chaos.say("portal", lambda one: one.path == "/offline/")
    phone = new_owner_phone()
    phone.goto(phone.today)
    phone.until(lambda: chaos.seen("/offline/"), "the worker was not installed")
    phone.page.wait_for_timeout(500)
    assert not [path for paths in phone.caches().values() for path in paths if path == "/offline/"]
    assert phone.page.evaluate("async () => (await navigator.serviceWorker.getRegistration())?.active") is None
    chaos.up()
    phone.open()
    assert [path for paths in phone.caches().values() for path in paths].count("/offline/") >= 2


def test_link_to_ask_about_an_exercise_opens_the_stored_thread(phone: Phone, dog: Patient) -> None:
    address = f"/dogs/{dog.pk}/messages/"
    phone.until(lambda: address in phone.stored_pages())
    phone.chaos.down()
    phone.goto(f"{address}?about={phone.item.pk}#about-{phone.item.pk}")
    expect(phone.page.locator("#talk-about")).to_have_value(str(phone.item.pk))


LEFT_BEHIND = """async () => (await caches.open("pages-0123456789abcdef")).put("/dogs/x/today/",
  new Response("<title>Today, Bruno</title>", { headers: { "X-Stored-At": new Date().toISOString() } }))"""


def test_list_of_stored_pages_names_no_dog_after_a_sign_out(phone: Phone) -> None:
    """In a tab that was left open, and whatever was left behind."""
    other = Phone(phone.context, phone.chaos, phone.dog, phone.context.new_page())
    phone.chaos.down()
    other.goto("/dogs/unknown/")
    listed = other.page.locator("stored-pages").get_by_role("link")
    expect(listed.first).to_contain_text("Today, Bruno")
    phone.page.locator("details[data-menu] > summary").click()
    phone.page.get_by_role("button", name="Sign out").click()
    expect(phone.page.get_by_role("heading", name="No connection just now")).to_be_visible()
    other.page.evaluate("() => document.dispatchEvent(new Event('visibilitychange'))")
    expect(listed).to_have_count(0)
    expect(other.page.get_by_role("heading", name="Stored on this phone")).to_be_hidden()

    other.page.evaluate(LEFT_BEHIND)
    other.goto("/dogs/unknown/")
    expect(other.page.get_by_role("heading", level=1)).to_be_visible()
    other.page.wait_for_timeout(300)
    assert "Bruno" not in other.page.content()


def test_sign_out_that_hangs_does_not_hold_up_the_app(phone: Phone) -> None:
    phone.page.evaluate("() => Outbox.meta.set('leaving', true)")
    phone.chaos.say("hang", lambda one: one.method == "POST" and one.path == "/accounts/logout/")
    began = time.monotonic()
    phone.goto(phone.today)
    expect(phone.page.locator("h1")).to_have_text("No connection just now")
    assert time.monotonic() - began < 10
