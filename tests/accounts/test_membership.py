"""Roles in a clinic: several at once, each from one moment to another."""

import datetime as dt

import pytest

from accounts.actions import (
    AlreadyMember,
    MembershipEnded,
    add_membership,
    create_clinic,
    end_membership,
    get_or_create_person,
)
from accounts.models import AuditEvent, Clinic, Membership, User
from rehab.patients.models import Patient
from tests import make

Role = Membership.Role
LATER = make.NOW + dt.timedelta(hours=1)


def test_a_person_holds_several_roles_at_once(clinic: Clinic, admin: User) -> None:
    person = make.make_user()
    for role in (Role.VET, Role.THERAPIST, Role.ADMIN):
        add_membership(user=person, clinic=clinic, role=role, by=admin, at=make.NOW)
    held = Membership.objects.current().filter(user=person).values_list("role", flat=True)
    assert set(held) == {"vet", "therapist", "admin"}


def test_the_same_role_twice_is_refused_and_leaves_no_trace(clinic: Clinic, vet: User, admin: User) -> None:
    events = AuditEvent.objects.count()
    with pytest.raises(AlreadyMember):
        add_membership(user=vet, clinic=clinic, role=Role.VET, by=admin, at=make.NOW)
    assert AuditEvent.objects.count() == events
    assert Membership.objects.filter(user=vet).count() == 1


def test_ended_membership_loses_access_and_can_begin_again(clinic: Clinic, vet: User, patient: Patient) -> None:
    assert Patient.objects.visible_to(vet).get() == patient
    membership = Membership.objects.get(user=vet)
    end_membership(membership=membership, by=None, at=LATER)
    assert list(Patient.objects.visible_to(vet)) == []
    assert list(Clinic.objects.visible_to(vet)) == []
    add_membership(user=vet, clinic=clinic, role=Role.VET, by=None, at=LATER)
    assert Patient.objects.visible_to(vet).get() == patient


def test_membership_ends_once(vet: User, admin: User) -> None:
    membership = Membership.objects.get(user=vet)
    end_membership(membership=membership, by=admin, at=LATER)
    with pytest.raises(MembershipEnded):
        end_membership(membership=membership, by=admin, at=LATER + dt.timedelta(hours=1))
    assert Membership.objects.get(pk=membership.pk).ended_at == LATER
    assert AuditEvent.objects.filter(kind="membership.ended").count() == 1


def test_acts_are_audited_with_ids_and_without_names(admin: User) -> None:
    clinic = create_clinic(name="CANARY clinic", by=admin, at=make.NOW, time_zone="Europe/Madrid")
    person = get_or_create_person(
        email="CANARY@example.test",
        name="CANARY person",
        time_zone="UTC",
        language="en",
        by=admin,
        at=make.NOW,
        clinic_id=clinic.pk,
    )
    membership = add_membership(user=person, clinic=clinic, role=Role.VET, by=admin, at=make.NOW)
    events = AuditEvent.objects.filter(clinic=clinic)
    assert {(event.kind, event.subject_id, event.actor_id, event.at) for event in events} == {
        ("clinic.created", clinic.pk, admin.pk, make.NOW),
        ("user.created", person.pk, admin.pk, make.NOW),
        ("membership.started", membership.pk, admin.pk, make.NOW),
    }
    assert "canary" not in str(list(events.values())).lower()


def test_known_person_is_not_renamed(owner: User) -> None:
    found = get_or_create_person(
        email="Owner@Example.test",
        name="Somebody Else",
        time_zone="Asia/Tokyo",
        language="es",
        by=None,
        at=make.NOW,
        clinic_id=None,
    )
    assert found == owner
    owner.refresh_from_db()
    assert (owner.name, owner.time_zone, owner.language) == ("Olga Ruiz", "UTC", "en")
    assert not AuditEvent.objects.filter(kind="user.created").exists()
