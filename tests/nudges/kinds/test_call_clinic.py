"""Nobody at the clinic has answered in time: the family is asked to call."""

import datetime as dt
from typing import Any

import pytest

from accounts.models import Clinic, User
from rehab.nudges.kinds.base import Reason, State
from rehab.nudges.kinds.call_clinic import KIND
from rehab.nudges.models import NudgePreference
from rehab.patients.models import Caregiver, Patient
from rehab.sessions.models import WarningReport
from tests import make
from tests.make import TODAY
from tests.nudges.families import statements
from tests.nudges.kinds.asking import (
    DAY,
    HOUR,
    MINUTE,
    asked,
    ended,
    looked,
    plan,
    release,
    report,
    rows,
    said,
)

NIGHT = make.NOW.replace(hour=23)


def told(patient: Patient, *, at: dt.datetime = make.NOW, **fields: Any) -> WarningReport:
    """A sign of an hour ago that nobody has answered, of which the family's page says so since the instant."""
    return report(patient, at=at - HOUR, told_to_call_at=at, **fields)


@pytest.mark.parametrize("at", [make.NOW, NIGHT, NIGHT + 4 * HOUR])
def test_emergency_goes_out_at_any_hour(patient: Patient, owner: User, caregiver: User, at: dt.datetime) -> None:
    one = told(patient, at=at)
    found = rows(KIND, at + 5 * MINUTE)
    assert {row.user for row in found} == {owner.pk, caregiver.pk}
    assert {(row.patient, row.clinic, row.zone, row.minutes, row.number, row.subject) for row in found} == {
        (patient.pk, patient.clinic_id, "UTC", 12 * 60 - 5, None, one.pk)
    }


@pytest.mark.parametrize(("hour", "is_told"), [(7, False), (8, True), (17, True), (20, True), (21, False), (23, False)])
def test_what_can_wait_for_the_day_waits_for_the_morning(
    patient: Patient, owner: User, hour: int, is_told: bool
) -> None:
    at = make.NOW.replace(hour=hour)
    told(patient, at=at - 10 * MINUTE, urgency="call_today")
    assert bool(rows(KIND, at)) is is_told


def test_quiet_is_where_the_person_is(patient: Patient, owner: User, caregiver: User, now: dt.datetime) -> None:
    User.objects.filter(pk=owner.pk).update(time_zone="Asia/Kathmandu")
    told(patient, urgency="call_today")
    assert asked(KIND, now) == {caregiver.pk}


@pytest.mark.parametrize(
    ("fields", "is_told"),
    [
        ({}, True),
        ({"told_to_call_at": None}, False),
        ({"told_to_call_at": make.NOW - 12 * HOUR}, False),
        ({"told_to_call_at": make.NOW - 12 * HOUR + MINUTE}, True),
        ({"urgency": "next_review"}, False),
        ({"seen_at": make.NOW}, True),
    ],
)
def test_only_what_waits(
    patient: Patient, owner: User, now: dt.datetime, fields: dict[str, Any], is_told: bool
) -> None:
    told(patient)
    WarningReport.objects.update(**fields)
    assert bool(rows(KIND, now)) is is_told


def test_nobody_is_told_once_it_is_taken_over_or_released(
    patient: Patient, vet: User, owner: User, now: dt.datetime
) -> None:
    one = told(patient)
    plan(KIND, now)
    assert ended(KIND, now) == []
    WarningReport.objects.update(acknowledged_at=now, acknowledged_by=vet)
    assert ended(KIND, now) == [(State.SUPPRESSED, Reason.ANSWERED)]
    WarningReport.objects.update(acknowledged_at=None, acknowledged_by=None)
    release(one, by=vet)
    assert ended(KIND, now) == [(State.SUPPRESSED, Reason.ANSWERED)]


@pytest.mark.parametrize("how", ["taken over", "released"])
def test_nobody_is_planned_for_then(patient: Patient, vet: User, owner: User, now: dt.datetime, how: str) -> None:
    one = told(patient)
    if how == "released":
        release(one, by=vet)
    else:
        WarningReport.objects.update(acknowledged_at=now, acknowledged_by=vet)
    assert rows(KIND, now) == []


def test_nothing_that_is_switched_off_holds_it_back(
    patient: Patient, owner: User, caregiver: User, now: dt.datetime
) -> None:
    told(patient)
    NudgePreference.objects.update(
        reminds=False, email_enabled=False, push_enabled=False, snoozed_until=now + DAY, bounced_at=now
    )
    assert asked(KIND, now) == {owner.pk, caregiver.pk}


def test_once_for_each_report(patient: Patient, owner: User, now: dt.datetime) -> None:
    first = told(patient, at=NIGHT)
    assert [one.subject_id for one in plan(KIND, NIGHT)] == [first.pk]
    assert rows(KIND, NIGHT) == rows(KIND, NIGHT + 2 * HOUR) == []
    # After midnight another sign was answered by nobody.
    second = told(patient, at=NIGHT + 3 * HOUR)
    assert [row.subject for row in rows(KIND, NIGHT + 3 * HOUR)] == [second.pk]


def test_of_several_the_gravest(patient: Patient, owner: User, now: dt.datetime) -> None:
    told(patient, at=now - 3 * HOUR, urgency="call_today")
    one = told(patient, at=now - HOUR)
    told(patient)
    assert [row.subject for row in rows(KIND, now)] == [one.pk]


def test_dead_former_and_strangers(
    patient: Patient, owner: User, caregiver: User, stranger: User, now: dt.datetime
) -> None:
    told(patient)
    Caregiver.objects.filter(user=caregiver).update(ended_at=now)
    assert asked(KIND, now) == {owner.pk}
    User.objects.filter(pk=owner.pk).update(is_active=False)
    assert asked(KIND, now) == set()
    User.objects.update(is_active=True)
    Patient.objects.filter(pk=patient.pk).update(died_on=TODAY)
    assert asked(KIND, now) == set()


def test_what_can_wait_is_not_sent_at_night(patient: Patient, owner: User, now: dt.datetime) -> None:
    told(patient, urgency="call_today")
    plan(KIND, now)
    assert [one.is_emergency for one in looked(KIND, now)] == [False]
    assert ended(KIND, NIGHT) == [(State.EXPIRED, Reason.TOO_LATE)]


def test_words_name_nothing_clinical_and_nothing_that_nobody_knows(
    patient: Patient, owner: User, now: dt.datetime
) -> None:
    told(patient, urgency="call_today")
    plan(KIND, now)
    (words,) = said(KIND, now)
    assert words.title == "Please call about Bruno"
    assert words.lines == (
        "Nobody at Lindenhof Veterinary Clinic has answered yet.",
        "Please call: +1 555 0100.",
        "Do not wait for an answer here: call today.",
    )
    assert words.notice == "Nobody at Lindenhof Veterinary Clinic has answered yet. Please call: +1 555 0100."


@pytest.mark.parametrize(
    ("fields", "second"),
    [
        ({}, "Please call: +1 555 0100."),
        ({"opening_hours": {"3": [["08:00", "18:00"]]}}, "Please call Night Clinic: +1 555 0199."),
        ({"phone": ""}, "Please call Night Clinic: +1 555 0199."),
        ({"phone": "", "emergency_phone": ""}, "Please call any vet or emergency clinic near you."),
        ({"opening_hours": {"3": [["08:00", "18:00"]]}, "emergency_phone": ""}, "Please call: +1 555 0100."),
    ],
)
def test_emergency_names_who_is_there(
    patient: Patient, owner: User, now: dt.datetime, fields: dict[str, Any], second: str
) -> None:
    Clinic.objects.update(**fields)
    told(patient)
    plan(KIND, now)
    (words,) = said(KIND, now)
    assert words.lines[1] == second
    assert words.lines[-1] == "Do not wait for an answer here: call now, or go to a clinic."


def test_many_rows_take_as_many_statements_as_one(
    patient: Patient, clinic: Clinic, vet: User, owner: User, now: dt.datetime
) -> None:
    told(patient)
    plan(KIND, now)
    assert statements(lambda: ended(KIND, now)) == 2  # one of them reads the rows
    for n in range(6):
        told(make.make_patient(clinic, vet, owner=make.make_user(), name=f"Dog {n}"))
    plan(KIND, now)
    assert statements(lambda: ended(KIND, now)) == 2
    assert len(said(KIND, now)) == 7
