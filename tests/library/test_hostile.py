"""People who send the library what no page of ours sends, and people who may not loosen it."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.models import Clinic, User
from rehab.library.actions import load_library
from rehab.library.models import Exercise, Media, Protocol
from rehab.library.own import WrongContent, save_exercise, save_protocol
from rehab.library.own.rules import HIGHEST
from rehab.patients.models import Patient, ProblemDefinition
from rehab.programs.dose import KEYS, LIMITS, Dose
from tests import make
from tests.library.test_own import LATER, phase, protocol_values
from tests.library.test_pages import typed, written

AsUser = Callable[[User], Client]
FIELDS = (
    "name", "purpose", "category", "mode", "load", "trains", "equipment", "steps", "mistakes", "dose", "dose_range",
    "earliest_phase", "earliest_note", "not_before_day", "grades", "contraindications", "stop_signs", "measure",
    "easier_slug", "harder_slug", "clinic_only", "drawn_as", "sources",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _own_folder(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def library(db: None) -> None:
    load_library(at=make.NOW)


# --- Addresses -------------------------------------------------------------------------------------------------------


def test_long_address_of_a_picture_is_refused_at_once(client: Client) -> None:
    begun = time.perf_counter()
    assert client.get(f"/pictures/{'a-' * 1000}!").status_code == 404
    assert time.perf_counter() - begun < 1


@pytest.mark.parametrize(
    "address",
    [
        "/pictures/..-0123456789-still.svg",
        "/pictures/sit-stand-0123456789-still.svg%0a",
        "/pictures/sit-stand-%00-still.svg",
        "/pictures/sit-stand-0123456789-.svg",
        f"/pictures/{'a' * 65}-0123456789-still.svg",
    ],
)
def test_odd_address_of_a_picture_is_not_found(client: Client, address: str) -> None:
    assert client.get(address).status_code == 404


@pytest.mark.parametrize("asked", [f"bytes=0-{'9' * 5000}", f"bytes={'9' * 5000}-", "bytes=0-²", "bytes=٣-٤"])
def test_range_that_nobody_can_count_gives_the_whole_file(
    clinic: Clinic, vet: User, as_user: AsUser, asked: str
) -> None:
    media = Media.objects.create(
        clinic=clinic,
        kind=Media.Kind.PHOTO,
        state=Media.State.READY,
        file=ContentFile(b"0123456789", name="photo.webp"),
        content_type="image/webp",
        uploaded_by=vet,
        uploaded_at=make.NOW,
    )
    answer: Any = as_user(vet).get(reverse("library:media-file", args=[media.pk]), headers={"Range": asked})
    assert (answer.status_code, b"".join(answer.streaming_content)) == (200, b"0123456789")


# --- What no page of ours sends --------------------------------------------------------------------------------------


@pytest.mark.parametrize("do", [f"drop-item:{'9' * 5000}", f"drop-item:0:{'9' * 5000}", "drop-item:²:0", ":::", "\0"])
def test_button_that_names_no_place_does_nothing(library: None, vet: User, as_user: AsUser, do: str) -> None:
    page = as_user(vet).post(reverse("library:protocol-create"), written(do=do))
    assert page.status_code == 200
    assert [item.exercise for item in page.context["phases"][0].items] == ["leash-walk"]


@pytest.mark.parametrize(
    "changes",
    [
        {"p0-name": "Gentle\0motion"},
        {"p0-name": "Gentle\x1b[31m motion"},
        {"p0-0-condition": "fine\0weather"},
        {"p0-0-note": "\u202ereadable"},
        {"p0-extra": '{"exit_alt": "\\ud800"}'},
        {"p0-extra": '{"exit_alt": "\\u0000"}'},
        {"p0-extra": '{"check_in": {"every_days": NaN, "items": []}}'},
        {"p0-extra": '{"check_in": {"\\ud800": 1}}'},
        {"p0-extra": '{"check_in": {}}'},
        {"p0-extra": '{"check_in": {"every_days": "x", "items": 5}}'},
        {"p0-extra": '{"check_in": {"every_days": 30, "items": [{}]}}'},
        {"p0-extra": '{"neuro_profile_max_active": 999999999999999999999}'},
        {"p0-extra": '{"neuro_profile_max_active": -1}'},
    ],
)
def test_protocol_with_hidden_characters_or_odd_extras_is_refused(
    library: None, vet: User, as_user: AsUser, changes: dict[str, str]
) -> None:
    page = as_user(vet).post(reverse("library:protocol-create"), written(**changes))
    assert page.status_code == 422
    assert not Protocol.objects.exclude(clinic=None).exists()


def test_extras_nested_deeper_than_anybody_reads_are_not_kept(library: None, vet: User, as_user: AsUser) -> None:
    deep = '{"check_in":' + '{"a":' * 400 + "1" + "}" * 401
    page = as_user(vet).post(reverse("library:protocol-create"), written(**{"do": "add-phase", "p0-extra": deep}))
    assert page.status_code == 200
    assert page.context["phases"][0].extra == {}


@pytest.mark.parametrize("field", ["steps", "equipment", "mistakes"])
@pytest.mark.parametrize("hidden", ["\x1b[31m", "\u202e", "\x07"])
def test_exercise_with_hidden_characters_in_its_lines_is_refused(
    library: None, vet: User, as_user: AsUser, field: str, hidden: str
) -> None:
    page = as_user(vet).post(reverse("library:exercise-create"), typed(**{field: f"Lead your dog{hidden} up."}))
    assert page.status_code == 422
    assert "There is a hidden character in this text." in page.content.decode()


def test_every_built_in_protocol_and_exercise_can_be_copied_as_it_is(
    library: None, clinic: Clinic, vet: User, as_user: AsUser
) -> None:
    """No rule about own content may refuse what the content itself says."""
    for protocol in Protocol.objects.built_in().current():
        fields = ("name", "cause", "rows", "profile", "total_weeks", "reassess_days", "warning", "progress_disabled")
        inside = (
            "code",
            "name",
            "days_min",
            "days_max",
            "entry_criteria",
            "exit_criteria",
            "items",
            "ladders",
            "extra",
        )
        phases = [{name: getattr(one, name) for name in inside} for one in protocol.phases.order_by("position")]
        said = {name: getattr(protocol, name) for name in (*fields, "sources")}
        save_protocol(clinic=clinic, by=vet, at=LATER, values={**said, "phases": phases}, base=protocol)
    for exercise in Exercise.objects.built_in().current():
        save_exercise(clinic=clinic, by=vet, at=LATER, values=said_by(exercise), base=exercise)


# --- Doses that nobody can prescribe ----------------------------------------------------------------------------------


def test_own_doses_hold_what_a_program_can_prescribe() -> None:
    """One more would break the builder for the whole clinic."""
    most = {key: LIMITS[name][1] for name, key in KEYS.items() if name in LIMITS}
    assert {part: most[part] for part in HIGHEST if part in most} == {
        part: number for part, number in HIGHEST.items() if part in most
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"dose_per_day": "13"},
        {"dose_per_week": "8"},
        {"dose_interval_h": "72"},
        {"dose_minutes": "1000"},
        {"dose_loss_pct_per_week": "1.5"},
        {"dose_recheck_days": "5"},
        {"dose_sets": "2", "least_sets": "0", "most_sets": "3"},
        {"dose_reps": "5", "least_reps": "0", "most_reps": "8"},
        {"most_reps": "400"},
        {"load": "0"},
    ],
)
def test_own_exercise_that_no_program_could_hold_is_refused(
    library: None, vet: User, as_user: AsUser, changes: dict[str, str]
) -> None:
    page = as_user(vet).post(reverse("library:exercise-create"), typed(**changes))
    assert page.status_code == 422
    assert not Exercise.objects.exclude(clinic=None).exists()


def test_protocol_with_a_dose_that_no_program_could_hold_is_refused(library: None, clinic: Clinic, vet: User) -> None:
    items = [{"exercise": "leash-walk", "dose": {"minutes": 5, "per_day": 3, "recheck_days": 7}}]
    with pytest.raises(WrongContent, match="asked again"):
        save_protocol(clinic=clinic, by=vet, at=make.NOW, values=protocol_values(phases=[phase(items=items)]))


def test_builder_goes_on_without_a_dose_that_no_longer_fits(
    library: None, clinic: Clinic, vet: User, as_user: AsUser, patient: Patient, definition: ProblemDefinition
) -> None:
    """A row that was saved before the rules were this strict."""
    broken = make.make_exercise("own-odd", clinic=clinic, dose={"reps": 5, "per_day": 48})
    with pytest.raises(ValueError, match="per_day"):
        Dose.from_json(broken.dose)
    page = as_user(vet).get(reverse("programs:program-assign", args=[patient.pk]), {"phase": "own"})
    assert page.status_code == 200


# --- Who may loosen ---------------------------------------------------------------------------------------------------


def said_by(exercise: Exercise, **changes: Any) -> dict[str, Any]:
    said = {name: getattr(exercise, name) for name in FIELDS}
    return {**said, "dose": {part: value for part, value in exercise.dose.items() if value}, **changes}


LOOSER = [
    {"contraindications": []},
    {"stop_signs": []},
    {"grades": [0, 1, 2, 3, 4, 5]},
    {"load": 1},
    {"mode": "passive"},
    {"category": "nursing_care"},
    {"earliest_phase": "P0", "load": 1},
    {"dose_range": {}},
    {"clinic_only": True},
]


@pytest.mark.parametrize("changes", LOOSER)
def test_therapist_does_not_loosen_a_built_in_exercise(
    library: None, clinic: Clinic, therapist: User, changes: dict[str, Any]
) -> None:
    built_in = Exercise.objects.get(slug="cavaletti-raised")
    with pytest.raises(WrongContent, match="Only a vet makes this less careful"):
        save_exercise(clinic=clinic, by=therapist, at=LATER, values=said_by(built_in, **changes), base=built_in)
    assert not Exercise.objects.exclude(clinic=None).exists()


@pytest.mark.parametrize("changes", LOOSER)
def test_vet_loosens_and_the_therapist_may_go_on_from_there(
    library: None, clinic: Clinic, vet: User, therapist: User, changes: dict[str, Any]
) -> None:
    built_in = Exercise.objects.get(slug="cavaletti-raised")
    copy = save_exercise(clinic=clinic, by=vet, at=LATER, values=said_by(built_in, **changes), base=built_in)
    again = said_by(built_in, **changes, purpose="Said more plainly")
    assert save_exercise(clinic=clinic, by=therapist, at=LATER, values=again, base=copy).version == 2


def test_therapist_makes_a_copy_that_is_more_careful(library: None, clinic: Clinic, therapist: User) -> None:
    built_in = Exercise.objects.get(slug="cavaletti-raised")
    careful = said_by(built_in, grades=built_in.grades[:1], earliest_phase="P5", steps=["Slowly.", "One pole."])
    assert save_exercise(clinic=clinic, by=therapist, at=LATER, values=careful, base=built_in).version == 1


def test_vet_of_another_clinic_is_no_vet_here(
    library: None, clinic: Clinic, other_clinic: Clinic, therapist: User
) -> None:
    make.join(therapist, other_clinic, "vet")
    built_in = Exercise.objects.get(slug="cavaletti-raised")
    with pytest.raises(WrongContent):
        save_exercise(
            clinic=clinic, by=therapist, at=LATER, values=said_by(built_in, grades=[*range(6)]), base=built_in
        )
