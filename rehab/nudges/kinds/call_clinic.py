"""Nobody at the clinic has answered a warning sign in time: the family is asked to call, whatever it has switched off.

When a family is told is decided where the alarm is raised (``WarningReport.told_to_call_at``). Nothing clinical is said here,
and nothing that sounds as if the clinic knew.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db.models import Exists, OuterRef
from django.urls import reverse
from django.utils.translation import gettext as _

from rehab.nudges import schedule
from rehab.nudges.kinds import since
from rehab.nudges.kinds.base import Ending, Kind, Reason, State, Words
from rehab.nudges.kinds.second_look import name_of, suppressed
from rehab.nudges.models import Nudge
from rehab.sessions.models import Release, WarningReport

LIFE_HOURS: Final = 12


@dataclass(frozen=True, kw_only=True)
class Call:
    """How urgent it is, and whether the clinic has said that it is closed now."""

    is_emergency: bool
    is_closed: bool


def candidates() -> str:
    return f"""
        SELECT u.id AS user_id, d.id AS patient_id, d.clinic_id, me.name AS zone, me.day,
               {LIFE_HOURS * 60} - {since.minutes("w.told_to_call_at")} AS minutes, NULL AS number, w.id AS subject_id
        FROM rehab_sessions_warningreport w
        JOIN patients_patient d ON d.id = w.patient_id AND d.died_on IS NULL
        JOIN patients_caregiver c ON c.patient_id = d.id AND c.ended_at IS NULL
        JOIN accounts_user u ON u.id = c.user_id AND u.is_active
        JOIN nudges_nudgepreference f ON f.user_id = u.id
        JOIN zone me ON me.name = f.time_zone
        WHERE NOT (w.urgency = '') AND w.received_at > %(week_ago)s
          AND w.told_to_call_at > %(half_day_ago)s AND w.told_to_call_at <= %(at)s AND w.acknowledged_at IS NULL
          AND (w.urgency = 'emergency_now'
               OR w.urgency = 'call_today' AND me.minute >= {schedule.QUIET_UNTIL_MINUTE}
                  AND me.minute < {schedule.QUIET_FROM_MINUTE})
          AND NOT EXISTS (SELECT 1 FROM rehab_sessions_release r WHERE r.report_id = w.id)
          AND NOT EXISTS (
            SELECT 1 FROM nudges_nudge told
            WHERE told.user_id = u.id AND told.patient_id = d.id AND told.kind = 'call_clinic'
              AND told.subject_id = w.id)
          AND NOT EXISTS (
            SELECT 1 FROM rehab_sessions_warningreport first
            WHERE first.patient_id = d.id AND NOT (first.urgency = '') AND first.received_at > %(week_ago)s
              AND first.told_to_call_at > %(half_day_ago)s AND first.told_to_call_at <= %(at)s
              AND first.acknowledged_at IS NULL
              AND NOT EXISTS (SELECT 1 FROM rehab_sessions_release r WHERE r.report_id = first.id)
              AND NOT EXISTS (
                SELECT 1 FROM nudges_nudge told
                WHERE told.user_id = u.id AND told.patient_id = d.id AND told.kind = 'call_clinic'
                  AND told.subject_id = first.id)
              AND (CASE first.urgency WHEN 'emergency_now' THEN 0 ELSE 1 END, first.received_at, first.id)
                  < (CASE w.urgency WHEN 'emergency_now' THEN 0 ELSE 1 END, w.received_at, w.id))"""  # noqa: S608


def facts(nudges: Sequence[Nudge], at: dt.datetime) -> Mapping[UUID, Call | Ending]:
    """Whether it still waits for an answer; one statement."""
    reports: dict[UUID | None, WarningReport] = {
        one.pk: one
        for one in WarningReport.objects.filter(pk__in=[one.subject_id for one in nudges])
        .annotate(is_released=Exists(Release.objects.filter(report=OuterRef("pk"))))
        .select_related("clinic")
    }

    def look(nudge: Nudge) -> Call | Ending:
        report = reports.get(nudge.subject_id)
        if report is None or report.acknowledged_at is not None or getattr(report, "is_released", False):
            return suppressed(Reason.ANSWERED)
        is_emergency = report.urgency == WarningReport.Urgency.EMERGENCY
        if not is_emergency and schedule.clock(at=at, time_zone=nudge.time_zone).is_quiet:
            return Ending(state=State.EXPIRED, reason=Reason.TOO_LATE)
        hours = report.clinic.hours
        return Call(is_emergency=is_emergency, is_closed=hours.is_said and not hours.is_open(at))

    return {nudge.pk: look(nudge) for nudge in nudges}


def say(nudge: Nudge, facts: Call) -> Words:
    clinic = nudge.clinic
    about = {"dog": name_of(nudge), "clinic": clinic.name, "phone": clinic.phone}
    emergency = ": ".join(filter(None, (clinic.emergency_name, clinic.emergency_phone)))
    lines = [_("Nobody at %(clinic)s has answered yet.") % about]
    if clinic.phone and not (facts.is_emergency and facts.is_closed and clinic.emergency_phone):
        lines.append(_("Please call: %(phone)s.") % about)
        if facts.is_emergency and clinic.emergency_phone:
            lines.append(_("If nobody picks up: %(emergency)s.") % {"emergency": emergency})
    elif clinic.emergency_phone:
        lines.append(_("Please call %(emergency)s.") % {"emergency": emergency})
    else:
        lines.append(_("Please call any vet or emergency clinic near you."))
    lines.append(
        _("Do not wait for an answer here: call now, or go to a clinic.")
        if facts.is_emergency
        else _("Do not wait for an answer here: call today.")
    )
    return Words(
        title=_("Please call about %(dog)s") % about,
        notice=" ".join(lines[:2]),
        lines=tuple(lines),
        button=_("Open phone numbers"),
        path=reverse("sessions:today", args=[nudge.patient_id]),
    )


KIND = Kind(
    code=Nudge.Kind.CALL_CLINIC,
    rank=0,
    candidates=candidates,
    facts=facts,
    say=say,
    is_safety=True,
    urgency="high",
    push_life=dt.timedelta(hours=LIFE_HOURS),
)
