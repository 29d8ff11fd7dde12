"""The patient chart: who may open it, what it says, what it draws, what it prints, and at which cost."""

import datetime as dt
import re
from collections.abc import Callable, Iterator
from html import unescape
from typing import Any

import pytest
import time_machine
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.access import Role
from accounts.models import Clinic, User
from rehab.guidance.charting.page import chart_page
from rehab.guidance.models import ThresholdChange
from rehab.lib.ids import new_id
from rehab.patients.models import OutcomeScore, Patient, ProblemDefinition
from rehab.programs.actions import pause_program
from rehab.programs.models import Checkpoint, Decision, Episode, Program
from rehab.sessions.models import (
    Command,
    ExerciseSession,
    MedicineAnswer,
    PainAnswer,
    PerformedExercise,
    Release,
    ResponseAnswer,
)
from tests import make
from tests.guidance.responses import answer_days, make_answering_dog
from tests.make import NOW, TODAY
from tests.sessions.reporting import report

DAY = dt.timedelta(days=1)
AsUser = Callable[[User], Client]
VET = frozenset({Role.VET})


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def url(patient: Patient, query: str = "") -> str:
    return f"/patients/{patient.pk}/chart/{query}"


def html_of(client: Client, patient: Patient, query: str = "") -> str:
    answer = client.get(url(patient, query))
    assert answer.status_code == 200
    return answer.content.decode()


def text_of(html: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", html))).strip()


def shown(client: Client, patient: Patient, query: str = "") -> str:
    return text_of(html_of(client, patient, query))


def page_of(patient: Patient, span: str = "12") -> Any:
    return chart_page(patient, at=NOW, span=span, roles=VET)


def said(patient: Patient, kind: str, day: dt.date) -> dict[str, Any]:
    """What every answer of a family has."""
    at = dt.datetime.combine(day, dt.time(12), dt.UTC)
    by = patient.created_by
    command = Command.objects.create(
        id=new_id(),
        clinic=patient.clinic,
        patient=patient,
        kind=kind,
        body_hash="0" * 64,
        issued_by=by,
        done_at=at,
        received_at=at,
        day=day,
        time_zone="UTC",
    )
    return {
        "command": command,
        "clinic": patient.clinic,
        "patient": patient,
        "day": day,
        "recorded_by": by,
        "done_at": at,
    }


def hurts(patient: Patient, day: dt.date, *areas: str) -> None:
    ResponseAnswer.objects.create(**said(patient, "response", day), areas=list(areas))


# --- Who ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("persona", "status"),
    [
        ("vet", 200),
        ("therapist", 200),
        ("owner", 403),
        ("caregiver", 403),
        ("admin", 404),
        ("stranger", 404),
        ("outside_vet", 404),
    ],
)
@pytest.mark.parametrize("query", ["", "?print"])
def test_chart_is_for_those_who_see_the_record(
    request: pytest.FixtureRequest, as_user: AsUser, patient: Patient, persona: str, status: int, query: str
) -> None:
    answer = as_user(request.getfixturevalue(persona)).get(url(patient, query))
    assert answer.status_code == status
    assert (b"Bruno" in answer.content) is (status == 200)


def test_chart_only_reads(client: Client, as_user: AsUser, patient: Patient, vet: User) -> None:
    assert client.get(url(patient)).status_code == 302
    assert as_user(vet).post(url(patient)).status_code == 405
    assert as_user(vet).get(f"/patients/{new_id()}/chart/").status_code == 404


def test_dog_page_leads_to_the_chart(as_user: AsUser, patient: Patient, vet: User) -> None:
    assert f'href="{url(patient)}"' in as_user(vet).get(f"/patients/{patient.pk}/").content.decode()


# --- A dog with little -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("query", ["", "?span=4", "?span=episode", "?span=all", "?span=nonsense", "?print"])
def test_chart_of_a_dog_with_nothing_says_so(as_user: AsUser, patient: Patient, vet: User, query: str) -> None:
    html = html_of(as_user(vet), patient, query)
    assert "Nothing is on record yet" in html
    assert '<svg class="chart-plot' not in html
    assert "<table" not in html


def test_chart_before_any_answer_has_the_head_and_no_picture(as_user: AsUser, patient: Patient, vet: User) -> None:
    make.make_definition(patient, vet, baseline={})
    text = shown(as_user(vet), patient)
    assert "Primary, musculoskeletal" in text or "primary, musculoskeletal" in text
    assert "Nothing was due, answered or measured in this time." in text
    assert "Nothing is on record yet" not in text


# --- The head ----------------------------------------------------------------------------------------------------


def test_head_says_what_was_signed_by_whom_and_which_version(as_user: AsUser, patient: Patient, vet: User) -> None:
    make.make_definition(patient, vet, cause_statement="SUPERSEDED")
    make.make_definition(
        patient,
        vet,
        cause_statement="Strained at the ball",
        pain_control="medicine",
        medicines=[{"name": "Meloxicam", "dose": "0.1 mg/kg", "times": "8:00"}],
    )
    make.make_definition(patient, vet, signed=False, cause_statement="DRAFTED")
    text = shown(as_user(vet), patient)
    assert "Version 2" in text
    assert "Strained at the ball" in text
    assert "Signed by Dr. Vera Lind, 18 Mar 2026" in text
    assert "Pain control Meloxicam, 0.1 mg/kg, 8:00" in text
    assert "SUPERSEDED" not in text
    assert "DRAFTED" not in text


def test_head_compares_this_week_with_the_week_before(as_user: AsUser, patient: Patient, vet: User) -> None:
    program = make_answering_dog(patient, vet)
    answer_days(program, days=7, before=1, morning=0)
    for ago in (8, 9, 10):
        make.make_pain(patient, TODAY - ago * DAY, "before", 4)
    figures = {one.label: (one.value, one.note) for one in page_of(patient).head.figures}
    assert figures["Pain before, 7 days"] == ("1", "the week before 4")
    # 14 days were due, of which the last seven were done.
    assert figures["Done, 14 days"][0] == "50 %"
    # Eight minutes a day at load level 2.
    assert figures["Load, 7 days"] == ("112", "of 112 planned")
    assert "Pain before, 7 days 1 the week before 4" in shown(as_user(vet), patient)


def set_limit(clinic: Clinic, by: User, **fields: Any) -> ThresholdChange:
    return ThresholdChange.objects.create(
        clinic=clinic,
        changed_by=by,
        **{"profile": "msk", "name": "resting_restrain", "is_loosening": False, "changed_at": NOW, **fields},
    )


def test_chart_draws_the_limit_of_the_clinic_and_says_who_set_it(
    as_user: AsUser,
    clinic: Clinic,
    patient: Patient,
    vet: User,
    colleague: User,
    other_clinic: Clinic,
    outside_vet: User,
) -> None:
    program = make_answering_dog(patient, vet)
    answer_days(program, days=2)
    assert page_of(patient).limit == 6
    set_limit(clinic, colleague, value=7, is_loosening=True, reason="Old dogs, watched closely")
    set_limit(clinic, colleague, profile="neuro", value=4)
    set_limit(clinic, colleague, name="green_max", value=1)
    set_limit(other_clinic, outside_vet, value=2, reason="CANARY")
    page = page_of(patient)
    assert page.limit == 7
    assert {band.limit.text for band in page.wide.bands if band.limit} == {"limit 7"}
    assert [(one.text, one.is_looser) for one in page.head.own_limits] == [
        ("Pain at rest that stops everything: 7 instead of 6", True),
        ("Green up to (pain after exercise): 1 instead of 2", False),
    ]
    text = shown(as_user(vet), patient)
    assert (
        "less careful Pain at rest that stops everything: 7 instead of 6 Dr. Cai Moss, 18 Mar 2026: “Old dogs" in text
    )
    assert "CANARY" not in text


def test_limit_that_is_the_contents_again_is_not_listed(clinic: Clinic, patient: Patient, vet: User) -> None:
    make_answering_dog(patient, vet)
    set_limit(clinic, vet, value=5, changed_at=NOW - DAY)
    set_limit(clinic, vet, value=None)
    page = page_of(patient)
    assert (page.limit, page.head.own_limits) == (6, [])


def test_nerve_limits_hold_where_nobody_has_signed_anything(patient: Patient) -> None:
    assert page_of(patient).limit == 5


# --- The picture -------------------------------------------------------------------------------------------------


def band(page: Any, key: str) -> Any:
    return next(one for one in page.wide.bands if one.key == key)


def test_pain_is_drawn_when_it_was_felt_and_a_day_without_an_answer_is_a_gap(patient: Patient, vet: User) -> None:
    make_answering_dog(patient, vet)
    for ago in (1, 2, 4):
        make.make_pain(patient, TODAY - ago * DAY, "before", 3)
    make.make_pain(patient, TODAY - DAY, "next_morning", 5)
    page = page_of(patient)
    traces = {trace.kind: trace for trace in band(page, "pain").traces}
    assert re.findall("[ML]", traces["before"].line) == ["M", "M", "L"]
    assert traces["after"].line == ""
    lines = {line.period: line for line in page.day_lines}
    assert lines["18 Mar 2026"].next_morning == "5"
    assert lines["17 Mar 2026"].next_morning == "–"
    assert lines["15 Mar 2026"].before == "–"


def test_load_is_minutes_times_level_and_stands_against_its_plan(patient: Patient, vet: User) -> None:
    program = make_answering_dog(patient, vet)
    item = program.prescriptions.get()
    make.make_tick(item, TODAY - DAY)
    make.make_tick(item, TODAY - 2 * DAY, state="partial", share=50)
    lines = {line.period: line for line in page_of(patient).day_lines}
    assert (lines["17 Mar 2026"].load, lines["17 Mar 2026"].plan, lines["17 Mar 2026"].done) == ("16", "16", "100 %")
    assert (lines["16 Mar 2026"].load, lines["16 Mar 2026"].plan, lines["16 Mar 2026"].done) == ("8", "16", "50 %")
    assert (lines["15 Mar 2026"].load, lines["15 Mar 2026"].plan, lines["15 Mar 2026"].done) == ("–", "16", "0 %")


def test_limb_stands_beside_the_back_where_the_pain_is_secondary(patient: Patient, vet: User) -> None:
    program = make_answering_dog(patient, vet)
    answer_days(program, days=3)
    make.observe(patient, "straight_sits", 3, vet, TODAY - DAY)
    assert [one.key for one in page_of(patient).wide.bands][:2] == ["pain", "load"]
    make.make_definition(patient, vet, origin="secondary", cause="compensatory", limb_source_and_plan="Right hip")
    hurts(patient, TODAY - DAY, "hip_right")
    hurts(patient, TODAY - 2 * DAY, "lower_back")
    page = page_of(patient)
    assert [one.key for one in page.wide.bands][:5] == ["pain", "limb", "straight_sits", "standing_s", "load"]
    assert len(band(page, "limb").dots) == 1
    assert {line.period: line.limb for line in page.day_lines if line.limb} == {"17 Mar 2026": "yes"}


def test_measures_that_exist_have_a_band_and_others_have_none(patient: Patient, vet: User) -> None:
    program = make_answering_dog(patient, vet)
    answer_days(program, days=3)
    make.observe(patient, "weight_kg", 9.4, vet, TODAY - DAY)
    make.observe(patient, "urination_normal", 1, vet, TODAY - DAY)
    keys = {one.key for one in page_of(patient).wide.bands}
    assert {"standing_s", "weight_kg", "walk_min_total"} <= keys
    assert {"urination_normal", "falls"}.isdisjoint(keys)
    text = [one.text for one in page_of(patient).measures.rows]
    assert "Weight: 9.4 kg" in text
    assert "Urinates normally: yes" in text


def test_decisions_are_numbered_and_told_beneath(as_user: AsUser, patient: Patient, vet: User) -> None:
    program = make_answering_dog(patient, vet)
    answer_days(program, days=3)
    pause_program(program=program, reason="On holiday", plan_version=1, by=vet, at=NOW)
    page = page_of(patient)
    assert [one.number for one in page.marks.listed] == [1, 2]
    assert [len(sheet.marks) for sheet in (page.wide, page.narrow, *page.printed)] == [2] * (2 + len(page.printed))
    assert "Program assigned: 1 exercise · Dr. Vera Lind" in page.marks.listed[0].texts[0]
    text = shown(as_user(vet), patient)
    assert "18 Mar 2026 Program paused · Dr. Vera Lind · “On holiday”" in text
    assert [box.kind for box in band(page, "stops").boxes] == ["pause"]


def test_many_small_decisions_leave_the_turns_readable(patient: Patient, vet: User) -> None:
    program = make_answering_dog(patient, vet)
    answer_days(program, days=3)
    Decision.objects.bulk_create(
        Decision(
            clinic=patient.clinic,
            patient=patient,
            program=program,
            kind="regress" if number == 40 else "hold",
            plan_version=number,
            reason="As it is",
            effective_on=TODAY - (number % 20) * DAY,
            decided_by=vet,
            decided_at=NOW - number * dt.timedelta(minutes=1),
        )
        for number in range(2, 72)
    )
    page = page_of(patient)
    texts = [text for one in page.marks.listed for text in one.texts]
    assert len(texts) == 2
    assert page.marks.left_out == "69 smaller decisions of this time are not marked; the history has them."


def test_phase_and_rungs_are_drawn_as_they_followed(patient: Patient, vet: User) -> None:
    program = make_answering_dog(patient, vet, phase="P3")
    Program.objects.filter(pk=program.pk).update(phase_started_on=TODAY - 5 * DAY)
    answer_days(program, days=3)
    move = Decision.objects.create(
        clinic=patient.clinic,
        patient=patient,
        program=program,
        kind="phase",
        plan_version=2,
        reason="Ready",
        details={"from": "P2", "to": "P3"},
        effective_on=TODAY - 5 * DAY,
        decided_by=vet,
        decided_at=NOW - 5 * DAY,
    )
    make.make_step(program, rung=1, ends_on=TODAY - 5 * DAY, ended_by=move)
    make.make_step(program, rung=2, starts_on=TODAY - 5 * DAY, started_by=move)
    page = page_of(patient)
    assert [box.text for box in band(page, "phase").boxes] == ["P2", "P3"]
    assert [box.text for box in band(page, "ladder").boxes] == ["1", "2"]
    assert band(page, "ladder").name == "Jumps into the car: rung of “Car”"
    assert "Phase changed: P2 → P3 · Dr. Vera Lind · “Ready”" in page.marks.listed[-1].texts[0]


def test_stop_lasts_until_its_release_and_takes_the_plan_away(
    as_user: AsUser, patient: Patient, vet: User, owner: User
) -> None:
    program = make_answering_dog(patient, vet)
    answer_days(program, days=8)
    stopped_at = NOW - 5 * DAY
    found = report(patient, owner, "RF05", at=stopped_at)
    page = page_of(patient)
    assert page.is_stopped
    assert [box.kind for box in band(page, "stops").boxes] == ["stop"]
    assert {line.period: line.plan for line in page.day_lines}["15 Mar 2026"] == "–"
    assert {line.period: line.plan for line in page.day_lines}["12 Mar 2026"] == "16"
    Release.objects.create(
        report=found,
        clinic=patient.clinic,
        patient=patient,
        released_by=vet,
        released_at=NOW - 3 * DAY,
        reason="Seen, all well",
    )
    page = page_of(patient)
    assert not page.is_stopped
    [line] = page.stops
    assert (line.day, line.until, line.reason) == ("13 Mar 2026", "15 Mar 2026, Dr. Vera Lind", "Seen, all well")
    [box] = band(page, "stops").boxes
    # Three of twenty-one days, both ends with them.
    assert box.width == pytest.approx(3 * page.wide.plot_width / page.axis.count, abs=0.2)
    assert "Seen, all well" in shown(as_user(vet), patient)


def test_medicine_changes_and_missed_doses_are_marked(patient: Patient, vet: User) -> None:
    program = make_answering_dog(patient, vet)
    answer_days(program, days=3)
    plan = [{"name": "Meloxicam", "dose": "0.1 mg/kg", "times": "8:00"}]
    make.make_definition(patient, vet, pain_control="medicine", medicines=plan, signed_at=NOW - 2 * DAY)
    make.make_definition(patient, vet, pain_control="medicine", medicines=plan, signed_at=NOW - DAY)
    for given, reason in ((None, ""), (False, "forgot")):
        MedicineAnswer.objects.create(
            **said(patient, "medicine", TODAY - DAY), medicine="Meloxicam", time="08:00", given=given, reason=reason
        )
    MedicineAnswer.objects.create(
        **said(patient, "medicine", TODAY - 3 * DAY), medicine="Meloxicam", time="08:00", given=True
    )
    page = page_of(patient)
    assert sorted(dot.kind for dot in band(page, "medicine").dots) == ["medicine", "medicine", "missed"]
    assert [one.text for one in page.medicine.rows] == [
        "Missed: Meloxicam 08:00 (Forgotten)",
        "Changed: None needed → Meloxicam, 0.1 mg/kg, 8:00",
        "Signed: None needed",
    ]


def test_picture_says_in_words_what_it_shows(as_user: AsUser, patient: Patient, vet: User) -> None:
    program = make_answering_dog(patient, vet)
    answer_days(program, days=3, before=1, after=2)
    html = html_of(as_user(vet), patient)
    labels = re.findall(r'role="img" aria-label="([^"]+)"', html)
    assert len(labels) == 2
    assert labels[0] == labels[1]
    assert "Pain before exercise: from 1 to 1 of 10, last 1." in labels[0]
    assert "1 decision." in labels[0]


# --- Beneath -----------------------------------------------------------------------------------------------------


def test_each_exercise_has_its_own_adherence_and_why_it_was_left_out(patient: Patient, vet: User) -> None:
    program = make_answering_dog(patient, vet)
    item = program.prescriptions.get()
    for ago in range(1, 4):
        make.make_tick(item, TODAY - ago * DAY)
    make.make_tick(item, TODAY - 4 * DAY, state="skipped", skip_reason="pain")
    [line] = page_of(patient).items
    assert (line.name, line.percent, line.performed) == ("Leash walk", 14, "3 of 21")
    assert line.skips == "The dog seemed in pain (1)"


def test_body_map_darkens_what_was_marked_more_often(as_user: AsUser, patient: Patient, vet: User) -> None:
    make_answering_dog(patient, vet)
    for ago, areas in ((1, ["lower_back", "hip_left"]), (2, ["lower_back"]), (3, []), (8, ["neck"])):
        hurts(patient, TODAY - ago * DAY, *areas)
    page = page_of(patient)
    assert [dict(week.levels) for week in page.body.weeks] == [{}, {}, {"neck": 3}, {"lower_back": 2, "hip_left": 1}]
    assert page.body.weeks[0].words == "no answer"
    assert page.body.weeks[-1].words == "Lower back on 2 of 3 days; Left hip on 1 of 3 days"
    html = html_of(as_user(vet), patient)
    # The back is seen from both sides, the left hip from the left; the neck from both.
    assert re.findall(r'course-shade" data-level="(\d)"', html) == ["3", "3", "2", "1", "2"]
    assert "Most often marked: Lower back, on 2 of 4 days with an answer." in text_of(html)


def test_instruments_show_their_trend_with_the_published_change(as_user: AsUser, patient: Patient, vet: User) -> None:
    make_answering_dog(patient, vet)
    for total, ago in ((30, 15), (24, 1)):
        OutcomeScore.objects.create(
            clinic=patient.clinic,
            patient=patient,
            instrument="load",
            version="2019",
            day=TODAY - ago * DAY,
            total=total,
            recorded_by=vet,
            recorded_at=NOW,
        )
    OutcomeScore.objects.create(
        clinic=patient.clinic,
        patient=patient,
        instrument="load",
        day=TODAY,
        total=51,
        recorded_by=vet,
        recorded_at=NOW,
        withdrawn_by=vet,
        withdrawn_at=NOW,
    )
    page = page_of(patient)
    names = [one.name for one in page.wide.bands if one.key == "score"]
    assert "Liverpool Osteoarthritis in Dogs" in names
    found = next(one for one in page.instruments if one.name == "Liverpool Osteoarthritis in Dogs")
    assert [(line.day, line.numbers) for line in found.lines] == [
        ("17 Mar 2026", "Total 24 of 52"),
        ("3 Mar 2026", "Total 30 of 52"),
    ]
    assert [line.change for line in found.lines] == ["Total 6 lower", ""]
    assert "Published change: -4" in shown(as_user(vet), patient)


def test_old_episode_stands_beside_the_new_one(as_user: AsUser, patient: Patient, vet: User) -> None:
    program = make_answering_dog(patient, vet)
    discharge = Decision.objects.create(
        clinic=patient.clinic,
        patient=patient,
        program=program,
        kind="discharge",
        plan_version=2,
        reason="Steady",
        effective_on=TODAY - 15 * DAY,
        decided_by=vet,
        decided_at=NOW - 15 * DAY,
    )
    common = {"clinic": patient.clinic, "patient": patient}
    first = Episode.objects.create(
        **common,
        number=1,
        because="first",
        opened_on=program.starts_on,
        opened_at=NOW - 20 * DAY,
        discharge=discharge,
        discharged_on=TODAY - 15 * DAY,
        measures={"pain_before": 1, "standing_s": 60},
    )
    Checkpoint.objects.create(**common, episode=first, month=1, due_on=TODAY - 10 * DAY, state="worse")
    Episode.objects.create(**common, number=2, because="recurrence", opened_on=TODAY - 5 * DAY, opened_at=NOW - 5 * DAY)
    page = page_of(patient)
    assert [one.number for one in page.episodes] == [2, 1]
    assert page.episodes[1].measures == ["Pain before exercise: 1 of 10", "Standing without help: 60 s"]
    assert [(look.month, look.state) for look in page.episodes[1].looks] == [(1, "worse")]
    strip = band(page, "episodes")
    assert [box.kind for box in strip.boxes] == ["treatment", "maintenance", "treatment"]
    assert [dot.kind for dot in strip.dots] == ["checkpoint-worse"]
    assert page_of(patient, "episode").axis.first == TODAY - 13 * DAY  # five days would be too narrow
    text = shown(as_user(vet), patient)
    assert text.index("Episode 2") < text.index("Episode 1")


def test_last_messages_and_clips_are_there_in_short(as_user: AsUser, patient: Patient, vet: User, owner: User) -> None:
    make_answering_dog(patient, vet)
    for number in range(7):
        make.make_message(patient, owner, f"Word {number} " + "x" * 300, NOW - number * DAY, from_family=True)
    page = page_of(patient)
    assert [one.text[:6] for one in page.messages] == [f"Word {number}" for number in range(5)]
    assert all(len(one.text) <= 180 for one in page.messages)
    assert "Olga Ruiz" in shown(as_user(vet), patient)


# --- Spans -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("span", "days"), [("4", 28), ("12", 84), ("all", 102)])
def test_span_says_how_far_back_the_axis_goes(patient: Patient, vet: User, span: str, days: int) -> None:
    definition = make.make_definition(patient, vet, signed_at=NOW - 101 * DAY, onset_on=TODAY - 120 * DAY)
    make.make_program(patient, vet, definition, starts_on=TODAY - 90 * DAY)
    assert page_of(patient, span).axis.days == days


def test_page_marks_the_span_that_it_shows(as_user: AsUser, patient: Patient, vet: User) -> None:
    make_answering_dog(patient, vet)
    for query, name in (("", "12 weeks"), ("?span=4", "4 weeks"), ("?span=all", "All"), ("?span=x", "12 weeks")):
        html = html_of(as_user(vet), patient, query)
        assert re.findall(r'aria-current="true">([^<]+)</a>', html) == [name]


# --- On paper ----------------------------------------------------------------------------------------------------


def test_print_view_names_the_clinic_the_dog_and_who_printed_it(
    as_user: AsUser, patient: Patient, therapist: User, vet: User
) -> None:
    program = make_answering_dog(patient, vet)
    answer_days(program, days=5)
    make.make_message(patient, vet, "BETWEEN US")
    Patient.objects.filter(pk=patient.pk).update(sex="male_neutered", born_on=TODAY - 5 * 366 * DAY, weight_kg=9.4)
    html = html_of(as_user(therapist), patient, "?span=4&print")
    text = text_of(html)
    assert "Lindenhof Veterinary Clinic · +1 555 0100" in text
    assert "Printed by Tom Reyes, 18 March 2026, 17:00" in text
    assert "Dachshund male, neutered 5 years 9.4 kg Owner: Olga Ruiz" in text
    assert "<nav" not in html
    # What clinic and family write to each other is not for a third.
    assert "BETWEEN US" not in text
    # The numbers are there without opening anything.
    assert "<details" not in html
    assert "Day by day" in text
    assert html.count('class="chart-plot course chart-paper"') == len(page_of(patient, "4").printed)


def test_no_printed_drawing_is_higher_than_a_sheet_of_a4(patient: Patient, vet: User) -> None:
    program = make_answering_dog(patient, vet)
    answer_days(program, days=5)
    for metric in ("standing_s", "unaided_steps", "straight_sits", "self_corrections", "pole_touches", "falls"):
        make.observe(patient, metric, 3, vet, TODAY - DAY)
    for metric in ("knuckling_level", "toe_response", "weight_kg", "rest_breaks"):
        make.observe(patient, metric, 1, vet, TODAY - DAY)
    page = page_of(patient)
    assert len(page.printed) == 2
    # 186 mm wide; A4 without its margins is 273 mm high.
    assert all(sheet.height * 186 / sheet.width <= 240 for sheet in page.printed)
    assert sum(len(sheet.bands) for sheet in page.printed) == len(page.wide.bands)


# --- Cost --------------------------------------------------------------------------------------------------------


def live(program: Program, vet: User, days: int) -> None:
    """Every day all is done and answered, as many rows as a busy family writes."""
    patient, by = program.patient, vet
    items = list(program.prescriptions.all())
    commands: list[Command] = []
    done, pain, sessions, answers, medicine = [], [], [], [], []
    for ago in range(1, days + 1):
        day = TODAY - ago * DAY
        at = dt.datetime.combine(day, dt.time(12), dt.UTC)
        common = {"clinic": patient.clinic, "patient": patient, "day": day, "recorded_by": by, "done_at": at}

        def command(kind: str, day: dt.date = day, at: dt.datetime = at) -> Command:
            one = Command(
                id=new_id(),
                clinic=patient.clinic,
                patient=patient,
                kind=kind,
                body_hash="0" * 64,
                issued_by=by,
                done_at=at,
                received_at=at,
                day=day,
                time_zone="UTC",
            )
            commands.append(one)
            return one

        session = ExerciseSession(clinic=patient.clinic, patient=patient, day=day)
        sessions.append(session)
        done += [
            PerformedExercise(**common, command=command("tick"), prescription=item, slot=1, state="done", share=100)
            for item in items
        ]
        pain += [
            PainAnswer(**common, command=command("pain"), session=session, moment=moment, score=ago % 4)
            for moment in ("before", "after", "next_morning")
        ]
        answers.append(ResponseAnswer(**common, command=command("response"), areas=["lower_back"]))
        medicine.append(
            MedicineAnswer(
                **common, command=command("medicine"), medicine="Meloxicam", time="08:00", given=False, reason="forgot"
            )
        )
    Command.objects.bulk_create(commands)
    ExerciseSession.objects.bulk_create(sessions)
    PerformedExercise.objects.bulk_create(done)
    PainAnswer.objects.bulk_create(pain)
    ResponseAnswer.objects.bulk_create(answers)
    MedicineAnswer.objects.bulk_create(medicine)


def dog_with_a_history(patient: Patient, vet: User, owner: User, days: int) -> Program:
    since = TODAY - days * DAY
    definition = make.make_definition(
        patient, vet, signed_at=NOW - (days + 1) * DAY, onset_on=since - 40 * DAY, origin="primary"
    )
    program = make.make_program(patient, vet, definition, starts_on=since)
    make.make_step(program)
    live(program, vet, days)
    for ago in range(0, days, 30):
        make.observe(patient, "standing_s", 20 + ago % 40, vet, TODAY - ago * DAY)
    report(patient, owner, "RF29", at=NOW - DAY)
    make.make_message(patient, owner, from_family=True)
    Decision.objects.bulk_create(
        Decision(
            clinic=patient.clinic,
            patient=patient,
            program=program,
            kind="hold",
            plan_version=number + 2,
            reason="As it is, because it goes well",
            effective_on=TODAY - number * 3 * DAY,
            decided_by=vet,
            decided_at=NOW - number * 3 * DAY,
        )
        for number in range(min(days // 3, 200))
    )
    return program


# Session, person, dog; definitions, programs, episodes, owners; fifteen of the days; the phase with what it asks about.
QUERIES = 31


@pytest.mark.parametrize("days", [1, 730])
def test_chart_takes_as_many_statements_after_a_day_as_after_two_years(
    as_user: AsUser,
    patient: Patient,
    vet: User,
    owner: User,
    django_assert_num_queries: DjangoAssertNumQueries,
    days: int,
) -> None:
    dog_with_a_history(patient, vet, owner, days)
    client = as_user(vet)
    for query in ("?span=4", "?span=12", "?span=episode", "?span=all", "?span=all&print"):
        with django_assert_num_queries(QUERIES):
            html = html_of(client, patient, query)
        assert 'class="chart-plot' in html


def test_two_years_stay_a_small_page_of_weeks(as_user: AsUser, patient: Patient, vet: User, owner: User) -> None:
    dog_with_a_history(patient, vet, owner, 730)
    page = page_of(patient, "all")
    assert (page.axis.step, len(page.day_lines)) == (7, 105)
    assert len(page.body.weeks) <= 12
    assert sum(len(one.texts) for one in page.marks.listed) <= 60
    assert len(page.medicine.rows) == 40
    assert page.medicine.of == 731
    # The median of 1, 2, 3, 0, 1, 2, 3; and of two exercises a day one was done once of twice.
    week = page.day_lines[3]
    assert (week.before, week.done) == ("2", "75 %")
    for query in ("?span=all", "?span=all&print"):
        html = html_of(as_user(vet), patient, query)
        assert len(html) < 150_000
        assert "Each place is one week: pain and measures are medians" in text_of(html)


def test_death_of_a_dog_is_said_and_the_record_stays(as_user: AsUser, patient: Patient, vet: User) -> None:
    program = make_answering_dog(patient, vet)
    answer_days(program, days=3)
    Patient.objects.filter(pk=patient.pk).update(died_on=TODAY)
    text = shown(as_user(vet), patient)
    assert "died on 18 March 2026" in text
    assert "Pain before, 7 days" in text


def test_texts_of_people_are_escaped(as_user: AsUser, patient: Patient, vet: User) -> None:
    definition: ProblemDefinition = make.make_definition(patient, vet, cause_statement="<b>bold</b>")
    program = make.make_program(patient, vet, definition)
    make.make_step(program, activity="<script>car</script>")
    answer_days(program, days=2)
    html = html_of(as_user(vet), patient)
    assert "<b>bold" not in html
    assert "<script>car" not in html
    assert "&lt;script&gt;car&lt;/script&gt;" in html
