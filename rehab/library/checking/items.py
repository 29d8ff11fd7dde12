"""Exercises and protocols: every link, dose, criterion, phase and load level resolves."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from rehab.library.reading import EXERCISES, PROTOCOLS, Problem

PHASES: Final = ("P0", "P1", "P2", "P3", "P4", "P5")
GRADES: Final = range(6)
PROFILES: Final = ("msk", "neuro", "inherit")

# METRIC[.AGG[Nd|Ns]] OP VALUE, the criterion_grammar of 05_protocols.yaml.
CRITERION: Final = re.compile(
    r"(?P<metric>[a-z_0-9]+)(?:\.(?:last|min|max|avg|median|count)\[[1-9]\d*[ds]\])?"
    r" (?:<=|>=|==|<|>) \d+(?:\.\d+)?"
)

_text = (str,)
_text_or_none = (str, type(None))
_whole = (int,)
_list = (list,)
_map = (dict,)
_yes_no = (bool,)

EXERCISE_FILE: Final[Mapping[str, type]] = {
    "contraindication_codes": dict, "stop_codes": dict, "always": dict, "defaults": dict, "exercises": list,
}  # fmt: skip
PROTOCOL_FILE: Final[Mapping[str, type]] = {"metrics": dict, "protocols": list}
EXERCISE_FIELDS: Final[Mapping[str, tuple[type, ...]]] = {
    "slug": _text, "name": _text, "document": _text_or_none, "category": _text, "mode": _text, "load": _whole,
    "trains": _text_or_none, "purpose": _text, "equipment": _list, "steps": _list, "dose": _map,
    "range": _map, "earliest": _text, "grades": _list, "contra": _list, "stop": _list, "mistakes": _list,
    "measure": _map, "easier": _text_or_none, "harder": _text_or_none, "src": _list,
}  # fmt: skip
EXERCISE_EXTRAS: Final[Mapping[str, tuple[type, ...]]] = {
    "also_document": _list, "earliest_note": _text, "not_before_day": _whole, "clinic_only": _yes_no,
}  # fmt: skip
PROTOCOL_FIELDS: Final[Mapping[str, tuple[type, ...]]] = {
    "id": _text, "name": _text, "cause": _text, "rows": _list, "profile": _text, "total_weeks": _text,
    "reassess_days": _list, "warn": _text, "phases": _list,
}  # fmt: skip
PROTOCOL_EXTRAS: Final[Mapping[str, tuple[type, ...]]] = {"progress_disabled": _yes_no}
PHASE_FIELDS: Final[Mapping[str, tuple[type, ...]]] = {
    "code": _text, "name": _text, "days": _list, "enter": _list, "exit": _list, "items": _list,
}  # fmt: skip
PHASE_EXTRAS: Final[Mapping[str, tuple[type, ...]]] = {
    "exit_alt": _text, "ladders": _list, "next_protocol": _list, "neuro_profile_max_active": _whole,
    "check_in": _map, "relapse": _list,
}  # fmt: skip
ITEM_EXTRAS: Final[Mapping[str, tuple[type, ...]]] = {
    "ex": _text, "ref_protocol": _text, "dose": _map, "if": _text, "note": _text, "unlock": _text,
    "habit": _text, "replaces": _text,
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Known:
    """The words that exercises and protocols may refer to, taken from the other content files."""

    categories: Collection[str]
    causes: Collection[str]
    rows: Collection[str]
    habits: Collection[str]
    ladders: Collection[str]
    # Profile -> phase -> the highest load level (load_level_by_phase_max of 03_decision.yaml).
    load_max: Mapping[str, Mapping[str, int]]


def problems(*, exercises: Mapping[str, Any], protocols: Mapping[str, Any], known: Known) -> list[Problem]:
    """Everything wrong with the two files; an empty list means that they may be loaded."""
    found = [*_exercise_file(exercises, known)]
    # A protocol cannot be judged against exercises that are themselves unreadable.
    return found or [*_protocol_file(protocols, exercises, known)]


def shape_problems(
    row: Any, fields: Mapping[str, tuple[type, ...]], extras: Mapping[str, tuple[type, ...]]
) -> Iterator[tuple[str, str]]:
    if not isinstance(row, dict):
        yield "–", "must be a mapping"
        return
    for field in fields.keys() - row.keys():
        yield field, "is missing"
    for field, value in row.items():
        kinds = fields.get(field) or extras.get(field)
        if kinds is None:
            yield str(field), "is not a field that is known"
        elif not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            yield field, f"has the wrong type: {value!r}"


def _duplicates(slugs: list[str]) -> set[str]:
    return {slug for slug in slugs if slugs.count(slug) > 1}


def _exercise_file(data: Mapping[str, Any], known: Known) -> Iterator[Problem]:
    missing = [key for key in EXERCISE_FILE if not isinstance(data.get(key), EXERCISE_FILE[key])]
    for key in missing:
        yield Problem(file=EXERCISES, slug="–", field=key, what="is missing or has the wrong type")
    if missing:
        return
    rows = data["exercises"]
    slugs = [row.get("slug", "") for row in rows if isinstance(row, dict)]
    for twice in _duplicates(slugs):
        yield Problem(file=EXERCISES, slug=twice, field="slug", what="is used twice")
    for field, what in _codes(data["always"], data):
        yield Problem(file=EXERCISES, slug="always", field=field, what=what)
    for position, row in enumerate(rows, start=1):
        slug = row.get("slug") if isinstance(row, dict) else None
        for field, what in exercise_problems(row, data, slugs, known):
            yield Problem(file=EXERCISES, slug=str(slug or f"item {position}"), field=field, what=what)


def exercise_problems(row: Any, data: Mapping[str, Any], slugs: list[str], known: Known) -> Iterator[tuple[str, str]]:
    """What is wrong with one exercise, as (field, sentence); ``data`` is the file with its codes."""
    shape = [*shape_problems(row, EXERCISE_FIELDS, EXERCISE_EXTRAS)]
    if shape:
        yield from shape
        return
    if row["category"] not in known.categories:
        yield "category", f"unknown category {row['category']!r}"
    if row["earliest"] not in PHASES:
        yield "earliest", f"unknown phase {row['earliest']!r}"
    if row["mode"] not in ("active", "passive"):
        yield "mode", f"unknown mode {row['mode']!r}"
    if row["load"] not in range(5):
        yield "load", f"must be 0 to 4, is {row['load']}"
    for grade in row["grades"]:
        if grade not in GRADES:
            yield "grades", f"unknown grade {grade!r}"
    if not row["steps"] or not all(isinstance(step, str) and step for step in row["steps"]):
        yield "steps", "must be sentences, at least one"
    yield from _codes(row, data)
    for field in ("easier", "harder"):
        if row[field] is not None and row[field] not in slugs:
            yield field, f"unknown exercise {row[field]!r}"
    yield from _range(row["range"])
    yield from _dose(row["dose"], row["range"])


def _codes(row: Mapping[str, Any], data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for field, codes in (("contra", "contraindication_codes"), ("stop", "stop_codes")):
        for code in row.get(field, []):
            if code not in data[codes]:
                yield field, f"unknown code {code!r}"


def _range(dose_range: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for part, bounds in dose_range.items():
        if bounds is True:  # "per_prescription": whatever the medicine's label says
            continue
        if (
            not isinstance(bounds, list)
            or len(bounds) != 2
            or not all(isinstance(bound, int | float) for bound in bounds)
            or bounds[0] > bounds[1]
        ):
            yield "range", f"{part} must be [low, high], is {bounds!r}"


def _dose(dose: Mapping[str, Any], dose_range: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for part, value in dose.items():
        bounds = dose_range.get(part)
        if isinstance(bounds, list) and len(bounds) == 2:
            if not isinstance(value, int | float) or not bounds[0] <= value <= bounds[1]:
                yield "dose", f"{part} is {value!r}, outside {bounds[0]} to {bounds[1]}"
        elif value is not True and (not isinstance(value, int) or value < 1):
            yield "dose", f"{part} must be a whole number from 1, is {value!r}"


def _protocol_file(data: Mapping[str, Any], exercises: Mapping[str, Any], known: Known) -> Iterator[Problem]:
    missing = [key for key in PROTOCOL_FILE if not isinstance(data.get(key), PROTOCOL_FILE[key])]
    for key in missing:
        yield Problem(file=PROTOCOLS, slug="–", field=key, what="is missing or has the wrong type")
    if missing:
        return
    rows = data["protocols"]
    by_slug = {row["slug"]: row for row in exercises["exercises"]}
    slugs = [row.get("id", "") for row in rows if isinstance(row, dict)]
    for twice in _duplicates(slugs):
        yield Problem(file=PROTOCOLS, slug=twice, field="id", what="is used twice")
    for position, row in enumerate(rows, start=1):
        slug = row.get("id") if isinstance(row, dict) else None
        for field, what in protocol_problems(row, by_slug, slugs, data["metrics"], known):
            yield Problem(file=PROTOCOLS, slug=str(slug or f"item {position}"), field=field, what=what)


def protocol_problems(
    row: Any, exercises: Mapping[str, Any], slugs: list[str], metrics: Collection[str], known: Known
) -> Iterator[tuple[str, str]]:
    """What is wrong with one protocol, as (field, sentence); ``exercises`` are those of the file by slug."""
    shape = [*shape_problems(row, PROTOCOL_FIELDS, PROTOCOL_EXTRAS)]
    if shape:
        yield from shape
        return
    if row["cause"] != "any" and row["cause"] not in known.causes:
        yield "cause", f"unknown cause {row['cause']!r}"
    for code in row["rows"]:
        if code not in known.rows:
            yield "rows", f"unknown decision row {code!r}"
    if row["profile"] not in PROFILES:
        yield "profile", f"unknown profile {row['profile']!r}"
    if not row["phases"]:
        yield "phases", "must hold at least one phase"
    for position, phase in enumerate(row["phases"], start=1):
        code = phase.get("code", position) if isinstance(phase, dict) else position
        for field, what in _phase(phase, row["profile"], exercises, slugs, metrics, known):
            yield f"phases.{code}.{field}", what


def _phase(
    phase: Any,
    profile: str,
    exercises: Mapping[str, Any],
    slugs: list[str],
    metrics: Collection[str],
    known: Known,
) -> Iterator[tuple[str, str]]:
    shape = [*shape_problems(phase, PHASE_FIELDS, PHASE_EXTRAS)]
    if shape:
        yield from shape
        return
    if phase["code"] not in PHASES:
        yield "code", f"unknown phase {phase['code']!r}"
    days = phase["days"]
    if len(days) != 2 or not all(isinstance(day, int) and day > 0 for day in days) or days[0] > days[1]:
        yield "days", f"must be [least, most], is {days!r}"
    for field in ("enter", "exit", "relapse"):
        for criterion in phase.get(field, []):
            matched = CRITERION.fullmatch(str(criterion))
            if matched is None:
                yield field, f"is not a criterion: {criterion!r}"
            elif matched["metric"] not in metrics:
                yield field, f"unknown metric {matched['metric']!r}"
    for ladder in phase.get("ladders", []):
        if ladder not in known.ladders:
            yield "ladders", f"unknown ladder {ladder!r}"
    for protocol in phase.get("next_protocol", []):
        if protocol not in slugs:
            yield "next_protocol", f"unknown protocol {protocol!r}"
    if phase.get("neuro_profile_max_active", 1) not in range(1, 21):
        yield "neuro_profile_max_active", "must be 1 to 20"
    if "check_in" in phase and not _is_check_in(phase["check_in"], metrics):
        yield "check_in", "must say every how many days, and which metrics"
    for item in phase["items"]:
        yield from _item(item, exercises, slugs, known)
        if phase["code"] in PHASES and isinstance(item, dict):
            yield from _reach(item, exercises.get(item.get("ex", "")), phase["code"], profile, known)


def _is_check_in(said: Mapping[str, Any], metrics: Collection[str]) -> bool:
    days, asked = said.get("every_days"), said.get("items")
    return (
        said.keys() == {"every_days", "items"}
        and type(days) is int
        and days in range(1, 366)
        and isinstance(asked, list)
        and all(isinstance(metric, str) and metric in metrics for metric in asked)
    )


def _reach(
    item: Mapping[str, Any], exercise: Mapping[str, Any] | None, phase: str, profile: str, known: Known
) -> Iterator[tuple[str, str]]:
    """What asks more than the phase allows, without the vet's unlocking that says so (item_rules)."""
    if exercise is None or item.get("unlock") == "vet":
        return
    # A protocol that inherits its profile must suit the more careful one too.
    highest = known.load_max[profile if profile in known.load_max else "neuro"][phase]
    if exercise["load"] > highest:
        yield f"items.{item['ex']}", f"load level {exercise['load']} is above {highest}, the most of {phase}"
    if exercise["earliest"] > phase:
        yield f"items.{item['ex']}", f"is for {exercise['earliest']} and later, not {phase}"


def _item(item: Any, exercises: Mapping[str, Any], slugs: list[str], known: Known) -> Iterator[tuple[str, str]]:
    for field, what in shape_problems(item, {}, ITEM_EXTRAS):
        yield f"items.{field}", what
    if not isinstance(item, dict):
        return
    if ("ex" in item) == ("ref_protocol" in item):
        yield "items", f"each names either an exercise or a protocol: {item!r}"
        return
    if "ref_protocol" in item:
        if item["ref_protocol"] not in slugs:
            yield "items.ref_protocol", f"unknown protocol {item['ref_protocol']!r}"
        return
    exercise = exercises.get(item["ex"])
    if exercise is None:
        yield "items.ex", f"unknown exercise {item['ex']!r}"
        return
    for _, what in _dose(item.get("dose", {}), exercise["range"]):
        yield f"items.{item['ex']}.dose", what
    if item.get("replaces", item["ex"]) not in exercises:
        yield "items.replaces", f"unknown exercise {item['replaces']!r}"
    if "habit" in item and item["habit"] not in known.habits:
        yield "items.habit", f"unknown movement habit {item['habit']!r}"
    if item.get("unlock", "vet") != "vet":
        yield "items.unlock", f"only a vet unlocks, not {item['unlock']!r}"
