"""What the rules look at, read for many dogs at once: a fixed number of statements for any number of dogs."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from django.db.models import Case, Exists, F, OuterRef, Subquery, Value, When
from django.db.models.fields.json import KT
from django.db.models.functions import Coalesce

from rehab.guidance.attention import (
    CAREFUL,
    WINDOW_DAYS,
    Alerted,
    Answer,
    Day,
    Dog,
    Limits,
    Moment,
    Stopped,
    Suggested,
    limits_of,
)
from rehab.guidance.models import Evaluation, Suggestion
from rehab.guidance.models.suggestions import Verdict
from rehab.guidance.queries.alerts import WaitingAlert, alerted, waiting_alerts
from rehab.guidance.queries.maintenance import Maintained, checkpoints_to_look_at, maintained, reason_numbers
from rehab.guidance.queries.stops import stops_of
from rehab.guidance.queries.suggestions import asks_to_look_again, open_suggestions
from rehab.guidance.queries.thresholds import thresholds_of
from rehab.guidance.suggestion_wording import followed
from rehab.library import reading
from rehab.library.models import ProtocolPhase
from rehab.patients.decision_rows import Row, row_for
from rehab.patients.models import Caregiver, Patient, ProblemDefinition
from rehab.programs import maintenance
from rehab.programs.ladders import Own
from rehab.programs.models import Checkpoint, Decision, Prescription, Program, ProgramQuerySet
from rehab.programs.resetting import reset_by, with_resets
from rehab.sessions.adherence import NotDue, Period, tallies
from rehab.sessions.models import PainAnswer, PerformedExercise, WarningReport
from rehab.sessions.queries import SlotShare, slot_shares
from rehab.sessions.queries.clips import WaitingClips, waiting_clips
from rehab.sessions.queries.looking_back import stopped_days
from rehab.sessions.queries.messages import Waiting, waiting_messages

PERIOD = (
    "pk",
    "exercise",
    "starts_on",
    "ends_on",
    "weekdays",
    "times_per_day",
    "is_one_off",
)


@dataclass(kw_only=True)
class Facts:
    """What is known about one dog over some days; ``shares`` are the last word about each time of a day.

    What a warning sign had ``stopped``, all exercises or one alone, was not due. ``row_before`` is the
    decision row under which a person last decided about the phase, empty while it is the same.
    """

    definition: ProblemDefinition | None = None
    program: Program | None = None
    has_family: bool = False
    paused_on: dt.date | None = None
    row_before: str = ""
    periods: list[Period] = field(default_factory=list)
    shares: dict[tuple[UUID, dt.date, int], int] = field(default_factory=dict)
    pain_skips: set[dt.date] = field(default_factory=set)
    answers: list[Answer] = field(default_factory=list)
    stops: list[WarningReport] = field(default_factory=list)
    alerts: list[WaitingAlert] = field(default_factory=list)
    stopped: set[NotDue] = field(default_factory=set)
    waiting: Waiting | None = None
    clips: WaitingClips | None = None
    suggestions: list[Suggestion] = field(default_factory=list)
    evaluation: Evaluation | None = None
    phase_days: int | None = None
    checkpoints: list[Checkpoint] = field(default_factory=list)
    maintained: Maintained | None = None
    own: Own = field(default_factory=dict)

    @property
    def limits(self) -> Limits:
        """The limits that hold for the dog: its clinic's."""
        return limits_of(self.profile, self.own)

    @property
    def stop(self) -> Stopped | None:
        """What stops the exercises now: the gravest sign of all checks that do, since the first of them."""
        if not self.stops:
            return None
        flags = {flag for report in self.stops for flag in report.flags}
        # In the order of the content, the gravest first; then what only a rule says, or no content any more.
        known = [sign.id for sign in reading.red_flags() if sign.id in flags]
        rules = {rule for report in self.stops for rule in report.rules}
        signs = [*known, *sorted(rules | flags - {*known})]
        return Stopped(
            sign=signs[0],
            on=min(report.day for report in self.stops),
            is_emergency=any(report.urgency == WarningReport.Urgency.EMERGENCY for report in self.stops),
            more=len(signs) - 1,
            by_rules=all(report.recorded_by_id is None for report in self.stops),
            is_of_one=all(report.stop == WarningReport.Stop.NAMED for report in self.stops),
        )

    @property
    def alert(self) -> Alerted | None:
        """What nobody has taken over."""
        return alerted(self.alerts)

    def add(self, said: SlotShare) -> None:
        """Take in the last word about one time of a day."""
        self.shares[said.prescription, said.day, said.slot] = said.share
        if said.skip_reason == PerformedExercise.SkipReason.PAIN:
            self.pain_skips.add(said.day)

    @property
    def row(self) -> Row | None:
        """The decision row of the signed definition."""
        if self.definition is None:
            return None
        return row_for(
            origin=self.definition.origin,
            mechanism=self.definition.mechanism,
            neuro_deficit=self.definition.neuro_deficit,
            neuro_grade=self.definition.neuro_grade,
        )

    @property
    def profile(self) -> str:
        """Whose limits apply: the more careful of the program's and the newest signed definition's."""
        known = {self.program.profile if self.program else None, self.row.profile if self.row else None}
        return CAREFUL if CAREFUL in known or known == {None} else "msk"

    def parts(self, *, today: dt.date, count: int = WINDOW_DAYS) -> dict[tuple[UUID, dt.date], float]:
        """What counts for adherence of the days ending with today: how much of an item was done on a day, 0 to 1.

        Of the days before today everything that was due counts, of today only what is done: it is not over.
        """
        first = today - dt.timedelta(days=count - 1)
        parts = self._tallies(first=first, today=today)
        return {key: part for key, part in parts.items() if key[1] < today or part == 1}

    def days(self, *, today: dt.date, count: int = WINDOW_DAYS) -> list[Day]:
        """The days ending with today, oldest first, with what counts for adherence."""
        first = today - dt.timedelta(days=count - 1)
        heard = {day for _, day, _ in self.shares} | {answer.felt_on for answer in self.answers}
        by_day: dict[dt.date, list[float]] = {first + dt.timedelta(days=number): [] for number in range(count)}
        for (_, day), part in self.parts(today=today, count=count).items():
            by_day[day].append(part)
        return [Day(day=day, due=len(done), done=sum(done), is_heard=day in heard) for day, done in by_day.items()]

    def so_far(self, *, today: dt.date) -> Day:
        """Today with everything that is due, done or not."""
        parts = self._tallies(first=today, today=today).values()
        return Day(day=today, due=len(parts), done=sum(parts))

    def _tallies(self, *, first: dt.date, today: dt.date) -> dict[tuple[UUID, dt.date], float]:
        until = today + dt.timedelta(days=1)
        return tallies(self.periods, self.shares, first=first, until=until, today=today, stopped=self.stopped)

    def dog(self, *, today: dt.date, days: Collection[Day]) -> Dog:
        """The same as the rules want it, about the given days."""
        row = self.row
        known = {day.day for day in days}
        return Dog(
            today=today,
            profile=self.profile,
            own=self.own,
            is_signed=self.definition is not None,
            came_back=reset_by(self.definition) or {},
            is_undetermined=row is not None and row.forbids_progress,
            has_program=self.program is not None,
            has_family=self.has_family,
            paused_on=self.paused_on,
            is_redefined=row is not None and self.row_before not in ("", row.id),
            phase=self.program.phase if self.program else "",
            start_phase=row.start_phase if row else "",
            re_exam_due_on=self.definition.re_exam_due_on if self.definition else None,
            intake_pain=self.definition.pain_at_rest if self.definition else None,
            answers=[answer for answer in self.answers if answer.felt_on in known],
            days=days,
            pain_skips=self.pain_skips & known,
            stop=self.stop,
            alert=self.alert,
            messages_waiting=self.waiting.total if self.waiting else 0,
            waiting_since=self.waiting.since if self.waiting else None,
            clips_waiting=self.clips.total if self.clips else 0,
            clips_since=self.clips.since if self.clips else None,
            suggestions=[
                _suggested(one)
                for one in self.suggestions
                if one.verdict in DECIDED and not getattr(one, "is_answered", False)
            ],
            look_again=asks_to_look_again(self.evaluation) if self.program else (),
            is_not_evaluated=self.evaluation is not None and bool(self.evaluation.broken),
            phase_since=self.program.phase_started_on if self.program else None,
            phase_days=self.phase_days,
            checkpoint_worse=reason_numbers(self.checkpoints, Checkpoint.State.WORSE),
            checkpoint_missed=reason_numbers(self.checkpoints, Checkpoint.State.MISSED),
            relapse=self.maintained.signs(today=today) if self.maintained is not None and not self.paused_on else (),
        )


# The verdicts that ask a person for a decision; a hold asks for none, and a restraint is on the list as the stop it is.
DECIDED: Final = frozenset({Verdict.REGRESS.value, Verdict.PROGRESS.value})


def _suggested(one: Suggestion) -> Suggested:
    return Suggested(
        id=str(one.pk),
        seen=one.digest,
        is_more=one.verdict == Verdict.PROGRESS,
        exercise=one.exercise.name,
        said=next(iter(followed(one)), {}),
        step=one.step,
        dose=one.prescription.dose,
        swap=getattr(one, "swap_name", None) or "",
        approver=one.approver,
    )


def facts_of(patient_ids: Collection[UUID], *, first: dt.date, until: dt.date) -> defaultdict[UUID, Facts]:
    """The facts of the half-open period, by dog; a dog without any has empty ones. Sixteen statements.

    Four more where any of the dogs is in maintenance.
    """
    found: defaultdict[UUID, Facts] = defaultdict(Facts)
    for definition in (
        with_resets(ProblemDefinition.objects.signed().filter(patient__in=patient_ids))
        .only(
            "patient_id",
            "clinic_id",
            "version",
            "origin",
            "mechanism",
            "cause",
            "neuro_deficit",
            "neuro_grade",
            "pain_at_rest",
            "re_exam_due_on",
        )
        .order_by("patient", "version")
    ):
        found[definition.patient_id].definition = definition
    program: Any
    for program in _programs(patient_ids):
        facts = found[program.patient_id]
        facts.program, facts.has_family = program, program.has_family
        facts.paused_on, facts.row_before = program.paused_on, program.row_before or ""
        facts.phase_days = program.phase_days
    for patient, *period in (
        Prescription.objects.filter(patient__in=patient_ids)
        .overlapping(first, until)
        .order_by("patient", "pk")
        .values_list("patient", *PERIOD)
    ):
        found[patient].periods.append(Period(*period))
    for said in slot_shares(patient_ids, first, until):
        found[said.patient].add(said)
    # The answer about the night before the first day belongs to the session of the day before it.
    last: dict[tuple[UUID, dt.date, str], int] = {}
    for patient, day, moment, score in (
        PainAnswer.objects.filter(patient__in=patient_ids, day__gte=first - dt.timedelta(days=1), day__lt=until)
        .order_by("patient", "day", "moment", "done_at", "command")
        .values_list("patient", "day", "moment", "score")
    ):
        last[patient, day, moment] = score
    for (patient, day, moment), score in last.items():
        answer = Answer(day=day, moment=Moment(moment), score=score)
        if answer.felt_on >= first:
            found[patient].answers.append(answer)
    for patient, stops in stops_of(patient_ids).items():
        found[patient].stops = stops
    for patient, alerts in waiting_alerts(patient_ids).items():
        found[patient].alerts = alerts
    for patient, stopped in stopped_days(patient_ids, first, until).items():
        found[patient].stopped = stopped
    for patient, waiting in waiting_messages(patient_ids).items():
        found[patient].waiting = waiting
    for patient, clips in waiting_clips(patient_ids).items():
        found[patient].clips = clips
    for suggestion in open_suggestions(patient_ids):
        found[suggestion.patient_id].suggestions.append(suggestion)
    for evaluation in Evaluation.objects.filter(patient__in=patient_ids):
        found[evaluation.patient_id].evaluation = evaluation
    _add_limits(found, patient_ids)
    for patient, checkpoints in checkpoints_to_look_at(patient_ids, until=until).items():
        found[patient].checkpoints = checkpoints
    in_maintenance = [facts.program for facts in found.values() if facts.program and is_maintenance(facts.program)]
    for patient, logged in maintained(in_maintenance, until=until).items():
        found[patient].maintained = logged
    return found


def is_maintenance(program: Any) -> bool:
    """Whether the program, read with its protocol's name, is the one that follows a discharge."""
    return bool(program.protocol_slug == maintenance.PROTOCOL)


def _add_limits(found: Mapping[UUID, Facts], patient_ids: Collection[UUID]) -> None:
    """The limits of each dog's clinic; a dog without definition and program has nothing that they would judge."""
    own = thresholds_of(Patient.objects.filter(pk__in=patient_ids).order_by().values("clinic"))
    for facts in found.values():
        known = facts.program or facts.definition
        if known is not None:
            facts.own = own.get(known.clinic_id, {})


def phase_days(program: Program | None) -> int | None:
    """How many days the phase of the program takes at most; ``None`` where no protocol says it."""
    if program is None or program.protocol_id is None:
        return None
    found = ProtocolPhase.objects.filter(protocol=program.protocol_id, code=program.phase)
    by_name = Case(When(name=program.phase_name, then=Value(0)), default=Value(1))
    days: int | None = found.order_by(by_name, "position").values_list("days_max", flat=True).first()
    return days


def _programs(patient_ids: Collection[UUID]) -> ProgramQuerySet:
    """The open programs, each with whether anybody at home sees it, since when it rests, and its row before."""
    later_move = Decision.objects.filter(
        program=OuterRef("program"), kind=Decision.Kind.PHASE, plan_version__gt=OuterRef("plan_version")
    )
    redefined = Decision.objects.filter(~Exists(later_move), program=OuterRef("pk"), kind=Decision.Kind.REDEFINE)
    # Of two phases of the same code the one of the same name, as in ``phase_now``.
    here = ProtocolPhase.objects.filter(protocol=OuterRef("protocol"), code=OuterRef("phase")).order_by("position")
    named = here.filter(name=OuterRef("phase_name"))
    programs: ProgramQuerySet = (
        Program.objects.open()
        .filter(patient__in=patient_ids)
        .annotate(
            has_family=Exists(Caregiver.objects.current().filter(patient=OuterRef("patient"))),
            paused_on=F("paused_by__effective_on"),
            protocol_slug=F("protocol__slug"),
            row_before=Subquery(redefined.order_by("plan_version").values(row=KT("details__from_row"))[:1]),
            phase_days=Coalesce(Subquery(named.values("days_max")[:1]), Subquery(here.values("days_max")[:1])),
        )
    )
    return programs
