"""The doses of a day: times from a label's words, the last answer of each, and how they are shown and answered."""

import datetime as dt
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from rehab.lib.ids import new_id
from rehab.patients.models import Patient, ProblemDefinition
from rehab.sessions.medicines import Dose, DoseState, Said, planned, rows
from rehab.sessions.models import MedicineAnswer
from rehab.sessions.queries.medicines import medicine_answers, signed_medicines
from tests import make
from tests.sessions.conftest import forms_of

DAY = dt.timedelta(days=1)
GABAPENTIN = {"name": "Gabapentin", "dose": "100 mg", "times": "8:00, 20:00"}


def plan(*medicines: tuple[str, str, str]) -> list[dict[str, str]]:
    return [dict(zip(("name", "dose", "times"), one, strict=True)) for one in medicines]


@pytest.mark.parametrize(
    ("times", "clocks"),
    [
        ("8:00", ["08:00"]),
        ("7:00, 15:00, 23:00", ["07:00", "15:00", "23:00"]),
        ("20:00; 8:00", ["08:00", "20:00"]),
        ("8 am and 8 pm", ["08:00", "20:00"]),
        ("8am/8PM", ["08:00", "20:00"]),
        ("at 7.30 and 19.30.", ["07:30", "19:30"]),
        ("12 am", ["00:00"]),
        ("12:30 p.m", ["12:30"]),
        ("24:00", ["00:00"]),
        ("8h y 20h", ["08:00", "20:00"]),
        ("08h00, 20h00", ["08:00", "20:00"]),
        ("8:00, 08:00", ["08:00"]),
    ],
)
def test_clock_times_are_one_dose_each(times: str, clocks: list[str]) -> None:
    assert planned(plan(("Gabapentin", "100 mg", times))) == tuple(
        Dose("Gabapentin", "100 mg", clock) for clock in clocks
    )


@pytest.mark.parametrize(
    "times",
    [
        "every 8 hours",
        "twice a day",
        "morning and evening",
        "2",
        "1/2 at 8:00",
        "7:00 with food",
        "8:00-20:00",
        "25:00",
        "8:60",
        "13 pm",
        "0 am",
    ],
)
def test_anything_else_is_one_row_with_the_labels_words(times: str) -> None:
    assert planned(plan(("Gabapentin", "100 mg", times))) == (Dose("Gabapentin", "100 mg", "", times),)


def test_plan_is_read_from_a_list_from_json_text_and_from_nothing() -> None:
    text = '[{"name": " Gabapentin ", "dose": "100 mg", "times": "8:00"}]'
    assert planned(text) == (Dose("Gabapentin", "100 mg", "08:00"),)
    assert planned(None) == planned([]) == planned("[]") == planned(plan(("", "", ""))) == ()


def test_two_strengths_of_one_medicine_are_two_rows() -> None:
    found = planned(plan(("Gabapentin", "100 mg", "morning"), ("Gabapentin", "300 mg", "at night")))
    assert [(dose.medicine, dose.time) for dose in found] == [
        ("Gabapentin", ""),
        ("Gabapentin 300 mg, at night", ""),
    ]
    assert len(planned(plan(("G" * 80, "1", "8:00"), ("G" * 80, "x" * 80, "8:00")))[1].medicine) == 120


@given(st.text(max_size=80))
def test_whatever_a_label_says_no_medicine_is_lost(times: str) -> None:
    found = planned(plan(("Gabapentin", "100 mg", times)))
    assert found
    assert all(len(dose.time) in (0, 5) for dose in found)
    assert len({(dose.medicine, dose.time) for dose in found}) == len(found)


def said(time: str, *, given: bool | None, by: str = "Olga", reason: str = "", medicine: str = "Gabapentin") -> Said:
    return Said(medicine, time, given, reason, make.NOW, by)


PLAN = planned([GABAPENTIN])


@pytest.mark.parametrize(
    ("answers", "states"),
    [
        ([], ["open", "open"]),
        ([said("08:00", given=True)], ["given", "open"]),
        ([said("08:00", given=True), said("08:00", given=False, reason="vomited")], ["missed", "open"]),
        ([said("08:00", given=True), said("08:00", given=None)], ["open", "open"]),
        ([said("20:00", given=False), said("20:00", given=True, by="Carl")], ["open", "given"]),
    ],
)
def test_last_answer_of_each_dose_holds(answers: list[Said], states: list[str]) -> None:
    assert [row.state for row in rows(PLAN, answers, new_id=new_id)] == states


def test_row_tells_who_when_and_why() -> None:
    missed, is_open = rows(PLAN, [said("08:00", given=False, reason="ran_out", by="Carl")], new_id=new_id)
    assert (missed.by, missed.said_at, missed.reason) == ("Carl", make.NOW, "ran_out")
    assert (is_open.by, is_open.said_at, is_open.reason) == ("", None, "")
    assert len({missed.key, missed.reason_key, is_open.key, is_open.reason_key}) == 4


def test_answers_under_an_older_plan_stay_unless_taken_back() -> None:
    answers = [
        said("07:00", given=True),
        said("", given=False, medicine="Meloxicam"),
        said("23:00", given=True),
        said("23:00", given=None),
    ]
    found = rows(PLAN, answers, new_id=new_id)
    assert [(row.dose.medicine, row.dose.time, row.state, row.is_planned) for row in found] == [
        ("Gabapentin", "08:00", DoseState.OPEN, True),
        ("Gabapentin", "20:00", DoseState.OPEN, True),
        ("Gabapentin", "07:00", DoseState.GIVEN, False),
        ("Meloxicam", "", DoseState.MISSED, False),
    ]


# --- On the page ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def medicated(clock: Any, patient: Patient, vet: User) -> ProblemDefinition:
    found: ProblemDefinition = make.make_definition(patient, vet, pain_control="medicine", medicines=[GABAPENTIN])
    return found


@pytest.fixture
def browser(as_user: Any, owner: User) -> Client:
    found: Client = as_user(owner)
    return found


def html_of(browser: Client, patient: Patient, day: dt.date = make.TODAY) -> str:
    answer = browser.get(reverse("sessions:response", args=[patient.pk, day]))
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def answer_dose(browser: Client, html: str, given: str, *, place: int = 0, **more: str) -> Any:
    """Press one of the buttons of the first form about the dose, or of the second, which asks why."""
    form = forms_of(html, kind="medicine", time="08:00")[place]
    return browser.post(form["action"], {**form["data"], "given": given, **more})


def stored() -> list[tuple[Any, ...]]:
    return list(MedicineAnswer.objects.order_by("done_at", "pk").values_list("medicine", "time", "given", "reason"))


def test_dose_is_given_missed_with_a_reason_and_taken_back(
    browser: Client, patient: Patient, medicated: ProblemDefinition
) -> None:
    html = html_of(browser, patient)
    assert '<strong>Gabapentin</strong> 100 mg · <span class="dose-when">08:00</span>' in html
    assert html.count('class="dose"') == 2
    assert answer_dose(browser, html, "yes").status_code == 303
    html = html_of(browser, patient)
    assert 'id="dose-1" data-state="given"' in html
    assert ">Olga 17:00</p>" in html
    answer_dose(browser, html, "no")
    html = html_of(browser, patient)
    assert 'id="dose-1" data-state="missed"' in html
    answer_dose(browser, html, "no", place=1, reason="refused")
    html = html_of(browser, patient)
    assert 'value="refused" aria-pressed="true"' in html
    answer_dose(browser, html, "")
    html = html_of(browser, patient)
    assert 'id="dose-1" data-state="open"' in html
    assert 'aria-pressed="true">The dog' not in html
    assert stored() == [
        ("Gabapentin", "08:00", True, ""),
        ("Gabapentin", "08:00", False, ""),
        ("Gabapentin", "08:00", False, "refused"),
        ("Gabapentin", "08:00", None, ""),
    ]


def test_plan_that_changes_in_the_middle_of_the_day_keeps_what_was_said(
    browser: Client, patient: Patient, medicated: ProblemDefinition, vet: User
) -> None:
    answer_dose(browser, html_of(browser, patient), "yes")
    make.make_definition(
        patient, vet, pain_control="medicine", medicines=[{**GABAPENTIN, "dose": "200 mg", "times": "9:00"}]
    )
    html = html_of(browser, patient)
    assert "200 mg · " in html
    assert "Not in the plan any more." in html
    assert ">Given, Olga 17:00</p>" in html
    answer_dose(browser, html, "")
    assert "Not in the plan any more." not in html_of(browser, patient)


def test_draft_is_nobodys_plan(browser: Client, patient: Patient, vet: User, clock: Any) -> None:
    make.make_definition(patient, vet, signed=False, medicines=[GABAPENTIN])
    assert 'id="medicine"' not in html_of(browser, patient)


def test_answers_belong_to_their_dog_and_day(
    browser: Client, patient: Patient, medicated: ProblemDefinition, vet: User, owner: User
) -> None:
    other = make.make_patient(patient.clinic, vet, owner=owner, name="Mora")
    make.make_definition(other, vet, pain_control="medicine", medicines=[GABAPENTIN])
    answer_dose(browser, html_of(browser, patient), "yes")
    assert 'data-state="given"' not in html_of(browser, other)
    assert 'data-state="given"' not in html_of(browser, patient, make.TODAY - DAY)
    assert [one.given for one in medicine_answers(patient.pk, make.TODAY)] == [True]
    assert medicine_answers(other.pk, make.TODAY) == medicine_answers(patient.pk, make.TODAY - DAY) == []


def test_medicine_named_like_markup_is_text(browser: Client, patient: Patient, vet: User, clock: Any) -> None:
    make.make_definition(
        patient, vet, pain_control="medicine", medicines=plan(("<b>CANARY</b>", '"><i>', "<u>now</u>"))
    )
    html = browser.get(reverse("sessions:response", args=[patient.pk, make.TODAY])).content.decode()
    assert "CANARY" in html
    for markup in ("<b>CANARY", '"><i>', "<u>now"):
        assert markup not in html


@pytest.mark.parametrize("count", [1, 3])
def test_a_days_answers_are_one_statement(
    browser: Client, patient: Patient, medicated: ProblemDefinition, count: int
) -> None:
    for _ in range(count):
        answer_dose(browser, html_of(browser, patient), "yes")
    medicine_answers(patient.pk, make.TODAY)
    with CaptureQueriesContext(connection) as queries:
        assert len(medicine_answers(patient.pk, make.TODAY)) == count
    assert len(queries) == 1


def test_plan_comes_as_a_subquery_of_a_larger_statement(
    patient: Patient, medicated: ProblemDefinition, vet: User
) -> None:
    make.make_definition(patient, vet, signed=False, medicines=[])
    (text,) = Patient.objects.filter(pk=patient.pk).values_list(signed_medicines("pk"), flat=True)
    assert planned(text) == PLAN
    other = make.make_patient(patient.clinic, vet)
    (nothing,) = Patient.objects.filter(pk=other.pk).values_list(signed_medicines("pk"), flat=True)
    assert planned(nothing) == ()
