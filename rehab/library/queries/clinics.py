"""Whose content a person of the staff sees."""

from collections.abc import Iterable
from typing import Any, Final, TypeVar

from django.db.models import Q, QuerySet

from accounts.models import Clinic, Membership, User
from rehab.library.models import Content, Exercise, Media

C = TypeVar("C", bound=Content)

CLINICAL_ROLES: Final = (Membership.Role.VET, Membership.Role.THERAPIST)


def treating_clinics(user: User) -> list[Clinic]:
    """The clinics in which the person works as vet or therapist today."""
    return list(Clinic.objects.where(user, *CLINICAL_ROLES).order_by("name", "pk"))


def seen_in(rows: "QuerySet[C]", clinics: Iterable[Clinic]) -> "QuerySet[C]":
    """Built-in content, and that of these clinics; a clinic admin without a clinical role is not of the staff."""
    return rows.filter(Q(clinic=None) | Q(clinic__in=clinics))


def best_by_slug(rows: Iterable[Any]) -> dict[str, Any]:
    """Of each slug one row: a clinic's own wins over the built-in one; of two clinics' own, the one written last."""
    return {row.slug: row for row in sorted(rows, key=lambda row: (row.clinic_id is not None, row.pk))}


def media_of(clinics: Iterable[Clinic]) -> QuerySet[Media]:
    """The own photos and clips of these clinics, in every state; what families sent is given out with their dog."""
    return Media.objects.filter(clinic__in=clinics, from_home=False)


def showing(media: Media) -> QuerySet[Exercise]:
    """The exercises, also of earlier versions, that show this photo or clip."""
    shown: QuerySet[Exercise] = Exercise.objects.filter(Q(photo=media) | Q(clip=media))
    return shown
