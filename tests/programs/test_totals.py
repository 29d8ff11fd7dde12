from collections import defaultdict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehab.library import reading
from rehab.programs.dose import Dose
from rehab.programs.totals import MOST_SESSION_MINUTES, Line, misplaced, totals, weekly_load


def line(slug: str = "sit-stand", dose: Dose | None = None, **fields: Any) -> Line:
    given: dict[str, Any] = {"is_active": True, "load": 2, "category": "core_strength", "trains": "core", **fields}
    return Line(slug=slug, name=slug.replace("-", " "), dose=Dose(reps=15) if dose is None else dose, **given)


def walk(dose: Dose | None = None, **fields: Any) -> Line:
    return line("leash-walk", dose or Dose(minutes=20, per_day=2), category="gait_endurance", trains="", **fields)


def care(slug: str, dose: Dose, category: str = "nursing_care") -> Line:
    return line(slug, dose, is_active=False, load=0, category=category, trains="")


def test_totals_of_nothing() -> None:
    found = totals([])
    assert (found.items, found.active, found.minutes_per_day, found.longest_session_minutes) == (0, 0, 0, 0)
    assert (found.weekly_load, found.growth_percent, found.warnings) == (0, None, ())


def test_totals_add_up_what_the_family_does_at_home() -> None:
    found = totals(
        [
            line(dose=Dose(minutes=3, per_day=2)),
            walk(),
            care("heat-pack", Dose(minutes=15), "thermal"),
            line("water-treadmill-clinic", Dose(minutes=5, sets=2, per_week=1), clinic_only=True),
            line("figure-eight", Dose(minutes=4, when_time=True)),
            line("hill-walk", Dose(minutes=3, part_of="leash-walk", per_day=2), load=4),
        ]
    )
    assert (found.items, found.active, found.optional) == (6, 3, 1)
    assert found.minutes_per_day == 6 + 40 + 15
    assert found.longest_session_minutes == 3
    assert found.weekly_load == (6 + 40) * 7 * 2 + 10 * 1 * 2 + 4 * 7 * 2 + 6 * 7 * 4


def test_weekly_load_is_that_of_active_items() -> None:
    passive = line("light-massage", Dose(minutes=5, per_day=3), is_active=False, load=1)
    assert weekly_load([passive, line(dose=Dose(minutes=1, days_per_week=5))]) == 10


def test_session_is_one_round_on_the_weekday_with_the_most() -> None:
    found = totals(
        [
            line("stand-count", Dose(minutes=6, per_day=3)),
            line("sit-stand", Dose(minutes=5, days_per_week=3)),
            line("back-up", Dose(minutes=4, days_per_week=3)),
            line("prom-limbs", Dose(minutes=1), is_active=False, load=1),
        ]
    )
    assert found.longest_session_minutes == 16
    assert found.warnings == ("session_too_long",)


@pytest.mark.parametrize(
    "other",
    [
        walk(),
        line("outdoor-time", Dose(minutes=60), category="enrichment", load=1),
        care("heat-pack", Dose(minutes=15), "thermal"),
        care("reposition-turn", Dose(interval_hours=4, minutes=10)),
        line("figure-eight", Dose(minutes=20, when_time=True)),
        line("water-treadmill-clinic", Dose(minutes=20), clinic_only=True),
        line("hill-walk", Dose(minutes=20, part_of="leash-walk"), load=4, category="balance_stabilisation"),
    ],
)
def test_session_leaves_out_what_nobody_sits_down_to(other: Line) -> None:
    assert totals([line(dose=Dose(minutes=5)), other]).longest_session_minutes == 5


@pytest.mark.parametrize(("minutes", "warns"), [(15, ()), (16, ("session_too_long",))])
def test_session_above_fifteen_minutes_warns(minutes: int, warns: tuple[str, ...]) -> None:
    assert totals([line(dose=Dose(minutes=minutes))]).warnings == warns


@pytest.mark.parametrize(
    ("others", "warns"),
    [
        ([line("e")], ("too_many_active",)),
        ([line("e", clinic_only=True)], ()),
        ([line("e", Dose(reps=5, only_if="dry"))], ()),
        ([care("e", Dose(per_day=4))], ()),
    ],
)
def test_more_than_four_active_items_warn(others: list[Line], warns: tuple[str, ...]) -> None:
    assert totals([*(line(slug) for slug in "abcd"), *others]).warnings == warns


@pytest.mark.parametrize(
    ("running", "growth"),
    [
        (None, None),
        ([], None),
        ([care("heat-pack", Dose(minutes=10))], None),
        ([line(dose=Dose(minutes=5))], 20),
        ([line(dose=Dose(minutes=6))], 0),
        ([line(dose=Dose(minutes=8))], -25),
    ],
)
def test_growth_is_against_the_running_program(running: list[Line] | None, growth: int | None) -> None:
    assert totals([line(dose=Dose(minutes=6))], running=running).growth_percent == growth


def templates() -> dict[str, list[Line]]:
    """The items of each phase of the content's templates, without those that depend on a condition."""
    content = {row["slug"]: row for row in reading.read(reading.EXERCISES)["exercises"]}
    found: dict[str, list[Line]] = defaultdict(list)
    for protocol in reading.read(reading.PROTOCOLS)["protocols"]:
        for phase in protocol["phases"]:
            for item in phase["items"]:
                if "ex" not in item or "if" in item or "unlock" in item:
                    continue
                row = content[item["ex"]]
                found[f"{protocol['id']} {phase['code']}"].append(
                    line(
                        row["slug"],
                        Dose.from_json({**row["dose"], **item.get("dose", {})}),
                        is_active=row["mode"] == "active",
                        load=row["load"],
                        category=row["category"],
                        trains=row["trains"] or "",
                        clinic_only=row.get("clinic_only", False),
                    )
                )
    return found


def test_sessions_of_the_templates_are_as_short_as_the_content_asks() -> None:
    found = {name: totals(lines).longest_session_minutes for name, lines in templates().items()}
    assert len(found) > 30
    assert {name: minutes for name, minutes in found.items() if minutes > MOST_SESSION_MINUTES} == {}
    assert max(found.values()) > MOST_SESSION_MINUTES / 2


@pytest.mark.parametrize(
    ("item", "other", "why"),
    [
        (Dose(minutes=3, part_of="leash-walk", per_day=2), Dose(minutes=10, per_day=2), []),
        (Dose(minutes=3, part_of="leash-walk"), Dose(minutes=10, per_day=3), []),
        (Dose(minutes=3, part_of="leash-walk", only_if="dry"), Dose(minutes=10, when_time=True), []),
        (Dose(minutes=3, part_of="sling-walk"), Dose(minutes=10), ["not_there"]),
        (Dose(minutes=3, part_of="hill-walk"), Dose(minutes=10), ["itself"]),
        (Dose(minutes=3, part_of="leash-walk", per_day=3), Dose(minutes=10, per_day=2), ["too_often"]),
        (Dose(minutes=3, part_of="leash-walk"), Dose(minutes=10, days_per_week=5), ["too_often"]),
        (Dose(minutes=3, part_of="leash-walk"), Dose(minutes=10, when_time=True), ["unlike"]),
        (Dose(minutes=3, part_of="leash-walk"), Dose(per_prescription=True), ["unlike"]),
        (Dose(minutes=3, part_of="leash-walk"), Dose(one_off=True), ["unlike"]),
        (Dose(minutes=3, part_of="leash-walk"), Dose(duration_days=7), ["unlike"]),
    ],
)
def test_part_fits_into_the_item_that_it_names(item: Dose, other: Dose, why: list[str]) -> None:
    assert [one.why for one in misplaced([line("hill-walk", item), walk(other)])] == why


def test_part_of_a_part_and_part_elsewhere_do_not_fit() -> None:
    chain = [
        line("a", Dose(minutes=1, part_of="b")),
        line("b", Dose(minutes=2, part_of="leash-walk")),
        walk(),
        line("c", Dose(minutes=1, part_of="d"), clinic_only=True),
        line("d"),
    ]
    assert {one.slug: one.why for one in misplaced(chain)} == {"a": "inside_another", "c": "not_at_home"}


LINES = st.builds(
    line,
    st.sampled_from("abcdefg"),
    st.builds(
        Dose,
        minutes=st.integers(1, 30),
        per_day=st.integers(1, 4),
        days_per_week=st.integers(1, 7),
        only_if=st.sampled_from(["", "dry"]),
    ),
    is_active=st.booleans(),
    clinic_only=st.booleans(),
    load=st.integers(0, 4),
)


@given(st.lists(LINES), LINES)
def test_one_more_item_never_makes_a_program_lighter(lines: list[Line], one: Line) -> None:
    before, after = totals(lines), totals([*lines, one])
    assert after.items == before.items + 1
    assert after.active >= before.active
    assert after.minutes_per_day >= before.minutes_per_day
    assert after.longest_session_minutes >= before.longest_session_minutes
    assert after.weekly_load >= before.weekly_load
    assert set(after.warnings) >= set(before.warnings)


@given(st.lists(LINES), st.randoms(use_true_random=False))
def test_totals_do_not_depend_on_the_order(lines: list[Line], chance: Any) -> None:
    shuffled = list(lines)
    chance.shuffle(shuffled)
    assert totals(shuffled).weekly_load == pytest.approx(totals(lines).weekly_load)
    assert totals(shuffled).warnings == totals(lines).warnings
