"""What the library finds, for whom, and in how many queries."""

import datetime as dt
from collections.abc import Callable
from itertools import permutations
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import Clinic, User
from rehab.library.actions import load_library
from rehab.library.models import Exercise, Protocol, ProtocolPhase
from rehab.library.queries.clinics import best_by_slug
from rehab.library.queries.exercises import PER_PAGE, around, find_exercises
from rehab.library.queries.protocols import find_protocols
from rehab.library.queries.sources import sources
from rehab.library.searching import folded
from tests import make

AsUser = Callable[[User], Client]


def names(clinics: list[Clinic], **asked: Any) -> list[str]:
    return [card.exercise.name for card in find_exercises(clinics=clinics, asked=asked, page_number=None).cards]


@pytest.fixture
def shelf(clinic: Clinic, other_clinic: Clinic) -> Clinic:
    """Four exercises that differ in everything that can be asked for."""
    make.make_exercise(
        "sit-stand", name="Sit to stand", category="core_strength", load=3, earliest_phase="P2", grades=[0, 1],
        equipment=["non-slip mat", "treats"], purpose="Strong thighs",
    )  # fmt: skip
    make.make_exercise(
        "light-massage", name="Light massage", category="massage_manual", load=1, earliest_phase="P0", mode="passive",
        grades=[0, 1, 2, 3, 4, 5], equipment=["mat"], purpose="Calm the dog",
    )  # fmt: skip
    make.make_exercise(
        "paw-lift", name="Écarté lift", clinic=clinic, category="balance_stabilisation", load=2, earliest_phase="P3",
        grades=[2], equipment=[], purpose="Balance on three legs",
    )  # fmt: skip
    make.make_exercise("secret", name="CANARY exercise", clinic=other_clinic)
    return clinic


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, ["Light massage", "Écarté lift", "Sit to stand"]),
        ({"q": "massage"}, ["Light massage"]),
        ({"q": "ECARTE"}, ["Écarté lift"]),
        ({"q": "three legs"}, ["Écarté lift"]),
        ({"q": "treats thighs"}, ["Sit to stand"]),
        ({"q": "sit-to"}, ["Sit to stand"]),
        ({"q": "core strength"}, ["Sit to stand"]),
        ({"q": "li"}, ["Light massage", "Écarté lift"]),
        ({"category": "core_strength"}, ["Sit to stand"]),
        ({"phase": "P2"}, ["Light massage", "Sit to stand"]),
        ({"load": "1"}, ["Light massage"]),
        ({"grade": "5"}, ["Light massage"]),
        ({"equipment": "mat"}, ["Light massage", "Sit to stand"]),
        ({"equipment": "non-slip mat"}, ["Sit to stand"]),
        ({"equipment": "-"}, ["Écarté lift"]),
        ({"mode": "passive"}, ["Light massage"]),
        ({"origin": "own"}, ["Écarté lift"]),
        ({"origin": "built_in"}, ["Light massage", "Sit to stand"]),
        ({"q": "rubs"}, ["Light massage"]),
        ({"q": "sit_stand"}, ["Sit to stand"]),
        ({"q": "mat", "mode": "active"}, ["Sit to stand"]),
        ({"q": "canary"}, []),
    ],
)
def test_exercises_are_found_by_what_is_asked(shelf: Clinic, asked: dict[str, str], expected: list[str]) -> None:
    assert names([shelf], **asked) == expected


def test_a_changed_copy_stands_in_place_of_the_built_in_exercise(clinic: Clinic, other_clinic: Clinic) -> None:
    base = make.make_exercise("sit-stand", name="Sit to stand")
    copy = make.make_exercise("sit-stand", name="Sit to stand, our way", clinic=clinic, based_on=base)
    assert names([clinic]) == ["Sit to stand, our way"]
    assert names([clinic], origin="built_in") == ["Sit to stand"]
    assert names([other_clinic]) == ["Sit to stand"]
    # Somebody who works in both needs both.
    assert names([clinic, other_clinic]) == ["Sit to stand", "Sit to stand, our way"]
    assert [one.pk for one in around(base, clinics=[clinic]).copies] == [copy.pk]
    assert around(base, clinics=[other_clinic]).copies == []


def test_superseded_versions_are_not_found(clinic: Clinic) -> None:
    make.make_exercise("sit-stand", superseded_at=make.NOW)
    make.make_exercise("sit-stand", version=2, name="Sit, then stand")
    assert names([clinic]) == ["Sit, then stand"]


def test_pages_follow_one_order_and_hold_each_exercise_once(clinic: Clinic) -> None:
    for number in range(PER_PAGE + 3):
        make.make_exercise(f"same-{number}", name="The same name")
    pages = [find_exercises(clinics=[clinic], asked={}, page_number=page) for page in ("1", "2")]
    keys = [card.exercise.pk for page in pages for card in page.cards]
    assert [len(page.cards) for page in pages] == [PER_PAGE, 3]
    assert len(set(keys)) == PER_PAGE + 3
    assert keys == sorted(keys)


def test_categories_count_what_the_rest_of_the_search_leaves(shelf: Clinic) -> None:
    found = find_exercises(clinics=[shelf], asked={"mode": "active", "category": "core_strength"}, page_number=None)
    assert dict(found.categories) == {"core_strength": 1, "balance_stabilisation": 1}
    assert found.equipment == ["mat", "treats"]


@pytest.mark.django_db
@pytest.mark.parametrize("number", [1, 100])
def test_the_list_takes_as_many_queries_for_one_as_for_a_hundred(
    vet: User, as_user: AsUser, django_assert_num_queries: DjangoAssertNumQueries, number: int
) -> None:
    for position in range(number):
        make.make_exercise(f"one-{position}")
    client = as_user(vet)
    with django_assert_num_queries(5):  # session, person, clinics, the words of all, the page
        page = client.get(reverse("library:exercise-list"))
    assert page.context["found"].total == number


@pytest.mark.parametrize("number", [1, 3])
def test_the_page_of_an_exercise_takes_the_same_queries_however_much_is_around_it(
    clinic: Clinic, vet: User, as_user: AsUser, django_assert_num_queries: DjangoAssertNumQueries, number: int
) -> None:
    load_library(at=make.NOW)
    exercise = Exercise.objects.get(slug="sit-stand")
    for version in range(2, 2 + number):
        make.make_exercise("sit-stand", version=version, clinic=clinic, superseded_at=make.NOW)
    client = as_user(vet)
    with django_assert_num_queries(6):  # session, person, clinics, itself, its relatives, the phases that hold it
        page = client.get(reverse("library:exercise-detail", args=[exercise.pk]))
    assert page.status_code == 200


@pytest.mark.parametrize("only", [["stand-count"], ["stand-count", "sit-stand", "leash-walk"]])
def test_lists_of_protocols_ladders_and_signs_take_few_queries(
    vet: User, as_user: AsUser, django_assert_num_queries: DjangoAssertNumQueries, only: list[str]
) -> None:
    load_library(at=make.NOW)
    Exercise.objects.exclude(slug__in=only).update(superseded_at=make.NOW)
    client = as_user(vet)
    with django_assert_num_queries(5):
        assert client.get(reverse("library:protocol-list")).status_code == 200
    for name in ("ladder-list", "red-flag-list"):
        with django_assert_num_queries(4):
            assert client.get(reverse(f"library:{name}")).status_code == 200


def test_neighbours_and_uses_are_those_of_the_clinic(clinic: Clinic) -> None:
    load_library(at=make.NOW)
    exercise = Exercise.objects.get(slug="sit-stand")
    nearby = around(exercise, clinics=[clinic])
    assert (nearby.easier and nearby.easier.slug) == exercise.easier_slug
    assert (nearby.harder and nearby.harder.slug) == exercise.harder_slug
    uses = {use.protocol: use.phases for use in nearby.uses}
    assert uses["Soft-tissue strain of the back"] == ["P2"]


def test_phases_of_a_listed_protocol_follow_one_another_however_they_were_stored(clinic: Clinic) -> None:
    protocol = Protocol.objects.create(
        slug="hip", content_hash="0" * 64, name="Hip", cause="hip_dysplasia", profile="msk", rows=["D5"]
    )
    for position in (2, 0, 1):
        ProtocolPhase.objects.create(
            protocol=protocol, position=position, code=f"P{position}", name="Phase", days_min=7, days_max=14
        )
    [listed] = find_protocols([clinic])
    assert [phase.code for phase in listed.phases.all()] == ["P0", "P1", "P2"]


def test_of_two_clinics_copies_the_later_one_counts_in_whatever_order_they_are_read(
    clinic: Clinic, other_clinic: Clinic
) -> None:
    made = [make.make_exercise("shift", clinic=one) for one in (None, clinic, other_clinic)]
    assert {best_by_slug(order)["shift"] for order in permutations(made)} == {made[2]}


def test_sources_tell_practice_from_what_is_published() -> None:
    document, public, practice = sources(["003", "S11", "GK"])
    assert (document.is_document, document.text.startswith("home exercises for dogs")) == (True, True)
    assert (public.used_for, public.links) == (
        "home doses, toilet trips, reflex, brushing",
        ("https://ahah.co.za/ivdd-hospital-discharge-program/",),
    )
    assert practice.is_practice
    assert not practice.used_for


def test_every_source_that_the_content_names_is_listed() -> None:
    load = {code for row in _rows() for code in row["src"]}
    assert {one.code for one in sources(sorted(load)) if one.text == one.code} == set()
    assert len(load) > 20


def _rows() -> list[dict[str, Any]]:
    from rehab.library import reading

    return [*reading.read(reading.EXERCISES)["exercises"], *reading.read(reading.RED_FLAGS)["flags"]]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [("Écarté", "ecarte"), ("Non-Slip", "non slip"), ("STRASSE", "strasse"), ("Straße", "strasse")],
)
def test_words_are_compared_as_people_type_them(typed: str, expected: str) -> None:
    assert folded(typed) == expected


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("PROM", "Passive leg motion"),
        ("passive range of motion", "Passive leg motion"),
        ("ROM", "Passive leg motion"),
        ("bicycle", "Passive leg motion"),
        ("cavaletti", "Ground poles"),
        ("figure 8", "Slow figure of eight"),
        ("weave", "Slow figure of eight"),
        ("tummy rub", "Light massage"),
        ("hamstring", "Back-leg stretch"),
        ("neuro", "Toe squeeze"),
        ("cookies", "Side reach (cookie stretch)"),
        ("stretches", "Back-leg stretch"),
    ],
)
def test_words_of_the_practice_find_what_they_mean(now: dt.datetime, clinic: Clinic, typed: str, first: str) -> None:
    load_library(at=now)
    assert first in names([clinic], q=typed)[:3]


def test_short_words_are_not_found_inside_others(now: dt.datetime, clinic: Clinic) -> None:
    load_library(at=now)
    assert names([clinic], q="rom") == ["Passive leg motion"]


def test_nothing_found_offers_what_is_near(now: dt.datetime, clinic: Clinic) -> None:
    load_library(at=now)

    def near(typed: str) -> list[str]:
        found = find_exercises(clinics=[clinic], asked={"q": typed}, page_number=None)
        assert found.total == 0
        return [entry.name for entry in found.near]

    assert near("masagge") == ["Light massage"]
    assert near("cavaleti") == ["Ground poles", "Raised poles"]
    assert near("xyzzy") == []


def test_equipment_is_offered_in_groups_and_every_group_finds_something(now: dt.datetime, clinic: Clinic) -> None:
    load_library(at=now)
    offered = find_exercises(clinics=[clinic], asked={}, page_number=None).equipment
    assert len(offered) < 30
    assert {"mat", "towel", "poles", "harness"} <= set(offered)
    assert all(names([clinic], equipment=group) for group in offered)
    assert {"Light massage", "Sit to stand", "Side-to-side roll", "Non-slip floors"} <= set(
        names([clinic], equipment="mat")
    )
