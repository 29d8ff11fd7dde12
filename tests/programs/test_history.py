"""The history of a program as a page: a story from the beginning, with what changed."""

import datetime as dt
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.access import Role
from accounts.models import User
from rehab.library.models import Exercise
from rehab.patients.models import Patient
from rehab.programs.actions import (
    add_exercise,
    adopt_definition,
    change_dose,
    decide,
    end_program,
    pause_program,
    remove_prescription,
    resume_program,
)
from rehab.programs.dose import Dose
from rehab.programs.models import Decision, Prescription, Program
from rehab.programs.queries import Mark, history, story
from rehab.programs.rules import meaning
from tests import make
from tests.programs.conftest import prescribed

SignIn = Callable[[User], Client]
VET = frozenset({Role.VET})
DAY = dt.timedelta(days=1)


@pytest.fixture(autouse=True)
def _at_that_time(now: dt.datetime) -> Iterator[None]:
    with time_machine.travel(now, tick=False):
        yield


def read(client: Client, program: Program) -> str:
    answer = client.get(reverse("programs:program-history", args=[program.pk]))
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", answer.content.decode()))


def in_order(text: str, *sentences: str) -> bool:
    """Whether each stands after the one before; the missing one is named by the error."""
    start = 0
    for sentence in sentences:
        start = text.index(sentence, start)
    return True


@pytest.mark.usefixtures("shown_back")
def test_history_is_read_from_the_beginning(
    as_user: SignIn,
    vet: User,
    therapist: User,
    walking: Prescription,
    washing: Prescription,
    now: dt.datetime,
) -> None:
    program = walking.program
    by_vet: dict[str, Any] = {"by": vet, "roles": VET, "at": now}
    decide(kind=Decision.Kind.PROGRESS, prescription=walking, reason="Two easy weeks", plan_version=1, **by_vet)
    decide(
        kind=Decision.Kind.HOLD,
        prescription=prescribed(program, "leash-walk"),
        reason="Let it settle",
        plan_version=2,
        by=therapist,
        roles=frozenset({Role.THERAPIST}),
        at=now,
    )
    change_dose(
        prescription=washing,
        dose=Dose(minutes=6),
        anchor="Before dinner",
        reason="Thick coat",
        plan_version=3,
        **by_vet,
    )
    text = read(as_user(vet), program).partition("How it came to this")[2]
    assert in_order(
        text,
        "26 February 2026, 09:00 · Dr. Vera Lind, vet",
        "The program begins with 2 exercises.",
        "not in the plan",
        "18 March 2026, 17:00 · Dr. Vera Lind, vet",
        "Leash walk goes one step up. From 19 Mar 2026.",
        "“Two easy weeks”",
        "5 minutes, 3 times a day",
        "6 minutes, 3 times a day",
        "5 → 6 minutes",
        "D1 Back tissue is the source, load-related",
        "Tom Reyes, therapist",
        "Leash walk stays as it is.",
        "“Let it settle”",
        "Daily warm wash gets another dose.",
        "5 → 6 minutes; Before dinner",
    )
    assert "Jump to the newest" in text


def test_every_kind_of_decision_is_a_chapter(
    plan: Program, walking: Prescription, patient: Patient, vet: User, sling: Exercise, now: dt.datetime
) -> None:
    by: dict[str, Any] = {"by": vet, "at": now, "reason": "x"}
    whole = {**by, "roles": VET}
    decide(kind=Decision.Kind.REGRESS, prescription=walking, swap=True, plan_version=1, **whole)
    add_exercise(program=plan, exercise=make.make_exercise("sniff"), dose=Dose(reps=5), plan_version=2, **whole)
    remove_prescription(prescription=prescribed(plan, "sniff"), plan_version=3, **by)
    make.make_step(plan, rung=2)
    pause_program(program=plan, plan_version=4, **by)
    later = {**whole, "at": now + 8 * DAY}
    resume_program(program=plan, plan_version=5, **later)
    newer = make.make_definition(patient, vet, activity_order="strict_rest", re_exam_due_on=make.TODAY + 90 * DAY)
    adopt_definition(program=plan, definition=newer, by=vet, roles=VET, at=now + 9 * DAY)
    end_program(program=plan, plan_version=7, **{**by, "at": now + 10 * DAY})
    told = [(one.decision.kind, one.sentence) for one in reversed(history(plan))]
    assert told == [
        ("assign", "The program begins with 2 exercises."),
        ("regress", "Leash walk gives way to the easier Sling walk."),
        ("add", "Sniff joins the program."),
        ("remove", "Sniff leaves the program."),
        ("pause", "The program rests."),
        ("resume", "The program goes on after 8 days."),
        ("redefine", "The program follows the newly signed problem definition."),
        ("end", "The program ends."),
    ]
    changes = {one.decision.kind: [(c.name, c.mark, c.before, c.after) for c in one.changes] for one in history(plan)}
    assert changes["resume"] == [
        ("Sling walk", Mark.STAYS, "1 minute, 3 times a day", "1 minute, 3 times a day"),
        ("Daily warm wash", Mark.STAYS, "5 minutes, once a day", "5 minutes, once a day"),
        ("Car", Mark.CHANGED, "rung 2", "rung 1"),
    ]
    assert ("Sling walk", Mark.ENDED, "1 minute, 3 times a day", "") in changes["redefine"]
    assert changes["pause"] == changes["end"] == []


def test_history_goes_by_the_years_of_the_dog(plan: Program, vet: User) -> None:
    Patient.objects.filter(pk=plan.patient_id).update(time_zone="Pacific/Auckland")
    Decision.objects.create(
        clinic=plan.clinic,
        patient=plan.patient,
        program=plan,
        kind="hold",
        reason="x",
        plan_version=2,
        effective_on=dt.date(2027, 1, 1),
        decided_by=vet,
        decided_at=dt.datetime(2026, 12, 31, 20, tzinfo=dt.UTC),
    )
    years = story(Program.objects.select_related("patient").get())
    assert [(year.year, len(year.chapters)) for year in years] == [(2026, 1), (2027, 1)]


def test_programs_of_the_dog_are_linked_both_ways(as_user: SignIn, plan: Program, vet: User, now: dt.datetime) -> None:
    Program.objects.update(ended_at=now)
    second = make.make_program(plan.patient, vet, starts_on=make.TODAY, phase="P3", phase_name="Strengthen")
    browser = as_user(vet)
    assert "After it: P3 Strengthen, from 18 Mar 2026" in read(browser, plan)
    text = read(browser, second)
    assert "Before it: P2 Steady, from 26 Feb 2026" in text
    assert "After it" not in text


def test_history_escapes_what_people_write(as_user: SignIn, vet: User, walking: Prescription, now: dt.datetime) -> None:
    decide(
        kind=Decision.Kind.HOLD,
        prescription=walking,
        reason="<script>alert(1)</script>",
        plan_version=1,
        by=vet,
        roles=VET,
        at=now,
    )
    body = as_user(vet).get(reverse("programs:program-history", args=[walking.program_id])).content.decode()
    assert "<script>alert" not in body
    assert "&lt;script&gt;alert(1)" in body


def test_history_says_whether_the_program_runs(as_user: SignIn, vet: User, plan: Program, now: dt.datetime) -> None:
    browser = as_user(vet)
    assert "Change it" in read(browser, plan)
    pause_program(program=plan, reason="Holiday", plan_version=1, by=vet, at=now)
    assert "Paused since 18 Mar 2026." in read(browser, plan)
    end_program(program=plan, reason="Moved away", plan_version=2, by=vet, at=now)
    text = read(browser, plan)
    assert "This program has ended." in text
    assert "Change it" not in text


@pytest.mark.parametrize("number", [1, 30])
def test_history_costs_the_same_for_one_decision_as_for_thirty(
    plan: Program, vet: User, django_assert_num_queries: DjangoAssertNumQueries, number: int
) -> None:
    for version in range(2, number + 2):
        decision = Decision.objects.create(
            clinic=plan.clinic,
            patient=plan.patient,
            program=plan,
            kind="add",
            reason="x",
            plan_version=version,
            effective_on=make.TODAY,
            decided_by=vet,
            decided_at=make.NOW,
        )
        make.make_prescription(plan, decision, exercise=f"active-{version}")
    program = Program.objects.select_related("patient").get()
    with django_assert_num_queries(3):
        assert [len(year.chapters) for year in story(program)] == [number + 1]


def test_history_tells_what_was_overruled_from_what_was_followed(
    as_user: SignIn, vet: User, plan: Program, hill: Exercise, now: dt.datetime
) -> None:
    by_vet: dict[str, Any] = {"by": vet, "roles": VET, "at": now, "reason": "She is ready"}
    add_exercise(program=plan, exercise=hill, dose=Dose(minutes=2, days_per_week=3), plan_version=1, **by_vet)
    assert in_order(read(as_user(vet), plan), "Exercise added", "D1", "Overruled with this reason:", "LOAD", "PHASE")
    newest = history(plan)[0]
    assert [rule.id for rule in newest.followed] == ["D1"]
    assert [rule.id for rule in newest.overruled] == ["LOAD", "PHASE"]


@pytest.mark.parametrize(
    ("kind", "rules", "details", "followed", "overruled"),
    [
        ("phase", ["D1"], {}, ["D1"], []),
        ("phase", ["D2"], {"overruled": ["D2"]}, ["D2"], ["D2"]),
        # What was suggested and taken was not overruled.
        ("progress", ["D1", "P1"], {}, ["D1", "P1"], []),
        ("regress", ["D3", "G3", "G8"], {}, ["D3", "G3", "G8"], []),
        ("progress", ["D1", "P1", "NEW"], {"overruled": ["NEW"]}, ["D1", "P1"], ["NEW"]),
        ("ladder_up", ["D1", "RUNG"], {}, ["D1"], ["RUNG"]),
        ("remove", ["D5"], {}, ["D5"], []),
        ("resume", ["G7", "O5"], {}, ["G7", "O5"], []),
    ],
)
def test_what_a_decision_followed_and_overruled(
    plan: Program,
    vet: User,
    kind: str,
    rules: list[str],
    details: dict[str, list[str]],
    followed: list[str],
    overruled: list[str],
) -> None:
    Decision.objects.create(
        clinic=plan.clinic,
        patient=plan.patient,
        program=plan,
        kind=kind,
        reason="x",
        plan_version=2,
        rule_ids=rules,
        details=details,
        effective_on=make.TODAY,
        decided_by=vet,
        decided_at=make.NOW,
    )
    newest = history(plan)[0]
    assert [one.id for one in newest.followed] == followed
    assert [one.id for one in newest.overruled] == overruled


def test_unmet_criteria_of_a_phase_are_said_in_words(as_user: SignIn, vet: User, plan: Program) -> None:
    Decision.objects.create(
        clinic=plan.clinic,
        patient=plan.patient,
        program=plan,
        kind="phase",
        reason="She is ready",
        plan_version=2,
        rule_ids=["D1", "CRITERIA"],
        details={"from": "P1", "to": "P2", "unmet": ["pain_rest.max[2d] <= 3"]},
        effective_on=make.TODAY,
        decided_by=vet,
        decided_at=make.NOW,
    )
    text = read(as_user(vet), plan)
    assert in_order(text, "Criteria that were not met or not known:", "Pain at rest: at most 3 of 10")
    assert "pain_rest" not in text


def test_rules_of_the_history_have_words() -> None:
    new = ("START_LOAD", "NEW", "H6", "H9", "ONE_VARIABLE", "RAMP", "AIM", "UNLOCK")
    assert all(meaning(rule) for rule in new)
    assert meaning("D1") == "Back tissue is the source, load-related"
    assert meaning("H4") == "technique first: shown and shown back"
    assert meaning("X_UNTAUGHT")
    assert meaning("unheard of") == ""
    assert all(meaning(rule) for rule in ("O1", "O12", "G7", "GATE_B", "D7", "LOAD", "PART", "RUNG"))
