"""What stands in the way of a signature."""

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from rehab.library import reading
from rehab.patients.answers import Activity, Measure, Medicine, measures
from rehab.patients.models import ProblemDefinition
from rehab.patients.signing_rules import (
    KNOWN,
    MEASURES,
    NAMES,
    REQUIRED,
    Answers,
    Objection,
    draft_objections,
    lacking_for_progress,
    objections,
    undecided,
    worth_a_look,
)
from rehab.patients.wording import OBJECTIONS, lacking_text, look_text, objection_text, undecided_text

TODAY = dt.date(2026, 3, 18)

COMPLETE = Answers(
    origin="primary",
    mechanism="musculoskeletal",
    cause="soft_tissue",
    onset_on=TODAY - dt.timedelta(days=9),
    neuro_deficit=False,
    neuro_grade=0,
    pain_at_rest=0,
    pain_control="none_needed",
    activity_order="leash_only",
    red_flags_checked=True,
    re_exam_due_on=TODAY + dt.timedelta(days=14),
)
CANNOT_WALK = replace(
    COMPLETE,
    mechanism="neurologic",
    cause="disc",
    neuro_deficit=True,
    neuro_grade=4,
    deep_pain="present",
    bladder_plan="Owner, by hand, four times a day",
    surgical_referral="Declined by the owner on 17 March",
)
GABAPENTIN = Medicine(name="Gabapentin", dose="100 mg by mouth", times="every 8 hours")
THREE = tuple(Activity(text=text, score=2) for text in ("Walks", "Jumps into the car", "Plays in the garden"))
WOBBLY = replace(
    COMPLETE,
    mechanism="neurologic",
    cause="disc",
    neuro_deficit=True,
    neuro_grade=2,
    pain_at_rest=3,
    pain_control="medicine",
    medicines=(GABAPENTIN,),
)
WHOLE = replace(
    WOBBLY,
    signs=("reluctant_walk_jump", "difficulty_walking"),
    findings=("neck_pain", "aggravated_by_fatigue"),
    leaf="ivdd_conservative",
    cause_statement="Disc at T12–T13",
    region="Thoracolumbar",
    onset_type="sudden",
    pain_control_plan="Until the next look",
    pain_controlled_on=TODAY,
    habits=("bunny_hop", "weight_forward"),
    activities=THREE,
    baseline=measures({"standing_s": 20, "pain_rest": 4}),
    body_condition=7,
)


def found(answers: Answers, born_on: dt.date | None = None) -> list[tuple[str, str]]:
    return [(point.field, point.rule) for point in objections(answers, today=TODAY, born_on=born_on)]


@pytest.mark.parametrize(
    "answers",
    [
        COMPLETE,
        CANNOT_WALK,
        WOBBLY,
        replace(WOBBLY, medicines=(), pain_control_plan="Gabapentin, 100 mg every 8 hours"),
        replace(
            COMPLETE,
            signs=("stilted_gait", "normal_coordination"),
            findings=("wound", "improves_with_rest"),
            leaf="iliopsoas",
            onset_type="sudden",
            surgery_on=TODAY,
            pain_controlled_on=TODAY,
            habits=("bunny_hop",),
            activities=THREE,
            baseline=measures({"standing_s": 600, "pain_rest": 0}),
            body_condition=9,
        ),
    ],
)
def test_nothing_stands_in_the_way_of_a_complete_definition(answers: Answers) -> None:
    assert found(answers) == []


def test_every_gate_a_answer_is_asked_for() -> None:
    assert found(Answers()) == [(name, "missing") for name in NAMES if name in REQUIRED or name == "red_flags_checked"]


@pytest.mark.parametrize("name", [*REQUIRED, "red_flags_checked"])
def test_each_missing_answer_is_named_alone(name: str) -> None:
    empty = getattr(Answers(), name)
    assert found(replace(COMPLETE, **{name: empty})) == [(name, "missing")]


def test_zero_is_an_answer() -> None:
    assert found(replace(COMPLETE, neuro_grade=0, pain_at_rest=0)) == []


@pytest.mark.parametrize(
    ("changes", "objection"),
    [
        ({"neuro_deficit": True, "neuro_grade": 1, "mechanism": "neurologic", "cause": "disc"}, ("neuro_grade", "V1")),
        ({"neuro_deficit": False, "neuro_grade": 2}, ("neuro_grade", "V1")),
        ({"neuro_deficit": True, "neuro_grade": 2, "cause": "arthritis"}, ("mechanism", "V2")),
        ({"origin": "secondary"}, ("limb_source_and_plan", "V3")),
        ({"origin": "secondary", "limb_source_and_plan": " \n "}, ("limb_source_and_plan", "V3")),
        ({"neuro_deficit": True, "neuro_grade": 2, "mechanism": "mixed"}, ("cause", "V4")),
        ({"neuro_deficit": True, "neuro_grade": 2, "cause": "disc", "mechanism": "undetermined"}, ("mechanism", "V5")),
        (
            {"neuro_deficit": True, "neuro_grade": 3, "cause": "other_neuro", "mechanism": "undetermined"},
            ("mechanism", "V5"),
        ),
        ({"pain_control": "medicine"}, ("medicines", "missing")),
        ({"pain_control": "medicine", "pain_control_plan": " \n"}, ("medicines", "missing")),
        ({"pain_control": "medicine", "medicines": (Medicine(name="Gabapentin"),)}, ("medicines", "incomplete")),
        ({"medicines": (GABAPENTIN,)}, ("pain_control", "medicine_although_none_needed")),
        ({"cause": "disc", "leaf": "ivdd_postop"}, ("surgery_on", "missing")),
        ({"cause": "disc", "leaf": "tumour"}, ("leaf", "leaf_of_another_cause")),
        ({"surgery_on": COMPLETE.onset_on - dt.timedelta(days=1)}, ("surgery_on", "onset_after_surgery")),  # type: ignore[operator]
        ({"surgery_on": TODAY + dt.timedelta(days=1)}, ("surgery_on", "surgery_in_the_future")),
        ({"pain_controlled_on": TODAY + dt.timedelta(days=1)}, ("pain_controlled_on", "pain_controlled_in_the_future")),
        ({"activities": THREE[:2]}, ("activities", "too_few")),
        ({"activities": (*THREE, *THREE)}, ("activities", "too_many")),
        ({"activities": (*THREE, Activity(text="Stairs"))}, ("activities", "incomplete")),
        ({"activities": (*THREE, Activity(score=1))}, ("activities", "incomplete")),
        ({"onset_on": TODAY + dt.timedelta(days=1)}, ("onset_on", "onset_in_the_future")),
        ({"re_exam_due_on": TODAY}, ("re_exam_due_on", "re_exam_not_in_the_future")),
        ({"re_exam_due_on": TODAY + dt.timedelta(days=367)}, ("re_exam_due_on", "re_exam_too_far")),
    ],
)
def test_rule_objects(changes: dict[str, object], objection: tuple[str, str]) -> None:
    assert found(replace(COMPLETE, **changes)) == [objection]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "objection"),
    [
        ({"signs": ("stumble_cross_legs",)}, ("cause", "O8")),
        ({"signs": ("severe_pain_distress",)}, ("cause", "O8")),
        ({"cause": "arthritis", "signs": ("stumble_cross_legs",)}, ("neuro_deficit", "signs_of_a_deficit")),
        ({"cause": "arthritis", "signs": ("difficulty_walking",)}, ("neuro_deficit", "signs_of_a_deficit")),
    ],
)
def test_sign_of_a_deficit_contradicts(changes: dict[str, object], objection: tuple[str, str]) -> None:
    assert objection in found(replace(COMPLETE, **changes))  # type: ignore[arg-type]


def test_severe_pain_alone_is_no_deficit() -> None:
    assert found(replace(COMPLETE, cause="arthritis", signs=("severe_pain_distress",))) == []


@pytest.mark.parametrize(
    ("changes", "objection"),
    [
        ({"signs": ("normal_coordination", "stumble_cross_legs")}, ("signs", "feet_placed_and_not")),
        ({"signs": ("paralysis",)}, ("neuro_grade", "paralysis_is_grade_4")),
        ({"signs": ("loss_pain_perception",)}, ("deep_pain", "loss_of_pain_perception")),
        ({"pain_control": "none_needed", "medicines": ()}, ("pain_control", "nerve_pain_needs_a_plan")),
        (
            {"pain_control": "none_needed", "medicines": (), "mechanism": "mixed"},
            ("pain_control", "nerve_pain_needs_a_plan"),
        ),
    ],
)
def test_rule_objects_for_a_dog_with_a_deficit(changes: dict[str, object], objection: tuple[str, str]) -> None:
    assert found(replace(WOBBLY, **changes)) == [objection]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changes",
    [
        {"signs": ("stumble_cross_legs", "difficulty_walking")},
        {"pain_control": "none_needed", "medicines": (), "pain_at_rest": 0},
    ],
)
def test_rule_lets_pass_a_dog_with_a_deficit(changes: dict[str, object]) -> None:
    assert found(replace(WOBBLY, **changes)) == []  # type: ignore[arg-type]


def test_a_dog_that_cannot_feel_and_cannot_move_is_grade_5() -> None:
    signs = ("paralysis", "loss_pain_perception")
    assert found(replace(CANNOT_WALK, signs=signs, neuro_grade=5, deep_pain="absent")) == []


@pytest.mark.parametrize(
    ("changes", "objection"),
    [
        *(({name: "sideways"}, (name, "unknown")) for name in (*KNOWN, "leaf")),
        *(({name: ("sideways",)}, (name, "unknown")) for name in ("signs", "findings", "habits")),
        ({"baseline": (Measure(metric="sideways", value=1),)}, ("baseline", "unknown")),
        *(
            ({"baseline": measures({metric: value})}, ("baseline", "off_the_scale"))
            for metric, (lowest, highest) in MEASURES.items()
            for value in (lowest - 1, highest + 1, float("nan"))
        ),
        ({"activities": (Activity(text="Walks", score=5),)}, ("activities", "off_the_scale")),
        ({"activities": (Activity(text="Walks", score=-1),)}, ("activities", "off_the_scale")),
        ({"medicines": (GABAPENTIN,) * 7}, ("medicines", "too_many")),
        ({"body_condition": 0}, ("body_condition", "off_the_scale")),
        ({"body_condition": 10}, ("body_condition", "off_the_scale")),
        ({"neuro_grade": 6}, ("neuro_grade", "off_the_scale")),
        ({"pain_at_rest": 11}, ("pain_at_rest", "off_the_scale")),
        ({"onset_on": TODAY + dt.timedelta(days=1)}, ("onset_on", "onset_in_the_future")),
        ({"surgery_on": TODAY + dt.timedelta(days=1)}, ("surgery_on", "surgery_in_the_future")),
    ],
)
def test_what_cannot_be_true_is_refused_in_a_draft_too(changes: dict[str, object], objection: tuple[str, str]) -> None:
    draft = replace(Answers(), **changes)  # type: ignore[arg-type]
    assert [(point.field, point.rule) for point in draft_objections(draft, today=TODAY)] == [objection]
    assert objection in found(replace(COMPLETE, **changes))  # type: ignore[arg-type]


@pytest.mark.parametrize("metric", MEASURES)
def test_both_ends_of_a_scale_are_on_it(metric: str) -> None:
    for value in MEASURES[metric]:
        assert found(replace(COMPLETE, baseline=measures({metric: value}))) == []


def test_a_draft_may_have_every_gap() -> None:
    gaps = Answers(leaf="tumour", medicines=(Medicine(name="Gabapentin"),), activities=(Activity(text="Walks"),))
    assert draft_objections(gaps, today=TODAY) == ()
    assert draft_objections(Answers(), today=TODAY) == ()


def test_known_codes_are_those_of_the_table_and_of_the_vocabulary() -> None:
    choices = {name: ProblemDefinition._meta.get_field(name).choices for name in KNOWN}  # type: ignore[union-attr]
    assert {name: tuple(code for code, _label in of or ()) for name, of in choices.items()} == KNOWN
    vocabulary = reading.vocabulary()
    for name in ("origin", "mechanism", "cause"):
        assert {row["code"] for row in vocabulary[name]} == set(KNOWN[name])
    assert set(MEASURES) <= set(reading.metrics())


@pytest.mark.parametrize(
    ("changes", "lasted"),
    [
        ({"onset_on": TODAY}, ("acute", 0, "onset")),
        ({"onset_on": TODAY - dt.timedelta(days=27)}, ("acute", 27, "onset")),
        ({"onset_on": TODAY - dt.timedelta(days=28)}, ("subacute", 28, "onset")),
        ({"onset_on": TODAY - dt.timedelta(days=83)}, ("subacute", 83, "onset")),
        ({"onset_on": TODAY - dt.timedelta(days=84)}, ("chronic", 84, "onset")),
        (
            {"onset_on": TODAY - dt.timedelta(days=90), "surgery_on": TODAY - dt.timedelta(days=3)},
            ("acute", 3, "surgery"),
        ),
    ],
)
def test_stage_is_told_by_the_days_since_the_onset_or_the_surgery(
    changes: dict[str, Any], lasted: tuple[str, int, str]
) -> None:
    told = Answers(**changes).lasted(TODAY)
    assert told is not None
    assert (told.stage, told.days, told.since) == lasted


def test_stage_is_unknown_without_an_onset_and_with_one_to_come() -> None:
    assert Answers().lasted(TODAY) is None
    assert Answers(onset_on=TODAY + dt.timedelta(days=1)).lasted(TODAY) is None


def test_answers_go_into_the_table_and_come_back_the_same() -> None:
    answers = replace(
        WOBBLY,
        signs=("difficulty_walking",),
        activities=THREE,
        baseline=measures({"walk_min_total": 5, "pain_rest": 3}),
    )
    assert Answers.of(ProblemDefinition(**answers.as_columns())) == answers
    assert hash(answers) == hash(replace(answers))
    assert answers.as_columns()["medicines"] == [
        {"name": "Gabapentin", "dose": "100 mg by mouth", "times": "every 8 hours"}
    ]


@pytest.mark.parametrize(
    ("changes", "objection"),
    [
        ({"deep_pain": ""}, ("deep_pain", "V6")),
        ({"deep_pain": "not_tested"}, ("deep_pain", "V6")),
        ({"deep_pain": "absent"}, ("deep_pain", "deep_pain_contradicts_grade")),
        ({"neuro_grade": 5}, ("deep_pain", "deep_pain_contradicts_grade")),
        ({"bladder_plan": ""}, ("bladder_plan", "V6")),
        ({"surgical_referral": ""}, ("surgical_referral", "row")),
        ({"neuro_grade": 3, "bladder_plan": ""}, ("bladder_plan", "row")),
        ({"neuro_grade": 3, "deep_pain": ""}, ("deep_pain", "row")),
        ({"origin": "secondary"}, ("limb_source_and_plan", "V3")),
    ],
)
def test_rule_objects_for_a_dog_that_cannot_walk(changes: dict[str, object], objection: tuple[str, str]) -> None:
    assert found(replace(CANNOT_WALK, **changes)) == [objection]  # type: ignore[arg-type]


def test_deep_pain_need_not_be_tested_at_grade_3() -> None:
    assert found(replace(CANNOT_WALK, neuro_grade=3, deep_pain="not_tested")) == []


@pytest.mark.parametrize("deep_pain", ["absent", "equivocal"])
def test_deep_pain_may_be_absent_or_equivocal_at_grade_5(deep_pain: str) -> None:
    assert found(replace(CANNOT_WALK, neuro_grade=5, deep_pain=deep_pain)) == []


def test_onset_before_birth_is_refused() -> None:
    born_on = COMPLETE.onset_on
    assert born_on is not None
    assert found(COMPLETE, born_on=born_on) == []
    assert found(COMPLETE, born_on=born_on + dt.timedelta(days=1)) == [("onset_on", "onset_before_birth")]


def test_onset_longer_ago_than_any_dog_lives_is_refused() -> None:
    assert found(replace(COMPLETE, onset_on=dt.date(1, 1, 1))) == [("onset_on", "onset_before_birth")]


def test_surgery_before_birth_is_refused() -> None:
    draft = Answers(surgery_on=TODAY)
    assert draft_objections(draft, today=TODAY, born_on=TODAY) == ()
    later = draft_objections(draft, today=TODAY, born_on=TODAY + dt.timedelta(days=1))
    assert [(point.field, point.rule) for point in later] == [("surgery_on", "surgery_before_birth")]


@pytest.mark.parametrize("axis", ["origin", "mechanism"])
def test_an_undetermined_axis_may_be_signed_and_leads_to_d7(axis: str) -> None:
    answers = replace(COMPLETE, **{axis: "undetermined"})  # type: ignore[arg-type]
    assert found(answers) == []
    assert answers.row.id == "D7"


def test_the_next_version_asks_again_what_must_be_looked_at_afresh() -> None:
    following = COMPLETE.for_next_version()
    assert (following.pain_at_rest, following.red_flags_checked, following.re_exam_due_on) == (None, False, None)
    assert (
        replace(following, pain_at_rest=0, red_flags_checked=True, re_exam_due_on=COMPLETE.re_exam_due_on) == COMPLETE
    )


def test_the_next_version_keeps_the_activities_and_asks_for_their_scores_again() -> None:
    following = replace(COMPLETE, activities=THREE, baseline=measures({"standing_s": 30})).for_next_version()
    assert following.activities == tuple(Activity(text=one.text) for one in THREE)
    assert following.baseline == measures({"standing_s": 30})


def test_answers_are_columns_of_the_definition() -> None:
    columns = {field.name for field in ProblemDefinition._meta.get_fields()}
    assert set(NAMES) <= columns
    bookkeeping = {
        "id", "clinic", "patient", "version", "neuro_scale", "drafted_by", "drafted_at", "updated_at", "signed_by",
        "signed_at",
    }  # fmt: skip
    own = {field.name for field in ProblemDefinition._meta.fields}
    assert own - set(NAMES) == bookkeeping


def test_every_objection_has_a_sentence() -> None:
    for field, rule in OBJECTIONS:
        assert field in NAMES
        assert objection_text(Objection(field=field, rule=rule))


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({}, ["cause_statement", "activities", "baseline"]),
        ({"cause_statement": " "}, ["cause_statement", "activities", "baseline"]),
        ({"cause_statement": "x", "activities": THREE, "baseline": measures({"standing_s": 0})}, []),
        ({"cause_statement": "x", "activities": THREE[:2], "baseline": measures({"weight_kg": 8})},
         ["activities", "baseline"]),
        ({"origin": "secondary"}, ["cause_statement", "activities", "baseline", "limb_source_and_plan"]),
        ({"mechanism": "mixed"}, ["cause_statement", "activities", "baseline", "pain_controlled_on"]),
    ],
)  # fmt: skip
def test_what_progress_lacks_is_told_before_the_signature(changes: dict[str, Any], fields: list[str]) -> None:
    lacking = lacking_for_progress(replace(COMPLETE, **changes))
    assert [point.field for point in lacking] == fields
    assert all(lacking_text(point) for point in lacking)


def test_a_whole_definition_lacks_nothing() -> None:
    assert lacking_for_progress(WHOLE) == ()


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"leaf": "muscle_strain"}, []),
        ({}, ["leaf"]),
        ({"cause": ""}, []),
        ({"leaf": "muscle_strain", "origin": "secondary"}, ["cause"]),
        ({"cause": "compensatory", "leaf": "cruciate", "origin": "secondary"}, []),
        ({"leaf": "muscle_strain", "pain_at_rest": 2}, []),
        ({"leaf": "muscle_strain", "pain_at_rest": 3}, ["pain_control"]),
        ({"leaf": "muscle_strain", "pain_at_rest": 3, "mechanism": "mixed"}, []),
        ({"leaf": "muscle_strain", "signs": ("normal_coordination",)}, []),
        ({"leaf": "muscle_strain", "signs": ("normal_coordination",), "neuro_deficit": True}, ["signs"]),
    ],
)
def test_what_is_seldom_meant_so_is_worth_a_look(changes: dict[str, Any], fields: list[str]) -> None:
    looks = worth_a_look(replace(COMPLETE, **changes))
    assert [point.field for point in looks] == fields
    assert all(look_text(point) for point in looks)


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        (Answers(), ["origin", "mechanism", "neuro_deficit", "neuro_grade"]),
        (replace(COMPLETE, origin=""), ["origin"]),
        (replace(COMPLETE, neuro_deficit=True), ["neuro_grade"]),
        (replace(COMPLETE, origin="undetermined"), []),
        (COMPLETE, []),
    ],
)
def test_row_is_undecided_until_its_questions_are_answered(answers: Answers, expected: list[str]) -> None:
    open_questions = undecided(answers)
    assert [point.field for point in open_questions] == expected
    assert all(undecided_text(point) for point in open_questions)


def test_nerve_pain_is_refused_without_teaching_a_way_round() -> None:
    sentence = objection_text(Objection(field="pain_control", rule="nerve_pain_needs_a_plan"))
    assert sentence == "Nerve pain needs a plan before exercise: write down the medicine or the other treatment."
