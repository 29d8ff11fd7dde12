"""Opening, taking over and clearing: who may, what is kept, and what is refused."""

import datetime as dt
import time
from threading import Event, Thread

import pytest
from django.db import connection, transaction

from accounts.access import Role
from accounts.models import AuditEvent, User
from rehab.guidance.alerting import acknowledging
from rehab.guidance.alerting.acknowledging import (
    ClearedError,
    NotAllowedToClearError,
    NothingSaidError,
    NotTreatingError,
    StopNotReleasedError,
    TakenOverError,
    acknowledge,
    clear_alert,
    mark_seen,
    note_adverse_event,
)
from rehab.guidance.models import Alert, AlertStep
from rehab.guidance.releasing import NewStopError, release_stop
from rehab.patients.models import Patient
from rehab.sessions.models import WarningReport
from tests.guidance.alerting.conftest import HOUR, MINUTE, Raised
from tests.make import NOW
from tests.sessions.reporting import report

STAFF = frozenset({Role.VET})
THERAPIST = frozenset({Role.THERAPIST})
OWNER = frozenset({Role.OWNER})


def log(alert: Alert) -> list[tuple[str, object, str]]:
    steps = AlertStep.objects.filter(alert=alert).exclude(kind="raised").order_by("at", "pk")
    return list(steps.values_list("kind", "person", "text"))


def test_opening_is_kept_once_with_who_was_first(raised: Raised, vet: User, therapist: User) -> None:
    alert = raised()
    assert mark_seen(alert=alert, by=therapist, roles=THERAPIST, at=NOW + MINUTE) is True
    assert mark_seen(alert=alert, by=vet, roles=STAFF, at=NOW + 2 * MINUTE) is False
    assert log(alert) == [("seen", therapist.pk, "")]
    assert WarningReport.objects.get().seen_at == NOW + MINUTE
    # Opened is not taken over: the next place is still told.
    assert Alert.objects.get().escalate_at == NOW + 15 * MINUTE


@pytest.mark.parametrize("roles", [STAFF, THERAPIST])
def test_any_treating_person_takes_over_in_their_own_name(
    raised: Raised, therapist: User, roles: frozenset[Role]
) -> None:
    alert = raised()
    acknowledge(alert=alert, by=therapist, roles=roles, at=NOW + MINUTE)
    found = WarningReport.objects.get()
    assert (found.acknowledged_at, found.acknowledged_by, found.seen_at) == (NOW + MINUTE, therapist, NOW + MINUTE)
    assert log(alert) == [("seen", therapist.pk, ""), ("acknowledged", therapist.pk, "")]
    assert Alert.objects.get().escalate_at is None
    event = AuditEvent.objects.get(kind="alert.acknowledged")
    assert (event.actor, event.subject_id, event.at) == (therapist, alert.pk, NOW + MINUTE)


def test_the_first_who_takes_over_has_it(raised: Raised, vet: User, colleague: User) -> None:
    alert = raised()
    acknowledge(alert=alert, by=vet, roles=STAFF, at=NOW + MINUTE)
    acknowledge(alert=alert, by=vet, roles=STAFF, at=NOW + 2 * MINUTE)  # the same button, twice
    with pytest.raises(TakenOverError) as refused:
        acknowledge(alert=alert, by=colleague, roles=STAFF, at=NOW + 3 * MINUTE)
    assert (refused.value.report.acknowledged_by, refused.value.report.acknowledged_at) == (vet, NOW + MINUTE)
    assert len(log(alert)) == 2


@pytest.mark.parametrize("roles", [OWNER, frozenset({Role.CAREGIVER}), frozenset({Role.ADMIN}), frozenset[Role]()])
def test_nobody_else_does_anything(raised: Raised, owner: User, roles: frozenset[Role]) -> None:
    alert = raised("RF29")
    for act in (
        lambda: mark_seen(alert=alert, by=owner, roles=roles, at=NOW),
        lambda: acknowledge(alert=alert, by=owner, roles=roles, at=NOW),
        lambda: clear_alert(alert=alert, by=owner, roles=roles, reason="Fine", at=NOW),
        lambda: note_adverse_event(alert=alert, by=owner, roles=roles, text="Bit", at=NOW),
    ):
        with pytest.raises(NotTreatingError):
            act()
    assert log(alert) == []


@pytest.mark.parametrize(
    ("flag", "roles", "may"),
    [
        ("RF29", THERAPIST, True),
        ("RF29", STAFF, True),
        ("RF18", THERAPIST, False),  # call today; stops only the exercise that provoked it
    ],
)
def test_who_clears_is_what_the_sign_requires(
    raised: Raised, therapist: User, flag: str, roles: frozenset[Role], may: bool
) -> None:
    alert = raised(flag)
    assert acknowledging.may_clear(alert, roles) is may
    if not may:
        with pytest.raises(NotAllowedToClearError):
            clear_alert(alert=alert, by=therapist, roles=roles, reason="Skin is dry", at=NOW)
        assert log(alert) == []
        return
    clear_alert(alert=alert, by=therapist, roles=roles, reason=" Skin is dry ", at=NOW + HOUR)
    alert.refresh_from_db()
    assert (alert.cleared_at, alert.cleared_by, alert.clear_reason, alert.escalate_at) == (
        *(NOW + HOUR, therapist, "Skin is dry", None),
    )
    assert log(alert) == [("cleared", therapist.pk, "Skin is dry")]
    assert AuditEvent.objects.get(kind="alert.cleared").subject_id == alert.pk
    with pytest.raises(ClearedError):
        clear_alert(alert=alert, by=therapist, roles=roles, reason="Again", at=NOW + HOUR)
    with pytest.raises(ClearedError):
        acknowledge(alert=alert, by=therapist, roles=roles, at=NOW + HOUR)


def test_sign_that_holds_one_exercise_is_cleared_by_its_release(raised: Raised, vet: User) -> None:
    alert = raised("RF18")
    assert acknowledging.may_clear(alert, STAFF)
    with pytest.raises(StopNotReleasedError):
        clear_alert(alert=alert, by=vet, roles=STAFF, reason="Skin is dry", at=NOW)
    release_stop(patient=alert.patient, seen=[alert.pk], by=vet, roles=STAFF, reason="Skin is dry", at=NOW + HOUR)
    alert.refresh_from_db()
    assert (alert.cleared_at, alert.cleared_by, alert.clear_reason) == (NOW + HOUR, vet, "Skin is dry")


def test_clearing_says_why(raised: Raised, vet: User) -> None:
    alert = raised("RF29")
    with pytest.raises(NothingSaidError):
        clear_alert(alert=alert, by=vet, roles=STAFF, reason="  ", at=NOW)
    with pytest.raises(NothingSaidError):
        note_adverse_event(alert=alert, by=vet, roles=STAFF, text="  ", at=NOW)


def test_alert_of_a_stop_is_cleared_by_its_release_and_by_nothing_else(
    raised: Raised, patient: Patient, vet: User
) -> None:
    alert = raised("RF01")
    with pytest.raises(StopNotReleasedError):
        clear_alert(alert=alert, by=vet, roles=STAFF, reason="Fine", at=NOW)
    release_stop(patient=patient, seen=[alert.pk], by=vet, roles=STAFF, reason="Walks again", at=NOW + HOUR)
    alert.refresh_from_db()
    assert (alert.cleared_at, alert.cleared_by, alert.clear_reason, alert.escalate_at) == (
        *(NOW + HOUR, vet, "Walks again", None),
    )
    assert log(alert) == [("cleared", vet.pk, "Walks again")]
    assert AuditEvent.objects.filter(kind="alert.cleared").count() == 0  # the release's own event says it


def test_release_that_fails_clears_nothing(raised: Raised, patient: Patient, owner: User, vet: User) -> None:
    alert = raised("RF01")
    report(patient, owner, "RF06", at=NOW + MINUTE)
    with pytest.raises(NewStopError):
        release_stop(patient=patient, seen=[alert.pk], by=vet, roles=STAFF, reason="Fine", at=NOW + HOUR)
    alert.refresh_from_db()
    assert (alert.cleared_at, alert.escalate_at) == (None, NOW + 15 * MINUTE)


def test_release_leaves_the_alerts_of_other_dogs_and_notes(
    raised: Raised, patient: Patient, owner: User, vet: User
) -> None:
    note = raised("RF29")
    stop = raised("RF01", at=NOW + MINUTE)
    release_stop(patient=patient, seen=[stop.pk], by=vet, roles=STAFF, reason="Walks again", at=NOW + HOUR)
    note.refresh_from_db()
    assert note.cleared_at is None


def test_adverse_event_is_kept_also_after_the_clearance(raised: Raised, vet: User) -> None:
    alert = raised("RF29")
    clear_alert(alert=alert, by=vet, roles=STAFF, reason="Fine", at=NOW)
    note_adverse_event(alert=alert, by=vet, roles=STAFF, text=" Fell on the stairs ", at=NOW + dt.timedelta(days=1))
    assert log(alert)[-1] == ("adverse_event", vet.pk, "Fell on the stairs")
    event = AuditEvent.objects.get(kind="alert.adverse_event")
    assert (event.actor, event.details) == (vet, {})


@pytest.mark.django_db(transaction=True)
def test_release_and_take_over_at_once_end_both(raised: Raised, patient: Patient, vet: User, colleague: User) -> None:
    alert = raised("RF01")
    is_held = Event()
    errors: list[Exception] = []

    def release() -> None:
        is_held.wait()
        try:
            release_stop(patient=patient, seen=[alert.pk], by=vet, roles=STAFF, reason="Walks again", at=NOW + HOUR)
        except Exception as error:  # noqa: BLE001 - the thread's own way to tell
            errors.append(error)
        finally:
            connection.close()

    thread = Thread(target=release)
    thread.start()
    with transaction.atomic():
        mine = acknowledging._locked(alert, STAFF)
        is_held.set()
        time.sleep(0.5)  # now the release holds the dog, and waits for the alert
        acknowledging._see(mine, by=colleague, at=NOW)
    thread.join()
    assert errors == []
    alert.refresh_from_db()
    assert (alert.report.seen_at, alert.cleared_by) == (NOW, vet)
