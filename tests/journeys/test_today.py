"""Today's list on a phone: without JavaScript, with hasty thumbs, and shared by two people."""

import datetime as dt
import re
from collections.abc import Callable

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import BrowserContext, Page, Route, expect

from accounts.models import User
from rehab.patients.models import Patient
from rehab.programs.models import Prescription
from rehab.sessions.models import Exposure, PainAnswer, PerformedExercise
from tests import make
from tests.journeys.conftest import NewContext, eventually
from tests.journeys.stack import Stack
from tests.journeys.test_main_loop import zone_where_it_is

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

Check = Callable[[Page], None]


@pytest.fixture
def dog(stack: Stack) -> Patient:
    """A dog with one exercise twice a day and one once a day, and two people who care for it."""
    clinic = make.make_clinic()
    vet = make.join(make.make_user("vera@example.test", "Dr. Vera Lind"), clinic, "vet")
    olga = make.make_user("olga@example.test", "Olga Ruiz")
    # In the afternoon, where the day does not change in the middle of a test.
    patient = make.make_patient(clinic, vet, owner=olga, time_zone=zone_where_it_is(15))
    make.care_for(patient, make.make_user("carl@example.test", "Carl Ruiz"), "caregiver")
    today = patient.today(make.now())
    make.make_definition(patient, vet, re_exam_due_on=today + dt.timedelta(days=9))
    make.make_program(patient, vet, starts_on=today - dt.timedelta(days=3))
    return patient


def signed_in(context: BrowserContext, email: str, base_url: str) -> Page:
    """A page of somebody who has signed in; how that is done is another journey's story."""
    client = Client()
    client.force_login(User.objects.get(email=email))
    cookie = client.cookies[settings.SESSION_COOKIE_NAME]
    context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": base_url}])
    return context.new_page()


@pytest.fixture
def base_url(stack: Stack) -> str:
    return stack.base_url


def twice_a_day(dog: Patient) -> Prescription:
    prescription: Prescription = Prescription.objects.get(patient=dog, times_per_day=2)
    return prescription


def test_the_day_works_without_javascript(
    dog: Patient, new_phone: NewContext, base_url: str, assert_accessible: Check
) -> None:
    page = signed_in(new_phone(java_script_enabled=False), "olga@example.test", base_url)
    item = twice_a_day(dog)

    page.goto("/today/")
    page.locator(f"#tick-{item.pk}-1").click()
    expect(page).to_have_url(re.compile(rf"/dogs/{dog.pk}/today/#item-{item.pk}$"))
    expect(page.locator(f"#item-{item.pk} .slot[data-state=done]")).to_have_count(1)
    page.locator(f"#tick-{item.pk}-1").click()
    expect(page.locator(f"#item-{item.pk} .slot[data-state=done]")).to_have_count(0)
    page.locator(f"#item-{item.pk} summary").click()
    page.locator(f"#item-{item.pk}").get_by_role("button", name="The dog did not want to").click()
    expect(page.locator(f"#item-{item.pk} .slot[data-state=skipped]")).to_have_count(2)
    page.locator("#pain-before").get_by_role("button", name=re.compile(r"^3\b")).click()
    expect(page.locator("#pain-before")).to_contain_text("3 of 10")

    assert list(PerformedExercise.objects.order_by("done_at", "pk").values_list("slot", "state", "skip_reason")) == [
        (1, "done", ""),
        (1, "undone", ""),
        (1, "skipped", "dog_refused"),
        (2, "skipped", "dog_refused"),
    ]
    assert list(PainAnswer.objects.values_list("moment", "score")) == [("before", 3)]


def test_hasty_taps_are_all_kept_and_all_shown(dog: Patient, new_phone: NewContext, base_url: str) -> None:
    context = new_phone()
    page = signed_in(context, "olga@example.test", base_url)
    item = twice_a_day(dog)
    page.goto("/today/")

    # Slow enough an answer that the second and third tap come before the first is answered.
    def late(route: Route) -> None:
        page.wait_for_timeout(400)
        route.continue_()

    context.route("**/commands/", late)
    for slot in (1, 2):
        page.locator(f"#tick-{item.pk}-{slot}").dispatch_event("click")
    page.locator(f"#tick-{item.pk}-2").dispatch_event("click")
    expect(page.locator(f"#item-{item.pk} .slot[data-state=done]")).to_have_count(2)
    expect(page.locator(f"#item-{item.pk} button:focus")).to_have_count(1)
    context.unroute_all(behavior="wait")

    said = PerformedExercise.objects.order_by("slot", "done_at", "pk").values_list("slot", "state")
    eventually(page, lambda: list(said.all()), [(1, "done"), (2, "done")])


@pytest.mark.parametrize("has_javascript", [True, False])
def test_a_practice_that_was_too_much_is_one_rung_back_at_once(
    dog: Patient, new_phone: NewContext, base_url: str, assert_accessible: Check, has_javascript: bool
) -> None:
    step = make.make_step(dog.programs.get(), rung=3)
    page = signed_in(new_phone(java_script_enabled=has_javascript), "olga@example.test", base_url)
    page.goto("/today/")
    card = page.locator(f"#practice-{step.pk}")

    card.locator(".practice-done > summary").click()
    if has_javascript:
        assert_accessible(page)
    card.get_by_label("legs shake or tremble").check()
    card.get_by_role("button", name=re.compile(r"^6\b")).click()
    expect(card).to_contain_text("One rung back for three days")
    expect(card).to_contain_text("legs shake or tremble")
    if has_javascript:
        assert_accessible(page)
    # It was somebody else's dog that trembled.
    card.locator(".more > summary").click()
    card.get_by_role("button", name="Not today").click()
    expect(card).to_contain_text("Not today")
    expect(card).not_to_contain_text("One rung back")

    said = Exposure.objects.order_by("done_at", "pk").values_list("done", "pain_after", "stop_signs")
    eventually(page, lambda: list(said.all()), [(True, 6, ["S_SHAKE"]), (False, None, [])])


def test_the_day_is_not_over_while_a_practice_waits(dog: Patient, new_phone: NewContext, base_url: str) -> None:
    step = make.make_step(dog.programs.get())
    page = signed_in(new_phone(), "olga@example.test", base_url)
    page.goto("/today/")
    for prescription in Prescription.objects.filter(patient=dog):
        for slot in range(1, prescription.times_per_day + 1):
            page.locator(f"#tick-{prescription.pk}-{slot}").click()
            expect(page.locator(f"#item-{prescription.pk} .slot[data-state=done]")).to_have_count(slot)
    expect(page.locator(".day-done")).to_be_hidden()
    page.locator(f"#practice-{step.pk}").get_by_role("button", name="Not today").click()
    expect(page.locator(".day-done")).to_be_visible()


def test_two_phones_share_one_list(
    dog: Patient, new_phone: NewContext, base_url: str, assert_accessible: Check
) -> None:
    olga = signed_in(new_phone(), "olga@example.test", base_url)
    carl = signed_in(new_phone(color_scheme="dark"), "carl@example.test", base_url)
    item = twice_a_day(dog)

    olga.goto("/today/")
    olga.locator(f"#tick-{item.pk}-1").click()
    expect(olga.locator(f"#item-{item.pk} .slot[data-state=done]")).to_have_count(1)
    eventually(olga, PerformedExercise.objects.count, 1)
    carl.goto("/today/")
    expect(carl.locator(f"#item-{item.pk} .slot[data-state=done]")).to_contain_text("Olga")
    assert_accessible(carl)
    # Both say that the second time is done: it counts once.
    olga.reload()
    for phone in (carl, olga):  # before either page has learnt of the other
        phone.locator(f"#tick-{item.pk}-2").dispatch_event("click")
    expect(olga.locator(f"#item-{item.pk} .slot[data-state=done]")).to_have_count(2)

    for place in ("progress", "help"):
        carl.goto(f"/dogs/{dog.pk}/{place}/")
        assert_accessible(carl)
