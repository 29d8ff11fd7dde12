"""What stops one exercise and not the others: warning signs of 02_redflags.yaml whose stop is ``named_exercise``.

What is held follows from the plan at the moment at which somebody looks: what takes the place of a held exercise is held
with it, if it can have brought the sign on as well. Only a vet's release ends it.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from rehab.programs.models import Prescription, PrescriptionQuerySet
from rehab.sessions.models import WarningReport
from rehab.sessions.warning_signs import NO_EXERCISES, holds, signs_of_one_exercise


class Provoked(NamedTuple):
    """What one report says of one exercise: the signs, and the slug of the exercise that brought them on, if anybody told."""

    flags: tuple[str, ...]
    named: str
    day: dt.date
    received_at: dt.datetime

    def stopping(self, one: Exercised) -> list[str]:
        """The signs that stop the exercise."""
        return [
            flag
            for flag in self.flags
            if holds(
                flag,
                slug=one.slug,
                category=one.category,
                contraindications=one.contraindications,
                named=self.named,
            )
        ]


@dataclass(frozen=True, kw_only=True)
class Held:
    """Which exercises (slugs) are stopped since a day, each with the signs that stop it; none where nobody can tell which.

    ``flags`` are all signs of the reports, ``untold`` those of which nobody said the exercise, and which stop nothing of
    the plan.
    """

    since: dt.date
    received_at: dt.datetime
    flags: tuple[str, ...]
    by_slug: dict[str, tuple[str, ...]]
    untold: tuple[str, ...]

    @property
    def slugs(self) -> frozenset[str]:
        return frozenset(self.by_slug)


class Exercised(NamedTuple):
    """An exercise of a plan, as far as a sign asks."""

    slug: str
    category: str
    contraindications: Collection[str]


def provoked(
    flags: Iterable[str], numbers: Mapping[str, Any], day: dt.date, received_at: dt.datetime
) -> Provoked | None:
    """What a report says of one exercise; nothing where none of its signs stops only one."""
    found = tuple(flag for flag in flags if flag in signs_of_one_exercise())
    return Provoked(found, str(numbers.get("exercise", "")), day, received_at) if found else None


def held_of(said: Iterable[Provoked], exercises: Iterable[Exercised]) -> Held | None:
    """What the reports hold of a plan; pure."""
    reports = sorted(said, key=lambda one: (one.day, one.received_at))
    if not reports:
        return None
    found: dict[str, tuple[str, ...]] = {}
    for one in exercises:
        flags = [flag for report in reports for flag in report.stopping(one)]
        if flags:
            found[one.slug] = tuple(dict.fromkeys(flags))
    told = {flag for flags in found.values() for flag in flags}
    untold = (flag for report in reports if not report.named for flag in report.flags if flag not in told)
    return Held(
        since=reports[0].day,
        received_at=max(one.received_at for one in reports),
        flags=tuple(dict.fromkeys(flag for report in reports for flag in report.flags)),
        by_slug=found,
        untold=tuple(dict.fromkeys(untold)),
    )


def held_in(patient_ids: Collection[UUID]) -> dict[UUID, Held]:
    """What is held of the dogs' plans now: two statements for any number, one where nothing is held."""
    said: defaultdict[UUID, list[Provoked]] = defaultdict(list)
    reports = WarningReport.objects.filter(patient__in=patient_ids).unreleased().order_by("received_at", "pk")
    for pk, *row in reports.values_list("patient_id", "flags", "numbers", "day", "received_at"):
        if (one := provoked(*row)) is not None:
            said[pk].append(one)
    if not said:
        return {}
    plans = plans_of(said)
    return {pk: held for pk, reports in said.items() if (held := held_of(reports, plans[pk])) is not None}


def plans_of(patient_ids: Collection[UUID]) -> defaultdict[UUID, list[Exercised]]:
    """The exercises of the dogs' plans that a sign may stop; one statement."""
    found: defaultdict[UUID, list[Exercised]] = defaultdict(list)
    current = Prescription.objects.filter(patient__in=patient_ids).current().order_by("position", "pk")
    for pk, _exercise, *row in _that_can_be_held(current):
        found[pk].append(Exercised(*row))
    return found


def exercises_of(
    patient_ids: Collection[UUID], first: dt.date, until: dt.date
) -> defaultdict[UUID, dict[UUID, Exercised]]:
    """The exercises that the dogs had in the half-open period and that a sign may stop, by key; one statement."""
    found: defaultdict[UUID, dict[UUID, Exercised]] = defaultdict(dict)
    had = Prescription.objects.filter(patient__in=patient_ids).overlapping(first, until).order_by()
    for pk, exercise, *row in _that_can_be_held(had):
        found[pk][exercise] = Exercised(*row)
    return found


def _that_can_be_held(prescriptions: PrescriptionQuerySet) -> Iterable[Any]:
    rows: Iterable[Any] = prescriptions.exclude(exercise__category__in=NO_EXERCISES).values_list(
        "patient_id", "exercise_id", "exercise__slug", "exercise__category", "exercise__contraindications"
    )
    return rows
