"""The first and the third day of a household with a dog's first program, while something of the day is left."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _

from rehab.nudges.kinds import since, sql
from rehab.nudges.kinds.base import Ending, Kind, Reason, Words
from rehab.nudges.kinds.left import UnfinishedDog
from rehab.nudges.kinds.second_look import about, counted, ending, left_today, name_of, standings, suppressed
from rehab.nudges.models import Nudge
from rehab.sessions.wording import left_line

FIRST, THIRD = 1, 3
NUMBERS: Final = (FIRST, THIRD)


def candidates() -> str:
    # Who joins a household later is welcomed by the household.
    joined = f"""(
        SELECT MAX({since.days("h.started_at", clock="dog")})
        FROM patients_caregiver h WHERE h.patient_id = d.id)"""  # noqa: S608 (only constants)
    begun = sql.days_between("dog.day", "g.starts_on")
    number = f"1 + CASE WHEN {begun} < {joined} THEN {begun} ELSE {joined} END"
    return f"""
        SELECT e.user_id, d.id AS patient_id, d.clinic_id, e.zone, e.day, {sql.minutes_left("e")} AS minutes,
               {number} AS number, NULL AS subject_id
        FROM evening e
        JOIN patients_caregiver c ON c.user_id = e.user_id AND c.ended_at IS NULL
        JOIN patients_patient d ON d.id = c.patient_id AND d.died_on IS NULL
        JOIN zone dog ON dog.name = d.time_zone
        JOIN programs_program g ON g.patient_id = d.id AND g.ended_at IS NULL AND g.starts_on <= dog.day
        WHERE NOT {sql.PAUSED} AND NOT {sql.STOPPED} AND NOT {sql.DISCHARGED}
          AND {number} IN ({FIRST}, {THIRD})
          AND NOT EXISTS (SELECT 1 FROM programs_program o WHERE o.patient_id = d.id AND o.id <> g.id)
          AND EXISTS (
            SELECT 1 FROM programs_prescription p
            WHERE p.program_id = g.id AND {sql.DUE} AND p.times_per_day > {sql.ANSWERED})
          AND {sql.unplanned("welcome", "e.user_id", "d.id", "e.day")}"""  # noqa: S608


def facts(nudges: Sequence[Nudge], at: dt.datetime) -> Mapping[UUID, UnfinishedDog | Ending]:
    """What is left of the day; three statements."""
    known, left = standings(about(nudges)), left_today(nudges, at=at)

    def look(user: UUID, patient: UUID) -> UnfinishedDog | Ending:
        return ending(known.get(patient)) or left.get((user, patient)) or suppressed(Reason.DONE)

    return {one.pk: look(one.user_id, one.patient_id) for one in nudges if one.patient_id is not None}


def say(nudge: Nudge, facts: UnfinishedDog) -> Words:
    dog = {"dog": name_of(nudge)}
    left = left_line(left=facts.left, minutes=facts.minutes)
    if nudge.number == FIRST:
        title = _("The first day with %(dog)s’s list") % dog
        why = _("This week is for getting to know the exercises: slowly, and in short rounds.")
        encouragement = _("A short round counts too, and the rest days are part of the program.")
    else:
        title = _("%(dog)s’s third day") % dog
        why = _("A fixed place in the day, such as after the morning walk, makes this week easier for you both.")
        encouragement = _("A short round counts too. Not sure how something goes? Ask your clinic before you try it.")
    return Words(
        title=title,
        notice=left,
        lines=(left, why),
        button=_("Open today’s list"),
        path=reverse("sessions:today", args=[nudge.patient_id]),
        encouragement=encouragement,
        values=counted(facts),
    )


KIND = Kind(
    code=Nudge.Kind.WELCOME,
    rank=3,
    candidates=candidates,
    facts=facts,
    say=say,
    is_prompt=True,
    is_one_a_day=True,
)
