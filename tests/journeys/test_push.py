"""Messages on a phone: switched on and off by a tap, shown whatever they hold, and gone with whoever signs out."""

import datetime as dt
import json
import re
from collections.abc import Callable
from typing import Any, Final

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import BrowserContext, Locator, Page, expect

from accounts.models import User
from rehab.lib.user_key import user_key
from rehab.nudges import links
from rehab.nudges.models import Nudge, NudgePreference, PushSubscription
from rehab.patients.models import Patient
from tests import make
from tests.journeys.chaos import Chaos
from tests.journeys.conftest import NewContext, eventually
from tests.journeys.phone_messages import PUSH_SERVICE, deliver, endpoint, notices, prepare, shown, tap
from tests.journeys.stack import Stack

pytestmark = [pytest.mark.browser, pytest.mark.phone, pytest.mark.django_db(transaction=True)]

Check = Callable[[Page], None]
OLGA: Final = "olga@example.test"
DOOR: Final = "/nudges/push/"
COUNT_QUESTIONS: Final = """() => {
  const ask = Notification.requestPermission.bind(Notification);
  window.questions = 0;
  Notification.requestPermission = () => { window.questions += 1; return ask(); };
}"""


@pytest.fixture
def dog(stack: Stack) -> Patient:
    """A dog with something left today, and two people who care for it; nobody of them is to be reminded just now."""
    clinic = make.make_clinic()
    vet = make.join(make.make_user("vera@example.test", "Dr. Vera Lind"), clinic, "vet")
    patient = make.make_patient(clinic, vet, owner=make.make_user(OLGA, "Olga Ruiz"))
    make.care_for(patient, make.make_user("carl@example.test", "Carl Ruiz"), "caregiver")
    today = patient.today(make.now())
    make.make_definition(patient, vet, re_exam_due_on=today + dt.timedelta(days=9))
    make.make_program(patient, vet, starts_on=today - dt.timedelta(days=3))
    NudgePreference.objects.update(snoozed_until=make.now() + dt.timedelta(hours=1))
    return patient


@pytest.fixture
def phone(dog: Patient, chaos: Chaos, new_phone: NewContext) -> BrowserContext:
    """Olga's phone, which may show messages and reaches its push service."""
    context = new_phone(base_url=chaos.base_url)
    context.grant_permissions(["notifications"], origin=chaos.base_url)
    context.add_init_script(f"({PUSH_SERVICE})(); ({COUNT_QUESTIONS})()")
    sign_in(context, chaos)
    return context


@pytest.fixture
def today(phone: BrowserContext, dog: Patient) -> Page:
    """Today, looked after by a worker that reaches the push service too."""
    page = phone.new_page()
    page.goto(f"/dogs/{dog.pk}/today/")
    eventually(page, lambda: page.evaluate("() => Boolean(navigator.serviceWorker.controller)"), expected=True)
    prepare(phone)
    return page


def sign_in(context: BrowserContext, chaos: Chaos, email: str = OLGA) -> None:
    client = Client()
    client.force_login(User.objects.get(email=email))
    cookie = client.cookies[settings.SESSION_COOKIE_NAME]
    context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": chaos.base_url}])


def switch(page: Page) -> Locator:
    return page.get_by_role("switch", name="Messages on this phone")


def said(page: Page) -> Locator:
    return page.locator("push-switch [role=status]")


def endpoints(email: str = OLGA) -> list[str]:
    """Where the server would write to."""
    return list(PushSubscription.objects.filter(user__email=email).values_list("endpoint", flat=True))


def switch_on(page: Page) -> str:
    page.goto("/nudges/")
    switch(page).click()
    expect(switch(page)).to_have_attribute("aria-checked", "true")
    return endpoint(page)


def age(page: Page, hours: float) -> None:
    """The server was told that long ago."""
    page.evaluate(
        """async (ms) => {
            const row = await Outbox.meta.get("push");
            await Outbox.meta.set("push", { ...row, at: row.at - ms });
        }""",
        hours * 3_600_000,
    )


# --- The switch ----------------------------------------------------------------------------------------------------


def test_switch_asks_only_at_a_tap_and_the_server_knows_what_it_says(
    phone: BrowserContext, today: Page, chaos: Chaos, assert_accessible: Check
) -> None:
    page = today
    page.goto("/nudges/")
    expect(switch(page)).to_have_attribute("aria-checked", "false")
    assert page.evaluate("() => window.questions") == 0
    assert chaos.seen(DOOR) == []
    assert_accessible(page)

    # Without a finger, too.
    switch(page).focus()
    page.keyboard.press("Space")
    expect(said(page)).to_contain_text("Reminders come to this phone")
    expect(switch(page)).to_have_attribute("aria-checked", "true")
    expect(switch(page)).to_be_focused()
    assert page.evaluate("() => window.questions") == 1
    assert endpoints() == [endpoint(page)]
    assert_accessible(page)

    page.reload()
    expect(switch(page)).to_have_attribute("aria-checked", "true")
    assert page.evaluate("() => window.questions") == 0

    # Nobody's no depends on a connection: the address ends at the browser's own service as well.
    chaos.say("cut", lambda exchange: exchange.path in (DOOR, "/api/v1/session/"))
    switch(page).click()
    expect(switch(page)).to_have_attribute("aria-checked", "false")
    assert endpoint(page) == ""
    chaos.say("pass")
    first = endpoints()
    assert switch_on(page) not in ["", *first]
    switch(page).click()
    expect(said(page)).to_contain_text("Off.")
    eventually(page, endpoints, first)


HOME_SCREEN: Final = """
  delete window.PushManager;
  Object.defineProperty(Navigator.prototype, "standalone", { get: () => false });
"""
DENIED: Final = 'Object.defineProperty(Notification, "permission", { get: () => "denied" });'
INSTALLED: Final = 'Object.defineProperty(Navigator.prototype, "standalone", { get: () => true });'
STATES: Final = {
    "install": (HOME_SCREEN, "Put Steadyback on your home screen first."),
    "unsupported": ("delete window.PushManager;", "This browser cannot show messages."),
    "blocked": (DENIED, "Your browser does not let us"),
    "blocked-app": (DENIED + INSTALLED, "Your phone does not let us"),
}
TAPPED: Final = {
    "dismissed": ('Notification.requestPermission = async () => "default";', "was not answered"),
    # What this very browser does, which has no push service.
    "service": ("", "does not answer. Try again in a while."),
}


def test_each_thing_that_stands_in_the_way_is_said(
    dog: Patient, chaos: Chaos, new_phone: NewContext, assert_accessible: Check, expected: list[str]
) -> None:
    expected.append("does not support the Push API in incognito mode")

    def opened(script: str) -> Page:
        context = new_phone(base_url=chaos.base_url)
        context.grant_permissions(["notifications"], origin=chaos.base_url)
        context.add_init_script(script)
        sign_in(context, chaos)
        page = context.new_page()
        page.goto("/nudges/")
        expect(said(page)).to_be_visible()
        return page

    for state, (script, sentence) in STATES.items():
        page = opened(script)
        expect(said(page)).to_contain_text(sentence)
        expect(switch(page)).to_be_hidden()
        expect(page.locator("push-switch")).to_have_attribute("data-state", state)
        assert_accessible(page)
        page.context.close()
    for state, (script, sentence) in TAPPED.items():
        page = opened(script)
        switch(page).click()
        expect(said(page)).to_contain_text(sentence)
        expect(switch(page)).to_have_attribute("aria-checked", "false")
        expect(page.locator("push-switch")).to_have_attribute("data-state", state)
        assert_accessible(page)
        page.context.close()
    assert endpoints() == []


def test_switch_that_could_not_be_turned_says_why_and_can_be_tried_again(
    phone: BrowserContext, today: Page, chaos: Chaos, assert_accessible: Check
) -> None:
    page = today
    page.goto("/nudges/")
    for mode in ("cut", "portal"):
        chaos.say(mode, lambda exchange: exchange.path in (DOOR, "/api/v1/session/"))
        switch(page).click()
        expect(said(page)).to_contain_text("There was no connection to Steadyback.")
        expect(switch(page)).to_have_attribute("aria-checked", "false")
        assert_accessible(page)
        page.evaluate("() => document.dispatchEvent(new Event('visibilitychange'))")
        expect(said(page)).to_contain_text("Off.")
    chaos.say("pass")

    # A push service that never answers is waited for so long and no longer.
    page.evaluate(
        "() => { window.usual = PushManager.prototype.subscribe; PushManager.prototype.subscribe = () => new Promise(() => {}); }"
    )
    page.clock.install()
    switch(page).click()
    expect(said(page)).to_contain_text("One moment")
    expect(switch(page)).to_have_attribute("aria-busy", "true")
    page.clock.fast_forward(16_000)
    expect(said(page)).to_contain_text("does not answer. Try again in a while.")
    page.evaluate("() => { PushManager.prototype.subscribe = window.usual; }")
    page.clock.resume()

    # What the server does not want, it says itself.
    made = [
        PushSubscription(
            user=User.objects.get(email=OLGA),
            endpoint=f"https://fcm.googleapis.com/fcm/send/{number}",
            endpoint_hash=f"{number:064}",
            created_at=make.now(),
        )
        for number in range(10)
    ]
    PushSubscription.objects.bulk_create(made)
    switch(page).click()
    expect(said(page)).to_contain_text("Ten of your phones and browsers get messages already.")
    PushSubscription.objects.all().delete()

    # Somebody else has signed in meanwhile, in another tab: it would be their phone.
    sign_in(page.context, chaos, "carl@example.test")
    switch(page).click()
    expect(said(page)).to_contain_text("You are not signed in here any more.")
    assert_accessible(page)
    assert (endpoints(), endpoints("carl@example.test")) == ([], [])


# --- What comes ----------------------------------------------------------------------------------------------------


@pytest.fixture
def nudge(dog: Patient) -> Nudge:
    """A message that has been sent."""
    at = make.now()
    return Nudge.objects.create(
        clinic=dog.clinic,
        patient=dog,
        user=User.objects.get(email=OLGA),
        local_day=dog.today(at),
        time_zone=dog.time_zone,
        state=Nudge.State.SENT,
        channel=Nudge.Channel.PUSH,
        planned_at=at,
        next_attempt_at=at,
        expires_at=at + dt.timedelta(hours=3),
        finished_at=at,
        attempts=1,
    )


def message(base_url: str, nudge: Nudge, **other: Any) -> str:
    return json.dumps(
        {
            "web_push": 8030,
            "notification": {
                "title": "Two things are left",
                "body": "About eight minutes.",
                "navigate": f"{base_url}/dogs/{nudge.patient_id}/progress/",
                "tag": "today",
                "lang": "es",
                "data": {
                    "seen": f"{base_url}/nudges/seen/{links.seen_token(nudge.pk)}/",
                    "snooze": f"{base_url}/nudges/snooze/{links.snooze_token(nudge.pk)}/",
                },
                "actions": [{"action": "snooze", "title": "Not today"}],
                **other,
            },
        }
    )


def close_all(page: Page) -> None:
    page.evaluate(
        "async () => (await (await navigator.serviceWorker.ready).getNotifications()).forEach((one) => one.close())"
    )


def test_message_is_shown_and_told_and_its_tap_opens_its_page_without_a_network_too(
    today: Page, nudge: Nudge, chaos: Chaos
) -> None:
    page = today
    eventually(page, lambda: any("/progress/" in url for url in stored(page)), expected=True)
    [notice] = deliver(page, chaos.base_url, message(chaos.base_url, nudge))
    assert {name: notice[name] for name in ("title", "body", "tag", "lang", "actions")} == {
        "title": "Two things are left",
        "body": "About eight minutes.",
        "tag": "today",
        "lang": "es",
        "actions": ["snooze"],
    }
    eventually(page, lambda: told(nudge), (True, False))
    # What the phone tells, it tells as nobody: the address says of which message.
    [exchange] = chaos.seen(f"/nudges/seen/{links.seen_token(nudge.pk)}/")
    assert "cookie" not in {name.lower() for name in exchange.headers}

    chaos.down()
    tap(page.context)
    page.wait_for_url(f"**/dogs/{nudge.patient_id}/progress/")
    expect(page.get_by_role("heading", level=1)).to_contain_text("is doing")
    assert told(nudge) == (True, False)
    chaos.up()
    page.goto(f"/dogs/{nudge.patient_id}/today/")
    deliver(page, chaos.base_url, message(chaos.base_url, nudge))
    tap(page.context)
    eventually(page, lambda: told(nudge), (True, True))
    page.wait_for_url(f"**/dogs/{nudge.patient_id}/progress/")


def told(nudge: Nudge) -> tuple[bool, bool]:
    nudge.refresh_from_db()
    return nudge.delivered_at is not None, nudge.opened_at is not None


def stored(page: Page) -> list[str]:
    found: list[str] = page.evaluate(
        """async () => (await Promise.all((await caches.keys()).filter((name) => name.startsWith("pages-"))
             .map(async (name) => (await (await caches.open(name)).keys()).map(({ url }) => url)))).flat()"""
    )
    return found


STRANGE: Final = (
    "no JSON {",
    "",
    "null",
    "[1, 2]",
    '{"notification": 7}',
    json.dumps({"title": 5, "body": ["x"], "tag": {}, "lang": 3, "data": "x", "actions": {"action": "snooze"}}),
)


def test_message_is_shown_whatever_it_holds_and_leads_only_to_pages_of_ours(
    today: Page, nudge: Nudge, chaos: Chaos, dog: Patient
) -> None:
    """Scenario 25, the phone's half: a notice for each message, and no way out of the app."""
    page = today
    for payload in STRANGE:
        [notice] = deliver(page, chaos.base_url, payload)
        assert (notice["title"], notice["body"]) == ("Steadyback", "There is something new.")
        assert (notice["actions"], notice["data"]) == ([], {})
        close_all(page)

    evil = "https://evil.example/"
    for wanted, landed in (
        (evil, "/today/"),
        ("javascript:alert(1)", "/today/"),
        ("/accounts/settings/", "/settings/"),
    ):
        deliver(
            page, chaos.base_url, message(chaos.base_url, nudge, navigate=wanted, data={"seen": evil, "snooze": evil})
        )
        eventually(page, lambda: len(notices(page)), 1)
        # A button that would lead elsewhere is not there, and nobody else is told.
        assert notices(page)[0]["actions"] == []
        assert set(notices(page)[0]["data"]) <= {"navigate"}
        tap(page.context)
        page.wait_for_url(re.compile(rf"^{re.escape(chaos.base_url)}/.*{landed}"))
        page.goto(f"/dogs/{dog.pk}/help/")


def test_break_is_taken_from_the_message_itself_and_its_failure_is_said(
    today: Page, nudge: Nudge, chaos: Chaos
) -> None:
    page = today
    NudgePreference.objects.update(snoozed_until=None)
    deliver(page, chaos.base_url, message(chaos.base_url, nudge, lang="en"))
    before = page.url

    chaos.say("portal", lambda exchange: "/nudges/snooze/" in exchange.path)
    with shown(page.context):
        tap(page.context, "snooze")
    [notice] = notices(page)
    assert notice["body"] == "No connection: nothing has changed. Tap here to try again."
    assert notice["actions"] == ["snooze"]
    chaos.say("pass")
    with shown(page.context):
        tap(page.context, "snooze")
    [notice] = notices(page)
    assert (notice["body"], notice["actions"]) == ("No reminders until tomorrow.", [])
    preference = NudgePreference.objects.get(user=nudge.user)
    assert preference.snoozed_until is not None
    assert page.url == before
    # Where it was taken, it can be ended.
    tap(page.context)
    page.wait_for_url("**/nudges/snooze/**")


# --- Whose messages these are --------------------------------------------------------------------------------------


def test_server_is_told_again_once_a_day_and_when_its_key_or_the_subscription_is_another(
    today: Page, dog: Patient, chaos: Chaos
) -> None:
    page = today
    switch_on(page)
    page.goto(f"/dogs/{dog.pk}/today/")
    page.wait_for_timeout(500)
    assert len(chaos.seen(DOOR)) == 1

    # A server that has forgotten it, a day later.
    PushSubscription.objects.all().delete()
    age(page, 25)
    page.reload()
    eventually(page, endpoints, [endpoint(page)])

    # Made for another key: this browser would refuse whatever we send.
    first = endpoint(page)
    page.evaluate("async () => Outbox.meta.set('push', { ...(await Outbox.meta.get('push')), key: 'another' })")
    page.reload()
    eventually(page, lambda: len(endpoints()), 2)
    second = endpoint(page)
    assert set(endpoints()) == {first, second}

    # The browser itself has ended it; no page is asked.
    page.evaluate("async () => (await caches.open('test-push-service')).delete('/subscription')")
    page.context.service_workers[0].evaluate("() => dispatchEvent(new ExtendableEvent('pushsubscriptionchange'))")
    eventually(page, lambda: len(endpoints()), 3)
    assert endpoint(page) in set(endpoints()) - {first, second}


@pytest.mark.parametrize("start", ["/nudges/", "today"])
def test_who_signs_out_takes_the_messages_along(
    today: Page, dog: Patient, nudge: Nudge, chaos: Chaos, start: str
) -> None:
    page = today
    switch_on(page)
    assert len(endpoints()) == 1
    assert len(deliver(page, chaos.base_url, message(chaos.base_url, nudge))) == 1
    # One page has the phone's script, the other is a form and nothing else.
    page.goto(f"/dogs/{dog.pk}/today/" if start == "today" else start)
    page.locator("details[data-menu] summary").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/accounts/login/**")

    eventually(page, lambda: (endpoint(page), endpoints(), notices(page)), ("", [], []))


def test_another_account_on_this_phone_does_not_get_the_messages_of_the_first(
    today: Page, dog: Patient, nudge: Nudge, chaos: Chaos
) -> None:
    page = today
    olgas = switch_on(page)
    assert len(deliver(page, chaos.base_url, message(chaos.base_url, nudge))) == 1

    # Her session has ended by itself: she is still reminded.
    page.context.clear_cookies()
    page.goto("/accounts/login/")
    page.wait_for_timeout(500)
    assert endpoint(page) == olgas
    # But not once somebody else is here: the address is none any more, whatever the server holds.
    sign_in(page.context, chaos, "carl@example.test")
    page.goto("/nudges/")
    eventually(page, lambda: (endpoint(page), notices(page)), ("", []))
    expect(switch(page)).to_have_attribute("aria-checked", "false")

    carls = switch_on(page)
    assert carls not in ("", olgas)
    assert endpoints("carl@example.test") == [carls]
    row = page.evaluate("() => Outbox.meta.get('push')")
    assert row["user"] == user_key(User.objects.get(email="carl@example.test"))
