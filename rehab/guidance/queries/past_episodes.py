"""The bouts of back pain of one dog, the newest with those before it beside it; one statement."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import OuterRef, Subquery
from django.db.models.functions import JSONObject
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _

from rehab.guidance import wording
from rehab.patients import measure_wording
from rehab.patients.models import ProblemDefinition
from rehab.programs.maintenance import FUNCTION, PAIN
from rehab.programs.models import Episode, Program


@dataclass(frozen=True, kw_only=True)
class PastEpisode:
    """One bout that is over: its days, what a vet had signed then, how the dog was at discharge, and its last program."""

    number: int
    began_on: dt.date
    ended_on: dt.date
    problem: str
    axes: str
    discharged_on: dt.date | None
    outcome: list[str]
    program: UUID | None


@dataclass(frozen=True, kw_only=True)
class TakenBack:
    """A bout that a vet found to be none."""

    at: dt.datetime
    because: str


@dataclass(frozen=True, kw_only=True)
class Episodes:
    """The newest bout in one sentence, those before it, the newest first, and what was taken back of late."""

    title: str
    is_unanswered: bool
    past: list[PastEpisode]
    taken_back: TakenBack | None


def episodes_of(patient_id: UUID, definition: ProblemDefinition | None) -> Episodes | None:
    """Nothing where the dog is in its first bout; ``definition`` is the newest signed one."""
    rows = list(_rows(patient_id))
    standing = [one for one in rows if one.withdrawn_at is None]
    gone = next((one for one in rows if one.withdrawn_at is not None), None)
    newest = standing[0] if standing else None
    if newest is None or (len(standing) == 1 and gone is None):
        return None
    signed_at = None if definition is None else definition.signed_at
    is_recurrence = newest.because == Episode.Because.RECURRENCE
    return Episodes(
        title=title_of(newest),
        is_unanswered=is_recurrence and (signed_at is None or signed_at < newest.opened_at),
        past=[_past(one, ended_on=after.opened_on) for one, after in zip(standing[1:], standing, strict=False)],
        # Only while nothing newer has happened: it explains what stands.
        taken_back=TakenBack(at=gone.withdrawn_at, because=gone.withdrawn_because)
        if gone is not None and gone.opened_at > newest.opened_at
        else None,
    )


def title_of(episode: Episode) -> str:
    """“Episode 2, since 3 May 2026: the pain came back after 40 good days”."""
    known = {"number": episode.number, "day": date_format(episode.opened_on), "days": episode.numbers.get("good_days")}
    if episode.because != Episode.Because.RECURRENCE:
        return _("Episode %(number)s, since %(day)s") % known
    return _("Episode %(number)s, since %(day)s: the pain came back after %(days)s good days") % known


def _rows(patient_id: UUID) -> Any:
    """The episodes, newest first, each with what was signed and prescribed last before the next one opened."""
    after = Episode.objects.standing().filter(patient=OuterRef("patient"), opened_at__gt=OuterRef("opened_at"))
    signed = ProblemDefinition.objects.signed().filter(patient=OuterRef("patient"), signed_at__lt=OuterRef("until"))
    programs = Program.objects.filter(patient=OuterRef("patient"), created_at__lt=OuterRef("until"))
    return (
        Episode.objects.filter(patient=patient_id)
        .annotate(until=Subquery(after.order_by("opened_at").values("opened_at")[:1]))
        .annotate(
            said=Subquery(
                signed.newest_first().values(
                    said=JSONObject(origin="origin", mechanism="mechanism", cause="cause", neuro_grade="neuro_grade")
                )[:1]
            ),
            last_program=Subquery(programs.order_by("-created_at", "-pk").values("pk")[:1]),
        )
        .order_by("-opened_at", "-pk")
    )


def _past(one: Any, *, ended_on: dt.date) -> PastEpisode:
    said: Mapping[str, Any] | None = one.said
    problem, axes = ("", "")
    if said:
        problem, axes = wording.problem(said["cause"], said["neuro_grade"], said["origin"], said["mechanism"])
    return PastEpisode(
        number=one.number,
        began_on=one.opened_on,
        ended_on=ended_on,
        problem=problem,
        axes=axes,
        discharged_on=one.discharged_on,
        outcome=[_measure(metric, one.measures[metric]) for metric in (PAIN, *FUNCTION) if metric in one.measures],
        program=one.last_program,
    )


def _measure(metric: str, value: Any) -> str:
    if metric == PAIN:
        return _("pain %(score)s of 10 before exercise") % {"score": number_format(f"{float(value):g}")}
    return f"{measure_wording.label(metric)}: {measure_wording.value_text(metric, value)}"
