"""A dose typed by hand, or one exercise more, beside what the rules say."""

import datetime as dt
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from accounts.access import Role
from accounts.models import User
from rehab.guidance.changing import add, care_of_dose, change
from rehab.guidance.deciding import choose
from rehab.guidance.models import Evaluation, Suggestion
from rehab.patients.models import Patient
from rehab.programs.actions import NotAllowed, StalePlan
from rehab.programs.dose import Dose
from rehab.programs.models import Decision, Prescription, Program
from tests import make
from tests.guidance.responses import DAY, answer_days, current, evaluated, make_answering_dog
from tests.make import NOW, TODAY
from tests.sessions.reporting import report

AsUser = Callable[[User], Client]
VET = frozenset({Role.VET})
THERAPIST = frozenset({Role.THERAPIST})


@pytest.fixture(autouse=True)
def _at_that_time(now: dt.datetime) -> Iterator[None]:
    with time_machine.travel(now, tick=False):
        yield


@pytest.fixture
def ready(patient: Patient, vet: User) -> Program:
    program = make_answering_dog(patient, vet)
    answer_days(program)
    return program


@pytest.fixture
def early(patient: Patient, vet: User) -> Program:
    """Three good days: too few to grow."""
    program = make_answering_dog(patient, vet)
    answer_days(program, days=3)
    return program


@pytest.fixture
def sore(patient: Patient, vet: User) -> Program:
    program = make_answering_dog(patient, vet)
    answer_days(program, last=(0, 6, 0))
    return program


@pytest.fixture
def restrained(patient: Patient, vet: User, owner: User) -> Program:
    program = make_answering_dog(patient, vet)
    answer_days(program)
    report(patient, owner, "RF06")
    return program


def typed(
    program: Program, by: User, roles: frozenset[Role], *, at: dt.datetime = NOW, note: str | None = None, **dose: Any
) -> Prescription:
    one = current(program)
    return change(
        prescription=one,
        dose=Dose(**{"minutes": 8, **dose}),
        note=note,
        reason="Seen on video",
        plan_version=Program.objects.get(pk=program.pk).plan_version,
        by=by,
        roles=roles,
        at=at,
    )


def refused(program: Program, by: User, roles: frozenset[Role], **dose: Any) -> list[str]:
    decisions = program.decisions.count()
    with pytest.raises(NotAllowed) as refusal:
        typed(program, by, roles, **dose)
    assert program.decisions.count() == decisions
    return [objection.rule for objection in refusal.value.objections]


def outcome_of(suggestion: Suggestion) -> str:
    suggestion.refresh_from_db()
    return str(suggestion.outcome)


# --- Hold --------------------------------------------------------------------------------------------------------------


def test_hold_refuses_a_therapist_any_increase(early: Program, therapist: User) -> None:
    suggestion = evaluated(early)
    assert suggestion.verdict == "hold"
    assert refused(early, therapist, THERAPIST, minutes=9) == ["H2", "H3", "VET"]
    assert refused(early, therapist, THERAPIST, minutes=4, per_day=2)[0] == "H2"
    assert outcome_of(suggestion) == ""


def test_vet_overrules_a_hold_and_the_record_keeps_reason_and_rules(early: Program, vet: User) -> None:
    suggestion = evaluated(early)
    changed = typed(early, vet, VET, minutes=9)
    decision = changed.started_by
    assert (decision.kind, decision.reason) == ("change_dose", "Seen on video")
    assert decision.rule_ids == ["D1", "H2", "H3"]
    assert decision.details == {"overruled": ["H2", "H3"]}
    assert outcome_of(suggestion) == "less_careful"
    assert (suggestion.decision, suggestion.closed_by) == (decision, vet)


def test_vet_overrules_nothing_that_nobody_has_read(early: Program, vet: User) -> None:
    """The rules speak up only while the dose is sent: it is shown, and sent again it is overruled."""
    assert refused(early, vet, VET, minutes=9) == ["H2", "H3"]
    assert typed(early, vet, VET, minutes=9).started_by.details == {"overruled": ["H2", "H3"]}


def test_less_than_a_hold_is_free_and_answers_it(early: Program, therapist: User) -> None:
    suggestion = evaluated(early)
    decision = typed(early, therapist, THERAPIST, minutes=6).started_by
    assert (decision.rule_ids, decision.details) == (["D1"], {})
    assert outcome_of(suggestion) == "more_careful"


def test_another_note_is_no_answer(early: Program, therapist: User) -> None:
    suggestion = evaluated(early)
    decision = typed(early, therapist, THERAPIST, note="Slowly").started_by
    assert (decision.kind, decision.rule_ids) == ("change_dose", ["D1"])
    assert outcome_of(suggestion) == "withdrawn"
    assert evaluated(early).verdict == "hold"


# --- Regress -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("minutes", "is_refused"), [(9, True), (7, True), (6, False), (5, False)])
def test_regress_refuses_a_therapist_all_above_the_step(
    sore: Program, therapist: User, minutes: int, is_refused: bool
) -> None:
    """Eight to six minutes are suggested."""
    suggestion = evaluated(sore)
    if is_refused:
        assert refused(sore, therapist, THERAPIST, minutes=minutes)[-3:] == ["G1", "G2", "VET"]
        return
    decision = typed(sore, therapist, THERAPIST, minutes=minutes).started_by
    assert decision.rule_ids == ["D1", "G1", "G2"]
    assert decision.details == {}
    assert outcome_of(suggestion) == ("accepted" if minutes == 6 else "more_careful")


def test_dose_that_did_what_was_asked_is_not_asked_for_again(sore: Program, therapist: User) -> None:
    evaluated(sore)
    typed(sore, therapist, THERAPIST, minutes=6)
    now = evaluated(sore)
    assert (now.verdict, now.fired[0]["rule"]) == ("hold", "H3")
    assert "H10" in [one["rule"] for one in now.fired]
    make.make_tick(current(sore), TODAY + DAY)
    make.make_pain(sore.patient, TODAY + DAY, "before", 0)
    make.make_pain(sore.patient, TODAY + DAY, "after", 6)
    again = evaluated(sore, at=NOW + DAY)
    assert (again.verdict, again.step["percent"]) == ("regress", 50)


def test_vet_who_keeps_more_has_not_lowered_it(sore: Program, vet: User) -> None:
    suggestion = evaluated(sore)
    decision = typed(sore, vet, VET, minutes=7).started_by
    assert decision.details == {"overruled": ["G1", "G2"]}
    assert outcome_of(suggestion) == "less_careful"
    assert evaluated(sore).verdict == "regress"


# --- Progress ----------------------------------------------------------------------------------------------------------


def test_step_typed_by_hand_is_the_step(ready: Program, therapist: User) -> None:
    suggestion = evaluated(ready)
    decision = typed(ready, therapist, THERAPIST, minutes=9).started_by
    assert decision.rule_ids == ["D1", "P1"]
    assert outcome_of(suggestion) == "accepted"


def test_more_than_the_step_takes_a_vet(ready: Program, therapist: User, vet: User) -> None:
    suggestion = evaluated(ready)
    with pytest.raises(NotAllowed) as refusal:
        typed(ready, therapist, THERAPIST, minutes=10)
    assert refusal.value.reasons[-2:] == [
        "Suggested: Progress, 8 → 9 minutes: This is more than that.",
        "Only a vet may decide otherwise, with a reason.",
    ]
    assert "P1" in typed(ready, vet, VET, minutes=10).started_by.details["overruled"]
    assert outcome_of(suggestion) == "less_careful"


def test_less_than_now_is_more_careful_than_a_step(ready: Program, therapist: User) -> None:
    suggestion = evaluated(ready)
    assert typed(ready, therapist, THERAPIST, minutes=7).started_by.rule_ids == ["D1"]
    assert outcome_of(suggestion) == "more_careful"


# --- Restrained --------------------------------------------------------------------------------------------------------


def test_nothing_grows_while_restrained_whoever_asks(restrained: Program, vet: User, therapist: User) -> None:
    assert evaluated(restrained).verdict == "restrain"
    assert refused(restrained, vet, VET, minutes=9)[0] == "R1"
    assert refused(restrained, therapist, THERAPIST, minutes=9)[0] == "R1"


def test_less_is_free_while_restrained_and_the_stop_stands(restrained: Program, therapist: User) -> None:
    evaluated(restrained)
    typed(restrained, therapist, THERAPIST, minutes=4)
    assert current(restrained).dose == {"minutes": 4}
    assert evaluated(restrained).verdict == "restrain"
    assert not Suggestion.objects.filter(outcome="more_careful").exists()


def adding(program: Program, slug: str, by: User, **fields: Any) -> Prescription:
    return add(
        program=program,
        exercise=make.make_exercise(slug, name=slug.title(), earliest_phase="P0", **fields),
        dose=Dose(reps=3) if fields.get("load", 1) else Dose(),
        reason="Balance",
        plan_version=Program.objects.get(pk=program.pk).plan_version,
        by=by,
        roles=VET,
        at=NOW,
    )


def test_only_care_is_added_while_restrained(restrained: Program, vet: User) -> None:
    with pytest.raises(NotAllowed) as refusal:
        adding(restrained, "sniff", vet, load=1)
    assert refusal.value.objections[0].rule == "R1"
    care = adding(restrained, "turning", vet, load=0, category="nursing_care")
    assert care.started_by.kind == "add"


def test_adding_is_free_of_what_is_said_of_the_others(ready: Program, vet: User) -> None:
    evaluated(ready)
    assert adding(ready, "sniff", vet, load=1).started_by.kind == "add"
    assert Evaluation.objects.get(patient=ready.patient_id).verdict != "restrain"


# --- What it is weighed as -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verdict", "step", "dose", "care"),
    [
        ("hold", {}, {"minutes": 9}, -1),
        ("hold", {}, {"minutes": 8}, None),
        ("hold", {}, {"minutes": 7}, 1),
        ("hold", {}, {"minutes": 7, "per_day": 2}, -1),
        ("regress", {}, {"minutes": 7}, 0),
        ("regress", {}, {"minutes": 9}, -1),
        ("regress", {"dose": {"minutes": 6}, "is_swap": False}, {"minutes": 7}, -1),
        ("regress", {"dose": {"minutes": 6}, "is_swap": False}, {"minutes": 6}, 0),
        ("regress", {"dose": {"minutes": 6}, "is_swap": False}, {"minutes": 5}, 1),
        ("regress", {"dose": {"minutes": 3}, "is_swap": True}, {"minutes": 7}, -1),
        ("progress", {"dose": {"minutes": 3}, "is_swap": True}, {"minutes": 7}, 1),
        ("progress", {"dose": {"minutes": 3}, "is_swap": True}, {"minutes": 9}, -1),
        ("progress", {"dose": {"minutes": 10}, "is_swap": False}, {"minutes": 11}, -1),
        ("progress", {"dose": {"minutes": 10}, "is_swap": False}, {"minutes": 10}, 0),
        ("progress", {"dose": {"minutes": 10}, "is_swap": False}, {"minutes": 9}, 1),
        ("restrain", {}, {"minutes": 9}, None),
    ],
)
def test_care_of_a_dose(verdict: str, step: dict[str, Any], dose: dict[str, Any], care: int | None) -> None:
    suggestion = Suggestion(verdict=verdict, step=step)
    assert care_of_dose(suggestion, Prescription(dose={"minutes": 8}), Dose(**dose)) == care


def test_nothing_suggested_weighs_nothing() -> None:
    assert care_of_dose(None, Prescription(dose={"minutes": 8}), Dose(minutes=9)) is None


def test_stale_plan_comes_first(early: Program, vet: User) -> None:
    one = current(early)
    choose(
        kind=Decision.Kind.REGRESS,
        prescription=one,
        reason="Sore",
        plan_version=1,
        by=vet,
        roles=VET,
        at=NOW,
    )
    with pytest.raises(StalePlan):
        change(prescription=one, dose=Dose(minutes=9), reason="x", plan_version=1, by=vet, roles=VET, at=NOW)


# --- The page ------------------------------------------------------------------------------------------------------------


def text_of(response: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", response.content.decode()))


def page(program: Program) -> str:
    return reverse("guidance:prescription-change", args=[current(program).pk])


def test_page_says_what_is_suggested_and_who_may_ask_more(
    as_user: AsUser, sore: Program, vet: User, therapist: User
) -> None:
    evaluated(sore)
    read = text_of(as_user(therapist).get(page(sore)))
    assert "Suggested: Regress, 8 → 6 minutes (20 % less) Pain 6/10 after exercise" in read
    assert "Only a vet may ask more of the dog than this, with a reason. Less is always allowed." in read
    assert "overrules it: the reason is kept with the rules." in text_of(as_user(vet).get(page(sore)))


def test_page_refuses_the_therapist_in_a_sentence_and_keeps_the_words(
    as_user: AsUser, sore: Program, therapist: User
) -> None:
    evaluated(sore)
    sent = {"plan_version": "1", "minutes": "9", "per_day": "1", "reason": "She looks well"}
    answer = as_user(therapist).post(page(sore), sent)
    assert answer.status_code == 422
    read = text_of(answer)
    assert (
        "Suggested: Regress, 8 → 6 minutes (20 % less): Pain 6/10 after exercise; up to 5 is acceptable. (G1)" in read
    )
    assert "Only a vet may decide otherwise, with a reason." in read
    assert 'value="9"' in answer.content.decode()
    assert "She looks well" in answer.content.decode()


def test_restrained_page_says_that_only_less_is_allowed(as_user: AsUser, restrained: Program, vet: User) -> None:
    evaluated(restrained)
    read = text_of(as_user(vet).get(page(restrained)))
    assert "Until a vet has released it nothing grows. Less is always allowed." in read
    make.make_exercise("sniff", name="Sniff search")
    url = reverse("guidance:exercise-add", args=[restrained.pk])
    assert "Until a vet has released it only care can be added" in text_of(as_user(vet).get(url, {"exercise": "sniff"}))
