"""A re-examination is due within three days, or was due yesterday; to owners, once each, and then it is the clinic's."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _

from rehab.guidance.attention import RE_EXAM_SOON_DAYS
from rehab.nudges.kinds import sql
from rehab.nudges.kinds.base import Ending, Kind, Reason, State, Words
from rehab.nudges.kinds.second_look import CARRIED, about, name_of, standings, suppressed
from rehab.nudges.models import Nudge
from rehab.patients.models import ProblemDefinition
from rehab.sessions.wording import long_day

SOON, PASSED = 1, 2
DAY_AFTER: Final = -1


@dataclass(frozen=True, kw_only=True)
class Visit:
    """By when the clinic wants to see the dog, and in how many days that is; negative once it has passed."""

    due_on: dt.date
    days: int


def candidates() -> str:
    left = sql.days_between("v.re_exam_due_on", "dog.day")
    number = f"CASE WHEN {left} < 0 THEN {PASSED} ELSE {SOON} END"
    return f"""
        SELECT e.user_id, d.id AS patient_id, d.clinic_id, e.zone, e.day, {sql.minutes_left("e")} AS minutes,
               {number} AS number, v.id AS subject_id
        FROM evening e
        JOIN patients_caregiver c ON c.user_id = e.user_id AND c.ended_at IS NULL AND c.relation = 'owner'
        JOIN patients_patient d ON d.id = c.patient_id AND d.died_on IS NULL
        JOIN zone dog ON dog.name = d.time_zone
        JOIN patients_problemdefinition v ON v.patient_id = d.id AND v.signed_at IS NOT NULL
        WHERE {left} BETWEEN {DAY_AFTER} AND {RE_EXAM_SOON_DAYS}
          AND NOT EXISTS (
            SELECT 1 FROM patients_problemdefinition newer
            WHERE newer.patient_id = d.id AND newer.signed_at IS NOT NULL AND newer.version > v.version)
          AND NOT EXISTS (
            SELECT 1 FROM programs_program g
            WHERE g.patient_id = d.id AND g.ended_at IS NULL AND g.paused_by_id IS NOT NULL)
          AND NOT {sql.DISCHARGED}
          AND NOT EXISTS (
            SELECT 1 FROM nudges_nudge told
            WHERE told.user_id = e.user_id AND told.patient_id = d.id AND told.kind = 're_exam'
              AND told.subject_id = v.id AND told.number = {number} AND told.state IN ({CARRIED}))
          AND {sql.unplanned("re_exam", "e.user_id", "d.id", "e.day")}"""  # noqa: S608 (only constants)


def facts(nudges: Sequence[Nudge], at: dt.datetime) -> Mapping[UUID, Visit | Ending]:
    """By when the dog is to be seen; two statements. A newer definition means that a vet has seen it."""
    dogs = about(nudges)
    known = standings(dogs)
    # The newest comes last, and wins.
    newest: dict[UUID, tuple[UUID, dt.date]] = {
        patient: (pk, due_on)
        for patient, pk, due_on in ProblemDefinition.objects.signed()
        .filter(patient__in=dogs)
        .order_by("version", "pk")
        .values_list("patient", "pk", "re_exam_due_on")
    }

    def look(nudge: Nudge, patient: UUID) -> Visit | Ending:
        standing = known.get(patient)
        if standing is not None and standing.is_in_maintenance:
            return suppressed(Reason.DISCHARGED)
        if standing is not None and standing.is_paused:
            return suppressed(Reason.PAUSED)
        pk, due_on = newest.get(patient, (None, None))
        if due_on is None or pk != nudge.subject_id:
            return suppressed(Reason.DONE)
        days = (due_on - dogs[patient].today(at)).days
        if (PASSED if days < 0 else SOON) != nudge.number:
            return Ending(state=State.EXPIRED, reason=Reason.TOO_LATE)
        return Visit(due_on=due_on, days=days)

    return {nudge.pk: look(nudge, nudge.patient_id) for nudge in nudges if nudge.patient_id is not None}


def say(nudge: Nudge, facts: Visit) -> Words:
    about = {"dog": name_of(nudge), "clinic": nudge.clinic.name, "day": long_day(facts.due_on)}
    if facts.days < 0:
        when = _("%(clinic)s wanted to see %(dog)s by %(day)s.") % about
        why = _("Until a vet has looked again, nothing is added to the program.")
    elif facts.days == 0:
        when = _("%(clinic)s would like to see %(dog)s today.") % about
        why = _("There a vet looks at how far %(dog)s has come, and the next weeks are planned from it.") % about
    else:
        when = _("%(clinic)s would like to see %(dog)s by %(day)s.") % about
        why = _("There a vet looks at how far %(dog)s has come, and the next weeks are planned from it.") % about
    return Words(
        title=_("%(dog)s’s next visit") % about,
        notice=when,
        lines=(when, why),
        button=_("Phone numbers"),
        path=reverse("sessions:help", args=[nudge.patient_id]),
        encouragement=_("If the visit is arranged already, there is nothing to do."),
    )


KIND = Kind(
    code=Nudge.Kind.RE_EXAM,
    rank=2,
    candidates=candidates,
    facts=facts,
    say=say,
    is_prompt=True,
    is_one_a_day=True,
)
