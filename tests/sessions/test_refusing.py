"""What was refused is remembered by its number, as long as that can matter and not without bound."""

import datetime as dt
import json
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from rehab.lib.ids import new_id
from rehab.patients.models import Patient
from rehab.programs.models import Program
from rehab.sessions.models import Command, RefusedCommand
from rehab.sessions.queries.gaps import gaps
from rehab.sessions.refusing import MOST_A_DAY, forget_refused
from rehab.sessions.tasks import forget_unfinished_clips
from tests import make
from tests.sessions.test_gaps import PHONE, entry

DAY = dt.timedelta(days=1)

pytestmark = pytest.mark.usefixtures("clock")


def said(patient: Patient, number: int, score: int = 99, **changes: Any) -> dict[str, Any]:
    """A numbered answer of the phone; a score of 99 is refused."""
    return {
        "id": str(new_id()),
        "kind": "pain",
        "patient": str(patient.pk),
        "payload": {"moment": "before", "score": score},
        "day": patient.today(make.now()).isoformat(),
        "done_at": make.now().isoformat(),
        "device": str(PHONE),
        "sequence": number,
        **changes,
    }


def outcomes(browser: Client, *sent: dict[str, Any]) -> list[str]:
    answer = browser.post(reverse("api:commands"), json.dumps(sent), content_type="application/json")
    assert answer.status_code == 200
    return [one["outcome"] for one in answer.json()["answers"]]


def refused_before(user: User, count: int, *, at: dt.datetime = make.NOW, device: UUID = PHONE, first: int = 1) -> None:
    RefusedCommand.objects.bulk_create(
        RefusedCommand(id=new_id(), issued_by=user, device=device, sequence=first + number, code="x", received_at=at)
        for number in range(count)
    )


def test_what_is_refused_beyond_the_bound_of_a_day_waits_on_the_phone(
    as_user: Any, patient: Patient, owner: User, caregiver: User, program: Program, clock: Any
) -> None:
    refused_before(owner, MOST_A_DAY - 1, device=UUID(int=1), at=make.NOW - DAY / 2)
    refused_before(owner, 5, device=UUID(int=2), at=make.NOW - 2 * DAY)  # of another day
    home, last, more, good = as_user(owner), said(patient, 1), said(patient, 2), said(patient, 3, score=3)
    assert outcomes(home, last, more, good) == ["refused", "not_now", "applied"]
    assert outcomes(home, more, last) == ["not_now", "refused"]
    assert outcomes(home, *(said(patient, number) for number in range(10, 100))) == ["not_now"] * 90
    assert RefusedCommand.objects.count() == MOST_A_DAY + 5
    # Nobody else is kept waiting, and what has no number is not remembered at all.
    assert outcomes(as_user(caregiver), said(patient, 1)) == ["refused"]
    assert outcomes(home, said(patient, 1, device=None, sequence=None)) == ["refused"]
    # Tomorrow it is refused and remembered: none of the three is a gap.
    clock.shift(DAY)
    assert outcomes(home, more) == ["refused"]
    assert gaps([owner.pk], at=make.NOW + 3 * DAY) == []


def test_answer_that_must_wait_says_nothing_that_a_phone_could_take_for_a_refusal(
    as_user: Any, patient: Patient, owner: User, program: Program
) -> None:
    refused_before(owner, MOST_A_DAY, device=UUID(int=1))
    sent = said(patient, 1)
    answer = as_user(owner).post(reverse("api:commands"), json.dumps([sent]), content_type="application/json")
    assert answer.json()["answers"] == [{"id": sent["id"], "outcome": "not_now"}]


@pytest.mark.parametrize("count", [1, 3])
def test_remembering_costs_three_statements(
    as_user: Any, patient: Patient, owner: User, program: Program, count: int
) -> None:
    home = as_user(owner)
    outcomes(home)
    with CaptureQueriesContext(connection) as queries:
        assert outcomes(home, *(said(patient, 1 + number) for number in range(count))) == ["refused"] * count
    assert len([one for one in queries if "refusedcommand" in one["sql"]]) == 3


@pytest.mark.parametrize(
    ("refused", "followed", "is_forgotten"),
    [
        (89, 89, False),
        (91, 91, True),
        (91, 60, False),  # it would be a gap that is told until then
        (91, None, False),  # what comes next may come tomorrow
        (366, None, True),
        (366, 60, True),
    ],
)
def test_it_is_forgotten_once_no_gap_can_be_told_there(
    patient: Patient, owner: User, refused: int, followed: int | None, is_forgotten: bool
) -> None:
    entry(patient, owner, 1, at=make.NOW - (refused + 1) * DAY)
    refused_before(owner, 1, first=2, at=make.NOW - refused * DAY)
    if followed is not None:
        entry(patient, owner, 3, at=make.NOW - followed * DAY)
    entry(patient, owner, 3, device=UUID(int=7), at=make.NOW - 200 * DAY)  # another phone says nothing about this one
    assert forget_refused(at=make.NOW) == int(is_forgotten)
    assert RefusedCommand.objects.exists() is not is_forgotten
    if refused < 365:
        assert gaps([owner.pk], at=make.NOW) == []


def test_forgetting_is_one_statement_of_the_hourly_task(patient: Patient, owner: User) -> None:
    for number in (1, 5):
        entry(patient, owner, number, at=make.NOW - 100 * DAY)
    refused_before(owner, 3, first=2, at=make.NOW - 100 * DAY)
    with CaptureQueriesContext(connection) as queries:
        forget_unfinished_clips.apply()
    assert not RefusedCommand.objects.exists()
    assert len([one for one in queries if one["sql"].startswith("DELETE") and "refused" in one["sql"]]) == 1
    assert Command.objects.count() == 2
