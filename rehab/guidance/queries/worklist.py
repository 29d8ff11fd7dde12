"""The clinic's dogs, most urgent first: three statements, however many dogs there are."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.db.models import Case, Count, Exists, F, OuterRef, Q, QuerySet, Subquery, TextField, When
from django.db.models.functions import Cast

from accounts.models import Membership, User
from rehab.lib.prepared import Prepared
from rehab.patients.models import CLINICAL_ROLES, Caregiver, Patient

PER_PAGE: Final = 100
SUMMARY: Final = (
    "as_of",
    "attention",
    "origin",
    "mechanism",
    "cause",
    "neuro_grade",
    "phase",
    "phase_name",
    "adherence_percent",
    "last_pain",
    "last_pain_on",
)


class Listed(NamedTuple):
    """One dog of the list; everything from ``as_of`` on is its summary, ``None`` while there is none yet.

    ``reasons`` and ``pain_series`` are JSON as it is stored: whoever prints it need not decode the same text twice.
    """

    id: UUID
    name: str
    breed: str
    time_zone: str
    owner: str | None
    as_of: dt.date | None
    attention: int | None
    origin: str | None
    mechanism: str | None
    cause: str | None
    neuro_grade: int | None
    phase: str | None
    phase_name: str | None
    adherence_percent: int | None
    last_pain: int | None
    last_pain_on: dt.date | None
    reasons: str | None
    pain_series: str | None


@dataclass(frozen=True, kw_only=True)
class Worklist:
    """One page of the list; ``total`` and ``urgent`` count what the search found on all pages."""

    dogs: list[Listed]
    page: Page[Any]
    total: int
    urgent: int


def treating_clinics(user: User) -> list[str]:
    """The names of the clinics in which the person works as vet or therapist."""
    return list(dict(CLINICS.rows(user=user.pk)).values())


def worklist(*, user: User, search: str = "", urgent_only: bool = False, page_number: str | None = None) -> Worklist:
    """The dogs of the clinics in which the person works as vet or therapist.

    A dog that nobody has weighed up yet comes first: what is not known never reads as good.
    """
    counts = list(_counts(user.pk, search)) if search else COUNTS.rows(user=user.pk)
    total, urgent = sum(row[0] for row in counts), sum(row[1] for row in counts)
    page = Paginator(range(urgent if urgent_only else total), PER_PAGE).get_page(page_number or 1)
    first = (page.number - 1) * PER_PAGE
    rows = (
        _dogs(user.pk, search, urgent_only=urgent_only, first=first)
        if search or urgent_only or first
        else FIRST_PAGE.rows(user=user.pk)
    )
    return Worklist(dogs=[Listed(*row) for row in rows], page=page, total=total, urgent=urgent)


def _clinics(user: UUID) -> QuerySet[Any, Any]:
    return (
        Membership.objects.current()
        .filter(user=user, role__in=CLINICAL_ROLES)
        .order_by("clinic__name", "clinic")
        .values_list("clinic", "clinic__name")
    )


def _found(user: UUID, search: str) -> QuerySet[Patient]:
    dogs = Patient.objects.treated_by(user)
    return dogs.filter(_named(search)) if search else dogs


def _needs_look() -> Q:
    return Q(summary=None) | Q(summary__attention__gt=0)


def _counts(user: UUID, search: str = "") -> QuerySet[Any, Any]:
    """For each clinic all dogs, and those that need a look."""
    return (
        _found(user, search)
        .values("clinic")
        .annotate(total=Count("pk"), urgent=Count("pk", filter=_needs_look()))
        .values_list("total", "urgent")
    )


def _dogs(user: UUID, search: str = "", *, urgent_only: bool = False, first: int = 0) -> QuerySet[Any, Any]:
    dogs = _found(user, search)
    if urgent_only:
        dogs = dogs.filter(_needs_look())
    owner = (
        _owners()
        .order_by("started_at", "pk")
        .values_list(Case(When(user__name="", then="user__email"), default="user__name"))
    )
    return (
        dogs.annotate(
            owner=Subquery(owner[:1]),
            reasons=Cast("summary__reasons", TextField()),
            pain_series=Cast("summary__pain_series", TextField()),
        )
        .order_by(F("summary__attention").desc(nulls_first=True), "pk")
        .values_list(
            "pk",
            "name",
            "breed",
            "time_zone",
            "owner",
            *(f"summary__{column}" for column in SUMMARY),
            "reasons",
            "pain_series",
        )
    )[first : first + PER_PAGE]


def _named(search: str) -> Q:
    owners = _owners().filter(Q(user__name__icontains=search) | Q(user__email__icontains=search))
    return Q(name__icontains=search) | Q(Exists(owners))


def _owners() -> QuerySet[Caregiver]:
    """Who owns the dog of the outer query."""
    return Caregiver.objects.current().filter(patient=OuterRef("pk"), relation=Caregiver.Relation.OWNER)


# A stand-in for the compiler; nobody has it.
_SOMEBODY: Final = UUID("00000000-0000-7000-8000-000000000001")

# What nearly every visit asks; for a search, a filter or a further page the ORM writes the SQL each time.
CLINICS: Final = Prepared(_clinics, user=_SOMEBODY)
COUNTS: Final = Prepared(_counts, user=_SOMEBODY)
FIRST_PAGE: Final = Prepared(_dogs, user=_SOMEBODY)
