"""The wake-ups: thin, and without content that a broker could lose."""

import datetime as dt
from typing import Any

import pytest
import time_machine
from celery import current_app
from django.conf import settings
from django.core.mail import EmailMessage
from django.db import OperationalError

import rehab.celery  # noqa: F401 (names the application)
from accounts.models import Clinic, User
from rehab.nudges import actions, tasks
from rehab.nudges.models import Heartbeat, Nudge
from rehab.programs.models import Program
from tests.nudges.families import make_families


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The wake-ups that would have gone to the broker."""
    calls: list[dict[str, Any]] = []
    monkeypatch.setattr(tasks.deliver_batch, "apply_async", lambda *args, **options: calls.append(options))
    return calls


def test_tasks_have_the_names_that_beat_and_routes_use() -> None:
    scheduled = settings.CELERY_BEAT_SCHEDULE["nudges"]["task"]
    assert (scheduled, tasks.deliver_batch.name) == (tasks.tick.name, "rehab.nudges.tasks.deliver_batch")
    assert tasks.tick.ignore_result
    routed = current_app.amqp.router.route({}, tasks.deliver_batch.name)
    assert routed["queue"].name == f"{settings.CELERY_QUEUE_PREFIX}-nudges"


def test_hourly_work_is_scheduled_and_does_not_wait_for_mail(now: dt.datetime, db: None) -> None:
    hourly = {"nudges-habits": (tasks.learn_habits, "habit"), "nudges-effect": (tasks.measure, "measure")}
    for name, (task, part) in hourly.items():
        entry = settings.CELERY_BEAT_SCHEDULE[name]
        assert (entry["task"], entry["schedule"], entry["options"]) == (task.name, 3600, {"expires": 3600})
        assert task.ignore_result
        queue = current_app.amqp.router.route({}, task.name)["queue"].name
        assert queue == f"{settings.CELERY_QUEUE_PREFIX}-default"
        with time_machine.travel(now, tick=False):
            task()
        assert Heartbeat.objects.get(part=part).beat_at == now


def test_tick_plans_and_wakes_workers(program: Program, evening: dt.datetime, published: list[dict[str, Any]]) -> None:
    with time_machine.travel(evening, tick=False):
        tasks.tick()
    assert Nudge.objects.count() == 1
    assert published == [{"expires": settings.NUDGE_TICK_SECONDS}]


def test_tick_wakes_nobody_when_nothing_is_ready(
    program: Program, now: dt.datetime, published: list[dict[str, Any]]
) -> None:
    with time_machine.travel(now, tick=False):
        tasks.tick()
    assert published == []


def test_tick_wakes_a_bounded_number_of_workers(
    clinic: Clinic, vet: User, evening: dt.datetime, published: list[dict[str, Any]]
) -> None:
    make_families(clinic, vet, 120, dogs=1)
    with time_machine.travel(evening, tick=False):
        tasks.tick()
    assert len(published) == 4


def test_tick_delivers_what_is_ready_even_when_planning_fails(
    program: Program, evening: dt.datetime, published: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    actions.plan(at=evening)

    def too_slow(*, at: dt.datetime) -> int:
        raise OperationalError("canceling statement due to statement timeout")

    monkeypatch.setattr(actions, "plan", too_slow)
    with time_machine.travel(evening, tick=False), pytest.raises(OperationalError):
        tasks.tick()
    assert len(published) == 1


@pytest.mark.parametrize(("families", "again"), [(3, 0), (20, 1)])
def test_full_batch_wakes_the_next_one(
    clinic: Clinic,
    vet: User,
    evening: dt.datetime,
    published: list[dict[str, Any]],
    mailoutbox: list[EmailMessage],
    families: int,
    again: int,
) -> None:
    make_families(clinic, vet, families, dogs=1)
    actions.plan(at=evening)
    with time_machine.travel(evening, tick=False):
        tasks.deliver_batch()
    assert (len(mailoutbox), len(published)) == (families, again)
