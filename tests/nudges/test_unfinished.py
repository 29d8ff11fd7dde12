"""The statement that finds unfinished days counts as the family's page does."""

import datetime as dt
import random

import pytest

from accounts.models import Clinic, User
from rehab.nudges.kinds.left import UnfinishedDog, unfinished_dogs
from rehab.patients.models import Patient
from rehab.programs.dose import Dose
from rehab.programs.models import Decision, Prescription, Program
from rehab.sessions.day import Day, Event, Prescribed
from rehab.sessions.models import PerformedExercise
from tests import make
from tests.make import TODAY
from tests.nudges.families import make_families, statements

STATES = ("done", "partial", "skipped", "undone")
DAY = dt.timedelta(days=1)


def day_of(patient: Patient) -> Day:
    """The day as the Today page computes it."""
    return Day(
        day=TODAY,
        prescribed=[
            Prescribed(
                id=one.pk,
                exercise=one.exercise_id,
                slug=one.exercise.slug,
                name=one.exercise.name,
                dose=Dose.from_json(one.dose),
                times_per_day=one.times_per_day,
                weekdays=one.weekdays,
                is_one_off=one.is_one_off,
                anchor="",
                note="",
                starts_on=one.starts_on,
                ends_on=one.ends_on,
            )
            for one in Prescription.objects.filter(patient=patient).select_related("exercise")
        ],
        events=[
            Event(
                id=event.pk,
                prescription=event.prescription_id,
                slot=event.slot,
                state=event.state,
                share=event.share,
                skip_reason=event.skip_reason,
                done_at=event.done_at,
                by="",
            )
            for event in PerformedExercise.objects.filter(patient=patient, day=TODAY)
        ],
    )


def end_today(prescription: Prescription, by: User) -> None:
    program = prescription.program
    decision = Decision.objects.create(
        clinic=program.clinic,
        patient=program.patient,
        program=program,
        kind="change_dose",
        plan_version=program.decisions.count() + 1,
        reason="Easier",
        effective_on=TODAY,
        decided_by=by,
        decided_at=make.NOW,
    )
    Prescription.objects.filter(pk=prescription.pk).update(ends_on=TODAY, ended_by=decision)


def at_random(program: Program, by: User, chance: random.Random) -> None:
    """A plan with rest days, one-offs and a dose changed today, and a day full of changes of mind."""
    prescriptions: list[Prescription] = []
    for n in range(chance.randint(1, 4)):
        dose = {"reps": 5, "per_day": chance.randint(1, 3), "days_per_week": chance.randint(1, 7)}
        one = make.make_prescription(
            program,
            exercise=f"exercise-{n}",
            dose=dose,
            is_one_off=chance.random() < 0.1,
            starts_on=TODAY + chance.randint(-2, 1) * DAY,
        )
        prescriptions.append(one)
        if one.starts_on < TODAY and chance.random() < 0.5:
            end_today(one, by)
            prescriptions.append(make.make_prescription(program, exercise=f"exercise-{n}", dose=dose, starts_on=TODAY))
    for _ in range(chance.randint(0, 14)):
        one = chance.choice(prescriptions)
        make.make_tick(
            one,
            TODAY + chance.choice([0, 0, 0, -1]) * DAY,
            by,
            slot=chance.randint(1, 4),
            state=chance.choice(STATES),
            done_at=make.NOW + chance.randint(0, 3) * dt.timedelta(minutes=1),
        )


@pytest.mark.parametrize("seed", range(40))
def test_what_is_left_is_what_the_page_says(
    patient: Patient, vet: User, owner: User, now: dt.datetime, seed: int
) -> None:
    program = make.make_program(patient, vet, exercises=[])
    at_random(program, owner, random.Random(seed))  # noqa: S311 (a test that can be repeated)
    page = day_of(patient).counts
    expected = (
        {owner.pk: [UnfinishedDog(patient_id=patient.pk, name="Bruno", left=page.left, minutes=page.minutes_left)]}
        if page.left
        else {}
    )
    assert unfinished_dogs(user_ids=[owner.pk], at=now) == expected


def test_dogs_are_those_the_person_cares_for(
    program: Program, clinic: Clinic, vet: User, owner: User, caregiver: User, stranger: User, now: dt.datetime
) -> None:
    luna = make.make_patient(clinic, vet, owner=owner, name="Luna")
    make.make_program(luna, vet, exercises=[("stand-count", {"minutes": 5})])
    found = unfinished_dogs(user_ids=[owner.pk, caregiver.pk, stranger.pk], at=now)
    assert {user: [(dog.name, dog.left, dog.minutes) for dog in dogs] for user, dogs in found.items()} == {
        owner.pk: [("Bruno", 3, 1), ("Luna", 1, 5)],
        caregiver.pk: [("Bruno", 3, 1)],
    }


@pytest.mark.parametrize("dose", [{"reps": -1}, {"hops": 3}, {"reps": "many"}])
def test_dose_that_cannot_be_read_hides_only_its_minutes(
    patient: Patient, vet: User, owner: User, now: dt.datetime, dose: dict[str, object]
) -> None:
    program = make.make_program(patient, vet, exercises=[("stand-count", {"minutes": 5})])
    make.make_prescription(program, exercise=make.make_exercise("odd", dose_range={}), dose=dose)
    assert unfinished_dogs(user_ids=[owner.pk], at=now) == {
        owner.pk: [UnfinishedDog(patient_id=patient.pk, name="Bruno", left=2, minutes=5)]
    }


def test_nobody_asked_is_nobody_found(program: Program, now: dt.datetime) -> None:
    assert unfinished_dogs(user_ids=[], at=now) == {}


def test_many_people_take_two_statements(clinic: Clinic, vet: User, now: dt.datetime) -> None:
    make_families(clinic, vet, 40)
    people = set(User.objects.filter(email__startswith="family").values_list("pk", flat=True))
    assert statements(lambda: unfinished_dogs(user_ids=people, at=now)) == 2
    assert len(unfinished_dogs(user_ids=people, at=now)) == 40
