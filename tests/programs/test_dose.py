from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehab.library import reading
from rehab.programs.dose import (
    FLAGS,
    KEYS,
    LIMITS,
    Dose,
    InvalidDose,
    Outside,
    bounds,
    is_more_load,
    low_end,
    most_of_a_step,
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


RAMP = {"ramp_by", "ramp_to"}


def made(said: dict[str, Any]) -> Dose:
    """The dose without what contradicts the rest of it."""
    try:
        return Dose(**said)
    except InvalidDose as invalid:
        if not invalid.field:
            raise
        without = RAMP if invalid.field in RAMP else {invalid.field}
        return made({name: value for name, value in said.items() if name not in without})


CONDITIONS = st.sampled_from(["", "the floor is dry", "he is calm"])
HOSTS = st.sampled_from([None, "leash-walk", "sling-walk"])


@st.composite
def doses(draw: st.DrawFn) -> Dose:
    always: dict[str, Any] = {name: draw(whole(name)) for name in ("sets", "per_day", "days_per_week", "from_week")}
    sometimes: dict[str, Any] = {
        name: draw(st.none() | whole(name)) for name in LIMITS if name not in (*always, "hold_seconds")
    }
    if draw(st.booleans()):
        sometimes |= {"ramp_by": draw(st.integers(1, 3)), "ramp_to": draw(st.integers(1, 40))}
    flags: dict[str, Any] = {name: draw(st.booleans()) for name in FLAGS}
    return made(
        {
            **always,
            **sometimes,
            **flags,
            "hold_seconds": draw(whole("hold_seconds")),
            "only_if": draw(CONDITIONS),
            "part_of": draw(HOSTS),
        }
    )


@st.composite
def doses_in_a_range(draw: st.DrawFn) -> tuple[Dose, dict[str, Any]]:
    dose = draw(doses())
    dose_range = {}
    for name in ("sets", "reps", "hold_seconds", "minutes", "steps", "per_day", "days_per_week"):
        value = getattr(dose, name)
        if value is not None and draw(st.booleans()):
            low, high = LIMITS[name]
            dose_range[KEYS[name]] = [draw(st.integers(low, value)), draw(st.integers(value, high))]
    return dose, dose_range


def numbers_outside(dose: Dose, dose_range: dict[str, Any]) -> list[Outside]:
    """What lies outside now; a ramp may have been written beyond the range, which its steps do not follow."""
    return [outside for outside in dose.within(dose_range) if outside.variable != "ramp_to"]


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
        {"each_side": "yes", "reps": 5},
        {"steps": 0},
        {"within": "the walk"},
        {"within": 5},
        {"only_if": "x" * 121},
        {"only_if": " dry"},
        {"only_if": "dry\nand warm"},
        {"only_if": True},
        {"from_week": 0},
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
        ({"minutes": 3, "within": "leash-walk", "per_day": 3}, 3, 7),
        ({"minutes": 3, "when_time": True, "per_day": 2}, 2, 0),
        ({"minutes": 3, "only_if": "it is dry", "days_per_week": 5}, 1, 0),
        ({"one_off": True, "recheck_days": 14}, 1, 7),
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
        ({"steps": 15}, 1, 1, 14),
        ({"steps": 15, "sets": 2, "each_side": True}, 4, 4, 56),
        ({"minutes": 2, "each_side": True, "per_day": 3}, 4, 12, 168),
        ({"minutes": 3, "within": "leash-walk", "per_day": 2}, 0, 0, 84),
        ({"minutes": 5, "when_time": True}, 5, 5, 70),
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
    dose_range = {"loss_pct_per_week": [0.5, 2], "per_prescription": True, "minutes": [2, 30]}
    assert bounds(dose_range) == {"minutes": (2, 30)}


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
        (Dose(minutes=5, ramp_by=2, ramp_to=12), "minutes", 5, 7),
        (Dose(minutes=11, ramp_by=2, ramp_to=12), "minutes", 11, 12),
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
        Dose(minutes=12, ramp_by=1, ramp_to=12),
        Dose(reps=5, minutes=30, ramp_by=1, ramp_to=40),
        Dose(reps=10, ramp_by=1, ramp_to=20),
        Dose(steps=20),
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
    assert step is None or numbers_outside(step.dose, dose_range) == []


@given(doses_in_a_range())
def test_step_up_stays_in_the_range_and_is_more_load(dose_and_range: tuple[Dose, dict[str, Any]]) -> None:
    dose, dose_range = dose_and_range
    step = step_up(dose, dose_range)
    if step is not None:
        assert numbers_outside(step.dose, dose_range) == []
        assert is_more_load(step.dose, dose)
        assert not is_more_load(dose, step.dose) or step.variable == "sets" or step.dose.ramp_by != dose.ramp_by


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
        (Dose(reps=5, each_side=True), Dose(reps=5), True),
        (Dose(steps=20), Dose(reps=20), True),
        (Dose(reps=20), Dose(steps=20), True),
        (Dose(minutes=5), Dose(minutes=5, when_time=True), True),
        (Dose(minutes=5), Dose(minutes=5, only_if="dry"), True),
        (Dose(minutes=5, only_if="calm"), Dose(minutes=5, only_if="dry"), True),
        (Dose(minutes=5, only_if="dry"), Dose(minutes=5), False),
        (Dose(minutes=5), Dose(minutes=5, from_week=3), True),
        (Dose(minutes=5, from_week=3), Dose(minutes=5), False),
        (Dose(minutes=5, ramp_by=1, ramp_to=12), Dose(minutes=5, ramp_by=1, ramp_to=10), True),
        (Dose(minutes=5, ramp_by=2, ramp_to=9), Dose(minutes=5, ramp_by=1, ramp_to=9), True),
        (Dose(minutes=5, ramp_by=1, ramp_to=9), Dose(minutes=5), True),
        (Dose(minutes=5), Dose(minutes=5, ramp_by=1, ramp_to=9), False),
        (Dose(minutes=5), Dose(minutes=5, part_of="leash-walk"), True),
        (Dose(minutes=5, part_of="leash-walk"), Dose(minutes=5), False),
        (Dose(minutes=5, part_of="sling-walk"), Dose(minutes=5, part_of="leash-walk"), True),
        (Dose(interval_hours=4), Dose(interval_hours=8), True),
        (Dose(), Dose(one_off=True), True),
        (Dose(one_off=True, recheck_days=7), Dose(one_off=True, recheck_days=14), False),
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


@pytest.mark.parametrize(("days", "minutes"), [(0, 10), (6, 10), (7, 7), (20, 7), (21, 2)])
def test_starting_dose_is_lower_after_a_break(days: int, minutes: int) -> None:
    target = Dose(minutes=12, per_day=3)
    had = Dose(minutes=10, per_day=3)
    assert starting_dose(target, RANGE, load=2, last=had, gap_days=days) == replace(target, minutes=minutes)
    assert starting_dose(target, RANGE, load=0, last=had, gap_days=days) == target


@pytest.mark.parametrize(
    ("stored", "code", "field"),
    [
        ({"minutes": 3, "within": "leash-walk", "interval_h": 4}, "part_with_rhythm", "part_of"),
        ({"minutes": 3, "within": "leash-walk", "per_week": 2}, "part_with_rhythm", "part_of"),
        ({"within": "leash-walk", "one_off": True}, "part_with_rhythm", "part_of"),
        ({"minutes": 3, "within": "leash-walk", "when_time": True}, "part_with_rhythm", "part_of"),
        ({"interval_h": 4, "when_time": True}, "when_time_with_rhythm", "when_time"),
        ({"per_prescription": True, "when_time": True}, "when_time_with_rhythm", "when_time"),
        ({"duration_days": 28, "only_if": "it hurts"}, "rest_with_condition", "only_if"),
        ({"minutes": 5, "recheck_days": 14}, "recheck_of_routine", "recheck_days"),
        ({"reps": 5, "steps": 20}, "steps_with_repetitions", "steps"),
        ({"per_day": 4, "each_side": True}, "side_of_nothing", "each_side"),
        ({"per_day": 4, "ramp_by": 1, "ramp_to": 5}, "ramp_of_nothing", "ramp_by"),
        ({"minutes": 5, "one_off": True, "ramp_by": 1, "ramp_to": 9}, "ramp_of_nothing", "ramp_by"),
        ({"minutes": 5, "ramp_to": 9}, "ramp_half_said", "ramp_by"),
        ({"minutes": 5, "ramp_by": 1}, "ramp_half_said", "ramp_to"),
        ({"minutes": 5, "ramp_by": 1, "ramp_to": 4}, "ramp_to_out_of_reach", "ramp_to"),
        ({"minutes": 5, "ramp_by": 1, "ramp_to": 241}, "ramp_to_out_of_reach", "ramp_to"),
        ({"minutes": 5, "ramp_by": 3, "ramp_to": 12}, "ramp_too_steep", "ramp_by"),
        ({"minutes": 5, "ramp_by": 2, "ramp_to": 13}, "ramp_too_steep", "ramp_by"),
        ({"reps": 5, "ramp_by": 2, "ramp_to": 9}, "ramp_too_steep", "ramp_by"),
        ({"steps": 20, "ramp_by": 3, "ramp_to": 40}, "ramp_too_steep", "ramp_by"),
        ({"hold_s": 10, "ramp_by": 3, "ramp_to": 20}, "ramp_too_steep", "ramp_by"),
    ],
)
def test_dose_refuses_a_contradiction_at_its_field(stored: dict[str, Any], code: str, field: str) -> None:
    with pytest.raises(InvalidDose) as raised:
        Dose.from_json(stored)
    assert (raised.value.code, raised.value.field) == (code, field)


@pytest.mark.parametrize(
    "stored",
    [
        {"minutes": 5, "ramp_by": 2, "ramp_to": 12},
        {"minutes": 12, "ramp_by": 1, "ramp_to": 12},
        {"minutes": 20, "ramp_by": 2, "ramp_to": 30},
        {"hold_s": 10, "ramp_by": 2, "ramp_to": 20},
        {"minutes": 3, "within": "leash-walk", "per_day": 3, "only_if": "the walk was calm"},
        {"one_off": True, "recheck_days": 14, "only_if": "there are stairs"},
        {"sets": 2, "steps": 20, "each_side": True, "from_week": 3},
        {"per_week": 2, "minutes": 5, "when_time": True},
    ],
)
def test_dose_says_what_handouts_say(stored: dict[str, Any]) -> None:
    assert Dose.from_json(stored).to_json() == stored


@pytest.mark.parametrize(
    ("variable", "value", "most"),
    [
        *[("minutes", 5, 2), ("minutes", 10, 2), ("minutes", 11, 1), ("minutes", 25, 2)],
        *[("reps", 10, 1), ("reps", 30, 3), ("steps", 20, 2), ("hold_seconds", 10, 2), ("hold_seconds", 40, 4)],
    ],
)
def test_planned_step_is_at_most_what_the_content_allows(variable: str, value: int, most: int) -> None:
    assert most_of_a_step(variable, value) == most


def test_ramp_beyond_the_range_is_outside() -> None:
    dose = Dose(minutes=20, ramp_by=2, ramp_to=40)
    assert dose.within(RANGE) == [Outside(variable="ramp_to", value=40, low=2, high=30)]


def test_ramp_is_flattened_where_a_step_down_makes_it_too_steep() -> None:
    step = step_down(Dose(minutes=20, ramp_by=2, ramp_to=30), dose_range=RANGE)
    assert step is not None
    assert step.dose == Dose(minutes=16, ramp_by=1, ramp_to=30)


def test_low_end_keeps_what_else_is_said() -> None:
    dose = Dose(minutes=10, ramp_by=1, ramp_to=12, only_if="it is dry", part_of="leash-walk", from_week=3)
    assert low_end(dose, RANGE) == replace(dose, minutes=2)
    assert starting_dose(dose, RANGE, load=2, last=Dose(minutes=7)) == replace(dose, minutes=7)


def test_low_end_leaves_something_to_do() -> None:
    assert low_end(Dose(hold_seconds=5, each_side=True), {"hold_s": [0, 5]}) == Dose(hold_seconds=1, each_side=True)


@given(doses_in_a_range())
def test_step_up_never_passes_the_cap_of_a_ramp(dose_and_range: tuple[Dose, dict[str, Any]]) -> None:
    dose, dose_range = dose_and_range
    step = step_up(dose, dose_range)
    if step is not None and dose.ramp_by is not None and dose.ramp_to is not None:
        assert step.variable == dose.leading
        assert step.before < step.after <= min(step.before + dose.ramp_by, dose.ramp_to)
        assert step.dose.ramp_to == dose.ramp_to


@given(doses_in_a_range())
def test_low_end_is_never_more_load(dose_and_range: tuple[Dose, dict[str, Any]]) -> None:
    dose, dose_range = dose_and_range
    assert not is_more_load(low_end(dose, dose_range), dose)


@given(doses())
def test_optional_dose_is_never_due(dose: Dose) -> None:
    assert (dose.weekdays == 0) is dose.optional


@given(doses())
def test_each_side_is_twice_the_work(dose: Dose) -> None:
    one_sided = replace(dose, each_side=False)
    assert dose.weekly_load(2) == pytest.approx(one_sided.weekly_load(2) * (2 if dose.each_side else 1))
