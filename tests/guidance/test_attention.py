"""Why a dog needs a look: tables on both sides of each limit, and properties."""

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehab.guidance.attention import (
    Answer,
    Code,
    Day,
    Dog,
    Level,
    Moment,
    Reason,
    attention,
    level,
    limits_of,
    percent,
    reasons,
)
from tests.make import TODAY


def back(days: int) -> dt.date:
    return TODAY - dt.timedelta(days=days)


def before(*scores: int | None, last: int = 0) -> list[Answer]:
    """Pain before exercise on the days up to ``last`` days ago, oldest first."""
    return [
        Answer(day=back(last + len(scores) - 1 - index), moment=Moment.BEFORE, score=score)
        for index, score in enumerate(scores)
        if score is not None
    ]


def morning(score: int, *, felt: int = 0) -> Answer:
    return Answer(day=back(felt + 1), moment=Moment.NEXT_MORNING, score=score)


def days(count: int = 14, *, due: int = 2, done: float = 2, is_heard: bool = True) -> list[Day]:
    """The last days before today, all alike."""
    return [Day(day=back(ago), due=due, done=done, is_heard=is_heard) for ago in range(1, count + 1)]


def calm(**changes: Any) -> Dog:
    """A dog whose family answers and whose plan is in order."""
    values: dict[str, Any] = {
        "today": TODAY,
        "profile": "msk",
        "is_signed": True,
        "has_program": True,
        "has_family": True,
        "phase": "P2",
        "start_phase": "P1",
        "re_exam_due_on": TODAY + dt.timedelta(days=20),
        "intake_pain": 2,
        "answers": before(*[2] * 8),
        "days": days(),
    }
    return Dog(**{**values, **changes})


def codes(dog: Dog) -> list[Code]:
    return [reason.code for reason in reasons(dog)]


@pytest.mark.parametrize(("ago", "severity"), [(0, 52), (1, 53), (7, 59), (30, 59)])
def test_a_clip_waits_more_urgently_each_day(ago: int, severity: int) -> None:
    found = reasons(calm(clips_waiting=2, clips_since=back(ago)))
    assert found == [
        Reason(code=Code.CLIP_WAITING, severity=severity, numbers={"count": 2, "on": back(ago).isoformat()})
    ]


def test_reasons_of_a_calm_dog_are_none() -> None:
    assert reasons(calm()) == []
    assert attention([]) == 0
    assert level(0) is Level.OK


@pytest.mark.parametrize(
    ("profile", "moment", "score", "is_at_limit"),
    [
        ("msk", Moment.BEFORE, 5, False),
        ("msk", Moment.BEFORE, 6, True),
        ("msk", Moment.AFTER, 5, False),
        ("msk", Moment.AFTER, 6, True),
        ("msk", Moment.NEXT_MORNING, 5, False),
        ("msk", Moment.NEXT_MORNING, 6, True),
        ("neuro", Moment.BEFORE, 4, False),
        ("neuro", Moment.BEFORE, 5, True),
        ("neuro", Moment.NEXT_MORNING, 3, False),
        ("neuro", Moment.NEXT_MORNING, 4, True),
    ],
)
def test_pain_at_the_limit_of_the_profile(profile: str, moment: Moment, score: int, is_at_limit: bool) -> None:
    day = back(1) if moment is Moment.NEXT_MORNING else TODAY
    answers = [*before(score, score, score, last=1), Answer(day=day, moment=moment, score=score)]
    found = codes(calm(profile=profile, answers=answers, intake_pain=score))
    assert (Code.PAIN_AT_LIMIT in found) is is_at_limit


def test_pain_at_limit_says_its_numbers() -> None:
    found = reasons(calm(profile="neuro", answers=[*before(4, 4, 4, last=1), morning(7)], intake_pain=4))
    assert found[0] == Reason(
        code=Code.PAIN_AT_LIMIT,
        severity=96,
        numbers={"score": 7, "limit": 4, "moment": "next_morning", "on": TODAY.isoformat()},
    )
    assert level(found[0].severity) is Level.ACT


def test_pain_at_limit_stands_until_a_newer_answer() -> None:
    old = before(2, 2, 2, 7, last=5)
    assert Code.PAIN_AT_LIMIT in codes(calm(answers=old))
    assert Code.PAIN_AT_LIMIT not in codes(calm(answers=[*old, *before(2)]))


@pytest.mark.parametrize(
    ("scores", "is_up"),
    [
        ([1, 1, 1, 2], False),
        ([1, 1, 1, 3], True),
        ([1, 2, 3, 4], True),
        ([2, 2, 3, 4], True),
        ([2, 3, 3, 4], False),
        ([1, 1, 3], False),  # two days are no median
    ],
)
def test_pain_up_by_two_points_over_the_median_before(scores: list[int], is_up: bool) -> None:
    assert (Code.PAIN_UP in codes(calm(answers=before(*scores)))) is is_up


def test_pain_up_looks_back_seven_days_only() -> None:
    assert Code.PAIN_UP in codes(calm(answers=before(1, 1, 1, None, None, None, None, 3)))
    assert Code.PAIN_UP not in codes(calm(answers=before(1, 1, 1, None, None, None, None, None, 3)))


@pytest.mark.parametrize(
    ("profile", "score", "is_up"),
    [("msk", 3, False), ("msk", 4, True), ("neuro", 2, False), ("neuro", 3, True)],
)
def test_morning_up_over_the_usual(profile: str, score: int, is_up: bool) -> None:
    dog = calm(profile=profile, answers=[*before(2, 2, 2, last=1), morning(score)])
    assert (Code.MORNING_UP in codes(dog)) is is_up


def test_morning_up_without_three_answers_compares_with_intake() -> None:
    assert Code.MORNING_UP in codes(calm(answers=[morning(4)], intake_pain=2))
    assert Code.MORNING_UP not in codes(calm(answers=[morning(4)], intake_pain=3))
    assert Code.MORNING_UP not in codes(calm(answers=[morning(4)], intake_pain=None))


@pytest.mark.parametrize(("ago", "counts"), [(0, True), (2, True), (3, False)])
def test_skipped_for_pain_within_three_days(ago: int, counts: bool) -> None:
    assert (Code.SKIPPED_FOR_PAIN in codes(calm(pain_skips={back(ago)}))) is counts


@pytest.mark.parametrize(("done", "is_low"), [(1.0, False), (0.98, True), (0.0, True)])
def test_low_adherence_is_under_half_of_seven_days(done: float, is_low: bool) -> None:
    dog = calm(days=[*days(7, done=done), *days(14)[7:]])
    assert (Code.LOW_ADHERENCE in codes(dog)) is is_low


def test_low_adherence_needs_something_due_and_three_days() -> None:
    assert Code.LOW_ADHERENCE not in codes(calm(days=days(due=0, done=0)))
    assert Code.LOW_ADHERENCE not in codes(calm(days=days(2, done=0)))
    assert Code.LOW_ADHERENCE in codes(calm(days=days(3, done=0)))
    only_once_a_week = [Day(day=back(6), due=1, done=0, is_heard=True)]
    assert Code.LOW_ADHERENCE in codes(calm(days=only_once_a_week))


def test_low_adherence_ignores_today() -> None:
    today = Day(day=TODAY, due=50, done=0)
    assert codes(calm(days=[*days(), today])) == []


@pytest.mark.parametrize(("count", "is_silent"), [(2, False), (3, True), (13, True)])
def test_silent_after_three_due_days(count: int, is_silent: bool) -> None:
    quiet = days(count, done=0, is_heard=False)
    found = {reason.code: reason for reason in reasons(calm(days=[*quiet, *days()[count:]]))}
    assert (Code.SILENT in found) is is_silent
    if is_silent:
        assert found[Code.SILENT].numbers == {"days": count}


def test_silent_counts_due_days_and_ends_with_a_word_today() -> None:
    rest_days = [Day(day=back(ago), due=0) for ago in range(1, 4)]
    assert Code.SILENT not in codes(calm(days=[*rest_days, *days()[3:]]))
    quiet = days(done=0, is_heard=False)
    assert Code.SILENT in codes(calm(days=quiet))
    assert Code.SILENT not in codes(calm(days=[*quiet, Day(day=TODAY, due=2, is_heard=True)]))


@pytest.mark.parametrize(("ago", "is_missing"), [(6, False), (7, True)])
def test_no_pain_answer_for_a_week_is_a_reason(ago: int, is_missing: bool) -> None:
    assert (Code.NO_PAIN_ANSWER in codes(calm(answers=before(2, last=ago)))) is is_missing


def test_no_answers_at_all_never_read_as_good() -> None:
    found = codes(calm(answers=[], days=days(done=0, is_heard=False)))
    assert found == [Code.SILENT, Code.LOW_ADHERENCE, Code.NO_PAIN_ANSWER]


@pytest.mark.parametrize(
    ("left", "expected"),
    [
        (4, []),
        (3, [Code.RE_EXAM_SOON]),
        (0, [Code.RE_EXAM_SOON]),
        (-1, [Code.RE_EXAM_OVERDUE]),
        (-30, [Code.RE_EXAM_OVERDUE]),
    ],
)
def test_re_exam_soon_and_overdue(left: int, expected: list[Code]) -> None:
    assert codes(calm(re_exam_due_on=TODAY + dt.timedelta(days=left))) == expected


def test_unsigned_dog_asks_for_a_definition_and_for_nothing_else_of_the_plan() -> None:
    dog = Dog(today=TODAY)
    assert codes(dog) == [Code.NOT_SIGNED]


def test_signed_dog_without_program_and_undetermined_one() -> None:
    assert codes(calm(has_program=False, answers=[], days=[])) == [Code.NO_PROGRAM]
    assert codes(calm(is_undetermined=True)) == [Code.UNDETERMINED]


def test_program_that_nobody_at_home_sees_asks_for_somebody_to_act() -> None:
    [reason] = reasons(calm(has_family=False))
    assert reason.code == Code.NO_FAMILY
    assert level(reason.severity) == Level.ACT
    assert codes(calm(has_family=False, has_program=False)) == [Code.NO_PROGRAM]


def test_paused_program_never_reads_as_calm() -> None:
    [reason] = reasons(calm(paused_on=back(30), days=[], answers=[]))
    assert (reason.code, reason.numbers) == (Code.PAUSED, {"on": back(30).isoformat()})
    assert level(reason.severity) == Level.WATCH


@pytest.mark.parametrize(
    ("phase", "start_phase", "is_redefined", "asks"),
    [("P3", "P1", True, True), ("P3", "P1", False, False), ("P1", "P1", True, False), ("P1", "P2", True, False)],
)
def test_phase_is_checked_when_another_row_starts_earlier(
    phase: str, start_phase: str, is_redefined: bool, asks: bool
) -> None:
    found = reasons(calm(phase=phase, start_phase=start_phase, is_redefined=is_redefined))
    assert [one.code for one in found] == ([Code.CHECK_PHASE] if asks else [])
    assert all(level(one.severity) == Level.WATCH for one in found)


def test_most_urgent_first_and_attention_is_the_most_urgent() -> None:
    dog = calm(
        answers=before(2, 2, 2, 8),
        days=days(done=0, is_heard=False),
        re_exam_due_on=TODAY - dt.timedelta(days=1),
        pain_skips={TODAY},
    )
    found = reasons(dog)
    assert [reason.code for reason in found] == [
        Code.PAIN_AT_LIMIT,
        Code.SKIPPED_FOR_PAIN,
        Code.PAIN_UP,
        Code.SILENT,
        Code.LOW_ADHERENCE,
        Code.RE_EXAM_OVERDUE,
    ]
    assert attention(found) == found[0].severity == 94


def test_reason_survives_storage() -> None:
    for reason in reasons(calm(answers=before(1, 2, 2, 8), days=days(done=0, is_heard=False))):
        assert Reason.from_json(reason.to_json()) == reason


def test_limits_are_those_of_the_content() -> None:
    assert (limits_of("msk").resting, limits_of("msk").morning, limits_of("msk").morning_rise) == (6, 6, 2)
    assert (limits_of("neuro").resting, limits_of("neuro").morning, limits_of("neuro").morning_rise) == (5, 4, 1)


def test_percent_of_nothing_due_is_none() -> None:
    assert percent([]) is None
    assert percent([Day(day=TODAY, due=0)]) is None
    assert percent([Day(day=TODAY, due=3, done=1)]) == 33


SCORES = st.integers(0, 10)
ANSWERS = st.lists(
    st.builds(
        Answer,
        day=st.integers(0, 13).map(back),
        moment=st.sampled_from(Moment),
        score=SCORES,
    ),
    unique_by=lambda answer: (answer.day, answer.moment),
    max_size=20,
).map(lambda answers: [answer for answer in answers if answer.felt_on <= TODAY])
DAYS = st.lists(
    st.builds(
        lambda ago, due, share, is_heard: Day(day=back(ago), due=due, done=due * share, is_heard=is_heard),
        st.integers(0, 13),
        st.integers(0, 6),
        st.floats(0, 1),
        st.booleans(),
    ),
    unique_by=lambda day: day.day,
    max_size=14,
)
DOGS = st.builds(
    Dog,
    today=st.just(TODAY),
    profile=st.sampled_from(["msk", "neuro"]),
    is_signed=st.booleans(),
    is_undetermined=st.booleans(),
    has_program=st.booleans(),
    has_family=st.booleans(),
    paused_on=st.none() | st.integers(0, 40).map(back),
    is_redefined=st.booleans(),
    phase=st.sampled_from(["", "P1", "P3"]),
    start_phase=st.sampled_from(["", "P1", "P2"]),
    re_exam_due_on=st.none() | st.integers(-40, 40).map(back),
    intake_pain=st.none() | SCORES,
    answers=ANSWERS,
    days=DAYS,
    pain_skips=st.frozensets(st.integers(0, 13).map(back), max_size=3),
)


@given(dog=DOGS, random=st.randoms(use_true_random=False))
def test_order_of_what_is_known_does_not_matter(dog: Dog, random: Any) -> None:
    answers, known = list(dog.answers), list(dog.days)
    random.shuffle(answers)
    random.shuffle(known)
    assert reasons(replace(dog, answers=answers, days=known)) == reasons(dog)


@given(dog=DOGS, more=st.integers(1, 10))
def test_more_pain_in_the_last_answers_never_means_less_attention(dog: Dog, more: int) -> None:
    last = max((answer.felt_on for answer in dog.answers), default=None)
    worse = [
        replace(answer, score=min(10, answer.score + more)) if answer.felt_on == last else answer
        for answer in dog.answers
    ]
    assert attention(reasons(replace(dog, answers=worse))) >= attention(reasons(dog))


@given(dog=DOGS)
def test_severities_are_0_to_100_and_sorted(dog: Dog) -> None:
    found = [reason.severity for reason in reasons(dog)]
    assert found == sorted(found, reverse=True)
    assert all(0 < severity <= 100 for severity in found)


@given(dog=DOGS)
def test_forgetting_all_answers_of_a_dog_in_a_program_never_calms(dog: Dog) -> None:
    """A dog with exercises due in each of the last days looks no better when the family has said nothing."""
    busy = replace(dog, days=days(), answers=[], pain_skips=())
    mute = replace(busy, days=days(done=0, is_heard=False))
    assert attention(reasons(mute)) > 0
    assert attention(reasons(mute)) >= attention(reasons(busy))
