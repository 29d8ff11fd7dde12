"""Sentences with their numbers."""

import datetime as dt
from typing import Any

import pytest

from rehab.guidance import wording
from rehab.guidance.attention import Code, Reason
from rehab.library import reading
from tests.make import TODAY

DAY = dt.timedelta(days=1)


def on(ago: int) -> str:
    return (TODAY - ago * DAY).isoformat()


@pytest.mark.parametrize(
    ("code", "numbers", "expected"),
    [
        (
            Code.PAIN_AT_LIMIT,
            {"score": 7, "limit": 5, "moment": "next_morning", "on": on(0)},
            "Pain 7 of 10 this morning; the limit is 5.",
        ),
        (
            Code.PAIN_AT_LIMIT,
            {"score": 7, "limit": 5, "moment": "next_morning", "on": on(1)},
            "Pain 7 of 10 in the morning (yesterday); the limit is 5.",
        ),
        (
            Code.PAIN_AT_LIMIT,
            {"score": 6, "limit": 6, "moment": "after", "on": on(2)},
            "Pain 6 of 10 after exercise (Monday); the limit is 6.",
        ),
        (
            Code.PAIN_AT_LIMIT,
            {"score": 6, "limit": 6, "moment": "before", "on": on(9)},
            "Pain 6 of 10 before exercise (March 9); the limit is 6.",
        ),
        (Code.SKIPPED_FOR_PAIN, {"on": on(0)}, "The family skipped an exercise because of pain (today)."),
        (
            Code.PAIN_UP,
            {"score": 5, "usual": 2.5, "on": on(0)},
            "Pain 5 of 10 (today); the week before it was mostly 2.5.",
        ),
        (
            Code.MORNING_UP,
            {"score": 4, "usual": 2.0, "on": on(0)},
            "Pain 4 of 10 on the morning after (today); usual is 2.",
        ),
        (Code.SILENT, {"days": 4}, "Nothing heard on the last 4 days with exercises."),
        (Code.LOW_ADHERENCE, {"percent": 31, "days": 7}, "31 % done in the last 7 days."),
        (Code.RE_EXAM_OVERDUE, {"on": on(1), "days": 1}, "The re-examination was due 1 day ago."),
        (Code.RE_EXAM_SOON, {"on": on(0), "days": 0}, "The re-examination is due today."),
        (Code.RE_EXAM_SOON, {"on": on(-3), "days": 3}, "The re-examination is due in 3 days."),
        (Code.NOT_SIGNED, {}, "No vet has signed what is wrong with this back."),
        (Code.NO_PROGRAM, {}, "The problem is signed, but no program is running."),
        (Code.PAUSED, {"on": on(0)}, "Paused since 18 Mar: resume it or end it."),
        (Code.NO_FAMILY, {}, "Nobody at home can see the program: invite the family."),
        (
            Code.CHECK_PHASE,
            {"phase": "P3", "start": "P1"},
            "The new definition would start in P1; the program is in P3.",
        ),
        (Code.NO_PAIN_ANSWER, {"days": 7}, "No pain answer in the last 7 days."),
        (Code.UNDETERMINED, {}, "Origin or mechanism is undetermined: care only for now."),
    ],
)
def test_sentence_says_its_numbers(code: Code, numbers: dict[str, Any], expected: str) -> None:
    assert wording.sentence(Reason(code=code, severity=1, numbers=numbers), today=TODAY) == expected


@pytest.mark.parametrize(("days", "expected"), [(1, "from tomorrow"), (3, "from 21 Mar")])
def test_from_day(days: int, expected: str) -> None:
    assert wording.from_day(TODAY + days * DAY, today=TODAY) == expected


def test_every_code_has_a_badge_and_a_sentence() -> None:
    assert set(wording.BADGES) == set(Code)
    assert set(wording._SENTENCES) == set(Code)


def test_grades_are_named_as_the_content_names_them() -> None:
    names = [grade["name"].lower() for grade in reading.read(reading.NEURO)["grades"]]
    assert [str(name).lower() for name in wording.GRADES] == names


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        (("disc", 2, "primary", "neurologic"), ("Disc disease, grade 2", "primary, neurologic")),
        (("soft_tissue", 1, "primary", "musculoskeletal"), ("Soft-tissue injury", "primary, musculoskeletal")),
        (
            ("arthritis", 1, "undetermined", "undetermined"),
            ("Arthritis of the spine, grade 1", "origin open, mechanism open"),
        ),
        (("", None, "", ""), ("Cause not answered", "")),
    ],
)
def test_problem_in_short_words(answers: tuple[Any, ...], expected: tuple[str, str]) -> None:
    assert wording.problem(*answers) == expected


@pytest.mark.parametrize(
    ("born_on", "expected"),
    [
        (dt.date(2026, 3, 18), "0 months"),
        (dt.date(2026, 2, 18), "1 month"),
        (dt.date(2026, 2, 19), "0 months"),
        (dt.date(2024, 3, 19), "23 months"),
        (dt.date(2024, 3, 18), "2 years"),
        (dt.date(2016, 3, 19), "9 years"),
    ],
)
def test_age(born_on: dt.date, expected: str) -> None:
    assert wording.age(born_on, today=TODAY) == expected


@pytest.mark.parametrize(
    ("days", "expected"), [(0, "today"), (1, "in 1 day"), (14, "in 14 days"), (-1, "1 day ago"), (-3, "3 days ago")]
)
def test_days_left(days: int, expected: str) -> None:
    assert wording.days_left(TODAY + days * DAY, today=TODAY) == expected
