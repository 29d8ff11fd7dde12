"""From what was logged to what the rules see."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Clinic, User
from rehab.guidance.actions import refresh_summaries
from rehab.guidance.engine.values import Dog, Item
from rehab.guidance.models import Evaluation, Suggestion
from rehab.guidance.queries.evidence import evidence_of
from rehab.patients.models import Patient, ProblemDefinition
from rehab.programs.models import Decision, Prescription, Program
from rehab.sessions.models import MedicineAnswer, PerformedExercise, ResponseAnswer
from tests import make
from tests.make import NOW, TODAY
from tests.sessions.reporting import report

DAY = dt.timedelta(days=1)


@pytest.fixture
def definition(patient: Patient, vet: User) -> ProblemDefinition:
    return make.make_definition(patient, vet, signed_at=NOW - 15 * DAY)


@pytest.fixture
def item(program: Program) -> Prescription:
    """Three sets twice a day for twenty days."""
    return program.prescriptions.get(exercise__slug="stand-count")


def seen(patient: Patient) -> Dog:
    return evidence_of([patient], at=NOW, thresholds={})[patient.pk]


def item_of(patient: Patient, slug: str = "stand-count") -> Item:
    return next(one for one in seen(patient).items if one.slug == slug)


def test_round_is_what_was_done_of_a_day(item: Prescription) -> None:
    make.make_tick(item, TODAY - DAY, slot=1)
    make.make_tick(item, TODAY - DAY, slot=2, state="partial", share=50)
    [done] = item_of(item.patient).rounds
    assert (done.day, done.share, done.quality, done.stop_codes) == (TODAY - DAY, 0.75, None, frozenset())


def test_last_word_about_a_time_of_the_day_counts(item: Prescription) -> None:
    make.make_tick(item, TODAY - DAY, slot=1)
    make.make_tick(item, TODAY - DAY, slot=1, state="undone", done_at=NOW)
    [done] = item_of(item.patient).rounds
    assert done.share == 0


def test_worst_quality_and_every_stop_sign_of_the_day_count(item: Prescription) -> None:
    for slot, quality, signs in ((1, 3, ["S_CRY"]), (2, 1, ["S_SHAKE"])):
        tick = make.make_tick(item, TODAY - DAY, slot=slot)
        PerformedExercise.objects.filter(pk=tick.pk).update(quality=quality, stop_signs=signs)
    [done] = item_of(item.patient).rounds
    assert (done.quality, done.stop_codes) == (1, frozenset({"S_CRY", "S_SHAKE"}))


def test_quality_of_the_day_stands_for_what_was_not_answered_alone(item: Prescription, owner: User) -> None:
    tick = make.make_tick(item, TODAY - DAY, slot=1)
    ResponseAnswer.objects.create(
        command=make.make_tick(item, TODAY - DAY, slot=2).command,
        clinic_id=item.clinic_id,
        patient_id=item.patient_id,
        day=TODAY - DAY,
        quality=2,
        tired=3,
        recorded_by=owner,
        done_at=tick.done_at,
    )
    [done] = item_of(item.patient).rounds
    assert done.quality == 2
    assert next(one.tired for one in seen(item.patient).sessions if one.day == TODAY - DAY) == 3


def test_session_holds_the_last_answers_and_the_morning_after(item: Prescription) -> None:
    patient = item.patient
    make.make_pain(patient, TODAY - DAY, "before", 4)
    make.make_pain(patient, TODAY - DAY, "before", 2, done_at=NOW)
    make.make_pain(patient, TODAY - DAY, "next_morning", 1)
    [session] = seen(patient).sessions
    assert (session.before, session.after, session.morning) == (2, None, 1)


def test_same_dose_in_another_prescription_is_the_same_level(item: Prescription, vet: User) -> None:
    decision = Decision.objects.create(
        clinic_id=item.clinic_id,
        patient_id=item.patient_id,
        program_id=item.program_id,
        kind="phase",
        plan_version=2,
        reason="On",
        effective_on=TODAY - 3 * DAY,
        decided_by=vet,
        decided_at=NOW - 3 * DAY,
    )
    Prescription.objects.filter(pk=item.pk).update(ends_on=TODAY - 3 * DAY, ended_by=decision)
    make.make_prescription(item.program, decision, item.exercise, item.dose, starts_on=TODAY - 3 * DAY)
    assert item_of(item.patient).level_since == item.starts_on


def test_completion_is_of_seven_days_before_today(item: Prescription) -> None:
    for days in (1, 2):
        for slot in (1, 2):
            make.make_tick(item, TODAY - days * DAY, slot=slot)
    assert item_of(item.patient).completion == pytest.approx(2 / 7)
    dog = seen(item.patient)
    assert dog.completion == pytest.approx(2 / 14)


def test_missed_days_count_since_the_last_time(item: Prescription) -> None:
    make.make_tick(item, TODAY - 4 * DAY, slot=1)
    one = item_of(item.patient)
    assert (one.last_done_on, one.missed_days) == (TODAY - 4 * DAY, 3)


def test_flags_are_those_that_no_vet_has_released(item: Prescription, owner: User) -> None:
    report(item.patient, owner, "RF13")
    assert {flag.id for flag in seen(item.patient).flags} == {"RF13"}


@pytest.mark.parametrize(("hours", "expected"), [(71, 1), (73, 0)])
def test_missed_doses_of_three_days_count(item: Prescription, owner: User, hours: int, expected: int) -> None:
    at = NOW - dt.timedelta(hours=hours)
    MedicineAnswer.objects.create(
        command=make.make_tick(item, at.date(), slot=1).command,
        clinic_id=item.clinic_id,
        patient_id=item.patient_id,
        day=at.date(),
        medicine="Gabapentin",
        time="08:00",
        given=False,
        reason="ran_out",
        recorded_by=owner,
        done_at=at,
    )
    dog = seen(item.patient)
    assert dog.doses_missed == expected
    assert dog.medicine_is_out is True


def test_undetermined_definition_has_the_careful_profile_that_never_grows(patient: Patient, vet: User) -> None:
    make.make_definition(patient, vet, mechanism="undetermined", signed_at=NOW - 15 * DAY)
    profile = seen(patient).profile
    assert (profile.name, profile.never, profile.resting_restrain) == ("undetermined", True, 5)


def test_dog_without_a_definition_is_not_signed(patient: Patient) -> None:
    dog = seen(patient)
    assert (dog.is_signed, dog.items) == (False, [])


def test_statements_are_the_same_for_any_number_of_dogs(clinic: Clinic, vet: User) -> None:
    counts = []
    for number in (1, 12):
        patients = []
        for _ in range(number):
            patient = make.make_patient(clinic, vet)
            program = make.make_program(patient, vet)
            make.make_tick(program.prescriptions.get(exercise__slug="stand-count"), TODAY - DAY)
            make.make_pain(patient, TODAY - DAY)
            patients.append(patient)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            evidence_of(patients, at=NOW, thresholds={})
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 18


def test_dog_whose_record_cannot_be_read_is_left_for_a_person_and_hides_no_other(
    item: Prescription, clinic: Clinic, vet: User
) -> None:
    other = make.make_patient(clinic, vet)
    make.make_program(other, vet)
    make.rewrite(item, dose={"sets": "three"})
    refresh_summaries(at=NOW)
    assert Evaluation.objects.get(patient=item.patient).broken == ["record"]
    assert not Suggestion.objects.open().filter(patient=item.patient).exists()
    assert Suggestion.objects.open().filter(patient=other).exists()
