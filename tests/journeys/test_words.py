"""A clinic writes its own words: what is being typed is shown to an example family at once."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from accounts.models import Clinic, User
from rehab.nudges import links
from rehab.nudges.examples import example
from rehab.nudges.letters import mail
from rehab.nudges.models import Nudge, NudgePreference, NudgeText
from tests import make
from tests.journeys.conftest import NewContext
from tests.journeys.stack import Stack
from tests.journeys.test_today import signed_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

Check = Callable[[Page], None]


def test_words_are_shown_while_they_are_typed_and_taken_back_at_once(
    stack: Stack, new_context: NewContext, assert_accessible: Check, clinic: Clinic, vet: User
) -> None:
    page = signed_in(new_context(), vet.email, stack.base_url)
    page.goto(f"/clinics/{clinic.pk}/nudges/")
    assert_accessible(page)
    page.get_by_role("link", name=re.compile("unfinished day")).click()
    preview = page.locator("#preview")
    expect(preview).to_contain_text("Bruno: Two left, about six minutes")

    page.get_by_label("Title").fill("A round with {dog}?")
    page.get_by_label("Text").press_sequentially("{left} left, {minute")
    expect(preview).to_contain_text("A brace stands alone.")
    page.get_by_label("Text").press_sequentially("s} minutes.")
    expect(preview).to_contain_text("A round with Bruno?")
    expect(preview).to_contain_text("2 left, 6 minutes.")
    expect(page.get_by_label("Text")).to_be_focused()
    assert_accessible(page)
    assert NudgeText.objects.count() == 0

    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved. Messages say it from now on.")).to_be_visible()
    page.get_by_role("button", name="Say the usual words").click()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_label("Title")).to_have_value("A round with {dog}?")
    assert_accessible(page)


def test_mail_can_be_read_and_its_links_do_one_thing(
    stack: Stack, new_context: NewContext, assert_accessible: Check, clinic: Clinic, owner: User
) -> None:
    page = new_context().new_page()
    for kind in Nudge.Kind:
        nudge, words = example(kind, clinic=clinic, language="en", on=make.TODAY)
        page.set_content(mail(nudge, words).html)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            assert_accessible(page)

    page.goto(f"/nudges/stop/{links.stop_token(owner.pk)}/")
    assert_accessible(page)
    page.get_by_role("button", name="A week’s break").click()
    expect(page.get_by_role("heading", name="A break from reminders")).to_be_visible()
    page.get_by_role("button", name="Stop the e-mails for good").click()
    page.get_by_role("button", name="None on the phone either").click()
    expect(page.get_by_text("neither by e-mail nor on a phone")).to_be_visible()
    assert_accessible(page)
    preference = NudgePreference.objects.get(user=owner)
    assert (preference.email_enabled, preference.reminds) == (False, False)
