"""G1 to G8 on both sides of each limit; the numbers are those of 06_progression.yaml, written out."""

from dataclasses import replace
from typing import Any

import pytest

from rehab.guidance.engine import weigh
from rehab.guidance.engine.values import Approver, Decision
from tests.guidance.engine.builders import (
    Change,
    both,
    day,
    decision,
    dog_with,
    done,
    fired,
    item_with,
    make_dog,
    make_item,
    make_round,
    measured,
    moment,
    not_done,
    told,
    unchanged,
    weighed,
)

BOTH = ("msk", "neuro")
NERVES = ("neuro", "mixed", "undetermined")
AGAIN = frozenset({"S_LIMP"})

Case = tuple[str, tuple[str, ...], Change, dict[str, Any] | None]
CASES: list[Case] = [
    # G1: pain after above 5, with nerve pain above 3.
    ("G1", ("msk",), told(1, before=6, after=6), {"after": 6, "limit": 5}),
    ("G1", ("msk",), told(1, before=5, after=5), None),
    ("G1", NERVES, told(1, before=4, after=4), {"after": 4, "limit": 3}),
    ("G1", NERVES, told(1, before=3, after=3), None),
    # The newest answer stands: neither an older one nor silence does away with it.
    ("G1", BOTH, both(told(2, after=9), told(1, after=0)), None),
    ("G1", BOTH, both(told(2, after=9), told(1, after=None)), {"after": 9, "limit": (5, 3)}),
    # G2: a rise by more than 2, with nerve pain by more than 1.
    ("G2", ("msk",), told(1, before=1, after=4), {"rise": 3, "limit": 2}),
    ("G2", ("msk",), told(1, before=1, after=3), None),
    ("G2", NERVES, told(1, before=1, after=3), {"rise": 2, "limit": 1}),
    ("G2", NERVES, told(1, before=1, after=2), None),
    ("G2", BOTH, told(1, before=None, after=3), None),
    ("G2", BOTH, both(told(2, before=0, after=3), told(1, before=None)), {"rise": 3, "limit": (2, 1)}),
    ("G2", BOTH, both(told(2, before=0, after=3), told(1, before=1, after=1)), None),
    # G3: next morning 2 above the usual, with nerve pain 1.
    ("G3", ("msk",), told(1, morning=2), {"morning": 2, "usual": 0, "limit": 2}),
    ("G3", ("msk",), told(1, morning=1), None),
    ("G3", NERVES, told(1, morning=1), {"morning": 1, "usual": 0, "limit": 1}),
    ("G3", NERVES, told(1, morning=0), None),
    ("G3", BOTH, both(told(2, morning=2), told(1, morning=None)), {"morning": 2, "usual": 0, "limit": (2, 1)}),
    ("G3", BOTH, both(told(2, morning=2), told(1, morning=0)), None),
    ("G3", BOTH, both(not_done(*range(2, 13)), dog_with(intake_pain=None), told(1, morning=9)), None),
    # G4: the same stop code in two of the last three.
    ("G4", BOTH, both(done(1, stop_codes=AGAIN), done(3, stop_codes=AGAIN)), {"codes": ["S_LIMP"]}),
    ("G4", BOTH, both(done(1, stop_codes=AGAIN), done(4, stop_codes=AGAIN)), None),
    ("G4", BOTH, both(done(1, stop_codes=AGAIN), done(2, stop_codes=frozenset({"S_CRY"}))), None),
    (
        "G4",
        BOTH,
        both(*(done(ago, stop_codes=frozenset({"S_LIMP", "S_CRY"})) for ago in (1, 2, 3))),
        {"codes": ["S_CRY", "S_LIMP"]},
    ),
    # What was stopped before anything was done was stopped.
    ("G4", BOTH, both(*(done(ago, share=0.0, stop_codes=AGAIN) for ago in (1, 2))), {"codes": ["S_LIMP"]}),
    # G5: 30 % less standing than the median of seven days, with nerve pain 20 %.
    (
        "G5",
        ("msk",),
        measured("standing_s", (168, 10), (150, 10), (0, 7)),
        {"standing": 7, "usual": 10, "percent": 30, "limit": 30},
    ),
    ("G5", ("msk",), measured("standing_s", (168, 10), (0, 7.02)), None),
    (
        "G5",
        NERVES,
        measured("standing_s", (168, 10), (0, 8)),
        {"standing": 8, "usual": 10, "percent": 20, "limit": 20},
    ),
    ("G5", NERVES, measured("standing_s", (168, 10), (0, 8.1)), None),
    # Eight days ago is no longer usual; the same day is not usual yet; nothing is no usual.
    ("G5", BOTH, measured("standing_s", (192, 10), (0, 6)), None),
    ("G5", BOTH, measured("standing_s", (2, 10), (0, 6)), None),
    ("G5", BOTH, measured("standing_s", (100, 0), (0, 0)), None),
    (
        "G5",
        BOTH,
        measured("standing_s", (150, 30), (125, 10), (100, 10), (0, 5)),
        {"standing": 5, "usual": 10, "percent": 50, "limit": (30, 20)},
    ),
    # Poor in two of the last three.
    ("G5", BOTH, both(done(1, quality=1), done(3, quality=1)), {"poor": 2, "of": 3}),
    ("G5", BOTH, both(done(1, quality=1), done(4, quality=1)), None),
    ("G5", BOTH, both(done(1, quality=2), done(2, quality=1)), None),
    ("G5", BOTH, both(*(done(ago, quality=1) for ago in (1, 2, 3, 4))), {"poor": 3, "of": 3}),
    # G6: still tired the next day, nerves only.
    ("G6", NERVES, told(1, tired=3), {"tired": 3}),
    ("G6", NERVES, told(1, tired=2), None),
    ("G6", NERVES, both(told(2, tired=3), told(1, tired=None)), {"tired": 3}),
    ("G6", NERVES, both(told(2, tired=3), told(1, tired=1)), None),
    ("G6", ("msk",), told(1, tired=3), None),
    # G7: a week without it, three weeks without it.
    ("G7", BOTH, item_with(last_done_on=day(7), missed_days=1), {"days": 7, "re_enter": False}),
    ("G7", BOTH, item_with(last_done_on=day(6), missed_days=6), None),
    ("G7", BOTH, item_with(last_done_on=day(20), missed_days=20), {"days": 20, "re_enter": False}),
    ("G7", BOTH, item_with(last_done_on=day(21), missed_days=20), {"days": 21, "re_enter": True}),
    ("G7", BOTH, item_with(last_done_on=day(7), missed_days=0), None),
    ("G7", BOTH, item_with(last_done_on=None, missed_days=9), None),
    # Lowered for the break, and the break goes on: once at a week, once more at three.
    ("G7", BOTH, item_with(last_done_on=day(10), missed_days=9, lowered_at=moment(3)), None),
    (
        "G7",
        BOTH,
        item_with(last_done_on=day(10), missed_days=9, lowered_at=moment(4)),
        {"days": 10, "re_enter": False},
    ),
    ("G7", BOTH, item_with(last_done_on=day(22), missed_days=9, lowered_at=moment(2)), {"days": 22, "re_enter": True}),
    ("G7", BOTH, item_with(last_done_on=day(22), missed_days=9, lowered_at=moment(1)), None),
    ("G7", BOTH, item_with(last_done_on=day(21), missed_days=9, lowered_at=moment(2)), {"days": 21, "re_enter": True}),
    ("G7", BOTH, item_with(last_done_on=day(20), missed_days=9, lowered_at=moment(13)), None),
    # G8: two within seven days.
    ("G8", BOTH, dog_with(lowered_on=[day(7), day(2)]), {"times": 2, "days": 7}),
    ("G8", BOTH, dog_with(lowered_on=[day(8), day(2)]), None),
    ("G8", BOTH, dog_with(lowered_on=[day(2), day(2)]), None),
    ("G8", BOTH, dog_with(lowered_on=[day(2), day(0), day(5)]), {"times": 3, "days": 7}),
    ("G8", BOTH, dog_with(lowered_on=[day(2), day(-1)]), None),
    # One today, whatever for, is one of them.
    ("G8", BOTH, both(dog_with(lowered_on=[day(2)]), told(1, after=9)), {"times": 2, "days": 7}),
    ("G8", BOTH, told(1, after=9), None),
    ("G8", BOTH, both(dog_with(lowered_on=[day(0)]), told(1, after=9)), None),
    # What has been lowered since has had its share.
    ("G8", BOTH, both(dog_with(lowered_on=[day(5), day(2)]), item_with(lowered_at=moment(2))), None),
    (
        "G8",
        BOTH,
        both(dog_with(lowered_on=[day(5), day(2)]), item_with(lowered_at=moment(3))),
        {"times": 2, "days": 7},
    ),
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
        assert found.decision == Decision.REGRESS
        assert decision(dog) in (Decision.REGRESS, Decision.RESTRAIN)


LOWERED: list[tuple[str, Change]] = [
    ("G1", told(1, after=9)),
    ("G2", told(1, after=3)),
    ("G3", told(1, morning=2)),
    ("G4", both(done(1, stop_codes=AGAIN), done(2, stop_codes=AGAIN))),
    ("G5", both(done(1, quality=1), done(2, quality=1))),
    ("G5", measured("standing_s", (150, 10), (32, 5))),
    ("G6", told(1, tired=3)),
]


@pytest.mark.parametrize(("rule", "change"), LOWERED)
def test_what_has_been_answered_by_a_step_down_lowers_nothing_again(rule: str, change: Change) -> None:
    dog = change(make_dog("neuro"))
    assert fired(item_with(lowered_at=moment(3))(dog), rule)
    assert fired(item_with(lowered_at=moment(1))(dog), rule) is None


def test_standing_measured_as_it_was_lowered_has_been_answered() -> None:
    dog = measured("standing_s", (150, 10), (120, 10), (10, 5))(make_dog())
    assert fired(item_with(lowered_at=moment(0, hour=7))(dog), "G5")
    assert fired(item_with(lowered_at=moment(0, hour=8))(dog), "G5") is None


def test_usual_pain_comes_from_three_answers_of_seven_days_else_from_the_intake() -> None:
    dog = both(*(told(ago, before=3) for ago in (1, 3, 6)), not_done(2, 4, 5), told(1, morning=4))(make_dog())
    assert fired(dog, "G3") is None
    assert weigh(dog).baseline == 3
    # One of them is a day too old: the intake's 0 holds.
    dog = both(*(told(ago, before=3) for ago in (1, 3, 7)), not_done(2, 4, 5, 6), told(1, morning=4))(make_dog())
    found = fired(dog, "G3")
    assert found is not None
    assert found.numbers["usual"] == 0


def test_one_exercise_lowers_the_others_only_when_it_is_the_second_time() -> None:
    """The others were done on other days; a pain of yesterday is that of one exercise."""
    rounds = [make_round(ago) for ago in range(2, 13)]
    quiet = make_item(key="other", slug="sit-to-stand", rounds=rounds, last_done_on=day(2))
    dog = told(1, after=9)(make_dog(items=[make_item(), quiet]))
    by_key = {one.key: one for one in weigh(dog).items}
    assert (by_key["walk"].rules, by_key["other"].decision) == (("G1", "G2"), Decision.PROGRESS)

    again = dog_with(lowered_on=[day(3)])(dog)
    by_key = {one.key: one for one in weigh(again).items}
    assert (by_key["walk"].rules, by_key["other"].rules) == (("G1", "G2", "G8"), ("G8",))
    assert weigh(again).actions == ("therapist_review",)
    assert weigh(dog).actions == ()


def test_regress_is_for_staff_and_comes_before_a_hold() -> None:
    found = weighed(both(told(1, after=9), item_with(is_taught=False))(make_dog()))
    assert (found.decision, found.rules, found.approver) == (Decision.REGRESS, ("G1", "G2"), Approver.STAFF)
    assert [one.rule for one in found.fired] == ["G1", "G2", "H4"]


def test_good_dog_of_each_profile_is_not_lowered() -> None:
    for profile in BOTH:
        assert decision(unchanged(make_dog(profile))) == Decision.PROGRESS


def test_round_without_a_session_or_without_work_says_nothing() -> None:
    dog = done(1, share=0.0)(told(1, after=9)(make_dog()))
    assert fired(dog, "G1") is None
    dog = make_dog()
    assert fired(replace(dog, sessions=[]), "G1") is None
