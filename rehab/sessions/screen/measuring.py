"""What was measured, each measure as a small picture and as numbers: what the dog can do, and its weight."""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import Final, NamedTuple

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from rehab.lib import units
from rehab.patients import measure_wording as wording
from rehab.patients.measures import MEASURES
from rehab.programs.criteria import FRESH_DAYS, parse
from rehab.sessions import charts
from rehab.sessions.screen.progress import LINE
from rehab.sessions.wording import short_day

# Always shown once it is known, whatever the phase asks for.
STANDING: Final = "standing_s"
WEIGHT: Final = "weight_kg"
# What a phase may ask for and a family can count; sums of the day's ticks are not measures of what the dog can do.
AT_HOME: Final = (
    STANDING,
    "unaided_steps",
    "straight_sits",
    "self_corrections",
    "pole_touches",
    "falls",
    "knuckling_level",
)

Values = Mapping[str, Mapping[dt.date, Decimal]]


class MeasureChart(NamedTuple):
    """One measure over the period; without a picture there are too few values for a line, and the numbers stand alone."""

    key: str
    title: str
    picture: charts.Picture | None
    words: str
    note: str
    newest: str
    first: str
    table: list[tuple[str, str]]


def asked_for(criteria: Collection[str]) -> list[str]:
    """What is counted at home in this phase, standing first; the order of the form is the order of the page."""
    metrics = {parse(text).metric for text in criteria} | {STANDING}
    return [metric for metric in AT_HOME if metric in metrics]


def with_baseline(
    values: Values, baseline: Mapping[str, object], day: dt.date | None
) -> dict[str, dict[dt.date, Decimal]]:
    """The values with those of the signed definition, where nothing else was measured on that day."""
    found = {metric: dict(by_day) for metric, by_day in values.items()}
    for metric, value in baseline.items():
        if day is not None and metric in MEASURES and isinstance(value, int | float):
            found.setdefault(metric, {}).setdefault(day, Decimal(str(value)))
    return found


def measure_charts(
    metrics: Sequence[str], values: Values, days: Sequence[dt.date], names: Sequence[str], *, system: str
) -> list[MeasureChart]:
    """A chart for each measure that has a value within the days, and one that waits for its first: standing."""
    found = [_chart(metric, values.get(metric, {}), days, names, system=system) for metric in (*metrics, WEIGHT)]
    return [one for one in found if one.table or one.key == STANDING]


def _chart(
    metric: str, by_day: Mapping[dt.date, Decimal], days: Sequence[dt.date], names: Sequence[str], *, system: str
) -> MeasureChart:
    measure = MEASURES[metric]
    shown = {day: units.shown(by_day[day], measure.unit, system=system) for day in days if day in by_day}
    texts = {day: _text(metric, by_day[day], system=system) for day in shown}
    title = wording.label(metric)
    picture = None
    if len(shown) >= LINE:
        series = charts.Series("", "circle", [float(shown[day]) if day in shown else None for day in days], FRESH_DAYS)
        picture = charts.lines([series], names, scale=_scale(metric, [float(one) for one in shown.values()]))
    return MeasureChart(
        key=metric,
        title=f"{title} ({unit})" if (unit := _unit_name(metric, system=system)) else title,
        picture=picture,
        words=_words(title, texts),
        note=_note(metric),
        newest=_("%(value)s on %(day)s") % {"value": texts[max(texts)], "day": short_day(max(texts))} if texts else "",
        first=_("At first: %(value)s on %(day)s") % {"value": texts[min(texts)], "day": short_day(min(texts))}
        if len(texts) > 1
        else "",
        table=[(formats.date_format(day, _("j M")), texts[day]) for day in sorted(texts, reverse=True)],
    )


def _scale(metric: str, values: Sequence[float]) -> dict[float, str]:
    measure = MEASURES[metric]
    if measure.kind == "scale" or metric == "unaided_steps":
        low, high = float(measure.low), float(measure.high)
        return {low: f"{low:g}", high: f"{high:g}"}
    return charts.scale_of(values, from_zero=metric != WEIGHT)


def _unit_name(metric: str, *, system: str) -> str:
    unit = units.unit_for(MEASURES[metric].unit, system=system)
    return _("seconds") if unit == "s" else unit


def _text(metric: str, value: Decimal, *, system: str) -> str:
    unit = MEASURES[metric].unit
    if units.unit_for(unit, system=system) == unit:
        return wording.value_text(metric, value)
    return f"{formats.number_format(units.shown(value, unit, system=system))} {units.unit_for(unit, system=system)}"


def _words(title: str, texts: Mapping[dt.date, str]) -> str:
    if not texts:
        return title
    first, last = min(texts), max(texts)
    return ngettext(
        "%(title)s: %(last)s on %(last_day)s.",
        "%(title)s, measured on %(count)s days: from %(first)s on %(first_day)s to %(last)s on %(last_day)s.",
        len(texts),
    ) % {
        "title": title,
        "count": len(texts),
        "first": texts[first],
        "first_day": short_day(first),
        "last": texts[last],
        "last_day": short_day(last),
    }


def _note(metric: str) -> str:
    """What a number of the picture means, where it is not a plain count."""
    if metric in wording.SCALES:
        words = wording.SCALES[metric]
        return _("0 is %(low)s, %(most)s is %(high)s.") % {"low": words[0], "most": len(words) - 1, "high": words[-1]}
    return _("10 is ten or more.") if metric == "unaided_steps" else ""
