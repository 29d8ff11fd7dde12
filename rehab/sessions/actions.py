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
from rehab.lib.prepared import PreparedInsert, Value
from rehab.patients.models import Patient
from rehab.programs.models import LadderStep, Prescription
from rehab.sessions import commands as parsing
from rehab.sessions.commands import ExposureFact, PainFact, Refusal, SlotFact, Why
from rehab.sessions.day import Day, Event
from rehab.sessions.models import Command, ExerciseSession, Exposure, PainAnswer, PerformedExercise

ATTEMPTS: Final = 3

COMMANDS: Final = PreparedInsert(
    Command,
    *("id", "clinic", "patient", "kind", "body_hash", "issued_by", "done_at", "received_at", "day"),
    *("time_zone", "plan_version"),
)
PERFORMED: Final = PreparedInsert(
    PerformedExercise,
    *("command", "clinic", "patient", "prescription", "day", "slot", "state", "share", "skip_reason"),
    *("recorded_by", "done_at"),
)


class Outcome(StrEnum):
    """What became of a command; only one of these removes it from a phone's outbox."""

    APPLIED = "applied"
    ALREADY_APPLIED = "already_applied"
    SUPERSEDED = "superseded"
    REFUSED = "refused"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What became of one command, and the instant at which it counts."""

    outcome: Outcome
    refusal: Refusal | None = None
    done_at: dt.datetime | None = None


class _Receipt(NamedTuple):
    body_hash: str
    issued_by: UUID
    done_at: dt.datetime


class _Plan(NamedTuple):
    starts_on: dt.date
    ends_on: dt.date | None
    times_per_day: int


class _Step(NamedTuple):
    starts_on: dt.date
    ends_on: dt.date | None


Order = tuple[dt.datetime, UUID]
# What two answers must share for the later one to win: (prescription, day, slot), (session's day, moment) or
# (rung, day).
Key = tuple[UUID, dt.date, int] | tuple[dt.date, str] | tuple[UUID, dt.date]


@dataclass
class _Known:
    """What the database already holds that the commands are weighed against."""

    plans: dict[UUID, _Plan] = field(default_factory=dict)
    steps: dict[UUID, _Step] = field(default_factory=dict)
    last: dict[Key, Order] = field(default_factory=dict)
    receipts: dict[UUID, _Receipt] = field(default_factory=dict)


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
    apply = partial(_apply, patient=patient, commands=commands, by=by, at=at, day=day)
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
    commands: Sequence[parsing.Command | Refusal],
    by: User,
    at: dt.datetime,
    day: Day | None,
    look_first: bool,
) -> list[Answer]:
    known = _known(patient, [one for one in commands if isinstance(one, parsing.Command)], day, look_first=look_first)
    answers: list[Answer] = []
    fresh: list[tuple[parsing.Command, dt.datetime]] = []
    for command in commands:
        if isinstance(command, Refusal):
            answers.append(Answer(outcome=Outcome.REFUSED, refusal=command))
            continue
        answer = _weigh(command, patient=patient, by=by, at=at, known=known)
        answers.append(answer)
        if answer.done_at is not None and answer.outcome is not Outcome.ALREADY_APPLIED:
            fresh.append((command, answer.done_at))
            known.receipts[command.id] = _Receipt(command.body_hash, by.pk, answer.done_at)
            key = _key(command)
            known.last[key] = max(known.last.get(key, (answer.done_at, command.id)), (answer.done_at, command.id))
    if not look_first and any(
        answer.outcome is Outcome.REFUSED and isinstance(command, parsing.Command)
        for command, answer in zip(commands, answers, strict=True)
    ):
        raise _Unsure
    if fresh:
        _store(fresh, patient=patient, by=by, at=at)
    return answers


def _key(command: parsing.Command) -> Key:
    if isinstance(command.fact, PainFact):
        return command.fact.session_day, command.fact.moment
    if isinstance(command.fact, ExposureFact):
        return command.fact.step, command.day
    return command.fact.prescription, command.day, command.fact.slot


def _weigh(command: parsing.Command, *, patient: Patient, by: User, at: dt.datetime, known: _Known) -> Answer:
    receipt = known.receipts.get(command.id)
    if receipt is not None:
        if (receipt.body_hash, receipt.issued_by) != (command.body_hash, by.pk):
            return _refused(Why.SAME_ID_OTHER_CONTENT)
        return Answer(outcome=Outcome.ALREADY_APPLIED, done_at=receipt.done_at)
    if command.patient != patient.pk:
        return _refused(Why.PATIENT_UNKNOWN)
    done_at = parsing.when(command, received_at=at, dog_zone=patient.time_zone)
    if isinstance(done_at, Refusal):
        return Answer(outcome=Outcome.REFUSED, refusal=done_at)
    refusal = _misfit(command, known)
    if refusal is not None:
        return Answer(outcome=Outcome.REFUSED, refusal=refusal)
    last = known.last.get(_key(command))
    superseded = last is not None and last > (done_at, command.id)
    return Answer(outcome=Outcome.SUPERSEDED if superseded else Outcome.APPLIED, done_at=done_at)


def _misfit(command: parsing.Command, known: _Known) -> Refusal | None:
    """Why the dog's plan does not take the command, if it does not."""
    fact = command.fact
    if isinstance(fact, SlotFact):
        plan = known.plans.get(fact.prescription)
        if plan is None:
            return Refusal(why=Why.PRESCRIPTION_UNKNOWN)
        return parsing.fits(
            fact,
            day=command.day,
            starts_on=plan.starts_on,
            ends_on=plan.ends_on,
            times_per_day=plan.times_per_day,
        )
    if isinstance(fact, ExposureFact):
        step = known.steps.get(fact.step)
        if step is None:
            return Refusal(why=Why.STEP_UNKNOWN)
        return parsing.fits_step(day=command.day, starts_on=step.starts_on, ends_on=step.ends_on)
    return None


def _known(patient: Patient, commands: Sequence[parsing.Command], day: Day | None, *, look_first: bool) -> _Known:
    known = _Known()
    if look_first and commands:
        rows = Command.objects.filter(pk__in=[command.id for command in commands])
        known.receipts = {
            row[0]: _Receipt(*row[1:]) for row in rows.values_list("pk", "body_hash", "issued_by_id", "done_at")
        }
    slots = {(command.fact.prescription, command.day) for command in commands if isinstance(command.fact, SlotFact)}
    if day is not None:
        for one in day.prescribed:
            known.plans[one.id] = _Plan(one.starts_on, one.ends_on, one.times_per_day)
            slots.discard((one.id, day.day))
        known.last |= {(prescription, day.day, slot): event.order for (prescription, slot), event in day.last.items()}
    if slots:
        _read_slots(known, patient, slots)
    if sessions := {one.fact.session_day for one in commands if isinstance(one.fact, PainFact)}:
        pain = PainAnswer.objects.filter(patient=patient, day__in=sessions)
        for session_day, moment, done_at, pk in pain.values_list("day", "moment", "done_at", "pk"):
            key = session_day, moment
            known.last[key] = max(known.last.get(key, (done_at, pk)), (done_at, pk))
    if practised := {(one.fact.step, one.day) for one in commands if isinstance(one.fact, ExposureFact)}:
        _read_steps(known, patient, practised)
    return known


def _read_slots(known: _Known, patient: Patient, slots: set[tuple[UUID, dt.date]]) -> None:
    prescriptions = Prescription.objects.filter(patient=patient, pk__in={prescription for prescription, _ in slots})
    for pk, starts_on, ends_on, times in prescriptions.values_list("pk", "starts_on", "ends_on", "times_per_day"):
        known.plans[pk] = _Plan(starts_on, ends_on, times)
    if not known.plans:
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


def _store(
    fresh: Sequence[tuple[parsing.Command, dt.datetime]], *, patient: Patient, by: User, at: dt.datetime
) -> None:
    by_id = by.pk
    COMMANDS.rows(
        [
            (
                command.id,
                patient.clinic_id,
                patient.pk,
                command.kind,
                command.body_hash,
                by_id,
                done_at,
                at,
                command.day,
                command.time_zone or patient.time_zone,
                command.plan_version,
            )
            for command, done_at in fresh
        ]
    )
    performed: list[tuple[Value, ...]] = []
    pain: list[tuple[UUID, PainFact, dt.datetime]] = []
    exposures: list[Exposure] = []
    for command, done_at in fresh:
        fact = command.fact
        if isinstance(fact, PainFact):
            pain.append((command.id, fact, done_at))
            continue
        if isinstance(fact, ExposureFact):
            exposures.append(
                Exposure(
                    command_id=command.id,
                    clinic_id=patient.clinic_id,
                    patient_id=patient.pk,
                    step_id=fact.step,
                    day=command.day,
                    done=fact.done,
                    pain_after=fact.pain_after,
                    stop_signs=list(fact.stop_signs),
                    recorded_by_id=by_id,
                    done_at=done_at,
                )
            )
            continue
        said = (fact.prescription, command.day, fact.slot, fact.state, fact.share, fact.skip_reason)
        performed.append((command.id, patient.clinic_id, patient.pk, *said, by_id, done_at))
    if performed:
        PERFORMED.rows(performed)
    if exposures:
        Exposure.objects.bulk_create(exposures)
    if pain:
        sessions = _sessions(patient, {fact.session_day for _, fact, _ in pain})
        PainAnswer.objects.bulk_create(
            PainAnswer(
                command_id=pk,
                clinic_id=patient.clinic_id,
                patient_id=patient.pk,
                session_id=sessions[fact.session_day],
                day=fact.session_day,
                moment=fact.moment,
                score=fact.score,
                recorded_by_id=by_id,
                done_at=done_at,
            )
            for pk, fact, done_at in pain
        )


def _sessions(patient: Patient, days: set[dt.date]) -> dict[dt.date, UUID]:
    """The first session of each day, made where nobody has made it yet."""
    rows = ExerciseSession.objects.filter(patient=patient, day__in=days, number=1)
    found: dict[dt.date, UUID] = dict(rows.values_list("day", "pk"))
    if missing := days - found.keys():
        ExerciseSession.objects.bulk_create(
            (
                ExerciseSession(clinic_id=patient.clinic_id, patient_id=patient.pk, day=day, number=1)
                for day in sorted(missing)
            ),
            # Another caregiver may answer in the same moment: theirs is then the session.
            ignore_conflicts=True,
        )
        found = dict(rows.all().values_list("day", "pk"))
    return found


def event_of(command: parsing.Command, *, done_at: dt.datetime, by: User) -> Event | None:
    """The event that an applied command has become, for the screen that answers it; None for any other."""
    fact = command.fact
    if not isinstance(fact, SlotFact):
        return None
    return Event(
        command.id,
        fact.prescription,
        fact.slot,
        fact.state,
        fact.share,
        fact.skip_reason,
        done_at,
        by.get_short_name(),
    )
