"""A dog for which everything is good and whose one exercise grows, and small ways to change one thing about it."""

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from rehab.guidance.engine import weigh
from rehab.guidance.engine.values import (
    Decision,
    Dog,
    Fired,
    Item,
    Measured,
    Neighbour,
    OpenFlag,
    Profile,
    Round,
    Session,
    Weighed,
)
from rehab.patients.decision_rows import Limits
from rehab.programs.dose import Dose
from rehab.programs.limits import Stretch

TODAY = dt.date(2026, 3, 19)
NOW = dt.datetime(2026, 3, 19, 18, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
HOUR = dt.timedelta(hours=1)
WALK = "leash-walk"
RANGE = {"minutes": [2, 30]}
LIMITS = Limits(
    weekly_load_pct=10, hard_14d_pct=30, new_exercises_per_week=2, max_active_items=8, start_load_level_max=2
)
# Longer than any profile asks for.
DAYS = 12

Change = Callable[[Dog], Dog]


def day(ago: int) -> dt.date:
    return TODAY - ago * DAY


def moment(ago: int, hour: int = 10) -> dt.datetime:
    return dt.datetime.combine(day(ago), dt.time(hour), dt.UTC)


def make_round(ago: int, **changes: Any) -> Round:
    return Round(**{"day": day(ago), "at": moment(ago), "share": 1.0, "quality": 3, **changes})


def make_session(ago: int, **changes: Any) -> Session:
    good = {"before": 0, "after": 0, "morning": 0 if ago else None, "tired": 1}
    return Session(**{"day": day(ago), "at": moment(ago), **good, **changes})


def make_item(**changes: Any) -> Item:
    """A daily walk, twelve days at five minutes, all of it done well; not yet done today."""
    good: dict[str, Any] = {
        "key": "walk",
        "slug": WALK,
        "load": 2,
        "dose": Dose(minutes=5),
        "dose_range": RANGE,
        "level_since": day(DAYS),
        "rounds": [make_round(ago) for ago in range(1, DAYS + 1)],
        "is_taught": True,
        "completion": 1.0,
        "completion_at_level": 1.0,
        "last_done_on": day(1),
        "row_approver": "vet or therapist every time",
        "easier": Neighbour(slug="sling-walk", load=1, dose=Dose(minutes=3), dose_range={"minutes": [1, 10]}),
        "harder": Neighbour(slug="hill-walk", load=4, dose=Dose(minutes=9), dose_range={"minutes": [4, 20]}),
    }
    return Item(**{**good, **changes})


def make_dog(profile: str = "msk", **changes: Any) -> Dog:
    """A dog without pain whose one exercise grows, of any profile that lets one grow."""
    good: dict[str, Any] = {
        "today": TODAY,
        "at": NOW,
        "profile": Profile.of(profile),
        "is_signed": True,
        "origin": "primary",
        "mechanism": "musculoskeletal" if profile == "msk" else "neurologic",
        "pain_control": "planned",
        "intake_pain": 0,
        "re_exam_due_on": day(-30),
        "looked_at": moment(40),
        "started_on": day(40),
        "sessions": [make_session(ago) for ago in range(1, DAYS + 1)],
        "completion": 1.0,
        "recent": [Stretch(slug=WALK, load=2, is_active=True, dose=Dose(minutes=5), starts_on=day(40))],
        "limits": LIMITS,
        "items": [make_item()],
    }
    return Dog(**{**good, **changes})


# --- One thing changed -----------------------------------------------------------------------------------------------


def unchanged(dog: Dog) -> Dog:
    return dog


def told(ago: int, **answers: Any) -> Change:
    """Other answers around the session so many days ago; today's, which the good dog has not had, comes new."""

    def change(dog: Dog) -> Dog:
        there = {one.day: one for one in dog.sessions}
        there[day(ago)] = replace(there.get(day(ago), make_session(ago)), **answers)
        return replace(dog, sessions=list(there.values()))

    return change


def done(ago: int, **changes: Any) -> Change:
    """Another round of the exercise on the day, or a new one."""

    def change(dog: Dog) -> Dog:
        [item] = dog.items
        there = {one.day: one for one in item.rounds}
        there[day(ago)] = replace(there.get(day(ago), make_round(ago)), **changes)
        return replace(dog, items=[replace(item, rounds=list(there.values()))])

    return change


def not_done(*days_ago: int) -> Change:
    """Neither the exercise nor a session on these days."""
    gone = {day(ago) for ago in days_ago}

    def change(dog: Dog) -> Dog:
        [item] = dog.items
        item = replace(item, rounds=[one for one in item.rounds if one.day not in gone])
        return replace(dog, items=[item], sessions=[one for one in dog.sessions if one.day not in gone])

    return change


def dog_with(**changes: Any) -> Change:
    return lambda dog: replace(dog, **changes)


def item_with(**changes: Any) -> Change:
    return lambda dog: replace(dog, items=[replace(one, **changes) for one in dog.items])


def measured(metric: str, *readings: tuple[float, float]) -> Change:
    """Readings of a measure as (hours ago, value)."""
    values = [
        Measured(day=(NOW - hours * HOUR).date(), at=NOW - hours * HOUR, value=value) for hours, value in readings
    ]

    def change(dog: Dog) -> Dog:
        if metric == "pain_rest":
            return replace(dog, pain_rest=values)
        return replace(dog, measures={**dog.measures, metric: values})

    return change


def flagged(*ids: str, stop: str = "all_active", ago: int = 0) -> Change:
    return lambda dog: replace(dog, flags=[*dog.flags, *(OpenFlag(id=one, stop=stop, on=day(ago)) for one in ids)])


def both(*changes: Change) -> Change:
    def change(dog: Dog) -> Dog:
        for one in changes:
            dog = one(dog)
        return dog

    return change


# --- What the rules say ----------------------------------------------------------------------------------------------


def weighed(dog: Dog) -> Weighed:
    """The answer about the dog's only exercise."""
    [found] = weigh(dog).items
    return found


def fired(dog: Dog, rule: str) -> Fired | None:
    """The rule, where it holds for the only exercise or asks about the dog."""
    response = weigh(dog)
    assert not response.could_not_be_evaluated
    [item] = response.items
    return next((one for one in (*item.fired, *response.questions) if one.rule == rule), None)


def decision(dog: Dog) -> Decision:
    return weighed(dog).decision
