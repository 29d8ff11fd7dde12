"""Teach-back: the staff show an exercise, the family shows it back; only then does it count toward progression.

It belongs to the exercise, not to its wording: what was shown of one version stands for the next.
Source: 03_decision.yaml, owner_teach_back_passed; 06_progression.yaml, H4.
"""

import datetime as dt
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User, record
from rehab.library.models import Exercise
from rehab.patients.models import Patient
from rehab.programs.actions.refusals import refuse
from rehab.programs.gate import Objection
from rehab.programs.models import Prescription, Program, TeachBack

UNTAUGHT: Final = "X_UNTAUGHT"
SHOWN, SHOWN_BACK = TeachBack.Kind.SHOWN, TeachBack.Kind.SHOWN_BACK


def needs_teaching(exercise: Exercise) -> bool:
    """Whether the family does it with a dog that works itself; care and what the clinic does need no teach-back."""
    return exercise.is_active and not exercise.clinic_only


def teach_objections(exercise: Exercise, program: Program) -> list[Objection]:
    """Why the item does not count toward progression yet: nobody has seen the family do it."""
    if not needs_teaching(exercise):
        return []
    shown_back = TeachBack.objects.standing().filter(
        patient=program.patient_id, exercise__slug=exercise.slug, kind=SHOWN_BACK
    )
    if shown_back.exists():
        return []
    return [
        Objection(
            rule="H4",
            text=_("The family has not shown it back yet (technique first)."),
            vet_may=True,
            about=exercise.name,
        )
    ]


@transaction.atomic
def mark_shown(*, program: Program, exercise: Exercise, day: dt.date, by: User, at: dt.datetime) -> TeachBack:
    """The staff have shown the family how to do it; said twice it stays as it was.

    Raises:
        NotAllowed: a day to come, or one before the program was written.
    """
    _check_day(program, day, at=at)
    patient = _locked(program)
    standing = _standing(patient, exercise, SHOWN)
    return standing or _write(SHOWN, patient, exercise, day=day, by=by, at=at)


@transaction.atomic
def mark_shown_back(*, program: Program, exercise: Exercise, day: dt.date, by: User, at: dt.datetime) -> TeachBack:
    """The family has done it before the staff's eyes; said twice it stays as it was.

    Raises:
        NotAllowed: nobody has shown it to them by that day; a day to come, or one before the program was written.
    """
    _check_day(program, day, at=at)
    patient = _locked(program)
    shown = _standing(patient, exercise, SHOWN)
    if shown is None or shown.day > day:
        raise refuse("TEACH_BACK", _("First show it to the family; then they show it back."))
    standing = _standing(patient, exercise, SHOWN_BACK)
    return standing or _write(SHOWN_BACK, patient, exercise, day=day, by=by, at=at)


@transaction.atomic
def mark_all_shown(*, program: Program, day: dt.date, by: User, at: dt.datetime) -> list[Exercise]:
    """Everything active of the program was shown on one visit; answers what was new to the family.

    Raises:
        NotAllowed: a day to come, or one before the program was written.
    """
    _check_day(program, day, at=at)
    patient = _locked(program)
    known = set(
        TeachBack.objects.standing().filter(patient=patient, kind=SHOWN).values_list("exercise__slug", flat=True)
    )
    current = Prescription.objects.filter(program=program).current().select_related("exercise")
    new = {
        one.exercise.slug: one.exercise
        for one in current.order_by("position", "pk")
        if needs_teaching(one.exercise) and one.exercise.slug not in known
    }
    for exercise in new.values():
        _write(SHOWN, patient, exercise, day=day, by=by, at=at)
    return list(new.values())


@transaction.atomic
def withdraw(*, teach_back: TeachBack, by: User, at: dt.datetime) -> None:
    """Take it back; who was not shown an exercise cannot have shown it back, so that one goes with it.

    Withdrawn twice it stays as it was.
    """
    Patient.objects.select_for_update(no_key=True).get(pk=teach_back.patient_id)
    gone = TeachBack.objects.standing().filter(patient=teach_back.patient_id, exercise__slug=teach_back.exercise.slug)
    if teach_back.kind == SHOWN_BACK:
        gone = gone.filter(kind=SHOWN_BACK)
    elif not gone.filter(pk=teach_back.pk).exists():
        return
    for one in gone.order_by("pk"):
        TeachBack.objects.filter(pk=one.pk).update(withdrawn_by=by, withdrawn_at=at)
        record("teach_back.withdrawn", subject=one, by=by, at=at, clinic_id=one.clinic_id, kind_of=str(one.kind))


def _check_day(program: Program, day: dt.date, *, at: dt.datetime) -> None:
    patient = program.patient
    first = min(patient.today(program.created_at), program.starts_on)
    if not first <= day <= patient.today(at):
        raise refuse("DAY", _("Choose a day from the writing of the program until today."))


def _locked(program: Program) -> Patient:
    # Two members of the staff may tap at once; the second then finds what the first wrote.
    patient: Patient = Patient.objects.select_for_update(no_key=True).get(pk=program.patient_id)
    return patient


def _standing(patient: Patient, exercise: Exercise, kind: TeachBack.Kind) -> TeachBack | None:
    standing: TeachBack | None = (
        TeachBack.objects.standing().filter(patient=patient, exercise__slug=exercise.slug, kind=kind).first()
    )
    return standing


def _write(
    kind: TeachBack.Kind, patient: Patient, exercise: Exercise, *, day: dt.date, by: User, at: dt.datetime
) -> TeachBack:
    taught = TeachBack.objects.create(
        clinic_id=patient.clinic_id,
        patient=patient,
        exercise=exercise,
        kind=kind,
        day=day,
        recorded_by=by,
        recorded_at=at,
    )
    record(
        f"teach_back.{kind}",
        subject=taught,
        by=by,
        at=at,
        clinic_id=patient.clinic_id,
        exercise=exercise.slug,
        day=day.isoformat(),
    )
    return taught
