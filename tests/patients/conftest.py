"""Pages read the clock; here it stands at ``make.NOW``."""

import datetime as dt
from collections.abc import Iterator

import pytest
import time_machine


@pytest.fixture
def clock(now: dt.datetime) -> Iterator[time_machine.Traveller]:
    with time_machine.travel(now, tick=False) as clock:
        yield clock
