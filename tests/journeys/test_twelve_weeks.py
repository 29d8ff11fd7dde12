"""A disc that hurts a nerve: from crate rest to maintenance in twelve weeks, and what comes between.

The processes are the product's own, on a clock that the test moves (`clock`). On the days that matter the family and the vet
use the pages; the days between are sent to the API as their phone would (`family`). Whatever is decided, stopped or
suggested on the way comes from the product's own beat and worker.
"""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from playwright.sync_api import BrowserContext

from tests import make
from tests.journeys import maintenance, treatment
from tests.journeys.clock import Clock, travelling
from tests.journeys.conftest import MailServer, NewContext
from tests.journeys.family import Family
from tests.journeys.stack import Stack
from tests.journeys.story import ONE_DAY, ZONE, Check, Story
from tests.journeys.test_today import signed_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def clock(tmp_path: Path) -> Iterator[Clock]:
    with travelling(tmp_path / "clock") as clock:
        yield clock


@pytest.fixture
def stack(clock: Clock, transactional_db: None, mail_server: MailServer, tmp_path: Path) -> Iterator[Stack]:
    """The product on processes of its own that go by the travelled clock."""
    var = tmp_path / "installation"
    var.mkdir()
    stack = Stack(
        var=var,
        environment={
            "EMAIL_URL": mail_server.url,
            "SECRET_KEY": settings.SECRET_KEY,
            "NUDGE_TICK_SECONDS": "1",
            "SUMMARY_REFRESH_SECONDS": "1",
            **clock.environment,
        },
    )
    try:
        stack.start()
        yield stack
    finally:
        stack.stop()


@pytest.fixture
def story(clock: Clock, stack: Stack, mail_server: MailServer, desktop: BrowserContext, new_phone: NewContext) -> Story:
    """Nine o'clock of the first day: a dog, its owner's phone, and a vet who has never seen it."""
    call_command("load_library", verbosity=0)
    first = clock.now.astimezone(ZONE).date() + ONE_DAY
    clock.move_to(dt.datetime.combine(first, dt.time(9), ZONE))
    clinic = make.make_clinic(time_zone=ZONE.key)
    vera = make.join(make.make_user("vera@example.test", "Dr. Vera Lind", time_zone=ZONE.key), clinic, "vet")
    olga = make.make_user("olga@example.test", "Olga Ruiz", time_zone=ZONE.key)
    dog = make.make_patient(clinic, vera, owner=olga, time_zone=ZONE.key)
    phone = new_phone(timezone_id=ZONE.key)
    for browser in (desktop, phone):
        clock.lead(browser)
    return Story(
        clock=clock,
        mail=mail_server,
        dog=dog,
        vet=signed_in(desktop, "vera@example.test", stack.base_url),
        owner=signed_in(phone, "olga@example.test", stack.base_url),
        family=Family(browser=phone, dog=dog, medicine="Gabapentin", doses=("07:00", "19:00")),
        first=first,
    )


def test_disc_disease_from_crate_rest_to_maintenance_in_twelve_weeks(story: Story, assert_accessible: Check) -> None:
    treatment.rests_in_a_crate(story)
    treatment.is_not_heard_of(story)
    treatment.misses_two_doses(story, assert_accessible)
    treatment.wakes_up(story, assert_accessible)
    treatment.flares_up(story)
    treatment.shows_a_warning_sign(story, assert_accessible)
    treatment.grows_again(story, assert_accessible)
    treatment.gets_its_life_back(story)
    maintenance.is_discharged(story, assert_accessible)
    maintenance.stays_well(story, assert_accessible)
    maintenance.hurts_again(story, assert_accessible)
