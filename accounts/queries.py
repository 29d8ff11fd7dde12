"""The people of a clinic, for one screen."""

from dataclasses import dataclass
from uuid import UUID

from accounts.models import Clinic, Membership, User


@dataclass(frozen=True, kw_only=True)
class Person:
    """One person and the roles they hold in one clinic today."""

    user: User
    roles: list[Membership.Role]


@dataclass(frozen=True, kw_only=True)
class ClinicPeople:
    """A clinic and its people, by name."""

    clinic: Clinic
    people: list[Person]


def people_of(*, admin: User) -> list[ClinicPeople]:
    """Everybody who works in a clinic that the person administers today."""
    administered = Clinic.objects.where(admin, Membership.Role.ADMIN).order_by("name", "pk")
    clinics = {clinic.pk: ClinicPeople(clinic=clinic, people=[]) for clinic in administered}
    memberships = (
        Membership.objects.current()
        .filter(clinic__in=clinics)
        .select_related("user")
        .order_by("user__name", "user__email", "started_at", "pk")
    )
    seen: dict[tuple[UUID, UUID], Person] = {}
    for membership in memberships:
        key = (membership.clinic_id, membership.user_id)
        if key not in seen:
            seen[key] = Person(user=membership.user, roles=[])
            clinics[membership.clinic_id].people.append(seen[key])
        seen[key].roles.append(Membership.Role(membership.role))
    return list(clinics.values())
