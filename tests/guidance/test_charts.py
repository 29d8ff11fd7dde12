"""Geometry: a gap stays a gap."""

import itertools

import pytest

from rehab.guidance.charts import ChartDay, Spark, draw, spark


@pytest.mark.parametrize(
    ("values", "line", "last"),
    [
        ([], "", ""),
        ([None, None], "", ""),
        ([3], "M0-3h0", "M0-3h0"),
        ([2, 2, 3, 0], "M0-2l1 0 1-1 1 3", "M3 0h0"),
        ([1, None, 3, 4], "M0-1h0M2-3l1-1", "M3-4h0"),
        ([None, 5, None], "M1-5h0", "M1-5h0"),
        ([0, 0, None, None], "M0 0l1 0", "M1 0h0"),
    ],
)
def test_spark_breaks_at_a_gap(values: list[int | None], line: str, last: str) -> None:
    assert spark(values) == Spark(line=line, last=last)


def test_draw_breaks_the_line_where_an_answer_is_missing() -> None:
    days = [ChartDay(label="", before=score) for score in (2, 3, None, 4)]
    trace = next(trace for trace in draw(days, width=468).traces if trace.moment == "before")
    assert trace.line == "M76.0 128.0L176.0 114.0M376.0 100.0"
    assert trace.dots.count("M") == 3


def test_draw_tells_nothing_due_from_nothing_done() -> None:
    days = [ChartDay(label="", percent=percent) for percent in (None, 0, 50, 100)]
    bars = draw(days, width=468).bars
    assert [(bar.y, bar.height) for bar in bars] == [(224.0, 2.0), (202.0, 24.0), (178.0, 48.0)]
    assert [round(bar.x + bar.width / 2) for bar in bars] == [176, 276, 376]


def test_draw_puts_the_morning_before_the_exercise_of_the_same_day() -> None:
    day = ChartDay(label="", next_morning=1, before=1, after=1)
    starts = {trace.moment: float(trace.line[1:].split()[0]) for trace in draw([day], width=468).traces}
    assert starts["next_morning"] < starts["before"] < starts["after"]


def test_draw_marks_decisions_at_the_start_of_their_day() -> None:
    days = [ChartDay(label=""), ChartDay(label="", is_decided=True)]
    assert draw(days, width=268).decisions == (126.0,)


@pytest.mark.parametrize(("count", "width"), [(14, 720), (14, 340), (56, 720), (56, 340)])
def test_labels_never_touch_and_the_last_day_has_one(count: int, width: int) -> None:
    days = [ChartDay(label=str(number)) for number in range(count)]
    labels = draw(days, width=width).labels
    assert labels[-1].text == str(count - 1)
    assert all(second.x - first.x >= 50 for first, second in itertools.pairwise(labels))


def test_everything_lies_inside_the_drawing() -> None:
    days = [ChartDay(label="x", percent=100, next_morning=10, before=0, after=10, is_decided=True) for _ in range(56)]
    chart = draw(days, width=340, limit=6, limit_text="limit")
    assert chart.limit is not None
    assert 0 <= chart.limit.y <= chart.height
    assert all(bar.x >= 0 and bar.x + bar.width <= chart.width for bar in chart.bars)
    assert all(bar.y >= 0 and bar.y + bar.height <= chart.height for bar in chart.bars)
    assert all(0 <= x <= chart.width for x in chart.decisions)
