"""R1 to R6: what stops the whole dog until a vet has looked. Source: 06_progression.yaml, rules, RESTRAIN.

Only what has come since a vet last looked (a release, a signature) restrains again: the vet has seen the rest.
"""

import datetime as dt
from typing import Final

from rehab.guidance.engine.registry import Numbers, Rule, rule
from rehab.guidance.engine.rounds import seen_by_nobody
from rehab.guidance.engine.values import Decision, Dog

STOPS_THE_DOG: Final = frozenset({"all_active", "all_active_and_passive"})
WALKS_ALONE: Final = 10
FALL_HOURS: Final = 48
FALL_SHARE: Final = 0.5
MISSED_DOSES: Final = 2
MORNINGS: Final = 2
ESCAPED: Final = "RF21"


def warning_sign(dog: Dog) -> Numbers | None:
    """R1: an open red flag that stops all active exercises."""
    stopping = sorted((one.on, one.id) for one in dog.flags if one.stop in STOPS_THE_DOG)
    return {"flags": sorted({flag for _, flag in stopping}), "on": stopping[0][0]} if stopping else None


def nerve_function_worse(dog: Dog) -> Numbers | None:
    """R2: fewer than ten steps alone, half of the steps or of the standing lost, knuckling worse twice, or no urine."""
    return (
        _no_longer_walks(dog)
        or _halved(dog, "unaided_steps")
        or _halved(dog, "standing_s")
        or _knuckles_more(dog)
        or _urinates_worse(dog)
    )


def _no_longer_walks(dog: Dog) -> Numbers | None:
    """Whatever the time between: who walked alone and does not any more is worse."""
    steps = [one.value for one in dog.unseen("unaided_steps")]
    if len(steps) < 2 or not steps[-1] < WALKS_ALONE <= max(steps[:-1]):
        return None
    return {"metric": "unaided_steps", "before": max(steps[:-1]), "now": steps[-1]}


def _halved(dog: Dog, metric: str) -> Numbers | None:
    found = within_two_days(dog, metric)
    if found is None or not found[0] or found[1] > FALL_SHARE * found[0]:
        return None
    return {"metric": metric, "before": found[0], "now": found[1]}


def within_two_days(dog: Dog, metric: str) -> tuple[float, float] | None:
    """The best value of the 48 hours before the newest, and the newest; ``None`` where no vet needs to look."""
    values = dog.unseen(metric)
    if not values:
        return None
    earliest = values[-1].at - dt.timedelta(hours=FALL_HOURS)
    best = max((one.value for one in values[:-1] if one.at >= earliest), default=None)
    return None if best is None else (best, values[-1].value)


def _knuckles_more(dog: Dog) -> Numbers | None:
    """One level worse than before on two checks: one alone may be a slip of whoever looked."""
    levels = [one.value for one in dog.unseen("knuckling_level", with_seen=2)]
    if len(levels) < 3 or min(levels[-2:]) - min(levels[:-2]) < 1:
        return None
    return {"metric": "knuckling_level", "before": min(levels[:-2]), "now": levels[-1]}


def _urinates_worse(dog: Dog) -> Numbers | None:
    found = [one.value for one in dog.unseen("urination_normal")]
    if len(found) < 2 or found[-1] >= max(found[:-1]):
        return None
    return {"metric": "urination_normal", "before": max(found[:-1]), "now": found[-1]}


def pain_above_the_safe_limit(dog: Dog) -> Numbers | None:
    """R3: too much pain at rest, or too much on two mornings running; mornings without an answer are no good ones."""
    resting = dog.unseen("pain_rest")
    if resting and resting[-1].value >= dog.profile.resting_restrain:
        return {"moment": "rest", "score": resting[-1].value, "limit": dog.profile.resting_restrain}
    mornings = [one for one in dog.in_order if one.morning is not None][-MORNINGS:]
    scores = [one.morning for one in mornings if one.morning is not None]
    is_new = bool(mornings) and mornings[-1] in seen_by_nobody(dog)
    if is_new and len(scores) == MORNINGS and min(scores) >= dog.profile.morning_restrain:
        return {"moment": "morning", "score": min(scores), "limit": dog.profile.morning_restrain}
    return None


def nerve_pain_not_controlled(dog: Dog) -> Numbers | None:
    """R4: nerve pain without a plan against it, or two doses missed: such pain is controlled before any exercise."""
    if dog.profile.name == "msk":
        return None
    if not dog.pain_control:
        return {"plan": False}
    return {"missed": dog.doses_missed} if dog.doses_missed >= MISSED_DOSES else None


def jumped_during_rest(dog: Dog) -> Numbers | None:
    """R5: out of the strict rest that was ordered, and any other sign with it."""
    flags = {one.id for one in dog.flags}
    if dog.activity_order != "strict_rest" or ESCAPED not in flags or len(flags) < 2:
        return None
    return {"flags": sorted(flags - {ESCAPED})}


def definition_not_valid(dog: Dog) -> Numbers | None:
    """R6: no signed definition, or one that cannot be true any more, or after which the pain came back (RF31)."""
    if dog.is_signed and dog.came_back_after is not None:
        return {"signed": True, "good_days": dog.came_back_after}
    return None if dog.is_signed and dog.is_valid else {"signed": dog.is_signed}


RULES: Final[tuple[Rule, ...]] = (
    rule("R1", Decision.RESTRAIN, warning_sign, source="06_progression.yaml, 02_redflags.yaml"),
    rule("R2", Decision.RESTRAIN, nerve_function_worse),
    rule("R3", Decision.RESTRAIN, pain_above_the_safe_limit, "resting_restrain", "morning_restrain"),
    rule("R4", Decision.RESTRAIN, nerve_pain_not_controlled),
    rule("R5", Decision.RESTRAIN, jumped_during_rest),
    rule("R6", Decision.RESTRAIN, definition_not_valid, source="06_progression.yaml, 03_decision.yaml"),
)
