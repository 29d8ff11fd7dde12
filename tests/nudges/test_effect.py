"""The estimate of what reminders do: against sums by hand, against chance, and whatever the order of the rows."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehab.nudges.effect import Effect, Tally, Verdict, effect, points_needed, student

SENT, WITHHELD = True, False


def tally(person: object, is_sent: bool, points: int, followed: int, chance: float = 0.8) -> Tally:
    return Tally(person=str(person), chance=chance, is_sent=is_sent, points=points, followed=followed)


def households(
    count: int, *, days: int, base: float, lift: float, spread: float, seed: int, chance: float = 0.8
) -> list[Tally]:
    """People of whom each exercises more or less often than the next one (``spread``), drawn for on each day."""
    chances = random.Random(seed)  # noqa: S311 (a simulation)
    rows = []
    for person in range(count):
        own = base + spread * chances.choice((-1, 1))
        counts = {True: [0, 0], False: [0, 0]}
        for _ in range(days):
            is_sent = chances.random() < chance
            counts[is_sent][0] += 1
            counts[is_sent][1] += chances.random() < own + lift * is_sent
        rows += [tally(person, arm, points, hits, chance) for arm, (points, hits) in counts.items()]
    return rows


def test_difference_of_two_shares_by_hand() -> None:
    """30 of 40 against 4 of 10, each point a person of its own: 0.75 - 0.4, and the error that textbooks give it."""
    rows = [tally(f"s{n}", SENT, 1, n < 30) for n in range(40)] + [
        tally(f"w{n}", WITHHELD, 1, n < 4) for n in range(10)
    ]
    found = effect(rows)
    assert (found.sent.points, found.sent.followed, found.withheld.points, found.withheld.followed) == (40, 30, 10, 4)
    assert found.difference == pytest.approx(0.35)
    # Mancl and DeRouen turn s²/n of each share into the sum of squares over (n - 1)².
    error = math.sqrt(40 * 0.75 * 0.25 / 39**2 + 10 * 0.4 * 0.6 / 9**2)
    assert found.low is not None
    assert found.high is not None
    assert [found.low, found.high] == pytest.approx([0.35 - student(48) * error, 0.35 + student(48) * error])


def test_people_with_many_days_by_hand() -> None:
    """Two people in both arms; each pulls the shares by what the other one alone would say."""
    rows = [tally("a", SENT, 4, 4), tally("a", WITHHELD, 1, 1), tally("b", SENT, 4, 0), tally("b", WITHHELD, 1, 0)]
    found = effect(rows)
    assert found.difference == 0
    assert (found.low, found.high, found.verdict) == (None, None, Verdict.TOO_FEW)
    # a: (4 - 0.5·4)/4 - (1 - 0.5)/1 = 0, and so b: both shares move together, so their difference does not move.
    copies = [
        Tally(person=f"{row.person}{n}", chance=0.8, is_sent=row.is_sent, points=row.points, followed=row.followed)
        for n in range(10)
        for row in rows
    ]
    many = effect(copies)
    assert [many.difference, many.low, many.high] == pytest.approx([0, 0, 0], abs=1e-12)


def test_points_weigh_what_their_chance_was() -> None:
    """Half were drawn at 0.8 in good weeks, half at 0.5 in bad ones; unweighted it would look as if reminders helped."""
    rows = []
    for n in range(100):
        rows += [tally(n, SENT, 8, 8, 0.8), tally(n, WITHHELD, 2, 2, 0.8)]
        rows += [tally(n, SENT, 5, 0, 0.5), tally(n, WITHHELD, 5, 0, 0.5)]
    found = effect(rows)
    assert found.sent.share == pytest.approx(8 / 13)
    assert found.withheld.share == pytest.approx(2 / 7)
    assert found.difference == pytest.approx(0)


def test_what_was_certain_is_left_out() -> None:
    rows = households(20, days=10, base=0.4, lift=0, spread=0.1, seed=1)
    assert effect([*rows, tally("sure", SENT, 500, 500, 1.0)]) == effect(rows)


def test_nothing_says_nothing() -> None:
    found = effect([])
    assert (found.points, found.difference, found.low, found.high) == (0, None, None, None)
    assert (found.needed, found.verdict) == (6285, Verdict.TOO_FEW)
    only_sent = effect([tally(n, SENT, 3, 1) for n in range(30)])
    assert (only_sent.difference, only_sent.verdict) == (None, Verdict.TOO_FEW)


def test_one_person_alone_in_an_arm_has_no_interval() -> None:
    found = effect([*(tally(n, SENT, 5, 2) for n in range(30)), tally("a", WITHHELD, 5, 2)])
    assert found.difference == pytest.approx(0)
    assert (found.low, found.verdict) == (None, Verdict.TOO_FEW)


@pytest.mark.parametrize(("lift", "verdict"), [(0.15, Verdict.HELPS), (0.0, Verdict.NO_EFFECT), (-0.15, Verdict.HARMS)])
def test_verdict_with_enough_points(lift: float, verdict: Verdict) -> None:
    found = effect(households(200, days=40, base=0.4, lift=lift, spread=0.2, seed=3))
    assert found.points >= found.needed
    assert found.verdict is verdict


def test_verdict_with_few_points() -> None:
    """A large difference may show early; none at all never does, and 0 of 30 is no proof of anything."""
    assert effect(households(40, days=10, base=0.3, lift=0.4, spread=0.1, seed=4)).verdict is Verdict.HELPS
    assert effect(households(40, days=10, base=0.3, lift=0.0, spread=0.1, seed=5)).verdict is Verdict.TOO_FEW
    nobody = [tally(n, arm, 1, 0) for n in range(15) for arm in (True, False)]
    assert effect(nobody).verdict is Verdict.TOO_FEW
    all_but_few = [*(tally(n, SENT, 1, 1) for n in range(40)), *(tally(f"w{n}", WITHHELD, 1, 0) for n in range(10))]
    assert effect(all_but_few).verdict is Verdict.TOO_FEW


def test_wide_interval_is_no_proof_of_no_effect() -> None:
    """8,000 points, but of people who never or always exercise, each with one arm only: too few people to see anything."""
    rows = [
        tally(f"{arm}{n}", arm, 40 if arm else 160, 40 * (n % 2) if arm else 160 * (n % 2))
        for n in range(40)
        for arm in (True, False)
    ]
    found = effect(rows)
    assert (found.points, found.difference) == (8000, 0)
    assert found.low is not None
    assert found.low < -0.1
    assert found.needed > 8000
    assert found.verdict is Verdict.TOO_FEW


@pytest.mark.parametrize(("effect_size", "points"), [(0.03, 11_568), (0.05, 4_190), (0.08, 1_649)])
def test_number_needed_as_in_the_notes(effect_size: float, points: int) -> None:
    found = points_needed(base=0.3, chance=0.8, effect=effect_size, clustering=1)
    assert found == pytest.approx(points, abs=1)


@pytest.mark.parametrize(
    ("freedom", "quantile"), [(8, 2.3060), (10, 2.2281), (18, 2.1009), (58, 2.0017), (998, 1.9623)]
)
def test_student_as_in_the_tables(freedom: int, quantile: float) -> None:
    assert student(freedom) == pytest.approx(quantile, abs=1e-4)


@pytest.mark.parametrize(("count", "spread"), [(25, 0.0), (25, 0.25), (80, 0.25)])
def test_interval_holds_the_truth_as_often_as_it_says(count: int, spread: float) -> None:
    """95 of 100 intervals, give or take what 600 runs can tell (standard error 0.9), also where days of a person cluster."""
    runs, lift = 600, 0.1
    hits = 0
    for seed in range(runs):
        found = effect(households(count, days=14, base=0.4, lift=lift, spread=spread, seed=1000 * count + seed))
        assert found.low is not None
        assert found.high is not None
        hits += found.low <= lift <= found.high
    assert 0.925 <= hits / runs <= 0.975


def test_interval_is_wider_when_days_of_a_person_resemble_each_other_in_one_arm() -> None:
    """Ten people with ten equal days each tell as much as ten days of ten people, not as a hundred."""
    clustered = [tally(f"{arm}{n}", arm, 10, 10 * (n % 2)) for n in range(20) for arm in (True, False)]
    spread_out = [tally(f"{arm}{n}", arm, 1, n % 2) for n in range(200) for arm in (True, False)]
    assert width(effect(clustered)) > 3 * width(effect(spread_out))


def width(found: Effect) -> float:
    assert found.low is not None
    assert found.high is not None
    return found.high - found.low


TALLIES = st.lists(
    st.builds(
        lambda person, arm, chance, points, share: tally(person, arm, points, round(points * share), chance),
        st.integers(0, 15),
        st.booleans(),
        st.sampled_from([0.8, 0.5, 0.9]),
        st.integers(0, 20),
        st.floats(0, 1),
    ),
    max_size=60,
)


@given(TALLIES, st.randoms(use_true_random=False))
def test_order_of_rows_does_not_matter(rows: list[Tally], chances: random.Random) -> None:
    found = effect(rows)
    chances.shuffle(rows)
    again = effect(rows)
    assert (again.sent, again.withheld, again.verdict, again.needed) == (
        found.sent,
        found.withheld,
        found.verdict,
        found.needed,
    )
    for name in ("difference", "low", "high"):
        assert getattr(again, name) == pytest.approx(getattr(found, name), abs=1e-12)


@given(TALLIES)
def test_estimate_lies_in_its_interval_and_within_what_is_possible(rows: list[Tally]) -> None:
    found = effect(rows)
    if found.difference is not None:
        assert -1 <= found.difference <= 1
    if found.low is not None and found.high is not None and found.difference is not None:
        assert -1 <= found.low <= found.difference + 1e-9
        assert found.difference - 1e-9 <= found.high <= 1
    if found.verdict in (Verdict.HELPS, Verdict.HARMS):
        assert found.low is not None
        assert found.high is not None
        assert found.low > 0 or found.high < 0


@given(TALLIES)
def test_rows_of_a_person_add_up(rows: list[Tally]) -> None:
    halves = [
        Tally(person=row.person, chance=row.chance, is_sent=row.is_sent, points=points, followed=followed)
        for row in rows
        for points, followed in (
            (row.followed, row.followed),
            (row.points - row.followed, 0),
        )
    ]
    assert effect(halves) == effect(rows)


@given(TALLIES)
def test_sent_and_withheld_changed_about_change_the_sign(rows: list[Tally]) -> None:
    turned = [
        Tally(
            person=row.person,
            chance=1 - row.chance,
            is_sent=not row.is_sent,
            points=row.points,
            followed=row.followed,
        )
        for row in rows
    ]
    found, other = effect(rows), effect(turned)
    if found.difference is None:
        assert other.difference is None
    else:
        assert other.difference == pytest.approx(-found.difference, abs=1e-9)
