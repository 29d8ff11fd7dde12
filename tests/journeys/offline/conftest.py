"""A dog with a program, and its people's phones behind a network that fails on command."""

import datetime as dt
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Playwright

from rehab.patients.models import Patient
from tests import make
from tests.journeys.chaos import Chaos
from tests.journeys.conftest import NAVIGATION_MS, NewContext, Watch
from tests.journeys.offline.phone import Phone
from tests.journeys.stack import ROOT, Stack
from tests.journeys.test_main_loop import zone_where_it_is


@pytest.fixture
def dog(stack: Stack) -> Patient:
    """A dog with one exercise twice a day and one once a day, and two people who care for it."""
    clinic = make.make_clinic()
    vet = make.join(make.make_user("vera@example.test", "Dr. Vera Lind"), clinic, "vet")
    olga = make.make_user("olga@example.test", "Olga Ruiz")
    # In the afternoon, where the day does not change in the middle of a test.
    patient = make.make_patient(clinic, vet, owner=olga, time_zone=zone_where_it_is(15))
    make.care_for(patient, make.make_user("carl@example.test", "Carl Ruiz"), "caregiver")
    today = patient.today(make.now())
    make.make_definition(patient, vet, re_exam_due_on=today + dt.timedelta(days=9))
    make.make_program(patient, vet, starts_on=today - dt.timedelta(days=3))
    return patient


NewOwnerPhone = Callable[..., Phone]


@pytest.fixture
def new_owner_phone(dog: Patient, chaos: Chaos, new_phone: NewContext) -> NewOwnerPhone:
    """A phone in which somebody has signed in: `new_owner_phone("carl@example.test", timezone_id="Europe/Madrid")`."""

    def open_phone(email: str = "olga@example.test", **options: Any) -> Phone:
        context = new_phone(base_url=chaos.base_url, **options)
        phone = Phone(context, chaos, dog, context.new_page())
        phone.sign_in(email)
        return phone

    return open_phone


@pytest.fixture
def phone(new_owner_phone: NewOwnerPhone) -> Phone:
    """The owner's phone, with Today open and everything stored that a first visit stores."""
    phone = new_owner_phone()
    phone.open()
    return phone


class KilledBrowser:
    """A Chromium with a profile that outlives it, as a process of its own that a test can end like an empty battery."""

    def __init__(
        self, *, path: str, profile: Path, playwright: Playwright, new: Callable[[BrowserContext], Phone]
    ) -> None:
        self.path = path
        self.profile = profile
        self.playwright = playwright
        self.new = new
        self.process: subprocess.Popen[bytes] | None = None
        self.browser: Browser | None = None

    def start(self) -> Phone:
        port_file = self.profile / "DevToolsActivePort"
        port_file.unlink(missing_ok=True)
        options = ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking"]
        options += ["--no-first-run", "--remote-debugging-port=0", f"--user-data-dir={self.profile}"]
        self.process = subprocess.Popen(
            [self.path, *options, "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        deadline = time.monotonic() + NAVIGATION_MS / 1000
        while not (port_file.exists() and port_file.read_text()):
            assert time.monotonic() < deadline, "Chromium did not start"
            time.sleep(0.05)
        port = port_file.read_text().split()[0]
        self.browser = self.playwright.chromium.connect_over_cdp(f"http://127.0.0.1:{port}")
        return self.new(self.browser.contexts[0])

    def kill(self) -> None:
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, 9)
            self.process.wait()
            self.process = None
        if self.browser is not None:
            self.browser.close()
            self.browser = None


@pytest.fixture
def killed_browser(
    dog: Patient, chaos: Chaos, chromium_path: str, playwright: Playwright, tmp_path: Path, watch: Watch
) -> Iterator[KilledBrowser]:
    def phone(context: BrowserContext) -> Phone:
        context.set_default_timeout(NAVIGATION_MS)
        context.on("page", watch)
        return Phone(context, chaos, dog, context.new_page())

    browser = KilledBrowser(path=chromium_path, profile=tmp_path, playwright=playwright, new=phone)
    yield browser
    browser.kill()


@pytest.fixture
def deploy(stack: Stack, tmp_path: Path) -> Iterator[Callable[[], None]]:
    """Bring out a next release, whose style is another: the same installation, run from another folder."""

    def bring_out() -> None:
        release = tmp_path / "release"
        for name in ("accounts", "rehab", "static", "templates"):
            shutil.copytree(ROOT / name, release / name, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "manage.py", release)
        with (release / "static" / "css" / "app.css").open("a") as style:
            style.write("\n/* the next release */\n")
        start(release)

    def start(release: Path) -> None:
        stack.stop("web")
        stack.root = release
        stack.manage("collectstatic", "--noinput", "--verbosity", "0")
        stack.start("web")

    yield bring_out
    if stack.root != ROOT:
        start(ROOT)
