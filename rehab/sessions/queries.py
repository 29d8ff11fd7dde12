"""Reads of the owner's screens, each as few and as wide as it can be: the ORM call costs more than its SQL."""

import datetime as dt
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import DEFAULT_DB_ALIAS
from django.db.models import (
    Case,
    CharField,
    Exists,
    F,
    FilteredRelation,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    TextField,
    Value,
    When,
    Window,
)
from django.db.models.functions import Cast, RowNumber
from django.http import Http404

from accounts.access import Right, Role, allowed
from accounts.models import User
from rehab.lib.prepared import Prepared
from rehab.patients.access import ROLE_FLAGS, load, role_flags
from rehab.patients.models import Patient
from rehab.programs.dose import Dose
from rehab.programs.models import Prescription, Program
from rehab.sessions.adherence import Period, Shares
from rehab.sessions.commands import can_complete
from rehab.sessions.day import Day, Event, Prescribed
from rehab.sessions.models import PainAnswer, PerformedExercise

ONE_DAY: Final = dt.timedelta(days=1)


class Pain(NamedTuple):
    """The pain answer that holds for one moment of one session."""

    id: UUID
    day: dt.date
    moment: str
    score: int
    done_at: dt.datetime
    by: str


class Plan(NamedTuple):
    """The dog's open program, else its newest; and whether anything was done on the day before."""

    starts_on: dt.date
    ended_at: dt.datetime | None
    plan_version: int
    worked_yesterday: bool


@dataclass(frozen=True, kw_only=True)
class Logged:
    """What the tick's one read brings: the dog, what the person is to it, and the day."""

    patient: Patient
    roles: frozenset[Role]
    plan_version: int | None
    day: Day


@dataclass(frozen=True, kw_only=True)
class DayView:
    """All that the Today page says about one day; ``asks_morning``: there was something yesterday to ask about."""

    patient: Patient
    today: dt.date
    day: Day
    plan: Plan | None
    pain: dict[tuple[dt.date, str], Pain]
    asks_morning: bool


class SlotShare(NamedTuple):
    """The state that holds for one slot."""

    patient: UUID
    prescription: UUID
    day: dt.date
    slot: int
    state: str
    share: int
    skip_reason: str


PRESCRIBED = (
    "pk",
    "exercise_id",
    "exercise__name",
    "dose_json",
    "times_per_day",
    "weekdays",
    "is_one_off",
    "anchor",
    "note",
    "starts_on",
    "ends_on",
)
EVENT = (
    "said__pk",
    "said__slot",
    "said__state",
    "said__share",
    "said__skip_reason",
    "said__done_at",
    "said__recorded_by__name",
    "said__recorded_by__email",
)
DOG = ("pk", "clinic_id", "name", "time_zone")


@lru_cache(maxsize=4096)
def _dose(text: str) -> Dose:
    # A clinic has a few hundred different doses, and each is read a thousand times.
    return Dose.from_json(json.loads(text))


def first_name(name: str, email: str) -> str:
    """What a person is called on the family's screens."""
    return User(name=name, email=email).get_short_name()


def _rows(patient_ids: Sequence[UUID], day: dt.date) -> QuerySet[Prescription]:
    """The dogs' prescriptions of the day, with those that ended on it; one row per event said about each."""
    rows: QuerySet[Prescription] = (
        Prescription.objects.filter(Q(ends_on=None) | Q(ends_on__gte=day), patient__in=patient_ids, starts_on__lte=day)
        # With the patient, because that is how the index of the events begins.
        .annotate(
            dose_json=Cast("dose", TextField()),
            said=FilteredRelation(
                "performed",
                condition=Q(performed__patient__in=patient_ids, performed__day=day),
            ),
        )
        .order_by("position", "pk")
    )
    return rows


def _day(day: dt.date, rows: Iterable[Sequence[Any]]) -> Day:
    """Rows of ``PRESCRIBED``, then ``EVENT``, then what a one-off was before, if asked for."""
    prescribed: dict[UUID, Prescribed] = {}
    events: list[Event] = []
    names: dict[tuple[str, str], str] = {}
    wide = len(PRESCRIBED) + len(EVENT)
    for row in rows:
        pk = row[0]
        if pk not in prescribed:
            prescribed[pk] = Prescribed(row[0], row[1], row[2], _dose(row[3]), *row[4 : len(PRESCRIBED)], *row[wide:])
        if row[len(PRESCRIBED)] is not None:
            said, name, email = row[len(PRESCRIBED) : wide - 2], row[wide - 2], row[wide - 1]
            by = names.get((name, email))
            if by is None:
                by = names[name, email] = first_name(name, email)
            command, slot, state, share, skip_reason, done_at = said
            events.append(Event(command, pk, slot, state, share, skip_reason, done_at, by))
    return Day(day=day, prescribed=tuple(prescribed.values()), events=tuple(events))


def _logged(user: UUID, patient: UUID, day: dt.date) -> QuerySet[Any, Any]:
    return (
        _rows([patient], day)
        .annotate(**role_flags(user, patient="patient", clinic="clinic"))
        .values_list(
            *PRESCRIBED,
            *EVENT,
            "program__plan_version",
            *(f"patient__{name}" for name in DOG),
            *ROLE_FLAGS,
        )
    )


def _day_rows(patient: UUID, day: dt.date) -> QuerySet[Any, Any]:
    earlier = (
        PerformedExercise.objects.filter(prescription=OuterRef("pk"), patient=patient, day__lt=day)
        .order_by("-done_at", "-pk")
        .values("state")[:1]
    )
    earlier_state = Case(
        When(is_one_off=True, then=Subquery(earlier)),
        default=Value(""),
        output_field=CharField(),
    )
    return _rows([patient], day).annotate(earlier_state=earlier_state).values_list(*PRESCRIBED, *EVENT, "earlier_state")


def _dog(user: UUID, patient: UUID) -> QuerySet[Any, Any]:
    flags = role_flags(user, patient="pk", clinic="clinic")
    return Patient.objects.filter(pk=patient).annotate(**flags).values_list(*DOG, *ROLE_FLAGS)


def _plan(patient: UUID, yesterday: dt.date) -> QuerySet[Any, Any]:
    worked = PerformedExercise.objects.filter(patient=patient, day=yesterday, state__in=["done", "partial"])
    newest: QuerySet[Any, Any] = (
        Program.objects.filter(patient=patient)
        .annotate(worked_yesterday=Exists(worked))
        .order_by(F("ended_at").desc(nulls_first=True), "-created_at", "-pk")
        .values_list("starts_on", "ended_at", "plan_version", "worked_yesterday")[:1]
    )
    return newest


def _pain(patient: UUID, first: dt.date, until: dt.date) -> QuerySet[Any, Any]:
    return (
        PainAnswer.objects.filter(patient=patient, day__gte=first, day__lt=until)
        .order_by("done_at", "pk")
        .values_list("pk", "day", "moment", "score", "done_at", "recorded_by__name", "recorded_by__email")
    )


# Stand-ins for the compiler; no row has them.
_SOMEBODY = UUID("00000000-0000-7000-8000-000000000001")
_SOME_DOG = UUID("00000000-0000-7000-8000-000000000002")
_SOME_DAY = dt.date(1901, 2, 3)
_ANOTHER_DAY = dt.date(1902, 3, 4)

LOGGED: Final = Prepared(_logged, user=_SOMEBODY, patient=_SOME_DOG, day=_SOME_DAY)
DAY: Final = Prepared(_day_rows, patient=_SOME_DOG, day=_SOME_DAY)
THE_DOG: Final = Prepared(_dog, user=_SOMEBODY, patient=_SOME_DOG)
PLAN: Final = Prepared(_plan, patient=_SOME_DOG, yesterday=_SOME_DAY)
PAIN: Final = Prepared(_pain, patient=_SOME_DOG, first=_SOME_DAY, until=_ANOTHER_DAY)


def _patient(values: Sequence[Any]) -> Patient:
    """The dog with what these screens need of it; another field would be read when it is asked for."""
    dog: Patient = Patient.from_db(DEFAULT_DB_ALIAS, ["id", *DOG[1:]], values)
    return dog


def _roles(flags: Sequence[bool]) -> frozenset[Role]:
    return frozenset(role for role, held in zip(ROLE_FLAGS.values(), flags, strict=True) if held)


def logged(*, user: User, patient_id: UUID, day: dt.date) -> Logged | None:
    """The day with the roles to log on it, in one query; None when nothing is prescribed or it is not theirs to see.

    The answer does not tell which of the two it is: ask ``load_patient`` then.
    """
    rows = LOGGED.rows(user=user.pk, patient=patient_id, day=day)
    if not rows:
        return None
    wide = len(PRESCRIBED) + len(EVENT)
    roles = _roles(rows[0][wide + 1 + len(DOG) :])
    if not roles:
        return None
    return Logged(
        patient=_patient(rows[0][wide + 1 : wide + 1 + len(DOG)]),
        roles=roles,
        plan_version=rows[0][wide],
        day=_day(day, (row[:wide] for row in rows)),
    )


def dog_and_roles(*, user: User, patient_id: UUID) -> tuple[Patient, frozenset[Role]] | None:
    """The dog and what the person is to it; None when it is not theirs to see, or does not exist."""
    rows = THE_DOG.rows(user=user.pk, patient=patient_id)
    roles = _roles(rows[0][len(DOG) :]) if rows else frozenset()
    return (_patient(rows[0][: len(DOG)]), roles) if roles else None


def read_day(patient_id: UUID, day: dt.date) -> Day:
    """The day of a dog that was already loaded for its reader, with what each one-off was before."""
    return _day(day, DAY.rows(patient=patient_id, day=day))


def day_view(*, user: User, patient_id: UUID, day: dt.date | None, at: dt.datetime) -> DayView:
    """One day of the dog as its family sees it; ``day=None`` is the dog's today.

    Raises:
        Http404: the dog is not the person's to see, or the day lies too far back or ahead.
        PermissionDenied: the person sees the dog but may not log.
    """
    found = dog_and_roles(user=user, patient_id=patient_id)
    if found is None:
        raise Http404
    patient, roles = found
    if not allowed(Right.LOG, roles):
        raise PermissionDenied
    today = patient.today(at)
    day = day or today
    if not can_complete(day, today=today):
        raise Http404
    yesterday = day - ONE_DAY
    plans = PLAN.rows(patient=patient_id, yesterday=yesterday)
    plan = Plan(*plans[0]) if plans else None
    pain = pain_answers(patient_id, yesterday, day + ONE_DAY)
    return DayView(
        patient=patient,
        today=today,
        day=read_day(patient_id, day),
        plan=plan,
        pain=pain,
        asks_morning=(plan is not None and plan.worked_yesterday)
        or any(session_day == yesterday for session_day, _ in pain),
    )


def pain_answers(patient_id: UUID, first: dt.date, until: dt.date) -> dict[tuple[dt.date, str], Pain]:
    """The answer that holds for each session's day and moment in the half-open period."""
    return {
        (day, moment): Pain(pk, day, moment, score, done_at, first_name(name, email))  # the last one wins
        for pk, day, moment, score, done_at, name, email in PAIN.rows(patient=patient_id, first=first, until=until)
    }


def slot_shares(patient_ids: Iterable[UUID] | QuerySet[Any], first: dt.date, until: dt.date) -> list[SlotShare]:
    """The state that holds for each slot of many dogs in the half-open period, in one statement."""
    rows = (
        PerformedExercise.objects.filter(patient__in=patient_ids, day__gte=first, day__lt=until)
        .annotate(
            place=Window(
                RowNumber(),
                partition_by=["patient", "prescription", "day", "slot"],
                order_by=["-done_at", "-pk"],
            )
        )
        .filter(place=1)
        .values_list("patient_id", "prescription_id", "day", "slot", "state", "share", "skip_reason")
    )
    return [SlotShare(*row) for row in rows]


@dataclass(frozen=True, kw_only=True)
class History:
    """What the progress page counts: the prescriptions of a period, what was done of them, and the pain."""

    periods: list[Period]
    shares: Shares
    pain: dict[tuple[dt.date, str], Pain]


def history(patient_id: UUID, first: dt.date, until: dt.date) -> History:
    """The half-open period of one dog, already loaded for its reader."""
    periods = [
        Period(*row)
        for row in Prescription.objects.filter(patient=patient_id)
        .overlapping(first, until)
        .order_by("position", "pk")
        .values_list("pk", "exercise_id", "starts_on", "ends_on", "weekdays", "times_per_day", "is_one_off")
    ]
    return History(
        periods=periods,
        shares={(one.prescription, one.day, one.slot): one.share for one in slot_shares([patient_id], first, until)},
        pain=pain_answers(patient_id, first, until),
    )


class DogToday(NamedTuple):
    """One dog of several, for the person who chooses."""

    patient: Patient
    day: Day


def dogs_today(*, user: User, at: dt.datetime) -> list[DogToday]:
    """The dogs that the person cares for, each with its own today.

    One more query for each local day that the dogs have, which is one unless they live far apart.
    """
    dogs = list(Patient.objects.cared_for_by(user).order_by("name", "pk"))
    by_day: dict[dt.date, list[UUID]] = {}
    for dog in dogs:
        by_day.setdefault(dog.today(at), []).append(dog.pk)
    days: dict[UUID, Day] = {}
    for day, patient_ids in by_day.items():
        rows: dict[UUID, list[Sequence[Any]]] = {pk: [] for pk in patient_ids}
        for row in _rows(patient_ids, day).values_list("patient_id", *PRESCRIBED, *EVENT):
            rows[row[0]].append(row[1:])
        days |= {pk: _day(day, dog_rows) for pk, dog_rows in rows.items()}
    return [DogToday(dog, days[dog.pk]) for dog in dogs]


def visible_prescription(*, user: User, patient_id: UUID, prescription_id: UUID) -> Prescription:
    """One prescription with its exercise, for the how-to page.

    Raises:
        Http404: the dog has no such prescription, or it is not the person's to see.
    """
    found: Prescription = load(
        Prescription.objects.select_related("exercise", "patient").filter(patient=patient_id),
        pk=prescription_id,
        user=user,
        right=Right.SEE,
    )
    return found
