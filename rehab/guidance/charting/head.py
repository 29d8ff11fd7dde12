"""The head of the chart: what is wrong and who signed it, phase and criteria, medicine, own limits, and today's figures."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext as _

from accounts.access import Role
from rehab.guidance import threshold_wording
from rehab.guidance import wording as guidance_wording
from rehab.guidance.charting import wording
from rehab.guidance.charting.axis import ONE_DAY, WEEK, usual
from rehab.guidance.charting.days import Days
from rehab.guidance.charting.reading import Frame, Told
from rehab.guidance.engine.values import Profile, is_loosening
from rehab.guidance.models import ThresholdChange
from rehab.guidance.queries.phase import PhasePage, phase_page
from rehab.patients.models import Patient
from rehab.programs.gate import profile_of, row_of
from rehab.programs.models import Program
from rehab.programs.resetting import came_back_text, reset_by

# What adherence is said of, as on the dog's page.
DONE_DAYS: Final = 14


@dataclass(frozen=True, kw_only=True)
class OwnLimit:
    """A limit that the clinic has set otherwise than the content, with who, when and why."""

    text: str
    is_looser: bool
    who: str
    day: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One number of today with what it is compared with."""

    label: str
    value: str
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Head:
    """All that stands above the picture."""

    axes: str
    grade: str
    age: str
    owners: str
    medicine: str
    came_back: str
    limits: str
    own_limits: list[OwnLimit]
    phase: PhasePage | None
    figures: list[Figure]


def profile_name(frame: Frame) -> str:
    """Whose limits hold: the more careful of the program's and the newest definition's; the careful ones without either."""
    if frame.definition is None:
        return Program.Profile.NEURO.value
    return profile_of(row_of(frame.definition), protocol_profile=frame.program.profile if frame.program else "")


def pain_limit(name: str, changes: Sequence[ThresholdChange]) -> int:
    """The pain at rest that stops everything, as the clinic has set it (06_progression.yaml, resting_restrain)."""
    own = {one.name: one.value for one in changes if one.profile == name and one.value is not None}
    return Profile.of(name, own).resting_restrain


def own_limits(name: str, changes: Sequence[ThresholdChange]) -> list[OwnLimit]:
    """The limits of this dog's kind of pain that are not the content's; the looser ones first."""
    content = Profile.of(name)
    found = []
    for one in changes:
        if one.profile != name or one.value is None:
            continue
        before: int = getattr(content, one.name)
        if one.value == before:
            continue
        found.append(
            OwnLimit(
                text=_("%(limit)s: %(own)d instead of %(content)d")
                % {"limit": threshold_wording.label(one.name), "own": one.value, "content": before},
                is_looser=is_loosening(one.name, before=before, after=one.value),
                who=one.changed_by.get_full_name(),
                day=wording.long_day(one.changed_at.date()),
                reason=one.reason,
            )
        )
    return sorted(found, key=lambda limit: not limit.is_looser)


def head_of(patient: Patient, frame: Frame, told: Told, days: Days, *, roles: frozenset[Role], today: dt.date) -> Head:
    """The head; with a program and a definition it also reads what the phase's criteria ask about."""
    definition, program = frame.definition, frame.program
    name = profile_name(frame)
    reset = reset_by(definition)
    return Head(
        axes="" if definition is None else guidance_wording.axes(definition.origin, definition.mechanism),
        grade="" if definition is None else guidance_wording.grade(definition.neuro_grade),
        age="" if patient.born_on is None else guidance_wording.age(patient.born_on, today=today),
        owners=", ".join(frame.owners),
        medicine=wording.medicine(definition),
        came_back="" if reset is None else came_back_text(reset),
        limits=str(Program.Profile(name).label) if definition is not None else "",
        own_limits=own_limits(name, told.changes),
        phase=None
        if program is None or definition is None
        else phase_page(program, definition, roles=roles, today=today),
        figures=_figures(days, today=today),
    )


def _figures(days: Days, *, today: dt.date) -> list[Figure]:
    before = days.pain["before"]
    morning = days.pain["next_morning"]
    done = [part for (_item, day), part in days.parts.items() if 0 < (today - day).days <= DONE_DAYS]
    return [
        _weekly(_("Pain before, 7 days"), before, today=today),
        _weekly(_("Next morning, 7 days"), morning, today=today),
        Figure(
            label=_("Done, 14 days"),
            value=wording.percent(sum(done) / len(done)) if done else "",
        ),
        _load(days, today=today),
    ]


def _weekly(label: str, scores: Mapping[dt.date, float], *, today: dt.date) -> Figure:
    now = usual(scores, last=today)
    then = usual(scores, last=today - WEEK * ONE_DAY)
    note = "" if then is None else _("the week before %(score)s") % {"score": wording.figure(then)}
    return Figure(label=label, value="" if now is None else wording.figure(now), note=note)


def _load(days: Days, *, today: dt.date) -> Figure:
    """What was done of the plan in the seven days before today, which is not over."""

    def week(values: Mapping[dt.date, float]) -> float | None:
        found = [value for day, value in values.items() if 0 < (today - day).days <= WEEK]
        return sum(found) if found else None

    done, plan = week(days.load), week(days.plan)
    note = "" if plan is None else _("of %(plan)s planned") % {"plan": wording.figure(round(plan))}
    return Figure(label=_("Load, 7 days"), value="" if done is None else wording.figure(round(done)), note=note)
