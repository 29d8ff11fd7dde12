"""The last check before a message, and what is written down after it."""

import dataclasses
import datetime as dt
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import pytest
from django.core.mail import EmailMessage

from accounts.models import Clinic, User
from rehab.lib import channels
from rehab.nudges.actions import claim, deliver_batch, plan
from rehab.nudges.actions.claiming import LEASE
from rehab.nudges.actions.delivery import LONGEST_BACK_OFF_SECONDS, SENDING_SECONDS
from rehab.nudges.actions.looking import MOST_ATTEMPTS
from rehab.nudges.kinds import BY_CODE
from rehab.nudges.models import Heartbeat, Nudge, NudgePreference
from rehab.patients.models import Caregiver, Patient
from rehab.programs.models import Program
from tests import make
from tests.make import TODAY
from tests.nudges.families import make_families, statements
from tests.nudges.rows import make_nudge

pytestmark = pytest.mark.usefixtures("at_once")

MINUTE = dt.timedelta(minutes=1)
HOUR = dt.timedelta(hours=1)
FAILED = channels.Outcome(state=channels.State.FAILED, reason=channels.Reason.REFUSED)
NO_SUCH_ADDRESS = channels.Outcome(state=channels.State.FAILED, reason=channels.Reason.ADDRESS_REFUSED)
LATER = channels.Outcome(state=channels.State.RETRY, reason=channels.Reason.NO_ANSWER)


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What went wrong; that a row has ended is written too."""
    return [record.levelname for record in caplog.records if record.levelno >= logging.WARNING]


@dataclass
class Answers:
    """A channel that answers as it is told, address by address, and keeps what it was given."""

    outcomes: dict[str, channels.Outcome | Exception] = field(default_factory=dict)
    messages: list[channels.Message] = field(default_factory=list)

    def __call__(self) -> Self:
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def send(self, message: channels.Message) -> channels.Outcome:
        self.messages.append(message)
        outcome = self.outcomes.get(message.to, channels.SENT)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    @property
    def addresses(self) -> list[str]:
        return sorted(message.to for message in self.messages)


def most(low: float, high: float) -> float:
    """Chance, at its longest."""
    return high


def finish_day(program: Program, by: User) -> None:
    for prescription in program.prescriptions.all():
        for slot in range(1, prescription.times_per_day + 1):
            make.make_tick(prescription, TODAY, by, slot=slot)


def ended() -> dict[str, tuple[str, str]]:
    return {
        email: (state, reason) for email, state, reason in Nudge.objects.values_list("user__email", "state", "reason")
    }


def test_message_is_sent_and_the_row_says_so(
    program: Program, owner: User, evening: dt.datetime, mailoutbox: list[EmailMessage]
) -> None:
    plan(at=evening)
    assert deliver_batch(at=evening) is False
    assert [message.to for message in mailoutbox] == [["owner@example.test"]]
    nudge = Nudge.objects.get()
    assert (nudge.state, nudge.reason, nudge.attempts) == ("sent", "", 1)
    assert nudge.finished_at is not None
    assert evening <= nudge.finished_at < evening + MINUTE


def test_message_is_sent_once(program: Program, evening: dt.datetime, mailoutbox: list[EmailMessage]) -> None:
    for minute in range(5):
        plan(at=evening + minute * MINUTE)
        deliver_batch(at=evening + minute * MINUTE)
    assert len(mailoutbox) == 1


def test_nothing_ready_is_nothing_sent(db: None, evening: dt.datetime, mailoutbox: list[EmailMessage]) -> None:
    assert deliver_batch(at=evening) is False
    assert mailoutbox == []
    assert Heartbeat.objects.get(part="delivery").beat_at == evening


def test_full_batch_says_that_more_may_be_waiting(clinic: Clinic, vet: User, evening: dt.datetime) -> None:
    make_families(clinic, vet, 3, dogs=1)
    plan(at=evening)
    answers = Answers()
    assert [deliver_batch(at=evening, limit=2, open_channel=answers) for _ in range(2)] == [True, False]
    assert len(answers.messages) == 3


def _done(program: Program, owner: User, caregiver: User, at: dt.datetime) -> None:
    finish_day(program, caregiver)


def _program_ended(program: Program, owner: User, caregiver: User, at: dt.datetime) -> None:
    Program.objects.update(ended_at=at)


def _caring_ended(program: Program, owner: User, caregiver: User, at: dt.datetime) -> None:
    Caregiver.objects.filter(user=owner).update(ended_at=at)


def _mail_off(program: Program, owner: User, caregiver: User, at: dt.datetime) -> None:
    NudgePreference.objects.filter(user=owner).update(email_enabled=False)


def _mail_off_and_bounced(program: Program, owner: User, caregiver: User, at: dt.datetime) -> None:
    NudgePreference.objects.filter(user=owner).update(email_enabled=False, bounced_at=at)


def _switched_off(program: Program, owner: User, caregiver: User, at: dt.datetime) -> None:
    NudgePreference.objects.filter(user=owner).update(reminds=False)


def _snoozed(program: Program, owner: User, caregiver: User, at: dt.datetime) -> None:
    NudgePreference.objects.filter(user=owner).update(snoozed_until=at + HOUR)


def _snoozed_before(program: Program, owner: User, caregiver: User, at: dt.datetime) -> None:
    NudgePreference.objects.filter(user=owner).update(snoozed_until=at + MINUTE)


def _bounced(program: Program, owner: User, caregiver: User, at: dt.datetime) -> None:
    NudgePreference.objects.filter(user=owner).update(bounced_at=at)


def _died(program: Program, owner: User, caregiver: User, at: dt.datetime) -> None:
    Patient.objects.filter(pk=program.patient_id).update(died_on=at.date())


def _left(program: Program, owner: User, caregiver: User, at: dt.datetime) -> None:
    User.objects.filter(pk=owner.pk).update(is_active=False)


def _nothing(program: Program, owner: User, caregiver: User, at: dt.datetime) -> None: ...


@pytest.mark.parametrize(
    ("meanwhile", "minutes", "state", "reason"),
    [
        (_nothing, 179, "sent", ""),
        (_done, 1, "suppressed", "done"),
        (_program_ended, 1, "suppressed", "program_ended"),
        (_caring_ended, 1, "suppressed", "not_caring"),
        (_switched_off, 1, "suppressed", "reminders_off"),
        (_snoozed, 1, "suppressed", "snoozed"),
        (_snoozed_before, 1, "sent", ""),
        (_mail_off, 1, "suppressed", "no_way"),
        (_mail_off_and_bounced, 1, "suppressed", "no_way"),
        (_died, 1, "suppressed", "died"),
        (_left, 1, "suppressed", "reminders_off"),
        (_bounced, 1, "suppressed", "address_refused"),
        (_nothing, 180, "expired", "too_late"),
        (_done, 300, "expired", "too_late"),
        (_nothing, 24 * 60, "expired", "too_late"),
    ],
)
def test_row_that_makes_no_sense_any_more_is_not_sent_and_says_why(
    program: Program,
    owner: User,
    caregiver: User,
    evening: dt.datetime,
    meanwhile: Callable[[Program, User, User, dt.datetime], None],
    minutes: int,
    state: str,
    reason: str,
) -> None:
    plan(at=evening)
    meanwhile(program, owner, caregiver, evening)
    answers = Answers()
    at = evening + minutes * MINUTE
    deliver_batch(at=at, open_channel=answers)
    assert ended()["owner@example.test"] == (state, reason)
    assert ("owner@example.test" in answers.addresses) is (state == "sent")
    assert Nudge.objects.get(user=owner).finished_at is not None
    # Whatever became of it, it is over.
    deliver_batch(at=at + 2 * LEASE, open_channel=answers)
    assert ended()["owner@example.test"] == (state, reason)


def test_undone_after_all_is_sent(program: Program, owner: User, evening: dt.datetime) -> None:
    plan(at=evening)
    finish_day(program, owner)
    make.make_tick(program.prescriptions.order_by("position", "pk")[0], TODAY, owner, state="undone", done_at=evening)
    answers = Answers()
    deliver_batch(at=evening, open_channel=answers)
    assert answers.addresses == ["owner@example.test"]


@pytest.fixture
def luna(program: Program, clinic: Clinic, vet: User, owner: User) -> Patient:
    """The owner's second dog, with something left today as well."""
    luna = make.make_patient(clinic, vet, owner=owner, name="Luna")
    make.make_program(luna, vet)
    return luna


def by_dog() -> dict[str, tuple[str, str]]:
    return {
        name: (state, reason) for name, state, reason in Nudge.objects.values_list("patient__name", "state", "reason")
    }


@pytest.fixture
def both(luna: Patient, patient: Patient, owner: User, evening: dt.datetime) -> None:
    """As the planner leaves it: Bruno's row carries the message for both."""
    make_nudge(owner, patient, evening)
    make_nudge(owner, luna, evening, state="suppressed", reason="combined", finished_at=evening)


def test_one_message_names_all_dogs(both: None, owner: User, evening: dt.datetime) -> None:
    answers = Answers()
    deliver_batch(at=evening, open_channel=answers)
    assert [message.subject for message in answers.messages] == ["Bruno and Luna: Six left, about two minutes"]
    assert by_dog() == {"Bruno": ("sent", ""), "Luna": ("suppressed", "combined")}


def test_dog_that_is_done_hands_the_message_on_to_the_other(
    both: None, program: Program, owner: User, evening: dt.datetime
) -> None:
    finish_day(program, owner)
    answers = Answers()
    deliver_batch(at=evening, open_channel=answers)
    assert (answers.messages, by_dog()) == ([], {"Bruno": ("suppressed", "done"), "Luna": ("planned", "")})
    deliver_batch(at=evening + MINUTE, open_channel=answers)
    assert [message.subject for message in answers.messages] == ["Luna: Three left, about one minute"]
    assert by_dog() == {"Bruno": ("suppressed", "done"), "Luna": ("sent", "")}


def test_message_that_is_handed_on_to_a_dog_that_is_done_too_is_not_sent(
    both: None, luna: Patient, program: Program, owner: User, evening: dt.datetime
) -> None:
    finish_day(program, owner)
    finish_day(luna.programs.get(), owner)
    answers = Answers()
    for minutes in range(3):
        deliver_batch(at=evening + minutes * MINUTE, open_channel=answers)
    assert by_dog() == {"Bruno": ("suppressed", "done"), "Luna": ("suppressed", "done")}
    assert answers.messages == []


def test_turn_of_the_day_goes_to_what_is_next_in_rank(
    luna: Patient, patient: Patient, program: Program, owner: User, evening: dt.datetime
) -> None:
    """A welcome that has become needless frees the day for what had lost against it, of whatever kind."""
    lost = {"state": "suppressed", "reason": "one_a_day", "finished_at": evening}
    make_nudge(owner, patient, evening, kind="welcome", number=1)
    make_nudge(owner, luna, evening, **lost)
    make_nudge(owner, luna, evening, kind="silence", number=2, **{**lost, "reason": "enough"})
    make_nudge(owner, luna, evening, kind="welcome", number=1, **lost)
    finish_day(program, owner)
    answers = Answers()
    for minutes in range(3):
        deliver_batch(at=evening + minutes * MINUTE, open_channel=answers)
    assert [message.subject for message in answers.messages] == ["The first day with Luna’s list"]
    assert sorted(Nudge.objects.values_list("kind", "patient__name", "state", "reason")) == [
        ("silence", "Luna", "suppressed", "enough"),
        ("unfinished_day", "Luna", "suppressed", "one_a_day"),
        ("welcome", "Bruno", "suppressed", "done"),
        ("welcome", "Luna", "sent", ""),
    ]


@pytest.mark.parametrize("meanwhile", [_switched_off, _snoozed, _mail_off, _left])
def test_turn_of_a_person_who_wants_no_message_goes_to_nothing(
    both: None,
    program: Program,
    owner: User,
    evening: dt.datetime,
    meanwhile: Callable[[Program, User, User, dt.datetime], None],
) -> None:
    meanwhile(program, owner, owner, evening)
    deliver_batch(at=evening, open_channel=Answers())
    assert by_dog()["Luna"] == ("suppressed", "combined")


def test_message_that_has_come_is_not_handed_on(
    both: None, program: Program, owner: User, evening: dt.datetime
) -> None:
    deliver_batch(at=evening, open_channel=Answers())
    finish_day(program, owner)
    answers = Answers()
    deliver_batch(at=evening + MINUTE, open_channel=answers)
    assert (answers.messages, by_dog()) == ([], {"Bruno": ("sent", ""), "Luna": ("suppressed", "combined")})


def test_server_that_wants_it_later_is_tried_again_with_the_same_key(
    program: Program, owner: User, evening: dt.datetime
) -> None:
    plan(at=evening)
    answers = Answers({owner.email: LATER})
    deliver_batch(at=evening, open_channel=answers, jitter=most)
    nudge = Nudge.objects.get()
    assert (nudge.state, nudge.reason, nudge.finished_at) == ("retry", "no_answer", None)
    assert MINUTE <= nudge.next_attempt_at - evening < 2 * MINUTE
    answers.outcomes.clear()
    deliver_batch(at=evening + MINUTE, open_channel=answers)
    assert len(answers.messages) == 1
    deliver_batch(at=evening + 2 * MINUTE, open_channel=answers)
    assert ended() == {owner.email: ("sent", "")}
    assert len({message.headers["Message-ID"] for message in answers.messages}) == 1


def test_wait_grows_and_is_given_up_after_eight_times(program: Program, owner: User, evening: dt.datetime) -> None:
    NudgePreference.objects.filter(user=owner).update(remind_minute=8 * 60)
    at = evening.replace(hour=8)
    plan(at=at)
    Nudge.objects.update(expires_at=at + 24 * HOUR)  # so that only the count can end it
    answers = Answers({owner.email: LATER})
    waits = []
    for _ in range(MOST_ATTEMPTS):
        deliver_batch(at=at, open_channel=answers, jitter=most)
        nudge = Nudge.objects.get()
        waits.append(round((nudge.next_attempt_at - at).total_seconds()))
        at = nudge.next_attempt_at
    assert waits[:-1] == [60, 120, 240, 480, 960, 1800, 1800]
    assert max(waits) <= LONGEST_BACK_OFF_SECONDS
    assert (len(answers.messages), ended()) == (MOST_ATTEMPTS, {owner.email: ("failed", "no_answer")})


def test_wait_is_drawn_between_nothing_and_its_longest(program: Program, owner: User, evening: dt.datetime) -> None:
    drawn = []

    def draw(low: float, high: float) -> float:
        drawn.append((low, high))
        return 7.0

    plan(at=evening)
    deliver_batch(at=evening, open_channel=Answers({owner.email: LATER}), stopwatch=lambda: 0.0, jitter=draw)
    assert drawn == [(0.0, 60.0)]
    assert Nudge.objects.get().next_attempt_at - evening == dt.timedelta(seconds=7)


def test_retry_that_would_come_too_late_is_not_planned(program: Program, owner: User, evening: dt.datetime) -> None:
    plan(at=evening)
    at = evening + 179 * MINUTE
    deliver_batch(at=at + dt.timedelta(seconds=30), open_channel=Answers({owner.email: LATER}), jitter=most)
    assert ended() == {owner.email: ("expired", "no_answer")}


def test_refusal_ends_it_and_a_missing_mailbox_stops_all_mail(
    program: Program, owner: User, caregiver: User, evening: dt.datetime
) -> None:
    plan(at=evening)
    answers = Answers({owner.email: NO_SUCH_ADDRESS, caregiver.email: FAILED})
    deliver_batch(at=evening, open_channel=answers)
    assert ended() == {
        owner.email: ("failed", "address_refused"),
        caregiver.email: ("failed", "refused"),
    }
    assert list(NudgePreference.objects.exclude(bounced_at=None).values_list("user__email", flat=True)) == [owner.email]
    assert plan(at=evening + 24 * HOUR) == 1  # the caregiver's


def test_one_bad_row_does_not_hold_up_the_others(
    program: Program, owner: User, caregiver: User, evening: dt.datetime, caplog: pytest.LogCaptureFixture
) -> None:
    plan(at=evening)
    answers = Answers({owner.email: ValueError("poison")})
    deliver_batch(at=evening, open_channel=answers, jitter=most)
    assert ended() == {owner.email: ("retry", "gave_up"), caregiver.email: ("sent", "")}
    assert errors(caplog) == ["ERROR"]
    assert owner.email not in caplog.text


def test_server_that_is_away_is_not_asked_again_for_each_message(
    clinic: Clinic, vet: User, evening: dt.datetime
) -> None:
    make_families(clinic, vet, 5, dogs=1)
    plan(at=evening)
    answers = Answers({f"family{n}@example.test": channels.AWAY for n in range(5)})
    deliver_batch(at=evening, open_channel=answers)
    assert len(answers.messages) == 1
    assert set(ended().values()) == {("retry", "no_answer")}


def test_slow_server_does_not_outlast_the_leases(clinic: Clinic, vet: User, evening: dt.datetime) -> None:
    make_families(clinic, vet, 5, dogs=1)
    plan(at=evening)
    seconds = iter(range(0, 10_000, 20))  # each look at the watch is 20 s later
    answers = Answers()
    deliver_batch(at=evening, open_channel=answers, stopwatch=lambda: float(next(seconds)))
    sent = Nudge.objects.filter(state="sent")
    assert 0 < sent.count() < 5
    # The rest is for the next batch, and for it at once: nothing has gone wrong.
    given_back = Nudge.objects.filter(state="planned", reason="", attempts=1)
    assert given_back.count() == 5 - sent.count()
    deliver_batch(at=evening + dt.timedelta(minutes=10), open_channel=answers, stopwatch=lambda: 0.0)
    assert sent.count() == 5
    assert LEASE.total_seconds() / 2 > SENDING_SECONDS


def test_evening_that_ends_during_a_slow_batch_ends_it(clinic: Clinic, vet: User, evening: dt.datetime) -> None:
    make_families(clinic, vet, 2, dogs=1)
    plan(at=evening)
    seconds = iter(range(0, 10_000, 10))
    answers = Answers()
    at = evening + 3 * HOUR - dt.timedelta(seconds=25)
    deliver_batch(at=at, open_channel=answers, stopwatch=lambda: float(next(seconds)))
    assert len(answers.messages) == 1
    assert Nudge.objects.filter(state="expired", reason="too_late").count() == 1


def test_row_that_kills_its_workers_steps_aside(program: Program, owner: User, evening: dt.datetime) -> None:
    plan(at=evening)
    at = evening
    for _ in range(MOST_ATTEMPTS):
        assert len(claim(at=at)) == 1
        at += LEASE
    answers = Answers()
    deliver_batch(at=at, open_channel=answers)
    assert (answers.messages, ended()) == ([], {owner.email: ("failed", "gave_up")})


def test_batch_takes_a_fixed_number_of_statements_and_one_per_message(
    clinic: Clinic, vet: User, evening: dt.datetime
) -> None:
    make_families(clinic, vet, 40, dogs=2)
    plan(at=evening)
    answers = Answers()
    # Claim, load, phones, three of the kind's last look, the clinics' own words, one per message sent, heartbeat.
    assert statements(lambda: deliver_batch(at=evening, limit=1, open_channel=answers)) == 8 + 1
    assert statements(lambda: deliver_batch(at=evening, limit=19, open_channel=answers)) == 8 + 19
    # All dropped at once: one statement for all of them, and one for those that had lost against them; no doses to read.
    Program.objects.update(ended_at=evening)
    Nudge.objects.filter(state="suppressed").delete()
    assert statements(lambda: deliver_batch(at=evening, limit=20, open_channel=answers)) == 8
    assert len(answers.messages) == 20
    assert Nudge.objects.filter(reason="program_ended").count() == 20


def test_kind_that_cannot_look_at_a_row_looks_at_the_others(
    program: Program,
    owner: User,
    caregiver: User,
    evening: dt.datetime,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing may hold up the queue, not even a kind that fails: here one whose rule breaks at one person's row."""
    make_nudge(owner, program.patient, evening)
    make_nudge(caregiver, program.patient, evening)
    kind = BY_CODE[Nudge.Kind.UNFINISHED_DAY]

    def facts(nudges: Sequence[Nudge], at: dt.datetime) -> Any:
        if owner.pk in {nudge.user_id for nudge in nudges}:
            raise ZeroDivisionError
        return kind.facts(nudges, at)

    monkeypatch.setitem(BY_CODE, Nudge.Kind.UNFINISHED_DAY, dataclasses.replace(kind, facts=facts))
    deliver_batch(at=evening, open_channel=Answers(), jitter=most)
    assert ended() == {owner.email: ("retry", "gave_up"), caregiver.email: ("sent", "")}
    assert errors(caplog) == ["ERROR", "ERROR"]
    Nudge.objects.filter(user=owner).update(attempts=MOST_ATTEMPTS - 1)
    deliver_batch(at=evening + 2 * MINUTE, open_channel=Answers())
    assert ended()[owner.email] == ("failed", "gave_up")


def test_row_of_a_kind_that_this_worker_does_not_know_waits_for_one_that_does(
    program: Program,
    owner: User,
    caregiver: User,
    evening: dt.datetime,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """While a new release is rolled out, its rows meet workers of the old one."""
    make_nudge(owner, program.patient, evening)
    make_nudge(caregiver, program.patient, evening, kind="welcome", number=1)
    monkeypatch.delitem(BY_CODE, Nudge.Kind.UNFINISHED_DAY)
    deliver_batch(at=evening, open_channel=Answers(), jitter=most)
    assert ended() == {owner.email: ("retry", "gave_up"), caregiver.email: ("sent", "")}
    assert errors(caplog) == ["ERROR"]


def test_row_of_a_clinic_is_for_those_who_work_there(
    patient: Patient, vet: User, evening: dt.datetime, now: dt.datetime
) -> None:
    make_nudge(vet, patient, evening, patient=None, kind="clinic_week")
    vet.memberships.update(ended_at=now)
    deliver_batch(at=evening, open_channel=Answers())
    assert ended() == {vet.email: ("suppressed", "not_caring")}
