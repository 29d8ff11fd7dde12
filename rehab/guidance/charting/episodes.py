"""The dog's episodes beside each other: how each began, how the dog was at discharge, and the looks after it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from rehab.guidance import wording as guidance_wording
from rehab.guidance.charting import wording
from rehab.guidance.charting.reading import Frame, Told
from rehab.guidance.charting.strips import episode_ends
from rehab.patients import measure_wording
from rehab.patients.measures import MEASURES
from rehab.patients.models import Patient, ProblemDefinition
from rehab.programs.maintenance import PAIN
from rehab.programs.models import Checkpoint


@dataclass(frozen=True, kw_only=True)
class Look:
    """One checkpoint: when, and what came out."""

    month: int
    day: str
    state: str
    label: str


@dataclass(frozen=True, kw_only=True)
class EpisodeColumn:
    """One episode; the newest comes first, the one before it beside it."""

    number: int
    because: str
    opened: str
    discharged: str
    reopened: str
    days: str
    problem: str
    intake: str
    measures: list[str]
    looks: list[Look]


def episode_columns(patient: Patient, frame: Frame, told: Told, *, today: dt.date) -> list[EpisodeColumn]:
    """Every episode, the newest first."""
    columns = []
    for one, end in zip(frame.episodes, episode_ends(frame.episodes), strict=True):
        definition = _definition_at(patient, frame.definitions, one.opened_on, end)
        last = one.discharged_on or end or today
        days = (last - one.opened_on).days
        columns.append(
            EpisodeColumn(
                number=one.number,
                because=str(one.get_because_display()),
                opened=wording.long_day(one.opened_on),
                discharged=wording.long_day(one.discharged_on) if one.discharged_on else "",
                reopened=wording.long_day(patient.today(one.reopened_at)) if one.reopened_at else "",
                days=ngettext("%(n)d day", "%(n)d days", days) % {"n": days},
                problem=_problem(definition),
                intake="" if definition is None else f"{definition.pain_at_rest}",
                measures=measures_in_words(one.measures),
                looks=[_look(look) for look in told.checkpoints if look.episode_id == one.pk],
            )
        )
    return columns[::-1]


def _definition_at(
    patient: Patient, definitions: Sequence[ProblemDefinition], first: dt.date, end: dt.date | None
) -> ProblemDefinition | None:
    """The definition under which an episode began: the last one signed by its first day, else the first one in it."""
    signed = [(patient.today(one.signed_at), one) for one in definitions if one.signed_at]
    before = [one for day, one in signed if day <= first]
    within = [one for day, one in signed if day > first and (end is None or day < end)]
    return before[-1] if before else within[0] if within else None


def _problem(definition: ProblemDefinition | None) -> str:
    if definition is None:
        return ""
    return "; ".join(
        guidance_wording.problem(definition.cause, definition.neuro_grade, definition.origin, definition.mechanism)
    )


def measures_in_words(measures: Mapping[str, object]) -> list[str]:
    """The numbers of a discharge, each with its name: pain, then in the order of the measures."""
    known = {
        metric: value
        for metric, value in measures.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }
    pain = known.get(PAIN)
    found = [] if pain is None else [_("Pain before exercise: %(n)s of 10") % {"n": wording.figure(pain)}]
    return found + [
        f"{measure_wording.label(metric)}: {measure_wording.value_text(metric, known[metric])}"
        for metric in MEASURES
        if metric in known
    ]


def _look(one: Checkpoint) -> Look:
    return Look(month=one.month, day=wording.long_day(one.due_on), state=one.state, label=str(one.get_state_display()))
