"""SQL that is written once gives what the ORM gives."""

import datetime as dt
from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import Exists, OuterRef, QuerySet

from accounts.models import Membership, User
from rehab.lib.ids import new_id
from rehab.lib.prepared import Prepared, PreparedInsert
from rehab.patients.models import Patient
from rehab.sessions.models import ExerciseSession
from tests import make

SOME_DOG, SOME_USER = UUID(int=1), UUID(int=2)


def dogs(patient: UUID, user: UUID) -> QuerySet[Any, Any]:
    return (
        Patient.objects.filter(pk=patient)
        .annotate(works=Exists(Membership.objects.filter(user=user, role="vet", clinic=OuterRef("clinic"))))
        .values_list("pk", "name", "weight_kg", "born_on", "created_at", "works")
    )


def test_prepared_rows_are_those_of_the_queryset(patient: Patient, vet: User, owner: User) -> None:
    Patient.objects.filter(pk=patient.pk).update(weight_kg="9.75", born_on=dt.date(2019, 4, 5))
    prepared = Prepared(dogs, patient=SOME_DOG, user=SOME_USER)
    for user in (vet, owner):
        expected = [list(row) for row in dogs(patient.pk, user.pk)]
        assert prepared.rows(patient=patient.pk, user=user.pk) == expected
        assert expected[0][-1] is (user == vet)
    assert prepared.rows(patient=new_id(), user=vet.pk) == []


def test_prepared_is_one_statement(patient: Patient, vet: User, django_assert_num_queries: Any) -> None:
    prepared = Prepared(dogs, patient=SOME_DOG, user=SOME_USER)
    with django_assert_num_queries(2):
        prepared.rows(patient=patient.pk, user=vet.pk)
        prepared.rows(patient=patient.pk, user=vet.pk)


def test_prepared_refuses_a_parameter_that_does_nothing(patient: Patient) -> None:
    prepared = Prepared(
        lambda patient, user: Patient.objects.filter(pk=patient).values_list("pk"), patient=SOME_DOG, user=SOME_USER
    )
    with pytest.raises(LookupError, match="user"):
        prepared.rows(patient=patient.pk, user=SOME_USER)


def test_prepared_insert_writes_what_the_model_reads(patient: Patient) -> None:
    insert = PreparedInsert(ExerciseSession, "id", "clinic", "patient", "day", "number")
    days = [make.TODAY, make.TODAY - dt.timedelta(days=1)]
    insert.rows([(new_id(), patient.clinic_id, patient.pk, days[0], 1)])
    insert.rows([(new_id(), patient.clinic_id, patient.pk, day, 2) for day in days])
    found = ExerciseSession.objects.filter(patient=patient).order_by("number", "day")
    assert [(one.day, one.number) for one in found] == [(days[0], 1), (days[1], 2), (days[0], 2)]


def test_prepared_insert_is_refused_by_the_database_as_a_whole(patient: Patient) -> None:
    insert = PreparedInsert(ExerciseSession, "id", "clinic", "patient", "day", "number")
    rows = [(new_id(), patient.clinic_id, patient.pk, make.TODAY, 1)] * 2
    with pytest.raises(IntegrityError), transaction.atomic():
        insert.rows(rows)
    assert not ExerciseSession.objects.exists()
    assert connection.is_usable()
