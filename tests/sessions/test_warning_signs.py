"""Weighing a check for warning signs: both sides of each threshold of 01_neuro.yaml and 02_redflags.yaml."""

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehab.library import reading
from rehab.sessions.warning_signs import (
    BEST_FIRST,
    COMPUTED,
    STOPS,
    URGENCIES,
    Answers,
    Check,
    Known,
    Past,
    Weighed,
    expected,
    known_before,
    owner_signs,
    stop_of,
    suspected_grade,
    weigh,
)
from tests.make import NOW

HOUR = dt.timedelta(hours=1)


def past(*answers: Answers, grade: int | None = None, hours_apart: float = 24, released: float | None = None) -> Past:
    """Checks the given hours apart, the last of them so long before now; released so many hours ago."""
    count = len(answers)
    return Past(
        expected=expected(grade),
        checks=tuple(
            Check(at=NOW - (count - place) * hours_apart * HOUR, answers=one) for place, one in enumerate(answers)
        ),
        released_at=None if released is None else NOW - released * HOUR,
    )


def known(*answers: Answers, **options: Any) -> Known:
    return known_before(past(*answers, **options), at=NOW)


def check(answers: Answers, *before: Answers, ticked: tuple[str, ...] = (), **options: Any) -> Weighed:
    return weigh(answers, ticked, known=known(*before, **options))


@pytest.mark.parametrize(
    ("before", "now", "flags"),
    [
        # unaided_steps: 10 → below 10 is RF01, a fall by half RF03; a rise of the suspected grade is RF03, too
        ({"unaided_steps": 10}, {"unaided_steps": 10}, ()),
        ({"unaided_steps": 10}, {"unaided_steps": 9}, ("RF01", "RF03")),
        ({"unaided_steps": 9}, {"unaided_steps": 5}, ()),
        ({"unaided_steps": 8}, {"unaided_steps": 4}, ("RF03",)),
        ({"unaided_steps": 0}, {"unaided_steps": 0}, ()),
        ({"unaided_steps": 1}, {"unaided_steps": 0}, ("RF03",)),
        # standing_s: half or less of 48 hours ago
        ({"standing_s": 30}, {"standing_s": 16}, ()),
        ({"standing_s": 30}, {"standing_s": 15}, ("RF03",)),
        ({"standing_s": 0}, {"standing_s": 0}, ()),
        ({}, {"standing_s": 0}, ()),
        # voluntary_move: no when it was yes
        ({"voluntary_move": "one"}, {"voluntary_move": "one"}, ()),
        ({"voluntary_move": "both"}, {"voluntary_move": "one"}, ()),
        ({"voluntary_move": "one"}, {"voluntary_move": "no"}, ("RF02", "RF03")),
        ({"voluntary_move": "no"}, {"voluntary_move": "no"}, ()),
        # urination: none is an emergency each time; drops and leaking when they are new
        ({}, {"urination": "normal"}, ()),
        ({}, {"urination": "none"}, ("RF04",)),
        ({"urination": "none"}, {"urination": "none"}, ("RF04",)),
        ({}, {"urination": "small"}, ("RF04",)),
        ({"urination": "small"}, {"urination": "small"}, ()),
        ({}, {"urination": "leaks"}, ("RF14",)),
        ({"urination": "leaks"}, {"urination": "leaks"}, ()),
        # knuckling: none → any; the first stumble is no loss of more than that, often and always are
        ({}, {"knuckling": "none"}, ()),
        ({}, {"knuckling": "sometimes"}, ("RF13",)),
        ({}, {"knuckling": "often"}, ("RF03", "RF13")),
        ({}, {"knuckling": "always"}, ("RF03", "RF13")),
        ({"knuckling": "sometimes"}, {"knuckling": "often"}, ()),
        ({"knuckling": "often"}, {"knuckling": "sometimes"}, ()),
    ],
)
def test_answers_show_signs_on_one_side_of_each_threshold(
    before: Answers, now: Answers, flags: tuple[str, ...]
) -> None:
    assert check(now, before).flags == flags


def test_one_step_worse_on_two_checks_is_new_stumbling() -> None:
    assert check({"knuckling": "often"}, {"knuckling": "sometimes"}, hours_apart=72).flags == ()
    assert check({"knuckling": "often"}, {"knuckling": "sometimes"}, {"knuckling": "often"}, hours_apart=72).flags == (
        "RF13",
    )
    back = ({"knuckling": "sometimes"}, {"knuckling": "often"})
    assert check({"knuckling": "sometimes"}, *back, hours_apart=72).flags == ()


def test_loss_is_measured_over_48_hours_and_not_from_check_to_check() -> None:
    slowly: tuple[Answers, ...] = ({"standing_s": 10}, {"standing_s": 7})
    assert check({"standing_s": 5}, *slowly, hours_apart=24).flags == ("RF03",)
    # Three days for the same loss: the last check alone counts.
    assert check({"standing_s": 5}, *slowly, hours_apart=36).flags == ()
    # What is older than 48 hours still counts where nothing newer is known.
    assert check({"standing_s": 5}, {"standing_s": 10}, hours_apart=500).flags == ("RF03",)


def test_first_bad_answer_of_an_unknown_dog_is_a_hit() -> None:
    assert check({"unaided_steps": 3}).flags == ("RF01", "RF03")
    assert check({"voluntary_move": "no"}).flags == ("RF02", "RF03")
    assert check({"knuckling": "sometimes"}).urgency == "call_today"
    assert check({"urination": "leaks"}).flags == ("RF14",)


@pytest.mark.parametrize("grade", [4, 5])
def test_paraplegic_dog_is_not_reported_every_day(grade: int) -> None:
    every_day: Answers = {"unaided_steps": 0, "knuckling": "always", "voluntary_move": "no", "urination": "leaks"}
    assert check(every_day, grade=grade) == Weighed(flags=(), urgency="", stop="none", suspected_grade=4)
    assert check(every_day, every_day, every_day, grade=grade).flags == ()
    assert check({**every_day, "urination": "none"}, grade=grade).urgency == "emergency_now"


@pytest.mark.parametrize(
    ("grade", "now", "flags"),
    [
        (0, {"unaided_steps": 10, "knuckling": "none"}, ()),
        (1, {"unaided_steps": 10, "knuckling": "sometimes"}, ("RF13",)),
        (2, {"unaided_steps": 10, "knuckling": "always"}, ()),
        (2, {"unaided_steps": 9, "knuckling": "always"}, ("RF01", "RF03")),
        (3, {"unaided_steps": 0, "knuckling": "always", "voluntary_move": "one"}, ()),
        (3, {"voluntary_move": "no"}, ("RF02", "RF03")),
    ],
)
def test_first_check_is_held_against_the_signed_grade(grade: int, now: Answers, flags: tuple[str, ...]) -> None:
    assert check(now, grade=grade).flags == flags


def test_released_answers_are_known_and_no_loss_again() -> None:
    fall: tuple[Answers, ...] = ({"unaided_steps": 10, "knuckling": "none"}, {"unaided_steps": 4, "knuckling": "often"})
    now: Answers = {"unaided_steps": 4, "knuckling": "often"}
    assert check(now, *fall, hours_apart=12).flags == ("RF01", "RF03", "RF13")
    assert check(now, *fall, hours_apart=12, released=6).flags == ()
    assert check({"unaided_steps": 2}, *fall, hours_apart=12, released=6).flags == ("RF03",)


def test_check_that_arrives_late_is_held_against_what_was_known_then() -> None:
    before = past({"standing_s": 30}, {"standing_s": 5}, hours_apart=10)
    at = NOW - 15 * HOUR
    assert weigh({"standing_s": 28}, (), known=known_before(before, at=at)).flags == ()
    assert weigh({"standing_s": 15}, (), known=known_before(before, at=at)).flags == ("RF03",)


@pytest.mark.parametrize(
    ("now", "ticked", "grade", "urgency", "stop"),
    [
        ({"urination": "leaks"}, (), 1, "call_today", "all_active"),
        ({"urination": "leaks"}, (), 2, "emergency_now", "all_active_and_passive"),
        ({"urination": "leaks", "knuckling": "sometimes"}, (), 1, "emergency_now", "all_active_and_passive"),
        ({}, ("RF14",), 1, "call_today", "all_active"),
        ({}, ("RF14", "RF13"), 1, "emergency_now", "all_active_and_passive"),
    ],
)
def test_leaking_with_weakness_is_an_emergency(
    now: Answers, ticked: tuple[str, ...], grade: int, urgency: str, stop: str
) -> None:
    weighed = check(now, ticked=ticked, grade=grade)
    assert (weighed.urgency, weighed.stop) == (urgency, stop)


def test_slip_with_any_new_sign_is_worse_than_yesterday() -> None:
    assert check({}, ticked=("RF21",)).flags == ("RF21",)
    assert check({}, ticked=("RF21", "RF29")).flags == ("RF21", "RF29")
    assert check({}, ticked=("RF21", "RF16")).flags == ("RF03", "RF16", "RF21")
    assert check({"knuckling": "sometimes"}, ticked=("RF21",)).urgency == "emergency_now"


@pytest.mark.parametrize("sign", reading.red_flags(), ids=lambda sign: str(sign.id))
def test_each_ticked_sign_alone_has_its_own_urgency_and_stop(sign: reading.RedFlag) -> None:
    weighed = check({}, ticked=(sign.id,))
    assert weighed.flags == (sign.id,)
    assert (weighed.urgency, weighed.stop) == (sign.urgency, stop_of(sign))
    assert weighed.stops_all is (sign.stop in ("all_active", "all_active_and_passive"))


def test_nothing_ticked_and_nothing_answered_is_no_hit() -> None:
    assert check({}) == Weighed(flags=(), urgency="", stop="none", suspected_grade=None)


@pytest.mark.parametrize(
    ("answers", "grade"),
    [
        ({"voluntary_move": "no"}, 4),
        ({"voluntary_move": "no", "unaided_steps": 10, "knuckling": "none"}, 4),
        ({"unaided_steps": 9}, 3),
        ({"unaided_steps": 0, "voluntary_move": "one"}, 3),
        ({"unaided_steps": 10, "knuckling": "sometimes"}, 2),
        ({"unaided_steps": 10, "knuckling": "none"}, 0),
        ({"unaided_steps": 10}, None),
        ({"knuckling": "always"}, None),
        ({"standing_s": 0, "urination": "none"}, None),
        ({}, None),
    ],
)
def test_suspected_grade_is_the_first_row_that_matches(answers: Answers, grade: int | None) -> None:
    assert suspected_grade(answers) == grade


def test_families_are_asked_all_that_can_be_ticked_and_nothing_that_is_computed() -> None:
    rows = {row["id"]: row for row in reading.read(reading.RED_FLAGS)["flags"]}
    asked = {sign.id for sign in owner_signs()}
    assert asked == rows.keys() - COMPUTED
    assert {flag for flag, row in rows.items() if "ticked" in row["detect"]} <= asked
    assert {flag for flag, row in rows.items() if "computed" in row["detect"]} <= COMPUTED


words = {name: st.sampled_from(choices) for name, choices in BEST_FIRST.items()}
all_answers = st.fixed_dictionaries(
    {}, optional={"unaided_steps": st.integers(0, 10), "standing_s": st.integers(0, 600), **words}
)
ticks = st.lists(st.sampled_from([sign.id for sign in reading.red_flags()]), unique=True)


@given(
    now=all_answers, before=st.lists(all_answers, max_size=4), ticked=ticks, grade=st.sampled_from([None, *range(6)])
)
def test_what_is_ticked_is_never_lost_and_the_gravest_counts(
    now: Answers, before: list[Answers], ticked: list[str], grade: int | None
) -> None:
    weighed = check(now, *before, ticked=tuple(ticked), grade=grade)
    by_id = {sign.id: sign for sign in reading.red_flags()}
    assert set(ticked) <= set(weighed.flags)
    assert (weighed.urgency == "") is (weighed.flags == ())
    for flag in weighed.flags:
        assert URGENCIES.index(weighed.urgency) <= URGENCIES.index(by_id[flag].urgency)
        assert STOPS.index(weighed.stop) <= STOPS.index(stop_of(by_id[flag]))


@given(same=all_answers, ticked=st.just(()))
def test_all_as_in_a_clean_check_is_no_new_sign_but_for_urine(same: Answers, ticked: tuple[str, ...]) -> None:
    still = {name: value for name, value in same.items() if (name, value) != ("urination", "none")}
    assert check(still, same, ticked=ticked, hours_apart=72).flags == ()


PARALYSED: Answers = {"unaided_steps": 0, "voluntary_move": "no"}


@pytest.mark.parametrize("hours", [[0.5], [0.5, 1], [60], [60, 120, 1000]])
@pytest.mark.parametrize(
    ("bad", "flags"),
    [
        (PARALYSED, ("RF01", "RF02", "RF03")),
        ({"unaided_steps": 4, "knuckling": "often", "urination": "leaks"}, ("RF01", "RF03", "RF13", "RF14")),
        ({"knuckling": "sometimes"}, ("RF13",)),
        ({"urination": "small"}, ("RF04",)),
        ({"standing_s": 5}, ("RF03",)),
    ],
)
def test_same_bad_answers_are_the_same_hit_until_a_vet_releases(
    bad: Answers, flags: tuple[str, ...], hours: list[float]
) -> None:
    record = past({"standing_s": 20}, hours_apart=30)
    weighed = weigh(bad, (), known=known_before(record, at=NOW))
    assert weighed.flags == flags
    record = record.with_check(Check(at=NOW, answers=bad))
    for later in hours:
        at = NOW + later * HOUR
        assert weigh(bad, (), known=known_before(record, at=at)) == weighed
        record = record.with_check(Check(at=at, answers=bad))
    # Once a vet has looked at it, it is known.
    released = replace(record, checks=(Check(at=NOW, answers=bad),), released_at=NOW + HOUR)
    assert weigh(bad, (), known=known_before(released, at=NOW + 2 * HOUR)).flags == ()


def test_loss_in_a_check_that_was_a_hit_by_a_tick_is_no_measure_either() -> None:
    record = past({"standing_s": 30, "unaided_steps": 8}, hours_apart=60, grade=3)
    wound = record.with_check(Check(at=NOW, answers={"standing_s": 16, "unaided_steps": 5}), ticked=("RF16",))
    assert weigh({"standing_s": 15}, (), known=known_before(wound, at=NOW + 60 * HOUR)).flags == ("RF03",)
    assert weigh({"unaided_steps": 4}, (), known=known_before(wound, at=NOW + 60 * HOUR)).flags == ("RF03",)


def test_what_is_better_in_a_hit_is_a_measure_so_that_a_fall_from_there_is_seen() -> None:
    bored = past(grade=3).with_check(
        Check(at=NOW, answers={"standing_s": 30, "unaided_steps": 10, "knuckling": "none"}), ticked=("RF29",)
    )
    assert weigh({"standing_s": 15}, (), known=known_before(bored, at=NOW + HOUR)).flags == ("RF03",)
    assert weigh({"unaided_steps": 4}, (), known=known_before(bored, at=NOW + HOUR)).flags == ("RF01", "RF03")


@given(
    now=all_answers,
    before=st.lists(all_answers, max_size=4),
    ticked=ticks,
    grade=st.sampled_from([None, *range(6)]),
    hours_apart=st.sampled_from([5, 24, 72]),
)
def test_what_was_a_hit_is_the_same_hit_when_it_is_said_again(
    now: Answers, before: list[Answers], ticked: list[str], grade: int | None, hours_apart: float
) -> None:
    record = past(*before, grade=grade, hours_apart=hours_apart)
    first = weigh(now, ticked, known=known_before(record, at=NOW))
    if first.flags:
        record = record.with_check(Check(at=NOW, answers=now), ticked=ticked)
        assert set(first.flags) <= set(weigh(now, ticked, known=known_before(record, at=NOW)).flags)


def test_sign_that_nobody_knows_any_more_is_an_emergency() -> None:
    assert check({}, ticked=("RF98",)) == Weighed(
        flags=("RF98",), urgency="emergency_now", stop="all_active_and_passive", suspected_grade=None
    )
    assert check({}, ticked=("RF98", "RF29", "RF97")).flags == ("RF29", "RF97", "RF98")
    assert check({}, ticked=("RF98", "RF21")).flags == ("RF03", "RF21", "RF98")
