"""Both sides of each rule that says whether an exercise may be given."""

import datetime as dt
from typing import Any

import pytest

from accounts.access import Role
from rehab.library.models import Exercise
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
