"""What the reminders of one clinic came to, for its page: sums over rows, no person and no dog by name."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

from django.db.models import Count, Q, Sum
from django.db.models.functions import Coalesce

from accounts.models import AuditEvent, Clinic
from rehab.nudges.effect import Effect, Tally, effect
from rehab.nudges.models import ClinicNudges, Nudge
from rehab.patients.models import Caregiver, ClinicalQuerySet, Patient

State, Reason, Channel = Nudge.State, Nudge.Reason, Nudge.Channel

# Rows that lost against a cap: nobody drew for them, even if one came to carry the message when another dog was done.
NOT_DRAWN: Final = (Reason.COMBINED, Reason.ONE_A_DAY, Reason.ENOUGH, Reason.EVERY_OTHER_DAY)
# By a link, on the page, through the mail provider, or by calling it spam.
SWITCHED_OFF: Final = ("nudges.stopped", "nudges.stopped_all", "nudges.unsubscribed", "nudges.complained")
# The period's first and last local day lie at most a day beside those of UTC.
A_DAY: Final = dt.timedelta(days=1)
CHUNK: Final = 2000


@dataclass(frozen=True, kw_only=True)
class Sending:
    """What became of messages; ``pushed`` of ``sent`` went to a phone, ``doubles`` is how often one may have come twice."""

    sent: int = 0
    withheld: int = 0
    failed: int = 0
    expired: int = 0
    doubles: int = 0
    pushed: int = 0
    delivered: int = 0
    opened: int = 0

    def __add__(self, other: "Sending") -> "Sending":
        return Sending(**{name: getattr(self, name) + getattr(other, name) for name in FIELDS})


FIELDS: Final = tuple(Sending.__dataclass_fields__)


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One clinic's reminders of a period, by kind.

    ``effects`` has each kind that was left to chance; ``waiting`` counts the decision points of which it is not known yet
    what followed. ``switched_off`` counts people who care for a dog of the clinic and have switched reminders off.
    """

    measures: bool
    effects: dict[str, Effect]
    waiting: int
    sendings: dict[str, Sending]
    switched_off: int

    @property
    def total(self) -> Sending:
        return sum(self.sendings.values(), start=Sending())


def measured(*, clinic: Clinic, since: dt.datetime, until: dt.datetime) -> Measured:
    """All numbers of the page about what was planned in the period, in five statements whatever the number of rows."""
    drawn = _drawn(clinic, since=since, until=until)
    return Measured(
        measures=not ClinicNudges.objects.filter(clinic=clinic, measures=False).exists(),
        effects={
            kind: effect(tally for _, tally in tallies)
            for kind, tallies in groupby(_tallies(drawn), key=lambda row: row[0])
        },
        waiting=drawn.filter(followed=None).count(),
        sendings=_sendings(clinic, since=since, until=until),
        switched_off=_switched_off(clinic, since=since, until=until),
    )


def _drawn(clinic: Clinic, *, since: dt.datetime, until: dt.datetime) -> ClinicalQuerySet:
    """The decision points (see ``actions.measuring``): the rows that were sent or withheld by lot."""
    rows: ClinicalQuerySet = Nudge.objects.filter(
        clinic=clinic, p_send__isnull=False, p_send__lt=1, planned_at__gte=since, planned_at__lt=until
    )
    return rows.exclude(reason__in=NOT_DRAWN)


def _tallies(drawn: ClinicalQuerySet) -> Iterator[tuple[str, Tally]]:
    """The sums of each kind, person, probability and arm, kinds one after the other; counted by the database."""
    rows: Any = (
        drawn.filter(followed__isnull=False)
        .values("kind", "user", "p_send")
        .annotate(
            withheld=Count("pk", filter=Q(state=State.WITHHELD)),
            withheld_followed=Count("pk", filter=Q(state=State.WITHHELD, followed=True)),
            points=Count("pk"),
            followed_all=Count("pk", filter=Q(followed=True)),
        )
        .order_by("kind")
    )
    for row in rows.iterator(chunk_size=CHUNK):
        of_person = {"person": row["user"], "chance": float(row["p_send"])}
        without, without_followed = row["withheld"], row["withheld_followed"]
        yield row["kind"], Tally(**of_person, is_sent=False, points=without, followed=without_followed)
        yield (
            row["kind"],
            Tally(
                **of_person,
                is_sent=True,
                points=row["points"] - without,
                followed=row["followed_all"] - without_followed,
            ),
        )


def _sendings(clinic: Clinic, *, since: dt.datetime, until: dt.datetime) -> dict[str, Sending]:
    """What became of the messages about the clinic's dogs; the clinic's own summary is none of them.

    Through the dogs, whose nudges have an index by day; there is none by clinic.
    """
    sent, pushed = Q(state=State.SENT), Q(state=State.SENT, channel=Channel.PUSH)
    rows = (
        Nudge.objects.filter(
            patient__in=Patient.objects.filter(clinic=clinic).values("pk"),
            local_day__gte=(since - A_DAY).date(),
            local_day__lte=(until + A_DAY).date(),
            planned_at__gte=since,
            planned_at__lt=until,
        )
        .values("kind")
        .annotate(
            sent=Count("pk", filter=sent),
            withheld=Count("pk", filter=Q(state=State.WITHHELD)),
            failed=Count("pk", filter=Q(state=State.FAILED)),
            expired=Count("pk", filter=Q(state=State.EXPIRED)),
            doubles=Coalesce(Sum("leases_lost"), 0),
            pushed=Count("pk", filter=pushed),
            delivered=Count("pk", filter=pushed & Q(delivered_at__isnull=False)),
            opened=Count("pk", filter=pushed & Q(opened_at__isnull=False)),
        )
        .order_by("kind")
    )
    return {row["kind"]: Sending(**{name: row[name] for name in FIELDS}) for row in rows}


def _switched_off(clinic: Clinic, *, since: dt.datetime, until: dt.datetime) -> int:
    """How many people who cared for a dog of the clinic switched reminders off, all or by e-mail, in a message or a page."""
    by_page = Q(kind="nudges.preference_set") & (
        Q(details__reminds=False) | Q(details__push_enabled=False, details__email_enabled=False)
    )
    return (
        AuditEvent.objects.filter(Q(kind__in=SWITCHED_OFF) | by_page, at__gte=since, at__lt=until)
        .filter(subject_id__in=Caregiver.objects.filter(patient__clinic=clinic).values("user"))
        .values("subject_id")
        .distinct()
        .count()
    )
