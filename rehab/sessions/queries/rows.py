"""The statements of the family's day, compiled once, and the values that they answer."""

import datetime as dt
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.db.models import (
    Case,
    DateField,
    Exists,
    F,
    FilteredRelation,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    TextField,
    When,
)
from django.db.models.functions import Cast

from accounts.access import Role
from accounts.models import User
from rehab.lib.opening_hours import OpeningHours
from rehab.lib.prepared import Prepared
from rehab.patients import csom
from rehab.patients.access import ROLE_FLAGS, role_flags
from rehab.patients.models import Patient
from rehab.programs import maintenance
from rehab.programs.dose import Dose
from rehab.programs.models import LadderStep, Prescription, Program
from rehab.sessions import medicines
from rehab.sessions.day import Day, Event, Prescribed
from rehab.sessions.exposures import Rung
from rehab.sessions.models import Exposure, PainAnswer, PerformedExercise
from rehab.sessions.queries.holds import Held

ONE_DAY: Final = dt.timedelta(days=1)


class Pain(NamedTuple):
    """The pain answer that holds for one moment of one session."""

    id: UUID
    day: dt.date
    moment: str
    score: int
    done_at: dt.datetime
    by: str


class DogOfDay(NamedTuple):
    """The dog, what the person is to it, and what the parts of its day hang on.

    ``arrived_at`` is when anything about it came in last and ``arrived`` how much came in lately, ``stopped_by`` the newest report of warning signs that still
    stops its exercises, ``medicines`` those of the signed definition as JSON, ``had_medicine`` whether anything was ever said of a dose, ``unread`` how many messages wait for the person.
    ``stop_news_at`` is when something became last of a report that stops the exercises: read, taken over, or answered by nobody in time.
    """

    patient: Patient
    roles: frozenset[Role]
    arrived_at: dt.datetime | None
    arrived: int
    program: UUID | None
    plan_version: int | None
    stopped_by: UUID | None
    medicines: str | None
    had_medicine: bool
    unread: int
    stop_news_at: dt.datetime | None
    # When the activities of the dog's own life were signed, and when its family said last how hard they are.
    named_at: dt.datetime | None = None
    rated_on: dt.date | None = None
    # The newest report that still stops one exercise alone.
    held_by: UUID | None = None
    # The next look after a discharge: from when on it is asked, and how many months after.
    checkpoint_due_on: dt.date | None = None
    checkpoint_month: int | None = None

    def asks_checkpoint(self, today: dt.date) -> bool:
        """Whether the family is asked how the dog is since its discharge."""
        return self.checkpoint_due_on is not None and maintenance.takes_answers(self.checkpoint_due_on, today=today)

    def asks_activities(self, today: dt.date) -> bool:
        """Whether it is time to ask how hard the dog's activities are."""
        if self.named_at is None:
            return False
        last = max(self.patient.today(self.named_at), self.rated_on or dt.date.min)
        return csom.asked_again_on(last) <= today

    @property
    def plan(self) -> str:
        """The program and its version: each program counts its own from one."""
        return f"{self.program}.{self.plan_version}" if self.program else ""

    def mark(self, day: dt.date) -> str:
        """Changes whenever a page about this day of the dog no longer shows what is known.

        With the number, because of two that come in at once the earlier may be written last.
        """
        arrived = self.arrived_at.isoformat() if self.arrived_at else ""
        news = f"@{self.stop_news_at.isoformat()}" if self.stop_news_at else ""
        held = f"+{self.held_by}" if self.held_by else ""
        gone = f"!{self.patient.died_on}" if self.patient.died_on else ""
        return f"{arrived}~{self.arrived}~{self.plan}~{self.stopped_by or ''}{news}{held}{gone}~{self.unread}~{day}"


class Change(NamedTuple):
    """One thing that came in: about a prescription, a rung or a moment of pain, or none of these."""

    kind: str
    day: dt.date
    prescription: UUID | None
    step: UUID | None
    moment: str | None


class Answered(NamedTuple):
    """What the clinic has made of all that stops the exercises: the least of what it has made of any.

    ``taken_over_at`` and ``by`` only where every report was taken over; else ``unanswered_since`` when the first came in
    of those that nobody has answered in time, and ``opened_at`` where somebody has at least opened them all.
    """

    taken_over_at: dt.datetime | None
    by: str
    unanswered_since: dt.datetime | None
    opened_at: dt.datetime | None


class Stop(NamedTuple):
    """What stops the exercises: all signs of all reports that hold, the gravest urgency and scope, and the newest report.

    ``rules`` are those of the rules that stopped it by themselves; ``by`` is empty where nobody reported the newest.
    ``answered`` is what the clinic has made of it, ``hours`` when the clinic is open.
    """

    flags: list[str]
    rules: list[str]
    urgency: str
    stop: str
    done_at: dt.datetime
    received_at: dt.datetime
    by: str
    answered: Answered
    hours: OpeningHours


class Pause(NamedTuple):
    """Since when a program is paused; ``by`` is the first name of who decided it."""

    effective_on: dt.date
    by: str


class Plan(NamedTuple):
    """The dog's open program, else its newest; and whether anything was done on the day before.

    ``pause`` is the decision that has paused it, and ``has_rungs`` whether a ladder is practised, or was until today.
    """

    program: UUID
    starts_on: dt.date
    ended_at: dt.datetime | None
    plan_version: int
    worked_yesterday: bool
    has_rungs: bool
    pause: Pause | None


@dataclass(frozen=True, kw_only=True)
class Logged:
    """What the tick's one read brings: the dog, what the person is to it, and the day."""

    patient: Patient
    roles: frozenset[Role]
    plan_version: int | None
    day: Day


@dataclass(frozen=True, kw_only=True)
class DayView:
    """All that the Today page says about one day; ``asks_morning``: there was something yesterday to ask about.

    ``rungs`` are those of the ladders that are practised on the day; ``stop`` the report that stops the exercises, if one
    does; ``held`` what stops one exercise alone.
    """

    at: dt.datetime
    dog: DogOfDay
    patient: Patient
    today: dt.date
    day: Day
    plan: Plan | None
    pain: dict[tuple[dt.date, str], Pain]
    asks_morning: bool
    rungs: list[Rung]
    medicine: tuple[medicines.Dose, ...]
    medicine_answers: list[medicines.Said]
    stop: Stop | None
    held: Held | None = None


PRESCRIBED = (
    "pk",
    "exercise_id",
    "exercise__slug",
    "exercise__name",
    "dose_json",
    "times_per_day",
    "weekdays",
    "is_one_off",
    "anchor",
    "note",
    "starts_on",
    "ends_on",
    "exercise__category",
    "exercise__mode",
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
DOG = ("pk", "clinic_id", "name", "time_zone", "died_on")
# Whom to call, on every page that may have to say so without a network.
CLINIC = ("name", "phone", "emergency_name", "emergency_phone")


@lru_cache(maxsize=4096)
def _dose(text: str) -> Dose:
    # A clinic has a few hundred different doses, and each is read a thousand times.
    return Dose.from_json(json.loads(text))


def first_name(name: str, email: str) -> str:
    """What a person is called on the family's screens."""
    return User(name=name, email=email).get_short_name()


def active_rows(patient_ids: Sequence[UUID], day: dt.date) -> QuerySet[Prescription]:
    """The dogs' prescriptions of the day, with those that ended on it; one row per event said about each."""
    return all_rows(patient_ids, day).filter(_lasts(day), starts_on__lte=day)


def _lasts(day: dt.date) -> Q:
    return Q(ends_on=None) | Q(ends_on__gte=day)


def all_rows(patient_ids: Sequence[UUID], day: dt.date) -> QuerySet[Prescription]:
    """All that the dogs ever had; one row per event of the day said about each."""
    rows: QuerySet[Prescription] = (
        Prescription.objects.filter(patient__in=patient_ids)
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


def as_day(day: dt.date, rows: Iterable[Sequence[Any]]) -> Day:
    """Rows of ``PRESCRIBED``, then ``EVENT``, then ``done_on`` and ``said_at`` of one-offs, if asked for."""
    prescribed: dict[UUID, Prescribed] = {}
    events: list[Event] = []
    names: dict[tuple[str, str], str] = {}
    wide = len(PRESCRIBED) + len(EVENT)
    for row in rows:
        pk = row[0]
        if pk not in prescribed:
            prescribed[pk] = Prescribed(
                row[0], row[1], row[2], row[3], _dose(row[4]), *row[5 : len(PRESCRIBED)], *row[wide:]
            )
        if row[len(PRESCRIBED)] is not None:
            said, name, email = row[len(PRESCRIBED) : wide - 2], row[wide - 2], row[wide - 1]
            by = names.get((name, email))
            if by is None:
                by = names[name, email] = first_name(name, email)
            command, slot, state, share, skip_reason, done_at = said
            events.append(Event(command, pk, slot, state, share, skip_reason, done_at, by))
    return Day(day=day, prescribed=_inside_others(tuple(prescribed.values())), events=tuple(events))


def _inside_others(prescribed: tuple[Prescribed, ...]) -> tuple[Prescribed, ...]:
    """The prescriptions, each with the name of the item inside which it is done."""
    if not [one for one in prescribed if one.dose.part_of]:
        return prescribed
    names = {one.slug: one.name for one in prescribed}
    return tuple(one._replace(whole=names.get(one.dose.part_of or "", "")) for one in prescribed)  # noqa: SLF001 - a named tuple's own way


def _logged(user: UUID, patient: UUID, day: dt.date) -> QuerySet[Any, Any]:
    return (
        active_rows([patient], day)
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
    """What the day has, what begins later, and what was said of the day though its item had ended.

    With them all decisions about one-offs and days of rest: these go on from one decision to the next. For each one-off
    when something was said last under that decision before the day, and the day of it if it was that it is done.
    """
    of_the_dog = Prescription.objects.filter(patient=patient)
    goes_on = of_the_dog.filter(Q(is_one_off=True) | Q(dose__has_key="duration_days")).values("exercise__slug")
    said = (
        PerformedExercise.objects.filter(prescription=OuterRef("pk"), patient=patient, day__lt=day)
        # Who skipped looking again undid nothing.
        .exclude(state="skipped")
        .order_by("-done_at", "-pk")
        .annotate(done_on=Case(When(state="done", then=F("day")), default=None, output_field=DateField()))
    )
    done_on = Case(When(is_one_off=True, then=Subquery(said.values("done_on")[:1])), default=None)
    said_at = Case(When(is_one_off=True, then=Subquery(said.values("done_at")[:1])), default=None)
    return (
        all_rows([patient], day)
        .filter(_lasts(day) | Q(said__isnull=False) | Q(exercise__slug__in=goes_on))
        .annotate(done_on=done_on, said_at=said_at)
        .values_list(*PRESCRIBED, *EVENT, "done_on", "said_at")
    )


def _dog(user: UUID, patient: UUID) -> QuerySet[Any, Any]:
    flags = role_flags(user, patient="pk", clinic="clinic")
    return Patient.objects.filter(pk=patient).annotate(**flags).values_list(*DOG, *ROLE_FLAGS)


def _plan(patient: UUID, yesterday: dt.date) -> QuerySet[Any, Any]:
    worked = PerformedExercise.objects.filter(patient=patient, day=yesterday, state__in=["done", "partial"])
    climbed = LadderStep.objects.filter(Q(ends_on=None) | Q(ends_on__gt=yesterday), patient=patient)
    practised = Exposure.objects.filter(step__patient=patient, day__gt=yesterday)
    newest: QuerySet[Any, Any] = (
        Program.objects.filter(patient=patient)
        .annotate(worked_yesterday=Exists(worked), has_rungs=Exists(climbed) | Exists(practised))
        .order_by(F("ended_at").desc(nulls_first=True), "-created_at", "-pk")
        .values_list(
            *("pk", "starts_on", "ended_at", "plan_version", "worked_yesterday", "has_rungs"),
            *("paused_by__effective_on", "paused_by__decided_by__name", "paused_by__decided_by__email"),
        )[:1]
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
