"""An owner's phone in the scenarios: what a thumb does, what the phone has stored, and what the server has."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings
from django.test import Client
from playwright.sync_api import BrowserContext, Locator, Page, expect

from accounts.models import User
from rehab.patients.models import Patient
from rehab.programs.models import Prescription
from rehab.sessions.models import Command, PerformedExercise
from tests.journeys.chaos import Chaos

SECONDS: Final = 20
API: Final = "/api/v1/commands/"
SESSION: Final = "/api/v1/session/"


@dataclass
class Phone:
    """One browser with its storage; `page` is the tab that is open."""

    context: BrowserContext
    chaos: Chaos
    dog: Patient
    page: Page

    # --- What a person does ------------------------------------------------------------------------------------------

    @property
    def today(self) -> str:
        return f"/dogs/{self.dog.pk}/today/"

    @property
    def item(self) -> Prescription:
        """The exercise that is done twice a day."""
        found: Prescription = Prescription.objects.get(patient=self.dog, times_per_day=2, ended_by=None)
        return found

    def sign_in(self, email: str = "olga@example.test") -> None:
        """Put the cookie of a fresh session there; how one is got by mail is another journey's story."""
        client = Client()
        client.force_login(User.objects.get(email=email))
        cookie = client.cookies[settings.SESSION_COOKIE_NAME]
        self.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": self.chaos.base_url}])

    def open(self) -> None:
        """Today as somebody opens it, and all the app stores at a first visit."""
        self.goto(self.today)
        self.is_ready_for_no_network()

    def goto(self, path: str, **options: Any) -> None:
        self.page.goto(self.chaos.base_url + path, **options)

    def is_ready_for_no_network(self) -> None:
        """Wait until the worker looks after the page and has stored it with its neighbours."""
        self.until(lambda: self.page.evaluate("() => Boolean(navigator.serviceWorker.controller)"), "no worker")
        wanted = {self.today, f"/dogs/{self.dog.pk}/exercise/{self.item.pk}/"}
        self.until(lambda: wanted <= self.stored_pages(), lambda: f"not stored: {wanted - self.stored_pages()}")

    def tick(self, slot: int = 1) -> None:
        self.tick_button(slot).click()

    def tick_button(self, slot: int = 1) -> Locator:
        return self.page.locator(f"#tick-{self.item.pk}-{slot}")

    def shows(self, *, done: int, seconds: float = 5) -> None:
        """So many times of the exercise are shown as done."""
        slots = self.page.locator(f"#item-{self.item.pk} .slot[data-state=done]")
        expect(slots).to_have_count(done, timeout=seconds * 1000)

    # --- What the phone has stored -----------------------------------------------------------------------------------

    def records(self, state: str | None = None) -> list[dict[str, Any]]:
        """What the outbox holds, of every account, in its order."""
        found: list[dict[str, Any]] = self.page.evaluate("() => Outbox.tx('outbox', 'readonly', (all) => all.getAll())")
        return [one for one in found if state in (None, one["state"])]

    def waits(self, *, pending: int) -> None:
        self.until(lambda: len(self.records("pending")) == pending, lambda: f"waiting: {self.records()}")

    def is_settled(self, seconds: float = SECONDS) -> None:
        """Wait until nothing waits to be sent."""
        self.until(lambda: not self.records("pending"), lambda: f"still waiting: {self.records('pending')}", seconds)

    def caches(self) -> dict[str, list[str]]:
        """What is stored, as paths by the name of the cache."""
        found: dict[str, list[str]] = self.page.evaluate(
            """async () => Object.fromEntries(await Promise.all((await caches.keys()).map(async (name) =>
                 [name, (await (await caches.open(name)).keys()).map(({ url }) => new URL(url).pathname)])))"""
        )
        return found

    def stored_pages(self) -> set[str]:
        return {path for name, paths in self.caches().items() if name.startswith("pages-") for path in paths}

    def drain(self) -> str:
        """Send what waits, now; returns how that ended. While the page is sending by itself, that is waited for."""
        state = "busy"
        deadline = time.monotonic() + SECONDS
        while state == "busy" and time.monotonic() < deadline:
            state = self.page.evaluate("async () => (await Outbox.drain()).state")
        return state

    # --- Waiting -----------------------------------------------------------------------------------------------------

    def until(
        self, is_so: Callable[[], object], what: str | Callable[[], str] = "waited in vain", seconds: float = SECONDS
    ) -> None:
        """Ask again and again, because a page under this policy cannot be asked to wait for an expression.

        Raises: AssertionError when it has not come true in time.
        """
        deadline = time.monotonic() + seconds
        while not is_so():
            assert time.monotonic() < deadline, what() if callable(what) else what
            self.page.wait_for_timeout(50)


def performed(dog: Patient) -> list[tuple[int, str]]:
    """What the server has, in the order in which it counts: slot and state."""
    rows = PerformedExercise.objects.filter(patient=dog).order_by("done_at", "pk")
    return list(rows.values_list("slot", "state"))


def received(dog: Patient) -> int:
    return Command.objects.filter(patient=dog).count()
