"""Delivering a claimed batch: a last look at all rows at once, then one mail after the other, and what became of each.

That somebody was told is written only after the mail server took the message.
"""

from __future__ import annotations

import datetime as dt
import logging
import random
import time
from collections.abc import Callable, Collection, Sequence
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import Exists, F, OuterRef
from django.db.models.functions import Coalesce

from accounts.models import Membership
from rehab.guidance.alerting import letters
from rehab.guidance.alerting.claiming import BATCH, Lease, claim
from rehab.guidance.models import Alert, AlertDelivery, AlertStep
from rehab.lib import channels
from rehab.sessions.models import Release

State, Outcome = AlertDelivery.State, AlertDelivery.Outcome

# After this no further message of a batch is begun: the rest of the lease is for the one under way.
SENDING_SECONDS: Final = 60.0
FIRST_BACK_OFF_SECONDS: Final = 5.0
LONGEST_BACK_OFF_SECONDS: Final = 300.0
# A server that is away for so long meets new messages: the chain tells again and again.
MOST_ATTEMPTS: Final = 20

Ending = tuple[AlertDelivery.State, AlertDelivery.Outcome | None]

logger = logging.getLogger(__name__)


def deliver_alerts(
    *,
    at: dt.datetime,
    limit: int = BATCH,
    open_channel: Callable[[], channels.Channel] = channels.EmailChannel,
    stopwatch: Callable[[], float] = time.monotonic,
    jitter: Callable[[float, float], float] = random.uniform,
) -> bool:
    """Claim some messages, drop those that nobody needs any more, send the others.

    Returns whether there is more to do at once: a full batch, or a place of the chain that nobody could be reached at.
    A bad row or a mail server that is away never ends a batch with an error.
    """
    leases = claim(at=at, limit=limit)
    if not leases:
        return False
    delivery = _Delivery(leases, at=at, stopwatch=stopwatch, jitter=jitter)
    with open_channel() as channel:
        delivery.run(channel)
    return len(leases) == limit or delivery.has_failed


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
        self.rows = load(leases)
        self.has_failed = False

    def now(self) -> dt.datetime:
        return self.started_at + dt.timedelta(seconds=self.elapsed())

    def elapsed(self) -> float:
        return self.stopwatch() - self.started

    def run(self, channel: channels.Channel) -> None:
        is_away = False
        for row in self.rows:
            if (ending := _ending(row)) is not None:
                self._finish(row, *ending)
            elif is_away or self.elapsed() > SENDING_SECONDS:
                self._put_off(row, Outcome.NO_ANSWER)
            else:
                is_away = self._send(row, channel)

    def _send(self, row: AlertDelivery, channel: channels.Channel) -> bool:
        """Send one message and write down what became of it; returns whether the channel is away."""
        tried_at = self.now()
        try:
            outcome = channel.send(letters.alert(row))
        except Exception:
            # One poison row must not hold up the rest; it is tried again a few times and then given up.
            logger.exception("alert message %s could not be written or sent", row.pk)
            self._put_off(row, Outcome.GAVE_UP, tried_at=tried_at)
            return False
        if outcome.state == channels.State.SENT:
            self._finish(row, State.SENT, None, tried_at=tried_at)
        elif outcome.state == channels.State.RETRY:
            self._put_off(row, Outcome.NO_ANSWER, tried_at=tried_at)
        else:
            self._finish(row, State.FAILED, Outcome(outcome.reason or Outcome.REFUSED), tried_at=tried_at)
        return outcome.channel_is_away

    def _put_off(
        self, row: AlertDelivery, outcome: AlertDelivery.Outcome, *, tried_at: dt.datetime | None = None
    ) -> None:
        """Try again later, with full jitter; or not at all when that was too often."""
        if row.attempts >= MOST_ATTEMPTS:
            self._finish(row, State.FAILED, outcome, tried_at=tried_at)
            return
        longest = min(LONGEST_BACK_OFF_SECONDS, FIRST_BACK_OFF_SECONDS * 2**row.attempts)
        again_at = self.now() + dt.timedelta(seconds=self.jitter(0.0, longest))
        with transaction.atomic():
            held = _held(row).update(
                state=State.RETRY,
                outcome=outcome,
                next_attempt_at=again_at,
                first_attempt_at=Coalesce(F("first_attempt_at"), tried_at),
            )
            # The log says it once: whoever looks must know that nobody was told yet.
            if held and not row.outcome:
                _step(row, AlertStep.Kind.NOT_REACHED, at=self.now(), text=outcome)

    def _finish(
        self,
        row: AlertDelivery,
        state: AlertDelivery.State,
        outcome: AlertDelivery.Outcome | None,
        *,
        tried_at: dt.datetime | None = None,
    ) -> None:
        """Write down how a row ended; changes nothing when somebody else has claimed it meanwhile."""
        at = self.now()
        with transaction.atomic():
            if state == State.FAILED:
                # Two workers may fail with the last two people of a place: the second of them tells the next place.
                list(Alert.objects.select_for_update(no_key=True).filter(pk=row.alert_id).values_list("pk"))
            held = _held(row).update(
                state=state,
                outcome=outcome or "",
                finished_at=at,
                first_attempt_at=Coalesce(F("first_attempt_at"), tried_at),
            )
            if not held:
                return
            if state == State.SENT:
                _step(row, AlertStep.Kind.TOLD, at=at)
            elif state == State.FAILED:
                _step(row, AlertStep.Kind.NOT_REACHED, at=at, text=outcome or "")
                self.has_failed |= _go_on(row, at=at)


def load(leases: Collection[Lease]) -> list[AlertDelivery]:
    """The leased rows with all that the last look needs, in one statement; without those claimed again since."""
    tokens = {lease.id: lease.token for lease in leases}
    order = {lease.id: place for place, lease in enumerate(leases)}
    newer = AlertDelivery.objects.filter(
        alert=OuterRef("alert"), user=OuterRef("user"), channel=OuterRef("channel"), level__gt=OuterRef("level")
    )
    working = Membership.objects.current().filter(
        user=OuterRef("user"), clinic=OuterRef("clinic"), role__in=["vet", "therapist"]
    )
    rows = (
        AlertDelivery.objects.filter(pk__in=tokens, state=State.SENDING)
        .select_related("alert__report", "user", "clinic")
        .annotate(
            is_told_again=Exists(newer),
            is_treating=Exists(working),
            is_released=Exists(Release.objects.filter(report=OuterRef("alert"))),
            died_on=F("patient__died_on"),
        )
    )
    held = [row for row in rows if row.attempts == tokens[row.pk]]
    return sorted(held, key=lambda row: order[row.pk])


def _ending(row: Any) -> Ending | None:
    """How a row as ``load`` reads it must end without being sent; nothing when it is to be sent."""
    if row.is_released or row.alert.cleared_at is not None or row.alert.report.acknowledged_at is not None:
        return State.DROPPED, Outcome.ANSWERED
    if row.died_on is not None:
        return State.DROPPED, None
    if row.is_told_again:
        return State.DROPPED, Outcome.TOLD_AGAIN
    if not row.user.is_active or not row.is_treating:
        return State.FAILED, Outcome.LEFT
    try:
        validate_email(row.user.email)
    except ValidationError:
        return State.FAILED, Outcome.NO_ADDRESS
    if row.attempts > MOST_ATTEMPTS:
        # It was claimed and never finished, again and again: something about it kills its worker.
        return State.FAILED, Outcome.GAVE_UP
    return None


def _go_on(row: AlertDelivery, *, at: dt.datetime) -> bool:
    """Where nobody of the alert's present place can be reached any more, the next place is told at once.

    At the end of the chain the wait stays: whom no mail reaches is not mailed faster.
    """
    hopeful = AlertDelivery.objects.filter(alert=OuterRef("pk"), level=OuterRef("level")).exclude(state=State.FAILED)
    waiting = Alert.objects.filter(pk=row.alert_id, level=row.level, is_through=False, escalate_at__gt=at)
    return waiting.filter(~Exists(hopeful)).update(escalate_at=at) == 1


def _held(row: AlertDelivery) -> Any:
    """The row, as long as this worker's lease is the last one."""
    return AlertDelivery.objects.filter(pk=row.pk, state=State.SENDING, attempts=row.attempts)


def _step(row: AlertDelivery, kind: AlertStep.Kind, *, at: dt.datetime, text: str = "") -> None:
    AlertStep.objects.create(
        alert_id=row.alert_id,
        clinic_id=row.clinic_id,
        patient_id=row.patient_id,
        kind=kind,
        at=at,
        person_id=row.user_id,
        level=row.level,
        text=text,
    )
