"""The outbox on the phone: what is kept, in which order it goes, and what the page shows of it."""

import datetime as dt
import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import BrowserContext, Page, Route, expect
from playwright.sync_api import Error as PlaywrightError

from accounts.models import User
from rehab.patients.models import Caregiver, Patient
from rehab.programs.models import Prescription
from rehab.sessions.models import Command, PainAnswer, PerformedExercise, Release, WarningReport
from rehab.sessions.screen import words
from tests import make
from tests.journeys.conftest import NewContext
from tests.journeys.stack import ROOT, Stack
from tests.journeys.test_main_loop import zone_where_it_is

pytestmark = [pytest.mark.browser, pytest.mark.phone, pytest.mark.django_db(transaction=True)]

Check = Callable[[Page], None]
COMMANDS = "**/api/v1/commands/"
API = "**/api/v1/**"


@pytest.fixture
def dog(stack: Stack) -> Patient:
    """A dog with one exercise twice a day and one once a day, and two people who care for it."""
    clinic = make.make_clinic()
    vet = make.join(make.make_user("vera@example.test", "Dr. Vera Lind"), clinic, "vet")
    patient = make.make_patient(clinic, vet, owner=make.make_user("olga@example.test", "Olga Ruiz"))
    make.care_for(patient, make.make_user("carl@example.test", "Carl Ruiz"), "caregiver")
    today = patient.today(make.now())
    make.make_definition(patient, vet, re_exam_due_on=today + dt.timedelta(days=9))
    make.make_program(patient, vet, starts_on=today - dt.timedelta(days=3))
    return patient


def sign_in(context: BrowserContext, email: str, base_url: str) -> None:
    client = Client()
    client.force_login(User.objects.get(email=email))
    cookie = client.cookies[settings.SESSION_COOKIE_NAME]
    context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": base_url}])


@pytest.fixture
def base_url(stack: Stack) -> str:
    return stack.base_url


@pytest.fixture
def context(dog: Patient, new_phone: NewContext, base_url: str) -> BrowserContext:
    """Olga's phone, signed in. Its worker has stories of its own, so here every request is the page's."""
    context = new_phone(service_workers="block")
    sign_in(context, "olga@example.test", base_url)
    return context


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """Today, on Olga's phone."""
    page = context.new_page()
    page.goto("/today/")
    page.wait_for_function("() => document.documentElement && self.Outbox !== undefined")
    return page


def item_of(dog: Patient, times: int = 2) -> Prescription:
    prescription: Prescription = Prescription.objects.get(patient=dog, times_per_day=times)
    return prescription


def outbox(page: Page) -> list[dict[str, Any]]:
    # Asked again where what came in has made the page load itself anew in this very moment.
    deadline = time.monotonic() + 15
    while True:
        try:
            kept: list[dict[str, Any]] = page.evaluate(
                "() => self.Outbox.tx('outbox', 'readonly', (store) => store.getAll())"
            )
        except PlaywrightError:
            assert time.monotonic() < deadline, "the page has no outbox"
            page.wait_for_timeout(100)
        else:
            return kept


def wait_until(page: Page, is_so: Callable[[], bool], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, outbox(page)
        page.wait_for_timeout(50)


def settled(page: Page) -> None:
    wait_until(page, lambda: all(one["state"] != "pending" for one in outbox(page)))


def tick(page: Page, item: Prescription, slot: int = 1) -> None:
    page.locator(f"#tick-{item.pk}-{slot}").click()


def line(page: Page) -> Any:
    return page.locator("#outbox [role=status]")


def performed() -> list[tuple[int, str]]:
    return list(PerformedExercise.objects.order_by("done_at", "pk").values_list("slot", "state"))


def test_a_tick_is_kept_shown_sent_and_then_the_servers(dog: Patient, page: Page, assert_accessible: Check) -> None:
    item = item_of(dog)
    tick(page, item)
    slot = page.locator(f"#item-{item.pk} .slot").first
    expect(slot).to_have_attribute("data-state", "done")
    settled(page)
    expect(slot).to_contain_text("Olga")

    assert performed() == [(1, "done")]
    (kept,) = outbox(page)
    assert (kept["state"], kept["outcome"], kept["sequence"]) == ("sent", "applied", 1)
    command = Command.objects.get()
    assert str(command.pk) == kept["id"]
    assert (str(command.device), command.sequence) == (kept["device"], 1)
    assert_accessible(page)


def test_without_a_way_out_it_waits_survives_a_reload_and_goes_once(
    dog: Patient, context: BrowserContext, page: Page, assert_accessible: Check
) -> None:
    item = item_of(dog)
    context.route(API, lambda route: route.abort())
    tick(page, item)
    slot = page.locator(f"#item-{item.pk} .slot").first
    expect(slot.locator(".slot-note")).to_contain_text("waiting to be sent")
    expect(line(page)).to_have_text("Saved on this phone · 1 waiting")
    page.locator(f"#item-{item.pk} .more summary").click()
    page.locator(f"#item-{item.pk}").get_by_role("button", name="Half").click()
    page.locator("#pain-before").get_by_role("button", name=re.compile(r"^7\b")).click()
    expect(page.locator(f"#item-{item.pk} .slot[data-state=part]")).to_have_count(1)
    assert_accessible(page)

    page.reload()
    expect(page.locator(f"#item-{item.pk} .slot[data-state=done]")).to_have_count(1)
    expect(page.locator(f"#item-{item.pk} .slot[data-state=part]")).to_have_count(1)
    expect(page.locator("#pain-before")).to_contain_text("Before: 7 of 10")
    expect(page.locator("#pain-before .notice-act")).to_be_visible()
    expect(page.locator("#day-ring")).to_contain_text("2/3")
    assert PerformedExercise.objects.count() == 0

    lost: list[str] = []

    def lose_the_answer(route: Route) -> None:
        if len(lost) < 2 and route.request.method == "POST":
            lost.append(route.fetch().text())
            route.abort()
        else:
            route.continue_()

    context.unroute(API)
    context.route(API, lose_the_answer)
    page.evaluate("() => dispatchEvent(new Event('online'))")
    settled(page)
    expect(line(page)).to_be_empty(timeout=15_000)
    assert len(lost) == 2
    assert [one["outcome"] for one in outbox(page)] == ["already_applied"] * 3
    assert sorted(performed()) == [(1, "done"), (2, "partial")]
    assert list(PainAnswer.objects.values_list("moment", "score")) == [("before", 7)]


def test_a_bouncing_thumb_says_it_once_and_a_second_tap_takes_it_back(dog: Patient, page: Page) -> None:
    item = item_of(dog)
    page.evaluate(
        "(id) => { const button = document.getElementById(id);"
        " for (const _ of [1, 2, 3]) button.form.requestSubmit(button); }",
        f"tick-{item.pk}-1",
    )
    settled(page)
    assert performed() == [(1, "done")]
    slot = page.locator(f"#item-{item.pk} .slot").first
    for state in ("open", "done"):
        page.wait_for_timeout(600)
        tick(page, item)
        expect(slot).to_have_attribute("data-state", state)
    settled(page)
    assert performed() == [(1, "done"), (1, "undone"), (1, "done")]
    assert [one["sequence"] for one in outbox(page)] == [1, 2, 3]


@pytest.mark.parametrize("is_sent", [False, True])
@pytest.mark.parametrize(("first", "then"), [(0, -1), (1, 0), (24 * 365, 0)])
def test_a_clock_that_is_set_back_does_not_bring_back_what_was_undone(
    dog: Patient, context: BrowserContext, page: Page, first: int, then: int, is_sent: bool
) -> None:
    """The tick is dated by a clock of `first` hours ahead, the undo of `then`; both go at once, or the tick before."""
    item, now = item_of(dog), make.now()
    # In the afternoon, so that an hour ago was the same day.
    Patient.objects.filter(pk=dog.pk).update(time_zone=zone_where_it_is(15))
    page.reload()
    if not is_sent:
        context.route(API, lambda route: route.abort())
    page.clock.set_fixed_time(now + dt.timedelta(hours=first))
    tick(page, item)
    wait_until(page, lambda: [one["state"] for one in outbox(page)] == ["sent" if is_sent else "pending"])
    page.clock.set_fixed_time(now + dt.timedelta(hours=then))
    page.goto("/today/")  # a page's own keys begin anew
    expect(page.locator(f"#item-{item.pk} .slot[data-state=done]")).to_have_count(1)
    tick(page, item)
    expect(page.locator(f"#item-{item.pk} .slot[data-state=open]")).to_have_count(2)
    tick(page, item, 2)
    wait_until(page, lambda: outbox(page)[-1]["payload"].get("slot") == 2)
    context.unroute(API)
    page.evaluate("() => dispatchEvent(new Event('online'))")
    settled(page)

    said = PerformedExercise.objects.order_by("done_at", "pk")
    assert [(one.slot, one.state) for one in said if one.slot == 1] == [(1, "done"), (1, "undone")]
    # Only what was said of the same time of the day moves the date.
    other = said.get(slot=2)
    assert abs(other.done_at - now - dt.timedelta(hours=then)) < dt.timedelta(minutes=2)
    page.goto(f"/dogs/{dog.pk}/help/")
    page.evaluate("() => Outbox.tx('outbox', 'readwrite', (all) => all.clear())")
    page.goto("/today/")
    expect(page.locator(f"#tick-{item.pk}-1").locator("../..")).to_have_attribute("data-state", "open")


def test_what_is_said_instead_later_has_a_later_date_whoever_says_it(dog: Patient, page: Page) -> None:
    moment = {"moment": "before", "session_day": dog.today(make.now()).isoformat()}
    early, late = "2026-03-18T08:00:00.000+01:00", "2026-03-18T09:00:00.000+01:00"
    add(page, {**raw(dog, "pain", {**moment, "score": 3}), "done_at": late})
    page.evaluate(
        "(command) => Outbox.add('another', { ...command, id: '0' + Outbox.uuid7().slice(1) })",
        {**raw(dog, "pain", {**moment, "score": 5}), "done_at": early},
    )
    add(page, {**raw(dog, "pain", {**moment, "moment": "after", "score": 5}), "done_at": early})
    first, again, other = outbox(page)
    assert [first["done_at"], again["done_at"], other["done_at"]] == [late, "2026-03-18T09:00:00.001+01:00", early]
    assert first["id"] < again["id"]


def test_a_button_keeps_what_it_says_once_and_again_when_it_is_said_again(dog: Patient, page: Page) -> None:
    page.goto(f"/dogs/{dog.pk}/messages/")
    said = page.evaluate(
        """async () => {
          const { form } = document.querySelector("#talk-text");
          const button = form.querySelector("button");
          const disabled = [];
          for (const _ of [1, 2]) {
            form.elements.text.value = "He stands";
            for (const _ of [1, 2]) button.click();
            disabled.push(button.disabled);
            for (let look = 0; look < 50 && (button.disabled || form.elements.text.value); look += 1) {
              await new Promise((resolve) => setTimeout(resolve, 5));
            }
          }
          return disabled;
        }"""
    )
    assert said == [True, True]
    assert [one["payload"]["text"] for one in outbox(page)] == ["He stands"] * 2
    expect(page.get_by_role("button", name="Send")).to_be_focused()


def test_skipping_what_is_left_says_each_time_of_the_day(dog: Patient, context: BrowserContext, page: Page) -> None:
    item = item_of(dog)
    context.route(API, lambda route: route.abort())
    tick(page, item)
    page.locator(f"#item-{item.pk} .more summary").click()
    page.locator(f"#item-{item.pk}").get_by_role("button", name="The dog seemed in pain").click()
    expect(page.locator(f"#item-{item.pk} .slot[data-state=skipped]")).to_have_count(1)
    say = page.locator(f"#item-{item.pk} [data-said]")
    expect(say.get_by_role("link")).to_have_attribute("href", f"/dogs/{dog.pk}/check/")
    context.unroute(API)
    page.evaluate("() => dispatchEvent(new Event('online'))")
    settled(page)
    assert sorted(performed()) == [(1, "done"), (2, "skipped")]


@pytest.mark.parametrize("reason", [words.Reason.NO_TIME, words.Reason.EQUIPMENT, words.Reason.DOG_REFUSED])
def test_what_a_skip_leads_to_is_said_without_a_network_as_with_one(
    dog: Patient, context: BrowserContext, page: Page, assert_accessible: Check, reason: words.Reason
) -> None:
    item, other = item_of(dog), item_of(dog, 1)
    context.route(API, lambda route: route.abort())
    page.locator(f"#item-{item.pk} .more summary").click()
    page.locator(f"#item-{item.pk}").get_by_role("button", name=str(reason.label)).click()
    say = page.locator(f"#item-{item.pk} .item-say:visible")
    expect(say).to_contain_text(str(words.AFTER_SKIP[reason][0]))
    links = {"Tell the clinic": f"/dogs/{dog.pk}/messages/#about-{item.pk}"}
    links["What it needs"] = f"/dogs/{dog.pk}/exercise/{item.pk}/"
    for link in say.get_by_role("link").all():
        assert link.get_attribute("href") == links[link.inner_text()]
    if reason == words.Reason.NO_TIME:
        # Not what was just skipped, and not what is done by then.
        expect(say).to_contain_text(f"these matter most: {other.exercise.name}.")
    assert_accessible(page)
    here = " ".join(say.inner_text().split())
    context.unroute(API)
    page.evaluate("() => dispatchEvent(new Event('online'))")
    settled(page)
    expect(page.locator(f"#item-{item.pk} .slot[data-state=skipped]").first).to_contain_text("Olga")
    assert " ".join(say.inner_text().split()) == here

    if reason == words.Reason.NO_TIME:
        context.route(API, lambda route: route.abort())
        page.locator(f"#item-{other.pk} .more summary").click()
        page.locator(f"#item-{other.pk}").get_by_role("button", name=str(reason.label)).click()
        last = page.locator(f"#item-{other.pk} .item-say:visible")
        expect(last).to_have_text(str(words.AFTER_SKIP[reason][0]))


def raw(dog: Patient, kind: str, payload: dict[str, Any]) -> dict[str, Any]:
    """A command as the page would make it; the page adds the id."""
    now = make.now()
    day = dog.today(now).isoformat()
    return {
        "kind": kind,
        "patient": str(dog.pk),
        "payload": payload,
        "day": day,
        "done_at": now.isoformat(),
        "time_zone": "Europe/Madrid",
        "plan_version": 1,
        "dog": "Bruno",
        "what": "Stand",
    }


def add(page: Page, *commands: dict[str, Any]) -> None:
    page.evaluate(
        "(all) => Outbox.add(document.getElementById('outbox').dataset.user,"
        " all.map((one) => ({ ...one, id: one.id ?? Outbox.uuid7() })))",
        list(commands),
    )


def test_one_that_cannot_be_read_does_not_hold_up_the_others(
    dog: Patient, page: Page, context: BrowserContext, assert_accessible: Check
) -> None:
    slot = {"prescription": str(item_of(dog).pk)}
    add(
        page,
        raw(dog, "tick", {**slot, "slot": 1}),
        raw(dog, "message", {"text": "x" * 300_000}),
        raw(dog, "tick", {**slot, "slot": 9}),
        raw(dog, "tick", {**slot, "slot": 2}),
    )
    page.evaluate("() => Outbox.drain()")
    settled(page)
    assert [one["state"] for one in outbox(page)] == ["sent", "failed", "failed", "sent"]
    assert [one["error"]["code"] for one in outbox(page) if "error" in one] == ["status_413", "slot_range"]
    assert sorted(performed()) == [(1, "done"), (2, "done")]

    line(page).get_by_role("link", name="Needs your attention: 2").click()
    failed = page.locator("[data-list=failed]")
    expect(failed.locator(".entry")).to_have_count(2)
    refused = failed.locator(".entry").filter(has_text="Bruno · Stand · Done")
    expect(refused.locator("[data-reason]")).to_contain_text("planned 2 times a day")
    assert_accessible(page)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    refused.get_by_role("button", name="Copy text").click()
    expect(refused.get_by_role("button", name="Copied")).to_be_visible()
    assert "Bruno · Stand · Done" in page.evaluate("() => navigator.clipboard.readText()")
    refused.get_by_role("button", name="Try again").click()
    expect(refused.locator("[data-reason]")).to_contain_text("planned 2 times a day")
    refused.get_by_role("button", name="Discard").click()
    page.get_by_role("dialog").get_by_role("button", name="Keep it").click()
    expect(failed.locator(".entry")).to_have_count(2)
    for left in (1, 0):
        failed.get_by_role("button", name="Discard").first.click()
        page.get_by_role("dialog").get_by_role("button", name="Discard").click()
        expect(failed.locator(".entry")).to_have_count(left)
    expect(page.get_by_text("All sent. The clinic has everything")).to_be_visible()
    page.locator("[data-list=sent] summary").click()
    expect(page.locator("[data-list=sent] .entry")).to_have_count(2)


def test_a_warning_goes_first_and_stops_the_exercises_here_at_once(
    dog: Patient, context: BrowserContext, page: Page, assert_accessible: Check
) -> None:
    item = item_of(dog)
    bodies: list[Any] = []

    def watch(route: Route) -> None:
        bodies.append(route.request.post_data_json)
        route.continue_()

    context.route(API, lambda route: route.abort())
    tick(page, item)
    tick(page, item, 2)
    add(page, {**raw(dog, "report", {"answers": {"urination": "none"}, "flags": ["RF01"]}), "stops": True})
    expect(page.locator("#today > .stopped")).to_be_visible()
    expect(page.locator(f"#item-{item.pk}")).to_be_hidden()
    assert_accessible(page)
    page.reload()
    expect(page.locator("#today > .stopped")).to_be_visible()
    expect(page.locator(f"#item-{item.pk}")).to_be_hidden()
    context.unroute(API)
    context.route(COMMANDS, watch)
    page.evaluate("() => Outbox.drain()")
    settled(page)
    assert [one["kind"] for one in bodies[0]] == ["report", "tick", "tick"]
    assert "stops" not in bodies[0][0]


def report(dog: Patient, **answers: Any) -> dict[str, Any]:
    return {**raw(dog, "report", {"answers": {"urination": "none", **answers}, "flags": ["RF01"]}), "stops": True}


def test_a_stop_that_the_server_did_not_take_stays_until_somebody_has_called(
    dog: Patient, page: Page, assert_accessible: Check
) -> None:
    card = page.locator("#today > .stopped")
    add(page, report(dog, unaided_steps=99))
    page.evaluate("() => Outbox.drain()")
    settled(page)
    expect(card.get_by_role("status")).to_contain_text("did not take your report: call")
    line(page).get_by_role("link", name="Needs your attention: 1").click()
    page.locator("[data-list=failed]").get_by_role("button", name="Discard").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("The exercises stay stopped on this phone.")
    dialog.get_by_role("button", name="Discard").click()
    expect(page.get_by_text("All sent. The clinic has everything")).to_be_visible()
    assert outbox(page) == []

    page.goto("/today/")
    item = page.locator(f"#item-{item_of(dog).pk}")
    expect(card).to_be_visible()
    expect(item).to_be_hidden()
    card.get_by_text("I have spoken to the clinic").click()
    assert_accessible(page)
    card.get_by_role("button", name="A vet said that they may go on").click()
    expect(item).to_be_visible()
    page.reload()
    expect(item).to_be_visible()
    expect(card).to_have_count(0)


def test_a_stop_that_the_server_has_says_so_and_ends_with_a_page_printed_after_its_release(
    dog: Patient, context: BrowserContext, page: Page
) -> None:
    context.route(API, lambda route: route.abort())
    page.goto(f"/dogs/{dog.pk}/exercise/{item_of(dog).pk}/")
    add(page, report(dog))
    said = page.locator(".exercise > .stopped").get_by_role("status")
    expect(said).to_have_text("Your report is saved on this phone. The clinic does not have it yet.")
    context.unroute(API)
    page.evaluate("() => Outbox.drain()")
    settled(page)
    expect(said).to_have_text(re.compile(r"^The clinic’s system has had your report since \d{1,2}:\d\d\. Nobody may"))
    # The record is pruned after a week; this page is as old as before.
    page.evaluate("() => Outbox.tx('outbox', 'readwrite', (all) => all.clear())")
    page.evaluate("() => dispatchEvent(new CustomEvent('outbox', { detail: { type: 'changed' } }))")
    page.wait_for_timeout(300)
    expect(said).to_be_visible()

    vet = User.objects.get(email="vera@example.test")
    Release.objects.create(
        report=WarningReport.objects.get(),
        clinic=dog.clinic,
        patient=dog,
        released_by=vet,
        released_at=make.now(),
        reason="Examined",
    )
    page.goto("/today/")
    expect(page.locator(f"#item-{item_of(dog).pk}")).to_be_visible()
    stops = "() => Outbox.stops(document.getElementById('outbox').dataset.user)"
    wait_until(page, lambda: page.evaluate(stops) == [])


def test_a_list_left_open_over_midnight_says_whose_it_is_and_gives_way(
    dog: Patient, context: BrowserContext, page: Page, assert_accessible: Check
) -> None:
    today = dog.today(make.now())
    old = page.locator("#old-day")
    context.set_offline(True)
    page.clock.set_fixed_time(make.now() + dt.timedelta(days=1))
    page.evaluate("() => dispatchEvent(new Event('focus'))")
    expect(old).to_contain_text(f"This is the list of {today:%A}.")
    expect(old.get_by_role("link", name="Open today")).to_have_attribute("href", f"/dogs/{dog.pk}/today/")
    assert_accessible(page)
    tick(page, item_of(dog))
    wait_until(page, lambda: [one["day"] for one in outbox(page)] == [today.isoformat()])

    # With a connection it is loaded anew; and where only this phone's clock is wrong, the server's day is the day.
    with page.expect_navigation():
        context.set_offline(False)
    expect(page.locator(f"#item-{item_of(dog).pk}")).to_be_visible()
    expect(old).to_have_count(0, timeout=15_000)


def test_other_pages_of_today_left_open_over_midnight_say_so_and_stay(
    dog: Patient, context: BrowserContext, page: Page, assert_accessible: Check
) -> None:
    today = dog.today(make.now())
    old = page.locator("#old-day")
    for path in (f"exercise/{item_of(dog).pk}/", f"day/{today}/response/"):
        page.clock.set_fixed_time(make.now())
        page.goto(f"/dogs/{dog.pk}/{path}")
        page.evaluate("() => dispatchEvent(new Event('focus'))")
        expect(page.locator("h1")).to_be_visible()
        expect(old).to_have_count(0)
        page.clock.set_fixed_time(make.now() + dt.timedelta(days=1))
        page.evaluate("() => dispatchEvent(new Event('focus'))")
        expect(old).to_contain_text(f"This page is of {today:%A}. What you tap here counts for that day.")
        expect(old.get_by_role("link", name="Open today")).to_have_attribute("href", f"/dogs/{dog.pk}/today/")
        assert_accessible(page)
    # A day that has passed is not today's, and says so itself.
    page.goto(f"/dogs/{dog.pk}/day/{today - dt.timedelta(days=1)}/response/")
    page.evaluate("() => dispatchEvent(new Event('focus'))")
    page.wait_for_timeout(200)
    expect(old).to_have_count(0)


def test_an_open_day_of_a_dog_that_is_not_shared_any_more_ends(dog: Patient, page: Page) -> None:
    Caregiver.objects.filter(patient=dog).update(ended_at=make.now())
    page.evaluate("() => dispatchEvent(new Event('focus'))")
    expect(page.locator("#today")).to_have_count(0)


def test_clips_that_wait_or_were_refused_are_told_with_the_rest(
    dog: Patient, context: BrowserContext, page: Page, assert_accessible: Check
) -> None:
    context.route(API, lambda route: route.abort())
    page.evaluate(
        """(patient) => Promise.all([["pending"], ["failed", { reason: "This file cannot be shown." }]].map(([state, error]) =>
             Outbox.tx("clips", "readwrite", (store) => store.put({ id: Outbox.uuid7(), kind: "clip", day: "2026-03-18",
               user: document.getElementById("outbox").dataset.user, patient, blob: new Blob(["x"]), state, error }))))""",
        str(dog.pk),
    )
    page.reload()
    expect(line(page)).to_have_text("Needs your attention: 1 · 1 waiting")
    line(page).get_by_role("link").click()
    refused = page.locator("[data-list=failed] .entry")
    expect(refused).to_contain_text("Clip")
    expect(refused).to_contain_text("This file cannot be shown.")
    expect(page.locator("[data-list=pending] .entry")).to_have_count(1)
    assert_accessible(page)
    refused.get_by_role("button", name="Discard").click()
    page.get_by_role("dialog").get_by_role("button", name="Discard").click()
    expect(refused).to_have_count(0)
    expect(page.get_by_text("All sent. The clinic has everything")).to_be_hidden()


def test_what_another_tab_has_discarded_is_not_raised_again(dog: Patient, page: Page) -> None:
    add(page, raw(dog, "tick", {"prescription": str(item_of(dog).pk), "slot": 9}))
    page.evaluate("() => Outbox.drain()")
    settled(page)
    line(page).get_by_role("link", name="Needs your attention: 1").click()
    again = page.locator("[data-list=failed]").get_by_role("button", name="Try again")
    expect(again).to_be_visible()
    # In one breath: the page draws its list anew whenever it hears of a change, and the button would go with it.
    page.evaluate(
        "async (button) => { await Outbox.tx('outbox', 'readwrite', (all) => all.clear()); button.click(); }",
        again.element_handle(),
    )
    page.wait_for_timeout(300)
    assert outbox(page) == []


def test_a_read_mark_that_did_not_come_through_is_said_again(
    dog: Patient, context: BrowserContext, page: Page, expected: list[str]
) -> None:
    expected += [r"net::ERR_", r"htmx:"]
    make.make_message(dog, User.objects.get(email="vera@example.test"), at=make.now())
    said: list[str] = []

    def lose_the_first(route: Route) -> None:
        said.append(route.request.url)
        route.abort() if len(said) == 1 else route.continue_()

    context.route("**/messages/read/", lose_the_first)
    page.goto(f"/dogs/{dog.pk}/messages/")
    wait_until(page, lambda: len(said) == 1)
    page.wait_for_timeout(200)
    page.evaluate("() => document.dispatchEvent(new Event('visibilitychange'))")
    wait_until(page, lambda: len(said) == 2)


def test_only_the_account_that_is_signed_in_sends_and_sees(
    dog: Patient, context: BrowserContext, page: Page, base_url: str
) -> None:
    item = item_of(dog)
    context.route(API, lambda route: route.abort())
    tick(page, item)
    expect(line(page)).to_have_text("Saved on this phone · 1 waiting")
    sign_in(context, "carl@example.test", base_url)
    context.unroute(API)
    page.evaluate("() => Outbox.drain()")
    page.goto("/today/")
    expect(page.locator(f"#item-{item.pk} .slot[data-state=open]")).to_have_count(2)
    tick(page, item, 2)
    wait_until(page, lambda: performed() == [(2, "done")])
    page.goto("/phone/outbox/")
    expect(page.get_by_text("Entries of another account")).to_be_visible()
    expect(page.locator(".entry:visible")).to_have_count(0)
    sign_in(context, "olga@example.test", base_url)
    page.goto("/today/")
    settled(page)
    assert dict(Command.objects.values_list("issued_by__email", "sequence")) == {
        "olga@example.test": 1,
        "carl@example.test": 1,
    }


def test_a_session_that_has_ended_asks_to_sign_in_and_loses_nothing(
    dog: Patient, context: BrowserContext, page: Page, base_url: str
) -> None:
    context.clear_cookies()
    tick(page, item_of(dog))
    expect(line(page).get_by_role("link", name="Sign in to send them · 1 waiting")).to_be_visible()
    assert outbox(page)[0]["state"] == "pending"
    sign_in(context, "olga@example.test", base_url)
    page.evaluate("() => dispatchEvent(new Event('focus'))")
    settled(page)
    assert performed() == [(1, "done")]


def test_signing_out_warns_while_something_is_not_sent(
    dog: Patient, context: BrowserContext, page: Page, assert_accessible: Check
) -> None:
    context.route(API, lambda route: route.abort())
    tick(page, item_of(dog))
    expect(line(page)).to_have_text("Saved on this phone · 1 waiting")
    page.get_by_text("Account").locator("..").click()
    page.get_by_role("button", name="Sign out").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("1 entry is not sent.")
    assert_accessible(page)
    dialog.get_by_role("button", name="Stay signed in").click()
    expect(dialog).to_be_hidden()
    assert page.url.endswith("/today/")
    page.get_by_text("Account").locator("..").click()
    page.get_by_role("button", name="Sign out").click()
    dialog.get_by_role("button", name="Sign out").click()
    page.wait_for_url(lambda url: "/today/" not in url)
    page.goto("/today/")
    expect(page).to_have_url(re.compile("/accounts/login/"))


def test_signing_out_without_a_network_and_without_a_worker_says_that_nobody_is_signed_out(
    dog: Patient, context: BrowserContext, page: Page, assert_accessible: Check
) -> None:
    page.evaluate("async () => (await caches.open('pages-0123456789abcdef')).put('/x/', new Response('x'))")
    loaded = "() => performance.getEntriesByType('resource').some(({ name }) => name.includes('js/worker'))"
    wait_until(page, lambda: page.evaluate(loaded))
    context.set_offline(True)
    page.locator("details[data-menu] > summary").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.locator("#messages")).to_contain_text("You are still signed in: there is no connection.")
    assert page.url.endswith("/today/")
    assert page.evaluate("() => caches.keys()") == []
    assert_accessible(page)
    context.set_offline(False)
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url(lambda url: "/today/" not in url)
    page.goto("/today/")
    expect(page).to_have_url(re.compile("/accounts/login/"))


DENIED = """() => { IDBFactory.prototype.open = () => { throw new DOMException("denied", "SecurityError"); }; }"""


def test_a_phone_that_keeps_nothing_sends_at_once_or_says_that_it_could_not(
    dog: Patient, context: BrowserContext, page: Page
) -> None:
    item = item_of(dog)
    context.add_init_script(f"({DENIED})()")
    page.reload()
    tick(page, item)
    wait_until(page, lambda: performed() == [(1, "done")])
    expect(page.locator(f"#item-{item.pk} .slot[data-state=done]")).to_contain_text("Olga")
    context.route(API, lambda route: route.abort())
    tick(page, item, 2)
    expect(page.locator("#messages")).to_contain_text("could not be saved on this phone")
    expect(page.locator(f"#item-{item.pk} .slot[data-state=open]")).to_have_count(1)
    context.unroute(API)
    page.wait_for_timeout(500)
    tick(page, item, 2)
    wait_until(page, lambda: performed() == [(1, "done"), (2, "done")])


def test_a_lost_connection_to_the_storage_is_opened_again(dog: Patient, page: Page) -> None:
    page.evaluate("async () => (await Outbox.open()).close()")
    tick(page, item_of(dog))
    wait_until(page, lambda: performed() == [(1, "done")])
    # A newer version in another tab upgrades: this one lets go, and asks to be loaded anew.
    page.evaluate(
        "() => new Promise((resolve) => {"
        " const request = indexedDB.open('steadyback', 2);"
        " request.onsuccess = () => { request.result.close(); resolve(); }; })"
    )
    tick(page, item_of(dog), 2)
    expect(page.locator("#messages")).to_contain_text("There is something new.")
    wait_until(page, lambda: performed() == [(1, "done"), (2, "done")])
    expect(page.locator("#messages").get_by_role("button", name="Show it")).to_be_visible()


def test_two_tabs_send_each_record_once_and_number_them_without_a_gap(
    dog: Patient, context: BrowserContext, page: Page
) -> None:
    slot = {"prescription": str(item_of(dog).pk), "slot": 1}
    other = context.new_page()
    other.goto("/today/")
    bodies: list[Any] = []

    def watch(route: Route) -> None:
        bodies.append(route.request.post_data_json)
        route.continue_()

    context.route(COMMANDS, watch)
    kinds = ["tick", "undo"] * 15
    add(page, *[raw(dog, kind, slot) for kind in kinds])
    again = outbox(page)[0]
    add(other, {**raw(dog, "tick", slot), "id": again["id"]}, raw(dog, "tick", slot))
    for tab in (page, other):
        tab.evaluate("() => { Outbox.drain(); }")
    settled(page)
    assert [one["sequence"] for body in bodies for one in body] == list(range(1, 32))
    assert [len(body) for body in bodies] == [25, 6]
    assert Command.objects.count() == 31
    assert list(Command.objects.order_by("sequence").values_list("kind", flat=True)) == [*kinds, "tick"]


def test_the_page_follows_another_phone_without_taking_away_what_is_open(
    dog: Patient, new_phone: NewContext, page: Page, base_url: str
) -> None:
    item = item_of(dog)
    fold = page.locator(f"#item-{item.pk} .more")
    fold.locator("summary").click()
    page.locator(f"#tick-{item.pk}-2").focus()
    carls = new_phone(service_workers="block")
    sign_in(carls, "carl@example.test", base_url)
    carl = carls.new_page()
    carl.goto("/today/")
    tick(carl, item)
    expect(page.locator(f"#item-{item.pk} .slot[data-state=done]")).to_contain_text("Carl", timeout=20_000)
    expect(fold).to_have_attribute("open", "")
    expect(page.locator(f"#tick-{item.pk}-2")).to_be_focused()


def test_the_alarm_is_the_servers() -> None:
    shown = (ROOT / "templates/sessions/_outbox.html").read_text()
    assert re.findall(r'data-alarm-from="(\d+)"', shown) == [str(words.PAIN_TO_LOOK_AT)]
