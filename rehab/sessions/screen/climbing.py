"""The ladders as the family climbs them: every rung, the one that is practised now, and when each was reached."""

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from django.utils.translation import gettext as _

from rehab.library import translating
from rehab.programs.ladders import State
from rehab.sessions.exposures import Rung
from rehab.sessions.queries.looking_back import Step
from rehab.sessions.wording import short_day


class RungLine(NamedTuple):
    """One rung: ``state`` is past, now, next or resting (its three calm days run); ``reached`` is empty where it was not."""

    number: int
    text: str
    state: str
    reached: str


class LadderView(NamedTuple):
    """One ladder from its first rung up, with where the dog stands in one line."""

    key: str
    title: str
    now: str
    back: str
    rungs: list[RungLine]


def ladders(active: Iterable[Rung], past: Sequence[Step], *, name: str, today: dt.date) -> list[LadderView]:
    """Each ladder in use; a rung was reached on the first day on which it was practised."""
    return [_ladder(one, past, name=name) for one in active if one.is_active_on(today)]


def _ladder(one: Rung, past: Sequence[Step], *, name: str) -> LadderView:
    current, effective, count = one.verdict.rung, one.verdict.effective_rung, len(one.rungs)
    ladder = next((step.ladder for step in past if step.step == one.step), None)
    reached: dict[int, dt.date] = {}
    for step in past:
        if step.ladder == ladder:
            reached[step.rung] = min(step.starts_on, reached.get(step.rung, step.starts_on))
    reached.setdefault(current, one.starts_on)
    lines = [
        RungLine(
            rung["n"],
            translating.said(rung["do"]),
            _state(rung["n"], current=current, effective=effective),
            _("reached on %(day)s") % {"day": short_day(reached[rung["n"]])} if rung["n"] in reached else "",
        )
        for rung in one.rungs
    ]
    text = next((line.text for line in lines if line.number == effective), "")
    now = _("Rung %(number)s of %(count)s: %(text)s") % {"number": effective, "count": count, "text": text}
    return LadderView(
        key=str(one.step),
        title=one.activity,
        now=now if effective else _("Rung 1 of %(count)s rests for three days.") % {"count": count},
        back=_back(one, name=name),
        rungs=lines,
    )


def _state(number: int, *, current: int, effective: int) -> str:
    if number == effective:
        return "now"
    if number == current:
        return "resting"
    return "past" if number < current else "next"


def _back(one: Rung, *, name: str) -> str:
    """Three days lower are the plan's own answer to a practice that was too much, and nobody's fault."""
    if one.verdict.state is not State.BACK or one.verdict.back_until is None:
        return ""
    return _(
        "One rung lower until %(day)s: the last practice was a little too much for %(name)s, and the plan gives it three calm "
        "days. Then rung %(number)s is tried again."
    ) % {"day": short_day(one.verdict.back_until), "name": name, "number": one.verdict.rung}
