"""How soon a phone shows a tick: Today in Chromium, its processor slowed down four times, from each tap to the painted answer.

From the time the browser gives the tap's own event, so that waiting for a busy page counts, to the first task after the
frame with the change: by then that frame has been painted.
"""

import math
import os
import statistics
import subprocess
import time
from http.cookies import SimpleCookie

from playwright.sync_api import Page, sync_playwright

from rehab.management.commands.up import answers, programs
from tests.journeys.browsers import find_chromium
from tests.journeys.stack import ROOT, free_port

SLOWDOWN = 4
TAPS = 20
GOAL_MS = 100
# As hasty as one gets through a list: what the tap before set in motion may still be under way.
BETWEEN_MS = 700
WARM_MS = 3000

# An answer of the server may take the place of what was tapped, which is then found by its key.
WATCH = """() => {
  window.shownAfter = [];
  const stateOf = (id) => document.getElementById(id)?.closest("[data-state]").dataset.state;
  let tap = null;
  addEventListener("click", ({ target, timeStamp }) => {
    const id = target.closest("button")?.id;
    tap = { id, was: stateOf(id), at: timeStamp };
  }, { capture: true });
  new MutationObserver(() => {
    if (!tap || stateOf(tap.id) === tap.was) return;
    const { at } = tap;
    tap = null;
    requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => shownAfter.push(performance.now() - at);
      port2.postMessage(null);
    });
  }).observe(document.querySelector("main"), { subtree: true, childList: true, attributeFilter: ["data-state"] });
}"""


def tapped(page: Page, path: str) -> list[float]:
    """Tick the day through and take ticks back, and return the milliseconds of each tap."""
    page.goto(path)
    # The worker keeps its pages first: that is the first visit's cost, not a tick's.
    page.wait_for_timeout(WARM_MS)
    page.evaluate(WATCH)
    session = page.context.new_cdp_session(page)
    session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWDOWN})
    ticks = [one.get_attribute("id") for one in page.locator("[aria-labelledby=exercises] .slot button[id]").all()]
    for number in range(TAPS):
        page.locator(f"#{ticks[number % len(ticks)]}").tap()
        page.wait_for_timeout(BETWEEN_MS)
    taken: list[float] = page.evaluate("shownAfter")
    return taken


def measured(env: dict[str, str], *, path: str, cookies: str) -> str:
    """Return a line of what was measured on an installation that is set up; or why nothing was."""
    chromium = find_chromium()
    if chromium is None:
        return "How soon a phone shows a tick is left out: Chromium is needed (apt-get install chromium)."
    port = free_port()
    [argv] = [one.argv for one in programs(port=port, web_processes=1, worker_processes=1) if one.name == "web"]
    web = subprocess.Popen(argv, cwd=ROOT, env={**env, "PORT": str(port)})
    try:
        while not answers(port):
            time.sleep(0.1)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=chromium, args=["--no-sandbox", "--disable-dev-shm-usage"]
            )
            device = {
                key: value for key, value in playwright.devices["Pixel 7"].items() if key != "default_browser_type"
            }
            context = browser.new_context(**device, base_url=f"http://127.0.0.1:{port}")
            context.add_cookies(
                [
                    {"name": name, "value": one.value, "url": f"http://127.0.0.1:{port}"}
                    for name, one in SimpleCookie(cookies).items()
                ]
            )
            taken = sorted(tapped(context.new_page(), path))
            browser.close()
    finally:
        web.terminate()
        web.wait(20)
    load = os.getloadavg()[0]
    p95 = taken[math.ceil(0.95 * len(taken)) - 1]
    return (
        f"A tick in Chromium, {SLOWDOWN}x CPU slowdown, from the tap to its paint: median {statistics.median(taken):.0f} ms, "
        f"p95 {p95:.0f} ms, of {len(taken)} taps (goal {GOAL_MS} ms; load {load:.1f} on {os.cpu_count()} processors)."
    )
