"""Rungs of a ladder: two good days pass, amber repeats, red goes one rung down at once, and silence passes nothing."""

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehab.library import reading
from rehab.programs import phase_wording
from rehab.programs.ladders import (
    BACK_DAYS,
    OFF_THE_LEAD,
    Outcome,
    Practice,
    RungVerdict,
    State,
    Why,
    blocks,
    first_phase,
    judge,
    min_days,
    moving_max,
    personal_baseline,
    standing,
)

TODAY = dt.date(2026, 3, 18)


def practice(days_ago: int, after: int | None = 1, morning: int | None = 1, *, hour: int = 12, **more: Any) -> Practice:
    day = TODAY - dt.timedelta(days=days_ago)
    values: dict[str, Any] = {"done": True, "pain_after": after, "next_morning": morning, **more}
    return Practice(day=day, at=dt.datetime.combine(day, dt.time(hour), dt.UTC), **values)


def stand(
    *practices: Practice, profile: str = "msk", days: int = 10, rung: int = 3, baseline: float | None = 1
) -> RungVerdict:
    return standing(
        practices,
        profile=profile,
        rung=rung,
        started_on=TODAY - dt.timedelta(days=days),
        today=TODAY,
        baseline=baseline,
    )


@pytest.mark.parametrize(
    ("profile", "after", "morning", "baseline", "outcome", "why"),
    [
        ("msk", 2, 1, 1, Outcome.GOOD, None),
        ("msk", 3, 1, 1, Outcome.AMBER, Why.AMBER_AFTER),
        ("msk", 5, 1, 1, Outcome.AMBER, Why.AMBER_AFTER),
        ("msk", 6, 1, 1, Outcome.RED, Why.RED_AFTER),
        ("msk", 2, 2, 1, Outcome.AMBER, Why.AMBER_MORNING),
        ("msk", 2, 3, 1, Outcome.RED, Why.RED_MORNING),
        ("msk", 4, 3, 1, Outcome.RED, Why.RED_MORNING),
        ("neuro", 1, 1, 1, Outcome.GOOD, None),
        ("neuro", 2, 1, 1, Outcome.AMBER, Why.AMBER_AFTER),
        ("neuro", 3, 1, 1, Outcome.AMBER, Why.AMBER_AFTER),
        ("neuro", 4, 1, 1, Outcome.RED, Why.RED_AFTER),
        ("neuro", 1, 2, 1, Outcome.RED, Why.RED_MORNING),
        # A profile that nobody knows takes the careful numbers.
        ("other", 2, 1, 1, Outcome.AMBER, Why.AMBER_AFTER),
        ("msk", 2, None, 1, Outcome.OPEN, Why.NO_MORNING),
        ("msk", None, 1, 1, Outcome.OPEN, Why.NO_ANSWER_AFTER),
        ("msk", 2, 1, None, Outcome.OPEN, Why.NO_BASELINE),
        ("msk", None, 4, 1, Outcome.RED, Why.RED_MORNING),
        ("msk", 2, 1, 1.5, Outcome.GOOD, None),
    ],
)
def test_practice_is_judged_by_the_profile(
    profile: str, after: int | None, morning: int | None, baseline: float | None, outcome: Outcome, why: Why | None
) -> None:
    judged = judge(practice(1, after, morning), profile=profile, baseline=baseline)
    assert (judged.outcome, judged.reason and judged.reason.code) == (outcome, why)
    assert phase_wording.outcome_text(judged)


def test_a_stop_sign_is_red_whatever_the_pain_and_whether_done_or_not() -> None:
    for done in (True, False):
        judged = judge(practice(1, 0, 0, done=done, stop_signs=("S_CRY",)), profile="msk", baseline=1)
        assert (judged.outcome, judged.reason and judged.reason.code) == (Outcome.RED, Why.STOP_SIGN)
        assert reading.stop_signs()["S_CRY"].lower()[:4] in phase_wording.outcome_text(judged).lower()


def test_what_was_not_practised_counts_for_nothing() -> None:
    found = stand(practice(2), practice(1, None, None, done=False), practice(0, None, None, done=False))
    assert (found.state, found.good) == (State.WAIT, 1)


@pytest.mark.parametrize(
    ("profile", "days", "state"),
    [("msk", 3, State.PASS), ("msk", 2, State.WAIT), ("neuro", 7, State.PASS), ("neuro", 6, State.WAIT)],
)
def test_two_good_days_pass_after_the_least_days(profile: str, days: int, state: State) -> None:
    found = stand(practice(2), practice(1), profile=profile, days=days)
    assert (found.state, found.good, found.days, found.min_days) == (state, 2, days, min_days(profile))
    assert found.effective_rung == 3


def test_one_day_is_one_good_practice_however_often() -> None:
    assert stand(practice(1, hour=9), practice(1, hour=17)).good == 1


def test_of_one_day_the_last_word_counts() -> None:
    put_right = stand(practice(1, 9, hour=9), practice(1, 1, hour=17), practice(2))
    assert put_right.state == State.PASS


def test_practices_before_this_rung_and_to_come_do_not_count() -> None:
    assert stand(practice(5), practice(4), days=3).good == 0
    assert stand(practice(1), practice(-1)).good == 1


@pytest.mark.parametrize(
    ("practices", "state", "good", "reasons"),
    [
        ([], State.WAIT, 0, [Why.GOOD]),
        ([practice(1)], State.WAIT, 1, [Why.GOOD]),
        # The morning of the second is not told yet: it may still turn out badly.
        ([practice(3), practice(2), practice(0, 1, None)], State.WAIT, 2, [Why.GOOD, Why.NO_MORNING]),
        ([practice(3), practice(2, 1, None), practice(1)], State.PASS, 2, [Why.GOOD]),
        # Amber begins the counting anew.
        ([practice(3), practice(2), practice(1, 4)], State.REPEAT, 0, [Why.AMBER_AFTER, Why.GOOD]),
        ([practice(4), practice(3, 4), practice(1)], State.WAIT, 1, [Why.GOOD]),
        ([practice(4, 4), practice(2), practice(1)], State.PASS, 2, [Why.GOOD]),
    ],
)
def test_state_follows_what_was_practised(
    practices: list[Practice], state: State, good: int, reasons: list[Why]
) -> None:
    found = stand(*practices)
    assert (found.state, found.good, [one.code for one in found.reasons]) == (state, good, reasons)
    assert all(phase_wording.reason_text(one) for one in found.reasons)


@pytest.mark.parametrize(
    ("days_ago", "after", "morning", "is_back"),
    [
        (0, 6, None, True),
        (BACK_DAYS, 6, None, True),
        (BACK_DAYS + 1, 6, None, False),
        # Felt on the morning after: the three days begin there.
        (BACK_DAYS + 1, 1, 4, True),
        (BACK_DAYS + 2, 1, 4, False),
    ],
)
def test_red_goes_one_rung_down_for_three_days(days_ago: int, after: int, morning: int | None, is_back: bool) -> None:
    found = stand(practice(days_ago, after, morning))
    assert (found.state, found.effective_rung) == ((State.BACK, 2) if is_back else (State.REPEAT, 3))
    assert (found.back_until is not None) is is_back
    if found.back_until:
        assert found.back_until >= TODAY


def test_red_on_the_first_rung_lets_it_rest() -> None:
    assert stand(practice(1, 6), rung=1).effective_rung == 0


def test_good_days_on_the_rung_below_do_not_count_for_this_one() -> None:
    below = stand(practice(6, 6), practice(5), practice(4), days=20)
    assert (below.state, below.good) == (State.REPEAT, 0)
    after = stand(practice(6, 6), practice(5), practice(2), practice(1), days=20)
    assert (after.state, after.good) == (State.PASS, 2)


def test_a_second_red_prolongs_the_rest() -> None:
    found = stand(practice(4, 6), practice(2, 6))
    assert found.back_until == TODAY + dt.timedelta(days=1)


@pytest.mark.parametrize(
    ("scores", "intake", "baseline"),
    [
        ({1: 1, 2: 3, 3: 2}, 5, 2),
        ({1: 1, 2: 3}, 5, 5),
        ({1: 1, 2: 3}, None, None),
        ({1: 1, 2: 3, 7: 9}, 5, 5),
        ({0: 1, 2: 3, 6: 9}, 5, 3),
    ],
)
def test_personal_baseline_is_the_median_of_a_week_or_the_intake(
    scores: dict[int, int], intake: int | None, baseline: float | None
) -> None:
    before = {TODAY - dt.timedelta(days=days): score for days, score in scores.items()}
    assert personal_baseline(before, today=TODAY, intake=intake) == baseline


def test_numbers_are_those_of_the_content() -> None:
    rule = reading.ladder_rule()
    assert (min_days("msk"), min_days("neuro")) == (rule.min_days["msk"], rule.min_days["neuro"])
    assert (moving_max("msk"), moving_max("neuro")) == (2, 1)
    assert {first_phase(row["id"]) for row in reading.read(reading.LADDERS)["ladders"]} == {"P3", "P4"}
    assert first_phase("car") == "P3"
    assert "P3 for ramp" in rule.first_rung
    assert {row["id"] for row in reading.read(reading.LADDERS)["ladders"]} >= OFF_THE_LEAD


@pytest.mark.parametrize(
    ("slug", "facts", "codes"),
    [
        ("car", {"neuro_grade": 4, "is_lumbosacral": True, "is_disc": True, "days_since_onset": 1}, []),
        ("offleash", {}, []),
        ("offleash", {"neuro_grade": 2}, ["grade"]),
        ("offleash", {"neuro_grade": None}, ["grade"]),
        ("offleash", {"is_lumbosacral": True}, ["lumbosacral"]),
        ("offleash", {"is_disc": True, "days_since_onset": 83}, ["disc"]),
        ("offleash", {"is_disc": True, "days_since_onset": None}, ["disc"]),
        ("offleash", {"is_disc": True, "days_since_onset": 84}, []),
    ],
)
def test_off_the_lead_is_closed_where_the_content_says_so(slug: str, facts: dict[str, Any], codes: list[str]) -> None:
    known: dict[str, Any] = {
        "neuro_grade": 1,
        "is_lumbosacral": False,
        "is_disc": False,
        "days_since_onset": 100,
        **facts,
    }
    found = blocks(slug, **known)
    assert [one.code for one in found] == codes
    assert all(phase_wording.block_text(one) for one in found)


PRACTICES = st.lists(
    st.builds(
        practice,
        st.integers(0, 12),
        st.none() | st.integers(0, 10),
        st.none() | st.integers(0, 10),
        hour=st.integers(0, 23),
        done=st.booleans(),
        stop_signs=st.sampled_from([(), (), ("S_CRY",)]),
    ),
    max_size=12,
)


@given(PRACTICES, st.sampled_from(["msk", "neuro"]), st.integers(0, 12))
def test_passing_always_rests_on_two_good_days_and_time(practices: list[Practice], profile: str, days: int) -> None:
    found = stand(*practices, profile=profile, days=days)
    assert found.effective_rung in (found.rung, found.rung - 1)
    assert (found.effective_rung < found.rung) is (found.state == State.BACK)
    if found.is_passed:
        good = {one.practice.day for one in found.practices if one.outcome == Outcome.GOOD}
        assert len(good) >= 2
        assert found.days >= min_days(profile)


@given(PRACTICES, st.sampled_from(["msk", "neuro"]))
def test_an_answer_that_is_missing_never_passes_a_rung(practices: list[Practice], profile: str) -> None:
    """Forgetting the morning after every practice passes nothing."""
    silent = [Practice(**{**vars(one), "next_morning": None}) for one in practices]
    assert not stand(*silent, profile=profile).is_passed


@given(PRACTICES, st.randoms(use_true_random=False))
def test_order_of_arrival_does_not_matter(practices: list[Practice], random: Any) -> None:
    unique = list({one.at: one for one in practices}.values())
    shuffled = list(unique)
    random.shuffle(shuffled)
    assert stand(*unique) == stand(*shuffled)
