"""A dog has moved on to a later phase within the last day, by somebody else's decision."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import connection
from django.urls import reverse
from django.utils.translation import gettext as _

from rehab.library import translating
from rehab.nudges import schedule
from rehab.nudges.kinds import since, sql
from rehab.nudges.kinds.base import Ending, Kind, Reason, Words
from rehab.nudges.kinds.second_look import about, ending, name_of, standings, suppressed
from rehab.nudges.models import Nudge
from rehab.programs.models import Decision
from rehab.sessions.models import Command
from rehab.sessions.wording import long_day

LIFE_MINUTES = schedule.NEWS_HOURS * 60
DETAIL = {"postgresql": "x.details->>'{name}'", "sqlite": "json_extract(x.details, '$.{name}')"}


@dataclass(frozen=True, kw_only=True)
class Reached:
    """The phase in the content's own words, and from which day on it holds."""

    phase: str
    starts_on: dt.date
    is_begun: bool


def candidates() -> str:
    before, after = (DETAIL[connection.vendor].format(name=name) for name in ("from", "to"))
    return f"""
        SELECT f.user_id, d.id AS patient_id, d.clinic_id, me.name AS zone, me.day,
               {LIFE_MINUTES} - {since.minutes("x.decided_at")} AS minutes, NULL AS number, x.id AS subject_id
        FROM programs_decision x
        JOIN patients_patient d ON d.id = x.patient_id AND d.died_on IS NULL
        JOIN programs_program g ON g.id = x.program_id AND g.ended_at IS NULL
        JOIN patients_caregiver c ON c.patient_id = d.id AND c.ended_at IS NULL AND c.started_at <= x.decided_at
        JOIN accounts_user u ON u.id = c.user_id AND u.is_active AND u.id <> x.decided_by_id
        JOIN nudges_nudgepreference f ON f.user_id = u.id
        JOIN awake me ON me.name = f.time_zone
        WHERE x.kind = 'phase' AND x.decided_at > %(day_ago)s AND x.decided_at <= %(at)s AND {after} > {before}
          AND NOT EXISTS (
            SELECT 1 FROM programs_decision later
            WHERE later.patient_id = d.id AND later.kind = 'phase' AND later.decided_at > x.decided_at)
          AND NOT {sql.PAUSED} AND NOT {sql.STOPPED} AND NOT {sql.DISCHARGED} AND {sql.REACHABLE}
          AND NOT EXISTS (
            SELECT 1 FROM nudges_nudge told
            WHERE told.user_id = u.id AND told.patient_id = d.id AND told.kind = 'phase_reached'
              AND told.subject_id = x.id)
          AND {sql.unplanned("phase_reached", "u.id", "d.id", "me.day")}"""  # noqa: S608 (only constants)


def facts(nudges: Sequence[Nudge], at: dt.datetime) -> Mapping[UUID, Reached | Ending]:
    """Which phase it is; three statements. Who has noted something under the new plan has seen it."""
    dogs = about(nudges)
    known = standings(dogs)
    decided: dict[UUID | None, Decision] = {
        one.pk: one
        for one in Decision.objects.filter(pk__in=[one.subject_id for one in nudges]).select_related("program")
    }
    earliest = min((one.decided_at for one in decided.values()), default=at)
    seen: dict[tuple[UUID, UUID], list[tuple[dt.datetime, int]]] = {}
    for user, patient, received_at, version in Command.objects.filter(
        issued_by__in={one.user_id for one in nudges},
        patient__in=dogs,
        received_at__gte=earliest,
        plan_version__isnull=False,
    ).values_list("issued_by", "patient", "received_at", "plan_version"):
        seen.setdefault((user, patient), []).append((received_at, version))

    def look(nudge: Nudge, patient: UUID) -> Reached | Ending:
        if (why := ending(known.get(patient))) is not None:
            return why
        decision = decided.get(nudge.subject_id)
        if decision is None or decision.program.ended_at is not None:
            return suppressed(Reason.PROGRAM_ENDED)
        if decision.program.phase != decision.details.get("to"):
            return suppressed(Reason.DONE)
        if any(
            received_at >= decision.decided_at and version >= decision.plan_version
            for received_at, version in seen.get((nudge.user_id, patient), ())
        ):
            return suppressed(Reason.SEEN)
        return Reached(
            phase=decision.program.phase_name,
            starts_on=decision.effective_on,
            is_begun=decision.effective_on <= dogs[patient].today(at),
        )

    return {nudge.pk: look(nudge, nudge.patient_id) for nudge in nudges if nudge.patient_id is not None}


def say(nudge: Nudge, facts: Reached) -> Words:
    about = {
        "dog": name_of(nudge),
        "clinic": nudge.clinic.name,
        "phase": translating.said(facts.phase),
        "day": long_day(facts.starts_on),
    }
    if facts.is_begun:
        when = _("The list is a little different from today on.")
    else:
        when = _("The list is a little different from %(day)s on; until then everything stays as it is.") % about
    return Words(
        title=_("%(dog)s has come a step further") % about,
        notice=_("A word from %(clinic)s.") % about,
        lines=(
            _("The next phase is called “%(phase)s”.") % about,
            _("%(clinic)s has decided it from what you noted.") % about,
            when,
        ),
        button=_("See what to do"),
        path=reverse("sessions:today", args=[nudge.patient_id]),
        encouragement=_("This is the work of calm rounds, and of rest days that were kept."),
    )


KIND = Kind(
    code=Nudge.Kind.PHASE_REACHED,
    rank=0,
    candidates=candidates,
    facts=facts,
    say=say,
    push_life=dt.timedelta(hours=schedule.NEWS_HOURS),
)
