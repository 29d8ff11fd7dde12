"""What a day of ten thousand dogs costs the worker: every dog weighed anew and its summary rebuilt.

As a program (``python -m tests.bench.weighing``) it fills the database with dogs that answered each day for a fortnight
(one is made by the product's own actions, the others are its copies under keys of their own), weighs them, and prints
the figures. The measure to compare with is a bare read of the same rows, batch by batch, so that a slow machine slows both.
Memory is the greatest that the process has held: it must not grow with the number of dogs.
"""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from tests.journeys.stack import ROOT

DOGS = 10_000
FIRST_DOGS = 1_000
DAYS = 14


def measured(env: Mapping[str, str]) -> str:
    """Return a line of what was measured on an installation that is set up."""
    told = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.bench.weighing"],
        cwd=ROOT,
        env=dict(env),
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout
    found = json.loads(told.splitlines()[-1])
    return (
        f"A day of {found['dogs']:,} dogs weighed: {found['ms']:.2f} ms of CPU a dog, {found['ratio']:.1f} x a bare read of its rows, "
        f"{found['sql']:.2f} SQL statements a dog; memory {found['mb']:.0f} MB, "
        f"{found['mb'] - found['mb_first']:.0f} MB more than after the first {found['first']:,}."
    )


def main() -> None:
    import django

    django.setup()

    import datetime as dt

    from django.db import connection, transaction
    from django.db.models import Model
    from django.utils import timezone

    from rehab.guidance.actions import refresh_summaries
    from rehab.guidance.models import Suggestion
    from rehab.lib.ids import new_id
    from rehab.patients.models import Caregiver, Patient, ProblemDefinition
    from rehab.programs.models import Decision, Episode, Prescription, Program, TeachBack
    from rehab.sessions.models import Command, ExerciseSession, PainAnswer, PerformedExercise
    from tests import make

    # From the referred to the referring; the columns that name another row of the same dog.
    copied: tuple[tuple[type[Model], tuple[str, ...]], ...] = (
        (Patient, ()),
        (Caregiver, ("patient_id",)),
        (ProblemDefinition, ("patient_id",)),
        (Episode, ("patient_id",)),
        (Program, ("patient_id", "definition_id")),
        (Decision, ("patient_id", "program_id")),
        (Prescription, ("patient_id", "program_id", "started_by_id", "ended_by_id")),
        (TeachBack, ("patient_id",)),
        (ExerciseSession, ("patient_id",)),
        (Command, ("patient_id",)),
        (PerformedExercise, ("patient_id", "command_id", "prescription_id")),
        (PainAnswer, ("patient_id", "command_id", "session_id")),
    )

    def template() -> Patient:
        clinic = make.make_clinic(name="Clinic of ten thousand")
        vet = make.join(make.make_user("vet-10000@example.test", "Dr. Vera Lind"), clinic, "vet")
        dog = make.make_patient(clinic, vet, owner=make.make_user("owner-10000@example.test", "Olga Ruiz"))
        today = dog.today(timezone.now())
        since = today - dt.timedelta(days=20)
        signed_at = timezone.now() - dt.timedelta(days=25)
        onset, re_exam = today - dt.timedelta(days=40), today + dt.timedelta(days=9)
        definition = make.make_definition(dog, vet, signed_at=signed_at, onset_on=onset, re_exam_due_on=re_exam)
        walk = ("leash-walk", {"minutes": 8, "per_day": 1, "days_per_week": 7})
        stand = ("stand-count", {"sets": 3, "hold_s": 10, "per_day": 1, "days_per_week": 7})
        program = make.make_program(dog, vet, definition, starts_on=since, exercises=[walk, stand])
        make.teach(dog, *[item.exercise for item in program.prescriptions.all()], by=vet, day=since)
        for ago in range(1, DAYS + 1):
            day = today - dt.timedelta(days=ago)
            for item in program.prescriptions.all():
                make.make_tick(item, day)
            for moment, score in (("before", 1), ("after", 1), ("next_morning", 1)):
                make.make_pain(dog, day, moment, score)
        return dog

    def copies(dog: Patient, count: int) -> None:
        rows = {
            model: list(model._default_manager.filter(**{"pk" if model is Patient else "patient": dog.pk}))
            for model, _names in copied
        }
        for start in range(0, count, 200):
            made: dict[type[Model], list[Model]] = {model: [] for model, _names in copied}
            for _number in range(min(200, count - start)):
                keys: dict[UUID, UUID] = {}
                for model, names in copied:
                    key = "command_id" if model._meta.pk.name == "command" else "id"
                    for row in rows[model]:
                        values = {field.attname: getattr(row, field.attname) for field in model._meta.concrete_fields}
                        if key == "id":
                            keys[values["id"]] = new_id()
                            values["id"] = keys[values["id"]]
                        for name in names:
                            values[name] = keys.get(values[name], values[name])
                        made[model].append(model(**values))
            with transaction.atomic():
                for model, _names in copied:
                    model._default_manager.bulk_create(made[model])

    def timed(work: Callable[[], Any]) -> float:
        started = time.process_time()
        work()
        return time.process_time() - started

    def memory() -> float:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

    dog = template()
    copies(dog, DOGS - 1)
    ids = list(Patient.objects.filter(clinic=dog.clinic_id).order_by("pk").values_list("pk", flat=True))
    statements = 0

    def count(execute: Any, *arguments: Any) -> Any:
        nonlocal statements
        statements += 1
        return execute(*arguments)

    def bare(some: list[UUID]) -> None:
        for start in range(0, len(some), 100):
            for model in (Prescription, PerformedExercise, PainAnswer, Program, ProblemDefinition):
                list(model._default_manager.filter(patient__in=some[start : start + 100]).values_list())

    at = timezone.now()
    weighed, read, first_memory = 0.0, 0.0, 0.0
    for start in range(0, DOGS, FIRST_DOGS):
        some = ids[start : start + FIRST_DOGS]
        with connection.execute_wrapper(count):
            weighed += timed(lambda some=some: refresh_summaries(at=at, patient_ids=some))  # type: ignore[misc]
        # The greatest so far, before the bare read can raise it.
        first_memory = first_memory or memory()
        read += timed(lambda some=some: bare(some))  # type: ignore[misc]
    assert Suggestion.objects.open().filter(patient__in=ids[:100]).count() == 200, "the dogs were not weighed"
    print(
        json.dumps(
            {
                "dogs": len(ids),
                "first": FIRST_DOGS,
                "ms": 1000 * weighed / len(ids),
                "ratio": weighed / read,
                "sql": statements / len(ids),
                "mb": memory(),
                "mb_first": first_memory,
            }
        )
    )


if __name__ == "__main__":
    main()
