"""A dog has died: everything stops at once, nobody is asked or told anything more, and the whole record stays.

Whoever lives with the dog or treats it may say so, and may take it back where it was a mistake. Nobody is ever said to
have answered what nobody answered: alerts end as no longer needed, and a stop stays one for a vet to release.
Reminders only read the day (``rehab.nudges``).
"""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.access import Right, Role, allowed
from accounts.models import AuditEvent, User, record
from rehab.guidance.actions import refresh_summaries
from rehab.guidance.alerting.acknowledging import end_alerts
from rehab.guidance.alerting.raising import raise_missed, reopen_alerts
from rehab.guidance.models import PatientSummary, Suggestion
from rehab.patients.models import Patient
from rehab.programs.actions import end_program
from rehab.programs.models import Checkpoint, Program


class FarewellRefusedError(Exception):
    """Nothing was written."""


class NotYoursToSayError(FarewellRefusedError):
    """The owner says so, or the clinic; nobody else."""


class NotThatDayError(FarewellRefusedError):
    """The day has not come yet where the dog lives, or lies before its birth."""


class SaidAlreadyError(FarewellRefusedError):
    """It was said before: ``died_on`` is the day that stands."""

    def __init__(self, died_on: dt.date) -> None:
        super().__init__()
        self.died_on = died_on


class NeverSaidError(FarewellRefusedError):
    """There is nothing to take back."""


@transaction.atomic
def say_farewell(*, patient: Patient, died_on: dt.date, by: User, roles: frozenset[Role], at: dt.datetime) -> Patient:
    """Keep the day on which the dog died, and end all that still asks somebody for something.

    What a phone still holds is taken as always; no alert is raised from it.

    Raises:
        NotYoursToSayError, NotThatDayError, SaidAlreadyError
    """
    dog = _locked(patient, roles)
    if dog.died_on is not None:
        raise SaidAlreadyError(dog.died_on)
    if died_on > dog.today(at) or (dog.born_on is not None and died_on < dog.born_on):
        raise NotThatDayError
    _end_program(dog, died_on=died_on, by=by, at=at)
    Suggestion.objects.open().filter(patient=dog).update(
        outcome=Suggestion.Outcome.WITHDRAWN, withdrawn_because=Suggestion.Withdrawn.ENDED, closed_at=at
    )
    end_alerts(patient=dog.pk, by=by, reason=_("The dog has died."), at=at)
    Checkpoint.objects.waiting().filter(patient=dog).update(state=Checkpoint.State.CANCELLED, weighed_at=at)
    PatientSummary.objects.filter(patient=dog).update(attention=0, reasons=[])
    dog.died_on = died_on
    dog.save(update_fields=["died_on"])
    record("farewell.said", subject=dog, by=by, at=at, clinic_id=dog.clinic_id, died_on=died_on.isoformat())
    return dog


def _end_program(dog: Patient, *, died_on: dt.date, by: User, at: dt.datetime) -> None:
    program = (
        Program.objects.open()
        .filter(patient=dog)
        .select_for_update(of=("self",), no_key=True)
        .select_related("patient")
        .first()
    )
    if program is not None:
        # Of the days since nothing was missed.
        on = max(died_on, program.starts_on)
        end_program(
            program=program, reason=_("The dog has died."), plan_version=program.plan_version, by=by, at=at, on=on
        )


@transaction.atomic
def take_back_farewell(*, patient: Patient, by: User, roles: frozenset[Role], at: dt.datetime) -> Patient:
    """It was a mistake: the dog lives, and what comes in is weighed again; what came in meanwhile is told now.

    Alerts that nobody had answered are open again, and checkpoints wait again. Nothing else starts by itself: the program
    stays ended, and a vet assigns anew.

    Raises:
        NotYoursToSayError, NeverSaidError
    """
    dog = _locked(patient, roles)
    if dog.died_on is None:
        raise NeverSaidError
    said, dog.died_on = dog.died_on, None
    dog.save(update_fields=["died_on"])
    record("farewell.taken_back", subject=dog, by=by, at=at, clinic_id=dog.clinic_id, died_on=said.isoformat())
    events = AuditEvent.objects.filter(kind="farewell.said", subject_id=dog.pk).order_by("-at", "-pk")
    said_at = events.values_list("at", flat=True).first() or at
    Checkpoint.objects.filter(patient=dog, state=Checkpoint.State.CANCELLED, weighed_at=said_at).update(
        state=Checkpoint.State.WAITING, weighed_at=None
    )
    reopen_alerts(
        patient=dog.pk, ended_at=said_at, by=by, reason=_("That the dog has died was recorded by mistake."), at=at
    )
    raise_missed(patient=dog.pk, since=said_at, at=at)
    refresh_summaries(at=at, patient_ids=[dog.pk])
    return dog


def _locked(patient: Patient, roles: frozenset[Role]) -> Patient:
    """The dog as it is now: of two people at once the second waits here, and finds what the first has said."""
    if not allowed(Right.SAY_FAREWELL, roles):
        raise NotYoursToSayError
    return Patient.objects.select_for_update(no_key=True).get(pk=patient.pk)
