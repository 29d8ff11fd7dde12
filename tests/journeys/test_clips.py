"""A family films an exercise where the signal is bad; the clinic says what to change, and the family reads it there."""

import datetime as dt
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from rehab.patients.models import Patient
from rehab.programs.models import Prescription
from rehab.sessions.models import Clip
from tests import make
from tests.journeys.chaos import Chaos, Exchange
from tests.journeys.conftest import NewContext, eventually
from tests.journeys.stack import Stack
from tests.journeys.test_main_loop import zone_where_it_is
from tests.journeys.test_today import signed_in
from tests.sessions.filming import film

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

Check = Callable[[Page], None]
CONTROLLED = "navigator.serviceWorker.ready.then(() => true)"
KEPT = "Outbox.tx('clips', 'readonly', (store) => store.getAll()).then((all) => all.map(({ user, state }) => [user, state]))"
PLAYABLE = """async (video) => {
    video.muted = true;
    await video.play();
    return [video.videoWidth, video.videoHeight];
}"""
TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
PART = 512 * 1024


@pytest.fixture
def item(stack: Stack) -> Prescription:
    """An exercise of a dog with an owner, and a vet who looks at it."""
    clinic = make.make_clinic()
    vet = make.join(make.make_user("vera@example.test", "Dr. Vera Lind"), clinic, "vet")
    owner = make.make_user("olga@example.test", "Olga Ruiz")
    patient: Patient = make.make_patient(clinic, vet, owner=owner, time_zone=zone_where_it_is(15))
    make.care_for(patient, make.make_user("carl@example.test", "Carl Ruiz"), "caregiver")
    today = patient.today(make.now())
    make.make_definition(patient, vet, re_exam_due_on=today + dt.timedelta(days=9))
    program = make.make_program(patient, vet, starts_on=today - dt.timedelta(days=3))
    found: Prescription = program.prescriptions.get(position=0)
    return found


def page_of(item: Prescription) -> str:
    return f"/dogs/{item.patient_id}/exercise/{item.pk}/"


def entry_of(page: Page) -> Locator:
    return page.locator("clip-upload [data-kept] > li")


def is_later_part(exchange: Exchange) -> bool:
    return "/chunks/" in exchange.path and not exchange.target.endswith("offset=0")


def offsets(chaos: Chaos) -> list[int]:
    """Which parts arrived, in their order."""
    arrived = [one for one in chaos.log if "/chunks/" in one.path and one.status == 200]
    return [int(one.target.partition("offset=")[2]) for one in arrived]


def test_a_clip_goes_on_from_where_the_network_ended_and_comes_back_with_an_answer(
    item: Prescription,
    new_phone: NewContext,
    desktop: BrowserContext,
    chaos: Chaos,
    stack: Stack,
    tmp_path: Path,
    assert_accessible: Check,
) -> None:
    data = film(tmp_path / "dog.mp4", seconds=4, size=(480, 270), noisy=True)
    assert len(data) > 2.2 * PART
    phone = new_phone(base_url=chaos.base_url)
    home = signed_in(phone, "olga@example.test", chaos.base_url)
    home.goto(page_of(item))
    home.evaluate(CONTROLLED)
    home.goto(page_of(item))

    # In the garden the signal ends behind the first part.
    chaos.say("cut", is_later_part)
    home.locator("input[name=clip]").set_input_files(tmp_path / "dog.mp4")
    entry = entry_of(home)
    expect(entry).to_contain_text("Not sent yet. Send it?")
    expect(entry).to_contain_text("0:04")
    assert_accessible(home)
    assert home.evaluate(TOO_WIDE) == 0
    entry.get_by_role("button", name="Send to the clinic").click()
    eventually(home, lambda: list(Clip.objects.values_list("received", flat=True)), [PART])
    phone.set_offline(True)
    home.reload()
    expect(entry).to_contain_text("Saved on this phone.")
    assert_accessible(home)

    # In the kitchen it is back: nothing that has arrived is sent again.
    chaos.say("pass")
    phone.set_offline(False)
    sent = home.locator("#clip-list > li")
    expect(sent).to_contain_text(re.compile("being prepared|has not answered yet"), timeout=30_000)
    expect(entry).to_have_count(0)
    assert home.evaluate(KEPT) == []
    assert offsets(chaos) == list(range(0, len(data), PART))
    expect(sent).to_contain_text("Your clinic has not answered yet.", timeout=60_000)
    assert home.locator("#clip-list video").evaluate(PLAYABLE) == [480, 270]

    clinic = signed_in(desktop, "vera@example.test", stack.base_url)
    clinic.goto(f"/patients/{item.patient_id}/")
    clinic.get_by_role("link", name="Clips (1 waiting)").click()
    assert clinic.locator("video").evaluate(PLAYABLE) == [480, 270]
    assert_accessible(clinic)
    clinic.get_by_text("Change this", exact=True).click()
    clinic.get_by_role("button", name="Send this answer").click()
    expect(clinic.get_by_text("Say what the family should do differently.")).to_be_visible()
    clinic.get_by_label("What should change?").fill("Hold his hips, not his belly.")
    clinic.get_by_role("button", name="Send this answer").click()
    expect(clinic.get_by_text("Answered.")).to_be_visible()
    assert_accessible(clinic)

    home.goto(page_of(item))
    expect(sent).to_contain_text("Dr. Vera Lind: change this")
    expect(sent).to_contain_text("Hold his hips, not his belly.")
    assert_accessible(home)


def test_a_long_clip_a_change_of_mind_and_another_account(
    item: Prescription, phone: BrowserContext, stack: Stack, tmp_path: Path
) -> None:
    film(tmp_path / "long.mp4", seconds=34, size=(160, 90), has_sound=False)
    (tmp_path / "large.jpg").write_bytes(b"\xff\xd8\xff" + bytes(15 * 1024 * 1024))
    (tmp_path / "page.jpg").write_bytes(b"<html>")
    home = signed_in(phone, "olga@example.test", stack.base_url)
    home.goto(page_of(item))
    entry = entry_of(home)
    home.locator("input[name=film]").set_input_files(tmp_path / "long.mp4")
    expect(entry).to_contain_text("This clip is 0:34 long. Only its first 30 seconds are kept.")
    entry.get_by_role("button", name="Do not send").click()
    expect(entry).to_have_count(0)
    home.locator("input[name=photo]").set_input_files(tmp_path / "large.jpg")
    expect(entry).to_contain_text("photos up to 15 MB")
    expect(entry.get_by_role("button", name="Try again")).to_be_hidden()
    entry.get_by_role("button", name="Do not send").click()

    # What the clinic's system does not take says why, and stays until somebody lets it go.
    home.locator("input[name=photo]").set_input_files(tmp_path / "page.jpg")
    entry.get_by_role("button", name="Send to the clinic").click()
    expect(entry).to_contain_text("This is no photo that can be shown.")
    home.reload()
    expect(entry).to_contain_text("This is no photo that can be shown.")
    expect(entry.get_by_role("button", name="Try again")).to_be_visible()

    phone.clear_cookies()
    other = signed_in(phone, "carl@example.test", stack.base_url)
    other.goto(page_of(item))
    expect(other.locator("clip-upload:defined")).to_have_count(1)
    other.locator("input[name=photo]").set_input_files(tmp_path / "page.jpg")
    expect(entry_of(other)).to_have_count(1)
    entry_of(other).get_by_role("button", name="Do not send").click()
    expect(entry_of(other)).to_have_count(0)
    assert [state for _user, state in other.evaluate(KEPT)] == ["failed"]
    assert Clip.objects.filter(completed_at__isnull=False).count() == 0
