"""Joining a dog by invitation, as the browser sees it."""

import datetime as dt
import re
from typing import Any

import pytest
import time_machine
from django.contrib.auth import SESSION_KEY
from django.core import mail
from django.test import Client

from accounts.invitations import revoke_invitation
from accounts.models import Invitation, User
from rehab.patients.actions import invite_caregiver
from rehab.patients.models import Caregiver, Patient
from tests import make

pytestmark = pytest.mark.usefixtures("own_limits")

CODE_PAGE = "/accounts/login/code/"
JOIN = "/join/"
INVITED = "nora@example.test"


@pytest.fixture(autouse=True)
def _clock() -> Any:
    with time_machine.travel(make.NOW, tick=True):
        yield


@pytest.fixture
def bound(patient: Patient, vet: User) -> str:
    """The token of an invitation for one address."""
    return invite_caregiver(patient=patient, email=INVITED, relation="caregiver", by=vet, at=make.NOW)


@pytest.fixture
def free(patient: Patient, vet: User) -> str:
    """The token of an invitation for whoever holds the link."""
    return invite_caregiver(patient=patient, email="", relation="caregiver", by=vet, at=make.NOW)


def open_link(client: Client, token: str) -> Any:
    answer = client.get(f"{JOIN}{token}/")
    assert (answer.status_code, answer["Location"]) == (302, JOIN)
    return client.get(JOIN)


def enter_code(client: Client, location: str) -> Any:
    found = re.search(r"^ {4}(\S+)$", str(mail.outbox[-1].body), re.MULTILINE)
    assert found
    return client.post(location, {"code": found[1]})


def page_of(answer: Any) -> str:
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", answer.content.decode())


def test_new_person_joins_from_the_link_to_the_dog(client: Client, bound: str, patient: Patient) -> None:
    page = page_of(open_link(client, bound))
    assert "Lindenhof Veterinary Clinic invites you" in page
    assert patient.name not in page
    assert INVITED not in page
    assert "n•••@example.test" in page

    answer = client.post(JOIN, {"name": "Nora Bell", "time_zone": "America/Lima"})
    assert (answer.status_code, answer["Location"]) == (302, f"{CODE_PAGE}?next=%2Fjoin%2F")
    assert SESSION_KEY not in client.session
    assert mail.outbox[0].to == [INVITED]

    assert enter_code(client, answer["Location"])["Location"] == JOIN
    assert patient.name in page_of(client.get(JOIN))
    assert not Caregiver.objects.filter(user__email=INVITED).exists()

    answer = client.post(JOIN)
    assert (answer.status_code, answer["Location"]) == (302, "/")
    nora = User.objects.get(email=INVITED)
    assert (nora.name, nora.time_zone, nora.language) == ("Nora Bell", "America/Lima", "en")
    assert Caregiver.objects.current().get(user=nora).patient == patient
    assert Patient.objects.visible_to(nora).get() == patient
    assert client.get(JOIN).status_code == 404


def test_link_hides_its_token_at_once(client: Client, bound: str) -> None:
    answer = client.get(f"{JOIN}{bound}/")
    assert answer["Referrer-Policy"] == "no-referrer"
    assert bound not in page_of(client.get(JOIN))


def test_opening_the_link_many_times_changes_nothing(bound: str) -> None:
    before = list(Invitation.objects.values()), User.objects.count()
    for _ in range(5):
        browser = Client()
        assert open_link(browser, bound).status_code == 200
        browser.head(f"{JOIN}{bound}/")
    assert (list(Invitation.objects.values()), User.objects.count()) == before
    assert mail.outbox == []


def test_posting_to_the_link_is_refused(client: Client, bound: str) -> None:
    assert client.post(f"{JOIN}{bound}/").status_code == 405


@pytest.mark.parametrize("how", ["expired", "revoked", "used", "for another", "unknown", "nothing"])
def test_invitation_that_cannot_be_used_always_gets_the_same_answer(
    client: Client, patient: Patient, vet: User, owner: User, how: str
) -> None:
    email = INVITED if how == "for another" else owner.email
    token = invite_caregiver(patient=patient, email=email, relation="owner", by=vet, at=make.NOW)
    invitation = Invitation.objects.get()
    if how == "revoked":
        revoke_invitation(invitation=invitation, by=vet, at=make.NOW)
    elif how == "used":
        Invitation.objects.update(accepted_at=make.NOW, accepted_by=owner)
    elif how == "expired":
        Invitation.objects.update(expires_at=make.NOW - dt.timedelta(seconds=1))
    elif how == "unknown":
        token = "A" * 43
    before = list(Invitation.objects.values()), list(Caregiver.objects.values())
    client.force_login(owner)
    answer = client.get(JOIN) if how == "nothing" else open_link(client, token)
    posted = client.post(JOIN)
    assert (answer.status_code, posted.status_code) == (404, 404)
    never = Client()
    never.force_login(owner)
    assert page_of(answer) == page_of(posted) == page_of(never.get(JOIN))
    assert (list(Invitation.objects.values()), list(Caregiver.objects.values())) == before


def test_invitation_withdrawn_while_the_page_was_open_is_closed(
    client: Client, bound: str, vet: User, owner: User
) -> None:
    Invitation.objects.update(email=owner.email)
    client.force_login(owner)
    open_link(client, bound)
    revoke_invitation(invitation=Invitation.objects.get(), by=vet, at=make.NOW)
    assert client.post(JOIN).status_code == 404


def test_address_typed_by_a_visitor_does_not_redirect_a_bound_invitation(client: Client, bound: str) -> None:
    open_link(client, bound)
    client.post(JOIN, {"name": "Thief", "email": "thief@example.test"})
    assert [message.to for message in mail.outbox] == [[INVITED]]
    assert not User.objects.filter(email="thief@example.test").exists()


def test_whoever_holds_a_free_link_gives_an_address(client: Client, free: str) -> None:
    open_link(client, free)
    answer = client.post(JOIN, {"name": "Nora Bell", "email": "Nora@Example.test"})
    assert answer.status_code == 302
    assert mail.outbox[0].to == [INVITED]
    enter_code(client, answer["Location"])
    client.post(JOIN)
    assert Caregiver.objects.current().filter(user__email=INVITED).count() == 1


def test_mistyped_address_can_be_given_again(client: Client, free: str) -> None:
    open_link(client, free)
    answer = client.post(JOIN, {"name": "Nora Bell", "email": "noar@example.test"})
    assert f'href="{JOIN}"' in page_of(client.get(answer["Location"]))
    answer = client.post(JOIN, {"name": "Nora Bell", "email": INVITED})
    assert enter_code(client, answer["Location"])["Location"] == JOIN
    client.post(JOIN)
    assert Caregiver.objects.current().filter(user__email=INVITED).count() == 1


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("name", "", "This field is required."),
        ("name", "N" * 121, "at most 120 characters"),
        ("name", "No\x00ra", "Null characters are not allowed."),
        ("name", "Nora\r\nBcc: x@example.test", "hidden character"),
        ("email", "", "This field is required."),
        ("email", "nora", "Enter a valid email address."),
        ("email", "n\x00ora@example.test", "Null characters are not allowed."),
        ("email", f"{'n' * 250}@example.test", "at most 254 characters"),
        ("email", '"a\x1db"@example.test', "hidden character"),
    ],
)
def test_bad_input_is_422_and_creates_nobody(client: Client, free: str, field: str, value: str, message: str) -> None:
    open_link(client, free)
    before = User.objects.count()
    answer = client.post(JOIN, {"name": "Nora", "email": INVITED, field: value})
    assert answer.status_code == 422
    assert message in page_of(answer)
    assert User.objects.count() == before
    assert mail.outbox == []


@pytest.mark.parametrize(("sent", "kept"), [("Asia/Tokyo", "Asia/Tokyo"), ("Mars/Olympus", "UTC"), ("", "UTC")])
def test_time_zone_is_the_devices_or_the_clinics(client: Client, bound: str, sent: str, kept: str) -> None:
    open_link(client, bound)
    client.post(JOIN, {"name": "Nora", "time_zone": sent})
    assert User.objects.get(email=INVITED).time_zone == kept


def test_known_person_keeps_their_name_and_gets_a_code(client: Client, bound: str) -> None:
    make.make_user(INVITED, "Nora Bell")
    open_link(client, bound)
    answer = client.post(JOIN, {"name": "Somebody Else"})
    assert answer.status_code == 302
    assert User.objects.get(email=INVITED).name == "Nora Bell"
    assert mail.outbox[0].subject == "Your sign-in code"


def test_fourth_code_in_a_minute_is_refused(client: Client, bound: str) -> None:
    open_link(client, bound)
    answers = [client.post(JOIN, {"name": "Nora"}) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [302, 302, 302, 422]
    assert len(mail.outbox) == 3


def test_waiting_invitation_is_found_again_after_sign_in_elsewhere(client: Client, bound: str) -> None:
    nora = make.make_user(INVITED)
    open_link(client, bound)
    client.force_login(nora)
    session = client.session
    session["join_token"] = bound
    session.save()
    assert client.get("/")["Location"] == JOIN


def test_accepting_needs_the_csrf_token(bound: str) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(make.make_user(INVITED))
    open_link(strict, bound)
    assert strict.post(JOIN).status_code == 403
    assert not Caregiver.objects.filter(user__email=INVITED).exists()


@pytest.mark.parametrize("token", ["x", "é" * 200, "%00", "A" * 5000])
def test_odd_tokens_are_closed_invitations(client: Client, db: None, token: str) -> None:
    answer = client.get(f"{JOIN}{token}/")
    assert answer.status_code == 302
    assert client.get(JOIN).status_code == 404
    assert "join_token" not in client.session
