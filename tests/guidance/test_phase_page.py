"""What was logged as the criteria read it, and the page that says where the dog stands."""

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
from rehab.guidance.alerting.raising import raise_alerts
from rehab.guidance.models import Alert
from rehab.guidance.queries.phase import phase_page
from rehab.guidance.queries.readings import Known, known_about
from rehab.guidance.releasing import release_stop
from rehab.library.models import Protocol, ProtocolPhase
from rehab.patients.models import Observation, Patient, ProblemDefinition
from rehab.programs.criteria import SESSIONS, State
from rehab.programs.models import Decision, LadderStep, Program
from rehab.sessions.models import Exposure
from tests import make
from tests.sessions.reporting import report

SignIn = Callable[[User], Client]
ONE_DAY = dt.timedelta(days=1)
WALK: dict[str, Any] = {
    "name": "Leash walk",
    "category": "gait_endurance",
    "dose": {"minutes": 10, "per_day": 2},
    "dose_range": {"minutes": [2, 30], "per_day": [1, 5]},
}


@pytest.fixture(autouse=True)
def _at_that_time(now: dt.datetime) -> Iterator[None]:
    with time_machine.travel(now, tick=False):
        yield


@pytest.fixture
def protocol(db: None) -> Protocol:
    """P2 with what it asks to leave it, P3 with what it asks to begin it, P4 with ladders."""
    protocol = Protocol.objects.create(
        slug="soft-tissue-strain",
        name="Soft-tissue strain of the back",
        content_hash="0" * 64,
        cause="soft_tissue",
        rows=["D1"],
        profile="msk",
        total_weeks="6-14",
    )
    phases: list[dict[str, Any]] = [
        {
            "code": "P2",
            "name": "Steady",
            "exit_criteria": [
                "pain_next_morning.max[3d] <= 2",
                "standing_s.last[1d] >= 60",
                "completion.avg[7d] >= 0.8",
            ],
            "extra": {"exit_alt": "no steps by day 42 -> specialist review"},
        },
        {
            "code": "P3",
            "name": "Strengthen",
            "entry_criteria": ["vet_signed_phase == 1", "pain_next_morning.max[3d] <= 2"],
        },
        {
            "code": "P5",
            "name": "Maintain",
            "extra": {
                "relapse": ["pain_before.avg[3d] >= 3"],
                "check_in": {"every_days": 30, "items": ["pain_before", "weight_kg"]},
            },
        },
    ]
    for position, phase in enumerate(phases):
        ProtocolPhase.objects.create(protocol=protocol, position=position, days_min=10, days_max=21, **phase)
    return protocol


@pytest.fixture
def running(patient: Patient, vet: User, definition: ProblemDefinition, protocol: Protocol) -> Program:
    """A walk of ten minutes twice a day and a medicine, for twenty days, in P2."""
    walk = make.make_exercise("leash-walk", **WALK)
    medicine = make.make_exercise(
        "medication-given", category="nursing_care", load=0, mode="passive", dose={"per_prescription": True}
    )
    program = make.make_program(
        patient,
        vet,
        definition,
        protocol=protocol,
        exercises=[(walk, {"minutes": 10, "per_day": 2}), (medicine, {"per_prescription": True})],
    )
    loaded: Program = Program.objects.select_related("patient", "protocol", "definition").get(pk=program.pk)
    return loaded


@pytest.fixture
def url(patient: Patient) -> str:
    return reverse("guidance:phase", args=[patient.pk])


def practise(
    step: LadderStep, day: dt.date, *, pain: int | None = 1, done: bool = True, signs: tuple[str, ...] = ()
) -> Exposure:
    patient = step.patient
    at = dt.datetime.combine(day, dt.time(12), dt.UTC)
    return Exposure.objects.create(
        command=make._command(patient, "tick", day, patient.created_by, at),
        clinic=patient.clinic,
        patient=patient,
        step=step,
        day=day,
        done=done,
        pain_after=pain,
        stop_signs=list(signs),
        recorded_by=patient.created_by,
        done_at=at,
    )


def known(program: Program) -> Known:
    return known_about(program, program.definition, today=make.TODAY)


def values(found: Known, metric: str) -> dict[int, float]:
    """Days ago -> value."""
    return {(make.TODAY - one.day).days: one.value for one in found.series.get(metric, ())}


def text_of(response: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", response.content.decode()))


# --- The readings ----------------------------------------------------------------------------------------------


def test_nothing_logged_gives_no_reading_but_of_the_days(running: Program) -> None:
    found = known(running)
    assert values(found, "days_in_phase") == {0: 20}
    assert values(found, "days_since_onset") == {0: 20}
    assert {metric for metric, readings in found.series.items() if readings} == {
        "days_in_phase",
        "days_since_onset",
        "standing_s",  # the baseline of the definition, signed today
        "completion",  # what was due and not done counts, because silence is not doing it
        "doses_given_pct",
        "open_red_flags",
    }
    assert values(found, "open_red_flags") == {0: 0}
    assert set(values(found, "completion").values()) == {0}


def test_pain_is_read_by_the_day_on_which_it_was_felt(running: Program, patient: Patient, today: dt.date) -> None:
    make.make_pain(patient, today - ONE_DAY, "before", 2)
    make.make_pain(patient, today - ONE_DAY, "after", 3)
    make.make_pain(patient, today - ONE_DAY, "next_morning", 1)
    found = known(running)
    assert values(found, "pain_before") == {1: 2}
    assert values(found, "pain_after") == {1: 3}
    assert values(found, "pain_next_morning") == {0: 1}
    assert values(found, "pain_rest") == {1: 2}
    assert values(found, SESSIONS) == {1: 1}
    assert found.series["pain_next_morning"][0].session == (today - ONE_DAY).isoformat()


def test_the_familys_checks_are_read_and_open_signs_are_counted(
    running: Program, patient: Patient, owner: User, vet: User
) -> None:
    said: dict[str, Any] = {"unaided_steps": 10, "standing_s": 40, "knuckling": "sometimes", "urination": "leaks"}
    stop = report(patient, owner, "RF01", **said)
    found = known(running)
    assert [values(found, metric)[0] for metric in ("unaided_steps", "standing_s", "knuckling_level")] == [10, 40, 1]
    assert [values(found, metric)[0] for metric in ("urination_normal", "open_red_flags")] == [0, 1]
    release_stop(
        patient=patient, seen=[stop.pk], by=vet, roles=frozenset({Role.VET}), reason="Walks again", at=make.NOW
    )
    assert values(known(running), "open_red_flags") == {0: 0}
    note = report(patient, owner, "RF29", at=make.NOW + dt.timedelta(minutes=1))
    raise_alerts(at=make.NOW + dt.timedelta(minutes=2))
    Alert.objects.exclude(pk=note.pk).update(cleared_at=make.NOW, cleared_by=vet, clear_reason="Seen")
    assert values(known(running), "open_red_flags") == {0: 1}


def test_the_last_answer_of_a_moment_counts(running: Program, patient: Patient, today: dt.date) -> None:
    make.make_pain(patient, today, "before", 8)
    make.make_pain(patient, today, "before", 2, done_at=make.NOW)
    assert values(known(running), "pain_before") == {0: 2}


def test_staff_measures_are_read_and_the_newest_row_of_a_day_holds(
    running: Program, patient: Patient, vet: User, today: dt.date
) -> None:
    make.observe(patient, "straight_sits", 2, vet, today)
    Observation.objects.create(
        clinic=patient.clinic,
        patient=patient,
        metric="straight_sits",
        value=4,
        day=today,
        recorded_by=vet,
        recorded_at=make.NOW + dt.timedelta(minutes=1),
    )
    make.observe(patient, "pain_rest", 5, vet, today - ONE_DAY)
    make.make_pain(patient, today, "before", 1)
    found = known(running)
    assert values(found, "straight_sits") == {0: 4}
    assert values(found, "pain_rest") == {1: 5, 0: 1}


def test_the_baseline_counts_on_the_day_it_was_signed_unless_measured_then(
    running: Program, patient: Patient, vet: User, today: dt.date
) -> None:
    assert values(known(running), "standing_s") == {0: 30}
    make.observe(patient, "standing_s", 70, vet, today)
    assert values(known(running), "standing_s") == {0: 70}


def test_a_vets_tick_about_the_limb_holds_however_old(
    running: Program, patient: Patient, vet: User, today: dt.date
) -> None:
    assert values(known(running), "limb_stable_signed") == {}
    make.observe(patient, "limb_stable_signed", 1, vet, today - 400 * ONE_DAY)
    make.observe(patient, "standing_s", 70, vet, today - 400 * ONE_DAY)
    found = known(running)
    assert values(found, "limb_stable_signed") == {400: 1}
    assert values(found, "standing_s") == {0: 30}


def test_the_finding_of_the_definition_is_a_vets_tick_too(patient: Patient, vet: User, protocol: Protocol) -> None:
    definition = make.make_definition(patient, vet, findings=["limb_stable"])
    program = make.make_program(patient, vet, definition, protocol=protocol)
    assert values(known(program), "limb_stable_signed") == {0: 1}


def test_minutes_on_the_lead_are_those_that_were_walked(running: Program, today: dt.date) -> None:
    walk = running.prescriptions.get(exercise__slug="leash-walk")
    medicine = running.prescriptions.get(exercise__slug="medication-given")
    make.make_tick(walk, today - 3 * ONE_DAY, slot=1)
    make.make_tick(walk, today - 3 * ONE_DAY, slot=2, state="partial", share=50)
    make.make_tick(walk, today - 2 * ONE_DAY, state="skipped")
    make.make_tick(medicine, today - ONE_DAY)
    make.make_tick(walk, today)
    # Yesterday somebody ticked, but no walk; the day before that is skipped; today is not over; before is silence.
    assert values(known(running), "walk_min_total") == {3: 15, 2: 0, 1: 0}


def test_done_is_counted_by_item_and_medicine_as_doses(running: Program, today: dt.date) -> None:
    walk = running.prescriptions.get(exercise__slug="leash-walk")
    medicine = running.prescriptions.get(exercise__slug="medication-given")
    make.make_tick(walk, today - ONE_DAY, slot=1)
    make.make_tick(medicine, today - ONE_DAY)
    make.make_tick(walk, today, slot=1)
    make.make_tick(medicine, today)
    found = known(running)
    yesterday = sorted(one.value for one in found.series["completion"] if one.day == today - ONE_DAY)
    assert yesterday == [0.5, 1]
    # Of today only what is finished.
    assert [one.value for one in found.series["completion"] if one.day == today] == [1]
    assert {day: value for day, value in values(found, "doses_given_pct").items() if day < 3} == {2: 0, 1: 100, 0: 100}


def test_clean_sessions_are_counted_in_a_row(running: Program, patient: Patient, today: dt.date) -> None:
    for ago, score in ((5, 1), (4, 2), (3, 3), (2, 0)):
        make.make_pain(patient, today - ago * ONE_DAY, "after", score)
    walk = running.prescriptions.get(exercise__slug="leash-walk")
    make.make_tick(walk, today - ONE_DAY)  # a session without an answer is not clean
    assert values(known(running), "clean_sessions") == {5: 1, 4: 2, 3: 0, 2: 1, 1: 0}


def test_rungs_count_once_passed(running: Program, vet: User, patient: Patient, today: dt.date) -> None:
    assert values(known(running), "exposure_rung_done") == {}
    step = make.make_step(running, rung=4, starts_on=today - 10 * ONE_DAY)
    assert values(known(running), "exposure_rung_done") == {0: 0}
    for ago in (2, 3):
        practise(step, today - ago * ONE_DAY)
        make.make_pain(patient, today - ago * ONE_DAY, "next_morning", 1)
    assert values(known(running), "exposure_rung_done") == {0: 4}
    assert known(running).standings[step.pk].is_passed


@pytest.mark.parametrize(("passed", "highest"), [(True, 5), (False, 0)])
def test_a_rung_that_a_vet_only_overruled_is_not_passed(
    running: Program, vet: User, today: dt.date, passed: bool, highest: int
) -> None:
    decision = Decision.objects.create(
        clinic=running.clinic,
        patient=running.patient,
        program=running,
        kind="ladder_up",
        plan_version=2,
        reason="Up",
        details={"passed": passed},
        effective_on=today,
        decided_by=vet,
        decided_at=make.NOW,
    )
    make.make_step(running, rung=5, ends_on=today, ended_by=decision)
    assert values(known(running), "exposure_rung_done") == {0: highest}


@pytest.mark.parametrize(("many", "queries"), [(False, 8), (True, 9)])
def test_reading_takes_nine_queries_at_most(
    running: Program,
    patient: Patient,
    vet: User,
    today: dt.date,
    django_assert_num_queries: DjangoAssertNumQueries,
    many: bool,
    queries: int,
) -> None:
    if many:
        walk = running.prescriptions.get(exercise__slug="leash-walk")
        steps = [make.make_step(running, make.make_ladder(slug)) for slug in ("car", "stairs")]
        for ago in range(1, 6):
            day = today - ago * ONE_DAY
            make.make_tick(walk, day)
            make.make_pain(patient, day, "before")
            make.observe(patient, "standing_s", 30, vet, day)
            for step in steps:
                practise(step, day)
    # The clinic's limits, pain, prescriptions, ticks, rungs, stops, measures, checks; practices of rungs.
    with django_assert_num_queries(queries):
        known(running)


# --- The page --------------------------------------------------------------------------------------------------


def test_page_evaluates_the_exit_of_this_phase_and_the_entry_of_the_next(
    running: Program, patient: Patient, vet: User, today: dt.date
) -> None:
    for ago in (1, 2, 3):
        make.make_pain(patient, today - ago * ONE_DAY, "next_morning", 1)
    page = phase_page(running, running.definition, roles=frozenset({Role.VET}), today=today)
    assert [(one.code, one.place) for one in page.path] == [("P2", "now"), ("P3", "next"), ("P5", "later")]
    assert [(one.verdict.criterion.text, one.verdict.state) for one in page.exits] == [
        ("pain_next_morning.max[3d] <= 2", State.MET),
        ("standing_s.last[1d] >= 60", State.NOT_YET),
        ("completion.avg[7d] >= 0.8", State.NOT_YET),
    ]
    # What both ask for is asked once.
    assert [(one.verdict.criterion.text, one.is_signature, one.verdict.is_met) for one in page.entries] == [
        ("vet_signed_phase == 1", True, True)
    ]
    assert (page.met, page.counted, page.day, page.days) == (1, 3, 20, (10, 21))
    assert page.exit_alternative == "No steps by day 42 → specialist review"


def test_a_therapist_gives_no_signature(running: Program, today: dt.date) -> None:
    page = phase_page(running, running.definition, roles=frozenset({Role.THERAPIST}), today=today)
    assert [one.verdict.is_met for one in page.entries] == [False]


def test_page_shows_the_numbers_and_what_is_missing(running: Program, vet: User, url: str, as_user: SignIn) -> None:
    answer = as_user(vet).get(url)
    text = text_of(answer)
    assert answer.status_code == 200
    assert "Pain on the next morning: at most 2 of 10, on each of the last 3 days" in text
    assert "0 of 3 days known, at least 2 needed" in text
    assert "Standing without help: at least 60 s, today 30 s" in text
    assert "Your signature: you give it when you move the phase" in text
    assert "0/3 met by the data" in text
    assert "No steps by day 42 → specialist review" in text
    assert f"{reverse('guidance:phase-move', args=[running.patient_id])}?to=" in answer.content.decode()
    assert reverse("patients:observation-create", args=[running.patient_id]) in answer.content.decode()


def test_page_of_the_maintenance_phase_watches_for_a_relapse(
    running: Program, patient: Patient, vet: User, url: str, as_user: SignIn, today: dt.date
) -> None:
    Program.objects.filter(pk=running.pk).update(phase="P5", phase_name="Maintain")
    for ago in (0, 1):
        make.make_pain(patient, today - ago * ONE_DAY, "before", 4)
    text = text_of(as_user(vet).get(url))
    assert "This is the last phase" in text
    assert "seen Pain before the session: at least 3 of 10, on average over the last 3 days 4 of 10 on average" in text
    assert "Every 30 days: pain before the session, weight." in text


def test_page_without_a_protocol_shows_the_six_phases(
    patient: Patient, vet: User, program: Program, url: str, as_user: SignIn
) -> None:
    answer = as_user(vet).get(url)
    text = text_of(answer)
    assert "follows no protocol" in text
    assert all(f"?to={code}" in answer.content.decode() for code in ("P0", "P1", "P3", "P4", "P5"))


def test_page_without_a_program_says_so(patient: Patient, vet: User, url: str, as_user: SignIn) -> None:
    answer = as_user(vet).get(url)
    assert answer.status_code == 200
    assert "has no open program" in text_of(answer)


def test_page_of_a_paused_program_offers_no_move(running: Program, vet: User, url: str, as_user: SignIn) -> None:
    Program.objects.filter(pk=running.pk).update(paused_by=running.decisions.get())
    answer = as_user(vet).get(url)
    assert "The program is paused" in text_of(answer)
    assert reverse("guidance:phase-move", args=[running.patient_id]) not in answer.content.decode()


@pytest.mark.parametrize("many", [False, True])
def test_page_takes_the_same_queries_whatever_was_logged(
    running: Program,
    patient: Patient,
    vet: User,
    url: str,
    as_user: SignIn,
    today: dt.date,
    django_assert_num_queries: DjangoAssertNumQueries,
    many: bool,
) -> None:
    walk = running.prescriptions.get(exercise__slug="leash-walk")
    for ago in range(1, 6 if many else 2):
        day = today - ago * ONE_DAY
        make.make_tick(walk, day)
        make.make_pain(patient, day, "next_morning", 1)
        make.observe(patient, "standing_s", 30, vet, day)
        make.make_step(running, make.make_ladder(f"ladder-{ago}"))
    client = as_user(vet)
    client.get(url)
    with django_assert_num_queries(15):  # session, person, dog, program, definition, nine readings, phases
        assert client.get(url).status_code == 200


@pytest.mark.parametrize(
    ("who", "code"),
    [("therapist", 200), ("owner", 403), ("caregiver", 403), ("admin", 404), ("outside_vet", 404), ("stranger", 404)],
)
def test_page_is_for_staff_of_the_dog(
    request: pytest.FixtureRequest, running: Program, as_user: SignIn, url: str, who: str, code: int
) -> None:
    assert as_user(request.getfixturevalue(who)).get(url).status_code == code
