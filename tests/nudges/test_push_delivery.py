"""From a row to a phone, and to the mailbox only when it is known that no phone took it."""

import datetime as dt

import pytest
from django.core.mail import EmailMessage
from pytest_django.fixtures import Settings

from accounts.models import User
from rehab.nudges.actions import claim, deliver_batch
from rehab.nudges.actions.claiming import LEASE
from rehab.nudges.actions.delivery import LONGEST_BACK_OFF_SECONDS, MOST_UNREACHED
from rehab.nudges.models import Nudge, NudgePreference, PushSubscription
from rehab.nudges.push import sending
from rehab.programs.models import Program
from tests import make
from tests.nudges.conftest import MailSink
from tests.nudges.families import statements
from tests.nudges.kinds.asking import report
from tests.nudges.push_service import PushService
from tests.nudges.rows import make_nudge

MINUTE = dt.timedelta(minutes=1)
SECOND = dt.timedelta(seconds=1)
REFUSED = "550 5.1.1 no such user"


def soonest(low: float, high: float) -> float:
    """Chance, at its shortest."""
    return low


def deliver(at: dt.datetime) -> None:
    deliver_batch(at=at, jitter=soonest)


def state(nudge: Nudge) -> tuple[str, str, str]:
    nudge.refresh_from_db()
    return nudge.state, nudge.reason, nudge.channel


@pytest.fixture(autouse=True)
def _short_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "TIMEOUT_SECONDS", 0.4)


@pytest.fixture
def row(program: Program, owner: User, evening: dt.datetime) -> Nudge:
    return make_nudge(owner, program.patient, evening)


@pytest.fixture
def phone(push_service: PushService, owner: User) -> PushSubscription:
    return push_service.phone().of(owner)


def test_phone_comes_first_and_then_there_is_no_mail(
    row: Nudge, phone: PushSubscription, push_service: PushService, mail_sink: MailSink, evening: dt.datetime
) -> None:
    deliver(evening)
    assert state(row) == ("sent", "", "push")
    assert mail_sink.messages == []
    (words,) = push_service.words
    assert words["web_push"] == 8030
    shown = words["notification"]
    assert (shown["title"], shown["tag"], shown["lang"]) == ("Bruno: Three left, about one minute", row.pk.hex, "en")
    assert shown["navigate"].startswith("http://127.0.0.1:8000/dogs/")
    (push,) = push_service.pushes
    assert push.headers["topic"] == row.pk.hex
    phone.refresh_from_db()
    assert phone.last_sent_at is not None
    assert evening <= phone.last_sent_at < evening + MINUTE


@pytest.mark.parametrize("mode", ["410", "404", "403", "413", "307"])
def test_mail_goes_at_once_when_it_is_known_that_no_phone_took_it(
    row: Nudge,
    phone: PushSubscription,
    push_service: PushService,
    mail_sink: MailSink,
    owner: User,
    evening: dt.datetime,
    mode: str,
) -> None:
    push_service.mode = mode
    deliver(evening)
    assert state(row) == ("sent", "", "email")
    assert row.attempts == 1
    assert [message["To"] for message in mail_sink.messages] == [owner.email]
    assert PushSubscription.objects.exists() is (mode not in ("404", "410"))
    assert len(push_service.pushes) == 1


@pytest.mark.parametrize("mode", ["slow", "garbage", "cut", "429", "500", "503"])
def test_phone_is_tried_again_where_nobody_knows_under_the_same_key(
    row: Nudge,
    phone: PushSubscription,
    push_service: PushService,
    mail_sink: MailSink,
    evening: dt.datetime,
    mode: str,
) -> None:
    push_service.mode = mode
    deliver(evening)
    assert state(row) == ("retry", "phone_away", "push")
    push_service.mode = "201"
    deliver(evening + MINUTE)
    assert state(row) == ("sent", "", "push")
    assert mail_sink.messages == []
    assert {push.headers["topic"] for push in push_service.pushes} == {row.pk.hex}
    assert {words["notification"]["tag"] for words in push_service.words} == {row.pk.hex}
    assert len(push_service.pushes) == 2


@pytest.mark.parametrize(("asked", "granted"), [("90", 90.0), ("0", 0.0), ("999999", LONGEST_BACK_OFF_SECONDS)])
def test_service_that_asks_for_a_while_gets_it_up_to_half_an_hour(
    row: Nudge, phone: PushSubscription, push_service: PushService, evening: dt.datetime, asked: str, granted: float
) -> None:
    push_service.mode, push_service.headers = "429", {"Retry-After": asked}
    deliver(evening)
    row.refresh_from_db()
    assert granted <= (row.next_attempt_at - evening).total_seconds() < granted + 20


def test_service_that_takes_nothing_again_and_again_is_a_way_that_has_failed(
    row: Nudge, phone: PushSubscription, push_service: PushService, mail_sink: MailSink, evening: dt.datetime
) -> None:
    """An installation whose network lets nothing out to the push services still reaches its people."""
    push_service.mode = "503"
    seen = []
    for minutes in range(MOST_UNREACHED):
        deliver(evening + minutes * MINUTE)
        seen.append(state(row))
    assert seen == [("retry", "phone_away", "push")] * (MOST_UNREACHED - 1) + [("sent", "", "email")]
    assert (len(push_service.pushes), len(mail_sink.messages)) == (MOST_UNREACHED, 1)
    assert PushSubscription.objects.count() == 1


def test_time_out_never_becomes_a_mail(
    row: Nudge, phone: PushSubscription, push_service: PushService, mail_sink: MailSink, evening: dt.datetime
) -> None:
    push_service.mode = "cut"
    for minutes in range(10):
        deliver(evening + minutes * MINUTE)
    assert state(row) == ("failed", "phone_away", "push")
    assert (len(push_service.pushes), mail_sink.messages) == (8, [])


def test_one_of_two_phones_is_enough(
    row: Nudge, push_service: PushService, mail_sink: MailSink, owner: User, evening: dt.datetime
) -> None:
    names = ("gone", "slow", "good")
    for name in names:
        push_service.phone(name).of(owner)
    push_service.modes = {"gone": "410"}
    deliver(evening)
    assert state(row) == ("sent", "", "push")
    assert sorted(push.phone for push in push_service.pushes) == sorted(names)
    assert sorted(row.endpoint.rpartition("/")[2] for row in PushSubscription.objects.all()) == ["good", "slow"]


def test_phone_that_timed_out_beside_one_that_took_it_is_not_told_again(
    row: Nudge, push_service: PushService, mail_sink: MailSink, owner: User, evening: dt.datetime, now: dt.datetime
) -> None:
    push_service.phone("good").of(owner, created_at=now + SECOND)
    push_service.phone("slow").of(owner)
    push_service.modes = {"slow": "slow"}
    for minutes in range(3):
        deliver(evening + minutes * MINUTE)
    assert state(row) == ("sent", "", "push")
    assert len(push_service.pushes) == 2


def test_mail_that_had_its_turn_is_tried_again_and_not_the_phone(
    row: Nudge,
    phone: PushSubscription,
    push_service: PushService,
    mail_sink: MailSink,
    owner: User,
    evening: dt.datetime,
    now: dt.datetime,
) -> None:
    push_service.mode, mail_sink.data = "410", "451 later"
    deliver(evening)
    assert state(row) == ("retry", "no_answer", "email")
    push_service.mode, mail_sink.data = "201", "250 OK"
    push_service.phone("new").of(owner)  # it subscribed anew meanwhile
    deliver(evening + MINUTE)
    assert state(row) == ("sent", "", "email")
    assert [push.phone for push in push_service.pushes] == ["phone"]


def test_without_any_way_left_it_has_failed_and_says_why(
    row: Nudge, phone: PushSubscription, push_service: PushService, owner: User, evening: dt.datetime
) -> None:
    NudgePreference.objects.filter(user=owner).update(email_enabled=False)
    push_service.mode = "410"
    deliver(evening)
    assert state(row) == ("failed", "phone_gone", "push")
    assert PushSubscription.objects.count() == 0


def test_mailbox_that_does_not_exist_leaves_the_phone(
    phone: PushSubscription,
    push_service: PushService,
    mail_sink: MailSink,
    program: Program,
    owner: User,
    evening: dt.datetime,
) -> None:
    """The summary of a week goes by mail first."""
    row = make_nudge(owner, program.patient, evening, kind="week")
    mail_sink.refusals[owner.email] = REFUSED
    deliver(evening)
    assert state(row) == ("sent", "", "push")
    assert NudgePreference.objects.get(user=owner).bounced_at is not None


def test_both_ways_known_to_have_failed(
    row: Nudge,
    phone: PushSubscription,
    push_service: PushService,
    mail_sink: MailSink,
    owner: User,
    evening: dt.datetime,
) -> None:
    push_service.mode = "410"
    mail_sink.refusals[owner.email] = REFUSED
    deliver(evening)
    assert state(row) == ("failed", "address_refused", "email")


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ({}, ("sent", "", "push")),
        ({"push_enabled": False}, ("sent", "", "email")),
        ({"push_enabled": False, "email_enabled": False}, ("suppressed", "no_way", "")),
        ({"email_enabled": False}, ("sent", "", "push")),
        ({"reminds": False}, ("suppressed", "reminders_off", "")),
    ],
)
def test_ways_are_those_that_a_person_has_chosen(
    row: Nudge,
    phone: PushSubscription,
    mail_sink: MailSink,
    owner: User,
    evening: dt.datetime,
    chosen: dict[str, bool],
    expected: tuple[str, str, str],
) -> None:
    NudgePreference.objects.filter(user=owner).update(**chosen)
    deliver(evening)
    assert state(row) == expected


def test_where_no_key_is_set_everything_goes_by_mail(
    row: Nudge, phone: PushSubscription, push_service: PushService, mail_sink: MailSink, evening: dt.datetime,
    settings: Settings,
) -> None:  # fmt: skip
    settings.VAPID_PRIVATE_KEY = ""
    deliver(evening)
    assert (state(row), push_service.pushes) == (("sent", "", "email"), [])


@pytest.mark.parametrize(
    ("minutes", "ttl"),
    [(0, 3 * 3600), (90, 90 * 60), (179, 60)],
)
def test_phone_that_is_off_does_not_show_it_in_the_night(
    row: Nudge, phone: PushSubscription, push_service: PushService, evening: dt.datetime, minutes: int, ttl: int
) -> None:
    """It is news, which lives for a day; but at nine it gets quiet."""
    row.kind, row.expires_at = Nudge.Kind.PLAN_CHANGED, evening + dt.timedelta(hours=24)
    row.save()
    deliver(evening + minutes * MINUTE)
    assert state(row)[0] == "sent"
    assert ttl - 60 <= int(push_service.pushes[0].headers["ttl"]) <= ttl


def test_person_who_may_not_sign_in_gets_nothing(
    row: Nudge, phone: PushSubscription, push_service: PushService, mail_sink: MailSink, owner: User,
    evening: dt.datetime,
) -> None:  # fmt: skip
    User.objects.filter(pk=owner.pk).update(is_active=False)
    deliver(evening)
    assert state(row) == ("suppressed", "reminders_off", "")
    assert (push_service.pushes, mail_sink.messages) == ([], [])


# --- Safety -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def call(program: Program, owner: User, evening: dt.datetime) -> Nudge:
    """At three in the night nobody at the clinic has answered an emergency."""
    at = evening + dt.timedelta(hours=9)
    told = report(program.patient, at=at - MINUTE, told_to_call_at=at - MINUTE)
    return make_nudge(
        owner, program.patient, at, kind="call_clinic", subject_id=told.pk, expires_at=at + dt.timedelta(hours=12)
    )


@pytest.mark.parametrize(
    "chosen",
    [
        {},
        {"reminds": False},
        {"email_enabled": False},
        {"reminds": False, "email_enabled": False, "push_enabled": False},
        {"snoozed_until": make.NOW + dt.timedelta(days=7)},
    ],
)
def test_what_is_about_safety_is_sent_at_any_hour_whatever_is_off(
    call: Nudge, mail_sink: MailSink, owner: User, chosen: dict[str, object]
) -> None:
    NudgePreference.objects.filter(user=owner).update(**chosen)
    deliver(call.planned_at)
    assert state(call) == ("sent", "", "email")
    assert [message["To"] for message in mail_sink.messages] == [owner.email]


def test_what_is_about_safety_goes_first_and_is_kept_through_the_night(
    call: Nudge, phone: PushSubscription, push_service: PushService, owner: User, program: Program
) -> None:
    deliver(call.planned_at)
    assert state(call) == ("sent", "", "push")
    (push,) = push_service.pushes
    assert push.headers["urgency"] == "high"
    assert int(push.headers["ttl"]) >= 3600


# --- Once in effect -------------------------------------------------------------------------------------------------------


def test_worker_that_dies_between_sending_and_writing_it_down(
    row: Nudge, phone: PushSubscription, push_service: PushService, evening: dt.datetime
) -> None:
    """The second sending carries the same topic and tag, so the phone shows one message; and it is counted."""

    class Killed(BaseException):
        """Not an exception that anything catches."""

    calls = iter([evening, evening])

    def watch() -> float:
        if push_service.pushes:
            raise Killed
        next(calls, None)
        return 0.0

    with pytest.raises(Killed):
        deliver_batch(at=evening, stopwatch=watch)
    assert state(row)[0] == "sending"
    deliver(evening + LEASE - SECOND)
    assert len(push_service.pushes) == 1
    deliver(evening + LEASE)
    assert state(row) == ("sent", "", "push")
    assert (row.leases_lost, row.attempts) == (1, 2)
    assert [push.headers["topic"] for push in push_service.pushes] == [row.pk.hex] * 2
    assert [words["notification"]["tag"] for words in push_service.words] == [row.pk.hex] * 2


def test_worker_that_dies_between_claiming_and_sending(
    row: Nudge, phone: PushSubscription, push_service: PushService, evening: dt.datetime
) -> None:
    claim(at=evening)
    deliver(evening + LEASE)
    assert state(row) == ("sent", "", "push")
    assert (row.leases_lost, len(push_service.pushes)) == (1, 1)


def test_worker_that_lost_its_lease_while_sending_changes_nothing(
    row: Nudge, phone: PushSubscription, push_service: PushService, evening: dt.datetime, mailoutbox: list[EmailMessage]
) -> None:
    """Another has taken the row while the push service was slow, and what that one wrote stays."""
    push_service.mode = "429"

    def drawn(low: float, high: float) -> float:
        # The wait is drawn just before the row is written.
        Nudge.objects.update(attempts=2, state="sent", finished_at=evening, channel="push")
        return low

    deliver_batch(at=evening, jitter=drawn)
    assert state(row) == ("sent", "", "push")
    assert mailoutbox == []


def test_batch_takes_as_many_statements_with_phones_as_without_and_one_for_all_that_took_it(
    program: Program, owner: User, caregiver: User, push_service: PushService, evening: dt.datetime
) -> None:
    for user in (owner, caregiver):
        make_nudge(user, program.patient, evening)
        for place in range(3):
            push_service.phone(f"{user.pk.hex}-{place}").of(user)
    assert statements(lambda: deliver(evening)) == 8 + 2 + 1
    assert len(push_service.pushes) == 6


def test_what_is_about_safety_comes_to_a_phone_that_was_switched_off_where_no_mail_arrives(
    call: Nudge, push_service: PushService, phone: PushSubscription, owner: User
) -> None:
    NudgePreference.objects.filter(user=owner).update(push_enabled=False, bounced_at=make.NOW)
    deliver(call.planned_at)
    assert state(call) == ("sent", "", "push")


def test_what_is_about_safety_outlasts_a_mail_server_that_is_away_for_half_a_day(
    call: Nudge, mail_sink: MailSink, settings: Settings
) -> None:
    port, settings.EMAIL_PORT = settings.EMAIL_PORT, 9
    at = call.planned_at
    for _ in range(12):
        deliver_batch(at=at, jitter=lambda _low, high: high, stopwatch=lambda: 0.0)
        call.refresh_from_db()
        assert call.next_attempt_at - at <= dt.timedelta(minutes=5)
        at = call.next_attempt_at
    settings.EMAIL_PORT = port
    deliver(at)
    assert state(call) == ("sent", "", "email")
