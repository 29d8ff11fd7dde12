"""From a row to a mail, against a real mail server: what is written is what really happened."""

import datetime as dt
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from threading import Barrier, Thread

import pytest
from django.db import connection
from pytest_django.fixtures import Settings

from accounts.models import Clinic, Membership, User
from rehab.guidance.alerting import claiming, delivering
from rehab.guidance.alerting.acknowledging import acknowledge
from rehab.guidance.alerting.claiming import LEASE, claim
from rehab.guidance.alerting.delivering import MOST_ATTEMPTS, SENDING_SECONDS, deliver_alerts
from rehab.guidance.alerting.escalating import escalate
from rehab.guidance.alerting.raising import raise_alerts
from rehab.guidance.models import Alert, AlertDelivery
from rehab.patients.models import Patient, ProblemDefinition
from tests.guidance.alerting.conftest import HOUR, MINUTE, MailSink, Raised, make_hits
from tests.guidance.alerting.test_acknowledging import STAFF
from tests.guidance.alerting.test_raising import kinds
from tests.journeys.stack import ROOT, database_url, free_port
from tests.make import NOW
from tests.nudges.families import statements
from tests.nudges.test_recovery import wait_until

SECOND = dt.timedelta(seconds=1)


def rows() -> list[tuple[str, str]]:
    return list(AlertDelivery.objects.order_by("level", "user__email").values_list("state", "outcome"))


def never(_low: float, _high: float) -> float:
    """No jitter at all: try again with the next tick."""
    return 0.0


def test_somebody_is_told_when_the_server_has_taken_the_mail(raised: Raised, mail_sink: MailSink, vet: User) -> None:
    alert = raised("RF01")
    assert kinds(alert) == ["raised"]
    assert deliver_alerts(at=NOW + SECOND) is False
    assert rows() == [("sent", "")]
    step = alert.steps.get(kind="told")
    assert (step.person, step.level) == (vet, 1)
    delivery = AlertDelivery.objects.get()
    assert delivery.first_attempt_at is not None
    assert delivery.first_attempt_at >= NOW + SECOND
    assert [str(one["To"]) for one in mail_sink.messages] == [vet.email]


@pytest.mark.parametrize(
    ("flag", "subject"),
    [
        ("RF01", "EMERGENCY: a warning sign needs you now"),
        ("RF23", "A warning sign needs you today"),
        ("RF29", "A warning sign to look at by the next re-examination"),
    ],
)
def test_mail_says_how_urgent_it_is_and_nothing_about_the_dog(
    raised: Raised, definition: ProblemDefinition, therapist: User, mail_sink: MailSink, flag: str, subject: str
) -> None:
    alert = raised(flag)
    deliver_alerts(at=NOW)
    message = mail_sink.messages[0]
    assert message["Subject"] == subject
    assert message["Message-ID"] == f"<alert-{AlertDelivery.objects.earliest('pk').pk.hex}@localhost>"
    assert message["Importance"] == ("high" if flag == "RF01" else None)
    text = "".join(part.get_content() for part in message.walk() if part.get_content_maintype() == "text")
    assert f"/alerts/{alert.pk}/" in text
    assert "18 Mar, 17:00" in text
    for secret in ("Bruno", "Dachshund", "Olga", "Sudden", "crate", "back legs", "lameness"):
        assert secret not in text


def test_mail_speaks_the_persons_language(raised: Raised, vet: User, mail_sink: MailSink) -> None:
    User.objects.update(language="es")
    raised("RF01")
    deliver_alerts(at=NOW)
    html = mail_sink.messages[0].get_body(("html",))
    assert html is not None
    assert '<html lang="es">' in html.get_content()


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [("550 5.1.1 no such user", "address_refused"), ("554 5.7.1 listed as spam", "refused")],
)
def test_who_cannot_be_reached_is_written_down_and_the_next_place_is_told_at_once(
    raised: Raised,
    definition: ProblemDefinition,
    vet: User,
    colleague: User,
    mail_sink: MailSink,
    answer: str,
    outcome: str,
) -> None:
    mail_sink.refusals[vet.email] = answer
    alert = raised("RF23")
    assert deliver_alerts(at=NOW, stopwatch=lambda: 0.0) is True
    assert rows() == [("failed", outcome)]
    assert list(alert.steps.filter(kind="not_reached").values_list("person", "text")) == [(vet.pk, outcome)]
    assert escalate(at=NOW + SECOND) == 1
    deliver_alerts(at=NOW + SECOND, stopwatch=lambda: 0.0)
    assert [str(one["To"]) for one in mail_sink.messages] == [colleague.email]
    alert.refresh_from_db()
    # Four hours have not passed, and somebody was told: the family is not sent to the phone for a wrong address.
    assert (alert.level, alert.report.told_to_call_at) == (2, None)


def test_place_with_somebody_who_was_told_waits(
    raised: Raised, vet: User, colleague: User, mail_sink: MailSink
) -> None:
    mail_sink.refusals[vet.email] = "550 5.1.1 no such user"
    alert = raised("RF01")
    assert deliver_alerts(at=NOW) is False
    assert sorted(rows()) == [("failed", "address_refused"), ("sent", "")]
    alert.refresh_from_db()
    assert alert.escalate_at == NOW + 15 * MINUTE


def test_nobody_can_be_reached_at_all_the_family_is_told_and_nobody_is_mailed_in_a_circle(
    raised: Raised, vet: User, mail_sink: MailSink
) -> None:
    mail_sink.refusals[vet.email] = "550 5.1.1 no such user"
    alert = raised("RF01")
    for number in range(6):
        deliver_alerts(at=NOW + number * SECOND, stopwatch=lambda: 0.0)
        escalate(at=NOW + number * SECOND)
    alert.refresh_from_db()
    assert (alert.level, alert.is_through) == (3, True)
    assert alert.report.told_to_call_at is not None
    assert alert.report.told_to_call_at < NOW + 6 * SECOND
    assert rows() == [("failed", "address_refused")] * 3
    assert alert.escalate_at is not None
    assert alert.escalate_at >= NOW + 15 * MINUTE


def test_two_workers_that_fail_with_the_last_two_of_a_place_tell_the_next(
    raised: Raised, vet: User, colleague: User, mail_sink: MailSink
) -> None:
    mail_sink.refusals |= {vet.email: "550 5.1.1 none", colleague.email: "550 5.1.1 none"}
    alert = raised("RF01")
    assert [deliver_alerts(at=NOW, limit=1), deliver_alerts(at=NOW, limit=1)] == [True, True]
    alert.refresh_from_db()
    assert alert.escalate_at is not None
    assert alert.escalate_at < NOW + MINUTE


@pytest.mark.parametrize("email", ["", "nobody", "a@b"])
def test_without_a_valid_address_nobody_is_told_and_the_log_says_so(
    raised: Raised, vet: User, mail_sink: MailSink, email: str
) -> None:
    User.objects.filter(pk=vet.pk).update(email=email)
    alert = raised("RF01")
    assert deliver_alerts(at=NOW) is True
    assert (rows(), mail_sink.raw) == ([("failed", "no_address")], [])
    assert kinds(alert) == ["raised", "not_reached"]


def test_who_has_left_since_is_not_told(raised: Raised, vet: User, mail_sink: MailSink) -> None:
    raised("RF01")
    Membership.objects.filter(user=vet).update(ended_at=NOW)
    deliver_alerts(at=NOW)
    assert (rows(), mail_sink.raw) == ([("failed", "left")], [])


def test_what_somebody_has_taken_over_is_not_told_any_more(raised: Raised, vet: User, mail_sink: MailSink) -> None:
    alert = raised("RF01")
    acknowledge(alert=alert, by=vet, roles=STAFF, at=NOW)
    deliver_alerts(at=NOW)
    assert (rows(), mail_sink.raw) == ([("dropped", "answered")], [])
    assert "told" not in kinds(alert)


def test_server_that_is_away_and_comes_back(raised: Raised, vet: User, mail_sink: MailSink, settings: Settings) -> None:
    port, settings.EMAIL_PORT = settings.EMAIL_PORT, free_port()
    alert = raised("RF01")
    deliver_alerts(at=NOW, jitter=never)
    deliver_alerts(at=NOW + MINUTE, jitter=never)
    assert rows() == [("retry", "no_answer")]
    # The log says once that the person is not reached, and never that anybody was told.
    assert kinds(alert) == ["raised", "not_reached"]
    settings.EMAIL_PORT = port
    deliver_alerts(at=NOW + 2 * MINUTE)
    assert rows() == [("sent", "")]
    assert kinds(alert) == ["raised", "not_reached", "told"]
    assert len(mail_sink.raw) == 1


def test_server_that_was_away_for_hours_gets_one_mail_for_each_person(
    raised: Raised, vet: User, mail_sink: MailSink, settings: Settings
) -> None:
    port, settings.EMAIL_PORT = settings.EMAIL_PORT, free_port()
    alert = raised("RF01")
    for number in range(1, 9):
        deliver_alerts(at=NOW + number * 15 * MINUTE - SECOND, jitter=never)
        escalate(at=NOW + number * 15 * MINUTE)
    alert.refresh_from_db()
    # Nobody was told, and the family knows since the first quarter of an hour.
    assert (alert.report.told_to_call_at, "told" in kinds(alert)) == (NOW + 15 * MINUTE, False)
    settings.EMAIL_PORT = port
    deliver_alerts(at=NOW + 3 * HOUR)
    assert len(mail_sink.raw) == 1
    assert sorted(set(rows())) == [("dropped", "told_again"), ("sent", "")]


def test_away_server_is_met_once_a_batch(
    clinic: Clinic, vet: User, mail_sink: MailSink, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.EMAIL_PORT = free_port()
    make_hits(clinic, vet, 5)
    raise_alerts(at=NOW)
    deliver_alerts(at=NOW)
    assert rows() == [("retry", "no_answer")] * 5
    # Only one was really tried.
    assert AlertDelivery.objects.exclude(first_attempt_at=None).count() == 1


def test_slow_server_does_not_outlast_the_leases(clinic: Clinic, vet: User, mail_sink: MailSink) -> None:
    make_hits(clinic, vet, 3)
    raise_alerts(at=NOW)
    seconds = iter([0.0, *[SENDING_SECONDS + 1] * 100])
    deliver_alerts(at=NOW, stopwatch=lambda: next(seconds))
    assert mail_sink.raw == []
    assert LEASE.total_seconds() > SENDING_SECONDS


def test_given_up_after_many_times(raised: Raised, mail_sink: MailSink, settings: Settings) -> None:
    settings.EMAIL_PORT = free_port()
    alert = raised("RF01")
    AlertDelivery.objects.update(attempts=MOST_ATTEMPTS - 1)
    deliver_alerts(at=NOW)
    assert rows() == [("failed", "no_answer")]
    alert.refresh_from_db()
    assert alert.escalate_at is not None
    assert alert.escalate_at < NOW + MINUTE


def test_row_that_kills_its_workers_steps_aside(raised: Raised, mail_sink: MailSink) -> None:
    raised("RF01")
    AlertDelivery.objects.update(attempts=MOST_ATTEMPTS)
    deliver_alerts(at=NOW)
    assert (rows(), mail_sink.raw) == ([("failed", "gave_up")], [])


def test_one_bad_row_does_not_hold_up_the_others(
    clinic: Clinic, vet: User, other_clinic: Clinic, outside_vet: User, mail_sink: MailSink
) -> None:
    make_hits(other_clinic, outside_vet, 1)
    make_hits(clinic, vet, 1)
    raise_alerts(at=NOW)
    # No form lets such a zone in; with it the mail cannot be written.
    Clinic.objects.filter(pk=other_clinic.pk).update(time_zone="No/Where")
    deliver_alerts(at=NOW)
    assert sorted(rows()) == [("retry", "gave_up"), ("sent", "")]


# --- Leases ----------------------------------------------------------------------------------------------------------


def test_most_urgent_alerts_are_claimed_first(raised: Raised, definition: ProblemDefinition, therapist: User) -> None:
    for number, flag in enumerate(("RF29", "RF23", "RF01")):
        raised(flag, at=NOW + number * SECOND)
    order = [AlertDelivery.objects.get(pk=lease.id).alert.urgency for lease in claim(at=NOW + MINUTE)]
    assert order == ["emergency_now", "call_today", "next_review"]


def test_lease_is_respected_and_taken_again_when_it_ran_out(raised: Raised, mail_sink: MailSink) -> None:
    raised("RF01")
    first = claim(at=NOW)
    assert (len(first), claim(at=NOW + LEASE - SECOND)) == (1, [])
    second = claim(at=NOW + LEASE)
    assert [(one.id, one.token) for one in second] == [(first[0].id, 2)]
    assert delivering.load(first) == []
    [row] = delivering.load(second)
    assert row.attempts == 2


def test_worker_that_lost_its_lease_writes_nothing(raised: Raised) -> None:
    alert = raised("RF01")
    lost = claim(at=NOW)
    delivery = delivering._Delivery(lost, at=NOW, stopwatch=lambda: 0.0, jitter=never)
    claim(at=NOW + LEASE)
    delivery._finish(delivery.rows[0], AlertDelivery.State.SENT, None, tried_at=NOW)
    delivery._put_off(delivery.rows[0], AlertDelivery.Outcome.NO_ANSWER, tried_at=NOW)
    assert (rows(), kinds(alert)) == ([("sending", "")], ["raised"])


def test_statements_of_a_batch_grow_only_by_what_is_written(clinic: Clinic, vet: User, mail_sink: MailSink) -> None:
    make_hits(clinic, vet, 12)
    raise_alerts(at=NOW)
    # Claim (read and mark), one look at all; for each its row and its line in the log.
    assert statements(lambda: deliver_alerts(at=NOW, limit=2)) == 3 + 2 * 2
    assert statements(lambda: deliver_alerts(at=NOW, limit=10)) == 3 + 10 * 2
    assert statements(lambda: deliver_alerts(at=NOW)) == 1


@pytest.mark.django_db(transaction=True)
def test_two_workers_send_each_mail_once(clinic: Clinic, vet: User, mail_sink: MailSink) -> None:
    make_hits(clinic, vet, 30)
    raise_alerts(at=NOW)
    barrier, errors = Barrier(2), []

    def worker() -> None:
        barrier.wait()
        try:
            while deliver_alerts(at=NOW, limit=5):
                pass
        except Exception as error:  # noqa: BLE001 - the thread's own way to tell
            errors.append(error)
        finally:
            connection.close()

    threads = [Thread(target=worker) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    deliver_alerts(at=NOW)
    assert errors == []
    assert rows() == [("sent", "")] * 30
    assert len({str(one["Message-ID"]) for one in mail_sink.messages}) == len(mail_sink.raw) == 30


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("accepted_before", [0, 2])
def test_killed_worker_is_followed_by_one_that_sends_the_rest(
    clinic: Clinic, vet: User, mail_sink: MailSink, tmp_path: Path, accepted_before: int
) -> None:
    make_hits(clinic, vet, 5)
    raise_alerts(at=NOW)
    # The server takes its time over each message, so that the kill falls between claim and finish.
    mail_sink.seconds = 1.0
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "rehab.settings",
        "STEADYBACK_MODE": "embedded",
        "STEADYBACK_ENV_FILE": os.devnull,
        "STEADYBACK_VAR": str(tmp_path),
        "DATABASE_URL": database_url(),
        "EMAIL_URL": f"smtp://127.0.0.1:{mail_sink.port}",
    }
    program = "-m", "tests.guidance.alerting.dying_worker", NOW.isoformat()
    worker = subprocess.Popen([sys.executable, *program], cwd=ROOT, env=environment)
    try:
        wait_until(lambda: mail_sink.sessions > 0 and len(mail_sink.raw) >= accepted_before)
    finally:
        worker.send_signal(signal.SIGKILL)
    assert worker.wait(timeout=10) == -signal.SIGKILL
    connection.close()

    mail_sink.seconds = 0.0
    time.sleep(0.5)  # what the dead worker still had in the line arrives
    held = AlertDelivery.objects.filter(state="sending").count()
    assert held >= 5 - accepted_before - 1
    deliver_alerts(at=NOW + LEASE - SECOND)
    assert AlertDelivery.objects.filter(state="sending").count() == held  # the lease is respected
    deliver_alerts(at=NOW + LEASE)
    assert rows() == [("sent", "")] * 5
    keys = [str(message["Message-ID"]) for message in mail_sink.messages]
    assert set(keys) == {f"<alert-{one.pk.hex}@localhost>" for one in AlertDelivery.objects.all()}
    # At most the one message that was under way came twice, and both times under the same key.
    assert len(keys) <= 6
    assert Alert.objects.filter(steps__kind="told").distinct().count() == 5


def test_nothing_ready_opens_no_connection(patient: Patient, mail_sink: MailSink) -> None:
    assert (deliver_alerts(at=NOW), mail_sink.sessions) == (False, 0)
    assert not claiming.ready(at=NOW).exists()
