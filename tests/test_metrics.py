"""The figures that Prometheus reads, parsed by its own library."""

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import User
from rehab.guidance.models import AlertDelivery
from rehab.nudges import actions
from rehab.nudges.heartbeat import beat
from rehab.nudges.models import Heartbeat, Nudge, PushSubscription
from rehab.patients.models import Patient
from tests.guidance.alerting.conftest import Raised, raised
from tests.test_health import make_nudge

__all__ = ["raised"]  # a fixture

TOKEN = "0123456789-0123456789"
MINUTE = dt.timedelta(minutes=1)
STATEMENTS = 10


@pytest.fixture(autouse=True)
def _token(settings: Settings) -> None:
    settings.METRICS_TOKEN = TOKEN


def ask(token: str | None = f"Bearer {TOKEN}") -> Any:
    return Client(headers={} if token is None else {"Authorization": token}).get("/metrics/")


def families() -> dict[str, Metric]:
    answer = ask()
    assert (answer.status_code, answer.headers["Content-Type"].split(";")[0]) == (200, "text/plain")
    return {family.name: family for family in text_string_to_metric_families(answer.content.decode())}


def samples(name: str) -> dict[tuple[str, ...], float]:
    """The values of one figure by the values of its labels, in the order of the labels' names."""
    found = families()[f"steadyback_{name}"].samples
    return {tuple(value for _name, value in sorted(one.labels.items())): one.value for one in found}


def make_sent(user: User, patient: Patient, *, took: dt.timedelta, day: int = 0, **changed: Any) -> Nudge:
    at = timezone.now()
    values = {"state": "sent", "channel": "email", "planned_at": at - took, "finished_at": at, **changed}
    return make_nudge(user, patient, late=took, local_day=at.date() - dt.timedelta(days=day), **values)


def test_without_a_token_in_the_settings_there_is_no_such_page(db: None, settings: Settings) -> None:
    settings.METRICS_TOKEN = ""
    for token in (None, "", "Bearer ", f"Bearer {TOKEN}"):
        assert ask(token).status_code == 404


@pytest.mark.parametrize("token", [None, "", TOKEN, "Bearer ", f"bearer {TOKEN}", f"Bearer {TOKEN}x", "Bearer é"])
def test_who_does_not_bring_the_token_learns_nothing(db: None, token: str | None) -> None:
    answer = ask(token)
    assert (answer.status_code, answer.content, answer.headers["WWW-Authenticate"]) == (401, b"", "Bearer")


def test_prometheus_asks_by_address_and_without_tls(db: None, settings: Settings) -> None:
    settings.SECURE_SSL_REDIRECT, settings.ALLOWED_HOSTS = True, ["rehab.example.org"]
    asking = Client(headers={"Authorization": f"Bearer {TOKEN}", "Host": "10.0.0.7:8000"})
    assert asking.get("/metrics/").status_code == 200


def test_names_say_what_and_in_which_unit(db: None) -> None:
    found = families()
    assert {name.split("_")[0] for name in found} == {"steadyback"}
    assert [name for name, family in found.items() if not family.documentation] == []
    assert {family.type for family in found.values()} == {"gauge", "histogram"}
    assert len(found) >= 11


def test_empty_installation_has_figures_too(db: None) -> None:
    assert samples("nudge_oldest_due_seconds") == {(): 0.0}
    assert samples("push_subscriptions") == {(): 0.0}
    assert samples("heartbeat_age_seconds") == {}
    assert samples("nudges_open") == {}


def test_ages_and_delays(owner: User, patient: Patient) -> None:
    at = timezone.now()
    beat(Heartbeat.Part.TICK, at=at - 2 * MINUTE)
    make_nudge(owner, patient, late=20 * MINUTE)
    assert samples("heartbeat_age_seconds")["tick",] == pytest.approx(120, abs=20)
    assert samples("nudge_oldest_due_seconds")[()] == pytest.approx(1200, abs=20)
    assert samples("nudges_open") == {("unfinished_day", "planned"): 1.0}


def test_nudges_of_the_last_day_by_what_became_of_them(owner: User, vet: User, patient: Patient) -> None:
    at = timezone.now()
    for number, user in enumerate((owner, vet)):
        make_sent(user, patient, took=MINUTE, leases_lost=number * 2)
    make_sent(owner, patient, took=MINUTE, day=1, state="suppressed", reason="done", channel="")
    make_sent(owner, patient, took=MINUTE, day=2, state="withheld", p_send="0.80", channel="")
    make_sent(owner, patient, took=MINUTE, day=3, kind="reply", channel="push")
    make_sent(owner, patient, took=MINUTE, day=4, finished_at=at - dt.timedelta(hours=25), leases_lost=7)
    assert samples("nudges_finished_last_day") == {
        ("email", "unfinished_day", "", "sent"): 2.0,
        ("", "unfinished_day", "done", "suppressed"): 1.0,
        ("", "unfinished_day", "", "withheld"): 1.0,
        ("push", "reply", "", "sent"): 1.0,
    }
    assert samples("nudge_leases_lost_last_day") == {(): 2.0}


def test_seconds_from_planned_to_sent_fall_into_buckets(owner: User, patient: Patient) -> None:
    for day, seconds in enumerate((10, 60, 61, 1000, 20_000)):
        make_sent(owner, patient, took=dt.timedelta(seconds=seconds), day=day)
    make_sent(owner, patient, took=MINUTE, day=9, state="failed", reason="refused")
    family = families()["steadyback_nudge_planned_to_sent_seconds_last_day"]
    buckets = {one.labels["le"]: one.value for one in family.samples if one.name.endswith("_bucket")}
    assert buckets == {
        "60.0": 2.0,
        "300.0": 3.0,
        "600.0": 3.0,
        "900.0": 3.0,
        "1800.0": 4.0,
        "3600.0": 4.0,
        "10800.0": 4.0,
        "+Inf": 5.0,
    }
    assert samples("nudge_planned_to_sent_seconds_last_day_gcount") == {(): 5.0}
    assert samples("nudge_planned_to_sent_seconds_last_day_gsum") == {(): pytest.approx(21_131)}


def test_opt_outs_of_the_last_day(owner: User, vet: User) -> None:
    at = timezone.now()
    actions.stop_reminders(user=owner, by=owner, at=at)
    actions.stop_all(user=vet, by=vet, at=at - dt.timedelta(hours=25))
    assert {how: count for (how,), count in samples("nudge_opt_outs_last_day").items() if count} == {
        "mail_stopped": 1.0
    }


def test_phones_and_alerts(owner: User, raised: Raised) -> None:
    at = timezone.now()
    PushSubscription.objects.create(
        user=owner, endpoint="https://push.example/secret", endpoint_hash="0" * 64, key="k", auth="a", created_at=at
    )
    raised("RF01", at=at)
    AlertDelivery.objects.update(next_attempt_at=at - 3 * MINUTE)
    assert samples("push_subscriptions") == {(): 1.0}
    assert samples("alert_deliveries_open") == {("planned",): 1.0, ("sending",): 0.0, ("retry",): 0.0}
    assert samples("alert_oldest_due_seconds")[()] == pytest.approx(180, abs=20)


def test_statements_do_not_grow_and_nobody_is_named(
    owner: User, patient: Patient, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(STATEMENTS):
        ask()
    for day in range(6):
        make_sent(owner, patient, took=MINUTE, day=day, kind="silence" if day % 2 else "reply")
    with django_assert_num_queries(STATEMENTS):
        said = ask().content.decode()
    for secret in (owner.email, owner.name, str(owner.pk), patient.name, str(patient.pk), str(patient.clinic_id)):
        assert secret not in said
