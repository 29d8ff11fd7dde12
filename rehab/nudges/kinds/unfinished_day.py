"""Something of today is left: the most frequent reminder, one for all dogs of a person.

Only while the household is heard of: from the second silent day on ``silence`` speaks instead, and after a week nobody.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from uuid import UUID

from django.urls import reverse
from django.utils.text import get_text_list
from django.utils.translation import gettext as _

from rehab.guidance.attention import ENOUGH_DAYS
from rehab.nudges.kinds import sql
from rehab.nudges.kinds.base import Ending, Kind, Reason, Words
from rehab.nudges.kinds.left import UnfinishedDog, unfinished_dogs
from rehab.nudges.kinds.second_look import about, ending, standings, suppressed
from rehab.nudges.models import Nudge
from rehab.sessions.wording import left_line


def candidates() -> str:
    yesterday, that_day = sql.days_before("dog.day", 1), sql.days_before("dog.day", "ago.n")
    due_before = f"""
        FROM ago JOIN programs_prescription p ON p.program_id = g.id AND NOT p.is_one_off
             AND p.starts_on <= {that_day} AND (p.ends_on IS NULL OR p.ends_on > {that_day})
             AND ((p.weekdays >> ((dog.weekday + {7 * sql.DAYS_BACK} - ago.n) %% 7)) & 1) = 1"""
    # For most dogs the first look at an index answers it.
    heard = f"""(
        EXISTS (SELECT 1 FROM rehab_sessions_performedexercise w WHERE w.patient_id = d.id AND w.day >= {yesterday})
        OR EXISTS (SELECT 1 FROM rehab_sessions_painanswer a WHERE a.patient_id = d.id AND a.day >= {yesterday})
        OR NOT EXISTS (SELECT 1 {due_before} AND ago.n >= {ENOUGH_DAYS})
        OR NOT EXISTS (
            SELECT 1 {due_before}
            WHERE NOT EXISTS (
                SELECT 1 FROM rehab_sessions_performedexercise w WHERE w.patient_id = d.id AND w.day >= {that_day})
              AND NOT EXISTS (
                SELECT 1 FROM rehab_sessions_painanswer a WHERE a.patient_id = d.id AND a.day >= {that_day})))"""  # noqa: S608
    return f"""
        SELECT e.user_id, d.id AS patient_id, d.clinic_id, e.zone, e.day, {sql.minutes_left("e")} AS minutes,
               NULL AS number, NULL AS subject_id
        FROM evening e
        JOIN patients_caregiver c ON c.user_id = e.user_id AND c.ended_at IS NULL
        JOIN patients_patient d ON d.id = c.patient_id AND d.died_on IS NULL
        JOIN zone dog ON dog.name = d.time_zone
        JOIN programs_program g ON g.patient_id = d.id AND g.ended_at IS NULL
        WHERE NOT {sql.PAUSED} AND NOT {sql.STOPPED} AND NOT {sql.DISCHARGED}
          AND EXISTS (
            SELECT 1 FROM programs_prescription p
            WHERE p.program_id = g.id AND {sql.DUE} AND p.times_per_day > {sql.ANSWERED})
          AND {heard}
          AND {sql.unplanned("unfinished_day", "e.user_id", "d.id", "e.day")}"""  # noqa: S608


def facts(nudges: Sequence[Nudge], at: dt.datetime) -> Mapping[UUID, list[UnfinishedDog] | Ending]:
    """What the dogs of each person have left, while the dog of the row is among them; three statements."""
    known = standings(about(nudges))
    unfinished = unfinished_dogs(user_ids={nudge.user_id for nudge in nudges}, at=at)

    def look(user: UUID, patient: UUID) -> list[UnfinishedDog] | Ending:
        dogs = unfinished.get(user, [])
        if patient in {dog.patient_id for dog in dogs}:
            return dogs
        return ending(known.get(patient)) or suppressed(Reason.DONE)

    return {one.pk: look(one.user_id, one.patient_id) for one in nudges if one.patient_id is not None}


def say(nudge: Nudge, facts: Sequence[UnfinishedDog]) -> Words:
    names = get_text_list([dog.name for dog in facts], _("and"))
    times = sum(dog.left for dog in facts)
    minutes = sum(dog.minutes for dog in facts) if all(dog.minutes for dog in facts) else 0
    left = left_line(left=times, minutes=minutes)
    lines = [
        _("%(dog)s today: %(left)s") % {"dog": dog.name, "left": left_line(left=dog.left, minutes=dog.minutes)}
        for dog in facts
    ]
    return Words(
        title=_("%(dog)s: %(left)s") % {"dog": names, "left": left.rstrip(".")},
        notice=_("A short round counts too."),
        lines=(*lines, _("Little and often is what this week’s program is made of, rest days included.")),
        button=_("Open today’s list"),
        path=reverse("sessions:today", args=[facts[0].patient_id])
        if len(facts) == 1
        else reverse("sessions:today-home"),
        encouragement=_("A short round counts too, and if it does not fit today, that is all right."),
        values={"dog": names, "left": str(times), "minutes": str(minutes)},
    )


KIND = Kind(
    code=Nudge.Kind.UNFINISHED_DAY,
    rank=6,
    candidates=candidates,
    facts=facts,
    say=say,
    is_prompt=True,
    is_one_a_day=True,
    is_by_lot=True,
)

__all__ = ["KIND", "UnfinishedDog", "unfinished_dogs"]
