"""What the rules, the phase, and pain beside doing add to the reasons to look at a dog."""

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from rehab.guidance.attention import Answer, Code, Day, Dog, Moment, Reason, Stopped, Suggested, level, reasons
from rehab.guidance.wording import BADGES, sentence
from tests.guidance.test_attention import calm
from tests.make import TODAY

DAY = dt.timedelta(days=1)


def code_of(dog: Dog, code: Code) -> Reason | None:
    return next((one for one in reasons(dog) if one.code is code), None)


def suggested(**changes: Any) -> Suggested:
    values: dict[str, Any] = {
        "id": "01",
        "seen": "digest",
        "is_more": False,
        "exercise": "Leash walk",
        "said": {"rule": "G1", "numbers": {"after": 6, "limit": 5}},
        "step": {"slug": "leash-walk"},
        "dose": {"minutes": 8},
        "approver": "vet_or_therapist",
    }
    return Suggested(**{**values, **changes})


@pytest.mark.parametrize(("days", "severity"), [(0, None), (27, None), (28, 42), (35, 42), (36, 75), (400, 75)])
def test_phase_of_21_days_is_long_from_28_and_too_long_from_36(days: int, severity: int | None) -> None:
    dog = calm(phase_since=TODAY - days * DAY, phase_days=21)
    found = code_of(dog, Code.STUCK_PHASE)
    assert (found.severity if found else None) == severity
    if found:
        assert sentence(found, today=TODAY) == f"{days} days in P2, which takes up to 21."
        assert level(found.severity) == ("watch" if severity == 42 else "act")


@pytest.mark.parametrize("changes", [{"phase_days": None}, {"phase_days": 3650}, {"phase_since": None}])
def test_phase_without_an_end_is_never_too_long(changes: dict[str, Any]) -> None:
    dog = calm(**{"phase_since": TODAY - 4000 * DAY, "phase_days": 21, **changes})
    assert code_of(dog, Code.STUCK_PHASE) is None


def test_paused_program_is_in_no_phase_too_long() -> None:
    dog = calm(phase_since=TODAY - 90 * DAY, phase_days=21, paused_on=TODAY - 80 * DAY)
    assert code_of(dog, Code.STUCK_PHASE) is None


def fortnight(pain: tuple[int, int], done: tuple[int, int]) -> Dog:
    """Seven days like the first numbers, then seven like the second: pain of 10, and items done of four."""
    answers = [Answer(day=TODAY - ago * DAY, moment=Moment.BEFORE, score=pain[ago < 7]) for ago in range(14)]
    days = [Day(day=TODAY - ago * DAY, due=4, done=done[ago < 7], is_heard=True) for ago in range(14)]
    return calm(answers=answers, days=days)


@pytest.mark.parametrize(
    ("pain", "done", "code"),
    [
        ((1, 2), (2, 4), Code.OVERLOAD),
        ((1, 1), (2, 4), None),
        ((1, 2), (4, 4), None),
        ((3, 1), (4, 2), Code.DONE_QUESTION),
        ((3, 1), (2, 4), None),
        ((1, 3), (4, 2), None),
    ],
)
def test_pain_beside_doing(pain: tuple[int, int], done: tuple[int, int], code: Code | None) -> None:
    found = {one.code for one in reasons(fortnight(pain, done))} & {Code.OVERLOAD, Code.DONE_QUESTION}
    assert found == ({code} if code else set())


def test_pain_beside_doing_says_both_numbers() -> None:
    found = code_of(fortnight((1, 2), (2, 4)), Code.OVERLOAD)
    assert found is not None
    assert sentence(found, today=TODAY) == "More done and more pain than the week before: 50 → 100 %, pain 1 → 2."


def test_two_weeks_with_too_few_answers_say_nothing() -> None:
    dog = fortnight((1, 4), (1, 4))
    few = replace(dog, answers=[one for one in dog.answers if (TODAY - one.day).days in (0, 1, 8, 9, 10)])
    assert code_of(few, Code.OVERLOAD) is None


@pytest.mark.parametrize(("by_rules", "code"), [(True, Code.RESTRAINED), (False, Code.WARNING_SIGN)])
def test_stop_by_the_rules_is_said_to_be_theirs(by_rules: bool, code: Code) -> None:
    dog = calm(stop=Stopped(sign="R2", on=TODAY, is_emergency=False, by_rules=by_rules))
    first = reasons(dog)[0]
    assert (first.code, first.severity) == (code, 99)
    if by_rules:
        assert sentence(first, today=TODAY).startswith("The rules have stopped the exercises (today): ")


def test_one_suggestion_carries_what_a_tap_needs_and_two_do_not() -> None:
    one = code_of(calm(suggestions=[suggested()]), Code.REGRESS_SUGGESTED)
    assert one is not None
    assert (one.severity, one.numbers["offer"]["id"], one.numbers["offer"]["seen"]) == (77, "01", "digest")
    assert sentence(one, today=TODAY) == "Less of Leash walk: Pain 6/10 after exercise; up to 5 is acceptable."
    two = code_of(calm(suggestions=[suggested(), suggested(is_more=True)]), Code.REGRESS_SUGGESTED)
    assert two is not None
    assert "offer" not in two.numbers
    assert code_of(calm(suggestions=[suggested(step={})]), Code.REGRESS_SUGGESTED).numbers.get("offer") is None  # type: ignore[union-attr]


def test_ready_to_progress_is_the_calmest_of_reasons() -> None:
    dog = calm(
        suggestions=[suggested(is_more=True, said={"rule": "P1", "numbers": {"percent": 97, "usual": 1}})],
        look_again=["A2", "RF26"],
        is_not_evaluated=True,
    )
    assert [one.code for one in reasons(dog)] == [Code.NOT_EVALUATED, Code.LOOK_AGAIN, Code.READY_TO_PROGRESS]
    said = [sentence(one, today=TODAY) for one in reasons(dog)]
    assert said == [
        "Some rules could not be evaluated, so nothing grows. Look at this dog yourself.",
        "The answers ask for another look at the true cause (A2, RF26).",
        "Leash walk may grow. All that progress needs is met: 97 % done, mornings at the usual 1.",
    ]


def test_every_reason_has_a_badge() -> None:
    assert set(BADGES) == set(Code)
