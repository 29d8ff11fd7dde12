"""Ladders on the family's side: what is practised now, and one rung back at once when it was too much."""

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.access import Role
from accounts.models import User
from rehab.lib.ids import new_id
from rehab.library import reading
from rehab.library.models import Ladder
from rehab.patients.models import Patient
from rehab.programs.models import LadderStep, Prescription, Program
from rehab.sessions.actions import Answer, apply_commands
from rehab.sessions.commands import Command as Parsed
from rehab.sessions.commands import Refusal, Why, parse
from rehab.sessions.models import Command, Exposure, PainAnswer, PerformedExercise
from tests import make
from tests.sessions.conftest import forms_of, told

DAY = dt.timedelta(days=1)
OWNER = frozenset({Role.OWNER})
pytestmark = pytest.mark.usefixtures("clock")


@pytest.fixture
def browser(as_user: Any, owner: User) -> Client:
    found: Client = as_user(owner)
    return found


@pytest.fixture
def step(program: Program) -> LadderStep:
    """The third rung of seven, since twenty days."""
    return make.make_step(program, rung=3)


def said(step: LadderStep, **changes: Any) -> Parsed | Refusal:
    payload = {"step": str(step.pk), "done": True, "pain_after": 2, "stop_signs": []}
    payload |= {name: changes.pop(name) for name in list(payload) if name in changes}
    return parse(
        {
            "id": str(changes.pop("id", None) or new_id()),
            "kind": "exposure",
            "patient": str(step.patient_id),
            "payload": payload,
            "day": "2026-03-18",
            "done_at": "2026-03-18T16:00:00+00:00",
            "time_zone": "Europe/Madrid",
            "plan_version": 1,
            **changes,
        }
    )


def apply(patient: Patient, by: User, *commands: Parsed | Refusal) -> list[str]:
    answers: list[Answer] = apply_commands(patient=patient, roles=OWNER, commands=commands, by=by, at=make.NOW)
    return [str(answer.refusal.why) if answer.refusal else answer.outcome.value for answer in answers]


def practise(step: LadderStep, owner: User, back: int = 0, **changes: Any) -> None:
    """A practice so many days ago, at noon; the family tells of the day it was on that day."""
    day = make.TODAY - back * DAY
    at = dt.datetime.combine(day, dt.time(12), dt.UTC)
    command = said(step, day=day.isoformat(), done_at=at.isoformat(), **changes)
    answers = apply_commands(patient=step.patient, roles=OWNER, commands=[command], by=owner, at=at)
    assert [answer.refusal for answer in answers] == [None]


def today(browser: Client, patient: Patient) -> str:
    answer = browser.get(reverse("sessions:today", args=[patient.pk]))
    assert answer.status_code == 200
    return answer.content.decode()


def card(html: str, step: LadderStep) -> str:
    """The card of the rung and nothing else."""
    return html.split(f'id="practice-{step.pk}"')[1].split("</section>", maxsplit=1)[0]


def tap(step: LadderStep, done: str = "yes", **changes: Any) -> dict[str, Any]:
    return {
        "id": str(new_id()),
        "kind": "exposure",
        "step": str(step.pk),
        "done": done,
        "day": "2026-03-18",
        "plan_version": "1",
        "done_at": "",
        "time_zone": "",
        **({"score": "2"} if done == "yes" else {}),
        **changes,
    }


def post(browser: Client, patient: Patient, sent: dict[str, Any]) -> Any:
    return browser.post(reverse("sessions:command", args=[patient.pk]), sent)


# --- What is taken in ---------------------------------------------------------------------------------------


def test_exposure_writes_receipt_and_fact(patient: Patient, owner: User, step: LadderStep) -> None:
    pk = new_id()
    assert apply(patient, owner, said(step, id=pk, pain_after=6, stop_signs=["S_SHAKE"])) == ["applied"]
    receipt, fact = Command.objects.get(), Exposure.objects.get()
    assert (receipt.pk, receipt.kind, receipt.issued_by) == (pk, "exposure", owner)
    assert (fact.pk, fact.step, fact.patient, fact.clinic) == (pk, step, patient, patient.clinic)
    assert (fact.day, fact.done, fact.pain_after, fact.stop_signs) == (make.TODAY, True, 6, ["S_SHAKE"])
    assert (fact.recorded_by, fact.done_at) == (owner, make.NOW - dt.timedelta(hours=1))


def test_exposure_sent_again_counts_once(patient: Patient, owner: User, step: LadderStep) -> None:
    once = said(step)
    assert apply(patient, owner, once) == ["applied"]
    assert apply(patient, owner, once) == ["already_applied"]
    assert apply(patient, owner, said(step, id=once.id if isinstance(once, Parsed) else None, pain_after=9)) == [
        Why.SAME_ID_OTHER_CONTENT
    ]
    assert Exposure.objects.get().pain_after == 2


@pytest.mark.parametrize("signs", ["", 0, False, {}])
def test_stop_signs_that_are_no_list_are_refused(
    patient: Patient, owner: User, step: LadderStep, signs: object
) -> None:
    assert apply(patient, owner, said(step, stop_signs=signs)) == [Why.FIELD_TYPE]
    assert not Exposure.objects.exists()


def test_older_exposure_is_kept_and_superseded(patient: Patient, owner: User, step: LadderStep) -> None:
    assert apply(patient, owner, said(step)) == ["applied"]
    assert apply(patient, owner, said(step, done_at="2026-03-18T15:00:00Z")) == ["superseded"]
    assert apply(patient, owner, said(step, day="2026-03-17", done_at="2026-03-18T15:00:00Z")) == ["applied"]
    assert Exposure.objects.count() == 3


@pytest.mark.parametrize(("ended", "unplanned"), [(0, False), (1, True), (5, True)])
def test_practice_of_a_rung_that_has_ended_is_kept_and_marked(
    patient: Patient, owner: User, program: Program, step: LadderStep, ended: int, unplanned: bool
) -> None:
    LadderStep.objects.filter(pk=step.pk).update(ends_on=make.TODAY - ended * DAY, ended_by=program.decisions.get())
    assert apply(patient, owner, said(step)) == ["applied"]
    assert Exposure.objects.get().is_unplanned is unplanned


def test_rung_of_another_dog_is_refused_like_one_that_does_not_exist(
    patient: Patient, owner: User, step: LadderStep, stranger: User
) -> None:
    foreign = make.make_step(make.make_program(stranger.caring.get().patient, stranger))
    foreign.patient_id = patient.pk
    nobodys = LadderStep(pk=new_id(), patient=patient)
    assert apply(patient, owner, said(foreign), said(nobodys)) == [Why.STEP_UNKNOWN, Why.STEP_UNKNOWN]
    assert Exposure.objects.count() == 0


@pytest.mark.parametrize(
    ("changes", "why"), [({"day": "2026-03-15"}, Why.DAY_TOO_EARLY), ({"day": "2026-03-19"}, Why.DAY_AHEAD)]
)
def test_exposure_keeps_to_the_days_that_can_be_completed(
    patient: Patient, owner: User, step: LadderStep, changes: dict[str, str], why: Why
) -> None:
    assert apply(patient, owner, said(step, **changes)) == [why]


@pytest.mark.parametrize("ladders", [1, 4])
def test_batch_with_exposures_is_a_set_whatever_its_size(
    patient: Patient, owner: User, program: Program, ladders: int
) -> None:
    steps = [make.make_step(program, make.make_ladder(f"ladder-{number}")) for number in range(ladders)]
    sent = [
        said(step, day=f"2026-03-{day}", done_at=f"2026-03-{day}T16:00:00Z") for step in steps for day in (16, 17, 18)
    ]
    with CaptureQueriesContext(connection) as queries:
        assert apply(patient, owner, *sent) == ["applied"] * 3 * ladders
    told = [query["sql"] for query in queries if not query["sql"].startswith(("SAVEPOINT", "RELEASE"))]
    # The rungs and what was said before; then one insert for each of the two tables.
    assert [sql.startswith("SELECT") for sql in told] == [True, True, False, False]
    assert all("INSERT INTO" in sql for sql in told[2:])
    assert Exposure.objects.count() == 3 * ladders


def test_ticks_pain_and_practice_go_in_one_batch(patient: Patient, owner: User, step: LadderStep) -> None:
    item = Prescription.objects.filter(position=0).get()
    common = {"patient": str(patient.pk), "day": "2026-03-18", "done_at": "2026-03-18T16:00:00Z"}
    tick = parse({"id": str(new_id()), "kind": "tick", "payload": {"prescription": str(item.pk), "slot": 1}, **common})
    pain = parse({"id": str(new_id()), "kind": "pain", "payload": {"moment": "after", "score": 1}, **common})
    assert apply(patient, owner, tick, said(step), pain) == ["applied"] * 3
    assert (PerformedExercise.objects.count(), Exposure.objects.count(), PainAnswer.objects.count()) == (1, 1, 1)


def test_phone_sends_a_practice_through_the_api(browser: Client, patient: Patient, step: LadderStep) -> None:
    sent = {
        "id": str(new_id()),
        "kind": "exposure",
        "patient": str(patient.pk),
        "payload": {"step": str(step.pk), "done": True, "pain_after": 1, "stop_signs": ["S_CRY"]},
        "day": "2026-03-18",
        "done_at": "2026-03-18T16:00:00Z",
    }
    unknown = {**sent, "id": str(new_id()), "payload": {**sent["payload"], "step": str(new_id())}}  # type: ignore[dict-item]
    answer = browser.post("/api/v1/commands/", [sent, unknown], content_type="application/json")
    first, second = answer.json()["answers"]
    assert (first["outcome"], second["code"]) == ("applied", "step_unknown")
    assert "Reload the page" in second["reason"]
    assert Exposure.objects.get().stop_signs == ["S_CRY"]


# --- What is shown ------------------------------------------------------------------------------------------


def test_card_says_what_is_practised_and_how_to_answer(browser: Client, patient: Patient, step: LadderStep) -> None:
    html = today(browser, patient)
    shown = card(html, step)
    assert "Practise: Jumps into the car" in shown
    assert "Car, rung 3 of 7" in shown
    assert "<strong>Rung 3</strong><br>3 passes" in shown
    done, not_today = forms_of(html, kind="exposure", step=str(step.pk))
    assert (done["data"]["done"], not_today["data"]["done"]) == ("yes", "no")
    assert done["buttons"] == [("score", str(score)) for score in range(11)]
    for code, text in reading.stop_signs().items():
        assert f'value="{code}"' in shown
        assert text in shown
    assert 'aria-label="0 of 3 done"' in html


@pytest.mark.parametrize(("ladders", "count"), [(0, 6), (1, 7), (3, 7)])
def test_ladders_cost_one_statement_and_only_where_there_are_any(
    browser: Client, patient: Patient, program: Program, owner: User, ladders: int, count: int
) -> None:
    for number in range(ladders):
        step = make.make_step(program, make.make_ladder(f"ladder-{number}"), rung=2)
        for back in (0, 1, 2, 5):
            practise(step, owner, back)
    for back in range(10):
        make.make_pain(patient, make.TODAY - back * DAY, "next_morning")
    today(browser, patient)
    with CaptureQueriesContext(connection) as queries:
        html = today(browser, patient)
    assert len(queries) == count
    assert html.count('class="card practice"') == ladders


def test_good_practice_waits_for_the_morning(browser: Client, patient: Patient, step: LadderStep) -> None:
    html = told(browser, patient, tap(step, score="1"))
    assert f'<section class="card practice" id="practice-{step.pk}"' in html
    assert 'data-state="answered"' in html
    assert "Done, pain after it 1 of 10" in html
    assert "Olga 17:00 · The answer on the morning after shows whether it was right." in html
    assert "One rung back" not in html
    assert "Done, pain after it 1 of 10" in card(today(browser, patient), step)


@pytest.mark.parametrize(
    ("sent", "because"),
    [
        ({"score": "8"}, "The pain after it was higher than it should be."),
        ({"score": "1", "stop_signs": ["S_SINK"]}, "You saw a stop sign."),
    ],
)
def test_bad_practice_is_one_rung_back_at_once(
    browser: Client, patient: Patient, step: LadderStep, sent: dict[str, Any], because: str
) -> None:
    html = told(browser, patient, tap(step, **sent))
    assert "One rung back for three days: until Saturday, 21 March" in html
    assert because in html
    assert "<strong>Rung 2</strong>, 3 passes." in html
    assert "Nobody is called by this answer." in html
    assert reverse("sessions:check", args=[patient.pk]) in html
    assert "clinic knows" not in html
    again = today(browser, patient)
    assert "One rung back for three days" in card(again, step)


def test_sign_that_was_ticked_is_told_and_stays_ticked(browser: Client, patient: Patient, step: LadderStep) -> None:
    html = told(browser, patient, tap(step, stop_signs=["S_SINK"]))
    assert f"pain after it 2 of 10; {reading.stop_signs()['S_SINK']}" in html
    assert 'value="S_SINK" checked' in html


def test_days_back_go_by_and_then_the_rung_is_tried_again(
    browser: Client, patient: Patient, owner: User, step: LadderStep, clock: Any
) -> None:
    practise(step, owner, pain_after=8)
    for later, back in ((3, True), (4, False)):
        clock.move_to(make.NOW + later * DAY)
        shown = card(today(browser, patient), step)
        assert ("One rung back" in shown) is back
        assert (">Rung 3<" in shown) is not back
        if back:
            assert "was higher than it should be on 18 March." in shown
            assert "Nobody is called" not in shown
            assert forms_of(today(browser, patient), kind="exposure")


def test_bad_morning_takes_the_rung_back_too(
    browser: Client, patient: Patient, owner: User, step: LadderStep, program: Program
) -> None:
    practise(step, owner, back=1, pain_after=1)
    make.make_pain(patient, make.TODAY - DAY, "next_morning", 7)
    shown = card(today(browser, patient), step)
    assert "Bruno was more in pain than usual on the morning after 17 March." in shown
    assert "until Saturday, 21 March" in shown


def test_first_rung_rests_when_it_was_too_much(browser: Client, patient: Patient, program: Program) -> None:
    step = make.make_step(program, rung=1)
    html = told(browser, patient, tap(step, score="9"))
    assert "Until then this is not practised at all." in html
    assert "Rung 0" not in html
    # The answer can still be changed.
    assert len(forms_of(html, kind="exposure")) == 2


def test_practice_of_yesterday_makes_the_morning_asked(
    browser: Client, patient: Patient, owner: User, step: LadderStep
) -> None:
    assert 'id="pain-next_morning"' not in today(browser, patient)
    practise(step, owner, back=1)
    assert 'id="pain-next_morning"' in today(browser, patient)


def test_rung_done_well_says_who_decides_what_comes_next(
    browser: Client, patient: Patient, owner: User, step: LadderStep
) -> None:
    for back in (6, 3):
        practise(step, owner, back, pain_after=1)
        make.make_pain(patient, make.TODAY - back * DAY, "next_morning", 2)
    assert "The clinic says when the next one begins" in card(today(browser, patient), step)


def test_not_today_is_one_tap_and_no_reproach(browser: Client, patient: Patient, step: LadderStep) -> None:
    answer = post(browser, patient, tap(step, "no"))
    assert (answer.status_code, answer["Location"].split("#")[1]) == (303, f"practice-{step.pk}")
    shown = card(today(browser, patient), step)
    assert "Not today" in shown
    assert "That is fine." in shown
    assert Exposure.objects.get().done is False


def test_answer_can_be_changed_and_the_last_one_counts(browser: Client, patient: Patient, step: LadderStep) -> None:
    told(browser, patient, tap(step, score="9"))
    html = told(browser, patient, tap(step, score="2"))
    assert "One rung back" not in html
    assert Exposure.objects.count() == 2


def test_form_of_the_page_works_without_javascript(browser: Client, patient: Patient, step: LadderStep) -> None:
    form = forms_of(today(browser, patient), kind="exposure", done="yes")[0]
    data = {**form["data"], "stop_signs": ["S_CRY", "S_SKIN"], "score": "0"}
    answer = browser.post(form["action"], data)
    assert answer.status_code == 303
    assert Exposure.objects.get().stop_signs == ["S_CRY", "S_SKIN"]


def test_yesterday_is_completed_on_its_own_page(browser: Client, patient: Patient, step: LadderStep) -> None:
    url = reverse("sessions:day", args=[patient.pk, make.TODAY - DAY])
    form = forms_of(browser.get(url).content.decode(), kind="exposure", done="yes")[0]
    answer = browser.post(form["action"], {**form["data"], "score": "1"})
    assert answer["Location"] == f"{url}#practice-{step.pk}"
    assert Exposure.objects.get().day == make.TODAY - DAY


BAD = [
    ({"done": "maybe"}, 422, "The field “done”"),
    ({"score": "11"}, 422, "from 0 to 10"),
    ({"score": "two"}, 422, "The field “pain_after”"),
    ({"score": ""}, 422, "The field “pain_after”"),
    ({"stop_signs": ["S_X"]}, 422, "One of these stop signs is not known here"),
    ({"day": "2026-03-15"}, 422, "the 2 days before it"),
    ({"id": "abc"}, 422, "The field “id”"),
]


@pytest.mark.parametrize(("changes", "status", "words"), BAD)
def test_bad_input_is_told_on_the_card_and_writes_nothing(
    browser: Client,
    patient: Patient,
    step: LadderStep,
    changes: dict[str, Any],
    status: int,
    words: str,
) -> None:
    answer = post(browser, patient, tap(step, **changes))
    shown = card(answer.content.decode(), step)
    assert (answer.status_code, words in shown, 'role="alert"' in shown) == (status, True, True)
    assert Command.objects.count() == 0


@pytest.mark.parametrize("named", ["01a20170-0000-7000-8000-00000000000f", "nonsense", ""])
def test_unknown_rung_is_told_and_writes_nothing(
    browser: Client, patient: Patient, step: LadderStep, named: str
) -> None:
    answer = post(browser, patient, {**tap(step), "step": named})
    assert answer.status_code == 422
    assert 'role="alert"' in answer.content.decode()
    assert Command.objects.count() == 0


def test_rung_that_ended_since_the_page_was_opened_keeps_the_practice(
    browser: Client, patient: Patient, program: Program, step: LadderStep
) -> None:
    LadderStep.objects.filter(pk=step.pk).update(ends_on=make.TODAY - DAY, ended_by=program.decisions.get())
    told(browser, patient, tap(step))
    assert Exposure.objects.get().is_unplanned
    assert 'data-state="answered"' in card(today(browser, patient), step)


@pytest.mark.parametrize("who", ["stranger", "outside_vet", "admin"])
def test_who_does_not_see_the_dog_finds_nothing(
    who: str, as_user: Any, request: pytest.FixtureRequest, patient: Patient, step: LadderStep
) -> None:
    answer = post(as_user(request.getfixturevalue(who)), patient, tap(step))
    assert answer.status_code == 404
    assert "Jumps" not in answer.content.decode()
    assert Exposure.objects.count() == 0


def test_what_owner_and_clinic_wrote_is_escaped(browser: Client, patient: Patient, program: Program) -> None:
    ladder = make.make_ladder("evil", name="<i>Evil</i>")
    make.rewrite(Ladder.objects.filter(pk=ladder.pk), rungs=[{"n": 1, "do": "<b>do</b>", "dose": "<u>1</u>"}])
    step = make.make_step(program, ladder, activity="<script>alert(1)</script>")
    shown = card(today(browser, patient), step)
    assert [mark for mark in ("<script>", "<b>", "<u>", "<i>") if mark in shown] == []
    assert "&lt;script&gt;" in shown
