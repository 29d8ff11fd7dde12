"""A1 to A4: exercise as a test of the definition; the numbers are those of 06_progression.yaml, written out."""

from typing import Any

import pytest

from rehab.guidance.engine import weigh
from rehab.guidance.engine.values import Decision
from tests.guidance.engine.builders import (
    Change,
    both,
    day,
    decision,
    dog_with,
    fired,
    item_with,
    make_dog,
    measured,
    moment,
    not_done,
    told,
)

BOTH = ("msk", "neuro")
MSK = dog_with(mechanism="musculoskeletal")
SECONDARY = dog_with(origin="secondary")


def rose(*days_ago: int, by: int = 1, morning: int = 0) -> Change:
    return both(*(told(ago, before=0, after=by, morning=morning) for ago in days_ago))


def loads(**by_days_ago: float) -> Change:
    return dog_with(loads={day(int(name[1:])): load for name, load in by_days_ago.items()})


def tired(*days_ago: int, after: int = 1, how: int = 2) -> Change:
    return both(*(told(ago, before=0, after=after, tired=how) for ago in days_ago))


def late(ago: int, by: int) -> Change:
    """As much more pain two days after a session, with a day of rest between."""
    return both(told(ago, before=1, after=1), not_done(ago - 1), told(ago - 2, before=1 + by, after=1 + by))


def lame(*days_ago: int) -> Change:
    return dog_with(limb_days={day(ago) for ago in days_ago})


def pain_before(*, early: int, late: int) -> Change:
    """Over four weeks, the last fourteen days against those before."""
    return both(*(told(ago, before=early if ago > 14 else late) for ago in range(1, 29)))


Case = tuple[str, tuple[str, ...], Change, dict[str, Any] | None]
CASES: list[Case] = [
    # A1: up with the dose and down by the morning, in 3 of the last 4.
    ("A1", BOTH, rose(1, 2, 3), {"times": 3, "of": 4}),
    ("A1", BOTH, rose(1, 2, 3, 4, 5), {"times": 4, "of": 4}),
    ("A1", BOTH, rose(2, 4), None),
    # As much pain as before, and less the next morning, is no answer to the dose.
    ("A1", BOTH, both(rose(1, 2), told(3, before=3, after=3, morning=1)), None),
    ("A1", BOTH, rose(1, 2, 5), None),
    ("A1", BOTH, rose(1, 2, 3, morning=1), None),
    ("A1", BOTH, both(rose(2, 3, 4), told(1, morning=None)), {"times": 3, "of": 4}),
    ("A1", BOTH, both(rose(2, 3, 5), told(1, before=None)), {"times": 3, "of": 4}),
    ("A1", BOTH, both(not_done(*range(4, 13)), rose(1, 2, 3)), None),
    # A2: out of proportion to the dose, twice; the limit of the rise is 2, with nerve pain 1.
    ("A2", ("msk",), both(MSK, rose(1, 3, by=3), loads(d1=10, d2=10, d3=10, d4=10)), {"times": 2, "days": [3, 1]}),
    ("A2", ("msk",), both(MSK, rose(1, 3, by=2), loads(d1=10, d2=10, d3=10, d4=10)), None),
    ("A2", ("neuro",), both(MSK, rose(1, 3, by=2), loads(d1=10, d2=10, d3=10, d4=10)), {"times": 2, "days": [3, 1]}),
    ("A2", ("neuro",), both(MSK, rose(1, 3, by=1), loads(d1=10, d2=10, d3=10, d4=10)), None),
    ("A2", BOTH, both(MSK, rose(3, by=3), loads(d1=10, d2=10, d3=10, d4=10)), None),
    # More work than usual explains more pain; nobody knows what is usual on the first day, or without a load.
    ("A2", BOTH, both(MSK, rose(1, 3, by=3), loads(d1=11, d2=10, d3=10, d4=10)), None),
    ("A2", BOTH, both(MSK, rose(1, 3, by=3), loads(d1=8, d2=10, d3=7, d4=9, d5=6)), {"times": 2, "days": [3, 1]}),
    ("A2", BOTH, both(MSK, rose(1, 3, by=3), loads(d1=10, d2=10, d3=10)), None),
    ("A2", BOTH, both(MSK, rose(1, 3, by=3), loads(d1=10, d2=10, d3=10, d4=0)), None),
    ("A2", BOTH, both(MSK, rose(1, 3, by=3), loads(d2=10, d3=10, d4=10)), None),
    ("A2", BOTH, both(dog_with(mechanism="neurologic"), tired(1, 3)), None),
    # A2: worse when tired.
    ("A2", BOTH, both(MSK, tired(1, 3)), {"times": 2, "days": [3, 1]}),
    ("A2", BOTH, both(MSK, tired(1, 3, how=1)), None),
    ("A2", BOTH, both(MSK, tired(1, 3, after=0)), None),
    ("A2", BOTH, both(MSK, tired(1)), None),
    ("A2", BOTH, both(MSK, tired(1, 3), told(1, tired=None)), None),
    # A2: only after more than a day, without another session in between.
    ("A2", BOTH, both(MSK, late(6, 2), late(10, 3)), {"times": 2, "days": [10, 6]}),
    ("A2", BOTH, both(MSK, late(6, 1), late(10, 3)), None),
    ("A2", BOTH, both(MSK, late(6, 2), late(10, 3), loads(d5=10)), None),
    ("A2", BOTH, both(MSK, late(6, 2), late(10, 3), told(8, before=None)), None),
    ("A2", BOTH, both(MSK, late(6, 2), late(10, 3), told(10, before=None)), None),
    ("A2", BOTH, both(MSK, late(6, 2), late(10, 3), told(10, after=None)), None),
    # More pain in between makes it no less late.
    ("A2", BOTH, both(MSK, late(6, 2), late(10, 3), told(10, after=2, morning=4)), {"times": 2, "days": [10, 6]}),
    # A2: what a vet has looked at is settled.
    ("A2", BOTH, both(MSK, tired(1, 3), dog_with(looked_at=moment(2))), None),
    ("A2", BOTH, both(MSK, tired(1, 3), dog_with(looked_at=moment(2, hour=9))), {"times": 2, "days": [3, 1]}),
    # A3: the back is worse on days on which a limb is, three times.
    ("A3", BOTH, both(lame(2, 4, 6), rose(2, 4, 6)), {"times": 3, "days": [6, 4, 2]}),
    ("A3", BOTH, both(lame(2, 4, 6), rose(2, 4)), None),
    ("A3", BOTH, both(lame(2, 4), rose(2, 4, 6)), None),
    ("A3", BOTH, both(lame(2, 4, 6), rose(4, 6), told(2, morning=1)), {"times": 3, "days": [6, 4, 2]}),
    ("A3", BOTH, both(lame(2, 4, 20), rose(2, 4)), None),
    ("A3", BOTH, both(lame(2, 4, 6), rose(2, 4, 6), SECONDARY), None),
    ("A3", BOTH, both(lame(2, 4, 6), told(2, before=None, after=None, morning=None), rose(4, 6)), None),
    ("A3", BOTH, both(lame(8, 9, 10), rose(8, 9, 10), not_done(*range(1, 8)), dog_with(intake_pain=None)), None),
    # A4: a limb a fifth better for fourteen days, the back not.
    (
        "A4",
        BOTH,
        both(SECONDARY, pain_before(early=3, late=2), measured("standing_s", (600, 10), (300, 12), (1, 13))),
        {"metric": "standing_s", "before": 10, "now": 13, "pain_before": 3, "pain_now": 2},
    ),
    (
        "A4",
        BOTH,
        both(SECONDARY, pain_before(early=3, late=2), measured("straight_sits", (600, 2), (336, 3), (1, 3))),
        {"metric": "straight_sits", "before": 2, "now": 3, "pain_before": 3, "pain_now": 2},
    ),
    (
        "A4",
        BOTH,
        both(SECONDARY, pain_before(early=3, late=2), measured("unaided_steps", (600, 5), (300, 6), (1, 6))),
        {"metric": "unaided_steps", "before": 5, "now": 6, "pain_before": 3, "pain_now": 2},
    ),
    (
        "A4",
        BOTH,
        both(SECONDARY, pain_before(early=3, late=1), measured("standing_s", (600, 10), (300, 12), (1, 13))),
        None,
    ),
    (
        "A4",
        BOTH,
        both(SECONDARY, pain_before(early=3, late=2), measured("standing_s", (600, 10), (300, 11.9), (1, 13))),
        None,
    ),
    ("A4", BOTH, both(SECONDARY, pain_before(early=3, late=2), measured("standing_s", (600, 10), (1, 13))), None),
    (
        "A4",
        BOTH,
        both(SECONDARY, pain_before(early=3, late=2), measured("standing_s", (300, 10), (200, 12), (1, 13))),
        None,
    ),
    (
        "A4",
        BOTH,
        both(SECONDARY, pain_before(early=3, late=2), measured("standing_s", (600, 10), (300, 13), (99, 12), (1, 14))),
        {"metric": "standing_s", "before": 10, "now": 14, "pain_before": 3, "pain_now": 2},
    ),
    (
        "A4",
        BOTH,
        both(SECONDARY, pain_before(early=3, late=2), measured("standing_s", (336, 10), (300, 12), (1, 13))),
        None,
    ),
    (
        "A4",
        BOTH,
        both(SECONDARY, pain_before(early=3, late=2), measured("standing_s", (600, 0), (300, 12), (1, 13))),
        None,
    ),
    ("A4", BOTH, both(pain_before(early=3, late=2), measured("standing_s", (600, 10), (300, 12), (1, 13))), None),
    ("A4", BOTH, both(SECONDARY, measured("standing_s", (600, 10), (300, 12), (1, 13))), None),
    (
        "A4",
        BOTH,
        both(
            SECONDARY,
            pain_before(early=3, late=2),
            *(told(ago, before=None) for ago in range(1, 15)),
            measured("standing_s", (600, 10), (300, 12), (1, 13)),
        ),
        None,
    ),
    # Fourteen days ago belongs to the fortnight.
    (
        "A4",
        BOTH,
        both(
            SECONDARY,
            not_done(*range(1, 13)),
            told(14, before=2),
            told(15, before=3),
            measured("standing_s", (600, 10), (300, 12), (1, 13)),
        ),
        {"metric": "standing_s", "before": 10, "now": 13, "pain_before": 3, "pain_now": 2},
    ),
]
EXPANDED = [(rule, profile, change, numbers) for rule, profiles, change, numbers in CASES for profile in profiles]


@pytest.mark.parametrize(("rule", "profile", "change", "numbers"), EXPANDED)
def test_rule_asks_on_its_side_of_the_limit(
    rule: str, profile: str, change: Change, numbers: dict[str, Any] | None
) -> None:
    if numbers is not None and "days" in numbers:
        numbers = {**numbers, "days": [day(ago) for ago in numbers["days"]]}
    response = weigh(change(make_dog(profile)))
    assert not response.could_not_be_evaluated
    found = next((one for one in response.questions if one.rule == rule), None)
    assert (None if found is None else dict(found.numbers)) == numbers


def test_while_it_could_be_nerve_pain_nothing_grows() -> None:
    """A2 is the only one whose act is to hold; the others are notes and questions."""
    dog = both(MSK, tired(5, 6))(make_dog())
    assert (decision(dog), [one.rule for one in weigh(dog).items[0].fired]) == (Decision.HOLD, ["A2"])
    for rule, change in {
        "A1": rose(1, 2, 3),
        "A3": both(lame(7, 8, 9), rose(7, 8, 9)),
        "A4": both(SECONDARY, told(20, before=1), measured("standing_s", (600, 10), (300, 12), (1, 13))),
    }.items():
        dog = both(dog_with(mechanism="neurologic"), change)(make_dog())
        assert fired(dog, rule)
        assert decision(dog) == Decision.PROGRESS


def test_question_comes_after_what_holds_an_exercise_by_itself() -> None:
    dog = both(MSK, tired(5, 6), item_with(is_taught=False))(make_dog())
    assert [one.rule for one in weigh(dog).items[0].fired] == ["H4", "A2"]
