"""Every content file is checked, and the built-in content goes into the database as versions, all of it or nothing."""

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
from rehab.library.models import Exercise, Ladder, Protocol, ProtocolPhase, RedFlag
from rehab.library.reading import (
    ADHERENCE,
    DECISION,
    EXERCISES,
    INSTRUMENTS,
    LADDERS,
    NEURO,
    PROGRESSION,
    PROTOCOLS,
    RED_FLAGS,
    SCORE_ENTRY,
    SYNONYMS,
    TARGETS,
    VOCABULARY,
    ContentError,
)

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
    assert (report.ladders, report.red_flags) == (Count(total=5), Count(total=31))
    assert report.exercises.unchanged == 45
    assert list(Exercise.objects.order_by("pk").values()) == before
    assert ProtocolPhase.objects.count() == 48


def test_load_brings_the_ladders_and_the_warning_signs(now: dt.datetime) -> None:
    load_library(at=now)

    car = Ladder.objects.current().built_in().get(slug="car")
    assert (car.name, len(car.rungs)) == ("Into and out of the car, by ramp", 7)
    assert car.rungs[1] == {"n": 2, "do": "Ramp flat on the ground beside the car, walk over", "dose": "3 passes"}
    assert Ladder.objects.current().count() == 5
    first = RedFlag.objects.current().get(slug="RF01")
    assert (first.urgency, first.stop) == ("emergency_now", "all_active_and_passive")
    assert first.sign.startswith("Suddenly cannot stand")
    assert RedFlag.objects.current().count() == 31


def test_load_supersedes_a_ladder_that_changed(now: dt.datetime, edited: Edit) -> None:
    load_library(at=now)

    load_library(at=now + LATER, folder=edited(LADDERS, '"Ramp flat on the ground', '"Ramp on the ground'))

    first, second = Ladder.objects.filter(slug="car").order_by("version")
    assert first.rungs[1]["do"].startswith("Ramp flat")
    assert second.rungs[1]["do"].startswith("Ramp on")
    assert (first.superseded_at, second.superseded_at) == (now + LATER, None)


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
    edited(SYNONYMS, "  sensory-brush: [tactile stimulation, desensitisation, proprioception]\n", "")
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
        (PROTOCOLS, "{ex: heat-pack, dose: {minutes: 10, per_day: 1}}, {ex: light-massage, dose: {minutes: 5, per_day: 2}}, {ex: prom",
         "{ex: hill-walk}, {ex: light-massage, dose: {minutes: 5, per_day: 2}}, {ex: prom",
         "soft-tissue-strain: phases.P1.items.hill-walk: load level 4 is above 2, the most of P1"),
        (PROTOCOLS, "per_day: 2}, unlock: vet}", "per_day: 2}}",
         "dm-maintenance: phases.P0.items.prom-limbs: is for P1 and later, not P0"),
        (VOCABULARY, "cause:  ", "causes:  ", "cause: is missing"),
        (VOCABULARY, "code: subacute, from_day: 28", "code: subacute, from_day: 30",
         "subacute: from_day: is 30, must follow on day 28"),
        (VOCABULARY, "code: stilted_gait", "code: hunched_back", "hunched_back: signs_without_deficit: is used twice"),
        (VOCABULARY, "{code: P5, name", "{code: P6, name", "phases: code: must be P0"),
        (NEURO, "{grade: 5, name", "{grade: 6, name", "grades: grade: must be 0 to 5"),
        (NEURO, "source: S06}", "source: hearsay}", "source: unknown source 'hearsay'"),
        (RED_FLAGS, "urgency: emergency_now, stop: all_active_and_passive, src: [S01, S02",
         "urgency: soon, stop: all_active_and_passive, src: [S01, S02", "RF01: urgency: unknown urgency 'soon'"),
        (RED_FLAGS, "stop: named_exercise, src: [S14]", "stop: some, src: [S14]", "RF19: stop: unknown stop 'some'"),
        (RED_FLAGS, "src: [S14]", "src: [S140]", "RF19: src: source S140 is not in SOURCES.md"),
        (RED_FLAGS, "id: RF02", "id: RF01", "RF01: id: is used twice"),
        (DECISION, "origin: primary, mechanism: musculoskeletal", "origin: first, mechanism: musculoskeletal",
         "D1: when.origin: unknown answer 'first'"),
        (DECISION, "block: [neuro_stimulation]", "block: [neuro]", "D1: block: unknown category 'neuro'"),
        (DECISION, "max_active_items: 6, ", "", "D1: limits.max_active_items: must be a whole number"),
        (DECISION, "probe_allowed: [stand-count", "probe_allowed: [stand-still", "D7: probe_allowed: unknown exercise"),
        (DECISION, "inherit: [D2, D3, D4]", "inherit: [D2, D3, D9]", "D6: inherit: unknown row 'D9'"),
        (DECISION, "re_exam_days: [14, 42, 84]", "re_exam_days: [42, 14, 84]", "D1: re_exam_days: must be days that rise"),
        (DECISION, "no_row_matches: D7", "no_row_matches: D8", "no_row_matches: –: unknown row 'D8'"),
        (DECISION, "neuro: {P0: 1, P1: 1, P2: 2", "neuro: {P0: 1, P1: 1, P2: 9",
         "neuro: load_level_by_phase_max: must give each phase"),
        (DECISION, "core_strength, gait_endurance, thermal, home_safety, enrichment]\n    block: [neuro_stimulation]",
         "core_strength, thermal, home_safety, enrichment]\n    block: [neuro_stimulation]",
         "soft-tissue-strain: phases.P1.leash-walk: is blocked by every row"),
        (PROGRESSION, "neuro:   {green_max: 1", "neuro:   {green_max: 3", "neuro: green_max: is less careful"),
        (PROGRESSION, "expect: HOLD, rule: H1}", "expect: HOLD, rule: H99}", "rule: unknown rule 'H99'"),
        (PROGRESSION, "[RESTRAIN, REGRESS, HOLD, PROGRESS]", "[PROGRESS, HOLD, REGRESS, RESTRAIN]",
         "order: –: the most careful decision comes first"),
        (LADDERS, "{n: 2, do", "{n: 3, do", "car: rungs.n: must count from 1"),
        (LADDERS, "min_days: {msk: 3, neuro: 7}", "min_days: {msk: 3}", "rung_rule: min_days.neuro: must be"),
        (INSTRUMENTS, 'licence: RED, why: "commercial (GK)", ship: "no"',
         'licence: RED, why: "commercial (GK)", ship: "V1"', "cornell-type-hrqol: ship: licence class RED does not ship"),
        (SCORE_ENTRY, "{id: hcpi, total", "{id: dms, total", "dms: id: its licence lets no number be entered"),
        (SCORE_ENTRY, "  - {id: hcpi, total: {low: 0, high: 44}}\n", "", "hcpi: id: must be a form here, or be elsewhere"),
        (SCORE_ENTRY, "{low: 0, high: 52}", "{low: 52, high: 0}", "load: total: its range must rise"),
        (SCORE_ENTRY, "change: {total: -4}", "change: {sum: -4}", "load: change: 'sum' is no number of the form"),
        (SCORE_ENTRY, "change: {total: -4}, src: [S56]", "change: {total: -4}", "load: src: is missing"),
        (SCORE_ENTRY, "{id: hcpi, total: {low: 0, high: 44}", "{id: hcpi, total: {low: 0, high: 44}, change: {total: -3}, src: [S70]",
         "hcpi: change: 08 names no published change"),
        (ADHERENCE, ", src: S36}", "}", "people 1: src: is missing"),
        (TARGETS, "  - stand-count", "  - heat-pack", "limb: heat-pack: is not an active exercise"),
        (SYNONYMS, "  side-roll: [", "  side-rol: [", "side-rol: exercises: is not an exercise"),
        (SYNONYMS, "  mat: [mat, rugs]", "  mat: []", "mat: equipment: must list words"),
        (TARGETS, "  bunny_hop: {", "  hops: {", "must be listed here and in the vocabulary"),
        (TARGETS, "retrain: [figure-eight, cavaletti-flat, leash-walk]", "retrain: []",
         "bunny_hop: retrain: each habit names at least one exercise"),
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
    for kind in (Exercise, Protocol, ProtocolPhase, Ladder, RedFlag):
        assert kind.objects.count() == 0


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
    with django_assert_max_num_queries(24):
        load_library(at=now)
    with django_assert_max_num_queries(10):
        load_library(at=now)


def test_command_prints_counts_and_says_what_is_wrong(monkeypatch: pytest.MonkeyPatch, edited: Edit) -> None:
    out = StringIO()
    call_command("load_library", stdout=out)
    assert out.getvalue().splitlines() == [
        "Exercises: 45 (45 new, 0 changed, 0 as before, 0 no longer offered)",
        "Protocols: 11 (11 new, 0 changed, 0 as before, 0 no longer offered)",
        "Ladders: 5 (5 new, 0 changed, 0 as before, 0 no longer offered)",
        "Warning signs: 31 (31 new, 0 changed, 0 as before, 0 no longer offered)",
    ]

    folder = edited(EXERCISES, "stop: [S_SKIN]", "stop: [S_NOPE]")
    monkeypatch.setattr(command, "load_library", partial(load_library, folder=folder))
    with pytest.raises(CommandError, match="warm-wash: stop: unknown code"):
        call_command("load_library", stdout=out)
