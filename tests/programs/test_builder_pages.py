"""The page on which a program is built: every button without JavaScript, and that nothing typed is lost."""

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

from accounts.models import Clinic, User
from rehab.library.models import Exercise, Protocol, ProtocolPhase
from rehab.patients.models import Patient, ProblemDefinition
from rehab.programs.models import Decision, Prescription, Program
from tests import make

SignIn = Callable[[User], Client]
HTMX = {"HX-Request": "true"}
SECONDARY: dict[str, Any] = {
    "origin": "secondary",
    "cause": "compensatory",
    "limb_source_and_plan": "Left hip: weight, then strength.",
}


@pytest.fixture(autouse=True)
def _at_that_time(now: dt.datetime) -> Iterator[None]:
    with time_machine.travel(now, tick=False):
        yield


@pytest.fixture
def assign_url(patient: Patient) -> str:
    return reverse("programs:program-assign", args=[patient.pk])


@pytest.fixture
def url(assign_url: str, phase: ProtocolPhase) -> str:
    """The builder of phase P1 of the protocol: a walk and a wash."""
    return f"{assign_url}?phase={phase.pk}"


def text_of(response: Any) -> str:
    """What a person reads: the page without tags and line breaks."""
    body = re.sub(r"<[^>]*>", " ", response.content.decode())
    return re.sub(r"\s+", " ", body)


def typed(signed: ProblemDefinition, today: dt.date, /, **changed: Any) -> dict[str, Any]:
    """The form as a browser sends it for the two items of the protocol, with the button that is pressed."""
    return {
        "definition": str(signed.pk),
        "seen_program": "",
        "seen_version": "",
        "starts_on": today.isoformat(),
        "reason": "",
        "item": ["leash-walk", "warm-wash"],
        "leash-walk-minutes": "5",
        "leash-walk-per_day": "3",
        "leash-walk-has_more": "True",
        "leash-walk-from_week": "1",
        "leash-walk-anchor": "After the morning walk",
        "leash-walk-note": "",
        "warm-wash-minutes": "5",
        "warm-wash-per_day": "1",
        "warm-wash-has_more": "True",
        "warm-wash-from_week": "1",
        "warm-wash-anchor": "",
        "warm-wash-note": "With a soft towel",
        "do": "assign",
        **changed,
    }


def plan_of(response: Any) -> list[str]:
    return [line.slug for line in response.context["board"].lines]


def nothing_written() -> bool:
    return not (Program.objects.exists() or Decision.objects.exists() or Prescription.objects.exists())


# --- Where to start --------------------------------------------------------------------------------------------


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
    assert nothing_written()


def test_protocols_for_the_cause_come_first_and_refused_ones_are_named(
    as_user: SignIn, vet: User, definition: ProblemDefinition, phase: ProtocolPhase, assign_url: str
) -> None:
    Protocol.objects.create(
        slug="spinal-arthritis", name="Spondylosis", content_hash="", cause="arthritis", rows=["D1"], profile="msk"
    )
    stroke = Protocol.objects.create(
        slug="fce", name="Spinal stroke", content_hash="", cause="other_neuro", rows=["D3", "D4"], profile="neuro"
    )
    foreign = ProtocolPhase.objects.create(
        protocol=stroke, position=0, code="P0", name="Nursing", days_min=1, days_max=7
    )
    page = as_user(vet).get(assign_url)
    read = text_of(page)
    assert f"?phase={phase.pk}" in page.content.decode()
    assert read.index("Soft-tissue strain of the back") < read.index("Spondylosis") < read.index("Spinal stroke")
    assert "D1 starts here" in read
    assert "passive motion, supported standing, sensation" in read
    assert "For rows D3, D4; the signed definition is row D1." in read
    assert str(foreign.pk) not in page.content.decode()


def test_phase_that_the_row_does_not_allow_does_not_exist(
    as_user: SignIn, vet: User, definition: ProblemDefinition, phase: ProtocolPhase, assign_url: str, today: dt.date
) -> None:
    phase.protocol.rows = ["D3"]
    make.rewrite(phase.protocol)
    for asked in (str(phase.pk), str(uuid4()), "x", "\x00"):
        assert as_user(vet).get(assign_url, {"phase": asked}).status_code == 404
    sent = as_user(vet).post(f"{assign_url}?phase={phase.pk}", typed(definition, today))
    assert sent.status_code == 404


def test_sending_without_a_phase_asks_for_one(
    as_user: SignIn, vet: User, definition: ProblemDefinition, assign_url: str, today: dt.date
) -> None:
    answer = as_user(vet).post(assign_url, typed(definition, today))
    assert answer.status_code == 422
    assert "Choose a phase first." in text_of(answer)


# --- What is proposed ------------------------------------------------------------------------------------------


def test_phase_proposes_its_plan_and_names_what_it_leaves_out(
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
    make.rewrite(phase)
    page = as_user(vet).get(assign_url, {"phase": str(phase.pk)})
    board = page.context["board"]
    assert plan_of(page) == ["leash-walk", "warm-wash", "reach"]
    assert [one.exercise.slug for one in board.others] == ["heads-up", "toe-squeeze", "ball-roll"]
    read = text_of(page)
    assert "Meant for phase P2 and later; this is P1." in read
    assert "Not for this kind of back pain (Back tissue is the source, load-related)." in read
    assert "Only if vet orders" in read
    assert "3 items, 2 active" in read
    # A new exercise starts at the low end, as often as the goal says; care starts at once.
    walk, wash = (line.candidate for line in board.lines[:2])
    assert (walk.dose.minutes, walk.dose.per_day) == (2, 2)
    assert "Goal of the phase: 10 minutes, twice a day" in read
    assert wash.dose == wash.target


def test_exercise_that_the_dog_knows_starts_where_it_was(
    as_user: SignIn, vet: User, plan: Program, url: str, today: dt.date
) -> None:
    page = as_user(vet).get(url)
    assert page.context["board"].lines[0].candidate.dose.minutes == 5
    assert "This replaces the open program, P2 Steady" in text_of(page)
    assert page.context["form"]["starts_on"].value() == today + dt.timedelta(days=1)


def test_phase_that_refers_to_another_protocol_proposes_its_items(
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
    assert plan_of(page) == ["leash-walk"]
    assert "28 days and longer" in text_of(page)


def test_own_choice_starts_from_nothing(
    as_user: SignIn, vet: User, definition: ProblemDefinition, walk: Exercise, assign_url: str
) -> None:
    page = as_user(vet).get(assign_url, {"phase": "own"})
    assert plan_of(page) == []
    assert "Nothing chosen yet" in text_of(page)
    assert 'name="item_in" value="leash-walk"' in page.content.decode()


# --- Order, add, take out ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("headers", [{}, HTMX])
@pytest.mark.parametrize(
    ("press", "plan", "says"),
    [
        ({"item_up": "warm-wash"}, ["warm-wash", "leash-walk"], "Daily warm wash: now number 1 of 2."),
        ({"item_down": "leash-walk"}, ["warm-wash", "leash-walk"], "Leash walk: now number 2 of 2."),
        ({"item_up": "leash-walk"}, ["leash-walk", "warm-wash"], "Leash walk: now number 1 of 2."),
        ({"item_in": "heads-up"}, ["leash-walk", "warm-wash", "heads-up"], "Heads up: now number 3 of 3."),
        ({"item_out": "leash-walk"}, ["warm-wash"], "Leash walk was taken out."),
        ({"item_up": "unknown"}, ["leash-walk", "warm-wash"], ""),
    ],
)
def test_button_changes_the_plan_keeps_what_was_typed_and_writes_nothing(
    as_user: SignIn,
    vet: User,
    definition: ProblemDefinition,
    url: str,
    today: dt.date,
    headers: dict[str, str],
    press: dict[str, str],
    plan: list[str],
    says: str,
) -> None:
    make.make_exercise("heads-up", name="Heads up")
    sent = typed(definition, today, **{"leash-walk-minutes": "many", "reason": "So far", **press})
    answer = as_user(vet).post(url, sent, headers=headers)
    assert answer.status_code == 200
    assert plan_of(answer) == plan
    assert says in text_of(answer)
    body = answer.content.decode()
    assert ("<html" in body) is not bool(headers)
    assert re.findall(r'name="item" value="([^"]+)"', body) == plan
    for kept in ('value="many"', "With a soft towel", "After the morning walk", "So far"):
        assert kept in body
    assert 'id="form-errors"' not in body
    assert nothing_written()


def test_what_was_taken_out_comes_back_as_it_was_typed(
    as_user: SignIn, vet: User, definition: ProblemDefinition, url: str, today: dt.date
) -> None:
    browser = as_user(vet)
    sent = typed(definition, today, item_out="leash-walk", **{"leash-walk-minutes": "7"})
    without = browser.post(url, sent).content.decode()
    assert re.findall(r'name="aside" value="([^"]+)"', without) == ["leash-walk"]
    assert re.search(r'type="hidden" name="leash-walk-minutes" value="7"', without)
    again = {**sent, "item": ["warm-wash"], "aside": ["leash-walk"], "item_in": "leash-walk"}
    del again["item_out"]
    back = browser.post(url, again)
    assert plan_of(back) == ["warm-wash", "leash-walk"]
    assert back.context["board"].lines[1].item.dose.minutes == 7


def test_library_is_searched_by_name_kind_and_purpose(
    as_user: SignIn, vet: User, definition: ProblemDefinition, url: str, today: dt.date, other_clinic: Clinic
) -> None:
    make.make_exercise("heads-up", name="Heads up", purpose="Steady neck")
    make.make_exercise("toe-squeeze", name="Toe squeeze", category="neuro_stimulation", purpose="Wake the paw")
    make.make_exercise("theirs", name="Heads of others", clinic=other_clinic)
    browser = as_user(vet)
    for query, found in (
        ("HEADS", ["heads-up"]),
        ("balance up", ["heads-up"]),
        ("paw", ["toe-squeeze"]),
        ("nothing like it", []),
        ("\x00<b>", []),
    ):
        answer = browser.post(url, typed(definition, today, do="search", q=query), headers=HTMX)
        assert answer.status_code == 200
        assert [one.candidate.exercise.slug for one in answer.context["found"]] == found
        assert 'id="found"' in answer.content.decode()
        assert 'id="assign"' not in answer.content.decode()
    page = browser.post(url, typed(definition, today, do="search", q="toe"))
    assert "Blocked D1" in text_of(page)
    assert 'name="item_in" value="toe-squeeze"' not in page.content.decode()
    assert 'name="q" value="toe"' in page.content.decode()


# --- What it comes to --------------------------------------------------------------------------------------------


def test_typing_swaps_the_sums_and_never_a_field(
    as_user: SignIn, vet: User, definition: ProblemDefinition, url: str, today: dt.date
) -> None:
    sent = typed(definition, today, do="weigh", **{"leash-walk-minutes": "31"})
    answer = as_user(vet).post(url, sent, headers=HTMX)
    assert answer.status_code == 200
    body, read = answer.content.decode(), text_of(answer)
    assert set(re.findall(r'id="([^"]+)"[^>]*hx-swap-oob="true"', body)) == {
        *("panel", "checks", "overruled", "short"),
        *("state-leash-walk", "dose-leash-walk", "state-warm-wash", "dose-warm-wash"),
    }
    assert "<input" not in body
    assert "minutes: 31 is outside 2 to 30" in read
    assert "31 minutes, 3 times a day" in read
    assert "2 items, 1 active, 98 min a day" in read
    assert "This departs from: the range of a dose." in read
    assert nothing_written()


def test_what_cannot_be_read_is_said_at_its_exercise(
    as_user: SignIn, vet: User, definition: ProblemDefinition, url: str, today: dt.date
) -> None:
    sent = typed(definition, today, do="weigh", **{"leash-walk-minutes": "many"})
    answer = as_user(vet).post(url, sent, headers=HTMX)
    assert answer.status_code == 200
    assert "Enter a whole number." in text_of(answer)
    assert "Some fields need another look." in text_of(answer)


@pytest.mark.parametrize(("number", "warned"), [(4, False), (5, True)])
def test_many_active_exercises_are_warned_about(
    as_user: SignIn,
    vet: User,
    definition: ProblemDefinition,
    phase: ProtocolPhase,
    url: str,
    number: int,
    warned: bool,
) -> None:
    phase.items = [{"exercise": make.make_exercise(f"active-{n}").slug} for n in range(number)]
    make.rewrite(phase)
    read = text_of(as_user(vet).get(url))
    assert f"{number} items, {number} active" in read
    assert ("More than 4 active exercises" in read) is warned


def test_growth_against_the_running_program_is_shown(as_user: SignIn, vet: User, plan: Program, url: str) -> None:
    page = as_user(vet).get(url)
    assert page.context["weighed"].totals.growth_percent == -33
    assert "-33 %" in text_of(page)


def test_what_the_family_must_be_told_stands_beside_the_plan(
    as_user: SignIn, vet: User, patient: Patient, walk: Exercise, phase: ProtocolPhase, assign_url: str, today: dt.date
) -> None:
    operated: dict[str, Any] = {"cause": "disc", "surgery_on": today - dt.timedelta(days=5), "findings": ["neck_pain"]}
    make.make_definition(patient, vet, **operated, region="Cervical")
    massage = make.make_exercise(
        "light-massage", category="massage_manual", mode="passive", load=1, earliest_phase="P0", contraindications=[]
    )
    phase.items = [{"exercise": massage.slug}]
    make.rewrite(phase)
    read = text_of(as_user(vet).get(assign_url, {"phase": str(phase.pk)}))
    assert "Tell the family Not within 5 cm of the wound." in read
    assert "Tell the family: Harness only: nothing on the neck, no lead on a collar." in read


# --- How the family will see it ----------------------------------------------------------------------------------


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_preview_shows_the_first_day_and_writes_nothing(
    as_user: SignIn, vet: User, definition: ProblemDefinition, url: str, today: dt.date, headers: dict[str, str]
) -> None:
    sent = typed(definition, today, do="preview", **{"warm-wash-when_time": "on"})
    answer = as_user(vet).post(url, sent, headers=headers)
    assert answer.status_code == 200
    shown = answer.context["preview"]
    assert [(one.name, one.dose) for one in shown.due] == [("Leash walk", "5 minutes, 3 times a day")]
    assert [one.name for one in shown.optional] == ["Daily warm wash"]
    assert "What the family sees on Wednesday, 18 March" in text_of(answer)
    # It follows what is typed until it is closed.
    live = as_user(vet).post(url, {**sent, "do": "weigh", "previewed": "1", "leash-walk-minutes": "6"}, headers=HTMX)
    assert "6 minutes, 3 times a day" in live.context["preview"].due[0].dose
    closed = as_user(vet).post(url, {**sent, "do": "close", "previewed": "1"}, headers=headers)
    assert closed.context["preview"] is None
    assert nothing_written()


@pytest.mark.parametrize(("field", "value"), [("leash-walk-minutes", "many"), ("starts_on", "soon"), ("item", [])])
def test_preview_of_what_cannot_be_read_is_refused(
    as_user: SignIn, vet: User, definition: ProblemDefinition, url: str, today: dt.date, field: str, value: Any
) -> None:
    answer = as_user(vet).post(url, typed(definition, today, do="preview", **{field: value}))
    assert answer.status_code == 422
    assert answer.context["preview"] is None


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01"])
def test_day_at_the_end_of_the_calendar_is_refused_without_a_stumble(
    as_user: SignIn, vet: User, definition: ProblemDefinition, url: str, today: dt.date, day: str
) -> None:
    sent = typed(definition, today, starts_on=day, previewed="1", **{"leash-walk-from_week": "104"})
    for act, status in (("weigh", 200), ("preview", 200), ("assign", 422)):
        assert as_user(vet).post(url, {**sent, "do": act}).status_code == status


# --- Assigning ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_program_is_assigned_in_the_order_of_the_plan(
    as_user: SignIn,
    vet: User,
    patient: Patient,
    definition: ProblemDefinition,
    phase: ProtocolPhase,
    url: str,
    today: dt.date,
    headers: dict[str, str],
) -> None:
    sent = typed(definition, today, item=["warm-wash", "leash-walk"])
    answer = as_user(vet).post(url, sent, headers=headers)
    on = reverse("guidance:patient", args=[patient.pk])
    if headers:
        assert (answer.status_code, answer.headers["HX-Redirect"]) == (200, on)
    else:
        assert (answer.status_code, answer.headers["Location"]) == (302, on)
    program = Program.objects.get()
    assert (program.protocol, program.phase, program.created_by) == (phase.protocol, "P1", vet)
    stored = program.prescriptions.order_by("position").values_list("exercise__slug", "dose", "anchor", "note", "aim")
    assert list(stored) == [
        ("warm-wash", {"minutes": 5}, "", "With a soft towel", ""),
        ("leash-walk", {"minutes": 5, "per_day": 3}, "After the morning walk", "", ""),
    ]


def test_dose_says_what_a_handout_says(
    as_user: SignIn, vet: User, definition: ProblemDefinition, url: str, today: dt.date
) -> None:
    heads = make.make_exercise("heads-up", name="Heads up")
    sent = typed(
        definition,
        today,
        item=["leash-walk", "warm-wash", heads.slug],
        **{
            "leash-walk-ramp_by": "1",
            "leash-walk-ramp_to": "12",
            "warm-wash-only_if": "the coat is dirty",
            "heads-up-sets": "1",
            "heads-up-reps": "5",
            "heads-up-per_day": "1",
            "heads-up-has_more": "True",
            "heads-up-each_side": "on",
            "heads-up-from_week": "3",
            "heads-up-anchor": "",
            "heads-up-note": "",
        },
    )
    assert as_user(vet).post(url, sent).status_code == 302
    walk, wash, later = Prescription.objects.order_by("position")
    assert (walk.dose["ramp_by"], walk.dose["ramp_to"]) == (1, 12)
    assert (wash.dose["only_if"], wash.weekdays) == ("the coat is dirty", 0)
    assert (later.dose["each_side"], later.starts_on) == (True, today + dt.timedelta(days=14))


def test_exercise_inside_another_needs_the_other(
    as_user: SignIn, vet: User, definition: ProblemDefinition, url: str, today: dt.date
) -> None:
    sent = typed(definition, today, **{"warm-wash-part_of": "leash-walk"})
    for without in ({"item": ["warm-wash"]}, {"item": ["warm-wash"], "aside": ["leash-walk"]}):
        answer = as_user(vet).post(url, {**sent, **without})
        assert answer.status_code == 422
        assert "which is not in the program." in text_of(answer)
    assert nothing_written()
    assert as_user(vet).post(url, sent).status_code == 302
    assert Prescription.objects.get(exercise__slug="warm-wash").dose["within"] == "leash-walk"


def test_what_was_taken_out_is_neither_prescribed_nor_checked(
    as_user: SignIn, vet: User, definition: ProblemDefinition, url: str, today: dt.date
) -> None:
    sent = typed(definition, today, item=["warm-wash"], aside=["leash-walk"], **{"leash-walk-minutes": "many"})
    assert as_user(vet).post(url, sent).status_code == 302
    assert [one.exercise.slug for one in Prescription.objects.all()] == ["warm-wash"]


@pytest.mark.parametrize("headers", [{}, HTMX])
@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("leash-walk-minutes", "many", "Enter a whole number."),
        ("leash-walk-minutes", "", "This field is required."),
        ("leash-walk-minutes", "0", "greater than or equal to 1"),
        ("leash-walk-minutes", "99999999999999999999", "less than or equal to 240"),
        ("leash-walk-ramp_by", "2", "A weekly growth needs both"),
        ("leash-walk-part_of", "elsewhere", "Select a valid choice."),
        ("leash-walk-anchor", "a" * 81, "at most 80 characters"),
        ("leash-walk-note", "Null \x00 character", "Null characters are not allowed."),
        ("starts_on", "soon", "Enter a valid date."),
        ("starts_on", "2026-03-17", "starts today or within the next 60 days"),
        ("starts_on", "2026-04-02", "The re-examination is due on 1 Apr 2026."),
        ("reason", "r" * 501, "at most 500 characters"),
        ("definition", "1", "Enter a valid UUID."),
        ("definition", "01980000-0000-7000-8000-000000000000", "This problem definition is not the dog’s."),
        ("seen_version", "-1", "greater than or equal to 1"),
        ("leash-walk-minutes", "31", "minutes: 31 is outside 2 to 30"),
        ("item", [], "Choose at least one exercise."),
    ],
)
def test_refused_program_is_shown_again_with_all_that_was_typed(
    as_user: SignIn,
    vet: User,
    definition: ProblemDefinition,
    url: str,
    today: dt.date,
    headers: dict[str, str],
    field: str,
    value: str,
    says: str,
) -> None:
    sent = typed(definition, today, **{"warm-wash-anchor": "Before the last walk", "q": "kept words", field: value})
    answer = as_user(vet).post(url, sent, headers=headers)
    assert answer.status_code == 422
    assert says in text_of(answer)
    body = answer.content.decode()
    assert ("<html" in body) is not bool(headers)
    assert "kept words" in body
    if field != "item":
        assert "Before the last walk" in body
    assert nothing_written()


def test_definition_of_another_dog_is_refused(
    as_user: SignIn, vet: User, clinic: Clinic, definition: ProblemDefinition, url: str, today: dt.date
) -> None:
    other = make.make_definition(make.make_patient(clinic, vet, name="Other"), vet)
    answer = as_user(vet).post(url, typed(other, today))
    assert answer.status_code == 422
    assert "Open the page again from the dog." in text_of(answer)
    assert nothing_written()


def test_definition_signed_meanwhile_answers_409_and_keeps_the_plan(
    as_user: SignIn, vet: User, patient: Patient, definition: ProblemDefinition, url: str, today: dt.date
) -> None:
    newer = make.make_definition(patient, vet)
    answer = as_user(vet).post(url, typed(definition, today))
    assert answer.status_code == 409
    assert answer.context["form"]["definition"].value() == str(newer.pk)
    assert plan_of(answer) == ["leash-walk", "warm-wash"]
    assert "With a soft towel" in answer.content.decode()
    assert nothing_written()


def test_exercise_that_has_gone_meanwhile_answers_409(
    as_user: SignIn, vet: User, definition: ProblemDefinition, url: str, today: dt.date, now: dt.datetime
) -> None:
    Exercise.objects.filter(slug="leash-walk").update(superseded_at=now)
    browser = as_user(vet)
    answer = browser.post(url, typed(definition, today))
    assert answer.status_code == 409
    assert "leash-walk is no longer in the library; it was taken out of the plan." in text_of(answer)
    assert plan_of(answer) == ["warm-wash"]
    assert nothing_written()
    assert browser.post(url, typed(definition, today, item=["warm-wash"])).status_code == 302


def test_program_sent_twice_answers_409_and_shows_theirs_and_mine(
    as_user: SignIn, vet: User, definition: ProblemDefinition, url: str, today: dt.date
) -> None:
    browser = as_user(vet)
    browser.post(url, typed(definition, today))
    again = browser.post(url, typed(definition, today, **{"leash-walk-minutes": "9"}))
    assert again.status_code == 409
    assert "The plan was changed while you were looking at it." in text_of(again)
    assert "Program assigned" in text_of(again)
    assert 'value="9"' in again.content.decode()
    program = Program.objects.get()
    assert again.context["form"]["seen_program"].value() == str(program.pk)
    # Sent once more as shown, it replaces the program that the person has now seen.
    seen = {"seen_program": str(program.pk), "seen_version": "1"}
    assert browser.post(url, typed(definition, today, **seen)).status_code == 302
    assert Program.objects.count() == 2


def test_undetermined_problem_offers_only_careful_exercises(
    as_user: SignIn, vet: User, patient: Patient, walk: Exercise, wash: Exercise, assign_url: str, today: dt.date
) -> None:
    definition = make.make_definition(
        patient, vet, mechanism="undetermined", pain_control="medicine", pain_control_plan="Gabapentin"
    )
    make.make_exercise("weight-shift", name="Weight shifts")
    own = f"{assign_url}?phase=own"
    page = as_user(vet).get(own)
    blocked = {one.candidate.exercise.slug: one.candidate.is_blocked for one in page.context["found"]}
    # The walk on the lead is a probe of row D7: an assessment.
    assert blocked == {"leash-walk": False, "warm-wash": False, "weight-shift": True}
    sent = typed(definition, today)
    answer = as_user(vet).post(own, sent)
    assert answer.status_code == 422
    assert "Load level 2; phase P0 allows up to 1." in text_of(answer)
    sent["reason"] = "To see how the pain answers to walking"
    assert as_user(vet).post(own, sent).status_code == 302
    assert Program.objects.get().decision_row == "D7"


def test_therapist_sees_but_does_not_assign_in_a_neurologic_row(
    as_user: SignIn, vet: User, therapist: User, patient: Patient, wash: Exercise, assign_url: str, today: dt.date
) -> None:
    definition = make.make_definition(patient, vet, mechanism="neurologic", cause="disc")
    own = f"{assign_url}?phase=own"
    page = as_user(therapist).get(own)
    assert "Only a vet assigns a program for this kind of back pain." in text_of(page)
    assert 'value="assign"' not in page.content.decode()
    answer = as_user(therapist).post(own, typed(definition, today, item=["warm-wash"]))
    assert answer.status_code == 422
    assert nothing_written()


def test_re_examination_that_is_overdue_is_said_before_anything_is_chosen(
    as_user: SignIn, vet: User, patient: Patient, phase: ProtocolPhase, assign_url: str, today: dt.date
) -> None:
    definition = make.make_definition(patient, vet, re_exam_due_on=today - dt.timedelta(days=1))
    assert "The re-examination was due on" in text_of(as_user(vet).get(assign_url))
    answer = as_user(vet).post(f"{assign_url}?phase={phase.pk}", typed(definition, today))
    assert answer.status_code == 422
    assert "Examine the dog and sign a new problem definition first." in text_of(answer)
    assert nothing_written()


# --- Secondary pain ----------------------------------------------------------------------------------------------


@pytest.fixture
def limb_definition(patient: Patient, vet: User) -> ProblemDefinition:
    return make.make_definition(patient, vet, **SECONDARY, habits=["bunny_hop"])


def back_only(signed: ProblemDefinition, today: dt.date, /, **changed: Any) -> dict[str, Any]:
    """A plan of two exercises, both for the back alone."""
    fields = {"sets": "1", "reps": "5", "per_day": "1", "from_week": "1", "anchor": "", "note": "", "aim": "back"}
    lines = {f"{slug}-{name}": value for slug in ("cookie-stretch", "heads-up") for name, value in fields.items()}
    return {**typed(signed, today, item=["cookie-stretch", "heads-up"]), **lines, **changed}


def test_program_that_only_trains_the_back_is_refused_and_passes_with_the_limb(
    as_user: SignIn, vet: User, limb_definition: ProblemDefinition, walk: Exercise, assign_url: str, today: dt.date
) -> None:
    make.make_exercise("cookie-stretch", category="prom_stretching", trains="stretching", earliest_phase="P1")
    make.make_exercise("heads-up", trains="stabilisation", earliest_phase="P1")
    browser, own = as_user(vet), f"{assign_url}?phase=own"
    live = browser.post(own, back_only(limb_definition, today, do="weigh"), headers=HTMX)
    assert "0 of 2 active exercises work on the limb or a listed habit" in text_of(live)
    assert "refused as it stands" in text_of(live)
    # A reason does not help: the rule is nobody's to overrule.
    answer = browser.post(own, back_only(limb_definition, today, reason="I insist"))
    assert answer.status_code == 422
    assert "at least 1 of 2 active exercises must work on the limb or a listed habit" in text_of(answer)
    assert "(D5)" in text_of(answer)
    assert nothing_written()

    plan = ["cookie-stretch", "heads-up", "leash-walk"]
    for aims, status in (({"leash-walk-aim": "back"}, 422), ({"leash-walk-aim": "bunny_hop"}, 422)):
        assert browser.post(own, back_only(limb_definition, today, item=plan, **aims)).status_code == status
    # The library knows nothing of heads-up and the limb, so a vet says it with a reason.
    aims = {"leash-walk-aim": "bunny_hop", "heads-up-aim": "limb"}
    assert browser.post(own, back_only(limb_definition, today, item=plan, **aims)).status_code == 422
    aims |= {"reason": "It loads the sound leg"}
    assert browser.post(own, back_only(limb_definition, today, item=plan, **aims)).status_code == 302
    stored = Prescription.objects.order_by("position").values_list("exercise__slug", "aim")
    assert list(stored) == [("cookie-stretch", "back"), ("heads-up", "limb"), ("leash-walk", "bunny_hop")]


def test_aim_that_the_definition_does_not_list_is_refused(
    as_user: SignIn, vet: User, limb_definition: ProblemDefinition, walk: Exercise, assign_url: str, today: dt.date
) -> None:
    for aim in ("weight_forward", "nonsense", "\x00"):
        sent = typed(limb_definition, today, item=["leash-walk"], **{"leash-walk-aim": aim})
        answer = as_user(vet).post(f"{assign_url}?phase=own", sent)
        assert answer.status_code == 422
    assert nothing_written()


def test_aim_is_not_asked_where_it_does_not_count(
    as_user: SignIn, vet: User, definition: ProblemDefinition, url: str
) -> None:
    assert "-aim" not in as_user(vet).get(url).content.decode()


# --- Who may, and how much it costs ------------------------------------------------------------------------------


def test_builder_of_another_clinics_dog_does_not_exist(
    as_user: SignIn, outside_vet: User, definition: ProblemDefinition, url: str, today: dt.date
) -> None:
    browser = as_user(outside_vet)
    assert browser.get(url).status_code == 404
    assert browser.post(url, typed(definition, today)).status_code == 404
    assert nothing_written()


@pytest.mark.parametrize("number", [1, 100])
@pytest.mark.parametrize(
    ("act", "statements"), [("", 15), ("weigh", 13), ("search", 11), ("preview", 15), ("item_out", 15)]
)
def test_builder_takes_as_many_queries_for_one_exercise_as_for_a_hundred(
    as_user: SignIn,
    vet: User,
    plan: Program,
    definition: ProblemDefinition,
    phase: ProtocolPhase,
    url: str,
    today: dt.date,
    django_assert_num_queries: DjangoAssertNumQueries,
    act: str,
    statements: int,
    number: int,
) -> None:
    for n in range(number):
        make.make_exercise(f"exercise-{n}")
    slugs = [f"exercise-{n}" for n in range(min(number, 12))]
    phase.items = [{"exercise": slug} for slug in slugs]
    make.rewrite(phase)
    sent = typed(definition, today, item=slugs, **({"item_out": slugs[0]} if act == "item_out" else {"do": act}))
    browser = as_user(vet)
    browser.get(url)
    with django_assert_num_queries(statements):
        if act:
            assert browser.post(url, sent, headers=HTMX).status_code == 200
        else:
            assert browser.get(url).status_code == 200
