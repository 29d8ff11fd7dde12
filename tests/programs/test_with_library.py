"""The content that ships, through the same actions and pages."""

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from accounts.access import Role
from accounts.models import Clinic, User
from rehab.library.actions import load_library
from rehab.library.models import Exercise, Protocol, ProtocolPhase
from rehab.patients.models import Patient, ProblemDefinition
from rehab.programs.actions import Item, NotAllowed, assign_program
from rehab.programs.builder.board import Board, Setting
from rehab.programs.dose import Dose, step_up
from rehab.programs.gate import row_of
from rehab.programs.wording import dose_text
from tests import make

VET = frozenset({Role.VET})


@pytest.fixture(autouse=True)
def _library(db: None, now: dt.datetime) -> Iterator[None]:
    load_library(at=now)
    with time_machine.travel(now, tick=False):
        yield


def test_every_exercise_says_its_dose_in_words() -> None:
    texts = {one.slug: dose_text(Dose.from_json(one.dose)) for one in Exercise.objects.current()}
    assert len(texts) == 45
    assert all(texts.values())
    assert texts["crate-rest"] == "28 days; 4 toilet trips a day"
    assert texts["weight-control"] == "once a week"
    assert texts["water-treadmill-clinic"] == "2 sets of 5 minutes, once a week"
    assert texts["reposition-turn"] == "every 4 hours (6 times a day)"


def test_every_active_exercise_has_a_step_up() -> None:
    stuck = {
        one.slug
        for one in Exercise.objects.current()
        if one.is_active and step_up(Dose.from_json(one.dose), one.dose_range) is None
    }
    assert stuck == set()


NERVES: dict[str, Any] = {
    "mechanism": "neurologic",
    "pain_control": "medicine",
    "pain_control_plan": "Gabapentin, three times a day",
    "pain_controlled_on": make.TODAY - dt.timedelta(days=30),
}
LIMB: dict[str, Any] = {"origin": "secondary", "limb_source_and_plan": "Left hip: weight, then strength."}
# A dog for each row; in D4 it cannot stand alone.
DOGS: dict[str, dict[str, Any]] = {
    "D1": {},
    "D2": NERVES,
    "D3": {**NERVES, "neuro_deficit": True, "neuro_grade": 2},
    "D4": {
        **NERVES,
        "neuro_deficit": True,
        "neuro_grade": 3,
        "deep_pain": "present",
        "bladder_plan": "Emptied by hand",
        "surgical_referral": "Declined",
        "baseline": {"standing_s": 5, "unaided_steps": 0},
    },
    "D5": LIMB,
    "D6": {**LIMB, **NERVES},
    "D7": {"origin": "undetermined"},
}
CAUSES = {"D1": "soft_tissue", "D5": "compensatory", "D6": "compensatory"}
PROTOCOLS = (
    "dm-maintenance",
    "fce",
    "inflammatory-hold",
    "ivdd-conservative",
    "ivdd-postop",
    "lumbosacral-conservative",
    "maintenance-prevention",
    "secondary-hip",
    "secondary-stifle",
    "soft-tissue-strain",
    "spinal-arthritis",
)
DAYS_AFTER_SURGERY = {"P0": 1, "P1": 16, "P2": 30, "P3": 40, "P4": 70, "P5": 120}


def definition_for(phase: ProtocolPhase, row: str, *, patient: Patient, vet: User) -> ProblemDefinition:
    """What a vet would have signed about a dog of that row at the beginning of the phase."""
    protocol = phase.protocol
    fields = {
        "cause": protocol.cause if protocol.cause != "any" else CAUSES.get(row, "disc"),
        "onset_on": make.TODAY - dt.timedelta(days=200),
        "activity_order": "strict_rest" if phase.code == "P0" and row != "D1" else "leash_only",
        "baseline": {"standing_s": 60, "unaided_steps": 10},
    }
    if protocol.slug == "ivdd-postop":
        fields["surgery_on"] = make.TODAY - dt.timedelta(days=DAYS_AFTER_SURGERY[phase.code])
    return make.make_definition(patient, vet, **{**fields, **DOGS[row]})


def proposal(phase: ProtocolPhase, definition: ProblemDefinition, *, patient: Patient, today: dt.date) -> Board:
    return Board.laid(
        Setting(
            patient=patient,
            definition=definition,
            row=row_of(definition),
            protocol_phase=phase,
            roles=VET,
            starts_on=today,
        ),
        order=None,
        data=None,
    )


def test_every_built_in_protocol_is_walked() -> None:
    assert tuple(Protocol.objects.current().order_by("slug").values_list("slug", flat=True)) == PROTOCOLS


@pytest.mark.parametrize("slug", PROTOCOLS)
def test_every_phase_can_be_assigned_as_proposed_without_overruling_anything(
    clinic: Clinic, vet: User, now: dt.datetime, today: dt.date, slug: str
) -> None:
    """What the page proposes by itself passes the rules that the action holds it to, in every row of the protocol.

    Only a start in a later phase than the row's own asks a vet about the load to start with.
    A dog that cannot walk alone (D4) is in none of the later phases: there the page proposes nothing.
    """
    empty = []
    for phase in ProtocolPhase.objects.filter(protocol__slug=slug).order_by("position").select_related("protocol"):
        for row in phase.protocol.rows:
            patient = make.make_patient(clinic, vet)
            definition = definition_for(phase, row, patient=patient, vet=vet)
            board = proposal(phase, definition, patient=patient, today=today)
            assert board.setting.row.id == row
            if not board.items:
                empty.append((row, phase.code))
                continue
            asked = list(dict.fromkeys(objection.rule for objection in board.objections))
            assert asked in ([], ["START_LOAD"] if phase.code > board.setting.row.start_phase else [])
            program = assign_program(
                definition=definition,
                protocol_phase=phase,
                items=board.items,
                starts_on=today,
                by=vet,
                roles=VET,
                at=now,
                reason="Examined today" if asked else "",
            )
            assert program.prescriptions.count() == len(board.items)
            assert program.decisions.get().rule_ids == [row, *asked]
    assert empty == PROPOSES_NOTHING.get(slug, [])


PROPOSES_NOTHING = {
    "fce": [("D4", "P3"), ("D4", "P4")],
    "ivdd-conservative": [("D4", "P2"), ("D4", "P3"), ("D4", "P4")],
    "ivdd-postop": [("D4", "P2"), ("D4", "P3"), ("D4", "P4")],
}


@pytest.mark.parametrize(("row", "active"), [("D1", 6), ("D2", 4), ("D5", 4)])
def test_maintenance_proposes_no_more_active_items_than_the_row_allows(
    patient: Patient, vet: User, today: dt.date, row: str, active: int
) -> None:
    phase = ProtocolPhase.objects.select_related("protocol").get(protocol__slug="maintenance-prevention")
    definition = definition_for(phase, row, patient=patient, vet=vet)
    board = proposal(phase, definition, patient=patient, today=today)
    assert len([item for item in board.items if item.exercise.is_active]) == active
    assert {objection.rule for objection in board.objections} == {"START_LOAD"}


def test_dog_at_strict_rest_gets_care_only(patient: Patient, vet: User, now: dt.datetime, today: dt.date) -> None:
    definition = make.make_definition(
        patient,
        vet,
        mechanism="neurologic",
        cause="disc",
        neuro_deficit=True,
        neuro_grade=3,
        deep_pain="present",
        bladder_plan="Emptied by hand",
        surgical_referral="Declined",
        activity_order="strict_rest",
    )
    phase = ProtocolPhase.objects.select_related("protocol").get(protocol__slug="ivdd-conservative", code="P0")
    walk = Exercise.objects.current().get(slug="leash-walk")
    with pytest.raises(NotAllowed) as refusal:
        assign_program(
            definition=definition,
            protocol_phase=phase,
            items=[Item(exercise=walk, dose=Dose(minutes=5))],
            starts_on=today,
            by=vet,
            roles=VET,
            at=now,
            reason="The owner asks for it",
        )
    rules = [objection.rule for objection in refusal.value.objections]
    assert rules[:2] == ["GRADES", "O5"]


def test_page_of_every_phase_opens(as_user: Callable[[User], Client], vet: User, patient: Patient) -> None:
    make.make_definition(patient, vet, mechanism="neurologic", cause="disc", neuro_deficit=True, neuro_grade=2)
    url = reverse("programs:program-assign", args=[patient.pk])
    browser = as_user(vet)
    phases = [phase.pk for phase in ProtocolPhase.objects.select_related("protocol") if "D3" in phase.protocol.rows]
    assert len(phases) > 20
    for pk in [*phases, "own"]:
        page = browser.get(url, {"phase": str(pk)})
        assert (page.status_code, len(page.context["board"].setting.library)) == (200, 45)
