"""Protocols as a timeline, and ladders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Prefetch
from django.utils.text import capfirst

from accounts.models import Clinic
from rehab.library import translating, wording
from rehab.library.addresses import Picture, picture_of
from rehab.library.models import Exercise, Ladder, Phase, Protocol, ProtocolPhase
from rehab.library.queries.clinics import best_by_slug, seen_in


def find_protocols(clinics: Sequence[Clinic]) -> list[Protocol]:
    """The current protocols by cause and name; a clinic's changed copy in place of the built-in one."""
    rows = list(
        seen_in(Protocol.objects.current(), clinics)
        .select_related("clinic")
        .prefetch_related(Prefetch("phases", ProtocolPhase.objects.order_by("position", "pk")))
        .order_by("cause", "name", "pk")
    )
    own = [row.slug for row in rows if row.clinic_id]
    return [row for row in rows if row.clinic_id or own.count(row.slug) < len(clinics)]


@dataclass(frozen=True, kw_only=True)
class Step:
    """One item of a phase: an exercise, or the protocol that goes on from here."""

    exercise: Exercise | None
    picture: Picture | None
    protocol: Protocol | None
    missing: str
    dose: str
    condition: str
    note: str
    vet_only: bool
    replaces: Exercise | None
    habit: str


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """One phase of a protocol as people read it."""

    phase: ProtocolPhase
    enter: list[str]
    leave: list[str]
    relapse: list[str]
    steps: list[Step]
    ladders: list[Ladder]

    @property
    def letter(self) -> str:
        """Its name among the six phases."""
        return str(Phase(self.phase.code).label)


@dataclass(frozen=True, kw_only=True)
class Course:
    """A protocol with all that its phases refer to."""

    protocol: Protocol
    stretches: list[Stretch]
    versions: list[Protocol]
    copies: list[Protocol]
    rows: list[tuple[str, str]]


def course(protocol: Protocol, *, clinics: Sequence[Clinic]) -> Course:
    """Everything that the page of one protocol shows."""
    phases = list(protocol.phases.order_by("position", "pk"))
    items = [item for phase in phases for item in phase.items]
    mine = [clinic for clinic in clinics if protocol.clinic_id in (None, clinic.pk)]
    exercises = best_by_slug(
        seen_in(
            Exercise.objects.current().filter(
                slug__in={item[key] for item in items for key in ("exercise", "replaces") if item.get(key)}
            ),
            mine,
        )
    )
    named = {item["ref_protocol"] for item in items if item.get("ref_protocol")} | {protocol.slug}
    relatives = list(
        seen_in(Protocol.objects.filter(slug__in=named), clinics).select_related("clinic").order_by("-version", "pk")
    )
    protocols = best_by_slug(row for row in relatives if row.superseded_at is None)
    ladders = best_by_slug(
        seen_in(Ladder.objects.current().filter(slug__in={slug for phase in phases for slug in phase.ladders}), mine)
    )
    rows = wording.rows()
    return Course(
        protocol=protocol,
        stretches=[_stretch(phase, exercises, protocols, ladders) for phase in phases],
        versions=[row for row in relatives if row.slug == protocol.slug and row.clinic_id == protocol.clinic_id],
        copies=[
            row
            for row in relatives
            if row.slug == protocol.slug and row.clinic_id != protocol.clinic_id and row.superseded_at is None
        ],
        rows=[(code, rows.get(code, "")) for code in protocol.rows],
    )


def _stretch(
    phase: ProtocolPhase,
    exercises: Mapping[str, Exercise],
    protocols: Mapping[str, Protocol],
    ladders: Mapping[str, Ladder],
) -> Stretch:
    return Stretch(
        phase=phase,
        enter=[wording.criterion(text) for text in phase.entry_criteria],
        leave=[wording.criterion(text) for text in phase.exit_criteria],
        relapse=[wording.criterion(text) for text in phase.extra.get("relapse", [])],
        steps=[_step(item, exercises, protocols) for item in phase.items],
        ladders=[ladders[slug] for slug in phase.ladders if slug in ladders],
    )


def _step(item: Mapping[str, Any], exercises: Mapping[str, Exercise], protocols: Mapping[str, Protocol]) -> Step:
    exercise = exercises.get(item.get("exercise", ""))
    return Step(
        exercise=exercise,
        picture=picture_of(exercise.drawn_as or exercise.slug) if exercise else None,
        protocol=protocols.get(item.get("ref_protocol", "")),
        missing=item.get("exercise") or item.get("ref_protocol", ""),
        dose=wording.dose_line(item["dose"] if item.get("dose") else exercise.dose if exercise else {}),
        condition=capfirst(wording.plain(translating.said(item.get("condition", "")))),
        note=capfirst(wording.plain(translating.said(item.get("note", "")))),
        vet_only=item.get("unlock") == "vet",
        replaces=exercises.get(item.get("replaces", "")),
        habit=item.get("habit", ""),
    )


def find_ladders(clinics: Sequence[Clinic]) -> list[Ladder]:
    """The current ladders by name."""
    return list(seen_in(Ladder.objects.current(), clinics).order_by("name", "pk"))


def exercises_for(clinic: Clinic) -> dict[str, Exercise]:
    """The current exercises that a clinic's protocols may name, by slug."""
    rows = seen_in(Exercise.objects.current(), [clinic])
    return best_by_slug(rows)


def protocols_for(clinic: Clinic) -> dict[str, Protocol]:
    """The current protocols that a clinic's protocols may go on to, by slug."""
    return best_by_slug(seen_in(Protocol.objects.current(), [clinic]))
