"""One day of one dog, as its family sees it and as a command finds it."""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import DEFAULT_DB_ALIAS
from django.db.models import (
    Exists,
    OuterRef,
    Q,
)
from django.http import Http404

from accounts.access import Right, Role, allowed
from accounts.models import User
from rehab.library.models import Media
from rehab.patients.access import ROLE_FLAGS, load
from rehab.patients.models import Patient
from rehab.programs.models import Decision, Prescription
from rehab.sessions.commands import can_complete
from rehab.sessions.day import Day, Prescribed
from rehab.sessions.exposures import LOOK_BACK_DAYS, Rung, rungs
from rehab.sessions.models import PerformedExercise
from rehab.sessions.queries.looking_back import pain_answers
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
    Logged,
    Pain,
    Plan,
    active_rows,
    as_day,
)


def _patient(values: Sequence[Any]) -> Patient:
    """The dog with what these screens need of it; another field would be read when it is asked for."""
    dog: Patient = Patient.from_db(DEFAULT_DB_ALIAS, ["id", *DOG[1:]], values)
    return dog


def _roles(flags: Sequence[bool]) -> frozenset[Role]:
    return frozenset(role for role, held in zip(ROLE_FLAGS.values(), flags, strict=True) if held)


def logged(*, user: User, patient_id: UUID, day: dt.date) -> Logged | None:
    """The day with the roles to log on it, in one query; None when nothing is prescribed or it is not theirs to see.

    The answer does not tell which of the two it is: ask ``load_patient`` then.
    """
    rows = LOGGED.rows(user=user.pk, patient=patient_id, day=day)
    if not rows:
        return None
    wide = len(PRESCRIBED) + len(EVENT)
    roles = _roles(rows[0][wide + 1 + len(DOG) :])
    if not roles:
        return None
    return Logged(
        patient=_patient(rows[0][wide + 1 : wide + 1 + len(DOG)]),
        roles=roles,
        plan_version=rows[0][wide],
        day=as_day(day, (row[:wide] for row in rows)),
    )


def dog_and_roles(*, user: User, patient_id: UUID) -> tuple[Patient, frozenset[Role]] | None:
    """The dog and what the person is to it; None when it is not theirs to see, or does not exist."""
    rows = THE_DOG.rows(user=user.pk, patient=patient_id)
    roles = _roles(rows[0][len(DOG) :]) if rows else frozenset()
    return (_patient(rows[0][: len(DOG)]), roles) if roles else None


def read_day(patient_id: UUID, day: dt.date) -> Day:
    """The day of a dog that was already loaded for its reader, with when each one-off was done before.

    One query; one more where days of rest are counted, and one where a decision has renewed a one-off.
    """
    found = as_day(day, DAY.rows(patient=patient_id, day=day))
    resting = [one.slug for one in found.prescribed if one.dose.duration_days]
    renewed = [one.slug for one in found.prescribed if one.is_renewed and one.done_on is None]
    if not resting and not renewed:
        return found
    periods = _periods(patient_id, resting) if resting else []
    done = _done_before(patient_id, renewed, day) if renewed else {}
    return Day(
        day=day,
        prescribed=tuple(
            one._replace(since=_since(one, periods), done_on=one.done_on or done.get(one.slug))  # noqa: SLF001 - a named tuple's own way
            for one in found.prescribed
        ),
        events=found.events,
    )


def _periods(patient_id: UUID, slugs: Collection[str]) -> list[tuple[str, dt.date, dt.date | None]]:
    return list(
        Prescription.objects.filter(patient=patient_id, exercise__slug__in=slugs)
        .order_by("-starts_on", "-pk")
        .values_list("exercise__slug", "starts_on", "ends_on")
    )


def _done_before(patient_id: UUID, slugs: Collection[str], day: dt.date) -> dict[str, dt.date | None]:
    """When each exercise was last done, if that still holds, under whichever decision: a covered floor stays covered."""
    said = (
        PerformedExercise.objects.filter(patient=patient_id, prescription__exercise__slug__in=slugs, day__lt=day)
        .exclude(state="skipped")
        .order_by("done_at", "pk")
        .values_list("prescription__exercise__slug", "state", "day")
    )
    return {slug: on if state == "done" else None for slug, state, on in said}  # the last one wins


def _since(one: Prescribed, periods: Iterable[tuple[str, dt.date, dt.date | None]]) -> dt.date | None:
    """When days of rest began that decisions have carried on without a gap; ``periods`` are the latest first."""
    since = one.starts_on
    for slug, starts_on, ends_on in periods:
        if slug == one.slug and ends_on == since:
            since = starts_on
    return since if one.dose.duration_days else None


def day_view(*, user: User, patient_id: UUID, day: dt.date | None, at: dt.datetime) -> DayView:
    """One day of the dog as its family sees it; ``day=None`` is the dog's today.

    Raises:
        Http404: the dog is not the person's to see, or the day lies too far back or ahead.
        PermissionDenied: the person sees the dog but may not log.
    """
    found = dog_and_roles(user=user, patient_id=patient_id)
    if found is None:
        raise Http404
    patient, roles = found
    if not allowed(Right.LOG, roles):
        raise PermissionDenied
    today = patient.today(at)
    day = day or today
    if not can_complete(day, today=today):
        raise Http404
    yesterday = day - ONE_DAY
    plans = PLAN.rows(patient=patient_id, yesterday=yesterday)
    plan = Plan(*plans[0]) if plans else None
    climbs = plan is not None and plan.has_rungs
    # Where a ladder stands rests on the answers of weeks, which are read in the same query.
    pain = pain_answers(patient_id, day - LOOK_BACK_DAYS * ONE_DAY if climbs else yesterday, day + ONE_DAY)
    practised = rungs(patient_id, day, _scores(pain)) if climbs else []
    return DayView(
        patient=patient,
        today=today,
        day=read_day(patient_id, day),
        plan=plan,
        pain=pain,
        asks_morning=(plan is not None and plan.worked_yesterday)
        or any(session_day == yesterday for session_day, _ in pain)
        or any(rung.was_practised_on(yesterday) for rung in practised),
        pause=_pause(plan.paused_by) if plan is not None and plan.paused_by is not None else None,
        rungs=[rung for rung in practised if rung.is_active_on(day)],
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
        Prescription.objects.select_related("exercise__photo", "exercise__clip", "patient").filter(patient=patient_id),
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
