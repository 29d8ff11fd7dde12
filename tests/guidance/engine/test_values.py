"""The profiles and what their numbers mean; the numbers are those of 06_progression.yaml, written out."""

import datetime as dt
from typing import Any

import pytest

from rehab.guidance.engine import PROGRESS, RULES
from rehab.guidance.engine.flags import DETECTORS
from rehab.guidance.engine.registry import Rule
from rehab.guidance.engine.registry import rule as make_rule
from rehab.guidance.engine.values import (
    MORE_IS_CAREFUL,
    THRESHOLDS,
    Decision,
    Measured,
    Profile,
    Session,
    Weighed,
    is_loosening,
    median_of,
)
from rehab.library import reading
from tests.guidance.engine.builders import TODAY, dog_with, make_dog, measured, moment, weighed

MSK = {
    "green_max": 2,
    "amber_max": 5,
    "rise_in_session_ok": 1,
    "rise_in_session_max": 2,
    "morning_over_baseline_ok": 0,
    "morning_over_baseline_regress": 2,
    "min_sessions": 6,
    "min_days_at_level": 5,
    "clean_needed": 3,
    "standing_drop_pct": 30,
    "days_between_progressions": 3,
    "resting_restrain": 6,
    "morning_restrain": 6,
}
NEURO = {
    "green_max": 1,
    "amber_max": 3,
    "rise_in_session_ok": 0,
    "rise_in_session_max": 1,
    "morning_over_baseline_ok": 0,
    "morning_over_baseline_regress": 1,
    "min_sessions": 8,
    "min_days_at_level": 7,
    "clean_needed": 5,
    "standing_drop_pct": 20,
    "days_between_progressions": 7,
    "resting_restrain": 5,
    "morning_restrain": 4,
}


@pytest.mark.parametrize(
    ("name", "numbers", "never"),
    [
        ("msk", MSK, False),
        ("neuro", NEURO, False),
        ("mixed", NEURO, False),
        ("undetermined", NEURO, True),
        ("", NEURO, True),
        ("whatever", NEURO, True),
    ],
)
def test_profile_has_the_numbers_of_the_content(name: str, numbers: dict[str, int], never: bool) -> None:
    found = Profile.of(name)
    assert {threshold: getattr(found, threshold) for threshold in THRESHOLDS} == numbers
    assert (found.name, found.never) == (name, never)


def test_clinic_may_have_numbers_of_its_own() -> None:
    found = Profile.of("msk", {"amber_max": 4})
    assert {threshold: getattr(found, threshold) for threshold in THRESHOLDS} == {**MSK, "amber_max": 4}
    assert set(THRESHOLDS) == set(MSK)


@pytest.mark.parametrize("threshold", THRESHOLDS)
def test_loosening_is_what_lets_more_pass(threshold: str) -> None:
    greater_is_careful = threshold in {
        "min_sessions",
        "min_days_at_level",
        "clean_needed",
        "days_between_progressions",
    }
    assert is_loosening(threshold, before=3, after=4) is not greater_is_careful
    assert is_loosening(threshold, before=4, after=3) is greater_is_careful
    assert not is_loosening(threshold, before=3, after=3)
    assert (threshold in MORE_IS_CAREFUL) is greater_is_careful


def test_loosening_of_what_is_no_threshold_is_refused() -> None:
    with pytest.raises(KeyError, match="name"):
        is_loosening("name", before=1, after=2)


def test_profiles_of_the_content_differ_only_towards_care() -> None:
    assert not [name for name in THRESHOLDS if is_loosening(name, before=MSK[name], after=NEURO[name])]


def test_decisions_are_ordered_as_in_the_content() -> None:
    order = [Decision(name.lower()) for name in reading.read(reading.PROGRESSION)["order"]]
    assert order == list(Decision)
    assert [one.care for one in order] == [3, 2, 1, 0]


def test_every_rule_of_the_content_is_there_once_and_in_its_order() -> None:
    content = reading.read(reading.PROGRESSION)
    ids = [row["id"] for decision in content["order"] for row in content["rules"][decision]]
    asks = [row["id"] for row in content["exercise_as_assessment"]]
    assert [rule.id for rule in RULES] == [*(one for one in ids if one != PROGRESS), *asks]
    for rule in RULES:
        if rule.id not in asks:
            assert rule.id in [row["id"] for row in content["rules"][rule.decision.name]]
        assert set(rule.thresholds) <= set(THRESHOLDS)
        assert rule.source.startswith("06_progression.yaml")
        assert rule.check.__name__ == rule.name
    assert set(DETECTORS) <= {flag.id for flag in reading.red_flags()}


def test_rule_is_named_by_its_function_and_keeps_what_it_is_given() -> None:
    def too_hot(dog: Any) -> None:
        return None

    made = make_rule("R9", Decision.HOLD, too_hot, "green_max", "amber_max", source="elsewhere")
    assert made == Rule(
        id="R9",
        decision=Decision.HOLD,
        name="too_hot",
        thresholds=("green_max", "amber_max"),
        source="elsewhere",
        check=too_hot,
    )
    assert make_rule("R9", Decision.HOLD, too_hot).source == "06_progression.yaml"


def test_every_threshold_is_read_by_a_rule_or_by_progress() -> None:
    by_rule = {threshold for rule in RULES for threshold in rule.thresholds}
    assert set(THRESHOLDS) - by_rule == {"rise_in_session_ok"}


@pytest.mark.parametrize(
    ("before", "after", "rise"), [(1, 3, 2), (3, 1, -2), (0, 0, 0), (None, 3, None), (3, None, None)]
)
def test_rise_needs_both_answers(before: int | None, after: int | None, rise: int | None) -> None:
    assert Session(day=TODAY, at=moment(0), before=before, after=after).rise == rise


def test_median_of_nothing_is_not_known() -> None:
    assert (median_of([]), median_of([3, 1, 2]), median_of([1, 2])) == (None, 2, 1.5)


def test_values_come_in_the_order_in_which_they_were_measured() -> None:
    dog = measured("standing_s", (1, 3), (30, 1), (2, 2), (-30, 9))(make_dog())
    assert [one.value for one in dog.values("standing_s")] == [1, 2, 3]
    assert dog.values("unaided_steps") == []
    assert [one.value for one in measured("pain_rest", (1, 4), (30, 2))(dog).values("pain_rest")] == [2, 4]


def test_unseen_values_come_with_the_last_that_a_vet_saw() -> None:
    dog = measured("standing_s", (40, 1), (30, 2), (20, 3), (10, 4), (1, 5))(make_dog())

    def unseen(hours: float, with_seen: int = 1) -> list[float]:
        looked = dog_with(looked_at=dog.at - dt.timedelta(hours=hours))(dog)
        return [one.value for one in looked.unseen("standing_s", with_seen=with_seen)]

    assert unseen(15) == [3, 4, 5]
    assert unseen(15, with_seen=2) == [2, 3, 4, 5]
    assert unseen(35, with_seen=2) == [1, 2, 3, 4, 5]
    assert unseen(50) == [1, 2, 3, 4, 5]
    assert unseen(0) == []
    assert dog.unseen("pain_rest") == ()


def test_usual_is_the_median_of_seven_days_before_the_day() -> None:
    dog = measured("standing_s", (192, 90), (168, 4), (100, 6), (2, 70), (0, 1))(make_dog())
    newest = dog.values("standing_s")[-1]
    assert dog.usual("standing_s", newest=newest) == 5
    assert dog.usual("unaided_steps", newest=Measured(day=TODAY, at=dog.at, value=1)) is None


def test_rules_of_a_decision_are_those_that_it_follows() -> None:
    assert weighed(make_dog()).rules == ("P1",)
    assert Weighed(key="1", slug="x", decision=Decision.HOLD).rules == ()
