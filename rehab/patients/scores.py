"""What outcome instruments said about a dog: reads for its pages."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db.models import F, Window
from django.db.models.functions import RowNumber
from django.utils.translation import gettext_lazy

from rehab.library.instruments import TOTAL, ScoreForm, instruments, score_forms
from rehab.patients import csom
from rehab.patients import score_wording as wording
from rehab.patients.models import OutcomeScore, Patient, ProblemDefinition

NEWEST_FIRST: Final = ("-day", "-recorded_at", "-pk")
OWN_ACTIVITIES: Final = gettext_lazy("Activities of the dog’s own life")


def csom_course(patient: Patient) -> csom.Course | None:
    """How hard the activities of the dog, already loaded for its reader, were over time; two statements."""
    # A version that names none leaves the earlier ones as they were.
    signed = ProblemDefinition.objects.filter(patient=patient.pk).signed().exclude(activities=[]).newest_first()
    definitions = [
        (pk, patient.today(at), activities)
        for pk, at, activities in signed.values_list("pk", "signed_at", "activities")
    ]
    answers = (
        OutcomeScore.objects.filter(patient=patient.pk, instrument=OutcomeScore.CSOM)
        .standing()
        .select_related("recorded_by")
        .order_by("day", "recorded_at", "pk")
    )
    return csom.course(definitions, [scored(one) for one in answers])


def scored(row: OutcomeScore) -> csom.Scored:
    """One answer of the family."""
    return csom.Scored(day=row.day, scores=row.subscores, by=row.recorded_by.get_full_name())


def key_of(row: OutcomeScore) -> str:
    """Which form the row is of, as ``score_forms`` names it; a form that has gone keeps its instrument's id."""
    found = [one.key for one in score_forms().values() if one.instrument.id == row.instrument]
    lengths = [
        one.key for one in score_forms().values() if (one.instrument.id, one.form) == (row.instrument, row.version)
    ]
    return (lengths or found or [row.instrument])[0]


def numbers_of(row: OutcomeScore) -> dict[str, Decimal]:
    """The numbers of a score by code, in the order of its form; without a total where the form has none."""
    found = {code: Decimal(str(value)) for code, value in row.subscores.items()}
    form = score_forms().get(key_of(row))
    if form is None:
        return {TOTAL: row.total, **found}
    every = {TOTAL: row.total, **found}
    return {one.code: every[one.code] for one in form.numbers if one.code in every}


@dataclass(frozen=True, kw_only=True)
class Shown:
    """One score of a list: its numbers in words, and how they changed since the first one of the same form."""

    row: OutcomeScore
    name: str
    numbers: str
    change: str = ""


@dataclass(frozen=True, kw_only=True)
class Trend:
    """The scores of one form, newest first, with what has been published about a change and whether it was reached."""

    key: str
    form: ScoreForm | None
    name: str
    published: str
    reached: str
    scores: list[Shown]


@dataclass(frozen=True, kw_only=True)
class Scores:
    """All that the page of scores shows: trends, and what was withdrawn."""

    trends: list[Trend]
    withdrawn: list[Shown]


def scores_of(patient_id: UUID) -> Scores:
    """Every score of a licensed form of a dog that was already loaded for its reader; one statement."""
    rows = list(
        OutcomeScore.objects.filter(patient=patient_id)
        .exclude(instrument=OutcomeScore.CSOM)
        .select_related("recorded_by", "withdrawn_by")
        .order_by(*NEWEST_FIRST)
    )
    by_key: dict[str, list[OutcomeScore]] = {}
    for row in rows:
        if row.withdrawn_at is None:
            by_key.setdefault(key_of(row), []).append(row)
    order = [*score_forms(), *sorted(by_key.keys() - score_forms().keys())]
    return Scores(
        trends=[_trend(key, by_key[key]) for key in order if key in by_key],
        withdrawn=[
            Shown(row=row, name=_name(row), numbers=wording.numbers(numbers_of(row), _form(row)))
            for row in sorted(
                (row for row in rows if row.withdrawn_at is not None), key=lambda row: row.withdrawn_at, reverse=True
            )
        ],
    )


def _form(row: OutcomeScore) -> ScoreForm | None:
    return score_forms().get(key_of(row))


def _name(row: OutcomeScore) -> str:
    if row.instrument == OutcomeScore.CSOM:
        return str(OWN_ACTIVITIES)
    form, instrument = _form(row), instruments().get(row.instrument)
    return wording.form_name(form) if form else (instrument.name if instrument else row.instrument)


def _trend(key: str, rows: list[OutcomeScore]) -> Trend:
    form = score_forms().get(key)
    first, last = rows[-1], rows[0]
    changes = {row.pk: wording.change(numbers_of(first), numbers_of(row), form) for row in rows[:-1]}
    return Trend(
        key=key,
        form=form,
        name=_name(first),
        published=wording.published(instruments().get(first.instrument)),
        reached=wording.reached(numbers_of(first), numbers_of(last), form) if len(rows) > 1 and form else "",
        scores=[
            Shown(
                row=row,
                name=_name(row),
                numbers=wording.numbers(numbers_of(row), form),
                change=changes.get(row.pk, ""),
            )
            for row in rows
        ],
    )


@dataclass(frozen=True, kw_only=True)
class Latest:
    """The newest score of one instrument, in one line."""

    name: str
    numbers: str
    row: OutcomeScore


def latest_scores(patient_id: UUID) -> list[Latest]:
    """The newest standing score of each form, and of the family's own activities; one statement."""
    rows: Iterable[OutcomeScore] = (
        OutcomeScore.objects.filter(patient=patient_id)
        .standing()
        .annotate(
            place=Window(
                RowNumber(), partition_by=[F("instrument"), F("version")], order_by=["-day", "-recorded_at", "-pk"]
            )
        )
        .filter(place=1)
        .order_by(*NEWEST_FIRST)
    )
    found: dict[str, Latest] = {}
    for row in rows:
        # Of two editions of one form the newer result says how the dog is.
        found.setdefault(key_of(row), _latest(row))
    return list(found.values())


def _latest(row: OutcomeScore) -> Latest:
    if row.instrument == OutcomeScore.CSOM:
        most = csom.HIGHEST * len(row.subscores)
        return Latest(name=_name(row), numbers=wording.of_most(row.total, most), row=row)
    return Latest(name=_name(row), numbers=wording.numbers(numbers_of(row), _form(row)), row=row)
