"""Where the browsers are on this machine."""

import os
import shutil
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Playwright, sync_playwright

SEARCHED = f"{os.environ.get('PATH', '')}:/usr/bin"


def find_chromium() -> str | None:
    """Return the path of a Chromium: the system's, or the one Playwright has installed; None without any."""
    for name in ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"):
        if path := shutil.which(name, path=SEARCHED):
            return path
    with sync_playwright() as playwright:
        return playwright_chromium(playwright)


def playwright_chromium(playwright: Playwright) -> str | None:
    """Return Playwright's own Chromium where it has been downloaded."""
    path = playwright.chromium.executable_path
    return path if Path(path).is_file() else None


class Webkit(NamedTuple):
    """What the browser of another family needs: a driver, itself, and a screen where there is none."""

    driver: str
    browser: str
    screen: str


def find_webkit() -> Webkit | None:
    """Return where WebKitGTK is; None when something of it is missing."""
    driver = shutil.which("WebKitWebDriver", path=SEARCHED)
    screen = shutil.which("Xvfb", path=SEARCHED)
    browser = next((str(path) for path in sorted(Path("/usr/lib").glob("*/webkit2gtk-4*/MiniBrowser"))), None)
    return Webkit(driver, browser, screen) if driver and browser and screen else None


class Firefox(NamedTuple):
    """A browser with a push service of its own choosing, and a screen where there is none."""

    browser: str
    screen: str


def find_firefox() -> Firefox | None:
    """Return where Firefox is; None when something of it is missing."""
    browser = shutil.which("firefox-esr", path=SEARCHED) or shutil.which("firefox", path=SEARCHED)
    screen = shutil.which("Xvfb", path=SEARCHED)
    return Firefox(browser, screen) if browser and screen else None
