"""A plan to change: one exercise that can go both ways, one that is care."""

import datetime as dt
from typing import Any

import pytest

from accounts.models import User
from rehab.library.models import Exercise, Protocol, ProtocolPhase
from rehab.patients.models import Patient, ProblemDefinition
from rehab.programs.models import Prescription, Program
from tests import make

WALK: dict[str, Any] = {
    "name": "Leash walk",
    "category": "gait_endurance",
    "load": 2,
    "dose": {"minutes": 5, "per_day": 3},
    "dose_range": {"minutes": [2, 30], "per_day": [1, 5]},
    "contraindications": ["X_REDFLAG", "X_STRICT", "X_PAIN"],
    "easier_slug": "sling-walk",
    "harder_slug": "hill-walk",
}


@pytest.fixture
def walk(db: None) -> Exercise:
    return make.make_exercise("leash-walk", **WALK)


@pytest.fixture
def hill(db: None) -> Exercise:
    """Harder than the walk: load 4, from phase P4."""
    return make.make_exercise(
        "hill-walk",
        name="Hill walk",
        category="gait_endurance",
        load=4,
        earliest_phase="P4",
        dose={"minutes": 5, "days_per_week": 3},
        dose_range={"minutes": [2, 15], "days_per_week": [2, 5]},
        easier_slug="leash-walk",
    )


@pytest.fixture
def sling(db: None) -> Exercise:
    """Easier than the walk."""
    return make.make_exercise(
        "sling-walk",
        name="Sling walk",
        category="gait_endurance",
        load=1,
        dose={"minutes": 3, "per_day": 3},
        dose_range={"minutes": [1, 10], "per_day": [1, 6]},
        harder_slug="leash-walk",
    )


@pytest.fixture
def wash(db: None) -> Exercise:
    return make.make_exercise(
        "warm-wash",
        name="Daily warm wash",
        category="nursing_care",
        mode="passive",
        load=0,
        dose={"minutes": 5, "per_day": 1},
        dose_range={"minutes": [3, 10], "per_day": [1, 4]},
        earliest_phase="P0",
        grades=[0, 1, 2, 3, 4, 5],
        contraindications=["X_REDFLAG"],
    )


@pytest.fixture
def protocol(walk: Exercise, wash: Exercise) -> Protocol:
    """For row D1: phase P1 and P2 with a walk, a wash, and what the tests say."""
    protocol = Protocol.objects.create(
        slug="soft-tissue-strain",
        name="Soft-tissue strain of the back",
        content_hash="0" * 64,
        cause="soft_tissue",
        rows=["D1"],
        profile="msk",
        total_weeks="6-14",
    )
    for position, (code, name) in enumerate([("P1", "Gentle motion"), ("P2", "Steady")]):
        ProtocolPhase.objects.create(
            protocol=protocol,
            position=position,
            code=code,
            name=name,
            days_min=5,
            days_max=14,
            items=[
                {"exercise": "leash-walk", "dose": {"minutes": 10, "per_day": 2}},
                {"exercise": "warm-wash", "note": "With a soft towel"},
            ],
        )
    return protocol


@pytest.fixture
def phase(protocol: Protocol) -> ProtocolPhase:
    return protocol.phases.get(code="P1")


@pytest.fixture
def plan(patient: Patient, vet: User, definition: ProblemDefinition, walk: Exercise, wash: Exercise) -> Program:
    """An open program in phase P2, row D1: a walk of 5 minutes three times a day, and a wash."""
    return make.make_program(
        patient,
        vet,
        definition,
        exercises=[(walk, {"minutes": 5, "per_day": 3}), (wash, {"minutes": 5, "per_day": 1})],
    )


@pytest.fixture
def shown_back(patient: Patient, vet: User, walk: Exercise) -> None:
    """The family has shown back the walk, so that it may progress."""
    make.teach(patient, walk, by=vet)


@pytest.fixture
def walking(plan: Program) -> Prescription:
    return prescribed(plan, "leash-walk")


@pytest.fixture
def washing(plan: Program) -> Prescription:
    return prescribed(plan, "warm-wash")


def prescribed(program: Program, slug: str) -> Prescription:
    prescription: Prescription = (
        Prescription.objects.current()
        .select_related("exercise", "program__patient", "program__protocol", "clinic")
        .get(program=program, exercise__slug=slug)
    )
    return prescription


@pytest.fixture
def tomorrow(today: dt.date) -> dt.date:
    return today + dt.timedelta(days=1)
