"""Who asks, and the row they ask about."""

from collections.abc import Sequence
from typing import Any, TypeVar
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.utils.translation import gettext as _

from accounts.access import signed_in
from accounts.models import Clinic, User
from rehab.library.models import Content
from rehab.library.queries.clinics import seen_in, treating_clinics

C = TypeVar("C", bound=Content)


def staff_of(request: HttpRequest) -> tuple[User, list[Clinic]]:
    """The person and the clinics in which they are vet or therapist today.

    Raises:
        PermissionDenied: there is none.
    """
    user = signed_in(request)
    clinics = treating_clinics(user)
    if not clinics:
        raise PermissionDenied(_("Only vets and therapists of a clinic use the library."))
    return user, clinics


def found(rows: "QuerySet[C]", *, pk: UUID, clinics: list[Clinic]) -> C:
    """One built-in row, or one of the person's clinics.

    Raises:
        Http404: no such row, or another clinic's (the two look the same).
    """
    row = seen_in(rows, clinics).filter(pk=pk).first()
    if row is None:
        raise Http404
    return row


def own(rows: "QuerySet[C]", *, pk: UUID, clinics: list[Clinic]) -> C:
    """One row of the person's clinics.

    Raises:
        Http404: no such row, or another clinic's.
        PermissionDenied: it is built in.
    """
    row = found(rows, pk=pk, clinics=clinics)
    if row.clinic_id is None:
        raise PermissionDenied(_("Built-in content stays as it is. Make a copy for your clinic and change that."))
    return row


def standing(
    content: Content, *, versions: Sequence[Any], copies: Sequence[Any], clinics: Sequence[Clinic]
) -> dict[str, Any]:
    """Where a row stands among its versions and copies, and what may be done with it."""
    newest = next((version for version in versions if version.superseded_at is None), None)
    is_last = bool(versions) and versions[0].pk == content.pk
    return {
        "newest": newest,
        "is_last_and_retired": is_last and newest is None,
        "copies": copies,
        # A clinic has one copy; another clinic of the same person may still make its own.
        "may_copy": len([copy for copy in copies if copy.clinic_id]) < len(clinics),
    }
