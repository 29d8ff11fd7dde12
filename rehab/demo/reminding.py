"""The reminders of the demo's eight weeks, as rows that the planner and a worker would have left behind.

Who was due is read from what the families noted, by the product's own order: one a day and four in seven days, nothing when
it was done or answered, nothing for a dog that a sign has stopped, a fifth withheld by lot. What followed is not told here:
``measure`` finds it.
"""

import datetime as dt
import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from accounts.demo import PERSONAS
from accounts.models import Clinic, Membership, User
from rehab.demo.evenings import WITHHELD, is_withheld
from rehab.nudges.actions import measure
from rehab.nudges.actions.planning import MOST_IN_A_WEEK
from rehab.nudges.actions.texts import OwnWords, set_text
from rehab.nudges.kinds import silence
from rehab.nudges.models import Nudge, NudgePreference
from rehab.patients.models import Caregiver
from rehab.programs.models import Decision, Prescription, Program
from rehab.sessions.models import Message, PainAnswer, PerformedExercise, WarningReport

Kind, State, Reason, Channel = Nudge.Kind, Nudge.State, Nudge.Reason, Nudge.Channel

DAY: Final = dt.timedelta(days=1)
SUNDAY: Final = 6
PATIENCE: Final = dt.timedelta(hours=3)
P_SEND: Final = Decimal(str(1 - WITHHELD))
BY_LOT: Final = (Kind.NEXT_MORNING, Kind.UNFINISHED_DAY)
# Who has switched messages on the phone on; the others get e-mails.
ON_PHONES: Final = (PERSONAS["owner"].email, "sofia.lindqvist@demo.example", "jonas.weber@demo.example")


@dataclass(kw_only=True)
class Home:
    """What is known of one dog: its plan, what was noted at which time, and since when a sign stops it."""

    clinic: Clinic
    patient_id: UUID
    prescriptions: list[Prescription] = field(default_factory=list)
    done: dict[dt.date, list[dt.datetime]] = field(default_factory=lambda: defaultdict(list))
    mornings: dict[dt.date, dt.datetime] = field(default_factory=dict)
    stopped_at: dt.datetime | None = None
    news: list[tuple[Nudge.Kind, dt.datetime, UUID | None]] = field(default_factory=list)

    def due(self, day: dt.date) -> int:
        return sum(one.times_per_day for one in self.prescriptions if one.is_due_on(day))

    def left(self, day: dt.date, *, at: dt.datetime) -> int:
        return self.due(day) - sum(done_at <= at for done_at in self.done.get(day, ()))

    def silent_days(self, day: dt.date) -> int:
        """How many days with something due, this one with them, nothing was noted on."""
        silent = 0
        for back in range(silence.LAST + 1):
            then = day - back * DAY
            if self.done.get(then):
                break
            silent += bool(self.due(then))
        return silent


def tell_reminders(*, clinic: Clinic, at: dt.datetime) -> None:
    """Write down what reminded the families and the clinic until yesterday, and measure what followed."""
    homes = _homes(clinic)
    preferences = NudgePreference.objects.in_bulk()
    rows: list[Nudge] = []
    for one in Caregiver.objects.filter(clinic=clinic, ended_at=None).select_related("user").order_by("user__email"):
        if home := homes.get(one.patient_id):
            rows += Reminded(home=home, user=one.user, preference=preferences[one.user_id], at=at).rows()
    Nudge.objects.bulk_create(rows + list(_clinic_weeks(clinic, at=at)), batch_size=500)
    measure(at=at)


def word_reminders(*, clinic: Clinic, by: User, at: dt.datetime) -> None:
    """One message in the clinic's own words."""
    words = OwnWords(
        title="{dog} has a little left for today",
        text="Hello {name}! {dog} has {left} to go today. Ten calm minutes before the evening walk are plenty.",
    )
    set_text(clinic=clinic, kind=Kind.UNFINISHED_DAY, language="en", words=words, seen="", by=by, at=at)


class Reminded:
    """One person's reminders about one dog, day after day."""

    def __init__(self, *, home: Home, user: User, preference: NudgePreference, at: dt.datetime) -> None:
        self.home, self.user, self.preference = home, user, preference
        self.zone = ZoneInfo(user.time_zone)
        self.today = at.astimezone(self.zone).date()
        self.chance = random.Random(user.email)  # noqa: S311 (the same at every start)
        # The days of the prompts so far, for the most that there may be.
        self.prompted: list[dt.date] = []

    def rows(self) -> Iterator[Nudge]:
        first = min(one.starts_on for one in self.home.prescriptions)
        for number in range((self.today - first).days):
            day = first + number * DAY
            yield from self._news(day)
            morning = self._at(day, self.preference.morning_minute)
            evening = self._at(day, self.preference.remind_minute)
            if self._is_stopped(evening):
                continue
            is_taken = False
            asked = self._asks_of_the_night(day, at=morning)
            candidates: list[tuple[Nudge.Kind, int | None, dt.datetime]] = (
                [(Kind.NEXT_MORNING, None, morning)] if asked else []
            )
            if (prompt := self._of_the_evening(day, number=number + 1, at=evening)) is not None:
                candidates.append((*prompt, evening))
            for kind, count, planned_at in candidates:
                row = self._judged(kind, count, day, planned_at, is_taken=is_taken)
                is_taken |= row.state in Nudge.MESSAGE_STATES
                yield row

    def _news(self, day: dt.date) -> Iterator[Nudge]:
        told = set()
        for kind, happened_at, subject in self.home.news:
            if happened_at.astimezone(self.zone).date() == day and kind not in told:
                told.add(kind)
                yield self._sent(self._row(kind, day, happened_at + dt.timedelta(minutes=11), subject_id=subject))

    def _asks_of_the_night(self, day: dt.date, *, at: dt.datetime) -> bool:
        yesterday = day - DAY
        answered_at = self.home.mornings.get(yesterday)
        return bool(self.home.done.get(yesterday)) and (answered_at is None or answered_at > at)

    def _of_the_evening(self, day: dt.date, *, number: int, at: dt.datetime) -> tuple[Nudge.Kind, int | None] | None:
        left, silent = self.home.left(day, at=at), self.home.silent_days(day)
        if day.weekday() == SUNDAY:
            return Kind.WEEK, None
        if left <= 0:
            return None
        if number in (1, 3):
            return Kind.WELCOME, number
        if silent >= silence.FIRST:
            return (Kind.SILENCE, silent) if silent in silence.NUMBERS else None
        return Kind.UNFINISHED_DAY, None

    def _judged(
        self, kind: Nudge.Kind, number: int | None, day: dt.date, planned_at: dt.datetime, *, is_taken: bool
    ) -> Nudge:
        """The row with what became of it."""
        row = self._row(kind, day, planned_at, number=number)
        if is_taken:
            return self._ended(row, State.SUPPRESSED, Reason.ONE_A_DAY, at=planned_at)
        if kind in Nudge.PROMPTS and sum((day - one).days < 7 for one in self.prompted) >= MOST_IN_A_WEEK:
            return self._ended(row, State.SUPPRESSED, Reason.ENOUGH, at=planned_at)
        if kind in BY_LOT:
            row.p_send = P_SEND
            if is_withheld(self.user.email, (self.today - day).days):
                self.prompted.append(day)
                return self._ended(row, State.WITHHELD, at=planned_at)
        if kind == Kind.UNFINISHED_DAY and self.home.left(day, at=row.next_attempt_at) <= 0:
            return self._ended(row, State.SUPPRESSED, Reason.DONE, at=row.next_attempt_at)
        if kind in Nudge.PROMPTS:
            self.prompted.append(day)
        return self._sent(row)

    def _is_stopped(self, at: dt.datetime) -> bool:
        return self.home.stopped_at is not None and at >= self.home.stopped_at

    def _at(self, day: dt.date, minute: int) -> dt.datetime:
        return dt.datetime.combine(day, dt.time(minute // 60, minute % 60), self.zone)

    def _row(
        self,
        kind: Nudge.Kind,
        day: dt.date,
        planned_at: dt.datetime,
        *,
        number: int | None = None,
        subject_id: UUID | None = None,
    ) -> Nudge:
        return Nudge(
            clinic=self.home.clinic,
            patient_id=self.home.patient_id,
            user=self.user,
            kind=kind,
            number=number,
            subject_id=subject_id,
            local_day=day,
            time_zone=self.user.time_zone,
            planned_at=planned_at,
            next_attempt_at=planned_at + dt.timedelta(seconds=40 * self.chance.randrange(2, 16)),
            expires_at=planned_at + PATIENCE,
        )

    def _ended(self, row: Nudge, state: Nudge.State, reason: Nudge.Reason | None = None, *, at: dt.datetime) -> Nudge:
        row.state, row.reason, row.finished_at = state, reason or "", at
        return row

    def _sent(self, row: Nudge) -> Nudge:
        row.attempts = 1
        row.channel = Channel.EMAIL
        if self.user.email in ON_PHONES and row.kind != Kind.WEEK:
            row.channel = Channel.PUSH
            # A phone that is switched off shows nothing.
            if self.chance.random() < 0.94:
                row.delivered_at = row.next_attempt_at + dt.timedelta(seconds=self.chance.randrange(1, 40))
            if row.delivered_at is not None and self.chance.random() < 0.6:
                row.opened_at = row.delivered_at + dt.timedelta(minutes=self.chance.randrange(1, 50))
        return self._ended(row, State.SENT, at=row.next_attempt_at)


def _homes(clinic: Clinic) -> dict[UUID, Home]:
    """The clinic's dogs that have a program, each with what was noted; a fixed number of statements."""
    homes: dict[UUID, Home] = {}
    for one in Prescription.objects.filter(clinic=clinic).order_by("starts_on", "pk"):
        homes.setdefault(one.patient_id, Home(clinic=clinic, patient_id=one.patient_id)).prescriptions.append(one)
    for patient, day, done_at in PerformedExercise.objects.filter(
        clinic=clinic, prescription__is_one_off=False
    ).values_list("patient", "day", "done_at"):
        homes[patient].done[day].append(done_at)
    for patient, day, answered_at in PainAnswer.objects.filter(
        clinic=clinic, moment=PainAnswer.Moment.NEXT_MORNING
    ).values_list("patient", "day", "done_at"):
        homes[patient].mornings[day] = answered_at
    for patient, seen_at in (
        WarningReport.objects.filter(clinic=clinic).stopping().values_list("patient", "received_at")
    ):
        stopped_at = homes[patient].stopped_at
        homes[patient].stopped_at = min(seen_at, stopped_at) if stopped_at else seen_at
    for patient, created_at in Program.objects.filter(clinic=clinic).values_list("patient", "created_at"):
        homes[patient].news.append((Kind.PLAN_CHANGED, created_at, None))
    for patient, decided_at, key in Decision.objects.filter(clinic=clinic, kind="phase").values_list(
        "patient", "decided_at", "pk"
    ):
        homes[patient].news.append((Kind.PHASE_REACHED, decided_at, key))
    for patient, received_at in (
        Message.objects.filter(clinic=clinic, from_family=False)
        .order_by("received_at", "pk")
        .values_list("patient", "received_at")
    ):
        homes[patient].news.append((Kind.REPLY, received_at, None))
    return homes


def _clinic_weeks(clinic: Clinic, *, at: dt.datetime) -> Iterator[Nudge]:
    """The clinic's week, on Monday mornings, to each vet and therapist."""
    zone = ZoneInfo(clinic.time_zone)
    today = at.astimezone(zone).date()
    treating = list(
        Membership.objects.current()
        .filter(clinic=clinic, role__in=[Membership.Role.VET, Membership.Role.THERAPIST])
        .select_related("user")
    )
    minute = NudgePreference.DEFAULT_MORNING_MINUTE
    for weeks in range(1, 8):
        monday = today - dt.timedelta(days=today.weekday() + 7 * weeks)
        planned_at = dt.datetime.combine(monday, dt.time(minute // 60, minute % 60), zone)
        for member in treating:
            yield Nudge(
                clinic=clinic,
                user=member.user,
                kind=Kind.CLINIC_WEEK,
                local_day=monday,
                time_zone=member.user.time_zone,
                state=State.SENT,
                channel=Channel.EMAIL,
                attempts=1,
                planned_at=planned_at,
                next_attempt_at=planned_at,
                expires_at=planned_at + PATIENCE,
                finished_at=planned_at,
            )
