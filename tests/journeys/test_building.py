"""A vet builds a program for back pain that comes from a hip: by buttons, by dragging, and against the rules first."""

import datetime as dt
import re
from collections.abc import Callable

import pytest
from django.core.management import call_command
from playwright.sync_api import BrowserContext, Locator, Page, expect

from rehab.patients.models import Patient, ProblemDefinition
from rehab.programs.models import Prescription, Program
from tests import make
from tests.journeys.conftest import NewContext
from tests.journeys.stack import Stack
from tests.journeys.test_main_loop import choose, zone_where_it_is
from tests.journeys.test_today import signed_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

Check = Callable[[Page], None]


def define_hip(vet: Page, dog: Patient) -> None:
    """Back pain that compensates for hip dysplasia, signed by hand."""
    today = dog.today(make.now())
    vet.goto(f"/patients/{dog.pk}/definition/")
    choose(vet, "origin", "secondary")
    choose(vet, "mechanism", "musculoskeletal")
    choose(vet, "neuro_deficit", "no")
    choose(vet, "neuro_grade", "1")
    choose(vet, "cause", "compensatory")
    choose(vet, "leaf", "hip_dysplasia")
    choose(vet, "habits", "bunny_hop")
    vet.get_by_label("Began on").fill((today - dt.timedelta(days=60)).isoformat())
    choose(vet, "pain_at_rest", "2")
    choose(vet, "pain_control", "none_needed")
    choose(vet, "activity_order", "leash_only")
    vet.locator("[name='limb_source_and_plan']").fill("Left hip dysplasia: weight first, then strength.")
    vet.get_by_label("I checked the warning signs today").check()
    vet.get_by_label("Re-examination on").fill((today + dt.timedelta(days=14)).isoformat())
    vet.get_by_role("button", name="Read through and sign").click()
    expect(vet.get_by_text("D5").first).to_be_visible()
    vet.get_by_role("button", name="Sign the definition").click()
    expect(vet.get_by_role("button", name="Sign the definition")).to_have_count(0)
    assert ProblemDefinition.objects.get(patient=dog).is_signed


def names(page: Page) -> list[str]:
    page.wait_for_load_state()
    return page.locator(".plan .plan-name").all_inner_texts()


def add(page: Page, words: str, slug: str) -> Locator:
    """Search the library on the page and put an exercise into the plan."""
    page.get_by_label("Search the library").fill(words)
    page.locator(f"#found [name='item_in'][value='{slug}']").click()
    line = page.locator(f"#item-{slug}")
    expect(line).to_be_visible()
    return line


def test_a_vet_assigns_a_program_for_the_hip_after_one_that_only_trains_the_back(
    stack: Stack, desktop: BrowserContext, new_phone: NewContext, assert_accessible: Check
) -> None:
    call_command("load_library", verbosity=0)
    clinic = make.make_clinic()
    vera = make.join(make.make_user("vera@example.test", "Dr. Vera Lind"), clinic, "vet")
    olga = make.make_user("olga@example.test", "Olga Ruiz")
    dog = make.make_patient(clinic, vera, owner=olga, time_zone=zone_where_it_is(15))
    vet = signed_in(desktop, "vera@example.test", stack.base_url)
    define_hip(vet, dog)

    # From nothing, she first chooses what trains the back, and is refused whatever reason she gives.
    vet.goto(f"/patients/{dog.pk}/program/assign/")
    assert_accessible(vet)
    vet.get_by_role("link", name="Pick exercises").click()
    assert_accessible(vet)
    add(vet, "cookie", "cookie-stretch")
    add(vet, "heads up", "heads-up")
    expect(vet.locator("#panel")).to_contain_text("0 of 2 active exercises")
    expect(vet.locator("#item-heads-up")).to_contain_text("Meant for phase P2 and later; this is P1.")
    vet.get_by_label("Reason").fill("The back is what hurts.")
    vet.get_by_role("button", name="Assign", exact=True).click()
    refusal = vet.get_by_role("alert")
    expect(refusal).to_contain_text("at least 1 of 2 active exercises must work on the limb or a listed habit")
    expect(refusal).to_be_focused()
    assert not Program.objects.exists()
    assert_accessible(vet)

    # So she starts from the protocol for the hip; what waits for her tick is named beside it.
    vet.get_by_role("link", name="Other phase").click()
    vet.get_by_role("link", name="Use the hind legs again").click()
    expect(vet.locator("#panel")).to_contain_text("3 of 4 active exercises")
    expect(vet.locator("section").filter(has_text="Also in this phase")).to_contain_text("Sit to stand")
    walk, stretch = vet.locator("#item-leash-walk"), vet.locator("#item-cookie-stretch")

    # Down with the keyboard, up with the mouse; the order is spoken and the sums follow.
    before = names(vet)
    stretch.get_by_role("button", name=re.compile("up$")).focus()
    vet.keyboard.press("Enter")
    expect(vet.locator("#announce")).to_contain_text("now number 2 of 4")
    expect(stretch.get_by_role("button", name=re.compile("up$"))).to_be_focused()
    walk.locator("[data-handle]").hover()
    vet.mouse.down()
    vet.locator(".plan > li").first.hover(position={"x": 20, "y": 30})
    vet.locator(".plan > li").first.hover(position={"x": 20, "y": 8})
    vet.mouse.up()
    expect(vet.locator("#announce")).to_contain_text("now number 1 of 4")
    after = names(vet)
    assert sorted(after) == sorted(before)
    assert (after[0], after[2]) == (before[3], before[2])

    # A dose is read as it is typed: outside its range it needs a reason, and the minutes follow at once.
    walk.locator("summary").first.click()
    walk.get_by_label("Minutes", exact=False).first.fill("40")
    expect(walk).to_contain_text("minutes: 40 is outside 2 to 30")
    expect(vet.locator("#overruled")).to_contain_text("the range of a dose")
    walk.get_by_label("Minutes", exact=False).first.fill("8")
    expect(walk.locator(".plan-dose-text")).to_have_text("8 minutes, 3 times a day")
    expect(vet.locator("#overruled")).to_be_empty()
    walk.get_by_label("When in the day", exact=False).fill("After the morning walk")
    assert_accessible(vet)

    # She takes one out, puts it back, and looks at the plan as the family will.
    stretch.get_by_role("button", name=re.compile("^Take")).click()
    vet.get_by_role("button", name="Put back Side reach").click()
    expect(vet.locator(".plan > li").last).to_have_attribute("id", "item-cookie-stretch")
    vet.get_by_role("button", name="Preview").click()
    preview = vet.locator("#preview")
    expect(preview.locator(".item").first).to_contain_text("8 minutes, 3 times a day")
    expect(preview.locator(".item").first).to_contain_text("After the morning walk")
    assert_accessible(vet)

    vet.get_by_role("button", name="Assign", exact=True).click()
    vet.wait_for_url(f"**/patients/{dog.pk}/")
    program = Program.objects.get(patient=dog)
    assert (program.decision_row, program.decisions.get().rule_ids) == ("D5", ["D5"])
    stored = Prescription.objects.filter(program=program).order_by("position").values_list("exercise__slug", "aim")
    assert list(stored) == [
        ("leash-walk", "bunny_hop"),
        ("weight-shift", "limb"),
        ("figure-eight", "bunny_hop"),
        ("cookie-stretch", "back"),
    ]

    # On a phone between two patients it is the same page.
    phone = signed_in(new_phone(), "vera@example.test", stack.base_url)
    phone.goto(f"/patients/{dog.pk}/program/assign/?phase=own")
    add(phone, "warm wash", "warm-wash")
    assert_accessible(phone)


def test_a_program_is_built_without_javascript(stack: Stack, new_context: NewContext) -> None:
    call_command("load_library", verbosity=0)
    clinic = make.make_clinic()
    vera = make.join(make.make_user("vera@example.test", "Dr. Vera Lind"), clinic, "vet")
    dog = make.make_patient(clinic, vera, time_zone=zone_where_it_is(15))
    make.make_definition(dog, vera, re_exam_due_on=dog.today(make.now()) + dt.timedelta(days=14), signed_at=make.now())
    page = signed_in(new_context(java_script_enabled=False), "vera@example.test", stack.base_url)
    page.goto(f"/patients/{dog.pk}/program/assign/")
    page.get_by_role("link", name="Gentle motion").first.click()
    started = names(page)
    page.get_by_role("button", name=f"Move {started[1]} up").click()
    page.get_by_role("button", name=f"Take {started[0]} out").click()
    page.locator("#picker summary").click()
    page.get_by_label("Search the library").fill("wash")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("button", name="Add Daily warm wash").click()
    assert names(page) == [started[1], *started[2:], "Daily warm wash"]
    page.get_by_role("button", name="Preview").click()
    expect(page.locator("#preview")).to_contain_text("Daily warm wash")
    page.get_by_role("button", name="Assign", exact=True).click()
    page.wait_for_url(f"**/patients/{dog.pk}/")
    stored = Prescription.objects.filter(patient=dog).order_by("position").values_list("exercise__name", flat=True)
    assert list(stored) == [started[1], *started[2:], "Daily warm wash"]
