"""The dog of a day's page: who asks, whether the exercises are stopped, and what has come in."""

import datetime as dt
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import DEFAULT_DB_ALIAS
from django.db.models import Count, Exists, F, Max, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import Http404

from accounts.access import Right, Role, allowed
from accounts.models import Clinic, User
from rehab.lib.prepared import Prepared
from rehab.patients.access import ROLE_FLAGS, role_flags
from rehab.patients.models import OutcomeScore, Patient, ProblemDefinition
from rehab.programs.models import Checkpoint, Program
from rehab.sessions.models import Command, MedicineAnswer, WarningReport
from rehab.sessions.queries.medicines import signed_medicines
from rehab.sessions.queries.messages import unread_messages
from rehab.sessions.queries.rows import CLINIC, DOG, ONE_DAY, Change, DogOfDay

# The longest that a request may take between its arrival and its commit.
CROSSING: Final = dt.timedelta(minutes=1)


def as_patient(values: Sequence[Any]) -> Patient:
    """The dog with what these screens need of it; another field would be read when it is asked for."""
    dog: Patient = Patient.from_db(DEFAULT_DB_ALIAS, ["id", *DOG[1:]], values)
    return dog


def as_roles(flags: Sequence[bool]) -> frozenset[Role]:
    return frozenset(role for role, held in zip(ROLE_FLAGS.values(), flags, strict=True) if held)


def dog_of_day(*, user: User, patient_id: UUID, at: dt.datetime) -> DogOfDay:
    """The dog of a day's page for somebody who may log.

    Raises:
        Http404: the dog is not the person's to see, or does not exist.
        PermissionDenied: the person sees the dog but may not log.
    """
    # Since midnight of the day before: a window that slid with each request would look like news.
    recently = at.replace(hour=0, minute=0, second=0, microsecond=0) - ONE_DAY
    rows = DOG_OF_DAY.rows(user=user.pk, patient=patient_id, recently=recently)
    named, wide = len(DOG) + len(CLINIC), len(DOG) + len(CLINIC) + len(ROLE_FLAGS)
    roles = as_roles(rows[0][named:wide]) if rows else frozenset()
    if not roles:
        raise Http404
    if not allowed(Right.LOG, roles):
        raise PermissionDenied
    patient = as_patient(rows[0][: len(DOG)])
    patient.clinic = Clinic.from_db(DEFAULT_DB_ALIAS, ["id", *CLINIC], [patient.clinic_id, *rows[0][len(DOG) : named]])
    return DogOfDay(patient, roles, *rows[0][wide:])


def unread(*, user: User, patient_id: UUID) -> int:
    """How much news from the clinic the person has not opened, about a dog that was already loaded; one query."""
    count: int = UNREAD.rows(user=user.pk, patient=patient_id)[0][0]
    return count


def changes(patient_id: UUID, since: dt.datetime) -> list[Change]:
    """What came in about the dog, already loaded for its reader, after the instant or while requests may have crossed."""
    return [Change(*row) for row in CHANGES.rows(patient=patient_id, since=since - CROSSING)]


def _dog_of_day(user: UUID, patient: UUID, recently: dt.datetime) -> QuerySet[Any, Any]:
    """The dog with what every part of its day needs: who asks, what is new, and whether the exercises are stopped."""
    flags = role_flags(user, patient="pk", clinic="clinic")
    about = {"patient": OuterRef("pk")}
    arrived = Command.objects.filter(**about).order_by("-received_at")
    recent = Command.objects.filter(**about, received_at__gte=recently).order_by().values("patient")
    program = Program.objects.filter(**about).order_by(F("ended_at").desc(nulls_first=True), "-created_at", "-pk")
    stops = WarningReport.objects.filter(**about).stopping()
    stopping = stops.order_by("-received_at", "-pk")
    of_one = WarningReport.objects.filter(**about, stop=WarningReport.Stop.NAMED).unreleased()
    holding = of_one.order_by("-received_at", "-pk")
    named = ProblemDefinition.objects.filter(**about).signed().exclude(activities=[]).newest_first()
    rated = OutcomeScore.objects.filter(**about, instrument=OutcomeScore.CSOM).standing().order_by("-day")
    coming = Checkpoint.objects.filter(**about).waiting().order_by("due_on")
    # Each step of a report comes later than those before it.
    news = (
        stops.order_by().values("patient").annotate(at=Max(Coalesce("acknowledged_at", "told_to_call_at", "seen_at")))
    )
    return (
        Patient.objects.filter(pk=patient)
        .annotate(
            **flags,
            arrived_at=Subquery(arrived.values("received_at")[:1]),
            arrived=Coalesce(Subquery(recent.annotate(number=Count("pk")).values("number")), 0),
            program=Subquery(program.values("pk")[:1]),
            plan_version=Subquery(program.values("plan_version")[:1]),
            stopped_by=Subquery(stopping.values("pk")[:1]),
            medicines=signed_medicines("pk"),
            had_medicine=Exists(MedicineAnswer.objects.filter(patient=OuterRef("pk"))),
            unread=unread_messages(user, patient),
            stop_news_at=Subquery(news.values("at")),
            named_at=Subquery(named.values("signed_at")[:1]),
            rated_on=Subquery(rated.values("day")[:1]),
            held_by=Subquery(holding.values("pk")[:1]),
            checkpoint_due_on=Subquery(coming.values("due_on")[:1]),
            checkpoint_month=Subquery(coming.values("month")[:1]),
        )
        .values_list(
            *DOG,
            *(f"clinic__{name}" for name in CLINIC),
            *ROLE_FLAGS,
            *("arrived_at", "arrived", "program", "plan_version", "stopped_by", "medicines", "had_medicine", "unread"),
            *("stop_news_at", "named_at", "rated_on", "held_by", "checkpoint_due_on", "checkpoint_month"),
        )
    )


def _unread(user: UUID, patient: UUID) -> QuerySet[Any, Any]:
    counted = Patient.objects.filter(pk=patient).annotate(unread=unread_messages(user, patient))
    return counted.values_list("unread")


def _changes(patient: UUID, since: dt.datetime) -> QuerySet[Any, Any]:
    """What came in after an instant: which kind, about which day, prescription and rung."""
    return (
        Command.objects.filter(patient=patient, received_at__gt=since)
        .order_by("received_at", "pk")
        .values_list("kind", "day", "performed__prescription_id", "exposure__step_id", "pain__moment")
    )


# Stand-ins for the compiler; no row has them.
_SOMEBODY = UUID("00000000-0000-7000-8000-000000000001")
_SOME_DOG = UUID("00000000-0000-7000-8000-000000000002")
_SOME_INSTANT = dt.datetime(1903, 4, 5, 6, 7, 8, 9, tzinfo=dt.UTC)

DOG_OF_DAY: Final = Prepared(_dog_of_day, user=_SOMEBODY, patient=_SOME_DOG, recently=_SOME_INSTANT)
CHANGES: Final = Prepared(_changes, patient=_SOME_DOG, since=_SOME_INSTANT)
UNREAD: Final = Prepared(_unread, user=_SOMEBODY, patient=_SOME_DOG)
