"""The built-in content goes into the database as versions, all of it or nothing."""

import datetime as dt
import shutil
from collections.abc import Callable
from functools import partial
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test.utils import CaptureQueriesContext

from accounts.models import Clinic
from rehab.library import reading
from rehab.library.actions import Count, load_library
from rehab.library.management.commands import load_library as command
from rehab.library.models import Exercise, Protocol, ProtocolPhase
from rehab.library.reading import EXERCISES, PROTOCOLS, ContentError

pytestmark = pytest.mark.django_db

LATER = dt.timedelta(days=30)
Edit = Callable[[str, str, str], Path]


@pytest.fixture
def edited(tmp_path: Path) -> Edit:
    """``edited(file, old, new)`` is a copy of the content in which one text was replaced once."""
    folder = tmp_path / "content"
    shutil.copytree(reading.FOLDER, folder)

    def edit(file: str, old: str, new: str) -> Path:
        text = (folder / file).read_text()
        assert old in text
        (folder / file).write_text(text.replace(old, new, 1))
        reading.read.cache_clear()
        return folder

    return edit


def test_load_brings_every_exercise_and_protocol(now: dt.datetime) -> None:
    report = load_library(at=now)

    assert report.exercises == Count(total=45, new=45)
    assert report.protocols == Count(total=11, new=11)
    assert Exercise.objects.current().built_in().count() == 45
    assert Protocol.objects.current().built_in().count() == 11
    assert ProtocolPhase.objects.count() == 48


def test_load_again_changes_nothing(now: dt.datetime) -> None:
    load_library(at=now)
    before = list(Exercise.objects.order_by("pk").values())

    report = load_library(at=now + LATER)

    assert (report.exercises, report.protocols) == (Count(total=45), Count(total=11))
    assert report.exercises.unchanged == 45
    assert list(Exercise.objects.order_by("pk").values()) == before
    assert ProtocolPhase.objects.count() == 48


def test_load_merges_defaults_and_what_always_applies(now: dt.datetime) -> None:
    load_library(at=now)

    stand = Exercise.objects.get(slug="stand-count")
    assert stand.dose == {
        "sets": 3, "reps": None, "hold_s": 10, "minutes": None, "per_day": 2, "days_per_week": 7,
    }  # fmt: skip
    assert stand.contraindications == ["X_REDFLAG", "X_NOTGRADED", "X_STRICT", "X_PAIN"]
    assert stand.stop_signs == [
        "S_CRY", "S_PAIN2", "S_REFUSE", "S_BREATH", "S_SHAKE", "S_SINK", "S_KNUCKLE",
    ]  # fmt: skip
    assert (stand.easier_slug, stand.harder_slug) == ("sling-stand", "weight-shift")
    assert Exercise.objects.get(slug="nonslip-floors").dose["one_off"] is True
    assert Exercise.objects.get(slug="weight-control").dose["days_per_week"] == 1
    assert Exercise.objects.get(slug="side-roll").not_before_day == 21
    assert Exercise.objects.get(slug="water-treadmill-clinic").clinic_only is True


def test_load_keeps_phases_in_order_with_conditions_and_extras(now: dt.datetime) -> None:
    load_library(at=now)

    phases = ProtocolPhase.objects.filter(protocol__slug="ivdd-conservative").order_by("position")
    assert [phase.code for phase in phases] == ["P0", "P1", "P2", "P3", "P4", "P5"]
    assert (phases[0].days_min, phases[0].days_max) == (21, 42)
    assert phases[0].items[0] == {
        "exercise": "crate-rest",
        "dose": {"duration_days": 28, "toilet_trips_per_day": 4},
    }
    assert {"exercise": "reposition-turn", "condition": "grade >= 3"} in phases[0].items
    assert phases[4].ladders == ["walk-30", "car", "sofa"]
    assert phases[1].extra["exit_alt"].startswith("grade 3-5 without 10 steps")
    assert phases[5].items == [{"ref_protocol": "maintenance-prevention"}]


def test_load_supersedes_what_changed_and_leaves_the_old_version_as_it_was(now: dt.datetime, edited: Edit) -> None:
    load_library(at=now)
    old = Exercise.objects.get(slug="stand-count")
    folder = edited(EXERCISES, "Build standing time; the main progress number", "Build standing time")

    report = load_library(at=now + LATER, folder=folder)

    assert report.exercises == Count(total=45, changed=1)
    assert report.protocols == Count(total=11)
    first, second = Exercise.objects.filter(slug="stand-count").order_by("version")
    assert (first.pk, first.version, first.superseded_at) == (old.pk, 1, now + LATER)
    assert first.purpose == "Build standing time; the main progress number"
    assert (second.version, second.superseded_at, second.purpose) == (2, None, "Build standing time")


def test_load_supersedes_a_protocol_when_only_a_phase_changed(now: dt.datetime, edited: Edit) -> None:
    load_library(at=now)
    folder = edited(PROTOCOLS, "days: [2, 7]", "days: [3, 7]")

    report = load_library(at=now + LATER, folder=folder)

    assert report.protocols == Count(total=11, changed=1)
    versions = Protocol.objects.filter(slug="soft-tissue-strain").order_by("version")
    assert [protocol.phases.get(code="P0").days_min for protocol in versions] == [2, 3]


def test_load_brings_back_an_earlier_text_as_a_third_version(now: dt.datetime, edited: Edit) -> None:
    load_library(at=now)
    load_library(at=now, folder=edited(EXERCISES, 'name: "Stand and count"', 'name: "Stand"'))

    load_library(at=now)

    current = Exercise.objects.current().get(slug="stand-count")
    assert (current.version, current.name) == (3, "Stand and count")


def test_load_no_longer_offers_what_left_the_content(now: dt.datetime, edited: Edit) -> None:
    load_library(at=now)
    text = (reading.FOLDER / EXERCISES).read_text()
    start = text.index("- slug: sensory-brush")
    whole = text[start : text.index("- slug: hind-extension-stretch")]
    edited(PROTOCOLS, '{ex: sensory-brush, if: "grade >= 3"}', "{ex: toe-squeeze}")
    edited(PROTOCOLS, "{ex: sensory-brush, dose: {minutes: 3, per_day: 2}}, ", "")
    edited(PROTOCOLS, "{ex: sensory-brush}", "{ex: toe-squeeze}")
    edited(EXERCISES, "easier: sensory-brush", "easier: light-massage")
    folder = edited(EXERCISES, whole, "")

    report = load_library(at=now + LATER, folder=folder)

    assert report.exercises == Count(total=44, changed=1, removed=1)
    assert Exercise.objects.get(slug="sensory-brush").superseded_at == now + LATER


def test_load_leaves_a_clinics_own_content_alone(now: dt.datetime, clinic: Clinic) -> None:
    own = Exercise.objects.create(
        clinic=clinic, slug="stand-count", name="Ours", category="core_strength", mode="active", load=1,
        earliest_phase="P1", purpose="x", content_hash="0" * 64,
    )  # fmt: skip

    load_library(at=now)

    own.refresh_from_db()
    assert own.superseded_at is None
    assert Exercise.objects.current().filter(slug="stand-count").count() == 2


@pytest.mark.parametrize(
    ("file", "old", "new", "complaint"),
    [
        (EXERCISES, "harder: side-roll", "harder: no-such",
         "reposition-turn: harder: unknown exercise 'no-such'"),
        (EXERCISES, "easier: sling-stand\n  harder: weight-shift", "easier: gone\n  harder: weight-shift",
         "stand-count: easier: unknown exercise 'gone'"),
        (EXERCISES, "{sets: 3, hold_s: 10, per_day: 2, days_per_week: 7}",
         "{sets: 9, hold_s: 10, per_day: 2, days_per_week: 7}",
         "stand-count: dose: sets is 9, outside 1 to 5"),
        (EXERCISES, "category: nursing_care", "category: nursing",
         "reposition-turn: category: unknown category"),
        (EXERCISES, "earliest: P0", "earliest: P9", "reposition-turn: earliest: unknown phase 'P9'"),
        (EXERCISES, "contra: [X_WOUND, X_SKIN, X_INFECT, X_BITE]", "contra: [X_NOPE]",
         "light-massage: contra: unknown code 'X_NOPE'"),
        (EXERCISES, "stop: [S_SKIN]", "stop: [S_NOPE]", "warm-wash: stop: unknown code 'S_NOPE'"),
        (EXERCISES, "{contra: [X_REDFLAG", "{contra: [X_NOPE", "always: contra: unknown code 'X_NOPE'"),
        (EXERCISES, "  load: 0\n", "  load: 7\n", "reposition-turn: load: must be 0 to 4, is 7"),
        (EXERCISES, "  load: 0\n", "  load: heavy\n", "reposition-turn: load: has the wrong type"),
        (EXERCISES, "  mode: passive\n", "", "reposition-turn: mode: is missing"),
        (EXERCISES, "  mode: passive\n", "  mood: passive\n  mode: passive\n",
         "reposition-turn: mood: is not a field that is known"),
        (EXERCISES, "  mode: passive\n", "  mode: passive\n  mode: active\n", "written twice: mode"),
        (EXERCISES, "slug: warm-wash", "slug: reposition-turn", "reposition-turn: slug: is used twice"),
        (EXERCISES, 'name: "Turn and prop"', f'name: "{"x" * 121}"', "reposition-turn: name: "),
        (EXERCISES, "range: {interval_h: [2, 6]", "range: {interval_h: [6, 2]",
         "reposition-turn: range: interval_h must be [low, high]"),
        (EXERCISES, "grades: [3, 4, 5]", "grades: [3, 4, 6]", "reposition-turn: grades: unknown grade 6"),
        (EXERCISES, "exercises:\n", "exercise:\n", "exercises: is missing"),
        (PROTOCOLS, "{ex: cold-pack, dose", "{ex: ice, dose", "phases.P0.items.ex: unknown exercise 'ice'"),
        (PROTOCOLS, "{ex: cold-pack, dose: {minutes: 10", "{ex: cold-pack, dose: {minutes: 90",
         "phases.P0.items.cold-pack.dose: minutes is 90, outside 5 to 20"),
        (PROTOCOLS, "pain_rest.max[2d] <= 3", "pain_rest.most[2d] <= 3",
         "soft-tissue-strain: phases.P0.exit: is not a criterion: 'pain_rest.most[2d] <= 3'"),
        (PROTOCOLS, "pain_rest.max[2d] <= 3", "mood.max[2d] <= 3", "phases.P0.exit: unknown metric 'mood'"),
        (PROTOCOLS, "ladders: [walk-30, car, offleash]", "ladders: [moon]",
         "phases.P4.ladders: unknown ladder 'moon'"),
        (PROTOCOLS, "rows: [D1]", "rows: [D9]", "soft-tissue-strain: rows: unknown decision row 'D9'"),
        (PROTOCOLS, "cause: soft_tissue", "cause: bad_luck", "soft-tissue-strain: cause: unknown cause"),
        (PROTOCOLS, "ref_protocol: maintenance-prevention", "ref_protocol: gone",
         "phases.P5.items.ref_protocol: unknown protocol 'gone'"),
        (PROTOCOLS, "habit: bunny_hop", "habit: sulks",
         "secondary-hip: phases.P2.items.habit: unknown movement habit"),
        (PROTOCOLS, "replaces: heads-up", "replaces: gone", "phases.P2.items.replaces: unknown exercise"),
        (PROTOCOLS, "unlock: vet}", "unlock: owner}", "items.unlock: only a vet unlocks"),
        (PROTOCOLS, "days: [2, 7]", "days: [7, 2]", "soft-tissue-strain: phases.P0.days: must be"),
        (PROTOCOLS, "profile: msk", "profile: strong", "soft-tissue-strain: profile: unknown profile"),
        (PROTOCOLS, 'warn: "Any', f'warn: "{"x" * 255}', "soft-tissue-strain: warning: "),
        (PROTOCOLS, "protocols:\n", "protocols: [\n", "is not valid YAML"),
        ("00_vocab.yaml", "cause:  ", "causes:  ", "cause: is missing"),
    ],
)  # fmt: skip
def test_load_refuses_wrong_content_by_name_and_writes_nothing(
    now: dt.datetime, edited: Edit, file: str, old: str, new: str, complaint: str
) -> None:
    folder = edited(file, old, new)

    with pytest.raises(ContentError) as refused:
        load_library(at=now, folder=folder)

    assert str(refused.value).startswith(f"{file}: ")
    assert complaint in str(refused.value)
    assert (Exercise.objects.count(), Protocol.objects.count(), ProtocolPhase.objects.count()) == (0, 0, 0)


def test_load_names_every_problem_at_once(now: dt.datetime, edited: Edit) -> None:
    edited(EXERCISES, "harder: side-roll", "harder: no-such")
    folder = edited(EXERCISES, "stop: [S_SKIN]", "stop: [S_NOPE]")

    with pytest.raises(ContentError) as refused:
        load_library(at=now, folder=folder)

    assert [(problem.slug, problem.field) for problem in refused.value.problems] == [
        ("reposition-turn", "harder"),
        ("warm-wash", "stop"),
    ]


def test_load_is_set_based(
    now: dt.datetime, django_assert_max_num_queries: Callable[..., CaptureQueriesContext]
) -> None:
    # Hashes, versions and insert of each kind, and the phases; SQLite splits a long insert into a few.
    with django_assert_max_num_queries(14):
        load_library(at=now)
    with django_assert_max_num_queries(6):
        load_library(at=now)


def test_command_prints_counts_and_says_what_is_wrong(monkeypatch: pytest.MonkeyPatch, edited: Edit) -> None:
    out = StringIO()
    call_command("load_library", stdout=out)
    assert out.getvalue().splitlines() == [
        "Exercises: 45 (45 new, 0 changed, 0 as before, 0 no longer offered)",
        "Protocols: 11 (11 new, 0 changed, 0 as before, 0 no longer offered)",
    ]

    folder = edited(EXERCISES, "stop: [S_SKIN]", "stop: [S_NOPE]")
    monkeypatch.setattr(command, "load_library", partial(load_library, folder=folder))
    with pytest.raises(CommandError, match="warm-wash: stop: unknown code"):
        call_command("load_library", stdout=out)
