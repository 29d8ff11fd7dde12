"""Whether it works: what a load balancer, a monitoring system and a woken person are told."""

import datetime as dt
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.core.cache import caches
from django.db import connection
from django.db.utils import OperationalError
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings
from structlog.testing import capture_logs

from accounts.models import User
from rehab.guidance.models import AlertDelivery, AlertMark
from rehab.nudges.heartbeat import beat
from rehab.nudges.models import Heartbeat, Nudge
from rehab.ops import checks, signs
from rehab.ops.views import _everything
from rehab.patients.models import Patient
from tests.guidance.alerting.conftest import Raised, raised
from tests.journeys.stack import free_port

__all__ = ["raised"]  # a fixture

MINUTE = dt.timedelta(minutes=1)
ALL_OK = {
    "web": "ok",
    "database": "ok",
    "cache": "ok",
    "broker": "ok",
    "tick": "ok",
    "delivery": "ok",
    "measure": "ok",
    "habit": "ok",
    "nudges": "ok",
    "alerts": "ok",
    "alerts_raised": "ok",
}


@pytest.fixture(autouse=True)
def fresh_look() -> Iterator[None]:
    _everything.forget()
    yield
    _everything.forget()


@pytest.fixture
def working(db: None) -> dt.datetime:
    """An installation whose parts have all just run."""
    at = timezone.now()
    for part in Heartbeat.Part:
        beat(part, at=at)
    return at


def ask(path: str = "/health/", **more: Any) -> tuple[int, dict[str, str]]:
    _everything.forget()
    answer = Client().get(path, **more)
    return answer.status_code, answer.json()["checks"]


def ill(path: str = "/health/") -> dict[str, str]:
    code, found = ask(path)
    wrong = {name: told for name, told in found.items() if told != "ok"}
    assert code == (503 if wrong else 200)
    return wrong


def make_nudge(user: User, patient: Patient, *, late: dt.timedelta, **changed: Any) -> Nudge:
    at = timezone.now()
    values: dict[str, Any] = {
        "user": user,
        "patient": patient,
        "clinic": patient.clinic,
        "local_day": at.date(),
        "time_zone": "UTC",
        "planned_at": at - late,
        "next_attempt_at": at - late,
        "expires_at": at + dt.timedelta(hours=3),
    }
    return Nudge.objects.create(**{**values, **changed})


def test_everything_works(working: dt.datetime) -> None:
    assert ask() == (200, ALL_OK)
    assert Client().get("/health/").json()["status"] == "ok"


def test_answer_is_also_text_and_is_kept_by_nobody(working: dt.datetime, client: Client) -> None:
    for answer in (client.get("/health/?format=text"), client.get("/health/", headers={"Accept": "text/plain"})):
        assert answer.content.decode() == "".join(f"{name}: ok\n" for name in ALL_OK)
        assert (answer.headers["Content-Type"], answer.headers["Cache-Control"]) == (
            "text/plain; charset=utf-8",
            "no-store",
        )
    for accept in ("*/*", "text/html", "application/json", "nonsense", "a/b;q=x", ""):
        assert client.get("/health/", headers={"Accept": accept}).json()["status"] == "ok"
    assert client.head("/health/").status_code == 200
    assert client.post("/health/").status_code == 405


def test_process_answers_without_a_look_at_the_database(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    answer = client.get("/health/live/")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "checks": {"web": "ok"}})


def test_statements_are_few_and_do_not_grow(
    working: dt.datetime, patient: Patient, owner: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(1):
        ask("/health/ready/")
    with django_assert_num_queries(5):
        ask()
    for days in range(5):
        make_nudge(owner, patient, late=-MINUTE, local_day=working.date() - days * dt.timedelta(days=1))
    with django_assert_num_queries(5):
        ask()


def test_who_asks_again_at_once_gets_the_last_answer(
    working: dt.datetime, client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    """Anybody may ask: asking often must not cost the database or the broker anything."""
    first = client.get("/health/").json()
    with django_assert_num_queries(0):
        assert [client.get("/health/").json() for _ in range(3)] == [first] * 3


def test_new_installation_without_worker_is_ill_and_still_ready_to_serve(db: None) -> None:
    assert ill() == {"tick": "has never run"}
    assert ill("/health/ready/") == {}


def test_beat_or_worker_that_stopped_is_told_but_does_not_take_the_pages_away(working: dt.datetime) -> None:
    beat(Heartbeat.Part.TICK, at=working - 5 * MINUTE)
    assert ill() == {"tick": "ran last 5 minutes ago"}
    assert ill("/health/ready/") == ill("/health/live/") == {}


def test_slow_tick_may_be_late_by_its_own_measure(working: dt.datetime, settings: Settings) -> None:
    settings.NUDGE_TICK_SECONDS = 3600
    beat(Heartbeat.Part.TICK, at=working - 170 * MINUTE)
    assert ill() == {}
    beat(Heartbeat.Part.TICK, at=working - 190 * MINUTE)
    assert ill() == {"tick": "ran last 3 hours ago"}


def test_part_that_runs_seldom_is_late_after_hours(working: dt.datetime) -> None:
    beat(Heartbeat.Part.MEASURE, at=working - 4 * 60 * MINUTE)
    beat(Heartbeat.Part.HABIT, at=working - 51 * 60 * MINUTE)
    assert ill() == {"measure": "ran last 4 hours ago", "habit": "ran last 51 hours ago"}


def test_delivery_is_late_only_when_something_waits(working: dt.datetime, patient: Patient, owner: User) -> None:
    beat(Heartbeat.Part.DELIVERY, at=working - 24 * 60 * MINUTE)
    assert ill() == {}
    nudge = make_nudge(owner, patient, late=4 * MINUTE)
    assert ill() == {"delivery": "ran last 24 hours ago, and messages wait"}
    Heartbeat.objects.filter(part="delivery").delete()
    assert ill() == {"delivery": "has never run, and messages wait"}
    beat(Heartbeat.Part.DELIVERY, at=working)
    assert ill() == {}
    Nudge.objects.filter(pk=nudge.pk).update(next_attempt_at=working - 16 * MINUTE)
    assert ill() == {"nudges": "the oldest has been waiting for 16 minutes"}


@pytest.mark.parametrize("changed", [{"state": "sent", "finished_at": timezone.now()}, {"late": -MINUTE}])
def test_nudge_that_is_sent_or_not_due_yet_is_not_late(
    working: dt.datetime, patient: Patient, owner: User, changed: dict[str, Any]
) -> None:
    make_nudge(owner, patient, **{"late": 60 * MINUTE, **changed})
    assert ill() == {}


def test_alert_that_reaches_nobody_is_told_first(working: dt.datetime, raised: Raised) -> None:
    raised("RF01", at=working)
    AlertDelivery.objects.update(next_attempt_at=working - 6 * MINUTE)
    assert ill() == {"alerts": "the oldest has been waiting for 6 minutes"}


def test_nobody_looks_for_warning_signs(working: dt.datetime) -> None:
    AlertMark.objects.create(seen_until=working - 31 * MINUTE)
    assert ill() == {"alerts_raised": "ran last 31 minutes ago"}


def test_checks_keep_to_the_contract_of_the_library(working: dt.datetime) -> None:
    looked_at = checks.of_the_work(signs.read(at=working + 5 * MINUTE))
    found = {check.name: async_to_sync(check.get_result)() for check in looked_at}
    told = {name: str(result.error) for name, result in found.items() if result.error}
    assert told == {"tick": "Unavailable: ran last 5 minutes ago"}
    assert async_to_sync(checks.Database().get_result)().error is None


# --- What is away ----------------------------------------------------------------------------------------------------


def test_database_that_is_away_says_nothing_about_where_it_was(
    working: dt.datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Away:
        def __enter__(self) -> None:
            raise OperationalError('connection to server at "db.internal" (10.0.0.5) failed: password for "anna"')

        def __exit__(self, *args: object) -> None:
            return None

    with capture_logs() as logs, monkeypatch.context() as patched:
        patched.setattr(connection, "cursor", Away)
        assert ask("/health/ready/") == (503, {"database": "does not answer", "cache": "ok"})
        assert ask() == (503, {"web": "ok", "database": "does not answer", "cache": "ok", "broker": "ok"})
        assert ask("/health/live/")[0] == 200
    assert {(line["check"], line["error"]) for line in logs} == {("database", "OperationalError")}
    assert "internal" not in str(logs)


def test_cache_that_is_away_takes_the_process_out(
    working: dt.datetime, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    monkeypatch.setattr(caches["default"], "_dir", str(tmp_path / "cache"))
    assert ill("/health/ready/") == {"cache": "does not answer"}


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A server that lets everybody in and then says nothing at all."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize("scheme", ["redis", "amqp"])
def test_broker_that_is_away_or_silent_is_told_within_seconds(
    working: dt.datetime, settings: Settings, monkeypatch: pytest.MonkeyPatch, silent_port: int, scheme: str
) -> None:
    monkeypatch.setattr(checks, "BROKER_SECONDS", 0.3)
    settings.CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_timeout": 30} if scheme == "redis" else {}
    for port in (free_port(), silent_port):
        settings.CELERY_BROKER_URL = f"{scheme}://user:hunter2@127.0.0.1:{port}/"
        begun = time.monotonic()
        with capture_logs() as logs:
            assert ill() == {"broker": "does not answer"}
        # Far less than the thirty seconds that a worker would wait; the first time, the client is loaded too.
        assert time.monotonic() - begun < 10
        assert "hunter2" not in str(logs)
    assert ill("/health/ready/") == {}


# --- Who asks --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/health/", "/health/live/", "/health/ready/"])
def test_load_balancer_asks_by_address_and_without_tls(working: dt.datetime, settings: Settings, path: str) -> None:
    settings.SECURE_SSL_REDIRECT, settings.ALLOWED_HOSTS = True, ["rehab.example.org"]
    for host in ("10.0.0.7:8000", "rehab.example.org", "[::1]", "no such host!"):
        assert Client(headers={"Host": host}).get(path).status_code == 200
    assert Client(headers={"Host": "10.0.0.7:8000"}).get("/", secure=True).status_code == 400
    assert Client(headers={"Host": "rehab.example.org"}).get("/").status_code == 301


def test_answers_name_no_host_no_person_and_no_secret(
    working: dt.datetime, settings: Settings, owner: User, patient: Patient
) -> None:
    make_nudge(owner, patient, late=60 * MINUTE)
    said = "".join(Client().get(path).content.decode() for path in ("/health/", "/health/ready/", "/health/live/"))
    assert "waiting" in said
    for secret in ("localhost", "127.0.0.1", str(settings.VAR_DIR), owner.email, patient.name, str(patient.pk)):
        assert secret not in said
