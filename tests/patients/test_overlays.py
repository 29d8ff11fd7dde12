"""What tightens a row: each overlay on both sides of its threshold, and that nothing ever loosens one."""

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehab.library import reading
from rehab.patients.case import Case, ItemFacts
from rehab.patients.findings import CODES, FINDINGS
from rehab.patients.overlays import (
    BENDS_THE_NECK,
    CARE_THAT_STAYS,
    IN_WATER,
    RULES,
    WHILE_INFLAMED,
    overlays_of,
    stage,
)
from rehab.patients.standing import CAREFUL, Standing, contraindications_now

ON = dt.date(2026, 3, 18)
EXERCISES = {
    data["slug"]: ItemFacts(
        slug=data["slug"],
        category=data["category"],
        load=data["load"],
        is_active=data["mode"] == "active",
        contraindications=frozenset(data["contra"]),
    )
    for data in reading.read(reading.EXERCISES)["exercises"]
}
CALM = Case(
    origin="primary",
    mechanism="musculoskeletal",
    neuro_deficit=False,
    neuro_grade=1,
    cause="soft_tissue",
    onset_on=ON - dt.timedelta(days=20),
    activity_order="leash_only",
    pain_at_rest=2,
    has_pain_plan=True,
    body_condition=5,
    re_exam_due_on=ON,
)
NERVES = {"mechanism": "neurologic", "cause": "disc"}


def ago(days: int) -> dt.date:
    return ON - dt.timedelta(days=days)


def case(**fields: Any) -> Case:
    return replace(CALM, **fields)


def ids(looked_at: Case, *, profile: str = "") -> list[str]:
    return [overlay.id for overlay in overlays_of(looked_at, on=ON, profile=profile)]


def blocked(*, on: dt.date = ON, **fields: Any) -> set[str]:
    """The exercises that tightening, not the row, forbids for everybody."""
    return _with_status("blocked", Standing.of(case(**fields), on=on))


def _with_status(status: str, standing: Standing) -> set[str]:
    return {
        item.slug
        for item in EXERCISES.values()
        if status == max((r.status for r in standing.reasons(item)), key=CAREFUL.index, default="allowed")
    }


def every(**wanted: Any) -> set[str]:
    return {
        item.slug for item in EXERCISES.values() if all(getattr(item, name) == value for name, value in wanted.items())
    }


def with_code(code: str) -> set[str]:
    return {item.slug for item in EXERCISES.values() if code in item.contraindications}


def loaded(more_than: int) -> set[str]:
    return {item.slug for item in EXERCISES.values() if item.load > more_than}


def test_every_overlay_of_the_content_has_its_rule() -> None:
    assert list(RULES) == [overlay["id"] for overlay in reading.decision()["overlays"]]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, []),
        ({"cause": "inflammatory"}, ["O1"]),
        ({"cause": "inflammatory", "findings": frozenset({"vet_released"})}, []),
        ({"open_stops": frozenset({"all_active"})}, ["O2"]),
        ({"open_stops": frozenset({"none_or_named_exercise", "none"})}, []),
        ({"onset_on": ago(2)}, ["O3"]),
        ({"onset_on": ago(3)}, []),
        ({"onset_on": None}, ["O3"]),
        ({"surgery_on": ago(13)}, ["O4"]),
        ({"surgery_on": ago(14)}, []),
        ({"activity_order": "strict_rest"}, ["O5"]),
        ({"activity_order": "room_rest"}, []),
        ({"pain_at_rest": 5}, []),
        ({"pain_at_rest": 6}, ["O6"]),
        ({**NERVES, "pain_at_rest": 3}, []),
        ({**NERVES, "pain_at_rest": 4}, ["O6"]),
        ({"pain_at_rest": None}, ["O6"]),
        ({"re_exam_due_on": ON}, []),
        ({"re_exam_due_on": ago(1)}, ["O7"]),
        ({"re_exam_due_on": None}, ["O7"]),
        ({"signs": frozenset({"hunched_back", "normal_coordination"})}, []),
        ({"signs": frozenset({"difficulty_walking"})}, ["O8"]),
        ({"signs": frozenset({"difficulty_walking"}), "cause": "arthritis"}, []),
        ({"findings": frozenset({"neck_pain"})}, ["O9"]),
        ({"region": "Cervical"}, ["O9"]),
        *(
            ({"region": region}, ["O9"])
            for region in (
                *("Neck", "left neck, C3", "C2–C3", "C6/C7", "c5", "C 5", "C7-T1", "C2C3"),
                *("cervicothoracic", "Mid-cervical", "Atlantoaxial"),
            )
        ),
        *(
            ({"region": region}, [])
            for region in (
                "",
                "Thoracic",
                "C-section scar",
                "caudal",
                "Caudal lumbar",
                "L4–L6",
                "T3",
                "TC1",
                "C12",
                "Cd2",
            )
        ),
        ({"findings": frozenset({"wound"})}, ["O10"]),
        ({"findings": frozenset({"skin_damage"})}, ["O10"]),
        ({"findings": frozenset({"numb_area"})}, []),
        ({"body_condition": 6}, []),
        ({"body_condition": 7}, ["O11"]),
        ({"body_condition": None}, []),
        ({"findings": frozenset({"open_growth_plates"})}, ["O12"]),
        ({"findings": frozenset({"pregnant_or_bloat"})}, ["O12"]),
        ({"cause": "inflammatory", "activity_order": "strict_rest", "pain_at_rest": 9}, ["O1", "O5", "O6"]),
    ],
)
def test_overlay_holds_from_its_threshold(fields: dict[str, Any], expected: list[str]) -> None:
    assert ids(case(**fields)) == expected


def test_a_programs_neurologic_profile_lowers_the_limit_of_pain() -> None:
    hurting = case(pain_at_rest=4)
    assert ids(hurting) == []
    assert ids(hurting, profile="neuro") == ["O6"]
    assert ids(case(**NERVES, pain_at_rest=4), profile="msk") == ["O6"]


def test_o1_leaves_only_care_at_rest() -> None:
    assert blocked(cause="inflammatory") == {
        slug for slug, item in EXERCISES.items() if item.category not in WHILE_INFLAMED
    }


def test_o2_applies_the_widest_scope_that_is_open() -> None:
    assert blocked(open_stops=frozenset({"named_exercise"})) == set()
    assert blocked(open_stops=frozenset({"all_active", "named_exercise"})) == every(is_active=True)
    assert blocked(open_stops=frozenset({"all_active_and_passive"})) == EXERCISES.keys() - CARE_THAT_STAYS
    # A scope that nobody has heard of stops the dog rather than nothing.
    assert blocked(open_stops=frozenset({"unheard_of"})) == every(is_active=True)
    assert EXERCISES.keys() > CARE_THAT_STAYS


@pytest.mark.parametrize("scope", ["named_exercise", "all_active", "all_active_and_passive"])
def test_o2_stops_the_program_whatever_the_scope(scope: str) -> None:
    (overlay,) = overlays_of(case(open_stops=frozenset({scope})), on=ON)
    assert (overlay.no_assignment, overlay.no_progress) == (True, True)


def test_o2_knows_every_scope_of_the_content() -> None:
    scopes = {flag["stop"] for flag in reading.read(reading.RED_FLAGS)["flags"]}
    assert scopes == {"all_active_and_passive", "all_active", "named_exercise", "none_or_named_exercise"}


def test_o3_blocks_heat_and_load_and_leaves_cold() -> None:
    found = blocked(onset_on=ago(0))
    assert found == loaded(1) | {"heat-pack"}
    assert "cold-pack" not in found


def test_o4_blocks_water_and_load_and_leaves_the_wound_to_a_vet() -> None:
    standing = Standing.of(case(surgery_on=ago(0)), on=ON)
    assert _with_status("blocked", standing) == loaded(1) | IN_WATER
    assert _with_status("gated", standing) == {"heat-pack", "prom-limbs", "side-roll"}
    assert standing.cautions(EXERCISES["light-massage"]) == ("Not within 5 cm of the wound.",)
    assert standing.cautions(EXERCISES["prom-limbs"]) == ()
    # A wound that did not heal is another matter.
    assert "light-massage" in blocked(surgery_on=ago(0), findings=frozenset({"wound"}))


def test_o5_leaves_what_can_be_done_in_a_crate() -> None:
    assert blocked(activity_order="strict_rest") == (
        loaded(1) | every(category="gait_endurance") | with_code("X_STRICT")
    )


def test_o6_stops_what_the_dog_does_itself_and_what_hurts() -> None:
    assert blocked(pain_at_rest=6) == every(is_active=True) | with_code("X_PAIN")


@pytest.mark.parametrize(
    ("fields", "late", "stops"),
    [({}, 14, False), ({}, 15, True), (NERVES, 7, False), (NERVES, 8, True)],
)
def test_o7_stops_active_items_when_it_is_too_late(fields: dict[str, Any], late: int, stops: bool) -> None:
    (overlay,) = overlays_of(case(**fields, re_exam_due_on=ago(late)), on=ON)
    assert (overlay.id, overlay.no_assignment, overlay.no_progress, overlay.no_active) == ("O7", True, True, stops)


def test_what_nobody_wrote_down_is_read_as_the_worse_answer() -> None:
    assert blocked(pain_at_rest=None) == blocked(pain_at_rest=10)
    (pain,) = overlays_of(case(pain_at_rest=None), on=ON)
    assert pain.sentence % pain.values == "No exercise until the pain at rest is scored."
    (overdue,) = overlays_of(case(re_exam_due_on=None), on=ON)
    assert (overdue.no_active, overdue.no_progress, overdue.no_assignment) == (True, True, True)
    assert blocked(re_exam_due_on=None) == every(is_active=True)


def test_body_condition_that_was_not_scored_is_said_and_forbids_nothing() -> None:
    standing = Standing.of(case(body_condition=None), on=ON)
    assert standing.program_cautions == (
        "The body condition was not scored: whether weight control belongs in the program is not known.",
    )
    assert blocked(body_condition=None) == set()
    assert Standing.of(CALM, on=ON).program_cautions == ()


def test_o8_lets_nothing_be_assigned() -> None:
    (overlay,) = overlays_of(case(signs=frozenset({"stumble_cross_legs"})), on=ON)
    assert (overlay.no_assignment, overlay.no_progress) == (True, True)


def test_o9_spares_the_neck() -> None:
    standing = Standing.of(case(findings=frozenset({"neck_pain"})), on=ON)
    assert _with_status("blocked", standing) == BENDS_THE_NECK | with_code("X_NECK")
    assert standing.program_cautions == ("Harness only: nothing on the neck, no lead on a collar.",)
    assert EXERCISES.keys() > BENDS_THE_NECK


def test_o10_blocks_what_loads_the_skin() -> None:
    assert blocked(findings=frozenset({"wound"})) == with_code("X_WOUND")
    assert blocked(findings=frozenset({"skin_damage"})) == with_code("X_SKIN")


def test_o11_demands_weight_control_and_blocks_the_highest_load() -> None:
    (overlay,) = overlays_of(case(body_condition=9), on=ON)
    assert overlay.mandatory == {"weight-control"} < EXERCISES.keys()
    assert blocked(body_condition=9) == every(load=4)


def test_o12_leaves_load_3_and_more_to_a_vet() -> None:
    standing = Standing.of(case(findings=frozenset({"open_growth_plates"})), on=ON)
    assert _with_status("gated", standing) == loaded(2)
    assert _with_status("blocked", standing) == set()


@pytest.mark.parametrize(
    ("finding", "code"), [(finding.code, code) for finding in FINDINGS for code in finding.contraindications]
)
def test_finding_blocks_every_exercise_with_its_code(finding: str, code: str) -> None:
    assert with_code(code)
    assert blocked(findings=frozenset({finding})) >= with_code(code)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, {}),
        ({"neuro_grade": 2}, {}),
        ({"neuro_grade": 3}, {"X_NONAMB": "blocked"}),
        ({"neuro_grade": 3, "unaided_steps": 4}, {"X_NONAMB": "blocked"}),
        ({"unaided_steps": 9}, {"X_NONAMB": "gated"}),
        ({"unaided_steps": 10}, {}),
        ({"standing_s": 9.5}, {"X_NOSTAND": "gated"}),
        ({"standing_s": 10}, {}),
        ({"standing_s": 30, "findings": frozenset({"cannot_stand_10s"})}, {"X_NOSTAND": "blocked"}),
        ({"standing_s": 5, "findings": frozenset({"cannot_stand_10s"})}, {"X_NOSTAND": "blocked"}),
    ],
)
def test_grade_and_baseline_answer_contraindications(fields: dict[str, Any], expected: dict[str, str]) -> None:
    assert contraindications_now(case(**fields)) == expected


def test_nerve_pain_needs_a_plan_before_the_dog_works() -> None:
    without = Standing.of(case(**NERVES, has_pain_plan=False), on=ON)
    assert _with_status("blocked", without) == every(is_active=True)
    assert without.verdict(EXERCISES["leash-walk"]).why.startswith("No active exercise until")
    assert blocked(has_pain_plan=False) == set()


@pytest.mark.parametrize(
    ("days", "expected"),
    [(-1, "acute"), (0, "acute"), (27, "acute"), (28, "subacute"), (83, "subacute"), (84, "chronic"), (900, "chronic")],
)
def test_stage_by_the_days_since_the_onset(days: int, expected: str) -> None:
    assert stage(ago(days), ON) == expected


@pytest.mark.parametrize(
    ("fields", "days"),
    [({}, 20), ({"surgery_on": ago(6)}, 6), ({"onset_on": None}, 0)],
)
def test_days_of_healing_count_from_the_operation(fields: dict[str, Any], days: int) -> None:
    assert case(**fields).days_of_healing(ON) == days


# --- Whatever the case, nothing is loosened -----------------------------------------------------------------

RELEASES = {finding.code for finding in FINDINGS if finding.releases}
FORBIDDING = sorted(set(CODES) - RELEASES)
DAYS = st.none() | st.integers(-3, 200).map(ago)
CASES = st.builds(
    Case,
    origin=st.sampled_from(["", "primary", "secondary", "undetermined"]),
    mechanism=st.sampled_from(["", "musculoskeletal", "neurologic", "mixed", "undetermined"]),
    neuro_deficit=st.none() | st.booleans(),
    neuro_grade=st.none() | st.integers(0, 5),
    cause=st.sampled_from(["", "arthritis", "disc", "soft_tissue", "inflammatory", "other_neuro", "compensatory"]),
    region=st.sampled_from(["", "Cervical", "Lumbar"]),
    signs=st.frozensets(st.sampled_from([code for codes in reading.signs().values() for code in codes])),
    findings=st.frozensets(st.sampled_from(CODES)),
    onset_on=DAYS,
    surgery_on=DAYS,
    activity_order=st.sampled_from(["", "strict_rest", "room_rest", "leash_only", "free"]),
    pain_at_rest=st.none() | st.integers(0, 10),
    has_pain_plan=st.booleans(),
    body_condition=st.none() | st.integers(1, 9),
    re_exam_due_on=DAYS,
    standing_s=st.none() | st.integers(0, 60),
    unaided_steps=st.none() | st.integers(0, 10),
    open_stops=st.frozensets(st.sampled_from(["all_active", "all_active_and_passive", "named_exercise"])),
)
ITEMS = st.sampled_from(list(EXERCISES.values())) | st.builds(
    ItemFacts,
    slug=st.just("own-exercise"),
    category=st.sampled_from(sorted(reading.decision()["categories"])),
    load=st.integers(0, 4),
    is_active=st.booleans(),
    contraindications=st.frozensets(st.sampled_from(sorted(reading.contraindications()))),
)
PROFILES = st.sampled_from(["", "msk", "neuro"])


def carefulness(looked_at: Case, item: ItemFacts, profile: str = "") -> int:
    return CAREFUL.index(Standing.of(looked_at, on=ON, profile=profile).verdict(item).status)


@given(looked_at=CASES, item=ITEMS, profile=PROFILES)
def test_overlays_never_allow_what_the_row_forbids(looked_at: Case, item: ItemFacts, profile: str) -> None:
    by_row = looked_at.row.verdict(
        category=item.category, slug=item.slug, load=item.load, limb_is_stable=looked_at.limb_is_stable
    )
    assert carefulness(looked_at, item, profile) >= CAREFUL.index(by_row.status)


@given(looked_at=CASES, item=ITEMS, finding=st.sampled_from(FORBIDDING))
def test_a_finding_more_never_allows_more(looked_at: Case, item: ItemFacts, finding: str) -> None:
    found = replace(looked_at, findings=looked_at.findings | {finding})
    assert carefulness(found, item) >= carefulness(looked_at, item)


@given(looked_at=CASES, item=ITEMS, more=st.data())
def test_an_overlay_more_never_allows_more(looked_at: Case, item: ItemFacts, more: st.DataObject) -> None:
    standing = Standing.of(looked_at, on=ON)
    kept = tuple(overlay for overlay in standing.overlays if more.draw(st.booleans(), label=overlay.id))
    with_fewer = replace(standing, overlays=kept).verdict(item)
    assert CAREFUL.index(standing.verdict(item).status) >= CAREFUL.index(with_fewer.status)


@given(looked_at=CASES, item=ITEMS, profile=PROFILES)
def test_neurologic_limits_never_allow_more(looked_at: Case, item: ItemFacts, profile: str) -> None:
    assert carefulness(looked_at, item, "neuro") >= carefulness(looked_at, item, profile)


@given(looked_at=CASES, item=ITEMS)
def test_ticks_release_what_they_name_and_nothing_else(looked_at: Case, item: ItemFacts) -> None:
    plain = replace(looked_at, findings=looked_at.findings - RELEASES)
    released = replace(plain, findings=plain.findings | {"vet_released"})
    stable = replace(plain, findings=plain.findings | {"limb_stable"})
    before = Standing.of(plain, on=ON)

    assert Standing.of(released, on=ON).overlays == tuple(o for o in before.overlays if o.id != "O1")
    assert Standing.of(released, on=ON).row_verdict(item) == before.row_verdict(item)
    assert Standing.of(stable, on=ON).overlays == before.overlays
    if plain.row.id != "D5":
        assert Standing.of(stable, on=ON).verdict(item) == before.verdict(item)


@given(looked_at=CASES, item=ITEMS)
def test_every_verdict_has_its_reason_in_words(looked_at: Case, item: ItemFacts) -> None:
    verdict = Standing.of(looked_at, on=ON).verdict(item)
    assert bool(verdict.why) == (verdict.status != "allowed")
    assert "%(" not in verdict.why
