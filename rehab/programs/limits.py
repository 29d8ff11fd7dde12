"""How fast a plan may grow: new exercises a week, the load of each, and one thing at a time. Pure.

Sources: ``limits`` of the rows in 03_decision.yaml; ``step_rules``, ``weekly_load``, H6 and H9 of 06_progression.yaml.
A limit is a soft one: a vet may go beyond it with a reason.
"""

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from rehab.programs.dose import (
    AMOUNTS,
    LEAST_STEP,
    Dose,
    DoseRange,
    bounds,
    is_more_load,
    most_of_a_step,
)

WEEK: Final = dt.timedelta(days=7)
FORTNIGHT: Final = dt.timedelta(days=14)
# Shorter walks are not held to the limit of fourteen days (step_rules, walking).
SHORT_WALK: Final = 10
# Beside how much one time is: what else makes a dose more. A set counts as one thing with the repetitions that fall.
RHYTHM: Final = ("times_per_day", "due_days_per_week")

Came = Literal["", "added", "progressed", "changed"]


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """One exercise at one dose over a half-open period, and how it came into the plan.

    ``came`` is "added" beside a running program or with a phase, "progressed" by a step, "changed" by another dose;
    empty for all that is no growth: an assignment, a step down, a resume, an undone step.
    """

    slug: str
    load: int
    is_active: bool
    dose: Dose
    starts_on: dt.date
    ends_on: dt.date | None = None
    came: Came = ""

    @property
    def weekly_load(self) -> float:
        return self.dose.weekly_load(self.load)

    @property
    def was_lived(self) -> bool:
        """Whether it lasted a day; what was taken back before its first day never was."""
        return self.ends_on is None or self.ends_on > self.starts_on


@dataclass(frozen=True, kw_only=True)
class Excess:
    """By how much an exercise would grow, in percent, over how many days, and what the row allows."""

    percent: int
    days: int
    allowed: int


def raised(new: Dose, old: Dose) -> list[str]:
    """The loading variables of which the new dose has more."""
    found = [
        name
        for name in (*AMOUNTS, "sets", "height_cm", *RHYTHM)
        if (getattr(new, name) or 0) > (getattr(old, name) or 0)
    ]
    return [*found, "each_side"] if new.each_side and not old.each_side else found


def is_single_step(new: Dose, old: Dose, *, dose_range: DoseRange) -> bool:
    """Whether the growth is one step of ``step_rules`` at most, which is allowed however small the dose is.

    One repetition more up to ten, one or two minutes up to ten, two seconds of a hold, else 10 %; or one set more at
    the top of the repetitions, which fall to their low end. How often has no step.
    """
    grown = raised(new, old)
    if len(grown) != 1:
        return not grown
    [name] = grown
    if name == "sets":
        low, high = bounds(dose_range).get("reps", (0, 0))
        return new.sets == old.sets + 1 and (old.reps or 0) >= high > 0 and new.reps == low
    if name not in LEAST_STEP:
        return False
    before = getattr(old, name) or 0
    return bool(getattr(new, name) - before <= most_of_a_step(name, before))


def newly_added(recent: Sequence[Stretch], *, on: dt.date) -> set[str]:
    """The active exercises that came new in the seven days before that day, or come later."""
    return {
        one.slug
        for one in recent
        if one.came == "added"
        and one.is_active
        and one.was_lived
        and one.starts_on > on - WEEK
        and not _was_there(recent, one.slug, before=one.starts_on)
    }


def is_new(recent: Sequence[Stretch], slug: str, *, on: dt.date) -> bool:
    """Whether the dog did not have the exercise in the days that are looked at."""
    return not _was_there(recent, slug, before=on)


def _was_there(recent: Sequence[Stretch], slug: str, *, before: dt.date) -> bool:
    return any(one.slug == slug and one.was_lived and one.starts_on < before for one in recent)


def too_many_new(recent: Sequence[Stretch], adding: Collection[str], *, on: dt.date, most: int) -> int:
    """How many active exercises would be new within a week, where that is more than the row allows; else 0."""
    fresh = {slug for slug in adding if is_new(recent, slug, on=on)}
    count = len(fresh | newly_added(recent, on=on))
    return count if fresh and count > most else 0


def excess(
    recent: Sequence[Stretch],
    slug: str,
    *,
    dose: Dose,
    load: int,
    dose_range: DoseRange,
    on: dt.date,
    weekly: int,
    fortnightly: int,
    instead_of: str = "",
) -> Excess | None:
    """By how much too much the exercise's weekly load would grow by that day, against 7 and against 14 days before.

    ``instead_of`` is the exercise whose place it takes; then no step excuses the growth. What was not there so long ago
    is weighed against the first that there was; what is quite new is weighed against nothing. A row that allows no
    growth (0 %) allows no single step either.
    """
    after = dose.weekly_load(load)
    for span, allowed in ((WEEK, weekly), (FORTNIGHT, fortnightly)):
        before = _then(recent, instead_of or slug, day=on - span, until=on)
        if before is None or after * 100 <= before.weekly_load * (100 + allowed) + 1e-6:
            continue
        if allowed and not instead_of:
            if is_single_step(dose, before.dose, dose_range=dose_range):
                continue
            is_longer = raised(dose, before.dose) == ["minutes"]
            if span == FORTNIGHT and is_longer and (before.dose.minutes or 0) < SHORT_WALK:
                continue
        percent = round(after * 100 / before.weekly_load - 100) if before.weekly_load else 100
        return Excess(percent=percent, days=span.days, allowed=allowed)
    return None


def _then(recent: Sequence[Stretch], slug: str, *, day: dt.date, until: dt.date) -> Stretch | None:
    """What the dog had of the exercise on that day, or the first that it had after it."""
    later = [
        one
        for one in recent
        if one.slug == slug and one.was_lived and one.starts_on < until and (one.ends_on is None or one.ends_on > day)
    ]
    return min(later, key=lambda one: one.starts_on, default=None)


def grew_within(recent: Sequence[Stretch], *, on: dt.date, days: int) -> set[str]:
    """The exercises that a step or another dose made more in the days before that day."""
    since = on - dt.timedelta(days=days)
    return {one.slug for one in recent if one.was_lived and one.starts_on > since and _grew(one, recent)}


def _grew(one: Stretch, recent: Sequence[Stretch]) -> bool:
    if one.came == "progressed":
        return True
    before = [
        other for other in recent if other.slug == one.slug and other.was_lived and other.starts_on < one.starts_on
    ]
    last = max(before, key=lambda other: other.starts_on, default=None)
    return one.came == "changed" and last is not None and one.load > 0 and is_more_load(one.dose, last.dose)
