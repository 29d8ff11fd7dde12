"""Many families at once, and how many statements a piece of work takes."""

import datetime as dt
from collections.abc import Callable

from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Clinic, User
from rehab.patients.models import Caregiver, Patient, ProblemDefinition
from rehab.programs.models import Prescription, Program
from tests import make


def make_families(clinic: Clinic, vet: User, count: int, *, dogs: int = 2) -> None:
    """People with dogs that have something left today, on the second day of their programs, in few statements."""
    yesterday = make.TODAY - dt.timedelta(days=1)
    users = User.objects.bulk_create(User(email=f"family{n}@example.test", name=f"Family {n}") for n in range(count))
    patients = Patient.objects.bulk_create(
        Patient(clinic=clinic, created_by=vet, name=f"Dog {dog}") for _ in users for dog in range(dogs)
    )
    Caregiver.objects.bulk_create(
        Caregiver(
            clinic=clinic,
            patient=patient,
            user=users[n // dogs],
            relation="owner",
            started_at=make.NOW - dt.timedelta(days=1),
        )
        for n, patient in enumerate(patients)
    )
    template = make.make_program(patients[0], vet, starts_on=yesterday)
    definitions = ProblemDefinition.objects.bulk_create(
        make.make_definition(patient, vet, save=False) for patient in patients[1:]
    )
    programs = Program.objects.bulk_create(
        Program(
            clinic=clinic,
            patient=definition.patient,
            definition=definition,
            decision_row="D1",
            profile="msk",
            phase="P2",
            phase_name="Steady",
            phase_started_on=template.starts_on,
            starts_on=template.starts_on,
            created_by=vet,
            created_at=template.created_at,
        )
        for definition in definitions
    )
    decision = template.decisions.get()
    exercise = make.make_exercise()
    Prescription.objects.bulk_create(
        Prescription(
            clinic=clinic,
            patient=program.patient,
            program=program,
            exercise=exercise,
            phase="P2",
            dose={"sets": 1, "reps": 10},
            starts_on=program.starts_on,
            started_by=decision,
        )
        for program in programs
    )


def another_dog(clinic: Clinic, vet: User, owner: User, name: str = "Luna") -> Patient:
    """A second dog of a person, on the second day of its program."""
    dog = make.make_patient(clinic, vet, owner=owner, name=name)
    program = make.make_program(dog, vet, starts_on=make.TODAY - dt.timedelta(days=1))
    dog.caregivers.update(started_at=program.created_at)
    return dog


def statements(work: Callable[[], object]) -> int:
    """How many statements the work takes, without those that only open and close a savepoint."""
    with CaptureQueriesContext(connection) as captured:
        work()
    return sum("SAVEPOINT" not in query["sql"] for query in captured)
