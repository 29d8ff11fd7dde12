"""The demo clinic is made by the product's own actions, once."""

import datetime as dt
import io

import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.demo import PERSONAS
from accounts.models import AuditEvent, Clinic, User
from rehab.demo import create_demo
from rehab.demo.stories import STORIES
from rehab.guidance.models import Alert, AlertStep, PatientSummary, Suggestion
from rehab.library.actions import load_library
from rehab.nudges.effect import Verdict
from rehab.nudges.measured import measured
from rehab.nudges.models import Nudge
from rehab.nudges.past import past_nudges
from rehab.patients.models import Observation, Patient
from rehab.programs.models import Decision, LadderStep, Program, TeachBack
from rehab.sessions.models import (
    Command,
    Exposure,
    MedicineAnswer,
    Message,
    PainAnswer,
    PerformedExercise,
    ResponseAnswer,
    WarningReport,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def said() -> list[str]:
    load_library(at=timezone.now())
    heard: list[str] = []
    assert create_demo(at=timezone.now(), say=heard.append)
    return heard


def test_demo_has_eight_dogs_in_eight_situations(said: list[str]) -> None:
    assert len(said) == len(STORIES) == Patient.objects.count() == 8
    situations = {
        (s.origin, s.mechanism, s.cause, s.phase, s.attention > 0)
        for s in PatientSummary.objects.filter(patient__in=Patient.objects.all())
    }
    assert len(situations) == 8
    assert set(Program.objects.open().values_list("decision_row", flat=True)) == {"D1", "D2", "D3", "D4", "D5", "D7"}
    assert not Program.objects.open().filter(patient__name="Nala").exists()


def test_demo_has_eight_weeks_of_history_that_ends_today(said: list[str]) -> None:
    today = timezone.now().date()
    days = PerformedExercise.objects.dates("day", "day")
    assert (today - min(days)).days in (54, 55, 56)
    assert Command.objects.filter(received_at__gt=timezone.now()).count() == 0
    assert PainAnswer.objects.count() > 500
    assert AuditEvent.objects.filter(kind="definition.signed").count() == sum(
        chapter.answers is not None for story in STORIES for chapter in story.chapters
    )


def test_demo_shows_phases_rungs_measures_and_teach_back(said: list[str]) -> None:
    rocky = Patient.objects.get(name="Rocky")
    program = Program.objects.open().get(patient=rocky)
    assert (program.phase, Decision.objects.filter(program=program, kind="phase").count()) == ("P4", 1)
    assert LadderStep.objects.current().get(patient=rocky).ladder.slug == "car"
    assert Exposure.objects.filter(patient=rocky).count() >= 3
    assert Observation.objects.filter(patient=rocky, metric="straight_sits").count() == 5
    assert TeachBack.objects.filter(kind="shown_back").values("patient").distinct().count() == 5


def test_demo_shows_messages_medicine_answers_and_a_stop(said: list[str]) -> None:
    assert list(
        Message.objects.order_by("patient__name", "written_at").values_list("patient__name", "from_family")
    ) == [
        *(("Bruno", by_family) for by_family in (True, False, False, True, False)),
        ("Luna", True),
        ("Luna", False),
        ("Oscar", True),
    ]
    assert WarningReport.objects.stopping().exclude(recorded_by=None).get().patient.name == "Oscar"
    assert MedicineAnswer.objects.values("patient").distinct().count() >= 3
    assert ResponseAnswer.objects.filter(areas=["lower_back"]).exists()


def test_demo_shows_a_dog_to_progress_one_to_regress_and_one_that_the_rules_stopped(said: list[str]) -> None:
    (luna,) = Suggestion.objects.open().filter(verdict="progress").select_related("patient", "exercise")
    assert (luna.patient.name, luna.exercise.slug) == ("Luna", "leash-walk")
    assert set(Suggestion.objects.open().filter(verdict="regress").values_list("patient__name", flat=True)) == {"Daisy"}
    stopped = WarningReport.objects.stopping().filter(recorded_by=None)
    assert {one.patient.name for one in stopped} == {"Max"}
    codes = {
        one.patient.name: [reason["code"] for reason in one.reasons]
        for one in PatientSummary.objects.exclude(reasons=[])
    }
    assert (codes["Luna"][0], codes["Daisy"][0]) == ("ready_to_progress", "regress_suggested")
    # Nobody has taken over what stopped them, which goes first.
    assert (codes["Max"][:2], codes["Oscar"][:2]) == (
        ["alert_waiting", "restrained"],
        ["alert_waiting", "warning_sign"],
    )


def test_demo_has_alerts_that_wait_and_an_adverse_event(said: list[str]) -> None:
    assert set(Alert.objects.unacknowledged().values_list("patient__name", flat=True)) == {"Max", "Oscar"}
    assert AlertStep.objects.get(kind="adverse_event").patient.name == "Oscar"


def test_demo_people_are_those_of_the_sign_in_page(said: list[str]) -> None:
    emails = set(User.objects.values_list("email", flat=True))
    assert {persona.email for persona in PERSONAS.values()} <= emails
    owner, caregiver = (User.objects.get(email=PERSONAS[key].email) for key in ("owner", "caregiver"))
    assert [p.name for p in Patient.objects.visible_to(owner)] == ["Bruno"]
    assert [p.name for p in Patient.objects.visible_to(caregiver)] == ["Bruno"]


def test_demo_shows_what_became_of_reminders_and_why(said: list[str]) -> None:
    owner = User.objects.get(email=PERSONAS["owner"].email)
    lines, _page = past_nudges(user=owner)
    assert {("sent", ""), ("withheld", ""), ("suppressed", "done")} <= {(line.state, line.reason) for line in lines}
    assert any(line.channel == "push" and line.opened_time for line in lines)
    assert any(line.channel == "email" and line.kind == "week" for line in lines)
    assert not Nudge.objects.filter(finished_at__gt=timezone.now()).exists()
    per_week = [
        Nudge.objects.filter(
            user=owner,
            kind__in=Nudge.PROMPTS,
            state__in=Nudge.MESSAGE_STATES,
            local_day__gt=day - dt.timedelta(days=7),
            local_day__lte=day,
        ).count()
        for day in Nudge.objects.filter(user=owner).dates("local_day", "day")
    ]
    assert max(per_week) == 4


def test_demo_says_honestly_that_too_little_was_measured(said: list[str]) -> None:
    now = timezone.now()
    found = measured(clinic=Clinic.objects.get(), since=now - dt.timedelta(weeks=12), until=now)
    unfinished = found.effects["unfinished_day"]
    assert 100 < unfinished.points < unfinished.needed
    assert unfinished.low is not None
    assert unfinished.high is not None
    assert unfinished.low < unfinished.high
    assert {one.verdict for one in found.effects.values()} == {Verdict.TOO_FEW}
    # What followed was measured, by the product's own action; only yesterday's is not known yet.
    assert found.waiting == Nudge.objects.filter(p_send__isnull=False, followed=None).count() < 20


def test_demo_is_made_once(said: list[str]) -> None:
    commands = Command.objects.count()
    assert not create_demo(at=timezone.now(), say=said.append)
    assert (Command.objects.count(), len(said)) == (commands, 8)


def test_demo_command_refuses_a_real_installation(settings: LazySettings) -> None:
    settings.DEMO = False
    with pytest.raises(CommandError, match="only for STEADYBACK_MODE=embedded with DEMO=1"):
        call_command("demo", stdout=io.StringIO())
    assert not User.objects.exists()
