"""Spanish is complete: every text of the source is translated, compiled, and reaches a family's pages."""

import datetime as dt
import html
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
import time_machine
from babel.messages.catalog import Catalog, Message
from django.test import Client
from django.urls import reverse
from django.utils import formats, translation

from accounts.models import User
from rehab.library import reading, translating
from rehab.library.actions import load_library
from rehab.library.models import Exercise, Protocol
from rehab.patients.models import Patient
from rehab.programs.models import Program
from tests import make, messages

PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd%]|\{\w*\}")
# Shorter texts are words that stand in Spanish sentences and in addresses, too.
A_SENTENCE = 12


@lru_cache(maxsize=1)
def catalogues() -> list[tuple[Path, Catalog, Catalog]]:
    """Each catalogue: its file, what the source says now, and what stands in the file."""
    return [(path, texts, messages.read(path)) for path, texts in messages.catalogues()]


def as_list(text: Any) -> list[str]:
    return list(text) if isinstance(text, list | tuple) else [text]


def placeholders(text: str) -> list[str]:
    return sorted(set(PLACEHOLDER.findall(text)))


def test_every_text_of_the_source_is_translated() -> None:
    missing = [
        f"{path}: {text.id!r}"
        for path, texts, catalogue in catalogues()
        for text in texts
        if text.id and not messages.is_translated(_in(catalogue, text).string)
    ]

    assert missing == [], "make messages, then translate them"
    assert all(len(texts) > 500 for _path, texts, _catalogue in catalogues())


def _in(catalogue: Catalog, text: Message) -> Message:
    """The entry for a text; an empty one where there is none."""
    return catalogue.get(as_list(text.id)[0], text.context) or Message(text.id, string="")


def test_nothing_is_fuzzy_or_has_gone_from_the_source() -> None:
    for _path, texts, catalogue in catalogues():
        gone = [one.id for one in catalogue if one.id and texts.get(as_list(one.id)[0], one.context) is None]

        assert gone == []
        assert [one.id for one in catalogue if one.id and one.fuzzy] == []
        assert list(catalogue.obsolete) == []


def test_a_translation_has_the_placeholders_of_its_text() -> None:
    wrong = []
    for _path, _texts, catalogue in catalogues():
        for entry in catalogue:
            ids, strings = as_list(entry.id), as_list(entry.string)
            if not entry.id:
                continue
            if len(strings) != (catalogue.num_plurals if len(ids) == 2 else 1):
                wrong.append((entry.id, entry.string))
            for place, (original, translated) in enumerate(zip(ids, strings, strict=False)):
                expected, given = placeholders(original), placeholders(translated)
                # “un minuto”: the singular may say its number as a word.
                is_spelled = len(ids) == 2 and place == 0 and set(given) < set(expected)
                if given != expected and not is_spelled:
                    wrong.append((original, translated))

    assert wrong == []


def test_a_translation_begins_and_ends_like_its_text() -> None:
    """What is put together from parts keeps its spaces, its lines and its markup."""
    wrong = [
        (original, translated)
        for _path, _texts, catalogue in catalogues()
        for entry in catalogue
        if entry.id
        for original, translated in zip(as_list(entry.id), as_list(entry.string), strict=False)
        if original[0].isspace() != translated[0].isspace()
        or original[-1].isspace() != translated[-1].isspace()
        or sorted(re.findall(r"<[^>]+>", original)) != sorted(re.findall(r"<[^>]+>", translated))
    ]

    assert wrong == []


def test_the_compiled_catalogue_is_that_of_the_written_one() -> None:
    for path, _texts, catalogue in catalogues():
        assert path.with_suffix(".mo").read_bytes() == messages.compiled(catalogue), f"make messages: {path}"


def test_the_numbers_of_the_content_are_kept() -> None:
    """Seconds, steps and hours of a safety text are the same in both languages; only the decimal sign differs."""
    number = re.compile(r"\d+(?:[.,]\d+)?")
    content = next(catalogue for path, _texts, catalogue in catalogues() if messages.CONTENT in path.parents)
    wrong = [
        (entry.id, entry.string)
        for entry in content
        if entry.id
        and isinstance(entry.id, str)
        and isinstance(entry.string, str)
        and sorted(number.findall(entry.id)) != sorted(one.replace(",", ".") for one in number.findall(entry.string))
    ]

    assert wrong == []


def test_content_is_said_in_the_language_of_the_reader() -> None:
    urgency = reading.urgencies()["emergency_now"].owner_text
    with translation.override("es"):
        assert translating.said(urgency).startswith("Mantén a tu perro quieto")
        assert translating.said("cries, snaps or turns to bite") == "llora, lanza un mordisco o se gira para morder"
        assert translating.said("Our own exercise") == "Our own exercise"
        assert translating.said("") == ""
    assert translating.said(urgency) == urgency


def test_every_owner_text_of_the_content_is_known_to_the_catalogue() -> None:
    texts = {text for _file, text in translating.texts()}

    assert {flag.sign for flag in reading.red_flags()} <= texts
    assert set(reading.stop_signs().values()) <= texts
    assert set(reading.pain_anchors().values()) <= texts
    assert set(reading.areas().values()) <= texts
    assert {urgency.owner_text for urgency in reading.urgencies().values()} - {""} <= texts
    assert {
        text
        for exercise in reading.read(reading.EXERCISES)["exercises"]
        for text in (exercise["name"], exercise["purpose"], *exercise["steps"], *exercise["mistakes"])
    } <= texts


def test_dates_and_numbers_are_spanish() -> None:
    day = dt.date(2026, 3, 18)
    with translation.override("es"):
        assert formats.date_format(day, "MONTH_DAY_FORMAT") == "18 de marzo"
        assert formats.date_format(day, translation.gettext("l, j F")) == "miércoles, 18 de marzo"
        assert formats.date_format(day) == "18 mar 2026"
        assert formats.number_format(9.4) == "9,4"
    assert formats.number_format(9.4) == "9.4"


# --- A family's pages ---------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def clock() -> Iterator[None]:
    with time_machine.travel(make.NOW, tick=False):
        yield


@pytest.fixture
def family(client: Client, patient: Patient) -> Client:
    """The owner, who reads Spanish."""
    owner = patient.caregivers.get().user
    owner.language = "es"
    owner.save(update_fields=["language"])
    client.force_login(owner)
    client.cookies["django_language"] = "es"
    return client


@pytest.fixture
def shipped(patient: Patient, program: Program) -> Program:
    """The program with exercises as the content ships them, and an anchor of those that are offered."""
    rows = reading.read(reading.EXERCISES)["exercises"]
    for position, row in enumerate(rows[:6], start=5):
        exercise = make.make_exercise(
            row["slug"],
            name=row["name"],
            category=row["category"],
            mode=row["mode"],
            load=row["load"],
            purpose=row["purpose"],
            equipment=row["equipment"],
            steps=row["steps"],
            mistakes=row["mistakes"],
            measure=row["measure"],
            stop_signs=["S_CRY", "S_PAIN2", *row["stop"]],
        )
        make.make_prescription(program, exercise=exercise, position=position, anchor="After the morning walk")
    return program


def read_out(answer: Any) -> str:
    """All that stands in a page with the texts of its attributes, but for what forms send."""
    return re.sub(r"\s+", " ", html.unescape(re.sub(r' value="[^"]*"', "", answer.content.decode())))


@lru_cache(maxsize=1)
def sentences() -> list[str]:
    """Of each text that differs in Spanish the longest part between two placeholders, where it is more than a word."""
    parts = {
        max(PLACEHOLDER.split(original), key=len).strip()
        for _path, _texts, catalogue in catalogues()
        for entry in catalogue
        for original, translated in zip(as_list(entry.id), as_list(entry.string), strict=False)
        if original != translated
    }
    return sorted(part for part in parts if len(part) > A_SENTENCE and " " in part)


def english_in(page: str) -> list[str]:
    """The texts of both catalogues that stand in the page and should have been Spanish."""
    return [part for part in sentences() if part in page]


@pytest.mark.parametrize("place", ["today", "exercise", "check", "help", "response", "messages", "progress", "handout"])
def test_a_page_of_a_spanish_family_holds_no_english(
    family: Client, patient: Patient, shipped: Program, place: str
) -> None:
    prescription = shipped.prescriptions.order_by("-position").first()
    assert prescription is not None
    url = {
        "today": lambda: reverse("sessions:today", args=[patient.pk]),
        "exercise": lambda: reverse("sessions:exercise", args=[patient.pk, prescription.pk]),
        "check": lambda: reverse("sessions:check", args=[patient.pk]),
        "help": lambda: reverse("sessions:help", args=[patient.pk]),
        "response": lambda: reverse("sessions:response", args=[patient.pk, make.TODAY]),
        "messages": lambda: reverse("sessions:messages", args=[patient.pk]),
        "progress": lambda: reverse("sessions:progress", args=[patient.pk]),
        "handout": lambda: reverse("programs:handout", args=[shipped.pk]),
    }[place]()

    answer = family.get(url)

    assert answer.status_code == 200
    assert answer.headers["Content-Language"] == "es"
    assert "Accept-Language" in answer.headers["Vary"]
    page = read_out(answer)
    assert '<html lang="es"' in page
    assert english_in(page) == []


@pytest.mark.parametrize(
    "place",
    [
        "guidance:worklist",
        "guidance:patient",
        "guidance:phase",
        "library:exercise-list",
        "library:exercise-detail",
        "library:protocol-list",
        "library:protocol-detail",
        "library:ladder-list",
        "library:red-flag-list",
        "patients:definition-draft",
        "patients:definition-detail",
        "guidance:ladders",
        "programs:program-assign",
        "programs:program-history",
    ],
)
def test_a_page_of_spanish_staff_holds_no_english(
    client: Client, vet: User, patient: Patient, shipped: Program, place: str
) -> None:
    load_library(at=make.NOW)
    client.force_login(vet)
    client.cookies["django_language"] = "es"
    about = {
        "guidance:patient": patient,
        "guidance:phase": patient,
        "library:exercise-detail": Exercise.objects.current().get(slug="heat-pack"),
        "library:protocol-detail": Protocol.objects.current().get(slug="ivdd-conservative"),
        "patients:definition-draft": patient,
        "patients:definition-detail": shipped.definition,
        "guidance:ladders": patient,
        "programs:program-assign": patient,
        "programs:program-history": shipped,
    }.get(place)

    answer = client.get(reverse(place, args=[] if about is None else [about.pk]))

    assert answer.status_code == 200
    assert english_in(read_out(answer)) == []


def test_the_same_page_in_english_is_found_to_hold_english(client: Client, patient: Patient, shipped: Program) -> None:
    client.force_login(patient.caregivers.get().user)

    page = read_out(client.get(reverse("sessions:today", args=[patient.pk])))

    assert len(english_in(page)) > 10
