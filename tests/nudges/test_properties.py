"""Whatever people do, wherever they live and however irregularly the clock ticks: never too often, never at night, never late.

Several people of one clinic live through some days of ticks at random; what they were sent is then held against a diary that
knows nothing of the planner.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from pytest_django.fixtures import Settings

from accounts.models import Clinic, User
from rehab.lib.ids import new_id
from rehab.nudges.actions import deliver_batch, plan
from rehab.nudges.models import Nudge, NudgePreference
from rehab.patients.models import Patient
from rehab.programs.models import Prescription
from tests import make

MINUTE: Final = dt.timedelta(minutes=1)
HOUR: Final = dt.timedelta(hours=1)
DAY: Final = dt.timedelta(days=1)
DAYS: Final = 8
# Between the latest minute to be chosen here, ten minutes of spreading and the night a tick must fall, and another.
LONGEST_STEP: Final = 60
PROMPTS: Final = frozenset(Nudge.PROMPTS)
# Gaps and overlaps of an hour and of half of one, half and quarter hours, and both sides of the date line.
ZONES: Final = (
    *("Europe/Madrid", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Asia/Kathmandu"),
    *("Pacific/Kiritimati", "Pacific/Pago_Pago", "America/St_Johns", "Pacific/Chatham", "Africa/Casablanca", "UTC"),
)
# Days around which clocks are put forward or back somewhere above.
STARTS: Final = ("2026-03-05", "2026-03-25", "2026-04-01", "2026-10-01", "2026-10-22", "2026-10-29", "2026-06-10")


@dataclass(frozen=True)
class Life:
    """One person and one dog: where, when, and what is done on each day, by the number of the day."""

    zone: str
    remind: int
    moves_to: str
    moves_on: int
    # "done" in the morning, "late" after the planner has seen that it is not, "word" a word on how the dog is, "none".
    habits: tuple[str, ...]
    is_off_from: int
    snoozed_on: int

    @property
    def stays(self) -> bool:
        return self.moves_on >= DAYS


@dataclass
class Person:
    life: Life
    user: User
    patient: Patient
    prescription: Prescription
    done: dict[dt.date, dt.datetime] = field(default_factory=dict)
    off_at: dt.datetime | None = None
    breaks: list[tuple[dt.datetime, dt.datetime]] = field(default_factory=list)


lives = st.builds(
    Life,
    zone=st.sampled_from(ZONES),
    remind=st.integers(8 * 60, 20 * 60 - LONGEST_STEP),
    moves_to=st.sampled_from(ZONES),
    moves_on=st.sampled_from([2, 5, DAYS, DAYS, DAYS]),
    habits=st.tuples(*[st.sampled_from(["done", "late", "word", "word", "none"])] * DAYS),
    is_off_from=st.sampled_from([3, 6, DAYS, DAYS, DAYS]),
    snoozed_on=st.sampled_from([1, 4, DAYS, DAYS]),
)


@contextmanager
def taken_back() -> Iterator[None]:
    """Each example begins with the same database."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def settle(clinic: Clinic, vet: User, life: Life, begin: dt.datetime) -> Person:
    user = User.objects.create_user(f"{new_id().hex}@example.test", time_zone=life.zone)
    NudgePreference.objects.filter(user=user).update(remind_minute=life.remind, morning_minute=8 * 60 + 30)
    patient = make.make_patient(clinic, vet, owner=user, time_zone=life.zone)
    definition = make.make_definition(patient, vet, re_exam_due_on=begin.date() + 90 * DAY)
    program = make.make_program(patient, vet, definition, exercises=[], starts_on=begin.date() - 20 * DAY)
    prescription = make.make_prescription(program, exercise="stand-count", starts_on=begin.date() - 3 * DAY)
    patient.caregivers.update(started_at=program.created_at)
    return Person(life=life, user=user, patient=patient, prescription=prescription)


def live(person: Person, at: dt.datetime, number: int) -> None:
    """What the person does in the early morning of the day."""
    day = at.astimezone(ZoneInfo(person.patient.time_zone)).date()
    habit = person.life.habits[number]
    if habit == "done":
        make.make_tick(person.prescription, day, person.user, done_at=at)
        person.done[day] = at
    elif habit == "word":
        make.make_pain(person.patient, day, by=person.user, done_at=at)
    if number == person.life.moves_on:
        User.objects.filter(pk=person.user.pk).update(time_zone=person.life.moves_to)
    if number == person.life.is_off_from:
        NudgePreference.objects.filter(user=person.user).update(reminds=False)
        person.off_at = at
    if number == person.life.snoozed_on:
        NudgePreference.objects.filter(user=person.user).update(snoozed_until=at + DAY)
        person.breaks.append((at, at + DAY))


def do_late(person: Person, at: dt.datetime) -> None:
    """What the person does in the evening, just after the planner has looked."""
    local = at.astimezone(ZoneInfo(person.patient.time_zone))
    if local.date() not in person.done and local.hour * 60 + local.minute >= person.life.remind:
        make.make_tick(person.prescription, local.date(), person.user, done_at=at)
        person.done[local.date()] = at


def check_sent(person: Person, rows: list[Nudge]) -> None:
    for row in rows:
        assert row.finished_at is not None
        local = row.finished_at.astimezone(ZoneInfo(row.time_zone))
        minute = local.hour * 60 + local.minute
        assert 8 * 60 <= minute < 21 * 60, "in the quiet hours"
        assert local.date() == row.local_day, "on another day"
        assert row.finished_at < row.expires_at
        chosen = 8 * 60 + 30 if row.kind == "next_morning" else person.life.remind
        assert chosen <= minute < chosen + 180, "outside the window"
        assert person.off_at is None or row.finished_at < person.off_at, "after they were switched off"
        assert not any(start <= row.finished_at < end for start, end in person.breaks), "in a break"
        if row.kind in {"unfinished_day", "silence"}:
            day = row.finished_at.astimezone(ZoneInfo(person.patient.time_zone)).date()
            assert day not in person.done or person.done[day] > row.finished_at, "after it was done"
    days = sorted(row.local_day for row in rows)
    assert len(set(days)) == len(days), "two a day"
    prompts = [row.local_day for row in rows if row.kind in PROMPTS]
    assert all(sum(day <= other < day + 7 * DAY for other in prompts) <= 4 for day in prompts), "five in seven days"


def check_told(person: Person, days: Mapping[dt.date, list[Nudge]], begin: dt.datetime) -> None:
    """Who stayed, wanted it and left the day undone has that day's message, or a row that says why not."""
    if not person.life.stays:
        return
    zone = ZoneInfo(person.life.zone)
    for number in range(1, DAYS - 1):
        day = begin.date() + number * DAY
        due = dt.datetime.combine(day, dt.time(person.life.remind // 60, person.life.remind % 60), zone)
        wall = due.astimezone(dt.UTC)
        if (person.off_at and wall >= person.off_at - DAY) or any(a - DAY <= wall < b + DAY for a, b in person.breaks):
            continue
        yesterday, today = person.life.habits[number - 1 : number + 1]
        # From the second silent day on it is another kind's turn; who does it late has not spoken by then.
        if today == "word" or (yesterday != "none" and today != "done"):
            assert any(row.kind == "unfinished_day" for row in days[day]), f"{day} has no row"


@pytest.mark.django_db
@examples(
    # PostgreSQL takes a tenth of a second a tick to think of a plan, however little there is to do.
    max_examples=2 if connection.vendor == "postgresql" else 3,
    # Each example is long: to find the shortest that fails would take minutes.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    people=st.lists(lives, min_size=10, max_size=10),
    start=st.sampled_from(STARTS),
    steps=st.lists(st.integers(LONGEST_STEP // 2, LONGEST_STEP), min_size=3, max_size=12),
)
def test_nobody_is_told_too_often_or_at_the_wrong_time_and_nobody_is_forgotten(
    clinic: Clinic, vet: User, settings: Settings, people: list[Life], start: str, steps: list[int]
) -> None:
    settings.NUDGE_SPREAD_SECONDS, settings.NUDGE_WITHHELD_PERCENT = 600, 20
    with taken_back():
        begin = dt.datetime.fromisoformat(f"{start}T00:00+00:00")
        persons = [settle(clinic, vet, life, begin) for life in people]
        lived: dict[UUID, set[int]] = defaultdict(set)
        # Where the day begins first.
        at, ticks = begin - 14 * HOUR, cycle(steps)
        while at < begin + DAYS * DAY:
            late = []
            for person in persons:
                local = at.astimezone(ZoneInfo(person.patient.time_zone))
                number = (local.date() - begin.date()).days
                if not 0 <= number < DAYS:
                    continue
                if number not in lived[person.user.pk] and local.hour < 8:
                    lived[person.user.pk].add(number)
                    live(person, at, number)
                if person.life.habits[number] == "late":
                    late.append(person)
            plan(at=at)
            for person in late:
                do_late(person, at)
            deliver_batch(at=at, limit=50)
            at += next(ticks) * MINUTE
        rows: defaultdict[UUID, list[Nudge]] = defaultdict(list)
        for row in Nudge.objects.order_by("planned_at", "pk"):
            rows[row.user_id].append(row)
        for person in persons:
            own = rows[person.user.pk]
            check_sent(person, [row for row in own if row.state == "sent"])
            by_day: defaultdict[dt.date, list[Nudge]] = defaultdict(list)
            for row in own:
                by_day[row.local_day].append(row)
            check_told(person, by_day, begin)
