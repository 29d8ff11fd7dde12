"""The look some months after a discharge, as a family sees it: the card, the questions, and what happens next."""

import datetime as dt
import json
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from rehab.lib.ids import new_id
from rehab.patients.models import Observation, Patient
from rehab.programs.models import Checkpoint, Episode, Program
from rehab.sessions.models import PainAnswer
from rehab.sessions.screen.words import pain_rows
from tests import make
from tests.sessions.conftest import forms_of
from tests.sessions.reporting import report

pytestmark = pytest.mark.usefixtures("clock")
DAY = dt.timedelta(days=1)


@pytest.fixture
def browser(as_user: Any, owner: User) -> Client:
    found: Client = as_user(owner)
    return found


@pytest.fixture
def discharged(patient: Patient, program: Program) -> Episode:
    """Discharged a month ago: the first checkpoint is due today, the second in two months."""
    episode = Episode.objects.create(
        clinic=patient.clinic,
        patient=patient,
        number=1,
        because="first",
        opened_on=make.TODAY - 90 * DAY,
        opened_at=make.NOW,
        discharge=program.decisions.get(),
        discharged_on=make.TODAY - 28 * DAY,
        measures={"pain_before": 1.0},
    )
    for month, due_on in ((1, make.TODAY), (3, dt.date(2026, 5, 18))):
        Checkpoint.objects.create(clinic=patient.clinic, patient=patient, episode=episode, month=month, due_on=due_on)
    return episode


def first(**changes: Any) -> None:
    Checkpoint.objects.filter(month=1).update(**changes)


def html_of(browser: Client, name: str, patient: Patient) -> str:
    answer = browser.get(reverse(f"sessions:{name}", args=[patient.pk]))
    assert answer.status_code == 200
    return unescape(answer.content.decode())


TITLE = "One month since discharge: how is Bruno?"


@pytest.mark.parametrize(("due", "asks"), [(1, False), (0, True), (-13, True), (-14, False)])
def test_card_is_on_today_for_fourteen_days(
    browser: Client, patient: Patient, discharged: Episode, due: int, asks: bool
) -> None:
    first(due_on=make.TODAY + due * DAY)
    html = html_of(browser, "today", patient)
    assert (TITLE in html) is asks
    url = reverse("sessions:checkpoint", args=[patient.pk])
    assert (url in html) is asks
    kept = json.loads(html.split("data-keep='")[1].split("'")[0]) if "data-keep='" in html else []
    assert (url in kept) is (asks and bool(kept))


@pytest.mark.parametrize("state", ["good", "worse", "missed", "cancelled"])
def test_card_goes_once_it_is_weighed_or_no_longer_needed(
    browser: Client, patient: Patient, discharged: Episode, state: str
) -> None:
    first(state=state)
    assert TITLE not in html_of(browser, "today", patient)


def test_dog_in_treatment_has_no_card(browser: Client, patient: Patient, program: Program) -> None:
    assert "since discharge" not in html_of(browser, "today", patient)


def test_stop_comes_first(browser: Client, patient: Patient, owner: User, discharged: Episode) -> None:
    report(patient, owner, "RF02")
    assert TITLE not in html_of(browser, "today", patient)


def test_card_costs_no_statement(browser: Client, patient: Patient, discharged: Episode) -> None:
    html_of(browser, "today", patient)
    with CaptureQueriesContext(connection) as with_card:
        assert TITLE in html_of(browser, "today", patient)
    first(state="good")
    with CaptureQueriesContext(connection) as without:
        html_of(browser, "today", patient)
    assert len(with_card) == len(without) <= 8


def test_phone_that_shows_the_day_hears_of_the_checkpoint(
    browser: Client, patient: Patient, discharged: Episode
) -> None:
    first(state="good")
    url = reverse("sessions:today", args=[patient.pk])
    browser.get(url)
    etag = browser.get(url).headers["ETag"]
    assert browser.get(url, headers={"If-None-Match": etag}).status_code == 304
    first(state="waiting")
    assert browser.get(url, headers={"If-None-Match": etag}).status_code == 200


def test_rest_day_stays_a_rest_day(browser: Client, patient: Patient, discharged: Episode, program: Program) -> None:
    make.rewrite(program.prescriptions.all(), weekdays=0b0000001)  # Mondays; today is a Wednesday
    html = html_of(browser, "today", patient)
    assert "A rest day" in html
    assert TITLE in html


def test_page_asks_what_the_protocol_asks(browser: Client, patient: Patient, discharged: Episode) -> None:
    html = html_of(browser, "checkpoint", patient)
    assert TITLE in html
    assert "Until Tuesday, 31 March." in html
    assert forms_of(html, kind="pain", moment="before")
    metrics = [form["data"]["metric"] for form in forms_of(html, kind="measure")]
    assert metrics == ["standing_s", "straight_sits", "walk_min_total", "weight_kg"]
    assert html.count('class="pain-word"') == len(pain_rows())


def send(browser: Client, patient: Patient, **fields: str) -> int:
    data = {"id": str(new_id()), "day": "2026-03-18", **fields}
    return browser.post(reverse("sessions:command", args=[patient.pk]), data).status_code


def answer_all(browser: Client, patient: Patient) -> None:
    assert send(browser, patient, kind="pain", moment="before", score="1") == 303
    for metric, value in (("standing_s", "50"), ("straight_sits", "5"), ("walk_min_total", "40")):
        assert send(browser, patient, kind="measure", metric=metric, value=value) == 303


def test_answers_are_the_usual_commands(browser: Client, patient: Patient, discharged: Episode) -> None:
    html = html_of(browser, "checkpoint", patient)
    pain = forms_of(html, kind="pain")[0]
    assert browser.post(pain["action"], {**pain["data"], "score": "3"}).status_code == 303
    for form, value in zip(forms_of(html, kind="measure"), ("55", "4", "30", "9.5"), strict=True):
        assert browser.post(form["action"], {**form["data"], "value": value}).status_code == 303
    assert [(one.moment, one.score, one.day) for one in PainAnswer.objects.all()] == [("before", 3, make.TODAY)]
    assert {one.metric: float(one.value) for one in Observation.objects.all()} == {
        "standing_s": 55,
        "straight_sits": 4,
        "walk_min_total": 30,
        "weight_kg": 9.5,
    }


def test_pain_is_answered_on_a_day_without_exercises(
    browser: Client, patient: Patient, discharged: Episode, program: Program
) -> None:
    make.rewrite(program.prescriptions.all(), weekdays=0b0000001)
    assert send(browser, patient, kind="pain", moment="before", score="2") == 303
    assert PainAnswer.objects.count() == 1


def test_thanks_say_honestly_what_happens_next(browser: Client, patient: Patient, discharged: Episode) -> None:
    answer_all(browser, patient)
    html = html_of(browser, "checkpoint", patient)
    assert "Thank you, that is all." in html
    assert "a person there decides what follows" in html
    assert "The next look is on Monday, 18 May." in html


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"state": "good"}, "Nothing that is compared is clearly worse"),
        ({"state": "worse"}, "It is on the clinic’s list"),
        ({"state": "missed"}, "Not all of it was answered in time"),
        ({"due_on": make.TODAY + DAY}, "There is nothing to answer now."),
        ({"state": "cancelled"}, "There is nothing to answer now."),
    ],
)
def test_page_says_what_became_of_it(
    browser: Client, patient: Patient, discharged: Episode, changes: dict[str, Any], words: str
) -> None:
    first(**changes)
    html = html_of(browser, "checkpoint", patient)
    assert words in html
    assert not forms_of(html, kind="measure")


def test_settled_is_said(browser: Client, patient: Patient, vet: User, discharged: Episode) -> None:
    first(state="worse", settled_by=vet, settled_at=make.NOW, settled_because="A thorn")
    html = html_of(browser, "checkpoint", patient)
    assert "The clinic has looked at it and decided." in html
    assert "A thorn" not in html


def test_dog_that_was_never_discharged_is_asked_nothing(browser: Client, patient: Patient, program: Program) -> None:
    assert "There is nothing to answer now." in html_of(browser, "checkpoint", patient)


def test_page_is_the_familys_own(as_user: Any, patient: Patient, stranger: User, discharged: Episode) -> None:
    url = reverse("sessions:checkpoint", args=[patient.pk])
    assert as_user(stranger).get(url).status_code == 404


@pytest.mark.parametrize("days", [1, 10])
def test_page_costs_a_fixed_number_of_statements(
    browser: Client, patient: Patient, owner: User, vet: User, discharged: Episode, days: int
) -> None:
    first(due_on=make.TODAY - 10 * DAY)
    for ago in range(days):
        make.make_pain(patient, make.TODAY - ago * DAY, "before", 1)
        make.observe(patient, "standing_s", 40, vet, make.TODAY - ago * DAY)
    html_of(browser, "checkpoint", patient)
    with CaptureQueriesContext(connection) as queries:
        html_of(browser, "checkpoint", patient)
    assert len(queries) == 9


@pytest.mark.parametrize(("month", "words"), [(3, "3 months"), (12, "1 year"), (18, "18 months"), (24, "2 years")])
def test_title_counts_as_people_do(
    browser: Client, patient: Patient, discharged: Episode, month: int, words: str
) -> None:
    Checkpoint.objects.filter(month=3).delete()
    first(month=month)
    assert f"{words} since discharge: how is Bruno?" in html_of(browser, "today", patient)
