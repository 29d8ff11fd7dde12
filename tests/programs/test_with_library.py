"""The content that ships, through the same actions and pages."""

import datetime as dt
from collections.abc import Callable, Iterator

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from accounts.access import Role
from accounts.models import User
from rehab.library.actions import load_library
from rehab.library.models import Exercise, ProtocolPhase
from rehab.patients.models import Patient
from rehab.programs.actions import Item, NotAllowed, assign_program
from rehab.programs.dose import Dose, step_up
from rehab.programs.gate import row_of
from rehab.programs.models import Program
from rehab.programs.queries import candidates
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


@pytest.mark.parametrize("slug", ["soft-tissue-strain", "spinal-arthritis"])
def test_every_phase_of_a_protocol_for_the_row_can_be_assigned_as_proposed(
    patient: Patient, vet: User, now: dt.datetime, today: dt.date, slug: str
) -> None:
    """What the page proposes by itself passes the rules that the action holds it to."""
    definition = make.make_definition(patient, vet)
    row = row_of(definition)
    for phase in ProtocolPhase.objects.filter(protocol__slug=slug).select_related("protocol"):
        proposed = candidates(
            protocol_phase=phase,
            definition=definition,
            row=row,
            profile="msk",
            phase=phase.code,
            clinic=patient.clinic,
            on=today,
        )
        items = [Item(exercise=one.exercise, dose=one.dose) for one in proposed if one.is_ticked]
        program = assign_program(
            definition=definition,
            protocol_phase=phase,
            items=items,
            starts_on=today,
            by=vet,
            roles=VET,
            at=now,
        )
        assert program.prescriptions.count() == len(items) > 0
    assert Program.objects.open().count() == 1


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
        assert (page.status_code, len(page.context["lines"]) > 0) == (200, True)
