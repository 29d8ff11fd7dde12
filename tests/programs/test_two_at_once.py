"""Two people decide in the same moment, on a database that lets them."""

import datetime as dt
import threading
from collections.abc import Callable

import pytest
from django.db import connections

from accounts.access import Role
from accounts.models import Clinic, User
from rehab.library.models import Exercise
from rehab.patients.models import Patient, ProblemDefinition
from rehab.programs.actions import Item, Seen, StalePlan, assign_program, decide
from rehab.programs.dose import Dose
from rehab.programs.models import Decision, Program
from tests import make
from tests.programs.conftest import WALK, prescribed

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
