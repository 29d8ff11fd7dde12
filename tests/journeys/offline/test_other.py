"""Days and clocks that differ, and no JavaScript at all."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import expect

from rehab.patients.models import Patient
from rehab.sessions.models import Command, PainAnswer, PerformedExercise
from tests import make
from tests.journeys.offline.conftest import NewOwnerPhone
from tests.journeys.offline.phone import Phone, performed

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.slow_browser
def test_page_of_yesterday_after_midnight(new_owner_phone: NewOwnerPhone, dog: Patient) -> None:
    """Extra 26: what is ticked on the stored page of yesterday is of yesterday.

    Midnight comes by a dog that travels: nobody can move the clock of the web process.
    """
    Patient.objects.filter(pk=dog.pk).update(time_zone="Pacific/Pago_Pago")
    dog.refresh_from_db()
    before = dog.today(make.now())
    phone = new_owner_phone()
    phone.open()
    phone.chaos.down()
    Patient.objects.filter(pk=dog.pk).update(time_zone="Pacific/Kiritimati")
    dog.refresh_from_db()
    after = dog.today(make.now())
    assert dt.timedelta(days=1) <= after - before <= dt.timedelta(days=2)
    phone.goto(phone.today)
    phone.tick()
    phone.shows(done=1)
    phone.waits(pending=1)
    phone.chaos.up()
    phone.is_settled()
    assert list(PerformedExercise.objects.values_list("day", "slot", "state")) == [(before, 1, "done")]
    # The new day is open: yesterday's tick is not painted over it.
    phone.goto(phone.today)
    phone.shows(done=0)


def test_clock_five_years_ahead(new_owner_phone: NewOwnerPhone, dog: Patient) -> None:
    """Extra 26: the server's clock counts, what the phone said is kept beside it, and the day is the page's."""
    phone = new_owner_phone()
    phone.open()
    wrong = make.now() + dt.timedelta(days=5 * 365)
    phone.page.clock.set_fixed_time(wrong)
    phone.tick()
    phone.shows(done=1)
    phone.is_settled()
    command = Command.objects.get()
    assert command.done_at == command.received_at
    assert command.stated_at is not None
    assert abs(command.stated_at - wrong) < dt.timedelta(minutes=1)
    assert command.day == dog.today(make.now())
    phone.page.reload()
    phone.shows(done=1)


@pytest.mark.slow_browser
def test_phone_in_another_time_zone(new_owner_phone: NewOwnerPhone, dog: Patient) -> None:
    """Extra 26: on a journey, the day is the dog's and the zone that of the phone."""
    phone = new_owner_phone(timezone_id="Pacific/Auckland")
    phone.open()
    phone.tick()
    phone.is_settled()
    command = Command.objects.get()
    assert command.day == make.now().astimezone(ZoneInfo(dog.time_zone)).date()
    assert command.time_zone == "Pacific/Auckland"


@pytest.mark.slow_browser
def test_no_javascript_at_all(new_owner_phone: NewOwnerPhone, dog: Patient) -> None:
    """Extra 29: every answer is an ordinary form; a lost answer and a second try make one row."""
    phone: Phone = new_owner_phone(java_script_enabled=False)
    phone.goto(phone.today)
    phone.page.locator("#pain-before").get_by_role("button", name="3").first.click()
    expect(phone.page.locator("#pain-before")).to_contain_text("3 of 10")
    phone.tick()
    phone.shows(done=1)
    assert performed(dog) == [(1, "done")]
    assert list(PainAnswer.objects.values_list("moment", "score")) == [("before", 3)]
