"""What staff tap on the dog's page: easier, harder, undo, shown, shown back, pause, resume, end."""

import datetime as dt
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from accounts.models import User
from rehab.guidance.actions import refresh_summaries
from rehab.library.models import Exercise
from rehab.patients.models import Patient, ProblemDefinition
from rehab.programs.models import Decision, Prescription, Program, TeachBack
from tests import make
from tests.guidance.responses import SIGNED_AT, answer_days
from tests.make import TODAY
from tests.programs.conftest import prescribed

SignIn = Callable[[User], Client]
HTMX = {"HX-Request": "true"}
DAY = dt.timedelta(days=1)


@pytest.fixture(autouse=True)
def _at_that_time(now: dt.datetime) -> Iterator[None]:
    with time_machine.travel(now, tick=False):
        yield


def text_of(response: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", response.content.decode()))


def step(prescription: Prescription, name: str) -> str:
    app = "guidance" if name in ("easier", "harder") else "programs"
    return reverse(f"{app}:prescription-{name}", args=[prescription.pk])


def of(program: Program, name: str) -> str:
    return reverse(f"programs:{name}", args=[program.pk])


@pytest.fixture
def steep(patient: Patient, vet: User, walk: Exercise, sling: Exercise, hill: Exercise) -> Prescription:
    """A walk at the top of its range in phase P4, between an easier and a harder neighbour, twelve days without pain."""
    definition = make.make_definition(patient, vet, signed_at=SIGNED_AT, onset_on=TODAY - 40 * DAY)
    program = make.make_program(patient, vet, definition, exercises=[(walk, {"minutes": 30})], phase="P4")
    answer_days(program)
    return prescribed(program, "leash-walk")


# --- One tap to a neighbour ------------------------------------------------------------------------------------


@pytest.mark.usefixtures("shown_back")
@pytest.mark.parametrize(
    ("name", "slug", "kind", "reason"),
    [
        ("easier", "sling-walk", "regress", "Easier neighbour, chosen by hand"),
        ("harder", "hill-walk", "progress", "Harder neighbour, chosen by hand"),
    ],
)
def test_neighbour_is_one_tap_and_so_is_undoing_it(
    as_user: SignIn, therapist: User, steep: Prescription, name: str, slug: str, kind: str, reason: str
) -> None:
    browser, program = as_user(therapist), steep.program
    answer = browser.post(step(steep, name), {"plan_version": "1"}, follow=True)
    assert answer.status_code == 200
    assert answer.redirect_chain == [(f"/patients/{program.patient_id}/#program", 302)]
    assert f"instead of {steep.exercise.name}." in text_of(answer)
    decision = program.decisions.get(plan_version=2)
    assert (decision.kind, decision.reason, decision.decided_by) == (kind, reason, therapist)
    assert prescribed(program, slug).started_by == decision
    assert "Your last step:" in text_of(answer)

    undone = browser.post(of(program, "step-undo"), {"plan_version": "2"}, follow=True)
    assert "Undone. The plan is as it was before." in text_of(undone)
    assert "Your last step:" not in text_of(undone)
    assert "Step undone:" in text_of(undone)
    assert "Step undone" in text_of(browser.get(of(program, "program-history")))
    assert prescribed(program, "leash-walk").dose == {"minutes": 30}


def test_tap_that_a_rule_speaks_against_leads_to_the_page_that_says_why(
    as_user: SignIn, vet: User, therapist: User, steep: Prescription
) -> None:
    """Nobody has shown the walk back."""
    refresh_summaries(at=make.NOW, patient_ids=[steep.patient_id])
    for user, may in ((therapist, False), (vet, True)):
        answer = as_user(user).post(step(steep, "harder"), {"plan_version": "1"}, follow=True)
        assert answer.redirect_chain == [(step_url(steep, "progress") + "?swap=1", 302)]
        assert "The family has not shown it back yet (technique first)." in text_of(answer)
        assert ('<button type="submit" class="button">Progress' in answer.content.decode()) is may
    assert steep.program.decisions.count() == 1
    sent = {"plan_version": "1", "swap": "True", "reason": "Seen on the treadmill"}
    assert as_user(vet).post(step_url(steep, "progress"), sent).status_code == 302
    assert steep.program.decisions.get(plan_version=2).rule_ids == ["D1", "H4"]


def step_url(prescription: Prescription, kind: str) -> str:
    return reverse("guidance:prescription-decide", args=[prescription.pk, kind])


def test_tap_on_a_neighbour_that_is_not_there_says_so(as_user: SignIn, vet: User, walking: Prescription) -> None:
    answer = as_user(vet).post(step(walking, "easier"), {"plan_version": "1"}, follow=True)
    assert "There is no easier exercise in the library." in text_of(answer)
    assert walking.program.decisions.count() == 1


@pytest.mark.usefixtures("shown_back")
def test_asked_for_swap_never_turns_into_another_step(
    as_user: SignIn, vet: User, patient: Patient, definition: ProblemDefinition, walk: Exercise, hill: Exercise
) -> None:
    """The walk could have more minutes, but the hill is in the plan already: the page says so and offers nothing else."""
    program = make.make_program(
        patient,
        vet,
        definition,
        exercises=[(walk, {"minutes": 10}), (hill, {"minutes": 2, "days_per_week": 3})],
        phase="P4",
    )
    walking = prescribed(program, "leash-walk")
    browser = as_user(vet)
    answer = browser.post(step(walking, "harder"), {"plan_version": "1"}, follow=True)
    assert answer.redirect_chain == [(step_url(walking, "progress") + "?swap=1", 302)]
    text = text_of(answer)
    assert "This step is not possible now" in text
    assert "It is already in the program." in text
    assert "Rather one step more of the same exercise" in text
    assert '<button type="submit" class="button">Progress' not in answer.content.decode()
    assert (
        '<button type="submit" class="button">Progress' in browser.get(step_url(walking, "progress")).content.decode()
    )
    assert program.decisions.count() == 1


@pytest.mark.parametrize("sent", [{}, {"plan_version": "x"}, {"plan_version": "9" * 12}])
def test_tap_without_a_version_writes_nothing(
    as_user: SignIn, vet: User, walking: Prescription, sling: Exercise, sent: dict[str, str]
) -> None:
    browser = as_user(vet)
    assert browser.post(step(walking, "easier"), sent).status_code == 422
    assert browser.post(of(walking.program, "step-undo"), sent).status_code == 422
    assert walking.program.decisions.count() == 1


def test_tap_on_an_old_page_answers_409_and_undo_too(
    as_user: SignIn, vet: User, walking: Prescription, washing: Prescription, sling: Exercise
) -> None:
    browser = as_user(vet)
    browser.post(step(washing, "remove"), {"plan_version": "1", "reason": "Skin is fine"})
    answer = browser.post(step(walking, "easier"), {"plan_version": "1"})
    assert answer.status_code == 409
    assert "Exercise removed: Daily warm wash" in text_of(answer)
    assert "Easier neighbour, chosen by hand" in text_of(answer)
    late = browser.post(of(walking.program, "step-undo"), {"plan_version": "1"})
    assert late.status_code == 409
    assert "The plan was changed since." in text_of(late)
    wrong = browser.post(of(walking.program, "step-undo"), {"plan_version": "2"})
    assert wrong.status_code == 422
    assert "Only your own last step can be undone" in text_of(wrong)


# --- Teach-back ------------------------------------------------------------------------------------------------


def kinds() -> list[tuple[str, dt.date]]:
    return list(TeachBack.objects.standing().order_by("kind").values_list("kind", "day"))


def test_shown_and_shown_back_are_one_tap_each(
    as_user: SignIn, therapist: User, walking: Prescription, today: dt.date
) -> None:
    browser, url = as_user(therapist), step(walking, "teach")
    dog = reverse("guidance:patient", args=[walking.patient_id])
    assert "Not shown yet" in text_of(browser.get(dog))
    shown = browser.post(url, {"step": "shown"}, follow=True)
    assert "Shown 18 Mar, Tom Reyes" in text_of(shown)
    back = browser.post(url, {"step": "shown_back"}, follow=True)
    assert "Shown back 18 Mar, Tom Reyes" in text_of(back)
    assert kinds() == [("shown", today), ("shown_back", today)]
    browser.post(url, {"withdraw": "shown_back"})
    assert kinds() == [("shown", today)]


def test_lesson_of_another_day_is_recorded_with_that_day(
    as_user: SignIn, vet: User, walking: Prescription, today: dt.date
) -> None:
    browser, url = as_user(vet), step(walking, "teach")
    assert browser.get(url).context["form"]["step"].value() == "shown"
    browser.post(url, {"step": "shown", "day": (today - 3 * DAY).isoformat()})
    page = browser.get(url)
    assert "Shown on 15 Mar 2026" in text_of(page)
    assert page.context["form"]["step"].value() == "shown_back"


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        ({"step": "shown", "day": "2026-03-19"}, "Choose a day from the writing of the program until today."),
        ({"step": "shown", "day": "soon"}, "Enter a valid date."),
        ({"step": "shown_back"}, "First show it to the family"),
        ({"step": "danced"}, "Select a valid choice."),
        ({}, "This field is required."),
        ({"withdraw": "danced"}, "Select a valid choice."),
    ],
)
def test_lesson_that_cannot_be_is_refused_with_a_sentence(
    as_user: SignIn, vet: User, walking: Prescription, sent: dict[str, str], says: str
) -> None:
    answer = as_user(vet).post(step(walking, "teach"), sent)
    assert answer.status_code == 422
    assert says in text_of(answer)
    assert kinds() == []


def test_all_are_shown_at_once(as_user: SignIn, vet: User, plan: Program, walk: Exercise, today: dt.date) -> None:
    make.make_prescription(plan, exercise="sniff")
    browser, url = as_user(vet), of(plan, "program-teach")
    assert "2 exercises were not shown to the family yet." in text_of(
        browser.get(reverse("guidance:patient", args=[plan.patient_id]))
    )
    assert "2 exercises marked as shown." in text_of(browser.post(url, {}, follow=True))
    assert kinds() == [("shown", today)] * 2
    late = browser.post(url, {"day": (today + DAY).isoformat()})
    assert late.status_code == 422


def test_exercise_to_be_shown_in_person_says_so_until_it_was(
    as_user: SignIn, vet: User, walking: Prescription, walk: Exercise
) -> None:
    make.rewrite(Exercise.objects.filter(pk=walk.pk), contraindications=["X_UNTAUGHT"])
    browser, dog = as_user(vet), reverse("guidance:patient", args=[walking.patient_id])
    warning = "Show it in person before the family does it"
    assert warning in text_of(browser.get(dog))
    browser.post(step(walking, "teach"), {"step": "shown"})
    assert warning not in text_of(browser.get(dog))


# --- Pause, resume, end ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_program_is_paused_and_resumed_from_its_pages(
    as_user: SignIn, therapist: User, plan: Program, today: dt.date, headers: dict[str, str]
) -> None:
    browser, dog = as_user(therapist), reverse("guidance:patient", args=[plan.patient_id])
    page = browser.get(of(plan, "program-pause"))
    assert "2 exercises rest Leash walk, Daily warm wash" in text_of(page)
    sent = {"plan_version": "1", "suggestion": "The family is away"}
    answer = browser.post(of(plan, "program-pause"), sent, headers=headers)
    assert dog in (answer.headers.get("Location"), answer.headers.get("HX-Redirect"))
    read = text_of(browser.get(dog))
    assert "Paused since 18 Mar 2026 by Tom Reyes" in read
    assert "“The family is away”" in read
    assert "Add exercise" not in read
    assert "You paused it today." in text_of(browser.get(of(plan, "program-resume")))
    sent = {"plan_version": "2", "suggestion": "Paused by mistake"}
    answer = browser.post(of(plan, "program-resume"), sent, headers=headers)
    assert dog in (answer.headers.get("Location"), answer.headers.get("HX-Redirect"))
    assert "Paused since" not in text_of(browser.get(dog))
    assert Prescription.objects.current().active_on(today).count() == 2


def test_resume_after_a_week_shows_what_comes_back_and_what_stays_out(
    as_user: SignIn, vet: User, therapist: User, plan: Program, now: dt.datetime
) -> None:
    make.make_prescription(plan, exercise="heads-up", dose={"reps": 8})
    as_user(vet).post(of(plan, "program-pause"), {"plan_version": "1", "reason": "Holiday"})
    make.rewrite(Exercise.objects.filter(slug="heads-up"), grades=[5])
    with time_machine.travel(now + 8 * DAY, tick=False):
        page = as_user(therapist).get(of(plan, "program-resume"))
        read = text_of(page)
        assert "The pause took 8 days. Exercises restart at about 70 %" in read
        assert "Leash walk 5 minutes, 3 times a day 3 minutes, 3 times a day" in read
        assert "Daily warm wash 5 minutes, once a day as before" in read
        assert "What stays out" in read
        assert "Heads up: Not for a dog of neurologic grade 1." in read
        sent = {"plan_version": "2", "reason": "Back home"}
        assert as_user(therapist).post(of(plan, "program-resume"), sent).status_code == 302
    assert prescribed(plan, "leash-walk").dose == {"minutes": 3, "per_day": 3}


def test_resume_that_is_not_possible_says_why_and_has_no_button(
    as_user: SignIn, vet: User, plan: Program, now: dt.datetime
) -> None:
    browser = as_user(vet)
    assert "The program is not paused." in text_of(browser.get(of(plan, "program-resume")))
    browser.post(of(plan, "program-pause"), {"plan_version": "1", "reason": "Holiday"})
    with time_machine.travel(now + 20 * DAY, tick=False):
        browser = as_user(vet)
        page = browser.get(of(plan, "program-resume"))
        assert "It cannot be resumed now" in text_of(page)
        assert "The re-examination was due on" in text_of(page)
        assert '<button type="submit" class="button">' not in page.content.decode()
        sent = {"plan_version": "2", "reason": "Back home"}
        assert browser.post(of(plan, "program-resume"), sent).status_code == 422


def test_program_is_ended_with_a_reason(as_user: SignIn, vet: User, plan: Program, now: dt.datetime) -> None:
    browser, url = as_user(vet), of(plan, "program-end")
    assert "Rather pause it" in text_of(browser.get(url))
    assert browser.post(url, {"plan_version": "1"}).status_code == 422
    assert browser.post(url, {"plan_version": "1", "suggestion": "Goals reached"}).status_code == 302
    plan.refresh_from_db()
    assert plan.ended_at == now
    assert plan.decisions.get(kind="end").reason == "Goals reached"
    again = browser.post(url, {"plan_version": "2", "reason": "x"})
    assert again.status_code == 409


def test_paused_program_refuses_other_changes_with_a_sentence(as_user: SignIn, vet: User, plan: Program) -> None:
    make.make_exercise("sniff", name="Sniff search")
    browser = as_user(vet)
    browser.post(of(plan, "program-pause"), {"plan_version": "1", "reason": "Holiday"})
    sent = {"plan_version": "2", "sets": "1", "reps": "5", "per_day": "1", "reason": "Balance"}
    answer = browser.post(reverse("guidance:exercise-add", args=[plan.pk]) + "?exercise=sniff", sent)
    assert answer.status_code == 422
    assert "The program is paused. Resume it first" in text_of(answer)


# --- Who may ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("persona", "status"),
    [("owner", 403), ("caregiver", 403), ("admin", 404), ("stranger", 404), ("outside_vet", 404)],
)
def test_only_staff_of_the_clinic_tap(
    request: pytest.FixtureRequest,
    as_user: SignIn,
    walking: Prescription,
    sling: Exercise,
    persona: str,
    status: int,
) -> None:
    browser, program = as_user(request.getfixturevalue(persona)), walking.program
    taps = [
        *(step(walking, name) for name in ("easier", "harder", "teach")),
        *(of(program, name) for name in ("step-undo", "program-teach", "program-pause", "program-resume")),
        of(program, "program-end"),
    ]
    for url in taps:
        sent = {"plan_version": "1", "reason": "x", "step": "shown"}
        assert browser.post(url, sent).status_code == status, url
    assert Decision.objects.count() == 1
    assert not TeachBack.objects.exists()


def test_taps_are_posts(as_user: SignIn, vet: User, walking: Prescription) -> None:
    for url in (step(walking, "easier"), step(walking, "harder"), of(walking.program, "step-undo")):
        assert as_user(vet).get(url).status_code == 405
