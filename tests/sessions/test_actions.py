"""Commands are applied once and whole, whatever is sent beside them and however often."""

import datetime as dt
import threading
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from accounts.access import Role
from accounts.models import User
from rehab.lib.ids import new_id
from rehab.patients.models import Observation, Patient
from rehab.patients.observing import record_observations
from rehab.programs.models import Prescription, Program
from rehab.sessions import commands
from rehab.sessions.actions import Answer, apply_commands
from rehab.sessions.commands import Command as Parsed
from rehab.sessions.commands import Refusal, Why, parse
from rehab.sessions.models import Command, ExerciseSession, PainAnswer, PerformedExercise
from rehab.sessions.queries import logged
from tests import make

OWNER = frozenset({Role.OWNER})


def command(patient: Patient, kind: str = "tick", **changes: Any) -> Parsed | Refusal:
    payload: dict[str, Any] = {
        name: changes.pop(name)
        for name in ("slot", "share", "reason", "moment", "score", "metric", "value")
        if name in changes
    }
    if "prescription" in changes:
        payload["prescription"] = str(changes.pop("prescription").pk)
        payload.setdefault("slot", 1)
    return parse(
        {
            "id": str(changes.pop("id", None) or new_id()),
            "kind": kind,
            "patient": str(patient.pk),
            "payload": payload,
            "day": "2026-03-18",
            "done_at": "2026-03-18T16:00:00+00:00",
            "time_zone": "Europe/Madrid",
            "plan_version": 1,
            **changes,
        }
    )


def apply(patient: Patient, by: User, *commands: Parsed | Refusal, at: dt.datetime = make.NOW) -> list[Answer]:
    return apply_commands(patient=patient, roles=OWNER, commands=commands, by=by, at=at)


def outcomes(answers: list[Answer]) -> list[str]:
    return [str(answer.refusal.why) if answer.refusal else answer.outcome.value for answer in answers]


def rows() -> tuple[int, int, int]:
    return Command.objects.count(), PerformedExercise.objects.count(), PainAnswer.objects.count()


@pytest.fixture
def item(program: Program) -> Prescription:
    """Three sets, twice a day."""
    found: Prescription = program.prescriptions.get(position=0)
    return found


@pytest.fixture
def other_item(program: Program) -> Prescription:
    found: Prescription = program.prescriptions.get(position=1)
    return found


@pytest.mark.parametrize(
    ("kind", "more", "state", "share", "reason"),
    [
        ("tick", {}, "done", 100, ""),
        ("partial", {"share": 40}, "partial", 40, ""),
        ("skip", {"reason": "pain"}, "skipped", 0, "pain"),
        ("undo", {}, "undone", 0, ""),
    ],
)
def test_slot_command_writes_receipt_and_event(
    patient: Patient,
    owner: User,
    item: Prescription,
    kind: str,
    more: dict[str, Any],
    state: str,
    share: int,
    reason: str,
) -> None:
    pk = new_id()
    assert outcomes(apply(patient, owner, command(patient, kind, id=pk, prescription=item, slot=2, **more))) == [
        "applied"
    ]
    receipt = Command.objects.get()
    assert (receipt.pk, receipt.kind, receipt.patient, receipt.clinic) == (pk, kind, patient, patient.clinic)
    assert (receipt.issued_by, receipt.received_at, receipt.day) == (owner, make.NOW, make.TODAY)
    assert (receipt.time_zone, receipt.plan_version) == ("Europe/Madrid", 1)
    assert receipt.done_at == make.NOW - dt.timedelta(hours=1)
    event = PerformedExercise.objects.get()
    assert (event.pk, event.prescription, event.day, event.slot) == (pk, item, make.TODAY, 2)
    assert (event.state, event.share, event.skip_reason, event.recorded_by) == (state, share, reason, owner)
    assert (event.done_at, event.clinic, event.patient) == (receipt.done_at, patient.clinic, patient)


@pytest.mark.parametrize(("moment", "session_day"), [("before", 18), ("after", 18), ("next_morning", 17)])
def test_pain_hangs_on_the_session_of_its_day(patient: Patient, owner: User, moment: str, session_day: int) -> None:
    apply(patient, owner, command(patient, "pain", moment=moment, score=3))
    answer = PainAnswer.objects.select_related("session").get()
    day = dt.date(2026, 3, session_day)
    assert (answer.moment, answer.score, answer.day, answer.session.day) == (moment, 3, day, day)
    assert (answer.recorded_by, answer.session.number, answer.session.patient) == (owner, 1, patient)


def test_pain_answers_of_a_day_share_its_session(patient: Patient, owner: User) -> None:
    apply(patient, owner, command(patient, "pain", moment="before", score=3))
    apply(patient, owner, command(patient, "pain", moment="after", score=4))
    assert ExerciseSession.objects.count() == 1
    assert rows() == (2, 0, 2)


def test_same_command_again_is_already_applied(patient: Patient, owner: User, item: Prescription) -> None:
    tick = command(patient, prescription=item)
    assert outcomes(apply(patient, owner, tick)) == ["applied"]
    assert outcomes(apply(patient, owner, tick)) == ["already_applied"]
    assert outcomes(apply(patient, owner, tick, tick)) == ["already_applied", "already_applied"]
    assert rows() == (1, 1, 0)


def test_form_without_clock_sent_again_is_already_applied(patient: Patient, owner: User, item: Prescription) -> None:
    tick = command(patient, prescription=item, done_at=None, time_zone=None)
    apply(patient, owner, tick)
    later = make.NOW + dt.timedelta(days=5)
    assert outcomes(apply(patient, owner, tick, at=later)) == ["already_applied"]
    receipt = Command.objects.get()
    assert (receipt.done_at, receipt.time_zone) == (make.NOW, patient.time_zone)


def test_resend_after_the_exercise_was_taken_out_is_already_applied(
    patient: Patient, owner: User, item: Prescription, program: Program
) -> None:
    tick = command(patient, prescription=item)
    apply(patient, owner, tick)
    Prescription.objects.filter(pk=item.pk).update(
        ends_on=make.TODAY - dt.timedelta(days=5), ended_by=program.decisions.get()
    )
    assert outcomes(apply(patient, owner, tick)) == ["already_applied"]


@pytest.mark.parametrize("many", [False, True])
def test_same_key_with_other_content_is_refused(patient: Patient, owner: User, item: Prescription, many: bool) -> None:
    pk = new_id()
    apply(patient, owner, command(patient, id=pk, prescription=item))
    changed = [command(patient, id=pk, prescription=item, slot=2)] * (2 if many else 1)
    assert set(outcomes(apply(patient, owner, *changed))) == {Why.SAME_ID_OTHER_CONTENT}
    assert PerformedExercise.objects.get().slot == 1


def test_key_of_somebody_else_is_refused(patient: Patient, owner: User, caregiver: User, item: Prescription) -> None:
    tick = command(patient, prescription=item)
    apply(patient, owner, tick)
    assert outcomes(apply(patient, caregiver, tick)) == [Why.SAME_ID_OTHER_CONTENT]
    assert Command.objects.get().issued_by == owner


def test_same_key_twice_in_one_batch_counts_once(patient: Patient, owner: User, item: Prescription) -> None:
    pk = new_id()
    tick = command(patient, id=pk, prescription=item)
    undo = command(patient, "undo", id=pk, prescription=item)
    assert outcomes(apply(patient, owner, tick, tick, undo)) == [
        "applied",
        "already_applied",
        Why.SAME_ID_OTHER_CONTENT,
    ]
    assert rows() == (1, 1, 0)


@pytest.mark.parametrize("read_first", [False, True])
def test_older_answer_is_kept_and_superseded(
    patient: Patient, owner: User, item: Prescription, read_first: bool
) -> None:
    apply(patient, owner, command(patient, "undo", prescription=item, done_at="2026-03-18T16:00:00Z"))
    day = None
    if read_first:
        seen = logged(user=owner, patient_id=patient.pk, day=make.TODAY)
        assert seen is not None
        day = seen.day
    older = command(patient, prescription=item, done_at="2026-03-18T15:59:59Z")
    answers = apply_commands(patient=patient, roles=OWNER, commands=[older], by=owner, at=make.NOW, day=day)
    assert outcomes(answers) == ["superseded"]
    assert rows() == (2, 2, 0)


def test_older_pain_answer_is_superseded(patient: Patient, owner: User) -> None:
    new = command(patient, "pain", moment="before", score=2)
    old = command(patient, "pain", moment="before", score=7, done_at="2026-03-18T08:00:00Z")
    assert outcomes(apply(patient, owner, new)) == ["applied"]
    assert outcomes(apply(patient, owner, old)) == ["superseded"]
    assert rows() == (2, 0, 2)


def test_batch_is_weighed_in_its_own_order(patient: Patient, owner: User, item: Prescription) -> None:
    tick = command(patient, prescription=item, done_at="2026-03-18T10:00:00Z")
    undo = command(patient, "undo", prescription=item, done_at="2026-03-18T10:01:00Z")
    assert outcomes(apply(patient, owner, undo, tick)) == ["applied", "superseded"]


@pytest.mark.parametrize("reverse", [False, True])
def test_final_state_does_not_depend_on_the_order_of_arrival(
    patient: Patient, owner: User, item: Prescription, reverse: bool
) -> None:
    said = [
        command(patient, prescription=item, done_at="2026-03-18T10:00:00Z"),
        command(patient, "undo", prescription=item, done_at="2026-03-18T10:01:00Z"),
        command(patient, "partial", prescription=item, share=30, done_at="2026-03-18T10:02:00Z"),
    ]
    for one in reversed(said) if reverse else said:
        apply(patient, owner, one)
    seen = logged(user=owner, patient_id=patient.pk, day=make.TODAY)
    assert seen is not None
    assert [slot.state.value for slot in seen.day.items[0].slots] == ["part", "open"]


def test_one_bad_command_does_not_harm_the_others(
    patient: Patient, owner: User, item: Prescription, other_item: Prescription, stranger: User
) -> None:
    foreign = make.make_program(stranger.caring.get().patient, stranger).prescriptions.first()
    assert foreign is not None
    answers = apply(
        patient,
        owner,
        command(patient, prescription=item),
        command(patient, prescription=foreign),
        command(patient, prescription=other_item, slot=2),
        Refusal(why=Why.NOT_AN_OBJECT),
        command(patient, prescription=item, slot=2, day="2026-03-10"),
        command(patient, "pain", moment="after", score=4),
        command(patient, prescription=other_item),
    )
    assert outcomes(answers) == [
        "applied",
        Why.PRESCRIPTION_UNKNOWN,
        Why.SLOT_RANGE,
        Why.NOT_AN_OBJECT,
        Why.DAY_TOO_EARLY,
        "applied",
        "applied",
    ]
    assert rows() == (3, 2, 1)


def test_prescription_of_another_dog_is_refused_like_one_that_does_not_exist(
    patient: Patient, owner: User, item: Prescription, stranger: User
) -> None:
    foreign = make.make_program(stranger.caring.get().patient, stranger).prescriptions.first()
    assert foreign is not None
    theirs = apply(patient, owner, command(patient, prescription=foreign))
    nobodys = apply(patient, owner, command(patient, prescription=Prescription(pk=new_id())))
    assert theirs == nobodys
    assert outcomes(theirs) == [Why.PRESCRIPTION_UNKNOWN]


def test_command_that_names_another_dog_is_refused(patient: Patient, owner: User, item: Prescription) -> None:
    assert outcomes(apply(patient, owner, command(Patient(pk=new_id()), prescription=item))) == [Why.PATIENT_UNKNOWN]


def test_who_may_not_log_is_refused(patient: Patient, admin: User, item: Prescription) -> None:
    answers = apply_commands(
        patient=patient,
        roles=frozenset({Role.ADMIN}),
        commands=[command(patient, prescription=item)],
        by=admin,
        at=make.NOW,
    )
    assert outcomes(answers) == [Why.NOT_ALLOWED]
    assert rows() == (0, 0, 0)


def test_stale_plan_is_recorded_and_no_reason_to_refuse(patient: Patient, owner: User, item: Prescription) -> None:
    Program.objects.update(plan_version=7)
    assert outcomes(apply(patient, owner, command(patient, prescription=item, plan_version=2))) == ["applied"]
    assert Command.objects.get().plan_version == 2


@pytest.mark.parametrize(("ended", "unplanned"), [(0, False), (1, True)])
def test_what_is_no_longer_prescribed_is_kept_and_marked(
    patient: Patient, owner: User, item: Prescription, program: Program, ended: int, unplanned: bool
) -> None:
    ends_on = make.TODAY - dt.timedelta(days=ended)
    Prescription.objects.filter(pk=item.pk).update(ends_on=ends_on, ended_by=program.decisions.get())
    (answer,) = apply(patient, owner, command(patient, prescription=item))
    assert (answer.outcome, answer.is_unplanned) == ("applied", unplanned)
    assert PerformedExercise.objects.get().is_unplanned is unplanned


@pytest.mark.parametrize("count", [2, 20])
def test_batch_of_ticks_is_a_set_whatever_its_size(patient: Patient, owner: User, vet: User, count: int) -> None:
    exercises: list[Any] = [(f"exercise-{number}", {"per_day": 2}) for number in range(10)]
    program = make.make_program(patient, vet, exercises=exercises)
    sent = [command(patient, prescription=one, slot=slot) for one in program.prescriptions.all() for slot in (1, 2)][
        :count
    ]
    with CaptureQueriesContext(connection) as queries:
        assert outcomes(apply(patient, owner, *sent)) == ["applied"] * count
    verbs = [query["sql"].split()[0].upper() for query in queries]
    told = [verb for verb in verbs if verb not in ("SAVEPOINT", "RELEASE")]
    # Prescriptions and what was said before; then one insert for each of the two tables.
    assert (told[:2], len(told)) == (["SELECT", "SELECT"], 4)
    assert PerformedExercise.objects.count() == count


def test_single_tick_about_a_day_already_read_is_two_inserts(patient: Patient, owner: User, item: Prescription) -> None:
    seen = logged(user=owner, patient_id=patient.pk, day=make.TODAY)
    assert seen is not None
    tick = command(patient, prescription=item)
    with CaptureQueriesContext(connection) as queries:
        apply_commands(patient=patient, roles=OWNER, commands=[tick], by=owner, at=make.NOW, day=seen.day)
    verbs = [query["sql"].split()[0].upper() for query in queries]
    assert [verb for verb in verbs if verb not in ("SAVEPOINT", "RELEASE")] == ["INSERT", "INSERT"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("batch", [1, 3])
def test_two_requests_with_the_same_commands_at_once_apply_them_once(
    patient: Patient, owner: User, item: Prescription, other_item: Prescription, batch: int
) -> None:
    sent = [
        command(patient, prescription=item),
        command(patient, prescription=other_item),
        command(patient, "pain", moment="before", score=2),
    ][:batch]
    together = threading.Barrier(4)
    found: list[list[str]] = []

    def send() -> None:
        try:
            together.wait(timeout=10)
            found.append(outcomes(apply(patient, owner, *sent)))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(found) == [["already_applied"] * batch] * 3 + [["applied"] * batch]
    assert Command.objects.count() == batch


@pytest.mark.django_db(transaction=True)
def test_two_caregivers_who_answer_at_once_share_the_session(patient: Patient, owner: User, caregiver: User) -> None:
    together = threading.Barrier(2)
    found: list[list[str]] = []

    def send(by: User, moment: str) -> None:
        try:
            together.wait(timeout=10)
            found.append(outcomes(apply(patient, by, command(patient, "pain", moment=moment, score=2))))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=send, args=args) for args in ((owner, "before"), (caregiver, "after"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert found == [["applied"], ["applied"]]
    assert ExerciseSession.objects.count() == 1
    assert PainAnswer.objects.count() == 2


def test_uuid_of_the_command_is_the_key_of_its_event(patient: Patient, owner: User, item: Prescription) -> None:
    pk = UUID("01a20170-0000-7000-8000-000000000001")
    apply(patient, owner, command(patient, id=pk, prescription=item))
    assert PerformedExercise.objects.get(pk=pk).command_id == pk


def test_what_a_phone_may_say_is_what_the_tables_hold() -> None:
    assert set(commands.FACTS) == set(Command.Kind)
    assert set(commands.MOMENTS) == set(PainAnswer.Moment)
    assert set(PerformedExercise.SkipReason) == commands.SKIP_REASONS


def test_measure_whose_key_the_clinic_has_used_harms_no_other(patient: Patient, owner: User, vet: User) -> None:
    (theirs,) = record_observations(
        patient=patient,
        values={"standing_s": Decimal(20)},
        day=make.TODAY,
        note="",
        by=vet,
        roles=frozenset({Role.VET}),
        at=make.NOW,
    )
    measure = command(patient, "measure", metric="standing_s", value="30", id=str(theirs.pk))
    good = command(patient, "pain", moment="before", score=2)
    assert outcomes(apply(patient, owner, measure, good)) == [Why.SAME_ID_OTHER_CONTENT, "applied"]
    assert Observation.objects.get().value == 20
