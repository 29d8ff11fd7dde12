"""The pain came back after thirty good days (RF31): a new episode, the definition reset, and what a vet makes of it."""

import datetime as dt
import re
from collections.abc import Callable, Iterator
from html import unescape
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from accounts.access import Role
from accounts.models import AuditEvent, User
from rehab.guidance.actions import refresh_summaries
from rehab.guidance.looking_again import NothingToAsk, look_again
from rehab.guidance.models import Evaluation, PatientSummary, Suggestion
from rehab.guidance.releasing import release_stop
from rehab.patients.models import Patient, ProblemDefinition
from rehab.programs.actions import Item, NotAllowed, assign_program, sign_and_adopt
from rehab.programs.actions.episodes import Recurrence, begin_first_episode, open_recurrences, unanswered_recurrence
from rehab.programs.actions.ground import ground_of, growth_objections
from rehab.programs.dose import Dose
from rehab.programs.models import Checkpoint, Episode, Program
from rehab.sessions.models import WarningReport
from tests import make
from tests.make import NOW, TODAY

AsUser = Callable[[User], Client]
DAY = dt.timedelta(days=1)
MINUTE = dt.timedelta(minutes=1)
VET = frozenset({Role.VET})
SIGNED_AT = NOW - 50 * DAY
SENTENCE = "The pain came back after 40 good days: define the problem anew."


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def signed(patient: Patient, vet: User) -> ProblemDefinition:
    return make.make_definition(patient, vet, signed_at=SIGNED_AT, onset_on=TODAY - 60 * DAY)


@pytest.fixture
def running(patient: Patient, vet: User, signed: ProblemDefinition) -> Program:
    program = make.make_program(patient, vet, signed, starts_on=TODAY - 49 * DAY)
    Episode.objects.all().delete()
    begin_first_episode(patient, on=program.starts_on, at=program.created_at)
    return program


def good_spell(patient: Patient, *, again: int = 4) -> None:
    """Forty good days, answered now and then, and then pain on two days."""
    for ago in (42, 32, 22, 12, 2):
        make.make_pain(patient, TODAY - ago * DAY, "before", 0)
    for ago in (1, 0):
        make.make_pain(patient, TODAY - ago * DAY, "before", again)


def discharged(patient: Patient) -> tuple[Episode, Checkpoint]:
    """The first episode with a checkpoint that waits, one that was good, and one that is no longer needed."""
    first = Episode.objects.get(patient=patient)
    common = {"clinic": patient.clinic, "patient": patient, "episode": first}
    Checkpoint.objects.create(**common, month=1, due_on=TODAY - DAY, state="good", weighed_at=NOW - DAY)
    Checkpoint.objects.create(**common, month=2, due_on=TODAY, state="cancelled", weighed_at=NOW - DAY)
    return first, Checkpoint.objects.create(**common, month=3, due_on=TODAY + 60 * DAY)


def stops(patient: Patient) -> list[WarningReport]:
    return list(WarningReport.objects.filter(patient=patient).stopping())


def release(patient: Patient, vet: User, *, at: dt.datetime = NOW + MINUTE, **said: Any) -> None:
    seen = [one.pk for one in stops(patient)]
    release_stop(patient=patient, seen=seen, by=vet, roles=VET, reason="A sore paw", at=at, **said)


def text_of(answer: Any) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", answer.content.decode()))).strip()


def numbers(patient: Patient) -> list[tuple[int, str]]:
    return list(Episode.objects.filter(patient=patient).order_by("number").values_list("number", "because"))


# --- The episode -----------------------------------------------------------------------------------------------


def test_recurrence_opens_the_next_episode_with_its_numbers(patient: Patient, running: Program) -> None:
    _first, waiting = discharged(patient)
    good_spell(patient)
    refresh_summaries(at=NOW)
    assert [one.flags for one in stops(patient)] == [["RF31"]]
    assert numbers(patient) == [(1, "first"), (2, "recurrence")]
    second = Episode.objects.get(number=2)
    assert (second.opened_on, second.opened_at, second.numbers) == (TODAY, NOW, {"score": 4, "good_days": 40})
    assert list(Checkpoint.objects.order_by("month").values_list("month", "state")) == [
        (1, "good"),
        (2, "cancelled"),
        (3, "cancelled"),
    ]
    waiting.refresh_from_db()
    assert waiting.weighed_at == NOW
    event = AuditEvent.objects.get(kind="episode.opened")
    assert (event.subject_id, event.actor, event.details["number"]) == (second.pk, None, 2)


def test_pain_without_a_good_spell_opens_nothing(patient: Patient, running: Program) -> None:
    for ago in (20, 10, 1, 0):
        make.make_pain(patient, TODAY - ago * DAY, "before", 4 if ago < 2 else 0)
    refresh_summaries(at=NOW)
    assert numbers(patient) == [(1, "first")]


def test_weighing_again_opens_no_second_one_and_stops_no_second_time(patient: Patient, running: Program) -> None:
    good_spell(patient)
    for minutes in range(3):
        refresh_summaries(at=NOW + minutes * MINUTE, patient_ids=[patient.pk])
    # Also when the dog has been in pain for weeks and nobody has answered.
    refresh_summaries(at=NOW + 20 * DAY, patient_ids=[patient.pk])
    assert numbers(patient) == [(1, "first"), (2, "recurrence")]
    assert [one.flags for one in stops(patient)] == [["RF31"]]


def test_two_workers_open_one_episode(patient: Patient, running: Program) -> None:
    found = [Recurrence(clinic=patient.clinic_id, patient=patient.pk, on=TODAY, numbers={"good_days": 40})]
    assert [open_recurrences(found, at=NOW), open_recurrences(found, at=NOW + MINUTE)] == [1, 0]


@pytest.mark.parametrize("count", [1, 3])
def test_many_recurrences_cost_the_statements_of_one(
    patient: Patient, vet: User, running: Program, django_assert_num_queries: Callable[[int], Any], count: int
) -> None:
    dogs = [patient, *(make.make_patient(patient.clinic, vet, name=f"Dog {n}") for n in range(count - 1))]
    found = [Recurrence(clinic=one.clinic_id, patient=one.pk, on=TODAY, numbers={"good_days": 40}) for one in dogs]
    # Two of them only open and close a savepoint.
    with django_assert_num_queries(7):
        assert open_recurrences(found, at=NOW) == count


# --- The definition --------------------------------------------------------------------------------------------


def test_definition_of_before_gives_no_program(
    patient: Patient, running: Program, signed: ProblemDefinition, vet: User
) -> None:
    good_spell(patient)
    refresh_summaries(at=NOW)
    release(patient, vet)
    with pytest.raises(NotAllowed) as refused:
        assign_program(
            definition=signed,
            protocol_phase=None,
            items=[Item(exercise=make.make_exercise(), dose=Dose.from_json({"sets": 1, "reps": 5, "per_day": 1}))],
            starts_on=TODAY,
            by=vet,
            roles=VET,
            at=NOW + 2 * MINUTE,
        )
    assert [(one.rule, one.text) for one in refused.value.objections] == [("GATE_A", SENTENCE)]
    found = growth_objections(running, ground_of(running, at=NOW))
    assert ("GATE_A", SENTENCE) in [(one.rule, one.text) for one in found]


def test_rules_do_not_trust_it_and_a_release_is_not_taken_back_by_them(
    patient: Patient, running: Program, vet: User
) -> None:
    good_spell(patient)
    refresh_summaries(at=NOW)
    release(patient, vet)
    refresh_summaries(at=NOW + 2 * MINUTE, patient_ids=[patient.pk])
    evaluation = Evaluation.objects.get(patient=patient)
    assert [(one["rule"], one["numbers"]) for one in evaluation.fired] == [("R6", {"signed": True, "good_days": 40})]
    # The vet has said that the exercises go on: nothing grows, and nothing stops them a second time.
    assert stops(patient) == []
    assert set(Suggestion.objects.open().values_list("verdict", flat=True)) <= {"restrain"}
    codes = [one["code"] for one in PatientSummary.objects.get(patient=patient).reasons]
    assert "came_back" in codes


def test_new_signature_answers_it(patient: Patient, running: Program, vet: User) -> None:
    good_spell(patient)
    refresh_summaries(at=NOW)
    release(patient, vet)
    draft = make.make_definition(patient, vet, signed=False, onset_on=TODAY - 2 * DAY)
    sign_and_adopt(definition=draft, by=vet, roles=VET, at=NOW + 3 * MINUTE)
    refresh_summaries(at=NOW + 4 * MINUTE, patient_ids=[patient.pk])
    assert unanswered_recurrence(patient.pk) is None
    running.refresh_from_db()
    assert [one.rule for one in growth_objections(running, ground_of(running, at=NOW))] == []
    assert Evaluation.objects.get(patient=patient).fired == []
    assert "came_back" not in [one["code"] for one in PatientSummary.objects.get(patient=patient).reasons]
    assert numbers(patient) == [(1, "first"), (2, "recurrence")]


# --- A vet who finds that it is none -----------------------------------------------------------------------------


def test_vet_takes_the_episode_back_and_all_holds_again(
    patient: Patient, running: Program, signed: ProblemDefinition, vet: User
) -> None:
    _first, waiting = discharged(patient)
    good_spell(patient)
    refresh_summaries(at=NOW)
    release(patient, vet, is_same_episode=True)
    second = Episode.objects.get(number=2)
    assert (second.withdrawn_at, second.withdrawn_because) == (NOW + MINUTE, "A sore paw")
    assert AuditEvent.objects.get(kind="episode.taken_back").actor == vet
    assert list(Checkpoint.objects.order_by("month").values_list("state", flat=True)) == [
        "good",
        "cancelled",
        "waiting",
    ]
    waiting.refresh_from_db()
    assert waiting.weighed_at is None
    assert growth_objections(running, ground_of(running, at=NOW)) == []
    refresh_summaries(at=NOW + 2 * MINUTE, patient_ids=[patient.pk])
    assert stops(patient) == []
    assert Evaluation.objects.get(patient=patient).fired == []


def test_next_recurrence_has_the_number_again(patient: Patient, running: Program, vet: User) -> None:
    good_spell(patient)
    refresh_summaries(at=NOW)
    release(patient, vet, is_same_episode=True)
    found = [Recurrence(clinic=patient.clinic_id, patient=patient.pk, on=TODAY + 40 * DAY, numbers={"good_days": 31})]
    assert open_recurrences(found, at=NOW + 40 * DAY) == 1
    assert numbers(patient) == [(1, "first"), (2, "recurrence"), (2, "recurrence")]


def test_other_stops_take_no_episode_back(patient: Patient, running: Program, vet: User) -> None:
    good_spell(patient)
    refresh_summaries(at=NOW)
    release(patient, vet)
    make.make_pain(patient, TODAY, "before", 7, done_at=NOW + 2 * MINUTE)
    refresh_summaries(at=NOW + 3 * MINUTE, patient_ids=[patient.pk])
    assert [one.flags for one in stops(patient)] == [["RF16"]]
    release(patient, vet, at=NOW + 4 * MINUTE, is_same_episode=True)
    assert Episode.objects.standing().count() == 2


# --- The pages -------------------------------------------------------------------------------------------------


def test_release_page_asks_and_says_it_is_needed(
    as_user: AsUser, patient: Patient, running: Program, vet: User
) -> None:
    good_spell(patient)
    refresh_summaries(at=NOW)
    client, url = as_user(vet), reverse("guidance:release", args=[patient.pk])
    page = client.get(url).content.decode()
    assert re.findall(r'<input type="radio" name="episode"[^>]* value="(\w+)"|value="(\w+)"[^>]* name="episode"', page)
    assert "A new episode: the problem must be defined anew" in page
    said = {"reason": "Examined", "report": str(stops(patient)[0].pk)}
    answer = client.post(url, said)
    assert answer.status_code == 422
    assert "Say whether it is a new episode." in text_of(answer)
    assert len(stops(patient)) == 1
    assert client.post(url, {**said, "episode": "same"}).status_code == 302
    assert Episode.objects.standing().count() == 1


def test_release_page_of_another_stop_does_not_ask(
    as_user: AsUser, patient: Patient, running: Program, vet: User
) -> None:
    make.make_pain(patient, TODAY, "before", 6)
    refresh_summaries(at=NOW)
    assert 'name="episode"' not in as_user(vet).get(reverse("guidance:release", args=[patient.pk])).content.decode()


def test_dogs_page_tells_both_episodes(as_user: AsUser, patient: Patient, running: Program, vet: User) -> None:
    url = reverse("guidance:patient", args=[patient.pk])
    assert "Episode" not in text_of(as_user(vet).get(url))
    first, _waiting = discharged(patient)
    Episode.objects.filter(pk=first.pk).update(
        discharge=running.decisions.get(),
        discharged_on=TODAY - 10 * DAY,
        measures={"pain_before": 1, "standing_s": 40, "gone": 3},
    )
    good_spell(patient)
    refresh_summaries(at=NOW)
    answer = as_user(vet).get(url)
    text = text_of(answer)
    for said in (
        "the pain came back after 40 good days",
        "Define the problem anew",
        "Soft-tissue injury",
        "discharged",
        "pain 1 of 10 before exercise, Standing without help: 40 s",
        SENTENCE,
    ):
        assert said in text, said
    assert reverse("programs:program-history", args=[running.pk]) in answer.content.decode()
    make.make_definition(patient, vet, signed_at=NOW + MINUTE, onset_on=TODAY)
    text = text_of(as_user(vet).get(url))
    assert "the pain came back after 40 good days" in text
    assert "Define the problem anew" not in text


def test_dogs_page_says_that_an_episode_was_taken_back(
    as_user: AsUser, patient: Patient, running: Program, vet: User
) -> None:
    good_spell(patient)
    refresh_summaries(at=NOW)
    release(patient, vet, is_same_episode=True)
    text = text_of(as_user(vet).get(reverse("guidance:patient", args=[patient.pk])))
    assert "a vet found that it was no new episode: “A sore paw”" in text
    assert "Define the problem anew" not in text


def test_nothing_is_asked_about_a_dog_that_has_died(patient: Patient, running: Program, vet: User) -> None:
    good_spell(patient)
    refresh_summaries(at=NOW)
    patient.died_on = TODAY
    patient.save(update_fields=["died_on"])
    with pytest.raises(NothingToAsk):
        look_again(patient=patient, by=vet, at=NOW)
    assert not ProblemDefinition.objects.filter(patient=patient, signed_at=None).exists()


def test_new_draft_quotes_the_recurrence(
    as_user: AsUser, patient: Patient, running: Program, signed: ProblemDefinition, therapist: User
) -> None:
    good_spell(patient)
    refresh_summaries(at=NOW)
    answer = as_user(therapist).post(reverse("guidance:look-again", args=[patient.pk]))
    assert answer.status_code == 302
    draft = ProblemDefinition.objects.get(patient=patient, signed_at=None)
    assert "the pain came back after 40 good days (4 of 10 or more on two days" in draft.cause_statement
    assert (draft.origin, draft.cause, draft.region) == (signed.origin, signed.cause, signed.region)
    # Another bout has a beginning of its own, and nobody has controlled its pain yet.
    assert signed.onset_on is not None
    assert (draft.onset_on, draft.onset_type, draft.pain_controlled_on) == (None, "", None)


def test_assign_page_says_why_not(as_user: AsUser, patient: Patient, running: Program, vet: User) -> None:
    good_spell(patient)
    refresh_summaries(at=NOW)
    client, url = as_user(vet), reverse("programs:program-assign", args=[patient.pk])
    assert SENTENCE in text_of(client.get(url))
    assert client.post(url, {}).status_code == 422


def test_list_says_so(as_user: AsUser, patient: Patient, running: Program, vet: User) -> None:
    good_spell(patient)
    refresh_summaries(at=NOW)
    release(patient, vet)
    refresh_summaries(at=NOW + 2 * MINUTE, patient_ids=[patient.pk])
    summary = PatientSummary.objects.get(patient=patient)
    codes = [one["code"] for one in summary.reasons]
    assert codes.index("came_back") < len(codes)
    PatientSummary.objects.filter(pk=summary.pk).update(
        reasons=[one for one in summary.reasons if one["code"] == "came_back"]
    )
    text = text_of(as_user(vet).get(reverse("guidance:worklist")))
    assert "Pain came back" in text
    assert SENTENCE in text
