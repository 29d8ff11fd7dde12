"""What stands in the way of a signature."""

import datetime as dt
from dataclasses import replace

import pytest

from rehab.patients.models import ProblemDefinition
from rehab.patients.signing_rules import NAMES, REQUIRED, Answers, Objection, objections
from rehab.patients.wording import OBJECTIONS, objection_text

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


def found(answers: Answers, born_on: dt.date | None = None) -> list[tuple[str, str]]:
    return [(point.field, point.rule) for point in objections(answers, today=TODAY, born_on=born_on)]


@pytest.mark.parametrize("answers", [COMPLETE, CANNOT_WALK])
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
        ({"pain_control": "medicine"}, ("pain_control_plan", "missing")),
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
