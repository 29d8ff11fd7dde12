"""The wake-ups: what came in is told at once, and a broker that is away costs nothing but the hurry."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.db import OperationalError
from django.test import Client
from django.urls import reverse
from kombu.exceptions import OperationalError as BrokerIsAway

import rehab.celery  # noqa: F401 (names the application)
from accounts.models import Clinic, User
from rehab.guidance import actions, tasks
from rehab.guidance.models import Alert, AlertDelivery, PatientSummary
from rehab.lib.ids import new_id
from rehab.patients.models import Patient
from rehab.sessions.models import WarningReport
from tests import make
from tests.guidance.alerting.conftest import MINUTE, MailSink, Raised, make_hits
from tests.make import NOW
from tests.nudges.families import statements
from tests.sessions.reporting import report

AsUser = Callable[[User], Client]
Published = list[dict[str, Any]]


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> Published:
    """The wake-ups that would have gone to the broker."""
    calls: Published = []
    monkeypatch.setattr(tasks.attend_alerts, "apply_async", lambda *args, **options: calls.append(options))
    return calls


@pytest.fixture
def _no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_args: Any, **_options: Any) -> None:
        raise BrokerIsAway

    monkeypatch.setattr(tasks.attend_alerts, "apply_async", away)


def sent(patient: Patient, *flags: str, **answers: object) -> dict[str, Any]:
    """One check as a phone sends it."""
    return {
        "id": str(new_id()),
        "kind": "report",
        "patient": str(patient.pk),
        "payload": {"answers": answers, "flags": list(flags)},
        "day": make.TODAY.isoformat(),
        "done_at": NOW.isoformat(),
        "time_zone": "UTC",
    }


def send(client: Client, *commands: dict[str, Any]) -> list[str]:
    answer = client.post(reverse("api:commands"), json.dumps(commands), content_type="application/json")
    assert answer.status_code == 200
    return [one["outcome"] for one in answer.json()["answers"]]


# --- The beat --------------------------------------------------------------------------------------------------------


def test_beat_raises_before_the_summaries_and_what_the_rules_found_after(
    patient: Patient, vet: User, owner: User, published: Published
) -> None:
    make.make_program(patient, vet, make.make_definition(patient, vet, signed_at=NOW - 15 * 24 * 60 * MINUTE))
    make.make_pain(patient, make.TODAY, "before", 6)
    report(patient, owner, "RF29")
    tasks.refresh_summaries()
    assert set(Alert.objects.values_list("urgency", flat=True)) == {"next_review", "call_today"}
    assert AlertDelivery.objects.filter(state="planned").exists()
    assert published[-1] == {"expires": settings.SUMMARY_REFRESH_SECONDS}


def test_beat_with_nothing_to_tell_wakes_nobody(patient: Patient, published: Published) -> None:
    tasks.refresh_summaries()
    assert published == []


def test_alerts_are_raised_though_the_summaries_fail_and_the_other_way_round(
    patient: Patient, owner: User, vet: User, published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_slow(*, at: object) -> int:
        raise OperationalError("canceling statement due to statement timeout")

    report(patient, owner, "RF01")
    with monkeypatch.context() as patch:
        patch.setattr(actions, "refresh_summaries", too_slow)
        with pytest.raises(OperationalError):
            tasks.refresh_summaries()
    assert (Alert.objects.count(), len(published)) == (1, 1)
    with monkeypatch.context() as patch:
        patch.setattr(tasks, "raise_alerts", too_slow)
        with pytest.raises(OperationalError):
            tasks.refresh_summaries()
    assert PatientSummary.objects.filter(patient=patient).exists()


def test_alerts_are_escalated_though_raising_fails(raised: Raised, monkeypatch: pytest.MonkeyPatch, clock: Any) -> None:
    def broken(*, at: object) -> int:
        raise OperationalError("lock timeout")

    raised("RF01")
    clock.shift(15 * MINUTE)
    monkeypatch.setattr(tasks, "raise_alerts", broken)
    with pytest.raises(OperationalError):
        tasks.attend_alerts()
    assert Alert.objects.get().level == 2


@pytest.mark.usefixtures("_no_broker")
def test_beat_without_a_broker_keeps_the_rows_for_the_next(
    patient: Patient, owner: User, vet: User, mail_sink: MailSink
) -> None:
    report(patient, owner, "RF01")
    with pytest.raises(BrokerIsAway):
        tasks.refresh_summaries()
    assert list(AlertDelivery.objects.values_list("state", flat=True)) == ["planned"]
    assert PatientSummary.objects.filter(patient=patient).exists()
    tasks.attend_alerts()
    assert len(mail_sink.raw) == 1


def test_beat_of_an_idle_clinic_takes_few_statements(patient: Patient, published: Published) -> None:
    tasks.refresh_summaries()
    # Left over, mark, is there any, escalate, is anything ready.
    assert statements(tasks._attend) == 5


# --- A woken worker --------------------------------------------------------------------------------------------------


def test_woken_worker_tells_at_once(patient: Patient, owner: User, vet: User, mail_sink: MailSink) -> None:
    report(patient, owner, "RF01")
    tasks.attend_alerts()
    assert [str(one["To"]) for one in mail_sink.messages] == [vet.email]


def test_woken_worker_goes_on_where_nobody_is_reached(
    patient: Patient, owner: User, vet: User, therapist: User, mail_sink: MailSink
) -> None:
    mail_sink.refusals[vet.email] = "550 5.1.1 no such user"
    report(patient, owner, "RF01")
    with time_machine.travel(NOW, tick=True):
        tasks.attend_alerts()
    assert [str(one["To"]) for one in mail_sink.messages] == [therapist.email]


def test_woken_worker_sends_several_batches(clinic: Clinic, vet: User, mail_sink: MailSink) -> None:
    make_hits(clinic, vet, 45)
    tasks.attend_alerts()
    assert len(mail_sink.raw) == 45


# --- The wake-up -----------------------------------------------------------------------------------------------------


def test_sign_that_comes_in_wakes_a_worker(
    as_user: AsUser, patient: Patient, owner: User, published: Published, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        assert send(as_user(owner), sent(patient, "RF01")) == ["applied"]
    assert published == [{"expires": settings.SUMMARY_REFRESH_SECONDS, "retry": False}]


def test_nothing_to_tell_wakes_nobody(
    as_user: AsUser,
    patient: Patient,
    owner: User,
    stranger: User,
    published: Published,
    django_capture_on_commit_callbacks: Any,
) -> None:
    check = sent(patient)
    again = sent(patient, "RF01")
    with django_capture_on_commit_callbacks(execute=False):
        send(as_user(owner), again)
    with django_capture_on_commit_callbacks(execute=True):
        assert send(as_user(owner), check, again) == ["applied", "already_applied"]
        assert send(as_user(stranger), sent(patient, "RF02")) == ["refused"]
    assert published == []


@pytest.mark.usefixtures("_no_broker")
@pytest.mark.django_db(transaction=True)
def test_broker_that_is_away_does_not_fail_the_phone(as_user: AsUser, patient: Patient, owner: User, vet: User) -> None:
    assert send(as_user(owner), sent(patient, "RF01")) == ["applied"]
    assert WarningReport.objects.get().urgency == "emergency_now"
    # The next beat raises it.
    tasks._raise_and_escalate()
    assert Alert.objects.count() == 1


def test_task_has_the_name_that_beat_and_routes_use() -> None:
    assert settings.CELERY_BEAT_SCHEDULE["summaries"]["task"] == tasks.refresh_summaries.name
    assert tasks.attend_alerts.name == "rehab.guidance.tasks.attend_alerts"
    assert tasks.attend_alerts.ignore_result
