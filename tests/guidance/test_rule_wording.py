"""Every rule, condition, answer and request of the engine has words, with its numbers in them."""

import inspect
from typing import Any

import pytest
from django.utils import translation

from rehab.guidance import engine, rule_wording
from rehab.guidance.engine import progress
from rehab.guidance.models import Suggestion
from rehab.guidance.rule_wording import ACTIONS, MISSING, UNMET, action_text, missing_text, rule_text, unmet_text
from rehab.guidance.suggestion_wording import explanation, looked_at, step_text
from rehab.programs.dose import Dose

SAID: dict[str, tuple[dict[str, Any], str]] = {
    "R1": ({"flags": ["RF06"], "on": "2026-03-18"}, "Severe pain: screaming, cannot settle"),
    "R2": ({"metric": "unaided_steps", "before": 10, "now": 6}, "Nerve function looks worse"),
    "R3": ({"moment": "rest", "score": 7, "limit": 6}, "Pain 7/10 at rest is not below the safe limit of 6"),
    "R4": ({"plan": False}, "no plan against it is on record"),
    "R5": ({"flags": ["RF13"]}, "A jump during the ordered rest, with new signs: "),
    "R6": ({"signed": False}, "A vet must confirm what kind of back pain this is"),
    "G1": ({"after": 6, "limit": 5}, "Pain 6/10 after exercise; up to 5 is acceptable"),
    "G2": ({"rise": 3, "limit": 2}, "Pain rose by 3 during the session; up to 2 is acceptable"),
    "G3": ({"morning": 4, "usual": 1.5, "limit": 2}, "Next morning 4 against usual 1.5 (24-hour rule)"),
    "G4": ({"codes": ["S_CRY"]}, "Stopped again for the same sign: "),
    "G5": ({"standing": 14.0, "usual": 20.0, "percent": 30, "limit": 30}, "stands 14 s, usually 20 s (30 % less)"),
    "G6": ({"tired": 3}, "Still tired the next day"),
    "G7": ({"days": 9, "re_enter": False}, "Not done for 9 days"),
    "G8": ({"times": 2, "days": 7}, "Lowered on 2 of the last 7 days"),
    "H1": ({"after": 4, "limit": 2, "morning": 2, "usual": 2}, "settled overnight (morning 2, usual 2)"),
    "H2": ({"percent": 71, "limit": 80}, "Only 71 % done in 7 days"),
    "H3": ({"sessions": 3, "min_sessions": 6, "days": 4, "min_days": 5}, "3 of 6 sessions, 4 of 5 days"),
    "H4": ({"quality": 1.6666, "limit": 2}, "quality 1.7 of 3"),
    "H5": ({"changed_at": "2026-03-18T10:00:00Z", "hours": 72}, "less than 72 hours ago"),
    "H6": ({"others": ["leash-walk"], "days": 3}, "leash walk grew in the last 3 days"),
    "H7": ({"missing": 2, "of": 3}, "missing after 2 of the last 3 sessions"),
    "H8": ({"due_on": "2026-03-15", "days": 3}, "due 3 days ago"),
    "H9": ({"percent": 20, "days": 7, "allowed": 10}, "20 % more than 7 days ago, 10 % is allowed"),
    "H10": ({"clean": 2, "needed": 5}, "2 of 5 clean sessions"),
    "A1": ({"times": 3, "of": 4}, "in 3 of 4 sessions"),
    "A2": ({"times": 2, "days": ["2026-03-10", "2026-03-12"]}, "2 times (10 Mar, 12 Mar): could this be nerve pain?"),
    "A3": ({"times": 3, "days": ["2026-03-10"]}, "could the back be compensating?"),
    "A4": (
        {"metric": "straight_sits", "before": 2.0, "now": 4.0, "pain_before": 4.0, "pain_now": 3.5},
        "the back is not (pain 4 → 3.5)",
    ),
    "P1": ({"percent": 93, "usual": 1}, "93 % done, mornings at the usual 1"),
}
OTHERS: list[tuple[str, dict[str, Any], str]] = [
    ("R3", {"moment": "morning", "score": 7, "limit": 6}, "on two mornings running"),
    ("R4", {"missed": 2}, "2 doses were missed in three days"),
    ("R6", {"signed": True}, "cannot be true any more"),
    ("G5", {"poor": 2, "of": 3}, "done poorly in 2 of the last 3 sessions"),
    ("G7", {"days": 24, "re_enter": True}, "a vet checks first"),
    ("H4", {"taught": False}, "has not shown it back yet"),
    ("H5", {"missed": 1}, "1 dose of the pain medicine was missed"),
    ("XX", {}, "A rule that is no longer in use"),
]


def test_every_rule_of_the_engine_has_words() -> None:
    assert {rule.id for rule in engine.RULES} | {engine.PROGRESS} == set(SAID)


@pytest.mark.parametrize(("rule", "numbers", "says"), [*((rule, *said) for rule, said in SAID.items()), *OTHERS])
def test_rule_is_said_with_its_numbers(rule: str, numbers: dict[str, Any], says: str) -> None:
    text = rule_text(rule, numbers)
    assert says in text
    assert not text.endswith(".")
    assert "%(" not in text


def test_every_condition_of_progress_has_words() -> None:
    """The names that the engine yields, read from its source: one that is new must not reach a person as a code."""
    source = inspect.getsource(progress)
    named = {line.split('"')[1] for line in source.splitlines() if "yield " in line and '"' in line}
    assert len(named) >= 10
    assert named | {"end_of_the_range", engine.PROGRESS} <= set(UNMET)
    assert unmet_text("O4") == "The plan or the definition does not allow it (O4)"


def test_every_missing_answer_and_every_request_has_words() -> None:
    assert [missing_text(one) != one for one in MISSING] == [True] * 7
    assert [action_text(one) != one for one in ACTIONS] == [True] * 4


@pytest.mark.parametrize(
    ("verdict", "step", "says"),
    [
        ("regress", {"dose": {"reps": 6}, "percent": 20}, "8 → 6 repetitions (20 % less)"),
        (
            "regress",
            {"dose": {"reps": 4}, "percent": 50},
            "8 → 4 repetitions (50 % less, the second time within a week)",
        ),
        ("regress", {"dose": {"reps": 5}, "percent": 30}, "8 → 5 repetitions (70 % of the dose after a break)"),
        ("regress", {"dose": {"reps": 3}, "re_enter": True}, "start again at the low end: 3 times, once a day"),
        ("regress", {"dose": {"minutes": 1}, "is_swap": True}, "easier exercise: Sling walk, 1 minute, once a day"),
        ("progress", {"dose": {"minutes": 2}, "is_swap": True}, "harder exercise: Sling walk, 2 minutes, once a day"),
        ("progress", {"dose": {"reps": 9}}, "8 → 9 repetitions"),
        ("hold", {}, ""),
    ],
)
def test_step_in_words(verdict: str, step: dict[str, Any], says: str) -> None:
    whole = {"slug": "sling-walk", "percent": 0, "is_swap": False, "re_enter": False, "variable": "reps"} | step
    names = {"sling-walk": "Sling walk"}
    assert step_text(verdict, whole if step else {}, Dose.from_json({"reps": 8}), names=names) == says


def make_suggestion(**fields: Any) -> Suggestion:
    return Suggestion(
        **{
            "verdict": "regress",
            "approver": "vet_or_therapist",
            "fired": [
                {"rule": "G1", "decision": "regress", "numbers": {"after": 6, "limit": 5}},
                {"rule": "H3", "decision": "hold", "numbers": {}},
            ],
            "numbers": {
                "sessions": 12,
                "since": "2026-03-06",
                "before": 0,
                "after": 6,
                "morning": None,
                "percent": 100,
            },
            **fields,
        }
    )


def test_whole_explanation_follows_the_template() -> None:
    assert explanation(make_suggestion()) == (
        "Regress: Pain 6/10 after exercise; up to 5 is acceptable. Looked at: 12 sessions since 6 Mar, "
        "pain before/after/next morning 0/6/–, done 100 %. A vet or therapist decides."
    )
    unmet = make_suggestion(verdict="hold", fired=[], unmet=["days", "tired"], missing=["tired"], broken=["G3"])
    assert explanation(unmet).startswith(
        "Hold: Some rules could not be evaluated, so nothing grows; More days at this dose; "
        "How tired the last session left the dog; Not answered: how tired the dog was. Looked at: "
    )


def test_nothing_looked_at_is_said_and_no_answer_is_no_zero() -> None:
    assert looked_at({}) == "Looked at: no session yet, done – %."
    assert rule_wording.score(None) == "–"
    assert rule_wording.day_text(None) == "–"


def test_words_in_another_language_do_not_fail() -> None:
    with translation.override("es"):
        for rule, (numbers, _says) in SAID.items():
            assert rule_text(rule, numbers)
        assert explanation(make_suggestion())
