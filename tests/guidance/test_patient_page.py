"""The staff's page of one dog: who may open it, what it says, and at which cost."""

import datetime as dt
import re
from collections.abc import Callable, Iterator
from html import unescape
from typing import Any

import pytest
import time_machine
from django.test import Client

from accounts.access import Role
from accounts.models import Clinic, Invitation, User
from rehab.guidance.actions import refresh_summaries
from rehab.guidance.attention import Code
from rehab.guidance.models import PatientSummary
from rehab.guidance.queries.patient_page import SPANS, patient_page
from rehab.guidance.wording import BADGES
from rehab.lib.ids import new_id
from rehab.library.models import Phase
from rehab.patients.models import CaregiverInvitation, Patient, ProblemDefinition
from rehab.programs.actions import Item, decide, pause_program
from rehab.programs.actions.phasing import move_phase
from rehab.programs.models import Decision, Program
from tests import make
from tests.make import NOW, TODAY

DAY = dt.timedelta(days=1)
AsUser = Callable[[User], Client]


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def url(patient: Patient, query: str = "") -> str:
    return f"/patients/{patient.pk}/{query}"


def text_of(html: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", html))).strip()


def shown(client: Client, patient: Patient, query: str = "") -> str:
    answer = client.get(url(patient, query))
    assert answer.status_code == 200
    return text_of(answer.content.decode())


@pytest.mark.parametrize(
    ("persona", "status"),
    [
        ("vet", 200),
        ("therapist", 200),
        ("colleague", 200),
        ("owner", 403),
        ("caregiver", 403),
        ("admin", 404),
        ("stranger", 404),
        ("outside_vet", 404),
    ],
)
def test_patient_page_is_for_those_who_see_the_record(
    request: pytest.FixtureRequest, as_user: AsUser, patient: Patient, persona: str, status: int
) -> None:
    answer = as_user(request.getfixturevalue(persona)).get(url(patient))
    assert answer.status_code == status
    assert (b"Bruno" in answer.content) is (status == 200)


def test_patient_page_asks_for_a_sign_in_and_refuses_post(
    client: Client, as_user: AsUser, patient: Patient, vet: User
) -> None:
    assert client.get(url(patient)).status_code == 302
    assert as_user(vet).post(url(patient)).status_code == 405
    assert as_user(vet).get(f"/patients/{new_id()}/").status_code == 404


def test_page_without_definition_explains_the_gate(as_user: AsUser, patient: Patient, vet: User) -> None:
    text = shown(as_user(vet), patient)
    assert "Until a vet has signed the answers, no program can be assigned." in text
    assert "Define the problem" in text
    make.make_definition(patient, vet, signed=False)
    assert "Finish the draft and sign it" in shown(as_user(vet), patient)


def test_page_never_offers_a_signature_to_a_therapist(
    as_user: AsUser, patient: Patient, vet: User, therapist: User
) -> None:
    make.make_definition(patient, vet, signed=False)
    text = shown(as_user(therapist), patient)
    assert "Finish the draft for the vet" in text
    assert "sign it" not in text


def test_page_with_definition_and_no_program_leads_to_one(
    as_user: AsUser, patient: Patient, vet: User, definition: ProblemDefinition
) -> None:
    text = shown(as_user(vet), patient)
    assert "Assign a program" in text
    assert "Define the problem" not in text
    assert "Primary, musculoskeletal" in text or "primary, musculoskeletal" in text
    assert "Grade 1 of 5, pain only" in text
    assert "in 14 days" in text
    assert "Signed by Dr. Vera Lind, 18 Mar 2026" in text


def test_page_shows_the_newest_signed_definition_and_the_draft(as_user: AsUser, patient: Patient, vet: User) -> None:
    make.make_definition(patient, vet, cause="arthritis", cause_statement="SUPERSEDED")
    make.make_definition(patient, vet, cause_statement="Strained at the ball")
    make.make_definition(patient, vet, signed=False, cause_statement="DRAFTED")
    text = shown(as_user(vet), patient)
    assert "Strained at the ball" in text
    assert "Go on with the draft" in text
    assert "SUPERSEDED" not in text
    assert "DRAFTED" not in text


def test_page_tells_what_was_said_at_home_in_the_dogs_time(
    as_user: AsUser, program: Program, vet: User, owner: User
) -> None:
    Patient.objects.filter(pk=program.patient_id).update(time_zone="Europe/Madrid")
    first, second = program.prescriptions.order_by("position")
    make.make_tick(first, by=owner, done_at=NOW - dt.timedelta(hours=1))
    make.make_tick(second, by=owner, state="skipped", skip_reason="pain", done_at=NOW - dt.timedelta(hours=2))
    make.make_pain(program.patient, TODAY - DAY, "next_morning", 3, by=owner, done_at=NOW - dt.timedelta(hours=9))
    text = shown(as_user(vet), program.patient)
    assert "Stand count: done Olga, today, 17:00" in text
    assert "Weight shift: skipped Olga, today, 16:00" in text
    assert "Pain 3 of 10 in the morning Olga, today, 09:00" in text
    assert "18 Mar Weight shift: The dog seemed in pain" in text
    assert "Skipped for pain" in text


def test_page_shows_the_last_five_decisions(as_user: AsUser, program: Program, vet: User) -> None:
    for version in range(2, 8):
        Decision.objects.create(
            clinic=program.clinic,
            patient=program.patient,
            program=program,
            kind="hold",
            reason=f"Reason {version}",
            plan_version=version,
            effective_on=TODAY,
            decided_by=vet,
            decided_at=NOW,
        )
    text = shown(as_user(vet), program.patient)
    assert re.findall(r"Reason \d", text) == [f"Reason {version}" for version in (7, 6, 5, 4, 3)]


def test_page_shows_people_and_open_invitations(as_user: AsUser, patient: Patient, caregiver: User, vet: User) -> None:
    for number, expires in enumerate([NOW + DAY, NOW - DAY]):
        invitation = Invitation.objects.create(
            clinic=patient.clinic,
            token_hash=str(number) * 64,
            email=f"invited{number}@example.test",
            invited_by=vet,
            created_at=NOW - 2 * DAY,
            expires_at=expires,
        )
        CaregiverInvitation.objects.create(
            invitation=invitation, clinic=patient.clinic, patient=patient, relation="caregiver"
        )
    text = shown(as_user(vet), patient)
    assert "Olga Ruiz owner · owner@example.test" in text
    assert "Carl Ruiz caregiver · caregiver@example.test" in text
    assert "invited0@example.test" in text
    assert "invited1@example.test" not in text


def test_page_shows_each_items_adherence_and_leaves_out_today_until_done(program: Program, vet: User) -> None:
    twice, once = program.prescriptions.order_by("position")
    for ago in range(14):
        make.make_tick(once, TODAY - ago * DAY)
    for ago in range(8):
        make.make_tick(twice, TODAY - ago * DAY, slot=1)
    page = patient_page(program.patient, at=NOW, span=14)
    adherence = {item.exercise.slug: vars(item)["adherence_percent"] for item in page.prescriptions}
    assert adherence == {"stand-count": 27, "weight-shift": 100}
    assert page.adherence == 65


def test_item_that_starts_tomorrow_is_listed_without_adherence(program: Program) -> None:
    make.make_prescription(program, exercise="leash-walk", starts_on=TODAY + DAY, position=5)
    page = patient_page(program.patient, at=NOW, span=14)
    assert page.prescriptions[-1].exercise.slug == "leash-walk"
    assert vars(page.prescriptions[-1])["adherence_percent"] is None


def test_lines_know_the_neighbours_and_the_teach_back(patient: Patient, vet: User) -> None:
    walk = make.make_exercise("leash-walk", easier_slug="sling-walk", harder_slug="gone")
    wash = make.make_exercise("warm-wash", load=0, mode="passive", easier_slug="sling-walk")
    make.make_exercise("sling-walk", name="Sling walk")
    make.make_exercise("sling-walk", name="Our sling walk", clinic=patient.clinic)
    program = make.make_program(patient, vet, exercises=[(walk, {"minutes": 5}), (wash, {"minutes": 5})])
    walking, washing = patient_page(patient, at=NOW, span=14).lines
    assert (walking.easier, walking.harder, walking.teaching) == ("Our sling walk", "", "none")
    assert (washing.easier, washing.harder, washing.teaching) == ("", "", "")
    make.teach(patient, walk, by=vet)
    assert patient_page(program.patient, at=NOW, span=14).lines[0].teaching == "shown_back"


def test_neighbour_is_offered_when_it_suits_the_grade_and_is_not_in_the_plan(patient: Patient, vet: User) -> None:
    walk = make.make_exercise("leash-walk", easier_slug="sling-walk", harder_slug="hill-walk")
    make.make_exercise("sling-walk", name="Sling walk", grades=[2, 3])
    hill = make.make_exercise("hill-walk", name="Hill walk", easier_slug="leash-walk")
    program = make.make_program(patient, vet, exercises=[(walk, {"minutes": 5})])
    [line] = patient_page(patient, at=NOW, span=14).lines
    assert (line.easier, line.harder) == ("", "Hill walk")
    make.make_prescription(program, exercise=hill, position=5)
    first, second = patient_page(patient, at=NOW, span=14).lines
    assert (first.easier, first.harder, second.easier) == ("", "", "")
    # The clinic's own takes the place of the built-in one, whichever grades it is for.
    make.make_exercise("sling-walk", name="Our sling walk", clinic=patient.clinic)
    assert patient_page(patient, at=NOW, span=14).lines[0].easier == "Our sling walk"


def test_page_promises_nothing_to_a_family_that_is_not_there(
    as_user: AsUser, clinic: Clinic, patient: Patient, vet: User, definition: ProblemDefinition
) -> None:
    lonely = make.make_patient(clinic, vet, name="Solo")
    make.make_definition(lonely, vet)
    client = as_user(vet)
    assert "Bruno’s family sees it on their phone at once." in shown(client, patient)
    text = shown(client, lonely)
    assert "on their phone at once" not in text
    assert "Solo’s family sees it as soon as somebody at home has joined." in text
    make.make_program(lonely, vet)
    text = shown(client, lonely)
    assert "No family Nobody at home can see the program: invite the family. Invite the family" in text
    assert f'href="/patients/{lonely.pk}/invite/">Invite the family' in client.get(url(lonely)).content.decode()


def test_paused_program_does_not_read_as_calm(as_user: AsUser, patient: Patient, vet: User) -> None:
    program = make.make_program(patient, vet, exercises=[])
    client = as_user(vet)
    assert "Calm" in shown(client, patient)
    pause_program(program=program, reason="Holiday", plan_version=1, by=vet, at=NOW)
    text = shown(client, patient)
    assert "Paused since 18 Mar: resume it or end it." in text
    assert "Calm" not in text
    refresh_summaries(at=NOW)
    assert "Paused since 18 Mar: resume it or end it." in text_of(client.get("/patients/").content.decode())


def test_page_says_the_phase_of_today_and_the_one_of_tomorrow(as_user: AsUser, program: Program, vet: User) -> None:
    vets = frozenset({Role.VET})
    loaded = Program.objects.select_related("patient", "protocol", "definition").get(pk=program.pk)
    move_phase(
        program=loaded,
        protocol_phase=None,
        phase="P3",
        items=[Item.of(one) for one in program.prescriptions.select_related("exercise")],
        known={},
        reason="Ready for more",
        plan_version=1,
        by=vet,
        roles=vets,
        at=NOW,
    )
    client = as_user(vet)
    text = shown(client, program.patient)
    name = Phase("P3").label
    assert f"Program, phase P2: Steady P3 {name} from tomorrow" in text
    assert "In this phase since" not in text
    phase_page = text_of(client.get(f"/patients/{program.patient_id}/phase/").content.decode())
    assert "begins on Thursday, 19 Mar; until then the phase before it holds" in phase_page
    with time_machine.travel(NOW + DAY, tick=False):
        text = shown(client, program.patient)
    assert f"Program, phase P3: {name} In this phase since 19 Mar" in text


# --- What needs a look, beside a decision ----------------------------------------------------------------------


def signals_url(patient: Patient) -> str:
    return f"/patients/{patient.pk}/signals/"


def test_signals_are_those_of_the_page_and_nothing_when_calm(
    as_user: AsUser, patient: Patient, vet: User, django_assert_num_queries: Callable[[int], Any]
) -> None:
    make.make_program(patient, vet, exercises=[])
    client = as_user(vet)
    part = client.get(signals_url(patient), headers={"HX-Request": "true"})
    assert (part.status_code, part.content.strip()) == (200, b"")
    assert "Nothing needs a person right now." in text_of(client.get(signals_url(patient)).content.decode())
    make.make_pain(patient, TODAY - DAY, "before", 7)
    # The session and its user; the dog; its definition, program, prescriptions, slots, pain, warning signs,
    # the days that they stopped, the alerts, waiting messages and clips, what the rules suggest and what they ask,
    # the clinic's limits.
    with django_assert_num_queries(18):
        part = client.get(signals_url(patient), headers={"HX-Request": "true"})
    said = "Pain at the limit Pain 7 of 10 before exercise (yesterday); the limit is 6."
    assert text_of(part.content.decode()) == said
    assert b"<html" not in part.content
    assert said in shown(client, patient)
    assert said in text_of(client.get(signals_url(patient)).content.decode())


@pytest.mark.parametrize(("persona", "status"), [("therapist", 200), ("owner", 403), ("stranger", 404)])
def test_signals_are_for_those_who_see_the_record(
    request: pytest.FixtureRequest, as_user: AsUser, patient: Patient, persona: str, status: int
) -> None:
    client = as_user(request.getfixturevalue(persona))
    assert client.get(signals_url(patient)).status_code == status
    assert client.post(signals_url(patient)).status_code == 405


def test_pages_that_ask_for_more_load_the_signals(as_user: AsUser, program: Program, vet: User) -> None:
    client, item = as_user(vet), program.prescriptions.get(position=0)
    asked = f'hx-get="{signals_url(program.patient)}" hx-trigger="load"'
    pages = {
        f"/prescriptions/{item.pk}/decide/progress/": True,
        f"/prescriptions/{item.pk}/decide/regress/": False,
        f"/prescriptions/{item.pk}/change/": True,
        f"/patients/{program.patient_id}/phase/move/?to=P3": True,
        f"/patients/{program.patient_id}/program/assign/?phase=own": True,
    }
    for page, is_shown in pages.items():
        answer = client.get(page)
        assert answer.status_code == 200, page
        assert (asked in answer.content.decode()) is is_shown, page
        assert ("What needs a look now" in answer.content.decode()) is is_shown, page


def test_page_shows_a_paused_program_and_its_way_back(as_user: AsUser, program: Program, vet: User) -> None:
    make.make_step(program, make.make_ladder("car", name="Getting into the car"), rung=2)
    client = as_user(vet)
    text = shown(client, program.patient)
    assert "Getting into the car: rung 2 of 7 Jumps into the car" in text
    assert "Pause the program" in text
    pause_program(program=program, reason="Holiday", plan_version=1, by=vet, at=NOW)
    text = shown(client, program.patient)
    assert "Paused since 18 Mar 2026 by Dr. Vera Lind “Holiday” Resume the program" in text
    assert "Pause the program" not in text
    assert "rung 2 of 7" not in text


def test_own_last_step_is_offered_to_be_undone_to_nobody_else(
    as_user: AsUser, program: Program, vet: User, colleague: User
) -> None:
    first = program.prescriptions.select_related("exercise", "program__patient", "program__protocol").get(position=1)
    roles = frozenset({Role.VET})
    decide(kind=Decision.Kind.REGRESS, prescription=first, reason="Sore", plan_version=1, by=vet, roles=roles, at=NOW)
    assert "Your last step: Weight shift, 5 → 4 repetitions" in shown(as_user(vet), program.patient)
    assert "Your last step" not in shown(as_user(colleague), program.patient)
    with time_machine.travel(NOW + DAY, tick=False):
        assert "Your last step" not in shown(as_user(vet), program.patient)


def test_picture_has_a_row_for_each_day_with_gaps(program: Program) -> None:
    make.make_pain(program.patient, TODAY - 2 * DAY, "before", 2)
    make.make_pain(program.patient, TODAY - 2 * DAY, "after", 4)
    make.make_pain(program.patient, TODAY - 2 * DAY, "next_morning", 0)
    make.make_tick(program.prescriptions.get(position=1), TODAY - DAY)
    page = patient_page(program.patient, at=NOW, span=14)
    days = {row.day: row for row in page.picture.days}
    assert list(days) == [TODAY - ago * DAY for ago in range(14)]
    two_ago, one_ago = days[TODAY - 2 * DAY], days[TODAY - DAY]
    assert (two_ago.next_morning, two_ago.before, two_ago.after, two_ago.percent) == (None, 2, 4, 0)
    assert (one_ago.next_morning, one_ago.before, one_ago.after, one_ago.percent) == (0, None, None, 50)
    assert days[TODAY].percent == 0
    assert page.last_pain == 0
    assert page.picture.wide.bars[-1].is_open


@pytest.mark.parametrize("query", ["?days=56", "?days=14", "?days=9", "?days=", "?days=x%00"])
def test_span_of_the_picture(as_user: AsUser, program: Program, vet: User, query: str) -> None:
    html = as_user(vet).get(url(program.patient, query)).content.decode()
    expected = SPANS.get(query.removeprefix("?days="), 14)
    assert html.count('<th scope="row"><time') == expected


def test_decisions_are_marked_on_their_day(program: Program) -> None:
    page = patient_page(program.patient, at=NOW, span=56)
    marked = [row.day for row in page.picture.days if row.decisions]
    assert marked == [program.starts_on]
    assert len(page.picture.wide.decisions) == 1


def test_reasons_on_the_page_are_those_of_the_list(program: Program, vet: User) -> None:
    make.make_pain(program.patient, TODAY - 30 * DAY, "before", 9)
    make.make_pain(program.patient, TODAY - DAY, "before", 6)
    refresh_summaries(at=NOW)
    stored = [str(BADGES[Code(reason["code"])]) for reason in PatientSummary.objects.get().reasons]
    for span in SPANS.values():
        page = patient_page(program.patient, at=NOW, span=span)
        assert [why.badge for why in page.reasons] == stored
    assert stored[0] == "Pain at the limit"


@pytest.mark.parametrize("items", [1, 12])
@pytest.mark.parametrize("span", [14, 56])
def test_patient_page_costs_a_fixed_number_of_statements(
    as_user: AsUser,
    patient: Patient,
    vet: User,
    owner: User,
    definition: ProblemDefinition,
    django_assert_num_queries: Callable[[int], Any],
    items: int,
    span: int,
) -> None:
    program = make.make_program(
        patient,
        vet,
        definition,
        starts_on=TODAY - 60 * DAY,
        exercises=[
            (make.make_exercise(f"item-{n}", easier_slug="weight-shift", harder_slug=f"item-{n + 1}"), {})
            for n in range(items)
        ],
    )
    make.teach(patient, *(item.exercise for item in program.prescriptions.select_related("exercise")), by=vet)
    for n in range(items):
        make.make_step(program, make.make_ladder(f"ladder-{n}"))
    for item in program.prescriptions.all():
        for ago in range(span):
            make.make_tick(item, TODAY - ago * DAY, by=owner)
    make.make_pain(patient, TODAY, "before", 2, by=owner)
    client = as_user(vet)
    # The session and its user; the dog; its definitions; the program with its prescriptions; slots, pain, decisions
    # and events of the span; the teach-backs and the neighbours' names; the ladders; the story takes three; then the
    # caregivers, the warning signs and the days that they stopped, the messages and clips that wait, the
    # clinic's limits, the checkpoints, the outcome scores and the invitations.
    with django_assert_num_queries(32):
        client.get(url(patient, f"?days={span}"))


def test_page_of_another_clinics_dog_leaks_nothing(
    as_user: AsUser, patient: Patient, stranger: User, vet: User, other_clinic: Clinic
) -> None:
    theirs = Patient.objects.get(clinic=other_clinic)
    assert as_user(vet).get(url(theirs)).status_code == 404
    assert "CANARY" not in shown(as_user(vet), patient)


@pytest.mark.parametrize(
    ("slugs", "short"), [(("leash-walk", "heads-up", "core"), True), (("leash-walk", "core"), False)]
)
def test_page_says_when_less_than_half_works_on_the_limb(
    as_user: AsUser, patient: Patient, vet: User, slugs: tuple[str, ...], short: bool
) -> None:
    limb: dict[str, Any] = {
        "origin": "secondary",
        "cause": "compensatory",
        "limb_source_and_plan": "Left hip: weight, then strength.",
    }
    definition = make.make_definition(patient, vet, **limb)
    make.make_program(patient, vet, definition, exercises=[(slug, {"reps": 5}) for slug in slugs], decision_row="D5")
    sentence = "Only 1 of 3 active exercises works on the limb or a habit; at least half must."
    assert (sentence in shown(as_user(vet), patient)) is short
