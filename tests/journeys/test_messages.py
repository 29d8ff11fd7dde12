"""A family asks without a network, the clinic reads and answers, and both see what has happened and no more."""

import datetime as dt
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from rehab.patients.models import Caregiver, Patient
from rehab.programs.models import Prescription
from rehab.sessions.models import Message, MessagesRead
from tests import make
from tests.journeys.conftest import NewContext, eventually
from tests.journeys.stack import Stack
from tests.journeys.test_main_loop import zone_where_it_is
from tests.journeys.test_today import signed_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

Check = Callable[[Page], None]
TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
# The page asks every ten seconds.
SECONDS = 15_000
CONTROLLED = "navigator.serviceWorker.ready.then(() => true)"


@pytest.fixture
def dog(stack: Stack) -> Patient:
    """A dog with two exercises, its owner and a vet."""
    clinic = make.make_clinic()
    vet = make.join(make.make_user("vera@example.test", "Dr. Vera Lind"), clinic, "vet")
    owner = make.make_user("olga@example.test", "Olga Ruiz")
    patient = make.make_patient(clinic, vet, owner=owner, time_zone=zone_where_it_is(15))
    make.make_definition(patient, vet, re_exam_due_on=patient.today(make.now()) + dt.timedelta(days=9))
    make.make_program(patient, vet, starts_on=patient.today(make.now()) - dt.timedelta(days=3))
    return patient


def lines(page: Page, side: str) -> list[str]:
    return page.locator(f"#talk-lines [data-side={side}] .talk-text").all_inner_texts()


def write(page: Page, text: str) -> None:
    page.locator("#talk-text").fill(text)
    page.get_by_role("button", name="Send").click()


def test_questions_written_without_a_network_are_sent_read_and_answered(
    stack: Stack,
    dog: Patient,
    phone: BrowserContext,
    desktop: BrowserContext,
    assert_accessible: Check,
    expected: list[str],
) -> None:
    expected += [r"net::ERR_", r"Failed to fetch"]
    address = f"/dogs/{dog.pk}/messages/"
    item = Prescription.objects.get(patient=dog, times_per_day=2)
    home = signed_in(phone, "olga@example.test", stack.base_url)
    home.goto(address)
    expect(home.get_by_text("No messages yet")).to_be_visible()
    assert_accessible(home)
    home.evaluate(CONTROLLED)
    home.goto(address)

    # No signal in the garden: written, kept, and honest about it.
    phone.set_offline(True)
    home.locator("#talk-about").select_option(str(item.pk))
    write(home, "How long does he hold it?\nTen seconds?")
    pending = home.locator("#talk-pending .talk-line")
    expect(pending).to_have_count(1)
    expect(home.locator("#talk-text")).to_have_value("")
    write(home, "<b>And</b> twice a day?")
    expect(pending).to_have_count(2)
    expect(pending.first).to_contain_text("On this phone, not sent yet")
    expect(pending.first).to_contain_text("About: Stand count")
    expect(pending.last.locator(".talk-text")).to_have_text("<b>And</b> twice a day?")
    expect(home.get_by_text("No messages yet")).to_be_hidden()
    assert "Sent " not in home.locator("#talk-pending").inner_text()
    assert_accessible(home)

    # The app was closed meanwhile; the stored page still shows what waits.
    home.goto(address)
    expect(pending).to_have_count(2)
    assert Message.objects.count() == 0

    phone.set_offline(False)
    expect(home.locator("#talk-lines [data-side=own]")).to_have_count(2)
    expect(pending).to_have_count(0)
    expect(home.locator("#talk-lines")).to_contain_text(re.compile(r"Sent \d\d:\d\d"))
    expect(home.locator("#talk-lines")).not_to_contain_text("Read by")
    assert lines(home, "own") == ["How long does he hold it?\nTen seconds?", "<b>And</b> twice a day?"]
    assert list(Message.objects.order_by("pk").values_list("prescription", "from_family")) == [
        (item.pk, True),
        (None, True),
    ]

    # The clinic finds it, and reading is what tells the family so.
    clinic = signed_in(desktop, "vera@example.test", stack.base_url)
    clinic.goto(f"/patients/{dog.pk}/")
    expect(clinic.get_by_text("1 message from the family waits (today).")).to_be_visible()
    clinic.get_by_role("link", name="Messages (1)").click()
    expect(clinic.locator("#talk-lines [data-side=other]")).to_have_count(2)
    expect(clinic.get_by_role("button", name="Mark as read")).to_be_hidden()
    assert_accessible(clinic)
    expect(home.locator("#talk-lines")).to_contain_text("Read by Dr. Vera Lind", timeout=SECONDS)

    home.locator("#talk-text").fill("I begin to")
    write(clinic, "Ten seconds is right.")
    expect(clinic.locator("#talk-lines [data-side=own]")).to_have_count(1)
    expect(clinic.locator("#talk-lines")).not_to_contain_text("Read by")
    write(clinic, "And twice a day.")
    expect(home.locator("#talk-lines [data-side=other]")).to_have_count(2, timeout=SECONDS)
    expect(home.locator("#talk-text")).to_have_value("I begin to")
    assert lines(home, "other") == ["Ten seconds is right.", "And twice a day."]
    expect(clinic.locator("#talk-lines")).to_contain_text("Read by Olga", timeout=SECONDS)
    assert MessagesRead.objects.count() == 2
    assert_accessible(home)

    clinic.goto(f"/patients/{dog.pk}/")
    expect(clinic.get_by_role("link", name="Messages", exact=True)).to_be_visible()


PARTS = "**/messages/parts/**"


def test_thread_asks_less_and_less_while_the_server_does_not_answer(
    stack: Stack, dog: Patient, new_phone: NewContext, expected: list[str]
) -> None:
    expected += [r"503", r"htmx:"]
    context = new_phone(service_workers="block")
    page = signed_in(context, "olga@example.test", stack.base_url)
    asked: list[str] = []

    def fail(route: Route) -> None:
        asked.append(route.request.url)
        route.fulfill(status=503, headers={"X-Chaos": "yes"})

    page.clock.install()
    context.route(PARTS, fail)
    page.goto(f"/dogs/{dog.pk}/messages/")
    expect(page.locator("#talk-text")).to_be_visible()
    # After 10, 20, 40, 80, 160 seconds, and then every 320.
    for count, seconds in enumerate((10, 20, 40, 80, 160, 320, 320), start=1):
        page.clock.run_for((seconds - 2) * 1000)
        page.wait_for_timeout(100)
        assert len(asked) == count - 1
        page.clock.run_for(3_000)
        eventually(page, lambda: len(asked), count)
        page.wait_for_timeout(100)
    # Whoever comes back is not kept waiting.
    context.unroute(PARTS)
    make.make_message(dog, dog.created_by, "Ten seconds.", at=make.now())
    page.evaluate("() => document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator("#talk-lines")).to_contain_text("Ten seconds.")


@pytest.mark.parametrize("why", ["signed out", "not shared"])
def test_thread_that_has_ended_says_so_and_asks_no_more(
    stack: Stack, dog: Patient, new_phone: NewContext, assert_accessible: Check, why: str
) -> None:
    context = new_phone(service_workers="block")
    page = signed_in(context, "olga@example.test", stack.base_url)
    asked: list[int] = []
    page.on("response", lambda answer: asked.append(answer.status) if "/messages/parts/" in answer.url else None)
    page.clock.install()
    page.goto(f"/dogs/{dog.pk}/messages/")
    page.locator("#talk-text").fill("I begin to")
    cookies = context.cookies()
    if why == "signed out":
        context.clear_cookies()
        said, status = "You are signed out, so new messages do not come in here.", 401
    else:
        Caregiver.objects.filter(patient=dog).update(ended_at=make.now())
        said, status = f"{dog.name} is no longer shared with you.", 404
    page.clock.run_for(11_000)
    line = page.locator("[data-ended]")
    expect(line).to_contain_text(said)
    assert_accessible(page)
    page.clock.run_for(600_000)
    page.wait_for_timeout(300)
    assert asked == [status]
    assert page.url.endswith("/messages/")
    expect(page.locator("#talk-text")).to_have_value("I begin to")

    # It goes on for whoever has signed in again meanwhile.
    context.add_cookies(cookies)  # type: ignore[arg-type]  # what was read may be written
    Caregiver.objects.filter(patient=dog).update(ended_at=None)
    page.evaluate("() => document.dispatchEvent(new Event('visibilitychange'))")
    expect(line).to_be_empty()
    page.clock.run_for(11_000)
    eventually(page, lambda: len(asked), 3)


def test_thread_works_without_javascript(stack: Stack, dog: Patient, new_phone: NewContext) -> None:
    page = signed_in(new_phone(java_script_enabled=False), "olga@example.test", stack.base_url)
    page.goto(f"/dogs/{dog.pk}/messages/")
    write(page, "How long?")
    expect(page.locator("#talk-lines [data-side=own]")).to_have_count(1)
    clinic = signed_in(new_phone(java_script_enabled=False), "vera@example.test", stack.base_url)
    clinic.goto(f"/dogs/{dog.pk}/messages/")
    clinic.get_by_role("button", name="Mark as read").click()
    expect(clinic.get_by_role("button", name="Mark as read")).to_have_count(0)
    page.reload()
    expect(page.locator("#talk-lines")).to_contain_text("Read by Dr. Vera Lind")


def test_long_thread_keeps_its_place_on_the_narrowest_phone(
    stack: Stack, dog: Patient, new_phone: NewContext, assert_accessible: Check
) -> None:
    vet = dog.created_by
    for number in range(45):
        make.make_message(
            dog, vet, f"note {number} {'x' * 60}", at=make.now() - dt.timedelta(minutes=20 * (60 - number))
        )
    page = signed_in(new_phone(), "olga@example.test", stack.base_url)
    page.set_viewport_size({"width": 320, "height": 640})
    page.goto(f"/dogs/{dog.pk}/messages/")
    page.wait_for_function("scrollY > 0")
    expect(page.locator("#talk-new")).to_be_in_viewport()
    first = page.locator("#talk-lines .talk-line").first
    page.get_by_role("link", name="Earlier messages").scroll_into_view_if_needed()
    before = first.evaluate("(line) => line.getBoundingClientRect().top")
    page.get_by_role("link", name="Earlier messages").click()
    expect(page.locator("#talk-lines .talk-line")).to_have_count(45)
    expect(page.get_by_role("link", name="Earlier messages")).to_have_count(0)
    moved = page.locator("#talk-lines .talk-line").nth(15).evaluate("(line) => line.getBoundingClientRect().top")
    assert abs(moved - before) < 60  # the day that was said above it stands further up now
    days = page.locator(".talk-day").all_inner_texts()
    assert len(days) == len(set(days))
    assert page.evaluate(TOO_WIDE) == 0
    assert_accessible(page)

    page.locator("#talk-text").fill("x" * 1900)
    expect(page.locator("#talk-left")).to_have_text("Characters left: 100")
