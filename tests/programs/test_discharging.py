"""Discharge as a decision: what it ends and begins, what it keeps, and who is refused."""

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from pytest_django import DjangoAssertNumQueries

from accounts.access import Role
from accounts.models import AuditEvent, User
from rehab.library.models import Exercise, Protocol, ProtocolPhase
from rehab.patients.models import Patient, ProblemDefinition
from rehab.programs.actions import Item, NotAllowed, Seen, StalePlan, assign_program
from rehab.programs.actions.checkpoints import AlreadySettledError, settle_checkpoints
from rehab.programs.actions.discharging import discharge
from rehab.programs.actions.episodes import Recurrence, begin_first_episode, open_recurrences
from rehab.programs.dose import Dose
from rehab.programs.gate import Objection
from rehab.programs.models import Checkpoint, Decision, Episode, Prescription, Program
from tests import make
from tests.make import NOW, TODAY

VET = frozenset({Role.VET})
DAY = dt.timedelta(days=1)
MEASURES = {"pain_before": 1.0, "standing_s": 50.0}


@pytest.fixture
def kept(walk: Exercise) -> list[Item]:
    """A walk as before, and two items of strength and stability on three days a week."""
    sit = make.make_exercise("sit-stand", category="core_strength", earliest_phase="P2")
    stand = make.make_exercise("three-leg-stand", category="balance_stabilisation", earliest_phase="P2")
    return [
        Item(exercise=walk, dose=Dose(minutes=5, per_day=3)),
        Item(exercise=sit, dose=Dose(sets=1, reps=5, days_per_week=3)),
        Item(exercise=stand, dose=Dose(sets=1, reps=3, days_per_week=3)),
    ]


@pytest.fixture
def maintaining(db: None) -> ProtocolPhase:
    protocol = Protocol.objects.create(
        slug="maintenance-prevention",
        name="Long-term maintenance and prevention",
        content_hash="0" * 64,
        cause="any",
        rows=["D1", "D2", "D3", "D5"],
        profile="inherit",
        total_weeks="52-104 and on",
    )
    return ProtocolPhase.objects.create(
        protocol=protocol, position=0, code="P5", name="Two strong days", days_min=365, days_max=730
    )


@pytest.fixture
def request_(
    plan: Program, definition: ProblemDefinition, maintaining: ProtocolPhase, kept: list[Item], vet: User
) -> dict[str, Any]:
    """What a vet asks for when nothing is wrong with it; two new exercises a week are what row D1 allows."""
    return {
        "program": plan,
        "definition": definition,
        "protocol_phase": maintaining,
        "items": kept,
        "measures": MEASURES,
        "speaking": [],
        "reason": "Goals reached",
        "plan_version": 1,
        "by": vet,
        "roles": VET,
        "at": NOW,
    }


def refused(request: dict[str, Any]) -> list[str]:
    """The rules that refuse the discharge; nothing may be left behind."""
    with pytest.raises(NotAllowed) as refusal:
        discharge(**request)
    assert not Decision.objects.exclude(kind="assign").exists()
    assert not Checkpoint.objects.exists()
    assert not AuditEvent.objects.exists()
    return [objection.rule for objection in refusal.value.objections]


def test_discharge_ends_treatment_and_begins_maintenance(
    request_: dict[str, Any], plan: Program, patient: Patient, vet: User
) -> None:
    program = discharge(**request_)

    plan.refresh_from_db()
    assert plan.ended_at == NOW
    end = plan.decisions.get(kind="end")
    assert (end.reason, end.effective_on) == ("Goals reached", TODAY + DAY)
    assert not Prescription.objects.filter(program=plan).current().exists()
    assert (program.phase, program.phase_name, program.starts_on) == ("P5", "Two strong days", TODAY + DAY)
    assert (program.profile, program.decision_row, program.protocol) == (
        "msk",
        "D1",
        request_["protocol_phase"].protocol,
    )
    decision = program.decisions.get()
    assert (decision.kind, decision.plan_version, decision.reason) == ("discharge", 1, "Goals reached")
    assert decision.details == {"from": "P2", "measures": MEASURES}
    assert [one.exercise.slug for one in program.prescriptions.order_by("position")] == [
        "leash-walk",
        "sit-stand",
        "three-leg-stand",
    ]
    assert {one.started_by for one in program.prescriptions.all()} == {decision}
    assert [event.kind for event in AuditEvent.objects.order_by("pk")] == ["program.end", "program.discharge"]


def test_discharge_keeps_the_dog_of_that_day_and_sets_six_checkpoints(
    request_: dict[str, Any], patient: Patient
) -> None:
    program = discharge(**request_)
    episode = Episode.objects.get(patient=patient)
    assert episode.discharge == program.decisions.get()
    assert (episode.discharged_on, episode.measures, episode.reopened_at) == (TODAY, MEASURES, None)
    assert episode.is_in_maintenance
    assert [(one.month, one.due_on.isoformat(), one.state) for one in episode.checkpoints.order_by("month")] == [
        (1, "2026-04-18", "waiting"),
        (3, "2026-06-18", "waiting"),
        (6, "2026-09-18", "waiting"),
        (12, "2027-03-18", "waiting"),
        (18, "2027-09-18", "waiting"),
        (24, "2028-03-18", "waiting"),
    ]


@pytest.mark.parametrize("more", [0, 8])
def test_discharge_takes_as_many_statements_for_many_items(
    request_: dict[str, Any], more: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    request_["items"] += [
        Item(exercise=make.make_exercise(f"care-{n}", load=0, mode="passive", category="nursing_care"), dose=Dose())
        for n in range(more)
    ]
    with django_assert_num_queries(23):
        discharge(**request_)


@pytest.mark.parametrize("reason", ["", "   "])
def test_discharge_needs_a_reason(request_: dict[str, Any], reason: str) -> None:
    assert refused({**request_, "reason": reason}) == ["REASON"]


def test_only_a_vet_discharges(request_: dict[str, Any]) -> None:
    assert refused({**request_, "roles": frozenset({Role.THERAPIST})}) == ["VET"]


def test_stop_is_never_overruled(request_: dict[str, Any]) -> None:
    stop = Objection(rule="WARNING_SIGN", text="The exercises are stopped.")
    assert refused({**request_, "speaking": [stop]}) == ["WARNING_SIGN"]


def test_what_a_vet_overrules_is_kept(request_: dict[str, Any]) -> None:
    program = discharge(**{**request_, "speaking": [Objection(rule="SILENT", text="Nothing heard.", vet_may=True)]})
    assert program.decisions.get().details["overruled"] == ["SILENT"]


def test_maintenance_keeps_two_items_of_strength(request_: dict[str, Any]) -> None:
    program = discharge(**{**request_, "items": request_["items"][:2]})
    assert program.decisions.get().details["overruled"] == ["MAINTENANCE"]


@pytest.mark.parametrize(("days", "overruled"), [(1, True), (2, False), (3, False), (7, False)])
def test_item_of_strength_counts_from_two_days_a_week(request_: dict[str, Any], days: int, overruled: bool) -> None:
    walk, sit, stand = request_["items"]
    stand = Item(exercise=stand.exercise, dose=Dose(sets=1, reps=3, days_per_week=days))
    program = discharge(**{**request_, "items": [walk, sit, stand]})
    assert ("MAINTENANCE" in program.decisions.get().details.get("overruled", [])) is overruled


def test_who_walks_as_prescribed_has_lost_nothing(request_: dict[str, Any]) -> None:
    """The walk goes on at 15 minutes a day."""
    discharge(**{**request_, "measures": {**MEASURES, "walk_min_total": 50.0}})
    assert Episode.objects.get().measures == {**MEASURES, "walk_min_total": 15}


def test_discharge_of_a_program_that_has_changed_is_stale(request_: dict[str, Any]) -> None:
    with pytest.raises(StalePlan):
        discharge(**{**request_, "plan_version": 2})
    assert not Checkpoint.objects.exists()


def test_pain_that_comes_back_in_the_same_moment_is_not_discharged(
    request_: dict[str, Any], patient: Patient, definition: ProblemDefinition
) -> None:
    """Another worker opens the next episode once the definition was found to hold."""
    begin_first_episode(patient, on=TODAY - DAY, at=NOW - DAY)
    waiting = [Recurrence(clinic=patient.clinic_id, patient=patient.pk, on=TODAY, numbers={"good_days": 40})]

    def come_back(execute: Any, sql: str, *rest: Any) -> Any:
        answer = execute(sql, *rest)
        # Whether the dog has an episode is asked after the definition was read.
        if waiting and 'FROM "programs_episode"' in sql and "patients_problemdefinition" not in sql:
            open_recurrences([waiting.pop()], at=NOW + DAY)
        return answer

    with connection.execute_wrapper(come_back), pytest.raises(StalePlan):
        discharge(**{**request_, "at": NOW})
    assert not Checkpoint.objects.exists()


def test_paused_program_is_not_discharged(request_: dict[str, Any], plan: Program) -> None:
    plan.paused_by = plan.decisions.get()
    plan.save(update_fields=["paused_by"])
    assert refused(request_) == ["PAUSED"]


def test_row_that_the_protocol_is_not_for_is_refused(request_: dict[str, Any], plan: Program) -> None:
    request_["protocol_phase"].protocol.rows = ["D2"]
    assert "D1" in refused(request_)


@pytest.fixture
def discharged(request_: dict[str, Any]) -> Program:
    return discharge(**request_)


def assign_again(
    discharged: Program, definition: ProblemDefinition, phase: ProtocolPhase | None, items: list[Item], by: User
) -> Program:
    return assign_program(
        definition=definition,
        protocol_phase=phase,
        items=items,
        starts_on=TODAY,
        by=by,
        roles=VET,
        at=NOW + DAY / 24,
        reason="It came back",
        seen=Seen(program_id=discharged.pk, plan_version=1),
    )


def worsen(episode: Episode, month: int = 1) -> Checkpoint:
    """A checkpoint as the weighing leaves it when it was worse."""
    Checkpoint.objects.filter(episode=episode, month=month).update(
        state="worse", numbers={"said": [], "worse": [], "missing": []}, weighed_at=NOW
    )
    Episode.objects.filter(pk=episode.pk).update(reopened_at=NOW)
    return Checkpoint.objects.get(episode=episode, month=month)


def test_new_program_of_treatment_cancels_what_waits_and_settles_what_was_worse(
    discharged: Program, definition: ProblemDefinition, phase: ProtocolPhase, kept: list[Item], vet: User
) -> None:
    episode = Episode.objects.get()
    worsen(episode)
    assign_again(discharged, definition, phase, kept[:1], vet)
    first, *rest = Checkpoint.objects.order_by("month")
    assert (first.state, first.settled_by, first.settled_because) == ("worse", vet, "A new program was assigned.")
    assert {one.state for one in rest} == {"cancelled"}
    assert {one.settled_by for one in rest} == {None}
    episode.refresh_from_db()
    assert not episode.is_in_maintenance


def test_maintenance_assigned_anew_cancels_nothing(
    discharged: Program, definition: ProblemDefinition, maintaining: ProtocolPhase, kept: list[Item], vet: User
) -> None:
    assign_again(discharged, definition, maintaining, kept, vet)
    assert {one.state for one in Checkpoint.objects.all()} == {"waiting"}
    assert Episode.objects.get().is_in_maintenance


def test_second_discharge_of_the_same_episode_keeps_what_the_first_one_said(
    discharged: Program,
    request_: dict[str, Any],
    definition: ProblemDefinition,
    phase: ProtocolPhase,
    kept: list[Item],
    vet: User,
) -> None:
    worsen(Episode.objects.get())
    again = assign_again(discharged, definition, phase, kept[:1], vet)
    program = discharge(**{**request_, "program": again, "at": NOW + 60 * DAY, "definition": later(definition, vet)})
    before = program.decisions.get().details["checkpoints_before"]
    assert [(one["month"], one["state"]) for one in before][:2] == [(1, "worse"), (3, "cancelled")]
    assert before[0]["settled_because"] == "A new program was assigned."
    first = Checkpoint.objects.get(month=1)
    assert (first.state, first.numbers, first.settled_at, first.due_on) == ("waiting", {}, None, dt.date(2026, 6, 17))
    assert Checkpoint.objects.count() == 6
    assert Episode.objects.get().is_in_maintenance


def later(definition: ProblemDefinition, vet: User) -> ProblemDefinition:
    """The same definition, signed again, with a later re-examination."""
    return make.make_definition(definition.patient, vet, re_exam_due_on=TODAY + 200 * DAY)


def test_settled_checkpoint_is_no_relapse_and_maintenance_goes_on(
    discharged: Program, patient: Patient, vet: User
) -> None:
    one = worsen(Episode.objects.get())
    settle_checkpoints(patient=patient, seen=[one.pk], reason="A thorn, now out", by=vet, at=NOW)
    one.refresh_from_db()
    assert (one.state, one.settled_by, one.settled_at, one.settled_because) == ("worse", vet, NOW, "A thorn, now out")
    assert Episode.objects.get().is_in_maintenance
    assert AuditEvent.objects.filter(kind="checkpoint.settled", actor=vet).count() == 1
    with pytest.raises(AlreadySettledError):
        settle_checkpoints(patient=patient, seen=[one.pk], reason="Again", by=vet, at=NOW)


def test_checkpoint_that_nobody_saw_stays_open(discharged: Program, patient: Patient, vet: User) -> None:
    episode = Episode.objects.get()
    first, second = worsen(episode, 1), worsen(episode, 3)
    settle_checkpoints(patient=patient, seen=[first.pk], reason="A thorn", by=vet, at=NOW)
    assert list(Checkpoint.objects.worse()) == [second]
    assert not Episode.objects.get().is_in_maintenance


def test_settling_needs_a_reason(discharged: Program, patient: Patient, vet: User) -> None:
    one = worsen(Episode.objects.get())
    with pytest.raises(NotAllowed):
        settle_checkpoints(patient=patient, seen=[one.pk], reason=" ", by=vet, at=NOW)
    assert Checkpoint.objects.worse().count() == 1
