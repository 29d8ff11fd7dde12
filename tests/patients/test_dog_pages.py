"""Registering a dog and correcting its data."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import Settings
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from accounts.models import Clinic, User
from rehab.patients.models import CaregiverInvitation, Patient
from rehab.patients.queries import fingerprint_of
from tests import make

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

Browser = Callable[[User], Client]
Queries = Callable[[int], CaptureQueriesContext]
NEW = "/patients/new/"
WEIGHT = "Please enter the weight in kilograms, from 0.5 to 120, such as 9.4."
BRUNO: dict[str, Any] = {"name": "Bruno", "time_zone": "Europe/Madrid"}


def edit_url(patient: Patient) -> str:
    return reverse("patients:patient-edit", args=[patient.pk])


def test_register_with_a_name_only_leads_to_the_definition(as_user: Browser, clinic: Clinic, therapist: User) -> None:
    answer = as_user(therapist).post(NEW, BRUNO)

    patient = Patient.objects.get()
    assertRedirects(answer, reverse("patients:definition-draft", args=[patient.pk]))
    assert (patient.clinic, patient.created_by, patient.time_zone) == (clinic, therapist, "Europe/Madrid")
    assert (patient.weight_kg, patient.born_on, patient.sex) == (None, None, "")
    assert mail.outbox == []


def test_register_keeps_every_detail(as_user: Browser, vet: User) -> None:
    as_user(vet).post(
        NEW, {**BRUNO, "breed": "Dachshund", "sex": "male_neutered", "born_on": "2019-04-02", "weight_kg": "9.4"}
    )

    patient = Patient.objects.get()
    assert (patient.breed, patient.sex, patient.born_on, patient.weight_kg) == (
        "Dachshund", "male_neutered", dt.date(2019, 4, 2), Decimal("9.40"),
    )  # fmt: skip


@pytest.mark.parametrize("email", ["", "olga@example.test"])
def test_the_same_form_sent_twice_is_one_dog(as_user: Browser, vet: User, email: str) -> None:
    browser = as_user(vet)
    sent = {**BRUNO, "owner_email": email, "key": str(browser.get(NEW).context["form"]["key"].value())}
    browser.post(NEW, sent)
    again = browser.post(NEW, sent)

    patient = Patient.objects.get()
    assert str(patient.pk) == sent["key"]
    assertRedirects(again, reverse("guidance:patient", args=[patient.pk]), fetch_redirect_response=False)
    assert len(mail.outbox) == (1 if email else 0)


def test_a_key_of_somebody_elses_dog_is_refused_and_tells_nothing(
    as_user: Browser, vet: User, patient: Patient, outside_vet: User
) -> None:
    answer = as_user(outside_vet).post(NEW, {"name": "Rex", "time_zone": "UTC", "key": str(patient.pk)})
    assertContains(answer, "already used for another dog", status_code=422)
    assertNotContains(answer, patient.name, status_code=422)
    bad = as_user(vet).post(NEW, {**BRUNO, "key": "no key"})
    assert bad.status_code == 422
    assert Patient.objects.count() == 1


def test_form_offers_the_clinics_time_zone(as_user: Browser, clinic: Clinic, vet: User) -> None:
    Clinic.objects.filter(pk=clinic.pk).update(time_zone="Europe/Berlin")
    answer = as_user(vet).get(NEW)
    assert answer.context["form"]["time_zone"].value() == "Europe/Berlin"


def test_register_with_the_owner_invites_at_once_and_shows_the_link_once(
    as_user: Browser, vet: User, settings: Settings
) -> None:
    settings.BASE_URL = "https://rehab.example.org"
    answer = as_user(vet).post(NEW, {**BRUNO, "owner_email": "Olga@Example.test", "owner_name": "Olga"})

    link = answer.context["link"]
    assertContains(answer, f'value="{link}"')
    assert link.startswith("https://rehab.example.org/join/")
    invitation = CaregiverInvitation.objects.select_related("invitation").get()
    assert (invitation.relation, invitation.invitation.email) == ("owner", "olga@example.test")
    [letter] = mail.outbox
    assert letter.to == ["Olga@Example.test"]
    assert letter.subject == "Bruno’s exercises, from Lindenhof Veterinary Clinic"
    assert letter.body.startswith("Hello Olga,\n")
    assert link in letter.body
    assert "Dr. Vera Lind" in letter.body


def test_a_mail_that_cannot_be_sent_is_said_so_and_the_link_still_works(
    as_user: Browser, vet: User, settings: Settings
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9  # nobody listens on the discard port

    answer = as_user(vet).post(NEW, {**BRUNO, "owner_email": "olga@example.test"})

    assertContains(answer, "The e-mail to olga@example.test could not be sent")
    assertContains(answer, answer.context["link"])
    assert CaregiverInvitation.objects.count() == 1


def test_who_works_in_several_clinics_chooses(
    as_user: Browser, clinic: Clinic, other_clinic: Clinic, vet: User
) -> None:
    browser = as_user(make.join(vet, other_clinic, "therapist"))
    assertContains(browser.get(NEW), "CANARY clinic")
    assertContains(browser.post(NEW, BRUNO), "Please choose one of your clinics.", status_code=422)

    browser.post(NEW, {**BRUNO, "clinic": str(other_clinic.pk)})
    assert Patient.objects.get().clinic == other_clinic


def test_a_foreign_clinic_is_refused(
    as_user: Browser, clinic: Clinic, other_clinic: Clinic, vet: User, outside_vet: User
) -> None:
    browser = as_user(vet)
    assertNotContains(browser.get(NEW), "CANARY")
    browser.post(NEW, {**BRUNO, "clinic": str(other_clinic.pk)})
    # Who works in one clinic is not asked, and what they send instead changes nothing.
    assert Patient.objects.get().clinic == clinic

    third = make.make_clinic(name="Third")
    answer = as_user(make.join(vet, third, "vet")).post(NEW, {**BRUNO, "clinic": str(other_clinic.pk)})
    assertContains(answer, "Please choose one of your clinics.", status_code=422)
    assert Patient.objects.count() == 1


@pytest.mark.parametrize("url_name", ["create", "edit"])
@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("name", "", "Please enter the dog’s name."),
        ("name", "x" * 61, "at most 60 characters"),
        ("name", "Bru\x00no", "Null characters are not allowed."),
        ("name", "Bru\nno", "There is a hidden character in this text."),
        ("breed", "x" * 61, "at most 60 characters"),
        ("sex", "unicorn", "Please choose one of the answers shown."),
        ("born_on", "2026-03-19", "The date of birth cannot lie in the future."),
        ("born_on", "1990-01-01", "No dog is that old. Please look at the year again."),
        ("born_on", "last spring", "Please enter a date, such as 2026-03-18."),
        ("weight_kg", "heavy", WEIGHT),
        ("weight_kg", "0.2", WEIGHT),
        ("weight_kg", "1000", WEIGHT),
        ("weight_kg", "121", WEIGHT),
        ("weight_kg", "9.123", WEIGHT),
        ("weight_kg", "NaN", WEIGHT),
        ("time_zone", "Mars/Olympus", "Please choose a time zone from the list."),
    ],
)
def test_bad_input_is_422_with_a_sentence_and_loses_nothing(
    as_user: Browser, patient: Patient, vet: User, url_name: str, name: str, value: str, sentence: str
) -> None:
    url = NEW if url_name == "create" else edit_url(patient)
    answer = as_user(vet).post(url, {**BRUNO, "breed": "Teckel", "seen": fingerprint_of(patient), name: value})

    assertContains(answer, sentence, status_code=422)
    form = answer.context["form"]
    assert form[name].value() == value
    assert form["breed"].value() == (value if name == "breed" else "Teckel")
    patient.refresh_from_db()
    assert (patient.breed, Patient.objects.count()) == ("Dachshund", 1)


@pytest.mark.parametrize(
    "email", ["olga", "olga@", "x" * 250 + "@example.test", "o\x00lga@example.test", '"olga\x0c"@example.test']
)
def test_a_wrong_owner_address_registers_nothing(as_user: Browser, vet: User, email: str) -> None:
    answer = as_user(vet).post(NEW, {**BRUNO, "owner_email": email})
    assert answer.status_code == 422
    assert (Patient.objects.count(), CaregiverInvitation.objects.count(), mail.outbox) == (0, 0, [])


@pytest.mark.parametrize("who", ["owner", "caregiver", "admin", "stranger"])
def test_only_vets_and_therapists_register(as_user: Browser, request: pytest.FixtureRequest, who: str) -> None:
    browser = as_user(request.getfixturevalue(who))
    before = Patient.objects.count()
    assert browser.get(NEW).status_code == 403
    assert browser.post(NEW, BRUNO).status_code == 403
    assert Patient.objects.count() == before


def test_edit_saves_and_leads_back_to_the_dog(as_user: Browser, patient: Patient, therapist: User) -> None:
    browser = as_user(therapist)
    shown = browser.get(edit_url(patient))
    assert shown.context["form"]["name"].value() == "Bruno"

    answer = browser.post(
        edit_url(patient), {**BRUNO, "name": "Brutus", "weight_kg": "9", "seen": shown.context["seen"]}
    )

    assertRedirects(answer, reverse("guidance:patient", args=[patient.pk]), fetch_redirect_response=False)
    patient.refresh_from_db()
    assert (patient.name, patient.weight_kg, patient.breed) == ("Brutus", Decimal(9), "")


@pytest.mark.parametrize("seen", [None, "", "nonsense"])
def test_edit_of_data_that_were_not_seen_is_409_and_shows_both(
    as_user: Browser, patient: Patient, vet: User, seen: str | None
) -> None:
    browser = as_user(vet)
    sent = {**BRUNO, "name": "Brutus"} if seen is None else {**BRUNO, "name": "Brutus", "seen": seen}
    answer = browser.post(edit_url(patient), sent)

    assertContains(answer, "Somebody else changed these data while you were typing", status_code=409)
    assertContains(answer, "<strong>Bruno</strong> · Dachshund", status_code=409)
    assert answer.context["form"]["name"].value() == "Brutus"
    patient.refresh_from_db()
    assert patient.name == "Bruno"

    assert browser.post(edit_url(patient), {**sent, "seen": answer.context["seen"]}).status_code == 302


@pytest.mark.parametrize(
    ("who", "status"),
    [("vet", 200), ("therapist", 200), ("owner", 403), ("caregiver", 403), ("admin", 404), ("stranger", 404),
     ("outside_vet", 404)],
)  # fmt: skip
def test_who_may_edit(
    as_user: Browser, patient: Patient, request: pytest.FixtureRequest, who: str, status: int
) -> None:
    browser = as_user(request.getfixturevalue(who))
    assert browser.get(edit_url(patient)).status_code == status
    answer = browser.post(edit_url(patient), {**BRUNO, "name": "X", "seen": fingerprint_of(patient)})
    assert answer.status_code == (302 if status == 200 else status)
    patient.refresh_from_db()
    assert patient.name == ("X" if status == 200 else "Bruno")


def test_query_counts(as_user: Browser, patient: Patient, vet: User, django_assert_num_queries: Queries) -> None:
    browser = as_user(vet)
    # Session, person, clinics.
    with django_assert_num_queries(3):
        browser.get(NEW)
    # Session, person, dog.
    with django_assert_num_queries(3):
        browser.get(edit_url(patient))
