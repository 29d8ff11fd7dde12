"""Nobody answers: the next place is told, then the family, and then all vets again and again."""

import datetime as dt
from threading import Barrier, Thread

import pytest
from django.db import connection

from accounts.models import Clinic, User
from rehab.guidance.alerting.acknowledging import acknowledge
from rehab.guidance.alerting.escalating import escalate
from rehab.guidance.alerting.raising import raise_alerts
from rehab.guidance.models import Alert, AlertDelivery, AlertStep, EscalationStep
from rehab.patients.models import Patient, ProblemDefinition
from rehab.sessions.models import WarningReport
from tests.guidance.alerting.conftest import HOUR, MINUTE, Raised, make_hits
from tests.guidance.alerting.test_acknowledging import STAFF
from tests.guidance.alerting.test_raising import DAY, kinds, told
from tests.make import NOW
from tests.nudges.families import statements
from tests.sessions.reporting import report

WEEKDAYS = {str(day): [["08:00", "18:00"]] for day in range(5)}


def later(alert: Alert, by: dt.timedelta) -> int:
    return escalate(at=NOW + by)


def test_emergency_goes_on_after_fifteen_minutes_and_the_family_is_told(
    raised: Raised, colleague: User, therapist: User
) -> None:
    alert = raised("RF01")
    assert later(alert, 15 * MINUTE - dt.timedelta(seconds=1)) == 0
    assert later(alert, 15 * MINUTE) == 1
    alert.refresh_from_db()
    assert (alert.level, alert.is_through, alert.escalate_at) == (2, False, NOW + 30 * MINUTE)
    assert told(alert) == {"vet@example.test", colleague.email, therapist.email}
    assert alert.report.told_to_call_at == NOW + 15 * MINUTE
    assert kinds(alert) == ["raised", "escalated", "family_told"]


def test_end_of_the_chain_tells_all_vets_again_and_the_family_once(raised: Raised, colleague: User) -> None:
    alert = raised("RF01")
    for number in range(1, 5):
        assert later(alert, number * 15 * MINUTE) == 1
    alert.refresh_from_db()
    assert (alert.level, alert.is_through) == (5, True)
    assert told(alert) == {"vet@example.test", colleague.email}
    assert kinds(alert).count("family_told") == 1
    assert WarningReport.objects.get().told_to_call_at == NOW + 15 * MINUTE


def test_call_today_waits_only_while_the_clinic_is_open(
    patient: Patient, owner: User, definition: ProblemDefinition, colleague: User, clinic: Clinic
) -> None:
    Clinic.objects.update(opening_hours=WEEKDAYS)
    friday = NOW + 2 * DAY  # 17:00
    report(patient, owner, "RF23", at=friday)
    raise_alerts(at=friday)
    alert = Alert.objects.get()
    monday = friday + 3 * DAY
    assert alert.escalate_at == monday.replace(hour=11)
    assert escalate(at=monday.replace(hour=10, minute=59)) == 0
    assert escalate(at=monday.replace(hour=11)) == 1
    alert.refresh_from_db()
    assert (alert.level, told(alert)) == (2, {"vet@example.test", colleague.email})
    assert alert.report.told_to_call_at == monday.replace(hour=11)


def test_emergency_waits_for_no_opening(raised: Raised) -> None:
    Clinic.objects.update(opening_hours=WEEKDAYS)
    alert = raised("RF01", at=NOW + 3 * DAY)  # a Saturday
    assert alert.escalate_at == NOW + 3 * DAY + 15 * MINUTE


def test_next_review_goes_to_the_vets_and_never_to_the_family(raised: Raised, therapist: User) -> None:
    alert = raised("RF29")
    for number in range(1, 4):
        assert later(alert, number * 3 * DAY) == 1
    alert.refresh_from_db()
    assert (alert.level, told(alert)) == (4, {"vet@example.test"})
    assert alert.report.told_to_call_at is None
    assert "family_told" not in kinds(alert)


def test_family_is_not_said_to_know_what_its_page_does_not_show(raised: Raised, colleague: User) -> None:
    alert = raised("RF18")  # call today, but it stops only the exercise that provoked it
    for number in range(1, 4):
        assert later(alert, number * 4 * HOUR) == 1
    assert WarningReport.objects.get().told_to_call_at is None
    assert "family_told" not in kinds(alert)


def test_clinics_own_chain_is_quicker_and_the_family_hears_at_its_end(
    raised: Raised, clinic: Clinic, therapist: User, colleague: User
) -> None:
    EscalationStep.objects.create(clinic=clinic, position=1, who="person", user=colleague, after_minutes=5)
    EscalationStep.objects.create(clinic=clinic, position=2, who="therapists", after_minutes=5)
    alert = raised("RF01")
    assert told(alert) == {colleague.email}
    later(alert, 5 * MINUTE)
    alert.refresh_from_db()
    assert (told(alert), alert.report.told_to_call_at) == ({therapist.email}, None)
    later(alert, 10 * MINUTE)
    alert.refresh_from_db()
    assert (alert.is_through, alert.escalate_at) == (True, NOW + 25 * MINUTE)
    assert WarningReport.objects.get().told_to_call_at == NOW + 10 * MINUTE


def test_long_chain_does_not_keep_the_family_waiting(raised: Raised, clinic: Clinic, therapist: User) -> None:
    for position in range(4):
        EscalationStep.objects.create(clinic=clinic, position=position, who="vets", after_minutes=15)
    alert = raised("RF01")
    later(alert, 15 * MINUTE)
    alert.refresh_from_db()
    assert (alert.level, alert.is_through, alert.report.told_to_call_at) == (2, False, NOW + 15 * MINUTE)


def test_taken_over_or_cleared_is_never_told_further(raised: Raised, vet: User) -> None:
    alert = raised("RF01")
    acknowledge(alert=alert, by=vet, roles=STAFF, at=NOW + MINUTE)
    assert later(alert, 30 * DAY) == 0
    assert alert.deliveries.count() == 1


def test_worker_that_was_away_goes_one_place_on_and_waits_again(raised: Raised) -> None:
    alert = raised("RF01")
    assert later(alert, 5 * HOUR) == 1
    alert.refresh_from_db()
    assert (alert.level, alert.escalate_at) == (2, NOW + 5 * HOUR + 15 * MINUTE)


def test_statements_are_the_same_for_any_number(clinic: Clinic, vet: User, colleague: User) -> None:
    make_hits(clinic, vet, 1)
    raise_alerts(at=NOW)
    # Find, three for the people, the alerts, whose family is told, tell them, steps, messages.
    assert statements(lambda: escalate(at=NOW + 15 * MINUTE)) == 9
    Alert.objects.all().delete()
    WarningReport.objects.all().delete()
    make_hits(clinic, vet, 20)
    raise_alerts(at=NOW)
    assert statements(lambda: escalate(at=NOW + 15 * MINUTE)) == 9
    assert statements(lambda: escalate(at=NOW + 15 * MINUTE)) == 1


@pytest.mark.django_db(transaction=True)
def test_two_workers_escalate_each_alert_once(clinic: Clinic, vet: User) -> None:
    make_hits(clinic, vet, 60)
    raise_alerts(at=NOW)
    barrier, counts, errors = Barrier(3), [], []

    def worker() -> None:
        barrier.wait()
        try:
            counts.append(escalate(at=NOW + 15 * MINUTE))
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
    assert (sum(counts), set(Alert.objects.values_list("level", flat=True))) == (60, {2})
    assert AlertDelivery.objects.filter(level=2).count() == 60
    assert (
        AlertStep.objects.filter(kind="escalated").count() == AlertStep.objects.filter(kind="family_told").count() == 60
    )
