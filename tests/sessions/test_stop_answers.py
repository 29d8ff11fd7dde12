"""What a family reads about a warning sign: what the clinic has really made of it, and whether anybody is there."""

import datetime as dt
import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from accounts.models import Clinic, User
from rehab.patients.models import Patient
from rehab.programs.models import Program
from rehab.sessions.models import WarningReport
from tests import make
from tests.make import NOW
from tests.nudges.families import statements
from tests.sessions.conftest import mark_of
from tests.sessions.reporting import report

pytestmark = pytest.mark.usefixtures("clock")
AsUser = Callable[[User], Client]
MINUTE = dt.timedelta(minutes=1)
HOUR = dt.timedelta(hours=1)
WEEKDAYS = {str(day): [["08:00", "18:00"]] for day in range(5)}


@pytest.fixture
def browser(as_user: AsUser, owner: User, program: Program) -> Client:
    return as_user(owner)


def url(patient: Patient) -> str:
    return reverse("sessions:today", args=[patient.pk])


def card(browser: Client, patient: Patient) -> str:
    html = browser.get(url(patient)).content.decode()
    part = html.split('id="stopped"')[1].split("</section>")[0]
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", part)))


def etag_of(browser: Client, patient: Patient) -> str:
    """The name of the page for a browser that has been there before: the first visit brings the cookie of the forms."""
    browser.get(url(patient))
    etag: str = browser.get(url(patient)).headers["ETag"]
    return etag


def became(found: WarningReport, **changes: Any) -> None:
    WarningReport.objects.filter(pk=found.pk).update(**changes)


def test_nobody_is_said_to_know_before_somebody_does(browser: Client, patient: Patient, owner: User) -> None:
    report(patient, owner, "RF01")
    text = card(browser, patient)
    assert "Nobody has taken it over yet: call." in text
    assert "in the clinic’s records since 18 March, 17:00. That does not mean that somebody has read it." in text


def test_opened_is_not_taken_over(browser: Client, patient: Patient, owner: User) -> None:
    became(report(patient, owner, "RF01"), seen_at=NOW + 4 * MINUTE)
    text = card(browser, patient)
    assert "Somebody at the clinic has opened it (18 March, 17:04); nobody has taken it over yet: call." in text


@pytest.mark.parametrize(
    ("flag", "words"),
    [
        ("RF01", "Nobody at the clinic has answered since 18 March, 17:00. Call now, or go to a clinic."),
        ("RF23", "Nobody at the clinic has answered since 18 March, 17:00. Call them."),
    ],
)
def test_nobody_has_answered_in_time(browser: Client, patient: Patient, owner: User, flag: str, words: str) -> None:
    became(report(patient, owner, flag), told_to_call_at=NOW + 15 * MINUTE)
    assert words in card(browser, patient)


def test_who_has_taken_over_is_named_and_nothing_contradicts_it(
    browser: Client, patient: Patient, owner: User, vet: User
) -> None:
    found = report(patient, owner, "RF01")
    became(found, told_to_call_at=NOW + 15 * MINUTE, acknowledged_at=NOW + 20 * MINUTE, acknowledged_by=vet)
    text = card(browser, patient)
    assert "Dr. Vera Lind has taken it over (18 March, 17:20)." in text
    assert "Nobody" not in text
    assert "does not mean" not in text
    # Only a release starts the exercises again.
    assert "Only a vet starts the exercises again." in text


def test_one_that_waits_is_not_hidden_by_another_that_was_taken_over(
    browser: Client, patient: Patient, owner: User, vet: User, colleague: User
) -> None:
    first = report(patient, owner, "RF23")
    second = report(patient, owner, "RF01", at=NOW + MINUTE)
    became(first, acknowledged_at=NOW + 2 * MINUTE, acknowledged_by=vet)
    assert "Nobody has taken it over yet: call." in card(browser, patient)
    became(second, acknowledged_at=NOW + 3 * MINUTE, acknowledged_by=colleague)
    assert "Dr. Cai Moss has taken it over (18 March, 17:03)." in card(browser, patient)


@pytest.mark.parametrize("step", ["seen_at", "told_to_call_at", "acknowledged_at"])
def test_open_page_is_loaded_anew_when_something_becomes_of_it(
    browser: Client, patient: Patient, owner: User, vet: User, step: str
) -> None:
    found = report(patient, owner, "RF01")
    etag = etag_of(browser, patient)
    assert browser.get(url(patient), headers={"If-None-Match": etag}).status_code == 304
    mark = mark_of(browser, patient)
    parts = reverse("sessions:today-parts", args=[patient.pk])
    assert "Steadyback-Reload" not in browser.get(parts, {"since": mark}, headers={"HX-Request": "true"}).headers
    by = {"acknowledged_by": vet} if step == "acknowledged_at" else {}
    became(found, **{step: NOW + MINUTE}, **by)
    assert browser.get(parts, {"since": mark}, headers={"HX-Request": "true"}).headers["Steadyback-Reload"] == "true"
    again = browser.get(url(patient), headers={"If-None-Match": etag})
    assert again.status_code == 200


def test_day_without_a_stop_has_no_news_of_one(browser: Client, patient: Patient, owner: User) -> None:
    became(report(patient, owner, "RF29"), seen_at=NOW)
    assert "@" not in mark_of(browser, patient)


# --- Whether somebody is there ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shift", "words"),
    [
        (dt.timedelta(), "The clinic is open until 18 March, 18:00; after that call the emergency clinic."),
        (2 * HOUR, "The clinic is closed until 19 March, 8:00: call the emergency clinic."),
        (dt.timedelta(days=3), "The clinic is closed until 23 March, 8:00: call the emergency clinic."),
    ],
)
def test_emergency_says_whether_somebody_is_there(
    browser: Client, patient: Patient, owner: User, clinic: Clinic, clock: Any, shift: dt.timedelta, words: str
) -> None:
    Clinic.objects.update(opening_hours=WEEKDAYS)
    clock.shift(shift)
    report(patient, owner, "RF01", at=NOW + shift)
    assert words in card(browser, patient)


def test_hours_are_told_in_the_dogs_zone(browser: Client, patient: Patient, owner: User, clinic: Clinic) -> None:
    Clinic.objects.update(opening_hours=WEEKDAYS, time_zone="Europe/Madrid")
    report(patient, owner, "RF01")  # 18:00 in Madrid, 17:00 where the dog is
    assert "The clinic is closed until 19 March, 7:00: call the emergency clinic." in card(browser, patient)


@pytest.mark.parametrize("hours", [{}, {str(day): [["00:00", "24:00"]] for day in range(7)}, "nonsense"])
def test_nothing_is_said_of_hours_that_say_nothing(
    browser: Client, patient: Patient, owner: User, clinic: Clinic, hours: object
) -> None:
    Clinic.objects.update(opening_hours=hours)
    report(patient, owner, "RF01")
    assert "The clinic is" not in card(browser, patient)


def test_what_can_wait_for_the_clinic_sends_nobody_elsewhere(
    browser: Client, patient: Patient, owner: User, clinic: Clinic, clock: Any
) -> None:
    Clinic.objects.update(opening_hours=WEEKDAYS)
    clock.shift(2 * HOUR)
    report(patient, owner, "RF23", at=NOW + 2 * HOUR)
    assert "emergency clinic" not in card(browser, patient)


def test_page_that_a_phone_keeps_is_asked_for_again_when_the_clinic_closes(
    browser: Client, patient: Patient, owner: User, clinic: Clinic, clock: Any
) -> None:
    Clinic.objects.update(opening_hours=WEEKDAYS)
    report(patient, owner, "RF01")
    etag = etag_of(browser, patient)
    assert browser.get(url(patient), headers={"If-None-Match": etag}).status_code == 304
    clock.shift(HOUR)
    assert browser.get(url(patient), headers={"If-None-Match": etag}).status_code == 200


def test_many_reports_cost_no_more_than_one(browser: Client, patient: Patient, owner: User, vet: User) -> None:
    became(report(patient, owner, "RF01"), acknowledged_at=NOW, acknowledged_by=vet)
    first = statements(lambda: browser.get(url(patient)))
    for number in range(1, 4):
        report(patient, owner, "RF06", at=NOW + number * MINUTE)
    assert statements(lambda: browser.get(url(patient))) == first


def test_who_takes_over_is_always_named(patient: Patient, owner: User) -> None:
    found = report(patient, owner, "RF01")
    with pytest.raises(IntegrityError), transaction.atomic():
        became(found, acknowledged_at=make.NOW)
