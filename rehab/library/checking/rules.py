"""Every other content file: words, grades, warning signs, decision rows, progression, ladders, instruments, sources."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from rehab.library.checking.items import GRADES, PHASES
from rehab.library.checking.scores import score_entry
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
    SOURCES,
    SYNONYMS,
    TARGETS,
    VOCABULARY,
    Problem,
)

Found = Iterator[tuple[str, str, str]]  # item, field, what is wrong
Files = Mapping[str, Mapping[str, Any]]

DOCUMENTS: Final = frozenset({"000", "001", "002", "003", "004"})
PRACTICE: Final = "GK"
SOURCE: Final = re.compile(r"\bS\d\d+b?\b")
# How SOURCES.md lists a source: the first column of its table.
LISTED: Final = re.compile(r"^\| (S\d+b?) \|", re.MULTILINE)

TOP: Final[Mapping[str, Mapping[str, type]]] = {
    VOCABULARY: {
        "origin": list, "mechanism": list, "cause": list, "signs_without_deficit": list, "signs_with_deficit": list,
        "recovery_steps": list, "root_causes_of_failure": list, "stage_by_duration": list, "exercise_type": list,
        "shortfalls": list, "maintenance": dict, "phases": list, "roles": list,
    },
    NEURO: {"neuro_scale_id": str, "grades": list, "deep_pain": dict, "owner_screen": list, "suspected_grade": list},
    RED_FLAGS: {"urgency_levels": dict, "stop_scopes": dict, "flags": list},
    DECISION: {
        "required_before_any_assignment": list, "required_before_progression": list, "validation": list,
        "no_row_matches": str, "categories": list, "rows": list, "overlays": list, "load_levels": dict,
        "load_level_by_phase_max": dict,
    },
    PROGRESSION: {
        "order": list, "pain_anchors": dict, "profiles": dict, "rules": dict, "step_rules": dict, "test_cases": list,
        "human_override": str, "weekly_load": str,
    },
    LADDERS: {"rung_rule": dict, "ladders": list},
    INSTRUMENTS: {"licence_classes": dict, "instruments": list},
    SCORE_ENTRY: {"forms": list, "elsewhere": list},
    ADHERENCE: {"people": list, "dogs": list, "design_rules": list},
    TARGETS: {"limb": list, "habits": dict},
    SYNONYMS: {"exercises": dict, "equipment": dict},
}  # fmt: skip
PROFILE_NUMBERS: Final = (
    "green_max", "amber_max", "rise_in_session_ok", "rise_in_session_max", "morning_over_baseline_ok",
    "morning_over_baseline_regress", "min_sessions", "min_days_at_level", "clean_needed", "standing_drop_pct",
    "days_between_progressions", "resting_restrain", "morning_restrain",
)  # fmt: skip
LIMITS: Final = (
    "weekly_load_pct", "hard_14d_pct", "new_exercises_per_week", "max_active_items", "start_load_level_max",
)  # fmt: skip


def rule_problems(files: Files, *, sources: str) -> list[Problem]:
    """Everything wrong with the files beside exercises and protocols, and with the sources that any file names.

    ``files`` maps the name of each content file to its values, ``sources`` is the text of SOURCES.md.
    """
    missing = [
        Problem(file=file, slug="–", field=key, what="is missing or has the wrong type")
        for file, keys in TOP.items()
        for key, kind in keys.items()
        if not isinstance(files[file].get(key), kind)
    ]
    # A list that is not there cannot be walked.
    if missing:
        return missing
    return [
        Problem(file=file, slug=item, field=field, what=what)
        for file, check in CHECKS.items()
        for item, field, what in _guarded(check, files)
    ] + [*_sources(files, sources)]


def _guarded(check: Callable[[Files], Found], files: Files) -> Found:
    try:
        yield from check(files)
    except (KeyError, TypeError, IndexError, AttributeError) as error:
        # Something is missing or of another shape, deep inside; what it was says where to look.
        yield "–", "–", f"has not the shape that is expected: {type(error).__name__} {error}"


def _twice(items: Sequence[Any], field: str) -> Found:
    for item in {item for item in items if items.count(item) > 1}:
        yield str(item), field, "is used twice"


def _vocabulary(files: Files) -> Found:
    data = files[VOCABULARY]
    for name in ("origin", "mechanism", "cause", "signs_without_deficit", "signs_with_deficit", "phases", "shortfalls"):
        codes = [row["code"] for row in data[name]]
        yield from _twice(codes, name)
        for row in data[name]:
            text = row.get("label") or row.get("name") or row.get("detect") or row.get("leaves")
            if not text:
                yield row["code"], name, "has no words"
    if tuple(row["code"] for row in data["phases"]) != PHASES:
        yield "phases", "code", f"must be {', '.join(PHASES)}, in this order"
    yield from _twice([leaf for row in data["cause"] for leaf in row["leaves"]], "leaves")
    expected = 0
    for row in data["stage_by_duration"]:
        if row["from_day"] != expected:
            yield row["code"], "from_day", f"is {row['from_day']}, must follow on day {expected}"
        expected = (row["to_day"] or 0) + 1
    months = data["maintenance"]["checkpoints_months"]
    if months != sorted(set(months)):
        yield "maintenance", "checkpoints_months", "must rise"
    steps = [row["step"] for row in data["recovery_steps"]]
    if steps != list(range(1, len(steps) + 1)):
        yield "recovery_steps", "step", "must count from 1"


def _neuro(files: Files) -> Found:
    grades = [row["grade"] for row in files[NEURO]["grades"]]
    if grades != list(GRADES):
        yield "grades", "grade", f"must be 0 to 5, is {grades}"
    for row in files[NEURO]["grades"]:
        for field in ("name", "vet", "owner_sees"):
            if not row.get(field):
                yield f"grade {row['grade']}", field, "is missing"


def _red_flags(files: Files) -> Found:
    data = files[RED_FLAGS]
    scopes = {*data["stop_scopes"], "none_or_named_exercise"}
    ids = [row["id"] for row in data["flags"]]
    yield from _twice(ids, "id")
    for row in data["flags"]:
        if row["urgency"] not in data["urgency_levels"]:
            yield row["id"], "urgency", f"unknown urgency {row['urgency']!r}"
        if row["stop"] not in scopes:
            yield row["id"], "stop", f"unknown stop {row['stop']!r}"
        for field in ("sign", "detect", "src"):
            if not row.get(field):
                yield row["id"], field, "is missing"
    for code, level in data["urgency_levels"].items():
        if level["stop"] not in scopes:
            yield code, "stop", f"unknown stop {level['stop']!r}"
        if not any(key.startswith("human_ack") for key in level):
            yield code, "human_ack", "must say when somebody has to answer"


def _decision(files: Files) -> Found:
    data, words = files[DECISION], files[VOCABULARY]
    categories, rows = set(data["categories"]), [row["id"] for row in data["rows"]]
    exercises = {row["slug"] for row in files[EXERCISES]["exercises"]}
    axes = {
        "origin": {row["code"] for row in words["origin"]},
        "mechanism": {row["code"] for row in words["mechanism"]},
        "neuro_deficit": {"yes", "no"},
        "neuro_grade": set(GRADES),
        "any_undetermined": {True},
    }
    yield from _twice(rows, "id")
    if data["no_row_matches"] not in rows:
        yield "no_row_matches", "–", f"unknown row {data['no_row_matches']!r}"
    for row in data["rows"]:
        for axis, wanted in row["when"].items():
            for answer in wanted if isinstance(wanted, list) else [wanted]:
                if answer not in axes[axis]:
                    yield row["id"], f"when.{axis}", f"unknown answer {answer!r}"
        if row["profile"] not in ("msk", "neuro"):
            yield row["id"], "profile", f"unknown profile {row['profile']!r}"
        for parent in row.get("inherit", []):
            if parent not in rows:
                yield row["id"], "inherit", f"unknown row {parent!r}"
        for field in ("assign", "progress", "phase_change"):
            if not row["approver"].get(field):
                yield row["id"], f"approver.{field}", "is missing"
        if not row["re_exam_days"] or row["re_exam_days"] != sorted(set(row["re_exam_days"])):
            yield row["id"], "re_exam_days", "must be days that rise"
        if "inherit" in row:
            continue
        for field in ("allow", "block", "block_until_gate"):
            for category in row.get(field, ()):
                if category not in categories:
                    yield row["id"], field, f"unknown category {category!r}"
        for slug in row.get("probe_allowed", []):
            if slug not in exercises:
                yield row["id"], "probe_allowed", f"unknown exercise {slug!r}"
        if row["start_phase"] not in PHASES:
            yield row["id"], "start_phase", f"unknown phase {row['start_phase']!r}"
        for limit in LIMITS:
            if not isinstance(row["limits"].get(limit), int):
                yield row["id"], f"limits.{limit}", "must be a whole number"
    yield from _twice([row["id"] for row in data["overlays"]], "id")
    for profile, phases in data["load_level_by_phase_max"].items():
        if tuple(phases) != PHASES or not all(level in data["load_levels"] for level in phases.values()):
            yield profile, "load_level_by_phase_max", "must give each phase one of the load levels"
    yield from _protocol_rows(files)


def _protocol_rows(files: Files) -> Found:
    """An item that every row of its protocol blocks could never be given."""
    category = {row["slug"]: row["category"] for row in files[EXERCISES]["exercises"]}
    rows = {row["id"]: row for row in files[DECISION]["rows"]}
    for protocol in files[PROTOCOLS]["protocols"]:
        open_to = {
            allowed
            for row in protocol["rows"]
            for parent in rows[row].get("inherit", [row])
            for allowed in (*rows[parent]["allow"], *rows[parent].get("block_until_gate", ()))
        }
        for phase in protocol["phases"]:
            for item in phase["items"]:
                if "ex" in item and category[item["ex"]] not in open_to:
                    yield protocol["id"], f"phases.{phase['code']}.{item['ex']}", "is blocked by every row"


def _progression(files: Files) -> Found:
    data = files[PROGRESSION]
    if data["order"] != ["RESTRAIN", "REGRESS", "HOLD", "PROGRESS"]:
        yield "order", "–", "the most careful decision comes first"
    ids = [rule["id"] for name in data["order"] for rule in data["rules"][name]]
    yield from _twice(ids, "id")
    profiles = data["profiles"]
    for name in ("msk", "neuro"):
        for number in PROFILE_NUMBERS:
            if not isinstance(profiles[name].get(number), int):
                yield name, number, "must be a whole number"
    for number in ("green_max", "amber_max", "rise_in_session_max", "resting_restrain", "morning_restrain"):
        if profiles["neuro"][number] > profiles["msk"][number]:
            yield "neuro", number, "is less careful than that of the musculoskeletal profile"
    flags = {row["id"] for row in files[RED_FLAGS]["flags"]}
    for case in data["test_cases"]:
        if case["expect"] not in data["order"]:
            yield case["id"], "expect", f"unknown decision {case['expect']!r}"
        if case.get("rule", ids[0]) not in ids:
            yield case["id"], "rule", f"unknown rule {case['rule']!r}"
        if "flag" in case and case["flag"] not in flags:
            yield case["id"], "flag", f"unknown warning sign {case['flag']!r}"


def _ladders(files: Files) -> Found:
    data = files[LADDERS]
    for field in ("min_days", "moving_ladders_max"):
        for profile in ("msk", "neuro"):
            if not isinstance(data["rung_rule"][field].get(profile), int):
                yield "rung_rule", f"{field}.{profile}", "must be a whole number"
    yield from _twice([row["id"] for row in data["ladders"]], "id")
    for ladder in data["ladders"]:
        numbers = [rung["n"] for rung in ladder["rungs"]]
        if not numbers or numbers != list(range(1, len(numbers) + 1)):
            yield ladder["id"], "rungs.n", "must count from 1"
        for rung in ladder["rungs"]:
            for field in ("do", "dose"):
                if not rung.get(field):
                    yield ladder["id"], f"rungs.{rung['n']}.{field}", "is missing"


def _instruments(files: Files) -> Found:
    data = files[INSTRUMENTS]
    yield from _twice([row["id"] for row in data["instruments"]], "id")
    for row in data["instruments"]:
        if row["licence"] not in data["licence_classes"]:
            yield row["id"], "licence", f"unknown licence class {row['licence']!r}"
        # What may not ship must not: only own or cleared wording is ever shown in full.
        if row["licence"] in ("AMBER", "RED") and str(row.get("ship", "no")).startswith("V1"):
            yield row["id"], "ship", f"licence class {row['licence']} does not ship"


def _adherence(files: Files) -> Found:
    for part in ("people", "dogs"):
        for number, row in enumerate(files[ADHERENCE][part], start=1):
            for field in ("fact", "src"):
                if not row.get(field):
                    yield f"{part} {number}", field, "is missing"


def _targets(files: Files) -> Found:
    data = files[TARGETS]
    active = {row["slug"] for row in files[EXERCISES]["exercises"] if row["mode"] == "active"}
    habits = {
        habit for row in files[VOCABULARY]["root_causes_of_failure"] for habit in row.get("examples", ())
    }  # the vocabulary's own list
    for slug in data["limb"]:
        if slug not in active:
            yield "limb", slug, "is not an active exercise"
    for habit in habits ^ set(data["habits"]):
        yield habit, "habits", "must be listed here and in the vocabulary"
    for habit, row in data["habits"].items():
        if not row["label"]:
            yield habit, "label", "is missing"
        if not row["retrain"]:
            yield habit, "retrain", "each habit names at least one exercise"
        for slug in row["retrain"]:
            if slug not in active:
                yield habit, "retrain", f"{slug!r} is not an active exercise"


def _synonyms(files: Files) -> Found:
    data = files[SYNONYMS]
    slugs = {row["slug"] for row in files[EXERCISES]["exercises"]}
    for slug in data["exercises"].keys() - slugs:
        yield slug, "exercises", "is not an exercise"
    for part in ("exercises", "equipment"):
        for key, words in data[part].items():
            if not words or not all(isinstance(word, str) and word.strip() for word in words):
                yield key, part, "must list words"


CHECKS: Final[Mapping[str, Callable[[Files], Found]]] = {
    VOCABULARY: _vocabulary,
    NEURO: _neuro,
    RED_FLAGS: _red_flags,
    DECISION: _decision,
    PROGRESSION: _progression,
    LADDERS: _ladders,
    INSTRUMENTS: _instruments,
    SCORE_ENTRY: score_entry,
    ADHERENCE: _adherence,
    TARGETS: _targets,
    SYNONYMS: _synonyms,
}


def _sources(files: Files, sources: str) -> Iterator[Problem]:
    """Sources that are named and not listed: no number may seem better founded than it is."""
    listed = set(LISTED.findall(sources))
    if not listed:
        yield Problem(file=SOURCES, slug="–", field="–", what="lists no sources")
        return
    for file, data in files.items():
        for item, field, text in _texts(data):
            named = SOURCE.findall(text)
            is_source = field in ("src", "source", "document")
            if is_source and not named and text not in {*DOCUMENTS, PRACTICE, "none"}:
                yield Problem(file=file, slug=item, field=field, what=f"unknown source {text!r}")
            for source in named:
                if source not in listed:
                    yield Problem(file=file, slug=item, field=field, what=f"source {source} is not in {SOURCES}")


def _texts(value: Any, item: str = "–", field: str = "–") -> Iterable[tuple[str, str, str]]:
    """Every text in the content, with the item that it belongs to and the field that holds it."""
    if isinstance(value, str):
        yield item, field, value
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one, item, field)
    elif isinstance(value, dict):
        named = value.get("slug") or value.get("id") or value.get("code")
        name = item if named is None else str(named)
        for key, one in value.items():
            yield from _texts(one, name if named is not None or item != "–" else str(key), str(key))
