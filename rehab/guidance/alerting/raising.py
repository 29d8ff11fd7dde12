"""From a report with a hit to an alert: pulled by a mark, so that a worker that was away for a month loses nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from django.db import transaction

from accounts.models import User
from rehab.guidance.alerting.acknowledging import clear_left_over
from rehab.guidance.alerting.telling import Kind, Telling, rosters
from rehab.guidance.models import Alert, AlertDelivery, AlertMark
from rehab.sessions.models import WarningReport
from rehab.sessions.models.warnings import WarningReportQuerySet

BATCH: Final = 500
# A report says when it was received or found, not when its transaction ended: a refresh of all dogs may take minutes.
OVERLAP: Final = dt.timedelta(hours=1)
# So often the mark moves though nothing came in.
MARK_EVERY: Final = dt.timedelta(minutes=10)
LONG_AGO: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def raise_alerts(*, at: dt.datetime) -> int:
    """Give every report with a hit its alert, and tell the first place of the chain; return how many are new.

    May run any number of times and in several places at once: who raises holds the mark.
    """
    clear_left_over()
    mark, _is_new = AlertMark.objects.get_or_create(pk=AlertMark.ONLY, defaults={"seen_until": LONG_AGO})
    if mark.seen_until > at - MARK_EVERY and not _waiting(mark).exists():
        return 0
    count = 0
    while True:
        with transaction.atomic():
            mark = AlertMark.objects.select_for_update().get(pk=AlertMark.ONLY)
            reports = list(_waiting(mark).select_related("clinic", "release").order_by("received_at", "pk")[:BATCH])
            if reports:
                _raise(reports, at=at)
            count += len(reports)
            if len(reports) < BATCH:
                AlertMark.objects.filter(pk=mark.pk, seen_until__lt=at).update(seen_until=at)
                return count


@transaction.atomic
def raise_missed(*, patient: UUID, at: dt.datetime, since: dt.datetime | None = None) -> int:
    """Give what still stops the dog its alert, where it has none, and every hit that came in ``since`` then: nobody was
    told while the dog was said to have died.
    """
    mark, _is_new = AlertMark.objects.get_or_create(pk=AlertMark.ONLY, defaults={"seen_until": LONG_AGO})
    list(AlertMark.objects.select_for_update().filter(pk=mark.pk).values_list("pk"))
    missed = WarningReport.objects.filter(patient=patient, alert=None).exclude(urgency="")
    found = missed.stopping() if since is None else missed.stopping() | missed.filter(received_at__gte=since - OVERLAP)
    reports = list(found.select_related("clinic", "release").order_by("received_at", "pk"))
    if reports:
        _raise(reports, at=at)
    return len(reports)


@transaction.atomic
def reopen_alerts(*, patient: UUID, ended_at: dt.datetime, by: User, reason: str, at: dt.datetime) -> int:
    """Open what ``end_alerts`` ended at that instant, and tell on where it was: nobody had ever answered it.

    Messages that were dropped then are sent after all, and the next place of the chain is told at once. What somebody
    had taken over is theirs again; what a vet has released meanwhile stays closed.
    """
    ended = Alert.objects.filter(patient=patient, cleared_at=ended_at, report__release=None).select_related("report")
    alerts = list(ended.select_for_update(no_key=True, of=("self",)).order_by("pk"))
    for alert in alerts:
        alert.cleared_at, alert.cleared_by, alert.clear_reason = None, None, ""
        alert.escalate_at = at if alert.report.acknowledged_at is None else None
    Alert.objects.bulk_update(alerts, ["cleared_at", "cleared_by", "clear_reason", "escalate_at"])
    telling = Telling(at=at, people=rosters(clinics=(), patients=()))
    for alert in alerts:
        telling.step(alert, Kind.RAISED, person=by, text=reason)
    telling.write(alerts)
    AlertDelivery.objects.filter(
        alert__in=[alert.pk for alert in alerts if alert.escalate_at is not None],
        state=AlertDelivery.State.DROPPED,
        outcome="",
        finished_at=ended_at,
    ).update(state=AlertDelivery.State.PLANNED, finished_at=None, next_attempt_at=at)
    return len(alerts)


def _waiting(mark: AlertMark) -> WarningReportQuerySet:
    # Of a dog that has died nobody is told anything.
    found: WarningReportQuerySet = WarningReport.objects.filter(
        alert=None, received_at__gte=mark.seen_until - OVERLAP, patient__died_on=None
    ).exclude(urgency="")
    return found


def _raise(reports: Sequence[WarningReport], *, at: dt.datetime) -> None:
    clinics, patients = {one.clinic_id for one in reports}, {one.patient_id for one in reports}
    telling = Telling(at=at, people=rosters(clinics=clinics, patients=patients))
    alerts = []
    for report in reports:
        alert = Alert(
            report=report,
            clinic_id=report.clinic_id,
            patient_id=report.patient_id,
            urgency=report.urgency,
            raised_at=at,
        )
        alerts.append(alert)
        telling.step(alert, Kind.RAISED)
        release = getattr(report, "release", None)
        if release is None:
            telling.tell_next(alert, report, report.clinic)
        else:
            # A vet was quicker than the worker: nobody needs to be told, and the log says who it was.
            alert.cleared_at, alert.cleared_by_id = release.released_at, release.released_by_id
            alert.clear_reason = release.reason
            telling.step(
                alert, Kind.CLEARED, at=release.released_at, person_id=release.released_by_id, text=release.reason
            )
    Alert.objects.bulk_create(alerts)
    telling.write(alerts)
