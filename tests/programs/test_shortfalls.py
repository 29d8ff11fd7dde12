from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehab.library import reading
from rehab.programs.dose import Dose
from rehab.programs.shortfalls import BACK, LIMB, Refusal, Shortfall, aims, half_rule, shortfalls
from rehab.programs.totals import Line

TARGETS = {
    "limb": ("sit-stand", "back-up", "leash-walk"),
    "habits": {"bunny_hop": ("figure-eight", "leash-walk"), "weight_forward": ("back-up",)},
}


def line(slug: str, aim: str = "", **fields: Any) -> Line:
    given: dict[str, Any] = {"is_active": True, "load": 2, "trains": "core", "dose": Dose(reps=5), **fields}
    return Line(slug=slug, name=slug, aim=aim, **given)


def passive(slug: str = "light-massage", **fields: Any) -> Line:
    return line(slug, is_active=False, load=1, trains="", **fields)


def found(lines: list[Line], **fields: Any) -> dict[str, Shortfall]:
    """The shortfalls by what was found; everything was shown back and a ladder is attached unless said."""
    given: dict[str, Any] = {
        "phase": "P2",
        "is_secondary": False,
        "habits": (),
        "targets": TARGETS,
        "ladders": ("car",),
        "shown_back": {one.slug for one in lines},
        **fields,
    }
    return {one.found: one for one in shortfalls(lines, **given)}


@pytest.mark.parametrize(
    ("item", "habits", "expected"),
    [
        (line("sit-stand"), (), {LIMB}),
        (line("leash-walk"), ("bunny_hop",), {LIMB, "bunny_hop"}),
        (line("figure-eight"), ("bunny_hop",), {"bunny_hop"}),
        (line("figure-eight"), (), {BACK}),
        (line("cookie-stretch"), ("bunny_hop",), {BACK}),
        (line("sit-stand", aim=BACK), ("bunny_hop",), {BACK}),
        (line("cookie-stretch", aim=LIMB), (), {LIMB}),
        (line("cookie-stretch", aim="bunny_hop"), ("bunny_hop",), {"bunny_hop"}),
        (line("figure-eight"), ("own_habit",), {BACK}),
    ],
)
def test_item_works_on_what_its_prescriber_says_or_else_the_content(
    item: Line, habits: tuple[str, ...], expected: set[str]
) -> None:
    assert aims(item, habits=habits, targets=TARGETS) == expected


@pytest.mark.parametrize(
    ("lines", "habits", "refusal"),
    [
        ([], (), None),
        ([passive()], (), None),
        ([line("sit-stand")], (), None),
        ([line("sit-stand"), line("heads-up")], (), None),
        ([line("heads-up")], (), Refusal(active=1, on_target=0, off_target=("heads-up",))),
        (
            [line("sit-stand"), line("heads-up"), line("figure-eight")],
            (),
            Refusal(active=3, on_target=1, off_target=("heads-up", "figure-eight")),
        ),
        ([line("sit-stand"), line("heads-up"), line("figure-eight")], ("bunny_hop",), None),
        (
            [line("sit-stand", clinic_only=True), line("heads-up")],
            (),
            Refusal(active=1, on_target=0, off_target=("heads-up",)),
        ),
        ([line("heads-up", clinic_only=True)], (), None),
        ([line("heads-up", aim=LIMB)], (), None),
        ([line("heads-up", aim="bunny_hop")], ("bunny_hop",), None),
        ([line("heads-up", aim="bunny_hop")], (), Refusal(active=1, on_target=0, off_target=("heads-up",))),
        ([line("sit-stand", aim=BACK)], (), Refusal(active=1, on_target=0, off_target=("sit-stand",))),
        (
            [line("heads-up", dose=Dose(reps=5, when_time=True))],
            (),
            Refusal(active=1, on_target=0, off_target=("heads-up",)),
        ),
    ],
)
def test_half_of_the_active_items_work_on_the_limb_or_a_habit(
    lines: list[Line], habits: tuple[str, ...], refusal: Refusal | None
) -> None:
    assert half_rule(lines, habits=habits, targets=TARGETS) == refusal


@pytest.mark.parametrize(("active", "needed"), [(1, 1), (2, 1), (3, 2), (4, 2), (5, 3)])
def test_half_is_rounded_up(active: int, needed: int) -> None:
    assert Refusal(active=active, on_target=0, off_target=()).needed == needed


def test_templates_for_secondary_pain_keep_the_half_rule() -> None:
    content = {row["slug"]: row for row in reading.read(reading.EXERCISES)["exercises"]}
    phases = {
        f"{protocol['id']} {phase['code']}": [
            line(item["ex"], item.get("habit", ""), is_active=content[item["ex"]]["mode"] == "active")
            for item in phase["items"]
            if "ex" in item
        ]
        for protocol in reading.read(reading.PROTOCOLS)["protocols"]
        if protocol["id"] in ("secondary-hip", "secondary-stifle")
        for phase in protocol["phases"]
    }
    every_habit = tuple(reading.habits())
    refused = {
        name: refusal
        for name, lines in phases.items()
        if (refusal := half_rule(lines, habits=every_habit, targets=reading.targets()))
    }
    assert len(phases) == 10
    assert refused == {}


LINES = st.builds(
    line,
    st.sampled_from(["sit-stand", "back-up", "leash-walk", "figure-eight", "heads-up", "cookie-stretch"]),
    st.sampled_from(["", LIMB, BACK, "bunny_hop", "weight_forward"]),
    is_active=st.booleans(),
    clinic_only=st.booleans(),
)
HABITS = st.sets(st.sampled_from(["bunny_hop", "weight_forward"]))


@given(st.lists(LINES), HABITS)
def test_an_item_for_the_back_never_makes_a_refused_program_pass(lines: list[Line], habits: set[str]) -> None:
    more = [*lines, line("heads-up", aim=BACK)]
    if half_rule(lines, habits=habits, targets=TARGETS):
        assert half_rule(more, habits=habits, targets=TARGETS)


@given(st.lists(LINES), HABITS)
def test_an_item_for_the_limb_never_makes_a_program_refused(lines: list[Line], habits: set[str]) -> None:
    if half_rule(lines, habits=habits, targets=TARGETS) is None:
        assert half_rule([*lines, line("heads-up", aim=LIMB)], habits=habits, targets=TARGETS) is None


@given(st.lists(LINES), HABITS)
def test_care_and_the_clinic_change_nothing_about_the_half(lines: list[Line], habits: set[str]) -> None:
    more = [passive(), *lines, line("heads-up", clinic_only=True)]
    assert half_rule(more, habits=habits, targets=TARGETS) == half_rule(lines, habits=habits, targets=TARGETS)


def test_empty_program_has_no_shortfall_yet() -> None:
    assert found([], phase="P5", is_secondary=True, habits=("bunny_hop",), ladders=()) == {}


def test_good_program_falls_short_of_nothing() -> None:
    lines = [line("figure-eight"), line("sit-stand"), passive()]
    assert found(lines, phase="P5", is_secondary=True, habits=("bunny_hop",)) == {}


def test_refusal_comes_first_and_is_the_only_one_that_refuses() -> None:
    lines = [line("heads-up", trains="")]
    every = shortfalls(
        lines, phase="P5", is_secondary=True, habits=("bunny_hop",), targets=TARGETS, cause_is_stated=False
    )
    assert [(one.code, one.found, one.document, one.refuses) for one in every] == [
        ("wrong_type", "mostly_back", "000", True),
        ("wrong_type", "no_strength", "004", False),
        ("inefficient_movement_habit", "not_retrained", "002", False),
        ("done_incorrectly", "not_shown_back", "004", False),
        ("no_graded_exposure", "no_ladder", "002", False),
        ("not_continued", "too_little_strength", "004", False),
        ("true_cause_not_found", "no_cause", "002", False),
    ]


def test_half_rule_is_only_for_secondary_pain() -> None:
    assert "mostly_back" not in found([line("heads-up")], is_secondary=False)
    assert found([line("heads-up")], is_secondary=True)["mostly_back"].slugs == ("heads-up",)


@pytest.mark.parametrize(
    ("lines", "phase", "expected"),
    [
        ([passive()], "P1", set()),
        ([passive()], "P2", {"only_passive"}),
        ([passive()], "P3", {"only_passive"}),
        ([line("leash-walk", trains="")], "P1", set()),
        ([line("leash-walk", trains="")], "P2", {"no_strength"}),
        ([line("cookie-stretch", trains="stretching")], "P3", {"no_strength"}),
        ([line("stand-count", trains="stabilisation")], "P2", set()),
    ],
)
def test_training_phase_needs_active_and_strengthening_items(lines: list[Line], phase: str, expected: set[str]) -> None:
    assert set(found(lines, phase=phase)) == expected


@pytest.mark.parametrize(
    ("aim", "is_secondary", "strays"),
    [
        ("", False, False),
        (BACK, False, False),
        (LIMB, False, True),
        ("bunny_hop", False, False),
        ("weight_forward", False, True),
        (LIMB, True, False),
        (BACK, True, False),
        ("weight_forward", True, True),
    ],
)
def test_item_aims_at_what_the_definition_names(aim: str, is_secondary: bool, strays: bool) -> None:
    lines = [line("sit-stand", aim=aim), line("figure-eight")]
    assert ("off_target" in found(lines, is_secondary=is_secondary, habits=("bunny_hop",))) is strays


def test_listed_habit_needs_a_retraining_exercise() -> None:
    habits = ("bunny_hop", "weight_forward")
    assert found([line("figure-eight")], habits=habits)["not_retrained"].habits == ("weight_forward",)
    assert found([passive("figure-eight"), line("back-up")], habits=habits)["not_retrained"].habits == ("bunny_hop",)
    assert "not_retrained" not in found([line("figure-eight"), line("heads-up", "weight_forward")], habits=habits)


def test_active_item_is_shown_back_before_it_counts_as_known() -> None:
    lines = [line("sit-stand"), line("back-up"), passive(), line("water-treadmill-clinic", clinic_only=True)]
    assert found(lines, shown_back={"back-up"})["not_shown_back"].slugs == ("sit-stand",)


def test_too_much_to_be_followed() -> None:
    lines = [line(slug, dose=Dose(minutes=4)) for slug in "abcde"]
    every = found(lines)
    assert {name: every[name].code for name in every} == {
        "too_many_active": "not_followed",
        "session_too_long": "not_followed",
    }


@pytest.mark.parametrize(
    ("phase", "ladders", "short"),
    [("P3", (), False), ("P4", (), True), ("P4", ("car",), False), ("P5", (), True), ("P5", ("car",), False)],
)
def test_return_needs_a_ladder(phase: str, ladders: tuple[str, ...], short: bool) -> None:
    assert ("no_ladder" in found([line("sit-stand"), line("back-up")], phase=phase, ladders=ladders)) is short


@pytest.mark.parametrize(
    ("lines", "phase", "short"),
    [
        ([line("a"), line("b", trains="stabilisation")], "P5", False),
        ([line("a"), line("b", dose=Dose(reps=5, days_per_week=2))], "P5", False),
        ([line("a"), line("b", dose=Dose(reps=5, days_per_week=1))], "P5", True),
        ([line("a"), line("b", trains="")], "P5", True),
        ([line("a"), line("b", dose=Dose(reps=5, when_time=True))], "P5", True),
        ([line("a"), line("b", clinic_only=True)], "P5", True),
        ([line("a")], "P4", False),
    ],
)
def test_maintenance_keeps_two_strength_items_up(lines: list[Line], phase: str, short: bool) -> None:
    assert ("too_little_strength" in found(lines, phase=phase)) is short
