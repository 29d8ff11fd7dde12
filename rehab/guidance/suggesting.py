"""Weighing many dogs and keeping what the rules said: suggestions, what stops at once, and what was approved ahead.

Doing it again changes nothing; a suggestion that no longer holds is withdrawn, with the reason. By themselves the rules
only stop (DESIGN.md): everything else waits for a person, but for steps that a vet has approved ahead.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import logging
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction

from rehab.guidance.advancing import advance
from rehab.guidance.engine import weigh
from rehab.guidance.engine.values import Approver, Decision, Fired, NextStep, Response, Weighed
from rehab.guidance.models import Evaluation, Suggestion
from rehab.guidance.numbers import plain
from rehab.guidance.queries.evidence import evidence_of
from rehab.guidance.queries.thresholds import thresholds_of
from rehab.guidance.recurring import open_episodes
from rehab.guidance.restraining import restrain
from rehab.patients.models import Patient
from rehab.programs.models import Prescription, Program

logger = logging.getLogger(__name__)

Outcome, Withdrawn = Suggestion.Outcome, Suggestion.Withdrawn
# A dog whose record cannot be read: a person must look, and nothing grows.
UNREADABLE: Final = Response(decision=Decision.HOLD, items=(), broken=("record",))
# What may change while it is still the same suggestion.
FRESHENED: Final = ("fired", "unmet", "missing", "broken", "numbers", "approver", "plan_version", "evaluated_at")


def evaluate(patients: Sequence[Patient], *, at: dt.datetime) -> dict[UUID, Response]:
    """Weigh the dogs and keep the answers; a fixed number of statements for any number of dogs.

    Only what goes by itself costs more; a dog whose plan has grown so is weighed again.
    """
    responses = _weigh(patients, at=at)
    moved = advance([pk for pk, response in responses.items() if _has_leave(response)], at=at)
    if moved:
        responses |= _weigh([patient for patient in patients if patient.pk in moved], at=at)
    return responses


def _has_leave(response: Response) -> bool:
    return any(item.decision == Decision.PROGRESS and item.approver == Approver.ALONE for item in response.items)


def _weigh(patients: Sequence[Patient], *, at: dt.datetime) -> dict[UUID, Response]:
    thresholds = thresholds_of({patient.clinic_id for patient in patients})
    dogs = evidence_of(patients, at=at, thresholds=thresholds)
    responses = {patient.pk: weigh(dogs[patient.pk]) if patient.pk in dogs else UNREADABLE for patient in patients}
    for pk, response in responses.items():
        if response.could_not_be_evaluated:
            # Ids of rules and of the dog's row only: a log is no place for what they stood on.
            logger.error("dog %s could not be evaluated: %s", pk, ", ".join(_broken(response)))
    with transaction.atomic():
        open_episodes(restrain(patients, dogs, responses, at=at), at=at)
        _keep_evaluations(patients, responses, at=at)
        _keep_suggestions(patients, responses, at=at)
    return responses


def _broken(response: Response) -> list[str]:
    return sorted({*response.broken, *(rule for item in response.items for rule in item.broken)})


def _keep_evaluations(patients: Sequence[Patient], responses: Mapping[UUID, Response], *, at: dt.datetime) -> None:
    rows = []
    for patient in patients:
        response = responses[patient.pk]
        rows.append(
            Evaluation(
                patient=patient,
                clinic_id=patient.clinic_id,
                evaluated_at=at,
                verdict=response.decision.value,
                fired=_fired(response.fired),
                detected=[{"flag": one.flag, "numbers": plain(one.numbers)} for one in response.detected],
                questions=_fired(response.questions),
                actions=list(response.actions),
                missing=list(response.missing),
                broken=_broken(response),
                baseline=response.baseline,
            )
        )
    Evaluation.objects.bulk_create(rows, update_conflicts=True, unique_fields=["patient"], update_fields=_EVALUATED)


_EVALUATED: Final = [field.name for field in Evaluation._meta.concrete_fields if not field.primary_key]


def _keep_suggestions(patients: Sequence[Patient], responses: Mapping[UUID, Response], *, at: dt.datetime) -> None:
    ids = [patient.pk for patient in patients]
    before = {
        one.prescription_id: one
        for one in Suggestion.objects.open().filter(patient__in=ids).select_for_update().order_by("pk")
    }
    wanted = {UUID(item.key): item for response in responses.values() for item in response.items}
    prescriptions = Prescription.objects.select_related("program").in_bulk(wanted)
    gone = [one for pk, one in before.items() if pk not in wanted or one.digest != digest(wanted[pk])]
    _withdraw(gone, at=at)
    fresh, kept = [], []
    for pk, item in wanted.items():
        made = _suggestion(item, prescriptions[pk], at=at)
        old = before.get(pk)
        if old is None or old.digest != made.digest:
            fresh.append(made)
            continue
        for name in FRESHENED:
            setattr(old, name, getattr(made, name))
        kept.append(old)
    # Another worker may have been at the same dog: then its suggestion stands, which says the same.
    Suggestion.objects.bulk_create(fresh, ignore_conflicts=True)
    Suggestion.objects.bulk_update(kept, FRESHENED, batch_size=200)


def _suggestion(item: Weighed, prescription: Prescription, *, at: dt.datetime) -> Suggestion:
    return Suggestion(
        clinic_id=prescription.clinic_id,
        patient_id=prescription.patient_id,
        program_id=prescription.program_id,
        prescription=prescription,
        exercise_id=prescription.exercise_id,
        verdict=item.decision.value,
        fired=_fired(item.fired),
        unmet=list(item.unmet),
        missing=list(item.missing),
        broken=list(item.broken),
        numbers=plain(item.numbers),
        step=step_json(item.step),
        approver=item.approver.value,
        digest=digest(item),
        plan_version=prescription.program.plan_version,
        made_at=at,
        evaluated_at=at,
    )


def digest(item: Weighed) -> str:
    """What makes it the same suggestion: the decision, the rules that it follows, and the step."""
    said = [item.decision.value, item.rules, step_json(item.step), item.unmet if not item.fired else []]
    return hashlib.sha256(json.dumps(said, sort_keys=True, cls=DjangoJSONEncoder).encode()).hexdigest()


def step_json(step: NextStep | None) -> dict[str, Any]:
    """The step as it is stored; empty where nothing changes."""
    if step is None:
        return {}
    return {
        "slug": step.slug,
        "dose": step.dose.to_json(),
        "variable": step.variable,
        "before": step.before,
        "after": step.after,
        "percent": step.percent,
        "is_swap": step.is_swap,
        "re_enter": step.re_enter,
        **({"is_below": True} if step.is_below else {}),
    }


def _fired(fired: Collection[Fired]) -> list[dict[str, Any]]:
    return [{"rule": one.rule, "decision": one.decision.value, "numbers": plain(one.numbers)} for one in fired]


def _withdraw(gone: Sequence[Suggestion], *, at: dt.datetime) -> None:
    """Close what no longer holds, one statement per reason."""
    if not gone:
        return
    for reason, ids in _reasons(gone).items():
        Suggestion.objects.open().filter(pk__in=ids).update(
            outcome=Outcome.WITHDRAWN, withdrawn_because=reason, closed_at=at
        )


def _reasons(gone: Sequence[Suggestion]) -> dict[str, list[UUID]]:
    prescriptions = Prescription.objects.in_bulk([one.prescription_id for one in gone])
    programs = Program.objects.in_bulk({one.program_id for one in gone})
    found: dict[str, list[UUID]] = {}
    for one in gone:
        reason = _reason(prescriptions[one.prescription_id], programs[one.program_id])
        found.setdefault(reason, []).append(one.pk)
    return found


def _reason(prescription: Prescription, program: Program) -> Suggestion.Withdrawn:
    if program.ended_at is not None:
        return Withdrawn.ENDED
    if program.paused_by_id is not None:
        return Withdrawn.PAUSED
    return Withdrawn.OTHER_ANSWER if prescription.ended_by_id is None else Withdrawn.PLAN_CHANGED
