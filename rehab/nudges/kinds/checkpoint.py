"""The look some months after a discharge: on its first day, and once more five days later while it is not all answered.

Asked where today's page asks (``page.checkpoint_asked``): of the newest episode, within its days, and a stop comes first.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from rehab.nudges.kinds import sql
from rehab.nudges.kinds.base import Ending, Kind, Reason, State, Words
from rehab.nudges.kinds.second_look import CARRIED, about, name_of, standings, suppressed
from rehab.nudges.models import Nudge
from rehab.patients.models import Observation
from rehab.programs import maintenance
from rehab.programs.models import Checkpoint
from rehab.sessions.models import PainAnswer
from rehab.sessions.screen import checkpoints
from rehab.sessions.wording import long_day, number

AGAIN_DAYS: Final = 5
MOST: Final = 2


@dataclass(frozen=True, kw_only=True)
class Look:
    """How many questions are open, and until which day they can be answered."""

    questions: int
    last_on: dt.date


def _measured() -> list[str]:
    """What the dog can do, as far as it is asked and compared."""
    return [metric for metric in checkpoints.open_questions(()) if metric != maintenance.PAIN]


def candidates() -> str:
    measured = _measured()
    metrics = ", ".join(f"'{metric}'" for metric in measured)
    return f"""
        SELECT e.user_id, d.id AS patient_id, d.clinic_id, e.zone, e.day, {sql.minutes_left("e")} AS minutes,
               k.month AS number, k.id AS subject_id
        FROM evening e
        JOIN patients_caregiver c ON c.user_id = e.user_id AND c.ended_at IS NULL
        JOIN patients_patient d ON d.id = c.patient_id AND d.died_on IS NULL
        JOIN zone dog ON dog.name = d.time_zone
        JOIN programs_checkpoint k ON k.patient_id = d.id AND k.state = 'waiting' AND k.due_on <= dog.day
             AND k.due_on > {sql.days_before("dog.day", maintenance.ANSWER_DAYS)}
        JOIN programs_episode ep ON ep.id = k.episode_id AND ep.withdrawn_at IS NULL
        WHERE NOT EXISTS (
            SELECT 1 FROM programs_episode newer
            WHERE newer.patient_id = d.id AND newer.withdrawn_at IS NULL AND newer.number > ep.number)
          AND NOT EXISTS (
            SELECT 1 FROM programs_program g
            WHERE g.patient_id = d.id AND g.ended_at IS NULL AND g.paused_by_id IS NOT NULL)
          AND NOT {sql.STOPPED}
          AND NOT (
            EXISTS (
              SELECT 1 FROM rehab_sessions_painanswer a
              WHERE a.patient_id = d.id AND a.day >= k.due_on AND a.moment = 'before')
            AND {len(measured)} = (
              SELECT COUNT(DISTINCT o.metric) FROM patients_observation o
              WHERE o.patient_id = d.id AND o.metric IN ({metrics}) AND o.day >= k.due_on))
          AND {MOST} > (
            SELECT COUNT(*) FROM nudges_nudge told
            WHERE told.user_id = e.user_id AND told.patient_id = d.id AND told.kind = 'checkpoint'
              AND told.subject_id = k.id AND told.state IN ({CARRIED}))
          AND NOT EXISTS (
            SELECT 1 FROM nudges_nudge told
            WHERE told.user_id = e.user_id AND told.patient_id = d.id AND told.kind = 'checkpoint'
              AND told.subject_id = k.id AND told.state IN ({CARRIED})
              AND told.local_day > {sql.days_before("e.day", AGAIN_DAYS)})
          AND {sql.unplanned("checkpoint", "e.user_id", "d.id", "e.day")}"""  # noqa: S608 (only constants)


def facts(nudges: Sequence[Nudge], at: dt.datetime) -> Mapping[UUID, Look | Ending]:
    """What is still to be answered; four statements."""
    dogs = about(nudges)
    known = standings(dogs)
    waiting = Checkpoint.objects.filter(pk__in=[one.subject_id for one in nudges if one.subject_id is not None])
    looks: dict[UUID | None, Checkpoint] = {one.pk: one for one in waiting}
    said = _said(dogs, since=min((one.due_on for one in looks.values()), default=at.date()))

    def look(nudge: Nudge, patient: UUID) -> Look | Ending:
        one, standing = looks.get(nudge.subject_id), known.get(patient)
        if one is None or one.state == Checkpoint.State.CANCELLED:
            return suppressed(Reason.DONE)
        if one.state != Checkpoint.State.WAITING:
            return suppressed(Reason.ANSWERED)
        if standing is not None and standing.is_paused:
            return suppressed(Reason.PAUSED)
        if standing is not None and standing.is_stopped:
            return suppressed(Reason.STOPPED)
        if not maintenance.takes_answers(one.due_on, today=dogs[patient].today(at)):
            return Ending(state=State.EXPIRED, reason=Reason.TOO_LATE)
        answered = {metric for metric, day in said[patient] if day >= one.due_on}
        questions = len(checkpoints.open_questions(answered))
        if not questions:
            return suppressed(Reason.ANSWERED)
        return Look(questions=questions, last_on=one.due_on + dt.timedelta(days=maintenance.ANSWER_DAYS - 1))

    return {nudge.pk: look(nudge, nudge.patient_id) for nudge in nudges if nudge.patient_id is not None}


def _said(patient_ids: Collection[UUID], *, since: dt.date) -> Mapping[UUID, set[tuple[str, dt.date]]]:
    """What was answered and on which day, by dog; two statements."""
    found: defaultdict[UUID, set[tuple[str, dt.date]]] = defaultdict(set)
    about = {"patient__in": patient_ids, "day__gte": since}
    for patient, day in (
        PainAnswer.objects.filter(**about, moment=PainAnswer.Moment.BEFORE).order_by().values_list("patient", "day")
    ):
        found[patient].add((maintenance.PAIN, day))
    for patient, metric, day in (
        Observation.objects.filter(**about, metric__in=_measured()).order_by().values_list("patient", "metric", "day")
    ):
        found[patient].add((metric, day))
    return found


def say(nudge: Nudge, facts: Look) -> Words:
    questions = ngettext(
        "%(count)s short question is open.", "%(count)s short questions are open.", facts.questions
    ) % {"count": number(facts.questions)}
    questions = questions[:1].upper() + questions[1:]
    return Words(
        title=_("How is %(dog)s doing?") % {"dog": name_of(nudge)},
        notice=questions,
        lines=(
            checkpoints.title(nudge.number or 0, name=name_of(nudge)),
            questions,
            _("They show early whether anything is slipping, so that there is time to act."),
        ),
        button=_("Answer"),
        path=reverse("sessions:checkpoint", args=[nudge.patient_id]),
        encouragement=_("Until %(day)s. Answer what you can; an answer can be changed.")
        % {"day": long_day(facts.last_on)},
    )


KIND = Kind(
    code=Nudge.Kind.CHECKPOINT,
    rank=1,
    candidates=candidates,
    facts=facts,
    say=say,
    is_prompt=True,
    is_one_a_day=True,
)
