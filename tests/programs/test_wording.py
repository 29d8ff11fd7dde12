import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehab.programs import dose as dosing
from rehab.programs import shortfalls, totals
from rehab.programs.dose import Dose, InvalidDose, Outside
from rehab.programs.shortfalls import Refusal, Shortfall
from rehab.programs.totals import Misplaced
from rehab.programs.wording import (
    AMOUNTS,
    CONTRADICTIONS,
    NAMES,
    change_text,
    contradiction_text,
    dose_text,
    half_rule_text,
    misplaced_text,
    outside_text,
    shortfall_text,
    warning_text,
)
from tests.programs.test_dose import doses

NAMES_OF_ITEMS = {"leash-walk": "Controlled leash walk", "hill-walk": "Hill walk"}


@pytest.mark.parametrize(
    ("stored", "text"),
    [
        ({"minutes": 5, "per_day": 3}, "5 minutes, 3 times a day"),
        ({"minutes": 1}, "1 minute, once a day"),
        (
            {"sets": 3, "hold_s": 10, "per_day": 2, "days_per_week": 5},
            "3 sets of 10 seconds, twice a day, 5 days a week",
        ),
        ({"reps": 5, "hold_s": 2, "per_day": 2}, "5 times, 2 seconds each, twice a day"),
        ({"reps": 1}, "1 time, once a day"),
        ({"reps": 3, "per_day": 3}, "3 at a time, 3 times a day"),
        ({"sets": 2, "reps": 5, "days_per_week": 1}, "2 sets of 5, once a day, 1 day a week"),
        ({"sets": 3, "reps": 4, "hold_s": 5}, "3 sets of 4, 5 seconds each, once a day"),
        ({"minutes": 2, "reps": 10}, "2 minutes with 10 repetitions, once a day"),
        ({"interval_h": 4, "per_day": 6}, "every 4 hours (6 times a day)"),
        ({"one_off": True}, "once, then keep it so"),
        ({"per_prescription": True}, "each dose as prescribed"),
        ({"duration_days": 28, "toilet_trips_per_day": 4}, "28 days; 4 toilet trips a day"),
        ({"duration_days": 1}, "1 day"),
        ({"per_week": 1, "days_per_week": 1}, "once a week"),
        ({"minutes": 5, "sets": 2, "per_week": 2}, "2 sets of 5 minutes, twice a week"),
        ({"per_day": 4}, "4 times a day"),
        ({"reps": 4, "height_cm": 5, "days_per_week": 4}, "4 times, 5 cm high, once a day, 4 days a week"),
        ({"sets": 3, "reps": 10, "each_side": True, "per_day": 2}, "3 sets of 10, each side, twice a day"),
        ({"steps": 20}, "20 steps, once a day"),
        ({"sets": 2, "steps": 20, "days_per_week": 3}, "2 sets of 20 steps, once a day, 3 days a week"),
        ({"steps": 5, "hold_s": 2}, "5 steps, 2 seconds each, once a day"),
        ({"minutes": 2, "steps": 20}, "2 minutes with 20 steps, once a day"),
        (
            {"minutes": 3, "within": "leash-walk", "per_day": 3},
            "3 minutes of each Controlled leash walk, 3 times a day",
        ),
        ({"minutes": 3, "within": "own-walk"}, "3 minutes of each own walk, once a day"),
        ({"within": "leash-walk", "per_day": 2}, "in each Controlled leash walk, twice a day"),
        ({"reps": 5, "from_week": 3}, "5 times, once a day; from week 3"),
        (
            {"minutes": 5, "per_day": 3, "ramp_by": 1, "ramp_to": 12},
            "5 minutes, 3 times a day; then 1 minute more each week, up to 12, when your clinic says so",
        ),
        (
            {"reps": 30, "ramp_by": 2, "ramp_to": 40},
            "30 times, once a day; then 2 repetitions more each week, up to 40, when your clinic says so",
        ),
        (
            {"hold_s": 10, "ramp_by": 2, "ramp_to": 20},
            "10 seconds, once a day; then 2 seconds more each week, up to 20, when your clinic says so",
        ),
        (
            {"steps": 10, "ramp_by": 1, "ramp_to": 20},
            "10 steps, once a day; then 1 step more each week, up to 20, when your clinic says so",
        ),
        ({"minutes": 12, "ramp_by": 1, "ramp_to": 12}, "12 minutes, once a day"),
        ({"minutes": 5, "when_time": True}, "5 minutes, whenever there is time, at most once a day"),
        (
            {"minutes": 5, "when_time": True, "per_day": 2, "days_per_week": 5},
            "5 minutes, whenever there is time, at most twice a day, 5 days a week",
        ),
        ({"reps": 5, "only_if": "the floor is dry"}, "5 times, once a day; only if: the floor is dry"),
        ({"one_off": True, "recheck_days": 14}, "once; look again every 14 days"),
        ({"one_off": True, "recheck_days": 1}, "once; look again every day"),
        ({"per_prescription": True, "from_week": 2}, "each dose as prescribed; from week 2"),
    ],
)
def test_dose_in_plain_words(stored: dict[str, Any], text: str) -> None:
    assert dose_text(Dose.from_json(stored), NAMES_OF_ITEMS) == text


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        (Dose(minutes=5), Dose(minutes=6), "5 → 6 minutes"),
        (Dose(reps=10), Dose(sets=2, reps=3), "1 → 2 sets, 10 → 3 repetitions"),
        (Dose(hold_seconds=10), Dose(hold_seconds=12), "10 → 12 seconds"),
        (Dose(per_day=2), Dose(per_day=3), "twice a day → 3 times a day"),
        (Dose(days_per_week=7), Dose(days_per_week=5), "7 → 5 days a week"),
        (Dose(reps=5), Dose(reps=5, height_cm=5), "– → 5 cm high"),
        (Dose(one_off=True), Dose(minutes=5), "once, then keep it so → 5 minutes, once a day"),
        (Dose(minutes=5), Dose(minutes=5), ""),
        (Dose(reps=5), Dose(reps=5, each_side=True), "– → each side"),
        (Dose(reps=5), Dose(steps=20), "5 repetitions → –, – → 20 steps"),
        (Dose(steps=20), Dose(steps=22), "20 → 22 steps"),
        (Dose(minutes=5), Dose(minutes=5, part_of="leash-walk"), "– → within Controlled leash walk"),
        (Dose(minutes=5, when_time=True), Dose(minutes=5), "whenever there is time → –"),
        (Dose(reps=5, only_if="dry"), Dose(reps=5, only_if="calm"), "only if: dry → only if: calm"),
        (Dose(reps=5, from_week=3), Dose(reps=5), "from week 3 → –"),
        (Dose(minutes=5), Dose(minutes=5, ramp_by=1, ramp_to=12), "– → 1 minute more each week, up to 12"),
        (
            Dose(minutes=5, ramp_by=1, ramp_to=12),
            Dose(minutes=6, ramp_by=1, ramp_to=10),
            "5 → 6 minutes, 1 minute more each week, up to 12 → 1 minute more each week, up to 10",
        ),
        (Dose(minutes=5, ramp_by=1, ramp_to=12), Dose(minutes=6, ramp_by=1, ramp_to=12), "5 → 6 minutes"),
        (
            Dose(one_off=True, recheck_days=7),
            Dose(one_off=True, recheck_days=14),
            "look again every 7 days → look again every 14 days",
        ),
    ],
)
def test_change_of_a_dose_in_plain_words(old: Dose, new: Dose, text: str) -> None:
    assert change_text(old, new, NAMES_OF_ITEMS) == text


@given(doses(), doses())
def test_change_of_a_dose_is_told_whole(old: Dose, new: Dose) -> None:
    assert (change_text(old, new) == "") is (old == new)


@given(doses(), st.sampled_from(sorted(dosing.KEYS)), doses())
def test_change_of_anything_in_a_dose_is_told(old: Dose, name: str, other: Dose) -> None:
    values = {field: getattr(old, field) for field in dosing.KEYS} | {name: getattr(other, name)}
    try:
        new = Dose(**values)
    except InvalidDose:
        return
    assert (change_text(old, new) == "") is (old == new)


@given(doses())
def test_every_dose_has_words(dose: Dose) -> None:
    assert dose_text(dose)
    assert ", ," not in dose_text(dose)
    assert "%(" not in dose_text(dose)


def test_everything_of_a_dose_has_a_name() -> None:
    assert set(NAMES) == set(dosing.KEYS) - {"one_off", "per_prescription"}
    assert set(AMOUNTS) == set(dosing.LIMITS) - {"from_week", "ramp_by", "ramp_to", "recheck_days"}


def test_number_outside_the_range_in_plain_words() -> None:
    outside = Outside(variable="minutes", value=40, low=2, high=30)
    assert outside_text(outside) == "minutes: 40 is outside 2 to 30"


def codes(module: Any, pattern: str) -> set[str]:
    """The codes that a module can give, as its source writes them."""
    return set(re.findall(pattern, Path(module.__file__).read_text()))


def test_every_contradiction_has_its_sentence() -> None:
    assert codes(dosing, r'code="(\w+)"') == set(CONTRADICTIONS)


@pytest.mark.parametrize(
    ("stored", "text"),
    [
        ({"reps": 5, "steps": 5}, "Give either repetitions or steps, not both."),
        (
            {"minutes": 5, "ramp_by": 1, "ramp_to": 4},
            "The growth must end between 5, the dose now, and 240.",
        ),
        ({"minutes": 5, "ramp_by": 2, "ramp_to": 20}, "Too steep: from 11 on, one week may add at most 1."),
        ({"minutes": "5"}, "This is not a dose."),
    ],
)
def test_contradiction_in_plain_words(stored: dict[str, Any], text: str) -> None:
    with pytest.raises(InvalidDose) as raised:
        Dose.from_json(stored)
    assert contradiction_text(raised.value) == text


def test_end_of_a_ramp_outside_the_range_in_plain_words() -> None:
    assert outside_text(Outside(variable="ramp_to", value=40, low=2, high=30)) == "up to: 40 is outside 2 to 30"


def test_every_misplaced_part_has_its_sentence() -> None:
    every = codes(totals, r'return "(\w+)"') - {"too_many_active", "session_too_long"} | {"too_often"}
    texts = {
        why: misplaced_text(Misplaced(slug="hill-walk", part_of="leash-walk", why=why), NAMES_OF_ITEMS) for why in every
    }
    assert len(set(texts.values())) == 6
    assert texts["too_often"] == (
        "Hill walk is to happen more often than Controlled leash walk, inside which it is done."
    )


def test_every_warning_has_its_sentence() -> None:
    assert {code: warning_text(code) for code in codes(totals, r'yield "(\w+)"')} == {
        "too_many_active": "More than 4 active exercises: families keep up fewer.",
        "session_too_long": "One round takes more than 15 minutes: families keep up shorter ones.",
    }


@pytest.mark.parametrize(
    ("refusal", "text"),
    [
        (
            Refusal(active=3, on_target=1, off_target=("a", "b")),
            (
                "The back is overloaded by a limb, so at least 2 of 3 active exercises must work on the limb or a listed "
                "habit; 1 does."
            ),
        ),
        (
            Refusal(active=5, on_target=2, off_target=("a", "b", "c")),
            (
                "The back is overloaded by a limb, so at least 3 of 5 active exercises must work on the limb or a listed "
                "habit; 2 do."
            ),
        ),
    ],
)
def test_half_rule_in_plain_words(refusal: Refusal, text: str) -> None:
    assert half_rule_text(refusal) == text


def test_every_shortfall_has_its_sentence() -> None:
    every = codes(shortfalls, r'found="(\w+)"') | {"too_many_active"}
    texts = {
        found: shortfall_text(
            Shortfall(code="", found=found, document="", slugs=("leash-walk", "own-one"), habits=("bunny_hop",)),
            NAMES_OF_ITEMS,
            {"bunny_hop": "Bunny-hops with both back legs"},
        )
        for found in every
    }
    assert len(set(texts.values())) == 10
    assert texts["not_retrained"] == "No exercise retrains a listed habit: Bunny-hops with both back legs."
    assert texts["not_shown_back"] == ("The family has not shown back yet, arrange it: Controlled leash walk, own one.")
