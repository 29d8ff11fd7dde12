"""What people choose about reminders: stored whole, written into the audit trail, and harmless when repeated."""

import datetime as dt
from dataclasses import asdict
from typing import Any

import pytest

from accounts.models import AuditEvent, User
from rehab.nudges import actions
from rehab.nudges.actions import Wish
from rehab.nudges.actions.preference import mark_bounced
from rehab.nudges.models import NudgePreference

HOUR = dt.timedelta(hours=1)


def stored(user: User) -> NudgePreference:
    return NudgePreference.objects.get(user=user)


def kinds() -> list[str]:
    return sorted(AuditEvent.objects.values_list("kind", flat=True))


def test_everybody_has_a_clock_from_the_start_and_it_follows_them(owner: User) -> None:
    assert actions.wish_of(stored(owner)) == Wish()
    User.objects.filter(pk=owner.pk).update(time_zone="Asia/Kathmandu")
    assert stored(owner).time_zone == "Asia/Kathmandu"


def test_wish_is_stored_whole(owner: User, vet: User, now: dt.datetime) -> None:
    wish = Wish(
        reminds=False,
        push_enabled=False,
        email_enabled=False,
        week_enabled=False,
        follows_habit=False,
        remind_minute=600,
        morning_minute=700,
    )
    returned = actions.set_preference(user=owner, wish=wish, by=vet, at=now)
    assert actions.wish_of(returned) == actions.wish_of(stored(owner)) == wish
    assert actions.wish_of(stored(vet)) == Wish()
    event = AuditEvent.objects.get()
    assert (event.kind, event.actor, event.at, event.details) == ("nudges.preference_set", vet, now, asdict(wish))


@pytest.mark.parametrize(("minute", "kept"), [(0, 480), (479, 480), (480, 480), (1259, 1259), (1260, 480), (1439, 480)])
def test_no_time_is_stored_that_lies_in_the_quiet_hours(owner: User, now: dt.datetime, minute: int, kept: int) -> None:
    wish = Wish(remind_minute=minute, morning_minute=minute)
    actions.set_preference(user=owner, wish=wish, by=owner, at=now)
    assert (stored(owner).remind_minute, stored(owner).morning_minute) == (kept, kept)


@pytest.mark.parametrize("email_enabled", [True, False])
def test_asking_for_mail_forgets_that_the_address_was_refused(
    owner: User, now: dt.datetime, email_enabled: bool
) -> None:
    mark_bounced(owner.pk, at=now)
    actions.set_preference(user=owner, wish=Wish(email_enabled=email_enabled), by=owner, at=now)
    assert stored(owner).bounced_at == (None if email_enabled else now)


def test_choosing_keeps_a_break(owner: User, now: dt.datetime) -> None:
    actions.snooze(user=owner, until=now + HOUR, by=owner, at=now)
    actions.set_preference(user=owner, wish=Wish(), by=owner, at=now)
    assert stored(owner).snoozed_until == now + HOUR


@pytest.mark.parametrize(
    ("stop", "changed", "kind"),
    [
        (actions.stop_reminders, {"email_enabled": False}, "nudges.stopped"),
        (actions.stop_all, {"reminds": False}, "nudges.stopped_all"),
    ],
)
def test_stopping_switches_off_one_thing_once(
    owner: User, now: dt.datetime, stop: Any, changed: dict[str, bool], kind: str
) -> None:
    before = asdict(actions.wish_of(stored(owner)))
    for _ in range(2):
        stop(user=owner, by=owner, at=now)
    assert asdict(actions.wish_of(stored(owner))) == {**before, **changed}
    assert kinds() == [kind]


def test_shorter_break_does_not_cut_a_longer_one(owner: User, now: dt.datetime) -> None:
    assert actions.snooze(user=owner, until=now + 2 * HOUR, by=owner, at=now) == now + 2 * HOUR
    assert actions.snooze(user=owner, until=now + HOUR, by=owner, at=now) == now + 2 * HOUR
    assert actions.snooze(user=owner, until=now + 3 * HOUR, by=owner, at=now) == now + 3 * HOUR
    assert stored(owner).snoozed_until == now + 3 * HOUR
    assert kinds() == ["nudges.snoozed"] * 2


def test_break_ends_once(owner: User, now: dt.datetime) -> None:
    actions.end_snooze(user=owner, by=owner, at=now)
    assert kinds() == []
    actions.snooze(user=owner, until=now + HOUR, by=owner, at=now)
    for _ in range(2):
        actions.end_snooze(user=owner, by=owner, at=now)
    assert stored(owner).snoozed_until is None
    assert kinds() == ["nudges.snooze_ended", "nudges.snoozed"]


def test_break_that_is_over_needs_no_end(owner: User, now: dt.datetime) -> None:
    actions.snooze(user=owner, until=now, by=owner, at=now - HOUR)
    actions.end_snooze(user=owner, by=owner, at=now)
    assert stored(owner).snoozed_until == now
    assert kinds() == ["nudges.snoozed"]
