"""Messages on a phone, as a test meets them: a browser's push service where there is none, and what the worker shows."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from playwright.sync_api import BrowserContext, Page

SECONDS: Final = 20

# A Chromium without Google's services cannot subscribe. This is all that is put in its place, in pages and in the worker:
# one subscription of the browser, kept where both see it, with keys that the server can check.
PUSH_SERVICE: Final = """() => {
  const place = () => caches.open("test-push-service");
  const asText = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes)))
    .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  const subscription = (made) => ({
    ...made,
    toJSON: () => ({ ...made, expirationTime: null }),
    unsubscribe: async () => (await place()).delete("/subscription"),
  });
  Object.assign(PushManager.prototype, {
    async getSubscription() {
      const found = await (await place()).match("/subscription");
      return found ? subscription(await found.json()) : null;
    },
    async subscribe({ userVisibleOnly, applicationServerKey }) {
      if (!userVisibleOnly || typeof applicationServerKey !== "string") throw new TypeError("what a browser wants");
      const pair = await crypto.subtle.generateKey({ name: "ECDH", namedCurve: "P-256" }, true, ["deriveBits"]);
      const keys = {
        p256dh: asText(await crypto.subtle.exportKey("raw", pair.publicKey)),
        auth: asText(crypto.getRandomValues(new Uint8Array(16))),
      };
      const made = { endpoint: `https://fcm.googleapis.com/fcm/send/${crypto.randomUUID()}`, keys };
      await (await place()).put("/subscription", Response.json(made));
      return subscription(made);
    },
  });
}"""

ENDPOINT: Final = """async () => {
  const found = await (await caches.open("test-push-service")).match("/subscription");
  return found ? (await found.json()).endpoint : "";
}"""

# Chromium forgets a notice that is asked for in the moment between its writing and its showing, so a test asks afterwards.
COUNT_NOTICES: Final = """() => {
  self.shownNotices = 0;
  const show = registration.showNotification.bind(registration);
  registration.showNotification = async (...said) => {
    await show(...said);
    self.shownNotices += 1;
  };
}"""

NOTICES: Final = """async () => (await (await navigator.serviceWorker.getRegistration()).getNotifications())
  .map(({ title, body, tag, lang, actions, data }) => ({ title, body, tag, lang, actions: actions.map(({ action }) => action), data }))"""

TAP: Final = """async (action) => {
  const [notification] = await registration.getNotifications();
  dispatchEvent(new NotificationEvent("notificationclick", { notification, action }));
}"""


def endpoint(page: Page) -> str:
    """The address of the browser's subscription; empty when it has none."""
    return str(page.evaluate(ENDPOINT))


def prepare(context: BrowserContext) -> None:
    """Give the worker, too, a push service, and count what it shows."""
    for script in (PUSH_SERVICE, COUNT_NOTICES):
        context.service_workers[0].evaluate(script)


@contextmanager
def shown(context: BrowserContext) -> Iterator[None]:
    """Wait until what happens inside has made the phone show one more notice."""
    [worker] = context.service_workers
    before = worker.evaluate("() => shownNotices")
    yield
    deadline = time.monotonic() + SECONDS
    while worker.evaluate("() => shownNotices") == before:
        assert time.monotonic() < deadline, "nothing is shown"
        time.sleep(0.05)


def notices(page: Page) -> list[dict[str, Any]]:
    """What the phone shows now."""
    found: list[dict[str, Any]] = page.evaluate(NOTICES)
    return found


def deliver(page: Page, base_url: str, payload: str) -> list[dict[str, Any]]:
    """Bring a message as the browser's own service does; returns what the phone shows then."""
    session = page.context.new_cdp_session(page)
    registrations: list[dict[str, Any]] = []
    session.on("ServiceWorker.workerRegistrationUpdated", lambda event: registrations.extend(event["registrations"]))
    session.send("ServiceWorker.enable")
    while not registrations:
        page.wait_for_timeout(50)
    said = {"origin": base_url, "registrationId": registrations[0]["registrationId"], "data": payload}
    with shown(page.context):
        session.send("ServiceWorker.deliverPushMessage", said)
    session.detach()
    return notices(page)


def tap(context: BrowserContext, action: str = "") -> None:
    """A tap on the first notice, or on one of its buttons; no test can reach the phone's own screen."""
    context.service_workers[0].evaluate(TAP, action)
