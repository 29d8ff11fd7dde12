"""The exercise screen on a phone: a timer that loses nothing, and the answers that follow from it."""

import datetime as dt
import gzip
import re
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, Page, Route, expect

from rehab.patients.models import Observation, Patient
from rehab.programs.models import Prescription
from rehab.sessions.models import PerformedExercise
from tests import make
from tests.journeys.conftest import NewContext
from tests.journeys.stack import ROOT, Stack
from tests.journeys.test_today import signed_in

in_browser = pytest.mark.browser
pytestmark = pytest.mark.phone

Check = Callable[[Page], None]
SCRIPTS = ROOT / "static" / "js"
CASES = Path("tests/journeys/timer_cases.mjs")
SHORT = {"reps": 2, "hold_s": 3, "per_day": 2}
TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
# Anything to press or tick in the page itself; a field that only looks like its label is as large as that.
SMALL_TARGETS = """() => [...document.querySelectorAll('main :is(button, summary, .quality-choice, .check, input:not([type=hidden], .visually-hidden, .checkbox))')]
    .filter((one) => one.checkVisibility())
    .filter((one) => { const { width, height } = one.getBoundingClientRect(); return Math.min(width, height) < 47.9; })
    .map((one) => one.outerHTML.slice(0, 80))"""
SLEEPS = """(isHidden) => {
    Object.defineProperty(document, 'hidden', { get: () => isHidden, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
}"""


# --- The rules of the timer, without a page ------------------------------------------------------------------------


def test_timer_rules_hold_in_node(tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node is not here; on Debian: apt-get install nodejs (Chromium runs the same cases)")
    for path in (CASES, CASES.with_name("timer.test.mjs"), Path("static/js/lib/timer.js")):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, tmp_path / path)
    # The scripts are modules, as their <script> says; Node is told by this.
    (tmp_path / "package.json").write_text('{"type": "module"}')
    ran = subprocess.run(
        [node, "--test", "tests/journeys/timer.test.mjs"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    passed = re.search(r"^# pass (\d+)$|ℹ pass (\d+)", ran.stdout, re.MULTILINE)
    assert passed
    assert int(passed[1] or passed[2]) >= 10


@in_browser
def test_timer_rules_hold_in_chromium(browser: Browser) -> None:
    def serve(route: Route) -> None:
        path = ROOT / route.request.url.removeprefix("http://timer.test/")
        if path == ROOT:
            route.fulfill(body="<!doctype html><title>cases</title>", content_type="text/html")
        else:
            route.fulfill(body=path.read_text(), content_type="text/javascript")

    page = browser.new_page()
    page.route("http://timer.test/**", serve)
    page.goto("http://timer.test/")
    said: dict[str, str] = page.evaluate(
        """async (address) => {
            const { cases } = await import(address);
            const run = ([name, one]) => { try { one(); return [name, 'ok']; } catch (error) { return [name, String(error)]; } };
            return Object.fromEntries(Object.entries(cases).map(run));
        }""",
        f"http://timer.test/{CASES}",
    )
    page.close()
    assert set(said.values()) == {"ok"}, said
    assert len(said) >= 10


def test_timer_is_light() -> None:
    weights = {path.name: len(gzip.compress(path.read_bytes(), 9)) for path in (*SCRIPTS.rglob("*-timer.js"),)}
    weights["timer.js"] = len(gzip.compress((SCRIPTS / "lib" / "timer.js").read_bytes(), 9))
    assert weights.keys() == {"hold-timer.js", "timer.js"}
    assert weights["hold-timer.js"] <= 4096
    assert sum(weights.values()) <= 5 * 1024


# --- The page ------------------------------------------------------------------------------------------------------


@pytest.fixture
def dog(stack: Stack) -> Patient:
    """A dog with one exercise that is held, twice a day, and the person who cares for it."""
    clinic = make.make_clinic()
    vet = make.join(make.make_user("vera@example.test", "Dr. Vera Lind"), clinic, "vet")
    patient = make.make_patient(clinic, vet, owner=make.make_user("olga@example.test", "Olga Ruiz"))
    today = patient.today(make.now())
    make.make_definition(patient, vet, re_exam_due_on=today + dt.timedelta(days=9))
    shift = make.make_exercise(
        "weight-shift",
        dose_range={},
        measure={"metric": "self_corrections"},
        stop_signs=["S_CRY", "S_SHAKE"],
    )
    stand = make.make_exercise("stand-count", measure={"metric": "standing_s"})
    make.make_program(
        patient,
        vet,
        starts_on=today - dt.timedelta(days=3),
        exercises=[(shift, SHORT), (stand, {"reps": 3, "per_day": 1})],
    )
    return patient


@pytest.fixture
def open_page(stack: Stack, dog: Patient, new_phone: NewContext) -> Callable[..., Page]:
    """The exercise screen of the item at that place, on Olga's phone."""

    def open_page(position: int = 0, *, before: Callable[[Page], Any] = lambda page: None, **options: Any) -> Page:
        page = signed_in(new_phone(**options), "olga@example.test", stack.base_url)
        before(page)
        page.goto(address(item(dog, position)))
        return page

    return open_page


def item(dog: Patient, position: int = 0) -> Prescription:
    found: Prescription = Prescription.objects.get(patient=dog, position=position)
    return found


def address(prescription: Prescription) -> str:
    return reverse("sessions:exercise", args=[prescription.patient_id, prescription.pk])


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def wait_for(read: Callable[[], list[Any]], expected: list[Any]) -> None:
    """What the phone has sent arrives a moment after the tap."""
    deadline = time.monotonic() + 10
    while (found := read()) != expected and time.monotonic() < deadline:
        time.sleep(0.05)
    assert found == expected


def performed() -> list[Any]:
    return list(PerformedExercise.objects.order_by("done_at").values_list("slot", "state", "share", "quality"))


@in_browser
@pytest.mark.django_db(transaction=True)
def test_a_reload_in_the_middle_of_a_hold_loses_nothing(
    dog: Patient, open_page: Callable[..., Page], assert_accessible: Check
) -> None:
    page = open_page()
    timer = page.locator("hold-timer").first
    assert_accessible(page)

    press(page, "Start the timer")
    expect(timer).to_have_attribute("data-phase", "ready")
    press(page, "Start now")
    expect(timer.locator("[data-part=word]")).to_have_text("Hold")
    expect(timer.locator("[data-part=line]")).to_have_text("hold 1 of 2")
    assert_accessible(page)
    page.reload()
    expect(timer).to_have_attribute("data-state", "running")
    expect(timer.locator("[data-part=word]")).to_have_text("Rest")
    press(page, "Skip the rest")
    expect(timer.locator("[data-part=line]")).to_have_text("hold 2 of 2")
    expect(timer).to_have_attribute("data-state", "done")
    expect(page.locator("#exercise-done")).to_be_focused()
    expect(timer.locator("[data-part=spoken]")).to_have_text("Done")
    assert_accessible(page)
    # Left and found again: it is still done, and the answer still to be given.
    page.reload()
    expect(timer).to_have_attribute("data-state", "done")
    page.get_by_text("Small faults").click()
    press(page, "Done, 1 of 2 today")

    wait_for(performed, [(1, "done", 100, 2)])
    # The page goes back to the day by itself.
    page.wait_for_url("**/today/**")
    # The next time of the day has a timer of its own.
    page.goto(address(item(dog)))
    expect(timer).to_have_attribute("data-state", "idle")
    expect(page.locator("#exercise-done")).to_have_text("Done, 2 of 2 today")


@in_browser
@pytest.mark.django_db(transaction=True)
def test_neither_a_locked_phone_nor_a_set_clock_changes_what_was_held(
    open_page: Callable[..., Page], expected: list[str]
) -> None:
    # The phone's own work, which finds no network.
    expected += [r"net::ERR_", r"fetching the script", r"Failed to fetch"]
    start = make.now()
    asked: list[str] = []

    def note(kind: str) -> None:
        asked.append(kind)

    def watch_the_lock(page: Page) -> None:
        page.context.grant_permissions(["screen-wake-lock"])
        page.expose_function("lockAsked", note)
        page.add_init_script(
            """const request = WakeLock.prototype.request;
            WakeLock.prototype.request = function (kind) { window.lockAsked(kind); return request.call(this, kind); };"""
        )
        page.clock.install(time=start)

    page = open_page(before=watch_the_lock)
    page.clock.pause_at(start + dt.timedelta(minutes=1))
    # All of it without a network, as from a page that the phone has kept.
    page.context.set_offline(True)
    timer = page.locator("hold-timer").first
    number = timer.locator("[data-part=number]")

    press(page, "Start the timer")
    page.clock.run_for(6_000)
    expect(timer).to_have_attribute("data-phase", "hold")
    expect(number).to_have_text("2")
    # Somebody sets the clock an hour ahead, then back: the hold goes on.
    for hours in (1, -1):
        page.clock.set_system_time(start + dt.timedelta(minutes=1, seconds=6, hours=max(hours, 0)))
        page.clock.run_for(200)
        expect(timer).to_have_attribute("data-phase", "hold")
        expect(number).to_have_text("2")
    press(page, "Pause")
    page.clock.run_for(60_000)
    expect(timer.locator("[data-part=word]")).to_have_text("Paused")
    expect(number).to_have_text("2")
    press(page, "Go on")
    expect(timer).to_have_attribute("data-state", "running")
    # The screen is locked: no script runs, the clock does.
    page.evaluate(SLEEPS, arg=True)
    page.clock.set_system_time(start + dt.timedelta(minutes=2, seconds=9, milliseconds=900))
    page.evaluate(SLEEPS, arg=False)
    expect(timer).to_have_attribute("data-phase", "rest")
    page.evaluate(SLEEPS, arg=True)
    page.clock.set_system_time(start + dt.timedelta(minutes=9))
    page.evaluate(SLEEPS, arg=False)
    expect(timer).to_have_attribute("data-state", "done")
    # At the start, when it went on, and each time that it came back while it ran.
    assert asked == ["screen"] * 3
    page.context.set_offline(False)


@in_browser
@pytest.mark.django_db(transaction=True)
def test_a_kept_page_goes_on_to_the_time_that_is_still_open(open_page: Callable[..., Page]) -> None:
    page = open_page()
    timer = page.locator("hold-timer").first
    page.get_by_text("Clean", exact=True).click()
    press(page, "Start the timer")
    # As the outbox marks a form whose answer it holds already.
    answered = "document.querySelector('.exercise-tick').dataset.sentState = 'pending'"
    page.evaluate(answered)
    expect(page.locator("#exercise-done")).to_have_text("Done, 2 of 2 today")
    expect(page.locator(".exercise-tick [name=slot]")).to_have_value("2")
    expect(page.locator("#stopped-early [name=slot]").first).to_have_value("2")
    expect(page.locator(".exercise-tick :checked")).to_have_count(0)
    expect(timer).to_have_attribute("data-state", "idle")
    page.evaluate(answered)
    expect(page.get_by_text("Answered for today.")).to_be_visible()
    expect(page.locator("#exercise-done")).to_be_hidden()


@in_browser
@pytest.mark.django_db(transaction=True)
def test_stopping_early_says_why(dog: Patient, open_page: Callable[..., Page], assert_accessible: Check) -> None:
    page = open_page(color_scheme="dark")
    press(page, "Start the timer")
    press(page, "Stop")
    expect(page.locator("#stopped-early")).to_have_attribute("open", "")
    expect(page.locator("#stopped-early summary")).to_be_focused()
    assert_accessible(page)
    page.locator("#stopped-early").get_by_text("Half", exact=True).first.click()
    # A stop without a sign would be refused, hours later perhaps; so it is not sent.
    press(page, "Save that I stopped")
    expect(page.locator("#stopped-early input:invalid").first).to_be_focused()
    page.get_by_label("legs shake or tremble").check()
    press(page, "Save that I stopped")
    wait_for(performed, [(1, "stopped", 50, None)])
    said = PerformedExercise.objects.get()
    assert said.stop_signs == ["S_SHAKE"]


@in_browser
@pytest.mark.django_db(transaction=True)
def test_standing_is_measured_by_the_timer(
    dog: Patient, open_page: Callable[..., Page], assert_accessible: Check
) -> None:
    page = open_page(position=1)
    press(page, "Take the time")
    press(page, "Start now")
    expect(page.locator("[data-part=number]")).to_have_text("2")
    press(page, "Stop")
    expect(page.locator("#measured")).to_have_value("2")
    expect(page.locator("[data-part=word]")).to_have_text("That was the time")
    assert_accessible(page)
    page.reload()
    expect(page.locator("#measured")).to_have_value("2")
    press(page, "Save the measure")
    wait_for(measured, [("standing_s", 2)])


@in_browser
@pytest.mark.django_db(transaction=True)
def test_what_is_counted_is_counted_by_thumb(dog: Patient, open_page: Callable[..., Page]) -> None:
    page = open_page()
    for name, value in (("One less", "0"), ("One more", "1"), ("One more", "2"), ("One less", "1"), ("One more", "2")):
        press(page, name)
        expect(page.locator("#measured")).to_have_value(value)
    press(page, "Save the measure")
    wait_for(measured, [("self_corrections", 2)])


def measured() -> list[Any]:
    return list(Observation.objects.values_list("metric", "value"))


@in_browser
@pytest.mark.django_db(transaction=True)
def test_without_javascript_all_is_said_and_posted(dog: Patient, open_page: Callable[..., Page]) -> None:
    page = open_page(java_script_enabled=False)
    expect(page.get_by_text("5 seconds rest between holds")).to_be_visible()
    expect(page.get_by_role("button", name="Start the timer")).to_have_count(0)
    page.get_by_text("Clean", exact=True).click()
    press(page, "Done, 1 of 2 today")
    expect(page).to_have_url(re.compile(rf"/dogs/{dog.pk}/today/"))
    assert performed() == [(1, "done", 100, 3)]
    page.goto(address(item(dog)))
    page.locator("#stopped-early summary").click()
    page.get_by_label("legs shake or tremble").check()
    page.get_by_text("Nothing yet").click()
    press(page, "Save that I stopped")
    expect(page).to_have_url(re.compile(rf"/dogs/{dog.pk}/today/"))
    assert performed() == [(1, "done", 100, 3), (2, "stopped", 0, None)]
    page.goto(address(item(dog)))
    expect(page.get_by_text("Answered for today.")).to_be_visible()
    page.locator("#measured").fill("4")
    press(page, "Save the measure")
    wait_for(measured, [("self_corrections", 4)])


@in_browser
@pytest.mark.django_db(transaction=True)
def test_everything_is_large_enough_and_fits_the_narrowest_phone(open_page: Callable[..., Page]) -> None:
    page = open_page()
    page.set_viewport_size({"width": 320, "height": 640})
    assert page.evaluate(SMALL_TARGETS) == []
    assert page.evaluate(TOO_WIDE) == 0
    press(page, "Start the timer")
    press(page, "Start now")
    assert page.evaluate(SMALL_TARGETS) == []
    press(page, "Stop")
    assert page.evaluate(SMALL_TARGETS) == []
    assert page.evaluate(TOO_WIDE) == 0
