"""What a tick costs among any number of caregivers; a program of ``make bench-nudges`` (see nudges.py), on PostgreSQL only."""

import datetime as dt
import resource
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import django

django.setup()

from django.db import connection, transaction  # noqa: E402
from django.db.models import Model  # noqa: E402

from accounts.models import User  # noqa: E402
from rehab.lib import time_zones  # noqa: E402
from rehab.nudges import actions  # noqa: E402
from rehab.nudges.models import Heartbeat, Nudge, NudgePreference  # noqa: E402
from rehab.patients.models import Caregiver, Patient, ProblemDefinition  # noqa: E402
from rehab.programs.models import Decision, Prescription, Program  # noqa: E402
from rehab.sessions.models import Command, PerformedExercise  # noqa: E402
from tests import make  # noqa: E402

ROUNDS = 5
GOAL_BARE, GOAL_INSERT = 1.5, 4.0
AT = make.NOW  # a Wednesday, early evening in Europe
TODAY, YESTERDAY = AT.date(), AT.date() - dt.timedelta(days=1)
ZONES = 120
# From the referred to the referring, with the columns that name another row of the same family.
COPIED: tuple[tuple[type[Model], tuple[str, ...]], ...] = (
    (User, ()),
    (NudgePreference, ("user_id",)),
    (Patient, ()),
    (Caregiver, ("patient_id", "user_id")),
    (ProblemDefinition, ("patient_id",)),
    (Program, ("patient_id", "definition_id")),
    (Decision, ("patient_id", "program_id")),
    (Prescription, ("patient_id", "program_id", "started_by_id")),
    (Command, ("patient_id", "issued_by_id")),
    (PerformedExercise, ("patient_id", "command_id", "prescription_id", "recorded_by_id")),
    (Nudge, ("patient_id", "user_id")),
)


def family() -> User:
    """One family, active yesterday, with two exercises a day and a reminder three days ago."""
    clinic = make.make_clinic(name="Clinic of a million")
    vet = make.join(make.make_user("vet@example.test", "Dr. Vera Lind"), clinic, "vet")
    owner = make.make_user("owner@example.test", "Olga Ruiz")
    dog = make.make_patient(clinic, vet, owner=owner)
    Patient.objects.filter(pk=dog.pk).update(created_at=AT - dt.timedelta(days=40))
    Caregiver.objects.filter(patient=dog).update(started_at=AT - dt.timedelta(days=40))
    make.make_definition(dog, vet, re_exam_due_on=TODAY + dt.timedelta(days=30))
    program = make.make_program(dog, vet)
    for item in program.prescriptions.all():
        make.make_tick(item, YESTERDAY, by=owner)
    Nudge.objects.create(
        clinic=clinic,
        patient=dog,
        user=owner,
        local_day=TODAY - dt.timedelta(days=3),
        time_zone="UTC",
        state="sent",
        planned_at=AT - dt.timedelta(days=3),
        next_attempt_at=AT - dt.timedelta(days=3),
        expires_at=AT - dt.timedelta(days=3),
        finished_at=AT - dt.timedelta(days=3),
        p_send="0.80",
        followed=True,
        channel="email",
    )
    return owner


def copy_until(owner: User, first: int, last: int) -> None:
    """Copies number ``first`` to ``last`` of the family: keys from the template's key and the number."""
    dog = owner.caring.get().patient
    zones = sorted(time_zones.names())[:: max(1, len(time_zones.names()) // ZONES)][:ZONES]
    with transaction.atomic(), connection.cursor() as cursor:
        # The template's rows keep every rule; checking each copy again would take most of the time.
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("SET LOCAL synchronous_commit = off")
        for model, names in COPIED:
            table, key = model._meta.db_table, model._meta.pk.column
            own = {key, *names}
            columns = []
            for field in model._meta.concrete_fields:
                column = str(field.column)
                if column in own:
                    columns.append(f"md5(t.{column}::text || ':' || g)::uuid")
                elif column == "time_zone":
                    columns.append(f"(%(zones)s::text[])[1 + g %% {len(zones)}]")
                elif column == "email":
                    columns.append("'family' || g || '@example.test'")
                elif column == "phone_key":
                    columns.append("substr(md5('phone' || g), 1, 16)")
                elif column == "remind_minute":
                    columns.append("480 + (g::bigint * 7919) %% 780")
                elif column == "morning_minute":
                    columns.append("480 + (g::bigint * 104729) %% 240")
                else:
                    columns.append(f"t.{column}")
            whose = {User: "id = %(user)s", NudgePreference: "user_id = %(user)s", Patient: "id = %(dog)s"}
            fields = ", ".join(str(field.column) for field in model._meta.concrete_fields)
            cursor.execute(
                f"INSERT INTO {table} ({fields}) SELECT {', '.join(columns)} "  # noqa: S608 (names of our models)
                f"FROM {table} t CROSS JOIN generate_series(%(first)s::int, %(last)s::int) g "
                f"WHERE t.{whose.get(model, 'patient_id = %(dog)s')}",
                {"zones": zones, "user": owner.pk, "dog": dog.pk, "first": first, "last": last},
            )
        # Four of ten have done it all today.
        cursor.execute(
            f"INSERT INTO {PerformedExercise._meta.db_table} "  # noqa: S608 (names of our models)
            f"({', '.join(str(f.column) for f in PerformedExercise._meta.concrete_fields)}) "
            "SELECT "
            + ", ".join(
                {
                    "command_id": "md5('today' || e.command_id)::uuid",
                    "day": "e.day + 1",
                    "done_at": "e.done_at + interval '1 day'",
                }.get(str(f.column), f"e.{f.column}")
                for f in PerformedExercise._meta.concrete_fields
            )
            + f" FROM {PerformedExercise._meta.db_table} e WHERE e.patient_id IN ("  # noqa: S608
            "SELECT md5(%(dog)s || ':' || g)::uuid FROM generate_series(%(first)s::int, %(last)s::int) g WHERE g %% 10 < 4)",
            {"dog": str(dog.pk), "first": first, "last": last},
        )
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


class Undo(Exception):
    """Nothing measured stays."""


def undone(work: Callable[[], None]) -> None:
    try:
        with transaction.atomic():
            work()
            raise Undo
    except Undo:
        return


def beat(minutes: float) -> None:
    Heartbeat.objects.update_or_create(part="tick", defaults={"beat_at": AT - dt.timedelta(minutes=minutes)})


def checked_at_once() -> None:
    """Foreign keys are checked at the insert and not at the end of the transaction, which never comes here."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def plan(minutes: float) -> tuple[int, float, float, float, float]:
    """A tick so many minutes after the last: rows, seconds, seconds of its statements bare, of a raw insert, MB."""
    seconds, bare, raw, rows = [], [], [], 0
    for _ in range(ROUNDS):
        sent: list[tuple[str, Any]] = []

        def remember(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
            sent.append((sql, params))  # noqa: B023 (called within this round)
            return execute(sql, params, many, context)

        def once() -> None:
            nonlocal rows
            beat(minutes)
            checked_at_once()
            started = time.perf_counter()
            with connection.execute_wrapper(remember):
                rows = actions.plan(at=AT)
            seconds.append(time.perf_counter() - started)

        def again() -> None:
            beat(minutes)
            checked_at_once()
            started = time.perf_counter()
            with connection.cursor() as cursor:
                for sql, params in sent:  # noqa: B023
                    if not sql.startswith(("SAVEPOINT", "RELEASE")):
                        cursor.execute(sql, params)
            bare.append(time.perf_counter() - started)

        def insert() -> None:
            beat(minutes)
            actions.plan(at=AT)
            with connection.cursor() as cursor:
                cursor.execute("CREATE TEMPORARY TABLE kept AS SELECT * FROM nudges_nudge WHERE planned_at = %s", [AT])
                cursor.execute("DELETE FROM nudges_nudge WHERE planned_at = %s", [AT])
                checked_at_once()
                started = time.perf_counter()
                cursor.execute("INSERT INTO nudges_nudge SELECT * FROM kept")
                raw.append(time.perf_counter() - started)

        undone(once)
        undone(again)
        undone(insert)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return rows, statistics.median(seconds), statistics.median(bare), statistics.median(raw), memory


def main() -> None:
    owner = family()
    # Once without being measured: imports, zones, connections.
    plan(1)
    print(
        f"{'caregivers':>11}{'tick after':>11}{'rows':>8}{'ms':>9}{'us a row':>10}"
        f"{'x bare':>8}{'goal':>6}{'x insert':>10}{'goal':>6}{'MB':>6}"
    )
    there = 0
    for size in map(int, sys.argv[1:]):
        copy_until(owner, there + 1, size)
        there = size
        for minutes in (0, 1, 5, 180):
            rows, seconds, bare, raw, memory = plan(minutes)
            print(
                f"{size:>11,}{minutes:>7} min{rows:>8,}{seconds * 1000:>9.1f}"
                f"{seconds / rows * 1e6 if rows else 0:>10.0f}{seconds / bare:>8.2f}{GOAL_BARE:>6}"
                f"{seconds / raw if rows else 0:>10.1f}{GOAL_INSERT:>6}{memory:>6.0f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
