"""R1 to R6 on both sides of each limit; the numbers are those of 06_progression.yaml, written out."""

from typing import Any

import pytest

from rehab.guidance.engine import weigh
from rehab.guidance.engine.values import Approver, Decision
from tests.guidance.engine.builders import (
    HOUR,
    NOW,
    Change,
    both,
    day,
    decision,
    dog_with,
    fired,
    flagged,
    make_dog,
    measured,
    moment,
    not_done,
    told,
    unchanged,
    weighed,
)

BOTH = ("msk", "neuro")
NERVES = ("neuro", "mixed", "undetermined")
STEPS = "unaided_steps"

# Rule, profiles, what is different, and the numbers that the rule then stands on (None: it does not hold).
Case = tuple[str, tuple[str, ...], Change, dict[str, Any] | None]
CASES: list[Case] = [
    ("R1", BOTH, unchanged, None),
    ("R1", BOTH, flagged("RF12", stop="all_active", ago=2), {"flags": ["RF12"], "on": day(2)}),
    ("R1", BOTH, flagged("RF08", stop="all_active_and_passive"), {"flags": ["RF08"], "on": day(0)}),
    ("R1", BOTH, flagged("RF18", stop="named_exercise"), None),
    ("R1", BOTH, flagged("RF29", stop="none_or_named_exercise"), None),
    (
        "R1",
        BOTH,
        both(flagged("RF12", ago=3), flagged("RF08", "RF12", ago=1)),
        {"flags": ["RF08", "RF12"], "on": day(3)},
    ),
    # R2: ten steps alone and no more.
    ("R2", BOTH, measured(STEPS, (100, 10), (1, 9)), {"metric": STEPS, "before": 10, "now": 9}),
    ("R2", BOTH, measured(STEPS, (100, 10), (1, 10)), None),
    ("R2", BOTH, measured(STEPS, (100, 9), (1, 8)), None),
    ("R2", BOTH, measured(STEPS, (1, 4)), None),
    # A second bad check does not undo the first.
    ("R2", BOTH, measured(STEPS, (100, 10), (50, 6), (1, 7)), {"metric": STEPS, "before": 10, "now": 7}),
    # Half of the steps or of the standing within 48 hours.
    ("R2", BOTH, measured(STEPS, (48, 8), (0, 4)), {"metric": STEPS, "before": 8, "now": 4}),
    ("R2", BOTH, measured(STEPS, (48, 8), (0, 5)), None),
    ("R2", BOTH, measured(STEPS, (49, 8), (0, 4)), None),
    ("R2", BOTH, measured(STEPS, (10, 0), (0, 0)), None),
    ("R2", BOTH, measured(STEPS, (10, 8), (0, 0)), {"metric": STEPS, "before": 8, "now": 0}),
    ("R2", BOTH, measured(STEPS, (100, 10), (50, 10), (1, 9)), {"metric": STEPS, "before": 10, "now": 9}),
    ("R2", BOTH, measured(STEPS, (100, 4), (60, 10), (1, 9)), {"metric": STEPS, "before": 10, "now": 9}),
    (
        "R2",
        BOTH,
        measured("standing_s", (40, 12), (30, 20), (0, 9)),
        {"metric": "standing_s", "before": 20, "now": 9},
    ),
    ("R2", BOTH, measured("standing_s", (48, 20), (0, 10)), {"metric": "standing_s", "before": 20, "now": 10}),
    ("R2", BOTH, measured("standing_s", (48, 20), (0, 10.1)), None),
    ("R2", BOTH, measured("standing_s", (49, 20), (0, 10)), None),
    (
        "R2",
        BOTH,
        measured("standing_s", (40, 20), (30, 12), (0, 9)),
        {"metric": "standing_s", "before": 20, "now": 9},
    ),
    ("R2", BOTH, measured("standing_s", (1, 2)), None),
    # Knuckling one level worse on two checks.
    (
        "R2",
        BOTH,
        measured("knuckling_level", (90, 1), (30, 2), (1, 2)),
        {"metric": "knuckling_level", "before": 1, "now": 2},
    ),
    (
        "R2",
        BOTH,
        measured("knuckling_level", (90, 1), (60, 2), (30, 3), (1, 2)),
        {"metric": "knuckling_level", "before": 1, "now": 2},
    ),
    (
        "R2",
        BOTH,
        measured("knuckling_level", (120, 3), (100, 3), (90, 1), (30, 3), (1, 2)),
        {"metric": "knuckling_level", "before": 1, "now": 2},
    ),
    ("R2", BOTH, measured("knuckling_level", (90, 1), (30, 1), (1, 2)), None),
    ("R2", BOTH, measured("knuckling_level", (90, 1), (30, 2), (1, 1)), None),
    ("R2", BOTH, measured("knuckling_level", (30, 2), (1, 2)), None),
    # Urination worse.
    ("R2", BOTH, measured("urination_normal", (30, 1), (1, 0)), {"metric": "urination_normal", "before": 1, "now": 0}),
    (
        "R2",
        BOTH,
        measured("urination_normal", (30, 1), (20, 0), (1, 0)),
        {"metric": "urination_normal", "before": 1, "now": 0},
    ),
    (
        "R2",
        BOTH,
        measured("urination_normal", (30, 1), (20, 1), (1, 0)),
        {"metric": "urination_normal", "before": 1, "now": 0},
    ),
    (
        "R2",
        BOTH,
        measured("urination_normal", (30, 0), (20, 1), (1, 0)),
        {"metric": "urination_normal", "before": 1, "now": 0},
    ),
    ("R2", BOTH, measured("urination_normal", (30, 0), (1, 0)), None),
    ("R2", BOTH, measured("urination_normal", (30, 0), (1, 1)), None),
    ("R2", BOTH, measured("urination_normal", (1, 0)), None),
    # R3: pain at rest, msk 6 and neuro 5.
    ("R3", ("msk",), measured("pain_rest", (1, 6)), {"moment": "rest", "score": 6, "limit": 6}),
    ("R3", ("msk",), measured("pain_rest", (1, 5)), None),
    ("R3", NERVES, measured("pain_rest", (1, 5)), {"moment": "rest", "score": 5, "limit": 5}),
    ("R3", NERVES, measured("pain_rest", (1, 4)), None),
    ("R3", BOTH, measured("pain_rest", (9, 8), (1, 4)), None),
    # R3: two mornings running, msk 6 and neuro 4.
    (
        "R3",
        ("msk",),
        both(told(1, morning=6), told(2, morning=7)),
        {"moment": "morning", "score": 6, "limit": 6},
    ),
    ("R3", ("msk",), both(told(1, morning=6), told(2, morning=5)), None),
    ("R3", ("msk",), told(1, morning=9), None),
    (
        "R3",
        NERVES,
        both(told(1, morning=4), told(2, morning=4)),
        {"moment": "morning", "score": 4, "limit": 4},
    ),
    ("R3", NERVES, both(told(1, morning=3), told(2, morning=9)), None),
    # Between them a morning that nobody told of is no good one; one that was told of is.
    (
        "R3",
        ("msk",),
        both(told(1, morning=6), told(2, morning=None), told(3, morning=6)),
        {"moment": "morning", "score": 6, "limit": 6},
    ),
    ("R3", ("msk",), both(told(1, morning=6), told(2, morning=0), told(3, morning=6)), None),
    ("R3", BOTH, both(not_done(*range(2, 13)), told(1, morning=10)), None),
    # R4: nerve pain without a plan, or two doses missed.
    ("R4", NERVES, dog_with(pain_control=""), {"plan": False}),
    ("R4", NERVES, dog_with(doses_missed=2), {"missed": 2}),
    ("R4", NERVES, dog_with(doses_missed=1), None),
    ("R4", ("msk",), dog_with(pain_control="", doses_missed=2), None),
    # R5: out of strict rest, with another sign.
    (
        "R5",
        BOTH,
        both(dog_with(activity_order="strict_rest"), flagged("RF21", "RF23", "RF12")),
        {"flags": ["RF12", "RF23"]},
    ),
    ("R5", BOTH, both(dog_with(activity_order="strict_rest"), flagged("RF21")), None),
    ("R5", BOTH, both(dog_with(activity_order="strict_rest"), flagged("RF23", "RF12")), None),
    ("R5", BOTH, both(dog_with(activity_order="leash_only"), flagged("RF21", "RF23")), None),
    # What the record shows counts as a sign, too.
    (
        "R5",
        BOTH,
        both(dog_with(activity_order="strict_rest"), flagged("RF21"), measured("pain_rest", (1, 6))),
        {"flags": ["RF16"]},
    ),
    # R6
    ("R6", BOTH, dog_with(is_signed=False), {"signed": False}),
    ("R6", BOTH, dog_with(is_valid=False), {"signed": True}),
    ("R6", BOTH, unchanged, None),
]
EXPANDED = [(rule, profile, change, numbers) for rule, profiles, change, numbers in CASES for profile in profiles]


@pytest.mark.parametrize(("rule", "profile", "change", "numbers"), EXPANDED)
def test_rule_holds_on_its_side_of_the_limit(
    rule: str, profile: str, change: Change, numbers: dict[str, Any] | None
) -> None:
    found = fired(change(make_dog(profile)), rule)
    assert (None if found is None else dict(found.numbers)) == numbers
    if found is not None:
        assert (found.decision, decision(change(make_dog(profile)))) == (Decision.RESTRAIN, Decision.RESTRAIN)


SEEN: list[tuple[str, Change]] = [
    ("R2", measured(STEPS, (30, 10), (20, 6))),
    ("R2", measured("standing_s", (30, 20), (20, 5))),
    ("R2", measured("knuckling_level", (40, 0), (30, 1), (20, 1))),
    ("R2", measured("urination_normal", (30, 1), (20, 0))),
    ("R3", measured("pain_rest", (20, 7))),
    ("R3", both(told(2, morning=7), told(3, morning=7), not_done(1))),
]


@pytest.mark.parametrize(("rule", "change"), SEEN)
def test_what_a_vet_has_looked_at_restrains_no_more(rule: str, change: Change) -> None:
    dog = change(make_dog())
    assert fired(dog, rule)
    assert fired(dog_with(looked_at=NOW - 5 * HOUR)(dog), rule) is None


# The vet looked 15 hours ago; the first readings are from before.
LATER: list[tuple[Change, bool]] = [
    (measured(STEPS, (30, 10), (20, 6), (1, 6)), False),
    (measured(STEPS, (30, 10), (1, 6)), True),
    (measured("standing_s", (30, 20), (20, 5), (1, 5)), False),
    (measured("standing_s", (30, 20), (1, 5)), True),
    (measured("urination_normal", (30, 1), (20, 0), (1, 0)), False),
    (measured("urination_normal", (30, 1), (1, 0)), True),
    # The first of two worse checks may lie before.
    (measured("knuckling_level", (30, 0), (20, 1), (1, 1)), True),
    (measured("knuckling_level", (40, 0), (30, 1), (20, 1), (1, 1)), False),
]


@pytest.mark.parametrize(("change", "holds"), LATER)
def test_new_reading_is_compared_with_what_the_vet_saw(change: Change, holds: bool) -> None:
    dog = dog_with(looked_at=moment(0, hour=3))(make_dog())
    assert bool(fired(change(dog), "R2")) is holds


def test_reading_at_the_moment_of_the_look_has_been_seen() -> None:
    dog = measured("pain_rest", (2, 6))(make_dog())
    assert fired(dog_with(looked_at=moment(0, hour=16))(dog), "R3") is None
    assert fired(dog_with(looked_at=moment(0, hour=15))(dog), "R3")


def test_morning_comes_a_day_after_its_session() -> None:
    dog = both(told(1, morning=6), told(2, morning=6))(make_dog())
    assert fired(dog_with(looked_at=moment(0, hour=9))(dog), "R3")
    assert fired(dog_with(looked_at=moment(0, hour=10))(dog), "R3") is None


def test_restraint_is_of_the_whole_dog_and_only_a_vet_lifts_it() -> None:
    dog = flagged("RF12")(make_dog())
    response = weigh(dog)
    assert (response.decision, [one.rule for one in response.fired]) == (Decision.RESTRAIN, ["R1"])
    assert (weighed(dog).decision, weighed(dog).approver, weighed(dog).step) == (
        Decision.RESTRAIN,
        Approver.VET,
        None,
    )
    assert weigh(dog_with(items=[])(dog)).decision == Decision.RESTRAIN


def test_future_readings_and_sessions_are_not_looked_at() -> None:
    dog = both(measured("pain_rest", (-24, 9)), told(-1, morning=9), told(-2, morning=9))(make_dog())
    assert decision(dog) == Decision.PROGRESS
