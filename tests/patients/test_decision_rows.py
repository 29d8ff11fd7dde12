"""From the signed answers to what may be prescribed."""

import itertools

import pytest

from rehab.library import reading
from rehab.patients.decision_rows import (
    ONLY_FOR,
    UNTIL_THE_LIMB_IS_STABLE,
    Row,
    categories,
    max_load,
    row_for,
)

ORIGINS = ["", "primary", "secondary", "undetermined"]
MECHANISMS = ["", "musculoskeletal", "neurologic", "mixed", "undetermined"]
DEFICITS = [None, False, True]
GRADES = [None, 0, 1, 2, 3, 4, 5]

EVERYTHING = list(itertools.product(ORIGINS, MECHANISMS, DEFICITS, GRADES))


def expected(origin: str, mechanism: str, deficit: bool | None, grade: int | None) -> str:
    """The table of 03_decision.yaml, written out by hand."""
    answered = origin and mechanism and deficit is not None and grade is not None
    if not answered or grade is None or deficit != (grade >= 2):
        return "D7"
    nerve = mechanism in ("neurologic", "mixed")
    if origin == "primary":
        if mechanism == "musculoskeletal":
            return "D7" if deficit else "D1"
        if nerve:
            return "D2" if grade < 2 else "D3" if grade == 2 else "D4"
    if origin == "secondary":
        if mechanism == "musculoskeletal":
            return "D7" if deficit else "D5"
        if nerve:
            return "D6"
    return "D7"


def row(origin: str, mechanism: str, deficit: bool | None, grade: int | None) -> Row:
    return row_for(origin=origin, mechanism=mechanism, neuro_deficit=deficit, neuro_grade=grade)


@pytest.mark.parametrize(("origin", "mechanism", "deficit", "grade"), EVERYTHING)
def test_row_for_maps_every_combination_of_answers(
    origin: str, mechanism: str, deficit: bool | None, grade: int | None
) -> None:
    found = row(origin, mechanism, deficit, grade)

    assert found.id == expected(origin, mechanism, deficit, grade)
    # Each category has one verdict, and nothing is both allowed and gated.
    assert not found.allow & found.gated.keys()
    assert {*found.allow, *found.gated, *found.blocked} == {*categories()}


def test_row_for_was_asked_about_every_combination() -> None:
    assert len(EVERYTHING) == 4 * 5 * 3 * 7
    assert {expected(*answers) for answers in EVERYTHING} == {f"D{number}" for number in range(1, 8)}


def test_nothing_undetermined_is_ever_read_as_musculoskeletal() -> None:
    for answers in EVERYTHING:
        if {"", "undetermined", None} & set(answers):
            assert row(*answers).profile == "neuro"


def test_core_strength_is_only_free_where_the_vet_said_tissue_load() -> None:
    free = {
        answers
        for answers in EVERYTHING
        if row(*answers).verdict(category="core_strength", slug="sit-stand").status == "allowed"
    }
    assert free == {("primary", "musculoskeletal", False, grade) for grade in (0, 1)}


def test_d1_allows_all_but_nerve_stimulation() -> None:
    d1 = row("primary", "musculoskeletal", deficit=False, grade=1)

    assert (d1.profile, d1.start_phase, d1.re_exam_days) == ("msk", "P1", (14, 42, 84))
    assert d1.blocked == ("neuro_stimulation",)
    assert d1.verdict(category="neuro_stimulation", slug="toe-squeeze").why == (
        "D1: Back tissue is the source, load-related"
    )
    assert d1.limits.max_active_items == 6
    assert not d1.requires_limb_plan


def test_d2_gates_core_strength_with_the_condition_in_words() -> None:
    d2 = row("primary", "mixed", deficit=False, grade=0)

    verdict = d2.verdict(category="core_strength", slug="sit-stand")
    assert (verdict.status, verdict.why) == ("gated", "pain controlled >=14 days and phase P3 signed")
    assert d2.extra_gate.startswith("no active exercise until pain_control_plan")
    assert d2.limits.one_variable_at_a_time


def test_d4_asks_for_the_surgery_question_and_the_bladder() -> None:
    d4 = row("primary", "neurologic", deficit=True, grade=4)

    assert (d4.requires_surgical_decision, d4.requires_bladder_plan, d4.requires_deep_pain) == (
        True,
        True,
        True,
    )
    assert d4.verdict(category="gait_endurance", slug="sling-walk").why == "sling-walk only, P1 signed"


@pytest.mark.parametrize("grade", [3, 4, 5])
def test_an_open_origin_never_allows_more_than_the_row_that_also_fits(grade: int) -> None:
    open_question = row("undetermined", "neurologic", deficit=True, grade=grade)
    d4 = row("primary", "neurologic", deficit=True, grade=grade)
    d7 = row("undetermined", "undetermined", deficit=True, grade=grade)

    assert (open_question.id, open_question.inherits) == ("D7", "D4")
    assert open_question.allow == {"nursing_care", "massage_manual", "home_safety", "enrichment"}
    assert open_question.gated == {"thermal": "vet only"}
    assert open_question.probe_allowed == frozenset()
    assert open_question.allow < d4.allow
    assert open_question.allow < d7.allow
    assert open_question.requires_surgical_decision
    assert open_question.requires_bladder_plan
    assert open_question.requires_deep_pain
    assert open_question.forbids_progress
    assert set(open_question.re_exam_days) == {*d4.re_exam_days, *d7.re_exam_days}


def test_d5_gates_what_it_also_lists_as_allowed() -> None:
    d5 = row("secondary", "musculoskeletal", deficit=False, grade=1)

    assert d5.requires_limb_plan
    assert d5.verdict(category="core_strength", slug="sit-stand").status == "gated"
    assert d5.verdict(category="balance_stabilisation", slug="weight-shift").status == "allowed"


@pytest.mark.parametrize(
    ("slug", "category", "load", "waiting"),
    [
        ("sit-stand", "core_strength", 2, "gated"),
        ("step-up", "core_strength", 4, "gated"),
        ("cavaletti-flat", "balance_stabilisation", 2, "gated"),
        ("weight-shift", "balance_stabilisation", 2, "allowed"),
        ("terrain-walk", "balance_stabilisation", 3, "allowed"),
        ("leash-walk", "gait_endurance", 2, "allowed"),
        ("hill-walk", "gait_endurance", 4, "gated"),
        ("dune-walk", "gait_endurance", 3, "gated"),
    ],
)
def test_d5_waits_for_the_limb_with_strength_hills_steps_and_poles(
    slug: str, category: str, load: int, waiting: str
) -> None:
    d5 = row("secondary", "musculoskeletal", deficit=False, grade=0)

    assert d5.verdict(category=category, slug=slug, load=load).status == waiting
    assert d5.verdict(category=category, slug=slug, load=load, limb_is_stable=True).status == "allowed"


def test_a_stable_limb_opens_no_other_row() -> None:
    exercises = reading.read(reading.EXERCISES)["exercises"]
    opened = {
        answers
        for answers in EVERYTHING
        for e in exercises
        if row(*answers).verdict(category=e["category"], slug=e["slug"], load=e["load"])
        != row(*answers).verdict(category=e["category"], slug=e["slug"], load=e["load"], limb_is_stable=True)
    }
    assert opened == {("secondary", "musculoskeletal", False, grade) for grade in (0, 1)}


def test_conditions_known_by_their_words_are_still_those_of_the_content() -> None:
    written = {
        condition for data in reading.decision()["rows"] for condition in data.get("block_until_gate", {}).values()
    }
    slugs = {e["slug"] for e in reading.read(reading.EXERCISES)["exercises"]}
    assert {*ONLY_FOR, *UNTIL_THE_LIMB_IS_STABLE} <= written
    assert {slug for only in ONLY_FOR.values() for slug in only} <= slugs


@pytest.mark.parametrize(
    ("deficit", "grade", "parent"),
    [(False, 0, "D2"), (False, 1, "D2"), (True, 2, "D3"), (True, 3, "D4"), (True, 4, "D4"), (True, 5, "D4")],
)
def test_d6_inherits_by_grade_and_asks_for_the_limb_too(deficit: bool, grade: int, parent: str) -> None:
    d6 = row("secondary", "neurologic", deficit=deficit, grade=grade)
    base = row("primary", "neurologic", deficit=deficit, grade=grade)

    assert (d6.id, d6.inherits, base.id) == ("D6", parent, parent)
    assert (d6.allow, d6.gated, d6.limits, d6.profile) == (base.allow, base.gated, base.limits, "neuro")
    assert d6.requires_limb_plan
    assert d6.requires_surgical_decision == (parent == "D4")
    assert d6.approver["progress"] == "vet"
    assert d6.re_exam_days[0] == base.re_exam_days[0]


def test_d7_allows_care_and_its_two_probes_and_nothing_else() -> None:
    d7 = row("undetermined", "musculoskeletal", deficit=False, grade=1)
    exercises = reading.read(reading.EXERCISES)["exercises"]

    allowed = {e["slug"] for e in exercises if d7.verdict(category=e["category"], slug=e["slug"]).status == "allowed"}
    care = {"nursing_care", "massage_manual", "thermal", "home_safety", "enrichment"}
    assert allowed == {e["slug"] for e in exercises if e["category"] in care} | {"stand-count", "leash-walk"}
    assert d7.verdict(category="gait_endurance", slug="leash-walk").is_probe
    assert d7.verdict(category="gait_endurance", slug="hill-walk").status == "blocked"
    assert d7.verdict(category="prom_stretching", slug="prom-limbs").status == "blocked"
    assert d7.gated == {}
    assert d7.forbids_progress


def test_max_load_is_lower_for_nerves_in_the_first_weeks() -> None:
    assert max_load(profile="msk", phase="P1") == 2
    assert max_load(profile="neuro", phase="P1") == 1
