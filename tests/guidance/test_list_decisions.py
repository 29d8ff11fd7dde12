"""The tap in a row of the list: for whom it is, who decides otherwise, and when it has gone."""

import datetime as dt
import json
import re
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from accounts.models import Membership, User
from rehab.guidance.attention import Code
from rehab.guidance.models import Suggestion
from rehab.guidance.queries.worklist import Listed, treating_clinics
from rehab.guidance.rows import Rows
from rehab.patients.models import Patient
from rehab.programs.models import Program
from rehab.sessions.models import PerformedExercise
from tests import make
from tests.guidance.responses import answer_days, current, evaluated, make_answering_dog
from tests.make import NOW, TODAY

AsUser = Callable[[User], Client]
HERE, THERE = UUID(int=7), UUID(int=8)
LIST = "/patients/"


def listed(code: Code, approver: str, *, first: bool = True, clinic: UUID = HERE) -> Listed:
    offer = {
        "id": str(UUID(int=9)),
        "seen": "d" * 64,
        "step": {"slug": "walk", "dose": {"minutes": 9}, "percent": 0, "is_swap": False, "re_enter": False},
        "dose": {"minutes": 8},
        "swap": "",
        "approver": approver,
    }
    said = {"rule": "P1", "decision": "progress", "numbers": {"percent": 100, "usual": 0}}
    found: list[dict[str, Any]] = [
        {"code": code.value, "severity": 34, "numbers": {"count": 1, "exercise": "Walk", "said": said, "offer": offer}}
    ]
    if not first:
        found.insert(0, {"code": "silent", "severity": 60, "numbers": {"days": 3}})
    return Listed(
        id=UUID(int=1),
        name="Bruno",
        breed="",
        time_zone="UTC",
        clinic=clinic,
        owner=None,
        as_of=NOW.date(),
        attention=found[0]["severity"],
        origin="",
        mechanism="",
        cause="",
        neuro_grade=None,
        phase="P1",
        phase_name="",
        adherence_percent=None,
        last_pain=None,
        last_pain_on=None,
        reasons=json.dumps(found),
        pain_series="[]",
    )


def row(dog: Listed, *, as_vet: frozenset[UUID] = frozenset()) -> str:
    return Rows(at=NOW, csrf="token", as_vet=as_vet).row(dog)


@pytest.mark.parametrize("code", [Code.READY_TO_PROGRESS, Code.REGRESS_SUGGESTED])
def test_what_only_a_vet_decides_is_a_vets_tap(code: Code) -> None:
    html = row(listed(code, "vet"), as_vet=frozenset({HERE}))
    assert "data-accept" in html
    assert "Walk: 8 → 9 minutes" in html
    assert "A vet decides." not in html


@pytest.mark.parametrize("as_vet", [frozenset(), frozenset({THERE})])
def test_therapist_reads_who_decides_also_as_a_vet_elsewhere(as_vet: frozenset[UUID]) -> None:
    html = row(listed(Code.READY_TO_PROGRESS, "vet"), as_vet=as_vet)
    assert "data-accept" not in html
    assert "A vet decides." in html


@pytest.mark.parametrize("as_vet", [frozenset(), frozenset({HERE})])
@pytest.mark.parametrize("approver", ["vet_or_therapist", "pre_approved"])
def test_all_staff_have_the_tap_of_what_all_staff_decide(approver: str, as_vet: frozenset[UUID]) -> None:
    assert "data-accept" in row(listed(Code.READY_TO_PROGRESS, approver), as_vet=as_vet)


def test_what_nobody_decides_is_nobodys_tap() -> None:
    html = row(listed(Code.READY_TO_PROGRESS, "nobody"), as_vet=frozenset({HERE}))
    assert "data-accept" not in html
    assert "Nobody decides this while the row forbids it." in html


def test_more_of_something_is_offered_only_where_nothing_else_is_said() -> None:
    assert "data-accept" not in row(listed(Code.READY_TO_PROGRESS, "vet_or_therapist", first=False))
    assert "A vet decides." not in row(listed(Code.READY_TO_PROGRESS, "vet", first=False))
    assert "data-accept" in row(listed(Code.REGRESS_SUGGESTED, "vet_or_therapist", first=False))


def test_good_news_has_a_good_mark() -> None:
    html = row(listed(Code.READY_TO_PROGRESS, "vet_or_therapist"))
    badge = re.search(r'<span class="badge badge-(\w+)"><svg[^>]*><use href="[^"#]*#([\w-]+)"/>', html)
    assert badge is not None
    assert badge.groups() == ("ok", "arrow-up")
    late = re.search(r"badge-(\w+)", row(listed(Code.READY_TO_PROGRESS, "vet_or_therapist", first=False)))
    assert late is not None
    assert late[1] == "watch"


# --- With the record ---------------------------------------------------------------------------------------------------


@pytest.fixture
def ready(patient: Patient, vet: User) -> Program:
    program = make_answering_dog(patient, vet)
    answer_days(program)
    return program


@pytest.fixture(autouse=True)
def _at_that_time(now: dt.datetime) -> Iterator[None]:
    with time_machine.travel(now, tick=False):
        yield


@pytest.mark.django_db
def test_clinics_say_where_the_person_is_a_vet(vet: User, therapist: User) -> None:
    clinic = Membership.objects.get(user=vet).clinic_id
    assert treating_clinics(vet).as_vet == {clinic}
    assert set(treating_clinics(therapist).names) == {clinic}
    assert treating_clinics(therapist).as_vet == frozenset()


def shown(client: Client) -> int:
    return client.get(LIST, {"show": "ready"}).content.count(b"<tr data-level")


def test_ready_lists_no_dog_whose_step_was_answered_today(as_user: AsUser, ready: Program, vet: User) -> None:
    suggestion = evaluated(ready)
    browser = as_user(vet)
    assert shown(browser) == 1
    hold = reverse("guidance:prescription-decide", args=[current(ready).pk, "hold"])
    assert browser.post(hold, {"plan_version": "1", "reason": "Holiday"}).status_code == 302
    assert Suggestion.objects.get(pk=suggestion.pk).outcome == "more_careful"
    assert Suggestion.objects.open().filter(patient=ready.patient, verdict="progress").exists()
    assert shown(browser) == 0
    done = make.make_tick(current(ready), TODAY)
    PerformedExercise.objects.filter(pk=done.pk).update(quality=3)
    make.make_pain(ready.patient, TODAY, "before", 0)
    make.make_pain(ready.patient, TODAY, "after", 0)
    evaluated(ready)
    assert shown(browser) == 1
