"""The arithmetic of maintenance: months, the dog at discharge, and a checkpoint on both sides of each limit."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehab.programs import maintenance
from rehab.programs.criteria import Reading
from rehab.programs.maintenance import Outcome, after_months, at_discharge, weigh
from tests.make import TODAY

DAY = dt.timedelta(days=1)
ASKED = ("pain_before", "standing_s", "straight_sits", "walk_min_total", "weight_kg")
THEN = {"pain_before": 1.0, "standing_s": 50.0, "straight_sits": 5.0}
SAME = dict(THEN)


def readings(*values: float, ago: int = 0) -> list[Reading]:
    """One reading a day, the newest ``ago`` days ago."""
    return [Reading(TODAY - (ago + n) * DAY, value) for n, value in enumerate(values)]


def outcome(now: dict[str, float], *, then: dict[str, float] = THEN, late: int = 0) -> Outcome:
    return weigh(then, now, asked=ASKED, due_on=TODAY - late * DAY, today=TODAY).outcome


def test_terms_are_those_of_the_content() -> None:
    terms = maintenance.terms()
    assert terms.months == (1, 3, 6, 12, 18, 24)
    assert (terms.items, terms.least_days, terms.most_days) == (2, 2, 3)
    assert (terms.pain_rise, terms.function_loss) == (2, 20)


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        ("2026-01-31", 1, "2026-02-28"),
        ("2024-01-31", 1, "2024-02-29"),
        ("2026-08-31", 18, "2028-02-29"),
        ("2026-12-15", 1, "2027-01-15"),
        ("2026-12-31", 24, "2028-12-31"),
        ("2026-03-18", 12, "2027-03-18"),
    ],
)
def test_month_counts_from_the_discharge(day: str, months: int, expected: str) -> None:
    assert after_months(dt.date.fromisoformat(day), months) == dt.date.fromisoformat(expected)


def test_checkpoints_are_due_in_six_months() -> None:
    days = maintenance.checkpoint_days(dt.date(2026, 1, 31))
    assert [(month, day.isoformat()) for month, day in days.items()] == [
        (1, "2026-02-28"),
        (3, "2026-04-30"),
        (6, "2026-07-31"),
        (12, "2027-01-31"),
        (18, "2027-07-31"),
        (24, "2028-01-31"),
    ]


def test_dog_at_discharge_is_its_usual_pain_and_the_newest_of_what_it_can_do() -> None:
    series = {
        "pain_before": readings(1, 4, 1, 2, 1, 1, 1, 9, 9, 9),
        "pain_after": readings(8),
        "standing_s": [*readings(40, ago=20), *readings(60, ago=3)],
        "weight_kg": readings(9),
    }
    assert at_discharge(series, today=TODAY) == {"pain_before": 1.0, "standing_s": 60.0}


@pytest.mark.parametrize(("answers", "known"), [(2, False), (3, True)])
def test_pain_at_discharge_needs_three_answers_of_a_week(answers: int, known: bool) -> None:
    series = {"pain_before": [*readings(*[2.0] * answers), *readings(5, 5, ago=7)]}
    assert at_discharge(series, today=TODAY) == ({"pain_before": 2.0} if known else {})


@pytest.mark.parametrize(("ago", "known"), [(27, True), (28, False)])
def test_function_at_discharge_is_of_the_last_four_weeks(ago: int, known: bool) -> None:
    found = at_discharge({"standing_s": readings(30, ago=ago)}, today=TODAY)
    assert found == ({"standing_s": 30.0} if known else {})


def test_missing_is_what_will_be_asked_and_is_not_known() -> None:
    assert maintenance.missing_at_discharge({"standing_s": 3}, asked=ASKED) == [
        "pain_before",
        "straight_sits",
        "walk_min_total",
    ]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, Outcome.GOOD),
        ({"pain_before": 2.9}, Outcome.GOOD),
        ({"pain_before": 3.0}, Outcome.WORSE),
        ({"standing_s": 40.5}, Outcome.GOOD),
        ({"standing_s": 40.0}, Outcome.WORSE),
        ({"straight_sits": 4.0}, Outcome.WORSE),
        ({"standing_s": 90.0, "pain_before": 0.0}, Outcome.GOOD),
    ],
)
def test_checkpoint_is_worse_from_the_limit_on(changes: dict[str, float], expected: Outcome) -> None:
    assert outcome({**SAME, **changes}) is expected


def test_one_worse_number_is_enough_at_once() -> None:
    found = weigh(THEN, {"pain_before": 4.0}, asked=ASKED, due_on=TODAY, today=TODAY)
    assert found.outcome is Outcome.WORSE
    assert found.numbers == {
        "said": [{"metric": "pain_before", "then": 1.0, "now": 4.0}],
        "worse": ["pain_before"],
        "missing": ["standing_s", "straight_sits", "walk_min_total"],
    }


@pytest.mark.parametrize(
    "now",
    [{}, {"pain_before": 1.0}, {"standing_s": 50.0, "straight_sits": 5.0}, {"pain_before": 1.0, "standing_s": 50.0}],
)
@pytest.mark.parametrize(("late", "expected"), [(13, Outcome.WAITING), (14, Outcome.MISSED)])
def test_missing_answers_are_never_good(now: dict[str, float], late: int, expected: Outcome) -> None:
    assert outcome(now, late=late) is expected


@pytest.mark.parametrize("then", [{}, {"pain_before": 1.0}, {"standing_s": 50.0}])
def test_checkpoint_without_anything_to_compare_with_is_never_good(then: dict[str, float]) -> None:
    assert outcome(SAME, then=then, late=14) is Outcome.MISSED


def test_nothing_that_could_not_be_done_before_can_be_lost() -> None:
    then = {"pain_before": 1.0, "standing_s": 0.0}
    assert outcome({"pain_before": 1.0, "standing_s": 0.0}, then=then) is Outcome.GOOD


@given(st.dictionaries(st.sampled_from([*maintenance.FUNCTION, "pain_before"]), st.integers(0, 100)))
def test_silence_is_never_good(now: dict[str, int]) -> None:
    """Whatever was said: without one of the numbers that discharge knows, it is not good."""
    then = dict.fromkeys([*maintenance.FUNCTION, "pain_before"], 10.0)
    asked = [*maintenance.FUNCTION, "pain_before"]
    found = weigh(then, {k: float(v) for k, v in now.items()}, asked=asked, due_on=TODAY, today=TODAY)
    if set(now) != set(then):
        assert found.outcome is not Outcome.GOOD


@pytest.mark.parametrize(("late", "asks"), [(-1, False), (0, True), (13, True), (14, False)])
def test_family_is_asked_for_fourteen_days(late: int, asks: bool) -> None:
    assert maintenance.takes_answers(TODAY - late * DAY, today=TODAY) is asks


@pytest.mark.parametrize(
    ("walks", "expected"),
    [
        ([(60, 127)], 50),
        ([(40, 127)], 40),
        ([(20, 127), (20, 127), (10, 0b0000001)], 40),
        ([(40, 0b0111111)], None),
        ([], None),
    ],
)
def test_walks_at_discharge_are_no_more_than_maintenance_prescribes(
    walks: list[tuple[float, int]], expected: float | None
) -> None:
    found = maintenance.as_prescribed({"walk_min_total": 50.0, "standing_s": 60.0}, walks)
    assert found == {"standing_s": 60.0} | ({} if expected is None else {"walk_min_total": expected})
