"""The checks for warning signs that stop the exercises of dogs now; one statement for any number of dogs."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from django.utils.translation import gettext as _

from rehab.guidance import wording
from rehab.patients.models import Patient
from rehab.sessions import check_wording
from rehab.sessions.models import WarningReport


@dataclass(frozen=True, kw_only=True)
class Stop:
    """One check that stops the exercises, in words for the clinic."""

    id: UUID
    urgency: str
    stops: str
    signs: list[str]
    answers: list[tuple[str, str]]
    grade: str
    by: str
    done: str
    received: str


def stops_of(patient_ids: Collection[UUID]) -> defaultdict[UUID, list[WarningReport]]:
    """The checks that stop the exercises of each dog, the newest first."""
    found: defaultdict[UUID, list[WarningReport]] = defaultdict(list)
    for report in (
        WarningReport.objects.filter(patient__in=patient_ids)
        .stopping()
        .select_related("recorded_by")
        .order_by("-done_at", "-pk")
    ):
        found[report.patient_id].append(report)
    return found


def in_words(report: WarningReport, patient: Patient, *, today: dt.date) -> Stop:
    """The check as the clinic reads it; the grade is a suspicion, which only a vet turns into a grade."""
    return Stop(
        id=report.pk,
        urgency=str(WarningReport.Urgency(report.urgency).label),
        stops=str(WarningReport.Stop(report.stop).label),
        signs=[wording.sign(flag) for flag in report.flags],
        answers=[
            (str(check_wording.SHORT[name]), check_wording.answer_text(name, report.answers[name]))
            for name in check_wording.SHORT
            if name in report.answers
        ],
        grade=_grade(report.suspected_grade),
        by=report.recorded_by.get_full_name(),
        done=wording.moment(report.done_at, patient.time_zone, today=today),
        received=wording.moment(report.received_at, patient.time_zone, today=today),
    )


def _grade(suspected: int | None) -> str:
    if suspected is None:
        return ""
    # What an owner sees cannot tell 0 from 1, nor 4 from 5.
    said = {0: _("0 or 1"), 4: _("4 or 5")}.get(suspected, str(suspected))
    return _("Grade %(grade)s suspected; only a vet sets the grade.") % {"grade": said}
