"""The pages that move a phase and climb a ladder: what they show, refuse and keep."""

import datetime as dt
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from rehab.library.models import Exercise, Protocol, ProtocolPhase
from rehab.patients.models import Patient
from rehab.programs.models import Decision, LadderStep, Prescription, Program
from rehab.sessions.models import Exposure
from tests import make
from tests.programs.conftest import prescribed

SignIn = Callable[[User], Client]
HTMX = {"HX-Request": "true"}
ONE_DAY = dt.timedelta(days=1)


@pytest.fixture(autouse=True)
def _at_that_time(now: dt.datetime) -> Iterator[None]:
    with time_machine.travel(now, tick=False):
        yield


@pytest.fixture
def running(plan: Program, protocol: Protocol, hill: Exercise) -> Program:
    """In P2 of a protocol whose P3 asks for a minute of standing, and brings a longer walk and a new hill."""
    ProtocolPhase.objects.create(
        protocol=protocol,
        position=2,
        code="P4",
        name="Return",
        days_min=14,
        days_max=28,
        entry_criteria=["standing_s.last[1d] >= 60"],
        items=[
            {"exercise": "leash-walk", "dose": {"minutes": 20, "per_day": 2}},
            {"exercise": "hill-walk", "dose": {"minutes": 5, "days_per_week": 3}, "note": "Only on grass"},
        ],
        ladders=["car"],
    )
    plan.protocol = protocol
    plan.save(update_fields=["protocol"])
    return plan


@pytest.fixture
def move_url(patient: Patient) -> str:
    return reverse("guidance:phase-move", args=[patient.pk])


@pytest.fixture
def step(plan: Program, today: dt.date) -> LadderStep:
    """Phase P4, on rung 3 of the car for ten days."""
    Program.objects.filter(pk=plan.pk).update(phase="P4", phase_name="Return")
    return make.make_step(plan, rung=3, starts_on=today - 10 * ONE_DAY)


def text_of(response: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", response.content.decode()))


def moving(**changed: str) -> dict[str, str]:
    """The form as a browser sends it: the walk as proposed, the hill at its low end."""
    return {
        "plan_version": "1",
        "suggestion": "Examined today, ready for more",
        "reason": "",
        "leash-walk-chosen": "on",
        "leash-walk-minutes": "5",
        "leash-walk-per_day": "2",
        "hill-walk-chosen": "on",
        "hill-walk-minutes": "2",
        "hill-walk-days_per_week": "3",
        **changed,
    }


def practise(step: LadderStep, day: dt.date, **values: Any) -> Exposure:
    patient = step.patient
    at = dt.datetime.combine(day, dt.time(12), dt.UTC)
    return Exposure.objects.create(
        command=make._command(patient, "tick", day, patient.created_by, at),
        clinic=patient.clinic,
        patient=patient,
        step=step,
        day=day,
        recorded_by=patient.created_by,
        done_at=at,
        **{"done": True, "pain_after": 1, **values},
    )


def pass_rung(step: LadderStep, today: dt.date) -> None:
    for ago in (2, 3):
        practise(step, today - ago * ONE_DAY)
        make.make_pain(step.patient, today - ago * ONE_DAY, "next_morning", 1)


# --- Moving the phase ------------------------------------------------------------------------------------------


def test_move_page_proposes_the_items_of_the_next_phase_with_their_doses(
    running: Program, vet: User, move_url: str, as_user: SignIn, protocol: Protocol
) -> None:
    to = protocol.phases.get(code="P4")
    answer = as_user(vet).get(f"{move_url}?to={to.pk}")
    page, text = answer.content.decode(), text_of(answer)
    assert answer.status_code == 200
    assert "On to P4 Return" in text
    assert "Not yet: Standing without help: at least 60 s, today. Now: 30 s." in text
    # What the dog knows starts at its last dose on the way to the goal; what is new at the low end.
    assert re.search(r'name="leash-walk-minutes" class="input" value="5"', page)
    assert "Goal of the phase: 20 minutes, twice a day" in text
    assert re.search(r'name="hill-walk-minutes" class="input" value="2"', page)
    # The wash is not in this phase and no part of a safe home: it ends unless ticked.
    assert "In the plan now, not in this phase" in text
    assert re.search(r'name="warm-wash-chosen" id="id_warm-wash-chosen">', page)
    assert re.search(r'name="leash-walk-chosen" id="id_leash-walk-chosen" checked>', page)


def test_met_criteria_are_a_reason_only_while_they_are_met(
    running: Program, vet: User, today: dt.date, move_url: str, as_user: SignIn
) -> None:
    browser, reason = as_user(vet), "The criteria of the phase are met"
    assert reason not in text_of(browser.get(move_url))
    refused = browser.post(move_url, moving(suggestion=reason))
    assert refused.status_code == 422
    assert running.decisions.count() == 1
    make.observe(running.patient, "standing_s", 60, by=vet, day=today)
    assert reason in text_of(browser.get(move_url))


def test_moving_on_writes_the_decision_and_goes_to_the_dog(
    running: Program, patient: Patient, vet: User, move_url: str, as_user: SignIn, tomorrow: dt.date
) -> None:
    answer = as_user(vet).post(move_url, moving(reason="Stood a minute on grass"))
    assert (answer.status_code, answer.headers["Location"]) == (302, reverse("guidance:patient", args=[patient.pk]))
    running.refresh_from_db()
    assert (running.phase, running.phase_started_on) == ("P4", tomorrow)
    decision = Decision.objects.get(kind=Decision.Kind.PHASE)
    assert decision.reason == "Examined today, ready for more. Stood a minute on grass"
    assert decision.details["unmet"] == ["standing_s.last[1d] >= 60"]
    current = Prescription.objects.filter(program=running).current().order_by("position")
    assert [(one.exercise.slug, one.dose, one.note) for one in current] == [
        ("leash-walk", {"minutes": 5, "per_day": 2}, ""),
        ("hill-walk", {"minutes": 2, "days_per_week": 3}, "Only on grass"),
    ]


def test_the_form_comes_back_as_a_part_for_htmx_and_sends_on(
    running: Program, patient: Patient, vet: User, move_url: str, as_user: SignIn
) -> None:
    client = as_user(vet)
    refused = client.post(move_url, moving(suggestion=""), headers=HTMX)
    assert refused.status_code == 422
    assert refused.content.decode().lstrip().startswith('<form id="move"')
    assert "Choose a reason or write one" in text_of(refused)
    done = client.post(move_url, moving(), headers=HTMX)
    assert done.headers["HX-Redirect"] == reverse("guidance:patient", args=[patient.pk])


def test_a_therapist_is_told_what_only_a_vet_may_decide(
    running: Program, therapist: User, move_url: str, as_user: SignIn
) -> None:
    client = as_user(therapist)
    assert "Only a vet may decide otherwise." in text_of(client.get(move_url))
    answer = client.post(move_url, moving(reason="kept"))
    text = text_of(answer)
    assert answer.status_code == 422
    assert "The rules refuse this move" in text
    assert "Only a vet may decide otherwise, with a reason." in text
    assert "kept" in text
    running.refresh_from_db()
    assert running.phase == "P2"


def test_a_row_that_keeps_the_phase_for_vets_shows_no_button_to_a_therapist(
    running: Program, patient: Patient, vet: User, therapist: User, move_url: str, as_user: SignIn, today: dt.date
) -> None:
    make.make_definition(patient, vet, mechanism="neurologic", cause="disc", pain_controlled_on=today - 20 * ONE_DAY)
    answer = as_user(therapist).get(move_url)
    assert "Only a vet moves on to a later phase" in text_of(answer)
    assert "Move to P4" not in text_of(answer)


def test_an_outside_dose_is_refused_with_what_was_typed(
    running: Program, vet: User, therapist: User, move_url: str, as_user: SignIn
) -> None:
    answer = as_user(vet).post(move_url, moving(**{"leash-walk-minutes": "900"}))
    assert answer.status_code == 422
    assert re.search(r'name="leash-walk-minutes" class="input" value="900"', answer.content.decode())
    assert not Decision.objects.filter(kind=Decision.Kind.PHASE).exists()


def test_a_plan_that_changed_meanwhile_is_409_and_can_be_sent_again(
    running: Program, vet: User, move_url: str, as_user: SignIn
) -> None:
    decision = running.decisions.get()
    Decision.objects.create(
        clinic=running.clinic,
        patient=running.patient,
        program=running,
        kind="hold",
        plan_version=2,
        reason="Let it settle",
        exercise=prescribed(running, "leash-walk").exercise,
        effective_on=decision.effective_on,
        decided_by=vet,
        decided_at=make.NOW,
    )
    Program.objects.filter(pk=running.pk).update(plan_version=2)
    client = as_user(vet)
    stale = client.post(move_url, moving(reason="kept"))
    assert stale.status_code == 409
    assert "The plan was changed while you were looking at it." in text_of(stale)
    assert "Let it settle" in text_of(stale)
    assert re.search(r'name="plan_version" value="2"', stale.content.decode())
    assert client.post(move_url, moving(plan_version="2")).status_code == 302


def test_back_is_offered_to_a_therapist_and_holds_from_today(
    running: Program, therapist: User, move_url: str, as_user: SignIn, protocol: Protocol, today: dt.date
) -> None:
    url = f"{move_url}?to={protocol.phases.get(code='P1').pk}"
    client = as_user(therapist)
    page = client.get(url)
    assert "Back to P1 Gentle motion" in text_of(page)
    assert "Back is more careful." in text_of(page)
    answer = client.post(
        url,
        {
            "plan_version": "1",
            "suggestion": "More pain",
            "reason": "",
            "leash-walk-chosen": "on",
            "leash-walk-minutes": "3",
            "leash-walk-per_day": "2",
            "warm-wash-chosen": "on",
            "warm-wash-minutes": "5",
            "warm-wash-per_day": "1",
        },
    )
    assert answer.status_code == 302
    running.refresh_from_db()
    assert (running.phase, running.phase_started_on) == ("P1", today)
    assert prescribed(running, "warm-wash").started_by.kind == Decision.Kind.ASSIGN


def test_without_a_protocol_the_plan_stays_and_the_phase_moves(
    plan: Program, vet: User, move_url: str, as_user: SignIn
) -> None:
    client = as_user(vet)
    page = client.get(f"{move_url}?to=P3")
    assert re.search(r'name="leash-walk-chosen" id="id_leash-walk-chosen" checked>', page.content.decode())
    answer = client.post(
        f"{move_url}?to=P3",
        {
            "plan_version": "1",
            "suggestion": "Stable for long enough",
            "reason": "",
            "leash-walk-chosen": "on",
            "leash-walk-minutes": "5",
            "leash-walk-per_day": "3",
        },
    )
    assert answer.status_code == 302
    plan.refresh_from_db()
    assert plan.phase == "P3"
    assert [one.exercise.slug for one in Prescription.objects.filter(program=plan).current()] == ["leash-walk"]


def test_the_alternative_exit_is_a_reason_of_one_tap(
    running: Program, vet: User, move_url: str, as_user: SignIn, protocol: Protocol
) -> None:
    make.rewrite(
        protocol.phases.filter(code="P2"), extra={"exit_alt": "bladder emptied by owner under plan also accepted"}
    )
    answer = as_user(vet).post(move_url, moving(suggestion="Bladder emptied by owner under plan also accepted"))
    assert answer.status_code == 302
    assert "emptied by owner" in Decision.objects.get(kind=Decision.Kind.PHASE).reason


@pytest.mark.parametrize("to", ["P9", "P2", "00000000-0000-7000-8000-000000000009"])
def test_a_phase_that_is_none_is_not_found(plan: Program, vet: User, move_url: str, as_user: SignIn, to: str) -> None:
    assert as_user(vet).get(f"{move_url}?to={to}").status_code == 404


def test_without_a_program_there_is_nothing_to_move(
    patient: Patient, vet: User, move_url: str, as_user: SignIn
) -> None:
    answer = as_user(vet).get(move_url)
    assert answer.headers["Location"] == reverse("guidance:patient", args=[patient.pk])


@pytest.mark.parametrize("items", [1, 3])
def test_move_page_takes_the_same_queries_for_any_number_of_items(
    running: Program,
    vet: User,
    move_url: str,
    as_user: SignIn,
    protocol: Protocol,
    django_assert_num_queries: DjangoAssertNumQueries,
    items: int,
) -> None:
    slugs = ["leash-walk", "hill-walk", "warm-wash"][:items]
    make.rewrite(protocol.phases.filter(code="P4"), items=[{"exercise": slug} for slug in slugs])
    client = as_user(vet)
    client.get(move_url)
    # session, person, dog, program, definition; eight readings; definition, phases, plan, library, last doses, ladders
    with django_assert_num_queries(19):
        assert client.get(move_url).status_code == 200


# --- Ladders ---------------------------------------------------------------------------------------------------


@pytest.fixture
def ladders_url(patient: Patient) -> str:
    return reverse("guidance:ladders", args=[patient.pk])


def test_ladder_page_shows_the_rungs_the_practices_and_the_verdict(
    step: LadderStep, vet: User, ladders_url: str, as_user: SignIn, today: dt.date
) -> None:
    pass_rung(step, today)
    practise(step, today - 4 * ONE_DAY, pain_after=4)
    answer = as_user(vet).get(ladders_url)
    page, text = answer.content.decode(), text_of(answer)
    assert "Leads to: Jumps into the car" in text
    assert "Passed" in text
    assert "Good practices on different days: 2; needed: 2." in text
    assert "Pain 4 of 10 after the practice of 14 Mar 2026; the limit is 2." in text
    assert re.search(r'<li class="rung" value="3" data-place="now" aria-current="step">', page)
    assert reverse("guidance:rung-up", args=[step.pk]) in page


def test_ladder_page_after_red_shows_the_rung_below_at_once(
    step: LadderStep, vet: User, ladders_url: str, as_user: SignIn, today: dt.date
) -> None:
    practise(step, today - ONE_DAY, pain_after=7)
    answer = as_user(vet).get(ladders_url)
    page = answer.content.decode()
    assert re.search(r'value="2" data-place="now"', page)
    assert re.search(r'value="3" data-place="rest"', page)
    assert "rests until 20 Mar" in text_of(answer)
    assert LadderStep.objects.get().rung == 3


@pytest.mark.parametrize("many", [1, 2])
def test_ladder_page_takes_the_same_queries_for_any_number(
    step: LadderStep,
    vet: User,
    ladders_url: str,
    as_user: SignIn,
    today: dt.date,
    django_assert_num_queries: DjangoAssertNumQueries,
    many: int,
) -> None:
    for slug in ["stairs", "sofa"][: many - 1]:
        practise(make.make_step(step.program, make.make_ladder(slug)), today)
    client = as_user(vet)
    client.get(ladders_url)
    # session, person, dog, program, rungs, pain, definition, the clinic's limits, practices
    with django_assert_num_queries(9):
        assert client.get(ladders_url).status_code == 200


@pytest.mark.parametrize("program", ["open", "none"])
def test_ladder_page_without_ladders_says_when_they_come(
    request: pytest.FixtureRequest, vet: User, ladders_url: str, as_user: SignIn, program: str
) -> None:
    if program == "open":
        request.getfixturevalue("plan")
    text = text_of(as_user(vet).get(ladders_url))
    assert ("No ladder is in use." if program == "open" else "has no open program") in text


def test_a_vet_begins_a_ladder_towards_what_the_owner_named(
    step: LadderStep, patient: Patient, vet: User, as_user: SignIn, ladders_url: str
) -> None:
    stairs = make.make_ladder("stairs", note="Stairs are not banned for life.")
    url = reverse("programs:ladder-start", args=[patient.pk])
    client = as_user(vet)
    page = client.get(url)
    text = text_of(page)
    assert "Stairs are not banned for life." in text
    assert "Jumps into the car" in text
    # A ladder in use is not offered again.
    assert page.content.decode().count('name="ladder"') == 1
    answer = client.post(
        url,
        {
            "plan_version": "1",
            "suggestion": "The family wants this back",
            "reason": "",
            "ladder": str(stairs.pk),
            "activity": "other",
            "own_activity": "Sleeps upstairs again",
        },
    )
    assert (answer.status_code, answer.headers["Location"]) == (302, ladders_url)
    begun = LadderStep.objects.get(ladder=stairs)
    assert (begun.activity, begun.rung) == ("Sleeps upstairs again", 1)


@pytest.mark.parametrize("many", [1, 3])
def test_beginning_a_ladder_takes_the_same_queries_for_any_number(
    step: LadderStep,
    patient: Patient,
    vet: User,
    as_user: SignIn,
    django_assert_num_queries: DjangoAssertNumQueries,
    many: int,
) -> None:
    for slug in ["stairs", "sofa", "walk-30"][:many]:
        make.make_ladder(slug)
    client, url = as_user(vet), reverse("programs:ladder-start", args=[patient.pk])
    client.get(url)
    with django_assert_num_queries(7):  # session, person, dog, program, definition, ladders in use, ladders
        assert client.get(url).status_code == 200


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({}, "Choose a ladder."),
        ({"activity": "other"}, "Write what the ladder leads to."),
        ({"activity": "Something nobody named"}, "Choose one of the activities shown."),
        ({"suggestion": ""}, "Choose a reason or write one"),
    ],
)
def test_beginning_a_ladder_refuses_with_a_sentence(
    step: LadderStep, patient: Patient, vet: User, as_user: SignIn, typed: dict[str, str], says: str
) -> None:
    stairs = make.make_ladder("stairs")
    sent = {"plan_version": "1", "suggestion": "The next step of the plan", "activity": "Walks", **typed}
    if typed:
        sent["ladder"] = str(stairs.pk)
    answer = as_user(vet).post(reverse("programs:ladder-start", args=[patient.pk]), sent)
    assert answer.status_code == 422
    assert says in text_of(answer)
    assert LadderStep.objects.count() == 1


def test_a_therapist_is_told_that_a_vet_begins_ladders(
    step: LadderStep, patient: Patient, therapist: User, as_user: SignIn
) -> None:
    make.make_ladder("stairs")
    answer = as_user(therapist).get(reverse("programs:ladder-start", args=[patient.pk]))
    assert answer.status_code == 200
    assert "the first rung needs a vet’s signature" in text_of(answer)
    assert 'name="ladder"' not in answer.content.decode()


def test_a_passed_rung_goes_up_and_the_list_shows_it(
    step: LadderStep, therapist: User, as_user: SignIn, ladders_url: str, today: dt.date
) -> None:
    pass_rung(step, today)
    url = reverse("guidance:rung-up", args=[step.pk])
    client = as_user(therapist)
    assert "This rung is passed." in text_of(client.get(url))
    answer = client.post(url, {"plan_version": "1", "suggestion": "Two good practices on different days", "reason": ""})
    assert (answer.status_code, answer.headers["Location"]) == (302, ladders_url)
    assert LadderStep.objects.current().get().rung == 4


def test_a_rung_that_is_not_passed_stays_for_a_therapist(step: LadderStep, therapist: User, as_user: SignIn) -> None:
    url = reverse("guidance:rung-up", args=[step.pk])
    client = as_user(therapist)
    assert "The rung is not passed yet. Good practices on different days: 0; needed: 2" in text_of(client.get(url))
    answer = client.post(url, {"plan_version": "1", "suggestion": "", "reason": "Looks fine"})
    assert answer.status_code == 422
    assert LadderStep.objects.current().get().rung == 3


def test_a_rung_goes_down_and_a_ladder_ends_by_any_staff(
    step: LadderStep, therapist: User, as_user: SignIn, ladders_url: str
) -> None:
    client = as_user(therapist)
    down = client.post(
        reverse("guidance:rung-down", args=[step.pk]),
        {"plan_version": "1", "suggestion": "More pain", "reason": ""},
        headers=HTMX,
    )
    assert down.headers["HX-Redirect"] == ladders_url
    lower = LadderStep.objects.current().get()
    assert lower.rung == 2
    end = reverse("guidance:ladder-end", args=[lower.pk])
    assert "The ladder ends" in text_of(client.get(end))
    assert client.post(end, {"plan_version": "2", "suggestion": "Goal reached", "reason": ""}).status_code == 302
    assert not LadderStep.objects.current().exists()


def test_a_rung_that_ended_meanwhile_is_409(step: LadderStep, vet: User, as_user: SignIn) -> None:
    client = as_user(vet)
    form = {"plan_version": "1", "suggestion": "More pain", "reason": ""}
    assert client.post(reverse("guidance:rung-down", args=[step.pk]), form).status_code == 302
    again = client.post(reverse("guidance:rung-down", args=[step.pk]), form)
    assert again.status_code == 409
    assert "This has been changed or ended meanwhile." in text_of(again)
    assert LadderStep.objects.current().get().rung == 2


def test_the_first_rung_has_none_below(step: LadderStep, vet: User, as_user: SignIn) -> None:
    first = make.make_step(step.program, make.make_ladder("sofa"))
    answer = as_user(vet).get(reverse("guidance:rung-down", args=[first.pk]))
    assert "This is the first rung." in text_of(answer)


@pytest.mark.parametrize(
    ("who", "code"), [("owner", 403), ("caregiver", 403), ("admin", 404), ("outside_vet", 404), ("stranger", 404)]
)
def test_pages_are_closed_to_who_is_no_staff_of_the_dog(
    request: pytest.FixtureRequest, step: LadderStep, patient: Patient, as_user: SignIn, who: str, code: int
) -> None:
    client = as_user(request.getfixturevalue(who))
    form = {"plan_version": "1", "suggestion": "More pain", "reason": ""}
    for address in (
        reverse("guidance:phase-move", args=[patient.pk]),
        reverse("programs:ladder-start", args=[patient.pk]),
        reverse("guidance:rung-up", args=[step.pk]),
        reverse("guidance:rung-down", args=[step.pk]),
        reverse("guidance:ladder-end", args=[step.pk]),
    ):
        assert (client.get(address).status_code, client.post(address, form).status_code) == (code, code), address
    assert client.get(reverse("guidance:ladders", args=[patient.pk])).status_code == code
    assert not Decision.objects.exclude(kind=Decision.Kind.ASSIGN).exists()
