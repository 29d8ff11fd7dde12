"""The last look at claimed rows, just before they are sent: what may have changed since they were planned."""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q

from accounts.models import Membership
from rehab.nudges import schedule
from rehab.nudges.actions.claiming import Lease
from rehab.nudges.kinds import BY_CODE, KINDS
from rehab.nudges.kinds.base import Channel, Ending, Kind, Reason, State
from rehab.nudges.models import Nudge, NudgePreference, PushSubscription
from rehab.patients.models import Caregiver

MOST_ATTEMPTS: Final = 8
# What is about safety is tried for as long as it is of use, whatever is away.
MOST_ATTEMPTS_FOR_SAFETY: Final = 200
# Reasons that speak about one dog or one question: the person's other dogs may still need the day's message.
ABOUT_THE_DOG: Final = frozenset(
    {
        *(Reason.DONE, Reason.PROGRAM_ENDED, Reason.STOPPED, Reason.NOT_CARING),
        *(Reason.PAUSED, Reason.DISCHARGED, Reason.DIED, Reason.ANSWERED, Reason.SEEN),
    }
)
TOO_LATE: Final = Ending(state=State.EXPIRED, reason=Reason.TOO_LATE)
GAVE_UP: Final = Ending(state=State.FAILED, reason=Reason.GAVE_UP)


def load(leases: Collection[Lease]) -> list[Nudge]:
    """The leased rows with all that the common look needs, in one statement; without those claimed again since."""
    tokens = {lease.id: lease.token for lease in leases}
    working = Membership.objects.current().filter(
        user=OuterRef("user"), clinic=OuterRef("clinic"), role__in=["vet", "therapist"]
    )
    rows = (
        Nudge.objects.filter(pk__in=tokens, state=State.SENDING)
        .select_related("user__nudge_preference", "clinic", "patient")
        .annotate(
            is_caring=Exists(Caregiver.objects.current().filter(user=OuterRef("user"), patient=OuterRef("patient"))),
            is_working=Exists(working),
        )
        .order_by("expires_at", "pk")
    )
    return [nudge for nudge in rows if nudge.attempts == tokens[nudge.pk]]


def ways(nudge: Nudge, kind: Kind, phones: Sequence[PushSubscription]) -> tuple[Nudge.Channel, ...]:
    """The ways by which this message may still reach its person, in order.

    A way that was left is not taken again: it was known to have failed.
    """
    preference = preference_of(nudge)
    is_open = {
        Channel.PUSH: (preference.push_enabled or kind.is_safety) and bool(phones),
        Channel.EMAIL: (preference.email_enabled or kind.is_safety) and preference.bounced_at is None,
    }
    found = tuple(way for way in kind.ways if is_open[way])
    return found[found.index(Channel(nudge.channel)) :] if nudge.channel in found else found


def ending(nudge: Any, kind: Kind, *, at: dt.datetime, has_way: bool) -> Ending | None:
    """How a row as ``load`` reads it must end whatever its kind; nothing when its kind may look at it.

    What is about safety goes through whatever the person has switched off, and at any hour.
    """
    preference = preference_of(nudge)
    if is_too_late(nudge, kind, at=at):
        return TOO_LATE
    if not nudge.user.is_active or not (preference.reminds or kind.is_safety):
        return _suppressed(Reason.REMINDERS_OFF)
    if preference.snoozed_until is not None and at < preference.snoozed_until and not kind.is_safety:
        return _suppressed(Reason.SNOOZED)
    if not (nudge.is_working if nudge.patient is None else nudge.is_caring):
        return _suppressed(Reason.NOT_CARING)
    if nudge.patient is not None and nudge.patient.died_on is not None:
        return _suppressed(Reason.DIED)
    if not has_way:
        is_bounced = preference.bounced_at is not None and preference.email_enabled
        return _suppressed(Reason.ADDRESS_REFUSED if is_bounced else Reason.NO_WAY)
    if nudge.attempts > most_attempts(kind):
        # It was claimed and never finished, again and again: something about it kills its worker.
        return GAVE_UP
    return None


def most_attempts(kind: Kind | None) -> int:
    """After how many claims a row of the kind is given up; of a kind that this worker does not know: the usual number."""
    return MOST_ATTEMPTS_FOR_SAFETY if kind is not None and kind.is_safety else MOST_ATTEMPTS


def is_too_late(nudge: Nudge, kind: Kind, *, at: dt.datetime) -> bool:
    """Whether its time is over: its own, the person's day where it speaks of that day, or the person's waking hours."""
    if at >= nudge.expires_at:
        return True
    local = schedule.clock(at=at, time_zone=nudge.time_zone)
    is_of_the_day = kind.is_prompt or kind.is_one_a_day
    return (local.is_quiet and not kind.is_safety) or (is_of_the_day and local.day != nudge.local_day)


def preference_of(nudge: Nudge) -> NudgePreference:
    """What its person chose; everybody has a row, and who has none chose nothing."""
    found = getattr(nudge.user, "nudge_preference", None)
    return found if found is not None else NudgePreference(user=nudge.user)


def drop(endings: Mapping[UUID, Ending], nudges: Sequence[Nudge], *, at: dt.datetime) -> None:
    """Close the rows that make no sense any more, one statement per reason.

    Where a row that fell away had the person's turn of that day, another one gets it: about another dog, or another thing.
    """
    if not endings:
        return
    groups: dict[Ending, list[Nudge]] = defaultdict(list)
    for nudge in nudges:
        if nudge.pk in endings:
            groups[endings[nudge.pk]].append(nudge)
    bereft = [
        nudge
        for end, rows in groups.items()
        for nudge in rows
        if BY_CODE[Nudge.Kind(nudge.kind)].is_one_a_day and end.reason in ABOUT_THE_DOG
    ]
    with transaction.atomic():
        for end, rows in groups.items():
            held = Q()
            for nudge in rows:
                held |= Q(pk=nudge.pk, attempts=nudge.attempts)
            Nudge.objects.filter(held, state=State.SENDING).update(state=end.state, reason=end.reason, finished_at=at)
        for heir in _heirs(bereft, at=at):
            # A new row of the same person may have come first: then that one carries the message.
            with suppress(IntegrityError), transaction.atomic():
                Nudge.objects.filter(pk=heir, state=State.SUPPRESSED).update(
                    state=State.PLANNED, reason="", finished_at=None, next_attempt_at=at
                )


def _heirs(bereft: Sequence[Nudge], *, at: dt.datetime) -> list[UUID]:
    """For each person and day the first by rank of the messages that had lost their turn to the one that fell away.

    Whether it still makes sense is looked at when it is claimed; if not, the next one follows.
    """
    if not bereft:
        return []
    days = {(nudge.user_id, nudge.local_day) for nudge in bereft}
    waiting = Nudge.objects.filter(
        kind__in=[kind.code for kind in KINDS if kind.is_one_a_day],
        user__in={user for user, _ in days},
        local_day__in={day for _, day in days},
        state=State.SUPPRESSED,
        reason__in=[Reason.COMBINED, Reason.ONE_A_DAY],
        expires_at__gt=at,
    )
    heirs: dict[tuple[UUID, dt.date], UUID] = {}
    for nudge in sorted(waiting, key=lambda nudge: (BY_CODE[Nudge.Kind(nudge.kind)].rank, nudge.pk)):
        if (nudge.user_id, nudge.local_day) in days:
            heirs.setdefault((nudge.user_id, nudge.local_day), nudge.pk)
    return list(heirs.values())


def _suppressed(reason: Nudge.Reason) -> Ending:
    return Ending(state=State.SUPPRESSED, reason=reason)
