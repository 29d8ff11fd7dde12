"""Infrastructure of the journeys: the running product, a mail server, a browser, an accessibility check."""

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from playwright.sync_api import Browser, BrowserContext, Error, Page, Playwright, sync_playwright

from tests.journeys.browsers import find_chromium
from tests.journeys.chaos import Chaos
from tests.journeys.stack import Stack, free_port

NAVIGATION_MS = 15_000


@dataclass
class MailServer:
    """A real SMTP server on this machine; `answer` is what it says to each message."""

    port: int
    answer: str = "250 OK"
    received: list[EmailMessage] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 (aiosmtpd's)
        if self.answer.startswith("2"):
            message = message_from_bytes(envelope.original_content or b"", policy=default)
            assert isinstance(message, EmailMessage)
            self.received.append(message)
        return self.answer

    def wait_for(self, *, to: str, count: int = 1, seconds: float = 20) -> list[EmailMessage]:
        """Return the messages to an address, once there are `count`.

        Raises: AssertionError when they have not come in time.
        """
        deadline = time.monotonic() + seconds
        while True:
            found = [message for message in self.received if to in str(message["To"])]
            if len(found) >= count:
                return found
            assert time.monotonic() < deadline, f"{len(found)} of {count} messages to {to} in {seconds} s"
            time.sleep(0.05)


@pytest.fixture(scope="session")
def _mail_server() -> Iterator[MailServer]:
    server = MailServer(port=free_port())
    controller = Controller(server, hostname="127.0.0.1", port=server.port)
    controller.start()
    yield server
    controller.stop()


@pytest.fixture
def mail_server(_mail_server: MailServer) -> MailServer:
    """The mail server, empty and willing."""
    _mail_server.received.clear()
    _mail_server.answer = "250 OK"
    return _mail_server


@pytest.fixture(scope="session")
def _stack(
    django_db_setup: None, _mail_server: MailServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    stack = Stack(
        var=tmp_path_factory.mktemp("installation"),
        environment={
            "EMAIL_URL": _mail_server.url,
            # So that a test can sign somebody in without walking the way by mail each time.
            "SECRET_KEY": settings.SECRET_KEY,
            "NUDGE_TICK_SECONDS": "1",
            # To everybody, and at once.
            "NUDGE_WITHHELD_PERCENT": "0",
            "NUDGE_SPREAD_SECONDS": "0",
            "SUMMARY_REFRESH_SECONDS": "1",
        },
    )
    yield stack
    stack.stop()


@pytest.fixture
def stack(_stack: Stack, transactional_db: None, mail_server: MailServer) -> Iterator[Stack]:
    """The product with an empty database: web, worker and beat run; what a test stopped is started again.

    The test is connected to the same database and makes its people and dogs there.
    """
    missing = [
        name for name in _stack.commands if name not in _stack.processes or _stack.processes[name].poll() is not None
    ]
    if missing:
        _stack.start(*missing)
    yield _stack
    # The database is emptied next; a task in the middle of its work must not write into the next test.
    for name in ("beat", "worker"):
        if name in _stack.processes:
            _stack.kill(name)


@pytest.fixture
def chaos(stack: Stack, expected: list[str]) -> Iterator[Chaos]:
    """A network in front of the product that fails when a test wants it to: `new_phone(base_url=chaos.base_url)`."""
    proxy = Chaos(upstream=stack.port, port=free_port())
    # What browser and htmx say of a network that fails is not a fault of the page.
    expected += [r"net::ERR_", r"Failed to fetch", r"htmx:\w+.*\[object"]
    yield proxy
    proxy.close()


@pytest.fixture(scope="session")
def chromium_path() -> str:
    path = find_chromium()
    assert path, "Chromium is needed for tests marked browser; install it, or leave them out with -m 'not browser'"
    return path


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def browser(playwright: Playwright, chromium_path: str) -> Iterator[Browser]:
    browser = playwright.chromium.launch(
        executable_path=chromium_path,
        args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking", "--disable-sync"],
    )
    yield browser
    browser.close()


NewContext = Callable[..., BrowserContext]


@pytest.fixture
def expected() -> list[str]:
    """Patterns of what a browser may complain of in this test."""
    return [r"Failed to load resource"]


Watch = Callable[[Page], None]


def patiently(goto: Callable[..., Any]) -> Callable[..., Any]:
    """Goes to a page once more where the page before was just on its own way, as a person's second tap does."""

    def go(*args: Any, **options: Any) -> Any:
        try:
            return goto(*args, **options)
        except Error as error:
            if "interrupted by another navigation" not in str(error):
                raise
            return goto(*args, **options)

    return go


@pytest.fixture
def watch(expected: list[str]) -> Iterator[Watch]:
    """Listen to a page: a script error, a refused resource or a failed answer fails the test at its end."""
    problems: list[str] = []

    def note(page: Page, text: str) -> None:
        if not any(re.search(pattern, text) for pattern in expected):
            problems.append(f"{page.url}: {text}")

    def listen(page: Page) -> None:
        page.goto = patiently(page.goto)  # type: ignore[method-assign]
        page.on("pageerror", lambda error: note(page, str(error)))
        page.on("console", lambda message: note(page, message.text) if message.type == "error" else None)
        page.on(
            "response",
            lambda answer: (
                note(page, f"{answer.url}: {answer.status}")
                if answer.status >= 500 and "x-chaos" not in answer.headers
                else None
            ),
        )

    yield listen
    assert problems == []


@pytest.fixture
def new_context(browser: Browser, stack: Stack, watch: Watch) -> Iterator[NewContext]:
    """Open a browser of its own (cookies, storage) per person: `new_context(viewport={…}, locale="es")`."""
    contexts: list[BrowserContext] = []

    def open_context(**options: Any) -> BrowserContext:
        # Without motion, a page is what it will be as soon as it is there: axe would measure colours half-way.
        usual = {"base_url": stack.base_url, "locale": "en-GB", "reduced_motion": "reduce"}
        context = browser.new_context(**{**usual, **options})
        context.set_default_timeout(NAVIGATION_MS)
        context.on("page", watch)
        contexts.append(context)
        return context

    yield open_context
    for context in contexts:
        context.close()


@pytest.fixture
def new_phone(new_context: NewContext, playwright: Playwright) -> NewContext:
    """Open an owner's phone: `new_phone(timezone_id="Europe/Madrid")`."""
    device = {key: value for key, value in playwright.devices["Pixel 7"].items() if key != "default_browser_type"}
    return lambda **options: new_context(**device, **options)


@pytest.fixture
def phone(new_phone: NewContext) -> BrowserContext:
    """An owner's phone."""
    return new_phone()


@pytest.fixture
def desktop(new_context: NewContext) -> BrowserContext:
    """A vet's screen in the clinic."""
    return new_context(viewport={"width": 1440, "height": 900})


# A new size takes a frame, and colours fade over from day to night: what is measured must have arrived.
SETTLED = """new Promise((arrived) => requestAnimationFrame(() => requestAnimationFrame(arrived)))
    .then(() => Promise.allSettled(document.getAnimations().map((one) => one.finished)))
    .then(() => true)"""


def settle(page: Page) -> None:
    """Wait until a page that was opened or changed stands still."""
    page.wait_for_load_state()
    page.evaluate(SETTLED)


def eventually(page: Page, read: Callable[[], Any], expected: Any, *, seconds: float = 10) -> None:
    """Wait until what is stored is what it should be: a page may show an answer before the server has it.

    Raises: AssertionError with what was found last.
    """
    deadline = time.monotonic() + seconds
    while (found := read()) != expected and time.monotonic() < deadline:
        page.wait_for_timeout(100)
    assert found == expected


@pytest.fixture
def assert_accessible() -> Callable[[Page], None]:
    """Check a page with axe: no violation of any rule."""
    axe = Axe()

    def check(page: Page) -> None:
        settle(page)
        results = axe.run(page)
        found = [
            f"{rule['id']} ({rule['impact']}): {[node['target'] for node in rule['nodes']]}"
            for rule in results.response["violations"]
        ]
        assert found == [], f"{page.url}\n" + "\n".join(found)

    return check


@pytest.fixture
def var(tmp_path: Path) -> Path:
    """A folder for an installation that a test starts itself."""
    path = tmp_path / "var"
    path.mkdir()
    return path
