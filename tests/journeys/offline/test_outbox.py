"""Records on their way: lost answers, hasty thumbs, dead batteries, several tabs, bad ones and very many."""

import datetime as dt
import itertools
from uuid import UUID

import pytest
from django.db.models import F
from playwright.sync_api import expect

from rehab.lib.ids import new_id
from rehab.patients.models import Patient
from rehab.programs.models import Decision, Prescription
from rehab.sessions.models import Command, PerformedExercise
from tests import make
from tests.journeys.chaos import Exchange
from tests.journeys.offline.conftest import KilledBrowser, NewOwnerPhone
from tests.journeys.offline.phone import API, Phone, performed, received

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# What one record needs to be one, for tests that make many at once: `prescription` and `dog` are keys.
MAKE_RECORDS = """async ({ dog, prescription, day, count }) => {
  const now = new Date().toISOString();
  const record = (number) => ({
    id: Outbox.uuid7(), kind: number % 2 ? "undo" : "tick", patient: dog, payload: { prescription, slot: 1 },
    day, done_at: now, time_zone: "Europe/Madrid", plan_version: 1 });
  for (let number = 0; number < count; number += 1) await Outbox.add(document.getElementById("outbox").dataset.user, record(number));
}"""


def end(item: Prescription, *, on: dt.date) -> None:
    """Take an exercise out of the plan."""
    decision = Decision.objects.create(
        clinic=item.clinic,
        patient=item.patient,
        program=item.program,
        kind="remove",
        reason="It was too much",
        plan_version=2,
        effective_on=on,
        decided_by=item.program.created_by,
        decided_at=make.now(),
    )
    Prescription.objects.filter(pk=item.pk).update(ends_on=on, ended_by=decision)


def to_commands(exchange: Exchange) -> bool:
    return exchange.path == API


def test_answer_is_lost_after_the_work(phone: Phone, dog: Patient) -> None:
    """Scenario 2: the server has stored it, the phone has not heard so; one row."""
    phone.chaos.say("lost answer", to_commands)
    phone.tick()
    phone.until(lambda: received(dog) == 1, "nothing arrived")
    phone.waits(pending=1)
    phone.chaos.up()
    phone.is_settled()
    phone.shows(done=1)
    assert performed(dog) == [(1, "done")]
    assert phone.records()[0]["outcome"] == "already_applied"


def test_three_clicks_in_one_breath(phone: Phone, dog: Patient) -> None:
    """Scenario 3: one row, not three, whatever the thumb does before the page has answered."""
    phone.chaos.say("slow", to_commands, seconds=0.5)
    phone.tick_button().evaluate("(button) => { button.click(); button.click(); button.click(); }")
    phone.shows(done=1)
    phone.is_settled()
    assert performed(dog) == [(1, "done")]
    assert len(phone.records()) == 1


@pytest.mark.slow_browser
def test_battery_dies_right_after_the_tap(killed_browser: KilledBrowser, dog: Patient) -> None:
    """Scenario 4: `kill -9` 150 ms after the tap, offline; the record survives and is one row."""
    phone = killed_browser.start()
    phone.sign_in()
    phone.open()
    phone.chaos.down()
    phone.tick()
    phone.page.wait_for_timeout(150)
    killed_browser.kill()

    phone = killed_browser.start()
    phone.goto(phone.today)
    phone.shows(done=1)
    assert [one["state"] for one in phone.records()] == ["pending"]
    phone.chaos.up()
    phone.sign_in()  # a browser that dies may forget a cookie that is younger than half a minute
    phone.goto(phone.today)
    phone.is_settled()
    assert performed(dog) == [(1, "done")]


@pytest.mark.slow_browser
def test_two_tabs_and_the_worker_send_at_once(phone: Phone, dog: Patient) -> None:
    """Scenario 5: each record once, and the other tab shows it."""
    phone.chaos.down()
    other = Phone(phone.context, phone.chaos, dog, phone.context.new_page())
    other.goto(phone.today)
    phone.tick(1)
    other.tick(2)
    phone.waits(pending=2)
    phone.shows(done=2)
    other.shows(done=2)
    phone.chaos.up()
    worker = phone.context.service_workers[0]
    for place in (phone.page, other.page, worker):
        place.evaluate("() => { Outbox.drain(); }")
    phone.is_settled()
    assert sorted(performed(dog)) == [(1, "done"), (2, "done")]
    assert received(dog) == 2
    sent = [one for one in phone.chaos.seen(API) if one.fate == "pass"]
    assert len(sent) <= 2


@pytest.mark.slow_browser
def test_one_bad_record_among_three(phone: Phone, dog: Patient) -> None:
    """Scenario 6: two go, and the third is shown with its reason and Try again."""
    phone.chaos.down()
    phone.tick(1)
    phone.tick(2)
    phone.waits(pending=2)
    bad = {**phone.records()[0], "payload": {"prescription": str(new_id()), "slot": 1}}
    phone.page.evaluate(
        "(bad) => { delete bad.seq; return Outbox.add(bad.user, { ...bad, id: Outbox.uuid7() }); }",
        bad,
    )
    phone.chaos.up()
    phone.is_settled()
    assert sorted(performed(dog)) == [(1, "done"), (2, "done")]
    assert [one["state"] for one in phone.records()] == ["sent", "sent", "failed"]
    failed = phone.records("failed")[0]
    assert failed["error"]["reason"]
    phone.page.get_by_role("link", name="Needs your attention: 1").click()
    expect(phone.page.get_by_text(failed["error"]["reason"])).to_be_visible()
    again = phone.page.get_by_role("button", name="Try again")
    before = len(phone.chaos.seen(API))
    again.click()
    phone.until(lambda: len(phone.chaos.seen(API)) > before, "not tried again")
    phone.until(lambda: [one["state"] for one in phone.records()][-1] == "failed", "it was accepted")


@pytest.mark.slow_browser
def test_errors_and_then_none(phone: Phone, dog: Patient) -> None:
    """Scenario 7: 500s, then fine; tick, untick, tick keeps its order."""
    phone.chaos.say("500", lambda one: one.path.startswith("/api/"))
    for done in (1, 0, 1):
        phone.tick()
        phone.shows(done=done)
        phone.page.wait_for_timeout(600)  # two taps within half a second are one thumb that bounces
    phone.waits(pending=3)
    phone.chaos.up()
    phone.is_settled(seconds=60)
    phone.shows(done=1)
    assert performed(dog) == [(1, "done"), (1, "undone"), (1, "done")]


@pytest.mark.slow_browser
def test_a_thousand_records_and_every_fourth_answer_lost(phone: Phone, dog: Patient) -> None:
    """Scenario 8: exactly a thousand, in order, and the page stays usable meanwhile."""
    phone.chaos.down()
    phone.page.evaluate(
        MAKE_RECORDS,
        {"dog": str(dog.pk), "prescription": str(phone.item.pk), "day": str(dog.today(make.now())), "count": 1000},
    )
    phone.waits(pending=1000)
    made = [one["id"] for one in phone.records()]
    assert len(set(made)) == 1000
    number = itertools.count(1)
    phone.chaos.up()
    phone.chaos.say("lost answer", lambda one: one.path == API and next(number) % 4 == 0)
    phone.until(
        lambda: phone.drain() in ("done", "idle") and not phone.records("pending"),
        lambda: f"{len(phone.records('pending'))} are left",
        seconds=120,
    )
    assert list(Command.objects.order_by("sequence").values_list("pk", flat=True)) == [UUID(one) for one in made]
    assert PerformedExercise.objects.filter(patient=dog).count() == 1000
    assert any(one.fate == "lost answer" for one in phone.chaos.log)


@pytest.mark.slow_browser
def test_plan_changed_while_the_phone_was_offline(phone: Phone, dog: Patient) -> None:
    """Extra 27: what is no longer prescribed is kept and flagged, and its sender is told."""
    item = phone.item
    phone.chaos.down()
    phone.tick()
    phone.waits(pending=1)
    end(item, on=dog.today(make.now()) - dt.timedelta(days=2))
    phone.chaos.up()
    phone.is_settled()
    assert [(one["state"], one["flag"]) for one in phone.records()] == [("sent", "no_longer_prescribed")]
    assert list(PerformedExercise.objects.values_list("state", "is_unplanned")) == [("done", True)]


@pytest.mark.slow_browser
def test_number_that_is_missing_is_told(phone: Phone, dog: Patient, new_owner_phone: NewOwnerPhone) -> None:
    """Extra 28: a record that was lost on the phone leaves a gap, and both the owner and the vet are told of it."""
    phone.tick(1)
    phone.is_settled()
    phone.chaos.down()
    phone.tick(2)
    phone.page.wait_for_timeout(600)
    phone.tick(1)
    phone.waits(pending=2)
    phone.page.evaluate(
        "(seq) => Outbox.tx('outbox', 'readwrite', (all) => all.delete(seq))", phone.records("pending")[0]["seq"]
    )
    phone.chaos.up()
    phone.is_settled()
    sequences = Command.objects.order_by("sequence").values_list("sequence", flat=True)
    assert list(sequences) == [1, 3]

    # A bad connection may hold a record back for hours: it is missing only on the day after.
    phone.goto("/phone/outbox/")
    expect(phone.page.locator("#gaps")).to_have_count(0)
    Command.objects.update(received_at=F("received_at") - dt.timedelta(days=2))
    phone.goto("/phone/outbox/")
    expect(phone.page.locator("#gaps")).to_have_text("Some entries never came")
    vet = new_owner_phone("vera@example.test")
    vet.goto(f"/patients/{dog.pk}/")
    expect(vet.page.get_by_text("Some entries of the family never came")).to_be_visible()


@pytest.mark.slow_browser
def test_second_phone_follows(phone: Phone, new_owner_phone: NewOwnerPhone) -> None:
    """Scenario 5, across phones: one shared list that follows within seconds."""
    carls = new_owner_phone("carl@example.test")
    carls.open()
    phone.tick()
    carls.shows(done=1, seconds=15)  # it asks every 8 seconds
