"""The list of dogs by keys, and a decision by one tap in it."""

from collections.abc import Callable

import pytest
from django.core.management import call_command
from playwright.sync_api import Page, expect

from accounts.demo import PERSONAS
from rehab.demo import create_demo
from rehab.programs.models import Decision
from tests import make
from tests.journeys.conftest import NewContext
from tests.journeys.stack import Stack
from tests.journeys.test_today import signed_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

Check = Callable[[Page], None]


def test_vet_goes_from_dog_to_dog_by_keys_and_accepts_what_is_suggested(
    stack: Stack, new_context: NewContext, assert_accessible: Check
) -> None:
    call_command("load_library", verbosity=0)
    create_demo(at=make.now(), say=lambda line: None)
    page = signed_in(new_context(), PERSONAS["vet"].email, stack.base_url)
    page.goto("/patients/")
    expect(page.get_by_text("go from dog to dog")).to_be_visible()
    assert_accessible(page)
    luna = page.get_by_role("link", name="Luna")

    # While somebody types, the keys are letters.
    search = page.get_by_role("searchbox")
    search.focus()
    page.keyboard.type("ajk")
    expect(search).to_have_value("ajk")
    search.fill("")
    search.blur()

    # Without a dog in focus nothing is accepted.
    page.keyboard.press("a")
    for _ in range(page.get_by_role("row").count()):
        page.keyboard.press("j")
        if luna.evaluate("link => link === document.activeElement"):
            break
    expect(luna).to_be_focused()
    page.keyboard.press("a")
    row = page.get_by_role("row").filter(has_text="Luna")
    expect(row).to_contain_text("Progress: Controlled leash walk")
    expect(luna).to_be_focused()
    assert Decision.objects.filter(kind="progress", details__has_key="suggestion").count() == 1
    assert_accessible(page)

    # Whoever wants no single keys turns them off, also for the next visit with this device.
    switch = page.get_by_role("checkbox", name="Use these keys on this device")
    switch.uncheck()
    expect(page.get_by_text("go from dog to dog")).to_be_hidden()
    assert_accessible(page)
    page.reload()
    luna.focus()
    page.keyboard.press("k")
    expect(luna).to_be_focused()
    expect(switch).not_to_be_checked()
    switch.check()
    expect(page.get_by_text("go from dog to dog")).to_be_visible()
    luna.focus()

    page.keyboard.press("k")
    expect(luna).not_to_be_focused()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name="Luna")).to_be_visible()
    assert_accessible(page)
    page.goto("/patients/?show=stopped")
    expect(page.get_by_role("link", name="Max")).to_be_visible()
    expect(page.get_by_role("link", name="Luna")).to_have_count(0)
