"""A vet defines a problem: saved while she types, never against a colleague, and with one hand on the dog."""

import datetime as dt
import time
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from rehab.patients.actions import save_draft
from rehab.patients.models import ProblemDefinition
from rehab.patients.signing_rules import Answers
from tests import make
from tests.journeys.conftest import MailServer
from tests.journeys.stack import Stack
from tests.journeys.test_main_loop import choose, sign_in, zone_where_it_is

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

Check = Callable[[Page], None]


def test_a_draft_is_saved_while_it_is_written(
    stack: Stack, mail_server: MailServer, desktop: BrowserContext, assert_accessible: Check
) -> None:
    clinic = make.make_clinic()
    vera = make.join(make.make_user("vera@example.test", "Dr. Vera Lind"), clinic, "vet")
    tom = make.join(make.make_user("tom@example.test", "Tom Reyes"), clinic, "therapist")
    dog = make.make_patient(clinic, vera, time_zone=zone_where_it_is(15))
    page = desktop.new_page()
    sign_in(page, "vera@example.test", mail_server)
    page.goto(f"/patients/{dog.pk}/definition/")
    state, so_far = page.locator("#draft-state"), page.locator("#so-far-summary")
    expect(so_far).to_contain_text("Row D7")

    # What she taps is saved by itself, and what follows from it stands beside it.
    choose(page, "origin", "primary")
    choose(page, "mechanism", "neurologic")
    choose(page, "neuro_deficit", "yes")
    choose(page, "neuro_grade", "2")
    expect(so_far).to_contain_text("Row D3")
    expect(state).to_contain_text("Draft saved")

    # A diagnosis does not stay behind when the cause changes.
    choose(page, "cause", "disc")
    choose(page, "leaf", "lumbosacral_disc")
    choose(page, "cause", "arthritis")
    expect(page.locator("[name='leaf'][value='']")).to_be_checked()

    # One more row is there at once, and saving does not take the focus from it.
    choose(page, "pain_control", "medicine")
    page.get_by_role("button", name="Add another medicine").click()
    page.keyboard.type("Gabapentin")
    with page.expect_response("**/autosave/"):
        page.keyboard.type(" 100 mg")
    expect(page.locator("[name='medicine_2_name']")).to_be_focused()
    expect(page.locator("[name='medicine_2_name']")).to_have_value("Gabapentin 100 mg")
    assert_accessible(page)

    # What cannot be is said, and nothing is saved until it is mended.
    page.get_by_label("Body condition").fill("12")
    expect(state).to_contain_text("Please enter a whole number from 1 to 9.")
    page.get_by_label("Body condition").fill("5")
    expect(state).to_contain_text("Draft saved")

    # A suggested day takes one tap.
    page.get_by_role("button", name="7 days").click()
    today = dog.today(make.now())
    expect(page.get_by_label("Re-examination on")).to_have_value((today + dt.timedelta(days=7)).isoformat())
    expect(state).to_contain_text("Draft saved")

    # A button that is pressed while a save is under way waits for it, instead of meeting it as a stranger.
    def slowly(route: Route) -> None:
        time.sleep(1)
        route.continue_()

    page.route("**/autosave/", slowly)
    with page.expect_request("**/autosave/"):
        page.get_by_label("Region").fill("Lumbar")
    page.get_by_role("button", name="Read through and sign").click()
    page.wait_for_url("**/definitions/**")
    page.unroute("**/autosave/")
    expect(page.get_by_text("Lumbar", exact=True)).to_be_visible()
    assert_accessible(page)

    # Somebody else saves the draft: she is told, sees both, and nothing of hers is lost.
    page.goto(f"/patients/{dog.pk}/definition/")
    stored = ProblemDefinition.objects.get()
    save_draft(patient=dog, answers=Answers(region="Cervical"), by=tom, at=stored.updated_at + dt.timedelta(seconds=1))
    page.get_by_label("Region").fill("Thoracic")
    expect(state).to_contain_text("Tom Reyes saved this draft while you were writing")
    page.get_by_role("button", name="Compare").click()
    expect(page.locator(".conflict")).to_contain_text("Cervical")
    expect(page.get_by_label("Region")).to_have_value("Thoracic")
    page.get_by_label("Region").fill("Thoracolumbar")
    page.wait_for_timeout(1500)
    assert ProblemDefinition.objects.get().region == "Cervical"
    page.get_by_role("button", name="Save my answers instead").click()
    expect(page.get_by_text("Draft saved.")).to_be_visible()
    assert ProblemDefinition.objects.get().region == "Thoracolumbar"
