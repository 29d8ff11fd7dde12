"""Where Chromium is on this machine."""

import os
import shutil
from pathlib import Path

from playwright.sync_api import Playwright, sync_playwright


def find_chromium() -> str | None:
    """Return the path of a Chromium: the system's, or the one Playwright has installed; None without any."""
    for name in ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"):
        if path := shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/bin"):
            return path
    with sync_playwright() as playwright:
        return playwright_chromium(playwright)


def playwright_chromium(playwright: Playwright) -> str | None:
    """Return Playwright's own Chromium where it has been downloaded."""
    path = playwright.chromium.executable_path
    return path if Path(path).is_file() else None
