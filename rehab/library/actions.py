"""Loading the built-in content into the database, as versions."""

import datetime as dt
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Max

from rehab.library import reading
from rehab.library.checking import Known, problems, rule_problems
from rehab.library.models import Content, Exercise, Ladder, Protocol, ProtocolPhase, RedFlag
from rehab.library.reading import FOLDER, ContentError, Problem

C = TypeVar("C", bound=Content)

ITEM_KEYS = {"ex": "exercise", "if": "condition"}
PHASE_EXTRA_KEYS = ("exit_alt", "next_protocol", "neuro_profile_max_active", "check_in", "relapse")


@dataclass(frozen=True, kw_only=True)
class Count:
    """How many items of one kind the content holds, and what loading did to their rows."""

    total: int
    new: int = 0
    changed: int = 0
    removed: int = 0

    @property
    def unchanged(self) -> int:
        return self.total - self.new - self.changed


@dataclass(frozen=True, kw_only=True)
class Report:
    exercises: Count
    protocols: Count
    ladders: Count
    red_flags: Count


def load_library(*, at: dt.datetime, folder: Path = FOLDER) -> Report:
    """Bring the built-in content to what the files say; all of it or nothing.

    Every file is checked, also those that are only read (words, rows, rules). An item that changed becomes a new
    version and supersedes the old one, which stays as it was because prescriptions refer to it. An item that is no
    longer in the files is superseded by nothing.

    Raises:
        ContentError: the content is wrong; every problem with its file, item and field. Nothing was written.
    """
    content = _prepared(folder)
    for kind, entries in content.items():
        _check_fields(kind, entries)
    with transaction.atomic():
        counts = {kind: _load(kind, entries, at=at) for kind, entries in content.items()}
    return Report(
        exercises=counts[Exercise],
        protocols=counts[Protocol],
        ladders=counts[Ladder],
        red_flags=counts[RedFlag],
    )


def _load(kind: type[Content], entries: Mapping[str, "_Entry"], *, at: dt.datetime) -> Count:
    fresh, count = _supersede(kind, entries, at=at)
    kind.objects.bulk_create(fresh)
    ProtocolPhase.objects.bulk_create(
        ProtocolPhase(protocol=made, position=position, **phase)
        for made in fresh
        if isinstance(made, Protocol)
        for position, phase in enumerate(entries[made.slug].parts)
    )
    return count


@dataclass(frozen=True, kw_only=True)
class _Entry:
    """One item as model fields; ``parts`` are the fields of its phases."""

    fields: Mapping[str, Any]
    parts: tuple[Mapping[str, Any], ...] = ()

    @property
    def content_hash(self) -> str:
        text = json.dumps([self.fields, self.parts], sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()


def _prepared(folder: Path) -> dict[type[Content], dict[str, _Entry]]:
    files = {name: reading.read(name, folder=folder) for name in reading.FILES}
    exercises, protocols = files[reading.EXERCISES], files[reading.PROTOCOLS]
    wrong = problems(exercises=exercises, protocols=protocols, known=known_words(folder=folder))
    # The rules refer to exercises and protocols, so those must be readable first.
    wrong = wrong or rule_problems(files, sources=reading.sources_text(folder=folder))
    if wrong:
        raise ContentError(*wrong)
    return {
        Exercise: {row["slug"]: _exercise(row, exercises) for row in exercises["exercises"]},
        Protocol: {row["id"]: _protocol(row) for row in protocols["protocols"]},
        Ladder: {row["id"]: _ladder(row) for row in files[reading.LADDERS]["ladders"]},
        RedFlag: {row["id"]: _red_flag(row) for row in files[reading.RED_FLAGS]["flags"]},
    }


def known_words(*, folder: Path = FOLDER) -> Known:
    """The words of the content that exercises and protocols may refer to."""

    def part(file: str, key: str) -> Any:
        try:
            return reading.read(file, folder=folder)[key]
        except KeyError as error:
            raise ContentError(Problem(file=file, slug="–", field=key, what="is missing")) from error

    return Known(
        categories=part(reading.DECISION, "categories"),
        causes=[row["code"] for row in part(reading.VOCABULARY, "cause")],
        rows=[row["id"] for row in part(reading.DECISION, "rows")],
        habits=[
            habit for row in part(reading.VOCABULARY, "root_causes_of_failure") for habit in row.get("examples", [])
        ],
        ladders=[row["id"] for row in part(reading.LADDERS, "ladders")],
        load_max=part(reading.DECISION, "load_level_by_phase_max"),
    )


def full_dose(dose: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """The dose with what the content implies where it says nothing."""
    full = {**defaults, **dose}
    if "per_week" in dose and "days_per_week" not in dose:
        # “Once a week” says on how many days, so the default of every day must not contradict it.
        full["days_per_week"] = dose["per_week"]
    return full


def _exercise(row: Mapping[str, Any], data: Mapping[str, Any]) -> _Entry:
    always = data["always"]
    return _Entry(
        fields={
            "name": row["name"],
            "sources": row["src"],
            "document": row["document"] or "",
            "category": row["category"],
            "mode": row["mode"],
            "load": row["load"],
            "trains": row["trains"] or "",
            "purpose": row["purpose"],
            "equipment": row["equipment"],
            "steps": row["steps"],
            "mistakes": row["mistakes"],
            "dose": full_dose(row["dose"], data["defaults"]),
            "dose_range": row["range"],
            "earliest_phase": row["earliest"],
            "earliest_note": row.get("earliest_note", ""),
            "not_before_day": row.get("not_before_day"),
            "grades": row["grades"],
            "contraindications": [*dict.fromkeys([*always["contra"], *row["contra"]])],
            "stop_signs": [*dict.fromkeys([*always["stop"], *row["stop"]])],
            "measure": row["measure"],
            "easier_slug": row["easier"] or "",
            "harder_slug": row["harder"] or "",
            "clinic_only": row.get("clinic_only", False),
        }
    )


def _protocol(row: Mapping[str, Any]) -> _Entry:
    return _Entry(
        fields={
            "name": row["name"],
            "sources": [],
            "cause": row["cause"],
            "rows": row["rows"],
            "profile": row["profile"],
            "total_weeks": row["total_weeks"],
            "reassess_days": row["reassess_days"],
            "warning": row["warn"],
            "progress_disabled": row.get("progress_disabled", False),
        },
        parts=tuple(
            {
                "code": phase["code"],
                "name": phase["name"],
                "days_min": phase["days"][0],
                "days_max": phase["days"][1],
                "entry_criteria": phase["enter"],
                "exit_criteria": phase["exit"],
                "items": [{ITEM_KEYS.get(key, key): value for key, value in item.items()} for item in phase["items"]],
                "ladders": phase.get("ladders", []),
                "extra": {key: phase[key] for key in PHASE_EXTRA_KEYS if key in phase},
            }
            for phase in row["phases"]
        ),
    )


def _ladder(row: Mapping[str, Any]) -> _Entry:
    return _Entry(fields={"name": row["name"], "sources": [], "note": row.get("note", ""), "rungs": row["rungs"]})


def _red_flag(row: Mapping[str, Any]) -> _Entry:
    known = ("id", "sign", "urgency", "stop", "src", "detect")
    return _Entry(
        fields={
            "name": row["id"],
            "sources": row["src"],
            "sign": row["sign"],
            "urgency": row["urgency"],
            "stop": row["stop"],
            "detect": row["detect"],
            "extra": {key: value for key, value in row.items() if key not in known},
        }
    )


FILE_OF: Final[Mapping[type[Content], str]] = {
    Exercise: reading.EXERCISES,
    Protocol: reading.PROTOCOLS,
    Ladder: reading.LADDERS,
    RedFlag: reading.RED_FLAGS,
}


def _check_fields(kind: type[Content], entries: Mapping[str, _Entry]) -> None:
    """Refuse what the database's columns could not hold, such as a name that is too long."""
    wrong = [
        Problem(file=FILE_OF[kind], slug=slug, field=field, what=what)
        for slug, entry in entries.items()
        for row, place in (
            (kind(slug=slug, **entry.fields), ""),
            *((ProtocolPhase(position=0, **part), f"phases.{part['code']}.") for part in entry.parts),
        )
        for field, what in _field_errors(row, place)
    ]
    if wrong:
        raise ContentError(*wrong)


def _field_errors(row: models.Model, place: str) -> Iterator[tuple[str, str]]:
    # Empty lists are content too; JSON was checked for its meaning before.
    skipped = {field.name for field in row._meta.fields if isinstance(field, models.JSONField)}
    try:
        row.clean_fields(exclude={*skipped, "content_hash", "protocol"})
    except ValidationError as error:
        for field, messages in error.message_dict.items():
            yield f"{place}{field}", " ".join(messages)


def _supersede(kind: type[C], entries: Mapping[str, _Entry], *, at: dt.datetime) -> tuple[list[C], Count]:
    """Close the rows that the content no longer says, and make (not save) the rows that it says instead."""
    built_in = kind.objects.built_in()
    current = dict(built_in.current().values_list("slug", "content_hash"))
    newest = dict(built_in.values_list("slug").annotate(newest=Max("version")))
    hashes = {slug: entry.content_hash for slug, entry in entries.items()}
    stale = [slug for slug, content_hash in current.items() if hashes.get(slug) != content_hash]
    if stale:
        built_in.current().filter(slug__in=stale).update(superseded_at=at)
    fresh = [
        kind(
            slug=slug,
            version=newest.get(slug, 0) + 1,
            content_hash=hashes[slug],
            created_at=at,
            **entry.fields,
        )
        for slug, entry in entries.items()
        if current.get(slug) != hashes[slug]
    ]
    changed = len([slug for slug in stale if slug in entries])
    count = Count(total=len(entries), new=len(fresh) - changed, changed=changed, removed=len(stale) - changed)
    return fresh, count
