"""What the clinic reads: on the list, on the dog's page, and on the page of one alert with its log."""

import re
from collections.abc import Callable, Iterator
from functools import partial
from html import unescape
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from accounts.models import User
from rehab.guidance.actions import refresh_summaries
from rehab.guidance.alerting.acknowledging import acknowledge
from rehab.guidance.alerting.delivering import deliver_alerts
from rehab.guidance.alerting.escalating import escalate
from rehab.guidance.alerting.raising import raise_alerts
from rehab.guidance.models import Alert, AlertStep, PatientSummary
from rehab.guidance.queries.alerts import waiting_alerts
from rehab.patients.models import Patient
from tests import make
from tests.guidance.alerting.conftest import HOUR, MINUTE, MailSink, Raised, make_hits
from tests.guidance.alerting.test_acknowledging import STAFF
from tests.make import NOW
from tests.nudges.families import statements
from tests.sessions.reporting import report

AsUser = Callable[[User], Client]


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


def text_of(answer: Any) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", answer.content.decode()))).strip()


def dog_page(patient: Patient) -> str:
    return reverse("guidance:patient", args=[patient.pk])


def page(alert: Alert, what: str = "alert") -> str:
    return reverse(f"guidance:{what}", args=[alert.pk])


# --- The list --------------------------------------------------------------------------------------------------------


def first_reason(patient: Patient) -> tuple[int, str]:
    summary = PatientSummary.objects.get(patient=patient)
    return summary.attention, summary.reasons[0]["code"]


@pytest.mark.parametrize(
    ("flag", "expected"),
    [("RF01", (100, "alert_waiting")), ("RF23", (99, "alert_waiting")), ("RF29", (74, "alert_waiting"))],
)
def test_list_says_first_that_nobody_has_taken_over(
    as_user: AsUser, raised: Raised, patient: Patient, vet: User, flag: str, expected: tuple[int, str]
) -> None:
    make.make_program(patient, vet)
    raised(flag)
    refresh_summaries(at=NOW)
    assert first_reason(patient) == expected
    assert "Nobody has taken it over yet." in text_of(as_user(vet).get(reverse("guidance:worklist")))


def test_list_says_that_nobody_could_be_reached(
    as_user: AsUser, raised: Raised, patient: Patient, vet: User, mail_sink: MailSink
) -> None:
    mail_sink.refusals[vet.email] = "550 5.1.1 no such user"
    raised("RF01")
    refresh_summaries(at=NOW)
    assert first_reason(patient)[1] == "alert_waiting"  # not tried yet is no failure
    deliver_alerts(at=NOW + MINUTE)
    refresh_summaries(at=NOW + MINUTE)
    assert first_reason(patient) == (100, "alert_not_delivered")
    assert "Nobody could be reached by e-mail" in text_of(as_user(vet).get(reverse("guidance:worklist")))


def test_list_follows_who_takes_over(raised: Raised, patient: Patient, vet: User) -> None:
    alert = raised("RF01")
    refresh_summaries(at=NOW)
    acknowledge(alert=alert, by=vet, roles=STAFF, at=NOW + HOUR)
    refresh_summaries(at=NOW + HOUR)
    assert first_reason(patient) == (100, "warning_sign")


def test_summaries_read_any_number_of_alerts_in_one_statement(clinic: Any, vet: User) -> None:
    for count in (1, 8):
        make_hits(clinic, vet, count)
        raise_alerts(at=NOW)
        ids = list(Patient.objects.values_list("pk", flat=True))
        assert statements(partial(waiting_alerts, ids)) == 1
    assert len(waiting_alerts(ids)) == 9


# --- The dog's page --------------------------------------------------------------------------------------------------


def test_dogs_page_says_who_is_about_to_be_told_and_who_was(
    as_user: AsUser, raised: Raised, patient: Patient, vet: User, mail_sink: MailSink
) -> None:
    alert = raised("RF01")
    client = as_user(vet)
    text = text_of(client.get(dog_page(patient)))
    assert "Not taken over About to be told: Dr. Vera Lind." in text
    assert "Told by e-mail" not in text
    deliver_alerts(at=NOW)
    html = client.get(dog_page(patient)).content.decode()
    assert "Told by e-mail: Dr. Vera Lind (today, 17:00)." in re.sub(r"\s+", " ", html)
    assert f'action="{page(alert, "alert-take-over")}"' in html
    assert f'href="{page(alert)}"' in html


def test_dogs_page_says_who_was_not_reached_and_why_and_what_the_family_knows(
    as_user: AsUser, raised: Raised, patient: Patient, vet: User, mail_sink: MailSink
) -> None:
    mail_sink.refusals[vet.email] = "550 5.1.1 no such user"
    raised("RF01")
    deliver_alerts(at=NOW)
    escalate(at=NOW + 15 * MINUTE)
    deliver_alerts(at=NOW + 15 * MINUTE)
    text = text_of(as_user(vet).get(dog_page(patient)))
    assert "Nobody reached" in text
    assert "Not reached Dr. Vera Lind (the mail server says that the address does not exist)." in text
    assert "The family’s page says since today, 17:15 that nobody has answered." in text


def test_nothing_is_said_of_the_family_that_its_page_does_not_show(as_user: AsUser, raised: Raised, vet: User) -> None:
    alert = raised("RF18")
    client = as_user(vet)
    assert "the family" not in text_of(client.get(page(alert)))
    text = text_of(client.post(page(alert, "alert-take-over"), follow=True))
    assert "You have taken it over." in text
    assert "The family reads your name." not in text


def test_dogs_page_says_who_has_taken_over(as_user: AsUser, raised: Raised, patient: Patient, vet: User) -> None:
    alert = raised("RF01")
    answer = as_user(vet).post(page(alert, "alert-take-over"), follow=True)
    assert "You have taken it over. The family reads your name." in text_of(answer)
    html = as_user(vet).get(dog_page(patient)).content.decode()
    assert "Dr. Vera Lind took it over, today, 17:00." in html
    assert page(alert, "alert-take-over") not in html


def test_stop_without_an_alert_yet_says_so(as_user: AsUser, patient: Patient, owner: User, vet: User) -> None:
    report(patient, owner, "RF01")
    assert "Nobody has been told yet." in text_of(as_user(vet).get(dog_page(patient)))


def test_sign_that_stops_nothing_is_reached_from_the_reasons(
    as_user: AsUser, raised: Raised, patient: Patient, vet: User
) -> None:
    alert = raised("RF29")
    client = as_user(vet)
    html = client.get(dog_page(patient)).content.decode()
    assert reverse("guidance:alerts", args=[patient.pk]) in html
    assert page(alert) in client.get(reverse("guidance:alerts", args=[patient.pk])).content.decode()


def test_alerts_of_a_dog_cost_the_same_for_any_number(
    as_user: AsUser, raised: Raised, patient: Patient, vet: User
) -> None:
    client = as_user(vet)
    url = reverse("guidance:alerts", args=[patient.pk])
    raised("RF01")
    first = statements(lambda: client.get(url))
    for number in range(1, 4):
        raised("RF01", "RF06", at=NOW + number * MINUTE)
    assert statements(lambda: client.get(url)) == first


# --- The page of one alert -------------------------------------------------------------------------------------------


def test_reading_the_page_writes_nothing_and_the_browser_says_that_it_was_opened(
    as_user: AsUser, raised: Raised, vet: User, therapist: User
) -> None:
    alert = raised("RF01")
    client = as_user(therapist)
    html = client.get(page(alert)).content.decode()
    assert not AlertStep.objects.filter(kind="seen").exists()
    assert f'hx-post="{page(alert, "alert-seen")}" hx-trigger="load"' in html
    assert client.post(page(alert, "alert-seen")).status_code == 204
    assert client.post(page(alert, "alert-seen")).status_code == 204
    assert list(AlertStep.objects.filter(kind="seen").values_list("person", flat=True)) == [therapist.pk]
    assert page(alert, "alert-seen") not in client.get(page(alert)).content.decode()
    assert "Opened by Tom Reyes" in text_of(client.get(page(alert)))


def test_log_tells_the_story(
    as_user: AsUser, raised: Raised, vet: User, therapist: User, mail_sink: MailSink, clock: Any
) -> None:
    mail_sink.refusals[therapist.email] = "550 5.1.1 no such user"
    alert = raised("RF01")
    deliver_alerts(at=NOW)
    escalate(at=NOW + 15 * MINUTE)
    deliver_alerts(at=NOW + 15 * MINUTE)
    clock.shift(16 * MINUTE)
    as_user(vet).post(page(alert, "alert-take-over"))
    text = text_of(as_user(vet).get(page(alert)))
    story = [
        "today, 17:00 Noticed by the clinic’s system",
        "today, 17:00 Told by e-mail: Dr. Vera Lind",
        "today, 17:15 Nobody answered: the next in line are told",
        "today, 17:15 From now on the family’s page says that nobody has answered, and to call",
        "today, 17:15 Not reached: Tom Reyes : the mail server says that the address does not exist",
        "today, 17:16 Opened by Dr. Vera Lind",
        "today, 17:16 Taken over by Dr. Vera Lind",
    ]
    places = [text.find(line) for line in story]
    assert -1 not in places, [line for line, place in zip(story, places, strict=True) if place == -1]


def test_second_who_takes_over_reads_who_was_first(as_user: AsUser, raised: Raised, vet: User, colleague: User) -> None:
    alert = raised("RF01")
    as_user(vet).post(page(alert, "alert-take-over"))
    answer = as_user(colleague).post(page(alert, "alert-take-over"), follow=True)
    assert "Dr. Vera Lind has taken it over already, today, 17:00." in text_of(answer)


def test_alert_of_a_stop_is_not_cleared_before_its_release(
    as_user: AsUser, raised: Raised, patient: Patient, vet: User, therapist: User
) -> None:
    alert = raised("RF01")
    client = as_user(vet)
    assert reverse("guidance:release", args=[patient.pk]) in client.get(page(alert)).content.decode()
    assert "Only a vet releases them." in text_of(as_user(therapist).get(page(alert)))
    answer = client.post(page(alert, "alert-clear"), {"reason": "Fine"})
    assert answer.status_code == 409
    assert "It still stops the exercises. Release them first: that clears it, too." in text_of(answer)
    assert Alert.objects.get().cleared_at is None


def test_vet_clears_with_a_reason(as_user: AsUser, raised: Raised, vet: User) -> None:
    alert = raised("RF26")
    client = as_user(vet)
    assert client.post(page(alert, "alert-clear"), {"reason": ""}).status_code == 422
    answer = client.post(page(alert, "alert-clear"), {"reason": "Skin is dry"}, follow=True)
    text = text_of(answer)
    assert "Cleared by Dr. Vera Lind: Skin is dry" in text
    assert "Clear it" not in text
    again = client.post(page(alert, "alert-clear"), {"reason": "Skin is dry"}, follow=True)
    assert "It was cleared already." in text_of(again)
    assert "It was cleared already." in text_of(client.post(page(alert, "alert-take-over"), follow=True))


def test_therapist_clears_only_what_can_wait(as_user: AsUser, raised: Raised, therapist: User, vet: User) -> None:
    client = as_user(therapist)
    note, today = raised("RF29"), raised("RF18", at=NOW + MINUTE)
    assert client.post(page(today, "alert-clear"), {"reason": "Fine"}).status_code == 403
    assert "Only a vet releases them." in text_of(client.get(page(today)))
    assert client.post(page(note, "alert-clear"), {"reason": "Spoke to them"}).status_code == 302
    assert list(Alert.objects.filter(cleared_at=None)) == [today]


def test_adverse_event_is_noted(as_user: AsUser, raised: Raised, therapist: User) -> None:
    alert = raised("RF01")
    client = as_user(therapist)
    assert client.post(page(alert, "alert-note"), {"text": " "}).status_code == 422
    answer = client.post(page(alert, "alert-note"), {"text": "<b>Fell</b>"}, follow=True)
    assert "Adverse event noted by Tom Reyes" in text_of(answer)
    assert "&lt;b&gt;Fell&lt;/b&gt;" in answer.content.decode()


@pytest.mark.parametrize(
    ("persona", "status"),
    [
        *(("vet", 200), ("colleague", 200), ("therapist", 200), ("owner", 403), ("caregiver", 403), ("admin", 404)),
        *(("outside_vet", 404), ("stranger", 404)),
    ],
)
def test_alert_is_for_who_treats_the_dog(
    request: pytest.FixtureRequest, as_user: AsUser, raised: Raised, patient: Patient, persona: str, status: int
) -> None:
    alert = raised("RF01")
    client = as_user(request.getfixturevalue(persona))
    assert client.get(page(alert)).status_code == status
    assert client.get(reverse("guidance:alerts", args=[patient.pk])).status_code == status
    if status != 200:
        for what in ("alert-seen", "alert-take-over", "alert-clear", "alert-note"):
            assert client.post(page(alert, what), {"reason": "x", "text": "x"}).status_code == status
        assert list(AlertStep.objects.values_list("kind", flat=True)) == ["raised"]


def test_released_and_cleared_alert_asks_for_nothing(
    as_user: AsUser, raised: Raised, patient: Patient, vet: User
) -> None:
    alert = raised("RF01")
    url = reverse("guidance:release", args=[patient.pk])
    as_user(vet).post(url, {"reason": "Walks again", "report": str(alert.pk)})
    text = text_of(as_user(vet).get(page(alert)))
    assert "Cleared by Dr. Vera Lind: Walks again" in text
    assert "I take over" not in text


def test_page_of_an_alert_takes_a_fixed_number_of_statements(
    as_user: AsUser, raised: Raised, vet: User, mail_sink: MailSink
) -> None:
    alert = raised("RF01")
    client = as_user(vet)
    first = statements(lambda: client.get(page(alert)))
    for number in range(1, 5):
        deliver_alerts(at=NOW + number * 15 * MINUTE)
        escalate(at=NOW + number * 15 * MINUTE)
    assert statements(lambda: client.get(page(alert))) == first
