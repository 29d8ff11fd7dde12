"""Whether a kind of reminder helps: what followed where it was sent, against where chance withheld it. Pure.

Each row that was left to chance is a decision point of a micro-randomised trial, and counts as what chance decided, whatever
became of the message afterwards (intention to treat). The estimate is the centred and weighted least squares one for a
single treatment without moderators (Boruvka et al. 2018, doi 10.1080/01621459.2017.1305274). With one treatment that is the
difference of two weighted means, where a point weighs one over the probability of what happened to it. Points of one person
resemble each other, so the person is the unit of the standard error (sandwich), with the small-sample correction of Mancl
and DeRouen (doi 10.1111/j.0006-341X.2001.00126.x), and the interval is Student's with two degrees of freedom less than people.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from statistics import NormalDist
from typing import Final

# What is worth knowing: five in a hundred more days on which a dog is exercised.
WORTHWHILE: Final = 0.05
CONFIDENCE: Final = 0.95
POWER: Final = 0.80
USUAL_CHANCE: Final = 0.80
# Without numbers of its own a clinic is taken to be like others: on three days of ten somebody exercises anyway.
USUAL_BASE: Final = 0.30
ENOUGH_FOR_A_BASE: Final = 100
# Points of one person tell less than points of as many people.
CLUSTERING: Final = 1.5
# With fewer people in an arm, or fewer points of either outcome, the interval would promise more than it holds.
LEAST_PEOPLE: Final = 10
LEAST_OF_EACH: Final = 5
# So many standard errors must a difference be wide to be seen with that power.
REACH: Final = NormalDist().inv_cdf((1 + CONFIDENCE) / 2) + NormalDist().inv_cdf(POWER)


class Verdict(StrEnum):
    HELPS = "helps"
    NO_EFFECT = "no_effect"
    HARMS = "harms"
    TOO_FEW = "too_few"


@dataclass(frozen=True, kw_only=True)
class Tally:
    """Decision points of one person that were sent, or withheld, with the same probability; ``followed`` of ``points``."""

    person: Hashable
    chance: float
    is_sent: bool
    points: int
    followed: int


@dataclass(frozen=True, kw_only=True)
class Arm:
    """All points of one arm, counted."""

    points: int
    followed: int
    people: int

    @property
    def share(self) -> float | None:
        return self.followed / self.points if self.points else None


@dataclass(frozen=True, kw_only=True)
class Effect:
    """What one kind of reminder does; shares and differences are between 0 and 1, ``None`` where nothing can be said.

    ``difference`` is by how much more often somebody exercised where it was sent, ``low`` to ``high`` its 95 % interval, and
    ``needed`` the number of decision points with which 5 percentage points would be seen four times of five.
    """

    sent: Arm
    withheld: Arm
    people: int
    difference: float | None
    low: float | None
    high: float | None
    needed: int
    verdict: Verdict

    @property
    def points(self) -> int:
        return self.sent.points + self.withheld.points


def effect(tallies: Iterable[Tally]) -> Effect:
    """The effect of one kind; the order of the rows does not matter, and rows of the same person add up.

    Points that were certain to be sent (a probability of 1) have nothing to be compared with and are left out.
    """
    counts: dict[Hashable, dict[tuple[bool, float], list[int]]] = defaultdict(dict)
    for row in tallies:
        if 0 < row.chance < 1 and row.points:
            count = counts[row.person].setdefault((row.is_sent, row.chance), [0, 0])
            count[0] += row.points
            count[1] += row.followed
    sent, withheld = _arm(counts, is_sent=True), _arm(counts, is_sent=False)
    difference = error = None
    if sent.points and withheld.points:
        difference, error = _difference(counts)
    low = high = None
    if difference is not None and error is not None and min(sent.people, withheld.people) >= LEAST_PEOPLE:
        reach = student(len(counts) - 2) * error
        low, high = max(-1.0, difference - reach), min(1.0, difference + reach)
    points = sent.points + withheld.points
    base, chance = _base(withheld), _mean_chance(counts) if points else USUAL_CHANCE
    needed = points_needed(base=base, chance=chance)
    if low is not None and error is not None and _fewest(sent, withheld) >= LEAST_OF_EACH:
        # How much days of a person resemble each other is no guess any more.
        seen = math.ceil(points * math.pow(error * REACH / WORTHWHILE, 2))
        needed = max(points_needed(base=base, chance=chance, clustering=1), seen)
    return Effect(
        sent=sent,
        withheld=withheld,
        people=len(counts),
        difference=difference,
        low=low,
        high=high,
        needed=needed,
        verdict=_verdict(sent, withheld, low=low, high=high, is_enough=points >= needed),
    )


def points_needed(*, base: float, chance: float, effect: float = WORTHWHILE, clustering: float = CLUSTERING) -> int:
    """With how many decision points a difference of ``effect`` is seen with a power of 80 % at a level of 5 %."""
    raised = min(1.0, base + effect)
    spread = raised * (1 - raised) / chance + base * (1 - base) / (1 - chance)
    return math.ceil(clustering * spread * math.pow(REACH / effect, 2))


def student(freedom: int) -> float:
    """How many standard errors the 95 % interval reaches to each side, by Student's distribution.

    The expansion of Cornish and Fisher (Abramowitz and Stegun, 26.7.5), right to three digits from 5 degrees of freedom on.
    """
    z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + sum(term / math.pow(freedom, power) for power, term in enumerate(terms, start=1))


Counts = Mapping[Hashable, Mapping[tuple[bool, float], list[int]]]


def _arm(counts: Counts, *, is_sent: bool) -> Arm:
    mine = [[count for (sent, _), count in arms.items() if sent is is_sent] for arms in counts.values()]
    return Arm(
        points=sum(count[0] for person in mine for count in person),
        followed=sum(count[1] for person in mine for count in person),
        people=sum(bool(person) for person in mine),
    )


def _difference(counts: Counts) -> tuple[float, float | None]:
    """The difference of the weighted shares, and its standard error; no error where one person alone makes up an arm."""
    # Each person's weight and weighted outcome, in each arm. Sums are exact (fsum), so that no order changes a digit.
    weighed = [{is_sent: _weights(arms, is_sent=is_sent) for is_sent in (True, False)} for arms in counts.values()]
    total = {arm: math.fsum(person[arm][0] for person in weighed) for arm in (True, False)}
    share = {arm: math.fsum(person[arm][1] for person in weighed) / total[arm] for arm in (True, False)}
    squares = []
    for person in weighed:
        pull = 0.0
        for arm, sign in ((True, 1), (False, -1)):
            weight, outcome = person[arm]
            if not weight:
                continue
            # By how much the person pulls the share away from what the others alone would say (Mancl and DeRouen).
            others = total[arm] - weight
            if others <= total[arm] * 1e-12:
                return share[True] - share[False], None
            pull += sign * (outcome - share[arm] * weight) / others
        squares.append(pull * pull)
    return share[True] - share[False], math.sqrt(math.fsum(squares))


def _weights(arms: Mapping[tuple[bool, float], list[int]], *, is_sent: bool) -> tuple[float, float]:
    mine = [
        (count, 1 / (chance if is_sent else 1 - chance)) for (sent, chance), count in arms.items() if sent is is_sent
    ]
    return (
        math.fsum(count[0] * weight for count, weight in mine),
        math.fsum(count[1] * weight for count, weight in mine),
    )


def _mean_chance(counts: Counts) -> float:
    rows = [(chance, count[0]) for arms in counts.values() for (_, chance), count in arms.items()]
    return math.fsum(chance * points for chance, points in rows) / sum(points for _, points in rows)


def _base(withheld: Arm) -> float:
    if withheld.share is None or withheld.points < ENOUGH_FOR_A_BASE:
        return USUAL_BASE
    return min(0.95, max(0.05, withheld.share))


def _fewest(*arms: Arm) -> int:
    """The number of points of the rarest outcome in an arm."""
    return min(min(arm.followed, arm.points - arm.followed) for arm in arms)


def _verdict(sent: Arm, withheld: Arm, *, low: float | None, high: float | None, is_enough: bool) -> Verdict:
    if low is None or high is None:
        return Verdict.TOO_FEW
    if not is_enough and _fewest(sent, withheld) < LEAST_OF_EACH:
        return Verdict.TOO_FEW
    if low > 0:
        return Verdict.HELPS
    if high < 0:
        return Verdict.HARMS
    return Verdict.NO_EFFECT if is_enough else Verdict.TOO_FEW
