"""The cases that the content brings along, read from 06_progression.yaml and run."""

from dataclasses import replace
from typing import Any

import pytest

from rehab.guidance.engine import weigh
from rehab.guidance.engine.values import Approver, Dog
from rehab.library import reading
from tests.guidance.engine.builders import day, make_dog, make_item, make_round, make_session, measured

CASES: list[dict[str, Any]] = reading.read(reading.PROGRESSION)["test_cases"]
# What a case that names only its point leaves open.
USUALLY = {"sessions": 9, "days": 9, "done": 1.0, "clean": 5}
MORE_THAN_GREEN = 3


def dog_of(case: dict[str, Any]) -> Dog:
    """One session a day, the newest with a morning as the case says it, and ``clean`` ones up to it.

    Before them pain was above green. More sessions than days at the dose include one of today.
    """
    said = {**USUALLY, **case}
    usual = said["b"]
    first = 0 if said["sessions"] > said["days"] else 1
    days_ago = range(first, first + said["sessions"])
    told = {
        ago: make_session(
            ago,
            before=usual,
            after=usual if ago <= said["clean"] else MORE_THAN_GREEN,
            morning=usual if ago else None,
        )
        for ago in days_ago
    }
    if "pain" in said:
        before, after, morning = said["pain"]
        told[1] = replace(told[1], before=before, after=after, morning=morning)
    item = make_item(
        rounds=[make_round(ago) for ago in days_ago],
        level_since=day(said["days"]),
        completion=said["done"],
        completion_at_level=said["done"],
    )
    dog = make_dog(said["profile"], intake_pain=usual, sessions=list(told.values()), items=[item])
    if "steps" in said:
        first, second = said["steps"]
        dog = measured("unaided_steps", (47, first), (1, second))(dog)
    if "pain_rest" in said:
        dog = measured("pain_rest", (1, said["pain_rest"]))(dog)
    return dog


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_case_of_the_content(case: dict[str, Any]) -> None:
    response = weigh(dog_of(case))
    [item] = response.items
    assert item.decision.name == case["expect"]
    assert response.decision.name == case["expect"]
    if "rule" in case:
        assert item.fired[0].rule == case["rule"]
    if "flag" in case:
        assert case["flag"] in [one.flag for one in response.detected]
        assert case["flag"] in item.fired[0].numbers["flags"]
    if "needs" in case:
        assert item.approver == Approver(case["needs"])
    assert response.baseline == case["b"]


def test_content_brings_its_cases() -> None:
    assert [case["id"] for case in CASES] == ["T01", "T02", "T03", "T05", "T06", "T08", "T09", "T10", "T15"]
