"""One day of one dog, as its family sees it and as a command finds it."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Exists, OuterRef, Q
from django.http import Http404

from accounts.access import Right, Role
from accounts.models import Clinic, User
from rehab.library.models import Media
from rehab.patients.access import load
from rehab.patients.models import Patient
from rehab.programs.models import Prescription
from rehab.sessions.commands import can_complete
from rehab.sessions.day import Day, Prescribed
from rehab.sessions.exposures import LOOK_BACK_DAYS, Rung, rungs
from rehab.sessions.medicines import planned
from rehab.sessions.models import WarningReport
from rehab.sessions.queries.dog import as_patient, as_roles, dog_of_day
from rehab.sessions.queries.holds import Held, held_in, held_of, plans_of, provoked
from rehab.sessions.queries.looking_back import pain_answers
from rehab.sessions.queries.medicines import medicine_answers
from rehab.sessions.queries.rows import (
    DAY,
    DOG,
    EVENT,
    LOGGED,
    ONE_DAY,
    PLAN,
    PRESCRIBED,
    THE_DOG,
    Answered,
    DayView,
    DogOfDay,
    Logged,
    Pain,
    Pause,
    Plan,
    Stop,
    active_rows,
    as_day,
    first_name,
)
from rehab.sessions.warning_signs import STOPS, URGENCIES, stops_exercises


def logged(*, user: User, patient_id: UUID, day: dt.date) -> Logged | None:
    """The day with the roles to log on it, in one query; None when nothing is prescribed or it is not theirs to see.

    The answer does not tell which of the two it is: ask ``load_patient`` then.
    """
    rows = LOGGED.rows(user=user.pk, patient=patient_id, day=day)
    if not rows:
        return None
    wide = len(PRESCRIBED) + len(EVENT)
    roles = as_roles(rows[0][wide + 1 + len(DOG) :])
    if not roles:
        return None
    return Logged(
        patient=as_patient(rows[0][wide + 1 : wide + 1 + len(DOG)]),
        roles=roles,
        plan_version=rows[0][wide],
        day=as_day(day, (row[:wide] for row in rows)),
    )


def dog_and_roles(*, user: User, patient_id: UUID) -> tuple[Patient, frozenset[Role]] | None:
    """The dog and what the person is to it; None when it is not theirs to see, or does not exist."""
    rows = THE_DOG.rows(user=user.pk, patient=patient_id)
    roles = as_roles(rows[0][len(DOG) :]) if rows else frozenset()
    return (as_patient(rows[0][: len(DOG)]), roles) if roles else None


def _stops(patient_id: UUID, day: dt.date) -> tuple[Stop | None, Held | None]:
    """What stops the dog's exercises, and what stops one of them alone on the day; one statement, or two."""
    rows = list(
        WarningReport.objects.filter(patient=patient_id)
        .unreleased()
        .order_by("received_at", "pk")
        .values_list(
            *("flags", "rules", "urgency", "stop", "done_at", "received_at"),
            *("recorded_by__name", "recorded_by__email"),
            *("acknowledged_at", "acknowledged_by__name", "acknowledged_by__email", "told_to_call_at", "seen_at"),
            *("clinic__opening_hours", "clinic__time_zone", "numbers", "day"),
        )
    )
    stopping = [row for row in rows if stops_exercises(row[3])]
    # What was done before the sign was seen is told as on any other day.
    said = [one for row in rows if row[16] <= day and (one := provoked(row[0], row[15], row[16], row[5])) is not None]
    held = held_of(said, plans_of([patient_id])[patient_id]) if said else None
    return (_stop(stopping) if stopping else None), held


def _stop(rows: Sequence[Sequence[Any]]) -> Stop:
    """The reports that stop the dog's exercises, as one: nothing that one of them stops goes on because of another."""
    flags, rules = (list(dict.fromkeys(one for row in rows for one in row[column])) for column in (0, 1))
    urgency = min((row[2] for row in rows), key=URGENCIES.index)
    stop = min((row[3] for row in rows), key=STOPS.index)
    done_at, received_at, name, email = rows[-1][4:8]
    by = first_name(name, email) if email else ""
    hours = Clinic(opening_hours=rows[-1][13], time_zone=rows[-1][14]).hours
    return Stop(flags, rules, urgency, stop, done_at, received_at, by, _answered([row[5:13] for row in rows]), hours)


def _answered(rows: Sequence[Sequence[Any]]) -> Answered:
    """What the clinic has made of the reports; one that waits is not hidden by another that was taken over."""
    waiting = [(received, told, seen) for received, _n, _e, taken, _by, _mail, told, seen in rows if taken is None]
    if not waiting:
        taken_over_at, name, email = max((row[3], row[4], row[5]) for row in rows)
        return Answered(taken_over_at, name or first_name(name, email), None, None)
    unanswered = [received for received, told, _ in waiting if told is not None]
    opened = [seen for _, _, seen in waiting if seen is not None]
    return Answered(
        None, "", min(unanswered, default=None), max(opened) if opened and len(opened) == len(waiting) else None
    )


def read_day(patient_id: UUID, day: dt.date) -> Day:
    """The day of a dog that was already loaded for its reader, with when each one-off was done before; one query."""
    found = as_day(day, DAY.rows(patient=patient_id, day=day))
    answered = {event.prescription for event in found.events}
    return Day(
        day=day,
        prescribed=tuple(
            _carried_on(one, found.prescribed)
            for one in found.prescribed
            # An earlier decision was read for what it tells of the present one.
            if one.ends_on is None or one.ends_on >= day or one.id in answered
        ),
        events=found.events,
    )


def _carried_on(one: Prescribed, decisions: Iterable[Prescribed]) -> Prescribed:
    """A one-off with what was said of it last under any decision, and days of rest with when they began.

    A covered floor stays covered; days of rest go on where one decision follows the other without a gap.
    """
    if one.is_one_off:
        told = [other for other in decisions if other.slug == one.slug and other.said_at is not None]
        last = max(told, key=lambda other: (other.said_at, other.id), default=one)
        return one._replace(done_on=last.done_on)  # noqa: SLF001 - a named tuple's own way
    if not one.dose.duration_days:
        return one
    since = one.starts_on
    for earlier in sorted(decisions, key=lambda other: other.starts_on, reverse=True):
        if earlier.slug == one.slug and earlier.ends_on == since:
            since = earlier.starts_on
    return one._replace(since=since)  # noqa: SLF001


def day_view(
    *, user: User, patient_id: UUID, day: dt.date | None, at: dt.datetime, dog: DogOfDay | None = None
) -> DayView:
    """One day of the dog as its family sees it; ``day=None`` is the dog's today, ``dog`` what was read of it already.

    Raises:
        Http404: the dog is not the person's to see, or the day lies too far back or ahead.
        PermissionDenied: the person sees the dog but may not log.
    """
    dog = dog or dog_of_day(user=user, patient_id=patient_id, at=at)
    patient = dog.patient
    today = patient.today(at)
    day = day or today
    if not can_complete(day, today=today):
        raise Http404
    yesterday = day - ONE_DAY
    plans = PLAN.rows(patient=patient_id, yesterday=yesterday)
    plan = _plan(plans[0]) if plans else None
    # While warning signs stop the exercises, nothing of a ladder is practised.
    stop, held = _stops(patient_id, day) if dog.stopped_by or dog.held_by else (None, None)
    found = read_day(patient_id, day)
    climbs = plan is not None and plan.has_rungs and dog.stopped_by is None
    # Where a ladder stands rests on the answers of weeks, which are read in the same query.
    pain = pain_answers(patient_id, day - LOOK_BACK_DAYS * ONE_DAY if climbs else yesterday, day + ONE_DAY)
    practised = rungs(patient_id, day, _scores(pain)) if climbs else []
    doses = planned(dog.medicines)
    return DayView(
        at=at,
        dog=dog,
        patient=patient,
        today=today,
        day=found if held is None else replace(found, held=held.slugs),
        plan=plan,
        pain=pain,
        asks_morning=(plan is not None and plan.worked_yesterday)
        or any(session_day == yesterday for session_day, _ in pain)
        or any(rung.was_practised_on(yesterday) for rung in practised),
        # A rung that was left on the day keeps what was said of it before.
        rungs=[rung for rung in practised if rung.is_active_on(day) or rung.said],
        medicine=doses,
        medicine_answers=medicine_answers(patient_id, day) if doses or dog.had_medicine else [],
        stop=stop,
        held=held,
    )


def _plan(row: Sequence[Any]) -> Plan:
    program, starts_on, ended_at, plan_version, worked_yesterday, has_rungs, paused_on, name, email = row
    return Plan(
        program=program,
        starts_on=starts_on,
        ended_at=ended_at,
        plan_version=plan_version,
        worked_yesterday=worked_yesterday,
        has_rungs=has_rungs,
        pause=None if paused_on is None else Pause(paused_on, first_name(name, email)),
    )


def _scores(pain: Mapping[tuple[dt.date, str], Pain]) -> dict[tuple[dt.date, str], int]:
    return {key: answer.score for key, answer in pain.items()}


def day_rungs(patient_id: UUID, day: dt.date) -> list[Rung]:
    """The rungs that the dog, already loaded for its reader, practises on the day; two queries."""
    pain = pain_answers(patient_id, day - LOOK_BACK_DAYS * ONE_DAY, day + ONE_DAY)
    return [rung for rung in rungs(patient_id, day, _scores(pain)) if rung.is_active_on(day)]


class DogToday(NamedTuple):
    """One dog of several, for the person who chooses."""

    patient: Patient
    day: Day


def dogs_today(*, user: User, at: dt.datetime) -> list[DogToday]:
    """The dogs that the person cares for, each with its own today.

    One more query for each local day that the dogs have, which is one unless they live far apart, one for what
    warning signs hold, and one more where they do.
    """
    dogs = list(Patient.objects.cared_for_by(user).order_by("name", "pk"))
    by_day: dict[dt.date, list[UUID]] = {}
    for dog in dogs:
        by_day.setdefault(dog.today(at), []).append(dog.pk)
    days: dict[UUID, Day] = {}
    held = held_in([dog.pk for dog in dogs])
    for day, patient_ids in by_day.items():
        rows: dict[UUID, list[Sequence[Any]]] = {pk: [] for pk in patient_ids}
        for row in active_rows(patient_ids, day).values_list("patient_id", *PRESCRIBED, *EVENT):
            rows[row[0]].append(row[1:])
        days |= {
            pk: replace(as_day(day, dog_rows), held=held[pk].slugs if pk in held else frozenset())
            for pk, dog_rows in rows.items()
        }
    return [DogToday(dog, days[dog.pk]) for dog in dogs]


def visible_prescription(*, user: User, patient_id: UUID, prescription_id: UUID) -> Prescription:
    """One prescription with its exercise, for the how-to page.

    Raises:
        Http404: the dog has no such prescription, or it is not the person's to see.
    """
    found: Prescription = load(
        Prescription.objects.select_related("exercise__photo", "exercise__clip", "patient__clinic").filter(
            patient=patient_id
        ),
        pk=prescription_id,
        user=user,
        right=Right.SEE,
    )
    return found


def name_in_program(program_id: UUID, slug: str) -> str:
    """What the program calls an exercise, for another that is done inside it; empty where it is not in it."""
    names = Prescription.objects.filter(program=program_id, exercise__slug=slug).order_by("-starts_on", "-pk")
    return names.values_list("exercise__name", flat=True).first() or ""


def prescribed_media(*, patient_id: UUID, media_id: UUID) -> Media | None:
    """The clinic's photo or clip, if it shows an exercise that the dog has or had; the caller has checked who asks."""
    shown = Prescription.objects.filter(
        Q(exercise__photo=OuterRef("pk")) | Q(exercise__clip=OuterRef("pk")), patient=patient_id
    )
    return Media.objects.filter(Exists(shown), pk=media_id).first()
