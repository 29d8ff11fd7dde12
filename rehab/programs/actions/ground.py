"""What a change of an open program stands on: the newest signed definition, its row, and the dog's today."""

import datetime as dt
from dataclasses import dataclass

from django.utils.translation import gettext as _

from rehab.library.models import Exercise
from rehab.patients.decision_rows import Row
from rehab.patients.models import ProblemDefinition
from rehab.patients.queries import current_definition
from rehab.programs.gate import Objection, objections, re_exam_objections, row_of
from rehab.programs.models import Program


@dataclass(frozen=True, kw_only=True)
class Ground:
    """The newest signed definition may be newer than the program's: what it says counts at once."""

    definition: ProblemDefinition
    row: Row
    today: dt.date


def ground_of(program: Program, *, at: dt.datetime) -> Ground:
    definition = current_definition(program.patient_id) or program.definition
    return Ground(definition=definition, row=row_of(definition), today=program.patient.today(at))


def growth_objections(program: Program, ground: Ground) -> list[Objection]:
    """Why the program as a whole must not grow now."""
    found = re_exam_objections(ground.definition, on=ground.today)
    if ground.row.id != program.decision_row:
        found.append(
            Objection(
                rule=ground.row.id,
                text=_("The problem definition has changed since. Assign a program for the new one first."),
            )
        )
    return found


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
