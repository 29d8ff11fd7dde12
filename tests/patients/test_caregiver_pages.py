"""Sharing a dog, and ending it."""

import datetime as dt
from collections.abc import Callable

import pytest
from django.core import mail
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from accounts.models import User
from rehab.patients.actions import accept_invitation, invite_caregiver
from rehab.patients.models import Caregiver, CaregiverInvitation, Patient
from tests import make

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

Browser = Callable[[User], Client]
Queries = Callable[[int], CaptureQueriesContext]


def invite_url(patient: Patient) -> str:
    return reverse("patients:caregiver-invite", args=[patient.pk])


def end_url(caregiver: Caregiver) -> str:
    return reverse("patients:caregiver-end", args=[caregiver.pk])


def caring(user: User) -> Caregiver:
    return Caregiver.objects.get(user=user)


def test_owner_invites_a_sitter_who_then_sees_the_dog(
    as_user: Browser, patient: Patient, owner: User, now: dt.datetime
) -> None:
    answer = as_user(owner).post(invite_url(patient), {"email": "sitter@example.test"})

    assertContains(answer, "Sent to sitter@example.test")
    [letter] = mail.outbox
    assert "Olga Ruiz would like to share Bruno’s exercises with you." in letter.body
    token = answer.context["link"].rstrip("/").rsplit("/", 1)[-1]
    sitter = make.make_user("sitter@example.test")
    assert accept_invitation(token=token, by=sitter, at=now).relation == "caregiver"
    assert list(Patient.objects.visible_to(sitter)) == [patient]


def test_without_an_address_the_link_is_for_whoever_opens_it(as_user: Browser, patient: Patient, vet: User) -> None:
    answer = as_user(vet).post(invite_url(patient), {"relation": "owner", "email": ""})

    assertContains(answer, "It works for whoever opens it first.")
    assertContains(answer, f'value="{answer.context["link"]}"')
    assert mail.outbox == []
    invitation = CaregiverInvitation.objects.get()
    assert (invitation.relation, invitation.invitation.email, invitation.clinic) == ("owner", "", patient.clinic)


def test_link_is_shown_once_and_stored_nowhere(as_user: Browser, patient: Patient, vet: User) -> None:
    browser = as_user(vet)
    answer = browser.post(invite_url(patient), {"relation": "caregiver"})
    token = answer.context["link"].rstrip("/").rsplit("/", 1)[-1]

    assert answer.headers["Cache-Control"] == "no-store"
    again = browser.get(invite_url(patient))
    assertNotContains(again, token)
    assertContains(again, "Whoever opens the link")
    assert token not in str(list(CaregiverInvitation.objects.values("invitation__token_hash")))


@pytest.mark.usefixtures("own_limits")
def test_eleventh_invitation_of_a_family_in_an_hour_is_refused(
    as_user: Browser, patient: Patient, owner: User, vet: User
) -> None:
    url, sent = invite_url(patient), {"email": "sitter@example.test", "relation": "caregiver"}
    assert [as_user(owner).post(url, sent).status_code for _ in range(11)] == [200] * 10 + [422]
    assertContains(as_user(owner).post(url, sent), "Try again in an hour", status_code=422)
    assert (len(mail.outbox), CaregiverInvitation.objects.count()) == (10, 10)
    assert as_user(vet).post(url, sent).status_code == 200


def test_an_owner_cannot_name_another_owner(as_user: Browser, patient: Patient, owner: User) -> None:
    browser = as_user(owner)
    assertNotContains(browser.get(invite_url(patient)), 'name="relation"')
    browser.post(invite_url(patient), {"relation": "owner", "email": ""})
    assert CaregiverInvitation.objects.get().relation == "caregiver"


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({"email": "x@example.test"}, "Please choose one of the answers shown."),
        ({"relation": "boss"}, "Please choose one of the answers shown."),
        ({"relation": "owner", "email": "nobody"}, "Enter a valid email address."),
        ({"relation": "owner", "email": "a\x00@example.test"}, "Null characters are not allowed."),
        ({"relation": "owner", "email": "x" * 250 + "@example.test"}, "at most 254 characters"),
        ({"relation": "owner", "email": '"a\x1db"@example.test'}, "hidden character"),
    ],
)
def test_bad_input_is_422_and_invites_nobody(
    as_user: Browser, patient: Patient, vet: User, sent: dict[str, str], sentence: str
) -> None:
    answer = as_user(vet).post(invite_url(patient), sent)
    assertContains(answer, sentence, status_code=422)
    assert (CaregiverInvitation.objects.count(), mail.outbox) == (0, [])


@pytest.mark.parametrize(
    ("who", "status"),
    [("vet", 200), ("therapist", 200), ("owner", 200), ("caregiver", 403), ("admin", 404), ("stranger", 404),
     ("outside_vet", 404)],
)  # fmt: skip
def test_who_may_invite(
    as_user: Browser, patient: Patient, request: pytest.FixtureRequest, who: str, status: int
) -> None:
    browser = as_user(request.getfixturevalue(who))
    assert browser.get(invite_url(patient)).status_code == status
    assert browser.post(invite_url(patient), {"relation": "caregiver"}).status_code == status
    assert CaregiverInvitation.objects.count() == (1 if status == 200 else 0)


def test_each_side_has_its_own_frame(as_user: Browser, patient: Patient, owner: User, vet: User) -> None:
    assertContains(as_user(owner).get(invite_url(patient)), 'class="bottom-bar"')
    assertNotContains(as_user(vet).get(invite_url(patient)), 'class="bottom-bar"')


def test_page_lists_who_shares_now_and_who_is_invited(
    as_user: Browser, patient: Patient, vet: User, caregiver: User, now: dt.datetime
) -> None:
    invite_caregiver(patient=patient, email="sitter@example.test", relation="caregiver", by=vet, at=now)
    expired = now - dt.timedelta(days=15)
    invite_caregiver(patient=patient, email="late@example.test", relation="caregiver", by=vet, at=expired)

    answer = as_user(vet).get(invite_url(patient))

    assert [row.user.name for row in answer.context["caregivers"]] == ["Olga Ruiz", "Carl Ruiz"]
    assert [row.invitation.email for row in answer.context["invitations"]] == ["sitter@example.test"]


def test_owner_ends_a_caregiver_who_then_sees_nothing(
    as_user: Browser, patient: Patient, owner: User, caregiver: User
) -> None:
    answer = as_user(owner).post(end_url(caring(caregiver)), follow=True)

    assertRedirects(answer, invite_url(patient))
    assertContains(answer, "Carl Ruiz no longer sees Bruno.")
    assert not Patient.objects.visible_to(caregiver).exists()
    again = as_user(owner).post(end_url(caring(caregiver)), follow=True)
    assertContains(again, "That was done before.")


@pytest.mark.parametrize(
    ("who", "of", "status"),
    [
        ("owner", "owner", 403),
        ("caregiver", "owner", 403),
        ("caregiver", "caregiver", 403),
        ("vet", "owner", 302),
        ("therapist", "caregiver", 302),
        ("admin", "caregiver", 404),
        ("stranger", "caregiver", 404),
        ("outside_vet", "owner", 404),
    ],
)
def test_who_may_end_whom(
    as_user: Browser, patient: Patient, caregiver: User, request: pytest.FixtureRequest, who: str, of: str, status: int
) -> None:
    row = caring(request.getfixturevalue(of))
    assert as_user(request.getfixturevalue(who)).post(end_url(row)).status_code == status
    row.refresh_from_db()
    assert (row.ended_at is not None) == (status == 302)


def test_end_needs_a_post(as_user: Browser, patient: Patient, vet: User, caregiver: User) -> None:
    assert as_user(vet).get(end_url(caring(caregiver))).status_code == 405
    assert caring(caregiver).ended_at is None


@pytest.mark.parametrize("people", [1, 3])
def test_query_count(
    as_user: Browser,
    patient: Patient,
    vet: User,
    now: dt.datetime,
    people: int,
    django_assert_num_queries: Queries,
) -> None:
    for number in range(people):
        make.care_for(patient, make.make_user(), "caregiver")
        invite_caregiver(patient=patient, email=f"{number}@x.test", relation="caregiver", by=vet, at=now)
    browser = as_user(vet)
    # Session, person, dog, caregivers, invitations.
    with django_assert_num_queries(5):
        browser.get(invite_url(patient))
