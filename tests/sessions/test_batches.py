"""What it costs to take in all that a phone has gathered about one dog, whatever it is and however much."""

import datetime as dt
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from rehab.lib.ids import new_id
from rehab.patients.models import Patient
from rehab.programs.models import LadderStep, Prescription
from rehab.sessions.commands import FACTS
from rehab.sessions.models import Command
from tests import make

pytestmark = pytest.mark.usefixtures("clock")
DAY = dt.timedelta(days=1)
TICKS = 25
DEVICE = str(new_id())
Say = Callable[..., dict[str, Any]]


@pytest.fixture
def browser(as_user: Any, owner: User) -> Client:
    found: Client = as_user(owner)
    return found


@pytest.fixture
def items(patient: Patient, vet: User) -> list[Prescription]:
    exercises = [(f"exercise-{number}", {"per_day": 3}) for number in range(TICKS)]
    return list(make.make_program(patient, vet, exercises=exercises).prescriptions.order_by("position"))


@pytest.fixture
def say(patient: Patient) -> Say:
    """What a phone keeps of one tap, numbered as phones number them."""
    said: list[dict[str, Any]] = []

    def say(kind: str, day: dt.date = make.TODAY, **payload: Any) -> dict[str, Any]:
        said.append(
            {
                "id": str(new_id()),
                "kind": kind,
                "patient": str(patient.pk),
                "payload": payload,
                "day": str(day),
                "done_at": (make.NOW - (make.TODAY - day)).isoformat(),
                "time_zone": "Europe/Madrid",
                "plan_version": 1,
                "device": DEVICE,
                "sequence": len(said) + 1,
            }
        )
        return said[-1]

    return say


def cost(browser: Client, batch: list[dict[str, Any]], outcome: str = "applied") -> int:
    """The statements of a request that sends the batch, each entry of which must come to the same."""
    with CaptureQueriesContext(connection) as queries:
        answer = browser.post(reverse("api:commands"), json.dumps(batch), content_type="application/json")
    assert {one["outcome"] for one in answer.json()["answers"]} == {outcome}
    return len(queries)


@pytest.mark.parametrize("days", [1, 3])
def test_twenty_five_ticks_cost_at_most_twelve_statements(
    browser: Client, items: list[Prescription], say: Say, days: int
) -> None:
    ticks = [
        say("tick", make.TODAY - number % days * DAY, prescription=str(item.pk), slot=1)
        for number, item in enumerate(items)
    ]
    assert len(ticks) == TICKS
    assert cost(browser, ticks) <= 12
    assert Command.objects.count() == TICKS
    # A phone that never heard the answer sends all of it again, and it is looked whether it is known.
    assert cost(browser, ticks, "already_applied") <= 14
    assert Command.objects.count() == TICKS


def of_every_kind(
    say: Say, item: Prescription, step: LadderStep, definition: str, day: dt.date
) -> list[dict[str, Any]]:
    """A day on which a family used everything that it can say."""
    about = {"prescription": str(item.pk)}
    return [
        say("tick", day, **about, slot=1, quality=3),
        say("undo", day, **about, slot=1),
        say("partial", day, **about, slot=1, share=50),
        say("stop", day, **about, slot=2, share=25, stop_signs=["S_CRY"]),
        say("skip", day, **about, slot=3, reason="pain"),
        *(say("pain", day, moment=moment, score=2) for moment in ("next_morning", "before", "after")),
        say("exposure", day, step=str(step.pk), done=True, pain_after=1, stop_signs=[]),
        say("response", day, tired=1, quality=2, areas=[], signs=[], note="Slept well"),
        say("medicine", day, medicine="Gabapentin", time="08:00", given=True),
        say("measure", day, metric="standing_s", value="12", **about),
        say("report", day, answers={"standing_s": 12}, flags=[]),
        say("message", day, text="She stood alone.", **about),
        say("activities", day, definition=definition, activity_1=0, activity_2=1, activity_3=4),
    ]


@pytest.mark.parametrize("days", [1, 3])
def test_all_kinds_together_cost_at_most_forty_statements(
    browser: Client, items: list[Prescription], say: Say, days: int
) -> None:
    step = make.make_step(items[0].program)
    definition = str(items[0].program.definition_id)
    batch = [
        one
        for back in reversed(range(days))
        for item in items[:2]
        for one in of_every_kind(say, item, step, definition, make.TODAY - back * DAY)
    ]
    assert {one["kind"] for one in batch} == FACTS.keys()
    assert len(FACTS) == 13
    assert cost(browser, batch) <= 40
    assert Command.objects.count() == len(batch)
    assert cost(browser, batch, "already_applied") <= 40
