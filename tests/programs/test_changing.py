import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from accounts.access import Role
from accounts.models import AuditEvent, User
from rehab.library.models import Exercise, Protocol
from rehab.patients.models import Patient, ProblemDefinition
from rehab.programs.actions import (
    NotAllowed,
    StalePlan,
    add_exercise,
    change_dose,
    decide,
    remove_prescription,
    undo_step,
)
from rehab.programs.dose import Dose
from rehab.programs.models import Decision, Prescription, Program, TeachBack
from tests import make
from tests.programs.conftest import prescribed

VET = frozenset({Role.VET})
THERAPIST = frozenset({Role.THERAPIST})
PROGRESS, HOLD, REGRESS = Decision.Kind.PROGRESS, Decision.Kind.HOLD, Decision.Kind.REGRESS

Act = Callable[..., Any]

# What a definition of nerve pain says beside its axes before anything progresses.
NERVES: dict[str, Any] = {
    "pain_control": "medicine",
    "pain_control_plan": "Gabapentin, three times a day",
    "pain_controlled_on": make.TODAY - dt.timedelta(days=15),
}

pytestmark = pytest.mark.usefixtures("shown_back")


@pytest.fixture
def by_vet(vet: User, now: dt.datetime) -> dict[str, Any]:
    return {"by": vet, "roles": VET, "at": now, "reason": "Two easy weeks", "plan_version": 1}


def refused(act: Act, program: Program, /, **request: Any) -> list[str]:
    """The rules that refuse the change; nothing may be left behind."""
    decisions = program.decisions.count()
    prescriptions = list(program.prescriptions.order_by("pk").values())
    with pytest.raises(NotAllowed) as refusal:
        act(**request)
    program.refresh_from_db()
    assert program.plan_version == 1
    assert program.decisions.count() == decisions
    assert list(program.prescriptions.order_by("pk").values()) == prescriptions
    assert not AuditEvent.objects.exists()
    return [objection.rule for objection in refusal.value.objections]


def signed_anew(patient: Patient, by: User, **fields: Any) -> ProblemDefinition:
    return make.make_definition(patient, by, **fields)


# --- Progress --------------------------------------------------------------------------------------------------


def test_progress_is_one_step_from_tomorrow(
    walking: Prescription, by_vet: dict[str, Any], vet: User, today: dt.date, tomorrow: dt.date
) -> None:
    decision = decide(kind=PROGRESS, prescription=walking, **by_vet)

    walking.refresh_from_db()
    assert (walking.ends_on, walking.ended_by, walking.dose) == (tomorrow, decision, {"minutes": 5, "per_day": 3})
    follower = prescribed(walking.program, "leash-walk")
    assert (follower.dose, follower.starts_on, follower.started_by) == (
        {"minutes": 6, "per_day": 3},
        tomorrow,
        decision,
    )
    assert (follower.position, follower.times_per_day, follower.phase) == (walking.position, 3, "P2")
    assert (decision.kind, decision.plan_version, decision.reason) == ("progress", 2, "Two easy weeks")
    assert (decision.rule_ids, decision.effective_on, decision.decided_by) == (["D1"], tomorrow, vet)
    walking.program.refresh_from_db()
    assert walking.program.plan_version == 2
    event = AuditEvent.objects.get()
    assert (event.kind, event.actor, event.subject_id, event.details["plan_version"]) == (
        "program.progress",
        vet,
        decision.pk,
        2,
    )


def test_progress_keeps_anchor_and_note(plan: Program, by_vet: dict[str, Any]) -> None:
    shift = make.make_prescription(
        plan, exercise="weight-shift", dose={"reps": 5}, anchor="While the kettle boils", note="Slowly"
    )
    decide(kind=PROGRESS, prescription=shift, **by_vet)
    follower = prescribed(plan, "weight-shift")
    assert (follower.dose, follower.anchor, follower.note) == ({"reps": 6}, "While the kettle boils", "Slowly")


def test_progress_sent_twice_counts_once(walking: Prescription, by_vet: dict[str, Any]) -> None:
    decide(kind=PROGRESS, prescription=walking, **by_vet)
    with pytest.raises(StalePlan):
        decide(kind=PROGRESS, prescription=walking, **by_vet)
    assert walking.program.decisions.filter(kind="progress").count() == 1


def test_progress_of_an_ended_prescription_is_stale(walking: Prescription, by_vet: dict[str, Any]) -> None:
    """Also with the version of today: the page that shows it is old."""
    decide(kind=REGRESS, prescription=walking, **by_vet)
    for kind in (PROGRESS, HOLD, REGRESS):
        with pytest.raises(StalePlan):
            decide(kind=kind, prescription=walking, **{**by_vet, "plan_version": 2})
    assert walking.program.decisions.count() == 2


def test_progress_waits_until_the_dose_has_been_tried(
    walking: Prescription, by_vet: dict[str, Any], tomorrow: dt.date
) -> None:
    decide(kind=PROGRESS, prescription=walking, **by_vet)
    follower = prescribed(walking.program, "leash-walk")
    with pytest.raises(NotAllowed, match="not started"):
        decide(kind=PROGRESS, prescription=follower, **{**by_vet, "plan_version": 2})


def test_progress_ends_at_the_top_of_the_range(plan: Program, by_vet: dict[str, Any]) -> None:
    top = make.make_prescription(plan, exercise="weight-shift", dose={"sets": 3, "reps": 10})
    assert refused(decide, plan, kind=PROGRESS, prescription=top, **by_vet) == ["RANGE"]


def test_progress_at_the_top_goes_on_to_the_harder_exercise(
    patient: Patient, vet: User, definition: ProblemDefinition, walk: Exercise, hill: Exercise, by_vet: dict[str, Any]
) -> None:
    program = make.make_program(patient, vet, definition, exercises=[(walk, {"minutes": 30})], phase="P4")
    decision = decide(kind=PROGRESS, prescription=prescribed(program, "leash-walk"), swap=True, **by_vet)
    assert not Prescription.objects.current().filter(exercise=walk).exists()
    follower = prescribed(program, "hill-walk")
    assert (follower.dose, follower.started_by) == ({"minutes": 2, "days_per_week": 3}, decision)


def test_swap_to_the_harder_exercise_passes_the_same_gate(
    patient: Patient,
    vet: User,
    definition: ProblemDefinition,
    walk: Exercise,
    hill: Exercise,
    therapist: User,
    by_vet: dict[str, Any],
) -> None:
    program = make.make_program(patient, vet, definition, exercises=[(walk, {"minutes": 30})])
    at_the_top = prescribed(program, "leash-walk")
    by_therapist = {**by_vet, "by": therapist, "roles": THERAPIST}
    request: dict[str, Any] = {"kind": PROGRESS, "prescription": at_the_top, "swap": True}
    assert refused(decide, program, **request, **by_therapist) == ["LOAD", "PHASE", "VET"]
    assert decide(**request, **by_vet).rule_ids == ["D1", "LOAD", "PHASE"]


def test_swap_before_the_top_of_the_range_is_for_a_vet(
    patient: Patient,
    vet: User,
    definition: ProblemDefinition,
    walk: Exercise,
    hill: Exercise,
    therapist: User,
    by_vet: dict[str, Any],
) -> None:
    program = make.make_program(patient, vet, definition, exercises=[(walk, {"minutes": 5})], phase="P4")
    request: dict[str, Any] = {"kind": PROGRESS, "prescription": prescribed(program, "leash-walk"), "swap": True}
    by_therapist = {**by_vet, "by": therapist, "roles": THERAPIST}
    assert refused(decide, program, **request, **by_therapist) == ["RANGE", "VET"]
    assert decide(**request, **by_vet).rule_ids == ["D1", "RANGE"]


def test_swap_to_what_the_dog_already_has_is_refused(
    patient: Patient, vet: User, definition: ProblemDefinition, walk: Exercise, sling: Exercise, by_vet: dict[str, Any]
) -> None:
    both = [(walk, {"minutes": 5}), (sling, {"minutes": 3})]
    program = make.make_program(patient, vet, definition, exercises=both)
    request: dict[str, Any] = {"kind": REGRESS, "prescription": prescribed(program, "leash-walk"), "swap": True}
    assert refused(decide, program, **request, **by_vet) == ["TWICE"]


def test_swap_needs_a_neighbour(plan: Program, by_vet: dict[str, Any]) -> None:
    lonely = make.make_prescription(plan, exercise="weight-shift", dose={"sets": 3, "reps": 10})
    request: dict[str, Any] = {"prescription": lonely, "swap": True, **by_vet}
    assert refused(decide, plan, kind=PROGRESS, **request) == ["NEIGHBOUR"]
    assert refused(decide, plan, kind=REGRESS, **request) == ["NEIGHBOUR"]


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"re_exam_due_on": make.TODAY - dt.timedelta(days=1)}, "O7"),
        ({"activity_order": "strict_rest"}, "O5"),
        ({"pain_at_rest": 6}, "O6"),
        ({"neuro_grade": 0}, "GRADES"),
        ({"origin": "secondary", "limb_source_and_plan": "Left hip"}, "D5"),
    ],
)
def test_progress_obeys_the_newest_definition(
    walking: Prescription,
    patient: Patient,
    vet: User,
    walk: Exercise,
    by_vet: dict[str, Any],
    fields: dict[str, Any],
    rule: str,
) -> None:
    make.rewrite(walk, grades=[1, 2, 3])
    signed_anew(patient, vet, **fields)
    walking = prescribed(walking.program, "leash-walk")
    assert rule in refused(decide, walking.program, kind=PROGRESS, prescription=walking, **by_vet)


def test_progress_goes_on_under_a_new_definition_of_the_same_row(
    walking: Prescription, patient: Patient, vet: User, by_vet: dict[str, Any]
) -> None:
    signed_anew(patient, vet)
    assert decide(kind=PROGRESS, prescription=walking, **by_vet).plan_version == 2


@pytest.mark.parametrize(
    ("row", "signed", "vet_may", "therapist_may"),
    [
        ("D1", {}, True, True),
        ("D2", {**NERVES, "mechanism": "neurologic", "cause": "disc"}, True, True),
        (
            "D6",
            {**NERVES, "mechanism": "mixed", "cause": "disc", "origin": "secondary", "limb_source_and_plan": "Hip"},
            True,
            False,
        ),
        ("D7", {"origin": "undetermined"}, False, False),
    ],
)
def test_progress_is_for_the_people_of_the_row(
    patient: Patient,
    vet: User,
    therapist: User,
    walk: Exercise,
    by_vet: dict[str, Any],
    row: str,
    signed: dict[str, Any],
    vet_may: bool,
    therapist_may: bool,
) -> None:
    for by, roles, may in ((therapist, THERAPIST, therapist_may), (vet, VET, vet_may)):
        signed_now = signed_anew(patient, vet, **signed)
        Program.objects.open().update(ended_at=by_vet["at"])
        program = make.make_program(
            patient, vet, signed_now, exercises=[(walk, {"minutes": 5})], decision_row=row, profile="msk"
        )
        request: dict[str, Any] = {**by_vet, "by": by, "roles": roles, "kind": PROGRESS}
        request["prescription"] = prescribed(program, "leash-walk")
        if may:
            assert decide(**request).decided_by == by
            AuditEvent.objects.all().delete()
        else:
            assert refused(decide, program, **request) == [row]


def test_protocol_without_progress_keeps_its_dose(
    walking: Prescription, protocol: Protocol, by_vet: dict[str, Any]
) -> None:
    protocol.progress_disabled = True
    make.rewrite(protocol)
    Program.objects.update(protocol=protocol)
    walking = prescribed(walking.program, "leash-walk")
    assert refused(decide, walking.program, kind=PROGRESS, prescription=walking, **by_vet) == ["NO_PROGRESS"]
    assert decide(kind=REGRESS, prescription=walking, **by_vet).plan_version == 2


@pytest.mark.parametrize("kind", [PROGRESS, REGRESS])
def test_care_has_no_steps(washing: Prescription, by_vet: dict[str, Any], kind: Decision.Kind) -> None:
    assert refused(decide, washing.program, kind=kind, prescription=washing, **by_vet) == ["CARE"]


@pytest.mark.parametrize("swap", [False, True])
def test_progress_waits_for_the_teach_back_unless_a_vet_says_why(
    patient: Patient, vet: User, therapist: User, definition: ProblemDefinition, by_vet: dict[str, Any], swap: bool
) -> None:
    make.make_exercise("harder", load=2)
    shift = make.make_exercise("weight-shift", name="Weight shift", harder_slug="harder")
    dose = {"sets": 3, "reps": 10} if swap else {"reps": 5}
    program = make.make_program(patient, vet, definition, exercises=[(shift, dose)])
    request: dict[str, Any] = {"kind": PROGRESS, "prescription": prescribed(program, "weight-shift"), "swap": swap}
    by_therapist = {**by_vet, "by": therapist, "roles": THERAPIST}
    assert refused(decide, program, **request, **by_therapist) == ["H4", "VET"]
    make.teach(patient, shift, by=vet)
    TeachBack.objects.filter(kind="shown_back").update(withdrawn_by=vet, withdrawn_at=by_vet["at"])
    assert refused(decide, program, **request, **by_therapist) == ["H4", "VET"]
    assert decide(**request, **by_vet).rule_ids == ["D1", "H4"]


def test_teach_back_of_an_older_version_of_the_exercise_stands(
    patient: Patient, vet: User, definition: ProblemDefinition, by_vet: dict[str, Any]
) -> None:
    older = make.make_exercise("weight-shift", version=1, superseded_at=by_vet["at"])
    newer = make.make_exercise("weight-shift", version=2)
    make.teach(patient, older, by=vet)
    program = make.make_program(patient, vet, definition, exercises=[(newer, {"reps": 5})])
    assert decide(kind=PROGRESS, prescription=prescribed(program, "weight-shift"), **by_vet).rule_ids == ["D1"]


@pytest.mark.parametrize("fields", [{"mode": "passive"}, {"clinic_only": True}])
def test_what_the_family_does_not_do_needs_no_teach_back(
    patient: Patient, vet: User, definition: ProblemDefinition, by_vet: dict[str, Any], fields: dict[str, Any]
) -> None:
    program = make.make_program(
        patient, vet, definition, exercises=[(make.make_exercise("motion", **fields), {"reps": 5})]
    )
    assert decide(kind=PROGRESS, prescription=prescribed(program, "motion"), **by_vet).rule_ids == ["D1"]


# --- Undoing ---------------------------------------------------------------------------------------------------


def undo(program: Program, by_vet: dict[str, Any], **changed: Any) -> Decision:
    request = {"by": by_vet["by"], "at": by_vet["at"], "plan_version": 2, **changed}
    return undo_step(program=Program.objects.get(pk=program.pk), **request)


@pytest.mark.parametrize(("kind", "day"), [(PROGRESS, "tomorrow"), (REGRESS, "today")])
def test_step_is_undone_by_a_decision_of_its_own(
    walking: Prescription,
    by_vet: dict[str, Any],
    request: pytest.FixtureRequest,
    kind: Decision.Kind,
    day: str,
) -> None:
    decide(kind=kind, prescription=walking, **by_vet)
    undone = undo(walking.program, by_vet)
    assert (undone.plan_version, undone.reason, undone.details) == (3, "Undone", {"undoes": 2})
    assert undone.kind == (REGRESS if kind == PROGRESS else PROGRESS)
    again = prescribed(walking.program, "leash-walk")
    assert (again.dose, again.starts_on) == (walking.dose, request.getfixturevalue(day))
    walks = Prescription.objects.filter(exercise=walking.exercise)
    assert [one.dose["minutes"] for one in walks.active_on(request.getfixturevalue("tomorrow"))] == [5]


def test_undoing_a_neighbour_brings_back_note_and_anchor(
    plan: Program, walking: Prescription, sling: Exercise, by_vet: dict[str, Any]
) -> None:
    change_dose(prescription=walking, dose=walking.dosage, anchor="After lunch", note="Slowly", **by_vet)
    changed = prescribed(plan, "leash-walk")
    decide(kind=REGRESS, prescription=changed, swap=True, **{**by_vet, "plan_version": 2})
    undo(plan, by_vet, plan_version=3)
    again = prescribed(plan, "leash-walk")
    assert (again.dose, again.anchor, again.note) == (walking.dose, "After lunch", "Slowly")
    assert not Prescription.objects.current().filter(exercise=sling).exists()


def test_only_ones_own_last_step_of_today_is_undone(
    walking: Prescription, washing: Prescription, by_vet: dict[str, Any], colleague: User
) -> None:
    decide(kind=REGRESS, prescription=walking, **by_vet)
    program = walking.program
    for changed in ({"by": colleague}, {"at": by_vet["at"] + dt.timedelta(days=1)}):
        with pytest.raises(NotAllowed, match="your own last step"):
            undo(program, by_vet, **changed)
    remove_prescription(prescription=washing, reason="x", plan_version=2, by=by_vet["by"], at=by_vet["at"])
    with pytest.raises(StalePlan):
        undo(program, by_vet)
    with pytest.raises(NotAllowed):
        undo(program, by_vet, plan_version=3)
    assert program.decisions.count() == 3


def test_what_was_undone_is_not_undone_again(walking: Prescription, by_vet: dict[str, Any]) -> None:
    decide(kind=REGRESS, prescription=walking, **by_vet)
    undo(walking.program, by_vet)
    with pytest.raises(NotAllowed):
        undo(walking.program, by_vet, plan_version=3)


# --- One exercise inside another -------------------------------------------------------------------------------


def test_exercise_that_holds_another_is_neither_removed_nor_swapped(
    walking: Prescription, sling: Exercise, by_vet: dict[str, Any]
) -> None:
    plan = walking.program
    make.make_prescription(plan, exercise="sniff", dose={"minutes": 1, "within": "leash-walk"})
    removal = {name: by_vet[name] for name in ("by", "at", "reason", "plan_version")}
    assert refused(remove_prescription, plan, prescription=walking, **removal) == ["PART"]
    assert refused(decide, plan, kind=REGRESS, prescription=walking, swap=True, **by_vet) == ["PART"]
    assert decide(kind=REGRESS, prescription=walking, **by_vet).plan_version == 2


def test_host_of_a_part_is_in_the_program(plan: Program, by_vet: dict[str, Any]) -> None:
    sniff = make.make_prescription(plan, exercise="sniff", dose={"reps": 5})
    request: dict[str, Any] = {"prescription": sniff, **by_vet}
    assert "PART" in refused(change_dose, plan, dose=Dose(reps=5, part_of="gone"), **request)
    assert change_dose(dose=Dose(reps=5, part_of="leash-walk"), **request).dose == {"reps": 5, "within": "leash-walk"}


# --- Regress and hold ------------------------------------------------------------------------------------------


def test_regress_is_a_fifth_less_from_today(
    walking: Prescription, by_vet: dict[str, Any], therapist: User, today: dt.date
) -> None:
    decision = decide(kind=REGRESS, prescription=walking, **{**by_vet, "by": therapist, "roles": THERAPIST})
    walking.refresh_from_db()
    assert (walking.ends_on, decision.effective_on, decision.kind) == (today, today, "regress")
    follower = prescribed(walking.program, "leash-walk")
    assert (follower.dose, follower.starts_on) == ({"minutes": 4, "per_day": 3}, today)


def test_regress_is_always_open(
    walking: Prescription, patient: Patient, vet: User, therapist: User, by_vet: dict[str, Any]
) -> None:
    """A more careful choice needs no vet, no re-examination and no row."""
    signed_anew(
        patient,
        vet,
        mechanism="neurologic",
        cause="disc",
        pain_at_rest=8,
        re_exam_due_on=make.TODAY - dt.timedelta(days=9),
    )
    decision = decide(kind=REGRESS, prescription=walking, **{**by_vet, "by": therapist, "roles": THERAPIST})
    assert decision.decided_by == therapist


def test_regress_of_a_dose_that_starts_tomorrow_takes_its_place(
    walking: Prescription, by_vet: dict[str, Any], today: dt.date, tomorrow: dt.date
) -> None:
    decide(kind=PROGRESS, prescription=walking, **by_vet)
    pending = prescribed(walking.program, "leash-walk")
    decide(kind=REGRESS, prescription=pending, **{**by_vet, "plan_version": 2})
    pending.refresh_from_db()
    assert (pending.starts_on, pending.ends_on) == (tomorrow, tomorrow)
    walks = Prescription.objects.filter(exercise=walking.exercise)
    assert [one.dose["minutes"] for one in walks.active_on(today)] == [5]
    assert [one.dose["minutes"] for one in walks.active_on(tomorrow)] == [4]


def test_regress_to_the_easier_exercise(
    walking: Prescription, sling: Exercise, by_vet: dict[str, Any], today: dt.date
) -> None:
    decide(kind=REGRESS, prescription=walking, swap=True, **by_vet)
    follower = prescribed(walking.program, "sling-walk")
    assert (follower.dose, follower.starts_on, follower.position) == ({"minutes": 1, "per_day": 3}, today, 0)


def test_regress_ends_where_nothing_is_left_to_lower(plan: Program, by_vet: dict[str, Any]) -> None:
    """At the low end, with nothing easier to go to, it goes below the range; once on one day a week it is the end."""
    free = make.make_exercise("sit-stand", dose={"reps": 1}, dose_range={})
    least = make.make_prescription(plan, exercise=free, dose={"reps": 1, "days_per_week": 1})
    assert refused(decide, plan, kind=REGRESS, prescription=least, **by_vet) == ["RANGE"]
    low = make.make_prescription(plan, exercise="weight-shift", dose={"reps": 3, "days_per_week": 1})
    decide(kind=REGRESS, prescription=low, **by_vet)
    assert prescribed(plan, "weight-shift").dose == {"reps": 2, "days_per_week": 1}


def test_hold_changes_nothing_and_is_remembered(walking: Prescription, by_vet: dict[str, Any], today: dt.date) -> None:
    decision = decide(kind=HOLD, prescription=walking, **by_vet)
    assert (decision.kind, decision.exercise, decision.effective_on) == ("hold", walking.exercise, today)
    assert decision.plan_version == 2
    assert prescribed(walking.program, "leash-walk") == walking
    assert Prescription.objects.filter(program=walking.program).count() == 2


@pytest.mark.parametrize("reason", ["", "   ", "r" * 501])
def test_decision_has_a_reason(walking: Prescription, by_vet: dict[str, Any], reason: str) -> None:
    for kind in (PROGRESS, HOLD, REGRESS):
        request: dict[str, Any] = {**by_vet, "reason": reason, "kind": kind, "prescription": walking}
        assert refused(decide, walking.program, **request) == ["REASON"]


# --- Another dose ----------------------------------------------------------------------------------------------


def test_more_starts_tomorrow(walking: Prescription, by_vet: dict[str, Any], tomorrow: dt.date) -> None:
    changed = change_dose(prescription=walking, dose=Dose(minutes=10, per_day=2), **by_vet)
    assert (changed.dose, changed.starts_on) == ({"minutes": 10, "per_day": 2}, tomorrow)
    assert (changed.started_by.kind, changed.started_by.exercise) == ("change_dose", walking.exercise)


def test_less_starts_today(walking: Prescription, by_vet: dict[str, Any], therapist: User, today: dt.date) -> None:
    request: dict[str, Any] = {**by_vet, "by": therapist, "roles": THERAPIST}
    changed = change_dose(prescription=walking, dose=Dose(minutes=5, per_day=2), **request)
    assert (changed.times_per_day, changed.starts_on) == (2, today)


def test_more_care_starts_today(washing: Prescription, by_vet: dict[str, Any], today: dt.date) -> None:
    assert change_dose(prescription=washing, dose=Dose(minutes=5, per_day=2), **by_vet).starts_on == today


def test_another_anchor_starts_today(walking: Prescription, by_vet: dict[str, Any], today: dt.date) -> None:
    changed = change_dose(prescription=walking, dose=walking.dosage, anchor="After lunch", **by_vet)
    assert (changed.anchor, changed.dose, changed.starts_on) == ("After lunch", walking.dose, today)


def test_change_must_change_something(walking: Prescription, by_vet: dict[str, Any]) -> None:
    request: dict[str, Any] = {"prescription": walking, "dose": walking.dosage, **by_vet}
    assert refused(change_dose, walking.program, **request) == ["SAME"]


def test_dose_above_the_range_is_for_a_vet(walking: Prescription, by_vet: dict[str, Any], therapist: User) -> None:
    request: dict[str, Any] = {"prescription": walking, "dose": Dose(minutes=31, per_day=3)}
    by_therapist = {**by_vet, "by": therapist, "roles": THERAPIST}
    assert refused(change_dose, walking.program, **request, **by_therapist) == ["RANGE", "H9", "VET"]
    assert change_dose(**request, **by_vet).started_by.rule_ids == ["D1", "RANGE", "H9"]


def test_dose_below_the_range_is_careful_for_exercise_and_not_for_care(
    walking: Prescription, washing: Prescription, by_vet: dict[str, Any], therapist: User
) -> None:
    by_therapist = {**by_vet, "by": therapist, "roles": THERAPIST}
    wash: dict[str, Any] = {"prescription": washing, "dose": Dose(minutes=2)}
    assert refused(change_dose, washing.program, **wash, **by_therapist) == ["RANGE", "VET"]
    changed = change_dose(prescription=walking, dose=Dose(minutes=1, per_day=3), **by_therapist)
    assert changed.dose == {"minutes": 1, "per_day": 3}


def test_more_is_refused_where_nobody_progresses(
    patient: Patient, vet: User, walk: Exercise, by_vet: dict[str, Any]
) -> None:
    signed_anew(patient, vet, mechanism="undetermined")
    program = make.make_program(patient, vet, exercises=[(walk, {"minutes": 5})], decision_row="D7", profile="neuro")
    request: dict[str, Any] = {"prescription": prescribed(program, "leash-walk"), "dose": Dose(minutes=6)}
    assert refused(change_dose, program, **request, **by_vet) == ["D7"]


def test_more_is_refused_when_the_re_examination_is_overdue(
    walking: Prescription, patient: Patient, vet: User, by_vet: dict[str, Any]
) -> None:
    signed_anew(patient, vet, re_exam_due_on=make.TODAY - dt.timedelta(days=1))
    request: dict[str, Any] = {"prescription": walking, "dose": Dose(minutes=6, per_day=3)}
    assert refused(change_dose, walking.program, **request, **by_vet) == ["O7"]


def test_change_of_an_old_plan_is_stale(walking: Prescription, washing: Prescription, by_vet: dict[str, Any]) -> None:
    change_dose(prescription=walking, dose=Dose(minutes=4, per_day=3), **by_vet)
    with pytest.raises(StalePlan):
        change_dose(prescription=washing, dose=Dose(minutes=6), **by_vet)
    with pytest.raises(StalePlan):
        remove_prescription(prescription=washing, reason="x", plan_version=1, by=by_vet["by"], at=by_vet["at"])
    assert prescribed(washing.program, "warm-wash") == washing


# --- Adding and removing ---------------------------------------------------------------------------------------


def test_exercise_is_added_from_tomorrow(plan: Program, by_vet: dict[str, Any], tomorrow: dt.date) -> None:
    shift = make.make_exercise("weight-shift")
    added = add_exercise(
        program=plan, exercise=shift, dose=Dose(reps=5, per_day=2), anchor="Before dinner", note="Slowly", **by_vet
    )
    assert (added.starts_on, added.position, added.times_per_day) == (tomorrow, 2, 2)
    assert (added.anchor, added.note, added.phase) == ("Before dinner", "Slowly", "P2")
    decision = added.started_by
    assert (decision.kind, decision.plan_version, decision.exercise) == ("add", 2, shift)
    assert prescribed(plan, "weight-shift") == added


def test_care_is_added_from_today(plan: Program, by_vet: dict[str, Any], today: dt.date) -> None:
    care = make.make_exercise("skin-check", load=0, category="nursing_care", mode="passive")
    assert add_exercise(program=plan, exercise=care, dose=Dose(minutes=3), **by_vet).starts_on == today


def test_exercise_is_added_once(plan: Program, walk: Exercise, by_vet: dict[str, Any]) -> None:
    assert refused(add_exercise, plan, program=plan, exercise=walk, dose=Dose(minutes=5), **by_vet) == ["TWICE"]


def test_only_a_vet_adds_in_a_neurologic_row(
    patient: Patient, vet: User, therapist: User, wash: Exercise, by_vet: dict[str, Any]
) -> None:
    signed_anew(patient, vet, mechanism="neurologic", cause="disc")
    program = make.make_program(patient, vet, exercises=[], decision_row="D2", profile="neuro")
    request: dict[str, Any] = {"program": program, "exercise": wash, "dose": Dose(minutes=5)}
    by_therapist = {**by_vet, "by": therapist, "roles": THERAPIST}
    assert refused(add_exercise, program, **request, **by_therapist) == ["D2"]
    assert add_exercise(**request, **by_vet).started_by.decided_by == vet


def test_exercise_is_added_only_under_the_row_of_the_program(
    plan: Program, patient: Patient, vet: User, by_vet: dict[str, Any]
) -> None:
    signed_anew(patient, vet, origin="secondary", limb_source_and_plan="Left hip")
    request: dict[str, Any] = {"program": plan, "exercise": make.make_exercise("weight-shift"), "dose": Dose(reps=5)}
    assert refused(add_exercise, plan, **request, **by_vet) == ["D5"]


@pytest.mark.parametrize(("already", "allowed"), [(4, True), (5, False)])
def test_row_limits_what_is_added(
    plan: Program, by_vet: dict[str, Any], already: int, allowed: bool, therapist: User
) -> None:
    """Six active exercises in D1; the walk is one of them."""
    for number in range(already):
        make.make_prescription(plan, exercise=f"active-{number}")
    request: dict[str, Any] = {**by_vet, "by": therapist, "roles": THERAPIST, "program": plan, "dose": Dose(reps=5)}
    request["exercise"] = make.make_exercise("one-more")
    if allowed:
        assert add_exercise(**request).position > 0
    else:
        assert refused(add_exercise, plan, **request) == ["MAX_ACTIVE", "VET"]


def test_exercise_is_removed_today(
    walking: Prescription, by_vet: dict[str, Any], vet: User, now: dt.datetime, today: dt.date
) -> None:
    decision = remove_prescription(prescription=walking, reason="Goal reached", plan_version=1, by=vet, at=now)
    walking.refresh_from_db()
    assert (walking.ends_on, walking.ended_by) == (today, decision)
    assert (decision.kind, decision.exercise, decision.plan_version) == ("remove", walking.exercise, 2)
    assert [one.exercise.slug for one in Prescription.objects.active_on(today)] == ["warm-wash"]
