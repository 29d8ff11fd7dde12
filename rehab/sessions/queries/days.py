"""One day of one dog, as its family sees it and as a command finds it."""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import CharField, DateField, DateTimeField, Exists, OuterRef, Q, Value
from django.http import Http404

from accounts.access import Right, Role
from accounts.models import User
from rehab.library.models import Media
from rehab.patients.access import load
from rehab.patients.models import Patient
from rehab.programs.models import Decision, Prescription
from rehab.sessions.commands import can_complete
from rehab.sessions.day import Day, Prescribed
from rehab.sessions.exposures import LOOK_BACK_DAYS, Rung, rungs
from rehab.sessions.medicines import planned
from rehab.sessions.models import PerformedExercise, WarningReport
from rehab.sessions.queries.dog import as_patient, as_roles, dog_of_day
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
    DayView,
    DogOfDay,
    Logged,
    Pain,
    Plan,
    Stop,
    active_rows,
    as_day,
    first_name,
)
from rehab.sessions.warning_signs import STOPS, URGENCIES


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


def _stop(patient_id: UUID) -> Stop:
    """The reports that stop the dog's exercises, as one: nothing that one of them stops goes on because of another."""
    rows = list(
        WarningReport.objects.filter(patient=patient_id)
        .stopping()
        .order_by("received_at", "pk")
        .values_list(*("flags", "urgency", "stop", "done_at", "received_at", "recorded_by__name", "recorded_by__email"))
    )
    flags = list(dict.fromkeys(flag for row in rows for flag in row[0]))
    urgency = min((row[1] for row in rows), key=URGENCIES.index)
    stop = min((row[2] for row in rows), key=STOPS.index)
    done_at, received_at, name, email = rows[-1][3:]
    return Stop(flags, urgency, stop, done_at, received_at, first_name(name, email))


def read_day(patient_id: UUID, day: dt.date) -> Day:
    """The day of a dog that was already loaded for its reader, with when each one-off was done before.

    One query; one more where days of rest are counted or a decision has renewed a one-off.
    """
    found = as_day(day, DAY.rows(patient=patient_id, day=day))
    resting = [one.slug for one in found.prescribed if one.dose.duration_days]
    renewed = [one.slug for one in found.prescribed if one.is_renewed and one.done_on is None]
    if not resting and not renewed:
        return found
    periods, done = _before(patient_id, day, resting=resting, renewed=renewed)
    return Day(
        day=day,
        prescribed=tuple(
            one._replace(since=_since(one, periods), done_on=one.done_on or done.get(one.slug))  # noqa: SLF001 - a named tuple's own way
            for one in found.prescribed
        ),
        events=found.events,
    )


def _before(
    patient_id: UUID, day: dt.date, *, resting: Collection[str], renewed: Collection[str]
) -> tuple[list[tuple[str, dt.date, dt.date | None]], dict[str, dt.date | None]]:
    """The periods of the resting items, the latest first; and when each renewed one was last done, if that still holds.

    Under whichever decision: a covered floor stays covered. Both in one statement.
    """
    periods = (
        Prescription.objects.filter(patient=patient_id, exercise__slug__in=resting)
        .annotate(state=Value("", output_field=CharField()), said_at=Value(None, output_field=DateTimeField()))
        .values_list("exercise__slug", "starts_on", "ends_on", "state", "said_at", "pk")
    )
    said = (
        PerformedExercise.objects.filter(patient=patient_id, prescription__exercise__slug__in=renewed, day__lt=day)
        .exclude(state="skipped")
        .annotate(until=Value(None, output_field=DateField()))
        .values_list("prescription__exercise__slug", "day", "until", "state", "done_at", "pk")
    )
    rows = list(said.union(periods, all=True))
    # The last one wins.
    done = sorted((row for row in rows if row[3]), key=lambda row: (row[4], row[5]))
    return (
        sorted(((slug, first, until) for slug, first, until, state, *_ in rows if not state), key=_begun, reverse=True),
        {slug: on if state == "done" else None for slug, on, _until, state, *_ in done},
    )


def _begun(period: tuple[str, dt.date, dt.date | None]) -> dt.date:
    return period[1]


def _since(one: Prescribed, periods: Iterable[tuple[str, dt.date, dt.date | None]]) -> dt.date | None:
    """When days of rest began that decisions have carried on without a gap; ``periods`` are the latest first."""
    since = one.starts_on
    for slug, starts_on, ends_on in periods:
        if slug == one.slug and ends_on == since:
            since = starts_on
    return since if one.dose.duration_days else None


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
    plan = Plan(*plans[0]) if plans else None
    # While warning signs stop the exercises, nothing of a ladder is practised.
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
        day=read_day(patient_id, day),
        plan=plan,
        pain=pain,
        asks_morning=(plan is not None and plan.worked_yesterday)
        or any(session_day == yesterday for session_day, _ in pain)
        or any(rung.was_practised_on(yesterday) for rung in practised),
        pause=_pause(plan.paused_by) if plan and plan.paused_by and dog.stopped_by is None else None,
        rungs=[rung for rung in practised if rung.is_active_on(day)],
        medicine=doses,
        medicine_answers=medicine_answers(patient_id, day) if doses or dog.had_medicine else [],
        stop=_stop(patient_id) if dog.stopped_by is not None else None,
    )


def _pause(decision: UUID) -> Decision:
    found: Decision = Decision.objects.select_related("decided_by", "clinic").get(pk=decision)
    return found


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

    One more query for each local day that the dogs have, which is one unless they live far apart.
    """
    dogs = list(Patient.objects.cared_for_by(user).order_by("name", "pk"))
    by_day: dict[dt.date, list[UUID]] = {}
    for dog in dogs:
        by_day.setdefault(dog.today(at), []).append(dog.pk)
    days: dict[UUID, Day] = {}
    for day, patient_ids in by_day.items():
        rows: dict[UUID, list[Sequence[Any]]] = {pk: [] for pk in patient_ids}
        for row in active_rows(patient_ids, day).values_list("patient_id", *PRESCRIBED, *EVENT):
            rows[row[0]].append(row[1:])
        days |= {pk: as_day(day, dog_rows) for pk, dog_rows in rows.items()}
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
