"""The checks for warning signs that stop exercises of dogs now, with what became of their alerts.

One statement for any number of dogs, and one more where something stops one of them.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from django.utils.translation import gettext as _

from rehab.guidance import wording
from rehab.guidance.queries.alerts import DELIVERIES, AlertState, state_of
from rehab.library import translating
from rehab.library.models import Exercise
from rehab.patients.models import Patient
from rehab.sessions import check_wording
from rehab.sessions.models import WarningReport


@dataclass(frozen=True, kw_only=True)
class Stop:
    """One check that stops the exercises, in words for the clinic; ``is_of_one``: one exercise alone, as far as known.

    ``which`` is the exercise of which the family says that it brought a sign on.
    """

    id: UUID
    urgency: str
    stops: str
    is_of_one: bool
    which: str
    signs: list[str]
    answers: list[tuple[str, str]]
    grade: str
    by: str
    done: str
    received: str
    alert: AlertState


def stops_of(patient_ids: Collection[UUID]) -> defaultdict[UUID, list[WarningReport]]:
    """The checks that stop the exercises of each dog, or one of them alone, the newest first."""
    found: defaultdict[UUID, list[WarningReport]] = defaultdict(list)
    for report in (
        WarningReport.objects.filter(patient__in=patient_ids)
        .unreleased()
        .select_related("recorded_by", "acknowledged_by", "alert")
        .prefetch_related(DELIVERIES)
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
        is_of_one=report.stop == WarningReport.Stop.NAMED,
        which=_name_of(str(report.numbers.get("exercise", ""))),
        signs=[
            *(wording.sign(flag) for flag in report.flags),
            *(check_wording.rule_text(rule) for rule in report.rules),
        ],
        answers=[
            (str(check_wording.SHORT[name]), check_wording.answer_text(name, report.answers[name]))
            for name in check_wording.SHORT
            if name in report.answers
        ],
        grade=_grade(report.suspected_grade),
        by=report.recorded_by.get_full_name() if report.recorded_by else "",
        done=wording.moment(report.done_at, patient.time_zone, today=today),
        received=wording.moment(report.received_at, patient.time_zone, today=today),
        alert=state_of(report, patient=patient, today=today),
    )


def _name_of(slug: str) -> str:
    """What an exercise is called; one statement, where there is one to name."""
    if not slug:
        return ""
    found = Exercise.objects.filter(slug=slug).order_by("-version", "pk").values_list("name", flat=True).first()
    return translating.said(found) if found else slug


def _grade(suspected: int | None) -> str:
    if suspected is None:
        return ""
    # What an owner sees cannot tell 0 from 1, nor 4 from 5.
    said = {0: _("0 or 1"), 4: _("4 or 5")}.get(suspected, str(suspected))
    return _("Grade %(grade)s suspected; only a vet sets the grade.") % {"grade": said}
