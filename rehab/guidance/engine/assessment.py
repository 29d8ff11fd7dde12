"""A1 to A4: exercise is also a test of the definition (document 000). Source: 06_progression.yaml, exercise_as_assessment.

A1 is a note, the others ask a vet to look again for the true cause; while A2 asks, nothing grows. What A2 has seen before
a vet last looked is settled.
"""

import datetime as dt
from statistics import median
from typing import Final

from rehab.guidance.engine.registry import Numbers, Rule, rule
from rehab.guidance.engine.rounds import seen_by_nobody
from rehab.guidance.engine.values import ONE_DAY, Decision, Dog, Session, median_of

SEEN_BEFORE: Final = 4
FITS: Final = 3
OUT_OF_PROPORTION: Final = 2
VERY_TIRED: Final = 2
WITH_THE_LIMB: Final = 3
# meaningful_change of 06_progression.yaml, in points and percent.
MEANINGFUL: Final = 2
LIMB_BETTER: Final = 1.20
LIMB_DAYS: Final = 14
# What a hind limb does: the better it is, the more of them.
LIMB_METRICS: Final = ("straight_sits", "standing_s", "unaided_steps")


def fits_tissue_load(dog: Dog) -> Numbers | None:
    """A1: pain that rises with the dose and falls with a night's rest, in three of four sessions."""
    told = [one for one in dog.in_order if one.rise is not None and one.morning is not None][-SEEN_BEFORE:]
    fitting = sum(1 for one in told if (one.rise or 0) > 0 and (one.morning or 0) < (one.after or 0))
    return {"times": fitting, "of": len(told)} if len(told) == SEEN_BEFORE and fitting >= FITS else None


def does_not_fit_the_dose(dog: Dog) -> Numbers | None:
    """A2: out of proportion to the dose, worse when tired, or only after a day, twice: could this be nerve pain?"""
    if dog.mechanism != "musculoskeletal":
        return None
    days = [
        one.day
        for one in seen_by_nobody(dog)
        if _is_out_of_proportion(one, dog) or _is_of_fatigue(one) or _is_late(one, dog)
    ]
    return {"times": len(days), "days": days} if len(days) >= OUT_OF_PROPORTION else None


def _is_out_of_proportion(one: Session, dog: Dog) -> bool:
    """More pain than a session may bring, by no more work than usual."""
    load = dog.loads.get(one.day)
    before = [value for day, value in dog.loads.items() if day < one.day and value]
    if one.rise is None or load is None or not before:
        return False
    return one.rise > dog.profile.rise_in_session_max and load <= median(before)


def _is_of_fatigue(one: Session) -> bool:
    return one.rise is not None and one.rise > 0 and one.tired is not None and one.tired >= VERY_TIRED


def _is_late(one: Session, dog: Dog) -> bool:
    """Worse more than a day later without another session in between.

    However the dog was until then: more pain after the session must not make less of this.
    """
    if one.rise is None or one.before is None:
        return False
    later = dog.by_day.get(one.day + 2 * ONE_DAY)
    between = dog.loads.get(one.day + ONE_DAY, 0.0)
    return later is not None and later.before is not None and not between and later.before - one.before >= MEANINGFUL


def follows_a_limb(dog: Dog) -> Numbers | None:
    """A3: the back hurts more on days on which a limb does, three times: could the back be compensating?"""
    if dog.origin != "primary" or dog.baseline is None:
        return None
    days = [
        day
        for day in sorted(dog.limb_days)
        if (one := dog.by_day.get(day)) is not None and (_worst(one) or 0) > dog.baseline
    ]
    return {"times": len(days), "days": days} if len(days) >= WITH_THE_LIMB else None


def outlives_the_limb(dog: Dog) -> Numbers | None:
    """A4: the limb has been a fifth better for fourteen days and the back is not: is the back a source too?"""
    if dog.origin != "secondary":
        return None
    since = dog.today - dt.timedelta(days=LIMB_DAYS)
    before = median_of(one.before for one in dog.in_order if one.before is not None and one.day < since)
    now = median_of(one.before for one in dog.in_order if one.before is not None and one.day >= since)
    if before is None or now is None or before - now >= MEANINGFUL:
        return None
    for metric in LIMB_METRICS:
        values = dog.values(metric)
        first = next((one.value for one in values if one.day < since), None)
        late = [one.value for one in values if one.day >= since]
        # The first of the late ones stands for the whole fortnight only with a later one beside it.
        if first and len(late) >= 2 and min(late) >= LIMB_BETTER * first:
            return {"metric": metric, "before": first, "now": late[-1], "pain_before": before, "pain_now": now}
    return None


def _worst(one: Session) -> int | None:
    return max((score for score in (one.before, one.after, one.morning) if score is not None), default=None)


# While it asks, it holds (its ``act``).
HOLDS: Final = "A2"
RULES: Final[tuple[Rule, ...]] = (
    rule("A1", Decision.HOLD, fits_tissue_load),
    rule("A2", Decision.HOLD, does_not_fit_the_dose),
    rule("A3", Decision.HOLD, follows_a_limb),
    rule("A4", Decision.HOLD, outlives_the_limb),
)
