"""The clinic has written, or answered a photo or clip, and the person has not opened it within ten minutes."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _

from rehab.nudges import schedule
from rehab.nudges.kinds import since, sql
from rehab.nudges.kinds.base import Ending, Kind, Reason, Words
from rehab.nudges.kinds.second_look import about, name_of, suppressed
from rehab.nudges.models import Nudge
from rehab.sessions.models import ClipReview, Message, MessagesRead

LIFE: Final = dt.timedelta(hours=schedule.NEWS_HOURS)
LIFE_MINUTES: Final = schedule.NEWS_HOURS * 60


@dataclass(frozen=True, kw_only=True)
class News:
    """Whether there are messages, and the exercise (its prescription) of the newest answer to a photo or clip."""

    has_messages: bool
    prescription: UUID | None


def candidates() -> str:
    return f"""
        SELECT f.user_id, d.id AS patient_id, d.clinic_id, me.name AS zone, me.day,
               {LIFE_MINUTES} - MIN({since.minutes("news.at")}) AS minutes, NULL AS number, NULL AS subject_id
        FROM (
            SELECT m.patient_id, m.received_at AS at, m.written_by_id AS by_id, 1 AS is_message
            FROM rehab_sessions_message m
            WHERE NOT m.from_family AND m.received_at > %(day_ago)s AND m.received_at <= %(ten_minutes_ago)s
            UNION ALL
            SELECT v.patient_id, v.reviewed_at, v.reviewed_by_id, 0
            FROM rehab_sessions_clipreview v
            WHERE v.reviewed_at > %(day_ago)s AND v.reviewed_at <= %(ten_minutes_ago)s) news
        JOIN patients_patient d ON d.id = news.patient_id AND d.died_on IS NULL
        JOIN patients_caregiver c ON c.patient_id = d.id AND c.ended_at IS NULL
        JOIN accounts_user u ON u.id = c.user_id AND u.is_active AND u.id <> news.by_id
        JOIN nudges_nudgepreference f ON f.user_id = u.id
        JOIN awake me ON me.name = f.time_zone
        WHERE {sql.REACHABLE}
          AND NOT (news.is_message = 1 AND EXISTS (
            SELECT 1 FROM rehab_sessions_messagesread r
            WHERE r.user_id = u.id AND r.patient_id = d.id AND r.until >= news.at))
          AND NOT EXISTS (
            SELECT 1 FROM nudges_nudge told
            WHERE told.user_id = u.id AND told.patient_id = d.id AND told.kind = 'reply' AND told.planned_at > news.at)
          AND {sql.unplanned("reply", "u.id", "d.id", "me.day")}
        GROUP BY f.user_id, d.id, d.clinic_id, me.name, me.day"""  # noqa: S608 (only constants)


def facts(nudges: Sequence[Nudge], at: dt.datetime) -> Mapping[UUID, News | Ending]:
    """What is new for each person; three statements."""
    dogs = about(nudges)
    first = min((one.planned_at for one in nudges), default=at) - LIFE
    read: dict[tuple[UUID, UUID], dt.datetime] = {
        (user, patient): until
        for user, patient, until in MessagesRead.objects.filter(
            user__in={one.user_id for one in nudges}, patient__in=dogs
        ).values_list("user", "patient", "until")
    }
    messages: defaultdict[UUID, list[tuple[dt.datetime, UUID]]] = defaultdict(list)
    for patient, *message in (
        Message.objects.filter(patient__in=dogs, from_family=False, received_at__gt=first)
        .order_by("received_at", "pk")
        .values_list("patient", "received_at", "written_by")
    ):
        messages[patient].append((message[0], message[1]))
    clips: defaultdict[UUID, list[tuple[dt.datetime, UUID, UUID]]] = defaultdict(list)
    for patient, *review in (
        ClipReview.objects.filter(patient__in=dogs, reviewed_at__gt=first)
        .order_by("reviewed_at", "pk")
        .values_list("patient", "reviewed_at", "reviewed_by", "clip__prescription")
    ):
        clips[patient].append((review[0], review[1], review[2]))

    def look(nudge: Nudge, patient: UUID) -> News | Ending:
        since, until = nudge.planned_at - LIFE, read.get((nudge.user_id, patient))
        has_messages = any(
            received_at > since and (until is None or received_at > until) and by != nudge.user_id
            for received_at, by in messages[patient]
        )
        seen = [
            prescription
            for reviewed_at, by, prescription in clips[patient]
            if reviewed_at > since and by != nudge.user_id
        ]
        if not has_messages and not seen:
            return suppressed(Reason.SEEN)
        return News(has_messages=has_messages, prescription=seen[-1] if seen else None)

    return {nudge.pk: look(nudge, nudge.patient_id) for nudge in nudges if nudge.patient_id is not None}


def say(nudge: Nudge, facts: News) -> Words:
    about = {"dog": name_of(nudge), "clinic": nudge.clinic.name}
    filmed = _("Somebody there has looked at your photo or clip and says how it goes on.")
    if facts.has_messages:
        lines = [_("There is something new to read about %(dog)s.") % about]
        if facts.prescription is not None:
            lines.append(filmed)
        return Words(
            title=_("%(clinic)s has written to you") % about,
            notice=lines[0],
            lines=tuple(lines),
            button=_("Read it"),
            path=reverse("sessions:messages", args=[nudge.patient_id]),
        )
    return Words(
        title=_("%(clinic)s has answered you") % about,
        notice=_("It is about what you sent of %(dog)s.") % about,
        lines=(_("It is about what you sent of %(dog)s.") % about, filmed),
        button=_("See the answer"),
        path=reverse("sessions:clip-list", args=[nudge.patient_id, facts.prescription]),
    )


KIND = Kind(
    code=Nudge.Kind.REPLY,
    rank=0,
    candidates=candidates,
    facts=facts,
    say=say,
    push_life=LIFE,
)
