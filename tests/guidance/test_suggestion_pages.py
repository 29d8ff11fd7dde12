"""A suggestion on the dog's page and in the list: what is said, what a tap does, and who may."""

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
from rehab.guidance.actions import refresh_summaries
from rehab.guidance.models import Evaluation, Suggestion
from rehab.patients.models import Patient, ProblemDefinition
from rehab.programs.actions import decide
from rehab.programs.models import Decision, PreApproval, Program
from tests import make
from tests.guidance.responses import DAY, answer_days, current, evaluated, make_answering_dog, make_walk
from tests.make import NOW, TODAY

AsUser = Callable[[User], Client]
HTMX = {"HX-Request": "true"}
LIST = "/patients/"


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
def sore(patient: Patient, vet: User) -> Program:
    program = make_answering_dog(patient, vet)
    answer_days(program, last=(0, 6, 0))
    return program


def text_of(response: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", response.content.decode()))


def page_of(client: Client, patient: Patient) -> str:
    return text_of(client.get(f"/patients/{patient.pk}/"))


def accept_url(suggestion: Suggestion) -> str:
    return reverse("guidance:suggestion-accept", args=[suggestion.pk])


# --- On the page of the dog ------------------------------------------------------------------------------------------


def test_page_says_what_is_suggested_why_and_what_was_looked_at(
    as_user: AsUser, sore: Program, therapist: User
) -> None:
    evaluated(sore)
    text = page_of(as_user(therapist), sore.patient)
    assert "Regress 8 → 6 minutes (20 % less)" in text
    assert (
        "Pain 6/10 after exercise; up to 5 is acceptable; Pain rose by 6 during the session; up to 2 is acceptable. "
        "Looked at: 12 sessions since 6 Mar, pain before/after/next morning 0/6/0, done 100 %. "
        "A vet or therapist decides. Rules G1, G2"
    ) in text
    assert "Less careful" not in text


def test_only_a_vet_is_offered_less_care(as_user: AsUser, sore: Program, vet: User) -> None:
    evaluated(sore)
    text = page_of(as_user(vet), sore.patient)
    assert "Less careful… Leash walk Leave it as it is, with a reason" in text


def test_hold_is_quiet_and_says_what_is_missing(as_user: AsUser, patient: Patient, vet: User, therapist: User) -> None:
    program = make_answering_dog(patient, vet)
    answer_days(program, days=3)
    suggestion = evaluated(program)
    answer = as_user(therapist).get(f"/patients/{patient.pk}/")
    text = text_of(answer)
    assert "Not enough at this dose yet: 3 of 6 sessions." in text
    assert "Before it may grow:" in text
    assert accept_url(suggestion) not in answer.content.decode()


def test_accepting_is_one_tap_and_the_page_shows_the_truth_at_once(
    as_user: AsUser, sore: Program, therapist: User
) -> None:
    suggestion = evaluated(sore)
    answer = as_user(therapist).post(accept_url(suggestion), {"seen": suggestion.digest}, follow=True)
    assert answer.redirect_chain == [(f"/patients/{sore.patient_id}/#program", 302)]
    text = text_of(answer)
    assert "Regress: Leash walk" in text
    assert "Regress 8 → 6" not in text
    assert "Let it settle after it was lowered: 0 of 5 clean sessions" in text
    assert current(sore).dose == {"minutes": 6}


@pytest.mark.parametrize("seen", [{}, {"seen": "x" * 65}, {"seen": "0" * 64}])
def test_tap_on_something_else_than_is_suggested_answers_409(
    as_user: AsUser, sore: Program, therapist: User, seen: dict[str, str]
) -> None:
    suggestion = evaluated(sore)
    answer = as_user(therapist).post(accept_url(suggestion), seen)
    assert answer.status_code == 409
    text = text_of(answer)
    assert "What you saw for Leash walk is no longer suggested" in text
    assert "Now, for Leash walk" in text
    assert "8 → 6 minutes (20 % less)" in text
    assert sore.decisions.count() == 1


def test_decided_suggestion_answers_409_and_says_that_nothing_is_left(
    as_user: AsUser, ready: Program, vet: User, therapist: User
) -> None:
    suggestion = evaluated(ready)
    seen = {"seen": suggestion.digest}
    assert as_user(vet).post(accept_url(suggestion), seen).status_code == 302
    answer = as_user(therapist).post(accept_url(suggestion), seen)
    assert answer.status_code == 409
    assert "Right now nothing is suggested for it." in text_of(answer)
    assert ready.decisions.count() == 2


def test_restraint_says_stopped_and_offers_no_tap(as_user: AsUser, sore: Program, vet: User) -> None:
    make.make_pain(sore.patient, TODAY, "before", 8)
    suggestion = evaluated(sore)
    answer = as_user(vet).get(f"/patients/{sore.patient_id}/")
    assert accept_url(suggestion) not in answer.content.decode()
    assert "Restrain Stopped until a vet releases it" in text_of(answer)
    refused = as_user(vet).post(accept_url(suggestion), {"seen": suggestion.digest})
    assert refused.status_code == 422
    assert "Only a vet releases it." in text_of(refused)


def test_suggestion_is_taken_by_the_staff_of_the_clinic_only(
    as_user: AsUser, sore: Program, owner: User, outside_vet: User, admin: User
) -> None:
    suggestion = evaluated(sore)
    codes = [
        as_user(user).post(accept_url(suggestion), {"seen": suggestion.digest}).status_code
        for user in (owner, outside_vet, admin)
    ]
    assert codes == [403, 404, 404]
    assert sore.decisions.count() == 1


@pytest.mark.parametrize("kind", ["hold", "progress"])
def test_page_of_a_less_careful_step_says_what_speaks_against_it(
    as_user: AsUser, sore: Program, vet: User, therapist: User, kind: str
) -> None:
    evaluated(sore)
    url = reverse("guidance:prescription-decide", args=[current(sore).pk, kind])
    for user, may in ((vet, True), (therapist, False)):
        page = as_user(user).get(url)
        assert "Suggested: Regress: Pain 6/10 after exercise; up to 5 is acceptable." in text_of(page)
        assert ('<button type="submit" class="button">' in page.content.decode()) is may
    sent = {"plan_version": "1", "reason": "Slipped on ice, no pain by the evening"}
    assert as_user(therapist).post(url, sent).status_code == 422
    assert as_user(vet).post(url, sent).status_code == 302
    decision = Decision.objects.get(program=sore, kind=kind)
    assert set(decision.rule_ids) >= {"G1", "G2"}
    assert Suggestion.objects.get(decision=decision).outcome == "less_careful"


# --- Look again, and what else is asked ------------------------------------------------------------------------------


def ask_to_look_again(program: Program) -> None:
    evaluated(program)
    numbers = {"times": 3, "days": ["2026-03-10", "2026-03-12", "2026-03-14"]}
    Evaluation.objects.filter(patient=program.patient).update(
        questions=[{"rule": "A3", "decision": "hold", "numbers": numbers}],
        detected=[{"flag": "RF26", "numbers": {"before": 3.4, "now": 3, "percent": 91}}],
        actions=["call_owner", "cut_to_three"],
    )


def test_looking_again_opens_a_draft_that_quotes_what_was_seen(as_user: AsUser, ready: Program, vet: User) -> None:
    ask_to_look_again(ready)
    client = as_user(vet)
    text = page_of(client, ready.patient)
    assert "Look again for the true cause" in text
    assert "The back hurt more on 3 days on which a limb did (10 Mar, 12 Mar, 14 Mar)" in text
    assert "Two weeks at 91 % done, and the pain is hardly less (3.4 → 3)" in text
    assert "Call the owner: less than half was done in seven days. Cut the plan to three items." in text
    url = reverse("guidance:look-again", args=[ready.patient_id])
    for _tap in range(2):
        assert client.post(url).headers["Location"] == reverse("patients:definition-draft", args=[ready.patient_id])
    draft = ProblemDefinition.objects.get(patient=ready.patient, signed_at=None)
    assert draft.cause_statement.startswith("Look again (")
    assert draft.cause_statement.count("The back hurt more on 3 days") == 1
    assert draft.cause_statement.endswith("Strained a back muscle in play")


def test_what_somebody_typed_into_a_draft_stays(as_user: AsUser, ready: Program, vet: User) -> None:
    ask_to_look_again(ready)
    typed = "Typed " + "x" * 480
    draft = make.make_definition(ready.patient, vet, signed=False, cause_statement=typed)
    as_user(vet).post(reverse("guidance:look-again", args=[ready.patient_id]))
    draft.refresh_from_db()
    assert draft.cause_statement.endswith(typed)
    assert len(draft.cause_statement) <= 500


def test_nothing_to_look_at_again_says_so(as_user: AsUser, ready: Program, vet: User) -> None:
    evaluated(ready)
    answer = as_user(vet).post(reverse("guidance:look-again", args=[ready.patient_id]))
    assert answer.status_code == 409
    assert not ProblemDefinition.objects.filter(patient=ready.patient, signed_at=None).exists()


# --- Steps approved ahead --------------------------------------------------------------------------------------------


def ahead_url(program: Program, what: str = "pre-approve") -> str:
    return reverse(f"programs:{what}", args=[current(program).pk])


def test_step_that_a_vet_approved_ahead_goes_by_itself_and_anybody_takes_it_back(
    as_user: AsUser, ready: Program, vet: User, therapist: User
) -> None:
    evaluated(ready)
    assert "By itself up to (minutes)" in page_of(as_user(vet), ready.patient)
    assert as_user(vet).post(ahead_url(ready), {"most": "10", "plan_version": "1"}).status_code == 302
    assert "Grows by itself up to 10 minutes" in page_of(as_user(therapist), ready.patient)
    for _again in range(3):
        evaluated_all(ready)
    decision = ready.decisions.get(kind="progress")
    approval = PreApproval.objects.get()
    assert (decision.decided_by, decision.details["pre_approved"]) == (vet, str(approval.pk))
    assert decision.reason.startswith("Approved ahead by Dr. Vera Lind, up to 10 minutes, once a day.")
    assert current(ready).dose == {"minutes": 9}
    taken = Suggestion.objects.get(decision=decision)
    assert (taken.outcome, taken.approver, taken.closed_by) == ("accepted", "pre_approved", None)

    undone = as_user(therapist).post(reverse("programs:step-undo", args=[ready.pk]), {"plan_version": "2"})
    assert undone.status_code == 302
    assert current(ready).dose == {"minutes": 8}
    # A person has answered it: tomorrow it does not go again.
    approval.refresh_from_db()
    assert approval.ended_by == therapist
    evaluated_all(ready, at=NOW + DAY)
    assert ready.decisions.count() == 3


def evaluated_all(program: Program, *, at: dt.datetime = NOW) -> list[Suggestion]:
    refresh_summaries(at=at, patient_ids=[program.patient_id])
    return list(Suggestion.objects.open().filter(program=program))


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        ({"most": "8", "plan_version": "1"}, "more than it is now"),
        ({"most": "31", "plan_version": "1"}, "inside the range"),
        ({"most": "x", "plan_version": "1"}, "whole number"),
        ({"most": "10", "plan_version": "2"}, "changed since"),
    ],
)
def test_approval_ahead_is_refused_with_the_reason(
    as_user: AsUser, ready: Program, vet: User, sent: dict[str, str], says: str
) -> None:
    answer = as_user(vet).post(ahead_url(ready), sent)
    assert answer.status_code in (409, 422)
    assert says in text_of(answer)
    assert not PreApproval.objects.exists()


def test_only_a_vet_approves_ahead_and_any_of_the_staff_ends_it(
    as_user: AsUser, ready: Program, vet: User, therapist: User, owner: User
) -> None:
    sent = {"most": "10", "plan_version": "1"}
    assert [as_user(user).post(ahead_url(ready), sent).status_code for user in (therapist, owner)] == [403, 403]
    as_user(vet).post(ahead_url(ready), sent)
    assert as_user(owner).post(ahead_url(ready, "pre-approval-end")).status_code == 403
    assert as_user(therapist).post(ahead_url(ready, "pre-approval-end")).status_code == 302
    assert PreApproval.objects.get().ended_by == therapist
    assert [one.approver for one in evaluated_all(ready)] == ["vet_or_therapist"]
    assert ready.decisions.count() == 1


def test_nothing_goes_by_itself_with_neurologic_limits(as_user: AsUser, patient: Patient, vet: User) -> None:
    program = make_answering_dog(patient, vet, profile="neuro")
    answer = as_user(vet).post(ahead_url(program), {"most": "10", "plan_version": "1"})
    assert answer.status_code == 422
    assert "only under musculoskeletal limits" in text_of(answer)


@pytest.mark.parametrize("change", ["signed", "held", "gone", "up_to"])
def test_approval_holds_only_while_nobody_has_decided_otherwise(ready: Program, vet: User, change: str) -> None:
    """A new signature, a hold, a vet who has left, or the end of the range that was approved: a person decides."""
    PreApproval.objects.create(
        clinic=ready.clinic,
        patient=ready.patient,
        program=ready,
        exercise=current(ready).exercise,
        up_to={"minutes": 8 if change == "up_to" else 10},
        approved_by=vet,
        approved_at=NOW - DAY,
    )
    if change == "signed":
        make.make_definition(ready.patient, vet, signed_at=NOW - dt.timedelta(hours=1))
    if change == "held":
        decide(
            kind=Decision.Kind.HOLD,
            prescription=current(ready),
            reason="Let it settle",
            plan_version=1,
            by=vet,
            roles=frozenset({Role.VET}),
            at=NOW,
        )
    if change == "gone":
        vet.memberships.update(ended_at=NOW)
    evaluated_all(ready)
    assert not ready.decisions.filter(kind="progress").exists()


def test_what_was_approved_waits_for_a_person_where_a_gate_is_against_it(ready: Program, vet: User) -> None:
    """H6: another exercise grew; only one change at a time goes by itself."""
    other = make.make_exercise("stand-count")
    make.teach(ready.patient, other, by=vet, day=TODAY - 20 * DAY)
    second = make.make_prescription(ready, exercise=other, dose={"sets": 1, "reps": 5, "days_per_week": 7}, position=1)
    for ago in range(1, 13):
        done = make.make_tick(second, TODAY - ago * DAY)
        type(done).objects.filter(pk=done.pk).update(quality=3)
    for item, up_to in ((current(ready), {"minutes": 10}), (second, {"sets": 1, "reps": 8})):
        PreApproval.objects.create(
            clinic=ready.clinic,
            patient=ready.patient,
            program=ready,
            exercise=item.exercise,
            up_to=up_to,
            approved_by=vet,
            approved_at=NOW,
        )
    evaluated_all(ready)
    evaluated_all(ready)
    assert ready.decisions.filter(kind="progress").count() == 1
    (left,) = evaluated_all(ready)
    assert (left.prescription, left.verdict) == (second, "hold")


# --- In the list -----------------------------------------------------------------------------------------------------


def test_row_offers_the_one_decision_and_becomes_another_row(as_user: AsUser, ready: Program, therapist: User) -> None:
    suggestion = evaluated(ready)
    client = as_user(therapist)
    page = client.get(LIST)
    assert "Ready to progress Leash walk may grow. All that progress needs is met" in text_of(page)
    assert "Leash walk: 8 → 9 minutes" in text_of(page)
    assert f'hx-post="{accept_url(suggestion)}"' in page.content.decode()
    sent = {"seen": suggestion.digest, "from": "list"}
    row = client.post(accept_url(suggestion), sent, headers=HTMX)
    assert row.status_code == 200
    assert row.content.startswith(b"<tr data-level=")
    assert "Progress: Leash walk" in text_of(row)
    assert "Accept" not in text_of(row)
    again = client.post(accept_url(suggestion), sent, headers=HTMX)
    assert again.status_code == 409
    assert "Nothing was decided: the suggestion has changed." in text_of(again)
    # Without JavaScript the same form leads to the dog.
    assert client.post(accept_url(suggestion), sent).status_code == 409


def test_row_with_two_suggestions_leads_to_the_dog(as_user: AsUser, patient: Patient, vet: User) -> None:
    dose = {"minutes": 8, "days_per_week": 7}
    stand = (make.make_exercise("stand-count"), {"sets": 1, "reps": 5, "days_per_week": 7})
    program = make_answering_dog(patient, vet, (make_walk(), dose), stand)
    answer_days(program, last=(0, 6, 0))
    evaluated(program)
    text = text_of(as_user(vet).get(LIST))
    assert "Less of Leash walk and 1 more: Pain 6/10 after exercise" in text
    assert "Accept" not in text


@pytest.mark.parametrize(
    ("show", "expected"),
    [("ready", ["Ready"]), ("stopped", ["Stopped"]), ("mine", ["Ready", "Stopped"]), ("look", ["Stopped", "Ready"])],
)
def test_list_shows_what_was_asked_for(
    as_user: AsUser, patient: Patient, vet: User, colleague: User, show: str, expected: list[str]
) -> None:
    make_walk()
    for name, signer, last in (("Ready", vet, None), ("Stopped", vet, (8, 8, 8)), ("Theirs", colleague, None)):
        dog = make.make_patient(patient.clinic, vet, name=name)
        walk = (make.make_exercise("leash-walk"), {"minutes": 8, "days_per_week": 7})
        program = make_answering_dog(dog, signer, walk)
        if name != "Theirs":
            answer_days(program, last=last)
        evaluated(program)
    patient.delete()
    client = as_user(vet)
    shown = re.findall(r'<th scope="row"><a [^>]*>([^<]+)', client.get(LIST, {"show": show}).content.decode())
    assert sorted(shown) == sorted(expected + (["Theirs"] if show == "look" else []))
    text = text_of(client.get(LIST, {"show": show, "q": "Nobody"}))
    assert "No dog or owner matches" in text


@pytest.mark.parametrize("show", ["mine", "ready", "stopped"])
def test_empty_filter_says_what_would_be_there(as_user: AsUser, patient: Patient, colleague: User, show: str) -> None:
    says = {"mine": "No dog is yours yet.", "ready": "No dog is ready to progress.", "stopped": "No dog is stopped."}
    assert says[show] in text_of(as_user(colleague).get(LIST, {"show": show}))
