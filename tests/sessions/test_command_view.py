"""A tap through the page: without JavaScript the browser goes back to its place; an open page asks for what has changed."""

import datetime as dt
import html as html_module
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from rehab.lib.ids import new_id
from rehab.patients.models import Caregiver, Patient
from rehab.programs.models import Prescription, Program
from rehab.sessions.models import Command, PainAnswer, PerformedExercise
from tests import make
from tests.sessions.conftest import forms_of, mark_of, parts, told

HTMX = {"HX-Request": "true"}
pytestmark = pytest.mark.usefixtures("clock")


@pytest.fixture
def item(program: Program) -> Prescription:
    found: Prescription = program.prescriptions.get(position=0)
    return found


@pytest.fixture
def browser(as_user: Any, owner: User) -> Client:
    found: Client = as_user(owner)
    return found


def address(patient: Patient) -> str:
    return reverse("sessions:command", args=[patient.pk])


def tap(item: Prescription, kind: str = "tick", **changes: Any) -> dict[str, Any]:
    return {
        "id": str(new_id()),
        "kind": kind,
        "prescription": str(item.pk),
        "slot": "1",
        "day": "2026-03-18",
        "plan_version": "1",
        "done_at": "",
        "time_zone": "",
        **changes,
    }


def pain(moment: str = "before", score: str = "3", **changes: Any) -> dict[str, Any]:
    return {"id": str(new_id()), "kind": "pain", "moment": moment, "score": score, "day": "2026-03-18", **changes}


def statements(queries: CaptureQueriesContext) -> list[str]:
    return [
        query["sql"] for query in queries if not query["sql"].startswith(("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT"))
    ]


def test_open_page_gets_the_item_and_the_day(browser: Client, patient: Patient, item: Prescription) -> None:
    html = told(browser, patient, tap(item))
    assert html.startswith(f'<li class="item" id="item-{item.pk}" data-state="open" hx-swap-oob="true">')
    assert 'data-state="done"' in html
    assert "Olga 17:00" in html
    assert '<p class="day-line" id="day-line" hx-swap-oob="true" data-announce>' in html
    assert "1 of 3 done. </span>Two left, about one minute." in html
    assert '<span id="day-ring" hx-swap-oob="true"><svg' in html
    assert '<div id="day-end" hx-swap-oob="true"></div>' in html
    assert PerformedExercise.objects.get().state == "done"


def test_part_offers_the_next_answer_with_a_fresh_key(browser: Client, patient: Patient, item: Prescription) -> None:
    sent = tap(item)
    html = told(browser, patient, sent)
    undo = forms_of(html, kind="undo")
    assert [form["data"]["slot"] for form in undo] == ["1"]
    assert undo[0]["data"]["id"] != sent["id"]
    again = told(browser, patient, undo[0]["data"])
    assert "0 of 3 done. </span>Three left" in again
    assert [event.state for event in PerformedExercise.objects.order_by("done_at", "pk")] == ["done", "undone"]


def test_last_tick_ends_the_day(browser: Client, patient: Patient, program: Program) -> None:
    first, second = program.prescriptions.order_by("position")
    make.make_tick(first, slot=1)
    make.make_tick(first, slot=2, state="skipped")
    html = told(browser, patient, tap(second))
    assert "That was it for the day." in html
    assert "2 of 3 done, 1 skipped" in html
    # The day's last question comes along, open.
    assert '<div class="card question" id="pain-after" hx-swap-oob="true">' in html


def test_last_tick_shows_the_answer_that_was_given_early(browser: Client, patient: Patient, program: Program) -> None:
    first, second = program.prescriptions.order_by("position")
    make.make_tick(first, slot=1)
    make.make_tick(first, slot=2)
    make.make_pain(patient, moment="after", score=4)
    html = told(browser, patient, tap(second))
    assert '<div class="card answered" id="pain-after" hx-swap-oob="true">' in html
    assert "After: 4 of 10" in html


@pytest.mark.parametrize("items", [1, 12])
def test_open_page_costs_a_fixed_number_of_statements(browser: Client, patient: Patient, vet: User, items: int) -> None:
    program = make.make_program(
        patient, vet, exercises=[(f"exercise-{number}", {"per_day": 2}) for number in range(items)]
    )
    first = program.prescriptions.earliest("position")
    make.make_tick(first, slot=2)
    told(browser, patient, tap(first))
    since = "~".join(["", "0", *mark_of(browser, patient).split("~")[2:]])
    with CaptureQueriesContext(connection) as queries:
        assert f'id="item-{first.pk}"' in parts(browser, patient, since)
    # The session, the person, the dog and its mark, the program, pain, the day.
    assert [sql.split()[0] for sql in statements(queries)] == ["SELECT"] * 6


def test_open_page_that_knows_all_gets_nothing(
    browser: Client, clock: Any, patient: Patient, item: Prescription
) -> None:
    told(browser, patient, tap(item))
    page = browser.get(reverse("sessions:today", args=[patient.pk])).content.decode()
    mark = html_module.unescape(page.split('data-mark="')[1].split('"')[0])
    with CaptureQueriesContext(connection) as queries:
        assert parts(browser, patient, since=mark) == ""
    assert len(statements(queries)) == 3
    # Then only what has come in since is printed anew, and what may have crossed with the page.
    clock.shift(dt.timedelta(minutes=2))
    told(browser, patient, pain())
    page = browser.get(reverse("sessions:today", args=[patient.pk])).content.decode()
    clock.shift(dt.timedelta(minutes=2))
    told(browser, patient, pain("after"))
    later = parts(browser, patient, since=html_module.unescape(page.split('data-mark="')[1].split('"')[0]))
    printed = ("pain-after", "pain-before", f"item-{item.pk}")
    assert [f'id="{one}"' in later for one in printed] == [True, True, False]


@pytest.mark.parametrize(
    "since",
    ["", "x", "~0~~~0~2026-03-18", "2026-03-18T17:00:00Z~1~1.1~~0~2026-03-18", "9999-12-31T23:59:59-14:00~0~~~0~x"],
)
def test_page_of_another_plan_or_none_of_ours_is_loaded_anew(
    browser: Client, patient: Patient, program: Program, since: str
) -> None:
    answer = browser.get(reverse("sessions:today-parts", args=[patient.pk]), {"since": since})
    assert (answer.status_code, answer.headers["Steadyback-Reload"]) == (204, "true")


def test_page_of_the_program_before_is_loaded_anew(
    browser: Client, patient: Patient, vet: User, program: Program
) -> None:
    url = reverse("sessions:today", args=[patient.pk])
    browser.get(url)
    etag, since = browser.get(url).headers["ETag"], mark_of(browser, patient)
    Program.objects.filter(pk=program.pk).update(ended_at=make.NOW)
    other = make.make_program(patient, vet)
    assert other.plan_version == Program.objects.get(pk=program.pk).plan_version
    answer = browser.get(reverse("sessions:today-parts", args=[patient.pk]), {"since": since})
    assert answer.headers["Steadyback-Reload"] == "true"
    assert browser.get(url, headers={"If-None-Match": etag}).status_code == 200


def test_tick_without_javascript_goes_back_to_its_item(browser: Client, patient: Patient, item: Prescription) -> None:
    answer = browser.post(address(patient), tap(item))
    assert answer.status_code == 303
    assert answer["Location"] == f"{reverse('sessions:today', args=[patient.pk])}#item-{item.pk}"
    assert [str(message) for message in get_messages(answer.wsgi_request)] == ["Saved as done."]
    assert PerformedExercise.objects.count() == 1


def test_yesterday_is_completed_on_its_own_page(browser: Client, patient: Patient, item: Prescription) -> None:
    answer = browser.post(address(patient), tap(item, day="2026-03-17"))
    day = dt.date(2026, 3, 17)
    assert answer["Location"] == f"{reverse('sessions:day', args=[patient.pk, day])}#item-{item.pk}"
    assert PerformedExercise.objects.get().day == day


def test_form_sent_twice_counts_once(browser: Client, patient: Patient, item: Prescription) -> None:
    sent = tap(item)
    told(browser, patient, sent)
    told(browser, patient, sent)
    assert (Command.objects.count(), PerformedExercise.objects.count()) == (1, 1)


def test_old_form_sent_again_shows_what_holds_now(browser: Client, patient: Patient, item: Prescription) -> None:
    sent = tap(item)
    told(browser, patient, sent)
    told(browser, patient, tap(item, "undo"))
    html = told(browser, patient, sent)
    assert "0 of 3 done" in html


def test_device_clock_and_zone_are_kept(browser: Client, patient: Patient, item: Prescription) -> None:
    sent = tap(item, done_at="2026-03-18T17:30:00+01:00", time_zone="Europe/Madrid")
    told(browser, patient, sent)
    receipt = Command.objects.get()
    assert receipt.done_at == dt.datetime(2026, 3, 18, 16, 30, tzinfo=dt.UTC)
    assert (receipt.time_zone, receipt.plan_version) == ("Europe/Madrid", 1)


def test_partial_says_how_much(browser: Client, patient: Patient, item: Prescription) -> None:
    html = told(browser, patient, tap(item, "partial", share="75"))
    assert "Part, Olga 17:00" in html
    assert PerformedExercise.objects.get().share == 75


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("pain", "Look whether a warning sign fits. <a href="),
        ("unsure_how", "Look at the picture and the steps, or ask. <a href="),
        ("no_time", "If there are a few minutes later, these matter most: "),
    ],
)
def test_skip_answers_kindly_and_shows_where_to_look(
    browser: Client, patient: Patient, item: Prescription, reason: str, words: str
) -> None:
    html = told(browser, patient, tap(item, "skip", reason=reason))
    assert words in html
    assert "Skipped, Olga 17:00" in html


def test_everything_left_of_an_item_is_skipped_at_once(browser: Client, patient: Patient, item: Prescription) -> None:
    sent = tap(item, "skip", reason="no_time", id=[str(new_id()), str(new_id())], slot=["1", "2"])
    html = told(browser, patient, sent)
    assert f'id="item-{item.pk}" data-state="done"' in html
    assert sorted(PerformedExercise.objects.values_list("slot", "state")) == [(1, "skipped"), (2, "skipped")]


def test_pain_is_answered_by_one_tap(browser: Client, patient: Patient, program: Program) -> None:
    answer = browser.post(address(patient), pain())
    assert answer["Location"].endswith("/today/#pain-before")
    assert PainAnswer.objects.get().score == 3
    assert "Before: 3 of 10" in parts(browser, patient)


def test_high_pain_shows_the_way_to_the_warning_signs(browser: Client, patient: Patient, program: Program) -> None:
    html = told(browser, patient, pain("after", "7"))
    assert reverse("sessions:check", args=[patient.pk]) in html
    assert "That is a lot." in html


BAD = [
    ({"slot": "0"}, 422, "planned 12 times a day at most"),
    ({"slot": "3"}, 422, "planned 2 times a day at most"),
    ({"slot": "two"}, 422, "The field “slot”"),
    ({"slot": "1\0"}, 422, "The field “slot”"),
    ({"slot": "9" * 500}, 422, "The field “slot”"),
    ({"id": "9f3b8f2a-7f0e-4c57-9b9e-0d2f5a1c6e11"}, 422, "not a UUID of version 7"),
    ({"id": "abc"}, 422, "The field “id”"),
    ({"kind": "dance"}, 422, "not known here"),
    ({"kind": "partial"}, 422, "The field “share” is missing"),
    ({"kind": "partial", "share": "100"}, 422, "from 1 to 99"),
    ({"kind": "skip", "reason": "rain"}, 422, "Choose one of the reasons"),
    ({"day": "2026-03-19"}, 422, "19 March has not begun yet"),
    ({"day": "2026-03-15"}, 422, "the 2 days before it"),
    ({"day": "0001-01-01"}, 422, "more than 90 days ago"),
    ({"day": "soon"}, 422, "The day is not a date"),
    ({"done_at": "soon"}, 422, "The time is not one"),
    ({"time_zone": "x" * 65}, 422, "longer than 64"),
    ({"plan_version": "-1"}, 422, "plan version"),
    ({"plan_version": "first"}, 422, "The field “plan_version”"),
    ({"prescription": "01a20170-0000-7000-8000-00000000000f"}, 422, "not in the dog’s plan"),
]


@pytest.mark.parametrize(("changes", "status", "words"), BAD)
def test_bad_input_is_told_in_place_and_writes_nothing(
    browser: Client,
    patient: Patient,
    item: Prescription,
    changes: dict[str, str],
    status: int,
    words: str,
) -> None:
    answer = browser.post(address(patient), tap(item, **changes))
    html = answer.content.decode()
    assert (answer.status_code, words in html) == (status, True)
    assert 'role="alert"' in html
    assert "<h1>Bruno</h1>" in html
    # Nothing is lost: the item is there with its next answer.
    assert forms_of(html, kind="tick", prescription=str(item.pk))
    assert Command.objects.count() == 0


@pytest.mark.parametrize("score", ["11", "-1", "x", ""])
def test_bad_pain_answer_is_told_at_its_question(
    browser: Client, patient: Patient, program: Program, score: str
) -> None:
    answer = browser.post(address(patient), pain(score=score))
    html = answer.content.decode()
    assert answer.status_code == 422
    assert html.index('id="pain-before"') < html.index('role="alert"') < html.index('class="pain-scale"')
    assert PainAnswer.objects.count() == 0


def test_same_key_for_another_answer_is_a_conflict(browser: Client, patient: Patient, item: Prescription) -> None:
    sent = tap(item)
    browser.post(address(patient), sent)
    answer = browser.post(address(patient), {**sent, "slot": "2"})
    assert answer.status_code == 409
    assert "already used for another answer" in answer.content.decode()
    assert PerformedExercise.objects.get().slot == 1


def test_form_without_a_key_is_refused(browser: Client, patient: Patient) -> None:
    answer = browser.post(address(patient), {"kind": "tick"})
    assert answer.status_code == 400
    assert "Reload the page" in answer.content.decode()


def test_empty_form_about_a_foreign_dog_finds_nothing(as_user: Any, stranger: User, patient: Patient) -> None:
    assert as_user(stranger).post(address(patient), {}).status_code == 404


def test_taking_it_by_get_is_not_allowed(browser: Client, patient: Patient) -> None:
    assert browser.get(address(patient)).status_code == 405


@pytest.mark.parametrize("who", ["stranger", "outside_vet", "admin"])
@pytest.mark.parametrize("body", ["tap", "pain"])
def test_who_does_not_see_the_dog_finds_nothing(
    who: str,
    body: str,
    as_user: Any,
    request: pytest.FixtureRequest,
    patient: Patient,
    item: Prescription,
) -> None:
    browser = as_user(request.getfixturevalue(who))
    answer = browser.post(address(patient), tap(item) if body == "tap" else pain())
    assert answer.status_code == 404
    assert "Bruno" not in answer.content.decode()
    assert Command.objects.count() == 0


def test_caregiver_whose_time_has_ended_finds_nothing(
    as_user: Any, caregiver: User, patient: Patient, item: Prescription
) -> None:
    browser = as_user(caregiver)
    assert browser.post(address(patient), tap(item)).status_code == 303
    Caregiver.objects.filter(user=caregiver).update(ended_at=make.NOW)
    assert browser.post(address(patient), tap(item, "undo")).status_code == 404
    assert Command.objects.count() == 1


@pytest.mark.parametrize("who", ["owner", "caregiver", "vet", "therapist", "colleague"])
def test_family_and_clinic_may_log(
    who: str, as_user: Any, request: pytest.FixtureRequest, patient: Patient, item: Prescription
) -> None:
    user = request.getfixturevalue(who)
    assert as_user(user).post(address(patient), tap(item)).status_code == 303
    assert PerformedExercise.objects.get().recorded_by == user


def test_visitor_is_sent_to_sign_in(client: Client, patient: Patient, item: Prescription) -> None:
    assert client.post(address(patient), tap(item)).status_code == 302
    answer = client.post(address(patient), tap(item), headers=HTMX)
    assert answer.status_code == 401
    assert "HX-Redirect" in answer.headers
    assert Command.objects.count() == 0


def test_form_needs_its_csrf_token(owner: User, patient: Patient, item: Prescription) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(owner)
    assert browser.post(address(patient), tap(item)).status_code == 403
    page = browser.get(reverse("sessions:today", args=[patient.pk])).content.decode()
    form = forms_of(page, kind="tick", prescription=str(item.pk))[0]
    assert browser.post(form["action"], form["data"]).status_code == 303


def test_change_of_the_plan_in_the_middle_of_the_day_does_not_lose_the_morning(
    browser: Client, patient: Patient, item: Prescription, program: Program
) -> None:
    browser.post(address(patient), tap(item))
    decision = program.decisions.get()
    Prescription.objects.filter(pk=item.pk).update(ends_on=make.TODAY, ended_by=decision)
    new = make.make_prescription(
        program, decision, item.exercise, {"sets": 2, "hold_s": 10, "per_day": 2}, starts_on=make.TODAY
    )
    # The page was opened before the change, and is tapped after it.
    assert browser.post(address(patient), tap(item, slot="2", plan_version="1")).status_code == 303
    page = browser.get(reverse("sessions:today", args=[patient.pk])).content.decode()
    assert f'id="item-{item.pk}"' not in page
    assert f'id="item-{new.pk}" data-state="done"' in page


def test_dog_in_another_zone_has_its_own_midnight(
    as_user: Any, clock: Any, owner: User, patient: Patient, item: Prescription
) -> None:
    Patient.objects.update(time_zone="America/New_York")
    clock.move_to(dt.datetime(2026, 3, 19, 3, 30, tzinfo=dt.UTC))  # 23:30 of the 18th in New York
    browser = as_user(owner)
    page = browser.get(reverse("sessions:today", args=[patient.pk])).content.decode()
    assert "Wednesday, 18 March" in page
    form = forms_of(page, kind="tick", prescription=str(item.pk))[0]
    clock.move_to(dt.datetime(2026, 3, 19, 4, 10, tzinfo=dt.UTC))  # ten past midnight there
    assert browser.post(form["action"], form["data"]).status_code == 303
    the_day = reverse("sessions:day", args=[patient.pk, dt.date(2026, 3, 18)])
    assert "Olga 19 March" in browser.get(the_day).content.decode()
    assert PerformedExercise.objects.get().day == dt.date(2026, 3, 18)
    assert "Thursday, 19 March" in browser.get(reverse("sessions:today", args=[patient.pk])).content.decode()


def test_names_are_escaped(browser: Client, patient: Patient, vet: User, owner: User) -> None:
    User.objects.filter(pk=owner.pk).update(name="<b>Olga</b>")
    exercise = make.make_exercise("evil", name="<script>alert(1)</script>")
    program = make.make_program(patient, vet, exercises=[(exercise, {})])
    program.prescriptions.all()
    html = told(browser, patient, tap(program.prescriptions.get()))
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert "<b>Olga" not in html


def test_page_that_was_left_open_over_midnight_is_loaded_anew(
    browser: Client, clock: Any, patient: Patient, program: Program
) -> None:
    page = browser.get(reverse("sessions:today", args=[patient.pk])).content.decode()
    mark = html_module.unescape(page.split('data-mark="')[1].split('"')[0])
    url = page.split('data-parts="')[1].split('"')[0]
    assert url == reverse("sessions:today-parts", args=[patient.pk])
    answer = browser.get(url, {"since": mark})
    assert (answer.status_code, "Steadyback-Reload" in answer.headers) == (204, False)
    clock.shift(dt.timedelta(days=1))
    answer = browser.get(url, {"since": mark})
    assert (answer.status_code, answer.headers["Steadyback-Reload"]) == (204, "true")
