"""Steadyback as an app on a phone: put on the home screen, opened without a network, brought up to date, handed on."""

import datetime as dt
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import BrowserContext, Page, Playwright, expect

from accounts.models import User
from rehab.lib.user_key import user_key
from rehab.management.commands.up import answers, programs
from rehab.patients.models import Patient
from rehab.programs.models import Prescription
from tests import make
from tests.journeys.chaos import Chaos
from tests.journeys.conftest import NewContext, Watch
from tests.journeys.stack import ROOT, Stack, free_port

pytestmark = [pytest.mark.browser, pytest.mark.phone, pytest.mark.django_db(transaction=True)]

Check = Callable[[Page], None]
OLGA = "olga@example.test"
SECONDS = 15
Deploy = Callable[[Page], None]


@pytest.fixture
def dog(stack: Stack) -> Patient:
    """A dog with two exercises and an owner."""
    clinic = make.make_clinic()
    vet = make.join(make.make_user("vera@example.test", "Dr. Vera Lind"), clinic, "vet")
    patient = make.make_patient(clinic, vet, owner=make.make_user(OLGA, "Olga Ruiz"))
    today = patient.today(make.now())
    make.make_definition(patient, vet, re_exam_due_on=today + dt.timedelta(days=9))
    make.make_program(patient, vet, starts_on=today - dt.timedelta(days=3))
    return patient


def sign_in(context: BrowserContext, base_url: str, email: str = OLGA) -> None:
    client = Client()
    client.force_login(User.objects.get(email=email))
    cookie = client.cookies[settings.SESSION_COOKIE_NAME]
    context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": base_url}])


@pytest.fixture
def page(dog: Patient, chaos: Chaos, new_phone: NewContext) -> Page:
    """The owner's phone with Today open after a first visit: the worker is there and has stored what was named."""
    context = new_phone(base_url=chaos.base_url)
    sign_in(context, chaos.base_url)
    page = context.new_page()
    page.goto(f"/dogs/{dog.pk}/today/")
    until(lambda: has_worker(page))
    # The last of those that Today names: the worker has nothing left to do.
    until(lambda: any(url.endswith("/phone/outbox/") for url in stored(page, "pages-")))
    return page


def until(is_so: Callable[[], bool]) -> None:
    # A page's own waiting is done by eval, which the content security policy forbids.
    deadline = time.monotonic() + SECONDS
    while not is_so():
        assert time.monotonic() < deadline, "it never became so"
        time.sleep(0.05)


def has_worker(page: Page) -> bool:
    return bool(page.evaluate("() => Boolean(navigator.serviceWorker.controller)"))


def stored(page: Page, name: str) -> list[str]:
    """The addresses in the caches whose name begins so."""
    urls: list[str] = page.evaluate(
        """async (name) => {
            const names = (await caches.keys()).filter((key) => key.startsWith(name));
            const found = await Promise.all(names.map(async (key) => (await caches.open(key)).keys()));
            return found.flat().map((request) => request.url);
        }""",
        name,
    )
    return urls


def caches(page: Page) -> set[str]:
    return set(page.evaluate("() => caches.keys()"))


def row(page: Page, key: str) -> Any:
    return page.evaluate("(key) => Outbox.meta.get(key)", key)


def tell_worker(page: Page, message: dict[str, Any]) -> Any:
    """Send the worker a message and wait until it has done what that asks for."""
    return page.evaluate(
        """(message) => new Promise((resolve) => {
            const channel = new MessageChannel();
            channel.port1.onmessage = ({ data }) => resolve(data);
            navigator.serviceWorker.controller.postMessage(message, [channel.port2]);
        })""",
        message,
    )


def exercise_url(dog: Patient) -> str:
    prescription = Prescription.objects.filter(patient=dog).order_by("pk").first()
    assert prescription is not None
    return f"/dogs/{dog.pk}/exercise/{prescription.pk}/"


# --- Installing --------------------------------------------------------------------------------------------------


@pytest.fixture
def installed_browser(
    playwright: Playwright, chromium_path: str, stack: Stack, tmp_path: Path, watch: Watch
) -> Iterator[BrowserContext]:
    """A browser with a profile of its own: nothing can be installed from a private window."""
    context = playwright.chromium.launch_persistent_context(
        tmp_path / "profile",
        executable_path=chromium_path,
        base_url=stack.base_url,
        args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking", "--disable-sync"],
    )
    context.on("page", watch)
    yield context
    context.close()


def test_chromium_finds_nothing_that_keeps_it_from_installing(
    dog: Patient, stack: Stack, installed_browser: BrowserContext
) -> None:
    sign_in(installed_browser, stack.base_url)
    page = installed_browser.new_page()
    page.goto(f"/dogs/{dog.pk}/today/")
    until(lambda: has_worker(page))

    session = installed_browser.new_cdp_session(page)
    assert session.send("Page.getInstallabilityErrors")["installabilityErrors"] == []
    told = session.send("Page.getAppManifest")
    assert told["errors"] == []
    assert told["url"] == f"{stack.base_url}/manifest.webmanifest?language=en"


def finish_the_day(page: Page) -> None:
    ticks = page.locator(".items .slot[data-state=open] .tick")
    while ticks.count():
        ticks.first.click()
        page.wait_for_timeout(600)


def test_install_is_offered_after_the_first_finished_day_and_not_again_after_a_no(
    page: Page, assert_accessible: Check
) -> None:
    # Headless Chromium never makes this event by itself.
    page.evaluate(
        """() => {
            const event = new Event("beforeinstallprompt", { cancelable: true });
            event.prompt = () => { document.body.dataset.prompted = "yes"; };
            window.dispatchEvent(event);
        }"""
    )
    card = page.locator("[data-install]")
    expect(card).to_have_count(0)

    finish_the_day(page)
    expect(card.get_by_role("heading", name="Put Steadyback on your home screen")).to_be_visible()
    expect(card.get_by_role("button", name="Put it there")).to_be_visible()
    expect(card.locator("[data-way=ios]")).to_be_hidden()
    assert_accessible(page)

    card.get_by_role("button", name="No, thank you").click()
    expect(card).to_have_count(0)
    page.reload()
    finish_the_day(page)
    page.wait_for_timeout(300)
    expect(card).to_have_count(0)


def test_iphone_is_shown_the_two_steps(
    dog: Patient, stack: Stack, new_context: NewContext, playwright: Playwright
) -> None:
    iphone = {key: value for key, value in playwright.devices["iPhone 15"].items() if key != "default_browser_type"}
    context = new_context(**iphone)
    context.add_init_script(
        """Object.defineProperty(Navigator.prototype, "standalone", { get: () => false });
           Object.defineProperty(Navigator.prototype, "maxTouchPoints", { get: () => 5 });"""
    )
    sign_in(context, stack.base_url)
    page = context.new_page()
    page.goto(f"/dogs/{dog.pk}/today/")
    until(lambda: has_worker(page))
    finish_the_day(page)

    card = page.locator("[data-install]")
    expect(card.get_by_role("listitem").filter(has_text="Add to Home Screen")).to_be_visible()
    expect(card.locator("[data-way=ios] img")).to_have_count(2)
    expect(card.locator("[data-add]")).to_be_hidden()


# --- Without a network -------------------------------------------------------------------------------------------


def test_first_visit_is_enough_to_open_today_without_a_network(page: Page, dog: Patient, chaos: Chaos) -> None:
    chaos.down()
    # The address of the home screen's icon, which the server only passes on.
    page.goto("/today/")

    expect(page).to_have_url(f"{chaos.base_url}/dogs/{dog.pk}/today/")
    expect(page.get_by_role("heading", name=dog.name, level=1)).to_be_visible()
    assert page.evaluate("() => document.styleSheets[0].cssRules.length") > 3
    assert page.evaluate("() => getComputedStyle(document.querySelector('.day-head')).display") == "flex"


def test_unknown_page_without_a_network_says_so_and_lists_what_is_stored(
    page: Page, dog: Patient, chaos: Chaos, assert_accessible: Check
) -> None:
    chaos.down()
    page.goto(exercise_url(dog) + "?not=stored")

    expect(page.get_by_role("heading", name="No connection just now")).to_be_visible()
    expect(page.locator("stored-pages").get_by_role("link").first).to_contain_text(f"Today, {dog.name}")
    assert "tel:" not in page.content()
    assert_accessible(page)

    page.locator("stored-pages").get_by_role("link").first.click()
    expect(page.get_by_role("heading", name=dog.name, level=1)).to_be_visible()
    chaos.up()
    page.goto(exercise_url(dog) + "?not=stored")
    expect(page.get_by_role("heading", name="No connection just now")).to_have_count(0)


def test_offline_page_speaks_the_persons_language(dog: Patient, chaos: Chaos, new_phone: NewContext) -> None:
    context = new_phone(base_url=chaos.base_url, locale="en-GB")
    sign_in(context, chaos.base_url)
    context.add_cookies([{"name": settings.LANGUAGE_COOKIE_NAME, "value": "es", "url": chaos.base_url}])
    page = context.new_page()
    page.goto(f"/dogs/{dog.pk}/today/")
    until(lambda: has_worker(page) and bool(stored(page, "pages-")))
    until(lambda: row(page, "language") == "es")
    chaos.down()
    page.goto("/dogs/unknown/")
    expect(page.locator("html")).to_have_attribute("lang", "es")


def test_server_that_hangs_is_waited_for_three_seconds(page: Page, dog: Patient, chaos: Chaos) -> None:
    chaos.say("hang", lambda exchange: exchange.path.endswith("/today/"))
    before = time.monotonic()
    page.goto(f"/dogs/{dog.pk}/today/", wait_until="commit")
    waited = time.monotonic() - before

    expect(page.get_by_role("heading", name=dog.name, level=1)).to_be_visible()
    assert waited > 2.5


def test_strangers_answer_is_neither_shown_over_a_stored_page_nor_stored(
    page: Page, dog: Patient, chaos: Chaos
) -> None:
    for mode in ("portal", "500"):
        chaos.say(mode, lambda exchange: exchange.path.startswith("/dogs/"))
        page.goto(f"/dogs/{dog.pk}/today/")
        expect(page.get_by_role("heading", name=dog.name, level=1)).to_be_visible()
    chaos.down()
    page.goto(f"/dogs/{dog.pk}/today/")
    expect(page.get_by_role("heading", name=dog.name, level=1)).to_be_visible()


def test_named_pages_are_stored_with_their_pictures_and_again_when_the_plan_changes(
    page: Page, dog: Patient, chaos: Chaos
) -> None:
    url = exercise_url(dog)
    before = len(chaos.seen(url))
    tell_worker(page, {"type": "KEEP", "urls": [url], "plan": f"{dog.pk} 7"})
    assert len(chaos.seen(url)) == before + 1
    assert f"{chaos.base_url}{url}" in stored(page, "pages-")

    tell_worker(page, {"type": "KEEP", "urls": [url], "plan": f"{dog.pk} 7"})
    assert len(chaos.seen(url)) == before + 1
    tell_worker(page, {"type": "KEEP", "urls": [url], "plan": f"{dog.pk} 8"})
    assert len(chaos.seen(url)) == before + 2
    # Nothing of another place, and nothing that the server does not allow to be kept.
    tell_worker(page, {"type": "KEEP", "urls": ["https://example.org/", "/accounts/login/"]})
    assert not [one for one in stored(page, "pages-") if "login" in one or "example.org" in one]

    chaos.down()
    page.goto(url)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.get_by_role("heading", name="No connection just now")).to_have_count(0)


def test_no_more_than_sixty_pages_are_stored(page: Page, dog: Patient) -> None:
    urls = [f"/dogs/{dog.pk}/help/?page={number}" for number in range(60)]
    tell_worker(page, {"type": "KEEP", "urls": urls})
    found = stored(page, "pages-")
    assert len(found) == 60
    assert found[-1].endswith("?page=59")
    assert not [one for one in found if one.endswith("/today/")]


# --- Whose pages these are ---------------------------------------------------------------------------------------


def test_page_that_was_under_way_at_the_sign_out_brings_nothing_back(page: Page, dog: Patient) -> None:
    # The worker is told before the server: for a moment the session still answers as her.
    tell_worker(page, {"type": "LOGOUT"})
    tell_worker(page, {"type": "KEEP", "urls": [f"/dogs/{dog.pk}/help/"]})
    assert not [name for name in caches(page) if name.startswith("pages-")]


def test_signing_out_leaves_no_page_on_the_phone(page: Page, dog: Patient, chaos: Chaos) -> None:
    key = user_key(User.objects.get(email=OLGA))
    assert f"pages-{key}" in caches(page)
    assert row(page, "user") == key

    page.locator("details[data-menu] summary").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/accounts/login/**")

    until(lambda: not [name for name in caches(page) if name.startswith("pages-")])
    chaos.down()
    page.goto(f"/dogs/{dog.pk}/today/")
    expect(page.get_by_role("heading", name="No connection just now")).to_be_visible()
    expect(page.locator("stored-pages")).to_be_hidden()


def test_page_that_arrives_after_signing_out_is_not_stored(page: Page, dog: Patient, chaos: Chaos) -> None:
    second = page.context.new_page()
    second.goto(f"/dogs/{dog.pk}/help/")
    until(lambda: has_worker(second))
    chaos.say("slow", lambda exchange: exchange.path.endswith("/progress/"), seconds=2)
    page.evaluate("(url) => { window.location.href = url; }", f"/dogs/{dog.pk}/progress/")
    # Not the one that stored the page ahead.
    until(lambda: any(one.fate == "slow" for one in chaos.seen(f"/dogs/{dog.pk}/progress/")))

    # The request is under way with the cookie, which the server still honours.
    tell_worker(second, {"type": "LOGOUT"})
    page.context.clear_cookies()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"How {dog.name} is doing", timeout=10_000)
    time.sleep(0.5)

    assert not [name for name in caches(second) if name.startswith("pages-")]
    assert row(second, "user") == "-"


def test_another_account_on_the_phone_takes_the_pages_of_the_first_away(page: Page, dog: Patient, chaos: Chaos) -> None:
    carl = make.make_user("carl@example.test", "Carl Ruiz")
    make.care_for(dog, carl, "caregiver")
    page.context.clear_cookies()
    sign_in(page.context, chaos.base_url, carl.email)
    page.goto(f"/dogs/{dog.pk}/today/")

    until(lambda: [name for name in caches(page) if name.startswith("pages-")] == [f"pages-{user_key(carl)}"])
    assert row(page, "user") == user_key(carl)


# --- A new version -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Release:
    """A copy of the product in a folder of its own; `var` holds its static files beside those of the first release."""

    folder: Path
    environment: dict[str, str]
    port: int

    def run(self, *command: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


@pytest.fixture(scope="module")
def next_release(_stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Release:
    """The same product with another style sheet."""
    folder = tmp_path_factory.mktemp("release")
    var = tmp_path_factory.mktemp("var")
    for name in ("accounts", "rehab", "static", "templates"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "manage.py", folder)
    with (folder / "static" / "css" / "app.css").open("a") as style:
        style.write("\n.day-head { outline: 1px solid red; }\n")
    port = free_port()
    release = Release(
        folder=folder,
        environment={**_stack.environment, "STEADYBACK_VAR": str(var), "PORT": str(port)},
        port=port,
    )
    # What the release before has left there stays, as on a server.
    for one in (replace(release, folder=ROOT), release):
        assert one.run(sys.executable, "manage.py", "collectstatic", "--noinput").wait() == 0
    return release


@pytest.fixture
def deploy(stack: Stack, chaos: Chaos, next_release: Release) -> Iterator[Deploy]:
    """Put the next release in the place of this one, and let the phone look for news."""
    running: list[subprocess.Popen[bytes]] = []
    port = next_release.port
    web = next(one for one in programs(port=port, web_processes=1, worker_processes=1) if one.name == "web")

    def put_in_place(page: Page) -> None:
        running.append(next_release.run(*web.argv))
        until(lambda: answers(port))
        chaos.upstream = port
        page.evaluate("async () => { await (await navigator.serviceWorker.getRegistration()).update(); }")

    yield put_in_place
    for process in running:
        process.terminate()
        process.wait(timeout=SECONDS)


NOTE = "She was stiff on the stairs, and"


def bring_note_form(page: Page, attributes: str) -> None:
    """A form for a note, put in and announced as htmx does with a part of the page."""
    page.evaluate(
        """(html) => {
            const main = document.getElementById("main");
            main.insertAdjacentHTML("beforeend", html);
            main.lastElementChild.dispatchEvent(new CustomEvent("htmx:load", { bubbles: true }));
        }""",
        f'<form method="post" {attributes}><label>Note <textarea name="note"></textarea></label></form>',
    )


def loads_of(page: Page) -> list[Page]:
    """One entry for each time that the page loads from now on; what its worker asks for meanwhile does not count."""
    loads: list[Page] = []

    def note(page: Page) -> None:
        loads.append(page)

    page.on("load", note)
    return loads


def test_new_version_waits_for_a_tap_reloads_once_and_keeps_the_draft(page: Page, dog: Patient, deploy: Deploy) -> None:
    old = tell_worker(page, {"type": "VERSION"})
    loads = loads_of(page)
    deploy(page)
    bar = page.locator("[data-update]")
    expect(bar).to_contain_text("A new version is ready.")
    bring_note_form(page, 'data-draft="note"')
    page.get_by_label("Note").fill(NOTE)
    assert loads == []

    with page.expect_event("load"):
        bar.get_by_role("button", name="Reload").click()
    page.wait_for_timeout(1500)

    assert len(loads) == 1
    assert tell_worker(page, {"type": "VERSION"}) != old
    expect(bar).to_have_count(0)
    bring_note_form(page, 'data-draft="note"')
    expect(page.get_by_label("Note")).to_have_value(NOTE)
    # What is stored elsewhere is no draft any more.
    page.evaluate("() => document.querySelector('[data-draft=note]').reset()")
    assert page.evaluate("() => Object.keys(sessionStorage).filter((key) => key.startsWith('draft:'))") == []


def test_new_version_does_not_reload_over_a_note_that_cannot_be_kept(page: Page, dog: Patient, deploy: Deploy) -> None:
    loads = loads_of(page)
    deploy(page)
    bar = page.locator("[data-update]")
    bring_note_form(page, "")
    page.get_by_label("Note").fill(NOTE)
    bar.get_by_role("button", name="Reload").click()

    expect(bar).to_contain_text("First finish what you are writing here")
    page.wait_for_timeout(500)
    assert loads == []
    expect(page.get_by_label("Note")).to_have_value(NOTE)
    page.get_by_label("Note").fill("")
    with page.expect_event("load"):
        bar.get_by_role("button", name="Reload").click()


def test_page_stored_before_a_new_version_keeps_its_style(
    page: Page, dog: Patient, chaos: Chaos, deploy: Deploy
) -> None:
    old = tell_worker(page, {"type": "VERSION"})
    page.goto(f"/dogs/{dog.pk}/help/")
    deploy(page)
    with page.expect_event("load"):
        page.locator("[data-update]").get_by_role("button", name="Reload").click()
    until(lambda: f"shell-{old}" not in caches(page))
    chaos.down()
    page.goto(f"/dogs/{dog.pk}/today/")

    look = "() => { const { display, outlineStyle } = getComputedStyle(document.querySelector('.day-head')); return [display, outlineStyle]; }"
    assert page.evaluate(look) == ["flex", "none"]


def test_first_visit_reloads_nothing_and_offers_nothing(page: Page) -> None:
    expect(page.locator("[data-update]")).to_have_count(0)
    assert page.evaluate("() => performance.getEntriesByType('navigation')[0].type") == "navigate"
