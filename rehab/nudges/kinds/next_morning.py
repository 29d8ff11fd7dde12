"""The morning after: exercises were done yesterday, and nobody has said yet how the dog is.

Asked only where today's page asks, too (``DayView.asks_morning``), and nothing on it was taken back since.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext as _

from rehab.nudges.kinds import sql
from rehab.nudges.kinds.base import Ending, Kind, Reason, Words
from rehab.nudges.kinds.second_look import ONE_DAY, about, ending, name_of, standings, suppressed
from rehab.nudges.models import Nudge
from rehab.sessions.models import Exposure, PainAnswer, PerformedExercise
from rehab.sessions.queries.looking_back import last_words

DONE: Final = (PerformedExercise.State.DONE, PerformedExercise.State.PARTIAL)


def candidates() -> str:
    yesterday = sql.days_before("dog.day", 1)
    done = f"""EXISTS (
        SELECT 1 FROM rehab_sessions_performedexercise w
        WHERE w.patient_id = d.id AND w.day = {yesterday} AND w.state IN ('done', 'partial')
          AND NOT EXISTS (
            SELECT 1 FROM rehab_sessions_performedexercise later
            WHERE later.patient_id = d.id AND later.day = w.day AND later.slot = w.slot
              AND later.prescription_id = w.prescription_id
              AND (later.done_at, later.command_id) > (w.done_at, w.command_id)))"""  # noqa: S608 (only constants)
    # A rung that is still in use, or ended only today; of a day the last practice counts.
    practised = f"""EXISTS (
        SELECT 1 FROM programs_ladderstep s
        JOIN rehab_sessions_exposure x ON x.step_id = s.id AND x.day = {yesterday} AND x.done
        WHERE s.patient_id = d.id AND s.starts_on <= x.day AND (s.ends_on IS NULL OR s.ends_on >= dog.day)
          AND NOT EXISTS (
            SELECT 1 FROM rehab_sessions_exposure later
            WHERE later.step_id = s.id AND later.day = x.day
              AND (later.done_at, later.command_id) > (x.done_at, x.command_id)))"""  # noqa: S608
    return f"""
        SELECT e.user_id, d.id AS patient_id, d.clinic_id, e.zone, e.day, {sql.minutes_left("e")} AS minutes,
               NULL AS number, NULL AS subject_id
        FROM morning e
        JOIN patients_caregiver c ON c.user_id = e.user_id AND c.ended_at IS NULL
        JOIN patients_patient d ON d.id = c.patient_id AND d.died_on IS NULL
        JOIN zone dog ON dog.name = d.time_zone
        JOIN programs_program g ON g.patient_id = d.id AND g.ended_at IS NULL
        WHERE NOT {sql.PAUSED} AND NOT {sql.STOPPED} AND NOT {sql.DISCHARGED}
          AND ({done} OR {practised})
          AND NOT EXISTS (
            SELECT 1 FROM rehab_sessions_painanswer a
            WHERE a.patient_id = d.id AND a.day = {yesterday} AND a.moment = 'next_morning')
          AND {sql.unplanned("next_morning", "e.user_id", "d.id", "e.day")}"""  # noqa: S608


def facts(nudges: Sequence[Nudge], at: dt.datetime) -> Mapping[UUID, dt.date | Ending]:
    """The day whose morning after is asked about; four statements."""
    dogs = about(nudges)
    yesterday = {pk: dog.today(at) - ONE_DAY for pk, dog in dogs.items()}
    days = {*yesterday.values()}
    known = standings(dogs)
    answered = set(
        PainAnswer.objects.filter(patient__in=dogs, day__in=days, moment=PainAnswer.Moment.NEXT_MORNING)
        .order_by()
        .values_list("patient", "day")
    )
    worked = set(
        last_words(dogs, min(days), max(days) + ONE_DAY).filter(state__in=DONE).values_list("patient_id", "day")
    )
    # The last of a step and day comes last, and wins.
    practised: dict[tuple[UUID, UUID, dt.date], bool] = {
        (patient, step, day): done
        for patient, step, day, done in Exposure.objects.filter(
            Q(step__ends_on=None) | Q(step__ends_on__gt=F("day")),
            step__patient__in=dogs,
            step__starts_on__lte=F("day"),
            day__in=days,
        )
        .order_by("done_at", "command")
        .values_list("step__patient", "step", "day", "done")
    }
    worked |= {(patient, day) for (patient, _step, day), done in practised.items() if done}

    def look(pk: UUID) -> dt.date | Ending:
        if (why := ending(known.get(pk))) is not None:
            return why
        if (pk, yesterday[pk]) in answered:
            return suppressed(Reason.ANSWERED)
        return yesterday[pk] if (pk, yesterday[pk]) in worked else suppressed(Reason.DONE)

    return {nudge.pk: look(nudge.patient_id) for nudge in nudges if nudge.patient_id is not None}


def say(nudge: Nudge, facts: dt.date) -> Words:
    return Words(
        # The very question of the page that the button opens.
        title=_("How is %(name)s this morning?") % {"name": name_of(nudge)},
        notice=_("One question, a few seconds."),
        lines=(
            _("One question, a few seconds: a number from 0 to 10."),
            _("The morning after shows best whether this week’s exercises are the right amount."),
        ),
        button=_("Answer"),
        path=f"{reverse('sessions:today', args=[nudge.patient_id])}#pain",
        encouragement=_("Not now? The question stays on today’s page all day."),
    )


KIND = Kind(
    code=Nudge.Kind.NEXT_MORNING,
    rank=5,
    candidates=candidates,
    facts=facts,
    say=say,
    is_prompt=True,
    is_one_a_day=True,
    is_by_lot=True,
)
