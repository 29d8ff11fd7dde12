"""What was refused is remembered by its number, so that it is no gap: as long as that can matter, and not without bound."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from django.db.models import OuterRef, Q, Subquery

from accounts.models import User
from rehab.sessions import commands as parsing
from rehab.sessions.actions import Answer, Outcome
from rehab.sessions.models import Command, RefusedCommand
from rehab.sessions.queries.gaps import LOOK_BACK

# Of one person. A phone that has lost its dog after a month without a network says less than this.
MOST_A_DAY: Final = 1_000
ONE_DAY: Final = dt.timedelta(days=1)
# A phone of which nothing came after it for so long begins anew if it ever comes back.
LONGEST: Final = dt.timedelta(days=365)


def remember_refused(raws: Sequence[object], answers: Sequence[Answer], *, by: User, at: dt.datetime) -> list[Answer]:
    """Remember the numbers of what is refused, for whatever reason; return what is to be answered.

    Where a person has been refused too much within a day, the rest is not answered for now: it stays on the phone and is
    sent again, because what is answered as refused must be remembered. Three statements, none without a refusal.
    """
    numbered = [
        parsing.number_of(raw) if answer.refusal is not None else None
        for raw, answer in zip(raws, answers, strict=True)
    ]
    refused = {
        number[0]: RefusedCommand(
            id=number[0],
            issued_by_id=by.pk,
            device=number[1],
            sequence=number[2],
            code=answer.refusal.why.value,
            received_at=at,
        )
        for number, answer in zip(numbered, answers, strict=True)
        if number is not None and answer.refusal is not None
    }
    if not refused:
        return list(answers)
    known = set(RefusedCommand.objects.filter(pk__in=refused).values_list("pk", flat=True))
    today = RefusedCommand.objects.filter(issued_by=by, received_at__gt=at - ONE_DAY).count()
    fresh = [row for key, row in refused.items() if key not in known]
    room = max(0, MOST_A_DAY - today)
    RefusedCommand.objects.bulk_create(fresh[:room], ignore_conflicts=True)
    waiting = {row.pk for row in fresh[room:]}
    return [
        replace(answer, outcome=Outcome.NOT_NOW, refusal=None) if number and number[0] in waiting else answer
        for number, answer in zip(numbered, answers, strict=True)
    ]


def forget_refused(*, at: dt.datetime) -> int:
    """Forget what was refused so long ago that no gap can be told where it was; return how many.

    A gap is told beside the entry that follows it, for as long as that is young. So what is old stays while what
    follows it is young, or has not come yet.
    """
    follows = Command.objects.filter(
        issued_by=OuterRef("issued_by"), device=OuterRef("device"), sequence__gt=OuterRef("sequence")
    ).order_by("sequence", "pk")
    old = RefusedCommand.objects.filter(received_at__lt=at - LOOK_BACK).annotate(
        followed_at=Subquery(follows.values("received_at")[:1])
    )
    count, _rows = old.filter(Q(followed_at__lt=at - LOOK_BACK) | Q(received_at__lt=at - LONGEST)).delete()
    return count
