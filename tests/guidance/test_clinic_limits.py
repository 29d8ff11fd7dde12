"""A clinic's own limits hold wherever the content's would: on the list, in the picture, on ladders, phases and the phone."""

import datetime as dt
import re
from collections.abc import Callable
from functools import partial
from html import unescape
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from accounts.access import Role
from accounts.models import Clinic, User
from rehab.guidance.actions import refresh_summaries
from rehab.guidance.attention import Answer, Code, Dog, Moment, limits_of, reasons
from rehab.guidance.engine.values import THRESHOLDS as ALL_THRESHOLDS
from rehab.guidance.engine.values import Profile
from rehab.guidance.models import PatientSummary
from rehab.guidance.queries.readings import known_about, standing_of
from rehab.guidance.thresholds import set_thresholds
from rehab.patients.models import Patient
from rehab.programs.ladders import THRESHOLDS, Outcome, Own, Practice, State, judge
from rehab.programs.models import LadderStep, Program
from rehab.sessions.exposures import rungs
from rehab.sessions.models import Exposure
from tests import make
from tests.make import NOW, TODAY
from tests.nudges.families import statements

AsUser = Callable[[User], Client]
DAY = dt.timedelta(days=1)


def tighten(clinic: Clinic, vet: User, *, at: dt.datetime = NOW, **msk: int) -> None:
    """Set limits of which lower is more careful; those of nerve pain are never above them."""
    neuro = {name: min(value, getattr(Profile.of("neuro"), name)) for name, value in msk.items()}
    wanted = {"msk": msk, "neuro": neuro}
    set_thresholds(clinic=clinic, wanted=wanted, reason="", by=vet, roles=frozenset({Role.VET}), at=at)


def text_of(answer: Any) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", answer.content.decode()))).strip()


@pytest.fixture
def program(patient: Patient, vet: User) -> Program:
    definition = make.make_definition(patient, vet, signed_at=NOW - 15 * DAY, pain_at_rest=1)
    return make.make_program(patient, vet, definition, starts_on=TODAY - 20 * DAY)


# --- Pure ------------------------------------------------------------------------------------------------------------


def test_what_a_clinic_has_not_set_is_the_contents() -> None:
    assert limits_of("msk", {}) == limits_of("msk") == limits_of("msk", {"neuro": {"resting_restrain": 3}})
    own = limits_of("msk", {"msk": {"morning_restrain": 4}})
    assert (own.resting, own.morning, own.morning_rise) == (6, 4, 2)


@pytest.mark.parametrize(("limit", "said"), [(6, False), (5, True)])
def test_list_compares_with_the_own_limit(limit: int, said: bool) -> None:
    answers = [Answer(day=TODAY, moment=Moment.BEFORE, score=5)]
    own = {"msk": {"resting_restrain": limit}}
    found = reasons(Dog(today=TODAY, profile="msk", own=own, answers=answers))
    assert [one.numbers["limit"] for one in found if one.code is Code.PAIN_AT_LIMIT] == ([limit] if said else [])


@pytest.mark.parametrize(
    ("own", "morning", "outcome"),
    [
        (None, 1, Outcome.GOOD),
        ({}, 1, Outcome.GOOD),
        ({"neuro": {"green_max": 1}}, 1, Outcome.GOOD),
        ({"msk": {"green_max": 1}}, 1, Outcome.AMBER),
        ({"msk": {"green_max": 0, "amber_max": 1}}, 1, Outcome.RED),
        ({"msk": {"morning_over_baseline_ok": 1}}, 2, Outcome.GOOD),
        ({"msk": {"green_max": 2}}, 2, Outcome.AMBER),
        ({"msk": {"morning_over_baseline_regress": 1}}, 2, Outcome.RED),
    ],
)
def test_practice_is_judged_by_the_own_limits(own: Own | None, morning: int, outcome: Outcome) -> None:
    practice = Practice(day=TODAY, at=NOW, done=True, pain_after=2, next_morning=morning)
    assert judge(practice, profile="msk", baseline=1, own=own).outcome is outcome


def test_practice_of_an_unknown_profile_has_the_careful_limits_of_the_clinic() -> None:
    practice = Practice(day=TODAY, at=NOW, done=True, pain_after=1, next_morning=1)
    own = {"neuro": {"green_max": 0}}
    assert judge(practice, profile="mixed", baseline=1, own=own).outcome is Outcome.AMBER


def test_ladders_judge_by_thresholds_that_a_clinic_can_set() -> None:
    assert set(THRESHOLDS) < set(ALL_THRESHOLDS)


# --- The list and the dog's page ---------------------------------------------------------------------------------------


def at_limit(patient: Patient) -> list[int]:
    summary = PatientSummary.objects.get(patient=patient)
    return [one["numbers"]["limit"] for one in summary.reasons if one["code"] == "pain_at_limit"]


def test_summaries_follow_the_clinics_limits_and_only_its_own(
    program: Program, clinic: Clinic, other_clinic: Clinic, outside_vet: User, vet: User
) -> None:
    theirs = make.make_patient(other_clinic, outside_vet)
    make.make_program(theirs, outside_vet, starts_on=TODAY - 5 * DAY)
    for dog in (program.patient, theirs):
        make.make_pain(dog, TODAY, "before", 5)
    refresh_summaries(at=NOW)
    assert (at_limit(program.patient), at_limit(theirs)) == ([], [])
    tighten(clinic, vet, resting_restrain=5)
    refresh_summaries(at=NOW)
    assert (at_limit(program.patient), at_limit(theirs)) == ([5], [])


def test_picture_draws_the_own_limit_and_says_so(
    program: Program, clinic: Clinic, vet: User, patient: Patient, as_user: AsUser
) -> None:
    make.make_pain(patient, TODAY, "before", 5)
    url = reverse("guidance:patient", args=[patient.pk])
    with time_machine.travel(NOW, tick=False):
        before = as_user(vet).get(url)
        assert "set by the clinic" not in text_of(before)
        assert "Pain at the limit" not in text_of(before)
        [line] = set(re.findall(r'chart-limit" [^>]*?y1="([\d.]+)"', before.content.decode()))
        tighten(clinic, vet, resting_restrain=5)
        after = as_user(vet).get(url)
    assert "Limit before and after exercise: 5, set by the clinic (usually 6)" in text_of(after)
    assert "Pain 5 of 10 before exercise (today); the limit is 5." in text_of(after)
    assert after.content.decode().count(">own 5</text>") == 2
    [lower] = set(re.findall(r'chart-limit" [^>]*?y1="([\d.]+)"', after.content.decode()))
    assert float(lower) > float(line)


def test_limit_that_was_put_back_is_the_contents_again(
    program: Program, clinic: Clinic, vet: User, patient: Patient
) -> None:
    make.make_pain(patient, TODAY, "before", 5)
    tighten(clinic, vet, resting_restrain=5, at=NOW - DAY)
    tighten(clinic, vet, resting_restrain=6)
    refresh_summaries(at=NOW)
    assert at_limit(patient) == []


def test_signals_beside_a_decision_follow_too(
    program: Program, clinic: Clinic, vet: User, patient: Patient, as_user: AsUser
) -> None:
    make.make_pain(patient, TODAY, "before", 5)
    tighten(clinic, vet, resting_restrain=5)
    with time_machine.travel(NOW, tick=False):
        said = text_of(as_user(vet).get(reverse("guidance:signals", args=[patient.pk])))
    assert "the limit is 5" in said


# --- Phases and ladders ------------------------------------------------------------------------------------------------


def practise(step: LadderStep, day: dt.date, pain: int) -> None:
    patient = step.patient
    at = dt.datetime.combine(day, dt.time(12), dt.UTC)
    Exposure.objects.create(
        command=make._command(patient, "tick", day, patient.created_by, at),
        clinic=patient.clinic,
        patient=patient,
        step=step,
        day=day,
        done=True,
        pain_after=pain,
        recorded_by=patient.created_by,
        done_at=at,
    )


def test_clean_sessions_of_the_phase_page_are_clean_by_the_own_limit(
    program: Program, clinic: Clinic, vet: User, patient: Patient
) -> None:
    for ago in (1, 2):
        make.make_pain(patient, TODAY - ago * DAY, "after", 2)

    def clean() -> float:
        return known_about(program, program.definition, today=TODAY).series["clean_sessions"][-1].value

    assert clean() == 2
    tighten(clinic, vet, green_max=1)
    assert clean() == 0


def test_rung_stands_by_the_own_limits_for_the_clinic_and_on_the_phone(
    program: Program, clinic: Clinic, vet: User, patient: Patient
) -> None:
    step = make.make_step(program, rung=3, starts_on=TODAY - 9 * DAY)
    for ago in (2, 4):
        practise(step, TODAY - ago * DAY, pain=2)
        make.make_pain(patient, TODAY - ago * DAY, "next_morning", 1)
    scores = {(TODAY - ago * DAY, "next_morning"): 1 for ago in (2, 4)}

    def states() -> set[State]:
        [phone] = rungs(patient.pk, TODAY, scores)
        by_phase = known_about(program, program.definition, today=TODAY).standings[step.pk]
        return {standing_of(step, today=TODAY).state, by_phase.state, phone.verdict.state}

    assert states() == {State.PASS}
    tighten(clinic, vet, green_max=1, at=NOW - DAY)
    assert states() == {State.REPEAT}
    tighten(clinic, vet, amber_max=1)
    assert states() == {State.BACK}
    tighten(clinic, vet, green_max=2, amber_max=5, at=NOW + DAY)
    assert states() == {State.PASS}


def test_phone_asks_no_more_statements_for_the_own_limits(
    program: Program, clinic: Clinic, vet: User, patient: Patient
) -> None:
    make.make_step(program, rung=3)
    tighten(clinic, vet, green_max=1)
    rungs(patient.pk, TODAY, {})
    assert statements(lambda: rungs(patient.pk, TODAY, {})) == 1


def test_batch_reads_the_limits_of_many_clinics_in_as_many_statements(db: None) -> None:
    counts = []
    for number in (1, 5):
        ids = []
        for place in range(number):
            own = make.make_clinic(name=f"Clinic {number}-{place}")
            its_vet = make.join(make.make_user(f"v{number}{place}@example.test"), own, "vet")
            dog = make.make_patient(own, its_vet)
            make.make_program(dog, its_vet)
            tighten(own, its_vet, resting_restrain=5)
            ids.append(dog.pk)
        counts.append(statements(partial(refresh_summaries, at=NOW, patient_ids=ids)))
    assert counts[0] == counts[1]
