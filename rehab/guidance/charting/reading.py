"""What the chart is drawn from: a fixed number of statements about a dog that was already loaded for its reader.

Plain rows, because two years of ticks as model instances would cost more than all the rest of the page.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.db.models import F, Q, Window
from django.db.models.functions import RowNumber

from rehab.guidance.charting.axis import ONE_DAY, Axis
from rehab.guidance.models import ThresholdChange
from rehab.patients.models import Caregiver, OutcomeScore, Patient, ProblemDefinition
from rehab.programs.dose import Dose
from rehab.programs.models import Checkpoint, Decision, Episode, LadderStep, Prescription, Program
from rehab.programs.resetting import with_resets
from rehab.sessions.adherence import NotDue
from rehab.sessions.models import Clip, MedicineAnswer, Message, ResponseAnswer, WarningReport
from rehab.sessions.queries import Pain, pain_answers
from rehab.sessions.queries.looking_back import last_words, measured, stopped_days

CLIPS: Final = 6
MESSAGES: Final = 5
# Of one instrument; a form is filled in at visits, weeks apart.
SCORES: Final = 12
# The newest decisions of the span; older ones are in the program's history.
DECISIONS: Final = 250


class Item(NamedTuple):
    """One prescription, as far as the chart needs it."""

    pk: UUID
    exercise: UUID
    slug: str
    name: str
    load: int
    dose: Dose
    starts_on: dt.date
    ends_on: dt.date | None
    weekdays: int
    times_per_day: int
    is_one_off: bool
    started_by: UUID
    ended_by: UUID | None


class Said(NamedTuple):
    """The last word about one slot; ``share`` in percent."""

    prescription: UUID
    day: dt.date
    slot: int
    share: int
    skip_reason: str


class Missed(NamedTuple):
    """One dose of medicine that was not given."""

    day: dt.date
    medicine: str
    time: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Frame:
    """What the chart's head says and its axis hangs on; of each list the oldest comes first."""

    definitions: list[ProblemDefinition]
    programs: list[Program]
    episodes: list[Episode]
    owners: list[str]

    @property
    def definition(self) -> ProblemDefinition | None:
        """The newest signed one."""
        return self.definitions[-1] if self.definitions else None

    @property
    def program(self) -> Program | None:
        """The open one."""
        return next((one for one in self.programs if one.ended_at is None), None)


@dataclass(frozen=True, kw_only=True)
class Told:
    """What is on record about the days of an axis; of each list the oldest comes first."""

    items: list[Item]
    said: list[Said]
    pain: dict[tuple[dt.date, str], Pain]
    areas: dict[dt.date, list[str]]
    missed: list[Missed]
    measured: dict[str, dict[dt.date, Decimal]]
    reports: list[WarningReport]
    stopped: set[NotDue]
    decisions: list[Decision]
    steps: list[LadderStep]
    checkpoints: list[Checkpoint]
    changes: list[ThresholdChange]
    clips: list[Clip]
    messages: list[Message]
    scores: list[OutcomeScore]


def frame_of(patient: Patient) -> Frame:
    """The definitions, programs and episodes of all time, and who owns the dog; four statements."""
    programs = list(
        Program.objects.filter(patient=patient)
        .select_related("protocol", "definition", "paused_by__decided_by")
        .order_by("created_at", "pk")
    )
    for program in programs:
        program.patient = patient
    return Frame(
        definitions=list(
            with_resets(ProblemDefinition.objects.filter(patient=patient).signed())
            .select_related("signed_by")
            .order_by("version", "pk")
        ),
        programs=programs,
        episodes=list(Episode.objects.standing().filter(patient=patient).order_by("number")),
        owners=[
            one.user.get_full_name()
            for one in Caregiver.objects.current()
            .filter(patient=patient, relation=Caregiver.Relation.OWNER)
            .select_related("user")
            .order_by("started_at", "pk")
        ],
    )


def told_of(patient: Patient, axis: Axis) -> Told:
    """The days of the axis; fifteen statements, whatever was logged."""
    dog = patient.pk
    return Told(
        items=_items(dog, axis),
        said=_said(dog, axis),
        # The first morning tells of the evening before.
        pain=pain_answers(dog, axis.first - ONE_DAY, axis.until),
        areas=_areas(dog, axis),
        missed=_missed(dog, axis),
        measured=measured(dog, axis.first),
        reports=_reports(dog, axis),
        stopped=stopped_days([dog], axis.first, axis.until)[dog],
        decisions=_decisions(dog, axis),
        steps=list(
            LadderStep.objects.filter(patient=dog)
            .filter(Q(ends_on=None) | Q(ends_on__gt=axis.first), starts_on__lt=axis.until)
            .select_related("ladder")
            .order_by("starts_on", "pk")
        ),
        checkpoints=list(Checkpoint.objects.filter(patient=dog).order_by("due_on", "pk")),
        changes=_threshold_changes(patient.clinic_id),
        clips=list(
            Clip.objects.complete()
            .filter(patient=dog)
            .select_related("media", "review__reviewed_by", "prescription__exercise")
            .order_by("-created_at", "-pk")[:CLIPS]
        ),
        messages=list(
            Message.objects.filter(patient=dog).select_related("written_by").order_by("-received_at", "-pk")[:MESSAGES]
        ),
        scores=_scores(dog),
    )


def _items(dog: UUID, axis: Axis) -> list[Item]:
    rows: Iterable[Any] = (
        Prescription.objects.filter(patient=dog)
        .overlapping(axis.first, axis.until)
        .order_by("position", "starts_on", "pk")
        .values_list(
            *("pk", "exercise_id", "exercise__slug", "exercise__name", "exercise__load", "dose", "starts_on"),
            *("ends_on", "weekdays", "times_per_day", "is_one_off", "started_by_id", "ended_by_id"),
        )
    )
    return [
        Item(pk, exercise, slug, name, load, Dose.from_json(dose), *period)
        for pk, exercise, slug, name, load, dose, *period in rows
    ]


def _said(dog: UUID, axis: Axis) -> list[Said]:
    rows: Iterable[Any] = last_words([dog], axis.first, axis.until).values_list(
        "prescription_id", "day", "slot", "share", "skip_reason"
    )
    return [Said(*row) for row in rows]


def _areas(dog: UUID, axis: Axis) -> dict[dt.date, list[str]]:
    """Where it hurt, by day; of several answers of a day the last holds, and an empty one says: nowhere."""
    rows: Iterable[Any] = (
        ResponseAnswer.objects.filter(patient=dog, day__gte=axis.first, day__lt=axis.until)
        .order_by("done_at", "pk")
        .values_list("day", "areas")
    )
    return {day: areas for day, areas in rows if areas is not None}


def _missed(dog: UUID, axis: Axis) -> list[Missed]:
    """The doses of which the last answer says that they were not given."""
    last: dict[tuple[dt.date, str, str], tuple[bool | None, str]] = {}
    for day, medicine, time, given, reason in (
        MedicineAnswer.objects.filter(patient=dog, day__gte=axis.first, day__lt=axis.until)
        .order_by("done_at", "pk")
        .values_list("day", "medicine", "time", "given", "reason")
    ):
        last[day, medicine, time] = (given, reason)
    return [
        Missed(day, medicine, time, reason)
        for (day, medicine, time), (given, reason) in sorted(last.items())
        if given is False
    ]


def _reports(dog: UUID, axis: Axis) -> list[WarningReport]:
    """The checks with a hit that were made in the span, or still stopped the dog when it began."""
    return list(
        WarningReport.objects.filter(patient=dog, day__lt=axis.until)
        .exclude(urgency="")
        .filter(
            Q(day__gte=axis.first)
            | Q(stop__in=[WarningReport.Stop.ALL, WarningReport.Stop.ALL_ACTIVE])
            & (Q(release=None) | Q(release__released_at__date__gte=axis.first - ONE_DAY))
        )
        .select_related("recorded_by", "release__released_by")
        .order_by("done_at", "pk")
    )


def _decisions(dog: UUID, axis: Axis) -> list[Decision]:
    newest = (
        Decision.objects.filter(patient=dog, effective_on__gte=axis.first)
        .select_related("decided_by", "exercise")
        .order_by("-decided_at", "-pk")[:DECISIONS]
    )
    return list(newest)[::-1]


def _threshold_changes(clinic: UUID) -> list[ThresholdChange]:
    """The numbers that hold in the clinic in place of the content's, with who set them and why."""
    newest = Window(RowNumber(), partition_by=["profile", "name"], order_by=["-changed_at", "-pk"])
    standing = (
        ThresholdChange.objects.filter(clinic=clinic)
        .annotate(place=newest)
        .filter(place=1)
        .select_related("changed_by")
        .order_by("profile", "name")
    )
    # Not in the statement: there it would hold before the newest is found, and bring back what a later change replaced.
    return [one for one in standing if one.value is not None]


def _scores(dog: UUID) -> list[OutcomeScore]:
    """The newest results of each instrument, the oldest of them first."""
    place = Window(RowNumber(), partition_by=[F("instrument")], order_by=["-day", "-recorded_at", "-pk"])
    return list(
        OutcomeScore.objects.standing()
        .filter(patient=dog)
        .annotate(place=place)
        .filter(place__lte=SCORES)
        .select_related("recorded_by")
        .order_by("instrument", "day", "recorded_at", "pk")
    )
