"""What a change of an open program stands on: the newest signed definition, its row, and the dog's today."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.utils.translation import gettext as _

from rehab.library import reading
from rehab.library.models import Exercise
from rehab.patients.decision_rows import Row
from rehab.patients.models import ProblemDefinition
from rehab.programs import limits
from rehab.programs.dose import Dose
from rehab.programs.gate import Objection, gate_b, hold_objections, objections, re_exam_objections, row_of
from rehab.programs.limits import Came, Stretch
from rehab.programs.models import Decision, Prescription, Program
from rehab.programs.resetting import Numbers, came_back_text, current_with_reset, reset_by

CAME: Final[dict[str, Came]] = {
    Decision.Kind.ADD: "added",
    Decision.Kind.PHASE: "added",
    Decision.Kind.PROGRESS: "progressed",
    Decision.Kind.CHANGE_DOSE: "changed",
}


@dataclass(frozen=True, kw_only=True)
class Ground:
    """The newest signed definition may be newer than the program's: what it says counts at once.

    ``came_back`` are the numbers of the recurrence since which it gives no program any more.
    """

    definition: ProblemDefinition
    row: Row
    today: dt.date
    came_back: Numbers | None = None


def ground_of(program: Program, *, at: dt.datetime) -> Ground:
    newest = current_with_reset(program.patient_id)
    definition = newest or program.definition
    today = program.patient.today(at)
    return Ground(definition=definition, row=row_of(definition), today=today, came_back=reset_by(newest))


def growth_objections(program: Program, ground: Ground) -> list[Objection]:
    """Why the program as a whole must not grow now, by an exercise or by a step."""
    found = [
        *re_exam_objections(ground.definition, on=ground.today),
        *hold_objections(ground.definition, on=ground.today),
    ]
    if ground.came_back is not None:
        found.append(Objection(rule="GATE_A", text=came_back_text(ground.came_back)))
    if ground.row.id != program.decision_row:
        found.append(
            Objection(
                rule=ground.row.id,
                text=_("The problem definition has changed since. Assign a program for the new one first."),
            )
        )
    return found


def progress_objections(program: Program, ground: Ground) -> list[Objection]:
    """Why nothing in the program may become more now: beside growth itself, what gate B asks of the definition."""
    return [*growth_objections(program, ground), *gate_b(ground.definition)]


def gate_objections(exercise: Exercise, program: Program, ground: Ground) -> list[Objection]:
    return objections(
        exercise,
        definition=ground.definition,
        row=ground.row,
        profile=program.profile,
        phase=program.phase,
        on=ground.today,
    )


def refused_progress(row: Row) -> str:
    if row.forbids_progress:
        return _("Nobody progresses while the kind of back pain is undetermined.")
    return _("Only a vet progresses for this kind of back pain.")


def no_progress_text(program: Program) -> str:
    return _("The protocol “%(protocol)s” keeps the dog moving without progress.") % {
        "protocol": program.protocol.name if program.protocol else ""
    }


def recent_of(patient_id: UUID, *, on: dt.date) -> list[Stretch]:
    """What the dog had in the fourteen days before that day, in whichever program, and what is still to begin."""
    rows = (
        Prescription.objects.filter(patient=patient_id)
        .exclude(ends_on__lte=on - limits.FORTNIGHT)
        .select_related("exercise", "started_by")
        .order_by("starts_on", "pk")
    )
    return [stretch_of(one) for one in rows]


def stretch_of(one: Prescription) -> Stretch:
    """A prescription as the limits of growth see it; read with its exercise and the decision that began it."""
    return Stretch(
        slug=one.exercise.slug,
        load=one.exercise.load,
        is_active=one.exercise.is_active,
        dose=one.dosage,
        starts_on=one.starts_on,
        ends_on=one.ends_on,
        came="" if "undoes" in one.started_by.details else CAME.get(one.started_by.kind, ""),
    )


def new_objections(adding: Iterable[Exercise], *, row: Row, recent: Sequence[Stretch], on: dt.date) -> list[Objection]:
    """More new active exercises within a week than the row allows (new_exercises_per_week)."""
    most = row.limits.new_exercises_per_week
    count = limits.too_many_new(recent, [one.slug for one in adding if one.is_active], on=on, most=most)
    if not count:
        return []
    return [
        Objection(
            rule="NEW",
            text=_("%(count)d new active exercises within 7 days; at most %(most)d for this kind of back pain.")
            % {"count": count, "most": most},
            vet_may=True,
        )
    ]


def load_objections(
    exercise: Exercise, dose: Dose, *, row: Row, recent: Sequence[Stretch], on: dt.date, instead_of: str = ""
) -> list[Objection]:
    """More load of this exercise than the row allows in a week or in fourteen days (H9)."""
    if not exercise.is_active:
        return []
    found = limits.excess(
        recent,
        exercise.slug,
        dose=dose,
        load=exercise.load,
        dose_range=exercise.dose_range,
        on=on,
        weekly=row.limits.weekly_load_pct,
        fortnightly=row.limits.hard_14d_pct,
        instead_of=instead_of,
    )
    if found is None:
        return []
    return [
        Objection(
            rule="H9",
            text=_("%(percent)d %% more load than %(days)d days ago; this kind of back pain allows %(allowed)d %%.")
            % {"percent": found.percent, "days": found.days, "allowed": found.allowed},
            vet_may=True,
            about=exercise.name,
        )
    ]


def pace_objections(
    prescription: Prescription, dose: Dose, *, ground: Ground, recent: Sequence[Stretch], on: dt.date
) -> list[Objection]:
    """More than one thing at a time: two numbers of the dose, two exercises, or two planned steps in a week.

    Sources: one_variable_at_a_time of the row; H6 with days_between_progressions of the profile.
    """
    exercise, program = prescription.exercise, prescription.program
    found = []
    if ground.row.limits.one_variable_at_a_time and len(limits.raised(dose, prescription.dosage)) > 1:
        found.append(
            Objection(
                rule="ONE_VARIABLE",
                text=_("Only one number of the dose may grow at a time."),
                vet_may=True,
                about=exercise.name,
            )
        )
    found += other_objections(exercise.slug, program, recent=recent, on=on)
    steps = limits.grew_within(recent, on=on, days=limits.WEEK.days)
    if prescription.dosage.ramp_by is not None and exercise.slug in steps:
        found.append(
            Objection(
                rule="RAMP",
                text=_("Its planned growth is one step a week, and it had one in the last 7 days."),
                vet_may=True,
                about=exercise.name,
            )
        )
    return found


def other_objections(slug: str, program: Program, *, recent: Sequence[Stretch], on: dt.date) -> list[Objection]:
    """Another exercise grew only a few days ago (H6)."""
    days = int(reading.profiles()[program.profile]["days_between_progressions"])
    if not limits.grew_within(recent, on=on, days=days) - {slug}:
        return []
    return [
        Objection(
            rule="H6",
            text=_("Another exercise grew less than %(days)d days ago. One change at a time.") % {"days": days},
            vet_may=True,
        )
    ]
