"""What the rules of maintenance look at, read for many dogs at once: checkpoints, and signs of a relapse between them."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, Subquery

from rehab.programs import maintenance
from rehab.programs.criteria import Reading, Series, evaluate, window_days
from rehab.programs.models import Checkpoint, Episode, Prescription, Program
from rehab.sessions.adherence import NotDue, Period, tallies
from rehab.sessions.models import PainAnswer
from rehab.sessions.queries.looking_back import PERIOD, slot_shares, stopped_days

ONE_DAY: Final = dt.timedelta(days=1)


@dataclass(kw_only=True)
class Maintained:
    """What was logged about one dog since its maintenance program began."""

    starts_on: dt.date
    periods: list[Period] = field(default_factory=list)
    shares: dict[tuple[UUID, dt.date, int], int] = field(default_factory=dict)
    pain: dict[tuple[dt.date, str], int] = field(default_factory=dict)
    stopped: set[NotDue] = field(default_factory=set)

    def signs(self, *, today: dt.date) -> list[dict[str, Any]]:
        """The signs of a relapse that are there today, each with its number; what is not known is none."""
        series = self._series(today=today)
        verdicts = [evaluate(criterion, series, today) for criterion in maintenance.relapse()]
        return [{"criterion": one.criterion.text, "value": one.value} for one in verdicts if one.is_met]

    def _series(self, *, today: dt.date) -> Series:
        series: dict[str, list[Reading]] = defaultdict(list)
        for (day, moment), score in self.pain.items():
            felt_on = day + ONE_DAY if moment == "next_morning" else day
            if felt_on >= self.starts_on:
                series[f"pain_{moment}"].append(Reading(felt_on, score, None, day.isoformat()))
        first = max(self.starts_on, today - (window_days(maintenance.relapse()) - 1) * ONE_DAY)
        parts = tallies(
            self.periods, self.shares, first=first, until=today + ONE_DAY, today=today, stopped=self.stopped
        )
        # Of today only what is finished counts: the day is not over.
        series["completion"] = [Reading(day, part) for (_, day), part in parts.items() if day < today or part == 1]
        return series


def maintained(programs: Iterable[Program], *, until: dt.date) -> dict[UUID, Maintained]:
    """What was logged of those programs that are maintenance, by dog; four statements, none where no program is."""
    found = {one.patient_id: Maintained(starts_on=one.starts_on) for one in programs}
    if not found:
        return {}
    # A day more on each side: where the dog lives it may be yesterday, and a morning belongs to the day before it.
    first = until - (window_days(maintenance.relapse()) + 2) * ONE_DAY
    for patient, *period in (
        Prescription.objects.filter(patient__in=found)
        .overlapping(first, until)
        .order_by("patient", "pk")
        .values_list("patient", *PERIOD)
    ):
        found[patient].periods.append(Period(*period))
    for said in slot_shares(found, first, until):
        found[said.patient].shares[said.prescription, said.day, said.slot] = said.share
    for patient, day, moment, score in (
        PainAnswer.objects.filter(patient__in=found, day__gte=first, day__lt=until)
        .order_by("done_at", "pk")
        .values_list("patient", "day", "moment", "score")
    ):
        found[patient].pain[day, moment] = score  # the last one wins
    for patient, stopped in stopped_days(found, first, until).items():
        found[patient].stopped = stopped
    return found


def checkpoints_to_look_at(patient_ids: Collection[UUID], *, until: dt.date) -> dict[UUID, list[Checkpoint]]:
    """The checkpoints that were worse and are not settled, and those missed lately, by dog, newest first; one statement.

    A missed one is said for as long as a late answer counts: there is nothing to decide about it.
    """
    lately = Q(
        state=Checkpoint.State.MISSED,
        due_on__gt=until - (maintenance.ANSWER_DAYS + maintenance.LATE_DAYS) * ONE_DAY,
    )
    worse = Q(state=Checkpoint.State.WORSE, settled_at=None)
    found: dict[UUID, list[Checkpoint]] = defaultdict(list)
    # Another bout has begun since: what is to be decided is about that one.
    next_bout = Episode.objects.standing().filter(patient=OuterRef("patient"), number__gt=OuterRef("episode__number"))
    found_rows = Checkpoint.objects.filter(worse | lately, ~Exists(next_bout), patient__in=patient_ids)
    for one in found_rows.order_by("patient", "-due_on", "pk"):
        found[one.patient_id].append(one)
    return found


@dataclass(frozen=True, kw_only=True)
class Followed:
    """How a dog is followed after its discharge: the newest episode that has one, and its checkpoints, earliest first."""

    episode: Episode
    checkpoints: list[Checkpoint]

    @property
    def is_in_maintenance(self) -> bool:
        return self.episode.is_in_maintenance

    @property
    def following(self) -> Checkpoint | None:
        """The next checkpoint."""
        return next((one for one in self.checkpoints if one.state == Checkpoint.State.WAITING), None)

    @property
    def worse(self) -> list[Checkpoint]:
        """Those that a person must still look at, newest first."""
        return [one for one in reversed(self.checkpoints) if one.state == "worse" and one.settled_at is None]

    def to_look_at(self, *, until: dt.date) -> list[Checkpoint]:
        """The same as ``checkpoints_to_look_at``."""
        first = until - (maintenance.ANSWER_DAYS + maintenance.LATE_DAYS) * ONE_DAY
        lately = [one for one in self.checkpoints if one.state == Checkpoint.State.MISSED and one.due_on > first]
        return sorted([*self.worse, *lately], key=lambda one: one.due_on, reverse=True)


def followed(patient_id: UUID) -> Followed | None:
    """How a dog, already loaded for its reader, is followed; none where it was never discharged, or a new bout has come since."""
    newest = Episode.objects.standing().filter(patient=patient_id).newest_first().values("pk")[:1]
    found = list(
        Checkpoint.objects.filter(patient=patient_id, episode=Subquery(newest))
        .select_related("episode")
        .order_by("due_on", "pk")
    )
    return Followed(episode=found[0].episode, checkpoints=found) if found else None


def reason_numbers(checkpoints: Collection[Checkpoint], state: Checkpoint.State) -> Mapping[str, Any] | None:
    """The newest checkpoint of that state as the numbers of a reason to look."""
    for one in checkpoints:
        if one.state == state:
            return {"month": one.month, "on": one.due_on.isoformat(), **one.numbers}
    return None
