"""G1 to G8: what asks for less of one exercise. Source: 06_progression.yaml, rules, REGRESS.

The newest answer stands until there is a newer one, however long ago it was given: silence settles nothing.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from rehab.guidance.engine.registry import Numbers, Rule, rule
from rehab.guidance.engine.rounds import Exposure, rounds_of
from rehab.guidance.engine.values import Decision, Dog, Item
from rehab.programs.dose import ENTRY_AFTER_DAYS, LOWER_AFTER_DAYS

STOPS_LOOKED_AT: Final = 3
SAME_STOP: Final = 2
POOR: Final = 1
STILL_TIRED: Final = 3
AGAIN_DAYS: Final = 7
REGRESSES: Final = 2


def pain_after_above_amber(item: Item, dog: Dog) -> Numbers | None:
    """G1: more pain after the exercise than the amber band holds."""
    scores = [after for one in rounds_of(item, dog) if (after := one.session.after) is not None]
    if not scores or scores[-1] <= dog.profile.amber_max:
        return None
    return {"after": scores[-1], "limit": dog.profile.amber_max}


def pain_rose_in_the_session(item: Item, dog: Dog) -> Numbers | None:
    """G2: the pain rose by too much between before and after."""
    rises = [rise for one in rounds_of(item, dog) if (rise := one.session.rise) is not None]
    if not rises or rises[-1] <= dog.profile.rise_in_session_max:
        return None
    return {"rise": rises[-1], "limit": dog.profile.rise_in_session_max}


def worse_the_next_morning(item: Item, dog: Dog) -> Numbers | None:
    """G3: the 24-hour rule: more pain on the next morning than is usual for this dog."""
    mornings = [morning for one in rounds_of(item, dog) if (morning := one.session.morning) is not None]
    if not mornings or dog.baseline is None:
        return None
    over = mornings[-1] - dog.baseline
    if over < dog.profile.morning_over_baseline_regress:
        return None
    return {"morning": mornings[-1], "usual": dog.baseline, "limit": dog.profile.morning_over_baseline_regress}


def same_stop_again(item: Item, dog: Dog) -> Numbers | None:
    """G4: the same stop code in two of the last three sessions of this exercise."""
    last = rounds_of(item, dog)[-STOPS_LOOKED_AT:]
    seen = Counter(code for one in last for code in one.round.stop_codes)
    again = sorted(code for code, count in seen.items() if count >= SAME_STOP)
    return {"codes": again} if again else None


def fatigue(item: Item, dog: Dog) -> Numbers | None:
    """G5: stands for a shorter time than usual, or does it poorly twice.

    The content asks whether a poor set was so in its first half; a family is not asked that, so any poor one counts.
    """
    return _stands_shorter(item, dog) or _poor_twice(rounds_of(item, dog))


def _stands_shorter(item: Item, dog: Dog) -> Numbers | None:
    standing = dog.values("standing_s")
    if not standing or (item.lowered_at is not None and standing[-1].at <= item.lowered_at):
        return None
    newest = standing[-1]
    usual = dog.usual("standing_s", newest=newest)
    if not usual:
        return None
    drop = 100 * (usual - newest.value) / usual
    if drop < dog.profile.standing_drop_pct:
        return None
    return {"standing": newest.value, "usual": usual, "percent": round(drop), "limit": dog.profile.standing_drop_pct}


def _poor_twice(rounds: Sequence[Exposure]) -> Numbers | None:
    poor = sum(one.round.quality == POOR for one in rounds[-STOPS_LOOKED_AT:])
    return {"poor": poor, "of": STOPS_LOOKED_AT} if poor >= SAME_STOP else None


def still_tired(item: Item, dog: Dog) -> Numbers | None:
    """G6: nerve pain flares with over-exertion: still tired the next day is too much."""
    if dog.profile.name == "msk":
        return None
    tired = [tired for one in rounds_of(item, dog) if (tired := one.session.tired) is not None]
    return {"tired": tired[-1]} if tired and tired[-1] >= STILL_TIRED else None


def after_a_break(item: Item, dog: Dog) -> Numbers | None:
    """G7: a week without it, on a day of which it was due: whoever starts again starts lower.

    An exercise of once a week has a week between two sessions; that is no break.
    """
    if item.last_done_on is None or not item.missed_days:
        return None
    gap = (dog.today - item.last_done_on).days
    if gap < LOWER_AFTER_DAYS or _is_answered(item, ENTRY_AFTER_DAYS if gap >= ENTRY_AFTER_DAYS else LOWER_AFTER_DAYS):
        return None
    return {"days": gap, "re_enter": gap >= ENTRY_AFTER_DAYS}


def _is_answered(item: Item, days: int) -> bool:
    """Whether it was lowered when the break had lasted so many days; the same break must not lower it every day."""
    if item.lowered_at is None or item.last_done_on is None:
        return False
    return (item.lowered_at.date() - item.last_done_on).days >= days


def lowered_again(item: Item, dog: Dog, *, lowered_today: bool) -> Numbers | None:
    """G8: two regresses of any exercises within seven days ask for less of all of them.

    ``lowered_today``: one of the other rules asks for one now. One day counts once, because a session's pain lowers
    everything that was done in it. What has been lowered since the last of them has had its share.
    """
    days = {day for day in dog.lowered_on if 0 <= (dog.today - day).days <= AGAIN_DAYS}
    if lowered_today:
        days.add(dog.today)
    if len(days) < REGRESSES:
        return None
    if item.lowered_at is not None and item.lowered_at.date() >= max(days):
        return None
    return {"times": len(days), "days": AGAIN_DAYS}


RULES: Final[tuple[Rule, ...]] = (
    rule("G1", Decision.REGRESS, pain_after_above_amber, "amber_max"),
    rule("G2", Decision.REGRESS, pain_rose_in_the_session, "rise_in_session_max"),
    rule("G3", Decision.REGRESS, worse_the_next_morning, "morning_over_baseline_regress"),
    rule("G4", Decision.REGRESS, same_stop_again),
    rule("G5", Decision.REGRESS, fatigue, "standing_drop_pct"),
    rule("G6", Decision.REGRESS, still_tired),
    rule("G7", Decision.REGRESS, after_a_break),
)
LOWERED_AGAIN: Final = rule("G8", Decision.REGRESS, lowered_again)
