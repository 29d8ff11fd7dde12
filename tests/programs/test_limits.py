"""How fast a plan may grow: the arithmetic, and what the changes of a plan are held to."""

import datetime as dt
from typing import Any

import pytest

from accounts.access import Role
from accounts.models import User
from rehab.library.models import Exercise, Protocol, ProtocolPhase
from rehab.patients.models import Patient
from rehab.programs.actions import (
    Item,
    NotAllowed,
    add_exercise,
    assign_program,
    change_dose,
    decide,
    end_program,
    remove_prescription,
    undo_step,
)
from rehab.programs.actions.ground import recent_of
from rehab.programs.builder.board import Setting
from rehab.programs.dose import Dose
from rehab.programs.gate import row_of
from rehab.programs.limits import (
    Excess,
    Stretch,
    excess,
    grew_within,
    is_single_step,
    newly_added,
    raised,
    too_many_new,
)
from rehab.programs.models import Decision, Program
from rehab.programs.queries import Candidate, candidates
from tests import make
from tests.programs.conftest import prescribed
from tests.programs.test_phasing import move

VET = frozenset({Role.VET})
THERAPIST = frozenset({Role.THERAPIST})
PROGRESS = Decision.Kind.PROGRESS
ON = dt.date(2026, 3, 19)
DAY = dt.timedelta(days=1)
RANGE = {"reps": [8, 10], "sets": [1, 3], "minutes": [2, 30]}
LIMB: dict[str, Any] = {
    "origin": "secondary",
    "cause": "compensatory",
    "limb_source_and_plan": "Left hip: weight, then strength.",
}
NERVES: dict[str, Any] = {
    "mechanism": "neurologic",
    "cause": "disc",
    "pain_control": "medicine",
    "pain_control_plan": "Gabapentin, three times a day",
    "pain_controlled_on": make.TODAY - dt.timedelta(days=15),
}


def had(dose: Dose, *, first: int, last: int | None = None, slug: str = "walk", came: Any = "") -> Stretch:
    """A stretch from ``first`` days before, to ``last`` days before."""
    return Stretch(
        slug=slug,
        load=2,
        is_active=True,
        dose=dose,
        starts_on=ON - first * DAY,
        ends_on=None if last is None else ON - last * DAY,
        came=came,
    )


# --- The arithmetic ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("new", "old", "single"),
    [
        (Dose(reps=6), Dose(reps=5), True),
        (Dose(reps=7), Dose(reps=5), False),
        (Dose(reps=22), Dose(reps=20), True),
        (Dose(reps=23), Dose(reps=20), False),
        (Dose(minutes=10), Dose(minutes=8), True),
        (Dose(minutes=11), Dose(minutes=8), False),
        (Dose(minutes=22), Dose(minutes=20), True),
        (Dose(minutes=23), Dose(minutes=20), False),
        (Dose(hold_seconds=12), Dose(hold_seconds=10), True),
        (Dose(hold_seconds=13), Dose(hold_seconds=10), False),
        (Dose(sets=2, reps=8), Dose(sets=1, reps=10), True),
        (Dose(sets=2, reps=8), Dose(sets=1, reps=9), False),
        (Dose(sets=2, reps=10), Dose(sets=1, reps=10), False),
        (Dose(sets=3, reps=8), Dose(sets=1, reps=10), False),
        (Dose(minutes=5, per_day=2), Dose(minutes=5, per_day=1), False),
        (Dose(reps=6, hold_seconds=2), Dose(reps=5), False),
        (Dose(reps=5), Dose(reps=5), True),
    ],
)
def test_single_step_is_what_the_step_rules_say(new: Dose, old: Dose, single: bool) -> None:
    assert is_single_step(new, old, dose_range=RANGE) is single


def test_raised_counts_what_loads() -> None:
    assert raised(Dose(reps=6, sets=2), Dose(reps=5)) == ["reps", "sets"]
    assert raised(Dose(reps=5, per_day=2, each_side=True), Dose(reps=6)) == ["times_per_day", "each_side"]
    assert raised(Dose(minutes=4), Dose(minutes=5)) == []


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [
        (20, None),
        (22, None),
        (23, Excess(percent=15, days=7, allowed=10)),
    ],
)
def test_week_allows_its_percent(minutes: int, expected: Excess | None) -> None:
    assert grown([had(Dose(minutes=20), first=30)], Dose(minutes=minutes)) == expected


def grown(recent: list[Stretch], dose: Dose, *, weekly: int = 10, fortnightly: int = 30, **more: Any) -> Excess | None:
    return excess(
        recent, "walk", dose=dose, load=2, dose_range=RANGE, on=ON, weekly=weekly, fortnightly=fortnightly, **more
    )


def test_two_single_steps_within_a_week_are_too_much() -> None:
    recent = [had(Dose(reps=5), first=30, last=6), had(Dose(reps=6), first=6, came="progressed")]
    assert grown(recent, Dose(reps=7)) == Excess(percent=40, days=7, allowed=10)
    settled = [had(Dose(reps=5), first=30, last=15), had(Dose(reps=6), first=15, came="progressed")]
    assert grown(settled, Dose(reps=7)) is None


def test_fortnight_is_the_hard_limit_but_not_of_short_walks() -> None:
    longer = [had(Dose(minutes=20), first=30, last=7), had(Dose(minutes=22), first=7)]
    assert grown(longer, Dose(minutes=24), fortnightly=15) == Excess(percent=20, days=14, allowed=15)
    assert grown(longer, Dose(minutes=24), fortnightly=30) is None
    short = [had(Dose(minutes=5), first=30, last=7), had(Dose(minutes=7), first=7)]
    assert grown(short, Dose(minutes=9), fortnightly=15) is None


def test_new_exercise_is_weighed_against_its_first_dose() -> None:
    assert grown([had(Dose(minutes=5), first=2)], Dose(minutes=10)) == Excess(percent=100, days=7, allowed=10)
    assert grown([], Dose(minutes=10)) is None


def test_row_without_growth_allows_no_step_either() -> None:
    recent = [had(Dose(reps=5), first=30)]
    assert grown(recent, Dose(reps=6), weekly=0, fortnightly=0) == Excess(percent=20, days=7, allowed=0)
    assert grown(recent, Dose(reps=5), weekly=0, fortnightly=0) is None


def test_harder_exercise_takes_over_the_load_of_the_one_before() -> None:
    recent = [had(Dose(minutes=10), first=30, slug="sling")]
    assert grown(recent, Dose(minutes=11), instead_of="sling") is None
    assert grown(recent, Dose(minutes=12), instead_of="sling") == Excess(percent=20, days=7, allowed=10)


def test_dose_that_was_taken_back_never_was() -> None:
    recent = [had(Dose(reps=5), first=30), had(Dose(reps=6), first=0, last=0, came="progressed")]
    assert grew_within(recent, on=ON, days=7) == set()


def test_new_exercises_are_counted_for_a_week() -> None:
    recent = [
        had(Dose(reps=5), first=30, slug="old"),
        had(Dose(reps=5), first=7, slug="last week", came="added"),
        had(Dose(reps=5), first=6, slug="new", came="added"),
        had(Dose(reps=6), first=3, slug="old", came="added"),
    ]
    assert newly_added(recent, on=ON) == {"new"}
    assert too_many_new(recent, ["another"], on=ON, most=2) == 0
    assert too_many_new(recent, ["another"], on=ON, most=1) == 2
    assert too_many_new(recent, ["old"], on=ON, most=0) == 0


@pytest.mark.parametrize(("days", "grew"), [(3, set()), (4, {"walk"})])
def test_growth_counts_for_some_days(days: int, grew: set[str]) -> None:
    recent = [had(Dose(reps=5), first=30, last=3), had(Dose(reps=6), first=3, came="changed")]
    assert grew_within(recent, on=ON, days=days) == grew
    less = [had(Dose(reps=5), first=30, last=3), had(Dose(reps=4), first=3, came="changed")]
    assert grew_within(less, on=ON, days=days) == set()


# --- What the changes of a plan are held to ----------------------------------------------------------------------


@pytest.fixture
def asked(therapist: User, now: dt.datetime) -> dict[str, Any]:
    """What a therapist asks for."""
    return {"by": therapist, "roles": THERAPIST, "at": now, "reason": "Two easy weeks", "plan_version": 1}


@pytest.fixture
def shift(plan: Program, patient: Patient, vet: User) -> Exercise:
    """A second exercise in the plan, shown back."""
    exercise = make.make_exercise("weight-shift")
    make.make_prescription(plan, exercise=exercise, dose={"reps": 5})
    make.teach(patient, exercise, by=vet)
    return exercise


def rules(refused: pytest.ExceptionInfo[NotAllowed]) -> list[str]:
    return [one.rule for one in refused.value.objections]


@pytest.mark.usefixtures("shown_back")
def test_another_exercise_grows_three_days_later(
    plan: Program, shift: Exercise, asked: dict[str, Any], vet: User, now: dt.datetime
) -> None:
    decide(kind=PROGRESS, prescription=prescribed(plan, "leash-walk"), **asked)
    other = prescribed(plan, "weight-shift")
    for days in (0, 2):
        with pytest.raises(NotAllowed) as refused:
            decide(kind=PROGRESS, prescription=other, **{**asked, "plan_version": 2, "at": now + days * DAY})
        assert rules(refused) == ["H6", "VET"]
    request = {**asked, "plan_version": 2, "at": now + 3 * DAY}
    assert decide(kind=PROGRESS, prescription=other, **request).rule_ids == ["D1"]


@pytest.mark.usefixtures("shown_back")
def test_vet_overrules_a_limit_with_the_reason_and_the_record_keeps_it_apart(
    plan: Program, shift: Exercise, asked: dict[str, Any], vet: User
) -> None:
    by_vet = {**asked, "by": vet, "roles": VET}
    decide(kind=PROGRESS, prescription=prescribed(plan, "leash-walk"), **by_vet)
    decision = decide(kind=PROGRESS, prescription=prescribed(plan, "weight-shift"), **{**by_vet, "plan_version": 2})
    assert (decision.rule_ids, decision.details) == (["D1", "H6"], {"overruled": ["H6"]})


@pytest.mark.usefixtures("shown_back")
def test_undone_step_is_no_growth(plan: Program, shift: Exercise, asked: dict[str, Any], now: dt.datetime) -> None:
    decide(kind=PROGRESS, prescription=prescribed(plan, "leash-walk"), **asked)
    plan.refresh_from_db()
    undo_step(program=plan, plan_version=2, by=asked["by"], at=now)
    other = prescribed(plan, "weight-shift")
    assert decide(kind=PROGRESS, prescription=other, **{**asked, "plan_version": 3}).rule_ids == ["D1"]


@pytest.mark.usefixtures("shown_back")
@pytest.mark.parametrize(
    ("dose", "expected"),
    [
        (Dose(minutes=7, per_day=3), []),
        (Dose(minutes=8, per_day=3), ["H9", "VET"]),
        (Dose(minutes=5, per_day=4), ["H9", "VET"]),
        (Dose(minutes=4, per_day=3), []),
    ],
)
def test_dose_grows_within_the_limits_of_the_row(
    plan: Program, asked: dict[str, Any], dose: Dose, expected: list[str]
) -> None:
    request = {"prescription": prescribed(plan, "leash-walk"), "dose": dose, **asked}
    if not expected:
        assert change_dose(**request).started_by.rule_ids == ["D1"]
        return
    with pytest.raises(NotAllowed) as refused:
        change_dose(**request)
    assert rules(refused) == expected


@pytest.mark.parametrize(("dose", "expected"), [({"reps": 6}, []), ({"reps": 6, "hold_s": 2}, ["ONE_VARIABLE"])])
def test_nerve_pain_grows_by_one_number_at_a_time(
    patient: Patient, vet: User, asked: dict[str, Any], dose: dict[str, int], expected: list[str]
) -> None:
    program = make.make_program(
        patient,
        vet,
        make.make_definition(patient, vet, **NERVES),
        exercises=[("weight-shift", {"reps": 5})],
        decision_row="D2",
        profile="neuro",
    )
    make.teach(patient, make.make_exercise("weight-shift"), by=vet)
    shifting = prescribed(program, "weight-shift")
    changed = change_dose(
        prescription=shifting, dose=Dose.from_json(dose), **{**asked, "by": vet, "roles": VET}
    ).started_by
    assert [rule for rule in changed.rule_ids if rule == "ONE_VARIABLE"] == expected


def test_planned_growth_is_one_step_a_week(
    plan: Program, patient: Patient, vet: User, asked: dict[str, Any], now: dt.datetime
) -> None:
    exercise = make.make_exercise("weight-shift")
    make.make_prescription(plan, exercise=exercise, dose={"reps": 5, "ramp_by": 1, "ramp_to": 9})
    make.teach(patient, exercise, by=vet)
    decide(kind=PROGRESS, prescription=prescribed(plan, "weight-shift"), **asked)
    again = {**asked, "plan_version": 2}
    with pytest.raises(NotAllowed) as refused:
        decide(kind=PROGRESS, prescription=prescribed(plan, "weight-shift"), **{**again, "at": now + 6 * DAY})
    assert "RAMP" in rules(refused)
    with pytest.raises(NotAllowed) as refused:
        decide(kind=PROGRESS, prescription=prescribed(plan, "weight-shift"), **{**again, "at": now + 7 * DAY})
    # A week later the plan allows it; the hard limit of fourteen days is another rule.
    assert rules(refused) == ["H9", "VET"]
    later = decide(kind=PROGRESS, prescription=prescribed(plan, "weight-shift"), **{**again, "at": now + 14 * DAY})
    assert later.rule_ids == ["D1"]


def test_third_new_exercise_of_a_week_needs_a_vet(
    plan: Program, asked: dict[str, Any], vet: User, now: dt.datetime
) -> None:
    for version, slug in enumerate(("sit-stand", "side-step"), start=1):
        exercise = make.make_exercise(slug)
        add_exercise(program=plan, exercise=exercise, dose=Dose(reps=5), **{**asked, "plan_version": version})
    third: dict[str, Any] = {"program": plan, "exercise": make.make_exercise("back-up"), "dose": Dose(reps=5)}
    third |= {**asked, "plan_version": 3}
    with pytest.raises(NotAllowed) as refused:
        add_exercise(**third)
    assert rules(refused) == ["NEW", "VET"]
    care = make.make_exercise("paw-check", mode="passive", load=0)
    assert add_exercise(**{**third, "exercise": care}).started_by.rule_ids == ["D1"]
    added = add_exercise(**{**third, "plan_version": 4, "by": vet, "roles": VET})
    assert added.started_by.rule_ids == ["D1", "NEW"]


def test_new_exercise_waits_a_week_after_two(plan: Program, asked: dict[str, Any], now: dt.datetime) -> None:
    for version, slug in enumerate(("sit-stand", "side-step"), start=1):
        exercise = make.make_exercise(slug)
        add_exercise(program=plan, exercise=exercise, dose=Dose(reps=5), **{**asked, "plan_version": version})
    request = {**asked, "plan_version": 3, "at": now + 7 * DAY}
    added = add_exercise(program=plan, exercise=make.make_exercise("back-up"), dose=Dose(reps=5), **request)
    assert added.started_by.rule_ids == ["D1"]


def test_phase_brings_no_more_new_exercises_than_the_row_allows(
    plan: Program, therapist: User, vet: User, asked: dict[str, Any]
) -> None:
    stays = Item.of(prescribed(plan, "leash-walk"))
    new = [Item(exercise=make.make_exercise(slug), dose=Dose(reps=5)) for slug in ("sit-stand", "side-step", "back-up")]
    with pytest.raises(NotAllowed) as refused:
        move(plan, "P3", [stays, *new], by=therapist, roles=THERAPIST)
    assert rules(refused) == ["NEW", "VET"]
    assert move(plan, "P3", [stays, *new[:2]], by=therapist, roles=THERAPIST).rule_ids == ["D1"]


def test_phase_does_not_jump_a_dose(plan: Program, therapist: User, walk: Exercise) -> None:
    with pytest.raises(NotAllowed) as refused:
        move(plan, "P3", [Item(exercise=walk, dose=Dose(minutes=20, per_day=3))], by=therapist, roles=THERAPIST)
    assert rules(refused) == ["H9", "VET"]


def test_recent_is_one_query(plan: Program, patient: Patient, today: dt.date, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        recent = recent_of(patient.pk, on=today)
    assert [one.slug for one in recent] == ["leash-walk", "warm-wash"]


def test_phase_leaves_to_a_vet_what_it_marks(
    plan: Program, vet: User, therapist: User, protocol: Protocol, walk: Exercise
) -> None:
    ProtocolPhase.objects.create(
        protocol=protocol,
        position=2,
        code="P3",
        name="Strengthen",
        days_min=14,
        days_max=28,
        items=[{"exercise": "leash-walk", "dose": {"minutes": 5}, "unlock": "vet"}],
    )
    plan.protocol = protocol
    plan.save(update_fields=["protocol"])
    items = [Item.of(prescribed(plan, "leash-walk"))]
    with pytest.raises(NotAllowed) as refused:
        move(plan, "P3", items, by=therapist, roles=THERAPIST)
    assert rules(refused) == ["UNLOCK", "VET"]
    assert move(plan, "P3", items, by=vet).details["overruled"] == ["UNLOCK"]


# --- A later phase by the next program ---------------------------------------------------------------------------


@pytest.fixture
def later(protocol: Protocol) -> ProtocolPhase:
    """Phase P3 of the course, with a walk."""
    return ProtocolPhase.objects.create(
        protocol=protocol,
        position=2,
        code="P3",
        name="Strengthen",
        days_min=14,
        days_max=28,
        items=[{"exercise": "leash-walk", "dose": {"minutes": 5, "per_day": 3}}],
    )


def next_program(phase: ProtocolPhase | None, items: list[Item], /, patient: Patient, **changed: Any) -> Program:
    values: dict[str, Any] = {
        "definition": patient.definitions.signed().order_by("-version").first(),
        "protocol_phase": phase,
        "items": items,
        "starts_on": make.TODAY,
        "at": make.NOW,
        **changed,
    }
    return assign_program(**values)


def test_next_program_does_not_skip_the_criteria(
    plan: Program, patient: Patient, later: ProtocolPhase, walk: Exercise, therapist: User, vet: User
) -> None:
    items = [Item(exercise=walk, dose=Dose(minutes=5, per_day=3))]
    for reason in ("", "It is time"):
        with pytest.raises(NotAllowed) as refused:
            next_program(later, items, patient, by=therapist, roles=THERAPIST, reason=reason)
        assert rules(refused) == ["CRITERIA", "VET"]
    with pytest.raises(NotAllowed) as refused:
        next_program(later, items, patient, by=vet, roles=VET)
    assert rules(refused) == ["CRITERIA", "REASON"]
    program = next_program(later, items, patient, by=vet, roles=VET, reason="Examined today")
    decision = program.decisions.get()
    assert (program.phase, decision.rule_ids, decision.details) == (
        "P3",
        ["D1", "CRITERIA"],
        {"overruled": ["CRITERIA"]},
    )


def test_program_that_was_ended_first_does_not_skip_them_either(
    plan: Program, patient: Patient, later: ProtocolPhase, walk: Exercise, therapist: User, now: dt.datetime
) -> None:
    end_program(program=plan, reason="Anew", plan_version=1, by=therapist, at=now)
    with pytest.raises(NotAllowed) as refused:
        next_program(later, [Item(exercise=walk, dose=Dose(minutes=2))], patient, by=therapist, roles=THERAPIST)
    assert rules(refused) == ["CRITERIA", "VET"]


@pytest.mark.parametrize("code", ["P1", "P2"])
def test_next_program_in_the_same_or_an_earlier_phase_is_as_easy_as_before(
    plan: Program, patient: Patient, protocol: Protocol, walk: Exercise, therapist: User, code: str
) -> None:
    items = [Item(exercise=walk, dose=Dose(minutes=5, per_day=3))]
    program = next_program(protocol.phases.get(code=code), items, patient, by=therapist, roles=THERAPIST)
    assert program.decisions.get().rule_ids == ["D1"]


def test_next_program_does_not_jump_a_dose(
    plan: Program, patient: Patient, protocol: Protocol, walk: Exercise, therapist: User
) -> None:
    items = [Item(exercise=walk, dose=Dose(minutes=20, per_day=3))]
    with pytest.raises(NotAllowed) as refused:
        next_program(protocol.phases.get(code="P2"), items, patient, by=therapist, roles=THERAPIST)
    assert rules(refused) == ["H9", "VET"]


def test_later_phase_needs_what_progress_needs(
    plan: Program, patient: Patient, later: ProtocolPhase, walk: Exercise, vet: User
) -> None:
    """Gate B is nobody's to overrule."""
    make.make_definition(patient, vet, cause_statement="")
    items = [Item(exercise=walk, dose=Dose(minutes=5, per_day=3))]
    with pytest.raises(NotAllowed) as refused:
        next_program(later, items, patient, by=vet, roles=VET, reason="It is time")
    assert rules(refused) == ["GATE_B", "CRITERIA"]


def test_row_says_who_moves_on_by_the_next_program(
    patient: Patient, vet: User, therapist: User, later: ProtocolPhase, walk: Exercise
) -> None:
    definition = make.make_definition(patient, vet, **LIMB)
    make.make_program(patient, vet, definition, exercises=[(walk, {"minutes": 5})], decision_row="D5", phase="P2")
    make.rewrite(later.protocol, rows=["D5"])
    items = [Item(exercise=walk, dose=Dose(minutes=5))]
    with pytest.raises(NotAllowed) as refused:
        next_program(later, items, patient, by=therapist, roles=THERAPIST)
    assert "D5" in rules(refused)
    assert next_program(later, items, patient, by=vet, roles=VET, reason="Limb is stable").phase == "P3"


def test_first_program_may_start_later_with_little_load(
    patient: Patient, vet: User, therapist: User, later: ProtocolPhase, walk: Exercise
) -> None:
    make.make_definition(patient, vet)
    items = [Item(exercise=walk, dose=Dose(minutes=5))]
    assert next_program(later, items, patient, by=therapist, roles=THERAPIST).decisions.get().rule_ids == ["D1"]


def test_first_program_that_starts_later_with_more_load_needs_a_vet(
    patient: Patient, vet: User, therapist: User, later: ProtocolPhase
) -> None:
    make.make_definition(patient, vet)
    heavy = make.make_exercise("three-leg-stand", load=3)
    items = [Item(exercise=heavy, dose=Dose(reps=3))]
    with pytest.raises(NotAllowed) as refused:
        next_program(later, items, patient, by=therapist, roles=THERAPIST)
    assert rules(refused) == ["START_LOAD", "VET"]
    program = next_program(later, items, patient, by=vet, roles=VET, reason="Examined today")
    assert program.decisions.get().rule_ids == ["D1", "START_LOAD"]


# --- The half rule after the program was assigned ------------------------------------------------------------------


@pytest.fixture
def for_the_limb(patient: Patient, vet: User, walk: Exercise) -> Program:
    """Row D5, phase P2: a walk and a shift for the limb, two exercises for the back."""
    return make.make_program(
        patient,
        vet,
        make.make_definition(patient, vet, **LIMB),
        exercises=[(walk, {"minutes": 5}), *((slug, {"reps": 5}) for slug in ("weight-shift", "heads-up", "core"))],
        decision_row="D5",
    )


def test_way_back_keeps_half_for_the_limb(for_the_limb: Program, therapist: User) -> None:
    walk, _shift, heads, core = (
        Item.of(prescribed(for_the_limb, slug)) for slug in ("leash-walk", "weight-shift", "heads-up", "core")
    )
    for items in ([heads], [walk, heads, core]):
        with pytest.raises(NotAllowed) as refused:
            move(for_the_limb, "P1", items, by=therapist, roles=THERAPIST)
        assert rules(refused) == ["D5"]
    assert move(for_the_limb, "P1", [walk, heads], by=therapist, roles=THERAPIST).rule_ids == ["D5"]


def test_way_back_to_care_alone_is_free(for_the_limb: Program, therapist: User, wash: Exercise) -> None:
    items = [Item(exercise=wash, dose=Dose(minutes=5))]
    assert move(for_the_limb, "P1", items, by=therapist, roles=THERAPIST).rule_ids == ["D5"]


def test_removal_is_free_and_says_that_half_is_gone(for_the_limb: Program, therapist: User, now: dt.datetime) -> None:
    request: dict[str, Any] = {"reason": "Too much", "by": therapist, "at": now}
    found = []
    for version, slug in enumerate(("heads-up", "weight-shift", "leash-walk", "core"), start=1):
        decision = remove_prescription(prescription=prescribed(for_the_limb, slug), plan_version=version, **request)
        found.append(decision.rule_ids)
    assert found == [[], [], ["D5"], []]


@pytest.mark.parametrize(
    ("slug", "aim", "asks"),
    [
        ("heads-up", "limb", True),
        ("heads-up", "bunny_hop", True),
        ("heads-up", "back", False),
        ("heads-up", "", False),
        ("weight-shift", "limb", False),
        ("figure-eight", "bunny_hop", False),
    ],
)
def test_aim_that_the_library_does_not_know_needs_a_vet(
    patient: Patient, vet: User, therapist: User, slug: str, aim: str, asks: bool
) -> None:
    make.make_definition(patient, vet, habits=["bunny_hop"])
    items = [Item(exercise=make.make_exercise(slug), dose=Dose(reps=5), aim=aim)]
    if asks:
        with pytest.raises(NotAllowed) as refused:
            next_program(None, items, patient, by=therapist, roles=THERAPIST, reason="I see it so")
        assert rules(refused) == ["AIM", "VET"]
    program = next_program(None, items, patient, by=vet, roles=VET, reason="I see it so")
    assert program.decisions.get().rule_ids == ["D1", *(["AIM"] if asks else [])]


# --- What a phase proposes ---------------------------------------------------------------------------------------


def proposed(phase: ProtocolPhase, patient: Patient, *, profile: str = "msk") -> dict[str, Candidate]:
    definition = patient.definitions.signed().get()
    found = candidates(
        protocol_phase=phase,
        definition=definition,
        row=row_of(definition),
        profile=profile,
        phase=phase.code,
        clinic=patient.clinic,
        on=make.TODAY,
    )
    return {one.exercise.slug: one for one in found}


def test_phase_proposes_its_habit_as_the_aim_and_leaves_to_a_vet_what_it_marks(
    patient: Patient, vet: User, protocol: Protocol, walk: Exercise
) -> None:
    make.make_definition(patient, vet, habits=["bunny_hop"])
    for slug in ("figure-eight", "weight-shift"):
        make.make_exercise(slug)
    phase = ProtocolPhase.objects.create(
        protocol=protocol,
        position=2,
        code="P3",
        name="Strengthen",
        items=[
            {"exercise": "figure-eight", "habit": "bunny_hop"},
            {"exercise": "weight-shift", "habit": "weight_forward"},
            {"exercise": "leash-walk", "unlock": "vet"},
        ],
        days_min=14,
        days_max=28,
    )
    found = proposed(phase, patient)
    assert [one.aim for one in found.values()] == ["bunny_hop", "", ""]
    assert [str(one) for one in found["leash-walk"].objections] == [
        "Leash walk: Outside the phase; a vet unlocks it with a reason."
    ]
    assert [one.is_ticked for one in found.values()] == [True, True, False]


@pytest.mark.parametrize(("days", "minutes"), [(0, 10), (6, 10), (7, 8), (20, 8), (21, 2)])
def test_break_lowers_the_dose_that_a_dog_starts_with(
    patient: Patient, vet: User, phase: ProtocolPhase, walk: Exercise, days: int, minutes: int
) -> None:
    program = make.make_program(
        patient, vet, exercises=[(walk, {"minutes": 12, "per_day": 2})], starts_on=make.TODAY - 40 * DAY
    )
    end = Decision.objects.create(
        clinic=patient.clinic,
        patient=patient,
        program=program,
        kind="end",
        reason="x",
        plan_version=2,
        effective_on=make.TODAY,
        decided_by=vet,
        decided_at=make.NOW,
    )
    program.prescriptions.update(ends_on=make.TODAY - days * DAY, ended_by=end)
    # The phase aims at 10 minutes, the dog had 12: after a week it starts with 70 % of those.
    assert proposed(phase, patient)["leash-walk"].dose.minutes == minutes


@pytest.mark.parametrize(("extra", "active"), [({}, 4), ({"neuro_profile_max_active": 2}, 2)])
def test_phase_says_how_many_active_exercises_a_nerve_case_gets(
    patient: Patient, vet: User, protocol: Protocol, today: dt.date, extra: dict[str, int], active: int
) -> None:
    definition = make.make_definition(patient, vet, **NERVES)
    slugs = [f"active-{number}" for number in range(6)]
    for slug in slugs:
        make.make_exercise(slug, load=1, earliest_phase="P0")
    phase = ProtocolPhase.objects.create(
        protocol=protocol,
        position=2,
        code="P3",
        name="Strengthen",
        items=[{"exercise": slug} for slug in slugs],
        extra=extra,
        days_min=14,
        days_max=28,
    )
    setting = Setting(
        patient=patient,
        definition=definition,
        row=row_of(definition),
        protocol_phase=phase,
        roles=VET,
        starts_on=today,
    )
    assert len(setting.usual_plan()) == active
