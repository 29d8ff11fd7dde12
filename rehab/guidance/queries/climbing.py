"""Where a dog stands on its ladders: the page that says so."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from rehab.guidance.queries.readings import standings_of
from rehab.programs.ladders import RungVerdict, moving_max
from rehab.programs.ladders import State as RungState
from rehab.programs.models import LadderStep, Program
from rehab.programs.phase_wording import (
    OUTCOMES,
    RUNG_STATES,
    reason_text,
)


@dataclass(frozen=True, kw_only=True)
class Practised:
    """One practice in words."""

    day: dt.date
    outcome: str
    text: str
    why: str


@dataclass(frozen=True, kw_only=True)
class Rung:
    """One rung of a ladder; ``place`` is past, now, rest (the current one while it rests) or later."""

    number: int
    do: str
    dose: str
    place: str


@dataclass(frozen=True, kw_only=True)
class Climb:
    """One ladder in use."""

    step: LadderStep
    verdict: RungVerdict
    state: str
    reasons: list[str]
    rungs: list[Rung]
    practices: list[Practised]
    is_top: bool

    @property
    def level(self) -> str:
        return {
            RungState.PASS: "ok",
            RungState.REPEAT: "watch",
            RungState.BACK: "act",
            RungState.WAIT: "neutral",
        }[self.verdict.state]

    @property
    def icon(self) -> str:
        return {
            RungState.PASS: "circle-check",
            RungState.REPEAT: "refresh-cw",
            RungState.BACK: "arrow-down",
            RungState.WAIT: "clock",
        }[self.verdict.state]


@dataclass(frozen=True, kw_only=True)
class LadderPage:
    """The ladders in use, and how many may be climbed at a time."""

    climbs: list[Climb]
    most: int


def ladder_page(program: Program, *, today: dt.date) -> LadderPage:
    """The ladders of an open program; four queries."""
    steps = list(
        LadderStep.objects.filter(program=program).current().select_related("ladder").order_by("starts_on", "pk")
    )
    verdicts = standings_of(steps, program, today=today)
    return LadderPage(climbs=[_climb(step, verdicts[step.pk]) for step in steps], most=moving_max(program.profile))


def _climb(step: LadderStep, verdict: RungVerdict) -> Climb:
    return Climb(
        step=step,
        verdict=verdict,
        state=str(RUNG_STATES[verdict.state]),
        reasons=[reason_text(reason) for reason in verdict.reasons],
        rungs=[
            Rung(number=rung["n"], do=rung["do"], dose=rung["dose"], place=_rung_place(rung["n"], verdict))
            for rung in step.ladder.rungs
        ],
        practices=[
            Practised(
                day=one.practice.day,
                outcome=one.outcome.value,
                text=str(OUTCOMES[one.outcome]),
                why=reason_text(one.reason) if one.reason else "",
            )
            for one in reversed(verdict.practices)
        ],
        is_top=step.rung >= len(step.ladder.rungs),
    )


def _rung_place(number: int, verdict: RungVerdict) -> str:
    if number == verdict.effective_rung:
        return "now"
    if number == verdict.rung:
        return "rest"
    return "past" if number < verdict.rung else "later"
