"""The family's progress page: what it shows of pain, measures, ladders and weeks, and what it never says."""

import datetime as dt
import gzip
import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from rehab.guidance.queries.facts import facts_of
from rehab.guidance.queries.readings import known_about
from rehab.lib.ids import new_id
from rehab.library.models import Protocol, ProtocolPhase
from rehab.patients.models import Patient, ProblemDefinition
from rehab.programs.models import Decision, Program
from rehab.sessions.models import Exposure, Release, WarningReport
from rehab.sessions.queries.looking_back import stopped_days
from tests import make
from tests.sessions.reporting import report

pytestmark = pytest.mark.usefixtures("clock")
DAY = dt.timedelta(days=1)


@pytest.fixture
def browser(as_user: Any, owner: User) -> Client:
    found: Client = as_user(owner)
    return found


def page(browser: Client, patient: Patient, weeks: str = "") -> str:
    answer = browser.get(reverse("sessions:progress", args=[patient.pk]), {"weeks": weeks} if weeks else {})
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def decide(program: Program, kind: str, day: dt.date, **fields: Any) -> Decision:
    version = program.decisions.count() + 1
    return Decision.objects.create(
        clinic=program.clinic,
        patient=program.patient,
        program=program,
        kind=kind,
        plan_version=version,
        reason="As agreed",
        effective_on=day,
        decided_by=program.created_by,
        decided_at=dt.datetime.combine(day, dt.time(9), dt.UTC),
        **fields,
    )


def practise(program: Program, step: Any, day: dt.date, signs: list[str]) -> Exposure:
    at = dt.datetime.combine(day, dt.time(12), dt.UTC)
    tick = make.make_tick(program.prescriptions.earliest("position"), day, done_at=at)
    return Exposure.objects.create(
        command=tick.command,
        clinic=program.clinic,
        patient=program.patient,
        step=step,
        day=day,
        done=True,
        pain_after=1,
        stop_signs=signs,
        recorded_by=program.created_by,
        done_at=at,
    )


def release(stopped: WarningReport, by: User, at: dt.datetime) -> None:
    Release.objects.create(
        report=stopped,
        clinic=stopped.clinic,
        patient=stopped.patient,
        released_by=by,
        released_at=at,
        reason="Examined",
    )


# --- What it costs ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("weeks", ["", "8", "all"])
def test_page_costs_twelve_statements_for_any_number_of_answers(
    browser: Client, patient: Patient, program: Program, owner: User, vet: User, weeks: str
) -> None:
    page(browser, patient, weeks)
    counts = []
    for rounds in (1, 3):
        for back in range(rounds * 3):
            day = make.TODAY - back * DAY
            make.make_pain(patient, day, "after", 3)
            make.make_tick(program.prescriptions.earliest("position"), day)
            make.observe(patient, "standing_s", 10 + back, vet, day)
        decide(program, "progress", make.TODAY - rounds * DAY, exercise=make.make_exercise("stand-count"))
        make.make_step(program, make.make_ladder(f"ladder-{rounds}"), rung=2)
        report(patient, owner, "RF03")
        with CaptureQueriesContext(connection) as queries:
            page(browser, patient, weeks)
        counts.append(len(queries))
    assert counts == [12, 12]


def test_half_a_year_is_at_most_twelve_kilobytes(browser: Client, patient: Patient, vet: User) -> None:
    program = make.make_program(patient, vet, starts_on=make.TODAY - 400 * DAY)
    make.make_step(program, rung=3)
    for back in range(180):
        day = make.TODAY - back * DAY
        make.make_pain(patient, day, "before", back % 5)
        make.make_pain(patient, day, "after", back * 7 % 6)
        make.make_pain(patient, day - DAY, "next_morning", back * 3 % 4)
        if back % 7 == 0:
            make.observe(patient, "standing_s", 90 - back // 3, vet, day)
            make.observe(patient, "weight_kg", 9 + back / 100, vet, day)
            decide(program, "regress", day, exercise=make.make_exercise("stand-count"))
    answer = browser.get(reverse("sessions:progress", args=[patient.pk]), {"weeks": "all"})
    assert len(gzip.compress(answer.content, 6)) <= 12 * 1024
    assert answer.content.count(b"<tr>") > 180


# --- The period ------------------------------------------------------------------------------------------------


def test_period_is_a_link_and_the_phone_keeps_the_shortest(browser: Client, patient: Patient, program: Program) -> None:
    url = reverse("sessions:progress", args=[patient.pk])
    assert browser.get(url).headers["Cache-Control"] == "private, no-cache"
    for weeks, name in (("8", "8 weeks"), ("all", "Since the start")):
        answer = browser.get(url, {"weeks": weeks})
        assert answer.headers["Cache-Control"] == "no-store"
        assert f'<a href="{url}?weeks={weeks}" aria-current="true">{name}</a>' in answer.content.decode()
    assert f'<a href="{url}" aria-current="true">2 weeks</a>' in page(browser, patient)
    assert f'<a href="{url}" aria-current="true">2 weeks</a>' in page(browser, patient, "-1 OR 1")


@pytest.mark.parametrize(("begun", "shown"), [(3, 14), (30, 31), (400, 180)])
def test_since_the_start_is_a_fortnight_at_least_and_half_a_year_at_most(
    browser: Client, patient: Patient, vet: User, begun: int, shown: int
) -> None:
    make.make_program(patient, vet, starts_on=make.TODAY - begun * DAY)
    for back in range(3):
        make.make_pain(patient, make.TODAY - back * DAY)
    assert f"Pain, last {shown} days." in page(browser, patient, "all")


def test_answer_before_the_period_is_not_shown(browser: Client, patient: Patient, program: Program) -> None:
    make.make_pain(patient, make.TODAY - 14 * DAY, score=9)
    html = page(browser, patient)
    assert "No pain answers in these days yet. After three answers a line appears here." in html
    assert '<td class="num">9</td>' in page(browser, patient, "8")


# --- Pain ------------------------------------------------------------------------------------------------------


def test_first_week_says_when_a_line_appears(browser: Client, patient: Patient, program: Program) -> None:
    for back in range(2):
        make.make_pain(patient, make.TODAY - back * DAY, score=6)
    html = page(browser, patient)
    assert "No pain answers" not in html
    # Once for the pain and once for standing, of which only the definition tells.
    assert html.count("After three answers a line appears here.") == 2
    assert "Too few answers to compare" in html
    assert "chart-line" not in re.sub(r"#chart-line", "", html)
    assert html.count('<td class="num">6</td>') == 2


def test_less_is_said_with_its_numbers(browser: Client, patient: Patient, program: Program) -> None:
    for back in range(3):
        make.make_pain(patient, make.TODAY - back * DAY, score=2)
        make.make_pain(patient, make.TODAY - (14 + back) * DAY, score=5)
    html = page(browser, patient)
    assert "Less than two weeks ago" in html
    assert "Before exercise: usually 2 of 10 in the last seven days, and 5 of 10 two weeks ago." in html
    assert "If you are worried" not in html


def test_more_offers_the_check_and_judges_nobody(browser: Client, patient: Patient, program: Program) -> None:
    for back in range(3):
        make.make_pain(patient, make.TODAY - back * DAY, score=5)
        make.make_pain(patient, make.TODAY - (14 + back) * DAY, score=2)
    html = page(browser, patient)
    assert "More than two weeks ago" in html
    assert "If you are worried: the check for warning signs" in html


def test_morning_is_drawn_on_its_own_day_and_listed_with_its_session(
    browser: Client, patient: Patient, program: Program
) -> None:
    for back in (1, 2, 3):
        make.make_pain(patient, make.TODAY - back * DAY, "next_morning", back)
    html = page(browser, patient)
    assert "On the next morning: 3 answers, from 3 at first to 1 at last, highest 3 of 10." in html
    assert 'data-shape="triangle"' in html
    assert 'data-shape="circle"' not in html
    row = '<tr><th scope="row">17 Mar</th><td class="num">–</td><td class="num">–</td><td class="num">1</td></tr>'
    assert row in html


def test_changes_are_numbered_and_told(browser: Client, patient: Patient, program: Program) -> None:
    stand = make.make_exercise("stand-count")
    decide(program, "regress", make.TODAY - 10 * DAY, exercise=stand)
    decide(program, "hold", make.TODAY - 8 * DAY, exercise=stand)
    decide(program, "phase", make.TODAY - 4 * DAY, details={"from": "P1", "to": "P2", "to_name": "Steady"})
    decide(program, "progress", make.TODAY - 4 * DAY, exercise=stand)
    decide(program, "pause", make.TODAY - 30 * DAY)
    for back in range(3):
        make.make_pain(patient, make.TODAY - back * DAY)
    html = page(browser, patient)
    assert "<li><span>Stand count: easier since 8 March</span></li>" in html
    assert "<li><span>Phase “Steady” since 14 March; Stand count: harder since 14 March</span></li>" in html
    assert html.count('class="chart-mark"') == 2
    assert "Paused" not in html
    assert "As agreed" not in html
    url = reverse("sessions:progress", args=[patient.pk])
    assert "Estabilizar" in browser.get(url, headers={"Accept-Language": "es"}).content.decode()


# --- Measures --------------------------------------------------------------------------------------------------


def phase_asks(program: Program, *criteria: str) -> None:
    protocol = Protocol.objects.create(slug="p", name="P", content_hash="0" * 64, rows=["D1"])
    ProtocolPhase.objects.create(
        protocol=protocol, position=1, code=program.phase, name="x", days_min=1, days_max=9, exit_criteria=[*criteria]
    )
    Program.objects.filter(pk=program.pk).update(protocol=protocol)


def test_measures_are_those_of_the_phase_and_the_weight(
    browser: Client, patient: Patient, program: Program, vet: User
) -> None:
    phase_asks(program, "unaided_steps.min[3d] >= 5", "knuckling_level <= 1", "pain_before.max[7d] <= 3")
    for metric, value in (("unaided_steps", 10), ("straight_sits", 4), ("knuckling_level", 2), ("weight_kg", 9.5)):
        for back in range(3):
            make.observe(patient, metric, value, vet, make.TODAY - back * DAY)
    html = page(browser, patient)
    assert re.findall(r'<h2 class="card-title" id="([a-z_]+)">', html) == [
        *("pain", "standing_s", "unaided_steps", "knuckling_level", "weight_kg", "activities", "weeks")
    ]
    assert "10 or more on 18 March" in html
    assert "0 is never, 3 is always." in html
    assert '<td class="num">2, often</td>' in html
    assert "9.5 kg on 18 March" in html
    assert "Weight (kg), measured" not in html
    assert 'aria-label="Weight, measured on 3 days: from 9.5 kg on 16 March to 9.5 kg on 18 March."' in html


def test_weight_is_in_the_units_of_the_reader(
    browser: Client, patient: Patient, program: Program, vet: User, owner: User
) -> None:
    User.objects.filter(pk=owner.pk).update(units="imperial")
    for back in range(3):
        make.observe(patient, "weight_kg", 10, vet, make.TODAY - back * DAY)
        make.observe(patient, "standing_s", 12, vet, make.TODAY - back * DAY)
    html = page(browser, patient)
    assert "Weight (lb)" in html
    assert "22.0 lb on 18 March" in html
    assert " kg" not in html
    assert "12 s on 18 March" in html


def test_correction_holds_and_a_value_of_the_definition_is_the_first(
    browser: Client, patient: Patient, program: Program, vet: User
) -> None:
    day = make.TODAY - 2 * DAY
    make.observe(patient, "standing_s", 99, vet, day)
    late = make.observe(patient, "standing_s", 12, vet, day)
    make.rewrite(late, recorded_at=make.NOW + DAY)
    html = page(browser, patient)
    # The definition of the factories was signed today with thirty seconds.
    assert "30 s on 18 March" in html
    assert '<td class="num">12 s</td>' in html
    assert "99 s" not in html


def test_measure_says_where_it_began_and_where_it_is(
    browser: Client, patient: Patient, program: Program, vet: User
) -> None:
    assert "At first" not in page(browser, patient)
    make.observe(patient, "standing_s", 12, vet, make.TODAY - 9 * DAY)
    html = page(browser, patient)
    # Two values are no line yet, and tell where it goes all the same.
    assert '<p class="newest">30 s on 18 March</p> <p class="muted small">At first: 12 s on 9 March</p>' in html


def test_measure_without_a_value_waits_for_one(browser: Client, patient: Patient, vet: User) -> None:
    make.make_program(patient, vet, make.make_definition(patient, vet, baseline={}))
    assert "Nothing measured in these days yet. After three answers a line appears here." in page(browser, patient)


# --- Ladders ---------------------------------------------------------------------------------------------------


def test_ladder_shows_every_rung_and_when_it_was_reached(browser: Client, patient: Patient, program: Program) -> None:
    ladder = make.make_ladder(rungs=4)
    begun, up = make.TODAY - 15 * DAY, make.TODAY - 5 * DAY
    first = decide(program, "ladder_start", begun)
    second = decide(program, "ladder_up", up)
    make.make_step(program, ladder, 1, starts_on=begun, ends_on=up, started_by=first, ended_by=second)
    make.make_step(program, ladder, 2, starts_on=up, started_by=second)
    html = page(browser, patient)
    assert "Rung 2 of 4: Rung 2" in html
    assert re.findall(r'<li data-state="(past|now|next|resting)"', html) == ["past", "now", "next", "next"]
    assert html.count('aria-current="step"') == 1
    assert html.index("reached on 3 March") < html.index("reached on 13 March")


def test_one_rung_back_is_said_calmly(browser: Client, patient: Patient, program: Program) -> None:
    step = make.make_step(program, make.make_ladder(rungs=4), 2, starts_on=make.TODAY - 6 * DAY)
    practise(program, step, make.TODAY - DAY, ["S_CRY"])
    html = page(browser, patient)
    assert "Rung 1 of 4: Rung 1" in html
    assert "One rung lower until 20 March" in html
    assert "Then rung 2 is tried again." in html
    assert re.findall(r'<li data-state="(past|now|next|resting)"', html)[:3] == ["now", "resting", "next"]


def test_first_rung_that_rests_has_no_rung_now(browser: Client, patient: Patient, program: Program) -> None:
    step = make.make_step(program, make.make_ladder(rungs=2), 1, starts_on=make.TODAY - 6 * DAY)
    practise(program, step, make.TODAY - DAY, ["S_CRY"])
    html = page(browser, patient)
    assert "Rung 1 of 2 rests for three days." in html
    assert 'aria-current="step"' not in html


def test_ladder_that_ended_is_gone(browser: Client, patient: Patient, program: Program) -> None:
    end = decide(program, "ladder_end", make.TODAY)
    make.make_step(program, ends_on=make.TODAY, ended_by=end)
    assert 'class="rungs"' not in page(browser, patient)


# --- Weeks -----------------------------------------------------------------------------------------------------


def tick_all(program: Program, first: dt.date, until: dt.date) -> None:
    for prescription in program.prescriptions.all():
        for number in range((until - first).days):
            for slot in range(1, prescription.times_per_day + 1):
                make.make_tick(prescription, first + number * DAY, slot=slot)


def test_weeks_are_a_row_with_words(browser: Client, patient: Patient, owner: User, vet: User) -> None:
    monday = make.TODAY - 2 * DAY
    program = make.make_program(patient, vet, starts_on=monday - 28 * DAY)
    tick_all(program, monday - 21 * DAY, monday - 14 * DAY)
    tick_all(program, monday - 7 * DAY, monday - 4 * DAY)
    release(report(patient, owner, "RF03", at=make.NOW - 16 * DAY), vet, make.NOW - 10 * DAY)
    html = page(browser, patient)
    assert "Kept 1 of the last 3 full weeks." in html
    words = re.findall(r"<small>(rest|kept|in part|nothing noted)</small>", html)
    assert words == ["nothing noted", "kept", "rest", "in part"]
    assert '<td>in part</td><td class="num">43 %</td>' in html
    assert '<td>rest</td><td class="num">nothing due</td>' in html


def test_stopped_days_take_nothing_away(browser: Client, patient: Patient, owner: User, vet: User) -> None:
    monday = make.TODAY - 2 * DAY
    program = make.make_program(patient, vet, starts_on=monday - 7 * DAY)
    tick_all(program, monday - 7 * DAY, monday - 5 * DAY)
    assert "Kept 0 of the last 1 full week." in page(browser, patient)
    stopped = report(patient, owner, "RF03", at=make.NOW - 7 * DAY)
    html = page(browser, patient)
    assert "Kept 1 of the last 1 full week." in html
    assert html.count("exercises stopped") == 3
    release(stopped, vet, make.NOW - 6 * DAY)
    assert "Kept 0 of the last 1 full week." in page(browser, patient)


def test_clinic_counts_the_stopped_days_as_the_family_does(
    patient: Patient, program: Program, definition: ProblemDefinition, owner: User, vet: User
) -> None:
    def due() -> tuple[int, int]:
        facts = facts_of([patient.pk], first=make.TODAY - 13 * DAY, until=make.TODAY + DAY)[patient.pk]
        done = known_about(program, definition, today=make.TODAY).series.get("completion", [])
        return sum(day.due for day in facts.days(today=make.TODAY)), len(done)

    assert due() == (26, 40)
    stopped = report(patient, owner, "RF03", at=make.NOW - 3 * DAY)
    assert due() == (20, 34)
    release(stopped, vet, make.NOW - 2 * DAY)
    assert due() == (22, 36)


def test_stop_runs_from_the_check_to_its_release_where_the_dog_lives(patient: Patient, owner: User, vet: User) -> None:
    Patient.objects.filter(pk=patient.pk).update(time_zone="Pacific/Auckland")
    patient.refresh_from_db()
    first, until = make.TODAY - 20 * DAY, make.TODAY + DAY
    # In Auckland it is the next morning already.
    stopped = report(patient, owner, "RF03", at=make.NOW - 9 * DAY)
    assert stopped_days([patient.pk], first, until)[patient.pk] == {make.TODAY - back * DAY for back in range(9)}
    release(stopped, vet, make.NOW - 7 * DAY)
    assert stopped_days([patient.pk], first, until)[patient.pk] == {make.TODAY - back * DAY for back in (6, 7, 8)}
    assert stopped_days([patient.pk], first, make.TODAY - 7 * DAY)[patient.pk] == {make.TODAY - 8 * DAY}
    assert stopped_days([patient.pk], make.TODAY - 6 * DAY, until)[patient.pk] == {make.TODAY - 6 * DAY}
    assert stopped_days([new_id()], first, until) == {}


def test_check_that_stops_nothing_leaves_the_days_due(patient: Patient, owner: User) -> None:
    report(patient, owner)
    assert stopped_days([patient.pk], make.TODAY - 7 * DAY, make.TODAY + DAY) == {}


def test_stopped_days_of_many_dogs_are_one_statement(clinic: Any, vet: User, owner: User) -> None:
    dogs = [make.make_patient(clinic, vet, owner, name=f"Dog {number}") for number in range(3)]
    for number, dog in enumerate(dogs[:2]):
        report(dog, owner, "RF03", at=make.NOW - number * DAY)
    with CaptureQueriesContext(connection) as queries:
        found = stopped_days([dog.pk for dog in dogs], make.TODAY - 7 * DAY, make.TODAY + DAY)
    assert len(queries) == 1
    assert found == {dogs[0].pk: {make.TODAY}, dogs[1].pk: {make.TODAY - DAY, make.TODAY}}


# --- For every eye and ear -------------------------------------------------------------------------------------


def test_every_picture_has_its_words_and_its_numbers(
    browser: Client, patient: Patient, program: Program, vet: User
) -> None:
    for back in range(4):
        make.make_pain(patient, make.TODAY - back * DAY)
        make.observe(patient, "standing_s", 20 + back, vet, make.TODAY - back * DAY)
        make.make_tick(program.prescriptions.earliest("position"), make.TODAY - back * DAY)
    html = page(browser, patient)
    pictures = re.findall(r'<svg class="chart-plot"[^>]*>', html)
    assert len(pictures) == 3
    assert all('role="img" aria-label="' in one and 'aria-label=""' not in one for one in pictures)
    # One of them is that of the activities, which stands open.
    assert html.count("<table") == 5
    assert html.count('<div class="fold-body table-wrap" tabindex="0" role="region" aria-label="') == 3
    assert html.count("<h1") == 1
    assert " style=" not in html
    assert "<script>" not in html


def test_dog_without_a_program_has_an_honest_page(browser: Client, patient: Patient) -> None:
    html = page(browser, patient, "all")
    assert "No pain answers in these days yet. After three answers a line appears here." in html
    assert "Nothing measured in these days yet." in html
    assert "The first full week is still running." in html
