"""Sessions that end, people who share a phone, and what is left on it when somebody signs out."""

import re
from collections.abc import Iterator

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import Browser, Playwright, expect

from accounts.models import User
from rehab.patients.models import Patient
from rehab.sessions.models import PerformedExercise
from tests.journeys.chaos import Chaos
from tests.journeys.conftest import NAVIGATION_MS
from tests.journeys.offline.conftest import NewOwnerPhone
from tests.journeys.offline.phone import API, Phone, performed, received

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def sign_out(phone: Phone) -> None:
    """By the menu, as a person does; what is asked about unsent entries is answered with yes."""
    phone.page.locator("details[data-menu] > summary").click()
    phone.page.get_by_role("button", name="Sign out").click()


def test_session_ended_while_offline(phone: Phone, dog: Patient) -> None:
    """Scenario 9: the page says to sign in, and then what was done is sent."""
    phone.chaos.down()
    phone.tick()
    phone.waits(pending=1)
    Session.objects.all().delete()
    phone.chaos.up()
    assert phone.drain() == "login"
    assert [one["state"] for one in phone.records()] == ["pending"]
    expect(phone.page.get_by_role("link", name=re.compile("sign in", re.IGNORECASE))).to_be_visible()
    phone.sign_in()
    phone.goto(phone.today)
    phone.is_settled()
    phone.shows(done=1)
    assert performed(dog) == [(1, "done")]


def test_page_from_before_another_sign_in_still_sends(phone: Phone, dog: Patient) -> None:
    """Scenario 10: a second tab has signed in anew, and the token in the first is no longer good."""
    phone.context.clear_cookies()
    phone.sign_in()
    phone.tick()
    phone.is_settled()
    assert performed(dog) == [(1, "done")]


def test_another_account_on_the_same_phone(phone: Phone, dog: Patient) -> None:
    """Scenario 11: Carl on Olga's phone sees nothing of hers and sends nothing of hers; later it goes as hers."""
    phone.chaos.down()
    phone.tick()
    phone.waits(pending=1)
    phone.chaos.up()
    phone.chaos.say("500", lambda one: one.path.startswith("/api/"))
    phone.context.clear_cookies()
    phone.sign_in("carl@example.test")
    phone.goto(phone.today)
    phone.chaos.up()
    phone.shows(done=0)
    assert phone.drain() in ("done", "idle")
    phone.tick(2)
    phone.until(lambda: received(dog) == 1)
    phone.waits(pending=1)
    assert list(PerformedExercise.objects.values_list("recorded_by__name", flat=True)) == ["Carl Ruiz"]

    phone.context.clear_cookies()
    phone.sign_in("olga@example.test")
    phone.goto(phone.today)
    phone.is_settled()
    by = PerformedExercise.objects.order_by("slot").values_list("slot", "recorded_by__name")
    assert list(by) == [(1, "Olga Ruiz"), (2, "Carl Ruiz")]


def test_signing_out_leaves_no_page_and_no_unsent_record_behind_unsaid(phone: Phone, dog: Patient) -> None:
    """Scenario 12: a warning names what is unsent; pages go, records stay; they are sent after signing in again."""
    phone.chaos.say("500", lambda one: one.path.startswith("/api/"))
    phone.tick()
    phone.waits(pending=1)
    phone.page.locator("details[data-menu] > summary").click()
    phone.page.get_by_role("button", name="Sign out").click()
    dialog = phone.page.get_by_role("dialog")
    expect(dialog).to_contain_text("1")
    assert phone.page.url.endswith(phone.today)
    dialog.get_by_role("button", name="Sign out").click()
    phone.page.wait_for_url("**/accounts/login/**")
    phone.until(lambda: not phone.stored_pages(), "pages are left")
    assert User.objects.filter(email="olga@example.test").exists()
    phone.chaos.down()
    phone.goto(phone.today)
    expect(phone.page.locator(f"#item-{phone.item.pk}")).to_have_count(0)
    expect(phone.page.locator("h1")).to_be_visible()

    phone.chaos.up()
    phone.sign_in()
    phone.goto(phone.today)
    phone.is_settled()
    assert performed(dog) == [(1, "done")]


@pytest.mark.slow_browser
def test_signing_out_without_a_connection(phone: Phone) -> None:
    """Scenario 12, offline: what is on the phone is locked at once, and the session ends with the next connection."""
    phone.chaos.down()
    sign_out(phone)
    expect(phone.page.get_by_role("heading", name="No connection just now")).to_be_visible()
    phone.until(lambda: not phone.stored_pages(), "pages are left")
    phone.goto(phone.today)
    expect(phone.page.locator(f"#item-{phone.item.pk}")).to_have_count(0)
    phone.chaos.up()
    phone.goto(phone.today)
    phone.page.wait_for_url("**/accounts/login/**")


@pytest.mark.slow_browser
def test_page_under_way_while_signing_out_is_not_stored(phone: Phone) -> None:
    """Scenario 13: its answer comes after the sign-out, and is stored for nobody."""
    other = Phone(phone.context, phone.chaos, phone.dog, phone.context.new_page())
    other.goto(other.today)
    phone.chaos.say("slow", lambda one: one.path == phone.today, seconds=2)
    other.page.evaluate("(url) => { location.href = url; }", phone.today)
    phone.until(lambda: any(one.fate == "slow" for one in phone.chaos.log), "not asked for")
    sign_out(phone)
    phone.page.wait_for_url("**/accounts/login/**")
    phone.page.wait_for_timeout(3_000)
    assert phone.stored_pages() == set()


@pytest.fixture
def remembering_browser(playwright: Playwright, chromium_path: str) -> Iterator[Browser]:
    """A Chromium with the back/forward cache that Playwright usually takes from it."""
    browser = playwright.chromium.launch(
        executable_path=chromium_path,
        args=["--no-sandbox", "--disable-dev-shm-usage"],
        ignore_default_args=["--disable-back-forward-cache"],
    )
    yield browser
    browser.close()


@pytest.mark.slow_browser
def test_back_after_signing_out(remembering_browser: Browser, chaos: Chaos, dog: Patient) -> None:
    """Scenario 14: Back shows nobody's day, whatever the browser has kept."""
    context = remembering_browser.new_context(base_url=chaos.base_url, locale="en-GB", reduced_motion="reduce")
    context.set_default_timeout(NAVIGATION_MS)
    phone = Phone(context, chaos, dog, context.new_page())
    phone.sign_in()
    phone.open()
    sign_out(phone)
    phone.page.wait_for_url("**/accounts/login/**")
    phone.page.go_back()
    phone.page.wait_for_timeout(1_000)
    expect(phone.page.locator(f"#item-{phone.item.pk}")).to_have_count(0)
    context.close()


@pytest.mark.slow_browser
def test_batch_of_another_account_is_not_taken(phone: Phone, dog: Patient) -> None:
    """Scenario 11 on the wire: what is sent under another account's key is refused as a whole."""
    status = phone.page.evaluate(
        """async (url) => {
          const session = await (await fetch("/api/v1/session/")).json();
          const headers = { "Content-Type": "application/json", "X-CSRFToken": session.csrf, "X-User-Key": "0".repeat(16) };
          return (await fetch(url, { method: "POST", headers, body: "[]" })).status;
        }""",
        API,
    )
    assert status == 409
    assert received(dog) == 0


@pytest.mark.slow_browser
def test_new_phone_of_the_same_person_starts_its_own_numbers(phone: Phone, new_owner_phone: NewOwnerPhone) -> None:
    """Extra 28: numbers are per person and phone."""
    phone.tick(1)
    phone.is_settled()
    second = new_owner_phone()
    second.open()
    second.tick(2)
    second.is_settled()
    first, other = phone.records()[0], second.records()[0]
    assert (first["sequence"], other["sequence"]) == (1, 1)
    assert first["device"] != other["device"]
