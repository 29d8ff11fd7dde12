"""The bands of the picture, one under the other: which there are, in which order, and on which scale."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from django.utils.translation import gettext as _

from rehab.guidance.charting import strips, wording
from rehab.guidance.charting.axis import Axis, counts, medians, sums
from rehab.guidance.charting.days import MOMENTS, Days
from rehab.guidance.charting.geometry import Curve, Row, Spot
from rehab.guidance.charting.reading import Frame, Told
from rehab.guidance.charting.scoring import Instrument
from rehab.guidance.charting.strips import MedicineChange
from rehab.guidance.engine.assessment import LIMB_METRICS
from rehab.library import translating
from rehab.patients import measure_wording
from rehab.patients.measures import MEASURES
from rehab.patients.models import Patient, ProblemDefinition
from rehab.sessions.charts import scale_of

PAIN: Final = 132
LOAD: Final = 62
DONE: Final = 44
MEASURE: Final = 40
STRIP: Final = 18
# The order of a day: the morning after the last session comes first.
PLACES: Final = {"next_morning": 0.2, "before": 0.5, "after": 0.8}
# What is no picture of function: yes or no, and what the pain band and the medicine tell already.
NOT_DRAWN: Final = frozenset({"pain_rest", "doses_given_pct"})
# Measures are taken at visits, weeks apart; their line goes over any gap, and every value has its dot.
ALWAYS: Final = 10_000


def rows_of(
    patient: Patient,
    frame: Frame,
    told: Told,
    days: Days,
    axis: Axis,
    *,
    limit: int,
    changes: Sequence[MedicineChange],
    instruments: Sequence[Instrument],
) -> list[Row]:
    """All bands that have something to show."""
    is_secondary = frame.definition is not None and frame.definition.origin == ProblemDefinition.Origin.SECONDARY
    beside = [metric for metric in LIMB_METRICS if is_secondary]
    rows = [_pain(days, axis, limit)]
    rows += _limb(days, axis, is_secondary=is_secondary)
    rows += _measures(days, axis, beside)
    rows += _load(days, axis)
    rows += _done(days, axis)
    rows += _strips(patient, frame, told, axis, changes)
    rows += _measures(days, axis, [metric for metric in MEASURES if metric not in beside])
    rows += [_instrument(one, axis) for one in instruments if any(axis.place(day) is not None for day in one.values)]
    return rows


def _pain(days: Days, axis: Axis, limit: int) -> Row:
    curves = [
        Curve(moment, medians(days.pain[moment], axis), PLACES[moment]) for moment in sorted(MOMENTS, reverse=True)
    ]
    return Row(
        key="pain",
        name=_("Pain, 0 to 10"),
        tall=PAIN,
        scale={0: "0", 5: "5", 10: "10"},
        curves=curves,
        limit=(limit, _("limit %(n)d") % {"n": limit}),
    )


def _limb(days: Days, axis: Axis, *, is_secondary: bool) -> Iterator[Row]:
    if not days.limb and not is_secondary:
        return
    spots = [Spot(place, "limb") for place, count in enumerate(counts(days.limb, axis)) if count]
    yield Row(key="limb", name=_("Limb: marked as painful, or lame"), tall=STRIP, spots=spots)


def _measures(days: Days, axis: Axis, metrics: Sequence[str]) -> Iterator[Row]:
    for metric in metrics:
        values = days.measured.get(metric)
        measure = MEASURES[metric]
        if not values or measure.kind == "yes_no" or metric in NOT_DRAWN:
            continue
        name = measure_wording.label(metric)
        yield Row(
            key=metric,
            name=f"{name} ({measure.unit})" if measure.unit else name,
            tall=MEASURE,
            scale=_scale(metric, list(values.values())),
            curves=[Curve("measure", medians(values, axis), join=ALWAYS)],
        )


def _scale(metric: str, values: Sequence[float]) -> dict[float, str]:
    measure = MEASURES[metric]
    if measure.kind == "scale" or metric == "unaided_steps":
        return {float(one): f"{one:g}" for one in (measure.low, measure.high)}
    if metric == "weight_kg":
        return scale_of(values, from_zero=False)
    most = max(scale_of(values))
    return {0: "0", most: f"{most:g}"}


def _load(days: Days, axis: Axis) -> Iterator[Row]:
    done, plan = sums(days.load, axis), sums(days.plan, axis)
    most = max((one for one in (*done, *plan) if one), default=0.0)
    if most:
        yield Row(
            key="load",
            name=wording.load_name(axis),
            tall=LOAD,
            scale={0: "0", most: wording.figure(round(most))},
            bars=done,
            level=plan,
            is_open=axis.step == 1,
        )


def _done(days: Days, axis: Axis) -> Iterator[Row]:
    ratios = [tally.ratio for tally in days.done(axis)]
    if any(ratio is not None for ratio in ratios):
        yield Row(
            key="done",
            name=_("Done of what was due"),
            tall=DONE,
            scale={0: "0 %", 1: "100 %"},
            bars=ratios,
            is_open=axis.step == 1,
        )


def _strips(patient: Patient, frame: Frame, told: Told, axis: Axis, changes: Sequence[MedicineChange]) -> Iterator[Row]:
    if phases := strips.phases(patient, frame, told, axis):
        yield Row(key="phase", name=_("Phase"), tall=STRIP, stretches=phases)
    for step, stretches in strips.rungs(told.steps, axis):
        name = _("%(activity)s: rung of “%(ladder)s”") % {
            "activity": step.activity,
            "ladder": translating.said(step.ladder.name),
        }
        yield Row(key="ladder", name=name, tall=STRIP, stretches=stretches)
    stopped = [*strips.pauses(frame, told, axis), *strips.stops(patient, told, axis)]
    signs = strips.signs(told, axis)
    if stopped or signs:
        yield Row(
            key="stops",
            name=_("Stopped until a vet’s release; paused; other warning signs"),
            tall=STRIP,
            stretches=stopped,
            spots=signs,
        )
    if spots := strips.medicine_spots(changes, told, axis):
        yield Row(key="medicine", name=_("Medicine: changed, or a dose missed"), tall=STRIP, spots=spots)
    if any(one.discharged_on for one in frame.episodes) or len(frame.episodes) > 1:
        yield Row(
            key="episodes",
            name=_("Episodes: treatment, maintenance, checkpoints"),
            tall=STRIP,
            stretches=strips.episodes(patient, frame, axis),
            spots=strips.checkpoints(told, axis),
        )


def _instrument(one: Instrument, axis: Axis) -> Row:
    values = medians(one.values, axis)
    low = min(0.0, *(value for value in values if value is not None))
    high = max(one.most, low + 1)
    return Row(
        key="score",
        name=one.name,
        tall=MEASURE,
        scale={low: wording.figure(low), high: wording.figure(high)},
        curves=[Curve("measure", values, join=ALWAYS)],
    )
