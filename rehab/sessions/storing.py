"""Writing what commands say into its tables: one statement a table, whatever the number of commands."""

import datetime as dt
import json
from collections.abc import Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

from accounts.access import FAMILY, Role
from accounts.models import User
from rehab.lib.prepared import PreparedInsert
from rehab.patients import csom
from rehab.patients.models import Observation, OutcomeScore, Patient, ProblemDefinition
from rehab.sessions import checks, warning_signs
from rehab.sessions.commands import (
    ActivitiesFact,
    ExposureFact,
    MeasureFact,
    MedicineFact,
    MessageFact,
    PainFact,
    ReportFact,
    ResponseFact,
    SlotFact,
)
from rehab.sessions.commands import Command as Said
from rehab.sessions.models import (
    Command,
    ExerciseSession,
    Exposure,
    MedicineAnswer,
    Message,
    PainAnswer,
    PerformedExercise,
    ResponseAnswer,
    WarningReport,
)
from rehab.sessions.queries.holds import plans_of

COMMANDS: Final = PreparedInsert(
    Command,
    *("id", "clinic", "patient", "kind", "body_hash", "issued_by", "done_at", "stated_at", "received_at", "day"),
    *("time_zone", "plan_version", "device", "sequence"),
)
PERFORMED: Final = PreparedInsert(
    PerformedExercise,
    *("command", "clinic", "patient", "prescription", "day", "slot", "state", "share", "skip_reason", "stop_signs"),
    *("quality", "note", "is_unplanned", "recorded_by", "done_at"),
)


class Fresh(NamedTuple):
    """A command that is to be written, and the instant at which it counts."""

    said: Said
    done_at: dt.datetime
    is_unplanned: bool


def store(fresh: Sequence[Fresh], *, patient: Patient, roles: frozenset[Role], by: User, at: dt.datetime) -> None:
    """Write the receipts of one dog's new commands and what they say; the caller holds the transaction."""
    COMMANDS.rows(
        [
            (
                one.said.id,
                patient.clinic_id,
                patient.pk,
                one.said.kind,
                one.said.body_hash,
                by.pk,
                one.done_at,
                # Kept only where the phone's clock cannot be right: everywhere else it is ``done_at``.
                one.said.done_at if one.said.done_at != one.done_at else None,
                at,
                one.said.day,
                one.said.time_zone or patient.time_zone,
                one.said.plan_version,
                one.said.device,
                one.said.sequence,
            )
            for one in fresh
        ]
    )
    by_kind: dict[type[Any], list[tuple[Fresh, Any]]] = {}
    for one in fresh:
        by_kind.setdefault(type(one.said.fact), []).append((one, one.said.fact))
    if performed := by_kind.get(SlotFact):
        _store_performed(performed, patient=patient, by=by)
    if pain := by_kind.get(PainFact):
        _store_pain(pain, patient=patient, by=by)
    if exposures := by_kind.get(ExposureFact):
        _store_exposures(exposures, patient=patient, by=by)
    if responses := by_kind.get(ResponseFact):
        _store_responses(responses, patient=patient, by=by)
    if medicines := by_kind.get(MedicineFact):
        _store_medicines(medicines, patient=patient, by=by)
    if measures := by_kind.get(MeasureFact):
        _store_measures(measures, patient=patient, by=by)
    if reports := by_kind.get(ReportFact):
        _store_reports(reports, patient=patient, by=by, at=at)
    if messages := by_kind.get(MessageFact):
        _store_messages(messages, patient=patient, roles=roles, by=by, at=at)
    if activities := by_kind.get(ActivitiesFact):
        _store_activities(activities, patient=patient, by=by, at=at)


def _whose(one: Fresh, patient: Patient, by: User) -> dict[str, Any]:
    """What the rows of all facts share."""
    return {
        "command_id": one.said.id,
        "clinic_id": patient.clinic_id,
        "patient_id": patient.pk,
        "day": one.said.day,
        "recorded_by_id": by.pk,
        "done_at": one.done_at,
    }


def _store_performed(facts: Sequence[tuple[Fresh, SlotFact]], *, patient: Patient, by: User) -> None:
    PERFORMED.rows(
        [
            (
                one.said.id,
                patient.clinic_id,
                patient.pk,
                fact.prescription,
                one.said.day,
                fact.slot,
                fact.state,
                fact.share,
                fact.skip_reason,
                json.dumps(fact.stop_signs),
                fact.quality,
                fact.note,
                one.is_unplanned,
                by.pk,
                one.done_at,
            )
            for one, fact in facts
        ]
    )


def _store_pain(facts: Sequence[tuple[Fresh, PainFact]], *, patient: Patient, by: User) -> None:
    sessions = _sessions(patient, {fact.session_day for _, fact in facts})
    PainAnswer.objects.bulk_create(
        PainAnswer(
            **_whose(one, patient, by) | {"day": fact.session_day},
            session_id=sessions[fact.session_day],
            moment=fact.moment,
            score=fact.score,
        )
        for one, fact in facts
    )


def _store_exposures(facts: Sequence[tuple[Fresh, ExposureFact]], *, patient: Patient, by: User) -> None:
    Exposure.objects.bulk_create(
        Exposure(
            **_whose(one, patient, by),
            step_id=fact.step,
            done=fact.done,
            pain_after=fact.pain_after,
            stop_signs=list(fact.stop_signs),
            is_unplanned=one.is_unplanned,
        )
        for one, fact in facts
    )


def _store_responses(facts: Sequence[tuple[Fresh, ResponseFact]], *, patient: Patient, by: User) -> None:
    ResponseAnswer.objects.bulk_create(
        ResponseAnswer(
            **_whose(one, patient, by),
            quality=fact.quality,
            tired=fact.tired,
            areas=None if fact.areas is None else list(fact.areas),
            signs=None if fact.signs is None else list(fact.signs),
            note=fact.note,
        )
        for one, fact in facts
    )


def _store_medicines(facts: Sequence[tuple[Fresh, MedicineFact]], *, patient: Patient, by: User) -> None:
    MedicineAnswer.objects.bulk_create(
        MedicineAnswer(
            **_whose(one, patient, by), medicine=fact.medicine, time=fact.time, given=fact.given, reason=fact.reason
        )
        for one, fact in facts
    )


def _store_measures(facts: Sequence[tuple[Fresh, MeasureFact]], *, patient: Patient, by: User) -> None:
    Observation.objects.bulk_create(
        Observation(
            id=one.said.id,
            clinic_id=patient.clinic_id,
            patient_id=patient.pk,
            metric=fact.metric,
            value=fact.value,
            day=one.said.day,
            recorded_by_id=by.pk,
            recorded_at=one.done_at,
        )
        for one, fact in facts
    )


def _store_reports(facts: Sequence[tuple[Fresh, ReportFact]], *, patient: Patient, by: User, at: dt.datetime) -> None:
    past = checks.past_of(patient.pk, checks.last_reports(patient.pk))
    # An exercise that the dog does not have cannot be what brought it on: then nobody has told.
    has = {one.slug for one in plans_of([patient.pk])[patient.pk]} if any(fact.exercise for _, fact in facts) else set()
    rows = []
    for one, fact in sorted(facts, key=lambda pair: (pair[0].done_at, pair[0].said.id)):
        known = warning_signs.known_before(past, at=one.done_at)
        weighed = warning_signs.weigh(fact.answers, fact.flags, known=known)
        past = past.with_check(warning_signs.Check(at=one.done_at, answers=fact.answers), ticked=fact.flags)
        rows.append(
            WarningReport(
                id=one.said.id,
                **_whose(one, patient, by),
                answers=dict(fact.answers),
                flags=list(weighed.flags),
                urgency=weighed.urgency,
                stop=weighed.stop,
                numbers={"exercise": fact.exercise} if fact.exercise in has and weighed.flags else {},
                suspected_grade=weighed.suspected_grade,
                received_at=at,
            )
        )
    WarningReport.objects.bulk_create(rows)


def _store_messages(
    facts: Sequence[tuple[Fresh, MessageFact]], *, patient: Patient, roles: frozenset[Role], by: User, at: dt.datetime
) -> None:
    Message.objects.bulk_create(
        Message(
            command_id=one.said.id,
            clinic_id=patient.clinic_id,
            patient_id=patient.pk,
            prescription_id=fact.prescription,
            text=fact.text,
            from_family=not roles.isdisjoint(FAMILY),
            written_by_id=by.pk,
            written_at=one.done_at,
            received_at=at,
        )
        for one, fact in facts
    )


def _store_activities(
    facts: Sequence[tuple[Fresh, ActivitiesFact]], *, patient: Patient, by: User, at: dt.datetime
) -> None:
    """One score for each answer; of those of one day only the last one given stands, in whatever order they arrive."""
    # Two phones at once: the second waits here, so that one answer of the day stands.
    list(Patient.objects.select_for_update().filter(pk=patient.pk).values_list("pk"))
    named = ProblemDefinition.objects.filter(pk__in={fact.definition for _, fact in facts})
    words = {pk: csom.words_of(activities) for pk, activities in named.values_list("pk", "activities")}
    OutcomeScore.objects.bulk_create(
        OutcomeScore(
            id=one.said.id,
            clinic_id=patient.clinic_id,
            patient_id=patient.pk,
            instrument=OutcomeScore.CSOM,
            day=one.said.day,
            total=sum(fact.scores),
            subscores=dict(zip(words[fact.definition], fact.scores, strict=True)),
            recorded_by_id=by.pk,
            recorded_at=one.done_at,
        )
        for one, fact in facts
    )
    standing = OutcomeScore.objects.filter(
        patient=patient, instrument=OutcomeScore.CSOM, day__in={one.said.day for one, _ in facts}
    ).standing()
    last: dict[dt.date, UUID] = {}
    earlier = []
    for pk, day in standing.order_by("recorded_at", "pk").values_list("pk", "day"):
        if day in last:
            earlier.append(last[day])
        last[day] = pk
    if earlier:
        OutcomeScore.objects.filter(pk__in=earlier).update(withdrawn_by=by, withdrawn_at=at)


def _sessions(patient: Patient, days: set[dt.date]) -> dict[dt.date, UUID]:
    """The first session of each day, made where nobody has made it yet."""
    rows = ExerciseSession.objects.filter(patient=patient, day__in=days, number=1)
    found: dict[dt.date, UUID] = dict(rows.values_list("day", "pk"))
    if missing := days - found.keys():
        ExerciseSession.objects.bulk_create(
            (
                ExerciseSession(clinic_id=patient.clinic_id, patient_id=patient.pk, day=day, number=1)
                for day in sorted(missing)
            ),
            # Another caregiver may answer in the same moment: theirs is then the session.
            ignore_conflicts=True,
        )
        found = dict(rows.all().values_list("day", "pk"))
    return found
