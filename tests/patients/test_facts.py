"""A problem definition in words."""

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from rehab.library import reading
from rehab.patients import facts
from rehab.patients.answers import Activity, Medicine, measures
from rehab.patients.models import ProblemDefinition
from rehab.patients.signing_rules import NAMES, Answers
from tests.patients.test_signing_rules import COMPLETE, TODAY, WHOLE


def said(answers: Answers) -> dict[str, dict[str, str]]:
    definition = ProblemDefinition(**answers.as_columns())
    return {
        section.title: {fact.label: fact.text for fact in section.facts}
        for section in facts.sections(definition, today=TODAY)
    }


def test_sections_hold_every_answer_in_the_order_of_the_form() -> None:
    definition = ProblemDefinition(**WHOLE.as_columns())
    named = [fact.name for section in facts.sections(definition, today=TODAY) for fact in section.facts]
    answered = [name for name in NAMES if getattr(WHOLE, name) not in (None, "", ())]
    assert [name for name in named if name not in ("stage", "patterns")] == answered


def test_sections_leave_out_what_does_not_apply_and_keep_what_is_missing() -> None:
    assert said(Answers()) == {
        "Two questions": {"Origin": "", "Mechanism": ""},
        "Cause and diagnosis": {"Cause": ""},
        "Where and since when": {"Onset": ""},
        "Nerves": {"Neurologic deficit": "", "Neurologic grade": ""},
        "Pain": {"Pain at rest": "", "Pain control": ""},
        "Movement": {"Activity order": ""},
        "Safety": {"Warning signs checked": "No", "Re-examination due": ""},
    }


def test_a_gap_in_a_row_is_told() -> None:
    gaps = replace(
        COMPLETE,
        medicines=(Medicine(name="Gabapentin"), Medicine(dose="5 mg", times="at night")),
        activities=(Activity(text="Stairs"), Activity(score=0)),
    )
    assert said(gaps)["Pain"]["Medicines"] == "Gabapentin\n5 mg, at night"
    assert said(gaps)["What it is measured by"]["Activities"] == "Stairs: not scored\n–: 0 · normal"


def test_changes_name_what_differs_before_and_after() -> None:
    after = replace(COMPLETE, signs=("hunched_back",), baseline=measures({"standing_s": 10}), re_exam_due_on=TODAY)
    assert [(one.label, one.before, one.after) for one in facts.changes(COMPLETE, after)] == [
        ("Signs", "", "Arched or hunched back"),
        ("Baseline measures", "", "Stands unaided: 10 s"),
        ("Re-examination due", "1 Apr 2026", "18 Mar 2026"),
    ]
    assert facts.changes(COMPLETE, COMPLETE) == ()


@pytest.mark.parametrize("row", [row["id"] for row in reading.decision()["rows"] if row["id"] not in ("D6", "D7")])
def test_picture_of_every_row_names_limits_approvers_and_days(row: str) -> None:
    answers = {
        "D1": COMPLETE,
        "D2": replace(COMPLETE, mechanism="mixed"),
        "D3": WHOLE,
        "D4": replace(WHOLE, neuro_grade=4),
        "D5": replace(COMPLETE, origin="secondary"),
    }[row]
    picture = facts.picture(answers.row, today=TODAY)

    data = next(one for one in reading.decision()["rows"] if one["id"] == row)
    assert picture.id == row
    assert [one.step for one in picture.approvals] == ["Assigning", "Progressing", "Changing the phase"]
    assert all(one.who and "_" not in one.who for one in picture.approvals)
    assert picture.re_exam_days == tuple(data["re_exam_days"])
    assert picture.first_re_exam_on == TODAY + dt.timedelta(days=data["re_exam_days"][0])
    limits = data["limits"]
    assert (picture.hard_14d_pct, picture.new_exercises_per_week, picture.start_load_level_max) == (
        limits["hard_14d_pct"], limits["new_exercises_per_week"], limits["start_load_level_max"],
    )  # fmt: skip


def test_tightenings_are_those_of_the_answers() -> None:
    answers = replace(
        COMPLETE, pain_at_rest=6, activity_order="strict_rest", body_condition=8, findings=("neck_pain", "wound")
    )
    told = {one.id: one.sentence for one in facts.tightenings(answers, today=TODAY)}
    assert list(told) == ["O5", "O6", "O9", "O10", "O11"]
    assert told["O6"] == "Pain at rest is 6 of 10; above 5 no exercise until the pain is controlled."
    assert told["O9"].endswith("Harness only: nothing on the neck, no lead on a collar.")
    assert facts.tightenings(COMPLETE, today=TODAY) == ()


def test_tightenings_leave_a_late_re_examination_to_the_version_that_set_it() -> None:
    late = replace(COMPLETE, re_exam_due_on=TODAY - dt.timedelta(days=30))
    assert facts.tightenings(late, today=TODAY) == ()


def test_evidence_is_what_was_ticked_for_each_answer() -> None:
    answers = Answers(
        signs=("hunched_back", "normal_coordination"), findings=("improves_with_rest",), habits=("bunny_hop",)
    )
    assert [(one.answer, one.ticked) for one in facts.evidence("mechanism", answers)] == [
        ("Musculoskeletal: follows load", "Eases with rest; Feet are placed normally")
    ]
    assert [one.answer for one in facts.evidence("origin", answers)] == [
        "The back itself is the source",
        "The back compensates for a limb",
    ]
    assert facts.evidence("origin", Answers()) == ()


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({}, ""),
        ({"onset_on": TODAY - dt.timedelta(days=28)}, "Subacute: day 28 since the onset"),
        (
            {"onset_on": TODAY - dt.timedelta(days=100), "surgery_on": TODAY - dt.timedelta(days=10)},
            "Acute: day 10 since the surgery",
        ),
    ],
)
def test_stage_is_told_with_its_days(changes: dict[str, Any], text: str) -> None:
    assert facts.lasted_text(Answers(**changes), today=TODAY) == text


def test_patterns_of_pain_stand_under_the_two_questions() -> None:
    told = said(WHOLE)
    assert told["Signs"]["Other findings"] == "Neck pain, or a neck disc suspected"
    assert told["Two questions"]["How the pain behaves"] == "Worse with fatigue"


def test_first_three_days_are_not_told_as_known_before_there_is_a_date() -> None:
    unknown = {one.id: one.sentence for one in facts.tightenings(replace(COMPLETE, onset_on=None), today=TODAY)}
    known = {one.id: one.sentence for one in facts.tightenings(replace(COMPLETE, onset_on=TODAY), today=TODAY)}
    assert unknown["O3"] == "Until the day it began is given: the limits of the first three days."
    assert known["O3"] == "Not in the first three days."
