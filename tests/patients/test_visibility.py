"""Every clinical row is read through ``visible_to``."""

import datetime as dt
from collections.abc import Callable

import pytest
from django.db.models import QuerySet

from accounts.models import User
from rehab.patients.actions import invite_caregiver
from rehab.patients.models import Caregiver, CaregiverInvitation, Patient, ProblemDefinition
from tests import make

READS: dict[str, Callable[[User], QuerySet]] = {  # type: ignore[type-arg]
    "patients": Patient.objects.visible_to,
    "caregivers": Caregiver.objects.visible_to,
    "invitations": CaregiverInvitation.objects.visible_to,
    "definitions": ProblemDefinition.objects.visible_to,
}


@pytest.fixture
def rows(
    patient: Patient,
    definition: ProblemDefinition,
    caregiver: User,
    vet: User,
    stranger: User,
    outside_vet: User,
    now: dt.datetime,
) -> dict[str, int]:
    """One full dog of ours, and one of another clinic that could leak."""
    invite_caregiver(patient=patient, email="", relation="caregiver", by=vet, at=now)
    theirs = Patient.objects.get(name="CANARY dog")
    make.make_definition(theirs, outside_vet)
    invite_caregiver(patient=theirs, email="", relation="caregiver", by=outside_vet, at=now)
    return {"patients": 1, "caregivers": 2, "invitations": 1, "definitions": 1}


@pytest.mark.parametrize("who", ["vet", "colleague", "therapist", "owner", "caregiver"])
def test_those_around_the_dog_see_its_rows_and_no_others(
    who: str, rows: dict[str, int], request: pytest.FixtureRequest, clinic: object
) -> None:
    user = request.getfixturevalue(who)
    for name, read in READS.items():
        seen = list(read(user))
        assert len(seen) == rows[name], name
        assert {row.clinic for row in seen} == {clinic}, name


def test_an_admin_sees_no_clinical_row(rows: dict[str, int], admin: User) -> None:
    for name, read in READS.items():
        assert not read(admin).exists(), name


@pytest.mark.parametrize("who", ["stranger", "outside_vet"])
def test_others_see_only_their_own(
    who: str, rows: dict[str, int], request: pytest.FixtureRequest, other_clinic: object
) -> None:
    user = request.getfixturevalue(who)
    for name, read in READS.items():
        assert {row.clinic for row in read(user)} == {other_clinic}, name


def test_who_no_longer_works_there_sees_nothing(rows: dict[str, int], vet: User, now: dt.datetime) -> None:
    vet.memberships.update(ended_at=now)
    for name, read in READS.items():
        assert not read(vet).exists(), name
