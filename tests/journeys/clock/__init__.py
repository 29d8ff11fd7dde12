"""Twelve weeks in two minutes: one clock for the product's processes, the browsers and the test.

The clock moves, not the past. Moving every date of the database back instead would have to reach into JSON (doses,
decisions, what was found), past the triggers that refuse to change history, and into what the phones have stored; and
a task that runs meanwhile would write a date that moves twice or never. A clock that jumps forward while everything
runs is what a laptop does that was asleep over night: the product has to bear it anyway, on SQLite as on PostgreSQL,
because no statement of ours asks the database for the time.

Forward only: tasks, marks and keys of the product rely on it. See `sitecustomize.py` for how the processes follow.
"""

import datetime as dt
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import BrowserContext

from tests.journeys.clock.sitecustomize import FORMAT, VARIABLE, Ahead, follow

HERE = Path(__file__).parent


class Clock:
    """The time of one installation, its browsers and this test."""

    def __init__(self, path: Path, ahead: Ahead) -> None:
        self._path = path
        self._ahead = ahead
        self._browsers: list[BrowserContext] = []

    @property
    def now(self) -> dt.datetime:
        return dt.datetime.now(dt.UTC)

    @property
    def environment(self) -> dict[str, str]:
        """What a process of the product is started with to go by this clock."""
        paths = [str(HERE), *filter(None, [os.environ.get("PYTHONPATH")])]
        return {VARIABLE: str(self._path), "PYTHONPATH": os.pathsep.join(paths)}

    def move_to(self, moment: dt.datetime) -> None:
        """Let it be that moment now, everywhere; from there on time passes as usual.

        Raises: ValueError for a moment that has been.
        """
        further = moment - self.now
        if further < dt.timedelta():
            raise ValueError(f"{moment} has been: it is {self.now}")
        (before,) = FORMAT.unpack_from(self._ahead._memory)
        self._ahead.set_ahead(before + further // dt.timedelta(microseconds=1) * 1000)
        for browser in self._browsers:
            browser.clock.set_system_time(self.now)

    def lead(self, browser: BrowserContext) -> None:
        """Let the pages of a browser go by this clock too; their timers run on, and its worker keeps the real one."""
        browser.clock.install(time=self.now)
        self._browsers.append(browser)


@contextmanager
def travelling(path: Path) -> Iterator[Clock]:
    """A clock that this process goes by until the end of the block; `path` is where it is kept."""
    path.write_bytes(FORMAT.pack(0))
    journey, ahead = follow(path)
    try:
        yield Clock(path, ahead)
    finally:
        journey.stop()
