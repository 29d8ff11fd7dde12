"""Where the bands, dots and marks of the chart are."""

import itertools
import re

from hypothesis import given
from hypothesis import strategies as st

from rehab.guidance.charting.geometry import (
    LEFT,
    MARK_ROOM,
    PRINTED,
    RIGHT_ROOM,
    Curve,
    Row,
    Spot,
    Stretch,
    draw,
    height_of,
    pages,
    together,
)

SCALE = {0.0: "0", 10.0: "10"}


def named(count: int) -> list[str]:
    return [f"{number} Mar" for number in range(count)]


def row(**fields: object) -> Row:
    return Row(**{"key": "pain", "name": "Pain", "tall": 100, "scale": SCALE, **fields})  # type: ignore[arg-type]


def test_value_stands_on_its_scale_and_the_band_under_its_name() -> None:
    sheet = draw([row(curves=[Curve("before", [0.0, 10.0])])], named(2), width=PRINTED)
    [band] = sheet.bands
    assert [(line.y, line.text) for line in band.lines] == [(band.top + 100, "0"), (band.top, "10")]
    assert band.traces[0].line.endswith(f" {band.top}")
    assert band.name_y < band.top
    assert sheet.height > band.top + band.tall


def test_no_line_crosses_a_day_without_an_answer() -> None:
    trace = draw([row(curves=[Curve("before", [1.0, None, 2.0, 3.0])])], named(4), width=PRINTED).bands[0].traces[0]
    assert re.findall("[ML]", trace.line) == ["M", "M", "L"]
    assert trace.dots.count("z") == 3


def test_line_of_a_measure_goes_over_a_gap() -> None:
    trace = draw([row(curves=[Curve("measure", [1.0, None, 2.0], join=9)])], named(3), width=PRINTED).bands[0].traces[0]
    assert re.findall("[ML]", trace.line) == ["M", "L"]


def test_nothing_done_is_seen_and_nothing_due_is_not() -> None:
    sheet = draw([row(bars=[0.0, None, 10.0], scale={0.0: "0", 10.0: "10"})], named(3), width=PRINTED)
    [band] = sheet.bands
    floor = band.top + band.tall
    assert [int(y) for y in re.findall(r"V(\d+)h", band.bars)] == [floor - 2, band.top]


def test_today_is_drawn_open() -> None:
    band = draw([row(bars=[1.0, 2.0], is_open=True)], named(2), width=PRINTED).bands[0]
    assert band.bars.count("z") == 1
    assert band.open_bar.count("z") == 1
    assert draw([row(bars=[1.0, None], is_open=True)], named(2), width=PRINTED).bands[0].open_bar == ""


def test_plan_is_a_step_line_that_stops_where_nothing_was_due() -> None:
    level = draw([row(level=[5.0, 5.0, 10.0, None, 5.0])], named(5), width=PRINTED).bands[0].level
    assert re.findall("[MHV]", level) == ["M", "H", "H", "V", "H", "M", "H"]


def test_limit_is_a_line_of_the_scale() -> None:
    band = draw([row(limit=(5, "limit 5"))], named(2), width=PRINTED).bands[0]
    assert band.limit is not None
    assert (band.limit.y, band.limit.text) == (band.top + 50, "limit 5")


def test_stretch_has_its_text_only_where_it_fits() -> None:
    strip = row(scale={}, stretches=[Stretch(0, 9, "phase", "P1"), Stretch(10, 10, "phase", "P2 Strengthen")])
    boxes = draw([strip], named(60), width=PRINTED).bands[0].boxes
    assert [box.text for box in boxes] == ["P1", ""]
    assert boxes[0].x == LEFT
    assert boxes[1].x == round(boxes[0].x + boxes[0].width, 1)


def test_name_is_cut_where_a_narrow_drawing_ends() -> None:
    long = row(name="Load of the day (minutes × load level); the line is the plan")
    assert draw([long], named(2), width=340).bands[0].name.endswith("…")
    assert draw([long], named(2), width=PRINTED).bands[0].name == long.name


def test_kinds_have_shapes_of_their_own() -> None:
    kinds = ["medicine", "missed", "limb", "sign", "other"]
    dots = draw([row(scale={}, spots=[Spot(1, kind) for kind in kinds])], named(3), width=PRINTED).bands[0].dots
    assert len({re.sub(r"[-\d. ]+", "", dot.path) for dot in dots}) == len(kinds)


def test_marks_that_are_near_share_a_number() -> None:
    assert together([3, 0, 1, 3], count=84) == [[0, 1], [3]]
    assert together([0, 1], count=14) == [[0], [1]]
    assert together([], count=14) == []


@given(st.lists(st.integers(0, 129)), st.integers(130, 130))
def test_every_mark_belongs_to_one_number_and_has_room(places: list[int], count: int) -> None:
    groups = together(places, count=count)
    assert sorted(place for group in groups for place in group) == sorted(set(places))
    step = (PRINTED - LEFT - RIGHT_ROOM) / count
    starts = [group[0] * step for group in groups]
    assert all(later - before >= MARK_ROOM for before, later in itertools.pairwise(starts))


@given(st.lists(st.integers(0, 83), max_size=60))
def test_numbers_never_lie_on_each_other(places: list[int]) -> None:
    for width in (340, 720, 1080):
        sheet = draw([row()], named(84), width=width, marks=together(places, count=84))
        for one in sheet.numbers:
            same_row = [other.x for other in sheet.numbers if other.y == one.y and other is not one]
            assert all(abs(one.x - x) >= 17 for x in same_row)
        assert {number.text for number in sheet.numbers} <= {str(mark.number) for mark in sheet.marks}


@given(st.lists(st.integers(10, 200), min_size=1, max_size=25))
def test_no_printed_drawing_is_higher_than_its_sheet(heights: list[int]) -> None:
    rows = [row(tall=tall) for tall in heights]
    found = pages(rows, most=400)
    assert [one for page in found for one in page] == rows
    assert all(height_of(page) <= 400 for page in found)
    assert all(draw(page, named(28), width=PRINTED, marks=[[0]]).height <= 400 for page in found)


def test_drawings_of_a_sheet_are_about_equally_high() -> None:
    assert [len(page) for page in pages([row()] * 4, most=height_of([row()] * 3))] == [2, 2]


def test_last_day_always_has_its_name_inside_the_drawing() -> None:
    for count in (14, 28, 84, 130):
        sheet = draw([row()], named(count), width=PRINTED)
        assert sheet.labels[-1].text == named(count)[-1]
        assert all(LEFT - 31 < label.x <= PRINTED - RIGHT_ROOM for label in sheet.labels)
        gaps = [later.x - before.x for before, later in zip(sheet.labels, sheet.labels[1:], strict=False)]
        assert all(gap >= 30 for gap in gaps)
