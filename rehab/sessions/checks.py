"""What is on record before a check for warning signs, for the page that asks and for the store that weighs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from rehab.patients.models import ProblemDefinition
from rehab.sessions import warning_signs
from rehab.sessions.models import WarningReport
from rehab.sessions.warning_signs import Check, Past

# More than anybody does in the 48 hours over which a loss is measured.
REMEMBERED: Final = 12


def last_reports(patient_id: UUID) -> list[WarningReport]:
    """The dog's last checks, newest first, each with its release and who did it."""
    return list(
        WarningReport.objects.filter(patient=patient_id)
        .select_related("release", "recorded_by")
        .order_by("-done_at", "-pk")[:REMEMBERED]
    )


def past_of(patient_id: UUID, reports: Iterable[WarningReport]) -> Past:
    """What ``reports`` (newest first) and the newest signed definition say of the dog; one statement."""
    grade = (
        ProblemDefinition.objects.filter(patient=patient_id)
        .signed()
        .newest_first()
        .values_list("neuro_grade", flat=True)
        .first()
    )
    known = list(reports)[::-1]
    releases = [report.release.released_at for report in known if hasattr(report, "release")]
    return Past(
        expected=warning_signs.expected(grade),
        checks=tuple(Check(at=report.done_at, answers=report.answers) for report in known),
        released_at=max(releases, default=None),
    )
