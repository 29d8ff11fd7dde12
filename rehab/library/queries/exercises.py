"""Browsing and searching exercises, and everything about one of them.

The words of all exercises that a person sees are compared in Python: folding accents is not something that SQLite and
PostgreSQL do alike, and a clinic's library is hundreds of rows, not thousands.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.core.paginator import Page, Paginator

from accounts.models import Clinic
from rehab.library.addresses import Picture, picture_of
from rehab.library.models import Category, Exercise, Protocol, ProtocolPhase
from rehab.library.queries.clinics import best_by_slug, seen_in
from rehab.library.searching import called, folded, groups_of, nearest, says

PER_PAGE: Final = 24
CATEGORIES: Final = {code: position for position, code in enumerate(Category.values)}


class Entry(NamedTuple):
    """What of an exercise is searched and counted."""

    id: UUID
    clinic_id: UUID | None
    slug: str
    name: str
    purpose: str
    category: str
    equipment: list[str]
    mode: str
    load: int
    grades: list[int]
    earliest_phase: str
    trains: str


@dataclass(frozen=True, kw_only=True)
class Card:
    """An exercise and how it looks."""

    exercise: Exercise
    picture: Picture | None


def card(exercise: Exercise) -> Card:
    """An exercise with its drawing; a clinic's own may borrow that of a built-in one."""
    return Card(exercise=exercise, picture=picture_of(exercise.drawn_as or exercise.slug))


@dataclass(frozen=True, kw_only=True)
class Found:
    """One page of the exercises that were found; ``total`` counts all pages, ``categories`` the rest of the search.

    ``near`` is what comes nearest to the words when nothing was found.
    """

    cards: list[Card]
    page: Page[Any]
    total: int
    categories: Mapping[str, int]
    equipment: list[str]
    near: list[Entry]


def find_exercises(*, clinics: Sequence[Clinic], asked: Mapping[str, Any], page_number: str | None) -> Found:
    """The current exercises that match what was asked, in a total order, page by page.

    ``asked`` may hold ``q``, ``category``, ``phase``, ``load``, ``grade``, ``equipment``, ``mode`` and ``origin``.
    """
    entries = _entries(clinics)
    hidden = set() if asked.get("origin") == "built_in" else _replaced(entries, clinics)
    words = folded(asked.get("q") or "").split()
    shown = [entry for entry in entries if entry.id not in hidden]
    fitting = [entry for entry in shown if _fits(entry, asked) and says(_text(entry), words)]
    category = asked.get("category")
    listed = [entry for entry in fitting if not category or entry.category == category]
    listed.sort(key=lambda entry: _place(entry, words))
    page = Paginator([entry.id for entry in listed], PER_PAGE).get_page(page_number or 1)
    return Found(
        cards=[card(exercise) for exercise in _in_order(page.object_list)],
        page=page,
        total=len(listed),
        categories=Counter(entry.category for entry in fitting),
        equipment=sorted(
            {group for entry in entries for thing in entry.equipment for group in groups_of(thing)},
            key=lambda group: (folded(group), group),
        ),
        near=_near(shown, asked.get("q") or "") if not listed else [],
    )


def _entries(clinics: Sequence[Clinic]) -> list[Entry]:
    rows = seen_in(Exercise.objects.current(), clinics).values_list(*Entry.__annotations__)
    return [Entry(*row) for row in rows]


def _replaced(entries: Iterable[Entry], clinics: Sequence[Clinic]) -> set[UUID]:
    """Built-in exercises of which every clinic of the person has a changed copy."""
    own = Counter(entry.slug for entry in entries if entry.clinic_id)
    return {entry.id for entry in entries if entry.clinic_id is None and own[entry.slug] == len(clinics)}


def _fits(entry: Entry, asked: Mapping[str, Any]) -> bool:
    phase, load, grade = asked.get("phase"), asked.get("load"), asked.get("grade")
    origin, equipment = asked.get("origin"), asked.get("equipment")
    return (
        (not phase or entry.earliest_phase <= phase)
        and (load in (None, "") or entry.load == int(load))
        and (grade in (None, "") or int(grade) in entry.grades)
        and (not equipment or _has(entry, equipment))
        and (not asked.get("mode") or entry.mode == asked["mode"])
        and (not origin or (entry.clinic_id is not None) == (origin == "own"))
    )


def _has(entry: Entry, equipment: str) -> bool:
    if equipment == "-":
        return not entry.equipment
    return any(equipment == thing or equipment in groups_of(thing) for thing in entry.equipment)


def _text(entry: Entry) -> str:
    """Everything by which somebody may look for it, folded."""
    category = (entry.category, str(Category(entry.category).label))
    said = folded(" · ".join((entry.name, entry.purpose, *entry.equipment, entry.trains, *category)))
    return f"{said} · {called(entry.slug)}"


def _near(entries: Iterable[Entry], typed: str) -> list[Entry]:
    by_id = {str(entry.id): entry for entry in entries}
    near = nearest(typed, {key: (entry.name, called(entry.slug)) for key, entry in by_id.items()}) if typed else []
    return [by_id[key] for key in near]


def _place(entry: Entry, words: list[str]) -> tuple[Any, ...]:
    """Names that begin with what was typed, names that hold it, other names of it; else by category, phase and name."""
    name = folded(entry.name)
    nearness = 0
    if words:
        nearness = 0 if name.startswith(words[0]) else 1 if says(name, words) else 2 if _is_called(entry, words) else 3
    return (nearness, CATEGORIES[entry.category], entry.earliest_phase, entry.load, name, entry.id)


def _is_called(entry: Entry, words: list[str]) -> bool:
    return says(called(entry.slug), words)


def _in_order(keys: Iterable[UUID]) -> list[Exercise]:
    wanted = list(keys)
    rows = Exercise.objects.select_related("clinic", "photo").in_bulk(wanted)
    return [rows[key] for key in wanted]


@dataclass(frozen=True, kw_only=True)
class Use:
    """A phase of a protocol that holds the exercise."""

    protocol_id: UUID
    protocol: str
    phases: list[str]


@dataclass(frozen=True, kw_only=True)
class Around:
    """What leads from one exercise to others."""

    easier: Exercise | None
    harder: Exercise | None
    uses: list[Use]
    versions: list[Exercise]
    copies: list[Exercise]


def around(exercise: Exercise, *, clinics: Sequence[Clinic]) -> Around:
    """Neighbours, protocols, versions and the clinics' copies of an exercise."""
    wanted = {exercise.slug, exercise.easier_slug, exercise.harder_slug} - {""}
    relatives = list(
        seen_in(Exercise.objects.filter(slug__in=wanted), clinics).select_related("clinic").order_by("-version", "pk")
    )
    # A neighbour of a clinic's own exercise is of the same clinic or built in.
    near = best_by_slug(
        row
        for row in relatives
        if row.superseded_at is None and row.clinic_id in (None, exercise.clinic_id or row.clinic_id)
    )
    return Around(
        easier=near.get(exercise.easier_slug),
        harder=near.get(exercise.harder_slug),
        uses=_uses(exercise, clinics),
        versions=[row for row in relatives if row.slug == exercise.slug and row.clinic_id == exercise.clinic_id],
        copies=[
            row
            for row in relatives
            if row.slug == exercise.slug and row.clinic_id != exercise.clinic_id and row.superseded_at is None
        ],
    )


def _uses(exercise: Exercise, clinics: Sequence[Clinic]) -> list[Use]:
    """Current protocols that hold it; a clinic's own exercise is meant by its own protocols and the built-in ones."""
    phases = (
        ProtocolPhase.objects.filter(protocol__in=_current_protocols(exercise, clinics))
        .select_related("protocol")
        .order_by("protocol__name", "protocol", "position")
    )
    found: dict[UUID, Use] = {}
    for phase in phases:
        if any(item.get("exercise") == exercise.slug for item in phase.items):
            protocol = phase.protocol
            use = found.setdefault(protocol.pk, Use(protocol_id=protocol.pk, protocol=protocol.name, phases=[]))
            use.phases.append(phase.code)
    return list(found.values())


def _current_protocols(exercise: Exercise, clinics: Sequence[Clinic]) -> Any:
    from_clinics = [clinic for clinic in clinics if exercise.clinic_id in (None, clinic.pk)]
    return seen_in(Protocol.objects.current(), from_clinics).values("pk")
