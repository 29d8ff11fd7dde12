"""The grammar of criteria, and that silence never opens a phase."""

import datetime as dt
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehab.library import reading
from rehab.programs import phase_wording
from rehab.programs.criteria import (
    ANSWERED,
    FRESH_DAYS,
    SESSIONS,
    Criterion,
    Reading,
    State,
    evaluate,
    parse,
    window_days,
)
from rehab.programs.criteria import Verdict as Found

TODAY = dt.date(2026, 3, 18)


def ago(days: int, value: float) -> Reading:
    return Reading(TODAY - dt.timedelta(days=days), value)


def of_the_content() -> Iterator[str]:
    for protocol in reading.read(reading.PROTOCOLS)["protocols"]:
        for phase in protocol["phases"]:
            yield from (*phase["enter"], *phase["exit"], *phase.get("relapse", []))


def test_every_criterion_of_the_content_parses_and_has_words() -> None:
    texts = sorted(set(of_the_content()))
    assert len(texts) > 40
    for text in texts:
        criterion = parse(text)
        assert criterion.text == text
        assert criterion.metric in phase_wording.LABELS
        assert "%(" not in phase_wording.criterion_text(criterion)
        assert text not in phase_wording.criterion_text(criterion)


def test_every_metric_of_the_content_has_words() -> None:
    assert set(reading.metrics()) <= set(phase_wording.LABELS)


def test_parsing_takes_a_criterion_apart() -> None:
    assert parse("pain_rest.max[7d] <= 2.5") == Criterion(
        text="pain_rest.max[7d] <= 2.5",
        metric="pain_rest",
        operator="<=",
        limit=2.5,
        aggregate="max",
        window=7,
        unit="d",
    )
    assert parse("days_in_phase >= 21") == Criterion(
        text="days_in_phase >= 21", metric="days_in_phase", operator=">=", limit=21
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "pain",
        "pain <= ",
        "pain =< 3",
        "pain.max <= 3",
        "pain.max[0d] <= 3",
        "pain.max[7w] <= 3",
        "pain.most[7d] <= 3",
        "pain.max[7d]<=3",
        "pain.max[7d] <= -1",
        "pain.max[7d] <= 3 and more",
        "Pain <= 3",
    ],
)
def test_parsing_refuses_what_is_no_criterion_and_says_what(text: str) -> None:
    with pytest.raises(ValueError, match="not a criterion") as refused:
        parse(text)
    assert repr(text) in str(refused.value)


@pytest.mark.parametrize(
    ("text", "values", "state", "value", "count", "needed"),
    [
        # Every other day of the window is enough, the limit itself is met.
        ("pain_rest.max[7d] <= 2", [(0, 1), (2, 2), (4, 1), (6, 0)], State.MET, 2, 4, 4),
        ("pain_rest.max[7d] <= 2", [(0, 1), (2, 3), (4, 1), (6, 0)], State.NOT_YET, 3, 4, 4),
        ("pain_rest.max[7d] <= 2", [(0, 1), (2, 2), (4, 1), (7, 0)], State.NO_DATA, None, 3, 4),
        # Too little is known even where what is known is bad.
        ("pain_rest.max[7d] <= 2", [(0, 9)], State.NO_DATA, None, 1, 4),
        ("pain_rest.max[2d] <= 3", [(1, 3)], State.MET, 3, 1, 1),
        ("pain_rest.max[2d] <= 3", [(2, 3)], State.NO_DATA, None, 0, 1),
        # Two readings of one day are one day.
        ("pain_rest.max[3d] <= 3", [(1, 1), (1, 2)], State.NO_DATA, None, 1, 2),
        ("unaided_steps.min[3d] >= 10", [(0, 10), (1, 10)], State.MET, 10, 2, 2),
        ("unaided_steps.min[3d] >= 10", [(0, 10), (1, 9)], State.NOT_YET, 9, 2, 2),
        ("unaided_steps.max[7d] < 10", [(0, 9), (1, 8), (2, 9), (3, 9)], State.MET, 9, 4, 4),
        ("unaided_steps.max[7d] < 10", [(0, 9), (1, 10), (2, 9), (3, 9)], State.NOT_YET, 10, 4, 4),
        ("walk_min_total.avg[3d] >= 15", [(1, 20), (2, 10)], State.MET, 15, 2, 2),
        ("walk_min_total.avg[3d] >= 15", [(1, 19), (2, 10)], State.NOT_YET, 14.5, 2, 2),
        ("completion.avg[7d] >= 0.8", [(day, 0.8) for day in range(7)], State.MET, 0.8, 7, 4),
        # Only today counts as the last day.
        ("standing_s.last[1d] >= 60", [(0, 60)], State.MET, 60, 1, 1),
        ("standing_s.last[1d] >= 60", [(1, 90)], State.NO_DATA, None, 0, 1),
        # The newest three, however long ago the older ones are.
        ("straight_sits.median[3s] >= 4", [(1, 4), (20, 5), (40, 3), (60, 0)], State.MET, 4, 3, 3),
        ("straight_sits.median[3s] >= 4", [(1, 4), (20, 5)], State.NO_DATA, None, 2, 3),
        ("straight_sits.median[3s] >= 4", [(FRESH_DAYS, 4), (20, 5), (40, 4)], State.MET, 4, 3, 3),
        ("straight_sits.median[3s] >= 4", [(FRESH_DAYS + 1, 4), (20, 5), (40, 4)], State.NO_DATA, None, 0, 3),
        # What stays true may be old, what is measured may not.
        ("limb_stable_signed == 1", [(300, 1)], State.MET, 1, 1, 1),
        ("limb_stable_signed == 1", [(300, 1), (2, 0)], State.NOT_YET, 0, 1, 1),
        ("standing_s >= 60", [(FRESH_DAYS, 60)], State.MET, 60, 1, 1),
        ("standing_s >= 60", [(FRESH_DAYS + 1, 60)], State.NO_DATA, None, 0, 1),
        ("open_red_flags == 0", [], State.NO_DATA, None, 0, 1),
        # A small count may be nothing but silence.
        ("falls.count[7d] <= 1", [(0, 1)], State.NO_DATA, 1, 1, 1),
        ("falls.count[7d] <= 1", [(0, 1), (1, 1)], State.NOT_YET, 2, 2, 1),
        ("falls.count[7d] >= 2", [(0, 1), (1, 1)], State.MET, 2, 2, 1),
        # A day to come counts for nothing.
        ("standing_s.last[1d] >= 60", [(-1, 90)], State.NO_DATA, None, 0, 1),
    ],
)
def test_criterion_is_met_not_yet_or_without_data(
    text: str, values: list[tuple[int, float]], state: State, value: float | None, count: int, needed: int
) -> None:
    criterion = parse(text)
    found = evaluate(criterion, {criterion.metric: [ago(days, one) for days, one in values]}, TODAY)
    assert (found.state, found.value, found.count, found.needed) == (state, value, count, needed)
    assert found.is_met is (state == State.MET)


def test_newest_of_a_day_is_the_last_said() -> None:
    morning = dt.datetime(2026, 3, 18, 8, tzinfo=dt.UTC)
    readings = [Reading(TODAY, 90, morning), Reading(TODAY, 40, morning + dt.timedelta(hours=1))]
    assert evaluate(parse("standing_s.last[1d] >= 60"), {"standing_s": readings}, TODAY).value == 40


def test_a_session_counts_once_and_by_its_last_answer() -> None:
    at = dt.datetime(2026, 3, 18, 8, tzinfo=dt.UTC)
    readings = [
        Reading(TODAY, 5, at, "today"),
        Reading(TODAY, 1, at + dt.timedelta(hours=1), "today"),
        ago(1, 2),
    ]
    found = evaluate(parse("pain_after.max[2s] <= 2"), {"pain_after": readings}, TODAY)
    assert (found.state, found.value, found.count) == (State.MET, 2, 2)


def test_sessions_without_an_answer_count_as_sessions() -> None:
    answers = {"pain_after": [ago(days, 1) for days in (0, 4, 8)]}
    criterion = parse("pain_after.max[3s] <= 2")
    every_other_day = {SESSIONS: [ago(days, 1) for days in range(0, 9, 2)]}
    daily = {SESSIONS: [ago(days, 1) for days in range(9)]}
    assert evaluate(criterion, answers | every_other_day, TODAY).state == State.MET
    assert evaluate(criterion, answers | daily, TODAY).state == State.NO_DATA


def test_window_to_read_is_the_longest_of_days() -> None:
    assert window_days([parse("pain_rest.max[14d] <= 2"), parse("pain_after.max[60s] <= 2")]) == 14
    assert window_days([]) == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("pain_rest.max[2d] <= 3", "Pain at rest: at most 3 of 10, on each of the last 2 days"),
        ("pain_rest.max[1d] <= 2", "Pain at rest: at most 2 of 10, today"),
        ("completion.avg[7d] >= 0.8", "Done of what was due: at least 80 %, on average over the last 7 days"),
        ("standing_s.last[1d] >= 60", "Standing without help: at least 60 s, today"),
        ("standing_s.max[7d] < 3", "Standing without help: less than 3 s, on each of the last 7 days"),
        (
            "straight_sits.median[3s] >= 4",
            "Straight sits: at least 4, the middle value of the last 3 sessions",
        ),
        ("unaided_steps.min[3d] >= 10", "Steps in a row without help: at least 10, on each of the last 3 days"),
        ("urination_normal.min[2d] >= 1", "Urinates normally: yes, on each of the last 2 days"),
        ("days_in_phase >= 21", "Days in this phase: at least 21"),
        ("vet_signed_phase == 1", "A vet’s signature"),
        ("open_red_flags == 0", "No open warning sign"),
    ],
)
def test_criterion_in_words(text: str, words: str) -> None:
    assert phase_wording.criterion_text(parse(text)) == words


@pytest.mark.parametrize(
    ("text", "values", "words"),
    [
        ("pain_rest.max[7d] <= 2", [(0, 1), (2, 3), (4, 1), (6, 0)], "highest 3 of 10 (4 of 7 days known)"),
        ("pain_rest.max[7d] <= 2", [(0, 1), (2, 3)], "2 of 7 days known, at least 4 needed"),
        ("pain_rest.max[7d] <= 2", [(20, 1)], "nothing new; last on 26 Feb 2026"),
        ("pain_rest.max[7d] <= 2", [], "0 of 7 days known, at least 4 needed"),
        ("walk_min_total.avg[3d] >= 15", [(1, 19), (2, 10)], "14.5 min on average (2 of 3 days known)"),
        ("completion.avg[7d] >= 0.8", [(day, 0.666) for day in range(7)], "67 % (7 of 7 days known)"),
        ("standing_s.last[1d] >= 60", [(0, 42)], "42 s"),
        ("straight_sits.median[3s] >= 4", [(1, 4)], "1 of 3 sessions known"),
        ("limb_stable_signed == 1", [(1, 0)], "no on 17 Mar 2026"),
        ("limb_stable_signed == 1", [], "nothing recorded"),
        ("days_in_phase >= 21", [(0, 12)], "12"),
    ],
)
def test_figures_in_words(text: str, values: list[tuple[int, float]], words: str) -> None:
    criterion = parse(text)
    found = evaluate(criterion, {criterion.metric: [ago(days, one) for days, one in values]}, TODAY)
    assert phase_wording.figures(found, today=TODAY) == words


# --- What holds of any data ------------------------------------------------------------------------------------

CRITERIA = st.builds(
    "{}.{}[{}{}] {} {}".format,
    st.sampled_from(["pain_after", "standing_s"]),
    st.sampled_from(["last", "min", "max", "avg", "median", "count"]),
    st.integers(1, 14),
    st.sampled_from("ds"),
    st.sampled_from(["<=", ">=", "==", "<", ">"]),
    st.integers(0, 10),
).map(parse)
READINGS = st.lists(st.builds(ago, st.integers(0, 40), st.integers(0, 10)), max_size=40)


def verdict(criterion: Criterion, readings: list[Reading], sessions: list[Reading] | None = None) -> Found:
    series = {criterion.metric: readings}
    if sessions is not None:
        series[SESSIONS] = sessions
    return evaluate(criterion, series, TODAY)


@given(CRITERIA, READINGS, st.randoms(use_true_random=False))
def test_order_of_the_readings_does_not_matter(criterion: Criterion, readings: list[Reading], random: object) -> None:
    shuffled = list(readings)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert verdict(criterion, readings) == verdict(criterion, shuffled)


@given(CRITERIA)
def test_nothing_recorded_is_never_met(criterion: Criterion) -> None:
    assert verdict(criterion, []).state == State.NO_DATA


@given(CRITERIA.filter(lambda one: one.aggregate != "count"), READINGS, st.data())
def test_forgetting_never_turns_no_data_into_an_answer(
    criterion: Criterion, readings: list[Reading], data: st.DataObject
) -> None:
    """Fewer readings than too few stay too few. A count is different: every reading is one more."""
    if verdict(criterion, readings).state == State.NO_DATA and readings:
        kept = data.draw(st.lists(st.sampled_from(readings), unique=True))
        assert verdict(criterion, kept).state == State.NO_DATA


@given(
    st.sampled_from(["pain_after.max[{}{}] <= {}", "standing_s.min[{}{}] >= {}"]),
    st.integers(1, 10),
    st.sampled_from("ds"),
    st.integers(0, 10),
    st.lists(st.builds(ago, st.integers(0, 40), st.integers(0, 10)), max_size=30, unique_by=lambda one: one.day),
    st.data(),
)
def test_forgetting_good_days_never_meets_a_limit_that_a_bad_day_broke(
    template: str, window: int, unit: str, limit: int, readings: list[Reading], data: st.DataObject
) -> None:
    """Of criteria that hold on each day: leaving out what was within the limit cannot hide what was not."""
    criterion = parse(template.format(window, unit, limit))
    small = criterion.operator == "<="
    good = [one for one in readings if (one.value <= limit if small else one.value >= limit)]
    forgotten = data.draw(st.lists(st.sampled_from(good), unique=True)) if good else []
    if verdict(criterion, readings).state == State.NOT_YET:
        kept = [one for one in readings if one not in forgotten]
        assert verdict(criterion, kept).state != State.MET


@given(CRITERIA.filter(lambda one: one.metric in ANSWERED and one.unit == "s"), READINGS, READINGS)
def test_more_sessions_without_an_answer_never_give_one(
    criterion: Criterion, answers: list[Reading], silent: list[Reading]
) -> None:
    answered = list(answers)
    if verdict(criterion, answers, answered).state == State.NO_DATA and criterion.aggregate != "count":
        assert verdict(criterion, answers, [*answered, *silent]).state == State.NO_DATA
