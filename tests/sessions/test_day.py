"""A day as plain values: the last word counts, whatever order the words arrive in."""

import datetime as dt
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehab.programs.dose import Dose
from rehab.sessions.day import STATES, Day, Event, Item, Prescribed, SlotState

DAY = dt.date(2026, 3, 18)  # a Wednesday
MORNING = dt.datetime(2026, 3, 18, 7, tzinfo=dt.UTC)
EXERCISE = UUID(int=99)


def key(number: int) -> UUID:
    return UUID(int=number)


def prescribed(number: int = 1, **changes: Any) -> Prescribed:
    return Prescribed(
        **{
            "id": key(number),
            "exercise": key(100 + number),
            "slug": f"exercise-{number}",
            "name": f"Exercise {number}",
            "dose": Dose(minutes=4),
            "times_per_day": 1,
            "weekdays": 127,
            "is_one_off": False,
            "anchor": "",
            "note": "",
            "starts_on": dt.date(2026, 3, 1),
            "ends_on": None,
            **changes,
        }
    )


def event(number: int, state: str = "done", *, of: int = 1, slot: int = 1, minutes: int = 0) -> Event:
    share = {"done": 100, "partial": 50}.get(state, 0)
    reason = "no_time" if state == "skipped" else ""
    return Event(key(number), key(of), slot, state, share, reason, MORNING + dt.timedelta(minutes=minutes), "Ana")


def states(item: Item | None) -> list[str]:
    assert item is not None
    return [slot.state.value for slot in item.slots]


def test_slots_are_open_until_somebody_says_something() -> None:
    day = Day(DAY, [prescribed(times_per_day=3)], [event(1, slot=2), event(2, "skipped", slot=3)])
    assert states(day.find(key(1))) == ["open", "done", "skipped"]
    assert day.counts == (1, 1, 1, 3, 4)


def test_part_counts_as_done_and_undone_as_open() -> None:
    day = Day(
        DAY,
        [prescribed(times_per_day=2)],
        [event(1, "partial"), event(2, slot=2), event(3, "undone", slot=2, minutes=1)],
    )
    assert states(day.find(key(1))) == ["part", "open"]
    assert day.counts == (1, 0, 1, 2, 4)


@given(
    st.lists(st.tuples(st.sampled_from(sorted(STATES)), st.integers(0, 3), st.integers(1, 2)), max_size=8).flatmap(
        lambda said: st.permutations(
            [event(place + 1, state, slot=slot, minutes=minutes) for place, (state, minutes, slot) in enumerate(said)]
        ).map(lambda shuffled: (said, shuffled))
    )
)
def test_last_word_counts_whatever_the_order_of_arrival(
    drawn: tuple[list[tuple[str, int, int]], list[Event]],
) -> None:
    _, shuffled = drawn
    day = Day(DAY, [prescribed(times_per_day=2)], shuffled)
    in_order = Day(DAY, [prescribed(times_per_day=2)], sorted(shuffled, key=lambda one: one.order))
    assert day.items == in_order.items
    for slot in day.items[0].slots:
        said = [one for one in shuffled if one.slot == slot.number]
        expected = STATES[max(said, key=lambda one: (one.done_at, one.id)).state] if said else SlotState.OPEN
        assert slot.state is expected


def test_same_moment_is_decided_by_the_key() -> None:
    tick, undo = event(1, "done"), event(2, "undone")
    assert states(Day(DAY, [prescribed()], [undo, tick]).find(key(1))) == ["open"]


def test_saying_the_same_twice_changes_nothing() -> None:
    assert Day(DAY, [prescribed()], [event(1), event(1)]).items == Day(DAY, [prescribed()], [event(1)]).items


@pytest.mark.parametrize(
    ("changes", "is_due"),
    [
        ({}, True),
        ({"weekdays": 0b0000100}, True),
        ({"weekdays": 0b1111011}, False),
        ({"starts_on": DAY}, True),
        ({"starts_on": DAY + dt.timedelta(days=1)}, False),
        ({"ends_on": DAY}, False),
        ({"ends_on": DAY + dt.timedelta(days=1)}, True),
        ({"is_one_off": True}, False),
    ],
)
def test_item_is_due_in_its_period_and_on_its_weekdays(changes: dict[str, Any], is_due: bool) -> None:
    assert bool(Day(DAY, [prescribed(**changes)], []).items) is is_due


def test_items_keep_the_order_of_the_family() -> None:
    day = Day(DAY, [prescribed(3), prescribed(1), prescribed(2)], [])
    assert [item.prescribed.id.int for item in day.items] == [3, 1, 2]


def test_change_in_the_middle_of_the_day_keeps_what_the_morning_brought() -> None:
    old = prescribed(1, exercise=EXERCISE, ends_on=DAY, times_per_day=2)
    new = prescribed(2, exercise=EXERCISE, starts_on=DAY, times_per_day=2)
    day = Day(DAY, [old, new], [event(1, of=1, slot=1)])
    assert [item.prescribed.id for item in day.items] == [new.id]
    assert states(day.items[0]) == ["done", "open"]
    assert day.extras == []
    taken_back = Day(DAY, [old, new], [event(1, of=1, slot=1), event(2, "undone", of=2, slot=1, minutes=5)])
    assert states(taken_back.items[0]) == ["open", "open"]
    assert taken_back.extras == []


def test_time_of_the_day_that_a_change_dropped_is_still_told() -> None:
    old = prescribed(1, exercise=EXERCISE, ends_on=DAY, times_per_day=3)
    new = prescribed(2, exercise=EXERCISE, starts_on=DAY)
    day = Day(DAY, [old, new], [event(1, slot=1), event(2, "skipped", slot=2), event(3, slot=3)])
    assert states(day.items[0]) == ["done"]
    assert [(item.prescribed.id, [slot.number for slot in item.slots]) for item in day.extras] == [(key(1), [2, 3])]


@pytest.mark.parametrize("when", [{"ends_on": DAY - dt.timedelta(days=9)}, {"starts_on": DAY + dt.timedelta(days=2)}])
@pytest.mark.parametrize("kind", [{}, {"weekdays": 0}, {"is_one_off": True, "dose": Dose(one_off=True)}])
def test_what_was_done_long_after_or_before_its_time_is_told_and_counts_nowhere(
    when: dict[str, Any], kind: dict[str, Any]
) -> None:
    day = Day(DAY, [prescribed(**when, **kind)], [event(1)])
    assert [states(item) for item in day.extras] == [["done"]]
    assert (day.items, day.optional, day.one_offs, day.counts.total) == ([], [], [], 0)


def test_one_off_that_nobody_asks_for_any_more_is_told_where_it_was_done_again() -> None:
    day = Day(DAY, [one_off(done_on=DAY - dt.timedelta(days=3))], [event(1)])
    assert (day.one_offs, [states(item) for item in day.extras]) == ([], [["done"]])


def test_what_was_done_before_an_exercise_was_taken_out_is_shown_but_does_not_count() -> None:
    day = Day(DAY, [prescribed(1, ends_on=DAY), prescribed(2)], [event(1, of=1)])
    assert [item.prescribed.id.int for item in day.extras] == [1]
    assert (day.counts.total, day.counts.done) == (1, 0)


def test_rest_day_shows_only_what_was_done_besides() -> None:
    rest = {"weekdays": 0b1111011}
    assert Day(DAY, [prescribed(**rest)], []).extras == []
    assert len(Day(DAY, [prescribed(**rest)], [event(1)]).extras) == 1


def test_one_off_stays_on_the_day_on_which_it_was_done() -> None:
    day = Day(DAY, [prescribed(is_one_off=True)], [event(1)])
    assert states(day.one_offs[0]) == ["done"]


def test_minutes_left_are_those_of_open_slots() -> None:
    items = [prescribed(1, times_per_day=2), prescribed(2, dose=Dose(reps=5))]
    assert Day(DAY, items, []).counts.minutes_left == 8
    assert Day(DAY, items, [event(1), event(2, slot=2)]).counts.minutes_left == 1
    assert Day(DAY, [prescribed(dose=Dose())], []).counts.minutes_left == 0


def one_off(**changes: Any) -> Prescribed:
    return prescribed(is_one_off=True, dose=changes.pop("dose", Dose(one_off=True)), **changes)


@pytest.mark.parametrize(
    ("recheck_days", "done", "asked"),
    [
        (None, None, True),
        (None, 1, False),
        (7, None, True),
        (7, 6, False),
        (7, 7, True),
        (7, 30, True),
        (None, 300, False),
    ],
)
def test_one_off_is_asked_until_done_and_again_after_its_days(
    recheck_days: int | None, done: int | None, asked: bool
) -> None:
    done_on = None if done is None else DAY - dt.timedelta(days=done)
    day = Day(DAY, [one_off(dose=Dose(one_off=True, recheck_days=recheck_days), done_on=done_on)], [])
    assert [item.prescribed.id for item in day.one_offs] == ([key(1)] if asked else [])
    assert day.counts.total == 0


def test_what_is_optional_has_a_part_of_its_own_and_counts_nowhere() -> None:
    may = prescribed(2, weekdays=0, dose=Dose(minutes=5, when_time=True))
    day = Day(DAY, [prescribed(), may], [event(1, of=2)])
    assert [item.prescribed.id for item in day.items] == [key(1)]
    assert [states(item) for item in day.optional] == [["done"]]
    assert (day.extras, day.counts.total, day.counts.done) == ([], 1, 0)


def test_optional_item_taken_out_today_is_told_as_done_besides() -> None:
    gone = prescribed(weekdays=0, ends_on=DAY, dose=Dose(minutes=5, when_time=True))
    day = Day(DAY, [gone], [event(1)])
    assert (day.optional, [states(item) for item in day.extras]) == ([], [["done"]])


@pytest.mark.parametrize("kind", [{"weekdays": 0}, {"is_one_off": True, "dose": Dose(one_off=True)}])
def test_what_was_done_before_a_change_of_the_same_day_stays_done(kind: dict[str, Any]) -> None:
    before = prescribed(1, exercise=EXERCISE, ends_on=DAY, **kind)
    after = prescribed(2, exercise=EXERCISE, starts_on=DAY, **kind)
    day = Day(DAY, [before, after], [event(1, of=1)])
    shown = day.optional or day.one_offs
    assert [(item.prescribed.id, states(item)) for item in shown] == [(key(2), ["done"])]
    assert day.extras == []


def test_what_begins_later_is_told_the_soonest_first_and_not_due() -> None:
    def later(number: int, days: int, **changes: Any) -> Prescribed:
        return prescribed(number, starts_on=DAY + dt.timedelta(days=days), **changes)

    called_off = later(5, 3, ends_on=DAY + dt.timedelta(days=3))
    changed = later(6, 1, slug="exercise-1")
    day = Day(DAY, [prescribed(), later(2, 9), later(3, 2), later(4, 9), called_off, changed], [])
    assert [one.id for one in day.coming] == [key(3), key(2), key(4)]
    assert [item.prescribed.id for item in day.items] == [key(1)]
    assert (day.extras, day.find(key(2))) == ([], None)
