"""Every page that the documents show, in the demo clinic: on a phone and on a desk, by day and by night."""

from collections.abc import Callable
from typing import Literal

import pytest
from django.core.management import call_command
from playwright.sync_api import Page, ViewportSize

from accounts.demo import PERSONAS
from rehab.demo import create_demo
from tests import make
from tests.journeys.conftest import NewContext, settle
from tests.journeys.stack import Stack
from tests.journeys.test_today import signed_in
from tests.screenshots import PAGES, go

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

Check = Callable[[Page], None]

DESK: ViewportSize = {"width": 1280, "height": 800}
PHONE: ViewportSize = {"width": 390, "height": 844}
# The night's colours are the same at every width, so they are looked at once.
LOOKS: tuple[tuple[ViewportSize, Literal["light", "dark"]], ...] = ((DESK, "light"), (PHONE, "light"), (PHONE, "dark"))
# The narrowest phone, and a desk at 400 % (WCAG 2.2, 1.4.10).
NARROW: ViewportSize = {"width": 320, "height": 640}
NOTHING_UNDER_WAY = """!document.querySelector('.htmx-request, .htmx-swapping, .htmx-settling, .htmx-added')"""
TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def test_every_page_is_accessible_on_a_phone_and_on_a_desk_by_day_and_by_night(
    stack: Stack, new_context: NewContext, assert_accessible: Check
) -> None:
    call_command("load_library", verbosity=0)
    create_demo(at=make.now(), say=lambda line: None)
    scrolls_sideways = {}
    for persona, stations in PAGES.items():
        page = signed_in(new_context(viewport=DESK), PERSONAS[persona].email, stack.base_url)
        for name, way in stations:
            go(page, way)
            if not name:
                continue
            # Parts that a page asks for by itself, such as the signals above a decision, must be there too.
            page.wait_for_load_state("networkidle")
            page.wait_for_function(NOTHING_UNDER_WAY)
            for size, scheme in LOOKS:
                page.set_viewport_size(size)
                page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
                assert_accessible(page)
            page.set_viewport_size(NARROW)
            settle(page)
            if over := page.evaluate(TOO_WIDE):
                scrolls_sideways[name] = over
            page.set_viewport_size(DESK)
    assert scrolls_sideways == {}
