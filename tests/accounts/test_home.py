"""Each person begins on the page they came for, and an admin sees people only."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import Clinic, Membership, User
from rehab.patients.models import Patient
from tests import make

Home = Callable[[User], str]


@pytest.fixture
def home(client: Client) -> Home:
    """Where a person lands who opens the start page."""

    def location(user: User) -> str:
        client.force_login(user)
        answer = client.get("/")
        return answer["Location"] if answer.status_code == 302 else str(answer.status_code)

    return location


def test_staff_begin_at_the_list_of_dogs(home: Home, vet: User, therapist: User) -> None:
    assert {home(vet), home(therapist)} == {reverse("guidance:worklist")}


def test_families_begin_at_today(home: Home, patient: Patient, owner: User, caregiver: User) -> None:
    assert {home(owner), home(caregiver)} == {reverse("sessions:today-home")}


def test_vet_who_owns_a_dog_begins_at_the_list(home: Home, patient: Patient, vet: User) -> None:
    make.care_for(patient, vet)
    assert home(vet) == reverse("guidance:worklist")


def test_admin_begins_at_the_people(home: Home, admin: User) -> None:
    assert home(admin) == "/people/"


def test_admin_who_is_a_vet_too_begins_at_the_list(home: Home, clinic: Clinic, admin: User) -> None:
    make.join(admin, clinic, "vet")
    assert home(admin) == reverse("guidance:worklist")


def test_person_with_nothing_is_told_so(client: Client, db: None) -> None:
    client.force_login(make.make_user("new@example.test"))
    assert "No dog is shared with you yet" in client.get("/").content.decode()


def test_former_vet_has_nothing(client: Client, vet: User) -> None:
    Membership.objects.filter(user=vet).update(ended_at=make.NOW)
    client.force_login(vet)
    assert "No dog is shared with you yet" in client.get("/").content.decode()


def test_visitor_begins_at_sign_in(client: Client, db: None) -> None:
    assert client.get("/")["Location"] == "/accounts/login/?next=/"


def test_people_page_shows_roles_of_the_own_clinic_only(
    client: Client, clinic: Clinic, admin: User, vet: User, outside_vet: User, patient: Patient
) -> None:
    make.join(vet, clinic, "admin")
    gone = make.join(make.make_user("gone@example.test", "Gone Person"), clinic, "vet")
    Membership.objects.filter(user=gone).update(ended_at=make.NOW)
    client.force_login(admin)
    page = client.get("/people/").content.decode()
    assert page.count('<li class="row">') == 2
    assert page.count("Clinic admin</span>") == 2
    assert page.count("Vet</span>") == 1
    for absent in ("CANARY", outside_vet.name, "Gone Person", patient.name, "Olga Ruiz"):
        assert absent not in page


@pytest.mark.parametrize("persona", ["vet", "therapist", "owner", "caregiver", "stranger"])
def test_people_page_is_for_admins(client: Client, request: pytest.FixtureRequest, admin: User, persona: str) -> None:
    client.force_login(request.getfixturevalue(persona))
    answer = client.get("/people/")
    assert answer.status_code == 403
    assert admin.name not in answer.content.decode()


@pytest.mark.parametrize("more", [0, 20])
def test_people_page_costs_the_same_for_a_large_clinic(
    client: Client, clinic: Clinic, admin: User, more: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(more):
        make.join(make.make_user(), clinic, "vet", "therapist")
    client.force_login(admin)
    with django_assert_num_queries(4):  # session, person, clinics, memberships
        client.get("/people/")


def test_navigation_costs_nothing_where_no_page_asks(
    client: Client, owner: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client.force_login(owner)
    with django_assert_num_queries(2):  # session, person
        client.get("/accounts/logout/")


def test_settings_lead_to_the_other_places_of_a_person_with_several_roles(
    client: Client, clinic: Clinic, patient: Patient, vet: User, owner: User
) -> None:
    make.join(vet, clinic, "admin")
    make.care_for(patient, vet)
    places = ["/people/", reverse("guidance:worklist"), reverse("sessions:today-home")]
    shown = []
    for person in (vet, owner):
        client.force_login(person)
        page = client.get("/settings/").content.decode()
        shown.append([place for place in places if f'class="row-text row-title" href="{place}"' in page])
    assert shown == [places, []]
