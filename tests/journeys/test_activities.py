"""The activities of the dog's own life, where there is no network: asked, answered, corrected, and kept once."""

import datetime as dt
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from rehab.patients.models import OutcomeScore, Patient
from rehab.sessions.models import Command
from tests import make
from tests.journeys.conftest import NewContext
from tests.journeys.stack import Stack
from tests.journeys.test_today import signed_in

pytestmark = [pytest.mark.browser, pytest.mark.phone, pytest.mark.django_db(transaction=True)]

Check = Callable[[Page], None]
STORED = """async (path) => {
  for (const name of await caches.keys())
    if (name.startsWith("pages-") && (await (await caches.open(name)).match(path))) return true;
  return false;
}"""
WORDS = ("Walks", "Jumps into the car", "Plays in the garden")


@pytest.fixture
def dog(stack: Stack) -> Patient:
    """A dog whose activities were signed four weeks ago, so that Today asks about them."""
    clinic = make.make_clinic()
    vet = make.join(make.make_user("vera@example.test", "Dr. Vera Lind"), clinic, "vet")
    patient = make.make_patient(clinic, vet, owner=make.make_user("olga@example.test", "Olga Ruiz"))
    make.make_definition(patient, vet, signed_at=make.now() - dt.timedelta(days=30))
    make.make_program(patient, vet)
    return patient


def rate(page: Page, *words: str) -> None:
    for text, word in zip(WORDS, words, strict=True):
        page.get_by_role("group", name=text).get_by_label(word, exact=True).check()
    page.get_by_role("button", name="Save", exact=True).click()


def test_an_answer_without_a_network_arrives_once_and_the_last_one_of_the_day_stands(
    dog: Patient, new_phone: NewContext, stack: Stack, assert_accessible: Check
) -> None:
    context = new_phone()
    page = signed_in(context, "olga@example.test", stack.base_url)
    address = f"/dogs/{dog.pk}/activities/"
    page.goto(f"/dogs/{dog.pk}/today/")
    way = page.get_by_role("link", name="Say how hard the activities are")
    expect(way).to_be_visible()
    # Nobody has opened it yet: the phone stores it because Today asks.
    for _ in range(200):
        if page.evaluate(STORED, address):
            break
        page.wait_for_timeout(100)
    context.set_offline(True)
    way.click()
    expect(page).to_have_url(re.compile(rf"{address}$"))
    assert page.locator("main input[type=radio]:checked").count() == 0
    assert_accessible(page)

    # One left out: the phone says so before anything is kept.
    page.get_by_role("group", name="Walks").get_by_label("Normal").check()
    page.get_by_role("button", name="Save", exact=True).click()
    assert page.evaluate("document.activeElement.name") == "activity_2"
    rate(page, "Normal", "Very hard", "Hard")
    expect(page.locator(".saved-line")).to_contain_text("Saved on this phone")
    rate(page, "Normal", "Hard", "Hard")
    page.reload()
    expect(page.get_by_role("group", name="Jumps into the car").get_by_label("Hard", exact=True)).to_be_checked()
    assert not Command.objects.filter(kind="activities").exists()

    context.set_offline(False)
    expect(page.locator("form[data-sent-state=sent]")).to_have_count(1)
    rows = OutcomeScore.objects.filter(patient=dog).order_by("recorded_at", "pk")
    assert [(one.subscores, one.withdrawn_at is None) for one in rows] == [
        (dict(zip(WORDS, (0, 3, 2), strict=True)), False),
        (dict(zip(WORDS, (0, 2, 2), strict=True)), True),
    ]
    page.reload()
    expect(page.get_by_text("4 of 12 on")).to_be_visible()
    page.goto(f"/dogs/{dog.pk}/today/")
    expect(page.get_by_role("heading", name="Bruno")).to_be_visible()
    expect(way).to_have_count(0)


def test_without_a_script_the_browser_asks_for_what_is_left_out(
    dog: Patient, new_phone: NewContext, stack: Stack
) -> None:
    page = signed_in(new_phone(java_script_enabled=False), "olga@example.test", stack.base_url)
    page.goto(f"/dogs/{dog.pk}/activities/")
    page.get_by_role("button", name="Save", exact=True).click()
    assert not OutcomeScore.objects.exists()
    rate(page, "A little hard", "Cannot", "Normal")
    expect(page.get_by_text("Your answers are saved.")).to_be_visible()
    assert OutcomeScore.objects.get().total == 5
