from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehab.library import reading
from rehab.programs.dose import (
    KEYS,
    LIMITS,
    Dose,
    InvalidDose,
    Outside,
    bounds,
    is_more_load,
    low_end,
    starting_dose,
    step_down,
    step_up,
)

RANGE = {
    "sets": [1, 3],
    "reps": [3, 10],
    "hold_s": [2, 20],
    "minutes": [2, 30],
    "per_day": [1, 5],
    "days_per_week": [3, 7],
}


def whole(name: str) -> st.SearchStrategy[int]:
    return st.integers(*LIMITS[name])


@st.composite
def doses(draw: st.DrawFn) -> Dose:
    always: dict[str, Any] = {name: draw(whole(name)) for name in ("sets", "per_day", "days_per_week")}
    sometimes: dict[str, Any] = {
        name: draw(st.none() | whole(name)) for name in LIMITS if name not in (*always, "hold_seconds")
    }
    flags: dict[str, Any] = {name: draw(st.booleans()) for name in ("one_off", "per_prescription")}
    return Dose(**always, **sometimes, **flags, hold_seconds=draw(whole("hold_seconds")))


@st.composite
def doses_in_a_range(draw: st.DrawFn) -> tuple[Dose, dict[str, Any]]:
    dose = draw(doses())
    dose_range = {}
    for name in ("sets", "reps", "hold_seconds", "minutes", "per_day", "days_per_week"):
        value = getattr(dose, name)
        if value is not None and draw(st.booleans()):
            low, high = LIMITS[name]
            dose_range[KEYS[name]] = [draw(st.integers(low, value)), draw(st.integers(value, high))]
    return dose, dose_range


@given(doses())
def test_dose_survives_the_database(dose: Dose) -> None:
    assert Dose.from_json(dose.to_json()) == dose


def test_dose_is_stored_with_the_keys_of_the_content() -> None:
    dose = Dose(sets=3, hold_seconds=10, per_day=2, days_per_week=5)
    assert dose.to_json() == {"sets": 3, "hold_s": 10, "per_day": 2, "days_per_week": 5}


def test_dose_of_every_exercise_of_the_content_can_be_read() -> None:
    content = reading.read(reading.EXERCISES)
    read = {row["slug"]: Dose.from_json({**content["defaults"], **row["dose"]}) for row in content["exercises"]}
    assert len(read) > 40
    assert read["leash-walk"] == Dose(minutes=5, per_day=3)
    assert {
        row["slug"]: read[row["slug"]].within(row["range"])
        for row in content["exercises"]
        if read[row["slug"]].within(row["range"])
    } == {}


def test_dose_of_every_item_of_the_protocols_can_be_read() -> None:
    content = {row["slug"]: row for row in reading.read(reading.EXERCISES)["exercises"]}
    items = [
        item
        for protocol in reading.read(reading.PROTOCOLS)["protocols"]
        for phase in protocol["phases"]
        for item in phase["items"]
        if "ex" in item
    ]
    outside = {
        item["ex"]: found
        for item in items
        if (
            found := Dose.from_json({**content[item["ex"]]["dose"], **item.get("dose", {})}).within(
                content[item["ex"]]["range"]
            )
        )
    }
    assert len(items) > 100
    assert outside == {}


@pytest.mark.parametrize(
    "stored",
    [
        {"mintues": 5},
        {"minutes": "5"},
        {"minutes": 5.5},
        {"minutes": True},
        {"minutes": 0},
        {"minutes": 241},
        {"reps": -1},
        {"per_day": 13},
        {"days_per_week": 8},
        {"hold_s": 601},
        {"one_off": 1},
        {"sets": [1]},
    ],
)
def test_dose_refuses_what_is_none(stored: dict[str, Any]) -> None:
    with pytest.raises(InvalidDose):
        Dose.from_json(stored)


def test_dose_reads_a_key_without_a_value_as_its_default() -> None:
    assert Dose.from_json({"sets": 1, "reps": None, "hold_s": 0, "minutes": None}) == Dose()


@pytest.mark.parametrize(
    ("stored", "times", "days"),
    [
        ({"minutes": 5, "per_day": 3}, 3, 7),
        ({"interval_h": 4, "per_day": 6}, 6, 7),
        ({"interval_h": 8}, 3, 7),
        ({"interval_h": 1}, 12, 7),
        ({"per_day": 12}, 12, 7),
        ({"per_prescription": True}, 1, 7),
        ({"one_off": True}, 1, 7),
        ({"duration_days": 28, "toilet_trips_per_day": 4}, 1, 7),
        ({"per_week": 1, "days_per_week": 1}, 1, 1),
        ({"reps": 5, "days_per_week": 5}, 1, 5),
    ],
)
def test_dose_says_how_often_it_is_ticked(stored: dict[str, Any], times: int, days: int) -> None:
    dose = Dose.from_json(stored)
    assert (dose.times_per_day, dose.weekdays.bit_count()) == (times, days)


@pytest.mark.parametrize(
    ("stored", "per_time", "per_day", "load"),
    [
        ({"minutes": 5, "per_day": 3}, 5, 15, 210),
        ({"minutes": 3, "sets": 2, "per_day": 4}, 6, 24, 336),
        ({"reps": 15}, 1, 1, 14),
        ({"reps": 4, "hold_s": 15, "days_per_week": 5}, 1, 1, 10),
        ({"reps": 15, "hold_s": 2}, 1, 1, 14),
        ({"sets": 3, "hold_s": 20, "per_day": 2}, 1, 2, 28),
        ({"one_off": True}, 0, 0, 0),
    ],
)
def test_dose_in_minutes(stored: dict[str, Any], per_time: float, per_day: float, load: float) -> None:
    dose = Dose.from_json(stored)
    assert (dose.minutes_per_time, dose.minutes_per_day, dose.weekly_load(2)) == (per_time, per_day, load)


def test_dose_outside_its_range_says_what() -> None:
    dose = Dose(minutes=40, per_day=3, days_per_week=2, reps=10)
    assert dose.within(RANGE) == [
        Outside(variable="minutes", value=40, low=2, high=30),
        Outside(variable="days_per_week", value=2, low=3, high=7),
    ]


def test_range_ignores_what_is_not_a_dose() -> None:
    assert bounds({"recheck_days": [7, 30], "per_prescription": True, "minutes": [2, 30]}) == {"minutes": (2, 30)}


@pytest.mark.parametrize(
    ("dose", "variable", "before", "after"),
    [
        (Dose(minutes=5, per_day=3), "minutes", 5, 6),
        (Dose(minutes=10), "minutes", 10, 11),
        (Dose(minutes=25), "minutes", 25, 27),
        (Dose(minutes=29), "minutes", 29, 30),
        (Dose(reps=5), "reps", 5, 6),
        (Dose(reps=5, hold_seconds=2), "reps", 5, 6),
        (Dose(reps=10, hold_seconds=5), "hold_seconds", 5, 7),
        (Dose(sets=3, hold_seconds=10), "hold_seconds", 10, 12),
        (Dose(sets=3, hold_seconds=19), "hold_seconds", 19, 20),
        (Dose(reps=10), "sets", 1, 2),
        (Dose(minutes=30, reps=9), "reps", 9, 10),
    ],
)
def test_step_up_moves_one_variable(dose: Dose, variable: str, before: int, after: int) -> None:
    step = step_up(dose, RANGE)
    assert step is not None
    assert (step.variable, step.before, step.after) == (variable, before, after)


def test_step_up_above_ten_repetitions_is_ten_percent() -> None:
    step = step_up(Dose(reps=20), {"reps": [5, 40]})
    assert step is not None
    assert step.dose == Dose(reps=22)


def test_step_up_to_one_more_set_starts_at_few_repetitions() -> None:
    step = step_up(Dose(sets=2, reps=10), RANGE)
    assert step is not None
    assert step.dose == Dose(sets=3, reps=3)


@pytest.mark.parametrize(
    "dose",
    [
        Dose(minutes=30, per_day=1),
        Dose(sets=3, reps=10),
        Dose(sets=1, hold_seconds=20),
        Dose(one_off=True),
        Dose(minutes=45),
    ],
)
def test_step_up_ends_at_the_top_of_the_range(dose: Dose) -> None:
    assert step_up(dose, RANGE) is None


@pytest.mark.parametrize(
    ("dose", "percent", "variable", "after"),
    [
        (Dose(minutes=10, per_day=3), 20, "minutes", 8),
        (Dose(minutes=5), 20, "minutes", 4),
        (Dose(minutes=4), 20, "minutes", 3),
        (Dose(minutes=12), 50, "minutes", 6),
        (Dose(minutes=3), 50, "minutes", 2),
        (Dose(reps=10), 20, "reps", 8),
        (Dose(sets=2, reps=3), 20, "sets", 1),
        (Dose(minutes=2, per_day=3), 20, "per_day", 2),
        (Dose(minutes=2, days_per_week=5), 20, "days_per_week", 4),
        (Dose(sets=3, hold_seconds=10), 20, "hold_seconds", 8),
    ],
)
def test_step_down_takes_a_fifth_off_one_variable(dose: Dose, percent: int, variable: str, after: int) -> None:
    step = step_down(dose, percent, dose_range=RANGE)
    assert step is not None
    assert (step.variable, step.after) == (variable, after)


def test_step_down_ends_at_the_low_end() -> None:
    assert step_down(Dose(minutes=2, per_day=1, days_per_week=3), dose_range=RANGE) is None
    assert step_down(Dose(minutes=1, per_day=1, days_per_week=1)) is None


@given(doses(), st.integers(1, 99))
def test_step_down_is_never_more_load(dose: Dose, percent: int) -> None:
    step = step_down(dose, percent)
    if step is not None:
        assert not is_more_load(step.dose, dose)
        assert is_more_load(dose, step.dose)
        assert step.dose.weekly_load(2) <= dose.weekly_load(2)


@given(doses_in_a_range(), st.integers(1, 99))
def test_step_down_stays_in_the_range(dose_and_range: tuple[Dose, dict[str, Any]], percent: int) -> None:
    dose, dose_range = dose_and_range
    step = step_down(dose, percent, dose_range=dose_range)
    assert step is None or step.dose.within(dose_range) == []


@given(doses_in_a_range())
def test_step_up_stays_in_the_range_and_is_more_load(dose_and_range: tuple[Dose, dict[str, Any]]) -> None:
    dose, dose_range = dose_and_range
    step = step_up(dose, dose_range)
    if step is not None:
        assert step.dose.within(dose_range) == []
        assert is_more_load(step.dose, dose)


@given(doses_in_a_range())
def test_steps_up_come_to_an_end(dose_and_range: tuple[Dose, dict[str, Any]]) -> None:
    dose, dose_range = dose_and_range
    for _ in range(2500):
        step = step_up(dose, dose_range)
        if step is None:
            return
        dose = step.dose
    raise AssertionError(dose)


@given(doses())
def test_no_dose_is_more_load_than_itself(dose: Dose) -> None:
    assert not is_more_load(dose, dose)


@pytest.mark.parametrize(
    ("new", "old", "more"),
    [
        (Dose(minutes=6), Dose(minutes=5), True),
        (Dose(minutes=5, per_day=2), Dose(minutes=5), True),
        (Dose(minutes=5, days_per_week=5), Dose(minutes=5, days_per_week=4), True),
        (Dose(per_week=2), Dose(per_week=1), True),
        (Dose(reps=5, height_cm=5), Dose(reps=5), True),
        (Dose(sets=2, reps=3), Dose(sets=1, reps=10), True),
        (Dose(minutes=4, per_day=3), Dose(minutes=5, per_day=3), False),
        (Dose(minutes=5, per_week=1), Dose(minutes=5), False),
    ],
)
def test_more_of_anything_is_more_load(new: Dose, old: Dose, more: bool) -> None:
    assert is_more_load(new, old) is more


def test_low_end_is_short_but_as_often() -> None:
    assert low_end(Dose(minutes=10, per_day=3), RANGE) == Dose(minutes=2, per_day=3)
    assert low_end(Dose(sets=2, reps=8, hold_seconds=0), RANGE) == Dose(sets=1, reps=3)


@pytest.mark.parametrize(
    ("load", "last", "expected"),
    [
        (0, None, Dose(minutes=10, per_day=3)),
        (2, None, Dose(minutes=2, per_day=3)),
        (2, Dose(minutes=7, per_day=1), Dose(minutes=7, per_day=3)),
        (2, Dose(minutes=20, per_day=4), Dose(minutes=10, per_day=3)),
        (2, Dose(reps=5), Dose(minutes=10, per_day=3)),
    ],
)
def test_starting_dose_grows_to_the_target(load: int, last: Dose | None, expected: Dose) -> None:
    assert starting_dose(Dose(minutes=10, per_day=3), RANGE, load=load, last=last) == expected
