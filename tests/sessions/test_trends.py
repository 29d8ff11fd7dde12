"""One word about the pain, and only where the answers carry it."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehab.sessions.trends import MOMENTS, Trend, Word, trend

TODAY = dt.date(2026, 3, 18)
DAYS = st.integers(0, 40).map(lambda back: TODAY - dt.timedelta(days=back))
SCORES = st.dictionaries(DAYS, st.integers(0, 10))
FELT = st.dictionaries(st.sampled_from(MOMENTS), SCORES)


def felt(**scores: int) -> dict[dt.date, int]:
    """``d3=5``: a score of five three days ago."""
    return {TODAY - dt.timedelta(days=int(back[1:])): score for back, score in scores.items()}


@pytest.mark.parametrize(
    ("then", "now", "word"),
    [
        (4, 2, Word.LESS),
        (4, 3, Word.LESS),
        (4, 4, Word.SAME),
        (3, 4, Word.MORE),
        (0, 9, Word.MORE),
    ],
)
def test_trend_is_the_difference_of_the_medians(then: int, now: int, word: Word) -> None:
    scores = felt(d0=now, d3=now, d6=now, d14=then, d17=then, d20=then)
    assert trend({"before": scores}, today=TODAY) == Trend(word, "before", then, now)


def test_trend_of_half_a_point_is_the_same() -> None:
    scores = felt(d0=3, d1=3, d2=4, d3=4, d14=3, d15=3, d16=3)
    assert trend({"before": scores}, today=TODAY) == Trend(Word.SAME, "before", 3, 3.5)


def test_trend_takes_the_median_so_that_one_bad_day_says_nothing() -> None:
    scores = felt(d0=9, d1=2, d2=2, d14=2, d15=2, d16=2)
    assert trend({"before": scores}, today=TODAY).word is Word.SAME


@pytest.mark.parametrize("missing", ["d0", "d3", "d6", "d14", "d17", "d20"])
def test_trend_with_two_answers_in_either_week_says_nothing(missing: str) -> None:
    scores = {"d0": 1, "d3": 1, "d6": 1, "d14": 8, "d17": 8, "d20": 8}
    del scores[missing]
    assert trend({"before": felt(**scores)}, today=TODAY) == Trend(Word.TOO_FEW)


@pytest.mark.parametrize("outside", [7, 13, 21, -1])
def test_trend_looks_at_no_day_outside_its_two_weeks(outside: int) -> None:
    scores = felt(d0=1, d3=1, d14=8, d17=8, d20=8) | {TODAY - dt.timedelta(days=outside): 1}
    assert trend({"before": scores}, today=TODAY).word is Word.TOO_FEW


def test_trend_sets_no_moment_against_another() -> None:
    now, then = felt(d0=1, d1=1, d2=1), felt(d14=8, d15=8, d16=8)
    assert trend({"before": now, "after": then}, today=TODAY).word is Word.TOO_FEW
    assert trend({"before": now, "after": now | then}, today=TODAY) == Trend(Word.LESS, "after", 8, 1)
    assert trend({"before": now, "after": now | then, "next_morning": then}, today=TODAY).moment == "after"


@given(FELT, st.data())
def test_more_missing_answers_never_make_the_word_more_certain(
    all_of_them: dict[str, dict[dt.date, int]], data: st.DataObject
) -> None:
    fewer = {
        moment: {day: score for day, score in scores.items() if data.draw(st.booleans())}
        for moment, scores in all_of_them.items()
    }
    if trend(all_of_them, today=TODAY).word is Word.TOO_FEW:
        assert trend(fewer, today=TODAY) == Trend(Word.TOO_FEW)


@given(FELT)
def test_word_says_nothing_but_what_its_numbers_say(scores: dict[str, dict[dt.date, int]]) -> None:
    found = trend(scores, today=TODAY)
    if found.now is None or found.then is None:
        assert found == Trend(Word.TOO_FEW)
        return
    assert (found.word is Word.LESS) == (found.then - found.now >= 1)
    assert (found.word is Word.MORE) == (found.now - found.then >= 1)
    assert sum(day > TODAY - dt.timedelta(days=7) for day in scores[found.moment]) >= 3
