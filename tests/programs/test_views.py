"""The pages: who may open them, what they say, and that nothing typed is lost."""

import datetime as dt
import re
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from rehab.library.models import Exercise, Protocol, ProtocolPhase
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


@pytest.fixture
def assign_url(patient: Patient) -> str:
    return reverse("programs:program-assign", args=[patient.pk])


def text_of(response: Any) -> str:
    """What a person reads: the page without tags and line breaks."""
    body = re.sub(r"<[^>]*>", " ", response.content.decode())
    return re.sub(r"\s+", " ", body)


def assignment(signed: ProblemDefinition, today: dt.date, /, **changed: Any) -> dict[str, Any]:
    """The form as a browser sends it for the two items of the protocol."""
    return {
        "definition": str(signed.pk),
        "seen_program": "",
        "seen_version": "",
        "starts_on": today.isoformat(),
        "reason": "",
        "leash-walk-chosen": "on",
        "leash-walk-minutes": "5",
        "leash-walk-per_day": "3",
        "leash-walk-anchor": "After the morning walk",
        "leash-walk-note": "",
        "warm-wash-chosen": "on",
        "warm-wash-minutes": "5",
        "warm-wash-per_day": "1",
        "warm-wash-anchor": "",
        "warm-wash-note": "With a soft towel",
        **changed,
    }


# --- Assigning -------------------------------------------------------------------------------------------------


def test_without_a_signed_definition_the_page_says_what_to_do(
    as_user: SignIn, vet: User, patient: Patient, assign_url: str
) -> None:
    make.make_definition(patient, vet, signed=False)
    for response, status in (
        (as_user(vet).get(assign_url), 200),
        (as_user(vet).post(assign_url, {"starts_on": "2026-03-18"}), 422),
    ):
        assert response.status_code == status
        assert "Without a signed problem definition no program can be assigned" in text_of(response)
        assert reverse("patients:definition-draft", args=[patient.pk]) in response.content.decode()
    assert not Program.objects.exists()


def test_protocols_of_the_row_are_offered(
    as_user: SignIn, vet: User, definition: ProblemDefinition, protocol: Protocol, phase: ProtocolPhase, assign_url: str
) -> None:
    other = Protocol.objects.create(
        slug="spinal-arthritis", name="Spondylosis", content_hash="", cause="arthritis", rows=["D1"], profile="msk"
    )
    Protocol.objects.create(
        slug="fce", name="Spinal stroke", content_hash="", cause="other_neuro", rows=["D3", "D4"], profile="neuro"
    )
    page = as_user(vet).get(assign_url)
    read = text_of(page)
    assert f"?phase={phase.pk}" in page.content.decode()
    assert read.index("Soft-tissue strain of the back") < read.index(other.name)
    assert "D1 starts here" in read
    assert "Spinal stroke" not in read


def test_phase_is_shown_with_its_items(
    as_user: SignIn, vet: User, definition: ProblemDefinition, phase: ProtocolPhase, assign_url: str
) -> None:
    early = make.make_exercise("heads-up", name="Heads up", earliest_phase="P2")
    squeeze = make.make_exercise("toe-squeeze", name="Toe squeeze", category="neuro_stimulation")
    phase.items += [
        {"exercise": early.slug},
        {"exercise": squeeze.slug},
        {"exercise": make.make_exercise("ball-roll", name="Ball roll").slug, "condition": "vet orders"},
        {"exercise": make.make_exercise("turn", name="Turn").slug, "condition": "grade >= 3"},
        {"exercise": make.make_exercise("reach", name="Reach").slug, "condition": "grade >= 1"},
        {"exercise": "gone"},
    ]
    phase.save()
    page = as_user(vet).get(assign_url, {"phase": str(phase.pk)})
    assert page.status_code == 200
    ticked = {line.candidate.exercise.slug: line.form.is_chosen for line in page.context["lines"]}
    assert ticked == {
        "leash-walk": True,
        "warm-wash": True,
        "heads-up": False,
        "toe-squeeze": False,
        "ball-roll": False,
        "reach": True,
    }
    read = text_of(page)
    assert "Meant for phase P2 and later; this is P1." in read
    assert "Not for this kind of back pain (Back tissue is the source, load-related)." in read
    assert "vet orders" in read
    assert "3 items, 2 active" in read
    # A new exercise starts at the low end, as often as the goal says; care starts at once.
    walk, wash = page.context["lines"][:2]
    assert (walk.candidate.dose.minutes, walk.candidate.dose.per_day) == (2, 2)
    assert "Goal of the phase: 10 minutes, twice a day" in read
    assert wash.candidate.dose == wash.candidate.target


def test_exercise_that_the_dog_knows_starts_where_it_was(
    as_user: SignIn, vet: User, plan: Program, phase: ProtocolPhase, assign_url: str
) -> None:
    page = as_user(vet).get(assign_url, {"phase": str(phase.pk)})
    assert page.context["lines"][0].candidate.dose.minutes == 5
    assert "This replaces the open program, P2 Steady" in text_of(page)
    assert page.context["form"]["starts_on"].value() == make.TODAY + dt.timedelta(days=1)


def test_phase_that_refers_to_another_protocol_shows_its_items(
    as_user: SignIn, vet: User, definition: ProblemDefinition, protocol: Protocol, assign_url: str
) -> None:
    keep = Protocol.objects.create(
        slug="maintenance-prevention", name="Maintenance", content_hash="", cause="any", rows=["D1"], profile="inherit"
    )
    shared = {"name": "Maintain", "days_min": 28, "days_max": 730, "code": "P5"}
    ProtocolPhase.objects.create(protocol=keep, position=0, items=[{"exercise": "leash-walk"}], **shared)
    last = ProtocolPhase.objects.create(
        protocol=protocol, position=2, items=[{"ref_protocol": "maintenance-prevention"}], **shared
    )
    page = as_user(vet).get(assign_url, {"phase": str(last.pk)})
    assert [line.candidate.exercise.slug for line in page.context["lines"]] == ["leash-walk"]


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_program_is_assigned_from_the_page(
    as_user: SignIn,
    vet: User,
    patient: Patient,
    definition: ProblemDefinition,
    phase: ProtocolPhase,
    assign_url: str,
    today: dt.date,
    headers: dict[str, str],
) -> None:
    answer = as_user(vet).post(f"{assign_url}?phase={phase.pk}", assignment(definition, today), headers=headers)
    on = reverse("guidance:patient", args=[patient.pk])
    if headers:
        assert (answer.status_code, answer.headers["HX-Redirect"]) == (200, on)
    else:
        assert (answer.status_code, answer.headers["Location"]) == (302, on)
    program = Program.objects.get()
    assert (program.protocol, program.phase, program.created_by) == (phase.protocol, "P1", vet)
    stored = program.prescriptions.order_by("position").values_list("exercise__slug", "dose", "anchor", "note")
    assert list(stored) == [
        ("leash-walk", {"minutes": 5, "per_day": 3}, "After the morning walk", ""),
        ("warm-wash", {"minutes": 5}, "", "With a soft towel"),
    ]


def test_what_is_not_ticked_is_neither_prescribed_nor_checked(
    as_user: SignIn, vet: User, definition: ProblemDefinition, phase: ProtocolPhase, assign_url: str, today: dt.date
) -> None:
    sent = assignment(definition, today, **{"leash-walk-minutes": "many"})
    del sent["leash-walk-chosen"]
    as_user(vet).post(f"{assign_url}?phase={phase.pk}", sent)
    assert [one.exercise.slug for one in Prescription.objects.all()] == ["warm-wash"]


@pytest.mark.parametrize("headers", [{}, HTMX])
@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("leash-walk-minutes", "many", "Enter a whole number."),
        ("leash-walk-minutes", "", "This field is required."),
        ("leash-walk-minutes", "0", "greater than or equal to 1"),
        ("leash-walk-minutes", "99999999999999999999", "less than or equal to 240"),
        ("leash-walk-anchor", "a" * 81, "at most 80 characters"),
        ("leash-walk-note", "Null \x00 character", "Null characters are not allowed."),
        ("starts_on", "soon", "Enter a valid date."),
        ("starts_on", "2026-03-17", "starts today or within the next 60 days"),
        ("reason", "r" * 501, "at most 500 characters"),
        ("definition", "1", "Enter a valid UUID."),
        ("seen_version", "-1", "greater than or equal to 1"),
        ("leash-walk-minutes", "31", "minutes: 31 is outside 2 to 30"),
    ],
)
def test_invalid_program_is_shown_again_with_all_that_was_typed(
    as_user: SignIn,
    vet: User,
    definition: ProblemDefinition,
    phase: ProtocolPhase,
    assign_url: str,
    today: dt.date,
    headers: dict[str, str],
    field: str,
    value: str,
    says: str,
) -> None:
    sent = assignment(definition, today, **{"warm-wash-anchor": "Before the last walk", field: value})
    answer = as_user(vet).post(f"{assign_url}?phase={phase.pk}", sent, headers=headers)
    assert answer.status_code == 422
    assert says in text_of(answer)
    assert "Before the last walk" in answer.content.decode()
    assert ("<html" in answer.content.decode()) is not bool(headers)
    assert not Program.objects.exists()
    assert not Decision.objects.exists()


def test_preview_adds_up_and_writes_nothing(
    as_user: SignIn, vet: User, definition: ProblemDefinition, phase: ProtocolPhase, assign_url: str, today: dt.date
) -> None:
    sent = assignment(definition, today, preview="1")
    answer = as_user(vet).post(f"{assign_url}?phase={phase.pk}", sent)
    assert answer.status_code == 200
    assert "2 items, 1 active, about 20 minutes a day" in text_of(answer)
    assert not Program.objects.exists()


def test_many_active_exercises_are_warned_about(
    as_user: SignIn, vet: User, definition: ProblemDefinition, phase: ProtocolPhase, assign_url: str
) -> None:
    for number, warned in ((4, False), (5, True)):
        phase.items = [{"exercise": make.make_exercise(f"active-{n}").slug} for n in range(number)]
        phase.save()
        page = as_user(vet).get(assign_url, {"phase": str(phase.pk)})
        assert ("More than 4 active" in text_of(page)) is warned


def test_program_sent_twice_answers_409_and_shows_what_happened(
    as_user: SignIn, vet: User, definition: ProblemDefinition, phase: ProtocolPhase, assign_url: str, today: dt.date
) -> None:
    browser, url = as_user(vet), f"{assign_url}?phase={phase.pk}"
    browser.post(url, assignment(definition, today))
    again = browser.post(url, assignment(definition, today))
    assert again.status_code == 409
    assert "The plan was changed while you were looking at it." in text_of(again)
    assert "Program assigned" in text_of(again)
    assert Program.objects.count() == 1
    program = Program.objects.get()
    assert again.context["form"]["seen_program"].value() == str(program.pk)
    # Sent once more as shown, it replaces the program that the person has now seen.
    seen = {"seen_program": str(program.pk), "seen_version": "1"}
    assert browser.post(url, assignment(definition, today, **seen)).status_code == 302
    assert Program.objects.count() == 2


def test_definition_signed_meanwhile_answers_409(
    as_user: SignIn,
    vet: User,
    patient: Patient,
    definition: ProblemDefinition,
    phase: ProtocolPhase,
    assign_url: str,
    today: dt.date,
) -> None:
    newer = make.make_definition(patient, vet)
    answer = as_user(vet).post(f"{assign_url}?phase={phase.pk}", assignment(definition, today))
    assert answer.status_code == 409
    assert answer.context["form"]["definition"].value() == str(newer.pk)
    assert not Program.objects.exists()


def test_phase_that_the_row_does_not_allow_does_not_exist(
    as_user: SignIn, vet: User, definition: ProblemDefinition, phase: ProtocolPhase, assign_url: str, today: dt.date
) -> None:
    phase.protocol.rows = ["D3"]
    phase.protocol.save()
    for asked in (str(phase.pk), str(uuid4()), "x", "\x00"):
        assert as_user(vet).get(assign_url, {"phase": asked}).status_code == 404
    sent = as_user(vet).post(f"{assign_url}?phase={phase.pk}", assignment(definition, today))
    assert sent.status_code == 404


def test_sending_without_a_phase_asks_for_one(
    as_user: SignIn, vet: User, definition: ProblemDefinition, assign_url: str, today: dt.date
) -> None:
    answer = as_user(vet).post(assign_url, assignment(definition, today))
    assert answer.status_code == 422
    assert "Choose a phase first." in text_of(answer)


def test_undetermined_problem_offers_only_careful_exercises(
    as_user: SignIn, vet: User, patient: Patient, walk: Exercise, wash: Exercise, assign_url: str, today: dt.date
) -> None:
    definition = make.make_definition(patient, vet, mechanism="undetermined")
    page = as_user(vet).get(assign_url, {"phase": "own"})
    blocked = {line.candidate.exercise.slug: line.candidate.is_blocked for line in page.context["lines"]}
    # The walk on the lead is a probe of row D7: an assessment.
    assert blocked == {"leash-walk": False, "warm-wash": False}
    make.make_exercise("weight-shift", name="Weight shifts")
    page = as_user(vet).get(assign_url, {"phase": "own"})
    assert [one.exercise.slug for one in page.context["left_out"]] == ["weight-shift"]
    assert "1 exercise is not for this dog now" in text_of(page)
    sent = assignment(definition, today)
    answer = as_user(vet).post(f"{assign_url}?phase=own", sent)
    assert answer.status_code == 422
    assert "Load level 2; phase P0 allows up to 1." in text_of(answer)
    sent["reason"] = "To see how the pain answers to walking"
    assert as_user(vet).post(f"{assign_url}?phase=own", sent).status_code == 302
    assert Program.objects.get().decision_row == "D7"


def test_therapist_sees_but_does_not_assign_in_a_neurologic_row(
    as_user: SignIn, vet: User, therapist: User, patient: Patient, wash: Exercise, assign_url: str, today: dt.date
) -> None:
    definition = make.make_definition(patient, vet, mechanism="neurologic", cause="disc")
    page = as_user(therapist).get(assign_url, {"phase": "own"})
    assert "Only a vet assigns a program for this kind of back pain." in text_of(page)
    assert ">Assign</button>" not in page.content.decode()
    sent = assignment(definition, today)
    answer = as_user(therapist).post(f"{assign_url}?phase=own", sent)
    assert answer.status_code == 422
    assert not Program.objects.exists()


def test_re_examination_that_is_overdue_is_said_before_anything_is_chosen(
    as_user: SignIn, vet: User, patient: Patient, assign_url: str, today: dt.date
) -> None:
    make.make_definition(patient, vet, re_exam_due_on=today - dt.timedelta(days=1))
    assert "The re-examination was due on" in text_of(as_user(vet).get(assign_url))


# --- Who may ---------------------------------------------------------------------------------------------------


def addresses(plan: Program) -> list[str]:
    walking = prescribed(plan, "leash-walk")
    return [
        reverse("programs:program-assign", args=[plan.patient_id]),
        reverse("programs:program-history", args=[plan.pk]),
        reverse("programs:exercise-add", args=[plan.pk]),
        reverse("programs:prescription-change", args=[walking.pk]),
        reverse("programs:prescription-remove", args=[walking.pk]),
        *(reverse("programs:prescription-decide", args=[walking.pk, kind]) for kind in ("progress", "hold", "regress")),
    ]


def test_staff_of_the_clinic_open_every_page(
    as_user: SignIn, plan: Program, vet: User, colleague: User, therapist: User
) -> None:
    for user in (vet, colleague, therapist):
        assert [as_user(user).get(url).status_code for url in addresses(plan)] == [200] * 8


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
    return reverse("programs:prescription-decide", args=[prescription.pk, kind])


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
        reverse("programs:prescription-change", args=[walking.pk]),
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
    browser, url = as_user(vet), reverse("programs:prescription-change", args=[walking.pk])
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
    url = reverse("programs:prescription-change", args=[walking.pk])
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
    url = reverse("programs:prescription-change", args=[walking.pk])
    sent = {"plan_version": "1", "minutes": "4", "per_day": "3", "reason": "Tired", field: "\u202eylwolS"}
    answer = as_user(vet).post(url, sent)
    assert answer.status_code == 422
    assert "hidden character" in text_of(answer)


def test_exercise_is_chosen_from_the_library_and_added(
    as_user: SignIn, vet: User, plan: Program, hill: Exercise
) -> None:
    make.make_exercise("toe-squeeze", name="Toe squeeze", category="neuro_stimulation")
    make.make_exercise("heads-up", name="Heads up")
    browser, url = as_user(vet), reverse("programs:exercise-add", args=[plan.pk])
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
    url = reverse("programs:exercise-add", args=[plan.pk])
    for slug in (theirs.slug, "unknown", "\x00"):
        assert as_user(vet).get(url, {"exercise": slug}).status_code == 404
        assert as_user(vet).post(f"{url}?exercise=unknown", {"reason": "x"}).status_code == 404


def test_blocked_exercise_is_refused_when_sent_all_the_same(as_user: SignIn, vet: User, plan: Program) -> None:
    make.make_exercise("toe-squeeze", name="Toe squeeze", category="neuro_stimulation")
    url = reverse("programs:exercise-add", args=[plan.pk])
    sent = {"plan_version": "1", "sets": "1", "reps": "5", "per_day": "1", "reason": "I insist"}
    answer = as_user(vet).post(f"{url}?exercise=toe-squeeze", sent)
    assert answer.status_code == 422
    assert "Toe squeeze: Not for this kind of back pain" in text_of(answer)
    assert Prescription.objects.count() == 2


# --- The story -------------------------------------------------------------------------------------------------


def test_history_tells_the_story_newest_first(
    as_user: SignIn, vet: User, therapist: User, walking: Prescription, washing: Prescription
) -> None:
    program = walking.program
    as_user(vet).post(decide_url(walking, "progress"), {"plan_version": "1", "reason": "Two easy weeks"})
    follower = prescribed(program, "leash-walk")
    as_user(therapist).post(decide_url(follower, "hold"), {"plan_version": "2", "suggestion": "Let it settle"})
    as_user(vet).post(
        reverse("programs:prescription-change", args=[washing.pk]),
        {"plan_version": "3", "minutes": "6", "per_day": "1", "anchor": "Before dinner", "reason": "Thick coat"},
    )
    read = text_of(as_user(vet).get(reverse("programs:program-history", args=[program.pk])))
    story = [
        "Dose changed: Daily warm wash, 5 → 6 minutes; Before dinner",
        "“Thick coat”",
        "Hold: Leash walk, stays as it is",
        "“Let it settle”",
        "Tom Reyes",
        "Progress: Leash walk, 5 → 6 minutes",
        "“Two easy weeks”",
        "Dr. Vera Lind · 18 Mar 2026, 17:00 · from 19 Mar 2026",
        "Program assigned",
        "Leash walk: 5 minutes, 3 times a day",
    ]
    places = [read.index(sentence) for sentence in story]
    assert places == sorted(places)


def test_history_escapes_what_people_write(as_user: SignIn, vet: User, walking: Prescription) -> None:
    as_user(vet).post(decide_url(walking, "hold"), {"plan_version": "1", "reason": "<script>alert(1)</script>"})
    body = as_user(vet).get(reverse("programs:program-history", args=[walking.program_id])).content.decode()
    assert "<script>alert" not in body
    assert "&lt;script&gt;alert(1)" in body


def test_history_of_an_ended_program_has_no_buttons(
    as_user: SignIn, vet: User, plan: Program, now: dt.datetime
) -> None:
    url = reverse("programs:program-history", args=[plan.pk])
    assert "/change/" in as_user(vet).get(url).content.decode()
    Program.objects.update(ended_at=now)
    page = as_user(vet).get(url)
    assert "This program has ended." in text_of(page)
    assert "/change/" not in page.content.decode()


# --- Counts ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [1, 12])
@pytest.mark.parametrize(
    ("name", "statements"),
    [
        ("program-history", 6),
        ("exercise-add", 7),
        ("program-assign", 9),
        ("prescription-change", 4),
        ("prescription-decide", 5),
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
        "exercise-add": reverse("programs:exercise-add", args=[plan.pk]),
        "program-assign": reverse("programs:program-assign", args=[plan.patient_id]) + "?phase=own",
        "prescription-change": reverse("programs:prescription-change", args=[walking.pk]),
        "prescription-decide": decide_url(walking, "progress"),
    }[name]
    browser = as_user(vet)
    browser.get(url)
    with django_assert_num_queries(statements):
        browser.get(url)
