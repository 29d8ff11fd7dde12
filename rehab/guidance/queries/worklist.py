"""The clinic's dogs, most urgent first: three statements, however many dogs there are, whichever are shown."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.db.models import (
    Case,
    Count,
    Exists,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    TextField,
    UUIDField,
    Value,
    When,
)
from django.db.models.functions import Cast
from django.db.models.lookups import Exact

from accounts.access import Role
from accounts.models import Membership, User
from rehab.guidance.attention import Code
from rehab.guidance.models import Suggestion
from rehab.guidance.models.suggestions import Verdict
from rehab.lib.prepared import Prepared
from rehab.patients.models import CLINICAL_ROLES, Caregiver, Patient, ProblemDefinition
from rehab.programs.models import Program
from rehab.sessions.models import WarningReport

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
    """One dog of the list; everything from ``as_of`` to ``pain_series`` is its summary, ``None`` while there is none yet.

    ``reasons`` and ``pain_series`` are JSON as it is stored: whoever prints it need not decode the same text twice.
    """

    id: UUID
    name: str
    breed: str
    time_zone: str
    clinic: UUID
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
    died_on: dt.date | None = None


@dataclass(frozen=True, kw_only=True)
class Worklist:
    """One page of the list; ``total`` and ``urgent`` count what the search found on all pages, ``shown`` those asked for."""

    dogs: list[Listed]
    page: Page[Any]
    total: int
    urgent: int
    shown: int


class Treating(NamedTuple):
    """The clinics in which a person works as vet or therapist, with their names, and in which of them as a vet."""

    names: dict[UUID, str]
    as_vet: frozenset[UUID]


def treating_clinics(user: User) -> Treating:
    """Where the person works as vet or therapist; one statement."""
    rows = CLINICS.rows(user=user.pk)
    return Treating(
        {pk: name for pk, name, _role in rows}, frozenset(pk for pk, _name, role in rows if role == Role.VET)
    )


def worklist(*, user: User, search: str = "", show: str = "", page_number: str | None = None) -> Worklist:
    """The dogs of the clinics in which the person works as vet or therapist.

    A dog that nobody has weighed up yet comes first: what is not known never reads as good.
    """
    counts = list(_counts(user.pk, search, show)) if search or show else COUNTS.rows(user=user.pk)
    total, urgent, shown = (sum(row[place] for row in counts) for place in range(3))
    page = Paginator(range(shown), PER_PAGE).get_page(page_number or 1)
    first = (page.number - 1) * PER_PAGE
    rows = _dogs(user.pk, search, show, first=first) if search or show or first else FIRST_PAGE.rows(user=user.pk)
    return Worklist(dogs=[Listed(*row) for row in rows], page=page, total=total, urgent=urgent, shown=shown)


def one_dog(pk: UUID, *, user: User) -> list[Listed]:
    """The row of one dog, if it is in the person's list."""
    return [Listed(*row) for row in _rows(Patient.objects.treated_by(user.pk).filter(pk=pk))]


def _clinics(user: UUID) -> QuerySet[Any, Any]:
    return (
        Membership.objects.current()
        .filter(user=user, role__in=CLINICAL_ROLES)
        .order_by("clinic__name", "clinic", "role")
        .values_list("clinic", "clinic__name", "role")
    )


def _found(user: UUID, search: str, show: str = "") -> QuerySet[Patient]:
    """Which dogs the list is about: those that live, unless somebody looks for one that has died."""
    dogs = Patient.objects.treated_by(user)
    if search:
        return dogs.filter(_named(search))
    return dogs if show == "gone" else dogs.filter(died_on=None)


def _needs_look() -> Q:
    return Q(summary=None, died_on=None) | Q(summary__attention__gt=0, died_on=None)


def _asked_for(user: UUID, show: str) -> Q:
    """Which dogs a filter shows."""
    if show == "look":
        return _needs_look()
    if show == "mine":
        # Whoever signed what is wrong, or gave the program that runs.
        newest = ProblemDefinition.objects.signed().filter(patient=OuterRef("pk")).newest_first()
        signer = Subquery(newest.values("signed_by")[:1])
        assigned = Program.objects.open().filter(patient=OuterRef("pk"), created_by=user)
        return Q(Exists(assigned)) | Q(Exact(signer, Value(user, output_field=UUIDField())))
    if show == "ready":
        # Of what somebody has answered today the summary says nothing any more.
        waits = Suggestion.objects.open().filter(patient=OuterRef("pk"), verdict=Verdict.PROGRESS)
        told = Q(summary__reasons__icontains=f'"{Code.READY_TO_PROGRESS.value}"')
        return Q(Exists(waits)) & told
    if show == "gone":
        return Q(died_on__isnull=False)
    if show == "stopped":
        return Q(died_on=None) & Q(Exists(WarningReport.objects.unreleased().filter(patient=OuterRef("pk"))))
    return Q()


def _counts(user: UUID, search: str = "", show: str = "") -> QuerySet[Any, Any]:
    """For each clinic all dogs, those that need a look, and those that the filter shows."""
    wanted = _asked_for(user, show)
    return (
        _found(user, search, show)
        .values("clinic")
        .annotate(
            total=Count("pk", filter=Q(died_on=None)) if show == "gone" else Count("pk"),
            urgent=Count("pk", filter=_needs_look()),
            shown=Count("pk", filter=wanted) if wanted else Count("pk"),
        )
        .values_list("total", "urgent", "shown")
    )


def _dogs(user: UUID, search: str = "", show: str = "", *, first: int = 0) -> QuerySet[Any, Any]:
    return _rows(_found(user, search, show).filter(_asked_for(user, show)))[first : first + PER_PAGE]


def _rows(dogs: QuerySet[Patient]) -> QuerySet[Any, Any]:
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
            "clinic",
            "owner",
            *(f"summary__{column}" for column in SUMMARY),
            "reasons",
            "pain_series",
            "died_on",
        )
    )


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
