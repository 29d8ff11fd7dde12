"""A warning sign that stops one exercise: which one, on whose phone, and until when."""

import datetime as dt
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.access import Role
from accounts.models import User
from rehab.guidance.alerting.acknowledging import StopNotReleasedError, clear_alert
from rehab.guidance.alerting.raising import raise_alerts
from rehab.guidance.models import Alert
from rehab.guidance.queries.evidence import evidence_of
from rehab.guidance.queries.facts import facts_of
from rehab.guidance.queries.readings import known_about
from rehab.guidance.releasing import release_stop
from rehab.lib.ids import new_id
from rehab.patients.models import Patient, ProblemDefinition
from rehab.programs.models import Program
from rehab.sessions.commands import Command, ReportFact, parse
from rehab.sessions.models import WarningReport
from rehab.sessions.queries import looking_back
from rehab.sessions.queries.holds import Exercised, Provoked, held_in, held_of, provoked
from rehab.sessions.warning_signs import holds, signs_of_one_exercise
from tests import make
from tests.make import NOW, TODAY
from tests.sessions.reporting import report

AsUser = Callable[[User], Client]
DAY = dt.timedelta(days=1)
WEEK = {"first": TODAY - 6 * DAY, "until": TODAY + DAY}
HEAT = ["X_ACUTE3", "X_WOUND", "X_SKIN"]


@pytest.fixture(autouse=True)
def _at_that_time(now: dt.datetime) -> Iterator[None]:
    with time_machine.travel(now, tick=False):
        yield


@pytest.fixture
def program(patient: Patient, vet: User) -> Program:
    """Heat, massage (which touches the skin), standing, and washing."""
    return make.make_program(
        patient,
        vet,
        starts_on=TODAY - dt.timedelta(days=5),
        exercises=[
            (
                make.make_exercise(
                    "heat-pack", name="Heat pack", category="thermal", mode="passive", load=0, contraindications=HEAT
                ),
                {"minutes": 10},
            ),
            (
                make.make_exercise(
                    "light-massage", name="Massage", category="massage_manual", contraindications=["X_SKIN"]
                ),
                {"minutes": 5},
            ),
            (
                make.make_exercise(
                    "stand-count", name="Standing", category="balance_stabilisation", contraindications=[]
                ),
                {"reps": 5},
            ),
            (
                make.make_exercise(
                    "warm-wash", name="Washing", category="nursing_care", load=0, contraindications=["X_SKIN"]
                ),
                {},
            ),
        ],
    )


def text_of(response: Any) -> str:
    # What only a phone shows stands in templates.
    shown = re.sub(r"(?s)<template.*?</template>", " ", response.content.decode())
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", shown))


def left_of(client: Client, patient: Patient, day: str = "today/") -> int:
    """How many times of the day are still to be done."""
    address = f"{reverse('sessions:check', args=[patient.pk]).removesuffix('check/')}{day}"
    left: int = client.get(address).context["summary"].total
    return left


def today_of(client: Client, patient: Patient, day: str = "today/") -> str:
    return text_of(client.get(f"{reverse('sessions:check', args=[patient.pk]).removesuffix('check/')}{day}"))


# --- Which one ---------------------------------------------------------------------------------------------------------


def test_signs_of_one_exercise_are_those_of_the_content() -> None:
    assert signs_of_one_exercise() == {"RF18", "RF19", "RF25"}


@pytest.mark.parametrize(
    ("flag", "named", "slug", "category", "contra", "is_held"),
    [
        ("RF25", "", "heat-pack", "thermal", HEAT, True),
        ("RF25", "", "cold-pack", "thermal", [], True),
        ("RF25", "", "light-massage", "massage_manual", ["X_SKIN"], False),
        ("RF25", "light-massage", "light-massage", "massage_manual", ["X_SKIN"], True),
        ("RF25", "light-massage", "heat-pack", "thermal", HEAT, False),
        ("RF18", "", "light-massage", "massage_manual", ["X_SKIN"], True),
        ("RF18", "", "heat-pack", "thermal", HEAT, True),
        ("RF18", "", "stand-count", "balance_stabilisation", [], False),
        ("RF18", "stand-count", "stand-count", "balance_stabilisation", [], True),
        ("RF19", "", "sensory-brush", "neuro_stimulation", ["X_SKIN", "X_BITE"], True),
        ("RF19", "", "leash-walk", "gait_endurance", ["X_PAIN"], False),
        # Care stays whatever was seen, also where somebody names it.
        ("RF18", "", "warm-wash", "nursing_care", ["X_SKIN"], False),
        ("RF18", "warm-wash", "warm-wash", "nursing_care", ["X_SKIN"], False),
        ("RF18", "nonslip-floors", "nonslip-floors", "home_safety", [], False),
    ],
)
def test_which_exercise_a_sign_stops(
    flag: str, named: str, slug: str, category: str, contra: list[str], is_held: bool
) -> None:
    assert holds(flag, slug=slug, category=category, contraindications=contra, named=named) is is_held


def test_reports_together_stop_what_each_of_them_stops() -> None:
    plan = [Exercised("heat-pack", "thermal", []), Exercised("stand-count", "balance_stabilisation", [])]
    later = Provoked(("RF18",), "stand-count", TODAY, NOW)
    first = Provoked(("RF25", "RF19"), "", TODAY - dt.timedelta(days=2), NOW - dt.timedelta(days=2))
    held = held_of([later, first], plan)
    assert held is not None
    assert held.by_slug == {"heat-pack": ("RF25",), "stand-count": ("RF18",)}
    assert (held.since, held.received_at) == (TODAY - dt.timedelta(days=2), NOW)
    assert (held.flags, held.untold) == (("RF25", "RF19", "RF18"), ("RF19",))
    assert held_of([], plan) is None
    # Named, and no longer in the plan: it was told, and nothing is left to stop.
    gone = held_of([Provoked(("RF18",), "walk", TODAY, NOW)], plan)
    assert gone is not None
    assert (gone.by_slug, gone.untold) == ({}, ())


def test_other_signs_stop_no_single_exercise() -> None:
    assert provoked(["RF06", "RF29"], {"exercise": "heat-pack"}, TODAY, NOW) is None
    assert provoked(["RF06", "RF25"], {}, TODAY, NOW) == Provoked(("RF25",), "", TODAY, NOW)


# --- What a phone says -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "kept"), [("heat-pack", "heat-pack"), (None, ""), (7, ""), ("<b>", ""), ("x" * 65, ""), (["a"], "")]
)
def test_report_is_never_refused_for_the_exercise_it_names(patient: Patient, said: object, kept: str) -> None:
    raw = {
        "id": str(new_id()),
        "kind": "report",
        "patient": str(patient.pk),
        "payload": {"answers": {}, "flags": ["RF25"], "exercise": said},
        "day": TODAY.isoformat(),
        "done_at": NOW.isoformat(),
        "time_zone": patient.time_zone,
    }
    found = parse(raw)
    assert isinstance(found, Command)
    assert isinstance(found.fact, ReportFact)
    assert found.fact.exercise == kept


def test_form_keeps_the_named_exercise(as_user: AsUser, program: Program, owner: User) -> None:
    url = reverse("sessions:command", args=[program.patient_id])
    sent = {"kind": "report", "id": str(new_id()), "day": TODAY.isoformat(), "flags_asked": "yes", "flags": "RF18"}
    assert as_user(owner).post(url, {**sent, "exercise": "stand-count"}).status_code == 303
    kept = WarningReport.objects.get()
    assert (kept.stop, kept.numbers) == ("named_exercise", {"exercise": "stand-count"})
    assert held_in([program.patient_id])[program.patient_id].slugs == {"stand-count"}


@pytest.mark.parametrize("named", ["hill-walk", "warm-wash"])
def test_what_the_dog_does_not_do_is_not_what_brought_it_on(
    as_user: AsUser, program: Program, owner: User, named: str
) -> None:
    """Neither an exercise of another dog nor care: then the signs themselves say what stops."""
    url = reverse("sessions:command", args=[program.patient_id])
    sent = {"kind": "report", "id": str(new_id()), "day": TODAY.isoformat(), "flags_asked": "yes", "flags": "RF25"}
    assert as_user(owner).post(url, {**sent, "exercise": named}).status_code == 303
    assert WarningReport.objects.get().numbers == {}
    assert held_in([program.patient_id])[program.patient_id].slugs == {"heat-pack"}


# --- Every phone -------------------------------------------------------------------------------------------------------


def test_red_skin_after_heat_stops_the_heat_on_every_phone_at_once(
    as_user: AsUser, program: Program, owner: User, caregiver: User
) -> None:
    patient = program.patient
    before = today_of(as_user(caregiver), patient)
    assert "Stopped until the clinic has looked" not in before
    report(patient, owner, "RF25")
    read = today_of(as_user(caregiver), patient)
    assert "Stopped until the clinic has looked Heat pack Red skin after heat or cold" in read
    assert "The other exercises go on. Only a vet lets this one go on." in read
    assert left_of(as_user(caregiver), patient) == 3
    answer = as_user(caregiver).get(reverse("sessions:today", args=[patient.pk]))
    assert "tel:" in answer.content.decode()
    heat = program.prescriptions.get(exercise__slug="heat-pack")
    page = reverse("sessions:exercise", args=[patient.pk, heat.pk])
    assert "Not now" in text_of(as_user(owner).get(page))
    stand = program.prescriptions.get(exercise__slug="stand-count")
    assert "Not now" not in text_of(as_user(owner).get(reverse("sessions:exercise", args=[patient.pk, stand.pk])))


def test_page_left_open_is_to_be_loaded_anew(as_user: AsUser, program: Program, owner: User, caregiver: User) -> None:
    browser, patient = as_user(caregiver), program.patient
    page = browser.get(reverse("sessions:today", args=[patient.pk]))
    report(patient, owner, "RF25")
    parts = browser.get(page.context["parts_url"], {"since": page.context["mark"]})
    assert (parts.status_code, parts.headers["Steadyback-Reload"]) == (204, "true")


def test_what_was_done_before_stays_and_nothing_is_left_of_it(as_user: AsUser, program: Program, owner: User) -> None:
    heat = program.prescriptions.get(exercise__slug="heat-pack")
    make.make_tick(heat, TODAY)
    report(program.patient, owner, "RF25")
    answer = as_user(owner).get(reverse("sessions:today", args=[program.patient_id]))
    assert [one["name"] for one in answer.context["held"]["items"]] == ["Heat pack"]
    assert answer.context["summary"].total == 3
    assert f'id="item-{heat.pk}"' in str(answer.context["extras"])


def test_day_before_the_sign_is_told_as_any_other(as_user: AsUser, program: Program, owner: User) -> None:
    report(program.patient, owner, "RF25")
    yesterday = (TODAY - dt.timedelta(days=1)).isoformat()
    read = today_of(as_user(owner), program.patient, f"day/{yesterday}/")
    assert "Stopped until the clinic has looked" not in read
    assert left_of(as_user(owner), program.patient, f"day/{yesterday}/") == 4


def test_nothing_that_fits_is_said_honestly(as_user: AsUser, patient: Patient, vet: User, owner: User) -> None:
    make.make_program(
        patient,
        vet,
        starts_on=TODAY,
        exercises=[(make.make_exercise("stand-count", name="Standing", contraindications=[]), {"reps": 5})],
    )
    report(patient, owner, "RF18")
    read = today_of(as_user(owner), patient)
    assert "A warning sign waits for the clinic Pressure sore" in read
    assert "Nobody has said which exercise brought it on, so Steadyback cannot stop it." in read
    assert left_of(as_user(owner), patient) == 1


def test_plan_of_nothing_else_is_no_rest_day(as_user: AsUser, patient: Patient, vet: User, owner: User) -> None:
    heat = make.make_exercise("heat-pack", name="Heat pack", category="thermal", load=0)
    make.make_program(patient, vet, starts_on=TODAY, exercises=[(heat, {"minutes": 10})])
    report(patient, owner, "RF25")
    read = today_of(as_user(owner), patient)
    assert "A rest day" not in read
    assert "Nothing else is due today." in read


def test_heat_stays_stopped_where_another_sign_lets_passive_care_go_on(
    as_user: AsUser, program: Program, owner: User
) -> None:
    report(program.patient, owner, "RF25", "RF24")
    answer = as_user(owner).get(reverse("sessions:today", args=[program.patient_id]))
    assert 'data-state="stopped"' in answer.content.decode()
    assert [one["name"] for one in answer.context["held"]["items"]] == ["Heat pack"]
    heat = program.prescriptions.get(exercise__slug="heat-pack")
    assert f'id="item-{heat.pk}"' not in str(answer.context["items"])


# --- Until when --------------------------------------------------------------------------------------------------------


def test_only_the_release_of_a_vet_ends_it(
    as_user: AsUser, program: Program, owner: User, vet: User, therapist: User
) -> None:
    patient = program.patient
    said = report(patient, owner, "RF25")
    raise_alerts(at=NOW)
    alert = Alert.objects.get(pk=said.pk)
    for by, role in ((therapist, Role.THERAPIST), (vet, Role.VET)):
        with pytest.raises(Exception) as refusal:  # noqa: PT011 - of one of these two kinds
            clear_alert(alert=alert, by=by, roles=frozenset({role}), reason="Looked", at=NOW)
        assert role == Role.THERAPIST or refusal.type is StopNotReleasedError
    release_stop(patient=patient, seen=[said.pk], by=vet, roles=frozenset({Role.VET}), reason="Skin is fine", at=NOW)
    assert held_in([patient.pk]) == {}
    assert left_of(as_user(owner), patient) == 4
    alert.refresh_from_db()
    assert alert.cleared_at == NOW


def test_clinic_reads_what_is_stopped_and_what_the_family_said(
    as_user: AsUser, program: Program, owner: User, vet: User
) -> None:
    report(program.patient, owner, "RF18")
    read = text_of(as_user(vet).get(reverse("guidance:patient", args=[program.patient_id])))
    assert "A warning sign of one exercise waits for a vet" in read
    assert "The family could not tell which exercise it came with." in read
    WarningReport.objects.update(numbers={"exercise": "stand-count"})
    read = text_of(as_user(vet).get(reverse("guidance:release", args=[program.patient_id])))
    assert "The family says that it came with: Standing." in read


def test_check_asks_for_the_exercise_and_offers_no_care(as_user: AsUser, program: Program, owner: User) -> None:
    body = as_user(owner).get(reverse("sessions:check", args=[program.patient_id])).content.decode()
    offered = re.findall(r'<option value="([^"]*)"(?: data-item="[^"]*" data-signs="([^"]*)")?>', body)
    # Each with the signs that stop it on a phone without a network, where nobody says which it was.
    assert offered == [
        ("", ""),
        ("heat-pack", "RF18 RF19 RF25"),
        ("light-massage", "RF18 RF19"),
        ("stand-count", ""),
    ]


def test_exercise_page_tells_the_check_which_it_was(as_user: AsUser, patient: Patient, vet: User, owner: User) -> None:
    shown = make.make_exercise("stand-count", stop_signs=["S_SHAKE"])
    stand = make.make_program(patient, vet, exercises=[(shown, {"reps": 5})]).prescriptions.get()
    body = as_user(owner).get(reverse("sessions:exercise", args=[patient.pk, stand.pk])).content.decode()
    assert "/check/#exercise=stand-count" in body


# --- What was not due --------------------------------------------------------------------------------------------------


def release(said: WarningReport, vet: User, at: dt.datetime) -> None:
    roles = frozenset({Role.VET})
    release_stop(patient=said.patient, seen=[said.pk], by=vet, roles=roles, reason="Skin is fine", at=at)


def key_of(program: Program, slug: str) -> Any:
    return program.prescriptions.get(exercise__slug=slug).exercise_id


def test_held_exercise_was_not_due_from_the_sign_to_its_release(program: Program, owner: User, vet: User) -> None:
    said, heat = report(program.patient, owner, "RF25", at=NOW - 3 * DAY), key_of(program, "heat-pack")
    found = looking_back.stopped_days([program.patient_id], **WEEK)
    assert found == {program.patient_id: {(heat, TODAY - back * DAY) for back in range(4)}}
    release(said, vet, NOW - 2 * DAY)
    found = looking_back.stopped_days([program.patient_id], **WEEK)
    assert found == {program.patient_id: {(heat, TODAY - 3 * DAY), (heat, TODAY - 2 * DAY)}}
    assert looking_back.stopped_days([program.patient_id], TODAY, TODAY + DAY) == {}


def test_exercise_that_is_named_or_may_have_brought_it_on_was_not_due(program: Program, owner: User) -> None:
    said = report(program.patient, owner, "RF18")
    both = {(key_of(program, slug), TODAY) for slug in ("heat-pack", "light-massage")}
    assert looking_back.stopped_days([program.patient_id], **WEEK)[program.patient_id] == both
    WarningReport.objects.filter(pk=said.pk).update(numbers={"exercise": "stand-count"})
    stand = {(key_of(program, "stand-count"), TODAY)}
    assert looking_back.stopped_days([program.patient_id], **WEEK)[program.patient_id] == stand
    WarningReport.objects.filter(pk=said.pk).update(numbers={"exercise": "warm-wash"})
    assert looking_back.stopped_days([program.patient_id], **WEEK) == {}


def test_family_and_clinic_leave_it_out_of_what_was_due(program: Program, owner: User) -> None:
    patient = program.patient
    definition = ProblemDefinition.objects.get(patient=patient)

    def due() -> tuple[int, int, int, int]:
        days = looking_back.history(patient.pk, **WEEK).by_day(**WEEK, today=TODAY)
        facts = facts_of([patient.pk], **WEEK)[patient.pk]
        series = known_about(program, definition, today=TODAY).series.get("completion", [])
        so_far = facts.so_far(today=TODAY).due
        return (
            sum(one.prescribed for one in days.values()),
            sum(one.due for one in facts.days(today=TODAY)),
            so_far,
            len(series),
        )

    before = due()
    report(patient, owner, "RF25", at=NOW - 3 * DAY)
    # The day of the sign, two more, and today, which is not over.
    assert due() == (before[0] - 4, before[1] - 3, before[2] - 1, before[3] - 3)


def test_days_without_it_are_no_silence_and_no_break(patient: Patient, owner: User, vet: User) -> None:
    """Of a plan of nothing else nothing is due; and rule G7 lowers nobody who did as the sign said."""
    heat = make.make_exercise(
        "heat-pack",
        category="thermal",
        contraindications=HEAT,
        dose={"minutes": 10, "per_day": 1},
        dose_range={"minutes": [2, 30], "per_day": [1, 3]},
    )
    program = make.make_program(
        patient, vet, starts_on=TODAY - 20 * DAY, exercises=[(heat, {"minutes": 10, "per_day": 1, "days_per_week": 7})]
    )
    make.make_tick(program.prescriptions.get(), TODAY - 10 * DAY)

    def missed() -> tuple[int, float | None, int]:
        dog = evidence_of([patient], at=NOW, thresholds={})[patient.pk]
        facts = facts_of([patient.pk], first=TODAY - 13 * DAY, until=TODAY + DAY)[patient.pk]
        (item,) = dog.items
        return item.missed_days, item.completion, sum(one.due for one in facts.days(today=TODAY))

    assert missed() == (9, 0.0, 13)
    said = report(patient, owner, "RF25", at=NOW - 9 * DAY)
    assert missed() == (0, None, 4)
    release(said, vet, NOW)
    assert missed() == (0, None, 4)


def test_reading_what_was_not_due_takes_the_same_statements_for_any_number_of_dogs(
    program: Program, owner: User, vet: User
) -> None:
    patient = program.patient
    others = [make.make_patient(patient.clinic, vet, owner=owner, name=f"Dog {number}") for number in range(2)]

    def statements() -> int:
        with CaptureQueriesContext(connection) as queries:
            looking_back.stopped_days([patient.pk, *(other.pk for other in others)], **WEEK)
        return len(queries)

    assert statements() == 1
    report(patient, owner, "RF25")
    assert statements() == 2
    for other in others:
        make.make_program(other, vet, exercises=[("heat-pack", {"minutes": 10})])
        report(other, owner, "RF18")
    assert statements() == 2
