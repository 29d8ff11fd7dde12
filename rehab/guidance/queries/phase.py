"""Where a dog stands in its phase: the page that says so."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from accounts.access import Role
from rehab.guidance.queries.readings import known_about
from rehab.library.models import Phase, Protocol, ProtocolPhase
from rehab.patients.models import ProblemDefinition
from rehab.programs import maintenance
from rehab.programs.actions.phasing import criteria_of_the_way, phase_now, phases_of, signed_by
from rehab.programs.criteria import Criterion, State, Verdict, evaluate, parse
from rehab.programs.ladders import RungVerdict
from rehab.programs.models import LadderStep, Program
from rehab.programs.phase_wording import (
    STATES,
    alternative_text,
    criterion_text,
    figures,
    label,
)

# Ten years, as the content writes “for life”.
OPEN_ENDED_DAYS: Final = 3650


@dataclass(frozen=True, kw_only=True)
class Check:
    """One criterion with what the data say about it."""

    verdict: Verdict
    text: str
    figures: str
    state: str
    is_signature: bool = False

    @property
    def icon(self) -> str:
        if self.is_signature:
            return "pencil"
        return {
            State.MET: "circle-check",
            State.NOT_YET: "clock",
            State.NO_DATA: "circle-question-mark",
        }[self.verdict.state]

    @property
    def level(self) -> str:
        if self.is_signature:
            return "brand"
        return {State.MET: "ok", State.NOT_YET: "watch", State.NO_DATA: "neutral"}[self.verdict.state]


@dataclass(frozen=True, kw_only=True)
class Station:
    """One phase on the path; ``phase`` is there where the program follows a protocol."""

    code: str
    name: str
    days: tuple[int, int] | None
    place: str
    is_on: bool
    phase: ProtocolPhase | None = None

    @property
    def is_current(self) -> bool:
        return self.place == "now"

    @property
    def is_open_ended(self) -> bool:
        """Whether its longest time only means: for as long as it does good."""
        return self.days is not None and self.days[1] >= OPEN_ENDED_DAYS


@dataclass(frozen=True, kw_only=True)
class PhasePage:
    """All that the page says."""

    program: Program | None
    definition: ProblemDefinition | None
    today: dt.date
    path: list[Station] = field(default_factory=list)
    day: int = 0
    days: tuple[int, int] | None = None
    following: Station | None = None
    exits: list[Check] = field(default_factory=list)
    entries: list[Check] = field(default_factory=list)
    relapse: list[Check] = field(default_factory=list)
    last: list[Check] = field(default_factory=list)
    exit_alternative: str = ""
    check_in: tuple[int, str] | None = None
    follow_ups: list[str] = field(default_factory=list)
    standings: list[tuple[LadderStep, RungVerdict]] = field(default_factory=list)

    @property
    def met(self) -> int:
        return sum(check.verdict.is_met and not check.is_signature for check in self.checks)

    @property
    def checks(self) -> list[Check]:
        return [*self.exits, *self.entries]

    @property
    def may_be_discharged(self) -> bool:
        """Whether the last phase of treatment is reached and what it asks for is met; maintenance itself is no treatment."""
        program = self.program
        if program is None or self.following is not None or program.paused_by_id is not None:
            return False
        slug = "" if program.protocol is None else program.protocol.slug
        return slug != maintenance.PROTOCOL and all(one.verdict.is_met or one.is_signature for one in self.last)

    @property
    def counted(self) -> int:
        """How many criteria data can meet; a signature is given by moving."""
        return sum(not check.is_signature for check in self.checks)


def phase_page(program: Program, definition: ProblemDefinition, *, roles: frozenset[Role], today: dt.date) -> PhasePage:
    """The phases with where the dog stands, what the next one asks for, and what the data say about it."""
    known = known_about(program, definition, today=today)
    phases = phases_of(program)
    now = phase_now(program, phases)
    path = stations(program, phases)
    following = next((one for one in path if one.place == "next"), None)
    way = (
        criteria_of_the_way(program, to=following.phase, phases=phases)
        if following is not None and following.phase is not None
        else []
    )
    extra: Mapping[str, Any] = now.extra if now is not None else {}

    def checks(criteria: Sequence[Criterion]) -> list[Check]:
        series = signed_by(known.series, roles=roles, today=today)
        return [check(evaluate(one, series, today), today=today) for one in criteria]

    return PhasePage(
        program=program,
        definition=definition,
        today=today,
        path=path,
        day=max(0, (today - program.phase_started_on).days),
        days=(now.days_min, now.days_max) if now is not None else None,
        following=following,
        exits=checks([one for kind, one in way if kind == "exit"]),
        entries=checks([one for kind, one in way if kind == "entry"]),
        relapse=checks([parse(text) for text in extra.get("relapse", ())]),
        last=checks([parse(text) for text in (now.exit_criteria if now is not None and following is None else ())]),
        exit_alternative=alternative_text(extra.get("exit_alt", "")),
        check_in=_check_in(extra),
        follow_ups=_protocol_names(extra.get("next_protocol", ())),
        standings=[(step, known.standings[step.pk]) for step in known.steps],
    )


def check(verdict: Verdict, *, today: dt.date) -> Check:
    """The verdict in words; a signature is given by the vet who moves the phase."""
    return Check(
        verdict=verdict,
        text=criterion_text(verdict.criterion),
        figures="" if verdict.criterion.is_signature else figures(verdict, today=today),
        state=str(STATES[verdict.state]),
        is_signature=verdict.criterion.is_signature,
    )


def stations(program: Program, phases: Sequence[ProtocolPhase]) -> list[Station]:
    """The path: the phases of the protocol, else all six."""
    now = phase_now(program, phases)
    if not phases:
        codes = list(Phase)
        here = codes.index(Phase(program.phase))
        return [
            Station(
                code=code.value,
                name=str(code.label),
                days=None,
                place=_place(position - here),
                is_on=position > here,
            )
            for position, code in enumerate(codes)
        ]
    here = now.position if now is not None else -1
    order = [phase.position for phase in phases]
    following = next((position for position in order if position > here), None)
    return [
        Station(
            code=phase.code,
            name=phase.name,
            days=(phase.days_min, phase.days_max),
            place=_place(
                phase.position - here if phase.position <= here else (1 if phase.position == following else 2)
            ),
            is_on=phase.position > here,
            phase=phase,
        )
        for phase in phases
    ]


def _place(distance: int) -> str:
    if distance == 0:
        return "now"
    if distance < 0:
        return "past"
    return "next" if distance == 1 else "later"


def _check_in(extra: Mapping[str, Any]) -> tuple[int, str] | None:
    asked = extra.get("check_in")
    if not asked:
        return None
    return asked["every_days"], ", ".join(label(metric).lower() for metric in asked["items"])


def _protocol_names(slugs: Sequence[str]) -> list[str]:
    if not slugs:
        return []
    return list(
        Protocol.objects.current().built_in().filter(slug__in=slugs).order_by("name").values_list("name", flat=True)
    )


# --- The ladders ---------------------------------------------------------------------------------------------
