"""Loading a dog, or a row about a dog, together with the check of who asks."""

from collections.abc import Iterable
from typing import Any, TypeVar
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db.models import Exists, Model, OuterRef, Q, QuerySet
from django.http import Http404
from django.utils.translation import gettext as _

from accounts.access import Right, Role, allowed
from accounts.models import Membership, User
from rehab.patients.models import Caregiver, Patient

M = TypeVar("M", bound=Model)

ROLE_FLAGS = {
    "role_owner": Role.OWNER,
    "role_caregiver": Role.CAREGIVER,
    "role_therapist": Role.THERAPIST,
    "role_vet": Role.VET,
}


def role_flags(user: User | UUID, *, patient: str, clinic: str) -> dict[str, Exists]:
    """Annotations, one a role, that tell what the person is to the dog in the row's ``patient`` and ``clinic``."""
    caring = Caregiver.objects.current().filter(user=user, patient=OuterRef(patient))
    working = Membership.objects.current().filter(user=user, clinic=OuterRef(clinic))
    return {
        "role_owner": Exists(caring.filter(relation=Caregiver.Relation.OWNER)),
        "role_caregiver": Exists(caring.filter(relation=Caregiver.Relation.CAREGIVER)),
        "role_therapist": Exists(working.filter(role=Membership.Role.THERAPIST)),
        "role_vet": Exists(working.filter(role=Membership.Role.VET)),
    }


def roles_of(row: Model) -> frozenset[Role]:
    """What the person who loaded the row is to its dog."""
    return frozenset(role for flag, role in ROLE_FLAGS.items() if getattr(row, flag))


def may(right: Right, row: Model) -> bool:
    """Whether the person who loaded the row has the right."""
    return allowed(right, roles_of(row))


def load(rows: QuerySet[M], *, pk: UUID, user: User, right: Right) -> M:
    """One row about a dog, in one query: not visible is 404, visible but not allowed is 403.

    ``rows`` is a queryset of ``Patient`` or of a model with ``patient`` and ``clinic``.

    Raises:
        Http404: no such row, or not the person's to see (the two look the same).
        PermissionDenied: the person sees the dog but may not do this.
    """
    is_patient = rows.model is Patient
    flags = role_flags(user, patient="pk" if is_patient else "patient", clinic="clinic")
    visible = Q()
    for flag in ROLE_FLAGS:
        visible |= Q(**{flag: True})
    row: M | None = rows.annotate(**flags).filter(visible, pk=pk).first()
    if row is None:
        raise Http404
    if not may(right, row):
        raise PermissionDenied(_("Your role does not allow this."))
    return row


def load_patient(*, pk: UUID, user: User, right: Right, related: Iterable[str] = ("clinic",)) -> Any:
    """The dog, with its clinic; see ``load``."""
    return load(Patient.objects.select_related(*related), pk=pk, user=user, right=right)
