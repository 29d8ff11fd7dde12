"""The exercise screen: what it offers for which dose, measure and day, and at what cost."""

import json
import re
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from rehab.lib.ids import new_id
from rehab.library import reading
from rehab.patients.models import Patient
from rehab.programs.models import Prescription, Program
from tests import make
from tests.sessions.conftest import forms_of

pytestmark = pytest.mark.usefixtures("clock")


@pytest.fixture
def browser(as_user: Any, owner: User) -> Client:
    found: Client = as_user(owner)
    return found


def html_of(browser: Client, prescription: Prescription) -> str:
    answer = browser.get(reverse("sessions:exercise", args=[prescription.patient_id, prescription.pk]))
    assert answer.status_code == 200
    return answer.content.decode()


def timers_of(html: str) -> list[Any]:
    return [json.loads(unescape(found)) for found in re.findall(r'data-phases="([^"]*)"', html)]


@pytest.fixture
def held(program: Program) -> Prescription:
    return make.make_prescription(
        program,
        exercise=make.make_exercise("held", dose_range={}, measure={"metric": "hold_s_best", "unit": "s"}),
        dose={"reps": 2, "hold_s": 3, "per_day": 3},
        position=9,
    )


@pytest.mark.parametrize("said", [0, 2])
def test_page_costs_seven_statements(browser: Client, held: Prescription, said: int) -> None:
    for slot in range(1, said + 1):
        make.make_tick(held, slot=slot)
    html_of(browser, held)
    with CaptureQueriesContext(connection) as queries:
        html_of(browser, held)
    assert len(queries) == 7


def test_answers_are_about_the_first_time_that_is_open(browser: Client, held: Prescription) -> None:
    make.make_tick(held, slot=1)
    html = html_of(browser, held)
    found = [(form["data"]["kind"], form["data"]["slot"]) for form in forms_of(html) if "slot" in form["data"]]
    assert found == [("tick", "2"), ("stop", "2"), ("partial", "2")]
    keys = [form["data"]["id"] for form in forms_of(html) if "kind" in form["data"]]
    assert len(set(keys)) == len(keys) == 3
    assert 'data-open="2 3"' in html
    assert "Done, 2 of 3 today" in html
    assert f".{make.TODAY}.2&quot;" in html or f'.{make.TODAY}.2"' in html
    assert timers_of(html) == [
        [["ready", 5, 1, 1, 1], ["hold", 3, 1, 1, 1], ["rest", 5, 1, 1, 2], ["hold", 3, 1, 1, 2]]
    ]


def test_nothing_more_is_asked_once_all_is_answered(browser: Client, held: Prescription) -> None:
    for slot in (1, 2, 3):
        make.make_tick(held, slot=slot)
    html = html_of(browser, held)
    assert "Answered for today." in html
    assert not forms_of(html, kind="tick")
    # To do it again is nobody's harm: the timer stays.
    assert len(timers_of(html)) == 1


def test_what_has_ended_is_still_explained_but_not_asked(browser: Client, patient: Patient, program: Program) -> None:
    item = program.prescriptions.earliest("position")
    make.rewrite(item, ends_on=make.TODAY, ended_by=item.started_by)
    html = html_of(browser, item)
    assert "This is not in the plan today." in html
    assert "Help your dog up." in html
    assert not forms_of(html, kind="tick")


@pytest.mark.parametrize(
    ("metric", "expected", "timers"),
    [
        ("standing_s", '<input class="input" id="measured" name="value" type="number" inputmode="decimal"', 1),
        ("straight_sits", 'data-step="1"', 0),
        ("skin_ok", 'name="value" value="0"', 0),
        ("weight_kg", 'min="0.5" max="120" step="0.01"', 0),
    ],
)
def test_measure_is_asked_the_way_it_is_taken(
    browser: Client, program: Program, metric: str, expected: str, timers: int
) -> None:
    exercise = make.make_exercise("measured", dose_range={}, measure={"metric": metric})
    item = make.make_prescription(program, exercise=exercise, dose={"reps": 3}, position=9)
    html = html_of(browser, item)
    assert expected in html
    [form] = forms_of(html, kind="measure")
    assert (form["data"]["metric"], form["data"]["prescription"]) == (metric, str(item.pk))
    found = timers_of(html)
    assert len(found) == timers
    if timers:
        assert found == [[["ready", 5, 1, 1, 1], ["up", 600, 1, 1, 1]]]
        # It is what the exercise is about, so it comes first.
        assert html.index('id="measure"') < html.index('id="exercise-done"')


@pytest.mark.parametrize("metric", ["hold_s_best", "toe_response", "doses_given_pct", "limb_stable_signed", ""])
def test_what_a_family_gives_no_number_for_is_not_asked(browser: Client, program: Program, metric: str) -> None:
    exercise = make.make_exercise("measured", dose_range={}, measure={"metric": metric})
    item = make.make_prescription(program, exercise=exercise, dose={"reps": 3}, position=9)
    assert not forms_of(html_of(browser, item), kind="measure")


@pytest.mark.parametrize(
    ("stop", "mode", "is_open"),
    [
        ("all_active_and_passive", "active", False),
        ("all_active_and_passive", "passive", False),
        ("all_active", "active", False),
        ("all_active", "passive", True),
        ("none", "active", True),
    ],
)
def test_warning_sign_leaves_no_way_to_begin(
    browser: Client, patient: Patient, program: Program, stop: str, mode: str, is_open: bool
) -> None:
    exercise = make.make_exercise("stopped", dose_range={}, mode=mode)
    item = make.make_prescription(program, exercise=exercise, dose={"hold_s": 10}, position=9)
    flags = [flag.id for flag in reading.red_flags() if flag.stop == stop]
    if flags:
        answer = browser.post(
            reverse("sessions:command", args=[patient.pk]),
            {"kind": "report", "id": new_id(), "day": make.TODAY, "flags": flags[:1]},
        )
        assert answer.status_code == 303
    html = html_of(browser, item)
    assert bool(timers_of(html)) == is_open
    assert bool(forms_of(html, kind="tick")) == is_open
    assert ("Leave this exercise until a vet has said" in html) is not is_open
