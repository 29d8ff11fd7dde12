"""Delivering a claimed batch: a last check for all rows at once, then one message after the other."""

import datetime as dt
import logging
import random
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from typing import Any, Final
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q

from rehab.lib import channels
from rehab.nudges import letters, schedule
from rehab.nudges.actions.claiming import DELIVERY_BATCH, Lease, claim
from rehab.nudges.actions.preference import mark_bounced
from rehab.nudges.heartbeat import beat
from rehab.nudges.models import Heartbeat, Nudge
from rehab.nudges.queries import UnfinishedDog, unfinished_dogs
from rehab.patients.models import Caregiver, ClinicalQuerySet
from rehab.programs.models import Program
from rehab.sessions.models import WarningReport

State, Reason = Nudge.State, Nudge.Reason

# After this no further message of a batch is begun: the rest of the lease is for the one under way.
SENDING_SECONDS: Final = 120.0
MOST_ATTEMPTS: Final = 8
FIRST_BACK_OFF_SECONDS: Final = 30.0
LONGEST_BACK_OFF_SECONDS: Final = 1800.0
# Reasons that speak about one dog: the person's other dogs may still need the message.
ABOUT_THE_DOG: Final = frozenset({Reason.DONE, Reason.PROGRAM_ENDED, Reason.STOPPED, Reason.NOT_CARING})

Ending = tuple[Nudge.State, Nudge.Reason]

logger = logging.getLogger(__name__)


def deliver_batch(
    *,
    at: dt.datetime,
    limit: int = DELIVERY_BATCH,
    open_channel: Callable[[], channels.Channel] = channels.EmailChannel,
    stopwatch: Callable[[], float] = time.monotonic,
    jitter: Callable[[float, float], float] = random.uniform,
) -> bool:
    """Claim some rows, drop those that make no sense any more, send the others.

    Returns whether more may be waiting. A bad row or a mail server that is away never ends a batch with an error.
    """
    leases = claim(at=at, limit=limit)
    if leases:
        delivery = _Delivery(leases, at=at, stopwatch=stopwatch, jitter=jitter)
        with open_channel() as channel:
            delivery.run(channel)
    beat(Heartbeat.Part.DELIVERY, at=at)
    return len(leases) == limit


class _Delivery:
    """One batch under way."""

    def __init__(
        self,
        leases: Sequence[Lease],
        *,
        at: dt.datetime,
        stopwatch: Callable[[], float],
        jitter: Callable[[float, float], float],
    ) -> None:
        self.started_at, self.stopwatch, self.jitter = at, stopwatch, jitter
        self.started = stopwatch()
        self.nudges = load(leases)
        self.unfinished = unfinished_dogs(
            user_ids={n.user_id for n in self.nudges if n.kind == Nudge.Kind.UNFINISHED_DAY}, at=at
        )

    def now(self) -> dt.datetime:
        return self.started_at + dt.timedelta(seconds=self.elapsed())

    def elapsed(self) -> float:
        return self.stopwatch() - self.started

    def run(self, channel: channels.Channel) -> None:
        dropped = {n.pk: why for n in self.nudges if (why := _no_sense(n, self._dogs(n), at=self.started_at))}
        _drop([n for n in self.nudges if n.pk in dropped], dropped, self.unfinished, at=self.started_at)
        waiting = [n for n in self.nudges if n.pk not in dropped]
        is_away = False
        for nudge in waiting:
            if is_away or self.elapsed() > SENDING_SECONDS:
                self._put_off(nudge, Reason.NO_ANSWER)
            elif self.now() >= nudge.expires_at:
                finish(nudge, State.EXPIRED, Reason.TOO_LATE, at=self.now())
            else:
                is_away = self._send(nudge, channel)

    def _dogs(self, nudge: Nudge) -> list[UnfinishedDog]:
        return self.unfinished.get(nudge.user_id, [])

    def _send(self, nudge: Nudge, channel: channels.Channel) -> bool:
        """Send one message and write down what became of it; returns whether the channel is away."""
        try:
            message = self._message(nudge)
            outcome = channel.send(message)
        except Exception:
            # One poison row must not hold up the rest; it is tried again a few times and then given up.
            logger.exception("nudge %s could not be written or sent", nudge.pk)
            self._put_off(nudge, Reason.GAVE_UP)
            return False
        if outcome.state == channels.State.RETRY:
            self._put_off(nudge, outcome.reason or Reason.NO_ANSWER)
        elif finish(nudge, State(outcome.state), outcome.reason or "", at=self.now()) and (
            outcome.reason == channels.Reason.ADDRESS_REFUSED
        ):
            mark_bounced(nudge.user_id, at=self.now())
        return outcome.channel_is_away

    def _message(self, nudge: Nudge) -> channels.Message:
        if nudge.kind == Nudge.Kind.PLAN_CHANGED:
            return letters.new_program(key=nudge.pk, user=nudge.user, clinic=nudge.clinic, patient=nudge.patient)
        return letters.reminder(key=nudge.pk, user=nudge.user, clinic=nudge.clinic, dogs=self._dogs(nudge))

    def _put_off(self, nudge: Nudge, reason: str) -> None:
        """Try again later, with full jitter; or not at all when that would be too often or too late."""
        now = self.now()
        longest = min(LONGEST_BACK_OFF_SECONDS, FIRST_BACK_OFF_SECONDS * 2**nudge.attempts)
        again_at = now + dt.timedelta(seconds=self.jitter(0.0, longest))
        if nudge.attempts >= MOST_ATTEMPTS:
            finish(nudge, State.FAILED, reason, at=now)
        elif again_at >= nudge.expires_at:
            finish(nudge, State.EXPIRED, reason, at=now)
        else:
            _held(nudge).update(state=State.RETRY, reason=reason, next_attempt_at=again_at)


def load(leases: Collection[Lease]) -> list[Nudge]:
    """The leased rows with all that the last check needs, in one statement; without those claimed again since."""
    tokens = {lease.id: lease.token for lease in leases}
    rows = (
        Nudge.objects.filter(pk__in=tokens, state=State.SENDING)
        .select_related("user__nudge_preference", "clinic", "patient")
        .annotate(
            is_caring=Exists(Caregiver.objects.current().filter(user=OuterRef("user"), patient=OuterRef("patient"))),
            has_program=Exists(Program.objects.open().filter(patient=OuterRef("patient"))),
            is_stopped=Exists(WarningReport.objects.filter(patient=OuterRef("patient")).stopping()),
        )
        .order_by("expires_at", "pk")
    )
    return [nudge for nudge in rows if nudge.attempts == tokens[nudge.pk]]


def _no_sense(nudge: Any, dogs: Sequence[UnfinishedDog], *, at: dt.datetime) -> Ending | None:
    """How a row as ``load`` reads it must end without being sent; nothing when it may be sent."""
    local = schedule.clock(at=at, time_zone=nudge.time_zone)
    preference = getattr(nudge.user, "nudge_preference", None)
    is_news = nudge.kind == Nudge.Kind.PLAN_CHANGED
    if at >= nudge.expires_at or local.is_quiet or (local.day != nudge.local_day and not is_news):
        return State.EXPIRED, Reason.TOO_LATE
    if not nudge.user.is_active or (preference is not None and not preference.email_enabled):
        return State.SUPPRESSED, Reason.REMINDERS_OFF
    if preference is not None and preference.bounced_at is not None:
        return State.SUPPRESSED, Reason.ADDRESS_REFUSED
    if not nudge.is_caring:
        return State.SUPPRESSED, Reason.NOT_CARING
    if not nudge.has_program or nudge.patient.died_on is not None:
        return State.SUPPRESSED, Reason.PROGRAM_ENDED
    if not is_news and nudge.is_stopped:
        return State.SUPPRESSED, Reason.STOPPED
    if not is_news and nudge.patient_id not in {dog.patient_id for dog in dogs}:
        return State.SUPPRESSED, Reason.DONE
    if nudge.attempts > MOST_ATTEMPTS:
        # It was claimed and never finished, again and again: something about it kills its worker.
        return State.FAILED, Reason.GAVE_UP
    return None


def _drop(
    nudges: Sequence[Nudge],
    reasons: dict[UUID, Ending],
    unfinished: dict[UUID, list[UnfinishedDog]],
    *,
    at: dt.datetime,
) -> None:
    """Close the rows that make no sense any more, one statement per reason.

    Where a row that fell away carried the message for other dogs too, one of those takes it over.
    """
    if not nudges:
        return
    groups: dict[Ending, list[Nudge]] = defaultdict(list)
    for nudge in nudges:
        groups[reasons[nudge.pk]].append(nudge)
    with transaction.atomic():
        for (state, reason), rows in groups.items():
            held = Q()
            for nudge in rows:
                held |= Q(pk=nudge.pk, attempts=nudge.attempts)
            Nudge.objects.filter(held, state=State.SENDING).update(state=state, reason=reason, finished_at=at)
        bereft = [
            nudge
            for nudge in nudges
            if nudge.kind == Nudge.Kind.UNFINISHED_DAY
            and reasons[nudge.pk][1] in ABOUT_THE_DOG
            and unfinished.get(nudge.user_id)
        ]
        heirs = _heirs(bereft, unfinished)
        if heirs:
            # A new row of the same person may have come first: then that one carries the message.
            with suppress(IntegrityError), transaction.atomic():
                Nudge.objects.filter(pk__in=heirs, state=State.SUPPRESSED).update(
                    state=State.PLANNED, reason="", finished_at=None, next_attempt_at=at
                )


def _heirs(bereft: Sequence[Nudge], unfinished: dict[UUID, list[UnfinishedDog]]) -> list[UUID]:
    if not bereft:
        return []
    days = {(nudge.user_id, nudge.local_day) for nudge in bereft}
    waiting = Nudge.objects.filter(
        kind=Nudge.Kind.UNFINISHED_DAY,
        user__in={user for user, _ in days},
        local_day__in={day for _, day in days},
        state=State.SUPPRESSED,
        reason__in=[Reason.COMBINED, Reason.ONE_A_DAY],
    ).order_by("pk")
    heirs: dict[UUID, UUID] = {}
    for nudge in waiting:
        still_open = {dog.patient_id for dog in unfinished[nudge.user_id]}
        if (nudge.user_id, nudge.local_day) in days and nudge.patient_id in still_open:
            heirs.setdefault(nudge.user_id, nudge.pk)
    return list(heirs.values())


def finish(nudge: Nudge, state: Nudge.State, reason: str, *, at: dt.datetime) -> bool:
    """Write down how a row ended; says no and changes nothing when somebody else has claimed it meanwhile."""
    return _held(nudge).update(state=state, reason=reason, finished_at=at) == 1


def _held(nudge: Nudge) -> ClinicalQuerySet:
    """The row, as long as this worker's lease is the last one."""
    return Nudge.objects.filter(pk=nudge.pk, state=State.SENDING, attempts=nudge.attempts)
