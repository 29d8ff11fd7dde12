"""Decisions and doses that the database refuses, whoever asks."""

import datetime as dt
from importlib import import_module
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.models import User
from rehab.programs.dose import DEFAULTS, KEYS, Dose
from rehab.programs.models import Decision, Prescription, Program
from tests import make

RANGE: dict[str, Any] = {"sets": [1, 3], "reps": [3, 10], "days_per_week": [2, 5], "hold_s": [5, 20], "per_day": [1, 3]}
INSIDE: dict[str, Any] = {"sets": 2, "reps": 5, "days_per_week": 3}


@pytest.mark.parametrize(
    "fields",
    [
        {"reason": "Another one"},
        {"rule_ids": ["D1"]},
        {"details": {"from": "P1"}},
        {"kind": "hold", "reason": "x"},
        {"plan_version": 9},
        {"effective_on": make.TODAY},
        {"decided_at": make.NOW},
    ],
    ids=str,
)
def test_database_refuses_to_change_a_decision(plan: Program, fields: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError, match="a decision is immutable"), transaction.atomic():
        Decision.objects.filter(program=plan).update(**fields)


def test_database_refuses_that_another_person_has_decided(plan: Program, colleague: User) -> None:
    with pytest.raises(IntegrityError, match="a decision is immutable"), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("UPDATE programs_decision SET decided_by_id = %s", [colleague.pk.hex])


def prescribe(plan: Program, dose: dict[str, Any], decision: Decision | None = None) -> None:
    exercise = make.make_exercise("sit-stand", dose_range={**RANGE, "note": "slowly", "duration_days": 5})
    made = Prescription(
        clinic=plan.clinic,
        patient=plan.patient,
        program=plan,
        exercise=exercise,
        phase=plan.phase,
        dose=dose,
        starts_on=plan.starts_on,
        started_by=decision or plan.decisions.get(),
    )
    Prescription.objects.bulk_create([made])


@pytest.mark.parametrize(
    "dose",
    [
        INSIDE,
        {**INSIDE, "sets": 1, "reps": 3, "days_per_week": 2},
        {**INSIDE, "sets": 3, "reps": 10, "days_per_week": 5, "hold_s": 20},
        {**INSIDE, "hold_s": 0},
        {**INSIDE, "sets": None},
        {**INSIDE, "minutes": 200, "duration_days": 9},
    ],
    ids=str,
)
def test_database_takes_a_dose_inside_its_range(plan: Program, dose: dict[str, Any]) -> None:
    prescribe(plan, dose)


OUTSIDE: list[dict[str, Any]] = [
    {**INSIDE, "sets": 4},
    {**INSIDE, "reps": 2},
    {**INSIDE, "reps": 11},
    {**INSIDE, "reps": 10.5},
    {**INSIDE, "hold_s": 4},
    # Nothing said is every day.
    {"reps": 5},
    {**INSIDE, "days_per_week": None},
]


@pytest.mark.parametrize("dose", OUTSIDE, ids=str)
def test_dose_outside_its_range_needs_a_reason_in_the_database_too(plan: Program, dose: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError, match="has a reason"), transaction.atomic():
        prescribe(plan, dose)


def test_dose_outside_its_range_with_a_reason(plan: Program, vet: User, now: dt.datetime, today: dt.date) -> None:
    decision = Decision.objects.create(
        clinic=plan.clinic,
        patient=plan.patient,
        program=plan,
        kind="add",
        reason="A small dog",
        plan_version=2,
        effective_on=today,
        decided_by=vet,
        decided_at=now,
    )
    prescribe(plan, OUTSIDE[0], decision)


@pytest.mark.parametrize("dose", [dose for dose in OUTSIDE if dose.get("reps") != 10.5], ids=str)
def test_database_and_dose_agree_on_what_is_outside(dose: dict[str, Any]) -> None:
    assert Dose.from_json(dose).within(RANGE)
    assert not Dose.from_json(INSIDE).within(RANGE)


def test_database_knows_what_a_dose_means_that_does_not_say_it() -> None:
    silent = import_module("rehab.programs.migrations.0005_decisions_and_doses").SILENT
    # No range limits the first week, and no hold is inside every range.
    assert silent | {"from_week": 1, "hold_s": 0} == {
        KEYS[name]: value for name, value in DEFAULTS.items() if type(value) is int
    }
