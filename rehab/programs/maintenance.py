"""Maintenance after a discharge: what the dog was like, when somebody looks again, and whether it has got worse. Pure.

Source: 00_vocab.yaml, ``maintenance``: the months of the checkpoints, what a dog goes on doing, and what reopens an
episode. Missing data is never good: without an answer a checkpoint waits, and after its days it was missed.

Our own, for the clinic's vet to confirm: the days that a family has for a checkpoint, and over how many days the dog at
discharge is read.
"""

import calendar
import datetime as dt
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from statistics import median
from typing import Any, Final

from rehab.library import reading
from rehab.programs.criteria import Criterion, Reading, Series, parse

PROTOCOL: Final = "maintenance-prevention"
PAIN: Final = "pain_before"
# What a dog can do, where more is better (05_protocols.yaml); of these a loss can be told in percent.
FUNCTION: Final = ("standing_s", "unaided_steps", "straight_sits", "self_corrections", "walk_min_total")
# Minutes on the lead; what is practised within a walk is part of it and not counted again.
WALKS: Final = frozenset({"leash-walk", "terrain-walk", "hill-walk"})
WALKED: Final = "walk_min_total"
PAIN_DAYS: Final = 7
PAIN_ANSWERS: Final = 3
FUNCTION_DAYS: Final = 28
# How long a family has for a checkpoint; what a phone sent late counts while the checkpoint was missed only lately.
ANSWER_DAYS: Final = 14
LATE_DAYS: Final = 28
RULE: Final = re.compile(
    r"stay on >=(?P<items>\d+) strength/stability items (?P<least>\d+)-(?P<most>\d+) days a week; "
    r"any checkpoint with pain up >=(?P<pain>\d+) or function down >=(?P<function>\d+)% reopens the episode"
)
ONE_DAY: Final = dt.timedelta(days=1)
MONTHS_A_YEAR: Final = 12


class Outcome(StrEnum):
    """What a checkpoint says; the values are those of its states."""

    WAITING = "waiting"
    GOOD = "good"
    WORSE = "worse"
    MISSED = "missed"


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What the content asks of maintenance: points of 10 for pain, percent for function."""

    months: tuple[int, ...]
    items: int
    least_days: int
    most_days: int
    pain_rise: int
    function_loss: int


@lru_cache(maxsize=1)
def terms() -> Terms:
    """The terms as 00_vocab.yaml writes them.

    Raises:
        ValueError: the rule says something that this module does not know.
    """
    written = reading.read(reading.VOCABULARY)["maintenance"]
    found = RULE.fullmatch(written["rule"])
    if found is None:
        raise ValueError(f"not a rule of maintenance: {written['rule']!r}")
    return Terms(
        months=tuple(written["checkpoints_months"]),
        items=int(found["items"]),
        least_days=int(found["least"]),
        most_days=int(found["most"]),
        pain_rise=int(found["pain"]),
        function_loss=int(found["function"]),
    )


@lru_cache(maxsize=1)
def _phase() -> Mapping[str, Any]:
    protocols = reading.read(reading.PROTOCOLS)["protocols"]
    phases: Sequence[Mapping[str, Any]] = next(one["phases"] for one in protocols if one["id"] == PROTOCOL)
    return phases[0]


def asked() -> tuple[str, ...]:
    """What a family is asked at a checkpoint (05_protocols.yaml, ``check_in`` of the maintenance protocol)."""
    return tuple(_phase()["check_in"]["items"])


@lru_cache(maxsize=1)
def relapse() -> tuple[Criterion, ...]:
    """What is a sign of a relapse between two checkpoints (05_protocols.yaml, ``relapse``)."""
    return tuple(parse(text) for text in _phase()["relapse"])


def after_months(day: dt.date, months: int) -> dt.date:
    """The same day of a later month; the last one where that month is shorter."""
    years, month = divmod(day.year * MONTHS_A_YEAR + day.month - 1 + months, MONTHS_A_YEAR)
    last = calendar.monthrange(years, month + 1)[1]
    return dt.date(years, month + 1, min(day.day, last))


def checkpoint_days(discharged_on: dt.date) -> dict[int, dt.date]:
    """When each checkpoint is due, by its month."""
    return {months: after_months(discharged_on, months) for months in terms().months}


def at_discharge(series: Series, *, today: dt.date) -> dict[str, float]:
    """What the dog is like, metric by metric: its usual pain before exercise, and the newest of what it can do.

    What is not known is not in it: fewer than three answers about pain within a week, or nothing measured in four.
    """
    found: dict[str, float] = {}
    pain = _within(series.get(PAIN, ()), days=PAIN_DAYS, today=today)
    if len(pain) >= PAIN_ANSWERS:
        found[PAIN] = float(median(one.value for one in pain))
    for metric in FUNCTION:
        measured = _within(series.get(metric, ()), days=FUNCTION_DAYS, today=today)
        if measured:
            found[metric] = float(max(measured, key=lambda one: (one.day, one.at.timestamp() if one.at else 0.0)).value)
    return found


def as_prescribed(measures: Mapping[str, float], walks: Collection[tuple[float, int]]) -> dict[str, float]:
    """The same with no more minutes of walking than maintenance prescribes on its quietest day.

    ``walks`` are minutes and weekdays (seven bits) of each walk. Who walks as little as was prescribed has lost nothing; where
    there are days without a walk, the minutes of one day say nothing.
    """
    least = min(sum(minutes for minutes, weekdays in walks if weekdays >> day & 1) for day in range(7))
    found = {**measures}
    if WALKED in found:
        walked = min(found.pop(WALKED), least)
        found |= {WALKED: walked} if walked else {}
    return found


def _within(readings: Sequence[Reading], *, days: int, today: dt.date) -> list[Reading]:
    first = today - (days - 1) * ONE_DAY
    return [one for one in readings if first <= one.day <= today]


def missing_at_discharge(measures: Mapping[str, float], *, asked: Collection[str]) -> list[str]:
    """What the checkpoints will ask for and have nothing to compare with."""
    return [metric for metric in (PAIN, *FUNCTION) if metric in asked and metric not in measures]


@dataclass(frozen=True, kw_only=True)
class Weighed:
    """What became of a checkpoint, and the numbers it stands on: each ``{"metric", "then", "now"}``.

    ``worse`` are the metrics that are, ``missing`` those that nobody has said, or that discharge does not know.
    """

    outcome: Outcome
    numbers: Mapping[str, Any]


def weigh(
    then: Mapping[str, float], now: Mapping[str, float], *, asked: Collection[str], due_on: dt.date, today: dt.date
) -> Weighed:
    """The dog now beside the dog at discharge. Source: 00_vocab.yaml, ``maintenance``.

    One number that is worse is enough at once. Good needs the pain, something that the dog can do, and every number of
    those asked that discharge knows; until then it waits, and after ``ANSWER_DAYS`` it was missed.
    """
    limits = terms()
    known = [metric for metric in (PAIN, *FUNCTION) if metric in then and metric in now]
    worse = [metric for metric in known if _is_worse(metric, then[metric], now[metric], limits)]
    wanted = [metric for metric in (PAIN, *FUNCTION) if metric in asked]
    missing = [metric for metric in wanted if metric not in known]
    unanswered = [metric for metric in missing if metric in then]
    numbers = {
        "said": [{"metric": metric, "then": then[metric], "now": now[metric]} for metric in known],
        "worse": worse,
        "missing": missing,
    }
    is_complete = PAIN in known and len(known) > 1 and not unanswered
    if worse:
        outcome = Outcome.WORSE
    elif is_complete:
        outcome = Outcome.GOOD
    else:
        outcome = Outcome.MISSED if today >= due_on + ANSWER_DAYS * ONE_DAY else Outcome.WAITING
    return Weighed(outcome=outcome, numbers=numbers)


def _is_worse(metric: str, then: float, now: float, limits: Terms) -> bool:
    if metric == PAIN:
        return now - then >= limits.pain_rise
    # Multiplied out: a fifth of a number is seldom a number that a computer knows exactly.
    return then > 0 and (then - now) * 100 >= limits.function_loss * then


def loss_percent(then: float, now: float) -> int:
    """How much less it is, in percent of what it was."""
    return round(100 * (then - now) / then) if then else 0


def takes_answers(due_on: dt.date, *, today: dt.date) -> bool:
    """Whether the family is asked on that day."""
    return due_on <= today < due_on + ANSWER_DAYS * ONE_DAY
