"""A number that is missing between others is an entry that never came; one that was refused did come."""

import datetime as dt
import json
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from rehab.lib.ids import new_id
from rehab.patients.models import Patient
from rehab.programs.models import Program
from rehab.sessions.models import Command, RefusedCommand
from rehab.sessions.queries.gaps import gaps
from tests import make

PHONE = UUID("0a0b0c0d-0000-4000-8000-000000000001")
TWO_DAYS_AGO = make.NOW - dt.timedelta(days=2)


def entry(patient: Patient, user: User, number: int, *, device: UUID = PHONE, at: dt.datetime = TWO_DAYS_AGO) -> None:
    at += dt.timedelta(minutes=number)
    Command.objects.create(
        id=new_id(),
        clinic=patient.clinic,
        patient=patient,
        kind="tick",
        body_hash="",
        issued_by=user,
        done_at=at,
        received_at=at,
        day=at.date(),
        time_zone="UTC",
        device=device,
        sequence=number,
    )


def missing(*users: User, at: dt.datetime = make.NOW) -> list[tuple[str, int]]:
    return [(gap.name, gap.number) for gap in gaps([user.pk for user in users], at=at)]


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [([1, 2, 3], []), ([1, 3], [1]), ([2, 3], [1]), ([1, 2, 6, 7, 9], [1, 3])],
)
def test_missing_numbers_are_counted(patient: Patient, owner: User, numbers: list[int], expected: list[int]) -> None:
    for number in reversed(numbers):  # whatever the order of arrival
        entry(patient, owner, number)
    assert missing(owner) == [("Olga", number) for number in expected]


def test_refused_entry_did_arrive(patient: Patient, owner: User) -> None:
    for number in (1, 4):
        entry(patient, owner, number)
    RefusedCommand.objects.create(
        id=new_id(), issued_by=owner, device=PHONE, sequence=2, code="too_old", received_at=make.NOW
    )
    (gap,) = gaps([owner.pk], at=make.NOW)
    assert (gap.number, gap.device) == (1, PHONE)
    assert gap.after
    assert (gap.before - gap.after) == dt.timedelta(minutes=3)


def test_each_phone_and_person_counts_alone(patient: Patient, owner: User, caregiver: User) -> None:
    entry(patient, owner, 1)
    entry(patient, owner, 1, device=UUID(int=7))
    for number in (1, 2, 3):
        entry(patient, caregiver, number)
    assert missing(owner, caregiver) == []
    entry(patient, caregiver, 5)
    assert missing(owner, caregiver) == [("Carl", 1)]
    assert missing(owner) == []


def test_what_may_still_be_under_way_is_waited_for(patient: Patient, owner: User) -> None:
    entry(patient, owner, 1)
    entry(patient, owner, 3, at=make.NOW - dt.timedelta(hours=20))
    assert missing(owner) == []
    assert missing(owner, at=make.NOW + dt.timedelta(hours=20)) == [("Olga", 1)]
    assert missing(owner, at=make.NOW + dt.timedelta(days=91)) == []


def test_gaps_cost_two_statements(patient: Patient, owner: User) -> None:
    with CaptureQueriesContext(connection) as queries:
        assert gaps([owner.pk], at=make.NOW) == []
    assert len(queries) == 1
    for number in range(1, 20, 2):
        entry(patient, owner, number)
    with CaptureQueriesContext(connection) as queries:
        assert len(gaps([owner.pk], at=make.NOW)) == 9
    assert len(queries) == 2


def test_entry_of_ninety_days_may_follow_on_one_that_is_much_older(patient: Patient, owner: User) -> None:
    entry(patient, owner, 1, at=make.NOW - dt.timedelta(days=500))
    entry(patient, owner, 4)
    (gap,) = gaps([owner.pk], at=make.NOW, patient=patient.pk)
    assert (gap.number, gap.after) == (2, make.NOW - dt.timedelta(days=500) + dt.timedelta(minutes=1))


def test_number_that_came_twice_is_one_gap(patient: Patient, owner: User) -> None:
    for number in (1, 1, 4, 4, 5):
        entry(patient, owner, number)
    assert missing(owner) == [("Olga", 2)]


def test_only_the_entries_of_ninety_days_are_read(
    patient: Patient, owner: User, caregiver: User, vet: User, colleague: User
) -> None:
    """Whatever a family has sent in years: the newest are found by their arrival, and those before them by their number."""
    Command.objects.bulk_create(
        Command(
            id=new_id(),
            clinic=patient.clinic,
            patient=patient,
            kind="tick",
            issued_by=user,
            done_at=make.NOW - dt.timedelta(days=1000 - number / 2),
            received_at=make.NOW - dt.timedelta(days=1000 - number / 2),
            day=make.TODAY,
            device=PHONE,
            sequence=number,
        )
        for user in (owner, caregiver, vet, colleague)
        for number in range(1, 2000)
        if number != 1990
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
        with CaptureQueriesContext(connection) as queries:
            assert missing(owner) == [("Olga", 1)]
        cursor.execute(f"EXPLAIN {'QUERY PLAN ' if connection.vendor == 'sqlite' else ''}{queries[0]['sql']}")
        plan = "\n".join(str(row[-1]) for row in cursor.fetchall())
    assert "command_by_person" in plan
    assert "command_by_device" in plan
    assert "WindowAgg" not in plan


def test_person_is_told_of_what_never_came(as_user: Any, patient: Patient, owner: User, caregiver: User) -> None:
    for number in (1, 3, 6):
        entry(patient, owner, number, at=dt.datetime.now(dt.UTC) - dt.timedelta(days=2))
    html = as_user(owner).get(reverse("sessions:outbox")).content.decode()
    assert ("1 entry, made between" in html, "2 entries, made between" in html) == (True, True)
    assert "never came" not in as_user(caregiver).get(reverse("sessions:outbox")).content.decode()


def test_what_the_clinic_is_told_lies_between_entries_about_its_own_dog(
    patient: Patient, owner: User, vet: User
) -> None:
    other = make.make_patient(patient.clinic, vet, owner=owner, name="Luna")
    for number, dog in ((1, patient), (3, patient), (5, other), (7, other)):
        entry(dog, owner, number)
    assert missing(owner) == [("Olga", 1)] * 3
    for dog in (patient, other):
        (gap,) = gaps([owner.pk], at=make.NOW, patient=dog.pk)
        assert gap.number == 1


def test_entry_about_another_dog_is_no_gap_between_those_about_this_one(
    patient: Patient, owner: User, vet: User
) -> None:
    other = make.make_patient(patient.clinic, vet, owner=owner, name="Luna")
    for number, dog in ((1, patient), (2, other), (3, patient)):
        entry(dog, owner, number)
    assert gaps([owner.pk], at=make.NOW, patient=patient.pk) == []


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "dance"},
        {"payload": {}},
        {"patient": "01a20170-0000-7000-8000-00000000000f"},
        {"day": "2031-01-01"},
    ],
)
def test_whatever_is_refused_did_arrive(
    as_user: Any, patient: Patient, owner: User, program: Program, change: dict[str, Any]
) -> None:
    sent = {
        "id": str(new_id()),
        "kind": "pain",
        "patient": str(patient.pk),
        "payload": {"moment": "before", "score": 2},
        "day": patient.today(make.now()).isoformat(),
        "done_at": make.now().isoformat(),
        "device": str(PHONE),
        "sequence": 2,
    }
    answer = as_user(owner).post(
        reverse("api:commands"), json.dumps([{**sent, **change}]), content_type="application/json"
    )
    assert answer.json()["answers"][0]["outcome"] == "refused"
    assert RefusedCommand.objects.values_list("device", "sequence").get() == (PHONE, 2)
