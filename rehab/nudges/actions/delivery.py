"""Delivering a claimed batch: a last look at all rows at once, then one message after the other.

A message takes the first of its kind's ways that its person has, and the next one only when it is known that nothing came
of the one before. Where nobody knows (no answer, a time-out), it is tried again later on the same way and under the same
key, so that the other end can tell a repetition.
"""

import datetime as dt
import logging
import random
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any, Final
from uuid import UUID

from rehab.lib import channels
from rehab.nudges import journal, letters, schedule, wording
from rehab.nudges.actions.claiming import DELIVERY_BATCH, LEASE, Lease, claim
from rehab.nudges.actions.looking import drop, ending, is_too_late, load, most_attempts, ways
from rehab.nudges.actions.preference import mark_bounced
from rehab.nudges.heartbeat import beat
from rehab.nudges.kinds import BY_CODE
from rehab.nudges.kinds.base import Channel, Ending, Kind, Reason, State, Words
from rehab.nudges.models import Heartbeat, Nudge
from rehab.nudges.push import keys, subscribing
from rehab.nudges.push.sending import PushChannel, PushOutcome
from rehab.patients.models import ClinicalQuerySet

# After this no further message of a batch is begun: the rest of the lease is for the one under way.
SENDING_SECONDS: Final = 0.4 * LEASE.total_seconds()
FIRST_BACK_OFF_SECONDS: Final = 30.0
LONGEST_BACK_OFF_SECONDS: Final = 1800.0
LONGEST_FOR_SAFETY_SECONDS: Final = 300.0
MOST_DOUBLINGS: Final = 10
# A push service that was away for the third time is a way that has failed: a network may simply not let us out to it.
MOST_UNREACHED: Final = 3

logger = logging.getLogger(__name__)


def deliver_batch(
    *,
    at: dt.datetime,
    limit: int = DELIVERY_BATCH,
    open_channel: Callable[[], channels.Channel] = channels.EmailChannel,
    open_push: Callable[[], PushChannel] = PushChannel,
    stopwatch: Callable[[], float] = time.monotonic,
    jitter: Callable[[float, float], float] = random.uniform,
) -> bool:
    """Claim some rows, drop those that make no sense any more, send the others.

    Returns whether more may be waiting. A bad row, a mail server or a push service that is away never ends a batch with an
    error.
    """
    leases = claim(at=at, limit=limit)
    if leases:
        with open_channel() as mail, open_push() as push:
            _Delivery(leases, mail=mail, push=push, at=at, stopwatch=stopwatch, jitter=jitter).run()
    beat(Heartbeat.Part.DELIVERY, at=at)
    return len(leases) == limit


class _Delivery:
    """One batch under way."""

    def __init__(
        self,
        leases: Sequence[Lease],
        *,
        mail: channels.Channel,
        push: PushChannel,
        at: dt.datetime,
        stopwatch: Callable[[], float],
        jitter: Callable[[float, float], float],
    ) -> None:
        self.mail, self.push = mail, push
        self.started_at, self.stopwatch, self.jitter = at, stopwatch, jitter
        self.started = stopwatch()
        loaded = load(leases)
        self.nudges = [nudge for nudge in loaded if nudge.kind in BY_CODE]
        self.unknown = [nudge for nudge in loaded if nudge.kind not in BY_CODE]
        users = {nudge.user_id for nudge in self.nudges}
        self.phones = subscribing.phones_of(users) if users and keys.public_key() else {}
        self.mail_is_away = False
        self.phones_that_took: set[UUID] = set()

    def now(self) -> dt.datetime:
        return self.started_at + dt.timedelta(seconds=self.elapsed())

    def elapsed(self) -> float:
        return self.stopwatch() - self.started

    def run(self) -> None:
        at = self.started_at
        for nudge in self.unknown:
            # A worker of an older release meets what a newer one has planned.
            logger.error("nudge %s is of a kind that this worker does not know", nudge.pk)
            self._put_off(nudge, Reason.GAVE_UP)
        endings = {
            nudge.pk: why
            for nudge in self.nudges
            if (why := ending(nudge, _kind(nudge), at=at, has_way=bool(self._ways(nudge)))) is not None
        }
        facts = self._facts([nudge for nudge in self.nudges if nudge.pk not in endings])
        endings |= {pk: fact for pk, fact in facts.items() if isinstance(fact, Ending)}
        drop(endings, self.nudges, at=at)
        for nudge in self.nudges:
            if nudge.pk in endings:
                journal.ended(nudge, endings[nudge.pk].state, endings[nudge.pk].reason)
        # What is about safety goes first: a slow server may leave no time for the rest.
        waiting = sorted(
            (nudge for nudge in self.nudges if nudge.pk not in endings),
            key=lambda nudge: (not _kind(nudge).is_safety, nudge.expires_at, nudge.pk),
        )
        texts = wording.texts_for(waiting)
        for nudge in waiting:
            if is_too_late(nudge, _kind(nudge), at=self.now()):
                finish(nudge, State.EXPIRED, Reason.TOO_LATE, at=self.now())
            elif nudge.pk not in facts:
                self._put_off(nudge, Reason.GAVE_UP)
            elif self.elapsed() > SENDING_SECONDS:
                self._give_back(nudge)
            else:
                with journal.about(nudge):
                    self._send(nudge, facts[nudge.pk], texts)
        if self.phones_that_took:
            subscribing.mark_sent(self.phones_that_took, at=self.now())

    def _ways(self, nudge: Nudge) -> tuple[Nudge.Channel, ...]:
        return ways(nudge, _kind(nudge), self.phones.get(nudge.user_id, []))

    def _facts(self, nudges: Sequence[Nudge]) -> dict[UUID, Any]:
        """What each kind finds about its rows; without those about which it cannot tell."""
        of_kind: dict[str, list[Nudge]] = defaultdict(list)
        for nudge in nudges:
            of_kind[nudge.kind].append(nudge)
        facts: dict[UUID, Any] = {}
        for rows in of_kind.values():
            kind = _kind(rows[0])
            try:
                facts |= kind.facts(rows, self.started_at)
            except Exception:
                logger.exception("the last look at %d nudges of kind %s failed", len(rows), kind.code)
                facts |= self._facts_one_by_one(kind, rows)
        return facts

    def _facts_one_by_one(self, kind: Kind, rows: Sequence[Nudge]) -> dict[UUID, Any]:
        """The same with one row at a time, so that one of which nothing can be told does not hold up the others."""
        facts: dict[UUID, Any] = {}
        for nudge in rows if len(rows) > 1 else ():
            try:
                facts |= kind.facts([nudge], self.started_at)
            except Exception:
                logger.exception("the last look at nudge %s failed", nudge.pk)
        return facts

    def _send(self, nudge: Nudge, facts: Any, texts: wording.Texts) -> None:
        """Send one message and write down what became of it."""
        try:
            words = wording.words(nudge, facts, texts=texts)
        except Exception:
            # One poison row must not hold up the rest; it is tried again a few times and then given up.
            logger.exception("nudge %s could not be written", nudge.pk)
            self._put_off(nudge, Reason.GAVE_UP)
            return
        failure = Reason.NO_WAY
        tried = self._ways(nudge)
        for way in tried:
            nudge.channel = way
            try:
                outcome = self._push(nudge, words) if way == Channel.PUSH else self._mail(nudge, words)
            except Exception:
                logger.exception("nudge %s could not be sent by %s", nudge.pk, way)
                self._put_off(nudge, Reason.GAVE_UP)
                return
            if outcome.state == channels.State.SENT:
                finish(nudge, State.SENT, "", at=self.now())
                return
            failure = Reason(outcome.reason or Reason.REFUSED)
            if outcome.state == channels.State.RETRY:
                not_taken = isinstance(outcome, PushOutcome) and outcome.is_known
                if not (not_taken and nudge.attempts >= MOST_UNREACHED and way != tried[-1]):
                    self._put_off(
                        nudge, failure, least=outcome.wait_seconds if isinstance(outcome, PushOutcome) else 0.0
                    )
                    return
        finish(nudge, State.FAILED, failure, at=self.now())

    def _mail(self, nudge: Nudge, words: Words) -> channels.Outcome:
        if self.mail_is_away:
            return channels.AWAY
        outcome = self.mail.send(letters.mail(nudge, words))
        self.mail_is_away = outcome.channel_is_away
        if outcome.reason == channels.Reason.ADDRESS_REFUSED:
            mark_bounced(nudge.user_id, at=self.now())
        return outcome

    def _push(self, nudge: Nudge, words: Words) -> PushOutcome:
        at = self.now()
        try:
            message = letters.push(nudge, words, at=at)
        except Exception:
            # Nothing has left us, so the next way may still do.
            logger.exception("nudge %s could not be written for a phone", nudge.pk)
            return PushOutcome(state=channels.State.FAILED, reason=Reason.GAVE_UP)
        outcome = self.push.send(message, self.phones[nudge.user_id], at=at, until=_life_ends(nudge, at=at))
        self.phones_that_took.update(outcome.taken)
        if outcome.gone:
            subscribing.forget(outcome.gone)
            phones = self.phones[nudge.user_id]
            self.phones[nudge.user_id] = [phone for phone in phones if phone.pk not in outcome.gone]
        return outcome

    def _give_back(self, nudge: Nudge) -> None:
        """Leave to the next batch what this one has no time for; nothing has gone wrong with it."""
        now = self.now()
        if nudge.attempts >= most_attempts(_kind(nudge)):
            finish(nudge, State.FAILED, Reason.NO_ANSWER, at=now)
        else:
            _held(nudge).update(state=State.PLANNED, next_attempt_at=now)

    def _put_off(self, nudge: Nudge, reason: str, *, least: float = 0.0) -> None:
        """Try again later, with full jitter; or not at all when that would be too often or too late.

        ``least`` is how many seconds the other end asks for; it is granted up to the longest wait of our own.
        """
        now, kind = self.now(), _kind_if_known(nudge)
        bound = LONGEST_FOR_SAFETY_SECONDS if kind is not None and kind.is_safety else LONGEST_BACK_OFF_SECONDS
        # The exponent is bounded too: a power of two hundred is no waiting time.
        longest = min(bound, FIRST_BACK_OFF_SECONDS * 2 ** min(nudge.attempts, MOST_DOUBLINGS))
        wait = max(self.jitter(0.0, longest), min(least, bound))
        again_at = now + dt.timedelta(seconds=wait)
        if nudge.attempts >= most_attempts(kind):
            finish(nudge, State.FAILED, reason, at=now)
        elif again_at >= nudge.expires_at:
            finish(nudge, State.EXPIRED, reason, at=now)
        elif _held(nudge).update(state=State.RETRY, reason=reason, next_attempt_at=again_at, channel=nudge.channel):
            journal.ended(nudge, State.RETRY, reason)


def finish(nudge: Nudge, state: Nudge.State, reason: str, *, at: dt.datetime) -> bool:
    """Write down how a row ended; says no and changes nothing when somebody else has claimed it meanwhile."""
    is_held = _held(nudge).update(state=state, reason=reason, finished_at=at, channel=nudge.channel) == 1
    if is_held:
        journal.ended(nudge, state, reason)
    return is_held


def _held(nudge: Nudge) -> ClinicalQuerySet:
    """The row, as long as this worker's lease is the last one."""
    return Nudge.objects.filter(pk=nudge.pk, state=State.SENDING, attempts=nudge.attempts)


def _kind(nudge: Nudge) -> Kind:
    return BY_CODE[Nudge.Kind(nudge.kind)]


def _kind_if_known(nudge: Nudge) -> Kind | None:
    """A worker of an older release meets kinds that only a newer one knows."""
    return next((kind for code, kind in BY_CODE.items() if code == nudge.kind), None)


def _life_ends(nudge: Nudge, *, at: dt.datetime) -> dt.datetime:
    """Until when a push service may keep it: never so long that a phone shows it in the person's quiet hours."""
    if _kind(nudge).is_safety:
        return nudge.expires_at
    local = schedule.clock(at=at, time_zone=nudge.time_zone)
    awake = dt.timedelta(minutes=max(0, schedule.QUIET_FROM_MINUTE - local.minute))
    return min(nudge.expires_at, at + awake)
