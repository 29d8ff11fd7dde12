"""The first clinic of an installation."""

from io import StringIO

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.models import AuditEvent, Clinic, Membership, User
from tests.accounts.test_sign_in import CONFIRM, ask, mailed_code

GOOD = {
    "clinic": "Lindenhof",
    "email": "Vera@Example.test",
    "person": "Dr. Vera Lind",
    "time_zone": "Europe/Berlin",
    "phone": "+49 30 555",
}


def create(**options: str) -> str:
    out = StringIO()
    call_command("createclinic", stdout=out, **{**GOOD, **options})
    return out.getvalue()


@pytest.mark.usefixtures("own_limits")
def test_first_clinic_has_a_vet_who_is_admin(db: None, client: Client) -> None:
    said = create()
    assert "vera@example.test" in said
    assert "/accounts/login/" in said
    clinic = Clinic.objects.get()
    assert (clinic.name, clinic.time_zone, clinic.phone) == ("Lindenhof", "Europe/Berlin", "+49 30 555")
    memberships = Membership.objects.current().filter(clinic=clinic, user__email="vera@example.test")
    assert set(memberships.values_list("role", flat=True)) == {"vet", "admin"}
    assert set(AuditEvent.objects.values_list("kind", flat=True)) == {
        "clinic.created",
        "user.created",
        "membership.started",
    }
    ask(client, "vera@example.test")
    assert client.post(CONFIRM, {"code": mailed_code()})["Location"] == "/"
    assert len(mail.outbox) == 1


def test_second_clinic_may_have_the_same_person(db: None) -> None:
    create()
    create(clinic="Lindenhof South")
    assert User.objects.count() == 1
    assert Membership.objects.current().count() == 4


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"email": "vera"}, "valid email address"),
        ({"time_zone": "Europe/Berln"}, "not a time zone"),
        ({"clinic": ""}, "cannot be blank"),
        ({"clinic": "L" * 121}, "at most 120"),
        ({"person": "Vera\nLind"}, "hidden character"),
        ({"email": '"vera\x0c"@example.test'}, "hidden character"),
        ({"clinic": "Linden\x00hof"}, "hidden character"),
        ({"phone": "0" * 33}, "at most 32"),
    ],
)
def test_bad_input_is_refused_and_nothing_written(db: None, options: dict[str, str], message: str) -> None:
    with pytest.raises(CommandError, match=message):
        create(**options)
    assert not Clinic.objects.exists()
    assert not User.objects.exists()


def test_the_same_clinic_twice_is_refused(db: None) -> None:
    create()
    with pytest.raises(CommandError, match="already a clinic named"):
        create()
    assert Clinic.objects.count() == 1
