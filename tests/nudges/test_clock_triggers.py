"""Everybody has a row of preferences with the person's time zone, however the person was written."""

import pytest
from django.db import transaction

from accounts.models import User
from rehab.nudges.models import NudgePreference

pytestmark = pytest.mark.django_db


def clocks() -> dict[str, str]:
    """Each person's zone as the reminders know it."""
    return dict(NudgePreference.objects.values_list("user__email", "time_zone"))


def test_new_person_has_a_clock_with_the_usual_times() -> None:
    user = User.objects.create_user("a@example.test", time_zone="Asia/Kolkata")
    clock = NudgePreference.objects.get(user=user)
    assert (clock.time_zone, clock.remind_minute, clock.morning_minute) == ("Asia/Kolkata", 18 * 60, 8 * 60 + 30)
    assert (clock.reminds, clock.push_enabled, clock.email_enabled, clock.week_enabled, clock.follows_habit) == (
        *(True, True, True, True, True),
    )
    assert (clock.snoozed_until, clock.bounced_at) == (None, None)


def test_people_written_together_have_clocks() -> None:
    User.objects.bulk_create(
        User(email=f"{n}@example.test", time_zone=zone) for n, zone in enumerate(("UTC", "Asia/Tokyo", "Europe/Madrid"))
    )
    assert clocks() == {"0@example.test": "UTC", "1@example.test": "Asia/Tokyo", "2@example.test": "Europe/Madrid"}


@pytest.mark.parametrize("way", ["save", "update", "bulk_update"])
def test_clock_follows_the_person(way: str) -> None:
    users = [User.objects.create_user(f"{n}@example.test") for n in range(3)]
    moved = users[1]
    moved.time_zone = "Pacific/Apia"
    if way == "save":
        moved.save(update_fields=["time_zone"])
    elif way == "update":
        User.objects.filter(pk=moved.pk).update(time_zone="Pacific/Apia")
    else:
        User.objects.bulk_update(users, ["time_zone"])
    assert clocks() == {"0@example.test": "UTC", "1@example.test": "Pacific/Apia", "2@example.test": "UTC"}


def test_what_a_person_chose_stays_on_the_way() -> None:
    user = User.objects.create_user("a@example.test")
    NudgePreference.objects.filter(user=user).update(remind_minute=600, reminds=False)
    User.objects.filter(pk=user.pk).update(time_zone="America/New_York", name="Ann")
    clock = NudgePreference.objects.get(user=user)
    assert (clock.time_zone, clock.remind_minute, clock.reminds) == ("America/New_York", 600, False)


def test_clock_goes_with_its_person() -> None:
    user = User.objects.create_user("a@example.test")
    user.delete()
    assert clocks() == {}


def test_person_taken_back_leaves_no_clock() -> None:
    with transaction.atomic():
        User.objects.create_user("a@example.test")
        transaction.set_rollback(True)
    assert clocks() == {}
