"""One dog's story over weeks of simulated days: what its vet does at a desk, and the days of its family."""

import datetime as dt
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from playwright.sync_api import Locator, Page, expect

from rehab.guidance.models import PatientSummary
from rehab.patients.models import Patient
from rehab.programs.models import Program
from tests.journeys.clock import Clock
from tests.journeys.conftest import MailServer, eventually
from tests.journeys.family import Family
from tests.journeys.test_main_loop import choose, sign_in

ZONE = ZoneInfo("Europe/Madrid")
ONE_DAY = dt.timedelta(days=1)
WELL = {"standing_s": 60, "straight_sits": 5}
Check = Callable[[Page], None]
IS_STORED = """async (path) => {
    const names = (await caches.keys()).filter((name) => name.startsWith("pages-"));
    const stored = await Promise.all(names.map(async (name) => (await caches.open(name)).keys()));
    return navigator.serviceWorker.controller !== null && stored.flat().some(({ url }) => new URL(url).pathname === path);
}"""


@dataclass(kw_only=True)
class Story:
    """`day(n)` is the n-th day since the vet first saw the dog; its evenings are at half past seven."""

    clock: Clock
    mail: MailServer
    dog: Patient
    vet: Page
    owner: Page
    family: Family
    first: dt.date

    def day(self, number: int) -> dt.date:
        return self.first + number * ONE_DAY

    def go_to(self, number: int, time: str = "19:30") -> dt.date:
        """Let it be that day, at that time where the dog lives."""
        day = self.day(number)
        self.clock.move_to(dt.datetime.combine(day, dt.time.fromisoformat(time), ZONE))
        return day

    def days(self, first: int, last: int, **said: Any) -> None:
        """Evening after evening the family has done and answered everything; ``said`` is how the dog was."""
        for number in range(first, last + 1):
            day = self.go_to(number)
            self.family.tell(day, *self.family.whole_day(day, **said))

    def is_weighed(self) -> None:
        """Wait until the product's own worker has weighed all that came in until now, by a beat of its own."""
        asked = self.clock.now
        fresh = PatientSummary.objects.filter(patient=self.dog, refreshed_at__gt=asked)
        eventually(self.vet, fresh.count, 1, seconds=30)

    @property
    def program(self) -> Program:
        found: Program = Program.objects.open().get(patient=self.dog)
        return found

    def sign_in_again(self) -> None:
        """After sixty days everybody shows anew who they are, by a code that is mailed."""
        for page, email in ((self.owner, "olga@example.test"), (self.vet, "vera@example.test")):
            page.goto("/")
            expect(page).to_have_url(re.compile("/accounts/login/"))
            sign_in(page, email, self.mail)
            expect(page.get_by_role("heading", level=1)).to_be_visible()
            expect(page).not_to_have_url(re.compile("/accounts/"))

    # --- The vet ---------------------------------------------------------------------------------------------------

    def listed(self, *words: str) -> Locator:
        """The dog's row on the vet's first page, as soon as it says all of this: an alert is a beat behind its stop."""
        row = self.vet.get_by_role("row").filter(has=self.vet.get_by_role("link", name=self.dog.name))

        def unsaid() -> list[str]:
            self.vet.goto("/patients/")
            text = row.inner_text()
            return [one for one in words if one not in text]

        eventually(self.vet, unsaid, [], seconds=20)
        return row

    def open_dog(self) -> None:
        self.vet.goto(f"/patients/{self.dog.pk}/")

    def begin_definition(self) -> None:
        self.vet.goto(f"/patients/{self.dog.pk}/definition/")

    def sign(self, *, row: str, re_exam_in: int) -> None:
        """Check the warning signs, name the day of the next look, read what follows, and sign."""
        vet = self.vet
        vet.get_by_label("I checked the warning signs today").check()
        today = self.clock.now.astimezone(ZONE).date()
        vet.get_by_label("Re-examination on").fill((today + re_exam_in * ONE_DAY).isoformat())
        vet.get_by_role("button", name="Read through and sign").click()
        vet.wait_for_url("**/definitions/**")
        expect(vet.get_by_text(row).first).to_be_visible()
        vet.get_by_role("button", name="Sign the definition").click()
        expect(vet.get_by_role("button", name="Sign the definition")).to_have_count(0)

    def own_life(self, *, standing: int = 20, hard: int = 3) -> None:
        """What the family wants back, and how hard it is for the dog, and what was measured: without both nothing grows."""
        for number, words in enumerate(("Walks to the park", "Climbs into the car", "Plays with the cat"), start=1):
            self.vet.locator(f"[name='activity_{number}_text']").fill(words)
            choose(self.vet, f"activity_{number}_score", str(hard))
        for metric, value in (("standing_s", str(standing)), ("unaided_steps", "10")):
            self.vet.locator(f"[name='baseline_{metric}']").fill(value)

    def give_gabapentin(self) -> None:
        choose(self.vet, "pain_control", "medicine")
        for part, words in (("name", "Gabapentin"), ("dose", "10 mg/kg by mouth"), ("times", "7:00, 19:00")):
            self.vet.locator(f"[name='medicine_1_{part}']").fill(words)

    def assign_rest(self, *, why: str) -> None:
        """The protocol without surgery, from its first phase."""
        self.vet.goto(f"/patients/{self.dog.pk}/program/assign/")
        self.vet.get_by_role("link", name="Strict rest and nursing").click()
        self.vet.get_by_label("Reason").fill(why)
        self.vet.get_by_role("button", name="Assign", exact=True).click()
        self.vet.wait_for_url(f"**/patients/{self.dog.pk}/")

    def move(self, code: str, why: str, *, and_also: Sequence[str] = (), without: Sequence[str] = ()) -> None:
        """Look at what the next phase asks for, choose from it, and decide; it holds from tomorrow on."""
        self.vet.goto(f"/patients/{self.dog.pk}/phase/")
        self.vet.get_by_role("link", name=f"Look at the move to {code}").click()
        for slug in without:
            self.vet.locator(f"[name='{slug}-chosen']").uncheck()
        for slug in and_also:
            self.vet.locator(f"[name='{slug}-chosen']").check()
        self.vet.get_by_label("In your words").fill(why)
        self.vet.get_by_role("button", name=f"Move to {code}").click()
        self.vet.wait_for_url(f"**/patients/{self.dog.pk}/")

    def teach(self, number: int) -> None:
        """Each active exercise is shown to the family, and shown back by it, before it may grow."""
        self.go_to(number, "09:00")
        self.open_dog()
        for step in ("shown", "shown_back"):
            buttons = self.vet.locator(f".teach button[value={step}]")
            for left in reversed(range(buttons.count())):
                buttons.first.click()
                expect(buttons).to_have_count(left)

    def release(self, why: str) -> None:
        """Take over what waits and let the exercises go on, from a page that shows the alert."""
        vet = self.vet
        vet.get_by_role("button", name="I take over").first.click()
        expect(vet.locator(".alert-state")).to_contain_text("Dr. Vera Lind took it over, today")
        vet.get_by_role("link", name="Release the exercises").click()
        vet.get_by_label("Why may the exercises go on?").fill(why)
        vet.get_by_role("button", name="Release the exercises").click()
        expect(vet.get_by_text(re.compile("^Released"))).to_be_visible()

    # --- The family ------------------------------------------------------------------------------------------------

    def open_today(self) -> Page:
        self.owner.goto("/today/")
        return self.owner

    def keeps_today(self) -> None:
        """Wait until the phone's own worker has stored Today, for the hour without a network."""
        path = f"/dogs/{self.dog.pk}/today/"
        eventually(self.owner, lambda: [self.owner.evaluate(IS_STORED, path)], [True], seconds=20)

    def alert_letter(self, subject: str) -> str:
        """The address in the newest mail to the vet, which says nothing about the dog."""
        eventually(self.vet, lambda: self.mail.wait_for(to="vera@example.test")[-1]["Subject"], subject, seconds=20)
        body = self.mail.wait_for(to="vera@example.test")[-1].get_body(("plain",))
        assert body
        text = body.get_content()
        assert self.dog.name not in text
        address = re.search(r"https?://\S+/alerts/\S+", text)
        assert address
        return address[0]
