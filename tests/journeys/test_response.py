"""How was the dog today: on the dog itself, in the list, by keyboard, without a script, by day and by night."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from rehab.patients.models import Observation, Patient
from rehab.sessions.models import MedicineAnswer, ResponseAnswer
from tests import make
from tests.journeys.conftest import NewContext
from tests.journeys.stack import Stack
from tests.journeys.test_today import signed_in

pytestmark = [pytest.mark.browser, pytest.mark.phone, pytest.mark.django_db(transaction=True)]

Check = Callable[[Page], None]
TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture
def dog(stack: Stack) -> Patient:
    """A dog with a program and two doses of a medicine a day, and its owner."""
    clinic = make.make_clinic()
    vet = make.join(make.make_user("vera@example.test", "Dr. Vera Lind"), clinic, "vet")
    patient = make.make_patient(clinic, vet, owner=make.make_user("olga@example.test", "Olga Ruiz"))
    medicine = {"name": "Gabapentin", "dose": "100 mg", "times": "8:00, 20:00"}
    make.make_definition(patient, vet, pain_control="medicine", medicines=[medicine])
    make.make_program(patient, vet)
    return patient


@pytest.fixture
def address(dog: Patient) -> str:
    return f"/dogs/{dog.pk}/day/{dog.today(make.now())}/response/"


def region(page: Page, area: str) -> Locator:
    return page.locator(f'[data-area="{area}"] .map-touch').first


def stored(page: Page) -> ResponseAnswer:
    """The one answer that was given, once the server has it."""
    expect(page.locator("form[data-sent-state=sent]")).to_have_count(1)
    answer: ResponseAnswer = ResponseAnswer.objects.get()
    return answer


def test_a_region_presses_its_box_and_the_list_marks_the_dog(
    dog: Patient, address: str, new_phone: NewContext, stack: Stack, assert_accessible: Check
) -> None:
    page = signed_in(new_phone(), "olga@example.test", stack.base_url)
    page.set_viewport_size({"width": 360, "height": 800})
    page.goto(address)
    for one in page.locator(".map-touch").all():
        box = one.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= 44
    neck, hip, nowhere = (page.get_by_label(name) for name in ("Neck", "Left hip", "Nowhere that I can see"))

    nowhere.check()
    region(page, "neck").tap()
    expect(neck).to_be_checked()
    expect(nowhere).not_to_be_checked()
    region(page, "hip_left").tap()
    expect(hip).to_be_checked()
    region(page, "neck").tap()
    expect(neck).not_to_be_checked()
    # From the list to the dog, with the keyboard; marked by stripes, on both its sides where both are meant.
    page.get_by_label("Lower back").focus()
    page.keyboard.press("Space")
    for part in page.locator('[data-area="lower_back"] .map-part').all():
        expect(part).to_have_css("fill", re.compile("map-hatch"))
    assert_accessible(page)
    page.get_by_role("button", name="Save where it hurts").click()

    assert stored(page).areas == ["lower_back", "hip_left"]
    page.reload()
    expect(hip).to_be_checked()
    expect(page.locator("section", has=page.locator("#areas-title"))).to_contain_text("Olga")


def test_nowhere_is_an_answer(dog: Patient, address: str, new_phone: NewContext, stack: Stack) -> None:
    page = signed_in(new_phone(), "olga@example.test", stack.base_url)
    page.goto(address)
    page.get_by_label("Neck").check()
    page.get_by_label("Nowhere that I can see").check()
    expect(page.get_by_label("Neck")).not_to_be_checked()
    page.get_by_role("button", name="Save where it hurts").click()
    assert stored(page).areas == []


def test_a_sign_of_the_nerves_leads_to_the_check_at_once(
    dog: Patient, address: str, new_phone: NewContext, stack: Stack, assert_accessible: Check
) -> None:
    page = signed_in(new_phone(), "olga@example.test", stack.base_url)
    page.goto(address)
    way = page.get_by_role("link", name="Go to the check")
    page.get_by_label("Held the back arched").check()
    expect(way).to_be_hidden()
    page.get_by_label("Stumbled").check()
    expect(way).to_be_visible()
    expect(page.get_by_role("status").filter(has=way)).to_contain_text("Look at the warning signs")
    assert_accessible(page)
    page.get_by_label("None of these").check()
    expect(way).to_be_hidden()
    page.get_by_label("Stumbled").check()
    way.click()
    expect(page).to_have_url(re.compile(rf"/dogs/{dog.pk}/check/$"))


def test_a_tap_answers_and_shows_it(
    dog: Patient, address: str, new_phone: NewContext, stack: Stack, assert_accessible: Check
) -> None:
    page = signed_in(new_phone(), "olga@example.test", stack.base_url)
    page.goto(address)
    tired = page.get_by_role("button", name="Very tired")
    tired.click()
    expect(tired).to_have_attribute("aria-pressed", "true")
    assert stored(page).tired == 2
    dose = page.locator("#dose-1")
    dose.get_by_role("button", name="missed").click()
    expect(dose.get_by_role("button", name="missed")).to_have_attribute("aria-pressed", "true")
    dose.get_by_role("button", name="It came up again").click()
    page.locator("#dose-2").get_by_role("button", name="given").click()
    expect(page.locator("#medicine form.dose-said[data-sent-state=sent]")).to_have_count(2)
    assert_accessible(page)

    page.reload()
    expect(tired).to_have_attribute("aria-pressed", "true")
    assert list(MedicineAnswer.objects.order_by("done_at", "pk").values_list("time", "given", "reason")) == [
        ("08:00", False, ""),
        ("08:00", False, "vomited"),
        ("20:00", True, ""),
    ]


def test_all_of_it_works_without_javascript(dog: Patient, address: str, new_phone: NewContext, stack: Stack) -> None:
    page = signed_in(new_phone(java_script_enabled=False), "olga@example.test", stack.base_url)
    page.goto(address)
    page.get_by_role("button", name="Fresh").click()
    expect(page.get_by_role("button", name="Fresh")).to_have_attribute("aria-pressed", "true")
    page.get_by_label("Neck").check()
    page.get_by_role("button", name="Save where it hurts").click()
    expect(page.get_by_label("Neck")).to_be_checked()
    page.get_by_label("None of these").check()
    page.get_by_role("button", name="Save what you saw").click()
    expect(page.get_by_label("None of these")).to_be_checked()
    page.get_by_role("textbox", name="Anything else?").fill("Slept well")
    page.get_by_role("button", name="Save the note").click()
    expect(page.get_by_role("textbox", name="Anything else?")).to_have_value("Slept well")
    page.get_by_role("spinbutton", name="Weight").fill("12.4")
    page.get_by_role("button", name="Save Weight").click()
    page.goto(address)
    page.get_by_role("button", name="Gabapentin 08:00: given").click()
    page.goto(address)
    expect(page.locator("#dose-1")).to_have_attribute("data-state", "given")

    rows = ResponseAnswer.objects.order_by("done_at", "pk").values_list("tired", "areas", "signs", "note")
    assert list(rows) == [
        (0, None, None, ""),
        (None, ["neck"], None, ""),
        (None, None, [], ""),
        (None, None, None, "Slept well"),
    ]
    assert [float(one.value) for one in Observation.objects.all()] == [12.4]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page_reads_well_on_the_narrowest_phone(
    dog: Patient, address: str, new_phone: NewContext, stack: Stack, assert_accessible: Check, scheme: str
) -> None:
    context = new_phone(color_scheme=scheme, reduced_motion="reduce")
    page = signed_in(context, "olga@example.test", stack.base_url)
    page.set_viewport_size({"width": 320, "height": 640})
    page.goto(address)
    for area in ("belly", "tail_base"):
        region(page, area).tap()
    page.get_by_label("Had trouble walking").check()
    page.locator("#dose-1").get_by_role("button", name="missed").click()
    expect(page.locator("#dose-1").get_by_role("button", name="It ran out")).to_be_visible()
    assert page.evaluate(TOO_WIDE) <= 0
    assert_accessible(page)
