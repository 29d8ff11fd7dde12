"""Both sides of each rule that says whether an exercise may be given."""

import datetime as dt
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from accounts.access import Role
from rehab.library.models import Exercise
from rehab.patients import findings
from rehab.patients.models import ProblemDefinition
from rehab.programs import gate

ON = dt.date(2026, 3, 18)


def definition(**fields: Any) -> ProblemDefinition:
    """Row D1 unless the fields say otherwise; not stored."""
    values: dict[str, Any] = {
        "origin": "primary",
        "mechanism": "musculoskeletal",
        "cause": "soft_tissue",
        "onset_on": ON - dt.timedelta(days=20),
        "neuro_deficit": False,
        "neuro_grade": 1,
        "pain_at_rest": 2,
        "pain_control": "medicine",
        "pain_control_plan": "Carprofen 50 mg twice a day",
        "cause_statement": "Strained a back muscle in play",
        "activities": [{"text": text, "score": 2} for text in ("Walks", "Car", "Garden")],
        "baseline": {"standing_s": 30},
        "activity_order": "leash_only",
        "re_exam_due_on": ON,
    }
    return ProblemDefinition(**{**values, **fields})


def exercise(**fields: Any) -> Exercise:
    values: dict[str, Any] = {
        "slug": "weight-shift",
        "name": "Weight shifts",
        "category": "balance_stabilisation",
        "mode": "active",
        "load": 2,
        "earliest_phase": "P2",
        "grades": [0, 1, 2, 3],
        "contraindications": ["X_STRICT", "X_PAIN"],
        "dose_range": {"reps": [3, 10]},
    }
    return Exercise(**{**values, **fields})


def rules(item: Exercise, signed: ProblemDefinition, phase: str = "P2") -> dict[str, bool]:
    row = gate.row_of(signed)
    found = gate.objections(item, definition=signed, row=row, profile=row.profile, phase=phase, on=ON)
    return {objection.rule: objection.vet_may for objection in found}


DISC = {"mechanism": "neurologic", "cause": "disc"}
WEAK = {**DISC, "neuro_deficit": True, "neuro_grade": 2}
LIMB = {"origin": "secondary", "limb_source_and_plan": "Left hip: weight down, hip exercises"}
OPERATED = {"surgery_on": ON - dt.timedelta(days=13)}


@pytest.mark.parametrize(
    ("item", "signed", "phase", "expected"),
    [
        ({}, {}, "P2", {}),
        # The row: blocked for everybody, or gated for a vet.
        ({"category": "neuro_stimulation"}, {}, "P2", {"D1": False}),
        ({"category": "neuro_stimulation"}, WEAK, "P2", {}),
        ({"category": "core_strength"}, WEAK, "P2", {"D3": True}),
        ({"category": "core_strength"}, {}, "P2", {}),
        ({}, {"origin": "undetermined"}, "P2", {"D7": False}),
        ({"slug": "stand-count"}, {"origin": "undetermined"}, "P2", {}),
        ({"category": "nursing_care"}, {"origin": "undetermined"}, "P2", {}),
        # The grade.
        ({"grades": [0, 1]}, {}, "P2", {}),
        ({"grades": [0]}, {}, "P2", {"GRADES": False}),
        # O1: inflammation is treated first.
        ({}, {"cause": "inflammatory"}, "P2", {"O1": False}),
        ({"category": "home_safety", "load": 0}, {"cause": "inflammatory"}, "P2", {}),
        ({"category": "thermal", "load": 0}, {"cause": "inflammatory"}, "P2", {"O1": False}),
        # O3: the first three days.
        ({}, {"onset_on": ON - dt.timedelta(days=2)}, "P2", {"O3": False}),
        ({}, {"onset_on": ON - dt.timedelta(days=3)}, "P2", {}),
        ({"load": 1, "contraindications": ["X_ACUTE3"]}, {"onset_on": ON}, "P2", {"O3": False}),
        ({"load": 1, "contraindications": []}, {"onset_on": ON}, "P2", {}),
        # O5: strict rest.
        ({}, {"activity_order": "strict_rest"}, "P2", {"O5": False}),
        ({"load": 1, "contraindications": []}, {"activity_order": "strict_rest"}, "P2", {}),
        ({"load": 1, "contraindications": ["X_STRICT"]}, {"activity_order": "strict_rest"}, "P2", {"O5": False}),
        (
            {"load": 1, "contraindications": [], "category": "gait_endurance"},
            {"activity_order": "strict_rest"},
            "P2",
            {"O5": False},
        ),
        ({}, {"activity_order": "room_rest"}, "P2", {}),
        # O6: pain at rest, 5 with musculoskeletal and 3 with neurologic limits.
        ({}, {"pain_at_rest": 5}, "P2", {}),
        ({}, {"pain_at_rest": 6}, "P2", {"O6": False}),
        ({}, {**DISC, "pain_at_rest": 3}, "P2", {}),
        ({}, {**DISC, "pain_at_rest": 4}, "P2", {"O6": False}),
        ({"mode": "passive", "contraindications": []}, {"pain_at_rest": 6}, "P2", {}),
        ({"mode": "passive", "contraindications": ["X_PAIN"]}, {"pain_at_rest": 6}, "P2", {"O6": False}),
        # The phase: its load, its exercises, and the day.
        ({"load": 3}, {}, "P2", {"LOAD": True}),
        ({"load": 3}, {}, "P3", {}),
        ({"load": 2, "earliest_phase": "P1"}, {}, "P1", {}),
        ({"load": 2, "earliest_phase": "P1"}, DISC, "P1", {"LOAD": True}),
        ({"load": 1}, {}, "P1", {"PHASE": True}),
        ({"not_before_day": 20}, {}, "P2", {}),
        ({"not_before_day": 21}, {}, "P2", {"DAY": True}),
        # After surgery the days count from there.
        ({"not_before_day": 20}, {"surgery_on": ON - dt.timedelta(days=19)}, "P2", {"DAY": True}),
        # O1 is lifted by a vet's tick, and by nothing else.
        ({}, {"cause": "inflammatory", "findings": ["vet_released"]}, "P2", {}),
        ({}, {"cause": "inflammatory", "findings": ["limb_stable"]}, "P2", {"O1": False}),
        # O4: a fresh wound. What the wound itself forbids, a vet may allow away from it.
        ({}, OPERATED, "P2", {"O4": False}),
        ({"load": 1}, OPERATED, "P2", {}),
        ({"load": 1, "contraindications": ["X_WOUND"]}, OPERATED, "P2", {"O4": True}),
        ({"load": 1, "contraindications": ["X_WOUND"], "category": "massage_manual"}, OPERATED, "P2", {}),
        ({"load": 1, "slug": "water-treadmill-clinic"}, OPERATED, "P2", {"O4": False}),
        ({}, {"surgery_on": ON - dt.timedelta(days=14)}, "P2", {}),
        # Contraindications: ticked by the vet, graded, or measured at the examination.
        ({"contraindications": ["X_LSEXT"]}, {}, "P2", {}),
        ({"contraindications": ["X_LSEXT"]}, {"findings": ["back_extension_pain"]}, "P2", {"X_LSEXT": False}),
        ({"contraindications": ["X_STRICT"]}, {"findings": ["unstable_spine"]}, "P2", {"X_STRICT": False}),
        ({"contraindications": ["X_NONAMB"]}, WEAK, "P2", {}),
        ({"contraindications": ["X_NONAMB"]}, {**WEAK, "neuro_grade": 3}, "P2", {"D4": True, "X_NONAMB": False}),
        ({"contraindications": ["X_NONAMB"]}, {"baseline": {"unaided_steps": 9}}, "P2", {"X_NONAMB": True}),
        ({"contraindications": ["X_NONAMB"]}, {"baseline": {"unaided_steps": 10}}, "P2", {}),
        ({"contraindications": ["X_NOSTAND"]}, {"baseline": {"standing_s": 9}}, "P2", {"X_NOSTAND": True}),
        (
            {"contraindications": ["X_NOSTAND"]},
            {"baseline": {"standing_s": 9}, "findings": ["cannot_stand_10s"]},
            "P2",
            {"X_NOSTAND": False},
        ),
        # O9, O10, O11, O12.
        ({"slug": "heads-up"}, {"findings": ["neck_pain"]}, "P2", {"O9": False}),
        ({"contraindications": ["X_NECK"]}, {"region": "Cervicothoracic"}, "P2", {"O9": False}),
        ({"contraindications": ["X_SKIN"]}, {"findings": ["wound"]}, "P2", {}),
        ({"contraindications": ["X_SKIN"]}, {"findings": ["skin_damage"]}, "P2", {"O10": False}),
        ({"load": 4}, {"body_condition": 7}, "P4", {"O11": False}),
        ({"load": 4}, {"body_condition": 6}, "P4", {}),
        ({"load": 3}, {"findings": ["open_growth_plates"]}, "P3", {"O12": True}),
        ({"load": 2}, {"findings": ["open_growth_plates"]}, "P3", {}),
        # Nerve pain needs a plan before the dog works; "none needed" is one only where nothing hurts.
        ({}, {**DISC, "pain_control": "medicine", "pain_control_plan": " "}, "P2", {"D2": False}),
        ({}, {**DISC, "pain_control_plan": "", "medicines": [{"name": "Carprofen"}]}, "P2", {}),
        ({}, {**DISC, "pain_control": "none_needed"}, "P2", {"D2": False}),
        ({}, {**DISC, "pain_control": "none_needed", "pain_at_rest": 0}, "P2", {}),
        ({"mode": "passive"}, {**DISC, "pain_control": "none_needed"}, "P2", {}),
        ({}, {"pain_control": "none_needed"}, "P2", {}),
        ({"slug": "stand-count"}, {"origin": "undetermined", "pain_control": ""}, "P2", {"D7": False}),
        ({"load": 1}, {"origin": "undetermined", "pain_control": ""}, "P2", {"D7": False}),
        # D5: strength, hills, steps and poles wait for the limb; a walk does not.
        ({"category": "core_strength"}, LIMB, "P2", {"D5": True}),
        ({"category": "core_strength"}, {**LIMB, "findings": ["limb_stable"]}, "P2", {}),
        ({"slug": "leash-walk", "category": "gait_endurance"}, LIMB, "P2", {}),
        ({"slug": "hill-walk", "category": "gait_endurance", "load": 4}, LIMB, "P4", {"D5": True}),
        ({"slug": "dune-walk", "category": "gait_endurance", "load": 3}, LIMB, "P4", {"D5": True}),
        ({"slug": "cavaletti-flat"}, LIMB, "P2", {"D5": True}),
        ({"slug": "cavaletti-flat"}, {**LIMB, "findings": ["limb_stable"]}, "P2", {}),
    ],
)
def test_exercise_is_weighed(
    item: dict[str, Any], signed: dict[str, Any], phase: str, expected: dict[str, bool]
) -> None:
    assert rules(exercise(**item), definition(**signed), phase) == expected


def test_objections_name_the_exercise() -> None:
    signed = definition(activity_order="strict_rest")
    row = gate.row_of(signed)
    found = gate.objections(exercise(), definition=signed, row=row, profile="msk", phase="P2", on=ON)
    assert [str(objection) for objection in found] == ["Weight shifts: Not while strict rest is ordered."]


def test_contraindication_says_what_it_means() -> None:
    signed = definition(findings=["back_extension_pain"])
    found = gate.objections(
        exercise(contraindications=["X_LSEXT"]),
        definition=signed,
        row=gate.row_of(signed),
        profile="msk",
        phase="P2",
        on=ON,
    )
    assert [objection.text for objection in found] == ["Not now: pain on extending hips or low back."]


def test_weighing_asks_the_database_nothing(django_assert_num_queries: DjangoAssertNumQueries, db: None) -> None:
    signed = definition(**{**WEAK, **OPERATED, "findings": list(findings.CODES), "body_condition": 8})
    row = gate.row_of(signed)
    with django_assert_num_queries(0):
        assert gate.objections(exercise(), definition=signed, row=row, profile="neuro", phase="P2", on=ON)
        assert gate.program_objections([exercise()], definition=signed, row=row, on=ON)
        assert gate.gate_b(signed)


@pytest.mark.parametrize("late", [1, 60])
def test_late_re_examination_is_not_held_against_each_exercise(late: int) -> None:
    assert rules(exercise(), definition(re_exam_due_on=ON - dt.timedelta(days=late))) == {}


def test_massage_after_surgery_comes_with_a_caution() -> None:
    signed = definition(**OPERATED)
    row = gate.row_of(signed)
    massage = exercise(category="massage_manual", load=1)
    assert gate.cautions(massage, definition=signed, row=row, on=ON) == ["Not within 5 cm of the wound."]
    assert gate.cautions(exercise(), definition=signed, row=row, on=ON) == []
    assert gate.cautions(massage, definition=definition(), row=row, on=ON) == []


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, {}),
        ({"body_condition": 6}, {}),
        ({"body_condition": 7}, {"O11": True}),
        ({"signs": ["hunched_back"]}, {}),
        ({"signs": ["hunched_back", "stumble_cross_legs"]}, {"O8": False}),
        ({"signs": ["stumble_cross_legs"], "cause": "arthritis"}, {}),
        # The re-examination is asked for on its own.
        ({"re_exam_due_on": ON - dt.timedelta(days=30)}, {}),
    ],
)
def test_overlays_weigh_the_whole_program(fields: dict[str, Any], expected: dict[str, bool]) -> None:
    signed = definition(**fields)
    found = gate.program_objections([exercise()], definition=signed, row=gate.row_of(signed), on=ON)
    assert {objection.rule: objection.vet_may for objection in found} == expected


def test_weight_control_may_be_there_already_or_come_with_the_rest() -> None:
    signed = definition(body_condition=9)
    row, diet = gate.row_of(signed), exercise(slug="weight-control")
    assert gate.program_objections([exercise(), diet], definition=signed, row=row, on=ON) == []
    assert gate.program_objections([exercise()], definition=signed, row=row, on=ON, beside=[diet]) == []


@pytest.mark.parametrize(
    ("fields", "missing"),
    [
        ({}, []),
        ({"cause_statement": " "}, ["the true cause"]),
        ({"activities": [{"text": "Walks", "score": 2}] * 2}, ["three to five activities"]),
        ({"activities": [{"text": "Walks", "score": 2}] * 5}, []),
        ({"activities": [{"text": "Walks", "score": 2}] * 6}, ["three to five activities"]),
        ({"baseline": {}}, ["a baseline measure"]),
        ({"baseline": {"standing_s": 0}}, []),
        ({"baseline": {"weight_kg": 8}}, ["a baseline measure"]),
        ({"origin": "secondary"}, ["the limb that is the source"]),
        (LIMB, []),
        (DISC, ["the day since when the pain is controlled"]),
        ({**DISC, "mechanism": "mixed"}, ["the day since when the pain is controlled"]),
        ({**DISC, "pain_controlled_on": ON}, []),
        ({"cause_statement": "", "activities": [], "baseline": {}}, ["the true cause", "three to five", "a baseline"]),
    ],
)
def test_progress_needs_a_whole_definition(fields: dict[str, Any], missing: list[str]) -> None:
    found = gate.gate_b(definition(**fields))
    assert [(objection.rule, objection.vet_may) for objection in found] == [("GATE_B", False)] * len(missing)
    for objection, part in zip(found, missing, strict=True):
        assert objection.text.startswith(f"Sign a new version of the definition with {part}")


@pytest.mark.parametrize(("due", "objects"), [(ON, False), (ON - dt.timedelta(days=1), True), (None, False)])
def test_overdue_re_examination_stops_growth(due: dt.date | None, objects: bool) -> None:
    found = gate.re_exam_objections(definition(re_exam_due_on=due), on=ON)
    assert [objection.rule for objection in found] == (["O7"] if objects else [])


@pytest.mark.parametrize(
    ("fields", "count"),
    [
        ({}, 0),
        ({"origin": "secondary"}, 1),
        ({"origin": "secondary", "limb_source_and_plan": "Left hip"}, 0),
        ({**DISC, "neuro_deficit": True, "neuro_grade": 4}, 3),
        (
            {
                **DISC,
                "neuro_deficit": True,
                "neuro_grade": 4,
                "deep_pain": "present",
                "bladder_plan": "x",
                "surgical_referral": "y",
            },
            0,
        ),
    ],
)
def test_row_asks_for_what_the_definition_must_hold(fields: dict[str, Any], count: int) -> None:
    signed = definition(**fields)
    assert len(gate.unmet_of_the_row(signed, gate.row_of(signed))) == count


@pytest.mark.parametrize(
    ("rule", "vet", "therapist"),
    [
        ("vet", True, False),
        ("vet_or_therapist_from_signed_plan", True, True),
        ("vet or therapist every time", True, True),
        ("auto-suggest, therapist or pre-approved range", True, True),
        ("auto-suggest inside pre-approved range", True, True),
        ("vet who owns the limb plan", True, False),
        ("therapist", True, True),
        ("nobody", False, False),
    ],
)
def test_row_reserves_acts_to_roles(rule: str, vet: bool, therapist: bool) -> None:
    assert gate.role_allowed(rule, frozenset({Role.VET})) is vet
    assert gate.role_allowed(rule, frozenset({Role.THERAPIST})) is therapist
    assert not gate.role_allowed(rule, frozenset({Role.OWNER}))


@pytest.mark.parametrize(
    ("signed", "protocol_profile", "profile"),
    [({}, "msk", "msk"), ({}, "neuro", "neuro"), ({}, "inherit", "msk"), (DISC, "msk", "neuro")],
)
def test_profile_is_the_more_careful_one(signed: dict[str, Any], protocol_profile: str, profile: str) -> None:
    assert gate.profile_of(gate.row_of(definition(**signed)), protocol_profile=protocol_profile) == profile
