"""The page of the check for warning signs: what it asks, what it carries for the phone, and what it says afterwards."""

import datetime as dt
import json
import re
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.access import Role
from accounts.models import Clinic, User
from rehab.guidance.releasing import release_stop
from rehab.lib.ids import new_id
from rehab.library import reading
from rehab.patients.models import Patient
from rehab.sessions.commands import Refusal, Why, parse
from rehab.sessions.models import WarningReport
from rehab.sessions.warning_signs import Check, Past, expected, known_before, owner_signs, stop_of, weigh
from tests import make
from tests.make import NOW
from tests.sessions.conftest import forms_of
from tests.sessions.reporting import report

pytestmark = pytest.mark.usefixtures("clock")
HOUR = dt.timedelta(hours=1)
# The line of the result itself, not that of a template for the phone.
STILL_STOPPED = re.compile(
    r"data-result[^>]*>\s*<section(?:(?!</section>).)*data-still><strong>The exercises are still stopped\. Call",
    re.DOTALL,
)


@pytest.fixture
def browser(as_user: Any, owner: User) -> Client:
    found: Client = as_user(owner)
    return found


def url(patient: Patient) -> str:
    return reverse("sessions:check", args=[patient.pk])


def html_of(browser: Client, patient: Patient) -> str:
    answer = browser.get(url(patient))
    assert answer.status_code == 200
    return answer.content.decode()


def without_templates(html: str) -> str:
    """What a person sees, in one line."""
    shown = re.sub(r"<(template|dialog|head)\b.*?</\1>", " ", html, flags=re.DOTALL)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", shown))).strip()


def rule_of(html: str) -> dict[str, Any]:
    found = re.search(r'data-rule="([^"]+)"', html)
    assert found
    rule: dict[str, Any] = json.loads(unescape(found[1]))
    return rule


def post(browser: Client, patient: Patient, form: int = 1, **said: Any) -> Any:
    forms = [one for one in forms_of(html_of(browser, patient)) if one["data"].get("kind") == "report"]
    unsaid = {"flags", "unaided_steps", "knuckling", "standing_s", "voluntary_move", "urination"}
    data = {name: value for name, value in forms[form]["data"].items() if name not in unsaid}
    answer = browser.post(forms[form]["action"], {**data, **said})
    assert (answer.status_code, answer.headers["Location"]) == (303, url(patient))
    return browser.get(answer.headers["Location"])


@pytest.mark.parametrize(
    ("persona", "status"),
    [
        ("owner", 200),
        ("caregiver", 200),
        ("vet", 200),
        ("therapist", 200),
        ("stranger", 404),
        ("outside_vet", 404),
        ("admin", 404),
    ],
)
def test_family_and_clinic_open_the_check(
    request: pytest.FixtureRequest, as_user: Any, patient: Patient, persona: str, status: int
) -> None:
    answer = as_user(request.getfixturevalue(persona)).get(url(patient))
    assert answer.status_code == status
    assert (b"Bruno" in answer.content) is (status == 200)


def test_page_asks_every_sign_that_can_be_ticked_and_the_five_questions(browser: Client, patient: Patient) -> None:
    html = html_of(browser, patient)
    ticked = re.findall(r'name="flags" value="(RF\d\d)"', html)
    by_urgency = [sign.id for urgency in reading.urgencies() for sign in owner_signs() if sign.urgency == urgency]
    assert ticked == by_urgency
    assert "RF20" not in ticked
    assert set(re.findall(r'<input[^>]* name="(\w+)"[^>]*>', html)) >= {
        *("unaided_steps", "knuckling", "standing_s", "voluntary_move", "urination")
    }
    text = without_templates(html)
    assert "How many steps does Bruno take in a row without help or falling?" in text
    assert "Last time" not in text
    assert "None of these, all as before" not in text
    assert "None of these" in text


def test_page_shows_what_was_answered_last(browser: Client, patient: Patient, owner: User) -> None:
    report(patient, owner, unaided_steps=10, standing_s=1, urination="normal", at=NOW - 30 * HOUR)
    report(patient, owner, knuckling="none", standing_s=20, at=NOW - HOUR)
    text = without_templates(html_of(browser, patient))
    for said in (
        "Last time: 10 or more (yesterday)",
        "Last time: None (today)",
        "Last time: 20 seconds (today)",
        "Last time: Normal stream (yesterday)",
        "None of these, all as before",
    ):
        assert said in text, said


def test_page_carries_the_rule_that_the_server_weighs_by(
    browser: Client, patient: Patient, vet: User, owner: User
) -> None:
    make.make_definition(patient, vet, mechanism="neurologic", cause="disc", neuro_deficit=True, neuro_grade=2)
    first = report(patient, owner, standing_s=30, at=NOW - 30 * HOUR)
    report(patient, owner, standing_s=20, knuckling="always", at=NOW - 2 * HOUR)
    rule = rule_of(html_of(browser, patient))
    assert rule["expected"] == expected(2)
    assert rule["checks"] == [
        [first.done_at.isoformat(), {"standing_s": 30}],
        [(NOW - 2 * HOUR).isoformat(), {"standing_s": 20, "knuckling": "always"}],
    ]
    assert rule["released_at"] is None
    assert rule["signs"] == [[sign.id, sign.urgency, stop_of(sign)] for sign in reading.red_flags()]
    past = Past(
        expected=rule["expected"],
        checks=tuple(Check(at=dt.datetime.fromisoformat(at), answers=said) for at, said in rule["checks"]),
    )
    here = weigh({"standing_s": 15}, (), known=known_before(past, at=NOW))
    there = report(patient, owner, standing_s=15)
    assert (list(here.flags), here.urgency, here.stop) == (there.flags, there.urgency, there.stop)
    assert there.flags == ["RF03"]


def test_numbers_are_on_the_page_and_where_none_is_stored_it_says_so(
    browser: Client, patient: Patient, clinic: Clinic
) -> None:
    html = html_of(browser, patient)
    assert 'href="tel:+15550100"' in html
    assert 'href="tel:+15550199"' in html
    Clinic.objects.update(phone="", emergency_phone="")
    assert "The clinic has not stored a phone number here." in without_templates(html_of(browser, patient))


def test_hit_without_javascript_comes_back_with_what_to_do_and_the_truth(browser: Client, patient: Patient) -> None:
    answer = post(browser, patient, flags=["RF10", "RF16"], unaided_steps="10")
    text = without_templates(answer.content.decode())
    for said in (
        "Bruno’s exercises are stopped since 18 March. Only a vet can release them.",
        "Call now",
        "Black or bloody stool, repeated vomiting, yellow gums while on pain medicine",
        "Give no further dose of the medicine until a vet has answered.",
        "Until you reach somebody: Keep your dog still",
        "Checked by Olga at",
        "Received by Lindenhof Veterinary Clinic’s Steadyback at",
        "Nobody may have read it yet: call.",
    ):
        assert said in text, said
    assert "informed" not in text
    found = WarningReport.objects.get()
    assert (found.flags, found.urgency, found.stop) == (["RF10", "RF16"], "emergency_now", "all_active")
    assert found.answers == {"unaided_steps": 10}


def test_none_of_these_sends_no_answer_and_promises_nothing(browser: Client, patient: Patient) -> None:
    text = without_templates(post(browser, patient, form=0).content.decode())
    assert "No warning sign in these answers" in text
    assert "If Bruno seems worse, or you are worried, call all the same." in text
    assert "exercises are stopped" not in text
    assert list(WarningReport.objects.values_list("flags", "answers", "stop")) == [([], {}, "none")]


def test_not_tried_is_no_answer(browser: Client, patient: Patient) -> None:
    post(browser, patient, unaided_steps="", knuckling="", standing_s="", voluntary_move="one", urination="")
    assert WarningReport.objects.get().answers == {"voluntary_move": "one"}


def test_clean_check_after_a_hit_still_says_that_the_exercises_are_stopped(
    browser: Client, patient: Patient, owner: User, vet: User
) -> None:
    stop = report(patient, owner, "RF01", at=NOW - 26 * HOUR)
    report(patient, owner, at=NOW - HOUR)
    text = without_templates(html_of(browser, patient))
    assert "Bruno’s exercises are stopped since 17 March." in text
    assert "No warning sign in these answers" in text
    assert STILL_STOPPED.search(html_of(browser, patient))
    release_stop(patient=patient, seen=[stop.pk], by=vet, roles=frozenset({Role.VET}), reason="Examined", at=NOW - HOUR)
    assert "exercises are stopped" not in without_templates(html_of(browser, patient))


def test_same_bad_answers_are_the_same_hit_and_a_release_makes_them_known(
    patient: Patient, owner: User, vet: User
) -> None:
    bad: dict[str, Any] = {"unaided_steps": 0, "voluntary_move": "no"}
    before = [report(patient, owner, at=NOW - hours * HOUR, **bad) for hours in (61, 1, 0.5)]
    again = report(patient, owner, **bad)
    assert [one.flags for one in (*before, again)] == [["RF01", "RF02", "RF03"]] * 4
    assert {(one.urgency, one.stop) for one in (*before, again)} == {("emergency_now", "all_active_and_passive")}
    everything = [one.pk for one in (*before, again)]
    release_stop(
        patient=patient, seen=everything, by=vet, roles=frozenset({Role.VET}), reason="Known", at=NOW + 0.1 * HOUR
    )
    assert report(patient, owner, at=NOW + HOUR, **bad).flags == []


def test_hit_that_comes_in_after_a_release_from_before_it_is_not_known(
    patient: Patient, owner: User, vet: User
) -> None:
    seen = report(patient, owner, "RF16", at=NOW - 3 * HOUR)
    release_stop(patient=patient, seen=[seen.pk], by=vet, roles=frozenset({Role.VET}), reason="Wound", at=NOW - HOUR)
    late = report(patient, owner, done_at=NOW - 2 * HOUR, unaided_steps=0)
    assert late.stop == "all_active_and_passive"
    assert report(patient, owner, at=NOW + HOUR, unaided_steps=0).flags == ["RF01", "RF03"]


@pytest.mark.parametrize(
    ("said", "title"),
    [
        ({}, "No warning sign in these answers"),
        ({"flags": ["RF29"]}, "For the next check"),
        ({"flags": ["RF18"]}, "Call the clinic today"),
    ],
)
def test_result_says_that_the_exercises_are_still_stopped_whatever_the_answers(
    browser: Client, patient: Patient, owner: User, said: dict[str, Any], title: str
) -> None:
    report(patient, owner, "RF02", at=NOW - HOUR)
    html = post(browser, patient, **said).content.decode()
    assert title in without_templates(html)
    assert STILL_STOPPED.search(html)
    assert "data-open-stop" in html


def test_result_that_stops_by_itself_says_so_in_its_own_words(browser: Client, patient: Patient) -> None:
    html = post(browser, patient, flags=["RF16"]).content.decode()
    assert STILL_STOPPED.search(html) is None
    assert 'data-stop="all_active">' in html


def test_report_of_a_sign_that_was_dropped_since_is_taken_as_an_emergency(
    browser: Client, patient: Patient, owner: User
) -> None:
    found = report(patient, owner, "RF98", "RF29", "RF98")
    assert (found.flags, found.urgency, found.stop) == (["RF29", "RF98"], "emergency_now", "all_active_and_passive")
    assert "Call now" in without_templates(html_of(browser, patient))


@pytest.mark.parametrize(
    "flags", [["RF"], ["RF9x"], ["XY12"], ["RF1234"], ["RF01\n"], [7], ["RF98", None], "RF98", {"RF98": 1}]
)
def test_what_is_no_sign_at_all_is_refused(patient: Patient, flags: object) -> None:
    raw = {
        "id": str(new_id()),
        "kind": "report",
        "patient": str(patient.pk),
        "payload": {"flags": flags},
        "day": patient.today(NOW).isoformat(),
        "done_at": NOW.isoformat(),
        "time_zone": patient.time_zone,
    }
    refused = parse(raw)
    assert isinstance(refused, Refusal)
    assert refused.why in (Why.FLAG_UNKNOWN, Why.FIELD_TYPE)


def test_released_hit_of_today_says_that_a_vet_has_looked(
    browser: Client, patient: Patient, owner: User, vet: User
) -> None:
    stop = report(patient, owner, "RF16", at=NOW - HOUR)
    release_stop(patient=patient, seen=[stop.pk], by=vet, roles=frozenset({Role.VET}), reason="Examined", at=NOW)
    text = without_templates(html_of(browser, patient))
    assert "A vet has looked at this and released the exercises." in text
    assert "Nobody may have read it yet" not in text


def test_result_of_yesterday_is_not_shown_as_todays(browser: Client, patient: Patient, owner: User) -> None:
    report(patient, owner, "RF29", at=NOW - 26 * HOUR)
    assert "For the next check" not in without_templates(html_of(browser, patient))


@pytest.mark.parametrize("count", [0, 1, 8])
def test_page_asks_the_database_eight_times(browser: Client, patient: Patient, owner: User, count: int) -> None:
    for hours in range(count):
        report(patient, owner, "RF16", standing_s=20, at=NOW - hours * HOUR)
    browser.get(url(patient))
    with CaptureQueriesContext(connection) as queries:
        html_of(browser, patient)
    # The session and its user; the dog with its clinic; the reports; the signed grade; what stops the exercises;
    # the news from the clinic; the exercises that may have brought a sign on.
    assert len(queries) == 8, "\n".join(query["sql"] for query in queries)


def test_check_and_list_of_signs_lead_to_each_other(browser: Client, patient: Patient) -> None:
    help_page = reverse("sessions:help", args=[patient.pk])
    assert f'href="{help_page}"' in html_of(browser, patient)
    html = browser.get(help_page).content.decode()
    assert f'href="{url(patient)}"' in html
    assert "Check, and tell the clinic" in html
