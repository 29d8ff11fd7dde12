"""After a checkpoint that was worse: the numbers then and now, and the program of before maintenance."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from rehab.guidance import maintenance_wording
from rehab.guidance.queries.facts import facts_of
from rehab.guidance.queries.maintenance import Followed, followed
from rehab.library.models import ProtocolPhase
from rehab.patients.models import Patient
from rehab.programs import maintenance
from rehab.programs.models import Checkpoint, Program
from rehab.programs.phase_wording import label
from rehab.programs.queries import open_program

ONE_DAY: Final = dt.timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Line:
    """One number at discharge and now, in words."""

    name: str
    then: str
    now: str
    is_worse: bool


@dataclass(frozen=True, kw_only=True)
class Compared:
    """One checkpoint as a person reads it."""

    checkpoint: Checkpoint
    title: str
    lines: list[Line]
    missing: str


@dataclass(frozen=True, kw_only=True)
class RelapsePage:
    """What was seen and what can be done; ``before`` is the last program of treatment, ``phase`` where to take it up."""

    followed: Followed | None
    worse: list[Compared]
    signs: list[str]
    program: Program | None
    before: Program | None
    phase: ProtocolPhase | None

    @property
    def has_anything(self) -> bool:
        return bool(self.worse or self.signs)

    @property
    def quoted(self) -> list[str]:
        """The same as evidence for a definition."""
        worse = [
            _("%(when)s: %(worse)s")
            % {
                "when": maintenance_wording.months(one.checkpoint.month),
                "worse": maintenance_wording.worse_text(one.checkpoint.numbers),
            }
            for one in self.worse
        ]
        return [*worse, *self.signs]


def relapse_page(patient: Patient, *, today: dt.date) -> RelapsePage:
    """The page of a dog that was already loaded for its reader; a fixed number of statements."""
    after = followed(patient.pk)
    facts = facts_of([patient.pk], first=today - 13 * ONE_DAY, until=today + ONE_DAY)[patient.pk]
    signs = facts.maintained.signs(today=today) if facts.maintained is not None else []
    before = _before(patient.pk)
    return RelapsePage(
        followed=after,
        worse=[compared(one) for one in after.worse] if after is not None else [],
        signs=[maintenance_wording.sign_text(one) for one in signs],
        program=open_program(patient.pk),
        before=before,
        phase=_phase_of(before),
    )


def compared(checkpoint: Checkpoint) -> Compared:
    """The checkpoint with every number that was said."""
    numbers: Mapping[str, Any] = checkpoint.numbers
    return Compared(
        checkpoint=checkpoint,
        title=_("%(when)s, due on %(day)s")
        % {"when": maintenance_wording.months(checkpoint.month), "day": date_format(checkpoint.due_on)},
        lines=[
            Line(
                name=label(one["metric"]),
                then=maintenance_wording.value(one["metric"], one["then"]),
                now=maintenance_wording.value(one["metric"], one["now"]),
                is_worse=one["metric"] in numbers["worse"],
            )
            for one in numbers["said"]
        ],
        missing=maintenance_wording.missing_text(numbers["missing"]),
    )


def _before(patient_id: UUID) -> Program | None:
    """The last program that was not maintenance."""
    found: Program | None = (
        Program.objects.filter(patient=patient_id)
        .exclude(protocol__slug=maintenance.PROTOCOL)
        .select_related("protocol")
        .order_by("-created_at", "-pk")
        .first()
    )
    return found


def _phase_of(program: Program | None) -> ProtocolPhase | None:
    """The phase in which the program was last, in the protocol as it is offered now; none where it is offered no more."""
    if program is None or program.protocol is None:
        return None
    phases = list(
        ProtocolPhase.objects.filter(
            protocol__slug=program.protocol.slug,
            protocol__clinic=program.protocol.clinic_id,
            protocol__superseded_at=None,
            code=program.phase,
        ).order_by("position")
    )
    return next((one for one in phases if one.name == program.phase_name), phases[0] if phases else None)
