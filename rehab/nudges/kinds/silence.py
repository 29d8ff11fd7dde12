"""Nobody of a household has noted anything for two, four and seven days on which something was due, today with them.

Heard is what the worklist takes for it (``Facts.days``): a word about an exercise, or about pain on the day on which it was
felt. As there (code SILENT, after three such days), a program is not silent before its fourth day. Only on days on which
something is due, so each number comes on one evening; after the last nobody is prompted until somebody is heard.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db import connection
from django.db.models import Max, Q
from django.urls import reverse
from django.utils.translation import gettext as _

from rehab.guidance.attention import ENOUGH_DAYS
from rehab.nudges.kinds import since, sql
from rehab.nudges.kinds.base import Ending, Kind, Reason, Words
from rehab.nudges.kinds.left import UnfinishedDog
from rehab.nudges.kinds.second_look import (
    ONE_DAY,
    about,
    counted,
    ending,
    left_today,
    name_of,
    standings,
    suppressed,
)
from rehab.nudges.models import Nudge
from rehab.programs.models import Prescription
from rehab.sessions.adherence import Period, due_days, is_stopped
from rehab.sessions.models import PainAnswer, PerformedExercise
from rehab.sessions.queries.looking_back import PERIOD, stopped_days
from rehab.sessions.wording import left_line, long_day

NUMBERS: Final = (2, 4, 7)
FIRST, LAST = NUMBERS[0], NUMBERS[-1]
# So far back seven days with something due are found, also where there is one a week, and then an eighth.
LOOK_BACK_DAYS: Final = 50


@dataclass(frozen=True, kw_only=True)
class Quiet:
    """The day on which somebody was heard last, if ever, and what today has left."""

    heard_on: dt.date | None
    left: UnfinishedDog


def candidates() -> str:
    day = sql.days_before("dog.day", "back.n")
    yesterday = sql.days_before("dog.day", 1)
    numbers = " UNION ALL ".join(f"SELECT {n} AS n" for n in range(LOOK_BACK_DAYS))
    due = f"""
        FROM ({numbers}) back
        JOIN programs_prescription p ON p.patient_id = d.id AND NOT p.is_one_off
             AND p.starts_on <= {day} AND (p.ends_on IS NULL OR p.ends_on > {day})
             AND ((p.weekdays >> ((dog.weekday + {7 * LOOK_BACK_DAYS} - back.n) %% 7)) & 1) = 1
             AND p.id NOT IN (SELECT id FROM held)
        WHERE NOT EXISTS (
            SELECT 1 FROM rehab_sessions_warningreport w JOIN rehab_sessions_release r ON r.report_id = w.id
            WHERE w.patient_id = d.id AND w.stop IN ('all_active_and_passive', 'all_active')
              AND w.day <= {day} AND {since.days("r.released_at", clock="dog")} <= back.n)"""  # noqa: S608 (only constants)
    silent = f"""(
        SELECT COUNT(DISTINCT back.n) {due}
          AND NOT EXISTS (
            SELECT 1 FROM rehab_sessions_performedexercise w WHERE w.patient_id = d.id AND w.day >= {day})
          AND NOT EXISTS (
            SELECT 1 FROM rehab_sessions_painanswer a
            WHERE a.patient_id = d.id
              AND (a.day >= {day} OR a.moment = 'next_morning' AND a.day >= {sql.days_before("dog.day", "back.n + 1")}))
        )"""  # noqa: S608
    # Who was heard yesterday or today is not silent: for most dogs one look at an index ends it here, and nothing is counted.
    return f"""
        SELECT q.user_id, q.patient_id, q.clinic_id, q.zone, q.day, q.minutes, q.number, NULL AS subject_id
        FROM (
            SELECT e.user_id, d.id AS patient_id, d.clinic_id, e.zone, e.day, {sql.minutes_left("e")} AS minutes,
                   {silent} AS number, EXISTS (SELECT 1 {due} AND back.n >= {ENOUGH_DAYS}) AS is_long_enough
            FROM evening e
            JOIN patients_caregiver c ON c.user_id = e.user_id AND c.ended_at IS NULL
            JOIN patients_patient d ON d.id = c.patient_id AND d.died_on IS NULL
            JOIN zone dog ON dog.name = d.time_zone
            JOIN programs_program g ON g.patient_id = d.id AND g.ended_at IS NULL
            WHERE NOT EXISTS (
                SELECT 1 FROM rehab_sessions_performedexercise w
                WHERE w.patient_id = d.id AND w.day >= {yesterday})
              AND NOT EXISTS (
                SELECT 1 FROM rehab_sessions_painanswer a
                WHERE a.patient_id = d.id AND a.day >= {yesterday})
              AND NOT {sql.PAUSED} AND NOT {sql.STOPPED} AND NOT {sql.DISCHARGED}
              AND EXISTS (SELECT 1 FROM programs_prescription p WHERE p.program_id = g.id AND {sql.DUE})
              AND {sql.unplanned("silence", "e.user_id", "d.id", "e.day")} {sql.FENCE[connection.vendor]}) q
        WHERE q.is_long_enough AND q.number IN ({", ".join(map(str, NUMBERS))})"""  # noqa: S608


def facts(nudges: Sequence[Nudge], at: dt.datetime) -> Mapping[UUID, Quiet | Ending]:
    """Since when nobody was heard, and what is left of the day; at most eight statements."""
    dogs = about(nudges)
    today = {pk: dog.today(at) for pk, dog in dogs.items()}
    known, left, heard = standings(dogs), left_today(nudges, at=at), _heard(dogs)
    silent = _silent_days(today, heard)

    def look(user: UUID, patient: UUID, number: int) -> Quiet | Ending:
        if (why := ending(known.get(patient))) is not None:
            return why
        if silent[patient] < number:
            # What a phone had kept has come in, or somebody has noted something just now.
            return suppressed(Reason.ANSWERED)
        dog = left.get((user, patient))
        return Quiet(heard_on=heard.get(patient), left=dog) if dog is not None else suppressed(Reason.DONE)

    return {
        one.pk: look(one.user_id, one.patient_id, one.number or FIRST) for one in nudges if one.patient_id is not None
    }


def _heard(patient_ids: Mapping[UUID, object]) -> dict[UUID, dt.date]:
    """The last day on which somebody was heard of each dog; two statements."""
    found: dict[UUID, dt.date] = dict(
        PerformedExercise.objects.filter(patient__in=patient_ids)
        .order_by()
        .values_list("patient")
        .annotate(last=Max("day"))
    )
    morning = Q(moment=PainAnswer.Moment.NEXT_MORNING)
    for patient, day, morning_of in (
        PainAnswer.objects.filter(patient__in=patient_ids)
        .order_by()
        .values_list("patient")
        .annotate(last=Max("day", filter=~morning), last_morning=Max("day", filter=morning))
    ):
        felt = [on for on in (day, morning_of and morning_of + ONE_DAY, found.get(patient)) if on is not None]
        found[patient] = max(felt)
    return found


def _silent_days(today: Mapping[UUID, dt.date], heard: Mapping[UUID, dt.date]) -> dict[UUID, int]:
    """On how many days something was due of each dog since somebody was heard, today with them; at most three statements."""
    if not today:
        return {}
    first = min(today.values()) - (LOOK_BACK_DAYS - 1) * ONE_DAY
    until = max(today.values()) + ONE_DAY
    stopped = stopped_days(today, first, until)
    due: defaultdict[UUID, set[dt.date]] = defaultdict(set)
    for patient, *row in (
        Prescription.objects.filter(patient__in=today).overlapping(first, until).values_list("patient", *PERIOD)
    ):
        period, day = Period(*row), today[patient]
        begins = max(first, heard[patient] + ONE_DAY) if patient in heard else first
        due[patient].update(
            on
            for on in due_days(period, first=begins, until=day + ONE_DAY, today=day)
            if not is_stopped(period, on, stopped[patient])
        )
    return {patient: len(due[patient]) for patient in today}


def say(nudge: Nudge, facts: Quiet) -> Words:
    about = {"dog": name_of(nudge), "clinic": nudge.clinic.name}
    left = left_line(left=facts.left.left, minutes=facts.left.minutes)
    if facts.heard_on is None:
        quiet = _("Nothing of %(dog)s’s list has been noted yet.") % about
    else:
        quiet = _("Nothing of %(dog)s’s list has been noted since %(day)s.") % {
            **about,
            "day": long_day(facts.heard_on),
        }
    lines = [left, quiet]
    if nudge.number == LAST:
        lines.append(
            _(
                "%(clinic)s sees it too and may ask how you are getting on. We will not remind you again until something "
                "is noted."
            )
            % about
        )
    elif nudge.number == FIRST:
        lines.append(_("A week has room for a gap like this. Today is a good day to go on."))
    else:
        lines.append(_("If the list does not fit your days, write to %(clinic)s: a plan can be changed.") % about)
    return Words(
        title=_("How are things with %(dog)s?") % about,
        notice=_("A short round counts too."),
        lines=tuple(lines),
        button=_("Open today’s list"),
        path=reverse("sessions:today", args=[nudge.patient_id]),
        encouragement=_(
            "A short round counts too. If you have done more than was noted: today and the two days before can be filled in."
        ),
        values=counted(facts.left),
    )


KIND = Kind(
    code=Nudge.Kind.SILENCE,
    rank=4,
    candidates=candidates,
    facts=facts,
    say=say,
    is_prompt=True,
    is_one_a_day=True,
)
