"""What a family's day costs a phone: bytes, requests and shifts, counted; never seconds.

HTML is counted as a proxy compresses it (deploy/Caddyfile), all else as our own server sends it.
"""

import gzip
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import BrowserContext, Page, Response

from rehab.patients.models import Patient, ProblemDefinition
from tests import make
from tests.journeys.conftest import NewContext
from tests.journeys.test_today import base_url, dog, signed_in  # noqa: F401 (two are fixtures)

pytestmark = [pytest.mark.browser, pytest.mark.phone]

FIRST_LOAD = 40 * 1024
FIRST_REQUESTS = 10
OWN_SCRIPTS = 25 * 1024
REPEATED = 6 * 1024

SHIFTS = """() => new Promise((done) => {
  let sum = 0;
  new PerformanceObserver((list) => {
    for (const { value, hadRecentInput } of list.getEntries()) if (!hadRecentInput) sum += value;
  }).observe({ type: "layout-shift", buffered: true });
  setTimeout(() => done(sum), 300);
})"""


@dataclass
class Counted:
    """The responses of one visit, each with its bytes."""

    responses: list[tuple[str, int]] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        page.on("response", self._count)

    def _count(self, response: Response) -> None:
        if response.status == 304 or response.from_service_worker:
            size = 0
        elif response.headers.get("content-type", "").startswith("text/html"):
            size = len(gzip.compress(response.body(), 6))
        else:
            size = int(response.headers.get("content-length", 0)) or len(response.body())
        self.responses.append((response.url, size))

    @property
    def total(self) -> int:
        return sum(size for _url, size in self.responses)


def visit(context: BrowserContext, path: str) -> tuple[Counted, Counted]:
    """What comes until the page is loaded, and what follows when the phone has nothing else to do."""
    page = context.new_page()
    at_once, later = Counted(), Counted()
    at_once.watch(page)
    page.goto(path, wait_until="load")
    page.remove_listener("response", at_once._count)
    later.watch(page)
    page.wait_for_timeout(1500)
    page.close()
    return at_once, later


@pytest.fixture
def day(dog: Patient) -> str:  # noqa: F811
    """A whole day: two items, medicine, and an answer for the morning."""
    make.rewrite(
        ProblemDefinition.objects.filter(patient=dog),
        medicines=[{"name": "Gabapentin", "dose": "10 mg/kg by mouth", "times": "07:00, 15:00, 23:00"}],
    )
    return f"/dogs/{dog.pk}/today/"


def test_first_visit_fits_its_budget(new_phone: NewContext, base_url: str, day: str) -> None:  # noqa: F811
    seed = new_phone(service_workers="block")
    signed_in(seed, "olga@example.test", base_url)
    fresh = new_phone(service_workers="block", storage_state=seed.storage_state())
    at_once, later = visit(fresh, day)
    assert at_once.total <= FIRST_LOAD, at_once.responses
    assert len(at_once.responses) <= FIRST_REQUESTS, at_once.responses
    scripts = [size for url, size in at_once.responses + later.responses if "/static/js/" in url]
    assert len(scripts) >= 4
    assert sum(scripts) <= OWN_SCRIPTS


def test_next_visit_asks_only_whether_something_is_new(new_phone: NewContext, base_url: str, day: str) -> None:  # noqa: F811
    phone = new_phone(service_workers="block")
    signed_in(phone, "olga@example.test", base_url)
    visit(phone, day)
    visit(phone, day)  # the token of the forms came with the first
    page = phone.new_page()
    # What came over the wire, headers and all: the browser takes the rest from what it keeps.
    wire: dict[str, int] = {}
    session = phone.new_cdp_session(page)
    session.send("Network.enable")
    session.on("Network.loadingFinished", lambda told: wire.update({told["requestId"]: int(told["encodedDataLength"])}))
    answer = page.goto(day)
    page.wait_for_timeout(1500)
    assert answer is not None
    assert answer.request.sizes()["responseBodySize"] == 0
    assert len(wire) >= FIRST_REQUESTS - 1
    assert sum(wire.values()) <= REPEATED, wire


def test_nothing_moves_while_the_day_loads(new_phone: NewContext, base_url: str, day: str) -> None:  # noqa: F811
    page = signed_in(new_phone(service_workers="block"), "olga@example.test", base_url)
    page.goto(day)
    assert page.evaluate(SHIFTS) == 0
