"""What was said about a dog over a time: pain, shares of each slot, what was measured, and how the plan went."""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.db.models import FilteredRelation, JSONField, OuterRef, Q, QuerySet, Subquery, Window
from django.db.models.functions import RowNumber

from rehab.lib.time_zones import local_day
from rehab.library.models import ProtocolPhase
from rehab.patients.models import Observation
from rehab.programs.models import Decision, Prescription
from rehab.sessions.adherence import NotDue, Period, Shares, Tally, by_day
from rehab.sessions.models import PerformedExercise, WarningReport
from rehab.sessions.queries.holds import Provoked, exercises_of, provoked
from rehab.sessions.queries.rows import ONE_DAY, PAIN, Pain, first_name

PERIOD: Final = ("pk", "exercise_id", "starts_on", "ends_on", "weekdays", "times_per_day", "is_one_off")


class SlotShare(NamedTuple):
    """The state that holds for one slot."""

    patient: UUID
    prescription: UUID
    day: dt.date
    slot: int
    state: str
    share: int
    skip_reason: str


def pain_answers(patient_id: UUID, first: dt.date, until: dt.date) -> dict[tuple[dt.date, str], Pain]:
    """The answer that holds for each session's day and moment in the half-open period."""
    return {
        (day, moment): Pain(pk, day, moment, score, done_at, first_name(name, email))  # the last one wins
        for pk, day, moment, score, done_at, name, email in PAIN.rows(patient=patient_id, first=first, until=until)
    }


def slot_shares(patient_ids: Iterable[UUID] | QuerySet[Any], first: dt.date, until: dt.date) -> list[SlotShare]:
    """The state that holds for each slot of many dogs in the half-open period, in one statement."""
    rows = last_words(patient_ids, first, until).values_list(
        "patient_id", "prescription_id", "day", "slot", "state", "share", "skip_reason"
    )
    return [SlotShare(*row) for row in rows]


def last_words(
    patient_ids: Iterable[UUID] | QuerySet[Any], first: dt.date, until: dt.date
) -> QuerySet[PerformedExercise]:
    """The event that holds for each slot of many dogs in the half-open period."""
    found: QuerySet[PerformedExercise] = (
        PerformedExercise.objects.filter(patient__in=patient_ids, day__gte=first, day__lt=until)
        .annotate(
            place=Window(
                RowNumber(),
                partition_by=["patient", "prescription", "day", "slot"],
                order_by=["-done_at", "-pk"],
            )
        )
        .filter(place=1)
    )
    return found


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), dt.UTC)


def stopped_days(
    patient_ids: Iterable[UUID] | QuerySet[Any], first: dt.date, until: dt.date
) -> defaultdict[UUID, set[NotDue]]:
    """What a check for warning signs had stopped on days of the half-open period: all exercises of a dog, or one alone.

    From the day of the check where the dog lives to the day on which a vet released it, both with it, and to the end of
    the period while nobody has. One statement for any number of dogs, and one more where one exercise was stopped.
    """
    found: defaultdict[UUID, set[NotDue]] = defaultdict(set)
    alone: defaultdict[UUID, list[tuple[Provoked, list[dt.date]]]] = defaultdict(list)
    rows = (
        WarningReport.objects.filter(
            # A day more on each side: where the dog lives it may be tomorrow or yesterday.
            Q(release=None) | Q(release__released_at__gte=_midnight(first - ONE_DAY)),
            patient__in=patient_ids,
            stop__in=[WarningReport.Stop.ALL_ACTIVE, WarningReport.Stop.ALL, WarningReport.Stop.NAMED],
            done_at__lt=_midnight(until + ONE_DAY),
        )
        .order_by()
        .values_list(
            *("patient_id", "patient__time_zone", "done_at", "release__released_at"),
            *("flags", "numbers", "day", "received_at", "stop"),
        )
    )
    for patient, time_zone, done_at, released_at, *said, stop in rows:
        day = max(first, local_day(at=done_at, time_zone=time_zone))
        end = min(until, until if released_at is None else local_day(at=released_at, time_zone=time_zone) + ONE_DAY)
        days = [day + number * ONE_DAY for number in range((end - day).days)]
        if stop != WarningReport.Stop.NAMED:
            found[patient].update(days)
        elif days and (one := provoked(*said)) is not None:
            alone[patient].append((one, days))
    had = exercises_of(alone, first, until) if alone else {}
    for patient, exercises in had.items():
        for key, exercise in exercises.items():
            for one, days in alone[patient]:
                if one.stopping(exercise):
                    found[patient].update((key, day) for day in days)
    return found


@dataclass(frozen=True, kw_only=True)
class History:
    """What adherence counts: the prescriptions of a period, what was done of them, and what warning signs stopped."""

    periods: list[Period]
    shares: Shares
    stopped: Collection[NotDue]

    def by_day(self, *, first: dt.date, until: dt.date, today: dt.date) -> dict[dt.date, Tally]:
        """What was done of what was due, for each day of the half-open period."""
        return by_day(self.periods, self.shares, first=first, until=until, today=today, stopped=self.stopped)


def history(patient_id: UUID, first: dt.date, until: dt.date) -> History:
    """The half-open period of one dog, already loaded for its reader; two statements, three where one exercise was stopped alone."""
    said = Q(performed__patient=patient_id, performed__day__gte=first, performed__day__lt=until)
    periods: dict[UUID, Period] = {}
    shares: dict[tuple[UUID, dt.date, int], int] = {}
    for *period, day, slot, share in (
        Prescription.objects.filter(patient=patient_id)
        .overlapping(first, until)
        .annotate(said=FilteredRelation("performed", condition=said))
        .order_by("position", "pk", "said__done_at", "said__pk")
        .values_list(*PERIOD, "said__day", "said__slot", "said__share")
    ):
        one = Period(*period)
        periods[one.prescription] = one
        if day is not None:
            shares[one.prescription, day, slot] = share  # the last one wins
    return History(
        periods=list(periods.values()), shares=shares, stopped=stopped_days([patient_id], first, until)[patient_id]
    )


class Change(NamedTuple):
    """One decision that the family felt: what kind, from which day, and about what."""

    kind: str
    day: dt.date
    details: dict[str, Any]
    exercise: str


class Step(NamedTuple):
    """One rung of a ladder that a decision began."""

    step: UUID
    ladder: UUID
    rung: int
    starts_on: dt.date


@dataclass(frozen=True, kw_only=True)
class Course:
    """The dog's programs as they went: since when, every decision, every rung, and what the present phase asks for.

    ``baseline`` are the measures of the signed definition under which the present program runs, ``baseline_at`` when it
    was signed.
    """

    starts_on: dt.date | None = None
    changes: list[Change] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    criteria: list[str] = field(default_factory=list)
    baseline: dict[str, Any] = field(default_factory=dict)
    baseline_at: dt.datetime | None = None


def course(patient_id: UUID) -> Course:
    """The decisions of all programs of a dog, each with the rung that it began; one statement."""
    phase = ProtocolPhase.objects.filter(protocol=OuterRef("program__protocol"), code=OuterRef("program__phase"))
    decisions: dict[UUID, Change] = {}
    steps: list[Step] = []
    starts: list[dt.date] = []
    row: tuple[Any, ...] = ()
    for row in (
        Decision.objects.filter(patient=patient_id)
        .annotate(
            entry=Subquery(phase.values("entry_criteria")[:1], output_field=JSONField()),
            exit=Subquery(phase.values("exit_criteria")[:1], output_field=JSONField()),
        )
        .order_by("program__created_at", "program", "plan_version", "pk", "started_steps__pk")
        .values_list(
            *("pk", "kind", "effective_on", "details", "exercise__name"),
            *("started_steps", "started_steps__ladder", "started_steps__rung", "started_steps__starts_on"),
            *("program__starts_on", "entry", "exit"),
            *("program__definition__baseline", "program__definition__signed_at"),
        )
    ):
        pk, kind, day, details, exercise = row[:5]
        decisions[pk] = Change(kind, day, details, exercise or "")
        if row[5] is not None:
            steps.append(Step(*row[5:9]))
        starts.append(row[9])
    if not row:
        return Course()
    # The rows of the newest program come last.
    return Course(
        starts_on=min(starts),
        changes=list(decisions.values()),
        steps=steps,
        criteria=[*(row[10] or []), *(row[11] or [])],
        baseline=row[12],
        baseline_at=row[13],
    )


def measured(patient_id: UUID, since: dt.date) -> dict[str, dict[dt.date, Decimal]]:
    """The value that holds for each measure and day; one statement."""
    found: dict[str, dict[dt.date, Decimal]] = {}
    for metric, day, value in (
        Observation.objects.filter(patient=patient_id, day__gte=since)
        .order_by("recorded_at", "pk")
        .values_list("metric", "day", "value")
    ):
        found.setdefault(metric, {})[day] = value  # the last one wins
    return found
