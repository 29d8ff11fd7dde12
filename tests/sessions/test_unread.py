"""The number of unread messages in the frame of every page that a family sees of its dog."""

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from rehab.patients.models import Patient
from rehab.programs.models import Program
from rehab.sessions.models import MessagesRead
from tests import make

pytestmark = pytest.mark.usefixtures("clock")
HOUR = dt.timedelta(hours=1)
BADGE = '<span class="badge">2</span>'
WORDS = '<span class="visually-hidden">, 2 not read</span>'


@pytest.fixture
def browser(as_user: Any, owner: User) -> Client:
    found: Client = as_user(owner)
    return found


def pages(program: Program) -> dict[str, str]:
    """Every page in the frame of the family."""
    dog, item = program.patient_id, program.prescriptions.earliest("position").pk
    return {
        "today": reverse("sessions:today", args=[dog]),
        "yesterday": reverse("sessions:day", args=[dog, make.TODAY - dt.timedelta(days=1)]),
        "exercise": reverse("sessions:exercise", args=[dog, item]),
        "progress": reverse("sessions:progress", args=[dog]),
        "response": reverse("sessions:response", args=[dog, make.TODAY]),
        "check": reverse("sessions:check", args=[dog]),
        "help": reverse("sessions:help", args=[dog]),
        "handout": reverse("programs:handout", args=[program.pk]),
        "caregivers": reverse("patients:caregiver-invite", args=[dog]),
    }


def test_every_page_says_how_much_is_not_read(browser: Client, patient: Patient, program: Program, vet: User) -> None:
    for back in (0, 2):
        make.make_message(patient, vet, "How is she?", make.NOW - back * HOUR)
    shown = {name: browser.get(url).content.decode() for name, url in pages(program).items()}
    assert {name: (BADGE in html, WORDS in html) for name, html in shown.items()} == dict.fromkeys(shown, (True, True))


def test_badge_is_each_persons_own_and_goes_when_it_is_read(
    browser: Client, as_user: Any, patient: Patient, program: Program, vet: User, owner: User, caregiver: User
) -> None:
    for back in (0, 2):
        make.make_message(patient, vet, "How is she?", make.NOW - back * HOUR)
    MessagesRead.objects.create(patient=patient, user=owner, until=make.NOW)
    url = pages(program)["progress"]
    assert 'class="badge"' not in browser.get(url).content.decode()
    assert BADGE in as_user(caregiver).get(url).content.decode()


def test_page_of_messages_tells_its_news_itself(browser: Client, patient: Patient, vet: User) -> None:
    make.make_message(patient, vet, "How is she?")
    html = browser.get(reverse("sessions:messages", args=[patient.pk])).content.decode()
    assert "How is she?" in html
    assert 'class="badge"' not in html
