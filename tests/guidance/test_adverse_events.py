"""The clinic's log of adverse events: newest first, narrowed, each with its alert, and nobody else's."""

import datetime as dt
import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Clinic, User
from rehab.guidance.alerting.acknowledging import note_adverse_event
from rehab.guidance.alerting.raising import raise_alerts
from rehab.guidance.models import Alert, AlertStep
from rehab.patients.models import Patient
from tests import make
from tests.guidance.alerting.conftest import make_hits
from tests.guidance.alerting.test_acknowledging import STAFF
from tests.make import NOW
from tests.nudges.families import statements
from tests.sessions.reporting import report

AsUser = Callable[[User], Client]
DAY = dt.timedelta(days=1)


def url(clinic: Clinic, query: str = "") -> str:
    return reverse("guidance:adverse-events", args=[clinic.pk]) + query


def text_of(answer: Any) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", answer.content.decode()))).strip()


def note(patient: Patient, by: User, text: str, *flags: str, at: dt.datetime = NOW) -> Alert:
    found = report(patient, by, *(flags or ("RF01",)), at=at)
    raise_alerts(at=at)
    alert = Alert.objects.get(pk=found.pk)
    note_adverse_event(alert=alert, by=by, roles=STAFF, text=text, at=at)
    return alert


def listed(browser: Client, clinic: Clinic, query: str = "") -> list[str]:
    """What happened, in the order of the page."""
    page = browser.get(url(clinic, query)).content.decode()
    return [unescape(text) for text in re.findall(r'data-label="What happened"><span>(.*?)</span>', page)]


def test_newest_comes_first_with_its_dog_its_alert_and_who_noted_it(
    as_user: AsUser, clinic: Clinic, patient: Patient, vet: User
) -> None:
    note(patient, vet, "Fell on the stairs", at=NOW - DAY)
    alert = note(patient, vet, "Vomited <twice>")
    browser = as_user(vet)
    assert listed(browser, clinic) == ["Vomited <twice>", "Fell on the stairs"]
    answer = browser.get(url(clinic))
    page = answer.content.decode()
    assert f'href="{reverse("guidance:alert", args=[alert.pk])}"' in page
    assert f'href="{reverse("guidance:patient", args=[patient.pk])}"' in page
    assert "2 adverse events" in text_of(answer)
    assert vet.get_full_name() in text_of(answer)


def test_empty_log_says_where_events_are_noted(as_user: AsUser, clinic: Clinic, vet: User) -> None:
    assert "No adverse event was noted." in text_of(as_user(vet).get(url(clinic)))


@pytest.fixture
def four(clinic: Clinic, patient: Patient, vet: User) -> None:
    other = make.make_patient(clinic, vet, name="Zorro")
    note(patient, vet, "one", "RF01", at=NOW - 20 * DAY)
    note(patient, vet, "two", "RF29", at=NOW - 10 * DAY)
    note(other, vet, "three", "RF01", at=NOW - 5 * DAY)
    note(other, vet, "four", "RF23", at=NOW)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["four", "three", "two", "one"]),
        ("?dog=zor", ["four", "three"]),
        ("?urgency=emergency_now", ["three", "one"]),
        ("?urgency=next_review", ["two"]),
        ("?sign=RF23", ["four"]),
        ("?sign=RF01&dog=Zorro", ["three"]),
        ("?since=2026-03-08", ["four", "three", "two"]),
        ("?until=2026-03-08", ["two", "one"]),
        ("?since=2026-03-08&until=2026-03-08", ["two"]),
        ("?dog=nobody", []),
        ("?page=9", ["four", "three", "two", "one"]),
        ("?page=x", ["four", "three", "two", "one"]),
    ],
)
def test_log_is_narrowed(
    as_user: AsUser, four: None, clinic: Clinic, vet: User, query: str, expected: list[str]
) -> None:
    assert listed(as_user(vet), clinic, query) == expected


def test_days_are_those_of_the_clinics_clock(as_user: AsUser, clinic: Clinic, patient: Patient, vet: User) -> None:
    Clinic.objects.filter(pk=clinic.pk).update(time_zone="Pacific/Auckland")
    note(patient, vet, "late", at=dt.datetime(2026, 3, 17, 13, 0, tzinfo=dt.UTC))  # the 18th, 02:00, in Auckland
    browser = as_user(vet)
    assert listed(browser, clinic, "?since=2026-03-18&until=2026-03-18") == ["late"]
    assert listed(browser, clinic, "?until=2026-03-17") == []
    assert "18 Mar 2026, 02:00" in text_of(browser.get(url(clinic)))


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("?since=2026-03-09&until=2026-03-08", "The period ends before it begins."),
        ("?since=yesterday", "Enter a valid date."),
        ("?until=9999-12-31", "Choose an earlier day."),
        ("?since=0001-01-01", "Choose a later day."),
        ("?sign=RF99", "Select a valid choice."),
        ("?urgency=very", "Select a valid choice."),
        ("?dog=%00", "Null characters are not allowed."),
    ],
)
def test_filter_that_cannot_be_read_says_so_and_lists_nothing(
    as_user: AsUser, four: None, clinic: Clinic, vet: User, query: str, said: str
) -> None:
    answer = as_user(vet).get(url(clinic, query))
    assert answer.status_code == 422
    assert said in text_of(answer)
    assert listed(as_user(vet), clinic, query) == []


def test_filter_without_a_hit_says_so(as_user: AsUser, four: None, clinic: Clinic, vet: User) -> None:
    assert "No adverse event matches." in text_of(as_user(vet).get(url(clinic, "?dog=nobody")))


def test_other_steps_of_an_alert_are_not_in_the_log(
    as_user: AsUser, clinic: Clinic, patient: Patient, vet: User
) -> None:
    report(patient, vet, "RF01", at=NOW)
    raise_alerts(at=NOW)
    assert listed(as_user(vet), clinic) == []


@pytest.mark.parametrize(
    ("persona", "status"), [("vet", 200), ("therapist", 200), ("admin", 404), ("owner", 404), ("outside_vet", 404)]
)
def test_log_is_for_those_who_treat_the_clinics_dogs(
    request: pytest.FixtureRequest, as_user: AsUser, clinic: Clinic, persona: str, status: int
) -> None:
    assert as_user(request.getfixturevalue(persona)).get(url(clinic)).status_code == status


def test_log_holds_nothing_of_another_clinic(
    as_user: AsUser, clinic: Clinic, other_clinic: Clinic, outside_vet: User, patient: Patient, vet: User
) -> None:
    note(patient, vet, "ours")
    note(make.make_patient(other_clinic, outside_vet), outside_vet, "theirs")
    assert listed(as_user(vet), clinic) == ["ours"]
    assert listed(as_user(outside_vet), other_clinic) == ["theirs"]
    # Who works in both sees of each what is its own.
    make.join(outside_vet, clinic, "vet")
    assert listed(as_user(outside_vet), clinic) == ["ours"]


def test_2000_events_cost_as_many_statements_as_one(as_user: AsUser, clinic: Clinic, vet: User) -> None:
    browser = as_user(vet)
    counts = []
    for count in (1, 1999):
        hits = make_hits(clinic, vet, count)
        raise_alerts(at=NOW)
        AlertStep.objects.bulk_create(
            AlertStep(
                alert_id=hit.pk,
                clinic=clinic,
                patient=hit.patient,
                kind=AlertStep.Kind.ADVERSE_EVENT,
                at=NOW + number * dt.timedelta(seconds=1),
                person=vet,
                text=f"event {number}",
            )
            for number, hit in enumerate(hits)
        )
        counts.append(statements(lambda: browser.get(url(clinic))))
    assert counts == [5, 5]  # session, person, clinic, count, page
    assert len(listed(browser, clinic)) == 50
    assert listed(browser, clinic, "?page=40")[-1] == "event 0"
