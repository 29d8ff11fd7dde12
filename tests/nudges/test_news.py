"""The owner hears of a new program: once, by day, and without a clinical word."""

import datetime as dt
import re
from collections.abc import Callable

import pytest
from django.core.mail import EmailMessage
from django.test import Client

from accounts.models import Clinic, User
from rehab.nudges.actions import deliver_batch, plan
from rehab.nudges.kinds import plan_changed
from rehab.nudges.models import Nudge, NudgePreference
from rehab.patients.models import Caregiver, Patient
from rehab.programs.models import Program
from tests import make
from tests.make import NOW, TODAY
from tests.nudges.kinds import asking

HOUR = dt.timedelta(hours=1)
UNKIND = re.compile(r"\b(miss|missed|forgot|fail|failed|streak|must|late|pain|weak|nerve)\b", re.IGNORECASE)
# After the hours of the reminder, before the quiet ones: only news can come now.
LATE = NOW.replace(hour=20, minute=55)


@pytest.fixture
def given(patient: Patient, vet: User) -> Program:
    """A program that a vet assigned an hour before; it starts tomorrow."""
    program = make.make_program(patient, vet, starts_on=TODAY + dt.timedelta(days=1))
    Program.objects.update(created_at=LATE - HOUR)
    patient.caregivers.update(started_at=LATE - 20 * 24 * HOUR)
    return program


def news() -> list[tuple[str, str, str]]:
    return list(
        Nudge.objects.filter(kind="plan_changed").order_by("user__email").values_list("user__email", "state", "reason")
    )


def test_everybody_who_cares_for_the_dog_hears_of_it_once(
    given: Program, owner: User, caregiver: User, stranger: User, mailoutbox: list[EmailMessage]
) -> None:
    for minute in range(3):
        at = LATE + minute * dt.timedelta(minutes=1)
        plan(at=at)
        deliver_batch(at=at)
    plan(at=LATE + 12 * HOUR)
    deliver_batch(at=LATE + 12 * HOUR)

    assert news() == [("caregiver@example.test", "sent", ""), ("owner@example.test", "sent", "")]
    assert sorted((message.to[0], message.subject) for message in mailoutbox) == [
        ("caregiver@example.test", "Bruno has a new program"),
        ("owner@example.test", "Bruno has a new program"),
    ]


def test_a_second_program_is_news_again_on_another_day(
    given: Program, owner: User, vet: User, mailoutbox: list[EmailMessage]
) -> None:
    plan(at=LATE)
    deliver_batch(at=LATE)
    Program.objects.update(ended_at=LATE)
    make.make_program(given.patient, vet, starts_on=TODAY + dt.timedelta(days=2))
    Program.objects.filter(ended_at=None).update(created_at=LATE + 20 * HOUR)
    plan(at=LATE + 20 * HOUR)
    deliver_batch(at=LATE + 20 * HOUR)

    assert [message.subject for message in mailoutbox] == ["Bruno has a new program"] * 2


def test_news_of_the_night_waits_for_the_morning(given: Program, owner: User, mailoutbox: list[EmailMessage]) -> None:
    night, morning = LATE + HOUR, LATE.replace(hour=8, minute=0) + 24 * HOUR

    assert plan(at=night) == 0
    assert plan(at=morning) == 1
    deliver_batch(at=morning)

    assert len(mailoutbox) == 1


def test_news_does_not_use_up_the_reminder_of_the_day(
    given: Program, owner: User, evening: dt.datetime, mailoutbox: list[EmailMessage]
) -> None:
    make.make_prescription(given, starts_on=TODAY)
    Program.objects.update(created_at=evening - HOUR)
    plan(at=evening)
    deliver_batch(at=evening)

    assert sorted(message.subject for message in mailoutbox) == [
        "Bruno has a new program",
        "Bruno: One left, about one minute",
    ]


def _own_doing(given: Program, owner: User) -> None:
    Program.objects.update(created_by=owner)


def _no_longer_caring(given: Program, owner: User) -> None:
    Caregiver.objects.update(ended_at=LATE)


def _joined_since(given: Program, owner: User) -> None:
    Caregiver.objects.update(started_at=LATE - HOUR / 2)


def _ended_again(given: Program, owner: User) -> None:
    Program.objects.update(ended_at=LATE)


def _switched_off(given: Program, owner: User) -> None:
    NudgePreference.objects.filter(user=owner).update(reminds=False)


def _without_mail(given: Program, owner: User) -> None:
    NudgePreference.objects.filter(user=owner).update(email_enabled=False)


def _bounced(given: Program, owner: User) -> None:
    NudgePreference.objects.filter(user=owner).update(bounced_at=LATE)


def _left(given: Program, owner: User) -> None:
    User.objects.filter(pk=owner.pk).update(is_active=False)


def _old(given: Program, owner: User) -> None:
    Program.objects.update(created_at=LATE - 24 * HOUR)


@pytest.mark.parametrize(
    "change",
    [_own_doing, _no_longer_caring, _joined_since, _ended_again, _switched_off, _without_mail, _bounced, _left, _old],
)
def test_nobody_is_told_what_is_no_news_to_them(
    given: Program, owner: User, change: Callable[[Program, User], None]
) -> None:
    change(given, owner)

    plan(at=LATE)

    assert news() == []


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (_no_longer_caring, "not_caring"),
        (_ended_again, "program_ended"),
        (_switched_off, "reminders_off"),
        (_without_mail, "no_way"),
    ],
)
def test_news_that_makes_no_sense_any_more_is_not_sent(
    given: Program, owner: User, mailoutbox: list[EmailMessage], change: Callable[[Program, User], None], reason: str
) -> None:
    plan(at=LATE)
    change(given, owner)
    deliver_batch(at=LATE)

    assert (news(), mailoutbox) == ([("owner@example.test", "suppressed", reason)], [])


@pytest.mark.parametrize("language", ["en", "es"])
def test_words_hold_nothing_clinical_and_no_blame(given: Program, clinic: Clinic, language: str) -> None:
    plan(at=LATE)
    (words,) = asking.said(plan_changed.KIND, LATE, language=language)

    assert words.path == f"/dogs/{given.patient_id}/today/"
    assert clinic.name in words.lines[0]
    assert not UNKIND.findall(" ".join((words.title, words.notice, *words.lines, words.button, words.encouragement)))


def test_list_of_reminders_names_the_news(given: Program, owner: User, as_user: Callable[[User], Client]) -> None:
    plan(at=LATE)
    deliver_batch(at=LATE)

    page = as_user(owner).get("/nudges/").content.decode()

    assert "New program for Bruno" in page
