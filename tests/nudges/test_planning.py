"""Who gets a row: each condition on both sides."""

import datetime as dt
from collections.abc import Callable
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.models import Clinic, User
from rehab.lib.ids import new_id
from rehab.nudges import schedule
from rehab.nudges.actions import plan
from rehab.nudges.kinds import unfinished_day
from rehab.nudges.models import Heartbeat, Nudge, NudgePreference, PushSubscription
from rehab.patients.models import Caregiver, Patient
from rehab.programs.models import Decision, Prescription, Program
from rehab.sessions.models import PerformedExercise
from tests import make
from tests.make import TODAY
from tests.nudges.families import another_dog, make_families, statements
from tests.nudges.kinds import asking

HOUR = dt.timedelta(hours=1)
MINUTE = dt.timedelta(minutes=1)
DAY = dt.timedelta(days=1)


def rows() -> list[tuple[str, str, str, str]]:
    """Person, dog, state and reason of every nudge."""
    return list(
        Nudge.objects.order_by("user__email", "patient__name", "local_day").values_list(
            "user__email", "patient__name", "state", "reason"
        )
    )


def finish_day(program: Program, by: User, *, state: str = "done", but: int = 0) -> list[PerformedExercise]:
    """Answer every time of today's exercises but the last few."""
    slots = [
        (prescription, slot)
        for prescription in program.prescriptions.order_by("position")
        for slot in range(1, prescription.times_per_day + 1)
    ]
    return [
        make.make_tick(prescription, TODAY, by, slot=slot, state=state)
        for prescription, slot in slots[: len(slots) - but]
    ]


def _look_again() -> None:
    """The next tick looks at everybody of the last three hours, as after a loss of the heartbeat."""
    Heartbeat.objects.all().delete()


def test_caregivers_with_an_unfinished_day_get_one_row_each(
    program: Program, owner: User, caregiver: User, stranger: User, evening: dt.datetime
) -> None:
    assert plan(at=evening) == 2
    assert rows() == [
        ("caregiver@example.test", "Bruno", "planned", ""),
        ("owner@example.test", "Bruno", "planned", ""),
    ]
    nudge = Nudge.objects.get(user=owner)
    assert (nudge.clinic_id, nudge.local_day, nudge.time_zone, nudge.attempts) == (
        program.clinic_id,
        TODAY,
        "UTC",
        0,
    )
    assert (nudge.planned_at, nudge.next_attempt_at, nudge.expires_at) == (evening, evening, evening + 3 * HOUR)
    assert nudge.pk.version == 7


def test_row_is_written_once_however_often_it_is_planned(program: Program, evening: dt.datetime) -> None:
    assert [plan(at=evening + n * dt.timedelta(minutes=1)) for n in range(3)] == [1, 0, 0]
    assert len(rows()) == 1


@pytest.mark.parametrize(("minutes_after_18", "count"), [(-1, 0), (0, 1), (179, 1), (180, 0), (300, 0), (14 * 60, 0)])
def test_row_is_written_in_the_window_only(
    program: Program, evening: dt.datetime, minutes_after_18: int, count: int
) -> None:
    assert plan(at=evening + dt.timedelta(minutes=minutes_after_18)) == count


@pytest.mark.parametrize(
    ("preference", "count"),
    [
        ({}, 1),
        ({"remind_minute": 18 * 60}, 1),
        ({"remind_minute": 18 * 60 + 1}, 0),
        ({"remind_minute": 15 * 60 + 1}, 1),
        ({"remind_minute": 15 * 60}, 0),
        ({"reminds": False}, 0),
        ({"snoozed_until": make.NOW + 2 * HOUR}, 0),
        ({"snoozed_until": make.NOW + HOUR}, 1),
        ({"push_enabled": False}, 1),
        ({"email_enabled": False}, 0),
        ({"bounced_at": make.NOW}, 0),
    ],
)
def test_preference_decides(
    program: Program, owner: User, evening: dt.datetime, preference: dict[str, Any], count: int
) -> None:
    NudgePreference.objects.filter(user=owner).update(**preference)
    assert plan(at=evening) == count


@pytest.mark.parametrize(("push", "count"), [(True, 1), (False, 0)])
def test_phone_alone_is_a_way(program: Program, owner: User, evening: dt.datetime, push: bool, count: int) -> None:
    NudgePreference.objects.filter(user=owner).update(bounced_at=make.NOW, push_enabled=push)
    assert plan(at=evening) == 0
    PushSubscription.objects.create(
        user=owner, endpoint="https://push.example/1", endpoint_hash="1", key="k", auth="a", created_at=make.NOW
    )
    assert plan(at=evening + DAY) == count


@pytest.mark.parametrize(
    ("time_zone", "count"),
    [("Europe/Madrid", 1), ("America/New_York", 0), ("Asia/Tokyo", 0), ("Atlantic/Azores", 0)],
)
def test_clock_is_that_of_the_person(
    program: Program, owner: User, evening: dt.datetime, time_zone: str, count: int
) -> None:
    """18:00 UTC is 19:00 in Madrid, 14:00 in New York, 3:00 in Tokyo and 17:00 on the Azores."""
    User.objects.filter(pk=owner.pk).update(time_zone=time_zone)
    assert plan(at=evening) == count


def test_people_east_and_west_get_rows_of_their_own_days(
    program: Program, owner: User, caregiver: User, now: dt.datetime
) -> None:
    User.objects.filter(pk=owner.pk).update(time_zone="Pacific/Kiritimati")
    User.objects.filter(pk=caregiver.pk).update(time_zone="Pacific/Pago_Pago")
    NudgePreference.objects.update(remind_minute=8 * 60)
    assert plan(at=now.replace(hour=19)) == 2  # 9:00 tomorrow, and 8:00 today
    assert set(Nudge.objects.values_list("user__email", "local_day")) == {
        ("owner@example.test", TODAY + dt.timedelta(days=1)),
        ("caregiver@example.test", TODAY),
    }


def test_day_is_that_of_the_dog(program: Program, owner: User, evening: dt.datetime) -> None:
    """The dog lives where it is tomorrow already: today's answers do not finish that day."""
    finish_day(program, owner)
    assert asking.rows(unfinished_day.KIND, evening) == []
    Patient.objects.update(time_zone="Pacific/Kiritimati")
    assert plan(at=evening) == 1


@pytest.mark.parametrize("zone", ["Mars/Olympus", ""])
def test_unknown_zone_leaves_out_one_person_only(
    program: Program, owner: User, caregiver: User, evening: dt.datetime, zone: str
) -> None:
    User.objects.filter(pk=caregiver.pk).update(time_zone=zone)
    assert plan(at=evening) == 1


@pytest.mark.parametrize("state", ["done", "partial", "skipped"])
@pytest.mark.parametrize(("but", "count"), [(0, 0), (1, 1)])
def test_answer_of_anybody_in_the_household_finishes_the_day(
    program: Program, owner: User, caregiver: User, evening: dt.datetime, state: str, but: int, count: int
) -> None:
    finish_day(program, caregiver, state=state, but=but)
    assert plan(at=evening) == 2 * count


def test_answer_taken_back_leaves_the_day_unfinished(program: Program, owner: User, evening: dt.datetime) -> None:
    last = finish_day(program, owner)[-1]
    make.make_tick(last.prescription, TODAY, owner, slot=last.slot, state="undone", done_at=last.done_at + HOUR)
    assert plan(at=evening) == 1


def test_last_event_counts_whatever_the_order_of_arrival(program: Program, owner: User, evening: dt.datetime) -> None:
    done = finish_day(program, owner)
    # Arrives later, but was taken back before it was done again.
    make.make_tick(
        done[-1].prescription,
        TODAY,
        owner,
        slot=done[-1].slot,
        state="undone",
        done_at=done[-1].done_at - HOUR,
    )
    assert plan(at=evening) == 0


def test_of_two_events_at_the_same_moment_the_higher_key_counts(
    program: Program, owner: User, evening: dt.datetime
) -> None:
    last = finish_day(program, owner)[-1]
    make.make_tick(last.prescription, TODAY, owner, slot=last.slot, state="undone", done_at=last.done_at)
    assert plan(at=evening) == 1


def test_answers_of_another_day_and_slots_beyond_the_plan_do_not_count(
    program: Program, owner: User, evening: dt.datetime
) -> None:
    for done in finish_day(program, owner, but=1):
        make.make_tick(done.prescription, TODAY - dt.timedelta(days=1), owner, slot=done.slot)
        make.make_tick(done.prescription, TODAY, owner, slot=7)
    assert plan(at=evening) == 1


def _end_program(program: Program, patient: Patient, at: dt.datetime) -> None:
    Program.objects.filter(pk=program.pk).update(ended_at=at)


def _end_caring(program: Program, patient: Patient, at: dt.datetime) -> None:
    Caregiver.objects.filter(patient=patient).update(ended_at=at)


def _deactivate(program: Program, patient: Patient, at: dt.datetime) -> None:
    User.objects.update(is_active=False)


def _end_prescriptions(program: Program, patient: Patient, at: dt.datetime) -> None:
    decision = Decision.objects.create(
        clinic=program.clinic,
        patient=patient,
        program=program,
        kind="remove",
        plan_version=2,
        reason="Rest",
        effective_on=TODAY,
        decided_by=program.created_by,
        decided_at=at,
    )
    Prescription.objects.filter(program=program).update(ends_on=TODAY, ended_by=decision)


@pytest.mark.parametrize("end", [_end_program, _end_caring, _deactivate, _end_prescriptions])
def test_nothing_is_planned_after_the_end(
    program: Program,
    patient: Patient,
    evening: dt.datetime,
    end: Callable[[Program, Patient, dt.datetime], None],
) -> None:
    end(program, patient, evening)
    assert plan(at=evening) == 0


@pytest.mark.parametrize(
    ("fields", "count"),
    [
        ({}, 1),
        ({"weekdays": 0b0000100}, 1),  # Wednesday, which today is
        ({"weekdays": 0b1111011}, 0),
        ({"is_one_off": True}, 0),
        ({"starts_on": TODAY}, 1),
        ({"starts_on": TODAY + dt.timedelta(days=1)}, 0),
    ],
)
def test_only_what_is_due_today_counts(
    patient: Patient, vet: User, evening: dt.datetime, fields: dict[str, Any], count: int
) -> None:
    program = make.make_program(patient, vet, exercises=[])
    patient.caregivers.update(started_at=program.created_at)
    make.make_pain(patient, TODAY - DAY)
    make.make_prescription(program, **fields)
    assert plan(at=evening) == count


def test_dog_without_a_program_is_left_alone(patient: Patient, evening: dt.datetime) -> None:
    assert plan(at=evening) == 0


def test_person_with_several_dogs_gets_one_message(
    program: Program, patient: Patient, clinic: Clinic, vet: User, owner: User, evening: dt.datetime
) -> None:
    for name in ("Luna", "Nero"):
        another_dog(clinic, vet, owner, name)
    assert plan(at=evening) == 3
    assert sorted((state, reason) for _, _, state, reason in rows()) == [
        ("planned", ""),
        ("suppressed", "combined"),
        ("suppressed", "combined"),
    ]
    assert Nudge.objects.filter(state="suppressed", finished_at=evening).count() == 2


@pytest.mark.parametrize(
    ("message", "reason"),
    [("planned", "combined"), ("retry", "combined"), ("sending", "one_a_day"), ("sent", "one_a_day")],
)
def test_second_dog_later_the_same_day_gets_no_second_message(
    program: Program, clinic: Clinic, vet: User, owner: User, evening: dt.datetime, message: str, reason: str
) -> None:
    plan(at=evening)
    Nudge.objects.update(state=message, finished_at=evening if message == "sent" else None)
    another_dog(clinic, vet, owner)
    _look_again()
    assert plan(at=evening + HOUR) == 1
    assert rows()[1] == ("owner@example.test", "Luna", "suppressed", reason)


def test_database_refuses_a_second_message_of_the_day(
    program: Program, clinic: Clinic, vet: User, owner: User, evening: dt.datetime
) -> None:
    plan(at=evening)
    first = Nudge.objects.get()
    second = make.make_patient(clinic, vet, owner=owner, name="Luna")
    first.pk, first.patient = new_id(), second
    with pytest.raises(IntegrityError), transaction.atomic():
        first.save(force_insert=True)


def test_next_day_has_its_own_row(program: Program, evening: dt.datetime) -> None:
    assert plan(at=evening) == 1
    assert plan(at=evening + dt.timedelta(days=1)) == 1


def test_tick_leaves_a_heartbeat(db: None, evening: dt.datetime) -> None:
    plan(at=evening - HOUR)
    plan(at=evening)
    assert list(Heartbeat.objects.values_list("part", "beat_at")) == [("tick", evening)]


@pytest.mark.django_db(transaction=True)
def test_three_planners_at_once_write_what_one_would(clinic: Clinic, vet: User, evening: dt.datetime) -> None:
    make_families(clinic, vet, 30)
    written: list[int] = []
    barrier = Barrier(3)

    def planner() -> None:
        barrier.wait()
        try:
            written.append(plan(at=evening))
        finally:
            connection.close()

    threads = [Thread(target=planner) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(written) == 60
    assert Nudge.objects.filter(state="planned").count() == 30
    assert Nudge.objects.filter(state="suppressed").count() == 30


def test_plan_takes_as_many_statements_for_one_family_as_for_200(
    clinic: Clinic, vet: User, evening: dt.datetime
) -> None:
    """The last tick, what is capped and what is not, and the heartbeat; PostgreSQL is told twice how to look."""
    few = 6 if connection.vendor == "postgresql" else 4
    make_families(clinic, vet, 1)
    assert statements(lambda: plan(at=evening)) == few
    User.objects.filter(email__startswith="family").update(email="first@example.test")
    make_families(clinic, vet, 200)
    _look_again()
    assert statements(lambda: plan(at=evening)) == few
    assert statements(lambda: plan(at=evening)) == few  # nothing to write
    assert Nudge.objects.filter(kind="unfinished_day", state="planned").count() == 201
    assert Nudge.objects.filter(kind="unfinished_day", reason="combined").count() == 201


@pytest.mark.parametrize("chosen", [8 * 60, 12 * 60, 18 * 60, 20 * 60 + 30, 20 * 60 + 59])
def test_statement_says_what_the_rule_says(program: Program, owner: User, evening: dt.datetime, chosen: int) -> None:
    """The window stands twice, in Python for its properties and in SQL for many people: they must not part."""
    NudgePreference.objects.filter(user=owner).update(remind_minute=chosen)
    edges = {chosen, chosen + schedule.WINDOW_MINUTES, schedule.QUIET_UNTIL_MINUTE, schedule.QUIET_FROM_MINUTE}
    midnight = evening.replace(hour=0, minute=0)
    found: dict[bool, int] = {True: 0, False: 0}
    for minute in sorted({edge + shift for edge in edges for shift in (-1, 0, 1)} & set(range(1440))):
        at = midnight + minute * MINUTE
        local = schedule.clock(at=at, time_zone="UTC")
        is_due = schedule.is_due(local=local, chosen=chosen)
        ends = [at + row.minutes * MINUTE for row in asking.rows(unfinished_day.KIND, at)]
        assert ends == [schedule.expires_at(local=local, chosen=chosen)] * is_due, minute
        found[is_due] += 1
    assert all(found.values())
