"""Entering the results of licensed outcome forms. A correction withdraws a score and writes another; nothing is changed."""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db import transaction

from accounts.models import User, record
from rehab.library.instruments import TOTAL, Number, ScoreForm
from rehab.patients.models import OutcomeScore, Patient
from rehab.patients.models.measures import OutcomeScoreQuerySet
from rehab.patients.signing_rules import OLDEST_DOG_DAYS

VERSION_LENGTH: Final = 60
SOURCE_LENGTH: Final = 255
# What the table can keep of a number for which no range is known.
FURTHEST: Final = Decimal(10_000)


class NotAScore(Exception):
    """A number, day or text that cannot be; the form tells what to enter."""


class ScoreHasChanged(Exception):
    """Somebody has withdrawn the score, or put it back, meanwhile."""


def accepts(number: Number, value: Decimal) -> bool:
    """Whether the value lies in the published range, if one is known, and is no finer than the form's numbers."""
    low = -FURTHEST if number.low is None else number.low
    high = FURTHEST if number.high is None else number.high
    return low <= value <= high and value == round(value, number.decimals)


@transaction.atomic
def record_score(
    *,
    patient: Patient,
    form: ScoreForm,
    values: Mapping[str, Decimal],
    version: str = "",
    day: dt.date,
    source: str = "",
    by: User,
    at: dt.datetime,
    instead_of: UUID | None = None,
) -> OutcomeScore:
    """Keep the numbers of one filled-in form, and withdraw the score that they correct; one audit event.

    The same numbers of the same day once more are the score that is there already: a form that was sent twice is one.
    A form without a total keeps its first part in that column, so that no column is empty; it is never shown as one.

    Raises:
        NotAScore: a number is missing, unknown or out of its range, the day is to come or before the birth, or a text is
            too long.
        ScoreHasChanged: what is to be corrected was withdrawn meanwhile.
    """
    _wait_for_others(patient)
    needed = _needed(form)
    known = {one.code: one for one in form.numbers}
    if not needed <= values.keys() <= known.keys():
        raise NotAScore(sorted(values))
    if not all(accepts(known[code], value) for code, value in values.items()):
        raise NotAScore(sorted(values))
    if len(version) > VERSION_LENGTH or len(source) > SOURCE_LENGTH:
        raise NotAScore
    if not earliest_day(patient, at=at) <= day <= patient.today(at):
        raise NotAScore(day)
    old = _locked(patient, instead_of, standing=True) if instead_of else None
    row = OutcomeScore(
        clinic_id=patient.clinic_id,
        patient=patient,
        instrument=form.instrument.id,
        version=form.form or version,
        day=day,
        total=values[TOTAL] if form.has_total else values[form.numbers[0].code],
        subscores={code: _json(values[code]) for code in known if code in values and code != TOTAL},
        source=source,
        recorded_by=by,
        recorded_at=at,
    )
    same = _same(row)
    if same is not None and (old is None or same.pk == old.pk):
        return same
    if old is not None:
        _withdraw(old, by=by, at=at)
    row.save(force_insert=True)
    _note("patient.score_corrected" if old else "patient.score_recorded", row, by=by, at=at)
    return row


@transaction.atomic
def withdraw_score(*, patient: Patient, pk: UUID, by: User, at: dt.datetime) -> OutcomeScore:
    """Take a score out of every list and trend; it stays to be read, and can be put back.

    Raises:
        OutcomeScore.DoesNotExist: no such score of a licensed form of this dog.
        ScoreHasChanged: it is withdrawn already.
    """
    row = _locked(patient, pk, standing=True)
    _withdraw(row, by=by, at=at)
    _note("patient.score_withdrawn", row, by=by, at=at)
    return row


@transaction.atomic
def restore_score(*, patient: Patient, pk: UUID, by: User, at: dt.datetime) -> OutcomeScore:
    """Put a withdrawn score back, and take out the one that had corrected it: the audit keeps who did what.

    Raises:
        OutcomeScore.DoesNotExist, ScoreHasChanged: as for ``withdraw_score``.
    """
    _wait_for_others(patient)
    row = _locked(patient, pk, standing=False)
    # A correction is written in the moment in which the row before it is withdrawn; it may have been corrected, too.
    alike = {one.recorded_at: one for one in _scores(patient).filter(instrument=row.instrument).exclude(pk=row.pk)}
    later = alike.pop(row.withdrawn_at, None)
    while later is not None:
        if later.withdrawn_at is None:
            _withdraw(later, by=by, at=at)
            break
        later = alike.pop(later.withdrawn_at, None)
    row.withdrawn_by, row.withdrawn_at = None, None
    row.save(update_fields=["withdrawn_by", "withdrawn_at"])
    _note("patient.score_restored", row, by=by, at=at)
    return row


def earliest_day(patient: Patient, *, at: dt.datetime) -> dt.date:
    """The first day of which a score can be: the birth, or what a dog can be old."""
    return patient.born_on or patient.today(at) - dt.timedelta(days=OLDEST_DOG_DAYS)


def _needed(form: ScoreForm) -> set[str]:
    """A total where the form has one, with its parts where somebody has them; otherwise each part."""
    return {TOTAL} if form.has_total else {one.code for one in form.numbers}


def _scores(patient: Patient) -> OutcomeScoreQuerySet:
    """What staff enter: the family's own answers are the family's."""
    found: OutcomeScoreQuerySet = OutcomeScore.objects.filter(patient=patient).exclude(instrument=OutcomeScore.CSOM)
    return found


def _wait_for_others(patient: Patient) -> None:
    """Of two people at once, or of one button pressed twice, the second finds what the first has written."""
    list(Patient.objects.select_for_update(no_key=True).filter(pk=patient.pk).values_list("pk"))


def _locked(patient: Patient, pk: UUID, *, standing: bool) -> OutcomeScore:
    row: OutcomeScore = _scores(patient).select_for_update().get(pk=pk)
    if (row.withdrawn_at is None) is not standing:
        raise ScoreHasChanged
    return row


def _same(row: OutcomeScore) -> OutcomeScore | None:
    alike = OutcomeScore.objects.standing().filter(
        patient=row.patient, instrument=row.instrument, version=row.version, day=row.day, total=row.total
    )
    return next((one for one in alike if (one.subscores, one.source) == (row.subscores, row.source)), None)


def _withdraw(row: OutcomeScore, *, by: User, at: dt.datetime) -> None:
    row.withdrawn_by, row.withdrawn_at = by, at
    row.save(update_fields=["withdrawn_by", "withdrawn_at"])


def _note(kind: str, row: OutcomeScore, *, by: User, at: dt.datetime) -> None:
    record(
        kind,
        subject=row,
        by=by,
        at=at,
        clinic_id=row.clinic_id,
        patient=str(row.patient_id),
        instrument=row.instrument,
        day=row.day.isoformat(),
    )


def _json(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)
