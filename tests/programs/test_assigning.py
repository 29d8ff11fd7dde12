import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import translation
from pytest_django import DjangoAssertNumQueries

from accounts.access import Role
from accounts.models import AuditEvent, Clinic, User
from rehab.library.models import Exercise, Protocol, ProtocolPhase
from rehab.patients.models import Patient, ProblemDefinition
from rehab.programs.actions import Item, NotAllowed, Seen, StalePlan, assign_program, end_program
from rehab.programs.dose import Dose
from rehab.programs.models import Decision, Prescription, Program
from tests import make

SignIn = Callable[[User], Client]
VET = frozenset({Role.VET})
THERAPIST = frozenset({Role.THERAPIST})


@pytest.fixture
def items(walk: Exercise, wash: Exercise) -> list[Item]:
    return [
        Item(exercise=walk, dose=Dose(minutes=5, per_day=3), anchor="After breakfast", note="On soft ground"),
        Item(exercise=wash, dose=Dose(minutes=5)),
    ]


@pytest.fixture
def request_(
    definition: ProblemDefinition, phase: ProtocolPhase, items: list[Item], vet: User, today: dt.date, now: dt.datetime
) -> dict[str, Any]:
    """What a vet asks for when nothing is wrong with it."""
    return {
        "definition": definition,
        "protocol_phase": phase,
        "items": items,
        "starts_on": today,
        "by": vet,
        "roles": VET,
        "at": now,
    }


def refused(request: dict[str, Any]) -> list[str]:
    """The rules that refuse the program; nothing may be left behind."""
    with pytest.raises(NotAllowed) as refusal:
        assign_program(**request)
    assert not Program.objects.exists()
    assert not Decision.objects.exists()
    assert not AuditEvent.objects.exists()
    return [objection.rule for objection in refusal.value.objections]


def test_program_is_assigned(request_: dict[str, Any], patient: Patient, vet: User, today: dt.date) -> None:
    program = assign_program(**request_)

    stored = Program.objects.get()
    assert stored == program
    assert (stored.patient, stored.definition, stored.decision_row) == (patient, request_["definition"], "D1")
    assert (stored.profile, stored.phase, stored.phase_name) == ("msk", "P1", "Gentle motion")
    assert (stored.starts_on, stored.phase_started_on, stored.plan_version) == (today, today, 1)
    decision = stored.decisions.get()
    assert (decision.kind, decision.plan_version, decision.rule_ids) == ("assign", 1, ["D1"])
    assert (decision.decided_by, decision.effective_on, decision.reason) == (vet, today, "")
    walk, wash = Prescription.objects.filter(program=program).order_by("position")
    assert (walk.dose, walk.times_per_day, walk.weekdays) == ({"minutes": 5, "per_day": 3}, 3, 127)
    assert (walk.anchor, walk.note, walk.starts_on, walk.ends_on) == ("After breakfast", "On soft ground", today, None)
    assert (wash.dose, wash.started_by, wash.position) == ({"minutes": 5}, decision, 1)
    event = AuditEvent.objects.get()
    assert (event.kind, event.actor, event.subject_id) == ("program.assign", vet, decision.pk)


@pytest.mark.parametrize("number", [1, 12])
def test_assignment_takes_as_many_statements_for_many_items(
    request_: dict[str, Any], number: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    request_["items"] = [
        Item(exercise=make.make_exercise(f"care-{n}", load=0, mode="passive", category="nursing_care"), dose=Dose())
        for n in range(number)
    ]
    with django_assert_num_queries(11):
        assign_program(**request_)


def test_program_of_own_choice_starts_in_the_phase_of_the_row(request_: dict[str, Any]) -> None:
    program = assign_program(**{**request_, "protocol_phase": None})
    assert (program.protocol, program.phase, program.phase_name) == (None, "P1", "Wake up")


def test_name_of_the_phase_is_kept_in_the_words_of_the_content(
    request_: dict[str, Any], as_user: SignIn, owner: User
) -> None:
    with translation.override("es"):
        program = assign_program(**{**request_, "protocol_phase": None})
    url = reverse("programs:handout", args=[program.pk])
    for language, name in (("en", "Wake up"), ("es", "Despertar")):
        page = as_user(owner).get(url, headers={"Accept-Language": language}).content.decode()
        assert f"<strong>{name}</strong>" in page


def test_program_replaces_the_open_one(request_: dict[str, Any], plan: Program, vet: User, tomorrow: dt.date) -> None:
    program = assign_program(**{**request_, "starts_on": tomorrow, "reason": "Next phase"})

    plan.refresh_from_db()
    assert plan.ended_at == request_["at"]
    assert Program.objects.open().get() == program
    end = plan.decisions.get(kind="end")
    assert (end.plan_version, end.reason, end.effective_on) == (2, "Next phase", tomorrow)
    ended = Prescription.objects.filter(program=plan)
    assert [(one.ends_on, one.ended_by) for one in ended] == [(tomorrow, end)] * 2
    day_before = tomorrow - dt.timedelta(days=1)
    assert {one.program for one in Prescription.objects.active_on(day_before)} == {plan}
    assert {one.program for one in Prescription.objects.active_on(tomorrow)} == {program}


def test_program_sent_twice_is_assigned_once(request_: dict[str, Any]) -> None:
    request_["seen"] = Seen(program_id=None, plan_version=None)
    assign_program(**request_)
    with pytest.raises(StalePlan):
        assign_program(**request_)
    assert Program.objects.count() == 1


@pytest.mark.parametrize(("version", "known"), [(2, True), (1, False), (None, False)])
def test_program_replaces_only_the_version_that_was_seen(
    request_: dict[str, Any], plan: Program, version: int | None, known: bool
) -> None:
    seen = Seen(program_id=plan.pk if known else UUID(int=1), plan_version=version)
    with pytest.raises(StalePlan):
        assign_program(**{**request_, "seen": seen})
    plan.refresh_from_db()
    assert (plan.ended_at, plan.plan_version) == (None, 1)


# --- Gate A: the definition ------------------------------------------------------------------------------------


def test_program_needs_a_signed_definition(request_: dict[str, Any], patient: Patient, vet: User) -> None:
    request_["definition"] = make.make_definition(patient, vet, signed=False)
    assert refused(request_) == ["GATE_A"]


def test_program_needs_the_newest_definition(request_: dict[str, Any], patient: Patient, vet: User) -> None:
    make.make_definition(patient, vet)
    assert refused(request_) == ["GATE_A"]


def test_newer_draft_does_not_stand_in_the_way(request_: dict[str, Any], patient: Patient, vet: User) -> None:
    make.make_definition(patient, vet, signed=False)
    assert assign_program(**request_).definition == request_["definition"]


@pytest.mark.parametrize(("late", "allowed"), [(0, True), (1, False)])
def test_overdue_re_examination_refuses_a_program(
    request_: dict[str, Any], patient: Patient, vet: User, today: dt.date, late: int, allowed: bool
) -> None:
    due = today - dt.timedelta(days=late)
    request_["definition"] = make.make_definition(patient, vet, re_exam_due_on=due)
    if allowed:
        assert assign_program(**request_).decision_row == "D1"
    else:
        assert refused(request_) == ["O7"]


def test_program_follows_the_dogs_own_calendar(request_: dict[str, Any], patient: Patient, today: dt.date) -> None:
    """At 17:00 UTC it is already the next day in Auckland."""
    patient.time_zone = "Pacific/Auckland"
    patient.save(update_fields=["time_zone"])
    assert refused({**request_, "starts_on": today}) == ["START"]
    assert assign_program(**{**request_, "starts_on": today + dt.timedelta(days=1)}).starts_on > today


@pytest.mark.parametrize(("days", "allowed"), [(-1, False), (0, True), (60, True), (61, False)])
def test_program_starts_soon(
    request_: dict[str, Any], patient: Patient, vet: User, today: dt.date, days: int, allowed: bool
) -> None:
    request_["definition"] = make.make_definition(patient, vet, re_exam_due_on=today + dt.timedelta(days=90))
    request_["starts_on"] = today + dt.timedelta(days=days)
    if allowed:
        assert assign_program(**request_).starts_on == request_["starts_on"]
    else:
        assert refused(request_) == ["START"]


def test_program_must_begin_before_the_re_examination(
    request_: dict[str, Any], definition: ProblemDefinition, today: dt.date
) -> None:
    """The definition of the fixture is to be looked at again in 14 days."""
    assert refused({**request_, "starts_on": today + dt.timedelta(days=15)}) == ["O7"]
    assert assign_program(**{**request_, "starts_on": today + dt.timedelta(days=14)}).definition == definition


def test_definition_of_another_clinic_is_refused(request_: dict[str, Any], other_clinic: Clinic) -> None:
    request_["definition"].clinic_id = other_clinic.pk
    assert refused(request_) == ["GATE_A"]


def test_definition_of_another_dog_is_refused(
    request_: dict[str, Any], clinic: Clinic, vet: User, definition: ProblemDefinition
) -> None:
    """The dog is locked by its definition: one that is passed off as another dog's is not that dog's newest."""
    other = make.make_patient(clinic, vet, name="Other")
    make.make_definition(other, vet)
    definition.patient_id = other.pk
    assert refused(request_) == ["GATE_A"]


# --- The row, the protocol and the person ----------------------------------------------------------------------


def test_therapist_assigns_inside_a_musculoskeletal_row(request_: dict[str, Any], therapist: User) -> None:
    assert assign_program(**{**request_, "by": therapist, "roles": THERAPIST}).created_by == therapist


def test_only_a_vet_assigns_in_a_neurologic_row(
    request_: dict[str, Any], patient: Patient, vet: User, therapist: User, protocol: Protocol, wash: Exercise
) -> None:
    request_["definition"] = make.make_definition(patient, vet, mechanism="neurologic", cause="disc")
    request_["items"] = [Item(exercise=wash, dose=Dose(minutes=5))]
    protocol.rows = ["D1", "D2"]
    make.rewrite(protocol)
    request_["protocol_phase"].refresh_from_db()
    assert refused({**request_, "by": therapist, "roles": THERAPIST}) == ["D2"]
    assert assign_program(**request_).profile == "neuro"


def test_protocol_must_be_for_the_row(request_: dict[str, Any], protocol: Protocol) -> None:
    protocol.rows = ["D3", "D4"]
    make.rewrite(protocol)
    request_["protocol_phase"].refresh_from_db()
    assert refused(request_) == ["D1"]


def test_protocol_must_be_offered_in_the_clinic(
    request_: dict[str, Any], protocol: Protocol, other_clinic: Clinic
) -> None:
    protocol.clinic = other_clinic
    make.rewrite(protocol)
    request_["protocol_phase"].refresh_from_db()
    assert refused(request_) == ["PROTOCOL"]


def test_undetermined_problem_allows_only_what_its_row_allows(
    request_: dict[str, Any], patient: Patient, vet: User, walk: Exercise, wash: Exercise
) -> None:
    request_ |= {
        "definition": make.make_definition(patient, vet, origin="undetermined"),
        "protocol_phase": None,
    }
    shift = make.make_exercise("weight-shift", load=1, earliest_phase="P0")
    assert refused({**request_, "items": [Item(exercise=shift, dose=Dose(reps=5))]}) == ["D7"]
    program = assign_program(**{**request_, "items": [Item(exercise=wash, dose=Dose(minutes=5))]})
    assert (program.decision_row, program.profile, program.phase) == ("D7", "neuro", "P0")


# --- The items -------------------------------------------------------------------------------------------------


def test_program_needs_an_item(request_: dict[str, Any]) -> None:
    assert refused({**request_, "items": []}) == ["ITEMS"]


def test_exercise_is_prescribed_once(request_: dict[str, Any], walk: Exercise) -> None:
    twice = [Item(exercise=walk, dose=Dose(minutes=minutes)) for minutes in (5, 6)]
    assert refused({**request_, "items": twice}) == ["TWICE"]


def test_exercise_of_another_clinic_is_refused(request_: dict[str, Any], other_clinic: Clinic) -> None:
    theirs = make.make_exercise("theirs", clinic=other_clinic)
    assert refused({**request_, "items": [Item(exercise=theirs, dose=Dose(reps=5))]}) == ["CONTENT"]


def test_exercise_that_was_superseded_is_refused(request_: dict[str, Any], now: dt.datetime) -> None:
    old = make.make_exercise("old", superseded_at=now)
    assert refused({**request_, "items": [Item(exercise=old, dose=Dose(reps=5))]}) == ["CONTENT"]


def test_blocked_exercise_is_refused_whoever_asks(request_: dict[str, Any]) -> None:
    squeeze = make.make_exercise("toe-squeeze", category="neuro_stimulation", load=1)
    request_ |= {"items": [Item(exercise=squeeze, dose=Dose(reps=5))], "reason": "I insist"}
    assert refused(request_) == ["D1"]


def test_vet_departs_from_the_phase_with_a_reason(request_: dict[str, Any], therapist: User) -> None:
    early = make.make_exercise("heads-up", earliest_phase="P2")
    request_["items"] = [Item(exercise=early, dose=Dose(reps=5))]
    assert refused(request_) == ["PHASE", "REASON"]
    assert refused({**request_, "reason": "  "}) == ["PHASE", "REASON"]
    assert refused({**request_, "reason": "Steady enough", "by": therapist, "roles": THERAPIST}) == ["PHASE", "VET"]
    program = assign_program(**{**request_, "reason": "Steady enough"})
    decision = program.decisions.get()
    assert (decision.reason, decision.rule_ids) == ("Steady enough", ["D1", "PHASE"])


def test_dose_outside_the_range_needs_a_vet_with_a_reason(request_: dict[str, Any], walk: Exercise) -> None:
    request_["items"] = [Item(exercise=walk, dose=Dose(minutes=31))]
    assert refused(request_) == ["RANGE", "REASON"]
    program = assign_program(**{**request_, "reason": "Used to long walks"})
    assert program.decisions.get().rule_ids == ["D1", "RANGE"]


@pytest.mark.parametrize(("number", "allowed"), [(6, True), (7, False)])
def test_row_limits_the_active_exercises(request_: dict[str, Any], number: int, allowed: bool) -> None:
    request_["items"] = [Item(exercise=make.make_exercise(f"active-{n}"), dose=Dose(reps=5)) for n in range(number)]
    if allowed:
        assert assign_program(**request_).prescriptions.count() == number
    else:
        assert refused(request_) == ["MAX_ACTIVE", "REASON"]


SECONDARY: dict[str, Any] = {
    "origin": "secondary",
    "cause": "compensatory",
    "limb_source_and_plan": "Left hip: weight, then strength.",
}


def for_the_back(number: int) -> list[Item]:
    """Active items that the library counts to the back."""
    return [Item(exercise=make.make_exercise(f"back-{n}"), dose=Dose(reps=5)) for n in range(number)]


@pytest.mark.parametrize(
    ("mechanism", "row"), [("musculoskeletal", "D5"), ("neurologic", "D6")], ids=["load", "nerves"]
)
def test_secondary_pain_needs_half_of_the_active_items_for_the_limb_or_a_habit(
    request_: dict[str, Any], patient: Patient, vet: User, walk: Exercise, mechanism: str, row: str
) -> None:
    pain: dict[str, Any] = {"mechanism": mechanism, "pain_control": "medicine", "pain_control_plan": "Gabapentin"}
    request_ |= {
        "definition": make.make_definition(patient, vet, **SECONDARY, **pain, habits=["weight_forward"]),
        "protocol_phase": None,
        "reason": "I insist",
    }
    limb = Item(exercise=walk, dose=Dose(minutes=5))
    assert row in refused({**request_, "items": for_the_back(1)})
    assert row in refused({**request_, "items": [limb, *for_the_back(2)]})
    # What the prescriber says of an item counts before the library; a habit that is not listed does not.
    stated = [replace(item, aim="weight_forward") for item in for_the_back(1)]
    assert "AIM" in refused({**request_, "items": [replace(limb, aim="bunny_hop")]})
    assert row in refused({**request_, "items": [replace(limb, aim="back")]})
    program = assign_program(**{**request_, "items": [limb, *stated, *for_the_back(2)[1:]]})
    assert list(program.prescriptions.order_by("position").values_list("aim", flat=True)) == ["", "weight_forward", ""]
    assert row not in program.decisions.get().rule_ids[1:]


def test_primary_pain_may_be_trained_at_the_back_alone(request_: dict[str, Any]) -> None:
    assert assign_program(**{**request_, "items": for_the_back(3)}).decision_row == "D1"


@pytest.mark.parametrize("aim", ["bunny_hop", "hip", "x" * 33])
def test_aim_that_nobody_knows_is_refused(request_: dict[str, Any], walk: Exercise, aim: str) -> None:
    item = Item(exercise=walk, dose=Dose(minutes=5), aim=aim)
    assert refused({**request_, "items": [item], "reason": "I insist"}) == ["AIM"]


def test_item_inside_another_needs_the_other_in_the_program(
    request_: dict[str, Any], walk: Exercise, wash: Exercise
) -> None:
    inside = Item(exercise=wash, dose=Dose(minutes=3, part_of="leash-walk"))
    assert refused({**request_, "items": [inside]}) == ["PART"]
    program = assign_program(**{**request_, "items": [inside, Item(exercise=walk, dose=Dose(minutes=5))]})
    assert program.prescriptions.get(exercise=wash).dose == {"minutes": 3, "within": "leash-walk"}


def test_item_of_a_later_week_starts_in_that_week(
    request_: dict[str, Any], walk: Exercise, wash: Exercise, today: dt.date
) -> None:
    request_["items"] = [
        Item(exercise=walk, dose=Dose(minutes=5)),
        Item(exercise=wash, dose=Dose(minutes=5, from_week=3)),
    ]
    starts = assign_program(**request_).prescriptions.order_by("position").values_list("starts_on", flat=True)
    assert list(starts) == [today, today + dt.timedelta(days=14)]


def test_optional_item_is_due_on_no_day(request_: dict[str, Any], walk: Exercise) -> None:
    request_["items"] = [Item(exercise=walk, dose=Dose(minutes=5, when_time=True))]
    prescription = assign_program(**request_).prescriptions.get()
    assert (prescription.weekdays, prescription.dose) == (0, {"minutes": 5, "when_time": True})


def test_heavy_dog_needs_weight_control_or_a_vets_reason(
    request_: dict[str, Any], patient: Patient, vet: User, items: list[Item]
) -> None:
    request_["definition"] = make.make_definition(patient, vet, body_condition=7)
    assert refused(request_) == ["O11", "REASON"]
    weight = make.make_exercise("weight-control", category="home_safety", mode="passive", load=0, earliest_phase="P0")
    program = assign_program(**{**request_, "items": [*items, Item(exercise=weight, dose=Dose(per_week=1))]})
    assert program.decisions.get().rule_ids == ["D1"]


# --- What the database refuses, whoever asks -------------------------------------------------------------------


def program_row(definition: ProblemDefinition, by: User, **changed: Any) -> Program:
    """A program written past every rule of ours."""
    values: dict[str, Any] = {
        "clinic_id": definition.clinic_id,
        "patient_id": definition.patient_id,
        "definition": definition,
        "decision_row": "D1",
        "profile": "msk",
        "phase": "P1",
        "phase_name": "Gentle motion",
        "phase_started_on": make.TODAY,
        "starts_on": make.TODAY,
        "created_by": by,
        "created_at": make.NOW,
    }
    return Program.objects.create(**{**values, **changed})


def test_database_takes_a_program_on_the_newest_signed_definition(
    definition: ProblemDefinition, protocol: Protocol, vet: User
) -> None:
    assert program_row(definition, vet, protocol=protocol) == Program.objects.get()


def test_database_refuses_a_definition_that_is_not_signed(patient: Patient, vet: User) -> None:
    draft = make.make_definition(patient, vet, signed=False)
    with pytest.raises(IntegrityError, match="newest signed definition"), transaction.atomic():
        program_row(draft, vet)


def test_database_refuses_a_superseded_definition(patient: Patient, definition: ProblemDefinition, vet: User) -> None:
    make.make_definition(patient, vet)
    with pytest.raises(IntegrityError, match="newest signed definition"), transaction.atomic():
        program_row(definition, vet)


def test_database_refuses_an_expired_definition(patient: Patient, vet: User, today: dt.date) -> None:
    expired = make.make_definition(patient, vet, re_exam_due_on=today - dt.timedelta(days=2))
    with pytest.raises(IntegrityError, match="newest signed definition"), transaction.atomic():
        program_row(expired, vet)


def test_database_refuses_the_definition_of_another_dog_or_clinic(
    clinic: Clinic, other_clinic: Clinic, outside_vet: User, definition: ProblemDefinition, vet: User
) -> None:
    theirs = make.make_patient(clinic, vet, name="Other")
    outside = make.make_patient(other_clinic, outside_vet, name="Outside")
    for changed in (
        {"patient_id": theirs.pk},
        {"patient_id": outside.pk, "clinic_id": other_clinic.pk},
        {"clinic_id": other_clinic.pk},
    ):
        with pytest.raises(IntegrityError, match="newest signed definition"), transaction.atomic():
            program_row(definition, vet, **changed)
    assert not Program.objects.exists()


def test_database_refuses_a_protocol_of_another_row(
    definition: ProblemDefinition, protocol: Protocol, vet: User
) -> None:
    protocol.rows = ["D2", "D3"]
    make.rewrite(protocol)
    with pytest.raises(IntegrityError, match="protocol that its row allows"), transaction.atomic():
        program_row(definition, vet, protocol=protocol)


def test_database_refuses_a_program_that_changes_its_ground(plan: Program, patient: Patient, vet: User) -> None:
    draft = make.make_definition(patient, vet, signed=False)
    with pytest.raises(IntegrityError, match="newest signed definition"), transaction.atomic():
        Program.objects.filter(pk=plan.pk).update(definition=draft)


def test_database_refuses_an_exercise_of_another_clinic(plan: Program, other_clinic: Clinic) -> None:
    theirs = make.make_exercise("theirs", clinic=other_clinic)
    with pytest.raises(IntegrityError, match="an exercise of its clinic"), transaction.atomic():
        make.make_prescription(plan, exercise=theirs)


def test_too_long_texts_are_refused(request_: dict[str, Any], walk: Exercise) -> None:
    item = Item(exercise=walk, dose=Dose(minutes=5), anchor="a" * 81, note="n" * 256)
    assert refused({**request_, "items": [item]}) == ["ANCHOR", "NOTE"]
    assert refused({**request_, "reason": "r" * 501}) == ["REASON"]


# --- Ending ----------------------------------------------------------------------------------------------------


def test_program_ends_today(plan: Program, vet: User, now: dt.datetime, today: dt.date) -> None:
    decision = end_program(program=plan, reason="Moved away", plan_version=1, by=vet, at=now)
    plan.refresh_from_db()
    assert (plan.ended_at, plan.plan_version) == (now, 2)
    assert (decision.kind, decision.reason) == ("end", "Moved away")
    assert not Prescription.objects.active_on(today).exists()
    assert not Prescription.objects.current().exists()


def test_program_that_has_not_started_ends_before_it_starts(
    request_: dict[str, Any], vet: User, now: dt.datetime, today: dt.date
) -> None:
    program = assign_program(**{**request_, "starts_on": today + dt.timedelta(days=5)})
    end_program(program=program, reason="A mistake", plan_version=1, by=vet, at=now)
    assert {one.ends_on for one in program.prescriptions.all()} == {today + dt.timedelta(days=5)}
    assert not Prescription.objects.active_on(today + dt.timedelta(days=5)).exists()


def test_program_ends_once(plan: Program, vet: User, now: dt.datetime) -> None:
    end_program(program=plan, reason="Moved away", plan_version=1, by=vet, at=now)
    for version in (1, 2):
        with pytest.raises(StalePlan):
            end_program(program=plan, reason="Moved away", plan_version=version, by=vet, at=now)


def test_program_ends_with_a_reason(plan: Program, vet: User, now: dt.datetime) -> None:
    with pytest.raises(NotAllowed):
        end_program(program=plan, reason=" ", plan_version=1, by=vet, at=now)
    plan.refresh_from_db()
    assert (plan.ended_at, plan.plan_version) == (None, 1)
