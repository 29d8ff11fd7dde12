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


@lru_cache(maxsize=32)
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


def vocabulary() -> Mapping[str, Any]:
    """The words of the five founding documents: axes, causes, signs, recovery steps."""
    return read(VOCABULARY)


def decision() -> Mapping[str, Any]:
    """The gates, the rows D1–D7, the overlays and the load limits of each phase."""
    return read(DECISION)
