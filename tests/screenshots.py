"""``make screenshots``: the pictures in docs/screenshots, of the demo clinic in a real browser.

Starts its own installation in a temporary folder and signs in as the demo's people: families on a phone (360 × 800), staff
on a desktop (1280 × 800), light and dark. ``python -m tests.screenshots FOLDER`` takes every page in every size.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Literal
from urllib.parse import urljoin

from PIL import Image
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from rehab.management.commands.up import answers, programs
from tests.journeys.browsers import find_chromium
from tests.journeys.stack import ROOT, free_port

FOLDER = ROOT / "docs" / "screenshots"
SIZES: dict[str, ViewportSize] = {
    "phone": {"width": 360, "height": 800},
    "desktop": {"width": 1280, "height": 800},
}
Theme = Literal["light", "dark"]
THEMES: tuple[Theme, ...] = ("light", "dark")
USUAL_SIZE = {"owner": "phone", "vet": "desktop", "admin": "desktop"}

# A way to a page: its path, "dog:" and a name on the worklist, "link:" and which link of the page before to follow, or what
# somebody does on the page before. Nothing is signed, assigned or moved on the way.
Way = str | Callable[[Page], None]


def review_a_definition(page: Page) -> None:
    """Nala's draft, completed and read through before it is signed."""
    for name, value in {
        "origin": "primary",
        "mechanism": "neurologic",
        "neuro_deficit": "yes",
        "neuro_grade": "2",
        "cause": "disc",
        "leaf": "ivdd_conservative",
        "pain_at_rest": "3",
        "pain_control": "medicine",
        "activity_order": "strict_rest",
    }.items():
        page.locator(f"label:has([name='{name}'][value='{value}'])").first.click()
    page.get_by_label("I checked the warning signs today").check()
    page.get_by_role("button", name="14 days").click()
    page.get_by_role("button", name="Read through and sign").click()
    page.wait_for_url("**/definitions/**")


def refuse_a_program(page: Page) -> None:
    """For a back that compensates for a hip, a plan that only trains the back."""
    for slug in ("cookie-stretch", "heads-up"):
        page.get_by_label("Search the library").fill(slug.split("-")[0])
        page.locator(f"#found [name='item_in'][value='{slug}']").click()
        page.locator(f"#item-{slug}").wait_for()
    page.get_by_role("button", name="Assign", exact=True).click()
    page.get_by_role("alert").first.wait_for()


def preview_a_program(page: Page) -> None:
    page.get_by_role("button", name="Preview").click()
    page.locator("#preview").wait_for()


def open_the_alerts(page: Page) -> None:
    """All warning signs of the dog whose page is open."""
    page.goto(f"{page.url.split('?')[0]}alerts/")


def refuse_alert_settings(page: Page) -> None:
    """Two places of a chain and a Monday that never closes: nothing is saved."""
    for _ in range(2):
        page.get_by_role("button", name="Add a place").click()
        page.wait_for_load_state()
    page.get_by_label("Monday: opens at").fill("08:00")
    page.get_by_role("button", name="See what would happen").click()
    page.locator("#form-errors").wait_for()


def stop_the_exercises(page: Page) -> None:
    """A warning sign, seen where there is no network: nothing is sent, so the next picture finds the dog as it was."""
    page.context.set_offline(True)
    page.get_by_label("No movement at all in the back legs").check()
    page.get_by_role("button", name="Send", exact=True).click()
    page.locator("#stop-title").wait_for()


# Who looks, the name of the picture (without a name it is a station on the way to the next one), and the way there.
PAGES: dict[str, list[tuple[str, Way]]] = {
    "owner": [
        ("today", "/today/"),
        ("exercise", "link:a[href*='/exercise/']"),
        ("progress", "link:a[href$='/progress/']"),
        ("activities", "link:main a[href$='/activities/']"),
        ("", "link:a[href$='/check/']"),
        ("help", "link:main a[href$='/help/']"),
        ("farewell", "link:main a[href$='/farewell/']"),
        ("nudges", "/nudges/"),
        ("settings", "/settings/"),
        ("", "/today/"),
        ("handout", "link:main a[href$='/handout/']"),
        ("", "/today/"),
        ("response", "link:main a[href$='/response/']"),
        ("messages", "link:a[href$='/messages/']"),
        ("outbox", "/phone/outbox/"),
        ("", "/today/"),
        ("check", "link:.bar-check"),
        ("check-stopped", stop_the_exercises),
    ],
    "vet": [
        ("worklist", "/patients/"),
        ("patient", "dog:Max"),
        ("history", "link:main a[href^='/programs/']"),
        ("patient-progressing", "dog:Rocky"),
        ("farewell-recorded", "link:.page-head a[href$='/farewell/']"),
        ("", "dog:Rocky"),
        ("decide", "link:main a[href$='/decide/progress/']"),
        ("", "dog:Rocky"),
        ("change", "link:main a[href$='/change/']"),
        ("", "dog:Rocky"),
        ("ladder", "link:main a[href$='/ladders/']"),
        ("", "dog:Luna"),
        ("phase", "link:main a[href$='/phase/']"),
        ("measures", "link:main a[href$='/measures/']"),
        ("", "dog:Luna"),
        ("scores", "link:main a[href$='/scores/']"),
        ("score-entry", "link:main a[href^='?form=cbpi']"),
        ("", "dog:Luna"),
        ("", "link:main a[href$='/phase/']"),
        ("phase-move", "link:main a[href*='/phase/move/']"),
        ("", "dog:Luna"),
        ("pause", "link:main a[href$='/pause/']"),
        ("", "dog:Rocky"),
        ("discharge", "link:main a[href$='/discharge/']"),
        ("", "dog:Luna"),
        ("chart", "link:main a[href$='/chart/']"),
        ("chart-print", "link:main a[href$='print']"),
        ("", "dog:Luna"),
        ("protocol-choice", "link:main a[href$='/program/assign/']"),
        ("", "link:main a[href='?phase=own']"),
        ("builder-refused", refuse_a_program),
        ("", "link:.page-head a[href$='/program/assign/']"),
        ("builder", "link:main a[href^='?phase=']:not([href='?phase=own'])"),
        ("preview", preview_a_program),
        ("", "dog:Daisy"),
        ("teach", "link:main a[href^='/programs/'][href$='/teach/']"),
        ("patient-stopped", "dog:Oscar"),
        ("release", "link:main a[href$='/release/']"),
        ("", "dog:Oscar"),
        ("alert", "link:main a[href^='/alerts/']"),
        ("", "dog:Oscar"),
        ("alerts", open_the_alerts),
        ("", "/patients/"),
        ("limits", "link:.page-head a[href$='/limits/']"),
        ("alert-settings", "link:.page-head a[href^='/clinics/'][href$='/alerts/']"),
        ("alert-settings-refused", refuse_alert_settings),
        ("adverse-events", "link:.page-head a[href$='/adverse-events/']"),
        ("", "/patients/"),
        ("", "link:.page-head a[href^='/clinics/'][href$='/alerts/']"),
        ("words", "link:main a[href$='/nudges/']"),
        ("words-edit", "link:main a[href*='/words/unfinished_day/']"),
        ("", "link:.crumbs a[href*='/nudges/?']"),
        ("effect", "link:main a[href$='/nudges/effect/']"),
        ("", "dog:Oscar"),
        ("clinic-messages", "link:main a[href$='/messages/']"),
        ("definition", "dog:Nala"),
        ("definition-draft", "link:main a[href$='/definition/']"),
        ("definition-review", review_a_definition),
        ("new-dog", "/patients/new/"),
        ("library", "/library/"),
        ("library-exercise", "link:main a:text-is('Stand and shift weight')"),
        ("own-exercise", "link:main a[href$='/copy/']"),
        ("protocols", "/library/protocols/"),
        ("protocol", "link:main a:text-is('Disc disease, no surgery (crate rest)')"),
        ("library-ladders", "/library/ladders/"),
        ("warning-signs", "/library/red-flags/"),
    ],
    "admin": [("people", "/people/"), ("alert-settings-admin", "link:main a[href^='/clinics/'][href$='/alerts/']")],
}
# Looked at in every size, and left out of the documents.
BY_THE_WAY = {"words-edit"}
# What the documents show in the dark too; of the others one picture says enough, and the folder stays small.
DARK_TOO = {
    *("today", "exercise", "progress", "check", "check-stopped", "response", "messages", "nudges", "settings"),
    *("worklist", "patient", "builder", "phase", "history", "library-exercise"),
}
# What a family finds in its mailbox, and behind the links there. The documents show one of them.
MAILS = {"mail-reminder": "unfinished_day", "mail-silence": "silence", "mail-week": "week", "mail-call": "call_clinic"}
LINKS = {"nudges-break": "nudges:snooze", "nudges-stop": "nudges:unsubscribe"}
MAIL_SHOWN = {"mail-reminder"}
# Printed by the installation itself, which alone can sign its links.
WRITE_MAILS = """
import datetime, json, sys
from django.urls import reverse
from accounts.demo import PERSONAS
from accounts.models import Clinic
from rehab.nudges import examples, letters, links
from rehab.nudges.models import Nudge
clinic, today = Clinic.objects.get(), datetime.date.today()
nudge = Nudge.objects.filter(user__email=PERSONAS["owner"].email).latest("planned_at")
mails = {kind: letters.mail(*examples.example(Nudge.Kind(kind), clinic=clinic, language="en", on=today)).html for kind in %r}
links = {"nudges:snooze": links.snooze_token(nudge.pk), "nudges:unsubscribe": links.stop_token(nudge.user_id)}
json.dump({**mails, **{name: reverse(name, args=[token]) for name, token in links.items()}}, sys.stdout)
""" % [*MAILS.values()]


@contextmanager
def installation() -> Iterator[tuple[str, dict[str, str]]]:
    """The address of the demo, and what it mailed: the HTML of each kind, the path of each link."""
    with tempfile.TemporaryDirectory(prefix="steadyback-pictures-") as var:
        port = free_port()
        env = {
            **os.environ,
            "STEADYBACK_MODE": "embedded",
            "STEADYBACK_VAR": var,
            "STEADYBACK_ENV_FILE": os.devnull,
            "PORT": str(port),
            "DEMO": "1",
        }
        for command in (
            ("migrate", "-v0"),
            ("collectstatic", "--noinput", "-v0"),
            ("load_library",),
            ("demo",),
        ):
            subprocess.run([sys.executable, "manage.py", *command], cwd=ROOT, env=env, check=True)
        [argv] = [one.argv for one in programs(port=port, web_processes=1, worker_processes=1) if one.name == "web"]
        web = subprocess.Popen(argv, cwd=ROOT, env=env)
        try:
            while not answers(port):
                time.sleep(0.1)
            said = subprocess.run(
                [sys.executable, "manage.py", "shell", "--no-imports", "-c", WRITE_MAILS],
                cwd=ROOT,
                env=env,
                check=True,
                capture_output=True,
            )
            yield f"http://127.0.0.1:{port}", json.loads(said.stdout)
        finally:
            web.terminate()
            web.wait(20)


def picture(page: Page, name: str, folder: Path) -> None:
    """The whole page, as on a screen that is tall enough: its bars at the end, not across the middle."""
    usual = page.viewport_size
    assert usual
    page.set_viewport_size({**usual, "height": max(usual["height"], page.evaluate("document.body.scrollHeight"))})
    page.wait_for_load_state("networkidle")
    path = folder / f"{name}.png"
    page.screenshot(path=path, full_page=True)
    page.set_viewport_size(usual)
    # 256 colours are enough for flat pages, and a third of the bytes in everybody's clone.
    with Image.open(path) as taken:
        reduced = taken.convert("RGB").quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    reduced.save(path, optimize=True)


def go(page: Page, way: Way) -> None:
    """From the page before to the next."""
    if callable(way):
        way(page)
    elif way.startswith("dog:"):
        go(page, "/patients/")
        go(page, f"link:main a:text-is('{way.removeprefix('dog:')}')")
    elif way.startswith("link:"):
        page.goto(urljoin(page.url, page.locator(way.removeprefix("link:")).first.get_attribute("href")))
    else:
        page.goto(way)


def walk(
    browser: Browser, base_url: str, *, persona: str, size: str, theme: Theme, names: Collection[str], folder: Path
) -> None:
    context = browser.new_context(
        base_url=base_url, viewport=SIZES[size], color_scheme=theme, locale="en-GB", reduced_motion="reduce"
    )
    page = context.new_page()
    page.goto("/demo/")
    if persona == "owner":
        picture(page, f"demo-{size}-{theme}", folder)
    page.locator(f"form[action='/demo/{persona}/'] button").click()
    page.wait_for_load_state()
    for name, way in PAGES[persona]:
        go(page, way)
        if name in names:
            picture(page, f"{name}-{size}-{theme}", folder)
    context.close()


def read_mail(
    browser: Browser,
    base_url: str,
    *,
    mailed: Mapping[str, str],
    size: str,
    theme: Theme,
    names: Collection[str],
    folder: Path,
) -> None:
    """The mails as letters, and what their links open, for whoever holds them."""
    context = browser.new_context(
        base_url=base_url, viewport=SIZES[size], color_scheme=theme, locale="en-GB", reduced_motion="reduce"
    )
    page = context.new_page()
    for name, kind in MAILS.items():
        if name in names:
            page.set_content(mailed[kind])
            picture(page, f"{name}-{size}-{theme}", folder)
    for name, link in LINKS.items():
        if name in names:
            page.goto(mailed[link])
            picture(page, f"{name}-{size}-{theme}", folder)
    context.close()


def main() -> None:
    everything = len(sys.argv) > 1
    folder = Path(sys.argv[1]) if everything else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    chromium = find_chromium()
    if chromium is None:
        sys.exit("Chromium is needed: apt-get install chromium")
    with installation() as (base_url, mailed), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-dev-shm-usage"])
        for size in SIZES:
            for theme in THEMES:
                for persona, pages in PAGES.items():
                    if everything or USUAL_SIZE[persona] == size:
                        names = {
                            name
                            for name, _ in pages
                            if name
                            and (everything or (name not in BY_THE_WAY and (theme == "light" or name in DARK_TOO)))
                        }
                        walk(browser, base_url, persona=persona, size=size, theme=theme, names=names, folder=folder)
                if everything or (size, theme) == ("phone", "light"):
                    names = {*MAILS, *LINKS} if everything else MAIL_SHOWN
                    read_mail(browser, base_url, mailed=mailed, size=size, theme=theme, names=names, folder=folder)
                print(f"{size}, {theme}: done", flush=True)
        browser.close()


if __name__ == "__main__":
    main()
