"""What a person may change about themselves."""

import re

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from pytest_django.asserts import assertInHTML

from accounts.models import User

GOOD = {"name": "Olga R. Díaz", "time_zone": "Europe/Madrid", "language": "es", "units": "imperial"}


def test_settings_are_saved_and_spoken(client: Client, owner: User) -> None:
    client.force_login(owner)
    answer = client.post("/settings/", GOOD)
    assert (answer.status_code, answer["Location"]) == (302, "/settings/")
    owner.refresh_from_db()
    assert {field: getattr(owner, field) for field in GOOD} == GOOD
    assert answer.cookies["django_language"].value == "es"
    assert '<html lang="es"' in client.get("/settings/").content.decode()


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("name", "", "This field is required."),
        ("name", "   ", "This field is required."),
        ("name", "O\x00lga", "Null characters are not allowed."),
        ("name", "Olga\nRuiz", "There is a hidden character in this text."),
        ("name", "Olga\u202eRuiz", "There is a hidden character in this text."),
        ("name", "O" * 121, "Ensure this value has at most 120 characters"),
        ("time_zone", "", "This field is required."),
        ("time_zone", "Mars/Olympus", "Please choose a time zone from the list."),
        ("time_zone", "+02:00", "Please choose a time zone from the list."),
        ("time_zone", "Europe/Madrid\x00", "Please choose a time zone from the list."),
        ("time_zone", "../../etc/passwd", "Please choose a time zone from the list."),
        ("time_zone", "E" * 5000, "Please choose a time zone from the list."),
        ("language", "", "This field is required."),
        ("language", "xx", "Please choose one of the languages."),
        ("language", "e\x00n", "Please choose one of the languages."),
        ("units", "", "This field is required."),
        ("units", "stones", "Please choose one of the two."),
    ],
)
def test_bad_input_is_422_and_changes_nothing(
    client: Client, owner: User, field: str, value: str, message: str
) -> None:
    client.force_login(owner)
    before = User.objects.filter(pk=owner.pk).values().get()
    answer = client.post("/settings/", {**GOOD, field: value})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert message in page
    assert f'<a href="#id_{field}' in page
    assert "Signed in as Olga Ruiz" in page
    assert User.objects.filter(pk=owner.pk).values().get() == before


def test_nothing_sent_is_422(client: Client, owner: User) -> None:
    client.force_login(owner)
    assert client.post("/settings/").status_code == 422


def test_another_persons_id_in_the_form_is_ignored(client: Client, owner: User, vet: User) -> None:
    client.force_login(owner)
    client.post("/settings/", {**GOOD, "id": str(vet.pk), "user": str(vet.pk), "email": vet.email, "is_staff": "on"})
    vet.refresh_from_db()
    owner.refresh_from_db()
    assert vet.name == "Dr. Vera Lind"
    assert (owner.name, owner.email, owner.is_staff) == ("Olga R. Díaz", "owner@example.test", False)


@pytest.mark.parametrize("zone", ["US/Eastern", "Etc/GMT+5", "UTC"])
def test_zone_outside_the_list_stays_when_the_person_has_it(client: Client, owner: User, zone: str) -> None:
    owner.time_zone = zone
    owner.save(update_fields=["time_zone"])
    client.force_login(owner)
    page = client.get("/settings/").content.decode()
    assertInHTML(f'<option value="{zone}" selected>{zone}</option>', page)
    assert client.post("/settings/", {**GOOD, "time_zone": zone}).status_code == 302


def test_units_are_metric_until_somebody_chooses(client: Client, owner: User) -> None:
    client.force_login(owner)
    assert owner.units == "metric"
    assert chosen_units(client) == ["metric"]
    client.post("/settings/", {**GOOD, "language": "en"})
    assert chosen_units(client) == ["imperial"]


def chosen_units(client: Client) -> list[str]:
    radios = re.findall(r'<input[^>]*name="units"[^>]*>', client.get("/settings/").content.decode())
    assert len(radios) == 2
    return [value for radio in radios if "checked" in radio for value in re.findall('value="([a-z]+)"', radio)]


def test_unknown_units_are_refused_by_the_database(owner: User) -> None:
    with pytest.raises(IntegrityError, match="units_are_known"), transaction.atomic():
        User.objects.filter(pk=owner.pk).update(units="stones")
