"""One dog's thread between family and clinic: its pages, what is new in it, who has read it, and what is unread."""

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Self
from uuid import UUID

from django.db.models import Count, DateTimeField, Exists, Max, Min, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from rehab.lib.time_zones import local_day
from rehab.patients.models import Caregiver
from rehab.programs.models import Prescription
from rehab.sessions.bundles import COUNTED_WITHIN, bundles
from rehab.sessions.models import Message, MessagesRead

PAGE: Final = 30
# More than this is not put under what an open page shows: the page is better loaded anew.
MOST_NEWS: Final = 100
# A message says when it came in, not when its transaction ended: who asks for news looks back a little.
OVERLAP: Final = dt.timedelta(seconds=60)
EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
MICROSECOND: Final = dt.timedelta(microseconds=1)
PLACE_TEXT: Final = re.compile(r"(\d{1,17})-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})", re.ASCII)
STATE_TEXT: Final = re.compile(r"(\d{1,9})-(\d{1,17})-(\d{1,17})", re.ASCII)


def _number(at: dt.datetime) -> int:
    return (at - EPOCH) // MICROSECOND


def _instant(number: str) -> dt.datetime:
    return EPOCH + int(number) * MICROSECOND


class Place(NamedTuple):
    """Where in the thread a message stands; those of one moment stand in the order of their keys."""

    received_at: dt.datetime
    id: UUID

    def __str__(self) -> str:
        return f"{_number(self.received_at)}-{self.id}"

    @classmethod
    def read(cls, text: str) -> Self | None:
        """The place that an address names; None where it names none."""
        found = PLACE_TEXT.fullmatch(text)
        return cls(_instant(found[1]), UUID(found[2])) if found else None


class State(NamedTuple):
    """What a page knew when it was printed: how many messages, who has read when, and the newest of them."""

    total: int
    read_at: dt.datetime
    newest_at: dt.datetime

    def __str__(self) -> str:
        return f"{self.total}-{_number(self.read_at)}-{_number(self.newest_at)}"

    @classmethod
    def read(cls, text: str) -> Self | None:
        """The state that a page brings back; None where it is none."""
        found = STATE_TEXT.fullmatch(text)
        return cls(int(found[1]), _instant(found[2]), _instant(found[3])) if found else None


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Somebody who has opened the thread, up to when, and whether at home or in the clinic."""

    user: UUID
    name: str
    until: dt.datetime
    is_family: bool


@dataclass(frozen=True, kw_only=True)
class Part:
    """Some messages of a thread, oldest first; ``before`` is the one before them, None where the thread begins."""

    messages: list[Message]
    before: Message | None


def newest(patient_id: UUID, *, before: Place | None = None) -> Part:
    """The newest messages, or those before a place; one query, however long the thread is."""
    rows = _thread(patient_id)
    if before is not None:
        rows = rows.filter(_earlier(before.received_at, before.id))
    found = list(rows[: PAGE + 1])
    return Part(messages=found[PAGE - 1 :: -1], before=found[PAGE] if len(found) > PAGE else None)


def news(patient_id: UUID, *, since: State | None) -> Part | None:
    """What has come in since a page was printed, and a little of what it shows already; None where that is too much."""
    if since is None:
        return newest(patient_id)
    found = list(_thread(patient_id).filter(received_at__gt=since.newest_at - OVERLAP)[: MOST_NEWS + 1])[::-1]
    if len(found) > MOST_NEWS:
        return None
    before = None
    if found:
        first = found[0]
        before = _thread(patient_id).filter(_earlier(first.received_at, first.pk)).first()
    return Part(messages=found, before=before)


def state(patient_id: UUID, readers: Sequence[Reader]) -> State:
    """What a page that is printed now must know to be told of news later; one query."""
    found = Message.objects.filter(patient=patient_id).aggregate(total=Count("pk"), newest=Max("received_at"))
    read_at = max((one.until for one in readers), default=EPOCH)
    return State(found["total"], read_at, found["newest"] or EPOCH)


def readers(patient_id: UUID) -> list[Reader]:
    """Who has opened the thread; who never cared for the dog at home did it as the clinic's."""
    at_home = Caregiver.objects.filter(user=OuterRef("user"), patient=OuterRef("patient"))
    marks = (
        MessagesRead.objects.filter(patient=patient_id)
        .annotate(is_family=Exists(at_home))
        .select_related("user")
        .order_by("until", "pk")
    )
    return [
        Reader(
            user=mark.user_id,
            name=mark.user.get_short_name() if mark.is_family else mark.user.get_full_name(),
            until=mark.until,
            is_family=mark.is_family,
        )
        for mark in marks
    ]


def to_ask_about(patient_id: UUID, *, today: dt.date) -> list[tuple[UUID, str]]:
    """The exercises that a message can be about: those of the plan, by key and name."""
    rows = (
        Prescription.objects.filter(Q(ends_on=None) | Q(ends_on__gt=today), patient=patient_id)
        .order_by("position", "pk")
        .values_list("pk", "exercise__name")
    )
    return list(rows)


def unread_messages(user: UUID, patient: UUID) -> Coalesce:
    """How much news from the clinic one person at home has not opened yet, for ``annotate`` of any queryset.

    News is counted in bundles: what staff wrote within minutes is one. The same as ``bundles`` over what is unread.
    """
    mark = Subquery(MessagesRead.objects.filter(user=user, patient=patient).values("until")[:1])
    unread = Message.objects.filter(
        patient=patient,
        from_family=False,
        received_at__gt=Coalesce(mark, Value(EPOCH), output_field=DateTimeField()),
    )
    joined = unread.filter(
        _earlier(OuterRef("received_at"), OuterRef("pk")), received_at__gte=OuterRef("received_at") - COUNTED_WITHIN
    )
    counted = unread.filter(~Exists(joined)).order_by().values("patient").annotate(count=Count("pk")).values("count")
    return Coalesce(Subquery(counted), Value(0))


class Waiting(NamedTuple):
    """What the family wrote and nobody of the clinic has opened or answered: in bundles, and since which local day."""

    total: int
    since: dt.date


class _Waits(NamedTuple):
    patient: UUID
    from_family: bool
    received_at: dt.datetime
    time_zone: str


def waiting_messages(patient_ids: Collection[UUID]) -> dict[UUID, Waiting]:
    """The dogs about which messages of the family wait, in one statement for any number of dogs.

    A message waits for the clinic and not for one person: it waits no longer once any of the staff has opened the
    thread or written after it.
    """
    answered = Message.objects.filter(
        patient=OuterRef("patient"), from_family=False, received_at__gte=OuterRef("received_at")
    )
    at_home = Caregiver.objects.filter(user=OuterRef("user"), patient=OuterRef("patient"))
    opened = MessagesRead.objects.filter(
        ~Exists(at_home), patient=OuterRef("patient"), until__gte=OuterRef("received_at")
    )
    rows = (
        Message.objects.filter(~Exists(answered), ~Exists(opened), patient__in=patient_ids, from_family=True)
        .order_by("received_at", "pk")
        .values_list("patient_id", "from_family", "received_at", "patient__time_zone")
    )
    by_dog: defaultdict[UUID, list[_Waits]] = defaultdict(list)
    for row in rows:
        by_dog[row[0]].append(_Waits(*row))
    return {
        dog: Waiting(
            len(bundles(messages, within=COUNTED_WITHIN)),
            local_day(at=messages[0].received_at, time_zone=messages[0].time_zone),
        )
        for dog, messages in by_dog.items()
    }


def first_after(patient_id: UUID, at: dt.datetime) -> dt.datetime | None:
    """When the first message came in that is newer than the instant."""
    first: dt.datetime | None = Message.objects.filter(patient=patient_id, received_at__gt=at).aggregate(
        first=Min("received_at")
    )["first"]
    return first


def _thread(patient_id: UUID) -> QuerySet[Any]:
    """The messages, newest first, with what their lines say."""
    rows: QuerySet[Any] = (
        Message.objects.filter(patient=patient_id)
        .select_related("written_by", "prescription__exercise")
        .order_by("-received_at", "-pk")
    )
    return rows


def _earlier(received_at: Any, pk: Any) -> Q:
    return Q(received_at__lt=received_at) | Q(received_at=received_at, pk__lt=pk)
