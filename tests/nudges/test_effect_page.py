"""The page on which a clinic sees whether its reminders help: sums only, for its own people only."""

import datetime as dt
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import Settings

from accounts.models import AuditEvent, Clinic, User
from rehab.lib.ids import new_id
from rehab.nudges import actions
from rehab.nudges.effect import Verdict
from rehab.nudges.measured import measured
from rehab.nudges.models import ClinicNudges, Nudge
from rehab.patients.models import Caregiver, Patient
from tests.nudges.families import statements

AsUser = Callable[[User], Client]
State, Reason, Kind = Nudge.State, Nudge.Reason, Nudge.Kind
DAY = dt.timedelta(days=1)


@pytest.fixture
def at(db: None) -> dt.datetime:
    return timezone.now()


@pytest.fixture(autouse=True)
def _one_of_five(settings: Settings) -> None:
    """The lot as it is outside the tests."""
    settings.NUDGE_WITHHELD_PERCENT = 20


def make_points(
    clinic: Clinic,
    vet: User,
    *,
    people: int,
    days: int,
    sent: float,
    withheld: float,
    at: dt.datetime,
    kind: Nudge.Kind = Kind.UNFINISHED_DAY,
) -> None:
    """Decision points, every fifth withheld, of which that share was followed in each arm; all in few statements."""
    users = User.objects.bulk_create(User(email=f"{new_id().hex}@example.test") for _ in range(people))
    dogs = Patient.objects.bulk_create(Patient(clinic=clinic, created_by=vet, name="CANARY dog") for _ in users)
    Caregiver.objects.bulk_create(
        Caregiver(clinic=clinic, patient=dog, user=user, relation="owner", started_at=at - 300 * DAY)
        for dog, user in zip(dogs, users, strict=True)
    )
    rows: list[Nudge] = []
    counts = {True: 0, False: 0}
    for n, (dog, user) in enumerate(zip(dogs, users, strict=True)):
        for day in range(days):
            planned_at, is_withheld = at - (day + 2) * DAY, (n + day) % 5 == 0
            share, number = withheld if is_withheld else sent, counts[is_withheld]
            counts[is_withheld] += 1
            rows.append(
                Nudge(
                    clinic=clinic,
                    patient=dog,
                    user=user,
                    kind=kind,
                    local_day=planned_at.date(),
                    time_zone="UTC",
                    state=State.WITHHELD if is_withheld else State.SENT,
                    planned_at=planned_at,
                    next_attempt_at=planned_at,
                    expires_at=planned_at,
                    finished_at=planned_at,
                    p_send=Decimal("0.80"),
                    followed=number * 7 % 20 < share * 20,
                )
            )
    Nudge.objects.bulk_create(rows)


def make_nudge(dog: Patient, user: User, at: dt.datetime, **fields: Any) -> Nudge:
    values = {"kind": Kind.UNFINISHED_DAY, "state": State.SENT, "finished_at": at, **fields}
    return Nudge.objects.create(
        clinic=dog.clinic,
        patient=dog,
        user=user,
        local_day=at.date(),
        time_zone="UTC",
        planned_at=at,
        next_attempt_at=at,
        expires_at=at,
        **values,
    )


def page(clinic: Clinic, query: str = "") -> str:
    return reverse("nudges:effect", args=[clinic.pk]) + query


def text(client: Client, clinic: Clinic, query: str = "") -> str:
    answer = client.get(page(clinic, query))
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


@pytest.mark.parametrize("who", ["vet", "therapist", "admin"])
def test_people_of_the_clinic_may_look(
    who: str, clinic: Clinic, as_user: AsUser, request: pytest.FixtureRequest
) -> None:
    answer = as_user(request.getfixturevalue(who)).get(page(clinic))
    assert answer.status_code == 200
    assert (b"staff-nav" in answer.content) is (who != "admin")


@pytest.mark.parametrize("who", ["outside_vet", "owner", "stranger"])
def test_others_find_nothing(
    who: str, clinic: Clinic, patient: Patient, as_user: AsUser, request: pytest.FixtureRequest
) -> None:
    assert as_user(request.getfixturevalue(who)).get(page(clinic)).status_code == 404


def test_who_has_left_and_who_has_not_signed_in(clinic: Clinic, vet: User, as_user: AsUser) -> None:
    vet.memberships.update(ended_at=timezone.now())
    assert as_user(vet).get(page(clinic)).status_code == 404
    assert Client().get(page(clinic)).status_code == 302


def test_empty_page_says_what_is_needed(clinic: Clinic, vet: User, as_user: AsUser) -> None:
    shown = text(as_user(vet), clinic)
    assert "Nothing was left to chance yet: about 6,300 decision points are needed to see 5 points." in shown
    assert "No message was planned in this period." in shown
    assert "Measuring is on." in shown


@pytest.mark.parametrize(
    ("sent", "withheld", "verdict", "sentence"),
    [
        (0.6, 0.4, Verdict.HELPS, "It helps: with it somebody exercised on 60 % of the days, without it on 40 %."),
        (0.5, 0.5, Verdict.NO_EFFECT, "It shows no effect: with it somebody exercised on 50 % of the days,"),
        (0.3, 0.5, Verdict.HARMS, "It does harm: with it somebody exercised on 30 % of the days, without it on 50 %."),
    ],
)
def test_each_verdict_is_said_plainly(
    clinic: Clinic,
    vet: User,
    as_user: AsUser,
    at: dt.datetime,
    sent: float,
    withheld: float,
    verdict: str,
    sentence: str,
) -> None:
    make_points(clinic, vet, people=200, days=40, sent=sent, withheld=withheld, at=at)
    found = measured(clinic=clinic, since=at - 84 * DAY, until=at)
    assert found.effects[Kind.UNFINISHED_DAY].verdict == verdict
    shown = text(as_user(vet), clinic)
    assert sentence in shown
    assert 'class="forest-point"' in shown
    assert "95 % interval:" in shown
    assert "CANARY" not in shown


def test_too_few_says_how_many_are_needed(clinic: Clinic, vet: User, as_user: AsUser, at: dt.datetime) -> None:
    make_points(clinic, vet, people=20, days=5, sent=0.5, withheld=0.5, at=at)
    assert re.search(r"Too few yet: 100 of about \d,\d00 decision points that are needed", text(as_user(vet), clinic))


def test_sums_are_those_of_the_clinic_and_the_period(
    clinic: Clinic, other_clinic: Clinic, vet: User, outside_vet: User, at: dt.datetime
) -> None:
    make_points(clinic, vet, people=10, days=10, sent=0.5, withheld=0.5, at=at)
    make_points(clinic, vet, people=10, days=5, sent=0.5, withheld=0.5, at=at - 60 * DAY)
    make_points(other_clinic, outside_vet, people=10, days=3, sent=1, withheld=1, at=at)
    four, twelve = (measured(clinic=clinic, since=at - weeks * 7 * DAY, until=at) for weeks in (4, 12))
    assert (four.effects[Kind.UNFINISHED_DAY].points, twelve.effects[Kind.UNFINISHED_DAY].points) == (100, 150)
    assert (four.effects[Kind.UNFINISHED_DAY].sent.points, four.total.sent, four.total.withheld) == (80, 80, 20)
    other = measured(clinic=other_clinic, since=at - 28 * DAY, until=at)
    assert (other.effects[Kind.UNFINISHED_DAY].points, other.effects[Kind.UNFINISHED_DAY].sent.share) == (30, 1.0)


def test_what_lost_against_a_cap_was_not_drawn(patient: Patient, owner: User, at: dt.datetime) -> None:
    """Also what was certain, or is not measured yet, tells nothing about chance."""
    drawn: dict[str, Any] = {"p_send": "0.80", "followed": True}
    rows: list[dict[str, Any]] = [
        {**drawn, "state": State.SUPPRESSED, "reason": Reason.COMBINED},
        {**drawn, "state": State.SUPPRESSED, "reason": Reason.ENOUGH},
        {**drawn, "p_send": "1.00"},
        {"p_send": None, "followed": None},
        {**drawn, "followed": None},
        {**drawn, "state": State.SUPPRESSED, "reason": Reason.DONE},
        {**drawn, "state": State.FAILED, "reason": Reason.REFUSED},
    ]
    for n, fields in enumerate(rows):
        make_nudge(patient, owner, at - (n + 2) * DAY, **fields)
    found = measured(clinic=patient.clinic, since=at - 28 * DAY, until=at)
    assert found.effects[Kind.UNFINISHED_DAY].sent.points == 2
    assert found.effects[Kind.UNFINISHED_DAY].withheld.points == 0
    assert found.waiting == 1


def test_guard_rails_and_phones(patient: Patient, owner: User, vet: User, as_user: AsUser, at: dt.datetime) -> None:
    sent = [make_nudge(patient, owner, at - n * DAY) for n in range(1, 11)]
    for nudge in sent[:4]:
        nudge.channel, nudge.delivered_at = Nudge.Channel.PUSH, nudge.planned_at
        nudge.opened_at = nudge.planned_at if nudge is sent[0] else None
        nudge.save()
    make_nudge(patient, owner, at - 11 * DAY, state=State.FAILED, reason=Reason.REFUSED, leases_lost=2)
    make_nudge(patient, owner, at - 12 * DAY, state=State.EXPIRED, reason=Reason.TOO_LATE)
    actions.stop_reminders(user=owner, by=owner, at=at - DAY)
    found = measured(clinic=patient.clinic, since=at - 28 * DAY, until=at)
    assert (found.total.sent, found.total.failed, found.total.expired, found.total.doubles) == (10, 1, 1, 2)
    assert (found.total.pushed, found.total.delivered, found.total.opened, found.switched_off) == (4, 4, 1, 1)
    shown = text(as_user(vet), patient.clinic)
    assert "1 person switched reminders off" in shown
    assert '<span class="num">100.0</span>' in shown
    assert "4: shown 100 %, opened 25 %" in shown
    assert "1 could not be sent at all, and 1 not before it was too late in the day, of 12 messages." in shown


def test_switching_off_counts_people_once_and_only_those_of_the_clinic(
    patient: Patient, owner: User, stranger: User, at: dt.datetime
) -> None:
    actions.stop_reminders(user=owner, by=owner, at=at - 2 * DAY)
    actions.stop_all(user=owner, by=owner, at=at - DAY)
    actions.stop_all(user=stranger, by=stranger, at=at - DAY)
    actions.set_preference(user=owner, wish=actions.Wish(reminds=False), by=owner, at=at - DAY)
    actions.set_preference(user=owner, wish=actions.Wish(remind_minute=1000), by=owner, at=at - DAY)
    assert AuditEvent.objects.filter(subject_id=owner.pk).count() == 4
    assert measured(clinic=patient.clinic, since=at - 28 * DAY, until=at).switched_off == 1
    assert measured(clinic=patient.clinic, since=at - 60 * DAY, until=at - 30 * DAY).switched_off == 0


def test_statements_do_not_grow_with_people_and_rows(
    clinic: Clinic, vet: User, as_user: AsUser, at: dt.datetime
) -> None:
    client = as_user(vet)
    make_points(clinic, vet, people=2, days=2, sent=0.5, withheld=0.5, at=at)
    client.get(page(clinic))
    few = statements(lambda: client.get(page(clinic)))
    assert statements(lambda: measured(clinic=clinic, since=at - 84 * DAY, until=at)) == 5
    make_points(clinic, vet, people=60, days=40, sent=0.5, withheld=0.5, at=at)
    make_points(clinic, vet, people=30, days=4, sent=0.5, withheld=0.5, at=at, kind=Kind.NEXT_MORNING)
    assert statements(lambda: client.get(page(clinic))) == few
    assert statements(lambda: measured(clinic=clinic, since=at - 84 * DAY, until=at)) == 5


@pytest.mark.parametrize(("query", "shown"), [("", 12), ("?weeks=4", 4), ("?weeks=52", 52), ("?weeks=9x", 12)])
def test_period_can_be_chosen(clinic: Clinic, vet: User, as_user: AsUser, query: str, shown: int) -> None:
    assert f'<a href="{page(clinic)}?weeks={shown}" aria-current="true">{shown} weeks</a>' in text(
        as_user(vet), clinic, query
    )


def test_measuring_that_is_off_is_named(clinic: Clinic, admin: User, as_user: AsUser, at: dt.datetime) -> None:
    actions.set_measures(clinic=clinic, measures=False, by=admin, at=at)
    shown = text(as_user(admin), clinic)
    assert "Nothing was measured in this period." in shown
    assert shown.count("Measuring is off: every reminder is sent") == 2


def test_lot_that_the_installation_has_switched_off_is_named(
    clinic: Clinic, vet: User, as_user: AsUser, settings: Settings
) -> None:
    settings.NUDGE_WITHHELD_PERCENT = 0
    assert "Nothing was measured in this period." in text(as_user(vet), clinic)


def test_looking_changes_nothing(clinic: Clinic, vet: User, as_user: AsUser) -> None:
    as_user(vet).get(page(clinic))
    assert not ClinicNudges.objects.exists()
    assert as_user(vet).post(page(clinic)).status_code == 405


def test_page_and_words_of_the_reminders_lead_to_each_other(clinic: Clinic, vet: User, as_user: AsUser) -> None:
    words, client = reverse("nudges:texts", args=[clinic.pk]), as_user(vet)
    assert f'href="{words}"' in text(client, clinic)
    assert f'href="{page(clinic)}"' in client.get(words).content.decode()
    assert f'href="{words}"' in client.get(reverse("guidance:alert-settings", args=[clinic.pk])).content.decode()
