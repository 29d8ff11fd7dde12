"""Weighing the checkpoints of discharged dogs: a worse one reopens the episode, and nothing is loosened by itself."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from statistics import median
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from rehab.patients.models import Observation, Patient
from rehab.programs import maintenance
from rehab.programs.models import Checkpoint, Episode
from rehab.sessions.models import PainAnswer

ONE_DAY: Final = dt.timedelta(days=1)
ANSWERS: Final = maintenance.ANSWER_DAYS * ONE_DAY
# An answer kept on a phone may come after its days; it still counts while the checkpoint was missed only lately.
LATE: Final = maintenance.LATE_DAYS * ONE_DAY

Answers = Mapping[UUID, Mapping[tuple[str, dt.date], float]]


@transaction.atomic
def weigh_checkpoints(patients: Sequence[Patient], *, at: dt.datetime) -> int:
    """Weigh what is due, and return how many changed; five statements for any number of dogs, one where nothing is due.

    Doing it again changes nothing. What is worse or cancelled is not weighed any more; what was missed still takes an
    answer, and what was good one that is worse: an answer can be changed, and another phone may have kept its own.
    Only the newest episode is looked at: in an older one nobody would find what has come of it.
    """
    today = {patient.pk: patient.today(at) for patient in patients}
    waiting = Q(state=Checkpoint.State.WAITING)
    late = Q(
        state__in=[Checkpoint.State.MISSED, Checkpoint.State.GOOD],
        due_on__gt=min(today.values()) - ANSWERS - LATE,
        # Once treatment goes on, there is nothing more to find out.
        episode__reopened_at=None,
    )
    newer = Episode.objects.standing().filter(patient=OuterRef("patient"), number__gt=OuterRef("episode__number"))
    due = list(
        Checkpoint.objects.filter(waiting | late, patient__in=today, due_on__lte=max(today.values()))
        .filter(~Exists(newer), episode__withdrawn_at=None)
        .select_related("episode")
        .select_for_update(of=("self",))
        .order_by("pk")
    )
    due = [one for one in due if one.due_on <= today[one.patient_id]]
    if not due:
        return 0
    said = _said(due)
    changed = [one for one in due if _weigh(one, said[one.patient_id], today=today[one.patient_id], at=at)]
    Checkpoint.objects.bulk_update(changed, ["state", "numbers", "weighed_at"])
    worse = [one.episode_id for one in changed if one.state == Checkpoint.State.WORSE]
    Episode.objects.filter(pk__in=worse, reopened_at=None).update(reopened_at=at)
    return len(changed)


def _weigh(
    checkpoint: Checkpoint, said: Mapping[tuple[str, dt.date], float], *, today: dt.date, at: dt.datetime
) -> bool:
    """Whether the checkpoint now says something else than before."""
    until = checkpoint.due_on + ANSWERS
    answered: dict[str, list[float]] = defaultdict(list)
    for (metric, day), value in sorted(said.items(), key=lambda one: one[0][1]):
        if checkpoint.due_on <= day < until:
            answered[metric].append(value)
    # Of pain the middle of what was said, of what the dog can do the newest: as at discharge.
    now = {metric: median(values) if metric == maintenance.PAIN else values[-1] for metric, values in answered.items()}
    weighed = maintenance.weigh(
        checkpoint.episode.measures, now, asked=maintenance.asked(), due_on=checkpoint.due_on, today=today
    )
    if weighed.outcome.value == checkpoint.state:
        return False
    if checkpoint.state == Checkpoint.State.GOOD and weighed.outcome is not maintenance.Outcome.WORSE:
        return False
    checkpoint.state = Checkpoint.State(weighed.outcome.value)
    checkpoint.numbers, checkpoint.weighed_at = dict(weighed.numbers), at
    return True


def _said(due: Sequence[Checkpoint]) -> Answers:
    """The answer that holds for each metric and day since the first day on which one of them was due; two statements."""
    ids = {one.patient_id for one in due}
    first, until = min(one.due_on for one in due), max(one.due_on for one in due) + ANSWERS
    found: dict[UUID, dict[tuple[str, dt.date], float]] = defaultdict(dict)
    pain = PainAnswer.objects.filter(patient__in=ids, moment=PainAnswer.Moment.BEFORE, day__gte=first, day__lt=until)
    for patient, day, score in pain.order_by("done_at", "pk").values_list("patient", "day", "score"):
        found[patient][maintenance.PAIN, day] = float(score)  # the last one wins
    measured = Observation.objects.filter(
        patient__in=ids, metric__in=maintenance.FUNCTION, day__gte=first, day__lt=until
    )
    value: Decimal
    for patient, metric, day, value in measured.order_by("recorded_at", "pk").values_list(
        "patient", "metric", "day", "value"
    ):
        found[patient][metric, day] = float(value)
    return found
