"""Results of outcome instruments over time, with the change that is published as meaningful (08_instruments.yaml)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from django.utils.translation import gettext as _

from rehab.guidance.charting import wording
from rehab.library.instruments import instruments, score_forms
from rehab.patients import csom, score_wording
from rehab.patients.models import OutcomeScore, Patient, ProblemDefinition
from rehab.patients.scores import OWN_ACTIVITIES, key_of, numbers_of, scored

# Of the dog's own activities; the beginning, with which they are compared, is in the picture.
SHOWN: Final = 12


@dataclass(frozen=True, kw_only=True)
class ScoreLine:
    """One result; ``change`` is against the first one that is shown."""

    day: str
    numbers: str
    version: str
    change: str
    by: str


@dataclass(frozen=True, kw_only=True)
class Instrument:
    """The results of one form, the newest first; ``values`` by day are what the picture draws, up to ``most``."""

    name: str
    published: str
    reached: str
    lines: list[ScoreLine]
    values: Mapping[dt.date, float]
    most: float


def instruments_of(
    patient: Patient, definitions: Sequence[ProblemDefinition], scores: Sequence[OutcomeScore]
) -> list[Instrument]:
    """The dog's own activities, then each licensed form; of ``definitions`` and of each form the oldest comes first."""
    by_key: dict[str, list[OutcomeScore]] = {}
    for one in scores:
        if one.instrument != OutcomeScore.CSOM:
            by_key.setdefault(key_of(one), []).append(one)
    own = csom.course(
        [(one.pk, patient.today(one.signed_at), one.activities) for one in reversed(definitions) if one.signed_at],
        [scored(one) for one in scores if one.instrument == OutcomeScore.CSOM],
    )
    found = [] if own is None or not own.points else [_own(own)]
    return [*found, *(_licensed(key, ours) for key, ours in by_key.items())]


def _own(course: csom.Course) -> Instrument:
    """The activities of the dog's own life, 0 to 4 each: their sum is compared with the dog's own beginning only."""
    first, most, total = course.points[0], course.most, str(score_wording.TOTAL_LABEL)
    return Instrument(
        name=str(OWN_ACTIVITIES),
        published=score_wording.published(instruments().get(OutcomeScore.CSOM)),
        reached="",
        lines=[
            ScoreLine(
                day=wording.long_day(one.day),
                numbers=score_wording.of_most(Decimal(one.total), most),
                version="; ".join(f"{name}: {score}" for name, score in one.scores.items()),
                change=""
                if one is first
                else score_wording.change({total: Decimal(first.total)}, {total: Decimal(one.total)}, None),
                by=one.by or _("examination"),
            )
            for one in reversed(course.points[-SHOWN:])
        ],
        values={one.day: float(one.total) for one in course.points},
        most=float(most),
    )


def _licensed(key: str, ours: Sequence[OutcomeScore]) -> Instrument:
    form, instrument = score_forms().get(key), instruments().get(ours[0].instrument)
    first, last = numbers_of(ours[0]), numbers_of(ours[-1])
    drawn = {one.day: _drawn(one) for one in ours}
    highest = form.numbers[0].high if form is not None and form.numbers else None
    return Instrument(
        name=score_wording.form_name(form) if form else instrument.name if instrument else ours[0].instrument,
        published=score_wording.published(instrument),
        reached=score_wording.reached(first, last, form) if form is not None and len(ours) > 1 else "",
        lines=[
            ScoreLine(
                day=wording.long_day(one.day),
                numbers=score_wording.numbers(numbers_of(one), form),
                version=one.version,
                change="" if one is ours[0] else score_wording.change(first, numbers_of(one), form),
                by=one.recorded_by.get_full_name(),
            )
            for one in reversed(ours)
        ],
        values=drawn,
        most=float(highest) if highest is not None else max(drawn.values()),
    )


def _drawn(one: OutcomeScore) -> float:
    """The number of a form that its line shows: the total, else the first of its parts."""
    numbers: dict[str, Decimal] = numbers_of(one)
    return float(next(iter(numbers.values()), one.total))
