"""The numbers behind the picture, as tables; of each the newest row comes first, and each has an end."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext as _

from rehab.guidance import wording as guidance_wording
from rehab.guidance.charting import wording
from rehab.guidance.charting.axis import Axis, counts, medians, sums
from rehab.guidance.charting.days import WALKED, Days, by_exercise
from rehab.guidance.charting.reading import Told
from rehab.guidance.charting.strips import MedicineChange
from rehab.library import translating
from rehab.patients import measure_wording
from rehab.patients.models import Patient
from rehab.programs.wording import dose_text
from rehab.sessions import check_wording
from rehab.sessions.models import MedicineAnswer, PerformedExercise, WarningReport

VALUES: Final = 60
EVENTS: Final = 40
ITEMS: Final = 40


@dataclass(frozen=True, kw_only=True)
class DayLine:
    """One place of the picture in figures."""

    period: str
    before: str
    after: str
    next_morning: str
    load: str
    plan: str
    done: str
    limb: str
    walked: str


@dataclass(frozen=True, kw_only=True)
class ItemLine:
    """One exercise: its dose now or how it ended, and what was done of it in the span."""

    name: str
    dose: str
    ended: str
    performed: str
    percent: int | None
    skips: str


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happened, with its day."""

    day: str
    text: str


@dataclass(frozen=True, kw_only=True)
class StopLine:
    """One check with a hit: what it stopped, until when, and by whose word."""

    day: str
    signs: str
    stops: str
    until: str
    reason: str
    is_open: bool


@dataclass(frozen=True, kw_only=True)
class Listed:
    """The newest rows, and how many there are in all where that is more."""

    rows: list[Event]
    of: int = 0


def day_lines(days: Days, axis: Axis) -> list[DayLine]:
    """Every place of which something is known."""
    pain = {moment: medians(scores, axis) for moment, scores in days.pain.items()}
    load, plan, done, limb = sums(days.load, axis), sums(days.plan, axis), days.done(axis), counts(days.limb, axis)
    walked = medians(days.measured.get(WALKED, {}), axis)
    found = []
    for place in range(axis.count - 1, -1, -1):
        scores = {moment: wording.figure(values[place]) for moment, values in pain.items()}
        line = DayLine(
            period=wording.period(axis, place),
            load=wording.figure(load[place]),
            plan=wording.figure(plan[place]),
            done=wording.percent(done[place].ratio),
            walked=wording.figure(walked[place]),
            limb="" if not limb[place] else _("yes") if axis.step == 1 else str(limb[place]),
            **scores,
        )
        if line.limb or {*scores.values(), line.load, line.plan, line.done, line.walked} != {"–"}:
            found.append(line)
    return found


def item_lines(told: Told, days: Days, axis: Axis) -> list[ItemLine]:
    """What was done of each exercise that was due in the span, in the order of the plan; what has ended comes last."""
    skipped: dict[object, dict[str, int]] = {}
    for said in told.said:
        if said.skip_reason:
            here = skipped.setdefault(said.prescription, {})
            here[said.skip_reason] = here.get(said.skip_reason, 0) + 1
    parts: dict[object, list[float]] = {}
    for (prescription, _day), part in days.parts.items():
        parts.setdefault(prescription, []).append(part)
    lines = []
    for ours in by_exercise(told.items).values():
        done = [part for one in ours for part in parts.get(one.pk, ())]
        newest = max(ours, key=lambda one: one.starts_on)
        goes_on = any(one.ended_by is None for one in ours)
        reasons: dict[str, int] = {}
        for one in ours:
            for reason, count in skipped.get(one.pk, {}).items():
                reasons[reason] = reasons.get(reason, 0) + count
        lines.append(
            ItemLine(
                name=translating.said(newest.name),
                dose=dose_text(newest.dose),
                ended="" if goes_on or newest.ends_on is None else wording.long_day(newest.ends_on),
                performed=_("%(done)s of %(due)d") % {"done": wording.figure(sum(done)), "due": len(done)}
                if done
                else "",
                percent=round(100 * sum(done) / len(done)) if done else None,
                skips=_skips(reasons),
            )
        )
    return sorted(lines, key=lambda line: bool(line.ended))[:ITEMS]


def _skips(reasons: dict[str, int]) -> str:
    """Why it was left out, the most frequent reason first."""
    return ", ".join(
        f"{PerformedExercise.SkipReason(reason).label} ({count})"
        for reason, count in sorted(reasons.items(), key=lambda one: (-one[1], one[0]))
    )


def measure_lines(days: Days) -> Listed:
    """Every value that was measured; minutes on the lead have a column of their own, day by day."""
    values = sorted(
        (
            (day, metric, value)
            for metric, by_day in days.measured.items()
            if metric != WALKED
            for day, value in by_day.items()
        ),
        reverse=True,
    )
    return Listed(
        rows=[
            Event(
                day=wording.long_day(day),
                text=f"{measure_wording.label(metric)}: {measure_wording.value_text(metric, value)}",
            )
            for day, metric, value in values[:VALUES]
        ],
        of=len(values),
    )


def medicine_lines(changes: Sequence[MedicineChange], told: Told) -> Listed:
    """What a vet changed, and the doses that were missed."""
    events: list[tuple[dt.date, str]] = []
    for one in changes:
        now = wording.medicine(one.after)
        if one.before is None:
            text = _("Signed: %(now)s") % {"now": now}
        else:
            text = _("Changed: %(before)s → %(now)s") % {"before": wording.medicine(one.before), "now": now}
        events.append((one.day, text))
    for missed in told.missed:
        reason = str(MedicineAnswer.Reason(missed.reason).label) if missed.reason else _("no reason said")
        dose = " ".join(part for part in (missed.medicine, missed.time) if part)
        events.append((missed.day, _("Missed: %(dose)s (%(reason)s)") % {"dose": dose, "reason": reason}))
    events.sort(key=lambda event: event[0], reverse=True)
    return Listed(rows=[Event(day=wording.long_day(day), text=text) for day, text in events[:EVENTS]], of=len(events))


def stop_lines(patient: Patient, told: Told) -> list[StopLine]:
    """The checks with a hit, with what became of them."""
    lines = []
    for report in told.reports[::-1][:EVENTS]:
        release = getattr(report, "release", None)
        stops = report.stop != WarningReport.Stop.NONE
        until = ""
        if release is not None:
            until = _("%(day)s, %(name)s") % {
                "day": wording.long_day(patient.today(release.released_at)),
                "name": release.released_by.get_full_name(),
            }
        lines.append(
            StopLine(
                day=wording.long_day(report.day),
                signs="; ".join(
                    [
                        *(guidance_wording.sign(flag) for flag in report.flags),
                        *(check_wording.rule_text(rule) for rule in report.rules),
                    ]
                ),
                stops=str(WarningReport.Stop(report.stop).label),
                until=until,
                reason=release.reason if release is not None else "",
                is_open=stops and release is None,
            )
        )
    return lines
