"""Somebody has given a dog a new program: news for a day, by day, for everybody who cared for the dog by then."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _

from rehab.nudges import schedule
from rehab.nudges.kinds import since, sql
from rehab.nudges.kinds.base import Ending, Kind, Reason, Words
from rehab.nudges.kinds.second_look import about, name_of, standings, suppressed
from rehab.nudges.models import Nudge


def candidates() -> str:
    # Who began to care for the dog later has seen the program on joining. Where it is quiet the news waits.
    return f"""
        SELECT u.id AS user_id, g.patient_id, g.clinic_id, me.name AS zone, me.day,
               {schedule.NEWS_HOURS * 60} - {since.minutes("g.created_at")} AS minutes,
               NULL AS number, NULL AS subject_id
        FROM programs_program g
        JOIN patients_patient d ON d.id = g.patient_id AND d.died_on IS NULL
        JOIN patients_caregiver c ON c.patient_id = g.patient_id AND c.ended_at IS NULL
             AND c.started_at <= g.created_at
        JOIN accounts_user u ON u.id = c.user_id AND u.is_active AND u.id <> g.created_by_id
        JOIN nudges_nudgepreference f ON f.user_id = u.id
        JOIN awake me ON me.name = f.time_zone
        WHERE g.ended_at IS NULL AND g.created_at > %(day_ago)s AND g.created_at <= %(at)s AND {sql.REACHABLE}
          AND NOT EXISTS (
            SELECT 1 FROM nudges_nudge n
            WHERE n.user_id = u.id AND n.patient_id = g.patient_id AND n.kind = 'plan_changed'
              AND (n.planned_at >= g.created_at OR n.local_day = me.day))"""  # noqa: S608


def facts(nudges: Sequence[Nudge], at: dt.datetime) -> Mapping[UUID, UUID | Ending]:
    """The program that the dog has now; one statement."""
    known = standings(about(nudges))
    programs = {pk: standing.program for pk, standing in known.items()}
    return {
        one.pk: programs.get(one.patient_id) or suppressed(Reason.PROGRAM_ENDED)
        for one in nudges
        if one.patient_id is not None
    }


def say(nudge: Nudge, facts: UUID) -> Words:
    return Words(
        title=_("%(dog)s has a new program") % {"dog": name_of(nudge)},
        lines=(
            _("%(clinic)s has put it together for you.") % {"clinic": nudge.clinic.name},
            _(
                "Each exercise has a picture, the steps, and when to stop. Not sure how one goes? Ask your clinic before "
                "you try it."
            ),
        ),
        button=_("See what to do"),
        path=reverse("sessions:today", args=[nudge.patient_id]),
    )


KIND = Kind(
    code=Nudge.Kind.PLAN_CHANGED,
    rank=0,
    candidates=candidates,
    facts=facts,
    say=say,
    push_life=dt.timedelta(hours=12),
)
