"""What counts as one piece of news."""

import datetime as dt
from dataclasses import dataclass
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehab.sessions.bundles import COUNTED_WITHIN, SHOWN_WITHIN, bundles
from tests import make

MINUTES = st.integers(min_value=0, max_value=240)


@dataclass(frozen=True)
class Said:
    from_family: bool
    received_at: dt.datetime


def at(minutes: float, *, family: bool = False) -> Said:
    return Said(family, make.NOW + dt.timedelta(minutes=minutes))


@pytest.mark.parametrize(
    ("said", "sizes"),
    [
        ([], []),
        ([at(0)], [1]),
        ([at(0), at(0)], [2]),
        ([at(0), at(15)], [2]),
        ([at(0), at(15.02)], [1, 1]),
        # Each is near the one before it, however long ago the first was.
        ([at(0), at(14), at(28)], [3]),
        ([at(0), at(5, family=True), at(6)], [1, 1, 1]),
        ([at(0, family=True), at(5, family=True), at(40), at(41)], [2, 2]),
    ],
)
def test_bundles_join_one_sides_messages_within_minutes(said: list[Said], sizes: list[int]) -> None:
    assert [len(bundle) for bundle in bundles(said, within=COUNTED_WITHIN)] == sizes


def test_what_is_shown_together_is_nearer_than_what_counts_together() -> None:
    said = [at(0), at(12)]
    assert len(bundles(said, within=SHOWN_WITHIN)) == 2
    assert len(bundles(said, within=COUNTED_WITHIN)) == 1


@given(st.lists(st.tuples(MINUTES, st.booleans())))
def test_bundles_keep_every_message_in_its_order_and_one_side_each(drawn: list[tuple[int, bool]]) -> None:
    said = [at(minutes, family=family) for minutes, family in sorted(drawn)]
    found = bundles(said, within=COUNTED_WITHIN)
    assert [one for bundle in found for one in bundle] == said
    for bundle in found:
        assert len({one.from_family for one in bundle}) == 1
        assert all(b.received_at - a.received_at <= COUNTED_WITHIN for a, b in pairwise(bundle))
    for one, other in pairwise(found):
        assert (
            one[-1].from_family != other[0].from_family or other[0].received_at - one[-1].received_at > COUNTED_WITHIN
        )
