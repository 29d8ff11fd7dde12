"""What a press does to the plan, what an exercise works on, and what the plan comes to."""

import datetime as dt
from typing import Any

import pytest
from django.http import QueryDict
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from rehab.library.models import Exercise
from rehab.patients.models import Patient, ProblemDefinition
from rehab.programs.actions.items import Item, half_rule_objections
from rehab.programs.builder.lines import aims_of, usual_aim
from rehab.programs.builder.order import Act, Order, Press
from rehab.programs.builder.preview import preview
from rehab.programs.builder.weighing import weigh
from rehab.programs.dose import Dose
from rehab.programs.gate import row_of
from rehab.programs.models import Program
from tests import make

SECONDARY: dict[str, Any] = {
    "origin": "secondary",
    "cause": "compensatory",
    "limb_source_and_plan": "Left hip: weight, then strength.",
}
SLUGS = st.sampled_from(["walk", "wash", "sit", "turn"])


# --- The order -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("press", "plan", "aside"),
    [
        ("item_up=sit", ("walk", "sit", "wash"), ()),
        ("item_up=walk", ("walk", "wash", "sit"), ()),
        ("item_down=walk", ("wash", "walk", "sit"), ()),
        ("item_down=sit", ("walk", "wash", "sit"), ()),
        ("item_out=wash", ("walk", "sit"), ("wash",)),
        ("item_out=turn", ("walk", "wash", "sit"), ()),
        ("item_in=turn", ("walk", "wash", "sit", "turn"), ()),
        ("item_in=walk", ("walk", "wash", "sit"), ()),
        ("do=weigh", ("walk", "wash", "sit"), ()),
        ("do=assign", ("walk", "wash", "sit"), ()),
    ],
)
def test_press_changes_the_order(press: str, plan: tuple[str, ...], aside: tuple[str, ...]) -> None:
    after = Order.of(["walk", "wash", "sit"]).after(Press.typed(QueryDict(press)))
    assert (after.plan, after.aside) == (plan, aside)


@pytest.mark.parametrize(
    ("sent", "act"),
    [
        ("", Act.WEIGH),
        ("do=", Act.WEIGH),
        ("do=up", Act.WEIGH),
        ("do=delete", Act.WEIGH),
        ("do=assign", Act.ASSIGN),
        ("do=assign&item_out=walk", Act.REMOVE),
        ("item_up=&do=preview", Act.PREVIEW),
    ],
)
def test_only_the_assign_button_assigns(sent: str, act: Act) -> None:
    assert Press.typed(QueryDict(sent)).act == act


def test_what_was_taken_out_comes_back() -> None:
    order = Order.of(["walk", "wash"]).after(Press(act=Act.REMOVE, slug="walk"))
    assert order.after(Press(act=Act.ADD, slug="walk")) == Order(plan=("wash", "walk"))


def test_exercise_stands_in_the_plan_once() -> None:
    assert Order.of(["walk", "wash", "walk"], ["wash", "sit", "sit"]) == Order(plan=("walk", "wash"), aside=("sit",))


@given(st.lists(SLUGS), st.lists(SLUGS), st.lists(st.tuples(st.sampled_from(list(Act)), SLUGS)))
def test_no_press_loses_or_doubles_an_exercise(
    plan: list[str], aside: list[str], presses: list[tuple[Act, str]]
) -> None:
    order = Order.of(plan, aside)
    for act, slug in presses:
        before = {*order.plan, *order.aside}
        order = order.after(Press(act=act, slug=slug))
        here = [*order.plan, *order.aside]
        assert len(here) == len(set(here))
        assert before <= set(here) <= before | {slug}


# --- What an exercise works on -----------------------------------------------------------------------------------


def test_aim_is_asked_in_secondary_pain_and_where_a_habit_is_listed(patient: Patient, vet: User) -> None:
    assert aims_of(make.make_definition(patient, vet)) == {}
    habit = make.make_definition(patient, vet, habits=["bunny_hop", "unknown"])
    assert list(aims_of(habit)) == ["limb", "bunny_hop", "back"]
    secondary = make.make_definition(patient, vet, **SECONDARY)
    assert list(aims_of(secondary)) == ["limb", "back"]


@pytest.mark.parametrize(
    ("slug", "mode", "aim"),
    [
        ("figure-eight", "active", "bunny_hop"),
        ("sit-stand", "active", "limb"),
        ("cookie-stretch", "active", "back"),
        ("light-massage", "passive", ""),
    ],
)
def test_listed_habit_comes_before_the_limb(patient: Patient, vet: User, slug: str, mode: str, aim: str) -> None:
    aims = aims_of(make.make_definition(patient, vet, **SECONDARY, habits=["bunny_hop"]))
    assert usual_aim(make.make_exercise(slug, mode=mode), aims) == aim


def test_without_aims_nothing_is_asked(walk: Exercise) -> None:
    assert usual_aim(walk, {}) == ""


# --- What it comes to ------------------------------------------------------------------------------------------


def test_plan_is_weighed_against_the_running_program(
    plan: Program, definition: ProblemDefinition, walk: Exercise, wash: Exercise
) -> None:
    items = [Item(exercise=walk, dose=Dose(minutes=6, per_day=3)), Item(exercise=wash, dose=Dose(minutes=5))]
    weighed = weigh(items, definition=definition, phase="P2", most_active=6, running=plan, shown_back={"leash-walk"})
    assert (weighed.totals.active, weighed.minutes_per_day, weighed.weekly_load) == (1, 23, 252)
    assert weighed.totals.growth_percent == 20
    assert [(check.title, check.state) for check in weighed.checks] == [
        ("The right kind of exercise", "watch"),
        ("Done correctly", "ok"),
        ("Little enough to keep up", "ok"),
        ("Lasts", "ok"),
    ]
    assert weighed.checks[0].found == ["No stabilisation or core exercise; from phase P2 on there should be one."]
    assert weighed.half is None


def test_empty_plan_is_not_looked_at_yet(definition: ProblemDefinition) -> None:
    weighed = weigh([], definition=definition, phase="P2", most_active=6, running=None, shown_back=())
    assert [check.state for check in weighed.checks] == ["open"] * 4


def test_care_alone_is_the_wrong_kind_from_phase_p2_on(definition: ProblemDefinition, wash: Exercise) -> None:
    items = [Item(exercise=wash, dose=Dose(minutes=5))]
    for phase, state in (("P1", "ok"), ("P2", "watch")):
        weighed = weigh(items, definition=definition, phase=phase, most_active=6, running=None, shown_back=())
        assert weighed.checks[0].state == state
        assert weighed.totals.growth_percent is None


def test_secondary_pain_counts_what_works_on_the_limb(patient: Patient, vet: User, walk: Exercise) -> None:
    definition = make.make_definition(patient, vet, **SECONDARY)
    stretch = make.make_exercise("cookie-stretch", category="prom_stretching")
    heads = make.make_exercise("heads-up")
    items = [Item(exercise=one, dose=Dose(reps=4)) for one in (walk, stretch, heads)]
    weighed = weigh(items, definition=definition, phase="P2", most_active=6, running=None, shown_back=())
    assert weighed.half is not None
    assert (weighed.half.on_target, weighed.half.active, weighed.half.is_enough) == (1, 3, False)
    assert weighed.checks[0].state == "act"


# --- How the family will see it ----------------------------------------------------------------------------------


def test_first_day_is_shown_as_the_family_will_see_it(walk: Exercise, wash: Exercise, today: dt.date) -> None:
    """``today`` is a Wednesday; three days a week are Wednesday, Friday and Sunday."""
    sit, turn, mat = (make.make_exercise(slug, name=slug.capitalize()) for slug in ("sit", "turn", "mat"))
    items = [
        Item(exercise=walk, dose=Dose(minutes=5, per_day=3), anchor="After lunch", note="Slowly"),
        Item(exercise=wash, dose=Dose(minutes=3, part_of="leash-walk")),
        Item(exercise=sit, dose=Dose(reps=5, days_per_week=1)),
        Item(exercise=turn, dose=Dose(reps=4, when_time=True)),
        Item(exercise=mat, dose=Dose(one_off=True)),
        Item(exercise=make.make_exercise("hill", name="Hill"), dose=Dose(reps=2, from_week=3)),
    ]
    shown = preview(items, starts_on=today)
    first, second = shown.due
    assert (first.name, first.anchor, first.note, list(first.times)) == (
        "Leash walk",
        "After lunch",
        "Slowly",
        [1, 2, 3],
    )
    assert first.dose == "5 minutes, 3 times a day"
    assert second.dose == "3 minutes of each Leash walk, once a day"
    assert [(one.name, one.when) for one in shown.other_days] == [("Sit", "Sunday")]
    assert [one.name for one in shown.optional] == ["Turn"]
    assert [one.name for one in shown.once] == ["Mat"]
    assert [(one.name, one.when) for one in shown.later] == [("Hill", "from 1 April")]


# --- A later change of a program ---------------------------------------------------------------------------------


def test_added_item_is_refused_only_where_it_is_one_too_many_for_the_back(
    patient: Patient, vet: User, walk: Exercise
) -> None:
    definition = make.make_definition(patient, vet, **SECONDARY)
    back, other = (Item(exercise=make.make_exercise(slug), dose=Dose(reps=4)) for slug in ("heads-up", "other"))
    limb = Item(exercise=walk, dose=Dose(minutes=5))

    def rules(items: list[Item], added: Item) -> list[str]:
        found = half_rule_objections([*items, added], definition=definition, row=row_of(definition), added=added)
        return [objection.rule for objection in found]

    assert rules([limb], back) == []
    assert rules([limb, back], other) == ["D5"]
    # What helps is never refused, even where more help is still needed.
    assert rules([back, other], limb) == []
