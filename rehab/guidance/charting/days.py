"""From what is on record to one value a day: pain as it was felt, load and its plan, what was done, what was measured."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from rehab.guidance.charting.axis import ONE_DAY, Axis
from rehab.guidance.charting.reading import Frame, Item, Told
from rehab.guidance.queries.evidence.building import LAME, LIMBS
from rehab.guidance.queries.readings import WALKS
from rehab.library import reading
from rehab.patients.measures import MEASURES
from rehab.patients.models import Patient
from rehab.sessions.adherence import Period, Tally, due_days, is_stopped, tallies

MOMENTS = ("before", "after", "next_morning")
WALKED = "walk_min_total"


@dataclass(frozen=True, kw_only=True)
class Days:
    """What is known of each day; a day that is missing has no value. Load and plan are minutes times load level."""

    pain: Mapping[str, Mapping[dt.date, float]]
    load: Mapping[dt.date, float]
    plan: Mapping[dt.date, float]
    parts: Mapping[tuple[UUID, dt.date], float]
    limb: set[dt.date]
    measured: Mapping[str, Mapping[dt.date, float]]

    @property
    def has_answers(self) -> bool:
        return any(self.pain.values())

    def done(self, axis: Axis) -> list[Tally]:
        """Items done and due in each place of the axis."""
        performed, due = [0.0] * axis.count, [0] * axis.count
        for (_, day), part in self.parts.items():
            place = axis.place(day)
            if place is not None:
                performed[place] += part
                due[place] += 1
        return [Tally(*one) for one in zip(performed, due, strict=True)]


def days_of(patient: Patient, frame: Frame, told: Told, axis: Axis) -> Days:
    """The values of the days of the axis."""
    periods = [
        Period(one.pk, one.exercise, one.starts_on, one.ends_on, one.weekdays, one.times_per_day, one.is_one_off)
        for one in told.items
    ]
    shares = {(one.prescription, one.day, one.slot): one.share for one in told.said}
    parts = tallies(periods, shares, first=axis.first, until=axis.until, today=axis.last, stopped=told.stopped)
    return Days(
        pain=_pain(told, axis),
        load=_load(told),
        plan=_plan(told, periods, axis),
        parts=parts,
        limb=_limb_days(told),
        measured=_measured(patient, frame, told, axis),
    )


def _pain(told: Told, axis: Axis) -> dict[str, dict[dt.date, float]]:
    """The scores of each moment by the day on which they were felt: a morning is that of the day after the session."""
    found: dict[str, dict[dt.date, float]] = {moment: {} for moment in MOMENTS}
    for (day, moment), answer in told.pain.items():
        felt_on = day + ONE_DAY if moment == "next_morning" else day
        if axis.first <= felt_on <= axis.last:
            found[moment][felt_on] = float(answer.score)
    return found


def _load(told: Told) -> dict[dt.date, float]:
    """What was done on each day of which something was said, as the rules count it (06_progression.yaml, weekly_load)."""
    work = {one.pk: one.dose.work_minutes * one.load for one in told.items}
    found: defaultdict[dt.date, float] = defaultdict(float)
    for said in told.said:
        found[said.day] += work.get(said.prescription, 0.0) * said.share / 100
    return dict(found)


def _plan(told: Told, periods: list[Period], axis: Axis) -> dict[dt.date, float]:
    """What was due on each day, in the same unit; nothing while a warning sign had stopped the exercises."""
    found: defaultdict[dt.date, float] = defaultdict(float)
    for item, period in zip(told.items, periods, strict=True):
        load = item.dose.work_minutes * item.load * item.times_per_day
        for day in due_days(period, first=axis.first, until=axis.until, today=axis.last):
            if not is_stopped(period, day, told.stopped):
                found[day] += load
    return dict(found)


def limb_areas() -> frozenset[str]:
    """The areas of the body map that lie on a limb."""
    return frozenset(code for code in reading.areas() if code.startswith(LIMBS))


def _limb_days(told: Told) -> set[dt.date]:
    """The days on which the family marked a limb as painful, or saw the dog lame."""
    limbs = limb_areas()
    marked = {day for day, areas in told.areas.items() if limbs.intersection(areas)}
    return marked | {one.day for one in told.reports if LAME.intersection(one.flags)}


def _measured(patient: Patient, frame: Frame, told: Told, axis: Axis) -> dict[str, dict[dt.date, float]]:
    """What was measured, with each signed examination; where the family logged its walks, theirs holds."""
    found = {
        metric: {day: float(value) for day, value in by_day.items() if day <= axis.last}
        for metric, by_day in told.measured.items()
        if metric in MEASURES
    }
    for definition in frame.definitions:
        day = patient.today(definition.signed_at) if definition.signed_at else None
        if day is None or not axis.first <= day <= axis.last:
            continue
        for metric, value in definition.baseline.items():
            if metric in MEASURES and isinstance(value, int | float):
                found.setdefault(metric, {}).setdefault(day, float(value))
    if walked := _walked(told, axis):
        found[WALKED] = {**found.get(WALKED, {}), **walked}
    return {metric: by_day for metric, by_day in found.items() if by_day}


def _walked(told: Told, axis: Axis) -> dict[dt.date, float]:
    """Minutes on the lead that the family ticked, on days that are over."""
    minutes = {
        one.pk: one.dose.minutes_per_time for one in told.items if one.slug in WALKS and one.dose.part_of not in WALKS
    }
    found: defaultdict[dt.date, float] = defaultdict(float)
    for said in told.said:
        if said.prescription in minutes and said.day < axis.last:
            found[said.day] += minutes[said.prescription] * said.share / 100
    return dict(found)


def by_exercise(items: list[Item]) -> dict[str, list[Item]]:
    """The prescriptions of each exercise, in the order of the plan."""
    found: defaultdict[str, list[Item]] = defaultdict(list)
    for item in items:
        found[item.slug].append(item)
    return dict(found)
