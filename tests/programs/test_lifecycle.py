"""Pausing, resuming, ending: what rests, what comes back and how low, and who may say so."""

import datetime as dt
from typing import Any

import pytest

from accounts.access import Role
from accounts.models import AuditEvent, User
from rehab.library.models import Exercise
from rehab.patients.models import Patient
from rehab.programs.actions import (
    NotAllowed,
    StalePlan,
    add_exercise,
    change_dose,
    decide,
    end_program,
    pause_program,
    resume_program,
    resumption,
)
from rehab.programs.dose import Dose
from rehab.programs.models import Decision, LadderStep, Prescription, Program
from tests import make
from tests.programs.conftest import prescribed

VET = frozenset({Role.VET})
THERAPIST = frozenset({Role.THERAPIST})
DAY = dt.timedelta(days=1)


def paused(program: Program, *, by: User, at: dt.datetime, version: int = 1) -> Program:
    pause_program(program=program, reason="Holiday", plan_version=version, by=by, at=at)
    return Program.objects.get(pk=program.pk)


def resumed(program: Program, *, by: User, at: dt.datetime, roles: frozenset[Role] = VET, version: int = 2) -> Decision:
    return resume_program(program=program, reason="Back home", plan_version=version, by=by, roles=roles, at=at)


def due(program: Program, on: dt.date) -> dict[str, Dose]:
    active = Prescription.objects.filter(program=program).active_on(on).select_related("exercise")
    return {one.exercise.slug: one.dosage for one in active}


# --- Pause -----------------------------------------------------------------------------------------------------


def test_pause_ends_everything_today_and_says_who_and_why(
    plan: Program, therapist: User, now: dt.datetime, today: dt.date
) -> None:
    step = make.make_step(plan)
    decision = pause_program(program=plan, reason=" Holiday ", plan_version=1, by=therapist, at=now)
    plan.refresh_from_db()
    step.refresh_from_db()
    assert (decision.kind, decision.reason, decision.effective_on, decision.decided_by) == (
        "pause",
        "Holiday",
        today,
        therapist,
    )
    assert (plan.paused_by, plan.ended_at, plan.plan_version) == (decision, None, 2)
    assert due(plan, today) == {}
    assert (step.ends_on, step.ended_by) == (today, decision)
    assert AuditEvent.objects.get().kind == "program.pause"


def test_what_begins_later_does_not_begin_during_the_pause(plan: Program, vet: User, now: dt.datetime) -> None:
    later = make.make_prescription(plan, exercise="later", starts_on=now.date() + 9 * DAY)
    paused(plan, by=vet, at=now)
    later.refresh_from_db()
    assert later.ends_on == later.starts_on


@pytest.mark.parametrize("reason", ["", "  ", "r" * 501])
def test_pause_and_resume_and_end_have_a_reason(plan: Program, vet: User, now: dt.datetime, reason: str) -> None:
    with pytest.raises(NotAllowed):
        pause_program(program=plan, reason=reason, plan_version=1, by=vet, at=now)
    with pytest.raises(NotAllowed):
        end_program(program=plan, reason=reason, plan_version=1, by=vet, at=now)
    program = paused(plan, by=vet, at=now)
    with pytest.raises(NotAllowed):
        resume_program(program=program, reason=reason, plan_version=2, by=vet, roles=VET, at=now)
    assert plan.decisions.count() == 2


def test_paused_program_changes_only_by_being_resumed_or_ended(
    plan: Program, walking: Prescription, walk: Exercise, vet: User, now: dt.datetime
) -> None:
    program = paused(plan, by=vet, at=now)
    ground: dict[str, Any] = {"reason": "x", "plan_version": 2, "by": vet, "roles": VET, "at": now}
    careful = {name: ground[name] for name in ("reason", "plan_version", "by", "at")}
    for act in (
        lambda: add_exercise(program=program, exercise=make.make_exercise("sniff"), dose=Dose(reps=5), **ground),
        lambda: change_dose(prescription=walking, dose=Dose(minutes=4), **ground),
        lambda: decide(kind=Decision.Kind.HOLD, prescription=walking, **ground),
        lambda: pause_program(program=program, **careful),
    ):
        with pytest.raises(NotAllowed, match="paused"):
            act()
    assert Program.objects.get().plan_version == 2
    assert end_program(program=program, **careful).kind == "end"


def test_pause_of_an_old_plan_is_stale(plan: Program, walking: Prescription, vet: User, now: dt.datetime) -> None:
    decide(kind=Decision.Kind.HOLD, prescription=walking, reason="x", plan_version=1, by=vet, roles=VET, at=now)
    with pytest.raises(StalePlan):
        pause_program(program=plan, reason="x", plan_version=1, by=vet, at=now)
    assert Program.objects.get().paused_by is None


# --- Resume ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("gap", "minutes", "rung"),
    [(1, 10, 3), (6, 10, 3), (7, 7, 2), (20, 7, 2), (21, 2, 1), (90, 2, 1)],
)
def test_resume_starts_lower_the_longer_the_pause(
    patient: Patient,
    vet: User,
    walk: Exercise,
    wash: Exercise,
    now: dt.datetime,
    today: dt.date,
    gap: int,
    minutes: int,
    rung: int,
) -> None:
    definition = make.make_definition(patient, vet, re_exam_due_on=today + 200 * DAY)
    program = make.make_program(
        patient, vet, definition, exercises=[(walk, {"minutes": 10, "per_day": 3}), (wash, {"minutes": 5})]
    )
    make.make_step(program, rung=3)
    at = now + gap * DAY
    decision = resumed(paused(program, by=vet, at=now), by=vet, at=at)
    back = today + gap * DAY
    program.refresh_from_db()
    assert (program.paused_by, program.plan_version, decision.kind) == (None, 3, "resume")
    assert due(program, back) == {"warm-wash": Dose(minutes=5)}
    walking = prescribed(program, "leash-walk")
    assert (walking.dose, walking.starts_on, walking.started_by) == (
        {"minutes": minutes, "per_day": 3},
        back + DAY,
        decision,
    )
    step = LadderStep.objects.current().get()
    assert (step.rung, step.starts_on, step.activity) == (rung, back + DAY, "Jumps into the car")
    assert decision.details == {"gap_days": gap, "left_out": []}
    assert decision.rule_ids == (["D1", "G7"] if gap >= 7 else ["D1"])


def test_what_had_not_begun_comes_back_as_it_was(plan: Program, vet: User, now: dt.datetime, today: dt.date) -> None:
    make.make_prescription(plan, exercise="soon", dose={"reps": 8}, starts_on=today + 5 * DAY)
    make.make_prescription(plan, exercise="later", dose={"reps": 8}, starts_on=today + 30 * DAY)
    resumed(paused(plan, by=vet, at=now), by=vet, at=now + 10 * DAY)
    soon, later = prescribed(plan, "soon"), prescribed(plan, "later")
    assert (soon.dose, soon.starts_on) == ({"reps": 8}, today + 11 * DAY)
    assert (later.dose, later.starts_on) == ({"reps": 8}, today + 30 * DAY)


def test_ones_own_pause_of_today_is_simply_undone(
    plan: Program, vet: User, therapist: User, colleague: User, now: dt.datetime, today: dt.date
) -> None:
    before = due(plan, today)
    program = paused(plan, by=therapist, at=now)
    assert resumption(program=program, by=therapist, roles=THERAPIST, at=now).is_undo
    assert not resumption(program=program, by=colleague, roles=VET, at=now).is_undo
    decision = resumed(program, by=therapist, roles=THERAPIST, at=now)
    assert due(plan, today) == before
    assert decision.effective_on == today


def test_pause_of_a_vet_is_not_undone_by_a_therapist_where_only_vets_assign(
    patient: Patient, vet: User, therapist: User, wash: Exercise, now: dt.datetime
) -> None:
    definition = make.make_definition(patient, vet, mechanism="neurologic", cause="disc")
    program = make.make_program(
        patient, vet, definition, exercises=[(wash, {"minutes": 5})], decision_row="D2", profile="neuro"
    )
    program = paused(program, by=vet, at=now)
    with pytest.raises(NotAllowed, match="Only a vet resumes"):
        resumed(program, by=therapist, roles=THERAPIST, at=now)
    assert resumed(program, by=vet, at=now).plan_version == 3


def test_after_three_weeks_only_a_vet_resumes(
    patient: Patient, vet: User, therapist: User, walk: Exercise, now: dt.datetime, today: dt.date
) -> None:
    definition = make.make_definition(patient, vet, re_exam_due_on=today + 200 * DAY)
    program = make.make_program(patient, vet, definition, exercises=[(walk, {"minutes": 5})])
    program = paused(program, by=therapist, at=now)
    with pytest.raises(NotAllowed, match="three weeks"):
        resumed(program, by=therapist, roles=THERAPIST, at=now + 21 * DAY)
    assert resumed(program, by=therapist, roles=THERAPIST, at=now + 20 * DAY).plan_version == 3


def test_resume_waits_for_the_re_examination(plan: Program, vet: User, now: dt.datetime) -> None:
    program = paused(plan, by=vet, at=now)
    with pytest.raises(NotAllowed) as refusal:
        resumed(program, by=vet, at=now + 15 * DAY)
    assert [one.rule for one in refusal.value.objections] == ["O7"]


def test_what_the_rules_forbid_today_stays_out_and_is_named(
    patient: Patient, vet: User, walk: Exercise, wash: Exercise, now: dt.datetime
) -> None:
    definition = make.make_definition(patient, vet)
    program = make.make_program(patient, vet, definition, exercises=[(walk, {"minutes": 5}), (wash, {"minutes": 5})])
    make.make_prescription(program, exercise="sniff", dose={"minutes": 1, "within": "leash-walk"})
    program = paused(program, by=vet, at=now)
    make.rewrite(Exercise.objects.filter(pk=walk.pk), grades=[0])
    decision = resumed(program, by=vet, at=now + DAY)
    assert [one.exercise.slug for one in Prescription.objects.current().order_by("position")] == ["warm-wash"]
    left_out = {one["exercise"]: one["rules"] for one in decision.details["left_out"]}
    assert left_out == {"Leash walk": ["GRADES"], "Sniff": ["PART"]}
    assert decision.rule_ids == ["D1", "GRADES", "PART"]


@pytest.mark.parametrize("redefined", [False, True])
def test_what_a_vet_had_overruled_comes_back_unless_the_definition_changed(
    patient: Patient, vet: User, walk: Exercise, now: dt.datetime, redefined: bool
) -> None:
    make.rewrite(walk, earliest_phase="P4")
    program = make.make_program(patient, vet, exercises=[])
    add_exercise(
        program=program,
        exercise=walk,
        dose=Dose(minutes=5, per_day=3),
        reason="Needed for the stairs",
        plan_version=1,
        by=vet,
        roles=VET,
        at=now,
    )
    program = paused(program, by=vet, at=now, version=2)
    version = 3
    if redefined:
        Decision.objects.create(
            clinic=program.clinic,
            patient=patient,
            program=program,
            kind="redefine",
            reason="x",
            plan_version=4,
            effective_on=now.date(),
            decided_by=vet,
            decided_at=now,
        )
        Program.objects.update(plan_version=4)
        version = 4
    resumed(program, by=vet, at=now + DAY, version=version)
    assert Prescription.objects.current().exists() is not redefined


def test_resume_of_what_is_not_paused_is_refused(plan: Program, vet: User, now: dt.datetime) -> None:
    with pytest.raises(NotAllowed, match="not paused"):
        resumed(plan, by=vet, at=now, version=1)
    program = paused(plan, by=vet, at=now)
    resumed(program, by=vet, at=now)
    with pytest.raises(StalePlan):
        resumed(program, by=vet, at=now)
    assert Prescription.objects.current().count() == 2


# --- End -------------------------------------------------------------------------------------------------------


def test_end_ends_exercises_and_ladders(plan: Program, vet: User, now: dt.datetime, today: dt.date) -> None:
    make.make_step(plan)
    decision = end_program(program=plan, reason="Goals reached", plan_version=1, by=vet, at=now)
    plan.refresh_from_db()
    assert (plan.ended_at, decision.effective_on) == (now, today)
    assert not Prescription.objects.current().exists()
    assert not LadderStep.objects.current().exists()
    with pytest.raises(StalePlan):
        pause_program(program=plan, reason="x", plan_version=2, by=vet, at=now)
