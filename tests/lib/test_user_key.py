"""The name of an account on its phones: a lot drawn once, that nothing but the account's end ends."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import IntegrityError, connection
from django.db.migrations.executor import MigrationExecutor
from django.test import Client
from django.urls import reverse
from django.utils.crypto import salted_hmac
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import User
from rehab.lib.user_key import user_key
from tests import make

BEFORE = [("accounts", "0002_units")]
AFTER = [("accounts", "0005_everybody_has_a_phone_key")]


@pytest.fixture
def database_of_before(transactional_db: None) -> Iterator[Any]:
    """The tables as they were before accounts had keys; afterwards as they are now."""
    apps = MigrationExecutor(connection).migrate(BEFORE).apps
    yield apps
    MigrationExecutor(connection).migrate(MigrationExecutor(connection).loader.graph.leaf_nodes())


def test_key_tells_people_apart_and_not_who_they_are(owner: User, vet: User) -> None:
    keys = {user_key(owner), user_key(vet), user_key(AnonymousUser())}
    assert len(keys) == 3
    assert re.fullmatch(r"[0-9a-f]{16}", user_key(owner))
    assert user_key(owner) == user_key(User.objects.get(pk=owner.pk))


def test_key_outlives_the_secret_of_the_installation(owner: User, as_user: Any, settings: Settings) -> None:
    before = user_key(owner)
    settings.SECRET_KEY = "another " * 8
    assert user_key(User.objects.get(pk=owner.pk)) == before
    # Their phone signs in anew, and its records are theirs again.
    assert as_user(owner).get(reverse("api:session")).json()["user"] == before


def test_key_costs_no_query_of_its_own(
    owner: User, as_user: Any, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    browser: Client = as_user(owner)
    with django_assert_num_queries(2):  # the session and the person
        browser.get(reverse("api:session"))


def test_database_refuses_the_same_key_twice(owner: User) -> None:
    with pytest.raises(IntegrityError):
        make.make_user("second@example.test", phone_key=owner.phone_key)


def test_accounts_keep_the_keys_that_their_phones_know(database_of_before: Any) -> None:
    people = database_of_before.get_model("accounts", "User")
    old = [people.objects.create(email=f"{number}@example.test").pk for number in range(3)]
    MigrationExecutor(connection).migrate(AFTER)
    for pk in old:
        known = salted_hmac("rehab.lib.user_key", str(pk), algorithm="sha256").hexdigest()[:16]
        assert user_key(User.objects.get(pk=pk)) == known
    # And back, with the people still there.
    apps = MigrationExecutor(connection).migrate(BEFORE).apps
    assert apps.get_model("accounts", "User").objects.count() == 3
