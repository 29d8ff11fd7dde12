"""Families that answer, so that the rules suggest something: all good, too much pain, or a fall that restrains."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from accounts.models import User
from rehab.guidance.actions import refresh_summaries
from rehab.guidance.models import Suggestion
from rehab.library.models import Exercise
from rehab.patients.models import Patient
from rehab.programs.models import Prescription, Program
from rehab.sessions.models import PerformedExercise
from tests import make
from tests.make import NOW, TODAY

DAY = dt.timedelta(days=1)
SINCE = TODAY - 20 * DAY
# Nothing of these twenty days is lacking: signed before, shown back, and no medicine that changed.
SIGNED_AT = NOW - 25 * DAY


def make_walk(**fields: Any) -> Exercise:
    """A walk of 2 to 30 minutes; each step more is a minute."""
    return make.make_exercise(
        "leash-walk",
        **{
            "name": "Leash walk",
            "category": "gait_endurance",
            "dose": {"minutes": 8, "per_day": 1},
            "dose_range": {"minutes": [2, 30], "per_day": [1, 3]},
            "earliest_phase": "P0",
            **fields,
        },
    )


def make_answering_dog(
    patient: Patient, vet: User, *exercises: tuple[Exercise, dict[str, Any]], **plan: Any
) -> Program:
    """A program since three weeks, whose exercises were shown back, under a definition that lacks nothing."""
    definition = make.make_definition(patient, vet, signed_at=SIGNED_AT, onset_on=TODAY - 40 * DAY)
    chosen = exercises or ((make_walk(), {"minutes": 8, "per_day": 1, "days_per_week": 7}),)
    program = make.make_program(patient, vet, definition, starts_on=SINCE, exercises=chosen, **plan)
    make.teach(patient, *[exercise for exercise, _dose in chosen], by=vet, day=SINCE)
    return program


def answer_days(
    program: Program,
    *,
    days: int = 12,
    before: int = 0,
    after: int = 0,
    morning: int = 0,
    quality: int = 3,
    last: Sequence[int] | None = None,
) -> None:
    """Each of the last days everything was done, and every question answered; ``last`` are yesterday's three scores."""
    for ago in range(1, days + 1):
        day = TODAY - ago * DAY
        scores = last if last is not None and ago == 1 else (before, after, morning)
        for item in program.prescriptions.filter(ended_by=None):
            for slot in range(1, item.times_per_day + 1):
                done = make.make_tick(item, day, slot=slot)
                PerformedExercise.objects.filter(pk=done.pk).update(quality=quality)
        for moment, score in zip(("before", "after", "next_morning"), scores, strict=True):
            make.make_pain(program.patient, day, moment, score)


def evaluated(program: Program, *, at: dt.datetime = NOW) -> Suggestion:
    """What is suggested for the program's first exercise now."""
    refresh_summaries(at=at, patient_ids=[program.patient_id])
    found: Suggestion = Suggestion.objects.open().filter(program=program).order_by("prescription__position", "pk")[0]
    return found


def current(program: Program, slug: str = "leash-walk") -> Prescription:
    found: Prescription = program.prescriptions.get(ended_by=None, exercise__slug=slug)
    return found
