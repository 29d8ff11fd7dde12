"""The pages: who may open them, what they say, and that nothing typed is lost."""

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
from rehab.guidance.actions import refresh_summaries
from rehab.library.models import Exercise, Protocol
from rehab.patients.models import Patient, ProblemDefinition
from rehab.programs.models import Decision, Prescription, Program
from tests import make
from tests.programs.conftest import prescribed

SignIn = Callable[[User], Client]
HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def _at_that_time(now: dt.datetime) -> Iterator[None]:
    with time_machine.travel(now, tick=False):
        yield


def text_of(response: Any) -> str:
    """What a person reads: the page without tags and line breaks."""
    body = re.sub(r"<[^>]*>", " ", response.content.decode())
    return re.sub(r"\s+", " ", body)


# --- Who may ---------------------------------------------------------------------------------------------------


def addresses(plan: Program) -> list[str]:
    walking = prescribed(plan, "leash-walk")
    return [
        *(reverse(f"programs:program-{name}", args=[plan.pk]) for name in ("pause", "end", "teach")),
        reverse("programs:prescription-teach", args=[walking.pk]),
        reverse("programs:program-assign", args=[plan.patient_id]),
        reverse("programs:program-history", args=[plan.pk]),
        reverse("guidance:exercise-add", args=[plan.pk]),
        reverse("guidance:prescription-change", args=[walking.pk]),
        reverse("programs:prescription-remove", args=[walking.pk]),
        *(reverse("guidance:prescription-decide", args=[walking.pk, kind]) for kind in ("progress", "hold", "regress")),
    ]


def test_staff_of_the_clinic_open_every_page(
    as_user: SignIn, plan: Program, vet: User, colleague: User, therapist: User
) -> None:
    for user in (vet, colleague, therapist):
        assert [as_user(user).get(url).status_code for url in addresses(plan)] == [200] * 12


def test_family_sees_the_dog_but_not_these_pages(as_user: SignIn, plan: Program, owner: User, caregiver: User) -> None:
    for user in (owner, caregiver):
        for url in addresses(plan):
            assert as_user(user).get(url).status_code == 403
            assert as_user(user).post(url, {"reason": "x", "plan_version": 1}).status_code in (403, 405)
    assert plan.decisions.count() == 1


def test_nobody_else_finds_anything(
    as_user: SignIn, plan: Program, outside_vet: User, stranger: User, admin: User
) -> None:
    for user in (outside_vet, stranger, admin):
        for url in addresses(plan):
            assert as_user(user).get(url).status_code == 404
            assert as_user(user).post(url, {"reason": "x", "plan_version": 1}).status_code in (404, 405)
    assert plan.decisions.count() == 1


def test_visitor_is_asked_to_sign_in(client: Client, plan: Program) -> None:
    for url in addresses(plan):
        assert client.get(url).status_code == 302


def test_unknown_kind_of_decision_does_not_exist(as_user: SignIn, walking: Prescription, vet: User) -> None:
    for kind in ("assign", "end", "change_dose", "x"):
        assert as_user(vet).get(f"/prescriptions/{walking.pk}/decide/{kind}/").status_code == 404


# --- Changing --------------------------------------------------------------------------------------------------


def decide_url(prescription: Prescription, kind: str) -> str:
    return reverse("guidance:prescription-decide", args=[prescription.pk, kind])


@pytest.mark.parametrize("headers", [{}, HTMX])
@pytest.mark.parametrize(
    ("kind", "shown", "dose"),
    [
        ("progress", "6 minutes, 3 times a day", {"minutes": 6, "per_day": 3}),
        ("hold", "5 minutes, 3 times a day", {"minutes": 5, "per_day": 3}),
        ("regress", "4 minutes, 3 times a day", {"minutes": 4, "per_day": 3}),
    ],
)
def test_decision_is_shown_and_then_taken(
    as_user: SignIn,
    vet: User,
    walking: Prescription,
    kind: str,
    shown: str,
    dose: dict[str, int],
    headers: dict[str, str],
) -> None:
    refresh_summaries(at=make.NOW, patient_ids=[walking.patient_id])
    browser, url = as_user(vet), decide_url(walking, kind)
    page = browser.get(url)
    assert shown in text_of(page)
    assert Decision.objects.filter(kind=kind).count() == 0
    suggestion = str(page.context["form"].fields["suggestion"].choices[0][0])
    sent = {"plan_version": "1", "swap": "False", "suggestion": suggestion, "reason": "Seen on video."}
    answer = browser.post(url, sent, headers=headers)
    on = reverse("guidance:patient", args=[walking.patient_id])
    assert on in (answer.headers.get("Location"), answer.headers.get("HX-Redirect"))
    decision = Decision.objects.get(kind=kind)
    assert decision.reason == f"{suggestion}. Seen on video"
    assert prescribed(walking.program, "leash-walk").dose == dose


@pytest.mark.parametrize("headers", [{}, HTMX])
@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({}, "Choose a reason or write one"),
        ({"suggestion": "Because"}, "Select a valid choice."),
        ({"reason": "x" * 501}, "at most 500 characters"),
        ({"reason": "Null \x00"}, "Null characters are not allowed."),
        ({"reason": "x", "plan_version": "one"}, "Enter a whole number."),
        ({"reason": "x", "plan_version": "99999999999"}, "less than or equal to 2147483647"),
    ],
)
def test_decision_that_is_invalid_is_shown_again(
    as_user: SignIn, vet: User, walking: Prescription, changed: dict[str, str], says: str, headers: dict[str, str]
) -> None:
    for url in (
        decide_url(walking, "progress"),
        reverse("programs:prescription-remove", args=[walking.pk]),
        reverse("guidance:prescription-change", args=[walking.pk]),
    ):
        sent = {"plan_version": "1", "minutes": "4", "per_day": "3", **changed}
        answer = as_user(vet).post(url, sent, headers=headers)
        assert answer.status_code == 422
        assert says in text_of(answer)
        assert ("<html" in answer.content.decode()) is not bool(headers)
    assert Decision.objects.count() == 1


def test_decision_on_an_old_plan_answers_409_with_what_changed(
    as_user: SignIn, vet: User, colleague: User, walking: Prescription, washing: Prescription
) -> None:
    as_user(colleague).post(
        reverse("programs:prescription-remove", args=[washing.pk]), {"plan_version": "1", "reason": "Skin is fine"}
    )
    browser, url = as_user(vet), decide_url(walking, "progress")
    answer = browser.post(url, {"plan_version": "1", "reason": "Two easy weeks"})
    assert answer.status_code == 409
    read = text_of(answer)
    assert "The plan was changed while you were looking at it." in read
    assert "Exercise removed: Daily warm wash" in read
    assert "“Skin is fine”" in read
    assert "Dr. Cai Moss" in read
    assert "Two easy weeks" in answer.content.decode()
    assert answer.context["form"]["plan_version"].value() == "2"
    assert browser.post(url, {"plan_version": "2", "reason": "Two easy weeks"}).status_code == 302


@pytest.mark.parametrize("version", ["9" * 5000, "-1", "x", ""])
def test_version_that_is_none_of_an_exercise_that_has_ended_answers_409(
    as_user: SignIn, vet: User, walking: Prescription, version: str
) -> None:
    browser = as_user(vet)
    browser.post(decide_url(walking, "regress"), {"plan_version": "1", "reason": "x"})
    answer = browser.post(decide_url(walking, "hold"), {"plan_version": version, "reason": "x"})
    assert answer.status_code == 409
    assert "Regress: Leash walk, 5 → 4 minutes" in text_of(answer)


def test_exercise_that_has_been_changed_meanwhile_says_so(as_user: SignIn, vet: User, walking: Prescription) -> None:
    browser = as_user(vet)
    for kind in ("regress", "progress"):
        answer = browser.post(decide_url(walking, kind), {"plan_version": "1", "reason": "x"})
    assert answer.status_code == 409
    read = text_of(browser.get(decide_url(walking, "hold")))
    assert "This has been changed or ended meanwhile." in read
    assert "Regress: Leash walk, 5 → 4 minutes" in read


def test_top_of_the_range_offers_the_harder_exercise(
    as_user: SignIn, vet: User, patient: Patient, definition: ProblemDefinition, walk: Exercise, hill: Exercise
) -> None:
    program = make.make_program(patient, vet, definition, exercises=[(walk, {"minutes": 30})], phase="P4")
    refresh_summaries(at=make.NOW, patient_ids=[patient.pk])
    browser, url = as_user(vet), decide_url(prescribed(program, "leash-walk"), "progress")
    page = browser.get(url)
    assert "Hill walk" in text_of(page)
    assert page.context["form"]["swap"].value() is True
    assert browser.post(url, {"plan_version": "1", "reason": "Top reached", "swap": "True"}).status_code == 302
    assert prescribed(program, "hill-walk").dose == {"minutes": 2, "days_per_week": 3}


def test_step_that_is_not_possible_says_why_and_has_no_button(
    as_user: SignIn, vet: User, therapist: User, patient: Patient, walk: Exercise, hill: Exercise, today: dt.date
) -> None:
    definition = make.make_definition(patient, vet)
    program = make.make_program(patient, vet, definition, exercises=[(walk, {"minutes": 30})])
    url = decide_url(prescribed(program, "leash-walk"), "progress")
    for user, may in ((vet, True), (therapist, False)):
        page = as_user(user).get(url)
        assert ("This step is not possible now" in text_of(page)) is not may
        assert ('<button type="submit" class="button">Progress' in page.content.decode()) is may


def test_easier_exercise_can_be_chosen(as_user: SignIn, vet: User, walking: Prescription, sling: Exercise) -> None:
    browser, url = as_user(vet), decide_url(walking, "regress")
    assert "Rather change to the easier exercise" in text_of(browser.get(url))
    assert "Sling walk" in text_of(browser.get(url, {"swap": "1"}))
    browser.post(f"{url}?swap=1", {"plan_version": "1", "reason": "Sore", "swap": "True"})
    assert prescribed(walking.program, "sling-walk").dose == {"minutes": 1, "per_day": 3}


def test_dose_is_changed_with_anchor_and_note(as_user: SignIn, vet: User, walking: Prescription) -> None:
    browser, url = as_user(vet), reverse("guidance:prescription-change", args=[walking.pk])
    page = browser.get(url)
    assert page.context["form"].variables == ["minutes", "per_day"]
    browser.post(
        url,
        {
            "plan_version": "1",
            "minutes": "4",
            "per_day": "3",
            "anchor": "After lunch",
            "note": "Slowly",
            "reason": "Tired",
        },
    )
    changed = prescribed(walking.program, "leash-walk")
    assert (changed.dose, changed.anchor, changed.note) == ({"minutes": 4, "per_day": 3}, "After lunch", "Slowly")


def test_refused_dose_is_shown_again(as_user: SignIn, therapist: User, walking: Prescription) -> None:
    url = reverse("guidance:prescription-change", args=[walking.pk])
    sent = {"plan_version": "1", "minutes": "60", "per_day": "3", "reason": "Much better"}
    answer = as_user(therapist).post(url, sent)
    assert answer.status_code == 422
    assert "minutes: 60 is outside 2 to 30" in text_of(answer)
    assert "Only a vet may decide otherwise" in text_of(answer)
    assert 'value="60"' in answer.content.decode()


@pytest.mark.parametrize("field", ["anchor", "note"])
def test_hidden_characters_are_not_sent_to_the_family(
    as_user: SignIn, vet: User, walking: Prescription, field: str
) -> None:
    url = reverse("guidance:prescription-change", args=[walking.pk])
    sent = {"plan_version": "1", "minutes": "4", "per_day": "3", "reason": "Tired", field: "\u202eylwolS"}
    answer = as_user(vet).post(url, sent)
    assert answer.status_code == 422
    assert "hidden character" in text_of(answer)


def test_exercise_is_chosen_from_the_library_and_added(
    as_user: SignIn, vet: User, plan: Program, hill: Exercise
) -> None:
    make.make_exercise("toe-squeeze", name="Toe squeeze", category="neuro_stimulation")
    make.make_exercise("heads-up", name="Heads up")
    browser, url = as_user(vet), reverse("guidance:exercise-add", args=[plan.pk])
    page = browser.get(url)
    body = page.content.decode()
    assert "?exercise=heads-up" in body
    assert "?exercise=hill-walk" in body
    assert "?exercise=toe-squeeze" not in body
    assert "?exercise=leash-walk" not in body
    assert "Not for this kind of back pain" in text_of(page)
    found = browser.get(url, {"q": "HEADS"})
    assert [one.exercise.slug for _, group in found.context["groups"] for one in group] == ["heads-up"]
    assert "No exercise of that name" in text_of(browser.get(url, {"q": "\x00<b>"}))

    form = browser.get(url, {"exercise": "heads-up"})
    assert [field.name for field in form.context["form"].dose_fields] == ["sets", "reps", "per_day"]
    sent = {
        "plan_version": "1",
        "sets": "1",
        "reps": "6",
        "per_day": "2",
        "anchor": "",
        "note": "",
        "reason": "Balance",
    }
    assert browser.post(f"{url}?exercise=heads-up", sent).status_code == 302
    assert prescribed(plan, "heads-up").dose == {"reps": 6, "per_day": 2}


def test_exercise_that_is_not_in_the_library_does_not_exist(
    as_user: SignIn, vet: User, plan: Program, outside_vet: User
) -> None:
    theirs = make.make_exercise("theirs", clinic=outside_vet.memberships.get().clinic)
    url = reverse("guidance:exercise-add", args=[plan.pk])
    for slug in (theirs.slug, "unknown", "\x00"):
        assert as_user(vet).get(url, {"exercise": slug}).status_code == 404
        assert as_user(vet).post(f"{url}?exercise=unknown", {"reason": "x"}).status_code == 404


def test_blocked_exercise_is_refused_when_sent_all_the_same(as_user: SignIn, vet: User, plan: Program) -> None:
    make.make_exercise("toe-squeeze", name="Toe squeeze", category="neuro_stimulation")
    url = reverse("guidance:exercise-add", args=[plan.pk])
    sent = {"plan_version": "1", "sets": "1", "reps": "5", "per_day": "1", "reason": "I insist"}
    answer = as_user(vet).post(f"{url}?exercise=toe-squeeze", sent)
    assert answer.status_code == 422
    assert "Toe squeeze: Not for this kind of back pain" in text_of(answer)
    assert Prescription.objects.count() == 2


# --- Counts ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [1, 12])
@pytest.mark.parametrize(
    ("name", "statements"),
    [
        ("program-history", 8),
        ("exercise-add", 8),
        ("program-assign", 13),
        ("prescription-change", 7),
        ("prescription-decide", 8),
    ],
)
def test_pages_take_as_many_queries_for_one_exercise_as_for_twelve(
    as_user: SignIn,
    vet: User,
    patient: Patient,
    definition: ProblemDefinition,
    walk: Exercise,
    protocol: Protocol,
    django_assert_num_queries: DjangoAssertNumQueries,
    name: str,
    statements: int,
    number: int,
) -> None:
    plan = make.make_program(patient, vet, definition, exercises=[(walk, {"minutes": 5, "per_day": 3})])
    for n in range(1, number):
        make.make_prescription(plan, exercise=f"exercise-{n}", position=n)
    walking = prescribed(plan, "leash-walk")
    url = {
        "program-history": reverse("programs:program-history", args=[plan.pk]),
        "exercise-add": reverse("guidance:exercise-add", args=[plan.pk]),
        "program-assign": reverse("programs:program-assign", args=[plan.patient_id]) + "?phase=own",
        "prescription-change": reverse("guidance:prescription-change", args=[walking.pk]),
        "prescription-decide": decide_url(walking, "progress"),
    }[name]
    browser = as_user(vet)
    browser.get(url)
    with django_assert_num_queries(statements):
        browser.get(url)
