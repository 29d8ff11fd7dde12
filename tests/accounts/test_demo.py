"""One-tap sign-in exists in the demo and nowhere else."""

import pytest
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.test import Client
from pytest_django import Settings

from accounts.demo import PERSONAS
from tests import make

KEYS = ["vet", "therapist", "owner", "caregiver", "admin"]


@pytest.fixture
def _people(db: None) -> None:
    for persona in PERSONAS.values():
        make.make_user(persona.email, persona.name, language="es")


def test_the_demo_has_five_people() -> None:
    assert [persona.email for persona in PERSONAS.values()] == [f"{key}@demo.example" for key in KEYS]


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.usefixtures("_people")
def test_one_tap_signs_in(client: Client, settings: Settings, key: str) -> None:
    settings.DEMO = True
    answer = client.post(f"/demo/{key}/")
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert client.get("/settings/").context["user"].email == f"{key}@demo.example"
    assert answer.cookies["django_language"].value == "es"


@pytest.mark.usefixtures("_people")
def test_changing_the_person_leaves_nothing_of_the_first(client: Client, settings: Settings) -> None:
    settings.DEMO = True
    client.post("/demo/vet/")
    session = client.session
    session["left_by_vet"] = True
    session.save()
    client.post("/demo/owner/")
    assert "left_by_vet" not in client.session
    assert client.get("/settings/").context["user"].email == "owner@demo.example"


@pytest.mark.usefixtures("_people")
def test_the_page_offers_all_five_and_signs_nobody_in(client: Client, settings: Settings) -> None:
    settings.DEMO = True
    page = client.get("/demo/").content.decode()
    for key in KEYS:
        assert f'action="/demo/{key}/"' in page
        assert PERSONAS[key].name in page
    assert client.get("/demo/vet/").status_code == 405
    assert SESSION_KEY not in client.session


@pytest.mark.usefixtures("_people")
def test_outside_the_demo_there_is_nothing(client: Client) -> None:
    assert settings.DEMO is False
    assert client.get("/demo/").status_code == 404
    for key in KEYS:
        assert client.post(f"/demo/{key}/").status_code == 404
    assert SESSION_KEY not in client.session
    assert "/demo/" not in client.get("/accounts/login/").content.decode()


@pytest.mark.usefixtures("_people")
def test_sign_in_page_leads_to_the_demo_in_the_demo(client: Client, settings: Settings) -> None:
    settings.DEMO = True
    assert 'href="/demo/"' in client.get("/accounts/login/").content.decode()


@pytest.mark.parametrize("key", ["superuser", "vet-2", "VET"])
@pytest.mark.usefixtures("_people")
def test_unknown_person_is_404(client: Client, settings: Settings, key: str) -> None:
    settings.DEMO = True
    assert client.post(f"/demo/{key}/").status_code == 404


def test_person_who_does_not_exist_yet_is_404(client: Client, db: None, settings: Settings) -> None:
    settings.DEMO = True
    assert client.post("/demo/vet/").status_code == 404
    assert SESSION_KEY not in client.session
