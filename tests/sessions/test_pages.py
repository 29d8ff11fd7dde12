"""The family's pages: what each says, to whom, and at what cost."""

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Clinic, User
from rehab.lib.ids import new_id
from rehab.library import reading
from rehab.patients.models import Patient
from rehab.programs.models import Prescription, Program
from rehab.sessions.screen.addresses import day_url
from rehab.sessions.screen.parts import Printer
from tests import make
from tests.sessions.conftest import forms_of

pytestmark = pytest.mark.usefixtures("clock")
DAY = dt.timedelta(days=1)
PAGES = ["today", "day", "exercise", "progress", "help"]


@pytest.fixture
def browser(as_user: Any, owner: User) -> Client:
    found: Client = as_user(owner)
    return found


def address(page: str, patient: Patient, program: Program | None = None) -> str:
    more: list[Any] = []
    if page == "day":
        more = [make.TODAY - DAY]
    if page == "exercise":
        more = [program.prescriptions.earliest("position").pk if program else new_id()]
    return reverse(f"sessions:{page}", args=[patient.pk, *more])


def html_of(browser: Client, url: str) -> str:
    answer = browser.get(url)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize("who", ["owner", "caregiver", "vet", "therapist", "colleague"])
@pytest.mark.parametrize("page", PAGES)
def test_family_and_clinic_see_the_dog(
    page: str, who: str, as_user: Any, request: pytest.FixtureRequest, patient: Patient, program: Program
) -> None:
    html = html_of(as_user(request.getfixturevalue(who)), address(page, patient, program))
    assert html.count("<h1") == 1
    assert "CANARY" not in html


@pytest.mark.parametrize("who", ["stranger", "outside_vet", "admin"])
@pytest.mark.parametrize("page", PAGES)
def test_others_find_nothing(
    page: str, who: str, as_user: Any, request: pytest.FixtureRequest, patient: Patient, program: Program
) -> None:
    answer = as_user(request.getfixturevalue(who)).get(address(page, patient, program))
    assert answer.status_code == 404
    assert "Bruno" not in answer.content.decode()


@pytest.mark.parametrize("page", PAGES)
def test_caregiver_whose_time_has_ended_finds_nothing(
    page: str, as_user: Any, caregiver: User, patient: Patient, program: Program
) -> None:
    caregiver.caring.update(ended_at=make.NOW)
    assert as_user(caregiver).get(address(page, patient, program)).status_code == 404


@pytest.mark.parametrize("page", PAGES)
def test_reading_never_writes_and_posting_is_not_allowed(
    page: str, browser: Client, patient: Patient, program: Program
) -> None:
    url = address(page, patient, program)
    with CaptureQueriesContext(connection) as queries:
        answer = browser.get(url)
    assert {query["sql"].split()[0] for query in queries} == {"SELECT"}
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert browser.post(url).status_code == 405


@pytest.mark.parametrize("items", [1, 12])
@pytest.mark.parametrize(("page", "count"), [("today", 6), ("day", 6)])
def test_day_costs_six_statements_whatever_its_length(
    page: str, count: int, items: int, browser: Client, patient: Patient, vet: User
) -> None:
    exercises = [(f"exercise-{number}", {"per_day": 3}) for number in range(items)]
    program = make.make_program(patient, vet, exercises=exercises)
    for prescription in program.prescriptions.all():
        make.make_tick(prescription, slot=1)
        make.make_tick(prescription, make.TODAY - DAY, slot=2)
    make.make_pain(patient)
    url = address(page, patient)
    browser.get(url)
    with CaptureQueriesContext(connection) as queries:
        html = html_of(browser, url)
    assert len(queries) == count
    assert html.count('<li class="item"') == items


@pytest.mark.parametrize(("page", "count"), [("exercise", 3), ("progress", 6), ("help", 3)])
def test_other_pages_cost_a_fixed_number_of_statements(
    page: str, count: int, browser: Client, patient: Patient, program: Program
) -> None:
    for back in range(5):
        make.make_tick(program.prescriptions.earliest("position"), make.TODAY - back * DAY)
        make.make_pain(patient, make.TODAY - back * DAY)
    url = address(page, patient, program)
    browser.get(url)
    with CaptureQueriesContext(connection) as queries:
        browser.get(url)
    assert len(queries) == count


def test_today_shows_the_day_in_the_order_of_the_family(browser: Client, patient: Patient, program: Program) -> None:
    Prescription.objects.filter(position=0).update()
    html = html_of(browser, address("today", patient))
    assert html.index("Wednesday, 18 March") < html.index("Stand count") < html.index("Weight shift")
    assert "3 sets of 10 seconds, twice a day" in html
    assert "Three left, about one minute." in html
    assert 'aria-label="0 of 3 done"' in html
    assert len(forms_of(html, kind="tick")) == 3
    assert len(forms_of(html, kind="partial")) == 2
    assert len(forms_of(html, kind="skip")) == 2
    keys = [form["data"]["id"] for form in forms_of(html) if "kind" in form["data"]]
    flat = [key for one in keys for key in (one if isinstance(one, list) else [one])]
    assert len(set(flat)) == len(flat)


def test_items_address_what_the_url_table_says(patient: Patient) -> None:
    printer = Printer(patient=patient, day=make.TODAY, today=make.TODAY)
    some = new_id()
    assert printer.exercise_url(some) == reverse("sessions:exercise", args=[patient.pk, some])
    assert printer.action == reverse("sessions:command", args=[patient.pk])
    assert printer.help == reverse("sessions:help", args=[patient.pk])
    assert day_url(patient.pk, make.TODAY, make.TODAY) == reverse("sessions:today", args=[patient.pk])
    yesterday = make.TODAY - DAY
    assert day_url(patient.pk, yesterday, make.TODAY) == reverse("sessions:day", args=[patient.pk, yesterday])


def test_answers_say_who_and_when(
    browser: Client, patient: Patient, program: Program, caregiver: User, owner: User
) -> None:
    first, second = program.prescriptions.order_by("position")
    early = make.NOW.replace(hour=7, minute=42)
    make.make_tick(first, by=caregiver, slot=1, done_at=early)
    make.make_tick(first, by=owner, slot=2, state="partial", done_at=early)
    make.make_tick(second, by=owner, state="skipped", skip_reason="pain", done_at=early)
    html = html_of(browser, address("today", patient))
    assert "Carl 7:42" in html
    assert "Part, Olga 7:42" in html
    assert "Skipped, Olga 7:42" in html
    assert "Look whether a warning sign fits." in html
    assert "That was it for the day." in html
    assert len(forms_of(html, kind="undo")) == 3


def test_morning_is_asked_first_when_yesterday_had_something(
    browser: Client, patient: Patient, program: Program
) -> None:
    html = html_of(browser, address("today", patient))
    assert 'id="pain-next_morning"' not in html
    make.make_tick(program.prescriptions.earliest("position"), make.TODAY - DAY)
    html = html_of(browser, address("today", patient))
    assert html.index('class="card question" id="pain-next_morning"') < html.index('class="card fold" id="pain-before"')
    form = forms_of(html, kind="pain", moment="next_morning")[0]
    browser.post(form["action"], {**form["data"], "score": "2"})
    html = html_of(browser, address("today", patient))
    assert "In the morning: 2 of 10" in html
    assert 'class="card question" id="pain-before"' in html


def test_pain_of_yesterday_alone_makes_the_morning_asked(browser: Client, patient: Patient, program: Program) -> None:
    make.make_pain(patient, make.TODAY - DAY, "after", 4)
    assert 'id="pain-next_morning"' in html_of(browser, address("today", patient))


def test_pain_scale_carries_the_behaviours(browser: Client, patient: Patient, program: Program) -> None:
    html = html_of(browser, address("today", patient))
    for behaviour in reading.pain_anchors().values():
        assert behaviour[1:] in html
    before = forms_of(html, kind="pain", moment="before")[0]
    assert before["buttons"] == [("score", str(score)) for score in range(11)]


def test_last_pain_answer_is_shown(browser: Client, patient: Patient, program: Program) -> None:
    make.make_pain(patient, score=5, done_at=make.NOW - dt.timedelta(hours=2))
    make.make_pain(patient, score=7, done_at=make.NOW - dt.timedelta(hours=1))
    make.make_pain(patient, score=1, done_at=make.NOW - dt.timedelta(hours=3))
    html = html_of(browser, address("today", patient))
    assert "Before: 7 of 10" in html
    assert "That is a lot." in html


def test_no_program_is_said(browser: Client, patient: Patient) -> None:
    html = html_of(browser, address("today", patient))
    assert "No program yet" in html
    assert 'id="pain-before"' not in html


def test_program_that_has_not_started_says_when_it_does(browser: Client, patient: Patient, vet: User) -> None:
    make.make_program(patient, vet, starts_on=make.TODAY + 5 * DAY)
    assert "The program starts on Monday, 23 March" in html_of(browser, address("today", patient))


def test_rest_day_is_part_of_the_program(browser: Client, patient: Patient, vet: User) -> None:
    program = make.make_program(patient, vet, exercises=[])
    make.make_prescription(program, weekdays=0b1111011)
    html = html_of(browser, address("today", patient))
    assert "A rest day" in html
    assert '<li class="item"' not in html


def test_program_that_has_ended_is_said(browser: Client, patient: Patient, program: Program) -> None:
    program.prescriptions.update(ends_on=make.TODAY, ended_by=program.decisions.get())
    Program.objects.update(ended_at=make.NOW)
    assert "The program has ended" in html_of(browser, address("today", patient))


def test_one_off_waits_apart_until_it_is_done(browser: Client, patient: Patient, program: Program) -> None:
    once = make.make_prescription(program, exercise="nonslip-floors", dose={"one_off": True}, position=9)
    html = html_of(browser, address("today", patient))
    assert html.index("To set up once") < html.index("Nonslip floors")
    assert 'aria-label="0 of 3 done"' in html
    make.make_tick(once)
    assert "Nonslip floors" in html_of(browser, address("today", patient))
    make.make_tick(once, make.TODAY - DAY)
    assert "Nonslip floors" not in html_of(browser, address("today", patient))


def test_two_days_back_can_be_completed_and_no_more(browser: Client, patient: Patient, program: Program) -> None:
    for back, status in [(-1, 404), (0, 302), (1, 200), (2, 200), (3, 404)]:
        url = reverse("sessions:day", args=[patient.pk, make.TODAY - back * DAY])
        assert (back, browser.get(url).status_code) == (back, status)
    for text in ("0001-01-01", "9999-12-31", "2026-02-30"):
        assert browser.get(f"/dogs/{patient.pk}/day/{text}/").status_code == 404
    html = html_of(browser, address("day", patient))
    assert "Tuesday, 17 March" in html
    assert "How was Bruno before the exercises?" in html
    assert forms_of(html, kind="tick")[0]["data"]["day"] == "2026-03-17"


def test_only_days_of_the_program_are_offered(browser: Client, patient: Patient, vet: User) -> None:
    make.make_program(patient, vet, starts_on=make.TODAY - DAY)
    html = html_of(browser, address("today", patient))
    assert reverse("sessions:day", args=[patient.pk, make.TODAY - DAY]) in html
    assert reverse("sessions:day", args=[patient.pk, make.TODAY - 2 * DAY]) not in html


def test_start_leads_to_the_only_dog(browser: Client, patient: Patient) -> None:
    answer = browser.get(reverse("sessions:today-home"))
    assert (answer.status_code, answer["Location"]) == (302, address("today", patient))


def test_start_lets_choose_between_several_dogs(
    browser: Client, patient: Patient, program: Program, owner: User, vet: User, stranger: User, clinic: Clinic
) -> None:
    second = make.make_patient(clinic, vet, owner=owner, name="Luna", time_zone="Pacific/Auckland")
    make.make_tick(program.prescriptions.earliest("position"))
    with CaptureQueriesContext(connection) as queries:
        html = html_of(browser, reverse("sessions:today-home"))
    assert html.index("Bruno") < html.index("Luna")
    assert 'aria-label="1 of 3 done"' in html
    assert address("today", second) in html
    assert "Nothing is due today." in html
    assert "CANARY" not in html
    assert len(queries) <= 6


def test_start_without_a_dog_says_how_to_get_one(as_user: Any, db: None) -> None:
    html = html_of(as_user(make.make_user()), reverse("sessions:today-home"))
    assert "No dog here yet" in html


def test_exercise_page_shows_how(browser: Client, patient: Patient, program: Program) -> None:
    html = html_of(browser, address("exercise", patient, program))
    for text in ("Stand count", "Build standing time", "Help your dog up.", "Slippery floor", "3 sets of 10 seconds"):
        assert text in html
    assert reading.stop_signs()["S_CRY"] in html


def test_exercise_of_another_dog_is_not_found(
    browser: Client, patient: Patient, program: Program, stranger: User
) -> None:
    theirs = make.make_program(stranger.caring.get().patient, stranger).prescriptions.first()
    assert theirs is not None
    url = reverse("sessions:exercise", args=[patient.pk, theirs.pk])
    assert browser.get(url).status_code == 404


def test_help_page_gives_numbers_and_signs_and_tells_the_truth(browser: Client, patient: Patient) -> None:
    html = html_of(browser, address("help", patient))
    assert 'href="tel:+15550100"' in html
    assert 'href="tel:+15550199"' in html
    assert "Nothing is sent from this page. Call." in html
    signs = reading.red_flags(urgency="emergency_now")
    assert len(signs) > 5
    for sign in signs:
        assert sign.sign.split("'")[0][:25] in html


def test_help_page_without_numbers_says_so(browser: Client, patient: Patient, clinic: Clinic) -> None:
    Clinic.objects.update(phone="", emergency_phone="")
    assert "has not stored a phone number" in html_of(browser, address("help", patient))


def test_progress_draws_the_last_fourteen_days(browser: Client, patient: Patient, program: Program) -> None:
    first, second = program.prescriptions.order_by("position")
    for back in range(1, 10):
        day = make.TODAY - back * DAY
        make.make_tick(first, day, slot=1)
        make.make_tick(first, day, slot=2)
        make.make_tick(second, day, state="skipped" if back % 2 else "done")
        make.make_pain(patient, day, "before", 2 + back % 3)
    html = html_of(browser, address("progress", patient))
    assert html.count('<rect class="chart-bar"') == 14
    assert html.count('<circle class="chart-dot"') == 9
    assert "highest 4 of 10" in html
    assert "all of it on 4 of 14 days" in html
    assert '<td class="num">50 %</td>' in html
    assert " style=" not in html


def test_progress_without_answers_is_honest(browser: Client, patient: Patient) -> None:
    html = html_of(browser, address("progress", patient))
    assert "No pain answers in these days yet." in html
    assert "Nothing was due in these days." in html
    assert "The first full week is still running." in html
