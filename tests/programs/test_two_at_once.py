"""Two people decide in the same moment, on a database that lets them; and the later of two sees both versions."""

import datetime as dt
import re
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import time_machine
from django.db import connections
from django.test import Client
from django.urls import reverse

from accounts.access import Role
from accounts.models import Clinic, User
from rehab.library.models import Exercise
from rehab.patients.models import Patient, ProblemDefinition
from rehab.programs.actions import Item, Seen, StalePlan, assign_program, decide, sign_and_adopt
from rehab.programs.dose import Dose
from rehab.programs.models import Decision, Prescription, Program
from tests import make
from tests.programs.conftest import WALK, prescribed

SignIn = Callable[[User], Client]
VET = frozenset({Role.VET})


def at_once(*acts: Callable[[], None]) -> list[str]:
    """Run the acts in threads of their own; answers what became of each."""
    ready, answers = threading.Barrier(len(acts)), []

    def run(act: Callable[[], None]) -> None:
        try:
            ready.wait()
            act()
            answers.append("done")
        except StalePlan:
            answers.append("stale")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=[act]) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(answers)


@pytest.fixture
def ground(transactional_db: None) -> tuple[User, Patient, ProblemDefinition, Exercise]:
    clinic: Clinic = make.make_clinic()
    vet = make.join(make.make_user("vet@example.test"), clinic, "vet")
    patient = make.make_patient(clinic, vet)
    return vet, patient, make.make_definition(patient, vet), make.make_exercise("leash-walk", **WALK)


def test_two_decisions_at_once_are_one(
    ground: tuple[User, Patient, ProblemDefinition, Exercise], now: dt.datetime
) -> None:
    vet, patient, definition, walk = ground
    program = make.make_program(patient, vet, definition, exercises=[(walk, {"minutes": 5})])
    walking = prescribed(program, "leash-walk")

    def progress() -> None:
        decide(
            kind=Decision.Kind.PROGRESS,
            prescription=walking,
            reason="Two easy weeks",
            plan_version=1,
            by=vet,
            roles=VET,
            at=now,
        )

    assert at_once(progress, progress) == ["done", "stale"]
    assert prescribed(program, "leash-walk").dose == {"minutes": 6}
    assert program.decisions.count() == 2


def test_two_assignments_at_once_are_one(
    ground: tuple[User, Patient, ProblemDefinition, Exercise], now: dt.datetime, today: dt.date
) -> None:
    vet, _patient, definition, walk = ground

    def assign() -> None:
        assign_program(
            definition=definition,
            protocol_phase=None,
            items=[Item(exercise=walk, dose=Dose(minutes=5))],
            starts_on=today,
            by=vet,
            roles=VET,
            at=now,
            seen=Seen(program_id=None, plan_version=None),
        )

    assert at_once(assign, assign) == ["done", "stale"]
    assert Program.objects.count() == 1


def test_signature_and_decision_at_once_both_end(
    ground: tuple[User, Patient, ProblemDefinition, Exercise], now: dt.datetime
) -> None:
    """The signature locks the dog and then the program, a decision the other way round: neither may wait for ever."""
    vet, patient, definition, walk = ground
    program = make.make_program(patient, vet, definition, exercises=[(walk, {"minutes": 20})])
    for _round in range(5):
        draft = make.make_definition(patient, vet, signed=False)
        walking = prescribed(program, "leash-walk")
        version = Program.objects.get(pk=program.pk).plan_version

        def sign(draft: ProblemDefinition = draft) -> None:
            sign_and_adopt(definition=draft, by=vet, roles=VET, at=now)

        def regress(walking: Prescription = walking, version: int = version) -> None:
            decide(
                kind=Decision.Kind.REGRESS,
                prescription=walking,
                reason="Sore",
                plan_version=version,
                by=vet,
                roles=VET,
                at=now,
            )

        assert at_once(sign, regress) in (["done", "done"], ["done", "stale"])
        draft.refresh_from_db()
        assert draft.is_signed
        assert Program.objects.get(pk=program.pk).definition_id == draft.pk


# --- The second sees both versions ------------------------------------------------------------------------------


def text_of(response: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", response.content.decode()))


def url_of(name: str, prescription: Prescription, *more: str) -> str:
    app = "guidance" if name in ("change", "decide", "easier", "harder") else "programs"
    return reverse(f"{app}:prescription-{name}", args=[prescription.pk, *more])


def action_of(response: Any) -> str:
    """Where the form of the page is sent."""
    [found] = re.findall(r'<form id="change"[^>]* action="([^"]+)"', response.content.decode())
    return str(found)


MINE = {"plan_version": "1", "minutes": "4", "per_day": "2", "anchor": "After lunch", "note": "", "reason": "Tired"}


@pytest.fixture
def _at_that_time(now: dt.datetime) -> Iterator[None]:
    with time_machine.travel(now, tick=False):
        yield


@pytest.mark.usefixtures("_at_that_time")
@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
def test_changed_dose_stands_beside_mine_and_mine_goes_on_top(
    as_user: SignIn, vet: User, colleague: User, walking: Prescription, headers: dict[str, str]
) -> None:
    theirs = {**MINE, "minutes": "3", "reason": "Sore after the hill"}
    as_user(colleague).post(url_of("change", walking), theirs)
    browser = as_user(vet)
    answer = browser.post(url_of("change", walking), MINE, headers=headers)
    assert answer.status_code == 409
    read = text_of(answer)
    for said in (
        "Yours, not saved Leash walk: 4 minutes, twice a day, After lunch “Tired”",
        "In the plan now Leash walk: 3 minutes, twice a day, After lunch",
        "Dr. Cai Moss",
        "“Sore after the hill”",
        "Keep theirs",
        "Apply mine on top",
    ):
        assert said in read
    assert 'value="4"' in answer.content.decode()
    now = prescribed(walking.program, "leash-walk")
    assert now.dose == {"minutes": 3, "per_day": 2}
    on_top = {**MINE, "plan_version": answer.context["form"]["plan_version"].value()}
    assert browser.post(action_of(answer), on_top, headers=headers).status_code in (200, 302)
    assert prescribed(walking.program, "leash-walk").dose == {"minutes": 4, "per_day": 2}
    assert [one.reason for one in walking.program.decisions.order_by("plan_version")][1:] == [
        "Sore after the hill",
        "Tired",
    ]


@pytest.mark.usefixtures("_at_that_time", "shown_back")
def test_step_goes_on_top_of_the_dose_that_stands_there_now(
    as_user: SignIn, vet: User, colleague: User, walking: Prescription
) -> None:
    as_user(colleague).post(url_of("change", walking), {**MINE, "per_day": "3"})
    browser = as_user(vet)
    answer = browser.post(url_of("decide", walking, "regress"), {"plan_version": "1", "reason": "Two bad days"})
    assert answer.status_code == 409
    read = text_of(answer)
    assert "Yours, not saved Regress: Leash walk “Two bad days”" in read
    assert "4 minutes, 3 times a day" in read
    assert "3 minutes, 3 times a day" in read
    sent = {"plan_version": "2", "reason": "Two bad days", "swap": "False"}
    assert browser.post(action_of(answer), sent).status_code == 302
    assert prescribed(walking.program, "leash-walk").dose == {"minutes": 3, "per_day": 3}


@pytest.mark.usefixtures("_at_that_time")
def test_removal_goes_on_top_of_the_neighbour_that_took_the_place(
    as_user: SignIn, vet: User, colleague: User, walking: Prescription, sling: Exercise
) -> None:
    as_user(colleague).post(url_of("easier", walking), {"plan_version": "1"})
    answer = as_user(vet).post(url_of("remove", walking), {"plan_version": "1", "reason": "Refuses"})
    assert answer.status_code == 409
    read = text_of(answer)
    assert "Yours, not saved Remove Leash walk “Refuses”" in read
    assert "In the plan now Sling walk: 1 minute, 3 times a day" in read
    assert action_of(answer) == url_of("remove", prescribed(walking.program, "sling-walk"))


@pytest.mark.usefixtures("_at_that_time")
def test_nothing_goes_on_top_of_what_has_left_the_plan(
    as_user: SignIn, vet: User, colleague: User, walking: Prescription
) -> None:
    as_user(colleague).post(url_of("remove", walking), {"plan_version": "1", "reason": "Goal reached"})
    answer = as_user(vet).post(url_of("change", walking), MINE)
    assert answer.status_code == 409
    read = text_of(answer)
    assert "Yours, not saved Leash walk: 4 minutes" in read
    assert "Exercise removed: Leash walk" in read
    assert "Yours has nothing left to change." in read
    assert "Apply mine on top" not in read


@pytest.mark.usefixtures("_at_that_time")
def test_added_exercise_stands_beside_what_was_decided_meanwhile(
    as_user: SignIn, vet: User, colleague: User, plan: Program, walking: Prescription
) -> None:
    make.make_exercise("sniff", name="Sniff search")
    as_user(colleague).post(url_of("remove", walking), {"plan_version": "1", "reason": "Goal reached"})
    browser, url = as_user(vet), reverse("guidance:exercise-add", args=[plan.pk]) + "?exercise=sniff"
    sent = {"plan_version": "1", "sets": "1", "reps": "5", "per_day": "1", "reason": "Balance"}
    answer = browser.post(url, sent)
    assert answer.status_code == 409
    assert "Yours, not saved Sniff search: 5 times, once a day “Balance”" in text_of(answer)
    assert "Exercise removed: Leash walk" in text_of(answer)
    assert browser.post(action_of(answer), {**sent, "plan_version": "2"}).status_code == 302
    assert prescribed(plan, "sniff").dose == {"reps": 5}


@pytest.mark.usefixtures("_at_that_time")
def test_pause_that_came_too_late_shows_the_pause_that_is_there(
    as_user: SignIn, vet: User, colleague: User, plan: Program
) -> None:
    url = reverse("programs:program-pause", args=[plan.pk])
    as_user(colleague).post(url, {"plan_version": "1", "reason": "The dog is ill"})
    answer = as_user(vet).post(url, {"plan_version": "1", "reason": "Holiday"})
    assert answer.status_code == 409
    read = text_of(answer)
    assert "Yours, not saved Pause the program “Holiday”" in read
    assert "“The dog is ill”" in read
    assert "Apply mine on top" not in read
    assert plan.decisions.filter(kind="pause").count() == 1
