"""What the rules stop by themselves: at once, on every phone, once, and until a vet has looked."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from accounts.access import Role
from accounts.models import User
from rehab.guidance.actions import refresh_summaries
from rehab.guidance.models import Evaluation, PatientSummary, Suggestion
from rehab.guidance.releasing import release_stop
from rehab.patients.models import Patient, ProblemDefinition
from rehab.programs.actions import pause_program
from rehab.programs.models import Program
from rehab.sessions.models import WarningReport
from tests import make
from tests.make import NOW, TODAY
from tests.sessions.reporting import report

AsUser = Callable[[User], Client]
DAY = dt.timedelta(days=1)
MINUTE = dt.timedelta(minutes=1)
VET = frozenset({Role.VET})
LONG_AGO = NOW - dt.timedelta(days=15)


@pytest.fixture
def signed(patient: Patient, vet: User) -> ProblemDefinition:
    """Signed before all that is logged here, so that no vet has seen it."""
    return make.make_definition(patient, vet, signed_at=LONG_AGO)


@pytest.fixture
def running(patient: Patient, vet: User, signed: ProblemDefinition) -> Program:
    return make.make_program(patient, vet, signed)


def found(patient: Patient) -> list[tuple[list[str], list[str], str, str]]:
    """What the rules have reported: flags, rules, urgency and scope."""
    rows = WarningReport.objects.filter(patient=patient, command=None).order_by("done_at", "pk")
    return list(rows.values_list("flags", "rules", "urgency", "stop"))


def stops(patient: Patient) -> list[WarningReport]:
    return list(WarningReport.objects.filter(patient=patient).stopping())


def release(patient: Patient, vet: User, *, at: dt.datetime) -> None:
    seen = [one.pk for one in stops(patient)]
    release_stop(patient=patient, seen=seen, by=vet, roles=VET, reason="Examined", at=at)


def test_pain_at_rest_stops_the_dog_at_once_and_once(patient: Patient, running: Program) -> None:
    make.make_pain(patient, TODAY, "before", 6)
    refresh_summaries(at=NOW)
    assert found(patient) == [(["RF16"], [], "call_today", "all_active")]
    refresh_summaries(at=NOW + MINUTE, patient_ids=[patient.pk])
    assert len(found(patient)) == 1
    assert stops(patient)[0].numbers == {"RF16": {"score": 6.0, "limit": 6}}


@pytest.mark.parametrize(("score", "expected"), [(5, 0), (6, 1), (7, 1), (8, 1)])
def test_limit_is_the_contents(patient: Patient, running: Program, score: int, expected: int) -> None:
    make.make_pain(patient, TODAY, "before", score)
    refresh_summaries(at=NOW)
    assert len(stops(patient)) == expected


def test_severe_pain_is_an_emergency(patient: Patient, running: Program) -> None:
    make.make_pain(patient, TODAY, "before", 8)
    refresh_summaries(at=NOW)
    assert found(patient) == [(["RF06"], [], "emergency_now", "all_active_and_passive")]


def test_two_bad_mornings_stop_by_a_rule_that_no_sign_has(patient: Patient, running: Program) -> None:
    # As bad before: then the morning is no rise (RF20).
    for days in (3, 2, 1):
        make.make_pain(patient, TODAY - days * DAY, "before", 5)
    for days in (3, 2):
        make.make_pain(patient, TODAY - days * DAY, "next_morning", 6)
    refresh_summaries(at=NOW)
    assert found(patient) == [([], ["R3"], "call_today", "all_active")]


def test_what_a_family_reported_is_not_found_again(patient: Patient, running: Program, owner: User) -> None:
    report(patient, owner, "RF16", at=NOW)
    make.make_pain(patient, TODAY, "before", 6)
    refresh_summaries(at=NOW)
    assert found(patient) == []
    assert len(stops(patient)) == 1


def test_only_what_comes_after_a_release_stops_again(patient: Patient, running: Program, vet: User) -> None:
    make.make_pain(patient, TODAY, "before", 6)
    refresh_summaries(at=NOW)
    release(patient, vet, at=NOW + MINUTE)
    refresh_summaries(at=NOW + 2 * MINUTE, patient_ids=[patient.pk])
    assert stops(patient) == []

    make.make_pain(patient, TODAY, "before", 7, done_at=NOW + 3 * MINUTE)
    refresh_summaries(at=NOW + 4 * MINUTE, patient_ids=[patient.pk])
    assert [one.flags for one in stops(patient)] == [["RF16"]]


def test_nerve_pain_without_a_plan_stops_until_a_vet_says_otherwise(patient: Patient, vet: User) -> None:
    neuro: dict[str, Any] = {
        "mechanism": "neurologic",
        "cause": "disc",
        "pain_control": "none_needed",
        "pain_at_rest": 2,
    }
    definition = make.make_definition(patient, vet, signed_at=LONG_AGO, **neuro)
    make.make_program(patient, vet, definition, profile="neuro", decision_row="D2")
    refresh_summaries(at=NOW)
    assert found(patient) == [([], ["R4"], "call_today", "all_active")]

    release(patient, vet, at=NOW + MINUTE)
    refresh_summaries(at=NOW + 2 * MINUTE, patient_ids=[patient.pk])
    assert stops(patient) == []
    evaluation = Evaluation.objects.get(patient=patient)
    assert (evaluation.verdict, evaluation.fired[0]["rule"]) == ("restrain", "R4")


def test_note_for_the_next_review_stops_nothing_and_is_not_written_every_day(
    patient: Patient, running: Program
) -> None:
    for days in range(4, 0, -1):
        make.make_pain(patient, TODAY - days * DAY, "before", 1)
        make.make_pain(patient, TODAY - days * DAY, "next_morning", 2)
    refresh_summaries(at=NOW)
    assert found(patient) == [(["RF27"], [], "next_review", "none")]
    assert stops(patient) == []
    refresh_summaries(at=NOW + DAY, patient_ids=[patient.pk])
    assert len(found(patient)) == 1


def test_dog_without_a_running_program_has_nothing_to_stop(patient: Patient, running: Program, vet: User) -> None:
    pause_program(program=running, reason="Holiday", plan_version=1, by=vet, at=NOW)
    make.make_pain(patient, TODAY, "before", 9)
    refresh_summaries(at=NOW)
    assert found(patient) == []
    assert Evaluation.objects.get(patient=patient).verdict == "restrain"


def test_clinic_and_family_read_what_was_found_and_that_nobody_reported_it(
    patient: Patient, running: Program, vet: User, owner: User, as_user: AsUser
) -> None:
    make.make_pain(patient, TODAY, "before", 6)
    refresh_summaries(at=NOW)
    assert PatientSummary.objects.get(patient=patient).reasons[0]["code"] == "restrained"
    with time_machine.travel(NOW, tick=False):
        clinic_page = as_user(vet).get(reverse("guidance:patient", args=[patient.pk])).content.decode()
        family_page = as_user(owner).get(reverse("sessions:today", args=[patient.pk])).content.decode()
    assert "Found in what was logged" in clinic_page
    assert "Pain at rest 6-7" in family_page
    assert "because of what was logged" in family_page


def test_every_exercise_says_restrain_and_asks_for_a_vet(patient: Patient, running: Program) -> None:
    make.make_pain(patient, TODAY, "before", 6)
    refresh_summaries(at=NOW)
    assert set(Suggestion.objects.open().values_list("verdict", "approver")) == {("restrain", "vet")}
