"""The clinical content as plain values, read once from the YAML files beside this module.

Where each number comes from is written in ``content/SOURCES.md``. Nothing here knows the database.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import yaml

FOLDER: Final = Path(__file__).parent / "content"

VOCABULARY: Final = "00_vocab.yaml"
NEURO: Final = "01_neuro.yaml"
RED_FLAGS: Final = "02_redflags.yaml"
DECISION: Final = "03_decision.yaml"
EXERCISES: Final = "04_exercises.yaml"
PROTOCOLS: Final = "05_protocols.yaml"
PROGRESSION: Final = "06_progression.yaml"
LADDERS: Final = "07_ladders.yaml"
INSTRUMENTS: Final = "08_instruments.yaml"
ADHERENCE: Final = "09_adherence.yaml"
TARGETS: Final = "10_targets.yaml"
SYNONYMS: Final = "11_synonyms.yaml"
AREAS: Final = "12_areas.yaml"
SCORE_ENTRY: Final = "13_score_entry.yaml"
SOURCES: Final = "SOURCES.md"

FILES: Final = (
    VOCABULARY,
    NEURO,
    RED_FLAGS,
    DECISION,
    EXERCISES,
    PROTOCOLS,
    PROGRESSION,
    LADDERS,
    INSTRUMENTS,
    ADHERENCE,
    TARGETS,
    SYNONYMS,
    AREAS,
    SCORE_ENTRY,
)


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One thing wrong with the content: in which file, item and field, and what."""

    file: str
    slug: str
    field: str
    what: str

    def __str__(self) -> str:
        return f"{self.file}: {self.slug}: {self.field}: {self.what}"


class ContentError(Exception):
    """The content cannot be used; names every problem that was found."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


class _Loader(yaml.CSafeLoader):
    """Refuses a key that is written twice in one mapping, where YAML would keep only the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002 - the signature is PyYAML's
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = {str(key) for key in keys if keys.count(key) > 1}
        if twice:
            raise yaml.constructor.ConstructorError(
                None, None, f"written twice: {', '.join(sorted(twice))}", node.start_mark
            )
        return super().construct_mapping(node, deep=deep)


@lru_cache(maxsize=128)
def read(name: str, *, folder: Path = FOLDER) -> Mapping[str, Any]:
    """One content file. The answer is shared: nobody may change it.

    Raises:
        ContentError: the file is missing, is not YAML, or is not a mapping.
    """
    try:
        with (folder / name).open("rb") as file:
            data = yaml.load(file, Loader=_Loader)  # noqa: S506 - the loader is a safe one
    except OSError as error:
        raise ContentError(_unreadable(name, f"cannot be read: {error}")) from error
    except yaml.YAMLError as error:
        raise ContentError(_unreadable(name, f"is not valid YAML: {error}")) from error
    if not isinstance(data, dict):
        raise ContentError(_unreadable(name, "must be a mapping"))
    return data


@lru_cache(maxsize=32)
def sources_text(*, folder: Path = FOLDER) -> str:
    """SOURCES.md: where the content comes from, with the table of public sources.

    Raises:
        ContentError: the file is missing.
    """
    try:
        return (folder / SOURCES).read_text(encoding="utf-8")
    except OSError as error:
        raise ContentError(_unreadable(SOURCES, f"cannot be read: {error}")) from error


def _unreadable(file: str, what: str) -> Problem:
    return Problem(file=file, slug="–", field="–", what=what)


@dataclass(frozen=True, kw_only=True)
class Grade:
    """One step of the neurologic scale ``tl_grade_0_5``, in words for a vet and for an owner."""

    grade: int
    name: str
    vet: str
    owner_sees: str


@dataclass(frozen=True, kw_only=True)
class Urgency:
    """What a warning sign of this urgency asks of the owner and stops."""

    code: str
    owner_screen: str
    owner_text: str
    stop: str
    cleared_by: str


@dataclass(frozen=True, kw_only=True)
class RedFlag:
    """A warning sign, in words an owner can check."""

    id: str
    sign: str
    urgency: str
    stop: str


def grades() -> tuple[Grade, ...]:
    """The neurologic grades 0 (normal) to 5 (no movement, no deep pain)."""
    return tuple(
        Grade(grade=row["grade"], name=row["name"], vet=row["vet"], owner_sees=row["owner_sees"])
        for row in read(NEURO)["grades"]
    )


def urgencies() -> dict[str, Urgency]:
    """The three urgency levels by code: ``emergency_now``, ``call_today``, ``next_review``."""
    return {
        code: Urgency(
            code=code,
            owner_screen=row["owner_screen"],
            owner_text=row.get("owner_text", ""),
            stop=row["stop"],
            cleared_by=row["cleared_by"],
        )
        for code, row in read(RED_FLAGS)["urgency_levels"].items()
    }


def red_flags(*, urgency: str | None = None) -> tuple[RedFlag, ...]:
    """The warning signs in the order of the content, of one urgency or all."""
    return tuple(
        RedFlag(id=row["id"], sign=row["sign"], urgency=row["urgency"], stop=row["stop"])
        for row in read(RED_FLAGS)["flags"]
        if urgency is None or row["urgency"] == urgency
    )


def pain_anchors() -> dict[int, str]:
    """What a dog does at 0, 2, 4, 6, 8 and 10 of the pain scale."""
    return dict(read(PROGRESSION)["pain_anchors"])


def contraindications() -> dict[str, str]:
    """The meaning of each ``X_`` code."""
    return dict(read(EXERCISES)["contraindication_codes"])


def stop_signs() -> dict[str, str]:
    """The meaning of each ``S_`` code: what tells an owner to stop an exercise at once."""
    return dict(read(EXERCISES)["stop_codes"])


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A stage of pain by its duration: from a day on, to a day (included), or open."""

    code: str
    from_day: int
    to_day: int | None


@dataclass(frozen=True, kw_only=True)
class Habit:
    """An inefficient movement habit, and the exercises that retrain it."""

    code: str
    label: str
    retrain: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class LadderRule:
    """When a rung counts as passed; days and moving ladders by profile (07_ladders.yaml, rung_rule)."""

    passes: str
    fails: str
    min_days: Mapping[str, int]
    moving_ladders_max: Mapping[str, int]
    first_rung: str


def signs() -> dict[str, dict[str, str]]:
    """Both lists of signs: ``signs_without_deficit`` and ``signs_with_deficit``, each code with its words."""
    return {
        name: {row["code"]: row["label"] for row in vocabulary()[name]}
        for name in ("signs_without_deficit", "signs_with_deficit")
    }


def leaves() -> dict[str, tuple[str, ...]]:
    """The leaf diagnoses of each cause."""
    return {row["code"]: tuple(row["leaves"]) for row in vocabulary()["cause"]}


def stages() -> tuple[Stage, ...]:
    """Acute, subacute, chronic."""
    return tuple(Stage(**row) for row in vocabulary()["stage_by_duration"])


def stage_of(days: int) -> Stage:
    """The stage of pain that has lasted so many days."""
    return next(stage for stage in stages() if stage.to_day is None or days <= stage.to_day)


def habits() -> dict[str, Habit]:
    """The movement habits of the vocabulary by code, with what retrains each."""
    return {
        code: Habit(code=code, label=row["label"], retrain=tuple(row["retrain"]))
        for code, row in read(TARGETS)["habits"].items()
    }


def targets() -> Mapping[str, Any]:
    """What active exercises work on: ``{"limb": slugs, "habits": {habit: slugs}}``; practice, not evidence."""
    return {
        "limb": tuple(read(TARGETS)["limb"]),
        "habits": {code: habit.retrain for code, habit in habits().items()},
    }


def synonyms() -> Mapping[str, tuple[str, ...]]:
    """What exercises are also called, by slug; for the search alone."""
    return {slug: tuple(names) for slug, names in read(SYNONYMS)["exercises"].items()}


def equipment() -> Mapping[str, tuple[str, ...]]:
    """The groups of equipment, each with the words that it is named by."""
    return {group: tuple(words) for group, words in read(SYNONYMS)["equipment"].items()}


def areas() -> dict[str, str]:
    """Where an owner can say that it hurts: each area of the body map with its words; practice, not evidence."""
    return {row["code"]: row["label"] for row in read(AREAS)["areas"]}


def metrics() -> dict[str, str]:
    """What a phase criterion may read, each with its meaning."""
    return dict(read(PROTOCOLS)["metrics"])


def profiles() -> dict[str, Mapping[str, Any]]:
    """The numeric limits of the two profiles, ``msk`` and ``neuro``."""
    return {code: row for code, row in read(PROGRESSION)["profiles"].items() if code in ("msk", "neuro")}


def ladder_rule() -> LadderRule:
    """The rule of all ladders."""
    rule = read(LADDERS)["rung_rule"]
    return LadderRule(
        passes=rule["pass"],
        fails=rule["fail"],
        min_days=rule["min_days"],
        moving_ladders_max=rule["moving_ladders_max"],
        first_rung=rule["first_rung"],
    )


def vocabulary() -> Mapping[str, Any]:
    """The words of the five founding documents: axes, causes, signs, recovery steps."""
    return read(VOCABULARY)


def decision() -> Mapping[str, Any]:
    """The gates, the rows D1–D7, the overlays and the load limits of each phase."""
    return read(DECISION)
