"""The warning signs that nobody ticks: computed from what was logged. Source: 02_redflags.yaml, ``detect``.

What a family answers in the check itself is weighed by ``rehab.sessions.warning_signs``. Only what has come since a vet
last looked counts.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from statistics import fmean
from typing import Any, Final

from rehab.guidance.engine.restrain import FALL_SHARE, MISSED_DOSES, WALKS_ALONE, within_two_days
from rehab.guidance.engine.rounds import seen_by_nobody
from rehab.guidance.engine.values import Dog

SOURCE: Final = "02_redflags.yaml"
NEURO_RESTING: Final = 5
RESTING: Final = 6
SEVERE: Final = 8
VERY_BAD: Final = 7
TWICE_WITHIN: Final = dt.timedelta(hours=12)
MORNING_RISE: Final = 3
FIRST_DAYS: Final = 14
STIFF_MORNINGS: Final = 3
STIFFER: Final = 1
WEIGHT_SHARE: Final = 1.03
NO_BETTER_DAYS: Final = 14
NO_BETTER_DONE: Final = 0.80
PAIN_BETTER: Final = 1
FUNCTION_BETTER: Final = 1.10
GOOD_DAYS: Final = 30
GOOD_PAIN: Final = 1
BACK_AGAIN: Final = 3
BACK_DAYS: Final = 2
NORMAL_TOE: Final = 2
FUNCTIONS: Final = ("standing_s", "unaided_steps", "straight_sits", "walk_min_total")

Numbers = Mapping[str, Any]


def cannot_walk(dog: Dog) -> Numbers | None:
    """RF01: ten steps alone, and within 48 hours fewer."""
    steps = within_two_days(dog, "unaided_steps")
    return {"before": steps[0], "now": steps[1]} if steps and steps[1] < WALKS_ALONE <= steps[0] else None


def weaker(dog: Dog) -> Numbers | None:
    """RF03: half of the steps or of the seconds of standing lost within 48 hours."""
    for metric in ("unaided_steps", "standing_s"):
        fall = within_two_days(dog, metric)
        if fall and fall[0] and fall[1] <= FALL_SHARE * fall[0]:
            return {"metric": metric, "before": fall[0], "now": fall[1]}
    return None


def severe_pain(dog: Dog) -> Numbers | None:
    """RF06: 8 or more at rest, or 7 or more twice within 12 hours."""
    pain = dog.unseen("pain_rest")
    if not pain:
        return None
    if pain[-1].value >= SEVERE:
        return {"score": pain[-1].value}
    last = pain[-2:]
    if len(last) == 2 and min(one.value for one in last) >= VERY_BAD and last[1].at - last[0].at <= TWICE_WITHIN:
        return {"score": min(one.value for one in last), "hours": 12}
    return None


def toe_not_felt(dog: Dog) -> Numbers | None:
    """RF07: felt a toe squeeze, and on two checks does not as before."""
    toes = [one.value for one in dog.unseen("toe_response", with_seen=2)]
    if len(toes) < 3 or not max(toes[-2:]) < NORMAL_TOE <= max(toes[:-2]):
        return None
    return {"before": max(toes[:-2]), "now": max(toes[-2:])}


def knuckles(dog: Dog) -> Numbers | None:
    """RF13: knuckles where it never did, or one step worse on two checks."""
    levels = [one.value for one in dog.unseen("knuckling_level", with_seen=2)]
    if len(levels) >= 2 and min(levels[:-1]) == 0 < levels[-1]:
        return {"before": 0, "now": levels[-1]}
    if len(levels) >= 3 and min(levels[-2:]) >= min(levels[:-2]) + 1:
        return {"before": min(levels[:-2]), "now": levels[-1]}
    return None


def pain_at_rest(dog: Dog) -> Numbers | None:
    """RF16: 6 or 7 at rest, from 5 with nerve pain; more is severe pain."""
    pain = dog.unseen("pain_rest")
    limit = RESTING if dog.profile.name == "msk" else NEURO_RESTING
    return {"score": pain[-1].value, "limit": limit} if pain and limit <= pain[-1].value < SEVERE else None


def morning_after(dog: Dog) -> Numbers | None:
    """RF20: three points more on the morning after exercise than before it, or than is usual."""
    told = [one for one in seen_by_nobody(dog) if one.morning is not None]
    if not told or told[-1].morning is None:
        return None
    last, usual = told[-1], [one for one in (told[-1].before, dog.baseline) if one is not None]
    if not usual or last.morning is None or last.morning - min(usual) < MORNING_RISE:
        return None
    return {"morning": last.morning, "usual": min(usual)}


def medicine_missed(dog: Dog) -> Numbers | None:
    """RF22: the pain medicine is out or refused, or two doses were missed; of nerve pain, or in the first 14 days."""
    is_early = dog.started_on is not None and (dog.today - dog.started_on).days < FIRST_DAYS
    if dog.profile.name == "msk" and not is_early:
        return None
    if dog.medicine_is_out or dog.doses_missed >= MISSED_DOSES:
        return {"missed": dog.doses_missed}
    return None


def no_better(dog: Dog) -> Numbers | None:
    """RF26: 14 days of four fifths done, the pain hardly less and no function a tenth better."""
    if dog.started_on is None or (dog.today - dog.started_on).days < NO_BETTER_DAYS:
        return None
    if dog.completion is None or dog.completion < NO_BETTER_DONE:
        return None
    early = [one.before for one in dog.in_order if one.before is not None and (dog.today - one.day).days >= 7]
    late = [one.before for one in dog.in_order if one.before is not None and (dog.today - one.day).days < 7]
    if not early or not late or fmean(early) - fmean(late) >= PAIN_BETTER or max(late) <= GOOD_PAIN:
        return None
    for metric in FUNCTIONS:
        values = dog.values(metric)
        if len(values) >= 2 and values[0].value and values[-1].value >= FUNCTION_BETTER * values[0].value:
            return None
    return {"before": round(fmean(early), 1), "now": round(fmean(late), 1), "percent": round(100 * dog.completion)}


def stiff_mornings(dog: Dog) -> Numbers | None:
    """RF27: a point above the usual on three mornings running."""
    mornings = [one.morning for one in seen_by_nobody(dog) if one.morning is not None][-STIFF_MORNINGS:]
    if len(mornings) < STIFF_MORNINGS or dog.baseline is None or min(mornings) - dog.baseline < STIFFER:
        return None
    return {"days": STIFF_MORNINGS, "usual": dog.baseline, "score": min(mornings)}


def heavier(dog: Dog) -> Numbers | None:
    """RF28: more than 3 % heavier than at first."""
    weights = dog.values("weight_kg")
    if len(weights) < 2 or not dog.is_new(weights[-1]) or weights[-1].value <= WEIGHT_SHARE * weights[0].value:
        return None
    return {"before": weights[0].value, "now": weights[-1].value}


def came_back(dog: Dog) -> Numbers | None:
    """RF31: pain of 3 or more on two days, after thirty days and more of next to none."""
    known = [(one.day, one.before) for one in seen_by_nobody(dog) if one.before is not None]
    again = known[-BACK_DAYS:]
    if len(again) < BACK_DAYS or min(score for _, score in again) < BACK_AGAIN:
        return None
    good: list[dt.date] = []
    for day, score in reversed(known[:-BACK_DAYS]):
        if score > GOOD_PAIN:
            break
        good.append(day)
    if not good or (good[0] - good[-1]).days < GOOD_DAYS:
        return None
    return {"score": min(score for _, score in again), "good_days": (good[0] - good[-1]).days}


DETECTORS: Final[Mapping[str, Callable[[Dog], Numbers | None]]] = {
    "RF01": cannot_walk,
    "RF03": weaker,
    "RF06": severe_pain,
    "RF07": toe_not_felt,
    "RF13": knuckles,
    "RF16": pain_at_rest,
    "RF20": morning_after,
    "RF22": medicine_missed,
    "RF26": no_better,
    "RF27": stiff_mornings,
    "RF28": heavier,
    "RF31": came_back,
}
