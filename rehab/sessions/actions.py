"""Taking in what families report: one path for the form, the page part and the API."""

import datetime as dt
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from typing import Final, NamedTuple
from uuid import UUID

from django.db import IntegrityError, transaction

from accounts.access import Right, Role, allowed
from accounts.models import User
from rehab.patients.models import Observation, OutcomeScore, Patient, ProblemDefinition
from rehab.programs.models import LadderStep, Prescription
from rehab.sessions import commands as parsing
from rehab.sessions.commands import (
    ActivitiesFact,
    ExposureFact,
    MeasureFact,
    MedicineFact,
    PainFact,
    Refusal,
    SlotFact,
    Why,
)
from rehab.sessions.commands.facts import prescription_of
from rehab.sessions.day import Day
from rehab.sessions.models import Command, Exposure, MedicineAnswer, PainAnswer, PerformedExercise
from rehab.sessions.storing import Fresh, store

ATTEMPTS: Final = 3


class Outcome(StrEnum):
    """What became of a command; only what has become of it removes it from a phone's outbox, and "not now" does not."""

    APPLIED = "applied"
    ALREADY_APPLIED = "already_applied"
    SUPERSEDED = "superseded"
    REFUSED = "refused"
    NOT_NOW = "not_now"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What became of one command, when it arrived first, and the instant at which it counts.

    ``is_unplanned``: it is kept, and what was done was not, or no longer, prescribed on that day.
    """

    outcome: Outcome
    refusal: Refusal | None = None
    done_at: dt.datetime | None = None
    received_at: dt.datetime | None = None
    is_unplanned: bool = False


class _Receipt(NamedTuple):
    body_hash: str
    issued_by: UUID
    done_at: dt.datetime
    received_at: dt.datetime


class _Plan(NamedTuple):
    starts_on: dt.date
    ends_on: dt.date | None
    times_per_day: int


class _Step(NamedTuple):
    starts_on: dt.date
    ends_on: dt.date | None


Order = tuple[dt.datetime, UUID]
# What two answers must share for the later one to win: (prescription, day, slot), (session's day, moment),
# (rung, day), (day, medicine, time), or (day, the instrument) for what the dog's activities are like.
Key = tuple[UUID, dt.date, int] | tuple[dt.date, str] | tuple[UUID, dt.date] | tuple[dt.date, str, str]


@dataclass
class _Known:
    """What the database already holds that the commands are weighed against."""

    plans: dict[UUID, _Plan] = field(default_factory=dict)
    steps: dict[UUID, _Step] = field(default_factory=dict)
    last: dict[Key, Order] = field(default_factory=dict)
    receipts: dict[UUID, _Receipt] = field(default_factory=dict)
    # How many activities each signed definition of the dog names.
    activities: dict[UUID, int] = field(default_factory=dict)
    # Keys of measures and scores that the clinic took: no command may have one of them.
    measured: set[UUID] = field(default_factory=set)


def apply_commands(
    *,
    patient: Patient,
    roles: frozenset[Role],
    commands: Sequence[parsing.Command | Refusal],
    by: User,
    at: dt.datetime,
    day: Day | None = None,
) -> list[Answer]:
    """Apply each command of one dog once and whole; answer each in its place, the good ones whatever the others are.

    ``day`` is the day that the caller has already read, so that commands about it need no further reads.
    """
    if not allowed(Right.LOG, roles):
        return [_refused(Why.NOT_ALLOWED) for _ in commands]
    apply = partial(_apply, patient=patient, roles=roles, commands=commands, by=by, at=at, day=day)
    # Commands are nearly always new: they are tried without looking whether their keys are taken.
    with suppress(IntegrityError, _Unsure), transaction.atomic():
        return apply(look_first=False)
    for _ in range(ATTEMPTS):
        # A key that another request takes in this moment is seen in the next round.
        with suppress(IntegrityError), transaction.atomic():
            return apply(look_first=True)
    with transaction.atomic():
        return apply(look_first=True)


class _Unsure(Exception):
    """What is refused may have been applied before: what was applied once stays so, even if today it came too late."""


def _refused(why: Why, **params: object) -> Answer:
    return Answer(outcome=Outcome.REFUSED, refusal=Refusal(why=why, params=params))


def _apply(
    *,
    patient: Patient,
    roles: frozenset[Role],
    commands: Sequence[parsing.Command | Refusal],
    by: User,
    at: dt.datetime,
    day: Day | None,
    look_first: bool,
) -> list[Answer]:
    known = _known(patient, [one for one in commands if isinstance(one, parsing.Command)], day, look_first=look_first)
    answers: list[Answer] = []
    fresh: list[Fresh] = []
    for command in commands:
        if isinstance(command, Refusal):
            answers.append(Answer(outcome=Outcome.REFUSED, refusal=command))
            continue
        answer = _weigh(command, patient=patient, by=by, at=at, known=known)
        answers.append(answer)
        if answer.done_at is not None and answer.outcome is not Outcome.ALREADY_APPLIED:
            fresh.append(Fresh(command, answer.done_at, answer.is_unplanned))
            known.receipts[command.id] = _Receipt(command.body_hash, by.pk, answer.done_at, at)
            order = answer.done_at, command.id
            if (key := _key(command)) is not None:
                known.last[key] = max(known.last.get(key, order), order)
    if not look_first and any(
        answer.outcome is Outcome.REFUSED and isinstance(command, parsing.Command)
        for command, answer in zip(commands, answers, strict=True)
    ):
        raise _Unsure
    if fresh:
        store(fresh, patient=patient, roles=roles, by=by, at=at)
    return answers


def _key(command: parsing.Command) -> Key | None:
    """What the command answers; ``None`` for what is never answered twice: each measure, report and message counts."""
    fact = command.fact
    if isinstance(fact, SlotFact):
        return fact.prescription, command.day, fact.slot
    if isinstance(fact, PainFact):
        return fact.session_day, fact.moment
    if isinstance(fact, ExposureFact):
        return fact.step, command.day
    if isinstance(fact, MedicineFact):
        return command.day, fact.medicine, fact.time
    if isinstance(fact, ActivitiesFact):
        return command.day, OutcomeScore.CSOM
    return None


def _weigh(command: parsing.Command, *, patient: Patient, by: User, at: dt.datetime, known: _Known) -> Answer:
    receipt = known.receipts.get(command.id)
    if receipt is not None:
        if (receipt.body_hash, receipt.issued_by) != (command.body_hash, by.pk):
            return _refused(Why.SAME_ID_OTHER_CONTENT)
        return Answer(outcome=Outcome.ALREADY_APPLIED, done_at=receipt.done_at, received_at=receipt.received_at)
    if command.patient != patient.pk:
        return _refused(Why.PATIENT_UNKNOWN)
    if command.id in known.measured:
        return _refused(Why.SAME_ID_OTHER_CONTENT)
    done_at = parsing.when(command, received_at=at, dog_zone=patient.time_zone)
    if isinstance(done_at, Refusal):
        return Answer(outcome=Outcome.REFUSED, refusal=done_at)
    fits = _fits(command, known)
    if isinstance(fits, Refusal):
        return Answer(outcome=Outcome.REFUSED, refusal=fits)
    key = _key(command)
    last = known.last.get(key) if key else None
    superseded = last is not None and last > (done_at, command.id)
    return Answer(
        outcome=Outcome.SUPERSEDED if superseded else Outcome.APPLIED,
        done_at=done_at,
        received_at=at,
        is_unplanned=not fits,
    )


def _fits(command: parsing.Command, known: _Known) -> bool | Refusal:
    """Whether the day's plan asks for it; a refusal where it is about nothing that the dog ever had."""
    fact = command.fact
    if isinstance(fact, ExposureFact):
        step = known.steps.get(fact.step)
        if step is None:
            return Refusal(why=Why.STEP_UNKNOWN)
        return parsing.is_prescribed(day=command.day, starts_on=step.starts_on, ends_on=step.ends_on)
    if isinstance(fact, ActivitiesFact):
        number = known.activities.get(fact.definition)
        if number is None:
            return Refusal(why=Why.DEFINITION_UNKNOWN)
        return True if number == len(fact.scores) else Refusal(why=Why.ACTIVITIES_INCOMPLETE)
    about = prescription_of(fact)
    if about is None:
        return True
    plan = known.plans.get(about)
    if plan is None:
        return Refusal(why=Why.PRESCRIPTION_UNKNOWN)
    if not isinstance(fact, SlotFact):
        return True
    if fact.slot > plan.times_per_day:
        return Refusal(why=Why.SLOT_RANGE, params={"most": plan.times_per_day})
    return parsing.is_prescribed(day=command.day, starts_on=plan.starts_on, ends_on=plan.ends_on)


def _known(patient: Patient, commands: Sequence[parsing.Command], day: Day | None, *, look_first: bool) -> _Known:
    known = _Known()
    if look_first and commands:
        rows = Command.objects.filter(pk__in=[command.id for command in commands])
        known.receipts = {
            row[0]: _Receipt(*row[1:])
            for row in rows.values_list("pk", "body_hash", "issued_by_id", "done_at", "received_at")
        }
    slots = {(command.fact.prescription, command.day) for command in commands if isinstance(command.fact, SlotFact)}
    if day is not None:
        for one in day.prescribed:
            known.plans[one.id] = _Plan(one.starts_on, one.ends_on, one.times_per_day)
            slots.discard((one.id, day.day))
        known.last |= {(prescription, day.day, slot): event.order for (prescription, slot), event in day.last.items()}
    beside = {about for one in commands if not isinstance(one.fact, SlotFact) and (about := prescription_of(one.fact))}
    if slots or beside - known.plans.keys():
        _read_slots(known, patient, slots, beside)
    if sessions := {one.fact.session_day for one in commands if isinstance(one.fact, PainFact)}:
        pain = PainAnswer.objects.filter(patient=patient, day__in=sessions)
        for session_day, moment, done_at, pk in pain.values_list("day", "moment", "done_at", "pk"):
            key = session_day, moment
            known.last[key] = max(known.last.get(key, (done_at, pk)), (done_at, pk))
    if practised := {(one.fact.step, one.day) for one in commands if isinstance(one.fact, ExposureFact)}:
        _read_steps(known, patient, practised)
    if measures := {one.id for one in commands if isinstance(one.fact, MeasureFact)}:
        taken = Observation.objects.filter(pk__in=measures).exclude(pk__in=known.receipts)
        known.measured = set(taken.values_list("pk", flat=True)) if look_first else set()
    if given := {one.day for one in commands if isinstance(one.fact, MedicineFact)}:
        doses = MedicineAnswer.objects.filter(patient=patient, day__in=given)
        for on, medicine, time, done_at, pk in doses.values_list("day", "medicine", "time", "done_at", "pk"):
            dose = on, medicine, time
            known.last[dose] = max(known.last.get(dose, (done_at, pk)), (done_at, pk))
    if rated := {one.id: one.fact.definition for one in commands if isinstance(one.fact, ActivitiesFact)}:
        _read_activities(known, patient, rated, {one.day for one in commands if one.id in rated}, look_first=look_first)
    return known


def _read_activities(
    known: _Known, patient: Patient, rated: dict[UUID, UUID], days: set[dt.date], *, look_first: bool
) -> None:
    named = ProblemDefinition.objects.filter(patient=patient, pk__in=set(rated.values())).signed()
    known.activities = {pk: len(activities) for pk, activities in named.values_list("pk", "activities")}
    scores = OutcomeScore.objects.filter(patient=patient, instrument=OutcomeScore.CSOM, day__in=days)
    for on, done_at, pk in scores.values_list("day", "recorded_at", "pk"):
        key = on, OutcomeScore.CSOM
        known.last[key] = max(known.last.get(key, (done_at, pk)), (done_at, pk))
    if look_first:
        taken = OutcomeScore.objects.filter(pk__in=rated).exclude(pk__in=known.receipts)
        known.measured |= set(taken.values_list("pk", flat=True))


def _read_slots(known: _Known, patient: Patient, slots: set[tuple[UUID, dt.date]], beside: set[UUID]) -> None:
    asked = beside.union(prescription for prescription, _ in slots)
    prescriptions = Prescription.objects.filter(patient=patient, pk__in=asked)
    for pk, starts_on, ends_on, times in prescriptions.values_list("pk", "starts_on", "ends_on", "times_per_day"):
        known.plans[pk] = _Plan(starts_on, ends_on, times)
    if not slots or not known.plans:
        return
    events = PerformedExercise.objects.filter(
        patient=patient,
        day__in={day for _, day in slots},
        prescription__in={prescription for prescription, _ in slots},
    )
    for prescription, on, slot, done_at, pk in events.values_list("prescription_id", "day", "slot", "done_at", "pk"):
        key = prescription, on, slot
        known.last[key] = max(known.last.get(key, (done_at, pk)), (done_at, pk))


def _read_steps(known: _Known, patient: Patient, practised: set[tuple[UUID, dt.date]]) -> None:
    steps = LadderStep.objects.filter(patient=patient, pk__in={step for step, _ in practised})
    for pk, starts_on, ends_on in steps.values_list("pk", "starts_on", "ends_on"):
        known.steps[pk] = _Step(starts_on, ends_on)
    if not known.steps:
        return
    said = Exposure.objects.filter(
        patient=patient, step__in={step for step, _ in practised}, day__in={day for _, day in practised}
    )
    for step, on, done_at, pk in said.values_list("step_id", "day", "done_at", "pk"):
        key = step, on
        known.last[key] = max(known.last.get(key, (done_at, pk)), (done_at, pk))
