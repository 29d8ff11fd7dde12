"""What people do with an alert: open it, take it over, clear it with a reason, note what harm came of it.

Who has opened it is written where its page is loaded by a person's browser, by a request of its own: reading a page
writes nothing, and a mail program that follows links has no session. Whoever acts on it has seen it, too.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from uuid import UUID

from django.db import transaction

from accounts.access import Right, Role, allowed
from accounts.models import User, record
from rehab.guidance.models import Alert, AlertDelivery, AlertStep
from rehab.library import reading
from rehab.sessions.models import WarningReport

Kind = AlertStep.Kind


class AlertRefusedError(Exception):
    """Nothing was written."""


class NotTreatingError(AlertRefusedError):
    """Only vets and therapists of the clinic answer an alert."""


class TakenOverError(AlertRefusedError):
    """Somebody else has taken it over: ``report`` says who and when."""

    def __init__(self, report: WarningReport) -> None:
        super().__init__()
        self.report = report


class ClearedError(AlertRefusedError):
    """It was cleared already."""


class NotAllowedToClearError(AlertRefusedError):
    """The sign asks for a vet."""


class NothingSaidError(AlertRefusedError):
    """A clearance says why, and a note says something."""


class StopNotReleasedError(AlertRefusedError):
    """It still stops the exercises: a vet releases them, which clears it, too."""


def may_clear(alert: Alert, roles: frozenset[Role]) -> bool:
    """Whether the person may clear it. Source: 02_redflags.yaml, ``cleared_by``."""
    by_therapist = reading.urgencies()[alert.urgency].cleared_by == "therapist_or_vet"
    return allowed(Right.HOLD if by_therapist else Right.LIFT_STOP, roles)


@transaction.atomic
def mark_seen(*, alert: Alert, by: User, roles: frozenset[Role], at: dt.datetime) -> bool:
    """Keep who opened it first; returns whether that was now.

    Raises:
        NotTreatingError
    """
    mine = _locked(alert, roles)
    if mine.report.seen_at is not None:
        return False
    _see(mine, by=by, at=at)
    return True


@transaction.atomic
def acknowledge(*, alert: Alert, by: User, roles: frozenset[Role], at: dt.datetime) -> None:
    """Take it over, in one's own name: from now on nobody else is told, and the family reads who it is.

    Raises:
        NotTreatingError, ClearedError, TakenOverError
    """
    mine = _locked(alert, roles)
    if mine.cleared_at is not None:
        raise ClearedError
    if mine.report.acknowledged_by_id == by.pk:
        return  # the same button, twice
    if mine.report.acknowledged_at is not None:
        raise TakenOverError(mine.report)
    if mine.report.seen_at is None:
        _see(mine, by=by, at=at)
    WarningReport.objects.filter(pk=mine.pk).update(acknowledged_at=at, acknowledged_by=by)
    Alert.objects.filter(pk=mine.pk).update(escalate_at=None)
    _step(mine, Kind.ACKNOWLEDGED, by=by, at=at)
    record("alert.acknowledged", subject=mine, by=by, at=at, clinic_id=mine.clinic_id)


@transaction.atomic
def clear_alert(*, alert: Alert, by: User, roles: frozenset[Role], reason: str, at: dt.datetime) -> None:
    """Close it, with the reason.

    Raises:
        NotTreatingError, ClearedError, NotAllowedToClearError, NothingSaidError, StopNotReleasedError
    """
    mine = _locked(alert, roles)
    if not may_clear(mine, roles):
        raise NotAllowedToClearError
    if not (reason := reason.strip()):
        raise NothingSaidError
    if mine.cleared_at is not None:
        raise ClearedError
    if WarningReport.objects.filter(pk=mine.pk).unreleased().exists():
        raise StopNotReleasedError
    _clear([mine], by=by, reason=reason, at=at)
    record("alert.cleared", subject=mine, by=by, at=at, clinic_id=mine.clinic_id)


def clear_released(*, reports: Collection[UUID], by: User, reason: str, at: dt.datetime) -> None:
    """Clear the alerts of stops that a vet releases; the caller holds the transaction and writes the audit event.

    A report that has no alert yet gets it cleared, see ``clear_left_over``.
    """
    _clear(
        Alert.objects.open().filter(pk__in=reports).select_for_update(no_key=True).order_by("pk"),
        by=by,
        reason=reason,
        at=at,
    )


def end_alerts(*, patient: UUID, by: User, reason: str, at: dt.datetime) -> None:
    """Close every open alert of a dog as needing nobody any more, with its messages; the caller holds the transaction.

    Nobody has taken any of them over by this: the log says who closed them, and why.
    """
    _clear(
        Alert.objects.open().filter(patient=patient).select_for_update(no_key=True).order_by("pk"),
        by=by,
        reason=reason,
        at=at,
    )
    AlertDelivery.objects.filter(patient=patient, state__in=AlertDelivery.OPEN_STATES).update(
        state=AlertDelivery.State.DROPPED, outcome="", finished_at=at
    )


def clear_left_over() -> int:
    """Clear what was raised in the moment in which a vet released it: neither of the two could see the other."""
    count = 0
    for alert in (
        Alert.objects.open().filter(report__release__isnull=False).select_related("report__release__released_by")
    ):
        release = alert.report.release
        with transaction.atomic():
            count += len(_clear([alert], by=release.released_by, reason=release.reason, at=release.released_at))
    return count


@transaction.atomic
def note_adverse_event(*, alert: Alert, by: User, roles: frozenset[Role], text: str, at: dt.datetime) -> None:
    """Keep what harm came to the dog, also after the alert was cleared.

    Raises:
        NotTreatingError, NothingSaidError
    """
    mine = _locked(alert, roles)
    if not (text := text.strip()):
        raise NothingSaidError
    _step(mine, Kind.ADVERSE_EVENT, by=by, at=at, text=text)
    record("alert.adverse_event", subject=mine, by=by, at=at, clinic_id=mine.clinic_id)


def _locked(alert: Alert, roles: frozenset[Role]) -> Alert:
    """The alert as it is now: of two people at once the second waits here, and finds what the first has done."""
    if not allowed(Right.HOLD, roles):
        raise NotTreatingError
    locked = Alert.objects.select_for_update(no_key=True).filter(pk=alert.pk)
    list(locked.values_list("pk"))
    mine: Alert = Alert.objects.select_related("report__acknowledged_by").get(pk=alert.pk)
    return mine


def _clear(alerts: Iterable[Alert], *, by: User, reason: str, at: dt.datetime) -> list[Alert]:
    """Clear those that nobody else has cleared in this moment, and return them."""
    done = []
    for alert in alerts:
        mine = Alert.objects.open().filter(pk=alert.pk)
        if mine.update(cleared_at=at, cleared_by=by, clear_reason=reason, escalate_at=None):
            done.append(alert)
    AlertStep.objects.bulk_create([_as_step(one, Kind.CLEARED, by=by, at=at, text=reason) for one in done])
    return done


def _see(alert: Alert, *, by: User, at: dt.datetime) -> None:
    WarningReport.objects.filter(pk=alert.pk).update(seen_at=at)
    _step(alert, Kind.SEEN, by=by, at=at)


def _step(alert: Alert, kind: AlertStep.Kind, *, by: User, at: dt.datetime, text: str = "") -> None:
    _as_step(alert, kind, by=by, at=at, text=text).save(force_insert=True)


def _as_step(alert: Alert, kind: AlertStep.Kind, *, by: User, at: dt.datetime, text: str = "") -> AlertStep:
    return AlertStep(
        alert_id=alert.pk,
        clinic_id=alert.clinic_id,
        patient_id=alert.patient_id,
        kind=kind,
        at=at,
        person=by,
        level=alert.level,
        text=text,
    )
