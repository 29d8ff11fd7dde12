"""Clinics, people and the roles that people hold in clinics."""

import datetime as dt
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from accounts.models import Clinic, Membership, User, record


class AlreadyMember(Exception):
    """The person holds this role in this clinic today."""


class MembershipEnded(Exception):
    """The role ended before."""


@transaction.atomic
def create_clinic(*, name: str, by: User | None, at: dt.datetime, **fields: Any) -> Clinic:
    """Open a clinic; ``fields`` are its time zone and phones."""
    clinic = Clinic.objects.create(name=name, created_at=at, **fields)
    record("clinic.created", subject=clinic, by=by, at=at, clinic_id=clinic.pk)
    return clinic


@transaction.atomic
def get_or_create_person(
    *,
    email: str,
    name: str,
    time_zone: str,
    language: str,
    by: User | None,
    at: dt.datetime,
    clinic_id: UUID | None,
) -> User:
    """The person with this e-mail, created when unknown.

    A person who is known stays as they are: whoever types an address must not rename the one who owns it.
    """
    email = email.lower()
    existing = User.objects.filter(email=email).first()
    if existing is not None:
        return existing
    try:
        with transaction.atomic():
            user = User.objects.create_user(email, name=name, time_zone=time_zone, language=language, created_at=at)
    except IntegrityError:  # somebody sent the same form twice at once
        return User.objects.get(email=email)
    record("user.created", subject=user, by=by, at=at, clinic_id=clinic_id)
    return user


@transaction.atomic
def add_membership(
    *, user: User, clinic: Clinic, role: Membership.Role, by: User | None, at: dt.datetime
) -> Membership:
    """Give a person one more role in a clinic.

    Raises:
        AlreadyMember: the person holds it today.
    """
    try:
        with transaction.atomic():
            membership = Membership.objects.create(user=user, clinic=clinic, role=role, started_at=at)
    except IntegrityError as error:
        raise AlreadyMember from error
    record(
        "membership.started",
        subject=membership,
        by=by,
        at=at,
        clinic_id=clinic.pk,
        user=str(user.pk),
        role=str(role),
    )
    return membership


@transaction.atomic
def end_membership(*, membership: Membership, by: User | None, at: dt.datetime) -> None:
    """End a role; from the next request on it opens nothing.

    Raises:
        MembershipEnded: it ended before.
    """
    if not Membership.objects.current().filter(pk=membership.pk).update(ended_at=at):
        raise MembershipEnded
    record(
        "membership.ended",
        subject=membership,
        by=by,
        at=at,
        clinic_id=membership.clinic_id,
        user=str(membership.user_id),
        role=membership.role,
    )
