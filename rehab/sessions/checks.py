"""What is on record before a check for warning signs, for the page that asks and for the store that weighs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from rehab.patients.models import ProblemDefinition
from rehab.sessions import warning_signs
from rehab.sessions.models import WarningReport
from rehab.sessions.warning_signs import Check, Past

# More than anybody does in the 48 hours over which a loss is measured, those without an answer included.
REMEMBERED: Final = 200


def last_reports(patient_id: UUID) -> list[WarningReport]:
    """The dog's last checks, newest first, each with its release and who did it; not what the rules found by themselves."""
    return list(
        WarningReport.objects.filter(patient=patient_id, command__isnull=False)
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
    oldest_first = list(reports)[::-1]
    releases = [report.release.released_at for report in oldest_first if hasattr(report, "release")]
    past = Past(expected=warning_signs.expected(grade), released_at=max(releases, default=None))
    for report in oldest_first:
        check = Check(at=report.done_at, answers=report.answers)
        is_known = not report.flags or _is_settled(report, past)
        past = past.with_known(check) if is_known else past.with_hit(check)
    return past


def _is_settled(report: WarningReport, past: Past) -> bool:
    """Whether a vet has looked at what the check showed.

    What stops the exercises has a release of its own: one that came in late, from before a release, has not been seen.
    What stops nothing is never released, and is looked at with what does.
    """
    if hasattr(report, "release"):
        return True
    is_released_alone = warning_signs.stops_exercises(report.stop)
    return not is_released_alone and past.released_at is not None and report.done_at <= past.released_at
