"""What a person does with a suggestion, and what the record keeps of it."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.access import Role
from accounts.models import User
from rehab.guidance.actions import refresh_summaries
from rehab.guidance.approving import may_accept
from rehab.guidance.deciding import SuggestionChanged, accept, choose
from rehab.guidance.models import PatientSummary, Suggestion
from rehab.guidance.queries.suggestions import offer_of, open_suggestions
from rehab.patients.models import Patient
from rehab.programs.actions import NotAllowed, decide, pause_program
from rehab.programs.models import Decision, Program
from tests import make
from tests.guidance.responses import DAY, answer_days, current, evaluated, make_answering_dog, make_walk
from tests.make import NOW, TODAY

VET = frozenset({Role.VET})
THERAPIST = frozenset({Role.THERAPIST})
Kind = Decision.Kind


@pytest.fixture
def ready(patient: Patient, vet: User) -> Program:
    """Twelve good days."""
    program = make_answering_dog(patient, vet)
    answer_days(program)
    return program


@pytest.fixture
def sore(patient: Patient, vet: User) -> Program:
    """Eleven good days, and yesterday six of ten after the walk."""
    program = make_answering_dog(patient, vet)
    answer_days(program, last=(0, 6, 0))
    return program


def take(suggestion: Suggestion, by: User, roles: frozenset[Role] = THERAPIST, *, at: dt.datetime = NOW) -> Decision:
    return accept(suggestion, seen=suggestion.digest, by=by, roles=roles, at=at)


def by_hand(program: Program, kind: Kind, by: User, roles: frozenset[Role], *, swap: bool = False) -> Decision:
    return choose(
        kind=kind,
        prescription=current(program),
        reason="Seen on video",
        plan_version=Program.objects.get(pk=program.pk).plan_version,
        by=by,
        roles=roles,
        at=NOW,
        swap=swap,
    )


# --- Taking it as it is ----------------------------------------------------------------------------------------------


def test_accepted_progress_is_one_decision_that_follows_the_rules(ready: Program, therapist: User) -> None:
    suggestion = evaluated(ready)
    assert (suggestion.verdict, suggestion.approver) == ("progress", "vet_or_therapist")
    decision = take(suggestion, therapist)
    assert (decision.kind, decision.decided_by, decision.rule_ids) == ("progress", therapist, ["D1", "P1"])
    assert decision.details == {"suggestion": str(suggestion.pk)}
    assert decision.reason == "All that progress needs is met: 100 % done, mornings at the usual 0"
    assert current(ready).dose == {"minutes": 9}
    suggestion.refresh_from_db()
    assert (suggestion.outcome, suggestion.decision, suggestion.closed_by) == ("accepted", decision, therapist)


@pytest.mark.parametrize(
    ("last", "minutes", "rules"), [((0, 6, 0), 6, ["D1", "G1", "G2"]), ((0, 3, 0), 6, ["D1", "G2"])]
)
def test_accepted_regress_takes_the_step_that_was_suggested(
    patient: Patient, vet: User, therapist: User, last: tuple[int, int, int], minutes: int, rules: list[str]
) -> None:
    program = make_answering_dog(patient, vet)
    answer_days(program, last=last)
    suggestion = evaluated(program)
    assert (suggestion.verdict, suggestion.step["percent"]) == ("regress", 20)
    decision = take(suggestion, therapist)
    assert (decision.kind, decision.rule_ids) == ("regress", rules)
    assert current(program).dose == {"minutes": minutes}
    assert not Suggestion.objects.open().filter(verdict="regress").exists()


def test_second_regress_within_a_week_takes_half(sore: Program, therapist: User) -> None:
    take(evaluated(sore), therapist)
    make.make_tick(current(sore), TODAY + DAY)
    make.make_pain(sore.patient, TODAY + DAY, "before", 0)
    make.make_pain(sore.patient, TODAY + DAY, "after", 6)
    later = NOW + DAY
    again = evaluated(sore, at=later)
    assert (again.verdict, again.step["percent"]) == ("regress", 50)
    take(again, therapist, at=later)
    assert current(sore).dose == {"minutes": 3}


@pytest.mark.parametrize(("gap", "minutes", "re_enter"), [(8, 14, False), (22, 2, True)])
def test_after_a_break_it_starts_again_lower(
    patient: Patient, vet: User, therapist: User, gap: int, minutes: int, re_enter: bool
) -> None:
    """70 % of the dose after a week, the low end of the range after three."""
    walk = (make_walk(), {"minutes": 20, "per_day": 1, "days_per_week": 7})
    program = make_answering_dog(patient, vet, walk)
    item = current(program)
    started = make.make_tick(item, TODAY - min(gap, 19) * DAY)
    assert started.day >= item.starts_on
    at = NOW + (gap - min(gap, 19)) * DAY
    suggestion = evaluated(program, at=at)
    assert suggestion.verdict == "regress"
    assert suggestion.step["re_enter"] is re_enter
    take(suggestion, therapist, at=at)
    assert current(program).dose == {"minutes": minutes}
    assert evaluated_verdicts(program, at=at) != ["regress"]


def evaluated_verdicts(program: Program, *, at: dt.datetime) -> list[str]:
    refresh_summaries(at=at, patient_ids=[program.patient_id])
    return list(Suggestion.objects.open().filter(program=program).values_list("verdict", flat=True))


def test_at_the_low_end_the_easier_exercise_takes_its_place(patient: Patient, vet: User, therapist: User) -> None:
    make.make_exercise(
        "sling-walk",
        name="Sling walk",
        category="gait_endurance",
        load=1,
        dose={"minutes": 3},
        dose_range={"minutes": [1, 10]},
    )
    walk = make_walk(easier_slug="sling-walk", dose_range={"minutes": [2, 30], "days_per_week": [7, 7]})
    program = make_answering_dog(patient, vet, (walk, {"minutes": 2, "days_per_week": 7}))
    answer_days(program, last=(0, 6, 0))
    suggestion = evaluated(program)
    assert (suggestion.step["is_swap"], suggestion.step["slug"]) == (True, "sling-walk")
    take(suggestion, therapist)
    assert current(program, "sling-walk").dose == {"minutes": 1}


def test_with_nothing_easier_it_goes_below_the_range(patient: Patient, vet: User, therapist: User) -> None:
    fixed = {"minutes": [8, 30], "per_day": [1, 1], "days_per_week": [7, 7]}
    program = make_answering_dog(patient, vet, (make_walk(dose_range=fixed), {"minutes": 8, "days_per_week": 7}))
    answer_days(program, last=(0, 6, 0))
    suggestion = evaluated(program)
    offer = offer_of(suggestion, roles=THERAPIST)
    assert offer.step == "8 → 6 minutes (20 % less), below the usual range"
    assert offer.may_accept
    assert [one.text for one in offer.more_careful] == ["Take it out of the plan"]
    take(suggestion, therapist)
    assert current(program).dose == {"minutes": 6}


def test_by_hand_the_same_step_goes_below_the_range(patient: Patient, vet: User, therapist: User) -> None:
    fixed = {"minutes": [8, 30], "per_day": [1, 1], "days_per_week": [7, 7]}
    program = make_answering_dog(patient, vet, (make_walk(dose_range=fixed), {"minutes": 8, "days_per_week": 7}))
    by_hand(program, Kind.REGRESS, therapist, THERAPIST)
    assert current(program).dose == {"minutes": 6}


@pytest.fixture
def knew_the_sling(patient: Patient, vet: User) -> Program:
    """Ten good days of six minutes in a sling; then the walk at its low end, which hurt yesterday."""
    sling = make.make_exercise(
        "sling-walk",
        name="Sling walk",
        category="gait_endurance",
        load=1,
        dose={"minutes": 3},
        dose_range={"minutes": [1, 6], "days_per_week": [7, 7]},
        harder_slug="leash-walk",
        earliest_phase="P0",
    )
    walk = make_walk(easier_slug="sling-walk", dose_range={"minutes": [2, 30], "days_per_week": [7, 7]})
    program = make_answering_dog(patient, vet, (sling, {"minutes": 6, "days_per_week": 7}))
    make.teach(patient, walk, by=vet, day=TODAY - 20 * DAY)
    for ago in range(12, 19):
        day = TODAY - ago * DAY
        make.make_tick(current(program, "sling-walk"), day)
        for moment in ("before", "after", "next_morning"):
            make.make_pain(patient, day, moment, 0)
    decide(
        kind=Kind.PROGRESS,
        prescription=current(program, "sling-walk"),
        reason="Walks well",
        plan_version=1,
        by=vet,
        roles=VET,
        at=NOW - 11 * DAY,
        swap=True,
    )
    answer_days(program, days=10, last=(0, 6, 0))
    return program


def test_easier_exercise_starts_at_its_last_clean_dose(knew_the_sling: Program, therapist: User) -> None:
    suggestion = evaluated(knew_the_sling)
    assert (suggestion.step["slug"], suggestion.step["dose"]) == ("sling-walk", {"minutes": 6})
    assert suggestion.numbers["easier"] == {"minutes": 6}
    take(suggestion, therapist)
    assert current(knew_the_sling, "sling-walk").dose == {"minutes": 6}
    suggestion.refresh_from_db()
    assert suggestion.outcome == "accepted"


def test_by_hand_the_easier_exercise_starts_there_too(knew_the_sling: Program, therapist: User) -> None:
    suggestion = evaluated(knew_the_sling)
    by_hand(knew_the_sling, Kind.REGRESS, therapist, THERAPIST, swap=True)
    assert current(knew_the_sling, "sling-walk").dose == {"minutes": 6}
    suggestion.refresh_from_db()
    assert suggestion.outcome == "accepted"


def test_accepted_hold_changes_nothing_and_says_so(patient: Patient, vet: User, therapist: User) -> None:
    program = make_answering_dog(patient, vet)
    answer_days(program, days=3)
    suggestion = evaluated(program)
    assert suggestion.verdict == "hold"
    decision = take(suggestion, therapist)
    assert decision.kind == "hold"
    assert set(decision.rule_ids) > {"D1", "H3"}
    assert current(program).started_by.kind == "assign"


def test_restraint_is_never_accepted(sore: Program, vet: User) -> None:
    make.make_pain(sore.patient, TODAY, "before", 8)
    suggestion = evaluated(sore)
    assert suggestion.verdict == "restrain"
    with pytest.raises(NotAllowed, match="Only a vet releases it"):
        take(suggestion, vet, VET)
    assert sore.decisions.count() == 1


def test_step_that_only_a_vet_takes_is_refused_to_others(ready: Program) -> None:
    suggestion = evaluated(ready)
    suggestion.approver = "vet"
    assert (may_accept(suggestion, THERAPIST), may_accept(suggestion, VET)) == (False, True)
    suggestion.approver = "nobody"
    assert not may_accept(suggestion, VET)


# --- Too late --------------------------------------------------------------------------------------------------------


def test_an_answer_that_has_come_in_meanwhile_counts_first(ready: Program, therapist: User) -> None:
    """The page said progress; then the family reported pain, and nobody has evaluated it yet."""
    suggestion = evaluated(ready)
    make.make_pain(ready.patient, TODAY - DAY, "after", 7, done_at=NOW)
    with pytest.raises(SuggestionChanged) as changed:
        take(suggestion, therapist)
    assert changed.value.now is not None
    assert (changed.value.now.verdict, changed.value.now.prescription) == ("regress", current(ready))
    suggestion.refresh_from_db()
    assert (suggestion.outcome, suggestion.withdrawn_because) == ("withdrawn", "other_answer")
    assert ready.decisions.count() == 1


def test_second_person_is_told_that_it_was_decided(ready: Program, vet: User, therapist: User) -> None:
    suggestion = evaluated(ready)
    take(suggestion, therapist)
    with pytest.raises(SuggestionChanged) as changed:
        take(suggestion, vet, VET)
    assert changed.value.now is None
    assert ready.decisions.count() == 2


def test_another_digest_is_another_suggestion(ready: Program, therapist: User) -> None:
    suggestion = evaluated(ready)
    with pytest.raises(SuggestionChanged):
        accept(suggestion, seen="0" * 64, by=therapist, roles=THERAPIST, at=NOW)
    assert ready.decisions.count() == 1


def test_paused_program_takes_nothing(ready: Program, vet: User, therapist: User) -> None:
    suggestion = evaluated(ready)
    pause_program(program=ready, reason="Holiday", plan_version=1, by=vet, at=NOW)
    with pytest.raises(SuggestionChanged):
        take(suggestion, therapist)
    assert ready.decisions.count() == 2


# --- Choosing otherwise ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "outcome"), [(Kind.PROGRESS, "accepted"), (Kind.HOLD, "more_careful"), (Kind.REGRESS, "more_careful")]
)
def test_anybody_of_the_staff_may_choose_more_care(ready: Program, therapist: User, kind: Kind, outcome: str) -> None:
    suggestion = evaluated(ready)
    decision = by_hand(ready, kind, therapist, THERAPIST)
    suggestion.refresh_from_db()
    assert (suggestion.outcome, suggestion.decision, suggestion.closed_by) == (outcome, decision, therapist)
    assert decision.rule_ids == (["D1", "P1"] if kind is Kind.PROGRESS else ["D1"])


@pytest.mark.parametrize("kind", [Kind.HOLD, Kind.PROGRESS])
def test_less_care_needs_a_vet_and_names_what_was_overruled(
    sore: Program, vet: User, therapist: User, kind: Kind
) -> None:
    suggestion = evaluated(sore)
    with pytest.raises(NotAllowed, match="Only a vet may decide otherwise") as refused:
        by_hand(sore, kind, therapist, THERAPIST)
    assert refused.value.reasons[0].startswith("Suggested: Regress: Pain 6/10 after exercise")
    suggestion.refresh_from_db()
    assert suggestion.outcome == ""
    decision = by_hand(sore, kind, vet, VET)
    suggestion.refresh_from_db()
    assert (suggestion.outcome, suggestion.decision) == ("less_careful", decision)
    assert decision.details["overruled"] == ["G1", "G2"]
    assert set(decision.rule_ids) >= {"D1", "G1", "G2"}


def test_smaller_step_than_the_suggested_one_is_less_care(sore: Program, vet: User, therapist: User) -> None:
    take(evaluated(sore), therapist)
    make.make_tick(current(sore), TODAY, done_at=NOW + dt.timedelta(minutes=6))
    make.make_pain(sore.patient, TODAY, "before", 0, done_at=NOW + dt.timedelta(minutes=5))
    make.make_pain(sore.patient, TODAY, "after", 6, done_at=NOW + dt.timedelta(minutes=9))
    later = NOW + dt.timedelta(minutes=10)
    suggestion = evaluated(sore, at=later)
    assert (suggestion.verdict, suggestion.step["percent"]) == ("regress", 50)
    about = {
        "kind": Kind.REGRESS,
        "prescription": current(sore),
        "reason": "Enough",
        "plan_version": Program.objects.get(pk=sore.pk).plan_version,
        "at": later,
    }
    with pytest.raises(NotAllowed, match="Suggested: Regress"):
        choose(**about, by=therapist, roles=THERAPIST)  # type: ignore[arg-type]
    choose(**about, by=vet, roles=VET)  # type: ignore[arg-type]
    suggestion.refresh_from_db()
    assert suggestion.outcome == "less_careful"


def test_what_the_rules_hold_a_therapist_does_not_let_grow(patient: Patient, vet: User, therapist: User) -> None:
    program = make_answering_dog(patient, vet)
    evaluated(program)
    with pytest.raises(NotAllowed, match="Only a vet may decide otherwise"):
        by_hand(program, Kind.PROGRESS, therapist, THERAPIST)
    assert by_hand(program, Kind.PROGRESS, vet, VET).details["overruled"]


def test_nobody_overrules_a_rule_that_the_page_did_not_show(ready: Program, vet: User) -> None:
    """The page showed progress; then the family reported pain. Who sends it again has read it."""
    evaluated(ready)
    make.make_pain(ready.patient, TODAY - DAY, "after", 7, done_at=NOW)
    with pytest.raises(NotAllowed, match="Pain 7/10 after exercise"):
        by_hand(ready, Kind.PROGRESS, vet, VET)
    assert ready.decisions.count() == 1
    assert by_hand(ready, Kind.PROGRESS, vet, VET).details == {"overruled": ["G1", "G2"]}


def test_nothing_grows_while_the_dog_is_restrained_whoever_asks(sore: Program, vet: User) -> None:
    make.make_pain(sore.patient, TODAY, "before", 8)
    suggestion = evaluated(sore)
    for _attempt in range(2):
        with pytest.raises(NotAllowed) as refused:
            by_hand(sore, Kind.PROGRESS, vet, VET)
    assert [(one.rule, one.vet_may) for one in refused.value.objections][:2] == [("R1", False), ("R3", False)]
    # The plan may be made easier before somebody releases the dog; the stop stays.
    by_hand(sore, Kind.REGRESS, vet, VET)
    suggestion.refresh_from_db()
    assert (suggestion.outcome, suggestion.withdrawn_because) == ("withdrawn", "plan_changed")
    assert evaluated(sore).verdict == "restrain"


def test_what_was_answered_asks_nobody_again_until_something_new_comes_in(sore: Program, vet: User) -> None:
    """A vet left it as it is: the list does not ask again at once, and a step up is still less care than suggested."""

    def codes() -> list[str]:
        refresh_summaries(at=NOW, patient_ids=[sore.patient_id])
        return [one["code"] for one in PatientSummary.objects.get(patient=sore.patient).reasons]

    evaluated(sore)
    assert "regress_suggested" in codes()
    by_hand(sore, Kind.HOLD, vet, VET)
    assert "regress_suggested" not in codes()
    (open_one,) = open_suggestions([sore.patient_id])
    assert (open_one.verdict, getattr(open_one, "is_answered", None)) == ("regress", True)
    assert offer_of(open_one, roles=VET).is_quiet
    with pytest.raises(NotAllowed, match="Only a vet may decide otherwise"):
        by_hand(sore, Kind.PROGRESS, vet, THERAPIST)
    make.make_pain(sore.patient, TODAY - DAY, "next_morning", 1, done_at=NOW)
    assert "regress_suggested" in codes()


# --- Cost ------------------------------------------------------------------------------------------------------------


def test_accepting_costs_the_same_with_two_exercises_and_with_six(patient: Patient, vet: User, therapist: User) -> None:
    counts: list[int] = []
    for number in (2, 6):
        dog = make.make_patient(patient.clinic, vet, name=f"Dog {number}")
        others = [
            (make.make_exercise(f"other-{n}"), {"sets": 1, "reps": 5, "days_per_week": 7}) for n in range(1, number)
        ]
        walk = make.make_exercise("leash-walk") if counts else make_walk()
        program = make_answering_dog(dog, vet, (walk, {"minutes": 8, "per_day": 1, "days_per_week": 7}), *others)
        answer_days(program, days=12, last=(0, 6, 0))
        suggestion = evaluated(program)
        with CaptureQueriesContext(connection) as queries:
            take(suggestion, therapist)
        counts.append(
            len([one for one in queries if not one["sql"].startswith(("BEGIN", "SAVE", "RELEASE", "COMMIT"))])
        )
    assert counts[0] == counts[1], counts
