"""H1 to H10 on both sides of each limit; the numbers are those of 06_progression.yaml, written out."""

from dataclasses import replace
from typing import Any, Final

import pytest

from rehab.guidance.engine.values import Decision, Neighbour
from rehab.programs.dose import Dose
from rehab.programs.limits import Stretch
from tests.guidance.engine.builders import (
    HOUR,
    LIMITS,
    NOW,
    WALK,
    Change,
    both,
    day,
    decision,
    dog_with,
    done,
    fired,
    item_with,
    make_dog,
    make_round,
    moment,
    not_done,
    told,
    unchanged,
)

BOTH = ("msk", "neuro")
NERVES = ("neuro", "mixed", "undetermined")


def stretch(minutes: int, *, since: int, until: int | None = None, came: Any = "", slug: str = WALK) -> Stretch:
    ends_on = None if until is None else day(until)
    return Stretch(
        slug=slug, load=2, is_active=True, dose=Dose(minutes=minutes), starts_on=day(since), ends_on=ends_on, came=came
    )


def at_dose(minutes: int, *recent: Stretch) -> Change:
    """The walk is now so long, after what it was before."""
    return both(item_with(dose=Dose(minutes=minutes)), dog_with(recent=list(recent)))


def grew(ago: int, slug: str = "sit-to-stand") -> Change:
    return lambda dog: replace(
        dog, recent=[*dog.recent, stretch(6, since=ago, came="progressed", slug=slug), stretch(5, since=40, slug="hug")]
    )


def sessions_at_level(count: int) -> Change:
    return item_with(rounds=[make_round(ago) for ago in range(1, count + 1)])


LOWERED = moment(9, hour=12)

Case = tuple[str, tuple[str, ...], Change, dict[str, Any] | None]
CASES: list[Case] = [
    # H1: after above 2 and up to 5, with nerve pain above 1 and up to 3; the next morning as usual.
    ("H1", ("msk",), told(1, before=2, after=3), {"after": 3, "limit": 2, "morning": 0, "usual": 0}),
    ("H1", ("msk",), told(1, before=2, after=2), None),
    ("H1", ("msk",), told(1, before=4, after=5), {"after": 5, "limit": 2, "morning": 0, "usual": 0}),
    ("H1", ("msk",), told(1, before=4, after=6), None),
    ("H1", NERVES, told(1, before=2, after=2), {"after": 2, "limit": 1, "morning": 0, "usual": 0}),
    ("H1", NERVES, told(1, before=1, after=1), None),
    ("H1", NERVES, told(1, before=3, after=3), {"after": 3, "limit": 1, "morning": 0, "usual": 0}),
    ("H1", NERVES, told(1, before=3, after=4), None),
    ("H1", BOTH, told(1, before=3, after=3, morning=1), None),
    ("H1", BOTH, told(1, before=3, after=3, morning=None), None),
    ("H1", BOTH, both(told(2, before=3, after=3), told(1, before=0, after=0)), None),
    (
        "H1",
        BOTH,
        both(told(2, before=3, after=3), told(1, after=None)),
        {"after": 3, "limit": (2, 1), "morning": 0, "usual": 0},
    ),
    ("H1", BOTH, both(not_done(*range(2, 13)), dog_with(intake_pain=None), told(1, after=3)), None),
    # H2: four fifths of what was due.
    ("H2", BOTH, item_with(completion=0.79), {"percent": 79, "limit": 80}),
    ("H2", BOTH, item_with(completion=0.80), None),
    ("H2", BOTH, item_with(completion=None), None),
    # H3: 6 sessions on 5 days, with nerve pain 8 on 7.
    ("H3", ("msk",), sessions_at_level(6), None),
    ("H3", ("msk",), sessions_at_level(5), {"sessions": 5, "min_sessions": 6, "days": 12, "min_days": 5}),
    ("H3", NERVES, sessions_at_level(8), None),
    ("H3", NERVES, sessions_at_level(7), {"sessions": 7, "min_sessions": 8, "days": 12, "min_days": 7}),
    ("H3", ("msk",), both(done(0), item_with(level_since=day(5))), None),
    (
        "H3",
        ("msk",),
        both(done(0), item_with(level_since=day(4))),
        {"sessions": 5, "min_sessions": 6, "days": 4, "min_days": 5},
    ),
    ("H3", NERVES, both(done(0), item_with(level_since=day(7))), None),
    (
        "H3",
        NERVES,
        both(done(0), item_with(level_since=day(6))),
        {"sessions": 7, "min_sessions": 8, "days": 6, "min_days": 7},
    ),
    ("H3", ("msk",), item_with(level_since=day(5)), {"sessions": 5, "min_sessions": 6, "days": 5, "min_days": 5}),
    (
        "H3",
        ("msk",),
        item_with(level_since=day(-2), rounds=[]),
        {"sessions": 0, "min_sessions": 6, "days": 0, "min_days": 5},
    ),
    # H4: shown back, and on average at least 2.
    ("H4", BOTH, item_with(is_taught=False), {"taught": False}),
    ("H4", BOTH, both(done(1, quality=1), done(2, quality=2), done(3, quality=2)), {"quality": 5 / 3, "limit": 2}),
    ("H4", BOTH, both(done(1, quality=1), done(2, quality=2), done(3, quality=3)), None),
    ("H4", BOTH, both(*(done(ago, quality=1) for ago in (4, 5, 6))), None),
    # What nobody judged is passed over here.
    (
        "H4",
        BOTH,
        both(done(1, quality=None), done(2, quality=1), done(3, quality=1), done(4, quality=3)),
        {"quality": 5 / 3, "limit": 2},
    ),
    ("H4", BOTH, item_with(rounds=[make_round(1, quality=None)]), None),
    # H5: 72 hours; one missed dose of nerve pain.
    (
        "H5",
        BOTH,
        dog_with(medicine_changed_at=NOW - 71.9 * HOUR),
        {"changed_at": NOW - 71.9 * HOUR, "hours": 72},
    ),
    ("H5", BOTH, dog_with(medicine_changed_at=NOW - 72 * HOUR), None),
    ("H5", BOTH, dog_with(medicine_changed_at=NOW), {"changed_at": NOW, "hours": 72}),
    ("H5", BOTH, dog_with(medicine_changed_at=NOW + HOUR), None),
    ("H5", NERVES, dog_with(doses_missed=1), {"missed": 1}),
    ("H5", ("msk",), dog_with(doses_missed=1), None),
    # H6: 3 days between two steps, with nerve pain 7; what is decided today begins tomorrow.
    ("H6", ("msk",), grew(1), {"others": ["sit-to-stand"], "days": 3}),
    ("H6", ("msk",), grew(2), None),
    ("H6", NERVES, grew(5), {"others": ["sit-to-stand"], "days": 7}),
    ("H6", NERVES, grew(6), None),
    ("H6", BOTH, grew(1, slug=WALK), None),
    ("H6", BOTH, both(grew(1), grew(0, slug="hug")), {"others": ["hug", "sit-to-stand"], "days": (3, 7)}),
    # One that begins tomorrow has been decided.
    ("H6", BOTH, grew(-1), {"others": ["sit-to-stand"], "days": (3, 7)}),
    # H7: two of the last three mornings.
    ("H7", BOTH, both(told(1, morning=None), told(3, morning=None)), {"missing": 2, "of": 3}),
    ("H7", BOTH, both(told(1, morning=None), told(4, morning=None)), None),
    ("H7", BOTH, told(1, morning=None), None),
    ("H7", BOTH, both(*(told(ago, morning=None) for ago in (1, 2, 3, 4))), {"missing": 3, "of": 3}),
    # Today's has not come.
    ("H7", BOTH, both(done(0), told(0), told(1, morning=None)), None),
    ("H7", BOTH, both(done(0), told(0), told(1, morning=None), told(3, morning=None)), {"missing": 2, "of": 3}),
    # H8
    ("H8", BOTH, dog_with(re_exam_due_on=day(1)), {"due_on": day(1), "days": 1}),
    ("H8", BOTH, dog_with(re_exam_due_on=day(0)), None),
    # H9: 10 % in 7 days, 30 % in 14; a single step is allowed beside.
    ("H9", BOTH, at_dose(5, stretch(5, since=40)), None),
    (
        "H9",
        BOTH,
        at_dose(20, stretch(10, since=40, until=5), stretch(20, since=5)),
        {"percent": 120, "days": 7, "allowed": 10},
    ),
    (
        "H9",
        BOTH,
        at_dose(20, stretch(15, since=40, until=10), stretch(20, since=10)),
        {"percent": 47, "days": 14, "allowed": 30},
    ),
    ("H9", BOTH, at_dose(20, stretch(18, since=40, until=10), stretch(20, since=10)), None),
    # The first day that counts is the one fourteen days before the step begins, which is tomorrow.
    ("H9", BOTH, at_dose(20, stretch(15, since=40, until=13), stretch(20, since=13)), None),
    ("H9", BOTH, at_dose(30, stretch(10, since=40, until=5), stretch(30, since=5)), None),
    # H10: two clean ones more, 5, with nerve pain 7.
    ("H10", ("msk",), item_with(lowered_at=moment(5)), {"clean": 4, "needed": 5}),
    ("H10", ("msk",), item_with(lowered_at=moment(6)), None),
    ("H10", NERVES, item_with(lowered_at=moment(7)), {"clean": 6, "needed": 7}),
    ("H10", NERVES, item_with(lowered_at=moment(8)), None),
    ("H10", ("msk",), both(item_with(lowered_at=LOWERED), told(5, after=3)), {"clean": 4, "needed": 5}),
    ("H10", BOTH, told(2, after=3), None),
]
EXPANDED = [(rule, profile, change, numbers) for rule, profiles, change, numbers in CASES for profile in profiles]


@pytest.mark.parametrize(("rule", "profile", "change", "numbers"), EXPANDED)
def test_rule_holds_on_its_side_of_the_limit(
    rule: str, profile: str, change: Change, numbers: dict[str, Any] | None
) -> None:
    if numbers is not None:
        # Where one case serves both profiles, their limits are written one after the other.
        numbers = {
            name: value[0 if profile == "msk" else 1] if isinstance(value, tuple) else value
            for name, value in numbers.items()
        }
    dog = change(make_dog(profile))
    found = fired(dog, rule)
    assert (None if found is None else dict(found.numbers)) == numbers
    if found is not None:
        assert found.decision == Decision.HOLD
        assert decision(dog) != Decision.PROGRESS


def test_load_cap_does_not_hold_what_the_row_or_the_range_says_otherwise() -> None:
    capped = at_dose(20, stretch(10, since=40, until=5), stretch(20, since=5))(make_dog())
    assert fired(capped, "H9")
    # Without a harder exercise, and without a row, nothing grows at all.
    assert fired(item_with(dose=Dose(minutes=30), harder=None)(capped), "H9") is None
    without = dog_with(limits=None)(capped)
    assert (fired(without, "H9"), decision(without)) == (None, Decision.HOLD)


def to_hill(low: int) -> Change:
    """At the top of the walk (thirty minutes, load 2) the hill (load 4) comes next, at so many minutes."""
    return item_with(
        dose=Dose(minutes=30),
        harder=Neighbour(slug="hill-walk", load=4, dose=Dose(minutes=20), dose_range={"minutes": [low, 20]}),
    )


SINCE_LONG: Final = (stretch(30, since=40),)
SINCE_TEN_DAYS: Final = (stretch(12, since=40, until=10), stretch(30, since=10))


@pytest.mark.parametrize(
    ("low", "recent", "numbers"),
    [
        (16, SINCE_LONG, None),
        (17, SINCE_LONG, {"percent": 13, "days": 7, "allowed": 10}),
        (7, SINCE_TEN_DAYS, None),
        (8, SINCE_TEN_DAYS, {"percent": 33, "days": 14, "allowed": 30}),
    ],
)
def test_load_cap_weighs_the_harder_exercise_against_what_it_replaces(
    low: int, recent: tuple[Stretch, ...], numbers: dict[str, int] | None
) -> None:
    dog = both(to_hill(low), dog_with(recent=[*recent]))(make_dog())
    found = fired(dog, "H9")
    assert (None if found is None else dict(found.numbers)) == numbers
    assert decision(dog) == (Decision.PROGRESS if numbers is None else Decision.HOLD)


def test_harder_exercise_is_no_single_step() -> None:
    """One minute more of the same is always allowed; one minute of something harder is not."""
    small = item_with(
        dose=Dose(minutes=2),
        dose_range={"minutes": [1, 2]},
        harder=Neighbour(slug="hill-walk", load=3, dose=Dose(minutes=2), dose_range={"minutes": [2, 9]}),
    )
    dog = both(small, dog_with(recent=[stretch(2, since=40)]))(make_dog())
    found = fired(dog, "H9")
    assert found is not None
    assert dict(found.numbers) == {"percent": 50, "days": 7, "allowed": 10}


def test_load_cap_knows_the_load_and_the_range() -> None:
    """A row that allows no growth allows no single step either; one more set is a single step only in its range."""
    assert fired(dog_with(limits=replace(LIMITS, weekly_load_pct=0))(make_dog()), "H9")
    reps = {"reps": [4, 8], "sets": [1, 3]}
    at_the_top = Stretch(slug=WALK, load=2, is_active=True, dose=Dose(reps=8), starts_on=day(40))
    dog = both(item_with(dose=Dose(reps=8), dose_range=reps), dog_with(recent=[at_the_top]))(make_dog())
    assert fired(dog, "H9") is None
    assert decision(dog) == Decision.PROGRESS


def test_good_dog_of_each_profile_is_not_held() -> None:
    for profile in BOTH:
        assert decision(unchanged(make_dog(profile))) == Decision.PROGRESS
