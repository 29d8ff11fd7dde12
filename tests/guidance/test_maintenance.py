"""After a discharge: the page, the weighing of checkpoints, signs of a relapse, and the way back."""

import datetime as dt
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import time_machine
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from rehab.guidance.actions import refresh_summaries
from rehab.guidance.attention import Code, Dog, Level, Reason, level, reasons
from rehab.guidance.maintaining import weigh_checkpoints
from rehab.guidance.models import PatientSummary
from rehab.guidance.queries.maintenance import followed
from rehab.guidance.wording import sentence
from rehab.library.models import Exercise, Protocol
from rehab.patients.models import Patient, ProblemDefinition
from rehab.programs import maintenance
from rehab.programs.models import Checkpoint, Decision, Episode, Program
from tests import make
from tests.make import NOW, TODAY
from tests.sessions.reporting import report

SignIn = Callable[[User], Client]
DAY = dt.timedelta(days=1)
MEASURES = {"pain_before": 1.0, "standing_s": 50.0, "straight_sits": 5.0}


@pytest.fixture(autouse=True)
def _at_that_time() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def make_discharged(patient: Patient, by: User, *, due_on: dt.date = TODAY, **measures: float) -> Checkpoint:
    """A dog in maintenance whose first checkpoint is due on that day."""
    program = make.make_program(
        patient,
        by,
        starts_on=due_on - 31 * DAY,
        protocol=Protocol.objects.filter(slug="maintenance-prevention").first()
        or Protocol.objects.create(
            slug="maintenance-prevention",
            name="Long-term maintenance and prevention",
            content_hash="0" * 64,
            cause="any",
            rows=["D1"],
            profile="inherit",
            total_weeks="52",
        ),
        phase="P5",
        phase_name="Two strong days",
    )
    episode = Episode.objects.create(
        clinic=patient.clinic,
        patient=patient,
        number=1,
        because="first",
        opened_on=due_on - 90 * DAY,
        opened_at=NOW,
        discharge=program.decisions.get(),
        discharged_on=due_on - 31 * DAY,
        measures={**MEASURES, **measures},
    )
    first, *_rest = [
        Checkpoint.objects.create(
            clinic=patient.clinic, patient=patient, episode=episode, month=month, due_on=due_on + ahead * DAY
        )
        for month, ahead in ((1, 0), (3, 60), (6, 150))
    ]
    return first


def answer(patient: Patient, by: User, *, day: dt.date = TODAY, **said: Any) -> None:
    for metric, value in said.items():
        if metric == "pain_before":
            make.make_pain(patient, day, "before", int(value))
        else:
            make.observe(patient, metric, value, by, day)


def weighed(checkpoint: Checkpoint, at: dt.datetime = NOW) -> Checkpoint:
    weigh_checkpoints([checkpoint.patient], at=at)
    checkpoint.refresh_from_db()
    checkpoint.episode.refresh_from_db()
    return checkpoint


GOOD: dict[str, Any] = {"pain_before": 1, "standing_s": 50, "straight_sits": 5}


def test_checkpoint_waits_for_all_answers_and_is_good_then(patient: Patient, vet: User) -> None:
    one = make_discharged(patient, vet)
    answer(patient, vet, pain_before=1, standing_s=50)
    assert weighed(one).state == "waiting"
    answer(patient, vet, straight_sits=5)
    assert weighed(one).state == "good"
    assert (one.weighed_at, one.episode.is_in_maintenance) == (NOW, True)


@pytest.mark.parametrize("worse", [{"pain_before": 3}, {"standing_s": 40}, {"straight_sits": 4}])
def test_worse_checkpoint_reopens_the_episode_and_changes_no_plan(
    patient: Patient, vet: User, worse: dict[str, Any]
) -> None:
    one = make_discharged(patient, vet)
    program = Program.objects.get()
    answer(patient, vet, **{**GOOD, **worse})
    assert weighed(one).state == "worse"
    assert one.numbers["worse"] == list(worse)
    assert one.episode.reopened_at == NOW
    assert Decision.objects.count() == 1
    assert program.plan_version == Program.objects.get().plan_version


def test_weighing_again_changes_nothing(patient: Patient, vet: User) -> None:
    one = make_discharged(patient, vet)
    answer(patient, vet, pain_before=5)
    weighed(one)
    answer(patient, vet, **{**GOOD, "pain_before": 0})
    later = NOW + dt.timedelta(hours=1)
    assert weigh_checkpoints([patient], at=later) == 0
    assert (weighed(one, later).state, one.weighed_at, one.episode.reopened_at) == ("worse", NOW, NOW)


@pytest.mark.parametrize(("late", "state"), [(13, "waiting"), (14, "missed")])
def test_unanswered_checkpoint_is_missed_after_fourteen_days(
    patient: Patient, vet: User, late: int, state: str
) -> None:
    one = make_discharged(patient, vet, due_on=TODAY - late * DAY)
    answer(patient, vet, day=one.due_on, pain_before=1)
    assert weighed(one).state == state
    assert one.episode.is_in_maintenance


def test_answers_of_before_and_after_its_days_are_not_the_checkpoints(patient: Patient, vet: User) -> None:
    one = make_discharged(patient, vet, due_on=TODAY - 14 * DAY)
    answer(patient, vet, day=one.due_on - DAY, **{**GOOD, "pain_before": 9})
    answer(patient, vet, day=TODAY, **{**GOOD, "pain_before": 9})
    assert weighed(one).state == "missed"


def test_answer_that_a_phone_sent_late_still_counts(patient: Patient, vet: User) -> None:
    one = make_discharged(patient, vet, due_on=TODAY - 20 * DAY)
    assert weighed(one).state == "missed"
    answer(patient, vet, day=one.due_on + DAY, **{**GOOD, "pain_before": 4})
    assert weighed(one).state == "worse"


def test_answer_that_is_changed_to_worse_still_counts(patient: Patient, vet: User) -> None:
    one = make_discharged(patient, vet)
    answer(patient, vet, **GOOD)
    assert weighed(one).state == "good"
    answer(patient, vet, standing_s=10)
    later = NOW + dt.timedelta(hours=1)
    assert weighed(one, later).state == "worse"
    assert (one.numbers["worse"], one.episode.reopened_at) == (["standing_s"], later)


def test_good_checkpoint_stays_good_without_worse(patient: Patient, vet: User) -> None:
    one = make_discharged(patient, vet)
    answer(patient, vet, **GOOD)
    weighed(one)
    answer(patient, vet, standing_s=49)
    later = NOW + 13 * DAY
    assert (weighed(one, later).state, one.weighed_at) == ("good", NOW)


@pytest.mark.parametrize("because", ["recurrence", "treatment"])
def test_checkpoint_of_a_maintenance_that_is_over_gets_no_worse(patient: Patient, vet: User, because: str) -> None:
    one = make_discharged(patient, vet, due_on=TODAY - 20 * DAY)
    assert weighed(one).state == "missed"
    if because == "recurrence":
        Episode.objects.create(
            clinic=patient.clinic, patient=patient, number=2, because=because, opened_on=TODAY, opened_at=NOW
        )
    else:
        Episode.objects.update(reopened_at=NOW)
    answer(patient, vet, day=one.due_on + DAY, pain_before=9)
    assert weighed(one).state == "missed"


def test_checkpoint_to_come_is_not_weighed(patient: Patient, vet: User) -> None:
    one = make_discharged(patient, vet, due_on=TODAY + DAY)
    answer(patient, vet, pain_before=9)
    assert weighed(one).state == "waiting"


@pytest.mark.parametrize("number", [1, 3])
def test_weighing_costs_a_fixed_number_of_statements(
    clinic: Any, vet: User, number: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    dogs = [make.make_patient(clinic, vet, name=f"Dog {n}") for n in range(number)]
    for dog in dogs:
        make_discharged(dog, vet)
        answer(dog, vet, pain_before=5)
    # A savepoint's two, the checkpoints, the pain, the measures, what changed, the episodes.
    with django_assert_num_queries(7):
        assert weigh_checkpoints(dogs, at=NOW) == number
    with django_assert_num_queries(3):
        assert weigh_checkpoints(dogs, at=NOW) == 0


# --- The list ------------------------------------------------------------------------------------------------


def listed(patient: Patient) -> dict[str, Any]:
    refresh_summaries(at=NOW, patient_ids=[patient.pk])
    return {one["code"]: one for one in PatientSummary.objects.get(patient=patient).reasons}


def test_worse_checkpoint_is_on_the_list_with_its_numbers(patient: Patient, vet: User) -> None:
    make_discharged(patient, vet)
    answer(patient, vet, **{**GOOD, "pain_before": 4, "standing_s": 35})
    found = Reason.from_json(listed(patient)["checkpoint_worse"])
    assert level(found.severity) is Level.ACT
    assert sentence(found, today=TODAY) == (
        "Worse 1 month after discharge: Pain before the session 1 of 10 → 4 of 10, "
        "Standing without help 50 s → 35 s (30 % less)."
    )


def test_missed_checkpoint_is_to_be_watched_for_a_while(patient: Patient, vet: User) -> None:
    one = make_discharged(patient, vet, due_on=TODAY - 15 * DAY)
    found = Reason.from_json(listed(patient)["checkpoint_missed"])
    assert level(found.severity) is Level.WATCH
    assert sentence(found, today=TODAY) == (
        "The checkpoint 1 month after discharge was not fully answered: Pain before the session, "
        "Standing without help, Straight sits, Minutes on the lead in one day."
    )
    Checkpoint.objects.filter(pk=one.pk).update(due_on=TODAY - 60 * DAY)
    assert "checkpoint_missed" not in listed(patient)


def test_checkpoint_that_is_due_is_not_the_vets(patient: Patient, vet: User) -> None:
    make_discharged(patient, vet)
    assert {"checkpoint_worse", "checkpoint_missed"}.isdisjoint(listed(patient))


def test_worse_checkpoint_is_not_listed_once_another_bout_began(patient: Patient, vet: User) -> None:
    """What is to be decided is about the bout that began since: its page no longer knows the old checkpoint."""
    one = make_discharged(patient, vet)
    answer(patient, vet, **{**GOOD, "pain_before": 4})
    assert weighed(one).state == "worse"
    assert "checkpoint_worse" in listed(patient)
    Episode.objects.create(
        clinic=patient.clinic, patient=patient, number=2, because="recurrence", opened_on=TODAY, opened_at=NOW
    )
    assert "checkpoint_worse" not in listed(patient)


@pytest.mark.parametrize(("score", "is_sign"), [(2, False), (3, True)])
def test_pain_before_exercise_is_a_sign_of_a_relapse_from_three_on(
    patient: Patient, vet: User, score: int, is_sign: bool
) -> None:
    make_discharged(patient, vet, due_on=TODAY + 20 * DAY)
    for ago in range(3):
        make.make_pain(patient, TODAY - ago * DAY, "before", score)
    found = listed(patient)
    assert ("relapse_risk" in found) is is_sign
    if is_sign:
        reason = Reason.from_json(found["relapse_risk"])
        assert level(reason.severity) is Level.ACT
        assert sentence(reason, today=TODAY) == (
            "Signs of a relapse in maintenance: Pain before the session 3 of 10 on average over 3 days."
        )


def test_little_done_over_four_weeks_is_a_sign_to_watch(patient: Patient, vet: User) -> None:
    make_discharged(patient, vet, due_on=TODAY + DAY)
    program = Program.objects.get()
    for item in program.prescriptions.all():
        for ago in range(1, 28, 4):
            make.make_tick(item, TODAY - ago * DAY)
    found = Reason.from_json(listed(patient)["relapse_risk"])
    assert level(found.severity) is Level.WATCH
    assert sentence(found, today=TODAY).startswith("Signs of a relapse in maintenance: Done of what was due ")


def test_silence_is_no_sign_of_a_relapse_and_never_a_good_one(patient: Patient, vet: User) -> None:
    """Nothing said: pain is not known, so only what was left undone speaks."""
    make_discharged(patient, vet, due_on=TODAY + 25 * DAY)
    assert [
        one["criterion"] for one in listed(patient).get("relapse_risk", {}).get("numbers", {}).get("signs", [])
    ] == []


def test_what_was_before_maintenance_is_no_sign(patient: Patient, vet: User) -> None:
    make_discharged(patient, vet, due_on=TODAY + 31 * DAY)
    for ago in range(1, 4):
        make.make_pain(patient, TODAY - ago * DAY, "before", 5)
    assert "relapse_risk" not in listed(patient)


def test_dog_in_treatment_has_no_signs_of_a_relapse(patient: Patient, program: Program) -> None:
    for ago in range(3):
        make.make_pain(patient, TODAY - ago * DAY, "before", 5)
    assert "relapse_risk" not in listed(patient)


def test_worse_goes_before_missed() -> None:
    numbers = {"month": 3, "on": TODAY.isoformat(), "said": [], "worse": [], "missing": []}
    found = [one.code for one in reasons(Dog(today=TODAY, checkpoint_worse=numbers, checkpoint_missed=numbers))]
    assert (Code.CHECKPOINT_WORSE in found, Code.CHECKPOINT_MISSED in found) == (True, False)


# --- The dog's page and the way back ---------------------------------------------------------------------------


def page_of(browser: Client, name: str, patient: Patient) -> str:
    response = browser.get(reverse(name, args=[patient.pk]))
    assert response.status_code == 200
    return response.content.decode()


def test_dogs_page_says_since_when_and_until_when(as_user: SignIn, patient: Patient, vet: User) -> None:
    make_discharged(patient, vet, due_on=TODAY + 3 * DAY)
    assert "In maintenance since 18 Feb 2026, next checkpoint 21 Mar 2026." in page_of(
        as_user(vet), "guidance:patient", patient
    )


def test_worse_checkpoint_leads_to_the_three_ways(as_user: SignIn, patient: Patient, vet: User) -> None:
    one = make_discharged(patient, vet)
    answer(patient, vet, **{**GOOD, "pain_before": 4})
    weighed(one)
    browser = as_user(vet)
    assert reverse("guidance:relapse", args=[patient.pk]) in page_of(browser, "guidance:patient", patient)
    html = page_of(browser, "guidance:relapse", patient)
    assert re.search(
        r'Pain before the session .*worse</span></th><td class="num">1 of 10</td><td class="num"><strong>4 of 10', html
    )
    assert reverse("programs:program-assign", args=[patient.pk]) in html
    assert reverse("guidance:look-again", args=[patient.pk]) in html
    assert reverse("guidance:relapse-settle", args=[patient.pk]) in html


def test_earlier_program_is_taken_up_in_the_phase_of_before(
    as_user: SignIn, patient: Patient, vet: User, definition: ProblemDefinition
) -> None:
    protocol = Protocol.objects.create(
        slug="strain", name="Strain", content_hash="0" * 64, cause="any", rows=["D1"], profile="msk", total_weeks="8"
    )
    phase = protocol.phases.create(position=0, code="P3", name="Strengthen", days_min=7, days_max=28)
    treated = make.make_program(patient, vet, definition, TODAY - 90 * DAY, protocol=protocol, phase="P3")
    Program.objects.filter(pk=treated.pk).update(ended_at=NOW - 31 * DAY)
    one = make_discharged(patient, vet)
    answer(patient, vet, pain_before=5)
    weighed(one)
    html = page_of(as_user(vet), "guidance:relapse", patient)
    assert f"{reverse('programs:program-assign', args=[patient.pk])}?phase={phase.pk}" in html
    assert "Strain, phase P3 Strengthen" in html


def test_amending_quotes_the_numbers(as_user: SignIn, patient: Patient, vet: User) -> None:
    one = make_discharged(patient, vet)
    answer(patient, vet, pain_before=4)
    weighed(one)
    as_user(vet).post(reverse("guidance:look-again", args=[patient.pk]))
    draft = patient.definitions.get(signed_at=None)
    assert "1 month after discharge: Pain before the session 1 of 10 → 4 of 10" in draft.cause_statement


def test_last_phase_leads_to_the_discharge_once_its_criteria_are_met(
    as_user: SignIn, patient: Patient, vet: User, therapist: User
) -> None:
    protocol = Protocol.objects.create(
        slug="strain", name="Strain", content_hash="0" * 64, cause="any", rows=["D1"], profile="msk", total_weeks="8"
    )
    protocol.phases.create(
        position=0, code="P4", name="Return", days_min=7, days_max=28, exit_criteria=["standing_s.last[1d] >= 60"]
    )
    make.make_program(patient, vet, protocol=protocol, phase="P4", phase_name="Return")
    url = reverse("guidance:discharge", args=[patient.pk])
    assert url not in page_of(as_user(vet), "guidance:phase", patient)
    make.observe(patient, "standing_s", 60, vet)
    assert url in page_of(as_user(vet), "guidance:phase", patient)
    assert url not in page_of(as_user(therapist), "guidance:phase", patient)


def settle(browser: Client, patient: Patient, *seen: Checkpoint, reason: str = "A thorn, now out") -> int:
    data = {"reason": reason, "checkpoint": [str(one.pk) for one in seen]}
    return browser.post(reverse("guidance:relapse-settle", args=[patient.pk]), data).status_code


def test_vet_settles_it(as_user: SignIn, patient: Patient, vet: User) -> None:
    one = make_discharged(patient, vet)
    answer(patient, vet, pain_before=4)
    weighed(one)
    assert settle(as_user(vet), patient, one, reason="") == 422
    assert settle(as_user(vet), patient, one) == 302
    one.refresh_from_db()
    assert (one.settled_by, one.settled_because) == (vet, "A thorn, now out")
    assert "checkpoint_worse" not in {one["code"] for one in PatientSummary.objects.get(patient=patient).reasons}
    assert settle(as_user(vet), patient, one) == 409


def test_only_a_vet_settles_it(as_user: SignIn, patient: Patient, vet: User, therapist: User) -> None:
    one = make_discharged(patient, vet)
    answer(patient, vet, pain_before=4)
    weighed(one)
    assert settle(as_user(therapist), patient, one) == 403
    assert reverse("guidance:relapse-settle", args=[patient.pk]) not in page_of(
        as_user(therapist), "guidance:relapse", patient
    )


@pytest.mark.parametrize("name", ["discharge", "relapse"])
def test_pages_are_the_clinics_own(
    as_user: SignIn, patient: Patient, vet: User, owner: User, outside_vet: User, name: str
) -> None:
    url = reverse(f"guidance:{name}", args=[patient.pk])
    assert [as_user(one).get(url).status_code for one in (vet, owner, outside_vet)] == [200, 403, 404]


def test_nothing_to_decide_is_said(as_user: SignIn, patient: Patient, vet: User, program: Program) -> None:
    assert "Nothing is worse than at discharge" in page_of(as_user(vet), "guidance:relapse", patient)


# --- The discharge, with the library as it is ------------------------------------------------------------------


@pytest.fixture
def library(db: None) -> None:
    call_command("load_library", verbosity=0)


@pytest.fixture
def treated(library: None, patient: Patient, vet: User) -> Program:
    """Four good weeks in the last phase, with what maintenance will go on with."""
    definition = make.make_definition(
        patient, vet, re_exam_due_on=TODAY + 30 * DAY, signed_at=NOW - 40 * DAY, onset_on=TODAY - 60 * DAY
    )
    current = Exercise.objects.current().built_in()
    doses: dict[str, dict[str, Any]] = {
        "leash-walk": {"minutes": 20, "per_day": 2},
        "sit-stand": {"sets": 2, "reps": 5, "days_per_week": 3},
        "three-leg-stand": {"reps": 3, "hold_s": 10, "days_per_week": 3},
        "medication-given": {"per_prescription": True},
    }
    program = make.make_program(
        patient,
        vet,
        definition,
        TODAY - 28 * DAY,
        exercises=[(current.get(slug=slug), dose) for slug, dose in doses.items()],
        phase="P4",
        phase_name="Return",
    )
    Episode.objects.create(
        clinic=patient.clinic,
        patient=patient,
        number=1,
        because="first",
        opened_on=program.starts_on,
        opened_at=program.created_at,
    )
    for item in program.prescriptions.all():
        for ago in range(28):
            for slot in range(1, item.times_per_day + 1):
                make.make_tick(item, TODAY - ago * DAY, slot=slot)
    for ago in range(10):
        for moment in ("before", "after", "next_morning"):
            make.make_pain(patient, TODAY - ago * DAY, moment, 1) if ago or moment != "next_morning" else None
    make.observe(patient, "standing_s", 60, vet, TODAY - 2 * DAY)
    make.observe(patient, "straight_sits", 5, vet, TODAY - 2 * DAY)
    return program


def fields_of(html: str) -> dict[str, Any]:
    """The page's form as a browser would send it."""
    form = html.rsplit('<form class="form" method="post"', maxsplit=1)[-1].split("</form>", maxsplit=1)[0]
    found: dict[str, Any] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        attributes = dict(re.findall(r'([a-z-]+)="([^"]*)"', tag))
        if attributes.get("type") in ("checkbox", "radio") and " checked" not in tag:
            continue
        if "name" in attributes:
            found[attributes["name"]] = attributes.get("value", "on")
    return found


def test_discharge_page_shows_what_was_reached(as_user: SignIn, patient: Patient, vet: User, treated: Program) -> None:
    html = page_of(as_user(vet), "guidance:discharge", patient)
    assert re.search(r'Pain before the session</th><td class="num">2 of 10</td><td class="num"><strong>1 of 10', html)
    assert re.search(r'Standing without help</th><td class="num">30 s</td><td class="num"><strong>60 s', html)
    assert "18 Apr 2026" in html
    assert "18 Mar 2028" in html
    assert "Next re-examination: 17 Apr 2026" in html
    ticked = {name for name, value in fields_of(html).items() if name.endswith("-chosen")}
    assert {"leash-walk-chosen", "sit-stand-chosen", "three-leg-stand-chosen", "medication-given-chosen"} <= ticked
    assert "Nothing speaks against a discharge." in html


def test_what_was_reached_counts_from_the_definition_of_the_beginning(
    as_user: SignIn, patient: Patient, vet: User, treated: Program
) -> None:
    """A program goes on under each newer version, whose numbers are not those of the beginning."""
    newer = make.make_definition(patient, vet, version=2, pain_at_rest=0, signed_at=NOW - DAY)
    Program.objects.filter(pk=treated.pk).update(definition=newer)
    html = page_of(as_user(vet), "guidance:discharge", patient)
    assert re.search(r'Pain before the session</th><td class="num">2 of 10</td>', html)


def send(browser: Client, patient: Patient, **changes: Any) -> Any:
    url = reverse("guidance:discharge", args=[patient.pk])
    data = fields_of(browser.get(url).content.decode()) | {"suggestion": "Goals reached"} | changes
    return browser.post(url, {name: value for name, value in data.items() if value is not None})


def test_vet_discharges_with_one_button(as_user: SignIn, patient: Patient, vet: User, treated: Program) -> None:
    response = send(as_user(vet), patient)
    assert response.status_code == 302, response.content.decode()
    after = followed(patient.pk)
    assert after is not None
    assert after.is_in_maintenance
    # What the dog is like on that day; the walks are the minutes of the last whole day.
    assert after.episode.measures == {
        "pain_before": 1.0,
        "standing_s": 60.0,
        "straight_sits": 5.0,
        "walk_min_total": 40.0,
    }
    assert [one.month for one in after.checkpoints] == [1, 3, 6, 12, 18, 24]
    page = page_of(as_user(vet), "guidance:patient", patient)
    assert "In maintenance since 18 Mar 2026, next checkpoint 18 Apr 2026." in page
    history = page_of(as_user(vet), "programs:program-history", Program.objects.open().get())
    assert "Discharged: maintenance begins with" in history
    assert "is in maintenance already" in page_of(as_user(vet), "guidance:discharge", patient)


def test_item_can_be_left_out_and_its_dose_changed(
    as_user: SignIn, patient: Patient, vet: User, treated: Program
) -> None:
    changes = {"cookie-stretch-chosen": None, "leash-walk-minutes": "15"}
    assert send(as_user(vet), patient, **changes).status_code == 302
    kept = {one.exercise.slug: one.dose for one in Program.objects.open().get().prescriptions.all()}
    assert "cookie-stretch" not in kept
    assert kept["leash-walk"]["minutes"] == 15


def test_too_few_items_of_strength_are_overruled_only_once_read(
    as_user: SignIn, patient: Patient, vet: User, treated: Program
) -> None:
    browser, url = as_user(vet), reverse("guidance:discharge", args=[patient.pk])
    fewer = {"sit-stand-chosen": None, "three-leg-stand-chosen": None, "cavaletti-flat-chosen": None}
    first = send(browser, patient, **fewer)
    html = first.content.decode()
    assert first.status_code == 422
    assert "maintenance keeps at least 2" in html
    assert not Checkpoint.objects.exists()
    again = fields_of(html) | {"suggestion": "The family goes on by itself"}
    assert browser.post(url, again).status_code == 302
    decision = Decision.objects.get(kind="discharge")
    assert "MAINTENANCE" in decision.details["overruled"]


def test_warning_sign_refuses_a_discharge(
    as_user: SignIn, patient: Patient, vet: User, owner: User, treated: Program
) -> None:
    report(patient, owner, "RF02")
    html = page_of(as_user(vet), "guidance:discharge", patient)
    assert "A discharge is not possible now" in html
    response = send(as_user(vet), patient, suggestion="As well as it will get, and steady")
    assert response.status_code == 422
    assert not Checkpoint.objects.exists()


def test_what_came_in_is_weighed_before_a_discharge(
    as_user: SignIn, patient: Patient, vet: User, treated: Program
) -> None:
    """So much pain stops the exercises; no worker has looked at it yet."""
    make.make_pain(patient, TODAY, "before", 6, done_at=NOW)
    response = send(as_user(vet), patient, suggestion="As well as it will get, and steady")
    assert response.status_code == 422
    assert "A discharge is not possible now" in response.content.decode()
    assert not Checkpoint.objects.exists()


def test_silence_and_a_missing_baseline_speak_against_it(
    as_user: SignIn, patient: Patient, vet: User, library: None
) -> None:
    definition = make.make_definition(patient, vet, baseline={})
    make.make_program(patient, vet, definition, phase="P4", phase_name="Return")
    html = page_of(as_user(vet), "guidance:discharge", patient)
    assert "The usual pain is not known: fewer than three answers before exercise in the last 7 days." in html
    assert "Nothing that the dog can do was measured in the last 28 days." in html
    assert "Nothing heard on the last" in html
    assert "Goals reached" not in html


def test_two_vets_at_once_are_told(as_user: SignIn, patient: Patient, vet: User, treated: Program) -> None:
    browser, url = as_user(vet), reverse("guidance:discharge", args=[patient.pk])
    data = fields_of(browser.get(url).content.decode()) | {"suggestion": "Goals reached"}
    Program.objects.filter(pk=treated.pk).update(plan_version=2)
    response = browser.post(url, data)
    assert response.status_code == 409
    assert "The plan was changed while you were looking at it." in response.content.decode()
    assert not Checkpoint.objects.exists()


def test_reason_is_needed(as_user: SignIn, patient: Patient, vet: User, treated: Program) -> None:
    response = send(as_user(vet), patient, suggestion="")
    assert response.status_code == 422
    assert "Choose a reason or write one" in response.content.decode()


def test_therapist_does_not_discharge(as_user: SignIn, patient: Patient, therapist: User, treated: Program) -> None:
    browser = as_user(therapist)
    assert browser.get(reverse("guidance:discharge", args=[patient.pk])).status_code == 403
    assert "Discharge to maintenance" not in page_of(browser, "guidance:patient", patient)


def test_program_menu_leads_to_the_discharge(as_user: SignIn, patient: Patient, vet: User, program: Program) -> None:
    assert reverse("guidance:discharge", args=[patient.pk]) in page_of(as_user(vet), "guidance:patient", patient)


@pytest.mark.parametrize("more", [0, 5])
def test_discharge_page_costs_a_fixed_number_of_statements(
    as_user: SignIn, patient: Patient, vet: User, treated: Program, more: int
) -> None:
    for n in range(more):
        item = make.make_prescription(treated, exercise=f"more-{n}", position=10 + n)
        make.make_tick(item)
        make.make_pain(patient, TODAY - (20 + n) * DAY, "before", 1)
    browser = as_user(vet)
    url = reverse("guidance:discharge", args=[patient.pk])
    browser.get(url)
    with CaptureQueriesContext(connection) as queries:
        browser.get(url)
    assert len(queries) == 37


def test_protocol_of_maintenance_is_the_contents() -> None:
    assert maintenance.asked() == ("pain_before", "standing_s", "straight_sits", "walk_min_total", "weight_kg")
    assert [one.text for one in maintenance.relapse()] == [
        "pain_before.avg[3d] >= 3",
        "pain_next_morning.max[2d] >= 3",
        "completion.avg[28d] < 0.5",
    ]
