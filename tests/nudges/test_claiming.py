"""Leases: nobody holds a row twice, a dead worker holds none for long."""

import datetime as dt
from threading import Barrier, Lock, Thread
from uuid import UUID

import pytest
from django.db import connection

from accounts.models import Clinic, User
from rehab.nudges.actions import claim, plan, wake_ups
from rehab.nudges.actions.claiming import LEASE
from rehab.nudges.actions.delivery import finish
from rehab.nudges.actions.looking import load
from rehab.nudges.models import Heartbeat, Nudge
from rehab.programs.models import Program
from tests.nudges.families import make_families

SECOND = dt.timedelta(seconds=1)

pytestmark = pytest.mark.usefixtures("at_once")


@pytest.fixture
def planned(clinic: Clinic, vet: User, evening: dt.datetime) -> dt.datetime:
    """Thirty messages are ready at this time."""
    make_families(clinic, vet, 30, dogs=1)
    assert plan(at=evening) == 30
    return evening


def test_claim_takes_what_is_ready_and_no_more_than_asked(planned: dt.datetime) -> None:
    first = claim(at=planned, limit=20)
    second = claim(at=planned, limit=20)
    assert (len(first), len(second), claim(at=planned, limit=20)) == (20, 10, [])
    assert {lease.token for lease in first + second} == {1}
    assert len({lease.id for lease in first + second}) == 30
    assert set(Nudge.objects.values_list("state", "attempts", "next_attempt_at")) == {("sending", 1, planned + LEASE)}


def test_claim_keeps_to_its_limit_where_the_database_thinks_the_table_is_empty(planned: dt.datetime) -> None:
    """With the figures of an emptied table PostgreSQL ran the choice once for each row, and all thirty were taken."""
    Nudge.objects.all().delete()
    Heartbeat.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE nudges_nudge")
    assert plan(at=planned) == 30
    assert len(claim(at=planned, limit=20)) == 20


def test_claim_leaves_what_is_not_ready_or_ended(planned: dt.datetime) -> None:
    assert claim(at=planned - SECOND) == []
    Nudge.objects.update(state="sent", finished_at=planned)
    assert claim(at=planned) == []


def test_lease_that_ran_out_is_taken_again_under_the_same_key(program: Program, evening: dt.datetime) -> None:
    plan(at=evening)
    first = claim(at=evening)
    assert claim(at=evening + LEASE - SECOND) == []
    second = claim(at=evening + LEASE)
    assert [(lease.id, lease.token) for lease in second] == [(first[0].id, 2)]


def test_each_lease_that_ran_out_is_counted_and_nothing_else(program: Program, evening: dt.datetime) -> None:
    plan(at=evening)
    counts = []
    for times in range(3):
        claim(at=evening + times * LEASE)
        counts.append(Nudge.objects.get().leases_lost)
    Nudge.objects.update(state="retry", next_attempt_at=evening)
    claim(at=evening + 3 * LEASE)
    assert (counts, Nudge.objects.get().leases_lost) == ([0, 1, 2], 2)


def test_leases_that_ran_out_come_before_a_backlog(planned: dt.datetime) -> None:
    dead = {lease.id for lease in claim(at=planned, limit=3)}
    later = planned + LEASE
    assert {lease.id for lease in claim(at=later, limit=3)} == dead


def test_worker_that_lost_its_lease_changes_nothing(program: Program, evening: dt.datetime) -> None:
    plan(at=evening)
    slow = load(claim(at=evening))[0]
    quick = load(claim(at=evening + LEASE))[0]
    assert finish(slow, Nudge.State.SENT, "", at=evening + LEASE) is False
    assert Nudge.objects.get().state == "sending"
    assert finish(quick, Nudge.State.SENT, "", at=evening + LEASE) is True
    assert finish(slow, Nudge.State.FAILED, "refused", at=evening + LEASE) is False
    assert Nudge.objects.get().state == "sent"


def test_row_claimed_again_is_not_loaded_by_its_first_worker(program: Program, evening: dt.datetime) -> None:
    plan(at=evening)
    lost = claim(at=evening)
    claim(at=evening + LEASE)
    assert load(lost) == []


@pytest.mark.parametrize(("ready", "expected"), [(0, 0), (1, 1), (20, 1), (21, 2), (79, 4), (200, 4)])
def test_as_many_workers_are_woken_as_there_are_batches_up_to_four(
    clinic: Clinic, vet: User, evening: dt.datetime, ready: int, expected: int
) -> None:
    if ready:
        make_families(clinic, vet, ready, dogs=1)
    plan(at=evening)
    assert wake_ups(at=evening) == expected
    assert wake_ups(at=evening - SECOND) == 0


@pytest.mark.django_db(transaction=True)
def test_workers_at_once_never_claim_the_same_row(planned: dt.datetime) -> None:
    claimed: list[UUID] = []
    lock, barrier = Lock(), Barrier(4)

    def worker() -> None:
        barrier.wait()
        try:
            while leases := claim(at=planned, limit=3):
                with lock:
                    claimed.extend(lease.id for lease in leases)
        finally:
            connection.close()

    threads = [Thread(target=worker) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(claimed) == sorted(Nudge.objects.values_list("pk", flat=True))
