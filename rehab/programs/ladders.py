"""Graded exposure: how one practice of a rung went, and whether the rung is passed. Pure.

Source: ``rung_rule`` of 07_ladders.yaml; the bands and the 24-hour rule are those of the profile in 06_progression.yaml.
A rung is passed after two good exposures on different days and its least number of days. Amber repeats the rung: the
good ones are counted anew. Red or a stop sign means one rung lower for three days, at once and without anybody pressing
a button; a morning that nobody has told of is not yet good.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from statistics import median
from typing import Any, Final

from rehab.library import reading

GOOD_NEEDED: Final = 2
BACK_DAYS: Final = 3
BASELINE_DAYS: Final = 7
BASELINE_ANSWERS: Final = 3
DISC_WEEKS: Final = 12
CAREFUL: Final = "neuro"
# The thresholds by which a practice is judged.
THRESHOLDS: Final = ("green_max", "amber_max", "morning_over_baseline_ok", "morning_over_baseline_regress")
# What a clinic has set for itself, ``{profile: {threshold: value}}``; what is not there is the content's.
Own = Mapping[str, Mapping[str, int]]
# The first phase in which a ladder may begin; the ramp of the car comes one phase earlier (rung_rule, first_rung).
FIRST_PHASE: Final = "P4"
FIRST_PHASE_OF: Final[Mapping[str, str]] = {"car": "P3"}
# The ladders that leave the lead behind.
OFF_THE_LEAD: Final = frozenset({"offleash"})


class Outcome(StrEnum):
    """How one practice went; ``OPEN`` waits for an answer, ``NONE`` was not practised."""

    GOOD = "good"
    OPEN = "open"
    AMBER = "amber"
    RED = "red"
    NONE = "none"


class State(StrEnum):
    PASS = "pass"  # noqa: S105 - a rung, not a password
    REPEAT = "repeat"
    BACK = "back"
    WAIT = "wait"


class Why(StrEnum):
    """What a verdict rests on; the words are in ``phase_wording``."""

    STOP_SIGN = "stop_sign"
    RED_AFTER = "red_after"
    RED_MORNING = "red_morning"
    AMBER_AFTER = "amber_after"
    AMBER_MORNING = "amber_morning"
    NO_ANSWER_AFTER = "no_answer_after"
    NO_MORNING = "no_morning"
    NO_BASELINE = "no_baseline"
    GOOD = "good"
    FEW_DAYS = "few_days"


@dataclass(frozen=True, kw_only=True)
class Practice:
    """One practice of a rung on one day; ``next_morning`` is the pain on the morning after it, 0 to 10."""

    day: dt.date
    at: dt.datetime
    done: bool
    pain_after: int | None = None
    stop_signs: tuple[str, ...] = ()
    next_morning: int | None = None


@dataclass(frozen=True, kw_only=True)
class Reason:
    """One thing that the verdict rests on, with its numbers."""

    code: Why
    day: dt.date | None = None
    numbers: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A practice with its outcome, and why; ``felt_on`` is the day on which that was felt."""

    practice: Practice
    outcome: Outcome
    felt_on: dt.date
    reason: Reason | None = None


@dataclass(frozen=True, kw_only=True)
class RungVerdict:
    """Where the dog stands on its rung today.

    ``effective_rung`` is what is practised now; 0 means that even the first rung rests until ``back_until`` is over.
    """

    state: State
    reasons: tuple[Reason, ...]
    rung: int
    effective_rung: int
    good: int
    days: int
    min_days: int
    back_until: dt.date | None = None
    practices: tuple[Judged, ...] = ()

    @property
    def is_passed(self) -> bool:
        return self.state == State.PASS


@dataclass(frozen=True, kw_only=True)
class Block:
    """Why the content keeps a ladder closed unless a vet unlocks it."""

    code: str
    numbers: Mapping[str, Any] = field(default_factory=dict)


def limits_of(profile: str, own: Own | None = None) -> Mapping[str, Any]:
    """The numbers of the profile, a clinic's own before the content's; anything unknown takes the careful ones."""
    profiles = reading.profiles()
    name = profile if profile in profiles else CAREFUL
    changed = (own or {}).get(name)
    return {**profiles[name], **changed} if changed else profiles[name]


def min_days(profile: str) -> int:
    """How many days a rung takes at least."""
    by_profile = reading.ladder_rule().min_days
    return int(by_profile.get(profile, by_profile[CAREFUL]))


def moving_max(profile: str) -> int:
    """How many ladders may be climbed at the same time."""
    by_profile = reading.ladder_rule().moving_ladders_max
    return int(by_profile.get(profile, by_profile[CAREFUL]))


def first_phase(slug: str) -> str:
    """The phase from which the ladder may begin."""
    return FIRST_PHASE_OF.get(slug, FIRST_PHASE)


def personal_baseline(before: Mapping[dt.date, int], *, today: dt.date, intake: int | None) -> float | None:
    """The dog's usual pain: the median before exercise of the last seven days, from three answers on, else the intake.

    Source: 06_progression.yaml, ``personal_baseline``.
    """
    first = today - dt.timedelta(days=BASELINE_DAYS - 1)
    scores = [score for day, score in before.items() if first <= day <= today]
    return median(scores) if len(scores) >= BASELINE_ANSWERS else intake


def judge(practice: Practice, *, profile: str, baseline: float | None, own: Own | None = None) -> Judged:
    """How one practice went: a stop sign or too much pain is red, more than the green band is amber."""
    limits = limits_of(profile, own)
    after, morning = practice.pain_after, practice.next_morning
    felt_on = practice.day + dt.timedelta(days=1)

    def judged(outcome: Outcome, why: Why | None = None, *, in_the_morning: bool = False, **numbers: Any) -> Judged:
        return Judged(
            practice=practice,
            outcome=outcome,
            felt_on=felt_on if in_the_morning else practice.day,
            reason=None if why is None else Reason(code=why, day=practice.day, numbers=numbers),
        )

    rise = None if morning is None or baseline is None else morning - baseline
    if practice.stop_signs:
        return judged(Outcome.RED, Why.STOP_SIGN, signs=practice.stop_signs)
    if after is not None and after > limits["amber_max"]:
        return judged(Outcome.RED, Why.RED_AFTER, score=after, limit=limits["amber_max"])
    if not practice.done:
        return judged(Outcome.NONE)
    if rise is not None and rise >= limits["morning_over_baseline_regress"]:
        return judged(Outcome.RED, Why.RED_MORNING, in_the_morning=True, score=morning, usual=baseline)
    if after is not None and after > limits["green_max"]:
        return judged(Outcome.AMBER, Why.AMBER_AFTER, score=after, limit=limits["green_max"])
    if rise is not None and rise > limits["morning_over_baseline_ok"]:
        return judged(Outcome.AMBER, Why.AMBER_MORNING, in_the_morning=True, score=morning, usual=baseline)
    if after is None:
        return judged(Outcome.OPEN, Why.NO_ANSWER_AFTER)
    if morning is None:
        return judged(Outcome.OPEN, Why.NO_MORNING)
    if rise is None:
        return judged(Outcome.OPEN, Why.NO_BASELINE)
    return judged(Outcome.GOOD)


def standing(
    practices: Sequence[Practice],
    *,
    profile: str,
    rung: int,
    started_on: dt.date,
    today: dt.date,
    baseline: float | None,
    own: Own | None = None,
) -> RungVerdict:
    """Where the dog stands on a rung that it has practised since ``started_on``; of one day the last practice counts."""
    last_of_day = {
        one.day: one for one in sorted(practices, key=lambda one: (one.day, one.at)) if started_on <= one.day <= today
    }
    judged = tuple(judge(one, profile=profile, baseline=baseline, own=own) for one in last_of_day.values())
    tried = [one for one in judged if one.outcome != Outcome.NONE]
    reds = [one for one in tried if one.outcome == Outcome.RED]
    back_until = max((one.felt_on for one in reds), default=None)
    back_until = back_until + dt.timedelta(days=BACK_DAYS) if back_until else None
    days = max(0, (today - started_on).days)
    state, good, reasons = _state(tried, days=days, least=min_days(profile), back_until=back_until, today=today)
    is_back = state == State.BACK
    return RungVerdict(
        state=state,
        reasons=tuple(reasons),
        rung=rung,
        effective_rung=rung - 1 if is_back else rung,
        good=good,
        days=days,
        min_days=min_days(profile),
        back_until=back_until if is_back else None,
        practices=judged,
    )


def _state(
    tried: Sequence[Judged], *, days: int, least: int, back_until: dt.date | None, today: dt.date
) -> tuple[State, int, list[Reason]]:
    if back_until is not None and today <= back_until:
        red = max((one for one in tried if one.outcome == Outcome.RED), key=lambda one: one.felt_on)
        return State.BACK, 0, [red.reason] if red.reason else []
    since = _since_the_last_fault(tried, back_until=back_until)
    good = [one for one in since if one.outcome == Outcome.GOOD]
    reasons = [Reason(code=Why.GOOD, numbers={"good": len(good), "needed": GOOD_NEEDED})]
    if days < least:
        reasons.append(Reason(code=Why.FEW_DAYS, numbers={"days": days, "needed": least}))
    # What came after the last good one and is not answered yet may still turn out badly.
    waiting = [one.reason for one in since if one.outcome == Outcome.OPEN and one.reason]
    last_good = good[-1].practice.day if good else None
    newer = [one for one in waiting if last_good is None or (one.day and one.day > last_good)]
    if len(good) >= GOOD_NEEDED and days >= least and not newer:
        return State.PASS, len(good), reasons
    fault = next((one for one in reversed(tried) if one.outcome in (Outcome.AMBER, Outcome.RED)), None)
    if fault is not None and not since and fault.reason:
        return State.REPEAT, 0, [fault.reason, *reasons]
    return State.WAIT, len(good), [*reasons, *newer]


def _since_the_last_fault(tried: Sequence[Judged], *, back_until: dt.date | None) -> Sequence[Judged]:
    """The practices that count towards passing: after the last amber, and after the days on the rung below."""
    ambers = [number for number, one in enumerate(tried) if one.outcome == Outcome.AMBER]
    since = tried[ambers[-1] + 1 :] if ambers else tried
    return [one for one in since if back_until is None or one.practice.day > back_until]


def blocks(
    slug: str, *, neuro_grade: int | None, is_lumbosacral: bool, is_disc: bool, days_since_onset: int | None
) -> list[Block]:
    """What keeps a ladder closed unless a vet unlocks it. Source: the notes of 07_ladders.yaml."""
    if slug not in OFF_THE_LEAD:
        return []
    found = []
    if neuro_grade is None or neuro_grade >= 2:
        found.append(Block(code="grade", numbers={"grade": neuro_grade}))
    if is_lumbosacral:
        found.append(Block(code="lumbosacral"))
    if is_disc and (days_since_onset is None or days_since_onset < DISC_WEEKS * 7):
        found.append(Block(code="disc", numbers={"weeks": DISC_WEEKS}))
    return found
