"""Entries that were made on a phone and never came: numbers that are missing between others."""

import datetime as dt
from collections.abc import Collection
from typing import Final, NamedTuple
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from rehab.sessions.models import Command, RefusedCommand
from rehab.sessions.queries.rows import first_name

LOOK_BACK: Final = dt.timedelta(days=90)
# A phone sends warning signs before what is older, and a bad connection may hold the rest back for hours.
PATIENCE: Final = dt.timedelta(days=1)
# More are no longer read one by one.
MOST: Final = 20


class Gap(NamedTuple):
    """Entries of one person on one phone that are missing, and between which two instants they were made.

    ``after`` is ``None`` where nothing of that phone came before.
    """

    user: UUID
    name: str
    device: UUID
    number: int
    after: dt.datetime | None
    before: dt.datetime


def gaps(users: Collection[UUID], *, at: dt.datetime, patient: UUID | None = None) -> list[Gap]:
    """What is missing of these people's entries of ninety days, the newest first; two statements, one without a gap.

    With ``patient`` only what lies between two entries about that dog: a clinic is told of nobody else's. What was
    refused did arrive. A phone that was lost with all that it had not sent leaves no gap: nothing after it
    tells of what it held.
    """
    phone = Command.objects.filter(issued_by=OuterRef("issued_by"), device=OuterRef("device"))
    # The first of ninety days may follow on one that is much older: each is looked up, whatever its age.
    last = phone.filter(sequence__lt=OuterRef("sequence")).order_by("-sequence", "-pk")
    rows = (
        Command.objects.filter(
            ~Exists(phone.filter(sequence=OuterRef("sequence") - 1)),
            issued_by__in=users,
            device__isnull=False,
            sequence__gt=1,
            received_at__gt=at - LOOK_BACK,
            received_at__lt=at - PATIENCE,
        )
        .annotate(
            last=Coalesce(Subquery(last.values("sequence")[:1]), 0),
            last_at=Subquery(last.values("done_at")[:1]),
            last_patient=Subquery(last.values("patient")[:1]),
        )
        .filter(Q() if patient is None else Q(patient=patient, last_patient=patient))
        .order_by("-done_at", "pk")
        .values_list(
            *("issued_by", "issued_by__name", "issued_by__email", "device", "last", "sequence", "last_at", "done_at")
        )
    )
    # A number that came twice, from a phone that was set back, is one.
    found = {(row[0], row[3], row[5]): row for row in rows[:MOST]}.values()
    if not found:
        return []
    between = Q()
    for user, _name, _email, device, last, sequence, _last_at, _done_at in found:
        between |= Q(issued_by=user, device=device, sequence__gt=last, sequence__lt=sequence)
    arrived = list(RefusedCommand.objects.filter(between).values_list("issued_by", "device", "sequence").distinct())
    missing = []
    for user, name, email, device, last, sequence, last_at, done_at in found:
        refused = sum(
            1 for who, phone, number in arrived if (who, phone) == (user, device) and last < number < sequence
        )
        if number := sequence - last - 1 - refused:
            missing.append(Gap(user, first_name(name, email), device, number, last_at, done_at))
    return missing
