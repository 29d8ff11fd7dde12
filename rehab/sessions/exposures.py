"""What the family practised on the rungs of ladders, and where the dog stands on each."""

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.db.models import Exists, FilteredRelation, OuterRef, Q, QuerySet, Subquery

from accounts.models import Clinic, User
from rehab.lib.prepared import Prepared
from rehab.programs.ladders import THRESHOLDS, Judged, Own, Practice, RungVerdict, personal_baseline, standing
from rehab.programs.models import LadderStep
from rehab.sessions.models import Exposure, PainAnswer

# Pain scores by the session's day and the moment, the last answer of each.
Scores = Mapping[tuple[dt.date, str], int]
# As far back as practices and their mornings are looked at, where the rung has not begun later.
LOOK_BACK_DAYS: Final = 42


def practices_of(patient_id: UUID, step_ids: Collection[UUID], scores: Scores) -> dict[UUID, list[Practice]]:
    """The practices of each rung, each with the pain of its next morning; one query."""
    found: dict[UUID, list[Practice]] = {pk: [] for pk in step_ids}
    for exposure in Exposure.objects.filter(patient=patient_id, step__in=step_ids).order_by("done_at", "command"):
        found[exposure.step_id].append(
            Practice(
                day=exposure.day,
                at=exposure.done_at,
                done=exposure.done,
                pain_after=exposure.pain_after,
                stop_signs=tuple(exposure.stop_signs),
                next_morning=scores.get((exposure.day, PainAnswer.Moment.NEXT_MORNING.value)),
            )
        )
    return found


def standings(
    steps: Collection[LadderStep],
    *,
    patient_id: UUID,
    profile: str,
    scores: Scores,
    intake: int | None,
    today: dt.date,
    own: Own | None = None,
) -> dict[UUID, RungVerdict]:
    """Where the dog stands on each of these rungs today, by the clinic's own limits where it has set some.

    ``intake`` is its pain where too little is known of the week.
    """
    before = {day: score for (day, moment), score in scores.items() if moment == PainAnswer.Moment.BEFORE}
    baseline = personal_baseline(before, today=today, intake=intake)
    practices = practices_of(patient_id, [step.pk for step in steps], scores)
    return {
        step.pk: standing(
            practices[step.pk],
            profile=profile,
            rung=step.rung,
            started_on=step.starts_on,
            today=today,
            baseline=baseline,
            own=own,
        )
        for step in steps
    }


class Said(NamedTuple):
    """What the family said last about the practice of a day; ``by`` is the first name of who said it."""

    done: bool
    pain_after: int | None
    stop_signs: tuple[str, ...]
    done_at: dt.datetime
    by: str


@dataclass(frozen=True, kw_only=True)
class Rung:
    """One rung in use, as the family sees it on a day; ``rungs`` are the ladder's own, from the easiest up."""

    step: UUID
    activity: str
    ladder: str
    rungs: list[Mapping[str, Any]]
    starts_on: dt.date
    ends_on: dt.date | None
    verdict: RungVerdict
    said: Said | None

    def is_active_on(self, day: dt.date) -> bool:
        return self.ends_on is None or day < self.ends_on

    def was_practised_on(self, day: dt.date) -> bool:
        return any(one.practice.day == day and one.practice.done for one in self.verdict.practices)

    @property
    def today(self) -> Judged | None:
        """How the practice that the family told of went, as far as it is known."""
        if self.said is None:
            return None
        return next(one for one in self.verdict.practices if one.practice.at == self.said.done_at)

    @property
    def effective(self) -> Mapping[str, Any] | None:
        """What is practised now, in words and with its dose; ``None`` while even the first rung rests."""
        return next((one for one in self.rungs if one["n"] == self.verdict.effective_rung), None)


EXPOSURE: Final = (
    "said__pk",
    "said__day",
    "said__done",
    "said__pain_after",
    "said__stop_signs",
    "said__done_at",
    "said__recorded_by__name",
    "said__recorded_by__email",
)
STEP: Final = (
    "pk",
    "activity",
    "ladder__name",
    "ladder__rungs",
    "rung",
    "starts_on",
    "ends_on",
    "program__profile",
    "program__definition__pain_at_rest",
    *(f"own_{name}" for name in THRESHOLDS),
)


def _own(name: str) -> Subquery:
    """What the clinic has set last as one of its limits; empty where the content's holds.

    Asked through the relation: the app that keeps them lies above this one and cannot be imported.
    """
    changes = Clinic.objects.filter(
        pk=OuterRef("clinic"), threshold_changes__profile=OuterRef("program__profile"), threshold_changes__name=name
    ).order_by("-threshold_changes__changed_at", "-threshold_changes__pk")
    return Subquery(changes.values("threshold_changes__value")[:1])


def _rungs(patient: UUID, first: dt.date, day: dt.date) -> QuerySet[Any, Any]:
    # Whatever was said about the day stays on it, also when the rung had ended before.
    answered = Exists(Exposure.objects.filter(step=OuterRef("pk"), day=day))
    in_use = Q(ends_on=None) | Q(ends_on__gte=day) | Q(answered)
    found: QuerySet[Any, Any] = (
        LadderStep.objects.filter(in_use, patient=patient, starts_on__lte=day)
        .annotate(
            said=FilteredRelation("exposures", condition=Q(exposures__day__gte=first, exposures__day__lte=day)),
            **{f"own_{name}": _own(name) for name in THRESHOLDS},
        )
        .order_by("starts_on", "pk", "said__done_at", "said__pk")
        .values_list(*STEP, *EXPOSURE)
    )
    return found


# Stand-ins for the compiler; no row has them.
RUNGS: Final = Prepared(
    _rungs,
    patient=UUID("00000000-0000-7000-8000-000000000003"),
    first=dt.date(1903, 4, 5),
    day=dt.date(1904, 5, 6),
)


def rungs(patient_id: UUID, day: dt.date, scores: Scores) -> list[Rung]:
    """The rungs in use on the day, with those that ended on it, and where the dog stands on each; one query."""
    first = day - dt.timedelta(days=LOOK_BACK_DAYS)
    by_step: dict[UUID, list[list[Any]]] = {}
    for row in RUNGS.rows(patient=patient_id, first=first, day=day):
        by_step.setdefault(row[0], []).append(row)
    before = {on: score for (on, moment), score in scores.items() if moment == PainAnswer.Moment.BEFORE}
    return [_rung(rows, day, before, scores) for rows in by_step.values()]


def _rung(rows: list[list[Any]], day: dt.date, before: Mapping[dt.date, int], scores: Scores) -> Rung:
    step, activity, ladder, steps, number, starts_on, ends_on, profile, intake, *limits = rows[0][: len(STEP)]
    own = {name: value for name, value in zip(THRESHOLDS, limits, strict=True) if value is not None}
    practices: list[Practice] = []
    said: Said | None = None
    for row in rows:
        command, on, done, pain_after, stop_signs, done_at, name, email = row[len(STEP) :]
        if command is None:
            continue
        practices.append(
            Practice(
                day=on,
                at=done_at,
                done=done,
                pain_after=pain_after,
                stop_signs=tuple(stop_signs),
                next_morning=scores.get((on, PainAnswer.Moment.NEXT_MORNING.value)),
            )
        )
        if on == day:
            by = User(name=name, email=email).get_short_name()
            said = Said(done, pain_after, tuple(stop_signs), done_at, by)
    return Rung(
        step=step,
        activity=activity,
        ladder=ladder,
        rungs=steps,
        starts_on=starts_on,
        ends_on=ends_on,
        verdict=standing(
            practices,
            profile=profile,
            rung=number,
            started_on=starts_on,
            today=day,
            baseline=personal_baseline(before, today=day, intake=intake),
            own={profile: own},
        ),
        said=said,
    )
