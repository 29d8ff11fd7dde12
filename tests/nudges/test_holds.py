"""An exercise that a warning sign has stopped alone is nothing to be reminded of; the others are."""

import datetime as dt
from collections.abc import Callable
from email.message import EmailMessage
from typing import Any

import pytest

from accounts.access import Role
from accounts.models import Clinic, User
from rehab.guidance.releasing import release_stop
from rehab.nudges.actions import deliver_batch, plan
from rehab.nudges.kinds import unfinished_day
from rehab.nudges.kinds.left import unfinished_dogs
from rehab.nudges.models import Nudge
from rehab.patients.models import Patient
from rehab.programs.models import Prescription, Program
from rehab.sessions.models import WarningReport
from rehab.sessions.queries.holds import held_in
from tests import make
from tests.make import TODAY
from tests.nudges.families import statements
from tests.nudges.kinds.asking import rows
from tests.sessions.reporting import report

MINUTE = dt.timedelta(minutes=1)
HEAT: dict[str, Any] = {"category": "thermal", "load": 0, "contraindications": ["X_WOUND", "X_SKIN"]}


def start(patient: Patient, vet: User) -> Program:
    """Heat of ten minutes, and standing of twice a day."""
    program = make.make_program(
        patient,
        vet,
        exercises=[("heat-pack", {"minutes": 10}), ("stand-count", {"reps": 5, "per_day": 2})],
        starts_on=TODAY - dt.timedelta(days=1),
    )
    patient.caregivers.update(started_at=program.created_at)
    return program


@pytest.fixture
def program(patient: Patient, vet: User) -> Program:
    make.make_exercise("heat-pack", name="Heat pack", **HEAT)
    make.make_exercise("stand-count", contraindications=[])
    return start(patient, vet)


@pytest.fixture
def left(owner: User, evening: dt.datetime) -> Callable[[], list[tuple[int, int]]]:
    """Times and minutes left of each dog of the owner."""

    def count() -> list[tuple[int, int]]:
        found = unfinished_dogs(user_ids=[owner.pk], at=evening).get(owner.pk, [])
        assert bool(found) is bool(rows(unfinished_day.KIND, evening))
        return [(dog.left, dog.minutes) for dog in found]

    return count


Left = Callable[[], list[tuple[int, int]]]


def tick(program: Program, slug: str, slots: int = 1) -> None:
    for slot in range(1, slots + 1):
        make.make_tick(program.prescriptions.get(exercise__slug=slug), TODAY, slot=slot)


def name(report: WarningReport, slug: str) -> None:
    WarningReport.objects.filter(pk=report.pk).update(numbers={"exercise": slug})


def test_only_the_held_exercise_is_no_longer_left(
    program: Program, owner: User, evening: dt.datetime, left: Left
) -> None:
    before = left()
    assert before[0][0] == 3
    report(program.patient, owner, "RF25", at=evening - MINUTE)
    assert left()[0][0] == 2
    assert left()[0][1] == before[0][1] - 10


def test_day_on_which_only_the_held_exercise_is_left_is_finished(
    program: Program, owner: User, evening: dt.datetime, left: Left
) -> None:
    tick(program, "stand-count", 2)
    assert left() == [(1, 10)]
    report(program.patient, owner, "RF25", at=evening - MINUTE)
    assert left() == []
    assert plan(at=evening) == 0


@pytest.mark.parametrize("slug", ["heat-pack", "light-massage", "stand-count", "warm-wash", "nonslip-floors"])
@pytest.mark.parametrize("named", ["", "heat-pack", "stand-count", "warm-wash"])
@pytest.mark.parametrize("flags", [["RF25"], ["RF18"], ["RF19", "RF29"], ["RF25", "RF18"], ["RF29"]])
def test_the_database_holds_what_the_rule_holds(
    patient: Patient, vet: User, owner: User, left: Left, slug: str, named: str, flags: list[str]
) -> None:
    plans: dict[str, dict[str, Any]] = {
        "heat-pack": {"category": "thermal", "contraindications": ["X_WOUND"]},
        "light-massage": {"category": "massage_manual", "contraindications": ["X_PAIN", "X_SKIN"]},
        "stand-count": {"contraindications": []},
        "warm-wash": {"category": "nursing_care", "contraindications": ["X_SKIN"]},
        "nonslip-floors": {"category": "home_safety", "contraindications": ["X_SKIN"]},
    }
    exercise = make.make_exercise(slug, **plans[slug])
    make.make_program(patient, vet, exercises=[(exercise, {"reps": 5})], starts_on=TODAY - dt.timedelta(days=1))
    name(report(patient, owner, *flags), named)
    held = held_in([patient.pk]).get(patient.pk)
    is_held = held is not None and slug in held.slugs
    assert len(left()) == (not is_held)


def test_reminder_counts_it_again_after_the_release(
    program: Program, vet: User, owner: User, evening: dt.datetime, left: Left
) -> None:
    said = report(program.patient, owner, "RF25", at=evening - MINUTE)
    tick(program, "stand-count", 2)
    assert left() == []
    release_stop(
        patient=program.patient, seen=[said.pk], by=vet, roles=frozenset({Role.VET}), reason="Skin is fine", at=evening
    )
    assert left() == [(1, 10)]


def test_sign_between_planning_and_delivery_leaves_it_out_of_the_message(
    program: Program, owner: User, evening: dt.datetime, mailoutbox: list[EmailMessage]
) -> None:
    tick(program, "stand-count", 2)
    assert plan(at=evening) == 1
    report(program.patient, owner, "RF25", at=evening + MINUTE)
    deliver_batch(at=evening + 2 * MINUTE)
    assert mailoutbox == []
    assert list(Nudge.objects.values_list("state", "reason")) == [("suppressed", "done")]


def test_message_says_how_many_of_the_others_are_left(
    program: Program, owner: User, evening: dt.datetime, mailoutbox: list[EmailMessage]
) -> None:
    report(program.patient, owner, "RF25", at=evening - MINUTE)
    plan(at=evening)
    deliver_batch(at=evening)
    (letter,) = mailoutbox
    assert "Bruno today: Two left" in str(letter.body)  # type: ignore[attr-defined]


def test_another_dog_with_the_same_exercise_goes_on(
    program: Program, clinic: Clinic, vet: User, owner: User, evening: dt.datetime, left: Left
) -> None:
    other = start(make.make_patient(clinic, vet, owner=owner, name="Luna"), vet)
    report(program.patient, owner, "RF25", at=evening - MINUTE)
    assert [count for count, _ in left()] == [2, 3]
    assert Prescription.objects.filter(program=other).count() == 2


def test_held_exercises_cost_no_further_statement(program: Program, owner: User, evening: dt.datetime) -> None:
    before = statements(lambda: rows(unfinished_day.KIND, evening))
    report(program.patient, owner, "RF25", at=evening)
    assert statements(lambda: rows(unfinished_day.KIND, evening)) == before == 1
    assert statements(lambda: unfinished_dogs(user_ids=[owner.pk], at=evening)) == 2
