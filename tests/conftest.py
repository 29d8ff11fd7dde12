"""Personas: who they are decides what they may see."""

import datetime as dt
import os
from collections.abc import Iterator

import hypothesis
import pytest
from django.db import connection
from django.test import Client
from django.utils import translation
from pytest_django import DjangoDbBlocker, Settings

from accounts.models import Clinic, User
from rehab.lib.ids import new_id
from rehab.patients.models import Patient, ProblemDefinition
from rehab.programs.models import Program
from tests import make

# Playwright keeps an event loop in this thread; Django's guard against it does not apply to our synchronous tests.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

# How long one example takes says something about the machine and what else it does, nothing about the rule.
hypothesis.settings.register_profile(
    "unhurried", hypothesis.settings(), deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("unhurried")


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """Ask the database once whether it knows JSON: Django does so at the first need, which may be a test that counts."""
    with django_db_blocker.unblock():
        assert connection.features.supports_json_field


@pytest.fixture(autouse=True)
def _language() -> Iterator[None]:
    """A request in Spanish leaves its thread speaking Spanish, which the next test must not hear."""
    yield
    translation.deactivate()


@pytest.fixture
def now() -> dt.datetime:
    return make.NOW


@pytest.fixture
def today() -> dt.date:
    return make.TODAY


@pytest.fixture
def clinic(db: None) -> Clinic:
    return make.make_clinic()


@pytest.fixture
def other_clinic(db: None) -> Clinic:
    return make.make_clinic(name="CANARY clinic")


@pytest.fixture
def vet(clinic: Clinic) -> User:
    return make.join(make.make_user("vet@example.test", "Dr. Vera Lind"), clinic, "vet")


@pytest.fixture
def colleague(clinic: Clinic) -> User:
    """Another vet of the same clinic."""
    return make.join(make.make_user("colleague@example.test", "Dr. Cai Moss"), clinic, "vet")


@pytest.fixture
def therapist(clinic: Clinic) -> User:
    return make.join(make.make_user("therapist@example.test", "Tom Reyes"), clinic, "therapist")


@pytest.fixture
def admin(clinic: Clinic) -> User:
    """Manages people; sees no clinical record."""
    return make.join(make.make_user("admin@example.test", "Ada Quist"), clinic, "admin")


@pytest.fixture
def owner(db: None) -> User:
    return make.make_user("owner@example.test", "Olga Ruiz")


@pytest.fixture
def caregiver(patient: Patient) -> User:
    """The owner's partner, who shares the dog."""
    user = make.make_user("caregiver@example.test", "Carl Ruiz")
    make.care_for(patient, user, "caregiver")
    return user


@pytest.fixture
def outside_vet(other_clinic: Clinic) -> User:
    return make.join(make.make_user("outside@example.test", "Dr. Otto Faraway"), other_clinic, "vet")


@pytest.fixture
def stranger(outside_vet: User, other_clinic: Clinic) -> User:
    """Owns a dog of another clinic; must see nothing of ours."""
    user = make.make_user("stranger@example.test", "Sten Ranger")
    make.make_patient(other_clinic, outside_vet, owner=user, name="CANARY dog")
    return user


@pytest.fixture
def patient(clinic: Clinic, vet: User, owner: User) -> Patient:
    return make.make_patient(clinic, vet, owner=owner)


@pytest.fixture
def definition(patient: Patient, vet: User) -> ProblemDefinition:
    return make.make_definition(patient, vet)


@pytest.fixture
def program(patient: Patient, vet: User, definition: ProblemDefinition) -> Program:
    return make.make_program(patient, vet, definition)


@pytest.fixture
def as_user(client: Client):  # type: ignore[no-untyped-def]
    """``as_user(vet)`` is a browser in which the vet has signed in."""

    def sign_in(user: User) -> Client:
        fresh = Client()
        fresh.force_login(user)
        return fresh

    return sign_in


@pytest.fixture
def own_limits(settings: Settings) -> None:
    """Rate limits that count for this test alone, in the cache that is configured."""
    settings.CACHES = {"default": {**settings.CACHES["default"], "KEY_PREFIX": new_id().hex}}
