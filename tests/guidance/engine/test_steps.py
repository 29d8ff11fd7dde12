"""How much less, or which neighbour instead; the numbers are those of step_rules and G7 in 06_progression.yaml."""

from dataclasses import replace
from typing import Any

import pytest

from rehab.guidance.engine import weigh
from rehab.guidance.engine.steps import is_allowed_ahead
from rehab.guidance.engine.values import Decision, Neighbour, NextStep, Round
from rehab.programs.dose import Dose
from rehab.programs.limits import Stretch
from tests.guidance.engine.builders import (
    WALK,
    Change,
    both,
    day,
    dog_with,
    item_with,
    make_dog,
    make_round,
    moment,
    told,
    weighed,
)

HURT = told(1, after=9)
TWENTY = item_with(dose=Dose(minutes=20))


def minutes(after: int, percent: int) -> NextStep:
    return NextStep(
        slug=WALK, dose=Dose(minutes=after), variable="minutes", before=20, after=after, percent=percent, is_swap=False
    )


CASES: list[tuple[Change, NextStep]] = [
    (HURT, minutes(16, 20)),
    # The second time within seven days: half.
    (both(HURT, item_with(lowered_at=moment(7, hour=1))), minutes(10, 50)),
    (both(HURT, item_with(lowered_at=moment(8, hour=23))), minutes(16, 20)),
    # After a break 70 %, whatever else; after three weeks the entry of the phase.
    (item_with(last_done_on=day(7), missed_days=3), minutes(14, 30)),
    (both(HURT, item_with(last_done_on=day(7), missed_days=3)), minutes(14, 30)),
    (item_with(last_done_on=day(8), missed_days=3, lowered_at=moment(2)), minutes(10, 50)),
    (item_with(last_done_on=day(21), missed_days=3), NextStep(slug=WALK, dose=Dose(minutes=2), re_enter=True)),
    # All are lowered by 20 % when it is the second time within a week.
    (dog_with(lowered_on=[day(3), day(1)]), minutes(16, 20)),
]


@pytest.mark.parametrize(("change", "step"), CASES)
def test_regress_lowers_one_variable(change: Change, step: NextStep) -> None:
    found = weighed(both(TWENTY, change)(make_dog()))
    assert (found.decision, found.step) == (Decision.REGRESS, step)


def test_regress_at_the_bottom_goes_to_the_easier_exercise() -> None:
    dog = both(HURT, item_with(dose=Dose(minutes=2, days_per_week=1)))(make_dog())
    assert weighed(dog).step == NextStep(slug="sling-walk", dose=Dose(minutes=1), is_swap=True)


@pytest.mark.parametrize(
    ("dose", "again", "variable", "before", "after"),
    [
        (Dose(minutes=10, sets=2, per_day=3, days_per_week=5), False, "minutes", 10, 8),
        (Dose(minutes=10, sets=2, per_day=3, days_per_week=5), True, "minutes", 10, 5),
        (Dose(minutes=1, sets=3, per_day=3, days_per_week=5), False, "sets", 3, 2),
        (Dose(minutes=1, per_day=3, days_per_week=5), False, "per_day", 3, 2),
        (Dose(minutes=1, per_day=4, days_per_week=5), True, "per_day", 4, 2),
        (Dose(minutes=1, days_per_week=5), False, "days_per_week", 5, 4),
        (Dose(minutes=1, per_week=3), False, "per_week", 3, 2),
        (Dose(hold_seconds=5, reps=1, days_per_week=5), False, "hold_seconds", 5, 4),
    ],
)
def test_with_nothing_easier_it_goes_below_the_range(
    dose: Dose, again: bool, variable: str, before: int, after: int
) -> None:
    """How long, then how many sets, then how often; all of it at the low end of its range."""
    low = {"minutes": [10, 30], "sets": [3, 3], "per_day": [4, 4], "days_per_week": [5, 7], "per_week": [3, 3]}
    low |= {"hold_s": [5, 9]}
    last = {"lowered_at": moment(3)} if again else {}
    found = weighed(both(HURT, item_with(dose=dose, dose_range=low, easier=None, **last))(make_dog()))
    assert found.step is not None
    assert (found.step.variable, found.step.before, found.step.after) == (variable, before, after)
    assert (found.step.percent, found.step.is_below, found.step.is_swap) == (50 if again else 20, True, False)


def test_only_where_nothing_is_left_to_lower_there_is_no_step() -> None:
    once = item_with(dose=Dose(minutes=1, days_per_week=1), easier=None)
    found = weighed(both(HURT, once)(make_dog()))
    assert (found.decision, found.step) == (Decision.REGRESS, None)
    # In the range it is no step below it.
    found = weighed(both(HURT, item_with(easier=None))(make_dog()))
    assert found.step is not None
    assert found.step.is_below is False


# --- Where the easier exercise starts --------------------------------------------------------------------------------


def easier(*rounds: tuple[Round, Dose], top: int = 10) -> Neighbour:
    return Neighbour(slug="sling-walk", load=1, dose=Dose(minutes=3), dose_range={"minutes": [1, top]}, rounds=rounds)


def had(ago: int, minutes: int, **changes: Any) -> tuple[Round, Dose]:
    return make_round(ago, **changes), Dose(minutes=minutes)


@pytest.mark.parametrize(
    ("neighbour", "start"),
    [
        (easier(), 1),
        (easier(had(5, 6)), 6),
        # The newest clean one, in whatever order they come.
        (easier(had(5, 6), had(3, 7)), 7),
        (easier(had(3, 7), had(5, 6)), 7),
        # Stopped early, ended by a sign, or with pain after it: the one before.
        (easier(had(5, 6), had(3, 7, share=0.75)), 6),
        (easier(had(5, 6), had(3, 7, stop_codes=frozenset({"S_CRY"}))), 6),
        (easier(had(5, 6), had(1, 7)), 6),
        (easier(had(1, 7)), 1),
        # A day of which nobody told anything is not clean; neither is one to come.
        (easier(had(30, 7)), 1),
        (easier(had(-1, 7), had(5, 6)), 6),
        # What the range no longer allows is not given again.
        (easier(had(5, 6), top=5), 1),
        (easier(had(5, 6), top=6), 6),
    ],
)
def test_easier_exercise_starts_at_its_last_clean_dose(neighbour: Neighbour, start: int) -> None:
    dog = both(HURT, item_with(dose=Dose(minutes=2, days_per_week=1), easier=neighbour))(make_dog())
    found = weighed(dog)
    assert found.step == NextStep(slug="sling-walk", dose=Dose(minutes=start), is_swap=True)
    assert found.numbers.get("easier") == ({"minutes": start} if start > 1 else None)


def test_harder_exercise_starts_at_its_low_end_whatever_was_done_of_it() -> None:
    harder = Neighbour(
        slug="hill-walk", load=4, dose=Dose(minutes=9), dose_range={"minutes": [4, 20]}, rounds=[had(5, 8)]
    )
    walked = Stretch(slug=WALK, load=2, is_active=True, dose=Dose(minutes=30), starts_on=day(40))
    dog = both(item_with(dose=Dose(minutes=30), harder=harder), dog_with(recent=[walked]))(make_dog())
    assert weighed(dog).step == NextStep(slug="hill-walk", dose=Dose(minutes=4), is_swap=True)


def test_three_weeks_without_it_ask_for_a_vet() -> None:
    assert weigh(item_with(last_done_on=day(21), missed_days=1)(make_dog())).actions == ("vet_check",)
    assert weigh(item_with(last_done_on=day(20), missed_days=1)(make_dog())).actions == ()


@pytest.mark.parametrize(
    ("step", "up_to", "allowed"),
    [
        (minutes(21, 0), Dose(minutes=21), True),
        (minutes(21, 0), Dose(minutes=20), False),
        (minutes(21, 0), Dose(reps=30), False),
        (minutes(21, 0), None, False),
        (replace(minutes(21, 0), is_swap=True), Dose(minutes=60), False),
        (replace(minutes(21, 0), variable=""), Dose(minutes=60), False),
        (replace(minutes(21, 0), after=None), Dose(minutes=60), False),
    ],
)
def test_step_ahead_stays_in_what_a_vet_approved(step: NextStep, up_to: Dose | None, allowed: bool) -> None:
    assert is_allowed_ahead(step, up_to=up_to) is allowed


def test_hold_takes_no_step() -> None:
    assert weighed(item_with(is_taught=False)(make_dog())).step is None
