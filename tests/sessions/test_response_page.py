"""How the dog was besides pain: what the page asks, what it shows of the answers, and what a form stores."""

import datetime as dt
import gzip
import re
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.template.loader import render_to_string
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from rehab.library import reading
from rehab.library.models import Protocol, ProtocolPhase
from rehab.patients.models import Observation, Patient
from rehab.programs.models import Program
from rehab.sessions.models import MedicineAnswer, ResponseAnswer
from rehab.sessions.views.responding import NOT_ASKED, PAIRED, REGIONS, SIDES, SIGN_WORDS, standing_dog
from tests import make
from tests.guards.sources import ROOT
from tests.sessions.conftest import forms_of

pytestmark = pytest.mark.usefixtures("clock")
DAY = dt.timedelta(days=1)
# Of a phone 360 px wide: the page's and the card's edges leave 326 px for a picture 182 units wide.
PIXELS = 326 / 182


@pytest.fixture
def browser(as_user: Any, owner: User) -> Client:
    found: Client = as_user(owner)
    return found


def address(patient: Patient, day: dt.date = make.TODAY) -> str:
    return reverse("sessions:response", args=[patient.pk, day])


def html_of(browser: Client, patient: Patient, day: dt.date = make.TODAY) -> str:
    answer = browser.get(address(patient, day))
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def one_form(html: str, name: str, **fields: str) -> dict[str, Any]:
    """The form that asks this question: it is no other's and alone on the page."""
    asking = [part for part in re.findall(r"<form.*?</form>", html, re.DOTALL) if f'name="{name}"' in part]
    (form,) = [form for part in asking for form in forms_of(part, **fields)]
    return form


def send(browser: Client, form: dict[str, Any], **said: Any) -> Any:
    """Post the form as a browser would: hidden fields, and of the rest only what was said."""
    hidden = {
        name: value
        for name, value in form["data"].items()
        if name in ("id", "kind", "day", "plan_version", "done_at", "time_zone", "csrfmiddlewaretoken", "metric")
    }
    return browser.post(form["action"], {**hidden, **said})


@pytest.mark.parametrize("who", ["owner", "caregiver", "vet", "therapist"])
def test_who_may_log_is_asked(
    who: str, as_user: Any, request: pytest.FixtureRequest, patient: Patient, program: Program
) -> None:
    html = html_of(as_user(request.getfixturevalue(who)), patient)
    assert "How was Bruno today?" in html
    assert html.count("<h1") == 1
    assert "CANARY" not in html


@pytest.mark.parametrize("who", ["stranger", "outside_vet", "admin"])
def test_others_find_nothing(who: str, as_user: Any, request: pytest.FixtureRequest, patient: Patient) -> None:
    answer = as_user(request.getfixturevalue(who)).get(address(patient))
    assert answer.status_code == 404
    assert "Bruno" not in answer.content.decode()


def test_caregiver_whose_time_has_ended_finds_nothing(as_user: Any, caregiver: User, patient: Patient) -> None:
    caregiver.caring.update(ended_at=make.NOW)
    assert as_user(caregiver).get(address(patient)).status_code == 404


@pytest.mark.parametrize(("back", "status"), [(-1, 404), (0, 200), (1, 200), (2, 200), (3, 404)])
def test_today_and_the_two_days_before_are_asked(
    browser: Client, patient: Patient, program: Program, back: int, status: int
) -> None:
    assert browser.get(address(patient, make.TODAY - back * DAY)).status_code == status


def test_another_day_is_named(browser: Client, patient: Patient, program: Program) -> None:
    html = html_of(browser, patient, make.TODAY - DAY)
    assert "How was Bruno on Tuesday, 17 March?" in html
    assert f'href="{reverse("sessions:day", args=[patient.pk, make.TODAY - DAY])}"' in html


def test_nothing_is_chosen_before_somebody_answers(browser: Client, patient: Patient, program: Program) -> None:
    html = html_of(browser, patient)
    assert " checked" not in html
    assert 'aria-pressed="true"' not in html
    assert one_form(html, "note")["data"]["kind"] == "response"
    assert one_form(html, "value", metric="weight_kg")["data"]["value"] == ""


@pytest.mark.parametrize("count", [1, 3])
def test_page_writes_nothing_is_kept_and_costs_eight_statements(
    browser: Client, patient: Patient, program: Program, caregiver: User, count: int
) -> None:
    for _ in range(count):
        form = one_form(html_of(browser, patient), "tired")
        send(browser, form, tired="1")
        send(browser, one_form(html_of(browser, patient), "value", metric="weight_kg"), value="12.4")
    with CaptureQueriesContext(connection) as queries:
        answer = browser.get(address(patient))
    assert {query["sql"].split()[0] for query in queries} == {"SELECT"}
    assert len(queries) == 8
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert browser.post(address(patient)).status_code == 405


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [("tired", 0, "Fresh"), ("tired", 3, "Still tired the next day"), ("quality", 1, "Poorly"), ("quality", 3, "Well")],
)
def test_one_tap_answers_and_says_who_and_when(
    browser: Client, patient: Patient, program: Program, name: str, value: int, words: str
) -> None:
    form = one_form(html_of(browser, patient), name)
    answer = send(browser, form, **{name: str(value)})
    assert (answer.status_code, answer["Location"]) == (303, address(patient))
    stored = ResponseAnswer.objects.get()
    assert {key: getattr(stored, key) for key in ("tired", "quality", "areas", "signs", "note")} == {
        **dict.fromkeys(("tired", "quality", "areas", "signs")),
        "note": "",
        name: value,
    }
    html = html_of(browser, patient)
    assert f'name="{name}" value="{value}" aria-pressed="true">{words}</button>' in html
    assert ">Olga 17:00</p>" in html


def test_exercises_are_not_asked_about_where_there_are_none(browser: Client, patient: Patient) -> None:
    html = html_of(browser, patient)
    assert 'name="quality"' not in html
    assert 'name="tired"' in html


@pytest.mark.parametrize(
    ("said", "stored"),
    [
        ({"areas": ["neck", "hip_left"]}, ["neck", "hip_left"]),
        ({"areas_asked": "yes"}, []),
        # Without a script both can be sent: what was ticked counts.
        ({"areas": ["neck"], "areas_asked": "yes"}, ["neck"]),
    ],
)
def test_where_it_hurts_is_stored_and_nowhere_is_an_answer(
    browser: Client, patient: Patient, said: dict[str, Any], stored: list[str]
) -> None:
    send(browser, one_form(html_of(browser, patient), "areas"), **said)
    assert ResponseAnswer.objects.get().areas == stored
    html = html_of(browser, patient)
    ticked = [code for code in reading.areas() if f'name="areas" value="{code}" checked' in html]
    assert ticked == stored
    assert ('name="areas_asked" value="yes" data-none checked' in html) is (stored == [])


@pytest.mark.parametrize("name", ["areas", "signs", "note"])
def test_saying_nothing_is_refused_with_the_reason(browser: Client, patient: Patient, name: str) -> None:
    answer = send(browser, one_form(html_of(browser, patient), name), note="")
    assert answer.status_code == 422
    assert "This says nothing yet." in answer.content.decode()
    assert ResponseAnswer.objects.count() == 0


def test_both_lists_of_signs_are_asked_in_an_owners_words(browser: Client, patient: Patient) -> None:
    lists = reading.signs()
    codes = {code for group in lists.values() for code in group}
    assert set(SIGN_WORDS) | NOT_ASKED == codes
    assert not set(SIGN_WORDS) & NOT_ASKED
    html = html_of(browser, patient)
    for code, words in SIGN_WORDS.items():
        alarming = " data-alarming" if code in lists["signs_with_deficit"] else ""
        assert f'name="signs" value="{code}"{alarming}><span>{words}</span>' in html
    assert f'href="/dogs/{patient.pk}/check/"' in html


def test_last_answer_of_each_question_counts(
    browser: Client, as_user: Any, patient: Patient, caregiver: User, program: Program
) -> None:
    send(browser, one_form(html_of(browser, patient), "tired"), tired="2")
    send(browser, one_form(html_of(browser, patient), "note"), note="Slept badly")
    carl = as_user(caregiver)
    send(carl, one_form(html_of(carl, patient), "tired"), tired="1")
    html = html_of(browser, patient)
    assert 'name="tired" value="1" aria-pressed="true"' in html
    assert 'name="tired" value="2" aria-pressed="false"' in html
    assert html.count(">Carl ") == 1
    assert html.count(">Olga ") == 1
    assert ">Slept badly</textarea>" in html
    assert ResponseAnswer.objects.count() == 3


def test_note_is_text(browser: Client, patient: Patient) -> None:
    send(browser, one_form(html_of(browser, patient), "note"), note="</textarea><script>alert(1)</script>")
    assert "<script>alert" not in browser.get(address(patient)).content.decode()


def test_answers_of_another_dog_are_not_shown(browser: Client, patient: Patient, vet: User, owner: User) -> None:
    other = make.make_patient(patient.clinic, vet, owner=owner, name="Mora")
    send(browser, one_form(html_of(browser, other), "note"), note="CANARY")
    assert "CANARY" not in html_of(browser, patient)
    assert "CANARY" not in html_of(browser, other, make.TODAY - DAY)


def test_every_area_of_the_list_is_on_the_dog_and_large_enough_for_a_thumb() -> None:
    on_the_dog = {f"{code}_{side}" for code in PAIRED for side in ("left", "right")}
    on_the_dog |= {code for code, *_ in REGIONS} - PAIRED
    assert on_the_dog == set(reading.areas())
    small = [code for code, _, _, width, height in REGIONS if min(width, height) * PIXELS < 44]
    assert small == []


def test_every_area_is_painted_when_it_is_ticked() -> None:
    style = (ROOT / "static" / "css" / "response.css").read_text()
    for code in reading.areas():
        assert f'body-map:has([value="{code}"]:checked) [data-area="{code}"]' in style


def test_body_map_is_small() -> None:
    part = render_to_string(
        "sessions/_body_map.html",
        {"dog": standing_dog(), "regions": REGIONS, "paired": PAIRED, "sides": SIDES},
    )
    assert len(gzip.compress(part.encode())) <= 6 * 1024


def test_weight_in_kilograms_is_stored_and_shown(browser: Client, patient: Patient, owner: User) -> None:
    make.observe(patient, "weight_kg", 12.2, owner, make.TODAY - 15 * DAY)
    form = one_form(html_of(browser, patient), "value", metric="weight_kg")
    send(browser, form, value="12.4")
    stored = Observation.objects.get(day=make.TODAY)
    assert (stored.metric, stored.value) == ("weight_kg", Decimal("12.4"))
    html = html_of(browser, patient)
    assert "Last time: 12.2 kg, 3 March." in html
    assert 'min="0.5" max="120" step="0.01" value="12.4"' in html


def test_weight_in_pounds_is_stored_in_kilograms(browser: Client, patient: Patient, owner: User) -> None:
    User.objects.filter(pk=owner.pk).update(units="imperial")
    make.observe(patient, "weight_kg", 12.2, owner, make.TODAY - 15 * DAY)
    html = html_of(browser, patient)
    assert "Last time: 26.9 lb, 3 March." in html
    assert 'min="1.2" max="264.5" step="0.1"' in html
    answer = send(browser, one_form(html, "value", metric="weight_lb"), value="27.5")
    assert answer.status_code == 303
    stored = Observation.objects.get(day=make.TODAY)
    assert (stored.metric, stored.value) == ("weight_kg", Decimal("12.47"))
    assert 'step="0.1" value="27.5"' in html_of(browser, patient)


@pytest.mark.parametrize("value", ["1", "264.6", "0", "900", "", "heavy"])
def test_weight_in_pounds_that_no_dog_has_is_refused(
    browser: Client, patient: Patient, owner: User, value: str
) -> None:
    User.objects.filter(pk=owner.pk).update(units="imperial")
    answer = send(browser, one_form(html_of(browser, patient), "value", metric="weight_lb"), value=value)
    assert answer.status_code == 422
    assert Observation.objects.count() == 0


def test_measures_of_the_phase_are_asked(browser: Client, patient: Patient, vet: User) -> None:
    protocol = Protocol.objects.create(
        slug="disc", content_hash="0" * 64, name="Disc", cause="disc", profile="neuro", total_weeks="12", rows=["D1"]
    )
    ProtocolPhase.objects.create(
        protocol=protocol,
        position=1,
        code="P2",
        name="Steady",
        days_min=7,
        days_max=21,
        exit_criteria=[
            "standing_s.last[1d] >= 60",
            "knuckling_level.max[5d] <= 1",
            "urination_normal.min[2d] >= 1",
            "pain_rest.max[2d] <= 3",
            "walk_min_total.avg[3d] >= 15",
            "doses_given_pct.avg[7d] >= 90",
            "limb_stable_signed == 1",
            "vet_signed_phase == 1",
        ],
    )
    make.make_program(patient, vet, protocol=protocol, phase="P2")
    html = html_of(browser, patient)
    assert [form["data"]["metric"] for form in forms_of(html, kind="measure")] == [
        "weight_kg",
        "standing_s",
        "knuckling_level",
        "urination_normal",
    ]
    send(browser, one_form(html, "value", metric="knuckling_level"), value="2")
    send(browser, one_form(html, "value", metric="standing_s"), value="41")
    assert dict(Observation.objects.values_list("metric", "value")) == {"knuckling_level": 2, "standing_s": 41}
    html = html_of(browser, patient)
    assert 'name="value" value="2" aria-pressed="true">Often</button>' in html
    assert 'value="41" required' in html


def test_medicine_of_the_plan_is_asked_here_too(browser: Client, patient: Patient, vet: User) -> None:
    make.make_definition(
        patient,
        vet,
        pain_control="medicine",
        medicines=[{"name": "Gabapentin", "dose": "100 mg", "times": "8:00, 20:00"}],
    )
    html = html_of(browser, patient)
    form = forms_of(html, kind="medicine", time="08:00")[0]
    browser.post(form["action"], {**form["data"], "given": "yes"})
    stored = MedicineAnswer.objects.get()
    assert (stored.medicine, stored.time, stored.given) == ("Gabapentin", "08:00", True)


def test_without_medicine_there_is_no_such_card(browser: Client, patient: Patient, program: Program) -> None:
    assert 'id="medicine"' not in html_of(browser, patient)
