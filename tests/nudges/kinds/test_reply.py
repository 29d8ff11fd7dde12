"""The clinic has written or answered a clip, and a person has not opened it."""

import datetime as dt

import pytest

from accounts.models import Clinic, User
from rehab.lib.ids import new_id
from rehab.library.models import Media
from rehab.nudges.kinds.base import Reason, State
from rehab.nudges.kinds.reply import KIND
from rehab.nudges.models import NudgePreference
from rehab.patients.models import Caregiver, Patient
from rehab.programs.models import Program
from rehab.sessions.models import Clip, ClipReview, MessagesRead
from tests import make
from tests.make import TODAY
from tests.nudges.families import statements
from tests.nudges.kinds.asking import HOUR, MINUTE, asked, ended, looked, plan, report, rows, said


def review(program: Program, *, by: User, sent_by: User, at: dt.datetime = make.NOW) -> ClipReview:
    prescription = program.prescriptions.order_by("position").first()
    assert prescription is not None
    media = Media.objects.create(
        clinic=program.clinic, kind="photo", state="ready", file="library/a.jpg", uploaded_by=sent_by, uploaded_at=at
    )
    clip = Clip.objects.create(
        id=new_id(),
        clinic=program.clinic,
        patient=program.patient,
        prescription=prescription,
        kind="photo",
        size=10,
        sha256="0" * 64,
        received=10,
        media=media,
        sent_by=sent_by,
        day=TODAY,
        created_at=at,
        completed_at=at,
    )
    return ClipReview.objects.create(
        clip=clip, clinic=program.clinic, patient=program.patient, verdict="good", reviewed_by=by, reviewed_at=at
    )


def read(user: User, patient: Patient, until: dt.datetime) -> None:
    MessagesRead.objects.update_or_create(user=user, patient=patient, defaults={"until": until})


@pytest.mark.parametrize(
    ("minutes", "is_told"),
    [
        (0, False),
        (9, False),
        (10, True),
        (239, True),
        (240, False),
        (899, False),
        (900, True),
        (1439, True),
        (1440, False),
    ],
)
def test_after_ten_minutes_within_a_day_and_never_in_quiet_hours(
    patient: Patient, vet: User, owner: User, now: dt.datetime, minutes: int, is_told: bool
) -> None:
    make.make_message(patient, vet)  # at 17:00
    found = [(row.user, row.minutes, row.number, row.subject) for row in rows(KIND, now + minutes * MINUTE)]
    assert found == ([(owner.pk, 1440 - minutes, None, None)] if is_told else [])


def test_only_what_the_clinic_writes(patient: Patient, owner: User, caregiver: User, now: dt.datetime) -> None:
    make.make_message(patient, caregiver, from_family=True)
    assert rows(KIND, now + HOUR) == []


def test_who_has_read_it_is_not_told(
    patient: Patient, vet: User, owner: User, caregiver: User, now: dt.datetime
) -> None:
    make.make_message(patient, vet)
    read(caregiver, patient, now)
    read(owner, patient, now - MINUTE)
    assert asked(KIND, now + HOUR) == {owner.pk}
    plan(KIND, now + HOUR)
    read(owner, patient, now)
    assert ended(KIND, now + HOUR) == [(State.SUPPRESSED, Reason.SEEN)]


def test_who_wrote_it_knows_it(patient: Patient, vet: User, owner: User, now: dt.datetime) -> None:
    make.care_for(patient, vet)
    make.make_message(patient, vet)
    assert asked(KIND, now + HOUR) == {owner.pk}


def test_one_a_day_and_dog_and_never_again_about_the_same(
    patient: Patient, vet: User, owner: User, now: dt.datetime
) -> None:
    make.make_message(patient, vet, "One")
    make.make_message(patient, vet, "Two", now + MINUTE)
    assert len(plan(KIND, now + HOUR)) == 1
    make.make_message(patient, vet, "Three", now + 2 * HOUR)
    assert rows(KIND, now + 3 * HOUR) == []
    assert [row.minutes for row in rows(KIND, now + 16 * HOUR)] == [10 * 60]
    read(owner, patient, now + 2 * HOUR)
    assert rows(KIND, now + 16 * HOUR) == []


def test_answer_to_a_clip(
    program: Program, patient: Patient, vet: User, owner: User, caregiver: User, now: dt.datetime
) -> None:
    made = review(program, by=vet, sent_by=owner)
    assert rows(KIND, now + 9 * MINUTE) == []
    assert asked(KIND, now + HOUR) == {owner.pk, caregiver.pk}
    plan(KIND, now + HOUR)
    read(owner, patient, now + HOUR)
    assert ended(KIND, now + HOUR) == []
    words = said(KIND, now + HOUR)[0]
    assert words.title == "Lindenhof Veterinary Clinic has answered you"
    assert words.path == f"/dogs/{patient.pk}/exercise/{made.clip.prescription_id}/clips/"


def test_message_and_clip_are_one_word(
    program: Program, patient: Patient, vet: User, owner: User, now: dt.datetime
) -> None:
    review(program, by=vet, sent_by=owner)
    make.make_message(patient, vet, at=now - 20 * MINUTE)
    assert [row.minutes for row in rows(KIND, now + HOUR)] == [23 * 60]
    plan(KIND, now + HOUR)
    (words,) = said(KIND, now + HOUR)
    assert words.title == "Lindenhof Veterinary Clinic has written to you"
    assert len(words.lines) == 2
    assert words.path == f"/dogs/{patient.pk}/messages/"
    read(owner, patient, now)
    assert [one.has_messages for one in looked(KIND, now + HOUR)] == [False]


def test_stop_does_not_silence_what_the_clinic_writes(
    patient: Patient, vet: User, owner: User, now: dt.datetime
) -> None:
    report(patient)
    make.make_message(patient, vet)
    assert asked(KIND, now + HOUR) == {owner.pk}


def test_off_snoozed_dead_former_and_strangers(
    patient: Patient, vet: User, owner: User, caregiver: User, stranger: User, now: dt.datetime
) -> None:
    make.make_message(patient, vet)
    NudgePreference.objects.filter(user=owner).update(reminds=False)
    assert asked(KIND, now + HOUR) == {caregiver.pk}
    NudgePreference.objects.filter(user=caregiver).update(snoozed_until=now + 2 * HOUR)
    assert asked(KIND, now + HOUR) == set()
    assert asked(KIND, now + 2 * HOUR) == {caregiver.pk}
    Patient.objects.filter(pk=patient.pk).update(died_on=TODAY)
    assert asked(KIND, now + 2 * HOUR) == set()
    Patient.objects.update(died_on=None)
    Caregiver.objects.update(ended_at=now)
    assert asked(KIND, now + 2 * HOUR) == set()


def test_quiet_is_where_the_person_is(
    patient: Patient, vet: User, owner: User, caregiver: User, now: dt.datetime
) -> None:
    User.objects.filter(pk=owner.pk).update(time_zone="Asia/Kathmandu")  # 22:45 there
    make.make_message(patient, vet)
    assert asked(KIND, now + 10 * MINUTE) == {caregiver.pk}
    plan(KIND, now + 10 * MINUTE)
    assert [(row.user, row.day) for row in rows(KIND, now + 10 * HOUR)] == [(owner.pk, dt.date(2026, 3, 19))]


def test_many_rows_take_as_many_statements_as_one(
    program: Program, patient: Patient, clinic: Clinic, vet: User, owner: User, now: dt.datetime
) -> None:
    at = now + HOUR
    make.make_message(patient, vet)
    plan(KIND, at)
    assert statements(lambda: ended(KIND, at)) == 4  # one of them reads the rows
    for n in range(6):
        dog = make.make_patient(clinic, vet, owner=make.make_user(), name=f"Dog {n}")
        make.make_message(dog, vet)
    plan(KIND, at)
    assert statements(lambda: ended(KIND, at)) == 4
    assert len(said(KIND, at)) == 7
