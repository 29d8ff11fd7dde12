"""Moving the phase: who may, what the criteria say, and what happens to each prescription."""

import datetime as dt
from typing import Any

import pytest
from django.utils import translation

from accounts.access import Role
from accounts.models import AuditEvent, User
from rehab.library.models import Exercise, Protocol, ProtocolPhase
from rehab.patients.models import Patient, ProblemDefinition
from rehab.programs.actions import Item, NotAllowed, StalePlan
from rehab.programs.actions.phasing import criteria_of_the_way, loosens, move_phase, phases_of
from rehab.programs.criteria import Reading
from rehab.programs.dose import Dose
from rehab.programs.models import Decision, LadderStep, Prescription, Program
from tests import make
from tests.programs.conftest import prescribed

VET = frozenset({Role.VET})
THERAPIST = frozenset({Role.THERAPIST})
ONE_DAY = dt.timedelta(days=1)


@pytest.fixture
def course(protocol: Protocol) -> Protocol:
    """P1 Gentle motion, P2 Steady and P3 Strengthen, with criteria."""
    make.rewrite(
        protocol.phases.filter(code="P2"),
        entry_criteria=["pain_rest.max[2d] <= 3"],
        exit_criteria=["standing_s.last[1d] >= 60", "vet_signed_phase == 1"],
    )
    ProtocolPhase.objects.create(
        protocol=protocol,
        position=2,
        code="P3",
        name="Strengthen",
        days_min=14,
        days_max=28,
        entry_criteria=["standing_s.last[1d] >= 60", "pain_after.max[2s] <= 2"],
        items=[{"exercise": "leash-walk", "dose": {"minutes": 20, "per_day": 2}}],
    )
    return protocol


@pytest.fixture
def running(plan: Program, course: Protocol) -> Program:
    """The plan of a walk and a wash, following the course, in P2."""
    plan.protocol = course
    plan.save(update_fields=["protocol"])
    return plan


@pytest.fixture
def known(today: dt.date) -> dict[str, list[Reading]]:
    """All that the way from P2 to P3 asks for."""
    return {
        "standing_s": [Reading(today, 60)],
        "pain_after": [Reading(today, 2), Reading(today - ONE_DAY, 1)],
        "pain_rest": [Reading(today, 2)],
    }


def item(exercise: Exercise, **dose: Any) -> Item:
    return Item(exercise=exercise, dose=Dose.from_json(dose))


def move(program: Program, code: str, items: list[Item], *, by: User, **changed: Any) -> Decision:
    values: dict[str, Any] = {
        "known": {},
        "reason": "Examined today",
        "plan_version": program.plan_version,
        "roles": VET,
        "at": make.NOW,
        **changed,
    }
    to = ProtocolPhase.objects.filter(protocol=program.protocol_id, code=code).first() if program.protocol_id else None
    return move_phase(
        program=Program.objects.select_related("patient", "protocol", "definition").get(pk=program.pk),
        protocol_phase=to,
        phase=code,
        items=items,
        by=by,
        **values,
    )


def rules(refused: pytest.ExceptionInfo[NotAllowed]) -> list[str]:
    return [one.rule for one in refused.value.objections]


def test_moving_on_with_all_criteria_met_starts_the_new_phase_tomorrow(
    running: Program,
    walk: Exercise,
    vet: User,
    known: dict[str, list[Reading]],
    today: dt.date,
    tomorrow: dt.date,
    now: dt.datetime,
) -> None:
    walking, washing = prescribed(running, "leash-walk"), prescribed(running, "warm-wash")
    decision = move(running, "P3", [item(walk, minutes=5, per_day=2), Item.of(washing)], by=vet, known=known)
    running.refresh_from_db()
    assert (running.phase, running.phase_name, running.phase_started_on, running.plan_version) == (
        "P3",
        "Strengthen",
        tomorrow,
        2,
    )
    assert (decision.kind, decision.effective_on, decision.rule_ids, decision.decided_at) == (
        Decision.Kind.PHASE,
        tomorrow,
        ["D1"],
        now,
    )
    assert decision.details == {
        "from": "P2",
        "from_name": "Steady",
        "to": "P3",
        "to_name": "Strengthen",
        "unmet": [],
        "ladders": [],
    }
    walking.refresh_from_db()
    washing.refresh_from_db()
    assert (walking.ends_on, walking.ended_by) == (tomorrow, decision)
    # What stays as it is keeps its prescription.
    assert washing.ended_by is None
    follower = Prescription.objects.get(started_by=decision)
    assert (follower.exercise, follower.phase, follower.starts_on, follower.dose["per_day"]) == (
        walk,
        "P3",
        tomorrow,
        2,
    )
    event = AuditEvent.objects.get(kind="program.phase")
    assert (event.actor, event.subject_id) == (vet, decision.pk)


def test_items_that_the_new_phase_does_not_have_end(
    running: Program, walk: Exercise, vet: User, known: dict[str, list[Reading]], tomorrow: dt.date
) -> None:
    washing = prescribed(running, "warm-wash")
    decision = move(running, "P3", [Item.of(prescribed(running, "leash-walk"))], by=vet, known=known)
    washing.refresh_from_db()
    assert (washing.ends_on, washing.ended_by) == (tomorrow, decision)
    assert [one.exercise.slug for one in Prescription.objects.filter(program=running).current()] == ["leash-walk"]
    assert not Prescription.objects.filter(started_by=decision).exists()


@pytest.mark.parametrize(
    ("metric", "readings", "text"),
    [
        ("standing_s", [], "No data: Standing without help: at least 60 s, today"),
        ("standing_s", [59], "Not yet: Standing without help: at least 60 s, today. Now: 59 s."),
        ("pain_after", [3, 1], "Not yet: Pain after the session: at most 2 of 10"),
        ("pain_after", [1], "No data: Pain after the session"),
    ],
)
def test_unmet_and_unknown_criteria_stand_in_the_way_of_a_therapist(
    running: Program,
    therapist: User,
    known: dict[str, list[Reading]],
    today: dt.date,
    metric: str,
    readings: list[float],
    text: str,
) -> None:
    known[metric] = [Reading(today - number * ONE_DAY, value) for number, value in enumerate(readings)]
    here = [Item.of(prescribed(running, "leash-walk"))]
    with pytest.raises(NotAllowed) as refused:
        move(running, "P3", here, by=therapist, roles=THERAPIST, known=known)
    # A therapist's move is also no vet's signature.
    assert rules(refused) == ["CRITERIA", "CRITERIA", "VET"]
    assert any("a vet moves this phase." in reason for reason in refused.value.reasons)
    assert any(reason.startswith(text) for reason in refused.value.reasons)
    running.refresh_from_db()
    assert (running.phase, running.plan_version) == ("P2", 1)
    assert not Decision.objects.filter(kind=Decision.Kind.PHASE).exists()


def test_a_vet_overrules_unmet_criteria_with_the_reason_and_the_record_says_which(running: Program, vet: User) -> None:
    here = [Item.of(prescribed(running, "leash-walk"))]
    decision = move(running, "P3", here, by=vet)
    assert decision.rule_ids == ["D1", "CRITERIA"]
    assert decision.details["unmet"] == ["standing_s.last[1d] >= 60", "pain_after.max[2s] <= 2"]


def test_a_therapist_moves_on_where_the_row_lets_one_and_nobody_must_sign(
    running: Program, course: Protocol, therapist: User, known: dict[str, list[Reading]]
) -> None:
    make.rewrite(course.phases.filter(code="P2"), exit_criteria=["standing_s.last[1d] >= 60"])
    here = [Item.of(prescribed(running, "leash-walk"))]
    decision = move(running, "P3", here, by=therapist, roles=THERAPIST, known=known)
    assert (decision.decided_by, decision.details["unmet"]) == (therapist, [])


def test_a_therapist_does_not_move_on_where_the_row_keeps_it_for_vets(
    running: Program, patient: Patient, vet: User, therapist: User, known: dict[str, list[Reading]]
) -> None:
    make.make_definition(
        patient, vet, mechanism="neurologic", cause="disc", pain_controlled_on=make.TODAY - dt.timedelta(days=20)
    )
    here = [Item.of(prescribed(running, "leash-walk"))]
    with pytest.raises(NotAllowed) as refused:
        move(running, "P3", here, by=therapist, roles=THERAPIST, known=known)
    assert rules(refused) == ["D2"]


def test_nobody_moves_on_while_the_kind_of_pain_is_undetermined(
    running: Program, patient: Patient, vet: User, known: dict[str, list[Reading]]
) -> None:
    make.make_definition(patient, vet, mechanism="undetermined")
    with pytest.raises(NotAllowed) as refused:
        move(running, "P3", [Item.of(prescribed(running, "leash-walk"))], by=vet, known=known)
    assert rules(refused) == ["D7"]


def test_an_overdue_re_examination_stops_the_way_on_but_not_the_way_back(
    running: Program, patient: Patient, vet: User, known: dict[str, list[Reading]], today: dt.date
) -> None:
    make.make_definition(patient, vet, re_exam_due_on=today - ONE_DAY)
    here = [Item.of(prescribed(running, "leash-walk"))]
    with pytest.raises(NotAllowed) as refused:
        move(running, "P3", here, by=vet, known=known)
    assert "O7" in rules(refused)
    assert move(running, "P1", here, by=vet).details["to"] == "P1"


def test_a_heavy_item_is_weighed_at_the_new_phase(
    running: Program, hill: Exercise, vet: User, therapist: User, course: Protocol, known: dict[str, list[Reading]]
) -> None:
    make.rewrite(course.phases.filter(code="P2"), exit_criteria=[])
    items = [item(hill, minutes=5, days_per_week=3)]
    with pytest.raises(NotAllowed) as refused:
        move(running, "P3", items, by=therapist, roles=THERAPIST, known=known)
    assert rules(refused) == ["LOAD", "PHASE", "VET"]
    assert move(running, "P3", items, by=vet, known=known).rule_ids == ["D1", "LOAD", "PHASE"]


def test_back_is_free_for_any_staff_and_holds_from_today(
    running: Program, therapist: User, walk: Exercise, wash: Exercise, today: dt.date
) -> None:
    washing = prescribed(running, "warm-wash")
    items = [item(walk, minutes=3, per_day=3), Item.of(washing)]
    decision = move(running, "P1", items, by=therapist, roles=THERAPIST, reason="More pain")
    running.refresh_from_db()
    assert (running.phase, running.phase_name, running.phase_started_on) == ("P1", "Gentle motion", today)
    assert (decision.effective_on, decision.details["unmet"], decision.rule_ids) == (today, [], ["D1"])
    assert Prescription.objects.get(started_by=decision).starts_on == today


@pytest.mark.parametrize(("code", "ended"), [("P3", ["stairs"]), ("P2", ["car", "stairs"]), ("P5", [])])
def test_a_ladder_that_is_too_early_for_the_new_phase_ends(
    plan: Program, vet: User, code: str, ended: list[str]
) -> None:
    Program.objects.filter(pk=plan.pk).update(phase="P4", phase_name="Return")
    for slug in ("car", "stairs"):
        make.make_step(plan, make.make_ladder(slug))
    decision = move(plan, code, [Item.of(prescribed(plan, "leash-walk"))], by=vet)
    assert decision.details["ladders"] == ended
    steps = LadderStep.objects.filter(ended_by=decision).order_by("ladder__slug")
    assert [(one.ladder.slug, one.ends_on) for one in steps] == [(slug, decision.effective_on) for slug in ended]


def test_back_weighs_what_would_be_more(running: Program, therapist: User, hill: Exercise, walk: Exercise) -> None:
    here = Item.of(prescribed(running, "leash-walk"))
    for more in ([here, item(hill, minutes=5, days_per_week=3)], [item(walk, minutes=31, per_day=3)]):
        with pytest.raises(NotAllowed):
            move(running, "P1", more, by=therapist, roles=THERAPIST)
    with pytest.raises(NotAllowed) as refused:
        move(running, "P1", [], by=therapist, roles=THERAPIST)
    assert rules(refused) == ["ITEMS"]


def test_a_program_without_a_protocol_moves_to_any_phase_without_criteria(
    plan: Program, therapist: User, tomorrow: dt.date
) -> None:
    here = [Item.of(prescribed(plan, "leash-walk")), Item.of(prescribed(plan, "warm-wash"))]
    # The name is kept as the content has it, whatever language the mover reads.
    with translation.override("es"):
        decision = move(plan, "P4", here, by=therapist, roles=THERAPIST)
    plan.refresh_from_db()
    assert (plan.phase, plan.phase_name, plan.phase_started_on) == ("P4", "Return", tomorrow)
    assert (decision.details["unmet"], decision.details["to_name"]) == ([], "Return")
    assert not Prescription.objects.filter(program=plan).exclude(ended_by=None).exists()


@pytest.mark.parametrize("code", ["P2", "P9", ""])
def test_moving_where_the_program_is_or_nowhere_is_refused(plan: Program, vet: User, code: str) -> None:
    with pytest.raises(NotAllowed) as refused:
        move(plan, code, [Item.of(prescribed(plan, "leash-walk"))], by=vet)
    assert rules(refused) == ["PHASE"]


def test_a_phase_of_another_protocol_is_refused(running: Program, vet: User) -> None:
    other = Protocol.objects.create(
        slug="other", name="Other", content_hash="1" * 64, cause="any", rows=["D1"], profile="msk", total_weeks="1"
    )
    phase = ProtocolPhase.objects.create(
        protocol=other, position=0, code="P3", name="Elsewhere", days_min=1, days_max=2
    )
    with pytest.raises(NotAllowed) as refused:
        move_phase(
            program=running,
            protocol_phase=phase,
            items=[Item.of(prescribed(running, "leash-walk"))],
            known={},
            reason="Because",
            plan_version=1,
            by=vet,
            roles=VET,
            at=make.NOW,
        )
    assert rules(refused) == ["PROTOCOL"]


def test_a_protocol_that_keeps_the_dog_moving_needs_a_vet_to_move_on(
    running: Program, course: Protocol, vet: User, known: dict[str, list[Reading]]
) -> None:
    make.rewrite(Protocol.objects.filter(pk=course.pk), progress_disabled=True)
    decision = move(running, "P3", [Item.of(prescribed(running, "leash-walk"))], by=vet, known=known)
    assert "NO_PROGRESS" in decision.rule_ids


@pytest.mark.parametrize("reason", ["", "  "])
def test_a_move_needs_a_reason(running: Program, vet: User, known: dict[str, list[Reading]], reason: str) -> None:
    for code in ("P1", "P3"):
        with pytest.raises(NotAllowed) as refused:
            move(running, code, [Item.of(prescribed(running, "leash-walk"))], by=vet, known=known, reason=reason)
        assert rules(refused) == ["REASON"]


def test_a_plan_that_somebody_changed_is_stale(running: Program, vet: User, known: dict[str, list[Reading]]) -> None:
    Program.objects.filter(pk=running.pk).update(plan_version=2)
    with pytest.raises(StalePlan):
        move(running, "P3", [Item.of(prescribed(running, "leash-walk"))], by=vet, known=known, plan_version=1)
    running.refresh_from_db()
    assert (running.phase, running.plan_version) == ("P2", 2)


def test_a_paused_program_stays_where_it_is(running: Program, vet: User, known: dict[str, list[Reading]]) -> None:
    Program.objects.filter(pk=running.pk).update(paused_by=running.decisions.get())
    with pytest.raises(NotAllowed) as refused:
        move(running, "P3", [Item.of(prescribed(running, "leash-walk"))], by=vet, known=known)
    assert rules(refused) == ["PAUSED"]


def test_skipping_a_phase_asks_for_what_the_skipped_one_asks(running: Program, course: Protocol) -> None:
    running.phase, running.phase_name = "P1", "Gentle motion"
    phases = phases_of(running)
    asked = criteria_of_the_way(running, to=phases[2], phases=phases)
    assert [(kind, one.text) for kind, one in asked] == [
        ("exit", "standing_s.last[1d] >= 60"),
        ("exit", "vet_signed_phase == 1"),
        ("entry", "pain_after.max[2s] <= 2"),
    ]


def test_back_asks_only_for_the_entry_of_the_earlier_phase(running: Program) -> None:
    phases = phases_of(running)
    running.phase, running.phase_name = "P3", "Strengthen"
    asked = criteria_of_the_way(running, to=phases[1], phases=phases)
    assert [(kind, one.text) for kind, one in asked] == [("entry", "pain_rest.max[2d] <= 3")]


def test_a_protocol_that_goes_down_the_phases_becomes_more_careful_as_it_goes_on(running: Program) -> None:
    """As in degenerative myelopathy: P2, then P1, then P0."""
    down = Protocol.objects.create(
        slug="down", name="Down", content_hash="2" * 64, cause="any", rows=["D1"], profile="msk", total_weeks="1"
    )
    phases = [
        ProtocolPhase.objects.create(protocol=down, position=number, code=code, name=code, days_min=1, days_max=2)
        for number, code in enumerate(["P2", "P1", "P0"])
    ]
    running.phase_name = "P2"
    assert not loosens(running, phase="P1", phases=phases, to=phases[1])
    running.phase = running.phase_name = "P1"
    assert loosens(running, phase="P2", phases=phases, to=phases[0])


def test_two_phases_of_one_code_go_on_by_their_order(running: Program) -> None:
    protocol = Protocol.objects.create(
        slug="two", name="Two", content_hash="3" * 64, cause="any", rows=["D1"], profile="msk", total_weeks="1"
    )
    first, second = (
        ProtocolPhase.objects.create(protocol=protocol, position=number, code="P2", name=name, days_min=1, days_max=2)
        for number, name in enumerate(["Early", "Late"])
    )
    running.phase_name = "Early"
    assert loosens(running, phase="P2", phases=[first, second], to=second)
    running.phase_name = "Late"
    assert not loosens(running, phase="P2", phases=[first, second], to=first)


def test_the_definition_that_counts_is_the_newest_signed(
    running: Program, patient: Patient, vet: User, known: dict[str, list[Reading]], definition: ProblemDefinition
) -> None:
    make.make_definition(patient, vet, activities=[])
    with pytest.raises(NotAllowed) as refused:
        move(running, "P3", [Item.of(prescribed(running, "leash-walk"))], by=vet, known=known)
    assert rules(refused)[0] == "GATE_B"
    assert definition.activities
