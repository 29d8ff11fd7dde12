"""What the worker does with a message from the server."""

import json
import re
from typing import Any

import pytest

from tests.journeys.offline.phone import Phone

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def deliver(phone: Phone, payload: str) -> None:
    """A push as the browser's own service delivers it."""
    session = phone.context.new_cdp_session(phone.page)
    registrations: list[dict[str, Any]] = []
    session.on("ServiceWorker.workerRegistrationUpdated", lambda event: registrations.extend(event["registrations"]))
    session.send("ServiceWorker.enable")
    phone.until(lambda: bool(registrations), lambda: "no worker is registered")
    session.send(
        "ServiceWorker.deliverPushMessage",
        {
            "origin": phone.chaos.base_url,
            "registrationId": registrations[0]["registrationId"],
            "data": payload,
        },
    )
    session.detach()


def notices(phone: Phone) -> list[dict[str, str]]:
    found: list[dict[str, str]] = phone.page.evaluate(
        """async () => (await (await navigator.serviceWorker.ready).getNotifications())
          .map(({ title, body, tag }) => ({ title, body, tag }))"""
    )
    return found


def tap_notice(phone: Phone) -> None:
    phone.context.service_workers[0].evaluate(
        """async () => {
          const [notification] = await registration.getNotifications();
          dispatchEvent(new NotificationEvent("notificationclick", { notification }));
        }"""
    )


@pytest.mark.slow_browser
def test_message_is_shown_whatever_it_holds_and_opens_only_pages_of_ours(phone: Phone) -> None:
    """Scenario 25, the phone's half: a notice for each message, and no way out of the app."""
    phone.context.grant_permissions(["notifications"], origin=phone.chaos.base_url)

    said = {"title": "Steadyback", "body": "Two exercises are left.", "tag": "today", "navigate": "/today/"}
    deliver(phone, json.dumps({"web_push": 8030, "notification": said}))
    phone.until(lambda: len(notices(phone)) == 1, lambda: f"{notices(phone)}")
    assert notices(phone) == [{"title": "Steadyback", "body": "Two exercises are left.", "tag": "today"}]

    # Unreadable: something is shown all the same. The same tag again takes the place of the first.
    deliver(phone, "no JSON {")
    deliver(phone, json.dumps({"web_push": 8030, "notification": {**said, "body": "One is left."}}))
    phone.until(lambda: len(notices(phone)) == 2, lambda: f"{notices(phone)}")
    assert {one["body"] for one in notices(phone)} == {"There is something new.", "One is left."}

    phone.page.evaluate(
        "async () => (await (await navigator.serviceWorker.ready).getNotifications()).forEach((one) => one.close())"
    )
    for wanted, expected in (("https://evil.example/", "/"), ("/accounts/settings/", "/accounts/settings/")):
        deliver(phone, json.dumps({"title": "Hello", "tag": "one", "navigate": wanted}))
        phone.until(lambda: len(notices(phone)) == 1, lambda: f"{notices(phone)}")
        tap_notice(phone)
        landed = "/today/" if expected == "/" else expected
        phone.page.wait_for_url(re.compile(f"^{re.escape(phone.chaos.base_url)}/.*{landed.strip('/')}"))
