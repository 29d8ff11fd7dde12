"""What lasted or happened beside the numbers: phases, rungs, stops, pauses, medicine, episodes and checkpoints."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple
from uuid import UUID

from rehab.guidance.charting.axis import ONE_DAY, Axis
from rehab.guidance.charting.geometry import Spot, Stretch
from rehab.guidance.charting.reading import Frame, Told
from rehab.patients.models import Patient, ProblemDefinition
from rehab.programs.models import Decision, Episode, LadderStep, Program
from rehab.sessions.models import WarningReport

STOPPING = frozenset({WarningReport.Stop.ALL, WarningReport.Stop.ALL_ACTIVE})


class MedicineChange(NamedTuple):
    """A vet signed other medicine than before; the first plan is a change as well."""

    day: dt.date
    before: ProblemDefinition | None
    after: ProblemDefinition


def stretch(axis: Axis, first: dt.date, until: dt.date | None, kind: str, text: str = "") -> Iterable[Stretch]:
    """The half-open period as a stretch of the axis; nothing where it lies outside."""
    end = axis.until if until is None else until
    if end > first and axis.reaches(first, end):
        yield Stretch(axis.nearest(first), axis.nearest(end - ONE_DAY), kind, text)


def phases(patient: Patient, frame: Frame, told: Told, axis: Axis) -> list[Stretch]:
    """The phase of each time, by the decisions that moved it."""
    found: list[Stretch] = []
    for program in frame.programs:
        until = patient.today(program.ended_at) if program.ended_at else axis.until
        for first, end, phase in _phases_of(program, told.decisions, until=until):
            found += stretch(axis, first, end, "phase", phase)
    return found


def _phases_of(
    program: Program, decisions: Sequence[Decision], *, until: dt.date
) -> list[tuple[dt.date, dt.date, str]]:
    moves = [
        one
        for one in decisions
        if one.program_id == program.pk and one.kind == Decision.Kind.PHASE and "from" in one.details
    ]
    found, since = [], program.starts_on
    for move in moves:
        found.append((since, move.effective_on, str(move.details["from"])))
        since = move.effective_on
    return [*found, (since, until, program.phase)]


def rungs(steps: Sequence[LadderStep], axis: Axis) -> list[tuple[LadderStep, list[Stretch]]]:
    """The rungs of each ladder, with its newest step for the name."""
    by_ladder: defaultdict[UUID, list[LadderStep]] = defaultdict(list)
    for step in steps:
        by_ladder[step.ladder_id].append(step)
    return [
        (
            ours[-1],
            [one for step in ours for one in stretch(axis, step.starts_on, step.ends_on, "rung", str(step.rung))],
        )
        for ours in by_ladder.values()
    ]


def stops(patient: Patient, told: Told, axis: Axis) -> list[Stretch]:
    """From the check that stopped the exercises to a vet's release, both days with it."""
    found: list[Stretch] = []
    for report in told.reports:
        if report.stop in STOPPING:
            found += stretch(axis, report.day, _released(patient, report), "stop")
    return found


def _released(patient: Patient, report: WarningReport) -> dt.date | None:
    release = getattr(report, "release", None)
    return None if release is None else patient.today(release.released_at) + ONE_DAY


def signs(told: Told, axis: Axis) -> list[Spot]:
    """Warning signs that stopped nothing, or one exercise only."""
    return [
        Spot(axis.nearest(one.day), "sign")
        for one in told.reports
        if one.stop not in STOPPING and one.day >= axis.first
    ]


def pauses(frame: Frame, told: Told, axis: Axis) -> list[Stretch]:
    """From each pause to its resumption, or to the end of its program."""
    found: list[Stretch] = []
    for program in frame.programs:
        since = axis.first if program.starts_on < axis.first else None
        paused: dt.date | None = None
        for one in told.decisions:
            if one.program_id != program.pk:
                continue
            if one.kind == Decision.Kind.PAUSE:
                paused = one.effective_on
            elif one.kind in (Decision.Kind.RESUME, Decision.Kind.END):
                start = paused or (since if one.kind == Decision.Kind.RESUME else None)
                if start is not None:
                    found += stretch(axis, start, one.effective_on, "pause")
                paused = since = None
        if program.paused_by is not None and program.ended_at is None:
            found += stretch(axis, program.paused_by.effective_on, None, "pause")
    return found


def medicine_changes(patient: Patient, definitions: Sequence[ProblemDefinition], axis: Axis) -> list[MedicineChange]:
    """The changes within the axis, the oldest first."""
    found: list[MedicineChange] = []
    before: ProblemDefinition | None = None
    for one in definitions:
        day = patient.today(one.signed_at) if one.signed_at else None
        if (
            day is not None
            and (before is None or _medicine(one) != _medicine(before))
            and axis.first <= day <= axis.last
        ):
            found.append(MedicineChange(day, before, one))
        before = one
    return found


def _medicine(definition: ProblemDefinition) -> tuple[object, ...]:
    return definition.pain_control, definition.pain_control_plan, definition.medicines


def medicine_spots(changes: Sequence[MedicineChange], told: Told, axis: Axis) -> list[Spot]:
    """Changes as triangles, and a cross wherever a dose was missed."""
    missed = {axis.nearest(one.day) for one in told.missed}
    return [
        *(Spot(place, "missed") for place in sorted(missed)),
        *(Spot(axis.nearest(one.day), "medicine") for one in changes),
    ]


def episode_ends(episodes: Sequence[Episode]) -> list[dt.date | None]:
    """The day on which the next episode began, for each; none for the one that goes on."""
    return [*(one.opened_on for one in episodes[1:]), None][: len(episodes)]


def episodes(patient: Patient, frame: Frame, axis: Axis) -> list[Stretch]:
    """Treatment and maintenance of each episode."""
    found: list[Stretch] = []
    for one, end in zip(frame.episodes, episode_ends(frame.episodes), strict=True):
        number = str(one.number)
        if one.discharged_on is None:
            found += stretch(axis, one.opened_on, end, "treatment", number)
            continue
        again = patient.today(one.reopened_at) if one.reopened_at else None
        found += stretch(axis, one.opened_on, one.discharged_on, "treatment", number)
        found += stretch(axis, one.discharged_on, again or end, "maintenance", number)
        if again is not None:
            found += stretch(axis, again, end, "treatment", number)
    return found


def checkpoints(told: Told, axis: Axis) -> list[Spot]:
    """The looks after discharge that were due in the axis, by what came out."""
    return [
        Spot(axis.nearest(one.due_on), f"checkpoint-{one.state}")
        for one in told.checkpoints
        if axis.first <= one.due_on <= axis.last
    ]
