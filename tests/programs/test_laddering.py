"""Beginning, climbing and ending a ladder: who may, when, and what the record says."""

import datetime as dt
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from accounts.access import Role
from accounts.models import AuditEvent, Clinic, User
from rehab.library.models import Ladder
from rehab.patients.models import Patient
from rehab.programs.actions import NotAllowed, StalePlan
from rehab.programs.actions.laddering import end_ladder, move_rung, start_ladder
from rehab.programs.ladders import Practice, RungVerdict, standing
from rehab.programs.models import Decision, LadderStep, Program
from tests import make

VET = frozenset({Role.VET})
THERAPIST = frozenset({Role.THERAPIST})
ONE_DAY = dt.timedelta(days=1)


@pytest.fixture
def back_to_life(plan: Program) -> Program:
    """The plan of a walk and a wash, in phase P4."""
    Program.objects.filter(pk=plan.pk).update(phase="P4", phase_name="Return")
    return fresh(plan)


@pytest.fixture
def step(back_to_life: Program) -> LadderStep:
    """On rung 3 of 7 for twenty days."""
    return make.make_step(back_to_life, rung=3)


def fresh(program: Program) -> Program:
    loaded: Program = Program.objects.select_related("patient", "protocol", "definition").get(pk=program.pk)
    return loaded


def begin(program: Program, ladder: Ladder, *, by: User, **changed: Any) -> LadderStep:
    values: dict[str, Any] = {
        "activity": "Jumps into the car",
        "reason": "The family wants this back",
        "plan_version": program.plan_version,
        "roles": VET,
        "at": make.NOW,
        **changed,
    }
    return start_ladder(program=fresh(program), ladder=ladder, by=by, **values)


def climb(step: LadderStep, *, up: bool, by: User, verdict: RungVerdict, **changed: Any) -> LadderStep:
    values: dict[str, Any] = {
        "reason": "Two good practices",
        "plan_version": Program.objects.get(pk=step.program_id).plan_version,
        "roles": VET,
        "at": make.NOW,
        **changed,
    }
    loaded = LadderStep.objects.select_related("ladder", "program__patient", "program__protocol").get(pk=step.pk)
    return move_rung(step=loaded, up=up, verdict=verdict, by=by, **values)


def verdict(step: LadderStep, *, good: int) -> RungVerdict:
    practices = [
        Practice(
            day=make.TODAY - number * ONE_DAY,
            at=make.NOW - number * ONE_DAY,
            done=True,
            pain_after=1,
            next_morning=1,
        )
        for number in range(1, good + 1)
    ]
    return standing(practices, profile="msk", rung=step.rung, started_on=step.starts_on, today=make.TODAY, baseline=1)


def rules(refused: pytest.ExceptionInfo[NotAllowed]) -> list[str]:
    return [one.rule for one in refused.value.objections]


def test_a_vet_begins_a_ladder_on_its_first_rung_from_tomorrow(
    back_to_life: Program, vet: User, tomorrow: dt.date
) -> None:
    made = begin(back_to_life, make.make_ladder(), by=vet)
    assert (made.rung, made.activity, made.starts_on, made.patient_id, made.clinic_id, made.ended_by) == (
        1,
        "Jumps into the car",
        tomorrow,
        back_to_life.patient_id,
        back_to_life.clinic_id,
        None,
    )
    decision = made.started_by
    assert (decision.kind, decision.plan_version, decision.effective_on, decision.rule_ids) == (
        Decision.Kind.LADDER_START,
        2,
        tomorrow,
        ["D1"],
    )
    assert decision.details == {"ladder": "car", "name": "Car", "activity": "Jumps into the car", "to": 1}
    assert AuditEvent.objects.get(kind="program.ladder_start").actor == vet


def test_the_first_rung_needs_a_vets_signature(back_to_life: Program, therapist: User) -> None:
    with pytest.raises(NotAllowed) as refused:
        begin(back_to_life, make.make_ladder(), by=therapist, roles=THERAPIST)
    assert rules(refused) == ["RUNG_SIGNATURE"]
    assert not LadderStep.objects.exists()


@pytest.mark.parametrize(
    ("slug", "phase", "overruled"),
    [
        ("car", "P3", []),
        ("car", "P2", ["RUNG_PHASE"]),
        ("stairs", "P4", []),
        ("stairs", "P5", []),
        ("stairs", "P3", ["RUNG_PHASE"]),
    ],
)
def test_a_ladder_begins_in_its_phase_or_by_a_vets_reason(
    plan: Program, vet: User, slug: str, phase: str, overruled: list[str]
) -> None:
    Program.objects.filter(pk=plan.pk).update(phase=phase)
    made = begin(plan, make.make_ladder(slug), by=vet)
    assert made.started_by.rule_ids == ["D1", *overruled]


@pytest.mark.parametrize(
    ("profile", "in_use", "overruled"),
    [("msk", 1, []), ("msk", 2, ["RUNG_MOVING"]), ("neuro", 0, []), ("neuro", 1, ["RUNG_MOVING"])],
)
def test_only_so_many_ladders_move_at_a_time(
    back_to_life: Program, vet: User, profile: str, in_use: int, overruled: list[str]
) -> None:
    Program.objects.filter(pk=back_to_life.pk).update(profile=profile)
    for slug in ["sofa", "stairs"][:in_use]:
        make.make_step(back_to_life, make.make_ladder(slug))
    assert begin(back_to_life, make.make_ladder(), by=vet).started_by.rule_ids == ["D1", *overruled]


def test_an_ended_ladder_no_longer_counts_and_may_begin_again(back_to_life: Program, vet: User) -> None:
    decision = back_to_life.decisions.get()
    for slug in ("car", "stairs"):
        make.make_step(
            back_to_life, make.make_ladder(slug), ends_on=make.TODAY, ended_by=decision, starts_on=make.TODAY
        )
    assert begin(back_to_life, make.make_ladder(), by=vet).started_by.rule_ids == ["D1"]


def test_the_same_ladder_twice_is_refused_and_the_database_agrees(step: LadderStep, vet: User) -> None:
    with pytest.raises(NotAllowed) as refused:
        begin(step.program, step.ladder, by=vet)
    assert rules(refused) == ["RUNG_TWICE"]
    with pytest.raises(IntegrityError), transaction.atomic():
        make.make_step(step.program, step.ladder)


@pytest.mark.parametrize(
    ("fields", "overruled"),
    [
        ({"activity_order": "free"}, []),
        ({"activity_order": "leash_only"}, ["ORDER"]),
        ({"activity_order": "free", "cause": "disc"}, ["RUNG_BLOCK"]),
        ({"activity_order": "room_rest"}, ["O5"]),
    ],
)
def test_off_the_lead_is_closed_until_a_vet_unlocks_it(
    back_to_life: Program, patient: Patient, vet: User, fields: dict[str, Any], overruled: list[str]
) -> None:
    make.make_definition(patient, vet, **fields)
    made = begin(back_to_life, make.make_ladder("offleash"), by=vet)
    assert made.started_by.rule_ids == ["D1", *overruled]


def test_no_ladder_begins_while_strict_rest_is_ordered(back_to_life: Program, patient: Patient, vet: User) -> None:
    make.make_definition(patient, vet, activity_order="strict_rest")
    with pytest.raises(NotAllowed) as refused:
        begin(back_to_life, make.make_ladder(), by=vet)
    assert "O5" in rules(refused)


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        ({"activity": "  "}, "ACTIVITY"),
        ({"activity": "x" * 121}, "ACTIVITY"),
        ({"reason": ""}, "REASON"),
    ],
)
def test_a_ladder_needs_an_activity_and_a_reason(
    back_to_life: Program, vet: User, changed: dict[str, Any], rule: str
) -> None:
    with pytest.raises(NotAllowed) as refused:
        begin(back_to_life, make.make_ladder(), by=vet, **changed)
    assert rules(refused) == [rule]


def test_a_ladder_of_another_clinic_or_an_old_one_is_refused(
    back_to_life: Program, vet: User, other_clinic: Clinic
) -> None:
    foreign = make.make_ladder("theirs", clinic=other_clinic)
    old = make.make_ladder("old", superseded_at=make.NOW)
    for ladder in (foreign, old):
        with pytest.raises(NotAllowed) as refused:
            begin(back_to_life, ladder, by=vet)
        assert rules(refused) == ["CONTENT"]


def test_a_passed_rung_goes_up_tomorrow(step: LadderStep, therapist: User, tomorrow: dt.date) -> None:
    following = climb(step, up=True, by=therapist, roles=THERAPIST, verdict=verdict(step, good=2))
    step.refresh_from_db()
    decision = following.started_by
    assert (step.ends_on, step.ended_by, following.rung, following.starts_on) == (tomorrow, decision, 4, tomorrow)
    assert (following.activity, following.ladder_id) == (step.activity, step.ladder_id)
    assert (decision.kind, decision.rule_ids) == (Decision.Kind.LADDER_UP, ["D1"])
    assert decision.details == {
        "ladder": "car",
        "name": "Car",
        "activity": "Jumps into the car",
        "from": 3,
        "to": 4,
        "passed": True,
    }


def test_a_rung_that_is_not_passed_goes_up_only_by_a_vets_reason(step: LadderStep, vet: User, therapist: User) -> None:
    one_good = verdict(step, good=1)
    with pytest.raises(NotAllowed) as refused:
        climb(step, up=True, by=therapist, roles=THERAPIST, verdict=one_good)
    assert rules(refused) == ["RUNG", "VET"]
    assert "Good practices on different days: 1; needed: 2" in refused.value.reasons[0]
    following = climb(step, up=True, by=vet, verdict=one_good)
    assert (following.started_by.rule_ids, following.started_by.details["passed"]) == (["D1", "RUNG"], False)


def test_nobody_climbs_past_the_last_rung_or_below_the_first(back_to_life: Program, vet: User) -> None:
    top = make.make_step(back_to_life, rung=7)
    with pytest.raises(NotAllowed) as refused:
        climb(top, up=True, by=vet, verdict=verdict(top, good=2))
    assert rules(refused) == ["RUNG_TOP"]
    first = make.make_step(back_to_life, make.make_ladder("sofa"), rung=1)
    with pytest.raises(NotAllowed) as refused:
        climb(first, up=False, by=vet, verdict=verdict(first, good=0))
    assert rules(refused) == ["RUNG_FIRST"]


def test_a_rung_that_has_not_begun_is_not_passed_over(back_to_life: Program, vet: User, tomorrow: dt.date) -> None:
    to_come = make.make_step(back_to_life, rung=3, starts_on=tomorrow)
    with pytest.raises(NotAllowed) as refused:
        climb(to_come, up=True, by=vet, verdict=verdict(to_come, good=2))
    assert rules(refused) == ["NOT_TRIED"]


def test_down_is_free_and_holds_from_today(step: LadderStep, therapist: User, today: dt.date) -> None:
    following = climb(step, up=False, by=therapist, roles=THERAPIST, verdict=verdict(step, good=0), reason="More pain")
    step.refresh_from_db()
    assert (step.ends_on, following.rung, following.starts_on) == (today, 2, today)
    assert (following.started_by.kind, following.started_by.details["passed"]) == (Decision.Kind.LADDER_DOWN, False)


def test_down_before_it_began_gives_way_on_its_first_day(
    back_to_life: Program, therapist: User, tomorrow: dt.date
) -> None:
    to_come = make.make_step(back_to_life, rung=3, starts_on=tomorrow)
    following = climb(to_come, up=False, by=therapist, roles=THERAPIST, verdict=verdict(to_come, good=0))
    to_come.refresh_from_db()
    assert (to_come.ends_on, following.starts_on) == (tomorrow, tomorrow)


@pytest.mark.parametrize(("good", "passed"), [(2, True), (0, False)])
def test_a_ladder_ends_from_today_and_says_whether_it_was_passed(
    step: LadderStep, therapist: User, today: dt.date, good: int, passed: bool
) -> None:
    decision = end_ladder(
        step=step,
        verdict=verdict(step, good=good),
        reason="Goal reached",
        plan_version=1,
        by=therapist,
        at=make.NOW,
    )
    step.refresh_from_db()
    assert (step.ends_on, step.ended_by) == (today, decision)
    assert (decision.kind, decision.details["from"], decision.details["passed"]) == (
        Decision.Kind.LADDER_END,
        3,
        passed,
    )
    assert not LadderStep.objects.current().exists()


def test_what_somebody_changed_meanwhile_is_stale(step: LadderStep, vet: User) -> None:
    two_good = verdict(step, good=2)
    climb(step, up=True, by=vet, verdict=two_good)
    for version in (1, 2):
        with pytest.raises(StalePlan):
            climb(step, up=True, by=vet, verdict=two_good, plan_version=version)
        with pytest.raises(StalePlan):
            end_ladder(
                step=LadderStep.objects.select_related("ladder", "program__patient").get(pk=step.pk),
                verdict=two_good,
                reason="Goal reached",
                plan_version=version,
                by=vet,
                at=make.NOW,
            )
    assert Decision.objects.filter(program=step.program).count() == 2


def test_an_overdue_re_examination_stops_the_way_up_alone(
    step: LadderStep, patient: Patient, vet: User, today: dt.date
) -> None:
    make.make_definition(patient, vet, re_exam_due_on=today - ONE_DAY)
    with pytest.raises(NotAllowed) as refused:
        climb(step, up=True, by=vet, verdict=verdict(step, good=2))
    assert "O7" in rules(refused)
    assert climb(step, up=False, by=vet, verdict=verdict(step, good=2)).rung == 2
