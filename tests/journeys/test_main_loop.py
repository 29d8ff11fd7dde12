"""The loop, once around, by hand in two browsers: define, assign, do, answer, see, adjust, remind."""

import datetime as dt
import re
from collections.abc import Callable
from zoneinfo import ZoneInfo

import pytest
from django.core.management import call_command
from playwright.sync_api import BrowserContext, Page, expect

from rehab.nudges.models import Nudge
from rehab.patients.models import Patient, ProblemDefinition
from rehab.programs.models import Decision, Prescription
from rehab.sessions.models import PainAnswer, PerformedExercise
from tests import make
from tests.journeys.conftest import MailServer, NewContext, eventually
from tests.journeys.stack import Stack

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

Check = Callable[[Page], None]


def zone_where_it_is(hour: int) -> str:
    """A time zone whose clocks show that hour now, so that a story about an afternoon runs at any time of the day."""
    ahead = (hour - make.now().hour + 12) % 24 - 12
    return f"Etc/GMT{-ahead:+d}" if ahead else "Etc/GMT"


def sign_in(page: Page, email: str, mail: MailServer) -> None:
    before = len([message for message in mail.received if email in str(message["To"])])
    page.goto("/accounts/login/")
    page.get_by_label("Your e-mail address").fill(email)
    page.get_by_role("button", name="Send me a code").click()
    type_code(page, email, mail, after=before)


def type_code(page: Page, email: str, mail: MailServer, *, after: int) -> None:
    message = mail.wait_for(to=email, count=after + 1)[-1]
    body = message.get_body(("plain",))
    assert body
    code = re.search(r"^\s{4}(\S+)\s*$", body.get_content(), re.MULTILINE)
    assert code, body.get_content()
    page.get_by_label("Code from the e-mail").fill(code[1])
    page.get_by_role("button", name="Sign in", exact=True).click()


def choose(page: Page, field: str, value: str) -> None:
    """Tap the card of a choice, as a person does: on its label."""
    page.locator(f"label:has(input[name='{field}'][value='{value}'])").click()


def test_a_dog_goes_once_around_the_loop(
    stack: Stack,
    mail_server: MailServer,
    desktop: BrowserContext,
    new_phone: NewContext,
    assert_accessible: Check,
) -> None:
    call_command("load_library", verbosity=0)
    time_zone = zone_where_it_is(15)
    clinic = make.make_clinic(time_zone=time_zone)
    make.join(make.make_user("vera@example.test", "Dr. Vera Lind", time_zone=time_zone), clinic, "vet")
    vet, owner = desktop.new_page(), new_phone(timezone_id=time_zone).new_page()

    # The vet registers the dog and its owner hears of it.
    sign_in(vet, "vera@example.test", mail_server)
    vet.get_by_role("link", name="New dog").first.click()
    vet.get_by_label("Name", exact=True).first.fill("Bruno")
    vet.get_by_label("Breed").fill("Dachshund")
    vet.get_by_label("Owner’s e-mail").fill("olga@example.test")
    assert_accessible(vet)
    register = vet.get_by_role("button", name="Register the dog")
    register.click()
    expect(register).to_have_count(0)
    dog = Patient.objects.get(name="Bruno")

    # Without a signed definition no program can be assigned.
    vet.goto(f"/patients/{dog.pk}/program/assign/")
    expect(vet.get_by_role("heading", level=1)).to_be_visible()
    expect(vet.get_by_role("button", name="Assign", exact=True)).to_have_count(0)

    # She defines the problem and signs it.
    vet.goto(f"/patients/{dog.pk}/definition/")
    choose(vet, "origin", "primary")
    choose(vet, "mechanism", "musculoskeletal")
    choose(vet, "neuro_deficit", "no")
    choose(vet, "neuro_grade", "1")
    choose(vet, "cause", "soft_tissue")
    today = dog.today(make.now())
    vet.get_by_label("Began on").fill((today - dt.timedelta(days=20)).isoformat())
    choose(vet, "pain_at_rest", "2")
    choose(vet, "pain_control", "none_needed")
    choose(vet, "activity_order", "leash_only")
    vet.get_by_label("I checked the warning signs today").check()
    vet.get_by_label("Re-examination on").fill((today + dt.timedelta(days=14)).isoformat())
    assert_accessible(vet)
    vet.get_by_role("button", name="Read through and sign").click()
    vet.wait_for_url("**/definitions/**")
    expect(vet.get_by_text("D1").first).to_be_visible()
    assert_accessible(vet)
    vet.get_by_role("button", name="Sign the definition").click()
    expect(vet.get_by_role("button", name="Sign the definition")).to_have_count(0)
    assert ProblemDefinition.objects.get(patient=dog).is_signed

    # She assigns a phase of a protocol that the definition allows.
    vet.goto(f"/patients/{dog.pk}/program/assign/")
    vet.get_by_role("link", name=re.compile("Gentle motion")).first.click()
    assert_accessible(vet)
    vet.locator("#item-leash-walk summary").first.click()
    vet.locator("#item-leash-walk").get_by_label("Minutes").first.fill("5")
    vet.get_by_label(re.compile("Reason")).fill("Examined today.")
    vet.get_by_role("button", name="Assign", exact=True).click()
    vet.wait_for_url(re.compile(r"/(patients|programs)/[0-9a-f-]+/$"))
    walk = Prescription.objects.get(exercise__slug="leash-walk")

    # The owner follows the link of the mail on her phone, types the code, and is at today's list.
    letter = mail_server.wait_for(to="olga@example.test")[0].get_body(("plain",))
    assert letter
    link = re.search(r"https?://\S+/join/\S+", letter.get_content())
    assert link
    owner.goto(link[0])
    owner.get_by_label("Your name").fill("Olga Ruiz")
    owner.get_by_role("button", name="Send me a code").click()
    type_code(owner, "olga@example.test", mail_server, after=1)
    owner.get_by_role("button", name="Join").click()
    owner.wait_for_url("**/today/")
    expect(owner.get_by_role("heading", level=1)).to_contain_text("Bruno")
    assert_accessible(owner)

    # She says how the dog is, ticks, takes back, does a part, skips one with a reason, and answers again.
    card = owner.locator("#pain-before")
    card.get_by_role("button", name=re.compile(r"^2\b")).click()
    expect(owner.locator("#pain-before")).to_contain_text("2 of 10")
    item = owner.locator(f"#item-{walk.pk}")
    done = item.locator(".slot[data-state=done]")
    first, second = (owner.locator(f"#tick-{walk.pk}-{slot}") for slot in (1, 2))
    first.click()
    expect(done).to_have_count(1)
    second.click()
    expect(done).to_have_count(2)
    owner.wait_for_timeout(600)  # at once it would be taken for a slip of the thumb
    second.click()
    expect(done).to_have_count(1)
    item.locator("summary").click()
    item.get_by_role("button", name="Half", exact=True).click()
    expect(item.locator(".slot[data-state=part]")).to_have_count(1)
    massage = owner.locator("li.item").filter(has_text="massage")
    massage.locator("summary").click()
    massage.get_by_role("button", name="No time today").click()
    expect(massage.locator(".slot[data-state=skipped]")).not_to_have_count(0)
    owner.reload()
    expect(done).to_have_count(1)
    owner.locator("#pain-after summary").first.click()
    owner.locator("#pain-after").get_by_role("button", name=re.compile(r"^5\b")).click()
    expect(owner.locator("#pain-after")).to_contain_text("5 of 10")
    assert_accessible(owner)
    states = PerformedExercise.objects.filter(patient=dog, prescription=walk).order_by("done_at", "pk")
    said = [(1, "done"), (2, "done"), (2, "undone"), (2, "partial")]
    eventually(owner, lambda: list(states.values_list("slot", "state")), said)
    pain = PainAnswer.objects.filter(patient=dog).order_by("done_at", "pk")
    eventually(owner, lambda: list(pain.values_list("moment", "score")), [("before", 2), ("after", 5)])

    # The vet sees it in her list and on the dog's page, and decides on less.
    vet.goto("/patients/")
    row = vet.get_by_role("row").filter(has_text="Bruno")
    for _ in range(20):
        if row.get_by_text("5", exact=False).count():
            break
        vet.wait_for_timeout(500)
        vet.reload()
    assert_accessible(vet)
    vet.get_by_role("link", name="Bruno").first.click()
    assert_accessible(vet)
    vet.get_by_role("link", name=re.compile("Regress .*walk", re.IGNORECASE)).click()
    vet.get_by_label("In your words").fill("Pain rose to 5 after the session.")
    assert_accessible(vet)
    vet.get_by_role("button", name="Regress", exact=True).click()
    vet.wait_for_url(f"**/patients/{dog.pk}/")
    assert Decision.objects.filter(patient=dog, kind="regress").count() == 1
    smaller = Prescription.objects.current().get(exercise__slug="leash-walk")
    assert (walk.dose["minutes"], smaller.dose["minutes"]) == (5, 4)
    owner.goto(f"/dogs/{dog.pk}/today/")
    expect(owner.locator(f"#item-{smaller.pk}")).to_contain_text("4 minutes")

    # Her reminder time comes and the day is not finished: one message, once.
    before = len(mail_server.received)
    # A minute that is over has been looked at; the next one comes within 60 seconds.
    soon_there = make.now().astimezone(ZoneInfo(time_zone)) + dt.timedelta(minutes=1)
    owner.goto("/nudges/")
    owner.get_by_label("At a time that I choose").check()
    owner.get_by_label("At this time").fill(f"{soon_there:%H:%M}")
    assert_accessible(owner)
    owner.get_by_role("button", name="Save").click()
    owner.wait_for_load_state()
    nudge = mail_server.wait_for(to="olga@example.test", count=3, seconds=90)[-1]
    text = nudge.get_body(("plain",))
    assert text
    assert "Bruno" in text.get_content()
    assert f"/dogs/{dog.pk}/" in text.get_content() or "/today/" in text.get_content()
    owner.wait_for_timeout(3000)  # three more ticks of the beat
    assert len(mail_server.received) == before + 1
    went_out = Nudge.objects.exclude(state=Nudge.State.SUPPRESSED)
    assert list(went_out.values_list("state", "user__email")) == [("sent", "olga@example.test")]
