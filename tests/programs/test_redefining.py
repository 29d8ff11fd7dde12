"""A new definition is signed while a program runs: what it ends, what it keeps, and what the vet sees before."""

import datetime as dt
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import time_machine
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.access import Role
from accounts.models import User
from rehab.library.models import Exercise, Protocol
from rehab.patients.actions import DefinitionChanged, sign_definition
from rehab.patients.models import Patient, ProblemDefinition
from rehab.patients.queries import state_of
from rehab.programs.actions import (
    NotAllowed,
    add_exercise,
    adopt_definition,
    effect_of,
    pause_program,
    resume_program,
    sign_and_adopt,
)
from rehab.programs.dose import Dose
from rehab.programs.models import Decision, LadderStep, Prescription, Program
from tests import make
from tests.programs.conftest import prescribed

VET = frozenset({Role.VET})
SignIn = Callable[[User], Client]
NERVES: dict[str, Any] = {
    "mechanism": "neurologic",
    "cause": "disc",
    "pain_control": "medicine",
    "pain_control_plan": "Gabapentin, three times a day",
}


@pytest.fixture(autouse=True)
def _at_that_time(now: dt.datetime) -> Iterator[None]:
    with time_machine.travel(now, tick=False):
        yield


def adopted(program: Program, definition: ProblemDefinition, *, by: User, at: dt.datetime) -> Decision:
    return adopt_definition(program=program, definition=definition, by=by, roles=VET, at=at)


def plan_now() -> list[str]:
    return list(Prescription.objects.current().order_by("position", "pk").values_list("exercise__slug", flat=True))


def text_of(response: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", response.content.decode()))


# --- What it does ----------------------------------------------------------------------------------------------


def test_same_row_keeps_everything_and_is_a_decision(
    plan: Program, patient: Patient, vet: User, now: dt.datetime, today: dt.date
) -> None:
    newer = make.make_definition(patient, vet)
    decision = adopted(plan, newer, by=vet, at=now)
    plan.refresh_from_db()
    assert (plan.definition, plan.decision_row, plan.plan_version) == (newer, "D1", 2)
    assert plan_now() == ["leash-walk", "warm-wash"]
    assert (decision.kind, decision.effective_on, decision.rule_ids) == ("redefine", today, ["D1"])
    assert decision.reason == "Version 2 of the problem definition was signed."
    assert (decision.details["from_row"], decision.details["to_row"], decision.details["ended"]) == ("D1", "D1", [])


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"mechanism": "undetermined"}, "D7"),
        ({"cause": "inflammatory"}, "O1"),
        ({"activity_order": "strict_rest"}, "O5"),
        ({"pain_at_rest": 6}, "O6"),
        ({"neuro_grade": 0}, "GRADES"),
    ],
)
def test_what_the_new_definition_blocks_ends_today(
    plan: Program,
    patient: Patient,
    vet: User,
    walk: Exercise,
    now: dt.datetime,
    today: dt.date,
    fields: dict[str, Any],
    rule: str,
) -> None:
    # D7 lets a walk on the lead stand as a probe; a strengthening exercise it does not.
    make.rewrite(Exercise.objects.filter(pk=walk.pk), grades=[1, 2, 3], slug="sit-to-stand")
    decision = adopted(plan, make.make_definition(patient, vet, **fields), by=vet, at=now)
    walking = Prescription.objects.get(exercise=walk)
    assert (walking.ends_on, walking.ended_by) == (today, decision)
    assert plan_now() == ["warm-wash"]
    assert rule in decision.rule_ids
    [ended] = decision.details["ended"]
    assert (ended["exercise"], rule in ended["rules"]) == ("Leash walk", True)


def test_row_profile_and_protocol_follow_the_definition(
    plan: Program, patient: Patient, vet: User, protocol: Protocol, now: dt.datetime
) -> None:
    Program.objects.update(protocol=protocol)
    decision = adopted(plan, make.make_definition(patient, vet, **NERVES), by=vet, at=now)
    plan.refresh_from_db()
    assert (plan.decision_row, plan.profile, plan.protocol, plan.phase) == ("D2", "neuro", None, "P2")
    assert (decision.details["from_row"], decision.details["to_row"]) == ("D1", "D2")
    assert decision.details["protocol_kept"] is False


def test_protocol_of_both_rows_stays(
    plan: Program, patient: Patient, vet: User, protocol: Protocol, now: dt.datetime
) -> None:
    make.rewrite(Protocol.objects.all(), rows=["D1", "D2"])
    Program.objects.update(protocol=protocol)
    adopted(plan, make.make_definition(patient, vet, **NERVES), by=vet, at=now)
    plan.refresh_from_db()
    assert (plan.decision_row, plan.protocol) == ("D2", protocol)


@pytest.mark.parametrize(("row_changes", "stays"), [(False, True), (True, False)])
def test_what_a_vet_overruled_stays_only_against_the_same_rule(
    patient: Patient, vet: User, walk: Exercise, now: dt.datetime, row_changes: bool, stays: bool
) -> None:
    """Load level 3 in P2 was overruled under the musculoskeletal limits; nerve pain gates it by another rule."""
    make.rewrite(Exercise.objects.filter(pk=walk.pk), load=3, category="core_strength")
    walk.refresh_from_db()
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
    newer = make.make_definition(patient, vet, **(NERVES if row_changes else {}))
    adopted(program, newer, by=vet, at=now)
    assert bool(plan_now()) is stays


def test_rule_that_was_overruled_for_another_exercise_ends_this_one(
    patient: Patient, vet: User, walk: Exercise, now: dt.datetime
) -> None:
    """One assignment overruled O-rules for one exercise; that reason does not carry the one beside it."""
    make.rewrite(Exercise.objects.filter(pk=walk.pk), load=2)
    program = make.make_program(patient, vet, exercises=[(walk, {"minutes": 5})], phase="P1")
    make.rewrite(program.decisions.all(), rule_ids=["D1", "LOAD"])
    adopted(program, make.make_definition(patient, vet, **NERVES), by=vet, at=now)
    assert plan_now() == []


def test_part_ends_with_its_host(plan: Program, patient: Patient, vet: User, now: dt.datetime) -> None:
    make.make_prescription(plan, exercise="sniff", dose={"minutes": 1, "within": "leash-walk"}, position=2)
    make.rewrite(Exercise.objects.filter(slug="leash-walk"), grades=[1])
    make.rewrite(
        Exercise.objects.filter(slug="sniff"), load=0, category="enrichment", mode="passive", contraindications=[]
    )
    newer = make.make_definition(patient, vet, neuro_grade=0)
    decision = adopted(plan, newer, by=vet, at=now)
    assert plan_now() == ["warm-wash"]
    assert {one["exercise"]: one["rules"] for one in decision.details["ended"]}["Sniff"] == ["PART"]


def test_ladder_that_the_definition_closes_ends(
    plan: Program, patient: Patient, vet: User, now: dt.datetime, today: dt.date
) -> None:
    off, car = make.make_step(plan, make.make_ladder("offleash")), make.make_step(plan, make.make_ladder("car"))
    adopted(plan, make.make_definition(patient, vet, **NERVES), by=vet, at=now)
    off.refresh_from_db()
    assert off.ends_on == today
    assert list(LadderStep.objects.current()) == [car]


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"mechanism": "undetermined"}, "D7"),
        ({"cause": "inflammatory"}, "O1"),
        ({"activity_order": "strict_rest"}, "O5"),
        ({"pain_at_rest": 6}, "O6"),
    ],
)
def test_ladder_is_active_work_and_ends_with_it(
    plan: Program, patient: Patient, vet: User, now: dt.datetime, fields: dict[str, Any], rule: str
) -> None:
    make.make_step(plan, make.make_ladder("car"))
    decision = adopted(plan, make.make_definition(patient, vet, **fields), by=vet, at=now)
    assert not LadderStep.objects.current().exists()
    assert rule in decision.rule_ids


def test_paused_program_follows_and_resumes_by_the_new_rules(
    plan: Program, patient: Patient, vet: User, now: dt.datetime
) -> None:
    pause_program(program=plan, reason="Worse", plan_version=1, by=vet, at=now)
    newer = make.make_definition(patient, vet, pain_at_rest=8)
    adopted(plan, newer, by=vet, at=now)
    decision = resume_program(
        program=Program.objects.get(), reason="Care at least", plan_version=3, by=vet, roles=VET, at=now
    )
    assert plan_now() == ["warm-wash"]
    assert "O6" in decision.rule_ids


def test_only_a_signed_definition_of_the_dog_is_followed(
    plan: Program, patient: Patient, vet: User, clinic: Any, now: dt.datetime
) -> None:
    draft = make.make_definition(patient, vet, signed=False)
    theirs = make.make_definition(make.make_patient(clinic, vet), vet)
    for definition in (draft, theirs):
        with pytest.raises(NotAllowed):
            adopted(plan, definition, by=vet, at=now)
    signed = make.make_definition(patient, vet, version=9)
    with pytest.raises(NotAllowed):
        adopt_definition(program=plan, definition=signed, by=vet, roles=frozenset({Role.THERAPIST}), at=now)
    plan.refresh_from_db()
    assert plan.plan_version == 1


def test_signature_and_program_move_together_or_not_at_all(
    plan: Program, patient: Patient, vet: User, now: dt.datetime
) -> None:
    draft = make.make_definition(patient, vet, signed=False, **NERVES)
    with pytest.raises(DefinitionChanged):
        sign_and_adopt(definition=draft, by=vet, roles=VET, at=now, seen="another state")
    with pytest.raises(NotAllowed):
        sign_and_adopt(definition=draft, by=vet, roles=frozenset(), at=now)
    draft.refresh_from_db()
    plan.refresh_from_db()
    assert (draft.is_signed, plan.decision_row, plan.plan_version) == (False, "D1", 1)
    signed, decision = sign_and_adopt(definition=draft, by=vet, roles=VET, at=now)
    plan.refresh_from_db()
    assert (signed.is_signed, plan.definition, decision) == (True, signed, plan.decisions.get(kind="redefine"))


def test_signature_without_a_program_is_only_a_signature(patient: Patient, vet: User, now: dt.datetime) -> None:
    draft = make.make_definition(patient, vet, signed=False)
    signed, decision = sign_and_adopt(definition=draft, by=vet, roles=VET, at=now)
    assert (signed.is_signed, decision) == (True, None)


# --- What the vet sees before ----------------------------------------------------------------------------------


def test_effect_of_a_draft_says_what_would_happen_and_writes_nothing(
    plan: Program, patient: Patient, vet: User, protocol: Protocol, today: dt.date
) -> None:
    Program.objects.update(protocol=protocol)
    program = Program.objects.select_related("protocol", "definition").get()
    draft = make.make_definition(patient, vet, signed=False, **NERVES, pain_at_rest=4)
    effect = effect_of(definition=draft, program=program, on=today)
    assert (effect.row.id, effect.old_row.id, effect.profile) == ("D2", "D1", "neuro")
    assert [one.prescription.exercise.slug for one in effect.ending] == ["leash-walk"]
    assert [one.prescription.exercise.slug for one in effect.staying] == ["warm-wash"]
    assert effect.ending[0].is_final
    assert (effect.active, effect.is_too_many, effect.keeps_protocol) == (0, False, False)
    assert effect.is_later_than_the_row_starts
    assert plan_now() == ["leash-walk", "warm-wash"]
    assert plan.decisions.count() == 1


@pytest.mark.parametrize("number", [1, 9])
def test_effect_page_takes_the_same_queries_for_one_exercise_as_for_nine(
    plan: Program,
    patient: Patient,
    vet: User,
    as_user: SignIn,
    django_assert_num_queries: DjangoAssertNumQueries,
    number: int,
) -> None:
    for n in range(number):
        make.make_prescription(plan, exercise=f"active-{n}", position=n)
    draft = make.make_definition(patient, vet, signed=False, **NERVES)
    browser = as_user(vet)
    # The session and its user; the definition; the program; what was overruled, the exercises and the ladders.
    with django_assert_num_queries(7):
        answer = browser.get(f"/definitions/{draft.pk}/effect/")
    assert answer.status_code == 200


def test_effect_is_a_page_and_a_part(plan: Program, patient: Patient, vet: User, as_user: SignIn) -> None:
    draft = make.make_definition(patient, vet, signed=False, pain_at_rest=7)
    browser, url = as_user(vet), f"/definitions/{draft.pk}/effect/"
    page, part = browser.get(url), browser.get(url, headers={"HX-Request": "true"})
    assert ("<html" in page.content.decode(), "<html" in part.content.decode()) == (True, False)
    for answer in (page, part):
        assert "1 exercise ends at the signature" in text_of(answer)
        assert "Pain at rest is 7 of 10" in text_of(answer)
        assert "1 exercise stays as it is Daily warm wash" in text_of(answer)
    assert "already follows" in text_of(browser.get(f"/definitions/{plan.definition_id}/effect/"))
    Program.objects.update(ended_at=make.NOW)
    assert "No program runs for Bruno" in text_of(browser.get(url))


@pytest.mark.parametrize(
    ("persona", "effect", "sign"),
    [
        ("vet", 200, 302),
        ("colleague", 200, 302),
        ("therapist", 200, 403),
        ("owner", 403, 403),
        ("caregiver", 403, 403),
        ("admin", 404, 404),
        ("stranger", 404, 404),
        ("outside_vet", 404, 404),
    ],
)
def test_who_sees_the_effect_and_who_signs(
    request: pytest.FixtureRequest,
    as_user: SignIn,
    plan: Program,
    patient: Patient,
    vet: User,
    persona: str,
    effect: int,
    sign: int,
) -> None:
    draft = make.make_definition(patient, vet, signed=False)
    browser = as_user(request.getfixturevalue(persona))
    assert browser.get(f"/definitions/{draft.pk}/effect/").status_code == effect
    assert browser.get(f"/definitions/{draft.pk}/sign/").status_code == 405
    assert browser.post(f"/definitions/{draft.pk}/sign/", {"seen": state_of(draft)}).status_code == sign
    plan.refresh_from_db()
    assert (plan.definition_id == draft.pk) is (sign == 302)


def test_signature_says_what_ended(plan: Program, patient: Patient, vet: User, as_user: SignIn) -> None:
    draft = make.make_definition(patient, vet, signed=False, pain_at_rest=7)
    browser = as_user(vet)
    answer = browser.post(f"/definitions/{draft.pk}/sign/", {"seen": state_of(draft)}, follow=True)
    assert "ended today: Leash walk" in text_of(answer)
    assert prescribed(plan, "warm-wash").ended_by is None


def test_signature_of_what_was_changed_or_signed_meanwhile_answers_409(
    plan: Program, patient: Patient, vet: User, as_user: SignIn, now: dt.datetime
) -> None:
    draft = make.make_definition(patient, vet, signed=False)
    browser, url = as_user(vet), f"/definitions/{draft.pk}/sign/"
    assert browser.post(url, {"seen": "another state"}).status_code == 409
    seen = state_of(draft)
    sign_definition(definition=draft, by=vet, at=now)
    assert browser.post(url, {"seen": seen}).status_code == 409
    plan.refresh_from_db()
    assert plan.plan_version == 1


def test_signature_that_breaks_a_rule_answers_422(plan: Program, patient: Patient, vet: User, as_user: SignIn) -> None:
    draft = make.make_definition(patient, vet, signed=False, red_flags_checked=False)
    answer = as_user(vet).post(f"/definitions/{draft.pk}/sign/", {"seen": state_of(draft)})
    assert answer.status_code == 422
    plan.refresh_from_db()
    assert plan.plan_version == 1
