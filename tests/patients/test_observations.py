"""Measures: what may be recorded by whom, and that nothing is ever overwritten."""

import datetime as dt
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.access import Role
from accounts.models import AuditEvent, User
from rehab.library import reading
from rehab.patients import measure_wording
from rehab.patients.measured import last_values
from rehab.patients.measures import MEASURES, is_recordable
from rehab.patients.models import Observation, Patient
from rehab.patients.observing import NotRecordable, OnlyAVetSays, record_observations
from tests import make

SignIn = Callable[[User], Client]
VET = frozenset({Role.VET})
THERAPIST = frozenset({Role.THERAPIST})


@pytest.fixture(autouse=True)
def _at_that_time(now: dt.datetime) -> Iterator[None]:
    with time_machine.travel(now, tick=False):
        yield


@pytest.fixture
def url(patient: Patient) -> str:
    return reverse("patients:observation-create", args=[patient.pk])


def test_measures_are_metrics_of_the_content_with_words() -> None:
    assert set(MEASURES) <= set(reading.metrics())
    assert set(measure_wording.LABELS) == set(MEASURES)
    assert {one.metric for one in MEASURES.values() if one.kind == "scale"} == set(measure_wording.SCALES)
    for metric, scale in measure_wording.SCALES.items():
        assert len(scale) == MEASURES[metric].high + 1


@pytest.mark.parametrize(
    ("metric", "value", "accepted"),
    [
        ("standing_s", "0", True),
        ("standing_s", "600", True),
        ("standing_s", "601", False),
        ("standing_s", "12.5", False),
        ("pole_touches", "0.5", True),
        ("pole_touches", "0.55", False),
        ("weight_kg", "0.4", False),
        ("weight_kg", "9.45", True),
        ("knuckling_level", "4", False),
        ("limb_stable_signed", "1", True),
    ],
)
def test_measure_accepts_only_what_can_be(metric: str, value: str, accepted: bool) -> None:
    assert MEASURES[metric].accepts(Decimal(value)) is accepted


def test_only_a_vet_says_that_the_limb_is_stable() -> None:
    assert is_recordable("limb_stable_signed", by_a_vet=True)
    assert not is_recordable("limb_stable_signed", by_a_vet=False)
    assert is_recordable("standing_s", by_a_vet=False)
    assert not is_recordable("vet_signed_phase", by_a_vet=True)


def test_recording_writes_the_rows_and_one_audit_event(patient: Patient, therapist: User, now: dt.datetime) -> None:
    day = now.date() - dt.timedelta(days=1)
    rows = record_observations(
        patient=patient,
        values={"standing_s": Decimal(40), "straight_sits": Decimal(3)},
        day=day,
        note="After the walk",
        by=therapist,
        roles=THERAPIST,
        at=now,
    )
    assert [(one.metric, one.value, one.day, one.note, one.recorded_by) for one in rows] == [
        ("standing_s", Decimal(40), day, "After the walk", therapist),
        ("straight_sits", Decimal(3), day, "After the walk", therapist),
    ]
    event = AuditEvent.objects.get(kind="patient.observed")
    assert (event.actor, event.subject_id, event.details) == (
        therapist,
        patient.pk,
        {"metrics": ["standing_s", "straight_sits"], "day": day.isoformat()},
    )


@pytest.mark.parametrize(
    ("values", "days", "note"),
    [
        ({}, 0, ""),
        ({"pain_after": Decimal(2)}, 0, ""),
        ({"standing_s": Decimal(700)}, 0, ""),
        ({"standing_s": Decimal(30)}, 1, ""),
        ({"standing_s": Decimal(30)}, -400, ""),
        ({"standing_s": Decimal(30)}, 0, "x" * 256),
    ],
)
def test_recording_refuses_what_cannot_be_and_writes_nothing(
    patient: Patient, vet: User, now: dt.datetime, values: dict[str, Decimal], days: int, note: str
) -> None:
    patient.born_on = now.date() - dt.timedelta(days=300)
    with pytest.raises(NotRecordable):
        record_observations(
            patient=patient,
            values=values,
            day=now.date() + dt.timedelta(days=days),
            note=note,
            by=vet,
            roles=VET,
            at=now,
        )
    assert not Observation.objects.exists()
    assert not AuditEvent.objects.filter(kind="patient.observed").exists()


def test_recording_a_vets_tick_as_therapist_is_refused(patient: Patient, therapist: User, now: dt.datetime) -> None:
    with pytest.raises(OnlyAVetSays):
        record_observations(
            patient=patient,
            values={"standing_s": Decimal(30), "limb_stable_signed": Decimal(1)},
            day=now.date(),
            note="",
            by=therapist,
            roles=THERAPIST,
            at=now,
        )
    assert not Observation.objects.exists()


def test_last_values_take_the_newest_row_of_a_day_and_the_day_before(
    patient: Patient, vet: User, today: dt.date
) -> None:
    make.observe(patient, "standing_s", 20, vet, today - dt.timedelta(days=9))
    make.observe(patient, "standing_s", 30, vet, today - dt.timedelta(days=7))
    make.observe(patient, "standing_s", 90, vet, today)
    Observation.objects.create(
        clinic=patient.clinic,
        patient=patient,
        metric="standing_s",
        value=40,
        day=today,
        note="Misread the watch",
        recorded_by=vet,
        recorded_at=make.NOW + dt.timedelta(minutes=1),
    )
    make.observe(patient, "knuckling_level", 2, vet, today - dt.timedelta(days=1))
    found = last_values(patient.pk)
    assert [(one.label, one.text, one.before, one.day, one.note, one.by) for one in found] == [
        ("Standing without help", "40 s", "30 s", today, "Misread the watch", "Dr. Vera Lind"),
        ("Knuckling", "2, often", "", today - dt.timedelta(days=1), "", "Dr. Vera Lind"),
    ]
    assert Observation.objects.count() == 5


@pytest.mark.parametrize("rows", [1, 3])
def test_page_takes_the_same_queries_for_any_number_of_values(
    patient: Patient,
    vet: User,
    url: str,
    as_user: SignIn,
    django_assert_num_queries: DjangoAssertNumQueries,
    today: dt.date,
    rows: int,
) -> None:
    for metric in ["standing_s", "straight_sits", "weight_kg"][:rows]:
        make.observe(patient, metric, 5, vet, today)
    client = as_user(vet)
    client.get(url)
    with django_assert_num_queries(4):  # session, person, dog, values
        assert client.get(url).status_code == 200


def test_page_saves_only_what_was_filled_in(
    patient: Patient, therapist: User, url: str, as_user: SignIn, today: dt.date
) -> None:
    answer = as_user(therapist).post(
        url,
        {
            "day": today.isoformat(),
            "standing_s": "45",
            "knuckling_level": "1",
            "urination_normal": "",
            "note": "On grass",
        },
        follow=True,
    )
    assert answer.redirect_chain == [(url, 302)]
    assert sorted(Observation.objects.values_list("metric", "value", "recorded_by")) == [
        ("knuckling_level", Decimal(1), therapist.pk),
        ("standing_s", Decimal(45), therapist.pk),
    ]
    assert "2 measures were recorded." in answer.content.decode()
    assert "45 s" in answer.content.decode()


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"standing_s": "1000"}, "whole number from 0 to 600"),
        ({"standing_s": "12.5"}, "whole number from 0 to 600"),
        ({"standing_s": "long"}, "Please enter a number."),
        ({"knuckling_level": "7"}, "Please choose one of the answers shown."),
        ({}, "Fill in at least one measure."),
        ({"standing_s": "10", "day": "2030-01-01"}, "This day is still to come."),
        ({"standing_s": "10", "day": "2019-01-01"}, "before the dog was born"),
        ({"standing_s": "10", "day": "soon"}, "Please enter a date"),
        ({"limb_stable_signed": "1"}, "Only a vet says this."),
    ],
)
def test_page_refuses_with_a_sentence_and_keeps_what_was_typed(
    patient: Patient, therapist: User, url: str, as_user: SignIn, today: dt.date, typed: dict[str, Any], says: str
) -> None:
    Patient.objects.filter(pk=patient.pk).update(born_on=dt.date(2020, 1, 1))
    answer = as_user(therapist).post(url, {"day": today.isoformat(), "weight_kg": "", "note": "kept", **typed})
    assert answer.status_code == 422
    assert says in answer.content.decode()
    assert 'value="kept"' in answer.content.decode()
    assert not Observation.objects.exists()


def test_page_shows_the_vets_tick_to_vets_alone(
    patient: Patient, vet: User, therapist: User, url: str, as_user: SignIn, today: dt.date
) -> None:
    assert "limb_stable_signed" not in as_user(therapist).get(url).content.decode()
    client = as_user(vet)
    assert "limb_stable_signed" in client.get(url).content.decode()
    assert client.post(url, {"day": today.isoformat(), "limb_stable_signed": "1"}).status_code == 302
    assert Observation.objects.get().metric == "limb_stable_signed"


@pytest.mark.parametrize(
    ("who", "code"), [("owner", 403), ("caregiver", 403), ("admin", 404), ("outside_vet", 404), ("stranger", 404)]
)
def test_page_is_closed_to_who_is_no_staff_of_the_dog(
    request: pytest.FixtureRequest, as_user: SignIn, url: str, today: dt.date, who: str, code: int
) -> None:
    client = as_user(request.getfixturevalue(who))
    assert client.get(url).status_code == code
    assert client.post(url, {"day": today.isoformat(), "standing_s": "45"}).status_code == code
    assert not Observation.objects.exists()


@pytest.mark.parametrize("day", ["0001-01-01", "1970-01-01"])
def test_measure_of_a_day_on_which_no_dog_of_today_lived_is_refused(
    as_user: SignIn, vet: User, url: str, patient: Patient, now: dt.datetime, day: str
) -> None:
    assert patient.born_on is None
    assert as_user(vet).post(url, {"standing_s": "10", "day": day}).status_code == 422
    with pytest.raises(NotRecordable):
        record_observations(
            patient=patient,
            values={"standing_s": Decimal(10)},
            day=dt.date.fromisoformat(day),
            note="",
            by=vet,
            roles=VET,
            at=now,
        )
    assert not Observation.objects.exists()
