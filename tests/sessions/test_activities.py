"""How hard the activities of the dog's own life are: asked in words, kept once, compared with the beginning alone."""

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
from accounts.models import User
from rehab.lib.ids import new_id
from rehab.patients import csom
from rehab.patients.models import OutcomeScore, Patient, ProblemDefinition
from rehab.patients.scores import csom_course
from rehab.programs.models import Program
from rehab.sessions.actions import Answer, apply_commands
from rehab.sessions.commands import Why, parse
from rehab.sessions.models import Command
from tests import make
from tests.sessions.conftest import forms_of

pytestmark = pytest.mark.usefixtures("clock")
DAY = dt.timedelta(days=1)
WORDS = ("Walks", "Jumps into the car", "Plays in the garden")
OWNER = frozenset({Role.OWNER})


@pytest.fixture
def browser(as_user: Any, owner: User) -> Client:
    found: Client = as_user(owner)
    return found


def address(patient: Patient) -> str:
    return reverse("sessions:activities", args=[patient.pk])


def html_of(browser: Client, patient: Patient) -> str:
    answer = browser.get(address(patient))
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def hidden_of(html: str) -> tuple[str, dict[str, Any]]:
    """Where the form is posted, and what it says by itself."""
    [form] = forms_of(html, kind="activities")
    return form["action"], {name: value for name, value in form["data"].items() if not name.startswith("activity_")}


def said(
    patient: Patient,
    definition: ProblemDefinition,
    *scores: int,
    hour: int = 16,
    day: dt.date = make.TODAY,
    **more: Any,
) -> dict[str, Any]:
    payload = {"definition": str(definition.pk), **{f"activity_{n}": one for n, one in enumerate(scores, start=1)}}
    return {
        "id": str(more.pop("id", None) or new_id()),
        "kind": "activities",
        "patient": str(patient.pk),
        "payload": {**payload, **more},
        "day": day.isoformat(),
        "done_at": f"{day}T{hour:02}:00:00+00:00",
    }


def apply(patient: Patient, by: User, *raws: dict[str, Any], at: dt.datetime = make.NOW) -> list[Answer]:
    return apply_commands(patient=patient, roles=OWNER, commands=[parse(raw) for raw in raws], by=by, at=at)


def outcomes(answers: list[Answer]) -> list[str]:
    return [str(one.refusal.why) if one.refusal else one.outcome.value for one in answers]


def standing() -> list[tuple[dt.date, int]]:
    return [(one.day, int(one.total)) for one in OutcomeScore.objects.standing().order_by("day", "pk")]


# --- What is kept ------------------------------------------------------------------------------------------------


def test_answer_is_one_score_by_the_activities_words(
    patient: Patient, owner: User, definition: ProblemDefinition
) -> None:
    raw = said(patient, definition, 0, 4, 1)
    assert outcomes(apply(patient, owner, raw)) == ["applied"]
    row = OutcomeScore.objects.get()
    assert (str(row.pk), row.instrument, row.day, int(row.total)) == (raw["id"], "csom", make.TODAY, 5)
    assert row.subscores == dict(zip(WORDS, (0, 4, 1), strict=True))
    assert (row.recorded_by, row.recorded_at, row.clinic) == (owner, make.NOW - dt.timedelta(hours=1), patient.clinic)
    assert (row.withdrawn_at, row.source, row.version) == (None, "", "")
    assert Command.objects.get().kind == "activities"


def test_the_same_again_is_kept_once_and_other_content_under_its_key_is_refused(
    patient: Patient, owner: User, definition: ProblemDefinition
) -> None:
    raw = said(patient, definition, 0, 4, 1)
    apply(patient, owner, raw)
    assert outcomes(apply(patient, owner, raw, raw)) == ["already_applied", "already_applied"]
    # The same numbers in another order are another answer.
    other = {**raw, "payload": {**raw["payload"], "activity_1": 4, "activity_2": 0}}
    assert outcomes(apply(patient, owner, other)) == [Why.SAME_ID_OTHER_CONTENT]
    assert standing() == [(make.TODAY, 5)]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
@pytest.mark.parametrize("together", [True, False])
def test_of_one_day_only_the_last_answer_stands_in_whatever_order_they_arrive(
    patient: Patient, owner: User, definition: ProblemDefinition, order: tuple[int, int], together: bool
) -> None:
    both = [said(patient, definition, 3, 3, 3, hour=9), said(patient, definition, 1, 0, 1, hour=12)]
    sent = [both[place] for place in order]
    found = apply(patient, owner, *sent) if together else [apply(patient, owner, one)[0] for one in sent]
    assert outcomes(found) == (["applied", "applied"] if order == (0, 1) else ["applied", "superseded"])
    assert standing() == [(make.TODAY, 2)]
    withdrawn = OutcomeScore.objects.exclude(withdrawn_at=None).get()
    assert (withdrawn.total, withdrawn.withdrawn_by, withdrawn.withdrawn_at) == (9, owner, make.NOW)


def test_answers_of_two_days_both_stand(patient: Patient, owner: User, definition: ProblemDefinition) -> None:
    apply(patient, owner, said(patient, definition, 3, 3, 3, day=make.TODAY - DAY), said(patient, definition, 1, 0, 1))
    assert standing() == [(make.TODAY - DAY, 9), (make.TODAY, 2)]


@pytest.mark.parametrize(
    ("scores", "why"),
    [
        ((), Why.ACTIVITIES_INCOMPLETE),
        ((1, 2), Why.ACTIVITIES_INCOMPLETE),
        ((1, 2, 3, 4), Why.ACTIVITIES_INCOMPLETE),
        ((1, 2, 5), Why.ACTIVITY_RANGE),
        ((1, 2, -1), Why.ACTIVITY_RANGE),
        ((1, 2, True), Why.FIELD_TYPE),
        ((1, 2, "3"), Why.FIELD_TYPE),
        ((1, 2, 2.5), Why.FIELD_TYPE),
    ],
)
def test_what_is_no_answer_is_refused(
    patient: Patient, owner: User, definition: ProblemDefinition, scores: tuple[Any, ...], why: Why
) -> None:
    assert outcomes(apply(patient, owner, said(patient, definition, *scores))) == [why]
    assert not OutcomeScore.objects.exists()


def test_a_gap_and_another_field_are_refused(patient: Patient, owner: User, definition: ProblemDefinition) -> None:
    gap = said(patient, definition, 1, 2, 3)
    del gap["payload"]["activity_2"]
    assert outcomes(apply(patient, owner, gap)) == [Why.ACTIVITIES_INCOMPLETE]
    assert outcomes(apply(patient, owner, said(patient, definition, 1, 2, 3, total=6))) == [Why.PAYLOAD_UNKNOWN]


def test_activities_of_another_dog_and_of_a_draft_are_refused(
    patient: Patient, owner: User, vet: User, definition: ProblemDefinition
) -> None:
    other = make.make_patient(patient.clinic, vet)
    theirs = make.make_definition(other, vet)
    draft = make.make_definition(patient, vet, signed=False)
    for wrong in (theirs, draft):
        assert outcomes(apply(patient, owner, said(patient, wrong, 1, 2, 3))) == [Why.DEFINITION_UNKNOWN]
    assert not OutcomeScore.objects.exists()


def test_key_of_a_score_of_the_clinic_is_refused(
    patient: Patient, owner: User, vet: User, definition: ProblemDefinition
) -> None:
    theirs = OutcomeScore.objects.create(
        clinic=patient.clinic,
        patient=patient,
        instrument="load",
        day=make.TODAY,
        total=20,
        recorded_by=vet,
        recorded_at=make.NOW,
    )
    raw = said(patient, definition, 1, 2, 3, id=theirs.pk)
    assert outcomes(apply(patient, owner, raw)) == [Why.SAME_ID_OTHER_CONTENT]
    theirs.refresh_from_db()
    assert (theirs.instrument, int(theirs.total)) == ("load", 20)


def test_an_answer_to_an_earlier_definition_counts(
    patient: Patient, owner: User, vet: User, definition: ProblemDefinition
) -> None:
    """A phone without a network for days does not know that the vet has signed again."""
    make.make_definition(patient, vet)
    assert outcomes(apply(patient, owner, said(patient, definition, 1, 1, 1))) == ["applied"]
    assert csom_course(patient).last.total == 3  # type: ignore[union-attr]


# --- The course --------------------------------------------------------------------------------------------------


def row(day: int, *scores: int | None, words: tuple[str, ...] = WORDS) -> tuple[Any, dt.date, list[dict[str, Any]]]:
    named = [{"text": text, "score": score} for text, score in zip(words, scores, strict=True)]
    return new_id(), make.TODAY + day * DAY, named


def scored(day: int, *scores: int, words: tuple[str, ...] = WORDS) -> csom.Scored:
    return csom.Scored(day=make.TODAY + day * DAY, scores=dict(zip(words, scores, strict=True)), by="Olga")


def test_course_begins_with_the_first_definition_of_these_activities() -> None:
    definitions = [row(20, 1, 1, 1), row(0, 3, 3, 3), row(-40, 4, 4, 4, words=("Runs", "Swims", "Digs"))]
    found = csom.course(definitions, [scored(10, 2, 2, 2), scored(5, 4, 4, 4, words=("Runs", "Swims", "Digs"))])
    assert found is not None
    assert [(one.day, one.total) for one in found.points] == [
        (make.TODAY, 9),
        (make.TODAY + 10 * DAY, 6),
        (make.TODAY + 20 * DAY, 3),
    ]
    assert (found.definition, found.most, found.due_on) == (definitions[0][0], 12, make.TODAY + 48 * DAY)


def test_an_answer_of_the_first_day_does_not_move_the_beginning() -> None:
    found = csom.course([row(0, 3, 3, 3)], [scored(0, 1, 1, 1)])
    assert found is not None
    assert found.first is not None
    assert found.last is not None
    assert (found.first.total, found.last.total) == (9, 3)


def test_a_definition_without_scores_or_activities_has_no_beginning() -> None:
    unscored = csom.course([row(0, None, 3, 3)], [])
    assert unscored is not None
    assert (unscored.points, unscored.first, unscored.last, unscored.due_on) == ((), None, None, None)
    assert csom.course([], []) is None


def test_activities_with_the_same_words_are_told_apart() -> None:
    assert csom.words_of([{"text": "Walks"}, {"text": "Walks"}, {"text": "Digs"}]) == ("Walks", "Walks (2)", "Digs")


# --- The page ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "status"),
    [("owner", 200), ("caregiver", 200), ("vet", 200), ("admin", 404), ("stranger", 404), ("outside_vet", 404)],
)
def test_page_is_for_those_who_may_log(
    who: str, status: int, as_user: Any, request: pytest.FixtureRequest, patient: Patient, program: Program
) -> None:
    answer = as_user(request.getfixturevalue(who)).get(address(patient))
    assert answer.status_code == status
    assert ("Jumps into the car" in answer.content.decode()) is (status == 200)
    assert "CANARY" not in answer.content.decode()


def test_page_asks_each_activity_in_words_and_chooses_nothing(
    browser: Client, patient: Patient, program: Program
) -> None:
    html = html_of(browser, patient)
    [form] = forms_of(html, kind="activities")
    assert [form["data"][f"activity_{number}"] for number in (1, 2, 3)] == [["0", "1", "2", "3", "4"]] * 3
    assert "activity_4" not in form["data"]
    for words in (*WORDS, "Normal", "A little hard", "Hard", "Very hard", "Cannot"):
        assert f">{words}<" in html
    assert (html.count("required"), html.count(" checked"), html.count('type="range"')) == (15, 0, 0)
    assert "At the beginning: 6 of 12 on 18 March." in html


def test_form_stores_and_comes_back_with_the_answer(browser: Client, patient: Patient, program: Program) -> None:
    action, hidden = hidden_of(html_of(browser, patient))
    answer = browser.post(action, {**hidden, "activity_1": "0", "activity_2": "3", "activity_3": "0"})
    assert (answer.status_code, answer["Location"]) == (303, address(patient))
    html = html_of(browser, patient)
    assert html.count(" checked") == 3
    for text in ("3 of 12 on 18 March", "3 points easier than at the beginning", "Answered today by Olga"):
        assert text in html
    assert "better" not in html.lower()


@pytest.mark.parametrize("left_out", [{"activity_1": "0"}, {}])
def test_form_that_leaves_one_out_is_refused_in_words(
    browser: Client, patient: Patient, program: Program, left_out: dict[str, str]
) -> None:
    action, hidden = hidden_of(html_of(browser, patient))
    answer = browser.post(action, {**hidden, **left_out})
    assert answer.status_code == 422
    assert "Answer every activity, then save." in unescape(answer.content.decode())
    assert not OutcomeScore.objects.exists()


def test_dog_without_named_activities_says_so(browser: Client, patient: Patient, vet: User) -> None:
    make.make_definition(patient, vet, activities=[])
    html = html_of(browser, patient)
    assert "No activities yet" in html
    assert not forms_of(html, kind="activities")


def test_a_version_that_names_none_keeps_the_earlier_ones(
    browser: Client, patient: Patient, vet: User, program: Program
) -> None:
    make.make_definition(patient, vet, activities=[])
    assert "Jumps into the car" in html_of(browser, patient)


@pytest.mark.parametrize("count", [1, 3])
def test_page_costs_six_statements_writes_nothing_and_is_kept(
    browser: Client, patient: Patient, owner: User, definition: ProblemDefinition, count: int
) -> None:
    for back in range(count):
        apply(patient, owner, said(patient, definition, 1, 2, 3, day=make.TODAY - min(back, 2) * DAY, hour=9 + back))
    with CaptureQueriesContext(connection) as queries:
        answer = browser.get(address(patient))
    assert {query["sql"].split()[0] for query in queries} == {"SELECT"}
    assert len(queries) == 6
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert browser.post(address(patient)).status_code == 405


def test_family_never_sees_a_score_of_the_clinic(
    browser: Client, patient: Patient, vet: User, program: Program
) -> None:
    OutcomeScore.objects.create(
        clinic=patient.clinic,
        patient=patient,
        instrument="load",
        day=make.TODAY,
        total=37,
        source="CANARY drawer",
        recorded_by=vet,
        recorded_at=make.NOW,
    )
    for name in ("sessions:activities", "sessions:progress", "sessions:today"):
        html = browser.get(reverse(name, args=[patient.pk])).content.decode()
        shown = re.sub(r"<[^>]*>", " ", html.split("<main")[1])
        assert not re.search(r"\b37\b", shown)
        assert "CANARY" not in html
        assert "Liverpool" not in html
    assert browser.get(reverse("patients:scores", args=[patient.pk])).status_code == 403


# --- Where it is offered -----------------------------------------------------------------------------------------


def test_progress_shows_the_course_and_the_way_to_answer(
    browser: Client, patient: Patient, owner: User, definition: ProblemDefinition
) -> None:
    for back in (2, 1, 0):
        apply(patient, owner, said(patient, definition, back, back, back, day=make.TODAY - back * DAY))
    html = unescape(browser.get(reverse("sessions:progress", args=[patient.pk])).content.decode())
    assert f'href="{address(patient)}"' in html
    assert "What Bruno wants to do again" in html
    # Before the definition was signed, nothing of it could be said.
    assert "0 of 12 on 18 March" in html


@pytest.mark.parametrize(("days", "asked"), [(27, False), (28, True), (45, True)])
def test_today_asks_four_weeks_after_the_beginning(
    browser: Client, patient: Patient, program: Program, clock: Any, days: int, asked: bool
) -> None:
    clock.move_to(make.NOW + days * DAY)
    html = browser.get(reverse("sessions:today", args=[patient.pk])).content.decode()
    assert (f'href="{address(patient)}"' in html) is asked
    kept = json.loads(unescape(html.split('data-keep="')[1].split('"')[0]))
    assert (address(patient) in kept) is asked


def test_today_asks_again_four_weeks_after_the_last_answer(
    browser: Client, patient: Patient, owner: User, definition: ProblemDefinition, clock: Any
) -> None:
    clock.move_to(make.NOW + 28 * DAY)
    url = reverse("sessions:today", args=[patient.pk])
    before = browser.get(url)
    apply(patient, owner, said(patient, definition, 1, 1, 1, day=make.TODAY + 28 * DAY), at=make.NOW + 28 * DAY)
    after = browser.get(url, headers={"If-None-Match": before["ETag"]})
    assert after.status_code == 200
    assert address(patient) not in after.content.decode()
    clock.move_to(make.NOW + 56 * DAY)
    assert address(patient) in browser.get(url).content.decode()


def test_yesterday_and_a_stopped_dog_are_not_asked(
    browser: Client, patient: Patient, program: Program, owner: User, clock: Any
) -> None:
    clock.move_to(make.NOW + 28 * DAY)
    day = make.TODAY + 27 * DAY
    assert address(patient) not in browser.get(reverse("sessions:day", args=[patient.pk, day])).content.decode()
    report = {
        **said(patient, program.definition, day=make.TODAY + 28 * DAY),
        "kind": "report",
        "payload": {"answers": {}, "flags": ["RF01"]},
    }
    assert outcomes(apply(patient, owner, report, at=make.NOW + 28 * DAY)) == ["applied"]
    html = browser.get(reverse("sessions:today", args=[patient.pk])).content.decode()
    assert 'data-state="stopped"' in html
    assert f'href="{address(patient)}"' not in html
