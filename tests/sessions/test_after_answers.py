"""What a skip or a stop leads to, printed ahead for a phone without a network."""

import re
from html import unescape
from typing import Any
from uuid import UUID

import pytest
from django.template import Context, Template
from django.test import Client
from django.urls import reverse
from django.utils import translation

from accounts.models import User
from rehab.patients.models import Patient
from rehab.programs.models import Prescription, Program
from rehab.sessions.screen import words
from tests import make

pytestmark = pytest.mark.usefixtures("clock")


@pytest.fixture
def browser(as_user: Any, owner: User) -> Client:
    found: Client = as_user(owner)
    return found


@pytest.fixture
def item(program: Program) -> Prescription:
    found: Prescription = program.prescriptions.earliest("position")
    return found


def printed_ahead(patient_id: UUID) -> dict[str, str]:
    """The words and links by what they come after."""
    html = Template("{% load after_answers %}{% after_answers dog %}").render(Context({"dog": patient_id}))
    return dict(re.findall(r'<p data-after="(\w+)">(.*?)</p>', html))


def plain(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", "", html)).split())


@pytest.mark.parametrize("reason", list(words.Reason))
def test_each_skip_leads_where_it_leads_on_the_server(
    browser: Client, patient: Patient, item: Prescription, reason: words.Reason
) -> None:
    make.make_tick(item, state="skipped", skip_reason=reason.value)
    html = browser.get(reverse("sessions:today", args=[patient.pk])).content.decode()
    said = html.split(f'id="item-{item.pk}"')[1].split('<p class="item-say">')[1].split("</p>")[0]
    # Without JavaScript the exercise that is asked about stands in the address, too.
    said = said.replace(f"?about={item.pk}", "")
    ahead = printed_ahead(patient.pk)[reason.value].replace("{item}", str(item.pk))
    assert re.findall(r'href="([^"]+)"', ahead) == re.findall(r'href="([^"]+)"', said)
    names = plain(said).split("these matter most: ")[-1].split(".")[0]
    assert plain(ahead).replace("{names}", names) == plain(said)


def test_stop_leads_to_the_signs_and_to_the_clinic(patient: Patient) -> None:
    assert plain(printed_ahead(patient.pk)["stop"]).startswith(str(words.AFTER_STOP[0]))


def test_words_are_in_the_language_of_the_reader(patient: Patient) -> None:
    english = printed_ahead(patient.pk)
    with translation.override("es"):
        spanish = printed_ahead(patient.pk)
    assert english.keys() == spanish.keys()
    assert english["stop"] != spanish["stop"]
    assert "{names}" in spanish["no_time"]


def test_day_brings_them_along(browser: Client, patient: Patient, item: Prescription) -> None:
    html = browser.get(reverse("sessions:today", args=[patient.pk])).content.decode()
    assert html.count('<template id="after-answers">') == 1
    assert f"/dogs/{patient.pk}/messages/#about-{{item}}" in html
