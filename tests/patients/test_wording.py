"""Words for the codes of the content."""

import ast
from pathlib import Path

import pytest

from rehab.library import reading
from rehab.patients import findings, signing_rules, wording
from rehab.patients.models import ProblemDefinition


def test_every_code_of_the_vocabulary_has_words() -> None:
    vocabulary = reading.vocabulary()
    patterns = {code for row in vocabulary["mechanism"] for code in row.get("pattern", [])}

    assert set(wording.LEAVES) == {leaf for row in vocabulary["cause"] for leaf in row["leaves"]}
    assert set(wording.STAGES) == {row["code"] for row in vocabulary["stage_by_duration"]}
    assert set(wording.MECHANISM_PATTERNS) == patterns
    assert {row["code"] for row in vocabulary["origin"]} == set(wording.ORIGIN_SUPPORT)
    assert {row["code"] for row in vocabulary["mechanism"]} == set(ProblemDefinition.Mechanism.values)
    assert {row["code"] for row in vocabulary["cause"]} == set(wording.CAUSE_SUPPORT)
    assert set(wording.CAUSE_SUPPORT) == set(ProblemDefinition.Cause.values)
    assert list(wording.MEASURES) == list(signing_rules.MEASURES)
    assert list(wording.ACTIVITY_SCORES) == list(range(signing_rules.ACTIVITY_SCORE_MAX + 1))
    assert set(wording.ACTIVITY_SUPPORT) == set(ProblemDefinition.ActivityOrder.values)


def test_mechanism_support_is_a_line_of_what_speaks_for_it() -> None:
    assert wording.mechanism_support("musculoskeletal") == (
        "Rises and falls with activity, eases with rest, answers to a change of movement."
    )
    assert wording.mechanism_support("undetermined").startswith("The limits for nerve pain apply")


def test_every_objection_that_the_rules_raise_has_a_sentence() -> None:
    source = ast.parse(Path(signing_rules.__file__).read_text())
    raised = {
        tuple(keyword.value.value for keyword in call.keywords if isinstance(keyword.value, ast.Constant))
        for call in ast.walk(source)
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "Objection"
    }
    named = {pair for pair in raised if len(pair) == 2}
    assert len(named) > 30
    assert named - set(wording.OBJECTIONS) == set()
    for name in (*signing_rules.KNOWN, "signs", "findings", "habits", "leaf"):
        assert (name, "unknown") in wording.OBJECTIONS
    for name in signing_rules.SCALES:
        assert (name, "off_the_scale") in wording.OBJECTIONS
    for name in (*signing_rules.REQUIRED, "red_flags_checked"):
        assert (name, "missing") in wording.OBJECTIONS


def test_everything_that_can_be_ticked_has_words() -> None:
    signs = [code for group in reading.signs().values() for code in group]
    for code in (*signs, *findings.CODES, *wording.MECHANISM_PATTERNS, *reading.habits()):
        assert wording.finding_label(code) != code
    assert wording.sign_label("normal_coordination") == "Feet are placed normally"
    assert wording.sign_label("loss_pain_perception") == "Does not feel pain in the feet (vet-tested only)"


@pytest.mark.parametrize("question", ["origin", "mechanism"])
def test_what_speaks_for_an_answer_can_be_ticked(question: str) -> None:
    choices = {"origin": ProblemDefinition.Origin, "mechanism": ProblemDefinition.Mechanism}[question].values
    supported = {answer: wording.supports(question, answer) for answer in choices}
    for codes in supported.values():
        for code in codes:
            assert wording.finding_label(code) != code
    assert supported["undetermined"] == ()
    assert sum(map(bool, supported.values())) == 2


def test_severe_pain_does_not_speak_for_a_nerve() -> None:
    assert "severe_pain_distress" not in wording.supports("mechanism", "neurologic")


def test_every_approver_of_the_content_reads_as_words() -> None:
    for row in reading.decision()["rows"]:
        for code in row["approver"].values():
            assert "_" not in wording.approver(code)


def test_printed_writes_comparisons_and_fields_as_people_do() -> None:
    assert wording.printed("pain_at_rest <=3 and >= 10 steps") == (
        "pain at rest ≤\N{NO-BREAK SPACE}3 and ≥\N{NO-BREAK SPACE}10 steps"
    )
    assert wording.printed("D2/D3 AND x < 5") == "D2/D3 AND x < 5"


def test_row_of_open_questions_names_no_document() -> None:
    assert wording.row_meaning("D7", "A question of document 000 is not answered") == (
        "One of the two questions is not determined yet"
    )
    assert wording.row_meaning("D3", "Walks but weak or wobbly") == "Walks but weak or wobbly"
