"""The summaries: what they count, when they are rebuilt, and what that costs."""

import datetime as dt
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.db.utils import IntegrityError
from django.test.utils import CaptureQueriesContext

from accounts.access import Role
from accounts.models import Clinic, User
from rehab.guidance.actions import refresh_summaries
from rehab.guidance.models import PatientSummary, SummaryMark
from rehab.guidance.queries.patient_page import patient_page, signals
from rehab.guidance.tasks import refresh_summaries as refresh_task
from rehab.patients.models import Caregiver, Patient, ProblemDefinition
from rehab.programs.actions import pause_program
from rehab.programs.actions.redefining import adopt_definition
from rehab.programs.models import Decision, Prescription
from tests import make
from tests.make import NOW, TODAY

DAY = dt.timedelta(days=1)
# A run looks back one minute: what came in before that is not taken up again.
LATER = NOW + dt.timedelta(seconds=61)


def summary(patient: Patient) -> PatientSummary:
    row: PatientSummary = PatientSummary.objects.get(patient=patient)
    return row


def content(patient: Patient) -> dict[str, Any]:
    return {**PatientSummary.objects.filter(patient=patient).values().get(), "refreshed_at": None}


@pytest.fixture
def item(patient: Patient, vet: User, definition: ProblemDefinition) -> Prescription:
    """One exercise twice a day, every day for twenty days."""
    program = make.make_program(
        patient, vet, definition, exercises=[("stand-count", {"sets": 1, "per_day": 2, "days_per_week": 7})]
    )
    return program.prescriptions.get()


def test_adherence_counts_all_before_today_and_of_today_what_is_done(item: Prescription) -> None:
    for slot in (1, 2):
        make.make_tick(item, TODAY - DAY, slot=slot)
    make.make_tick(item, TODAY - 2 * DAY, slot=1)
    make.make_tick(item, TODAY, slot=1)
    refresh_summaries(at=NOW)
    row = summary(item.patient)
    assert (row.as_of, row.due, float(row.done), row.adherence_percent) == (TODAY, 13, 1.5, 12)
    assert row.adherence_series == [*[0] * 11, 50, 100, None]

    make.make_tick(item, TODAY, slot=2)
    refresh_summaries(at=NOW)
    row = summary(item.patient)
    assert (row.due, float(row.done), row.adherence_percent) == (14, 2.5, 18)
    assert row.adherence_series == [*[0] * 11, 50, 100, 100]


def test_adherence_counts_the_last_word_of_each_slot(item: Prescription) -> None:
    evening = dt.datetime.combine(TODAY - DAY, dt.time(20), dt.UTC)
    make.make_tick(item, TODAY - DAY, slot=1)
    make.make_tick(item, TODAY - DAY, slot=1, state="undone", done_at=evening)
    make.make_tick(item, TODAY - DAY, slot=2, state="partial", share=60)
    refresh_summaries(at=NOW)
    assert summary(item.patient).adherence_series[-2] == 30


def test_series_have_gaps_where_nothing_was_due_or_answered(patient: Patient, vet: User) -> None:
    program = make.make_program(
        patient, vet, starts_on=TODAY - 3 * DAY, exercises=[("stand-count", {"days_per_week": 7})]
    )
    make.make_tick(program.prescriptions.get(), TODAY - DAY)
    make.make_pain(patient, TODAY - 3 * DAY, "before", 2)
    make.make_pain(patient, TODAY - 3 * DAY, "after", 4)
    make.make_pain(patient, TODAY - 2 * DAY, "next_morning", 0)
    refresh_summaries(at=NOW)
    row = summary(patient)
    assert row.adherence_series == [*[None] * 10, 0, 0, 100, None]
    assert row.pain_series == [*[None] * 10, 4, None, 0, None]
    assert (row.last_pain, row.last_pain_on) == (0, TODAY - DAY)
    assert row.last_activity_on == TODAY - DAY


def test_last_pain_answer_of_a_moment_counts(patient: Patient) -> None:
    make.make_pain(patient, TODAY, "before", 9)
    make.make_pain(patient, TODAY, "before", 3, done_at=NOW)
    refresh_summaries(at=NOW)
    assert summary(patient).pain_series[-1] == 3


def test_window_is_fourteen_days_and_the_morning_of_the_first_belongs_to_it(item: Prescription) -> None:
    make.make_pain(item.patient, TODAY - 14 * DAY, "before", 9)
    make.make_pain(item.patient, TODAY - 14 * DAY, "next_morning", 5)
    make.make_pain(item.patient, TODAY - 15 * DAY, "next_morning", 8)
    for slot in (1, 2):
        make.make_tick(item, TODAY - 14 * DAY, slot=slot)
    refresh_summaries(at=NOW)
    row = summary(item.patient)
    assert row.pain_series == [5, *[None] * 13]
    assert float(row.done) == 0


def test_dog_without_anything_has_an_empty_row_that_needs_a_look(patient: Patient) -> None:
    assert refresh_summaries(at=NOW) == 1
    row = summary(patient)
    assert (row.adherence_percent, row.last_pain, row.last_activity_on, row.phase) == (None, None, None, "")
    assert row.adherence_series == row.pain_series == [None] * 14
    assert [reason["code"] for reason in row.reasons] == ["not_signed"]
    assert row.attention == 48


def test_summary_says_phase_and_reasons(item: Prescription) -> None:
    refresh_summaries(at=NOW)
    row = summary(item.patient)
    assert (row.phase, row.phase_name) == ("P2", "Steady")
    assert [reason["code"] for reason in row.reasons] == ["silent", "low_adherence", "no_pain_answer"]


@pytest.mark.parametrize(
    ("profile", "mechanism", "expected"),
    [
        ("msk", "musculoskeletal", []),
        ("msk", "neurologic", ["restrained", "pain_at_limit"]),
        ("neuro", "musculoskeletal", ["restrained", "pain_at_limit"]),
    ],
)
def test_the_more_careful_limits_count_when_program_and_definition_differ(
    patient: Patient, vet: User, profile: str, mechanism: str, expected: list[str]
) -> None:
    make.make_program(patient, vet, profile=profile, exercises=[])
    make.make_definition(patient, vet, version=9, mechanism=mechanism, cause="arthritis", pain_at_rest=5)
    make.make_pain(patient, TODAY, "before", 5)
    refresh_summaries(at=NOW)
    assert [reason["code"] for reason in summary(patient).reasons] == expected


def test_newest_signed_definition_counts_and_a_draft_does_not(patient: Patient, vet: User) -> None:
    make.make_definition(patient, vet, re_exam_due_on=TODAY - DAY)
    make.make_definition(patient, vet, re_exam_due_on=TODAY + 30 * DAY)
    make.make_definition(patient, vet, signed=False, re_exam_due_on=TODAY - 9 * DAY)
    refresh_summaries(at=NOW)
    assert [reason["code"] for reason in summary(patient).reasons] == ["no_program"]


def test_days_are_those_of_the_dog(clinic: Clinic, vet: User) -> None:
    """At 17:00 UTC it is already tomorrow in Auckland and still today in Honolulu."""
    auckland = make.make_patient(clinic, vet, time_zone="Pacific/Auckland")
    honolulu = make.make_patient(clinic, vet, time_zone="Pacific/Honolulu")
    for dog in (auckland, honolulu):
        make.make_pain(dog, TODAY, "before", 3)
    refresh_summaries(at=NOW)
    assert (summary(auckland).as_of, summary(auckland).pain_series[-2:]) == (TODAY + DAY, [3, None])
    assert (summary(honolulu).as_of, summary(honolulu).pain_series[-2:]) == (TODAY, [None, 3])


def test_refresh_takes_up_only_what_is_new(clinic: Clinic, vet: User) -> None:
    dogs = [make.make_patient(clinic, vet) for _ in range(4)]
    programs = [make.make_program(dog, vet) for dog in dogs]
    assert refresh_summaries(at=NOW) == 4
    assert refresh_summaries(at=LATER) == 4  # the definitions were signed within the overlap
    assert refresh_summaries(at=LATER) == 0

    then = LATER + dt.timedelta(seconds=61)
    make.make_pain(dogs[0], TODAY, "before", 7, done_at=then)
    Decision.objects.create(
        clinic=clinic,
        patient=dogs[1],
        program=programs[1],
        kind="hold",
        reason="Two easy weeks",
        plan_version=2,
        effective_on=TODAY,
        decided_by=vet,
        decided_at=then,
    )
    make.make_definition(dogs[2], vet, signed_at=then)
    assert refresh_summaries(at=then) == 3
    assert set(PatientSummary.objects.filter(refreshed_at=then).values_list("patient", flat=True)) == {
        dog.pk for dog in dogs[:3]
    }
    assert summary(dogs[0]).last_pain == 7


def test_what_was_received_while_a_run_was_under_way_is_not_lost(patient: Patient) -> None:
    refresh_summaries(at=NOW)
    # Committed after the run had read, with a time of receipt before it.
    make.make_pain(patient, TODAY, "before", 7, done_at=NOW - dt.timedelta(seconds=59))
    assert refresh_summaries(at=NOW + dt.timedelta(seconds=15)) == 1
    assert summary(patient).last_pain == 7


def test_refresh_is_idempotent(item: Prescription) -> None:
    make.make_tick(item, TODAY - DAY)
    make.make_pain(item.patient, TODAY, "before", 4)
    refresh_summaries(at=NOW)
    first = content(item.patient)
    refresh_summaries(at=NOW, patient_ids=[item.patient_id])
    assert content(item.patient) == first
    assert PatientSummary.objects.count() == 1


def codes(patient: Patient) -> list[str]:
    return [reason["code"] for reason in summary(patient).reasons]


def test_refresh_takes_up_who_has_joined_and_who_has_left(clinic: Clinic, vet: User, owner: User) -> None:
    patient = make.make_patient(clinic, vet)
    make.make_program(patient, vet, exercises=[])
    for at in (NOW, LATER):
        refresh_summaries(at=at)
    assert codes(patient) == ["no_family"]
    then = LATER + dt.timedelta(hours=1)
    care = make.care_for(patient, owner)
    Caregiver.objects.filter(pk=care.pk).update(started_at=then)
    assert refresh_summaries(at=then) == 1
    assert codes(patient) == []
    Caregiver.objects.filter(pk=care.pk).update(ended_at=then + dt.timedelta(hours=1))
    assert refresh_summaries(at=then + dt.timedelta(hours=1)) == 1
    assert codes(patient) == ["no_family"]


def test_paused_program_is_listed_with_its_day(item: Prescription, vet: User) -> None:
    pause_program(program=item.program, reason="Holiday", plan_version=1, by=vet, at=NOW)
    refresh_summaries(at=NOW)
    found = {reason["code"]: reason["numbers"] for reason in summary(item.patient).reasons}
    assert found["paused"] == {"on": TODAY.isoformat()}


def test_phase_is_to_be_checked_until_a_person_decides_about_it(patient: Patient, vet: User) -> None:
    """The program had come to P3 under row D1; a row of the nerves begins in P0."""
    program = make.make_program(patient, vet, phase="P3", exercises=[])
    newer = make.make_definition(patient, vet, mechanism="neurologic", cause="disc", neuro_deficit=True, neuro_grade=2)
    adopt_definition(program=program, definition=newer, by=vet, roles=frozenset({Role.VET}), at=NOW)
    for at in (NOW, LATER):
        refresh_summaries(at=at)
        assert "check_phase" in codes(patient)
        assert "Check the phase" in [why.badge for why in patient_page(patient, at=at, span=14).reasons]
    assert "Check the phase" in [why.badge for why in signals(patient, at=NOW)]
    Decision.objects.create(
        clinic=patient.clinic,
        patient=patient,
        program=program,
        kind="phase",
        reason="Looked at again",
        plan_version=3,
        effective_on=TODAY,
        decided_by=vet,
        decided_at=NOW,
    )
    refresh_summaries(at=NOW, patient_ids=[patient.pk])
    assert "check_phase" not in codes(patient)
    assert "Check the phase" not in [why.badge for why in patient_page(patient, at=NOW, span=14).reasons]


def test_new_local_day_is_a_reason_to_refresh(clinic: Clinic, vet: User) -> None:
    auckland = make.make_patient(clinic, vet, time_zone="Pacific/Auckland")
    honolulu = make.make_patient(clinic, vet, time_zone="Pacific/Honolulu")
    refresh_summaries(at=NOW)
    honolulu_midnight = NOW + dt.timedelta(hours=17)
    assert refresh_summaries(at=honolulu_midnight) == 1
    assert (summary(honolulu).as_of, summary(auckland).as_of) == (TODAY + DAY, TODAY + DAY)
    auckland_midnight = NOW + dt.timedelta(hours=18)
    assert refresh_summaries(at=auckland_midnight) == 1
    assert summary(auckland).as_of == TODAY + 2 * DAY


def test_dog_whose_zone_changed_is_refreshed(patient: Patient) -> None:
    refresh_summaries(at=NOW)
    Patient.objects.filter(pk=patient.pk).update(time_zone="Pacific/Auckland")
    assert refresh_summaries(at=LATER) == 1
    assert summary(patient).as_of == TODAY + DAY


def test_refresh_of_named_dogs_leaves_the_mark(clinic: Clinic, vet: User) -> None:
    named, _other = (make.make_patient(clinic, vet) for _ in range(2))
    assert refresh_summaries(at=NOW, patient_ids=[named.pk]) == 1
    assert not SummaryMark.objects.exists()
    assert list(PatientSummary.objects.values_list("patient", flat=True)) == [named.pk]
    assert refresh_summaries(at=NOW, patient_ids=[]) == 0
    assert refresh_summaries(at=NOW) == 2


def test_batches_cover_every_dog_once(clinic: Clinic, vet: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rehab.guidance.actions.BATCH", 2)
    dogs = [make.make_patient(clinic, vet) for _ in range(5)]
    assert refresh_summaries(at=NOW) == 5
    assert set(PatientSummary.objects.values_list("patient", flat=True)) == {dog.pk for dog in dogs}


# On SQLite more rows would be written in several statements, because one takes 999 parameters.
@pytest.mark.parametrize("count", [1, 18])
def test_statements_of_a_batch_are_the_same_for_any_number_of_dogs(clinic: Clinic, vet: User, count: int) -> None:
    for _ in range(count):
        dog = make.make_patient(clinic, vet)
        program = make.make_program(dog, vet)
        for item in program.prescriptions.all():
            make.make_tick(item, TODAY - DAY)
        make.make_pain(dog, TODAY, "before", 2)
    with CaptureQueriesContext(connection) as queries:
        assert refresh_summaries(at=NOW) == count
    statements = [
        query["sql"] for query in queries if not query["sql"].startswith(("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE"))
    ]
    # The mark; the batch; the thresholds; fourteen of the evidence; the evaluations; suggestions, their prescriptions, and
    # their rows; the checkpoints that are due; sixteen of the facts, among them what the rules have just said, the clinics'
    # limits and the checkpoints to look at; the rows; the mark again (3).
    assert len(statements) == 40, "\n".join(statements)


def test_task_refreshes_at_the_clock(patient: Patient) -> None:
    with time_machine.travel(NOW, tick=False):
        refresh_task()
    assert summary(patient).refreshed_at == NOW


def test_there_is_one_mark(db: None) -> None:
    SummaryMark.objects.create(seen_until=NOW)
    with pytest.raises(IntegrityError):
        SummaryMark.objects.create(pk=2, seen_until=NOW)


def test_summaries_are_visible_to_those_who_may_see_the_dog(
    patient: Patient, vet: User, owner: User, admin: User, outside_vet: User, stranger: User
) -> None:
    refresh_summaries(at=NOW)

    def seen(user: User) -> set[Any]:
        return set(PatientSummary.objects.visible_to(user).values_list("patient", flat=True))

    assert seen(vet) == seen(owner) == {patient.pk}
    assert seen(admin) == set()
    assert patient.pk not in seen(outside_vet) | seen(stranger)
    assert len(seen(stranger)) == 1
