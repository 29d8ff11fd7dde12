"""The staff's page of one dog: who may open it, what it says, and at which cost."""

import datetime as dt
import re
from collections.abc import Callable, Iterator
from html import unescape
from typing import Any

import pytest
import time_machine
from django.test import Client

from accounts.models import Clinic, Invitation, User
from rehab.guidance.actions import refresh_summaries
from rehab.guidance.attention import Code
from rehab.guidance.models import PatientSummary
from rehab.guidance.queries.patient_page import SPANS, patient_page
from rehab.guidance.wording import BADGES
from rehab.lib.ids import new_id
from rehab.patients.models import CaregiverInvitation, Patient, ProblemDefinition
from rehab.programs.models import Decision, Program
from tests import make
from tests.make import NOW, TODAY

DAY = dt.timedelta(days=1)
AsUser = Callable[[User], Client]


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def url(patient: Patient, query: str = "") -> str:
    return f"/patients/{patient.pk}/{query}"


def text_of(html: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", html))).strip()


def shown(client: Client, patient: Patient, query: str = "") -> str:
    answer = client.get(url(patient, query))
    assert answer.status_code == 200
    return text_of(answer.content.decode())


@pytest.mark.parametrize(
    ("persona", "status"),
    [
        ("vet", 200),
        ("therapist", 200),
        ("colleague", 200),
        ("owner", 403),
        ("caregiver", 403),
        ("admin", 404),
        ("stranger", 404),
        ("outside_vet", 404),
    ],
)
def test_patient_page_is_for_those_who_see_the_record(
    request: pytest.FixtureRequest, as_user: AsUser, patient: Patient, persona: str, status: int
) -> None:
    answer = as_user(request.getfixturevalue(persona)).get(url(patient))
    assert answer.status_code == status
    assert (b"Bruno" in answer.content) is (status == 200)


def test_patient_page_asks_for_a_sign_in_and_refuses_post(
    client: Client, as_user: AsUser, patient: Patient, vet: User
) -> None:
    assert client.get(url(patient)).status_code == 302
    assert as_user(vet).post(url(patient)).status_code == 405
    assert as_user(vet).get(f"/patients/{new_id()}/").status_code == 404


def test_page_without_definition_explains_the_gate(as_user: AsUser, patient: Patient, vet: User) -> None:
    text = shown(as_user(vet), patient)
    assert "Until a vet has signed the answers, no program can be assigned." in text
    assert "Define the problem" in text
    make.make_definition(patient, vet, signed=False)
    assert "Finish the draft and sign it" in shown(as_user(vet), patient)


def test_page_never_offers_a_signature_to_a_therapist(
    as_user: AsUser, patient: Patient, vet: User, therapist: User
) -> None:
    make.make_definition(patient, vet, signed=False)
    text = shown(as_user(therapist), patient)
    assert "Finish the draft for the vet" in text
    assert "sign it" not in text


def test_page_with_definition_and_no_program_leads_to_one(
    as_user: AsUser, patient: Patient, vet: User, definition: ProblemDefinition
) -> None:
    text = shown(as_user(vet), patient)
    assert "Assign a program" in text
    assert "Define the problem" not in text
    assert "Primary, musculoskeletal" in text or "primary, musculoskeletal" in text
    assert "Grade 1 of 5, pain only" in text
    assert "in 14 days" in text
    assert "Signed by Dr. Vera Lind, 18 Mar 2026" in text


def test_page_shows_the_newest_signed_definition_and_the_draft(as_user: AsUser, patient: Patient, vet: User) -> None:
    make.make_definition(patient, vet, cause="arthritis", cause_statement="SUPERSEDED")
    make.make_definition(patient, vet, cause_statement="Strained at the ball")
    make.make_definition(patient, vet, signed=False, cause_statement="DRAFTED")
    text = shown(as_user(vet), patient)
    assert "Strained at the ball" in text
    assert "Go on with the draft" in text
    assert "SUPERSEDED" not in text
    assert "DRAFTED" not in text


def test_page_tells_what_was_said_at_home_in_the_dogs_time(
    as_user: AsUser, program: Program, vet: User, owner: User
) -> None:
    Patient.objects.filter(pk=program.patient_id).update(time_zone="Europe/Madrid")
    first, second = program.prescriptions.order_by("position")
    make.make_tick(first, by=owner, done_at=NOW - dt.timedelta(hours=1))
    make.make_tick(second, by=owner, state="skipped", skip_reason="pain", done_at=NOW - dt.timedelta(hours=2))
    make.make_pain(program.patient, TODAY - DAY, "next_morning", 3, by=owner, done_at=NOW - dt.timedelta(hours=9))
    text = shown(as_user(vet), program.patient)
    assert "Stand count: done Olga, today, 17:00" in text
    assert "Weight shift: skipped Olga, today, 16:00" in text
    assert "Pain 3 of 10 in the morning Olga, today, 09:00" in text
    assert "18 Mar Weight shift: The dog seemed in pain" in text
    assert "Skipped for pain" in text


def test_page_shows_the_last_five_decisions(as_user: AsUser, program: Program, vet: User) -> None:
    for version in range(2, 8):
        Decision.objects.create(
            clinic=program.clinic,
            patient=program.patient,
            program=program,
            kind="hold",
            reason=f"Reason {version}",
            plan_version=version,
            effective_on=TODAY,
            decided_by=vet,
            decided_at=NOW,
        )
    text = shown(as_user(vet), program.patient)
    assert re.findall(r"Reason \d", text) == [f"Reason {version}" for version in (7, 6, 5, 4, 3)]


def test_page_shows_people_and_open_invitations(as_user: AsUser, patient: Patient, caregiver: User, vet: User) -> None:
    for number, expires in enumerate([NOW + DAY, NOW - DAY]):
        invitation = Invitation.objects.create(
            clinic=patient.clinic,
            token_hash=str(number) * 64,
            email=f"invited{number}@example.test",
            invited_by=vet,
            created_at=NOW - 2 * DAY,
            expires_at=expires,
        )
        CaregiverInvitation.objects.create(
            invitation=invitation, clinic=patient.clinic, patient=patient, relation="caregiver"
        )
    text = shown(as_user(vet), patient)
    assert "Olga Ruiz owner · owner@example.test" in text
    assert "Carl Ruiz caregiver · caregiver@example.test" in text
    assert "invited0@example.test" in text
    assert "invited1@example.test" not in text


def test_page_shows_each_items_adherence_and_leaves_out_today_until_done(program: Program, vet: User) -> None:
    twice, once = program.prescriptions.order_by("position")
    for ago in range(14):
        make.make_tick(once, TODAY - ago * DAY)
    for ago in range(8):
        make.make_tick(twice, TODAY - ago * DAY, slot=1)
    page = patient_page(program.patient, at=NOW, span=14)
    adherence = {item.exercise.slug: vars(item)["adherence_percent"] for item in page.prescriptions}
    assert adherence == {"stand-count": 27, "weight-shift": 100}
    assert page.adherence == 65


def test_item_that_starts_tomorrow_is_listed_without_adherence(program: Program) -> None:
    make.make_prescription(program, exercise="leash-walk", starts_on=TODAY + DAY, position=5)
    page = patient_page(program.patient, at=NOW, span=14)
    assert page.prescriptions[-1].exercise.slug == "leash-walk"
    assert vars(page.prescriptions[-1])["adherence_percent"] is None


def test_picture_has_a_row_for_each_day_with_gaps(program: Program) -> None:
    make.make_pain(program.patient, TODAY - 2 * DAY, "before", 2)
    make.make_pain(program.patient, TODAY - 2 * DAY, "after", 4)
    make.make_pain(program.patient, TODAY - 2 * DAY, "next_morning", 0)
    make.make_tick(program.prescriptions.get(position=1), TODAY - DAY)
    page = patient_page(program.patient, at=NOW, span=14)
    days = {row.day: row for row in page.picture.days}
    assert list(days) == [TODAY - ago * DAY for ago in range(14)]
    two_ago, one_ago = days[TODAY - 2 * DAY], days[TODAY - DAY]
    assert (two_ago.next_morning, two_ago.before, two_ago.after, two_ago.percent) == (None, 2, 4, 0)
    assert (one_ago.next_morning, one_ago.before, one_ago.after, one_ago.percent) == (0, None, None, 50)
    assert days[TODAY].percent == 0
    assert page.last_pain == 0
    assert page.picture.wide.bars[-1].is_open


@pytest.mark.parametrize("query", ["?days=56", "?days=14", "?days=9", "?days=", "?days=x%00"])
def test_span_of_the_picture(as_user: AsUser, program: Program, vet: User, query: str) -> None:
    html = as_user(vet).get(url(program.patient, query)).content.decode()
    expected = SPANS.get(query.removeprefix("?days="), 14)
    assert html.count('<th scope="row"><time') == expected


def test_decisions_are_marked_on_their_day(program: Program) -> None:
    page = patient_page(program.patient, at=NOW, span=56)
    marked = [row.day for row in page.picture.days if row.decisions]
    assert marked == [program.starts_on]
    assert len(page.picture.wide.decisions) == 1


def test_reasons_on_the_page_are_those_of_the_list(program: Program, vet: User) -> None:
    make.make_pain(program.patient, TODAY - 30 * DAY, "before", 9)
    make.make_pain(program.patient, TODAY - DAY, "before", 6)
    refresh_summaries(at=NOW)
    stored = [str(BADGES[Code(reason["code"])]) for reason in PatientSummary.objects.get().reasons]
    for span in SPANS.values():
        page = patient_page(program.patient, at=NOW, span=span)
        assert [why.badge for why in page.reasons] == stored
    assert stored[0] == "Pain at the limit"


@pytest.mark.parametrize("items", [1, 12])
@pytest.mark.parametrize("span", [14, 56])
def test_patient_page_asks_the_database_fourteen_times(
    as_user: AsUser,
    patient: Patient,
    vet: User,
    owner: User,
    definition: ProblemDefinition,
    django_assert_num_queries: Callable[[int], Any],
    items: int,
    span: int,
) -> None:
    program = make.make_program(
        patient, vet, definition, starts_on=TODAY - 60 * DAY, exercises=[(f"item-{n}", {}) for n in range(items)]
    )
    for item in program.prescriptions.all():
        for ago in range(span):
            make.make_tick(item, TODAY - ago * DAY, by=owner)
    make.make_pain(patient, TODAY, "before", 2, by=owner)
    client = as_user(vet)
    # The session and its user; the dog; its definitions; the program with its prescriptions; slots, pain, decisions
    # and events of the span; the story takes two; then the caregivers and the invitations.
    with django_assert_num_queries(14):
        client.get(url(patient, f"?days={span}"))


def test_page_of_another_clinics_dog_leaks_nothing(
    as_user: AsUser, patient: Patient, stranger: User, vet: User, other_clinic: Clinic
) -> None:
    theirs = Patient.objects.get(clinic=other_clinic)
    assert as_user(vet).get(url(theirs)).status_code == 404
    assert "CANARY" not in shown(as_user(vet), patient)
