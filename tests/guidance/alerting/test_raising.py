"""Every hit gets its alert, once, however long nobody was there to raise it."""

import datetime as dt
from threading import Barrier, Thread

import pytest
from django.db import connection

from accounts.models import Clinic, Membership, User
from rehab.guidance.actions import refresh_summaries
from rehab.guidance.alerting.delivering import deliver_alerts
from rehab.guidance.alerting.raising import OVERLAP, raise_alerts
from rehab.guidance.models import Alert, AlertDelivery, AlertMark, AlertStep
from rehab.patients.models import Patient, ProblemDefinition
from rehab.sessions.models import WarningReport
from tests import make
from tests.guidance.alerting.conftest import HOUR, MINUTE, Raised, make_hits, release
from tests.make import NOW
from tests.nudges.families import statements
from tests.sessions.reporting import report

DAY = dt.timedelta(days=1)


def kinds(alert: Alert) -> list[str]:
    return list(alert.steps.order_by("at", "pk").values_list("kind", flat=True))


def told(alert: Alert) -> set[str]:
    return set(alert.deliveries.filter(level=alert.level).values_list("user__email", flat=True))


@pytest.mark.parametrize(
    ("flag", "urgency", "first", "until"),
    [
        ("RF01", "emergency_now", {"vet@example.test", "colleague@example.test"}, 15 * MINUTE),
        ("RF23", "call_today", {"vet@example.test"}, 4 * HOUR),
        ("RF29", "next_review", {"therapist@example.test"}, 3 * DAY),
    ],
)
def test_hit_becomes_an_alert_that_tells_the_first_place(
    raised: Raised,
    definition: ProblemDefinition,
    colleague: User,
    therapist: User,
    flag: str,
    urgency: str,
    first: set[str],
    until: dt.timedelta,
) -> None:
    alert = raised(flag)
    assert (alert.urgency, alert.level, alert.raised_at, alert.escalate_at) == (urgency, 1, NOW, NOW + until)
    assert told(alert) == first
    assert kinds(alert) == ["raised"]
    assert set(AlertDelivery.objects.values_list("state", "attempts", "next_attempt_at")) == {("planned", 0, NOW)}


def test_check_without_a_hit_raises_nothing(patient: Patient, owner: User, vet: User) -> None:
    report(patient, owner)
    assert raise_alerts(at=NOW) == 0
    assert not Alert.objects.exists()


def test_vet_who_signed_the_newest_definition_is_told(
    raised: Raised, definition: ProblemDefinition, patient: Patient, colleague: User
) -> None:
    make.make_definition(patient, colleague)
    assert told(raised("RF23")) == {colleague.email}


def test_people_who_have_left_are_not_told(raised: Raised, definition: ProblemDefinition, colleague: User) -> None:
    Membership.objects.filter(user=definition.signed_by).update(ended_at=NOW)
    assert told(raised("RF23")) == {colleague.email}
    User.objects.filter(pk=colleague.pk).update(is_active=False)
    assert told(raised("RF24", at=NOW + MINUTE)) == set()


def test_clinic_with_nobody_tells_the_family_to_call_at_once(raised: Raised, patient: Patient, clinic: Clinic) -> None:
    Membership.objects.filter(clinic=clinic).update(ended_at=NOW)
    alert = raised("RF01")
    assert kinds(alert) == ["raised", "not_reached", "family_told"]
    assert (alert.is_through, alert.report.told_to_call_at, alert.deliveries.count()) == (True, NOW, 0)
    assert alert.escalate_at == NOW + 15 * MINUTE


def test_raising_again_changes_nothing(raised: Raised) -> None:
    raised()
    for later in (NOW, NOW + MINUTE, NOW + OVERLAP, NOW + 3 * OVERLAP):
        assert raise_alerts(at=later) == 0
    assert (Alert.objects.count(), AlertStep.objects.count(), AlertDelivery.objects.count()) == (1, 1, 1)


def test_worker_that_was_away_for_a_month_raises_all_and_families_know(clinic: Clinic, vet: User) -> None:
    make_hits(clinic, vet, 3, at=NOW)
    raise_alerts(at=NOW)
    make_hits(clinic, vet, 7, at=NOW + DAY)
    late = NOW + 30 * DAY
    assert raise_alerts(at=late) == 7
    # Nobody has answered for a month: whoever reads the page must not think that somebody is about to.
    assert WarningReport.objects.filter(told_to_call_at=late).count() == 7
    assert raise_alerts(at=late + MINUTE) == 0


def test_report_that_was_committed_late_is_not_lost(clinic: Clinic, vet: User) -> None:
    raise_alerts(at=NOW)
    assert AlertMark.objects.get().seen_until == NOW
    # Received, or found, before the run that did not see it yet.
    make_hits(clinic, vet, 1, at=NOW - OVERLAP + MINUTE)
    assert raise_alerts(at=NOW + MINUTE) == 1


def test_clock_that_goes_back_does_not_move_the_mark_back(clinic: Clinic, vet: User) -> None:
    raise_alerts(at=NOW)
    raise_alerts(at=NOW - DAY)
    assert AlertMark.objects.get().seen_until == NOW


def test_stop_that_a_vet_released_first_tells_nobody(patient: Patient, owner: User, vet: User) -> None:
    found = report(patient, owner, "RF01")
    release(found, vet, at=NOW + MINUTE)
    raise_alerts(at=NOW + HOUR)
    alert = Alert.objects.get()
    assert (alert.cleared_at, alert.cleared_by, alert.clear_reason) == (NOW + MINUTE, vet, "Examined")
    assert (alert.escalate_at, alert.deliveries.count()) == (None, 0)
    assert set(kinds(alert)) == {"raised", "cleared"}


def test_stop_that_was_released_while_it_was_raised_asks_for_nothing(raised: Raised, vet: User) -> None:
    alert = raised("RF01")
    # The release could not see the alert, nor the alert the release: each was still in its transaction.
    release(alert.report, vet, at=NOW + MINUTE)
    deliver_alerts(at=NOW + MINUTE)
    assert list(alert.deliveries.values_list("state", "outcome")) == [("dropped", "answered")]
    raise_alerts(at=NOW + 2 * MINUTE)
    raise_alerts(at=NOW + 3 * MINUTE)
    alert.refresh_from_db()
    assert (alert.cleared_at, alert.cleared_by, alert.escalate_at) == (NOW + MINUTE, vet, None)
    assert kinds(alert) == ["raised", "cleared"]


def test_what_the_rules_found_is_raised_too(patient: Patient, vet: User) -> None:
    make.make_program(patient, vet, make.make_definition(patient, vet, signed_at=NOW - 15 * DAY))
    make.make_pain(patient, make.TODAY, "before", 6)
    refresh_summaries(at=NOW)
    assert raise_alerts(at=NOW) == 1
    assert (Alert.objects.get().report.flags, Alert.objects.get().report.command) == (["RF16"], None)


def test_statements_are_the_same_for_any_number(clinic: Clinic, vet: User) -> None:
    raise_alerts(at=NOW)
    make_hits(clinic, vet, 1)
    # Left over; mark; is there any; hold the mark, read, three for the people, three to write, move the mark.
    assert statements(lambda: raise_alerts(at=NOW + MINUTE)) == 12
    make_hits(clinic, vet, 30)
    assert statements(lambda: raise_alerts(at=NOW + 2 * MINUTE)) == 12
    assert statements(lambda: raise_alerts(at=NOW + 3 * MINUTE)) == 3  # nothing to do
    assert AlertDelivery.objects.count() == 31


@pytest.mark.django_db(transaction=True)
def test_two_workers_raise_each_hit_once(clinic: Clinic, vet: User) -> None:
    make_hits(clinic, vet, 60)
    barrier, counts, errors = Barrier(3), [], []

    def worker() -> None:
        barrier.wait()
        try:
            counts.append(raise_alerts(at=NOW))
        except Exception as error:  # noqa: BLE001 - the thread's own way to tell
            errors.append(error)
        finally:
            connection.close()

    threads = [Thread(target=worker) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert (sum(counts), Alert.objects.count(), AlertStep.objects.count(), AlertDelivery.objects.count()) == (
        *(60, 60, 60, 60),
    )
