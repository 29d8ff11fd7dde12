"""From all rules to one answer: order, what is asked for beside a dose, and a rule that cannot be evaluated."""

from dataclasses import replace
from typing import Any

import pytest

from rehab.guidance import engine
from rehab.guidance.engine import assessment, flags, hold, progress, regress, restrain, weigh
from rehab.guidance.engine.registry import Rule
from rehab.guidance.engine.values import Decision
from rehab.programs.dose import Dose
from tests.guidance.engine.builders import (
    Change,
    both,
    dog_with,
    done,
    item_with,
    make_dog,
    make_item,
    measured,
    told,
    weighed,
)


def failing(*_: Any, **__: Any) -> None:
    raise ZeroDivisionError


def test_first_rule_of_the_most_careful_decision_wins_and_all_are_named() -> None:
    dog = both(measured("pain_rest", (1, 6)), told(1, after=9), item_with(is_taught=False))(make_dog())
    response = weigh(dog)
    [item] = response.items
    assert (item.decision, item.rules) == (Decision.RESTRAIN, ("R1", "R3"))
    assert [one.rule for one in item.fired] == ["R1", "R3", "G1", "G2", "H4"]
    assert [one.rule for one in response.fired] == ["R1", "R3"]


def test_dog_is_as_careful_as_its_most_careful_exercise() -> None:
    good, held = make_item(), make_item(key="held", is_taught=False)
    lowered = make_item(key="lowered", missed_days=1, last_done_on=make_dog().today.replace(day=1))
    assert weigh(make_dog(items=[good])).decision == Decision.PROGRESS
    assert weigh(make_dog(items=[good, held])).decision == Decision.HOLD
    assert weigh(make_dog(items=[held, lowered, good])).decision == Decision.REGRESS
    assert weigh(make_dog(items=[])).decision == Decision.HOLD


def test_exercises_come_in_the_order_of_their_keys() -> None:
    items = [make_item(key=key) for key in ("b", "a", "c")]
    found = weigh(make_dog(items=items)).items
    assert [(one.key, one.slug) for one in found] == [(key, "leash-walk") for key in ("a", "b", "c")]


def test_answer_names_the_usual_pain_and_all_that_is_missing() -> None:
    other = make_item(key="other", completion=None)
    dog = told(1, morning=None)(make_dog("neuro", items=[make_item(), other], intake_pain=3))
    response = weigh(dog)
    assert (response.baseline, response.missing) == (0, ("completion", "pain_next_morning"))
    assert (response.actions, response.broken, response.questions, response.detected) == ((), (), (), ())
    assert not response.could_not_be_evaluated


@pytest.mark.parametrize(
    ("completion", "actions"), [(0.49, ("call_owner", "cut_to_three")), (0.50, ()), (None, ()), (1.0, ())]
)
def test_much_too_little_done_asks_for_a_call(completion: float | None, actions: tuple[str, ...]) -> None:
    assert weigh(make_dog(completion=completion)).actions == actions


def test_all_that_is_asked_for_comes_in_one_order() -> None:
    dog = both(
        dog_with(completion=0.1, lowered_on=[make_dog().today.replace(day=15), make_dog().today.replace(day=17)]),
        item_with(missed_days=1, last_done_on=make_dog().today.replace(month=2, day=1)),
    )(make_dog())
    assert weigh(dog).actions == ("call_owner", "cut_to_three", "therapist_review", "vet_check")


# --- A rule that fails -----------------------------------------------------------------------------------------------

EVERY_RULE: list[tuple[Any, str, str]] = [
    *((restrain, "RULES", one.id) for one in restrain.RULES),
    *((regress, "RULES", one.id) for one in regress.RULES),
    *((hold, "RULES", one.id) for one in hold.RULES),
    *((assessment, "RULES", one.id) for one in assessment.RULES),
]


def break_rule(monkeypatch: pytest.MonkeyPatch, module: Any, name: str, rule_id: str) -> None:
    rules: tuple[Rule, ...] = getattr(module, name)
    assert rule_id in {one.id for one in rules}
    monkeypatch.setattr(module, name, tuple(replace(one, check=failing) if one.id == rule_id else one for one in rules))


@pytest.mark.parametrize(("module", "name", "rule_id"), EVERY_RULE, ids=[one[2] for one in EVERY_RULE])
def test_failing_rule_hides_no_other_and_nothing_grows(
    monkeypatch: pytest.MonkeyPatch, module: Any, name: str, rule_id: str
) -> None:
    bad = both(
        measured("pain_rest", (1, 6)),
        measured("standing_s", (30, 20), (1, 5)),
        told(1, after=9, morning=9, tired=3),
        dog_with(is_signed=False, medicine_changed_at=make_dog().at),
        item_with(is_taught=False, completion=0.1),
    )(make_dog("neuro"))
    before = [one.rule for one in weighed(bad).fired]

    break_rule(monkeypatch, module, name, rule_id)
    after = weigh(bad)
    assert [one.rule for one in after.items[0].fired] == [one for one in before if one != rule_id]
    assert rule_id in (*after.broken, *after.items[0].broken)
    assert after.could_not_be_evaluated

    good = weigh(make_dog("neuro"))
    assert (good.decision, good.items[0].decision, good.items[0].step) == (Decision.HOLD, Decision.HOLD, None)
    assert good.items[0].fired == ()


@pytest.mark.parametrize("flag", flags.DETECTORS)
def test_failing_detector_hides_no_other_and_nothing_grows(monkeypatch: pytest.MonkeyPatch, flag: str) -> None:
    bad = both(measured("pain_rest", (1, 6)), measured("unaided_steps", (30, 10), (1, 4)))(make_dog())
    before = [one.flag for one in weigh(bad).detected]
    assert before == ["RF01", "RF03", "RF16"]
    monkeypatch.setattr(engine, "DETECTORS", {**flags.DETECTORS, flag: failing})
    after = weigh(bad)
    assert [one.flag for one in after.detected] == [one for one in before if one != flag]
    assert after.broken == (flag,)
    assert weigh(make_dog()).decision == Decision.HOLD


def test_failing_g8_and_failing_conditions_let_nothing_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(regress, "LOWERED_AGAIN", replace(regress.LOWERED_AGAIN, check=failing))
        found = weighed(make_dog())
        assert (found.decision, found.broken) == (Decision.HOLD, ("G8",))
    with monkeypatch.context() as patch:
        patch.setattr(progress, "unmet", failing)
        found = weighed(make_dog())
        assert (found.decision, found.unmet, found.broken) == (Decision.HOLD, ("P1",), ("P1",))
        assert weighed(told(1, after=9)(make_dog())).rules == ("G1", "G2")
    with monkeypatch.context() as patch:
        patch.setattr(progress, "missing", failing)
        found = weighed(make_dog())
        assert (found.decision, found.missing, found.broken) == (Decision.HOLD, (), ("missing",))
    assert weighed(make_dog()).decision == Decision.PROGRESS


BROKEN: list[tuple[str, Change, tuple[str, ...], str]] = [
    # A value that no form lets through, what is still heard beside it, and something that is then broken.
    ("before", both(told(1, before="4"), told(2, after=9)), (), "baseline"),
    ("after", both(told(1, after="4"), item_with(is_taught=False)), ("H4",), "G1"),
    ("morning", both(told(1, morning="4"), measured("pain_rest", (1, 6))), ("R1", "R3"), "RF20"),
    ("tired", both(told(1, tired="3"), told(1, after=9)), ("G1", "G2"), "G6"),
    ("share", both(done(1, share="1"), item_with(is_taught=False)), ("H4",), "G1"),
    ("quality", both(done(1, quality="3"), told(1, after=9)), ("G1", "G2"), "P1"),
    ("completion", both(item_with(completion="1"), told(1, after=9)), ("G1", "G2"), "H2"),
    ("completion of all", both(dog_with(completion="1"), told(1, after=9)), ("G1", "G2"), "actions"),
    ("pain at rest", both(measured("pain_rest", (2, 1), (1, "6")), told(1, after=9)), ("G1", "G2"), "R3"),  # type: ignore[arg-type]
    ("dose", both(item_with(dose="5"), told(1, after=9)), ("G1", "G2"), "step"),
    ("due", both(dog_with(re_exam_due_on="tomorrow"), told(1, after=9)), ("G1", "G2"), "H8"),
    ("last done", both(item_with(last_done_on="today", missed_days=1), told(1, after=9)), ("G1", "G2"), "G7"),
]


@pytest.mark.parametrize(("change", "heard", "broken"), [one[1:] for one in BROKEN], ids=[one[0] for one in BROKEN])
def test_broken_value_hides_nothing_else_and_nothing_grows(change: Change, heard: tuple[str, ...], broken: str) -> None:
    other = make_item(key="other", slug="sit-to-stand")
    dog = change(make_dog("neuro"))
    response = weigh(replace(dog, items=[*dog.items, other]))
    by_key = {one.key: one for one in response.items}
    assert set(heard) <= {one.rule for one in by_key["walk"].fired}
    assert broken in (*response.broken, *by_key["walk"].broken)
    assert response.could_not_be_evaluated
    assert Decision.PROGRESS not in {response.decision, *(one.decision for one in response.items)}


def test_what_is_broken_of_one_exercise_holds_the_others() -> None:
    broken = make_item(key="broken", completion="1")
    dog = make_dog(items=[make_item(), broken])
    assert [one.decision for one in weigh(dog).items] == [Decision.HOLD, Decision.HOLD]
    assert [one.broken for one in weigh(dog).items] == [("H2", "numbers"), ()]
    assert weigh(dog).could_not_be_evaluated


def test_step_that_cannot_be_worked_out_keeps_the_decision() -> None:
    found = weighed(both(item_with(dose="5"), told(1, after=9))(make_dog()))
    assert (found.decision, found.step) == (Decision.REGRESS, None)
    found = weighed(item_with(dose=Dose(minutes=5), dose_range=None)(make_dog()))
    assert (found.decision, found.step, "step" in found.broken) == (Decision.HOLD, None, True)
