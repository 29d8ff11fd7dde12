"""Sunday evening: how the week went with a person's dogs, what is left of today, and one thing that comes next.

Counted is on how many of the planned days something was done, of the seven days that end with today; today itself only once
something is done, because it is not over. More than was planned is not told at all, so that nobody is praised for it. A week
in which nothing was planned has no summary, nor has a dog of which nothing was noted for four weeks.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db.models import OuterRef, Subquery
from django.urls import reverse
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from rehab.library import translating
from rehab.nudges.kinds import sql
from rehab.nudges.kinds.base import MAIL_FIRST, Ending, Kind, Reason, Words
from rehab.nudges.kinds.left import UnfinishedDog, unfinished_dogs
from rehab.nudges.kinds.second_look import ONE_DAY, Standing, standings, suppressed
from rehab.nudges.models import Nudge, NudgePreference
from rehab.patients.models import Caregiver, Patient, ProblemDefinition
from rehab.programs.maintenance import ANSWER_DAYS
from rehab.programs.models import Checkpoint, Prescription, Program
from rehab.sessions.adherence import DAYS_A_WEEK, NotDue, Period, Shares, by_day
from rehab.sessions.queries import slot_shares
from rehab.sessions.queries.looking_back import PERIOD, stopped_days
from rehab.sessions.wording import left_line, long_day

SUNDAY: Final = 6
# Whoever has noted nothing for so long is not helped by another message.
SILENT_DAYS: Final = 28


@dataclass(frozen=True, kw_only=True)
class Counted:
    """Of seven days: how many were planned, on how many of those something was done, and how many rest days were kept.

    ``rested`` is 0 as soon as something was done on a rest day: it is praised whole or not at all.
    """

    planned: int
    done: int
    rested: int


@dataclass(frozen=True, kw_only=True)
class Ahead:
    """What the coming days hold for one dog, as far as it is known."""

    re_exam_on: dt.date | None = None
    checkpoint_on: dt.date | None = None
    phase: str = ""


@dataclass(frozen=True, kw_only=True)
class DogsWeek:
    """One dog's week; ``left`` is what today still holds."""

    patient_id: UUID
    name: str
    counted: Counted
    ahead: Ahead
    left: UnfinishedDog | None


def counted(periods: Sequence[Period], shares: Shares, *, today: dt.date, stopped: Collection[NotDue] = ()) -> Counted:
    """Count the seven days that end with today.

    What a warning sign had stopped was not planned and is no rest day; nor is a day without any program.
    """
    first, until = today - (DAYS_A_WEEK - 1) * ONE_DAY, today + ONE_DAY
    days = by_day(periods, shares, first=first, until=until, today=today, stopped=stopped)
    would_be = by_day(periods, shares, first=first, until=until, today=today)
    exercised = {day for (_prescription, day, _slot), share in shares.items() if share}
    planned = [day for day, tally in days.items() if tally.prescribed and (day < today or tally.performed)]
    rest = [
        day
        for day, tally in would_be.items()
        if not tally.prescribed
        and day not in stopped
        and any(
            one.starts_on <= day and (one.ends_on is None or day < one.ends_on) and not one.is_one_off
            for one in periods
        )
    ]
    return Counted(
        planned=len(planned),
        done=sum(days[day].performed > 0 for day in planned),
        rested=0 if exercised.intersection(rest) else len(rest),
    )


def candidates() -> str:
    day = sql.days_before("dog.day", "ago.n")
    return f"""
        SELECT e.user_id, d.id AS patient_id, d.clinic_id, e.zone, e.day, {sql.minutes_left("e")} AS minutes,
               CAST(NULL AS smallint) AS number, CAST(NULL AS uuid) AS subject_id
        FROM evening e
        JOIN nudges_nudgepreference f ON f.user_id = e.user_id AND f.week_enabled
        JOIN patients_caregiver c ON c.user_id = e.user_id AND c.ended_at IS NULL
        JOIN patients_patient d ON d.id = c.patient_id AND d.died_on IS NULL
        JOIN zone dog ON dog.name = d.time_zone
        JOIN programs_program g ON g.patient_id = d.id AND g.ended_at IS NULL
        WHERE e.weekday = {SUNDAY} AND NOT {sql.PAUSED} AND NOT {sql.STOPPED}
          AND EXISTS (
            SELECT 1 FROM ago JOIN programs_prescription p ON p.patient_id = d.id AND NOT p.is_one_off
            WHERE ago.n < {DAYS_A_WEEK} AND p.starts_on <= {day} AND (p.ends_on IS NULL OR p.ends_on > {day})
              AND ((p.weekdays >> ((dog.weekday + {DAYS_A_WEEK} - ago.n) %% {DAYS_A_WEEK})) & 1) = 1)
          AND (g.starts_on > {sql.days_before("dog.day", SILENT_DAYS)}
               OR EXISTS (
                SELECT 1 FROM rehab_sessions_performedexercise w
                WHERE w.patient_id = d.id AND w.day > {sql.days_before("dog.day", SILENT_DAYS)}))
          AND {sql.unplanned("week", "e.user_id", "d.id", "e.day")}"""  # noqa: S608 (only constants)


def facts(nudges: Sequence[Nudge], at: dt.datetime) -> Mapping[UUID, Sequence[DogsWeek] | Ending]:
    """The weeks of all dogs of each person, by name; at most ten statements."""
    users = {nudge.user_id for nudge in nudges}
    dogs: dict[UUID, Patient] = {nudge.patient.pk: nudge.patient for nudge in nudges if nudge.patient is not None}
    of_person: defaultdict[UUID, list[UUID]] = defaultdict(list)
    for caring in (
        Caregiver.objects.current()
        .filter(user__in=users, patient__died_on=None)
        .select_related("patient")
        .order_by("patient__name", "patient")
    ):
        dogs[caring.patient_id] = caring.patient
        of_person[caring.user_id].append(caring.patient_id)
    unwanted = set(NudgePreference.objects.filter(user__in=users, week_enabled=False).values_list("user_id", flat=True))
    known = standings(dogs)
    told, stopped = _counted(dogs, at=at)
    ahead = _ahead(dogs, at=at)
    left = {
        (user, dog.patient_id): dog for user, rows in unfinished_dogs(user_ids=users, at=at).items() for dog in rows
    }

    def look(nudge: Nudge) -> Sequence[DogsWeek] | Ending:
        if nudge.user_id in unwanted:
            return suppressed(Reason.REMINDERS_OFF)
        own = nudge.patient.pk if nudge.patient is not None else nudge.pk
        if (why := _ending(known.get(own))) is not None:
            return why
        if not told[own].planned:
            # It was all stopped by a warning sign that a vet has released meanwhile, or taken out of the program.
            return suppressed(Reason.STOPPED if stopped[own] else Reason.DONE)
        return [
            DogsWeek(
                patient_id=pk,
                name=dogs[pk].name,
                counted=told[pk],
                ahead=ahead.get(pk, Ahead()),
                left=left.get((nudge.user_id, pk)),
            )
            for pk in of_person[nudge.user_id]
            if _ending(known.get(pk)) is None and told[pk].planned
        ]

    return {nudge.pk: look(nudge) for nudge in nudges}


def _ending(standing: Standing | None) -> Ending | None:
    """Why there is no summary of a dog; in maintenance there is one."""
    if standing is None or standing.program is None:
        return suppressed(Reason.PROGRAM_ENDED)
    if standing.is_paused:
        return suppressed(Reason.PAUSED)
    return suppressed(Reason.STOPPED) if standing.is_stopped else None


def _counted(
    dogs: Mapping[UUID, Patient], *, at: dt.datetime
) -> tuple[dict[UUID, Counted], Mapping[UUID, Collection[NotDue]]]:
    """The counted weeks, and what a warning sign had stopped in them; at most four statements."""
    today = {pk: dog.today(at) for pk, dog in dogs.items()}
    if not today:
        return {}, {}
    first, until = min(today.values()) - (DAYS_A_WEEK - 1) * ONE_DAY, max(today.values()) + ONE_DAY
    periods: defaultdict[UUID, list[Period]] = defaultdict(list)
    for patient, *period in (
        Prescription.objects.filter(patient__in=today).overlapping(first, until).values_list("patient", *PERIOD)
    ):
        periods[patient].append(Period(*period))
    shares: defaultdict[UUID, dict[tuple[UUID, dt.date, int], int]] = defaultdict(dict)
    for said in slot_shares(today, first, until):
        # A day of the dog that is further ahead than this one's week does not count.
        if today[said.patient] - DAYS_A_WEEK * ONE_DAY < said.day <= today[said.patient]:
            shares[said.patient][said.prescription, said.day, said.slot] = said.share
    stopped = stopped_days(today, first, until)
    return {pk: counted(periods[pk], shares[pk], today=day, stopped=stopped[pk]) for pk, day in today.items()}, stopped


def _ahead(dogs: Mapping[UUID, Patient], *, at: dt.datetime) -> dict[UUID, Ahead]:
    """What comes in the seven days after today; one statement."""
    about = {"patient": OuterRef("pk")}
    definition = ProblemDefinition.objects.signed().filter(**about).newest_first()
    checkpoint = Checkpoint.objects.waiting().filter(**about).order_by("due_on", "pk")
    program = Program.objects.open().filter(**about)
    found = {}
    for pk, re_exam_on, checkpoint_on, phase in (
        Patient.objects.filter(pk__in=dogs)
        .annotate(
            re_exam_on=Subquery(definition.values("re_exam_due_on")[:1]),
            checkpoint_on=Subquery(checkpoint.values("due_on")[:1]),
            phase=Subquery(program.values("phase_name")[:1]),
        )
        .order_by()
        .values_list("pk", "re_exam_on", "checkpoint_on", "phase")
    ):
        today = dogs[pk].today(at)
        soon = today + DAYS_A_WEEK * ONE_DAY
        found[pk] = Ahead(
            re_exam_on=re_exam_on if re_exam_on and today <= re_exam_on <= soon else None,
            checkpoint_on=checkpoint_on
            if checkpoint_on and today - ANSWER_DAYS * ONE_DAY < checkpoint_on <= soon
            else None,
            phase=phase or "",
        )
    return found


def say(nudge: Nudge, facts: Sequence[DogsWeek]) -> Words:
    names = get_text_list([dog.name for dog in facts], _("and"))
    lines = [line for dog in facts for line in (_went(dog), _left(dog), _comes(dog)) if line]
    if len(facts) == 1:
        lines.append(_("How %(dog)s felt from day to day is on the page “Progress”.") % {"dog": names})
    else:
        lines.append(_("How they felt from day to day is on each dog’s page “Progress”."))
    open_days = [dog.left for dog in facts if dog.left is not None]
    left = sum(one.left for one in open_days)
    minutes = sum(one.minutes for one in open_days) if all(one.minutes for one in open_days) else 0
    return Words(
        # Who reads it over a shoulder learns neither how much was done nor of what the dog is ill.
        title=_("The week with %(dogs)s") % {"dogs": names},
        notice=_("A short look back, and what comes next."),
        lines=tuple(lines),
        button=_("Open today’s list") if left else _("See how it went"),
        path=_path(facts, left=left),
        encouragement=_("A short round counts too, and if it does not fit today, that is all right.") if left else "",
        values={"dog": names, "left": str(left), "minutes": str(minutes)},
    )


def _path(dogs: Sequence[DogsWeek], *, left: int) -> str:
    if len(dogs) > 1:
        return reverse("sessions:today-home")
    return reverse("sessions:today" if left else "sessions:progress", args=[dogs[0].patient_id])


def _went(dog: DogsWeek) -> str:
    """What was done, and praise for the rest; of a week without a note only that it can be mended."""
    week: dict[str, Any] = {"dog": dog.name, "done": dog.counted.done, "planned": dog.counted.planned}
    if not dog.counted.done:
        return (
            _(
                "Of %(dog)s nothing is noted for these days. What was done can still be added for today and the two days before."
            )
            % week
        )
    if dog.counted.done == dog.counted.planned:
        said = ngettext(
            "With %(dog)s something was done on the one planned day.",
            "With %(dog)s something was done on all %(planned)s planned days.",
            dog.counted.planned,
        )
    else:
        said = _("With %(dog)s something was done on %(done)s of %(planned)s planned days.")
    return " ".join(filter(None, (said % week, _rested(dog.counted.rested))))


def _rested(days: int) -> str:
    if not days:
        return ""
    return ngettext(
        "You also kept the rest day, and rest is part of the plan.",
        "You also kept the %(days)s rest days, and rest is part of the plan.",
        days,
    ) % {"days": days}


def _left(dog: DogsWeek) -> str:
    if dog.left is None:
        return ""
    left = left_line(left=dog.left.left, minutes=dog.left.minutes)
    return _("%(dog)s today: %(left)s") % {"dog": dog.name, "left": left}


def _comes(dog: DogsWeek) -> str:
    """The one thing that matters most in the coming days."""
    if dog.ahead.re_exam_on is not None:
        return _("Coming up: the re-examination of %(dog)s, due on %(day)s.") % {
            "dog": dog.name,
            "day": long_day(dog.ahead.re_exam_on),
        }
    if dog.ahead.checkpoint_on is not None:
        return _("Coming up: a few questions about how %(dog)s is, from %(day)s on.") % {
            "dog": dog.name,
            "day": long_day(dog.ahead.checkpoint_on),
        }
    if dog.ahead.phase:
        return _("%(dog)s’s program goes on in the phase “%(phase)s”.") % {
            "dog": dog.name,
            "phase": translating.said(dog.ahead.phase),
        }
    return ""


KIND = Kind(
    code=Nudge.Kind.WEEK,
    rank=0,
    candidates=candidates,
    facts=facts,
    say=say,
    ways=MAIL_FIRST,
    is_one_a_day=True,
)
