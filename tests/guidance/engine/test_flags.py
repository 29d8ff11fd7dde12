"""The warning signs that follow from the record, on both sides of each limit; the numbers are those of 02_redflags.yaml."""

from dataclasses import replace
from typing import Any

import pytest

from rehab.guidance.engine import weigh
from rehab.guidance.engine.values import Decision
from rehab.library import reading
from tests.guidance.engine.builders import (
    HOUR,
    NOW,
    Change,
    both,
    day,
    dog_with,
    flagged,
    make_dog,
    measured,
    moment,
    not_done,
    told,
    unchanged,
)

BOTH = ("msk", "neuro")
NERVES = ("neuro", "mixed", "undetermined")
STEPS = "unaided_steps"
LEVEL = "knuckling_level"


def pain_before(*, early: int, late: int) -> Change:
    """Over the last two weeks, the last seven days against those before."""
    return both(*(told(ago, before=early if ago >= 7 else late) for ago in range(1, 13)))


def good_spell(*, length: int, again: tuple[int, ...] = (3, 3), worst: int = 1) -> Change:
    """Next to no pain over so many days, and then so much on the newest."""
    newest = len(again)
    return both(
        not_done(*range(1, 13)),
        *(told(newest - number, before=score) for number, score in enumerate(again)),
        told(newest + 1, before=worst),
        told(newest + 1 + length, before=worst),
    )


NO_BETTER = both(dog_with(started_on=day(14), completion=0.80), pain_before(early=3, late=3))

Case = tuple[str, tuple[str, ...], Change, dict[str, Any] | None]
CASES: list[Case] = [
    # RF01: ten steps, and within 48 hours fewer.
    ("RF01", BOTH, measured(STEPS, (48, 10), (0, 9)), {"before": 10, "now": 9}),
    ("RF01", BOTH, measured(STEPS, (49, 10), (0, 9)), None),
    ("RF01", BOTH, measured(STEPS, (48, 10), (0, 10)), None),
    ("RF01", BOTH, measured(STEPS, (48, 9), (0, 8)), None),
    ("RF01", BOTH, measured(STEPS, (40, 10), (30, 6), (0, 6)), {"before": 10, "now": 6}),
    ("RF01", BOTH, measured(STEPS, (0, 6)), None),
    # RF03: half of the steps or of the standing within 48 hours.
    ("RF03", BOTH, measured(STEPS, (48, 8), (0, 4)), {"metric": STEPS, "before": 8, "now": 4}),
    ("RF03", BOTH, measured(STEPS, (48, 8), (0, 5)), None),
    ("RF03", BOTH, measured(STEPS, (49, 8), (0, 4)), None),
    ("RF03", BOTH, measured(STEPS, (48, 0), (0, 0)), None),
    ("RF03", BOTH, measured(STEPS, (48, 1), (0, 0)), {"metric": STEPS, "before": 1, "now": 0}),
    ("RF03", BOTH, measured("standing_s", (48, 30), (0, 15)), {"metric": "standing_s", "before": 30, "now": 15}),
    ("RF03", BOTH, measured("standing_s", (48, 30), (0, 16)), None),
    # RF06: 8, or twice 7 within twelve hours.
    ("RF06", BOTH, measured("pain_rest", (0, 8)), {"score": 8}),
    ("RF06", BOTH, measured("pain_rest", (12, 7), (0, 7)), {"score": 7, "hours": 12}),
    ("RF06", BOTH, measured("pain_rest", (12.1, 7), (0, 7)), None),
    ("RF06", BOTH, measured("pain_rest", (12, 6), (0, 7)), None),
    ("RF06", BOTH, measured("pain_rest", (12, 9), (0, 6)), None),
    ("RF06", BOTH, measured("pain_rest", (0, 7)), None),
    ("RF06", BOTH, measured("pain_rest", (9, 1), (6, 9), (0, 7)), {"score": 7, "hours": 12}),
    # RF07: noticed a toe squeeze, and on two checks less.
    ("RF07", BOTH, measured("toe_response", (90, 2), (50, 1), (0, 0)), {"before": 2, "now": 1}),
    ("RF07", BOTH, measured("toe_response", (90, 2), (50, 2), (0, 0)), None),
    ("RF07", BOTH, measured("toe_response", (90, 2), (50, 0), (0, 2)), None),
    ("RF07", BOTH, measured("toe_response", (90, 1), (50, 0), (0, 0)), None),
    ("RF07", BOTH, measured("toe_response", (50, 2), (0, 0)), None),
    ("RF07", BOTH, measured("toe_response", (90, 2), (50, 0), (30, 0), (0, 0)), {"before": 2, "now": 0}),
    (
        "RF07",
        BOTH,
        measured("toe_response", (120, 1), (100, 1), (90, 2), (50, 0), (0, 0)),
        {"before": 2, "now": 0},
    ),
    # RF13: none to any, or a step worse on two checks.
    ("RF13", BOTH, measured(LEVEL, (30, 0), (0, 1)), {"before": 0, "now": 1}),
    ("RF13", BOTH, measured(LEVEL, (30, 0), (0, 0)), None),
    ("RF13", BOTH, measured(LEVEL, (30, 1), (0, 2)), None),
    ("RF13", BOTH, measured(LEVEL, (60, 1), (30, 2), (0, 3)), {"before": 1, "now": 3}),
    ("RF13", BOTH, measured(LEVEL, (60, 1), (30, 1), (0, 2)), None),
    ("RF13", BOTH, measured(LEVEL, (60, 1), (30, 2), (20, 2), (0, 2)), {"before": 1, "now": 2}),
    ("RF13", BOTH, measured(LEVEL, (90, 3), (30, 0), (0, 1)), {"before": 0, "now": 1}),
    ("RF13", BOTH, measured(LEVEL, (90, 0), (30, 0), (0, 2)), {"before": 0, "now": 2}),
    ("RF13", BOTH, measured(LEVEL, (99, 3), (95, 3), (90, 1), (30, 3), (0, 2)), {"before": 1, "now": 2}),
    ("RF13", BOTH, measured(LEVEL, (0, 2)), None),
    # RF16: 6 to 7 at rest, with nerve pain 5 to 7.
    ("RF16", ("msk",), measured("pain_rest", (0, 6)), {"score": 6, "limit": 6}),
    ("RF16", ("msk",), measured("pain_rest", (0, 5)), None),
    ("RF16", NERVES, measured("pain_rest", (0, 5)), {"score": 5, "limit": 5}),
    ("RF16", NERVES, measured("pain_rest", (0, 4)), None),
    ("RF16", ("msk",), measured("pain_rest", (0, 7)), {"score": 7, "limit": 6}),
    ("RF16", BOTH, measured("pain_rest", (0, 8)), None),
    # RF20: three points more the next morning.
    ("RF20", BOTH, told(1, morning=3), {"morning": 3, "usual": 0}),
    ("RF20", BOTH, told(1, morning=2), None),
    ("RF20", BOTH, told(1, before=3, morning=3), {"morning": 3, "usual": 0}),
    ("RF20", BOTH, both(told(2, morning=4), told(1, morning=0)), None),
    ("RF20", BOTH, both(told(2, morning=4), told(1, morning=None)), {"morning": 4, "usual": 0}),
    (
        "RF20",
        BOTH,
        both(not_done(*range(2, 13)), dog_with(intake_pain=4), told(1, before=1, morning=4)),
        {"morning": 4, "usual": 1},
    ),
    ("RF20", BOTH, both(not_done(*range(2, 13)), dog_with(intake_pain=None), told(1, before=None, morning=9)), None),
    ("RF20", BOTH, both(not_done(*range(2, 13)), told(1, before=None, morning=3)), {"morning": 3, "usual": 0}),
    # RF22: medicine out, or two doses missed; nerve pain, or the first 14 days.
    ("RF22", NERVES, dog_with(doses_missed=2), {"missed": 2}),
    ("RF22", NERVES, dog_with(doses_missed=1), None),
    ("RF22", NERVES, dog_with(medicine_is_out=True), {"missed": 0}),
    ("RF22", ("msk",), dog_with(doses_missed=2, started_on=day(13)), {"missed": 2}),
    ("RF22", ("msk",), dog_with(doses_missed=2, started_on=day(14)), None),
    ("RF22", ("msk",), dog_with(doses_missed=1, started_on=day(13)), None),
    ("RF22", ("msk",), dog_with(medicine_is_out=True, started_on=day(13)), {"missed": 0}),
    ("RF22", ("msk",), dog_with(doses_missed=2, started_on=None), None),
    # RF26: fourteen days at 80 %, pain less by under 1, no function a tenth better.
    ("RF26", BOTH, NO_BETTER, {"before": 3, "now": 3, "percent": 80}),
    ("RF26", BOTH, both(NO_BETTER, dog_with(started_on=day(13))), None),
    ("RF26", BOTH, both(NO_BETTER, dog_with(started_on=None)), None),
    ("RF26", BOTH, both(NO_BETTER, dog_with(completion=0.79)), None),
    ("RF26", BOTH, both(NO_BETTER, dog_with(completion=None)), None),
    ("RF26", BOTH, both(NO_BETTER, pain_before(early=3, late=2)), None),
    ("RF26", BOTH, both(NO_BETTER, told(7, before=2), told(6, before=2)), {"before": 2.8, "now": 2.8, "percent": 80}),
    ("RF26", BOTH, both(NO_BETTER, pain_before(early=1, late=1)), None),
    (
        "RF26",
        BOTH,
        both(NO_BETTER, pain_before(early=1, late=1), told(2, before=2)),
        {"before": 1, "now": 1.2, "percent": 80},
    ),
    ("RF26", BOTH, both(NO_BETTER, *(told(ago, before=None) for ago in range(1, 7))), None),
    ("RF26", BOTH, both(NO_BETTER, *(told(ago, before=None) for ago in range(7, 13))), None),
    *(
        ("RF26", BOTH, both(NO_BETTER, measured(metric, (300, 10), (100, 1), (0, 11))), None)
        for metric in ("standing_s", STEPS, "straight_sits", "walk_min_total")
    ),
    (
        "RF26",
        BOTH,
        both(NO_BETTER, measured("standing_s", (300, 10), (0, 10.9))),
        {"before": 3, "now": 3, "percent": 80},
    ),
    ("RF26", BOTH, both(NO_BETTER, measured("standing_s", (0, 10))), {"before": 3, "now": 3, "percent": 80}),
    ("RF26", BOTH, both(NO_BETTER, measured("standing_s", (300, 0), (0, 9))), {"before": 3, "now": 3, "percent": 80}),
    (
        "RF26",
        BOTH,
        both(NO_BETTER, measured("standing_s", (300, 0), (0, 9)), measured(STEPS, (300, 5), (0, 9))),
        None,
    ),
    # RF27: a point more on three mornings running.
    ("RF27", BOTH, both(*(told(ago, morning=1) for ago in (1, 2, 3))), {"days": 3, "usual": 0, "score": 1}),
    ("RF27", BOTH, both(*(told(ago, morning=1) for ago in (1, 2, 4))), None),
    (
        "RF27",
        BOTH,
        both(*(told(ago, morning=1) for ago in (1, 2, 4)), told(3, morning=None)),
        {"days": 3, "usual": 0, "score": 1},
    ),
    ("RF27", BOTH, both(not_done(*range(3, 13)), *(told(ago, morning=1) for ago in (1, 2))), None),
    (
        "RF27",
        BOTH,
        both(*(told(ago, before=None, morning=9) for ago in range(1, 13)), dog_with(intake_pain=None)),
        None,
    ),
    (
        "RF27",
        BOTH,
        both(*(told(ago, before=1) for ago in range(1, 13)), *(told(ago, morning=1) for ago in (1, 2, 3))),
        None,
    ),
    # RF28: more than 3 % heavier.
    ("RF28", BOTH, measured("weight_kg", (900, 10), (0, 10.31)), {"before": 10, "now": 10.31}),
    ("RF28", BOTH, measured("weight_kg", (900, 10), (0, 10.3)), None),
    ("RF28", BOTH, measured("weight_kg", (900, 10), (100, 12), (0, 10)), None),
    ("RF28", BOTH, measured("weight_kg", (900, 10), (100, 10.1), (0, 11)), {"before": 10, "now": 11}),
    ("RF28", BOTH, measured("weight_kg", (0, 12)), None),
    # RF31: 3 or more on two days, after thirty days of 1 or less.
    ("RF31", BOTH, good_spell(length=30), {"score": 3, "good_days": 30}),
    ("RF31", BOTH, good_spell(length=29), None),
    ("RF31", BOTH, good_spell(length=30, worst=2), None),
    ("RF31", BOTH, good_spell(length=30, again=(3, 2)), None),
    ("RF31", BOTH, good_spell(length=30, again=(5, 4)), {"score": 4, "good_days": 30}),
    ("RF31", BOTH, good_spell(length=30, again=(3,)), None),
    ("RF31", BOTH, both(good_spell(length=40), told(20, before=2)), None),
    ("RF31", BOTH, both(good_spell(length=40), told(50, before=2)), {"score": 3, "good_days": 40}),
    ("RF31", BOTH, both(good_spell(length=40), told(20, before=0)), {"score": 3, "good_days": 40}),
    ("RF31", BOTH, both(not_done(*range(1, 13)), told(1, before=5), told(2, before=5)), None),
]
EXPANDED = [(flag, profile, change, numbers) for flag, profiles, change, numbers in CASES for profile in profiles]
STOP = {one.id: one.stop for one in reading.red_flags()}


@pytest.mark.parametrize(("flag", "profile", "change", "numbers"), EXPANDED)
def test_sign_is_detected_on_its_side_of_the_limit(
    flag: str, profile: str, change: Change, numbers: dict[str, Any] | None
) -> None:
    dog = replace(make_dog(profile), looked_at=None)
    response = weigh(change(dog))
    assert not response.could_not_be_evaluated
    found = next((one for one in response.detected if one.flag == flag), None)
    assert (None if found is None else dict(found.numbers)) == numbers
    if found is not None and STOP[flag].startswith("all_active"):
        assert (response.decision, response.fired[0].rule) == (Decision.RESTRAIN, "R1")
        assert flag in response.fired[0].numbers["flags"]


# As it was when a vet looked: five hours ago, and for the mornings before they came.
SEEN: list[tuple[str, Change]] = [
    ("RF01", measured(STEPS, (30, 10), (6, 6))),
    ("RF03", measured("standing_s", (30, 20), (6, 5))),
    ("RF06", measured("pain_rest", (6, 8))),
    ("RF07", measured("toe_response", (50, 2), (30, 0), (6, 0))),
    ("RF13", measured(LEVEL, (30, 0), (6, 1))),
    ("RF16", measured("pain_rest", (6, 6))),
    ("RF20", told(1, morning=3)),
    ("RF27", both(*(told(ago, morning=1) for ago in (1, 2, 3)))),
    ("RF28", measured("weight_kg", (900, 10), (6, 11))),
    ("RF31", good_spell(length=30)),
]


@pytest.mark.parametrize(("flag", "change"), SEEN)
def test_what_a_vet_has_looked_at_is_no_sign_any_more(flag: str, change: Change) -> None:
    dog = change(make_dog())

    def found(dog: Any) -> bool:
        return flag in {one.flag for one in weigh(dog).detected}

    assert found(dog_with(looked_at=None)(dog))
    assert not found(dog_with(looked_at=NOW - 5 * HOUR)(dog))


def test_second_check_counts_when_the_vet_saw_the_first() -> None:
    dog = dog_with(looked_at=NOW - 5 * HOUR)(make_dog())
    for flag, change in {
        "RF07": measured("toe_response", (50, 2), (30, 0), (1, 0)),
        "RF13": measured(LEVEL, (50, 1), (30, 2), (1, 2)),
    }.items():
        assert flag in {one.flag for one in weigh(change(dog)).detected}
    for change in (
        measured("toe_response", (60, 2), (50, 0), (30, 0), (1, 0)),
        measured(LEVEL, (60, 1), (50, 2), (30, 2), (1, 2)),
    ):
        assert weigh(change(dog)).detected == ()


def test_weight_since_the_vet_looked_is_compared_with_the_first() -> None:
    dog = dog_with(looked_at=NOW - 5 * HOUR)(measured("weight_kg", (900, 10), (6, 11), (1, 11))(make_dog()))
    assert [one.flag for one in weigh(dog).detected] == ["RF28"]


def test_sign_that_is_open_already_is_not_opened_twice() -> None:
    dog = both(measured("pain_rest", (1, 6)), flagged("RF16", ago=2))(make_dog())
    response = weigh(dog)
    assert [one.flag for one in response.detected] == ["RF16"]
    assert response.fired[0].numbers == {"flags": ["RF16"], "on": day(2)}
    assert weigh(measured("pain_rest", (1, 6))(make_dog())).fired[0].numbers == {"flags": ["RF16"], "on": day(0)}


def test_sign_for_the_next_review_stops_nothing() -> None:
    response = weigh(measured("weight_kg", (900, 10), (0, 11))(make_dog()))
    assert ([one.flag for one in response.detected], response.decision) == (["RF28"], Decision.PROGRESS)


def test_good_dog_shows_no_sign() -> None:
    for profile in BOTH:
        assert weigh(unchanged(make_dog(profile))).detected == ()
        assert weigh(make_dog(profile, looked_at=moment(0))).detected == ()
