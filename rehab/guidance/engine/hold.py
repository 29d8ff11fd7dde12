"""H1 to H10: what keeps an exercise as it is. Source: 06_progression.yaml, rules, HOLD."""

import datetime as dt
from statistics import fmean
from typing import Final

from rehab.guidance.engine.registry import Numbers, Rule, rule
from rehab.guidance.engine.rounds import at_level, clean_run, rounds_of
from rehab.guidance.engine.steps import step_up_of
from rehab.guidance.engine.values import ONE_DAY, Decision, Dog, Item
from rehab.programs.limits import excess, grew_within

ENOUGH_DONE: Final = 0.80
MUCH_TOO_LITTLE: Final = 0.50
LOOKED_AT: Final = 3
CLEAN_ENOUGH: Final = 2
UNANSWERED_MORNINGS: Final = 2
MEDICINE_HOURS: Final = 72
AFTER_A_REGRESS: Final = 2


def amber_but_settled(item: Item, dog: Dog) -> Numbers | None:
    """H1: some pain after the exercise, gone by the next morning."""
    told = [one.session for one in rounds_of(item, dog) if one.session.after is not None]
    if not told or told[-1].after is None or told[-1].morning is None or dog.baseline is None:
        return None
    after, morning = told[-1].after, told[-1].morning
    if not dog.profile.green_max < after <= dog.profile.amber_max:
        return None
    if morning - dog.baseline > dog.profile.morning_over_baseline_ok:
        return None
    return {"after": after, "limit": dog.profile.green_max, "morning": morning, "usual": dog.baseline}


def too_little_done(item: Item, dog: Dog) -> Numbers | None:
    """H2: less than four fifths of what was due in seven days: ask why, before the load changes."""
    if item.completion is None or item.completion >= ENOUGH_DONE:
        return None
    return {"percent": round(100 * item.completion), "limit": round(100 * ENOUGH_DONE)}


def too_early(item: Item, dog: Dog) -> Numbers | None:
    """H3: too few sessions, or too few days, at this dose."""
    sessions, days = len(at_level(item, dog)), max(0, (dog.today - item.level_since).days)
    least, least_days = dog.profile.min_sessions, dog.profile.min_days_at_level
    if sessions >= least and days >= least_days:
        return None
    return {"sessions": sessions, "min_sessions": least, "days": days, "min_days": least_days}


def technique_first(item: Item, dog: Dog) -> Numbers | None:
    """H4: not shown back yet, or not done well: more of what is done wrongly helps nobody (document 004)."""
    if not item.is_taught:
        return {"taught": False}
    quality = [one.round.quality for one in rounds_of(item, dog) if one.round.quality is not None][-LOOKED_AT:]
    return {"quality": fmean(quality), "limit": CLEAN_ENOUGH} if quality and fmean(quality) < CLEAN_ENOUGH else None


def medicine_changed(item: Item, dog: Dog) -> Numbers | None:
    """H5: medicine changed, added or stopped can hide or unmask pain; of nerve pain one missed dose holds."""
    changed = dog.medicine_changed_at
    if changed is not None and dt.timedelta(0) <= dog.at - changed < dt.timedelta(hours=MEDICINE_HOURS):
        return {"changed_at": changed, "hours": MEDICINE_HOURS}
    if dog.profile.name != "msk" and dog.doses_missed:
        return {"missed": dog.doses_missed}
    return None


def another_grew(item: Item, dog: Dog) -> Numbers | None:
    """H6: one change at a time: another exercise grew a few days ago."""
    days = dog.profile.days_between_progressions
    others = grew_within([*dog.recent], on=dog.today + ONE_DAY, days=days) - {item.slug}
    return {"others": sorted(others), "days": days} if others else None


def mornings_unanswered(item: Item, dog: Dog) -> Numbers | None:
    """H7: the next-morning answer is missing in two of the last three sessions whose morning has come."""
    last = [one for one in rounds_of(item, dog) if one.day < dog.today][-LOOKED_AT:]
    missing = sum(one.session.morning is None for one in last)
    return {"missing": missing, "of": LOOKED_AT} if missing >= UNANSWERED_MORNINGS else None


def re_examination_due(item: Item, dog: Dog) -> Numbers | None:
    """H8: the day of the re-examination has passed."""
    due = dog.re_exam_due_on
    return {"due_on": due, "days": (dog.today - due).days} if due is not None and due < dog.today else None


def grown_enough(item: Item, dog: Dog) -> Numbers | None:
    """H9: the next step would be more load than the row allows in seven or in fourteen days.

    A harder exercise takes the place of this one, and is weighed against what this one was.
    """
    step = step_up_of(item)
    if step is None or dog.limits is None:
        return None
    harder = item.harder if step.is_swap else None
    over = excess(
        [*dog.recent],
        step.slug,
        dose=step.dose,
        load=item.load if harder is None else harder.load,
        dose_range=item.dose_range if harder is None else harder.dose_range,
        instead_of="" if harder is None else item.slug,
        on=dog.today + ONE_DAY,
        weekly=dog.limits.weekly_load_pct,
        fortnightly=dog.limits.hard_14d_pct,
    )
    return None if over is None else {"percent": over.percent, "days": over.days, "allowed": over.allowed}


def let_it_settle(item: Item, dog: Dog) -> Numbers | None:
    """H10: after a regress two clean sessions more than otherwise."""
    if item.lowered_at is None:
        return None
    clean, needed = clean_run(item, dog), dog.profile.clean_needed + AFTER_A_REGRESS
    return {"clean": clean, "needed": needed} if clean < needed else None


RULES: Final[tuple[Rule, ...]] = (
    rule("H1", Decision.HOLD, amber_but_settled, "green_max", "amber_max", "morning_over_baseline_ok"),
    rule("H2", Decision.HOLD, too_little_done),
    rule("H3", Decision.HOLD, too_early, "min_sessions", "min_days_at_level"),
    rule("H4", Decision.HOLD, technique_first),
    rule("H5", Decision.HOLD, medicine_changed),
    rule("H6", Decision.HOLD, another_grew, "days_between_progressions"),
    rule("H7", Decision.HOLD, mornings_unanswered),
    rule("H8", Decision.HOLD, re_examination_due),
    rule("H9", Decision.HOLD, grown_enough, source="06_progression.yaml, 03_decision.yaml"),
    rule("H10", Decision.HOLD, let_it_settle, "clean_needed"),
)
