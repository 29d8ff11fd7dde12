"""From a dose to what its timer walks through."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehab.programs.dose import Dose
from rehab.sessions.screen.timing import MOST_PHASES, Counts, Phase, counting_up, counts, phases

HELD: list[tuple[dict[str, Any], list[tuple[Any, ...]]]] = [
    ({"hold_s": 10}, [("ready", 5, 1, 1, 1), ("hold", 10, 1, 1, 1)]),
    (
        {"reps": 2, "hold_s": 3},
        [("ready", 5, 1, 1, 1), ("hold", 3, 1, 1, 1), ("rest", 5, 1, 1, 2), ("hold", 3, 1, 1, 2)],
    ),
    (
        {"sets": 2, "hold_s": 10},
        [("ready", 5, 1, 1, 1), ("hold", 10, 1, 1, 1), ("rest", 30, 2, 1, 1), ("hold", 10, 2, 1, 1)],
    ),
    (
        {"steps": 2, "hold_s": 1},
        [("ready", 5, 1, 1, 1), ("hold", 1, 1, 1, 1), ("rest", 5, 1, 1, 2), ("hold", 1, 1, 1, 2)],
    ),
    (
        {"hold_s": 8, "each_side": True},
        [("ready", 5, 1, 1, 1), ("hold", 8, 1, 1, 1), ("rest", 10, 1, 2, 1), ("hold", 8, 1, 2, 1)],
    ),
    # Minutes lead, as they do in the dose: the repetitions are counted inside them.
    ({"minutes": 2, "reps": 10, "hold_s": 3}, [("ready", 5, 1, 1, 1), ("work", 120, 1, 1, 1)]),
    (
        {"sets": 2, "reps": 5},
        [("ready", 5, 1, 1, 1), ("count", 0, 1, 1, 1), ("rest", 30, 2, 1, 1), ("count", 0, 2, 1, 1)],
    ),
]


@pytest.mark.parametrize(("dose", "expected"), HELD)
def test_phases_of_a_dose(dose: dict[str, Any], expected: list[tuple[Any, ...]]) -> None:
    assert [tuple(phase) for phase in phases(Dose.from_json(dose))] == expected


@pytest.mark.parametrize(
    "dose",
    [
        {"reps": 5},
        {"steps": 20},
        {"per_day": 4},
        {"one_off": True, "hold_s": 10},
        {"per_prescription": True, "minutes": 5},
        {"duration_days": 28, "minutes": 5},
        {"sets": 20, "reps": 100, "hold_s": 5},
    ],
)
def test_some_doses_have_nothing_to_time(dose: dict[str, Any]) -> None:
    assert phases(Dose.from_json(dose)) == ()


def test_counts_say_of_how_many() -> None:
    assert counts(Dose.from_json({"sets": 3, "reps": 5, "hold_s": 10, "each_side": True})) == Counts(3, 2, 5)
    assert counts(Dose.from_json({"sets": 3, "reps": 5})) == Counts(3, 1, 1)


def test_measuring_counts_up_to_the_most() -> None:
    assert counting_up(600) == (Phase("ready", 5), Phase("up", 600))


@given(
    sets=st.integers(1, 20),
    reps=st.none() | st.integers(1, 100),
    hold=st.integers(0, 600),
    minutes=st.none() | st.integers(1, 240),
    each_side=st.booleans(),
)
def test_work_and_rest_take_turns_and_the_work_is_that_of_the_dose(
    sets: int, reps: int | None, hold: int, minutes: int | None, each_side: bool
) -> None:
    if not (reps or hold or minutes):
        each_side = False
    dose = Dose(sets=sets, reps=reps, hold_seconds=hold, minutes=minutes, each_side=each_side)
    found = phases(dose)
    if not found:
        return
    assert len(found) <= MOST_PHASES + 1
    assert found[0].kind == "ready"
    assert {phase.kind for phase in found[2::2]} <= {"rest"}
    work = found[1::2]
    assert {phase.kind for phase in work} <= {"hold", "work", "count"}
    assert len({phase[2:] for phase in work}) == len(work)
    if hold and minutes is None:
        assert sum(phase.seconds for phase in work) == (2 if each_side else 1) * sets * (reps or 1) * hold
