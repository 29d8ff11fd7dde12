"""A draft that is saved while it is being written."""

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains
from time_machine import Traveller

from accounts.models import User
from rehab.patients.actions import save_draft, sign_definition
from rehab.patients.models import Patient, ProblemDefinition
from rehab.patients.queries import state_of
from rehab.patients.signing_rules import Answers
from tests.patients.test_definition_pages import draft_url, typed
from tests.patients.test_signing_rules import COMPLETE, WHOLE

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

Browser = Callable[[User], Client]
Queries = Callable[[int], CaptureQueriesContext]


def autosave_url(patient: Patient) -> str:
    return reverse("patients:definition-autosave", args=[patient.pk])


@pytest.fixture
def draft(patient: Patient, therapist: User, now: dt.datetime) -> ProblemDefinition:
    return save_draft(patient=patient, answers=COMPLETE, by=therapist, at=now)


def test_autosave_answers_what_changes_and_no_field(as_user: Browser, patient: Patient, therapist: User) -> None:
    answer = as_user(therapist).post(autosave_url(patient), typed(WHOLE))

    draft = ProblemDefinition.objects.get()
    assert Answers.of(draft) == WHOLE
    assertContains(answer, "Draft saved 17:00")
    assertContains(answer, f'name="seen" value="{state_of(draft)}"')
    assertContains(answer, "Row D3")
    for target in (
        "draft-token",
        "so-far",
        "so-far-summary",
        "speaks-origin",
        "speaks-mechanism",
        "lasted",
        "re-exams",
    ):
        assertContains(answer, f'hx-swap-oob="innerHTML:#{target}"', count=1)
    assert re.findall(r'name="(\w+)"', answer.content.decode()) == ["seen", *["re_exam_in"] * 7]


def test_autosave_goes_on_with_the_token_it_answered(
    as_user: Browser, patient: Patient, vet: User, clock: Traveller
) -> None:
    browser, seen = as_user(vet), "0"
    for region in ("Lum", "Lumb", "Lumbar"):
        answer = browser.post(autosave_url(patient), typed(Answers(region=region), seen=seen))
        assert answer.status_code == 200
        seen = answer.context["state"]
        clock.shift(1)
    assert [(one.version, one.region) for one in ProblemDefinition.objects.all()] == [(1, "Lumbar")]
    assert browser.post(draft_url(patient), typed(COMPLETE, seen=seen)).status_code == 302


def test_autosave_sent_twice_is_saved_once(as_user: Browser, patient: Patient, vet: User, clock: Traveller) -> None:
    browser = as_user(vet)
    first = browser.post(autosave_url(patient), typed(WHOLE))
    clock.shift(5)
    second = browser.post(autosave_url(patient), typed(WHOLE))

    assert (first.status_code, second.status_code) == (200, 200)
    assert second.context["state"] == first.context["state"]
    assert ProblemDefinition.objects.count() == 1


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("body_condition", "12", "Please enter a whole number from 1 to 9."),
        ("baseline_unaided_steps", "eleven", "Please enter a whole number from 0 to 10."),
        ("onset_on", "2099-01-01", "The onset cannot lie in the future."),
        ("surgery_on", "2026-03-01", "The surgery lies before the onset."),
        ("leaf", "tumour", "This diagnosis belongs to another cause."),
        ("signs", "sideways", "Please choose one of the answers shown."),
        ("activity_1_score", "5", "Please choose a number from 0 to 4."),
        ("medicine_6_times", "x" * 81, "Ensure this value has at most 80 characters (it has 81)."),
    ],
)
def test_autosave_of_bad_input_is_422_names_the_field_and_saves_nothing(
    as_user: Browser, patient: Patient, vet: User, name: str, value: str, sentence: str
) -> None:
    answer = as_user(vet).post(autosave_url(patient), typed(WHOLE, **{name: value}))

    assertContains(answer, "Not saved yet:", status_code=422)
    assertContains(answer, f'<a href="#id_{name}', status_code=422)
    assertContains(answer, sentence, status_code=422)
    assert b'name="seen"' not in answer.content
    assert ProblemDefinition.objects.count() == 0


def test_autosave_after_somebody_else_is_409_and_offers_to_compare(
    as_user: Browser, patient: Patient, vet: User, therapist: User, now: dt.datetime
) -> None:
    save_draft(patient=patient, answers=Answers(region="Lumbar"), by=therapist, at=now)
    mine = typed(Answers(region="Thoracic"), seen="0")

    answer = as_user(vet).post(autosave_url(patient), mine)

    assertContains(answer, "Not saved: Tom Reyes saved this draft while you were writing", status_code=409)
    assertContains(answer, 'name="compare"', status_code=409)
    assert ProblemDefinition.objects.get().region == "Lumbar"
    # Comparing sends the form, so that nothing typed is lost; there nothing is saved by itself any more.
    compared = as_user(vet).post(draft_url(patient), {**mine, "compare": "1"})
    assert compared.status_code == 409
    assert compared.context["form"]["region"].value() == "Thoracic"
    assertNotContains(compared, "hx-post", status_code=409)
    assertContains(as_user(vet).get(draft_url(patient)), f'hx-post="{autosave_url(patient)}"')


def test_autosave_after_a_signature_is_409(
    as_user: Browser, patient: Patient, vet: User, therapist: User, draft: ProblemDefinition, now: dt.datetime
) -> None:
    seen = state_of(draft)
    sign_definition(definition=draft, by=vet, at=now)
    answer = as_user(therapist).post(autosave_url(patient), typed(WHOLE, seen=seen))

    assertContains(answer, "Not saved: Dr. Vera Lind signed version 1", status_code=409)
    assert ProblemDefinition.objects.count() == 1


@pytest.mark.parametrize(
    ("who", "status"),
    [("therapist", 200), ("owner", 403), ("admin", 404), ("stranger", 404), ("outside_vet", 404)],
)
def test_who_may_autosave(
    as_user: Browser, patient: Patient, request: pytest.FixtureRequest, who: str, status: int
) -> None:
    answer = as_user(request.getfixturevalue(who)).post(autosave_url(patient), typed(WHOLE))
    assert answer.status_code == status
    assert ProblemDefinition.objects.count() == (status == 200)


def test_autosave_is_a_post(as_user: Browser, patient: Patient, vet: User) -> None:
    assert as_user(vet).get(autosave_url(patient)).status_code == 405


def test_query_count(
    as_user: Browser, patient: Patient, draft: ProblemDefinition, vet: User, django_assert_num_queries: Queries
) -> None:
    browser = as_user(vet)
    # Session, person, dog; in a transaction: the dog's lock, the newest version, the save, the line of the audit trail.
    with django_assert_num_queries(9):
        browser.post(autosave_url(patient), typed(replace(COMPLETE, region="Lumbar"), seen=state_of(draft)))
