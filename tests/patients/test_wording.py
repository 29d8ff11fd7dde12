"""Words for the codes of the content."""

from rehab.library import reading
from rehab.patients import wording
from rehab.patients.models import ProblemDefinition


def test_every_code_of_the_vocabulary_has_words() -> None:
    vocabulary = reading.vocabulary()
    signs = {row["code"] for group in ("signs_with_deficit", "signs_without_deficit") for row in vocabulary[group]}
    patterns = {code for row in vocabulary["mechanism"] for code in row.get("pattern", [])}

    assert set(wording.SIGNS) == signs
    assert set(wording.MECHANISM_PATTERNS) == patterns
    assert {row["code"] for row in vocabulary["origin"]} == set(wording.ORIGIN_SUPPORT)
    assert {row["code"] for row in vocabulary["mechanism"]} == set(ProblemDefinition.Mechanism.values)
    assert {row["code"] for row in vocabulary["cause"]} == set(wording.CAUSE_SUPPORT)
    assert set(wording.CAUSE_SUPPORT) == set(ProblemDefinition.Cause.values)
    assert set(wording.ACTIVITY_SUPPORT) == set(ProblemDefinition.ActivityOrder.values)


def test_mechanism_support_is_a_line_of_what_speaks_for_it() -> None:
    assert wording.mechanism_support("musculoskeletal") == (
        "Rises and falls with activity, eases with rest, answers to a change of movement."
    )
    assert wording.mechanism_support("undetermined").startswith("The limits for nerve pain apply")


def test_printed_writes_comparisons_and_fields_as_people_do() -> None:
    assert wording.printed("pain_at_rest <=3 and >= 10 steps") == (
        "pain at rest ≤\N{NO-BREAK SPACE}3 and ≥\N{NO-BREAK SPACE}10 steps"
    )
    assert wording.printed("D2/D3 AND x < 5") == "D2/D3 AND x < 5"
