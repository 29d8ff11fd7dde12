"""The family's pages: what each says, to whom, and at what cost."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Clinic, User
from rehab.lib.ids import new_id
from rehab.library import reading
from rehab.library.addresses import picture_of
from rehab.library.models import Media
from rehab.patients.models import Patient
from rehab.programs.dose import Dose
from rehab.programs.models import Decision, Prescription, Program
from rehab.sessions.screen.addresses import day_url
from rehab.sessions.screen.parts import Printer
from tests import make
from tests.sessions.conftest import forms_of, told

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


@pytest.mark.parametrize(("page", "count"), [("exercise", 7), ("progress", 12), ("help", 4)])
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
    assert printer.help == reverse("sessions:check", args=[patient.pk])
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
    html = html_of(browser, address("today", patient))
    # It was done before today, and what was said today is not lost for that.
    assert 'id="once"' not in html
    assert html.index("Done besides") < html.index("Nonslip floors")


def test_skipping_a_one_off_leaves_it_open(browser: Client, patient: Patient, program: Program) -> None:
    once = make.make_prescription(program, exercise="nonslip-floors", dose={"one_off": True}, position=9)
    make.make_tick(once, make.TODAY - 3 * DAY, state="skipped")
    html = html_of(browser, address("today", patient))
    assert html.index("To set up once") < html.index("Nonslip floors")
    assert "Still in place?" not in html


@pytest.mark.parametrize("state", ["undone", "partial"])
def test_one_off_that_is_no_longer_done_is_open_again(
    browser: Client, patient: Patient, program: Program, state: str
) -> None:
    once = make.make_prescription(program, exercise="nonslip-floors", dose={"one_off": True}, position=9)
    make.make_tick(once, make.TODAY - 3 * DAY)
    make.make_tick(once, make.TODAY - 2 * DAY, state=state)
    html = html_of(browser, address("today", patient))
    assert html.index("To set up once") < html.index("Nonslip floors")


def end(prescription: Prescription, program: Program, back: int = 0) -> None:
    Prescription.objects.filter(pk=prescription.pk).update(
        ends_on=make.TODAY - back * DAY, ended_by=program.decisions.get()
    )


@pytest.mark.parametrize("ended", [0, 2, 5])
def test_one_off_that_was_done_does_not_come_back_with_a_decision(
    browser: Client, patient: Patient, program: Program, ended: int
) -> None:
    once = make.make_prescription(program, exercise="nonslip-floors", dose={"one_off": True}, position=9)
    make.make_tick(once, make.TODAY - 6 * DAY)
    end(once, program, ended)
    version = make.make_exercise("nonslip-floors")
    version.pk, version.version = new_id(), 2
    type(version).objects.filter(slug=version.slug).update(superseded_at=make.NOW)
    version.save(force_insert=True)
    make.make_prescription(program, exercise=version, dose={"one_off": True}, position=9, starts_on=make.TODAY)
    browser.get(address("today", patient))
    with CaptureQueriesContext(connection) as queries:
        assert 'id="once"' not in html_of(browser, address("today", patient))
    assert len(queries) == 6


def test_one_off_that_was_undone_before_a_decision_stays_open(
    browser: Client, patient: Patient, program: Program
) -> None:
    once = make.make_prescription(program, exercise="nonslip-floors", dose={"one_off": True}, position=9)
    make.make_tick(once, make.TODAY - 6 * DAY)
    make.make_tick(once, make.TODAY - 5 * DAY, state="undone")
    end(once, program, 4)
    make.make_prescription(
        program, exercise="nonslip-floors", dose={"one_off": True}, position=9, starts_on=make.TODAY - 4 * DAY
    )
    assert 'id="once"' in html_of(browser, address("today", patient))


@pytest.mark.parametrize(("back", "asked"), [(6, False), (7, True), (20, True)])
def test_one_off_is_asked_again_until_it_is_ticked(
    browser: Client, patient: Patient, program: Program, back: int, asked: bool
) -> None:
    dose = {"one_off": True, "recheck_days": 7}
    once = make.make_prescription(program, exercise="nonslip-floors", dose=dose, position=9)
    make.make_tick(once, make.TODAY - back * DAY)
    # Who skipped looking again undid nothing.
    make.make_tick(once, make.TODAY - DAY, state="skipped")
    html = html_of(browser, address("today", patient))
    assert ('<h2 id="again" class="section-title">Still in place?</h2>' in html) is asked
    assert 'id="once"' not in html
    if not asked:
        return
    assert "Once; look again every 7 days<br>Noted last on" in html
    assert 'aria-label="0 of 3 done"' in html
    form = forms_of(html, kind="tick", prescription=str(once.pk))[0]
    part = told(browser, patient, form["data"])
    assert "Noted last on" in part
    assert "Still in place?" in html_of(browser, address("today", patient))


def optional(program: Program, **dose: object) -> Prescription:
    return make.make_prescription(
        program, exercise="nose-games", dose={"minutes": 5, "per_day": 2, **dose}, weekdays=0, position=9
    )


def test_what_is_optional_waits_in_a_part_of_its_own(browser: Client, patient: Patient, program: Program) -> None:
    item = optional(program, when_time=True)
    html = html_of(browser, address("today", patient))
    assert html.index("Weight shift") < html.index("When there is time") < html.index("Nose games")
    assert "5 minutes, whenever there is time, at most twice a day" in html
    assert 'aria-label="0 of 3 done"' in html
    form = forms_of(html, kind="tick", prescription=str(item.pk))[0]
    part = told(browser, patient, form["data"])
    assert "0 of 3 done" in part
    assert f'id="tick-{item.pk}-1"' in part
    undo = forms_of(part, kind="undo", prescription=str(item.pk))[0]
    assert browser.post(undo["action"], undo["data"]).status_code == 303


def test_condition_stands_on_a_line_of_its_own(browser: Client, patient: Patient, program: Program) -> None:
    optional(program, only_if="the wound is <dry>")
    html = html_of(browser, address("today", patient))
    assert "5 minutes, twice a day<br><strong>Only if: the wound is &lt;dry&gt;</strong>" in html


def test_optional_items_alone_leave_a_rest_day(browser: Client, patient: Patient, vet: User) -> None:
    program = make.make_program(patient, vet, exercises=[])
    make.make_tick(optional(program, when_time=True))
    html = html_of(browser, address("today", patient))
    assert "A rest day" in html
    assert "When there is time" in html
    assert "All of it" not in html
    assert "Nothing was due in these days." in html_of(browser, address("progress", patient))


def test_part_of_another_item_names_it(browser: Client, patient: Patient, program: Program) -> None:
    whole = make.make_exercise("leash-walk", name="Lead walk <slow>")
    make.make_prescription(program, exercise=whole, dose={"minutes": 10, "per_day": 3}, position=7)
    inside = make.make_prescription(
        program, exercise="terrain-walk", dose={"minutes": 3, "within": "leash-walk", "per_day": 3}, position=8
    )
    url = reverse("sessions:exercise", args=[patient.pk, inside.pk])
    for html in (html_of(browser, address("today", patient)), html_of(browser, url)):
        assert "3 minutes of each Lead walk &lt;slow&gt;" in html


CARE: list[tuple[dict[str, object], int, str]] = [
    ({"interval_h": 4, "per_day": 6}, 6, "Every 4 hours (6 times a day)"),
    ({"interval_h": 4}, 6, "Every 4 hours (6 times a day)"),
    ({"minutes": 10, "per_day": 3}, 3, "10 minutes, 3 times a day"),
    ({"per_day": 4}, 4, "4 times a day"),
    ({"per_week": 1}, 1, "Once a week"),
    ({"per_prescription": True}, 1, "Each dose as prescribed<br>One tick for all doses of the day"),
    ({"duration_days": 28, "toilet_trips_per_day": 4}, 1, "28 days; 4 toilet trips a day<br>Day 21 of 28"),
    ({"duration_days": 14}, 1, "14 days<br>Day 21. The 14 days are over"),
]


@pytest.mark.parametrize(("dose", "ticks", "words"), CARE)
def test_care_keeps_its_own_rhythm(
    browser: Client, patient: Patient, vet: User, dose: dict[str, object], ticks: int, words: str
) -> None:
    program = make.make_program(patient, vet, exercises=[])
    care = make.make_exercise("care", dose_range={})
    item = make.make_prescription(program, exercise=care, dose=dose, times_per_day=Dose.from_json(dose).times_per_day)
    html = html_of(browser, address("today", patient))
    assert words in html
    forms = forms_of(html, kind="tick", prescription=str(item.pk))
    assert len(forms) == ticks
    part = told(browser, patient, forms[0]["data"])
    assert words in part


def test_days_of_rest_count_on_over_decisions_without_a_gap(
    browser: Client, patient: Patient, program: Program
) -> None:
    first = make.make_prescription(program, exercise="crate-rest", dose={"duration_days": 28}, position=9)
    end(first, program, 5)
    make.make_prescription(
        program, exercise="crate-rest", dose={"duration_days": 42}, position=9, starts_on=make.TODAY - 5 * DAY
    )
    assert "Day 21 of 42" in html_of(browser, address("today", patient))


def test_days_of_rest_begin_anew_after_a_gap(browser: Client, patient: Patient, program: Program) -> None:
    first = make.make_prescription(program, exercise="crate-rest", dose={"duration_days": 28}, position=9)
    end(first, program, 8)
    make.make_prescription(
        program, exercise="crate-rest", dose={"duration_days": 28}, position=9, starts_on=make.TODAY - 5 * DAY
    )
    with CaptureQueriesContext(connection) as queries:
        assert "Day 6 of 28" in html_of(browser, address("today", patient))
    assert len(queries) == 6


def pause(program: Program, by: User, day: dt.date = make.TODAY) -> None:
    decision = Decision.objects.create(
        clinic=program.clinic,
        patient=program.patient,
        program=program,
        kind="pause",
        plan_version=2,
        reason="CANARY reason",
        effective_on=day,
        decided_by=by,
        decided_at=make.NOW,
    )
    program.prescriptions.update(ends_on=day, ended_by=decision)
    Program.objects.filter(pk=program.pk).update(paused_by=decision)


def test_paused_program_says_since_when_by_whom_and_what_still_counts(
    browser: Client, patient: Patient, program: Program, colleague: User
) -> None:
    pause(program, colleague, make.TODAY - DAY)
    url = address("today", patient)
    browser.get(url)
    with CaptureQueriesContext(connection) as queries:
        html = html_of(browser, url)
    assert len(queries) == 6
    assert "Since Tuesday, 17 March, by Cai, Lindenhof Veterinary Clinic." in html
    assert "What still counts" in html
    assert 'href="tel:+15550100"' in html
    assert 'href="tel:+15550199"' in html
    for wrong in ("CANARY", "All of it", "That was it", "A rest day", "can rest", '<li class="item"'):
        assert wrong not in html
    assert "Nothing is due today." not in html


def test_day_of_the_pause_keeps_what_was_done_and_the_day_before_its_items(
    browser: Client, patient: Patient, program: Program, vet: User
) -> None:
    make.make_tick(program.prescriptions.earliest("position"))
    pause(program, vet)
    html = html_of(browser, address("today", patient))
    assert "The program is paused" in html
    assert html.index("Done besides") < html.index("Stand count")
    html = html_of(browser, address("day", patient))
    assert "The program is paused" not in html
    assert html.count('<li class="item"') == 2


@pytest.mark.parametrize("dose", [{"reps": 5, "per_day": 2}, {"one_off": True}])
def test_what_was_done_after_it_had_ended_stays_on_the_screen(
    browser: Client, patient: Patient, program: Program, dose: dict[str, Any]
) -> None:
    gone = make.make_prescription(program, exercise="nose-games", dose=dose, position=9)
    end(gone, program, 6)
    # The phone had no network: it still showed the old plan.
    sent = {"id": str(new_id()), "kind": "tick", "day": str(make.TODAY), "prescription": str(gone.pk), "slot": "1"}
    part = told(browser, patient, sent)
    assert f'id="item-{gone.pk}"' in part
    html = html_of(browser, address("today", patient))
    assert html.index("Done besides") < html.index("Nose games") < html.index("Olga 17:00")
    assert 'aria-label="0 of 3 done"' in html
    # It was done today and on no other day.
    assert "Nose games" not in html_of(browser, address("day", patient))


def test_what_begins_later_is_told_quietly(browser: Client, patient: Patient, program: Program) -> None:
    for number, week in (("sit-stand", 5), ("cavaletti", 5), ("hill-walk", 4)):
        starts_on = program.starts_on + 7 * (week - 1) * DAY
        make.make_prescription(
            program, exercise=number, dose={"reps": 5, "from_week": week}, starts_on=starts_on, position=9
        )
    url = address("today", patient)
    browser.get(url)
    with CaptureQueriesContext(connection) as queries:
        html = html_of(browser, url)
    assert len(queries) == 6
    assert html.index("From Thursday, 19 March: Hill walk") < html.index(
        "From Thursday, 26 March: Sit stand, Cavaletti"
    )
    assert html.count('<li class="item"') == 2
    assert "Later in the program" not in html_of(browser, address("day", patient))


def test_program_that_has_not_started_does_not_say_it_twice(browser: Client, patient: Patient, vet: User) -> None:
    make.make_program(patient, vet, starts_on=make.TODAY + 5 * DAY)
    assert "Later in the program" not in html_of(browser, address("today", patient))


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


def test_exercise_page_shows_its_drawing(browser: Client, patient: Patient, vet: User) -> None:
    own = make.make_exercise("our-own-shift", drawn_as="weight-shift")
    none = make.make_exercise("our-own-other")
    program = make.make_program(patient, vet, exercises=[("weight-shift", {}), (own, {}), (none, {})])
    expected = picture_of("weight-shift")
    assert expected is not None
    shown = []
    for prescription in program.prescriptions.order_by("position"):
        html = html_of(browser, reverse("sessions:exercise", args=[patient.pk, prescription.pk]))
        shown.append((html.count("exercise-picture"), expected.src in html))
    assert shown == [(1, True), (1, True), (0, False)]


@pytest.fixture
def photo(clinic: Clinic, vet: User, settings: Any, tmp_path: Path) -> Media:
    settings.MEDIA_ROOT = tmp_path
    media: Media = Media.objects.create(
        clinic=clinic,
        kind="photo",
        state="ready",
        file=ContentFile(b"0123456789", name="photo.webp"),
        content_type="image/webp",
        alternative="Bruno on two legs",
        uploaded_by=vet,
        uploaded_at=make.NOW,
    )
    return media


def media_url(patient: Patient, media: Media) -> str:
    return reverse("sessions:exercise-media", args=[patient.pk, media.pk])


@pytest.mark.parametrize("field", ["photo", "clip"])
@pytest.mark.parametrize("has_ended", [False, True])
def test_family_fetches_what_the_clinic_has_added_to_an_exercise(
    browser: Client, patient: Patient, vet: User, photo: Media, field: str, has_ended: bool
) -> None:
    exercise = make.make_exercise("own-shift", **{field: photo})
    program = make.make_program(patient, vet, exercises=[(exercise, {})])
    if has_ended:
        end(program.prescriptions.get(), program, 3)
    html = html_of(browser, address("exercise", patient, program))
    url = media_url(patient, photo)
    assert f'src="{url}"' in html
    assert "Bruno on two legs" in html
    answer = browser.get(url, headers={"Range": "bytes=2-4"})
    assert (answer.status_code, b"".join(answer), answer["Content-Range"]) == (206, b"234", "bytes 2-4/10")
    assert answer["Cache-Control"] == "private, max-age=3600"
    assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert (browser.head(url).status_code, browser.post(url).status_code) == (200, 405)


@pytest.mark.parametrize("state", ["waiting", "failed"])
def test_what_is_not_prepared_is_neither_shown_nor_given(
    browser: Client, patient: Patient, vet: User, photo: Media, state: str
) -> None:
    Media.objects.update(state=state)
    exercise = make.make_exercise("own-shift", photo=photo)
    program = make.make_program(patient, vet, exercises=[(exercise, {})])
    assert "From your clinic" not in html_of(browser, address("exercise", patient, program))
    assert browser.get(media_url(patient, photo)).status_code == 404


def test_media_that_the_dog_has_no_exercise_for_is_not_found(
    browser: Client, patient: Patient, program: Program, clinic: Clinic, vet: User, photo: Media
) -> None:
    other = make.make_patient(clinic, vet, name="Other")
    make.make_program(other, vet, exercises=[(make.make_exercise("own-shift", photo=photo), {})])
    assert browser.get(media_url(patient, photo)).status_code == 404
    assert browser.get(media_url(other, photo)).status_code == 404


@pytest.mark.parametrize("who", ["stranger", "outside_vet", "admin"])
def test_media_of_a_foreign_dog_is_not_found(
    who: str, as_user: Any, request: pytest.FixtureRequest, patient: Patient, vet: User, photo: Media
) -> None:
    make.make_program(patient, vet, exercises=[(make.make_exercise("own-shift", photo=photo), {})])
    assert as_user(request.getfixturevalue(who)).get(media_url(patient, photo)).status_code == 404


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
    assert html.count('<path class="chart-dots" data-shape="circle"') == 1
    assert "highest 4 of 10" in html
    assert "all of it on 4 of 14 days" in html
    assert '<td class="num">50 %</td>' in html
    assert " style=" not in html


def test_progress_without_answers_is_honest(browser: Client, patient: Patient) -> None:
    html = html_of(browser, address("progress", patient))
    assert "No pain answers in these days yet." in html
    assert "Nothing was due in these days." in html
    assert "The first full week is still running." in html
