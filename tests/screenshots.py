"""``make screenshots``: the pictures in docs/screenshots, of the demo clinic in a real browser.

Starts its own installation in a temporary folder and signs in as the demo's people: families on a phone (360 × 800), staff
on a desktop (1280 × 800), light and dark. ``python -m tests.screenshots FOLDER`` takes every page in every size.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

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

# Who looks, where, and the name of the picture. A path that begins with "link:" is followed from the page before.
PAGES = {
    "owner": [
        ("today", "/today/"),
        ("exercise", "link:a[href*='/exercise/']"),
        ("progress", "link:a[href$='/progress/']"),
        ("help", "link:a[href$='/help/']"),
        ("nudges", "/nudges/"),
        ("settings", "/settings/"),
    ],
    "vet": [
        ("worklist", "/patients/"),
        ("patient", "link:main a:text-is('Max')"),
        ("history", "link:main a[href^='/programs/']"),
        ("worklist-again", "/patients/"),
        ("patient-progressing", "link:main a:text-is('Rocky')"),
        ("decide", "link:main a[href$='/decide/progress/']"),
        ("worklist-3", "/patients/"),
        ("definition", "link:main a:text-is('Nala')"),
        ("definition-draft", "link:main a[href$='/definition/']"),
        ("new-dog", "/patients/new/"),
    ],
    "admin": [("people", "/people/")],
}
# Stations on the way to another page, not pictures of their own.
ON_THE_WAY = ("worklist-again", "worklist-3")


@contextmanager
def installation() -> Iterator[str]:
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
            yield f"http://127.0.0.1:{port}"
        finally:
            web.terminate()
            web.wait(20)


def picture(page: Page, name: str, folder: Path) -> None:
    page.wait_for_load_state("networkidle")
    page.screenshot(path=folder / f"{name}.png", full_page=True)


def walk(browser: Browser, base_url: str, *, personas: Collection[str], size: str, theme: Theme, folder: Path) -> None:
    for persona in personas:
        pages = PAGES[persona]
        context = browser.new_context(
            base_url=base_url, viewport=SIZES[size], color_scheme=theme, locale="en-GB", reduced_motion="reduce"
        )
        page = context.new_page()
        page.goto("/demo/")
        if persona == "owner":
            picture(page, f"demo-{size}-{theme}", folder)
        page.locator(f"form[action='/demo/{persona}/'] button").click()
        page.wait_for_load_state()
        for name, path in pages:
            if path.startswith("link:"):
                page.goto(page.locator(path.removeprefix("link:")).first.get_attribute("href") or "/")
            else:
                page.goto(path)
            if name not in ON_THE_WAY:
                picture(page, f"{name}-{size}-{theme}", folder)
        context.close()


def main() -> None:
    everything = len(sys.argv) > 1
    folder = Path(sys.argv[1]) if everything else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    chromium = find_chromium()
    if chromium is None:
        sys.exit("Chromium is needed: apt-get install chromium")
    with installation() as base_url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-dev-shm-usage"])
        for size in SIZES:
            for theme in THEMES:
                personas = [one for one in PAGES if everything or USUAL_SIZE[one] == size]
                walk(browser, base_url, personas=personas, size=size, theme=theme, folder=folder)
                print(f"{size}, {theme}: done", flush=True)
        browser.close()


if __name__ == "__main__":
    main()
