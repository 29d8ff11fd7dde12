"""Nerve pain without a plan against it goes nowhere; with one, care begins, and the family hears of it."""

import datetime as dt
import re
from collections.abc import Callable

import pytest
from django.core.management import call_command
from playwright.sync_api import BrowserContext, Page, expect

from rehab.nudges.models import Nudge
from rehab.patients.models import ProblemDefinition
from rehab.programs.models import Program
from tests import make
from tests.journeys.conftest import MailServer, eventually
from tests.journeys.stack import Stack
from tests.journeys.test_main_loop import choose, zone_where_it_is
from tests.journeys.test_today import signed_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

Check = Callable[[Page], None]


def test_nerve_pain_without_a_plan_is_not_signed_and_hurting_dogs_do_not_exercise(
    stack: Stack, mail_server: MailServer, desktop: BrowserContext, assert_accessible: Check
) -> None:
    call_command("load_library", verbosity=0)
    # The family sleeps at night, and is written to by day.
    zone = zone_where_it_is(15)
    clinic = make.make_clinic(time_zone=zone)
    vera = make.join(make.make_user("vera@example.test", "Dr. Vera Lind"), clinic, "vet")
    olga = make.make_user("olga@example.test", "Olga Ruiz", time_zone=zone)
    dog = make.make_patient(clinic, vera, owner=olga, time_zone=zone)
    today = dog.today(make.now())
    vet = signed_in(desktop, "vera@example.test", stack.base_url)

    # She says that nothing is needed against nerve pain of 5.
    vet.goto(f"/patients/{dog.pk}/definition/")
    choose(vet, "origin", "primary")
    choose(vet, "mechanism", "neurologic")
    choose(vet, "neuro_deficit", "no")
    choose(vet, "neuro_grade", "1")
    choose(vet, "cause", "disc")
    choose(vet, "leaf", "ivdd_conservative")
    vet.get_by_label("Began on").fill((today - dt.timedelta(days=6)).isoformat())
    choose(vet, "pain_at_rest", "5")
    choose(vet, "pain_control", "none_needed")
    choose(vet, "activity_order", "room_rest")
    vet.get_by_label("I checked the warning signs today").check()
    vet.get_by_label("Re-examination on").fill((today + dt.timedelta(days=7)).isoformat())
    vet.get_by_role("button", name="Read through and sign").click()
    expect(vet.get_by_text("Nerve pain needs a plan before exercise").first).to_be_visible()
    expect(vet.get_by_role("button", name="Sign the definition")).to_have_count(0)
    assert_accessible(vet)

    # With the medicine written down it can be signed.
    vet.get_by_role("link", name="Answer them").click()
    choose(vet, "pain_control", "medicine")
    for part, words in (("name", "Gabapentin"), ("dose", "10 mg/kg by mouth"), ("times", "7:00, 15:00, 23:00")):
        vet.locator(f"[name='medicine_1_{part}']").fill(words)
    vet.get_by_role("button", name="Read through and sign").click()
    expect(vet.get_by_text("D2").first).to_be_visible()
    vet.get_by_role("button", name="Sign the definition").click()
    expect(vet.get_by_role("button", name="Sign the definition")).to_have_count(0)
    assert ProblemDefinition.objects.get(patient=dog).is_signed

    # While it hurts at rest no active exercise is given, whatever the reason.
    vet.goto(f"/patients/{dog.pk}/program/assign/?phase=own")
    vet.get_by_label("Search the library").fill("stand and count")
    found = vet.locator("#found")
    expect(found).to_contain_text("Pain at rest is 5 of 10; above 3 no exercise until the pain is controlled.")
    expect(found.locator("[name='item_in'][value='stand-count']")).to_have_count(0)
    assert_accessible(vet)

    # Rest and medicine first: that is what the protocol begins with, and the family hears of it.
    vet.get_by_role("link", name="Other phase").click()
    vet.get_by_role("link", name="Strict rest and nursing").click()
    vet.get_by_role("button", name="Assign", exact=True).click()
    vet.wait_for_url(f"**/patients/{dog.pk}/")
    program = Program.objects.get(patient=dog)
    assert (program.decision_row, program.profile, program.phase) == ("D2", "neuro", "P0")
    active = [one.exercise.slug for one in program.prescriptions.select_related("exercise") if one.exercise.is_active]
    assert active == []
    letter = mail_server.wait_for(to="olga@example.test")[0]
    text = letter.get_body(("plain",))
    assert text
    assert letter["Subject"] == "Bruno has a new program"
    assert re.search(rf"/dogs/{dog.pk}/today/", text.get_content())
    assert "nerve" not in text.get_content().lower()
    news = Nudge.objects.filter(kind="plan_changed").order_by("pk").values_list("state", "user__email")
    eventually(vet, lambda: list(news.all()), [("sent", "olga@example.test")])
