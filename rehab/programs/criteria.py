"""Entry and exit criteria of a phase: the grammar, and whether what was logged meets it. Pure.

``METRIC[.AGG[Nd|Ns]] OP VALUE`` of 05_protocols.yaml: ``Nd`` are the last N days with today, ``Ns`` the last N sessions.
Missing data is never “met”, because silence must never loosen anything:

- a window of days needs a reading on at least half of them, rounded up; ``last[Nd]`` needs one reading in it;
- a window of sessions needs N readings of different sessions, and the newest must be fresh; what the family answers
  around a session is looked for in the last 2N sessions only, so that at least half of them were answered;
- without a window the newest reading counts, and only what stays true until somebody says otherwise may be old;
- a small ``count`` may be nothing but silence, so it is never “met” by being small.

The half and the fourteen days are our own practice; the content names no number.
"""

import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import fmean, median
from typing import Final, NamedTuple

FRESH_DAYS: Final = 14
SIGNATURE: Final = "vet_signed_phase"
# Not a metric of the content: one reading for each session that is known to have been, answered or not.
SESSIONS: Final = "sessions"
ANSWERED: Final = frozenset({"pain_before", "pain_after", "pain_next_morning"})
# What holds until somebody says otherwise, however long ago it was said.
STANDING: Final = frozenset(
    {
        "days_in_phase",
        "days_since_onset",
        "days_since_surgery",
        "exposure_rung_done",
        "limb_stable_signed",
        "open_red_flags",
        SIGNATURE,
    }
)

GRAMMAR: Final = re.compile(
    r"(?P<metric>[a-z_0-9]+)"
    r"(?:\.(?P<aggregate>last|min|max|avg|median|count)\[(?P<window>[1-9]\d{0,2})(?P<unit>[ds])\])?"
    r" (?P<operator><=|>=|==|<|>) (?P<limit>\d+(?:\.\d+)?)"
)
COMPARE: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "<=": lambda value, limit: value <= limit,
    ">=": lambda value, limit: value >= limit,
    "==": lambda value, limit: value == limit,
    "<": lambda value, limit: value < limit,
    ">": lambda value, limit: value > limit,
}
SMALL_IS_GOOD: Final = frozenset({"<=", "<", "=="})
# Shares of items are fractions, and seven times 0.8 is a little less than 5.6.
PRECISION: Final = 9


class State(StrEnum):
    MET = "met"
    NOT_YET = "not_yet"
    NO_DATA = "no_data"


@dataclass(frozen=True, kw_only=True)
class Criterion:
    """One criterion, taken apart; without an aggregate it is about the newest value."""

    text: str
    metric: str
    operator: str
    limit: float
    aggregate: str = "last"
    window: int | None = None
    unit: str = ""

    @property
    def is_signature(self) -> bool:
        """Whether it asks for a vet's signature, which no data can give."""
        return self.metric == SIGNATURE


class Reading(NamedTuple):
    """One value of one metric. ``at`` orders those of one day; ``session`` is its natural key, else the day."""

    day: dt.date
    value: float
    at: dt.datetime | None = None
    session: str = ""

    @property
    def round(self) -> str:
        return self.session or self.day.isoformat()


Series = Mapping[str, Sequence[Reading]]


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What the data say about one criterion: ``count`` readings were found of the ``needed``, in days or sessions."""

    criterion: Criterion
    state: State
    value: float | None = None
    count: int = 0
    needed: int = 1
    newest: dt.date | None = None

    @property
    def is_met(self) -> bool:
        return self.state == State.MET


def parse(text: str) -> Criterion:
    """Read one criterion as the content writes it.

    Raises:
        ValueError: it is none; the message holds the text.
    """
    found = GRAMMAR.fullmatch(text)
    if found is None:
        raise ValueError(f"not a criterion: {text!r}")
    return Criterion(
        text=text,
        metric=found["metric"],
        operator=found["operator"],
        limit=float(found["limit"]),
        aggregate=found["aggregate"] or "last",
        window=int(found["window"]) if found["window"] else None,
        unit=found["unit"] or "",
    )


def evaluate(criterion: Criterion, series: Series, today: dt.date) -> Verdict:
    """Whether the criterion is met today; the order of the readings does not matter."""
    readings: Sequence[Reading] = sorted(
        (one for one in series.get(criterion.metric, ()) if one.day <= today),
        key=lambda one: (one.day, one.at.timestamp() if one.at else 0.0, one.value),
    )
    if criterion.unit == "d":
        chosen, count, needed = _of_days(criterion, readings, today)
    elif criterion.unit == "s":
        if criterion.metric in ANSWERED and SESSIONS in series:
            readings = _of_known(readings, series[SESSIONS], today=today, most=2 * (criterion.window or 1))
        chosen, count, needed = _of_sessions(criterion, readings, today)
    else:
        chosen = readings[-1:] if criterion.metric in STANDING else _fresh(readings[-1:], today)
        count, needed = len(chosen), 1
    newest = readings[-1].day if readings else None
    if count < needed or not chosen:
        return Verdict(criterion=criterion, state=State.NO_DATA, count=count, needed=needed, newest=newest)
    value = round(_aggregated(criterion.aggregate, chosen), PRECISION)
    state = State.MET if COMPARE[criterion.operator](value, criterion.limit) else State.NOT_YET
    if state == State.MET and criterion.aggregate == "count" and criterion.operator in SMALL_IS_GOOD:
        state = State.NO_DATA
    return Verdict(criterion=criterion, state=state, value=value, count=count, needed=needed, newest=newest)


def _of_days(criterion: Criterion, readings: Sequence[Reading], today: dt.date) -> tuple[Sequence[Reading], int, int]:
    window = criterion.window or 1
    first = today - dt.timedelta(days=window - 1)
    chosen = [one for one in readings if one.day >= first]
    needed = 1 if criterion.aggregate in ("last", "count") else -(-window // 2)
    return chosen, len({one.day for one in chosen}), needed


def _of_sessions(
    criterion: Criterion, readings: Sequence[Reading], today: dt.date
) -> tuple[Sequence[Reading], int, int]:
    last_of_each: dict[str, Reading] = {}
    for one in readings:
        last_of_each.pop(one.round, None)
        last_of_each[one.round] = one
    chosen = [*last_of_each.values()][-(criterion.window or 1) :]
    needed = 1 if criterion.aggregate in ("last", "count") else criterion.window or 1
    return (chosen, len(chosen), needed) if _fresh(chosen[-1:], today) else ((), 0, needed)


def _of_known(
    readings: Sequence[Reading], sessions: Sequence[Reading], *, today: dt.date, most: int
) -> Sequence[Reading]:
    known = {one.round: one.day for one in sessions if one.day <= today}
    newest = set(sorted(known, key=lambda one: (known[one], one))[-most:])
    return [one for one in readings if one.round in newest]


def _fresh(readings: Sequence[Reading], today: dt.date) -> Sequence[Reading]:
    return [one for one in readings if (today - one.day).days <= FRESH_DAYS]


def _aggregated(aggregate: str, readings: Sequence[Reading]) -> float:
    values = [one.value for one in readings]
    match aggregate:
        case "min":
            return min(values)
        case "max":
            return max(values)
        case "avg":
            return fmean(values)
        case "median":
            return median(values)
        case "count":
            return len(values)
        case _:
            return values[-1]


def window_days(criteria: Sequence[Criterion]) -> int:
    """How many days back the criteria look at most, for one read of what was logged."""
    return max([one.window or 1 for one in criteria if one.unit == "d"], default=1)
