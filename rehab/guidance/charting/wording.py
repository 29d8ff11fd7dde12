"""What the chart says beside its numbers: names of bands, days of an axis, decisions, medicine."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from rehab.guidance import wording as guidance_wording
from rehab.guidance.charting.axis import FOUR_WEEKS, WEEK, Axis
from rehab.guidance.charting.reading import Item
from rehab.library import translating
from rehab.patients.models import ProblemDefinition
from rehab.programs.models import Decision
from rehab.programs.wording import change_text, dose_text

SPANS: Final[Mapping[str, Any]] = {
    "4": gettext_lazy("4 weeks"),
    "12": gettext_lazy("12 weeks"),
    "episode": gettext_lazy("This episode"),
    "all": gettext_lazy("All"),
}
MOMENTS: Final[Mapping[str, Any]] = {
    "before": gettext_lazy("before exercise"),
    "after": gettext_lazy("after exercise"),
    "next_morning": gettext_lazy("next morning"),
}
# A reason that is longer is told whole in the history.
LONGEST_REASON: Final = 160


def place_names(axis: Axis) -> list[str]:
    """The name of each place: its day, or the day on which it begins."""
    return [short_day(axis.start(place)) for place in range(axis.count)]


def short_day(day: dt.date) -> str:
    return guidance_wording.short_day(day)


def long_day(day: dt.date) -> str:
    return date_format(day, _("j M Y"))


def period(axis: Axis, place: int) -> str:
    """The place for a table: a day, or the first and the last day of a longer one."""
    first = axis.start(place)
    if axis.step == 1:
        return long_day(first)
    last = first + dt.timedelta(days=axis.step - 1)
    return _("%(first)s to %(last)s") % {"first": short_day(first), "last": long_day(last)}


def how_grouped(axis: Axis) -> str:
    """What one place stands for where it is longer than a day."""
    if axis.step == WEEK:
        return _("Each place is one week: pain and measures are medians, load and what was done are sums.")
    if axis.step == FOUR_WEEKS:
        return _("Each place is four weeks: pain and measures are medians, load and what was done are sums.")
    return ""


def load_name(axis: Axis) -> str:
    """The band of the load, in its unit."""
    if axis.step == WEEK:
        return _("Load of the week (minutes × load level); the line is the plan")
    if axis.step == FOUR_WEEKS:
        return _("Load of four weeks (minutes × load level); the line is the plan")
    return _("Load of the day (minutes × load level); the line is the plan")


def figure(value: float | None) -> str:
    """A number without a needless decimal; a dash where there is none."""
    return "–" if value is None else number_format(f"{round(value, 1):g}")


def percent(ratio: float | None) -> str:
    return "–" if ratio is None else f"{round(100 * ratio)} %"


# --- Decisions -------------------------------------------------------------------------------------------------------


def decision(one: Decision, started: Sequence[Item], ended: Sequence[Item]) -> str:
    """One decision in one line: what, of what to what, by whom and why."""
    kind = _("Step undone") if "undoes" in one.details else str(one.get_kind_display())
    parts = [f"{kind}: {what}" if (what := _about(one, started, ended)) else kind, one.decided_by.get_full_name()]
    if one.reason:
        reason = one.reason if len(one.reason) <= LONGEST_REASON else f"{one.reason[: LONGEST_REASON - 1]}…"
        parts.append(f"“{reason}”")
    return " · ".join(parts)


def _about(one: Decision, started: Sequence[Item], ended: Sequence[Item]) -> str:
    details = one.details
    if one.kind == Decision.Kind.PHASE and "from" in details and "to" in details:
        return f"{details['from']} → {details['to']}"
    if one.kind == Decision.Kind.ASSIGN:
        return ngettext("%(n)d exercise", "%(n)d exercises", len(started)) % {"n": len(started)}
    if "activity" in details:
        rung = _("rung %(n)d") % {"n": details["to"]} if isinstance(details.get("to"), int) else ""
        return ", ".join(part for part in (str(details["activity"]), rung) if part)
    if len(started) == 1 and len(ended) <= 1:
        return _moved(started[0], ended[0] if ended else None)
    return translating.said(one.exercise.name) if one.exercise else ""


def _moved(new: Item, old: Item | None) -> str:
    name = translating.said(new.name)
    if old is None:
        return _("%(exercise)s, %(dose)s") % {"exercise": name, "dose": dose_text(new.dose)}
    if old.slug != new.slug:
        return f"{translating.said(old.name)} → {name}"
    return ", ".join(part for part in (name, change_text(old.dose, new.dose)) if part)


# --- Medicine --------------------------------------------------------------------------------------------------------


def medicine(definition: ProblemDefinition | None) -> str:
    """What was signed about pain control, in one line."""
    if definition is None:
        return ""
    named = [
        ", ".join(part for part in (one["name"], one["dose"], one["times"]) if part) for one in definition.medicines
    ]
    words = [*named, *([definition.pain_control_plan] if definition.pain_control_plan else [])]
    return "; ".join(words) or str(definition.get_pain_control_display())


def summary(
    axis: Axis,
    *,
    pain: Mapping[str, Mapping[dt.date, float]],
    done: float | None,
    load: Mapping[dt.date, float],
    decisions: int,
    stops: int,
) -> str:
    """The picture for those who hear it."""
    said = [
        _("Chart from %(first)s to %(last)s.") % {"first": long_day(axis.first), "last": long_day(axis.last)},
        *(_pain_words(str(MOMENTS[moment]), scores) for moment, scores in pain.items() if scores),
    ]
    if not any(pain.values()):
        said.append(_("No pain answer."))
    if done is not None:
        said.append(_("Done: %(percent)s of what was due.") % {"percent": percent(done)})
    if load:
        said.append(_("Load of a day up to %(most)s.") % {"most": figure(max(load.values()))})
    said.append(ngettext("%(n)d decision.", "%(n)d decisions.", decisions) % {"n": decisions})
    if stops:
        said.append(ngettext("Stopped %(n)d time.", "Stopped %(n)d times.", stops) % {"n": stops})
    said.append(_("The numbers are in the table below."))
    return " ".join(said)


def _pain_words(name: str, scores: Mapping[dt.date, float]) -> str:
    return _("Pain %(moment)s: from %(least)s to %(most)s of 10, last %(last)s.") % {
        "moment": name,
        "least": figure(min(scores.values())),
        "most": figure(max(scores.values())),
        "last": figure(scores[max(scores)]),
    }
