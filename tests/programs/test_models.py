import datetime as dt
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from accounts.models import User
from rehab.library.models import Exercise
from rehab.patients.models import Patient
from rehab.programs.models import Decision, Prescription, Program
from tests import make


@pytest.mark.parametrize(
    "fields",
    [
        {"dose": {"minutes": 60}},
        {"times_per_day": 12},
        {"weekdays": 1},
        {"is_one_off": True},
        {"anchor": "Never"},
        {"note": "Changed"},
        {"phase": "P5"},
        {"starts_on": dt.date(2026, 1, 1)},
    ],
)
def test_database_refuses_to_change_a_prescription(walking: Prescription, fields: dict[str, Any]) -> None:
    with pytest.raises(DatabaseError, match="immutable"), transaction.atomic():
        Prescription.objects.filter(pk=walking.pk).update(**fields)
    walking.refresh_from_db()
    assert walking.dose == {"minutes": 5, "per_day": 3}


def test_database_refuses_to_move_a_prescription(walking: Prescription, wash: Exercise, hill: Exercise) -> None:
    with pytest.raises(DatabaseError, match="immutable"), transaction.atomic():
        Prescription.objects.filter(pk=walking.pk).update(exercise=hill)


def test_database_refuses_to_end_a_prescription_twice(plan: Program, walking: Prescription, today: dt.date) -> None:
    decision = plan.decisions.get()
    Prescription.objects.filter(pk=walking.pk).update(ends_on=today, ended_by=decision)
    for fields in ({"ends_on": None, "ended_by": None}, {"ends_on": today + dt.timedelta(days=9)}):
        with pytest.raises(DatabaseError, match="immutable"), transaction.atomic():
            Prescription.objects.filter(pk=walking.pk).update(**fields)


def test_position_of_a_prescription_may_change(walking: Prescription) -> None:
    assert Prescription.objects.filter(pk=walking.pk).update(position=7) == 1


def test_database_refuses_an_end_without_a_decision(walking: Prescription, today: dt.date) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Prescription.objects.filter(pk=walking.pk).update(ends_on=today)


def test_dog_has_one_open_program(plan: Program, patient: Patient, vet: User) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        make.make_program(patient, vet, plan.definition, exercises=[])


def test_version_of_a_plan_has_one_decision(plan: Program, vet: User, now: dt.datetime, today: dt.date) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Decision.objects.create(
            clinic=plan.clinic,
            patient=plan.patient,
            program=plan,
            kind="hold",
            reason="x",
            plan_version=1,
            effective_on=today,
            decided_by=vet,
            decided_at=now,
        )


def test_change_needs_a_reason_in_the_database_too(plan: Program, vet: User, now: dt.datetime, today: dt.date) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Decision.objects.create(
            clinic=plan.clinic,
            patient=plan.patient,
            program=plan,
            kind="hold",
            plan_version=2,
            effective_on=today,
            decided_by=vet,
            decided_at=now,
        )


def test_programs_are_read_by_those_who_see_the_dog(
    plan: Program,
    vet: User,
    owner: User,
    caregiver: User,
    therapist: User,
    colleague: User,
    admin: User,
    outside_vet: User,
    stranger: User,
) -> None:
    for user in (vet, colleague, therapist, owner, caregiver):
        assert list(Program.objects.visible_to(user)) == [plan]
        assert Prescription.objects.visible_to(user).count() == 2
        assert Decision.objects.visible_to(user).count() == 1
    for user in (admin, outside_vet, stranger):
        assert not Program.objects.visible_to(user).exists()
        assert not Prescription.objects.visible_to(user).exists()
        assert not Decision.objects.visible_to(user).exists()


@pytest.mark.parametrize(
    ("fields", "day", "due"),
    [
        ({}, make.TODAY, True),
        ({"starts_on": make.TODAY + dt.timedelta(days=1)}, make.TODAY, False),
        ({"dose": {"reps": 5, "days_per_week": 1}}, make.TODAY, False),
        ({"dose": {"reps": 5, "days_per_week": 1}}, make.TODAY + dt.timedelta(days=4), True),
        ({"dose": {"one_off": True}}, make.TODAY, False),
    ],
)
def test_prescription_is_due_on_its_days(plan: Program, fields: dict[str, Any], day: dt.date, due: bool) -> None:
    assert make.make_prescription(plan, **fields).is_due_on(day) is due


def test_prescription_speaks_plainly(walking: Prescription, washing: Prescription) -> None:
    assert walking.dose_text == "5 minutes, 3 times a day"
    assert (walking.has_steps, washing.has_steps) == (True, False)
    assert str(walking) == f"Prescription {walking.pk}"
