"""The geometry of the family's pictures: gaps stay gaps, and nothing leaves the drawing."""

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehab.sessions import charts
from rehab.sessions.charts import Series

NAMES = [f"{number} Mar" for number in range(1, 15)]
VALUES = st.lists(st.one_of(st.none(), st.integers(0, 10)), min_size=1, max_size=180)


def drawn(values: list[float | None], shape: str = "circle", join: int = 3) -> charts.Band:
    names = [str(number) for number in range(len(values))]
    return charts.pain([Series("Before", shape, values, join)], names).bands[0]


@pytest.mark.parametrize(
    ("between", "pieces"),
    [(0, 1), (1, 1), (2, 1), (3, 2), (6, 2)],
)
def test_line_crosses_three_days_and_no_more(between: int, pieces: int) -> None:
    band = drawn([4, *[None] * between, 2, 3])
    assert band.path.count("M") == pieces
    assert band.dots.count("M") == 3


def test_join_of_a_measure_may_be_longer() -> None:
    assert drawn([4, *[None] * 9, 2], join=14).path.count("M") == 1


def test_day_without_an_answer_is_nothing_at_all() -> None:
    band = drawn([None, None, None])
    assert (band.path, band.dots) == ("", "")


def test_zero_is_on_the_lowest_line_and_ten_on_the_highest() -> None:
    band = drawn([0, 10])
    low, _, high = (line.y for line in band.lines)
    assert [int(y) for y in re.findall(r"[ML]\d+ (\d+)", band.path)] == [low, high]
    assert high < low


def test_bands_stand_under_each_other_with_shapes_of_their_own() -> None:
    series = [Series(shape, shape, [1, 2, 3]) for shape in ("circle", "square", "triangle")]
    picture = charts.pain(series, ["1", "2", "3"], changes=[[1]])
    tops = [band.lines[-1].y for band in picture.bands]
    assert tops == sorted(tops)
    assert all(
        one.lines[0].y < other.name_y < other.lines[-1].y
        for one, other in zip(picture.bands, picture.bands[1:], strict=False)
    )
    assert "z" in picture.bands[2].dots
    assert "z" not in picture.bands[0].dots + picture.bands[1].dots
    assert picture.mark_end == picture.bands[-1].lines[0].y
    assert [mark.number for mark in picture.marks] == [1]


@given(VALUES)
def test_every_point_is_inside_the_picture(values: list[float | None]) -> None:
    names = [str(number) for number in range(len(values))]
    picture = charts.pain([Series("", "circle", values)], names)
    for x, y in re.findall(r"[ML](\d+) (\d+)", picture.bands[0].dots):
        assert charts.LEFT <= int(x) <= charts.RIGHT
        assert charts.TOP <= int(y) <= picture.height
    assert 1 <= len(picture.labels) <= charts.LABELS + 1
    assert picture.labels[-1].text == names[-1]


@given(st.sets(st.integers(0, 179), max_size=40), st.sampled_from([14, 56, 180]))
def test_marks_that_share_a_number_are_those_without_room(places: set[int], days: int) -> None:
    within = {place for place in places if place < days}
    groups = charts.together(within, days=days)
    assert [place for group in groups for place in group] == sorted(within)
    marks = charts.pain([Series("", "circle", [1] * days)], [""] * days, changes=groups).marks
    assert all(other.x - one.x >= charts.MARK_ROOM - 1 for one, other in pairwise(marks))


@pytest.mark.parametrize(
    ("values", "scale"),
    [
        ([0.0], [0, 1]),
        ([3.0, 8.0], [0, 5, 10]),
        ([31.0], [0, 30, 60]),
        ([601.0], [0, 600, 1200]),
    ],
)
def test_scale_begins_at_zero(values: list[float], scale: list[float]) -> None:
    assert list(charts.scale_of(values)) == scale


def test_scale_of_a_weight_is_around_it() -> None:
    assert list(charts.scale_of([8.6, 9.4], from_zero=False)) == [7, 11]
    assert list(charts.scale_of([0.5], from_zero=False)) == [0, 2]


def test_bars_are_one_a_day_and_none_where_nothing_was_due() -> None:
    picture = charts.done_bars([1, None, 0.5, 0], ["a", "b", "c", "d"])
    [band] = picture.bands
    assert [bar.height for bar in band.bars] == [charts.BAND, charts.BAND // 2, 3]
    assert (picture.marks, band.path, band.dots) == ([], "", "")
