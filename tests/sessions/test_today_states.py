"""Today's page in each of its states: what it says, what it costs, and when it says nothing because nothing is new."""

import datetime as dt
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.access import Role
from accounts.models import Clinic, User
from rehab.guidance.reviewing import review_clip
from rehab.lib.ids import new_id
from rehab.patients.models import Patient, ProblemDefinition
from rehab.programs.models import Decision, LadderStep, Prescription, Program
from rehab.sessions.models import ClipReview, MedicineAnswer, Release, ResponseAnswer, WarningReport
from tests import make
from tests.sessions.conftest import forms_of, told
from tests.sessions.filming import make_clip

pytestmark = pytest.mark.usefixtures("clock")


@pytest.fixture
def browser(as_user: Any, owner: User) -> Client:
    found: Client = as_user(owner)
    return found


def sent(kind: str, **fields: Any) -> dict[str, Any]:
    return {"id": str(new_id()), "kind": kind, "day": "2026-03-18", **fields}


def today(patient: Patient) -> str:
    return reverse("sessions:today", args=[patient.pk])


def html_of(browser: Client, patient: Patient) -> str:
    return browser.get(today(patient)).content.decode()


def report(browser: Client, patient: Patient, **fields: Any) -> WarningReport:
    url = reverse("sessions:command", args=[patient.pk])
    assert browser.post(url, sent("report", **fields)).status_code == 303
    found: WarningReport = WarningReport.objects.latest("received_at", "pk")
    return found


@pytest.fixture
def with_everything(patient: Patient, vet: User, program: Program, clinic: Clinic) -> Program:
    """Medicine in the signed definition, a ladder, many exercises, and something said about each."""
    make.rewrite(
        ProblemDefinition.objects.filter(patient=patient),
        medicines=[{"name": "Gabapentin", "dose": "10 mg/kg", "times": "08:00, 20:00"}],
    )
    make.make_step(program, make.make_ladder("car", name="Car"))
    for number in range(12):
        item = make.make_prescription(
            program, exercise=f"more-{number}", dose={"reps": 5, "per_day": 2}, position=10 + number
        )
        make.make_tick(item)
    return program


def renew(program: Program, slug: str, dose: dict[str, Any], *, decided: dt.date) -> Prescription:
    """An item that a later decision has carried on; the one it is under now."""
    first = make.make_prescription(program, exercise=slug, dose=dose, position=50)
    Prescription.objects.filter(pk=first.pk).update(ends_on=decided, ended_by=program.decisions.first())
    return make.make_prescription(program, exercise=slug, dose=dose, position=50, starts_on=decided)


def pause(program: Program, by: User) -> None:
    decision = Decision.objects.create(
        clinic=program.clinic,
        patient=program.patient,
        program=program,
        kind="pause",
        plan_version=2,
        reason="Away",
        effective_on=make.TODAY,
        decided_by=by,
        decided_at=make.NOW,
    )
    for rows in (program.prescriptions, program.ladder_steps):
        rows.filter(ended_by=None).update(ends_on=make.TODAY, ended_by=decision)
    Program.objects.filter(pk=program.pk).update(paused_by=decision)


@pytest.mark.parametrize(("state", "count"), [("due", 8), ("paused", 8), ("stopped", 8)])
def test_today_costs_at_most_eight_statements_whatever_comes_together(
    browser: Client,
    patient: Patient,
    vet: User,
    owner: User,
    caregiver: User,
    with_everything: Program,
    state: str,
    count: int,
) -> None:
    week = make.TODAY - dt.timedelta(days=7)
    make.care_for(patient, make.make_user("sitter@example.test", "Sita Moon"), "caregiver")
    for number in range(3):
        renew(with_everything, f"never-done-{number}", {"one_off": True}, decided=week)
        renew(with_everything, f"rest-{number}", {"duration_days": 42}, decided=week)
        make.make_step(with_everything, make.make_ladder(f"ladder-{number}"), activity=f"Activity {number}")
    gone = make.make_prescription(with_everything, exercise="gone", position=60)
    Prescription.objects.filter(pk=gone.pk).update(ends_on=week, ended_by=with_everything.decisions.first())
    for by in (owner, caregiver):
        make.make_tick(gone, by=by)
        make.make_message(patient, by, "She ate well.", from_family=True)
    for number in range(3):
        make.make_message(patient, vet, "Good.", make.NOW - dt.timedelta(hours=number))
    clip = make_clip(with_everything.prescriptions.earliest("position"), owner)
    clinics_vet = frozenset({Role.VET})
    review_clip(clip=clip, verdict=ClipReview.Verdict.GOOD, text="Well done", by=vet, roles=clinics_vet, at=make.NOW)
    for step in with_everything.ladder_steps.all():
        told(browser, patient, sent("exposure", step=str(step.pk), done="yes", score="1"))
    told(browser, patient, sent("medicine", medicine="Gabapentin", time="08:00", given="yes"))
    told(browser, patient, sent("response", tired="1"))
    told(browser, patient, sent("pain", moment="before", score="2"))
    if state == "paused":
        pause(with_everything, vet)
    if state == "stopped":
        report(browser, patient, flags=["RF02"])
        report(browser, patient, flags=["RF23"])
    # The first answer compiles the statements, and takes the word about the form before away.
    html_of(browser, patient)
    with CaptureQueriesContext(connection) as queries:
        html = html_of(browser, patient)
    assert f'data-state="{state}"' in html
    assert [name in html for name in ("Gone", "Carl", "Gabapentin", '<span class="badge">')] == [True] * 4
    if state == "due":
        assert html.count('<li class="item"') == 2 + 12 + 3 + 3 + 1
        assert "Day 21 of 42" in html
        assert html.count("Practise: ") == 4
    assert len(queries) == count


def test_answer_about_a_rung_that_was_left_today_stays_on_the_screen(
    browser: Client, patient: Patient, with_everything: Program
) -> None:
    left = with_everything.ladder_steps.get()
    told(browser, patient, sent("exposure", step=str(left.pk), done="yes", score="1"))
    decision = with_everything.decisions.first()
    LadderStep.objects.filter(pk=left.pk).update(ends_on=make.TODAY, ended_by=decision)
    make.make_step(with_everything, left.ladder, rung=2, starts_on=make.TODAY)
    html = html_of(browser, patient)
    assert html.index("Car, rung 1 of 7") < html.index("Done, pain after it 1 of 10") < html.index("Car, rung 2 of 7")


@pytest.mark.parametrize(
    ("flag", "title", "words"),
    [
        ("RF02", "No movement at all in the back legs", "Call now."),
        ("RF23", "Sudden lameness: will not put a leg down", "Call the clinic today."),
    ],
)
def test_warning_sign_stops_the_day_until_a_vet_releases_it(
    browser: Client, patient: Patient, vet: User, program: Program, flag: str, title: str, words: str
) -> None:
    found = report(browser, patient, flags=[flag])
    with CaptureQueriesContext(connection) as queries:
        html = html_of(browser, patient)
    assert len(queries) <= 8
    shown = html.split('id="stopped"')[1].split("</section>")[0]
    assert (title in shown, words in shown) == (True, True)
    assert "Olga reported it on 18 March, 17:00." in shown
    assert "That does not mean that somebody has read it" in shown
    assert 'data-state="stopped"' in html
    # No exercise can be ticked; the answers of the day before are kept.
    assert '<li class="item"' not in html
    # A later check without a hit clears nothing.
    report(browser, patient, flags_asked="yes")
    assert 'data-state="stopped"' in html_of(browser, patient)
    Release.objects.create(
        report=found, clinic=patient.clinic, patient=patient, released_by=vet, released_at=make.NOW, reason="Examined"
    )
    assert 'data-state="due"' in html_of(browser, patient)


def test_what_was_done_before_a_warning_sign_stays_on_the_screen(
    browser: Client, patient: Patient, program: Program
) -> None:
    stand = program.prescriptions.get(exercise__slug="stand-count")
    make.make_tick(stand, slot=2)
    games = make.make_prescription(program, exercise="nose-games", dose={"minutes": 5}, weekdays=0, position=9)
    make.make_tick(games, state="skipped")
    report(browser, patient, flags=["RF02"])
    html = html_of(browser, patient)
    besides = html.split('id="besides"')[1]
    assert [name in besides for name in ("Stand count 2/2: done. Undo", "Nose games: skipped. Undo")] == [True, True]
    assert html.count('<li class="item"') == 2
    assert forms_of(html, kind="tick") == []


@pytest.mark.parametrize(("flag", "shown"), [("RF02", {"Turn and wash"}), ("RF23", {"Turn and wash", "Massage"})])
def test_care_goes_on_as_far_as_the_stop_lets_it(
    browser: Client, patient: Patient, program: Program, flag: str, shown: set[str]
) -> None:
    for place, (slug, name, category, mode) in enumerate(
        [
            ("turn", "Turn and wash", "nursing_care", "passive"),
            ("rub", "Massage", "massage_manual", "passive"),
            ("walk", "Walk", "gait_endurance", "active"),
        ]
    ):
        exercise = make.make_exercise(slug, name=name, category=category, mode=mode)
        make.make_prescription(program, exercise=exercise, dose={"minutes": 5}, position=20 + place)
    report(browser, patient, flags=[flag])
    html = html_of(browser, patient)
    assert {name for name in ("Turn and wash", "Massage", "Walk") if name in html} == shown


@pytest.mark.parametrize("flags", [("RF23", "RF02"), ("RF02", "RF23")])
def test_gravest_of_several_stops_holds_whatever_their_order(
    browser: Client, patient: Patient, program: Program, flags: tuple[str, str]
) -> None:
    rub = make.make_exercise("rub", name="Massage", category="massage_manual", mode="passive")
    make.make_prescription(program, exercise=rub, dose={"minutes": 5}, position=20)
    report(browser, patient, flags=[flags[0]])
    url = reverse("sessions:today-parts", args=[patient.pk])
    mark = html_of(browser, patient).split('data-mark="')[1].split('"')[0]
    report(browser, patient, flags=[flags[1]])
    # Whoever has the page open learns of the second stop, too.
    assert browser.get(url, {"since": unescape(mark)}).headers["Steadyback-Reload"] == "true"
    html = html_of(browser, patient)
    shown = html.split('id="stopped"')[1].split("</section>")[0]
    assert ("Call now." in shown, "Massage" in html) == (True, False)
    assert ("No movement at all in the back legs" in shown, "Sudden lameness" in shown) == (True, True)


def test_page_that_is_still_right_is_not_sent_again(browser: Client, patient: Patient, program: Program) -> None:
    browser.get(today(patient))  # brings the cookie of the forms' token
    first = browser.get(today(patient))
    again = {"If-None-Match": first.headers["ETag"]}
    with CaptureQueriesContext(connection) as queries:
        answer = browser.get(today(patient), headers=again)
    assert (answer.status_code, answer.content, len(queries)) == (304, b"", 3)
    assert answer.headers["Cache-Control"] == "private, no-cache"
    told(browser, patient, sent("pain", moment="before", score="2"))
    assert browser.get(today(patient), headers=again).status_code == 200


@pytest.mark.parametrize("change", ["day", "name", "phone", "medicine", "language", "account"])
def test_page_is_sent_again_when_what_it_shows_has_changed(
    browser: Client, as_user: Any, clock: Any, caregiver: User, patient: Patient, program: Program, change: str
) -> None:
    browser.get(today(patient))
    again = {"If-None-Match": browser.get(today(patient)).headers["ETag"]}
    match change:
        case "day":
            clock.shift(dt.timedelta(days=1))
        case "name":
            Patient.objects.update(name="Bruna")
        case "phone":
            Clinic.objects.update(phone="+34 900 000 000")
        case "medicine":
            make.rewrite(
                ProblemDefinition.objects.filter(patient=patient),
                medicines=[{"name": "Gabapentin", "dose": "", "times": "08:00"}],
            )
        case "language":
            User.objects.update(language="es")
            browser.cookies["django_language"] = "es"
            again["Accept-Language"] = "es"
        case "account":
            browser = as_user(caregiver)
    assert browser.get(today(patient), headers=again).status_code == 200


def test_word_about_the_form_before_is_not_kept(browser: Client, patient: Patient, program: Program) -> None:
    browser.post(reverse("sessions:command", args=[patient.pk]), sent("pain", moment="before", score="2"))
    first = browser.get(today(patient))
    assert "Your answer is saved." in first.content.decode()
    assert "ETag" not in first.headers
    assert "ETag" in browser.get(today(patient)).headers


def test_later_answer_of_a_dose_counts_and_both_are_kept(
    browser: Client, patient: Patient, with_everything: Program
) -> None:
    part = told(browser, patient, sent("medicine", medicine="Gabapentin", time="08:00", given="no", reason="refused"))
    assert 'id="medicine" aria-labelledby="medicine-title" hx-swap-oob="true"' in part
    told(browser, patient, sent("medicine", medicine="Gabapentin", time="08:00", given="yes"))
    given = MedicineAnswer.objects.order_by("done_at", "pk").values_list("given", "reason")
    assert list(given) == [(False, "refused"), (True, "")]


def test_response_keeps_what_was_asked_and_what_was_not(browser: Client, patient: Patient, program: Program) -> None:
    told(browser, patient, sent("response", areas=["neck", "lower_back"], signs_asked="yes"))
    answer = ResponseAnswer.objects.get()
    assert (answer.areas, answer.signs, answer.tired) == (["neck", "lower_back"], [], None)
