"""One time of an exercise as the phases that its timer walks through: get ready, hold or go, rest. Pure.

The dose says how long and how many. How long the rests are is a house rule (GK), because no source times them: long
enough to let the dog settle, short enough for a family that has five minutes; a rest can be skipped or drawn out.
"""

from typing import Final, Literal, NamedTuple

from rehab.programs.dose import Dose

READY_SECONDS: Final = 5
REST_SECONDS: Final = 5
OTHER_SIDE_SECONDS: Final = 10
NEXT_SET_SECONDS: Final = 30
# Beyond this a timer would no longer help anybody, and its list would weigh more than the page.
MOST_PHASES: Final = 200
MINUTE: Final = 60

Kind = Literal["ready", "hold", "work", "count", "rest", "up"]


class Phase(NamedTuple):
    """One stretch of the timer; ``seconds`` is 0 where the family says that it is over (counted repetitions).

    ``set``, ``side`` and ``number`` count from 1; those of a rest are of the work that comes after it. ``up`` counts up.
    """

    kind: Kind
    seconds: int
    set: int = 1
    side: int = 1
    number: int = 1


class Counts(NamedTuple):
    """Of how many sets, sides and holds in a row the phases are."""

    sets: int
    sides: int
    numbers: int


def counts(dose: Dose) -> Counts:
    """How often the dose's work is repeated; what is counted instead of held is one stretch of work."""
    numbers = (dose.reps or dose.steps or 1) if dose.hold_seconds and dose.minutes is None else 1
    return Counts(dose.sets, 2 if dose.each_side else 1, numbers)


def phases(dose: Dose) -> tuple[Phase, ...]:
    """The phases of one time of the dose, in order; empty where there is nothing to time.

    One row of counted repetitions needs no timer; of several sets the timer times the rests between them.
    """
    kind, seconds = _work(dose)
    many = counts(dose)
    if kind is None or (kind == "count" and many.sets * many.sides == 1):
        return ()
    if 2 * many.sets * many.sides * many.numbers > MOST_PHASES:
        return ()
    found = [Phase("ready", READY_SECONDS)]
    for place_set in range(1, many.sets + 1):
        for side in range(1, many.sides + 1):
            for number in range(1, many.numbers + 1):
                if len(found) > 1:
                    found.append(Phase("rest", _rest(side, number), place_set, side, number))
                found.append(Phase(kind, seconds, place_set, side, number))
    return tuple(found)


def counting_up(most_seconds: int) -> tuple[Phase, ...]:
    """How long the dog manages, measured: get ready, then count up until the family stops it."""
    return (Phase("ready", READY_SECONDS), Phase("up", most_seconds))


def _work(dose: Dose) -> tuple[Kind | None, int]:
    if dose.one_off or dose.per_prescription or dose.duration_days is not None:
        return None, 0
    if dose.minutes is not None:
        return "work", dose.minutes * MINUTE
    if dose.hold_seconds:
        return "hold", dose.hold_seconds
    return ("count", 0) if dose.reps or dose.steps else (None, 0)


def _rest(side: int, number: int) -> int:
    """The rest before this work: longest before a new set, shortest between two holds."""
    if number > 1:
        return REST_SECONDS
    return OTHER_SIDE_SECONDS if side > 1 else NEXT_SET_SECONDS
