"""The program on paper: who may print it, what stands on it, and what never does."""

import datetime as dt
import re
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
import segno
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import translation
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import Clinic, User
from rehab.library import pictures, reading
from rehab.library.addresses import picture_of
from rehab.library.models import Exercise, Media
from rehab.patients.models import Patient, ProblemDefinition
from rehab.programs.handout import QUIET_ZONE, Code, Part, State, code_of, handout
from rehab.programs.models import Decision, Prescription, Program
from tests import make

SignIn = Callable[[User], Client]
RUN = re.compile(r"M(\d+) (\d+)h(\d+)v1h-(\d+)z")
# Sessions, the person, the program with its people, its items, its ladders, the news from the clinic.
QUERIES = 6


@pytest.fixture(autouse=True)
def _at_that_time(now: dt.datetime) -> Iterator[None]:
    with time_machine.travel(now, tick=False):
        yield


@pytest.fixture
def url(plan: Program) -> str:
    return reverse("programs:handout", args=[plan.pk])


def text_of(response: Any) -> str:
    """What a person reads: the page without tags and line breaks."""
    body = re.sub(r"<[^>]*>", " ", response.content.decode())
    return re.sub(r"\s+", " ", body)


def names(part: Part) -> list[str]:
    return [entry.exercise.name for entry in part.entries]


def printed(program: Program, today: dt.date) -> dict[str, list[str]]:
    """The headings with the items below each."""
    found = handout(program, today=today)
    return {part.title: names(part) for part in found.parts} | {"once": [one.exercise.name for one in found.once]}


def decided(program: Program, by: User, kind: str, today: dt.date) -> Decision:
    return Decision.objects.create(
        clinic=program.clinic,
        patient=program.patient,
        program=program,
        kind=kind,
        plan_version=program.plan_version + 1,
        reason="CANARY reason",
        effective_on=today,
        decided_by=by,
        decided_at=make.NOW,
    )


# --- Who may -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("persona", ["owner", "caregiver", "vet", "colleague", "therapist"])
def test_family_and_staff_may_print(as_user: SignIn, url: str, persona: str, request: pytest.FixtureRequest) -> None:
    response = as_user(request.getfixturevalue(persona)).get(url)
    assert response.status_code == 200
    assert "Bruno: exercises at home" in text_of(response)


@pytest.mark.parametrize("persona", ["stranger", "outside_vet", "admin"])
def test_outsiders_find_nothing(as_user: SignIn, url: str, persona: str, request: pytest.FixtureRequest) -> None:
    response = as_user(request.getfixturevalue(persona)).get(url)
    assert response.status_code == 404
    assert "Bruno" not in response.content.decode()


def test_unknown_program_is_not_found(as_user: SignIn, vet: User) -> None:
    assert as_user(vet).get(reverse("programs:handout", args=[uuid4()])).status_code == 404


def test_visitors_are_sent_to_sign_in(client: Client, url: str) -> None:
    assert client.get(url).status_code == 302


def test_printing_changes_nothing(as_user: SignIn, vet: User, url: str) -> None:
    assert as_user(vet).post(url).status_code == 405


def test_each_goes_back_to_its_own_pages(as_user: SignIn, owner: User, vet: User, plan: Program, url: str) -> None:
    record = reverse("programs:program-history", args=[plan.pk])
    assert f'href="{record}"' in as_user(vet).get(url).content.decode()
    for_family = as_user(owner).get(url).content.decode()
    assert f'href="{record}"' not in for_family
    assert f'href="{reverse("sessions:today", args=[plan.patient_id])}"' in for_family


def test_paper_names_no_problem_and_no_clinical_reason(
    as_user: SignIn, owner: User, vet: User, plan: Program, definition: ProblemDefinition, url: str, today: dt.date
) -> None:
    decided(plan, vet, "hold", today)
    for person in (owner, vet):
        page = as_user(person).get(url).content.decode()
        # A token is any letters, these among them.
        page = re.sub(r'name="csrfmiddlewaretoken" value="[^"]*"', "", page)
        for secret in (definition.cause_statement, "CANARY", "soft_tissue", "D1", "Strained"):
            assert secret not in page


# --- What stands on it -------------------------------------------------------------------------------------------


def test_page_says_what_and_how_much_and_when_to_stop(as_user: SignIn, owner: User, plan: Program, url: str) -> None:
    make.make_prescription(
        plan,
        exercise="stand-count",
        dose={"sets": 3, "hold_s": 10, "per_day": 2},
        anchor="While the kettle boils",
        note="On the blue mat",
        position=2,
    )
    read = text_of(as_user(owner).get(url))
    assert "Lindenhof Veterinary Clinic" in read
    assert "Phase: Steady" in read
    assert "Plan 1, printed on 18 March 2026" in read
    for said in (
        "3. Stand count 3 sets of 10 seconds, twice a day",
        "When: While the kettle boils",
        "Your clinic says: On the blue mat",
        "Help your dog up. Let go and count.",
        "Avoid: Slippery floor",
        "Stop at once if: cries, snaps or turns to bite",
    ):
        assert said in read
    for score, words in reading.pain_anchors().items():
        assert f"{score} {words}" in read


def test_stop_and_call_has_every_urgent_sign_and_both_numbers(as_user: SignIn, owner: User, url: str) -> None:
    page = as_user(owner).get(url).content.decode()
    box = page[page.index('id="stop-and-call"') : page.index('id="pain"')]
    signs = re.findall(r"<li>(.*?)</li>", box)
    assert len(signs) == len(reading.red_flags(urgency="emergency_now")) + len(reading.red_flags(urgency="call_today"))
    assert signs[0] == "Suddenly cannot stand or walk on the back legs (or all four)"
    assert "Same pain came back after a good spell (≥\N{NO-BREAK SPACE}30 days)" in signs
    assert reading.urgencies()["emergency_now"].owner_text in box
    assert re.findall(r'href="tel:(.*?)">(.*?)<', box) == [("+15550100", "+1 555 0100"), ("+15550199", "+1 555 0199")]
    assert "Emergency: Night Clinic" in box


def test_without_numbers_there_is_a_line_to_write_one(as_user: SignIn, owner: User, clinic: Clinic, url: str) -> None:
    Clinic.objects.update(phone="", emergency_phone="")
    page = as_user(owner).get(url)
    assert "Write one down here before you begin" in text_of(page)
    assert "tel:" not in page.content.decode()


def test_items_stand_under_their_headings_in_the_order_of_the_plan(plan: Program, today: dt.date) -> None:
    make.make_prescription(
        plan, exercise="crate-games", dose={"minutes": 10, "when_time": True}, weekdays=0, position=2
    )
    make.make_prescription(
        plan, exercise="cold-pack", dose={"minutes": 10, "only_if": "it is warm"}, weekdays=0, position=3
    )
    make.make_prescription(plan, exercise="nonslip-floors", dose={"one_off": True}, position=0)
    make.make_prescription(plan, exercise="hill-walk", starts_on=today + dt.timedelta(days=2), position=0)
    make.make_prescription(plan, exercise="back-up", starts_on=today + dt.timedelta(days=1), position=5)
    assert printed(plan, today) == {
        "Exercises and care": ["Leash walk", "Daily warm wash", "Back up"],
        "When there is time": ["Crate games"],
        "Only if it applies": ["Cold pack"],
        "Not yet: these begin later": ["Hill walk"],
        "once": ["Nonslip floors"],
    }
    parts = handout(plan, today=today).parts
    entries = [entry for part in parts for entry in part.entries]
    assert [entry.number for entry in entries] == [1, 2, 3, 4, 5, 6]
    assert [entry.from_day for entry in entries] == [
        None,
        None,
        today + dt.timedelta(days=1),
        None,
        None,
        today + dt.timedelta(days=2),
    ]


def test_later_items_say_on_which_day_they_begin(
    as_user: SignIn, owner: User, plan: Program, url: str, today: dt.date
) -> None:
    make.make_prescription(plan, exercise="hill-walk", starts_on=today + dt.timedelta(days=14))
    assert "Begins on Wednesday 1 April" in text_of(as_user(owner).get(url))


def test_program_of_next_week_is_printed_whole_with_its_first_day(
    as_user: SignIn, owner: User, vet: User, patient: Patient, definition: ProblemDefinition, today: dt.date
) -> None:
    program = make.make_program(patient, vet, definition, starts_on=today + dt.timedelta(days=5))
    assert printed(program, today) == {"Exercises and care": ["Stand count", "Weight shift"], "once": []}
    read = text_of(as_user(owner).get(reverse("programs:handout", args=[program.pk])))
    assert read.count("Begins on Monday 23 March") == 1


def test_ended_items_are_not_printed(plan: Program, walking: Prescription, vet: User, today: dt.date) -> None:
    Prescription.objects.filter(pk=walking.pk).update(ended_by=decided(plan, vet, "remove", today), ends_on=today)
    assert printed(plan, today) == {"Exercises and care": ["Daily warm wash"], "once": []}


def test_dose_inside_another_item_names_it(plan: Program, today: dt.date) -> None:
    make.make_prescription(plan, exercise="terrain-walk", dose={"minutes": 3, "per_day": 3, "within": "leash-walk"})
    [part] = handout(plan, today=today).parts
    assert [one.dose for one in part.entries if one.exercise.slug == "terrain-walk"] == [
        "3 minutes of each Leash walk, 3 times a day"
    ]


def test_one_offs_are_a_checklist(as_user: SignIn, owner: User, plan: Program, url: str) -> None:
    make.make_prescription(plan, exercise="nonslip-floors", dose={"one_off": True}, note="Also on the landing")
    make.make_prescription(plan, exercise="stairs-block", dose={"one_off": True, "recheck_days": 14})
    read = text_of(as_user(owner).get(url))
    start = read.index("Once, then keep it so")
    assert read.index("Nonslip floors Your clinic says: Also on the landing") > start
    assert read.count("once; look again every 14 days") == 1


def test_ladder_says_its_rung_and_the_next(as_user: SignIn, owner: User, plan: Program, url: str) -> None:
    make.make_step(plan, rung=3)
    make.make_step(plan, make.make_ladder("stairs", rungs=2), rung=2, activity="Up to bed")
    read = text_of(as_user(owner).get(url))
    assert "Jumps into the car (Car) Now, step 3 of 7: Rung 3, 3 passes" in read
    assert read.count("Next, only when your clinic says so") == 1
    assert "Next, only when your clinic says so: Rung 4, 3 passes" in read
    assert "Up to bed (Stairs) Now, step 2 of 2: Rung 2" in read


def test_week_to_tick_is_printed_only_when_asked_for(as_user: SignIn, owner: User, plan: Program, url: str) -> None:
    make.make_prescription(plan, exercise="step-up", dose={"reps": 4, "days_per_week": 3}, weekdays=0b0010101)
    make.make_prescription(plan, exercise="turn", dose={"interval_h": 4}, times_per_day=6)
    make.make_prescription(plan, exercise="games", dose={"minutes": 10, "when_time": True}, weekdays=0)
    family = as_user(owner)
    assert "A week to tick" not in text_of(family.get(url))
    page = family.get(f"{url}?ticks=1").content.decode()
    table = page[page.index("<table") : page.index("</table>")]
    heads = re.findall(r'<th scope="col">(.*?)</th>', table)
    assert heads == ["Item", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    rows = {
        name: [cell.count("<span") or cell for cell in re.findall(r"<td>(.*?)</td>", cells)]
        for name, cells in re.findall(r'<th scope="row">(.*?)</th>(.*?)</tr>', table)
    }
    assert rows == {
        "Pain in the morning, 0 to 10": [""] * 7,
        "Leash walk": [3] * 7,
        "Daily warm wash": [1] * 7,
        "Step up": [1, "–", 1, "–", 1, "–", "–"],
        "Turn": [1] * 7,
    }
    assert table.count("of 6") == 7


# --- Nothing to print --------------------------------------------------------------------------------------------


def nothing_printed(page: str) -> bool:
    return not any(found in page for found in ("handout-entry", "print-button hidden", "Leash walk", 'id="pain"'))


def test_paused_program_says_so_and_prints_no_plan(
    as_user: SignIn, owner: User, vet: User, plan: Program, url: str, today: dt.date
) -> None:
    plan.paused_by = decided(plan, vet, "pause", today)
    plan.save(update_fields=["paused_by"])
    page = as_user(owner).get(f"{url}?ticks=1")
    assert nothing_printed(page.content.decode())
    assert "Bruno’s exercises have been paused since 18 March 2026." in text_of(page)
    assert "+1 555 0199" in text_of(page)


def test_ended_program_says_so_and_prints_no_plan(
    as_user: SignIn, owner: User, plan: Program, url: str, now: dt.datetime
) -> None:
    Program.objects.update(ended_at=now)
    page = as_user(owner).get(url)
    assert nothing_printed(page.content.decode())
    assert "This program of Bruno has ended." in text_of(page)


def test_empty_program_says_so(
    as_user: SignIn, owner: User, vet: User, patient: Patient, definition: ProblemDefinition, today: dt.date
) -> None:
    program = make.make_program(patient, vet, definition, exercises=())
    page = as_user(owner).get(reverse("programs:handout", args=[program.pk]))
    assert handout(program, today=today).state is State.EMPTY
    assert nothing_printed(page.content.decode())
    assert "Bruno has no exercises at the moment." in text_of(page)


# --- Pictures ----------------------------------------------------------------------------------------------------


def test_drawings_are_the_still_ones_and_load_at_once(as_user: SignIn, owner: User, plan: Program, url: str) -> None:
    make.make_prescription(plan, exercise=make.make_exercise("our-stand", drawn_as="stand-count"), position=2)
    make.make_prescription(plan, exercise="our-own-idea", position=3)
    page = as_user(owner).get(url).content.decode()
    shown = re.findall(r'<img class="handout-picture" src="(.*?)" alt="(.*?)"(.*?)>', page)
    assert [alt for _, alt, _ in shown] == [
        pictures.alternative(slug) for slug in ("leash-walk", "warm-wash", "stand-count")
    ]
    assert all("still" in src and "lazy" not in rest for src, _, rest in shown)
    assert page.count("handout-entry-plain") == 1


@pytest.mark.parametrize(("state", "is_photo"), [("ready", True), ("waiting", False)])
def test_own_photo_is_printed_once_it_is_prepared(
    plan: Program, vet: User, walk: Exercise, now: dt.datetime, today: dt.date, state: str, is_photo: bool
) -> None:
    photo = Media.objects.create(
        clinic=plan.clinic,
        kind="photo",
        state=state,
        file="library/x.webp",
        alternative="Bruno walks",
        uploaded_by=vet,
        uploaded_at=now,
    )
    make.rewrite(Exercise.objects.filter(pk=walk.pk), photo=photo)
    picture = handout(plan, today=today).parts[0].entries[0].picture
    assert picture is not None
    if is_photo:
        address = reverse("sessions:exercise-media", args=[plan.patient_id, photo.pk])
        assert (picture.still_src, picture.alt) == (address, "Bruno walks")
    else:
        assert picture == picture_of("leash-walk")


# --- The code ----------------------------------------------------------------------------------------------------


def matrix_of(code: Code) -> list[list[int]]:
    """The drawn modules, read back from the path."""
    rows = [[0] * code.side for _ in range(code.side)]
    assert RUN.sub("", code.path) == ""
    for x, y, wide, back in RUN.findall(code.path):
        assert wide == back
        for place in range(int(x), int(x) + int(wide)):
            rows[int(y)][place] = 1
    return rows


@pytest.mark.parametrize("address", ["https://rehab.example.org/dogs/1/today/", "https://r.example/" + "ä" * 90])
def test_code_is_drawn_module_by_module_with_its_quiet_zone(address: str) -> None:
    code = code_of(address)
    expected = segno.make(address, error="m", boost_error=False, micro=False)
    assert expected.error == "M"
    assert matrix_of(code) == [list(row) for row in expected.matrix_iter(border=QUIET_ZONE)]
    quiet = [row for row in matrix_of(code) if not any(row)]
    assert len(quiet) == 2 * QUIET_ZONE


def test_code_leads_to_the_dogs_page_at_the_public_address(
    as_user: SignIn, owner: User, plan: Program, url: str, settings: Settings
) -> None:
    settings.BASE_URL = "https://rehab.example.org"
    address = f"https://rehab.example.org{reverse('sessions:today', args=[plan.patient_id])}"
    page = as_user(owner).get(url).content.decode()
    assert f'<path d="{code_of(address).path}" fill="#000"/>' in page
    assert f'<a href="{address}">{address}</a>' in page
    inside = page[page.index('class="handout-code"') : page.index("</header>", page.index('class="handout-code"'))]
    assert "style" not in inside
    assert "<script" not in inside


# --- How it is read ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("items", [1, 12])
def test_page_costs_the_same_for_one_item_and_for_twelve(
    as_user: SignIn,
    owner: User,
    vet: User,
    patient: Patient,
    definition: ProblemDefinition,
    django_assert_num_queries: DjangoAssertNumQueries,
    items: int,
) -> None:
    program = make.make_program(
        patient, vet, definition, exercises=[(f"exercise-{n}", {"reps": 5}) for n in range(items)]
    )
    for n in range(min(items, 3)):
        make.make_step(program, make.make_ladder(f"ladder-{n}"))
    url = reverse("programs:handout", args=[program.pk])
    family = as_user(owner)
    with django_assert_num_queries(QUERIES):
        page = family.get(f"{url}?ticks=1").content.decode()
    assert page.count('class="handout-entry ') == items


def test_weekdays_and_dates_are_in_the_readers_language(as_user: SignIn, owner: User, plan: Program, url: str) -> None:
    page = as_user(owner).get(f"{url}?ticks=1", headers={"Accept-Language": "es"})
    translation.deactivate()
    assert re.search(r"18 (de )?marzo (de )?2026", text_of(page))
    assert all(f'<th scope="col">{day}</th>' in page.content.decode() for day in ("lun", "mié", "dom"))
