"""What must be true of an installation that works, each with a sentence for whoever is woken at night.

The checks are django-health-check's, so that others can be put beside them and its view can show them. That view does not
fit here: it answers 500, its own checks repeat the server's words, which may name hosts and users, and what it cannot read
in an Accept header breaks it.
"""

import datetime as dt
import secrets
from abc import abstractmethod
from dataclasses import dataclass, field
from typing import Final

import structlog
from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from health_check.base import HealthCheck
from health_check.exceptions import ServiceUnavailable
from kombu import Connection

from rehab.nudges.models import Heartbeat
from rehab.ops.signs import Signs

BROKER_SECONDS: Final = 2
# A part is late when it has missed a few of its turns; never sooner than this, for beat and worker need to start.
SOONEST: Final = dt.timedelta(minutes=3)
MISSED_TURNS: Final = 3
MEASURED_WITHIN: Final = dt.timedelta(hours=3)
LEARNED_WITHIN: Final = dt.timedelta(hours=50)
RAISED_WITHIN: Final = dt.timedelta(minutes=30)
NUDGES_WITHIN: Final = dt.timedelta(minutes=15)
ALERTS_WITHIN: Final = dt.timedelta(minutes=5)

log = structlog.get_logger(__name__)


class Ill(ServiceUnavailable):
    """A sentence about what is wrong; it names no host, no person and no secret, for anybody may read it."""

    def __init__(self, why: str) -> None:
        super().__init__(why)  # type: ignore[no-untyped-call]
        self.why = why


class Check(HealthCheck):
    """One thing that must be true; ``name`` is its name in the answer."""

    name: str

    @abstractmethod
    def look(self) -> None:
        """Raises: Ill when it is not true; whatever a client raises when it does not answer."""

    async def run(self) -> None:
        """The same for the library, in the thread that holds the database connection."""
        await sync_to_async(self.look, thread_sensitive=True)()


@dataclass
class Database(Check):
    name = "database"

    def look(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            cursor.fetchone()


@dataclass
class Cache(Check):
    """Rate limits count there: without it nobody can sign in."""

    name = "cache"

    def look(self) -> None:
        key, value = f"health:{secrets.token_hex(8)}", secrets.token_hex(8)
        cache.set(key, value, timeout=10)
        if cache.get(key) != value:
            raise Ill("does not keep what it is given")
        cache.delete(key)


@dataclass
class Broker(Check):
    """A real connection, opened for this look and closed again."""

    name = "broker"

    def look(self) -> None:
        options = {**settings.CELERY_BROKER_TRANSPORT_OPTIONS}
        if "socket_timeout" in options:
            options |= {"socket_timeout": BROKER_SECONDS, "socket_connect_timeout": BROKER_SECONDS}
        with Connection(
            settings.CELERY_BROKER_URL or "", connect_timeout=BROKER_SECONDS, heartbeat=0, transport_options=options
        ) as broker:
            broker.ensure_connection(max_retries=1, interval_start=0, timeout=BROKER_SECONDS)
            broker.channel()  # only now some transports connect


@dataclass
class Ran(Check):
    """A part of the work behind the pages ran lately; one that starts late may never have run yet."""

    name: str
    age: float | None
    within: dt.timedelta
    may_be_new: bool = False

    def look(self) -> None:
        if self.age is None and not self.may_be_new:
            raise Ill("has never run")
        if self.age is not None and self.age > self.within.total_seconds():
            raise Ill(f"ran last {_told(self.age)} ago")


@dataclass
class Delivery(Check):
    """Whether workers take what is ready. With nothing ready they have no reason to run, and none to be late."""

    signs: Signs = field(repr=False)
    name = Heartbeat.Part.DELIVERY.value

    def look(self) -> None:
        age, limit = self.signs.ages.get(self.name), SOONEST.total_seconds()
        if self.signs.nudge_delay <= limit:
            return
        if age is None:
            raise Ill("has never run, and messages wait")
        if age > limit:
            raise Ill(f"ran last {_told(age)} ago, and messages wait")


@dataclass
class Waiting(Check):
    """The oldest message that could go out is not older than this."""

    name: str
    delay: float
    within: dt.timedelta

    def look(self) -> None:
        if self.delay > self.within.total_seconds():
            raise Ill(f"the oldest has been waiting for {_told(self.delay)}")


def needed_to_serve() -> list[Check]:
    """Without these a web process is of no use, and others should get its visitors."""
    return [Database(), Cache()]


def of_the_work(signs: Signs) -> list[Check]:
    """What may lie still while pages are served."""
    ages, tick = signs.ages, max(SOONEST, MISSED_TURNS * dt.timedelta(seconds=settings.NUDGE_TICK_SECONDS))
    Part = Heartbeat.Part  # noqa: N806 (a class)
    return [
        # The tick is started by beat and run by a worker: it tells of both.
        Ran(name=Part.TICK.value, age=ages.get(Part.TICK), within=tick),
        Delivery(signs=signs),
        Ran(name=Part.MEASURE.value, age=ages.get(Part.MEASURE), within=MEASURED_WITHIN, may_be_new=True),
        Ran(name=Part.HABIT.value, age=ages.get(Part.HABIT), within=LEARNED_WITHIN, may_be_new=True),
        Waiting(name="nudges", delay=signs.nudge_delay, within=NUDGES_WITHIN),
        Waiting(name="alerts", delay=signs.alert_delay, within=ALERTS_WITHIN),
        Ran(name="alerts_raised", age=signs.raised_age, within=RAISED_WITHIN, may_be_new=True),
    ]


def result(check: Check) -> str:
    """“ok”, or why not; an error of a library is logged by its class and told as nothing but that it does not answer."""
    try:
        check.look()
    except Ill as error:
        log.warning("health", check=check.name, why=error.why)
        return error.why
    except Exception as error:  # noqa: BLE001 (whatever a client raises, its words may name hosts and users)
        log.warning("health", check=check.name, error=type(error).__name__)
        return "does not answer"
    return "ok"


def _told(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60:.0f} minutes" if seconds < 7200 else f"{seconds / 3600:.0f} hours"
